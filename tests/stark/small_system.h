/* A system of 16 rows with every kind of leaf and claim, and a table that satisfies it.
 *
 *     b = a^2              a(next) = a + step          challenge (a - count) = 0
 *     a in the table under tag 1, b under tag 2, a once more under tag 1
 *     the sum of weight a + challenge b is the scalar
 *
 * a counts 0 1 2 3 0 1 2 3 ..; step is public, 1 1 1 -3; count is a fixed column of period 4.
 */
#ifndef HATS_TESTS_STARK_SMALL_SYSTEM_H
#define HATS_TESTS_STARK_SMALL_SYSTEM_H

#include "stark/air.h"

#include <string.h>

#define SMALL_LOG_N 4
#define SMALL_N 16

enum { SMALL_A, SMALL_B, SMALL_M, SMALL_COLUMNS };

struct small {
    struct hats_air air;
    uint64_t trace[SMALL_COLUMNS][SMALL_N], step[SMALL_N];
    struct hats_fp3 weights[SMALL_N], challenge, scalar;
};

static const uint64_t small_values[SMALL_N] = {0, 1, 2, 3, 0, 1, 4, 9};
static const uint64_t small_tags[SMALL_N] = {1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1};
static const uint64_t small_count[4] = {0, 1, 2, 3};

static inline void small_describe(struct hats_air *air, unsigned n_lookups) {
    hats_air_begin(air, "small", SMALL_LOG_N);
    hats_air_column(air, "a");
    hats_air_column(air, "b");
    hats_air_column(air, "m");
    unsigned step = hats_air_public_column(air), weight = hats_air_weight_column(air);
    unsigned challenge = hats_air_new_challenge(air), scalar = hats_air_new_scalar(air);
    unsigned values = hats_air_fixed_column(air, small_values, SMALL_LOG_N);
    unsigned tags = hats_air_fixed_column(air, small_tags, SMALL_LOG_N);
    unsigned count = hats_air_fixed_column(air, small_count, 2);
    hats_air_table(air, values, tags, SMALL_M);
    hats_air_node a = hats_air_cell(air, SMALL_A), b = hats_air_cell(air, SMALL_B);
    hats_air_node drawn = hats_air_challenge(air, challenge);
    hats_air_constrain(air, "square", hats_air_sub(air, b, hats_air_pow(air, a, 2)));
    hats_air_constrain(air, "step",
                       hats_air_sub(air, hats_air_next(air, SMALL_A),
                                    hats_air_add(air, a, hats_air_public(air, step))));
    hats_air_node off = hats_air_sub(air, a, hats_air_fixed(air, count));
    hats_air_constrain(air, "count", hats_air_mul(air, drawn, hats_air_mul(air, off, b)));
    if (n_lookups > 0)
        hats_air_look_up(air, "a is small", a, 1);
    if (n_lookups > 1)
        hats_air_look_up(air, "b is a small square", b, 2);
    if (n_lookups > 2)
        hats_air_look_up(air, "a is small again", a, 1);
    hats_air_sum(air, "weighted",
                 hats_air_add(air, hats_air_mul(air, hats_air_weight(air, weight), a),
                              hats_air_mul(air, drawn, b)),
                 scalar);
}

/* Row j of the table counts what `of` says is looked up: its key, where the key comes first. */
static inline void small_multiplicities(struct small *s, unsigned n_lookups) {
    static const unsigned columns[] = {SMALL_A, SMALL_B, SMALL_A}, tags[] = {1, 2, 1};
    memset(s->trace[SMALL_M], 0, sizeof s->trace[SMALL_M]);
    for (unsigned i = 0; i < n_lookups; i++)
        for (unsigned row = 0; row < SMALL_N; row++)
            for (unsigned j = 0; j < SMALL_N; j++)
                if (small_values[j] == s->trace[columns[i]][row] && small_tags[j] == tags[i]) {
                    s->trace[SMALL_M][j]++;
                    break;
                }
}

/* challenge and weights: any. */
static inline void small_fill(struct small *s, unsigned n_lookups) {
    small_describe(&s->air, n_lookups);
    s->scalar = hats_fp3_from_fp(0);
    for (unsigned j = 0; j < SMALL_N; j++) {
        uint64_t a = j % 4;
        s->trace[SMALL_A][j] = a;
        s->trace[SMALL_B][j] = a * a;
        s->step[j] = a == 3 ? HATS_P - 3 : 1;
        s->scalar = hats_fp3_add(s->scalar, hats_fp3_scale(s->weights[j], a));
        s->scalar = hats_fp3_add(s->scalar, hats_fp3_scale(s->challenge, a * a));
    }
    small_multiplicities(s, n_lookups);
}

#endif
