#include "statements/functional.h"

#include <string.h>

/* The recurrence runs in this many pieces side by side. */
#define PIECES 64

void hats_functional_powers(struct hats_fp3_vec out, struct hats_fp3 x, size_t n) {
    struct hats_fp3 power = hats_fp3_from_fp(1);
    for (size_t i = 0; i < 8; i++) {
        hats_fp3_vec_set(out, i, power);
        power = hats_fp3_mul(power, x);
    }
    for (size_t k = 8; k < n; k *= 2) {
        hats_field_kernels()->fp3_scale(hats_fp3_vec_from(out, k), out, power, k);
        power = hats_fp3_square(power);
    }
}

/* Sums of n < 2^32 words fit in 128 bits with room to spare. */
static struct hats_fp3 sum_of(struct hats_fp3_vec a, size_t n) {
    struct hats_fp3 sum;
    for (int j = 0; j < 3; j++) {
        hats_u128 total = 0;
        for (size_t i = 0; i < n; i++)
            total += a.c[j][i];
        sum.c[j] = hats_fp_reduce128(total);
    }
    return sum;
}

struct hats_fp3 hats_functional_of(struct hats_fp3_vec a, struct hats_fp3_vec powers, size_t n) {
    hats_field_kernels()->fp3_mul(a, a, powers, n);
    return sum_of(a, n);
}

/* state <- gamma state - row k of steps, for all pieces. */
static void step(struct hats_fp3_vec state, struct hats_fp3_vec steps, size_t k,
                 struct hats_fp3 gamma) {
    hats_field_kernels()->fp3_scale(state, state, gamma, PIECES);
    hats_fp3_vec_sub(state, state, hats_fp3_vec_from(steps, k * PIECES), PIECES);
}

/* With n = 64 L, piece j is v_{jL} .. v_{jL+L-1}, and row k of the steps holds a_{n-1-jL-k}, what the pieces
 * subtract in their step k but for the factor 1 + gamma^n. A first run without the factor and from 0 ends in
 *
 *     end_j = - sum_k gamma^(L-1-k) a_{n-1-jL-k},   so phi(a) = - sum_j gamma^(n-L-jL) end_j
 *
 * and the first value of piece j + 1 is gamma^L times that of piece j, plus (1 + gamma^n) end_j. */
void hats_functional_vector(struct hats_fp3 *v, struct hats_fp3_vec a, struct hats_fp3_vec room,
                            struct hats_fp3_vec powers, size_t n) {
    _Alignas(64) uint64_t words[3][PIECES] = {{0}};
    struct hats_fp3_vec state = {{words[0], words[1], words[2]}}, steps = room;
    struct hats_fp3 gamma = hats_fp3_vec_at(powers, 1), first = {0};
    size_t len = n / PIECES;
    struct hats_fp3 wrap = hats_fp3_mul(hats_fp3_vec_at(powers, n - 1), gamma);
    struct hats_fp3 shift = hats_fp3_vec_at(powers, len);
    wrap = hats_fp3_add(wrap, hats_fp3_from_fp(1));
    for (int i = 0; i < 3; i++)
        for (size_t k = 0; k < len; k++)
            for (size_t j = 0; j < PIECES; j++)
                steps.c[i][k * PIECES + j] = a.c[i][n - 1 - j * len - k];
    for (size_t k = 0; k < len; k++)
        step(state, steps, k, gamma);
    for (size_t j = 0; j < PIECES; j++)
        first = hats_fp3_sub(hats_fp3_mul(shift, first), hats_fp3_vec_at(state, j));
    for (size_t j = 0; j < PIECES; j++) {
        struct hats_fp3 end = hats_fp3_mul(wrap, hats_fp3_vec_at(state, j));
        hats_fp3_vec_set(state, j, first);
        first = hats_fp3_add(hats_fp3_mul(shift, first), end);
    }
    hats_field_kernels()->fp3_scale(steps, steps, wrap, n);
    for (size_t k = 0; k < len; k++) {
        for (size_t j = 0; j < PIECES; j++)
            v[j * len + k] = hats_fp3_vec_at(state, j);
        step(state, steps, k, gamma);
    }
}
