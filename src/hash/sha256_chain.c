#include "hash/sha256_chain.h"

#include "base/bytes.h"
#include "hash/kernels.h"
#include "hash/sha256_constants.h"

#include <assert.h>

enum { LANES = HATS_SHA256_LANES, WINDOW = 256 };

/* Chains under way: word w of lane l at [w][l]. */
struct lanes {
    uint32_t head[8][LANES], value[4][LANES];
    uint32_t left[LANES]; /* steps to go */
    struct hats_sha256_chain *chain[LANES];
    size_t n;
};

static void put_in(struct lanes *at, size_t l, struct hats_sha256_chain *chain) {
    for (size_t w = 0; w < 8; w++)
        at->head[w][l] = hats_load_be32(chain->head + 4 * w);
    for (size_t w = 0; w < 4; w++)
        at->value[w][l] = hats_load_be32(chain->value + 4 * w);
    at->left[l] = chain->n_steps;
    at->chain[l] = chain;
}

static void take_out(struct lanes *at, size_t l) {
    struct hats_sha256_chain *chain = at->chain[l];
    hats_store_be32(chain->head + 16, at->head[4][l]);
    for (size_t w = 0; w < 4; w++)
        hats_store_be32(chain->value + 4 * w, at->value[w][l]);
    chain->n_steps = 0;
}

/* The last lane moves to where one has ended. */
static void close_gap(struct lanes *at, size_t l) {
    size_t last = --at->n;
    for (size_t w = 0; w < 8; w++)
        at->head[w][l] = at->head[w][last];
    for (size_t w = 0; w < 4; w++)
        at->value[w][l] = at->value[w][last];
    at->left[l] = at->left[last];
    at->chain[l] = at->chain[last];
}

/* As far as the shortest chain under way goes; then the next ones take the place of those that ended. */
static void advance(const struct hats_hash_kernels *kernels, struct lanes *at,
                    struct hats_sha256_chain *const *next, size_t n_next, size_t *used) {
    uint32_t n_steps = at->left[0];
    for (size_t l = 1; l < at->n; l++)
        if (at->left[l] < n_steps)
            n_steps = at->left[l];
    kernels->sha256_chain(at->head, at->value, n_steps, at->n);
    for (size_t l = at->n; l-- > 0;) {
        at->left[l] -= n_steps;
        if (at->left[l] > 0)
            continue;
        take_out(at, l);
        if (*used < n_next)
            put_in(at, l, next[(*used)++]);
        else
            close_gap(at, l);
    }
}

/* The chains that have steps to go, longest first. */
static size_t sort(struct hats_sha256_chain **out, struct hats_sha256_chain *chains,
                   size_t n_chains) {
    size_t n = 0;
    for (size_t i = 0; i < n_chains; i++) {
        size_t at = n;
        if (chains[i].n_steps == 0)
            continue;
        for (; at > 0 && out[at - 1]->n_steps < chains[i].n_steps; at--)
            out[at] = out[at - 1];
        out[at] = &chains[i];
        n++;
    }
    return n;
}

void hats_sha256_chains_with(const struct hats_hash_kernels *kernels,
                             struct hats_sha256_chain *chains, size_t n_chains) {
    struct lanes at;
    memset(&at, 0, sizeof at);
    for (size_t first = 0; first < n_chains; first += WINDOW) {
        struct hats_sha256_chain *order[WINDOW];
        size_t in_window = n_chains - first < WINDOW ? n_chains - first : WINDOW, used = 0;
        size_t n = sort(order, chains + first, in_window);
        while (at.n < kernels->chain_lanes && used < n)
            put_in(&at, at.n++, order[used++]);
        while (at.n > 0)
            advance(kernels, &at, order, n, &used);
    }
    hats_wipe(&at, sizeof at);
}

void hats_sha256_chains(struct hats_sha256_chain *chains, size_t n_chains) {
    hats_sha256_chains_with(hats_hash_kernels(), chains, n_chains);
}

void hats_sha256_counted(uint32_t words[8][HATS_SHA256_LANES], const struct hats_sha256 *prefix,
                         uint32_t first) {
    assert(prefix->len_bytes % 64 == 0);
    hats_hash_kernels()->sha256_counter(words, prefix->h, first,
                                        (uint32_t)(8 * (prefix->len_bytes + 4)));
}

/* ---- portable ---- */

void hats_hash_sha256_chain_portable(uint32_t head[8][LANES], uint32_t value[4][LANES],
                                     size_t n_steps, size_t n_lanes) {
    for (size_t l = 0; l < n_lanes; l++) {
        uint8_t block[64] = {[48] = 0x80, [62] = 48 * 8 >> 8, [63] = 48 * 8 & 0xff};
        for (size_t w = 0; w < 8; w++)
            hats_store_be32(block + 4 * w, head[w][l]);
        for (size_t k = 0; k < n_steps; k++) {
            uint32_t h[8];
            memcpy(h, sha256_initial, sizeof h);
            for (size_t w = 0; w < 4; w++)
                hats_store_be32(block + 32 + 4 * w, value[w][l]);
            hats_store_be32(block + 16, head[4][l]++);
            hats_hash_sha256_blocks_portable(h, block, 1);
            for (size_t w = 0; w < 4; w++)
                value[w][l] = h[w];
        }
    }
}

void hats_hash_sha256_counter_portable(uint32_t words[8][LANES], const uint32_t h[8],
                                       uint32_t first, uint32_t len_bits) {
    uint8_t block[64] = {[4] = 0x80};
    hats_store_be32(block + 60, len_bits);
    for (uint32_t l = 0; l < LANES; l++) {
        uint32_t s[8];
        memcpy(s, h, sizeof s);
        hats_store_be32(block, first + l);
        hats_hash_sha256_blocks_portable(s, block, 1);
        for (size_t w = 0; w < 8; w++)
            words[w][l] = s[w];
    }
}
