/* Many calls at one time: none lost, none mixed up, each sealed once; through refusals, lost connections
 * and a restart. */
#include "service.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLIENTS = 10, PER_CLIENT_MAX = 30, CALLS_MAX = CLIENTS * PER_CLIENT_MAX };

static struct service s;
static struct owner owners[CLIENTS];
static int per_client, n_calls; /* of the test that runs */
static struct request requests[CALLS_MAX];
static struct hats_http_exchange *answers[CALLS_MAX];
static char ids[CALLS_MAX][65];

static void make(int calls_of_each, const char *settings) {
    per_client = calls_of_each;
    n_calls = CLIENTS * per_client;
    service_make(&s, settings);
    struct hats_http_client *c = service_connect(&s);
    for (int i = 0; i < CLIENTS; i++) {
        owner_make(&owners[i], (uint8_t)(1 + i));
        service_register(&s, c, &owners[i]);
    }
    hats_http_client_free(c);
    for (int i = 0; i < n_calls; i++) {
        request_make(&requests[i], &s.world, &owners[i / per_client], (uint32_t)i);
        requests[i].core_in_header = i % 2 == 0;
        request_assemble(&requests[i]);
    }
}

static void drop(void) {
    for (int i = 0; i < n_calls; i++)
        request_clear(&requests[i]);
    for (int i = 0; i < CLIENTS; i++)
        owner_clear(&owners[i]);
    service_remove(&s);
}

static void pause_ms(unsigned ms) {
    const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static bool answered(int i) {
    return answers[i] != NULL && hats_http_exchange_result(answers[i], NULL) == HATS_OK &&
           hats_http_exchange_status(answers[i]) == 200;
}

/* Sends what has no answer yet, all at once on one connection, until everything has one or `rounds` are
 * over. */
static void *client(void *arg) {
    int first = (int)(intptr_t)arg * per_client;
    static _Thread_local struct infer_call calls[PER_CLIENT_MAX];
    for (int round = 0; round < 200; round++) {
        int missing = 0;
        struct hats_http_client *c = service_try_connect(&s);
        for (int i = 0; c != NULL && i < per_client; i++) {
            if (answered(first + i))
                continue;
            hats_http_exchange_free(answers[first + i]);
            infer_call_of(&calls[i], &s, &requests[first + i]);
            if (hats_http_client_submit(c, &answers[first + i], &calls[i].call, NULL) != HATS_OK)
                answers[first + i] = NULL;
        }
        if (c != NULL)
            (void)!hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 60000, NULL);
        hats_http_client_free(c);
        for (int i = 0; i < per_client; i++)
            missing += !answered(first + i);
        if (missing == 0)
            return NULL;
        pause_ms(20);
    }
    return (void *)1;
}

static void run_clients(void) {
    pthread_t threads[CLIENTS];
    for (intptr_t i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, client, (void *)i), 0);
    for (int i = 0; i < CLIENTS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

/* Each answer is of its own request, and no receipt stands for two. */
static void check_answers(void) {
    s.world.now_ms = hats_now_ms();
    for (int i = 0; i < n_calls; i++) {
        if (!answered(i))
            fail_msg("call %d has no answer", i);
        struct hats_gate_reply reply = reply_of(answers[i]);
        reply_check(&s.world, &requests[i], &reply, NULL);
        memcpy(ids[i], reply.receipt_id, 65);
    }
    qsort(ids, n_calls, sizeof ids[0], by_text);
    for (int i = 1; i < n_calls; i++)
        assert_string_not_equal(ids[i - 1], ids[i]);
}

static void forget_answers(void) {
    for (int i = 0; i < n_calls; i++) {
        hats_http_exchange_free(answers[i]);
        answers[i] = NULL;
    }
}

static struct hats_gate_counters counters(void) {
    struct hats_gate_counters c;
    hats_gate_counters(s.world.gate, &c);
    return c;
}

static void three_hundred_calls_at_once_are_all_answered_and_none_is_mixed_up(void **state) {
    (void)state;
    make(30, "max_calls = 1000\nworkers = 64\n");
    run_clients();
    check_answers();
    struct hats_gate_counters c = counters();
    assert_int_equal(c.calls_sealed, n_calls);
    assert_int_equal(c.evaluations, n_calls);
    for (int p = 1; p < HATS_PROBLEM_COUNT; p++)
        assert_int_equal(c.problems[p], 0);
    struct hats_store_counters store;
    hats_store_counters(s.world.store, &store);
    assert_true(store.transactions < store.writes);
    forget_answers();

    run_clients(); /* the same bytes again: from the store, the same receipts */
    static char before[CALLS_MAX][65];
    memcpy(before, ids, sizeof ids);
    check_answers();
    assert_memory_equal(before, ids, sizeof ids);
    assert_int_equal(counters().evaluations, n_calls);
    assert_int_equal(counters().repeats, n_calls);
    forget_answers();
    drop();
}

static void a_server_with_little_room_refuses_and_loses_nothing(void **state) {
    (void)state;
    make(12, "max_calls = 20\nworkers = 4\n");
    run_clients();
    check_answers();
    struct hats_gate_counters c = counters();
    assert_true(c.problems[HATS_PROBLEM_BUSY] > 0);
    assert_int_equal(c.calls_sealed, n_calls);
    assert_int_equal(c.evaluations, n_calls);
    forget_answers();
    drop();
}

static void clients_that_leave_cost_no_answer(void **state) {
    (void)state;
    static struct infer_call calls[PER_CLIENT_MAX];
    make(12, "max_calls = 1000\nworkers = 4\n");
    for (int k = 0; k < 5; k++) { /* send, and leave at once or in the middle */
        struct hats_http_client *c = service_connect(&s);
        struct hats_http_exchange *x[PER_CLIENT_MAX];
        for (int i = 0; i < per_client; i++) {
            infer_call_of(&calls[i], &s, &requests[k * per_client + i]);
            assert_int_equal(hats_http_client_submit(c, &x[i], &calls[i].call, NULL), HATS_OK);
        }
        (void)!hats_http_client_run(c, HATS_HTTP_UNTIL_ANY, (unsigned)k * 5, NULL);
        hats_http_client_free(c);
        for (int i = 0; i < per_client; i++)
            hats_http_exchange_free(x[i]);
    }
    for (int tries = 0; counters().calls_in_flight != 0 && tries < 2000; tries++)
        pause_ms(5);
    assert_int_equal(counters().calls_in_flight, 0);
    assert_int_equal(counters().memory_bytes, 0);
    run_clients();
    check_answers();
    assert_int_equal(counters().calls_sealed, n_calls);
    assert_int_equal(counters().evaluations, n_calls);
    forget_answers();
    drop();
}

static void *stop_soon(void *arg) {
    (void)arg;
    for (int tries = 0; counters().calls_sealed < (uint64_t)n_calls / 4 && tries < 20000; tries++)
        pause_ms(1);
    hats_status status = service_stop(&s);
    service_start(&s); /* on another port: clients find it when they connect again */
    return (void *)(uintptr_t)status;
}

static void draining_finishes_what_was_accepted_and_a_restart_goes_on(void **state) {
    (void)state;
    make(12, "max_calls = 1000\nworkers = 8\n");
    pthread_t stopper;
    void *status;
    assert_int_equal(pthread_create(&stopper, NULL, stop_soon, NULL), 0);
    run_clients();
    pthread_join(stopper, &status);
    assert_int_equal((uintptr_t)status, HATS_OK);
    check_answers();
    assert_true(counters().calls_sealed <=
                (uint64_t)n_calls * 3 / 4);       /* the rest of the first server's */
    assert_int_equal(counters().leases_taken, 0); /* and left nothing half done */
    forget_answers();
    drop();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_hundred_calls_at_once_are_all_answered_and_none_is_mixed_up),
        cmocka_unit_test(a_server_with_little_room_refuses_and_loses_nothing),
        cmocka_unit_test(clients_that_leave_cost_no_answer),
        cmocka_unit_test(draining_finishes_what_was_accepted_and_a_restart_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
