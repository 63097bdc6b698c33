#include "stark/verify.h"

#include "stark/proof.h"
#include "stark/setup_sizes.h"
#include "stark/verify_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    hats_status status;
} refusals[HATS_STARK_REFUSAL_COUNT] = {
    [HATS_STARK_ACCEPTED] = {"accepted", HATS_OK},
    [HATS_STARK_R_HEADER] = {"header", HATS_E_MALFORMED},
    [HATS_STARK_R_SUITE] = {"suite", HATS_E_VERSION},
    [HATS_STARK_R_TABLES] = {"tables", HATS_E_VERIFY},
    [HATS_STARK_R_SHAPE] = {"shape", HATS_E_MALFORMED},
    [HATS_STARK_R_LENGTH] = {"length", HATS_E_MALFORMED},
    [HATS_STARK_R_CANONICAL] = {"canonical", HATS_E_CANONICAL},
    [HATS_STARK_R_ZETA] = {"zeta", HATS_E_VERIFY},
    [HATS_STARK_R_POLE] = {"pole", HATS_E_VERIFY},
    [HATS_STARK_R_CONSTRAINTS] = {"constraints", HATS_E_VERIFY},
    [HATS_STARK_R_WORK] = {"work", HATS_E_VERIFY},
    [HATS_STARK_R_OPENINGS] = {"openings", HATS_E_VERIFY},
    [HATS_STARK_R_TREE] = {"tree", HATS_E_VERIFY},
    [HATS_STARK_R_FOLD] = {"fold", HATS_E_VERIFY},
    [HATS_STARK_R_MEMORY] = {"memory", HATS_E_MEMORY},
};

const char *hats_stark_refusal_name(enum hats_stark_refusal r) {
    return (unsigned)r < HATS_STARK_REFUSAL_COUNT ? refusals[r].name : "unknown";
}

hats_status hats_stark_refuse(struct hats_stark_verifier *v, enum hats_stark_refusal refusal,
                              const char *fmt, ...) {
    char text[200];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    v->refusal = refusal;
    return hats_fail(v->err, refusals[refusal].status, "the proof is refused: %s", text);
}

void *hats_stark_take(struct hats_stark_verifier *v, size_t n_items, size_t size_bytes) {
    void *p = hats_arena_alloc(v->arena, n_items * size_bytes);
    if (p == NULL && v->refusal == HATS_STARK_ACCEPTED)
        (void)hats_stark_refuse(v, HATS_STARK_R_MEMORY, "the verifier needs %zu bytes of memory",
                                v->setup->scratch_bytes);
    return p;
}

size_t hats_stark_opened_at(const struct hats_stark_setup *s, unsigned t) {
    size_t at = 0;
    for (unsigned i = 0; i < t; i++) {
        const struct hats_stark_table *table = &s->table[i];
        at += table->n_columns + table->n_helpers;
        at += table->has_mu || table->has_acc ? 1 : 0;
    }
    return t < s->n_tables ? at : s->n_opened - s->n_chunks;
}

size_t hats_stark_opened_next(const struct hats_stark_setup *s, unsigned t) {
    size_t at = s->n_opened - s->n_chunks;
    for (unsigned i = t; i < s->n_tables; i++)
        at -= s->table[i].n_next + (s->table[i].has_mu || s->table[i].has_acc ? 1 : 0);
    return at;
}

uint64_t hats_stark_domain_power(const struct hats_stark_verifier *v, uint32_t exponent) {
    uint64_t power = 1;
    for (unsigned i = 0; i < v->setup->log_domain; i++)
        if ((exponent >> i & 1) != 0)
            power = hats_fp_mul(power, v->powers[i]);
    return power;
}

static size_t kept_scratch(const struct hats_stark_setup *s) {
    size_t k = sizeof(struct hats_fp3);
    return hats_stark_piece(3 + s->n_challenges, k) + hats_stark_piece(s->n_opened, k) +
           hats_stark_piece(s->final_len, k) + hats_stark_piece(s->n_queries, k) +
           (1 + s->n_folds) * hats_stark_piece(s->n_queries, sizeof(uint32_t));
}

size_t hats_stark_scratch_bytes(const struct hats_stark_setup *s) {
    size_t most = hats_stark_point_scratch(s);
    size_t openings = hats_stark_openings_scratch(s), batch = hats_stark_batch_scratch(s);
    most = openings > most ? openings : most;
    most = batch > most ? batch : most;
    return HATS_ALIGN + kept_scratch(s) + most;
}

hats_status hats_stark_take_kept(struct hats_stark_verifier *v) {
    const struct hats_stark_setup *s = v->setup;
    v->drawn = hats_stark_take(v, 3 + s->n_challenges, sizeof *v->drawn);
    v->opened = hats_stark_take(v, s->n_opened, sizeof *v->opened);
    v->final_polynomial = hats_stark_take(v, s->final_len, sizeof *v->final_polynomial);
    v->batch = hats_stark_take(v, s->n_queries, sizeof *v->batch);
    v->positions = hats_stark_take(v, s->n_queries, sizeof *v->positions);
    for (unsigned l = 0; l < s->n_folds; l++)
        v->layer_leaves[l] = hats_stark_take(v, s->n_queries, sizeof *v->positions);
    return v->refusal == HATS_STARK_ACCEPTED ? HATS_OK : HATS_E_MEMORY;
}

static bool same_shape(const struct hats_stark_setup *s, const struct hats_stark_proof *p) {
    unsigned n_trees = 0;
    for (unsigned i = 0; i < HATS_STARK_MAX_TREES; i++) {
        if (s->width[i] == 0)
            continue;
        if (p->width[n_trees] != s->width[i] || p->salted[n_trees] != s->salted[i])
            return false;
        n_trees++;
    }
    return p->n_trees == n_trees && p->log_domain == s->log_domain &&
           p->n_queries == s->n_queries && p->grinding == s->grinding && p->d_max == s->d_max &&
           p->n_folds == s->n_folds && p->final_len == s->final_len && p->n_opened == s->n_opened;
}

static hats_status check_header(struct hats_stark_verifier *v, enum hats_stark_refusal read) {
    const struct hats_stark_setup *s = v->setup;
    const struct hats_stark_proof *p = &v->proof;
    if (read == HATS_STARK_R_LENGTH)
        return hats_stark_refuse(v, read, "it ends within its header");
    if (read == HATS_STARK_R_HEADER)
        return hats_stark_refuse(v, read, "it is no proof, or one of another version");
    if (p->suite != s->suite)
        return hats_stark_refuse(v, HATS_STARK_R_SUITE, "suite %u where %u is asked for", p->suite,
                                 s->suite);
    if (p->n_tables != s->n_tables)
        return hats_stark_refuse(v, HATS_STARK_R_TABLES, "%u tables where the statement has %u",
                                 p->n_tables, s->n_tables);
    for (unsigned t = 0; t < s->n_tables; t++)
        if (p->log_n[t] != s->table[t].air->log_n ||
            memcmp(p->digest[t], s->table[t].digest, HATS_SHA256_LEN) != 0)
            return hats_stark_refuse(v, HATS_STARK_R_TABLES,
                                     "table %u is of another system than the statement's", t);
    if (read != HATS_STARK_ACCEPTED || !same_shape(s, p))
        return hats_stark_refuse(v, HATS_STARK_R_SHAPE,
                                 "the sizes in its header are not those of suite %u", s->suite);
    return HATS_OK;
}

static bool canonical(const uint8_t *elements, size_t n) {
    uint64_t beyond = 0;
    for (size_t i = 0; i < n; i++)
        beyond |= (uint64_t)(hats_load_be64(elements + 8 * i) >= HATS_P);
    return beyond == 0;
}

static bool canonical_leaves(const struct hats_stark_opening *o, size_t salt_len_bytes) {
    for (unsigned i = 0; i < o->n_leaves; i++)
        if (!canonical(o->leaves + i * o->leaf_len_bytes + salt_len_bytes,
                       (o->leaf_len_bytes - salt_len_bytes) / 8))
            return false;
    return true;
}

static hats_status check_canonical(struct hats_stark_verifier *v) {
    const struct hats_stark_proof *p = &v->proof;
    bool good = canonical(p->opened, (size_t)3 * p->n_opened) &&
                canonical(p->final_polynomial, (size_t)3 * p->final_len);
    for (unsigned i = 0; i < p->n_trees; i++)
        good = good && canonical_leaves(&p->trees[i], p->salted[i] ? HATS_MERKLE_SALT_LEN : 0);
    for (unsigned l = 0; l < p->n_folds; l++)
        good = good && canonical_leaves(&p->layers[l], 0);
    if (!good)
        return hats_stark_refuse(v, HATS_STARK_R_CANONICAL, "a field element of p or more");
    return HATS_OK;
}

static void absorb_statement(const struct hats_stark_verifier *v, struct hats_stark_transcript *t) {
    const struct hats_stark_setup *s = v->setup;
    uint8_t suite[2], digests[HATS_STARK_MAX_TABLES * HATS_SHA256_LEN];
    hats_store_be16(suite, (uint16_t)s->suite);
    for (unsigned i = 0; i < s->n_tables; i++)
        memcpy(digests + (size_t)i * HATS_SHA256_LEN, s->table[i].digest, HATS_SHA256_LEN);
    hats_stark_transcript_init(t);
    hats_stark_absorb(t, HATS_STARK_L_SUITE, suite, sizeof suite);
    hats_stark_absorb(t, HATS_STARK_L_TABLES, digests, (size_t)s->n_tables * HATS_SHA256_LEN);
    hats_stark_absorb(t, HATS_STARK_L_PUBLIC, v->statement->public_bytes,
                      v->statement->public_len_bytes);
}

bool hats_stark_replay(struct hats_stark_verifier *v) {
    const struct hats_stark_setup *s = v->setup;
    const struct hats_stark_proof *p = &v->proof;
    const uint8_t *root = p->roots;
    struct hats_stark_transcript t;
    absorb_statement(v, &t);
    hats_stark_absorb(&t, HATS_STARK_L_SALT, p->salt, HATS_STARK_SALT_LEN);
    hats_stark_absorb(&t, HATS_STARK_L_TRACE, root, HATS_SHA256_LEN);
    hats_stark_draw_k(&t, HATS_STARK_L_CHALLENGES, v->drawn, 3 + s->n_challenges);
    if (s->has_aux) {
        root += HATS_SHA256_LEN;
        hats_stark_absorb(&t, HATS_STARK_L_HELPERS, root, HATS_SHA256_LEN);
    }
    hats_stark_draw_k(&t, HATS_STARK_L_LAMBDA, &v->lambda, 1);
    hats_stark_absorb(&t, HATS_STARK_L_QUOTIENT, root + HATS_SHA256_LEN, HATS_SHA256_LEN);
    hats_stark_draw_k(&t, HATS_STARK_L_ZETA, &v->zeta, 1);
    hats_stark_absorb(&t, HATS_STARK_L_OPENED, p->opened, (size_t)p->n_opened * HATS_STARK_K_LEN);
    hats_stark_draw_k(&t, HATS_STARK_L_ETA, &v->eta, 1);
    for (unsigned l = 0; l < s->n_folds; l++) {
        hats_stark_absorb(&t, HATS_STARK_L_LAYER, p->layer_roots + (size_t)l * HATS_SHA256_LEN,
                          HATS_SHA256_LEN);
        hats_stark_draw_k(&t, HATS_STARK_L_BETA, &v->beta[l], 1);
    }
    hats_stark_absorb(&t, HATS_STARK_L_FINAL, p->final_polynomial,
                      (size_t)p->final_len * HATS_STARK_K_LEN);
    uint8_t seed[HATS_STARK_WORK_SEED_LEN];
    hats_stark_draw_bytes(&t, HATS_STARK_L_WORK_SEED, seed, sizeof seed);
    bool work = hats_stark_work_is_done(seed, hats_load_be64(p->nonce), s->grinding);
    hats_stark_absorb(&t, HATS_STARK_L_NONCE, p->nonce, 8);
    v->n_positions = hats_stark_draw_positions(&t, HATS_STARK_L_QUERIES, v->positions, s->n_queries,
                                               s->log_domain);
    v->powers[0] = hats_stark_generator(s->log_domain);
    for (unsigned i = 0; i < s->log_domain; i++)
        v->powers[i + 1] = hats_fp_mul(v->powers[i], v->powers[i]);
    for (unsigned l = 0; l < s->n_folds; l++)
        v->n_layer_leaves[l] = hats_stark_leaves_of(v->layer_leaves[l], v->positions,
                                                    v->n_positions, s->log_domain - 3 * (l + 1));
    return work;
}

void hats_stark_decode(struct hats_stark_verifier *v) {
    const struct hats_stark_setup *s = v->setup;
    for (size_t i = 0; i < s->n_opened; i++)
        v->opened[i] = hats_stark_load_k(v->proof.opened + i * HATS_STARK_K_LEN);
    for (size_t i = 0; i < s->final_len; i++)
        v->final_polynomial[i] =
            hats_stark_load_k(v->proof.final_polynomial + i * HATS_STARK_K_LEN);
}

static hats_status check_claims(struct hats_stark_verifier *v) {
    hats_status s = hats_stark_take_kept(v);
    if (s != HATS_OK)
        return s;
    bool work = hats_stark_replay(v);
    hats_stark_decode(v);
    s = hats_stark_check_point(v);
    if (s == HATS_OK && !work)
        s = hats_stark_refuse(v, HATS_STARK_R_WORK, "its nonce has not %u zero bits",
                              v->setup->grinding);
    if (s == HATS_OK)
        s = hats_stark_check_openings(v);
    if (s == HATS_OK)
        s = hats_stark_compute_batch(v);
    if (s == HATS_OK)
        s = hats_stark_check_folds(v);
    return s;
}

hats_status hats_stark_verify(const struct hats_stark_statement *statement, const uint8_t *proof,
                              size_t proof_len_bytes, struct hats_arena *scratch,
                              enum hats_stark_refusal *refusal, struct hats_error *err) {
    struct hats_stark_verifier v = {
        .statement = statement, .setup = statement->setup, .arena = scratch, .err = err};
    struct hats_reader r = hats_reader_of(proof, proof_len_bytes);
    size_t used = scratch->used;
    enum hats_stark_refusal read = hats_stark_read_header(&v.proof, &r);
    hats_status s = check_header(&v, read);
    if (s == HATS_OK && hats_stark_read_body(&v.proof, &r) != HATS_STARK_ACCEPTED)
        s = hats_stark_refuse(&v, HATS_STARK_R_LENGTH,
                              "its %zu bytes are not the length that its parts have",
                              proof_len_bytes);
    if (s == HATS_OK)
        s = check_canonical(&v);
    if (s == HATS_OK)
        s = check_claims(&v);
    scratch->used = used;
    if (refusal != NULL)
        *refusal = v.refusal;
    return s;
}
