/* Elements that everybody can derive: the global a0, and the a of a ciphertext. */
#include "fhe/internal.h"

#include "base/arena.h"
#include "field/field.h"
#include "hash/shake.h"
#include "ring/sample.h"

#include <pthread.h>

static pthread_mutex_t a0_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t *a0_hat_of_l4096;

/* a0: block l = SHAKE128("HATS-a0" | LE32(N) | LE16(0) | LE16(l)) */
static uint64_t *make_a0_hat(size_t n) {
    const struct hats_ntt *ntt = hats_ntt_shared((unsigned)__builtin_ctzll(n));
    uint64_t *a = ntt != NULL ? hats_alloc_array(n, sizeof *a) : NULL;
    if (a == NULL)
        return NULL;
    uint8_t prefix[7 + 4 + 2] = "HATS-a0";
    hats_store_le32(prefix + 7, (uint32_t)n);
    hats_store_le16(prefix + 11, 0);
    hats_ring_uniform(a, n, prefix, sizeof prefix);
    hats_ntt_forward(ntt, a);
    return a;
}

const uint64_t *hats_fhe_a0_hat(uint32_t set_id) {
    if (set_id != HATS_SET_L4096)
        return NULL;
    pthread_mutex_lock(&a0_lock);
    if (a0_hat_of_l4096 == NULL)
        a0_hat_of_l4096 = make_a0_hat(hats_fhe_set_n(set_id));
    const uint64_t *a0_hat = a0_hat_of_l4096;
    pthread_mutex_unlock(&a0_lock);
    return a0_hat;
}

void hats_fhe_stream_seed(uint8_t seed[HATS_FHE_STREAM_SEED_LEN], const uint8_t ctx[32],
                          const uint8_t salt[HATS_FHE_SALT_LEN], uint32_t j, size_t n) {
    static const char tag[] = "HATS-SEED-v1";
    const uint8_t tag_len = sizeof tag - 1;
    uint8_t tail[12];
    struct hats_shake x;
    hats_store_le32(tail, j);
    hats_store_le32(tail + 4, (uint32_t)n);
    hats_store_le32(tail + 8, 1); /* limbs */
    hats_shake256_init(&x);
    hats_shake_absorb(&x, &tag_len, 1);
    hats_shake_absorb(&x, tag, tag_len);
    hats_shake_absorb(&x, ctx, 32);
    hats_shake_absorb(&x, salt, HATS_FHE_SALT_LEN);
    hats_shake_absorb(&x, tail, sizeof tail);
    hats_shake_squeeze(&x, seed, HATS_FHE_STREAM_SEED_LEN);
}

void hats_fhe_expand_a(uint64_t *a, size_t n, const uint8_t seed[HATS_FHE_STREAM_SEED_LEN]) {
    uint8_t prefix[6 + HATS_FHE_STREAM_SEED_LEN + 2] = "HATS-a";
    memcpy(prefix + 6, seed, HATS_FHE_STREAM_SEED_LEN);
    hats_store_le16(prefix + 6 + HATS_FHE_STREAM_SEED_LEN, 0);
    hats_ring_uniform(a, n, prefix, sizeof prefix);
}
