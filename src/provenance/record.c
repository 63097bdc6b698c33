#include "provenance/record.h"

#include "base/bytes.h"
#include "base/random.h"
#include "field/field.h"
#include "hash/sha256_many.h"

#include <assert.h>
#include <string.h>

enum { DIGEST = HATS_SHA256_LEN, SALT_MESSAGE = 16 + 32 + 4, FIELD_MESSAGE = 1 + 16 + 4 + 8 };

hats_status hats_record_salts(uint64_t *salts, size_t n, struct hats_error *err) {
    size_t n_words = n * HATS_ENCRYPTION_SALT;
    hats_status s = hats_random(salts, n_words * sizeof *salts);
    for (size_t i = 0; s == HATS_OK && i < n_words; i++)
        while (s == HATS_OK && salts[i] >= HATS_P)
            s = hats_random(&salts[i], sizeof salts[i]);
    if (s == HATS_OK)
        return HATS_OK;
    hats_wipe(salts, n_words * sizeof *salts);
    return hats_fail(err, s, "the system gives no randomness");
}

/* Elements; then messages of salts, and of leaves, padded; then digests of either, and the tree. */
static size_t element_bytes(uint32_t n) {
    return (size_t)HATS_RECORD_MANY * (n + HATS_ENCRYPTION_SALT) * sizeof(uint64_t);
}

size_t hats_record_scratch_bytes(uint32_t n) {
    return element_bytes(n) + (size_t)n * (64 + DIGEST) + hats_tree_n_stored(n) * DIGEST +
           (HATS_TREE_MAX_DEPTH + 1) * DIGEST;
}

static void salt_bytes(uint8_t out[HATS_RECORD_SALT_LEN],
                       const uint64_t salt[HATS_ENCRYPTION_SALT]) {
    for (unsigned i = 0; i < HATS_ENCRYPTION_SALT; i++)
        hats_store_be64(out + 8 * i, salt[i]);
}

static void put_salt_message(uint8_t *m, const uint64_t salt[HATS_ENCRYPTION_SALT], uint32_t i) {
    static const uint8_t tag[16] = "HATS-FSALT-1";
    memcpy(m, tag, sizeof tag);
    salt_bytes(m + 16, salt);
    hats_store_be32(m + 48, i);
}

static void put_field_message(uint8_t *m, const uint8_t field_salt[HATS_FIELD_SALT_LEN], uint32_t i,
                              int64_t value) {
    m[0] = 0x00;
    memcpy(m + 1, field_salt, HATS_FIELD_SALT_LEN);
    hats_store_be32(m + 17, i);
    hats_store_be64(m + 21, (uint64_t)value);
}

void hats_field_salt(uint8_t out[HATS_FIELD_SALT_LEN], const uint64_t salt[HATS_ENCRYPTION_SALT],
                     uint32_t i) {
    uint8_t message[SALT_MESSAGE], digest[DIGEST];
    put_salt_message(message, salt, i);
    hats_sha256(digest, message, sizeof message);
    memcpy(out, digest, HATS_FIELD_SALT_LEN);
    hats_wipe(message, sizeof message);
    hats_wipe(digest, sizeof digest);
}

void hats_field_leaf(uint8_t leaf[32], const uint8_t field_salt[HATS_FIELD_SALT_LEN], uint32_t i,
                     int64_t value) {
    uint8_t message[FIELD_MESSAGE];
    put_field_message(message, field_salt, i, value);
    hats_sha256(leaf, message, sizeof message);
    hats_wipe(message, sizeof message);
}

/* Digests of the leaves; messages: 64 bytes a field, one block each. */
static void field_leaves(const int64_t *fields, uint32_t n,
                         const uint64_t salt[HATS_ENCRYPTION_SALT], uint8_t *messages,
                         uint8_t *digests) {
    for (uint32_t i = 0; i < n; i++) {
        put_salt_message(messages + (size_t)64 * i, salt, i);
        hats_sha256_pad(messages + (size_t)64 * i, SALT_MESSAGE);
    }
    hats_sha256_whole(digests, messages, 64, n);
    for (uint32_t i = 0; i < n; i++) {
        put_field_message(messages + (size_t)64 * i, digests + (size_t)DIGEST * i, i, fields[i]);
        hats_sha256_pad(messages + (size_t)64 * i, FIELD_MESSAGE);
    }
    hats_sha256_whole(digests, messages, 64, n);
}

/* Level by level: the last of an odd number goes up as it is, which makes the tree of tree.h. other: as long
 * as digests. */
static void field_root(uint8_t root[DIGEST], uint8_t *digests, uint8_t *other, size_t n) {
    static const uint8_t tag = 0x01;
    while (n > 1) {
        const struct hats_sha256_part parts[] = {{&tag, 0, 1}, {digests, 2 * DIGEST, 2 * DIGEST}};
        hats_sha256_many(other, parts, 2, n / 2);
        if (n % 2 != 0)
            memcpy(other + n / 2 * DIGEST, digests + (n - 1) * DIGEST, DIGEST);
        uint8_t *swap = digests;
        digests = other;
        other = swap;
        n = (n + 1) / 2;
    }
    memcpy(root, digests, DIGEST);
}

struct parts {
    uint64_t *elements;
    uint8_t *messages, *digests, *stored;
};

static struct parts parts_of(void *scratch, uint32_t n) {
    uint8_t *at = scratch;
    struct parts p = {.elements = scratch};
    p.messages = at + element_bytes(n);
    p.digests = p.messages + (size_t)n * 64;
    p.stored = p.digests + (size_t)n * DIGEST;
    return p;
}

static void commit_fields(struct hats_record_commitment *out, const int64_t *fields, uint32_t n,
                          const uint64_t *salts, size_t n_records, uint64_t *elements) {
    uint64_t digests[HATS_RECORD_MANY][HATS_STARK_RPO_DIGEST];
    size_t stride = n + HATS_ENCRYPTION_SALT;
    for (size_t k = 0; k < n_records; k++) {
        for (uint32_t i = 0; i < n; i++)
            elements[k * stride + i] = hats_fp_from_i64(fields[k * n + i]);
        memcpy(elements + k * stride + n, salts + k * HATS_ENCRYPTION_SALT,
               HATS_ENCRYPTION_SALT * sizeof *salts);
    }
    if (n_records == 1)
        hats_stark_rpo_hash(digests[0], HATS_ENCRYPTION_RPO_DOMAIN, elements, stride);
    else
        hats_stark_rpo_hash_many(digests, HATS_ENCRYPTION_RPO_DOMAIN, elements, stride, stride,
                                 n_records);
    for (size_t k = 0; k < n_records; k++)
        for (unsigned i = 0; i < HATS_STARK_RPO_DIGEST; i++)
            hats_store_be64(out[k].c_d + 8 * i, digests[k][i]);
}

void hats_record_commit(struct hats_record_commitment *out, const int64_t *fields, uint32_t n,
                        const uint64_t *salts, size_t n_records, void *scratch) {
    struct parts p = parts_of(scratch, n);
    assert(n_records >= 1 && n_records <= HATS_RECORD_MANY);
    commit_fields(out, fields, n, salts, n_records, p.elements);
    for (size_t k = 0; k < n_records; k++) {
        field_leaves(fields + k * n, n, salts + k * HATS_ENCRYPTION_SALT, p.messages, p.digests);
        field_root(out[k].fields_root, p.digests, p.stored, n);
    }
    hats_wipe(scratch, hats_record_scratch_bytes(n));
}

void hats_record_leaf(uint8_t leaf[32], uint64_t index, const struct hats_record_commitment *c) {
    static const uint8_t tag[16] = "HATS-REC-1";
    uint8_t message[1 + 16 + 8 + 32 + 32] = {0x00};
    memcpy(message + 1, tag, sizeof tag);
    hats_store_be64(message + 17, index);
    memcpy(message + 25, c->c_d, 32);
    memcpy(message + 57, c->fields_root, 32);
    hats_sha256(leaf, message, sizeof message);
}

hats_status hats_field_path(uint8_t path[HATS_TREE_PATH_MAX], size_t *path_len_bytes,
                            const int64_t *fields, uint32_t n,
                            const uint64_t salt[HATS_ENCRYPTION_SALT], uint32_t i, void *scratch,
                            struct hats_error *err) {
    struct parts p = parts_of(scratch, n);
    struct hats_tree_writer tree = {0};
    uint8_t *stored = p.stored;
    field_leaves(fields, n, salt, p.messages, p.digests);
    for (uint32_t k = 0; k < n; k++)
        stored += DIGEST * hats_tree_append(stored, &tree, p.digests + (size_t)DIGEST * k);
    hats_status s =
        hats_tree_path(path, path_len_bytes, n, i, hats_tree_fetch_memory, p.stored, err);
    hats_wipe(scratch, hats_record_scratch_bytes(n));
    return s;
}
