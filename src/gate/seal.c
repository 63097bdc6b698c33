/* From an accepted call to its answer: evaluate, receipt, seal, reply. */
#include "gate/call.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "evidence/digest.h"
#include "hash/sha256.h"
#include "wire/oip.h"

#include <errno.h>
#include <stdio.h>

static enum hats_problem reply_with(const struct hats_gate_call *call,
                                    struct hats_gate_reply *reply, const uint8_t *answer,
                                    size_t answer_len, const uint8_t *receipt, size_t receipt_len,
                                    const uint8_t receipt_id[32]) {
    struct hats_oip_tensor outputs[2] = {{"hats.answer", answer, answer_len},
                                         {"hats.receipt", receipt, receipt_len}};
    hats_oip_response(&reply->body, &reply->json_len, call->model->publication.name, call->id,
                      outputs, 2);
    if (reply->body.failed)
        return HATS_PROBLEM_INTERNAL; /* sealed: the same request again gets it from the store */
    hats_hex_encode(reply->receipt_id, receipt_id, 32);
    return HATS_PROBLEM_NONE;
}

enum hats_problem hats_gate_call_stored(struct hats_gate_call *call, struct hats_gate_reply *reply,
                                        struct hats_error *detail) {
    struct hats_store_call row;
    struct hats_error why = {0};
    hats_status s = hats_store_call_get(call->gate->config.store, &row, &call->where, true, &why);
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    enum hats_problem p;
    if (row.output == NULL) {
        hats_hex_encode(reply->receipt_id, row.receipt_id, 32);
        p = hats_gate_refuse(detail, HATS_PROBLEM_ANSWER_GONE, "Its receipt is /v1/receipts/%s.",
                             reply->receipt_id);
    } else {
        /* The model may have changed since, and with it what its answers take. */
        reply->body.max = hats_oip_overhead(2) + row.output_len + row.receipt_len;
        p = reply_with(call, reply, row.output, row.output_len, row.receipt, row.receipt_len,
                       row.receipt_id);
        reply->repeated = true;
        atomic_fetch_add(&call->gate->repeats, p == HATS_PROBLEM_NONE);
    }
    hats_store_call_clear(&row);
    return p;
}

static hats_status evaluate(struct hats_gate_call *call, uint8_t *answer, struct hats_error *err) {
    struct hats_gate *g = call->gate;
    struct cached_key *key;
    uint8_t ctx[32], mask_seed[32];
    hats_status s = hats_gate_cache_take(&g->keys, &key, g->config.store, call->core.kid, err);
    if (s != HATS_OK)
        return s;
    hats_core_context(ctx, &call->core);
    hats_core_mask_seed(mask_seed, call->flood_seed, call->request_digest);
    while (sem_wait(&g->evaluations) != 0 && errno == EINTR)
        ;
    uint64_t start = hats_monotonic_ns();
    atomic_fetch_add(&g->evaluated, 1);
    s = hats_linear_evaluate(answer, call->model->answer_bytes, call->model->package->linear,
                             key->pk, ctx, call->ciphertext, call->ciphertext_len, mask_seed, err);
    hats_wipe(mask_seed, sizeof mask_seed);
    atomic_fetch_add(&g->evaluation_ns, hats_monotonic_ns() - start);
    sem_post(&g->evaluations);
    hats_gate_cache_give(&g->keys, key);
    call->steps |= HATS_STEP_EVALUATE;
    return s;
}

static hats_status sign(const struct hats_gate_call *call, struct hats_buffer *out,
                        const uint8_t *answer, struct hats_error *err) {
    const struct hats_gate *g = call->gate;
    const struct model *m = call->model;
    struct hats_receipt r = {
        .kind = HATS_RECEIPT_ANSWER,
        .suite = HATS_RECEIPT_SUITE_1,
        .call_index = call->core.i,
        .set_id = m->package->plan->set_id,
        .log_t = m->package->plan->log_t,
        .classical_bits = m->package->plan->classical_bits,
        .quantum_bits = m->package->plan->quantum_bits,
        .has_owner = true,
        .accepted_ms = call->accepted_ms,
        .done_ms = hats_gate_now(g),
        .server_auth = call->server_auth_pq ? HATS_AUTH_PQ : HATS_AUTH_CLASSICAL,
        /* nobody sees the receipt before the seal it says was made */
        .gate_steps = call->steps | HATS_STEP_SEAL,
    };
    if (r.done_ms < r.accepted_ms)
        r.done_ms =
            r.accepted_ms; /* the clock was set back; a receipt does not contradict itself */
    memcpy(r.sid, call->core.sid, 32);
    memcpy(r.request_digest, call->request_digest, 32);
    memcpy(r.session_receipt, call->session_receipt, 32);
    r.has_proof = call->core.has_proof;
    r.proof_suite = call->core.proof_suite;
    memcpy(r.proof_digest, call->core.proof_digest, 32);
    r.has_data_commitment = call->core.has_data_commitment;
    memcpy(r.data_commitment, call->core.data_commitment, 32);
    memcpy(r.model_commitment, m->publication.model_commitment, 32);
    memcpy(r.model_name, m->publication.name, sizeof r.model_name);
    memcpy(r.model_version, m->publication.model_version, sizeof r.model_version);
    memcpy(r.plan_digest, m->package->plan_digest, 32);
    memcpy(r.kid, call->core.kid, 32);
    memcpy(r.owner, call->owner, 32);
    memcpy(r.ciphertext_digest, call->core.ciphertext_digest, 32);
    hats_sha256(r.output_digest, answer, m->answer_bytes);
    hats_evidence_flood_commit(r.flood_commitment, call->flood_seed);
    memcpy(r.tls_group, call->tls_group, sizeof r.tls_group);
    memcpy(r.tls_signature, call->tls_signature, sizeof r.tls_signature);
    memcpy(r.tenant_digest, call->tenant.digest, 32);
    memcpy(r.build_digest, g->config.build_digest, 32);
    return hats_receipt_sign(out, &r, g->config.signer, g->config.issuer, err);
}

/* Lets a retry take the call at once instead of when the lease is over. */
static enum hats_problem give_up(struct hats_gate_call *call, enum hats_problem p) {
    (void)!hats_store_call_release(call->gate->config.store, &call->where, NULL);
    return p;
}

static enum hats_problem seal(struct hats_gate_call *call, struct hats_gate_reply *reply,
                              const uint8_t *answer, const struct hats_buffer *receipt,
                              struct hats_error *detail) {
    struct hats_gate *g = call->gate;
    struct hats_error why = {0};
    struct hats_store_seal in = {
        .id = call->where,
        .output = answer,
        .output_len = call->model->answer_bytes,
        .receipt = receipt->data,
        .receipt_len = receipt->len,
        .now_ms = hats_gate_now(g),
    };
    bool won;
    memcpy(in.request_digest, call->request_digest, 32);
    hats_sha256(in.receipt_id, receipt->data, receipt->len);
    hats_status s = hats_store_call_seal(g->config.store, &won, &in, &why);
    if (s != HATS_OK)
        return give_up(call, hats_gate_storage(detail, s, &why));
    hats_gate_fault("seal");
    if (!won) /* another process took the call over and was faster: its receipt is the one */
        return hats_gate_call_stored(call, reply, detail);
    atomic_fetch_add(&g->sealed, 1);
    return reply_with(call, reply, answer, in.output_len, receipt->data, receipt->len,
                      in.receipt_id);
}

/* From accept to seal a call stands on the list whose leases are renewed. */
static void begin_work(struct hats_gate_call *call) {
    struct hats_gate *g = call->gate;
    pthread_mutex_lock(&g->room_lock);
    call->working = g->working;
    call->before = NULL;
    if (g->working != NULL)
        g->working->before = call;
    g->working = call;
    pthread_mutex_unlock(&g->room_lock);
}

static void end_work(struct hats_gate_call *call) {
    struct hats_gate *g = call->gate;
    pthread_mutex_lock(&g->room_lock);
    if (call->before != NULL)
        call->before->working = call->working;
    else
        g->working = call->working;
    if (call->working != NULL)
        call->working->before = call->before;
    pthread_mutex_unlock(&g->room_lock);
}

/* Which lease is to be renewed next: one that ends before `soon_ms`. False: none. */
static bool next_lease(struct hats_gate *g, struct hats_store_call_id *id, uint64_t *until_ms,
                       uint64_t soon_ms) {
    bool found = false;
    pthread_mutex_lock(&g->room_lock);
    for (const struct hats_gate_call *c = g->working; c != NULL && !found; c = c->working) {
        found = c->lease_until_ms < soon_ms;
        if (found) {
            *id = c->where;
            *until_ms = c->lease_until_ms;
        }
    }
    pthread_mutex_unlock(&g->room_lock);
    return found;
}

/* Notes a lease's new end, or (renewed = false) that it is nobody's to renew any more. */
static void note_lease(struct hats_gate *g, const struct hats_store_call_id *id, bool renewed,
                       uint64_t until_ms) {
    pthread_mutex_lock(&g->room_lock);
    for (struct hats_gate_call *c = g->working; c != NULL; c = c->working)
        if (c->where.tenant == id->tenant && c->where.i == id->i &&
            memcmp(c->where.sid, id->sid, 32) == 0)
            c->lease_until_ms = renewed ? until_ms : UINT64_MAX;
    pthread_mutex_unlock(&g->room_lock);
}

void hats_gate_renew_leases(struct hats_gate *g) {
    struct hats_store_call_id id;
    uint64_t now = hats_gate_now(g), until = now + g->config.lease_ms, old = 0;
    while (next_lease(g, &id, &old, now + g->config.lease_ms / 2)) {
        bool renewed = false;
        if (hats_store_call_renew(g->config.store, &renewed, &id, old, until, NULL) != HATS_OK)
            return; /* the next round comes before the lease is over */
        note_lease(g, &id, renewed, until);
        atomic_fetch_add(&g->renewed, renewed);
    }
}

enum hats_problem hats_gate_call_finish(struct hats_gate_call *call, struct hats_gate_reply *reply,
                                        struct hats_error *detail) {
    struct hats_error why = {0};
    struct hats_buffer receipt;
    enum hats_problem p = HATS_PROBLEM_INTERNAL;
    hats_buffer_init(&receipt, HATS_RECEIPT_MAX_BYTES);
    begin_work(call);
    uint8_t *answer = hats_alloc(call->model->answer_bytes);
    hats_status s = answer != NULL ? evaluate(call, answer, &why) : HATS_E_MEMORY;
    hats_gate_fault("evaluate");
    if (s == HATS_OK)
        s = sign(call, &receipt, answer, &why);
    if (s == HATS_OK)
        p = seal(call, reply, answer, &receipt, detail);
    else if (s == HATS_E_IO || s == HATS_E_BUSY)
        p = give_up(call, hats_gate_storage(detail, s, &why));
    else
        p = give_up(call, HATS_PROBLEM_INTERNAL);
    end_work(call);
    hats_buffer_clear(&receipt);
    hats_free(answer);
    return p;
}
