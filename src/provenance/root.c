#include "provenance/root.h"

#include "provenance/claims.h"
#include "provenance/tree.h"

#include "base/bytes.h"
#include "cbor/cbor.h"

#include <assert.h>
#include <string.h>

#define VERSION 1
#define PAYLOAD_MAX 1024

static const char *const names[] = {
    "version", "dataset", "schema digest", "records", "root", "signed", "good until", "lineage",
};

hats_status hats_source_root_decode(struct hats_source_root *out, const uint8_t *payload,
                                    size_t len_bytes, struct hats_error *err) {
    struct hats_claims c;
    memset(out, 0, sizeof *out);
    hats_claims_open(&c, "source root", names, HATS_COUNT_OF(names), payload, len_bytes, err);
    hats_claims_version(&c, VERSION);
    hats_claims_text(&c, out->dataset, sizeof out->dataset);
    hats_claims_digest(&c, out->schema_digest);
    hats_claims_uint(&c, 1, UINT64_C(1) << HATS_TREE_MAX_DEPTH, &out->n_records);
    hats_claims_digest(&c, out->root);
    hats_claims_time(&c, &out->signed_ms);
    hats_claims_time(&c, &out->until_ms);
    if (out->until_ms < out->signed_ms)
        hats_claims_refuse(&c, HATS_E_RANGE, "it ends before it begins");
    hats_claims_digest_or_null(&c, out->lineage, &out->has_lineage);
    hats_status s = hats_claims_close(&c);
    if (s != HATS_OK)
        memset(out, 0, sizeof *out);
    return s;
}

hats_status hats_source_root_sign(struct hats_buffer *out, const struct hats_source_root *root,
                                  const struct hats_sign_key *key, struct hats_error *err) {
    uint8_t payload[PAYLOAD_MAX];
    struct hats_source_root back;
    struct hats_writer w = hats_writer_of(payload, sizeof payload);
    hats_cbor_put_map(&w, HATS_COUNT_OF(names));
    hats_claims_put_uint(&w, 1, VERSION);
    hats_claims_put_text(&w, 2, root->dataset);
    hats_claims_put_digest(&w, 3, root->schema_digest);
    hats_claims_put_uint(&w, 4, root->n_records);
    hats_claims_put_digest(&w, 5, root->root);
    hats_claims_put_uint(&w, 6, root->signed_ms);
    hats_claims_put_uint(&w, 7, root->until_ms);
    hats_claims_put_digest_or_null(&w, 8, root->lineage, root->has_lineage);
    assert(hats_writer_ok(&w));
    hats_status s = hats_source_root_decode(&back, payload, hats_writer_len(&w), err);
    if (s != HATS_OK)
        return s;
    return hats_cose_sign(out, key, HATS_TYPE_SOURCE_ROOT, root->dataset, root->signed_ms / 1000,
                          payload, hats_writer_len(&w), err);
}

hats_status hats_source_root_parse(struct hats_source_root *out, struct hats_cose *file,
                                   const uint8_t *bytes, size_t len_bytes, struct hats_error *err) {
    memset(out, 0, sizeof *out);
    if (len_bytes > HATS_SIGNED_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "source root: larger than %d bytes",
                         HATS_SIGNED_MAX_BYTES);
    hats_status s = hats_cose_parse(file, bytes, len_bytes, HATS_TYPE_SOURCE_ROOT, err);
    if (s == HATS_OK)
        s = hats_source_root_decode(out, file->payload, file->payload_len, err);
    if (s == HATS_OK && file->issued_s != out->signed_ms / 1000)
        s = hats_fail(err, HATS_E_VERIFY,
                      "source root: field 6 (signed) and iat in the header name different seconds");
    return s;
}
