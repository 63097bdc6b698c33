/* Registries against their definition, and devices under them. */
#include "device_world.h"

#include "base/arena.h"
#include "statements/registry.h"

#include <string.h>

enum { SMALL = 40 };

/* Root of the places first .. first + 2^height - 1, most of which are empty. */
static void root_of(uint64_t out[4], uint64_t (*leaves)[4], uint32_t n, uint32_t first,
                    unsigned height) {
    uint64_t left[4], right[4];
    if (height == 0) {
        memset(out, 0, 32);
        if (first < n)
            memcpy(out, leaves[first], 32);
    } else if (first >= n) {
        memset(out, 0, 32);
        for (unsigned k = 0; k < height; k++) {
            memcpy(left, out, sizeof left);
            hats_stark_rpo_merge(out, 0, left, left);
        }
    } else {
        root_of(left, leaves, n, first, height - 1);
        root_of(right, leaves, n, first + (1u << (height - 1)), height - 1);
        hats_stark_rpo_merge(out, 0, left, right);
    }
}

static void random_leaf(uint64_t leaf[4]) {
    for (unsigned i = 0; i < 4; i++)
        leaf[i] = world_u64() % HATS_P;
}

static void climb(uint64_t root[4], const uint64_t leaf[4], uint64_t (*siblings)[4],
                  uint32_t index) {
    memcpy(root, leaf, 32);
    for (unsigned k = 0; k < HATS_DEVICE_DEPTH; k++) {
        bool right = (index >> k & 1) != 0;
        hats_stark_rpo_merge(root, 0, right ? siblings[k] : root, right ? root : siblings[k]);
    }
}

static void assert_is_of(struct hats_registry *r, uint64_t (*leaves)[4], uint32_t n) {
    uint64_t root[4], expected[4], siblings[HATS_DEVICE_DEPTH][4], found[4];
    hats_registry_root(root, r);
    root_of(expected, leaves, n, 0, HATS_DEVICE_DEPTH);
    assert_memory_equal(root, expected, sizeof root);
    for (uint32_t i = 0; i < n + 2; i++) {
        static const uint64_t nobody[4];
        const uint64_t *leaf = i < n ? leaves[i] : nobody;
        hats_registry_get(found, r, i);
        assert_memory_equal(found, leaf, sizeof found);
        hats_registry_path(siblings, r, i);
        climb(expected, leaf, siblings, i);
        assert_memory_equal(root, expected, sizeof root);
    }
}

static void roots_and_paths_are_the_defined_ones(void **state) {
    (void)state;
    static uint64_t leaves[SMALL][4];
    struct hats_registry *r = hats_registry_new();
    assert_non_null(r);
    assert_is_of(r, leaves, 0);
    for (uint32_t n = 1; n <= SMALL; n++) {
        random_leaf(leaves[n - 1]);
        assert_int_equal(hats_registry_set(r, n - 1, leaves[n - 1], NULL), HATS_OK);
        if (n % 3 != 0) /* now and then two changes come together */
            assert_is_of(r, leaves, n);
        assert_int_equal(hats_registry_used(r), n);
    }
    for (int change = 0; change < 60; change++) {
        uint32_t i = (uint32_t)(world_u64() % SMALL);
        bool empties = world_u64() % 3 == 0;
        if (empties)
            memset(leaves[i], 0, sizeof leaves[i]);
        else
            random_leaf(leaves[i]);
        assert_int_equal(hats_registry_set(r, i, empties ? NULL : leaves[i], NULL), HATS_OK);
        if (change % 4 == 0)
            assert_is_of(r, leaves, SMALL);
    }
    assert_is_of(r, leaves, SMALL);
    hats_registry_free(r);
}

static void the_order_of_enrolment_is_nothing(void **state) {
    (void)state;
    uint64_t leaves[SMALL][4], a[4], b[4];
    struct hats_registry *up = hats_registry_new(), *down = hats_registry_new();
    assert_true(up != NULL && down != NULL);
    for (uint32_t i = 0; i < SMALL; i++)
        random_leaf(leaves[i]);
    for (uint32_t i = 0; i < SMALL; i++) {
        assert_int_equal(hats_registry_set(up, i, leaves[i], NULL), HATS_OK);
        assert_int_equal(hats_registry_set(down, SMALL - 1 - i, leaves[SMALL - 1 - i], NULL),
                         HATS_OK);
    }
    hats_registry_root(a, up);
    hats_registry_root(b, down);
    assert_memory_equal(a, b, sizeof a);
    hats_registry_free(up);
    hats_registry_free(down);
}

static void the_last_place_is_a_place_and_there_is_none_after_it(void **state) {
    (void)state;
    struct hats_registry *r = hats_registry_new();
    uint64_t leaf[4], root[4], siblings[HATS_DEVICE_DEPTH][4], expected[4];
    assert_non_null(r);
    random_leaf(leaf);
    assert_int_equal(hats_registry_set(r, HATS_REGISTRY_PLACES, leaf, NULL), HATS_E_RANGE);
    leaf[2] = HATS_P;
    assert_int_equal(hats_registry_set(r, 5, leaf, NULL), HATS_E_CANONICAL);
    assert_int_equal(hats_registry_used(r), 0);
    leaf[2] = 1;
    hats_alloc_fail_at(1);
    assert_int_equal(hats_registry_set(r, 5, leaf, NULL), HATS_E_MEMORY);
    hats_alloc_fail_at(9);
    assert_int_equal(hats_registry_set(r, 5, leaf, NULL), HATS_E_MEMORY);
    hats_alloc_fail_at(0);
    assert_int_equal(hats_registry_used(r), 0);
    assert_int_equal(hats_registry_set(r, 4095, leaf, NULL), HATS_OK);
    hats_registry_path(siblings, r, 4095);
    climb(expected, leaf, siblings, 4095);
    hats_registry_root(root, r);
    assert_memory_equal(root, expected, sizeof root);
    hats_registry_free(r);
}

static void a_revoked_device_is_under_no_later_root(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 3);
    struct hats_registry *r = hats_registry_new();
    struct hats_error err = {0};
    uint64_t leaf[4], other[4];
    assert_non_null(r);
    hats_device_leaf_digest(leaf, &w->witness.leaf);
    for (uint32_t i = 0; i < 7; i++) {
        random_leaf(other);
        assert_int_equal(hats_registry_set(r, i, i == 5 ? leaf : other, NULL), HATS_OK);
    }
    w->witness.index = 5;
    hats_registry_path(w->witness.siblings, r, 5);
    hats_registry_root(w->pub.root, r);
    device_world_fill(w);
    device_world_accepts(w);
    assert_int_equal(hats_device_admitted(&w->pub, &w->witness, &err), HATS_OK);
    assert_int_equal(hats_registry_set(r, 5, NULL, NULL), HATS_OK);
    hats_registry_root(w->pub.root, r);
    hats_registry_path(w->witness.siblings, r, 5);
    device_world_fill(w);
    device_world_refuses(w, "nullifier and root");
    assert_int_equal(hats_device_admitted(&w->pub, &w->witness, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "revoked"));
    hats_registry_free(r);
    device_world_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_and_paths_are_the_defined_ones),
        cmocka_unit_test(the_order_of_enrolment_is_nothing),
        cmocka_unit_test(the_last_place_is_a_place_and_there_is_none_after_it),
        cmocka_unit_test(a_revoked_device_is_under_no_later_root),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
