#include "evidence/tile.h"
#include "evidence/tlog.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_LEAVES = 300 };

static uint8_t leaves[MAX_LEAVES][32];
static uint8_t roots[MAX_LEAVES + 1][32];

/* As it is written [RFC9162, 2.1.1]. */
static void hash_tree(uint8_t out[32], const uint8_t (*d)[32], size_t n) {
    uint8_t node[65] = {1};
    size_t k = 1;
    if (n == 1) {
        memcpy(out, d[0], 32);
        return;
    }
    while (2 * k < n)
        k *= 2;
    hash_tree(node + 1, d, k);
    hash_tree(node + 33, d + k, n - k);
    hats_sha256(out, node, sizeof node);
}

static hats_status node_of_leaves(void *arg, uint8_t out[32], unsigned level, uint64_t index,
                                  struct hats_error *err) {
    (void)err;
    size_t size = *(const size_t *)arg;
    assert_true((index + 1) << level <= size);
    hash_tree(out, (const uint8_t(*)[32])leaves + (index << level), (size_t)1 << level);
    return HATS_OK;
}

static int fill(void **state) {
    (void)state;
    hats_sha256(roots[0], NULL, 0);
    for (size_t n = 1; n <= MAX_LEAVES; n++) {
        hats_tlog_leaf(leaves[n - 1], &n, sizeof n);
        hash_tree(roots[n], (const uint8_t(*)[32])leaves, n);
    }
    return 0;
}

static struct hats_tlog_source leaves_up_to(size_t *size) {
    return (struct hats_tlog_source){.node = node_of_leaves, .arg = size};
}

static void every_leaf_of_every_small_tree_is_included(void **state) {
    (void)state;
    for (size_t size = 1; size <= MAX_LEAVES; size++) {
        struct hats_tlog_source source = leaves_up_to(&size);
        uint8_t root[32];
        assert_int_equal(hats_tlog_root(root, size, &source, NULL), HATS_OK);
        assert_memory_equal(root, roots[size], 32);
        for (size_t m = 0; m < size; m++) {
            struct hats_tlog_path path;
            assert_int_equal(hats_tlog_prove_inclusion(&path, size, m, &source, NULL), HATS_OK);
            assert_int_equal(
                hats_tlog_verify_inclusion(roots[size], size, m, leaves[m], &path, NULL), HATS_OK);
            size_t other = (m + 1) % size;
            if (other != m) {
                assert_int_equal(
                    hats_tlog_verify_inclusion(roots[size], size, m, leaves[other], &path, NULL),
                    HATS_E_VERIFY);
                assert_int_not_equal(
                    hats_tlog_verify_inclusion(roots[size], size, other, leaves[m], &path, NULL),
                    HATS_OK);
            }
        }
    }
}

static void every_small_tree_is_consistent_with_every_prefix(void **state) {
    (void)state;
    for (size_t size = 0; size <= MAX_LEAVES; size++) {
        struct hats_tlog_source source = leaves_up_to(&size);
        for (size_t old = 0; old <= size; old++) {
            struct hats_tlog_path path;
            assert_int_equal(hats_tlog_prove_consistency(&path, old, size, &source, NULL), HATS_OK);
            assert_int_equal(
                hats_tlog_verify_consistency(old, roots[old], size, roots[size], &path, NULL),
                HATS_OK);
            if (old == 0)
                continue; /* a prefix of everything */
            uint8_t wrong[32];
            memcpy(wrong, roots[old], 32);
            wrong[31] ^= 1;
            assert_int_equal(
                hats_tlog_verify_consistency(old, wrong, size, roots[size], &path, NULL),
                HATS_E_VERIFY);
            memcpy(wrong, roots[size], 32);
            wrong[0] ^= 0x80;
            assert_int_equal(
                hats_tlog_verify_consistency(old, roots[old], size, wrong, &path, NULL),
                HATS_E_VERIFY);
        }
    }
}

/* Lengths, orders and bits of a path. */
static void refuse_changed_paths(const struct hats_tlog_path *good,
                                 hats_status (*check)(const struct hats_tlog_path *,
                                                      const size_t *),
                                 const size_t *which) {
    struct hats_tlog_path p = *good;
    assert_int_equal(check(&p, which), HATS_OK);
    for (size_t i = 0; i < good->n; i++)
        for (size_t byte = 0; byte < 32; byte++) {
            p.digests[i][byte] ^= 1;
            assert_int_equal(check(&p, which), HATS_E_VERIFY);
            p.digests[i][byte] ^= 1;
        }
    for (size_t n = 0; n < good->n; n++) {
        p.n = n;
        assert_int_equal(check(&p, which), HATS_E_VERIFY);
    }
    p.n = good->n + 1;
    assert_int_equal(check(&p, which), HATS_E_VERIFY);
    memcpy(p.digests[good->n], roots[which[1]], 32);
    assert_int_equal(check(&p, which), HATS_E_VERIFY);
    memmove(p.digests[1], p.digests[0], good->n * 32);
    assert_int_equal(check(&p, which), HATS_E_VERIFY);
}

static hats_status check_inclusion(const struct hats_tlog_path *p, const size_t *which) {
    return hats_tlog_verify_inclusion(roots[which[1]], which[1], which[0], leaves[which[0]], p,
                                      NULL);
}

static hats_status check_consistency(const struct hats_tlog_path *p, const size_t *which) {
    return hats_tlog_verify_consistency(which[0], roots[which[0]], which[1], roots[which[1]], p,
                                        NULL);
}

static void a_changed_path_proves_nothing(void **state) {
    (void)state;
    for (size_t size = 1; size <= 40; size++) {
        struct hats_tlog_source source = leaves_up_to(&size);
        for (size_t m = 0; m < size; m++) {
            struct hats_tlog_path path;
            assert_int_equal(hats_tlog_prove_inclusion(&path, size, m, &source, NULL), HATS_OK);
            refuse_changed_paths(&path, check_inclusion, (size_t[]){m, size});
            assert_int_equal(hats_tlog_prove_consistency(&path, m, size, &source, NULL), HATS_OK);
            refuse_changed_paths(&path, check_consistency, (size_t[]){m, size});
        }
    }
}

static void sizes_and_indices_that_cannot_be_are_refused(void **state) {
    (void)state;
    size_t size = 8;
    struct hats_tlog_source source = leaves_up_to(&size);
    struct hats_tlog_path path = {0};
    assert_int_equal(hats_tlog_prove_inclusion(&path, 8, 8, &source, NULL), HATS_E_RANGE);
    assert_int_equal(hats_tlog_prove_inclusion(&path, 0, 0, &source, NULL), HATS_E_RANGE);
    assert_int_equal(hats_tlog_prove_consistency(&path, 8, 7, &source, NULL), HATS_E_RANGE);
    assert_int_equal(hats_tlog_verify_inclusion(roots[8], 8, 8, leaves[0], &path, NULL),
                     HATS_E_RANGE);
    assert_int_equal(hats_tlog_verify_inclusion(roots[8], 0, 0, leaves[0], &path, NULL),
                     HATS_E_RANGE);
    assert_int_equal(
        hats_tlog_verify_inclusion(roots[8], HATS_TLOG_SIZE_MAX + 1, 0, leaves[0], &path, NULL),
        HATS_E_RANGE);
    assert_int_equal(hats_tlog_verify_consistency(8, roots[8], 7, roots[7], &path, NULL),
                     HATS_E_RANGE);
    assert_int_equal(hats_tlog_verify_consistency(7, roots[7], UINT64_MAX, roots[8], &path, NULL),
                     HATS_E_RANGE);
    assert_int_equal(hats_tlog_verify_consistency(0, roots[1], 7, roots[7], &path, NULL),
                     HATS_E_VERIFY);
    assert_int_equal(hats_tlog_verify_consistency(7, roots[7], 7, roots[6], &path, NULL),
                     HATS_E_VERIFY);
}

/* What github.com/transparency-dev/merkle tests its verifier with (proof/verify_test.go): a log of eight
 * entries. */
static const char *const log_of_8[] = {"",
                                       "00",
                                       "10",
                                       "2021",
                                       "3031",
                                       "40414243",
                                       "5051525354555657",
                                       "606162636465666768696a6b6c6d6e6f"};
static const char *const root_of[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void hex(uint8_t out[32], const char *text) {
    assert_true(hats_hex_decode(out, 32, text, strlen(text)));
}

static void path_of(struct hats_tlog_path *path, const char *const digests[4]) {
    for (path->n = 0; path->n < 4 && digests[path->n] != NULL; path->n++)
        hex(path->digests[path->n], digests[path->n]);
}

static void published_inclusion_proofs_hold(void **state) {
    (void)state;
    static const struct {
        uint64_t leaf, size;
        const char *path[4];
    } cases[] = {
        {0, 1, {NULL}},
        {0,
         8,
         {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        {5,
         8,
         {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
        {1,
         5,
         {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hats_tlog_path path = {0};
        uint8_t entry[16], leaf[32], root[32];
        const char *text = log_of_8[cases[i].leaf];
        assert_true(hats_hex_decode(entry, strlen(text) / 2, text, strlen(text)));
        hats_tlog_leaf(leaf, entry, strlen(text) / 2);
        path_of(&path, cases[i].path);
        hex(root, root_of[cases[i].size - 1]);
        assert_int_equal(
            hats_tlog_verify_inclusion(root, cases[i].size, cases[i].leaf, leaf, &path, NULL),
            HATS_OK);
    }
}

static void published_consistency_proofs_hold(void **state) {
    (void)state;
    static const struct {
        uint64_t old, now;
        const char *path[4];
    } cases[] = {
        {1, 1, {NULL}},
        {1,
         8,
         {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        {6,
         8,
         {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        {2,
         5,
         {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
        {6,
         7,
         {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
          "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hats_tlog_path path = {0};
        uint8_t old[32], now[32];
        path_of(&path, cases[i].path);
        hex(old, root_of[cases[i].old - 1]);
        hex(now, root_of[cases[i].now - 1]);
        assert_int_equal(
            hats_tlog_verify_consistency(cases[i].old, old, cases[i].now, now, &path, NULL),
            HATS_OK);
    }
}

/* ---- tiles ---- */

static void a_tile_has_one_name(void **state) {
    (void)state;
    static const struct {
        struct hats_tile tile;
        const char *path;
    } good[] = {
        {{false, 0, 0, 256}, "tile/0/000"},
        {{false, 0, 273, 112}, "tile/0/273.p/112"},
        {{false, 1, 1234067, 256}, "tile/1/x001/x234/067"},
        {{true, 0, 999, 1}, "tile/entries/999.p/1"},
        {{true, 0, 1000, 256}, "tile/entries/x001/000"},
        {{false, 7, 12345, 255}, "tile/7/x012/345.p/255"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char path[HATS_TILE_PATH_MAX];
        struct hats_tile back;
        hats_tile_path(path, &good[i].tile);
        assert_string_equal(path, good[i].path);
        assert_true(hats_tile_parse(&back, path));
        assert_true(back.entries == good[i].tile.entries && back.level == good[i].tile.level &&
                    back.index == good[i].tile.index && back.width == good[i].tile.width);
    }
    static const char *const bad[] = {
        "",
        "tile",
        "tile/0",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/8/000",
        "tile/63/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/x001/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000/",
        "tile/0/../checkpoint",
        "tile/entries",
        "tile/entries/00a",
        "/tile/0/000",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hats_tile tile;
        assert_false(hats_tile_parse(&tile, bad[i]));
    }
}

/* The example of the specification: a tree of 70,000 leaves. */
static void tiles_are_as_wide_as_specified(void **state) {
    (void)state;
    assert_int_equal(hats_tile_width(70000, 0, 272), 256);
    assert_int_equal(hats_tile_width(70000, 0, 273), 112);
    assert_int_equal(hats_tile_width(70000, 0, 274), 0);
    assert_int_equal(hats_tile_width(70000, 1, 0), 256);
    assert_int_equal(hats_tile_width(70000, 1, 1), 17);
    assert_int_equal(hats_tile_width(70000, 2, 0), 1);
    assert_int_equal(hats_tile_width(70000, 3, 0), 0);
    assert_int_equal(hats_tile_width(256, 0, 0), 256);
    assert_int_equal(hats_tile_width(256, 0, 1), 0);
    assert_int_equal(hats_tile_width(256, 1, 0), 1);
    assert_int_equal(hats_tile_width(UINT64_MAX, 8, 0), 0);
}

enum { BIG = 70000 };
static uint8_t big[3][BIG][32]; /* the digests of tile levels 0, 1, 2 */

static hats_status fetch(void *arg, uint8_t *out, const struct hats_tile *tile,
                         struct hats_error *err) {
    (void)err;
    ++*(unsigned *)arg;
    memcpy(out, big[tile->level][tile->index * 256], (size_t)tile->width * 32);
    return HATS_OK;
}

static void proofs_come_out_of_tiles(void **state) {
    (void)state;
    uint8_t naive[32];
    static struct hats_tile_reader reader;
    unsigned fetched = 0;
    for (size_t i = 0; i < BIG; i++)
        hats_tlog_leaf(big[0][i], &i, sizeof i);
    for (size_t l = 1; l < 3; l++)
        for (size_t i = 0; (i + 1) << (8 * l) <= BIG; i++)
            hats_tile_root(big[l][i], big[l - 1][i * 256], 256);
    static const size_t sizes[] = {1, 255, 256, 257, 65535, 65536, 65537, 69999, 70000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        hats_tile_reader_init(&reader, sizes[i], fetch, &fetched);
        struct hats_tlog_source source = hats_tile_source(&reader);
        uint8_t root[32], old[32];
        assert_int_equal(hats_tlog_root(root, sizes[i], &source, NULL), HATS_OK);
        hash_tree(naive, (const uint8_t(*)[32])big[0], sizes[i]);
        assert_memory_equal(root, naive, 32);
        for (size_t m = 0; m < sizes[i]; m += 1 + sizes[i] / 7) {
            struct hats_tlog_path path;
            assert_int_equal(hats_tlog_prove_inclusion(&path, sizes[i], m, &source, NULL), HATS_OK);
            assert_int_equal(hats_tlog_verify_inclusion(root, sizes[i], m, big[0][m], &path, NULL),
                             HATS_OK);
            assert_int_equal(hats_tlog_prove_consistency(&path, m, sizes[i], &source, NULL),
                             HATS_OK);
            assert_int_equal(hats_tlog_root(old, m, &source, NULL), HATS_OK);
            assert_int_equal(hats_tlog_verify_consistency(m, old, sizes[i], root, &path, NULL),
                             HATS_OK);
        }
    }
    assert_true(fetched > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_leaf_of_every_small_tree_is_included),
        cmocka_unit_test(every_small_tree_is_consistent_with_every_prefix),
        cmocka_unit_test(a_changed_path_proves_nothing),
        cmocka_unit_test(sizes_and_indices_that_cannot_be_are_refused),
        cmocka_unit_test(published_inclusion_proofs_hold),
        cmocka_unit_test(published_consistency_proofs_hold),
        cmocka_unit_test(a_tile_has_one_name),
        cmocka_unit_test(tiles_are_as_wide_as_specified),
        cmocka_unit_test(proofs_come_out_of_tiles),
    };
    return cmocka_run_group_tests_name("tlog", tests, fill, NULL);
}
