#include "stark/air.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct hats_air air; /* large */

static const uint64_t counting[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const uint64_t zeros[16];

static void equal_nodes_are_built_once(void **state) {
    (void)state;
    hats_air_begin(&air, "nodes", 3);
    hats_air_column(&air, "a");
    hats_air_column(&air, "b");
    hats_air_node a = hats_air_cell(&air, 0), b = hats_air_cell(&air, 1);
    hats_air_node sum = hats_air_add(&air, a, b);
    assert_int_equal(air.n_nodes, 3);
    assert_int_equal(hats_air_cell(&air, 0), a);
    assert_int_equal(hats_air_add(&air, a, b), sum);
    assert_int_equal(air.n_nodes, 3);
    assert_int_not_equal(hats_air_add(&air, b, a), sum);
    assert_int_not_equal(hats_air_sub(&air, a, b), sum);
    assert_int_not_equal(hats_air_next(&air, 0), a);
    assert_int_not_equal(hats_air_constant(&air, 0), hats_air_constant(&air, 1));
    assert_int_equal(air.n_nodes, 8);
}

static void a_node_is_over_k_when_a_leaf_is(void **state) {
    (void)state;
    hats_air_begin(&air, "fields", 3);
    hats_air_column(&air, "a");
    hats_air_public_column(&air);
    hats_air_weight_column(&air);
    hats_air_new_challenge(&air);
    hats_air_new_scalar(&air);
    hats_air_fixed_column(&air, counting, 3);
    hats_air_node base[] = {
        hats_air_constant(&air, 5), hats_air_cell(&air, 0),   hats_air_next(&air, 0),
        hats_air_fixed(&air, 0),    hats_air_public(&air, 0),
    };
    hats_air_node wide[] = {hats_air_weight(&air, 0), hats_air_challenge(&air, 0),
                            hats_air_scalar(&air, 0)};
    for (size_t i = 0; i < HATS_COUNT_OF(base); i++) {
        assert_false(air.nodes[base[i]].over_k);
        assert_false(air.nodes[hats_air_mul(&air, base[0], base[i])].over_k);
        for (size_t k = 0; k < HATS_COUNT_OF(wide); k++) {
            assert_true(air.nodes[wide[k]].over_k);
            assert_true(air.nodes[hats_air_mul(&air, base[i], wide[k])].over_k);
            assert_true(air.nodes[hats_air_sub(&air, wide[k], base[i])].over_k);
        }
    }
}

static void only_columns_of_a_next_are_read_in_the_next_row(void **state) {
    (void)state;
    hats_air_begin(&air, "next", 3);
    for (unsigned c = 0; c < 3; c++)
        hats_air_column(&air, "c");
    hats_air_cell(&air, 0);
    assert_false(hats_air_has_mu(&air));
    hats_air_node double_next = hats_air_scale(&air, hats_air_next(&air, 1), 2);
    hats_air_next(&air, 2);
    assert_false(hats_air_has_mu(&air)); /* built, but not claimed */
    hats_air_constrain(&air, "claimed", hats_air_add(&air, hats_air_cell(&air, 0), double_next));
    assert_false(air.reads_next[0]);
    assert_true(air.reads_next[1]);
    assert_false(air.reads_next[2]);
    assert_true(hats_air_has_mu(&air));
    unsigned scalar = hats_air_new_scalar(&air);
    hats_air_sum(&air, "s", hats_air_cell(&air, 0), scalar);
    assert_true(hats_air_has_accumulator(&air));
    assert_false(hats_air_has_mu(&air)); /* acc does its work */
}

static void degrees_count_columns_of_every_kind(void **state) {
    (void)state;
    hats_air_begin(&air, "degrees", 3);
    hats_air_column(&air, "x");
    hats_air_public_column(&air);
    hats_air_weight_column(&air);
    hats_air_new_challenge(&air);
    hats_air_fixed_column(&air, counting, 0);
    assert_int_equal(hats_air_degree(&air), 1); /* nothing claimed */
    hats_air_node x = hats_air_cell(&air, 0);
    hats_air_node seventh = hats_air_pow(&air, x, 7);
    hats_air_node product =
        hats_air_mul(&air, hats_air_mul(&air, hats_air_weight(&air, 0), hats_air_public(&air, 0)),
                     hats_air_mul(&air, hats_air_fixed(&air, 0), hats_air_next(&air, 0)));
    hats_air_node drawn =
        hats_air_mul(&air, hats_air_challenge(&air, 0), hats_air_constant(&air, 3));
    assert_int_equal(hats_air_degree_of(&air, hats_air_constant(&air, 3)), 0);
    assert_int_equal(hats_air_degree_of(&air, drawn), 0);
    assert_int_equal(hats_air_degree_of(&air, x), 1);
    assert_int_equal(hats_air_degree_of(&air, hats_air_scale(&air, x, 9)), 1);
    assert_int_equal(hats_air_degree_of(&air, product), 4);
    assert_int_equal(hats_air_degree_of(&air, seventh), 7);
    assert_int_equal(hats_air_degree_of(&air, hats_air_sub(&air, product, seventh)), 7);
    assert_int_equal(hats_air_degree_of(&air, hats_air_mul(&air, product, drawn)), 4);
    assert_int_equal(hats_air_degree(&air), 1); /* still nothing claimed */
    hats_air_constrain(&air, "product", product);
    assert_int_equal(hats_air_degree(&air), 4);
}

static void powers_are_powers(void **state) {
    (void)state;
    hats_air_begin(&air, "powers", 3);
    hats_air_column(&air, "x");
    hats_air_node x = hats_air_cell(&air, 0);
    assert_int_equal(hats_air_pow(&air, x, 1), x);
    for (unsigned e = 1; e <= 100; e++)
        assert_int_equal(hats_air_degree_of(&air, hats_air_pow(&air, x, e)), e);
}

/* Lookups are of degree 1, so that a helper is of degree 3; acc is of degree 2 for its table, more
 * for its sums, and one more for an odd lookup. */
static void degrees_count_what_the_engine_adds(void **state) {
    (void)state;
    static const unsigned expected[] = {1, 3, 3, 3, 3};
    for (unsigned n = 0; n < HATS_COUNT_OF(expected); n++) {
        hats_air_begin(&air, "lookups", 3);
        unsigned x = hats_air_column(&air, "x"), m = hats_air_column(&air, "m");
        unsigned values = hats_air_fixed_column(&air, counting, 3);
        unsigned tags = hats_air_fixed_column(&air, zeros, 3);
        hats_air_table(&air, values, tags, m);
        for (unsigned i = 0; i < n; i++)
            hats_air_look_up(&air, "x", hats_air_cell(&air, x), i);
        assert_int_equal(hats_air_degree(&air), expected[n]);
        assert_int_equal(hats_air_n_helpers(&air), n / 2);
        assert_int_equal(hats_air_n_constraints_all(&air), (n + 2) / 2 - (n == 0));
        unsigned scalar = hats_air_new_scalar(&air);
        hats_air_sum(&air, "x^4", hats_air_pow(&air, hats_air_cell(&air, x), 4), scalar);
        assert_int_equal(hats_air_degree(&air), 4 + n % 2);
        assert_int_equal(hats_air_n_constraints_all(&air), n / 2 + 1);
    }
}

static void constraints_of_the_engine_are_counted(void **state) {
    (void)state;
    hats_air_begin(&air, "count", 3);
    unsigned x = hats_air_column(&air, "x");
    assert_int_equal(hats_air_n_constraints_all(&air), 0);
    hats_air_constrain(&air, "x", hats_air_cell(&air, x));
    assert_int_equal(hats_air_n_constraints_all(&air), 1);
    hats_air_constrain(&air, "next", hats_air_next(&air, x));
    assert_int_equal(hats_air_n_constraints_all(&air), 3); /* and mu */
}

/* By hand: columns of 20 and 31 coefficients, all others 8. */
static void coefficients_are_counted_as_of_polynomials(void **state) {
    (void)state;
    static const uint32_t columns[] = {20, 31};
    hats_air_begin(&air, "coefficients", 3);
    hats_air_column(&air, "a");
    hats_air_column(&air, "b");
    hats_air_public_column(&air);
    hats_air_weight_column(&air);
    hats_air_new_challenge(&air);
    hats_air_fixed_column(&air, counting, 1);
    hats_air_node a = hats_air_cell(&air, 0), b = hats_air_next(&air, 1);
    hats_air_node fixed = hats_air_fixed(&air, 0), public = hats_air_public(&air, 0);
    hats_air_node weight = hats_air_weight(&air, 0), drawn = hats_air_challenge(&air, 0);
    hats_air_node ab = hats_air_mul(&air, a, b);
    assert_int_equal(hats_air_n_coefficients(&air, hats_air_constant(&air, 7), columns), 1);
    assert_int_equal(hats_air_n_coefficients(&air, drawn, columns), 1);
    assert_int_equal(hats_air_n_coefficients(&air, a, columns), 20);
    assert_int_equal(hats_air_n_coefficients(&air, b, columns), 31);
    assert_int_equal(hats_air_n_coefficients(&air, fixed, columns), 8);
    assert_int_equal(hats_air_n_coefficients(&air, public, columns), 8);
    assert_int_equal(hats_air_n_coefficients(&air, weight, columns), 8);
    assert_int_equal(hats_air_n_coefficients(&air, ab, columns), 50);
    assert_int_equal(hats_air_n_coefficients(&air, hats_air_mul(&air, ab, fixed), columns), 57);
    assert_int_equal(hats_air_n_coefficients(&air, hats_air_mul(&air, ab, drawn), columns), 50);
    assert_int_equal(hats_air_n_coefficients(&air, hats_air_add(&air, a, b), columns), 31);
    assert_int_equal(hats_air_n_coefficients(&air, hats_air_pow(&air, a, 3), columns), 58);
}

/* Every kind of node, and every kind of claim. */
static void build_everything(void) {
    static const uint64_t short_values[2] = {UINT64_C(0x0102030405060708), HATS_P - 1};
    hats_air_begin(&air, "everything", 3);
    unsigned x = hats_air_column(&air, "x"), m = hats_air_column(&air, "m");
    unsigned public = hats_air_public_column(&air), weight = hats_air_weight_column(&air);
    unsigned drawn = hats_air_new_challenge(&air);
    hats_air_new_scalar(&air);
    unsigned scalar = hats_air_new_scalar(&air);
    unsigned shorter = hats_air_fixed_column(&air, short_values, 1);
    unsigned values = hats_air_fixed_column(&air, counting, 3);
    unsigned tags = hats_air_fixed_column(&air, zeros, 3);
    hats_air_table(&air, values, tags, m);
    hats_air_constant(&air, 77); /* which no claim needs */
    hats_air_node c = hats_air_constant(&air, UINT64_C(0x1112131415161718));
    hats_air_node cell = hats_air_cell(&air, x), next = hats_air_next(&air, x);
    hats_air_node fixed = hats_air_fixed(&air, shorter), given = hats_air_public(&air, public);
    hats_air_node w = hats_air_weight(&air, weight), challenge = hats_air_challenge(&air, drawn);
    hats_air_node s = hats_air_scalar(&air, scalar), sum = hats_air_add(&air, cell, next);
    hats_air_constrain(&air, "difference", hats_air_sub(&air, fixed, given));
    hats_air_constrain(&air, "rest", hats_air_mul(&air, hats_air_mul(&air, challenge, s), c));
    hats_air_look_up(&air, "x", cell, UINT32_C(0x01020304));
    hats_air_sum(&air, "s", hats_air_mul(&air, w, sum), scalar);
}

#define E(v) 0, 0, 0, 0, 0, 0, 0, v /* a small element */
/* docs/FORMATS.md, 8.2, by hand. */
static const uint8_t everything[] = {
    'H',  'A',  'T',  'S',  '-',  'A',  'I',  'R',  '-',  '1', 0, 0, 0, 0, 0, 0, /* magic */
    3,                                                                           /* log_n */
    0,    2,    0,    1,    0,    1,    0,    1,    0,    2, /* trace, public, weights .. */
    0,    3,                                                 /* fixed columns */
    1,    1,    2,    3,    4,    5,    6,    7,    8,       /* period 2 */
    0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,             /* p - 1 */
    3,    E(0), E(1), E(2), E(3), E(4), E(5), E(6), E(7),    /* values */
    3,    E(0), E(0), E(0), E(0), E(0), E(0), E(0), E(0),    /* tags */
    0,    13,                                                /* nodes */
    3,    0,    0,                                           /* 0: fixed */
    4,    0,    0,                                           /* 1: public */
    9,    0,    0,    0,    1,                               /* 2: - */
    6,    0,    0,                                           /* 3: challenge */
    7,    0,    1,                                           /* 4: scalar */
    10,   0,    3,    0,    4,                               /* 5: product */
    0,    0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,    /* 6: constant */
    10,   0,    5,    0,    6,                               /* 7: product */
    1,    0,    0,                                           /* 8: cell */
    5,    0,    0,                                           /* 9: weight */
    2,    0,    0,                                           /* 10: next */
    8,    0,    8,    0,    10,                              /* 11: + */
    10,   0,    9,    0,    11,                              /* 12: product */
    0,    2,    0,    2,    0,    7,                         /* constraints */
    0,    1,    0,    8,    1,    2,    3,    4,             /* lookups: node 8, tag */
    0,    1,    0,    12,   0,    1,                         /* sums: node 12, scalar 1 */
    1,    0,    1,    0,    2,    0,    1,                   /* table: fixed 1, fixed 2, column 1 */
};

struct bytes {
    uint8_t data[24 * 1024];
    size_t len_bytes;
};

static void keep(void *ctx, const void *data, size_t len_bytes) {
    struct bytes *b = ctx;
    assert_true(len_bytes <= sizeof b->data - b->len_bytes);
    memcpy(b->data + b->len_bytes, data, len_bytes);
    b->len_bytes += len_bytes;
}

static void bytes_are_those_of_the_format(void **state) {
    (void)state;
    struct bytes got = {.len_bytes = 0};
    build_everything();
    hats_air_serialise(&air, keep, &got);
    assert_int_equal(got.len_bytes, sizeof everything);
    assert_memory_equal(got.data, everything, sizeof everything);
}

static void the_digest_is_that_of_the_bytes(void **state) {
    (void)state;
    /* check: Python's hashlib over the same bytes, put together from the format */
    static const uint8_t expected[HATS_SHA256_LEN] = {
        0x1e, 0x1b, 0x98, 0x78, 0x21, 0x9c, 0x0a, 0x46, 0xb6, 0x69, 0xf7,
        0x05, 0xdd, 0x3c, 0x7c, 0xc3, 0xb7, 0x7d, 0x39, 0x05, 0x89, 0x79,
        0x65, 0x81, 0x3c, 0xd9, 0xd8, 0x66, 0x04, 0xcb, 0x07, 0xa3};
    uint8_t digest[HATS_SHA256_LEN], of_bytes[HATS_SHA256_LEN];
    build_everything();
    hats_air_digest(digest, &air);
    hats_sha256(of_bytes, everything, sizeof everything);
    assert_memory_equal(digest, of_bytes, sizeof digest);
    assert_memory_equal(digest, expected, sizeof digest);
}

static void names_do_not_enter_the_digest_and_claims_do(void **state) {
    (void)state;
    uint8_t before[HATS_SHA256_LEN], after[HATS_SHA256_LEN];
    build_everything();
    hats_air_digest(before, &air);
    air.name = "another";
    air.column_names[0] = "another";
    air.constraints[0].name = "another";
    hats_air_digest(after, &air);
    assert_memory_equal(before, after, sizeof after);
    hats_air_constrain(&air, "one more", air.constraints[0].node);
    hats_air_digest(after, &air);
    assert_memory_not_equal(before, after, sizeof after);
}

/* a (b + 3 c) = b - c, built from the left and from the right. */
static void build_in_order(bool left_first) {
    hats_air_begin(&air, "order", 3);
    for (unsigned i = 0; i < 3; i++)
        hats_air_column(&air, "c");
    hats_air_node a = 0, sum = 0, difference = 0;
    if (left_first)
        a = hats_air_cell(&air, 0);
    else
        difference = hats_air_sub(&air, hats_air_cell(&air, 1), hats_air_cell(&air, 2));
    hats_air_node b = hats_air_cell(&air, 1);
    sum = hats_air_add(&air, b, hats_air_scale(&air, hats_air_cell(&air, 2), 3));
    if (left_first)
        difference = hats_air_sub(&air, hats_air_cell(&air, 1), hats_air_cell(&air, 2));
    else
        a = hats_air_cell(&air, 0);
    hats_air_constrain(&air, "c", hats_air_sub(&air, hats_air_mul(&air, a, sum), difference));
}

static void the_order_of_building_does_not_enter_the_digest(void **state) {
    (void)state;
    uint8_t left[HATS_SHA256_LEN], right[HATS_SHA256_LEN];
    build_in_order(true);
    assert_int_equal(air.nodes[0].a, 0);
    hats_air_digest(left, &air);
    build_in_order(false);
    assert_int_not_equal(air.nodes[0].a, 0); /* not the same system in memory */
    hats_air_digest(right, &air);
    assert_memory_equal(left, right, sizeof left);
}

/* The longest walk there can be. */
static void a_system_of_the_most_nodes_has_a_digest(void **state) {
    (void)state;
    static struct bytes got;
    uint8_t digest[HATS_SHA256_LEN], again[HATS_SHA256_LEN];
    hats_air_begin(&air, "most", 3);
    hats_air_node node = hats_air_cell(&air, hats_air_column(&air, "x"));
    while (air.n_nodes < HATS_AIR_MAX_NODES)
        node = hats_air_add(&air, node, node);
    hats_air_constrain(&air, "deep", node);
    assert_int_equal(air.n_nodes, HATS_AIR_MAX_NODES);
    hats_air_serialise(&air, keep, &got);
    assert_int_equal(got.len_bytes, 16 + 1 + 6 * 2 + 2 + 3 + 4095 * 5 + 2 + 2 + 2 + 2 + 1);
    hats_air_digest(digest, &air);
    hats_sha256(again, got.data, got.len_bytes);
    assert_memory_equal(digest, again, sizeof digest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_nodes_are_built_once),
        cmocka_unit_test(a_node_is_over_k_when_a_leaf_is),
        cmocka_unit_test(only_columns_of_a_next_are_read_in_the_next_row),
        cmocka_unit_test(degrees_count_columns_of_every_kind),
        cmocka_unit_test(powers_are_powers),
        cmocka_unit_test(degrees_count_what_the_engine_adds),
        cmocka_unit_test(constraints_of_the_engine_are_counted),
        cmocka_unit_test(coefficients_are_counted_as_of_polynomials),
        cmocka_unit_test(bytes_are_those_of_the_format),
        cmocka_unit_test(the_digest_is_that_of_the_bytes),
        cmocka_unit_test(names_do_not_enter_the_digest_and_claims_do),
        cmocka_unit_test(the_order_of_building_does_not_enter_the_digest),
        cmocka_unit_test(a_system_of_the_most_nodes_has_a_digest),
    };
    return cmocka_run_group_tests_name("air", tests, NULL, NULL);
}
