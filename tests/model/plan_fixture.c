#include "plan_fixture.h"

#include <assert.h>

static char name[] = "fixture", version[] = "1.0";
static char height[] = "height", count[] = "count", age[] = "age", colour[] = "colour",
            weight[] = "weight (kg)", red[] = "red", blue[] = "blue, dark", text[] = "text";
static char no[] = "no", yes[] = "yes";

void plan_fixture_fill(struct plan_fixture *f) {
    const int64_t one = INT64_C(1) << HATS_PLAN_SHIFT;
    struct hats_fhe_security bits = hats_fhe_security_of(HATS_SET_L4096);
    *f = (struct plan_fixture){
        .columns = {{.name = height, .type = HATS_COLUMN_NUMBER, .decimals = 2},
                    {.name = count, .type = HATS_COLUMN_NUMBER},
                    {.name = age, .type = HATS_COLUMN_NUMBER, .decimals = 1},
                    {.name = colour, .type = HATS_COLUMN_CATEGORY},
                    {.name = weight, .type = HATS_COLUMN_NUMBER, .missing = HATS_MISSING_EMPTY}},
        .rules =
            {{.op = HATS_RULE_AFFINE,
              .column = 0,
              .a = one / 64,
              .b = -266 * one + one / 2,
              .clip = true},
             {.op = HATS_RULE_AFFINE, .column = 1, .a = one},
             {.op = HATS_RULE_INTERVAL,
              .column = 2,
              .has_above = true,
              .above = 180,
              .has_up_to = true,
              .up_to = 650,
              .unit = 1},
             {.op = HATS_RULE_INTERVAL, .column = 2, .has_above = true, .above = 650, .unit = 1},
             {.op = HATS_RULE_CATEGORY, .column = 3, .category = red, .unit = 1},
             {.op = HATS_RULE_CATEGORY, .column = 3, .category = blue, .unit = 1},
             {.op = HATS_RULE_AFFINE, .column = 4, .a = one, .missing_x = 50}},
        .lo = {-127, 0, 0, 0, 0, 0, 0},
        .hi = {127, 15, 1, 1, 1, 1, 255},
        .labels = {no, yes},
    };
    f->plan = (struct hats_plan){.name = name,
                                 .version = version,
                                 .task = HATS_TASK_BINARY,
                                 .link = HATS_LINK_SIGMOID,
                                 .set_id = HATS_SET_L4096,
                                 .log_t = 20,
                                 .lo = f->lo,
                                 .hi = f->hi,
                                 .input = HATS_INPUT_COLUMNS,
                                 .columns = f->columns,
                                 .n_columns = 5,
                                 .rules = f->rules,
                                 .labels = f->labels,
                                 .n_labels = 2,
                                 .scale_num = 5,
                                 .scale_shift = 10,
                                 .kl_millibits = -35100,
                                 .kl_all_millibits = -30000,
                                 .classical_bits = bits.classical,
                                 .quantum_bits = bits.quantum};
    hats_status st =
        hats_linear_shape_init(&f->plan.shape, HATS_SET_L4096, FIXTURE_D, 1, FIXTURE_D, NULL);
    assert(st == HATS_OK);
    (void)st;
}

void plan_fixture_text(struct plan_fixture *f, int32_t *lo, int32_t *hi) {
    plan_fixture_fill(f);
    hats_status st = hats_linear_shape_init(&f->plan.shape, HATS_SET_L4096, 64, 1, 64, NULL);
    assert(st == HATS_OK);
    (void)st;
    for (int j = 0; j < 64; j++) {
        lo[j] = j < 63 ? -15 : 0;
        hi[j] = j < 63 ? 15 : 48;
    }
    f->plan.input = HATS_INPUT_TEXT;
    f->plan.columns = NULL;
    f->plan.n_columns = 0;
    f->plan.rules = NULL;
    f->plan.lo = lo;
    f->plan.hi = hi;
    f->plan.text =
        (struct hats_plan_text){.column = text, .profile = 1, .sum_max = 100, .norm_max = 48};
}
