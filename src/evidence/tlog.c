#include "evidence/tlog.h"

#include <inttypes.h>
#include <string.h>

enum { DIGEST = HATS_SHA256_LEN };

void hats_tlog_leaf(uint8_t out[DIGEST], const void *entry, size_t len_bytes) {
    static const uint8_t prefix = 0x00;
    struct hats_sha256 c;
    hats_sha256_init(&c);
    hats_sha256_update(&c, &prefix, 1);
    hats_sha256_update(&c, entry, len_bytes);
    hats_sha256_final(&c, out);
}

void hats_tlog_node(uint8_t out[DIGEST], const uint8_t left[DIGEST], const uint8_t right[DIGEST]) {
    uint8_t node[1 + 2 * DIGEST] = {0x01};
    memcpy(node + 1, left, DIGEST);
    memcpy(node + 1 + DIGEST, right, DIGEST);
    hats_sha256(out, node, sizeof node);
}

/* The largest power of two below n > 1. */
static uint64_t split(uint64_t n) { return (uint64_t)1 << (63 - __builtin_clzll(n - 1)); }

static bool is_power(uint64_t n) { return (n & (n - 1)) == 0; }

/* ---- verifying ---- */

static hats_status check_sizes(uint64_t smaller, uint64_t larger, struct hats_error *err) {
    if (larger > HATS_TLOG_SIZE_MAX)
        return hats_fail(err, HATS_E_RANGE, "log: a tree of %" PRIu64 " leaves is none of ours",
                         larger);
    if (smaller > larger)
        return hats_fail(err, HATS_E_RANGE,
                         "log: %" PRIu64 " leaves are no prefix of %" PRIu64 " leaves", smaller,
                         larger);
    return HATS_OK;
}

static hats_status check_index(uint64_t size, uint64_t index, struct hats_error *err) {
    if (size > HATS_TLOG_SIZE_MAX || index >= size)
        return hats_fail(err, HATS_E_RANGE,
                         "log: a tree of %" PRIu64 " leaves has no leaf %" PRIu64, size, index);
    return HATS_OK;
}

static hats_status wrong_length(struct hats_error *err, const char *which) {
    return hats_fail(err, HATS_E_VERIFY, "log: the %s proof has not the length it must have",
                     which);
}

/* [RFC9162, 2.1.3.2]: fn and sn are index and last index, a level up at each step. */
hats_status hats_tlog_root_from_inclusion(uint8_t root[DIGEST], uint64_t size, uint64_t index,
                                          const uint8_t leaf[DIGEST],
                                          const struct hats_tlog_path *path,
                                          struct hats_error *err) {
    uint8_t r[DIGEST];
    hats_status s = check_index(size, index, err);
    if (s != HATS_OK)
        return s;
    uint64_t fn = index, sn = size - 1;
    memcpy(r, leaf, DIGEST);
    for (size_t i = 0; i < path->n; i++) {
        if (sn == 0)
            return wrong_length(err, "inclusion");
        if ((fn & 1) != 0 || fn == sn) {
            hats_tlog_node(r, path->digests[i], r);
            while ((fn & 1) == 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            hats_tlog_node(r, r, path->digests[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0)
        return wrong_length(err, "inclusion");
    memcpy(root, r, DIGEST);
    return HATS_OK;
}

hats_status hats_tlog_verify_inclusion(const uint8_t root[DIGEST], uint64_t size, uint64_t index,
                                       const uint8_t leaf[DIGEST],
                                       const struct hats_tlog_path *path, struct hats_error *err) {
    uint8_t got[DIGEST];
    hats_status s = hats_tlog_root_from_inclusion(got, size, index, leaf, path, err);
    if (s == HATS_OK && memcmp(got, root, DIGEST) != 0)
        return hats_fail(err, HATS_E_VERIFY,
                         "log: the inclusion proof of leaf %" PRIu64 " does not lead to this root",
                         index);
    return s;
}

/* [RFC9162, 2.1.4.2] for 0 < old < new: both roots, from the path. */
static hats_status roots_from(uint8_t old_got[DIGEST], uint8_t new_got[DIGEST], uint64_t old_size,
                              uint64_t new_size, const uint8_t old_root[DIGEST],
                              const struct hats_tlog_path *path, struct hats_error *err) {
    uint64_t fn = old_size - 1, sn = new_size - 1;
    size_t at = 0;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    if (path->n == 0)
        return wrong_length(err, "consistency");
    memcpy(old_got, is_power(old_size) ? old_root : path->digests[at++], DIGEST);
    memcpy(new_got, old_got, DIGEST);
    for (; at < path->n; at++) {
        const uint8_t *c = path->digests[at];
        if (sn == 0)
            return wrong_length(err, "consistency");
        if ((fn & 1) != 0 || fn == sn) {
            hats_tlog_node(old_got, c, old_got);
            hats_tlog_node(new_got, c, new_got);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            hats_tlog_node(new_got, new_got, c);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 ? HATS_OK : wrong_length(err, "consistency");
}

/* The prefix of no leaves, and the tree itself, need no path. */
static hats_status verify_trivial(uint64_t old_size, const uint8_t old_root[DIGEST],
                                  uint64_t new_size, const uint8_t new_root[DIGEST],
                                  const struct hats_tlog_path *path, struct hats_error *err) {
    uint8_t empty[DIGEST];
    hats_sha256(empty, NULL, 0);
    if (path->n != 0)
        return wrong_length(err, "consistency");
    if (old_size == 0 && memcmp(old_root, empty, DIGEST) != 0)
        return hats_fail(err, HATS_E_VERIFY, "log: the root of no leaves is another");
    if (old_size == new_size && memcmp(old_root, new_root, DIGEST) != 0)
        return hats_fail(err, HATS_E_VERIFY, "log: two roots for one size of %" PRIu64 " leaves",
                         old_size);
    return HATS_OK;
}

hats_status hats_tlog_verify_consistency(uint64_t old_size, const uint8_t old_root[DIGEST],
                                         uint64_t new_size, const uint8_t new_root[DIGEST],
                                         const struct hats_tlog_path *path,
                                         struct hats_error *err) {
    uint8_t old_got[DIGEST], new_got[DIGEST];
    hats_status s = check_sizes(old_size, new_size, err);
    if (s != HATS_OK)
        return s;
    if (old_size == 0 || old_size == new_size)
        return verify_trivial(old_size, old_root, new_size, new_root, path, err);
    s = roots_from(old_got, new_got, old_size, new_size, old_root, path, err);
    if (s != HATS_OK)
        return s;
    if (memcmp(old_got, old_root, DIGEST) != 0 || memcmp(new_got, new_root, DIGEST) != 0)
        return hats_fail(err, HATS_E_VERIFY,
                         "log: the tree of %" PRIu64 " leaves is no prefix of that of %" PRIu64,
                         old_size, new_size);
    return HATS_OK;
}

/* ---- making ---- */

/* MTH(D[lo : lo + n]), n > 0 and lo a multiple of a power of two that is not below n. */
static hats_status subtree(uint8_t out[DIGEST], uint64_t lo, uint64_t n,
                           const struct hats_tlog_source *source, struct hats_error *err) {
    if (is_power(n)) {
        unsigned level = (unsigned)__builtin_ctzll(n);
        return source->node(source->arg, out, level, lo >> level, err);
    }
    uint8_t left[DIGEST], right[DIGEST];
    uint64_t k = split(n);
    hats_status s = subtree(left, lo, k, source, err);
    if (s == HATS_OK)
        s = subtree(right, lo + k, n - k, source, err);
    if (s == HATS_OK)
        hats_tlog_node(out, left, right);
    return s;
}

hats_status hats_tlog_root(uint8_t root[DIGEST], uint64_t size,
                           const struct hats_tlog_source *source, struct hats_error *err) {
    hats_status s = check_sizes(0, size, err);
    if (s != HATS_OK)
        return s;
    if (size == 0) {
        hats_sha256(root, NULL, 0);
        return HATS_OK;
    }
    return subtree(root, 0, size, source, err);
}

static hats_status push(struct hats_tlog_path *path, uint64_t lo, uint64_t n,
                        const struct hats_tlog_source *source, struct hats_error *err) {
    return subtree(path->digests[path->n++], lo, n, source, err);
}

/* PATH(m, D[lo : lo + n]) [RFC9162, 2.1.3.1]; at most 62 deep. */
static hats_status inclusion(struct hats_tlog_path *path, uint64_t m, uint64_t lo, uint64_t n,
                             const struct hats_tlog_source *source, struct hats_error *err) {
    if (n == 1)
        return HATS_OK;
    uint64_t k = split(n);
    hats_status s = m < k ? inclusion(path, m, lo, k, source, err)
                          : inclusion(path, m - k, lo + k, n - k, source, err);
    if (s != HATS_OK)
        return s;
    return m < k ? push(path, lo + k, n - k, source, err) : push(path, lo, k, source, err);
}

/* SUBPROOF(m, D[lo : lo + n], whole) [RFC9162, 2.1.4.1]. */
static hats_status consistency(struct hats_tlog_path *path, uint64_t m, uint64_t lo, uint64_t n,
                               bool whole, const struct hats_tlog_source *source,
                               struct hats_error *err) {
    if (m == n)
        return whole ? HATS_OK : push(path, lo, n, source, err);
    uint64_t k = split(n);
    hats_status s = m <= k ? consistency(path, m, lo, k, whole, source, err)
                           : consistency(path, m - k, lo + k, n - k, false, source, err);
    if (s != HATS_OK)
        return s;
    return m <= k ? push(path, lo + k, n - k, source, err) : push(path, lo, k, source, err);
}

hats_status hats_tlog_prove_inclusion(struct hats_tlog_path *path, uint64_t size, uint64_t index,
                                      const struct hats_tlog_source *source,
                                      struct hats_error *err) {
    memset(path, 0, sizeof *path);
    hats_status s = check_index(size, index, err);
    if (s == HATS_OK)
        s = inclusion(path, index, 0, size, source, err);
    if (s != HATS_OK)
        memset(path, 0, sizeof *path);
    return s;
}

hats_status hats_tlog_prove_consistency(struct hats_tlog_path *path, uint64_t old_size,
                                        uint64_t new_size, const struct hats_tlog_source *source,
                                        struct hats_error *err) {
    memset(path, 0, sizeof *path);
    hats_status s = check_sizes(old_size, new_size, err);
    if (s == HATS_OK && old_size != 0 && old_size != new_size)
        s = consistency(path, old_size, 0, new_size, true, source, err);
    if (s != HATS_OK)
        memset(path, 0, sizeof *path);
    return s;
}
