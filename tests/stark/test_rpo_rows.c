#include "stark/rpo_rows.h"

#include "field/values.h"
#include "stark/air_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LOG_N_MAX 11
#define MOST 70 /* elements hashed */

/* Four columns: the S-boxes, and d, from which inputs are read. One sum over all of them. */
enum { X, Y, Z, D, COLUMNS };

static struct values v;
static struct hats_air air;
static size_t n_rows;
static uint64_t cells[COLUMNS << LOG_N_MAX], *column[COLUMNS];
static struct hats_fp3 weights[3 << LOG_N_MAX]; /* of x, z, d */
static struct hats_stark_rpo_sum sum;
static struct hats_fp3 *d_weights;

static struct hats_fp3 element(void) {
    return (struct hats_fp3){{values_element(&v), values_element(&v), values_element(&v)}};
}

static void begin(unsigned log_n) {
    hats_air_begin(&air, "rpo", log_n);
    for (unsigned c = 0; c < COLUMNS; c++)
        hats_air_column(&air, "c");
    hats_stark_rpo_rows_constrain(&air, X, Y, Z);
    static const unsigned weighed[3] = {X, Z, D};
    hats_air_node term = hats_air_constant(&air, 0);
    for (unsigned i = 0; i < 3; i++)
        term = hats_air_add(&air, term,
                            hats_air_mul(&air, hats_air_weight(&air, hats_air_weight_column(&air)),
                                         hats_air_cell(&air, weighed[i])));
    hats_air_sum(&air, "linear", term, hats_air_new_scalar(&air));
    n_rows = (size_t)1 << log_n;
    memset(cells, 0, sizeof cells);
    memset(weights, 0, sizeof weights);
    for (unsigned c = 0; c < COLUMNS; c++)
        column[c] = cells + c * n_rows;
    d_weights = weights + 2 * n_rows;
    sum = (struct hats_stark_rpo_sum){
        .x = weights,
        .z = weights + n_rows,
        .power = element(),
        .ratio = element(),
    };
    sum.power.c[2] = 1; /* neither is an edge by chance */
    sum.ratio.c[1] = 2;
}

static bool holds(void) {
    struct hats_air_rows rows = {.trace = cells, .weights = weights, .scalars = &sum.total};
    hats_status s = hats_air_check(&air, &rows, NULL);
    assert_true(s == HATS_OK || s == HATS_E_VERIFY);
    return s == HATS_OK;
}

static struct hats_stark_rpo_term cell_of_d(size_t row) {
    return (struct hats_stark_rpo_term){.weights = d_weights, .row = row, .coefficient = 1};
}

/* term = value */
static void equate(const struct hats_stark_rpo_term *term, uint64_t value) {
    hats_stark_rpo_rows_relate(&sum, &(struct hats_stark_rpo_form){term, 1, hats_fp_neg(value)});
}

static struct hats_stark_rpo_term terms[MOST];
static struct hats_stark_rpo_form forms[MOST];

/* n elements in column d from row 0 on, hashed in rows from first_row on; the relations say so. */
static void hash_d(struct hats_stark_rpo_term term[HATS_STARK_RPO_DIGEST],
                   uint64_t digest[HATS_STARK_RPO_DIGEST], size_t first_row, uint64_t domain,
                   size_t n) {
    for (size_t i = 0; i < n; i++) {
        terms[i] = cell_of_d(i);
        forms[i] = (struct hats_stark_rpo_form){.terms = &terms[i], .n_terms = 1};
    }
    hats_stark_rpo_rows_hash(column[X] + first_row, column[Y] + first_row, column[Z] + first_row,
                             digest, domain, column[D], n);
    hats_stark_rpo_rows_weigh_hash(&sum, term, first_row, domain, forms, n);
}

static void rows_hash_as_the_hash_does(void **state) {
    (void)state;
    uint64_t digest[HATS_STARK_RPO_DIGEST], expected[HATS_STARK_RPO_DIGEST];
    struct hats_stark_rpo_term term[HATS_STARK_RPO_DIGEST];
    for (size_t n = 1; n <= MOST; n++) {
        unsigned log_n = 8;
        while ((size_t)1 << log_n < hats_stark_rpo_rows_of(n))
            log_n++;
        begin(log_n);
        uint64_t domain = n % 3;
        for (size_t i = 0; i < n; i++)
            column[D][i] = values_element(&v);
        hash_d(term, digest, 0, domain, n);
        hats_stark_rpo_hash(expected, domain, column[D], n);
        assert_memory_equal(digest, expected, sizeof digest);
        for (unsigned i = 0; i < HATS_STARK_RPO_DIGEST; i++) {
            assert_true(column[X][term[i].row] == expected[i]);
            equate(&term[i], expected[i]);
        }
        assert_true(holds());
    }
}

static void rows_end_where_they_say(void **state) {
    (void)state;
    uint64_t digest[HATS_STARK_RPO_DIGEST];
    struct hats_stark_rpo_term term[HATS_STARK_RPO_DIGEST];
    assert_int_equal(HATS_STARK_RPO_ROWS, 168);
    assert_int_equal(hats_stark_rpo_rows_of(1), 168);
    assert_int_equal(hats_stark_rpo_rows_of(8), 168);
    assert_int_equal(hats_stark_rpo_rows_of(9), 336);
    begin(9);
    for (unsigned c = 0; c < 3; c++)
        for (size_t j = 0; j < n_rows; j++)
            column[c][j] = 77;
    struct hats_fp3 power = sum.power;
    hash_d(term, digest, 5, 0, 9);
    for (unsigned c = 0; c < 3; c++)
        for (size_t j = 0; j < n_rows; j++)
            assert_true((column[c][j] == 77) == (j < 5 || j >= 5 + 336));
    for (unsigned i = 0; i < 336; i++) /* a power for each relation */
        power = hats_fp3_mul(power, sum.ratio);
    assert_memory_equal(&power, &sum.power, sizeof power);
}

/* Digests of 0 1 .. 7 and of 0 1 .. 18 [miden-crypto, rpo/tests.rs]. */
static void digests_are_the_published_ones(void **state) {
    (void)state;
    static const uint64_t published[2][HATS_STARK_RPO_DIGEST] = {
        {UINT64_C(2242391899857912644), UINT64_C(12689382052053305418),
         UINT64_C(235236990017815546), UINT64_C(5046143039268215739)},
        {UINT64_C(13205273108219124830), UINT64_C(2524898486192849221),
         UINT64_C(14618764355375283547), UINT64_C(10615614265042186874)},
    };
    uint64_t digest[HATS_STARK_RPO_DIGEST];
    struct hats_stark_rpo_term term[HATS_STARK_RPO_DIGEST];
    for (unsigned k = 0; k < 2; k++) {
        size_t n = k == 0 ? 8 : 19;
        begin(9);
        for (size_t i = 0; i < n; i++)
            column[D][i] = i;
        hash_d(term, digest, 0, 0, n);
        for (unsigned i = 0; i < HATS_STARK_RPO_DIGEST; i++)
            equate(&term[i], published[k][i]);
        assert_true(holds());
        assert_memory_equal(digest, published[k], sizeof digest);
    }
}

static void another_digest_domain_or_length_does_not_hold(void **state) {
    (void)state;
    uint64_t digest[HATS_STARK_RPO_DIGEST];
    struct hats_stark_rpo_term term[HATS_STARK_RPO_DIGEST];
    for (unsigned i = 0; i < HATS_STARK_RPO_DIGEST; i++) {
        begin(9);
        column[D][0] = 5;
        hash_d(term, digest, 0, 1, 9);
        equate(&term[i], hats_fp_add(digest[i], 1));
        assert_false(holds());
    }
    for (unsigned domain = 0; domain < 3; domain++)
        for (size_t n = 9; n <= 11; n++) { /* the digest of 9 under domain 1; d is 0 from 1 on */
            begin(9);
            column[D][0] = 5;
            hash_d(term, digest, 0, domain, n);
            hats_stark_rpo_rows_hash(column[X], column[Y], column[Z], digest, 1, column[D], 9);
            assert_true(holds() == (domain == 1 && n == 9));
        }
}

static void one_permutation(void) {
    uint64_t digest[HATS_STARK_RPO_DIGEST];
    struct hats_stark_rpo_term term[HATS_STARK_RPO_DIGEST];
    begin(8);
    for (size_t i = 0; i < 8; i++)
        column[D][i] = values_word(&v) % HATS_P;
    hash_d(term, digest, 40, 0, 8);
}

static void every_cell_of_an_s_box_is_constrained(void **state) {
    (void)state;
    one_permutation();
    assert_true(holds());
    for (unsigned c = X; c <= Z; c++)
        for (size_t j = 40; j < 40 + HATS_STARK_RPO_ROWS; j++) {
            uint64_t honest = column[c][j];
            column[c][j] = hats_fp_add(honest, 1 + values_word(&v) % 5);
            assert_false(holds());
            column[c][j] = honest;
        }
    for (size_t j = 0; j < 8; j++) { /* and what goes in */
        uint64_t honest = column[D][j];
        column[D][j] = hats_fp_add(honest, 1);
        assert_false(holds());
        column[D][j] = honest;
    }
    assert_true(holds());
}

/* -y has the same square: z = y^2 x alone does not see it. */
static void a_cube_is_not_its_negative(void **state) {
    (void)state;
    one_permutation();
    for (size_t j = 40; j < 40 + HATS_STARK_RPO_ROWS; j++) {
        column[Y][j] = hats_fp_neg(column[Y][j]);
        assert_false(holds());
        column[Y][j] = hats_fp_neg(column[Y][j]);
    }
    assert_true(holds());
}

static void set_s_box(size_t row, uint64_t x) {
    column[X][row] = x;
    column[Y][row] = hats_fp_pow(x, 3);
    column[Z][row] = hats_fp_pow(x, 7);
}

static void every_s_box_is_tied_to_the_others(void **state) {
    (void)state;
    one_permutation();
    for (size_t j = 40; j < 40 + HATS_STARK_RPO_ROWS; j++) {
        uint64_t honest = column[X][j];
        set_s_box(j, hats_fp_add(honest, 1));
        assert_false(holds());
        set_s_box(j, honest);
    }
    assert_true(holds());
}

/* The permutation with one S-box that takes, or gives, one more than it should, and all after it
 * computed as it should be: a single relation, or a single constraint, is broken. */
static void permute_with_a_fault(unsigned s_box, bool input_too) {
    /* check: 7 * 10540996611094048183 = 4 (p - 1) + 1 */
    const uint64_t root = UINT64_C(10540996611094048183);
    uint64_t s[HATS_STARK_RPO_WIDTH] = {0}, mixed[HATS_STARK_RPO_WIDTH];
    memcpy(s + 4, column[D], 8 * sizeof *s);
    for (unsigned k = 0; k < 14; k++) {
        hats_stark_rpo_half_round(s, mixed, k / 2, k % 2);
        for (unsigned i = 0; i < 12; i++) {
            size_t row = 40 + 12 * k + i;
            if (12 * k + i == s_box) {
                mixed[i] = hats_fp_add(mixed[i], input_too ? 1 : 0);
                s[i] = hats_fp_add(hats_fp_pow(mixed[i], k % 2 == 0 ? 7 : root), input_too ? 0 : 1);
            }
            column[X][row] = k % 2 == 0 ? mixed[i] : s[i];
            column[Y][row] = hats_fp_pow(column[X][row], 3);
            column[Z][row] = k % 2 == 0 ? s[i] : mixed[i];
        }
    }
}

static void every_relation_is_there(void **state) {
    (void)state;
    one_permutation();
    for (unsigned s_box = 0; s_box <= HATS_STARK_RPO_ROWS; s_box++) { /* the last: no fault */
        permute_with_a_fault(s_box, true);
        assert_true(holds() == (s_box == HATS_STARK_RPO_ROWS));
    }
}

static void every_s_box_is_a_seventh_power(void **state) {
    (void)state;
    one_permutation();
    for (unsigned s_box = 0; s_box <= HATS_STARK_RPO_ROWS; s_box++) {
        permute_with_a_fault(s_box, false);
        assert_true(holds() == (s_box == HATS_STARK_RPO_ROWS));
    }
}

/* Errors of opposite sign in two relations do not make up for each other. */
static void each_relation_has_its_own_power(void **state) {
    (void)state;
    struct hats_stark_rpo_term one;
    for (uint64_t by = 0; by < 3; by++) {
        begin(3);
        column[D][1] = 5 + by;
        column[D][2] = 5 - by;
        one = cell_of_d(1);
        equate(&one, 5);
        one = cell_of_d(2);
        equate(&one, 5);
        assert_true(holds() == (by == 0));
    }
}

/* A tree of two leaves of different lengths in any rows; the node takes the leaves' cells as they
 * are. */
static void digests_are_hashed_again_without_a_copy(void **state) {
    (void)state;
    uint64_t both[8], root[HATS_STARK_RPO_DIGEST], expected[HATS_STARK_RPO_DIGEST];
    struct hats_stark_rpo_term leaves[8], node[HATS_STARK_RPO_DIGEST];
    struct hats_stark_rpo_form children[8];
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        begin(11);
        for (size_t i = 0; i < 11; i++)
            column[D][i] = values_element(&v);
        hash_d(leaves, both, 1000, 7, 3);
        hash_d(leaves + 4, both + 4, 300, 7, 11);
        for (unsigned i = 0; i < 8; i++)
            children[wrong == 0 ? i : 7 - i] =
                (struct hats_stark_rpo_form){.terms = &leaves[i], .n_terms = 1};
        hats_stark_rpo_rows_hash(column[X], column[Y], column[Z], root, 9, both, 8);
        hats_stark_rpo_rows_weigh_hash(&sum, node, 0, 9, children, 8);
        assert_true(holds() == (wrong == 0));
        hats_stark_rpo_merge(expected, 9, both, both + 4);
        assert_memory_equal(root, expected, sizeof root);
    }
}

/* Three fields of 20 bits in an element, and a constant: 1 + d0 + 2^20 d1 + 2^40 d2. */
static void packed_fields_are_hashed_as_they_are(void **state) {
    (void)state;
    static const uint64_t fields[3] = {0xfffff, 0, 0x12345};
    struct hats_stark_rpo_term packed[3], digest_terms[HATS_STARK_RPO_DIGEST];
    struct hats_stark_rpo_form in[2] = {{packed, 3, 1}, {NULL, 0, 99}};
    uint64_t elements[2] = {1, 99}, digest[HATS_STARK_RPO_DIGEST];
    begin(8);
    for (unsigned i = 0; i < 3; i++) {
        column[D][200 + i] = fields[i];
        packed[i] = cell_of_d(200 + i);
        packed[i].coefficient = UINT64_C(1) << 20 * i;
        elements[0] += fields[i] << 20 * i;
    }
    hats_stark_rpo_rows_hash(column[X], column[Y], column[Z], digest, 0, elements, 2);
    hats_stark_rpo_rows_weigh_hash(&sum, digest_terms, 0, 0, in, 2);
    assert_true(holds());
    column[D][201] = 1;
    column[D][200] = 0xfffff - 1; /* another sum */
    assert_false(holds());
}

int main(void) {
    v = values_from_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hash_as_the_hash_does),
        cmocka_unit_test(rows_end_where_they_say),
        cmocka_unit_test(digests_are_the_published_ones),
        cmocka_unit_test(another_digest_domain_or_length_does_not_hold),
        cmocka_unit_test(every_cell_of_an_s_box_is_constrained),
        cmocka_unit_test(a_cube_is_not_its_negative),
        cmocka_unit_test(every_s_box_is_tied_to_the_others),
        cmocka_unit_test(every_relation_is_there),
        cmocka_unit_test(every_s_box_is_a_seventh_power),
        cmocka_unit_test(each_relation_has_its_own_power),
        cmocka_unit_test(digests_are_hashed_again_without_a_copy),
        cmocka_unit_test(packed_fields_are_hashed_as_they_are),
    };
    return cmocka_run_group_tests_name("rpo_rows", tests, NULL, NULL);
}
