/* The rules of store.h, one sentence each. */
#include "fixture.h"

#include "base/arena.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

static struct fixture f;

static int make(void **state) {
    (void)state;
    fixture_make(&f);
    return fixture_open(&f, NULL) == HATS_OK ? 0 : -1;
}

static int drop(void **state) {
    (void)state;
    fixture_remove(&f);
    return 0;
}

static void the_file_is_for_its_owner_only(void **state) {
    (void)state;
    struct stat st;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", f.path, suffixes[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
}

static void a_tenant_is_listed_after_reopening(void **state) {
    (void)state;
    int64_t a = add_tenant(f.store, "alpha", 1);
    int64_t b = add_tenant(f.store, "beta", 2);
    fixture_reopen(&f);
    struct hats_store_tenant *list;
    size_t n;
    assert_int_equal(hats_store_tenants(f.store, &list, &n, NULL), HATS_OK);
    assert_int_equal(n, 2);
    assert_true(list[0].id == a && list[1].id == b);
    assert_string_equal(list[1].name, "beta");
    assert_true(list[1].created_ms == 1002);
    assert_int_equal(list[1].salt[15], 2);
    assert_false(list[0].disabled);
    hats_free(list);
}

static void a_tenant_name_or_token_is_taken_once(void **state) {
    (void)state;
    add_tenant(f.store, "alpha", 1);
    struct hats_store_tenant same_name = {.name = "alpha"}, same_token = {.name = "beta"};
    fill(same_name.token_hash, 'T', 2);
    fill(same_token.token_hash, 'T', 1);
    assert_int_equal(hats_store_tenant_add(f.store, &same_name, NULL), HATS_E_CONFLICT);
    assert_int_equal(hats_store_tenant_add(f.store, &same_token, NULL), HATS_E_CONFLICT);
    struct hats_store_tenant *list;
    size_t n;
    assert_int_equal(hats_store_tenants(f.store, &list, &n, NULL), HATS_OK);
    assert_int_equal(n, 1);
    hats_free(list);
}

static void many_tenants_come_in_order(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%u", i);
        add_tenant(f.store, name, i);
    }
    struct hats_store_tenant *list;
    size_t n;
    assert_int_equal(hats_store_tenants(f.store, &list, &n, NULL), HATS_OK);
    assert_int_equal(n, 40);
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(list[i].created_ms, 1000 + i);
    hats_free(list);
}

static void only_a_known_tenant_is_disabled(void **state) {
    (void)state;
    add_tenant(f.store, "alpha", 1);
    assert_int_equal(hats_store_tenant_disable(f.store, "alpha", true, NULL), HATS_OK);
    assert_int_equal(hats_store_tenant_disable(f.store, "gamma", true, NULL), HATS_E_NOT_FOUND);
    struct hats_store_tenant *list;
    size_t n;
    assert_int_equal(hats_store_tenants(f.store, &list, &n, NULL), HATS_OK);
    assert_true(list[0].disabled);
    hats_free(list);
}

static void a_key_is_registered_once_and_again_is_the_same(void **state) {
    (void)state;
    int64_t t = add_tenant(f.store, "alpha", 1);
    uint8_t bytes[64];
    memset(bytes, 7, sizeof bytes);
    struct hats_store_key k = {.tenant = t, .set_id = 1, .registered_ms = 5};
    fill(k.kid, 'K', 1);
    fill(k.owner, 'O', 1);
    enum hats_store_put how;
    struct hats_store_key old;
    assert_int_equal(hats_store_key_put(f.store, &how, &old, &k, bytes, sizeof bytes, NULL, NULL),
                     HATS_OK);
    assert_int_equal(how, HATS_STORE_CREATED);
    k.registered_ms = 9;
    assert_int_equal(hats_store_key_put(f.store, &how, &old, &k, bytes, sizeof bytes, NULL, NULL),
                     HATS_OK);
    assert_int_equal(how, HATS_STORE_SAME);
    assert_true(old.registered_ms == 5);

    struct hats_store_key got;
    assert_int_equal(hats_store_key_get(f.store, &got, k.kid, true, NULL), HATS_OK);
    assert_int_equal(got.public_key_len, sizeof bytes);
    assert_memory_equal(got.public_key, bytes, sizeof bytes);
    assert_memory_equal(got.owner, k.owner, 32);
    assert_true(got.tenant == t && got.revoked_ms == 0 && got.set_id == 1);
    hats_store_key_clear(&got);
}

static void a_key_of_another_tenant_or_owner_is_a_conflict(void **state) {
    (void)state;
    int64_t a = add_tenant(f.store, "alpha", 1);
    int64_t b = add_tenant(f.store, "beta", 2);
    add_key(f.store, a, 1);
    uint8_t bytes[1] = {0};
    struct hats_store_key k = {.tenant = b, .set_id = 1};
    fill(k.kid, 'K', 1);
    fill(k.owner, 'O', 1);
    enum hats_store_put how;
    struct hats_store_key old;
    assert_int_equal(hats_store_key_put(f.store, &how, &old, &k, bytes, sizeof bytes, NULL, NULL),
                     HATS_E_CONFLICT);
    assert_true(old.tenant == a);
    k.tenant = a;
    fill(k.owner, 'O', 2);
    assert_int_equal(hats_store_key_put(f.store, &how, &old, &k, bytes, sizeof bytes, NULL, NULL),
                     HATS_E_CONFLICT);
    assert_int_equal(hats_store_key_get(f.store, &old, k.kid, false, NULL), HATS_OK);
    assert_int_equal(old.owner[8], 1);
}

static void a_revoked_key_stays_revoked(void **state) {
    (void)state;
    int64_t a = add_tenant(f.store, "alpha", 1);
    add_key(f.store, a, 1);
    uint8_t kid[32], bytes[1] = {0};
    fill(kid, 'K', 1);
    assert_int_equal(hats_store_key_revoke(f.store, a + 1, kid, 50, NULL), HATS_E_NOT_FOUND);
    assert_int_equal(hats_store_key_revoke(f.store, a, kid, 50, NULL), HATS_OK);
    assert_int_equal(hats_store_key_revoke(f.store, a, kid, 60, NULL), HATS_OK);
    struct hats_store_key k;
    assert_int_equal(hats_store_key_get(f.store, &k, kid, false, NULL), HATS_OK);
    assert_true(k.revoked_ms == 50);
    enum hats_store_put how;
    assert_int_equal(hats_store_key_put(f.store, &how, NULL, &k, bytes, sizeof bytes, NULL, NULL),
                     HATS_E_CONFLICT);
}

static void keys_are_listed_for_their_tenant_in_pages(void **state) {
    (void)state;
    int64_t a = add_tenant(f.store, "alpha", 1);
    int64_t b = add_tenant(f.store, "beta", 2);
    for (uint32_t i = 0; i < 5; i++)
        add_key(f.store, a, i);
    add_key(f.store, b, 9);
    struct hats_store_key *list;
    size_t n;
    assert_int_equal(hats_store_keys(f.store, &list, &n, a, 3, 10, NULL), HATS_OK);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].registered_ms, 2003);
    hats_free(list);
    assert_int_equal(hats_store_keys(f.store, &list, &n, a, 0, 4, NULL), HATS_OK);
    assert_int_equal(n, 4);
    hats_free(list);
    uint8_t kid[32];
    fill(kid, 'K', 77);
    struct hats_store_key k;
    assert_int_equal(hats_store_key_get(f.store, &k, kid, true, NULL), HATS_E_NOT_FOUND);
}

static enum hats_store_accepted accept_outcome(const struct hats_store_accept *a,
                                               struct hats_store_accept_result *r) {
    assert_int_equal(hats_store_call_accept(f.store, r, a, NULL), HATS_OK);
    return r->outcome;
}

static void a_call_is_accepted_once_and_its_seed_stays(void **state) {
    (void)state;
    int64_t t = add_tenant(f.store, "alpha", 1);
    add_key(f.store, t, 1);
    struct hats_store_accept a = accept_of(t, 1, 7, 1000);
    struct hats_store_accept_result r;
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_NEW);
    assert_memory_equal(r.flood_seed, a.flood_seed, 32);

    uint8_t first_seed[32];
    memcpy(first_seed, a.flood_seed, 32);
    fill(a.flood_seed, 'G', 1);
    a.now_ms = 1049;
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_PENDING);
    assert_true(r.lease_until_ms == 1050);
    a.now_ms = 1050;
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_TAKEN);
    assert_memory_equal(r.flood_seed, first_seed, 32);
    assert_true(r.accepted_ms == 1000);
    a.now_ms = 1099;
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_PENDING);
}

static void a_second_request_under_the_same_id_leaves_the_call_and_burns_the_session(void **state) {
    (void)state;
    int64_t t = add_tenant(f.store, "alpha", 1);
    add_key(f.store, t, 1);
    struct hats_store_accept a = accept_of(t, 1, 7, 1000), other = a;
    struct hats_store_accept_result r;
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_NEW);
    fill(other.request_digest, 'R', 8);
    other.now_ms = 2000; /* the lease is over, and still */
    assert_int_equal(accept_outcome(&other, &r), HATS_STORE_REUSED);
    struct hats_store_call call;
    assert_int_equal(hats_store_call_get(f.store, &call, &a.id, true, NULL), HATS_OK);
    assert_memory_equal(call.request_digest, a.request_digest, 32);
    assert_true(call.lease_until_ms == 1050);
    assert_string_equal(call.model, "score");
    struct hats_store_session session;
    assert_int_equal(hats_store_session_get(f.store, &session, a.id.sid, NULL), HATS_OK);
    assert_int_equal(session.state, HATS_STORE_SESSION_BURNT);
    assert_true(session.ended_ms == 2000);
    struct hats_store_seal seal = seal_of(&other, "false", 2001);
    bool won = true;
    assert_int_equal(hats_store_call_seal(f.store, &won, &seal, NULL), HATS_E_NOT_FOUND);
    assert_false(won);
}

static void the_same_index_of_another_tenant_or_series_is_another_call(void **state) {
    (void)state;
    int64_t a = add_tenant(f.store, "alpha", 1), b = add_tenant(f.store, "beta", 2);
    add_key(f.store, a, 1);
    add_key(f.store, b, 2);
    struct hats_store_accept x = accept_of(a, 1, 7, 1000), y = accept_of(b, 2, 7, 1000), z = x;
    struct hats_store_open more = open_of(a, 99);
    enum hats_store_opened how;
    assert_int_equal(hats_store_session_open(f.store, &how, &more, NULL), HATS_OK);
    memcpy(z.id.sid, more.session.sid, 32);
    struct hats_store_accept_result r;
    assert_int_equal(accept_outcome(&x, &r), HATS_STORE_NEW);
    assert_int_equal(accept_outcome(&y, &r), HATS_STORE_NEW);
    assert_int_equal(accept_outcome(&z, &r), HATS_STORE_NEW);
}

static void a_call_needs_a_live_key_of_its_enabled_tenant(void **state) {
    (void)state;
    int64_t t = add_tenant(f.store, "alpha", 1), u = add_tenant(f.store, "beta", 2);
    add_key(f.store, t, 1);
    add_key(f.store, u, 2);
    struct hats_store_accept_result r;
    struct hats_store_accept a = accept_of(t, 99, 1, 1000);
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_KEY_GONE);
    a = accept_of(t, 2, 1, 1000);
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_KEY_GONE);
    a = accept_of(t, 1, 1, 1000);
    assert_int_equal(hats_store_tenant_disable(f.store, "alpha", true, NULL), HATS_OK);
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_TENANT_GONE);
    assert_int_equal(hats_store_tenant_disable(f.store, "alpha", false, NULL), HATS_OK);
    assert_int_equal(hats_store_key_revoke(f.store, t, a.kid, 1, NULL), HATS_OK);
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_KEY_GONE);
    struct hats_store_call call;
    assert_int_equal(hats_store_call_get(f.store, &call, &a.id, true, NULL), HATS_E_NOT_FOUND);
}

static void the_first_seal_wins_and_its_answer_is_read_back(void **state) {
    (void)state;
    int64_t t = add_tenant(f.store, "alpha", 1);
    add_key(f.store, t, 1);
    struct hats_store_accept a = accept_of(t, 1, 7, 1000);
    struct hats_store_accept_result r;
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_NEW);
    struct hats_store_seal first = seal_of(&a, "answer", 1010), second = first;
    fill(second.receipt_id, 'I', 1234);
    bool won;
    assert_int_equal(hats_store_call_seal(f.store, &won, &first, NULL), HATS_OK);
    assert_true(won);
    assert_int_equal(hats_store_call_seal(f.store, &won, &second, NULL), HATS_OK);
    assert_false(won);
    fixture_reopen(&f);
    struct hats_store_call call;
    assert_int_equal(hats_store_call_get(f.store, &call, &a.id, true, NULL), HATS_OK);
    assert_int_equal(call.state, HATS_STORE_STATE_SEALED);
    assert_int_equal(call.output_len, 6);
    assert_memory_equal(call.output, "answer", 6);
    assert_memory_equal(call.receipt, "receipt", 7);
    assert_memory_equal(call.receipt_id, first.receipt_id, 32);
    assert_true(call.sealed_ms == 1010);
    hats_store_call_clear(&call);
    a.now_ms = 99999;
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_SEALED);

    uint8_t *receipt;
    size_t n;
    assert_int_equal(hats_store_receipt_get(f.store, &receipt, &n, t, first.receipt_id, NULL),
                     HATS_OK);
    assert_int_equal(n, 7);
    hats_free(receipt);
    assert_int_equal(hats_store_receipt_get(f.store, &receipt, &n, t, second.receipt_id, NULL),
                     HATS_E_NOT_FOUND);
    assert_int_equal(hats_store_receipt_get(f.store, &receipt, &n, t + 1, first.receipt_id, NULL),
                     HATS_E_NOT_FOUND);
    assert_null(receipt);
}

static void a_released_call_is_taken_at_once(void **state) {
    (void)state;
    int64_t t = add_tenant(f.store, "alpha", 1);
    add_key(f.store, t, 1);
    struct hats_store_accept a = accept_of(t, 1, 7, 1000);
    struct hats_store_accept_result r;
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_NEW);
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_PENDING);
    assert_int_equal(hats_store_call_release(f.store, &a.id, NULL), HATS_OK);
    assert_int_equal(accept_outcome(&a, &r), HATS_STORE_TAKEN);
}

static void old_outputs_go_and_receipts_stay(void **state) {
    (void)state;
    int64_t t = add_tenant(f.store, "alpha", 1);
    add_key(f.store, t, 1);
    for (uint32_t i = 0; i < 6; i++) {
        struct hats_store_accept a = accept_of(t, 1, i, 1000);
        struct hats_store_accept_result r;
        assert_int_equal(accept_outcome(&a, &r), HATS_STORE_NEW);
        struct hats_store_seal seal = seal_of(&a, "answer", 2000 + i);
        bool won;
        assert_int_equal(hats_store_call_seal(f.store, &won, &seal, NULL), HATS_OK);
    }
    size_t dropped;
    assert_int_equal(hats_store_expire_outputs(f.store, &dropped, 2004, 3, NULL), HATS_OK);
    assert_int_equal(dropped, 3);
    assert_int_equal(hats_store_expire_outputs(f.store, &dropped, 2004, 100, NULL), HATS_OK);
    assert_int_equal(dropped, 1);
    for (uint32_t i = 0; i < 6; i++) {
        struct hats_store_accept a = accept_of(t, 1, i, 1000);
        struct hats_store_call call;
        assert_int_equal(hats_store_call_get(f.store, &call, &a.id, true, NULL), HATS_OK);
        assert_int_equal(call.output != NULL, i >= 4);
        assert_non_null(call.receipt);
        hats_store_call_clear(&call);
    }
}

static void served_models_are_remembered(void **state) {
    (void)state;
    struct hats_store_model m = {.name = "wdbc", .version = "1", .first_ms = 10, .last_ms = 10};
    fill(m.commitment, 'M', 1);
    assert_int_equal(hats_store_model_served(f.store, &m, NULL), HATS_OK);
    m.first_ms = m.last_ms = 20;
    assert_int_equal(hats_store_model_served(f.store, &m, NULL), HATS_OK);
    struct hats_store_model *list;
    size_t n;
    assert_int_equal(hats_store_models(f.store, &list, &n, NULL), HATS_OK);
    assert_int_equal(n, 1);
    assert_true(list[0].first_ms == 10 && list[0].last_ms == 20);
    assert_string_equal(list[0].name, "wdbc");
    hats_free(list);
}

/* ---- many threads ---- */

enum { N_THREADS = 16, PER_THREAD = 50 };
static int64_t tenant;

static void *writer(void *arg) {
    uint32_t base = (uint32_t)(uintptr_t)arg * PER_THREAD;
    for (uint32_t i = 0; i < PER_THREAD; i++) {
        struct hats_store_accept a = accept_of(tenant, 1, base + i, 1000);
        struct hats_store_accept_result r;
        bool won;
        struct hats_store_seal seal = seal_of(&a, "answer", 1001);
        if (hats_store_call_accept(f.store, &r, &a, NULL) != HATS_OK ||
            r.outcome != HATS_STORE_NEW ||
            hats_store_call_seal(f.store, &won, &seal, NULL) != HATS_OK || !won)
            return (void *)1;
    }
    return NULL;
}

static void writes_of_many_threads_share_transactions(void **state) {
    (void)state;
    tenant = add_tenant(f.store, "alpha", 1);
    add_key(f.store, tenant, 1);
    pthread_t threads[N_THREADS];
    for (uintptr_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, writer, (void *)i), 0);
    for (int i = 0; i < N_THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    struct hats_store_counters c;
    hats_store_counters(f.store, &c);
    assert_int_equal(c.writes, 3 + 2 * N_THREADS * PER_THREAD); /* tenant, session, key */
    assert_int_equal(c.failures, 0);
    assert_true(c.transactions < c.writes);
    assert_true(hats_store_healthy(f.store));
}

static atomic_uint n_new;

static void *racer(void *arg) {
    struct hats_store *mine = arg;
    for (uint32_t i = 0; i < PER_THREAD; i++) {
        struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
        struct hats_store_accept_result r;
        hats_status s;
        while ((s = hats_store_call_accept(mine, &r, &a, NULL)) == HATS_E_BUSY)
            ;
        if (s != HATS_OK || (r.outcome != HATS_STORE_NEW && r.outcome != HATS_STORE_PENDING))
            return (void *)1;
        if (r.outcome == HATS_STORE_NEW)
            atomic_fetch_add(&n_new, 1);
    }
    return NULL;
}

static void two_stores_on_one_file_accept_a_call_once(void **state) {
    (void)state;
    tenant = add_tenant(f.store, "alpha", 1);
    add_key(f.store, tenant, 1);
    struct fixture second = f;
    assert_int_equal(fixture_open(&second, NULL), HATS_OK);
    atomic_store(&n_new, 0);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, racer, i % 2 == 0 ? f.store : second.store), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    hats_store_close(second.store);
    assert_int_equal(atomic_load(&n_new), PER_THREAD);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(the_file_is_for_its_owner_only),
        CASE(a_tenant_is_listed_after_reopening),
        CASE(a_tenant_name_or_token_is_taken_once),
        CASE(many_tenants_come_in_order),
        CASE(only_a_known_tenant_is_disabled),
        CASE(a_key_is_registered_once_and_again_is_the_same),
        CASE(a_key_of_another_tenant_or_owner_is_a_conflict),
        CASE(a_revoked_key_stays_revoked),
        CASE(keys_are_listed_for_their_tenant_in_pages),
        CASE(a_call_is_accepted_once_and_its_seed_stays),
        CASE(a_second_request_under_the_same_id_leaves_the_call_and_burns_the_session),
        CASE(the_same_index_of_another_tenant_or_series_is_another_call),
        CASE(a_call_needs_a_live_key_of_its_enabled_tenant),
        CASE(the_first_seal_wins_and_its_answer_is_read_back),
        CASE(a_released_call_is_taken_at_once),
        CASE(old_outputs_go_and_receipts_stay),
        CASE(served_models_are_remembered),
        CASE(writes_of_many_threads_share_transactions),
        CASE(two_stores_on_one_file_accept_a_call_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
