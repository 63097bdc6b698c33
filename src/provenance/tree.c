#include "provenance/tree.h"

#include <assert.h>
#include <string.h>

enum { DIGEST = HATS_SHA256_LEN };

static unsigned bits_set(uint64_t n) { return (unsigned)__builtin_popcountll(n); }

static void hash_node(uint8_t out[DIGEST], const uint8_t left[DIGEST],
                      const uint8_t right[DIGEST]) {
    uint8_t node[1 + 2 * DIGEST] = {0x01};
    memcpy(node + 1, left, DIGEST);
    memcpy(node + 1 + DIGEST, right, DIGEST);
    hats_sha256(out, node, sizeof node);
}

uint64_t hats_tree_n_stored(uint64_t n_leaves) { return 2 * n_leaves - bits_set(n_leaves); }

size_t hats_tree_append(uint8_t *out, struct hats_tree_writer *t, const uint8_t leaf[DIGEST]) {
    size_t at = bits_set(t->n_leaves), n_out = 0;
    uint8_t digest[DIGEST];
    assert(t->n_leaves < (UINT64_C(1) << HATS_TREE_MAX_DEPTH));
    memcpy(digest, leaf, DIGEST);
    memcpy(out + DIGEST * n_out++, digest, DIGEST);
    for (uint64_t n = t->n_leaves; (n & 1) != 0; n >>= 1) {
        hash_node(digest, t->peaks[--at], digest);
        memcpy(out + DIGEST * n_out++, digest, DIGEST);
    }
    memcpy(t->peaks[at], digest, DIGEST);
    t->n_leaves++;
    return n_out;
}

void hats_tree_root(uint8_t root[DIGEST], const struct hats_tree_writer *t) {
    size_t at = bits_set(t->n_leaves);
    assert(at > 0);
    memcpy(root, t->peaks[--at], DIGEST);
    while (at > 0)
        hash_node(root, t->peaks[--at], root);
}

bool hats_tree_fetch_memory(void *ctx, uint64_t place, uint8_t digest[DIGEST]) {
    memcpy(digest, (const uint8_t *)ctx + DIGEST * place, DIGEST);
    return true;
}

static unsigned log2_floor(uint64_t n) { return 63 - (unsigned)__builtin_clzll(n); }

/* The root of leaves first .. first + n - 1; the largest power of two in n divides first. */
static bool subtree(uint8_t out[DIGEST], uint64_t first, uint64_t n, hats_tree_fetch *fetch,
                    void *ctx) {
    uint8_t left[HATS_TREE_MAX_DEPTH + 1][DIGEST];
    size_t n_left = 0;
    assert(n != 0);
    do {
        unsigned h = log2_floor(n);
        uint64_t last = first + (UINT64_C(1) << h) - 1;
        if (!fetch(ctx, 2 * last - bits_set(last) + h, left[n_left++]))
            return false;
        first = last + 1;
        n -= UINT64_C(1) << h;
    } while (n != 0);
    memcpy(out, left[--n_left], DIGEST);
    while (n_left > 0)
        hash_node(out, left[--n_left], out);
    return true;
}

hats_status hats_tree_path(uint8_t path[HATS_TREE_PATH_MAX], size_t *path_len_bytes,
                           uint64_t n_leaves, uint64_t index, hats_tree_fetch *fetch, void *ctx,
                           struct hats_error *err) {
    uint8_t down[HATS_TREE_MAX_DEPTH][DIGEST];
    size_t n = 0;
    uint64_t first = 0, size = n_leaves;
    assert(index < n_leaves && n_leaves <= (UINT64_C(1) << HATS_TREE_MAX_DEPTH));
    *path_len_bytes = 0;
    while (size > 1) {
        uint64_t half = UINT64_C(1) << log2_floor(size - 1);
        bool right = index - first >= half, found;
        if (right)
            found = subtree(down[n++], first, half, fetch, ctx);
        else
            found = subtree(down[n++], first + half, size - half, fetch, ctx);
        if (!found)
            return hats_fail(err, HATS_E_IO, "a digest of the tree cannot be read");
        first += right ? half : 0;
        size = right ? size - half : half;
    }
    for (size_t i = 0; i < n; i++)
        memcpy(path + DIGEST * i, down[n - 1 - i], DIGEST);
    *path_len_bytes = n * DIGEST;
    return HATS_OK;
}

bool hats_tree_verify(const uint8_t root[DIGEST], uint64_t n_leaves, uint64_t index,
                      const uint8_t leaf[DIGEST], const uint8_t *path, size_t path_len_bytes) {
    uint8_t digest[DIGEST];
    uint64_t at = index, last = n_leaves - 1;
    if (index >= n_leaves || path_len_bytes % DIGEST != 0)
        return false;
    memcpy(digest, leaf, DIGEST);
    for (size_t i = 0; i < path_len_bytes; i += DIGEST) {
        if (last == 0)
            return false;
        if ((at & 1) != 0 || at == last) {
            hash_node(digest, path + i, digest);
            for (; (at & 1) == 0; at >>= 1)
                last >>= 1;
        } else {
            hash_node(digest, digest, path + i);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && memcmp(digest, root, DIGEST) == 0;
}
