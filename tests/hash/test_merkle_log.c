#include "hash/merkle_log.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_LEAVES = 70 };

/* As it is written [RFC9162, 2.1.1]. */
static void hash_tree(uint8_t out[32], const uint8_t (*leaves)[32], size_t n) {
    uint8_t node[65] = {1};
    size_t k = 1;
    if (n == 1) {
        memcpy(out, leaves[0], 32);
        return;
    }
    while (2 * k < n)
        k *= 2;
    hash_tree(node + 1, leaves, k);
    hash_tree(node + 33, leaves + k, n - k);
    hats_sha256(out, node, sizeof node);
}

static void the_root_of_any_number_of_leaves_is_the_defined_one(void **state) {
    (void)state;
    static uint8_t leaves[MAX_LEAVES][32];
    struct hats_merkle_log log;
    hats_merkle_log_init(&log);
    for (size_t n = 1; n <= MAX_LEAVES; n++) {
        uint8_t ours[32], theirs[32];
        hats_sha256(leaves[n - 1], &n, sizeof n);
        hats_merkle_log_append(&log, leaves[n - 1]);
        hats_merkle_log_root(ours, &log);
        hash_tree(theirs, (const uint8_t(*)[32])leaves, n);
        assert_memory_equal(ours, theirs, 32);
        assert_true(log.n_leaves == n);
    }
}

/* The roots that the reference implementations of Certificate Transparency test themselves with. */
static void the_published_roots_come_out(void **state) {
    (void)state;
    static const struct {
        const char *leaf, *root;
    } log_of_8[] = {
        {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"606162636465666768696a6b6c6d6e6f",
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct hats_merkle_log log;
    uint8_t root[32];
    char hex[65];
    hats_merkle_log_init(&log);
    hats_merkle_log_root(root, &log);
    hats_hex_encode(hex, root, 32);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < sizeof log_of_8 / sizeof log_of_8[0]; i++) {
        uint8_t leaf[1 + 16] = {0}, digest[32];
        size_t len = strlen(log_of_8[i].leaf) / 2;
        assert_true(hats_hex_decode(leaf + 1, len, log_of_8[i].leaf, 2 * len));
        hats_sha256(digest, leaf, 1 + len);
        hats_merkle_log_append(&log, digest);
        hats_merkle_log_root(root, &log);
        hats_hex_encode(hex, root, 32);
        assert_string_equal(hex, log_of_8[i].root);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_of_any_number_of_leaves_is_the_defined_one),
        cmocka_unit_test(the_published_roots_come_out),
    };
    return cmocka_run_group_tests_name("merkle_log", tests, NULL, NULL);
}
