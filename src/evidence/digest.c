#include "evidence/digest.h"

#include "hash/sha256.h"

#include <string.h>

static void start(struct hats_sha256 *c, const char *tag) {
    uint8_t padded[16] = {0};
    memcpy(padded, tag, strlen(tag));
    hats_sha256_init(c);
    hats_sha256_update(c, padded, sizeof padded);
}

void hats_evidence_model_commit(uint8_t out[32], const uint8_t salt[32],
                                const uint8_t manifest_digest[32]) {
    struct hats_sha256 c;
    start(&c, "HATS-MOD-1");
    hats_sha256_update(&c, salt, 32);
    hats_sha256_update(&c, manifest_digest, 32);
    hats_sha256_final(&c, out);
}

void hats_evidence_flood_commit(uint8_t out[32], const uint8_t seed[32]) {
    hats_sha256_tagged(out, "HATS-FLD-1", seed, 32);
}

void hats_evidence_tenant_digest(uint8_t out[32], const uint8_t salt[16], const void *tenant_id,
                                 size_t len_bytes) {
    struct hats_sha256 c;
    start(&c, "HATS-TEN-1");
    hats_sha256_update(&c, salt, 16);
    hats_sha256_update(&c, tenant_id, len_bytes);
    hats_sha256_final(&c, out);
}
