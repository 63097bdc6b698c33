#include "stark/prove.h"

#include "base/arena.h"
#include "stark/proof.h"
#include "stark/prove_internal.h"

#include <assert.h>

/* ---- coins ---- */

static void stream_of(const struct hats_stark_prover *p, uint32_t stream, struct hats_shake *x) {
    uint8_t number[4];
    hats_store_be32(number, stream);
    hats_shake256_init(x);
    hats_shake_absorb(x, p->key, sizeof p->key);
    hats_shake_absorb(x, number, sizeof number);
}

void hats_stark_coins(const struct hats_stark_prover *p, uint32_t stream, uint64_t *out, size_t n) {
    struct hats_shake x;
    uint8_t block[HATS_SHAKE256_RATE];
    stream_of(p, stream, &x);
    for (size_t done = 0; done < n;) {
        hats_shake_squeeze(&x, block, sizeof block);
        for (size_t i = 0; i < sizeof block / 8 && done < n; i++) {
            uint64_t word = hats_load_le64(block + 8 * i);
            if (word < HATS_P) /* all but one in 2^32 */
                out[done++] = word;
        }
    }
    hats_shake_wipe(&x);
    hats_wipe(block, sizeof block);
}

void hats_stark_coin_bytes(const struct hats_stark_prover *p, uint32_t stream, uint8_t *out,
                           size_t n) {
    struct hats_shake x;
    stream_of(p, stream, &x);
    hats_shake_squeeze(&x, out, n);
    hats_shake_wipe(&x);
}

/* The key of all masks: fresh coins, and everything that two proofs could differ in, so that equal coins
 * give equal masks only to equal proofs. */
static void derive_key(struct hats_stark_prover *p, const uint8_t coins[HATS_STARK_COINS_LEN]) {
    struct hats_shake x;
    uint8_t digest[HATS_SHA256_LEN], suite[2];
    static const uint8_t tag[16] = "HATS-ZK-1";
    hats_store_be16(suite, (uint16_t)p->setup->suite);
    hats_shake256_init(&x);
    hats_shake_absorb(&x, tag, sizeof tag);
    hats_shake_absorb(&x, coins, HATS_STARK_COINS_LEN);
    hats_shake_absorb(&x, suite, sizeof suite);
    hats_sha256(digest, p->statement->public_bytes, p->statement->public_len_bytes);
    hats_shake_absorb(&x, digest, sizeof digest);
    for (unsigned t = 0; t < p->setup->n_tables; t++) {
        const struct hats_stark_table *table = &p->setup->table[t];
        hats_shake_absorb(&x, table->digest, sizeof table->digest);
        hats_sha256(digest, p->trace[t],
                    (size_t)table->n_columns * table->n_rows * sizeof *p->trace[t]);
        hats_shake_absorb(&x, digest, sizeof digest);
    }
    hats_shake_squeeze(&x, p->key, sizeof p->key);
    hats_shake_wipe(&x);
    hats_wipe(digest, sizeof digest);
}

/* ---- preparation ---- */

static bool init_subgroup(struct hats_stark_prover *p, unsigned log_n) {
    if (log_n < HATS_AIR_LOG_N_MIN)
        log_n = HATS_AIR_LOG_N_MIN;
    p->subgroup[log_n] = hats_stark_coset(p, log_n, 1);
    return p->subgroup[log_n] != NULL;
}

static bool init_cosets(struct hats_stark_prover *p) {
    const struct hats_stark_setup *s = p->setup;
    uint64_t shift = HATS_P_GENERATOR, w = hats_stark_generator(s->log_domain);
    for (unsigned k = 0; k < p->n_cosets; k++, shift = hats_fp_mul(shift, w))
        if ((p->cosets[k] = hats_stark_coset(p, s->log_n, shift)) == NULL)
            return false;
    for (unsigned t = 0; t < s->n_tables; t++) {
        const struct hats_air *air = s->table[t].air;
        if (!init_subgroup(p, air->log_n))
            return false;
        for (unsigned c = 0; c < air->n_fixed; c++)
            if (!init_subgroup(p, air->fixed[c].log_period))
                return false;
    }
    return true;
}

static hats_status init_domain(struct hats_stark_prover *p) {
    const struct hats_stark_setup *s = p->setup;
    p->n_rows = (uint32_t)1 << s->log_n;
    p->n_cosets = 1u << (s->log_domain - s->log_n);
    p->cosets = hats_stark_prover_alloc(p, p->n_cosets, sizeof *p->cosets);
    p->element_of = hats_stark_prover_alloc(p, p->n_rows, sizeof *p->element_of);
    p->position_of = hats_stark_prover_alloc(p, p->n_rows, sizeof *p->position_of);
    p->challenges = hats_stark_prover_alloc(p, s->n_challenges + 1u, sizeof *p->challenges);
    if (p->cosets == NULL || p->element_of == NULL || p->position_of == NULL ||
        p->challenges == NULL || !init_cosets(p))
        return hats_fail(p->err, HATS_E_MEMORY, "no memory for a proof");
    for (uint32_t j = 0; j < p->n_rows; j++) {
        p->position_of[j] = hats_ntt_position(p->cosets[0]->ntt, j);
        p->element_of[p->position_of[j]] = j;
    }
    return HATS_OK;
}

/* ---- the conversation ---- */

static void say_beginning(struct hats_stark_prover *p) {
    const struct hats_stark_setup *s = p->setup;
    struct hats_stark_transcript *t = &p->transcript;
    uint8_t suite[2], digests[HATS_STARK_MAX_TABLES * HATS_SHA256_LEN];
    hats_store_be16(suite, (uint16_t)s->suite);
    for (unsigned i = 0; i < s->n_tables; i++)
        memcpy(digests + (size_t)i * HATS_SHA256_LEN, s->table[i].digest, HATS_SHA256_LEN);
    hats_stark_coin_bytes(p, HATS_STARK_COIN_SALT, p->salt, sizeof p->salt);
    hats_stark_transcript_init(t);
    hats_stark_absorb(t, HATS_STARK_L_SUITE, suite, sizeof suite);
    hats_stark_absorb(t, HATS_STARK_L_TABLES, digests, (size_t)s->n_tables * HATS_SHA256_LEN);
    hats_stark_absorb(t, HATS_STARK_L_PUBLIC, p->statement->public_bytes,
                      p->statement->public_len_bytes);
    hats_stark_absorb(t, HATS_STARK_L_SALT, p->salt, sizeof p->salt);
}

static void say_root(struct hats_stark_prover *p, enum hats_stark_tree tree,
                     enum hats_stark_label label) {
    hats_stark_absorb(&p->transcript, label, hats_merkle_root(&p->oracle[tree].tree),
                      HATS_SHA256_LEN);
}

static hats_status converse(struct hats_stark_prover *p) {
    struct hats_stark_transcript *t = &p->transcript;
    struct hats_fp3 three[3 + HATS_AIR_MAX_CHALLENGES];
    say_beginning(p);
    hats_status s = hats_stark_prove_trace(p);
    if (s != HATS_OK)
        return s;
    say_root(p, HATS_STARK_TREE_TRACE, HATS_STARK_L_TRACE);
    hats_stark_draw_k(t, HATS_STARK_L_CHALLENGES, three, 3 + p->setup->n_challenges);
    p->alpha = three[0];
    p->theta = three[1];
    p->delta = three[2];
    memcpy(p->challenges, three + 3, p->setup->n_challenges * sizeof *three);
    if ((s = hats_stark_prove_aux(p)) != HATS_OK)
        return s;
    if (p->setup->has_aux)
        say_root(p, HATS_STARK_TREE_AUX, HATS_STARK_L_HELPERS);
    hats_stark_draw_k(t, HATS_STARK_L_LAMBDA, &p->lambda, 1);
    if ((s = hats_stark_prove_quotient(p)) != HATS_OK)
        return s;
    say_root(p, HATS_STARK_TREE_QUOTIENT, HATS_STARK_L_QUOTIENT);
    hats_stark_draw_k(t, HATS_STARK_L_ZETA, &p->zeta, 1);
    if ((p->zeta.c[1] | p->zeta.c[2]) == 0)
        return hats_fail(p->err, HATS_E_RANGE, "a challenge met the domain; try again");
    if ((s = hats_stark_prove_opened(p)) != HATS_OK || (s = hats_stark_prove_folds(p)) != HATS_OK)
        return s;
    return hats_stark_prove_final(p);
}

hats_status hats_stark_prove(struct hats_buffer *proof,
                             const struct hats_stark_statement *statement,
                             const uint64_t *const *trace,
                             const uint8_t coins[HATS_STARK_COINS_LEN],
                             const struct hats_stark_options *options, struct hats_error *err) {
    struct hats_stark_prover *p = hats_alloc(sizeof *p);
    if (p == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a proof");
    uint64_t start = hats_stark_clock();
    struct hats_stark_workspace *own = NULL;
    hats_status s = HATS_E_MEMORY;
    p->setup = statement->setup;
    p->statement = statement;
    p->trace = trace;
    p->err = err;
    p->workspace = options != NULL ? options->workspace : NULL;
    if (p->workspace == NULL) {
        unsigned n_threads = options != NULL && options->n_threads != 0 ? options->n_threads : 1;
        own = p->workspace = hats_stark_workspace_new(n_threads);
    }
    if (p->workspace == NULL) {
        (void)hats_fail(err, s, "no memory for a proof");
        goto done;
    }
    p->threads = p->workspace->threads;
    s = init_domain(p);
    if (s == HATS_OK) {
        derive_key(p, coins);
        p->times.prepare = hats_stark_clock() - start;
        s = converse(p);
    }
    if (s == HATS_OK)
        s = hats_stark_prove_write(p, proof);
    p->times.total = hats_stark_clock() - start;
    if (options != NULL && options->times != NULL)
        *options->times = p->times;
done:
    hats_stark_workspace_free(own);
    hats_free_wiped(p, sizeof *p);
    return s;
}
