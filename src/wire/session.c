#include "wire/session.h"

#include "base/bytes.h"
#include "cbor/cbor.h"
#include "evidence/cose.h"
#include "hash/sha256.h"

#include <assert.h>
#include <string.h>

#define FLAG_EXPORTER 1u

static const uint8_t zeros[48];

static bool is_zero(const uint8_t *p, size_t len_bytes) {
    uint8_t any = 0;
    for (size_t i = 0; i < len_bytes; i++)
        any |= p[i];
    return any == 0;
}

/* ---- the block ---- */

void hats_session_block_encode(uint8_t out[HATS_SESSION_BLOCK_LEN],
                               const struct hats_session_block *b) {
    struct hats_writer w = hats_writer_of(out, HATS_SESSION_BLOCK_LEN);
    assert(b->kind == HATS_SESSION_TENANT);
    hats_write_tag16(&w, "HATS-SES-1");
    hats_write_u8(&w, (uint8_t)b->kind);
    hats_write_u8(&w, b->exporter_bound ? FLAG_EXPORTER : 0);
    hats_write_be16(&w, 0);
    hats_write_be32(&w, b->calls);
    hats_write_be64(&w, b->not_after_ms);
    hats_write_be32(&w, b->epoch);
    hats_write_be32(&w, 0);
    hats_write_bytes(&w, zeros, 48); /* P, R_ots */
    hats_write_bytes(&w, b->nonce, 32);
    hats_write_bytes(&w, b->rp_id, 32);
    hats_write_bytes(&w, b->policy_digest, 32);
    hats_write_bytes(&w, b->exporter, 32);
    hats_write_bytes(&w, b->tenant_digest, 32);
    hats_write_bytes(&w, b->owner, 32);
    assert(hats_writer_ok(&w) && hats_writer_len(&w) == HATS_SESSION_BLOCK_LEN);
}

static hats_status check_block(const struct hats_session_block *b, uint8_t kind, uint8_t flags,
                               struct hats_error *err) {
    if (kind == HATS_SESSION_DEVICE)
        return hats_fail(err, HATS_E_UNSUPPORTED, "sessions of devices are not served here");
    if (kind != HATS_SESSION_TENANT)
        return hats_fail(err, HATS_E_UNSUPPORTED, "session kind 0x%02x is not known here", kind);
    if ((flags & ~FLAG_EXPORTER) != 0)
        return hats_fail(err, HATS_E_UNSUPPORTED, "session flags 0x%02x are not known here", flags);
    if (b->calls < 1 || b->calls > HATS_SESSION_CALLS_MAX)
        return hats_fail(err, HATS_E_RANGE, "a session has 1 to %u calls, not %u",
                         HATS_SESSION_CALLS_MAX, b->calls);
    if (b->not_after_ms > INT64_MAX)
        return hats_fail(err, HATS_E_RANGE, "the session's end is no time");
    if (b->exporter_bound == is_zero(b->exporter, 32))
        return hats_fail(err, HATS_E_CANONICAL,
                         "the session's exporter and its flag contradict each other");
    if (is_zero(b->owner, 32))
        return hats_fail(err, HATS_E_CANONICAL, "a session without a device names its owner");
    return HATS_OK;
}

hats_status hats_session_block_decode(struct hats_session_block *out, const uint8_t *bytes,
                                      size_t len_bytes, struct hats_error *err) {
    struct hats_session_block b = {0};
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    *out = b;
    hats_read_tag(&r, "HATS-SES-1\0\0\0\0\0\0", 16);
    uint8_t kind = hats_read_u8(&r);
    uint8_t flags = hats_read_u8(&r);
    hats_read_tag(&r, zeros, 2);
    b.calls = hats_read_be32(&r);
    b.not_after_ms = hats_read_be64(&r);
    b.epoch = hats_read_be32(&r);
    hats_read_tag(&r, zeros, 4);
    const uint8_t *one_time = hats_read_span(&r, 48);
    hats_read_bytes(&r, b.nonce, 32);
    hats_read_bytes(&r, b.rp_id, 32);
    hats_read_bytes(&r, b.policy_digest, 32);
    hats_read_bytes(&r, b.exporter, 32);
    hats_read_bytes(&r, b.tenant_digest, 32);
    hats_read_bytes(&r, b.owner, 32);
    if (!hats_reader_done(&r))
        return hats_fail(err, HATS_E_MALFORMED, "not a session block of %d bytes",
                         HATS_SESSION_BLOCK_LEN);
    b.kind = HATS_SESSION_TENANT;
    b.exporter_bound = (flags & FLAG_EXPORTER) != 0;
    hats_status s = check_block(&b, kind, flags, err);
    if (s == HATS_OK && !is_zero(one_time, 48))
        s = hats_fail(err, HATS_E_CANONICAL, "a session without a device has no one-time keys");
    if (s == HATS_OK)
        *out = b;
    return s;
}

void hats_session_digest(uint8_t m[32], const uint8_t block[HATS_SESSION_BLOCK_LEN]) {
    hats_sha256(m, block, HATS_SESSION_BLOCK_LEN);
}

void hats_session_id(uint8_t sid[HATS_SESSION_ID_LEN], const uint8_t m[32], const uint8_t nf[32],
                     const uint8_t registry_root[32]) {
    uint8_t bytes[96];
    memcpy(bytes, m, 32);
    memcpy(bytes + 32, nf, 32);
    memcpy(bytes + 64, registry_root, 32);
    hats_sha256_tagged(sid, "HATS-SID-1", bytes, sizeof bytes);
}

void hats_session_tenant_id(uint8_t sid[HATS_SESSION_ID_LEN],
                            const uint8_t block[HATS_SESSION_BLOCK_LEN]) {
    uint8_t m[32];
    hats_session_digest(m, block);
    hats_session_id(sid, m, zeros, zeros);
}

/* ---- the request ---- */

hats_status hats_session_request_encode(struct hats_buffer *out,
                                        const struct hats_session_block *block,
                                        const struct hats_sign_key *owner, struct hats_error *err) {
    uint8_t bytes[HATS_SESSION_BLOCK_LEN], m[32], signature[HATS_MLDSA65_SIGNATURE_LEN];
    uint8_t body[HATS_SESSION_REQUEST_MAX];
    if (hats_mldsa_level_of(owner) != HATS_MLDSA_65)
        return hats_fail(err, HATS_E_UNSUPPORTED, "the owner key is not ML-DSA-65");
    hats_session_block_encode(bytes, block);
    hats_session_digest(m, bytes);
    hats_status s = hats_mldsa_sign(owner, signature, m, sizeof m, err);
    if (s != HATS_OK)
        return s;
    struct hats_writer w = hats_writer_of(body, sizeof body);
    hats_cbor_put_map(&w, 3);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_bytes(&w, bytes, sizeof bytes);
    hats_cbor_put_uint(&w, 5);
    hats_cbor_put_bytes(&w, signature, sizeof signature);
    hats_cbor_put_uint(&w, 6);
    hats_cbor_put_bytes(&w, hats_mldsa_public(owner), HATS_MLDSA65_PUBLIC_LEN);
    assert(hats_writer_ok(&w));
    hats_buffer_append(out, body, hats_writer_len(&w));
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "no memory for a session request") : HATS_OK;
}

/* Key `key` and a byte string of exactly this length. */
static const uint8_t *take(struct hats_reader *r, uint64_t key, size_t len_bytes) {
    const uint8_t *p = NULL;
    size_t n = 0;
    uint64_t k = 0;
    bool ok =
        hats_cbor_get_uint(r, &k) && k == key && hats_cbor_get_bytes(r, &p, &n) && n == len_bytes;
    return ok ? p : NULL;
}

hats_status hats_session_request_decode(struct hats_session_request *out, const uint8_t *body,
                                        size_t len_bytes, struct hats_error *err) {
    struct hats_session_request q = {0};
    uint8_t thumbprint[32];
    size_t n = 0;
    *out = q;
    hats_status s = len_bytes <= HATS_SESSION_REQUEST_MAX
                        ? hats_cbor_validate(body, len_bytes, err)
                        : hats_fail(err, HATS_E_MALFORMED, "%zu bytes", len_bytes);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "session request");
    struct hats_reader r = hats_reader_of(body, len_bytes);
    bool ok = hats_cbor_get_map(&r, &n) && n == 3 &&
              (q.block_bytes = take(&r, 1, HATS_SESSION_BLOCK_LEN)) != NULL &&
              (q.signature = take(&r, 5, HATS_MLDSA65_SIGNATURE_LEN)) != NULL &&
              (q.owner = take(&r, 6, HATS_MLDSA65_PUBLIC_LEN)) != NULL && hats_reader_done(&r);
    if (!ok)
        return hats_fail(err, HATS_E_MALFORMED,
                         "a session is opened with a map of block (%d bytes), signature (%d) and "
                         "owner key (%d)",
                         HATS_SESSION_BLOCK_LEN, HATS_MLDSA65_SIGNATURE_LEN,
                         HATS_MLDSA65_PUBLIC_LEN);
    s = hats_session_block_decode(&q.block, q.block_bytes, HATS_SESSION_BLOCK_LEN, err);
    if (s != HATS_OK)
        return s;
    hats_cose_thumbprint(thumbprint, HATS_MLDSA_65, q.owner);
    if (!hats_equal_ct(thumbprint, q.block.owner, 32))
        return hats_fail(err, HATS_E_VERIFY,
                         "the block names another owner than the key that came");
    hats_session_tenant_id(q.sid, q.block_bytes);
    *out = q;
    return HATS_OK;
}

hats_status hats_session_request_verify(const struct hats_session_request *request,
                                        struct hats_error *err) {
    uint8_t m[32];
    hats_session_digest(m, request->block_bytes);
    hats_status s =
        hats_mldsa_verify(HATS_MLDSA_65, request->owner, HATS_MLDSA65_PUBLIC_LEN, m, sizeof m,
                          request->signature, HATS_MLDSA65_SIGNATURE_LEN, err);
    return s == HATS_E_VERIFY
               ? hats_fail(err, s, "the owner's signature over the session does not hold")
               : s;
}
