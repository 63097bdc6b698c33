#include "wire/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void every_refusal_has_its_own_code_and_says_what_to_do(void **state) {
    (void)state;
    for (int p = 1; p < HATS_PROBLEM_COUNT; p++) {
        const struct hats_problem_info *info = hats_problem_info((enum hats_problem)p);
        assert_non_null(info->code);
        assert_int_equal(hats_problem_by_code(info->code), p); /* so codes are distinct */
        assert_true(strlen(info->title) > 10 && strlen(info->advice) > 10);
        assert_true(info->status == 202 || (info->status >= 400 && info->status <= 599));
    }
    assert_int_equal(hats_problem_by_code("no-such-code"), HATS_PROBLEM_NONE);
}

static void what_is_rendered_reads_back_as_the_same_refusal(void **state) {
    (void)state;
    for (int p = 1; p < HATS_PROBLEM_COUNT; p++) {
        const struct hats_problem_info *info = hats_problem_info((enum hats_problem)p);
        struct hats_buffer b;
        struct hats_error err = {0};
        hats_buffer_init(&b, HATS_PROBLEM_BODY_MAX);
        hats_problem_render(&b, (enum hats_problem)p, "the detail");
        assert_false(b.failed);
        assert_int_not_equal(hats_problem_to_error(&err, info->status, b.data, b.len), HATS_OK);
        assert_non_null(strstr(err.text, info->code));
        assert_non_null(strstr(err.text, "the detail"));
        hats_buffer_clear(&b);
    }
}

static void a_detail_that_is_not_utf8_does_not_lose_the_refusal(void **state) {
    (void)state;
    struct hats_buffer b;
    hats_buffer_init(&b, HATS_PROBLEM_BODY_MAX);
    hats_problem_render(&b, HATS_PROBLEM_BUSY, "\xff\xfe");
    assert_false(b.failed);
    assert_non_null(memmem(b.data, b.len, "urn:hats:problem:busy", 21));
    hats_buffer_clear(&b);
}

static void any_bytes_may_stand_where_a_problem_should(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_int_equal(hats_problem_to_error(&err, 502, (const uint8_t *)"<html>", 6),
                     HATS_E_NETWORK);
    assert_non_null(strstr(err.text, "502"));
    assert_int_equal(hats_problem_to_error(&err, 404, NULL, 0), HATS_E_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_has_its_own_code_and_says_what_to_do),
        cmocka_unit_test(what_is_rendered_reads_back_as_the_same_refusal),
        cmocka_unit_test(a_detail_that_is_not_utf8_does_not_lose_the_refusal),
        cmocka_unit_test(any_bytes_may_stand_where_a_problem_should),
    };
    return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
