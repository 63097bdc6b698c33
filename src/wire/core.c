#include "wire/core.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "cbor/cbor.h"
#include "hash/sha256.h"
#include "hash/shake.h"

#include <assert.h>

#define VERSION 1
#define N_FIELDS 14
#define PARAMETERS_MAX 256 /* bytes; 11 items, two digests, small integers */

void hats_call_parameters_digest(uint8_t out[32], const struct hats_call_parameters *p) {
    uint8_t bytes[PARAMETERS_MAX];
    struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
    hats_cbor_put_array(&w, 11);
    hats_cbor_put_uint(&w, p->set_id);
    hats_cbor_put_uint(&w, p->proof_suite);
    hats_cbor_put_uint(&w, p->d);
    hats_cbor_put_uint(&w, p->log_t);
    hats_cbor_put_bytes(&w, p->bounds_digest, 32);
    hats_cbor_put_uint(&w, p->k);
    hats_cbor_put_uint(&w, p->block);
    hats_cbor_put_uint(&w, p->n_in);
    hats_cbor_put_bytes(&w, p->transform_digest, 32);
    hats_cbor_put_null(&w); /* C_D */
    hats_cbor_put_uint(&w, p->purpose);
    bool fits = hats_writer_ok(&w);
    assert(fits);
    (void)fits;
    hats_sha256(out, bytes, hats_writer_len(&w));
}

void hats_core_encode(uint8_t out[HATS_CORE_MAX_BYTES], size_t *len_bytes,
                      const struct hats_core *core) {
    struct hats_writer w = hats_writer_of(out, HATS_CORE_MAX_BYTES);
    hats_cbor_put_map(&w, N_FIELDS);
    for (uint64_t key = 1; key <= N_FIELDS; key++) {
        hats_cbor_put_uint(&w, key);
        switch (key) {
        case 1: hats_cbor_put_uint(&w, VERSION); break;
        case 2: hats_cbor_put_bytes(&w, core->sid, sizeof core->sid); break;
        case 3: hats_cbor_put_uint(&w, core->i); break;
        case 4: hats_cbor_put_uint(&w, core->op); break;
        case 5: hats_cbor_put_bytes(&w, core->model_commitment, 32); break;
        case 6: hats_cbor_put_bytes(&w, core->kid, 32); break;
        case 7: hats_cbor_put_bytes(&w, core->ciphertext_digest, 32); break;
        case 11: hats_cbor_put_uint(&w, core->unix_ms); break;
        case 13: hats_cbor_put_uint(&w, core->purpose); break;
        case 14: hats_cbor_put_bytes(&w, core->parameters_digest, 32); break;
        default: hats_cbor_put_null(&w); break; /* proof, provenance, C_D, jurisdiction */
        }
    }
    bool fits = hats_writer_ok(&w);
    assert(fits && core->i <= HATS_CALL_INDEX_MAX);
    (void)fits;
    *len_bytes = hats_writer_len(&w);
}

static const char *const field_names[N_FIELDS + 1] = {
    "",
    "1 (version)",
    "2 (sid)",
    "3 (i)",
    "4 (op)",
    "5 (model commitment)",
    "6 (kid)",
    "7 (ciphertext digest)",
    "8 (proof)",
    "9 (provenance)",
    "10 (data commitment)",
    "11 (time)",
    "12 (jurisdiction)",
    "13 (purpose)",
    "14 (parameters digest)",
};

static hats_status need_uint(struct hats_reader *r, uint64_t *v, uint64_t max, uint64_t key,
                             struct hats_error *err) {
    if (!hats_cbor_get_uint(r, v))
        return hats_fail(err, HATS_E_MALFORMED, "core field %s is not an unsigned integer",
                         field_names[key]);
    if (*v > max)
        return hats_fail(err, HATS_E_RANGE, "core field %s is out of range", field_names[key]);
    return HATS_OK;
}

static hats_status need_b32(struct hats_reader *r, uint8_t out[32], uint64_t key,
                            struct hats_error *err) {
    if (!hats_cbor_get_bytes_exact(r, out, 32))
        return hats_fail(err, HATS_E_MALFORMED, "core field %s is not a string of 32 bytes",
                         field_names[key]);
    return HATS_OK;
}

static hats_status read_field(struct hats_core *core, struct hats_reader *r, uint64_t key,
                              struct hats_error *err) {
    uint64_t v = 0;
    hats_status s = HATS_OK;
    switch (key) {
    case 1:
        s = need_uint(r, &v, UINT64_MAX, key, err);
        if (s == HATS_OK && v != VERSION)
            s = hats_fail(err, HATS_E_VERSION, "core version %llu is not known here",
                          (unsigned long long)v);
        break;
    case 2: return need_b32(r, core->sid, key, err);
    case 3:
        s = need_uint(r, &v, HATS_CALL_INDEX_MAX, key, err);
        core->i = (uint32_t)v;
        break;
    case 4:
        s = need_uint(r, &v, UINT64_MAX, key, err);
        if (s == HATS_OK && v != HATS_OP_INFER)
            s = hats_fail(err, HATS_E_UNSUPPORTED, "core operation %llu is not known here",
                          (unsigned long long)v);
        core->op = HATS_OP_INFER;
        break;
    case 5: return need_b32(r, core->model_commitment, key, err);
    case 6: return need_b32(r, core->kid, key, err);
    case 7: return need_b32(r, core->ciphertext_digest, key, err);
    case 11: return need_uint(r, &core->unix_ms, INT64_MAX, key, err);
    case 13:
        s = need_uint(r, &v, UINT32_MAX, key, err);
        core->purpose = (uint32_t)v;
        break;
    case 14: return need_b32(r, core->parameters_digest, key, err);
    default:
        if (!hats_cbor_take_null(r))
            s = hats_fail(err, HATS_E_UNSUPPORTED, "core field %s must be null in this version",
                          field_names[key]);
        break;
    }
    return s;
}

hats_status hats_core_decode(struct hats_core *out, const uint8_t *bytes, size_t len_bytes,
                             struct hats_error *err) {
    *out = (struct hats_core){0};
    if (len_bytes > HATS_CORE_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "core of %zu bytes: at most %d are allowed",
                         len_bytes, HATS_CORE_MAX_BYTES);
    hats_status s = hats_cbor_validate(bytes, len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "request core");
    struct hats_core core = {0};
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    size_t n = 0;
    if (!hats_cbor_get_map(&r, &n) || n != N_FIELDS)
        return hats_fail(err, HATS_E_MALFORMED, "core is not a map of %d fields", N_FIELDS);
    for (uint64_t want = 1; s == HATS_OK && want <= N_FIELDS; want++) {
        uint64_t key = 0;
        if (!hats_cbor_get_uint(&r, &key) || key != want)
            return hats_fail(err, HATS_E_MALFORMED, "core field %s is missing", field_names[want]);
        s = read_field(&core, &r, key, err);
    }
    if (s == HATS_OK && !hats_reader_done(&r))
        s = hats_fail(err, HATS_E_MALFORMED, "core does not end where it should");
    if (s == HATS_OK)
        *out = core;
    return s;
}

void hats_core_request_digest(uint8_t r[32], const uint8_t *core_bytes, size_t len_bytes) {
    hats_sha256_tagged(r, "HATS-REQ-1", core_bytes, len_bytes);
}

void hats_core_context(uint8_t ctx[32], const struct hats_core *core) {
    uint8_t bytes[32 + 4 + 32 + 32 + 32];
    struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
    hats_write_bytes(&w, core->sid, 32);
    hats_write_be32(&w, core->i);
    hats_write_bytes(&w, core->kid, 32);
    hats_write_bytes(&w, core->model_commitment, 32);
    hats_write_bytes(&w, core->parameters_digest, 32);
    hats_sha256_tagged(ctx, "HATS-CTX-1", bytes, hats_writer_len(&w));
}

void hats_core_mask_seed(uint8_t out[32], const uint8_t flood_seed[32], const uint8_t r[32]) {
    struct hats_shake x;
    hats_shake256_init(&x);
    hats_shake_absorb(&x, "HATS-MASK-1", 11);
    hats_shake_absorb(&x, flood_seed, 32);
    hats_shake_absorb(&x, r, 32);
    hats_shake_squeeze(&x, out, 32);
    hats_shake_wipe(&x);
}
