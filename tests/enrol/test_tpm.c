/* Enrolment with a TPM: the honest device, and everybody who says to be one. On swtpm, through the real library.
 * Its maker is a certificate authority of the test, which the registrar believes to make what the test says. */
#include "base/bytes.h"
#include "enrol/device.h"
#include "enrol/registrar.h"
#include "statements/registry.h"
#include "swtpm.h"

#include <openssl/pem.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { EPOCH = 20776 };
static const uint8_t registrar[32] = {0x77};
static struct swtpm soft, other;
static uint8_t root_der[2][HATS_CLASSICAL_DER_MAX], issuer_der[2][HATS_CLASSICAL_DER_MAX];
static struct hats_classical_der root[2], issuer[2]; /* of soft, of other */
static struct hats_enrol_maker maker;

static uint64_t now_ms(void) { return (uint64_t)time(NULL) * 1000; }

static void good(hats_status s, const struct hats_error *err) {
    if (s != HATS_OK)
        fail_msg("%s", err->text);
}

static bool load(struct hats_classical_der *out, uint8_t room[HATS_CLASSICAL_DER_MAX],
                 const struct swtpm *t, const char *name) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", t->dir, name);
    FILE *f = fopen(path, "r");
    X509 *cert = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    unsigned char *p = room;
    int n = cert != NULL ? i2d_X509(cert, &p) : 0;
    X509_free(cert);
    if (f != NULL)
        fclose(f);
    *out = (struct hats_classical_der){room, n > 0 ? (size_t)n : 0};
    return n > 0;
}

struct exchange {
    struct hats_enrol_root root;
    struct hats_buffer hello, challenge, answer, before;
    struct hats_enrol_pending pending;
    struct hats_enrol_claims claims;
    uint8_t policy[32];
};

static void open_device(struct exchange *x, const struct swtpm *t) {
    struct hats_error err;
    memset(x, 0, sizeof *x);
    good(hats_tpm_open(&x->root.tpm, t->tcti, &err), &err);
    hats_buffer_init(&x->hello, HATS_ENROL_HELLO_MAX);
    hats_buffer_init(&x->challenge, HATS_ENROL_CHALLENGE_MAX);
    hats_buffer_init(&x->answer, HATS_ENROL_ANSWER_MAX);
    hats_buffer_init(&x->before, HATS_ENROL_ANSWER_MAX);
    x->claims.jurisdiction = 276;
}

static hats_status try_begin(struct exchange *x, struct hats_error *err) {
    x->challenge.len = 0;
    return hats_enrol_begin(&x->pending, &x->challenge, x->hello.data, x->hello.len, &maker, 1,
                            registrar, EPOCH, HATS_ENROL_PCRS, now_ms(), err);
}

static void begin(struct exchange *x, const struct swtpm *t) {
    struct hats_error err;
    open_device(x, t);
    good(hats_enrol_hello(&x->hello, &x->root, &issuer[t == &other], 1, &err), &err);
    good(try_begin(x, &err), &err);
}

static hats_status try_answer(struct exchange *x, struct hats_error *err) {
    x->answer.len = 0;
    return hats_enrol_answer(&x->answer, x->policy, &x->root, x->challenge.data, x->challenge.len,
                             &x->claims, err);
}

static void answer(struct exchange *x) {
    struct hats_error err;
    good(try_answer(x, &err), &err);
}

static hats_status finish(const struct exchange *x, struct hats_device_leaf *leaf,
                          struct hats_error *err) {
    return hats_enrol_finish(leaf, &x->pending, x->answer.data, x->answer.len, err);
}

static void refuses(const struct exchange *x, const char *part) {
    struct hats_device_leaf leaf;
    struct hats_error err = {0};
    static const struct hats_device_leaf zero;
    assert_int_equal(finish(x, &leaf, &err), HATS_E_VERIFY);
    if (strstr(err.text, part) == NULL)
        fail_msg("refused, but for \"%s\" and not for \"%s\"", err.text, part);
    assert_memory_equal(&leaf, &zero, sizeof leaf);
}

static void end(struct exchange *x) {
    hats_tpm_close(x->root.tpm);
    hats_buffer_clear(&x->hello);
    hats_buffer_clear(&x->challenge);
    hats_buffer_clear(&x->answer);
    hats_buffer_clear(&x->before);
}

/* The answer with one thing changed and, where the cheat knows the secret of the credential, a right mac. */
static struct hats_enrol_answer parse(const struct exchange *x) {
    struct hats_enrol_answer m;
    struct hats_error err;
    size_t covered;
    good(hats_enrol_answer_decode(&m, &covered, x->answer.data, x->answer.len, &err), &err);
    return m;
}

static void write(struct exchange *x, struct hats_enrol_answer *m, bool knows_secret) {
    struct hats_enrol_answer back;
    struct hats_buffer b;
    struct hats_error err;
    size_t covered;
    hats_buffer_init(&b, HATS_ENROL_ANSWER_MAX);
    good(hats_enrol_answer_encode(&b, m, &err), &err);
    good(hats_enrol_answer_decode(&back, &covered, b.data, b.len, &err), &err);
    if (knows_secret)
        hats_enrol_mac(m->mac, x->pending.secret, b.data, covered);
    b.len = 0;
    good(hats_enrol_answer_encode(&b, m, &err), &err);
    hats_buffer_clear(&x->before);
    x->before = x->answer; /* of which *m may borrow */
    x->answer = b;
}

/* ---- the honest device ---- */

static void a_device_enrols_with_the_level_of_its_maker(void **state) {
    (void)state;
    struct exchange x;
    struct hats_device_leaf leaf;
    struct hats_device_secret secret;
    struct hats_error err;
    uint64_t pk[4];
    for (unsigned level = 0; level < HATS_ASSURANCE_COUNT; level++) {
        maker.level = (enum hats_assurance)level;
        begin(&x, &soft);
        answer(&x);
        good(finish(&x, &leaf, &err), &err);
        assert_int_equal(leaf.assurance, level);
        assert_int_equal(leaf.firmware, 5);
        assert_int_equal(leaf.posture, HATS_POSTURE_LEASE_BOUND);
        assert_int_equal(leaf.jurisdiction, 276);
        good(hats_enrol_lease_secret(&secret, &x.root, registrar, EPOCH, HATS_ENROL_PCRS, x.policy,
                                     &err),
             &err);
        hats_device_public_key(pk, &secret);
        assert_memory_equal(pk, leaf.pk, sizeof pk);
        end(&x);
    }
    maker.level = HATS_ASSURANCE_DISCRETE;
}

static void a_second_enrolment_in_an_epoch_is_the_same_device(void **state) {
    (void)state;
    struct exchange x;
    struct hats_device_leaf first, second;
    struct hats_error err;
    begin(&x, &soft);
    answer(&x);
    good(finish(&x, &first, &err), &err);
    end(&x);
    assert_true(swtpm_restart(&soft));
    begin(&x, &soft);
    answer(&x);
    good(finish(&x, &second, &err), &err);
    end(&x);
    assert_memory_equal(&first, &second, sizeof first);
}

static void a_tpm_without_a_known_maker_is_software(void **state) {
    (void)state;
    struct exchange x;
    struct hats_enrol_hello m;
    struct hats_device_leaf leaf;
    struct hats_error err;
    open_device(&x, &soft);
    good(hats_enrol_hello(&x.hello, &x.root, NULL, 0, &err), &err);
    /* Its certificate does not lead to the maker without the one between. */
    assert_int_equal(try_begin(&x, &err), HATS_E_TRUST);
    assert_non_null(strstr(err.text, "no known maker"));
    /* Without a certificate it may enrol, as software. */
    struct hats_buffer copy;
    hats_buffer_init(&copy, HATS_ENROL_HELLO_MAX);
    good(hats_enrol_hello_decode(&m, x.hello.data, x.hello.len, &err), &err);
    m.certificate.len_bytes = m.n_others = 0;
    good(hats_enrol_hello_encode(&copy, &m, &err), &err);
    hats_buffer_clear(&x.hello);
    x.hello = copy;
    good(try_begin(&x, &err), &err);
    answer(&x);
    good(finish(&x, &leaf, &err), &err);
    assert_int_equal(leaf.assurance, HATS_ASSURANCE_SOFTWARE);
    assert_int_equal(leaf.firmware, 0);
    end(&x);
}

/* ---- everybody else ---- */

static void a_chain_of_another_maker_or_time_is_refused(void **state) {
    (void)state;
    struct exchange x;
    struct hats_error err;
    begin(&x, &soft);
    maker.root = root[1];
    assert_int_equal(try_begin(&x, &err), HATS_E_TRUST);
    maker.root = root[0];
    x.challenge.len = 0;
    assert_int_equal(hats_enrol_begin(&x.pending, &x.challenge, x.hello.data, x.hello.len, &maker,
                                      1, registrar, EPOCH, HATS_ENROL_PCRS, 1000, &err),
                     HATS_E_TRUST);
    assert_non_null(strstr(err.text, "not yet valid"));
    end(&x);
}

static void a_certificate_of_another_key_is_refused(void **state) {
    (void)state;
    struct exchange x, y;
    struct hats_enrol_hello mine, theirs;
    struct hats_buffer kept;
    struct hats_error err;
    begin(&x, &soft);
    open_device(&y, &other);
    good(hats_enrol_hello(&y.hello, &y.root, NULL, 0, &err), &err);
    good(hats_enrol_hello_decode(&mine, x.hello.data, x.hello.len, &err), &err);
    good(hats_enrol_hello_decode(&theirs, y.hello.data, y.hello.len, &err), &err);
    theirs.certificate = mine.certificate; /* the bought TPM's certificate, one's own TPM */
    theirs.others[0] = mine.others[0];
    theirs.n_others = 1;
    kept = y.hello; /* of which `theirs` borrows */
    hats_buffer_init(&y.hello, HATS_ENROL_HELLO_MAX);
    good(hats_enrol_hello_encode(&y.hello, &theirs, &err), &err);
    assert_int_equal(try_begin(&y, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "another endorsement key"));
    /* With that TPM's EK as well, it cannot read the challenge. */
    theirs.ek = mine.ek;
    y.hello.len = 0;
    good(hats_enrol_hello_encode(&y.hello, &theirs, &err), &err);
    good(try_begin(&y, &err), &err);
    assert_int_equal(try_answer(&y, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "another TPM"));
    hats_buffer_clear(&kept);
    end(&y);
    end(&x);
}

static void an_answer_without_the_secret_is_refused(void **state) {
    (void)state;
    struct exchange x;
    begin(&x, &soft);
    answer(&x);
    struct hats_enrol_answer m = parse(&x);
    m.mac[0] ^= 1;
    write(&x, &m, false);
    refuses(&x, "TPM that was challenged");
    end(&x);
}

static void a_quote_is_of_its_challenge_lease_and_key(void **state) {
    (void)state;
    struct exchange x;
    begin(&x, &soft);
    answer(&x);
    struct hats_enrol_answer m = parse(&x);
    m.pk[0] ^= 1; /* another key under the quote */
    write(&x, &m, true);
    refuses(&x, "another challenge, lease or public key");
    end(&x);
    begin(&x, &soft);
    answer(&x);
    struct hats_enrol_pending first = x.pending;
    struct hats_error err;
    good(try_begin(&x, &err), &err); /* a new challenge, to which the old proofs are sent */
    m = parse(&x);
    memcpy(m.nonce, x.pending.nonce, sizeof m.nonce);
    write(&x, &m, true);
    refuses(&x, "another challenge, lease or public key");
    x.pending = first;
    m = parse(&x);
    memcpy(m.nonce, first.nonce, sizeof m.nonce);
    x.pending.epoch++; /* a lease of another epoch */
    write(&x, &m, true);
    refuses(&x, "another challenge, lease or public key");
    end(&x);
}

static void every_altered_proof_is_refused(void **state) {
    (void)state;
    struct exchange x;
    begin(&x, &soft);
    answer(&x);
    const struct hats_enrol_answer m = parse(&x);
    const struct hats_tpm_span *spans[] = {&m.lease, &m.certify, &m.certify_signature, &m.quote,
                                           &m.quote_signature};
    struct hats_buffer whole = x.answer;
    for (size_t i = 0; i < HATS_COUNT_OF(spans); i++)
        for (size_t at = 0; at < spans[i]->len_bytes; at += 7) {
            struct hats_device_leaf leaf;
            uint8_t *p = whole.data + (spans[i]->data - whole.data) + at;
            *p ^= 0x10;
            /* The cheat knows the secret, so that nothing but the proof itself can be at fault. */
            hats_enrol_mac(whole.data + whole.len - 32, x.pending.secret, whole.data,
                           whole.len - 32 - 3);
            assert_int_not_equal(finish(&x, &leaf, NULL), HATS_OK);
            *p ^= 0x10;
        }
    hats_enrol_mac(whole.data + whole.len - 32, x.pending.secret, whole.data, whole.len - 32 - 3);
    struct hats_device_leaf leaf;
    assert_int_equal(finish(&x, &leaf, NULL), HATS_OK);
    end(&x);
}

static void a_machine_that_changes_between_policy_and_quote_is_refused(void **state) {
    (void)state;
    static const uint8_t change[32] = {3};
    struct exchange x;
    struct hats_error err;
    struct hats_device_secret secret;
    begin(&x, &soft);
    answer(&x);
    hats_tpm_close(x.root.tpm);
    assert_true(swtpm_extend(&soft, 23, change));
    good(hats_tpm_open(&x.root.tpm, soft.tcti, &err), &err);
    /* The lease is dead on the changed machine. */
    assert_int_equal(hats_enrol_lease_secret(&secret, &x.root, registrar, EPOCH, HATS_ENROL_PCRS,
                                             x.policy, &err),
                     HATS_E_DENIED);
    /* A quote of the changed machine does not go with the key of the unchanged one. */
    struct hats_enrol_answer m = parse(&x);
    struct hats_buffer quote, signature;
    uint8_t name[HATS_TPM_NAME_LEN], extra[32];
    hats_buffer_init(&quote, HATS_TPM_MAX_BYTES);
    hats_buffer_init(&signature, HATS_TPM_MAX_BYTES);
    hats_tpm_name(name, m.lease.data, m.lease.len_bytes);
    hats_enrol_quote_extra(extra, m.nonce, m.pk, name, sizeof name, EPOCH);
    good(hats_tpm_quote(x.root.tpm, &quote, &signature, HATS_ENROL_PCRS, extra, &err), &err);
    m.quote = (struct hats_tpm_span){quote.data, quote.len};
    m.quote_signature = (struct hats_tpm_span){signature.data, signature.len};
    write(&x, &m, true);
    refuses(&x, "other PCRs than those quoted");
    quote.len = signature.len = 0;
    good(hats_tpm_quote(x.root.tpm, &quote, &signature, 1u << 7, extra, &err), &err);
    m = parse(&x);
    m.quote = (struct hats_tpm_span){quote.data, quote.len};
    m.quote_signature = (struct hats_tpm_span){signature.data, signature.len};
    write(&x, &m, true);
    refuses(&x, "not of the PCRs that were asked for");
    hats_buffer_clear(&quote);
    hats_buffer_clear(&signature);
    end(&x);
    assert_true(swtpm_restart(&soft));
}

static void a_log_that_does_not_replay_attests_nothing(void **state) {
    (void)state;
    static const uint8_t log[] = "no log at all";
    struct exchange x;
    struct hats_device_leaf leaf;
    struct hats_error err;
    begin(&x, &soft);
    x.claims.log = log;
    x.claims.log_len_bytes = sizeof log;
    answer(&x);
    good(finish(&x, &leaf, &err), &err);
    assert_int_equal(leaf.posture & HATS_POSTURE_SECURE_BOOT, 0);
    end(&x);
}

/* ---- to the end: enrolled, in the registry, and with a session ---- */

static void an_enrolled_device_opens_a_session(void **state) {
    (void)state;
    struct exchange x;
    struct hats_device_witness w = {.slot = 1, .index = 3};
    struct hats_device_setup *setup = NULL;
    struct hats_error err;
    static const uint32_t levels[] = {3}, country[] = {276}, classes[] = {5};
    struct hats_device_policy policy = {
        HATS_POSTURE_LEASE_BOUND, {classes, 1}, {country, 1}, {levels, 1}, 4};
    struct hats_buffer proof;
    static uint8_t scratch[1 << 18] __attribute__((aligned(64)));
    struct hats_arena arena;
    uint64_t leaf[4];
    uint8_t coins[32] = {1};
    begin(&x, &soft);
    answer(&x);
    good(finish(&x, &w.leaf, &err), &err);
    w.leaf.not_after_s = 2000000000;
    struct hats_registry *registry = hats_registry_new();
    assert_non_null(registry);
    hats_device_leaf_digest(leaf, &w.leaf);
    good(hats_registry_set(registry, w.index, leaf, &err), &err);
    hats_registry_path(w.siblings, registry, w.index);
    good(hats_device_setup_new(&setup, HATS_STARK_S128_SESSION, &err), &err);
    struct hats_device_public pub = {
        .setup = setup, .policy = &policy, .epoch = EPOCH, .now_s = 1999999000};
    hats_registry_root(pub.root, registry);
    good(hats_enrol_lease_secret(&w.secret, &x.root, registrar, EPOCH, HATS_ENROL_PCRS, x.policy,
                                 &err),
         &err);
    hats_device_nullifier(pub.nf, &w.secret, EPOCH, pub.rp_id, w.slot);
    good(hats_device_admitted(&pub, &w, &err), &err);
    hats_buffer_init(&proof, hats_device_setup_stark(setup)->proof_max_bytes);
    good(hats_device_prove(&proof, &pub, &w, coins, NULL, &err), &err);
    hats_arena_init(&arena, scratch, sizeof scratch);
    good(hats_device_verify(&pub, proof.data, proof.len, &arena, NULL, &err), &err);
    /* A policy for chips only does not admit what enrols as software. */
    w.leaf.assurance = HATS_ASSURANCE_SOFTWARE;
    assert_int_equal(hats_device_admitted(&pub, &w, &err), HATS_E_DENIED);
    assert_non_null(strstr(err.text, "assurance level 0"));
    hats_buffer_clear(&proof);
    hats_device_setup_free(setup);
    hats_registry_free(registry);
    end(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_enrols_with_the_level_of_its_maker),
        cmocka_unit_test(a_second_enrolment_in_an_epoch_is_the_same_device),
        cmocka_unit_test(a_tpm_without_a_known_maker_is_software),
        cmocka_unit_test(a_chain_of_another_maker_or_time_is_refused),
        cmocka_unit_test(a_certificate_of_another_key_is_refused),
        cmocka_unit_test(an_answer_without_the_secret_is_refused),
        cmocka_unit_test(a_quote_is_of_its_challenge_lease_and_key),
        cmocka_unit_test(every_altered_proof_is_refused),
        cmocka_unit_test(a_machine_that_changes_between_policy_and_quote_is_refused),
        cmocka_unit_test(a_log_that_does_not_replay_attests_nothing),
        cmocka_unit_test(an_enrolled_device_opens_a_session),
    };
    int failed = 1;
    (void)setenv("TSS2_LOG", "all+none", 1);
    if (!swtpm_is_there()) {
        puts("1..0 # SKIP no swtpm on this machine");
        return 0;
    }
    if (swtpm_start(&soft) && swtpm_start(&other) &&
        load(&root[0], root_der[0], &soft, "swtpm-localca-rootca-cert.pem") &&
        load(&issuer[0], issuer_der[0], &soft, "issuercert.pem") &&
        load(&root[1], root_der[1], &other, "swtpm-localca-rootca-cert.pem") &&
        load(&issuer[1], issuer_der[1], &other, "issuercert.pem")) {
        maker = (struct hats_enrol_maker){root[0], HATS_ASSURANCE_DISCRETE, 5};
        failed = cmocka_run_group_tests_name("enrolment", tests, NULL, NULL);
    }
    swtpm_stop(&soft);
    swtpm_stop(&other);
    return failed;
}
