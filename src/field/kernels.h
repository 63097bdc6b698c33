/* What the backends of this folder share: the twiddle tables, the order of a transform, and the names
 * of the kernels, which dispatch.c alone puts together.
 *
 * The transform is the merged negacyclic Cooley-Tukey tree [Sei18, sec. 2.2]. Level l = 0.. splits each
 * of 2^l blocks: block b holds a polynomial modulo X^len - z^2 and becomes two, modulo X^(len/2) - z and
 * X^(len/2) + z, with z = root[2^l + b] = psi^brv(2^l + b), brv reversing log_n bits. The leaves come
 * out in bit-reversed order.
 *
 * The order of storage differs from that in one respect, so that vector units need one transposition and
 * not two: each run of 128 = 8 x 16 leaves is stored transposed, leaf 16 l + j of a run at 8 j + l.
 */
#ifndef HATS_FIELD_KERNELS_H
#define HATS_FIELD_KERNELS_H

#include "field/field.h"

#define HATS_NTT_RUN 128 /* leaves stored transposed together */
#define HATS_NTT_LANES 8

struct hats_ntt {
    unsigned log_n;
    uint64_t *root;     /* [N] psi^brv(k) */
    uint64_t *root_inv; /* [N] psi^-brv(k) */
    uint64_t n_inv;     /* 1/N */
};

extern const struct hats_field_kernels hats_field_portable;
extern const struct hats_field_kernels hats_field_avx2;
extern const struct hats_field_kernels hats_field_avx512;

#endif
