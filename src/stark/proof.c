#include "stark/proof.h"

#include "base/cursor.h"

#include <assert.h>

size_t hats_stark_header(uint8_t out[HATS_STARK_HEADER_MAX], const struct hats_stark_setup *s) {
    struct hats_writer w = hats_writer_of(out, HATS_STARK_HEADER_MAX);
    unsigned n_trees = 0;
    hats_write_tag16(&w, "HATS-STARK-1");
    hats_write_be16(&w, (uint16_t)s->suite);
    hats_write_u8(&w, (uint8_t)s->n_tables);
    for (unsigned t = 0; t < s->n_tables; t++) {
        hats_write_u8(&w, (uint8_t)s->table[t].air->log_n);
        hats_write_bytes(&w, s->table[t].digest, HATS_SHA256_LEN);
    }
    hats_write_u8(&w, (uint8_t)s->log_domain);
    hats_write_be16(&w, (uint16_t)s->n_queries);
    hats_write_u8(&w, (uint8_t)s->grinding);
    hats_write_be32(&w, s->d_max);
    for (unsigned t = 0; t < HATS_STARK_MAX_TREES; t++)
        n_trees += s->width[t] != 0;
    hats_write_u8(&w, (uint8_t)n_trees);
    for (unsigned t = 0; t < HATS_STARK_MAX_TREES; t++)
        if (s->width[t] != 0) {
            hats_write_be16(&w, (uint16_t)s->width[t]);
            hats_write_u8(&w, s->salted[t]);
        }
    hats_write_u8(&w, (uint8_t)s->n_folds);
    hats_write_be32(&w, s->final_len);
    hats_write_be32(&w, s->n_opened);
    assert(hats_writer_ok(&w));
    return hats_writer_len(&w);
}

size_t hats_stark_leaves_of(uint32_t *out, const uint32_t *positions, size_t n,
                            unsigned log_leaves) {
    size_t n_out = 0;
    for (size_t i = 0; i < n; i++) { /* insertion: positions ascend, so their residues nearly do */
        uint32_t leaf = positions[i] & (((uint32_t)1 << log_leaves) - 1);
        size_t at = n_out;
        while (at > 0 && out[at - 1] > leaf)
            at--;
        if (at > 0 && out[at - 1] == leaf)
            continue;
        memmove(out + at + 1, out + at, (n_out - at) * sizeof *out);
        out[at] = leaf;
        n_out++;
    }
    return n_out;
}
