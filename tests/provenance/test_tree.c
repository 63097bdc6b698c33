#include "provenance/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MOST 70

static uint8_t leaves[MOST][HATS_SHA256_LEN];

/* As the standard says it, and nothing stored [RFC9162, 2.1.1]. */
static void root_of(uint8_t out[HATS_SHA256_LEN], size_t first, size_t n) {
    uint8_t node[1 + 2 * HATS_SHA256_LEN] = {0x01};
    size_t half = 1;
    if (n == 1) {
        memcpy(out, leaves[first], HATS_SHA256_LEN);
        return;
    }
    while (2 * half < n)
        half *= 2;
    root_of(node + 1, first, half);
    root_of(node + 33, first + half, n - half);
    hats_sha256(out, node, sizeof node);
}

static void every_path_of_every_tree_holds_and_no_other(void **state) {
    (void)state;
    for (size_t i = 0; i < MOST; i++)
        hats_sha256(leaves[i], &i, sizeof i);
    for (size_t n = 1; n <= MOST; n++) {
        struct hats_tree_writer t = {0};
        uint8_t stored[2 * MOST * HATS_SHA256_LEN + (HATS_TREE_MAX_DEPTH + 1) * HATS_SHA256_LEN];
        uint8_t root[HATS_SHA256_LEN], wanted[HATS_SHA256_LEN], path[HATS_TREE_PATH_MAX];
        size_t n_stored = 0, len;
        for (size_t i = 0; i < n; i++)
            n_stored += hats_tree_append(stored + n_stored * HATS_SHA256_LEN, &t, leaves[i]);
        assert_int_equal(n_stored, hats_tree_n_stored(n));
        hats_tree_root(root, &t);
        root_of(wanted, 0, n);
        assert_memory_equal(root, wanted, sizeof root);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(hats_tree_path(path, &len, n, i, hats_tree_fetch_memory, stored, NULL),
                             HATS_OK);
            assert_true(hats_tree_verify(root, n, i, leaves[i], path, len));
            assert_false(hats_tree_verify(root, n, i, leaves[(i + 1) % MOST], path, len));
            assert_false(hats_tree_verify(root, n, n, leaves[i], path, len));
            assert_false(hats_tree_verify(root, n, i, leaves[i], path, len + 32));
            assert_false(hats_tree_verify(root, n, i, leaves[i], path, len + 1));
            if (n > 1) {
                assert_false(hats_tree_verify(root, n, (i + 1) % n, leaves[i], path, len));
                assert_false(hats_tree_verify(root, n, i, leaves[i], path, len - 32));
                path[len / 2] ^= 1;
                assert_false(hats_tree_verify(root, n, i, leaves[i], path, len));
            }
        }
    }
}

static bool refuse(void *ctx, uint64_t place, uint8_t digest[HATS_SHA256_LEN]) {
    (void)ctx, (void)place, (void)digest;
    return false;
}

static void digests_that_cannot_be_read_are_said(void **state) {
    (void)state;
    uint8_t path[HATS_TREE_PATH_MAX];
    size_t len;
    assert_int_equal(hats_tree_path(path, &len, 5, 4, refuse, NULL, NULL), HATS_E_IO);
    assert_int_equal(hats_tree_path(path, &len, 1, 0, refuse, NULL, NULL), HATS_OK);
    assert_int_equal(len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_of_every_tree_holds_and_no_other),
        cmocka_unit_test(digests_that_cannot_be_read_are_said),
    };
    return cmocka_run_group_tests_name("trees of records", tests, NULL, NULL);
}
