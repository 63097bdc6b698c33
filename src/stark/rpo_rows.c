#include "stark/rpo_rows.h"

#include <assert.h>
#include <string.h>

#define WIDTH HATS_STARK_RPO_WIDTH
#define RATE HATS_STARK_RPO_RATE
#define RATE_AT (WIDTH - RATE)

void hats_stark_rpo_rows_constrain(struct hats_air *air, unsigned x, unsigned y, unsigned z) {
    hats_air_node in = hats_air_cell(air, x), cube = hats_air_cell(air, y);
    hats_air_node seventh = hats_air_mul(air, hats_air_pow(air, cube, 2), in);
    hats_air_constrain(air, "S-box y = x^3", hats_air_sub(air, cube, hats_air_pow(air, in, 3)));
    hats_air_constrain(air, "S-box z = y^2 x", hats_air_sub(air, hats_air_cell(air, z), seventh));
}

void hats_stark_rpo_rows_permute(uint64_t *x, uint64_t *y, uint64_t *z, uint64_t state[WIDTH]) {
    for (unsigned k = 0; k < 2 * HATS_STARK_RPO_ROUNDS; k++) {
        uint64_t *in = k % 2 == 0 ? x : z, *out = k % 2 == 0 ? z : x;
        hats_stark_rpo_half_round(state, in, k / 2, k % 2);
        memcpy(out, state, WIDTH * sizeof *out);
        for (unsigned i = 0; i < WIDTH; i++)
            y[i] = hats_fp_mul(hats_fp_mul(x[i], x[i]), x[i]);
        x += WIDTH;
        y += WIDTH;
        z += WIDTH;
    }
}

void hats_stark_rpo_rows_hash(uint64_t *x, uint64_t *y, uint64_t *z,
                              uint64_t digest[HATS_STARK_RPO_DIGEST], uint64_t domain,
                              const uint64_t *elements, size_t n) {
    assert(n >= 1);
    uint64_t state[WIDTH] = {n % RATE, domain};
    for (size_t done = 0; done < n; done += RATE) {
        for (size_t i = 0; i < RATE; i++)
            state[RATE_AT + i] = done + i < n ? elements[done + i] : 0;
        hats_stark_rpo_rows_permute(x, y, z, state);
        x += HATS_STARK_RPO_ROWS;
        y += HATS_STARK_RPO_ROWS;
        z += HATS_STARK_RPO_ROWS;
    }
    memcpy(digest, state + RATE_AT, HATS_STARK_RPO_DIGEST * sizeof *digest);
    hats_wipe(state, sizeof state);
}

static void add_to(struct hats_fp3 *a, struct hats_fp3 b) { *a = hats_fp3_add(*a, b); }

/* Adds `weight` times the form to the left side. */
static void weigh_form(struct hats_stark_rpo_sum *sum, struct hats_fp3 weight,
                       const struct hats_stark_rpo_form *form) {
    for (size_t i = 0; i < form->n_terms; i++) {
        const struct hats_stark_rpo_term *term = &form->terms[i];
        add_to(&term->weights[term->row], hats_fp3_scale(weight, term->coefficient));
    }
    sum->total = hats_fp3_sub(sum->total, hats_fp3_scale(weight, form->constant));
}

void hats_stark_rpo_rows_relate(struct hats_stark_rpo_sum *sum,
                                const struct hats_stark_rpo_form *form) {
    weigh_form(sum, sum->power, form);
    sum->power = hats_fp3_mul(sum->power, sum->ratio);
}

/* The left side of twelve relations out_i - sum_j M_ij in_j = c_i but for the in_j: the weight of
 * each out_i is the relation's power, and that of in_j is minus_weights[j] = - sum_i M_ij power_i.
 * A column of M sums to 160, so a sum stays below 2^72. */
static void weigh_layer(struct hats_stark_rpo_sum *sum, struct hats_fp3 minus_weights[WIDTH],
                        struct hats_fp3 *out, const uint64_t constants[WIDTH]) {
    hats_u128 columns[WIDTH][3] = {{0}};
    for (unsigned i = 0; i < WIDTH; i++) {
        add_to(&out[i], sum->power);
        add_to(&sum->total, hats_fp3_scale(sum->power, constants[i]));
        for (unsigned j = 0; j < WIDTH; j++)
            for (unsigned k = 0; k < 3; k++)
                columns[j][k] +=
                    (hats_u128)sum->power.c[k] * hats_stark_rpo_mds_row[(j + WIDTH - i) % WIDTH];
        sum->power = hats_fp3_mul(sum->power, sum->ratio);
    }
    for (unsigned j = 0; j < WIDTH; j++)
        for (unsigned k = 0; k < 3; k++)
            minus_weights[j].c[k] = hats_fp_neg(hats_fp_reduce128(columns[j][k]));
}

void hats_stark_rpo_rows_weigh(struct hats_stark_rpo_sum *sum, size_t first_row,
                               const struct hats_stark_rpo_form input[WIDTH]) {
    struct hats_fp3 weights[WIDTH];
    for (unsigned r = 0; r < HATS_STARK_RPO_ROUNDS; r++) {
        size_t forward = first_row + (size_t)2 * WIDTH * r, backward = forward + WIDTH;
        weigh_layer(sum, weights, sum->x + forward, hats_stark_rpo_constants[r][0]);
        for (unsigned j = 0; j < WIDTH; j++)
            if (r == 0)
                weigh_form(sum, weights[j], &input[j]);
            else
                add_to(&sum->x[forward - WIDTH + j], weights[j]);
        weigh_layer(sum, weights, sum->z + backward, hats_stark_rpo_constants[r][1]);
        for (unsigned j = 0; j < WIDTH; j++)
            add_to(&sum->z[forward + j], weights[j]);
    }
}

/* The outputs first, first + 1, .. of the permutation at first_row. */
static void outputs(struct hats_stark_rpo_term *terms, unsigned n, struct hats_fp3 *x,
                    size_t first_row, unsigned first) {
    for (unsigned i = 0; i < n; i++)
        terms[i] = (struct hats_stark_rpo_term){
            .weights = x,
            .row = first_row + HATS_STARK_RPO_OUTPUT_ROW + first + i,
            .coefficient = 1,
        };
}

void hats_stark_rpo_rows_weigh_hash(struct hats_stark_rpo_sum *sum,
                                    struct hats_stark_rpo_term digest[HATS_STARK_RPO_DIGEST],
                                    size_t first_row, uint64_t domain,
                                    const struct hats_stark_rpo_form *elements, size_t n) {
    assert(n >= 1);
    struct hats_stark_rpo_term capacity[RATE_AT];
    struct hats_stark_rpo_form input[WIDTH] = {{.constant = n % RATE}, {.constant = domain}};
    for (size_t done = 0;;) {
        for (size_t i = 0; i < RATE; i++)
            input[RATE_AT + i] =
                done + i < n ? elements[done + i] : (struct hats_stark_rpo_form){.constant = 0};
        hats_stark_rpo_rows_weigh(sum, first_row, input);
        done += RATE;
        if (done >= n)
            break;
        outputs(capacity, RATE_AT, sum->x, first_row, 0);
        for (unsigned i = 0; i < RATE_AT; i++)
            input[i] = (struct hats_stark_rpo_form){.terms = &capacity[i], .n_terms = 1};
        first_row += HATS_STARK_RPO_ROWS;
    }
    outputs(digest, HATS_STARK_RPO_DIGEST, sum->x, first_row, RATE_AT);
}
