/* Devices without a TPM, and the messages of enrolment. */
#include "base/bytes.h"
#include "enrol/device.h"
#include "enrol/registrar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS UINT64_C(1795000000000)
enum { EPOCH = 20776 };
static const uint8_t registrar[32] = {0x77};
static const struct hats_enrol_root software = {NULL, {9, 9, 9}};

static void good(hats_status s, const struct hats_error *err) {
    if (s != HATS_OK)
        fail_msg("%s", err->text);
}

struct exchange {
    struct hats_buffer hello, challenge, answer;
    struct hats_enrol_pending pending;
    uint8_t policy[32];
};

static void begin(struct exchange *x, const struct hats_enrol_root *root) {
    struct hats_error err;
    hats_buffer_init(&x->hello, HATS_ENROL_HELLO_MAX);
    hats_buffer_init(&x->challenge, HATS_ENROL_CHALLENGE_MAX);
    hats_buffer_init(&x->answer, HATS_ENROL_ANSWER_MAX);
    good(hats_enrol_hello(&x->hello, root, NULL, 0, &err), &err);
    good(hats_enrol_begin(&x->pending, &x->challenge, x->hello.data, x->hello.len, NULL, 0,
                          registrar, EPOCH, HATS_ENROL_PCRS, NOW_MS, &err),
         &err);
}

static void answer(struct exchange *x, const struct hats_enrol_root *root) {
    const struct hats_enrol_claims claims = {.said = HATS_POSTURE_ENCRYPTED, .jurisdiction = 276};
    struct hats_error err;
    x->answer.len = 0;
    good(hats_enrol_answer(&x->answer, x->policy, root, x->challenge.data, x->challenge.len,
                           &claims, &err),
         &err);
}

static void end(struct exchange *x) {
    hats_buffer_clear(&x->hello);
    hats_buffer_clear(&x->challenge);
    hats_buffer_clear(&x->answer);
}

static hats_status finish(struct exchange *x, struct hats_device_leaf *leaf,
                          struct hats_error *err) {
    return hats_enrol_finish(leaf, &x->pending, x->answer.data, x->answer.len, err);
}

static void software_enrols_as_software(void **state) {
    (void)state;
    struct exchange x;
    struct hats_device_leaf leaf;
    struct hats_device_secret secret;
    struct hats_error err;
    uint64_t pk[4], ak_of_nobody[4];
    static const uint8_t zero[32];
    begin(&x, &software);
    answer(&x, &software);
    good(finish(&x, &leaf, &err), &err);
    assert_int_equal(leaf.assurance, HATS_ASSURANCE_SOFTWARE);
    assert_int_equal(leaf.firmware, 0);
    assert_int_equal(leaf.posture, HATS_POSTURE_ENCRYPTED);
    assert_int_equal(leaf.jurisdiction, 276);
    hats_enrol_lease_elements(ak_of_nobody, zero);
    assert_memory_equal(leaf.ak_hash, ak_of_nobody, sizeof ak_of_nobody);
    good(hats_enrol_lease_secret(&secret, &software, registrar, EPOCH, 0, x.policy, &err), &err);
    hats_device_public_key(pk, &secret);
    assert_memory_equal(pk, leaf.pk, sizeof pk);
    end(&x);
}

static void a_lease_is_of_one_epoch_registrar_and_device(void **state) {
    (void)state;
    static const uint8_t other_registrar[32] = {0x78};
    static const struct hats_enrol_root other = {NULL, {8}};
    struct hats_device_secret a, b;
    struct hats_error err;
    good(hats_enrol_lease_secret(&a, &software, registrar, EPOCH, 0, registrar, &err), &err);
    good(hats_enrol_lease_secret(&b, &software, registrar, EPOCH, 0, registrar, &err), &err);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(a.sk, a.u, sizeof a.sk);
    good(hats_enrol_lease_secret(&b, &software, registrar, EPOCH + 1, 0, registrar, &err), &err);
    assert_memory_not_equal(a.sk, b.sk, sizeof a.sk);
    good(hats_enrol_lease_secret(&b, &software, other_registrar, EPOCH, 0, registrar, &err), &err);
    assert_memory_not_equal(a.sk, b.sk, sizeof a.sk);
    good(hats_enrol_lease_secret(&b, &other, registrar, EPOCH, 0, registrar, &err), &err);
    assert_memory_not_equal(a.sk, b.sk, sizeof a.sk);
}

static void elements_of_a_lease_are_below_p(void **state) {
    (void)state;
    uint8_t mac[32];
    uint64_t elements[4];
    memset(mac, 0xff, sizeof mac);
    hats_store_be64(mac + 8, HATS_P);
    hats_store_be64(mac + 16, HATS_P - 1);
    hats_store_be64(mac + 24, 5);
    hats_enrol_lease_elements(elements, mac);
    assert_true(elements[0] == UINT64_MAX - HATS_P && elements[1] == 0);
    assert_true(elements[2] == HATS_P - 1 && elements[3] == 5);
}

static void an_answer_is_to_one_challenge(void **state) {
    (void)state;
    struct exchange x, y;
    struct hats_device_leaf leaf;
    struct hats_error err;
    begin(&x, &software);
    begin(&y, &software);
    answer(&x, &software);
    assert_int_equal(hats_enrol_finish(&leaf, &y.pending, x.answer.data, x.answer.len, &err),
                     HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "another challenge"));
    end(&x);
    end(&y);
}

static void software_does_not_attest(void **state) {
    (void)state;
    struct exchange x;
    struct hats_device_leaf leaf;
    struct hats_enrol_answer m;
    struct hats_error err;
    size_t covered;
    begin(&x, &software);
    answer(&x, &software);
    good(hats_enrol_answer_decode(&m, &covered, x.answer.data, x.answer.len, &err), &err);
    m.said |= HATS_POSTURE_SECURE_BOOT;
    x.answer.len = 0;
    good(hats_enrol_answer_encode(&x.answer, &m, &err), &err);
    assert_int_equal(finish(&x, &leaf, &err), HATS_E_RANGE);
    end(&x);
}

/* ---- messages ---- */

static void messages_come_back_as_they_went(void **state) {
    (void)state;
    static const uint8_t bytes[64] = {1, 2, 3};
    const struct hats_tpm_span span = {bytes, sizeof bytes};
    struct hats_enrol_hello hello = {.hardware = true,
                                     .certificate = {bytes, 10},
                                     .others = {{bytes, 5}, {bytes, 6}},
                                     .n_others = 2,
                                     .ek = span,
                                     .ak = span},
                            hello_back;
    struct hats_enrol_challenge challenge = {.nonce = {4},
                                             .registrar = {5},
                                             .epoch = EPOCH,
                                             .pcr_mask = HATS_ENROL_PCRS,
                                             .id_object = span,
                                             .encrypted = span},
                                challenge_back;
    struct hats_enrol_answer message = {.nonce = {6},
                                        .pk = {1, 2, 3, HATS_P - 1},
                                        .said = HATS_POSTURE_SAID,
                                        .jurisdiction = 999,
                                        .lease = span,
                                        .certify = span,
                                        .certify_signature = span,
                                        .quote = span,
                                        .quote_signature = span,
                                        .log = span,
                                        .mac = {7}},
                             message_back;
    struct hats_buffer b;
    struct hats_error err;
    size_t covered;
    hats_buffer_init(&b, HATS_ENROL_ANSWER_MAX);
    good(hats_enrol_hello_encode(&b, &hello, &err), &err);
    good(hats_enrol_hello_decode(&hello_back, b.data, b.len, &err), &err);
    assert_true(hello_back.hardware && hello_back.n_others == 2);
    assert_memory_equal(hello_back.ak.data, bytes, sizeof bytes);
    for (size_t n = 0; n < b.len; n++)
        assert_int_not_equal(hats_enrol_hello_decode(&hello_back, b.data, n, NULL), HATS_OK);
    b.len = 0;
    good(hats_enrol_challenge_encode(&b, &challenge, &err), &err);
    good(hats_enrol_challenge_decode(&challenge_back, b.data, b.len, &err), &err);
    assert_memory_equal(challenge_back.registrar, challenge.registrar, 32);
    assert_int_equal(challenge_back.pcr_mask, HATS_ENROL_PCRS);
    for (size_t n = 0; n < b.len; n++)
        assert_int_not_equal(hats_enrol_challenge_decode(&challenge_back, b.data, n, NULL),
                             HATS_OK);
    b.len = 0;
    good(hats_enrol_answer_encode(&b, &message, &err), &err);
    good(hats_enrol_answer_decode(&message_back, &covered, b.data, b.len, &err), &err);
    assert_memory_equal(message_back.pk, message.pk, sizeof message.pk);
    assert_memory_equal(message_back.mac, message.mac, 32);
    assert_int_equal(covered, b.len - 32 - 2 - 1);
    for (size_t n = 0; n < b.len; n++)
        assert_int_not_equal(hats_enrol_answer_decode(&message_back, &covered, b.data, n, NULL),
                             HATS_OK);
    hats_buffer_clear(&b);
}

static void half_a_tpm_is_none(void **state) {
    (void)state;
    static const uint8_t bytes[4] = {1};
    struct hats_enrol_hello hello = {.ek = {bytes, 4}}, back;
    struct hats_enrol_answer message = {.lease = {bytes, 4}, .certify = {bytes, 4}}, answer_back;
    struct hats_buffer b;
    struct hats_error err;
    size_t covered;
    hats_buffer_init(&b, HATS_ENROL_ANSWER_MAX);
    good(hats_enrol_hello_encode(&b, &hello, &err), &err);
    assert_int_equal(hats_enrol_hello_decode(&back, b.data, b.len, &err), HATS_E_CANONICAL);
    b.len = 0;
    good(hats_enrol_answer_encode(&b, &message, &err), &err);
    assert_int_equal(hats_enrol_answer_decode(&answer_back, &covered, b.data, b.len, &err),
                     HATS_E_MALFORMED);
    hats_buffer_clear(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(software_enrols_as_software),
        cmocka_unit_test(a_lease_is_of_one_epoch_registrar_and_device),
        cmocka_unit_test(elements_of_a_lease_are_below_p),
        cmocka_unit_test(an_answer_is_to_one_challenge),
        cmocka_unit_test(software_does_not_attest),
        cmocka_unit_test(messages_come_back_as_they_went),
        cmocka_unit_test(half_a_tpm_is_none),
    };
    return cmocka_run_group_tests_name("software", tests, NULL, NULL);
}
