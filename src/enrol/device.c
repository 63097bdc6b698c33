#include "enrol/device.h"

#include "base/bytes.h"
#include "hash/hmac.h"

#include <assert.h>

static struct hats_tpm_span span_of(const struct hats_buffer *b) {
    return (struct hats_tpm_span){b->data, b->len};
}

/* ---- hello ---- */

hats_status hats_enrol_hello(struct hats_buffer *out, const struct hats_enrol_root *root,
                             const struct hats_classical_der *others, size_t n_others,
                             struct hats_error *err) {
    struct hats_enrol_hello m = {.hardware = root->tpm != NULL};
    struct hats_buffer certificate, ek, ak;
    hats_status s = HATS_OK;
    assert(n_others <= HATS_ENROL_OTHERS_MAX);
    hats_buffer_init(&certificate, HATS_TPM_MAX_BYTES);
    hats_buffer_init(&ek, HATS_TPM_MAX_BYTES);
    hats_buffer_init(&ak, HATS_TPM_MAX_BYTES);
    if (m.hardware) {
        s = hats_tpm_ek_certificate(root->tpm, &certificate, err);
        if (s == HATS_E_NOT_FOUND)
            s = HATS_OK;
        if (s == HATS_OK)
            s = hats_tpm_ek_public(root->tpm, &ek, err);
        if (s == HATS_OK)
            s = hats_tpm_ak_public(root->tpm, &ak, err);
        m.certificate = (struct hats_classical_der){certificate.data, certificate.len};
        m.ek = span_of(&ek);
        m.ak = span_of(&ak);
        m.n_others = certificate.len > 0 ? n_others : 0;
        for (size_t i = 0; i < m.n_others; i++)
            m.others[i] = others[i];
    }
    if (s == HATS_OK)
        s = hats_enrol_hello_encode(out, &m, err);
    hats_buffer_clear(&ak);
    hats_buffer_clear(&ek);
    hats_buffer_clear(&certificate);
    return s;
}

/* ---- lease secrets ---- */

static hats_status lease_mac(uint8_t mac[32], const struct hats_enrol_root *root, unsigned which,
                             const uint8_t registrar[32], uint32_t epoch, struct hats_error *err) {
    uint8_t input[HATS_ENROL_LEASE_INPUT_LEN];
    hats_enrol_lease_input(input, which, registrar, epoch);
    if (root->tpm != NULL)
        return hats_tpm_lease_hmac(root->tpm, mac, input, sizeof input, err);
    hats_hmac_sha256(mac, root->software, sizeof root->software, input, sizeof input);
    return HATS_OK;
}

/* The lease key must be there. */
static hats_status derive(struct hats_device_secret *out, const struct hats_enrol_root *root,
                          const uint8_t registrar[32], uint32_t epoch, struct hats_error *err) {
    uint8_t mac[32];
    hats_status s = lease_mac(mac, root, 0, registrar, epoch, err);
    if (s == HATS_OK) {
        hats_enrol_lease_elements(out->sk, mac);
        s = lease_mac(mac, root, 1, registrar, epoch, err);
    }
    if (s == HATS_OK)
        hats_enrol_lease_elements(out->u, mac);
    else
        hats_wipe(out, sizeof *out);
    hats_wipe(mac, sizeof mac);
    return s;
}

hats_status hats_enrol_lease_secret(struct hats_device_secret *out,
                                    const struct hats_enrol_root *root, const uint8_t registrar[32],
                                    uint32_t epoch, uint32_t pcr_mask, const uint8_t policy[32],
                                    struct hats_error *err) {
    memset(out, 0, sizeof *out);
    if (root->tpm != NULL) {
        hats_status s = hats_tpm_lease_key(root->tpm, NULL, pcr_mask, policy, err);
        if (s != HATS_OK)
            return s;
    }
    return derive(out, root, registrar, epoch, err);
}

/* ---- answer ---- */

/* What the TPM says, in the answer's order. */
struct proofs {
    struct hats_buffer lease, certify, certify_signature, quote, quote_signature;
};

static void init(struct proofs *p) {
    struct hats_buffer *all[] = {&p->lease, &p->certify, &p->certify_signature, &p->quote,
                                 &p->quote_signature};
    for (size_t i = 0; i < HATS_COUNT_OF(all); i++)
        hats_buffer_init(all[i], HATS_TPM_MAX_BYTES);
}

static void clear(struct proofs *p) {
    struct hats_buffer *all[] = {&p->lease, &p->certify, &p->certify_signature, &p->quote,
                                 &p->quote_signature};
    for (size_t i = 0; i < HATS_COUNT_OF(all); i++)
        hats_buffer_clear(all[i]);
}

/* A lease key under the PCRs as they are now. */
static hats_status make_lease_key(struct proofs *p, uint8_t policy[32], struct hats_tpm *tpm,
                                  uint32_t pcr_mask, struct hats_error *err) {
    uint8_t values[HATS_TPM_PCRS][HATS_TPM_DIGEST_LEN], digest[32];
    hats_status s = hats_tpm_pcrs(tpm, values, pcr_mask, err);
    if (s != HATS_OK)
        return s;
    hats_tpm_pcr_digest(digest, pcr_mask, (const uint8_t(*)[HATS_TPM_DIGEST_LEN])values);
    hats_tpm_policy_pcr(policy, pcr_mask, digest);
    return hats_tpm_lease_key(tpm, &p->lease, pcr_mask, policy, err);
}

static hats_status attest(struct proofs *p, struct hats_tpm *tpm,
                          const struct hats_enrol_challenge *c, const uint64_t pk[4],
                          struct hats_error *err) {
    uint8_t name[HATS_TPM_NAME_LEN], extra[32];
    hats_enrol_certify_extra(extra, c->nonce);
    hats_status s = hats_tpm_certify(tpm, &p->certify, &p->certify_signature, extra, err);
    if (s != HATS_OK)
        return s;
    hats_tpm_name(name, p->lease.data, p->lease.len);
    hats_enrol_quote_extra(extra, c->nonce, pk, name, sizeof name, c->epoch);
    return hats_tpm_quote(tpm, &p->quote, &p->quote_signature, c->pcr_mask, extra, err);
}

/* With the mac over what comes before it: encoded twice, the first time to know those bytes. */
static hats_status encode(struct hats_buffer *out, struct hats_enrol_answer *m,
                          const uint8_t *secret, struct hats_error *err) {
    struct hats_enrol_answer back;
    struct hats_buffer draft;
    size_t covered = 0;
    hats_buffer_init(&draft, HATS_ENROL_ANSWER_MAX);
    hats_status s = hats_enrol_answer_encode(&draft, m, err);
    if (s == HATS_OK)
        s = hats_enrol_answer_decode(&back, &covered, draft.data, draft.len, err);
    if (s == HATS_OK && secret != NULL)
        hats_enrol_mac(m->mac, secret, draft.data, covered);
    if (s == HATS_OK)
        s = hats_enrol_answer_encode(out, m, err);
    hats_buffer_clear(&draft);
    return s;
}

hats_status hats_enrol_answer(struct hats_buffer *out, uint8_t policy[32],
                              const struct hats_enrol_root *root, const uint8_t *challenge,
                              size_t challenge_len, const struct hats_enrol_claims *claims,
                              struct hats_error *err) {
    struct hats_enrol_challenge c;
    struct hats_enrol_answer m = {.said = claims->said, .jurisdiction = claims->jurisdiction};
    struct hats_device_secret secret;
    uint8_t credential[HATS_ENROL_SECRET_LEN] = {0};
    struct proofs p;
    memset(policy, 0, 32);
    hats_status s = hats_enrol_challenge_decode(&c, challenge, challenge_len, err);
    if (s != HATS_OK)
        return s;
    if ((c.id_object.len_bytes > 0) != (root->tpm != NULL))
        return hats_fail(err, HATS_E_VERIFY, "the challenge is for another kind of device");
    init(&p);
    if (root->tpm != NULL) {
        s = hats_tpm_activate(root->tpm, credential, sizeof credential, c.id_object.data,
                              c.id_object.len_bytes, c.encrypted.data, c.encrypted.len_bytes, err);
        if (s == HATS_OK)
            s = make_lease_key(&p, policy, root->tpm, c.pcr_mask, err);
    }
    if (s == HATS_OK)
        s = derive(&secret, root, c.registrar, c.epoch, err);
    if (s != HATS_OK)
        goto done;
    hats_device_public_key(m.pk, &secret);
    hats_wipe(&secret, sizeof secret);
    if (root->tpm != NULL)
        s = attest(&p, root->tpm, &c, m.pk, err);
    if (s != HATS_OK)
        goto done;
    memcpy(m.nonce, c.nonce, sizeof m.nonce);
    m.lease = span_of(&p.lease);
    m.certify = span_of(&p.certify);
    m.certify_signature = span_of(&p.certify_signature);
    m.quote = span_of(&p.quote);
    m.quote_signature = span_of(&p.quote_signature);
    if (root->tpm != NULL && claims->log != NULL)
        m.log = (struct hats_tpm_span){claims->log, claims->log_len_bytes};
    s = encode(out, &m, root->tpm != NULL ? credential : NULL, err);
done:
    clear(&p);
    hats_wipe(credential, sizeof credential);
    return s;
}
