/* No cell of the table is idle by accident. A cell is alive if changing it alone is noticed; the cells that
 * are not are listed here, by what they are, and are the only ones.
 *
 * What is linear is noticed if its weight is not 0, which is checked for every cell under random
 * challenges; the rest is tried with the row checker, in rows drawn at random in every part of every column. */
#include "world.h"

#include "base/arena.h"
#include "statements/encryption_internal.h"

#include <stdlib.h>

static struct hats_encryption_unit units[300];

static bool is_zero(struct hats_fp3 x) { return hats_fp3_equal(x, hats_fp3_from_fp(0)) == 1; }

/* Is there a unit that clips beside this cell of R? */
static bool beside_a_clip(const struct world *w, uint32_t cell) {
    const struct hats_encryption_setup *s = w->setup;
    for (uint32_t r = 0; r < w->n_records; r++)
        for (uint32_t k = 0; k < s->input.n_units; k++) {
            uint32_t first = hats_encryption_box_cell(s, r, k);
            if (s->units[k].clip && cell >= first && cell < first + 2u * s->cells[k].width)
                return true;
        }
    return false;
}

/* Does this row of this triple belong to a permutation, and if it absorbs, to an element? */
static bool is_sbox(const struct world *w, unsigned triple, uint32_t row, bool *is_element) {
    const struct hats_encryption_layout *l = &w->setup->layout;
    uint32_t a_triple = hats_encryption_permutations_a_triple(l);
    uint32_t place = row % HATS_ENCRYPTION_PERMUTATION_ROWS;
    uint32_t p = triple * a_triple + row / HATS_ENCRYPTION_PERMUTATION_ROWS;
    if (row / HATS_ENCRYPTION_PERMUTATION_ROWS >= a_triple || p >= w->n_records * l->n_permutations)
        return false;
    *is_element = place < HATS_STARK_RPO_RATE;
    return !*is_element || p % l->n_permutations * HATS_STARK_RPO_RATE + place < l->n_elements;
}

static void every_weight(const struct world *w) {
    const struct hats_encryption_layout *l = &w->setup->layout;
    struct hats_fp3 *weights =
        hats_alloc_array((size_t)w->setup->air.n_weights * N, sizeof *weights);
    struct hats_fp3 challenges[2], total;
    assert_non_null(weights);
    assert_int_equal(world_weights(w, weights, challenges, &total, NULL), HATS_OK);
    for (uint32_t row = 0; row < N; row++) {
        assert_false(is_zero(weights[row]));     /* s */
        assert_false(is_zero(weights[N + row])); /* e0, e */
    }
    const struct hats_fp3 *r = weights + 2 * N, *q = r + (size_t)l->n_r * N;
    for (uint32_t cell = 0; cell < l->n_r * N; cell++)
        assert_int_equal(is_zero(r[cell]), cell >= l->n_cells);
    for (uint32_t cell = 0; cell < l->n_q * N; cell++)
        assert_int_equal(is_zero(q[cell]), !beside_a_clip(w, cell));
    for (unsigned t = 0; t < l->n_s; t++) {
        const struct hats_fp3 *x = q + (size_t)(l->n_q + 2 * t) * N, *z = x + N;
        for (uint32_t row = 0; row < N; row++) {
            bool is_element = false, used = is_sbox(w, t, row, &is_element);
            /* Of the last output only the digest is read; z decides such an x, as 7 does not divide p - 1. */
            assert_int_equal(is_zero(is_element ? x[row] : z[row]), !used);
            assert_true(used || is_zero(x[row]));
        }
    }
    hats_free(weights);
}

/* A random other value in a random row of every column, and one near by. */
static void every_column(const struct world *w, unsigned n_tries) {
    const struct hats_encryption_layout *l = &w->setup->layout;
    for (unsigned c = 0; c < w->setup->air.n_columns; c++)
        for (unsigned i = 0; i < n_tries; i++) {
            uint32_t row = (uint32_t)(world_u64() % N);
            uint64_t *cell = world_cell(w, c, row), before = *cell;
            bool is_q = c >= l->q && c < l->q + l->n_q;
            uint32_t beside = (c - l->q) * N + row;
            bool free = is_q && *world_digit(w, beside) == 0 && !beside_a_clip(w, beside);
            *cell = i % 2 == 0 ? hats_fp_add(before, 1) : hats_fp_add(before, 1 + world_u64() % 7);
            if (world_is_refused(w) == free)
                fail_msg("column %u (%s), row %u: %s", c, w->setup->air.column_names[c], row,
                         free ? "noticed" : "not noticed");
            *cell = before;
        }
    world_accepts(w);
}

/* Every cell of R that is in use, with another digit and its multiplicities; a few at a time. */
static void digits_with_their_multiplicities(const struct world *w, unsigned n_tries) {
    const struct hats_encryption_layout *l = &w->setup->layout;
    for (unsigned i = 0; i < n_tries; i++) {
        uint64_t *cell = world_digit(w, (uint32_t)(world_u64() % l->n_cells)), before = *cell;
        world_replace(w, cell, (int64_t)(before ^ (1 + world_u64() % 2047)), false);
        assert_true(world_is_refused(w));
        world_replace(w, cell, (int64_t)before, false);
    }
    for (unsigned i = 0; i < n_tries; i++) {
        uint64_t *cell = world_cell(w, 1 + (unsigned)(world_u64() % (1 + l->n_ct)),
                                    (uint32_t)(world_u64() % N)),
                 before = *cell;
        int64_t value = before > HATS_P / 2 ? (int64_t)(before - HATS_P) : (int64_t)before;
        world_replace(w, cell, -value + (value == 0), true); /* the sum of squares as before */
        assert_true(world_is_refused(w));
        world_replace(w, cell, value, true);
    }
    world_accepts(w);
}

/* The cells that say nothing: spare digits, Q where no clip is, S-boxes of no permutation, and elements
 * after the salt, which count as 0 whatever they hold. */
static void cells_that_are_free(const struct world *w) {
    const struct hats_encryption_layout *l = &w->setup->layout;
    world_replace(w, world_digit(w, l->n_cells), 5, false);
    world_replace(w, world_digit(w, l->n_r * N - 1), 2047, false);
    if (l->n_q > 0)
        *world_cell(w, l->q, l->n_cells + 2) = world_u64() % HATS_P;
    world_accepts(w);
    for (unsigned t = 0; t < l->n_s; t++)
        for (uint32_t row = 0; row < N; row++) {
            bool is_element;
            if (!is_sbox(w, t, row, &is_element))
                world_sbox(w, l->x + 3 * t, row, world_u64() % HATS_P);
        }
    world_accepts(w);
}

static void whole(const struct hats_encryption_input *input, uint32_t n_records) {
    struct world w;
    world_make(&w, input, n_records, HATS_STARK_TEST);
    world_random_records(&w);
    world_finish(&w);
    every_weight(&w);
    every_column(&w, 3);
    digits_with_their_multiplicities(&w, 6);
    cells_that_are_free(&w);
    world_clear(&w);
}

static void a_clinical_record(void **state) {
    (void)state;
    const struct hats_encryption_input input = world_clinical_input(units, 30);
    whole(&input, 1);
}

static void some_clinical_records(void **state) {
    (void)state;
    const struct hats_encryption_input input = world_clinical_input(units, 30);
    whole(&input, 5);
}

static void wide_boxes_and_units_of_every_kind(void **state) {
    (void)state;
    struct hats_encryption_input input = world_clinical_input(units, 12);
    units[1].lo = -2047; /* two digits */
    units[1].hi = 2047;
    units[2].clip = false; /* never outside */
    units[2].a = 1;
    units[3].a = INT64_C(1) << 28; /* no rho */
    units[3].b = 0;
    units[4] = units[3];
    units[4].field = 4;
    units[4].clip = false;
    units[4].lo = -15000; /* two digits, a copy */
    units[4].hi = 15000;
    whole(&input, 1);
}

static void packed_features(void **state) {
    (void)state;
    const struct hats_encryption_input input =
        world_box_input(units, 257, 100, -15, 15, HATS_SOURCE_FEATURES);
    whole(&input, 2);
}

static void features_alone(void **state) {
    (void)state;
    const struct hats_encryption_input input =
        world_box_input(units, 30, 30, -3000, 70000, HATS_SOURCE_NONE);
    whole(&input, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clinical_record),
        cmocka_unit_test(some_clinical_records),
        cmocka_unit_test(wide_boxes_and_units_of_every_kind),
        cmocka_unit_test(packed_features),
        cmocka_unit_test(features_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
