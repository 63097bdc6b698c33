/* What the files of the statement over several moduli share, and its tests see (docs/FORMATS.md, 9.4). */
#ifndef HATS_STATEMENTS_RNS_INTERNAL_H
#define HATS_STATEMENTS_RNS_INTERNAL_H

#include "statements/noise.h"
#include "statements/rns.h"

#include <pthread.h>

#define HATS_RNS_TAG_DIGIT 0

/* Columns: s, e0, bits; of each ciphertext e, the digits of m + 2^(b-1), and r_i + N/4 of each limb that has one;
 * multiplicities. Bits: the slack of each window, ciphertexts first. */
enum { HATS_RNS_S, HATS_RNS_E0, HATS_RNS_BITS, HATS_RNS_FIRST };

struct hats_rns_setup {
    struct hats_rns_shape shape;
    uint32_t n;
    unsigned digit_bits;  /* log2 N - 1: the table has N/2 digits */
    unsigned n_digits;    /* of m */
    unsigned top_shift;   /* the top digit is looked up times 2^this as well; 0: it is full */
    unsigned n_quotients; /* limbs that are not p */
    unsigned columns_a_ct;
    unsigned multiplicities;
    uint64_t *a0, *table_values, *table_tags;
    struct hats_air air;
    struct hats_stark_setup stark;
};

static inline unsigned hats_rns_column_e(const struct hats_rns_setup *s, uint32_t c) {
    return HATS_RNS_FIRST + c * s->columns_a_ct;
}
static inline unsigned hats_rns_column_m(const struct hats_rns_setup *s, uint32_t c,
                                         unsigned digit) {
    return hats_rns_column_e(s, c) + 1 + digit;
}
static inline unsigned hats_rns_column_r(const struct hats_rns_setup *s, uint32_t c,
                                         unsigned limb) {
    return hats_rns_column_m(s, c, s->n_digits) + limb;
}

/* Centred, as a signed integer and as an element of F_p; for q = p the element itself. */
static inline uint64_t hats_rns_centred(uint64_t word, uint64_t q) {
    return word > q / 2 ? hats_fp_sub(word, q) : word;
}

#define HATS_RNS_PUBLIC_MAX(n_ct) (16 + 2 * 32 + 4 * 5 + 8 * (HATS_RNS_MAX_LIMBS + 1) + (n_ct)*64)

struct hats_rns_work {
    struct hats_rns_work *self; /* the engine's ctx points here */
    const struct hats_rns_public *pub;
    struct hats_stark_statement statement;
    uint8_t *public_bytes;
    pthread_mutex_t lock; /* callbacks come from several threads */
    bool ready;           /* powers are those of gamma */
    struct hats_fp3 gamma;
    uint64_t *element;
    struct hats_fp3_vec powers, batch, room; /* [N] */
};

size_t hats_rns_work_bytes(const struct hats_rns_setup *setup);
HATS_MUST_USE hats_status hats_rns_work_init(struct hats_rns_work *w, struct hats_arena *arena,
                                             const struct hats_rns_public *pub,
                                             struct hats_error *err);
void hats_rns_work_clear(struct hats_rns_work *w);

#endif
