/* A simulator: views made without any trace, also of a false statement, that pass every check of the verifier
 * but the transcript's, whose challenges the simulator chooses (docs/SECURITY.md, section 12.2). In the random
 * oracle model that is what choosing the oracle's answers means.
 *
 * All that is opened is drawn at random, except what the verifier's equations fix: the last chunk at zeta, the
 * last chunk at a queried point when the next rows of that point are queried too, R at every queried point. Of
 * the trees it has the opened leaves only, the other digests are random. */
#include "zk_view.h"

#include "base/arena.h"
#include "hash/merkle.h"
#include "stark/proof.h"
#include "stark/verify_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAX_BLOCKS = 64, K_LEN = HATS_STARK_K_LEN };

struct simulation {
    struct systems all;
    const struct hats_stark_setup *setup;
    struct zk_view w;
    struct hats_stark_verifier v;
    struct hats_arena arena;
    uint8_t roots[HATS_STARK_MAX_TREES * HATS_SHA256_LEN];
    uint8_t layer_roots[HATS_STARK_MAX_FRI_LAYERS * HATS_SHA256_LEN];
    struct hats_fp3 *batch; /* B, then each fold of it */
    void *blocks[MAX_BLOCKS];
    unsigned n_blocks;
};

static void *room(struct simulation *s, size_t n_items, size_t size_bytes) {
    void *p = hats_alloc_array(n_items + 1, size_bytes);
    assert_non_null(p);
    assert_true(s->n_blocks < MAX_BLOCKS);
    return s->blocks[s->n_blocks++] = p;
}

static void free_rooms(struct simulation *s) {
    for (unsigned i = 0; i < s->n_blocks; i++)
        hats_free(s->blocks[i]);
}

/* ---- challenges ---- */

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void choose_challenges(struct simulation *s, unsigned n_chained) {
    struct hats_stark_verifier *v = &s->v;
    s->w.o = zk_choose(s->setup, &s->setup->table[0], n_chained);
    qsort(s->w.o.positions, s->w.o.n, sizeof *s->w.o.positions, ascending);
    for (size_t i = 0; i < s->w.o.n; i++)
        s->w.o.points[i] = zk_domain_point(&s->w.o, s->w.o.positions[i]);
    for (unsigned i = 0; i < 3 + s->setup->n_challenges; i++)
        s->w.drawn[i] = zk_random_k();
    v->drawn = s->w.drawn;
    v->lambda = s->w.lambda = zk_random_k();
    v->zeta = s->w.o.zeta;
    v->eta = zk_random_k();
    v->positions = s->w.o.positions;
    v->n_positions = s->w.o.n;
    v->powers[0] = hats_stark_generator(s->setup->log_domain);
    for (unsigned i = 0; i < s->setup->log_domain; i++)
        v->powers[i + 1] = hats_fp_mul(v->powers[i], v->powers[i]);
}

/* ---- at zeta ---- */

static void simulate_opened(struct simulation *s) {
    unsigned n = s->setup->n_opened;
    struct hats_fp3 *opened = s->v.opened = s->w.opened;
    assert_true(n <= ZK_MAX_VALUES);
    for (unsigned i = 0; i < n; i++)
        opened[i] = zk_random_k();
    opened[n - 1] = zk_last_chunk(&s->w, s->w.o.zeta, zk_quotient_at_zeta(&s->w),
                                  opened + hats_stark_opened_at(s->setup, s->setup->n_tables));
}

/* ---- rows ---- */

/* All but R; the result is how many rows had to have a certain q. */
static size_t simulate_rows(struct simulation *s) {
    const struct hats_stark_setup *setup = s->setup;
    struct hats_fp3 chunks[HATS_STARK_MAX_CHUNKS], q;
    size_t n_forced = 0;
    for (unsigned tree = 0; tree < HATS_STARK_MAX_TREES; tree++) {
        s->w.rows[tree] = room(s, s->w.o.n, zk_row_len(&s->w, tree) + 1);
        for (size_t i = 0; i < s->w.o.n * zk_row_len(&s->w, tree); i++)
            s->w.rows[tree][i] = (uint8_t)zk_random(); /* salts */
        for (size_t i = 0; i < s->w.o.n; i++)
            for (unsigned c = 0; c < setup->width[tree]; c++)
                hats_store_be64(zk_element(&s->w, tree, i, c), zk_random());
    }
    for (size_t i = 0; i < s->w.o.n; i++) {
        struct hats_fp3 x = hats_fp3_from_fp(s->w.o.points[i]);
        for (unsigned k = 0; k < setup->n_chunks; k++)
            chunks[k] = zk_load_k(&s->w, HATS_STARK_TREE_QUOTIENT, i, 3 * k);
        if (!zk_quotient_of_row(&s->w, i, &q))
            continue;
        n_forced++;
        zk_store_k(zk_element(&s->w, HATS_STARK_TREE_QUOTIENT, i, 3 * (setup->n_chunks - 1)),
                   zk_last_chunk(&s->w, x, q, chunks));
    }
    return n_forced;
}

/* ---- trees ---- */

/* Its unopened leaves are digests of nothing. */
static void simulate_tree(struct simulation *s, struct hats_stark_opening *opening, uint8_t *root,
                          unsigned log_n, const uint32_t *indices, size_t n, const uint8_t *leaves,
                          size_t leaf_len) {
    struct hats_merkle tree = {room(s, hats_merkle_len_bytes(log_n), 1), log_n};
    uint8_t *digests = hats_merkle_leaves(&tree), *opened = room(s, n, HATS_SHA256_LEN);
    for (size_t i = 0; i < (size_t)HATS_SHA256_LEN << log_n; i++)
        digests[i] = (uint8_t)zk_random();
    struct hats_merkle_rows rows = {leaves, leaf_len, leaf_len, NULL};
    hats_merkle_hash_rows(opened, &rows, n);
    for (size_t i = 0; i < n; i++)
        memcpy(digests + (size_t)HATS_SHA256_LEN * indices[i], opened + HATS_SHA256_LEN * i,
               HATS_SHA256_LEN);
    hats_merkle_build(&tree);
    memcpy(root, hats_merkle_root(&tree), HATS_SHA256_LEN);
    size_t len = 0;
    assert_int_equal(hats_merkle_path_len_bytes(&len, log_n, indices, n, NULL), HATS_OK);
    uint8_t *path = room(s, len, 1);
    assert_int_equal(hats_merkle_open(path, &tree, indices, n, NULL), HATS_OK);
    *opening = (struct hats_stark_opening){(unsigned)n, (uint32_t)(len / HATS_SHA256_LEN), leaf_len,
                                           leaves, path};
}

static void simulate_trees(struct simulation *s) {
    struct hats_stark_proof *p = &s->v.proof;
    p->n_trees = 0;
    for (unsigned tree = 0; tree < HATS_STARK_MAX_TREES; tree++)
        if (s->setup->width[tree] != 0) {
            simulate_tree(s, &p->trees[p->n_trees], s->roots + p->n_trees * HATS_SHA256_LEN,
                          s->setup->log_domain, s->w.o.positions, s->w.o.n, s->w.rows[tree],
                          zk_row_len(&s->w, tree));
            p->n_trees++;
        }
    p->roots = s->roots;
}

/* ---- low degree ---- */

static struct hats_fp3 polynomial_at(const struct hats_fp3 *f, uint32_t n, uint64_t x) {
    struct hats_fp3 v = {{0}};
    while (n-- > 0)
        v = hats_fp3_add(hats_fp3_scale(v, x), f[n]);
    return v;
}

/* B is any polynomial; R is what makes the rows agree with it. The verifier's own sum, R being 0 in it, tells. */
static void simulate_batch(struct simulation *s) {
    unsigned at = 3 * s->setup->n_chunks;
    s->batch = room(s, s->setup->d_max, sizeof *s->batch);
    for (uint32_t j = 0; j < s->setup->d_max; j++)
        s->batch[j] = zk_random_k();
    s->v.batch = room(s, s->w.o.n, sizeof *s->v.batch);
    for (size_t i = 0; i < s->w.o.n; i++)
        zk_store_k(zk_element(&s->w, HATS_STARK_TREE_QUOTIENT, i, at), (struct hats_fp3){{0}});
    simulate_trees(s);
    assert_int_equal(hats_stark_compute_batch(&s->v), HATS_OK);
    for (size_t i = 0; i < s->w.o.n; i++) {
        struct hats_fp3 b = polynomial_at(s->batch, s->setup->d_max, s->w.o.points[i]);
        zk_store_k(zk_element(&s->w, HATS_STARK_TREE_QUOTIENT, i, at),
                   hats_fp3_sub(b, s->v.batch[i]));
    }
    simulate_trees(s);
}

static void simulate_layer(struct simulation *s, unsigned l, uint32_t len) {
    unsigned log_leaves = s->setup->log_domain - 3 * (l + 1);
    uint32_t *indices = room(s, s->w.o.n, sizeof *indices), n_leaves = UINT32_C(1) << log_leaves;
    size_t n = hats_stark_leaves_of(indices, s->w.o.positions, s->w.o.n, log_leaves);
    uint8_t *leaves = room(s, n, (size_t)8 * K_LEN);
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < 8; k++) {
            uint64_t x = zk_domain_point(&s->w.o, indices[i] + k * n_leaves);
            if (l > 0) /* the point of layer l with this number */
                x = hats_fp_mul(
                    hats_fp_pow(HATS_P_GENERATOR, UINT64_C(1) << 3 * l),
                    hats_fp_pow(hats_stark_generator(log_leaves + 3), indices[i] + k * n_leaves));
            zk_store_k(leaves + (8 * i + k) * K_LEN, polynomial_at(s->batch, len, x));
        }
    simulate_tree(s, &s->v.proof.layers[l], s->layer_roots + l * HATS_SHA256_LEN, log_leaves,
                  indices, n, leaves, (size_t)8 * K_LEN);
    s->v.layer_leaves[l] = indices;
    s->v.n_layer_leaves[l] = n;
    s->v.beta[l] = zk_random_k();
    for (uint32_t j = 0; j < len / 8; j++) {
        struct hats_fp3 sum = {{0}};
        for (unsigned k = 8; k-- > 0;)
            sum = hats_fp3_add(hats_fp3_mul(sum, s->v.beta[l]), s->batch[8 * j + k]);
        s->batch[j] = sum;
    }
}

/* ---- the whole ---- */

static size_t simulate(struct simulation *s, unsigned n_chained) {
    s->setup = s->w.setup = &s->all.setup;
    s->w.all = &s->all;
    size_t len = s->setup->scratch_bytes;
    hats_arena_init(&s->arena, room(s, len, 1), len);
    s->v = (struct hats_stark_verifier){
        .statement = &s->all.statement, .setup = s->setup, .arena = &s->arena};
    choose_challenges(s, n_chained);
    simulate_opened(s);
    size_t n_forced = simulate_rows(s);
    simulate_batch(s);
    uint32_t n = s->setup->d_max;
    for (unsigned l = 0; l < s->setup->n_folds; l++, n /= 8)
        simulate_layer(s, l, n);
    s->v.proof.n_folds = s->setup->n_folds;
    s->v.proof.layer_roots = s->layer_roots;
    s->v.final_polynomial = s->batch;
    return n_forced;
}

static void check(struct simulation *s, unsigned n_chained, size_t n_forced) {
    assert_int_equal(simulate(s, n_chained), n_forced);
    printf("# %s and %u more tables, %zu rows forced, %u folds\n", s->all.at[0]->air.name,
           s->all.n - 1, n_forced, s->setup->n_folds);
    assert_int_equal(hats_stark_check_point(&s->v), HATS_OK);
    assert_int_equal(hats_stark_check_openings(&s->v), HATS_OK);
    assert_int_equal(hats_stark_compute_batch(&s->v), HATS_OK);
    assert_int_equal(hats_stark_check_folds(&s->v), HATS_OK);
    free_rooms(s);
    zk_end(&s->all);
}

static struct simulation *new_simulation(void) {
    static struct simulation s;
    memset(&s, 0, sizeof s);
    return &s;
}

static void views_without_a_trace_verify(void **state) {
    (void)state;
    struct simulation *s = new_simulation();
    zk_seed(UINT64_C(0xbe5466cf34e90c6c));
    zk_begin(&s->all, HATS_STARK_TEST, "mixed", 7, 0);
    check(s, 0, 0);
    s = new_simulation();
    zk_begin(&s->all, HATS_STARK_TEST, "power7", 4, 3);
    check(s, 4, 3);
    s = new_simulation();
    zk_begin(&s->all, HATS_STARK_TEST, "squares", 3, 2);
    check(s, 0, 6);
    s = new_simulation();
    zk_begin(&s->all, HATS_STARK_TEST, "mixed", 5, 0);
    zk_add(&s->all, HATS_STARK_TEST, "squares", 4, 3);
    zk_add(&s->all, HATS_STARK_TEST, "fibonacci", 5, 0);
    check(s, 4, 3);
}

static void a_false_statement_has_such_views_too(void **state) {
    (void)state;
    struct simulation *s = new_simulation();
    zk_seed(UINT64_C(0xc0ac29b7c97c50dd));
    zk_begin(&s->all, HATS_STARK_TEST, "fibonacci", 5, 0);
    s->all.at[0]->public_value ^= 1; /* no trace ends with it */
    check(s, 3, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_without_a_trace_verify),
        cmocka_unit_test(a_false_statement_has_such_views_too),
    };
    return cmocka_run_group_tests_name("zk-simulator", tests, NULL, NULL);
}
