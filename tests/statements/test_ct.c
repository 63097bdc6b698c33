/* In the build made with -Dct=true, run under valgrind by tools/run-ct: keys, noise, records and salts are
 * secret while tables are filled, commitments made and fields turned into features. */
#include "world.h"

#include "base/arena.h"
#include "base/ct.h"
#include "statements/key_prove.h"
#include "statements/rns_prove.h"

static void hide(struct world *w) {
    HATS_SECRET(w->s, N);
    HATS_SECRET(w->e0, N);
    HATS_SECRET(w->e, (size_t)w->n_ct * N);
    HATS_SECRET(w->x, (size_t)w->n_records * w->input.d * sizeof *w->x);
    HATS_SECRET(w->fields, (size_t)w->n_records * w->input.n_fields * sizeof *w->fields);
    HATS_SECRET(w->salts, w->n_records * sizeof *w->salts);
}

static void tables_are_filled_without_a_decision(void **state) {
    (void)state;
    struct hats_encryption_unit units[30];
    for (unsigned i = 0; i < 2; i++) {
        const struct hats_encryption_input input =
            i == 0 ? world_clinical_input(units, 30)
                   : world_box_input(units, 30, 20, -15, 3000, HATS_SOURCE_FEATURES);
        struct world w;
        world_make(&w, &input, 2, HATS_STARK_TEST);
        world_random_records(&w);
        hide(&w);
        world_commit(&w);
        HATS_PUBLIC(w.commitments, w.n_records * sizeof *w.commitments);
        assert_int_equal(hats_encryption_fill(w.trace, w.setup, &w.witness, NULL), HATS_OK);
        HATS_PUBLIC(w.trace, hats_encryption_trace_words(w.setup) * sizeof *w.trace);
        world_clear(&w);
    }
}

static void a_refused_record_tells_nothing_else(void **state) {
    (void)state;
    struct hats_encryption_unit units[30];
    const struct hats_encryption_input input =
        world_box_input(units, 30, 30, -15, 15, HATS_SOURCE_NONE);
    struct world w;
    world_make(&w, &input, 1, HATS_STARK_TEST);
    w.x[3] = 16;
    hide(&w);
    assert_int_equal(hats_encryption_fill(w.trace, w.setup, &w.witness, NULL), HATS_E_RANGE);
    world_clear(&w);
}

static void keys(void **state) {
    (void)state;
    struct hats_key_setup *setup;
    int8_t *s = hats_alloc(N), *e0 = hats_alloc(N);
    assert_int_equal(hats_key_setup_new(&setup, HATS_STARK_TEST, SET, NULL), HATS_OK);
    uint64_t *trace = hats_alloc_array(hats_key_trace_words(setup), sizeof *trace);
    assert_true(s != NULL && e0 != NULL && trace != NULL);
    world_ternary(s);
    world_noise(e0);
    HATS_SECRET(s, N);
    HATS_SECRET(e0, N);
    assert_int_equal(hats_key_fill(trace, setup, s, e0, NULL), HATS_OK);
    hats_key_setup_free(setup);
    hats_free(trace);
    hats_free(e0);
    hats_free(s);
}

/* Of ciphertexts that are another's, too: only that they are is told. */
static void several_moduli(void **state) {
    (void)state;
    const struct hats_rns_shape shape = {
        .log_n = 13,
        .n_limbs = 2,
        .q = {281474976317441, HATS_P},
        .tau = 1,
        .plain_bits = 20,
        .n_ct = 1,
    };
    enum { M = 8192 };
    struct hats_rns_setup *setup;
    assert_int_equal(hats_rns_setup_new(&setup, HATS_STARK_TEST, &shape, NULL), HATS_OK);
    int8_t *small = hats_alloc((size_t)3 * M);
    int64_t *m = hats_alloc_array(M, sizeof *m);
    uint64_t *words = hats_alloc_array((size_t)5 * M, sizeof *words);
    uint64_t *trace = hats_alloc_array(hats_rns_trace_words(setup), sizeof *trace);
    assert_true(small != NULL && m != NULL && words != NULL && trace != NULL);
    for (size_t i = 0; i < (size_t)5 * M; i++)
        words[i] = world_u64() % shape.q[0];
    for (size_t i = 0; i < (size_t)3 * M; i++)
        small[i] = (int8_t)world_between(-1, 1);
    const struct hats_rns_public pub = {
        .setup = setup, .b0 = words, .a = words + M, .c = words + (size_t)3 * M};
    const struct hats_rns_witness witness = {
        .s = small, .e0 = small + M, .e = small + (size_t)2 * M, .m = m};
    HATS_SECRET(small, (size_t)3 * M);
    HATS_SECRET(m, M * sizeof *m);
    assert_int_equal(hats_rns_fill(trace, &pub, &witness, NULL), HATS_E_RANGE);
    hats_rns_setup_free(setup);
    hats_free(trace);
    hats_free(words);
    hats_free(m);
    hats_free(small);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_filled_without_a_decision),
        cmocka_unit_test(a_refused_record_tells_nothing_else),
        cmocka_unit_test(keys),
        cmocka_unit_test(several_moduli),
    };
    return cmocka_run_group_tests_name("ct", tests, NULL, NULL);
}
