#include "model/input.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void reads(const char *text, unsigned decimals, int64_t want) {
    int64_t v = -1;
    assert_int_equal(hats_decimal_parse(&v, text, strlen(text), decimals), HATS_OK);
    assert_int_equal(v, want);
}

static void refuses(const char *text, unsigned decimals, hats_status want) {
    int64_t v = -1;
    assert_int_equal(hats_decimal_parse(&v, text, strlen(text), decimals), want);
    assert_int_equal(v, 0);
}

static void plain_decimals_are_exact(void **state) {
    (void)state;
    reads("0", 3, 0);
    reads("-0.000", 0, 0);
    reads("12", 2, 1200);
    reads("-12.5", 1, -125);
    reads("+7", 0, 7);
    reads("007", 0, 7);
    reads(".5", 1, 5);
    reads("5.", 1, 50);
    reads("0.1184", 6, 118400);
    reads("1.50000000000000000000000000000", 1, 15);
}

static void exponents_are_exact(void **state) {
    (void)state;
    reads("1.5e-3", 4, 15);
    reads("15E2", 0, 1500);
    reads("1e18", 0, INT64_C(1000000000000000000));
    reads("1000e-3", 0, 1);
    reads("0e999999999", 0, 0);
    reads("0.00000001e8", 0, 1);
}

static void the_ends_of_the_range_hold(void **state) {
    (void)state;
    reads("9223372036854775807", 0, INT64_MAX);
    reads("-9223372036854775807", 0, -INT64_MAX);
    refuses("9223372036854775808", 0, HATS_E_RANGE);
    refuses("92233720368547758070", 0, HATS_E_RANGE);
    refuses("1e19", 0, HATS_E_RANGE);
    refuses("1e1000000000000000000000", 0, HATS_E_RANGE);
}

static void more_digits_than_the_scale_are_refused_not_rounded(void **state) {
    (void)state;
    refuses("0.125", 2, HATS_E_RANGE);
    refuses("1e-1", 0, HATS_E_RANGE);
    refuses("1e-99999999999999999999", 12, HATS_E_RANGE);
    reads("0.120", 2, 12);
}

static void what_is_no_plain_decimal_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",    " ",  "nan",   "NaN", "inf", "-inf", "0x10",  "1,5",  "1 ", " 1", "1e", "1e+",
        "--1", "1-", "1.2.3", ".",   "+",   "e5",   "1_000", "1e5.", "½",  "١",  "1f", "Infinity"};
    for (size_t i = 0; i < HATS_COUNT_OF(bad); i++) {
        refuses(bad[i], 4, HATS_E_MALFORMED);
        assert_int_equal(hats_decimal_digits(bad[i], strlen(bad[i])), -1);
    }
}

static void digits_are_those_a_value_needs(void **state) {
    (void)state;
    assert_int_equal(hats_decimal_digits("0.1250", 6), 3);
    assert_int_equal(hats_decimal_digits("1e-12", 5), 12);
    assert_int_equal(hats_decimal_digits("1e-13", 5), -1);
    assert_int_equal(hats_decimal_digits("120", 3), 0);
    assert_int_equal(hats_decimal_digits("1.5e3", 5), 0);
}

static void printing_an_integer_with_a_point_is_undone(void **state) {
    (void)state;
    unsigned seed = 20261;
    print_message("seed %u\n", seed);
    srandom(seed);
    for (int i = 0; i < 20000; i++) {
        unsigned decimals = (unsigned)(random() % 10);
        int64_t v = (int64_t)((uint64_t)random() << 20 ^ (uint64_t)random());
        char text[64];
        int64_t power = 1;
        for (unsigned j = 0; j < decimals; j++)
            power *= 10;
        (void)snprintf(text, sizeof text, "-%lld.%0*lld", (long long)(v / power),
                       (int)decimals > 0 ? (int)decimals : 1, (long long)(v % power));
        reads(text, decimals > 0 ? decimals : 1, decimals > 0 ? -v : -v * 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_decimals_are_exact),
        cmocka_unit_test(exponents_are_exact),
        cmocka_unit_test(the_ends_of_the_range_hold),
        cmocka_unit_test(more_digits_than_the_scale_are_refused_not_rounded),
        cmocka_unit_test(what_is_no_plain_decimal_is_refused),
        cmocka_unit_test(digits_are_those_a_value_needs),
        cmocka_unit_test(printing_an_integer_with_a_point_is_undone),
    };
    return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
