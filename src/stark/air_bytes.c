#include "stark/air.h"

#define UNNUMBERED UINT16_MAX

/* The nodes that claims reach, numbered in the order in which a walk leaves them: all of a, then
 * all of b, then a + b. So a system has the same bytes however it was built; C does not even say
 * which of two arguments of a call is evaluated, and thus built, first. */
struct numbering {
    uint16_t number[HATS_AIR_MAX_NODES]; /* of a node */
    uint16_t order[HATS_AIR_MAX_NODES];  /* the node of a number */
    uint16_t n;
};

static void visit(struct numbering *n, const struct hats_air *air, uint16_t root) {
    uint16_t path[HATS_AIR_MAX_NODES]; /* each node is older than the one before */
    size_t depth = 0;
    path[depth++] = root;
    while (depth > 0) {
        uint16_t node = path[depth - 1];
        const struct hats_air_expr *e = &air->nodes[node];
        if (e->op >= HATS_AIR_ADD && n->number[e->a] == UNNUMBERED) {
            path[depth++] = e->a;
        } else if (e->op >= HATS_AIR_ADD && n->number[e->b] == UNNUMBERED) {
            path[depth++] = e->b;
        } else {
            if (n->number[node] == UNNUMBERED) {
                n->order[n->n] = node;
                n->number[node] = n->n++;
            }
            depth--;
        }
    }
}

static void number_nodes(struct numbering *n, const struct hats_air *air) {
    n->n = 0;
    for (unsigned i = 0; i < air->n_nodes; i++)
        n->number[i] = UNNUMBERED;
    for (unsigned i = 0; i < air->n_constraints; i++)
        visit(n, air, air->constraints[i].node);
    for (unsigned i = 0; i < air->n_lookups; i++)
        visit(n, air, air->lookups[i].node);
    for (unsigned i = 0; i < air->n_sums; i++)
        visit(n, air, air->sums[i].node);
}

/* Where the bytes of a system go. */
struct sink {
    void (*write)(void *ctx, const void *data, size_t len_bytes);
    void *ctx;
};

/* The low n_bytes of v, the highest first. */
static void put(const struct sink *s, uint64_t v, size_t n_bytes) {
    uint8_t bytes[8];
    hats_store_be64(bytes, v);
    s->write(s->ctx, bytes + 8 - n_bytes, n_bytes);
}

static void put_leaves(const struct sink *s, const struct hats_air *air) {
    put(s, air->log_n, 1);
    put(s, air->n_columns, 2);
    put(s, air->n_public, 2);
    put(s, air->n_weights, 2);
    put(s, air->n_challenges, 2);
    put(s, air->n_scalars, 2);
    put(s, air->n_fixed, 2);
    for (unsigned i = 0; i < air->n_fixed; i++) {
        put(s, air->fixed[i].log_period, 1);
        for (size_t j = 0; j < (size_t)1 << air->fixed[i].log_period; j++)
            put(s, air->fixed[i].values[j], 8);
    }
}

static void put_nodes(const struct sink *s, const struct hats_air *air, const struct numbering *n) {
    put(s, n->n, 2);
    for (unsigned i = 0; i < n->n; i++) {
        const struct hats_air_expr *e = &air->nodes[n->order[i]];
        put(s, e->op, 1);
        if (e->op == HATS_AIR_CONSTANT) {
            put(s, e->constant, 8);
        } else if (e->op < HATS_AIR_ADD) {
            put(s, e->a, 2);
        } else {
            put(s, n->number[e->a], 2);
            put(s, n->number[e->b], 2);
        }
    }
}

static void put_claims(const struct sink *s, const struct hats_air *air,
                       const struct numbering *n) {
    put(s, air->n_constraints, 2);
    for (unsigned i = 0; i < air->n_constraints; i++)
        put(s, n->number[air->constraints[i].node], 2);
    put(s, air->n_lookups, 2);
    for (unsigned i = 0; i < air->n_lookups; i++) {
        put(s, n->number[air->lookups[i].node], 2);
        put(s, air->lookups[i].tag, 4);
    }
    put(s, air->n_sums, 2);
    for (unsigned i = 0; i < air->n_sums; i++) {
        put(s, n->number[air->sums[i].node], 2);
        put(s, air->sums[i].scalar, 2);
    }
    put(s, air->has_table ? 1 : 0, 1);
    if (air->has_table) {
        put(s, air->table_values, 2);
        put(s, air->table_tags, 2);
        put(s, air->table_multiplicities, 2);
    }
}

void hats_air_serialise(const struct hats_air *air,
                        void (*write)(void *ctx, const void *data, size_t len_bytes), void *ctx) {
    static const char magic[16] = "HATS-AIR-1";
    struct sink s = {write, ctx};
    struct numbering n;
    number_nodes(&n, air);
    write(ctx, magic, sizeof magic);
    put_leaves(&s, air);
    put_nodes(&s, air, &n);
    put_claims(&s, air, &n);
}

static void write_to_sha256(void *ctx, const void *data, size_t len_bytes) {
    hats_sha256_update(ctx, data, len_bytes);
}

void hats_air_digest(uint8_t digest[HATS_SHA256_LEN], const struct hats_air *air) {
    struct hats_sha256 hash;
    hats_sha256_init(&hash);
    hats_air_serialise(air, write_to_sha256, &hash);
    hats_sha256_final(&hash, digest);
}
