/* What can be decided when the header of a call is there. Nothing outside memory is looked at. */
#include "gate/call.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"

#include <stdio.h>

enum hats_problem hats_gate_call_core(struct hats_gate_call *call, struct hats_error *detail) {
    struct hats_error why = {0};
    hats_status s = hats_core_decode(&call->core, call->core_bytes, call->core_len, &why);
    if (s != HATS_OK)
        return hats_gate_refuse(detail, HATS_PROBLEM_CORE_MALFORMED, "%s.", why.text);
    if (call->core.op != HATS_OP_INFER)
        return hats_gate_refuse(detail, HATS_PROBLEM_CORE_MALFORMED,
                                "This path takes operation 1; a session is closed at "
                                "/v1/sessions/SID/close.");
    hats_core_request_digest(call->request_digest, call->core_bytes, call->core_len);
    call->where = (struct hats_store_call_id){.tenant = call->tenant.id, .i = call->core.i};
    memcpy(call->where.sid, call->core.sid, 32);
    call->has_core = true;
    call->steps |= HATS_STEP_CORE;
    return HATS_PROBLEM_NONE;
}

static enum hats_problem core_from_field(struct hats_gate_call *call, const char *field,
                                         struct hats_error *detail) {
    if (!hats_base64url_decode(call->core_bytes, sizeof call->core_bytes, &call->core_len, field,
                               strlen(field)))
        return hats_gate_refuse(detail, HATS_PROBLEM_CORE_MALFORMED,
                                "The field HATS-Core is not base64url of at most %d bytes.",
                                HATS_CORE_MAX_BYTES);
    return hats_gate_call_core(call, detail);
}

static enum hats_problem check_lengths(struct hats_gate_call *call,
                                       const struct hats_gate_headers *h,
                                       struct hats_error *detail) {
    uint64_t json_len;
    if (h->content_length < 0)
        return HATS_PROBLEM_LENGTH_REQUIRED;
    if ((uint64_t)h->content_length > call->model->max_body_bytes)
        return hats_gate_refuse(detail, HATS_PROBLEM_BODY_TOO_LARGE,
                                "For this model it has at most %zu bytes.",
                                call->model->max_body_bytes);
    if (h->json_len == NULL || !hats_parse_u64(&json_len, h->json_len, strlen(h->json_len)) ||
        json_len > (uint64_t)h->content_length)
        return hats_gate_refuse(detail, HATS_PROBLEM_BODY_MALFORMED,
                                "The field Inference-Header-Content-Length must say how many bytes "
                                "of the body are JSON.");
    call->json_len = (size_t)json_len;
    return HATS_PROBLEM_NONE;
}

static enum hats_problem reserve(struct hats_gate_call *call, size_t body_bytes,
                                 struct hats_error *detail) {
    struct hats_gate *g = call->gate;
    size_t need = body_bytes + call->model->work_bytes;
    enum hats_problem p = HATS_PROBLEM_NONE;
    if (!hats_gate_tenant_enter(g, call->tenant.id, need))
        return hats_gate_refuse(detail, HATS_PROBLEM_BUSY,
                                "This tenant has as many calls open as one tenant may.");
    pthread_mutex_lock(&g->room_lock);
    if (g->calls_open >= g->config.max_calls) {
        p = hats_gate_refuse(detail, HATS_PROBLEM_BUSY, "%u calls are being worked on.",
                             g->calls_open);
    } else if (g->memory_used + need > hats_gate_call_budget(g)) {
        p = hats_gate_refuse(detail, HATS_PROBLEM_BUSY, "The memory for calls is in use.");
    } else {
        g->memory_used += need;
        g->calls_open++;
        call->reserved_bytes = need;
    }
    pthread_mutex_unlock(&g->room_lock);
    if (p != HATS_PROBLEM_NONE)
        hats_gate_tenant_leave(g, call->tenant.id, need);
    return p;
}

static enum hats_problem admit(struct hats_gate_call *call, const struct hats_gate_headers *h,
                               struct hats_error *detail) {
    struct hats_gate *g = call->gate;
    if (hats_gate_draining(g))
        return HATS_PROBLEM_DRAINING;
    call->model = h->model != NULL ? hats_gate_model_find(g, h->model) : NULL;
    if (call->model == NULL)
        return HATS_PROBLEM_MODEL_UNKNOWN;
    enum hats_problem p = check_lengths(call, h, detail);
    if (p == HATS_PROBLEM_NONE && h->core != NULL)
        p = core_from_field(call, h->core, detail);
    if (p == HATS_PROBLEM_NONE)
        p = reserve(call, (size_t)h->content_length, detail);
    return p;
}

void hats_gate_connection_names(const struct hats_gate_connection *connection,
                                char group[HATS_RECEIPT_TLS_MAX],
                                char signature[HATS_RECEIPT_TLS_MAX], bool *server_auth_pq) {
    bool tls = connection->tls_group != NULL && connection->tls_signature != NULL;
    snprintf(group, HATS_RECEIPT_TLS_MAX, "%s", tls ? connection->tls_group : "none");
    snprintf(signature, HATS_RECEIPT_TLS_MAX, "%s", tls ? connection->tls_signature : "none");
    *server_auth_pq = tls && connection->server_auth_pq;
}

enum hats_problem hats_gate_admit(struct hats_gate *g, struct hats_gate_call **out,
                                  const struct hats_gate_headers *headers,
                                  struct hats_error *detail) {
    struct hats_gate_tenant tenant;
    *out = NULL;
    enum hats_problem p = hats_gate_authenticate(g, &tenant, headers->authorization, detail);
    if (p != HATS_PROBLEM_NONE)
        return p; /* counted there */
    struct hats_gate_call *call = hats_alloc(sizeof *call);
    if (call == NULL)
        return hats_gate_counted(g, HATS_PROBLEM_INTERNAL);
    call->gate = g;
    call->tenant = tenant;
    hats_gate_connection_names(&headers->connection, call->tls_group, call->tls_signature,
                               &call->server_auth_pq);
    call->steps = HATS_STEP_TOKEN | (headers->connection.tls_group != NULL ? HATS_STEP_TLS : 0);
    p = admit(call, headers, detail);
    if (p == HATS_PROBLEM_NONE) {
        atomic_fetch_add(&g->admitted, 1);
        *out = call;
    } else {
        hats_gate_call_free(call);
    }
    return hats_gate_counted(g, p);
}

void hats_gate_call_free(struct hats_gate_call *call) {
    if (call == NULL)
        return;
    struct hats_gate *g = call->gate;
    if (call->reserved_bytes != 0) {
        pthread_mutex_lock(&g->room_lock);
        g->memory_used -= call->reserved_bytes;
        g->calls_open--;
        pthread_mutex_unlock(&g->room_lock);
        hats_gate_tenant_leave(g, call->tenant.id, call->reserved_bytes);
    }
    hats_gate_model_drop(call->model);
    hats_free_wiped(call, sizeof *call);
}
