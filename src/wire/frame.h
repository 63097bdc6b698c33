/* The 192-byte frame: a one-time signature over a request, opening the session whose proof vouches for the
 * table of one-time keys. Anyone can check it; the server, which holds no chain's beginning, cannot make it.
 *
 *     off len                                        a digest D of the request has 11 digits d_k of 12 bits
 *       0   1  0x51: version 1, profile 1, suite 1   whose sum must be 30,500; the counter c makes it so.
 *       1   3  index i of the one-time key           sigma_k = value d_k of chain k: whoever raised a digit
 *       4   8  first bytes of sid                    would have to lower another, and a chain cannot be
 *      12   4  counter c                             walked backwards.
 *      16 176  sigma_0 .. sigma_10
 *
 * With H = SHA-256, trunc16 the first 16 bytes, K_ots a secret and P a public random string of the session,
 * ADRS(type, k, s, i) = type (1) | k (1) | s (2) | i (4) | "HATSfrm1":
 *
 *     seed(i, k) = trunc16(HMAC(K_ots, "HATS-OTS-SEED-1" pad16 | P | i (4) | k (1)))
 *     F(i, k, s, v) = trunc16(H(P | ADRS(1, k, s, i) | v))          from value s to value s + 1, 4,095 times
 *     leaf(i) = trunc16(H(P | ADRS(2, 0, 0, i) | end(i, 0) | .. | end(i, 10)))
 *     R_ots   = root of the tree [RFC9162] of the digests H(0x00 | "HATSots1" | P | i (4) | leaf(i))
 *     D(c)    = H(P | ADRS(3, 0, 0, i) | R (32) | c (4))
 *
 * WOTS with a fixed sum [LMS, RFC8554; SPHINCS+C] and addresses in every hash: security 128 bits classical,
 * 64 quantum against inverting one of the chain values; whoever prepares both requests needs a collision on
 * 132 bits that also has the sum, about 2^74 hashes, and then holds two requests under a key of his own.
 * Signing takes about 77,000 trials of D and 30,500 steps in the mean, verifying 14,545 steps.
 *
 * This file has the arithmetic, client's and server's; keys that watch their use are in frame_key.h.
 */
#ifndef HATS_WIRE_FRAME_H
#define HATS_WIRE_FRAME_H

#include "base/status.h"
#include "hash/sha256.h"

#define HATS_FRAME_LEN 192
#define HATS_FRAME_SUITE_1 0x51 /* first byte */
#define HATS_FRAME_CHAINS 11
#define HATS_FRAME_STEPS 4095 /* of a chain; a digit is 0 .. 4095 */
#define HATS_FRAME_SUM 30500
#define HATS_FRAME_VALUE_LEN 16 /* of a chain, and of a leaf */
#define HATS_FRAME_P_LEN 16
#define HATS_FRAME_SECRET_LEN 32
#define HATS_FRAME_CALLS_MAX 4096
#define HATS_FRAME_BATCH 16 /* frames whose chains go in step */

struct hats_frame {
    uint32_t index; /* below 2^24 */
    uint8_t sid8[8];
    uint32_t counter;
    uint8_t sigma[HATS_FRAME_CHAINS][HATS_FRAME_VALUE_LEN];
};

void hats_frame_encode(uint8_t out[HATS_FRAME_LEN], const struct hats_frame *f);
/* HATS_E_MALFORMED: not 192 bytes. HATS_E_VERSION: another version, profile or suite. *out is zero on
 * failure. */
HATS_MUST_USE hats_status hats_frame_decode(struct hats_frame *out, const uint8_t *bytes,
                                            size_t len_bytes, struct hats_error *err);

/* ---- keys ---- */

/* table[16 i ..] = leaf(first + i) for i < n_leaves: 45,045 blocks each. Constant time in the secret. */
void hats_frame_leaves(uint8_t *table, const uint8_t secret[HATS_FRAME_SECRET_LEN],
                       const uint8_t p[HATS_FRAME_P_LEN], uint32_t first, size_t n_leaves);
/* R_ots of a table of 1 .. HATS_FRAME_CALLS_MAX leaves. */
void hats_frame_root(uint8_t root[HATS_SHA256_LEN], const uint8_t p[HATS_FRAME_P_LEN],
                     const uint8_t *table, size_t n_leaves);
/* The frame of request digest r under key `index`, sid8 being the first bytes of sid. A key signs once:
 * the caller sees to it. Constant time in the secret. HATS_E_RANGE, after 2^32 trials in vain: never. */
HATS_MUST_USE hats_status hats_frame_sign(uint8_t frame[HATS_FRAME_LEN],
                                          const uint8_t secret[HATS_FRAME_SECRET_LEN],
                                          const uint8_t p[HATS_FRAME_P_LEN], uint32_t index,
                                          const uint8_t sid[32], const uint8_t r[32],
                                          struct hats_error *err);

/* ---- verification ---- */

/* What a session's row says of its frames. Borrowed. */
struct hats_frame_session {
    const uint8_t *sid;   /* 32 bytes */
    const uint8_t *p;     /* HATS_FRAME_P_LEN */
    const uint8_t *table; /* n_calls leaves */
    uint32_t n_calls;
};

enum hats_frame_refusal {
    HATS_FRAME_ACCEPTED = 0,
    HATS_FRAME_R_LENGTH,  /* malformed */
    HATS_FRAME_R_HEADER,  /* malformed */
    HATS_FRAME_R_INDEX,   /* malformed: not below the session's number of calls */
    HATS_FRAME_R_SESSION, /* invalid: another session's */
    HATS_FRAME_R_SUM,     /* invalid: found by one hash */
    HATS_FRAME_R_LEAF,    /* invalid: found by the chains */
    HATS_FRAME_REFUSAL_COUNT
};
const char *hats_frame_refusal_name(enum hats_frame_refusal r); /* "sum", ... */

/* A frame that has passed all that costs one hash; plain data, and no secret. */
struct hats_frame_check {
    struct hats_frame frame;
    uint8_t p[HATS_FRAME_P_LEN];
    uint8_t leaf[HATS_FRAME_VALUE_LEN];
    uint16_t digits[HATS_FRAME_CHAINS];
};
/* Everything before the chains, in the order of the refusals. r: digest of the request that came with it. */
HATS_MUST_USE enum hats_frame_refusal hats_frame_begin(struct hats_frame_check *check,
                                                       const uint8_t *bytes, size_t len_bytes,
                                                       const struct hats_frame_session *session,
                                                       const uint8_t r[32]);
/* The chains of n checks at once, up to HATS_FRAME_BATCH of them in step: valid[i] says whether check i
 * ends in its session's leaf. */
void hats_frame_finish(bool *valid, const struct hats_frame_check *checks, size_t n);
/* Both, for one frame. HATS_OK, HATS_E_MALFORMED or HATS_E_VERIFY, the reason in *refusal, which may be
 * NULL. */
HATS_MUST_USE hats_status hats_frame_verify(const uint8_t *bytes, size_t len_bytes,
                                            const struct hats_frame_session *session,
                                            const uint8_t r[32], enum hats_frame_refusal *refusal,
                                            struct hats_error *err);

#endif
