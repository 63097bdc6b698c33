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

#define ASSURANCE_MAX 15u /* levels 0 .. 3 */

enum claim_type {
    FIXED,
    KIND,
    U32,
    U32_OR_NULL,
    U64,
    DIGEST,
    DIGEST_OR_NULL,
    TEXT,
    SET,
    PROOF,
    REGISTRY,
    AUTH,
};

#define ANSWER (1u << HATS_RECEIPT_ANSWER)
#define SESSION (1u << HATS_RECEIPT_SESSION)
#define BOTH (ANSWER | SESSION)

/* One claim: what the payload calls it, which kinds have it, where the struct keeps it, what it may be. For
 * the ones that may be null `flag` says whether it is there; for FIXED `max` is the only value. */
struct claim {
    unsigned label;
    unsigned kinds;
    enum claim_type type;
    const char *name;
    size_t at, flag;
    uint64_t max; /* TEXT: capacity */
};

#define AT(member) offsetof(struct hats_receipt, member)

/* Ascending, which is also the order of the encoding: one-byte heads up to 23, two-byte heads above. */
static const struct claim claims[] = {
    {1, BOTH, FIXED, "version", 0, 0, HATS_RECEIPT_VERSION},
    {2, BOTH, KIND, "kind", 0, 0, HATS_RECEIPT_SESSION},
    {3, BOTH, U32, "suite", AT(suite), 0, HATS_RECEIPT_SUITE_1},
    {10, BOTH, DIGEST, "session", AT(sid), 0, 0},
    {11, ANSWER, U32, "call index", AT(call_index), 0, CALL_INDEX_MAX},
    {11, SESSION, U32_OR_NULL, "call index", AT(call_index), AT(closes), CALL_INDEX_MAX},
    {12, ANSWER, DIGEST, "request digest", AT(request_digest), 0, 0},
    {12, SESSION, DIGEST_OR_NULL, "request digest", AT(request_digest), AT(closes_digest), 0},
    {13, BOTH, DIGEST_OR_NULL, "device frame", AT(frame_digest), AT(has_frame), 0},
    {14, SESSION, REGISTRY, "device registry", 0, 0, 0},
    {15, ANSWER, DIGEST, "session receipt", AT(session_receipt), 0, 0},
    {20, ANSWER, DIGEST, "model commitment", AT(model_commitment), 0, 0},
    {21, ANSWER, TEXT, "model name", AT(model_name), 0, HATS_MODEL_NAME_MAX},
    {22, ANSWER, TEXT, "model version", AT(model_version), 0, HATS_MODEL_NAME_MAX},
    {23, ANSWER, DIGEST, "plan digest", AT(plan_digest), 0, 0},
    {24, ANSWER, SET, "parameter set", 0, 0, 0},
    {30, ANSWER, DIGEST, "encryption key", AT(kid), 0, 0},
    {31, BOTH, DIGEST_OR_NULL, "owner key", AT(owner), AT(has_owner), 0},
    {32, ANSWER, DIGEST, "ciphertext digest", AT(ciphertext_digest), 0, 0},
    {33, ANSWER, PROOF, "proof of encryption", AT(proof_digest), AT(has_proof), 0},
    {34, ANSWER, DIGEST_OR_NULL, "data commitment", AT(data_commitment), AT(has_data_commitment),
     0},
    {40, ANSWER, DIGEST, "output digest", AT(output_digest), 0, 0},
    {41, ANSWER, DIGEST, "flood commitment", AT(flood_commitment), 0, 0},
    {50, BOTH, U64, "time accepted", AT(accepted_ms), 0, TIME_MAX_MS},
    {51, BOTH, U64, "time done", AT(done_ms), 0, TIME_MAX_MS},
    {70, BOTH, TEXT, "TLS group", AT(tls_group), 0, HATS_RECEIPT_TLS_MAX},
    {71, BOTH, TEXT, "TLS signature algorithm", AT(tls_signature), 0, HATS_RECEIPT_TLS_MAX},
    {72, BOTH, AUTH, "server authentication", 0, 0, 0},
    {80, BOTH, DIGEST, "tenant digest", AT(tenant_digest), 0, 0},
    {81, BOTH, DIGEST, "server build digest", AT(build_digest), 0, 0},
    {90, BOTH, U32, "gate steps", AT(gate_steps), 0, HATS_STEP_ALL},
};

/* Before the kind is known (0) there are the claims of both. */
static bool has(const struct claim *c, enum hats_receipt_kind kind) {
    return c->kinds == BOTH || (c->kinds & 1u << (unsigned)kind) != 0;
}

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
    case KIND: hats_cbor_put_uint(w, (uint64_t)r->kind); return;
    case U32_OR_NULL:
        if (there)
            hats_cbor_put_uint(w, *(const uint32_t *)(const void *)at);
        else
            hats_cbor_put_null(w);
        return;
    case REGISTRY:
        hats_cbor_put_array(w, 4);
        put_digest(w, r->registry_root);
        hats_cbor_put_uint(w, r->registry_seq);
        put_digest(w, r->policy_digest);
        hats_cbor_put_uint(w, r->assurance);
        return;
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
    size_t n = 0;
    for (size_t i = 0; i < HATS_COUNT_OF(claims); i++)
        n += has(&claims[i], r->kind);
    hats_cbor_put_map(&w, n);
    for (size_t i = 0; i < HATS_COUNT_OF(claims); i++)
        if (has(&claims[i], r->kind))
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
        return refuse(err, HATS_E_VERSION, c, "this program reads version 1");
    if (c->type == KIND && *v != HATS_RECEIPT_ANSWER && *v != HATS_RECEIPT_SESSION)
        return refuse(err, HATS_E_UNSUPPORTED, c,
                      "this program reads kinds 1 (answers) and 2 (sessions)");
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

static hats_status get_registry(struct hats_reader *r, const struct claim *c,
                                struct hats_receipt *out, struct hats_error *err) {
    uint64_t assurance = 0;
    size_t n;
    if (!hats_cbor_get_array(r, &n) || n != 4 ||
        !hats_cbor_get_bytes_exact(r, out->registry_root, 32) ||
        !hats_cbor_get_uint(r, &out->registry_seq) ||
        !hats_cbor_get_bytes_exact(r, out->policy_digest, 32) || !hats_cbor_get_uint(r, &assurance))
        return refuse(err, HATS_E_MALFORMED, c, "not [32 bytes, number, 32 bytes, number]");
    if (out->registry_seq > INT64_MAX || assurance > ASSURANCE_MAX)
        return refuse(err, HATS_E_RANGE, c, "a number is outside its range");
    out->assurance = (uint32_t)assurance;
    return HATS_OK;
}

static hats_status get_claim(struct hats_reader *r, const struct claim *c, struct hats_receipt *out,
                             struct hats_error *err) {
    uint8_t *at = (uint8_t *)out + c->at;
    uint64_t v;
    hats_status s;
    switch (c->type) {
    case FIXED: return get_number(r, c, &v, err);
    case KIND:
        s = get_number(r, c, &v, err);
        out->kind = s == HATS_OK ? (enum hats_receipt_kind)v : 0;
        return s;
    case REGISTRY: return get_registry(r, c, out, err);
    case U32_OR_NULL:
        if (hats_cbor_take_null(r))
            return HATS_OK;
        *((bool *)(void *)((uint8_t *)out + c->flag)) = true;
        s = get_number(r, c, &v, err);
        *(uint32_t *)(void *)at = s == HATS_OK ? (uint32_t)v : 0;
        return s;
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

/* The first claim from `next` on that this kind has. */
static size_t first_of(size_t next, enum hats_receipt_kind kind) {
    while (next < HATS_COUNT_OF(claims) && !has(&claims[next], kind))
        next++;
    return next;
}

/* The payload is valid CBOR, so its keys ascend, as the table does: one walk finds what is missing and
 * what is unknown. */
static hats_status decode(struct hats_receipt *out, struct hats_reader *r, struct hats_error *err) {
    size_t n, next = 0;
    if (!hats_cbor_get_map(r, &n))
        return hats_fail(err, HATS_E_MALFORMED, "receipt: the claims are not a map");
    for (size_t i = 0; i < n; i++, next++) {
        int64_t label;
        next = first_of(next, out->kind);
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
    next = first_of(next, out->kind);
    if (next < HATS_COUNT_OF(claims))
        return refuse(err, HATS_E_MALFORMED, &claims[next], "missing");
    if (out->closes != out->closes_digest)
        return hats_fail(
            err, HATS_E_MALFORMED,
            "receipt: claim 12 (request digest): there without claim 11 (call index), or "
            "missing beside it");
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
        {15, "session receipt", r->session_receipt, expect->session_receipt},
        {20, "model commitment", r->model_commitment, expect->model_commitment},
        {23, "plan digest", r->plan_digest, expect->plan_digest},
        {30, "encryption key", r->kid, expect->kid},
        {31, "owner key", r->owner, expect->owner},
        {32, "ciphertext digest", r->ciphertext_digest, expect->ciphertext_digest},
        {33, "proof digest", r->proof_digest, expect->proof_digest},
        {40, "output digest", r->output_digest, expect->output_digest},
        {80, "tenant digest", r->tenant_digest, expect->tenant_digest},
    };
    if (expect->kind != 0 && r->kind != expect->kind)
        return hats_fail(err, HATS_E_VERIFY, "receipt: claim 2 (kind) is not that of this call");
    for (size_t i = 0; i < HATS_COUNT_OF(digests); i++)
        if (digests[i].wanted != NULL && memcmp(digests[i].got, digests[i].wanted, 32) != 0)
            return hats_fail(err, HATS_E_VERIFY, "receipt: claim %u (%s) is not that of this call",
                             digests[i].label, digests[i].name);
    if (expect->owner != NULL && !r->has_owner)
        return hats_fail(err, HATS_E_VERIFY, "receipt: claim 31 (owner key) is null");
    if (expect->proof_suite != NULL && (!r->has_proof || *expect->proof_suite != r->proof_suite))
        return hats_fail(err, HATS_E_VERIFY,
                         "receipt: claim 33 (proof) does not name a proof of this call's suite");
    if (expect->call_index != NULL && *expect->call_index != r->call_index)
        return hats_fail(err, HATS_E_VERIFY,
                         "receipt: claim 11 (call index) is not that of this call");
    return HATS_OK;
}
