#include "hash/sha256_many.h"
#include "stark/prove_internal.h"

#include <assert.h>

enum { TILE = 64 /* rows hashed together */ };

hats_status hats_stark_oracle_init(struct hats_stark_prover *p, enum hats_stark_tree tree) {
    const struct hats_stark_setup *s = p->setup;
    struct hats_stark_oracle *o = &p->oracle[tree];
    size_t n = (size_t)1 << s->log_domain;
    o->width = s->width[tree];
    o->salted = s->salted[tree];
    o->tree.log_n = s->log_domain;
    o->coeffs = hats_stark_prover_alloc_zero(p, (size_t)o->width * s->d_max, sizeof *o->coeffs);
    o->n_coeffs = hats_stark_prover_alloc(p, o->width, sizeof *o->n_coeffs);
    o->values = hats_stark_prover_alloc(p, o->width * n, sizeof *o->values);
    o->tree.digests = hats_stark_prover_alloc(p, hats_merkle_len_bytes(s->log_domain), 1);
    o->salts = o->salted ? hats_stark_prover_alloc(p, n, HATS_MERKLE_SALT_LEN) : NULL;
    if (o->coeffs == NULL || o->n_coeffs == NULL || o->values == NULL || o->tree.digests == NULL ||
        (o->salted && o->salts == NULL))
        return hats_fail(p->err, HATS_E_MEMORY, "no memory for the %u columns of a proof",
                         o->width);
    return HATS_OK;
}

void hats_stark_interpolate(const struct hats_stark_prover *p, uint64_t *coeffs,
                            const uint64_t *rows, unsigned log_n, uint64_t *room) {
    const struct hats_lde_coset *subgroup = p->subgroup[log_n];
    const struct hats_ntt *ntt = subgroup->ntt;
    for (uint32_t j = 0; j < (uint32_t)1 << log_n; j++)
        room[hats_ntt_position(ntt, j)] = rows[j];
    hats_lde_interpolate(subgroup, coeffs, room);
}

void hats_stark_column(const struct hats_stark_prover *p, struct hats_stark_oracle *o, unsigned c,
                       const uint64_t *rows, uint32_t n_rows, uint32_t h, uint32_t stream,
                       uint64_t *room) {
    uint64_t *f = o->coeffs + (size_t)c * p->setup->d_max;
    if (rows != NULL)
        hats_stark_interpolate(p, f, rows, hats_stark_log2(n_rows), room);
    uint64_t *r = room;
    for (uint32_t done = 0; done < h;) { /* f += (X^N - 1) r, in pieces that fit into `room` */
        uint32_t n = h - done < n_rows ? h - done : n_rows;
        hats_stark_coins(p, stream + (done << 12), r, n);
        for (uint32_t j = 0; j < n; j++) {
            f[done + j] = hats_fp_sub(f[done + j], r[j]);
            f[n_rows + done + j] = hats_fp_add(f[n_rows + done + j], r[j]);
        }
        done += n;
    }
    o->n_coeffs[c] = n_rows + h;
}

struct extension {
    struct hats_stark_prover *p;
    struct hats_stark_oracle *o;
    uint8_t *tiles; /* [threads]: TILE padded leaves, TILE digests */
    size_t tile_len;
    uint64_t *rooms;
};

static void extend(void *arg, size_t i, unsigned thread) {
    (void)thread;
    struct extension *x = arg;
    unsigned column = (unsigned)i / x->p->n_cosets, coset = (unsigned)i % x->p->n_cosets;
    hats_lde_evaluate(x->p->cosets[coset], hats_stark_values(x->p, x->o, column, coset),
                      x->o->coeffs + (size_t)column * x->p->setup->d_max, x->o->n_coeffs[column]);
}

static size_t leaf_len(const struct hats_stark_oracle *o) {
    return 1 + (o->salted ? HATS_MERKLE_SALT_LEN : 0) + (size_t)o->width * 8;
}

/* A word whose bytes in memory are v's, highest first: one store where hats_store_be64 may be eight. */
static inline uint64_t big_endian(uint64_t v) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(v);
#else
    return v;
#endif
}

/* Leaves of TILE positions of one coset: columns to rows, rows to digests, digests to their places. The rows
 * are put together where they are hashed, each a padded message. */
static void hash_tile(void *arg, size_t i, unsigned thread) {
    struct extension *x = arg;
    struct hats_stark_prover *p = x->p;
    struct hats_stark_oracle *o = x->o;
    uint32_t n_rows = p->n_rows, tile = n_rows < TILE ? n_rows : TILE;
    unsigned coset = (unsigned)(i / (n_rows / tile));
    uint32_t first = (uint32_t)(i % (n_rows / tile)) * tile;
    size_t padded = HATS_SHA256_PADDED(leaf_len(o));
    uint8_t *messages = x->tiles + thread * x->tile_len, *digests = messages + TILE * padded;
    uint8_t *rows = messages + 1 + (o->salted ? HATS_MERKLE_SALT_LEN : 0);
    for (unsigned c = 0; c < o->width; c++) {
        const uint64_t *v = hats_stark_values(p, o, c, coset) + first;
        uint8_t *out = rows + (size_t)c * 8;
        for (uint32_t k = 0; k < tile; k++, out += padded) {
            uint64_t word = big_endian(v[k]);
            memcpy(out, &word, sizeof word);
        }
    }
    size_t leaves[TILE];
    for (uint32_t k = 0; k < tile; k++)
        leaves[k] = coset + (size_t)p->element_of[first + k] * p->n_cosets;
    for (uint32_t k = 0; o->salted && k < tile; k++)
        memcpy(messages + k * padded + 1, o->salts + leaves[k] * HATS_MERKLE_SALT_LEN,
               HATS_MERKLE_SALT_LEN);
    hats_sha256_whole(digests, messages, padded, tile);
    uint8_t *out = hats_merkle_leaves(&o->tree);
    for (uint32_t k = 0; k < tile; k++)
        memcpy(out + leaves[k] * HATS_SHA256_LEN, digests + (size_t)k * HATS_SHA256_LEN,
               HATS_SHA256_LEN);
}

struct level {
    struct hats_merkle *tree;
    size_t first, n_each;
};

static void build_nodes(void *arg, size_t i, unsigned thread) {
    (void)thread;
    struct level *l = arg;
    hats_merkle_build_nodes(l->tree, l->first + i * l->n_each, l->n_each);
}

void hats_stark_build_tree(struct hats_stark_prover *p, struct hats_merkle *tree) {
    enum { PIECE = 256 }; /* nodes of one task */
    for (unsigned level = tree->log_n; level-- > 0;) {
        size_t n = (size_t)1 << level;
        struct level l = {tree, n, n < PIECE ? n : PIECE};
        hats_parallel_for(p->threads, n / l.n_each, build_nodes, &l);
    }
}

hats_status hats_stark_oracle_commit(struct hats_stark_prover *p, enum hats_stark_tree tree,
                                     uint64_t *ntt_ns, uint64_t *hash_ns) {
    struct hats_stark_oracle *o = &p->oracle[tree];
    unsigned n_threads = hats_parallel_n_threads(p->threads);
    struct extension x = {.p = p, .o = o};
    size_t padded = HATS_SHA256_PADDED(leaf_len(o));
    x.tile_len = TILE * (padded + HATS_SHA256_LEN);
    x.tiles = hats_stark_prover_alloc(p, n_threads, x.tile_len);
    if (x.tiles == NULL)
        return hats_fail(p->err, HATS_E_MEMORY, "no memory for rows of a proof");
    for (unsigned i = 0; i < n_threads * TILE; i++) {
        uint8_t *message = x.tiles + i / TILE * x.tile_len + i % TILE * padded;
        message[0] = HATS_MERKLE_LEAF_TAG;
        hats_sha256_pad(message, leaf_len(o));
    }
    uint64_t t0 = hats_stark_clock();
    hats_parallel_for(p->threads, (size_t)o->width * p->n_cosets, extend, &x);
    uint64_t t1 = hats_stark_clock();
    if (o->salted)
        hats_stark_coin_bytes(p, HATS_STARK_COIN_LEAVES + (uint32_t)tree, o->salts,
                              ((size_t)1 << o->tree.log_n) * HATS_MERKLE_SALT_LEN);
    uint32_t tile = p->n_rows < TILE ? p->n_rows : TILE;
    hats_parallel_for(p->threads, (size_t)p->n_cosets * (p->n_rows / tile), hash_tile, &x);
    hats_stark_build_tree(p, &o->tree);
    *ntt_ns += t1 - t0;
    *hash_ns += hats_stark_clock() - t1;
    return HATS_OK;
}

/* ---- the trace ---- */

static const struct hats_stark_table *table_of(const struct hats_stark_setup *s, unsigned width_at,
                                               unsigned *column) {
    for (unsigned t = s->n_tables; t-- > 0;)
        if (width_at >= s->table[t].first_base) {
            *column = width_at - s->table[t].first_base;
            return &s->table[t];
        }
    return NULL;
}

static void trace_column(void *arg, size_t i, unsigned thread) {
    struct extension *x = arg;
    struct hats_stark_prover *p = x->p;
    unsigned c;
    const struct hats_stark_table *t = table_of(p->setup, (unsigned)i, &c);
    uint64_t *room = x->rooms + (size_t)thread * p->n_rows;
    uint32_t stream = HATS_STARK_COIN_TRACE + (uint32_t)i;
    if (c >= t->n_columns) {
        hats_stark_column(p, x->o, (unsigned)i, NULL, t->n_rows, t->h_wide, stream, room);
        return;
    }
    const uint64_t *rows = p->trace[t - p->setup->table] + (size_t)c * t->n_rows;
    uint32_t h = t->air->reads_next[c] ? t->h_next : t->h_this;
    hats_stark_column(p, x->o, (unsigned)i, rows, t->n_rows, h, stream, room);
}

hats_status hats_stark_prove_trace(struct hats_stark_prover *p) {
    hats_status s = hats_stark_oracle_init(p, HATS_STARK_TREE_TRACE);
    if (s != HATS_OK)
        return s;
    struct extension x = {.p = p, .o = &p->oracle[HATS_STARK_TREE_TRACE]};
    x.rooms = hats_stark_prover_alloc(p, (size_t)hats_parallel_n_threads(p->threads) * p->n_rows,
                                      sizeof *x.rooms);
    if (x.rooms == NULL)
        return hats_fail(p->err, HATS_E_MEMORY, "no memory for the columns of a proof");
    uint64_t start = hats_stark_clock();
    hats_parallel_for(p->threads, x.o->width, trace_column, &x);
    p->times.trace_ntt += hats_stark_clock() - start;
    return hats_stark_oracle_commit(p, HATS_STARK_TREE_TRACE, &p->times.trace_ntt,
                                    &p->times.trace_hash);
}
