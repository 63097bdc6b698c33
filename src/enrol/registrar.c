#include "enrol/registrar.h"

#include "base/bytes.h"
#include "base/random.h"
#include "hash/hmac.h"

#include <assert.h>

enum { ID_OBJECT_LEN = 2 + 32 + 2 + HATS_ENROL_SECRET_LEN };

/* ---- keys ---- */

static bool key_of(struct hats_classical_key *out, const struct hats_tpm_public *p) {
    memset(out, 0, sizeof *out);
    if (p->type != HATS_TPM_RSA && p->type != HATS_TPM_ECC)
        return false;
    if (p->x.len_bytes > sizeof out->x || p->y.len_bytes > sizeof out->y)
        return false;
    out->kind = p->type == HATS_TPM_RSA     ? HATS_CLASSICAL_RSA
                : p->curve == HATS_TPM_P256 ? HATS_CLASSICAL_P256
                                            : HATS_CLASSICAL_P384;
    out->exponent = p->rsa_exponent;
    out->x_len_bytes = p->x.len_bytes;
    out->y_len_bytes = p->y.len_bytes;
    if (p->x.len_bytes > 0)
        memcpy(out->x, p->x.data, p->x.len_bytes);
    if (p->y.len_bytes > 0)
        memcpy(out->y, p->y.data, p->y.len_bytes);
    return true;
}

static bool has(uint32_t attributes, uint32_t must, uint32_t must_not) {
    return (attributes & must) == must && (attributes & must_not) == 0;
}

static hats_status check_ek(struct hats_classical_key *ek, const struct hats_enrol_hello *m,
                            struct hats_error *err) {
    struct hats_tpm_public p;
    hats_status s = hats_tpm_public_parse(&p, m->ek.data, m->ek.len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "endorsement key");
    bool good = p.type == HATS_TPM_RSA && p.storage && key_of(ek, &p) &&
                has(p.attributes,
                    HATS_TPM_FIXED_TPM | HATS_TPM_FIXED_PARENT | HATS_TPM_SENSITIVE_ORIGIN |
                        HATS_TPM_RESTRICTED | HATS_TPM_DECRYPT,
                    HATS_TPM_SIGN);
    return good ? HATS_OK
                : hats_fail(err, HATS_E_VERIFY,
                            "the endorsement key is not an RSA key that only decrypts, in a TPM");
}

static hats_status check_ak(struct hats_enrol_pending *pending, const struct hats_enrol_hello *m,
                            struct hats_error *err) {
    struct hats_tpm_public p;
    hats_status s = hats_tpm_public_parse(&p, m->ak.data, m->ak.len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "attestation key");
    bool good = key_of(&pending->ak, &p) &&
                has(p.attributes,
                    HATS_TPM_FIXED_TPM | HATS_TPM_FIXED_PARENT | HATS_TPM_SENSITIVE_ORIGIN |
                        HATS_TPM_RESTRICTED | HATS_TPM_SIGN,
                    HATS_TPM_DECRYPT);
    hats_tpm_name(pending->ak_name, m->ak.data, m->ak.len_bytes);
    return good ? HATS_OK
                : hats_fail(err, HATS_E_VERIFY,
                            "the attestation key would sign what its TPM did not make");
}

/* The level of the maker that certified this EK; software where there is no certificate. */
static hats_status check_maker(struct hats_enrol_pending *pending, const struct hats_enrol_hello *m,
                               const struct hats_classical_key *ek,
                               const struct hats_enrol_maker *makers, size_t n_makers,
                               uint64_t now_ms, struct hats_error *err) {
    struct hats_classical_der roots[64];
    struct hats_classical_key certified;
    size_t root = 0;
    assert(n_makers <= HATS_COUNT_OF(roots));
    pending->level = HATS_ASSURANCE_SOFTWARE;
    pending->firmware = 0;
    if (m->certificate.len_bytes == 0)
        return HATS_OK;
    for (size_t i = 0; i < n_makers; i++)
        roots[i] = makers[i].root;
    hats_status s = hats_classical_chain(&root, &certified, &m->certificate, m->others, m->n_others,
                                         roots, n_makers, now_ms, err);
    if (s != HATS_OK)
        return s;
    if (!hats_classical_key_equal(&certified, ek))
        return hats_fail(err, HATS_E_VERIFY,
                         "the maker's certificate is about another endorsement key");
    pending->level = makers[root].level;
    pending->firmware = makers[root].firmware;
    return HATS_OK;
}

/* ---- credentials [TPM2, part 1, 24; KDFa: 11.4.10.2] ---- */

static void derive(uint8_t out[32], const uint8_t seed[32], const char *label,
                   const uint8_t *context, size_t context_len, uint32_t bits) {
    uint8_t message[4 + 16 + HATS_TPM_NAME_LEN + 4];
    struct hats_writer w = hats_writer_of(message, sizeof message);
    hats_write_be32(&w, 1);
    hats_write_bytes(&w, label, strlen(label) + 1);
    hats_write_bytes(&w, context, context_len);
    hats_write_be32(&w, bits);
    assert(hats_writer_ok(&w));
    hats_hmac_sha256(out, seed, 32, message, hats_writer_len(&w));
}

static hats_status make_credential(uint8_t id_object[ID_OBJECT_LEN],
                                   uint8_t encrypted[HATS_CLASSICAL_RSA_MAX], size_t *encrypted_len,
                                   const struct hats_classical_key *ek,
                                   const uint8_t name[HATS_TPM_NAME_LEN],
                                   const uint8_t secret[HATS_ENROL_SECRET_LEN],
                                   struct hats_error *err) {
    uint8_t seed[32], key[32], *identity = id_object + 2 + 32;
    uint8_t covered[2 + HATS_ENROL_SECRET_LEN + HATS_TPM_NAME_LEN];
    hats_status s = hats_random(seed, sizeof seed);
    if (s != HATS_OK)
        return hats_fail(err, s, "no randomness for a challenge");
    hats_store_be16(identity, HATS_ENROL_SECRET_LEN);
    memcpy(identity + 2, secret, HATS_ENROL_SECRET_LEN);
    derive(key, seed, "STORAGE", name, HATS_TPM_NAME_LEN, 128);
    s = hats_classical_aes128_cfb(identity, key, identity, 2 + HATS_ENROL_SECRET_LEN, err);
    derive(key, seed, "INTEGRITY", NULL, 0, 256);
    memcpy(covered, identity, 2 + HATS_ENROL_SECRET_LEN);
    memcpy(covered + 2 + HATS_ENROL_SECRET_LEN, name, HATS_TPM_NAME_LEN);
    hats_store_be16(id_object, 32);
    hats_hmac_sha256(id_object + 2, key, sizeof key, covered, sizeof covered);
    if (s == HATS_OK)
        s = hats_classical_oaep(encrypted, encrypted_len, ek, "IDENTITY", 9, seed, sizeof seed,
                                err);
    hats_wipe(seed, sizeof seed);
    hats_wipe(key, sizeof key);
    return s;
}

hats_status hats_enrol_begin(struct hats_enrol_pending *pending, struct hats_buffer *challenge,
                             const uint8_t *hello, size_t hello_len,
                             const struct hats_enrol_maker *makers, size_t n_makers,
                             const uint8_t registrar[32], uint32_t epoch, uint32_t pcr_mask,
                             uint64_t now_ms, struct hats_error *err) {
    struct hats_enrol_hello m;
    struct hats_enrol_challenge c = {.epoch = epoch, .pcr_mask = pcr_mask};
    struct hats_classical_key ek;
    uint8_t id_object[ID_OBJECT_LEN], encrypted[HATS_CLASSICAL_RSA_MAX];
    size_t encrypted_len = 0;
    memset(pending, 0, sizeof *pending);
    hats_status s = hats_enrol_hello_decode(&m, hello, hello_len, err);
    if (s != HATS_OK)
        return s;
    pending->hardware = m.hardware;
    pending->epoch = epoch;
    pending->pcr_mask = pcr_mask;
    if (hats_random(pending->nonce, sizeof pending->nonce) != HATS_OK ||
        hats_random(pending->secret, sizeof pending->secret) != HATS_OK)
        s = hats_fail(err, HATS_E_RANDOM, "no randomness for a challenge");
    if (s == HATS_OK && m.hardware) {
        s = check_ek(&ek, &m, err);
        if (s == HATS_OK)
            s = check_ak(pending, &m, err);
        if (s == HATS_OK)
            s = check_maker(pending, &m, &ek, makers, n_makers, now_ms, err);
        if (s == HATS_OK)
            s = make_credential(id_object, encrypted, &encrypted_len, &ek, pending->ak_name,
                                pending->secret, err);
        c.id_object = (struct hats_tpm_span){id_object, sizeof id_object};
        c.encrypted = (struct hats_tpm_span){encrypted, encrypted_len};
    }
    memcpy(c.nonce, pending->nonce, sizeof c.nonce);
    memcpy(c.registrar, registrar, sizeof c.registrar);
    if (s == HATS_OK)
        s = hats_enrol_challenge_encode(challenge, &c, err);
    if (s != HATS_OK)
        hats_wipe(pending, sizeof *pending);
    return s;
}

/* ---- answers ---- */

static hats_status check_signature(const struct hats_enrol_pending *pending,
                                   struct hats_tpm_span attest, struct hats_tpm_span signature,
                                   const char *what, struct hats_error *err) {
    struct hats_tpm_signature parsed;
    hats_status s = hats_tpm_signature_parse(&parsed, signature.data, signature.len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "%s", what);
    const struct hats_classical_signature sig = {
        .scheme = parsed.scheme == HATS_TPM_ECDSA    ? HATS_CLASSICAL_ECDSA
                  : parsed.scheme == HATS_TPM_RSAPSS ? HATS_CLASSICAL_RSAPSS
                                                     : HATS_CLASSICAL_RSASSA,
        .r = parsed.r.data,
        .r_len_bytes = parsed.r.len_bytes,
        .s = parsed.s.data,
        .s_len_bytes = parsed.s.len_bytes};
    s = hats_classical_verify(&pending->ak, &sig, attest.data, attest.len_bytes, err);
    return s == HATS_OK ? s : hats_fail_in(err, s, "%s", what);
}

static hats_status refuse(struct hats_error *err, const char *why) {
    return hats_fail(err, HATS_E_VERIFY, "enrolment refused: %s", why);
}

static bool is(struct hats_tpm_span span, const uint8_t *data, size_t len) {
    return span.len_bytes == len && memcmp(span.data, data, len) == 0;
}

/* The lease key is in the same TPM, an HMAC key made there, and nothing but its policy opens it. */
static hats_status check_lease_key(const struct hats_enrol_pending *pending,
                                   const struct hats_enrol_answer *m, const uint8_t pcr_digest[32],
                                   struct hats_error *err) {
    struct hats_tpm_attest a;
    struct hats_tpm_public p;
    uint8_t name[HATS_TPM_NAME_LEN], extra[32], policy[32];
    hats_status s = hats_tpm_public_parse(&p, m->lease.data, m->lease.len_bytes, err);
    if (s == HATS_OK)
        s = hats_tpm_attest_parse(&a, m->certify.data, m->certify.len_bytes, err);
    if (s == HATS_OK)
        s = check_signature(pending, m->certify, m->certify_signature, "certification", err);
    if (s != HATS_OK)
        return s;
    hats_tpm_name(name, m->lease.data, m->lease.len_bytes);
    hats_enrol_certify_extra(extra, pending->nonce);
    hats_tpm_policy_pcr(policy, pending->pcr_mask, pcr_digest);
    if (a.type != HATS_TPM_CERTIFY || !is(a.name, name, sizeof name))
        return refuse(err, "the TPM certifies another key than that of the lease");
    if (!is(a.extra, extra, sizeof extra))
        return refuse(err, "the certification was made for another challenge");
    if (p.type != HATS_TPM_KEYED_HASH || p.scheme != HATS_TPM_HMAC ||
        !has(p.attributes,
             HATS_TPM_FIXED_TPM | HATS_TPM_FIXED_PARENT | HATS_TPM_SENSITIVE_ORIGIN | HATS_TPM_SIGN,
             HATS_TPM_USER_WITH_AUTH | HATS_TPM_DECRYPT | HATS_TPM_RESTRICTED))
        return refuse(err, "the lease key is not an HMAC key that its TPM made and keeps");
    if (!is(p.policy, policy, sizeof policy))
        return refuse(err, "the lease key works under other PCRs than those quoted");
    return HATS_OK;
}

static hats_status check_quote(const struct hats_enrol_pending *pending,
                               const struct hats_enrol_answer *m, uint8_t pcr_digest[32],
                               struct hats_error *err) {
    struct hats_tpm_attest a;
    uint8_t name[HATS_TPM_NAME_LEN], extra[32];
    hats_status s = hats_tpm_attest_parse(&a, m->quote.data, m->quote.len_bytes, err);
    if (s == HATS_OK)
        s = check_signature(pending, m->quote, m->quote_signature, "quote", err);
    if (s != HATS_OK)
        return s;
    hats_tpm_name(name, m->lease.data, m->lease.len_bytes);
    hats_enrol_quote_extra(extra, pending->nonce, m->pk, name, sizeof name, pending->epoch);
    if (a.type != HATS_TPM_QUOTE || a.pcr_mask != pending->pcr_mask)
        return refuse(err, "the quote is not of the PCRs that were asked for");
    if (!is(a.extra, extra, sizeof extra))
        return refuse(err, "the quote was made for another challenge, lease or public key");
    memcpy(pcr_digest, a.pcr_digest.data, 32);
    return HATS_OK;
}

/* What a log says holds when it replays to what was quoted. A log that does not is not held against the device: it
 * attests nothing. */
static uint32_t attested_by_log(const struct hats_enrol_pending *pending,
                                const struct hats_enrol_answer *m, const uint8_t pcr_digest[32]) {
    struct hats_tpm_log log;
    uint8_t digest[32];
    if (m->log.len_bytes == 0 ||
        hats_tpm_log_replay(&log, m->log.data, m->log.len_bytes, NULL) != HATS_OK)
        return 0;
    hats_tpm_pcr_digest(digest, pending->pcr_mask,
                        (const uint8_t(*)[HATS_TPM_DIGEST_LEN])log.values);
    bool replays = memcmp(digest, pcr_digest, sizeof digest) == 0;
    return replays && log.secure_boot ? HATS_POSTURE_SECURE_BOOT : 0;
}

static hats_status check_hardware(uint32_t *attested, const struct hats_enrol_pending *pending,
                                  const struct hats_enrol_answer *m, const uint8_t *answer,
                                  size_t authentic_len, struct hats_error *err) {
    uint8_t mac[32], pcr_digest[32];
    hats_enrol_mac(mac, pending->secret, answer, authentic_len);
    if (!hats_equal_ct(mac, m->mac, sizeof mac))
        return refuse(err, "the answer does not come from the TPM that was challenged");
    hats_status s = check_quote(pending, m, pcr_digest, err);
    if (s == HATS_OK)
        s = check_lease_key(pending, m, pcr_digest, err);
    if (s == HATS_OK)
        *attested = HATS_POSTURE_LEASE_BOUND | attested_by_log(pending, m, pcr_digest);
    return s;
}

hats_status hats_enrol_finish(struct hats_device_leaf *leaf,
                              const struct hats_enrol_pending *pending, const uint8_t *answer,
                              size_t answer_len, struct hats_error *err) {
    struct hats_enrol_answer m;
    uint8_t digest[32] = {0};
    uint32_t attested = 0;
    size_t authentic_len = 0;
    memset(leaf, 0, sizeof *leaf);
    hats_status s = hats_enrol_answer_decode(&m, &authentic_len, answer, answer_len, err);
    if (s != HATS_OK)
        return s;
    if (memcmp(m.nonce, pending->nonce, sizeof m.nonce) != 0)
        return refuse(err, "the answer is to another challenge");
    if ((m.lease.len_bytes > 0) != pending->hardware)
        return refuse(err, "the answer is of another kind of device than the hello");
    if (pending->hardware) {
        s = check_hardware(&attested, pending, &m, answer, authentic_len, err);
        if (s != HATS_OK)
            return s;
        hats_sha256_tagged(digest, "HATS-AK-1", pending->ak_name, sizeof pending->ak_name);
    }
    memcpy(leaf->pk, m.pk, sizeof leaf->pk);
    hats_enrol_lease_elements(leaf->ak_hash, digest);
    leaf->posture = attested | m.said;
    leaf->firmware = pending->firmware;
    leaf->jurisdiction = m.jurisdiction;
    leaf->assurance = pending->level;
    return HATS_OK;
}
