#include "stark/air_block.h"

#include "base/arena.h"

#include <assert.h>

enum { BLOCK = HATS_AIR_BLOCK };

/* What a node is to the program. */
enum kind {
    UNUSED,
    UNIFORM, /* one value for all rows, in `uniform` */
    COLUMN,  /* a leaf: where the block says */
    COMPUTED
};

struct slot {
    uint8_t kind;
    bool over_k;
    uint16_t reg;      /* COMPUTED: a register of its sort */
    uint16_t last_use; /* the last node that reads it; n_nodes: an output, never freed */
};

struct hats_air_program {
    const struct hats_air *air;
    enum hats_air_output output;
    const struct hats_field_kernels *kernels;
    struct hats_air_binding binding;
    struct slot *slots;        /* [n_nodes] */
    struct hats_fp3 *uniform;  /* [n_nodes] */
    uint16_t *constraints_at;  /* [n_nodes + 1]: constraints by node, first index of each */
    uint16_t *constraint_list; /* [n_constraints] sorted by node */
    uint16_t n_base, n_k;      /* registers */
    uint64_t *memory;
    size_t memory_words;
    uint64_t *base;                                 /* [n_base][BLOCK] */
    uint64_t *extended;                             /* [n_k][3][BLOCK] */
    struct hats_fp3_vec t[4], constant, engine_sum; /* scratch of the engine's constraints */
    struct hats_fp3 sum_constant;                   /* sum_i delta^i s_i / N */
    struct hats_fp3 delta_power[HATS_AIR_MAX_SUMS];
};

static bool is_operation(const struct hats_air_expr *e) { return e->op >= HATS_AIR_ADD; }

static bool is_uniform_leaf(const struct hats_air_expr *e) {
    return e->op == HATS_AIR_CONSTANT || e->op == HATS_AIR_CHALLENGE || e->op == HATS_AIR_SCALAR;
}

/* Which nodes are needed, and what each is. */
static void classify(struct hats_air_program *p) {
    const struct hats_air *air = p->air;
    if (p->output == HATS_AIR_CONSTRAINTS)
        for (unsigned i = 0; i < air->n_constraints; i++)
            p->slots[air->constraints[i].node].last_use = 1;
    for (unsigned i = 0; i < air->n_lookups; i++)
        p->slots[air->lookups[i].node].last_use = air->n_nodes;
    for (unsigned i = 0; i < air->n_sums; i++)
        p->slots[air->sums[i].node].last_use = air->n_nodes;
    for (unsigned i = air->n_nodes; i-- > 0;) { /* users come after what they use */
        const struct hats_air_expr *e = &air->nodes[i];
        if (p->slots[i].last_use == 0)
            continue;
        p->slots[i].kind = COMPUTED;
        if (is_operation(e)) {
            struct slot *a = &p->slots[e->a], *b = &p->slots[e->b];
            if (a->last_use < i)
                a->last_use = (uint16_t)i;
            if (b->last_use < i)
                b->last_use = (uint16_t)i;
        }
    }
    for (unsigned i = 0; i < air->n_nodes; i++) {
        const struct hats_air_expr *e = &air->nodes[i];
        struct slot *s = &p->slots[i];
        s->over_k = e->over_k;
        if (s->kind == UNUSED)
            continue;
        if (is_uniform_leaf(e) ||
            (is_operation(e) && p->slots[e->a].kind == UNIFORM && p->slots[e->b].kind == UNIFORM))
            s->kind = UNIFORM;
        else if (!is_operation(e))
            s->kind = COLUMN;
    }
}

struct free_list {
    uint16_t regs[HATS_AIR_MAX_NODES];
    unsigned n;
    uint16_t n_made;
};

static uint16_t take(struct free_list *f) { return f->n > 0 ? f->regs[--f->n] : f->n_made++; }

static void release(struct hats_air_program *p, struct free_list *f, unsigned node, unsigned at) {
    struct slot *s = &p->slots[node];
    if (s->kind == COMPUTED && s->last_use == at) {
        struct free_list *list = &f[s->over_k];
        list->regs[list->n++] = s->reg;
        s->last_use = 0; /* not twice when both operands are this node */
    }
}

/* A result may stand in the register of an operand that is read for the last time: kernels allow that. */
static void allocate(struct hats_air_program *p, struct free_list f[2]) {
    for (unsigned i = 0; i < p->air->n_nodes; i++) {
        if (p->slots[i].kind != COMPUTED)
            continue;
        const struct hats_air_expr *e = &p->air->nodes[i];
        if (p->slots[e->a].over_k == p->slots[i].over_k)
            release(p, f, e->a, i);
        if (p->slots[e->b].over_k == p->slots[i].over_k)
            release(p, f, e->b, i);
        p->slots[i].reg = take(&f[p->slots[i].over_k]);
        release(p, f, e->a, i);
        release(p, f, e->b, i);
        if (p->slots[i].last_use <= i) { /* only its constraint reads it */
            p->slots[i].last_use = (uint16_t)i;
            release(p, f, i, i);
        }
    }
    p->n_base = f[0].n_made;
    p->n_k = f[1].n_made;
}

/* Constraints in the order of their nodes, so that each is taken up while its value is there. */
static void sort_constraints(struct hats_air_program *p) {
    const struct hats_air *air = p->air;
    unsigned n = 0;
    for (unsigned node = 0; node < air->n_nodes; node++) {
        p->constraints_at[node] = (uint16_t)n;
        for (unsigned c = 0; c < air->n_constraints; c++)
            if (air->constraints[c].node == node)
                p->constraint_list[n++] = (uint16_t)c;
    }
    p->constraints_at[air->n_nodes] = (uint16_t)n;
}

static struct hats_fp3_vec take_vec(uint64_t **at) {
    struct hats_fp3_vec v = {{*at, *at + BLOCK, *at + 2 * BLOCK}};
    *at += 3 * BLOCK;
    return v;
}

struct hats_air_program *hats_air_program_new(const struct hats_air *air,
                                              enum hats_air_output output) {
    struct hats_air_program *p = hats_alloc(sizeof *p);
    if (p == NULL)
        return NULL;
    p->air = air;
    p->output = output;
    p->kernels = hats_field_kernels();
    struct free_list *lists = hats_alloc(2 * sizeof *lists);
    p->slots = hats_alloc_array((size_t)air->n_nodes + 1, sizeof *p->slots);
    p->uniform = hats_alloc_array((size_t)air->n_nodes + 1, sizeof *p->uniform);
    p->constraints_at = hats_alloc_array((size_t)air->n_nodes + 1, sizeof *p->constraints_at);
    p->constraint_list =
        hats_alloc_array((size_t)air->n_constraints + 1, sizeof *p->constraint_list);
    if (lists == NULL || p->slots == NULL || p->uniform == NULL || p->constraints_at == NULL ||
        p->constraint_list == NULL)
        goto fail;
    classify(p);
    allocate(p, lists);
    sort_constraints(p);
    p->memory_words = (size_t)BLOCK * (p->n_base + 3u * p->n_k + 3 * 6);
    p->memory = hats_alloc_array(p->memory_words, sizeof *p->memory);
    if (p->memory == NULL)
        goto fail;
    p->base = p->memory;
    p->extended = p->base + (size_t)BLOCK * p->n_base;
    uint64_t *at = p->extended + (size_t)BLOCK * 3 * p->n_k;
    for (int i = 0; i < 4; i++)
        p->t[i] = take_vec(&at);
    p->constant = take_vec(&at);
    p->engine_sum = take_vec(&at);
    hats_free(lists);
    return p;
fail:
    hats_free(lists);
    hats_air_program_free(p);
    return NULL;
}

void hats_air_program_free(struct hats_air_program *p) {
    if (p == NULL)
        return;
    hats_free(p->slots);
    hats_free_wiped(p->uniform, ((size_t)p->air->n_nodes + 1) * sizeof *p->uniform);
    hats_free(p->constraints_at);
    hats_free(p->constraint_list);
    hats_free_wiped(p->memory, p->memory_words * sizeof *p->memory);
    hats_free(p);
}

static struct hats_fp3 uniform_value(const struct hats_air_program *p,
                                     const struct hats_air_expr *e) {
    switch (e->op) {
    case HATS_AIR_CONSTANT: return hats_fp3_from_fp(e->constant);
    case HATS_AIR_CHALLENGE: return p->binding.challenges[e->a];
    case HATS_AIR_SCALAR: return p->binding.scalars[e->a];
    case HATS_AIR_ADD: return hats_fp3_add(p->uniform[e->a], p->uniform[e->b]);
    case HATS_AIR_SUB: return hats_fp3_sub(p->uniform[e->a], p->uniform[e->b]);
    default: return hats_fp3_mul(p->uniform[e->a], p->uniform[e->b]);
    }
}

void hats_air_program_bind(struct hats_air_program *p, const struct hats_air_binding *binding) {
    const struct hats_air *air = p->air;
    p->binding = *binding;
    for (unsigned i = 0; i < air->n_nodes; i++)
        if (p->slots[i].kind == UNIFORM)
            p->uniform[i] = uniform_value(p, &air->nodes[i]);
    uint64_t n_inverse = hats_fp_inv((uint64_t)1 << air->log_n);
    struct hats_fp3 power = binding->delta;
    p->sum_constant = hats_fp3_from_fp(0);
    for (unsigned i = 0; i < air->n_sums; i++) {
        p->delta_power[i] = power;
        struct hats_fp3 share = hats_fp3_scale(binding->scalars[air->sums[i].scalar], n_inverse);
        p->sum_constant = hats_fp3_add(p->sum_constant, hats_fp3_mul(power, share));
        power = hats_fp3_mul(power, binding->delta);
    }
}

/* ---- one block ---- */

static uint64_t *base_reg(const struct hats_air_program *p, unsigned node) {
    return p->base + (size_t)BLOCK * p->slots[node].reg;
}

static struct hats_fp3_vec k_reg(const struct hats_air_program *p, unsigned node) {
    uint64_t *at = p->extended + (size_t)BLOCK * 3 * p->slots[node].reg;
    return (struct hats_fp3_vec){{at, at + BLOCK, at + 2 * BLOCK}};
}

/* A node over F_p that is not uniform. Kernels do not write to their inputs. */
static uint64_t *base_of(const struct hats_air_program *p, const struct hats_air_block *block,
                         unsigned node) {
    const struct hats_air_expr *e = &p->air->nodes[node];
    switch (e->op) {
    case HATS_AIR_CELL: return (uint64_t *)(uintptr_t)block->cells[e->a];
    case HATS_AIR_NEXT: return (uint64_t *)(uintptr_t)block->nexts[e->a];
    case HATS_AIR_FIXED: return (uint64_t *)(uintptr_t)block->fixed[e->a];
    case HATS_AIR_PUBLIC: return (uint64_t *)(uintptr_t)block->publics[e->a];
    default: return base_reg(p, node);
    }
}

static struct hats_fp3_vec k_of(const struct hats_air_program *p,
                                const struct hats_air_block *block, unsigned node) {
    const struct hats_air_expr *e = &p->air->nodes[node];
    return e->op == HATS_AIR_WEIGHT ? block->weights[e->a] : k_reg(p, node);
}

static void fill(uint64_t *out, uint64_t value, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = value;
}

static void fill_k(struct hats_fp3_vec out, struct hats_fp3 value, size_t n) {
    for (int j = 0; j < 3; j++)
        fill(out.c[j], value.c[j], n);
}

/* The node as a vector over K, whatever it is; `room` is used where it has none yet. */
static struct hats_fp3_vec lift(const struct hats_air_program *p,
                                const struct hats_air_block *block, unsigned node,
                                struct hats_fp3_vec room) {
    if (p->slots[node].kind == UNIFORM) {
        fill_k(room, p->uniform[node], block->n);
        return room;
    }
    if (p->slots[node].over_k)
        return k_of(p, block, node);
    memcpy(room.c[0], base_of(p, block, node), block->n * sizeof *room.c[0]);
    fill(room.c[1], 0, block->n);
    fill(room.c[2], 0, block->n);
    return room;
}

static uint64_t *lift_base(const struct hats_air_program *p, const struct hats_air_block *block,
                           unsigned node, uint64_t *room) {
    if (p->slots[node].kind != UNIFORM)
        return base_of(p, block, node);
    fill(room, p->uniform[node].c[0], block->n);
    return room;
}

static void product_k(struct hats_air_program *p, const struct hats_air_block *block,
                      struct hats_fp3_vec out, unsigned a, unsigned b) {
    const struct hats_field_kernels *k = p->kernels;
    size_t n = block->n;
    if (p->slots[a].kind == UNIFORM || (!p->slots[a].over_k && p->slots[b].kind != UNIFORM)) {
        unsigned swap = a;
        a = b;
        b = swap;
    }
    const struct slot *sa = &p->slots[a], *sb = &p->slots[b];
    if (sb->kind == UNIFORM && sa->over_k && !sb->over_k) {
        struct hats_fp3_vec x = k_of(p, block, a);
        for (int j = 0; j < 3; j++)
            k->scale(out.c[j], x.c[j], p->uniform[b].c[0], n);
    } else if (sb->kind == UNIFORM && sa->over_k) {
        k->fp3_scale(out, k_of(p, block, a), p->uniform[b], n);
    } else if (sb->kind == UNIFORM) {
        const uint64_t *x = base_of(p, block, a);
        for (int j = 0; j < 3; j++)
            k->scale(out.c[j], x, p->uniform[b].c[j], n);
    } else if (sb->over_k) {
        k->fp3_mul(out, k_of(p, block, a), k_of(p, block, b), n);
    } else {
        k->fp3_mul_base(out, k_of(p, block, a), base_of(p, block, b), n);
    }
}

static void operate_k(struct hats_air_program *p, const struct hats_air_block *block,
                      unsigned node) {
    const struct hats_air_expr *e = &p->air->nodes[node];
    struct hats_fp3_vec out = k_reg(p, node);
    if (e->op == HATS_AIR_MUL) {
        product_k(p, block, out, e->a, e->b);
        return;
    }
    struct hats_fp3_vec a = lift(p, block, e->a, p->t[0]), b = lift(p, block, e->b, p->t[1]);
    (e->op == HATS_AIR_ADD ? hats_fp3_vec_add : hats_fp3_vec_sub)(out, a, b, block->n);
}

static void operate_base(struct hats_air_program *p, const struct hats_air_block *block,
                         unsigned node) {
    const struct hats_air_expr *e = &p->air->nodes[node];
    const struct hats_field_kernels *k = p->kernels;
    uint64_t *out = base_reg(p, node);
    unsigned a = e->a, b = e->b;
    if (e->op == HATS_AIR_MUL && p->slots[a].kind == UNIFORM) {
        a = e->b;
        b = e->a;
    }
    if (e->op == HATS_AIR_MUL && p->slots[b].kind == UNIFORM) {
        k->scale(out, base_of(p, block, a), p->uniform[b].c[0], block->n);
        return;
    }
    const uint64_t *x = lift_base(p, block, a, p->t[0].c[0]);
    const uint64_t *y = lift_base(p, block, b, p->t[1].c[0]);
    switch (e->op) {
    case HATS_AIR_ADD: k->add(out, x, y, block->n); break;
    case HATS_AIR_SUB: k->sub(out, x, y, block->n); break;
    default: k->mul(out, x, y, block->n); break;
    }
}

/* The constraints whose value node `node` is. */
static void take_up(struct hats_air_program *p, const struct hats_air_block *block, unsigned node,
                    struct hats_fp3_vec out) {
    for (unsigned i = p->constraints_at[node]; i < p->constraints_at[node + 1]; i++) {
        struct hats_fp3 lambda = p->binding.lambda[p->constraint_list[i]];
        const struct slot *s = &p->slots[node];
        if (s->kind == UNIFORM) {
            fill_k(p->t[0], hats_fp3_mul(lambda, p->uniform[node]), block->n);
            hats_fp3_vec_add(out, out, p->t[0], block->n);
        } else if (s->over_k) {
            p->kernels->fp3_add_scaled(out, k_of(p, block, node), lambda, block->n);
        } else {
            p->kernels->fp3_add_scaled_base(out, base_of(p, block, node), lambda, block->n);
        }
    }
}

static void run(struct hats_air_program *p, const struct hats_air_block *block,
                const struct hats_fp3_vec *out) {
    assert(block->n % 8 == 0 && block->n <= BLOCK);
    for (unsigned i = 0; i < p->air->n_nodes; i++) {
        if (p->slots[i].kind == COMPUTED) {
            if (p->slots[i].over_k)
                operate_k(p, block, i);
            else
                operate_base(p, block, i);
        }
        if (out != NULL)
            take_up(p, block, i, *out);
    }
}

/* sum = sum_i delta^i e_i. */
static void sum_terms(struct hats_air_program *p, const struct hats_air_block *block,
                      struct hats_fp3_vec sum) {
    fill_k(sum, hats_fp3_from_fp(0), block->n);
    for (unsigned i = 0; i < p->air->n_sums; i++) {
        unsigned node = p->air->sums[i].node;
        if (p->slots[node].kind != UNIFORM && !p->slots[node].over_k)
            p->kernels->fp3_add_scaled_base(sum, base_of(p, block, node), p->delta_power[i],
                                            block->n);
        else
            p->kernels->fp3_add_scaled(sum, lift(p, block, node, p->t[0]), p->delta_power[i],
                                       block->n);
    }
}

/* out = alpha - e - theta tag. */
static void lookup_factor(struct hats_air_program *p, const struct hats_air_block *block,
                          unsigned lookup, struct hats_fp3_vec out) {
    const struct hats_air_lookup *l = &p->air->lookups[lookup];
    struct hats_fp3 c = hats_fp3_sub(p->binding.alpha, hats_fp3_scale(p->binding.theta, l->tag));
    const uint64_t *e = lift_base(p, block, l->node, out.c[1]);
    fill(out.c[0], c.c[0], block->n);
    p->kernels->sub(out.c[0], out.c[0], e, block->n);
    fill(out.c[1], c.c[1], block->n);
    fill(out.c[2], c.c[2], block->n);
}

static void helper_constraint(struct hats_air_program *p, const struct hats_air_block *block,
                              unsigned helper, struct hats_fp3 lambda, struct hats_fp3_vec out) {
    const struct hats_field_kernels *k = p->kernels;
    struct hats_fp3_vec a = p->t[0], b = p->t[1], c = p->t[2];
    lookup_factor(p, block, 2 * helper, a);
    lookup_factor(p, block, 2 * helper + 1, b);
    k->fp3_mul(c, a, b, block->n);
    k->fp3_mul(c, c, block->helpers[helper], block->n);
    hats_fp3_vec_sub(c, c, a, block->n);
    hats_fp3_vec_sub(c, c, b, block->n);
    k->fp3_add_scaled(out, c, lambda, block->n);
}

static void accumulator_constraint(struct hats_air_program *p, const struct hats_air_block *block,
                                   struct hats_fp3 lambda, struct hats_fp3_vec out) {
    const struct hats_air *air = p->air;
    const struct hats_field_kernels *k = p->kernels;
    size_t n = block->n;
    struct hats_fp3_vec d = p->engine_sum, t = p->t[2];
    sum_terms(p, block, d);
    fill_k(t, p->sum_constant, n);
    hats_fp3_vec_sub(d, t, d, n);
    hats_fp3_vec_add(d, d, block->wide_next, n);
    hats_fp3_vec_sub(d, d, block->wide, n);
    for (unsigned h = 0; h < hats_air_n_helpers(air); h++)
        hats_fp3_vec_sub(d, d, block->helpers[h], n);
    if (air->has_table)
        k->fp3_mul_add_base(d, block->table_inverse, block->cells[air->table_multiplicities], n);
    if (air->n_lookups % 2 == 1) {
        lookup_factor(p, block, air->n_lookups - 1u, t);
        k->fp3_mul(d, d, t, n);
        fill(t.c[0], 1, n);
        k->sub(d.c[0], d.c[0], t.c[0], n);
    }
    k->fp3_add_scaled(out, d, lambda, n);
}

void hats_air_program_combine(struct hats_air_program *p, const struct hats_air_block *block,
                              struct hats_fp3_vec out) {
    const struct hats_air *air = p->air;
    assert(p->output == HATS_AIR_CONSTRAINTS);
    fill_k(out, hats_fp3_from_fp(0), block->n);
    run(p, block, &out);
    unsigned c = air->n_constraints;
    for (unsigned h = 0; h < hats_air_n_helpers(air); h++)
        helper_constraint(p, block, h, p->binding.lambda[c++], out);
    if (hats_air_has_accumulator(air)) {
        accumulator_constraint(p, block, p->binding.lambda[c], out);
    } else if (hats_air_has_mu(air)) {
        hats_fp3_vec_sub(p->t[0], block->wide_next, block->wide, block->n);
        p->kernels->fp3_add_scaled(out, p->t[0], p->binding.lambda[c], block->n);
    }
}

void hats_air_program_terms(struct hats_air_program *p, const struct hats_air_block *block,
                            uint64_t *const *looked_up, struct hats_fp3_vec sum) {
    const struct hats_air *air = p->air;
    assert(p->output == HATS_AIR_TERMS);
    run(p, block, NULL);
    for (unsigned l = 0; l < air->n_lookups; l++) {
        const uint64_t *e = lift_base(p, block, air->lookups[l].node, p->t[0].c[0]);
        memcpy(looked_up[l], e, block->n * sizeof *e);
    }
    sum_terms(p, block, sum);
}
