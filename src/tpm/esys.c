#include "base/arena.h"
#include "base/bytes.h"
#include "tpm/tpm.h"

#include <assert.h>
#include <string.h>

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

enum { EK_CERTIFICATE_AT = 0x01c00002, NV_CHUNK = 512 };

struct hats_tpm {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    ESYS_TR ek, ak, lease; /* ESYS_TR_NONE: not made yet */
    uint32_t pcr_mask;     /* of the lease key's policy */
    TPM2B_PUBLIC ek_public, ak_public;
};

/* [TCG EK Credential Profile, B.6.3]: PolicySecret(endorsement hierarchy). */
static const uint8_t ek_policy[32] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

/* ---- errors ---- */

static hats_status fail(struct hats_error *err, TSS2_RC rc, const char *doing) {
    TSS2_RC base = rc & 0xfff;
    hats_status s = HATS_E_IO;
    if (rc == TSS2_ESYS_RC_MEMORY)
        s = HATS_E_MEMORY;
    else if (base == TPM2_RC_RETRY || base == TPM2_RC_YIELDED || base == TPM2_RC_TESTING ||
             base == TPM2_RC_LOCKOUT || base == TPM2_RC_SESSION_MEMORY ||
             base == TPM2_RC_OBJECT_MEMORY || base == TPM2_RC_MEMORY)
        s = HATS_E_BUSY;
    return hats_fail(err, s, "TPM: %s: %s (0x%x)%s", doing, Tss2_RC_Decode(rc), (unsigned)rc,
                     s == HATS_E_BUSY ? "; try again, or flush what others left in it" : "");
}

static hats_status put(struct hats_buffer *out, const void *data, size_t len_bytes,
                       struct hats_error *err) {
    if (out == NULL)
        return HATS_OK;
    hats_buffer_append(out, data, len_bytes);
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "no memory for what the TPM says") : HATS_OK;
}

/* The public area without its length. */
static hats_status put_public(struct hats_buffer *out, const TPM2B_PUBLIC *public_,
                              struct hats_error *err) {
    uint8_t bytes[sizeof(TPMT_PUBLIC)];
    size_t n = 0;
    TSS2_RC rc = Tss2_MU_TPMT_PUBLIC_Marshal(&public_->publicArea, bytes, sizeof bytes, &n);
    return rc == TSS2_RC_SUCCESS ? put(out, bytes, n, err) : fail(err, rc, "a public area");
}

/* ---- opening ---- */

/* Does it have TPM2_HMAC? Some do not. */
static hats_status look_for_hmac(struct hats_tpm *t, struct hats_error *err) {
    TPMS_CAPABILITY_DATA *data = NULL;
    TPMI_YES_NO more = 0;
    TSS2_RC rc = Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    TPM2_CAP_COMMANDS, TPM2_CC_HMAC, 1, &more, &data);
    if (rc != TSS2_RC_SUCCESS)
        return fail(err, rc, "which commands it has");
    bool has = data->data.command.count == 1 && (data->data.command.commandAttributes[0] &
                                                 TPMA_CC_COMMANDINDEX_MASK) == TPM2_CC_HMAC;
    Esys_Free(data);
    return has ? HATS_OK
               : hats_fail(err, HATS_E_UNSUPPORTED, "this TPM has no TPM2_HMAC, which leases need");
}

static hats_status open_all(struct hats_tpm *t, const char *tcti, struct hats_error *err) {
    t->ek = t->ak = t->lease = ESYS_TR_NONE;
    TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti, &t->tcti);
    if (rc != TSS2_RC_SUCCESS)
        return hats_fail(err, HATS_E_IO, "no TPM answers at %s: %s; is it there, and readable?",
                         tcti != NULL ? tcti : "the system's own place", Tss2_RC_Decode(rc));
    rc = Esys_Initialize(&t->esys, t->tcti, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return fail(err, rc, "opening");
    rc = Esys_Startup(t->esys, TPM2_SU_CLEAR);
    if (rc != TSS2_RC_SUCCESS && rc != TPM2_RC_INITIALIZE) /* the latter: somebody did */
        return fail(err, rc, "starting");
    return look_for_hmac(t, err);
}

hats_status hats_tpm_open(struct hats_tpm **out, const char *tcti, struct hats_error *err) {
    struct hats_tpm *t = hats_alloc(sizeof *t);
    if (t == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a TPM");
    hats_status s = open_all(t, tcti, err);
    if (s != HATS_OK)
        hats_tpm_close(t);
    else
        *out = t;
    return s;
}

static void flush(struct hats_tpm *t, ESYS_TR *handle) {
    if (*handle != ESYS_TR_NONE)
        (void)Esys_FlushContext(t->esys, *handle);
    *handle = ESYS_TR_NONE;
}

void hats_tpm_close(struct hats_tpm *t) {
    if (t == NULL)
        return;
    if (t->esys != NULL) {
        flush(t, &t->lease);
        flush(t, &t->ak);
        flush(t, &t->ek);
        Esys_Finalize(&t->esys);
    }
    if (t->tcti != NULL)
        Tss2_TctiLdr_Finalize(&t->tcti);
    hats_free(t);
}

/* ---- keys ---- */

static hats_status create(struct hats_tpm *t, ESYS_TR *handle, TPM2B_PUBLIC *public_,
                          ESYS_TR hierarchy, const TPM2B_PUBLIC *template, const char *doing,
                          struct hats_error *err) {
    static const TPM2B_SENSITIVE_CREATE sensitive;
    static const TPM2B_DATA outside;
    static const TPML_PCR_SELECTION pcrs;
    TPM2B_PUBLIC *made = NULL;
    TSS2_RC rc =
        Esys_CreatePrimary(t->esys, hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                           &sensitive, template, &outside, &pcrs, handle, &made, NULL, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return fail(err, rc, doing);
    *public_ = *made;
    Esys_Free(made);
    return HATS_OK;
}

static hats_status need_ek(struct hats_tpm *t, struct hats_error *err) {
    TPM2B_PUBLIC template = {
        .publicArea = {.type = TPM2_ALG_RSA,
                       .nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                           TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                           TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED |
                                           TPMA_OBJECT_DECRYPT,
                       .parameters.rsaDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                                              .keyBits.aes = 128,
                                                              .mode.aes = TPM2_ALG_CFB},
                                                .scheme.scheme = TPM2_ALG_NULL,
                                                .keyBits = 2048},
                       .unique.rsa.size = 256}};
    if (t->ek != ESYS_TR_NONE)
        return HATS_OK;
    template.publicArea.authPolicy.size = sizeof ek_policy;
    memcpy(template.publicArea.authPolicy.buffer, ek_policy, sizeof ek_policy);
    return create(t, &t->ek, &t->ek_public, ESYS_TR_RH_ENDORSEMENT, &template,
                  "the endorsement key", err);
}

static hats_status need_ak(struct hats_tpm *t, struct hats_error *err) {
    static const char unique[] = "HATS-AK-1";
    TPM2B_PUBLIC template = {
        .publicArea = {
            .type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
            .parameters.eccDetail = {
                .symmetric.algorithm = TPM2_ALG_NULL,
                .scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                .curveID = TPM2_ECC_NIST_P256,
                .kdf.scheme = TPM2_ALG_NULL}}};
    if (t->ak != ESYS_TR_NONE)
        return HATS_OK;
    template.publicArea.unique.ecc.x.size = sizeof unique - 1;
    memcpy(template.publicArea.unique.ecc.x.buffer, unique, sizeof unique - 1);
    return create(t, &t->ak, &t->ak_public, ESYS_TR_RH_ENDORSEMENT, &template,
                  "the attestation key", err);
}

hats_status hats_tpm_ek_public(struct hats_tpm *t, struct hats_buffer *out,
                               struct hats_error *err) {
    hats_status s = need_ek(t, err);
    return s == HATS_OK ? put_public(out, &t->ek_public, err) : s;
}

hats_status hats_tpm_ak_public(struct hats_tpm *t, struct hats_buffer *out,
                               struct hats_error *err) {
    hats_status s = need_ak(t, err);
    return s == HATS_OK ? put_public(out, &t->ak_public, err) : s;
}

/* Makers reserve more room than the certificate takes: only what its DER header says is the certificate. */
static void cut_padding(struct hats_buffer *der, size_t from) {
    const uint8_t *p = der->data + from;
    if (der->len - from >= 4 && p[0] == 0x30 && p[1] == 0x82) {
        size_t len = (size_t)4 + hats_load_be16(p + 2);
        if (len < der->len - from)
            der->len = from + len;
    }
}

hats_status hats_tpm_ek_certificate(struct hats_tpm *t, struct hats_buffer *der,
                                    struct hats_error *err) {
    ESYS_TR nv = ESYS_TR_NONE;
    TPM2B_NV_PUBLIC *about = NULL;
    size_t before = der->len;
    TSS2_RC rc = Esys_TR_FromTPMPublic(t->esys, EK_CERTIFICATE_AT, ESYS_TR_NONE, ESYS_TR_NONE,
                                       ESYS_TR_NONE, &nv);
    if (rc != TSS2_RC_SUCCESS)
        return hats_fail(err, HATS_E_NOT_FOUND,
                         "this TPM has no certificate of its maker for its RSA endorsement key");
    rc = Esys_NV_ReadPublic(t->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &about, NULL);
    size_t len = rc == TSS2_RC_SUCCESS ? about->nvPublic.dataSize : 0;
    hats_status s = HATS_OK;
    for (size_t at = 0; at < len && rc == TSS2_RC_SUCCESS && s == HATS_OK; at += NV_CHUNK) {
        TPM2B_MAX_NV_BUFFER *data = NULL;
        uint16_t n = (uint16_t)(len - at < NV_CHUNK ? len - at : NV_CHUNK);
        rc = Esys_NV_Read(t->esys, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                          ESYS_TR_NONE, n, (uint16_t)at, &data);
        if (rc == TSS2_RC_SUCCESS)
            s = put(der, data->buffer, data->size, err);
        Esys_Free(data);
    }
    Esys_Free(about);
    (void)Esys_TR_Close(t->esys, &nv);
    if (rc != TSS2_RC_SUCCESS)
        return fail(err, rc, "reading the maker's certificate");
    if (s == HATS_OK)
        cut_padding(der, before);
    return s;
}

/* ---- policy sessions: flushed on every way out ---- */

static TSS2_RC start_policy(struct hats_tpm *t, ESYS_TR *session) {
    static const TPMT_SYM_DEF none = {.algorithm = TPM2_ALG_NULL};
    return Esys_StartAuthSession(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                 ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &none, TPM2_ALG_SHA256,
                                 session);
}

hats_status hats_tpm_activate(struct hats_tpm *t, uint8_t *secret, size_t secret_len,
                              const uint8_t *id_object, size_t id_object_len,
                              const uint8_t *encrypted, size_t encrypted_len,
                              struct hats_error *err) {
    TPM2B_ID_OBJECT object = {.size = (uint16_t)id_object_len};
    TPM2B_ENCRYPTED_SECRET blob = {.size = (uint16_t)encrypted_len};
    TPM2B_DIGEST *info = NULL;
    ESYS_TR session = ESYS_TR_NONE;
    memset(secret, 0, secret_len);
    if (id_object_len > sizeof object.credential || encrypted_len > sizeof blob.secret)
        return hats_fail(err, HATS_E_MALFORMED, "a credential that no TPM could read");
    hats_status s = need_ek(t, err);
    if (s == HATS_OK)
        s = need_ak(t, err);
    if (s != HATS_OK)
        return s;
    memcpy(object.credential, id_object, id_object_len);
    memcpy(blob.secret, encrypted, encrypted_len);
    TSS2_RC rc = start_policy(t, &session);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_PolicySecret(t->esys, ESYS_TR_RH_ENDORSEMENT, session, ESYS_TR_PASSWORD,
                               ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        s = fail(err, rc, "authorising the endorsement key");
        goto done;
    }
    rc = Esys_ActivateCredential(t->esys, t->ak, t->ek, ESYS_TR_PASSWORD, session, ESYS_TR_NONE,
                                 &object, &blob, &info);
    if (rc == TSS2_RC_SUCCESS && info->size == secret_len)
        memcpy(secret, info->buffer, secret_len);
    else
        s = hats_fail(err, HATS_E_VERIFY,
                      "the credential was made for another TPM or another key: %s",
                      rc == TSS2_RC_SUCCESS ? "its length is wrong" : Tss2_RC_Decode(rc));
done:
    if (info != NULL)
        hats_wipe(info, sizeof *info);
    Esys_Free(info);
    flush(t, &session);
    return s;
}

/* ---- PCRs ---- */

static TPML_PCR_SELECTION selection_of(uint32_t pcr_mask) {
    TPML_PCR_SELECTION s = {.count = 1,
                            .pcrSelections[0] = {.hash = TPM2_ALG_SHA256, .sizeofSelect = 3}};
    for (unsigned i = 0; i < 3; i++)
        s.pcrSelections[0].pcrSelect[i] = (uint8_t)(pcr_mask >> (8 * i));
    return s;
}

static uint32_t mask_of(const TPML_PCR_SELECTION *s) {
    uint32_t mask = 0;
    for (unsigned i = 0; s->count == 1 && i < s->pcrSelections[0].sizeofSelect && i < 3; i++)
        mask |= (uint32_t)s->pcrSelections[0].pcrSelect[i] << (8 * i);
    return mask;
}

hats_status hats_tpm_pcrs(struct hats_tpm *t, uint8_t values[HATS_TPM_PCRS][HATS_TPM_DIGEST_LEN],
                          uint32_t pcr_mask, struct hats_error *err) {
    memset(values, 0, (size_t)HATS_TPM_PCRS * HATS_TPM_DIGEST_LEN);
    for (uint32_t left = pcr_mask; left != 0;) { /* eight at a time */
        TPML_PCR_SELECTION want = selection_of(left), *got = NULL;
        TPML_DIGEST *digests = NULL;
        TSS2_RC rc = Esys_PCR_Read(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &want, NULL,
                                   &got, &digests);
        if (rc != TSS2_RC_SUCCESS)
            return fail(err, rc, "reading PCRs");
        uint32_t mask = mask_of(got) & left, n = 0;
        for (unsigned i = 0; i < HATS_TPM_PCRS && n < digests->count; i++)
            if ((mask >> i & 1) != 0 && digests->digests[n++].size == HATS_TPM_DIGEST_LEN)
                memcpy(values[i], digests->digests[n - 1].buffer, HATS_TPM_DIGEST_LEN);
        Esys_Free(got);
        Esys_Free(digests);
        if (mask == 0)
            return hats_fail(err, HATS_E_UNSUPPORTED,
                             "this TPM keeps no SHA-256 values of PCRs 0x%x", (unsigned)left);
        left &= ~mask;
    }
    return HATS_OK;
}

/* ---- the lease key ---- */

hats_status hats_tpm_lease_key(struct hats_tpm *t, struct hats_buffer *out, uint32_t pcr_mask,
                               const uint8_t policy[HATS_TPM_DIGEST_LEN], struct hats_error *err) {
    static const char unique[] = "HATS-LEASE-1";
    TPM2B_PUBLIC template = {
        .publicArea = {.type = TPM2_ALG_KEYEDHASH,
                       .nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                           TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                           TPMA_OBJECT_SIGN_ENCRYPT,
                       .authPolicy.size = HATS_TPM_DIGEST_LEN,
                       .parameters.keyedHashDetail.scheme = {
                           .scheme = TPM2_ALG_HMAC, .details.hmac.hashAlg = TPM2_ALG_SHA256}}};
    TPM2B_PUBLIC made;
    memcpy(template.publicArea.authPolicy.buffer, policy, HATS_TPM_DIGEST_LEN);
    template.publicArea.unique.keyedHash.size = sizeof unique - 1;
    memcpy(template.publicArea.unique.keyedHash.buffer, unique, sizeof unique - 1);
    flush(t, &t->lease);
    hats_status s =
        create(t, &t->lease, &made, ESYS_TR_RH_ENDORSEMENT, &template, "the lease key", err);
    t->pcr_mask = pcr_mask;
    return s == HATS_OK ? put_public(out, &made, err) : s;
}

hats_status hats_tpm_lease_hmac(struct hats_tpm *t, uint8_t out[HATS_TPM_DIGEST_LEN],
                                const uint8_t *message, size_t len_bytes, struct hats_error *err) {
    TPM2B_MAX_BUFFER buffer = {.size = (uint16_t)len_bytes};
    TPML_PCR_SELECTION pcrs = selection_of(t->pcr_mask);
    TPM2B_DIGEST *mac = NULL;
    ESYS_TR session = ESYS_TR_NONE;
    hats_status s = HATS_OK;
    assert(t->lease != ESYS_TR_NONE && len_bytes <= sizeof buffer.buffer);
    memset(out, 0, HATS_TPM_DIGEST_LEN);
    memcpy(buffer.buffer, message, len_bytes);
    TSS2_RC rc = start_policy(t, &session);
    if (rc == TSS2_RC_SUCCESS)
        rc =
            Esys_PolicyPCR(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL, &pcrs);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_HMAC(t->esys, t->lease, session, ESYS_TR_NONE, ESYS_TR_NONE, &buffer,
                       TPM2_ALG_SHA256, &mac);
    if (rc == TSS2_RC_SUCCESS && mac->size == HATS_TPM_DIGEST_LEN)
        memcpy(out, mac->buffer, HATS_TPM_DIGEST_LEN);
    else if ((rc & 0xff) == (TPM2_RC_POLICY_FAIL & 0xff) || (rc & 0xfff) == TPM2_RC_PCR_CHANGED)
        s = hats_fail(err, HATS_E_DENIED,
                      "this machine has changed since it was enrolled (PCRs 0x%x); enrol it again",
                      (unsigned)t->pcr_mask);
    else
        s = fail(err, rc, "the lease secret");
    if (mac != NULL)
        hats_wipe(mac, sizeof *mac);
    Esys_Free(mac);
    flush(t, &session);
    return s;
}

/* ---- attestations ---- */

static const TPMT_SIG_SCHEME own_scheme = {.scheme = TPM2_ALG_NULL};

static TPM2B_DATA extra_of(const uint8_t extra[32]) {
    TPM2B_DATA d = {.size = 32};
    memcpy(d.buffer, extra, 32);
    return d;
}

static hats_status put_signed(struct hats_buffer *attest, struct hats_buffer *signature,
                              const TPM2B_ATTEST *said, const TPMT_SIGNATURE *made,
                              struct hats_error *err) {
    uint8_t bytes[sizeof(TPMT_SIGNATURE)];
    size_t n = 0;
    TSS2_RC rc = Tss2_MU_TPMT_SIGNATURE_Marshal(made, bytes, sizeof bytes, &n);
    if (rc != TSS2_RC_SUCCESS)
        return fail(err, rc, "a signature");
    hats_status s = put(attest, said->attestationData, said->size, err);
    return s == HATS_OK ? put(signature, bytes, n, err) : s;
}

hats_status hats_tpm_certify(struct hats_tpm *t, struct hats_buffer *attest,
                             struct hats_buffer *signature, const uint8_t extra[32],
                             struct hats_error *err) {
    TPM2B_DATA data = extra_of(extra);
    TPM2B_ATTEST *said = NULL;
    TPMT_SIGNATURE *made = NULL;
    assert(t->lease != ESYS_TR_NONE);
    hats_status s = need_ak(t, err);
    if (s != HATS_OK)
        return s;
    /* The ADMIN role of a key without adminWithPolicy is its (empty) password. */
    TSS2_RC rc = Esys_Certify(t->esys, t->lease, t->ak, ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
                              ESYS_TR_NONE, &data, &own_scheme, &said, &made);
    s = rc == TSS2_RC_SUCCESS ? put_signed(attest, signature, said, made, err)
                              : fail(err, rc, "certifying the lease key");
    Esys_Free(said);
    Esys_Free(made);
    return s;
}

hats_status hats_tpm_quote(struct hats_tpm *t, struct hats_buffer *attest,
                           struct hats_buffer *signature, uint32_t pcr_mask,
                           const uint8_t extra[32], struct hats_error *err) {
    TPM2B_DATA data = extra_of(extra);
    TPML_PCR_SELECTION pcrs = selection_of(pcr_mask);
    TPM2B_ATTEST *said = NULL;
    TPMT_SIGNATURE *made = NULL;
    hats_status s = need_ak(t, err);
    if (s != HATS_OK)
        return s;
    TSS2_RC rc = Esys_Quote(t->esys, t->ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                            &own_scheme, &pcrs, &said, &made);
    s = rc == TSS2_RC_SUCCESS ? put_signed(attest, signature, said, made, err)
                              : fail(err, rc, "quoting PCRs");
    Esys_Free(said);
    Esys_Free(made);
    return s;
}
