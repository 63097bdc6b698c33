#include "hash/merkle.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { DIGEST = HATS_SHA256_LEN, MAX_LOG_N = 6, MAX_N = 1 << MAX_LOG_N, ROW = 24 };

struct forest {
    uint8_t rows[MAX_N * ROW], salts[MAX_N * HATS_MERKLE_SALT_LEN];
    uint8_t storage[2 * MAX_N * DIGEST];
    struct hats_merkle tree;
    uint8_t path[MAX_N * MAX_LOG_N * DIGEST];
    size_t path_len;
    uint8_t leaves[(MAX_N + 1) * DIGEST]; /* the opened ones, in order */
    _Alignas(64) uint8_t scratch[HATS_MERKLE_SCRATCH(MAX_N)];
    struct hats_arena arena;
};
static struct forest f;

static void grow(unsigned log_n) {
    size_t n = (size_t)1 << log_n;
    for (size_t i = 0; i < sizeof f.rows; i++)
        f.rows[i] = (uint8_t)((i * 2654435761u) >> 15);
    for (size_t i = 0; i < sizeof f.salts; i++)
        f.salts[i] = (uint8_t)((i * 2246822519u) >> 11);
    const struct hats_merkle_rows rows = {f.rows, ROW, ROW, f.salts};
    f.tree = (struct hats_merkle){f.storage, log_n};
    hats_merkle_hash_rows(hats_merkle_leaves(&f.tree), &rows, n);
    hats_merkle_build(&f.tree);
    hats_arena_init(&f.arena, f.scratch, sizeof f.scratch);
}

static void open_leaves(const uint32_t *indices, size_t n) {
    assert_int_equal(hats_merkle_path_len_bytes(&f.path_len, f.tree.log_n, indices, n, NULL),
                     HATS_OK);
    assert_true(f.path_len <= sizeof f.path - DIGEST);
    memset(f.path, 0xa5, sizeof f.path);
    assert_int_equal(hats_merkle_open(f.path, &f.tree, indices, n, NULL), HATS_OK);
    assert_int_equal(f.path[f.path_len], 0xa5);
    for (size_t i = 0; i < n; i++)
        memcpy(f.leaves + DIGEST * i, hats_merkle_leaves(&f.tree) + (size_t)DIGEST * indices[i],
               DIGEST);
}

static hats_status verify(const uint32_t *indices, size_t n, size_t path_len) {
    hats_status s = hats_merkle_verify(hats_merkle_root(&f.tree), f.tree.log_n, f.leaves, indices,
                                       n, f.path, path_len, &f.arena, NULL);
    assert_int_equal(f.arena.used, 0);
    return s;
}

/* The indices whose bits are set; how many. */
static size_t subset(uint32_t indices[32], uint32_t bits) {
    size_t n = 0;
    for (uint32_t i = 0; i < 32; i++)
        if (bits >> i & 1)
            indices[n++] = i;
    return n;
}

static void leaves_and_nodes_are_the_documented_hashes(void **state) {
    (void)state;
    uint8_t bytes[1 + HATS_MERKLE_SALT_LEN + ROW], digest[DIGEST];
    grow(3);
    for (size_t i = 0; i < 8; i++) {
        bytes[0] = 0x00;
        memcpy(bytes + 1, f.salts + HATS_MERKLE_SALT_LEN * i, HATS_MERKLE_SALT_LEN);
        memcpy(bytes + 1 + HATS_MERKLE_SALT_LEN, f.rows + ROW * i, ROW);
        hats_sha256(digest, bytes, sizeof bytes);
        assert_memory_equal(digest, f.storage + DIGEST * (8 + i), DIGEST);
    }
    for (size_t i = 1; i < 8; i++) {
        uint8_t node[1 + 2 * DIGEST] = {0x01};
        memcpy(node + 1, f.storage + 2 * DIGEST * i, 2 * DIGEST);
        hats_sha256(digest, node, sizeof node);
        assert_memory_equal(digest, f.storage + DIGEST * i, DIGEST);
    }
    assert_memory_equal(hats_merkle_root(&f.tree), f.storage + DIGEST, DIGEST);
}

static void an_unsalted_leaf_is_tag_and_row(void **state) {
    (void)state;
    uint8_t bytes[1 + ROW] = {0x00}, digest[DIGEST], leaves[3 * DIGEST];
    grow(3);
    const struct hats_merkle_rows rows = {f.rows, 2 * ROW, ROW, NULL};
    hats_merkle_hash_rows(leaves, &rows, 3);
    for (size_t i = 0; i < 3; i++) {
        memcpy(bytes + 1, f.rows + 2 * ROW * i, ROW);
        hats_sha256(digest, bytes, sizeof bytes);
        assert_memory_equal(digest, leaves + DIGEST * i, DIGEST);
    }
}

static void every_subset_of_eight_leaves_opens_and_verifies(void **state) {
    (void)state;
    uint32_t indices[32];
    grow(3);
    for (uint32_t bits = 1; bits < 256; bits++) {
        size_t n = subset(indices, bits);
        open_leaves(indices, n);
        assert_int_equal(verify(indices, n, f.path_len), HATS_OK);
    }
    open_leaves(indices, subset(indices, 255));
    assert_int_equal(f.path_len, 0);
}

/* Against the definition, node by node: known[] is what the leaves give, and the path has the unknown
 * siblings of known digests. */
static void the_path_is_pruned_and_in_order(void **state) {
    (void)state;
    uint32_t indices[32];
    for (unsigned log_n = 0; log_n <= 4; log_n++) {
        grow(log_n);
        for (uint32_t bits = 1; bits < 1u << (1u << log_n); bits += log_n == 4 ? 7 : 1) {
            bool known[32] = {false};
            const uint8_t *next = f.path;
            size_t n = subset(indices, bits);
            open_leaves(indices, n);
            for (size_t i = 0; i < n; i++)
                known[(1u << log_n) + indices[i]] = true;
            for (unsigned level = log_n; level > 0; level--)
                for (size_t i = (size_t)1 << level; i < (size_t)2 << level; i++) {
                    if (!known[i])
                        continue;
                    known[i / 2] = true;
                    if (known[i ^ 1])
                        continue;
                    assert_memory_equal(next, f.storage + DIGEST * (i ^ 1), DIGEST);
                    next += DIGEST;
                }
            assert_int_equal(next - f.path, f.path_len);
        }
    }
}

static void a_path_with_any_bit_changed_is_refused(void **state) {
    (void)state;
    uint32_t indices[32];
    grow(3);
    for (uint32_t bits = 1; bits < 256; bits++) {
        size_t n = subset(indices, bits);
        open_leaves(indices, n);
        for (size_t i = 0; i < f.path_len; i++) {
            f.path[i] ^= (uint8_t)(1u << i % 8);
            assert_int_equal(verify(indices, n, f.path_len), HATS_E_VERIFY);
            f.path[i] ^= (uint8_t)(1u << i % 8);
        }
        for (size_t i = 0; i < n * DIGEST; i++) {
            f.leaves[i] ^= (uint8_t)(1u << i % 8);
            assert_int_equal(verify(indices, n, f.path_len), HATS_E_VERIFY);
            f.leaves[i] ^= (uint8_t)(1u << i % 8);
        }
        assert_int_equal(verify(indices, n, f.path_len), HATS_OK);
    }
}

static void a_path_of_any_other_length_is_refused(void **state) {
    (void)state;
    uint32_t indices[32];
    grow(3);
    for (uint32_t bits = 1; bits < 256; bits++) {
        size_t n = subset(indices, bits);
        open_leaves(indices, n);
        for (size_t len = 0; len <= f.path_len + DIGEST; len++)
            assert_int_equal(verify(indices, n, len),
                             len == f.path_len ? HATS_OK : HATS_E_MALFORMED);
    }
}

static void leaves_do_not_verify_at_other_places(void **state) {
    (void)state;
    uint32_t indices[32], others[32];
    grow(3);
    for (uint32_t bits = 1; bits < 256; bits++)
        for (uint32_t other = 1; other < 256; other++) {
            size_t n = subset(indices, bits);
            if (bits == other || n != subset(others, other))
                continue;
            open_leaves(indices, n);
            hats_status s = verify(others, n, f.path_len);
            assert_true(s == HATS_E_VERIFY || s == HATS_E_MALFORMED);
        }
}

static void another_root_is_refused(void **state) {
    (void)state;
    const uint32_t indices[] = {1, 4};
    grow(3);
    open_leaves(indices, 2);
    for (size_t i = 0; i < DIGEST; i++) {
        f.storage[DIGEST + i] ^= 0x10;
        assert_int_equal(verify(indices, 2, f.path_len), HATS_E_VERIFY);
        f.storage[DIGEST + i] ^= 0x10;
    }
    assert_int_equal(verify(indices, 2, f.path_len), HATS_OK);
}

/* Every list of three indices that is not ascending and in range. */
static void wrong_indices_are_refused(void **state) {
    (void)state;
    size_t len;
    grow(2);
    for (uint32_t i = 0; i < 6 * 6 * 6; i++) {
        const uint32_t indices[3] = {i % 6, i / 6 % 6, i / 36};
        hats_status s = hats_merkle_path_len_bytes(&len, 2, indices, 3, NULL);
        bool ascending = indices[0] < indices[1] && indices[1] < indices[2];
        if (ascending && indices[2] < 4) {
            assert_int_equal(s, HATS_OK);
            continue;
        }
        assert_true(s == HATS_E_RANGE || s == HATS_E_CANONICAL);
        if (ascending)
            assert_int_equal(s, HATS_E_RANGE);
        if (indices[0] < 4 && indices[1] < 4 && indices[2] < 4)
            assert_int_equal(s, HATS_E_CANONICAL);
        assert_int_equal(hats_merkle_open(f.path, &f.tree, indices, 3, NULL), s);
        assert_int_equal(verify(indices, 3, 0), s);
    }
    const uint32_t far = UINT32_MAX;
    assert_int_equal(verify(&far, 1, 0), HATS_E_RANGE);
}

static void wrong_counts_are_refused(void **state) {
    (void)state;
    static uint32_t indices[HATS_MERKLE_MAX_OPENED + 1];
    size_t len;
    for (uint32_t i = 0; i <= HATS_MERKLE_MAX_OPENED; i++)
        indices[i] = i;
    grow(2);
    assert_int_equal(hats_merkle_path_len_bytes(&len, 2, indices, 0, NULL), HATS_E_RANGE);
    assert_int_equal(verify(indices, 0, 0), HATS_E_RANGE);
    assert_int_equal(hats_merkle_path_len_bytes(&len, 2, indices, 4, NULL), HATS_OK);
    assert_int_equal(hats_merkle_path_len_bytes(&len, 2, indices, 5, NULL), HATS_E_RANGE);
    assert_int_equal(hats_merkle_path_len_bytes(&len, 20, indices, HATS_MERKLE_MAX_OPENED, NULL),
                     HATS_OK);
    assert_int_equal(
        hats_merkle_path_len_bytes(&len, 20, indices, HATS_MERKLE_MAX_OPENED + 1, NULL),
        HATS_E_RANGE);
    assert_int_equal(hats_merkle_path_len_bytes(&len, 30, indices, 1, NULL), HATS_OK);
    assert_int_equal(len, 30 * DIGEST);
    assert_int_equal(hats_merkle_path_len_bytes(&len, 31, indices, 1, NULL), HATS_E_RANGE);
    assert_int_equal(hats_merkle_path_len_bytes(&len, 1000, indices, 1, NULL), HATS_E_RANGE);
}

static void the_arena_bounds_the_verifier(void **state) {
    (void)state;
    uint32_t indices[MAX_N];
    grow(MAX_LOG_N);
    for (size_t n = 1; n <= MAX_N; n++) {
        for (size_t i = 0; i < n; i++)
            indices[i] = (uint32_t)(i * MAX_N / n);
        open_leaves(indices, n);
        hats_arena_init(&f.arena, f.scratch, HATS_MERKLE_SCRATCH(n));
        assert_int_equal(verify(indices, n, f.path_len), HATS_OK);
        hats_arena_init(&f.arena, f.scratch, 3 * DIGEST * n - 1);
        assert_int_equal(verify(indices, n, f.path_len), HATS_E_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_and_nodes_are_the_documented_hashes),
        cmocka_unit_test(an_unsalted_leaf_is_tag_and_row),
        cmocka_unit_test(every_subset_of_eight_leaves_opens_and_verifies),
        cmocka_unit_test(the_path_is_pruned_and_in_order),
        cmocka_unit_test(a_path_with_any_bit_changed_is_refused),
        cmocka_unit_test(a_path_of_any_other_length_is_refused),
        cmocka_unit_test(leaves_do_not_verify_at_other_places),
        cmocka_unit_test(another_root_is_refused),
        cmocka_unit_test(wrong_indices_are_refused),
        cmocka_unit_test(wrong_counts_are_refused),
        cmocka_unit_test(the_arena_bounds_the_verifier),
    };
    return cmocka_run_group_tests_name("merkle", tests, NULL, NULL);
}
