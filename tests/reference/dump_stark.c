/* What the cubic extension, RPO and the soundness calculator make of inputs from a fixed sequence, one
 * line each, for check_stark.py. */
#include "field/fp3.h"
#include "stark/rpo.h"
#include "stark/soundness.h"

#include <inttypes.h>
#include <stdio.h>

/* splitmix64 from a fixed start. */
static uint64_t word(void) {
    static uint64_t state;
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t element(void) {
    uint64_t w = word();
    return w % 8 == 0 ? w % 3 : w % 8 == 1 ? HATS_P - 1 - w % 3 : word() % HATS_P;
}

static void print(const char *name, const uint64_t *a, size_t n) {
    printf(" %s", name);
    for (size_t i = 0; i < n; i++)
        printf("%c%" PRIu64, i == 0 ? '=' : ',', a[i]);
}

static void field(void) {
    struct hats_fp3 a = {{element(), element(), element()}};
    struct hats_fp3 b = {{element(), element(), element()}};
    uint64_t e = word(), norm = hats_fp3_norm(a);
    struct hats_fp3 product = hats_fp3_mul(a, b), square = hats_fp3_square(a);
    struct hats_fp3 inverse = hats_fp3_inv(a), image = hats_fp3_frobenius(a);
    struct hats_fp3 power = hats_fp3_pow(a, e);
    printf("fp3");
    print("a", a.c, 3);
    print("b", b.c, 3);
    print("e", &e, 1);
    print("product", product.c, 3);
    print("square", square.c, 3);
    print("inverse", inverse.c, 3);
    print("frobenius", image.c, 3);
    print("norm", &norm, 1);
    print("power", power.c, 3);
    printf("\n");
}

static void hash(size_t n) {
    uint64_t in[40], domain = word() % 4, digest[HATS_STARK_RPO_DIGEST];
    for (size_t i = 0; i < n; i++)
        in[i] = element();
    hats_stark_rpo_hash(digest, domain, in, n);
    printf("rpo");
    print("domain", &domain, 1);
    print("elements", in, n);
    print("digest", digest, HATS_STARK_RPO_DIGEST);
    printf("\n");
}

static int bits(void) {
    unsigned log_n = 8 + (unsigned)(word() % 12), blowup = 2 + (unsigned)(word() % 5);
    struct hats_stark_params p = {
        .p = HATS_P,
        .extension = 3,
        .n_rows = 1u << log_n,
        .d_max = (1u << log_n) + (uint32_t)(word() % (1u << (log_n - 1))),
        .domain = 1u << (log_n + blowup),
        .n_folds = (unsigned)(word() % (log_n / 3)),
        .folds = {8, 8, 8, 8, 8, 8},
        .n_polys = 2 + (uint32_t)(word() % 200),
        .n_constraints = 1 + (uint32_t)(word() % 200),
        .degree = 2 + (uint32_t)(word() % 8),
        .n_points = 1 + (uint32_t)(word() % 3),
        .n_lookups = (uint32_t)(word() % 5),
        .n_linear = (uint32_t)(word() % 5000),
        .regime = word() % 4 == 0 ? HATS_STARK_UDR : HATS_STARK_JBR,
        .m = 10 + (uint32_t)(word() % 240),
        .queries = 1 + (uint32_t)(word() % 200),
        .grinding = (unsigned)(word() % 24),
        .digest_bits = 256,
    };
    struct hats_stark_soundness s;
    struct hats_error err;
    if (hats_stark_soundness_of(&s, &p, &err) != HATS_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("bits rows=%u d_max=%u domain=%u folds=%u polys=%u constraints=%u degree=%u points=%u "
           "lookups=%u linear=%u jbr=%d m=%u queries=%u grinding=%u",
           (unsigned)p.n_rows, (unsigned)p.d_max, (unsigned)p.domain, p.n_folds,
           (unsigned)p.n_polys, (unsigned)p.n_constraints, (unsigned)p.degree, (unsigned)p.n_points,
           (unsigned)p.n_lookups, (unsigned)p.n_linear, p.regime == HATS_STARK_JBR, (unsigned)p.m,
           (unsigned)p.queries, p.grinding);
    printf(" result=%d,%d,%d,%d,%d,%d", (int)s.challenges, (int)s.ali, (int)s.deep, (int)s.batching,
           (int)s.queries, (int)s.proven);
    for (unsigned i = 0; i < p.n_folds; i++)
        printf(",%d", (int)s.fold[i]);
    printf("\n");
    return 0;
}

int main(void) {
    int failed = 0;
    printf("constants");
    print("c", hats_stark_rpo_constants[0][0],
          (size_t)HATS_STARK_RPO_ROUNDS * 2 * HATS_STARK_RPO_WIDTH);
    printf("\n");
    for (int i = 0; i < 200; i++)
        field();
    for (size_t n = 1; n <= 40; n++)
        hash(n);
    for (int i = 0; i < 300; i++)
        failed |= bits();
    return failed;
}
