#include "stark/lazy.h"

#include <assert.h>

struct hats_pole hats_pole_of(struct hats_fp3 u) {
    uint64_t u1 = u.c[1], u2 = u.c[2];
    uint64_t product = hats_fp_mul(HATS_FP3_NON_RESIDUE, hats_fp_mul(u1, u2));
    uint64_t square_1 = hats_fp_mul(u1, u1);
    uint64_t seven_square_2 = hats_fp_mul(HATS_FP3_NON_RESIDUE, hats_fp_mul(u2, u2));
    uint64_t cube_1 = hats_fp_mul(square_1, u1), seven_cube_2 = hats_fp_mul(seven_square_2, u2);
    return (struct hats_pole){
        .u = u,
        .product_12 = product,
        .triple_12 = hats_fp_mul(3, product),
        .square_1 = square_1,
        .seven_square_2 = seven_square_2,
        .cubes = hats_fp_mul(HATS_FP3_NON_RESIDUE, hats_fp_add(cube_1, seven_cube_2)),
    };
}

/* One inversion for all [Mon87, 10.3.1], in four chains, since each product waits for the one before it. */
bool hats_fp_invert_block(uint64_t *values, size_t n) {
    enum { CHAINS = 4 };
    assert(n <= HATS_INVERSES_MAX);
    uint64_t before[HATS_INVERSES_MAX], run[CHAINS] = {1, 1, 1, 1};
    for (size_t i = 0; i < n; i++) {
        before[i] = run[i % CHAINS];
        run[i % CHAINS] = hats_fp_mul(run[i % CHAINS], values[i]);
    }
    uint64_t low = hats_fp_mul(run[0], run[1]), high = hats_fp_mul(run[2], run[3]);
    uint64_t all = hats_fp_inv(hats_fp_mul(low, high));
    if (all == 0)
        return false;
    uint64_t of_low = hats_fp_mul(all, high), of_high = hats_fp_mul(all, low);
    uint64_t inverse[CHAINS] = {hats_fp_mul(of_low, run[1]), hats_fp_mul(of_low, run[0]),
                                hats_fp_mul(of_high, run[3]), hats_fp_mul(of_high, run[2])};
    for (size_t i = n; i-- > 0;) {
        uint64_t value = values[i];
        values[i] = hats_fp_mul(inverse[i % CHAINS], before[i]);
        inverse[i % CHAINS] = hats_fp_mul(inverse[i % CHAINS], value);
    }
    return true;
}
