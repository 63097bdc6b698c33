/* Inputs: whether one is well formed, its bytes, and where its cells stand. */
#include "statements/encryption_internal.h"

#include "fhe/linear.h"

#define PACK_LIMIT (1 << 14) /* |x| below this where four features share an element */

/* ---- is it an input? ---- */

static hats_status check_unit(const struct hats_encryption_input *in, uint32_t k, int64_t limit,
                              struct hats_error *err) {
    const struct hats_encryption_unit *u = &in->units[k];
    bool plain = !u->clip && u->field == 0 && u->a == 0 && u->b == 0;
    if (u->lo > u->hi || u->lo <= -limit || u->hi >= limit)
        return hats_fail(err, HATS_E_RANGE, "unit %u: its box does not lie within -%lld .. %lld", k,
                         (long long)limit - 1, (long long)limit - 1);
    if (in->source == HATS_SOURCE_FIELDS ? u->field >= in->n_fields : !plain)
        return hats_fail(err, HATS_E_RANGE, "unit %u: it reads a field that the record has not", k);
    return HATS_OK;
}

static hats_status check_feature(const struct hats_encryption_input *in, uint32_t j, int64_t limit,
                                 struct hats_error *err) {
    const struct hats_encryption_feature *f = &in->features[j];
    int64_t lo = f->constant, hi = f->constant;
    for (unsigned i = 0; i < 2; i++) {
        if (f->unit[i] >= in->n_units || (f->coefficient[i] == 0 && f->unit[i] != 0))
            return hats_fail(err, HATS_E_RANGE, "feature %u: there is no such unit", j);
        int64_t c = f->coefficient[i];
        const struct hats_encryption_unit *u = &in->units[f->unit[i]];
        lo += c * (c < 0 ? u->hi : u->lo);
        hi += c * (c < 0 ? u->lo : u->hi);
    }
    /* Units may exclude each other, so the sum of their ends is allowed to pass the limit; it must only be
     * an exact integer. */
    if (lo < -((int64_t)1 << 60) || hi > (int64_t)1 << 60 || f->constant <= -limit ||
        f->constant >= limit)
        return hats_fail(err, HATS_E_RANGE, "feature %u: its coefficients are too large", j);
    return HATS_OK;
}

hats_status hats_encryption_input_check(const struct hats_encryption_input *in,
                                        struct hats_error *err) {
    struct hats_fhe_params params;
    hats_status s = hats_fhe_params_init(&params, in->set_id, in->log_t, err);
    if (s != HATS_OK)
        return s;
    int64_t limit = (int64_t)params.t / 2;
    bool fields = in->source == HATS_SOURCE_FIELDS;
    if (in->source > HATS_SOURCE_FIELDS || in->d < 1 || in->d > HATS_LINEAR_MAX_INPUTS ||
        in->n_units < 1 || in->n_units > HATS_LINEAR_MAX_INPUTS || in->block < 1 ||
        in->block > params.n || fields != (in->n_fields > 0) ||
        in->n_fields > HATS_LINEAR_MAX_INPUTS)
        return hats_fail(err, HATS_E_RANGE, "the input programme has a count outside its range");
    if (in->features != NULL ? !fields : in->n_units != in->d)
        return hats_fail(err, HATS_E_RANGE,
                         "features other than the units themselves need a source of fields");
    for (uint32_t k = 0; k < in->n_units && s == HATS_OK; k++)
        s = check_unit(in, k, in->source == HATS_SOURCE_FEATURES ? PACK_LIMIT : limit, err);
    for (uint32_t j = 0; in->features != NULL && j < in->d && s == HATS_OK; j++)
        s = check_feature(in, j, limit, err);
    return s;
}

/* ---- its bytes ---- */

static void hash_be(struct hats_sha256 *h, uint64_t value, unsigned len) {
    uint8_t bytes[8];
    hats_store_be64(bytes, value);
    hats_sha256_update(h, bytes + sizeof bytes - len, len);
}

void hats_encryption_input_hash(uint8_t digest[HATS_SHA256_LEN],
                                const struct hats_encryption_input *in) {
    static const uint8_t tag[16] = "HATS-INPUT-1";
    struct hats_sha256 h;
    hats_sha256_init(&h);
    hats_sha256_update(&h, tag, sizeof tag);
    hash_be(&h, in->set_id, 4);
    hash_be(&h, in->log_t, 4);
    hash_be(&h, in->d, 4);
    hash_be(&h, in->block, 4);
    hash_be(&h, in->source, 1);
    hash_be(&h, in->n_fields, 4);
    hash_be(&h, in->n_units, 4);
    for (uint32_t k = 0; k < in->n_units; k++) {
        const struct hats_encryption_unit *u = &in->units[k];
        hash_be(&h, (uint32_t)u->lo, 4);
        hash_be(&h, (uint32_t)u->hi, 4);
        hash_be(&h, u->clip, 1);
        hash_be(&h, u->field, 4);
        hash_be(&h, (uint64_t)u->a, 8);
        hash_be(&h, (uint64_t)u->b, 8);
    }
    hash_be(&h, in->features != NULL ? in->d : 0, 4);
    for (uint32_t j = 0; in->features != NULL && j < in->d; j++) {
        const struct hats_encryption_feature *f = &in->features[j];
        hash_be(&h, (uint32_t)f->constant, 4);
        for (unsigned i = 0; i < 2; i++) {
            hash_be(&h, f->unit[i], 4);
            hash_be(&h, (uint32_t)f->coefficient[i], 4);
        }
    }
    hats_sha256_final(&h, digest);
}

/* ---- where its cells stand ---- */

static uint32_t divide_up(uint32_t a, uint32_t b) { return (a + b - 1) / b; }

/* Digits that reach the width of the box. */
static uint8_t box_digits(const struct hats_encryption_unit *u) {
    uint64_t width = (uint64_t)((int64_t)u->hi - u->lo);
    uint8_t digits = 1;
    while (width >> (HATS_ENCRYPTION_DIGIT_BITS * digits) != 0)
        digits++;
    return digits;
}

/* The cells of one record; the result is how many box cells there are up to the last unit that clips. */
static uint32_t place_units(struct hats_encryption_layout *l, struct hats_encryption_cells *cells,
                            const struct hats_encryption_input *in) {
    const uint64_t fraction = (UINT64_C(1) << HATS_ENCRYPTION_SHIFT) - 1;
    uint32_t clipped = 0;
    for (uint32_t k = 0; k < in->n_units; k++) {
        const struct hats_encryption_unit *u = &in->units[k];
        cells[k] = (struct hats_encryption_cells){
            .box = l->box_cells,
            .digits = l->digit_cells,
            .width = box_digits(u),
            .has_rest = (((uint64_t)u->a | (uint64_t)u->b) & fraction) != 0,
        };
        l->box_cells += 2u * cells[k].width;
        l->digit_cells += u->clip ? 2 * HATS_ENCRYPTION_EXCESS_DIGITS : 0;
        l->digit_cells += cells[k].has_rest ? HATS_ENCRYPTION_REST_CELLS : 0;
        if (u->clip)
            clipped = l->box_cells;
    }
    return clipped;
}

static void number_blocks(struct hats_encryption_layout *l, enum hats_encryption_source source,
                          uint32_t clipped) {
    bool fields = source == HATS_SOURCE_FIELDS;
    uint32_t units = divide_up(l->n_units, l->n);
    const uint32_t blocks[HATS_FAMILY_COUNT] = {
        [HATS_FAMILY_CIPHERTEXT] = l->n_ct,
        [HATS_FAMILY_KEY] = 1,
        [HATS_FAMILY_WINDOW] = 1,
        [HATS_FAMILY_BOX] = units,
        [HATS_FAMILY_EXCESS] = divide_up(clipped, l->n),
        [HATS_FAMILY_SOURCE] = fields ? units : 0,
        [HATS_FAMILY_REST] = fields ? units : 0,
        [HATS_FAMILY_PACK] =
            source == HATS_SOURCE_FEATURES ? divide_up(l->n_records * l->n_elements, l->n) : 0,
        [HATS_FAMILY_PERMUTATION] = l->n_records * l->n_permutations,
        [HATS_FAMILY_COMMITMENT] = source != HATS_SOURCE_NONE,
    };
    for (unsigned f = 0; f < HATS_FAMILY_COUNT; f++)
        l->first[f + 1] = l->first[f] + blocks[f];
}

hats_status hats_encryption_layout_init(struct hats_encryption_layout *l,
                                        struct hats_encryption_cells *cells,
                                        const struct hats_encryption_input *in, uint32_t n_records,
                                        struct hats_error *err) {
    *l = (struct hats_encryption_layout){
        .n = (uint32_t)hats_fhe_set_n(in->set_id),
        .n_in = divide_up(in->d, in->block),
        .n_records = n_records,
    };
    l->log_n = (unsigned)__builtin_ctz(l->n);
    uint32_t clipped = place_units(l, cells, in);
    if (in->source != HATS_SOURCE_NONE) {
        l->n_elements = HATS_ENCRYPTION_SALT + (in->source == HATS_SOURCE_FIELDS
                                                    ? in->n_fields
                                                    : divide_up(in->d, HATS_ENCRYPTION_PACK));
        l->n_permutations = divide_up(l->n_elements, HATS_STARK_RPO_RATE);
    }
    /* So nothing below overflows 32 bits: at most 2^6 records of 2^16 units, 16 cells each. */
    if (n_records < 1 || n_records > HATS_ENCRYPTION_MAX_RECORDS)
        return hats_fail(err, HATS_E_RANGE, "a proof is of 1 to %d records, not of %u",
                         HATS_ENCRYPTION_MAX_RECORDS, n_records);
    l->n_ct = n_records * l->n_in;
    l->n_units = n_records * in->n_units;
    l->slack_at = n_records * l->box_cells;
    l->digits_at = l->slack_at + HATS_ENCRYPTION_SLACK_CELLS * (l->n_ct + 1);
    l->n_cells = l->digits_at + n_records * l->digit_cells;
    clipped = clipped != 0 ? (n_records - 1) * l->box_cells + clipped : 0;
    l->n_r = divide_up(l->n_cells, l->n);
    l->n_q = divide_up(clipped, l->n);
    l->n_s = divide_up(n_records * l->n_permutations, hats_encryption_permutations_a_triple(l));
    l->e = 2;
    l->r = l->e + l->n_ct;
    l->q = l->r + l->n_r;
    l->x = l->q + l->n_q;
    l->multiplicities = l->x + 3 * l->n_s;
    number_blocks(l, in->source, clipped);
    if (l->multiplicities >= HATS_AIR_MAX_COLUMNS || 1 + l->n_ct + l->n_r > HATS_AIR_MAX_LOOKUPS ||
        2 + l->n_r + l->n_q + 2 * l->n_s > HATS_AIR_MAX_WEIGHTS)
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "%u ciphertexts and %u units are more than one proof has room for; prove "
                         "fewer records at once, or make the blocks larger",
                         l->n_ct, l->n_units);
    return HATS_OK;
}
