/* From the fields of a record to its features, and to its commitment. */
#include "statements/encryption_internal.h"

#include "base/ct.h"

#include <assert.h>

#define FIELD_BITS 61 /* |A d + B| below 2^this, as in the input programme of a plan */

/* All ones if x < 0. */
static uint64_t negative(int64_t x) { return (uint64_t)0 - ((uint64_t)x >> 63); }

struct hats_encryption_value hats_encryption_value_of(const struct hats_encryption_setup *s,
                                                      uint32_t k, const int64_t *fields,
                                                      const int32_t *x, uint64_t *bad) {
    const struct hats_encryption_unit *u = &s->units[k];
    struct hats_encryption_value value = {0};
    int64_t whole;
    if (s->input.source == HATS_SOURCE_FIELDS) {
        hats_i128 y = (hats_i128)u->a * fields[u->field] + u->b;
        hats_u128 shifted = (hats_u128)y + ((hats_u128)1 << FIELD_BITS);
        *bad |= (uint64_t)((uint64_t)(shifted >> (FIELD_BITS + 1)) != 0);
        whole =
            (int64_t)((hats_u128)y >> HATS_ENCRYPTION_SHIFT); /* floor: 2^-28 of two's complement */
        value.rest = (uint64_t)y & ((UINT64_C(1) << HATS_ENCRYPTION_SHIFT) - 1);
    } else {
        whole = x[k];
    }
    uint64_t under = negative(whole - u->lo), over = negative(u->hi - whole);
    value.below = (uint64_t)(u->lo - whole) & under;
    value.above = (uint64_t)(whole - u->hi) & over;
    value.y = whole + (int64_t)value.below - (int64_t)value.above;
    unsigned limit = u->clip ? HATS_ENCRYPTION_EXCESS_DIGITS * HATS_ENCRYPTION_DIGIT_BITS : 0;
    *bad |= (uint64_t)((value.below | value.above) >> limit != 0);
    return value;
}

uint64_t hats_encryption_element(const struct hats_encryption_setup *s, uint32_t i,
                                 const int64_t *fields, const int32_t *x) {
    uint64_t sum = 0;
    if (s->input.source == HATS_SOURCE_FIELDS)
        return hats_fp_from_i64(fields[i]);
    for (uint32_t q = HATS_ENCRYPTION_PACK; q-- > 0;) {
        uint32_t j = i * HATS_ENCRYPTION_PACK + q;
        sum = hats_fp_mul(sum, UINT64_C(1) << 15);
        if (j < s->input.d)
            sum = hats_fp_add(sum, hats_fp_from_i64(x[j]));
    }
    return sum;
}

hats_status hats_encryption_apply(int32_t *x, const struct hats_encryption_setup *s,
                                  const int64_t *fields, struct hats_error *err) {
    uint64_t bad = 0;
    assert(s->input.source == HATS_SOURCE_FIELDS);
    for (uint32_t j = 0; j < s->input.d; j++) {
        struct hats_encryption_feature f = {.unit = {j}, .coefficient = {1}};
        int64_t sum;
        if (s->features != NULL)
            f = s->features[j];
        sum = f.constant;
        for (unsigned i = 0; i < 2; i++)
            if (f.coefficient[i] != 0)
                sum +=
                    f.coefficient[i] * hats_encryption_value_of(s, f.unit[i], fields, NULL, &bad).y;
        x[j] = (int32_t)sum;
    }
    HATS_PUBLIC(&bad, sizeof bad);
    if (bad == 0)
        return HATS_OK;
    hats_wipe(x, s->input.d * sizeof *x);
    return hats_fail(err, HATS_E_RANGE, "a value of the record is outside what the model takes");
}

void hats_encryption_commit(uint64_t commitment[HATS_STARK_RPO_DIGEST],
                            const struct hats_encryption_setup *s, const int64_t *fields,
                            const int32_t *x, const uint64_t salt[HATS_ENCRYPTION_SALT]) {
    const struct hats_encryption_layout *l = &s->layout;
    const unsigned capacity = HATS_STARK_RPO_WIDTH - HATS_STARK_RPO_RATE;
    uint64_t state[HATS_STARK_RPO_WIDTH] = {l->n_elements % HATS_STARK_RPO_RATE,
                                            hats_encryption_rpo_domain(s)};
    uint32_t salted = l->n_elements - HATS_ENCRYPTION_SALT;
    for (uint32_t i = 0; i < l->n_permutations * HATS_STARK_RPO_RATE; i++) {
        uint64_t element = 0;
        if (i < l->n_elements)
            element = i < salted ? hats_encryption_element(s, i, fields, x) : salt[i - salted];
        state[capacity + i % HATS_STARK_RPO_RATE] = element;
        if ((i + 1) % HATS_STARK_RPO_RATE == 0)
            hats_stark_rpo_permute(state);
    }
    memcpy(commitment, state + capacity, HATS_STARK_RPO_DIGEST * sizeof *commitment);
    hats_wipe(state, sizeof state);
}
