/* Relations in F_p[X]/(X^N + 1) by one random linear functional.
 *
 * phi(f) = sum_j f_j gamma^j, gamma drawn from K once the columns are committed to. For a public a and a
 * committed s
 *
 *     phi(a s) = sum_k s_k v_k,   v_k = phi(a X^k mod X^N + 1),
 *     v_0 = phi(a),   v_{k+1} = gamma v_k - (1 + gamma^N) a_{N-1-k},
 *
 * so c = a s + e in the ring becomes one inner product over the rows of a table, and if it does not hold,
 * it holds under phi for at most N - 1 values of gamma. Several relations are batched with powers of a
 * second challenge before the recurrence, which therefore runs once. Everything here is public.
 *
 * n is a power of 2, 1024 .. 65536; vectors are 64-byte aligned.
 */
#ifndef HATS_STATEMENTS_FUNCTIONAL_H
#define HATS_STATEMENTS_FUNCTIONAL_H

#include "field/fp3.h"

/* out_i = x^i, i < n. */
void hats_functional_powers(struct hats_fp3_vec out, struct hats_fp3 x, size_t n);
/* sum_i a_i powers_i: phi(a) with the powers of gamma. a is used up. */
struct hats_fp3 hats_functional_of(struct hats_fp3_vec a, struct hats_fp3_vec powers, size_t n);
/* v_0 .. v_{n-1} of a, an element of K[X]/(X^n + 1). room: another n elements. */
void hats_functional_vector(struct hats_fp3 *v, struct hats_fp3_vec a, struct hats_fp3_vec room,
                            struct hats_fp3_vec powers, size_t n);

#endif
