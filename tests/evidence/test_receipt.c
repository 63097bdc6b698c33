/* The claims: encoding, decoding, and a refusal with the claim's name for everything that is not one. */
#include "cbor/cbor.h"
#include "evidence/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define N_CLAIMS 28

static size_t encode(uint8_t out[2048], const struct hats_receipt *r) {
    struct hats_buffer b;
    struct hats_error err;
    hats_buffer_init(&b, 2048);
    if (hats_receipt_encode(&b, r, &err) != HATS_OK)
        fail_msg("%s", err.text);
    size_t len = b.len;
    memcpy(out, b.data, len);
    hats_buffer_clear(&b);
    return len;
}

static void assert_same(const struct hats_receipt *r) {
    uint8_t bytes[2048];
    struct hats_receipt back;
    struct hats_error err;
    size_t len = encode(bytes, r);
    assert_int_equal(hats_cbor_validate(bytes, len, NULL), HATS_OK);
    if (hats_receipt_decode(&back, bytes, len, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_memory_equal(&back, r, sizeof back);
}

static void a_receipt_comes_back_with_and_without_its_optional_claims(void **state) {
    (void)state;
    struct hats_receipt r;
    memset(&r, 0, sizeof r);
    sample_receipt(&r);
    assert_same(&r);
    r.has_owner = false;
    memset(r.owner, 0, sizeof r.owner);
    r.server_auth = HATS_AUTH_CLASSICAL;
    r.has_proof = true;
    r.proof_suite = 3;
    memset(r.proof_digest, 0xee, 32);
    r.has_data_commitment = true;
    memset(r.data_commitment, 0xdd, 32);
    r.has_frame = true;
    memset(r.frame_digest, 0xcc, 32);
    assert_same(&r);
}

static void a_session_comes_back_opened_and_closed(void **state) {
    (void)state;
    for (int closes = 0; closes < 2; closes++) {
        struct hats_receipt r;
        memset(&r, 0, sizeof r);
        sample_session(&r, closes == 1);
        assert_same(&r);
        r.has_frame = true;
        r.registry_seq = INT64_MAX;
        r.assurance = 15;
        memset(r.frame_digest, 0xcc, 32);
        memset(r.registry_root, 0xbb, 32);
        memset(r.policy_digest, 0xaa, 32);
        assert_same(&r);
    }
}

static void a_session_has_the_claims_of_a_session_and_no_others(void **state) {
    (void)state;
    struct hats_receipt r;
    struct hats_buffer b;
    struct hats_error err = {0};
    uint8_t bytes[2048];
    hats_buffer_init(&b, 2048);
    sample_session(&r, true);
    r.closes_digest = false;
    assert_int_equal(hats_receipt_encode(&b, &r, &err), HATS_E_MALFORMED);
    assert_non_null(strstr(err.text, "claim 12"));
    sample_session(&r, false);
    r.assurance = 16;
    assert_int_equal(hats_receipt_encode(&b, &r, &err), HATS_E_RANGE);
    assert_non_null(strstr(err.text, "claim 14"));
    assert_int_equal(b.len, 0);
    /* the kinds exchanged: what is there does not belong, or something is missing */
    sample_session(&r, false);
    size_t len = encode(bytes, &r);
    assert_int_equal(bytes[3], 2); /* the head of 17 members is one byte; then 1: 1, 2: kind */
    assert_int_equal(bytes[4], 2);
    bytes[4] = HATS_RECEIPT_ANSWER;
    assert_int_not_equal(hats_receipt_decode(&r, bytes, len, &err), HATS_OK);
    sample_receipt(&r);
    len = encode(bytes, &r);
    assert_int_equal(bytes[5], 1); /* here the head has two bytes */
    bytes[5] = HATS_RECEIPT_SESSION;
    assert_int_not_equal(hats_receipt_decode(&r, bytes, len, &err), HATS_OK);
}

static void the_edges_of_every_range_come_back(void **state) {
    (void)state;
    struct hats_receipt r;
    memset(&r, 0, sizeof r);
    sample_receipt(&r);
    r.call_index = 0xffffff;
    r.set_id = UINT32_MAX;
    r.log_t = 62;
    r.classical_bits = r.quantum_bits = 1024;
    r.accepted_ms = 0;
    r.done_ms = 253402300799999ull;
    r.gate_steps = HATS_STEP_ALL;
    memset(r.model_name, 'n', sizeof r.model_name - 1);
    memset(r.tls_group, 'g', sizeof r.tls_group - 1);
    assert_same(&r);
    r.call_index = 0;
    r.gate_steps = 0;
    r.done_ms = 0;
    r.log_t = 1;
    r.quantum_bits = 0;
    assert_same(&r);
}

/* A payload with one member changed: its value replaced by `value` (len 0: left out), and `extra` put
 * before it. */
static size_t edit(uint8_t *out, size_t cap, size_t which, const void *value, size_t len,
                   const void *extra, size_t extra_len) {
    uint8_t bytes[2048];
    struct hats_receipt sample;
    sample_receipt(&sample);
    struct hats_reader r = hats_reader_of(bytes, encode(bytes, &sample));
    struct hats_writer w = hats_writer_of(out, cap);
    size_t n;
    assert_true(hats_cbor_get_map(&r, &n));
    assert_int_equal(n, N_CLAIMS);
    hats_cbor_put_map(&w, n - (value != NULL && len == 0 ? 1 : 0) + (extra != NULL ? 1 : 0));
    for (size_t i = 0; i < n; i++) {
        const uint8_t *label, *old;
        size_t label_len, old_len;
        assert_true(hats_cbor_get_item(&r, &label, &label_len));
        assert_true(hats_cbor_get_item(&r, &old, &old_len));
        if (i == which && extra != NULL)
            hats_write_bytes(&w, extra, extra_len);
        if (i == which && value != NULL && len == 0)
            continue;
        hats_write_bytes(&w, label, label_len);
        if (i == which && value != NULL)
            hats_write_bytes(&w, value, len);
        else
            hats_write_bytes(&w, old, old_len);
    }
    assert_true(hats_writer_ok(&w));
    return hats_writer_len(&w);
}

static const unsigned labels[N_CLAIMS] = {1,  2,  3,  10, 11, 12, 13, 15, 20, 21, 22, 23, 24, 30,
                                          31, 32, 33, 34, 40, 41, 50, 51, 70, 71, 72, 80, 81, 90};

static void assert_refused(const uint8_t *bytes, size_t len, hats_status expected, unsigned label) {
    struct hats_receipt back;
    static const struct hats_receipt zero;
    struct hats_error err = {0};
    char name[32];
    snprintf(name, sizeof name, "claim %u ", label);
    hats_status s = hats_receipt_decode(&back, bytes, len, &err);
    if (s != expected || strstr(err.text, name) == NULL)
        fail_msg("claim %u: %s: %s", label, hats_status_name(s), err.text);
    assert_memory_equal(&back, &zero, sizeof back);
}

static void a_missing_claim_is_named(void **state) {
    (void)state;
    uint8_t bytes[2048];
    for (size_t i = 0; i < N_CLAIMS; i++)
        assert_refused(bytes, edit(bytes, sizeof bytes, i, "", 0, NULL, 0), HATS_E_MALFORMED,
                       labels[i]);
}

static void a_claim_of_the_wrong_type_is_named(void **state) {
    (void)state;
    static const char *const wrong[] = {"\x20", "\x41\x00", "\x80", "\xa0", "\xf5"};
    static const size_t lens[] = {1, 2, 1, 1, 1};
    uint8_t bytes[2048];
    for (size_t i = 0; i < N_CLAIMS; i++)
        for (size_t k = 0; k < 5; k++)
            assert_refused(bytes, edit(bytes, sizeof bytes, i, wrong[k], lens[k], NULL, 0),
                           HATS_E_MALFORMED, labels[i]);
}

static void null_is_a_value_only_where_the_format_says_so(void **state) {
    (void)state;
    uint8_t bytes[2048];
    struct hats_receipt back;
    for (size_t i = 0; i < N_CLAIMS; i++) {
        size_t len = edit(bytes, sizeof bytes, i, "\xf6", 1, NULL, 0);
        bool may = labels[i] == 13 || labels[i] == 31 || labels[i] == 33 || labels[i] == 34;
        if (may)
            assert_int_equal(hats_receipt_decode(&back, bytes, len, NULL), HATS_OK);
        else
            assert_refused(bytes, len, HATS_E_MALFORMED, labels[i]);
    }
}

static void a_value_outside_its_range_is_named(void **state) {
    (void)state;
    static const struct {
        unsigned label;
        hats_status status;
        const char *value;
        size_t len;
    } values[] = {
        {1, HATS_E_VERSION, "\x02", 1},
        {1, HATS_E_VERSION, "\x00", 1},
        {2, HATS_E_UNSUPPORTED, "\x03", 1},
        {3, HATS_E_VERSION, "\x02", 1},
        {3, HATS_E_VERSION, "\x00", 1},
        {11, HATS_E_RANGE, "\x1a\x01\x00\x00\x00", 5},
        {21, HATS_E_RANGE, "\x60", 1},
        {21, HATS_E_RANGE, "\x61\x0a", 2},
        {22, HATS_E_RANGE, "\x63\xe2\x80\xae", 4},
        {24, HATS_E_RANGE, "\x84\x00\x14\x18\x8d\x18\x80", 7},
        {24, HATS_E_RANGE, "\x84\x01\x00\x18\x8d\x18\x80", 7},
        {24, HATS_E_RANGE, "\x84\x01\x18\x3f\x18\x8d\x18\x80", 8},
        {24, HATS_E_RANGE, "\x84\x01\x14\x18\x80\x18\x8d",
         7}, /* more quantum than classical bits */
        {24, HATS_E_RANGE, "\x84\x01\x14\x19\x04\x01\x18\x80", 8},
        {24, HATS_E_MALFORMED, "\x83\x01\x14\x18\x8d", 5},
        {33, HATS_E_MALFORMED, "\x82\x01\x41\x00", 4},
        {50, HATS_E_RANGE, "\x1b\x00\x00\xe6\x77\xd2\x1f\xdc\x00", 9},
        {70, HATS_E_RANGE, "\x60", 1},
        {72, HATS_E_RANGE, "\x62qp", 3},
        {72, HATS_E_RANGE, "\x60", 1},
        {90, HATS_E_RANGE, "\x19\x20\x00", 3},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[2048];
        size_t which = 0;
        while (labels[which] != values[i].label)
            which++;
        assert_refused(bytes,
                       edit(bytes, sizeof bytes, which, values[i].value, values[i].len, NULL, 0),
                       values[i].status, values[i].label);
    }
}

static void an_answer_is_not_done_before_it_was_accepted(void **state) {
    (void)state;
    struct hats_receipt r;
    struct hats_buffer b;
    struct hats_error err;
    sample_receipt(&r);
    r.done_ms = r.accepted_ms - 1;
    hats_buffer_init(&b, 2048);
    assert_int_equal(hats_receipt_encode(&b, &r, &err), HATS_E_RANGE);
    assert_non_null(strstr(err.text, "claim 51"));
    assert_int_equal(b.len, 0);
}

static void an_unknown_claim_is_refused_wherever_it_stands(void **state) {
    (void)state;
    static const struct {
        size_t before;
        const char *pair;
        size_t len;
        const char *name;
    } extras[] = {
        {0, "\x00\x00", 2, "claim 0 "},
        {3, "\x04\x00", 2, "claim 4 "},
        {20, "\x18\x2a\x00", 3, "claim 42 "},
        {27, "\x18\x52\x00", 3, "claim 82 "},
    };
    uint8_t bytes[2048];
    struct hats_receipt back;
    struct hats_error err;
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++) {
        size_t len =
            edit(bytes, sizeof bytes, extras[i].before, NULL, 0, extras[i].pair, extras[i].len);
        assert_int_equal(hats_receipt_decode(&back, bytes, len, &err), HATS_E_UNSUPPORTED);
        assert_non_null(strstr(err.text, extras[i].name));
    }
    struct hats_receipt sample;
    sample_receipt(&sample);
    size_t len = encode(bytes, &sample);
    bytes[1]++; /* the count, after the head of one byte: 28 becomes 29 */
    bytes[len] = 0x20;
    bytes[len + 1] = 0x00;
    assert_int_equal(hats_receipt_decode(&back, bytes, len + 2, &err), HATS_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "claim -1 "));
}

static void a_payload_that_is_no_map_is_refused(void **state) {
    (void)state;
    struct hats_receipt back;
    struct hats_error err;
    assert_int_equal(hats_receipt_decode(&back, (const uint8_t *)"\x80", 1, &err),
                     HATS_E_MALFORMED);
    assert_int_equal(hats_receipt_decode(&back, (const uint8_t *)"\xa0", 1, &err),
                     HATS_E_MALFORMED);
    assert_non_null(strstr(err.text, "claim 1 "));
    assert_int_equal(hats_receipt_decode(&back, (const uint8_t *)"", 0, &err), HATS_E_MALFORMED);
}

static void what_the_reader_would_refuse_is_not_written(void **state) {
    (void)state;
    struct hats_receipt r;
    struct hats_buffer b;
    struct hats_error err;
    struct hats_sign_key *key = sample_key(HATS_MLDSA_87, 1);
    hats_buffer_init(&b, HATS_RECEIPT_MAX_BYTES);
    sample_receipt(&r);
    r.model_name[0] = '\0';
    assert_int_equal(hats_receipt_encode(&b, &r, &err), HATS_E_RANGE);
    assert_non_null(strstr(err.text, "claim 21"));
    sample_receipt(&r);
    memset(r.tls_group, 'x', sizeof r.tls_group); /* not terminated */
    assert_int_equal(hats_receipt_encode(&b, &r, &err), HATS_E_MALFORMED);
    sample_receipt(&r);
    assert_int_equal(hats_receipt_sign(&b, &r, key, "me", &err), HATS_E_UNSUPPORTED);
    assert_int_equal(b.len, 0);
    hats_mldsa_free(key);
}

static void a_receipt_is_matched_with_its_call(void **state) {
    (void)state;
    struct hats_receipt r;
    struct hats_error err;
    uint32_t i = 7, j = 8;
    uint8_t other[32] = {1};
    sample_receipt(&r);
    struct hats_receipt_expect good = {
        .sid = r.sid,
        .call_index = &i,
        .request_digest = r.request_digest,
        .model_commitment = r.model_commitment,
        .plan_digest = r.plan_digest,
        .kid = r.kid,
        .owner = r.owner,
        .ciphertext_digest = r.ciphertext_digest,
        .output_digest = r.output_digest,
    };
    assert_int_equal(hats_receipt_match(&r, &good, &err), HATS_OK);
    const struct {
        const uint8_t **at;
        const char *name;
        const uint8_t *good;
    } swaps[] = {
        {&good.sid, "claim 10", r.sid},
        {&good.request_digest, "claim 12", r.request_digest},
        {&good.model_commitment, "claim 20", r.model_commitment},
        {&good.plan_digest, "claim 23", r.plan_digest},
        {&good.kid, "claim 30", r.kid},
        {&good.owner, "claim 31", r.owner},
        {&good.ciphertext_digest, "claim 32", r.ciphertext_digest},
        {&good.output_digest, "claim 40", r.output_digest},
    };
    for (size_t k = 0; k < sizeof swaps / sizeof swaps[0]; k++) {
        *swaps[k].at = other;
        assert_int_equal(hats_receipt_match(&r, &good, &err), HATS_E_VERIFY);
        assert_non_null(strstr(err.text, swaps[k].name));
        *swaps[k].at = swaps[k].good;
    }
    good.call_index = &j;
    assert_int_equal(hats_receipt_match(&r, &good, &err), HATS_E_VERIFY);
    good.call_index = NULL;
    assert_int_equal(hats_receipt_match(&r, &good, &err), HATS_OK);
    r.has_owner = false;
    assert_int_equal(hats_receipt_match(&r, &good, &err), HATS_E_VERIFY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_comes_back_with_and_without_its_optional_claims),
        cmocka_unit_test(a_session_comes_back_opened_and_closed),
        cmocka_unit_test(a_session_has_the_claims_of_a_session_and_no_others),
        cmocka_unit_test(the_edges_of_every_range_come_back),
        cmocka_unit_test(a_missing_claim_is_named),
        cmocka_unit_test(a_claim_of_the_wrong_type_is_named),
        cmocka_unit_test(null_is_a_value_only_where_the_format_says_so),
        cmocka_unit_test(a_value_outside_its_range_is_named),
        cmocka_unit_test(an_answer_is_not_done_before_it_was_accepted),
        cmocka_unit_test(an_unknown_claim_is_refused_wherever_it_stands),
        cmocka_unit_test(a_payload_that_is_no_map_is_refused),
        cmocka_unit_test(what_the_reader_would_refuse_is_not_written),
        cmocka_unit_test(a_receipt_is_matched_with_its_call),
    };
    return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
