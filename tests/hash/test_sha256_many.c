#include "hash/sha256_many.h"

#include "hash/shake.h"

#include <openssl/sha.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_LEN = 300, MAX_MESSAGES = 40 };

static uint8_t data[MAX_MESSAGES * (MAX_LEN + 7) + 64];

static int fill(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)((i * 2654435761u) >> 13);
    return 0;
}

/* Every kernel table that this machine can run, with and without the SHA instructions; NULL: none here. */
enum { N_TABLES = 2 * HATS_BACKEND_COUNT };
static const struct hats_hash_kernels *table(int i) {
    enum hats_backend b = (enum hats_backend)(i / 2);
    return i % 2 == 0 ? hats_hash_kernels_of(b) : hats_hash_kernels_without_sha_ni(b);
}

static void assert_digest_of(const uint8_t digest[HATS_SHA256_LEN], const void *message,
                             size_t len_bytes) {
    uint8_t theirs[HATS_SHA256_LEN];
    SHA256(message, len_bytes, theirs);
    assert_memory_equal(digest, theirs, sizeof theirs);
}

static void agrees_with_libcrypto_on_every_length_and_count(void **state) {
    (void)state;
    static uint8_t theirs[MAX_MESSAGES][HATS_SHA256_LEN], ours[MAX_MESSAGES + 1][HATS_SHA256_LEN];
    static const uint8_t untouched[HATS_SHA256_LEN] = {0};
    for (size_t len = 0; len <= MAX_LEN; len++) {
        const struct hats_sha256_part part = {data, len + 7, len};
        for (size_t i = 0; i < MAX_MESSAGES; i++)
            SHA256(data + i * (len + 7), len, theirs[i]);
        for (int t = 0; t < N_TABLES; t++)
            for (size_t n = 0; table(t) != NULL && n <= MAX_MESSAGES; n++) {
                memset(ours, 0, sizeof ours);
                hats_sha256_many_with(table(t), ours[0], &part, 1, n);
                assert_memory_equal(ours, theirs, n * HATS_SHA256_LEN);
                assert_memory_equal(ours[n], untouched, sizeof untouched);
            }
    }
}

static void messages_padded_in_place_agree_too(void **state) {
    (void)state;
    static uint8_t messages[MAX_MESSAGES * HATS_SHA256_PADDED(MAX_LEN)];
    static uint8_t ours[MAX_MESSAGES + 1][HATS_SHA256_LEN];
    static const uint8_t untouched[HATS_SHA256_LEN] = {0};
    for (size_t len = 0; len <= MAX_LEN; len += len < 130 ? 1 : 41) {
        size_t padded = HATS_SHA256_PADDED(len);
        for (size_t i = 0; i < MAX_MESSAGES; i++) {
            memcpy(messages + i * padded, data + i * (len + 7), len);
            hats_sha256_pad(messages + i * padded, len);
        }
        for (int t = 0; t < N_TABLES; t++)
            for (size_t n = 0; table(t) != NULL && n <= MAX_MESSAGES; n++) {
                memset(ours, 0, sizeof ours);
                table(t)->sha256_whole(ours[0], messages, padded / 64, n);
                for (size_t i = 0; i < n; i++)
                    assert_digest_of(ours[i], data + i * (len + 7), len);
                assert_memory_equal(ours[n], untouched, sizeof untouched);
            }
    }
}

static void long_messages_agree_too(void **state) {
    (void)state;
    static const size_t lengths[] = {511, 512, 4095, 4096, 10007};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t ours[3][HATS_SHA256_LEN];
        const struct hats_sha256_part part = {data, 61, lengths[i]};
        hats_sha256_many(ours[0], &part, 1, 3);
        for (size_t m = 0; m < 3; m++)
            assert_digest_of(ours[m], data + 61 * m, lengths[i]);
    }
}

static void parts_are_laid_end_to_end(void **state) {
    (void)state;
    enum { N = 19 };
    static const size_t lengths[] = {0, 1, 16, 17, 63, 64, 65, 128, 233, 256, 257};
    enum { N_LENGTHS = sizeof lengths / sizeof lengths[0] };
    uint8_t ours[N][HATS_SHA256_LEN], whole[3 * 257];
    for (size_t i = 0; i < N_LENGTHS * N_LENGTHS * N_LENGTHS; i++) {
        const struct hats_sha256_part parts[3] = {
            {data, 0, lengths[i % N_LENGTHS]}, /* the same bytes in every message */
            {data + 5, 300, lengths[i / N_LENGTHS % N_LENGTHS]},
            {data + 9, 11, lengths[i / N_LENGTHS / N_LENGTHS]},
        };
        hats_sha256_many(ours[0], parts, 3, N);
        for (size_t m = 0; m < N; m++) {
            size_t len = 0;
            for (int p = 0; p < 3; p++) {
                memcpy(whole + len, parts[p].data + m * parts[p].stride_bytes, parts[p].len_bytes);
                len += parts[p].len_bytes;
            }
            assert_digest_of(ours[m], whole, len);
        }
    }
}

static void no_parts_make_empty_messages(void **state) {
    (void)state;
    uint8_t ours[2][HATS_SHA256_LEN];
    const struct hats_sha256_part empty = {NULL, 0, 0};
    hats_sha256_many(ours[0], NULL, 0, 1);
    hats_sha256_many(ours[1], &empty, 1, 1);
    assert_digest_of(ours[0], "", 0);
    assert_digest_of(ours[1], "", 0);
}

/* From any state, not only the initial one, and without reading past a lane's blocks. */
static void every_kernel_advances_each_lane_like_one_message(void **state) {
    (void)state;
    for (int t = 0; t < N_TABLES; t++)
        for (size_t n = 1; table(t) != NULL && n <= HATS_SHA256_LANES; n++)
            for (size_t n_blocks = 0; n_blocks <= 3; n_blocks++) {
                uint32_t h[8][HATS_SHA256_LANES], expected[HATS_SHA256_LANES][8];
                const uint8_t *blocks[HATS_SHA256_LANES] = {NULL};
                for (size_t l = 0; l < n; l++) {
                    blocks[l] = data + 201 * ((l * 7 + n) % 16) + l; /* no order in the lanes */
                    for (size_t i = 0; i < 8; i++)
                        expected[l][i] = h[i][l] = (uint32_t)(0x9e3779b9u * (8 * l + i + n));
                    hats_hash_kernels_of(HATS_PORTABLE)
                        ->sha256_blocks(expected[l], blocks[l], n_blocks);
                }
                table(t)->sha256_lanes(h, blocks, n_blocks, n);
                for (size_t l = 0; l < n; l++)
                    for (size_t i = 0; i < 8; i++)
                        assert_int_equal(h[i][l], expected[l][i]);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_libcrypto_on_every_length_and_count),
        cmocka_unit_test(messages_padded_in_place_agree_too),
        cmocka_unit_test(long_messages_agree_too),
        cmocka_unit_test(parts_are_laid_end_to_end),
        cmocka_unit_test(no_parts_make_empty_messages),
        cmocka_unit_test(every_kernel_advances_each_lane_like_one_message),
    };
    return cmocka_run_group_tests_name("sha256_many", tests, fill, NULL);
}
