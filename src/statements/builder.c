#include "statements/builder.h"

#include "base/arena.h"

#include <assert.h>
#include <string.h>

#define CUT_LIMIT ((int64_t)1 << 34) /* so that B fits in 63 bits */

hats_status hats_input_builder_init(struct hats_input_builder *b, uint32_t set_id, unsigned log_t,
                                    uint32_t d, uint32_t block, enum hats_encryption_source source,
                                    uint32_t n_fields, struct hats_error *err) {
    memset(b, 0, sizeof *b);
    if (d == 0)
        return hats_fail(err, HATS_E_RANGE, "an input has at least one feature");
    b->max_units = source == HATS_SOURCE_FIELDS ? 2 * d : d;
    b->units = hats_alloc_array(b->max_units, sizeof *b->units);
    b->features = hats_alloc_array(d, sizeof *b->features);
    if (b->units == NULL || b->features == NULL) {
        hats_input_builder_clear(b);
        return hats_fail(err, HATS_E_MEMORY, "no memory for an input of %u features", (unsigned)d);
    }
    b->input = (struct hats_encryption_input){
        .set_id = set_id,
        .log_t = log_t,
        .d = d,
        .block = block,
        .source = source,
        .n_fields = n_fields,
        .n_units = source == HATS_SOURCE_FIELDS ? 0 : d,
        .units = b->units,
        .features = source == HATS_SOURCE_FIELDS ? b->features : NULL,
    };
    return HATS_OK;
}

void hats_input_builder_clear(struct hats_input_builder *b) {
    hats_free(b->units);
    hats_free(b->features);
    memset(b, 0, sizeof *b);
}

void hats_input_add_box(struct hats_input_builder *b, uint32_t j, int32_t lo, int32_t hi) {
    assert(j < b->input.d && b->input.source != HATS_SOURCE_FIELDS);
    b->units[j] = (struct hats_encryption_unit){.lo = lo, .hi = hi};
}

/* The number of this unit, which is new unless there is an equal one. */
static uint32_t unit(struct hats_input_builder *b, struct hats_encryption_unit u) {
    for (uint32_t k = 0; k < b->input.n_units; k++) {
        const struct hats_encryption_unit *v = &b->units[k];
        if (u.lo == v->lo && u.hi == v->hi && u.clip == v->clip && u.field == v->field &&
            u.a == v->a && u.b == v->b)
            return k;
    }
    assert(b->input.n_units < b->max_units);
    b->units[b->input.n_units] = u;
    return b->input.n_units++;
}

void hats_input_add_affine(struct hats_input_builder *b, uint32_t j, uint32_t field, int64_t a,
                           int64_t constant, int32_t lo, int32_t hi, bool clip) {
    assert(j < b->input.d && b->input.source == HATS_SOURCE_FIELDS);
    b->features[j] = (struct hats_encryption_feature){
        .unit = {unit(b, (struct hats_encryption_unit){lo, hi, clip, field, a, constant})},
        .coefficient = {1},
    };
}

/* factor [v > cut] is added to the feature. */
static void add_step(struct hats_input_builder *b, struct hats_encryption_feature *f, unsigned term,
                     uint32_t field, int64_t cut, int32_t factor) {
    const int64_t one = (int64_t)1 << HATS_ENCRYPTION_SHIFT;
    f->unit[term] = unit(b, (struct hats_encryption_unit){
                                .lo = 0,
                                .hi = 1,
                                .clip = true,
                                .field = field,
                                .a = one,
                                .b = -cut * one,
                            });
    f->coefficient[term] = factor;
    if (factor == 0)
        f->unit[term] = 0;
}

hats_status hats_input_add_interval(struct hats_input_builder *b, uint32_t j, uint32_t field,
                                    const int64_t *above, const int64_t *up_to, int32_t factor,
                                    struct hats_error *err) {
    assert(j < b->input.d && b->input.source == HATS_SOURCE_FIELDS);
    struct hats_encryption_feature *f = &b->features[j];
    unsigned n = 0;
    for (unsigned i = 0; i < 2; i++) {
        const int64_t *cut = i == 0 ? above : up_to;
        if (cut != NULL && (*cut <= -CUT_LIMIT || *cut >= CUT_LIMIT))
            return hats_fail(err, HATS_E_RANGE,
                             "feature %u: a cut of an interval is too large to be proven",
                             (unsigned)j);
    }
    *f = (struct hats_encryption_feature){.constant = above == NULL ? factor : 0};
    if (above != NULL && up_to != NULL && *above >= *up_to)
        return HATS_OK; /* the empty interval: 0 */
    if (above != NULL)
        add_step(b, f, n++, field, *above, factor);
    if (up_to != NULL)
        add_step(b, f, n, field, *up_to, -factor);
    return HATS_OK;
}

hats_status hats_input_add_category(struct hats_input_builder *b, uint32_t j, uint32_t field,
                                    uint32_t code, int32_t factor, struct hats_error *err) {
    const int64_t above = (int64_t)code - 1, up_to = code;
    return hats_input_add_interval(b, j, field, &above, &up_to, factor, err);
}
