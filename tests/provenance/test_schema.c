#include "provenance/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FIELD(more) "{\"name\": \"t\", \"fields\": [{\"name\": \"a\"" more "}]}"

static hats_status parse(struct hats_source_schema **out, const char *json,
                         struct hats_error *err) {
    return hats_source_schema_parse(out, json, strlen(json), err);
}

static void what_is_no_schema_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *json;
        hats_status status;
        const char *words;
    } cases[] = {
        {"", HATS_E_MALFORMED, "line 1"},
        {"{\"name\": \"t\",\n \"fields\": }", HATS_E_MALFORMED, "line 2"},
        {"[]", HATS_E_MALFORMED, "\"fields\""},
        {"{\"name\": \"t\", \"fields\": []}", HATS_E_MALFORMED, "\"fields\""},
        {"{\"name\": \"t\", \"name\": \"u\", \"fields\": [{\"name\": \"a\"}]}", HATS_E_MALFORMED,
         "duplicate"},
        {"{\"name\": \"\", \"fields\": [{\"name\": \"a\"}]}", HATS_E_RANGE, "empty"},
        {"{\"name\": \"t\", \"colour\": 1, \"fields\": [{\"name\": \"a\"}]}", HATS_E_UNSUPPORTED,
         "colour"},
        {FIELD(", \"decimals\": 13"), HATS_E_MALFORMED, "field 1 (a)"},
        {FIELD(", \"decimals\": -1"), HATS_E_MALFORMED, "0 to 12"},
        {FIELD(", \"min\": \"2\", \"max\": \"1\""), HATS_E_RANGE, "min .. max"},
        {FIELD(", \"max\": \"2305843009213693952\""), HATS_E_RANGE, "2^61"},
        {FIELD(", \"decimals\": 1, \"max\": \"230584300921369395.2\""), HATS_E_RANGE, "2^61"},
        {FIELD(", \"max\": \"0.5\""), HATS_E_MALFORMED, "decimals in quotes"},
        {FIELD(", \"max\": 7"), HATS_E_MALFORMED, "decimals in quotes"},
        {FIELD(", \"max\": \"5\", \"missing\": \"6\""), HATS_E_RANGE, "empty cell"},
        {FIELD(", \"categories\": []"), HATS_E_MALFORMED, "categories"},
        {FIELD(", \"categories\": [\"x\", \"x\"]"), HATS_E_CONFLICT, "twice"},
        {FIELD(", \"categories\": [\"x\", 1]"), HATS_E_MALFORMED, "not a text"},
        {FIELD(", \"categories\": [\"x\"], \"missing\": \"y\""), HATS_E_MALFORMED, "missing"},
        {FIELD(", \"categories\": [\"x\"], \"decimals\": 1"), HATS_E_UNSUPPORTED, "decimals"},
        {"{\"name\": \"t\", \"fields\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", HATS_E_CONFLICT,
         "field 2"},
        {"{\"name\": \"t\", \"key\": \"a\", \"fields\": [{\"name\": \"a\"}]}", HATS_E_CONFLICT,
         "twice"},
        {"{\"name\": \"t\", \"fields\": [{\"name\": \"a\\u0007\"}]}", HATS_E_RANGE, "plain"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hats_source_schema *s;
        struct hats_error err = {0};
        hats_status st = parse(&s, cases[i].json, &err);
        assert_null(s);
        if (st != cases[i].status || strstr(err.text, cases[i].words) == NULL)
            fail_msg("case %zu: %s: %s", i, hats_status_name(st), err.text);
    }
}

static const char full[] =
    "{\"name\": \"ward\", \"key\": \"id\", \"fields\": ["
    "{\"name\": \"dose\", \"decimals\": 2, \"min\": \"-1.50\", \"max\": \"12\", \"missing\": \"0\"},"
    "{\"name\": \"kind\", \"categories\": [\"x\", \"y\"], \"missing\": \"y\"}, {\"name\": \"n\"}]}";

static void texts_that_mean_the_same_have_one_digest(void **state) {
    (void)state;
    struct hats_source_schema *a, *b, *c;
    struct hats_buffer json, bytes, again;
    struct hats_error err = {0};
    assert_int_equal(parse(&a, full, &err), HATS_OK);
    hats_buffer_init(&json, 1u << 16);
    hats_buffer_init(&bytes, 1u << 16);
    hats_buffer_init(&again, 1u << 16);
    hats_source_schema_json(&json, a);
    assert_int_equal(hats_source_schema_parse(&b, (const char *)json.data, json.len, &err),
                     HATS_OK);
    assert_memory_equal(a->digest, b->digest, 32);
    assert_int_equal(hats_source_schema_encode(&bytes, a, &err), HATS_OK);
    assert_int_equal(hats_source_schema_decode(&c, bytes.data, bytes.len, &err), HATS_OK);
    assert_memory_equal(a->digest, c->digest, 32);
    assert_int_equal(hats_source_schema_encode(&again, c, &err), HATS_OK);
    assert_int_equal(again.len, bytes.len);
    assert_memory_equal(again.data, bytes.data, bytes.len);
    hats_source_schema_free(c);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_not_equal(hats_source_schema_decode(&c, bytes.data, len, &err), HATS_OK);
        assert_null(c);
    }
    hats_source_schema_free(a);
    hats_source_schema_free(b);
    hats_buffer_clear(&json);
    hats_buffer_clear(&bytes);
    hats_buffer_clear(&again);
}

static void any_change_of_a_schema_changes_its_digest(void **state) {
    (void)state;
    static const char *const changed[] = {
        FIELD(", \"decimals\": 1"),
        FIELD(", \"min\": \"0\""),
        FIELD(", \"max\": \"9\""),
        FIELD(", \"missing\": \"0\""),
        FIELD(", \"categories\": [\"x\"]"),
        "{\"name\": \"u\", \"fields\": [{\"name\": \"a\"}]}",
        "{\"name\": \"t\", \"key\": \"k\", \"fields\": [{\"name\": \"a\"}]}",
        "{\"name\": \"t\", \"fields\": [{\"name\": \"b\"}]}",
    };
    struct hats_source_schema *s, *other;
    struct hats_error err = {0};
    assert_int_equal(parse(&s, FIELD(""), &err), HATS_OK);
    for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++) {
        assert_int_equal(parse(&other, changed[i], &err), HATS_OK);
        assert_memory_not_equal(s->digest, other->digest, 32);
        hats_source_schema_free(other);
    }
    hats_source_schema_free(s);
}

/* The plan's columns: one affine rule of its constants, and a category. */
static struct hats_plan_rule rules[3];
static struct hats_plan_column columns[2];
static struct hats_plan plan;

static void make_plan(void) {
    columns[0] = (struct hats_plan_column){
        .name = (char *)"dose", .type = HATS_COLUMN_NUMBER, .decimals = 2};
    columns[1] = (struct hats_plan_column){.name = (char *)"kind", .type = HATS_COLUMN_CATEGORY};
    rules[0] = (struct hats_plan_rule){.op = HATS_RULE_AFFINE, .a = (int64_t)1 << 40};
    rules[1] = (struct hats_plan_rule){
        .op = HATS_RULE_CATEGORY, .column = 1, .category = (char *)"y", .unit = 1};
    rules[2] = (struct hats_plan_rule){
        .op = HATS_RULE_CATEGORY, .column = 1, .category = (char *)"x", .unit = 1};
    plan = (struct hats_plan){.name = (char *)"m",
                              .input = HATS_INPUT_COLUMNS,
                              .columns = columns,
                              .n_columns = 2,
                              .rules = rules,
                              .shape = {.d = 3}};
}

static void a_plan_says_what_a_source_has_to_sign(void **state) {
    (void)state;
    struct hats_source_schema *s;
    struct hats_error err = {0};
    make_plan();
    assert_int_equal(hats_source_schema_of_plan(&s, &plan, "t", NULL, &err), HATS_OK);
    assert_int_equal(s->n_fields, 2);
    assert_true(s->fields[0].max < (int64_t)1 << 21 && s->fields[0].max >= (int64_t)1 << 20);
    assert_string_equal(s->fields[1].categories[0], "y");
    assert_int_equal(hats_source_schema_fits(s, &plan, &err), HATS_OK);
    plan.input = HATS_INPUT_TEXT;
    struct hats_source_schema *none;
    assert_int_equal(hats_source_schema_of_plan(&none, &plan, "t", NULL, &err), HATS_E_UNSUPPORTED);
    hats_source_schema_free(s);
}

static void what_a_plan_cannot_open_does_not_fit_it(void **state) {
    (void)state;
    static const struct {
        const char *fields, *words;
    } cases[] = {
        {"{\"name\": \"dose\", \"decimals\": 2, \"max\": \"20971.51\", \"min\": \"0\"}, {\"name\": \"kind\", "
         "\"categories\": [\"y\", \"x\"]}",
         NULL},
        {"{\"name\": \"dose\", \"decimals\": 2, \"max\": \"20971.52\", \"min\": \"0\"}, {\"name\": \"kind\", "
         "\"categories\": [\"y\", \"x\"]}",
         "2^61"},
        {"{\"name\": \"dose\", \"decimals\": 3, \"max\": \"1\", \"min\": \"0\"}, {\"name\": \"kind\", "
         "\"categories\": [\"y\", \"x\"]}",
         "scale"},
        {"{\"name\": \"dose\", \"decimals\": 2, \"max\": \"1\", \"min\": \"0\"}, {\"name\": \"kind\", "
         "\"categories\": [\"x\", \"y\"]}",
         "categories"},
        {"{\"name\": \"kind\", \"categories\": [\"y\", \"x\"]}, {\"name\": \"dose\"}",
         "another column"},
        {"{\"name\": \"dose\", \"decimals\": 2}", "columns"},
    };
    make_plan();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[512];
        struct hats_source_schema *s;
        struct hats_error err = {0};
        (void)snprintf(json, sizeof json, "{\"name\": \"t\", \"fields\": [%s]}", cases[i].fields);
        assert_int_equal(parse(&s, json, &err), HATS_OK);
        hats_status st = hats_source_schema_fits(s, &plan, &err);
        assert_int_equal(st, cases[i].words == NULL ? HATS_OK : HATS_E_CONFLICT);
        if (cases[i].words != NULL && strstr(err.text, cases[i].words) == NULL)
            fail_msg("case %zu: %s", i, err.text);
        hats_source_schema_free(s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_schema_is_refused),
        cmocka_unit_test(texts_that_mean_the_same_have_one_digest),
        cmocka_unit_test(any_change_of_a_schema_changes_its_digest),
        cmocka_unit_test(a_plan_says_what_a_source_has_to_sign),
        cmocka_unit_test(what_a_plan_cannot_open_does_not_fit_it),
    };
    return cmocka_run_group_tests_name("schemas of sources", tests, NULL, NULL);
}
