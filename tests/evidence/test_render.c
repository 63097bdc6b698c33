#include "evidence/fixture.h"
#include "evidence/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX 65536

/* Enough of a JSON reader to know whether a text is one value: RFC 8259. */
static const char *json_value(const char *s);

static const char *json_space(const char *s) { return s + strspn(s, " \n\r\t"); }

static const char *json_string(const char *s) {
    if (*s != '"')
        return NULL;
    for (s++; *s != '"'; s++) {
        if ((unsigned char)*s < 0x20)
            return NULL;
        if (*s != '\\')
            continue;
        s++;
        if (*s == 'u' && strspn(s + 1, "0123456789abcdefABCDEF") >= 4)
            s += 4;
        else if (*s == '\0' || strchr("\"\\/bfnrt", *s) == NULL)
            return NULL;
    }
    return s + 1;
}

static const char *json_members(const char *s, char close, bool named) {
    s = json_space(s + 1);
    if (*s == close)
        return s + 1;
    for (;;) {
        if (named) {
            s = json_string(s);
            s = s == NULL ? NULL : json_space(s);
            if (s == NULL || *s != ':')
                return NULL;
            s = json_space(s + 1);
        }
        s = json_value(s);
        s = s == NULL ? NULL : json_space(s);
        if (s == NULL || (*s != ',' && *s != close))
            return NULL;
        if (*s == close)
            return s + 1;
        s = json_space(s + 1);
    }
}

static const char *json_value(const char *s) {
    if (*s == '{')
        return json_members(s, '}', true);
    if (*s == '[')
        return json_members(s, ']', false);
    if (*s == '"')
        return json_string(s);
    if (strncmp(s, "null", 4) == 0 || strncmp(s, "true", 4) == 0)
        return s + 4;
    size_t digits = strspn(s, "0123456789");
    return digits != 0 ? s + digits : NULL;
}

static void assert_json(const struct hats_buffer *b) {
    const char *end = json_value((const char *)b->data);
    if (end == NULL || *json_space(end) != '\0')
        fail_msg("not JSON: %s", (const char *)b->data);
}

static void finish(struct hats_buffer *b) {
    hats_buffer_append(b, "", 1);
    assert_false(b->failed);
}

static void assert_holds(const struct hats_buffer *b, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strstr((const char *)b->data, words[i]) == NULL)
            fail_msg("\"%s\" is missing in: %s", words[i], (const char *)b->data);
}

static void verify_sample(struct hats_report *report, bool trusted, bool broken) {
    struct hats_sign_key *key = sample_key(HATS_MLDSA_65, 1);
    struct hats_receipt r;
    struct hats_trust trust;
    struct hats_buffer b;
    sample_receipt(&r);
    hats_trust_init(&trust);
    if (trusted)
        sample_trust(&trust, key, HATS_ROLE_RECEIPT);
    hats_buffer_init(&b, HATS_RECEIPT_MAX_BYTES);
    assert_int_equal(hats_receipt_sign(&b, &r, key, "a \"quoted\" \\ name", NULL), HATS_OK);
    if (broken)
        b.data[b.len - 1] ^= 1;
    hats_status s = hats_receipt_verify(report, b.data, b.len, &trust, SAMPLE_NOW_MS, NULL);
    assert_int_equal(s, broken ? HATS_E_VERIFY : trusted ? HATS_OK : HATS_E_TRUST);
    hats_buffer_clear(&b);
    hats_trust_clear(&trust);
    hats_mldsa_free(key);
}

static void the_text_says_who_what_when_and_how_far(void **state) {
    (void)state;
    static const char *const words[] = {
        "VERIFIED",
        "signed by    St. Elsewhere (trusted), ML-DSA-65",
        "wdbc, version 2026-09",
        "7777777777777777", /* the input */
        "2026-09-21T14:13:20.123Z",
        "X25519MLKEM768",
        "1 Encrypted inference     asserted by St. Elsewhere",
        "2 Output authenticity     proven by this file, signed by St. Elsewhere",
        "3 Data provenance         not in this file",
        "7 Post-quantum readiness",
    };
    struct hats_report report;
    struct hats_buffer b;
    verify_sample(&report, true, false);
    hats_buffer_init(&b, TEXT_MAX);
    hats_report_text(&b, &report, false);
    finish(&b);
    assert_holds(&b, words, sizeof words / sizeof words[0]);
    unsigned n_lines = 0;
    for (char *line = strtok((char *)b.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) <= 100);
        n_lines++;
    }
    assert_true(n_lines <= 32); /* one screen */
    hats_buffer_clear(&b);
}

static void a_refusal_says_why_and_concludes_nothing(void **state) {
    (void)state;
    static const char *const words[] = {
        "REFUSED  signature: ", "names key of St. Elsewhere (not-judged)", "Do not rely on it"};
    struct hats_report report;
    struct hats_buffer b;
    verify_sample(&report, true, true);
    hats_buffer_init(&b, TEXT_MAX);
    hats_report_text(&b, &report, false);
    finish(&b);
    assert_holds(&b, words, 3);
    assert_null(strstr((const char *)b.data, "signed by"));
    assert_null(strstr((const char *)b.data, "proven by this file"));
    hats_buffer_clear(&b);
}

static void every_report_is_json(void **state) {
    (void)state;
    static const char *const words[] = {
        "\"verdict\": \"verified\"",
        "\"a \\\"quoted\\\" \\\\ name\"",
        "\"done_ms\": 1790000000123",
        "\"gate_steps\": [\"tls\", \"token\", \"core\", \"accept\"]",
        "\"state\": \"not-in-this-file\"",
    };
    static const char *const untrusted[] = {
        "\"verdict\": \"refused\"", "\"signature\": \"not-checked\"", "\"state\": \"unknown\""};
    struct hats_report report;
    struct hats_buffer b;
    verify_sample(&report, true, false);
    hats_buffer_init(&b, TEXT_MAX);
    hats_report_json(&b, &report);
    finish(&b);
    assert_json(&b);
    assert_holds(&b, words, sizeof words / sizeof words[0]);
    hats_buffer_clear(&b);
    verify_sample(&report, false, false);
    hats_report_json(&b, &report);
    finish(&b);
    assert_json(&b);
    assert_holds(&b, untrusted, 3);
    hats_buffer_clear(&b);
    struct hats_trust nobody;
    hats_trust_init(&nobody);
    assert_int_equal(hats_receipt_verify(&report, NULL, 0, &nobody, 0, NULL), HATS_E_NOT_FOUND);
    hats_report_json(&b, &report);
    finish(&b);
    assert_json(&b);
    hats_buffer_clear(&b);
}

static void the_claims_are_shown_in_full(void **state) {
    (void)state;
    static const char *const words[] = {
        "  plan       4444444444444444",
        "set 1, t = 2^20, 141 classical and 128 quantum bits",
        "  owner      none",
        "  flooding   9999999999999999",
        "gate steps   tls token core accept",
    };
    struct hats_receipt r;
    struct hats_buffer b;
    sample_receipt(&r);
    r.has_owner = false;
    hats_buffer_init(&b, TEXT_MAX);
    hats_receipt_text(&b, &r);
    finish(&b);
    assert_holds(&b, words, sizeof words / sizeof words[0]);
    hats_buffer_clear(&b);
}

static void a_session_is_shown_as_what_it_is(void **state) {
    (void)state;
    static const char *const opened[] = {"\"kind\": \"session\"", "\"event\": \"opened\"",
                                         "\"call_index\": null"};
    static const char *const closed[] = {"\"event\": \"closed\"", "\"call_index\": 4095"};
    for (int closes = 0; closes < 2; closes++) {
        struct hats_receipt r;
        struct hats_buffer b;
        sample_session(&r, closes == 1);
        hats_buffer_init(&b, 65536);
        hats_receipt_json(&b, &r);
        finish(&b);
        assert_json(&b);
        assert_holds(&b, closes ? closed : opened, closes ? 2 : 3);
        hats_buffer_clear(&b);
        hats_buffer_init(&b, 65536);
        hats_receipt_text(&b, &r);
        finish(&b);
        assert_non_null(strstr((const char *)b.data, closes ? "closed" : "opened"));
        assert_null(strstr((const char *)b.data, "model"));
        hats_buffer_clear(&b);
    }
}

static void publications_and_keys_are_shown_both_ways(void **state) {
    (void)state;
    static const char *const words[] = {"Model House", "wdbc"};
    static const char *const key_words[] = {"St. Elsewhere", "receipt signer, data owner",
                                            "revoked"};
    struct hats_sign_key *key = sample_key(HATS_MLDSA_65, 1);
    struct hats_trust_key entry;
    struct hats_publication p;
    struct hats_trust t;
    struct hats_buffer b;
    sample_publication(&p);
    hats_buffer_init(&b, TEXT_MAX);
    hats_publication_json(&b, &p, NULL);
    finish(&b);
    assert_json(&b);
    assert_holds(&b, words, 2);
    assert_non_null(strstr((const char *)b.data, "\"signer\": null"));
    hats_buffer_clear(&b);
    hats_publication_text(&b, &p, NULL);
    finish(&b);
    assert_holds(&b, words, 2);
    assert_null(strstr((const char *)b.data, "signed by"));
    hats_buffer_clear(&b);
    hats_trust_init(&t);
    hats_trust_key_of(&entry, key, "St. Elsewhere", HATS_ROLE_RECEIPT | HATS_ROLE_OWNER, 0);
    entry.revoked_ms = SAMPLE_DONE_MS;
    assert_int_equal(hats_trust_add(&t, &entry, NULL), HATS_OK);
    hats_trust_json(&b, &t);
    finish(&b);
    assert_json(&b);
    hats_buffer_clear(&b);
    hats_trust_text(&b, &t);
    finish(&b);
    assert_holds(&b, key_words, 3);
    hats_buffer_clear(&b);
    hats_trust_clear(&t);
    hats_mldsa_free(key);
}

/* "National Health Service" signed by somebody whom the reader knows as "Model House". */
static void a_publisher_is_called_what_the_reader_calls_its_key(void **state) {
    (void)state;
    static const char *const text_words[] = {"signed by    Model House (trusted), ML-DSA-65",
                                             "says it is \"National Health Service\""};
    static const char *const json_words[] = {"\"publisher\": \"National Health Service\"",
                                             "\"signer\": {\"name\": \"Model House\""};
    struct hats_sign_key *key = sample_key(HATS_MLDSA_65, 1);
    struct hats_trust_key entry;
    struct hats_publication p;
    struct hats_buffer b;
    sample_publication(&p);
    memset(p.publisher, 0, sizeof p.publisher);
    strcpy(p.publisher, "National Health Service");
    hats_trust_key_of(&entry, key, "Model House", HATS_ROLE_MODEL, 0);
    hats_buffer_init(&b, TEXT_MAX);
    hats_publication_text(&b, &p, &entry);
    finish(&b);
    assert_holds(&b, text_words, 2);
    hats_buffer_clear(&b);
    hats_publication_json(&b, &p, &entry);
    finish(&b);
    assert_json(&b);
    assert_holds(&b, json_words, 2);
    hats_buffer_clear(&b);
    hats_mldsa_free(key);
}

static void json_strings_escape_what_they_must(void **state) {
    (void)state;
    struct hats_buffer b;
    hats_buffer_init(&b, 64);
    hats_json_string(&b, "a\"\\\n\x7f\xc3\xbc");
    finish(&b);
    assert_string_equal((const char *)b.data, "\"a\\\"\\\\\\u000a\\u007f\xc3\xbc\"");
    hats_buffer_clear(&b);
}

static void times_are_rfc_3339(void **state) {
    (void)state;
    char text[32];
    hats_time_text(text, 0);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    hats_time_text(text, 951782400000); /* 29 February 2000 */
    assert_string_equal(text, "2000-02-29T00:00:00.000Z");
    hats_time_text(text, 253402300799999);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    hats_time_text(text, UINT64_MAX);
    assert_string_equal(text, "-");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_says_who_what_when_and_how_far),
        cmocka_unit_test(a_refusal_says_why_and_concludes_nothing),
        cmocka_unit_test(every_report_is_json),
        cmocka_unit_test(the_claims_are_shown_in_full),
        cmocka_unit_test(a_session_is_shown_as_what_it_is),
        cmocka_unit_test(publications_and_keys_are_shown_both_ways),
        cmocka_unit_test(a_publisher_is_called_what_the_reader_calls_its_key),
        cmocka_unit_test(json_strings_escape_what_they_must),
        cmocka_unit_test(times_are_rfc_3339),
    };
    return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
