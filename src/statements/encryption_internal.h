/* What the files of the encryption statement share, and its tests see: where everything stands in the
 * table, and which relation has which weight (docs/FORMATS.md, section 9.1). */
#ifndef HATS_STATEMENTS_ENCRYPTION_INTERNAL_H
#define HATS_STATEMENTS_ENCRYPTION_INTERNAL_H

#include "statements/encryption.h"

#include "stark/rpo_rows.h"
#include "statements/noise.h"

#include <pthread.h>

#define HATS_ENCRYPTION_DIGIT_BITS 11
#define HATS_ENCRYPTION_DIGITS (1u << HATS_ENCRYPTION_DIGIT_BITS)
#define HATS_ENCRYPTION_TAG_DIGIT 0
#define HATS_ENCRYPTION_EXCESS_DIGITS 3 /* of g+ and of g-: 33 bits */
#define HATS_ENCRYPTION_REST_CELLS 4    /* rho: three digits, and the top one times 2^5 */
#define HATS_ENCRYPTION_SLACK_CELLS 2   /* of one window: 22 bits */

/* One permutation: the eight elements that it absorbs, then its S-boxes (stark/rpo_rows.h). */
#define HATS_ENCRYPTION_PERMUTATION_ROWS (HATS_STARK_RPO_RATE + HATS_STARK_RPO_ROWS)

/* Families of linear relations. Relation i of a family has the weight beta^(first + i / N) gamma^(i mod N);
 * `first` counts the blocks of the families before it. */
enum hats_encryption_family {
    HATS_FAMILY_CIPHERTEXT,  /* coefficient i of ciphertext c: relation c N + i */
    HATS_FAMILY_KEY,         /* coefficient i of b0 */
    HATS_FAMILY_WINDOW,      /* e_c, then e0 */
    HATS_FAMILY_BOX,         /* a unit: u + v = hi - lo */
    HATS_FAMILY_EXCESS,      /* a box cell: Q beside it is g- or g+ */
    HATS_FAMILY_SOURCE,      /* a unit: 2^28 (y + g+ - g-) + rho = A d + B */
    HATS_FAMILY_REST,        /* a unit: the top digit of rho, twice */
    HATS_FAMILY_PACK,        /* an element made of features */
    HATS_FAMILY_PERMUTATION, /* permutation p: relation p N + l, l < 168 */
    HATS_FAMILY_COMMITMENT,  /* element i of C_D of record r: relation 4 r + i */
    HATS_FAMILY_COUNT,
};

/* Where a unit's cells stand, counted from the first of its record. */
struct hats_encryption_cells {
    uint32_t box;    /* u: `width` digits, then v: as many */
    uint32_t digits; /* g+ and g- if it clips, three each; then rho if has_rest, four */
    uint8_t width;
    bool has_rest;
};

struct hats_encryption_layout {
    unsigned log_n;
    uint32_t n, n_in, n_records, n_ct;   /* ciphertexts of a record, of all */
    uint32_t n_units;                    /* of all records */
    uint32_t n_elements, n_permutations; /* of one record, the salt's elements included */
    /* Cells of the R columns, in order: boxes, slacks, digits; cell i is row i mod N of column i / N. */
    uint32_t box_cells, digit_cells; /* of one record */
    uint32_t slack_at, digits_at, n_cells;
    unsigned n_r, n_q, n_s; /* R columns, Q columns, triples of S-box columns */
    /* Numbers of the first column of each kind; s is 0, e0 is 1. */
    unsigned e, r, q, x, multiplicities;
    uint32_t first[HATS_FAMILY_COUNT + 1]; /* blocks before each family; the last: all */
};

/* Rows of permutation p are in triple p / per_triple from row (p mod per_triple) 176 on. */
static inline uint32_t hats_encryption_permutations_a_triple(
    const struct hats_encryption_layout *l) {
    return l->n / HATS_ENCRYPTION_PERMUTATION_ROWS;
}
static inline uint32_t hats_encryption_permutation_row(const struct hats_encryption_layout *l,
                                                       uint32_t p) {
    return p % hats_encryption_permutations_a_triple(l) * HATS_ENCRYPTION_PERMUTATION_ROWS;
}

struct hats_encryption_setup {
    struct hats_encryption_input input; /* pointers into owned memory */
    struct hats_encryption_unit *units;
    struct hats_encryption_feature *features;
    struct hats_encryption_cells *cells; /* n_units of the input */
    uint8_t digest[HATS_SHA256_LEN];
    struct hats_fhe_params params;
    struct hats_encryption_layout layout;
    uint64_t *a0, *table_values, *table_tags; /* N each */
    struct hats_air air;
    struct hats_stark_setup stark;
};

/* The cells of unit k of record r, counted from the first cell. */
static inline uint32_t hats_encryption_box_cell(const struct hats_encryption_setup *s, uint32_t r,
                                                uint32_t k) {
    return r * s->layout.box_cells + s->cells[k].box;
}
static inline uint32_t hats_encryption_digit_cell(const struct hats_encryption_setup *s, uint32_t r,
                                                  uint32_t k) {
    return s->layout.digits_at + r * s->layout.digit_cells + s->cells[k].digits;
}

/* Of the sponge that makes C_D. */
static inline uint64_t hats_encryption_rpo_domain(const struct hats_encryption_setup *s) {
    return s->input.source == HATS_SOURCE_FEATURES ? HATS_ENCRYPTION_RPO_DOMAIN_FEATURES
                                                   : HATS_ENCRYPTION_RPO_DOMAIN;
}

/* encryption_input.c: is it one, and where does everything stand? */
HATS_MUST_USE hats_status hats_encryption_input_check(const struct hats_encryption_input *input,
                                                      struct hats_error *err);
HATS_MUST_USE hats_status hats_encryption_layout_init(struct hats_encryption_layout *l,
                                                      struct hats_encryption_cells *cells,
                                                      const struct hats_encryption_input *input,
                                                      uint32_t n_records, struct hats_error *err);
void hats_encryption_input_hash(uint8_t digest[HATS_SHA256_LEN],
                                const struct hats_encryption_input *input);

/* encryption_air.c */
void hats_encryption_air_build(struct hats_encryption_setup *s);

/* encryption_record.c: one unit of one record: y in its box, how far A d + B lies above and below that, and
 * rho. *bad is set to 1 where the value cannot be proven. Constant time, and so are the elements of C_D of a
 * record without its salt, n_elements - 4 of them. */
struct hats_encryption_value {
    int64_t y;
    uint64_t above, below, rest;
};
struct hats_encryption_value hats_encryption_value_of(const struct hats_encryption_setup *s,
                                                      uint32_t k, const int64_t *fields,
                                                      const int32_t *x, uint64_t *bad);
uint64_t hats_encryption_element(const struct hats_encryption_setup *s, uint32_t i,
                                 const int64_t *fields, const int32_t *x);

/* encryption_statement.c: what the callbacks of the engine work with. Everything in it is public. */
struct hats_encryption_rpo { /* the relations of one permutation, powers of gamma from 1 on */
    struct hats_fp3 x[HATS_STARK_RPO_ROWS], z[HATS_STARK_RPO_ROWS]; /* weights of its cells */
    struct hats_fp3 state[HATS_STARK_RPO_WIDTH];                    /* of its input */
    struct hats_fp3 total;
};

struct hats_encryption_work {
    struct hats_encryption_work *self; /* the engine's ctx points here */
    const struct hats_encryption_public *pub;
    struct hats_stark_statement statement; /* what the engine gets; public_bytes are owned here */
    uint8_t *public_bytes;
    pthread_mutex_t lock; /* callbacks come from several threads */
    bool ready;           /* what follows belongs to these challenges */
    struct hats_fp3 challenges[2];
    struct hats_fp3_vec gamma; /* [N] powers */
    struct hats_fp3 *beta;     /* [blocks] powers */
    struct hats_encryption_rpo *rpo;
    uint64_t *element;               /* [N] room */
    struct hats_fp3_vec batch, room; /* [N] room */
};

/* encryption_relations.c. The weight of a cell is the sum of what its relations say. A sink keeps the weights of
 * one column, so that the same walk over the relations serves every column; `total` is the right side of all of
 * them. Powers are ready. */
struct hats_encryption_sink {
    struct hats_fp3 *out; /* N rows of one column, 0 at first; NULL: none */
    uint32_t column;      /* of its kind */
    unsigned log_n;
    uint32_t n_rows; /* those from here on are 0 */
    struct hats_fp3 total;
};
/* The R columns; `total` is for the relations of all families but those of ring and commitment. */
void hats_encryption_relate_digits(const struct hats_encryption_work *w,
                                   struct hats_encryption_sink *sink);
void hats_encryption_relate_q(const struct hats_encryption_work *w,
                              struct hats_encryption_sink *sink);
/* Column x or z of a triple. */
void hats_encryption_relate_sboxes(const struct hats_encryption_work *w,
                                   struct hats_encryption_sink *sink, bool is_z);
/* The right side of the permutations and the commitments. */
struct hats_fp3 hats_encryption_commitment_total(const struct hats_encryption_work *w);

/* Its memory comes from the arena, of which it needs _work_bytes. HATS_E_CANONICAL as
 * hats_encryption_verify, HATS_E_MEMORY; there is nothing to clear then. */
size_t hats_encryption_work_bytes(const struct hats_encryption_setup *setup);
HATS_MUST_USE hats_status hats_encryption_work_init(struct hats_encryption_work *w,
                                                    struct hats_arena *arena,
                                                    const struct hats_encryption_public *pub,
                                                    struct hats_error *err);
void hats_encryption_work_clear(struct hats_encryption_work *w);

#endif
