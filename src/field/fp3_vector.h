/* Vectors over K for vector units, written once. The including file supplies the vector type V of LANES
 * elements, the operations of ntt_vector.h, and
 *
 *   sum, difference, both     a + b, a - b mod 2^64, bitwise and
 *   up, down                  shifts by a constant
 *   mul_low(a, b)             the product of the lower 32 bits of each
 *   all(c)                    c in every lane
 *   mul_field(a, b)           a b mod p, plain, canonical
 *   plus_plain(a, b)          inner a + plain b for any a < 2^64 and canonical b; canonical if a + b < 2p
 *
 * Products that are summed are reduced only once. a = a0 + 2^22 a1 + 2^44 a2 with digits below 2^22, and b
 * comes as the two halves of b, 2^22 b and 2^44 b (each mod p):
 *
 *   a b = sum_d a_d (2^22d b) = low + 2^32 high,    low, high: sums of three products below 2^54
 *
 * so sums of up to 170 products need no carry, and cost six multiplications and six additions each. */
#include "field/fp3.h"

#define DIGIT_BITS 22

struct digits {
    V d[3];
};
struct halves {
    V low[3], high[3]; /* of 2^22d b; the lower 32 bits of each count */
};
/* low + 2^32 high */
struct wide {
    V low, high;
};

INLINE struct digits digits_of(V a) {
    V mask = all((1 << DIGIT_BITS) - 1);
    return (struct digits){
        {both(a, mask), both(down(a, DIGIT_BITS), mask), down(a, 2 * DIGIT_BITS)}};
}
/* Digits of 7 a, a below p: below 2^25. */
INLINE struct digits times_7(struct digits a) {
    for (int d = 0; d < 3; d++)
        a.d[d] = difference(up(a.d[d], 3), a.d[d]);
    return a;
}
/* 2^22 a = (a mod 2^42) 2^22 + 2^64 t = .. + (2^32 - 1) t, t < 2^22. */
INLINE V times_2_22(V a) {
    V t = down(a, 64 - DIGIT_BITS);
    return plain_of(plus_plain(inner_of(up(a, DIGIT_BITS)), difference(up(t, 32), t)));
}
INLINE struct halves halves_of(V b) {
    V b1 = times_2_22(b), b2 = times_2_22(b1);
    return (struct halves){{b, b1, b2}, {down(b, 32), down(b1, 32), down(b2, 32)}};
}

INLINE struct wide product_of(struct digits a, struct halves b) {
    return (struct wide){
        sum(sum(mul_low(a.d[0], b.low[0]), mul_low(a.d[1], b.low[1])), mul_low(a.d[2], b.low[2])),
        sum(sum(mul_low(a.d[0], b.high[0]), mul_low(a.d[1], b.high[1])),
            mul_low(a.d[2], b.high[2]))};
}
INLINE struct wide plus_wide(struct wide a, struct wide b) {
    return (struct wide){sum(a.low, b.low), sum(a.high, b.high)};
}
/* low, high < 2^62. With high = h1 2^32 + h0 it is 2^32 h0 + (low + e h1): the first is below p, the second
 * below 2^63. Inner. */
INLINE V reduce(struct wide a) {
    V h1 = down(a.high, 32);
    return plus_plain(inner_of(up(a.high, 32)), sum(a.low, difference(up(h1, 32), h1)));
}

struct triple {
    V c[3];
};
INLINE struct triple load3(struct hats_fp3_vec a, size_t i) {
    return (struct triple){{load(a.c[0] + i), load(a.c[1] + i), load(a.c[2] + i)}};
}
INLINE void store3(struct hats_fp3_vec out, size_t i, struct triple x) {
    store(out.c[0] + i, x.c[0]);
    store(out.c[1] + i, x.c[1]);
    store(out.c[2] + i, x.c[2]);
}

/* Coefficient by coefficient of b, so that few registers do. */
static void fp3_mul(struct hats_fp3_vec out, struct hats_fp3_vec a, struct hats_fp3_vec b,
                    size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        struct triple x = load3(a, i), y = load3(b, i);
        struct digits x0 = digits_of(x.c[0]), x1 = digits_of(x.c[1]), x2 = digits_of(x.c[2]);
        struct digits s1 = times_7(x1), s2 = times_7(x2);
        struct halves h = halves_of(y.c[0]);
        struct wide w0 = product_of(x0, h), w1 = product_of(x1, h), w2 = product_of(x2, h);
        h = halves_of(y.c[1]);
        w0 = plus_wide(w0, product_of(s2, h));
        w1 = plus_wide(w1, product_of(x0, h));
        w2 = plus_wide(w2, product_of(x1, h));
        h = halves_of(y.c[2]);
        w0 = plus_wide(w0, product_of(s1, h));
        w1 = plus_wide(w1, product_of(s2, h));
        w2 = plus_wide(w2, product_of(x0, h));
        store(out.c[0] + i, plain_of(reduce(w0)));
        store(out.c[1] + i, plain_of(reduce(w1)));
        store(out.c[2] + i, plain_of(reduce(w2)));
    }
}

static void fp3_mul_base(struct hats_fp3_vec out, struct hats_fp3_vec a, const uint64_t *b,
                         size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        struct triple x = load3(a, i);
        V y = load(b + i);
        for (int j = 0; j < 3; j++)
            x.c[j] = mul_field(x.c[j], y);
        store3(out, i, x);
    }
}

static void fp3_mul_add_base(struct hats_fp3_vec acc, struct hats_fp3_vec a, const uint64_t *b,
                             size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        struct triple x = load3(a, i), sums = load3(acc, i);
        V y = load(b + i);
        for (int j = 0; j < 3; j++)
            sums.c[j] = plain_of(plus_plain(inner_of(mul_field(x.c[j], y)), sums.c[j]));
        store3(acc, i, sums);
    }
}

/* 2^22d c for the three digits of what it is multiplied with, as halves_of has them. */
struct constant {
    uint64_t low[3], high[3];
};
static struct constant constant_of(uint64_t c) {
    struct constant k;
    for (int d = 0; d < 3; d++, c = hats_fp_mul(c, (uint64_t)1 << DIGIT_BITS)) {
        k.low[d] = c;
        k.high[d] = c >> 32;
    }
    return k;
}
INLINE struct halves all_halves(const struct constant *c) {
    return (struct halves){{all(c->low[0]), all(c->low[1]), all(c->low[2])},
                           {all(c->high[0]), all(c->high[1]), all(c->high[2])}};
}

/* The constants of a product with c: c0, c1, c2, 7 c1, 7 c2. */
struct constant3 {
    struct constant c[5];
};
static struct constant3 constant3_of(struct hats_fp3 c) {
    return (struct constant3){{
        constant_of(c.c[0]),
        constant_of(c.c[1]),
        constant_of(c.c[2]),
        constant_of(hats_fp_mul(c.c[1], HATS_FP3_NON_RESIDUE)),
        constant_of(hats_fp_mul(c.c[2], HATS_FP3_NON_RESIDUE)),
    }};
}
/* Inner. */
INLINE struct triple times_constant(struct triple a, const struct constant3 *k) {
    const struct constant *c = k->c;
    struct digits x = digits_of(a.c[0]);
    struct wide w0 = product_of(x, all_halves(&c[0])), w1 = product_of(x, all_halves(&c[1]));
    struct wide w2 = product_of(x, all_halves(&c[2]));
    x = digits_of(a.c[1]);
    w0 = plus_wide(w0, product_of(x, all_halves(&c[4])));
    w1 = plus_wide(w1, product_of(x, all_halves(&c[0])));
    w2 = plus_wide(w2, product_of(x, all_halves(&c[1])));
    x = digits_of(a.c[2]);
    w0 = plus_wide(w0, product_of(x, all_halves(&c[3])));
    w1 = plus_wide(w1, product_of(x, all_halves(&c[4])));
    w2 = plus_wide(w2, product_of(x, all_halves(&c[0])));
    return (struct triple){{reduce(w0), reduce(w1), reduce(w2)}};
}

static void fp3_scale(struct hats_fp3_vec out, struct hats_fp3_vec a, struct hats_fp3 c, size_t n) {
    struct constant3 k = constant3_of(c);
    for (size_t i = 0; i < n; i += LANES) {
        struct triple x = times_constant(load3(a, i), &k);
        for (int j = 0; j < 3; j++)
            store(out.c[j] + i, plain_of(x.c[j]));
    }
}

static void fp3_add_scaled(struct hats_fp3_vec acc, struct hats_fp3_vec a, struct hats_fp3 c,
                           size_t n) {
    struct constant3 k = constant3_of(c);
    for (size_t i = 0; i < n; i += LANES) {
        struct triple x = times_constant(load3(a, i), &k);
        for (int j = 0; j < 3; j++)
            store(acc.c[j] + i, plain_of(plus_plain(x.c[j], load(acc.c[j] + i))));
    }
}

static void fp3_add_scaled_base(struct hats_fp3_vec acc, const uint64_t *b, struct hats_fp3 c,
                                size_t n) {
    struct hats_fp3 w = hats_fp3_scale(c, HATS_P_EPSILON);
    for (size_t i = 0; i < n; i += LANES) {
        V x = load(b + i);
        for (int j = 0; j < 3; j++)
            store(acc.c[j] + i, plain_of(plus_plain(twist_all(x, &w.c[j]), load(acc.c[j] + i))));
    }
}

/* Terms taken together: their constants are on the stack, and sums stay below 2^62. */
#define DOT_TERMS 32

static void dot_block(struct hats_fp3_vec acc, const uint64_t *const *b, const struct hats_fp3 *c,
                      size_t n_terms, size_t n) {
    struct constant k[DOT_TERMS][3];
    for (size_t t = 0; t < n_terms; t++)
        for (int j = 0; j < 3; j++)
            k[t][j] = constant_of(c[t].c[j]);
    for (size_t i = 0; i < n; i += LANES) {
        V zero = all(0);
        struct wide s0 = {zero, zero}, s1 = s0, s2 = s0;
        for (size_t t = 0; t < n_terms; t++) {
            struct digits x = digits_of(load(b[t] + i));
            s0 = plus_wide(s0, product_of(x, all_halves(&k[t][0])));
            s1 = plus_wide(s1, product_of(x, all_halves(&k[t][1])));
            s2 = plus_wide(s2, product_of(x, all_halves(&k[t][2])));
        }
        store(acc.c[0] + i, plain_of(plus_plain(reduce(s0), load(acc.c[0] + i))));
        store(acc.c[1] + i, plain_of(plus_plain(reduce(s1), load(acc.c[1] + i))));
        store(acc.c[2] + i, plain_of(plus_plain(reduce(s2), load(acc.c[2] + i))));
    }
}

static void fp3_dot_base(struct hats_fp3_vec acc, const uint64_t *const *b,
                         const struct hats_fp3 *c, size_t n_terms, size_t n) {
    for (size_t t = 0; t < n_terms; t += DOT_TERMS)
        dot_block(acc, b + t, c + t, n_terms - t < DOT_TERMS ? n_terms - t : DOT_TERMS, n);
}
