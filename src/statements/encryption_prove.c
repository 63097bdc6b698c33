#include "statements/encryption_prove.h"

#include "base/arena.h"
#include "base/ct.h"
#include "ring/kernels.h"
#include "statements/digits.h"
#include "statements/encryption_internal.h"

struct filler {
    const struct hats_encryption_setup *setup;
    const struct hats_encryption_witness *witness;
    uint64_t *trace;
    uint64_t bad;
};

static uint64_t *column(const struct filler *f, unsigned c) {
    return f->trace + (size_t)c * f->setup->layout.n;
}

/* Cell i of the R columns, and of the Q columns: they stand one after the other. */
static uint64_t *cell_of(const struct filler *f, unsigned first_column, uint32_t i) {
    return column(f, first_column) + i;
}

static void put_digits(struct filler *f, uint32_t cell, unsigned n, uint64_t value) {
    uint64_t *r = cell_of(f, f->setup->layout.r, cell);
    for (unsigned i = 0; i < n; i++)
        r[i] = value >> (HATS_ENCRYPTION_DIGIT_BITS * i) & (HATS_ENCRYPTION_DIGITS - 1);
}

/* ---- noise ---- */

/* sum e^2 - S as two digits, which it fits in for all but very unlikely noise. */
static void put_slack(struct filler *f, uint32_t number, const int8_t *e) {
    const struct hats_encryption_layout *l = &f->setup->layout;
    uint64_t slack = hats_noise_slack(e, l->n);
    f->bad |= (uint64_t)(slack >> HATS_NOISE_WINDOW_BITS(l->log_n) != 0);
    put_digits(f, l->slack_at + HATS_ENCRYPTION_SLACK_CELLS * number, HATS_ENCRYPTION_SLACK_CELLS,
               slack);
}

static void fill_noise(struct filler *f) {
    const struct hats_encryption_layout *l = &f->setup->layout;
    const struct hats_ring_kernels *ring = hats_ring_kernels();
    ring->from_small(column(f, 0), f->witness->s, l->n);
    ring->from_small(column(f, 1), f->witness->e0, l->n);
    for (uint32_t c = 0; c < l->n_ct; c++) {
        const int8_t *e = f->witness->e + (size_t)c * l->n;
        ring->from_small(column(f, l->e + c), e, l->n);
        put_slack(f, c, e);
    }
    put_slack(f, l->n_ct, f->witness->e0);
}

/* ---- features ---- */

static void fill_unit(struct filler *f, uint32_t r, uint32_t k, const int64_t *fields,
                      const int32_t *x) {
    const struct hats_encryption_setup *s = f->setup;
    const struct hats_encryption_unit *u = &s->units[k];
    struct hats_encryption_value value = hats_encryption_value_of(s, k, fields, x, &f->bad);
    uint32_t box = hats_encryption_box_cell(s, r, k), digits = hats_encryption_digit_cell(s, r, k);
    unsigned width = s->cells[k].width;
    put_digits(f, box, width, (uint64_t)(value.y - u->lo));
    put_digits(f, box + width, width, (uint64_t)(u->hi - value.y));
    if (u->clip) {
        put_digits(f, digits, HATS_ENCRYPTION_EXCESS_DIGITS, value.above);
        digits += HATS_ENCRYPTION_EXCESS_DIGITS;
        put_digits(f, digits, HATS_ENCRYPTION_EXCESS_DIGITS, value.below);
        digits += HATS_ENCRYPTION_EXCESS_DIGITS;
        uint64_t *q = cell_of(f, s->layout.q, box);
        for (unsigned i = 0; i < width; i++) {
            q[i] = value.below;
            q[width + i] = value.above;
        }
    }
    if (s->cells[k].has_rest) {
        put_digits(f, digits, HATS_ENCRYPTION_REST_CELLS - 1, value.rest);
        put_digits(f, digits + HATS_ENCRYPTION_REST_CELLS - 1, 1, value.rest >> 22 << 5);
    }
}

/* ---- commitments ---- */

static void fill_permutation(const struct filler *f, uint32_t r, uint32_t q, const int64_t *fields,
                             const int32_t *x, uint64_t state[HATS_STARK_RPO_WIDTH]) {
    const struct hats_encryption_layout *l = &f->setup->layout;
    uint32_t p = r * l->n_permutations + q;
    uint32_t row = hats_encryption_permutation_row(l, p);
    unsigned triple = l->x + 3 * (p / hats_encryption_permutations_a_triple(l));
    uint64_t *at[3];
    for (unsigned i = 0; i < 3; i++)
        at[i] = column(f, triple + i) + row;
    uint32_t salted = l->n_elements - HATS_ENCRYPTION_SALT;
    for (uint32_t i = 0; i < HATS_STARK_RPO_RATE; i++) {
        uint32_t number = q * HATS_STARK_RPO_RATE + i;
        uint64_t element = 0;
        if (number < salted)
            element = hats_encryption_element(f->setup, number, fields, x);
        else if (number < l->n_elements)
            element = f->witness->salts[r][number - salted];
        state[HATS_STARK_RPO_WIDTH - HATS_STARK_RPO_RATE + i] = element;
        at[0][i] = element;
        at[1][i] = hats_fp_mul(hats_fp_mul(element, element), element);
        at[2][i] = hats_fp_mul(hats_fp_mul(at[1][i], at[1][i]), element);
    }
    hats_stark_rpo_rows_permute(at[0] + HATS_STARK_RPO_RATE, at[1] + HATS_STARK_RPO_RATE,
                                at[2] + HATS_STARK_RPO_RATE, state);
}

static void fill_record(struct filler *f, uint32_t r) {
    const struct hats_encryption_setup *s = f->setup;
    const struct hats_encryption_witness *w = f->witness;
    bool is_fields = s->input.source == HATS_SOURCE_FIELDS;
    const int64_t *fields = is_fields ? w->fields + (size_t)r * s->input.n_fields : NULL;
    const int32_t *x = is_fields ? NULL : w->x + (size_t)r * s->input.d;
    for (uint32_t k = 0; k < s->input.n_units; k++)
        fill_unit(f, r, k, fields, x);
    uint64_t state[HATS_STARK_RPO_WIDTH] = {s->layout.n_elements % HATS_STARK_RPO_RATE,
                                            hats_encryption_rpo_domain(s)};
    for (uint32_t q = 0; q < s->layout.n_permutations; q++)
        fill_permutation(f, r, q, fields, x, state);
    hats_wipe(state, sizeof state);
}

/* ---- multiplicities ---- */

static void count_digits(const struct filler *f, uint64_t *multiplicities) {
    const struct hats_encryption_layout *l = &f->setup->layout;
    hats_digits_count(multiplicities, HATS_ENCRYPTION_DIGIT_BITS, column(f, l->r), l->n_cells);
    multiplicities[0] += l->n_r * l->n - l->n_cells; /* idle cells */
}

static void count_noise(struct filler *f, uint64_t *multiplicities) {
    const struct hats_encryption_layout *l = &f->setup->layout;
    uint64_t *counts = multiplicities + HATS_ENCRYPTION_DIGITS;
    uint64_t unknown = hats_noise_count(counts, f->witness->e0, l->n);
    for (uint32_t c = 0; c < l->n_ct; c++)
        unknown |= hats_noise_count(counts, f->witness->e + (size_t)c * l->n, l->n);
    f->bad |= (uint64_t)(unknown != 0);
}

/* ---- the whole ---- */

size_t hats_encryption_trace_words(const struct hats_encryption_setup *s) {
    return (size_t)s->air.n_columns * s->layout.n;
}

hats_status hats_encryption_fill(uint64_t *trace, const struct hats_encryption_setup *setup,
                                 const struct hats_encryption_witness *witness,
                                 struct hats_error *err) {
    struct filler f = {.setup = setup, .witness = witness, .trace = trace};
    size_t len_bytes = hats_encryption_trace_words(setup) * sizeof *trace;
    memset(trace, 0, len_bytes);
    fill_noise(&f);
    for (uint32_t r = 0; r < setup->layout.n_records; r++)
        fill_record(&f, r);
    count_digits(&f, column(&f, setup->layout.multiplicities));
    count_noise(&f, column(&f, setup->layout.multiplicities));
    HATS_PUBLIC(&f.bad, sizeof f.bad);
    if (f.bad == 0)
        return HATS_OK;
    hats_wipe(trace, len_bytes);
    return hats_fail(err, HATS_E_RANGE,
                     "a value of the record is outside what the model takes, or the noise is none");
}

hats_status hats_encryption_prove(struct hats_buffer *proof,
                                  const struct hats_encryption_public *pub,
                                  const struct hats_encryption_witness *witness,
                                  const uint8_t coins[HATS_STARK_COINS_LEN],
                                  const struct hats_stark_options *options,
                                  struct hats_error *err) {
    struct hats_encryption_work work;
    struct hats_arena arena;
    size_t work_len = hats_encryption_work_bytes(pub->setup);
    size_t trace_len = hats_encryption_trace_words(pub->setup) * sizeof(uint64_t);
    uint64_t *trace = hats_alloc(trace_len);
    void *memory = hats_alloc(work_len);
    hats_status status = HATS_E_MEMORY;
    if (trace == NULL || memory == NULL) {
        status = hats_fail(err, status, "no memory for a proof of encryption");
        goto done;
    }
    status = hats_encryption_fill(trace, pub->setup, witness, err);
    if (status != HATS_OK)
        goto done;
    hats_arena_init(&arena, memory, work_len);
    status = hats_encryption_work_init(&work, &arena, pub, err);
    if (status != HATS_OK)
        goto done;
    const uint64_t *tables[1] = {trace};
    status = hats_stark_prove(proof, &work.statement, tables, coins, options, err);
    hats_encryption_work_clear(&work);
done:
    hats_free(memory);
    hats_free_wiped(trace, trace_len);
    return status;
}
