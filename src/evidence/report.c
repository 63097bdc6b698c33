#include "evidence/receipt.h"

#include "base/bytes.h"
#include "evidence/logged.h"
#include "hash/sha256.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const titles[HATS_N_REQUIREMENTS] = {
    "Encrypted inference", "Output authenticity", "Data provenance",        "Device binding",
    "Content origin",      "Training isolation",  "Post-quantum readiness",
};

const char *hats_row_state_name(enum hats_row_state s) {
    switch (s) {
    case HATS_ROW_PROVEN: return "proven";
    case HATS_ROW_ASSERTED: return "asserted";
    default: return "not-in-this-file";
    }
}

/* Does it look like one of our files at all? A damaged one still does. */
static bool looks_like_ours(const uint8_t *bytes, size_t len_bytes) {
    static const char mark[] = "application/vnd.hats.";
    static const uint8_t sign1 = 0xc0 | 18;
    if (bytes[0] == sign1)
        return true;
    return memmem(bytes, len_bytes < 512 ? len_bytes : 512, mark, sizeof mark - 1) != NULL;
}

/* --- the rows --- */

static struct hats_row *set_row(struct hats_report *r, unsigned number, enum hats_row_state state) {
    struct hats_row *row = &r->rows[number - 1];
    row->state = state;
    if (state != HATS_ROW_NOT_IN_FILE)
        memcpy(row->by, r->signer_name, sizeof row->by);
    return row;
}

static void row_absent(struct hats_report *r, unsigned number, const char *sentence) {
    struct hats_row *row = set_row(r, number, HATS_ROW_NOT_IN_FILE);
    snprintf(row->sentence, sizeof row->sentence, "%s", sentence);
}

static void row_encrypted_inference(struct hats_report *r) {
    struct hats_row *row = set_row(r, 1, HATS_ROW_ASSERTED);
    if (r->receipt.has_proof)
        snprintf(
            row->sentence, sizeof row->sentence,
            "The gate held a ciphertext with this digest and checked a proof of encryption (suite "
            "%" PRIu32 "); the proof itself is not in this file, a bundle has it.",
            r->receipt.proof_suite);
    else
        snprintf(
            row->sentence, sizeof row->sentence,
            "The gate held a ciphertext with this digest; no proof of encryption in this file.");
}

static void row_post_quantum(struct hats_report *r) {
    struct hats_row *row = set_row(r, 7, HATS_ROW_ASSERTED);
    snprintf(
        row->sentence, sizeof row->sentence,
        "Proven by this file: signed with %s over SHA-256 digests. Asserted: lattice encryption at "
        "%u quantum bits, TLS group %s, %s server authentication (%s).",
        hats_mldsa_name(r->level), r->receipt.quantum_bits, r->receipt.tls_group,
        r->receipt.server_auth == HATS_AUTH_PQ ? "post-quantum" : "CLASSICAL",
        r->receipt.tls_signature);
}

/* A session is opened or closed, nothing is computed. */
static void fill_session_rows(struct hats_report *r) {
    const char *what = r->receipt.closes ? "closing" : "opening";
    row_absent(r, 1, "A session holds no ciphertext; the receipts of its calls do.");
    struct hats_row *row = set_row(r, 2, HATS_ROW_PROVEN);
    snprintf(row->sentence, sizeof row->sentence,
             "Signed: the %s of a session with this identity, which commits to its owner, end and "
             "number of calls.",
             what);
    row_absent(r, 3, "Nothing here says where the data come from.");
    row_absent(r, 4, "No device is bound to the session.");
    row_absent(r, 5, "A certificate of origin is a file of its own.");
    row_absent(r, 6, "Isolation is shown by an audit of the running server, not by a receipt.");
    row = set_row(r, 7, HATS_ROW_ASSERTED);
    snprintf(row->sentence, sizeof row->sentence,
             "Proven by this file: signed with %s over SHA-256 digests. Asserted: TLS group %s, %s "
             "server authentication (%s).",
             hats_mldsa_name(r->level), r->receipt.tls_group,
             r->receipt.server_auth == HATS_AUTH_PQ ? "post-quantum" : "CLASSICAL",
             r->receipt.tls_signature);
}

static void fill_rows(struct hats_report *r) {
    if (r->receipt.kind == HATS_RECEIPT_SESSION) {
        fill_session_rows(r);
        return;
    }
    row_encrypted_inference(r);
    struct hats_row *row = set_row(r, 2, HATS_ROW_PROVEN);
    snprintf(
        row->sentence, sizeof row->sentence,
        "Signed: this output, for this input, under this model commitment, at this time. That the "
        "named model was really run is asserted.");
    row_absent(
        r, 3,
        r->receipt.has_data_commitment
            ? "A commitment to the data is named; nothing here says where the data come from."
            : "Nothing here says where the data come from.");
    row_absent(r, 4, "No device is bound to the call.");
    row_absent(r, 5, "A certificate of origin is a file of its own.");
    row_absent(r, 6, "Isolation is shown by an audit of the running server, not by a receipt.");
    row_post_quantum(r);
}

static void name_rows(struct hats_report *r) {
    for (unsigned i = 0; i < HATS_N_REQUIREMENTS; i++) {
        r->rows[i].number = i + 1;
        r->rows[i].title = titles[i];
    }
}

void hats_report_refuse(struct hats_report *r, hats_status status, const struct hats_error *err) {
    r->status = status;
    if (err != NULL)
        r->error = *err;
    memset(r->rows, 0, sizeof r->rows);
    name_rows(r);
    for (unsigned number = 1; number <= HATS_N_REQUIREMENTS; number++)
        row_absent(r, number, "Nothing is concluded from a file that did not pass.");
}

/* --- the checks --- */

/* The unprotected map is empty or holds a place in a log, whoever the log may be. */
static hats_status check_map(const struct hats_cose *file, struct hats_error *err) {
    struct hats_logged logged;
    struct hats_error why = {0};
    hats_status s = hats_logged_parse(&logged, file, &why);
    return s == HATS_OK || s == HATS_E_NOT_FOUND ? HATS_OK : hats_fail(err, s, "%s", why.text);
}

static hats_status check_shape(struct hats_report *r, struct hats_cose *file, const uint8_t *bytes,
                               size_t len_bytes, struct hats_error *err) {
    if (len_bytes == 0)
        return hats_fail(err, HATS_E_NOT_FOUND, "the file is empty: there is nothing to verify");
    if (!looks_like_ours(bytes, len_bytes))
        return hats_fail(err, HATS_E_NOT_FOUND,
                         "not a signed statement: there is nothing to verify");
    if (len_bytes > HATS_RECEIPT_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "signed file: %zu bytes; a receipt has at most %d",
                         len_bytes, HATS_RECEIPT_MAX_BYTES);
    hats_status s = hats_cose_parse_open(file, bytes, len_bytes, HATS_TYPE_RECEIPT, err);
    if (s == HATS_OK)
        s = hats_receipt_decode(&r->receipt, file->payload, file->payload_len, err);
    if (s == HATS_OK)
        s = check_map(file, err);
    if (s != HATS_OK)
        return s;
    r->parsed = true;
    r->level = file->level;
    r->issued_s = file->issued_s;
    memcpy(r->issuer, file->issuer, sizeof r->issuer);
    memcpy(r->signer_kid, file->kid, sizeof r->signer_kid);
    if (file->level != HATS_MLDSA_65)
        return hats_fail(
            err, HATS_E_INSECURE,
            "signed file: protected header: alg is %s, but claim 3 (suite) demands ML-DSA-65",
            hats_mldsa_name(file->level));
    return HATS_OK;
}

static hats_status check_signature(struct hats_report *r, const struct hats_cose *file,
                                   const struct hats_trust *trust, uint64_t now_ms,
                                   struct hats_error *err) {
    const struct hats_trust_key *key;
    hats_status s = hats_trust_check(file, &key, &r->signer, trust, HATS_ROLE_RECEIPT,
                                     r->receipt.done_ms, now_ms, err);
    if (key != NULL)
        memcpy(r->signer_name, key->name, sizeof r->signer_name);
    if (s == HATS_E_VERIFY)
        r->signature = HATS_SIGNATURE_BROKEN;
    else if (r->signer != HATS_SIGNER_UNKNOWN && r->signer != HATS_SIGNER_NOT_JUDGED)
        r->signature = HATS_SIGNATURE_HOLDS;
    return s;
}

/* What a signer may have signed and a reader still must not believe. */
static hats_status check_times(const struct hats_report *r, uint64_t now_ms,
                               struct hats_error *err) {
    if (r->issued_s != r->receipt.done_ms / 1000)
        return hats_fail(
            err, HATS_E_VERIFY,
            "receipt: claim 51 (time done) and iat in the header name different seconds");
    if (r->receipt.done_ms > now_ms && r->receipt.done_ms - now_ms > HATS_RECEIPT_SKEW_MS)
        return hats_fail(err, HATS_E_VERIFY,
                         "receipt: claim 51 (time done) lies %" PRIu64
                         " s in the future of this clock",
                         (r->receipt.done_ms - now_ms) / 1000);
    return HATS_OK;
}

hats_status hats_receipt_verify(struct hats_report *report, const uint8_t *bytes, size_t len_bytes,
                                const struct hats_trust *trust, uint64_t now_ms,
                                struct hats_error *err) {
    return hats_receipt_verify_under(report, bytes, len_bytes, trust, NULL, now_ms, err);
}

hats_status hats_receipt_verify_under(struct hats_report *report, const uint8_t *bytes,
                                      size_t len_bytes, const struct hats_trust *trust,
                                      const struct hats_log_policy *policy, uint64_t now_ms,
                                      struct hats_error *err) {
    struct hats_cose file;
    memset(report, 0, sizeof *report);
    report->len_bytes = len_bytes;
    report->signer = HATS_SIGNER_NOT_JUDGED;
    hats_sha256(report->file_digest, bytes, len_bytes);
    name_rows(report);
    hats_status s = check_shape(report, &file, bytes, len_bytes, &report->error);
    if (s == HATS_OK)
        s = check_signature(report, &file, trust, now_ms, &report->error);
    if (s == HATS_OK)
        s = check_times(report, now_ms, &report->error);
    if (s == HATS_OK)
        s = hats_logged_verify(&report->log, &file, trust, policy, now_ms, &report->error);
    if (report->parsed)
        hats_cose_entry(report->entry, &file);
    if (s == HATS_OK)
        fill_rows(report);
    else
        hats_report_refuse(report, s, NULL);
    if (s != HATS_OK && err != NULL)
        *err = report->error;
    return s;
}

int hats_report_exit_code(const struct hats_report *report, bool require_proven) {
    switch (report->status) {
    case HATS_OK: break;
    case HATS_E_TRUST: return 4;
    case HATS_E_NOT_FOUND: return 7;
    case HATS_E_MEMORY:
    case HATS_E_CRYPTO: return 5;
    default: return 1;
    }
    for (unsigned i = 0; require_proven && i < HATS_N_REQUIREMENTS; i++)
        if (report->rows[i].state == HATS_ROW_ASSERTED)
            return 3;
    return 0;
}
