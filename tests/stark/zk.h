/* What the tests of zero knowledge share: systems with a setup, positions, and the rank of linear maps from
 * the coins of a proof to what it opens. */
#ifndef HATS_TESTS_STARK_ZK_H
#define HATS_TESTS_STARK_ZK_H

#include "systems.h"

#define ZK_MAX_OPENED (2 * HATS_STARK_MAX_QUERIES)

/* splitmix64 from a fixed seed, mod p. */
void zk_seed(uint64_t seed);
uint64_t zk_random(void);
struct hats_fp3 zk_random_k(void);
/* x^d for the x of K. */
struct hats_fp3 zk_digit(unsigned d);

/* Fail the test if the system or its setup cannot be had. */
void zk_begin(struct systems *all, unsigned suite, const char *kind, unsigned log_n,
              unsigned columns);
void zk_add(struct systems *all, unsigned suite, const char *kind, unsigned log_n,
            unsigned columns);
void zk_end(struct systems *all);

/* Distinct positions and a zeta. */
struct zk_opened {
    unsigned log_domain;
    uint32_t positions[ZK_MAX_OPENED];
    uint64_t points[ZK_MAX_OPENED];
    size_t n;
    struct hats_fp3 zeta;
};

uint64_t zk_domain_point(const struct zk_opened *o, uint32_t position);
/* Positions are taken mod n; what is queried twice is queried once. */
bool zk_is_queried(const struct zk_opened *o, uint32_t position);
void zk_query(struct zk_opened *o, uint32_t position);
/* How far the next row of a table is from this one, in positions. */
uint32_t zk_step(const struct zk_opened *o, const struct hats_stark_table *t);
/* Q positions, the first n_chained of them x, g x, g^2 x, ... for the table. */
struct zk_opened zk_choose(const struct hats_stark_setup *s, const struct hats_stark_table *t,
                           unsigned n_chained);

/* A linear map over F_p: a row a coin, a column a coordinate of the view. */
struct zk_map {
    uint64_t *at;
    size_t n_coins, n_view, stride, filled;
};

struct zk_map zk_map_new(size_t n_coins, size_t n_view);
/* The next coordinate of a coin's row; m->filled counts them. */
void zk_put(struct zk_map *m, size_t coin, uint64_t v);
void zk_put_k(struct zk_map *m, size_t coin, struct hats_fp3 v);
/* By elimination, which frees the map. */
size_t zk_rank(struct zk_map *m);

#endif
