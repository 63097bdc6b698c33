/* What a bundle proves, and every way in which its parts may not belong together. */
#include "world.h"

#include "base/arena.h"
#include "base/random.h"
#include "bundle/bundle.h"
#include "evidence/logged.h"
#include "evidence/publication.h"
#include "hash/sha256.h"
#include "statements/call.h"
#include "statements/encryption_prove.h"
#include "wire/registration.h"

#include <string.h>

#define MUST(call)                               \
    do {                                         \
        struct hats_error err = {0};             \
        if ((call) != HATS_OK)                   \
            fail_msg("%s: %s", #call, err.text); \
    } while (0)

#define PROOF_MAX 200000

/* One call and all that it leaves behind. */
struct call {
    struct request request;
    struct hats_buffer proof;
    struct hats_gate_reply reply;
};

static struct world w;
static struct owner alice, mallory;
static struct hats_buffer session, registration;
static struct hats_gate_session_reply opened;
static struct hats_gate_model model;
static struct hats_trust trust;
static struct call first, second, of_test_suite;

/* ---- the service ---- */

static hats_status check_proof(void *user, const struct hats_gate_proof *p,
                               struct hats_error *why) {
    struct hats_encryption_setup *setup;
    struct hats_call_statement statement;
    struct hats_arena arena;
    (void)user;
    MUST(hats_call_setup_new(&setup, p->suite, p->plan, p->core->has_data_commitment, &err));
    MUST(hats_call_statement_init(&statement, setup, p->plan, p->core, p->public_key,
                                  p->public_key_len, p->ciphertext, p->ciphertext_len, &err));
    size_t len = hats_encryption_scratch_bytes(setup);
    void *memory = hats_alloc(len);
    assert_non_null(memory);
    hats_arena_init(&arena, memory, len);
    hats_status s =
        hats_encryption_verify(&statement.public, p->bytes, p->len_bytes, &arena, NULL, why);
    hats_free(memory);
    hats_encryption_setup_free(setup);
    return s;
}

static hats_status measure(void *user, size_t *proof_bytes, size_t *scratch_bytes,
                           const struct hats_plan *plan, const uint8_t plan_digest[32],
                           struct hats_error *err) {
    (void)user, (void)plan, (void)plan_digest, (void)err;
    *proof_bytes = PROOF_MAX;
    *scratch_bytes = 0;
    return HATS_OK;
}

static hats_status check_key(void *user, const struct hats_gate_key_proof *p,
                             struct hats_error *err) {
    (void)user, (void)p, (void)err;
    return HATS_OK;
}

static const uint32_t suites[] = {HATS_STARK_S128, HATS_STARK_TEST};
static const struct hats_gate_proof_rules rules = {.required = true,
                                                   .suites = suites,
                                                   .n_suites = 2,
                                                   .measure = measure,
                                                   .verify = check_proof,
                                                   .verify_key = check_key};

/* ---- the client ---- */

static void prove(struct call *c, uint32_t suite) {
    enum { N = 4096 };
    struct hats_encryption_setup *setup;
    struct hats_call_statement statement;
    struct hats_plan *plan;
    struct hats_fhe_params params;
    struct request *r = &c->request;
    int8_t *noise = hats_alloc(3 * N), *s = noise + N, *e0 = s + N;
    uint8_t ctx[32], coins[HATS_STARK_COINS_LEN];
    assert_non_null(noise);
    MUST(hats_plan_decode(&plan, model.plan, model.plan_len, &err));
    MUST(hats_fhe_params_init(&params, plan->set_id, plan->log_t, &err));
    hats_core_context(ctx, &r->core);
    MUST(hats_linear_encrypt_open(r->ciphertext, r->ciphertext_len, noise, alice.secret, &params,
                                  &plan->shape, ctx, r->x, &err));
    MUST(hats_fhe_secret_open(s, e0, alice.secret, &err));
    MUST(hats_call_setup_new(&setup, suite, plan, false, &err));
    MUST(hats_call_statement_init(&statement, setup, plan, &r->core, alice.public_key,
                                  alice.public_key_len, r->ciphertext, r->ciphertext_len, &err));
    MUST(hats_random(coins, sizeof coins));
    const struct hats_encryption_witness witness = {.s = s, .e0 = e0, .e = noise, .x = r->x};
    hats_buffer_init(&c->proof, PROOF_MAX);
    MUST(hats_encryption_prove(&c->proof, &statement.public, &witness, coins, NULL, &err));
    hats_encryption_setup_free(setup);
    hats_plan_free(plan);
    hats_free(noise);
}

static void make_call(struct call *c, uint32_t i, uint32_t suite) {
    struct request *r = &c->request;
    request_make_for(r, &w, &alice, i, suite);
    prove(c, suite);
    r->core.has_proof = true;
    r->core.proof_suite = suite;
    r->proof = c->proof.data;
    r->proof_len = c->proof.len;
    hats_sha256(r->core.proof_digest, r->proof, r->proof_len);
    hats_sha256(r->core.ciphertext_digest, r->ciphertext, r->ciphertext_len);
    request_assemble(r);
    struct hats_error why = {0};
    if (request_send_to(w.gate, w.bearer[0], r, &c->reply, &why) != HATS_PROBLEM_NONE)
        fail_msg("%s", why.text);
}

static void open_session(void) {
    static const struct hats_gate_connection none;
    struct hats_session_block block;
    session_block(&w, &block, &alice, 0);
    hats_buffer_init(&session, HATS_SESSION_REQUEST_MAX);
    MUST(hats_session_request_encode(&session, &block, alice.sign, &err));
    assert_int_equal(hats_gate_session_open(w.gate, &opened, &w.tenant[0], &none, NULL,
                                            session.data, session.len, NULL),
                     HATS_PROBLEM_NONE);
    memcpy(alice.sid, opened.sid, 32);
}

/* The registration of alice's key as that of `owner`, which anybody can write who has seen the key. */
static void register_as(struct hats_buffer *out, const struct owner *owner) {
    const uint8_t nonce[HATS_NONCE_LEN] = {1};
    hats_buffer_init(out, HATS_REGISTRATION_MAX_BYTES);
    MUST(hats_registration_encode(out, alice.public_key, alice.public_key_len, owner->sign,
                                  WORLD_ORIGIN, w.now_ms, nonce, 0, NULL, 0, &err));
}

static void believe(struct hats_trust *t, unsigned signer_roles, unsigned publisher_roles) {
    struct hats_trust_key key;
    hats_trust_init(t);
    hats_trust_key_of(&key, w.signer, "service", signer_roles, 0);
    MUST(hats_trust_add(t, &key, &err));
    hats_trust_key_of(&key, w.publisher, "publisher", publisher_roles, 0);
    MUST(hats_trust_add(t, &key, &err));
}

static int make(void **state) {
    (void)state;
    world_make(&w);
    w.config.proofs = &rules;
    world_restart(&w);
    owner_make(&alice, 1);
    owner_make(&mallory, 2);
    assert_int_equal(owner_register(&w, &alice, 0, NULL), HATS_PROBLEM_NONE);
    open_session();
    register_as(&registration, &alice);
    assert_true(hats_gate_model_hold(w.gate, &model, "score"));
    make_call(&first, 0, HATS_STARK_S128);
    make_call(&second, 1, HATS_STARK_S128);
    make_call(&of_test_suite, 2, HATS_STARK_TEST);
    believe(&trust, HATS_ROLE_RECEIPT, HATS_ROLE_MODEL);
    return 0;
}

static void drop_call(struct call *c) {
    hats_gate_reply_clear(&c->reply);
    hats_buffer_clear(&c->proof);
    request_clear(&c->request);
}

static int drop(void **state) {
    (void)state;
    hats_trust_clear(&trust);
    drop_call(&first);
    drop_call(&second);
    drop_call(&of_test_suite);
    hats_gate_model_release(&model);
    hats_gate_session_reply_clear(&opened);
    hats_buffer_clear(&registration);
    hats_buffer_clear(&session);
    owner_clear(&alice);
    owner_clear(&mallory);
    world_remove(&w);
    return 0;
}

/* ---- bundles ---- */

static void put(struct hats_bundle *b, enum hats_bundle_part part, const uint8_t *data,
                size_t len) {
    b->part[part].data = data;
    b->part[part].len_bytes = len;
}

static struct hats_bundle bundle_of(const struct call *c) {
    struct hats_bundle b = {0};
    const uint8_t *answer, *receipt;
    size_t answer_len, receipt_len;
    reply_parts(&c->reply, &answer, &answer_len, &receipt, &receipt_len);
    put(&b, HATS_BUNDLE_RECEIPT, receipt, receipt_len);
    put(&b, HATS_BUNDLE_CORE, c->request.core_bytes, c->request.core_len);
    put(&b, HATS_BUNDLE_CIPHERTEXT, c->request.ciphertext, c->request.ciphertext_len);
    put(&b, HATS_BUNDLE_PROOF, c->proof.data, c->proof.len);
    put(&b, HATS_BUNDLE_PUBLIC_KEY, alice.public_key, alice.public_key_len);
    put(&b, HATS_BUNDLE_REGISTRATION, registration.data, registration.len);
    put(&b, HATS_BUNDLE_PUBLICATION, model.publication, model.publication_len);
    put(&b, HATS_BUNDLE_PLAN, model.plan, model.plan_len);
    put(&b, HATS_BUNDLE_OUTPUT, answer, answer_len);
    put(&b, HATS_BUNDLE_SESSION, session.data, session.len);
    put(&b, HATS_BUNDLE_SESSION_RECEIPT, opened.receipt, opened.receipt_len);
    return b;
}

static struct hats_report report;

static hats_status verify_under(const struct hats_bundle *b, const struct hats_trust *t) {
    struct hats_bundle read;
    struct hats_buffer file;
    hats_buffer_init(&file, HATS_BUNDLE_MAX_BYTES);
    MUST(hats_bundle_encode(&file, b, &err));
    MUST(hats_bundle_decode(&read, file.data, file.len, &err));
    hats_status s = hats_bundle_verify(&report, &read, t, w.now_ms, NULL);
    hats_buffer_clear(&file);
    return s;
}

static void refused(const struct hats_bundle *b, hats_status status, const char *why) {
    assert_int_equal(verify_under(b, &trust), status);
    if (strstr(report.error.text, why) == NULL)
        fail_msg("refused, but for \"%s\" and not for \"%s\"", report.error.text, why);
    for (unsigned i = 0; i < HATS_N_REQUIREMENTS; i++)
        assert_int_equal(report.rows[i].state, HATS_ROW_NOT_IN_FILE);
}

/* ---- the tests ---- */

static void a_call_is_proven_to_be_an_encryption(void **state) {
    (void)state;
    struct hats_bundle b = bundle_of(&first);
    assert_int_equal(verify_under(&b, &trust), HATS_OK);
    assert_int_equal(report.rows[0].state, HATS_ROW_PROVEN);
    assert_non_null(strstr(report.rows[0].sentence, "that its owner registered"));
    assert_non_null(strstr(report.rows[0].sentence, "suite S128, 128 proven bits"));
    assert_non_null(strstr(report.rows[1].sentence, "in a session that the owner signed"));
}

static void what_is_not_there_is_not_said(void **state) {
    (void)state;
    struct hats_bundle b = bundle_of(&first);
    put(&b, HATS_BUNDLE_REGISTRATION, NULL, 0);
    put(&b, HATS_BUNDLE_SESSION, NULL, 0);
    assert_int_equal(verify_under(&b, &trust), HATS_OK);
    assert_null(strstr(report.rows[0].sentence, "registered"));
    assert_null(strstr(report.rows[1].sentence, "session"));
}

static void parts_of_two_calls(void **state) {
    (void)state;
    static const struct {
        enum hats_bundle_part part;
        const char *why;
    } cases[] = {
        {HATS_BUNDLE_RECEIPT, "(R)"},           {HATS_BUNDLE_CORE, "(R)"},
        {HATS_BUNDLE_CIPHERTEXT, "ciphertext"}, {HATS_BUNDLE_PROOF, "the proof is not"},
        {HATS_BUNDLE_OUTPUT, "the answer"},
    };
    const struct hats_bundle other = bundle_of(&second);
    for (size_t i = 0; i < HATS_COUNT_OF(cases); i++) {
        struct hats_bundle b = bundle_of(&first);
        b.part[cases[i].part] = other.part[cases[i].part];
        refused(&b, HATS_E_VERIFY, cases[i].why);
    }
}

static void a_registration_by_somebody_else(void **state) {
    (void)state;
    struct hats_buffer forged;
    register_as(&forged, &mallory);
    struct hats_bundle b = bundle_of(&first);
    put(&b, HATS_BUNDLE_REGISTRATION, forged.data, forged.len);
    refused(&b, HATS_E_VERIFY, "different owners");
    hats_buffer_clear(&forged);
}

static void a_session_of_somebody_else(void **state) {
    (void)state;
    struct hats_session_block block;
    struct hats_buffer other;
    session_block(&w, &block, &mallory, 0);
    hats_buffer_init(&other, HATS_SESSION_REQUEST_MAX);
    MUST(hats_session_request_encode(&other, &block, mallory.sign, &err));
    struct hats_bundle b = bundle_of(&first);
    put(&b, HATS_BUNDLE_SESSION, other.data, other.len);
    refused(&b, HATS_E_VERIFY, "none of this session");
    hats_buffer_clear(&other);
}

static void another_public_key(void **state) {
    (void)state;
    struct hats_bundle b = bundle_of(&first);
    put(&b, HATS_BUNDLE_PUBLIC_KEY, mallory.public_key, mallory.public_key_len);
    refused(&b, HATS_E_VERIFY, "public key");
}

/* The receipt's signer says what it likes about the model; the publication decides. */
static void a_receipt_with_another_name_for_the_model(void **state) {
    (void)state;
    struct hats_bundle b = bundle_of(&first);
    assert_int_equal(verify_under(&b, &trust), HATS_OK);
    for (int version = 0; version < 2; version++) {
        struct hats_receipt r = report.receipt;
        struct hats_buffer signed_again;
        memset(version ? r.model_version : r.model_name, 0, HATS_MODEL_NAME_MAX);
        strcpy(version ? r.model_version : r.model_name, "approved");
        hats_buffer_init(&signed_again, HATS_RECEIPT_MAX_BYTES);
        MUST(hats_receipt_sign(&signed_again, &r, w.signer, "tests", &err));
        struct hats_bundle forged = b;
        put(&forged, HATS_BUNDLE_RECEIPT, signed_again.data, signed_again.len);
        struct hats_receipt kept = report.receipt;
        refused(&forged, HATS_E_VERIFY, "another name of the model");
        report.receipt = kept;
        hats_buffer_clear(&signed_again);
    }
}

/* Its digest is that of the file without its place in a log, wherever it is named. */
static void a_session_receipt_with_its_place_in_a_log(void **state) {
    (void)state;
    struct hats_sign_key *log_key;
    struct hats_buffer logged;
    struct hats_logged place = {.index = 0};
    struct hats_tree_head head = {.origin = "log.test/hats", .size = 1};
    uint8_t entry[32];
    hats_sha256(entry, opened.receipt, opened.receipt_len);
    hats_tlog_leaf(head.root, entry, sizeof entry);
    MUST(hats_mldsa_generate(&log_key, HATS_MLDSA_44, &err));
    MUST(hats_log_sign(&place.by_log, &head, log_key, w.now_ms / 1000, &err));
    hats_buffer_init(&logged, HATS_RECEIPT_MAX_BYTES);
    MUST(hats_logged_attach(&logged, opened.receipt, opened.receipt_len, &place, &err));
    struct hats_bundle b = bundle_of(&first);
    put(&b, HATS_BUNDLE_SESSION_RECEIPT, logged.data, logged.len);
    assert_int_equal(verify_under(&b, &trust), HATS_OK);
    b.part[HATS_BUNDLE_SESSION_RECEIPT] = b.part[HATS_BUNDLE_RECEIPT];
    refused(&b, HATS_E_VERIFY, "the session receipt");
    hats_buffer_clear(&logged);
    hats_mldsa_free(log_key);
}

static void a_publication_by_a_key_that_may_not_publish(void **state) {
    (void)state;
    struct hats_trust receipts_only;
    struct hats_bundle b = bundle_of(&first);
    believe(&receipts_only, HATS_ROLE_RECEIPT, HATS_ROLE_RECEIPT);
    assert_int_equal(verify_under(&b, &receipts_only), HATS_E_TRUST);
    hats_trust_clear(&receipts_only);
}

static void a_receipt_by_a_publisher(void **state) {
    (void)state;
    struct hats_trust models_only;
    struct hats_bundle b = bundle_of(&first);
    believe(&models_only, HATS_ROLE_MODEL, HATS_ROLE_MODEL);
    assert_int_equal(verify_under(&b, &models_only), HATS_E_TRUST);
    hats_trust_clear(&models_only);
}

static void a_suite_that_proves_nothing(void **state) {
    (void)state;
    struct hats_bundle b = bundle_of(&of_test_suite);
    refused(&b, HATS_E_INSECURE, "TEST");
}

/* Everything signed and consistent, as a service would do it that lets anything pass: the proof decides. */
static void a_false_proof_under_a_true_receipt(void **state) {
    (void)state;
    struct hats_bundle b = bundle_of(&first);
    assert_int_equal(verify_under(&b, &trust), HATS_OK);
    struct hats_receipt r = report.receipt;
    struct hats_core core = first.request.core;
    struct hats_buffer again;
    uint8_t core_bytes[HATS_CORE_MAX_BYTES];
    size_t core_len = 0;
    put(&b, HATS_BUNDLE_PROOF, second.proof.data, second.proof.len); /* of another ciphertext */
    hats_sha256(core.proof_digest, second.proof.data, second.proof.len);
    memcpy(r.proof_digest, core.proof_digest, 32);
    hats_core_encode(core_bytes, &core_len, &core);
    hats_core_request_digest(r.request_digest, core_bytes, core_len);
    put(&b, HATS_BUNDLE_CORE, core_bytes, core_len);
    hats_buffer_init(&again, HATS_RECEIPT_MAX_BYTES);
    MUST(hats_receipt_sign(&again, &r, w.signer, "tests", &err));
    put(&b, HATS_BUNDLE_RECEIPT, again.data, again.len);
    refused(&b, HATS_E_VERIFY, "proof of encryption");
    hats_buffer_clear(&again);
}

static void a_receipt_without_a_proof(void **state) {
    (void)state;
    struct hats_bundle b = bundle_of(&first);
    assert_int_equal(verify_under(&b, &trust), HATS_OK);
    struct hats_receipt r = report.receipt;
    struct hats_buffer again;
    r.has_proof = false;
    r.proof_suite = 0;
    memset(r.proof_digest, 0, 32);
    hats_buffer_init(&again, HATS_RECEIPT_MAX_BYTES);
    MUST(hats_receipt_sign(&again, &r, w.signer, "tests", &err));
    put(&b, HATS_BUNDLE_RECEIPT, again.data, again.len);
    refused(&b, HATS_E_VERIFY, "different proofs, or none");
    hats_buffer_clear(&again);
}

static void a_bit_of_any_part(void **state) {
    (void)state;
    for (int part = HATS_BUNDLE_RECEIPT; part < HATS_BUNDLE_END; part++) {
        struct hats_bundle b = bundle_of(&first);
        size_t len = b.part[part].len_bytes;
        uint8_t *copy = hats_alloc(len);
        assert_non_null(copy);
        memcpy(copy, b.part[part].data, len);
        copy[len / 2] ^= 0x10;
        put(&b, (enum hats_bundle_part)part, copy, len);
        if (verify_under(&b, &trust) == HATS_OK)
            fail_msg("part %d", part);
        hats_free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_proven_to_be_an_encryption),
        cmocka_unit_test(what_is_not_there_is_not_said),
        cmocka_unit_test(parts_of_two_calls),
        cmocka_unit_test(a_registration_by_somebody_else),
        cmocka_unit_test(a_session_of_somebody_else),
        cmocka_unit_test(another_public_key),
        cmocka_unit_test(a_receipt_with_another_name_for_the_model),
        cmocka_unit_test(a_session_receipt_with_its_place_in_a_log),
        cmocka_unit_test(a_publication_by_a_key_that_may_not_publish),
        cmocka_unit_test(a_receipt_by_a_publisher),
        cmocka_unit_test(a_suite_that_proves_nothing),
        cmocka_unit_test(a_false_proof_under_a_true_receipt),
        cmocka_unit_test(a_receipt_without_a_proof),
        cmocka_unit_test(a_bit_of_any_part),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
