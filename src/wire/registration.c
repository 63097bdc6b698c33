#include "wire/registration.h"

#include "base/bytes.h"
#include "cbor/cbor.h"
#include "evidence/cose.h"
#include "fhe/linear.h"
#include "hash/sha256.h"

#include <assert.h>

#define VERSION 1
#define STATEMENT_MAX 512 /* bytes of the signed payload */

/* write_statement's arguments, and what read_statement finds. */
struct statement {
    uint8_t kid[32], owner[32], proof_digest[32];
    uint32_t proof_suite; /* 0: no proof */
};

void hats_registration_proof_nonce(uint8_t out[32], const uint8_t nonce[HATS_NONCE_LEN],
                                   const uint8_t owner[32], const char *origin) {
    uint8_t bytes[HATS_NONCE_LEN + 64];
    memcpy(bytes, nonce, HATS_NONCE_LEN);
    memcpy(bytes + HATS_NONCE_LEN, owner, 32);
    hats_rp_id(bytes + HATS_NONCE_LEN + 32, origin);
    hats_sha256_tagged(out, "HATS-REG-1", bytes, sizeof bytes);
}

static hats_status write_statement(uint8_t out[STATEMENT_MAX], size_t *len_bytes,
                                   const struct statement *st, const char *origin, uint64_t unix_ms,
                                   const uint8_t nonce[HATS_NONCE_LEN], struct hats_error *err) {
    struct hats_writer w = hats_writer_of(out, STATEMENT_MAX);
    hats_cbor_put_map(&w, st->proof_suite != 0 ? 7 : 6);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_uint(&w, VERSION);
    hats_cbor_put_uint(&w, 2);
    hats_cbor_put_bytes(&w, st->kid, 32);
    hats_cbor_put_uint(&w, 3);
    hats_cbor_put_bytes(&w, st->owner, 32);
    hats_cbor_put_uint(&w, 4);
    hats_cbor_put_text(&w, origin);
    hats_cbor_put_uint(&w, 5);
    hats_cbor_put_uint(&w, unix_ms);
    hats_cbor_put_uint(&w, 6);
    hats_cbor_put_bytes(&w, nonce, HATS_NONCE_LEN);
    if (st->proof_suite != 0) {
        hats_cbor_put_uint(&w, 7);
        hats_cbor_put_array(&w, 2);
        hats_cbor_put_uint(&w, st->proof_suite);
        hats_cbor_put_bytes(&w, st->proof_digest, 32);
    }
    if (!hats_writer_ok(&w) || strlen(origin) >= HATS_ORIGIN_MAX)
        return hats_fail(err, HATS_E_RANGE, "origin longer than %d bytes", HATS_ORIGIN_MAX - 1);
    *len_bytes = hats_writer_len(&w);
    return HATS_OK;
}

static void append_head(struct hats_buffer *out, uint64_t key, const void *data, size_t len_bytes) {
    uint8_t head[16];
    struct hats_writer w = hats_writer_of(head, sizeof head);
    hats_cbor_put_uint(&w, key);
    hats_cbor_put_bytes_head(&w, len_bytes);
    hats_buffer_append(out, head, hats_writer_len(&w));
    hats_buffer_append(out, data, len_bytes);
}

hats_status hats_registration_encode(struct hats_buffer *out, const uint8_t *public_key,
                                     size_t public_key_len, const struct hats_sign_key *owner,
                                     const char *origin, uint64_t unix_ms,
                                     const uint8_t nonce[HATS_NONCE_LEN], uint32_t proof_suite,
                                     const uint8_t *proof, size_t proof_len,
                                     struct hats_error *err) {
    uint8_t statement[STATEMENT_MAX];
    struct statement st = {.proof_suite = proof_suite};
    size_t len = 0;
    struct hats_buffer cose;
    assert((proof != NULL) == (proof_suite != 0));
    if (hats_mldsa_level_of(owner) != HATS_MLDSA_65)
        return hats_fail(err, HATS_E_UNSUPPORTED, "the owner key is not ML-DSA-65");
    hats_buffer_init(&cose, HATS_COSE_MAX_BYTES);
    hats_cose_thumbprint_of(st.owner, owner);
    if (proof != NULL)
        hats_sha256(st.proof_digest, proof, proof_len);
    hats_status s = hats_fhe_kid(st.kid, public_key, public_key_len, err);
    if (s == HATS_OK)
        s = write_statement(statement, &len, &st, origin, unix_ms, nonce, err);
    if (s == HATS_OK)
        s = hats_cose_sign(&cose, owner, HATS_TYPE_KEY_REGISTRATION, "", unix_ms / 1000, statement,
                           len, err);
    if (s == HATS_OK) {
        const uint8_t map = proof != NULL ? 0xa4 : 0xa3;
        hats_buffer_append(out, &map, 1);
        append_head(out, 1, public_key, public_key_len);
        append_head(out, 2, hats_mldsa_public(owner), HATS_MLDSA65_PUBLIC_LEN);
        append_head(out, 3, cose.data, cose.len);
        if (proof != NULL)
            append_head(out, 4, proof, proof_len);
        if (out->failed)
            s = hats_fail(err, HATS_E_MEMORY, "no memory for the registration");
    }
    hats_buffer_clear(&cose);
    return s;
}

struct parts {
    const uint8_t *public_key, *owner, *cose, *proof; /* proof NULL: none */
    size_t public_key_len, owner_len, cose_len, proof_len;
};

static hats_status split(struct parts *p, const uint8_t *body, size_t len_bytes,
                         struct hats_error *err) {
    if (len_bytes > HATS_REGISTRATION_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "registration of %zu bytes: at most %u are allowed",
                         len_bytes, HATS_REGISTRATION_MAX_BYTES);
    hats_status s = hats_cbor_validate(body, len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "registration");
    struct hats_reader r = hats_reader_of(body, len_bytes);
    size_t n = 0;
    uint64_t k1 = 0, k2 = 0, k3 = 0, k4 = 0;
    bool ok = hats_cbor_get_map(&r, &n) && (n == 3 || n == 4) && hats_cbor_get_uint(&r, &k1) &&
              k1 == 1 && hats_cbor_get_bytes(&r, &p->public_key, &p->public_key_len) &&
              hats_cbor_get_uint(&r, &k2) && k2 == 2 &&
              hats_cbor_get_bytes(&r, &p->owner, &p->owner_len) && hats_cbor_get_uint(&r, &k3) &&
              k3 == 3 && hats_cbor_get_bytes(&r, &p->cose, &p->cose_len);
    if (ok && n == 4)
        ok = hats_cbor_get_uint(&r, &k4) && k4 == 4 &&
             hats_cbor_get_bytes(&r, &p->proof, &p->proof_len);
    ok = ok && hats_reader_done(&r);
    if (!ok || p->owner_len != HATS_MLDSA65_PUBLIC_LEN)
        return hats_fail(
            err, HATS_E_MALFORMED,
            "registration must be a map of public key object, owner key (%d bytes), signed "
            "statement, and proof or none",
            HATS_MLDSA65_PUBLIC_LEN);
    return HATS_OK;
}

static hats_status read_statement(struct hats_registration *out, struct statement *st,
                                  const struct hats_cose *cose, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(cose->payload, cose->payload_len);
    size_t n = 0, pair = 0;
    uint64_t key = 0, version = 0, suite = 0;
    bool ok =
        hats_cbor_get_map(&r, &n) && (n == 6 || n == 7) && hats_cbor_get_uint(&r, &key) &&
        key == 1 && hats_cbor_get_uint(&r, &version) && hats_cbor_get_uint(&r, &key) && key == 2 &&
        hats_cbor_get_bytes_exact(&r, st->kid, 32) && hats_cbor_get_uint(&r, &key) && key == 3 &&
        hats_cbor_get_bytes_exact(&r, st->owner, 32) && hats_cbor_get_uint(&r, &key) && key == 4 &&
        hats_cbor_get_string(&r, out->origin, sizeof out->origin) && hats_cbor_get_uint(&r, &key) &&
        key == 5 && hats_cbor_get_uint(&r, &out->unix_ms) && hats_cbor_get_uint(&r, &key) &&
        key == 6 && hats_cbor_get_bytes_exact(&r, out->nonce, HATS_NONCE_LEN);
    if (ok && n == 7)
        ok = hats_cbor_get_uint(&r, &key) && key == 7 && hats_cbor_get_array(&r, &pair) &&
             pair == 2 && hats_cbor_get_uint(&r, &suite) && suite >= 1 && suite <= UINT32_MAX &&
             hats_cbor_get_bytes_exact(&r, st->proof_digest, 32);
    if (!ok || !hats_reader_done(&r))
        return hats_fail(err, HATS_E_MALFORMED,
                         "the signed registration statement is not a map of "
                         "version, kid, owner, origin, time, nonce, and proof or none");
    if (version != VERSION)
        return hats_fail(err, HATS_E_VERSION, "registration version %llu is not known here",
                         (unsigned long long)version);
    st->proof_suite = (uint32_t)suite;
    return HATS_OK;
}

/* What is signed, against what came. */
static hats_status compare(const struct hats_registration *reg, const struct parts *p,
                           const struct statement *st, struct hats_error *err) {
    uint8_t digest[32] = {0};
    if (!hats_equal_ct(reg->kid, st->kid, 32))
        return hats_fail(err, HATS_E_VERIFY, "the signed kid is not that of the public key");
    if (!hats_equal_ct(reg->owner, st->owner, 32))
        return hats_fail(err, HATS_E_VERIFY, "the signed owner is not the key that came with it");
    if (p->proof != NULL)
        hats_sha256(digest, p->proof, p->proof_len);
    if ((p->proof != NULL) != (st->proof_suite != 0) ||
        !hats_equal_ct(digest, st->proof_digest, 32))
        return hats_fail(err, HATS_E_VERIFY, "the signed proof is not the one that came with it");
    return HATS_OK;
}

hats_status hats_registration_decode(struct hats_registration *out, const uint8_t *body,
                                     size_t len_bytes, struct hats_error *err) {
    struct parts p = {0};
    struct hats_cose cose;
    struct hats_registration reg = {0};
    struct statement st = {0};
    *out = (struct hats_registration){0};
    hats_status s = split(&p, body, len_bytes, err);
    if (s == HATS_OK)
        s = hats_fhe_kid(reg.kid, p.public_key, p.public_key_len, err);
    if (s == HATS_OK)
        s = hats_cose_parse(&cose, p.cose, p.cose_len, HATS_TYPE_KEY_REGISTRATION, err);
    if (s == HATS_OK)
        s = read_statement(&reg, &st, &cose, err);
    if (s == HATS_OK && cose.level != HATS_MLDSA_65)
        s = hats_fail(err, HATS_E_UNSUPPORTED, "registrations are signed with ML-DSA-65");
    if (s != HATS_OK)
        return s;
    hats_cose_thumbprint(reg.owner, HATS_MLDSA_65, p.owner);
    s = compare(&reg, &p, &st, err);
    if (s != HATS_OK)
        return s;
    s = hats_cose_verify(&cose, p.owner, p.owner_len, err);
    if (s != HATS_OK)
        return s;
    reg.public_key = p.public_key;
    reg.public_key_len = p.public_key_len;
    reg.proof_suite = st.proof_suite;
    reg.proof = p.proof;
    reg.proof_len = p.proof_len;
    *out = reg;
    return HATS_OK;
}
