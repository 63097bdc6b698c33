#include "hash/hmac.h"

#include "base/bytes.h"

#include <assert.h>
#include <string.h>

#define BLOCK 64
#define INFO_MAX 64

void hats_hmac_sha256(uint8_t out[HATS_SHA256_LEN], const void *key, size_t key_len_bytes,
                      const void *data, size_t len_bytes) {
    uint8_t pad[BLOCK] = {0}, inner[HATS_SHA256_LEN];
    struct hats_sha256 h;
    if (key_len_bytes > BLOCK)
        hats_sha256(pad, key, key_len_bytes);
    else if (key_len_bytes != 0)
        memcpy(pad, key, key_len_bytes);
    for (size_t i = 0; i < BLOCK; i++)
        pad[i] ^= 0x36;
    hats_sha256_init(&h);
    hats_sha256_update(&h, pad, BLOCK);
    hats_sha256_update(&h, data, len_bytes);
    hats_sha256_final(&h, inner);
    for (size_t i = 0; i < BLOCK; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    hats_sha256_init(&h);
    hats_sha256_update(&h, pad, BLOCK);
    hats_sha256_update(&h, inner, sizeof inner);
    hats_sha256_final(&h, out);
    hats_wipe(pad, sizeof pad);
    hats_wipe(inner, sizeof inner);
    hats_wipe(&h, sizeof h);
}

void hats_hkdf_sha256(uint8_t *out, size_t out_len_bytes, const void *salt, size_t salt_len_bytes,
                      const void *ikm, size_t ikm_len_bytes, const void *info,
                      size_t info_len_bytes) {
    uint8_t prk[HATS_SHA256_LEN], t[HATS_SHA256_LEN], block[HATS_SHA256_LEN + INFO_MAX + 1];
    size_t t_len = 0;
    assert(out_len_bytes <= HATS_HKDF_MAX_BYTES && info_len_bytes <= INFO_MAX);
    hats_hmac_sha256(prk, salt, salt_len_bytes, ikm, ikm_len_bytes);
    for (uint8_t i = 1; out_len_bytes != 0; i++) {
        memcpy(block, t, t_len);
        if (info_len_bytes != 0)
            memcpy(block + t_len, info, info_len_bytes);
        block[t_len + info_len_bytes] = i;
        hats_hmac_sha256(t, prk, sizeof prk, block, t_len + info_len_bytes + 1);
        t_len = sizeof t;
        size_t n = out_len_bytes < sizeof t ? out_len_bytes : sizeof t;
        memcpy(out, t, n);
        out += n;
        out_len_bytes -= n;
    }
    hats_wipe(prk, sizeof prk);
    hats_wipe(t, sizeof t);
    hats_wipe(block, sizeof block);
}
