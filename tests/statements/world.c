#include "world.h"

#include "base/arena.h"
#include "base/random.h"
#include "ring/kernels.h"
#include "ring/sample.h"
#include "stark/air_check.h"
#include "statements/encryption_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

uint64_t world_u64(void) {
    static bool seeded;
    if (!seeded) {
        const char *wish = getenv("HATS_TEST_SEED");
        state = wish != NULL ? strtoull(wish, NULL, 0) : hats_now_ms();
        printf("# HATS_TEST_SEED=%llu\n", (unsigned long long)state);
        seeded = true;
    }
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int64_t world_between(int64_t lo, int64_t hi) {
    return lo + (int64_t)(world_u64() % (uint64_t)(hi - lo + 1));
}

void world_bytes(void *out, size_t len_bytes) {
    for (size_t i = 0; i < len_bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)world_u64();
}

/* ---- ring ---- */

void world_product(uint64_t out[N], const uint64_t a[N], const int8_t s[N]) {
    static _Alignas(64) uint64_t a_hat[N], s_hat[N];
    const struct hats_ntt *ntt = hats_ntt_shared(12);
    memcpy(a_hat, a, sizeof a_hat);
    for (size_t i = 0; i < N; i++)
        s_hat[i] = hats_fp_from_i64(s[i]);
    hats_ntt_forward(ntt, a_hat);
    hats_ntt_forward(ntt, s_hat);
    hats_field_kernels()->mul(a_hat, a_hat, s_hat, N);
    hats_ntt_inverse(ntt, a_hat);
    memcpy(out, a_hat, sizeof a_hat);
}

void world_expand(uint64_t a[N], const uint8_t seed[32]) {
    static _Alignas(64) uint64_t room[N];
    uint8_t prefix[40] = "HATS-a";
    memcpy(prefix + 6, seed, 32);
    hats_ring_uniform(room, N, prefix, sizeof prefix);
    memcpy(a, room, sizeof room);
}

void world_a0(uint64_t a0[N]) {
    static _Alignas(64) uint64_t room[N];
    uint8_t prefix[13] = "HATS-a0";
    hats_store_le32(prefix + 7, N);
    hats_ring_uniform(room, N, prefix, sizeof prefix);
    memcpy(a0, room, sizeof room);
}

void world_ternary(int8_t s[N]) {
    uint8_t seed[32];
    world_bytes(seed, sizeof seed);
    hats_ring_ternary(s, N, seed, sizeof seed);
}

void world_noise(int8_t e[N]) {
    uint8_t seed[32];
    world_bytes(seed, sizeof seed);
    hats_ring_cbd21(e, N, seed, sizeof seed);
}

/* ---- the world ---- */

static void *storage(size_t n, size_t size) {
    void *p = hats_alloc_array(n > 0 ? n : 1, size);
    assert_non_null(p);
    return p;
}

void world_make(struct world *w, const struct hats_encryption_input *input, uint32_t n_records,
                unsigned suite) {
    struct hats_error err = {0};
    memset(w, 0, sizeof *w);
    if (hats_encryption_setup_new(&w->setup, suite, input, n_records, &err) != HATS_OK)
        fail_msg("%s", err.text);
    w->input = *input;
    w->n_records = n_records;
    w->n_ct = hats_encryption_n_ciphertexts(w->setup);
    w->n_in = w->n_ct / n_records;
    w->delta = (HATS_P - 1) >> input->log_t;
    w->s = storage(N, 1);
    w->e0 = storage(N, 1);
    w->e = storage(w->n_ct, N);
    w->x = storage((size_t)n_records * input->d, sizeof *w->x);
    w->fields = storage((size_t)n_records * input->n_fields, sizeof *w->fields);
    w->salts = storage(n_records, sizeof *w->salts);
    w->commitments = storage(n_records, sizeof *w->commitments);
    w->b0 = storage(N, 8);
    w->c0 = storage((size_t)w->n_ct * N, 8);
    w->ciphertexts = storage(w->n_ct, sizeof *w->ciphertexts);
    w->trace = storage(hats_encryption_trace_words(w->setup), sizeof *w->trace);
    world_ternary(w->s);
    world_noise(w->e0);
    for (uint32_t c = 0; c < w->n_ct; c++) {
        world_noise(w->e + (size_t)c * N);
        world_bytes(w->ciphertexts[c].seed, 32);
        w->ciphertexts[c].c0 = w->c0 + (size_t)c * N * 8;
    }
    for (uint32_t r = 0; r < n_records; r++)
        for (unsigned i = 0; i < HATS_ENCRYPTION_SALT; i++)
            w->salts[r][i] = world_u64() % HATS_P;
    w->pub = (struct hats_encryption_public){
        .setup = w->setup,
        .b0 = w->b0,
        .ciphertexts = w->ciphertexts,
        .commitments = input->source != HATS_SOURCE_NONE
                           ? (const uint64_t(*)[HATS_STARK_RPO_DIGEST])w->commitments
                           : NULL,
    };
    world_bytes(w->pub.ctx, sizeof w->pub.ctx);
    w->witness = (struct hats_encryption_witness){
        .s = w->s,
        .e0 = w->e0,
        .e = w->e,
        .x = w->x,
        .fields = w->fields,
        .salts = (const uint64_t(*)[HATS_ENCRYPTION_SALT])w->salts,
    };
}

void world_clear(struct world *w) {
    hats_encryption_setup_free(w->setup);
    hats_free(w->s);
    hats_free(w->e0);
    hats_free(w->e);
    hats_free(w->x);
    hats_free(w->fields);
    hats_free(w->salts);
    hats_free(w->commitments);
    hats_free(w->b0);
    hats_free(w->c0);
    hats_free(w->ciphertexts);
    hats_free(w->trace);
}

void world_commit(struct world *w) {
    struct hats_error err = {0};
    for (uint32_t r = 0; r < w->n_records; r++) {
        const int64_t *fields = w->fields + (size_t)r * w->input.n_fields;
        int32_t *x = w->x + (size_t)r * w->input.d;
        if (w->input.source == HATS_SOURCE_FIELDS &&
            hats_encryption_apply(x, w->setup, fields, &err) != HATS_OK)
            fail_msg("%s", err.text);
        if (w->input.source != HATS_SOURCE_NONE)
            hats_encryption_commit(w->commitments[r], w->setup, fields, x, w->salts[r]);
    }
}

void world_encrypt(struct world *w) {
    uint64_t *a = storage(N, sizeof *a), *c = storage(N, sizeof *c);
    world_a0(a);
    world_product(c, a, w->s);
    for (size_t i = 0; i < N; i++)
        c[i] = hats_fp_sub(hats_fp_from_i64(w->e0[i]), c[i]);
    hats_ring_kernels()->store_be(w->b0, c, N);
    for (uint32_t k = 0; k < w->n_ct; k++) {
        uint32_t first = k % w->n_in * w->input.block;
        const int32_t *x = w->x + (size_t)(k / w->n_in) * w->input.d;
        world_expand(a, w->ciphertexts[k].seed);
        world_product(c, a, w->s);
        for (uint32_t i = 0; i < N; i++) {
            c[i] = hats_fp_sub(hats_fp_from_i64(w->e[(size_t)k * N + i]), c[i]);
            if (i < w->input.block && first + i < w->input.d)
                c[i] = hats_fp_add(c[i], hats_fp_mul(w->delta, hats_fp_from_i64(x[first + i])));
        }
        hats_ring_kernels()->store_be(w->c0 + (size_t)k * N * 8, c, N);
    }
    hats_free(a);
    hats_free(c);
}

void world_finish(struct world *w) {
    struct hats_error err = {0};
    world_commit(w);
    world_encrypt(w);
    if (hats_encryption_fill(w->trace, w->setup, &w->witness, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

/* ---- verdicts ---- */

hats_status world_weights(const struct world *w, struct hats_fp3 *weights,
                          struct hats_fp3 challenges[2], struct hats_fp3 *total,
                          struct hats_error *err) {
    struct hats_encryption_work work;
    struct hats_arena arena;
    size_t len = hats_encryption_work_bytes(w->setup);
    void *memory = storage(len, 1);
    hats_arena_init(&arena, memory, len);
    hats_status s = hats_encryption_work_init(&work, &arena, &w->pub, err);
    if (s == HATS_OK) {
        const struct hats_stark_statement *st = &work.statement;
        for (unsigned i = 0; i < 6; i++)
            challenges[i / 3].c[i % 3] = world_u64() % HATS_P;
        for (unsigned c = 0; c < w->setup->air.n_weights; c++) {
            struct hats_fp3 *out = weights + (size_t)c * N;
            uint32_t n = st->weight_column(st->ctx, challenges, 0, c, out);
            memset(out + n, 0, (N - n) * sizeof *out);
        }
        st->scalars(st->ctx, challenges, 0, total);
        hats_encryption_work_clear(&work);
    }
    hats_free(memory);
    return s;
}

hats_status world_check(const struct world *w, struct hats_error *err) {
    const struct hats_air *air = &w->setup->air;
    struct hats_fp3 *weights = storage((size_t)air->n_weights * N, sizeof *weights);
    struct hats_fp3 challenges[2], total;
    hats_status s = world_weights(w, weights, challenges, &total, err);
    if (s == HATS_OK)
        s = hats_air_check(air,
                           &(struct hats_air_rows){
                               .trace = w->trace,
                               .weights = weights,
                               .challenges = challenges,
                               .scalars = &total,
                           },
                           err);
    hats_free(weights);
    return s;
}

void world_accepts(const struct world *w) {
    struct hats_error err = {0};
    if (world_check(w, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

void world_refuses(const struct world *w, const char *part) {
    struct hats_error err = {0};
    if (world_check(w, &err) == HATS_OK)
        fail_msg("accepted; expected: %s", part);
    if (strstr(err.text, part) == NULL)
        fail_msg("refused, but for \"%s\" and not for \"%s\"", err.text, part);
}

bool world_is_refused(const struct world *w) {
    struct hats_error err = {0};
    return world_check(w, &err) == HATS_E_VERIFY;
}

/* ---- inputs ---- */

struct hats_encryption_input world_box_input(struct hats_encryption_unit *units, uint32_t d,
                                             uint32_t block, int32_t lo, int32_t hi,
                                             enum hats_encryption_source source) {
    for (uint32_t k = 0; k < d; k++)
        units[k] = (struct hats_encryption_unit){.lo = lo, .hi = hi};
    return (struct hats_encryption_input){
        .set_id = SET,
        .log_t = 20,
        .d = d,
        .block = block,
        .source = source,
        .n_units = d,
        .units = units,
    };
}

struct hats_encryption_input world_clinical_input(struct hats_encryption_unit *units, uint32_t d) {
    for (uint32_t k = 0; k < d; k++)
        units[k] = (struct hats_encryption_unit){
            .lo = -127,
            .hi = 127,
            .clip = true,
            .field = k,
            .a = world_between(1 << 21, 1 << 22),
            .b = world_between(-(1 << 30), 1 << 30),
        };
    return (struct hats_encryption_input){
        .set_id = SET,
        .log_t = 20,
        .d = d,
        .block = d,
        .source = HATS_SOURCE_FIELDS,
        .n_fields = d,
        .n_units = d,
        .units = units,
    };
}

void world_random_records(struct world *w) {
    for (uint32_t r = 0; r < w->n_records; r++) {
        for (uint32_t f = 0; f < w->input.n_fields; f++)
            w->fields[(size_t)r * w->input.n_fields + f] = world_between(-15000, 15000);
        for (uint32_t j = 0; j < w->input.d && w->input.n_fields == 0; j++)
            w->x[(size_t)r * w->input.d + j] =
                (int32_t)world_between(w->input.units[j].lo, w->input.units[j].hi);
    }
}

/* ---- the trace ---- */

uint64_t *world_cell(const struct world *w, unsigned column, uint32_t row) {
    return w->trace + (size_t)column * N + row;
}

uint64_t *world_digit(const struct world *w, uint32_t cell) {
    return world_cell(w, w->setup->layout.r, 0) + cell;
}

/* The row of the table with this value. */
static uint64_t *multiplicity(const struct world *w, int64_t value, bool is_noise) {
    uint32_t row = (uint32_t)value;
    if (is_noise)
        row = (uint32_t)(HATS_ENCRYPTION_DIGITS + value + HATS_LINEAR_NOISE_MAX);
    return world_cell(w, w->setup->layout.multiplicities, row);
}

void world_replace(const struct world *w, uint64_t *cell, int64_t value, bool is_noise) {
    int64_t before = *cell > HATS_P / 2 ? (int64_t)(*cell - HATS_P) : (int64_t)*cell;
    uint64_t *from = multiplicity(w, before, is_noise), *to = multiplicity(w, value, is_noise);
    *from = hats_fp_sub(*from, 1);
    *to = hats_fp_add(*to, 1);
    *cell = hats_fp_from_i64(value);
}

void world_replace_noise(const struct world *w, unsigned column, const int8_t e[N]) {
    const struct hats_encryption_layout *l = &w->setup->layout;
    uint32_t number = column == 1 ? l->n_ct : column - l->e;
    uint64_t slack = hats_noise_slack(e, N);
    for (uint32_t j = 0; j < N; j++)
        world_replace(w, world_cell(w, column, j), e[j], true);
    for (unsigned i = 0; i < HATS_ENCRYPTION_SLACK_CELLS; i++)
        world_replace(w, world_digit(w, l->slack_at + HATS_ENCRYPTION_SLACK_CELLS * number + i),
                      (int64_t)(slack >> (HATS_ENCRYPTION_DIGIT_BITS * i)) & 2047, false);
}

void world_sbox(const struct world *w, unsigned x, uint32_t row, uint64_t input) {
    uint64_t cube = hats_fp_mul(hats_fp_mul(input, input), input);
    *world_cell(w, x, row) = input;
    *world_cell(w, x + 1, row) = cube;
    *world_cell(w, x + 2, row) = hats_fp_mul(hats_fp_mul(cube, cube), input);
}

/* ---- proofs ---- */

/* The system without the constraint of that name: 0 = 0 stands in its place. */
static void drop(struct hats_air *air, const char *name) {
    uint16_t zero = (uint16_t)hats_air_constant(air, 0);
    for (unsigned i = 0; i < air->n_constraints; i++)
        if (name != NULL && strcmp(air->constraints[i].name, name) == 0)
            air->constraints[i].node = zero;
}

hats_status world_try_prove(const struct world *w, const struct world *weights, const char *lacking,
                            struct hats_buffer *proof) {
    struct hats_air *air = storage(1, sizeof *air);
    struct hats_stark_setup setup = w->setup->stark;
    struct hats_encryption_work work, other;
    struct hats_arena arena;
    uint8_t coins[HATS_STARK_COINS_LEN];
    size_t len = 2 * hats_encryption_work_bytes(w->setup);
    void *memory = storage(len, 1);
    const uint64_t *tables[1] = {w->trace};
    world_bytes(coins, sizeof coins);
    hats_arena_init(&arena, memory, len);
    hats_buffer_init(proof, hats_encryption_setup_stark(w->setup)->proof_max_bytes);
    assert_int_equal(hats_encryption_work_init(&work, &arena, &w->pub, NULL), HATS_OK);
    assert_int_equal(hats_encryption_work_init(&other, &arena, &weights->pub, NULL), HATS_OK);
    work.statement.ctx = other.statement.ctx;
    *air = w->setup->air;
    drop(air, lacking);
    setup.table[0].air = air;
    work.statement.setup = &setup;
    hats_status s = hats_stark_prove(proof, &work.statement, tables, coins, NULL, NULL);
    hats_encryption_work_clear(&other);
    hats_encryption_work_clear(&work);
    hats_free(memory);
    hats_free(air);
    return s;
}

void world_prove(const struct world *w, struct hats_buffer *proof) {
    assert_int_equal(world_try_prove(w, w, NULL, proof), HATS_OK);
}

hats_status world_verify(const struct hats_encryption_public *pub, const uint8_t *proof, size_t len,
                         struct hats_error *err) {
    struct hats_arena arena;
    size_t room = hats_encryption_scratch_bytes(pub->setup);
    void *memory = storage(room, 1);
    hats_arena_init(&arena, memory, room);
    hats_status s = hats_encryption_verify(pub, proof, len, &arena, NULL, err);
    assert_int_equal(arena.used, 0);
    hats_free(memory);
    return s;
}
