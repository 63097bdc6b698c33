#include "evidence/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct hats_sign_key *publisher;
static struct hats_trust trust;

static void sign(struct hats_buffer *out, const struct hats_publication *p) {
    struct hats_error err;
    hats_buffer_init(out, HATS_PUBLICATION_MAX_BYTES);
    if (hats_publication_sign(out, p, publisher, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static void a_publication_comes_back_with_its_publisher(void **state) {
    (void)state;
    struct hats_publication p, back;
    struct hats_buffer b;
    struct hats_error err;
    const struct hats_trust_key *key;
    memset(&p, 0, sizeof p);
    sample_publication(&p);
    sign(&b, &p);
    if (hats_publication_verify(&back, &key, b.data, b.len, &trust, SAMPLE_NOW_MS, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_memory_equal(&back, &p, sizeof p);
    assert_string_equal(key->name, "St. Elsewhere");
    hats_buffer_clear(&b);
}

static void any_changed_byte_is_refused(void **state) {
    (void)state;
    struct hats_publication p, back;
    static const struct hats_publication zero;
    struct hats_buffer b;
    struct hats_error err;
    const struct hats_trust_key *key;
    sample_publication(&p);
    sign(&b, &p);
    for (size_t at = 0; at < b.len; at++) {
        b.data[at] ^= 0x04;
        if (hats_publication_verify(&back, &key, b.data, b.len, &trust, SAMPLE_NOW_MS, &err) ==
            HATS_OK)
            fail_msg("changed at %zu and still accepted", at);
        assert_null(key);
        assert_memory_equal(&back, &zero, sizeof back);
        b.data[at] ^= 0x04;
    }
    for (size_t len = 0; len < b.len; len++)
        assert_int_not_equal(
            hats_publication_verify(&back, NULL, b.data, len, &trust, SAMPLE_NOW_MS, &err),
            HATS_OK);
    hats_buffer_clear(&b);
}

static void a_receipt_signer_may_not_publish(void **state) {
    (void)state;
    struct hats_publication p, back;
    struct hats_buffer b;
    struct hats_error err;
    struct hats_trust other;
    sample_publication(&p);
    sign(&b, &p);
    hats_trust_init(&other);
    sample_trust(&other, publisher, HATS_ROLE_RECEIPT);
    assert_int_equal(
        hats_publication_verify(&back, NULL, b.data, b.len, &other, SAMPLE_NOW_MS, &err),
        HATS_E_TRUST);
    assert_non_null(strstr(err.text, "model publisher"));
    hats_trust_clear(&other);
    hats_buffer_clear(&b);
}

static void a_receipt_is_not_a_publication(void **state) {
    (void)state;
    struct hats_receipt r;
    struct hats_publication back;
    struct hats_buffer b;
    struct hats_error err;
    sample_receipt(&r);
    hats_buffer_init(&b, HATS_RECEIPT_MAX_BYTES);
    assert_int_equal(hats_receipt_sign(&b, &r, publisher, "me", &err), HATS_OK);
    assert_int_equal(
        hats_publication_verify(&back, NULL, b.data, b.len, &trust, SAMPLE_NOW_MS, &err),
        HATS_E_UNSUPPORTED);
    hats_buffer_clear(&b);
}

static void a_bad_field_is_named(void **state) {
    (void)state;
    /* In the order of the fields: a payload that goes wrong exactly there. */
#define COMMITMENT "\x02\x58\x20................................"
#define PLAN "\x05\x58\x20................................"
#define GOOD_TO_PLAN "\xa9\x01\x01" COMMITMENT "\x03\x61n\x04\x61v" PLAN
    static const struct {
        const char *bytes;
        size_t len;
        hats_status status;
        const char *field;
    } cases[] = {
        {"\xa1\x01\x02", 3, HATS_E_VERSION, "field 1 "},
        {"\xa1\x00\x02", 3, HATS_E_MALFORMED, "field 1 "},
        {"\xa2\x01\x01\x02\x41\x00", 6, HATS_E_MALFORMED, "field 2 "},
        {"\xa1\x01\x01", 3, HATS_E_MALFORMED, "field 2 "},
        {"\xa3\x01\x01" COMMITMENT "\x03\x60", 40, HATS_E_RANGE, "field 3 "},
        {"\xa3\x01\x01" COMMITMENT "\x03\x00", 40, HATS_E_MALFORMED, "field 3 "},
        {"\xa4\x01\x01" COMMITMENT "\x03\x61n\x04\x61\x07", 44, HATS_E_RANGE, "field 4 "},
        {"\xa6\x01\x01" COMMITMENT "\x03\x61n\x04\x61v" PLAN "\x06\x00", 81, HATS_E_RANGE,
         "field 6 "},
        {"\xa7\x01\x01" COMMITMENT "\x03\x61n\x04\x61v" PLAN "\x06\x01\x07\x18\x3f", 84,
         HATS_E_RANGE, "field 7 "},
        {"\xa8\x01\x01" COMMITMENT "\x03\x61n\x04\x61v" PLAN "\x06\x01\x07\x14\x08\x20", 85,
         HATS_E_MALFORMED, "field 8 "},
        {GOOD_TO_PLAN "\x06\x01\x07\x14\x08\x01\x09\xf6", 87, HATS_E_MALFORMED, "field 9 "},
        {"\x80", 1, HATS_E_MALFORMED, "not a map"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hats_publication back;
        struct hats_error err = {0};
        hats_status s =
            hats_publication_decode(&back, (const uint8_t *)cases[i].bytes, cases[i].len, &err);
        if (s != cases[i].status || strstr(err.text, cases[i].field) == NULL)
            fail_msg("case %zu: %s: %s", i, hats_status_name(s), err.text);
    }
    struct hats_publication back;
    struct hats_error err;
    static const char good[] = GOOD_TO_PLAN "\x06\x01\x07\x14\x08\x01\x09\x61p";
    static const char more[] = "\xaa\x01\x01" COMMITMENT "\x03\x61n\x04\x61v" PLAN
                               "\x06\x01\x07\x14\x08\x01\x09\x61p\x0a\x00";
    assert_int_equal(hats_publication_decode(&back, (const uint8_t *)good, sizeof good - 1, &err),
                     HATS_OK);
    assert_int_equal(hats_publication_decode(&back, (const uint8_t *)more, sizeof more - 1, &err),
                     HATS_E_UNSUPPORTED);
}

static void a_publication_of_tomorrow_is_refused_today(void **state) {
    (void)state;
    struct hats_publication p, back;
    struct hats_buffer b;
    struct hats_error err = {0};
    sample_publication(&p);
    sign(&b, &p);
    assert_int_equal(hats_publication_verify(&back, NULL, b.data, b.len, &trust,
                                             p.published_ms - HATS_RECEIPT_SKEW_MS, &err),
                     HATS_OK);
    assert_int_equal(hats_publication_verify(&back, NULL, b.data, b.len, &trust,
                                             p.published_ms - HATS_RECEIPT_SKEW_MS - 1, &err),
                     HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "future"));
    hats_buffer_clear(&b);
}

static void what_the_reader_would_refuse_is_not_signed(void **state) {
    (void)state;
    struct hats_publication p;
    struct hats_buffer b;
    struct hats_error err;
    hats_buffer_init(&b, HATS_PUBLICATION_MAX_BYTES);
    sample_publication(&p);
    p.set_id = 0;
    assert_int_equal(hats_publication_sign(&b, &p, publisher, &err), HATS_E_RANGE);
    sample_publication(&p);
    p.publisher[0] = '\0';
    assert_int_equal(hats_publication_sign(&b, &p, publisher, &err), HATS_E_RANGE);
    assert_int_equal(b.len, 0);
}

static int make_trust(void **state) {
    (void)state;
    publisher = sample_key(HATS_MLDSA_65, 8);
    hats_trust_init(&trust);
    sample_trust(&trust, publisher, HATS_ROLE_MODEL);
    return 0;
}

static int drop_trust(void **state) {
    (void)state;
    hats_trust_clear(&trust);
    hats_mldsa_free(publisher);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publication_comes_back_with_its_publisher),
        cmocka_unit_test(any_changed_byte_is_refused),
        cmocka_unit_test(a_receipt_signer_may_not_publish),
        cmocka_unit_test(a_receipt_is_not_a_publication),
        cmocka_unit_test(a_bad_field_is_named),
        cmocka_unit_test(a_publication_of_tomorrow_is_refused_today),
        cmocka_unit_test(what_the_reader_would_refuse_is_not_signed),
    };
    return cmocka_run_group_tests_name("publication", tests, make_trust, drop_trust);
}
