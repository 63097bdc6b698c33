/* Logged receipts: a receipt's place in a log, in the receipt's own file.
 *
 * The log's COSE Receipt [RFC9942] stands in the unprotected map, which no signature of the receipt covers, so that it
 * can be added when it is there; a witness's cosignature (checkpoint.h) stands beside it:
 *
 *     18([ protected, { 394: [ receipt of the log ], -65601: [ + [name, key id b4, cosignature b2428] ] }, ... ])
 *
 *     receipt of the log = << 18([ << {1: -48, 4: kid, 15: {1: origin, 6: time}, 395: 1} >>,
 *                                  { 396: { -1: [ << [size, index, [ * digest ]] >> ] } },
 *                                  null, ML-DSA-44 signature ]) >>
 *
 * Its payload, detached, is the root that entry and path lead to: it is signed once for a tree and serves every
 * receipt in it. The entry is SHA-256 of the receipt's file with the map empty, and the tree is tlog.h's (395: 1 is
 * RFC9162_SHA256). -65601 is of COSE's private range; without witnesses it is not there.
 */
#ifndef HATS_EVIDENCE_LOGGED_H
#define HATS_EVIDENCE_LOGGED_H

#include "evidence/log_policy.h"
#include "evidence/trust.h"

#define HATS_LOGGED_WITNESSES_MAX 2 /* what fits under 12 KB */

/* The log's signature over one tree, without a proof. */
struct hats_log_signature {
    struct hats_tree_head head;
    uint8_t kid[HATS_THUMBPRINT_LEN];
    uint64_t time_s;
    uint8_t signature[HATS_COSIGNATURE_SIGNATURE_LEN];
};
struct hats_log_cosignature {
    char name[HATS_NOTE_NAME_MAX];
    uint8_t key_id[4];
    uint8_t bytes[HATS_COSIGNATURE_LEN];
};
/* What the unprotected map of a receipt says. */
struct hats_logged {
    struct hats_log_signature by_log;
    uint64_t index;
    struct hats_tlog_path path;
    size_t n_witnesses;
    struct hats_log_cosignature witnesses[HATS_LOGGED_WITNESSES_MAX];
};

/* key: ML-DSA-44, otherwise HATS_E_USAGE; so for a head without a name of a log or time 0. */
HATS_MUST_USE hats_status hats_log_sign(struct hats_log_signature *out,
                                        const struct hats_tree_head *head,
                                        const struct hats_sign_key *key, uint64_t time_s,
                                        struct hats_error *err);
/* Appends the receipt's file with this evidence in place of what stood there. HATS_E_RANGE when it would pass 12 KB;
 * errors of hats_cose_parse_open. */
HATS_MUST_USE hats_status hats_logged_attach(struct hats_buffer *out, const uint8_t *file,
                                             size_t file_len, const struct hats_logged *logged,
                                             struct hats_error *err);
/* Appends the file with the map empty: what was sealed. */
HATS_MUST_USE hats_status hats_logged_strip(struct hats_buffer *out, const uint8_t *file,
                                            size_t file_len, struct hats_error *err);
/* Strict. HATS_E_NOT_FOUND: the map is empty. The root is computed from entry and path, so a path of a wrong length is
 * HATS_E_VERIFY here; signatures are not looked at. */
HATS_MUST_USE hats_status hats_logged_parse(struct hats_logged *out, const struct hats_cose *file,
                                            struct hats_error *err);

/* HATS_OK: absent, unknown or holding, as the policy allows. HATS_E_VERIFY: a proof or signature that does not hold,
 * evidence asked for and absent, too few witnesses. HATS_E_TRUST: a log asked for, whose key is unknown, or is
 * revoked or out of its time. Parse errors as above. A cosignature of a witness that is trusted must hold; others are
 * not counted. Times more than 5 minutes in the reader's future are refused. */
HATS_MUST_USE hats_status hats_logged_verify(struct hats_log_report *out,
                                             const struct hats_cose *file,
                                             const struct hats_trust *trust,
                                             const struct hats_log_policy *policy, uint64_t now_ms,
                                             struct hats_error *err);

#endif
