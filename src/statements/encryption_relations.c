/* Which relation gives which cell which weight, and what they sum to. */
#include "statements/encryption_internal.h"

static struct hats_fp3 weight_of(const struct hats_encryption_work *w,
                                 enum hats_encryption_family family, uint32_t relation) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    uint32_t block = l->first[family] + (relation >> l->log_n);
    return hats_fp3_mul(w->beta[block], hats_fp3_vec_at(w->gamma, relation & (l->n - 1)));
}

static void add_to(struct hats_fp3 *sum, struct hats_fp3 x) { *sum = hats_fp3_add(*sum, x); }

static struct hats_fp3 times(struct hats_fp3 x, int64_t factor) {
    return hats_fp3_scale(x, hats_fp_from_i64(factor));
}

static void add(struct hats_encryption_sink *k, uint32_t cell, struct hats_fp3 x) {
    uint32_t row = cell & ((UINT32_C(1) << k->log_n) - 1);
    if (k->out == NULL || cell >> k->log_n != k->column)
        return;
    add_to(&k->out[row], x);
    if (row >= k->n_rows)
        k->n_rows = row + 1;
}

/* x times the integer whose digits stand in n cells from `cell` on. */
static void add_digits(struct hats_encryption_sink *k, uint32_t cell, unsigned n,
                       struct hats_fp3 x) {
    for (unsigned i = 0; i < n; i++)
        add(k, cell + i, hats_fp3_scale(x, UINT64_C(1) << (HATS_ENCRYPTION_DIGIT_BITS * i)));
}

/* ---- relations in the R columns ---- */

/* Feature j of record r with the weight it has as a coefficient of its ciphertext, and in its element. */
static struct hats_fp3 feature_weight(const struct hats_encryption_work *w, uint32_t r,
                                      uint32_t j) {
    const struct hats_encryption_setup *s = w->pub->setup;
    const struct hats_encryption_layout *l = &s->layout;
    uint32_t c = r * l->n_in + j / s->input.block;
    struct hats_fp3 x = weight_of(w, HATS_FAMILY_CIPHERTEXT, (c << l->log_n) + j % s->input.block);
    x = hats_fp3_scale(x, s->params.delta);
    if (s->input.source == HATS_SOURCE_FEATURES) {
        uint32_t element = r * l->n_elements + j / HATS_ENCRYPTION_PACK;
        unsigned shift = 15 * (j % HATS_ENCRYPTION_PACK);
        add_to(&x, hats_fp3_scale(weight_of(w, HATS_FAMILY_PACK, element), UINT64_C(1) << shift));
    }
    return hats_fp3_neg(x);
}

/* Minus the weight times what stands for unit k: lo goes to the total, u's digits to the column. */
static void add_unit(const struct hats_encryption_work *w, struct hats_encryption_sink *sink,
                     uint32_t r, uint32_t k, struct hats_fp3 x) {
    const struct hats_encryption_setup *s = w->pub->setup;
    add_digits(sink, hats_encryption_box_cell(s, r, k), s->cells[k].width, x);
    sink->total = hats_fp3_sub(sink->total, times(x, s->units[k].lo));
}

static void relate_features(const struct hats_encryption_work *w, struct hats_encryption_sink *sink,
                            uint32_t r) {
    const struct hats_encryption_setup *s = w->pub->setup;
    for (uint32_t j = 0; j < s->input.d; j++) {
        struct hats_fp3 x = feature_weight(w, r, j);
        if (s->features == NULL) {
            add_unit(w, sink, r, j, x);
            continue;
        }
        const struct hats_encryption_feature *f = &s->features[j];
        sink->total = hats_fp3_sub(sink->total, times(x, f->constant));
        for (unsigned i = 0; i < 2; i++)
            if (f->coefficient[i] != 0)
                add_unit(w, sink, r, f->unit[i], times(x, f->coefficient[i]));
    }
}

/* u + v = hi - lo, for unit k of record r. */
static void relate_box(const struct hats_encryption_work *w, struct hats_encryption_sink *sink,
                       uint32_t r, uint32_t k) {
    const struct hats_encryption_setup *s = w->pub->setup;
    const struct hats_encryption_unit *u = &s->units[k];
    uint32_t cell = hats_encryption_box_cell(s, r, k);
    struct hats_fp3 x = weight_of(w, HATS_FAMILY_BOX, r * s->input.n_units + k);
    add_digits(sink, cell, s->cells[k].width, x);
    add_digits(sink, cell + s->cells[k].width, s->cells[k].width, x);
    add_to(&sink->total, times(x, (int64_t)u->hi - u->lo));
}

/* Beside every digit of u stands g-, beside every digit of v stands g+: their digits' side of it. */
static void relate_excess(const struct hats_encryption_work *w, struct hats_encryption_sink *sink,
                          uint32_t r, uint32_t k) {
    const struct hats_encryption_setup *s = w->pub->setup;
    uint32_t cell = hats_encryption_box_cell(s, r, k), digits = hats_encryption_digit_cell(s, r, k);
    unsigned width = s->cells[k].width;
    for (unsigned i = 0; i < 2 * width; i++) {
        uint32_t g = i < width ? digits + HATS_ENCRYPTION_EXCESS_DIGITS : digits;
        struct hats_fp3 x = weight_of(w, HATS_FAMILY_EXCESS, cell + i);
        add_digits(sink, g, HATS_ENCRYPTION_EXCESS_DIGITS, hats_fp3_neg(x));
    }
}

/* 2^28 (lo + u + g+ - g-) + rho - A d = B, and the top digit of rho times 2^5 again. */
static void relate_source(const struct hats_encryption_work *w, struct hats_encryption_sink *sink,
                          uint32_t r, uint32_t k) {
    const struct hats_encryption_setup *s = w->pub->setup;
    const struct hats_encryption_unit *u = &s->units[k];
    uint32_t digits = hats_encryption_digit_cell(s, r, k);
    uint32_t relation = r * s->input.n_units + k;
    struct hats_fp3 x = weight_of(w, HATS_FAMILY_SOURCE, relation);
    struct hats_fp3 scaled = hats_fp3_scale(x, UINT64_C(1) << HATS_ENCRYPTION_SHIFT);
    add_unit(w, sink, r, k, scaled);
    add_to(&sink->total, times(x, u->b));
    if (u->clip) {
        add_digits(sink, digits, HATS_ENCRYPTION_EXCESS_DIGITS, scaled);
        digits += HATS_ENCRYPTION_EXCESS_DIGITS;
        add_digits(sink, digits, HATS_ENCRYPTION_EXCESS_DIGITS, hats_fp3_neg(scaled));
        digits += HATS_ENCRYPTION_EXCESS_DIGITS;
    }
    if (s->cells[k].has_rest) {
        struct hats_fp3 again = weight_of(w, HATS_FAMILY_REST, relation);
        add_digits(sink, digits, HATS_ENCRYPTION_REST_CELLS - 1, x);
        add(sink, digits + HATS_ENCRYPTION_REST_CELLS - 2, hats_fp3_scale(again, 32));
        add(sink, digits + HATS_ENCRYPTION_REST_CELLS - 1, hats_fp3_neg(again));
    }
}

/* sum e^2 - slack = S, for every ciphertext and the key; the squares are in the system. */
static void relate_windows(const struct hats_encryption_work *w,
                           struct hats_encryption_sink *sink) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    for (uint32_t c = 0; c <= l->n_ct; c++) {
        struct hats_fp3 x = weight_of(w, HATS_FAMILY_WINDOW, c);
        add_digits(sink, l->slack_at + HATS_ENCRYPTION_SLACK_CELLS * c, HATS_ENCRYPTION_SLACK_CELLS,
                   hats_fp3_neg(x));
        add_to(&sink->total, hats_fp3_scale(x, HATS_NOISE_WINDOW(l->n)));
    }
}

void hats_encryption_relate_digits(const struct hats_encryption_work *w,
                                   struct hats_encryption_sink *sink) {
    const struct hats_encryption_setup *s = w->pub->setup;
    for (uint32_t r = 0; r < s->layout.n_records; r++) {
        relate_features(w, sink, r);
        for (uint32_t k = 0; k < s->input.n_units; k++) {
            relate_box(w, sink, r, k);
            if (s->units[k].clip)
                relate_excess(w, sink, r, k);
            if (s->input.source == HATS_SOURCE_FIELDS)
                relate_source(w, sink, r, k);
        }
    }
    relate_windows(w, sink);
}

void hats_encryption_relate_q(const struct hats_encryption_work *w,
                              struct hats_encryption_sink *sink) {
    const struct hats_encryption_setup *s = w->pub->setup;
    for (uint32_t r = 0; r < s->layout.n_records; r++)
        for (uint32_t k = 0; k < s->input.n_units; k++) {
            uint32_t cell = hats_encryption_box_cell(s, r, k);
            for (unsigned i = 0; s->units[k].clip && i < 2u * s->cells[k].width; i++)
                add(sink, cell + i, weight_of(w, HATS_FAMILY_EXCESS, cell + i));
        }
}

/* ---- relations in the S-box columns ---- */

static struct hats_fp3 permutation_weight(const struct hats_encryption_work *w, uint32_t p) {
    return w->beta[w->pub->setup->layout.first[HATS_FAMILY_PERMUTATION] + p];
}

/* What stands for permutation p in the column of x: its elements, its S-boxes, and its output. */
static void relate_permutation(const struct hats_encryption_work *w,
                               struct hats_encryption_sink *sink, uint32_t p) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    struct hats_fp3 *rows = sink->out + hats_encryption_permutation_row(l, p);
    struct hats_fp3 *output = rows + HATS_STARK_RPO_RATE + HATS_STARK_RPO_OUTPUT_ROW;
    uint32_t r = p / l->n_permutations, q = p % l->n_permutations;
    struct hats_fp3 x = permutation_weight(w, p);
    const unsigned capacity = HATS_STARK_RPO_WIDTH - HATS_STARK_RPO_RATE;
    for (unsigned i = 0; i < HATS_STARK_RPO_RATE; i++)
        if (q * HATS_STARK_RPO_RATE + i < l->n_elements)
            add_to(&rows[i], hats_fp3_mul(x, w->rpo->state[capacity + i]));
    for (unsigned i = 0; i < HATS_STARK_RPO_ROWS; i++)
        add_to(&rows[HATS_STARK_RPO_RATE + i], hats_fp3_mul(x, w->rpo->x[i]));
    if (q + 1 < l->n_permutations) {
        struct hats_fp3 next = permutation_weight(w, p + 1);
        for (unsigned i = 0; i < capacity; i++)
            add_to(&output[i], hats_fp3_mul(next, w->rpo->state[i]));
    } else {
        for (unsigned i = 0; i < HATS_STARK_RPO_DIGEST; i++)
            add_to(&output[capacity + i],
                   weight_of(w, HATS_FAMILY_COMMITMENT, HATS_STARK_RPO_DIGEST * r + i));
    }
}

/* Fields where they are read, features where they are packed: element i of record r. */
static void relate_element(const struct hats_encryption_work *w, struct hats_encryption_sink *sink,
                           uint32_t r, uint32_t i, struct hats_fp3 x) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    uint32_t p = r * l->n_permutations + i / HATS_STARK_RPO_RATE;
    uint32_t row = hats_encryption_permutation_row(l, p) + i % HATS_STARK_RPO_RATE;
    if (p / hats_encryption_permutations_a_triple(l) == sink->column)
        add_to(&sink->out[row], x);
}

static void relate_elements(const struct hats_encryption_work *w,
                            struct hats_encryption_sink *sink) {
    const struct hats_encryption_setup *s = w->pub->setup;
    const struct hats_encryption_layout *l = &s->layout;
    for (uint32_t r = 0; r < l->n_records; r++) {
        for (uint32_t k = 0; s->input.source == HATS_SOURCE_FIELDS && k < s->input.n_units; k++) {
            struct hats_fp3 x = weight_of(w, HATS_FAMILY_SOURCE, r * s->input.n_units + k);
            relate_element(w, sink, r, s->units[k].field, times(x, -s->units[k].a));
        }
        uint32_t packed =
            s->input.source == HATS_SOURCE_FEATURES ? l->n_elements - HATS_ENCRYPTION_SALT : 0;
        for (uint32_t i = 0; i < packed; i++)
            relate_element(w, sink, r, i, weight_of(w, HATS_FAMILY_PACK, r * l->n_elements + i));
    }
}

void hats_encryption_relate_sboxes(const struct hats_encryption_work *w,
                                   struct hats_encryption_sink *sink, bool is_z) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    uint32_t a_triple = hats_encryption_permutations_a_triple(l);
    uint32_t all = l->n_records * l->n_permutations;
    for (uint32_t p = sink->column * a_triple; p < (sink->column + 1) * a_triple && p < all; p++) {
        sink->n_rows = hats_encryption_permutation_row(l, p) + HATS_ENCRYPTION_PERMUTATION_ROWS;
        if (!is_z) {
            relate_permutation(w, sink, p);
            continue;
        }
        struct hats_fp3 x = permutation_weight(w, p);
        struct hats_fp3 *rows =
            sink->out + hats_encryption_permutation_row(l, p) + HATS_STARK_RPO_RATE;
        for (unsigned i = 0; i < HATS_STARK_RPO_ROWS; i++)
            rows[i] = hats_fp3_mul(x, w->rpo->z[i]);
    }
    if (!is_z)
        relate_elements(w, sink);
}

/* The first capacity of a record is (elements mod 8, domain, 0, 0). */
struct hats_fp3 hats_encryption_commitment_total(const struct hats_encryption_work *w) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    struct hats_fp3 total = {0}, first = w->rpo->total;
    uint64_t length = l->n_elements % HATS_STARK_RPO_RATE;
    first = hats_fp3_sub(first, hats_fp3_scale(w->rpo->state[0], length));
    first = hats_fp3_sub(
        first, hats_fp3_scale(w->rpo->state[1], hats_encryption_rpo_domain(w->pub->setup)));
    for (uint32_t r = 0; r < l->n_records; r++) {
        for (uint32_t q = 0; q < l->n_permutations; q++)
            add_to(&total, hats_fp3_mul(permutation_weight(w, r * l->n_permutations + q),
                                        q == 0 ? first : w->rpo->total));
        for (uint32_t i = 0; i < HATS_STARK_RPO_DIGEST; i++)
            add_to(&total, hats_fp3_scale(
                               weight_of(w, HATS_FAMILY_COMMITMENT, HATS_STARK_RPO_DIGEST * r + i),
                               w->pub->commitments[r][i]));
    }
    return total;
}
