#include "hash/shake.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"

#include <openssl/evp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void fill(uint8_t *p, size_t len_bytes, size_t salt) {
    for (size_t i = 0; i < len_bytes; i++)
        p[i] = (uint8_t)(i * 131 + (i >> 8) * 17 + salt * 29 + 7);
}

static void init(struct hats_shake *x, unsigned rate) {
    if (rate == HATS_SHAKE128_RATE)
        hats_shake128_init(x);
    else
        hats_shake256_init(x);
}

static void libcrypto_shake(unsigned rate, uint8_t *out, size_t out_len, const uint8_t *in,
                            size_t len) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const EVP_MD *md = rate == HATS_SHAKE128_RATE ? EVP_shake128() : EVP_shake256();
    assert_non_null(ctx);
    assert_int_equal(EVP_DigestInit_ex(ctx, md, NULL), 1);
    assert_int_equal(EVP_DigestUpdate(ctx, in, len), 1);
    assert_int_equal(EVP_DigestFinalXOF(ctx, out, out_len), 1);
    EVP_MD_CTX_free(ctx);
}

static const unsigned rates[2] = {HATS_SHAKE128_RATE, HATS_SHAKE256_RATE};

static void gives_the_published_output(void **state) {
    (void)state;
    /* NIST CSRC, SHAKE128_Msg0.pdf, SHAKE256_Msg0.pdf, and CAVP SHAKE256ShortMsg.rsp, Len = 0 */
    uint8_t out[32];
    char text[65];
    struct hats_shake x;
    hats_shake128_init(&x);
    hats_shake_squeeze(&x, out, 32);
    hats_hex_encode(text, out, 32);
    assert_string_equal(text, "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26");
    hats_shake256(out, 32, "", 0);
    hats_hex_encode(text, out, 32);
    assert_string_equal(text, "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f");
    hats_shake_wipe(&x);
}

static void agrees_with_libcrypto_on_every_length_to_600(void **state) {
    (void)state;
    static uint8_t data[600];
    fill(data, sizeof data, 0);
    for (size_t r = 0; r < 2; r++)
        for (size_t len = 0; len <= sizeof data; len++) {
            uint8_t ours[400], theirs[400];
            struct hats_shake x;
            init(&x, rates[r]);
            hats_shake_absorb(&x, data, len);
            hats_shake_squeeze(&x, ours, sizeof ours);
            libcrypto_shake(rates[r], theirs, sizeof theirs, data, len);
            assert_memory_equal(ours, theirs, sizeof ours);
        }
}

static void input_and_output_may_come_in_any_pieces(void **state) {
    (void)state;
    uint8_t data[400], whole[500], pieces[500];
    fill(data, sizeof data, 1);
    hats_shake256(whole, sizeof whole, data, sizeof data);
    for (size_t step = 1; step < 150; step += 3) {
        struct hats_shake x;
        hats_shake256_init(&x);
        for (size_t at = 0; at < sizeof data; at += step)
            hats_shake_absorb(&x, data + at, step < sizeof data - at ? step : sizeof data - at);
        for (size_t at = 0; at < sizeof pieces; at += step)
            hats_shake_squeeze(&x, pieces + at,
                               step < sizeof pieces - at ? step : sizeof pieces - at);
        assert_memory_equal(whole, pieces, sizeof whole);
    }
}

/* Eight lanes by the public functions against one lane, at lengths around block borders. */
static void eight_lanes_are_eight_single_lanes(void **state) {
    (void)state;
    static uint8_t data[8][420];
    static uint64_t words[8][3 * HATS_SHAKE128_RATE / 8];
    const uint8_t *in[8];
    uint64_t *out[8];
    for (size_t l = 0; l < 8; l++) {
        fill(data[l], sizeof data[l], l + 3);
        in[l] = data[l];
        out[l] = words[l];
    }
    for (size_t r = 0; r < 2; r++)
        for (size_t len = 0; len <= sizeof data[0]; len++) {
            struct hats_shake_x8 x8;
            hats_shake_x8_absorb(&x8, rates[r], in, len);
            hats_shake_x8_squeeze(&x8, out, 1);
            for (size_t l = 0; l < 8; l++)
                out[l] += rates[r] / 8;
            hats_shake_x8_squeeze(&x8, out, 2);
            hats_shake_x8_wipe(&x8);
            for (size_t l = 0; l < 8; l++) {
                struct hats_shake x;
                uint8_t bytes[3 * HATS_SHAKE128_RATE];
                out[l] = words[l];
                init(&x, rates[r]);
                hats_shake_absorb(&x, data[l], len);
                hats_shake_squeeze(&x, bytes, 3 * rates[r]);
                for (size_t w = 0; w < 3 * rates[r] / 8; w++)
                    assert_true(words[l][w] == hats_load_le64(bytes + 8 * w));
            }
        }
}

static void every_backend_permutes_alike(void **state) {
    (void)state;
    static _Alignas(64) uint64_t x[25][HATS_SHAKE_LANES], y[25][HATS_SHAKE_LANES];
    const struct hats_hash_kernels *reference = hats_hash_kernels_of(HATS_PORTABLE);
    for (int b = 0; b < HATS_BACKEND_COUNT; b++) {
        const struct hats_hash_kernels *k = hats_hash_kernels_of((enum hats_backend)b);
        if (k == NULL)
            continue;
        fill((uint8_t *)x, sizeof x, (size_t)b);
        memcpy(y, x, sizeof x);
        for (int i = 0; i < 20; i++) {
            reference->keccak_x8(x);
            k->keccak_x8(y);
            assert_memory_equal(x, y, sizeof x);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_output),
        cmocka_unit_test(agrees_with_libcrypto_on_every_length_to_600),
        cmocka_unit_test(input_and_output_may_come_in_any_pieces),
        cmocka_unit_test(eight_lanes_are_eight_single_lanes),
        cmocka_unit_test(every_backend_permutes_alike),
    };
    return cmocka_run_group_tests_name("shake", tests, NULL, NULL);
}
