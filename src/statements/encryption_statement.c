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
        struct hats_encryption_sink sink = {.out = out, .column = c - 2, .log_n = l->log_n};
        memset(out, 0, l->n * sizeof *out);
        if (sink.column < l->n_r) {
            hats_encryption_relate_digits(w, &sink);
        } else if (sink.column < l->n_r + l->n_q) {
            sink.column -= l->n_r;
            hats_encryption_relate_q(w, &sink);
        } else {
            unsigned half = sink.column - l->n_r - l->n_q;
            sink.column = half / 2;
            hats_encryption_relate_sboxes(w, &sink, half % 2 != 0);
        }
        n_rows = sink.n_rows;
    }
    return n_rows;
}

static void scalars(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                    struct hats_fp3 *out) {
    struct hats_encryption_work *w = *(struct hats_encryption_work *const *)ctx;
    struct hats_encryption_sink sink = {.log_n = w->pub->setup->layout.log_n};
    assert(t == 0);
    pthread_mutex_lock(&w->lock);
    prepare(w, challenges);
    struct hats_fp3 ring = ring_total(w);
    pthread_mutex_unlock(&w->lock);
    hats_encryption_relate_digits(w, &sink);
    out[0] = hats_fp3_add(sink.total, ring);
    if (w->pub->setup->input.source != HATS_SOURCE_NONE)
        out[0] = hats_fp3_add(out[0], hats_encryption_commitment_total(w));
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
