/* Whole test sets through the real path: every row is encrypted, evaluated and decrypted, every
 * accumulator is compared with the file, integer for integer, and the classes with the labels.
 *
 *     run_targets [--quick] [DIRECTORY]
 *
 * TAP on stdout, one case a target, with a table line for people. --quick stops after 100 rows
 * where a target has more than 400. */
#include "target.h"

#include "base/random.h"
#include "fhe/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUICK_ROWS 100
#define QUICK_WHOLE 400

static const struct target_spec specs[] = {
    {"wdbc_lr_x8w8", NULL, ROWS_DENSE, 30, 1, -127, 127, -127, 127, 19},
    {"wdbc_lr_x10w10", NULL, ROWS_DENSE, 30, 1, -511, 511, -511, 511, 23},
    {"wdbc_stumps_gb300", NULL, ROWS_DENSE, 92, 1, 0, 1, 0, 1, 16},
    {"german_lr_x10w10", NULL, ROWS_DENSE, 61, 1, -511, 511, -511, 511, 23},
    {"german_scorecard_w10", NULL, ROWS_DENSE, 82, 1, 0, 1, 0, 1, 16},
    {"german_stumps_gb300", NULL, ROWS_DENSE, 77, 1, 0, 1, 0, 1, 16},
    {"digits_softmax_last360_w8", NULL, ROWS_DENSE, 64, 10, 0, 16, 0, 16, 16},
    {"mnist_softmax_x15w6", NULL, ROWS_MNIST, 784, 10, 0, 15, 0, 15, 16},
    {"banking77_d1024_w8", NULL, ROWS_SPARSE, 1024, 77, -15, 15, 0, 48, 19},
    {"banking77_d1024_w6c", "banking77_d1024_w8", ROWS_SPARSE, 1024, 77, -15, 15, 0, 48, 18},
    {"banking77_d4096_w8", NULL, ROWS_SPARSE, 4096, 77, -15, 15, 0, 48, 19},
    {"banking77_d4096_w6c", "banking77_d4096_w8", ROWS_SPARSE, 4096, 77, -15, 15, 0, 48, 19},
};
#define N_SPECS (sizeof specs / sizeof specs[0])

struct party {
    struct hats_fhe_secret *sk;
    struct hats_fhe_public *pk;
};

struct run {
    const struct party *party;
    struct target t;
    struct hats_linear_shape shape;
    struct hats_linear_model *model;
    uint8_t *ciphertext, *answer;
    size_t ciphertext_len, answer_len;
    int32_t *x;
    int64_t *y, *acc;
    uint32_t rows, correct, wrong;
    uint64_t encrypt_ns, evaluate_ns, decrypt_ns;
};

static bool party_make(struct party *p) {
    uint8_t seed[HATS_FHE_SEED_LEN];
    size_t len = hats_fhe_public_key_bytes(HATS_SET_L4096);
    uint8_t *bytes = malloc(len);
    bool good = bytes != NULL && hats_random(seed, sizeof seed) == HATS_OK &&
                hats_fhe_secret_new(&p->sk, HATS_SET_L4096, seed, NULL) == HATS_OK &&
                hats_fhe_public_key_of(bytes, len, p->sk, NULL) == HATS_OK &&
                hats_fhe_public_decode(&p->pk, bytes, len, NULL) == HATS_OK;
    free(bytes);
    return good;
}

static bool prepare(struct run *r) {
    const struct target_spec *spec = r->t.spec;
    struct hats_error err = {0};
    int32_t *lo = calloc(spec->d, sizeof *lo), *hi = calloc(spec->d, sizeof *hi);
    uint32_t block = hats_linear_best_block(HATS_SET_L4096, spec->d, spec->k);
    bool good = lo != NULL && hi != NULL;
    for (uint32_t i = 0; good && i < spec->d; i++) {
        lo[i] = i + 1 < spec->d ? spec->lo : spec->last_lo;
        hi[i] = i + 1 < spec->d ? spec->hi : spec->last_hi;
    }
    int32_t x_max = spec->hi > spec->last_hi ? spec->hi : spec->last_hi;
    struct hats_linear_weights weights = {r->t.w, r->t.bias, (uint32_t)x_max, lo, hi};
    good =
        good &&
        hats_linear_shape_init(&r->shape, HATS_SET_L4096, spec->d, spec->k, block, &err) ==
            HATS_OK &&
        hats_linear_model_new(&r->model, HATS_SET_L4096, 0, &r->shape, &weights, &err) == HATS_OK;
    free(lo);
    free(hi);
    if (!good) {
        printf("# %s: %s\n", spec->name, err.text);
        return false;
    }
    r->ciphertext_len = hats_linear_ciphertext_bytes(HATS_SET_L4096, &r->shape);
    r->answer_len = hats_linear_answer_bytes(HATS_SET_L4096, &r->shape);
    r->ciphertext = malloc(r->ciphertext_len);
    r->answer = malloc(r->answer_len);
    r->x = calloc(spec->d, sizeof *r->x);
    r->y = calloc(spec->k, sizeof *r->y);
    r->acc = calloc(spec->k, sizeof *r->acc);
    return r->ciphertext != NULL && r->answer != NULL && r->x != NULL && r->y != NULL &&
           r->acc != NULL;
}

static void finish(struct run *r) {
    hats_linear_model_free(r->model);
    free(r->ciphertext);
    free(r->answer);
    free(r->x);
    free(r->y);
    free(r->acc);
    target_close(&r->t);
}

/* Processor time of this thread: what a row costs, whoever else runs on the machine. */
static uint64_t cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool one_call(struct run *r) {
    const struct hats_fhe_params *params = hats_linear_model_params(r->model);
    uint8_t ctx[32], flood_seed[32];
    struct hats_error err = {0};
    uint64_t start = cpu_ns(), encrypted, evaluated;
    bool good = hats_random(ctx, sizeof ctx) == HATS_OK &&
                hats_random(flood_seed, sizeof flood_seed) == HATS_OK &&
                hats_linear_encrypt(r->ciphertext, r->ciphertext_len, r->party->sk, params,
                                    &r->shape, ctx, r->x, &err) == HATS_OK;
    encrypted = cpu_ns();
    good =
        good && hats_linear_evaluate(r->answer, r->answer_len, r->model, r->party->pk, ctx,
                                     r->ciphertext, r->ciphertext_len, flood_seed, &err) == HATS_OK;
    evaluated = cpu_ns();
    good = good && hats_linear_decrypt(r->y, r->party->sk, params, &r->shape, r->answer,
                                       r->answer_len, &err) == HATS_OK;
    r->encrypt_ns += encrypted - start;
    r->evaluate_ns += evaluated - encrypted;
    r->decrypt_ns += cpu_ns() - evaluated;
    if (!good)
        printf("# %s: row %u: %s\n", r->t.spec->name, (unsigned)r->rows, err.text);
    return good;
}

static uint32_t class_of(const int64_t *y, uint32_t k) {
    uint32_t best = 0;
    if (k == 1)
        return y[0] > 0;
    for (uint32_t o = 1; o < k; o++)
        if (y[o] > y[best])
            best = o;
    return best;
}

static bool all_rows(struct run *r, bool quick) {
    uint32_t label, limit = quick && r->t.n_rows > QUICK_WHOLE ? QUICK_ROWS : r->t.n_rows;
    while (r->rows < limit && target_next(&r->t, &label, r->x, r->acc)) {
        if (!one_call(r))
            return false;
        for (uint32_t o = 0; o < r->shape.k; o++)
            r->wrong += r->y[o] != r->acc[o];
        r->correct += class_of(r->y, r->shape.k) == label;
        r->rows++;
    }
    return r->rows == limit;
}

static bool judge(struct run *r) {
    const struct hats_linear_budget *b = hats_linear_model_budget(r->model);
    const struct target_spec *spec = r->t.spec;
    bool whole = r->rows == r->t.n_rows;
    char digest[65];
    double ms = 1e6 * r->rows;
    printf(
        "# %-26s %4u x %-2u  t 2^%u  B %-4u  %u up %2u down  %u/%u = %.2f %%  CPU ms/row: encrypt "
        "%.3f, evaluate %.3f, decrypt %.3f  KL 2^%.1f\n",
        spec->name, (unsigned)spec->d, (unsigned)spec->k, b->log_t, (unsigned)r->shape.block,
        (unsigned)r->shape.n_in, (unsigned)r->shape.n_out, (unsigned)r->correct, (unsigned)r->rows,
        100.0 * r->correct / r->rows, (double)r->encrypt_ns / ms, (double)r->evaluate_ns / ms,
        (double)r->decrypt_ns / ms, b->kl_millibits / 1000.0);
    if (r->wrong != 0)
        printf("# %s: %u accumulators differ\n", spec->name, (unsigned)r->wrong);
    if (b->log_t != spec->log_t)
        printf("# %s: log2 t is %u, not %u\n", spec->name, b->log_t, spec->log_t);
    if (whole && r->correct != r->t.correct)
        printf("# %s: %u correct, not %u\n", spec->name, (unsigned)r->correct,
               (unsigned)r->t.correct);
    /* equal to the file, and the file is the one whose digest was published */
    return r->wrong == 0 && b->log_t == spec->log_t && (!whole || r->correct == r->t.correct) &&
           target_digest(&r->t, digest) && strcmp(digest, r->t.acc_sha256) == 0;
}

int main(int argc, char **argv) {
    bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    const char *dir = argc > 1 + quick ? argv[1 + quick] : "tests/targets/data";
    struct party party = {0};
    int failed = 0;
    if (!party_make(&party)) {
        printf("Bail out! no key could be made\n");
        return 1;
    }
    printf("1..%u\n", (unsigned)N_SPECS);
    for (size_t i = 0; i < N_SPECS; i++) {
        struct run r = {.party = &party};
        bool good =
            target_open(&r.t, &specs[i], dir) && prepare(&r) && all_rows(&r, quick) && judge(&r);
        printf("%s %u - %s: %u rows equal the file\n", good ? "ok" : "not ok", (unsigned)i + 1,
               specs[i].name, (unsigned)r.rows);
        fflush(stdout);
        failed += !good;
        finish(&r);
    }
    hats_fhe_public_free(party.pk);
    hats_fhe_secret_free(party.sk);
    return failed != 0;
}
