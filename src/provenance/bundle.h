/* Evidence that the records of a request may be used as they are: `*.provenance.cbor`.
 *
 *     1 version = 1
 *     2 signed root of the table, a byte string that holds the file (provenance/root.h)
 *     3 [[index, C_D b32, F b32, path]], the request's records in order, 1 .. 64 (provenance/record.h)
 *     4 grant, the file (provenance/grant.h)
 *     5 [files]: roots and steps that the table was made from, each after what it was made from; empty for an
 *       origin
 *     6 the step from the table to the input, the file, or null
 *
 * What it shows, given whose signatures count: the source signed a table that holds a record with commitment
 * C_D; the authoriser released it for this transformation, model and purpose, at this time. That the ciphertext holds
 * the transformation of the record behind C_D is shown by the proof of encryption and not here. Lineage and
 * order of checks: cheap first, signatures last.
 */
#ifndef HATS_PROVENANCE_BUNDLE_H
#define HATS_PROVENANCE_BUNDLE_H

#include "provenance/lineage.h"
#include "provenance/openings.h"

#define HATS_PROVENANCE_BUNDLE_MAX_BYTES (1u << 20)
#define HATS_PROVENANCE_BUNDLE_MAX_RECORDS 64

struct hats_provenance_bundle_file {
    const uint8_t *bytes;
    size_t len;
};
struct hats_provenance_bundle_record {
    uint64_t index;
    struct hats_record_commitment commitment;
    const uint8_t *path;
    size_t path_len;
};
/* Borrows from the encoding. */
struct hats_provenance_bundle {
    struct hats_provenance_bundle_file root, grant, input; /* input: NULL when there is none */
    size_t n_records, n_ancestors;
    struct hats_provenance_bundle_record records[HATS_PROVENANCE_BUNDLE_MAX_RECORDS];
    struct hats_provenance_bundle_file ancestors[HATS_LINEAGE_MAX - 2];
};

HATS_MUST_USE hats_status hats_provenance_bundle_encode(struct hats_buffer *out,
                                                        const struct hats_provenance_bundle *bundle,
                                                        struct hats_error *err);
HATS_MUST_USE hats_status hats_provenance_bundle_decode(struct hats_provenance_bundle *out,
                                                        const uint8_t *bytes, size_t len_bytes,
                                                        struct hats_error *err);

/* What the request says; a NULL, or purpose 0, is not compared (a reader who has only files). */
struct hats_provenance_request {
    const uint8_t (*commitments)[32]; /* C_D of each record */
    size_t n_records;
    const uint8_t *transform_digest; /* plan digest, 32 bytes */
    const uint8_t *model_commitment;
    uint32_t purpose;
    const uint8_t *owner; /* thumbprint */
    uint64_t now_ms;
};
/* A root that is known already: another one of the same source and time is a contradiction. */
struct hats_known_root {
    uint8_t kid[32];
    char dataset[HATS_DATASET_MAX];
    uint64_t signed_ms;
    uint8_t root[32];
};
/* What is accepted. */
struct hats_provenance_policy {
    const struct hats_trust *trust;
    const struct hats_revocations *lists; /* verified by hats_revocations_load */
    size_t n_lists;
    bool want_lists;     /* refuse where an issuer has no list that is current */
    uint64_t max_age_ms; /* of the table; 0: any */
    const uint32_t *purposes;
    size_t n_purposes; /* 0: any that is granted */
    const struct hats_known_root *known;
    size_t n_known;
};
struct hats_provenance_verdict {
    enum hats_provenance_refusal refusal;
    struct hats_source_root root;
    struct hats_grant grant;
    uint8_t source_kid[32], authoriser_kid[32];
    const struct hats_trust_key *source, *authoriser; /* NULL: not trusted */
    uint8_t lineage_root[32];                         /* id of the last node: for the receipt */
    struct hats_lineage lineage;
};

/* A list whose signature holds under a trusted source, authoriser or processor. HATS_E_TRUST, HATS_E_VERIFY. */
HATS_MUST_USE hats_status hats_revocations_load(struct hats_revocations *out, const uint8_t *bytes,
                                                size_t len_bytes, const struct hats_trust *trust,
                                                uint64_t now_ms, struct hats_error *err);
/* *out is filled as far as the evidence could be read. HATS_E_VERIFY, HATS_E_TRUST or HATS_E_MALFORMED for what
 * out->refusal names; HATS_E_MEMORY, HATS_E_CRYPTO. Thread-safe. out is large: not for small stacks. */
HATS_MUST_USE hats_status hats_provenance_verify(struct hats_provenance_verdict *out,
                                                 const uint8_t *bytes, size_t len_bytes,
                                                 const struct hats_provenance_request *request,
                                                 const struct hats_provenance_policy *policy,
                                                 struct hats_error *err);

#endif
