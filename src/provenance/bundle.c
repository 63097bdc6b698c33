#include "provenance/bundle.h"

#include "provenance/claims.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "cbor/cbor.h"

#include <assert.h>
#include <string.h>

#define VERSION 1
#define HEADS 64 /* bytes of heads and numbers of a part */

static const char *const names[] = {"version", "root", "records", "grant", "ancestors", "input"};

static size_t encoded_max(const struct hats_provenance_bundle *b) {
    size_t len = 6 * HEADS + b->root.len + b->grant.len + b->input.len;
    for (size_t i = 0; i < b->n_records; i++)
        len += 2 * HEADS + b->records[i].path_len;
    for (size_t i = 0; i < b->n_ancestors; i++)
        len += HEADS + b->ancestors[i].len;
    return len;
}

static void put_record(struct hats_writer *w, const struct hats_provenance_bundle_record *r) {
    hats_cbor_put_array(w, 4);
    hats_cbor_put_uint(w, r->index);
    hats_cbor_put_bytes(w, r->commitment.c_d, 32);
    hats_cbor_put_bytes(w, r->commitment.fields_root, 32);
    hats_cbor_put_bytes(w, r->path, r->path_len);
}

static void put_bundle(struct hats_writer *w, const struct hats_provenance_bundle *b) {
    hats_cbor_put_map(w, HATS_COUNT_OF(names));
    hats_claims_put_uint(w, 1, VERSION);
    hats_claims_put_bytes(w, 2, b->root.bytes, b->root.len);
    hats_cbor_put_uint(w, 3);
    hats_cbor_put_array(w, b->n_records);
    for (size_t i = 0; i < b->n_records; i++)
        put_record(w, &b->records[i]);
    hats_claims_put_bytes(w, 4, b->grant.bytes, b->grant.len);
    hats_cbor_put_uint(w, 5);
    hats_cbor_put_array(w, b->n_ancestors);
    for (size_t i = 0; i < b->n_ancestors; i++)
        hats_cbor_put_bytes(w, b->ancestors[i].bytes, b->ancestors[i].len);
    hats_cbor_put_uint(w, 6);
    if (b->input.bytes != NULL)
        hats_cbor_put_bytes(w, b->input.bytes, b->input.len);
    else
        hats_cbor_put_null(w);
}

hats_status hats_provenance_bundle_encode(struct hats_buffer *out,
                                          const struct hats_provenance_bundle *b,
                                          struct hats_error *err) {
    size_t cap = encoded_max(b);
    assert(b->n_records >= 1 && b->n_records <= HATS_PROVENANCE_BUNDLE_MAX_RECORDS);
    uint8_t *bytes = hats_alloc(cap);
    if (bytes == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for evidence of provenance");
    struct hats_writer w = hats_writer_of(bytes, cap);
    put_bundle(&w, b);
    assert(hats_writer_ok(&w));
    bool fits = hats_writer_len(&w) <= HATS_PROVENANCE_BUNDLE_MAX_BYTES;
    if (fits)
        hats_buffer_append(out, bytes, hats_writer_len(&w));
    hats_free(bytes);
    return fits && !out->failed
               ? HATS_OK
               : hats_fail(err, HATS_E_RANGE, "evidence of provenance: larger than 1 MiB");
}

static void get_record(struct hats_provenance_bundle_record *out, struct hats_claims *c) {
    size_t n;
    if (!hats_cbor_get_array(&c->r, &n) || n != 4 || !hats_cbor_get_uint(&c->r, &out->index) ||
        !hats_cbor_get_bytes_exact(&c->r, out->commitment.c_d, 32) ||
        !hats_cbor_get_bytes_exact(&c->r, out->commitment.fields_root, 32) ||
        !hats_cbor_get_bytes(&c->r, &out->path, &out->path_len) ||
        out->path_len > HATS_TREE_PATH_MAX)
        hats_claims_refuse(c, HATS_E_MALFORMED,
                           "a record is not index, commitment, root of fields and path");
}

static void get_file(struct hats_provenance_bundle_file *out, struct hats_claims *c) {
    if (!hats_cbor_get_bytes(&c->r, &out->bytes, &out->len))
        hats_claims_refuse(c, HATS_E_MALFORMED, "not a byte string");
}

hats_status hats_provenance_bundle_decode(struct hats_provenance_bundle *out, const uint8_t *bytes,
                                          size_t len_bytes, struct hats_error *err) {
    struct hats_claims c;
    uint64_t label;
    memset(out, 0, sizeof *out);
    if (len_bytes > HATS_PROVENANCE_BUNDLE_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "evidence of provenance: larger than 1 MiB");
    hats_claims_open(&c, "evidence of provenance", names, HATS_COUNT_OF(names), bytes, len_bytes,
                     err);
    hats_claims_version(&c, VERSION);
    hats_claims_bytes(&c, &out->root.bytes, &out->root.len);
    hats_claims_array(&c, HATS_PROVENANCE_BUNDLE_MAX_RECORDS, &out->n_records);
    if (out->n_records == 0)
        hats_claims_refuse(&c, HATS_E_RANGE, "no records");
    for (size_t i = 0; c.status == HATS_OK && i < out->n_records; i++)
        get_record(&out->records[i], &c);
    hats_claims_bytes(&c, &out->grant.bytes, &out->grant.len);
    hats_claims_array(&c, HATS_COUNT_OF(out->ancestors), &out->n_ancestors);
    for (size_t i = 0; c.status == HATS_OK && i < out->n_ancestors; i++)
        get_file(&out->ancestors[i], &c);
    c.at++;
    if (c.status == HATS_OK && (!hats_cbor_get_uint(&c.r, &label) || label != c.at))
        hats_claims_refuse(&c, HATS_E_MALFORMED, "missing, or an unknown field before it");
    if (c.status == HATS_OK && !hats_cbor_take_null(&c.r))
        get_file(&out->input, &c);
    hats_status s = hats_claims_close(&c);
    if (s != HATS_OK)
        memset(out, 0, sizeof *out);
    return s;
}
