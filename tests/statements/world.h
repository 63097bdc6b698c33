/* What the tests of this folder share: a key, ciphertexts under it, the public input and the witness that
 * belong together, and the ways to look at what a witness makes of the system. */
#ifndef TESTS_STATEMENTS_WORLD_H
#define TESTS_STATEMENTS_WORLD_H

#include "statements/encryption_prove.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SET 1u
#define N 4096

/* HATS_TEST_SEED, or the clock; printed once. */
uint64_t world_u64(void);
int64_t world_between(int64_t lo, int64_t hi);
void world_bytes(void *out, size_t len_bytes);

/* out = a s in F_p[X]/(X^N + 1). */
void world_product(uint64_t out[N], const uint64_t a[N], const int8_t s[N]);
void world_expand(uint64_t a[N], const uint8_t seed[32]);
void world_a0(uint64_t a0[N]);
void world_ternary(int8_t s[N]);
void world_noise(int8_t e[N]);

struct world {
    struct hats_encryption_setup *setup;
    struct hats_encryption_input input; /* borrowed */
    uint32_t n_records, n_ct, n_in;
    uint64_t delta;
    int8_t *s, *e0, *e;
    int32_t *x;
    int64_t *fields;
    uint64_t (*salts)[HATS_ENCRYPTION_SALT];
    uint8_t *b0, *c0;
    struct hats_ciphertext_part *ciphertexts;
    uint64_t (*commitments)[HATS_STARK_RPO_DIGEST];
    struct hats_encryption_public pub;
    struct hats_encryption_witness witness;
    uint64_t *trace;
};

/* Honest key, noise, seeds and salts; records of zeros. */
void world_make(struct world *w, const struct hats_encryption_input *input, uint32_t n_records,
                unsigned suite);
void world_clear(struct world *w);
/* x of every record from its fields, where the source is fields; commitments. */
void world_commit(struct world *w);
/* b0 and every c0 from what the world holds. */
void world_encrypt(struct world *w);
/* All of it: commit, encrypt, fill the trace. Fails the test if the witness is refused. */
void world_finish(struct world *w);

/* Weight columns under random challenges, [column][N], and the scalar. */
hats_status world_weights(const struct world *w, struct hats_fp3 *weights,
                          struct hats_fp3 challenges[2], struct hats_fp3 *total,
                          struct hats_error *err);
/* The row checker under random challenges. */
hats_status world_check(const struct world *w, struct hats_error *err);
void world_accepts(const struct world *w);
/* It is refused, and what the checker says holds `part`. */
void world_refuses(const struct world *w, const char *part);
/* Refused for any reason. */
bool world_is_refused(const struct world *w);

/* A proof by the engine, which makes none of a false table: HATS_E_VERIFY. Two kinds of cheats get one:
 * `weights` from another world takes the weights and the total of that one's statement and the public input of
 * w's; `lacking` names a constraint that the cheat's system has not, under the digest of the one that has. */
hats_status world_try_prove(const struct world *w, const struct world *weights, const char *lacking,
                            struct hats_buffer *proof);
void world_prove(const struct world *w, struct hats_buffer *proof);
hats_status world_verify(const struct hats_encryption_public *pub, const uint8_t *proof, size_t len,
                         struct hats_error *err);

/* Inputs with their units: d features in [lo, hi] without a source or packed into a commitment; or d
 * clinical numbers with A about 2^22, clipped. The units are the caller's array of d. */
struct hats_encryption_input world_box_input(struct hats_encryption_unit *units, uint32_t d,
                                             uint32_t block, int32_t lo, int32_t hi,
                                             enum hats_encryption_source source);
struct hats_encryption_input world_clinical_input(struct hats_encryption_unit *units, uint32_t d);
/* Random features in their boxes; random fields, of which a third are clipped. */
void world_random_records(struct world *w);

/* ---- the trace, as somebody who cheats would write it ---- */

uint64_t *world_cell(const struct world *w, unsigned column, uint32_t row);
/* Cell i of the R columns. */
uint64_t *world_digit(const struct world *w, uint32_t cell);
/* What a lookup column holds changes from one value of the table to another, multiplicities with it. */
void world_replace(const struct world *w, uint64_t *cell, int64_t value, bool is_noise);
/* Column e or e0 becomes these values of the table, and its slack what they sum to, if it can. */
void world_replace_noise(const struct world *w, unsigned column, const int8_t e[N]);
/* An S-box row with this input. */
void world_sbox(const struct world *w, unsigned x, uint32_t row, uint64_t input);

#endif
