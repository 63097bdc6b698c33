/* Event logs. Little-endian, unlike everything else that a TPM says: firmware writes them. */
#include "base/bytes.h"
#include "base/cursor.h"
#include "hash/sha256.h"
#include "tpm/attest.h"

enum {
    EV_NO_ACTION = 0x00000003,
    EV_EFI_VARIABLE_DRIVER_CONFIG = (int)0x80000001,
    SHA1_LEN = 20,
    MAX_BANKS = 16,
    MAX_DIGEST = 64,
    GUID_LEN = 16,
};
#define ALG_SHA256 0x000b

static uint16_t take_le16(struct hats_reader *r) {
    uint16_t low = hats_read_u8(r);
    return (uint16_t)(low | hats_read_u8(r) << 8);
}

static uint32_t take_le32(struct hats_reader *r) {
    uint32_t low = take_le16(r);
    return low | (uint32_t)take_le16(r) << 16;
}

static uint64_t take_le64(struct hats_reader *r) {
    uint64_t low = take_le32(r);
    return low | (uint64_t)take_le32(r) << 32;
}

struct banks {
    size_t n;
    uint16_t alg[MAX_BANKS], len_bytes[MAX_BANKS];
};

static size_t digest_len(const struct banks *b, uint16_t alg) {
    for (size_t i = 0; i < b->n; i++)
        if (b->alg[i] == alg)
            return b->len_bytes[i];
    return 0;
}

/* The first event, in the old format, says which banks the others have. */
static bool take_header(struct banks *b, struct hats_reader *r) {
    uint32_t pcr = take_le32(r), type = take_le32(r);
    (void)hats_read_span(r, SHA1_LEN);
    uint32_t len = take_le32(r);
    const uint8_t *event = hats_read_span(r, len);
    if (r->failed || event == NULL || pcr != 0 || type != EV_NO_ACTION)
        return false;
    struct hats_reader e = hats_reader_of(event, len);
    hats_read_tag(&e, "Spec ID Event03\0", 16);
    (void)take_le32(&e); /* platform class, versions, word size */
    (void)take_le32(&e);
    uint32_t n = take_le32(&e);
    if (e.failed || n == 0 || n > MAX_BANKS)
        return false;
    for (b->n = 0; b->n < n; b->n++) {
        b->alg[b->n] = take_le16(&e);
        b->len_bytes[b->n] = take_le16(&e);
        if (b->len_bytes[b->n] == 0 || b->len_bytes[b->n] > MAX_DIGEST)
            return false;
    }
    (void)hats_read_span(&e, hats_read_u8(&e)); /* the vendor's */
    return hats_reader_done(&e) &&
           (digest_len(b, ALG_SHA256) == HATS_TPM_DIGEST_LEN || digest_len(b, ALG_SHA256) == 0);
}

/* UEFI_VARIABLE_DATA: is it the variable SecureBoot, and is it 1? */
static void look_at_variable(struct hats_tpm_log *out, const uint8_t *event, size_t len_bytes) {
    static const char name[] = "SecureBoot";
    struct hats_reader r = hats_reader_of(event, len_bytes);
    (void)hats_read_span(&r, GUID_LEN);
    uint64_t n_chars = take_le64(&r), data_len = take_le64(&r);
    if (n_chars != sizeof name - 1)
        return;
    for (size_t i = 0; i < n_chars; i++)
        if (take_le16(&r) != (uint16_t)name[i])
            return;
    uint8_t value = data_len == 1 ? hats_read_u8(&r) : 0;
    if (!hats_reader_done(&r))
        return;
    out->has_secure_boot = true;
    out->secure_boot = value == 1;
}

static void extend(uint8_t value[HATS_TPM_DIGEST_LEN], const uint8_t digest[HATS_TPM_DIGEST_LEN]) {
    uint8_t both[2 * HATS_TPM_DIGEST_LEN];
    memcpy(both, value, HATS_TPM_DIGEST_LEN);
    memcpy(both + HATS_TPM_DIGEST_LEN, digest, HATS_TPM_DIGEST_LEN);
    hats_sha256(value, both, sizeof both);
}

static bool take_event(struct hats_tpm_log *out, const struct banks *b, struct hats_reader *r) {
    uint32_t pcr = take_le32(r), type = take_le32(r), n = take_le32(r);
    const uint8_t *sha256 = NULL;
    uint8_t measured[HATS_TPM_DIGEST_LEN];
    if (r->failed || pcr >= HATS_TPM_PCRS || n > MAX_BANKS)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint16_t alg = take_le16(r);
        size_t len = digest_len(b, alg);
        const uint8_t *digest = len != 0 ? hats_read_span(r, len) : NULL;
        if (digest == NULL || (alg == ALG_SHA256 && sha256 != NULL))
            return false;
        if (alg == ALG_SHA256)
            sha256 = digest;
    }
    uint32_t len = take_le32(r);
    const uint8_t *event = hats_read_span(r, len);
    if (r->failed || sha256 == NULL)
        return false;
    out->n_events++;
    if (type == EV_NO_ACTION)
        return true;
    extend(out->values[pcr], sha256);
    /* The digest of a variable's event is that of its data, so the data are what was measured. */
    if (pcr == 7 && type == (uint32_t)EV_EFI_VARIABLE_DRIVER_CONFIG && event != NULL) {
        hats_sha256(measured, event, len);
        if (memcmp(measured, sha256, sizeof measured) == 0)
            look_at_variable(out, event, len);
    }
    return true;
}

hats_status hats_tpm_log_replay(struct hats_tpm_log *out, const uint8_t *log, size_t len_bytes,
                                struct hats_error *err) {
    struct hats_reader r = hats_reader_of(log, len_bytes);
    struct hats_tpm_log replayed;
    struct banks b;
    memset(out, 0, sizeof *out);
    memset(&replayed, 0, sizeof replayed);
    if (!take_header(&b, &r))
        return hats_fail(err, HATS_E_MALFORMED, "event log: it does not begin as one does");
    if (digest_len(&b, ALG_SHA256) == 0)
        return hats_fail(err, HATS_E_UNSUPPORTED, "event log: it has no SHA-256 bank");
    while (hats_reader_left(&r) > 0)
        if (!take_event(&replayed, &b, &r))
            return hats_fail(err, HATS_E_MALFORMED, "event log: event %u is cut or not one",
                             (unsigned)replayed.n_events + 1);
    *out = replayed;
    return HATS_OK;
}
