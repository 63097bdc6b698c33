#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What a server or a file said is quoted in errors and printed on terminals. */
static void an_error_text_holds_no_control_characters(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_int_equal(hats_fail(&err, HATS_E_DENIED, "it said %s.",
                               "\x1b]0;title\a \xc2\x9b"
                               "31m\x7f\r\n"),
                     HATS_E_DENIED);
    assert_string_equal(err.text, "it said ?]0;title? ??31m???.");
    assert_int_equal(hats_fail_in(&err, HATS_E_DENIED, "%s", "a\x1b[2Jname"), HATS_E_DENIED);
    assert_string_equal(err.text, "a?[2Jname: it said ?]0;title? ??31m???.");
}

static void an_error_text_keeps_letters_of_every_script(void **state) {
    (void)state;
    struct hats_error err = {0};
    static const char text[] = "Stra\xc3\x9f"
                               "e \xc3\x9b \xe2\x82\xac \xc2\xa0 \xf0\x9f\x98\x80";
    assert_int_equal(hats_fail(&err, HATS_E_RANGE, "%s", text), HATS_E_RANGE);
    assert_string_equal(err.text, text);
}

static void an_error_text_is_cut_and_never_overrun(void **state) {
    (void)state;
    struct hats_error err = {0};
    char longer[2 * sizeof err.text];
    memset(longer, '\xc2', sizeof longer - 1); /* the last byte asks for one that is not there */
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(hats_fail(&err, HATS_E_RANGE, "%s", longer), HATS_E_RANGE);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_int_equal(hats_fail_in(&err, HATS_E_RANGE, "%s", longer), HATS_E_RANGE);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_text_holds_no_control_characters),
        cmocka_unit_test(an_error_text_keeps_letters_of_every_script),
        cmocka_unit_test(an_error_text_is_cut_and_never_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
