/* Every refusal of the gate, one thing wrong at a time: exactly its counter goes up, nothing is
 * evaluated, no row is made; and a good call works before and after. */
#include "world.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "hash/sha256.h"
#include "wire/oip.h"
#include "wire/registration.h"

#include <string.h>

static struct world w;
static struct owner owner, other; /* registered by alpha and by beta */

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

/* Opens the gate anew after a test changed w.config. */
static void reconfigure(void) {
    world_restart(&w);
    for (int i = 0; i < 2; i++)
        assert_int_equal(hats_gate_authenticate(w.gate, &w.tenant[i], w.bearer[i], NULL),
                         HATS_PROBLEM_NONE);
}

static struct hats_gate_counters counters(void) {
    struct hats_gate_counters c;
    hats_gate_counters(w.gate, &c);
    return c;
}

static void good_call(uint32_t i) {
    struct request r;
    struct hats_gate_reply reply;
    struct hats_error detail = {0};
    request_make(&r, &w, &owner, i);
    enum hats_problem p = request_send_to(w.gate, w.bearer[0], &r, &reply, &detail);
    if (p != HATS_PROBLEM_NONE)
        fail_msg("a good call is refused: %s %s", hats_problem_info(p)->code, detail.text);
    reply_check(&w, &r, &reply, NULL);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

static void new_session(struct owner *o, int tenant) {
    struct hats_session_block block;
    session_block(&w, &block, o, tenant);
    assert_int_equal(session_open(&w, o, tenant, &block, NULL), HATS_PROBLEM_NONE);
}

static bool has_row(int tenant, const struct request *r) {
    struct hats_store_call_id id = {.tenant = w.tenant[tenant].id, .i = r->core.i};
    struct hats_store_call call;
    memcpy(id.sid, r->core.sid, 32);
    return hats_store_call_get(w.store, &call, &id, false, NULL) == HATS_OK;
}

/* Between two looks at the counters exactly one refusal happened, and nothing else. */
static void only_counted(const struct hats_gate_counters *before, enum hats_problem p) {
    struct hats_gate_counters after = counters();
    for (int q = 1; q < HATS_PROBLEM_COUNT; q++)
        if (after.problems[q] != before->problems[q] + (q == (int)p))
            fail_msg("%s: counter of %s went from %u to %u", hats_problem_info(p)->code,
                     hats_problem_info((enum hats_problem)q)->code, (unsigned)before->problems[q],
                     (unsigned)after.problems[q]);
    assert_int_equal(after.evaluations, before->evaluations);
    assert_int_equal(after.calls_accepted, before->calls_accepted);
    assert_int_equal(after.calls_sealed, before->calls_sealed);
    assert_int_equal(after.answers, before->answers);
    assert_int_equal(after.calls_in_flight, before->calls_in_flight);
    assert_int_equal(after.memory_bytes, before->memory_bytes);
}

/* ---- requests with one thing changed ---- */

typedef void change(struct request *r);

static void refuse_request(enum hats_problem expected, change *change_it, int tenant) {
    static uint32_t next = 100;
    struct request r;
    struct hats_gate_reply reply;
    struct hats_error detail = {0};
    good_call(next++);
    request_make(&r, &w, &owner, next++);
    change_it(&r);
    struct hats_gate_counters before = counters();
    enum hats_problem p = request_send_to(w.gate, w.bearer[tenant], &r, &reply, &detail);
    if (p != expected)
        fail_msg("expected %s, got %s: %s", hats_problem_info(expected)->code,
                 hats_problem_info(p)->code, detail.text);
    only_counted(&before, expected);
    assert_null(reply.body.data);
    assert_false(has_row(tenant, &r));
    request_clear(&r);
    good_call(next++);
}

static void in_body(struct request *r, const void *core, size_t core_len) {
    struct hats_oip_tensor t[2] = {{"hats.ciphertext", r->ciphertext, r->ciphertext_len},
                                   {"hats.core", core, core_len}};
    hats_buffer_clear(&r->body);
    hats_buffer_init(&r->body, 1u << 20);
    hats_oip_request(&r->body, &r->json_len, "x", t, core != NULL ? 2 : 1);
    snprintf(r->json_len_field, sizeof r->json_len_field, "%zu", r->json_len);
}

static void no_core(struct request *r) { in_body(r, NULL, 0); }

static void core_with_trailing_byte(struct request *r) {
    r->core_bytes[r->core_len] = 0;
    in_body(r, r->core_bytes, r->core_len + 1);
}

static void core_too_long(struct request *r) {
    uint8_t *big = hats_alloc(HATS_CORE_MAX_BYTES + 1);
    in_body(r, big, HATS_CORE_MAX_BYTES + 1);
    hats_free(big);
}

static void core_not_base64(struct request *r) {
    r->core_in_header = true;
    request_assemble(r);
    r->core_field[3] = '+';
}

static void core_twice(struct request *r) {
    request_assemble(r); /* in the body, and in the field too */
    r->core_in_header = true;
}

static void time_too_old(struct request *r) {
    r->core.unix_ms = w.now_ms - w.config.clock_skew_ms - 1;
    request_assemble(r);
}

static void time_too_new(struct request *r) {
    r->core.unix_ms = w.now_ms + w.config.clock_skew_ms + 1;
    request_assemble(r);
}

static void other_commitment(struct request *r) {
    r->core.model_commitment[31] ^= 1;
    request_assemble(r);
}

static void other_parameters(struct request *r) {
    r->core.parameters_digest[0] ^= 1;
    request_assemble(r);
}

static void a_core_that_closes(struct request *r) {
    struct hats_core close = {
        .i = r->core.i, .op = HATS_OP_CLOSE, .unix_ms = r->core.unix_ms, .used_len = 512};
    memcpy(close.sid, r->core.sid, 32);
    r->core = close;
    request_assemble(r);
}

static void unknown_session(struct request *r) {
    r->core.sid[0] ^= 1;
    request_assemble(r);
}

static void index_beyond(struct request *r) {
    r->core.i = HATS_SESSION_CALLS_MAX;
    request_assemble(r);
}

static void other_purpose(struct request *r) {
    r->core.purpose = 9; /* parameters_digest covers it */
    request_assemble(r);
}

static void unknown_key(struct request *r) {
    r->core.kid[0] ^= 1;
    request_assemble(r);
}

static void foreign_key(struct request *r) {
    memcpy(r->core.kid, other.kid, 32);
    request_assemble(r);
}

static void bit_in_ciphertext(struct request *r) {
    r->ciphertext[r->ciphertext_len - 1] ^= 1;
    request_assemble(r);
}

static void digest_again(struct request *r) {
    hats_sha256(r->core.ciphertext_digest, r->ciphertext, r->ciphertext_len);
    request_assemble(r);
}

static void word_not_below_p(struct request *r) {
    memset(r->ciphertext + r->ciphertext_len - 8, 0xff, 8);
    digest_again(r);
}

static void wrong_tag(struct request *r) {
    r->ciphertext[0] ^= 1;
    digest_again(r);
}

static void one_word_short(struct request *r) {
    r->ciphertext_len -= 8;
    digest_again(r);
}

static void body_cut(struct request *r) { r->body.len -= 1; }

static void body_longer(struct request *r) { hats_buffer_append(&r->body, "x", 1); }

static void not_json(struct request *r) { r->body.data[0] = '['; }

static void json_len_missing_digit(struct request *r) { r->json_len_field[0] = 'x'; }

static void json_longer_than_body(struct request *r) {
    snprintf(r->json_len_field, sizeof r->json_len_field, "%zu", r->body.len + 1);
}

static void a_changed_request_is_refused_for_what_was_changed(void **state) {
    (void)state;
    static const struct {
        enum hats_problem problem;
        change *change_it;
    } cases[] = {
        {HATS_PROBLEM_CORE_MISSING, no_core},
        {HATS_PROBLEM_CORE_MALFORMED, core_with_trailing_byte},
        {HATS_PROBLEM_CORE_MALFORMED, core_too_long},
        {HATS_PROBLEM_CORE_MALFORMED, core_not_base64},
        {HATS_PROBLEM_BODY_MALFORMED, core_twice},
        {HATS_PROBLEM_CORE_MALFORMED, a_core_that_closes},
        {HATS_PROBLEM_SESSION_UNKNOWN, unknown_session},
        {HATS_PROBLEM_INDEX_RANGE, index_beyond},
        {HATS_PROBLEM_CLOCK, time_too_old},
        {HATS_PROBLEM_CLOCK, time_too_new},
        {HATS_PROBLEM_MODEL_CHANGED, other_commitment},
        {HATS_PROBLEM_PARAMETERS, other_parameters},
        {HATS_PROBLEM_PARAMETERS, other_purpose},
        {HATS_PROBLEM_KEY_UNKNOWN, unknown_key},
        {HATS_PROBLEM_KEY_FOREIGN, foreign_key},
        {HATS_PROBLEM_CIPHERTEXT_DIGEST, bit_in_ciphertext},
        {HATS_PROBLEM_CIPHERTEXT_MALFORMED, word_not_below_p},
        {HATS_PROBLEM_CIPHERTEXT_MALFORMED, wrong_tag},
        {HATS_PROBLEM_CIPHERTEXT_MALFORMED, one_word_short},
        {HATS_PROBLEM_BODY_MALFORMED, body_cut},
        {HATS_PROBLEM_BODY_MALFORMED, body_longer},
        {HATS_PROBLEM_BODY_MALFORMED, not_json},
        {HATS_PROBLEM_BODY_MALFORMED, json_len_missing_digit},
        {HATS_PROBLEM_BODY_MALFORMED, json_longer_than_body},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse_request(cases[i].problem, cases[i].change_it, 0);
}

static void unchanged(struct request *r) { (void)r; }

static void in_the_others_session(struct request *r) {
    memcpy(r->core.sid, other.sid, 32);
    request_assemble(r);
}

static void a_token_does_not_open_another_tenants_session_or_key(void **state) {
    (void)state;
    refuse_request(HATS_PROBLEM_SESSION_UNKNOWN, unchanged, 1);
    refuse_request(HATS_PROBLEM_KEY_FOREIGN, in_the_others_session, 1);
}

static void a_time_at_the_edge_of_the_window_is_taken(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    for (uint32_t i = 0; i < 2; i++) {
        request_make(&r, &w, &owner, 50 + i);
        r.core.unix_ms =
            i == 0 ? w.now_ms - w.config.clock_skew_ms : w.now_ms + w.config.clock_skew_ms;
        request_assemble(&r);
        assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
        hats_gate_reply_clear(&reply);
        request_clear(&r);
    }
}

static void the_same_index_with_other_bytes_is_refused_and_the_first_stays(void **state) {
    (void)state;
    struct request first, second;
    struct hats_gate_reply reply, again;
    request_make(&first, &w, &owner, 7);
    request_make(&second, &w, &owner, 7);
    second.core.unix_ms += 1;
    request_assemble(&second);
    assert_int_equal(request_send(&w, &first, &reply), HATS_PROBLEM_NONE);
    struct hats_gate_counters before = counters();
    assert_int_equal(request_send(&w, &second, &again), HATS_PROBLEM_CALL_REUSED);
    only_counted(&before, HATS_PROBLEM_CALL_REUSED);
    assert_int_equal(counters().sessions_burnt, 1);
    assert_int_equal(request_send(&w, &first, &again), HATS_PROBLEM_NONE);
    assert_memory_equal(reply.body.data, again.body.data, reply.body.len);
    hats_gate_reply_clear(&again);
    hats_gate_reply_clear(&reply);
    before = counters();
    assert_int_equal(request_send(&w, &second, &again), HATS_PROBLEM_SESSION_BURNT);
    only_counted(&before, HATS_PROBLEM_SESSION_BURNT);
    request_clear(&first);
    request_clear(&second);
    new_session(&owner, 0);
    good_call(8);
}

/* Who has the token but not the means to make a whole request cannot end a session with it. */
static void garbage_under_a_used_index_leaves_the_session_alone(void **state) {
    (void)state;
    static change *const garbage[] = {bit_in_ciphertext, word_not_below_p, time_too_old,
                                      unknown_key, other_commitment};
    struct request first;
    struct hats_gate_reply reply;
    request_make(&first, &w, &owner, 7);
    assert_int_equal(request_send(&w, &first, &reply), HATS_PROBLEM_NONE);
    hats_gate_reply_clear(&reply);
    for (size_t k = 0; k < sizeof garbage / sizeof garbage[0]; k++) {
        struct request r;
        request_make(&r, &w, &owner, 7);
        garbage[k](&r);
        enum hats_problem p = request_send(&w, &r, &reply);
        assert_true(p != HATS_PROBLEM_NONE && p != HATS_PROBLEM_CALL_REUSED);
        request_clear(&r);
    }
    assert_int_equal(counters().sessions_burnt, 0);
    request_clear(&first);
    good_call(8);
}

/* Another name in the path is another request, also where the bytes are the same. */
static void a_stored_answer_is_not_given_under_another_model(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    struct hats_gate_call *call;
    char models[96];
    world_package(w.dir, w.publisher, "other", "1.0.0", 2);
    snprintf(models, sizeof models, "%s/models", w.dir);
    assert_int_equal(hats_gate_models_load(w.gate, models, NULL, NULL), HATS_OK);
    request_make(&r, &w, &owner, 7);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    hats_gate_reply_clear(&reply);
    struct hats_gate_headers h = {.authorization = w.bearer[0],
                                  .model = "other",
                                  .content_length = (int64_t)r.body.len,
                                  .json_len = r.json_len_field};
    struct hats_gate_counters before = counters();
    assert_int_equal(hats_gate_admit(w.gate, &call, &h, NULL), HATS_PROBLEM_NONE);
    assert_int_equal(hats_gate_infer(call, &reply, r.body.data, r.body.len, NULL),
                     HATS_PROBLEM_MODEL_CHANGED);
    hats_gate_call_free(call);
    only_counted(&before, HATS_PROBLEM_MODEL_CHANGED);
    request_clear(&r);
}

static void a_revoked_key_evaluates_nothing_more(void **state) {
    (void)state;
    struct request before_it, after_it;
    struct hats_gate_reply reply;
    struct hats_gate_key key;
    request_make(&before_it, &w, &owner, 1);
    request_make(&after_it, &w, &owner, 2);
    assert_int_equal(request_send(&w, &before_it, &reply), HATS_PROBLEM_NONE);
    hats_gate_reply_clear(&reply);
    assert_int_equal(hats_gate_key_revoke(w.gate, &key, &w.tenant[0], owner.kid_hex, NULL),
                     HATS_PROBLEM_NONE);
    assert_true(key.revoked_ms == w.now_ms);
    struct hats_gate_counters before = counters();
    assert_int_equal(request_send(&w, &after_it, &reply), HATS_PROBLEM_KEY_REVOKED);
    only_counted(&before, HATS_PROBLEM_KEY_REVOKED);
    assert_false(has_row(0, &after_it));
    assert_int_equal(request_send(&w, &before_it, &reply), HATS_PROBLEM_NONE); /* the stored one */
    hats_gate_reply_clear(&reply);
    request_clear(&before_it);
    request_clear(&after_it);
}

/* ---- at the header ---- */

static void refuse_header(enum hats_problem expected, const struct hats_gate_headers *h) {
    struct hats_gate_call *call;
    struct hats_error detail = {0};
    struct hats_gate_counters before = counters();
    enum hats_problem p = hats_gate_admit(w.gate, &call, h, &detail);
    if (p != expected)
        fail_msg("expected %s, got %s: %s", hats_problem_info(expected)->code,
                 hats_problem_info(p)->code, detail.text);
    assert_null(call);
    only_counted(&before, expected);
}

static struct hats_gate_headers good_header(void) {
    return (struct hats_gate_headers){
        .authorization = w.bearer[0], .model = "score", .content_length = 40000, .json_len = "300"};
}

static void a_header_is_refused_before_a_body_byte(void **state) {
    (void)state;
    struct hats_gate_model m;
    struct hats_gate_headers h;
    struct hats_gate_call *call;
    char wrong[HATS_GATE_TOKEN_MAX + 8], basic[] = "Basic aGF0czpoYXRz";
    memcpy(wrong, w.bearer[0], sizeof wrong);
    wrong[20] = wrong[20] == 'A' ? 'B' : 'A';
    good_call(1);

    h = good_header(), h.authorization = NULL;
    refuse_header(HATS_PROBLEM_TOKEN_MISSING, &h);
    h = good_header(), h.authorization = basic;
    refuse_header(HATS_PROBLEM_TOKEN_MISSING, &h);
    h = good_header(), h.authorization = wrong;
    refuse_header(HATS_PROBLEM_TOKEN_UNKNOWN, &h);
    h = good_header(), h.authorization = "Bearer ";
    refuse_header(HATS_PROBLEM_TOKEN_UNKNOWN, &h);
    h = good_header(), h.authorization =
                           "Bearer "
                           "0123456789012345678901234567890123456789012345678901234567"
                           "8901234567890123456789";
    refuse_header(HATS_PROBLEM_TOKEN_UNKNOWN, &h);
    h = good_header(), h.model = "scorf";
    refuse_header(HATS_PROBLEM_MODEL_UNKNOWN, &h);
    h = good_header(), h.content_length = -1;
    refuse_header(HATS_PROBLEM_LENGTH_REQUIRED, &h);
    assert_true(hats_gate_model_hold(w.gate, &m, "score"));
    h = good_header(), h.content_length = (int64_t)m.max_body_bytes + 1;
    refuse_header(HATS_PROBLEM_BODY_TOO_LARGE, &h);
    h.content_length = (int64_t)m.max_body_bytes;
    assert_int_equal(hats_gate_admit(w.gate, &call, &h, NULL), HATS_PROBLEM_NONE);
    hats_gate_call_free(call);
    hats_gate_model_release(&m);
    h = good_header(), h.json_len = NULL;
    refuse_header(HATS_PROBLEM_BODY_MALFORMED, &h);
    h = good_header(), h.core = "AAAA";
    refuse_header(HATS_PROBLEM_CORE_MALFORMED, &h);
    good_call(2);
}

static void a_disabled_tenant_is_unknown_within_a_second(void **state) {
    (void)state;
    good_call(1);
    assert_int_equal(hats_store_tenant_disable(w.store, "alpha", true, NULL), HATS_OK);
    w.now_ms += 1000;
    struct hats_gate_headers h = good_header();
    refuse_header(HATS_PROBLEM_TOKEN_UNKNOWN, &h);
    assert_int_equal(hats_store_tenant_disable(w.store, "alpha", false, NULL), HATS_OK);
    w.now_ms += 1000;
    good_call(2);
}

static void a_tenant_disabled_this_instant_accepts_nothing(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    request_make(&r, &w, &owner, 1);
    assert_int_equal(hats_store_tenant_disable(w.store, "alpha", true, NULL), HATS_OK);
    struct hats_gate_counters before = counters();
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_TOKEN_UNKNOWN);
    only_counted(&before, HATS_PROBLEM_TOKEN_UNKNOWN);
    assert_false(has_row(0, &r));
    request_clear(&r);
}

static void a_tenant_made_by_another_process_is_known_within_a_second(void **state) {
    (void)state;
    char token[HATS_GATE_TOKEN_MAX], bearer[HATS_GATE_TOKEN_MAX + 8];
    struct hats_gate_tenant t;
    assert_int_equal(hats_gate_tenant_new(w.store, token, "gamma", NULL), HATS_OK);
    snprintf(bearer, sizeof bearer, "bearer %s", token); /* the scheme's case does not matter */
    w.now_ms += 1000;
    assert_int_equal(hats_gate_authenticate(w.gate, &t, bearer, NULL), HATS_PROBLEM_NONE);
    assert_string_equal(t.name, "gamma");
    assert_memory_not_equal(t.digest, w.tenant[0].digest, 32);
}

static void a_tenant_name_is_plain_and_taken_once(void **state) {
    (void)state;
    char token[HATS_GATE_TOKEN_MAX];
    static const char *const bad[] = {
        "", "Alpha", "a b", "a/b",
        "0123456789012345678901234567890123456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(hats_gate_tenant_new(w.store, token, bad[i], NULL), HATS_E_USAGE);
        assert_string_equal(token, "");
    }
    assert_int_equal(hats_gate_tenant_new(w.store, token, "alpha", NULL), HATS_E_CONFLICT);
    assert_string_equal(token, "");
}

static void the_rate_of_a_tenant_ends_and_comes_back(void **state) {
    (void)state;
    w.config.requests_per_s = 2;
    w.config.burst = 4;
    reconfigure(); /* spends one of each */
    struct hats_gate_tenant t;
    for (int i = 0; i < 3; i++)
        assert_int_equal(hats_gate_authenticate(w.gate, &t, w.bearer[0], NULL), HATS_PROBLEM_NONE);
    struct hats_gate_headers h = good_header();
    refuse_header(HATS_PROBLEM_QUOTA, &h);
    assert_int_equal(hats_gate_retry_after_s(w.gate, HATS_PROBLEM_QUOTA), 1);
    h.authorization = w.bearer[1]; /* another tenant has its own */
    h.model = "nothing";
    refuse_header(HATS_PROBLEM_MODEL_UNKNOWN, &h);
    w.now_ms += 499;
    h = good_header();
    refuse_header(HATS_PROBLEM_QUOTA, &h);
    w.now_ms += 1;
    assert_int_equal(hats_gate_authenticate(w.gate, &t, w.bearer[0], NULL), HATS_PROBLEM_NONE);
    w.now_ms += 1000000; /* no more than the burst gathers */
    for (int i = 0; i < 4; i++)
        assert_int_equal(hats_gate_authenticate(w.gate, &t, w.bearer[0], NULL), HATS_PROBLEM_NONE);
    refuse_header(HATS_PROBLEM_QUOTA, &h);
    w.now_ms -= 500000; /* a clock set back */
    refuse_header(HATS_PROBLEM_QUOTA, &h);
    w.now_ms += 500;
    assert_int_equal(hats_gate_authenticate(w.gate, &t, w.bearer[0], NULL), HATS_PROBLEM_NONE);
}

static void more_calls_than_allowed_are_busy(void **state) {
    (void)state;
    struct hats_gate_call *calls[3];
    struct hats_gate_headers h = good_header();
    w.config.max_calls = 3;
    reconfigure();
    for (int i = 0; i < 3; i++)
        assert_int_equal(hats_gate_admit(w.gate, &calls[i], &h, NULL), HATS_PROBLEM_NONE);
    refuse_header(HATS_PROBLEM_BUSY, &h);
    hats_gate_call_free(calls[1]);
    assert_int_equal(hats_gate_admit(w.gate, &calls[1], &h, NULL), HATS_PROBLEM_NONE);
    for (int i = 0; i < 3; i++)
        hats_gate_call_free(calls[i]);
    good_call(1);
}

/* A tenant whose calls never end leaves room for the others. */
static void one_tenant_does_not_take_all_the_room(void **state) {
    (void)state;
    struct hats_gate_call *calls[64], *of_beta;
    struct hats_gate_headers h = good_header(), beta = h;
    beta.authorization = w.bearer[1];
    static const struct {
        unsigned max_calls;
        uint64_t memory_bytes;
    } limits[] = {{8, 512u << 20}, {64, 8u << 20}};
    for (size_t k = 0; k < 2; k++) {
        int n = 0;
        w.config.max_calls = limits[k].max_calls;
        w.config.memory_budget_bytes = limits[k].memory_bytes;
        w.config.max_evaluations = 2; /* proofs are checked in a part of it */
        reconfigure();
        while (n < 64 && hats_gate_admit(w.gate, &calls[n], &h, NULL) == HATS_PROBLEM_NONE)
            n++;
        if (k == 0)
            assert_int_equal(n, 6);
        assert_true(counters().memory_bytes <= limits[k].memory_bytes / 4 * 3);
        refuse_header(HATS_PROBLEM_BUSY, &h);
        w.now_ms += 2000; /* the tenants are read again, and what they hold is not forgotten */
        refuse_header(HATS_PROBLEM_BUSY, &h);
        assert_int_equal(hats_gate_admit(w.gate, &of_beta, &beta, NULL), HATS_PROBLEM_NONE);
        hats_gate_call_free(of_beta);
        for (int i = 0; i < n; i++)
            hats_gate_call_free(calls[i]);
        assert_int_equal(counters().memory_bytes, 0);
    }
    /* alone it has everything */
    w.config.max_calls = 8;
    reconfigure();
    assert_int_equal(hats_store_tenant_disable(w.store, "beta", true, NULL), HATS_OK);
    w.now_ms += 2000;
    for (int i = 0; i < 8; i++)
        assert_int_equal(hats_gate_admit(w.gate, &calls[i], &h, NULL), HATS_PROBLEM_NONE);
    refuse_header(HATS_PROBLEM_BUSY, &h);
    for (int i = 0; i < 8; i++)
        hats_gate_call_free(calls[i]);
}

static void more_memory_than_allowed_is_busy(void **state) {
    (void)state;
    struct hats_gate_call *calls[64];
    struct hats_gate_headers h = good_header();
    int n = 0;
    w.config.memory_budget_bytes = 4u << 20;
    w.config.max_evaluations = 2;
    reconfigure();
    while (n < 64 && hats_gate_admit(w.gate, &calls[n], &h, NULL) == HATS_PROBLEM_NONE)
        n++;
    assert_in_range(n, 2, 20);
    assert_true(counters().memory_bytes <= w.config.memory_budget_bytes);
    refuse_header(HATS_PROBLEM_BUSY, &h);
    for (int i = 0; i < n; i++)
        hats_gate_call_free(calls[i]);
    assert_int_equal(counters().memory_bytes, 0);
    good_call(1);
}

static void a_model_larger_than_the_budget_is_not_served(void **state) {
    (void)state;
    struct hats_gate *g;
    char models[96];
    struct hats_gate_config config = w.config;
    struct hats_error err = {0};
    snprintf(models, sizeof models, "%s/models", w.dir);
    config.memory_budget_bytes = 100000;
    assert_int_equal(hats_gate_new(&g, &config, NULL), HATS_OK);
    assert_int_equal(hats_gate_models_load(g, models, NULL, &err), HATS_E_RANGE);
    assert_non_null(strstr(err.text, "budget"));
    assert_false(hats_gate_ready(g));
    hats_gate_free(g);
}

static void draining_lets_nothing_in_and_finishes_what_is_in(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_call *call;
    struct hats_gate_reply reply;
    request_make(&r, &w, &owner, 1);
    struct hats_gate_headers h = good_header();
    h.content_length = (int64_t)r.body.len;
    h.json_len = r.json_len_field;
    assert_int_equal(hats_gate_admit(w.gate, &call, &h, NULL), HATS_PROBLEM_NONE);
    assert_true(hats_gate_ready(w.gate));
    hats_gate_drain(w.gate);
    assert_false(hats_gate_ready(w.gate));
    refuse_header(HATS_PROBLEM_DRAINING, &h);
    struct hats_gate_tenant t;
    assert_int_equal(hats_gate_key_admit(w.gate, &t, w.bearer[0], owner.kid_hex, 10, NULL),
                     HATS_PROBLEM_DRAINING);
    assert_int_equal(hats_gate_infer(call, &reply, r.body.data, r.body.len, NULL),
                     HATS_PROBLEM_NONE);
    reply_check(&w, &r, &reply, NULL);
    hats_gate_reply_clear(&reply);
    hats_gate_call_free(call);
    request_clear(&r);
}

/* ---- the store ---- */

static void a_full_store_says_so_and_the_call_works_when_there_is_room(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    struct hats_error detail = {0};
    enum hats_problem p = HATS_PROBLEM_NONE;
    hats_gate_free(w.gate);
    hats_store_close(w.store);
    w.gate = NULL;
    world_store_open(&w, 700u << 10);
    assert_int_equal(hats_gate_new(&w.gate, &w.config, NULL), HATS_OK);
    char models[96];
    snprintf(models, sizeof models, "%s/models", w.dir);
    assert_int_equal(hats_gate_models_load(w.gate, models, NULL, NULL), HATS_OK);
    uint32_t i = 0;
    for (; p == HATS_PROBLEM_NONE && i < 100; i++) {
        request_make(&r, &w, &owner, i);
        p = request_send_to(w.gate, w.bearer[0], &r, &reply, &detail);
        hats_gate_reply_clear(&reply);
        if (p == HATS_PROBLEM_NONE)
            request_clear(&r);
    }
    assert_int_equal(p, HATS_PROBLEM_STORAGE);
    assert_non_null(strstr(detail.text, "full"));
    assert_true(i > 3);
    assert_int_equal(counters().problems[HATS_PROBLEM_STORAGE], 1);
    uint64_t sealed = counters().calls_sealed;
    assert_int_equal(sealed, i - 1);
    reconfigure(); /* without the limit */
    w.now_ms += w.config.lease_ms;
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    reply_check(&w, &r, &reply, NULL);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
    assert_true(hats_gate_ready(w.gate));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_changed_request_is_refused_for_what_was_changed),
        CASE(a_token_does_not_open_another_tenants_session_or_key),
        CASE(a_time_at_the_edge_of_the_window_is_taken),
        CASE(the_same_index_with_other_bytes_is_refused_and_the_first_stays),
        CASE(garbage_under_a_used_index_leaves_the_session_alone),
        CASE(a_stored_answer_is_not_given_under_another_model),
        CASE(a_revoked_key_evaluates_nothing_more),
        CASE(a_header_is_refused_before_a_body_byte),
        CASE(a_disabled_tenant_is_unknown_within_a_second),
        CASE(a_tenant_disabled_this_instant_accepts_nothing),
        CASE(a_tenant_made_by_another_process_is_known_within_a_second),
        CASE(a_tenant_name_is_plain_and_taken_once),
        CASE(the_rate_of_a_tenant_ends_and_comes_back),
        CASE(more_calls_than_allowed_are_busy),
        CASE(one_tenant_does_not_take_all_the_room),
        CASE(more_memory_than_allowed_is_busy),
        CASE(a_model_larger_than_the_budget_is_not_served),
        CASE(draining_lets_nothing_in_and_finishes_what_is_in),
        CASE(a_full_store_says_so_and_the_call_works_when_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
