/* The verifier: proofs of many shapes hold, and hold for their statement, suite and trace alone. */
#include "proven.h"

#include <stdio.h>

static void shape(unsigned suite, const char *kind, unsigned log_n, unsigned columns) {
    struct proven p;
    begin(&p, kind, log_n, columns);
    init(&p, suite);
    prove(&p, p.all.trace);
    enum hats_stark_refusal refusal = verify_own(&p);
    if (refusal != HATS_STARK_ACCEPTED)
        fail_msg("%s of 2^%u rows, suite %u: %s", kind, log_n, suite, err.text);
    assert_in_range(p.proof.len, 1, p.all.setup.proof_max_bytes);
    end(&p);
}

static void proofs_of_many_shapes_hold(void **state) {
    (void)state;
    for (unsigned log_n = 3; log_n <= 12; log_n++) {
        shape(HATS_STARK_TEST, "squares", log_n, 2);
        shape(HATS_STARK_TEST, "squares", log_n, 9);
        shape(HATS_STARK_TEST, "fibonacci", log_n, 0);
        shape(HATS_STARK_TEST, "mixed", log_n, 0);
        shape(HATS_STARK_TEST, "power7", log_n, 3);
    }
    shape(HATS_STARK_S128, "mixed", 3, 0); /* masks much longer than the table */
    shape(HATS_STARK_S128, "mixed", 8, 0);
    shape(HATS_STARK_S128, "fibonacci", 11, 0);
    shape(HATS_STARK_S128_SMALL, "mixed", 9, 0);
    shape(HATS_STARK_S128_SESSION, "power7", 8, 12);
    shape(HATS_STARK_UDR128, "mixed", 8, 0);
}

static void several_tables_share_a_proof(void **state) {
    (void)state;
    static const unsigned suites[] = {HATS_STARK_TEST, HATS_STARK_S128};
    for (size_t i = 0; i < HATS_COUNT_OF(suites); i++) {
        struct proven p;
        begin(&p, "mixed", 7, 0);
        add(&p, "fibonacci", 7, 0);
        add(&p, "squares", 5, 3);
        add(&p, "mixed", 6, 0);
        init(&p, suites[i]);
        prove(&p, p.all.trace);
        assert_refusal(verify_own(&p), HATS_STARK_ACCEPTED);
        /* The same tables in another order are another statement. */
        struct system *swapped = p.all.at[0];
        p.all.at[0] = p.all.at[1];
        p.all.at[1] = swapped;
        assert_int_equal(systems_init(&p.all, suites[i], &err), HATS_OK);
        assert_refusal(verify_own(&p), HATS_STARK_R_TABLES);
        end(&p);
    }
}

static void a_proof_holds_for_its_statement_alone(void **state) {
    (void)state;
    struct proven p, q;
    begin_small(&p);
    for (size_t i = 0; i < p.all.statement.public_len_bytes; i++) {
        p.all.public_bytes[i] ^= 1;
        assert_refusal(verify_own(&p), HATS_STARK_R_CONSTRAINTS);
        p.all.public_bytes[i] ^= 1;
    }
    p.all.statement.public_len_bytes--;
    assert_refusal(verify_own(&p), HATS_STARK_R_CONSTRAINTS);
    p.all.statement.public_len_bytes++;
    p.all.at[0]->public_column[3] ^= 1;
    assert_refusal(verify_own(&p), HATS_STARK_R_CONSTRAINTS);
    p.all.at[0]->public_column[3] ^= 1;
    assert_refusal(verify_own(&p), HATS_STARK_ACCEPTED);

    /* Another system of the same shape: one constant differs. */
    begin(&q, "power7", 5, 3);
    init(&q, HATS_STARK_TEST);
    prove(&q, q.all.trace);
    assert_refusal(verify_own(&q), HATS_STARK_ACCEPTED);
    assert_refusal(verify(&p, q.proof.data, q.proof.len), HATS_STARK_R_TABLES);
    struct hats_air *air = &q.all.at[0]->air;
    for (unsigned i = 0; i < air->n_nodes; i++)
        if (air->nodes[i].op == HATS_AIR_CONSTANT)
            air->nodes[i].constant++;
    assert_int_equal(systems_init(&q.all, HATS_STARK_TEST, &err), HATS_OK);
    assert_refusal(verify_own(&q), HATS_STARK_R_TABLES);
    end(&p);
    end(&q);
}

static void a_proof_holds_for_its_suite_alone(void **state) {
    (void)state;
    struct proven p;
    begin(&p, "mixed", 6, 0);
    init(&p, HATS_STARK_TEST);
    prove(&p, p.all.trace);
    assert_int_equal(systems_init(&p.all, HATS_STARK_S128, &err), HATS_OK);
    assert_refusal(verify_own(&p), HATS_STARK_R_SUITE);
    /* And with the number of the suite changed, the sizes are not those of that suite. */
    hats_store_be16(p.proof.data + 16, HATS_STARK_S128);
    assert_refusal(verify_own(&p), HATS_STARK_R_SHAPE);
    end(&p);
}

static hats_status try_prove(struct proven *p, const struct hats_stark_setup *setup,
                             const uint64_t *const *trace) {
    const uint8_t coins[HATS_STARK_COINS_LEN] = {3};
    struct hats_stark_statement statement = p->all.statement;
    statement.setup = setup;
    hats_buffer_clear(&p->proof);
    hats_buffer_init(&p->proof, p->all.setup.proof_max_bytes);
    return hats_stark_prove(&p->proof, &statement, trace, coins, NULL, &err);
}

/* Each cell of a trace in turn is wrong: the honest prover has nothing to prove. */
static void no_cell_of_a_trace_can_change(void **state) {
    (void)state;
    static const char *const kinds[] = {"squares", "fibonacci", "mixed", "power7"};
    for (size_t k = 0; k < HATS_COUNT_OF(kinds); k++) {
        struct proven p;
        begin(&p, kinds[k], 4, 3);
        init(&p, HATS_STARK_TEST);
        size_t n = (size_t)p.all.setup.table[0].n_columns << 4;
        uint64_t *trace = p.all.at[0]->trace, *wrong = malloc(n * sizeof *wrong);
        const uint64_t *traces[] = {wrong};
        for (size_t i = 0; i < n; i++) {
            memcpy(wrong, trace, n * sizeof *wrong);
            wrong[i] = hats_fp_add(wrong[i], 1 + i);
            assert_int_equal(try_prove(&p, &p.all.setup, traces), HATS_E_VERIFY);
        }
        free(wrong);
        end(&p);
    }
}

/* A prover whose constraints all say 0 = 0, under the digest and with the sizes of the true system: with a
 * true trace the quotient is missing, with a wrong one there is none. */
static void a_prover_of_less_is_refused(void **state) {
    (void)state;
    static const char *const kinds[] = {"squares", "fibonacci", "power7"};
    struct hats_air *weak = malloc(sizeof *weak);
    for (size_t k = 0; k < HATS_COUNT_OF(kinds); k++) {
        struct proven p;
        begin(&p, kinds[k], 4, 3);
        init(&p, HATS_STARK_TEST);
        struct hats_stark_setup setup = p.all.setup;
        *weak = p.all.at[0]->air;
        hats_air_node cell = hats_air_cell(weak, 0), zero = hats_air_sub(weak, cell, cell);
        for (unsigned i = 0; i < weak->n_constraints; i++)
            weak->constraints[i].node = (uint16_t)zero;
        setup.table[0].air = weak;
        size_t n = (size_t)p.all.setup.table[0].n_columns << 4;
        uint64_t *wrong = malloc(n * sizeof *wrong);
        const uint64_t *traces[] = {wrong};
        for (size_t i = 0; i < n; i++) {
            memcpy(wrong, p.all.at[0]->trace, n * sizeof *wrong);
            wrong[i] = hats_fp_add(wrong[i], 1 + i);
            assert_int_equal(try_prove(&p, &setup, traces), HATS_OK);
            assert_refusal(verify_own(&p), HATS_STARK_R_CONSTRAINTS);
        }
        /* One constraint less, on a true trace. */
        for (unsigned i = 0; i < weak->n_constraints; i++)
            weak->constraints[i].node = p.all.at[0]->air.constraints[i].node;
        assert_int_equal(try_prove(&p, &setup, p.all.trace), HATS_OK);
        assert_refusal(verify_own(&p), HATS_STARK_ACCEPTED);
        weak->constraints[0].node = (uint16_t)zero;
        assert_int_equal(try_prove(&p, &setup, p.all.trace), HATS_OK);
        assert_refusal(verify_own(&p), HATS_STARK_R_CONSTRAINTS);
        free(wrong);
        end(&p);
    }
    free(weak);
}

/* What the statement gives, given differently by prover and verifier. */
static const struct hats_stark_statement *told;

static uint32_t other_weights(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                              unsigned c, struct hats_fp3 *out) {
    uint32_t n = told->weight_column(ctx, challenges, t, c, out);
    out[n - 1].c[2] ^= 1;
    return n;
}

static uint32_t fewer_weights(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                              unsigned c, struct hats_fp3 *out) {
    return told->weight_column(ctx, challenges, t, c, out) - 1;
}

static void other_scalars(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                          struct hats_fp3 *out) {
    told->scalars(ctx, challenges, t, out);
    out[1].c[0] = hats_fp_add(out[1].c[0], 1);
}

static uint32_t other_publics(const void *ctx, unsigned t, unsigned c, uint64_t *out) {
    uint32_t n = told->public_column(ctx, t, c, out);
    out[0] = hats_fp_add(out[0], 1);
    return n;
}

static void what_the_statement_gives_is_part_of_it(void **state) {
    (void)state;
    struct proven p;
    begin_small(&p);
    struct hats_stark_statement true_statement = p.all.statement;
    told = &true_statement;
    p.all.statement.weight_column = other_weights;
    assert_refusal(verify_own(&p), HATS_STARK_R_CONSTRAINTS);
    p.all.statement.weight_column = fewer_weights;
    assert_refusal(verify_own(&p), HATS_STARK_R_CONSTRAINTS);
    p.all.statement = true_statement;
    p.all.statement.scalars = other_scalars;
    assert_refusal(verify_own(&p), HATS_STARK_R_CONSTRAINTS);
    p.all.statement = true_statement;
    p.all.statement.public_column = other_publics;
    assert_refusal(verify_own(&p), HATS_STARK_R_CONSTRAINTS);
    p.all.statement = true_statement;
    assert_refusal(verify_own(&p), HATS_STARK_ACCEPTED);
    end(&p);
}

static void the_arena_is_bounded_as_stated(void **state) {
    (void)state;
    struct proven p;
    begin_small(&p);
    size_t most = p.all.setup.scratch_bytes, enough = 0;
    uint8_t *storage = malloc(most + 64);
    for (size_t len = 0; len <= most; len += len < most - 512 ? 61 : 1) {
        hats_arena_init(&p.arena, storage + 1, len);
        enum hats_stark_refusal refusal = verify_own(&p);
        if (refusal == HATS_STARK_ACCEPTED) {
            enough = len;
            break;
        }
        assert_refusal(refusal, HATS_STARK_R_MEMORY);
        assert_int_equal(err.status, HATS_E_MEMORY);
    }
    printf("# %zu bytes stated, %zu enough\n", most, enough);
    assert_in_range(enough, most - 128, most);
    for (size_t shift = 0; shift < 64; shift++) {
        hats_arena_init(&p.arena, storage + shift, most);
        assert_refusal(verify_own(&p), HATS_STARK_ACCEPTED);
    }
    free(storage);
    end(&p);
}

static void an_arena_in_use_is_left_as_it_was(void **state) {
    (void)state;
    struct proven p;
    begin_small(&p);
    size_t len = p.all.setup.scratch_bytes + 256;
    uint8_t *storage = malloc(len);
    hats_arena_init(&p.arena, storage, len);
    uint8_t *own = hats_arena_alloc(&p.arena, 100);
    memset(own, 0xa5, 100);
    size_t used = p.arena.used;
    assert_int_equal(
        hats_stark_verify(&p.all.statement, p.proof.data, p.proof.len, &p.arena, NULL, NULL),
        HATS_OK);
    assert_int_equal(p.arena.used, used);
    for (int i = 0; i < 100; i++)
        assert_int_equal(own[i], 0xa5);
    free(storage);
    end(&p);
}

static void refusals_have_names_and_texts(void **state) {
    (void)state;
    struct proven p;
    begin_small(&p);
    for (unsigned r = 0; r < HATS_STARK_REFUSAL_COUNT; r++)
        for (unsigned other = 0; other < r; other++)
            assert_string_not_equal(hats_stark_refusal_name((enum hats_stark_refusal)r),
                                    hats_stark_refusal_name((enum hats_stark_refusal)other));
    p.proof.data[17] ^= 3;
    memset(&err, 0, sizeof err);
    assert_refusal(verify_own(&p), HATS_STARK_R_SUITE);
    assert_int_equal(err.status, HATS_E_VERSION);
    assert_non_null(strstr(err.text, "suite 252 where 255 is asked for"));
    end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_of_many_shapes_hold),
        cmocka_unit_test(several_tables_share_a_proof),
        cmocka_unit_test(a_proof_holds_for_its_statement_alone),
        cmocka_unit_test(a_proof_holds_for_its_suite_alone),
        cmocka_unit_test(no_cell_of_a_trace_can_change),
        cmocka_unit_test(a_prover_of_less_is_refused),
        cmocka_unit_test(what_the_statement_gives_is_part_of_it),
        cmocka_unit_test(the_arena_is_bounded_as_stated),
        cmocka_unit_test(an_arena_in_use_is_left_as_it_was),
        cmocka_unit_test(refusals_have_names_and_texts),
    };
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
