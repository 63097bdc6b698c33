#include "provenance/openings.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "field/field.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_HEAD (HATS_SOURCE_KEY_LEN + HATS_RECORD_SALT_LEN)

struct hats_openings {
    int data, tree; /* descriptors */
    struct hats_source_schema *schema;
    uint64_t n_records, first; /* first: where record 0 begins */
    size_t record_len;
    uint8_t *record;
    void *scratch;
    size_t scratch_len;
};

void hats_openings_free(struct hats_openings *o) {
    if (o == NULL)
        return;
    if (o->data >= 0)
        (void)close(o->data);
    if (o->tree >= 0)
        (void)close(o->tree);
    hats_source_schema_free(o->schema);
    hats_free_wiped(o->record, o->record != NULL ? o->record_len : 0);
    hats_free(o->scratch);
    hats_free(o);
}

const struct hats_source_schema *hats_openings_schema(const struct hats_openings *o) {
    return o->schema;
}

uint64_t hats_openings_n_records(const struct hats_openings *o) { return o->n_records; }

static bool read_at(int file, uint64_t at, void *out, size_t len) {
    uint8_t *to = out;
    while (len > 0) {
        ssize_t n = pread(file, to, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

static hats_status open_file(int *file, uint64_t *len, const char *prefix, const char *suffix,
                             bool secret, struct hats_error *err) {
    char path[HATS_PATH_MAX + 16];
    struct stat about;
    (void)snprintf(path, sizeof path, "%s%s", prefix, suffix);
    *file = open(path, O_RDONLY | O_CLOEXEC);
    if (*file < 0)
        return hats_fail(err, errno == ENOENT ? HATS_E_NOT_FOUND : HATS_E_IO,
                         "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(*file, &about) != 0 || !S_ISREG(about.st_mode))
        return hats_fail(err, HATS_E_IO, "%s: not a file", path);
    if (secret && (about.st_mode & 077) != 0)
        return hats_fail(err, HATS_E_INSECURE,
                         "%s: others may read it, and it holds the records; chmod 600", path);
    *len = (uint64_t)about.st_size;
    return HATS_OK;
}

static hats_status read_schema(struct hats_openings *o, const char *prefix, uint32_t schema_len,
                               struct hats_error *err) {
    uint8_t *bytes = schema_len != 0 && schema_len <= HATS_SOURCE_SCHEMA_MAX_BYTES
                         ? hats_alloc(schema_len)
                         : NULL;
    hats_status s;
    if (bytes == NULL || !read_at(o->data, HATS_OPENINGS_HEAD_LEN, bytes, schema_len))
        s = hats_fail(err, HATS_E_MALFORMED, "%s.openings: no schema in it", prefix);
    else
        s = hats_source_schema_decode(&o->schema, bytes, schema_len, err);
    hats_free(bytes);
    return s;
}

static hats_status read_heads(struct hats_openings *o, const char *prefix, uint64_t data_len,
                              uint64_t tree_len, struct hats_error *err) {
    uint8_t head[HATS_OPENINGS_HEAD_LEN], tree_head[HATS_TREE_HEAD_LEN];
    static const uint8_t tag[16] = "HATS-OPN-1", tree_tag[16] = "HATS-TREE-1";
    if (!read_at(o->data, 0, head, sizeof head) || memcmp(head, tag, sizeof tag) != 0 ||
        !read_at(o->tree, 0, tree_head, sizeof tree_head) ||
        memcmp(tree_head, tree_tag, sizeof tree_tag) != 0)
        return hats_fail(err, HATS_E_MALFORMED,
                         "%s: its .openings or .tree is not a file of this kind", prefix);
    uint32_t schema_len = hats_load_be32(head + 20);
    hats_status s = read_schema(o, prefix, schema_len, err);
    if (s != HATS_OK)
        return s;
    o->n_records = hats_load_be64(head + 24);
    o->first = HATS_OPENINGS_HEAD_LEN + (uint64_t)schema_len;
    o->record_len = RECORD_HEAD + (size_t)8 * o->schema->n_fields;
    bool fits = o->n_records >= 1 && o->n_records <= (UINT64_C(1) << HATS_TREE_MAX_DEPTH) &&
                hats_load_be32(head + 16) == o->schema->n_fields &&
                data_len == o->first + o->n_records * o->record_len &&
                hats_load_be64(tree_head + 16) == o->n_records &&
                tree_len == HATS_TREE_HEAD_LEN + hats_tree_n_stored(o->n_records) * HATS_SHA256_LEN;
    return fits ? HATS_OK
                : hats_fail(err, HATS_E_MALFORMED,
                            "%s: .openings and .tree are cut off, or not of one table", prefix);
}

hats_status hats_openings_open(struct hats_openings **out, const char *prefix,
                               struct hats_error *err) {
    uint64_t data_len, tree_len;
    struct hats_openings *o = hats_alloc(sizeof *o);
    *out = NULL;
    if (o == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to read openings");
    o->data = o->tree = -1;
    hats_status s = open_file(&o->data, &data_len, prefix, ".openings", true, err);
    if (s == HATS_OK)
        s = open_file(&o->tree, &tree_len, prefix, ".tree", false, err);
    if (s == HATS_OK)
        s = read_heads(o, prefix, data_len, tree_len, err);
    if (s == HATS_OK) {
        o->scratch_len = hats_record_scratch_bytes(o->schema->n_fields);
        o->record = hats_alloc(o->record_len);
        o->scratch = hats_alloc(o->scratch_len);
        if (o->record == NULL || o->scratch == NULL)
            s = hats_fail(err, HATS_E_MEMORY, "no memory to read openings");
    }
    if (s != HATS_OK) {
        hats_openings_free(o);
        return s;
    }
    *out = o;
    return HATS_OK;
}

static bool fetch_digest(void *ctx, uint64_t place, uint8_t digest[HATS_SHA256_LEN]) {
    const struct hats_openings *o = ctx;
    return read_at(o->tree, HATS_TREE_HEAD_LEN + place * HATS_SHA256_LEN, digest, HATS_SHA256_LEN);
}

/* Fields are within the schema and the salt is canonical: anything else was written by something else. */
static bool take_record(struct hats_opening *out, int64_t *fields, const struct hats_openings *o) {
    bool good = true;
    for (unsigned i = 0; i < HATS_ENCRYPTION_SALT; i++) {
        out->salt[i] = hats_load_be64(o->record + HATS_SOURCE_KEY_LEN + 8 * i);
        good &= out->salt[i] < HATS_P;
    }
    for (uint32_t i = 0; i < o->schema->n_fields; i++) {
        fields[i] = (int64_t)hats_load_be64(o->record + RECORD_HEAD + (size_t)8 * i);
        good &= o->schema->fields[i].min <= fields[i] && fields[i] <= o->schema->fields[i].max;
    }
    return good;
}

hats_status hats_openings_get(struct hats_opening *out, int64_t *fields, struct hats_openings *o,
                              uint64_t index, struct hats_error *err) {
    uint8_t leaf[HATS_SHA256_LEN], stored[HATS_SHA256_LEN];
    memset(out, 0, sizeof *out);
    if (index >= o->n_records)
        return hats_fail(err, HATS_E_RANGE,
                         "record %llu: the table has %llu records, the first is 0",
                         (unsigned long long)index, (unsigned long long)o->n_records);
    if (!read_at(o->data, o->first + index * o->record_len, o->record, o->record_len))
        return hats_fail(err, HATS_E_IO, "record %llu cannot be read", (unsigned long long)index);
    out->index = index;
    if (!take_record(out, fields, o))
        return hats_fail(err, HATS_E_MALFORMED, "record %llu is not one of its schema",
                         (unsigned long long)index);
    hats_record_commit(&out->commitment, fields, o->schema->n_fields, out->salt, 1, o->scratch);
    hats_record_leaf(leaf, index, &out->commitment);
    uint64_t place = 2 * index - (uint64_t)__builtin_popcountll(index);
    if (!fetch_digest(o, place, stored) || memcmp(stored, leaf, sizeof leaf) != 0)
        return hats_fail(err, HATS_E_VERIFY,
                         "record %llu: the openings do not belong to the tree beside them",
                         (unsigned long long)index);
    return hats_tree_path(out->path, &out->path_len, o->n_records, index, fetch_digest, o, err);
}

hats_status hats_openings_find(uint64_t *index, struct hats_openings *o, const char *key,
                               struct hats_error *err) {
    uint8_t digest[HATS_SHA256_LEN], have[HATS_SOURCE_KEY_LEN];
    if (o->schema->key == NULL)
        return hats_fail(err, HATS_E_NOT_FOUND, "the schema of this table names no key column");
    hats_sha256_tagged(digest, "HATS-KEY-1", key, strlen(key));
    for (*index = 0; *index < o->n_records; ++*index) {
        if (!read_at(o->data, o->first + *index * o->record_len, have, sizeof have))
            return hats_fail(err, HATS_E_IO, "the openings cannot be read");
        if (memcmp(have, digest, sizeof have) == 0)
            return HATS_OK;
    }
    return hats_fail(err, HATS_E_NOT_FOUND, "no record has this key");
}
