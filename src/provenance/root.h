/* A source's signature over a table: COSE_Sign1, `*.root.cose`, type application/vnd.hats.source-root+cose.
 *
 *     1 version = 1 | 2 dataset | 3 schema digest b32 | 4 number of records | 5 root b32 |
 *     6 signed, ms since 1970 | 7 good until, ms | 8 lineage: id of the step that made the table, or null
 *
 * The source is the signing key together with the name of the dataset. Whoever signs a table without lineage
 * speaks as its origin (role source), with lineage as one who processed others' data (role processor). Two
 * different roots of one source and one time are a contradiction: neither is believed.
 */
#ifndef HATS_PROVENANCE_ROOT_H
#define HATS_PROVENANCE_ROOT_H

#include "evidence/trust.h"

#define HATS_TYPE_SOURCE_ROOT "application/vnd.hats.source-root+cose"
#define HATS_DATASET_MAX 128
#define HATS_SIGNED_MAX_BYTES 8192 /* of roots, grants, steps */
#define HATS_SIGNED_SKEW_MS 300000 /* how far ahead of our clock a signer's may be */

struct hats_source_root {
    char dataset[HATS_DATASET_MAX];
    uint8_t schema_digest[32];
    uint64_t n_records; /* 1 .. 2^40 */
    uint8_t root[32];
    uint64_t signed_ms, until_ms;
    bool has_lineage;
    uint8_t lineage[32];
};

HATS_MUST_USE hats_status hats_source_root_sign(struct hats_buffer *out,
                                                const struct hats_source_root *root,
                                                const struct hats_sign_key *key,
                                                struct hats_error *err);
/* Reads the payload; no signature is checked. */
HATS_MUST_USE hats_status hats_source_root_decode(struct hats_source_root *out,
                                                  const uint8_t *payload, size_t len_bytes,
                                                  struct hats_error *err);
/* Whole file without trust: *file gets its parts. */
HATS_MUST_USE hats_status hats_source_root_parse(struct hats_source_root *out,
                                                 struct hats_cose *file, const uint8_t *bytes,
                                                 size_t len_bytes, struct hats_error *err);

#endif
