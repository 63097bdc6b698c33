#include "wire/policy.h"

#include "cbor/cbor.h"
#include "hash/sha256.h"
#include "wire/challenge.h"

#include <string.h>

#define VERSION 1
#define JURISDICTION_MAX 999 /* ISO 3166-1 numeric codes have three digits */

enum field {
    FIELD_VERSION = 1,
    FIELD_REGISTRAR,
    FIELD_POSTURE,
    FIELD_FIRMWARE,
    FIELD_JURISDICTIONS,
    FIELD_ASSURANCES,
    FIELD_SLOTS,
    FIELD_EPOCH,
    FIELD_CALLS,
    FIELD_LIFE,
    FIELD_NULLIFIER_CALLS,
    FIELD_SUPERSESSIONS,
    N_FIELDS = FIELD_SUPERSESSIONS,
};

static hats_status refuse(struct hats_error *err, hats_status s, enum field field,
                          const char *why) {
    static const char *const names[N_FIELDS] = {
        "version",         "registrar",     "posture mask",        "firmware classes",
        "jurisdictions",   "assurance",     "nullifiers a device", "length of an epoch",
        "calls a session", "life, seconds", "calls a nullifier",   "supersessions a nullifier",
    };
    return hats_fail(err, s, "policy: field %d (%s): %s", (int)field, names[field - 1], why);
}

const char *hats_assurance_name(enum hats_assurance level) {
    static const char *const names[HATS_ASSURANCE_COUNT] = {
        "software device: proves enrolment, not hardware", "virtual TPM", "firmware TPM",
        "discrete TPM"};
    return level < HATS_ASSURANCE_COUNT ? names[level] : "unknown assurance";
}

/* ---- writing ---- */

static void put_number(struct hats_writer *w, enum field field, uint64_t value) {
    hats_cbor_put_uint(w, field);
    hats_cbor_put_uint(w, value);
}

static void put_set(struct hats_writer *w, enum field field, const struct hats_policy_set *set) {
    size_t n = set->n <= HATS_POLICY_SET_MAX ? set->n : 0;
    hats_cbor_put_uint(w, field);
    hats_cbor_put_array(w, n);
    for (size_t i = 0; i < n; i++)
        hats_cbor_put_uint(w, set->values[i]);
}

hats_status hats_policy_encode(struct hats_buffer *out, const struct hats_policy *p,
                               struct hats_error *err) {
    uint8_t bytes[HATS_POLICY_MAX_BYTES];
    struct hats_policy back;
    struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
    hats_cbor_put_map(&w, N_FIELDS);
    put_number(&w, FIELD_VERSION, VERSION);
    hats_cbor_put_uint(&w, FIELD_REGISTRAR);
    hats_cbor_put_bytes(&w, p->registrar, sizeof p->registrar);
    put_number(&w, FIELD_POSTURE, p->posture_mask);
    put_set(&w, FIELD_FIRMWARE, &p->firmware);
    put_set(&w, FIELD_JURISDICTIONS, &p->jurisdictions);
    put_set(&w, FIELD_ASSURANCES, &p->assurances);
    put_number(&w, FIELD_SLOTS, p->slots);
    put_number(&w, FIELD_EPOCH, p->epoch_s);
    put_number(&w, FIELD_CALLS, p->calls_max);
    put_number(&w, FIELD_LIFE, p->life_max_s);
    put_number(&w, FIELD_NULLIFIER_CALLS, p->nullifier_calls);
    put_number(&w, FIELD_SUPERSESSIONS, p->nullifier_supersessions);
    hats_status s = hats_policy_decode(&back, bytes, hats_writer_len(&w), err);
    if (s != HATS_OK)
        return s;
    hats_buffer_append(out, bytes, hats_writer_len(&w));
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "no memory for a policy") : HATS_OK;
}

/* ---- reading ---- */

static hats_status take_field(struct hats_reader *r, enum field field, struct hats_error *err) {
    uint64_t label;
    if (hats_cbor_get_uint(r, &label) && label == (uint64_t)field)
        return HATS_OK;
    return refuse(err, HATS_E_MALFORMED, field, "missing, or an unknown field before it");
}

static hats_status take_number(struct hats_reader *r, enum field field, uint32_t least,
                               uint32_t most, uint32_t *out, struct hats_error *err) {
    uint64_t value = 0;
    hats_status s = take_field(r, field, err);
    if (s == HATS_OK && !hats_cbor_get_uint(r, &value))
        return refuse(err, HATS_E_MALFORMED, field, "not an unsigned number");
    if (s == HATS_OK && (value < least || value > most))
        return refuse(err, HATS_E_RANGE, field, "outside its range");
    *out = (uint32_t)value;
    return s;
}

static hats_status take_set(struct hats_reader *r, enum field field, uint32_t most,
                            struct hats_policy_set *set, struct hats_error *err) {
    uint64_t value = 0, before = 0;
    hats_status s = take_field(r, field, err);
    if (s == HATS_OK && !hats_cbor_get_array(r, &set->n))
        return refuse(err, HATS_E_MALFORMED, field, "not a list");
    if (s == HATS_OK && (set->n < 1 || set->n > HATS_POLICY_SET_MAX))
        return refuse(err, HATS_E_RANGE, field, "empty, or too long");
    for (size_t i = 0; s == HATS_OK && i < set->n; i++, before = value) {
        if (!hats_cbor_get_uint(r, &value))
            return refuse(err, HATS_E_MALFORMED, field, "not a list of unsigned numbers");
        if (value > most)
            return refuse(err, HATS_E_RANGE, field, "a value outside its range");
        if (i > 0 && value <= before)
            return refuse(err, HATS_E_CANONICAL, field, "values must ascend");
        set->values[i] = (uint32_t)value;
    }
    return s;
}

static hats_status take_head(struct hats_policy *p, struct hats_reader *r, struct hats_error *err) {
    uint32_t version = 0;
    size_t n = 0;
    if (!hats_cbor_get_map(r, &n))
        return hats_fail(err, HATS_E_MALFORMED, "policy: not a map");
    hats_status s = take_number(r, FIELD_VERSION, 0, UINT32_MAX, &version, err);
    if (s == HATS_OK && version != VERSION)
        return refuse(err, HATS_E_VERSION, FIELD_VERSION, "this program reads version 1");
    if (s == HATS_OK && n != N_FIELDS)
        return hats_fail(err, HATS_E_MALFORMED, "policy: %zu fields, not %d", n, N_FIELDS);
    if (s == HATS_OK)
        s = take_field(r, FIELD_REGISTRAR, err);
    if (s == HATS_OK && !hats_cbor_get_bytes_exact(r, p->registrar, sizeof p->registrar))
        return refuse(err, HATS_E_MALFORMED, FIELD_REGISTRAR, "not 32 bytes");
    return s;
}

static hats_status decode(struct hats_policy *p, struct hats_reader *r, struct hats_error *err) {
    const struct {
        enum field field;
        uint32_t least, most;
        uint32_t *out;
    } numbers[] = {
        {FIELD_SLOTS, 1, HATS_POLICY_SLOTS_MAX, &p->slots},
        {FIELD_EPOCH, HATS_POLICY_EPOCH_MIN_S, HATS_POLICY_EPOCH_MAX_S, &p->epoch_s},
        {FIELD_CALLS, 2, HATS_SESSION_CALLS_MAX, &p->calls_max},
        {FIELD_LIFE, 1, HATS_SESSION_LIFE_MAX_S, &p->life_max_s},
        {FIELD_NULLIFIER_CALLS, 0, UINT32_MAX, &p->nullifier_calls},
        {FIELD_SUPERSESSIONS, 0, UINT32_MAX, &p->nullifier_supersessions},
    };
    hats_status s = take_head(p, r, err);
    if (s == HATS_OK)
        s = take_number(r, FIELD_POSTURE, 0, UINT32_MAX, &p->posture_mask, err);
    if (s == HATS_OK)
        s = take_set(r, FIELD_FIRMWARE, UINT32_MAX, &p->firmware, err);
    if (s == HATS_OK)
        s = take_set(r, FIELD_JURISDICTIONS, JURISDICTION_MAX, &p->jurisdictions, err);
    if (s == HATS_OK)
        s = take_set(r, FIELD_ASSURANCES, HATS_ASSURANCE_COUNT - 1, &p->assurances, err);
    for (size_t i = 0; s == HATS_OK && i < sizeof numbers / sizeof numbers[0]; i++)
        s = take_number(r, numbers[i].field, numbers[i].least, numbers[i].most, numbers[i].out,
                        err);
    return s;
}

hats_status hats_policy_decode(struct hats_policy *out, const uint8_t *bytes, size_t len_bytes,
                               struct hats_error *err) {
    struct hats_policy p;
    memset(&p, 0, sizeof p);
    memset(out, 0, sizeof *out);
    if (len_bytes > HATS_POLICY_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "policy: %zu bytes; at most %d are read", len_bytes,
                         HATS_POLICY_MAX_BYTES);
    hats_status s = hats_cbor_validate(bytes, len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "policy");
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    s = decode(&p, &r, err);
    if (s == HATS_OK)
        *out = p;
    return s;
}

void hats_policy_digest(uint8_t out[32], const uint8_t *bytes, size_t len_bytes) {
    hats_sha256_tagged(out, "HATS-POL-1", bytes, len_bytes);
}
