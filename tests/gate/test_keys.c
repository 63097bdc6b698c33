/* Registering, listing and revoking keys, receipts of others, and the cache of decoded keys. */
#include "world.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "gate/internal.h"
#include "stark/setup.h"
#include "wire/registration.h"

static struct world w;
static struct owner owner, other;

static int make(void **state) {
    (void)state;
    world_make(&w);
    owner_make(&owner, 1);
    owner_make(&other, 2);
    return 0;
}

static int drop(void **state) {
    (void)state;
    owner_clear(&owner);
    owner_clear(&other);
    world_remove(&w);
    return 0;
}

struct registration {
    struct hats_buffer body;
    const char *kid_hex;
};

/* With a proof for this nonce. */
static void registration_for(struct registration *r, const struct owner *o,
                             const struct hats_sign_key *sign, const char *origin, uint64_t ms,
                             const uint8_t nonce[32]) {
    struct hats_buffer proof;
    hats_buffer_init(&proof, HATS_REGISTRATION_MAX_BYTES);
    owner_prove(&proof, o, sign, origin, nonce);
    hats_buffer_init(&r->body, HATS_REGISTRATION_MAX_BYTES + 16);
    assert_int_equal(hats_registration_encode(&r->body, o->public_key, o->public_key_len, sign,
                                              origin, ms, nonce, HATS_STARK_S128, proof.data,
                                              proof.len, NULL),
                     HATS_OK);
    hats_buffer_clear(&proof);
    r->kid_hex = o->kid_hex;
}

/* On a fresh challenge to tenant 0. */
static void registration_make(struct registration *r, const struct owner *o,
                              const struct hats_sign_key *sign, const char *origin, uint64_t ms) {
    struct hats_challenge c;
    world_challenge(&w, &c, 0);
    registration_for(r, o, sign, origin, ms, c.nonce);
}

static enum hats_problem put(const struct registration *r, int tenant, bool *created) {
    struct hats_gate_key key;
    struct hats_gate_counters before, after;
    hats_gate_counters(w.gate, &before);
    enum hats_problem p = hats_gate_key_register(w.gate, created, &key, &w.tenant[tenant],
                                                 r->kid_hex, r->body.data, r->body.len, NULL);
    hats_gate_counters(w.gate, &after);
    for (int q = 1; q < HATS_PROBLEM_COUNT; q++)
        assert_int_equal(after.problems[q], before.problems[q] + (q == (int)p));
    assert_int_equal(after.keys_registered, before.keys_registered + *created);
    return p;
}

static enum hats_problem put_and_drop(struct registration *r, int tenant) {
    bool created;
    enum hats_problem p = put(r, tenant, &created);
    hats_buffer_clear(&r->body);
    return p;
}

#define ORIGIN WORLD_ORIGIN

static void a_key_is_created_once_and_again_is_the_same(void **state) {
    (void)state;
    struct registration r;
    struct hats_gate_key key;
    uint8_t thumbprint[32];
    bool created;
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    assert_int_equal(put(&r, 0, &created), HATS_PROBLEM_NONE);
    assert_true(created);
    assert_int_equal(put(&r, 0, &created), HATS_PROBLEM_NONE);
    assert_false(created);
    assert_int_equal(hats_gate_key_get(w.gate, &key, &w.tenant[0], owner.kid_hex, NULL),
                     HATS_PROBLEM_NONE);
    hats_cose_thumbprint_of(thumbprint, owner.sign);
    assert_memory_equal(key.owner, thumbprint, 32);
    assert_memory_equal(key.kid, owner.kid, 32);
    assert_true(key.registered_ms == w.now_ms && key.revoked_ms == 0);
    hats_buffer_clear(&r.body);
}

static void a_key_of_one_tenant_is_foreign_to_another(void **state) {
    (void)state;
    struct registration r;
    struct hats_gate_key key;
    bool created;
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    assert_int_equal(put(&r, 0, &created), HATS_PROBLEM_NONE);
    assert_int_equal(put(&r, 1, &created), HATS_PROBLEM_CHALLENGE_UNKNOWN); /* it was tenant 0's */
    hats_buffer_clear(&r.body);
    assert_int_equal(owner_register(&w, &owner, 1, NULL), HATS_PROBLEM_KEY_FOREIGN);
    assert_int_equal(hats_gate_key_get(w.gate, &key, &w.tenant[1], owner.kid_hex, NULL),
                     HATS_PROBLEM_KEY_FOREIGN);
    assert_int_equal(hats_gate_key_revoke(w.gate, &key, &w.tenant[1], owner.kid_hex, NULL),
                     HATS_PROBLEM_KEY_FOREIGN);
    registration_make(&r, &owner, other.sign, ORIGIN, w.now_ms); /* another owner claims the key */
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_KEY_FOREIGN);
    assert_int_equal(hats_gate_key_get(w.gate, &key, &w.tenant[0], owner.kid_hex, NULL),
                     HATS_PROBLEM_NONE);
    assert_true(key.revoked_ms == 0);
}

static void a_registration_is_refused_for_what_is_wrong(void **state) {
    (void)state;
    struct registration r;
    registration_make(&r, &owner, owner.sign, "https://elsewhere.test:8443", w.now_ms);
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_KEY_SIGNATURE);
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms - w.config.clock_skew_ms - 1);
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_CLOCK);
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms + w.config.clock_skew_ms + 1);
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_CLOCK);
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    r.kid_hex = other.kid_hex;
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_KEY_MALFORMED);
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    r.kid_hex = "abc";
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_KEY_MALFORMED);
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    r.body.data[r.body.len - 1] ^= 1; /* in the signature */
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_KEY_SIGNATURE);
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    hats_buffer_append(&r.body, "", 1);
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_KEY_MALFORMED);
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    r.body.len -= 1;
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_KEY_MALFORMED);
    struct hats_gate_key key;
    assert_int_equal(hats_gate_key_get(w.gate, &key, &w.tenant[0], owner.kid_hex, NULL),
                     HATS_PROBLEM_KEY_UNKNOWN);
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_NONE);
}

static void a_key_that_is_no_field_element_is_refused(void **state) {
    (void)state;
    struct registration r;
    uint8_t *copy = hats_alloc(owner.public_key_len);
    memcpy(copy, owner.public_key, owner.public_key_len);
    memset(copy + owner.public_key_len - 8, 0xff, 8);
    struct hats_challenge c;
    world_challenge(&w, &c, 0);
    hats_buffer_init(&r.body, HATS_REGISTRATION_MAX_BYTES);
    hats_status s = hats_registration_encode(&r.body, copy, owner.public_key_len, owner.sign,
                                             ORIGIN, w.now_ms, c.nonce, 0, NULL, 0, NULL);
    if (s == HATS_OK) { /* an encoder that looks does not let us try */
        r.kid_hex = owner.kid_hex;
        assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_KEY_MALFORMED);
    }
    hats_free(copy);
    struct hats_gate_key key;
    assert_int_equal(hats_gate_key_get(w.gate, &key, &w.tenant[0], owner.kid_hex, NULL),
                     HATS_PROBLEM_KEY_UNKNOWN);
}

static void a_registration_is_admitted_by_its_length(void **state) {
    (void)state;
    struct hats_gate_tenant t;
    assert_int_equal(hats_gate_key_admit(w.gate, &t, w.bearer[0], owner.kid_hex, 40000, NULL),
                     HATS_PROBLEM_NONE);
    assert_true(t.id == w.tenant[0].id);
    assert_int_equal(hats_gate_key_admit(w.gate, &t, NULL, owner.kid_hex, 40000, NULL),
                     HATS_PROBLEM_TOKEN_MISSING);
    assert_int_equal(hats_gate_key_admit(w.gate, &t, w.bearer[0], "zz", 40000, NULL),
                     HATS_PROBLEM_KEY_MALFORMED);
    assert_int_equal(hats_gate_key_admit(w.gate, &t, w.bearer[0], owner.kid_hex, -1, NULL),
                     HATS_PROBLEM_LENGTH_REQUIRED);
    assert_int_equal(hats_gate_key_admit(w.gate, &t, w.bearer[0], owner.kid_hex,
                                         HATS_REGISTRATION_MAX_BYTES + 1, NULL),
                     HATS_PROBLEM_BODY_TOO_LARGE);
}

static void a_revoked_key_is_not_registered_again(void **state) {
    (void)state;
    struct registration r;
    struct hats_gate_key key;
    bool created;
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    assert_int_equal(put(&r, 0, &created), HATS_PROBLEM_NONE);
    w.now_ms += 5;
    assert_int_equal(hats_gate_key_revoke(w.gate, &key, &w.tenant[0], owner.kid_hex, NULL),
                     HATS_PROBLEM_NONE);
    assert_int_equal(hats_gate_key_revoke(w.gate, &key, &w.tenant[0], owner.kid_hex, NULL),
                     HATS_PROBLEM_NONE);
    assert_true(key.revoked_ms == w.now_ms);
    assert_int_equal(put(&r, 0, &created), HATS_PROBLEM_KEY_REVOKED);
    hats_buffer_clear(&r.body);
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_KEY_REVOKED);
    assert_int_equal(owner_register(&w, &owner, 1, NULL), HATS_PROBLEM_KEY_FOREIGN);
}

static void a_registration_answers_a_challenge_of_its_time_once(void **state) {
    (void)state;
    struct registration r;
    struct hats_challenge c;
    bool created;
    registration_make(&r, &owner, owner.sign, ORIGIN, w.now_ms);
    w.now_ms += HATS_CHALLENGE_AGE_MS + 1;
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_CHALLENGE_EXPIRED);
    /* a challenge for another name of this very server */
    registration_make(&r, &owner, owner.sign, "https://score.test:8443", w.now_ms);
    assert_int_equal(put_and_drop(&r, 0), HATS_PROBLEM_CHALLENGE_UNKNOWN);
    /* one nonce, two keys */
    world_challenge(&w, &c, 0);
    for (int k = 0; k < 2; k++) {
        const struct owner *o = k == 0 ? &owner : &other;
        registration_for(&r, o, o->sign, ORIGIN, w.now_ms, c.nonce);
        assert_int_equal(put(&r, 0, &created),
                         k == 0 ? HATS_PROBLEM_NONE : HATS_PROBLEM_CHALLENGE_USED);
        hats_buffer_clear(&r.body);
    }
}

static void a_tenant_lists_its_own_keys(void **state) {
    (void)state;
    struct hats_gate_key *list;
    size_t n;
    assert_int_equal(owner_register(&w, &owner, 0, NULL), HATS_PROBLEM_NONE);
    assert_int_equal(owner_register(&w, &other, 1, NULL), HATS_PROBLEM_NONE);
    assert_int_equal(hats_gate_keys(w.gate, &list, &n, &w.tenant[1], 0, 10, NULL),
                     HATS_PROBLEM_NONE);
    assert_int_equal(n, 1);
    assert_memory_equal(list[0].kid, other.kid, 32);
    hats_free(list);
}

static void a_receipt_is_unknown_to_other_tenants(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    uint8_t *bytes;
    size_t n;
    assert_int_equal(owner_register(&w, &owner, 0, NULL), HATS_PROBLEM_NONE);
    request_make(&r, &w, &owner, 1);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_NONE);
    assert_int_equal(hats_gate_receipt(w.gate, &bytes, &n, &w.tenant[1], reply.receipt_id, NULL),
                     HATS_PROBLEM_RECEIPT_UNKNOWN);
    assert_null(bytes);
    assert_int_equal(hats_gate_receipt(w.gate, &bytes, &n, &w.tenant[0], "00", NULL),
                     HATS_PROBLEM_RECEIPT_UNKNOWN);
    assert_int_equal(hats_gate_receipt(w.gate, &bytes, &n, &w.tenant[0], reply.receipt_id, NULL),
                     HATS_PROBLEM_NONE);
    hats_free(bytes);
    struct hats_gate_counters c;
    hats_gate_counters(w.gate, &c);
    assert_int_equal(c.problems[HATS_PROBLEM_RECEIPT_UNKNOWN], 2);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
}

/* ---- the cache ---- */

enum { MANY = 6 };

static void the_cache_holds_no_more_than_its_bound(void **state) {
    (void)state;
    struct owner owners[MANY];
    struct key_cache cache = {0};
    size_t one = hats_fhe_public_memory(HATS_SET_L4096) +
                 hats_fhe_public_key_bytes(HATS_SET_L4096) + sizeof(struct cached_key);
    hats_gate_cache_init(&cache, 3 * one);
    for (int i = 0; i < MANY; i++) {
        owner_make(&owners[i], (uint8_t)(10 + i));
        assert_int_equal(owner_register(&w, &owners[i], 0, NULL), HATS_PROBLEM_NONE);
    }
    struct cached_key *held, *k;
    assert_int_equal(hats_gate_cache_take(&cache, &held, w.store, owners[0].kid, NULL), HATS_OK);
    for (int i = 1; i < MANY; i++) {
        assert_int_equal(hats_gate_cache_take(&cache, &k, w.store, owners[i].kid, NULL), HATS_OK);
        assert_memory_equal(k->kid, owners[i].kid, 32);
        hats_gate_cache_give(&cache, k);
        assert_true(hats_gate_cache_bytes(&cache) <= 3 * one);
    }
    assert_int_equal(atomic_load(&cache.evictions), MANY - 3);
    assert_non_null(held->pk); /* evicted while in use: it lives until it is given back */
    assert_false(held->listed);
    hats_gate_cache_give(&cache, held);
    assert_int_equal(hats_gate_cache_take(&cache, &k, w.store, owners[MANY - 1].kid, NULL),
                     HATS_OK);
    hats_gate_cache_give(&cache, k);
    assert_int_equal(atomic_load(&cache.hits), 1);
    hats_gate_cache_clear(&cache);
    for (int i = 0; i < MANY; i++)
        owner_clear(&owners[i]);
}

static void the_key_used_last_stays(void **state) {
    (void)state;
    struct owner owners[3];
    struct key_cache cache = {0};
    size_t one = hats_fhe_public_memory(HATS_SET_L4096) +
                 hats_fhe_public_key_bytes(HATS_SET_L4096) + sizeof(struct cached_key);
    static const int order[] = {0, 1, 0, 2, 0};
    hats_gate_cache_init(&cache, 2 * one);
    for (int i = 0; i < 3; i++) {
        owner_make(&owners[i], (uint8_t)(10 + i));
        assert_int_equal(owner_register(&w, &owners[i], 0, NULL), HATS_PROBLEM_NONE);
    }
    for (size_t i = 0; i < 5; i++) {
        struct cached_key *k;
        assert_int_equal(hats_gate_cache_take(&cache, &k, w.store, owners[order[i]].kid, NULL),
                         HATS_OK);
        hats_gate_cache_give(&cache, k);
    }
    assert_int_equal(atomic_load(&cache.hits), 2);
    assert_int_equal(atomic_load(&cache.misses), 3);
    hats_gate_cache_clear(&cache);
    for (int i = 0; i < 3; i++)
        owner_clear(&owners[i]);
}

static void a_cache_of_no_size_still_gives_keys(void **state) {
    (void)state;
    struct key_cache cache = {0};
    struct cached_key *k;
    uint8_t nobody[32] = {0};
    hats_gate_cache_init(&cache, 0);
    assert_int_equal(owner_register(&w, &owner, 0, NULL), HATS_PROBLEM_NONE);
    assert_int_equal(hats_gate_cache_take(&cache, &k, w.store, owner.kid, NULL), HATS_OK);
    assert_int_equal(hats_gate_cache_bytes(&cache), 0);
    hats_gate_cache_give(&cache, k);
    assert_int_equal(hats_gate_cache_take(&cache, &k, w.store, nobody, NULL), HATS_E_NOT_FOUND);
    assert_null(k);
    hats_gate_cache_clear(&cache);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_key_is_created_once_and_again_is_the_same),
        CASE(a_key_of_one_tenant_is_foreign_to_another),
        CASE(a_registration_is_refused_for_what_is_wrong),
        CASE(a_key_that_is_no_field_element_is_refused),
        CASE(a_registration_is_admitted_by_its_length),
        CASE(a_revoked_key_is_not_registered_again),
        CASE(a_registration_answers_a_challenge_of_its_time_once),
        CASE(a_tenant_lists_its_own_keys),
        CASE(a_receipt_is_unknown_to_other_tenants),
        CASE(the_cache_holds_no_more_than_its_bound),
        CASE(the_key_used_last_stays),
        CASE(a_cache_of_no_size_still_gives_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
