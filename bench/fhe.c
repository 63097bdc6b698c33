/* The network tiers: transforms and the operations on ciphertexts. Floors are counted: the transforms, products and
 * permutations that an operation cannot do without, times their cost as measured in the same run. */
#include "bench.h"

#include "base/arena.h"
#include "fhe/ckks_secret.h"
#include "hash/shake.h"
#include "ring/rns_kernels.h"

#include <stdio.h>
#include <stdlib.h>

struct tier {
    struct hats_ckks *p;
    struct hats_ckks_secret *sk;
    struct hats_ckks_ciphertext a, b, out;
    struct hats_ckks_key relin, rotation;
    uint64_t *scratch;
    uint32_t *map;
    int64_t *m;
    uint8_t ctx[32];
    struct hats_shake_x8 x8;
    unsigned prime; /* that ntt transforms with */
};

static void must(hats_status status) {
    if (status != HATS_OK) {
        fprintf(stderr, "fhe: %s\n", hats_status_name(status));
        exit(5);
    }
}

static void *storage(size_t n_words) {
    void *p = hats_alloc_array(n_words, 8);
    must(p != NULL ? HATS_OK : HATS_E_MEMORY);
    return p;
}

static void tier_open(struct tier *t, uint32_t set_id) {
    static const uint8_t seed[32] = {1};
    must(hats_ckks_new(&t->p, set_id, NULL));
    must(hats_ckks_secret_new(&t->sk, t->p, seed, NULL));
    struct hats_ckks_ciphertext *all[3] = {&t->a, &t->b, &t->out};
    for (unsigned i = 0; i < 6; i++)
        all[i / 2]->part[i % 2] = storage(hats_ckks_part_words(t->p));
    uint64_t *relin = storage(hats_ckks_key_words(t->p));
    uint64_t *rotation = storage(hats_ckks_key_words(t->p));
    t->scratch = storage(hats_ckks_scratch_words(t->p));
    t->m = storage(t->p->n);
    t->map = storage(t->p->n);
    must(hats_ckks_key_make(relin, t->sk, 0, NULL));
    must(hats_ckks_key_make(rotation, t->sk, 5, NULL));
    hats_rns_automorphism_map(t->map, t->p->log_n, 5);
    t->relin = (struct hats_ckks_key){0, relin};
    t->rotation = (struct hats_ckks_key){5, rotation};
}

static void tier_close(struct tier *t) {
    struct hats_ckks_ciphertext *all[3] = {&t->a, &t->b, &t->out};
    for (unsigned i = 0; i < 6; i++)
        hats_free(all[i / 2]->part[i % 2]);
    hats_free((void *)(uintptr_t)t->relin.words);
    hats_free((void *)(uintptr_t)t->rotation.words);
    hats_free(t->scratch);
    hats_free(t->m);
    hats_free(t->map);
    hats_ckks_secret_free(t->sk);
    hats_ckks_free(t->p);
}

static void ntt(void *arg) {
    struct tier *t = arg;
    hats_rns_kernels()->ntt_forward(&t->p->rns->prime[t->prime], t->scratch);
}
static void product(void *arg) {
    struct tier *t = arg;
    const uint64_t *x = t->a.part[0], *y = t->b.part[0];
    hats_rns_kernels()->mul_sum(&t->p->rns->prime[t->prime], t->scratch, &x, &y, 1);
}
static void permutation(void *arg) {
    struct tier *t = arg;
    hats_hash_kernels()->keccak_x8(t->x8.s);
}
static void encrypt(void *arg) {
    struct tier *t = arg;
    uint8_t seed[32];
    must(hats_ckks_encrypt(&t->a, seed, t->sk, t->ctx, t->m, NULL));
}
static void mul_relin(void *arg) {
    struct tier *t = arg;
    must(hats_ckks_mul(t->p, &t->out, &t->a, &t->b, &t->relin, t->scratch, NULL));
}
static void rotate(void *arg) {
    struct tier *t = arg;
    must(hats_ckks_rotate(t->p, &t->out, &t->a, &t->rotation, t->map, t->scratch, NULL));
}
/* In place: what it makes of the last limb does not change its cost. */
static void rescale(void *arg) {
    struct tier *t = arg;
    t->out.n_limbs = t->p->n_limbs;
    must(hats_ckks_rescale(t->p, &t->out, t->scratch, NULL));
}

static double figure(struct bench *b, struct tier *t, const char *what, void (*f)(void *),
                     double floor) {
    char name[64], params[160];
    const struct hats_rns_prime *q = &t->p->rns->prime[t->prime];
    snprintf(name, sizeof name, "fhe.%zu.%s", t->p->n, what);
    snprintf(
        params, sizeof params,
        "{\"set\": \"%s\", \"log_qp\": %u, \"limbs\": %u, \"special\": %u, \"prime_bits\": %u}",
        t->p->name, t->p->log_qp, t->p->n_limbs, t->p->n_special, q->bits);
    return bench_run(b,
                     &(struct bench_figure){.name = name,
                                            .unit = "us",
                                            .params = params,
                                            .floor = floor,
                                            .security = {.classical = t->p->security.classical,
                                                         .quantum = t->p->security.quantum}},
                     f, t);
}

static void tier(struct bench *b, uint32_t set_id) {
    struct tier t = {0};
    double transforms = 0, special = 0, products = 0;
    tier_open(&t, set_id);
    encrypt(&t);
    t.b.n_limbs = t.out.n_limbs = t.p->n_limbs;
    unsigned n_limbs = t.p->n_limbs, n_special = t.p->n_special;
    t.prime = 1;
    double one = figure(b, &t, "ntt", ntt, 0),
           one_product = figure(b, &t, "part.product", product, 0);
    t.prime = n_limbs;
    double wide = figure(b, &t, "part.ntt_special", ntt, 0);
    double wide_product = figure(b, &t, "part.product_special", product, 0);
    double keccak = figure(b, &t, "part.permutation", permutation, 0);
    /* the first prime costs about what the special ones do */
    transforms = wide + (n_limbs - 1) * one;
    special = n_special * wide;
    products = wide_product + (n_limbs - 1) * one_product;
    /* in: the part back, each digit to the primes it has not; out: P back, and its residues forward */
    double in = transforms + t.p->n_digits * (transforms + special) - transforms;
    double out = 2 * (special + transforms);
    double keys = 2 * t.p->n_digits * (products + n_special * wide_product);
    double blocks = (double)t.p->n / 8 / 21 * n_limbs + (double)t.p->n / 8 / 3 * 16 / 136;
    figure(b, &t, "encrypt", encrypt, 3 * transforms + products + blocks * keccak);
    figure(b, &t, "mul_relin", mul_relin, in + out + keys + 4 * products);
    figure(b, &t, "rotate", rotate, in + out + keys);
    t.prime = n_limbs - 1;
    figure(b, &t, "rescale", rescale, 2 * (one + transforms - one));
    tier_close(&t);
}

int main(int argc, char **argv) {
    struct bench b;
    if (!bench_open(&b, argc, argv, "fhe"))
        return 2;
    tier(&b, HATS_SET_S8192);
    tier(&b, HATS_SET_M16384);
    return bench_close(&b);
}
