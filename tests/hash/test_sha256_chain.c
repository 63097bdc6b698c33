#include "hash/sha256_chain.h"

#include "base/bytes.h"

#include <openssl/sha.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_CHAINS = 300 };

static struct hats_sha256_chain chains[MAX_CHAINS + 1], expected[MAX_CHAINS + 1];

/* Every kernel table that this machine can run, with and without the SHA instructions; NULL: none here. */
enum { N_TABLES = 2 * HATS_BACKEND_COUNT };
static const struct hats_hash_kernels *table(int i) {
    enum hats_backend b = (enum hats_backend)(i / 2);
    return i % 2 == 0 ? hats_hash_kernels_of(b) : hats_hash_kernels_without_sha_ni(b);
}

/* The definition, on libcrypto. */
static void walk(struct hats_sha256_chain *c) {
    for (; c->n_steps > 0; c->n_steps--) {
        uint8_t message[48], digest[32];
        memcpy(message, c->head, 32);
        memcpy(message + 32, c->value, 16);
        SHA256(message, sizeof message, digest);
        memcpy(c->value, digest, 16);
        hats_store_be32(c->head + 16, hats_load_be32(c->head + 16) + 1);
    }
}

static void fill(size_t n, uint32_t (*steps)(size_t i)) {
    uint8_t *p = (uint8_t *)chains;
    for (size_t i = 0; i < sizeof chains; i++)
        p[i] = (uint8_t)((i * 2654435761u) >> 13);
    for (size_t i = 0; i < MAX_CHAINS + 1; i++)
        chains[i].n_steps = steps(i);
    memcpy(expected, chains, sizeof chains);
    for (size_t i = 0; i < n; i++)
        walk(&expected[i]);
}

static void assert_all_walk(size_t n, uint32_t (*steps)(size_t i)) {
    static struct hats_sha256_chain start[MAX_CHAINS + 1];
    fill(n, steps);
    memcpy(start, chains, sizeof chains);
    for (int t = 0; t < N_TABLES; t++) {
        if (table(t) == NULL)
            continue;
        memcpy(chains, start, sizeof chains);
        hats_sha256_chains_with(table(t), chains, n);
        assert_memory_equal(chains, expected, sizeof chains); /* the one after the last, too */
    }
}

static uint32_t five(size_t i) {
    (void)i;
    return 5;
}
static uint32_t mixed(size_t i) { return (uint32_t)(i * 37 % 23); }
static uint32_t one_long(size_t i) { return i == 3 ? 700 : 1; }

static void every_kernel_walks_chains_of_equal_length(void **state) {
    (void)state;
    for (size_t n = 0; n <= 40; n++)
        assert_all_walk(n, five);
}

static void chains_of_all_lengths_end_where_each_alone_would(void **state) {
    (void)state;
    for (size_t n = 0; n <= 40; n++)
        assert_all_walk(n, mixed);
    assert_all_walk(12, one_long);
}

static void there_may_be_more_chains_than_are_sorted_at_a_time(void **state) {
    (void)state;
    assert_all_walk(MAX_CHAINS, mixed);
}

static void the_count_in_the_head_goes_over_all_four_bytes(void **state) {
    (void)state;
    fill(0, five);
    for (size_t i = 0; i < 3; i++) {
        hats_store_be32(chains[i].head + 16, UINT32_MAX - (uint32_t)i);
        expected[i] = chains[i];
        walk(&expected[i]);
    }
    hats_sha256_chains(chains, 3);
    assert_memory_equal(chains, expected, sizeof chains);
    assert_int_equal(hats_load_be32(chains[0].head + 16), 4);
}

static void counted_digests_are_those_of_prefix_and_counter(void **state) {
    (void)state;
    static const uint32_t firsts[] = {0, 1, 255, 0x01020304, UINT32_MAX - 5};
    uint8_t message[3 * 64 + 4], digest[32];
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(7 * i);
    for (size_t n_blocks = 0; n_blocks <= 3; n_blocks++)
        for (size_t f = 0; f < HATS_COUNT_OF(firsts); f++) {
            struct hats_sha256 prefix;
            uint32_t words[8][HATS_SHA256_LANES];
            hats_sha256_init(&prefix);
            hats_sha256_update(&prefix, message, 64 * n_blocks);
            hats_sha256_counted(words, &prefix, firsts[f]);
            for (uint32_t l = 0; l < HATS_SHA256_LANES; l++) {
                hats_store_be32(message + 64 * n_blocks, firsts[f] + l);
                SHA256(message, 64 * n_blocks + 4, digest);
                for (size_t w = 0; w < 8; w++)
                    assert_int_equal(words[w][l], hats_load_be32(digest + 4 * w));
            }
        }
}

static void every_kernel_counts_alike(void **state) {
    (void)state;
    static const uint32_t h[8] = {1, 2, 3, 0xffffffff, 5, 6, 7, 8};
    uint32_t portable[8][HATS_SHA256_LANES], ours[8][HATS_SHA256_LANES];
    hats_hash_kernels_of(HATS_PORTABLE)->sha256_counter(portable, h, 0xfffffffa, 1056);
    for (int t = 0; t < N_TABLES; t++) {
        if (table(t) == NULL)
            continue;
        table(t)->sha256_counter(ours, h, 0xfffffffa, 1056);
        assert_memory_equal(ours, portable, sizeof ours);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_walks_chains_of_equal_length),
        cmocka_unit_test(chains_of_all_lengths_end_where_each_alone_would),
        cmocka_unit_test(there_may_be_more_chains_than_are_sorted_at_a_time),
        cmocka_unit_test(the_count_in_the_head_goes_over_all_four_bytes),
        cmocka_unit_test(counted_digests_are_those_of_prefix_and_counter),
        cmocka_unit_test(every_kernel_counts_alike),
    };
    return cmocka_run_group_tests_name("sha256_chain", tests, NULL, NULL);
}
