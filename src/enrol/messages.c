#include "base/bytes.h"
#include "cbor/cbor.h"
#include "enrol/enrol.h"
#include "hash/hmac.h"

#include <assert.h>

#define VERSION 1
#define PUBLIC_MAX 1024
#define JURISDICTION_MAX 999
#define ANSWER_ROOM 8192 /* bytes of an answer beside its log */

enum { HELLO_FIELDS = 5, CHALLENGE_FIELDS = 7, ANSWER_FIELDS = 12 };

/* ---- pieces ---- */

static void put_uint(struct hats_writer *w, uint64_t key, uint64_t value) {
    hats_cbor_put_uint(w, key);
    hats_cbor_put_uint(w, value);
}

/* null for an empty span */
static void put_span(struct hats_writer *w, uint64_t key, const uint8_t *data, size_t len) {
    hats_cbor_put_uint(w, key);
    if (len == 0)
        hats_cbor_put_null(w);
    else
        hats_cbor_put_bytes(w, data, len);
}

static bool take_key(struct hats_reader *r, uint64_t key) {
    uint64_t k = 0;
    return hats_cbor_get_uint(r, &k) && k == key;
}

static bool take_uint(struct hats_reader *r, uint64_t key, uint64_t most, uint32_t *out) {
    uint64_t v = 0;
    bool good = take_key(r, key) && hats_cbor_get_uint(r, &v) && v <= most;
    *out = (uint32_t)v;
    return good;
}

static bool take_b32(struct hats_reader *r, uint64_t key, uint8_t out[32]) {
    return take_key(r, key) && hats_cbor_get_bytes_exact(r, out, 32);
}

static bool take_span(struct hats_reader *r, uint64_t key, size_t most, struct hats_tpm_span *out) {
    *out = (struct hats_tpm_span){NULL, 0};
    if (!take_key(r, key))
        return false;
    if (hats_cbor_take_null(r))
        return true;
    return hats_cbor_get_bytes(r, &out->data, &out->len_bytes) && out->len_bytes > 0 &&
           out->len_bytes <= most;
}

static bool take_head(struct hats_reader *r, size_t n_fields) {
    uint32_t version = 0;
    size_t n = 0;
    return hats_cbor_get_map(r, &n) && n == n_fields && take_uint(r, 1, UINT32_MAX, &version) &&
           version == VERSION;
}

static hats_status validate(const uint8_t *bytes, size_t len, size_t most, const char *what,
                            struct hats_error *err) {
    if (len > most)
        return hats_fail(err, HATS_E_MALFORMED, "%s: %zu bytes; at most %zu are read", what, len,
                         most);
    hats_status s = hats_cbor_validate(bytes, len, err);
    return s == HATS_OK ? s : hats_fail_in(err, s, "%s", what);
}

static hats_status malformed(const char *what, struct hats_error *err) {
    return hats_fail(err, HATS_E_MALFORMED, "%s: a field is missing, too long or of another kind",
                     what);
}

/* A writer in fresh memory, failed where there is none. */
static struct hats_writer writer_in(struct hats_buffer *room, size_t cap) {
    hats_buffer_init(room, cap);
    uint8_t *bytes = hats_buffer_reserve(room, cap);
    return hats_writer_of(bytes, bytes != NULL ? cap : 0);
}

/* Appends what was written, and gives the room back. */
static hats_status append(struct hats_buffer *out, const struct hats_writer *w,
                          struct hats_buffer *room, struct hats_error *err) {
    bool memory = !room->failed, fits = hats_writer_ok(w);
    if (memory && fits)
        hats_buffer_append(out, w->start, hats_writer_len(w));
    hats_buffer_clear(room);
    if (memory && !fits)
        return hats_fail(err, HATS_E_RANGE, "a message of enrolment that is too long");
    return memory && !out->failed
               ? HATS_OK
               : hats_fail(err, HATS_E_MEMORY, "no memory for a message of enrolment");
}

/* ---- hello ---- */

hats_status hats_enrol_hello_encode(struct hats_buffer *out, const struct hats_enrol_hello *m,
                                    struct hats_error *err) {
    struct hats_buffer room;
    struct hats_writer w = writer_in(&room, HATS_ENROL_HELLO_MAX);
    assert(m->n_others <= HATS_ENROL_OTHERS_MAX);
    hats_cbor_put_map(&w, HELLO_FIELDS);
    put_uint(&w, 1, VERSION);
    put_span(&w, 2, m->certificate.data, m->certificate.len_bytes);
    hats_cbor_put_uint(&w, 3);
    hats_cbor_put_array(&w, m->n_others);
    for (size_t i = 0; i < m->n_others; i++)
        hats_cbor_put_bytes(&w, m->others[i].data, m->others[i].len_bytes);
    put_span(&w, 4, m->ek.data, m->ek.len_bytes);
    put_span(&w, 5, m->ak.data, m->ak.len_bytes);
    return append(out, &w, &room, err);
}

static bool take_others(struct hats_enrol_hello *m, struct hats_reader *r) {
    if (!take_key(r, 3) || !hats_cbor_get_array(r, &m->n_others) ||
        m->n_others > HATS_ENROL_OTHERS_MAX)
        return false;
    for (size_t i = 0; i < m->n_others; i++)
        if (!hats_cbor_get_bytes(r, &m->others[i].data, &m->others[i].len_bytes) ||
            m->others[i].len_bytes > HATS_CLASSICAL_DER_MAX)
            return false;
    return true;
}

hats_status hats_enrol_hello_decode(struct hats_enrol_hello *out, const uint8_t *bytes, size_t len,
                                    struct hats_error *err) {
    struct hats_enrol_hello m;
    struct hats_tpm_span certificate;
    memset(&m, 0, sizeof m);
    memset(out, 0, sizeof *out);
    hats_status s = validate(bytes, len, HATS_ENROL_HELLO_MAX, "hello", err);
    if (s != HATS_OK)
        return s;
    struct hats_reader r = hats_reader_of(bytes, len);
    if (!take_head(&r, HELLO_FIELDS) || !take_span(&r, 2, HATS_CLASSICAL_DER_MAX, &certificate) ||
        !take_others(&m, &r) || !take_span(&r, 4, PUBLIC_MAX, &m.ek) ||
        !take_span(&r, 5, PUBLIC_MAX, &m.ak))
        return malformed("hello", err);
    m.certificate = (struct hats_classical_der){certificate.data, certificate.len_bytes};
    m.hardware = m.ek.len_bytes > 0;
    if (m.hardware != (m.ak.len_bytes > 0) ||
        (!m.hardware && (m.certificate.len_bytes > 0 || m.n_others > 0)))
        return hats_fail(err, HATS_E_CANONICAL, "hello: a TPM is either all there or not at all");
    *out = m;
    return HATS_OK;
}

/* ---- challenge ---- */

hats_status hats_enrol_challenge_encode(struct hats_buffer *out,
                                        const struct hats_enrol_challenge *m,
                                        struct hats_error *err) {
    struct hats_buffer room;
    struct hats_writer w = writer_in(&room, HATS_ENROL_CHALLENGE_MAX);
    hats_cbor_put_map(&w, CHALLENGE_FIELDS);
    put_uint(&w, 1, VERSION);
    put_span(&w, 2, m->nonce, sizeof m->nonce);
    put_span(&w, 3, m->registrar, sizeof m->registrar);
    put_uint(&w, 4, m->epoch);
    put_uint(&w, 5, m->pcr_mask);
    put_span(&w, 6, m->id_object.data, m->id_object.len_bytes);
    put_span(&w, 7, m->encrypted.data, m->encrypted.len_bytes);
    return append(out, &w, &room, err);
}

hats_status hats_enrol_challenge_decode(struct hats_enrol_challenge *out, const uint8_t *bytes,
                                        size_t len, struct hats_error *err) {
    struct hats_enrol_challenge m;
    memset(&m, 0, sizeof m);
    memset(out, 0, sizeof *out);
    hats_status s = validate(bytes, len, HATS_ENROL_CHALLENGE_MAX, "challenge", err);
    if (s != HATS_OK)
        return s;
    struct hats_reader r = hats_reader_of(bytes, len);
    if (!take_head(&r, CHALLENGE_FIELDS) || !take_b32(&r, 2, m.nonce) ||
        !take_b32(&r, 3, m.registrar) || !take_uint(&r, 4, UINT32_MAX, &m.epoch) ||
        !take_uint(&r, 5, (1u << HATS_TPM_PCRS) - 1, &m.pcr_mask) ||
        !take_span(&r, 6, 256, &m.id_object) ||
        !take_span(&r, 7, HATS_CLASSICAL_RSA_MAX, &m.encrypted) ||
        (m.id_object.len_bytes > 0) != (m.encrypted.len_bytes > 0))
        return malformed("challenge", err);
    *out = m;
    return HATS_OK;
}

/* ---- answer ---- */

hats_status hats_enrol_answer_encode(struct hats_buffer *out, const struct hats_enrol_answer *m,
                                     struct hats_error *err) {
    uint8_t pk[32];
    struct hats_buffer room;
    struct hats_writer w = writer_in(&room, ANSWER_ROOM + m->log.len_bytes);
    hats_device_elements_encode(pk, m->pk);
    hats_cbor_put_map(&w, ANSWER_FIELDS);
    put_uint(&w, 1, VERSION);
    put_span(&w, 2, m->nonce, sizeof m->nonce);
    put_span(&w, 3, pk, sizeof pk);
    put_uint(&w, 4, m->said);
    put_uint(&w, 5, m->jurisdiction);
    put_span(&w, 6, m->lease.data, m->lease.len_bytes);
    put_span(&w, 7, m->certify.data, m->certify.len_bytes);
    put_span(&w, 8, m->certify_signature.data, m->certify_signature.len_bytes);
    put_span(&w, 9, m->quote.data, m->quote.len_bytes);
    put_span(&w, 10, m->quote_signature.data, m->quote_signature.len_bytes);
    put_span(&w, 11, m->log.data, m->log.len_bytes);
    put_span(&w, 12, m->mac, sizeof m->mac);
    return append(out, &w, &room, err);
}

static bool take_proofs(struct hats_enrol_answer *m, struct hats_reader *r) {
    struct hats_tpm_span *spans[] = {&m->lease, &m->certify, &m->certify_signature, &m->quote,
                                     &m->quote_signature};
    for (size_t i = 0; i < HATS_COUNT_OF(spans); i++)
        if (!take_span(r, 6 + i, PUBLIC_MAX, spans[i]) ||
            (spans[i]->len_bytes > 0) != (m->lease.len_bytes > 0))
            return false;
    return take_span(r, 11, HATS_ENROL_ANSWER_MAX, &m->log) &&
           (m->log.len_bytes == 0 || m->lease.len_bytes > 0);
}

hats_status hats_enrol_answer_decode(struct hats_enrol_answer *out, size_t *authentic_len,
                                     const uint8_t *bytes, size_t len, struct hats_error *err) {
    struct hats_enrol_answer m;
    uint8_t pk[32];
    memset(&m, 0, sizeof m);
    memset(out, 0, sizeof *out);
    *authentic_len = 0;
    hats_status s = validate(bytes, len, HATS_ENROL_ANSWER_MAX, "answer", err);
    if (s != HATS_OK)
        return s;
    struct hats_reader r = hats_reader_of(bytes, len);
    if (!take_head(&r, ANSWER_FIELDS) || !take_b32(&r, 2, m.nonce) || !take_b32(&r, 3, pk) ||
        !take_uint(&r, 4, UINT32_MAX, &m.said) ||
        !take_uint(&r, 5, JURISDICTION_MAX, &m.jurisdiction) || !take_proofs(&m, &r))
        return malformed("answer", err);
    size_t covered = len - hats_reader_left(&r);
    if (!take_b32(&r, 12, m.mac))
        return malformed("answer", err);
    if ((m.said & ~HATS_POSTURE_SAID) != 0)
        return hats_fail(err, HATS_E_RANGE,
                         "answer: a device says of itself what others must attest");
    s = hats_device_elements_decode(m.pk, pk, err);
    if (s != HATS_OK)
        return s;
    *authentic_len = covered;
    *out = m;
    return HATS_OK;
}

/* ---- what both sides compute ---- */

void hats_enrol_quote_extra(uint8_t out[32], const uint8_t nonce[HATS_ENROL_NONCE_LEN],
                            const uint64_t pk[4], const uint8_t *lease_name, size_t name_len,
                            uint32_t epoch) {
    uint8_t message[32 + 32 + 32 + 4];
    memcpy(message, nonce, 32);
    hats_device_elements_encode(message + 32, pk);
    hats_sha256(message + 64, lease_name, name_len);
    hats_store_be32(message + 96, epoch);
    hats_sha256_tagged(out, "HATS-ENR-1", message, sizeof message);
}

void hats_enrol_certify_extra(uint8_t out[32], const uint8_t nonce[HATS_ENROL_NONCE_LEN]) {
    hats_sha256_tagged(out, "HATS-ENR-2", nonce, HATS_ENROL_NONCE_LEN);
}

void hats_enrol_mac(uint8_t out[32], const uint8_t secret[HATS_ENROL_SECRET_LEN],
                    const uint8_t *answer, size_t len) {
    uint8_t message[16 + 32] = "HATS-ENR-3";
    hats_sha256(message + 16, answer, len);
    hats_hmac_sha256(out, secret, HATS_ENROL_SECRET_LEN, message, sizeof message);
}

void hats_enrol_lease_input(uint8_t out[HATS_ENROL_LEASE_INPUT_LEN], unsigned which,
                            const uint8_t registrar[32], uint32_t epoch) {
    struct hats_writer w = hats_writer_of(out, HATS_ENROL_LEASE_INPUT_LEN);
    hats_write_tag16(&w, which == 0 ? "HATS-SK-1" : "HATS-SKU-1");
    hats_write_bytes(&w, registrar, 32);
    hats_write_be32(&w, epoch);
    assert(hats_writer_ok(&w) && hats_writer_len(&w) == HATS_ENROL_LEASE_INPUT_LEN);
}

/* A word is below p but for one in 2^32; less p then. Constant time. */
void hats_enrol_lease_elements(uint64_t out[4], const uint8_t mac[32]) {
    for (size_t i = 0; i < 4; i++) {
        uint64_t word = hats_load_be64(mac + 8 * i), mask = 0 - (uint64_t)(word >= HATS_P);
        out[i] = word - (HATS_P & mask);
    }
}
