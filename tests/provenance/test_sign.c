#include "world.h"

#include "field/field.h"
#include "provenance/disclosure.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct world w;

static bool exists(const char *name) { return hats_file_exists(world_path(&w, name)); }

static unsigned n_files(void) {
    unsigned n = 0;
    DIR *dir = opendir(w.dir);
    while (readdir(dir) != NULL)
        n++;
    (void)closedir(dir);
    return n;
}

static void records_open_to_what_the_table_says(void **state) {
    (void)state;
    static const int64_t wanted[5][3] = {
        {61, 0, 25}, {17, 1, -150}, {50, 0, 1200}, {99, 2, 0}, {40, 1, 375}};
    struct hats_openings *o;
    struct hats_opening opening;
    struct hats_source_root root;
    struct hats_cose cose;
    struct hats_error err = {0};
    uint64_t index;
    assert_int_equal(hats_source_root_parse(&root, &cose, w.roots[0].data, w.roots[0].len, &err),
                     HATS_OK);
    assert_int_equal(root.n_records, 5);
    assert_int_equal(hats_openings_open(&o, world_path(&w, "source"), &err), HATS_OK);
    for (uint64_t i = 0; i < 5; i++) {
        int64_t fields[3];
        uint8_t leaf[32], digest[32];
        uint64_t elements[7], c_d[4];
        assert_int_equal(hats_openings_get(&opening, fields, o, i, &err), HATS_OK);
        assert_memory_equal(fields, wanted[i], sizeof fields);
        hats_record_leaf(leaf, i, &opening.commitment);
        assert_true(hats_tree_verify(root.root, 5, i, leaf, opening.path, opening.path_len));
        for (size_t k = 0; k < 3; k++)
            elements[k] = hats_fp_from_i64(fields[k]);
        memcpy(elements + 3, opening.salt, sizeof opening.salt);
        hats_stark_rpo_hash(c_d, HATS_ENCRYPTION_RPO_DOMAIN, elements, 7);
        for (size_t k = 0; k < 4; k++)
            hats_store_be64(digest + 8 * k, c_d[k]);
        assert_memory_equal(digest, opening.commitment.c_d, 32);
    }
    assert_int_equal(hats_openings_get(&opening, (int64_t[3]){0}, o, 5, &err), HATS_E_RANGE);
    assert_int_equal(hats_openings_find(&index, o, "d", &err), HATS_OK);
    assert_int_equal(index, 3);
    assert_int_equal(hats_openings_find(&index, o, "z", &err), HATS_E_NOT_FOUND);
    hats_openings_free(o);
}

/* What an encryption setup of these fields opens is what the source committed to. */
static void commitments_are_those_of_the_encryption_statement(void **state) {
    (void)state;
    static const struct hats_encryption_unit unit = {
        .lo = -1000, .hi = 1000, .clip = true, .a = 1 << 28};
    struct hats_encryption_input input = {.set_id = 1,
                                          .log_t = 20,
                                          .d = 1,
                                          .block = 1,
                                          .source = HATS_SOURCE_FIELDS,
                                          .n_fields = 3,
                                          .n_units = 1,
                                          .units = &unit};
    struct hats_encryption_feature feature = {.coefficient = {1}};
    struct hats_encryption_setup *setup;
    struct hats_openings *o;
    struct hats_opening opening;
    struct hats_error err = {0};
    int64_t fields[3];
    uint64_t c_d[4];
    input.features = &feature;
    if (hats_encryption_setup_new(&setup, HATS_STARK_S128, &input, 1, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(hats_openings_open(&o, world_path(&w, "source"), &err), HATS_OK);
    assert_int_equal(hats_openings_get(&opening, fields, o, 1, &err), HATS_OK);
    hats_encryption_commit(c_d, setup, fields, NULL, opening.salt);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(hats_load_be64(opening.commitment.c_d + 8 * i), c_d[i]);
    hats_openings_free(o);
    hats_encryption_setup_free(setup);
}

static void equal_records_have_commitments_of_their_own(void **state) {
    (void)state;
    static const char csv[] = "id,age,status,dose\n1,5,A11,1\n2,5,A11,1\n";
    struct hats_openings *o;
    struct hats_opening a, b;
    int64_t fields[3];
    struct hats_error err = {0};
    assert_int_equal(
        world_sign(&w, "twins", csv, strlen(csv), w.schema, SOURCE, NULL, WORLD_NOW_MS, &err),
        HATS_OK);
    assert_int_equal(hats_openings_open(&o, world_path(&w, "twins"), &err), HATS_OK);
    assert_int_equal(hats_openings_get(&a, fields, o, 0, &err), HATS_OK);
    assert_int_equal(hats_openings_get(&b, fields, o, 1, &err), HATS_OK);
    assert_memory_not_equal(a.commitment.c_d, b.commitment.c_d, 32);
    assert_memory_not_equal(a.commitment.fields_root, b.commitment.fields_root, 32);
    hats_openings_free(o);
}

#define HEAD "id,age,status,dose\n"

static void bad_tables_are_refused_with_row_and_column_and_leave_nothing(void **state) {
    (void)state;
    static char huge[HATS_CSV_MAX_FIELD + 64];
    static const struct {
        const char *csv;
        hats_status status;
        const char *words;
    } cases[] = {
        {"", HATS_E_MALFORMED, "empty"},
        {HEAD, HATS_E_MALFORMED, "no records"},
        {"id,age,status\n1,2,A11\n", HATS_E_NOT_FOUND, "\"dose\""},
        {"id,age,age,status,dose\n1,2,3,A11,4\n", HATS_E_CONFLICT, "2 times"},
        {HEAD "1,2,A11,4\n2,x,A11,4\n", HATS_E_MALFORMED, "row 3, column 2 (age)"},
        {HEAD "1,NaN,A11,4\n", HATS_E_MALFORMED, "not a number"},
        {HEAD "1,2,A11,4\n2,3,A11,0.125\n", HATS_E_RANGE, "row 3, column 4 (dose)"},
        {HEAD "1,131,A11,4\n", HATS_E_RANGE, "row 2, column 2 (age)"},
        {HEAD "1,2,A11,99999999999999999999\n", HATS_E_RANGE, "too large"},
        {HEAD "1,2,A11,2305843009213693952\n", HATS_E_RANGE, "row 2, column 4"},
        {HEAD "1,2,A14,4\n", HATS_E_MALFORMED, "row 2, column 3 (status)"},
        {HEAD "1,2,,4\n", HATS_E_MALFORMED, "no rule for missing"},
        {HEAD "1,2,A11,\n", HATS_E_MALFORMED, "row 2, column 4 (dose)"},
        {HEAD ",2,A11,4\n", HATS_E_MALFORMED, "the key is empty"},
        {HEAD "1,2,A11,4\n2,2,A11,4\n1,3,A12,5\n", HATS_E_CONFLICT, "row 4, column 1 (id)"},
        {HEAD "1,2,A11,4\n2,2,A11\n", HATS_E_MALFORMED, "row 3"},
        {HEAD "1,2,A11,4,5\n", HATS_E_MALFORMED, "row 2"},
        {HEAD "1,\"2,A11,4\n", HATS_E_MALFORMED, "row 2"},
        {HEAD "1,2\"3,A11,4\n", HATS_E_MALFORMED, "row 2"},
        {HEAD "1,\"2\"3,A11,4\n", HATS_E_MALFORMED, "row 2"},
        {HEAD "\xff,2,A11,4\n", HATS_E_MALFORMED, "row 2"},
        {"i\xfe"
         "d,age,status,dose\n",
         HATS_E_MALFORMED, "row 1"},
        {huge, HATS_E_RANGE, "row 2, column 1"},
    };
    unsigned before;
    memset(huge, 'a', sizeof huge - 1);
    memcpy(huge, HEAD, strlen(HEAD));
    world_write(&w, "table.csv", "", 0);
    before = n_files();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hats_error err = {0};
        hats_status s = world_sign(&w, "bad", cases[i].csv, strlen(cases[i].csv), w.schema, SOURCE,
                                   NULL, WORLD_NOW_MS, &err);
        if (s != cases[i].status || strstr(err.text, cases[i].words) == NULL)
            fail_msg("case %zu: %s: %s", i, hats_status_name(s), err.text);
        assert_int_equal(n_files(), before);
    }
}

static void quotes_marks_and_line_ends_are_read_as_they_should(void **state) {
    (void)state;
    static const char csv[] = "\xef\xbb\xbfid,more,age,status,dose\r\n"
                              "\"a,\"\"b\"\"\n\",x,1e1,\"A12\",\"2.50\"\r\n";
    struct hats_openings *o;
    struct hats_opening opening;
    int64_t fields[3];
    uint64_t index;
    struct hats_error err = {0};
    assert_int_equal(
        world_sign(&w, "quotes", csv, strlen(csv), w.schema, SOURCE, NULL, WORLD_NOW_MS, &err),
        HATS_OK);
    assert_int_equal(hats_openings_open(&o, world_path(&w, "quotes"), &err), HATS_OK);
    assert_int_equal(hats_openings_find(&index, o, "a,\"b\"\n", &err), HATS_OK);
    assert_int_equal(hats_openings_get(&opening, fields, o, 0, &err), HATS_OK);
    assert_int_equal(fields[0], 10);
    assert_int_equal(fields[1], 1);
    assert_int_equal(fields[2], 250);
    hats_openings_free(o);
}

/* More records than batches hold, so that order, indices and the tree go over many of them. */
static void long_tables_keep_their_order(void **state) {
    (void)state;
    enum { N = 9001 };
    char *csv = malloc(N * 32 + 64);
    size_t len = (size_t)sprintf(csv, HEAD);
    struct hats_openings *o;
    struct hats_opening opening;
    int64_t fields[3];
    struct hats_error err = {0};
    for (int i = 0; i < N; i++)
        len += (size_t)sprintf(csv + len, "%d,%d,A11,%d\n", i, i % 130, i);
    if (world_sign(&w, "long", csv, len, w.schema, SOURCE, NULL, WORLD_NOW_MS, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(hats_openings_open(&o, world_path(&w, "long"), &err), HATS_OK);
    assert_int_equal(hats_openings_n_records(o), N);
    for (uint64_t i = 0; i < N; i += 173) {
        assert_int_equal(hats_openings_get(&opening, fields, o, i, &err), HATS_OK);
        assert_int_equal(fields[2], 100 * (int64_t)i);
    }
    hats_openings_free(o);
    free(csv);
}

static void openings_that_others_may_read_or_that_are_cut_are_refused(void **state) {
    (void)state;
    struct hats_openings *o;
    struct hats_buffer file;
    struct hats_error err;
    assert_int_equal(chmod(world_path(&w, "clean.openings"), 0644), 0);
    assert_int_equal(hats_openings_open(&o, world_path(&w, "clean"), &err), HATS_E_INSECURE);
    assert_int_equal(chmod(world_path(&w, "clean.openings"), 0600), 0);
    hats_buffer_init(&file, 1u << 20);
    assert_int_equal(hats_file_read(&file, world_path(&w, "clean.openings"), &err), HATS_OK);
    for (size_t len = 0; len < file.len; len += 7) {
        world_write(&w, "clean.openings", file.data, len);
        assert_int_equal(hats_openings_open(&o, world_path(&w, "clean"), &err) == HATS_OK, false);
        assert_null(o);
    }
    file.data[file.len - 1] ^= 1; /* the last field of the last record */
    world_write(&w, "clean.openings", file.data, file.len);
    assert_int_equal(hats_openings_open(&o, world_path(&w, "clean"), &err), HATS_OK);
    struct hats_opening opening;
    int64_t fields[3];
    assert_int_equal(hats_openings_get(&opening, fields, o, 4, &err), HATS_E_VERIFY);
    assert_int_equal(hats_openings_get(&opening, fields, o, 3, &err), HATS_OK);
    hats_openings_free(o);
    hats_buffer_clear(&file);
    assert_true(exists("clean.root.cose"));
}

static void one_field_opens_without_the_others(void **state) {
    (void)state;
    struct hats_openings *o;
    struct hats_disclosure d;
    struct hats_buffer out;
    struct hats_error err = {0};
    assert_int_equal(hats_openings_open(&o, world_path(&w, "source"), &err), HATS_OK);
    for (uint32_t field = 0; field < 3; field++) {
        hats_buffer_init(&out, 1u << 16);
        assert_int_equal(
            hats_disclosure_make(&out, o, 1, field, w.roots[0].data, w.roots[0].len, &err),
            HATS_OK);
        assert_int_equal(
            hats_disclosure_verify(&d, out.data, out.len, &w.trust, WORLD_NOW_MS, &err), HATS_OK);
        assert_int_equal(d.value, ((const int64_t[]){17, 1, -150})[field]);
        assert_string_equal(d.source->name, "Ward");
        hats_disclosure_clear(&d);
        for (size_t at = 0; at < out.len; at++) {
            out.data[at] ^= 1;
            if (hats_disclosure_verify(&d, out.data, out.len, &w.trust, WORLD_NOW_MS, &err) ==
                HATS_OK)
                fail_msg("changed at %zu and still accepted", at);
            out.data[at] ^= 1;
        }
        hats_buffer_clear(&out);
    }
    hats_buffer_init(&out, 1u << 16);
    assert_int_equal(hats_disclosure_make(&out, o, 1, 3, w.roots[0].data, w.roots[0].len, &err),
                     HATS_E_RANGE);
    assert_int_equal(hats_disclosure_make(&out, o, 1, 0, w.roots[1].data, w.roots[1].len, &err),
                     HATS_E_VERIFY);
    assert_int_equal(out.len, 0);
    hats_buffer_clear(&out);
    hats_openings_free(o);
}

static int open_world(void **state) {
    (void)state;
    world_open(&w);
    return 0;
}

static int close_world(void **state) {
    (void)state;
    world_close(&w);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_open_to_what_the_table_says),
        cmocka_unit_test(commitments_are_those_of_the_encryption_statement),
        cmocka_unit_test(equal_records_have_commitments_of_their_own),
        cmocka_unit_test(bad_tables_are_refused_with_row_and_column_and_leave_nothing),
        cmocka_unit_test(quotes_marks_and_line_ends_are_read_as_they_should),
        cmocka_unit_test(long_tables_keep_their_order),
        cmocka_unit_test(openings_that_others_may_read_or_that_are_cut_are_refused),
        cmocka_unit_test(one_field_opens_without_the_others),
    };
    return cmocka_run_group_tests_name("signed tables", tests, open_world, close_world);
}
