#include "evidence/publication.h"

#include "cbor/cbor.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define VERSION 1
#define PAYLOAD_MAX 1024
#define TIME_MAX_MS 253402300799999ull /* the end of the year 9999 */
#define LOG_T_MAX 62

enum {
    FIELD_VERSION = 1,
    FIELD_COMMITMENT,
    FIELD_NAME,
    FIELD_MODEL_VERSION,
    FIELD_PLAN,
    FIELD_SET,
    FIELD_LOG_T,
    FIELD_PUBLISHED,
    FIELD_PUBLISHER,
    N_FIELDS = FIELD_PUBLISHER,
};

static hats_status refuse(struct hats_error *err, hats_status s, int field, const char *why) {
    static const char *const names[N_FIELDS] = {
        "version", "model commitment", "name",      "model version", "plan digest",
        "set id",  "log2 t",           "published", "publisher",
    };
    return hats_fail(err, s, "publication: field %d (%s): %s", field, names[field - 1], why);
}

static hats_status take_field(struct hats_reader *r, int field, struct hats_error *err) {
    uint64_t label;
    if (hats_cbor_get_uint(r, &label) && label == (uint64_t)field)
        return HATS_OK;
    return refuse(err, HATS_E_MALFORMED, field, "missing, or an unknown field before it");
}

static hats_status get_digest(struct hats_reader *r, int field, uint8_t out[32],
                              struct hats_error *err) {
    hats_status s = take_field(r, field, err);
    if (s == HATS_OK && !hats_cbor_get_bytes_exact(r, out, 32))
        s = refuse(err, HATS_E_MALFORMED, field, "not 32 bytes");
    return s;
}

static hats_status get_text(struct hats_reader *r, int field, char *out, size_t cap_bytes,
                            struct hats_error *err) {
    hats_status s = take_field(r, field, err);
    if (s == HATS_OK && !hats_cbor_get_string(r, out, cap_bytes))
        s = refuse(err, HATS_E_MALFORMED, field, "not a text, or too long");
    if (s == HATS_OK && (out[0] == '\0' || !hats_text_is_plain(out)))
        s = refuse(err, HATS_E_RANGE, field, "empty, or not plain text");
    return s;
}

static hats_status get_number(struct hats_reader *r, int field, uint64_t least, uint64_t most,
                              uint64_t *out, struct hats_error *err) {
    hats_status s = take_field(r, field, err);
    if (s == HATS_OK && !hats_cbor_get_uint(r, out))
        s = refuse(err, HATS_E_MALFORMED, field, "not an unsigned number");
    if (s == HATS_OK && (*out < least || *out > most))
        s = refuse(err, HATS_E_RANGE, field, "outside its range");
    return s;
}

static hats_status get_version(struct hats_reader *r, struct hats_error *err) {
    uint64_t version;
    hats_status s = get_number(r, FIELD_VERSION, 0, UINT64_MAX, &version, err);
    if (s == HATS_OK && version != VERSION)
        s = refuse(err, HATS_E_VERSION, FIELD_VERSION, "this program reads version 1");
    return s;
}

static hats_status decode(struct hats_publication *out, struct hats_reader *r,
                          struct hats_error *err) {
    uint64_t set_id = 0, log_t = 0;
    size_t n;
    if (!hats_cbor_get_map(r, &n))
        return hats_fail(err, HATS_E_MALFORMED, "publication: the payload is not a map");
    hats_status s = get_version(r, err);
    if (s == HATS_OK)
        s = get_digest(r, FIELD_COMMITMENT, out->model_commitment, err);
    if (s == HATS_OK)
        s = get_text(r, FIELD_NAME, out->name, sizeof out->name, err);
    if (s == HATS_OK)
        s = get_text(r, FIELD_MODEL_VERSION, out->model_version, sizeof out->model_version, err);
    if (s == HATS_OK)
        s = get_digest(r, FIELD_PLAN, out->plan_digest, err);
    if (s == HATS_OK)
        s = get_number(r, FIELD_SET, 1, UINT32_MAX, &set_id, err);
    if (s == HATS_OK)
        s = get_number(r, FIELD_LOG_T, 1, LOG_T_MAX, &log_t, err);
    if (s == HATS_OK)
        s = get_number(r, FIELD_PUBLISHED, 0, TIME_MAX_MS, &out->published_ms, err);
    if (s == HATS_OK)
        s = get_text(r, FIELD_PUBLISHER, out->publisher, sizeof out->publisher, err);
    if (s == HATS_OK && n != N_FIELDS)
        s = hats_fail(err, HATS_E_UNSUPPORTED, "publication: a field unknown to this program");
    out->set_id = (uint32_t)set_id;
    out->log_t = (unsigned)log_t;
    return s;
}

hats_status hats_publication_decode(struct hats_publication *out, const uint8_t *payload,
                                    size_t len_bytes, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(payload, len_bytes);
    memset(out, 0, sizeof *out);
    hats_status s = hats_cbor_validate(payload, len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "publication");
    s = decode(out, &r, err);
    if (s != HATS_OK)
        memset(out, 0, sizeof *out);
    return s;
}

static void put_payload(struct hats_writer *w, const struct hats_publication *p) {
    hats_cbor_put_map(w, N_FIELDS);
    hats_cbor_put_uint(w, FIELD_VERSION);
    hats_cbor_put_uint(w, VERSION);
    hats_cbor_put_uint(w, FIELD_COMMITMENT);
    hats_cbor_put_bytes(w, p->model_commitment, 32);
    hats_cbor_put_uint(w, FIELD_NAME);
    hats_cbor_put_text(w, p->name);
    hats_cbor_put_uint(w, FIELD_MODEL_VERSION);
    hats_cbor_put_text(w, p->model_version);
    hats_cbor_put_uint(w, FIELD_PLAN);
    hats_cbor_put_bytes(w, p->plan_digest, 32);
    hats_cbor_put_uint(w, FIELD_SET);
    hats_cbor_put_uint(w, p->set_id);
    hats_cbor_put_uint(w, FIELD_LOG_T);
    hats_cbor_put_uint(w, p->log_t);
    hats_cbor_put_uint(w, FIELD_PUBLISHED);
    hats_cbor_put_uint(w, p->published_ms);
    hats_cbor_put_uint(w, FIELD_PUBLISHER);
    hats_cbor_put_text(w, p->publisher);
}

hats_status hats_publication_sign(struct hats_buffer *out, const struct hats_publication *p,
                                  const struct hats_sign_key *publisher, struct hats_error *err) {
    uint8_t payload[PAYLOAD_MAX];
    struct hats_publication back;
    struct hats_writer w = hats_writer_of(payload, sizeof payload);
    put_payload(&w, p);
    assert(hats_writer_ok(&w));
    hats_status s = hats_publication_decode(&back, payload, hats_writer_len(&w), err);
    if (s != HATS_OK)
        return s;
    return hats_cose_sign(out, publisher, HATS_TYPE_MODEL, p->publisher, p->published_ms / 1000,
                          payload, hats_writer_len(&w), err);
}

static hats_status check(struct hats_publication *out, const struct hats_trust_key **key,
                         const uint8_t *bytes, size_t len_bytes, const struct hats_trust *trust,
                         uint64_t now_ms, struct hats_error *err) {
    struct hats_cose file;
    enum hats_signer_state state;
    if (len_bytes > HATS_PUBLICATION_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "publication: %zu bytes; at most %d are read",
                         len_bytes, HATS_PUBLICATION_MAX_BYTES);
    hats_status s = hats_cose_parse(&file, bytes, len_bytes, HATS_TYPE_MODEL, err);
    if (s == HATS_OK)
        s = hats_publication_decode(out, file.payload, file.payload_len, err);
    if (s == HATS_OK)
        s = hats_trust_check(&file, key, &state, trust, HATS_ROLE_MODEL, out->published_ms, now_ms,
                             err);
    if (s == HATS_OK && file.issued_s != out->published_ms / 1000)
        s = hats_fail(
            err, HATS_E_VERIFY,
            "publication: field 8 (published) and iat in the header name different seconds");
    if (s == HATS_OK && out->published_ms > now_ms &&
        out->published_ms - now_ms > HATS_RECEIPT_SKEW_MS)
        s = hats_fail(err, HATS_E_VERIFY,
                      "publication: field 8 (published) lies %" PRIu64
                      " s in the future of this clock",
                      (out->published_ms - now_ms) / 1000);
    return s;
}

hats_status hats_publication_verify(struct hats_publication *out, const struct hats_trust_key **key,
                                    const uint8_t *bytes, size_t len_bytes,
                                    const struct hats_trust *trust, uint64_t now_ms,
                                    struct hats_error *err) {
    const struct hats_trust_key *found = NULL;
    memset(out, 0, sizeof *out);
    hats_status s = check(out, &found, bytes, len_bytes, trust, now_ms, err);
    if (s != HATS_OK) {
        memset(out, 0, sizeof *out);
        found = NULL;
    }
    if (key != NULL)
        *key = found;
    return s;
}
