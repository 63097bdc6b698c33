#include "wire/core.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "cbor/cbor.h"
#include "hash/sha256.h"
#include "hash/shake.h"

#include <assert.h>

#define VERSION 1
#define N_FIELDS_INFER 14
#define N_FIELDS_CLOSE 15
#define PARAMETERS_MAX 256 /* bytes; 11 items, three digests, small integers */

static void put_digest_or_null(struct hats_writer *w, bool there, const uint8_t digest[32]) {
    if (there)
        hats_cbor_put_bytes(w, digest, 32);
    else
        hats_cbor_put_null(w);
}

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
    put_digest_or_null(&w, p->has_data_commitment, p->data_commitment);
    hats_cbor_put_uint(&w, p->purpose);
    bool fits = hats_writer_ok(&w);
    assert(fits);
    (void)fits;
    hats_sha256(out, bytes, hats_writer_len(&w));
}

static void put_proof(struct hats_writer *w, const struct hats_core *core) {
    if (!core->has_proof) {
        hats_cbor_put_null(w);
        return;
    }
    hats_cbor_put_array(w, 2);
    hats_cbor_put_uint(w, core->proof_suite);
    hats_cbor_put_bytes(w, core->proof_digest, 32);
}

static void put_field(struct hats_writer *w, uint64_t key, const struct hats_core *core) {
    bool infer = core->op == HATS_OP_INFER;
    switch (key) {
    case 1: hats_cbor_put_uint(w, VERSION); break;
    case 2: hats_cbor_put_bytes(w, core->sid, sizeof core->sid); break;
    case 3: hats_cbor_put_uint(w, core->i); break;
    case 4: hats_cbor_put_uint(w, core->op); break;
    case 5: put_digest_or_null(w, infer, core->model_commitment); break;
    case 6: put_digest_or_null(w, infer, core->kid); break;
    case 7: put_digest_or_null(w, infer, core->ciphertext_digest); break;
    case 8: put_proof(w, core); break;
    case 10: put_digest_or_null(w, core->has_data_commitment, core->data_commitment); break;
    case 11: hats_cbor_put_uint(w, core->unix_ms); break;
    case 13: hats_cbor_put_uint(w, core->purpose); break;
    case 14: put_digest_or_null(w, infer, core->parameters_digest); break;
    case 15: hats_cbor_put_bytes(w, core->used, core->used_len); break;
    default: hats_cbor_put_null(w); break; /* provenance, jurisdiction */
    }
}

void hats_core_encode(uint8_t out[HATS_CORE_MAX_BYTES], size_t *len_bytes,
                      const struct hats_core *core) {
    struct hats_writer w = hats_writer_of(out, HATS_CORE_MAX_BYTES);
    uint64_t n = core->op == HATS_OP_CLOSE ? N_FIELDS_CLOSE : N_FIELDS_INFER;
    hats_cbor_put_map(&w, n);
    for (uint64_t key = 1; key <= n; key++) {
        hats_cbor_put_uint(&w, key);
        put_field(&w, key, core);
    }
    bool fits = hats_writer_ok(&w);
    assert(fits && core->i <= HATS_CALL_INDEX_MAX);
    (void)fits;
    *len_bytes = hats_writer_len(&w);
}

static const char *const field_names[N_FIELDS_CLOSE + 1] = {
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
    "15 (indices used)",
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

static hats_status need_null(struct hats_reader *r, uint64_t key, struct hats_error *err) {
    if (!hats_cbor_take_null(r))
        return hats_fail(err, HATS_E_UNSUPPORTED, "core field %s must be null here",
                         field_names[key]);
    return HATS_OK;
}

static hats_status read_proof(struct hats_core *core, struct hats_reader *r,
                              struct hats_error *err) {
    uint64_t suite = 0;
    size_t n = 0;
    if (hats_cbor_take_null(r))
        return HATS_OK;
    if (!hats_cbor_get_array(r, &n) || n != 2 || !hats_cbor_get_uint(r, &suite) ||
        !hats_cbor_get_bytes_exact(r, core->proof_digest, 32))
        return hats_fail(err, HATS_E_MALFORMED,
                         "core field %s is not null and not [suite, 32 bytes]", field_names[8]);
    if (suite == 0 || suite > UINT32_MAX)
        return hats_fail(err, HATS_E_RANGE, "core field %s is out of range", field_names[8]);
    core->has_proof = true;
    core->proof_suite = (uint32_t)suite;
    return HATS_OK;
}

static hats_status read_data_commitment(struct hats_core *core, struct hats_reader *r,
                                        struct hats_error *err) {
    if (hats_cbor_take_null(r))
        return HATS_OK;
    if (!core->has_proof)
        return hats_fail(err, HATS_E_UNSUPPORTED, "core field %s must be null without a proof",
                         field_names[10]);
    core->has_data_commitment = true;
    return need_b32(r, core->data_commitment, 10, err);
}

static hats_status read_bitmap(struct hats_core *core, struct hats_reader *r,
                               struct hats_error *err) {
    const uint8_t *bytes = NULL;
    size_t n = 0;
    if (!hats_cbor_get_bytes(r, &bytes, &n) || n < 1 || n > HATS_CLOSE_BITMAP_MAX)
        return hats_fail(err, HATS_E_MALFORMED, "core field %s is not a string of 1 to %d bytes",
                         field_names[15], HATS_CLOSE_BITMAP_MAX);
    memcpy(core->used, bytes, n);
    core->used_len = n;
    return HATS_OK;
}

/* Fields that both operations have. */
static hats_status read_common(struct hats_core *core, struct hats_reader *r, uint64_t key,
                               size_t n_fields, struct hats_error *err) {
    uint64_t v = 0;
    hats_status s = HATS_OK;
    switch (key) {
    case 1:
        s = need_uint(r, &v, UINT64_MAX, key, err);
        if (s == HATS_OK && v != VERSION)
            s = hats_fail(err, HATS_E_VERSION, "core version %llu is not known here",
                          (unsigned long long)v);
        return s;
    case 2: return need_b32(r, core->sid, key, err);
    case 3:
        s = need_uint(r, &v, HATS_CALL_INDEX_MAX, key, err);
        core->i = (uint32_t)v;
        return s;
    case 4:
        s = need_uint(r, &v, UINT64_MAX, key, err);
        if (s == HATS_OK && v != HATS_OP_INFER && v != HATS_OP_CLOSE)
            s = hats_fail(err, HATS_E_UNSUPPORTED, "core operation %llu is not known here",
                          (unsigned long long)v);
        core->op = v == HATS_OP_CLOSE ? HATS_OP_CLOSE : HATS_OP_INFER;
        if (s == HATS_OK &&
            n_fields != (core->op == HATS_OP_CLOSE ? N_FIELDS_CLOSE : N_FIELDS_INFER))
            s = hats_fail(err, HATS_E_MALFORMED, "core operation %llu does not have %zu fields",
                          (unsigned long long)v, n_fields);
        return s;
    case 11: return need_uint(r, &core->unix_ms, INT64_MAX, key, err);
    case 13:
        s = need_uint(r, &v, UINT32_MAX, key, err);
        core->purpose = (uint32_t)v;
        return s;
    default: return need_null(r, key, err);
    }
}

static hats_status read_field(struct hats_core *core, struct hats_reader *r, uint64_t key,
                              size_t n_fields, struct hats_error *err) {
    if (key == 15)
        return read_bitmap(core, r, err);
    if (core->op == HATS_OP_CLOSE)
        return read_common(core, r, key, n_fields, err);
    switch (key) {
    case 5: return need_b32(r, core->model_commitment, key, err);
    case 6: return need_b32(r, core->kid, key, err);
    case 7: return need_b32(r, core->ciphertext_digest, key, err);
    case 8: return read_proof(core, r, err);
    case 10: return read_data_commitment(core, r, err);
    case 14: return need_b32(r, core->parameters_digest, key, err);
    default: return read_common(core, r, key, n_fields, err);
    }
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
    if (!hats_cbor_get_map(&r, &n) || n < N_FIELDS_INFER || n > N_FIELDS_CLOSE)
        return hats_fail(err, HATS_E_MALFORMED, "core is not a map of %d or %d fields",
                         N_FIELDS_INFER, N_FIELDS_CLOSE);
    for (uint64_t want = 1; s == HATS_OK && want <= n; want++) {
        uint64_t key = 0;
        if (!hats_cbor_get_uint(&r, &key) || key != want)
            return hats_fail(err, HATS_E_MALFORMED, "core field %s is missing", field_names[want]);
        s = read_field(&core, &r, key, n, err);
    }
    if (s == HATS_OK && !hats_reader_done(&r))
        s = hats_fail(err, HATS_E_MALFORMED, "core does not end where it should");
    if (s == HATS_OK)
        *out = core;
    return s;
}

bool hats_core_index_used(const struct hats_core *core, uint32_t i) {
    return i / 8 < core->used_len && (core->used[i / 8] >> (i % 8) & 1) != 0;
}

bool hats_core_bitmap_fits(const struct hats_core *core, uint32_t calls) {
    if (core->used_len != (calls + 7) / 8)
        return false;
    return calls % 8 == 0 || core->used[core->used_len - 1] >> (calls % 8) == 0;
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
