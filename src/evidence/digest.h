/* The tagged digests that evidence speaks about; "X" stands for X zero-padded to 16 bytes, H for SHA-256.
 *
 *     model commitment  = H("HATS-MOD-1" | salt (32) | H(manifest))     salted: a small scorecard's bare
 *                                                                      digest could be guessed
 *     flood commitment  = H("HATS-FLD-1" | flood seed (32))            opened only to an auditor
 *     tenant digest     = H("HATS-TEN-1" | salt (16) | tenant id)      unlinkable between servers
 */
#ifndef HATS_EVIDENCE_DIGEST_H
#define HATS_EVIDENCE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

void hats_evidence_model_commit(uint8_t out[32], const uint8_t salt[32],
                                const uint8_t manifest_digest[32]);
void hats_evidence_flood_commit(uint8_t out[32], const uint8_t seed[32]);
void hats_evidence_tenant_digest(uint8_t out[32], const uint8_t salt[16], const void *tenant_id,
                                 size_t len_bytes);

#endif
