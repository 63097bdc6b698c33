#include "evidence/registry_root.h"

#include "base/bytes.h"
#include "cbor/cbor.h"
#include "evidence/receipt.h"
#include "field/field.h"
#include "hash/sha256.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define VERSION 1
#define PAYLOAD_MAX 256
#define TIME_MAX_MS 253402300799999ull /* the end of the year 9999 */
#define SEQ_MAX ((uint64_t)INT64_MAX)

enum field {
    FIELD_VERSION = 1,
    FIELD_SEQ,
    FIELD_MIN_SEQ,
    FIELD_ROOT,
    FIELD_DEVICES,
    FIELD_EPOCH,
    FIELD_PUBLISHED,
    FIELD_PREVIOUS,
    N_FIELDS = FIELD_PREVIOUS,
};

static hats_status refuse(struct hats_error *err, hats_status s, enum field field,
                          const char *why) {
    static const char *const names[N_FIELDS] = {"version", "seq",   "min_seq",   "root",
                                                "devices", "epoch", "published", "previous"};
    return hats_fail(err, s, "registry root: field %d (%s): %s", (int)field, names[field - 1], why);
}

/* ---- payload ---- */

static hats_status take_field(struct hats_reader *r, enum field field, struct hats_error *err) {
    uint64_t label;
    if (hats_cbor_get_uint(r, &label) && label == (uint64_t)field)
        return HATS_OK;
    return refuse(err, HATS_E_MALFORMED, field, "missing, or an unknown field before it");
}

static hats_status take_number(struct hats_reader *r, enum field field, uint64_t least,
                               uint64_t most, uint64_t *out, struct hats_error *err) {
    hats_status s = take_field(r, field, err);
    if (s == HATS_OK && !hats_cbor_get_uint(r, out))
        return refuse(err, HATS_E_MALFORMED, field, "not an unsigned number");
    if (s == HATS_OK && (*out < least || *out > most))
        return refuse(err, HATS_E_RANGE, field, "outside its range");
    return s;
}

static hats_status take_root(struct hats_reader *r, uint8_t root[32], struct hats_error *err) {
    hats_status s = take_field(r, FIELD_ROOT, err);
    if (s == HATS_OK && !hats_cbor_get_bytes_exact(r, root, 32))
        return refuse(err, HATS_E_MALFORMED, FIELD_ROOT, "not 32 bytes");
    for (size_t i = 0; s == HATS_OK && i < 4; i++)
        if (hats_load_be64(root + 8 * i) >= HATS_P)
            return refuse(err, HATS_E_CANONICAL, FIELD_ROOT, "an element that is not below p");
    return s;
}

static hats_status take_previous(struct hats_reader *r, struct hats_registry_root *out,
                                 struct hats_error *err) {
    hats_status s = take_field(r, FIELD_PREVIOUS, err);
    if (s != HATS_OK)
        return s;
    bool good =
        out->seq == 1 ? hats_cbor_get_null(r) : hats_cbor_get_bytes_exact(r, out->previous, 32);
    return good ? HATS_OK
                : refuse(err, HATS_E_MALFORMED, FIELD_PREVIOUS,
                         "null for the first root and 32 bytes for the others");
}

static hats_status decode(struct hats_registry_root *out, struct hats_reader *r,
                          struct hats_error *err) {
    uint64_t version = 0, devices = 0, epoch = 0;
    size_t n = 0;
    if (!hats_cbor_get_map(r, &n))
        return hats_fail(err, HATS_E_MALFORMED, "registry root: the payload is not a map");
    hats_status s = take_number(r, FIELD_VERSION, 0, UINT64_MAX, &version, err);
    if (s == HATS_OK && version != VERSION)
        return refuse(err, HATS_E_VERSION, FIELD_VERSION, "this program reads version 1");
    if (s == HATS_OK)
        s = take_number(r, FIELD_SEQ, 1, SEQ_MAX, &out->seq, err);
    if (s == HATS_OK)
        s = take_number(r, FIELD_MIN_SEQ, 1, out->seq, &out->min_seq, err);
    if (s == HATS_OK)
        s = take_root(r, out->root, err);
    if (s == HATS_OK)
        s = take_number(r, FIELD_DEVICES, 0, HATS_REGISTRY_DEVICES_MAX, &devices, err);
    if (s == HATS_OK)
        s = take_number(r, FIELD_EPOCH, 0, UINT32_MAX, &epoch, err);
    if (s == HATS_OK)
        s = take_number(r, FIELD_PUBLISHED, 0, TIME_MAX_MS, &out->published_ms, err);
    if (s == HATS_OK)
        s = take_previous(r, out, err);
    if (s == HATS_OK && n != N_FIELDS)
        s = hats_fail(err, HATS_E_UNSUPPORTED, "registry root: a field unknown to this program");
    out->devices = (uint32_t)devices;
    out->epoch = (uint32_t)epoch;
    return s;
}

hats_status hats_registry_root_decode(struct hats_registry_root *out, const uint8_t *payload,
                                      size_t len_bytes, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(payload, len_bytes);
    memset(out, 0, sizeof *out);
    hats_status s = hats_cbor_validate(payload, len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "registry root");
    s = decode(out, &r, err);
    if (s != HATS_OK)
        memset(out, 0, sizeof *out);
    return s;
}

static void put_number(struct hats_writer *w, enum field field, uint64_t value) {
    hats_cbor_put_uint(w, field);
    hats_cbor_put_uint(w, value);
}

hats_status hats_registry_root_sign(struct hats_buffer *out, const struct hats_registry_root *r,
                                    const struct hats_sign_key *registrar, const char *name,
                                    struct hats_error *err) {
    uint8_t payload[PAYLOAD_MAX];
    struct hats_registry_root back;
    struct hats_writer w = hats_writer_of(payload, sizeof payload);
    hats_cbor_put_map(&w, N_FIELDS);
    put_number(&w, FIELD_VERSION, VERSION);
    put_number(&w, FIELD_SEQ, r->seq);
    put_number(&w, FIELD_MIN_SEQ, r->min_seq);
    hats_cbor_put_uint(&w, FIELD_ROOT);
    hats_cbor_put_bytes(&w, r->root, sizeof r->root);
    put_number(&w, FIELD_DEVICES, r->devices);
    put_number(&w, FIELD_EPOCH, r->epoch);
    put_number(&w, FIELD_PUBLISHED, r->published_ms);
    hats_cbor_put_uint(&w, FIELD_PREVIOUS);
    if (r->seq == 1)
        hats_cbor_put_null(&w);
    else
        hats_cbor_put_bytes(&w, r->previous, sizeof r->previous);
    assert(hats_writer_ok(&w));
    hats_status s = hats_registry_root_decode(&back, payload, hats_writer_len(&w), err);
    if (s != HATS_OK)
        return s;
    return hats_cose_sign(out, registrar, HATS_TYPE_REGISTRY_ROOT, name, r->published_ms / 1000,
                          payload, hats_writer_len(&w), err);
}

/* ---- signature ---- */

static hats_status check(struct hats_registry_root *out, const struct hats_trust_key **key,
                         uint8_t entry[32], const uint8_t *bytes, size_t len_bytes,
                         const struct hats_trust *trust, uint64_t now_ms, struct hats_error *err) {
    struct hats_cose file;
    enum hats_signer_state state;
    if (len_bytes > HATS_REGISTRY_ROOT_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "registry root: %zu bytes; at most %d are read",
                         len_bytes, HATS_REGISTRY_ROOT_MAX_BYTES);
    hats_status s = hats_cose_parse(&file, bytes, len_bytes, HATS_TYPE_REGISTRY_ROOT, err);
    if (s == HATS_OK)
        s = hats_registry_root_decode(out, file.payload, file.payload_len, err);
    if (s == HATS_OK)
        s = hats_trust_check(&file, key, &state, trust, HATS_ROLE_REGISTRAR, out->published_ms,
                             now_ms, err);
    if (s == HATS_OK && file.issued_s != out->published_ms / 1000)
        s = refuse(err, HATS_E_VERIFY, FIELD_PUBLISHED,
                   "another second than iat in the header names");
    if (s == HATS_OK && out->published_ms > now_ms &&
        out->published_ms - now_ms > HATS_RECEIPT_SKEW_MS)
        s = hats_fail(err, HATS_E_VERIFY,
                      "registry root: field 7 (published) lies %" PRIu64
                      " s in the future of this clock",
                      (out->published_ms - now_ms) / 1000);
    if (s == HATS_OK)
        hats_sha256(entry, bytes, len_bytes);
    return s;
}

hats_status hats_registry_root_verify(struct hats_registry_root *out,
                                      const struct hats_trust_key **key, uint8_t entry[32],
                                      const uint8_t *bytes, size_t len_bytes,
                                      const struct hats_trust *trust, uint64_t now_ms,
                                      struct hats_error *err) {
    const struct hats_trust_key *found = NULL;
    uint8_t digest[32] = {0};
    memset(out, 0, sizeof *out);
    hats_status s = check(out, &found, digest, bytes, len_bytes, trust, now_ms, err);
    if (s != HATS_OK) {
        memset(out, 0, sizeof *out);
        found = NULL;
    }
    if (key != NULL)
        *key = found;
    if (entry != NULL)
        memcpy(entry, digest, sizeof digest);
    return s;
}

/* ---- order ---- */

hats_status hats_registry_root_follows(const struct hats_registry_root *seen,
                                       const uint8_t seen_entry[32],
                                       const struct hats_registry_root *next,
                                       const uint8_t next_entry[32], struct hats_error *err) {
    bool same = memcmp(seen_entry, next_entry, 32) == 0;
    const char *contradiction = NULL;
    if (next->seq == seen->seq)
        return same ? HATS_OK
                    : hats_fail(err, HATS_E_CONFLICT,
                                "the registrar signed two roots of number %" PRIu64
                                "; keep both files",
                                seen->seq);
    if (next->seq < seen->seq)
        return hats_fail(err, HATS_E_TRUST,
                         "root %" PRIu64 " of the registry is older than root %" PRIu64
                         ", which was seen before",
                         next->seq, seen->seq);
    if (next->seq == seen->seq + 1 && memcmp(next->previous, seen_entry, 32) != 0)
        contradiction = "it names another root before it";
    else if (next->min_seq < seen->min_seq)
        contradiction = "its min_seq is lower";
    else if (next->epoch < seen->epoch)
        contradiction = "its epoch is earlier";
    else if (next->published_ms < seen->published_ms)
        contradiction = "its time is earlier";
    return contradiction == NULL
               ? HATS_OK
               : hats_fail(err, HATS_E_CONFLICT,
                           "root %" PRIu64 " of the registry does not follow root %" PRIu64
                           ": %s; keep both files",
                           next->seq, seen->seq, contradiction);
}
