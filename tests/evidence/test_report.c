/* The verifier: what holds, and a reason for everything that does not. */
#include "base/arena.h"
#include "evidence/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct hats_sign_key *signer;
static struct hats_trust trust;
static uint8_t file[HATS_RECEIPT_MAX_BYTES + 1];
static size_t file_len;

static void sign_sample(const struct hats_receipt *r) {
    struct hats_buffer b;
    struct hats_error err;
    hats_buffer_init(&b, HATS_RECEIPT_MAX_BYTES);
    if (hats_receipt_sign(&b, r, signer, "hospital", &err) != HATS_OK)
        fail_msg("%s", err.text);
    memcpy(file, b.data, b.len);
    file_len = b.len;
    hats_buffer_clear(&b);
}

static int make_sample(void **state) {
    (void)state;
    struct hats_receipt r;
    sample_receipt(&r);
    signer = sample_key(HATS_MLDSA_65, 1);
    hats_trust_init(&trust);
    sample_trust(&trust, signer, HATS_ROLE_RECEIPT);
    sign_sample(&r);
    return 0;
}

static int drop_sample(void **state) {
    (void)state;
    hats_trust_clear(&trust);
    hats_mldsa_free(signer);
    return 0;
}

static hats_status verify_at(struct hats_report *report, uint64_t now_ms) {
    return hats_receipt_verify(report, file, file_len, &trust, now_ms, NULL);
}

static void a_good_receipt_holds_and_its_rows_say_what_it_proves(void **state) {
    (void)state;
    static const enum hats_row_state expected[HATS_N_REQUIREMENTS] = {
        HATS_ROW_ASSERTED,    HATS_ROW_PROVEN,      HATS_ROW_NOT_IN_FILE, HATS_ROW_NOT_IN_FILE,
        HATS_ROW_NOT_IN_FILE, HATS_ROW_NOT_IN_FILE, HATS_ROW_ASSERTED,
    };
    struct hats_report report;
    struct hats_receipt r;
    if (verify_at(&report, SAMPLE_NOW_MS) != HATS_OK)
        fail_msg("%s", report.error.text);
    sample_receipt(&r);
    assert_int_equal(report.signature, HATS_SIGNATURE_HOLDS);
    assert_int_equal(report.signer, HATS_SIGNER_TRUSTED);
    assert_string_equal(report.signer_name, "St. Elsewhere");
    assert_string_equal(report.issuer, "hospital");
    assert_int_equal(report.len_bytes, file_len);
    assert_memory_equal(report.receipt.output_digest, r.output_digest, 32);
    for (unsigned i = 0; i < HATS_N_REQUIREMENTS; i++) {
        assert_int_equal(report.rows[i].number, i + 1);
        assert_int_equal(report.rows[i].state, expected[i]);
        assert_true(report.rows[i].sentence[0] != '\0');
        assert_string_equal(report.rows[i].by,
                            expected[i] == HATS_ROW_NOT_IN_FILE ? "" : "St. Elsewhere");
    }
    assert_int_equal(hats_report_exit_code(&report, false), 0);
    assert_int_equal(hats_report_exit_code(&report, true), 3);
}

static void the_receipt_of_a_session_says_nothing_of_an_answer(void **state) {
    (void)state;
    struct hats_report report;
    struct hats_receipt r;
    sample_session(&r, false);
    sign_sample(&r);
    if (verify_at(&report, SAMPLE_NOW_MS) != HATS_OK)
        fail_msg("%s", report.error.text);
    assert_int_equal(report.receipt.kind, HATS_RECEIPT_SESSION);
    assert_int_equal(report.rows[0].state, HATS_ROW_NOT_IN_FILE);
    assert_int_equal(report.rows[1].state, HATS_ROW_PROVEN);
    assert_non_null(strstr(report.rows[1].sentence, "opening of a session"));
    assert_int_equal(report.rows[3].state, HATS_ROW_NOT_IN_FILE);
    const struct hats_receipt_expect answer = {.kind = HATS_RECEIPT_ANSWER};
    assert_int_equal(hats_receipt_match(&report.receipt, &answer, NULL), HATS_E_VERIFY);
    sample_receipt(&r);
    sign_sample(&r);
}

static void a_receipt_is_smaller_than_twelve_kilobytes(void **state) {
    (void)state;
    assert_true(file_len < 4600);
}

static void a_proof_that_was_checked_elsewhere_stays_an_assertion(void **state) {
    (void)state;
    struct hats_report report;
    struct hats_receipt r;
    sample_receipt(&r);
    r.has_proof = true;
    r.proof_suite = 1;
    r.server_auth = HATS_AUTH_CLASSICAL;
    sign_sample(&r);
    assert_int_equal(verify_at(&report, SAMPLE_NOW_MS), HATS_OK);
    assert_int_equal(report.rows[0].state, HATS_ROW_ASSERTED);
    assert_non_null(strstr(report.rows[0].sentence, "not in this file"));
    assert_non_null(strstr(report.rows[6].sentence, "CLASSICAL"));
    sample_receipt(&r);
    sign_sample(&r);
}

static void assert_refused(struct hats_report *report, const char *what, size_t at) {
    hats_status s = verify_at(report, SAMPLE_NOW_MS);
    int code = hats_report_exit_code(report, false);
    if (s == HATS_OK || report->error.text[0] == '\0')
        fail_msg("%s at %zu: accepted, or refused without a reason", what, at);
    if (code != 1 && !(code == 4 && report->signer == HATS_SIGNER_UNKNOWN))
        fail_msg("%s at %zu: exit code %d: %s", what, at, code, report->error.text);
    for (unsigned i = 0; i < HATS_N_REQUIREMENTS; i++)
        assert_int_equal(report->rows[i].state, HATS_ROW_NOT_IN_FILE);
}

/* Every reason begins with the part of the file that failed. */
static void any_changed_byte_is_refused_with_the_part_that_failed(void **state) {
    (void)state;
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    static const char *const parts[] = {"signed file", "receipt: claim", "signature",
                                        "signer: unknown"};
    size_t counts[4] = {0};
    for (size_t at = 0; at < file_len; at++) {
        struct hats_report report;
        uint8_t flip = flips[at % 3];
        size_t part = 0;
        file[at] ^= flip;
        assert_refused(&report, "flip", at);
        while (part < 4 && strncmp(report.error.text, parts[part], strlen(parts[part])) != 0)
            part++;
        if (part == 4)
            fail_msg("flip at %zu: %s", at, report.error.text);
        counts[part]++;
        file[at] ^= flip;
    }
    for (size_t part = 0; part < 4; part++)
        assert_int_not_equal(counts[part], 0); /* each way of failing was met */
    assert_int_equal(counts[3], HATS_THUMBPRINT_LEN);
    print_message("# refused for: form %zu, claim %zu, signature %zu, signer %zu\n", counts[0],
                  counts[1], counts[2], counts[3]);
}

static void a_truncated_receipt_is_refused_at_every_length(void **state) {
    (void)state;
    size_t whole = file_len;
    for (file_len = 1; file_len < whole; file_len++) {
        struct hats_report report;
        assert_refused(&report, "cut", file_len);
        assert_non_null(strstr(report.error.text, "cut off"));
    }
    file_len = whole;
}

static void a_longer_receipt_is_refused(void **state) {
    (void)state;
    struct hats_report report;
    size_t whole = file_len;
    memset(file + whole, 0, sizeof file - whole);
    for (file_len = whole + 1; file_len <= sizeof file; file_len += 997)
        assert_refused(&report, "longer", file_len);
    file_len = sizeof file;
    assert_refused(&report, "longer", file_len);
    assert_non_null(strstr(report.error.text, "at most"));
    file_len = whole;
}

static void an_unknown_signer_cannot_be_checked(void **state) {
    (void)state;
    struct hats_report report;
    struct hats_trust nobody;
    hats_trust_init(&nobody);
    assert_int_equal(hats_receipt_verify(&report, file, file_len, &nobody, SAMPLE_NOW_MS, NULL),
                     HATS_E_TRUST);
    assert_int_equal(report.signature, HATS_SIGNATURE_NOT_CHECKED);
    assert_int_equal(report.signer, HATS_SIGNER_UNKNOWN);
    assert_true(report.parsed);
    assert_int_equal(hats_report_exit_code(&report, false), 4);
}

static void assert_distrusted(unsigned roles, uint64_t from_ms, uint64_t until_ms,
                              uint64_t revoked_ms, enum hats_signer_state expected) {
    struct hats_trust_key key;
    struct hats_trust one;
    struct hats_report report;
    hats_trust_key_of(&key, signer, "St. Elsewhere", roles, from_ms);
    key.valid_until_ms = until_ms;
    key.revoked_ms = revoked_ms;
    hats_trust_init(&one);
    assert_int_equal(hats_trust_add(&one, &key, NULL), HATS_OK);
    hats_status s = hats_receipt_verify(&report, file, file_len, &one, SAMPLE_NOW_MS, NULL);
    assert_int_equal(s, expected == HATS_SIGNER_TRUSTED ? HATS_OK : HATS_E_TRUST);
    assert_int_equal(report.signer, expected);
    assert_int_equal(report.signature, HATS_SIGNATURE_HOLDS);
    assert_int_equal(hats_report_exit_code(&report, false),
                     expected == HATS_SIGNER_TRUSTED ? 0 : 4);
    hats_trust_clear(&one);
}

static void a_signer_counts_only_in_its_role_and_time(void **state) {
    (void)state;
    const uint64_t done = SAMPLE_DONE_MS, none = HATS_TIME_NONE;
    assert_distrusted(HATS_ROLE_RECEIPT, done, done, none, HATS_SIGNER_TRUSTED);
    assert_distrusted(HATS_ROLE_ALL, 0, none, SAMPLE_NOW_MS + 1, HATS_SIGNER_TRUSTED);
    assert_distrusted(HATS_ROLE_MODEL | HATS_ROLE_OWNER, 0, none, none, HATS_SIGNER_WRONG_ROLE);
    assert_distrusted(HATS_ROLE_RECEIPT, done + 1, none, none, HATS_SIGNER_NOT_YET_VALID);
    assert_distrusted(HATS_ROLE_RECEIPT, 0, done - 1, none, HATS_SIGNER_EXPIRED);
    assert_distrusted(HATS_ROLE_RECEIPT, 0, none, SAMPLE_NOW_MS, HATS_SIGNER_REVOKED);
    /* whoever holds a revoked key can write an earlier time */
    assert_distrusted(HATS_ROLE_RECEIPT, 0, none, done + 30000, HATS_SIGNER_REVOKED);
    assert_distrusted(HATS_ROLE_RECEIPT, 0, none, 0, HATS_SIGNER_REVOKED);
}

static void a_receipt_from_the_future_is_refused(void **state) {
    (void)state;
    struct hats_report report;
    assert_int_equal(verify_at(&report, SAMPLE_DONE_MS - HATS_RECEIPT_SKEW_MS), HATS_OK);
    assert_int_equal(verify_at(&report, SAMPLE_DONE_MS - HATS_RECEIPT_SKEW_MS - 1), HATS_E_VERIFY);
    assert_non_null(strstr(report.error.text, "future"));
    assert_int_equal(hats_report_exit_code(&report, false), 1);
}

static void resign(const struct hats_sign_key *key, int alg, uint64_t issued_s) {
    uint8_t header[512];
    struct hats_receipt r;
    struct hats_buffer payload, b;
    sample_receipt(&r);
    hats_buffer_init(&payload, 2048);
    hats_buffer_init(&b, HATS_RECEIPT_MAX_BYTES);
    assert_int_equal(hats_receipt_encode(&payload, &r, NULL), HATS_OK);
    size_t len =
        raw_header(header, sizeof header, key, alg, HATS_TYPE_RECEIPT, "hospital", issued_s);
    sign_raw(&b, key, header, len, (const uint8_t *)"\xa0", 1, payload.data, payload.len,
             "Signature1");
    memcpy(file, b.data, b.len);
    file_len = b.len;
    hats_buffer_clear(&payload);
    hats_buffer_clear(&b);
}

static void a_signer_that_contradicts_itself_is_refused(void **state) {
    (void)state;
    struct hats_receipt r;
    struct hats_report report;
    resign(signer, -49, SAMPLE_DONE_MS / 1000);
    assert_int_equal(verify_at(&report, SAMPLE_NOW_MS), HATS_OK);
    resign(signer, -49, SAMPLE_DONE_MS / 1000 - 1);
    assert_int_equal(verify_at(&report, SAMPLE_NOW_MS), HATS_E_VERIFY);
    assert_int_equal(report.signature, HATS_SIGNATURE_HOLDS);
    assert_non_null(strstr(report.error.text, "different seconds"));
    sample_receipt(&r);
    sign_sample(&r);
}

static void another_algorithm_than_the_suite_has_is_refused_even_from_a_trusted_key(void **state) {
    (void)state;
    static const enum hats_mldsa_level levels[] = {HATS_MLDSA_44, HATS_MLDSA_87};
    struct hats_receipt r;
    for (size_t i = 0; i < 2; i++) {
        struct hats_sign_key *other = sample_key(levels[i], 5);
        struct hats_report report;
        sample_trust(&trust, other, HATS_ROLE_ALL);
        resign(other, hats_cose_alg(levels[i]), SAMPLE_DONE_MS / 1000);
        assert_int_equal(verify_at(&report, SAMPLE_NOW_MS), HATS_E_INSECURE);
        assert_int_equal(hats_report_exit_code(&report, false), 1);
        hats_mldsa_free(other);
    }
    hats_trust_clear(&trust);
    sample_trust(&trust, signer, HATS_ROLE_RECEIPT);
    sample_receipt(&r);
    sign_sample(&r);
}

static void another_kind_of_file_is_refused_and_nothing_at_all_is_told_apart(void **state) {
    (void)state;
    static const char text[] = "id,radius\n1,2\n";
    struct hats_publication p;
    struct hats_buffer b;
    struct hats_report report;
    sample_publication(&p);
    hats_buffer_init(&b, HATS_PUBLICATION_MAX_BYTES);
    assert_int_equal(hats_publication_sign(&b, &p, signer, NULL), HATS_OK);
    assert_int_equal(hats_receipt_verify(&report, b.data, b.len, &trust, SAMPLE_NOW_MS, NULL),
                     HATS_E_UNSUPPORTED);
    assert_non_null(strstr(report.error.text, "typ (16)"));
    assert_int_equal(hats_report_exit_code(&report, false), 1);
    hats_buffer_clear(&b);
    assert_int_equal(hats_receipt_verify(&report, NULL, 0, &trust, SAMPLE_NOW_MS, NULL),
                     HATS_E_NOT_FOUND);
    assert_int_equal(hats_report_exit_code(&report, false), 7);
    assert_int_equal(hats_receipt_verify(&report, (const uint8_t *)text, sizeof text - 1, &trust,
                                         SAMPLE_NOW_MS, NULL),
                     HATS_E_NOT_FOUND);
    assert_int_equal(hats_report_exit_code(&report, false), 7);
}

static void an_allocation_that_fails_is_no_verdict(void **state) {
    (void)state;
    struct hats_report report;
    hats_alloc_fail_at(1);
    hats_status s = verify_at(&report, SAMPLE_NOW_MS);
    hats_alloc_fail_at(0);
    assert_int_equal(s, HATS_E_MEMORY);
    assert_int_equal(hats_report_exit_code(&report, false), 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_receipt_holds_and_its_rows_say_what_it_proves),
        cmocka_unit_test(the_receipt_of_a_session_says_nothing_of_an_answer),
        cmocka_unit_test(a_receipt_is_smaller_than_twelve_kilobytes),
        cmocka_unit_test(a_proof_that_was_checked_elsewhere_stays_an_assertion),
        cmocka_unit_test(any_changed_byte_is_refused_with_the_part_that_failed),
        cmocka_unit_test(a_truncated_receipt_is_refused_at_every_length),
        cmocka_unit_test(a_longer_receipt_is_refused),
        cmocka_unit_test(an_unknown_signer_cannot_be_checked),
        cmocka_unit_test(a_signer_counts_only_in_its_role_and_time),
        cmocka_unit_test(a_receipt_from_the_future_is_refused),
        cmocka_unit_test(a_signer_that_contradicts_itself_is_refused),
        cmocka_unit_test(another_algorithm_than_the_suite_has_is_refused_even_from_a_trusted_key),
        cmocka_unit_test(another_kind_of_file_is_refused_and_nothing_at_all_is_told_apart),
        cmocka_unit_test(an_allocation_that_fails_is_no_verdict),
    };
    return cmocka_run_group_tests_name("report", tests, make_sample, drop_sample);
}
