#include "stark/air.h"

#include <assert.h>
#include <string.h>

/* Degrees and counts of nodes that no claim uses may be anything: they stop here. */
#define COUNT_MAX (UINT32_C(1) << 30)

void hats_air_begin(struct hats_air *air, const char *name, unsigned log_n) {
    assert(log_n >= HATS_AIR_LOG_N_MIN && log_n <= HATS_AIR_LOG_N_MAX);
    memset(air, 0, sizeof *air);
    air->name = name;
    air->log_n = log_n;
}

unsigned hats_air_column(struct hats_air *air, const char *name) {
    assert(air->n_columns < HATS_AIR_MAX_COLUMNS);
    air->column_names[air->n_columns] = name;
    return air->n_columns++;
}

unsigned hats_air_fixed_column(struct hats_air *air, const uint64_t *values, unsigned log_period) {
    assert(air->n_fixed < HATS_AIR_MAX_FIXED && log_period <= air->log_n);
    for (size_t i = 0; i < (size_t)1 << log_period; i++)
        assert(values[i] < HATS_P);
    air->fixed[air->n_fixed] = (struct hats_air_fixed){values, (uint8_t)log_period};
    return air->n_fixed++;
}

unsigned hats_air_public_column(struct hats_air *air) {
    assert(air->n_public < HATS_AIR_MAX_PUBLIC);
    return air->n_public++;
}

unsigned hats_air_weight_column(struct hats_air *air) {
    assert(air->n_weights < HATS_AIR_MAX_WEIGHTS);
    return air->n_weights++;
}

unsigned hats_air_new_challenge(struct hats_air *air) {
    assert(air->n_challenges < HATS_AIR_MAX_CHALLENGES);
    return air->n_challenges++;
}

unsigned hats_air_new_scalar(struct hats_air *air) {
    assert(air->n_scalars < HATS_AIR_MAX_SCALARS);
    return air->n_scalars++;
}

static bool same(const struct hats_air_expr *x, const struct hats_air_expr *y) {
    return x->op == y->op && x->a == y->a && x->b == y->b && x->constant == y->constant;
}

static hats_air_node build(struct hats_air *air, struct hats_air_expr expr) {
    for (unsigned i = air->n_nodes; i-- > 0;)
        if (same(&air->nodes[i], &expr))
            return i;
    assert(air->n_nodes < HATS_AIR_MAX_NODES);
    air->nodes[air->n_nodes] = expr;
    return air->n_nodes++;
}

static hats_air_node leaf(struct hats_air *air, enum hats_air_op op, unsigned number,
                          unsigned n_numbers, bool over_k) {
    assert(number < n_numbers);
    return build(
        air, (struct hats_air_expr){.a = (uint16_t)number, .op = (uint8_t)op, .over_k = over_k});
}

hats_air_node hats_air_constant(struct hats_air *air, uint64_t value) {
    assert(value < HATS_P);
    return build(air, (struct hats_air_expr){.constant = value, .op = HATS_AIR_CONSTANT});
}

hats_air_node hats_air_cell(struct hats_air *air, unsigned column) {
    return leaf(air, HATS_AIR_CELL, column, air->n_columns, false);
}

hats_air_node hats_air_next(struct hats_air *air, unsigned column) {
    return leaf(air, HATS_AIR_NEXT, column, air->n_columns, false);
}

hats_air_node hats_air_fixed(struct hats_air *air, unsigned fixed) {
    return leaf(air, HATS_AIR_FIXED, fixed, air->n_fixed, false);
}

hats_air_node hats_air_public(struct hats_air *air, unsigned column) {
    return leaf(air, HATS_AIR_PUBLIC, column, air->n_public, false);
}

hats_air_node hats_air_weight(struct hats_air *air, unsigned column) {
    return leaf(air, HATS_AIR_WEIGHT, column, air->n_weights, true);
}

hats_air_node hats_air_challenge(struct hats_air *air, unsigned challenge) {
    return leaf(air, HATS_AIR_CHALLENGE, challenge, air->n_challenges, true);
}

hats_air_node hats_air_scalar(struct hats_air *air, unsigned scalar) {
    return leaf(air, HATS_AIR_SCALAR, scalar, air->n_scalars, true);
}

static hats_air_node combine(struct hats_air *air, enum hats_air_op op, hats_air_node a,
                             hats_air_node b) {
    assert(a < air->n_nodes && b < air->n_nodes);
    return build(air, (struct hats_air_expr){
                          .a = (uint16_t)a,
                          .b = (uint16_t)b,
                          .op = (uint8_t)op,
                          .over_k = air->nodes[a].over_k || air->nodes[b].over_k,
                      });
}

hats_air_node hats_air_add(struct hats_air *air, hats_air_node a, hats_air_node b) {
    return combine(air, HATS_AIR_ADD, a, b);
}

hats_air_node hats_air_sub(struct hats_air *air, hats_air_node a, hats_air_node b) {
    return combine(air, HATS_AIR_SUB, a, b);
}

hats_air_node hats_air_mul(struct hats_air *air, hats_air_node a, hats_air_node b) {
    return combine(air, HATS_AIR_MUL, a, b);
}

hats_air_node hats_air_scale(struct hats_air *air, hats_air_node a, uint64_t constant) {
    return hats_air_mul(air, a, hats_air_constant(air, constant));
}

hats_air_node hats_air_pow(struct hats_air *air, hats_air_node a, unsigned exponent) {
    assert(exponent >= 1);
    hats_air_node power = a;
    unsigned bit = 31 - (unsigned)__builtin_clz(exponent);
    while (bit-- > 0) {
        power = hats_air_mul(air, power, power);
        if ((exponent >> bit & 1) != 0)
            power = hats_air_mul(air, power, a);
    }
    return power;
}

/* A claim of this node: what it reads in the next row is read. */
static uint16_t claim(struct hats_air *air, hats_air_node node) {
    bool reached[HATS_AIR_MAX_NODES] = {false};
    assert(node < air->n_nodes);
    reached[node] = true;
    for (unsigned i = node + 1; i-- > 0;) { /* operands are older */
        const struct hats_air_expr *e = &air->nodes[i];
        if (!reached[i])
            continue;
        if (e->op == HATS_AIR_NEXT)
            air->reads_next[e->a] = true;
        if (e->op >= HATS_AIR_ADD)
            reached[e->a] = reached[e->b] = true;
    }
    return (uint16_t)node;
}

void hats_air_constrain(struct hats_air *air, const char *name, hats_air_node zero) {
    assert(air->n_constraints < HATS_AIR_MAX_CONSTRAINTS);
    assert(hats_air_degree_of(air, zero) <= HATS_AIR_MAX_DEGREE);
    air->constraints[air->n_constraints++] = (struct hats_air_constraint){name, claim(air, zero)};
}

void hats_air_sum(struct hats_air *air, const char *name, hats_air_node term, unsigned scalar) {
    assert(air->n_sums < HATS_AIR_MAX_SUMS && scalar < air->n_scalars);
    assert(hats_air_degree_of(air, term) < HATS_AIR_MAX_DEGREE);
    air->sums[air->n_sums++] = (struct hats_air_sum){name, claim(air, term), (uint16_t)scalar};
}

void hats_air_look_up(struct hats_air *air, const char *name, hats_air_node value, uint32_t tag) {
    assert(air->has_table && air->n_lookups < HATS_AIR_MAX_LOOKUPS);
    assert(hats_air_degree_of(air, value) == 1 && !air->nodes[value].over_k);
    air->lookups[air->n_lookups++] = (struct hats_air_lookup){name, tag, claim(air, value)};
}

void hats_air_table(struct hats_air *air, unsigned values, unsigned tags, unsigned multiplicities) {
    assert(!air->has_table && values < air->n_fixed && tags < air->n_fixed);
    assert(air->fixed[values].log_period == air->log_n);
    assert(air->fixed[tags].log_period == air->log_n);
    assert(multiplicities < air->n_columns);
    air->has_table = true;
    air->table_values = (uint16_t)values;
    air->table_tags = (uint16_t)tags;
    air->table_multiplicities = (uint16_t)multiplicities;
}

unsigned hats_air_n_helpers(const struct hats_air *air) { return air->n_lookups / 2U; }

bool hats_air_has_accumulator(const struct hats_air *air) {
    return air->n_lookups != 0 || air->n_sums != 0;
}

bool hats_air_has_mu(const struct hats_air *air) {
    if (hats_air_has_accumulator(air))
        return false;
    for (unsigned c = 0; c < air->n_columns; c++)
        if (air->reads_next[c])
            return true;
    return false;
}

unsigned hats_air_n_constraints_all(const struct hats_air *air) {
    bool wide = hats_air_has_accumulator(air) || hats_air_has_mu(air);
    return air->n_constraints + hats_air_n_helpers(air) + (wide ? 1U : 0U);
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t capped(uint32_t a) { return a < COUNT_MAX ? a : COUNT_MAX; }

/* Degrees of nodes 0 .. n_nodes - 1. */
static void degrees(uint32_t *degree, const struct hats_air *air, unsigned n_nodes) {
    for (unsigned i = 0; i < n_nodes; i++) {
        const struct hats_air_expr *e = &air->nodes[i];
        switch ((enum hats_air_op)e->op) {
        case HATS_AIR_CONSTANT:
        case HATS_AIR_CHALLENGE:
        case HATS_AIR_SCALAR: degree[i] = 0; break;
        case HATS_AIR_CELL:
        case HATS_AIR_NEXT:
        case HATS_AIR_FIXED:
        case HATS_AIR_PUBLIC:
        case HATS_AIR_WEIGHT: degree[i] = 1; break;
        case HATS_AIR_ADD:
        case HATS_AIR_SUB: degree[i] = larger(degree[e->a], degree[e->b]); break;
        case HATS_AIR_MUL: degree[i] = capped(degree[e->a] + degree[e->b]); break;
        }
    }
}

unsigned hats_air_degree_of(const struct hats_air *air, hats_air_node node) {
    uint32_t degree[HATS_AIR_MAX_NODES];
    assert(node < air->n_nodes);
    degrees(degree, air, node + 1);
    return degree[node];
}

unsigned hats_air_degree(const struct hats_air *air) {
    uint32_t degree[HATS_AIR_MAX_NODES], largest = 1;
    degrees(degree, air, air->n_nodes);
    for (unsigned i = 0; i < air->n_constraints; i++)
        largest = larger(largest, degree[air->constraints[i].node]);
    const struct hats_air_lookup *lookup = air->lookups;
    for (unsigned k = 0; k < hats_air_n_helpers(air); k++, lookup += 2)
        largest = larger(largest, 1 + degree[lookup[0].node] + degree[lookup[1].node]);
    if (!hats_air_has_accumulator(air))
        return largest;
    uint32_t step = air->has_table ? 2 : 1; /* the multiplicity times 1/A; acc and helpers */
    for (unsigned i = 0; i < air->n_sums; i++)
        step = larger(step, degree[air->sums[i].node]);
    if (air->n_lookups % 2 != 0)
        step += degree[lookup->node];
    return larger(largest, step);
}

uint32_t hats_air_n_coefficients(const struct hats_air *air, hats_air_node node,
                                 const uint32_t *columns) {
    uint32_t count[HATS_AIR_MAX_NODES];
    assert(node < air->n_nodes);
    for (unsigned i = 0; i <= node; i++) {
        const struct hats_air_expr *e = &air->nodes[i];
        switch ((enum hats_air_op)e->op) {
        case HATS_AIR_CONSTANT:
        case HATS_AIR_CHALLENGE:
        case HATS_AIR_SCALAR: count[i] = 1; break;
        case HATS_AIR_CELL:
        case HATS_AIR_NEXT: count[i] = columns[e->a]; break;
        case HATS_AIR_FIXED:
        case HATS_AIR_PUBLIC:
        case HATS_AIR_WEIGHT: count[i] = UINT32_C(1) << air->log_n; break;
        case HATS_AIR_ADD:
        case HATS_AIR_SUB: count[i] = larger(count[e->a], count[e->b]); break;
        case HATS_AIR_MUL: count[i] = capped(count[e->a] + count[e->b] - 1); break;
        }
    }
    return count[node];
}
