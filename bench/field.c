/* The transform of every size, the vector kernels per element, and floors made of them, at the rates measured
 * here on buffers in the first cache.
 *
 *   transform   (log2 N)/2 butterflies an element, each one addition and one subtraction, and the
 *               multiplications that a radix-16 tree with a first pass of shifts cannot avoid
 *   lde         the transform, and the multiplication that its first pass needs on a coset
 *   over K      the products over F_p alone: six for a product in K, three for a scaling. Kernels that reduce
 *               sums and not products can be below it
 *   inverses    three products an element
 */
#include "bench.h"
#include "field/fp3.h"
#include "field/lde.h"

#include <stdio.h>

#define N_MAX ((size_t)1 << HATS_NTT_LOG_MAX)
#define N_L1 1024 /* three buffers of 8 KB */
#define N_K 512   /* six of 4 KB */
#define N_TERMS 24
#define N_MASK 112 /* coefficients beyond N, as a masked column of a proof has them */

struct work {
    const struct hats_field_kernels *k;
    const struct hats_ntt *ntt;
    uint64_t *a, *b, *c;
    struct hats_fp3_vec x, y;
    struct hats_lde_coset coset;
};

static const struct hats_fp3 constant = {
    {UINT64_C(12345678901234567), UINT64_C(9876543210987654321), UINT64_C(11223344556677889)}};

static void add(void *arg) {
    struct work *w = arg;
    w->k->add(w->a, w->b, w->c, N_L1);
}
static void sub(void *arg) {
    struct work *w = arg;
    w->k->sub(w->a, w->b, w->c, N_L1);
}
static void mul(void *arg) {
    struct work *w = arg;
    w->k->mul(w->a, w->b, w->c, N_L1);
}
static void mul_add(void *arg) {
    struct work *w = arg;
    w->k->mul_add(w->a, w->b, w->c, N_L1);
}
static void scale(void *arg) {
    struct work *w = arg;
    w->k->scale(w->a, w->b, 12345678901234567u, N_L1);
}
static void add_scaled(void *arg) {
    struct work *w = arg;
    w->k->add_scaled(w->a, w->b, 12345678901234567u, N_L1);
}
static void fp3_mul(void *arg) {
    struct work *w = arg;
    w->k->fp3_mul(w->x, w->x, w->y, N_K);
}
static void fp3_mul_base(void *arg) {
    struct work *w = arg;
    w->k->fp3_mul_base(w->x, w->y, w->b, N_K);
}
static void fp3_mul_add_base(void *arg) {
    struct work *w = arg;
    w->k->fp3_mul_add_base(w->x, w->y, w->b, N_K);
}
static void fp3_scale(void *arg) {
    struct work *w = arg;
    w->k->fp3_scale(w->x, w->y, constant, N_K);
}
static void fp3_add_scaled(void *arg) {
    struct work *w = arg;
    w->k->fp3_add_scaled(w->x, w->y, constant, N_K);
}
static void fp3_add_scaled_base(void *arg) {
    struct work *w = arg;
    w->k->fp3_add_scaled_base(w->x, w->b, constant, N_K);
}
static void fp3_dot_base(void *arg) {
    struct work *w = arg;
    const uint64_t *terms[N_TERMS];
    struct hats_fp3 factors[N_TERMS];
    for (size_t t = 0; t < N_TERMS; t++) {
        terms[t] = w->a + N_K * t;
        factors[t] = constant;
    }
    w->k->fp3_dot_base(w->x, terms, factors, N_TERMS, N_K);
}
static void forward(void *arg) {
    struct work *w = arg;
    w->k->ntt_forward(w->ntt, w->a);
}
static void inverse(void *arg) {
    struct work *w = arg;
    w->k->ntt_inverse(w->ntt, w->a);
}

static void evaluate(void *arg) {
    struct work *w = arg;
    hats_lde_evaluate(&w->coset, w->a, w->a + N_MAX, ((size_t)1 << w->coset.log_n) + N_MASK);
}
static void interpolate(void *arg) {
    struct work *w = arg;
    hats_lde_interpolate(&w->coset, w->a, w->a);
}
static void make_coset(void *arg) {
    struct work *w = arg;
    struct hats_lde_coset c;
    if (hats_lde_coset_init(&c, w->coset.log_n, 7, NULL) == HATS_OK)
        hats_lde_coset_clear(&c);
}
static void inv_many(void *arg) {
    struct work *w = arg;
    hats_fp_inv_many(w->a, w->b, N_L1);
}
static void fp3_inv_many(void *arg) {
    struct work *w = arg;
    hats_fp3_inv_many(w->x, w->y, N_K);
}
static void powers(void *arg) {
    struct work *w = arg;
    hats_fp_powers(w->a, 1, 7, N_L1);
}

/* Nanoseconds an element. */
static double unit_cost(struct bench *b, struct work *w, const char *backend, const char *name,
                        size_t n, double floor_ns, void (*call)(void *)) {
    char params[32];
    snprintf(params, sizeof params, "{\"n\": %zu}", n);
    return bench_run(b,
                     &(struct bench_figure){.name = name,
                                            .unit = "ns",
                                            .backend = backend,
                                            .n_ops = n,
                                            .params = params,
                                            .floor = floor_ns},
                     call, w);
}

static void run_size(struct bench *b, struct work *w, const char *backend, const char *what,
                     unsigned log_n, double floor_us, void (*call)(void *)) {
    char name[48];
    snprintf(name, sizeof name, "field.%s.%zu", what, (size_t)1 << log_n);
    bench_run(
        b,
        &(struct bench_figure){.name = name, .unit = "us", .backend = backend, .floor = floor_us},
        call, w);
}

static void transforms(struct bench *b, struct work *w, const char *backend, double add_ns,
                       double sub_ns, double mul_ns) {
    for (unsigned log_n = 7; log_n <= HATS_NTT_LOG_MAX; log_n++) {
        double n = (double)((size_t)1 << log_n);
        double n_muls = log_n < 9 ? 15.0 / 16 : 15.0 / 16 * ((double)log_n / 4 - 1);
        double floor_us = n * (n_muls * mul_ns + log_n / 2.0 * (add_ns + sub_ns)) / 1e3;
        w->ntt = hats_ntt_shared(log_n);
        run_size(b, w, backend, "ntt", log_n, floor_us, forward);
        run_size(b, w, backend, "intt", log_n, floor_us, inverse);
    }
}

/* With the kernels in use. */
static void extensions(struct bench *b, struct work *w, double add_ns, double sub_ns,
                       double mul_ns) {
    for (unsigned log_n = 8; log_n <= HATS_NTT_LOG_MAX; log_n += log_n < 12 ? 2 : 1) {
        double n = (double)((size_t)1 << log_n);
        double n_muls = 15.0 / 16 * log_n / 4;
        double floor_us = n * (n_muls * mul_ns + log_n / 2.0 * (add_ns + sub_ns)) / 1e3;
        if (hats_lde_coset_init(&w->coset, log_n, 7, NULL) != HATS_OK)
            return;
        run_size(b, w, NULL, "lde", log_n, floor_us, evaluate);
        run_size(b, w, NULL, "interpolate", log_n, floor_us, interpolate);
        run_size(b, w, NULL, "coset_init", log_n, 0, make_coset);
        hats_lde_coset_clear(&w->coset);
    }
}

static void over_extension(struct bench *b, struct work *w, const char *backend, double mul_ns) {
    unit_cost(b, w, backend, "field.fp3_mul", N_K, 6 * mul_ns, fp3_mul);
    unit_cost(b, w, backend, "field.fp3_mul_base", N_K, 3 * mul_ns, fp3_mul_base);
    unit_cost(b, w, backend, "field.fp3_mul_add_base", N_K, 3 * mul_ns, fp3_mul_add_base);
    unit_cost(b, w, backend, "field.fp3_scale", N_K, 6 * mul_ns, fp3_scale);
    unit_cost(b, w, backend, "field.fp3_add_scaled", N_K, 6 * mul_ns, fp3_add_scaled);
    unit_cost(b, w, backend, "field.fp3_add_scaled_base", N_K, 3 * mul_ns, fp3_add_scaled_base);
    unit_cost(b, w, backend, "field.fp3_dot_base", (size_t)N_TERMS * N_K, 3 * mul_ns, fp3_dot_base);
}

int main(int argc, char **argv) {
    static _Alignas(64) uint64_t a[3 * N_MAX], x[N_L1], y[N_L1], k_words[6][N_K];
    struct work w = {.a = a, .b = x, .c = y};
    struct bench b;
    double add_ns = 0, sub_ns = 0, mul_ns = 0;
    if (!bench_open(&b, argc, argv, "field"))
        return 2;
    hats_fp_powers(a, 3, UINT64_C(0x9e3779b97f4a7c15), 3 * N_MAX);
    for (size_t i = 0; i < N_L1; i++) {
        x[i] = hats_fp_mul(a[i], a[i]);
        y[i] = hats_fp_mul(x[i], a[i]);
    }
    for (size_t j = 0; j < 3; j++) {
        w.x.c[j] = memcpy(k_words[j], a + j * N_K, sizeof k_words[j]);
        w.y.c[j] = memcpy(k_words[3 + j], a + (3 + j) * N_K, sizeof k_words[j]);
    }
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        const char *backend = hats_cpu_backend_name((enum hats_backend)i);
        w.k = hats_field_kernels_of((enum hats_backend)i);
        if (w.k == NULL)
            continue;
        add_ns = unit_cost(&b, &w, backend, "field.add", N_L1, 0, add);
        sub_ns = unit_cost(&b, &w, backend, "field.sub", N_L1, 0, sub);
        mul_ns = unit_cost(&b, &w, backend, "field.mul", N_L1, 0, mul);
        unit_cost(&b, &w, backend, "field.mul_add", N_L1, 0, mul_add);
        unit_cost(&b, &w, backend, "field.scale", N_L1, 0, scale);
        unit_cost(&b, &w, backend, "field.add_scaled", N_L1, 0, add_scaled);
        over_extension(&b, &w, backend, mul_ns);
        transforms(&b, &w, backend, add_ns, sub_ns, mul_ns);
    }
    unit_cost(&b, &w, NULL, "field.powers", N_L1, mul_ns, powers);
    unit_cost(&b, &w, NULL, "field.inv_many", N_L1, 3 * mul_ns, inv_many);
    unit_cost(&b, &w, NULL, "field.fp3_inv_many", N_K, 18 * mul_ns, fp3_inv_many);
    extensions(&b, &w, add_ns, sub_ns, mul_ns);
    return bench_close(&b);
}
