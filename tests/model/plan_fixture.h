/* A small plan with every kind of rule; its arrays live in the fixture.
 *
 *     x_0  affine, clipped:   100 height / 64 - 266, to -127 .. 127, two decimals
 *     x_1  affine, refused:   the integer count, 0 .. 15
 *     x_2  interval           1 if 18 < age <= 65
 *     x_3  interval           1 if age > 65
 *     x_4  category           1 if colour = "red"
 *     x_5  category           1 if colour = "blue, dark"
 *     x_6  affine             weight, empty cells are 50
 */
#ifndef TESTS_MODEL_PLAN_FIXTURE_H
#define TESTS_MODEL_PLAN_FIXTURE_H

#include "model/plan.h"

enum { FIXTURE_D = 7 };

struct plan_fixture {
    struct hats_plan plan;
    struct hats_plan_column columns[5];
    struct hats_plan_rule rules[FIXTURE_D];
    int32_t lo[FIXTURE_D], hi[FIXTURE_D];
    char *labels[4];
};

void plan_fixture_fill(struct plan_fixture *f);
/* Make it a text plan of 64 inputs; lo and hi are the caller's arrays of 64. */
void plan_fixture_text(struct plan_fixture *f, int32_t *lo, int32_t *hi);

#endif
