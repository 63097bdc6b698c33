/* Sessions, nonces, leases, and what an older file becomes. */
#include "fixture.h"

#include "base/arena.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

static struct fixture f;
static int64_t tenant;
static uint8_t sid[32]; /* the session that add_tenant opened */

static int make(void **state) {
    (void)state;
    fixture_make(&f);
    if (fixture_open(&f, NULL) != HATS_OK)
        return -1;
    tenant = add_tenant(f.store, "alpha", 1);
    add_key(f.store, tenant, 1);
    fill(sid, 'S', (uint32_t)tenant);
    return 0;
}

static int drop(void **state) {
    (void)state;
    fixture_remove(&f);
    return 0;
}

static enum hats_store_opened opened(const struct hats_store_open *o) {
    enum hats_store_opened how;
    assert_int_equal(hats_store_session_open(f.store, &how, o, NULL), HATS_OK);
    return how;
}

static struct hats_store_session session_of(const uint8_t id[32]) {
    struct hats_store_session s;
    assert_int_equal(hats_store_session_get(f.store, &s, id, NULL), HATS_OK);
    return s;
}

static enum hats_store_accepted accepted(const struct hats_store_accept *a) {
    struct hats_store_accept_result r;
    assert_int_equal(hats_store_call_accept(f.store, &r, a, NULL), HATS_OK);
    return r.outcome;
}

/* ---- secret and nonces ---- */

static void every_server_of_a_file_has_the_same_secret(void **state) {
    (void)state;
    struct fixture second = f;
    uint8_t first[32], other[32], got[32];
    fill(first, 'X', 1);
    fill(other, 'X', 2);
    assert_int_equal(fixture_open(&second, NULL), HATS_OK);
    assert_int_equal(hats_store_secret(f.store, got, first, NULL), HATS_OK);
    assert_memory_equal(got, first, 32);
    assert_int_equal(hats_store_secret(second.store, got, other, NULL), HATS_OK);
    assert_memory_equal(got, first, 32);
    hats_store_close(second.store);
    fixture_reopen(&f);
    assert_int_equal(hats_store_secret(f.store, got, other, NULL), HATS_OK);
    assert_memory_equal(got, first, 32);
}

static void a_nonce_opens_one_session(void **state) {
    (void)state;
    struct hats_store_open o = open_of(tenant, 50), other = open_of(tenant, 51);
    assert_int_equal(opened(&o), HATS_STORE_OPENED);
    memcpy(&other.nonce, &o.nonce, sizeof o.nonce);
    assert_int_equal(opened(&other), HATS_STORE_OPEN_NONCE_SPENT);
    struct hats_store_session s;
    assert_int_equal(hats_store_session_get(f.store, &s, other.session.sid, NULL),
                     HATS_E_NOT_FOUND);
}

static void the_same_session_again_is_the_one_that_was_opened(void **state) {
    (void)state;
    struct hats_store_open o = open_of(tenant, 50);
    assert_int_equal(opened(&o), HATS_STORE_OPENED);
    fill(o.session.receipt_id, 'P', 51); /* signed anew */
    assert_int_equal(opened(&o), HATS_STORE_OPENED_BEFORE);
    uint8_t first[32];
    fill(first, 'P', 50);
    assert_memory_equal(session_of(o.session.sid).receipt_id, first, 32);
    int64_t beta = add_tenant(f.store, "beta", 2);
    o.session.tenant = beta;
    assert_int_equal(opened(&o), HATS_STORE_OPEN_NONCE_SPENT);
}

static void a_key_and_a_session_do_not_share_a_nonce(void **state) {
    (void)state;
    static const uint8_t bytes[100];
    struct hats_store_open o = open_of(tenant, 50);
    struct hats_store_key k = {.tenant = tenant, .set_id = 1}, got;
    enum hats_store_put how;
    fill(k.kid, 'K', 9);
    fill(k.owner, 'O', 9);
    assert_int_equal(opened(&o), HATS_STORE_OPENED);
    assert_int_equal(
        hats_store_key_put(f.store, &how, NULL, &k, bytes, sizeof bytes, &o.nonce, NULL),
        HATS_E_CONFLICT);
    assert_int_equal(how, HATS_STORE_NONCE_SPENT);
    assert_int_equal(hats_store_key_get(f.store, &got, k.kid, false, NULL), HATS_E_NOT_FOUND);
    fill(o.nonce.bytes, 'N', 60);
    assert_int_equal(
        hats_store_key_put(f.store, &how, NULL, &k, bytes, sizeof bytes, &o.nonce, NULL), HATS_OK);
    assert_int_equal(how, HATS_STORE_CREATED);
    assert_int_equal(/* again is the same, though its nonce is spent */
                     hats_store_key_put(f.store, &how, NULL, &k, bytes, sizeof bytes, &o.nonce,
                                        NULL),
                     HATS_OK);
    assert_int_equal(how, HATS_STORE_SAME);
    fill(o.session.sid, 'S', 60);
    fill(o.session.receipt_id, 'P', 60);
    assert_int_equal(opened(&o), HATS_STORE_OPEN_NONCE_SPENT);
}

static void a_nonce_is_kept_until_nobody_takes_it_for_fresh(void **state) {
    (void)state;
    struct hats_store_open o = open_of(tenant, 50), again = open_of(tenant, 51);
    size_t dropped;
    o.nonce.keep_until_ms = 3000;
    memcpy(again.nonce.bytes, o.nonce.bytes, 32);
    assert_int_equal(opened(&o), HATS_STORE_OPENED);
    assert_int_equal(hats_store_expire_nonces(f.store, &dropped, 3000, 10, NULL), HATS_OK);
    assert_int_equal(dropped, 1); /* that of add_tenant, kept until 2000 */
    assert_int_equal(opened(&again), HATS_STORE_OPEN_NONCE_SPENT);
    assert_int_equal(hats_store_expire_nonces(f.store, &dropped, 3001, 10, NULL), HATS_OK);
    assert_int_equal(dropped, 1);
    assert_int_equal(hats_store_expire_nonces(f.store, &dropped, 3001, 10, NULL), HATS_OK);
    assert_int_equal(dropped, 0);
}

/* ---- sessions and calls ---- */

static void a_session_is_read_back_as_it_was_opened(void **state) {
    (void)state;
    struct hats_store_open o = open_of(tenant, 50);
    o.session.kind = 0x51;
    o.session.has_nf = true;
    fill(o.session.nf, 'D', 1);
    assert_int_equal(opened(&o), HATS_STORE_OPENED);
    fixture_reopen(&f);
    struct hats_store_session s = session_of(o.session.sid);
    o.session.state = HATS_STORE_SESSION_LIVE;
    assert_memory_equal(&s, &o.session, sizeof s);
    uint8_t *receipt;
    size_t len;
    assert_int_equal(hats_store_receipt_get(f.store, &receipt, &len, tenant, s.receipt_id, NULL),
                     HATS_OK);
    assert_int_equal(len, 6);
    hats_free(receipt);
}

static void one_nullifier_has_one_live_session(void **state) {
    (void)state;
    struct hats_store_open a = open_of(tenant, 50), b = open_of(tenant, 51),
                           c = open_of(tenant, 52);
    a.session.has_nf = b.session.has_nf = c.session.has_nf = true;
    fill(a.session.nf, 'D', 1);
    fill(b.session.nf, 'D', 1);
    fill(c.session.nf, 'D', 2);
    b.session.opened_ms = 700;
    assert_int_equal(opened(&a), HATS_STORE_OPENED);
    assert_int_equal(opened(&c), HATS_STORE_OPENED);
    assert_int_equal(opened(&b), HATS_STORE_OPENED);
    struct hats_store_session old = session_of(a.session.sid);
    assert_int_equal(old.state, HATS_STORE_SESSION_SUPERSEDED);
    assert_true(old.ended_ms == 700);
    assert_int_equal(session_of(b.session.sid).state, HATS_STORE_SESSION_LIVE);
    assert_int_equal(session_of(c.session.sid).state, HATS_STORE_SESSION_LIVE);
    struct hats_store_accept call = accept_of(tenant, 1, 3, 1000);
    memcpy(call.id.sid, a.session.sid, 32);
    assert_int_equal(accepted(&call), HATS_STORE_SESSION_GONE);
    memcpy(call.id.sid, b.session.sid, 32);
    assert_int_equal(accepted(&call), HATS_STORE_NEW);
}

static void a_call_needs_a_live_session_of_its_tenant_in_time_and_range(void **state) {
    (void)state;
    static const enum hats_store_session_state ends[] = {
        HATS_STORE_SESSION_SUPERSEDED, HATS_STORE_SESSION_CLOSED, HATS_STORE_SESSION_BURNT,
        HATS_STORE_SESSION_REVOKED};
    for (uint32_t i = 0; i < 4; i++) {
        struct hats_store_open o = open_of(tenant, 50 + i);
        struct hats_store_accept a = accept_of(tenant, 1, 1, 1000);
        memcpy(a.id.sid, o.session.sid, 32);
        assert_int_equal(accepted(&a), HATS_STORE_SESSION_GONE);
        assert_int_equal(opened(&o), HATS_STORE_OPENED);
        assert_int_equal(accepted(&a), HATS_STORE_NEW);
        assert_int_equal(
            hats_store_session_end(f.store, tenant + 1, o.session.sid, ends[i], 1000, NULL),
            HATS_OK);
        assert_int_equal(session_of(o.session.sid).state, HATS_STORE_SESSION_LIVE);
        assert_int_equal(
            hats_store_session_end(f.store, tenant, o.session.sid, ends[i], 1001, NULL), HATS_OK);
        assert_int_equal(session_of(o.session.sid).state, ends[i]);
        assert_int_equal(accepted(&a), HATS_STORE_PENDING); /* what was accepted stays so */
        a.id.i = 2;
        fill(a.request_digest, 'R', 2);
        assert_int_equal(accepted(&a), HATS_STORE_SESSION_GONE);
    }
    struct hats_store_open o = open_of(tenant, 60);
    struct hats_store_accept a = accept_of(tenant, 1, 4, 1000);
    o.session.calls = 5;
    o.session.not_after_ms = 2000;
    assert_int_equal(opened(&o), HATS_STORE_OPENED);
    memcpy(a.id.sid, o.session.sid, 32);
    assert_int_equal(accepted(&a), HATS_STORE_NEW);
    a.id.i = 5;
    assert_int_equal(accepted(&a), HATS_STORE_SESSION_GONE);
    a.id.i = 3;
    a.now_ms = 2000;
    assert_int_equal(accepted(&a), HATS_STORE_SESSION_GONE);
    a.now_ms = 1999;
    assert_int_equal(accepted(&a), HATS_STORE_NEW);
    int64_t beta = add_tenant(f.store, "beta", 2);
    add_key(f.store, beta, 2);
    a = accept_of(beta, 2, 1, 1000);
    memcpy(a.id.sid, o.session.sid, 32);
    assert_int_equal(accepted(&a), HATS_STORE_SESSION_GONE);
}

static struct hats_store_close close_of(uint32_t i, const uint8_t *used, size_t used_len) {
    struct hats_store_close c = {.tenant = tenant,
                                 .i = i,
                                 .used = used,
                                 .used_len = used_len,
                                 .now_ms = 1500,
                                 .receipt = (const uint8_t *)"closed",
                                 .receipt_len = 6};
    memcpy(c.sid, sid, 32);
    fill(c.request_digest, 'C', i);
    fill(c.receipt_id, 'Q', i);
    return c;
}

static enum hats_store_closed closed(const struct hats_store_close *c) {
    enum hats_store_closed how;
    assert_int_equal(hats_store_session_close(f.store, &how, c, NULL), HATS_OK);
    return how;
}

static void closing_names_every_index_that_was_used(void **state) {
    (void)state;
    const uint8_t right[2] = {0x82, 0x02}, wrong[2] = {0x80, 0x02};
    struct hats_store_accept a = accept_of(tenant, 1, 1, 1000), b = accept_of(tenant, 1, 7, 1000);
    assert_int_equal(accepted(&a), HATS_STORE_NEW);
    assert_int_equal(accepted(&b), HATS_STORE_NEW);
    struct hats_store_close c = close_of(9, wrong, 2);
    assert_int_equal(closed(&c), HATS_STORE_CLOSE_LEFT_OUT);
    assert_int_equal(session_of(sid).state, HATS_STORE_SESSION_LIVE);
    c.used = right;
    assert_int_equal(closed(&c), HATS_STORE_CLOSED);
    struct hats_store_session s = session_of(sid);
    assert_int_equal(s.state, HATS_STORE_SESSION_CLOSED);
    assert_true(s.has_close && s.ended_ms == 1500);
    assert_memory_equal(s.close_digest, c.request_digest, 32);
    fill(c.receipt_id, 'Q', 77);
    assert_int_equal(closed(&c), HATS_STORE_CLOSED_BEFORE);
    fill(c.request_digest, 'C', 77);
    assert_int_equal(closed(&c), HATS_STORE_CLOSE_NOT_LIVE);
    a.id.i = 2;
    assert_int_equal(accepted(&a), HATS_STORE_SESSION_GONE);
}

static void closing_under_a_used_index_burns(void **state) {
    (void)state;
    const uint8_t used[1] = {0x02};
    struct hats_store_accept a = accept_of(tenant, 1, 1, 1000);
    assert_int_equal(accepted(&a), HATS_STORE_NEW);
    struct hats_store_close c = close_of(1, used, 1);
    assert_int_equal(closed(&c), HATS_STORE_CLOSE_REUSED);
    assert_int_equal(session_of(sid).state, HATS_STORE_SESSION_BURNT);
}

static void closing_is_for_the_tenant_in_time_and_range(void **state) {
    (void)state;
    const uint8_t used[1] = {0x01};
    struct hats_store_close c = close_of(0, used, 1);
    c.tenant++;
    assert_int_equal(closed(&c), HATS_STORE_CLOSE_NOT_LIVE);
    c = close_of(0, used, 1);
    c.now_ms = 1000000;
    assert_int_equal(closed(&c), HATS_STORE_CLOSE_NOT_LIVE);
    c = close_of(1u << 24, used, 1);
    assert_int_equal(closed(&c), HATS_STORE_CLOSE_NOT_LIVE);
    c = close_of(0, used, 1);
    c.sid[0] ^= 1;
    assert_int_equal(closed(&c), HATS_STORE_CLOSE_NOT_LIVE);
    assert_int_equal(session_of(sid).state, HATS_STORE_SESSION_LIVE);
}

/* ---- leases ---- */

static void a_lease_is_renewed_by_its_holder_and_by_nobody_else(void **state) {
    (void)state;
    bool renewed;
    struct hats_store_accept a = accept_of(tenant, 1, 7, 1000); /* until 1050 */
    assert_int_equal(accepted(&a), HATS_STORE_NEW);
    assert_int_equal(hats_store_call_renew(f.store, &renewed, &a.id, 1050, 1200, NULL), HATS_OK);
    assert_true(renewed);
    a.now_ms = 1199;
    assert_int_equal(accepted(&a), HATS_STORE_PENDING);
    a.now_ms = 1200;
    assert_int_equal(accepted(&a), HATS_STORE_TAKEN); /* until 1250 */
    assert_int_equal(hats_store_call_renew(f.store, &renewed, &a.id, 1200, 9000, NULL), HATS_OK);
    assert_false(renewed);
    struct hats_store_seal seal = seal_of(&a, "answer", 1201);
    bool won;
    assert_int_equal(hats_store_call_seal(f.store, &won, &seal, NULL), HATS_OK);
    assert_int_equal(hats_store_call_renew(f.store, &renewed, &a.id, 1250, 9000, NULL), HATS_OK);
    assert_false(renewed);
}

/* ---- between processes ---- */

enum { RACES = 40 };
static atomic_uint n_opened, n_new, n_gone, n_strange;

static void *opener(void *arg) {
    struct hats_store *s = arg;
    for (uint32_t i = 0; i < RACES; i++) {
        struct hats_store_open o = open_of(tenant, 1000 + 2 * i);
        enum hats_store_opened how;
        fill(o.session.sid, 'S', 1000 + 2 * i + (s == f.store)); /* two sessions, one nonce */
        fill(o.session.receipt_id, 'P', 1000 + 2 * i + (s == f.store));
        hats_status status;
        do
            status = hats_store_session_open(s, &how, &o, NULL);
        while (status == HATS_E_BUSY);
        if (status != HATS_OK)
            atomic_fetch_add(&n_strange, 1);
        else
            atomic_fetch_add(&n_opened, how == HATS_STORE_OPENED);
    }
    return NULL;
}

static void a_nonce_is_spent_once_between_two_stores(void **state) {
    (void)state;
    struct fixture second = f;
    pthread_t threads[2];
    assert_int_equal(fixture_open(&second, NULL), HATS_OK);
    atomic_store(&n_opened, 0);
    atomic_store(&n_strange, 0);
    assert_int_equal(pthread_create(&threads[0], NULL, opener, f.store), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, opener, second.store), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    hats_store_close(second.store);
    assert_int_equal(atomic_load(&n_strange), 0);
    assert_int_equal(atomic_load(&n_opened), RACES);
}

static void *caller(void *arg) {
    for (uint32_t i = 0; i < 200; i++) {
        struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
        struct hats_store_accept_result r;
        hats_status status;
        do
            status = hats_store_call_accept(arg, &r, &a, NULL);
        while (status == HATS_E_BUSY);
        if (status != HATS_OK)
            atomic_fetch_add(&n_strange, 1);
        else
            atomic_fetch_add(r.outcome == HATS_STORE_NEW ? &n_new : &n_gone, 1);
    }
    return NULL;
}

/* Whatever moment a session is revoked at, calls accepted before stay and none is accepted after. */
static void revoking_in_one_process_stops_calls_in_another(void **state) {
    (void)state;
    struct fixture second = f;
    pthread_t thread;
    assert_int_equal(fixture_open(&second, NULL), HATS_OK);
    atomic_store(&n_new, 0);
    atomic_store(&n_gone, 0);
    atomic_store(&n_strange, 0);
    assert_int_equal(pthread_create(&thread, NULL, caller, second.store), 0);
    while (atomic_load(&n_new) < 20 && atomic_load(&n_strange) == 0)
        ;
    hats_status status;
    do
        status = hats_store_session_end(f.store, tenant, sid, HATS_STORE_SESSION_REVOKED, 1, NULL);
    while (status == HATS_E_BUSY);
    assert_int_equal(status, HATS_OK);
    unsigned before = atomic_load(&n_new);
    pthread_join(thread, NULL);
    hats_store_close(second.store);
    assert_int_equal(atomic_load(&n_strange), 0);
    assert_int_equal(atomic_load(&n_new) + atomic_load(&n_gone), 200);
    assert_true(atomic_load(&n_new) >= before && atomic_load(&n_new) <= before + 1);
}

/* ---- older files ---- */

static void edit_file(const char *sql) {
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s", why);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_file_of_schema_1_keeps_its_calls_and_takes_sessions(void **state) {
    (void)state;
    struct hats_store_accept a = accept_of(tenant, 1, 7, 1000);
    struct hats_store_call call;
    assert_int_equal(accepted(&a), HATS_STORE_NEW);
    struct hats_store_seal seal = seal_of(&a, "answer", 1010);
    bool won;
    assert_int_equal(hats_store_call_seal(f.store, &won, &seal, NULL), HATS_OK);
    hats_store_close(f.store);
    f.store = NULL;
    edit_file("DROP TABLE log; DROP TABLE sessions; DROP TABLE nonces; DROP TABLE secrets;"
              "ALTER TABLE calls DROP COLUMN model;"
              "UPDATE meta SET value = 1 WHERE key = 'schema'");
    fixture_reopen(&f);
    assert_int_equal(hats_store_call_get(f.store, &call, &a.id, true, NULL), HATS_OK);
    assert_int_equal(call.state, HATS_STORE_STATE_SEALED);
    assert_int_equal(call.output_len, 6);
    assert_string_equal(call.model, "");
    hats_store_call_clear(&call);
    assert_int_equal(accepted(&a), HATS_STORE_SEALED);
    struct hats_store_open o = open_of(tenant, 50);
    assert_int_equal(opened(&o), HATS_STORE_OPENED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(every_server_of_a_file_has_the_same_secret),
        CASE(a_nonce_opens_one_session),
        CASE(the_same_session_again_is_the_one_that_was_opened),
        CASE(a_key_and_a_session_do_not_share_a_nonce),
        CASE(a_nonce_is_kept_until_nobody_takes_it_for_fresh),
        CASE(a_session_is_read_back_as_it_was_opened),
        CASE(one_nullifier_has_one_live_session),
        CASE(a_call_needs_a_live_session_of_its_tenant_in_time_and_range),
        CASE(closing_names_every_index_that_was_used),
        CASE(closing_under_a_used_index_burns),
        CASE(closing_is_for_the_tenant_in_time_and_range),
        CASE(a_lease_is_renewed_by_its_holder_and_by_nobody_else),
        CASE(a_nonce_is_spent_once_between_two_stores),
        CASE(revoking_in_one_process_stops_calls_in_another),
        CASE(a_file_of_schema_1_keeps_its_calls_and_takes_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
