#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void base64url_gives_the_published_vectors(void **state) {
    (void)state;
    /* RFC 4648, section 10, without padding */
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const coded[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
    for (size_t i = 0; i < 7; i++) {
        char out[16];
        uint8_t back[16];
        size_t len = 99;
        hats_base64url_encode(out, plain[i], strlen(plain[i]));
        assert_string_equal(out, coded[i]);
        assert_int_equal(hats_base64url_len(strlen(plain[i])), strlen(coded[i]));
        assert_true(hats_base64url_decode(back, sizeof back, &len, out, strlen(out)));
        assert_int_equal(len, strlen(plain[i]));
        assert_memory_equal(back, plain[i], len);
    }
}

static void base64_gives_the_published_vectors(void **state) {
    (void)state;
    /* RFC 4648, section 10 */
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const coded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t i = 0; i < 7; i++) {
        char out[16];
        uint8_t back[16];
        size_t len = 99;
        hats_base64_encode(out, plain[i], strlen(plain[i]));
        assert_string_equal(out, coded[i]);
        assert_int_equal(hats_base64_len(strlen(plain[i])), strlen(coded[i]));
        assert_true(hats_base64_decode(back, sizeof back, &len, out, strlen(out)));
        assert_int_equal(len, strlen(plain[i]));
        assert_memory_equal(back, plain[i], len);
    }
}

static void base64_refuses_other_spellings(void **state) {
    (void)state;
    uint8_t out[16];
    size_t len;
    static const char *const bad[] = {"Zg",   "Zg=",  "Zh==", "Zg===", "Zm9=",     "Zm-v",
                                      "Zm_v", "Z===", "====", "=Zm9",  "Zg==Zg==", "Zm8=\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(hats_base64_decode(out, sizeof out, &len, bad[i], strlen(bad[i])));
    assert_false(hats_base64_decode(out, 2, &len, "Zm9v", 4));
    assert_true(hats_base64_decode(out, sizeof out, &len, "+/+/", 4));
}

static void base64url_refuses_other_spellings(void **state) {
    (void)state;
    uint8_t out[16];
    size_t len;
    static const char *const bad[] = {"Zg==", "Zh", "Z", "Zm+v", "Zm/v", "Zm 9v"};
    for (size_t i = 0; i < 6; i++)
        assert_false(hats_base64url_decode(out, sizeof out, &len, bad[i], strlen(bad[i])));
    assert_false(hats_base64url_decode(out, 2, &len, "Zm9v", 4));
}

static void hex_is_exact(void **state) {
    (void)state;
    uint8_t out[2];
    char text[5];
    assert_true(hats_hex_decode(out, 2, "0aFf", 4));
    hats_hex_encode(text, out, 2);
    assert_string_equal(text, "0aff");
    assert_false(hats_hex_decode(out, 2, "0aF", 3));
    assert_false(hats_hex_decode(out, 2, "0aFg", 4));
}

static void decimals_have_one_spelling_and_a_bound(void **state) {
    (void)state;
    uint64_t v;
    assert_true(hats_parse_u64(&v, "18446744073709551615", 20));
    assert_true(v == UINT64_MAX);
    assert_false(hats_parse_u64(&v, "18446744073709551616", 20));
    assert_false(hats_parse_u64(&v, "01", 2));
    assert_false(hats_parse_u64(&v, "+1", 2));
    assert_false(hats_parse_u64(&v, "", 0));
    assert_true(hats_parse_u64(&v, "0", 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64url_gives_the_published_vectors),
        cmocka_unit_test(base64url_refuses_other_spellings),
        cmocka_unit_test(base64_gives_the_published_vectors),
        cmocka_unit_test(base64_refuses_other_spellings),
        cmocka_unit_test(hex_is_exact),
        cmocka_unit_test(decimals_have_one_spelling_and_a_bound),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
