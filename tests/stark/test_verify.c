/* The verifier: proofs of many shapes hold, and whatever is changed in a proof, in its statement or in the
 * trace behind it is refused for the reason that it should be. */
#include "stark/verify.h"

#include "stark/proof_view.h"
#include "stark/prove.h"
#include "systems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct proven {
    struct systems all;
    struct hats_buffer proof;
    void *storage;
    struct hats_arena arena;
};

static struct hats_error err;

static void prove(struct proven *p, const uint64_t *const *trace) {
    const uint8_t coins[HATS_STARK_COINS_LEN] = {1, 2, 3};
    hats_buffer_init(&p->proof, p->all.setup.proof_max_bytes);
    if (hats_stark_prove(&p->proof, &p->all.statement, trace, coins, NULL, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static void begin(struct proven *p, const char *kind, unsigned log_n, unsigned columns) {
    memset(p, 0, sizeof *p);
    p->all.n = 1;
    p->all.at[0] = system_new(kind, log_n, columns, 7);
    assert_non_null(p->all.at[0]);
}

static void add(struct proven *p, const char *kind, unsigned log_n, unsigned columns) {
    p->all.at[p->all.n] = system_new(kind, log_n, columns, 8);
    assert_non_null(p->all.at[p->all.n++]);
}

static void init(struct proven *p, unsigned suite) {
    if (systems_init(&p->all, suite, &err) != HATS_OK)
        fail_msg("%s", err.text);
    p->storage = malloc(p->all.setup.scratch_bytes);
    assert_non_null(p->storage);
    hats_arena_init(&p->arena, p->storage, p->all.setup.scratch_bytes);
}

static void end(struct proven *p) {
    for (unsigned t = 0; t < p->all.n; t++)
        system_free(p->all.at[t]);
    hats_buffer_clear(&p->proof);
    free(p->storage);
}

/* A proof of a small table with lookups, sums, public and weight columns; its first tree has salts. */
static void begin_small(struct proven *p) {
    begin(p, "mixed", 5, 0);
    init(p, HATS_STARK_TEST);
    prove(p, p->all.trace);
}

static enum hats_stark_refusal verify(struct proven *p, const uint8_t *proof, size_t len) {
    enum hats_stark_refusal refusal = HATS_STARK_REFUSAL_COUNT;
    hats_status s = hats_stark_verify(&p->all.statement, proof, len, &p->arena, &refusal, &err);
    assert_int_equal(s == HATS_OK, refusal == HATS_STARK_ACCEPTED);
    assert_int_equal(p->arena.used, 0);
    return refusal;
}

static enum hats_stark_refusal verify_own(struct proven *p) {
    return verify(p, p->proof.data, p->proof.len);
}

#define assert_refusal(p, expected) \
    assert_string_equal(hats_stark_refusal_name(p), hats_stark_refusal_name(expected))

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
        if (log_n > 3)
            shape(HATS_STARK_TEST, "power7", log_n, 3);
    }
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

/* Where the parts of a proof begin and end, as offsets. */
struct part {
    const char *name;
    size_t begin, end;
    unsigned reasons; /* bit r: refusal r may be the answer to a change in it */
};

#define REASON(r) (1u << HATS_STARK_R_##r)
#define REASONS_ROWS (REASON(TREE) | REASON(CANONICAL))
#define REASONS_COUNTS (REASON(LENGTH) | REASON(OPENINGS) | REASON(CANONICAL))
/* What comes before the positions: other positions, other work. */
#define REASONS_LATE (REASON(WORK) | REASON(OPENINGS) | REASON(TREE))

static size_t parts_of_opening(struct part *parts, size_t n, const struct hats_stark_opening *o,
                               const uint8_t *base) {
    size_t leaves = (size_t)(o->leaves - base), path = (size_t)(o->path - base);
    size_t path_end = path + (size_t)o->n_path * HATS_SHA256_LEN;
    parts[n++] = (struct part){"leaves", leaves, path, REASONS_ROWS};
    parts[n++] = (struct part){"path", path, path_end, REASON(TREE)};
    return n;
}

static size_t parts_of(struct part *parts, const uint8_t *data, size_t len) {
    struct hats_stark_proof v;
    struct hats_reader r = hats_reader_of(data, len);
    assert_int_equal(hats_stark_read_header(&v, &r), HATS_STARK_ACCEPTED);
    size_t header = (size_t)(r.at - data), n = 0, tables = 19 + (size_t)33 * v.n_tables;
    assert_int_equal(hats_stark_read_body(&v, &r), HATS_STARK_ACCEPTED);
    size_t opened = (size_t)(v.opened - data), layers = (size_t)(v.layer_roots - data);
    size_t final = (size_t)(v.final_polynomial - data), nonce = (size_t)(v.nonce - data);
    unsigned late = REASONS_LATE;
    parts[n++] = (struct part){"tag", 0, 16, REASON(HEADER)};
    parts[n++] = (struct part){"suite", 16, 18, REASON(SUITE)};
    parts[n++] = (struct part){"tables", 18, tables, REASON(TABLES)};
    parts[n++] = (struct part){"sizes", tables, header, REASON(SHAPE)};
    parts[n++] = (struct part){"salt and roots", header, opened, REASON(CONSTRAINTS)};
    parts[n++] = (struct part){"opened", opened, layers, REASON(CONSTRAINTS) | REASON(CANONICAL)};
    parts[n++] = (struct part){"layer roots", layers, final, late};
    parts[n++] = (struct part){"final", final, nonce, late | REASON(CANONICAL)};
    parts[n++] = (struct part){"nonce", nonce, nonce + 8, late};
    for (unsigned i = 0; i < v.n_trees; i++)
        n = parts_of_opening(parts, n, &v.trees[i], data);
    for (unsigned l = 0; l < v.n_folds; l++)
        n = parts_of_opening(parts, n, &v.layers[l], data);
    return n;
}

/* The counts before each opening belong to no part above. */
static const struct part *part_at(const struct part *parts, size_t n, size_t offset) {
    static const struct part counts = {"counts", 0, 0, REASONS_COUNTS};
    for (size_t i = 0; i < n; i++)
        if (offset >= parts[i].begin && offset < parts[i].end)
            return &parts[i];
    return &counts;
}

static void check_every_byte(struct proven *p, uint8_t flip) {
    struct part parts[40];
    size_t n_parts = parts_of(parts, p->proof.data, p->proof.len);
    for (size_t i = 0; i < p->proof.len; i++) {
        const struct part *part = part_at(parts, n_parts, i);
        p->proof.data[i] ^= flip;
        enum hats_stark_refusal refusal = verify_own(p);
        p->proof.data[i] ^= flip;
        if (refusal == HATS_STARK_ACCEPTED || (part->reasons >> refusal & 1) == 0)
            fail_msg("byte %zu (%s) ^ %02x: %s", i, part->name, flip,
                     hats_stark_refusal_name(refusal));
    }
}

static void no_byte_of_a_proof_can_change(void **state) {
    (void)state;
    static const uint8_t flips[] = {0x01, 0x80};
    for (size_t i = 0; i < HATS_COUNT_OF(flips); i++) {
        struct proven p;
        begin_small(&p);
        check_every_byte(&p, flips[i]);
        end(&p);
    }
}

/* Two layers, two tables, salts in the first tree of one, mu in the other. */
static void no_byte_can_change_in_proofs_of_other_shapes(void **state) {
    (void)state;
    struct proven p;
    begin(&p, "squares", 10, 2);
    init(&p, HATS_STARK_TEST);
    prove(&p, p.all.trace);
    assert_true(p.all.setup.salted[HATS_STARK_TREE_TRACE]);
    assert_true(p.all.setup.n_folds >= 2);
    check_every_byte(&p, 0x04);
    end(&p);
    begin(&p, "fibonacci", 6, 0);
    add(&p, "power7", 4, 2);
    init(&p, HATS_STARK_TEST);
    prove(&p, p.all.trace);
    check_every_byte(&p, 0x20);
    end(&p);
}

static void a_proof_has_one_length(void **state) {
    (void)state;
    struct proven p;
    begin_small(&p);
    for (size_t len = 0; len < p.proof.len; len++) {
        /* A buffer of exactly this length, for the sanitizers. */
        uint8_t *cut = malloc(len + 1);
        memcpy(cut + 1, p.proof.data, len);
        assert_refusal(verify(&p, cut + 1, len), HATS_STARK_R_LENGTH);
        free(cut);
    }
    for (size_t more = 1; more <= 64; more++) {
        uint8_t *longer = calloc(1, p.proof.len + more);
        memcpy(longer, p.proof.data, p.proof.len);
        assert_refusal(verify(&p, longer, p.proof.len + more), HATS_STARK_R_LENGTH);
        free(longer);
    }
    assert_refusal(verify(&p, NULL, 0), HATS_STARK_R_LENGTH);
    end(&p);
}

/* Offsets of all field elements of a proof; the result is how many. */
static size_t elements_of(size_t *out, const uint8_t *data, size_t len) {
    struct hats_stark_proof v;
    struct hats_reader r = hats_reader_of(data, len);
    size_t n = 0;
    assert_int_equal(hats_stark_read_header(&v, &r), HATS_STARK_ACCEPTED);
    assert_int_equal(hats_stark_read_body(&v, &r), HATS_STARK_ACCEPTED);
    for (size_t i = 0; i < 3 * (size_t)v.n_opened; i++)
        out[n++] = (size_t)(v.opened - data) + 8 * i;
    for (size_t i = 0; i < 3 * (size_t)v.final_len; i++)
        out[n++] = (size_t)(v.final_polynomial - data) + 8 * i;
    for (unsigned t = 0; t < v.n_trees + v.n_folds; t++) {
        bool tree = t < v.n_trees;
        const struct hats_stark_opening *o = tree ? &v.trees[t] : &v.layers[t - v.n_trees];
        size_t salt = tree && v.salted[t] ? HATS_MERKLE_SALT_LEN : 0;
        for (size_t leaf = 0; leaf < o->n_leaves; leaf++)
            for (size_t at = salt; at < o->leaf_len_bytes; at += 8)
                out[n++] = (size_t)(o->leaves - data) + leaf * o->leaf_len_bytes + at;
    }
    return n;
}

static void elements_of_p_or_more_are_refused_everywhere(void **state) {
    (void)state;
    struct proven p;
    begin_small(&p);
    size_t *at = malloc(p.proof.len * sizeof *at);
    size_t n = elements_of(at, p.proof.data, p.proof.len);
    assert_true(n > 3 * (size_t)(p.all.setup.n_opened + p.all.setup.final_len));
    for (size_t i = 0; i < n; i++) {
        uint8_t *element = p.proof.data + at[i], kept[8];
        memcpy(kept, element, sizeof kept);
        hats_store_be64(element, HATS_P);
        assert_refusal(verify_own(&p), HATS_STARK_R_CANONICAL);
        hats_store_be64(element, UINT64_MAX);
        assert_refusal(verify_own(&p), HATS_STARK_R_CANONICAL);
        memcpy(element, kept, sizeof kept);
    }
    assert_refusal(verify_own(&p), HATS_STARK_ACCEPTED);
    free(at);
    end(&p);
}

/* Every value of every byte of the header. */
static void a_header_has_one_right_value(void **state) {
    (void)state;
    struct proven p;
    struct part parts[40];
    begin_small(&p);
    size_t n_parts = parts_of(parts, p.proof.data, p.proof.len);
    for (size_t i = 0; i < parts[3].end; i++) {
        uint8_t kept = p.proof.data[i];
        for (unsigned value = 0; value < 256; value++) {
            p.proof.data[i] = (uint8_t)value;
            enum hats_stark_refusal refusal = verify_own(&p);
            if (value == kept)
                assert_refusal(refusal, HATS_STARK_ACCEPTED);
            else
                assert_true((part_at(parts, n_parts, i)->reasons >> refusal & 1) != 0);
        }
        p.proof.data[i] = kept;
    }
    end(&p);
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
        cmocka_unit_test(no_byte_of_a_proof_can_change),
        cmocka_unit_test(no_byte_can_change_in_proofs_of_other_shapes),
        cmocka_unit_test(a_proof_has_one_length),
        cmocka_unit_test(elements_of_p_or_more_are_refused_everywhere),
        cmocka_unit_test(a_header_has_one_right_value),
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
