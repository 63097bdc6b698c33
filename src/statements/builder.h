/* Inputs of encryption statements, feature by feature: the rules of a plan become units.
 *
 *     affine     floor((A v + B) / 2^28), clipped or refused outside [lo, hi]       one unit
 *     interval   unit if above < v <= up_to, else 0                                 one or two
 *     category   unit if v is the code of this category, else 0                     two
 *
 * [v > cut] is v - cut clipped to [0, 1]; an interval is the difference of two such bits. Bits are shared:
 * bins of one column that meet at a cut read the same unit, a column of m categories takes m + 1 units.
 *
 * The fields of a record are one integer for each column: a number at the column's scale, or the code of a
 * category. Cells that are missing have no proof from fields: a record with some is proven with another
 * source.
 */
#ifndef HATS_STATEMENTS_BUILDER_H
#define HATS_STATEMENTS_BUILDER_H

#include "statements/encryption.h"

/* Zero-initialised by _init; read `input` when all d features have been added. */
struct hats_input_builder {
    struct hats_encryption_input input; /* points into the builder */
    struct hats_encryption_unit *units;
    struct hats_encryption_feature *features;
    uint32_t max_units;
};

/* Room for d features. n_fields: 0 unless the source is fields. HATS_E_RANGE: no features;
 * HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_input_builder_init(struct hats_input_builder *b, uint32_t set_id,
                                                  unsigned log_t, uint32_t d, uint32_t block,
                                                  enum hats_encryption_source source,
                                                  uint32_t n_fields, struct hats_error *err);
void hats_input_builder_clear(struct hats_input_builder *b);

/* Feature j < d, in any order, each once; the last three want source fields, the first another. Whether
 * the whole is an input is said by hats_encryption_setup_new. */
void hats_input_add_box(struct hats_input_builder *b, uint32_t j, int32_t lo, int32_t hi);
void hats_input_add_affine(struct hats_input_builder *b, uint32_t j, uint32_t field, int64_t a,
                           int64_t constant, int32_t lo, int32_t hi, bool clip);
/* above and up_to may be NULL for an end that is open. HATS_E_RANGE: a cut at 2^34 or beyond. */
HATS_MUST_USE hats_status hats_input_add_interval(struct hats_input_builder *b, uint32_t j,
                                                  uint32_t field, const int64_t *above,
                                                  const int64_t *up_to, int32_t unit,
                                                  struct hats_error *err);
HATS_MUST_USE hats_status hats_input_add_category(struct hats_input_builder *b, uint32_t j,
                                                  uint32_t field, uint32_t code, int32_t unit,
                                                  struct hats_error *err);

#endif
