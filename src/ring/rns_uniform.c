#include "base/bytes.h"
#include "hash/shake.h"
#include "ring/rns.h"
#include "ring/sample.h"

#include <assert.h>

#define BLOCKS HATS_RING_BLOCKS
#define WORDS (HATS_SHAKE128_RATE / 8)

/* Append what of the words is below q, `left` at most; how many those are. */
static size_t take(uint64_t *out, size_t left, const uint64_t *words, uint64_t mask, uint64_t q) {
    size_t taken = 0;
    for (size_t i = 0; i < WORDS && taken < left; i++) {
        uint64_t v = words[i] & mask;
        if (v < q)
            out[taken++] = v;
    }
    return taken;
}

void hats_rns_uniform(const struct hats_rns_prime *p, uint64_t *out, const void *prefix,
                      size_t prefix_len) {
    uint8_t message[BLOCKS][HATS_RING_PREFIX_MAX + 2];
    const uint8_t *in[BLOCKS];
    uint64_t words[BLOCKS][WORDS], *squeezed[BLOCKS], mask = (UINT64_C(1) << p->bits) - 1;
    struct hats_shake_x8 x;
    size_t block = ((size_t)1 << p->log_n) / BLOCKS, fill[BLOCKS] = {0};
    assert(prefix_len <= HATS_RING_PREFIX_MAX);
    for (unsigned l = 0; l < BLOCKS; l++) {
        memcpy(message[l], prefix, prefix_len);
        hats_store_le16(message[l] + prefix_len, (uint16_t)l);
        in[l] = message[l];
        squeezed[l] = words[l];
    }
    hats_shake_x8_absorb(&x, HATS_SHAKE128_RATE, in, prefix_len + 2);
    for (bool missing = true; missing;) {
        missing = false;
        hats_shake_x8_squeeze(&x, squeezed, 1);
        for (size_t l = 0; l < BLOCKS; l++) {
            fill[l] += take(out + l * block + fill[l], block - fill[l], words[l], mask, p->q);
            missing |= fill[l] < block;
        }
    }
    hats_shake_x8_wipe(&x);
    hats_wipe(message, sizeof message);
}
