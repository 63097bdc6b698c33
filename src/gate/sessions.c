/* Challenges, and sessions from opening to end. */
#include "gate/internal.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "wire/core.h"

#define NONCE_KEPT_MS HATS_CHALLENGE_AGE_MS /* past its age */

/* ---- what calls and keys ask too ---- */

enum hats_problem hats_gate_clock_check(const struct hats_gate *g, uint64_t unix_ms,
                                        struct hats_error *detail) {
    uint64_t now = hats_gate_now(g);
    uint64_t off = now > unix_ms ? now - unix_ms : unix_ms - now;
    if (off <= g->config.clock_skew_ms)
        return HATS_PROBLEM_NONE;
    return hats_gate_refuse(
        detail, HATS_PROBLEM_CLOCK, "It is off by %llu seconds, %llu are allowed.",
        (unsigned long long)(off / 1000), (unsigned long long)(g->config.clock_skew_ms / 1000));
}

enum hats_problem hats_gate_nonce_check(const struct hats_gate *g, struct hats_store_nonce *row,
                                        const struct hats_gate_tenant *tenant,
                                        const uint8_t nonce[32], const uint8_t rp_id[32]) {
    if (!hats_nonce_is_ours(nonce, g->secret, tenant->digest, rp_id))
        return HATS_PROBLEM_CHALLENGE_UNKNOWN;
    if (!hats_nonce_is_fresh(nonce, hats_gate_now(g)))
        return HATS_PROBLEM_CHALLENGE_EXPIRED;
    memcpy(row->bytes, nonce, 32);
    row->keep_until_ms = hats_nonce_time_ms(nonce) + HATS_CHALLENGE_AGE_MS + NONCE_KEPT_MS;
    return HATS_PROBLEM_NONE;
}

enum hats_problem hats_gate_session_find(struct hats_gate *g, struct hats_store_session *out,
                                         int64_t tenant, const uint8_t sid[32],
                                         struct hats_error *detail) {
    struct hats_error why = {0};
    *out = (struct hats_store_session){0};
    hats_status s = hats_store_session_get(g->config.store, out, sid, &why);
    if (s == HATS_E_NOT_FOUND || (s == HATS_OK && out->tenant != tenant))
        return HATS_PROBLEM_SESSION_UNKNOWN;
    return s == HATS_OK ? HATS_PROBLEM_NONE : hats_gate_storage(detail, s, &why);
}

enum hats_problem hats_gate_session_judge(const struct hats_store_session *session, uint32_t i,
                                          uint64_t now_ms) {
    switch (session->state) {
    case HATS_STORE_SESSION_LIVE: break;
    case HATS_STORE_SESSION_SUPERSEDED: return HATS_PROBLEM_SESSION_SUPERSEDED;
    case HATS_STORE_SESSION_CLOSED: return HATS_PROBLEM_SESSION_CLOSED;
    case HATS_STORE_SESSION_BURNT: return HATS_PROBLEM_SESSION_BURNT;
    default: return HATS_PROBLEM_SESSION_REVOKED;
    }
    if (session->not_after_ms <= now_ms)
        return HATS_PROBLEM_SESSION_EXPIRED;
    return i < session->calls ? HATS_PROBLEM_NONE : HATS_PROBLEM_INDEX_RANGE;
}

enum hats_problem hats_gate_control_admit(struct hats_gate *g, struct hats_gate_tenant *tenant,
                                          const char *authorization, int64_t content_length,
                                          size_t max_bytes, struct hats_error *detail) {
    enum hats_problem p = hats_gate_authenticate(g, tenant, authorization, detail);
    if (p != HATS_PROBLEM_NONE)
        return p; /* counted there */
    if (hats_gate_draining(g))
        p = HATS_PROBLEM_DRAINING;
    else if (content_length < 0)
        p = HATS_PROBLEM_LENGTH_REQUIRED;
    else if ((uint64_t)content_length > max_bytes)
        p = hats_gate_refuse(detail, HATS_PROBLEM_BODY_TOO_LARGE, "It has at most %zu bytes here.",
                             max_bytes);
    return hats_gate_counted(g, p);
}

/* ---- challenges ---- */

static bool is_ours(const struct hats_gate *g, const uint8_t rp_id[32]) {
    uint8_t ours[32];
    for (size_t i = 0; i < g->config.n_origins; i++) {
        hats_rp_id(ours, g->config.origins[i]);
        if (memcmp(ours, rp_id, 32) == 0)
            return true;
    }
    return false;
}

static enum hats_problem challenge(struct hats_gate *g, struct hats_buffer *out,
                                   const struct hats_gate_tenant *tenant, const uint8_t *body,
                                   size_t len_bytes, struct hats_error *detail) {
    struct hats_error why = {0};
    struct hats_challenge c = {.now_ms = hats_gate_now(g),
                               .calls_max = g->config.session_calls,
                               .life_max_s = g->config.session_life_s};
    uint8_t rp_id[32], random[8], bytes[HATS_CHALLENGE_MAX_BYTES];
    size_t len = 0;
    if (hats_challenge_asked(rp_id, body, len_bytes, &why) != HATS_OK)
        return hats_gate_refuse(detail, HATS_PROBLEM_BODY_MALFORMED, "%s.", why.text);
    if (!is_ours(g, rp_id))
        return hats_gate_refuse(detail, HATS_PROBLEM_ORIGIN, "It is %.200s.",
                                g->config.n_origins != 0 ? g->config.origins[0] : "nameless");
    if (hats_random(random, sizeof random) != HATS_OK)
        return hats_gate_refuse(detail, HATS_PROBLEM_INTERNAL, "There is no randomness.");
    hats_nonce_make(c.nonce, g->secret, c.now_ms, random, tenant->digest, rp_id);
    memcpy(c.tenant_digest, tenant->digest, 32);
    hats_challenge_encode(bytes, &len, &c);
    hats_buffer_append(out, bytes, len);
    atomic_fetch_add(&g->challenges, 1);
    return out->failed ? HATS_PROBLEM_INTERNAL : HATS_PROBLEM_NONE;
}

enum hats_problem hats_gate_challenge(struct hats_gate *g, struct hats_buffer *out,
                                      const struct hats_gate_tenant *tenant, const uint8_t *body,
                                      size_t len_bytes, struct hats_error *detail) {
    hats_buffer_init(out, HATS_CHALLENGE_MAX_BYTES);
    return hats_gate_counted(g, challenge(g, out, tenant, body, len_bytes, detail));
}

/* ---- receipts of sessions ---- */

void hats_gate_session_reply_clear(struct hats_gate_session_reply *reply) {
    hats_free(reply->receipt);
    *reply = (struct hats_gate_session_reply){0};
}

/* Signs into `file` and fills `id`, its digest. */
static hats_status sign(const struct hats_gate *g, struct hats_buffer *file, uint8_t id[32],
                        struct hats_receipt *r, const struct hats_gate_connection *connection,
                        struct hats_error *err) {
    bool pq = false;
    hats_gate_connection_names(connection, r->tls_group, r->tls_signature, &pq);
    r->kind = HATS_RECEIPT_SESSION;
    r->suite = HATS_RECEIPT_SUITE_1;
    r->server_auth = pq ? HATS_AUTH_PQ : HATS_AUTH_CLASSICAL;
    r->accepted_ms = r->done_ms = hats_gate_now(g);
    r->gate_steps |= HATS_STEP_TOKEN | HATS_STEP_LIMITS | HATS_STEP_ACCEPT |
                     (connection->tls_group != NULL ? HATS_STEP_TLS : 0);
    memcpy(r->build_digest, g->config.build_digest, 32);
    hats_status s = hats_receipt_sign(file, r, g->config.signer, g->config.issuer, err);
    if (s == HATS_OK)
        hats_sha256(id, file->data, file->len);
    return s;
}

static enum hats_problem reply_with(struct hats_gate_session_reply *reply, const uint8_t sid[32],
                                    const uint8_t id[32], const uint8_t *receipt, size_t len) {
    reply->receipt = hats_alloc(len);
    if (reply->receipt == NULL)
        return HATS_PROBLEM_INTERNAL;
    memcpy(reply->receipt, receipt, len);
    memcpy(reply->sid, sid, 32);
    reply->receipt_len = len;
    hats_hex_encode(reply->receipt_id, id, 32);
    return HATS_PROBLEM_NONE;
}

/* The receipt that was signed the first time. */
static enum hats_problem reply_again(struct hats_gate *g, struct hats_gate_session_reply *reply,
                                     int64_t tenant, const uint8_t sid[32], const uint8_t id[32],
                                     struct hats_error *detail) {
    struct hats_error why = {0};
    hats_status s = hats_store_receipt_get(g->config.store, &reply->receipt, &reply->receipt_len,
                                           tenant, id, &why);
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    memcpy(reply->sid, sid, 32);
    hats_hex_encode(reply->receipt_id, id, 32);
    reply->repeated = true;
    return HATS_PROBLEM_NONE;
}

/* ---- opening ---- */

const uint8_t *hats_gate_session_nonce(const uint8_t *body, size_t len_bytes) {
    static const uint8_t head[] = {0xa3, 0x01, 0x59, 0x01, 0x18}; /* map of 3; 1: 280 bytes */
    struct hats_reader r = hats_reader_of(body, len_bytes);
    hats_read_tag(&r, head, sizeof head);
    (void)hats_read_span(&r, 88);
    return hats_read_span(&r, 32);
}

static enum hats_problem check_terms(const struct hats_gate *g, const struct hats_session_block *b,
                                     const struct hats_gate_tenant *tenant,
                                     struct hats_error *detail) {
    static const uint8_t none[32];
    uint64_t now = hats_gate_now(g);
    uint64_t last = hats_nonce_time_ms(b->nonce) + (uint64_t)g->config.session_life_s * 1000;
    if (b->calls > g->config.session_calls)
        return hats_gate_refuse(detail, HATS_PROBLEM_SESSION_TERMS,
                                "It wants %u calls, %u are given.", b->calls,
                                g->config.session_calls);
    if (b->not_after_ms <= now || b->not_after_ms > last)
        return hats_gate_refuse(detail, HATS_PROBLEM_SESSION_TERMS,
                                "Its end is not within the %u s after the challenge.",
                                g->config.session_life_s);
    if (b->epoch != 0 || memcmp(b->policy_digest, none, 32) != 0)
        return hats_gate_refuse(detail, HATS_PROBLEM_SESSION_TERMS,
                                "It names an epoch or a device policy; this service has neither.");
    if (memcmp(b->tenant_digest, tenant->digest, 32) != 0)
        return hats_gate_refuse(detail, HATS_PROBLEM_SESSION_TERMS, "It names another tenant.");
    return HATS_PROBLEM_NONE;
}

static enum hats_problem check_open(const struct hats_gate *g, struct hats_session_request *q,
                                    struct hats_store_nonce *nonce,
                                    const struct hats_gate_tenant *tenant, const uint8_t *exporter,
                                    const uint8_t *body, size_t len_bytes,
                                    struct hats_error *detail) {
    struct hats_error why = {0};
    hats_status s = hats_session_request_decode(q, body, len_bytes, &why);
    if (s == HATS_E_VERIFY)
        return hats_gate_refuse(detail, HATS_PROBLEM_SESSION_SIGNATURE, "%s.", why.text);
    if (s != HATS_OK)
        return hats_gate_refuse(detail, HATS_PROBLEM_SESSION_MALFORMED, "%s.", why.text);
    const struct hats_session_block *b = &q->block;
    enum hats_problem p = hats_gate_nonce_check(g, nonce, tenant, b->nonce, b->rp_id);
    if (p == HATS_PROBLEM_NONE)
        p = check_terms(g, b, tenant, detail);
    if (p != HATS_PROBLEM_NONE)
        return p;
    if (b->exporter_bound && (exporter == NULL || !hats_equal_ct(b->exporter, exporter, 32)))
        return HATS_PROBLEM_SESSION_BINDING;
    s = hats_session_request_verify(q, &why);
    if (s == HATS_E_VERIFY)
        return hats_gate_refuse(detail, HATS_PROBLEM_SESSION_SIGNATURE, "%s.", why.text);
    return s == HATS_OK ? HATS_PROBLEM_NONE : HATS_PROBLEM_INTERNAL;
}

static void fill_row(struct hats_store_session *row, const struct hats_session_request *q,
                     int64_t tenant, uint64_t now_ms) {
    *row = (struct hats_store_session){.tenant = tenant,
                                       .kind = q->block.kind,
                                       .calls = q->block.calls,
                                       .opened_ms = now_ms,
                                       .not_after_ms = q->block.not_after_ms};
    memcpy(row->sid, q->sid, 32);
    memcpy(row->block, q->block_bytes, sizeof row->block);
    memcpy(row->owner, q->block.owner, 32);
}

static enum hats_problem store_open(struct hats_gate *g, struct hats_gate_session_reply *reply,
                                    struct hats_store_open *in, struct hats_error *detail) {
    struct hats_store_session before;
    struct hats_error why = {0};
    enum hats_store_opened how;
    const struct hats_store_session *row = &in->session;
    hats_status s = hats_store_session_open(g->config.store, &how, in, &why);
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    hats_gate_fault("open");
    switch (how) {
    case HATS_STORE_OPEN_NONCE_SPENT: return HATS_PROBLEM_CHALLENGE_USED;
    case HATS_STORE_OPEN_TENANT_GONE: return HATS_PROBLEM_TOKEN_UNKNOWN;
    case HATS_STORE_OPENED_BEFORE: break;
    case HATS_STORE_OPENED:
        atomic_fetch_add(&g->opened, 1);
        return reply_with(reply, row->sid, row->receipt_id, in->receipt, in->receipt_len);
    }
    enum hats_problem p = hats_gate_session_find(g, &before, row->tenant, row->sid, detail);
    return p == HATS_PROBLEM_NONE
               ? reply_again(g, reply, row->tenant, row->sid, before.receipt_id, detail)
               : p;
}

static enum hats_problem open_session(struct hats_gate *g, struct hats_gate_session_reply *reply,
                                      const struct hats_gate_tenant *tenant,
                                      const struct hats_gate_connection *connection,
                                      const uint8_t *exporter, const uint8_t *body,
                                      size_t len_bytes, struct hats_error *detail) {
    struct hats_session_request q;
    struct hats_store_open in;
    struct hats_receipt r = {.has_owner = true,
                             .gate_steps = HATS_STEP_DIGESTS | HATS_STEP_SIGNATURES};
    struct hats_buffer file;
    enum hats_problem p = check_open(g, &q, &in.nonce, tenant, exporter, body, len_bytes, detail);
    if (p != HATS_PROBLEM_NONE)
        return p;
    fill_row(&in.session, &q, tenant->id, hats_gate_now(g));
    memcpy(r.sid, q.sid, 32);
    memcpy(r.owner, q.block.owner, 32);
    memcpy(r.policy_digest, q.block.policy_digest, 32);
    memcpy(r.tenant_digest, tenant->digest, 32);
    hats_buffer_init(&file, HATS_RECEIPT_MAX_BYTES);
    p = HATS_PROBLEM_INTERNAL;
    if (sign(g, &file, in.session.receipt_id, &r, connection, NULL) == HATS_OK) {
        in.receipt = file.data;
        in.receipt_len = file.len;
        p = store_open(g, reply, &in, detail);
    }
    hats_buffer_clear(&file);
    return p;
}

enum hats_problem hats_gate_session_open(struct hats_gate *g, struct hats_gate_session_reply *reply,
                                         const struct hats_gate_tenant *tenant,
                                         const struct hats_gate_connection *connection,
                                         const uint8_t *exporter, const uint8_t *body,
                                         size_t len_bytes, struct hats_error *detail) {
    *reply = (struct hats_gate_session_reply){0};
    return hats_gate_counted(
        g, open_session(g, reply, tenant, connection, exporter, body, len_bytes, detail));
}

/* ---- closing ---- */

static enum hats_problem check_close(struct hats_gate *g, struct hats_core *core,
                                     struct hats_store_session *row,
                                     const struct hats_gate_tenant *tenant, const char *sid_hex,
                                     const uint8_t *body, size_t len_bytes,
                                     struct hats_error *detail) {
    struct hats_error why = {0};
    uint8_t sid[32];
    if (!hats_gate_parse_digest(sid, sid_hex))
        return HATS_PROBLEM_SESSION_UNKNOWN;
    if (hats_core_decode(core, body, len_bytes, &why) != HATS_OK)
        return hats_gate_refuse(detail, HATS_PROBLEM_CORE_MALFORMED, "%s.", why.text);
    if (core->op != HATS_OP_CLOSE || memcmp(core->sid, sid, 32) != 0)
        return hats_gate_refuse(detail, HATS_PROBLEM_CORE_MALFORMED,
                                "It does not close the session that the path names.");
    return hats_gate_session_find(g, row, tenant->id, sid, detail);
}

static enum hats_problem check_bitmap(const struct hats_core *core,
                                      const struct hats_store_session *row,
                                      struct hats_error *detail) {
    if (!hats_core_bitmap_fits(core, row->calls))
        return hats_gate_refuse(detail, HATS_PROBLEM_SESSION_CLOSE,
                                "It is not the bitmap of %u calls.", row->calls);
    if (!hats_core_index_used(core, core->i))
        return hats_gate_refuse(detail, HATS_PROBLEM_SESSION_CLOSE,
                                "It leaves out the close's own index.");
    return HATS_PROBLEM_NONE;
}

static enum hats_problem store_close(struct hats_gate *g, struct hats_gate_session_reply *reply,
                                     const struct hats_store_close *in, struct hats_error *detail) {
    struct hats_store_session row;
    struct hats_error why = {0};
    enum hats_store_closed how;
    hats_status s = hats_store_session_close(g->config.store, &how, in, &why);
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    hats_gate_fault("close");
    switch (how) {
    case HATS_STORE_CLOSED:
        atomic_fetch_add(&g->closed, 1);
        return reply_with(reply, in->sid, in->receipt_id, in->receipt, in->receipt_len);
    case HATS_STORE_CLOSE_REUSED: atomic_fetch_add(&g->burnt, 1); return HATS_PROBLEM_CALL_REUSED;
    case HATS_STORE_CLOSE_LEFT_OUT:
        return hats_gate_refuse(detail, HATS_PROBLEM_SESSION_CLOSE,
                                "It leaves out an index under which a call was accepted.");
    default: break;
    }
    enum hats_problem p = hats_gate_session_find(g, &row, in->tenant, in->sid, detail);
    if (p == HATS_PROBLEM_NONE && how == HATS_STORE_CLOSED_BEFORE)
        return reply_again(g, reply, in->tenant, in->sid, row.close_receipt_id, detail);
    if (p == HATS_PROBLEM_NONE)
        p = hats_gate_session_judge(&row, in->i, in->now_ms);
    return p != HATS_PROBLEM_NONE ? p : HATS_PROBLEM_SESSION_EXPIRED;
}

static enum hats_problem close_session(struct hats_gate *g, struct hats_gate_session_reply *reply,
                                       const struct hats_gate_tenant *tenant,
                                       const struct hats_gate_connection *connection,
                                       const char *sid_hex, const uint8_t *body, size_t len_bytes,
                                       struct hats_error *detail) {
    struct hats_core core;
    struct hats_store_session row;
    struct hats_buffer file;
    struct hats_receipt r = {.has_owner = true, .closes = true, .closes_digest = true};
    struct hats_store_close in = {.tenant = tenant->id, .now_ms = hats_gate_now(g)};
    enum hats_problem p = check_close(g, &core, &row, tenant, sid_hex, body, len_bytes, detail);
    if (p != HATS_PROBLEM_NONE)
        return p;
    hats_core_request_digest(in.request_digest, body, len_bytes);
    bool again = row.has_close && memcmp(row.close_digest, in.request_digest, 32) == 0;
    if (again)
        return reply_again(g, reply, tenant->id, row.sid, row.close_receipt_id, detail);
    p = hats_gate_session_judge(&row, core.i, in.now_ms);
    if (p == HATS_PROBLEM_NONE)
        p = hats_gate_clock_check(g, core.unix_ms, detail);
    if (p == HATS_PROBLEM_NONE)
        p = check_bitmap(&core, &row, detail);
    if (p != HATS_PROBLEM_NONE)
        return p;
    r.gate_steps = HATS_STEP_CORE | HATS_STEP_REPEAT;
    r.call_index = in.i = core.i;
    memcpy(r.sid, row.sid, 32);
    memcpy(r.request_digest, in.request_digest, 32);
    memcpy(r.owner, row.owner, 32);
    memcpy(r.tenant_digest, tenant->digest, 32);
    memcpy(in.sid, row.sid, 32);
    in.used = core.used;
    in.used_len = core.used_len;
    hats_buffer_init(&file, HATS_RECEIPT_MAX_BYTES);
    p = HATS_PROBLEM_INTERNAL;
    if (sign(g, &file, in.receipt_id, &r, connection, NULL) == HATS_OK) {
        in.receipt = file.data;
        in.receipt_len = file.len;
        p = store_close(g, reply, &in, detail);
    }
    hats_buffer_clear(&file);
    return p;
}

enum hats_problem hats_gate_session_close(struct hats_gate *g,
                                          struct hats_gate_session_reply *reply,
                                          const struct hats_gate_tenant *tenant,
                                          const struct hats_gate_connection *connection,
                                          const char *sid_hex, const uint8_t *body,
                                          size_t len_bytes, struct hats_error *detail) {
    *reply = (struct hats_gate_session_reply){0};
    return hats_gate_counted(
        g, close_session(g, reply, tenant, connection, sid_hex, body, len_bytes, detail));
}

/* ---- looking and revoking ---- */

static void describe(struct hats_gate_session *out, const struct hats_store_session *row,
                     uint64_t now_ms) {
    static const char *const names[] = {"", "live", "superseded", "closed", "burnt", "revoked"};
    bool over = row->state == HATS_STORE_SESSION_LIVE && row->not_after_ms <= now_ms;
    *out = (struct hats_gate_session){.calls = row->calls,
                                      .opened_ms = row->opened_ms,
                                      .not_after_ms = row->not_after_ms,
                                      .ended_ms = row->ended_ms,
                                      .state = over ? "expired" : names[row->state]};
    memcpy(out->sid, row->sid, 32);
    memcpy(out->owner, row->owner, 32);
    hats_hex_encode(out->receipt_id, row->receipt_id, 32);
    if (row->has_close)
        hats_hex_encode(out->close_receipt_id, row->close_receipt_id, 32);
}

static enum hats_problem look(struct hats_gate *g, struct hats_gate_session *out,
                              const struct hats_gate_tenant *tenant, const char *sid_hex,
                              bool revoke, struct hats_error *detail) {
    struct hats_store_session row;
    struct hats_error why = {0};
    uint8_t sid[32];
    uint64_t now = hats_gate_now(g);
    *out = (struct hats_gate_session){.state = ""};
    if (!hats_gate_parse_digest(sid, sid_hex))
        return HATS_PROBLEM_SESSION_UNKNOWN;
    enum hats_problem p = hats_gate_session_find(g, &row, tenant->id, sid, detail);
    if (p == HATS_PROBLEM_NONE && revoke) {
        hats_status s = hats_store_session_end(g->config.store, tenant->id, sid,
                                               HATS_STORE_SESSION_REVOKED, now, &why);
        p = s == HATS_OK ? hats_gate_session_find(g, &row, tenant->id, sid, detail)
                         : hats_gate_storage(detail, s, &why);
    }
    if (p == HATS_PROBLEM_NONE)
        describe(out, &row, now);
    return p;
}

enum hats_problem hats_gate_session_get(struct hats_gate *g, struct hats_gate_session *out,
                                        const struct hats_gate_tenant *tenant, const char *sid_hex,
                                        struct hats_error *detail) {
    return hats_gate_counted(g, look(g, out, tenant, sid_hex, false, detail));
}

enum hats_problem hats_gate_session_revoke(struct hats_gate *g, struct hats_gate_session *out,
                                           const struct hats_gate_tenant *tenant,
                                           const char *sid_hex, struct hats_error *detail) {
    return hats_gate_counted(g, look(g, out, tenant, sid_hex, true, detail));
}
