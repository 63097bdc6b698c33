#include "model/ngram.h"

#include "base/bytes.h"
#include "model/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

enum { D = 1024 };

static void features(int32_t x[D], const char *text) {
    uint64_t sum;
    assert_int_equal(hats_ngram_features(x, D, &sum, text, strlen(text)), HATS_OK);
}

static void same(const char *a, const char *b) {
    int32_t x[D], y[D];
    features(x, a);
    features(y, b);
    assert_memory_equal(x, y, sizeof x);
}

static void case_apostrophes_and_punctuation_do_not_matter(void **state) {
    (void)state;
    same("What's my PIN?", "whats my pin");
    same("What\xe2\x80\x99s my pin", "whats my pin");
    same("  card--arrival\n", "card arrival");
    same("caf\xc3\xa9 au lait", "caf  au lait"); /* bytes outside ASCII are blanks */
}

static void a_gram_counts_once(void **state) {
    (void)state;
    int32_t once[D], twice[D], many[D];
    features(once, "card");
    features(twice, "card card");
    features(many, "card card card");
    assert_memory_equal(twice, many, sizeof twice);
    assert_memory_not_equal(once, twice, sizeof once); /* the pair "card card" is new */
}

static void the_last_slot_is_the_rounded_norm(void **state) {
    (void)state;
    int32_t x[D];
    uint64_t sum, sum_abs = 0, squares = 0;
    const char *text = "I am still waiting on my card?";
    assert_int_equal(hats_ngram_features(x, D, &sum, text, strlen(text)), HATS_OK);
    for (int j = 0; j < D - 1; j++) {
        sum_abs += (uint64_t)abs(x[j]);
        squares += (uint64_t)(x[j] * x[j]);
    }
    assert_int_equal(sum, sum_abs);
    /* r = round(sqrt(n)) means (2r-1)^2 < 4n < (2r+1)^2 */
    uint64_t r = (uint64_t)x[D - 1];
    assert_true((2 * r - 1) * (2 * r - 1) < 4 * squares && 4 * squares < (2 * r + 1) * (2 * r + 1));
}

static void an_empty_text_has_no_features(void **state) {
    (void)state;
    int32_t x[D], zero[D] = {0};
    features(x, "");
    assert_memory_equal(x, zero, sizeof x);
    features(x, "?!? \xe2\x82\xac");
    assert_memory_equal(x, zero, sizeof x);
}

static void a_text_over_the_bound_is_refused(void **state) {
    (void)state;
    int32_t x[D];
    uint64_t sum;
    char *text = calloc(1, HATS_NGRAM_MAX_TEXT + 1);
    assert_non_null(text);
    memset(text, 'a', HATS_NGRAM_MAX_TEXT + 1);
    assert_int_equal(hats_ngram_features(x, D, &sum, text, HATS_NGRAM_MAX_TEXT), HATS_OK);
    assert_int_equal(hats_ngram_features(x, D, &sum, text, HATS_NGRAM_MAX_TEXT + 1), HATS_E_RANGE);
    free(text);
}

/* The 3,080 test queries of banking77 against the exact target (tests/targets/data/README.md). */
static void every_test_query_has_the_features_of_the_target(void **state) {
    (void)state;
    struct hats_csv *csv;
    struct hats_csv_row row;
    struct hats_error err = {0};
    gzFile want = gzopen(TARGETS "/banking77_d1024_w8.x.txt.gz", "rb");
    static char line[65536];
    bool more;
    int rows = 0;
    assert_non_null(want);
    assert_int_equal(hats_csv_open(&csv, EXAMPLES "/support/data/banking77_test.csv", &err),
                     HATS_OK);
    assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
    for (;;) {
        int32_t x[D], y[D] = {0};
        char *at = line;
        assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
        if (!more)
            break;
        features(x, row.field[0]);
        assert_non_null(gzgets(want, line, sizeof line));
        (void)strtol(line, &at, 10); /* the label */
        while (*at == ' ') {
            long slot = strtol(at + 1, &at, 10);
            if (*at != ':')
                break;
            assert_in_range(slot, 0, D - 1);
            y[slot] = (int32_t)strtol(at + 1, &at, 10);
        }
        assert_memory_equal(x, y, sizeof x);
        rows++;
    }
    assert_int_equal(rows, 3080);
    hats_csv_free(csv);
    gzclose(want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_apostrophes_and_punctuation_do_not_matter),
        cmocka_unit_test(a_gram_counts_once),
        cmocka_unit_test(the_last_slot_is_the_rounded_norm),
        cmocka_unit_test(an_empty_text_has_no_features),
        cmocka_unit_test(a_text_over_the_bound_is_refused),
        cmocka_unit_test(every_test_query_has_the_features_of_the_target),
    };
    return cmocka_run_group_tests_name("ngram", tests, NULL, NULL);
}
