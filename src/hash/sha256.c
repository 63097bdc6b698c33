#include "hash/sha256.h"

#include "base/bytes.h"
#include "hash/sha256_constants.h"
#include "hash/shake.h"

#include <assert.h>

void hats_sha256_init(struct hats_sha256 *c) {
    /* [FIPS180-4, 5.3.3] */
    memcpy(c->h, sha256_initial, sizeof sha256_initial);
    c->len_bytes = 0;
    memset(c->block, 0, sizeof c->block);
}

void hats_sha256_update(struct hats_sha256 *c, const void *data, size_t len_bytes) {
    const struct hats_hash_kernels *k = hats_hash_kernels();
    const uint8_t *p = data;
    size_t used = c->len_bytes % 64;
    c->len_bytes += len_bytes;
    if (len_bytes == 0)
        return;
    if (used != 0) {
        size_t take = 64 - used < len_bytes ? 64 - used : len_bytes;
        memcpy(c->block + used, p, take);
        p += take;
        len_bytes -= take;
        if (used + take < 64)
            return;
        k->sha256_blocks(c->h, c->block, 1);
    }
    if (len_bytes >= 64)
        k->sha256_blocks(c->h, p, len_bytes / 64);
    p += len_bytes / 64 * 64;
    memcpy(c->block, p, len_bytes % 64);
}

void hats_sha256_final(struct hats_sha256 *c, uint8_t out[HATS_SHA256_LEN]) {
    const struct hats_hash_kernels *k = hats_hash_kernels();
    size_t used = c->len_bytes % 64;
    c->block[used++] = 0x80;
    if (used > 56) {
        memset(c->block + used, 0, 64 - used);
        k->sha256_blocks(c->h, c->block, 1);
        used = 0;
    }
    memset(c->block + used, 0, 56 - used);
    hats_store_be64(c->block + 56, c->len_bytes * 8);
    k->sha256_blocks(c->h, c->block, 1);
    for (int i = 0; i < 8; i++)
        hats_store_be32(out + 4 * i, c->h[i]);
    hats_wipe(c, sizeof *c);
}

void hats_sha256(uint8_t out[HATS_SHA256_LEN], const void *data, size_t len_bytes) {
    struct hats_sha256 c;
    hats_sha256_init(&c);
    hats_sha256_update(&c, data, len_bytes);
    hats_sha256_final(&c, out);
}

void hats_sha256_tagged(uint8_t out[HATS_SHA256_LEN], const char *tag, const void *data,
                        size_t len_bytes) {
    uint8_t tag16[16] = {0};
    size_t tag_len = strlen(tag);
    struct hats_sha256 c;
    assert(tag_len <= sizeof tag16);
    memcpy(tag16, tag, tag_len);
    hats_sha256_init(&c);
    hats_sha256_update(&c, tag16, sizeof tag16);
    hats_sha256_update(&c, data, len_bytes);
    hats_sha256_final(&c, out);
}
