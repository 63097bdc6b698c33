#include "evidence/logged.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "cbor/cbor.h"
#include "evidence/receipt.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { DIGEST = HATS_SHA256_LEN };
/* [RFC9942, 2 and 5]: receipts, vds, vdp; RFC9162_SHA256; inclusion proofs. */
enum { RECEIPTS = 394, VDS = 395, VDP = 396, VDS_RFC9162_SHA256 = 1, VDP_INCLUSION = -1 };
enum { WITNESSES = -65601 };
enum { HEADER_ALG = 1, HEADER_KID = 4, HEADER_CWT = 15, CWT_ISS = 1, CWT_IAT = 6 };

#define ALG_MLDSA_44 (-48)
#define HEADER_MAX 256
#define PROOF_MAX (32 + HATS_TLOG_PATH_MAX * (DIGEST + 2))
#define RECEIPT_MAX (HEADER_MAX + PROOF_MAX + HATS_COSIGNATURE_SIGNATURE_LEN + 64)
#define TIME_MAX_S 253402300799ull /* the end of the year 9999 */

const char *hats_log_state_name(enum hats_log_state s) {
    switch (s) {
    case HATS_LOG_ABSENT: return "not-in-this-file";
    case HATS_LOG_UNKNOWN: return "unknown-log";
    case HATS_LOG_HOLDS: return "holds";
    default: return "broken";
    }
}

/* ---- the log's signature ---- */

static size_t put_header(uint8_t out[HEADER_MAX], const struct hats_log_signature *by_log) {
    struct hats_writer w = hats_writer_of(out, HEADER_MAX);
    hats_cbor_put_map(&w, 4);
    hats_cbor_put_uint(&w, HEADER_ALG);
    hats_cbor_put_int(&w, ALG_MLDSA_44);
    hats_cbor_put_uint(&w, HEADER_KID);
    hats_cbor_put_bytes(&w, by_log->kid, sizeof by_log->kid);
    hats_cbor_put_uint(&w, HEADER_CWT);
    hats_cbor_put_map(&w, 2);
    hats_cbor_put_uint(&w, CWT_ISS);
    hats_cbor_put_text(&w, by_log->head.origin);
    hats_cbor_put_uint(&w, CWT_IAT);
    hats_cbor_put_uint(&w, by_log->time_s);
    hats_cbor_put_uint(&w, VDS);
    hats_cbor_put_uint(&w, VDS_RFC9162_SHA256);
    assert(hats_writer_ok(&w));
    return hats_writer_len(&w);
}

static uint8_t *to_be_signed(size_t *len_bytes, const struct hats_log_signature *by_log) {
    uint8_t header[HEADER_MAX];
    size_t len = put_header(header, by_log);
    return hats_cose_to_be_signed(len_bytes, header, len, by_log->head.root, DIGEST);
}

hats_status hats_log_sign(struct hats_log_signature *out, const struct hats_tree_head *head,
                          const struct hats_sign_key *key, uint64_t time_s,
                          struct hats_error *err) {
    if (hats_mldsa_level_of(key) != HATS_MLDSA_44 || !hats_note_name_ok(head->origin) ||
        time_s == 0 || time_s > TIME_MAX_S)
        return hats_fail(err, HATS_E_USAGE,
                         "a log signs with ML-DSA-44, under a name without spaces and \"+\", and "
                         "with the time");
    struct hats_log_signature s = {.head = *head, .time_s = time_s};
    size_t len;
    hats_cose_thumbprint_of(s.kid, key);
    uint8_t *tbs = to_be_signed(&len, &s);
    if (tbs == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to sign");
    hats_status status = hats_mldsa_sign(key, s.signature, tbs, len, err);
    hats_free(tbs);
    if (status == HATS_OK)
        *out = s;
    return status;
}

/* ---- writing ---- */

static size_t put_proof(uint8_t out[PROOF_MAX], const struct hats_logged *logged) {
    struct hats_writer w = hats_writer_of(out, PROOF_MAX);
    hats_cbor_put_array(&w, 3);
    hats_cbor_put_uint(&w, logged->by_log.head.size);
    hats_cbor_put_uint(&w, logged->index);
    hats_cbor_put_array(&w, logged->path.n);
    for (size_t i = 0; i < logged->path.n; i++)
        hats_cbor_put_bytes(&w, logged->path.digests[i], DIGEST);
    assert(hats_writer_ok(&w));
    return hats_writer_len(&w);
}

static size_t put_receipt(uint8_t out[RECEIPT_MAX], const struct hats_logged *logged) {
    uint8_t header[HEADER_MAX], proof[PROOF_MAX];
    struct hats_writer w = hats_writer_of(out, RECEIPT_MAX);
    hats_cbor_put_tag(&w, HATS_CBOR_TAG_SIGN1);
    hats_cbor_put_array(&w, 4);
    hats_cbor_put_bytes(&w, header, put_header(header, &logged->by_log));
    hats_cbor_put_map(&w, 1);
    hats_cbor_put_uint(&w, VDP);
    hats_cbor_put_map(&w, 1);
    hats_cbor_put_int(&w, VDP_INCLUSION);
    hats_cbor_put_array(&w, 1);
    hats_cbor_put_bytes(&w, proof, put_proof(proof, logged));
    hats_cbor_put_null(&w);
    hats_cbor_put_bytes(&w, logged->by_log.signature, sizeof logged->by_log.signature);
    assert(hats_writer_ok(&w));
    return hats_writer_len(&w);
}

static void put_map(struct hats_writer *w, const struct hats_logged *logged) {
    uint8_t receipt[RECEIPT_MAX];
    hats_cbor_put_map(w, logged->n_witnesses != 0 ? 2 : 1);
    hats_cbor_put_uint(w, RECEIPTS);
    hats_cbor_put_array(w, 1);
    hats_cbor_put_bytes(w, receipt, put_receipt(receipt, logged));
    if (logged->n_witnesses == 0)
        return;
    hats_cbor_put_int(w, WITNESSES);
    hats_cbor_put_array(w, logged->n_witnesses);
    for (size_t i = 0; i < logged->n_witnesses; i++) {
        const struct hats_log_cosignature *c = &logged->witnesses[i];
        hats_cbor_put_array(w, 3);
        hats_cbor_put_text(w, c->name);
        hats_cbor_put_bytes(w, c->key_id, sizeof c->key_id);
        hats_cbor_put_bytes(w, c->bytes, sizeof c->bytes);
    }
}

/* The file with `map` in the place of its unprotected map. */
static hats_status with_map(struct hats_buffer *out, const uint8_t *file, size_t file_len,
                            const uint8_t *map, size_t map_len, struct hats_error *err) {
    struct hats_cose cose;
    hats_status s = hats_cose_parse_open(&cose, file, file_len, HATS_TYPE_RECEIPT, err);
    if (s != HATS_OK)
        return s;
    const uint8_t *after = cose.unprotected + cose.unprotected_len;
    size_t before_len = (size_t)(cose.unprotected - file);
    size_t after_len = (size_t)(file + file_len - after);
    if (before_len + map_len + after_len > HATS_RECEIPT_MAX_BYTES)
        return hats_fail(err, HATS_E_RANGE, "a receipt with this evidence would pass %d bytes",
                         HATS_RECEIPT_MAX_BYTES);
    hats_buffer_append(out, file, before_len);
    hats_buffer_append(out, map, map_len);
    hats_buffer_append(out, after, after_len);
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "no memory for a receipt") : HATS_OK;
}

hats_status hats_logged_attach(struct hats_buffer *out, const uint8_t *file, size_t file_len,
                               const struct hats_logged *logged, struct hats_error *err) {
    uint8_t map[HATS_RECEIPT_MAX_BYTES];
    struct hats_writer w = hats_writer_of(map, sizeof map);
    assert(logged->n_witnesses <= HATS_LOGGED_WITNESSES_MAX);
    put_map(&w, logged);
    assert(hats_writer_ok(&w));
    return with_map(out, file, file_len, map, hats_writer_len(&w), err);
}

hats_status hats_logged_strip(struct hats_buffer *out, const uint8_t *file, size_t file_len,
                              struct hats_error *err) {
    static const uint8_t empty_map = 0xa0;
    return with_map(out, file, file_len, &empty_map, 1, err);
}

/* ---- reading ---- */

static hats_status bad(struct hats_error *err, hats_status s, const char *what) {
    return hats_fail(err, s, "log evidence: %s", what);
}

static bool take_uint_label(struct hats_reader *r, uint64_t label) {
    uint64_t got;
    return hats_cbor_get_uint(r, &got) && got == label;
}

static bool take_int_label(struct hats_reader *r, int64_t label) {
    int64_t got;
    return hats_cbor_get_int(r, &got) && got == label;
}

static hats_status validate(const uint8_t *bytes, size_t len_bytes, struct hats_error *err) {
    hats_status s = hats_cbor_validate(bytes, len_bytes, err);
    return s == HATS_OK ? s : hats_fail_in(err, s, "log evidence");
}

static hats_status parse_header(struct hats_logged *out, const uint8_t *bytes, size_t len_bytes,
                                struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    struct hats_log_signature *by_log = &out->by_log;
    uint64_t vds;
    int64_t alg;
    size_t n;
    hats_status s = validate(bytes, len_bytes, err);
    if (s != HATS_OK)
        return s;
    if (!hats_cbor_get_map(&r, &n) || n != 4 || !take_uint_label(&r, HEADER_ALG) ||
        !hats_cbor_get_int(&r, &alg))
        return bad(err, HATS_E_UNSUPPORTED,
                   "the log's header is not exactly alg, kid, CWT claims and vds");
    if (alg != ALG_MLDSA_44)
        return bad(err, HATS_E_UNSUPPORTED, "the log did not sign with ML-DSA-44 (alg -48)");
    if (!take_uint_label(&r, HEADER_KID) ||
        !hats_cbor_get_bytes_exact(&r, by_log->kid, sizeof by_log->kid))
        return bad(err, HATS_E_MALFORMED, "the log's kid is missing or not 32 bytes");
    if (!take_uint_label(&r, HEADER_CWT) || !hats_cbor_get_map(&r, &n) || n != 2 ||
        !take_uint_label(&r, CWT_ISS) ||
        !hats_cbor_get_string(&r, by_log->head.origin, sizeof by_log->head.origin) ||
        !hats_note_name_ok(by_log->head.origin))
        return bad(err, HATS_E_MALFORMED, "iss is not the name of a log");
    if (!take_uint_label(&r, CWT_IAT) || !hats_cbor_get_uint(&r, &by_log->time_s) ||
        by_log->time_s == 0 || by_log->time_s > TIME_MAX_S)
        return bad(err, HATS_E_MALFORMED, "iat is not a time");
    if (!take_uint_label(&r, VDS) || !hats_cbor_get_uint(&r, &vds) || vds != VDS_RFC9162_SHA256)
        return bad(err, HATS_E_UNSUPPORTED, "vds is not 1 (RFC9162_SHA256)");
    return HATS_OK;
}

static hats_status parse_proof(struct hats_logged *out, const uint8_t *bytes, size_t len_bytes,
                               struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    size_t n;
    hats_status s = validate(bytes, len_bytes, err);
    if (s != HATS_OK)
        return s;
    if (!hats_cbor_get_array(&r, &n) || n != 3 || !hats_cbor_get_uint(&r, &out->by_log.head.size) ||
        !hats_cbor_get_uint(&r, &out->index) || !hats_cbor_get_array(&r, &out->path.n) ||
        out->path.n > HATS_TLOG_PATH_MAX)
        return bad(err, HATS_E_MALFORMED, "an inclusion proof is not size, index and path");
    for (size_t i = 0; i < out->path.n; i++)
        if (!hats_cbor_get_bytes_exact(&r, out->path.digests[i], DIGEST))
            return bad(err, HATS_E_MALFORMED, "a path is not made of 32-byte digests");
    return HATS_OK;
}

static hats_status parse_receipt(struct hats_logged *out, const uint8_t *bytes, size_t len_bytes,
                                 struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    const uint8_t *header, *proof;
    size_t n, header_len, proof_len;
    hats_status s = validate(bytes, len_bytes, err);
    if (s != HATS_OK)
        return s;
    if (!hats_cbor_get_tag(&r, HATS_CBOR_TAG_SIGN1) || !hats_cbor_get_array(&r, &n) || n != 4 ||
        !hats_cbor_get_bytes(&r, &header, &header_len))
        return bad(err, HATS_E_MALFORMED, "the log's receipt is not a COSE_Sign1");
    if (!hats_cbor_get_map(&r, &n) || n != 1 || !take_uint_label(&r, VDP) ||
        !hats_cbor_get_map(&r, &n) || n != 1 || !take_int_label(&r, VDP_INCLUSION) ||
        !hats_cbor_get_array(&r, &n) || n != 1 || !hats_cbor_get_bytes(&r, &proof, &proof_len))
        return bad(err, HATS_E_UNSUPPORTED,
                   "the log's receipt holds not exactly one inclusion proof");
    if (!hats_cbor_take_null(&r))
        return bad(err, HATS_E_UNSUPPORTED, "the payload of the log's receipt is not detached");
    if (!hats_cbor_get_bytes_exact(&r, out->by_log.signature, sizeof out->by_log.signature))
        return bad(err, HATS_E_MALFORMED, "the log's signature has not the length of ML-DSA-44");
    s = parse_header(out, header, header_len, err);
    return s == HATS_OK ? parse_proof(out, proof, proof_len, err) : s;
}

static hats_status parse_witnesses(struct hats_logged *out, struct hats_reader *r,
                                   struct hats_error *err) {
    size_t n;
    if (!take_int_label(r, WITNESSES) || !hats_cbor_get_array(r, &out->n_witnesses) ||
        out->n_witnesses == 0 || out->n_witnesses > HATS_LOGGED_WITNESSES_MAX)
        return bad(err, HATS_E_UNSUPPORTED, "cosignatures (-65601) are not a list of 1 or 2");
    for (size_t i = 0; i < out->n_witnesses; i++) {
        struct hats_log_cosignature *c = &out->witnesses[i];
        if (!hats_cbor_get_array(r, &n) || n != 3 ||
            !hats_cbor_get_string(r, c->name, sizeof c->name) || !hats_note_name_ok(c->name) ||
            !hats_cbor_get_bytes_exact(r, c->key_id, sizeof c->key_id) ||
            !hats_cbor_get_bytes_exact(r, c->bytes, sizeof c->bytes))
            return bad(err, HATS_E_MALFORMED,
                       "a cosignature is not a name, a key id and 2428 bytes");
    }
    return HATS_OK;
}

static hats_status parse(struct hats_logged *out, const struct hats_cose *file,
                         struct hats_error *err) {
    struct hats_reader r = hats_reader_of(file->unprotected, file->unprotected_len);
    const uint8_t *receipt;
    uint8_t entry[32], leaf[DIGEST];
    size_t n, one, receipt_len;
    if (file->unprotected_len == 1)
        return bad(err, HATS_E_NOT_FOUND, "none in this file");
    if (!hats_cbor_get_map(&r, &n) || n > 2 || !take_uint_label(&r, RECEIPTS) ||
        !hats_cbor_get_array(&r, &one) || one != 1 ||
        !hats_cbor_get_bytes(&r, &receipt, &receipt_len))
        return bad(err, HATS_E_UNSUPPORTED,
                   "the unprotected header is not one receipt of a log (394) and cosignatures");
    hats_status s = parse_receipt(out, receipt, receipt_len, err);
    if (s == HATS_OK && n == 2)
        s = parse_witnesses(out, &r, err);
    if (s != HATS_OK)
        return s;
    hats_cose_entry(entry, file);
    hats_tlog_leaf(leaf, entry, sizeof entry);
    return hats_tlog_root_from_inclusion(out->by_log.head.root, out->by_log.head.size, out->index,
                                         leaf, &out->path, err);
}

hats_status hats_logged_parse(struct hats_logged *out, const struct hats_cose *file,
                              struct hats_error *err) {
    memset(out, 0, sizeof *out);
    hats_status s = parse(out, file, err);
    if (s != HATS_OK)
        memset(out, 0, sizeof *out);
    return s;
}

/* ---- believing ---- */

static hats_status check_time(const char *who, uint64_t time_s, uint64_t now_ms,
                              struct hats_error *err) {
    if (time_s > TIME_MAX_S || time_s * 1000 > now_ms + HATS_RECEIPT_SKEW_MS)
        return hats_fail(err, HATS_E_VERIFY,
                         "log evidence: \"%s\" signed in the future of this clock", who);
    return HATS_OK;
}

static hats_status check_log(const struct hats_logged *l, const struct hats_trust_key *key,
                             uint64_t now_ms, struct hats_error *err) {
    size_t len;
    const struct hats_log_signature *by_log = &l->by_log;
    uint8_t *tbs = to_be_signed(&len, by_log);
    if (tbs == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to check a signature");
    hats_status s =
        hats_mldsa_verify(HATS_MLDSA_44, key->public_key, hats_mldsa_public_len(key->level), tbs,
                          len, by_log->signature, sizeof by_log->signature, err);
    hats_free(tbs);
    if (s == HATS_E_VERIFY)
        return hats_fail(err, s,
                         "log evidence: the log \"%s\" did not sign a tree with this receipt at "
                         "index %" PRIu64 " of %" PRIu64,
                         by_log->head.origin, l->index, by_log->head.size);
    if (s != HATS_OK)
        return s;
    s = check_time(by_log->head.origin, by_log->time_s, now_ms, err);
    if (s != HATS_OK)
        return s;
    enum hats_signer_state state =
        hats_trust_judge(key, HATS_ROLE_LOG, by_log->time_s * 1000 + 999, now_ms);
    if (state != HATS_SIGNER_TRUSTED)
        return hats_fail(err, HATS_E_TRUST, "log evidence: the key of the log \"%s\" is %s",
                         by_log->head.origin, hats_signer_state_name(state));
    return HATS_OK;
}

static hats_status count_witnesses(struct hats_log_report *out, const struct hats_logged *l,
                                   const struct hats_trust *trust, uint64_t now_ms,
                                   struct hats_error *err) {
    const struct hats_trust_key *counted[HATS_LOGGED_WITNESSES_MAX] = {0};
    for (size_t i = 0; i < l->n_witnesses; i++) {
        const struct hats_log_cosignature *c = &l->witnesses[i];
        uint64_t time_s;
        const struct hats_trust_key *key =
            hats_trust_find_note(trust, HATS_ROLE_WITNESS, c->name, c->key_id);
        if (key == NULL)
            continue;
        hats_status s =
            hats_cosign_verify(&time_s, c->bytes, &l->by_log.head, key->public_key, c->name, err);
        if (s == HATS_OK)
            s = check_time(c->name, time_s, now_ms, err);
        if (s != HATS_OK)
            return s;
        bool again = i > 0 && counted[0] == key;
        if (again || hats_trust_judge(key, HATS_ROLE_WITNESS, time_s * 1000 + 999, now_ms) !=
                         HATS_SIGNER_TRUSTED)
            continue;
        counted[i] = key;
        out->n_witnesses++;
        if (time_s > out->witnessed_s)
            out->witnessed_s = time_s;
    }
    return HATS_OK;
}

static hats_status verify(struct hats_log_report *out, const struct hats_logged *l,
                          const struct hats_trust *trust, const struct hats_log_policy *policy,
                          uint64_t now_ms, struct hats_error *err) {
    const struct hats_trust_key *key = hats_trust_find(trust, l->by_log.kid);
    out->head = l->by_log.head;
    out->index = l->index;
    out->time_s = l->by_log.time_s;
    bool known = key != NULL && key->level == HATS_MLDSA_44 && (key->roles & HATS_ROLE_LOG) != 0 &&
                 strcmp(key->name, out->head.origin) == 0;
    if (!known) {
        out->state = HATS_LOG_UNKNOWN;
        return !policy->logged && policy->witnesses == 0
                   ? HATS_OK
                   : hats_fail(err, HATS_E_TRUST,
                               "log evidence: no trusted key is of the log \"%s\"",
                               out->head.origin);
    }
    out->state = HATS_LOG_BROKEN;
    hats_status s = check_log(l, key, now_ms, err);
    if (s == HATS_OK)
        s = count_witnesses(out, l, trust, now_ms, err);
    if (s != HATS_OK)
        return s;
    out->state = HATS_LOG_HOLDS;
    if (out->n_witnesses < policy->witnesses)
        return hats_fail(err, HATS_E_VERIFY,
                         "log evidence: %u trusted witnesses cosigned, %u are asked for",
                         out->n_witnesses, policy->witnesses);
    return HATS_OK;
}

hats_status hats_logged_verify(struct hats_log_report *out, const struct hats_cose *file,
                               const struct hats_trust *trust, const struct hats_log_policy *policy,
                               uint64_t now_ms, struct hats_error *err) {
    static const struct hats_log_policy none = {0};
    struct hats_logged logged;
    struct hats_error why = {0};
    memset(out, 0, sizeof *out);
    policy = policy != NULL ? policy : &none;
    hats_status s = hats_logged_parse(&logged, file, &why);
    if (s == HATS_E_NOT_FOUND)
        return !policy->logged && policy->witnesses == 0
                   ? HATS_OK
                   : hats_fail(err, HATS_E_VERIFY,
                               "log evidence is asked for, and the file has none");
    if (s != HATS_OK) {
        out->state = HATS_LOG_BROKEN;
        return hats_fail(err, s, "%s", why.text);
    }
    return verify(out, &logged, trust, policy, now_ms, err);
}
