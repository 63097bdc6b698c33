/* The control plane: challenges and sessions. */
#include "server/service.h"

#include "base/arena.h"
#include "base/text.h"
#include "wire/core.h"
#include "wire/session.h"

#include <string.h>

static enum hats_problem admit(struct exchange *x, uint64_t *max_body_bytes, size_t most,
                               struct hats_error *detail) {
    int64_t len = hats_http_request_content_length(x->request);
    enum hats_problem p = hats_gate_control_admit(
        x->server->gate, &x->tenant, hats_http_request_header(x->request, "authorization"), len,
        most, detail);
    if (p == HATS_PROBLEM_NONE)
        *max_body_bytes = (uint64_t)len;
    return p;
}

enum hats_problem hats_server_admit_challenge(struct exchange *x, uint64_t *max_body_bytes,
                                              struct hats_error *detail) {
    return admit(x, max_body_bytes, HATS_CHALLENGE_MAX_BYTES, detail);
}

enum hats_problem hats_server_admit_session(struct exchange *x, uint64_t *max_body_bytes,
                                            struct hats_error *detail) {
    return admit(x, max_body_bytes, HATS_SESSION_REQUEST_MAX, detail);
}

enum hats_problem hats_server_admit_close(struct exchange *x, uint64_t *max_body_bytes,
                                          struct hats_error *detail) {
    return admit(x, max_body_bytes, HATS_CORE_MAX_BYTES, detail);
}

void hats_server_post_challenge(struct exchange *x) {
    struct hats_buffer answer;
    struct hats_error detail = {0};
    size_t len;
    const uint8_t *body = hats_http_request_body(x->request, &len);
    enum hats_problem p =
        hats_gate_challenge(x->server->gate, &answer, &x->tenant, body, len, &detail);
    if (p != HATS_PROBLEM_NONE)
        hats_server_answer_problem(x, p, detail.text, NULL);
    else
        hats_server_answer_bytes(x, 200, "application/cbor", answer.data, answer.len);
    hats_buffer_clear(&answer);
}

/* The receipt of an opening or a closing. */
static void answer_receipt(struct exchange *x, enum hats_problem p, unsigned status,
                           struct hats_gate_session_reply *reply, const struct hats_error *detail) {
    if (p != HATS_PROBLEM_NONE)
        hats_server_answer_problem(x, p, detail->text, NULL);
    else
        hats_server_answer_bytes(x, status, "application/vnd.hats.receipt+cose", reply->receipt,
                                 reply->receipt_len);
    hats_gate_session_reply_clear(reply);
}

void hats_server_post_session(struct exchange *x) {
    struct hats_gate_session_reply reply;
    struct hats_error detail = {0};
    struct hats_gate_connection connection = hats_server_connection(x);
    size_t len;
    const uint8_t *body = hats_http_request_body(x->request, &len);
    enum hats_problem p =
        hats_gate_session_open(x->server->gate, &reply, &x->tenant, &connection,
                               x->has_exporter ? x->exporter : NULL, body, len, &detail);
    answer_receipt(x, p, reply.repeated ? 200 : 201, &reply, &detail);
}

void hats_server_post_close(struct exchange *x) {
    struct hats_gate_session_reply reply;
    struct hats_error detail = {0};
    struct hats_gate_connection connection = hats_server_connection(x);
    size_t len;
    const uint8_t *body = hats_http_request_body(x->request, &len);
    enum hats_problem p = hats_gate_session_close(x->server->gate, &reply, &x->tenant, &connection,
                                                  x->parameter, body, len, &detail);
    answer_receipt(x, p, 200, &reply, &detail);
}

static json_t *session_json(const struct hats_gate_session *s) {
    char sid[65], owner[65];
    hats_hex_encode(sid, s->sid, 32);
    hats_hex_encode(owner, s->owner, 32);
    json_t *ended = s->ended_ms != 0 ? json_integer((json_int_t)s->ended_ms) : json_null();
    json_t *close = s->close_receipt_id[0] != '\0' ? json_string(s->close_receipt_id) : json_null();
    return json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:o, s:s, s:o}", "sid", sid, "state", s->state,
                     "owner", owner, "calls", (int)s->calls, "opened_ms", (json_int_t)s->opened_ms,
                     "not_after_ms", (json_int_t)s->not_after_ms, "ended_ms", ended, "receipt",
                     s->receipt_id, "close_receipt", close);
}

static void answer_session(struct exchange *x, enum hats_problem p,
                           const struct hats_gate_session *s, const struct hats_error *detail) {
    if (p != HATS_PROBLEM_NONE)
        hats_server_answer_problem(x, p, detail->text, NULL);
    else
        hats_server_answer_json(x, 200, session_json(s));
}

void hats_server_get_session(struct exchange *x) {
    struct hats_gate_session s;
    struct hats_error detail = {0};
    enum hats_problem p =
        hats_gate_session_get(x->server->gate, &s, &x->tenant, x->parameter, &detail);
    answer_session(x, p, &s, &detail);
}

void hats_server_delete_session(struct exchange *x) {
    struct hats_gate_session s;
    struct hats_error detail = {0};
    enum hats_problem p =
        hats_gate_session_revoke(x->server->gate, &s, &x->tenant, x->parameter, &detail);
    answer_session(x, p, &s, &detail);
}
