#include "hash/merkle.h"

#include "base/bytes.h"
#include "hash/sha256_many.h"

#include <assert.h>

enum { DIGEST = HATS_SHA256_LEN };

static const uint8_t leaf_tag = HATS_MERKLE_LEAF_TAG, node_tag = 0x01;

void hats_merkle_hash_rows(uint8_t *out, const struct hats_merkle_rows *rows, size_t n_rows) {
    const struct hats_sha256_part parts[] = {
        {&leaf_tag, 0, 1},
        {rows->salts, HATS_MERKLE_SALT_LEN, rows->salts != NULL ? HATS_MERKLE_SALT_LEN : 0},
        {rows->rows, rows->stride_bytes, rows->row_len_bytes},
    };
    hats_sha256_many(out, parts, HATS_COUNT_OF(parts), n_rows);
}

/* Parents of n pairs of digests that lie side by side. */
static void hash_pairs(uint8_t *out, const uint8_t *pairs, size_t n_pairs) {
    enum { AT_ONCE = 32, LEN = 1 + 2 * DIGEST, PADDED = HATS_SHA256_PADDED(LEN) };
    uint8_t messages[AT_ONCE][PADDED];
    for (size_t i = 0; i < AT_ONCE && i < n_pairs; i++) {
        messages[i][0] = node_tag;
        hats_sha256_pad(messages[i], LEN);
    }
    for (size_t i = 0; i < n_pairs; i += AT_ONCE) {
        size_t n = n_pairs - i < AT_ONCE ? n_pairs - i : AT_ONCE;
        for (size_t k = 0; k < n; k++)
            memcpy(messages[k] + 1, pairs + (i + k) * 2 * DIGEST, (size_t)2 * DIGEST);
        hats_sha256_whole(out + i * DIGEST, messages[0], PADDED, n);
    }
}

size_t hats_merkle_len_bytes(unsigned log_n) {
    assert(log_n <= HATS_MERKLE_MAX_LOG_N);
    return (size_t)2 * DIGEST << log_n;
}

uint8_t *hats_merkle_leaves(const struct hats_merkle *t) {
    return t->digests + ((size_t)DIGEST << t->log_n);
}

void hats_merkle_build_nodes(struct hats_merkle *t, size_t first, size_t n) {
    assert(first >= 1 && (first + n - 1) >> t->log_n == 0);
    hash_pairs(t->digests + DIGEST * first, t->digests + DIGEST * 2 * first, n);
}

void hats_merkle_build(struct hats_merkle *t) {
    for (unsigned level = t->log_n; level-- > 0;)
        hats_merkle_build_nodes(t, (size_t)1 << level, (size_t)1 << level);
    memset(t->digests, 0, DIGEST);
}

const uint8_t *hats_merkle_root(const struct hats_merkle *t) { return t->digests + DIGEST; }

static hats_status check_indices(unsigned log_n, const uint32_t *indices, size_t n_indices,
                                 struct hats_error *err) {
    if (log_n > HATS_MERKLE_MAX_LOG_N)
        return hats_fail(err, HATS_E_RANGE, "a Merkle tree of 2^%u leaves; at most 2^%u", log_n,
                         HATS_MERKLE_MAX_LOG_N);
    if (n_indices == 0 || n_indices > HATS_MERKLE_MAX_OPENED)
        return hats_fail(err, HATS_E_RANGE, "an opening of %zu leaves; 1 to %d", n_indices,
                         HATS_MERKLE_MAX_OPENED);
    for (size_t i = 0; i < n_indices; i++) {
        if (indices[i] >> log_n != 0)
            return hats_fail(err, HATS_E_RANGE, "leaf %lu of a tree of 2^%u leaves",
                             (unsigned long)indices[i], log_n);
        if (i > 0 && indices[i] <= indices[i - 1])
            return hats_fail(err, HATS_E_CANONICAL, "leaf indices do not ascend at entry %zu", i);
    }
    return HATS_OK;
}

/* One step along the known digests of a level, which are those at indices[..] >> level, each once: *i moves
 * past the next of them, and past its right sibling if that is known too. Returns its place in the level;
 * *both tells whether it had its sibling beside it, so that the path need not have it. */
static uint32_t next_family(const uint32_t *indices, size_t n_indices, unsigned level, size_t *i,
                            bool *both) {
    uint32_t place = indices[*i] >> level, last = place;
    while (*i < n_indices && indices[*i] >> level == place)
        ++*i;
    *both = (place & 1) == 0 && *i < n_indices && indices[*i] >> level == place + 1;
    if (*both)
        last = place + 1;
    while (*i < n_indices && indices[*i] >> level == last)
        ++*i;
    return place;
}

hats_status hats_merkle_path_len_bytes(size_t *len_bytes, unsigned log_n, const uint32_t *indices,
                                       size_t n_indices, struct hats_error *err) {
    hats_status s = check_indices(log_n, indices, n_indices, err);
    if (s != HATS_OK)
        return s;
    size_t n_digests = 0;
    for (unsigned level = 0; level < log_n; level++)
        for (size_t i = 0; i < n_indices;) {
            bool both;
            (void)next_family(indices, n_indices, level, &i, &both);
            n_digests += both ? 0 : 1;
        }
    *len_bytes = n_digests * DIGEST;
    return HATS_OK;
}

hats_status hats_merkle_open(uint8_t *out, const struct hats_merkle *t, const uint32_t *indices,
                             size_t n_indices, struct hats_error *err) {
    hats_status s = check_indices(t->log_n, indices, n_indices, err);
    if (s != HATS_OK)
        return s;
    for (unsigned level = 0; level < t->log_n; level++) {
        const uint8_t *row = t->digests + ((size_t)DIGEST << (t->log_n - level));
        for (size_t i = 0; i < n_indices;) {
            bool both;
            uint32_t place = next_family(indices, n_indices, level, &i, &both);
            if (!both) {
                memcpy(out, row + (size_t)DIGEST * (place ^ 1), DIGEST);
                out += DIGEST;
            }
        }
    }
    return HATS_OK;
}

/* The root above the known leaf digests. `path` is of the right length; `parents` has room for n_indices
 * digests, `pairs` for twice as many. */
static const uint8_t *climb(unsigned log_n, const uint8_t *known, const uint32_t *indices,
                            size_t n_indices, const uint8_t *path, uint8_t *parents,
                            uint8_t *pairs) {
    for (unsigned level = 0; level < log_n; level++) {
        size_t n_pairs = 0;
        for (size_t i = 0; i < n_indices; n_pairs++) {
            bool both;
            uint32_t place = next_family(indices, n_indices, level, &i, &both);
            uint8_t *left = pairs + 2 * DIGEST * n_pairs, *right = left + DIGEST;
            memcpy((place & 1) == 0 ? left : right, known, DIGEST);
            known += DIGEST;
            if (both) {
                memcpy(right, known, DIGEST);
                known += DIGEST;
            } else {
                memcpy((place & 1) == 0 ? right : left, path, DIGEST);
                path += DIGEST;
            }
        }
        hash_pairs(parents, pairs, n_pairs);
        known = parents;
    }
    return known;
}

hats_status hats_merkle_verify(const uint8_t root[HATS_SHA256_LEN], unsigned log_n,
                               const uint8_t *digests, const uint32_t *indices, size_t n_indices,
                               const uint8_t *path, size_t path_len_bytes,
                               struct hats_arena *scratch, struct hats_error *err) {
    size_t expected;
    hats_status s = hats_merkle_path_len_bytes(&expected, log_n, indices, n_indices, err);
    if (s != HATS_OK)
        return s;
    if (path_len_bytes != expected)
        return hats_fail(err, HATS_E_MALFORMED, "a Merkle path of %zu bytes where %zu belong",
                         path_len_bytes, expected);
    size_t used = scratch->used;
    uint8_t *parents = hats_arena_alloc(scratch, DIGEST * n_indices);
    uint8_t *pairs = hats_arena_alloc(scratch, 2 * DIGEST * n_indices);
    if (parents == NULL || pairs == NULL)
        s = hats_fail(err, HATS_E_MEMORY, "no room to check a Merkle opening of %zu leaves",
                      n_indices);
    else if (memcmp(climb(log_n, digests, indices, n_indices, path, parents, pairs), root,
                    DIGEST) != 0)
        s = hats_fail(err, HATS_E_VERIFY, "the opened leaves do not belong to the tree's root");
    scratch->used = used;
    return s;
}
