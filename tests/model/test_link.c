#include "plan_fixture.h"

#include "base/bytes.h"
#include "model/link.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool near(double a, double b) { return fabs(a - b) < 1e-12; }

static void a_binary_class_is_decided_on_the_sign(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_link_answer a;
    plan_fixture_fill(&f); /* score = 5 acc / 1024 */
    hats_link_apply(&a, &f.plan, (int64_t[]){0});
    assert_string_equal(a.label, "no");
    assert_true(near(a.value, 0.5));
    hats_link_apply(&a, &f.plan, (int64_t[]){1});
    assert_string_equal(a.label, "yes");
    assert_true(near(a.score, 5.0 / 1024));
    assert_true(near(a.value, 1 / (1 + exp(-5.0 / 1024))));
    hats_link_apply(&a, &f.plan, (int64_t[]){-1024});
    assert_string_equal(a.label, "no");
    assert_true(near(a.score, -5));
    assert_true(near(a.value, 1 / (1 + exp(-5))));
    assert_int_equal(a.n_top, 2);
    assert_string_equal(a.top[1].label, "yes");
    assert_true(near(a.top[1].probability, 1 / (1 + exp(5))));
}

static void large_scores_do_not_overflow(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_link_answer a;
    plan_fixture_fill(&f);
    hats_link_apply(&a, &f.plan, (int64_t[]){INT64_C(1) << 40});
    assert_true(a.value == 1);
    hats_link_apply(&a, &f.plan, (int64_t[]){-(INT64_C(1) << 40)});
    assert_true(a.value == 1);
    assert_true(a.top[1].probability >= 0 && a.top[1].probability < 1e-300);
}

static char c0[] = "c0", c1[] = "c1", c2[] = "c2", c3[] = "c3";

static void multiclass(struct plan_fixture *f, enum hats_plan_link link) {
    plan_fixture_fill(f);
    f->plan.task = HATS_TASK_MULTICLASS;
    f->plan.link = link;
    f->plan.shape.k = 4;
    f->labels[0] = c0;
    f->labels[1] = c1;
    f->labels[2] = c2;
    f->labels[3] = c3;
    f->plan.n_labels = 4;
    f->plan.scale_num = 1;
    f->plan.scale_shift = 0;
}

static void the_first_maximum_wins_and_three_are_listed(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_link_answer a;
    multiclass(&f, HATS_LINK_SOFTMAX);
    hats_link_apply(&a, &f.plan, (int64_t[]){3, 7, 5, 7});
    assert_int_equal(a.n_top, 3);
    assert_string_equal(a.top[0].label, "c1");
    assert_string_equal(a.top[1].label, "c3");
    assert_string_equal(a.top[2].label, "c2");
    double sum = 2 + exp(-2) + exp(-4);
    assert_true(near(a.top[0].probability, 1 / sum));
    assert_true(near(a.top[2].probability, exp(-2) / sum));
    assert_string_equal(a.label, "c1");
}

static void every_order_of_four_scores_is_ranked(void **state) {
    (void)state;
    struct plan_fixture f;
    multiclass(&f, HATS_LINK_IDENTITY);
    for (int64_t code = 0; code < 256; code++) {
        int64_t acc[4] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 & 3};
        struct hats_link_answer a;
        hats_link_apply(&a, &f.plan, acc);
        for (uint32_t i = 0; i < 3; i++) {
            uint32_t before = 0; /* classes that must stand before top[i] */
            for (uint32_t o = 0; o < 4; o++)
                before += acc[o] > acc[a.top[i].index] ||
                          (acc[o] == acc[a.top[i].index] && o < a.top[i].index);
            assert_int_equal(before, i);
        }
        assert_true(isnan(a.value));
    }
}

static void sigmoids_may_be_shared_out(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_link_answer a;
    double score[4], value[4], sum = 0;
    multiclass(&f, HATS_LINK_SIGMOID_L1);
    hats_link_scores(score, value, &f.plan, (int64_t[]){0, 1, -1, -2});
    for (int o = 0; o < 4; o++)
        sum += value[o];
    assert_true(near(sum, 1));
    hats_link_apply(&a, &f.plan, (int64_t[]){0, 1, -1, -2});
    assert_true(near(a.value, value[1]));
    assert_true(near(value[0] / value[1], 0.5 * (1 + exp(-1))));
}

static void a_log_link_gives_the_mean(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_link_answer a;
    plan_fixture_fill(&f);
    f.plan.task = HATS_TASK_REGRESSION;
    f.plan.link = HATS_LINK_EXP;
    f.plan.n_labels = 1;
    hats_link_apply(&a, &f.plan, (int64_t[]){1024});
    assert_true(near(a.score, 5));
    assert_true(fabs(a.value - exp(5)) < 1e-9);
    assert_string_equal(a.label, "no");
    assert_int_equal(a.n_top, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binary_class_is_decided_on_the_sign),
        cmocka_unit_test(large_scores_do_not_overflow),
        cmocka_unit_test(the_first_maximum_wins_and_three_are_listed),
        cmocka_unit_test(every_order_of_four_scores_is_ranked),
        cmocka_unit_test(sigmoids_may_be_shared_out),
        cmocka_unit_test(a_log_link_gives_the_mean),
    };
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
