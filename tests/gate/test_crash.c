/* The process dies at each point of a call. Afterwards the identical request gets one answer, with one
 * receipt, and a flood that was fixed before the crash. Built with fault points. */
#include "world.h"

#include "base/bytes.h"
#include "base/text.h"
#include "evidence/digest.h"
#include "hash/sha256.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct world w;
static struct owner owner;

static int make(void **state) {
    (void)state;
    world_make(&w);
    owner_make(&owner, 1);
    return owner_register(&w, &owner, 0, NULL) == HATS_PROBLEM_NONE ? 0 : -1;
}

static int drop(void **state) {
    (void)state;
    owner_clear(&owner);
    world_remove(&w);
    return 0;
}

/* A child with its own gate and store sends the request and dies at `point`. */
static void die_at(const char *point, const struct request *r) {
    hats_gate_free(w.gate);
    hats_store_close(w.store);
    w.gate = NULL;
    w.store = NULL;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct hats_gate_reply reply;
        setenv("HATS_FAULT", point, 1);
        world_restart(&w);
        (void)request_send(&w, r, &reply);
        _exit(1); /* it did not die */
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        fail_msg("%s: the child ended with status %d", point, status);
    world_restart(&w);
}

/* The same for the opening of a session (block), or its closing (core). */
static void die_at_session(const char *point, const struct hats_buffer *open_body,
                           const struct hats_buffer *close_body) {
    static const struct hats_gate_connection none;
    char sid_hex[65];
    hats_hex_encode(sid_hex, owner.sid, 32);
    hats_gate_free(w.gate);
    hats_store_close(w.store);
    w.gate = NULL;
    w.store = NULL;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct hats_gate_session_reply reply;
        setenv("HATS_FAULT", point, 1);
        world_restart(&w);
        if (open_body != NULL)
            (void)!hats_gate_session_open(w.gate, &reply, &w.tenant[0], &none, NULL,
                                          open_body->data, open_body->len, NULL);
        else
            (void)!hats_gate_session_close(w.gate, &reply, &w.tenant[0], &none, sid_hex,
                                           close_body->data, close_body->len, NULL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        fail_msg("%s: the child ended with status %d", point, status);
    world_restart(&w);
}

static bool stored(const struct request *r, struct hats_store_call *call) {
    struct hats_store_call_id id = {.tenant = w.tenant[0].id, .i = r->core.i};
    memcpy(id.sid, r->core.sid, 32);
    return hats_store_call_get(w.store, call, &id, true, NULL) == HATS_OK;
}

static void dying_before_the_seal_is_finished_by_a_retry(void **state) {
    (void)state;
    static const char *const points[] = {"accept", "evaluate"};
    for (uint32_t i = 0; i < 2; i++) {
        struct request r;
        struct hats_gate_reply reply, again;
        struct hats_store_call call;
        struct hats_receipt receipt;
        request_make(&r, &w, &owner, i);
        die_at(points[i], &r);
        assert_true(stored(&r, &call));
        assert_int_equal(call.state, HATS_STORE_STATE_ACCEPTED);
        assert_null(call.output);
        hats_store_call_clear(&call);
        assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_CALL_PENDING);
        w.now_ms += w.config.lease_ms;
        assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
        reply_check(&w, &r, &reply, &receipt);
        assert_int_equal(request_send(&w, &r, &again), HATS_PROBLEM_NONE);
        assert_memory_equal(reply.body.data, again.body.data, reply.body.len);
        hats_gate_reply_clear(&reply);
        hats_gate_reply_clear(&again);
        request_clear(&r);
    }
}

static void dying_after_the_seal_loses_no_answer(void **state) {
    (void)state;
    static const char *const points[] = {"seal", "answer"};
    for (uint32_t i = 0; i < 2; i++) {
        struct request r;
        struct hats_gate_reply reply;
        struct hats_store_call call;
        const uint8_t *answer, *receipt;
        size_t answer_len, receipt_len;
        request_make(&r, &w, &owner, 10 + i);
        die_at(points[i], &r);
        assert_true(stored(&r, &call));
        assert_int_equal(call.state, HATS_STORE_STATE_SEALED);
        assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
        assert_true(reply.repeated);
        reply_check(&w, &r, &reply, NULL);
        reply_parts(&reply, &answer, &answer_len, &receipt, &receipt_len);
        assert_int_equal(answer_len, call.output_len);
        assert_memory_equal(answer, call.output, answer_len);
        assert_int_equal(receipt_len, call.receipt_len);
        assert_memory_equal(receipt, call.receipt, receipt_len);
        struct hats_gate_counters c;
        hats_gate_counters(w.gate, &c);
        assert_int_equal(c.evaluations, 0);
        hats_store_call_clear(&call);
        hats_gate_reply_clear(&reply);
        request_clear(&r);
    }
}

static void a_retry_that_dies_too_is_finished_by_the_next(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    request_make(&r, &w, &owner, 1);
    for (int i = 0; i < 3; i++) {
        die_at(i == 1 ? "accept" : "evaluate", &r);
        w.now_ms += w.config.lease_ms;
    }
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    reply_check(&w, &r, &reply, NULL);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

/* Whoever lost the answer sends the same bytes, and gets the receipt that was signed the first time. */
static void dying_after_opening_or_closing_loses_no_receipt(void **state) {
    (void)state;
    static const struct hats_gate_connection none;
    struct hats_session_block block;
    struct hats_buffer body;
    struct hats_gate_session_reply reply;
    struct request r;
    struct hats_gate_reply answer;
    uint8_t bytes[HATS_SESSION_BLOCK_LEN];
    char sid_hex[65];
    session_block(&w, &block, &owner, 0);
    hats_buffer_init(&body, HATS_SESSION_REQUEST_MAX);
    assert_int_equal(hats_session_request_encode(&body, &block, owner.sign, NULL), HATS_OK);
    die_at_session("open", &body, NULL);
    assert_int_equal(hats_gate_session_open(w.gate, &reply, &w.tenant[0], &none, NULL, body.data,
                                            body.len, NULL),
                     HATS_PROBLEM_NONE);
    assert_true(reply.repeated);
    hats_session_block_encode(bytes, &block);
    hats_session_tenant_id(owner.sid, bytes);
    hats_sha256(owner.session_receipt, reply.receipt, reply.receipt_len);
    hats_gate_session_reply_clear(&reply);
    request_make(&r, &w, &owner, 0);
    assert_int_equal(request_send(&w, &r, &answer), HATS_PROBLEM_NONE);
    reply_check(&w, &r, &answer, NULL);
    hats_gate_reply_clear(&answer);

    struct hats_core core = {.i = 1, .op = HATS_OP_CLOSE, .unix_ms = w.now_ms, .used_len = 512};
    memcpy(core.sid, owner.sid, 32);
    core.used[0] = 3;
    hats_buffer_clear(&body);
    hats_buffer_init(&body, HATS_CORE_MAX_BYTES);
    uint8_t *at = hats_buffer_reserve(&body, HATS_CORE_MAX_BYTES);
    assert_non_null(at);
    hats_core_encode(at, &body.len, &core);
    die_at_session("close", NULL, &body);
    hats_hex_encode(sid_hex, owner.sid, 32);
    assert_int_equal(hats_gate_session_close(w.gate, &reply, &w.tenant[0], &none, sid_hex,
                                             body.data, body.len, NULL),
                     HATS_PROBLEM_NONE);
    assert_true(reply.repeated);
    hats_gate_session_reply_clear(&reply);
    assert_int_equal(request_send(&w, &r, &answer), HATS_PROBLEM_NONE);
    assert_true(answer.repeated);
    hats_gate_reply_clear(&answer);
    request_clear(&r);
    hats_buffer_clear(&body);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(dying_before_the_seal_is_finished_by_a_retry),
        CASE(dying_after_the_seal_loses_no_answer),
        CASE(a_retry_that_dies_too_is_finished_by_the_next),
        CASE(dying_after_opening_or_closing_loses_no_receipt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
