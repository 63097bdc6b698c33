#include "hash/shake.h"

#include "base/bytes.h"
#include "hash/kernels.h"

#include <assert.h>
#include <string.h>

/* [FIPS202, 6.2] the suffix 1111 of a SHAKE message and the first bit of pad10*1. */
#define SHAKE_SUFFIX 0x1f

static void init(struct hats_shake *x, unsigned rate) {
    memset(x, 0, sizeof *x);
    x->rate = rate;
}

void hats_shake128_init(struct hats_shake *x) { init(x, HATS_SHAKE128_RATE); }
void hats_shake256_init(struct hats_shake *x) { init(x, HATS_SHAKE256_RATE); }

static void xor_byte(struct hats_shake *x, unsigned at, uint8_t v) {
    x->s[at / 8] ^= (uint64_t)v << (8 * (at % 8));
}

void hats_shake_absorb(struct hats_shake *x, const void *data, size_t len_bytes) {
    assert(!x->squeezing);
    const uint8_t *p = data;
    while (len_bytes != 0) {
        if (x->pos % 8 == 0 && len_bytes >= 8 && x->pos + 8 <= x->rate) {
            x->s[x->pos / 8] ^= hats_load_le64(p);
            x->pos += 8;
            p += 8;
            len_bytes -= 8;
        } else {
            xor_byte(x, x->pos++, *p++);
            len_bytes--;
        }
        if (x->pos == x->rate) {
            hats_hash_keccak(x->s);
            x->pos = 0;
        }
    }
}

void hats_shake_squeeze(struct hats_shake *x, void *out, size_t len_bytes) {
    uint8_t *p = out;
    if (!x->squeezing) {
        xor_byte(x, x->pos, SHAKE_SUFFIX);
        xor_byte(x, x->rate - 1, 0x80);
        x->squeezing = 1;
        x->pos = x->rate;
    }
    while (len_bytes != 0) {
        if (x->pos == x->rate) {
            hats_hash_keccak(x->s);
            x->pos = 0;
        }
        if (x->pos % 8 == 0 && len_bytes >= 8) {
            hats_store_le64(p, x->s[x->pos / 8]);
            x->pos += 8;
            p += 8;
            len_bytes -= 8;
        } else {
            *p++ = (uint8_t)(x->s[x->pos / 8] >> (8 * (x->pos % 8)));
            x->pos++;
            len_bytes--;
        }
    }
}

void hats_shake256(void *out, size_t out_len_bytes, const void *data, size_t len_bytes) {
    struct hats_shake x;
    hats_shake256_init(&x);
    hats_shake_absorb(&x, data, len_bytes);
    hats_shake_squeeze(&x, out, out_len_bytes);
    hats_shake_wipe(&x);
}

void hats_shake_wipe(struct hats_shake *x) { hats_wipe(x, sizeof *x); }

/* Words [0, rate / 8) of every lane from one block of its message; `tail` bytes of it exist. */
static void xor_block(struct hats_shake_x8 *x, const uint8_t *const in[8], size_t at, size_t tail) {
    for (size_t lane = 0; lane < HATS_SHAKE_LANES; lane++) {
        const uint8_t *p = in[lane] + at;
        size_t w = 0;
        for (; 8 * w + 8 <= tail; w++)
            x->s[w][lane] ^= hats_load_le64(p + 8 * w);
        for (size_t i = 8 * w; i < tail; i++)
            x->s[w][lane] ^= (uint64_t)p[i] << (8 * (i % 8));
    }
}

void hats_shake_x8_absorb(struct hats_shake_x8 *x, unsigned rate, const uint8_t *const in[8],
                          size_t len_bytes) {
    assert(rate == HATS_SHAKE128_RATE || rate == HATS_SHAKE256_RATE);
    const struct hats_hash_kernels *k = hats_hash_kernels();
    size_t at = 0;
    memset(x, 0, sizeof *x);
    x->rate = rate;
    for (; len_bytes - at >= rate; at += rate) {
        xor_block(x, in, at, rate);
        k->keccak_x8(x->s);
    }
    size_t tail = len_bytes - at;
    xor_block(x, in, at, tail);
    for (size_t lane = 0; lane < HATS_SHAKE_LANES; lane++) {
        x->s[tail / 8][lane] ^= (uint64_t)SHAKE_SUFFIX << (8 * (tail % 8));
        x->s[rate / 8 - 1][lane] ^= (uint64_t)1 << 63;
    }
}

void hats_shake_x8_squeeze(struct hats_shake_x8 *x, uint64_t *const out[8], size_t n_blocks) {
    const struct hats_hash_kernels *k = hats_hash_kernels();
    size_t n_words = x->rate / 8;
    for (size_t b = 0; b < n_blocks; b++) {
        k->keccak_x8(x->s);
        for (size_t lane = 0; lane < HATS_SHAKE_LANES; lane++)
            for (size_t w = 0; w < n_words; w++)
                out[lane][b * n_words + w] = x->s[w][lane];
    }
}

void hats_shake_x8_wipe(struct hats_shake_x8 *x) { hats_wipe(x, sizeof *x); }
