/* A call with its body: from the cheapest question to the row that decides. */
#include "gate/call.h"

#include "base/bytes.h"
#include "base/random.h"
#include "hash/sha256.h"
#include "statements/call.h"
#include "wire/oip.h"

#include <stdio.h>

/* The tensors: the ciphertext, a core that did not come in the header field, and a proof where the core
 * names one and only there. */
static enum hats_problem read_tensors(struct hats_gate_call *call, const uint8_t *body,
                                      size_t len_bytes, struct hats_error *detail) {
    struct hats_oip_tensor t[3] = {
        {.name = "hats.ciphertext"}, {.name = "hats.proof"}, {.name = "hats.core"}};
    struct hats_error why = {0};
    if (hats_oip_parse(t, call->has_core ? 2 : 3, 1, call->id, "inputs", body, len_bytes,
                       call->json_len, &why) != HATS_OK)
        return hats_gate_refuse(detail, HATS_PROBLEM_BODY_MALFORMED, "%s.", why.text);
    call->ciphertext = t[0].data;
    call->ciphertext_len = t[0].len_bytes;
    call->proof = t[1].data;
    call->proof_len = t[1].len_bytes;
    if (!call->has_core) {
        if (t[2].data == NULL)
            return HATS_PROBLEM_CORE_MISSING;
        if (t[2].len_bytes > sizeof call->core_bytes)
            return hats_gate_refuse(detail, HATS_PROBLEM_CORE_MALFORMED,
                                    "It has %zu bytes of at most %d.", t[2].len_bytes,
                                    HATS_CORE_MAX_BYTES);
        memcpy(call->core_bytes, t[2].data, t[2].len_bytes);
        call->core_len = t[2].len_bytes;
        enum hats_problem p = hats_gate_call_core(call, detail);
        if (p != HATS_PROBLEM_NONE)
            return p;
    }
    if ((call->proof != NULL) != call->core.has_proof)
        return hats_gate_refuse(detail, HATS_PROBLEM_BODY_MALFORMED,
                                call->proof != NULL
                                    ? "There is a proof that the core does not name."
                                    : "The proof that the core names is not there.");
    return HATS_PROBLEM_NONE;
}

/* Was this (sid, i) used? *known: by this very request, which was accepted and not sealed, and nobody
 * works on it any more. *answered: the reply is complete. That another request used it decides nothing
 * yet: this one has to be verified before it may end the session (accept does). */
static enum hats_problem repeat(struct hats_gate_call *call, struct hats_gate_reply *reply,
                                bool *known, bool *answered, struct hats_error *detail) {
    struct hats_store_call row;
    struct hats_error why = {0};
    hats_status s = hats_store_call_get(call->gate->config.store, &row, &call->where, false, &why);
    call->steps |= HATS_STEP_REPEAT;
    if (s == HATS_E_NOT_FOUND)
        return HATS_PROBLEM_NONE;
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    if (memcmp(row.request_digest, call->request_digest, 32) != 0)
        return HATS_PROBLEM_NONE;
    if (row.model[0] != '\0' && strcmp(row.model, call->model->publication.name) != 0)
        return hats_gate_refuse(detail, HATS_PROBLEM_MODEL_CHANGED,
                                "The request was made to the model %s.", row.model);
    if (row.state == HATS_STORE_STATE_SEALED) {
        *answered = true;
        return hats_gate_call_stored(call, reply, detail);
    }
    if (row.lease_until_ms > hats_gate_now(call->gate))
        return HATS_PROBLEM_CALL_PENDING;
    *known = true;
    return HATS_PROBLEM_NONE;
}

/* `known`: accepted before, so what became of the session since does not matter. */
static enum hats_problem check_session(struct hats_gate_call *call, bool known,
                                       struct hats_error *detail) {
    struct hats_store_session row;
    enum hats_problem p =
        hats_gate_session_find(call->gate, &row, call->tenant.id, call->core.sid, detail);
    if (p == HATS_PROBLEM_NONE && !known)
        p = hats_gate_session_judge(&row, call->core.i, hats_gate_now(call->gate));
    memcpy(call->session_owner, row.owner, 32);
    memcpy(call->session_receipt, row.receipt_id, 32);
    return p;
}

static enum hats_problem check_model(const struct hats_gate_call *call) {
    const struct model *m = call->model;
    struct hats_call_parameters p;
    uint8_t digest[32];
    if (memcmp(call->core.model_commitment, m->publication.model_commitment, 32) != 0)
        return HATS_PROBLEM_MODEL_CHANGED;
    hats_call_parameters_of(&p, m->package->plan, m->package->plan_digest, m->box_digest,
                            &call->core);
    hats_call_parameters_digest(digest, &p);
    return memcmp(call->core.parameters_digest, digest, 32) == 0 ? HATS_PROBLEM_NONE
                                                                 : HATS_PROBLEM_PARAMETERS;
}

static enum hats_problem check_key(struct hats_gate_call *call, struct hats_error *detail) {
    struct hats_store_key key;
    struct hats_error why = {0};
    hats_status s = hats_store_key_get(call->gate->config.store, &key, call->core.kid, false, &why);
    if (s == HATS_E_NOT_FOUND)
        return HATS_PROBLEM_KEY_UNKNOWN;
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    if (key.tenant != call->tenant.id)
        return HATS_PROBLEM_KEY_FOREIGN;
    if (key.revoked_ms != 0)
        return HATS_PROBLEM_KEY_REVOKED;
    if (memcmp(key.owner, call->session_owner, 32) != 0)
        return hats_gate_refuse(detail, HATS_PROBLEM_KEY_FOREIGN,
                                "Its owner is not the one who opened the session.");
    if (key.set_id != call->model->package->plan->set_id)
        return hats_gate_refuse(detail, HATS_PROBLEM_PARAMETERS,
                                "The key is of parameter set %u, the model of %u.", key.set_id,
                                call->model->package->plan->set_id);
    memcpy(call->owner, key.owner, 32);
    return HATS_PROBLEM_NONE;
}

static enum hats_problem check_ciphertext(struct hats_gate_call *call, struct hats_error *detail) {
    const struct hats_plan *plan = call->model->package->plan;
    struct hats_error why = {0};
    uint8_t digest[32];
    hats_sha256(digest, call->ciphertext, call->ciphertext_len);
    if (memcmp(digest, call->core.ciphertext_digest, 32) != 0)
        return HATS_PROBLEM_CIPHERTEXT_DIGEST;
    call->steps |= HATS_STEP_DIGESTS;
    hats_status s = hats_linear_ciphertext_check(plan->set_id, &plan->shape, call->ciphertext,
                                                 call->ciphertext_len, &why);
    return s == HATS_OK
               ? HATS_PROBLEM_NONE
               : hats_gate_refuse(detail, HATS_PROBLEM_CIPHERTEXT_MALFORMED, "%s.", why.text);
}

/* No row could be made for want of a live session, though there was one a moment ago. */
static enum hats_problem session_gone(struct hats_gate_call *call, struct hats_error *detail) {
    struct hats_store_session row;
    enum hats_problem p =
        hats_gate_session_find(call->gate, &row, call->tenant.id, call->core.sid, detail);
    if (p == HATS_PROBLEM_NONE)
        p = hats_gate_session_judge(&row, call->core.i, hats_gate_now(call->gate));
    return p != HATS_PROBLEM_NONE ? p : HATS_PROBLEM_SESSION_EXPIRED;
}

static enum hats_problem key_gone(const struct hats_gate_call *call) {
    struct hats_store_key key;
    hats_status s = hats_store_key_get(call->gate->config.store, &key, call->core.kid, false, NULL);
    return s == HATS_OK && key.revoked_ms != 0 ? HATS_PROBLEM_KEY_REVOKED
                                               : HATS_PROBLEM_KEY_UNKNOWN;
}

/* The durable decision. *ours: this thread evaluates. */
static enum hats_problem accept(struct hats_gate_call *call, bool *ours, bool *sealed,
                                struct hats_error *detail) {
    struct hats_gate *g = call->gate;
    struct hats_error why = {0};
    struct hats_store_accept a = {.id = call->where, .lease_ms = g->config.lease_ms};
    struct hats_store_accept_result r = {0};
    memcpy(a.request_digest, call->request_digest, 32);
    memcpy(a.kid, call->core.kid, 32);
    if (hats_random(a.flood_seed, sizeof a.flood_seed) != HATS_OK)
        return hats_gate_refuse(detail, HATS_PROBLEM_INTERNAL, "There is no randomness.");
    snprintf(a.model, sizeof a.model, "%s", call->model->publication.name);
    a.now_ms = hats_gate_now(g);
    hats_status s = hats_store_call_accept(g->config.store, &r, &a, &why);
    hats_wipe(&a, sizeof a);
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    *ours = r.outcome == HATS_STORE_NEW || r.outcome == HATS_STORE_TAKEN;
    *sealed = r.outcome == HATS_STORE_SEALED;
    memcpy(call->flood_seed, r.flood_seed, 32);
    call->accepted_ms = r.accepted_ms;
    call->lease_until_ms = r.lease_until_ms;
    hats_wipe(&r.flood_seed, sizeof r.flood_seed);
    switch (r.outcome) {
    case HATS_STORE_NEW: atomic_fetch_add(&g->accepted, 1); break;
    case HATS_STORE_TAKEN: atomic_fetch_add(&g->taken, 1); break;
    case HATS_STORE_SEALED: break;
    case HATS_STORE_PENDING: return HATS_PROBLEM_CALL_PENDING;
    case HATS_STORE_REUSED: atomic_fetch_add(&g->burnt, 1); return HATS_PROBLEM_CALL_REUSED;
    case HATS_STORE_KEY_GONE: return key_gone(call);
    case HATS_STORE_SESSION_GONE: return session_gone(call, detail);
    case HATS_STORE_TENANT_GONE: return HATS_PROBLEM_TOKEN_UNKNOWN;
    }
    return HATS_PROBLEM_NONE;
}

static enum hats_problem infer(struct hats_gate_call *call, struct hats_gate_reply *reply,
                               const uint8_t *body, size_t len_bytes, struct hats_error *detail) {
    bool known = false, answered = false, ours = false, sealed = false;
    enum hats_problem p = read_tensors(call, body, len_bytes, detail);
    if (p == HATS_PROBLEM_NONE)
        p = repeat(call, reply, &known, &answered, detail);
    if (p != HATS_PROBLEM_NONE || answered)
        return p;
    p = check_session(call, known, detail);
    if (p == HATS_PROBLEM_NONE && !known) /* a request that was accepted in time stays in time */
        p = hats_gate_clock_check(call->gate, call->core.unix_ms, detail);
    if (p == HATS_PROBLEM_NONE)
        p = check_model(call);
    if (p == HATS_PROBLEM_NONE)
        p = hats_gate_call_proof_rules(call, detail);
    if (p == HATS_PROBLEM_NONE)
        p = check_key(call, detail);
    if (p != HATS_PROBLEM_NONE)
        return p;
    call->steps |= HATS_STEP_LIMITS;
    p = check_ciphertext(call, detail);
    if (p == HATS_PROBLEM_NONE)
        p = hats_gate_call_proof(call, detail);
    if (p == HATS_PROBLEM_NONE)
        p = accept(call, &ours, &sealed, detail);
    if (p != HATS_PROBLEM_NONE)
        return p;
    if (sealed)
        return hats_gate_call_stored(call, reply, detail);
    call->steps |= HATS_STEP_ACCEPT;
    hats_gate_fault("accept");
    return hats_gate_call_finish(call, reply, detail);
}

enum hats_problem hats_gate_infer(struct hats_gate_call *call, struct hats_gate_reply *reply,
                                  const uint8_t *body, size_t len_bytes,
                                  struct hats_error *detail) {
    *reply = (struct hats_gate_reply){0};
    hats_buffer_init(&reply->body, call->model->work_bytes);
    enum hats_problem p = infer(call, reply, body, len_bytes, detail);
    if (p == HATS_PROBLEM_NONE)
        atomic_fetch_add(&call->gate->answers, 1);
    else
        hats_buffer_clear(&reply->body);
    if (p == HATS_PROBLEM_CALL_PENDING)
        reply->retry_after_s = hats_gate_retry_after_s(call->gate, p);
    hats_gate_fault("answer");
    return hats_gate_counted(call->gate, p);
}

void hats_gate_reply_clear(struct hats_gate_reply *reply) {
    hats_buffer_clear(&reply->body);
    *reply = (struct hats_gate_reply){0};
}
