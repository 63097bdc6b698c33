/* Vectors over K for vector units, written once over vec_add, vec_sub, vec_mul and vec_all on plain
 * canonical vectors of LANES elements, which the including file supplies. */
#include "field/fp3.h"

struct triple {
    V c[3];
};

static inline struct triple load3(struct hats_fp3_vec a, size_t i) {
    return (struct triple){{load(a.c[0] + i), load(a.c[1] + i), load(a.c[2] + i)}};
}
static inline void store3(struct hats_fp3_vec out, size_t i, struct triple x) {
    store(out.c[0] + i, x.c[0]);
    store(out.c[1] + i, x.c[1]);
    store(out.c[2] + i, x.c[2]);
}
static inline struct triple all3(struct hats_fp3 c) {
    return (struct triple){{vec_all(c.c[0]), vec_all(c.c[1]), vec_all(c.c[2])}};
}

static inline struct triple add3(struct triple a, struct triple b) {
    return (struct triple){
        {vec_add(a.c[0], b.c[0]), vec_add(a.c[1], b.c[1]), vec_add(a.c[2], b.c[2])}};
}
static inline struct triple scale3(struct triple a, V s) {
    return (struct triple){{vec_mul(a.c[0], s), vec_mul(a.c[1], s), vec_mul(a.c[2], s)}};
}
static inline V times_pair(struct triple a, struct triple b, int i, int j) {
    return vec_mul(vec_add(a.c[i], a.c[j]), vec_add(b.c[i], b.c[j]));
}
/* As hats_fp3_mul. */
static inline struct triple mul3(struct triple a, struct triple b) {
    V seven = vec_all(HATS_FP3_NON_RESIDUE);
    V v0 = vec_mul(a.c[0], b.c[0]), v1 = vec_mul(a.c[1], b.c[1]), v2 = vec_mul(a.c[2], b.c[2]);
    V of_x3 = vec_sub(vec_sub(times_pair(a, b, 1, 2), v1), v2);
    V of_x1 = vec_sub(vec_sub(times_pair(a, b, 0, 1), v0), v1);
    V of_x2 = vec_sub(vec_sub(times_pair(a, b, 0, 2), v0), v2);
    return (struct triple){{
        vec_add(v0, vec_mul(of_x3, seven)),
        vec_add(of_x1, vec_mul(v2, seven)),
        vec_add(of_x2, v1),
    }};
}

static void fp3_mul(struct hats_fp3_vec out, struct hats_fp3_vec a, struct hats_fp3_vec b,
                    size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store3(out, i, mul3(load3(a, i), load3(b, i)));
}

static void fp3_mul_base(struct hats_fp3_vec out, struct hats_fp3_vec a, const uint64_t *b,
                         size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store3(out, i, scale3(load3(a, i), load(b + i)));
}

static void fp3_mul_add_base(struct hats_fp3_vec acc, struct hats_fp3_vec a, const uint64_t *b,
                             size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store3(acc, i, add3(load3(acc, i), scale3(load3(a, i), load(b + i))));
}

static void fp3_scale(struct hats_fp3_vec out, struct hats_fp3_vec a, struct hats_fp3 c, size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store3(out, i, mul3(load3(a, i), all3(c)));
}

static void fp3_add_scaled(struct hats_fp3_vec acc, struct hats_fp3_vec a, struct hats_fp3 c,
                           size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store3(acc, i, add3(load3(acc, i), mul3(load3(a, i), all3(c))));
}

static void fp3_add_scaled_base(struct hats_fp3_vec acc, const uint64_t *b, struct hats_fp3 c,
                                size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store3(acc, i, add3(load3(acc, i), scale3(all3(c), load(b + i))));
}
