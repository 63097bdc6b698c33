/* A call from end to end, and what happens to it the second time. */
#include "world.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"
#include "evidence/digest.h"
#include "gate/internal.h"
#include "hash/sha256.h"

#include <pthread.h>
#include <stdatomic.h>

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

static struct hats_gate_counters counters(void) {
    struct hats_gate_counters c;
    hats_gate_counters(w.gate, &c);
    return c;
}

static void the_answer_decrypts_to_the_score_in_clear(void **state) {
    (void)state;
    static const bool where[] = {false, true};
    for (uint32_t i = 0; i < 2; i++) {
        struct request r;
        struct hats_gate_reply reply;
        struct hats_receipt receipt;
        request_make(&r, &w, &owner, i);
        r.core_in_header = where[i];
        request_assemble(&r);
        assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
        reply_check(&w, &r, &reply, &receipt);
        assert_false(reply.repeated);
        assert_string_equal(receipt.model_name, "score");
        assert_string_equal(receipt.tls_group, "MLKEM768");
        assert_int_equal(receipt.server_auth, HATS_AUTH_PQ);
        assert_memory_equal(receipt.tenant_digest, w.tenant[0].digest, 32);
        assert_int_equal(receipt.gate_steps,
                         HATS_STEP_ALL & ~(unsigned)(HATS_STEP_FRAME_SUM | HATS_STEP_FRAME |
                                                     HATS_STEP_SIGNATURES));
        assert_true(receipt.has_proof && receipt.proof_suite == r.core.proof_suite);
        assert_memory_equal(receipt.proof_digest, r.core.proof_digest, 32);
        hats_gate_reply_clear(&reply);
        request_clear(&r);
    }
    struct hats_gate_counters c = counters();
    assert_int_equal(c.evaluations, 2);
    assert_int_equal(c.calls_sealed, 2);
    assert_int_equal(c.calls_in_flight, 0);
    assert_int_equal(c.memory_bytes, 0);
}

static void without_a_connection_the_receipt_says_so(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_call *call;
    struct hats_gate_reply reply;
    struct hats_receipt receipt;
    request_make(&r, &w, &owner, 1);
    struct hats_gate_headers h = {.authorization = w.bearer[0],
                                  .model = "score",
                                  .content_length = (int64_t)r.body.len,
                                  .json_len = r.json_len_field,
                                  .connection = {.server_auth_pq = true}};
    assert_int_equal(hats_gate_admit(w.gate, &call, &h, NULL), HATS_PROBLEM_NONE);
    assert_int_equal(hats_gate_infer(call, &reply, r.body.data, r.body.len, NULL),
                     HATS_PROBLEM_NONE);
    hats_gate_call_free(call);
    reply_check(&w, &r, &reply, &receipt);
    assert_string_equal(receipt.tls_group, "none");
    assert_int_equal(receipt.server_auth, HATS_AUTH_CLASSICAL);
    assert_false(receipt.gate_steps & HATS_STEP_TLS);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

static void identical_bytes_get_the_stored_answer(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply first, again;
    request_make(&r, &w, &owner, 7);
    assert_int_equal(request_send(&w, &r, &first), HATS_PROBLEM_NONE);
    w.now_ms += 3600000; /* long after the window for new requests */
    assert_int_equal(request_send(&w, &r, &again), HATS_PROBLEM_NONE);
    assert_true(again.repeated);
    assert_string_equal(first.receipt_id, again.receipt_id);
    assert_int_equal(first.body.len, again.body.len);
    assert_memory_equal(first.body.data, again.body.data, first.body.len);
    hats_gate_reply_clear(&again);

    world_restart(&w);
    assert_int_equal(request_send(&w, &r, &again), HATS_PROBLEM_NONE);
    assert_memory_equal(first.body.data, again.body.data, first.body.len);
    assert_int_equal(counters().evaluations, 0);
    assert_int_equal(counters().repeats, 1);
    hats_gate_reply_clear(&again);
    hats_gate_reply_clear(&first);
    request_clear(&r);
}

static void the_receipt_is_kept_for_its_tenant_and_named_by_its_digest(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    const uint8_t *answer, *receipt;
    size_t answer_len, receipt_len, len;
    uint8_t digest[32], *stored;
    char hex[65];
    request_make(&r, &w, &owner, 7);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    reply_parts(&reply, &answer, &answer_len, &receipt, &receipt_len);
    hats_sha256(digest, receipt, receipt_len);
    hats_hex_encode(hex, digest, 32);
    assert_string_equal(hex, reply.receipt_id);
    assert_int_equal(hats_gate_receipt(w.gate, &stored, &len, &w.tenant[0], hex, NULL),
                     HATS_PROBLEM_NONE);
    assert_int_equal(len, receipt_len);
    assert_memory_equal(stored, receipt, len);
    hats_free(stored);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

static void after_the_retention_time_only_the_receipt_is_left(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    size_t dropped, len;
    uint8_t *receipt;
    request_make(&r, &w, &owner, 7);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    char id[65];
    memcpy(id, reply.receipt_id, sizeof id);
    hats_gate_reply_clear(&reply);
    w.now_ms += w.config.retention_ms;
    assert_int_equal(hats_gate_housekeeping(w.gate, &dropped, NULL), HATS_OK);
    assert_int_equal(dropped, 0);
    w.now_ms += 1;
    assert_int_equal(hats_gate_housekeeping(w.gate, &dropped, NULL), HATS_OK);
    assert_int_equal(dropped, 1);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_ANSWER_GONE);
    assert_string_equal(reply.receipt_id, id);
    assert_int_equal(hats_gate_receipt(w.gate, &receipt, &len, &w.tenant[0], id, NULL),
                     HATS_PROBLEM_NONE);
    hats_free(receipt);
    assert_int_equal(counters().evaluations, 1);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

/* What a process leaves behind that dies between accept and seal. */
static void leave_accepted(const struct request *r, const uint8_t seed[32]) {
    struct hats_store_accept a = {.id = {.tenant = w.tenant[0].id, .i = r->core.i},
                                  .now_ms = w.now_ms,
                                  .lease_ms = w.config.lease_ms};
    struct hats_store_accept_result result;
    memcpy(a.id.sid, r->core.sid, 32);
    memcpy(a.kid, r->core.kid, 32);
    memcpy(a.flood_seed, seed, 32);
    snprintf(a.model, sizeof a.model, "score");
    hats_core_request_digest(a.request_digest, r->core_bytes, r->core_len);
    assert_int_equal(hats_store_call_accept(w.store, &result, &a, NULL), HATS_OK);
    assert_int_equal(result.outcome, HATS_STORE_NEW);
}

/* A call that was answered before, with an output of this length. */
static void leave_sealed(const struct request *r, size_t output_len) {
    static const uint8_t seed[32], output[1u << 20];
    struct hats_store_seal seal = {.id = {.tenant = w.tenant[0].id, .i = r->core.i},
                                   .output = output,
                                   .output_len = output_len,
                                   .receipt = (const uint8_t *)"receipt",
                                   .receipt_len = 7,
                                   .now_ms = w.now_ms};
    bool won;
    leave_accepted(r, seed);
    memcpy(seal.id.sid, r->core.sid, 32);
    hats_core_request_digest(seal.request_digest, r->core_bytes, r->core_len);
    memcpy(seal.receipt_id, seal.request_digest, 32); /* any that is its own */
    assert_int_equal(hats_store_call_seal(w.store, &won, &seal, NULL), HATS_OK);
    assert_true(won);
}

/* The model of this name had more outputs then. */
static void a_stored_answer_may_be_larger_than_those_of_the_model_now(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    request_make(&r, &w, &owner, 1);
    leave_sealed(&r, 1u << 20);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    assert_true(reply.repeated);
    assert_true(reply.body.len > 1u << 20);
    assert_int_equal(counters().evaluations, 0);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

static void housekeeping_drops_all_that_is_too_old(void **state) {
    (void)state;
    enum { MANY = 600 };
    struct request r;
    size_t dropped;
    request_make(&r, &w, &owner, 1);
    for (uint32_t i = 0; i < MANY; i++) {
        r.core.i = i;
        hats_core_encode(r.core_bytes, &r.core_len, &r.core);
        leave_sealed(&r, 1);
    }
    w.now_ms += w.config.retention_ms + 1;
    assert_int_equal(hats_gate_housekeeping(w.gate, &dropped, NULL), HATS_OK);
    assert_int_equal(dropped, MANY);
    request_clear(&r);
}

static void a_call_left_behind_waits_for_its_lease_and_keeps_its_seed(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    struct hats_receipt receipt;
    uint8_t seed[32], commitment[32];
    memset(seed, 0x5e, sizeof seed);
    request_make(&r, &w, &owner, 7);
    leave_accepted(&r, seed);
    uint64_t accepted_ms = w.now_ms;
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_CALL_PENDING);
    assert_int_equal(reply.retry_after_s, 1);
    assert_int_equal(counters().evaluations, 0);
    w.now_ms += w.config.lease_ms;
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    reply_check(&w, &r, &reply, &receipt);
    hats_evidence_flood_commit(commitment, seed);
    assert_memory_equal(receipt.flood_commitment, commitment, 32);
    assert_true(receipt.accepted_ms == accepted_ms && receipt.done_ms == w.now_ms);
    assert_int_equal(counters().leases_taken, 1);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

static void an_evaluation_repeated_with_its_seed_gives_the_same_bytes(void **state) {
    (void)state;
    struct request r;
    uint8_t seed[32], *kept = NULL;
    size_t kept_len = 0;
    struct hats_store_open session = {.receipt = (const uint8_t *)"opened", .receipt_len = 6};
    enum hats_store_opened how;
    memset(seed, 0xa7, sizeof seed);
    request_make(&r, &w, &owner, 7);
    assert_int_equal(hats_store_session_get(w.store, &session.session, r.core.sid, NULL), HATS_OK);
    for (int round = 0; round < 2; round++) {
        struct hats_gate_reply reply;
        const uint8_t *answer, *receipt;
        size_t answer_len, receipt_len;
        struct hats_error detail = {0};
        if (round == 1) { /* a world without that call, with the same owner and model */
            hats_gate_free(w.gate);
            w.gate = NULL;
            hats_store_close(w.store);
            char path[96];
            snprintf(path, sizeof path, "%s/store.db", w.dir);
            assert_int_equal(remove(path), 0);
            world_store_open(&w, 0);
            assert_int_equal(hats_gate_tenant_new(w.store, w.token[0], "alpha", NULL), HATS_OK);
            snprintf(w.bearer[0], sizeof w.bearer[0], "Bearer %s", w.token[0]);
            world_restart(&w);
            assert_int_equal(hats_gate_authenticate(w.gate, &w.tenant[0], w.bearer[0], NULL),
                             HATS_PROBLEM_NONE);
            assert_int_equal(owner_register(&w, &owner, 0, &detail), HATS_PROBLEM_NONE);
            session.session.tenant = w.tenant[0].id;
            assert_int_equal(hats_store_session_open(w.store, &how, &session, NULL), HATS_OK);
            assert_int_equal(how, HATS_STORE_OPENED);
        }
        leave_accepted(&r, seed);
        w.now_ms += w.config.lease_ms;
        assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
        reply_parts(&reply, &answer, &answer_len, &receipt, &receipt_len);
        if (round == 0) {
            kept_len = answer_len;
            kept = hats_alloc(answer_len);
            memcpy(kept, answer, answer_len);
        } else {
            assert_int_equal(answer_len, kept_len);
            assert_memory_equal(answer, kept, kept_len);
        }
        hats_gate_reply_clear(&reply);
    }
    hats_free(kept);
    request_clear(&r);
}

static void two_calls_on_one_record_are_flooded_differently(void **state) {
    (void)state;
    struct request r[2];
    struct hats_gate_reply reply[2];
    const uint8_t *answer[2], *receipt;
    size_t len[2], receipt_len;
    for (uint32_t i = 0; i < 2; i++) {
        request_make(&r[i], &w, &owner, i * 1500); /* the same x */
        assert_memory_equal(r[i].x, r[0].x, sizeof r[0].x);
        assert_int_equal(request_send(&w, &r[i], &reply[i]), HATS_PROBLEM_NONE);
        reply_check(&w, &r[i], &reply[i], NULL);
        reply_parts(&reply[i], &answer[i], &len[i], &receipt, &receipt_len);
    }
    assert_memory_not_equal(answer[0], answer[1], len[0]);
    for (int i = 0; i < 2; i++) {
        hats_gate_reply_clear(&reply[i]);
        request_clear(&r[i]);
    }
}

static void the_same_index_of_two_sessions_is_two_calls(void **state) {
    (void)state;
    struct owner other, again = owner;
    struct hats_session_block block;
    struct request r[3];
    struct hats_gate_reply reply;
    owner_make(&other, 2);
    assert_int_equal(owner_register(&w, &other, 1, NULL), HATS_PROBLEM_NONE);
    session_block(&w, &block, &owner, 0);
    assert_int_equal(session_open(&w, &again, 0, &block, NULL), HATS_PROBLEM_NONE);
    request_make(&r[0], &w, &owner, 7);
    request_make(&r[1], &w, &again, 7);
    request_make(&r[2], &w, &other, 7);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(request_send_to(w.gate, w.bearer[k == 2], &r[k], &reply, NULL),
                         HATS_PROBLEM_NONE);
        reply_check(&w, &r[k], &reply, NULL);
        hats_gate_reply_clear(&reply);
        request_clear(&r[k]);
    }
    assert_int_equal(counters().evaluations, 3);
    owner_clear(&other);
}

/* ---- two gates, two stores, one file ---- */

enum { RACES = 24 };
static struct hats_gate *gates[2];
static struct request races[RACES];
static atomic_uint answered, strange;

static void *one_caller(void *arg) {
    struct hats_gate_reply reply;
    (void)request_send_to(arg, w.bearer[0], &races[0], &reply, NULL);
    hats_gate_reply_clear(&reply);
    return NULL;
}

static void *racer(void *arg) {
    struct hats_gate *g = arg;
    for (int i = 0; i < RACES; i++) {
        struct hats_gate_reply reply;
        enum hats_problem p;
        do {
            p = request_send_to(g, w.bearer[0], &races[i], &reply, NULL);
            hats_gate_reply_clear(&reply);
        } while (p == HATS_PROBLEM_CALL_PENDING || p == HATS_PROBLEM_BUSY);
        atomic_fetch_add(p == HATS_PROBLEM_NONE ? &answered : &strange, 1);
    }
    return NULL;
}

/* A call whose evaluation outlasts its lease keeps it, as long as somebody asks for that. */
static void a_long_evaluation_keeps_its_lease(void **state) {
    (void)state;
    struct hats_gate_reply reply;
    pthread_t thread;
    struct world second = w;
    char models[96];
    world_store_open(&second, 0);
    second.config.now_user = &w;
    snprintf(models, sizeof models, "%s/models", w.dir);
    assert_int_equal(hats_gate_new(&second.gate, &second.config, NULL), HATS_OK);
    assert_int_equal(hats_gate_models_load(second.gate, models, NULL, NULL), HATS_OK);
    for (unsigned i = 0; i < w.gate->config.max_evaluations; i++)
        assert_int_equal(sem_wait(&w.gate->evaluations), 0); /* none begins */
    request_make(&races[0], &w, &owner, 3);
    assert_int_equal(pthread_create(&thread, NULL, one_caller, w.gate), 0);
    while (counters().calls_accepted == 0)
        ;
    for (int k = 0; k < 3; k++) { /* three leases long */
        for (int third = 0; third < 3; third++) {
            w.now_ms += w.config.lease_ms / 3;
            hats_gate_renew_leases(w.gate);
        }
        assert_int_equal(request_send_to(second.gate, w.bearer[0], &races[0], &reply, NULL),
                         HATS_PROBLEM_CALL_PENDING);
    }
    assert_true(counters().leases_renewed >= 3);
    for (unsigned i = 0; i < w.gate->config.max_evaluations; i++)
        sem_post(&w.gate->evaluations);
    pthread_join(thread, NULL);
    assert_int_equal(request_send_to(second.gate, w.bearer[0], &races[0], &reply, NULL),
                     HATS_PROBLEM_NONE);
    assert_true(reply.repeated);
    reply_check(&w, &races[0], &reply, NULL);
    uint64_t renewed = counters().leases_renewed;
    w.now_ms += w.config.lease_ms;
    hats_gate_renew_leases(w.gate); /* nobody works any more */
    assert_int_equal(counters().leases_renewed, renewed);
    hats_gate_reply_clear(&reply);
    request_clear(&races[0]);
    hats_gate_free(second.gate);
    hats_store_close(second.store);
}

static void two_gates_on_one_file_seal_each_call_once(void **state) {
    (void)state;
    struct world second = w;
    char models[96];
    world_store_open(&second, 0);
    second.config.now_user = &w;
    snprintf(models, sizeof models, "%s/models", w.dir);
    assert_int_equal(hats_gate_new(&second.gate, &second.config, NULL), HATS_OK);
    assert_int_equal(hats_gate_models_load(second.gate, models, NULL, NULL), HATS_OK);
    gates[0] = w.gate;
    gates[1] = second.gate;
    for (uint32_t i = 0; i < RACES; i++)
        request_make(&races[i], &w, &owner, i);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, racer, gates[i % 2]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    struct hats_gate_counters a, b;
    hats_gate_counters(gates[0], &a);
    hats_gate_counters(gates[1], &b);
    assert_int_equal(atomic_load(&strange), 0);
    assert_int_equal(atomic_load(&answered), 4 * RACES);
    assert_int_equal(a.calls_sealed + b.calls_sealed, RACES);
    assert_int_equal(a.evaluations + b.evaluations, RACES);
    for (int i = 0; i < RACES; i++) {
        struct hats_gate_reply x, y;
        assert_int_equal(request_send_to(gates[0], w.bearer[0], &races[i], &x, NULL),
                         HATS_PROBLEM_NONE);
        assert_int_equal(request_send_to(gates[1], w.bearer[0], &races[i], &y, NULL),
                         HATS_PROBLEM_NONE);
        reply_check(&w, &races[i], &x, NULL);
        assert_memory_equal(x.body.data, y.body.data, x.body.len);
        hats_gate_reply_clear(&x);
        hats_gate_reply_clear(&y);
        request_clear(&races[i]);
    }
    hats_gate_free(second.gate);
    hats_store_close(second.store);
}

/* ---- memory ---- */

static void a_call_survives_every_failing_allocation(void **state) {
    (void)state;
    enum hats_problem p = HATS_PROBLEM_INTERNAL;
    struct request r;
    struct hats_gate_reply reply;
    request_make(&r, &w, &owner, 7);
    uint64_t n = 1;
    for (; p != HATS_PROBLEM_NONE && n < 200; n++) {
        hats_alloc_fail_at(n);
        p = request_send(&w, &r, &reply);
        hats_alloc_fail_at(0);
        if (p != HATS_PROBLEM_NONE && p != HATS_PROBLEM_INTERNAL)
            fail_msg("allocation %u: %s", (unsigned)n, hats_problem_info(p)->code);
    }
    assert_int_equal(p, HATS_PROBLEM_NONE);
    assert_true(n > 5);
    reply_check(&w, &r, &reply, NULL);
    hats_gate_reply_clear(&reply);
    assert_int_equal(counters().calls_in_flight, 0);
    assert_int_equal(counters().memory_bytes, 0);
    request_clear(&r);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(the_answer_decrypts_to_the_score_in_clear),
        CASE(without_a_connection_the_receipt_says_so),
        CASE(identical_bytes_get_the_stored_answer),
        CASE(the_receipt_is_kept_for_its_tenant_and_named_by_its_digest),
        CASE(after_the_retention_time_only_the_receipt_is_left),
        CASE(a_stored_answer_may_be_larger_than_those_of_the_model_now),
        CASE(housekeeping_drops_all_that_is_too_old),
        CASE(a_call_left_behind_waits_for_its_lease_and_keeps_its_seed),
        CASE(an_evaluation_repeated_with_its_seed_gives_the_same_bytes),
        CASE(two_calls_on_one_record_are_flooded_differently),
        CASE(the_same_index_of_two_sessions_is_two_calls),
        CASE(a_long_evaluation_keeps_its_lease),
        CASE(two_gates_on_one_file_seal_each_call_once),
        CASE(a_call_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
