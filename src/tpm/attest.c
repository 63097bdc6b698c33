#include "tpm/attest.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "hash/sha256.h"

#include <assert.h>

enum {
    ALG_SHA256 = 0x000b,
    ALG_AES = 0x0006,
    ALG_CFB = 0x0043,
    CC_POLICY_PCR = 0x0000017f,
    SELECT_BYTES = 3, /* of 24 PCRs */
    NAME_MAX = 2 + 64,
    BUFFER_MAX = 1024,
};
#define GENERATED UINT32_C(0xff544347) /* TPM_GENERATED_VALUE: "\xffTCG" */

static struct hats_tpm_span take_span(struct hats_reader *r, size_t max_bytes) {
    size_t len = hats_read_be16(r);
    struct hats_tpm_span span = {NULL, 0};
    if (len > max_bytes)
        r->failed = true;
    else if (len > 0) {
        span.data = hats_read_span(r, len);
        span.len_bytes = span.data != NULL ? len : 0;
    }
    return span;
}

static hats_status malformed(struct hats_error *err, const char *what) {
    return hats_fail(err, HATS_E_MALFORMED, "TPM: not %s, or bytes left over", what);
}

static hats_status unsupported(struct hats_error *err, const char *what, unsigned id) {
    return hats_fail(err, HATS_E_UNSUPPORTED, "TPM: %s 0x%04x is not used here", what, id);
}

/* ---- public areas ---- */

/* A signing or MAC scheme and, where there is one, its hash. */
static hats_status take_scheme(struct hats_tpm_public *out, struct hats_reader *r,
                               struct hats_error *err) {
    unsigned scheme = hats_read_be16(r);
    bool known = scheme == HATS_TPM_NULL || scheme == HATS_TPM_HMAC || scheme == HATS_TPM_RSASSA ||
                 scheme == HATS_TPM_RSAPSS || scheme == HATS_TPM_ECDSA;
    if (r->failed || !known)
        return unsupported(err, "scheme", scheme);
    out->scheme = (enum hats_tpm_scheme)scheme;
    if (scheme == HATS_TPM_NULL)
        return HATS_OK;
    unsigned hash = hats_read_be16(r);
    return hash == ALG_SHA256 ? HATS_OK : unsupported(err, "hash", hash);
}

static hats_status take_symmetric(struct hats_tpm_public *out, struct hats_reader *r,
                                  struct hats_error *err) {
    unsigned alg = hats_read_be16(r);
    if (alg == HATS_TPM_NULL)
        return HATS_OK;
    unsigned bits = hats_read_be16(r), mode = hats_read_be16(r);
    if (alg != ALG_AES || bits != 128 || mode != ALG_CFB)
        return unsupported(err, "symmetric algorithm", alg);
    out->storage = true;
    return HATS_OK;
}

static hats_status take_rsa(struct hats_tpm_public *out, struct hats_reader *r,
                            struct hats_error *err) {
    hats_status s = take_symmetric(out, r, err);
    if (s == HATS_OK)
        s = take_scheme(out, r, err);
    if (s != HATS_OK)
        return s;
    out->rsa_bits = hats_read_be16(r);
    out->rsa_exponent = hats_read_be32(r);
    if (out->rsa_exponent == 0)
        out->rsa_exponent = 65537;
    out->x = take_span(r, BUFFER_MAX);
    if (out->rsa_bits < 2048 || out->rsa_bits > 4096 || out->rsa_bits % 8 != 0 ||
        out->x.len_bytes != out->rsa_bits / 8)
        return malformed(err, "an RSA public area of 2048 to 4096 bits");
    return HATS_OK;
}

static hats_status take_ecc(struct hats_tpm_public *out, struct hats_reader *r,
                            struct hats_error *err) {
    hats_status s = take_symmetric(out, r, err);
    if (s == HATS_OK)
        s = take_scheme(out, r, err);
    if (s != HATS_OK)
        return s;
    unsigned curve = hats_read_be16(r), kdf = hats_read_be16(r);
    if (curve != HATS_TPM_P256 && curve != HATS_TPM_P384)
        return unsupported(err, "curve", curve);
    if (kdf != HATS_TPM_NULL)
        return unsupported(err, "key derivation", kdf);
    size_t most = curve == HATS_TPM_P256 ? 32 : 48;
    out->curve = (enum hats_tpm_curve)curve;
    out->x = take_span(r, most);
    out->y = take_span(r, most);
    return HATS_OK;
}

hats_status hats_tpm_public_parse(struct hats_tpm_public *out, const uint8_t *bytes,
                                  size_t len_bytes, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    struct hats_tpm_public p;
    hats_status s;
    memset(out, 0, sizeof *out);
    memset(&p, 0, sizeof p);
    unsigned type = hats_read_be16(&r), name_alg = hats_read_be16(&r);
    p.type = (enum hats_tpm_type)type;
    p.attributes = hats_read_be32(&r);
    p.policy = take_span(&r, HATS_TPM_DIGEST_LEN);
    if (r.failed || (p.policy.len_bytes != 0 && p.policy.len_bytes != HATS_TPM_DIGEST_LEN))
        return malformed(err, "a public area");
    if (name_alg != ALG_SHA256)
        return unsupported(err, "name algorithm", name_alg);
    if (type == HATS_TPM_RSA)
        s = take_rsa(&p, &r, err);
    else if (type == HATS_TPM_ECC)
        s = take_ecc(&p, &r, err);
    else if (type == HATS_TPM_KEYED_HASH) {
        s = take_scheme(&p, &r, err);
        p.x = take_span(&r, HATS_TPM_DIGEST_LEN);
    } else
        s = unsupported(err, "type of key", type);
    if (s != HATS_OK)
        return s;
    if (!hats_reader_done(&r))
        return malformed(err, "a public area");
    *out = p;
    return HATS_OK;
}

void hats_tpm_name(uint8_t name[HATS_TPM_NAME_LEN], const uint8_t *public_area, size_t len_bytes) {
    hats_store_be16(name, ALG_SHA256);
    hats_sha256(name + 2, public_area, len_bytes);
}

/* ---- attestations ---- */

/* One selection, of the SHA-256 bank. */
static uint32_t take_selection(struct hats_reader *r) {
    uint32_t mask = 0;
    unsigned hash;
    if (hats_read_be32(r) != 1) {
        r->failed = true;
        return 0;
    }
    hash = hats_read_be16(r);
    unsigned n = hats_read_u8(r);
    for (unsigned i = 0; i < n; i++) {
        uint32_t bits = hats_read_u8(r);
        if (i < SELECT_BYTES)
            mask |= bits << (8 * i);
        else if (bits != 0)
            r->failed = true;
    }
    if (hash != ALG_SHA256 || n < SELECT_BYTES)
        r->failed = true;
    return mask;
}

hats_status hats_tpm_attest_parse(struct hats_tpm_attest *out, const uint8_t *bytes,
                                  size_t len_bytes, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    struct hats_tpm_attest a;
    memset(out, 0, sizeof *out);
    memset(&a, 0, sizeof a);
    uint32_t magic = hats_read_be32(&r);
    unsigned type = hats_read_be16(&r);
    (void)take_span(&r, NAME_MAX); /* the signer's qualified name: the signature says who it was */
    a.type = (enum hats_tpm_attest_type)type;
    a.extra = take_span(&r, NAME_MAX);
    a.clock_ms = hats_read_be64(&r);
    a.reset_count = hats_read_be32(&r);
    a.restart_count = hats_read_be32(&r);
    unsigned safe = hats_read_u8(&r);
    a.firmware_version = hats_read_be64(&r);
    if (r.failed || magic != GENERATED || safe > 1)
        return malformed(err, "an attestation that a TPM made");
    if (type == HATS_TPM_QUOTE) {
        a.pcr_mask = take_selection(&r);
        a.pcr_digest = take_span(&r, HATS_TPM_DIGEST_LEN);
    } else if (type == HATS_TPM_CERTIFY) {
        a.name = take_span(&r, NAME_MAX);
        (void)take_span(&r, NAME_MAX); /* qualified name */
    } else {
        return unsupported(err, "attestation", type);
    }
    bool whole = type == HATS_TPM_QUOTE ? a.pcr_digest.len_bytes == HATS_TPM_DIGEST_LEN
                                        : a.name.len_bytes == HATS_TPM_NAME_LEN;
    if (!hats_reader_done(&r) || !whole)
        return malformed(err, "an attestation over SHA-256");
    *out = a;
    return HATS_OK;
}

/* ---- signatures ---- */

hats_status hats_tpm_signature_parse(struct hats_tpm_signature *out, const uint8_t *bytes,
                                     size_t len_bytes, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    struct hats_tpm_signature s = {.scheme = HATS_TPM_NULL};
    memset(out, 0, sizeof *out);
    unsigned scheme = hats_read_be16(&r), hash = hats_read_be16(&r);
    if (scheme != HATS_TPM_RSASSA && scheme != HATS_TPM_RSAPSS && scheme != HATS_TPM_ECDSA)
        return unsupported(err, "signature scheme", scheme);
    if (hash != ALG_SHA256)
        return unsupported(err, "hash", hash);
    s.scheme = (enum hats_tpm_scheme)scheme;
    s.r = take_span(&r, BUFFER_MAX);
    if (scheme == HATS_TPM_ECDSA)
        s.s = take_span(&r, BUFFER_MAX);
    if (!hats_reader_done(&r) || s.r.len_bytes == 0)
        return malformed(err, "a signature");
    *out = s;
    return HATS_OK;
}

/* ---- PCRs ---- */

void hats_tpm_pcr_digest(uint8_t out[HATS_TPM_DIGEST_LEN], uint32_t pcr_mask,
                         const uint8_t values[HATS_TPM_PCRS][HATS_TPM_DIGEST_LEN]) {
    struct hats_sha256 h;
    hats_sha256_init(&h);
    for (unsigned i = 0; i < HATS_TPM_PCRS; i++)
        if ((pcr_mask >> i & 1) != 0)
            hats_sha256_update(&h, values[i], HATS_TPM_DIGEST_LEN);
    hats_sha256_final(&h, out);
}

void hats_tpm_policy_pcr(uint8_t out[HATS_TPM_DIGEST_LEN], uint32_t pcr_mask,
                         const uint8_t pcr_digest[HATS_TPM_DIGEST_LEN]) {
    static const uint8_t none[HATS_TPM_DIGEST_LEN];
    uint8_t message[32 + 4 + 4 + 2 + 1 + SELECT_BYTES + 32];
    struct hats_writer w = hats_writer_of(message, sizeof message);
    hats_write_bytes(&w, none, sizeof none);
    hats_write_be32(&w, CC_POLICY_PCR);
    hats_write_be32(&w, 1);
    hats_write_be16(&w, ALG_SHA256);
    hats_write_u8(&w, SELECT_BYTES);
    for (unsigned i = 0; i < SELECT_BYTES; i++)
        hats_write_u8(&w, (uint8_t)(pcr_mask >> (8 * i)));
    hats_write_bytes(&w, pcr_digest, HATS_TPM_DIGEST_LEN);
    assert(hats_writer_ok(&w) && hats_writer_len(&w) == sizeof message);
    hats_sha256(out, message, sizeof message);
}
