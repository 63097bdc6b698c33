#include "model/csv.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* All rows of a text, fields joined by | and rows by newlines of their own (marked $); or the error. */
static hats_status read_all(char *out, size_t cap, const void *data, size_t len,
                            struct hats_error *err) {
    struct hats_csv *csv;
    struct hats_csv_row row;
    bool more;
    size_t n = 0;
    hats_status st = hats_csv_open_memory(&csv, "t.csv", data, len, err);
    assert_int_equal(st, HATS_OK);
    out[0] = 0;
    for (;;) {
        st = hats_csv_next(csv, &row, &more, err);
        if (st != HATS_OK || !more)
            break;
        for (uint32_t i = 0; i < row.n_fields; i++) {
            assert_int_equal(strlen(row.field[i]), row.field_len[i]);
            n += (size_t)snprintf(out + n, cap - n, "%s%s", i > 0 ? "|" : "", row.field[i]);
        }
        n += (size_t)snprintf(out + n, cap - n, "$");
    }
    hats_csv_free(csv);
    return st;
}

static void expect(const char *text, const char *rows) {
    char out[512];
    struct hats_error err = {0};
    assert_int_equal(read_all(out, sizeof out, text, strlen(text), &err), HATS_OK);
    assert_string_equal(out, rows);
}

static void refuse_bytes(const void *data, size_t len, hats_status want, const char *words) {
    char out[512];
    struct hats_error err = {0};
    assert_int_equal(read_all(out, sizeof out, data, len, &err), want);
    if (strstr(err.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void refuse(const char *text, const char *words) {
    refuse_bytes(text, strlen(text), HATS_E_MALFORMED, words);
}

static void rows_and_fields_come_out_as_they_went_in(void **state) {
    (void)state;
    expect("a,b\n1,2\n", "a|b$1|2$");
    expect("a,b\r\n1,2\r\n", "a|b$1|2$");
    expect("a,b\n1,2", "a|b$1|2$");
    expect("a,b\n,\n", "a|b$|$");
    expect("a\n\"\"\n", "a$$");
}

static void quoted_cells_hold_commas_line_ends_and_doubled_quotes(void **state) {
    (void)state;
    expect("a,b\n\"x,y\",\"he said \"\"no\"\"\"\n", "a|b$x,y|he said \"no\"$");
    expect("a,b\n\"one\ntwo\r\nthree\",2\n", "a|b$one\ntwo\r\nthree|2$");
}

static void text_is_utf8_and_a_byte_order_mark_is_skipped_and_said(void **state) {
    (void)state;
    struct hats_csv *csv;
    struct hats_csv_row row;
    struct hats_error err = {0};
    bool more;
    const char text[] = "\xef\xbb\xbfname\nM\xc3\xbcller\xe2\x80\x99s \xf0\x9f\x99\x82\n";
    assert_int_equal(hats_csv_open_memory(&csv, "t", text, sizeof text - 1, &err), HATS_OK);
    assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
    assert_true(more);
    assert_true(hats_csv_had_bom(csv));
    assert_string_equal(row.field[0], "name");
    assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
    assert_string_equal(row.field[0], "M\xc3\xbcller\xe2\x80\x99s \xf0\x9f\x99\x82");
    assert_int_equal(row.number, 2);
    hats_csv_free(csv);
}

static void what_is_not_utf8_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"\xff",
                                      "\xc3",
                                      "\xc0\xaf",
                                      "\xed\xa0\x80",
                                      "\xe0\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf0\x80\x80\x80",
                                      "\x80",
                                      "\xe2\x28\xa1"};
    for (size_t i = 0; i < HATS_COUNT_OF(bad); i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "a\n%s\n", bad[i]);
        refuse(text, "not UTF-8");
    }
    refuse_bytes("a\nx\0y\n", 6, HATS_E_MALFORMED, "zero byte");
}

static void errors_name_row_and_column(void **state) {
    (void)state;
    refuse("age,weight\n1,2\n3,4,5\n", "row 3 has 3 columns, the header has 2");
    refuse("age,weight\n1\n", "row 2 has 1 columns, the header has 2");
    refuse("age,weight\n1,x\"y\n", "row 2, column 2 (weight): a quote inside");
    refuse("age,weight\n\"1\"x,2\n", "row 2, column 1 (age): text follows a closing quote");
    refuse("age,weight\n1,\"2\n3,4\n", "row 2, column 2 (weight): the file ends inside");
    refuse("age,weight\n1\r2,3\n", "carriage return without a line feed");
}

static void an_empty_file_is_said_to_be_one(void **state) {
    (void)state;
    refuse("", "the file is empty");
    refuse("\xef\xbb\xbf", "the file is empty");
    refuse("\n\n", "the file is empty");
}

static void blank_lines_may_only_end_a_file(void **state) {
    (void)state;
    expect("a,b\n1,2\n\n\r\n", "a|b$1|2$");
    refuse("a,b\n\n1,2\n", "row 2 is blank");
}

static void sizes_are_bounded(void **state) {
    (void)state;
    size_t len = (size_t)HATS_CSV_MAX_FIELD + 64;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text, "a\n", 2);
    refuse_bytes(text, len, HATS_E_RANGE, "the cell is over 64 KB");
    text[2] = '"';
    refuse_bytes(text, len, HATS_E_RANGE, "the cell is over 64 KB");
    free(text);

    len = 2 * (size_t)HATS_CSV_MAX_FIELDS + 64;
    text = malloc(len);
    assert_non_null(text);
    memset(text, ',', len);
    refuse_bytes(text, len, HATS_E_RANGE, "more than 65536 columns");
    free(text);
}

static void a_file_is_read_as_memory_is_across_chunks(void **state) {
    (void)state;
    char path[] = "/tmp/hats-csv-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "wb");
    struct hats_csv *csv;
    struct hats_csv_row row;
    struct hats_error err = {0};
    bool more;
    assert_non_null(f);
    /* 7 bytes a row and CRLF: every alignment of a line end to the 64 KB chunks occurs */
    (void)fputs("a,b\r\n", f);
    for (int i = 0; i < 40000; i++)
        (void)fprintf(f, "%05d,%d\r\n", i, i % 10);
    (void)fputs("\r\n\r\n", f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(hats_csv_open(&csv, path, &err), HATS_OK);
    assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
    for (int i = 0; i < 40000; i++) {
        char want[8];
        (void)snprintf(want, sizeof want, "%05d", i);
        assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
        assert_true(more);
        assert_string_equal(row.field[0], want);
    }
    assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
    assert_false(more);
    hats_csv_free(csv);
    (void)unlink(path);
}

static void a_missing_file_and_a_directory_are_refused(void **state) {
    (void)state;
    struct hats_csv *csv;
    struct hats_csv_row row;
    struct hats_error err = {0};
    bool more;
    assert_int_equal(hats_csv_open(&csv, "/nonexistent.csv", &err), HATS_E_NOT_FOUND);
    assert_int_equal(hats_csv_open(&csv, "/", &err), HATS_OK);
    assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_E_IO);
    hats_csv_free(csv);
}

static void quoting_is_undone_by_reading(void **state) {
    (void)state;
    static const char *const cells[] = {"plain", "a,b", "say \"hi\"", "two\nlines", "", "\"", "\r"};
    for (size_t i = 0; i < HATS_COUNT_OF(cells); i++) {
        char quoted[64], text[160], want[64], out[128];
        struct hats_error err = {0};
        size_t n = hats_csv_quote(quoted, cells[i], strlen(cells[i]));
        assert_int_equal(n, strlen(quoted));
        (void)snprintf(text, sizeof text, "a,b\n%s,2\n", quoted);
        (void)snprintf(want, sizeof want, "a|b$%s|2$", cells[i]);
        assert_int_equal(read_all(out, sizeof out, text, strlen(text), &err), HATS_OK);
        assert_string_equal(out, want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_fields_come_out_as_they_went_in),
        cmocka_unit_test(quoted_cells_hold_commas_line_ends_and_doubled_quotes),
        cmocka_unit_test(text_is_utf8_and_a_byte_order_mark_is_skipped_and_said),
        cmocka_unit_test(what_is_not_utf8_is_refused),
        cmocka_unit_test(errors_name_row_and_column),
        cmocka_unit_test(an_empty_file_is_said_to_be_one),
        cmocka_unit_test(blank_lines_may_only_end_a_file),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(a_file_is_read_as_memory_is_across_chunks),
        cmocka_unit_test(a_missing_file_and_a_directory_are_refused),
        cmocka_unit_test(quoting_is_undone_by_reading),
    };
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
