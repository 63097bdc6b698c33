/* The transform of every size, the vector kernels per element, and the floor of the transform made of
 * them: (log2 N)/2 butterflies an element, each one addition and one subtraction, and the
 * multiplications that a radix-16 tree with a first pass of shifts cannot avoid, all at the rates
 * measured here on buffers in the first cache. */
#include "field/field.h"
#include "bench.h"

#include <stdio.h>

#define N_MAX ((size_t)1 << HATS_NTT_LOG_MAX)
#define N_L1 1024 /* three buffers of 8 KB */

struct work {
    const struct hats_field_kernels *k;
    const struct hats_ntt *ntt;
    uint64_t *a, *b, *c;
};

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
static void forward(void *arg) {
    struct work *w = arg;
    w->k->ntt_forward(w->ntt, w->a);
}
static void inverse(void *arg) {
    struct work *w = arg;
    w->k->ntt_inverse(w->ntt, w->a);
}

static double unit_cost(struct bench *b, struct work *w, const char *backend, const char *name,
                        void (*call)(void *)) {
    return bench_run(b,
                     &(struct bench_figure){.name = name,
                                            .unit = "ns",
                                            .backend = backend,
                                            .n_ops = N_L1,
                                            .params = "{\"n\": 1024}"},
                     call, w);
}

static void transforms(struct bench *b, struct work *w, const char *backend, double add_ns,
                       double sub_ns, double mul_ns) {
    for (unsigned log_n = HATS_NTT_LOG_MIN; log_n <= HATS_NTT_LOG_MAX; log_n++) {
        char name[48];
        double n = (double)((size_t)1 << log_n);
        double n_muls = 15.0 / 16 * ((double)log_n / 4 - 1);
        double floor_us = n * (n_muls * mul_ns + log_n / 2.0 * (add_ns + sub_ns)) / 1e3;
        w->ntt = hats_ntt_shared(log_n);
        snprintf(name, sizeof name, "field.ntt.%zu", (size_t)1 << log_n);
        bench_run(b,
                  &(struct bench_figure){
                      .name = name, .unit = "us", .backend = backend, .floor = floor_us},
                  forward, w);
        snprintf(name, sizeof name, "field.intt.%zu", (size_t)1 << log_n);
        bench_run(b,
                  &(struct bench_figure){
                      .name = name, .unit = "us", .backend = backend, .floor = floor_us},
                  inverse, w);
    }
}

int main(int argc, char **argv) {
    static _Alignas(64) uint64_t a[N_MAX], x[N_L1], y[N_L1];
    struct work w = {.a = a, .b = x, .c = y};
    struct bench b;
    if (!bench_open(&b, argc, argv, "field"))
        return 2;
    for (size_t i = 0; i < N_MAX; i++)
        a[i] = hats_fp_mul(i + 1, UINT64_C(0x9e3779b97f4a7c15));
    for (size_t i = 0; i < N_L1; i++) {
        x[i] = hats_fp_mul(a[i], a[i]);
        y[i] = hats_fp_mul(x[i], a[i]);
    }
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        const char *backend = hats_cpu_backend_name((enum hats_backend)i);
        w.k = hats_field_kernels_of((enum hats_backend)i);
        if (w.k == NULL)
            continue;
        double add_ns = unit_cost(&b, &w, backend, "field.add", add);
        double sub_ns = unit_cost(&b, &w, backend, "field.sub", sub);
        double mul_ns = unit_cost(&b, &w, backend, "field.mul", mul);
        unit_cost(&b, &w, backend, "field.mul_add", mul_add);
        unit_cost(&b, &w, backend, "field.scale", scale);
        transforms(&b, &w, backend, add_ns, sub_ns, mul_ns);
    }
    return bench_close(&b);
}
