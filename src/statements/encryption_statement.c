/* Public input, weights and scalar of the encryption statement: what prover and verifier both need. */
#include "statements/encryption_internal.h"

#include "base/arena.h"
#include "base/cursor.h"
#include "ring/kernels.h"
#include "ring/sample.h"
#include "statements/functional.h"

#include <assert.h>

/* ---- public input ---- */

#define PUBLIC_HEAD (16 + 3 * 32 + 2 * 4)

static size_t public_len(const struct hats_encryption_setup *s) {
    size_t commitments = s->input.source != HATS_SOURCE_NONE ? s->layout.n_records : 0;
    return PUBLIC_HEAD + (size_t)s->layout.n_ct * 64 + commitments * 32;
}

/* kid = H("HATS-KID-1" pad16 | set id (4) | b0) */
static void hash_key(uint8_t kid[32], const struct hats_encryption_public *pub) {
    uint8_t head[16 + 4] = "HATS-KID-1";
    struct hats_sha256 h;
    hats_store_be32(head + 16, pub->setup->input.set_id);
    hats_sha256_init(&h);
    hats_sha256_update(&h, head, sizeof head);
    hats_sha256_update(&h, pub->b0, (size_t)pub->setup->layout.n * 8);
    hats_sha256_final(&h, kid);
}

/* "HATS-ENC-1" pad16 | input digest | kid | ctx | records (4) | ciphertexts (4) | for each ciphertext: seed,
 * H(c0) | for each record: C_D */
static void write_public(uint8_t *out, const struct hats_encryption_public *pub) {
    const struct hats_encryption_setup *s = pub->setup;
    struct hats_writer w = hats_writer_of(out, public_len(s));
    uint8_t digest[HATS_SHA256_LEN];
    hats_write_tag16(&w, "HATS-ENC-1");
    hats_write_bytes(&w, s->digest, sizeof s->digest);
    hash_key(digest, pub);
    hats_write_bytes(&w, digest, sizeof digest);
    hats_write_bytes(&w, pub->ctx, sizeof pub->ctx);
    hats_write_be32(&w, s->layout.n_records);
    hats_write_be32(&w, s->layout.n_ct);
    for (uint32_t c = 0; c < s->layout.n_ct; c++) {
        hats_write_bytes(&w, pub->ciphertexts[c].seed, sizeof pub->ciphertexts[c].seed);
        hats_sha256(digest, pub->ciphertexts[c].c0, (size_t)s->layout.n * 8);
        hats_write_bytes(&w, digest, sizeof digest);
    }
    if (s->input.source != HATS_SOURCE_NONE)
        for (uint32_t r = 0; r < s->layout.n_records; r++)
            for (unsigned i = 0; i < HATS_STARK_RPO_DIGEST; i++)
                hats_write_be64(&w, pub->commitments[r][i]);
    assert(hats_writer_ok(&w) && hats_writer_len(&w) == public_len(s));
}

/* ---- weights of relations ---- */

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

/* The weight of a cell is the sum of what its relations say. A sink keeps the weights of one column, so that
 * the same walk over the relations serves every column; `total` is the right side, of all of them. */
struct sink {
    struct hats_fp3 *out; /* rows of one column, NULL: none */
    uint32_t column;      /* of its kind */
    unsigned log_n;
    uint32_t n_rows; /* rows written so far */
    struct hats_fp3 total;
};

static void add(struct sink *k, uint32_t cell, struct hats_fp3 x) {
    uint32_t row = cell & ((UINT32_C(1) << k->log_n) - 1);
    if (k->out == NULL || cell >> k->log_n != k->column)
        return;
    add_to(&k->out[row], x);
    if (row >= k->n_rows)
        k->n_rows = row + 1;
}

/* x times the integer whose digits stand in n cells from `cell` on. */
static void add_digits(struct sink *k, uint32_t cell, unsigned n, struct hats_fp3 x) {
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
static void add_unit(const struct hats_encryption_work *w, struct sink *sink, uint32_t r,
                     uint32_t k, struct hats_fp3 x) {
    const struct hats_encryption_setup *s = w->pub->setup;
    add_digits(sink, hats_encryption_box_cell(s, r, k), s->cells[k].width, x);
    sink->total = hats_fp3_sub(sink->total, times(x, s->units[k].lo));
}

static void relate_features(const struct hats_encryption_work *w, struct sink *sink, uint32_t r) {
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
static void relate_box(const struct hats_encryption_work *w, struct sink *sink, uint32_t r,
                       uint32_t k) {
    const struct hats_encryption_setup *s = w->pub->setup;
    const struct hats_encryption_unit *u = &s->units[k];
    uint32_t cell = hats_encryption_box_cell(s, r, k);
    struct hats_fp3 x = weight_of(w, HATS_FAMILY_BOX, r * s->input.n_units + k);
    add_digits(sink, cell, s->cells[k].width, x);
    add_digits(sink, cell + s->cells[k].width, s->cells[k].width, x);
    add_to(&sink->total, times(x, (int64_t)u->hi - u->lo));
}

/* Beside every digit of u stands g-, beside every digit of v stands g+: their digits' side of it. */
static void relate_excess(const struct hats_encryption_work *w, struct sink *sink, uint32_t r,
                          uint32_t k) {
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
static void relate_source(const struct hats_encryption_work *w, struct sink *sink, uint32_t r,
                          uint32_t k) {
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
static void relate_windows(const struct hats_encryption_work *w, struct sink *sink) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    for (uint32_t c = 0; c <= l->n_ct; c++) {
        struct hats_fp3 x = weight_of(w, HATS_FAMILY_WINDOW, c);
        add_digits(sink, l->slack_at + HATS_ENCRYPTION_SLACK_CELLS * c, HATS_ENCRYPTION_SLACK_CELLS,
                   hats_fp3_neg(x));
        add_to(&sink->total, hats_fp3_scale(x, HATS_NOISE_WINDOW(l->n)));
    }
}

static void relate_digits(const struct hats_encryption_work *w, struct sink *sink) {
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

/* Q's side of the excess relations. */
static void relate_q(const struct hats_encryption_work *w, struct sink *sink) {
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
static void relate_permutation(const struct hats_encryption_work *w, struct sink *sink,
                               uint32_t p) {
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
static void relate_element(const struct hats_encryption_work *w, struct sink *sink, uint32_t r,
                           uint32_t i, struct hats_fp3 x) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    uint32_t p = r * l->n_permutations + i / HATS_STARK_RPO_RATE;
    uint32_t row = hats_encryption_permutation_row(l, p) + i % HATS_STARK_RPO_RATE;
    if (p / hats_encryption_permutations_a_triple(l) == sink->column)
        add_to(&sink->out[row], x);
}

static void relate_elements(const struct hats_encryption_work *w, struct sink *sink) {
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

static void sbox_column(const struct hats_encryption_work *w, struct sink *sink, bool is_z) {
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

/* The right side of the permutations' relations and of the commitments'. The first capacity of a record is
 * (elements mod 8, domain, 0, 0). */
static struct hats_fp3 commitment_total(const struct hats_encryption_work *w) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    struct hats_fp3 total = {0}, first = w->rpo->total;
    uint64_t length = l->n_elements % HATS_STARK_RPO_RATE;
    first = hats_fp3_sub(first, hats_fp3_scale(w->rpo->state[0], length));
    first = hats_fp3_sub(first, hats_fp3_scale(w->rpo->state[1], HATS_ENCRYPTION_RPO_DOMAIN));
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

/* ---- the functional ---- */

/* batch += x f, f given as words; they were found to be below p when the work began. */
static void add_words(struct hats_encryption_work *w, const uint8_t *words, struct hats_fp3 x) {
    size_t n = w->pub->setup->layout.n;
    (void)hats_ring_kernels()->load_be(w->element, words, n);
    hats_field_kernels()->fp3_add_scaled_base(w->batch, w->element, x, n);
}

static void clear_batch(struct hats_encryption_work *w) {
    for (int i = 0; i < 3; i++)
        memset(w->batch.c[i], 0, w->pub->setup->layout.n * sizeof(uint64_t));
}

/* V of sum_c beta^c a_c + beta^n_ct a0. */
static void vector_of_secret(struct hats_encryption_work *w, struct hats_fp3 *out) {
    const struct hats_encryption_setup *s = w->pub->setup;
    size_t n = s->layout.n;
    clear_batch(w);
    for (uint32_t c = 0; c < s->layout.n_ct; c++) {
        uint8_t prefix[6 + 32 + 2] = "HATS-a";
        memcpy(prefix + 6, w->pub->ciphertexts[c].seed, 32);
        hats_store_le16(prefix + 38, 0);
        hats_ring_uniform(w->element, n, prefix, sizeof prefix);
        hats_field_kernels()->fp3_add_scaled_base(w->batch, w->element, w->beta[c], n);
    }
    hats_field_kernels()->fp3_add_scaled_base(w->batch, s->a0,
                                              w->beta[s->layout.first[HATS_FAMILY_KEY]], n);
    hats_functional_vector(out, w->batch, w->room, w->gamma, n);
}

/* - sum_c beta^c phi(c0_c) - beta^n_ct phi(b0) */
static struct hats_fp3 ring_total(struct hats_encryption_work *w) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    clear_batch(w);
    for (uint32_t c = 0; c < l->n_ct; c++)
        add_words(w, w->pub->ciphertexts[c].c0, w->beta[c]);
    add_words(w, w->pub->b0, w->beta[l->first[HATS_FAMILY_KEY]]);
    return hats_fp3_neg(hats_functional_of(w->batch, w->gamma, l->n));
}

/* ---- callbacks ---- */

static void prepare_rpo(struct hats_encryption_work *w) {
    struct hats_stark_rpo_term term[HATS_STARK_RPO_WIDTH];
    struct hats_stark_rpo_form form[HATS_STARK_RPO_WIDTH];
    memset(w->rpo, 0, sizeof *w->rpo);
    for (unsigned i = 0; i < HATS_STARK_RPO_WIDTH; i++) {
        term[i] = (struct hats_stark_rpo_term){w->rpo->state, i, 1};
        form[i] = (struct hats_stark_rpo_form){.terms = &term[i], .n_terms = 1};
    }
    struct hats_stark_rpo_sum sum = {
        .x = w->rpo->x,
        .z = w->rpo->z,
        .power = hats_fp3_from_fp(1),
        .ratio = w->challenges[0],
    };
    hats_stark_rpo_rows_weigh(&sum, 0, form);
    w->rpo->total = sum.total;
}

/* Powers for these challenges, computed once. */
static void prepare(struct hats_encryption_work *w, const struct hats_fp3 *challenges) {
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    if (w->ready && memcmp(w->challenges, challenges, sizeof w->challenges) == 0)
        return;
    memcpy(w->challenges, challenges, sizeof w->challenges);
    hats_functional_powers(w->gamma, challenges[0], l->n);
    w->beta[0] = hats_fp3_from_fp(1);
    for (uint32_t i = 1; i < l->first[HATS_FAMILY_COUNT]; i++)
        w->beta[i] = hats_fp3_mul(w->beta[i - 1], challenges[1]);
    if (l->n_s > 0)
        prepare_rpo(w);
    w->ready = true;
}

static uint32_t weight_column(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                              unsigned c, struct hats_fp3 *out) {
    /* The engine's context is const; the work behind it is ours, and locked. */
    struct hats_encryption_work *w = *(struct hats_encryption_work *const *)ctx;
    const struct hats_encryption_layout *l = &w->pub->setup->layout;
    uint32_t n_rows = l->n;
    assert(t == 0);
    pthread_mutex_lock(&w->lock);
    prepare(w, challenges);
    if (c == 0)
        vector_of_secret(w, out);
    pthread_mutex_unlock(&w->lock);
    for (uint32_t i = 0; c == 1 && i < l->n; i++)
        out[i] = hats_fp3_vec_at(w->gamma, i);
    if (c >= 2) {
        struct sink sink = {.out = out, .column = c - 2, .log_n = l->log_n};
        memset(out, 0, l->n * sizeof *out);
        if (sink.column < l->n_r) {
            relate_digits(w, &sink);
        } else if (sink.column < l->n_r + l->n_q) {
            sink.column -= l->n_r;
            relate_q(w, &sink);
        } else {
            unsigned half = sink.column - l->n_r - l->n_q;
            sink.column = half / 2;
            sbox_column(w, &sink, half % 2 != 0);
        }
        n_rows = sink.n_rows;
    }
    return n_rows;
}

static void scalars(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                    struct hats_fp3 *out) {
    struct hats_encryption_work *w = *(struct hats_encryption_work *const *)ctx;
    struct sink sink = {.log_n = w->pub->setup->layout.log_n};
    assert(t == 0);
    pthread_mutex_lock(&w->lock);
    prepare(w, challenges);
    struct hats_fp3 ring = ring_total(w);
    pthread_mutex_unlock(&w->lock);
    relate_digits(w, &sink);
    out[0] = hats_fp3_add(sink.total, ring);
    if (w->pub->setup->input.source != HATS_SOURCE_NONE)
        add_to(&out[0], commitment_total(w));
}

static uint32_t no_public_column(const void *ctx, unsigned t, unsigned c, uint64_t *out) {
    (void)ctx, (void)t, (void)c, (void)out;
    assert(!"the encryption statement has no public columns");
    return 0;
}

/* ---- the work area ---- */

static size_t aligned(size_t len) { return (len + HATS_ALIGN - 1) / HATS_ALIGN * HATS_ALIGN; }

size_t hats_encryption_work_bytes(const struct hats_encryption_setup *s) {
    return aligned(public_len(s)) +
           aligned(s->layout.first[HATS_FAMILY_COUNT] * sizeof(struct hats_fp3)) +
           aligned(sizeof(struct hats_encryption_rpo)) + 10 * s->layout.n * sizeof(uint64_t);
}

static hats_status check_words(struct hats_encryption_work *w, const uint8_t *words,
                               const char *what, uint32_t number, struct hats_error *err) {
    if (hats_ring_kernels()->load_be(w->element, words, w->pub->setup->layout.n))
        return HATS_OK;
    return hats_fail(err, HATS_E_CANONICAL, "%s %u: a word is not below p", what, number);
}

/* Everything that the statement is about is a field element in its one encoding. */
static hats_status check_public(struct hats_encryption_work *w, struct hats_error *err) {
    const struct hats_encryption_public *pub = w->pub;
    const struct hats_encryption_layout *l = &pub->setup->layout;
    hats_status s = check_words(w, pub->b0, "public key", 0, err);
    for (uint32_t c = 0; c < l->n_ct && s == HATS_OK; c++)
        s = check_words(w, pub->ciphertexts[c].c0, "ciphertext", c, err);
    if (pub->setup->input.source == HATS_SOURCE_NONE || s != HATS_OK)
        return s;
    for (uint32_t r = 0; r < l->n_records; r++)
        for (unsigned i = 0; i < HATS_STARK_RPO_DIGEST; i++)
            if (pub->commitments[r][i] >= HATS_P)
                return hats_fail(err, HATS_E_CANONICAL,
                                 "data commitment of record %u: an element is not below p", r);
    return HATS_OK;
}

hats_status hats_encryption_work_init(struct hats_encryption_work *w, struct hats_arena *arena,
                                      const struct hats_encryption_public *pub,
                                      struct hats_error *err) {
    const struct hats_encryption_setup *s = pub->setup;
    size_t n = s->layout.n;
    memset(w, 0, sizeof *w);
    w->self = w;
    w->pub = pub;
    w->public_bytes = hats_arena_alloc(arena, public_len(s));
    w->beta = hats_arena_alloc(arena, s->layout.first[HATS_FAMILY_COUNT] * sizeof *w->beta);
    w->rpo = hats_arena_alloc(arena, sizeof *w->rpo);
    uint64_t *words = hats_arena_alloc(arena, 10 * n * sizeof *words);
    if (w->public_bytes == NULL || w->beta == NULL || w->rpo == NULL || words == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a statement");
    w->element = words;
    for (size_t i = 0; i < 3; i++) {
        w->gamma.c[i] = words + (1 + i) * n;
        w->batch.c[i] = words + (4 + i) * n;
        w->room.c[i] = words + (7 + i) * n;
    }
    hats_status status = check_public(w, err);
    if (status != HATS_OK)
        return status;
    write_public(w->public_bytes, pub);
    pthread_mutex_init(&w->lock, NULL);
    w->statement = (struct hats_stark_statement){
        .setup = &s->stark,
        .public_bytes = w->public_bytes,
        .public_len_bytes = public_len(s),
        .ctx = &w->self,
        .public_column = no_public_column,
        .weight_column = weight_column,
        .scalars = scalars,
    };
    return HATS_OK;
}

void hats_encryption_work_clear(struct hats_encryption_work *w) { pthread_mutex_destroy(&w->lock); }
