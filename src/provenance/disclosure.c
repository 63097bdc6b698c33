#include "provenance/disclosure.h"

#include "provenance/claims.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "cbor/cbor.h"

#include <assert.h>
#include <string.h>

#define VERSION 1

static const char *const names[] = {
    "version",        "root",        "schema", "record", "C_D",           "fields",
    "path of record", "field index", "value",  "salt",   "path of field",
};

struct parts {
    const uint8_t *root, *schema, *path, *salt, *field_path;
    size_t root_len, schema_len, path_len, salt_len, field_path_len;
    struct hats_record_commitment commitment;
};

void hats_disclosure_clear(struct hats_disclosure *d) {
    hats_source_schema_free(d->schema);
    *d = (struct hats_disclosure){0};
}

static void write_parts(struct hats_writer *w, const struct parts *p, uint64_t index,
                        uint32_t field, int64_t value) {
    hats_cbor_put_map(w, HATS_COUNT_OF(names));
    hats_claims_put_uint(w, 1, VERSION);
    hats_claims_put_bytes(w, 2, p->root, p->root_len);
    hats_claims_put_bytes(w, 3, p->schema, p->schema_len);
    hats_claims_put_uint(w, 4, index);
    hats_claims_put_digest(w, 5, p->commitment.c_d);
    hats_claims_put_digest(w, 6, p->commitment.fields_root);
    hats_claims_put_bytes(w, 7, p->path, p->path_len);
    hats_claims_put_uint(w, 8, field);
    hats_cbor_put_uint(w, 9);
    hats_cbor_put_int(w, value);
    hats_claims_put_bytes(w, 10, p->salt, p->salt_len);
    hats_claims_put_bytes(w, 11, p->field_path, p->field_path_len);
}

static hats_status encode(struct hats_buffer *out, const struct parts *p, uint64_t index,
                          uint32_t field, int64_t value, struct hats_error *err) {
    size_t cap = 256 + p->root_len + p->schema_len + p->path_len + p->field_path_len;
    uint8_t *bytes = hats_alloc(cap);
    if (bytes == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a disclosure");
    struct hats_writer w = hats_writer_of(bytes, cap);
    write_parts(&w, p, index, field, value);
    assert(hats_writer_ok(&w));
    hats_buffer_append(out, bytes, hats_writer_len(&w));
    hats_free(bytes);
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "a disclosure does not fit") : HATS_OK;
}

/* Is the root the one of the table that was opened? */
static hats_status same_table(const struct hats_opening *opening, const struct hats_openings *o,
                              const uint8_t *root_file, size_t root_len, struct hats_error *err) {
    struct hats_source_root root;
    struct hats_cose cose;
    uint8_t leaf[HATS_SHA256_LEN];
    hats_status s = hats_source_root_parse(&root, &cose, root_file, root_len, err);
    if (s != HATS_OK)
        return s;
    hats_record_leaf(leaf, opening->index, &opening->commitment);
    if (root.n_records != hats_openings_n_records(o) ||
        !hats_tree_verify(root.root, root.n_records, opening->index, leaf, opening->path,
                          opening->path_len))
        return hats_fail(err, HATS_E_VERIFY, "the signed root is that of another table");
    return HATS_OK;
}

hats_status hats_disclosure_make(struct hats_buffer *out, struct hats_openings *o, uint64_t index,
                                 uint32_t field, const uint8_t *root_file, size_t root_len,
                                 struct hats_error *err) {
    const struct hats_source_schema *schema = hats_openings_schema(o);
    struct hats_opening opening;
    struct hats_buffer encoded;
    uint8_t field_path[HATS_TREE_PATH_MAX], salt[HATS_FIELD_SALT_LEN];
    struct parts p = {.root = root_file,
                      .root_len = root_len,
                      .path = opening.path,
                      .salt = salt,
                      .salt_len = sizeof salt,
                      .field_path = field_path};
    if (field >= schema->n_fields)
        return hats_fail(err, HATS_E_RANGE, "the table has no such field");
    size_t fields_len = schema->n_fields * sizeof(int64_t);
    int64_t *fields = hats_alloc(fields_len);
    void *scratch = hats_alloc(hats_record_scratch_bytes(schema->n_fields));
    hats_buffer_init(&encoded, HATS_SOURCE_SCHEMA_MAX_BYTES);
    hats_status s = fields == NULL || scratch == NULL
                        ? hats_fail(err, HATS_E_MEMORY, "no memory for a disclosure")
                        : hats_openings_get(&opening, fields, o, index, err);
    if (s == HATS_OK)
        s = same_table(&opening, o, root_file, root_len, err);
    if (s == HATS_OK)
        s = hats_source_schema_encode(&encoded, schema, err);
    if (s == HATS_OK)
        s = hats_field_path(field_path, &p.field_path_len, fields, schema->n_fields, opening.salt,
                            field, scratch, err);
    if (s == HATS_OK) {
        hats_field_salt(salt, opening.salt, field);
        p.schema = encoded.data;
        p.schema_len = encoded.len;
        p.path_len = opening.path_len;
        p.commitment = opening.commitment;
        s = encode(out, &p, index, field, fields[field], err);
    }
    hats_buffer_clear(&encoded);
    hats_wipe(&opening, sizeof opening);
    hats_free_wiped(fields, fields != NULL ? fields_len : 0);
    hats_free(scratch);
    return s;
}

static hats_status decode(struct hats_disclosure *out, struct parts *p, const uint8_t *bytes,
                          size_t len_bytes, struct hats_error *err) {
    struct hats_claims c;
    uint64_t field, label;
    hats_claims_open(&c, "disclosure", names, HATS_COUNT_OF(names), bytes, len_bytes, err);
    hats_claims_version(&c, VERSION);
    hats_claims_bytes(&c, &p->root, &p->root_len);
    hats_claims_bytes(&c, &p->schema, &p->schema_len);
    hats_claims_uint(&c, 0, UINT64_MAX, &out->index);
    hats_claims_digest(&c, p->commitment.c_d);
    hats_claims_digest(&c, p->commitment.fields_root);
    hats_claims_bytes(&c, &p->path, &p->path_len);
    hats_claims_uint(&c, 0, HATS_SOURCE_MAX_FIELDS - 1, &field);
    out->field = (uint32_t)field;
    c.at++;
    if (c.status == HATS_OK && (!hats_cbor_get_uint(&c.r, &label) || label != c.at ||
                                !hats_cbor_get_int(&c.r, &out->value)))
        hats_claims_refuse(&c, HATS_E_MALFORMED, "not a number");
    hats_claims_bytes(&c, &p->salt, &p->salt_len);
    if (p->salt_len != HATS_FIELD_SALT_LEN)
        hats_claims_refuse(&c, HATS_E_MALFORMED, "not 16 bytes");
    hats_claims_bytes(&c, &p->field_path, &p->field_path_len);
    return hats_claims_close(&c);
}

static hats_status check(struct hats_disclosure *out, const struct parts *p,
                         const struct hats_trust *trust, uint64_t now_ms, struct hats_error *err) {
    struct hats_cose cose;
    enum hats_signer_state state;
    uint8_t leaf[HATS_SHA256_LEN];
    hats_status s = hats_source_root_parse(&out->root, &cose, p->root, p->root_len, err);
    if (s == HATS_OK)
        s = hats_source_schema_decode(&out->schema, p->schema, p->schema_len, err);
    if (s != HATS_OK)
        return s;
    memcpy(out->c_d, p->commitment.c_d, 32);
    if (memcmp(out->schema->digest, out->root.schema_digest, 32) != 0)
        return hats_fail(err, HATS_E_VERIFY, "disclosure: the schema is not the signed one");
    if (out->field >= out->schema->n_fields)
        return hats_fail(err, HATS_E_VERIFY, "disclosure: the schema has no such field");
    hats_record_leaf(leaf, out->index, &p->commitment);
    if (!hats_tree_verify(out->root.root, out->root.n_records, out->index, leaf, p->path,
                          p->path_len))
        return hats_fail(err, HATS_E_VERIFY, "disclosure: the record is not in the signed root");
    hats_field_leaf(leaf, p->salt, out->field, out->value);
    if (!hats_tree_verify(p->commitment.fields_root, out->schema->n_fields, out->field, leaf,
                          p->field_path, p->field_path_len))
        return hats_fail(err, HATS_E_VERIFY,
                         "disclosure: the field of this record has not this value");
    return hats_trust_check(&cose, &out->source, &state, trust,
                            out->root.has_lineage ? HATS_ROLE_PROCESSOR : HATS_ROLE_SOURCE,
                            out->root.signed_ms, now_ms, err);
}

hats_status hats_disclosure_verify(struct hats_disclosure *out, const uint8_t *bytes,
                                   size_t len_bytes, const struct hats_trust *trust,
                                   uint64_t now_ms, struct hats_error *err) {
    struct parts p = {0};
    memset(out, 0, sizeof *out);
    hats_status s = decode(out, &p, bytes, len_bytes, err);
    if (s == HATS_OK)
        s = check(out, &p, trust, now_ms, err);
    if (s != HATS_OK)
        hats_disclosure_clear(out);
    return s;
}
