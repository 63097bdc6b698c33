/* Whole documents: the examples of RFC 8949, appendix A, in and out of the profile, and what the profile
 * refuses beyond them. */
#include "base/text.h"
#include "cbor/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static size_t from_hex(uint8_t *out, size_t cap, const char *hex) {
    size_t len = strlen(hex) / 2;
    assert_true(len <= cap);
    assert_true(hats_hex_decode(out, len, hex, strlen(hex)));
    return len;
}

static hats_status validate(const char *hex) {
    uint8_t bytes[256];
    return hats_cbor_validate(bytes, from_hex(bytes, sizeof bytes, hex), NULL);
}

static void assert_shown(const char *hex, const char *expected) {
    uint8_t bytes[256];
    size_t len = from_hex(bytes, sizeof bytes, hex);
    struct hats_error err;
    struct hats_buffer text;
    hats_buffer_init(&text, 1024);
    if (hats_cbor_validate(bytes, len, &err) != HATS_OK)
        fail_msg("%s: %s", hex, err.text);
    hats_cbor_diagnose(&text, bytes, len, 0);
    hats_buffer_append(&text, "", 1);
    assert_string_equal((const char *)text.data, expected);
    hats_buffer_clear(&text);
}

static void the_examples_of_the_standard_inside_the_profile_are_read(void **state) {
    (void)state;
    static const char *const examples[][2] = {
        {"00", "0"},
        {"01", "1"},
        {"0a", "10"},
        {"17", "23"},
        {"1818", "24"},
        {"1819", "25"},
        {"1864", "100"},
        {"1903e8", "1000"},
        {"1a000f4240", "1000000"},
        {"1b000000e8d4a51000", "1000000000000"},
        {"1bffffffffffffffff", "18446744073709551615"},
        {"20", "-1"},
        {"29", "-10"},
        {"3863", "-100"},
        {"3903e7", "-1000"},
        {"f4", "false"},
        {"f5", "true"},
        {"f6", "null"},
        {"40", "h''"},
        {"4401020304", "h'01020304'"},
        {"60", "\"\""},
        {"6161", "\"a\""},
        {"6449455446", "\"IETF\""},
        {"62225c", "\"\\\"\\\\\""},
        {"62c3bc", "\"\xc3\xbc\""},
        {"63e6b0b4", "\"\xe6\xb0\xb4\""},
        {"64f0908591", "\"\xf0\x90\x85\x91\""},
        {"80", "[]"},
        {"83010203", "[1, 2, 3]"},
        {"8301820203820405", "[1, [2, 3], [4, 5]]"},
        {"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
         "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]"},
        {"a0", "{}"},
        {"a201020304", "{1: 2, 3: 4}"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        assert_shown(examples[i][0], examples[i][1]);
}

static void the_examples_outside_the_profile_are_refused_for_their_reason(void **state) {
    (void)state;
    static const struct {
        const char *hex;
        hats_status status;
    } examples[] = {
        {"c249010000000000000000", HATS_E_UNSUPPORTED}, /* bignum */
        {"3bffffffffffffffff", HATS_E_UNSUPPORTED},     /* -2^64 */
        {"c349010000000000000000", HATS_E_UNSUPPORTED},
        {"f90000", HATS_E_UNSUPPORTED}, /* floats */
        {"f98000", HATS_E_UNSUPPORTED},
        {"fb3ff199999999999a", HATS_E_UNSUPPORTED},
        {"fa47c35000", HATS_E_UNSUPPORTED},
        {"f97c00", HATS_E_UNSUPPORTED},
        {"f97e00", HATS_E_UNSUPPORTED},
        {"fbfff0000000000000", HATS_E_UNSUPPORTED},
        {"f7", HATS_E_UNSUPPORTED}, /* undefined, other simple values */
        {"f0", HATS_E_UNSUPPORTED},
        {"f8ff", HATS_E_UNSUPPORTED},
        {"c074323031332d30332d32315432303a30343a30305a", HATS_E_UNSUPPORTED}, /* tags */
        {"c11a514b67b0", HATS_E_UNSUPPORTED},
        {"d74401020304", HATS_E_UNSUPPORTED},
        {"d818456449455446", HATS_E_UNSUPPORTED},
        {"a26161016162820203", HATS_E_UNSUPPORTED}, /* text keys */
        {"5f42010243030405ff", HATS_E_CANONICAL},   /* indefinite length */
        {"7f657374726561646d696e67ff", HATS_E_CANONICAL},
        {"9fff", HATS_E_CANONICAL},
        {"9f018202039f0405ffff", HATS_E_CANONICAL},
        {"bf61610161629f0203ffff", HATS_E_CANONICAL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        if (validate(examples[i].hex) != examples[i].status)
            fail_msg("%s: %s", examples[i].hex, hats_status_name(validate(examples[i].hex)));
}

static void longer_heads_than_needed_are_refused(void **state) {
    (void)state;
    static const char *const heads[] = {
        "1800", "1817", "190000", "1900ff", "1a0000ffff", "1b00000000ffffffff",
        "3817", "5800", "780161", "980101", "b8010102",   "d81280",
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (validate(heads[i]) != HATS_E_CANONICAL)
            fail_msg("%s: %s", heads[i], hats_status_name(validate(heads[i])));
}

static void map_keys_ascend_strictly(void **state) {
    (void)state;
    assert_int_equal(validate("a301000a00181800"), HATS_OK);
    assert_int_equal(validate("a21818002000"), HATS_OK); /* 24 before -1: by bytes, not by value */
    assert_int_equal(validate("a202000100"), HATS_E_CANONICAL);
    assert_int_equal(validate("a201000100"), HATS_E_CANONICAL);
    assert_int_equal(validate("a220000000"), HATS_E_CANONICAL);
    assert_int_equal(validate("a14000"), HATS_E_UNSUPPORTED); /* a byte string as key */
    assert_int_equal(validate("a18000"), HATS_E_UNSUPPORTED);
}

static void text_is_utf8(void **state) {
    (void)state;
    static const char *const bad[] = {
        "61ff",       "6180",       "62c0af",     "62c1bf", "63e08080", "63eda080", "63edbfbf",
        "64f0808080", "64f4908080", "64f5808080", "61c3",   "62e6b0",   "63f09085", "62c328",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (validate(bad[i]) != HATS_E_MALFORMED)
            fail_msg("%s: %s", bad[i], hats_status_name(validate(bad[i])));
    assert_int_equal(validate("63ed9fbf"), HATS_OK);   /* U+D7FF, the last before the surrogates */
    assert_int_equal(validate("63ee8080"), HATS_OK);   /* U+E000, the first after them */
    assert_int_equal(validate("64f48fbfbf"), HATS_OK); /* U+10FFFF */
}

static void a_document_is_one_whole_item(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "0000",
        "18",
        "19ff",
        "1affffff",
        "41",
        "61",
        "81",
        "810101",
        "a1",
        "a101",
        "d2",
        "9bffffffffffffffff",
        "5bffffffffffffffff",
        "bbffffffffffffffff",
        "1c",
        "3d",
        "5e",
        "fe",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (validate(bad[i]) != HATS_E_MALFORMED)
            fail_msg("%s: %s", bad[i], hats_status_name(validate(bad[i])));
}

static void nesting_ends_at_sixteen(void **state) {
    (void)state;
    uint8_t bytes[HATS_CBOR_DEPTH_MAX + 1];
    memset(bytes, 0x81, sizeof bytes);
    bytes[HATS_CBOR_DEPTH_MAX] = 0x00; /* sixteen arrays around a number */
    assert_int_equal(hats_cbor_validate(bytes, sizeof bytes, NULL), HATS_OK);
    bytes[HATS_CBOR_DEPTH_MAX] = 0x80; /* sixteen arrays around an array */
    assert_int_equal(hats_cbor_validate(bytes, sizeof bytes, NULL), HATS_E_MALFORMED);
}

static void tag_18_and_the_smallest_integer_are_in_the_profile(void **state) {
    (void)state;
    assert_shown("d28440a04100f6", "18([h'', {}, h'00', null])");
    assert_shown("3b7fffffffffffffff", "-9223372036854775808");
    assert_int_equal(validate("3b8000000000000000"), HATS_E_UNSUPPORTED);
}

static void a_refusal_names_the_byte(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0x83, 0x01, 0x02, 0x18, 0x03};
    struct hats_error err = {0};
    assert_int_equal(hats_cbor_validate(bytes, sizeof bytes, &err), HATS_E_CANONICAL);
    assert_non_null(strstr(err.text, "byte 3"));
}

static void long_byte_strings_are_cut_in_the_view(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0x44, 1, 2, 3, 4};
    struct hats_buffer text;
    hats_buffer_init(&text, 64);
    hats_cbor_diagnose(&text, bytes, sizeof bytes, 2);
    hats_buffer_append(&text, "", 1);
    assert_string_equal((const char *)text.data, "h'0102' /... 4 bytes/");
    hats_buffer_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_inside_the_profile_are_read),
        cmocka_unit_test(the_examples_outside_the_profile_are_refused_for_their_reason),
        cmocka_unit_test(longer_heads_than_needed_are_refused),
        cmocka_unit_test(map_keys_ascend_strictly),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(a_document_is_one_whole_item),
        cmocka_unit_test(nesting_ends_at_sixteen),
        cmocka_unit_test(tag_18_and_the_smallest_integer_are_in_the_profile),
        cmocka_unit_test(a_refusal_names_the_byte),
        cmocka_unit_test(long_byte_strings_are_cut_in_the_view),
    };
    return cmocka_run_group_tests_name("cbor vectors", tests, NULL, NULL);
}
