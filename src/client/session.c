/* Opening, using up and closing the session that calls are made in. */
#include "client/connection.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "evidence/receipt.h"
#include "hash/sha256.h"
#include "wire/core.h"

#include <stdio.h>
#include <time.h>

#define MARGIN_S \
    60 /* a session is replaced so long before its end, or after nine tenths of a short one */
#define GIVE_UP_NS UINT64_C(60000000000)
#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 2000
#define CLOSE_TIMEOUT_MS 2000
#define CLOCKS_APART_MS UINT64_C(86400000)

/* A registry, a policy or an epoch would bind calls to devices, which this program cannot prove to have; and
 * a policy made up for one client would tell it apart. */
static hats_status check_challenge(const struct hats_challenge *c, struct hats_error *err) {
    static const uint8_t none[32];
    if (c->epoch != 0 || c->epoch_length != 0 || c->registry_seq != 0 ||
        memcmp(c->registry_root, none, 32) != 0 || memcmp(c->policy_digest, none, 32) != 0)
        return hats_fail(
            err, HATS_E_UNSUPPORTED,
            "the server asks for registered devices, which this program does not know; "
            "nothing was sent");
    if (hats_nonce_time_ms(c->nonce) != c->now_ms)
        return hats_fail(err, HATS_E_VERIFY,
                         "the server's challenge contradicts itself about the "
                         "time");
    return HATS_OK;
}

hats_status hats_client_challenge(struct hats_client *client, struct hats_challenge *out,
                                  struct hats_error *err) {
    uint8_t rp_id[32], body[HATS_CHALLENGE_MAX_BYTES];
    struct hats_buffer answer;
    size_t len = 0;
    *out = (struct hats_challenge){0};
    if (strlen(client->origin) >= HATS_ORIGIN_MAX)
        return hats_fail(err, HATS_E_RANGE, "the server's name is too long");
    hats_rp_id(rp_id, client->origin);
    hats_challenge_ask(body, &len, rp_id);
    hats_buffer_init(&answer, HATS_CHALLENGE_MAX_BYTES);
    hats_status s = hats_client_exchange(client, &answer, "POST", "/v1/challenge", body, len, err);
    if (s == HATS_OK)
        s = hats_challenge_decode(out, answer.data, answer.len, err);
    if (s == HATS_OK)
        s = check_challenge(out, err);
    hats_buffer_clear(&answer);
    return s;
}

/* ---- opening ---- */

static hats_status check_receipt(const struct hats_client *client,
                                 const struct hats_client_session *session,
                                 const struct hats_challenge *challenge, struct hats_error *err) {
    const struct hats_receipt_expect expect = {.kind = HATS_RECEIPT_SESSION,
                                               .sid = session->sid,
                                               .owner = session->owner,
                                               .tenant_digest = challenge->tenant_digest};
    uint64_t now = hats_now_ms();
    struct hats_report *report = hats_alloc(sizeof *report);
    if (report == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to check a receipt");
    hats_status s = hats_receipt_verify(report, session->receipt, session->receipt_len,
                                        &client->trust, now, err);
    const struct hats_receipt *r = &report->receipt;
    if (s == HATS_OK)
        s = hats_receipt_match(r, &expect, err);
    if (s == HATS_OK && r->closes)
        s = hats_fail(err, HATS_E_VERIFY, "receipt: it closes a session");
    if (s == HATS_OK && r->done_ms < now && now - r->done_ms > CLOCKS_APART_MS)
        s = hats_fail(err, HATS_E_VERIFY,
                      "receipt: claim 51 (time done) is more than a day away from now");
    hats_free(report);
    return s == HATS_OK ? s : hats_fail_in(err, s, "the session's receipt does not hold");
}

static void fill_block(struct hats_client *client, struct hats_session_block *b,
                       const struct hats_challenge *c, const struct hats_owner *owner) {
    *b = (struct hats_session_block){.kind = HATS_SESSION_TENANT,
                                     .calls = c->calls_max,
                                     .not_after_ms = c->now_ms + (uint64_t)c->life_max_s * 1000};
    memcpy(b->nonce, c->nonce, 32);
    memcpy(b->tenant_digest, c->tenant_digest, 32);
    memcpy(b->owner, owner->thumbprint, 32);
    hats_rp_id(b->rp_id, client->origin);
    b->exporter_bound = hats_http_client_export(client->http, b->exporter,
                                                HATS_SESSION_EXPORTER_LABEL, c->nonce, 32);
}

static hats_status open_session(struct hats_client *client, const struct hats_owner *owner,
                                struct hats_error *err) {
    struct hats_client_session session = {.live = true};
    struct hats_challenge challenge;
    struct hats_session_block block;
    struct hats_buffer body, receipt;
    hats_buffer_init(&body, HATS_SESSION_REQUEST_MAX);
    hats_buffer_init(&receipt, HATS_RECEIPT_MAX_BYTES);
    hats_status s = hats_client_challenge(client, &challenge, err);
    if (s == HATS_OK)
        s = hats_client_reconnect(client, err); /* the connection whose exporter is signed */
    if (s == HATS_OK) {
        fill_block(client, &block, &challenge, owner);
        s = hats_session_request_encode(&body, &block, owner->sign, err);
    }
    if (s == HATS_OK)
        s = hats_client_exchange(client, &receipt, "POST", "/v1/sessions", body.data, body.len,
                                 err);
    if (s == HATS_OK) {
        uint64_t life = challenge.life_max_s;
        uint64_t margin = life / 10 < MARGIN_S ? life / 10 : MARGIN_S;
        session.calls = block.calls;
        session.until_ns = hats_monotonic_ns() + (life - margin) * 1000000000;
        hats_session_block_encode(session.block, &block);
        hats_session_tenant_id(session.sid, session.block);
        memcpy(session.owner, owner->thumbprint, 32);
        hats_sha256(session.receipt_digest, receipt.data, receipt.len);
        session.receipt = receipt.data;
        session.receipt_len = receipt.len;
        s = check_receipt(client, &session, &challenge, err);
    }
    if (s == HATS_OK) {
        session.receipt = hats_alloc(receipt.len);
        if (session.receipt == NULL)
            s = hats_fail(err, HATS_E_MEMORY, "no memory for a session");
    }
    if (s == HATS_OK) {
        memcpy(session.receipt, receipt.data, receipt.len);
        client->session = session;
    }
    hats_buffer_clear(&body);
    hats_buffer_clear(&receipt);
    return s;
}

bool hats_client_session_ready(const struct hats_client *client, const struct hats_owner *owner) {
    const struct hats_client_session *session = &client->session;
    /* the last index is left for the close, where there is more than one */
    uint32_t usable = session->calls > 1 ? session->calls - 1 : session->calls;
    return session->live && session->next < usable && hats_monotonic_ns() < session->until_ns &&
           memcmp(session->owner, owner->thumbprint, 32) == 0;
}

hats_status hats_client_session_renew(struct hats_client *client, const struct hats_owner *owner,
                                      struct hats_error *err) {
    hats_client_session_close(client);
    uint64_t start = hats_monotonic_ns();
    unsigned pause_ms = PAUSE_FIRST_MS;
    for (;;) {
        hats_status s = open_session(client, owner, err);
        bool again =
            s == HATS_E_NETWORK || s == HATS_E_BUSY || s == HATS_E_TIMEOUT || s == HATS_E_CANCELLED;
        if (!again || hats_monotonic_ns() - start > GIVE_UP_NS)
            return s;
        const struct timespec t = {pause_ms / 1000, (long)(pause_ms % 1000) * 1000000};
        nanosleep(&t, NULL);
        pause_ms = pause_ms < PAUSE_MAX_MS / 2 ? 2 * pause_ms : PAUSE_MAX_MS;
    }
}

uint32_t hats_client_session_index(struct hats_client *client) { return client->session.next++; }

void hats_client_session_drop(struct hats_client *client) {
    hats_free(client->session.receipt);
    client->session = (struct hats_client_session){0};
}

/* ---- closing ---- */

/* Indices are used in order and the close has the next one. */
static void fill_close(struct hats_core *core, const struct hats_client_session *session) {
    *core = (struct hats_core){.i = session->next,
                               .op = HATS_OP_CLOSE,
                               .unix_ms = hats_now_ms(),
                               .used_len = (session->calls + 7) / 8};
    memcpy(core->sid, session->sid, 32);
    for (uint32_t i = 0; i <= session->next; i++)
        core->used[i / 8] |= (uint8_t)(1u << (i % 8));
}

void hats_client_session_close(struct hats_client *client) {
    const struct hats_client_session *session = &client->session;
    struct hats_http_header header = {"authorization", client->authorization};
    struct hats_http_exchange *x = NULL;
    struct hats_core core;
    uint8_t body[HATS_CORE_MAX_BYTES];
    char path[96], sid[65];
    size_t len = 0;
    if (session->live && session->next < session->calls && client->http != NULL &&
        hats_http_client_usable(client->http)) {
        fill_close(&core, session);
        hats_core_encode(body, &len, &core);
        hats_hex_encode(sid, session->sid, 32);
        snprintf(path, sizeof path, "/v1/sessions/%s/close", sid);
        const struct hats_http_call call = {.method = "POST",
                                            .path = path,
                                            .headers = &header,
                                            .n_headers = client->authorization[0] != '\0' ? 1 : 0,
                                            .body = body,
                                            .len_bytes = len,
                                            .timeout_ms = CLOSE_TIMEOUT_MS};
        if (hats_http_client_call(client->http, &x, &call, NULL) == HATS_OK)
            hats_http_exchange_free(x);
    }
    hats_client_session_drop(client);
}
