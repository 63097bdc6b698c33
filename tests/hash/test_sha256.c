#include "hash/sha256.h"

#include "base/arena.h"
#include "base/text.h"
#include "hash/shake.h"

#include <openssl/sha.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Bytes from a formula, so that a failure can be repeated from its length alone. */
static void fill(uint8_t *p, size_t len_bytes) {
    for (size_t i = 0; i < len_bytes; i++)
        p[i] = (uint8_t)(i * 131 + (i >> 8) * 17 + 7);
}

static void assert_digest(const uint8_t digest[HATS_SHA256_LEN], const char *hex) {
    char text[2 * HATS_SHA256_LEN + 1];
    hats_hex_encode(text, digest, HATS_SHA256_LEN);
    assert_string_equal(text, hex);
}

static void gives_the_published_digests(void **state) {
    (void)state;
    /* [FIPS180-4] examples: NIST CSRC, SHA256.pdf and SHA2_Additional.pdf */
    uint8_t d[HATS_SHA256_LEN];
    hats_sha256(d, "abc", 3);
    assert_digest(d, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hats_sha256(d, "", 0);
    assert_digest(d, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    hats_sha256(d, two_blocks, strlen(two_blocks));
    assert_digest(d, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    uint8_t *zeros = hats_alloc(1000000);
    assert_non_null(zeros);
    hats_sha256(d, zeros, 1000000);
    assert_digest(d, "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025");
    memset(zeros, 'a', 1000000);
    hats_sha256(d, zeros, 1000000);
    assert_digest(d, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    hats_free(zeros);
}

static void agrees_with_libcrypto_on_every_length_to_600(void **state) {
    (void)state;
    static uint8_t data[600];
    fill(data, sizeof data);
    for (size_t len = 0; len <= sizeof data; len++) {
        uint8_t ours[HATS_SHA256_LEN], theirs[HATS_SHA256_LEN];
        hats_sha256(ours, data, len);
        SHA256(data, len, theirs);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

static void agrees_with_libcrypto_on_long_messages(void **state) {
    (void)state;
    static const size_t lengths[] = {4095, 65536, 100001, 1048571};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t ours[HATS_SHA256_LEN], theirs[HATS_SHA256_LEN];
        uint8_t *data = hats_alloc(lengths[i]);
        assert_non_null(data);
        fill(data, lengths[i]);
        hats_sha256(ours, data, lengths[i]);
        SHA256(data, lengths[i], theirs);
        assert_memory_equal(ours, theirs, sizeof ours);
        hats_free(data);
    }
}

static void a_message_may_come_in_any_pieces(void **state) {
    (void)state;
    uint8_t data[300], whole[HATS_SHA256_LEN], pieces[HATS_SHA256_LEN];
    fill(data, sizeof data);
    hats_sha256(whole, data, sizeof data);
    for (size_t first = 0; first <= 130; first++)
        for (size_t second = 0; second <= 130; second += 13) {
            struct hats_sha256 c;
            hats_sha256_init(&c);
            hats_sha256_update(&c, data, first);
            hats_sha256_update(&c, data + first, second);
            hats_sha256_update(&c, data + first + second, sizeof data - first - second);
            hats_sha256_final(&c, pieces);
            assert_memory_equal(whole, pieces, sizeof whole);
        }
}

static void a_tag_is_sixteen_bytes_before_the_data(void **state) {
    (void)state;
    uint8_t spelled[16 + 5] = "HATS receipt\0\0\0\0hello";
    uint8_t a[HATS_SHA256_LEN], b[HATS_SHA256_LEN];
    hats_sha256_tagged(a, "HATS receipt", "hello", 5);
    hats_sha256(b, spelled, sizeof spelled);
    assert_memory_equal(a, b, sizeof a);
    hats_sha256_tagged(b, "HATS receipts", "hello", 5);
    assert_memory_not_equal(a, b, sizeof a);
    hats_sha256_tagged(a, "sixteen bytes ok", "", 0);
    hats_sha256(b, "sixteen bytes ok", 16);
    assert_memory_equal(a, b, sizeof a);
}

static void every_backend_compresses_alike(void **state) {
    (void)state;
    static uint8_t blocks[64 * 9];
    fill(blocks, sizeof blocks);
    const struct hats_hash_kernels *reference = hats_hash_kernels_of(HATS_PORTABLE);
    for (int b = 0; b < HATS_BACKEND_COUNT; b++) {
        const struct hats_hash_kernels *k = hats_hash_kernels_of((enum hats_backend)b);
        if (k == NULL)
            continue;
        for (size_t n = 0; n <= 9; n++) {
            uint32_t x[8], y[8];
            for (uint32_t i = 0; i < 8; i++)
                x[i] = y[i] = 0x9e3779b9u * (i + 1) + (uint32_t)n;
            reference->sha256_blocks(x, blocks, n);
            k->sha256_blocks(y, blocks, n);
            assert_memory_equal(x, y, sizeof x);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_digests),
        cmocka_unit_test(agrees_with_libcrypto_on_every_length_to_600),
        cmocka_unit_test(agrees_with_libcrypto_on_long_messages),
        cmocka_unit_test(a_message_may_come_in_any_pieces),
        cmocka_unit_test(a_tag_is_sixteen_bytes_before_the_data),
        cmocka_unit_test(every_backend_compresses_alike),
    };
    return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
