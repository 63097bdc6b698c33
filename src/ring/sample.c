#include "ring/sample.h"

#include "base/ct.h"
#include "field/field.h"
#include "hash/shake.h"
#include "ring/kernels.h"

#include <assert.h>

#define BLOCKS HATS_RING_BLOCKS
#define WORDS_128 (HATS_SHAKE128_RATE / 8)
#define WORDS_256 (HATS_SHAKE256_RATE / 8)

/* Words of one stream that a turn of centred binomial sampling takes; bounds the stack. Eight
 * SHAKE256 blocks are 136 words, 68 groups of three coefficients. */
#define CBD_TURN_BLOCKS 8
#define CBD_TURN_WORDS (CBD_TURN_BLOCKS * WORDS_256)
#define CBD_TURN (CBD_TURN_WORDS / 2 * 3)

static void start(struct hats_shake_x8 *x, unsigned rate, const void *prefix, size_t prefix_len) {
    uint8_t message[BLOCKS][HATS_RING_PREFIX_MAX + 2];
    const uint8_t *in[BLOCKS];
    assert(prefix_len <= HATS_RING_PREFIX_MAX);
    for (unsigned l = 0; l < BLOCKS; l++) {
        memcpy(message[l], prefix, prefix_len);
        hats_store_le16(message[l] + prefix_len, (uint16_t)l);
        in[l] = message[l];
    }
    hats_shake_x8_absorb(x, rate, in, prefix_len + 2);
    hats_wipe(message, sizeof message);
}

void hats_ring_uniform(uint64_t *a, size_t n, const void *prefix, size_t prefix_len) {
    const struct hats_ring_kernels *k = hats_ring_kernels();
    struct hats_shake_x8 x;
    size_t block = n / BLOCKS, whole = block / WORDS_128;
    uint64_t *out[BLOCKS];
    size_t fill[BLOCKS];
    assert(n % BLOCKS == 0 && n <= HATS_RING_N_MAX);
    start(&x, HATS_SHAKE128_RATE, prefix, prefix_len);
    for (size_t l = 0; l < BLOCKS; l++)
        out[l] = a + l * block;
    hats_shake_x8_squeeze(&x, out, whole);
    bool missing = false;
    for (size_t l = 0; l < BLOCKS; l++) {
        fill[l] = k->keep_canonical(out[l], whole * WORDS_128);
        missing |= fill[l] < block;
    }
    while (missing) {
        uint64_t more[BLOCKS][WORDS_128];
        for (size_t l = 0; l < BLOCKS; l++)
            out[l] = more[l];
        hats_shake_x8_squeeze(&x, out, 1);
        missing = false;
        for (size_t l = 0; l < BLOCKS; l++) {
            size_t kept = k->keep_canonical(more[l], WORDS_128);
            size_t take = kept < block - fill[l] ? kept : block - fill[l];
            memcpy(a + l * block + fill[l], more[l], take * sizeof more[l][0]);
            fill[l] += take;
            missing |= fill[l] < block;
        }
    }
    hats_shake_x8_wipe(&x);
}

struct cbd_turn {
    struct hats_shake_x8 x;
    uint64_t words[BLOCKS][CBD_TURN_WORDS];
};

/* Words for the next `left` coefficients of every stream, CBD_TURN at most; how many those are. */
static size_t cbd_squeeze(struct cbd_turn *t, size_t left) {
    uint64_t *out[BLOCKS];
    size_t count = left < CBD_TURN ? left : CBD_TURN;
    for (size_t l = 0; l < BLOCKS; l++)
        out[l] = t->words[l];
    hats_shake_x8_squeeze(&t->x, out, ((count + 2) / 3 * 2 + WORDS_256 - 1) / WORDS_256);
    return count;
}

void hats_ring_cbd21(int8_t *e, size_t n, const void *prefix, size_t prefix_len) {
    const struct hats_ring_kernels *k = hats_ring_kernels();
    struct cbd_turn t;
    size_t block = n / BLOCKS;
    assert(n % BLOCKS == 0 && n <= HATS_RING_N_MAX);
    start(&t.x, HATS_SHAKE256_RATE, prefix, prefix_len);
    for (size_t at = 0; at < block; at += CBD_TURN) {
        size_t count = cbd_squeeze(&t, block - at);
        for (size_t l = 0; l < BLOCKS; l++)
            k->cbd21(e + l * block + at, t.words[l], count);
    }
    hats_wipe(&t, sizeof t);
}

void hats_ring_cbd21_few(int8_t *e, size_t count, const void *prefix, size_t prefix_len) {
    const struct hats_ring_kernels *k = hats_ring_kernels();
    struct cbd_turn t;
    int8_t values[CBD_TURN];
    start(&t.x, HATS_SHAKE256_RATE, prefix, prefix_len);
    for (size_t at = 0; at < count; at += BLOCKS * (size_t)CBD_TURN) {
        size_t rows = cbd_squeeze(&t, (count - at + BLOCKS - 1) / BLOCKS);
        for (size_t l = 0; l < BLOCKS && at + l < count; l++) {
            k->cbd21(values, t.words[l], rows);
            for (size_t i = 0; i < rows && at + l + BLOCKS * i < count; i++)
                e[at + l + BLOCKS * i] = values[i];
        }
    }
    hats_wipe(&t, sizeof t);
    hats_wipe(values, sizeof values);
}

void hats_ring_ternary(int8_t *s, size_t n, const void *prefix, size_t prefix_len) {
    enum { NEED_MAX = (HATS_RING_N_MAX / BLOCKS + 4) / 5 };
    struct hats_shake_x8 x;
    uint8_t kept[BLOCKS][NEED_MAX + HATS_SHAKE256_RATE];
    size_t fill[BLOCKS] = {0};
    size_t block = n / BLOCKS, need = (block + 4) / 5;
    assert(n % BLOCKS == 0 && n <= HATS_RING_N_MAX);
    start(&x, HATS_SHAKE256_RATE, prefix, prefix_len);
    uint64_t words[BLOCKS][WORDS_256];
    uint64_t *out[BLOCKS];
    for (size_t l = 0; l < BLOCKS; l++)
        out[l] = words[l];
    for (bool missing = true; missing;) {
        missing = false;
        hats_shake_x8_squeeze(&x, out, 1);
        for (size_t l = 0; l < BLOCKS; l++) {
            for (size_t i = 0; i < HATS_SHAKE256_RATE && fill[l] < need; i++) {
                uint8_t b = (uint8_t)(words[l][i / 8] >> 8 * (i % 8));
                uint8_t accepted = b < 243;
                HATS_PUBLIC(&accepted, sizeof accepted);
                kept[l][fill[l]] = b;
                fill[l] += accepted;
            }
            missing |= fill[l] < need;
        }
    }
    for (size_t l = 0; l < BLOCKS; l++) {
        hats_ring_kernels()->ternary(s + l * block, kept[l], block);
        hats_wipe(kept[l], need);
    }
    hats_wipe(words, sizeof words);
    hats_shake_x8_wipe(&x);
}

void hats_ring_flood(int64_t *out, size_t count, uint64_t g, const void *prefix,
                     size_t prefix_len) {
    struct hats_shake_x8 x;
    uint64_t words[BLOCKS][WORDS_256];
    uint64_t *squeezed[BLOCKS];
    size_t next[BLOCKS]; /* the value that stream l is at, and how many of its uniforms are in */
    unsigned terms[BLOCKS] = {0};
    uint64_t mask = 1;
    assert(g >= 1 && g < UINT64_C(1) << 58);
    while (mask < 2 * g)
        mask = 2 * mask + 1;
    start(&x, HATS_SHAKE256_RATE, prefix, prefix_len);
    memset(out, 0, count * sizeof *out);
    for (size_t l = 0; l < BLOCKS; l++) {
        squeezed[l] = words[l];
        next[l] = l;
    }
    for (bool missing = count != 0; missing;) {
        missing = false;
        hats_shake_x8_squeeze(&x, squeezed, 1);
        for (size_t l = 0; l < BLOCKS; l++) {
            for (size_t i = 0; i < WORDS_256 && next[l] < count; i++) {
                uint64_t v = words[l][i] & mask;
                uint8_t accepted = v <= 2 * g;
                HATS_PUBLIC(&accepted, sizeof accepted);
                if (accepted == 0)
                    continue;
                out[next[l]] += (int64_t)v - (int64_t)g;
                if (++terms[l] == HATS_RING_FLOOD_TERMS) {
                    terms[l] = 0;
                    next[l] += BLOCKS;
                }
            }
            missing |= next[l] < count;
        }
    }
    hats_wipe(words, sizeof words);
    hats_shake_x8_wipe(&x);
}
