/* Whose signature counts, and for what: a COSE_KeySet [RFC9052, 7] in a *.keys.cose file.
 *
 *     keyset = [ + key ]            ascending in kid, so a set of keys has one encoding
 *     key    = { 1: 7, 2: kid, 3: alg, -1: pub,
 *                -65537: name, -65538: roles, -65539: from, -65540: until / null,
 *                -65541: revoked / null }
 *
 * kty 7 (AKP), alg and pub are RFC 9964's; the labels below -65536 are COSE's private-use range. Times
 * are milliseconds since 1970. Roles are a sum: 1 signs receipts, 2 publishes models, 4 owns data,
 * 8 is a source of data, 16 authorises their use, 32 processes them; 64 is a log and 128 a witness of logs, whose names
 * here are the ones in notes (checkpoint.h); 256 enrols devices.
 * A trust set is not itself signed: it is what the reader has chosen to believe, and its digest can be
 * compared by other means.
 *
 * A signature is trusted when its key is here, has the role, was valid at the time the statement names,
 * and is not revoked. A revoked key makes every statement without a log entry worthless, whatever time it
 * names, since whoever holds the key can write any time into it.
 */
#ifndef HATS_EVIDENCE_TRUST_H
#define HATS_EVIDENCE_TRUST_H

#include "evidence/cose.h"

enum hats_role {
    HATS_ROLE_RECEIPT = 1,     /* signs receipts */
    HATS_ROLE_MODEL = 2,       /* publishes models */
    HATS_ROLE_OWNER = 4,       /* owns data and keys */
    HATS_ROLE_SOURCE = 8,      /* signs tables of records as their origin */
    HATS_ROLE_AUTHORISER = 16, /* grants what may be done with records */
    HATS_ROLE_PROCESSOR = 32,  /* signs steps of a lineage, and tables made by them */
    HATS_ROLE_LOG = 64,        /* a transparency log */
    HATS_ROLE_WITNESS = 128,   /* cosigns its checkpoints */
    HATS_ROLE_REGISTRAR = 256, /* enrols devices */
    HATS_ROLE_ALL = 511,
};
#define HATS_N_ROLES 9 /* role i is 1 << i */
/* "receipt signer", "model publisher", "data owner", "data source", "authoriser", "data processor",
 * "transparency log", "log witness", "device registrar"; one role, not a sum. */
const char *hats_role_name(enum hats_role role);

#define HATS_TIME_NONE UINT64_MAX /* no end, not revoked */

struct hats_trust_key {
    uint8_t kid[HATS_THUMBPRINT_LEN]; /* thumbprint; set by hats_trust_add */
    enum hats_mldsa_level level;
    uint8_t public_key[HATS_MLDSA_PUBLIC_MAX];
    char name[HATS_ISSUER_MAX];
    unsigned roles;                                     /* sum of hats_role */
    uint64_t valid_from_ms, valid_until_ms, revoked_ms; /* HATS_TIME_NONE for the last two */
};

#define HATS_TRUST_KEYS_MAX 256

struct hats_trust {
    struct hats_trust_key *keys; /* ascending in kid */
    size_t n_keys;
};
void hats_trust_init(struct hats_trust *t);
void hats_trust_clear(struct hats_trust *t);

/* Adds one key; kid is computed. The same key again with the same properties is nothing; with other
 * properties HATS_E_CONFLICT. HATS_E_USAGE for a name that is not plain text, or a period that ends before
 * it begins; HATS_E_BUSY beyond HATS_TRUST_KEYS_MAX. */
HATS_MUST_USE hats_status hats_trust_add(struct hats_trust *t, const struct hats_trust_key *key,
                                         struct hats_error *err);
/* A key valid from `from_ms` without end, filled in from a key pair. */
void hats_trust_key_of(struct hats_trust_key *out, const struct hats_sign_key *key,
                       const char *name, unsigned roles, uint64_t from_ms);
/* Adds every key of a *.keys.cose document; none on failure. HATS_E_MALFORMED, HATS_E_CANONICAL,
 * HATS_E_UNSUPPORTED, HATS_E_VERIFY (a kid that is not the thumbprint of its key). */
HATS_MUST_USE hats_status hats_trust_load(struct hats_trust *t, const uint8_t *bytes,
                                          size_t len_bytes, struct hats_error *err);
/* Appends the document; at least one key. */
HATS_MUST_USE hats_status hats_trust_encode(struct hats_buffer *out, const struct hats_trust *t,
                                            struct hats_error *err);
/* By what a line of a note names: role, name and key id (checkpoint.h). NULL when it is not there. */
const struct hats_trust_key *hats_trust_find_note(const struct hats_trust *t, enum hats_role role,
                                                  const char *name, const uint8_t key_id[4]);
/* NULL when it is not there. */
const struct hats_trust_key *hats_trust_find(const struct hats_trust *t,
                                             const uint8_t kid[HATS_THUMBPRINT_LEN]);

/* Where a signer stands, in the order of the checks. */
enum hats_signer_state {
    HATS_SIGNER_TRUSTED,
    HATS_SIGNER_UNKNOWN, /* no key with this thumbprint: the signature could not be checked */
    HATS_SIGNER_WRONG_ROLE,
    HATS_SIGNER_REVOKED,
    HATS_SIGNER_NOT_YET_VALID,
    HATS_SIGNER_EXPIRED,
    HATS_SIGNER_NOT_JUDGED, /* the file is not well formed, or its signature does not hold */
};
/* "trusted", "unknown", "wrong-role", "revoked", "not-yet-valid", "expired", "not-judged" */
const char *hats_signer_state_name(enum hats_signer_state s);
/* May this key (NULL: unknown) sign, in this role, a statement about time at_ms, read at now_ms? */
enum hats_signer_state hats_trust_judge(const struct hats_trust_key *key, enum hats_role role,
                                        uint64_t at_ms, uint64_t now_ms);

/* For a parsed file: find the key, check the signature, judge the signer for time at_ms.
 * HATS_OK; HATS_E_VERIFY (the signature does not hold); HATS_E_TRUST with *state saying why. The signature
 * is checked before the signer is judged: any state but unknown and not-judged means that it holds.
 * *key gets the key, NULL when unknown. */
HATS_MUST_USE hats_status hats_trust_check(const struct hats_cose *file,
                                           const struct hats_trust_key **key,
                                           enum hats_signer_state *state,
                                           const struct hats_trust *t, enum hats_role role,
                                           uint64_t at_ms, uint64_t now_ms, struct hats_error *err);

#endif
