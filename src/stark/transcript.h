/* The conversation between prover and verifier, without the verifier: every challenge is SHAKE256 of
 * everything said before (Fiat-Shamir; docs/FORMATS.md, section 8.4).
 *
 *   absorb(label, bytes)   x <- x | label (1) | length (8, big-endian) | bytes
 *   draw(label, n)         y = SHAKE256(x | label (1) | n (8));  the first 64 bytes of y become the new x,
 *                          the rest of y is the challenge
 *
 * starting from x = "HATS-STARK-1" pad16. Every part is labelled and has its length, so no two
 * conversations absorb the same bytes. A challenge in K is three words of y, little endian, of which those
 * that are not below p are skipped; a position in a domain of 2^k points is a word mod 2^k.
 */
#ifndef HATS_STARK_TRANSCRIPT_H
#define HATS_STARK_TRANSCRIPT_H

#include "field/fp3.h"
#include "hash/shake.h"

enum hats_stark_label {
    HATS_STARK_L_SUITE = 1,
    HATS_STARK_L_TABLES = 2,
    HATS_STARK_L_PUBLIC = 3,
    HATS_STARK_L_SALT = 4,
    HATS_STARK_L_TRACE = 5,
    HATS_STARK_L_CHALLENGES = 6,
    HATS_STARK_L_HELPERS = 7,
    HATS_STARK_L_LAMBDA = 8,
    HATS_STARK_L_QUOTIENT = 9,
    HATS_STARK_L_ZETA = 10,
    HATS_STARK_L_OPENED = 11,
    HATS_STARK_L_ETA = 12,
    HATS_STARK_L_LAYER = 13,
    HATS_STARK_L_BETA = 14,
    HATS_STARK_L_FINAL = 15,
    HATS_STARK_L_WORK_SEED = 16,
    HATS_STARK_L_NONCE = 17,
    HATS_STARK_L_QUERIES = 18,
};

struct hats_stark_transcript {
    struct hats_shake x;
};

void hats_stark_transcript_init(struct hats_stark_transcript *t);
void hats_stark_absorb(struct hats_stark_transcript *t, enum hats_stark_label label,
                       const void *data, size_t len_bytes);
void hats_stark_draw_k(struct hats_stark_transcript *t, enum hats_stark_label label,
                       struct hats_fp3 *out, size_t n);
void hats_stark_draw_bytes(struct hats_stark_transcript *t, enum hats_stark_label label,
                           uint8_t *out, size_t n);
/* Positions below 2^log_n in ascending order, each once; the result is how many there are, <= n. */
size_t hats_stark_draw_positions(struct hats_stark_transcript *t, enum hats_stark_label label,
                                 uint32_t *out, size_t n, unsigned log_n);

/* Proof of work: SHA-256("HATS-WORK-1" pad16 | seed (32) | nonce (8)) begins with `bits` zero bits, and the
 * nonce is the smallest one. bits <= 32. */
#define HATS_STARK_WORK_SEED_LEN 32
bool hats_stark_work_is_done(const uint8_t seed[HATS_STARK_WORK_SEED_LEN], uint64_t nonce,
                             unsigned bits);

#endif
