#include "gate/verifier.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "statements/call.h"
#include "statements/key.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#define SETUPS_MAX 256 /* of encryption: two suites, with and without commitment, for 64 models */

static const uint32_t suites[] = {HATS_STARK_S128, HATS_STARK_S128_SMALL};
#define N_SUITES (sizeof suites / sizeof suites[0])

struct slot {
    void *memory;
    size_t len_bytes;
    struct slot *next;
};

struct hats_gate_verifier {
    struct hats_gate_proof_rules rules;
    struct hats_call_setups *setups;
    struct hats_key_setup *keys[N_SUITES]; /* of L4096 */
    sem_t n_free;
    pthread_mutex_t lock;
    struct slot *free;
    unsigned n_slots;
    struct slot *slots;
};

/* ---- slots ---- */

/* Waits for one; NULL: no memory of this size. */
static struct slot *take_slot(struct hats_gate_verifier *v, struct hats_arena *arena,
                              size_t len_bytes) {
    while (sem_wait(&v->n_free) != 0 && errno == EINTR) {
    }
    pthread_mutex_lock(&v->lock);
    struct slot *slot = v->free;
    v->free = slot->next;
    pthread_mutex_unlock(&v->lock);
    if (slot->len_bytes < len_bytes) {
        hats_free(slot->memory);
        slot->memory = hats_alloc(len_bytes);
        slot->len_bytes = slot->memory != NULL ? len_bytes : 0;
    }
    if (slot->memory != NULL)
        hats_arena_init(arena, slot->memory, slot->len_bytes);
    return slot;
}

static void give_slot(struct hats_gate_verifier *v, struct slot *slot) {
    pthread_mutex_lock(&v->lock);
    slot->next = v->free;
    v->free = slot;
    pthread_mutex_unlock(&v->lock);
    sem_post(&v->n_free);
}

/* ---- the rules ---- */

static hats_status measure_one(struct hats_gate_verifier *v, uint32_t suite, bool has_commitment,
                               size_t *proof_bytes, size_t *scratch_bytes,
                               const struct hats_plan *plan, const uint8_t plan_digest[32],
                               struct hats_error *err) {
    const struct hats_encryption_setup *setup;
    hats_status s =
        hats_call_setups_take(v->setups, &setup, suite, plan, plan_digest, has_commitment, err);
    if (s != HATS_OK)
        return s;
    size_t proof = hats_encryption_setup_stark(setup)->proof_max_bytes;
    size_t scratch = hats_encryption_scratch_bytes(setup);
    *proof_bytes = proof > *proof_bytes ? proof : *proof_bytes;
    *scratch_bytes = scratch > *scratch_bytes ? scratch : *scratch_bytes;
    hats_call_setups_give(v->setups, setup);
    return HATS_OK;
}

static hats_status measure(void *user, size_t *proof_bytes, size_t *scratch_bytes,
                           const struct hats_plan *plan, const uint8_t plan_digest[32],
                           struct hats_error *err) {
    hats_status s = HATS_OK;
    *proof_bytes = *scratch_bytes = 0;
    for (size_t i = 0; s == HATS_OK && i < N_SUITES; i++) {
        s = measure_one(user, suites[i], false, proof_bytes, scratch_bytes, plan, plan_digest, err);
        if (s != HATS_OK)
            return s;
        s = measure_one(user, suites[i], true, proof_bytes, scratch_bytes, plan, plan_digest, NULL);
        if (s == HATS_E_UNSUPPORTED) /* no commitments for this plan */
            s = HATS_OK;
    }
    return s;
}

static hats_status verify(void *user, const struct hats_gate_proof *proof, struct hats_error *err) {
    struct hats_gate_verifier *v = user;
    const struct hats_encryption_setup *setup;
    struct hats_call_statement statement;
    struct hats_arena arena;
    hats_status s =
        hats_call_setups_take(v->setups, &setup, proof->suite, proof->plan, proof->plan_digest,
                              proof->core->has_data_commitment, err);
    if (s != HATS_OK)
        return s;
    s = hats_call_statement_init(&statement, setup, proof->plan, proof->core, proof->public_key,
                                 proof->public_key_len, proof->ciphertext, proof->ciphertext_len,
                                 err);
    if (s == HATS_OK) {
        struct slot *slot = take_slot(v, &arena, hats_encryption_scratch_bytes(setup));
        s = slot->memory != NULL ? hats_encryption_verify(&statement.public, proof->bytes,
                                                          proof->len_bytes, &arena, NULL, err)
                                 : hats_fail(err, HATS_E_MEMORY, "no memory to check a proof");
        give_slot(v, slot);
    }
    hats_call_setups_give(v->setups, setup);
    return s;
}

static hats_status verify_key(void *user, const struct hats_gate_key_proof *proof,
                              struct hats_error *err) {
    struct hats_gate_verifier *v = user;
    struct hats_key_public public = {0};
    struct hats_arena arena;
    uint32_t set_id;
    for (size_t i = 0; i < N_SUITES; i++)
        if (suites[i] == proof->suite)
    public.setup = v->keys[i];
    if (public.setup == NULL)
        return hats_fail(err, HATS_E_VERSION, "proofs of suite %u are not taken", proof->suite);
    memcpy(public.nonce, proof->nonce, sizeof public.nonce);
    hats_status s = hats_fhe_public_key_open(&public.b0, &set_id, proof->public_key,
                                             proof->public_key_len, err);
    if (s == HATS_OK && set_id != HATS_SET_L4096)
        s = hats_fail(err, HATS_E_VERSION, "keys of parameter set %u are not proven", set_id);
    if (s != HATS_OK)
        return s;
    struct slot *slot = take_slot(v, &arena, hats_key_scratch_bytes(public.setup));
    s = slot->memory != NULL
            ? hats_key_verify(&public, proof->bytes, proof->len_bytes, &arena, NULL, err)
            : hats_fail(err, HATS_E_MEMORY, "no memory to check a proof");
    give_slot(v, slot);
    return s;
}

/* ---- life ---- */

hats_status hats_gate_verifier_new(struct hats_gate_verifier **out, unsigned slots,
                                   struct hats_error *err) {
    *out = NULL;
    struct hats_gate_verifier *v = hats_alloc(sizeof *v);
    if (v == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for proofs");
    v->rules = (struct hats_gate_proof_rules){
        .required = true,
        .suites = suites,
        .n_suites = N_SUITES,
        .measure = measure,
        .verify = verify,
        .verify_key = verify_key,
        .user = v,
    };
    sem_init(&v->n_free, 0, slots);
    pthread_mutex_init(&v->lock, NULL);
    v->n_slots = slots;
    v->slots = hats_alloc_array(slots, sizeof v->slots[0]);
    v->setups = hats_call_setups_new(SETUPS_MAX);
    hats_status s = HATS_OK;
    if (v->slots == NULL || v->setups == NULL)
        s = hats_fail(err, HATS_E_MEMORY, "no memory for proofs");
    for (unsigned i = 0; s == HATS_OK && i < slots; i++) {
        v->slots[i].next = v->free;
        v->free = &v->slots[i];
    }
    for (size_t i = 0; s == HATS_OK && i < N_SUITES; i++)
        s = hats_key_setup_new(&v->keys[i], suites[i], HATS_SET_L4096, err);
    if (s == HATS_OK)
        *out = v;
    else
        hats_gate_verifier_free(v);
    return s;
}

void hats_gate_verifier_free(struct hats_gate_verifier *v) {
    if (v == NULL)
        return;
    for (size_t i = 0; i < N_SUITES; i++)
        hats_key_setup_free(v->keys[i]);
    for (unsigned i = 0; v->slots != NULL && i < v->n_slots; i++)
        hats_free(v->slots[i].memory);
    hats_free(v->slots);
    hats_call_setups_free(v->setups);
    pthread_mutex_destroy(&v->lock);
    sem_destroy(&v->n_free);
    hats_free(v);
}

const struct hats_gate_proof_rules *hats_gate_verifier_rules(const struct hats_gate_verifier *v) {
    return &v->rules;
}
