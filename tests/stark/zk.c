#include "zk.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static uint64_t state;
static struct hats_error err;

void zk_seed(uint64_t seed) {
    state = seed;
    printf("# seed %llx\n", (unsigned long long)seed);
}

uint64_t zk_random(void) {
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % HATS_P;
}

struct hats_fp3 zk_random_k(void) {
    return (struct hats_fp3){{zk_random(), zk_random(), zk_random()}};
}

struct hats_fp3 zk_digit(unsigned d) {
    return (struct hats_fp3){{d == 0, d == 1, d == 2}};
}

void zk_begin(struct systems *all, unsigned suite, const char *kind, unsigned log_n,
              unsigned columns) {
    memset(all, 0, sizeof *all);
    all->n = 1;
    all->at[0] = system_new(kind, log_n, columns, 5);
    if (all->at[0] == NULL || systems_init(all, suite, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

void zk_add(struct systems *all, unsigned suite, const char *kind, unsigned log_n,
            unsigned columns) {
    all->at[all->n] = system_new(kind, log_n, columns, 6);
    if (all->at[all->n++] == NULL || systems_init(all, suite, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

void zk_end(struct systems *all) {
    for (unsigned t = 0; t < all->n; t++)
        system_free(all->at[t]);
}

/* ---- linear maps ---- */

struct zk_map zk_map_new(size_t n_coins, size_t n_view) {
    struct zk_map m = {.n_coins = n_coins, .n_view = n_view, .stride = (n_view + 7) / 8 * 8};
    m.at = hats_alloc_array(n_coins * m.stride, sizeof *m.at);
    assert_non_null(m.at);
    return m;
}

void zk_put(struct zk_map *m, size_t coin, uint64_t v) {
    m->at[coin * m->stride + m->filled++] = v;
}

void zk_put_k(struct zk_map *m, size_t coin, struct hats_fp3 v) {
    for (int i = 0; i < 3; i++)
        zk_put(m, coin, v.c[i]);
}

/* Elimination; frees the map. */
size_t zk_rank(struct zk_map *m) {
    const struct hats_field_kernels *k = hats_field_kernels();
    size_t rank = 0;
    for (size_t c = 0; c < m->n_view && rank < m->n_coins; c++) {
        uint64_t *pivot = m->at + rank * m->stride;
        size_t r = rank, from = c / 8 * 8;
        while (r < m->n_coins && m->at[r * m->stride + c] == 0)
            r++;
        if (r == m->n_coins)
            continue;
        for (size_t j = from; r != rank && j < m->stride; j++) {
            uint64_t swap = pivot[j];
            pivot[j] = m->at[r * m->stride + j];
            m->at[r * m->stride + j] = swap;
        }
        uint64_t inverse = hats_fp_neg(hats_fp_inv(pivot[c]));
        for (r = rank + 1; r < m->n_coins; r++) {
            uint64_t *row = m->at + r * m->stride;
            if (row[c] != 0)
                k->add_scaled(row + from, pivot + from, hats_fp_mul(row[c], inverse),
                              m->stride - from);
        }
        rank++;
    }
    hats_free(m->at);
    return rank;
}

/* ---- what is opened, and where ---- */

uint64_t zk_domain_point(const struct zk_opened *o, uint32_t i) {
    return hats_fp_mul(HATS_P_GENERATOR, hats_fp_pow(hats_stark_generator(o->log_domain), i));
}

bool zk_is_queried(const struct zk_opened *o, uint32_t position) {
    position &= (UINT32_C(1) << o->log_domain) - 1;
    for (size_t i = 0; i < o->n; i++)
        if (o->positions[i] == position)
            return true;
    return false;
}

void zk_query(struct zk_opened *o, uint32_t position) {
    position &= (UINT32_C(1) << o->log_domain) - 1;
    if (zk_is_queried(o, position))
        return;
    o->points[o->n] = zk_domain_point(o, position);
    o->positions[o->n++] = position;
}

/* How far the next row of a table is from this one. */
uint32_t zk_step(const struct zk_opened *o, const struct hats_stark_table *t) {
    return (UINT32_C(1) << o->log_domain) / t->n_rows;
}

/* Q distinct positions, of which the first n_chained are x, g x, g^2 x, ... for a table. */
struct zk_opened zk_choose(const struct hats_stark_setup *s, const struct hats_stark_table *t,
                           unsigned n_chained) {
    struct zk_opened o = {.log_domain = s->log_domain, .zeta = zk_random_k()};
    uint32_t first = (uint32_t)zk_random();
    for (uint32_t i = 0; i < n_chained; i++)
        zk_query(&o, first + i * zk_step(&o, t));
    while (o.n < s->n_queries)
        zk_query(&o, (uint32_t)zk_random());
    return o;
}
