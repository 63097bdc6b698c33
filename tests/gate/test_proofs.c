/* The gate with the proofs that it takes by itself: what holds is computed on, everything else is refused with
 * its own code, and leaves no trace but a counter. */
#include "world.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "gate/internal.h"
#include "hash/sha256.h"
#include "stark/setup.h"
#include "statements/call.h"
#include "wire/registration.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct world w;
static struct owner owner, second, foreign; /* alpha's, alpha's, beta's */

static int make(void **state) {
    (void)state;
    world_make(&w);
    world_package(w.dir, w.publisher, "again", "1.0.0", 1); /* the same model by another name */
    world_restart(&w);
    owner_make(&owner, 1);
    owner_make(&second, 2);
    owner_make(&foreign, 3);
    return owner_register(&w, &owner, 0, NULL) == HATS_PROBLEM_NONE &&
                   owner_register(&w, &second, 0, NULL) == HATS_PROBLEM_NONE &&
                   owner_register(&w, &foreign, 1, NULL) == HATS_PROBLEM_NONE
               ? 0
               : -1;
}

static int drop(void **state) {
    (void)state;
    owner_clear(&owner);
    owner_clear(&second);
    owner_clear(&foreign);
    world_remove(&w);
    return 0;
}

static struct hats_gate_counters counters(void) {
    struct hats_gate_counters c;
    hats_gate_counters(w.gate, &c);
    return c;
}

/* `expected` is counted and nothing else happens; clears the request. */
static void refused(struct request *r, enum hats_problem expected, const char *detail_has) {
    struct hats_gate_counters before = counters();
    struct hats_gate_reply reply;
    struct hats_error detail = {0};
    enum hats_problem p = request_send_to(w.gate, w.bearer[0], r, &reply, &detail);
    if (p != expected)
        fail_msg("expected %s, got %s: %s", hats_problem_info(expected)->code,
                 hats_problem_info(p)->code, detail.text);
    if (detail_has != NULL && strstr(detail.text, detail_has) == NULL)
        fail_msg("'%s' does not say '%s'", detail.text, detail_has);
    struct hats_gate_counters after = counters();
    for (int q = 1; q < HATS_PROBLEM_COUNT; q++)
        assert_int_equal(after.problems[q], before.problems[q] + (q == (int)p));
    assert_int_equal(after.calls_accepted, before.calls_accepted);
    assert_int_equal(after.evaluations, before.evaluations);
    assert_int_equal(after.memory_bytes, 0);
    struct hats_store_call_id id = {.tenant = w.tenant[0].id, .i = r->core.i};
    struct hats_store_call call;
    memcpy(id.sid, r->core.sid, 32);
    assert_int_equal(hats_store_call_get(w.store, &call, &id, false, NULL), HATS_E_NOT_FOUND);
    request_clear(r);
}

static void accepted(struct request *r, struct hats_receipt *receipt) {
    struct hats_gate_reply reply;
    struct hats_error detail = {0};
    enum hats_problem p = request_send_to(w.gate, w.bearer[0], r, &reply, &detail);
    if (p != HATS_PROBLEM_NONE)
        fail_msg("%s: %s", hats_problem_info(p)->code, detail.text);
    reply_check(&w, r, &reply, receipt);
    hats_gate_reply_clear(&reply);
    request_clear(r);
}

/* H(parameters) for what the core says now, of the model called `name`; ctx moves with it. */
static void parameters_again(struct request *r, const char *name) {
    struct hats_gate_model m;
    struct hats_plan *plan;
    struct hats_call_parameters p;
    uint8_t box[32];
    assert_true(hats_gate_model_hold(w.gate, &m, name));
    assert_int_equal(hats_plan_decode(&plan, m.plan, m.plan_len, NULL), HATS_OK);
    assert_int_equal(hats_plan_box_digest(box, plan->lo, plan->hi, WORLD_D), HATS_OK);
    hats_call_parameters_of(&p, plan, m.plan_digest, box, &r->core);
    hats_call_parameters_digest(r->core.parameters_digest, &p);
    memcpy(r->core.model_commitment, m.commitment, 32);
    hats_plan_free(plan);
    hats_gate_model_release(&m);
}

/* ---- what holds ---- */

static void a_proven_call_is_answered_and_the_receipt_names_the_proof(void **state) {
    (void)state;
    static const uint32_t suites[] = {HATS_STARK_S128, HATS_STARK_S128_SMALL};
    for (uint32_t i = 0; i < 2; i++) {
        struct request r;
        struct hats_receipt receipt;
        uint8_t digest[32];
        request_make_for(&r, &w, &owner, i, suites[i]);
        request_prove(&r, &w);
        hats_sha256(digest, r.proof, r.proof_len);
        accepted(&r, &receipt);
        assert_true(receipt.has_proof && receipt.proof_suite == suites[i]);
        assert_memory_equal(receipt.proof_digest, digest, 32);
        assert_true(receipt.gate_steps & HATS_STEP_PROOF);
        assert_false(receipt.has_data_commitment);
    }
    assert_int_equal(counters().proofs_checked, 2 + 3); /* three keys */
    assert_true(counters().verification_ns > 0);
}

static void a_data_commitment_is_opened_by_the_proof(void **state) {
    (void)state;
    struct request r;
    struct hats_receipt receipt;
    request_make_committed(&r, &w, &owner, 1);
    request_prove(&r, &w);
    uint8_t commitment[32];
    memcpy(commitment, r.core.data_commitment, 32);
    accepted(&r, &receipt);
    assert_true(receipt.has_data_commitment);
    assert_memory_equal(receipt.data_commitment, commitment, 32);
    /* another commitment in its place, with parameters to match */
    request_make_committed(&r, &w, &owner, 2);
    request_prove(&r, &w);
    r.core.data_commitment[31] ^= 1;
    parameters_again(&r, "score");
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, NULL);
    /* one that is none */
    request_make_committed(&r, &w, &owner, 2);
    request_prove(&r, &w);
    memset(r.core.data_commitment, 0xff, 8);
    parameters_again(&r, "score");
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_MALFORMED, "commitment");
    /* left away, and added */
    request_make_committed(&r, &w, &owner, 2);
    request_prove(&r, &w);
    r.core.has_data_commitment = false;
    memset(r.core.data_commitment, 0, 32);
    parameters_again(&r, "score");
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, "another system");
    request_make(&r, &w, &owner, 2);
    r.core.has_data_commitment = true;
    parameters_again(&r, "score");
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, "another system");
}

/* ---- what does not ---- */

static void no_proof_no_answer(void **state) {
    (void)state;
    struct request r;
    request_make_for(&r, &w, &owner, 1, 0);
    refused(&r, HATS_PROBLEM_PROOF_MISSING, NULL);
    request_make(&r, &w, &owner, 1);
    r.proof = NULL; /* the core names one */
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_BODY_MALFORMED, "not there");
}

static void a_suite_that_is_not_taken_is_refused(void **state) {
    (void)state;
    static const uint32_t suites[] = {HATS_STARK_TEST, HATS_STARK_UDR128, HATS_STARK_S128_SESSION,
                                      77};
    for (size_t k = 0; k < HATS_COUNT_OF(suites); k++) {
        struct request r;
        uint8_t proof[100] = {0};
        request_make_for(&r, &w, &owner, 1, suites[k]);
        if (suites[k] == HATS_STARK_TEST)
            request_prove(&r, &w); /* it holds, for what that is worth */
        else
            request_attach(&r, proof, sizeof proof);
        refused(&r, HATS_PROBLEM_PROOF_SUITE, "suite");
    }
    /* the suite in the core is not the one in the proof */
    struct request r;
    request_make(&r, &w, &owner, 1);
    r.core.proof_suite = HATS_STARK_S128_SMALL;
    parameters_again(&r, "score");
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_MALFORMED, NULL);
}

static void a_changed_proof_is_refused(void **state) {
    (void)state;
    struct request r;
    size_t len = 0;
    for (unsigned k = 0; k < 24;
         k++) { /* a bit in the header, the roots, the values, the paths, ... */
        request_make(&r, &w, &owner, 1);
        len = r.proven.len;
        size_t at = k < 8 ? 8 * k : k == 23 ? len - 1 : (size_t)rand() % len;
        r.proven.data[at] ^= (uint8_t)(1u << (k % 8));
        request_attach(&r, r.proven.data, len);
        struct hats_gate_reply reply;
        struct hats_gate_counters before = counters();
        enum hats_problem p = request_send_to(w.gate, w.bearer[0], &r, &reply, NULL);
        if (p != HATS_PROBLEM_PROOF_FALSE && p != HATS_PROBLEM_PROOF_MALFORMED)
            fail_msg("bit %u of byte %zu: %s", k % 8, at, hats_problem_info(p)->code);
        assert_int_equal(counters().calls_accepted, before.calls_accepted);
        request_clear(&r);
    }
    request_make(&r, &w, &owner, 1);
    request_attach(&r, r.proven.data, len - 1);
    refused(&r, HATS_PROBLEM_PROOF_MALFORMED, NULL);
    request_make(&r, &w, &owner, 1);
    request_attach(&r, r.proven.data, 0);
    refused(&r, HATS_PROBLEM_PROOF_MALFORMED, NULL);
    request_make(&r, &w, &owner, 1);
    hats_buffer_append(&r.proven, "", 1);
    request_attach(&r, r.proven.data, r.proven.len);
    refused(&r, HATS_PROBLEM_PROOF_MALFORMED, NULL);
    request_make(&r, &w, &owner, 1); /* after it was hashed into the core */
    r.proven.data[len / 2] ^= 1;
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_DIGEST, NULL);
}

static void a_proof_beyond_the_bound_is_not_looked_at(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_model m;
    uint64_t looked_at = counters().proofs_checked;
    uint8_t *big = hats_alloc(1u << 20);
    assert_true(hats_gate_model_hold(w.gate, &m, "score"));
    request_make(&r, &w, &owner, 1);
    size_t bound = ((struct model *)m.held)->proof_max_bytes;
    assert_true(r.proof_len <= bound && bound < r.proof_len + 16384);
    r.core_in_header = true;
    request_attach(&r, big, bound + 1);
    refused(&r, HATS_PROBLEM_PROOF_MALFORMED, "of at most");
    request_make(&r, &w, &owner, 1);
    request_attach(&r, big, m.max_body_bytes);
    refused(&r, HATS_PROBLEM_BODY_TOO_LARGE, NULL);
    assert_int_equal(counters().proofs_checked, looked_at);
    hats_gate_model_release(&m);
    hats_free(big);
}

static void a_proof_holds_for_its_ciphertext_only(void **state) {
    (void)state;
    struct request r, q;
    request_make(&r, &w, &owner, 1);
    r.ciphertext[r.ciphertext_len - 1] ^= 1; /* one bit of the last word */
    hats_sha256(r.core.ciphertext_digest, r.ciphertext, r.ciphertext_len);
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, NULL);
    request_make(&r, &w, &owner, 1);
    r.ciphertext[36] ^= 1; /* the salt: other a_j */
    hats_sha256(r.core.ciphertext_digest, r.ciphertext, r.ciphertext_len);
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, NULL);
    /* the record in clear where c0 should be */
    request_make(&r, &w, &owner, 1);
    memset(r.ciphertext + 56, 0, r.ciphertext_len - 56);
    r.ciphertext[56 + 7] = 42;
    hats_sha256(r.core.ciphertext_digest, r.ciphertext, r.ciphertext_len);
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, NULL);
    /* two good requests of one session and one record: their proofs changed over */
    request_make(&r, &w, &owner, 1);
    request_make(&q, &w, &owner, 1501);
    assert_memory_equal(r.x, q.x, sizeof r.x);
    request_attach(&r, q.proven.data, q.proven.len);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, NULL);
    request_clear(&q);
}

static void ciphertext_and_proof_hold_for_their_call_only(void **state) {
    (void)state;
    struct request r;
    request_make(&r, &w, &owner, 1); /* another index */
    r.core.i = 2;
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, NULL);
    request_make(&r, &w, &owner, 1); /* another model, whose plan says the same */
    r.model = "again";
    parameters_again(&r, "again");
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, NULL);
    request_make(&r, &w, &owner, 1); /* another purpose */
    r.core.purpose = 3;
    parameters_again(&r, "score");
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, NULL);
    request_make(&r, &w, &owner, 1); /* another key, and its owner's session */
    memcpy(r.core.kid, second.kid, 32);
    memcpy(r.core.sid, second.sid, 32);
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, NULL);
    request_make(&r, &w, &foreign, 1); /* what another tenant sent, in a session of one's own */
    memcpy(r.core.kid, owner.kid, 32);
    memcpy(r.core.sid, owner.sid, 32);
    request_assemble(&r);
    refused(&r, HATS_PROBLEM_PROOF_FALSE, NULL);
    request_make(&r, &w, &foreign, 1); /* and as it is */
    refused(&r, HATS_PROBLEM_SESSION_UNKNOWN, NULL);
    request_make(&r, &w, &owner, 1);
    accepted(&r, NULL);
}

/* ---- keys ---- */

static enum hats_problem put(const struct owner *o, const struct hats_challenge *c, uint32_t suite,
                             const uint8_t *proof, size_t len) {
    struct hats_buffer body;
    struct hats_gate_key key;
    bool created;
    hats_buffer_init(&body, HATS_REGISTRATION_MAX_BYTES);
    assert_int_equal(hats_registration_encode(&body, o->public_key, o->public_key_len, o->sign,
                                              WORLD_ORIGIN, w.now_ms, c->nonce, suite, proof, len,
                                              NULL),
                     HATS_OK);
    enum hats_problem p = hats_gate_key_register(w.gate, &created, &key, &w.tenant[0], o->kid_hex,
                                                 body.data, body.len, NULL);
    hats_buffer_clear(&body);
    return p;
}

static void a_key_is_registered_with_its_proof_only(void **state) {
    (void)state;
    struct owner fresh;
    struct hats_challenge c, earlier;
    struct hats_buffer proof, other;
    struct hats_gate_key key;
    owner_make(&fresh, 9);
    world_challenge(&w, &c, 0);
    world_challenge(&w, &earlier, 0);
    hats_buffer_init(&proof, HATS_REGISTRATION_MAX_BYTES);
    hats_buffer_init(&other, HATS_REGISTRATION_MAX_BYTES);
    owner_prove(&proof, &fresh, fresh.sign, WORLD_ORIGIN, c.nonce);
    assert_int_equal(put(&fresh, &c, 0, NULL, 0), HATS_PROBLEM_PROOF_MISSING);
    assert_int_equal(put(&fresh, &c, HATS_STARK_TEST, proof.data, proof.len),
                     HATS_PROBLEM_PROOF_SUITE);
    assert_int_equal(put(&fresh, &c, HATS_STARK_S128_SMALL, proof.data, proof.len),
                     HATS_PROBLEM_PROOF_MALFORMED);
    assert_int_equal(put(&fresh, &c, HATS_STARK_S128, proof.data, proof.len - 1),
                     HATS_PROBLEM_PROOF_MALFORMED);
    assert_int_equal(put(&fresh, &earlier, HATS_STARK_S128, proof.data, proof.len),
                     HATS_PROBLEM_PROOF_FALSE); /* made for another nonce */
    owner_prove(&other, &owner, fresh.sign, WORLD_ORIGIN, c.nonce);
    assert_int_equal(put(&fresh, &c, HATS_STARK_S128, other.data, other.len),
                     HATS_PROBLEM_PROOF_FALSE); /* of another key */
    hats_buffer_clear(&other);
    hats_buffer_init(&other, HATS_REGISTRATION_MAX_BYTES);
    owner_prove(&other, &fresh, owner.sign, WORLD_ORIGIN, c.nonce);
    assert_int_equal(put(&fresh, &c, HATS_STARK_S128, other.data, other.len),
                     HATS_PROBLEM_PROOF_FALSE); /* for another owner, who passed it on */
    hats_buffer_clear(&other);
    hats_buffer_init(&other, HATS_REGISTRATION_MAX_BYTES);
    owner_prove(&other, &fresh, fresh.sign, "https://score.test:8443", c.nonce);
    assert_int_equal(put(&fresh, &c, HATS_STARK_S128, other.data, other.len),
                     HATS_PROBLEM_PROOF_FALSE); /* for another server, which passed it on */
    proof.data[proof.len / 3] ^= 1;
    assert_int_equal(put(&fresh, &c, HATS_STARK_S128, proof.data, proof.len),
                     HATS_PROBLEM_PROOF_FALSE);
    proof.data[proof.len / 3] ^= 1;
    assert_int_equal(hats_gate_key_get(w.gate, &key, &w.tenant[0], fresh.kid_hex, NULL),
                     HATS_PROBLEM_KEY_UNKNOWN);
    /* none of these spent the challenge */
    assert_int_equal(put(&fresh, &c, HATS_STARK_S128, proof.data, proof.len), HATS_PROBLEM_NONE);
    hats_buffer_clear(&proof);
    hats_buffer_clear(&other);
    owner_clear(&fresh);
}

/* ---- many at one time ---- */

enum { FLOODS = 4, EACH = 40 };
static struct request flood_request;
static atomic_uint flood_refused;

static void *flood(void *arg) {
    (void)arg;
    for (int k = 0; k < EACH; k++) {
        struct hats_gate_reply reply;
        if (request_send(&w, &flood_request, &reply) == HATS_PROBLEM_PROOF_FALSE)
            atomic_fetch_add(&flood_refused, 1);
        hats_gate_reply_clear(&reply);
    }
    return NULL;
}

/* One tenant sends false proofs from many threads; each is refused, and what another asks meanwhile is
 * answered. */
static void a_flood_of_false_proofs_starves_nobody(void **state) {
    (void)state;
    pthread_t threads[FLOODS];
    struct request r[5];
    request_make(&flood_request, &w, &owner, 1);
    flood_request.proven.data[flood_request.proven.len - 1] ^= 1; /* found last of all */
    request_attach(&flood_request, flood_request.proven.data, flood_request.proven.len);
    for (uint32_t i = 0; i < 5; i++)
        request_make(&r[i], &w, &foreign, i);
    for (int i = 0; i < FLOODS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, flood, NULL), 0);
    for (int i = 0; i < 5; i++) {
        struct hats_gate_reply reply;
        assert_int_equal(request_send_to(w.gate, w.bearer[1], &r[i], &reply, NULL),
                         HATS_PROBLEM_NONE);
        assert_true(atomic_load(&flood_refused) < FLOODS * EACH); /* while it goes on */
        reply_check(&w, &r[i], &reply, NULL);
        hats_gate_reply_clear(&reply);
        request_clear(&r[i]);
    }
    for (int i = 0; i < FLOODS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(flood_refused, FLOODS * EACH);
    assert_int_equal(counters().memory_bytes, 0);
    request_clear(&flood_request);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_proven_call_is_answered_and_the_receipt_names_the_proof),
        CASE(a_data_commitment_is_opened_by_the_proof),
        CASE(no_proof_no_answer),
        CASE(a_suite_that_is_not_taken_is_refused),
        CASE(a_changed_proof_is_refused),
        CASE(a_proof_beyond_the_bound_is_not_looked_at),
        CASE(a_proof_holds_for_its_ciphertext_only),
        CASE(ciphertext_and_proof_hold_for_their_call_only),
        CASE(a_key_is_registered_with_its_proof_only),
        CASE(a_flood_of_false_proofs_starves_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
