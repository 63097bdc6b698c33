#include "client/prove.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/pool.h"
#include "base/random.h"
#include "statements/call.h"
#include "statements/encryption_prove.h"
#include "statements/key_prove.h"

#define SETUPS_MAX 8
#define THREADS_MAX 4 /* a proof is too short for more */

struct hats_client_prover {
    struct hats_call_setups *setups;
    struct hats_stark_workspace *workspace;
};

hats_status hats_client_prover_new(struct hats_client_prover **out, struct hats_error *err) {
    unsigned n_threads = hats_pool_cpu_count();
    *out = NULL;
    struct hats_client_prover *p = hats_alloc(sizeof *p);
    if (p != NULL) {
        p->setups = hats_call_setups_new(SETUPS_MAX);
        p->workspace = hats_stark_workspace_new(n_threads < THREADS_MAX ? n_threads : THREADS_MAX);
    }
    if (p == NULL || p->setups == NULL || p->workspace == NULL) {
        hats_client_prover_free(p);
        return hats_fail(err, HATS_E_MEMORY, "no memory for proofs");
    }
    *out = p;
    return HATS_OK;
}

void hats_client_prover_free(struct hats_client_prover *prover) {
    if (prover == NULL)
        return;
    hats_call_setups_free(prover->setups);
    hats_stark_workspace_free(prover->workspace);
    hats_free(prover);
}

/* The key opened, and coins: wiped with the proof. */
struct opened {
    int8_t *s, *e0; /* N each, one block */
    size_t n;
    uint8_t coins[HATS_STARK_COINS_LEN];
};

static hats_status open_key(struct opened *k, const struct hats_owner *owner,
                            struct hats_error *err) {
    *k = (struct opened){.n = hats_fhe_set_n(hats_fhe_secret_set(owner->secret))};
    k->s = hats_alloc(2 * k->n);
    if (k->s == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a proof");
    k->e0 = k->s + k->n;
    if (hats_random(k->coins, sizeof k->coins) != HATS_OK)
        return hats_fail(err, HATS_E_RANDOM, "the operating system gave no randomness for a proof");
    return hats_fhe_secret_open(k->s, k->e0, owner->secret, err);
}

static void close_key(struct opened *k) {
    hats_free_wiped(k->s, 2 * k->n);
    hats_wipe(k, sizeof *k);
}

hats_status hats_client_prove_call(struct hats_client_prover *prover, struct hats_buffer *proof,
                                   const struct hats_plan *plan, const uint8_t plan_digest[32],
                                   const struct hats_core *core, const struct hats_owner *owner,
                                   const uint8_t *ciphertext, size_t ciphertext_len,
                                   const int8_t *e, const int32_t *x, struct hats_error *err) {
    const struct hats_stark_options options = {.workspace = prover->workspace};
    const struct hats_encryption_setup *setup;
    struct hats_call_statement statement;
    struct opened key = {0};
    hats_status s = hats_call_setups_take(prover->setups, &setup, core->proof_suite, plan,
                                          plan_digest, core->has_data_commitment, err);
    if (s == HATS_OK)
        s = hats_call_statement_init(&statement, setup, plan, core, owner->public_key,
                                     owner->public_key_len, ciphertext, ciphertext_len, err);
    if (s == HATS_OK)
        s = open_key(&key, owner, err);
    if (s == HATS_OK) {
        const struct hats_encryption_witness witness = {.s = key.s, .e0 = key.e0, .e = e, .x = x};
        s = hats_encryption_prove(proof, &statement.public, &witness, key.coins, &options, err);
    }
    close_key(&key);
    hats_call_setups_give(prover->setups, setup);
    return s;
}

hats_status hats_client_prove_key(struct hats_client_prover *prover, struct hats_buffer *proof,
                                  const struct hats_owner *owner, const uint8_t nonce[32],
                                  struct hats_error *err) {
    const struct hats_stark_options options = {.workspace = prover->workspace};
    struct hats_key_public public = {0};
    struct hats_key_setup *setup = NULL;
    struct opened key = {0};
    uint32_t set_id = 0;
    memcpy(public.nonce, nonce, sizeof public.nonce);
    hats_status s = hats_fhe_public_key_open(&public.b0, &set_id, owner->public_key,
                                             owner->public_key_len, err);
    if (s == HATS_OK)
        s = hats_key_setup_new(&setup, HATS_STARK_S128, set_id, err);
    if (s == HATS_OK)
        s = open_key(&key, owner, err);
    public.setup = setup;
    if (s == HATS_OK)
        s = hats_key_prove(proof, &public, key.s, key.e0, key.coins, &options, err);
    close_key(&key);
    hats_key_setup_free(setup);
    return s;
}
