/* Challenges, sessions and proofs: what opens, what ends, and a refusal with its own code for everything that
 * is not right. */
#include "world.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"
#include "gate/internal.h"
#include "hash/sha256.h"

#include <string.h>

static struct world w;
static struct owner owner, other; /* of alpha and of beta, both with a session */

static int make(void **state) {
    (void)state;
    world_make(&w);
    owner_make(&owner, 1);
    owner_make(&other, 2);
    return owner_register(&w, &owner, 0, NULL) == HATS_PROBLEM_NONE &&
                   owner_register(&w, &other, 1, NULL) == HATS_PROBLEM_NONE
               ? 0
               : -1;
}

static int drop(void **state) {
    (void)state;
    owner_clear(&owner);
    owner_clear(&other);
    world_remove(&w);
    return 0;
}

static struct hats_gate_counters counters(void) {
    struct hats_gate_counters c;
    hats_gate_counters(w.gate, &c);
    return c;
}

static void only_counted(const struct hats_gate_counters *before, enum hats_problem p) {
    struct hats_gate_counters after = counters();
    for (int q = 1; q < HATS_PROBLEM_COUNT; q++)
        if (after.problems[q] != before->problems[q] + (q == (int)p))
            fail_msg("%s: counter of %s went from %u to %u", hats_problem_info(p)->code,
                     hats_problem_info((enum hats_problem)q)->code, (unsigned)before->problems[q],
                     (unsigned)after.problems[q]);
    assert_int_equal(after.evaluations, before->evaluations);
    assert_int_equal(after.calls_accepted, before->calls_accepted);
    assert_int_equal(after.sessions_opened, before->sessions_opened);
    assert_int_equal(after.sessions_closed, before->sessions_closed);
}

static void expect(enum hats_problem got, enum hats_problem wanted,
                   const struct hats_error *detail) {
    if (got != wanted)
        fail_msg("expected %s, got %s: %s", hats_problem_info(wanted)->code,
                 hats_problem_info(got)->code, detail->text);
}

static enum hats_problem call_in(const struct owner *o, int tenant, uint32_t i,
                                 struct hats_error *detail) {
    struct request r;
    struct hats_gate_reply reply;
    request_make(&r, &w, o, i);
    enum hats_problem p = request_send_to(w.gate, w.bearer[tenant], &r, &reply, detail);
    if (p == HATS_PROBLEM_NONE)
        reply_check(&w, &r, &reply, NULL);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
    return p;
}

/* ---- challenges ---- */

static void a_challenge_is_for_a_name_of_this_server(void **state) {
    (void)state;
    uint8_t rp_id[32], ask[HATS_CHALLENGE_MAX_BYTES];
    struct hats_buffer answer;
    struct hats_challenge c;
    size_t len = 0;
    world_challenge(&w, &c, 0);
    assert_true(c.now_ms == w.now_ms && c.calls_max == 4096 && c.life_max_s == 86400);
    assert_memory_equal(c.tenant_digest, w.tenant[0].digest, 32);
    assert_true(c.epoch == 0 && c.registry_seq == 0 && c.epoch_length == 0);
    hats_rp_id(rp_id, "https://elsewhere.test:8443");
    hats_challenge_ask(ask, &len, rp_id);
    struct hats_gate_counters before = counters();
    assert_int_equal(hats_gate_challenge(w.gate, &answer, &w.tenant[0], ask, len, NULL),
                     HATS_PROBLEM_ORIGIN);
    only_counted(&before, HATS_PROBLEM_ORIGIN);
    before = counters();
    assert_int_equal(hats_gate_challenge(w.gate, &answer, &w.tenant[0], ask, len - 1, NULL),
                     HATS_PROBLEM_BODY_MALFORMED);
    only_counted(&before, HATS_PROBLEM_BODY_MALFORMED);
    assert_int_equal(answer.len, 0);
}

static void no_challenge_is_the_same_as_another(void **state) {
    (void)state;
    struct hats_challenge a, b;
    world_challenge(&w, &a, 0);
    world_challenge(&w, &b, 0);
    assert_memory_not_equal(a.nonce, b.nonce, 32);
}

/* ---- opening ---- */

static void refuse_block(const struct hats_session_block *b, enum hats_problem expected) {
    struct hats_error detail = {0};
    struct owner copy = owner;
    struct hats_gate_counters before = counters();
    expect(session_open(&w, &copy, 0, b, &detail), expected, &detail);
    only_counted(&before, expected);
}

static void a_block_is_opened_as_the_challenge_gives_it_and_not_otherwise(void **state) {
    (void)state;
    struct hats_session_block good, b;
    struct hats_error detail = {0};
    session_block(&w, &good, &owner, 0);
    b = good, b.nonce[31] ^= 1;
    refuse_block(&b, HATS_PROBLEM_CHALLENGE_UNKNOWN);
    b = good, b.nonce[8] ^= 1;
    refuse_block(&b, HATS_PROBLEM_CHALLENGE_UNKNOWN);
    b = good, hats_rp_id(b.rp_id, "https://score.test:8443"); /* another name of this server */
    refuse_block(&b, HATS_PROBLEM_CHALLENGE_UNKNOWN);
    b = good, b.not_after_ms = w.now_ms;
    refuse_block(&b, HATS_PROBLEM_SESSION_TERMS);
    b = good, b.not_after_ms += 1;
    refuse_block(&b, HATS_PROBLEM_SESSION_TERMS);
    b = good, b.epoch = 1;
    refuse_block(&b, HATS_PROBLEM_SESSION_TERMS);
    b = good, b.policy_digest[3] = 1;
    refuse_block(&b, HATS_PROBLEM_SESSION_TERMS);
    b = good, b.tenant_digest[0] ^= 1;
    refuse_block(&b, HATS_PROBLEM_SESSION_TERMS);
    b = good, b.exporter_bound = true, b.exporter[0] = 1; /* there is no connection */
    refuse_block(&b, HATS_PROBLEM_SESSION_BINDING);
    b = good, hats_cose_thumbprint_of(b.owner, other.sign);
    refuse_block(&b, HATS_PROBLEM_SESSION_SIGNATURE);
    expect(session_open(&w, &owner, 0, &good, &detail), HATS_PROBLEM_NONE, &detail);
    expect(call_in(&owner, 0, 1, &detail), HATS_PROBLEM_NONE, &detail);
}

static void terms_are_the_configured_ones(void **state) {
    (void)state;
    struct hats_session_block b;
    w.config.session_calls = 10;
    w.config.session_life_s = 60;
    world_restart(&w);
    session_block(&w, &b, &owner, 0);
    assert_int_equal(b.calls, 10);
    assert_true(b.not_after_ms == w.now_ms + 60000);
    b.calls = 11;
    refuse_block(&b, HATS_PROBLEM_SESSION_TERMS);
}

static void a_body_that_is_no_request_is_malformed(void **state) {
    (void)state;
    static const struct hats_gate_connection none;
    struct hats_gate_session_reply reply;
    struct hats_session_block b;
    struct hats_buffer body;
    session_block(&w, &b, &owner, 0);
    hats_buffer_init(&body, HATS_SESSION_REQUEST_MAX);
    assert_int_equal(hats_session_request_encode(&body, &b, owner.sign, NULL), HATS_OK);
    const uint8_t *nonce = hats_gate_session_nonce(body.data, body.len);
    assert_memory_equal(nonce, b.nonce, 32);
    assert_null(hats_gate_session_nonce(body.data, 100));
    assert_null(hats_gate_session_nonce(body.data + 1, body.len - 1));
    struct {
        size_t at;
        uint8_t bit;
        enum hats_problem problem;
    } changes[] = {{0, 1, HATS_PROBLEM_SESSION_MALFORMED},
                   {5 + 16, 0x10, HATS_PROBLEM_SESSION_MALFORMED}, /* 0x41 becomes 0x51 */
                   {5 + 18, 1, HATS_PROBLEM_SESSION_MALFORMED},
                   {body.len - 1, 1, HATS_PROBLEM_SESSION_SIGNATURE}, /* the owner's key */
                   {5 + 280 + 40, 1, HATS_PROBLEM_SESSION_SIGNATURE}};
    for (size_t k = 0; k < sizeof changes / sizeof changes[0]; k++) {
        struct hats_error detail = {0};
        struct hats_gate_counters before = counters();
        body.data[changes[k].at] ^= changes[k].bit;
        expect(hats_gate_session_open(w.gate, &reply, &w.tenant[0], &none, NULL, body.data,
                                      body.len, &detail),
               changes[k].problem, &detail);
        only_counted(&before, changes[k].problem);
        assert_null(reply.receipt);
        body.data[changes[k].at] ^= changes[k].bit;
    }
    struct hats_error detail = {0};
    expect(hats_gate_session_open(w.gate, &reply, &w.tenant[1], &none, NULL, body.data, body.len,
                                  &detail),
           HATS_PROBLEM_CHALLENGE_UNKNOWN, &detail); /* another tenant's token */
    hats_buffer_clear(&body);
}

static void a_challenge_is_good_for_two_minutes_and_once(void **state) {
    (void)state;
    struct hats_session_block b, late;
    struct hats_error detail = {0};
    struct owner copy = owner;
    session_block(&w, &late, &owner, 0);
    session_block(&w, &b, &owner, 0);
    w.now_ms += HATS_CHALLENGE_AGE_MS;
    expect(session_open(&w, &owner, 0, &b, &detail), HATS_PROBLEM_NONE, &detail);
    uint64_t opened = counters().sessions_opened;
    expect(session_open(&w, &copy, 0, &b, &detail), HATS_PROBLEM_NONE, &detail); /* the very same */
    assert_memory_equal(copy.session_receipt, owner.session_receipt, 32);
    assert_int_equal(counters().sessions_opened, opened);
    b.calls = 7;
    refuse_block(&b, HATS_PROBLEM_CHALLENGE_USED);
    w.now_ms += 1;
    refuse_block(&late, HATS_PROBLEM_CHALLENGE_EXPIRED);
    /* a server whose clock is a little behind that of the one which gave the challenge */
    session_block(&w, &late, &owner, 0);
    w.now_ms -= HATS_CHALLENGE_AHEAD_MS + 1;
    refuse_block(&late, HATS_PROBLEM_CHALLENGE_EXPIRED);
    w.now_ms += 1;
    expect(session_open(&w, &copy, 0, &late, &detail), HATS_PROBLEM_NONE, &detail);
}

static void spent_challenges_are_forgotten_when_they_are_worth_nothing(void **state) {
    (void)state;
    struct hats_session_block b;
    struct hats_error detail = {0};
    size_t dropped;
    session_block(&w, &b, &owner, 0);
    expect(session_open(&w, &owner, 0, &b, &detail), HATS_PROBLEM_NONE, &detail);
    b.calls = 9;
    w.now_ms += HATS_CHALLENGE_AGE_MS;
    assert_int_equal(hats_gate_housekeeping(w.gate, &dropped, NULL), HATS_OK);
    refuse_block(&b, HATS_PROBLEM_CHALLENGE_USED);
    w.now_ms += HATS_CHALLENGE_AGE_MS + 1;
    assert_int_equal(hats_gate_housekeeping(w.gate, &dropped, NULL), HATS_OK);
    refuse_block(&b, HATS_PROBLEM_CHALLENGE_EXPIRED);
}

static void a_session_survives_a_restart_and_so_does_a_challenge(void **state) {
    (void)state;
    struct hats_session_block b;
    struct hats_error detail = {0};
    session_block(&w, &b, &owner, 0);
    world_restart(&w);
    expect(call_in(&owner, 0, 1, &detail), HATS_PROBLEM_NONE, &detail);
    expect(session_open(&w, &owner, 0, &b, &detail), HATS_PROBLEM_NONE, &detail);
    world_restart(&w);
    expect(call_in(&owner, 0, 1, &detail), HATS_PROBLEM_NONE, &detail);
}

static void the_receipt_of_a_session_verifies_and_is_kept(void **state) {
    (void)state;
    static struct hats_report report;
    struct hats_trust trust;
    struct hats_trust_key key;
    struct hats_gate_session session;
    char hex[65], sid_hex[65];
    uint8_t *bytes, thumbprint[32];
    size_t len;
    hats_hex_encode(hex, owner.session_receipt, 32);
    hats_hex_encode(sid_hex, owner.sid, 32);
    assert_int_equal(hats_gate_receipt(w.gate, &bytes, &len, &w.tenant[0], hex, NULL),
                     HATS_PROBLEM_NONE);
    hats_trust_init(&trust);
    hats_trust_key_of(&key, w.signer, "tests", HATS_ROLE_RECEIPT, 0);
    assert_int_equal(hats_trust_add(&trust, &key, NULL), HATS_OK);
    assert_int_equal(hats_receipt_verify(&report, bytes, len, &trust, w.now_ms, NULL), HATS_OK);
    hats_cose_thumbprint_of(thumbprint, owner.sign);
    const struct hats_receipt_expect want = {.kind = HATS_RECEIPT_SESSION,
                                             .sid = owner.sid,
                                             .owner = thumbprint,
                                             .tenant_digest = w.tenant[0].digest};
    assert_int_equal(hats_receipt_match(&report.receipt, &want, NULL), HATS_OK);
    assert_false(report.receipt.closes);
    assert_true(report.receipt.gate_steps & HATS_STEP_SIGNATURES);
    assert_int_equal(hats_gate_session_get(w.gate, &session, &w.tenant[0], sid_hex, NULL),
                     HATS_PROBLEM_NONE);
    assert_string_equal(session.receipt_id, hex);
    assert_string_equal(session.state, "live");
    assert_memory_equal(session.owner, thumbprint, 32);
    assert_int_equal(hats_gate_session_get(w.gate, &session, &w.tenant[1], sid_hex, NULL),
                     HATS_PROBLEM_SESSION_UNKNOWN);
    assert_int_equal(hats_gate_session_get(w.gate, &session, &w.tenant[0], "zz", NULL),
                     HATS_PROBLEM_SESSION_UNKNOWN);
    hats_trust_clear(&trust);
    hats_free(bytes);
}

/* ---- ends ---- */

static void a_session_that_ended_takes_no_calls_and_keeps_its_answers(void **state) {
    (void)state;
    static const struct {
        enum hats_store_session_state state;
        enum hats_problem problem;
    } ends[] = {{HATS_STORE_SESSION_SUPERSEDED, HATS_PROBLEM_SESSION_SUPERSEDED},
                {HATS_STORE_SESSION_CLOSED, HATS_PROBLEM_SESSION_CLOSED},
                {HATS_STORE_SESSION_BURNT, HATS_PROBLEM_SESSION_BURNT},
                {HATS_STORE_SESSION_REVOKED, HATS_PROBLEM_SESSION_REVOKED}};
    for (size_t k = 0; k < 4; k++) {
        struct hats_error detail = {0};
        struct hats_session_block b;
        struct request r;
        struct hats_gate_reply reply;
        session_block(&w, &b, &owner, 0);
        expect(session_open(&w, &owner, 0, &b, &detail), HATS_PROBLEM_NONE, &detail);
        request_make(&r, &w, &owner, 1);
        assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
        hats_gate_reply_clear(&reply);
        assert_int_equal(hats_store_session_end(w.store, w.tenant[0].id, owner.sid, ends[k].state,
                                                w.now_ms, NULL),
                         HATS_OK);
        struct hats_gate_counters before = counters();
        expect(call_in(&owner, 0, 2, &detail), ends[k].problem, &detail);
        only_counted(&before, ends[k].problem);
        assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
        assert_true(reply.repeated);
        hats_gate_reply_clear(&reply);
        request_clear(&r);
    }
}

static void a_session_ends_with_its_time(void **state) {
    (void)state;
    struct hats_session_block b;
    struct hats_error detail = {0};
    struct request r;
    struct hats_gate_reply reply;
    struct hats_gate_session session;
    char sid_hex[65];
    session_block(&w, &b, &owner, 0);
    b.not_after_ms = w.now_ms + 1000;
    expect(session_open(&w, &owner, 0, &b, &detail), HATS_PROBLEM_NONE, &detail);
    w.now_ms += 999;
    request_make(&r, &w, &owner, 1);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    hats_gate_reply_clear(&reply);
    w.now_ms += 1;
    struct hats_gate_counters before = counters();
    expect(call_in(&owner, 0, 2, &detail), HATS_PROBLEM_SESSION_EXPIRED, &detail);
    only_counted(&before, HATS_PROBLEM_SESSION_EXPIRED);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE); /* the stored answer */
    hats_gate_reply_clear(&reply);
    hats_hex_encode(sid_hex, owner.sid, 32);
    assert_int_equal(hats_gate_session_get(w.gate, &session, &w.tenant[0], sid_hex, NULL),
                     HATS_PROBLEM_NONE);
    assert_string_equal(session.state, "expired");
    request_clear(&r);
}

static void a_call_left_behind_is_finished_though_its_session_ended(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    struct hats_store_accept a = {.id = {.tenant = w.tenant[0].id, .i = 3},
                                  .now_ms = w.now_ms,
                                  .lease_ms = 1,
                                  .model = "score"};
    struct hats_store_accept_result result;
    request_make(&r, &w, &owner, 3);
    memcpy(a.id.sid, owner.sid, 32);
    memcpy(a.kid, owner.kid, 32);
    hats_core_request_digest(a.request_digest, r.core_bytes, r.core_len);
    assert_int_equal(hats_store_call_accept(w.store, &result, &a, NULL), HATS_OK);
    assert_int_equal(result.outcome, HATS_STORE_NEW);
    assert_int_equal(hats_store_session_end(w.store, w.tenant[0].id, owner.sid,
                                            HATS_STORE_SESSION_REVOKED, w.now_ms, NULL),
                     HATS_OK);
    w.now_ms += 1;
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    reply_check(&w, &r, &reply, NULL);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

/* ---- closing ---- */

static enum hats_problem close_with(int tenant, const struct hats_core *core,
                                    struct hats_gate_session_reply *reply,
                                    struct hats_error *detail) {
    static const struct hats_gate_connection none;
    uint8_t body[HATS_CORE_MAX_BYTES];
    char sid_hex[65];
    size_t len = 0;
    hats_core_encode(body, &len, core);
    hats_hex_encode(sid_hex, owner.sid, 32);
    return hats_gate_session_close(w.gate, reply, &w.tenant[tenant], &none, sid_hex, body, len,
                                   detail);
}

static struct hats_core close_of(uint32_t i) {
    struct hats_core core = {.i = i, .op = HATS_OP_CLOSE, .unix_ms = w.now_ms, .used_len = 512};
    memcpy(core.sid, owner.sid, 32);
    core.used[i / 8] |= (uint8_t)(1u << (i % 8));
    return core;
}

static void refuse_close(const struct hats_core *core, int tenant, enum hats_problem expected) {
    struct hats_error detail = {0};
    struct hats_gate_session_reply reply;
    struct hats_gate_counters before = counters();
    expect(close_with(tenant, core, &reply, &detail), expected, &detail);
    only_counted(&before, expected);
    assert_null(reply.receipt);
}

static void closing_says_these_and_no_others(void **state) {
    (void)state;
    struct hats_error detail = {0};
    struct hats_gate_session_reply reply, again;
    struct hats_core core;
    struct hats_gate_session session;
    char sid_hex[65];
    expect(call_in(&owner, 0, 0, &detail), HATS_PROBLEM_NONE, &detail);
    expect(call_in(&owner, 0, 9, &detail), HATS_PROBLEM_NONE, &detail);

    core = close_of(10); /* leaves out 0 and 9 */
    refuse_close(&core, 0, HATS_PROBLEM_SESSION_CLOSE);
    core.used[0] = 1, core.used[1] |= 2;
    refuse_close(&core, 1, HATS_PROBLEM_SESSION_UNKNOWN);
    core.used[1] = 2; /* not its own index */
    refuse_close(&core, 0, HATS_PROBLEM_SESSION_CLOSE);
    core.used[1] = 6, core.used_len = 511;
    refuse_close(&core, 0, HATS_PROBLEM_SESSION_CLOSE);
    core.used_len = 512, core.unix_ms = w.now_ms - w.config.clock_skew_ms - 1;
    refuse_close(&core, 0, HATS_PROBLEM_CLOCK);
    core.unix_ms = w.now_ms, core.i = 4096;
    refuse_close(&core, 0, HATS_PROBLEM_INDEX_RANGE);
    core.i = 10, core.sid[0] ^= 1; /* not the one in the path */
    refuse_close(&core, 0, HATS_PROBLEM_CORE_MALFORMED);
    core.sid[0] ^= 1;

    expect(close_with(0, &core, &reply, &detail), HATS_PROBLEM_NONE, &detail);
    assert_false(reply.repeated);
    expect(close_with(0, &core, &again, &detail), HATS_PROBLEM_NONE, &detail);
    assert_true(again.repeated);
    assert_int_equal(again.receipt_len, reply.receipt_len);
    assert_memory_equal(again.receipt, reply.receipt, reply.receipt_len);
    assert_int_equal(counters().sessions_closed, 1);
    struct hats_cose cose;
    struct hats_receipt r;
    uint8_t digest[32], body[HATS_CORE_MAX_BYTES];
    size_t len = 0;
    assert_int_equal(hats_cose_parse(&cose, reply.receipt, reply.receipt_len, NULL, NULL), HATS_OK);
    assert_int_equal(hats_receipt_decode(&r, cose.payload, cose.payload_len, NULL), HATS_OK);
    hats_core_encode(body, &len, &core);
    hats_core_request_digest(digest, body, len);
    assert_true(r.closes && r.call_index == 10);
    assert_memory_equal(r.request_digest, digest, 32);
    hats_gate_session_reply_clear(&reply);
    hats_gate_session_reply_clear(&again);

    core.used[2] = 1; /* another close */
    refuse_close(&core, 0, HATS_PROBLEM_SESSION_CLOSED);
    expect(call_in(&owner, 0, 11, &detail), HATS_PROBLEM_SESSION_CLOSED, &detail);
    hats_hex_encode(sid_hex, owner.sid, 32);
    assert_int_equal(hats_gate_session_get(w.gate, &session, &w.tenant[0], sid_hex, NULL),
                     HATS_PROBLEM_NONE);
    assert_string_equal(session.state, "closed");
    assert_int_equal(strlen(session.close_receipt_id), 64);
}

static void closing_under_the_index_of_a_call_burns(void **state) {
    (void)state;
    struct hats_error detail = {0};
    expect(call_in(&owner, 0, 4, &detail), HATS_PROBLEM_NONE, &detail);
    struct hats_core core = close_of(4);
    refuse_close(&core, 0, HATS_PROBLEM_CALL_REUSED);
    assert_int_equal(counters().sessions_burnt, 1);
    expect(call_in(&owner, 0, 5, &detail), HATS_PROBLEM_SESSION_BURNT, &detail);
}

static void revoking_ends_a_session_and_is_final(void **state) {
    (void)state;
    struct hats_error detail = {0};
    struct hats_gate_session session;
    char sid_hex[65];
    hats_hex_encode(sid_hex, owner.sid, 32);
    assert_int_equal(hats_gate_session_revoke(w.gate, &session, &w.tenant[1], sid_hex, NULL),
                     HATS_PROBLEM_SESSION_UNKNOWN);
    expect(call_in(&owner, 0, 4, &detail), HATS_PROBLEM_NONE, &detail);
    for (int k = 0; k < 2; k++) {
        assert_int_equal(hats_gate_session_revoke(w.gate, &session, &w.tenant[0], sid_hex, NULL),
                         HATS_PROBLEM_NONE);
        assert_string_equal(session.state, "revoked");
    }
    expect(call_in(&owner, 0, 5, &detail), HATS_PROBLEM_SESSION_REVOKED, &detail);
    struct hats_core core = close_of(6);
    core.used[0] |= 1u << 4;
    refuse_close(&core, 0, HATS_PROBLEM_SESSION_REVOKED);
}

static void control_bodies_are_admitted_by_their_length(void **state) {
    (void)state;
    struct hats_gate_tenant t;
    assert_int_equal(hats_gate_control_admit(w.gate, &t, w.bearer[0], 100, 100, NULL),
                     HATS_PROBLEM_NONE);
    assert_int_equal(hats_gate_control_admit(w.gate, &t, w.bearer[0], 101, 100, NULL),
                     HATS_PROBLEM_BODY_TOO_LARGE);
    assert_int_equal(hats_gate_control_admit(w.gate, &t, w.bearer[0], -1, 100, NULL),
                     HATS_PROBLEM_LENGTH_REQUIRED);
    assert_int_equal(hats_gate_control_admit(w.gate, &t, NULL, 100, 100, NULL),
                     HATS_PROBLEM_TOKEN_MISSING);
    hats_gate_drain(w.gate);
    assert_int_equal(hats_gate_control_admit(w.gate, &t, w.bearer[0], 100, 100, NULL),
                     HATS_PROBLEM_DRAINING);
}

/* ---- proofs ----
 *
 * The rules are a table of functions, so that what the gate does with a proof is tested without any proof
 * system: here a proof holds when it is the digest of ctx and ciphertext. */

enum { SUITE = 7 };
static unsigned verified;

static void make_proof(uint8_t out[32], const uint8_t ctx[32], const uint8_t *ciphertext,
                       size_t len) {
    struct hats_sha256 h;
    hats_sha256_init(&h);
    hats_sha256_update(&h, ctx, 32);
    hats_sha256_update(&h, ciphertext, len);
    hats_sha256_final(&h, out);
}

static hats_status check_proof(void *user, const struct hats_gate_proof *p,
                               struct hats_error *err) {
    uint8_t want[32], ctx[32], kid[32];
    assert_ptr_equal(user, &verified);
    verified++;
    assert_int_equal(p->suite, SUITE);
    assert_string_equal(p->plan->name, "score");
    assert_int_equal(hats_fhe_kid(kid, p->public_key, p->public_key_len, NULL), HATS_OK);
    assert_memory_equal(kid, p->core->kid, 32);
    hats_core_context(ctx, p->core);
    assert_memory_equal(ctx, p->ctx, 32);
    if (p->len_bytes != 32)
        return hats_fail(err, HATS_E_MALFORMED, "not 32 bytes");
    make_proof(want, p->ctx, p->ciphertext, p->ciphertext_len);
    return memcmp(want, p->bytes, 32) == 0 ? HATS_OK
                                           : hats_fail(err, HATS_E_VERIFY, "another digest");
}

static hats_status measure(void *user, size_t *proof_bytes, size_t *scratch_bytes,
                           const struct hats_plan *plan, const uint8_t plan_digest[32],
                           struct hats_error *err) {
    (void)user, (void)plan, (void)plan_digest, (void)err;
    *proof_bytes = 1000;
    *scratch_bytes = 0;
    return HATS_OK;
}

static void with_rules(struct hats_gate_proof_rules *rules) {
    static const uint32_t suites[] = {3, SUITE};
    *rules = (struct hats_gate_proof_rules){.required = true,
                                            .suites = suites,
                                            .n_suites = 2,
                                            .measure = measure,
                                            .verify = check_proof,
                                            .user = &verified};
    w.config.proofs = rules;
    world_restart(&w);
}

/* The request with a proof, which is `bytes`. */
static void attach(struct request *r, const uint8_t *bytes, size_t len) {
    r->proof = bytes;
    r->proof_len = len;
    r->core.has_proof = true;
    r->core.proof_suite = SUITE;
    hats_sha256(r->core.proof_digest, bytes, len);
    request_assemble(r);
}

static void good_proof(uint8_t proof[32], struct request *r, uint32_t i) {
    uint8_t ctx[32];
    request_make_for(r, &w, &owner, i, SUITE);
    hats_core_context(ctx, &r->core);
    make_proof(proof, ctx, r->ciphertext, r->ciphertext_len);
    attach(r, proof, 32);
}

static void a_proof_that_holds_is_in_the_receipt(void **state) {
    (void)state;
    struct hats_gate_proof_rules rules;
    struct request r;
    struct hats_gate_reply reply;
    struct hats_receipt receipt;
    uint8_t proof[32];
    with_rules(&rules);
    for (uint32_t i = 0; i < 2; i++) {
        good_proof(proof, &r, i);
        r.core_in_header = i == 1;
        request_assemble(&r);
        verified = 0;
        assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
        assert_int_equal(verified, 1);
        reply_check(&w, &r, &reply, &receipt);
        assert_true(receipt.has_proof && receipt.proof_suite == SUITE);
        assert_memory_equal(receipt.proof_digest, r.core.proof_digest, 32);
        assert_true(receipt.gate_steps & HATS_STEP_PROOF);
        hats_gate_reply_clear(&reply);
        assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE); /* the stored answer */
        assert_int_equal(verified, 1);
        hats_gate_reply_clear(&reply);
        request_clear(&r);
    }
    assert_int_equal(counters().proofs_checked, 2);
}

static void refuse_proof(struct request *r, enum hats_problem expected, unsigned looked_at) {
    struct hats_gate_reply reply;
    struct hats_error detail = {0};
    struct hats_gate_counters before = counters();
    verified = 0;
    expect(request_send_to(w.gate, w.bearer[0], r, &reply, &detail), expected, &detail);
    only_counted(&before, expected);
    assert_int_equal(verified, looked_at);
    request_clear(r);
}

static void a_proof_is_refused_for_what_is_wrong(void **state) {
    (void)state;
    struct hats_gate_proof_rules rules;
    struct request r, of_other;
    uint8_t proof[32], proof2[32];
    static const uint8_t long_one[1001];
    with_rules(&rules);
    request_make_for(&r, &w, &owner, 1, 0);
    refuse_proof(&r, HATS_PROBLEM_PROOF_MISSING, 0);
    good_proof(proof, &r, 1);
    r.core.proof_suite = 8;
    request_assemble(&r);
    refuse_proof(&r, HATS_PROBLEM_PARAMETERS, 0); /* H(parameters) covers the suite */
    request_make_for(&r, &w, &owner, 1, 8);
    attach(&r, proof, 32);
    r.core.proof_suite = 8;
    request_assemble(&r);
    refuse_proof(&r, HATS_PROBLEM_PROOF_SUITE, 0);
    good_proof(proof, &r, 1);
    proof[0] ^= 1; /* after it was hashed into the core */
    request_assemble(&r);
    refuse_proof(&r, HATS_PROBLEM_PROOF_DIGEST, 0);
    good_proof(proof, &r, 1);
    proof[0] ^= 1;
    attach(&r, proof, 32);
    refuse_proof(&r, HATS_PROBLEM_PROOF_FALSE, 1);
    good_proof(proof, &r, 1);
    attach(&r, proof, 31);
    refuse_proof(&r, HATS_PROBLEM_PROOF_MALFORMED, 1);
    good_proof(proof, &r, 1);
    attach(&r, long_one, sizeof long_one);
    refuse_proof(&r, HATS_PROBLEM_PROOF_MALFORMED, 0);
    good_proof(proof, &r, 1);
    r.proof = NULL; /* named and not there */
    request_assemble(&r);
    refuse_proof(&r, HATS_PROBLEM_BODY_MALFORMED, 0);
    request_make_for(&r, &w, &owner, 1, 0);
    r.proof = proof; /* there and not named */
    r.proof_len = 32;
    request_assemble(&r);
    refuse_proof(&r, HATS_PROBLEM_BODY_MALFORMED, 0);
    good_proof(proof, &r, 1); /* ciphertext and proof of call 2 under index 1 */
    good_proof(proof2, &of_other, 2);
    memcpy(r.ciphertext, of_other.ciphertext, r.ciphertext_len);
    hats_sha256(r.core.ciphertext_digest, r.ciphertext, r.ciphertext_len);
    attach(&r, proof2, 32);
    request_clear(&of_other);
    refuse_proof(&r, HATS_PROBLEM_PROOF_FALSE, 1);
    struct hats_error detail = {0};
    struct hats_gate_reply reply;
    good_proof(proof, &r, 1);
    expect(request_send_to(w.gate, w.bearer[0], &r, &reply, &detail), HATS_PROBLEM_NONE, &detail);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

/* The gate's order does not depend on its own rules: with others that ask for nothing none is needed. */
static void rules_that_want_no_proof_take_none(void **state) {
    (void)state;
    struct hats_gate_proof_rules rules;
    struct hats_gate_reply reply;
    struct request r;
    uint8_t proof[32];
    with_rules(&rules);
    rules.required = false;
    rules.n_suites = 0;
    good_proof(proof, &r, 1);
    refuse_proof(&r, HATS_PROBLEM_PROOF_SUITE, 0);
    request_make_for(&r, &w, &owner, 1, 0);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

/* A false proof under a used index does not end the session: it proves nothing about who sent it. */
static void a_second_request_burns_only_when_its_proof_holds(void **state) {
    (void)state;
    struct hats_gate_proof_rules rules;
    struct request r;
    struct hats_gate_reply reply;
    uint8_t proof[32];
    with_rules(&rules);
    good_proof(proof, &r, 1);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
    good_proof(proof, &r, 1);
    proof[0] ^= 1;
    attach(&r, proof, 32);
    refuse_proof(&r, HATS_PROBLEM_PROOF_FALSE, 1);
    assert_int_equal(counters().sessions_burnt, 0);
    good_proof(proof, &r, 1);
    refuse_proof(&r, HATS_PROBLEM_CALL_REUSED, 1);
    assert_int_equal(counters().sessions_burnt, 1);
}

/* ---- two servers, one file ---- */

static void what_ends_a_session_in_one_process_ends_it_in_all(void **state) {
    (void)state;
    struct world second = w;
    struct hats_error detail = {0};
    struct request r[3];
    struct hats_gate_reply reply;
    struct hats_session_block b;
    char models[96];
    world_store_open(&second, 0);
    second.config.now_user = &w;
    snprintf(models, sizeof models, "%s/models", w.dir);
    assert_int_equal(hats_gate_new(&second.gate, &second.config, NULL), HATS_OK);
    assert_int_equal(hats_gate_models_load(second.gate, models, NULL, NULL), HATS_OK);
    assert_int_equal(hats_gate_authenticate(second.gate, &second.tenant[0], w.bearer[0], NULL),
                     HATS_PROBLEM_NONE);
    session_block(&w, &b, &owner, 0); /* a challenge of the one, answered at the other */
    expect(session_open(&second, &owner, 0, &b, &detail), HATS_PROBLEM_NONE, &detail);
    b.calls = 5;
    refuse_block(&b, HATS_PROBLEM_CHALLENGE_USED);
    for (uint32_t i = 0; i < 3; i++)
        request_make(&r[i], &w, &owner, i == 1 ? 0 : i);
    r[1].core.unix_ms += 1;
    request_assemble(&r[1]);
    assert_int_equal(request_send_to(w.gate, w.bearer[0], &r[0], &reply, NULL), HATS_PROBLEM_NONE);
    hats_gate_reply_clear(&reply);
    assert_int_equal(request_send_to(second.gate, w.bearer[0], &r[1], &reply, NULL),
                     HATS_PROBLEM_CALL_REUSED);
    assert_int_equal(request_send_to(w.gate, w.bearer[0], &r[2], &reply, NULL),
                     HATS_PROBLEM_SESSION_BURNT);
    for (int i = 0; i < 3; i++)
        request_clear(&r[i]);
    hats_gate_free(second.gate);
    hats_store_close(second.store);
}

static void opening_and_closing_survive_every_failing_allocation(void **state) {
    (void)state;
    struct hats_session_block b;
    struct hats_gate_session_reply reply;
    struct hats_error detail = {0};
    enum hats_problem p = HATS_PROBLEM_INTERNAL;
    static const struct hats_gate_connection none;
    struct hats_buffer body;
    session_block(&w, &b, &owner, 0);
    hats_buffer_init(&body, HATS_SESSION_REQUEST_MAX);
    assert_int_equal(hats_session_request_encode(&body, &b, owner.sign, NULL), HATS_OK);
    for (uint64_t n = 1; p != HATS_PROBLEM_NONE && n < 100; n++) {
        hats_alloc_fail_at(n);
        p = hats_gate_session_open(w.gate, &reply, &w.tenant[0], &none, NULL, body.data, body.len,
                                   NULL);
        hats_alloc_fail_at(0);
        if (p != HATS_PROBLEM_NONE && p != HATS_PROBLEM_INTERNAL)
            fail_msg("allocation %u: %s", (unsigned)n, hats_problem_info(p)->code);
    }
    assert_int_equal(p, HATS_PROBLEM_NONE);
    memcpy(owner.sid, reply.sid, 32);
    hats_gate_session_reply_clear(&reply);
    hats_buffer_clear(&body);
    struct hats_core core = close_of(0);
    p = HATS_PROBLEM_INTERNAL;
    for (uint64_t n = 1; p != HATS_PROBLEM_NONE && n < 100; n++) {
        hats_alloc_fail_at(n);
        p = close_with(0, &core, &reply, &detail);
        hats_alloc_fail_at(0);
        if (p != HATS_PROBLEM_NONE && p != HATS_PROBLEM_INTERNAL)
            fail_msg("allocation %u: %s", (unsigned)n, hats_problem_info(p)->code);
    }
    assert_int_equal(p, HATS_PROBLEM_NONE);
    hats_gate_session_reply_clear(&reply);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_challenge_is_for_a_name_of_this_server),
        CASE(no_challenge_is_the_same_as_another),
        CASE(a_block_is_opened_as_the_challenge_gives_it_and_not_otherwise),
        CASE(terms_are_the_configured_ones),
        CASE(a_body_that_is_no_request_is_malformed),
        CASE(a_challenge_is_good_for_two_minutes_and_once),
        CASE(spent_challenges_are_forgotten_when_they_are_worth_nothing),
        CASE(a_session_survives_a_restart_and_so_does_a_challenge),
        CASE(the_receipt_of_a_session_verifies_and_is_kept),
        CASE(a_session_that_ended_takes_no_calls_and_keeps_its_answers),
        CASE(a_session_ends_with_its_time),
        CASE(a_call_left_behind_is_finished_though_its_session_ended),
        CASE(closing_says_these_and_no_others),
        CASE(closing_under_the_index_of_a_call_burns),
        CASE(revoking_ends_a_session_and_is_final),
        CASE(control_bodies_are_admitted_by_their_length),
        CASE(a_proof_that_holds_is_in_the_receipt),
        CASE(a_proof_is_refused_for_what_is_wrong),
        CASE(rules_that_want_no_proof_take_none),
        CASE(a_second_request_burns_only_when_its_proof_holds),
        CASE(what_ends_a_session_in_one_process_ends_it_in_all),
        CASE(opening_and_closing_survive_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
