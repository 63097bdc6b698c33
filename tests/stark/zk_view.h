/* What a proof shows: opened rows, values at zeta and g zeta, and the quotient that follows from them. */
#ifndef HATS_TESTS_STARK_ZK_VIEW_H
#define HATS_TESTS_STARK_ZK_VIEW_H

#include "zk.h"

#define ZK_MAX_VALUES 64

struct zk_view {
    const struct systems *all;
    const struct hats_stark_setup *setup;
    struct zk_opened o; /* positions ascend */
    struct hats_fp3 drawn[3 + HATS_AIR_MAX_CHALLENGES], lambda;
    struct hats_fp3 opened[ZK_MAX_VALUES];
    uint8_t *rows[HATS_STARK_MAX_TREES]; /* each after its salt */
};

/* That of a proof, which must be one; rows are its own bytes. */
void zk_read(struct zk_view *v, const struct systems *all, uint8_t *proof, size_t len);

size_t zk_row_len(const struct zk_view *v, unsigned tree);
/* Element `at` of the i-th opened row. */
uint8_t *zk_element(const struct zk_view *v, unsigned tree, size_t i, unsigned at);
struct hats_fp3 zk_load_k(const struct zk_view *v, unsigned tree, size_t i, unsigned at);
void zk_store_k(uint8_t *out, struct hats_fp3 k);

/* q(zeta) as the opened values have it. */
struct hats_fp3 zk_quotient_at_zeta(const struct zk_view *v);
/* q(x_i) as the rows have it; false if a row is needed that is not opened. */
bool zk_quotient_of_row(const struct zk_view *v, size_t i, struct hats_fp3 *q);
/* q(z) from the chunks there; the last chunk from q and the others. */
struct hats_fp3 zk_joined(const struct zk_view *v, struct hats_fp3 z,
                          const struct hats_fp3 *chunks);
struct hats_fp3 zk_last_chunk(const struct zk_view *v, struct hats_fp3 z, struct hats_fp3 q,
                              const struct hats_fp3 *chunks);

#endif
