/* The receipt: what a server signs about one answer, or about a session, and what a reader may conclude.
 *
 * A COSE_Sign1 of type application/vnd.hats.receipt+cose; the payload is a map with exactly the keys of its
 * kind (tstr: text, b32: 32 bytes, H: SHA-256).
 *
 *     both kinds                       kind 1, an answer                 kind 2, a session
 *      1 version = 1                   11 i                              11 i of the close or null
 *      2 kind                          12 R b32                          12 R of the close b32 or null
 *      3 suite = 1                     15 H(session receipt) b32         14 [registry root b32, seq,
 *     10 sid b32                       20 model commitment b32               policy digest b32,
 *     13 H(frame) b32 or null          21 model name tstr                    assurance levels, bitmap]
 *     31 owner b32 or null             22 model version tstr
 *     50 accepted, ms since 1970       23 plan digest b32                11 and 12 are null in the receipt
 *     51 done, ms since 1970           24 [set id, log2 t,               of the opening, and set in that
 *     70 TLS group tstr                    classical bits,               of the closing.
 *     71 TLS signature algorithm tstr      quantum bits]
 *     72 server authentication:        30 kid b32
 *        "pq" or "classical"           32 H(ciphertext) b32
 *     80 tenant digest b32             33 [proof suite, b32] or null
 *     81 server build digest b32       34 C_D b32 or null
 *     90 gate steps, bitmap            40 H(output) b32
 *                                      41 flood commitment b32
 *
 * Suite 1 is: tier L encryption, SHA-256, ML-DSA-65. A session's sid commits to its statement block, and so
 * to its owner, end, number of calls, origin and challenge.
 * The file is under 12 KB: 3.3 KB of signature and about 0.9 KB of claims.
 */
#ifndef HATS_EVIDENCE_RECEIPT_H
#define HATS_EVIDENCE_RECEIPT_H

#include "evidence/log_policy.h"
#include "evidence/trust.h"

#define HATS_RECEIPT_VERSION 1
enum hats_receipt_kind { HATS_RECEIPT_ANSWER = 1, HATS_RECEIPT_SESSION = 2 };
#define HATS_RECEIPT_SUITE_1 1
#define HATS_RECEIPT_MAX_BYTES 12288
#define HATS_MODEL_NAME_MAX 128 /* bytes with the final zero */
#define HATS_RECEIPT_TLS_MAX 64
#define HATS_RECEIPT_SKEW_MS 300000 /* a receipt may be this far in the reader's future */

/* Steps of the gate that the server says it performed: bit = 1 << step number of the gate order. */
enum hats_gate_step {
    HATS_STEP_TLS = 1u << 0,
    HATS_STEP_TOKEN = 1u << 1,
    HATS_STEP_CORE = 1u << 2,
    HATS_STEP_REPEAT = 1u << 3,
    HATS_STEP_FRAME_SUM = 1u << 4,
    HATS_STEP_FRAME = 1u << 5,
    HATS_STEP_LIMITS = 1u << 6, /* time, model, key, quota, memory */
    HATS_STEP_DIGESTS = 1u << 7,
    HATS_STEP_SIGNATURES = 1u << 8,
    HATS_STEP_PROOF = 1u << 9,
    HATS_STEP_ACCEPT = 1u << 10,
    HATS_STEP_EVALUATE = 1u << 11,
    HATS_STEP_SEAL = 1u << 12,
    HATS_STEP_ALL = (1u << 13) - 1,
};

enum hats_server_auth { HATS_AUTH_CLASSICAL = 0, HATS_AUTH_PQ = 1 };

struct hats_receipt {
    enum hats_receipt_kind kind;
    uint32_t suite;
    uint8_t sid[32];
    bool has_frame;
    uint8_t frame_digest[32];
    bool closes, closes_digest; /* of a session: 11 and 12 are there; both or neither */
    uint32_t call_index;
    uint8_t request_digest[32]; /* R */
    uint8_t session_receipt[32];
    uint8_t registry_root[32];
    uint64_t registry_seq;
    uint8_t policy_digest[32];
    uint32_t assurance; /* bit l: a device of level l is admitted; 0 without a device */
    uint8_t model_commitment[32];
    char model_name[HATS_MODEL_NAME_MAX];
    char model_version[HATS_MODEL_NAME_MAX];
    uint8_t plan_digest[32];
    uint32_t set_id;
    unsigned log_t;
    unsigned classical_bits, quantum_bits;
    uint8_t kid[32]; /* of the encryption key */
    bool has_owner;
    uint8_t owner[HATS_THUMBPRINT_LEN];
    uint8_t ciphertext_digest[32];
    bool has_proof;
    uint32_t proof_suite;
    uint8_t proof_digest[32];
    bool has_data_commitment;
    uint8_t data_commitment[32]; /* C_D */
    uint8_t output_digest[32];
    uint8_t flood_commitment[32];
    uint64_t accepted_ms, done_ms;
    char tls_group[HATS_RECEIPT_TLS_MAX];
    char tls_signature[HATS_RECEIPT_TLS_MAX];
    enum hats_server_auth server_auth;
    uint8_t tenant_digest[32];
    uint8_t build_digest[32];
    uint32_t gate_steps;
};

/* Appends the claims alone. What hats_receipt_decode would refuse is refused here, with the same error. */
HATS_MUST_USE hats_status hats_receipt_encode(struct hats_buffer *out, const struct hats_receipt *r,
                                              struct hats_error *err);
/* HATS_E_MALFORMED, HATS_E_CANONICAL, HATS_E_VERSION, HATS_E_UNSUPPORTED (unknown claim or kind),
 * HATS_E_RANGE; err names the claim. *out is zero on failure. */
HATS_MUST_USE hats_status hats_receipt_decode(struct hats_receipt *out, const uint8_t *payload,
                                              size_t len_bytes, struct hats_error *err);
/* Appends the bytes of a .receipt.cose file; iat is done_ms in seconds. */
HATS_MUST_USE hats_status hats_receipt_sign(struct hats_buffer *out, const struct hats_receipt *r,
                                            const struct hats_sign_key *signer, const char *issuer,
                                            struct hats_error *err);

/* --- what a reader may conclude --- */

enum hats_row_state { HATS_ROW_PROVEN, HATS_ROW_ASSERTED, HATS_ROW_NOT_IN_FILE };
/* "proven", "asserted", "not-in-this-file" */
const char *hats_row_state_name(enum hats_row_state s);

#define HATS_N_REQUIREMENTS 7

/* One of the seven requirements, as far as this one file goes. */
struct hats_row {
    unsigned number; /* 1 .. 7 */
    const char *title;
    enum hats_row_state state;
    char by[HATS_ISSUER_MAX]; /* who asserts or signs; "" where nobody does */
    char sentence[320];
};

enum hats_signature_state {
    HATS_SIGNATURE_NOT_CHECKED, /* the file is not well formed, or the key is not known */
    HATS_SIGNATURE_HOLDS,
    HATS_SIGNATURE_BROKEN,
};

struct hats_report {
    hats_status status;      /* as hats_receipt_verify returned it */
    struct hats_error error; /* the reason when status is not HATS_OK */
    bool parsed;             /* header and claims below are the file's */
    size_t len_bytes;
    uint8_t file_digest[32]; /* SHA-256 of the whole file */
    uint8_t
        entry[32]; /* when parsed: that of the file as it was sealed, without its place in a log */
    enum hats_signature_state signature;
    enum hats_signer_state signer;
    char signer_name[HATS_ISSUER_MAX]; /* from the trust set; "" when unknown */
    uint8_t signer_kid[HATS_THUMBPRINT_LEN];
    enum hats_mldsa_level level;
    char issuer[HATS_ISSUER_MAX]; /* what the file calls its signer */
    uint64_t issued_s;
    struct hats_receipt receipt;
    struct hats_log_report log;                /* looked at when all else holds */
    struct hats_row rows[HATS_N_REQUIREMENTS]; /* proven and asserted only when status is HATS_OK */
};

/* Everything at once, offline: parse, signature, signer, time, rows. HATS_OK; HATS_E_VERIFY (signature
 * broken, or the signed text contradicts itself), HATS_E_TRUST; HATS_E_NOT_FOUND (an empty file, or
 * nothing like a signed statement of ours); HATS_E_MALFORMED, _CANONICAL, _UNSUPPORTED, _VERSION, _RANGE
 * with the reason. *report is filled in every case. */
HATS_MUST_USE hats_status hats_receipt_verify(struct hats_report *report, const uint8_t *bytes,
                                              size_t len_bytes, const struct hats_trust *trust,
                                              uint64_t now_ms, struct hats_error *err);

/* For files that hold a receipt among other things: the report of one that did not pass. err: the reason;
 * NULL where report->error has it already. */
void hats_report_refuse(struct hats_report *report, hats_status status,
                        const struct hats_error *err);

/* The same, and its place in a log is what `policy` (may be NULL: what is there must hold) asks for; errors of
 * hats_logged_verify (logged.h). */
HATS_MUST_USE hats_status hats_receipt_verify_under(struct hats_report *report,
                                                    const uint8_t *bytes, size_t len_bytes,
                                                    const struct hats_trust *trust,
                                                    const struct hats_log_policy *policy,
                                                    uint64_t now_ms, struct hats_error *err);

/* What a client adds: this receipt belongs to this very call and this very answer. HATS_E_VERIFY names
 * the claim that differs. Pointers that are NULL are not compared. */
struct hats_receipt_expect {
    enum hats_receipt_kind kind; /* 0: not compared */
    const uint8_t *sid;
    const uint8_t *session_receipt;
    const uint8_t *tenant_digest;
    const uint32_t *call_index;
    const uint8_t *request_digest;
    const uint8_t *model_commitment;
    const uint8_t *plan_digest;
    const uint8_t *kid;
    const uint8_t *owner;
    const uint8_t *ciphertext_digest;
    const uint32_t *proof_suite;
    const uint8_t *proof_digest;
    const uint8_t *output_digest;
};
HATS_MUST_USE hats_status hats_receipt_match(const struct hats_receipt *r,
                                             const struct hats_receipt_expect *expect,
                                             struct hats_error *err);

/* Exit code of a check: 0 holds; 1 verification failed, malformed files included; 3 holds, but with
 * require_proven a row that this file speaks about is only asserted; 4 signer not trusted; 5 environment;
 * 7 nothing to verify. */
int hats_report_exit_code(const struct hats_report *report, bool require_proven);

#endif
