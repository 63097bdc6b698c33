/* Parts of the verifier that no proof made by the prover reaches: challenges that a hash hits with
 * probability 2^-128, and layers that fold wrongly inside true trees. Folding is compared with its
 * definition on the coefficients. */
#include "stark/verify_internal.h"

#include "stark/proof.h"
#include "systems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t first_seed = UINT64_C(0x13198a2e03707344);
static uint64_t seed;
static struct hats_error err;

static uint64_t next_random(void) { /* splitmix64 */
    uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % HATS_P;
}

static struct hats_fp3 random_k(void) {
    return (struct hats_fp3){{next_random(), next_random(), next_random()}};
}

/* A verifier in the middle of its work. */
struct stage {
    struct systems all;
    struct hats_stark_verifier v;
    struct hats_arena arena;
    void *storage;
};

static void begin(struct stage *s) {
    memset(s, 0, sizeof *s);
    s->all.n = 1;
    s->all.at[0] = system_new("mixed", 5, 0, 1);
    assert_int_equal(systems_init(&s->all, HATS_STARK_TEST, &err), HATS_OK);
    size_t len = s->all.setup.scratch_bytes;
    s->storage = malloc(len);
    hats_arena_init(&s->arena, s->storage, len);
    s->v = (struct hats_stark_verifier){
        .statement = &s->all.statement, .setup = &s->all.setup, .arena = &s->arena, .err = &err};
    s->v.drawn = calloc(16, sizeof *s->v.drawn);
    s->v.opened = calloc(s->all.setup.n_opened, sizeof *s->v.opened);
    seed = first_seed;
    for (int i = 0; i < 4; i++)
        s->v.drawn[i] = random_k();
    s->v.zeta = random_k();
    s->v.lambda = random_k();
}

static void end(struct stage *s) {
    system_free(s->all.at[0]);
    free(s->storage);
    free(s->v.drawn);
    free(s->v.opened);
}

static enum hats_stark_refusal check_point(struct stage *s) {
    s->v.refusal = HATS_STARK_ACCEPTED;
    hats_status status = hats_stark_check_point(&s->v);
    assert_int_equal(status == HATS_OK, s->v.refusal == HATS_STARK_ACCEPTED);
    assert_int_equal(s->arena.used, 0);
    return s->v.refusal;
}

static void a_point_in_the_base_field_is_refused(void **state) {
    (void)state;
    struct stage s;
    begin(&s);
    assert_int_equal(check_point(&s), HATS_STARK_R_CONSTRAINTS);
    s.v.zeta.c[1] = 0;
    assert_int_equal(check_point(&s), HATS_STARK_R_CONSTRAINTS);
    s.v.zeta.c[2] = 0;
    assert_int_equal(check_point(&s), HATS_STARK_R_ZETA);
    end(&s);
}

static void a_challenge_in_the_lookup_table_is_refused(void **state) {
    (void)state;
    struct stage s;
    begin(&s);
    /* Row 16 of the table: value 0, tag 1. */
    s.v.drawn[0] = s.v.drawn[1];
    assert_int_equal(check_point(&s), HATS_STARK_R_POLE);
    assert_non_null(strstr(err.text, "lookup table"));
    /* Row 19: value 9, tag 1. */
    s.v.drawn[0].c[0] = hats_fp_add(s.v.drawn[0].c[0], 9);
    assert_int_equal(check_point(&s), HATS_STARK_R_POLE);
    s.v.drawn[0].c[0] = hats_fp_add(s.v.drawn[0].c[0], 1);
    assert_int_equal(check_point(&s), HATS_STARK_R_CONSTRAINTS);
    /* Row 3: value 3, tag 0. */
    s.v.drawn[0] = hats_fp3_from_fp(3);
    assert_int_equal(check_point(&s), HATS_STARK_R_POLE);
    end(&s);
}

/* ---- folding ---- */

#define LOG_DOMAIN 9
#define N_FOLDS 2
#define D_MAX UINT32_C(128)

struct folding {
    struct hats_stark_setup setup;
    struct hats_stark_verifier v;
    struct hats_fp3 poly[N_FOLDS + 1][D_MAX];
    uint32_t positions[8], layer_leaves[N_FOLDS][8];
    uint8_t leaves[N_FOLDS][8 * 8 * HATS_STARK_K_LEN];
    struct hats_fp3 batch[8];
};

/* Layer l at its point i, from the coefficients. */
static struct hats_fp3 layer_at(const struct folding *f, unsigned l, uint32_t i) {
    uint64_t power = UINT64_C(1) << (3 * l);
    uint64_t w = hats_stark_generator(LOG_DOMAIN);
    uint64_t x = hats_fp_mul(hats_fp_pow(HATS_P_GENERATOR, power), hats_fp_pow(w, power * i));
    struct hats_fp3 value = {{0}};
    for (unsigned k = D_MAX >> (3 * l); k-- > 0;)
        value = hats_fp3_add(hats_fp3_scale(value, x), f->poly[l][k]);
    return value;
}

static void store_k(uint8_t *out, struct hats_fp3 a) {
    for (int i = 0; i < 3; i++)
        hats_store_be64(out + 8 * i, a.c[i]);
}

static void fill_layer(struct folding *f, unsigned l) {
    uint32_t n_leaves = UINT32_C(1) << (LOG_DOMAIN - 3 * (l + 1));
    f->v.beta[l] = random_k();
    for (unsigned i = 0; i < D_MAX >> (3 * (l + 1)); i++) {
        struct hats_fp3 sum = {{0}};
        for (unsigned k = 8; k-- > 0;)
            sum = hats_fp3_add(hats_fp3_mul(sum, f->v.beta[l]), f->poly[l][8 * i + k]);
        f->poly[l + 1][i] = sum;
    }
    f->v.layer_leaves[l] = f->layer_leaves[l];
    f->v.n_layer_leaves[l] = hats_stark_leaves_of(f->layer_leaves[l], f->positions,
                                                  f->v.n_positions, LOG_DOMAIN - 3 * (l + 1));
    for (size_t i = 0; i < f->v.n_layer_leaves[l]; i++)
        for (uint32_t s = 0; s < 8; s++)
            store_k(f->leaves[l] + (8 * i + s) * HATS_STARK_K_LEN,
                    layer_at(f, l, f->layer_leaves[l][i] + s * n_leaves));
    f->v.proof.layers[l] = (struct hats_stark_opening){
        .n_leaves = (unsigned)f->v.n_layer_leaves[l],
        .leaf_len_bytes = 8 * HATS_STARK_K_LEN,
        .leaves = f->leaves[l],
    };
}

static void fill(struct folding *f) {
    static const uint32_t positions[] = {0, 1, 64, 130, 193, 257, 450, 511};
    memset(f, 0, sizeof *f);
    seed = first_seed;
    f->setup.log_domain = LOG_DOMAIN;
    f->setup.n_folds = N_FOLDS;
    f->setup.final_len = D_MAX >> (3 * N_FOLDS);
    f->v.setup = &f->setup;
    f->v.err = &err;
    f->v.positions = f->positions;
    f->v.n_positions = HATS_COUNT_OF(positions);
    f->v.batch = f->batch;
    memcpy(f->positions, positions, sizeof positions);
    f->v.powers[0] = hats_stark_generator(LOG_DOMAIN);
    for (unsigned i = 0; i < LOG_DOMAIN; i++)
        f->v.powers[i + 1] = hats_fp_mul(f->v.powers[i], f->v.powers[i]);
    for (unsigned k = 0; k < D_MAX; k++)
        f->poly[0][k] = random_k();
    for (unsigned l = 0; l < N_FOLDS; l++)
        fill_layer(f, l);
    f->v.final_polynomial = f->poly[N_FOLDS];
    for (size_t i = 0; i < f->v.n_positions; i++)
        f->batch[i] = layer_at(f, 0, positions[i]);
}

static void layers_fold_as_they_are_defined(void **state) {
    (void)state;
    static struct folding f;
    fill(&f);
    printf("# seed %llx, leaves %zu and %zu\n", (unsigned long long)first_seed,
           f.v.n_layer_leaves[0], f.v.n_layer_leaves[1]);
    assert_int_equal(hats_stark_check_folds(&f.v), HATS_OK);
    fill(&f);
    f.setup.n_folds = 0; /* B itself is sent */
    f.setup.final_len = D_MAX;
    f.v.final_polynomial = f.poly[0];
    assert_int_equal(hats_stark_check_folds(&f.v), HATS_OK);
    f.poly[0][D_MAX - 1].c[0] ^= 1;
    assert_int_equal(hats_stark_check_folds(&f.v), HATS_E_VERIFY);
}

static void refused_fold(struct folding *f) {
    f->v.refusal = HATS_STARK_ACCEPTED;
    assert_int_equal(hats_stark_check_folds(&f->v), HATS_E_VERIFY);
    assert_int_equal(f->v.refusal, HATS_STARK_R_FOLD);
}

static void no_value_of_a_layer_can_change(void **state) {
    (void)state;
    static struct folding f;
    fill(&f);
    size_t n[N_FOLDS];
    for (unsigned l = 0; l < N_FOLDS; l++)
        n[l] = 8 * f.v.n_layer_leaves[l];
    for (unsigned l = 0; l < N_FOLDS; l++)
        for (size_t i = 0; i < n[l]; i++) {
            fill(&f);
            f.leaves[l][i * HATS_STARK_K_LEN + 8 * (i % 3) + 7] ^= 1;
            refused_fold(&f);
        }
    for (size_t i = 0; i < f.v.n_positions; i++) {
        fill(&f);
        f.batch[i].c[i % 3] ^= 1;
        refused_fold(&f);
    }
    for (size_t i = 0; i < D_MAX >> (3 * N_FOLDS); i++) {
        fill(&f);
        f.poly[N_FOLDS][i].c[i % 3] ^= 1;
        refused_fold(&f);
    }
    for (unsigned l = 0; l < N_FOLDS; l++) {
        fill(&f);
        f.v.beta[l].c[1] ^= 1;
        refused_fold(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_in_the_base_field_is_refused),
        cmocka_unit_test(a_challenge_in_the_lookup_table_is_refused),
        cmocka_unit_test(layers_fold_as_they_are_defined),
        cmocka_unit_test(no_value_of_a_layer_can_change),
    };
    return cmocka_run_group_tests_name("verify-parts", tests, NULL, NULL);
}
