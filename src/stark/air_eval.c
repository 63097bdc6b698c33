#include "stark/air_eval.h"

static struct hats_fp3 value_of(const struct hats_air_expr *e, const struct hats_air_point *at,
                                const struct hats_fp3 *older) {
    switch ((enum hats_air_op)e->op) {
    case HATS_AIR_CONSTANT: return hats_fp3_from_fp(e->constant);
    case HATS_AIR_CELL: return at->cells[e->a];
    case HATS_AIR_NEXT: return at->nexts[e->a];
    case HATS_AIR_FIXED: return at->fixed[e->a];
    case HATS_AIR_PUBLIC: return at->publics[e->a];
    case HATS_AIR_WEIGHT: return at->weights[e->a];
    case HATS_AIR_CHALLENGE: return at->challenges[e->a];
    case HATS_AIR_SCALAR: return at->scalars[e->a];
    case HATS_AIR_ADD: return hats_fp3_add(older[e->a], older[e->b]);
    case HATS_AIR_SUB: return hats_fp3_sub(older[e->a], older[e->b]);
    case HATS_AIR_MUL: return hats_fp3_mul(older[e->a], older[e->b]);
    }
    __builtin_unreachable();
}

/* A = alpha - e - theta tag. */
static struct hats_fp3 denominator(const struct hats_air_lookup *lookup,
                                   const struct hats_air_point *at, const struct hats_fp3 *nodes) {
    struct hats_fp3 shifted = hats_fp3_sub(at->alpha, nodes[lookup->node]);
    return hats_fp3_sub(shifted, hats_fp3_scale(at->theta, lookup->tag));
}

/* h A A' - A - A'. */
static struct hats_fp3 pair(struct hats_fp3 helper, struct hats_fp3 a, struct hats_fp3 b) {
    return hats_fp3_sub(hats_fp3_mul(helper, hats_fp3_mul(a, b)), hats_fp3_add(a, b));
}

/* D, what the accumulator's step and all that it should be differ by. */
static struct hats_fp3 step(const struct hats_air *air, const struct hats_air_point *at,
                            const struct hats_fp3 *nodes) {
    struct hats_fp3 d = hats_fp3_sub(at->wide_next, at->wide);
    for (unsigned k = 0; k < hats_air_n_helpers(air); k++)
        d = hats_fp3_sub(d, at->helpers[k]);
    if (air->has_table)
        d = hats_fp3_add(d, hats_fp3_mul(at->cells[air->table_multiplicities], at->table_inverse));
    struct hats_fp3 power = at->delta;
    for (unsigned i = 0; i < air->n_sums; i++) {
        struct hats_fp3 share =
            hats_fp3_scale(at->scalars[air->sums[i].scalar], at->n_rows_inverse);
        struct hats_fp3 term = hats_fp3_sub(nodes[air->sums[i].node], share);
        d = hats_fp3_sub(d, hats_fp3_mul(power, term));
        power = hats_fp3_mul(power, at->delta);
    }
    return d;
}

void hats_air_evaluate_nodes(const struct hats_air *air, const struct hats_air_point *at,
                             struct hats_fp3 *nodes) {
    for (unsigned i = 0; i < air->n_nodes; i++)
        nodes[i] = value_of(&air->nodes[i], at, nodes);
}

void hats_air_evaluate(const struct hats_air *air, const struct hats_air_point *at,
                       struct hats_fp3 *constraints, struct hats_fp3 *scratch) {
    hats_air_evaluate_nodes(air, at, scratch);
    for (unsigned i = 0; i < air->n_constraints; i++)
        *constraints++ = scratch[air->constraints[i].node];
    const struct hats_air_lookup *lookup = air->lookups;
    for (unsigned k = 0; k < hats_air_n_helpers(air); k++, lookup += 2)
        *constraints++ = pair(at->helpers[k], denominator(&lookup[0], at, scratch),
                              denominator(&lookup[1], at, scratch));
    if (hats_air_has_accumulator(air)) {
        struct hats_fp3 d = step(air, at, scratch);
        if (air->n_lookups % 2 != 0)
            d = hats_fp3_sub(hats_fp3_mul(denominator(lookup, at, scratch), d),
                             hats_fp3_from_fp(1));
        *constraints = d;
    } else if (hats_air_has_mu(air)) {
        *constraints = hats_fp3_sub(at->wide_next, at->wide);
    }
}
