#include "evidence/receipt.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "cbor/cbor.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define CALL_INDEX_MAX 0xffffffu       /* 24 bits, as a frame has them */
#define TIME_MAX_MS 253402300799999ull /* the end of the year 9999 */
#define BITS_MAX 1024
#define LOG_T_MAX 62
#define CLAIMS_MAX 2048 /* bytes; the longest texts bring it to 1.2 KB */

enum claim_type { FIXED, U32, U64, DIGEST, DIGEST_OR_NULL, TEXT, SET, PROOF, AUTH };

/* One claim: what the payload calls it, where the struct keeps it, what it may be. For DIGEST_OR_NULL and
 * PROOF `flag` says whether it is there; for FIXED `max` is the only value. */
struct claim {
    unsigned label;
    enum claim_type type;
    const char *name;
    size_t at, flag;
    uint64_t max; /* TEXT: capacity */
};

#define AT(member) offsetof(struct hats_receipt, member)

/* Ascending, which is also the order of the encoding: one-byte heads up to 23, two-byte heads above. */
static const struct claim claims[] = {
    {1, FIXED, "version", 0, 0, HATS_RECEIPT_VERSION},
    {2, FIXED, "kind", 0, 0, HATS_RECEIPT_KIND_ANSWER},
    {3, U32, "suite", AT(suite), 0, HATS_RECEIPT_SUITE_1},
    {10, DIGEST, "session", AT(sid), 0, 0},
    {11, U32, "call index", AT(call_index), 0, CALL_INDEX_MAX},
    {12, DIGEST, "request digest", AT(request_digest), 0, 0},
    {20, DIGEST, "model commitment", AT(model_commitment), 0, 0},
    {21, TEXT, "model name", AT(model_name), 0, HATS_MODEL_NAME_MAX},
    {22, TEXT, "model version", AT(model_version), 0, HATS_MODEL_NAME_MAX},
    {23, DIGEST, "plan digest", AT(plan_digest), 0, 0},
    {24, SET, "parameter set", 0, 0, 0},
    {30, DIGEST, "encryption key", AT(kid), 0, 0},
    {31, DIGEST_OR_NULL, "owner key", AT(owner), AT(has_owner), 0},
    {32, DIGEST, "ciphertext digest", AT(ciphertext_digest), 0, 0},
    {33, PROOF, "proof of encryption", AT(proof_digest), AT(has_proof), 0},
    {34, DIGEST_OR_NULL, "data commitment", AT(data_commitment), AT(has_data_commitment), 0},
    {40, DIGEST, "output digest", AT(output_digest), 0, 0},
    {41, DIGEST, "flood commitment", AT(flood_commitment), 0, 0},
    {50, U64, "time accepted", AT(accepted_ms), 0, TIME_MAX_MS},
    {51, U64, "time done", AT(done_ms), 0, TIME_MAX_MS},
    {70, TEXT, "TLS group", AT(tls_group), 0, HATS_RECEIPT_TLS_MAX},
    {71, TEXT, "TLS signature algorithm", AT(tls_signature), 0, HATS_RECEIPT_TLS_MAX},
    {72, AUTH, "server authentication", 0, 0, 0},
    {80, DIGEST, "tenant digest", AT(tenant_digest), 0, 0},
    {81, DIGEST, "server build digest", AT(build_digest), 0, 0},
    {90, U32, "gate steps", AT(gate_steps), 0, HATS_STEP_ALL},
};

/* --- encoding --- */

static void put_digest(struct hats_writer *w, const uint8_t *digest) {
    hats_cbor_put_bytes(w, digest, 32);
}

static void put_claim(struct hats_writer *w, const struct claim *c, const struct hats_receipt *r) {
    const uint8_t *at = (const uint8_t *)r + c->at;
    bool there = *((const uint8_t *)r + c->flag) != 0;
    hats_cbor_put_uint(w, c->label);
    switch (c->type) {
    case FIXED: hats_cbor_put_uint(w, c->max); return;
    case U32: hats_cbor_put_uint(w, *(const uint32_t *)(const void *)at); return;
    case U64: hats_cbor_put_uint(w, *(const uint64_t *)(const void *)at); return;
    case TEXT:
        hats_cbor_put_text_len(w, (const char *)at, strnlen((const char *)at, (size_t)c->max));
        return;
    case SET:
        hats_cbor_put_array(w, 4);
        hats_cbor_put_uint(w, r->set_id);
        hats_cbor_put_uint(w, r->log_t);
        hats_cbor_put_uint(w, r->classical_bits);
        hats_cbor_put_uint(w, r->quantum_bits);
        return;
    case AUTH: hats_cbor_put_text(w, r->server_auth == HATS_AUTH_PQ ? "pq" : "classical"); return;
    case DIGEST: put_digest(w, at); return;
    case DIGEST_OR_NULL:
    case PROOF:
        if (!there) {
            hats_cbor_put_null(w);
            return;
        }
        if (c->type == PROOF) {
            hats_cbor_put_array(w, 2);
            hats_cbor_put_uint(w, r->proof_suite);
        }
        put_digest(w, at);
        return;
    }
}

hats_status hats_receipt_encode(struct hats_buffer *out, const struct hats_receipt *r,
                                struct hats_error *err) {
    uint8_t bytes[CLAIMS_MAX];
    struct hats_receipt back;
    struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
    hats_cbor_put_map(&w, HATS_COUNT_OF(claims));
    for (size_t i = 0; i < HATS_COUNT_OF(claims); i++)
        put_claim(&w, &claims[i], r);
    assert(hats_writer_ok(&w));
    hats_status s = hats_receipt_decode(&back, bytes, hats_writer_len(&w), err);
    if (s != HATS_OK)
        return s;
    hats_buffer_append(out, bytes, hats_writer_len(&w));
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "the claims of a receipt do not fit")
                       : HATS_OK;
}

/* --- decoding --- */

static hats_status refuse(struct hats_error *err, hats_status s, const struct claim *c,
                          const char *why) {
    return hats_fail(err, s, "receipt: claim %u (%s): %s", c->label, c->name, why);
}

static hats_status get_number(struct hats_reader *r, const struct claim *c, uint64_t *v,
                              struct hats_error *err) {
    if (!hats_cbor_get_uint(r, v))
        return refuse(err, HATS_E_MALFORMED, c, "not an unsigned number");
    if (c->type == FIXED && *v != c->max)
        return refuse(err, c->label == 1 ? HATS_E_VERSION : HATS_E_UNSUPPORTED, c,
                      c->label == 1 ? "this program reads version 1"
                                    : "this program reads kind 1, answers");
    if (c->label == 3 && *v != HATS_RECEIPT_SUITE_1)
        return refuse(err, HATS_E_VERSION, c, "this program knows suite 1");
    if (*v > c->max)
        return refuse(err, HATS_E_RANGE, c, "outside its range");
    return HATS_OK;
}

static hats_status get_set(struct hats_reader *r, const struct claim *c, struct hats_receipt *out,
                           struct hats_error *err) {
    uint64_t id, log_t, classical, quantum;
    size_t n;
    if (!hats_cbor_get_array(r, &n) || n != 4 || !hats_cbor_get_uint(r, &id) ||
        !hats_cbor_get_uint(r, &log_t) || !hats_cbor_get_uint(r, &classical) ||
        !hats_cbor_get_uint(r, &quantum))
        return refuse(err, HATS_E_MALFORMED, c, "not an array of four unsigned numbers");
    if (id == 0 || id > UINT32_MAX || log_t == 0 || log_t > LOG_T_MAX || classical > BITS_MAX ||
        quantum > classical)
        return refuse(err, HATS_E_RANGE, c, "a number is outside its range");
    out->set_id = (uint32_t)id;
    out->log_t = (unsigned)log_t;
    out->classical_bits = (unsigned)classical;
    out->quantum_bits = (unsigned)quantum;
    return HATS_OK;
}

static hats_status get_proof(struct hats_reader *r, const struct claim *c, struct hats_receipt *out,
                             struct hats_error *err) {
    uint64_t suite;
    size_t n;
    if (hats_cbor_take_null(r))
        return HATS_OK;
    if (!hats_cbor_get_array(r, &n) || n != 2 || !hats_cbor_get_uint(r, &suite) ||
        !hats_cbor_get_bytes_exact(r, out->proof_digest, 32))
        return refuse(err, HATS_E_MALFORMED, c, "not null and not [suite, 32 bytes]");
    if (suite == 0 || suite > UINT32_MAX)
        return refuse(err, HATS_E_RANGE, c, "the suite is outside its range");
    out->has_proof = true;
    out->proof_suite = (uint32_t)suite;
    return HATS_OK;
}

static hats_status get_text(struct hats_reader *r, const struct claim *c, char *out,
                            struct hats_error *err) {
    if (!hats_cbor_get_string(r, out, (size_t)c->max))
        return refuse(err, HATS_E_MALFORMED, c, "not a text, or too long");
    if (out[0] == '\0' || !hats_text_is_plain(out))
        return refuse(err, HATS_E_RANGE, c, "empty, or not plain text");
    return HATS_OK;
}

static hats_status get_auth(struct hats_reader *r, const struct claim *c, struct hats_receipt *out,
                            struct hats_error *err) {
    char text[16];
    if (!hats_cbor_get_string(r, text, sizeof text))
        return refuse(err, HATS_E_MALFORMED, c, "not a short text");
    bool pq = strcmp(text, "pq") == 0;
    if (!pq && strcmp(text, "classical") != 0)
        return refuse(err, HATS_E_RANGE, c, "neither \"pq\" nor \"classical\"");
    out->server_auth = pq ? HATS_AUTH_PQ : HATS_AUTH_CLASSICAL;
    return HATS_OK;
}

static hats_status get_claim(struct hats_reader *r, const struct claim *c, struct hats_receipt *out,
                             struct hats_error *err) {
    uint8_t *at = (uint8_t *)out + c->at;
    uint64_t v;
    hats_status s;
    switch (c->type) {
    case FIXED: return get_number(r, c, &v, err);
    case U32:
        s = get_number(r, c, &v, err);
        *(uint32_t *)(void *)at = s == HATS_OK ? (uint32_t)v : 0;
        return s;
    case U64:
        s = get_number(r, c, &v, err);
        *(uint64_t *)(void *)at = v;
        return s;
    case TEXT: return get_text(r, c, (char *)at, err);
    case SET: return get_set(r, c, out, err);
    case PROOF: return get_proof(r, c, out, err);
    case AUTH: return get_auth(r, c, out, err);
    case DIGEST_OR_NULL:
        if (hats_cbor_take_null(r))
            return HATS_OK;
        *((bool *)(void *)((uint8_t *)out + c->flag)) = true;
        if (!hats_cbor_get_bytes_exact(r, at, 32))
            return refuse(err, HATS_E_MALFORMED, c, "not null and not 32 bytes");
        return HATS_OK;
    default:
        return hats_cbor_get_bytes_exact(r, at, 32)
                   ? HATS_OK
                   : refuse(err, HATS_E_MALFORMED, c, "not 32 bytes");
    }
}

static hats_status unknown(struct hats_error *err, int64_t label) {
    return hats_fail(err, HATS_E_UNSUPPORTED, "receipt: claim %lld is unknown to this program",
                     (long long)label);
}

/* The payload is valid CBOR, so its keys ascend, as the table does: one walk finds what is missing and
 * what is unknown. */
static hats_status decode(struct hats_receipt *out, struct hats_reader *r, struct hats_error *err) {
    size_t n, next = 0;
    if (!hats_cbor_get_map(r, &n))
        return hats_fail(err, HATS_E_MALFORMED, "receipt: the claims are not a map");
    for (size_t i = 0; i < n; i++, next++) {
        int64_t label;
        if (!hats_cbor_get_int(r, &label))
            return hats_fail(err, HATS_E_MALFORMED, "receipt: the name of a claim is too large");
        if (next == HATS_COUNT_OF(claims) || label < (int64_t)claims[next].label)
            return unknown(err, label);
        if (label > (int64_t)claims[next].label)
            return refuse(err, HATS_E_MALFORMED, &claims[next], "missing");
        hats_status s = get_claim(r, &claims[next], out, err);
        if (s != HATS_OK)
            return s;
    }
    if (next < HATS_COUNT_OF(claims))
        return refuse(err, HATS_E_MALFORMED, &claims[next], "missing");
    if (out->done_ms < out->accepted_ms)
        return hats_fail(err, HATS_E_RANGE,
                         "receipt: claim 51 (time done): before claim 50 (time accepted)");
    return HATS_OK;
}

hats_status hats_receipt_decode(struct hats_receipt *out, const uint8_t *payload, size_t len_bytes,
                                struct hats_error *err) {
    struct hats_reader r = hats_reader_of(payload, len_bytes);
    memset(out, 0, sizeof *out);
    hats_status s = hats_cbor_validate(payload, len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "receipt");
    s = decode(out, &r, err);
    if (s != HATS_OK)
        memset(out, 0, sizeof *out);
    return s;
}

/* --- signing and comparing --- */

hats_status hats_receipt_sign(struct hats_buffer *out, const struct hats_receipt *r,
                              const struct hats_sign_key *signer, const char *issuer,
                              struct hats_error *err) {
    struct hats_buffer payload;
    if (hats_mldsa_level_of(signer) != HATS_MLDSA_65)
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "suite 1 is signed with ML-DSA-65, this key is %s",
                         hats_mldsa_name(hats_mldsa_level_of(signer)));
    hats_buffer_init(&payload, CLAIMS_MAX);
    hats_status s = hats_receipt_encode(&payload, r, err);
    if (s == HATS_OK)
        s = hats_cose_sign(out, signer, HATS_TYPE_RECEIPT, issuer, r->done_ms / 1000, payload.data,
                           payload.len, err);
    hats_buffer_clear(&payload);
    return s;
}

hats_status hats_receipt_match(const struct hats_receipt *r,
                               const struct hats_receipt_expect *expect, struct hats_error *err) {
    const struct {
        unsigned label;
        const char *name;
        const uint8_t *got, *wanted;
    } digests[] = {
        {10, "session", r->sid, expect->sid},
        {12, "request digest", r->request_digest, expect->request_digest},
        {20, "model commitment", r->model_commitment, expect->model_commitment},
        {23, "plan digest", r->plan_digest, expect->plan_digest},
        {30, "encryption key", r->kid, expect->kid},
        {31, "owner key", r->owner, expect->owner},
        {32, "ciphertext digest", r->ciphertext_digest, expect->ciphertext_digest},
        {40, "output digest", r->output_digest, expect->output_digest},
    };
    for (size_t i = 0; i < HATS_COUNT_OF(digests); i++)
        if (digests[i].wanted != NULL && memcmp(digests[i].got, digests[i].wanted, 32) != 0)
            return hats_fail(err, HATS_E_VERIFY, "receipt: claim %u (%s) is not that of this call",
                             digests[i].label, digests[i].name);
    if (expect->owner != NULL && !r->has_owner)
        return hats_fail(err, HATS_E_VERIFY, "receipt: claim 31 (owner key) is null");
    if (expect->call_index != NULL && *expect->call_index != r->call_index)
        return hats_fail(err, HATS_E_VERIFY,
                         "receipt: claim 11 (call index) is not that of this call");
    return HATS_OK;
}
