/* A call with its body: from the cheapest question to the row that decides. */
#include "gate/call.h"

#include "base/bytes.h"
#include "base/random.h"
#include "hash/sha256.h"
#include "wire/oip.h"

/* The tensors; a core that did not come in the header field is one of them. */
static enum hats_problem read_tensors(struct hats_gate_call *call, const uint8_t *body,
                                      size_t len_bytes, struct hats_error *detail) {
    struct hats_oip_tensor t[2] = {{.name = "hats.ciphertext"}, {.name = "hats.core"}};
    struct hats_error why = {0};
    size_t n = call->has_core ? 1 : 2;
    if (hats_oip_parse(t, n, call->id, "inputs", body, len_bytes, call->json_len, &why) !=
        HATS_OK) {
        if (n == 2 &&
            hats_oip_parse(t, 1, NULL, "inputs", body, len_bytes, call->json_len, NULL) == HATS_OK)
            return HATS_PROBLEM_CORE_MISSING;
        return hats_gate_refuse(detail, HATS_PROBLEM_BODY_MALFORMED, "%s.", why.text);
    }
    call->ciphertext = t[0].data;
    call->ciphertext_len = t[0].len_bytes;
    if (call->has_core)
        return HATS_PROBLEM_NONE;
    if (t[1].len_bytes > sizeof call->core_bytes)
        return hats_gate_refuse(detail, HATS_PROBLEM_CORE_MALFORMED,
                                "It has %zu bytes of at most %d.", t[1].len_bytes,
                                HATS_CORE_MAX_BYTES);
    memcpy(call->core_bytes, t[1].data, t[1].len_bytes);
    call->core_len = t[1].len_bytes;
    return hats_gate_call_core(call, detail);
}

/* Was this (sid, i) used? *known: by this very request, which was accepted and not sealed, and nobody
 * works on it any more. *answered: the reply is complete. */
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
        return HATS_PROBLEM_CALL_REUSED;
    if (row.state == HATS_STORE_STATE_SEALED) {
        *answered = true;
        return hats_gate_call_stored(call, reply, detail);
    }
    if (row.lease_until_ms > hats_gate_now(call->gate))
        return HATS_PROBLEM_CALL_PENDING;
    *known = true;
    return HATS_PROBLEM_NONE;
}

static enum hats_problem check_time(const struct hats_gate_call *call, struct hats_error *detail) {
    uint64_t now = hats_gate_now(call->gate), then = call->core.unix_ms;
    uint64_t off = now > then ? now - then : then - now;
    if (off <= call->gate->config.clock_skew_ms)
        return HATS_PROBLEM_NONE;
    return hats_gate_refuse(detail, HATS_PROBLEM_CLOCK,
                            "It is off by %llu seconds, %llu are allowed.",
                            (unsigned long long)(off / 1000),
                            (unsigned long long)(call->gate->config.clock_skew_ms / 1000));
}

static enum hats_problem check_model(const struct hats_gate_call *call) {
    const struct model *m = call->model;
    const struct hats_plan *plan = m->package->plan;
    if (memcmp(call->core.model_commitment, m->publication.model_commitment, 32) != 0)
        return HATS_PROBLEM_MODEL_CHANGED;
    struct hats_call_parameters p = {
        .set_id = plan->set_id,
        .proof_suite = 0, /* no proof of encryption travels with a call in this version */
        .d = plan->shape.d,
        .log_t = plan->log_t,
        .k = plan->shape.k,
        .block = plan->shape.block,
        .n_in = plan->shape.n_in,
        .purpose = call->core.purpose,
    };
    uint8_t digest[32];
    memcpy(p.bounds_digest, m->box_digest, 32);
    memcpy(p.transform_digest, m->package->plan_digest, 32);
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
        return hats_gate_refuse(detail, HATS_PROBLEM_KEY_UNKNOWN,
                                "It was revoked; make a new key.");
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
    a.now_ms = hats_gate_now(g);
    hats_status s = hats_store_call_accept(g->config.store, &r, &a, &why);
    hats_wipe(&a, sizeof a);
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    *ours = r.outcome == HATS_STORE_NEW || r.outcome == HATS_STORE_TAKEN;
    *sealed = r.outcome == HATS_STORE_SEALED;
    memcpy(call->flood_seed, r.flood_seed, 32);
    call->accepted_ms = r.accepted_ms;
    hats_wipe(&r.flood_seed, sizeof r.flood_seed);
    switch (r.outcome) {
    case HATS_STORE_NEW: atomic_fetch_add(&g->accepted, 1); break;
    case HATS_STORE_TAKEN: atomic_fetch_add(&g->taken, 1); break;
    case HATS_STORE_SEALED: break;
    case HATS_STORE_PENDING: return HATS_PROBLEM_CALL_PENDING;
    case HATS_STORE_REUSED: return HATS_PROBLEM_CALL_REUSED;
    case HATS_STORE_KEY_GONE: return HATS_PROBLEM_KEY_UNKNOWN;
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
    if (!known) /* a request that was accepted in time stays in time */
        p = check_time(call, detail);
    if (p == HATS_PROBLEM_NONE)
        p = check_model(call);
    if (p == HATS_PROBLEM_NONE)
        p = check_key(call, detail);
    if (p != HATS_PROBLEM_NONE)
        return p;
    call->steps |= HATS_STEP_LIMITS;
    p = check_ciphertext(call, detail);
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
