/* What the tests of this folder share: a reproducible generator, one key, random models, and the
 * path a record takes from encryption to the decrypted answer. */
#ifndef TESTS_FHE_FIXTURE_H
#define TESTS_FHE_FIXTURE_H

#include "fhe/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SET HATS_SET_L4096
#define N 4096

/* HATS_TEST_SEED, or the clock; printed once. */
uint64_t fixture_seed(void);
/* SplitMix64 from the seed. */
uint64_t fixture_u64(void);
int64_t fixture_between(int64_t lo, int64_t hi);
void fixture_bytes(void *out, size_t len_bytes);
/* A source for hats_random_set_source that always gives the byte *ctx. */
bool fixture_frozen_random(void *ctx, void *out, size_t len_bytes);

/* out = c w in the ring, through the transform. */
void fixture_product(uint64_t out[N], const uint64_t c[N], const int32_t w[N]);
void fixture_product_i8(uint64_t out[N], const uint64_t c[N], const int8_t w[N]);

struct fixture_key {
    uint8_t seed[HATS_FHE_SEED_LEN];
    struct hats_fhe_secret *sk;
    struct hats_fhe_public *pk;
    uint8_t *pk_bytes;
    size_t pk_len;
};
void fixture_key_make(struct fixture_key *key, const uint8_t seed[HATS_FHE_SEED_LEN]);
void fixture_key_clear(struct fixture_key *key);

struct fixture_model {
    struct hats_linear_shape shape;
    struct hats_linear_weights weights;
    int32_t *w;
    int64_t *bias;
    struct hats_linear_model *model;
};
/* Random weights in [-w_max, w_max], bias in [-b_max, b_max]; log_t = 0 chooses. */
void fixture_model_make(struct fixture_model *m, uint32_t d, uint32_t k, uint32_t block,
                        int32_t w_max, int64_t b_max, uint32_t x_max, unsigned log_t);
void fixture_model_clear(struct fixture_model *m);
int64_t fixture_plain_answer(const struct fixture_model *m, const int32_t *x, uint32_t o);

/* Objects of one call; each is malloc'ed. */
struct fixture_call {
    uint8_t ctx[32], flood_seed[32];
    uint8_t *ciphertext, *answer;
    size_t ciphertext_len, answer_len;
    int64_t *y;
};
void fixture_call_make(struct fixture_call *c, const struct fixture_key *key,
                       const struct fixture_model *m, const int32_t *x);
void fixture_call_clear(struct fixture_call *c);

#endif
