/* From a plan to the statement of a call: which source, which input, and setups that outlive a call. */
#include "plan_fixture.h"

#include "stark/setup.h"
#include "statements/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct plan_fixture f;

static int fill(void **state) {
    (void)state;
    plan_fixture_fill(&f);
    return 0;
}

static enum hats_encryption_source source_of(bool committed) {
    enum hats_encryption_source source;
    struct hats_error err = {0};
    if (hats_call_source(&source, &f.plan, committed, &err) != HATS_OK)
        fail_msg("%s", err.text);
    return source;
}

static void without_a_commitment_every_feature_has_its_box(void **state) {
    (void)state;
    struct hats_input_builder b;
    assert_int_equal(source_of(false), HATS_SOURCE_NONE);
    assert_int_equal(hats_call_input(&b, &f.plan, HATS_SOURCE_NONE, NULL), HATS_OK);
    assert_int_equal(b.input.n_units, FIXTURE_D);
    assert_null(b.input.features);
    for (int j = 0; j < FIXTURE_D; j++) {
        assert_int_equal(b.units[j].lo, f.lo[j]);
        assert_int_equal(b.units[j].hi, f.hi[j]);
        assert_false(b.units[j].clip);
    }
    hats_input_builder_clear(&b);
}

static void with_one_the_rules_are_part_of_the_statement(void **state) {
    (void)state;
    struct hats_input_builder b;
    assert_int_equal(source_of(true), HATS_SOURCE_FIELDS);
    assert_int_equal(hats_call_input(&b, &f.plan, HATS_SOURCE_FIELDS, NULL), HATS_OK);
    assert_int_equal(b.input.n_fields, 5);
    /* three affine rules; cuts at 180 and 650; codes -1, 0, 1 */
    assert_int_equal(b.input.n_units, 3 + 2 + 3);
    assert_true(b.units[b.features[0].unit[0]].clip);
    assert_false(b.units[b.features[1].unit[0]].clip);
    assert_int_equal(b.features[2].unit[1], b.features[3].unit[0]); /* they meet at 650 */
    assert_int_equal(b.features[4].unit[1], b.features[5].unit[0]); /* codes 0 and 1 */
    hats_input_builder_clear(&b);
}

static void a_rule_beyond_fields_leaves_the_features(void **state) {
    (void)state;
    f.rules[3].above = INT64_C(1) << 34;
    assert_int_equal(source_of(true), HATS_SOURCE_FEATURES);
    f.hi[1] = 1 << 14; /* and features beyond 15 bits leave nothing */
    enum hats_encryption_source source;
    struct hats_error err = {0};
    assert_int_equal(hats_call_source(&source, &f.plan, true, &err), HATS_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "data commitment"));
    assert_int_equal(source_of(false), HATS_SOURCE_NONE);
}

static void a_text_is_committed_to_by_its_features(void **state) {
    (void)state;
    int32_t lo[64], hi[64];
    struct hats_input_builder b;
    plan_fixture_text(&f, lo, hi);
    assert_int_equal(source_of(true), HATS_SOURCE_FEATURES);
    assert_int_equal(hats_call_input(&b, &f.plan, HATS_SOURCE_FIELDS, NULL), HATS_E_UNSUPPORTED);
}

static void setups_are_made_once_and_make_room(void **state) {
    (void)state;
    struct hats_call_setups *setups = hats_call_setups_new(2);
    const struct hats_encryption_setup *a, *b, *c, *again;
    uint8_t digest[32] = {1}, other[32] = {2};
    assert_non_null(setups);
    assert_int_equal(
        hats_call_setups_take(setups, &a, HATS_STARK_S128, &f.plan, digest, false, NULL), HATS_OK);
    assert_int_equal(
        hats_call_setups_take(setups, &again, HATS_STARK_S128, &f.plan, digest, false, NULL),
        HATS_OK);
    assert_ptr_equal(a, again);
    assert_int_equal(
        hats_call_setups_take(setups, &b, HATS_STARK_S128, &f.plan, digest, true, NULL), HATS_OK);
    assert_ptr_not_equal(a, b);
    /* both places are in use */
    assert_int_equal(
        hats_call_setups_take(setups, &c, HATS_STARK_S128, &f.plan, other, false, NULL),
        HATS_E_MEMORY);
    assert_null(c);
    hats_call_setups_give(setups, b);
    assert_int_equal(
        hats_call_setups_take(setups, &c, HATS_STARK_S128_SMALL, &f.plan, digest, false, NULL),
        HATS_OK);
    assert_int_equal(hats_encryption_setup_stark(c)->suite, HATS_STARK_S128_SMALL);
    hats_call_setups_give(setups, c);
    hats_call_setups_give(setups, a);
    hats_call_setups_give(setups, again);
    /* a failure keeps what was there */
    assert_int_equal(hats_call_setups_take(setups, &c, 77, &f.plan, other, false, NULL),
                     HATS_E_VERSION);
    assert_int_equal(
        hats_call_setups_take(setups, &again, HATS_STARK_S128, &f.plan, digest, false, NULL),
        HATS_OK);
    assert_ptr_equal(a, again);
    hats_call_setups_give(setups, again);
    hats_call_setups_free(setups);
}

static void a_commitment_is_four_elements(void **state) {
    (void)state;
    const uint64_t words[4] = {1, UINT64_C(0xffffffff00000000), 3, 0};
    uint64_t back[4];
    uint8_t bytes[32];
    hats_call_commitment_encode(bytes, words);
    assert_int_equal(hats_call_commitment_decode(back, bytes, NULL), HATS_OK);
    assert_memory_equal(back, words, sizeof words);
    bytes[15] = 1; /* p itself */
    assert_int_equal(hats_call_commitment_decode(back, bytes, NULL), HATS_E_CANONICAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_commitment_every_feature_has_its_box, fill),
        cmocka_unit_test_setup(with_one_the_rules_are_part_of_the_statement, fill),
        cmocka_unit_test_setup(a_rule_beyond_fields_leaves_the_features, fill),
        cmocka_unit_test_setup(a_text_is_committed_to_by_its_features, fill),
        cmocka_unit_test_setup(setups_are_made_once_and_make_room, fill),
        cmocka_unit_test(a_commitment_is_four_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
