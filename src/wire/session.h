/* A session: the statement block, its identity, and the request that opens one.
 *
 *     off len                                              off len
 *       0  16  "HATS-SES-1" pad16                           40  16  P                (devices; else 0)
 *      16   1  0x41: tenant session (0x51: device)          56  32  R_ots            (devices; else 0)
 *      17   1  flags: 1 exporter bound, 2 managed fleet     88  32  nonce of the challenge
 *      18   2  0                                           120  32  rp_id
 *      20   4  K: indices 0 .. K-1                         152  32  policy digest
 *      24   8  not_after, ms                               184  32  TLS exporter, 0 without flag 1
 *      32   4  epoch                                       216  32  tenant digest
 *      36   4  0                                           248  32  owner thumbprint     total 280
 *
 *     M   = H(block)
 *     sid = H("HATS-SID-1" pad16 | M | nf (32) | registry root (32))     nf and root are 0 without a device
 *
 * The owner signs M, raw, with ML-DSA-65 and the empty context. 32 bytes are no Sig_structure, so this
 * signature is none of a file. TLS exporter: label "EXPORTER-HATS-1", context = nonce [RFC8446, 7.5].
 *
 * Request: deterministic CBOR map {1: block, 5: signature, 6: the owner's raw public key}. 2, 3 and 4 (nf,
 * table of one-time keys, proof) belong to device sessions, which this version does not serve.
 */
#ifndef HATS_WIRE_SESSION_H
#define HATS_WIRE_SESSION_H

#include "base/cursor.h"
#include "base/status.h"
#include "wire/challenge.h"

#define HATS_SESSION_BLOCK_LEN 280
#define HATS_SESSION_ID_LEN 32
#define HATS_SESSION_REQUEST_MAX 8192 /* bytes; a signature, a key and a block make 5,551 */
#define HATS_SESSION_EXPORTER_LABEL "EXPORTER-HATS-1"

struct hats_sign_key;

enum hats_session_kind { HATS_SESSION_TENANT = 0x41, HATS_SESSION_DEVICE = 0x51 };

struct hats_session_block {
    enum hats_session_kind kind;
    bool exporter_bound;
    uint32_t calls;        /* K, 1 .. HATS_SESSION_CALLS_MAX */
    uint64_t not_after_ms; /* below 2^63 */
    uint32_t epoch;
    uint8_t nonce[HATS_NONCE_LEN];
    uint8_t rp_id[32];
    uint8_t policy_digest[32];
    uint8_t exporter[32]; /* zero unless exporter_bound */
    uint8_t tenant_digest[32];
    uint8_t owner[32]; /* never zero in a tenant session */
};

void hats_session_block_encode(uint8_t out[HATS_SESSION_BLOCK_LEN],
                               const struct hats_session_block *b);
/* Strict: HATS_E_MALFORMED (tag, length, a reserved byte), HATS_E_UNSUPPORTED (a device session, a flag
 * that is none of a tenant session), HATS_E_RANGE (K, not_after), HATS_E_CANONICAL (an exporter without its
 * flag or the other way round, no owner). *out is zero on failure. */
HATS_MUST_USE hats_status hats_session_block_decode(struct hats_session_block *out,
                                                    const uint8_t *bytes, size_t len_bytes,
                                                    struct hats_error *err);

void hats_session_digest(uint8_t m[32], const uint8_t block[HATS_SESSION_BLOCK_LEN]);
void hats_session_id(uint8_t sid[HATS_SESSION_ID_LEN], const uint8_t m[32], const uint8_t nf[32],
                     const uint8_t registry_root[32]);
/* The same with nf and root of a session without a device. */
void hats_session_tenant_id(uint8_t sid[HATS_SESSION_ID_LEN],
                            const uint8_t block[HATS_SESSION_BLOCK_LEN]);

/* Signs with the owner's key, which must be ML-DSA-65 and the one of block->owner (asserted). */
HATS_MUST_USE hats_status hats_session_request_encode(struct hats_buffer *out,
                                                      const struct hats_session_block *block,
                                                      const struct hats_sign_key *owner,
                                                      struct hats_error *err);

struct hats_session_request {
    struct hats_session_block block;
    uint8_t sid[HATS_SESSION_ID_LEN];
    const uint8_t *block_bytes, *signature, *owner; /* in the body; of fixed length */
};
/* Everything but the signature. HATS_E_VERIFY: the key is not the one that the block names; the rest as
 * hats_session_block_decode. */
HATS_MUST_USE hats_status hats_session_request_decode(struct hats_session_request *out,
                                                      const uint8_t *body, size_t len_bytes,
                                                      struct hats_error *err);
/* HATS_E_VERIFY, HATS_E_CRYPTO, HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_session_request_verify(const struct hats_session_request *request,
                                                      struct hats_error *err);

#endif
