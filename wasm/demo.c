#include "demo.h"

enum { ROWS = HATS_DEMO_ROWS };

static uint64_t first_row[ROWS], last_row[ROWS], bytes[ROWS], tags[ROWS];

static uint32_t public_column(const void *ctx, unsigned t, unsigned c, uint64_t *out) {
    const struct hats_demo *demo = ctx;
    (void)t, (void)c;
    for (unsigned j = 0; j < ROWS; j++)
        out[j] = demo->sum;
    return ROWS;
}

static uint32_t weight_column(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                              unsigned c, struct hats_fp3 *out) {
    (void)ctx, (void)t, (void)c;
    for (unsigned j = 0; j < ROWS; j++)
        out[j] = challenges[0];
    return ROWS;
}

static void scalars(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                    struct hats_fp3 *out) {
    const struct hats_demo *demo = ctx;
    (void)t;
    out[0] = hats_fp3_scale(challenges[0], demo->sum);
}

static void describe(struct hats_air *air) {
    first_row[0] = last_row[ROWS - 1] = 1;
    for (unsigned j = 0; j < ROWS; j++)
        bytes[j] = j;
    hats_air_begin(air, "sum of bytes", HATS_DEMO_LOG_ROWS);
    (void)hats_air_column(air, "x");
    (void)hats_air_column(air, "s");
    (void)hats_air_column(air, "m");
    hats_air_node x = hats_air_cell(air, HATS_DEMO_X), s = hats_air_cell(air, HATS_DEMO_S);
    hats_air_node first = hats_air_fixed(air, hats_air_fixed_column(air, first_row, 8));
    hats_air_node last = hats_air_fixed(air, hats_air_fixed_column(air, last_row, 8));
    hats_air_node inner = hats_air_sub(air, hats_air_constant(air, 1), last);
    hats_air_node after = hats_air_add(air, s, x);
    hats_air_node sum = hats_air_public(air, hats_air_public_column(air));
    hats_air_node step = hats_air_sub(air, hats_air_next(air, HATS_DEMO_S), after);
    hats_air_constrain(air, "the sum begins at 0", hats_air_mul(air, first, s));
    hats_air_constrain(air, "each byte is added", hats_air_mul(air, inner, step));
    hats_air_constrain(air, "the sum ends at y",
                       hats_air_mul(air, last, hats_air_sub(air, after, sum)));
    unsigned values = hats_air_fixed_column(air, bytes, 8);
    hats_air_table(air, values, hats_air_fixed_column(air, tags, 8), HATS_DEMO_M);
    hats_air_look_up(air, "x is a byte", x, 0);
    (void)hats_air_new_challenge(air);
    hats_air_node weight = hats_air_weight(air, hats_air_weight_column(air));
    hats_air_sum(air, "gamma x sums to gamma y", hats_air_mul(air, weight, x),
                 hats_air_new_scalar(air));
}

hats_status hats_demo_init(struct hats_demo *demo, uint64_t sum, struct hats_error *err) {
    if (sum > 255 * ROWS)
        return hats_fail(err, HATS_E_RANGE, "no %d bytes have that sum", ROWS);
    describe(&demo->air);
    demo->sum = sum;
    hats_store_be64(demo->public_bytes, sum);
    demo->statement = (struct hats_stark_statement){
        .setup = &demo->setup,
        .public_bytes = demo->public_bytes,
        .public_len_bytes = sizeof demo->public_bytes,
        .ctx = demo,
        .public_column = public_column,
        .weight_column = weight_column,
        .scalars = scalars,
    };
    const struct hats_air *airs[] = {&demo->air};
    return hats_stark_setup_init(&demo->setup, HATS_DEMO_SUITE, airs, 1, err);
}
