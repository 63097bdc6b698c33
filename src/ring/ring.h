/* A few coefficients of a product in F_p[X]/(X^N + 1), without a transform.
 *
 * For a small w of `span` coefficients (w_j = 0 from span on), kept in reverse order w_rev[j] =
 * w_{span-1-j}, coefficient i of c w is two contiguous dot products:
 *
 *     (c w)_i = <c_{lo .. i}, w_rev tail> - <c_{N+i-span+1 .. N-1}, w_rev head>
 *
 * c is given as limb planes (hats_ring_kernels()->split). At span = N = 4096 one coefficient costs
 * about a hundredth of a transform (bench/linear.c: dot, ntt).
 */
#ifndef HATS_RING_RING_H
#define HATS_RING_RING_H

#include <stddef.h>
#include <stdint.h>

/* 1 <= span <= n, index < n, |w| <= w_max <= 32767, planes of n words. Constant time in c and w. */
uint64_t hats_ring_coefficient(const int16_t *planes, size_t n, const int16_t *w_rev, size_t span,
                               int w_max, size_t index);

/* w_rev for dot products, from an element of n coefficients. Constant time in w. */
void hats_ring_reverse(int16_t *w_rev, const int8_t *w, size_t n);

#endif
