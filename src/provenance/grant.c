#include "provenance/grant.h"

#include "provenance/claims.h"

#include "base/bytes.h"
#include "cbor/cbor.h"

#include <assert.h>
#include <string.h>

#define VERSION 1
#define PAYLOAD_MAX 1024

static const char *const names[] = {
    "version",        "source key",       "dataset", "schema digest",    "root",
    "transformation", "model commitment", "purpose", "purpose in words", "issued",
    "not before",     "not after",        "owner",
};

hats_status hats_grant_decode(struct hats_grant *out, const uint8_t *payload, size_t len_bytes,
                              struct hats_error *err) {
    struct hats_claims c;
    uint64_t purpose;
    memset(out, 0, sizeof *out);
    hats_claims_open(&c, "grant", names, HATS_COUNT_OF(names), payload, len_bytes, err);
    hats_claims_version(&c, VERSION);
    hats_claims_digest(&c, out->source_kid);
    hats_claims_text(&c, out->dataset, sizeof out->dataset);
    hats_claims_digest(&c, out->schema_digest);
    hats_claims_digest_or_null(&c, out->root, &out->has_root);
    hats_claims_digest(&c, out->transform_digest);
    hats_claims_digest(&c, out->model_commitment);
    hats_claims_uint(&c, 1, UINT32_MAX, &purpose);
    out->purpose = (uint32_t)purpose;
    hats_claims_text(&c, out->purpose_text, sizeof out->purpose_text);
    hats_claims_time(&c, &out->issued_ms);
    hats_claims_time(&c, &out->from_ms);
    hats_claims_time(&c, &out->until_ms);
    if (out->until_ms < out->from_ms)
        hats_claims_refuse(&c, HATS_E_RANGE, "it ends before it begins");
    hats_claims_digest_or_null(&c, out->owner, &out->has_owner);
    hats_status s = hats_claims_close(&c);
    if (s != HATS_OK)
        memset(out, 0, sizeof *out);
    return s;
}

hats_status hats_grant_sign(struct hats_buffer *out, const struct hats_grant *g,
                            const struct hats_sign_key *authoriser, const char *name,
                            struct hats_error *err) {
    uint8_t payload[PAYLOAD_MAX];
    struct hats_grant back;
    struct hats_writer w = hats_writer_of(payload, sizeof payload);
    hats_cbor_put_map(&w, HATS_COUNT_OF(names));
    hats_claims_put_uint(&w, 1, VERSION);
    hats_claims_put_digest(&w, 2, g->source_kid);
    hats_claims_put_text(&w, 3, g->dataset);
    hats_claims_put_digest(&w, 4, g->schema_digest);
    hats_claims_put_digest_or_null(&w, 5, g->root, g->has_root);
    hats_claims_put_digest(&w, 6, g->transform_digest);
    hats_claims_put_digest(&w, 7, g->model_commitment);
    hats_claims_put_uint(&w, 8, g->purpose);
    hats_claims_put_text(&w, 9, g->purpose_text);
    hats_claims_put_uint(&w, 10, g->issued_ms);
    hats_claims_put_uint(&w, 11, g->from_ms);
    hats_claims_put_uint(&w, 12, g->until_ms);
    hats_claims_put_digest_or_null(&w, 13, g->owner, g->has_owner);
    assert(hats_writer_ok(&w));
    hats_status s = hats_grant_decode(&back, payload, hats_writer_len(&w), err);
    if (s != HATS_OK)
        return s;
    return hats_cose_sign(out, authoriser, HATS_TYPE_GRANT, name, g->issued_ms / 1000, payload,
                          hats_writer_len(&w), err);
}

hats_status hats_grant_parse(struct hats_grant *out, struct hats_cose *file, const uint8_t *bytes,
                             size_t len_bytes, struct hats_error *err) {
    memset(out, 0, sizeof *out);
    if (len_bytes > HATS_SIGNED_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "grant: larger than %d bytes",
                         HATS_SIGNED_MAX_BYTES);
    hats_status s = hats_cose_parse(file, bytes, len_bytes, HATS_TYPE_GRANT, err);
    if (s == HATS_OK)
        s = hats_grant_decode(out, file->payload, file->payload_len, err);
    if (s == HATS_OK && file->issued_s != out->issued_ms / 1000)
        s = hats_fail(err, HATS_E_VERIFY,
                      "grant: field 10 (issued) and iat in the header name different seconds");
    return s;
}
