#include "base/bytes.h"
#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int run_nothing(const struct cli_args *args) {
    (void)args;
    return 0;
}

static const struct cli_option options[] = {{"input", "FILE", "A file.", true, false},
                                            {"all", NULL, "A flag.", false, false},
                                            {"count", "N", "A number.", false, false},
                                            {"host", "NAME", "A list.", false, true},
                                            {0}};
static const struct cli_verb verb = {"test",         "DIR",         1,       1,          "A verb.",
                                     "A paragraph.", "hats test d", options, run_nothing};

static hats_status parse(struct cli_args *out, struct hats_error *err, int n, char **words) {
    return cli_parse(out, &verb, n, words, err);
}
#define PARSE(...)                                                          \
    parse(&args, &err, (int)HATS_COUNT_OF(((const char *[]){__VA_ARGS__})), \
          (char **)(const char *[]){__VA_ARGS__})

static void values_flags_and_lists_are_found_in_any_order(void **state) {
    (void)state;
    struct cli_args args;
    struct hats_error err = {0};
    uint64_t n = 0;
    assert_int_equal(PARSE("--host", "a", "--all", "d", "--input=x.csv", "--host=b", "--count", "7",
                           "--home", "h", "--json"),
                     HATS_OK);
    assert_string_equal(cli_value(&args, "input"), "x.csv");
    assert_non_null(cli_value(&args, "all"));
    assert_int_equal(args.n_repeated, 2);
    assert_string_equal(args.repeated[1], "b");
    assert_string_equal(args.positionals[0], "d");
    assert_string_equal(args.home, "h");
    assert_true(args.json);
    assert_int_equal(cli_number(&n, &args, "count", 1, 1, 9, &err), HATS_OK);
    assert_int_equal(n, 7);
}

static void each_misuse_is_named(void **state) {
    (void)state;
    struct cli_args args;
    struct hats_error err = {0};
    assert_int_equal(PARSE("d"), HATS_E_USAGE);
    assert_non_null(strstr(err.text, "needs --input FILE"));
    assert_int_equal(PARSE("--input", "x"), HATS_E_USAGE);
    assert_non_null(strstr(err.text, "usage: hats test DIR"));
    assert_int_equal(PARSE("d", "--input"), HATS_E_USAGE);
    assert_non_null(strstr(err.text, "needs a value"));
    assert_int_equal(PARSE("d", "--input", "x", "--input", "y"), HATS_E_USAGE);
    assert_non_null(strstr(err.text, "twice"));
    assert_int_equal(PARSE("d", "--all=1"), HATS_E_USAGE);
    assert_non_null(strstr(err.text, "takes no value"));
    assert_int_equal(PARSE("d", "--inptu", "x"), HATS_E_USAGE);
    assert_non_null(strstr(err.text, "did you mean --input"));
    assert_int_equal(PARSE("d", "e", "--input", "x"), HATS_E_USAGE);
}

static void a_number_keeps_its_range(void **state) {
    (void)state;
    struct cli_args args;
    struct hats_error err = {0};
    uint64_t n = 0;
    static const char *const bad[] = {"0", "10", "-1", "x", "", "1e3", "99999999999999999999"};
    for (size_t i = 0; i < HATS_COUNT_OF(bad); i++) {
        char *words[] = {(char *)"d", (char *)"--input", (char *)"x", (char *)"--count",
                         (char *)bad[i]};
        assert_int_equal(parse(&args, &err, 5, words), HATS_OK);
        assert_int_equal(cli_number(&n, &args, "count", 1, 1, 9, &err), HATS_E_USAGE);
    }
    assert_int_equal(PARSE("d", "--input", "x"), HATS_OK);
    assert_int_equal(cli_number(&n, &args, "count", 5, 1, 9, &err), HATS_OK);
    assert_int_equal(n, 5);
}

static void two_dashes_end_the_options(void **state) {
    (void)state;
    struct cli_args args;
    struct hats_error err = {0};
    assert_int_equal(PARSE("--input", "x", "--", "--strange-dir"), HATS_OK);
    assert_string_equal(args.positionals[0], "--strange-dir");
}

static void help_needs_nothing_else(void **state) {
    (void)state;
    struct cli_args args;
    struct hats_error err = {0};
    assert_int_equal(PARSE("--help"), HATS_OK);
    assert_true(args.help);
}

static void counts_get_their_commas(void **state) {
    (void)state;
    char out[32];
    assert_string_equal(cli_count(out, 0), "0");
    assert_string_equal(cli_count(out, 999), "999");
    assert_string_equal(cli_count(out, 1000), "1,000");
    assert_string_equal(cli_count(out, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void what_a_server_sent_is_printed_without_control_characters(void **state) {
    (void)state;
    static const char text[] = "{\"name\":\t\"\x1b[2J\xc2\x9b"
                               "2J\x7f\r\xc3\xa9\"}\n\xc2";
    char *printed = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&printed, &len);
    assert_non_null(out);
    cli_print_foreign(out, text, sizeof text - 1);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(printed, "{\"name\":\t\"?[2J?2J??\xc3\xa9\"}\n\xc2\n");
    free(printed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_flags_and_lists_are_found_in_any_order),
        cmocka_unit_test(each_misuse_is_named),
        cmocka_unit_test(a_number_keeps_its_range),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(counts_get_their_commas),
        cmocka_unit_test(what_a_server_sent_is_printed_without_control_characters),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
