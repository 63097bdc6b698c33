#include "plan_fixture.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"
#include "cbor/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct hats_buffer encoded(const struct hats_plan *p) {
    struct hats_buffer b;
    struct hats_error err = {0};
    hats_buffer_init(&b, HATS_PLAN_MAX_BYTES);
    hats_status st = hats_plan_encode(&b, p, &err);
    if (st != HATS_OK)
        fail_msg("%s", err.text);
    return b;
}

static void a_plan_survives_encoding_and_decoding(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_plan *back = NULL;
    struct hats_error err = {0};
    plan_fixture_fill(&f);
    struct hats_buffer one = encoded(&f.plan);
    assert_int_equal(hats_plan_decode(&back, one.data, one.len, &err), HATS_OK);
    struct hats_buffer two = encoded(back);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);
    assert_string_equal(back->columns[4].name, "weight (kg)");
    assert_int_equal(back->rules[0].a, f.rules[0].a);
    assert_int_equal(back->rules[3].above, 650);
    assert_false(back->rules[3].has_up_to);
    assert_int_equal(back->shape.n_in, 1);
    assert_int_equal(hats_plan_x_max(back), 255);
    hats_plan_free(back);
    hats_buffer_clear(&one);
    hats_buffer_clear(&two);
}

static void a_text_plan_survives_too(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_plan *back = NULL;
    struct hats_error err = {0};
    int32_t lo[64], hi[64];
    plan_fixture_text(&f, lo, hi);
    struct hats_buffer one = encoded(&f.plan);
    assert_int_equal(hats_plan_decode(&back, one.data, one.len, &err), HATS_OK);
    assert_int_equal(back->text.sum_max, 100);
    assert_int_equal(back->hi[63], 48);
    hats_plan_free(back);
    hats_buffer_clear(&one);
}

#define PINNED "7c27dc60e2d7ca88329a12604240f2e894257e15bf3383fbb0abdee28c26dba7"

/* The bytes are a contract with every client: a change here is a new plan version. */
static void the_encoding_is_pinned(void **state) {
    (void)state;
    struct plan_fixture f;
    uint8_t digest[32];
    char hex[65];
    plan_fixture_fill(&f);
    struct hats_buffer b = encoded(&f.plan);
    assert_int_equal(hats_cbor_validate(b.data, b.len, NULL), HATS_OK);
    hats_plan_digest(digest, b.data, b.len);
    hats_hex_encode(hex, digest, 32);
    assert_string_equal(hex, PINNED);
    hats_buffer_clear(&b);
}

static void every_cut_of_the_bytes_is_refused(void **state) {
    (void)state;
    struct plan_fixture f;
    plan_fixture_fill(&f);
    struct hats_buffer b = encoded(&f.plan);
    for (size_t len = 0; len < b.len; len++) {
        struct hats_plan *p = NULL;
        /* a copy of just this length, so that a sanitizer sees any step beyond it */
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, b.data, len);
        assert_int_not_equal(hats_plan_decode(&p, copy, len, NULL), HATS_OK);
        assert_null(p);
        free(copy);
    }
    hats_buffer_append(&b, "", 1);
    struct hats_plan *p = NULL;
    assert_int_equal(hats_plan_decode(&p, b.data, b.len, NULL), HATS_E_MALFORMED);
    hats_buffer_clear(&b);
}

static void any_changed_byte_gives_another_plan_or_none(void **state) {
    (void)state;
    struct plan_fixture f;
    plan_fixture_fill(&f);
    struct hats_buffer b = encoded(&f.plan);
    for (size_t i = 0; i < b.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct hats_plan *p = NULL;
            b.data[i] ^= (uint8_t)(1u << bit);
            if (hats_plan_decode(&p, b.data, b.len, NULL) == HATS_OK) {
                struct hats_buffer again = encoded(p);
                assert_int_equal(again.len, b.len);
                assert_memory_equal(again.data, b.data, b.len);
                hats_buffer_clear(&again);
            }
            hats_plan_free(p);
            b.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    hats_buffer_clear(&b);
}

static void memory_may_fail_anywhere(void **state) {
    (void)state;
    struct plan_fixture f;
    plan_fixture_fill(&f);
    struct hats_buffer b = encoded(&f.plan);
    for (uint64_t n = 1;; n++) {
        struct hats_plan *p = NULL;
        hats_alloc_fail_at(n);
        hats_status st = hats_plan_decode(&p, b.data, b.len, NULL);
        bool reached = hats_alloc_count() >= n;
        hats_alloc_fail_at(0);
        if (!reached) {
            assert_int_equal(st, HATS_OK);
            hats_plan_free(p);
            break;
        }
        assert_int_not_equal(st, HATS_OK);
        assert_null(p);
    }
    hats_buffer_clear(&b);
}

/* --- what the checks refuse; each case differs from the good plan in one thing --- */

typedef void (*spoil)(struct plan_fixture *f);
static char empty[] = "", bell[] = "a\ab", upper[] = "Fixture", c1[] = "x\xc2\x9b",
            backwards[] = "\xe2\x80\xaetrigger", two_lines[] = "a\xe2\x80\xa8hats: b";
static char dotted[] = ".hidden";

static void bad_name(struct plan_fixture *f) { f->plan.name = upper; }
static void dot_name(struct plan_fixture *f) { f->plan.name = dotted; }
static void no_version(struct plan_fixture *f) { f->plan.version = empty; }
static void bad_set(struct plan_fixture *f) { f->plan.set_id = 77; }
static void small_t(struct plan_fixture *f) { f->plan.log_t = 15; }
static void large_t(struct plan_fixture *f) { f->plan.log_t = 27; }
static void bad_bits(struct plan_fixture *f) { f->plan.quantum_bits++; }
static void zero_scale(struct plan_fixture *f) { f->plan.scale_num = 0; }
static void even_scale(struct plan_fixture *f) { f->plan.scale_num = 4; }
static void no_task(struct plan_fixture *f) { f->plan.task = (enum hats_plan_task)9; }
static void exp_of_class(struct plan_fixture *f) { f->plan.link = HATS_LINK_EXP; }
static void one_label(struct plan_fixture *f) { f->plan.n_labels = 1; }
static void same_labels(struct plan_fixture *f) { f->labels[1] = f->labels[0]; }
static void bell_label(struct plan_fixture *f) { f->labels[1] = bell; }
static void c1_label(struct plan_fixture *f) { f->labels[1] = c1; }
static void backwards_label(struct plan_fixture *f) { f->labels[1] = backwards; }
static void two_lines_label(struct plan_fixture *f) { f->labels[1] = two_lines; }
static void empty_box(struct plan_fixture *f) { f->lo[0] = 128; }
static void box_above_t(struct plan_fixture *f) { f->hi[1] = 1 << 19; }
static void no_columns(struct plan_fixture *f) { f->plan.n_columns = 0; }
static void unused_column(struct plan_fixture *f) {
    f->rules[6].column = 0, f->rules[6].missing_x = 0;
}
static void same_columns(struct plan_fixture *f) { f->columns[1].name = f->columns[0].name; }
static void column_beyond(struct plan_fixture *f) { f->rules[0].column = 5; }
static void number_as_category(struct plan_fixture *f) { f->rules[4].column = 0; }
static void category_as_number(struct plan_fixture *f) { f->rules[1].column = 3; }
static void many_decimals(struct plan_fixture *f) { f->columns[0].decimals = 13; }
static void idle_sentinel(struct plan_fixture *f) { f->columns[0].sentinel = 1; }
static void missing_outside(struct plan_fixture *f) { f->rules[6].missing_x = 256; }
static void missing_refused(struct plan_fixture *f) { f->rules[0].missing_x = 1; }
static void huge_a(struct plan_fixture *f) { f->rules[0].a = INT64_C(1) << 61; }
static void huge_b(struct plan_fixture *f) { f->rules[0].b = -(INT64_C(1) << 61); }
static void no_interval(struct plan_fixture *f) { f->rules[3].has_above = false; }
static void empty_interval(struct plan_fixture *f) { f->rules[2].up_to = 180; }
static void unit_outside(struct plan_fixture *f) { f->rules[4].unit = 2; }
static void no_category(struct plan_fixture *f) { f->rules[4].category = empty; }
static void unknown_op(struct plan_fixture *f) { f->rules[2].op = (enum hats_plan_op)4; }
static void unknown_input(struct plan_fixture *f) { f->plan.input = (enum hats_plan_input)3; }
static void wide_block(struct plan_fixture *f) { f->plan.shape.block = 5000; }

static void what_makes_no_sense_is_refused_with_words(void **state) {
    (void)state;
    static const struct {
        spoil spoil;
        hats_status want;
        const char *words;
    } cases[] = {
        {bad_name, HATS_E_RANGE, "name and version"},
        {dot_name, HATS_E_RANGE, "name and version"},
        {no_version, HATS_E_RANGE, "name and version"},
        {bad_set, HATS_E_VERSION, ""},
        {small_t, HATS_E_RANGE, ""},
        {large_t, HATS_E_RANGE, ""},
        {bad_bits, HATS_E_RANGE, "security bits"},
        {zero_scale, HATS_E_RANGE, "binary fraction"},
        {even_scale, HATS_E_RANGE, "binary fraction"},
        {no_task, HATS_E_RANGE, "task"},
        {exp_of_class, HATS_E_RANGE, "no link"},
        {one_label, HATS_E_RANGE, "1 labels where the task needs 2"},
        {same_labels, HATS_E_RANGE, "label \"no\" stands twice"},
        {bell_label, HATS_E_RANGE, "label 1"},
        {c1_label, HATS_E_RANGE, "label 1"},
        {backwards_label, HATS_E_RANGE, "label 1"},
        {two_lines_label, HATS_E_RANGE, "label 1"},
        {empty_box, HATS_E_RANGE, "box of input 0"},
        {box_above_t, HATS_E_RANGE, "box of input 1"},
        {no_columns, HATS_E_RANGE, "0 columns"},
        {unused_column, HATS_E_RANGE, "no rule reads column \"weight (kg)\""},
        {same_columns, HATS_E_RANGE, "column \"height\" stands twice"},
        {column_beyond, HATS_E_RANGE, "column 5 of 5"},
        {number_as_category, HATS_E_RANGE, "does not suit"},
        {category_as_number, HATS_E_RANGE, "does not suit"},
        {many_decimals, HATS_E_RANGE, "13 decimals"},
        {idle_sentinel, HATS_E_RANGE, "sentinel"},
        {missing_outside, HATS_E_RANGE, "missing cells with 256"},
        {missing_refused, HATS_E_RANGE, "missing cells with 1"},
        {huge_a, HATS_E_RANGE, "2^61"},
        {huge_b, HATS_E_RANGE, "2^61"},
        {no_interval, HATS_E_RANGE, "interval"},
        {empty_interval, HATS_E_RANGE, "interval"},
        {unit_outside, HATS_E_RANGE, "unit 2"},
        {no_category, HATS_E_RANGE, "category of rule 4"},
        {unknown_op, HATS_E_VERSION, "operation 4"},
        {unknown_input, HATS_E_VERSION, "programme 3"},
        {wide_block, HATS_E_RANGE, ""},
    };
    for (size_t i = 0; i < HATS_COUNT_OF(cases); i++) {
        struct plan_fixture f;
        struct hats_error err = {0};
        plan_fixture_fill(&f);
        assert_int_equal(hats_plan_check(&f.plan, &err), HATS_OK);
        cases[i].spoil(&f);
        hats_status st = hats_plan_check(&f.plan, &err);
        if (st != cases[i].want || strstr(err.text, cases[i].words) == NULL)
            fail_msg("case %zu: status %s, \"%s\"", i, hats_status_name(st), err.text);
    }
}

static void a_text_plan_keeps_its_caps(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_error err = {0};
    int32_t lo[64], hi[64];
    plan_fixture_text(&f, lo, hi);
    assert_int_equal(hats_plan_check(&f.plan, &err), HATS_OK);
    hi[63] = 47;
    assert_int_equal(hats_plan_check(&f.plan, &err), HATS_E_RANGE);
    plan_fixture_text(&f, lo, hi);
    f.plan.text.profile = 2;
    assert_int_equal(hats_plan_check(&f.plan, &err), HATS_E_VERSION);
    plan_fixture_text(&f, lo, hi);
    lo[5] = 1;
    assert_int_equal(hats_plan_check(&f.plan, &err), HATS_E_RANGE);
}

static void another_version_is_named(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_plan *p = NULL;
    struct hats_error err = {0};
    plan_fixture_fill(&f);
    struct hats_buffer b = encoded(&f.plan);
    assert_int_equal(b.data[1], 1); /* key */
    assert_int_equal(b.data[2], 1); /* version */
    b.data[2] = 2;
    assert_int_equal(hats_plan_decode(&p, b.data, b.len, &err), HATS_E_VERSION);
    assert_non_null(strstr(err.text, "version 2"));
    hats_buffer_clear(&b);
}

static void runs_of_the_box_must_be_maximal(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_plan *p = NULL;
    plan_fixture_fill(&f);
    struct hats_buffer b = encoded(&f.plan);
    /* [4, 0, 1] as [1, 0, 1], [3, 0, 1]: the same box, another encoding */
    static const uint8_t run[] = {0x83, 4, 0, 1}, split[] = {0x83, 1, 0, 1, 0x83, 3, 0, 1};
    uint8_t *at = memmem(b.data, b.len, run, sizeof run);
    assert_non_null(at);
    assert_int_equal(at[-11], 0x84); /* four runs: [1,-127,127] [1,0,15] [4,0,1] [1,0,255] */
    size_t before = (size_t)(at - b.data);
    uint8_t *copy = malloc(b.len + 4);
    assert_non_null(copy);
    memcpy(copy, b.data, before);
    memcpy(copy + before, split, sizeof split);
    memcpy(copy + before + sizeof split, at + sizeof run, b.len - before - sizeof run);
    copy[before - 11] = 0x85;
    assert_int_equal(hats_plan_decode(&p, copy, b.len + 4, NULL), HATS_E_CANONICAL);
    free(copy);
    hats_buffer_clear(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_survives_encoding_and_decoding),
        cmocka_unit_test(a_text_plan_survives_too),
        cmocka_unit_test(the_encoding_is_pinned),
        cmocka_unit_test(every_cut_of_the_bytes_is_refused),
        cmocka_unit_test(any_changed_byte_gives_another_plan_or_none),
        cmocka_unit_test(memory_may_fail_anywhere),
        cmocka_unit_test(what_makes_no_sense_is_refused_with_words),
        cmocka_unit_test(a_text_plan_keeps_its_caps),
        cmocka_unit_test(another_version_is_named),
        cmocka_unit_test(runs_of_the_box_must_be_maximal),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
