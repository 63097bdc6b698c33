/* What may be done with a source's records: an authoriser's signature, `*.grant.cose`, type
 * application/vnd.hats.grant+cose.
 *
 *     1 version = 1 | 2 thumbprint of the source's key b32 | 3 dataset | 4 schema digest b32 |
 *     5 root b32, or null: every root of the dataset | 6 transformation b32: plan digest |
 *     7 model commitment b32 | 8 purpose, 1 .. 2^32 - 1 | 9 the purpose in words | 10 issued, ms |
 *     11 not before, ms | 12 not after, ms | 13 thumbprint of the owner who may use it b32, or null: anyone
 *
 * The plan digest is the transform digest of a request's parameters (wire/core.h): columns by name, scales,
 * rules, constants. The schema digest says which integer is which column, so a grant fixes both ends.
 *
 * Revocations: `*.revoked.cose`, type application/vnd.hats.revocations+cose, signed by the key that issued what
 * is revoked:
 *
 *     1 version = 1 | 2 number | 3 issued, ms | 4 next list before, ms | 5 [[H(signed file) b32, from, ms]]
 *
 * ascending in the digest. Roots, grants and steps are revoked alike. A later list (a higher number) holds what
 * the earlier held.
 */
#ifndef HATS_PROVENANCE_GRANT_H
#define HATS_PROVENANCE_GRANT_H

#include "provenance/root.h"

#define HATS_TYPE_GRANT "application/vnd.hats.grant+cose"
#define HATS_TYPE_REVOCATIONS "application/vnd.hats.revocations+cose"
#define HATS_PURPOSE_MAX 128
#define HATS_REVOCATIONS_MAX 1024

struct hats_grant {
    uint8_t source_kid[32];
    char dataset[HATS_DATASET_MAX];
    uint8_t schema_digest[32];
    bool has_root;
    uint8_t root[32];
    uint8_t transform_digest[32];
    uint8_t model_commitment[32];
    uint32_t purpose;
    char purpose_text[HATS_PURPOSE_MAX];
    uint64_t issued_ms, from_ms, until_ms;
    bool has_owner;
    uint8_t owner[32];
};
HATS_MUST_USE hats_status hats_grant_sign(struct hats_buffer *out, const struct hats_grant *grant,
                                          const struct hats_sign_key *authoriser, const char *name,
                                          struct hats_error *err);
HATS_MUST_USE hats_status hats_grant_decode(struct hats_grant *out, const uint8_t *payload,
                                            size_t len_bytes, struct hats_error *err);
/* Whole file without trust. */
HATS_MUST_USE hats_status hats_grant_parse(struct hats_grant *out, struct hats_cose *file,
                                           const uint8_t *bytes, size_t len_bytes,
                                           struct hats_error *err);

struct hats_revocation {
    uint8_t digest[32]; /* H(signed file) */
    uint64_t from_ms;
};
struct hats_revocations {
    uint8_t kid[32]; /* whose list it is; set by _parse */
    uint64_t number, issued_ms, next_ms;
    struct hats_revocation *items; /* owned, ascending */
    size_t n_items;
};
void hats_revocations_clear(struct hats_revocations *r);
HATS_MUST_USE hats_status hats_revocations_sign(struct hats_buffer *out,
                                                const struct hats_revocations *r,
                                                const struct hats_sign_key *key, const char *name,
                                                struct hats_error *err);
/* Clear *out afterwards, whatever came back. */
HATS_MUST_USE hats_status hats_revocations_decode(struct hats_revocations *out,
                                                  const uint8_t *payload, size_t len_bytes,
                                                  struct hats_error *err);
HATS_MUST_USE hats_status hats_revocations_parse(struct hats_revocations *out,
                                                 struct hats_cose *file, const uint8_t *bytes,
                                                 size_t len_bytes, struct hats_error *err);
/* NULL when it is not on the list. */
const struct hats_revocation *hats_revocations_find(const struct hats_revocations *r,
                                                    const uint8_t digest[32]);

#endif
