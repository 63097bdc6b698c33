/* What docs/FORMATS.md, section 9, pins: systems by their digests, queries, inputs by theirs, and where
 * the builder puts rules. */
#include "world.h"

#include "base/arena.h"
#include "statements/builder.h"
#include "statements/call.h"
#include "statements/encryption_internal.h"
#include "statements/key_internal.h"

#include <stdio.h>
#include <string.h>

static struct hats_encryption_unit units[1024];

static void assert_hex(const uint8_t digest[32], const char *expected) {
    char hex[65];
    for (unsigned i = 0; i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(hex, expected);
}

static void clinical(struct hats_encryption_input *input) {
    *input = world_clinical_input(units, 30);
    for (uint32_t k = 0; k < 30; k++) {
        units[k].a = 3000001;
        units[k].b = 1 << 27;
    }
}

struct pinned {
    unsigned n_ct, n_r, n_q, n_s;
    const char *digest;
    unsigned queries, queries_small, queries_udr;
};

static unsigned queries(unsigned suite, const struct hats_encryption_input *input,
                        uint32_t records) {
    struct hats_encryption_setup *s;
    struct hats_error err = {0};
    if (hats_encryption_setup_new(&s, suite, input, records, &err) != HATS_OK)
        fail_msg("%s", err.text);
    unsigned n = hats_encryption_setup_stark(s)->n_queries;
    assert_true(hats_encryption_setup_stark(s)->soundness.proven >= 128000);
    hats_encryption_setup_free(s);
    return n;
}

static void has(const struct pinned *p, const struct hats_encryption_input *input,
                uint32_t records) {
    struct hats_encryption_setup *s;
    assert_int_equal(hats_encryption_setup_new(&s, HATS_STARK_TEST, input, records, NULL), HATS_OK);
    assert_int_equal(s->layout.n_ct, p->n_ct);
    assert_int_equal(s->layout.n_r, p->n_r);
    assert_int_equal(s->layout.n_q, p->n_q);
    assert_int_equal(s->layout.n_s, p->n_s);
    assert_hex(s->stark.table[0].digest, p->digest);
    hats_encryption_setup_free(s);
    assert_int_equal(queries(HATS_STARK_S128, input, records), p->queries);
    assert_int_equal(queries(HATS_STARK_S128_SMALL, input, records), p->queries_small);
    assert_int_equal(queries(HATS_STARK_UDR128, input, records), p->queries_udr);
}

static void systems(void **state) {
    (void)state;
    struct hats_encryption_input input;
    static const struct pinned one = {
        1,  1,  1,  1, "7cde011260c653ccf6452b22a44e6c60314d2e88ba9fa0b2c5cf757b241bd88d",
        78, 58, 138};
    static const struct pinned sixteen = {
        16, 2,  1,  4, "faa67daa0963cda693906e2d72dadc5a030f62d6f9f7a63d07fa23a624cbfd8b",
        78, 58, 138};
    static const struct pinned bare = {
        1,  1,  0,  0, "c18b9e9e8581ce2dc05ee405d345f4027de8b5f55a26f17f61f8018d1e403efe",
        78, 58, 138};
    static const struct pinned text = {
        4,  1,  0,  2, "a1e720498e71099fb00ce62c7d30988ace9be08c2e3775c9356c2471955ac869",
        78, 58, 138};
    clinical(&input);
    has(&one, &input, 1);
    has(&sixteen, &input, 16);
    input = world_box_input(units, 30, 30, -511, 511, HATS_SOURCE_NONE);
    has(&bare, &input, 1);
    input = world_box_input(units, 1024, 256, -15, 15, HATS_SOURCE_FEATURES);
    has(&text, &input, 1);
}

static void the_key_system(void **state) {
    (void)state;
    struct hats_key_setup *s;
    assert_int_equal(hats_key_setup_new(&s, HATS_STARK_S128, SET, NULL), HATS_OK);
    assert_hex(s->stark.table[0].digest,
               "6f6015c6ddb98a668a3c16df9c9ae9d7cf19fe83bc0e78790e8ce6c593fa23c4");
    assert_int_equal(s->stark.n_queries, 78);
    hats_key_setup_free(s);
}

static void inputs(void **state) {
    (void)state;
    struct hats_encryption_input input;
    struct hats_encryption_setup *s;
    uint8_t digest[32];
    clinical(&input);
    assert_int_equal(hats_encryption_setup_new(&s, HATS_STARK_TEST, &input, 1, NULL), HATS_OK);
    hats_encryption_input_digest(digest, s);
    assert_hex(digest, "ddd388596360f85ea60f071c1dfa90308838f79526c9538dcb79b296dbe0249c");
    hats_encryption_setup_free(s);
}

static void rules_become_units(void **state) {
    (void)state;
    struct hats_input_builder b;
    struct hats_encryption_setup *s;
    const int64_t cut[3] = {10, 20, 1000};
    assert_int_equal(hats_input_builder_init(&b, SET, 20, 8, 8, HATS_SOURCE_FIELDS, 3, NULL),
                     HATS_OK);
    hats_input_add_affine(&b, 0, 0, 5, 7, -100, 100, true);
    assert_int_equal(hats_input_add_interval(&b, 1, 1, NULL, &cut[0], 3, NULL), HATS_OK);
    assert_int_equal(hats_input_add_interval(&b, 2, 1, &cut[0], &cut[1], 3, NULL), HATS_OK);
    assert_int_equal(hats_input_add_interval(&b, 3, 1, &cut[1], NULL, 3, NULL), HATS_OK);
    assert_int_equal(hats_input_add_interval(&b, 4, 1, &cut[2], &cut[1], 3, NULL), HATS_OK);
    for (uint32_t code = 0; code < 3; code++)
        assert_int_equal(hats_input_add_category(&b, 5 + code, 2, code, 9, NULL), HATS_OK);
    assert_int_equal(b.input.n_units, 1 + 2 + 4); /* cuts are shared */
    assert_int_equal(hats_encryption_setup_new(&s, HATS_STARK_TEST, &b.input, 1, NULL), HATS_OK);
    for (int64_t v = -5; v < 30; v++)
        for (int64_t code = -1; code < 4; code++) {
            const int64_t fields[3] = {v * (1 << 28), v, code};
            int64_t affine = 5 * v < -100 ? -100 : 5 * v > 100 ? 100 : 5 * v;
            int32_t x[8];
            assert_int_equal(hats_encryption_apply(x, s, fields, NULL), HATS_OK);
            assert_int_equal(x[0], affine);
            assert_int_equal(x[1], v <= 10 ? 3 : 0);
            assert_int_equal(x[2], v > 10 && v <= 20 ? 3 : 0);
            assert_int_equal(x[3], v > 20 ? 3 : 0);
            assert_int_equal(x[4], 0);
            for (int64_t k = 0; k < 3; k++)
                assert_int_equal(x[5 + k], code == k ? 9 : 0);
        }
    const int64_t far[2] = {INT64_C(1) << 34, -(INT64_C(1) << 34)};
    assert_int_equal(hats_input_add_interval(&b, 3, 1, &far[0], NULL, 3, NULL), HATS_E_RANGE);
    assert_int_equal(hats_input_add_interval(&b, 3, 1, NULL, &far[1], 3, NULL), HATS_E_RANGE);
    hats_encryption_setup_free(s);
    hats_input_builder_clear(&b);
    assert_int_equal(hats_input_builder_init(&b, SET, 20, 0, 8, HATS_SOURCE_FIELDS, 3, NULL),
                     HATS_E_RANGE);
}

/* A category that two rules name is one category, as in the schema that a source signs. */
static void categories_that_are_named_twice(void **state) {
    (void)state;
    static const char *const names[] = {"a", "a", "b", "a", "c", "b"};
    struct hats_plan_rule rules[HATS_COUNT_OF(names) + 1] = {0};
    struct hats_plan plan = {.shape = {.d = HATS_COUNT_OF(rules)}, .rules = rules};
    for (size_t j = 0; j < HATS_COUNT_OF(names); j++)
        rules[j] = (struct hats_plan_rule){
            .op = HATS_RULE_CATEGORY, .column = 1, .category = (char *)(uintptr_t)names[j]};
    rules[HATS_COUNT_OF(names)] =
        (struct hats_plan_rule){.op = HATS_RULE_CATEGORY, .category = (char *)"c"};
    assert_int_equal(hats_call_category_code(&plan, 1, "a"), 0);
    assert_int_equal(hats_call_category_code(&plan, 1, "b"), 1);
    assert_int_equal(hats_call_category_code(&plan, 1, "c"), 2);
    assert_int_equal(hats_call_category_code(&plan, 1, "d"), 3);
    assert_int_equal(hats_call_category_code(&plan, 0, "c"), 0);
}

/* Each thing that is no input, and more of it than a proof has room for. */
static void what_is_no_input(void **state) {
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct hats_encryption_input input;
        struct hats_encryption_setup *s = NULL;
        struct hats_encryption_feature features[30] = {{0}};
        uint32_t records = 1;
        hats_status expected = HATS_E_RANGE;
        clinical(&input);
        switch (i) {
        case 0:
            input.set_id = 7;
            expected = HATS_E_VERSION;
            break;
        case 1: input.log_t = 27; break;
        case 2: input.d = 0; break;
        case 3: input.block = 0; break;
        case 4: input.block = N + 1; break;
        case 5: input.n_units = 0; break;
        case 6: input.n_units = 29; break;
        case 7: input.n_fields = 0; break;
        case 8: input.source = (enum hats_encryption_source)3; break;
        case 9: input.source = HATS_SOURCE_NONE; break;
        case 10: units[3].lo = units[3].hi + 1; break;
        case 11: units[3].hi = 1 << 19; break;
        case 12: units[3].lo = -(1 << 19); break;
        case 13: units[3].field = 30; break;
        case 14: records = 0; break;
        case 15: records = HATS_ENCRYPTION_MAX_RECORDS + 1; break;
        case 16:
            records = 40;
            expected = HATS_E_UNSUPPORTED;
            break;
        case 17:
            input.features = features;
            features[2].unit[1] = 30;
            break;
        case 18:
            input.features = features;
            features[2].unit[1] = 1; /* and its coefficient is 0 */
            break;
        default: input = world_box_input(units, 30, 30, -15, 1 << 14, HATS_SOURCE_FEATURES); break;
        }
        assert_int_equal(hats_encryption_setup_new(&s, HATS_STARK_TEST, &input, records, NULL),
                         expected);
        assert_null(s);
    }
    struct hats_encryption_input input;
    struct hats_encryption_setup *s = NULL;
    struct hats_key_setup *k = NULL;
    clinical(&input);
    assert_int_equal(hats_encryption_setup_new(&s, 99, &input, 1, NULL), HATS_E_VERSION);
    assert_int_equal(hats_key_setup_new(&k, 99, SET, NULL), HATS_E_VERSION);
    assert_int_equal(hats_key_setup_new(&k, HATS_STARK_TEST, 9, NULL), HATS_E_VERSION);
}

static hats_status whole_setups(void) {
    struct hats_encryption_input input;
    struct hats_encryption_setup *s = NULL;
    struct hats_key_setup *k = NULL;
    struct hats_input_builder b;
    clinical(&input);
    hats_status status = hats_encryption_setup_new(&s, HATS_STARK_TEST, &input, 1, NULL);
    if (status == HATS_OK)
        status = hats_key_setup_new(&k, HATS_STARK_TEST, SET, NULL);
    if (status == HATS_OK)
        status = hats_input_builder_init(&b, SET, 20, 3, 3, HATS_SOURCE_FIELDS, 3, NULL);
    if (status == HATS_OK)
        hats_input_builder_clear(&b);
    hats_encryption_setup_free(s);
    hats_key_setup_free(k);
    return status;
}

static void whichever_allocation_fails_it_is_said(void **state) {
    (void)state;
    hats_alloc_fail_at(0);
    assert_int_equal(whole_setups(), HATS_OK);
    uint64_t total = hats_alloc_count();
    assert_true(total >= 10);
    for (uint64_t n = 1; n <= total; n++) {
        hats_alloc_fail_at(n);
        assert_int_equal(whole_setups(), HATS_E_MEMORY);
    }
    hats_alloc_fail_at(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(systems),
        cmocka_unit_test(the_key_system),
        cmocka_unit_test(inputs),
        cmocka_unit_test(rules_become_units),
        cmocka_unit_test(categories_that_are_named_twice),
        cmocka_unit_test(what_is_no_input),
        cmocka_unit_test(whichever_allocation_fails_it_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
