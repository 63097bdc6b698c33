/* Signed statements: COSE_Sign1 [RFC9052, 4.2] with ML-DSA [RFC9964].
 *
 *     file       = 18([ protected: bstr, {}, payload: bstr, signature: bstr ])
 *     protected  = { 1: alg, 3: "application/cbor", 4: kid, 15: {1: iss, 6: iat}, 16: typ }
 *     signature  = ML-DSA.Sign( ["Signature1", protected, h'', payload] )          [RFC9052, 4.4]
 *
 *     alg        -48, -49, -50 for ML-DSA-44, -65, -87          [RFC9964]
 *     kid        COSE key thumbprint of the signer: SHA-256 of the deterministic {1: 7, 3: alg, -1: pub}
 *                [RFC9679; AKP key type 7, RFC9964]
 *     iss, iat   CWT claims in the header [RFC9597]: name of the signer, seconds since 1970
 *     typ        media type of the whole file [RFC9596]: what the statement is
 *
 * The header holds exactly these, the unprotected map is empty, and everything is HATS-CBOR-1, the
 * payload included: a file has one encoding, and any changed byte is refused, with the reason. The one kind of file
 * whose unprotected map may be filled after signing is a logged receipt (logged.h); its digest in the log, and in
 * claims of others, is that of the file with the map empty.
 */
#ifndef HATS_EVIDENCE_COSE_H
#define HATS_EVIDENCE_COSE_H

#include "base/cursor.h"
#include "pq/mldsa.h"

#define HATS_TYPE_RECEIPT "application/vnd.hats.receipt+cose"
#define HATS_TYPE_MODEL "application/vnd.hats.model+cose"
#define HATS_TYPE_KEY_REGISTRATION "application/vnd.hats.key-registration+cose"

#define HATS_THUMBPRINT_LEN 32
#define HATS_ISSUER_MAX 128 /* bytes with the final zero */
#define HATS_MEDIA_TYPE_MAX 64
#define HATS_COSE_MAX_BYTES (64u * 1024u)

/* What a signed file says, borrowing from its bytes. */
struct hats_cose {
    enum hats_mldsa_level level; /* from alg */
    uint8_t kid[HATS_THUMBPRINT_LEN];
    char issuer[HATS_ISSUER_MAX];
    uint64_t issued_s; /* since 1970 */
    char type[HATS_MEDIA_TYPE_MAX];
    const uint8_t *protected_header;
    size_t protected_len;
    const uint8_t *payload;
    size_t payload_len;
    const uint8_t *signature;
    size_t signature_len;
    const uint8_t *unprotected; /* the whole map */
    size_t unprotected_len;
    const uint8_t *file;
    size_t file_len;
};

int hats_cose_alg(enum hats_mldsa_level level);
/* False for an algorithm that is not ML-DSA. */
bool hats_cose_level(enum hats_mldsa_level *level, int64_t alg);
/* The COSE key thumbprint of a raw public key, of the level's length. */
void hats_cose_thumbprint(uint8_t out[HATS_THUMBPRINT_LEN], enum hats_mldsa_level level,
                          const uint8_t *public_key);
void hats_cose_thumbprint_of(uint8_t out[HATS_THUMBPRINT_LEN], const struct hats_sign_key *key);

/* Names and versions in signed files are shown on terminals and pages: UTF-8 (zero-terminated) without
 * control characters, without line and paragraph separators (U+2028, U+2029), and without the marks that
 * reorder what is shown (U+061C, U+200E, U+200F, U+202A .. U+202E, U+2066 .. U+2069). "" is plain. */
bool hats_text_is_plain(const char *text);

/* Appends the signed file. payload must be HATS-CBOR-1 (asserted). issuer is
 * plain text shorter than HATS_ISSUER_MAX and may be "", otherwise HATS_E_USAGE. */
HATS_MUST_USE hats_status hats_cose_sign(struct hats_buffer *out, const struct hats_sign_key *key,
                                         const char *type, const char *issuer, uint64_t issued_s,
                                         const uint8_t *payload, size_t payload_len,
                                         struct hats_error *err);
/* ["Signature1", protected, h'', payload]: what is signed, in fresh memory (hats_free); NULL: none left. */
uint8_t *hats_cose_to_be_signed(size_t *len_bytes, const uint8_t *protected_header,
                                size_t protected_len, const uint8_t *payload, size_t payload_len);
/* Strict parse of a whole file; no signature is checked. HATS_E_MALFORMED, HATS_E_CANONICAL,
 * HATS_E_UNSUPPORTED (algorithm, header) with the place in err. `type` is the media type expected, NULL
 * takes any. */
HATS_MUST_USE hats_status hats_cose_parse(struct hats_cose *out, const uint8_t *bytes,
                                          size_t len_bytes, const char *type,
                                          struct hats_error *err);
/* The same, but the unprotected map may hold anything of HATS-CBOR-1. */
HATS_MUST_USE hats_status hats_cose_parse_open(struct hats_cose *out, const uint8_t *bytes,
                                               size_t len_bytes, const char *type,
                                               struct hats_error *err);
/* SHA-256 of the parsed file with its unprotected map empty: what was sealed. */
void hats_cose_entry(uint8_t out[32], const struct hats_cose *file);
/* HATS_OK when the signature over the parsed file holds under this public key, whose thumbprint must be
 * the file's kid. HATS_E_VERIFY otherwise. */
HATS_MUST_USE hats_status hats_cose_verify(const struct hats_cose *file, const uint8_t *public_key,
                                           size_t public_key_len, struct hats_error *err);

#endif
