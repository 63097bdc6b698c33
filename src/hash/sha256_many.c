#include "hash/sha256_many.h"

#include "base/bytes.h"
#include "hash/kernels.h"
#include "hash/sha256_constants.h"

#include <assert.h>

enum { LANES = HATS_SHA256_LANES, STAGE_BYTES = 256 };

/* Up to sixteen messages under way. What does not lie in whole blocks in one part is put together in
 * the stage. */
struct group {
    const struct hats_hash_kernels *kernels;
    size_t n_lanes;
    size_t used; /* bytes in each lane's stage */
    uint32_t h[8][LANES];
    uint8_t stage[LANES][STAGE_BYTES + 64]; /* and room for the padding */
};

static void start(struct group *g, const struct hats_hash_kernels *kernels, size_t n_lanes) {
    for (int i = 0; i < 8; i++)
        for (int l = 0; l < LANES; l++)
            g->h[i][l] = sha256_initial[i];
    g->kernels = kernels;
    g->n_lanes = n_lanes;
    g->used = 0;
}

static void compress(struct group *g, const uint8_t *first, size_t stride_bytes, size_t n_blocks) {
    const uint8_t *blocks[LANES];
    for (size_t l = 0; l < g->n_lanes; l++)
        blocks[l] = first + l * stride_bytes;
    g->kernels->sha256_lanes(g->h, blocks, n_blocks, g->n_lanes);
}

static void compress_stage(struct group *g) {
    compress(g, g->stage[0], sizeof g->stage[0], g->used / 64);
    g->used = 0;
}

/* The part of the group's first message is at data. */
static void absorb(struct group *g, const uint8_t *data, size_t stride_bytes, size_t len_bytes) {
    while (len_bytes > 0) {
        size_t take = STAGE_BYTES - g->used;
        if (g->used == 0 && len_bytes >= STAGE_BYTES) {
            take = len_bytes / 64 * 64;
            compress(g, data, stride_bytes, take / 64);
        } else {
            if (take > len_bytes)
                take = len_bytes;
            for (size_t l = 0; l < g->n_lanes; l++)
                memcpy(g->stage[l] + g->used, data + l * stride_bytes, take);
            g->used += take;
            if (g->used == STAGE_BYTES)
                compress_stage(g);
        }
        data += take;
        len_bytes -= take;
    }
}

/* A word whose bytes in memory are w's, highest first. (hats_store_be32 in a loop over lanes becomes single
 * byte stores in some compilers, and a third of the time.) */
static inline uint32_t big_endian(uint32_t w) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap32(w);
#else
    return w;
#endif
}

static void put_digests(uint8_t *out, uint32_t h[8][LANES], size_t n_lanes) {
    for (size_t l = 0; l < n_lanes; l++) {
        uint32_t digest[8];
        for (size_t i = 0; i < 8; i++)
            digest[i] = big_endian(h[i][l]);
        memcpy(out + HATS_SHA256_LEN * l, digest, sizeof digest);
    }
}

static void finish(struct group *g, uint8_t *out, uint64_t len_bytes) {
    size_t end = (g->used + 8) / 64 * 64 + 64; /* of the padded message */
    for (size_t l = 0; l < g->n_lanes; l++) {
        uint8_t *s = g->stage[l];
        s[g->used] = 0x80;
        memset(s + g->used + 1, 0, end - 8 - g->used - 1);
        hats_store_be64(s + end - 8, len_bytes * 8);
    }
    compress(g, g->stage[0], sizeof g->stage[0], end / 64);
    put_digests(out, g->h, g->n_lanes);
}

void hats_sha256_many_with(const struct hats_hash_kernels *kernels, uint8_t *out,
                           const struct hats_sha256_part *parts, size_t n_parts,
                           size_t n_messages) {
    struct group g;
    uint64_t len_bytes = 0;
    for (size_t p = 0; p < n_parts; p++)
        len_bytes += parts[p].len_bytes;
    for (size_t i = 0; i < n_messages; i += LANES) {
        start(&g, kernels, n_messages - i < LANES ? n_messages - i : LANES);
        for (size_t p = 0; p < n_parts; p++)
            if (parts[p].len_bytes > 0)
                absorb(&g, parts[p].data + i * parts[p].stride_bytes, parts[p].stride_bytes,
                       parts[p].len_bytes);
        finish(&g, out + HATS_SHA256_LEN * i, len_bytes);
    }
    if (n_messages > 0)
        hats_wipe(&g, sizeof g);
}

void hats_sha256_many(uint8_t *out, const struct hats_sha256_part *parts, size_t n_parts,
                      size_t n_messages) {
    hats_sha256_many_with(hats_hash_kernels(), out, parts, n_parts, n_messages);
}

void hats_hash_sha256_whole_over(hats_hash_lanes *lanes, uint8_t *out, const uint8_t *messages,
                                 size_t n_blocks, size_t n_messages) {
    for (size_t i = 0; i < n_messages; i += LANES) {
        size_t n = n_messages - i < LANES ? n_messages - i : LANES;
        const uint8_t *blocks[LANES];
        uint32_t h[8][LANES];
        for (size_t l = 0; l < n; l++)
            blocks[l] = messages + (i + l) * 64 * n_blocks;
        for (int w = 0; w < 8; w++)
            for (int l = 0; l < LANES; l++)
                h[w][l] = sha256_initial[w];
        lanes(h, blocks, n_blocks, n);
        put_digests(out + HATS_SHA256_LEN * i, h, n);
    }
}

void hats_hash_sha256_whole_portable(uint8_t *out, const uint8_t *messages, size_t n_blocks,
                                     size_t n_messages) {
    hats_hash_sha256_whole_over(hats_hash_sha256_lanes_portable, out, messages, n_blocks,
                                n_messages);
}

void hats_sha256_pad(uint8_t *message, size_t len_bytes) {
    size_t end = HATS_SHA256_PADDED(len_bytes);
    message[len_bytes] = 0x80;
    memset(message + len_bytes + 1, 0, end - 8 - len_bytes - 1);
    hats_store_be64(message + end - 8, (uint64_t)len_bytes * 8);
}

void hats_sha256_whole(uint8_t *out, const uint8_t *messages, size_t padded_bytes,
                       size_t n_messages) {
    assert(padded_bytes % 64 == 0);
    hats_hash_kernels()->sha256_whole(out, messages, padded_bytes / 64, n_messages);
}
