/* The constraint system, and the setup that holds it. */
#include "statements/encryption_internal.h"

#include "base/arena.h"

/* ---- the system ---- */

/* sum of weight columns from `first` on, each times a trace column `step` apart. */
static hats_air_node weighted(struct hats_air *air, hats_air_node sum, unsigned first_column,
                              unsigned step, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        hats_air_node weight = hats_air_weight(air, hats_air_weight_column(air));
        hats_air_node cell = hats_air_cell(air, first_column + i * step);
        sum = hats_air_add(air, sum, hats_air_mul(air, weight, cell));
    }
    return sum;
}

/* sum_c ratio^c cell_c^exponent over e_0, e_1, .., e0. */
static hats_air_node noises(struct hats_air *air, const struct hats_encryption_layout *l,
                            unsigned ratio, unsigned exponent) {
    hats_air_node x = hats_air_challenge(air, ratio), power = x;
    hats_air_node sum = hats_air_pow(air, hats_air_cell(air, l->e), exponent);
    for (uint32_t c = 1; c <= l->n_ct; c++) {
        hats_air_node e = hats_air_cell(air, c < l->n_ct ? l->e + c : 1);
        sum = hats_air_add(air, sum, hats_air_mul(air, power, hats_air_pow(air, e, exponent)));
        power = hats_air_mul(air, power, x);
    }
    return sum;
}

static void claim_sum(struct hats_air *air, const struct hats_encryption_layout *l) {
    unsigned gamma = hats_air_new_challenge(air), beta = hats_air_new_challenge(air);
    unsigned v = hats_air_weight_column(air), powers = hats_air_weight_column(air);
    hats_air_node sum = hats_air_mul(air, hats_air_weight(air, v), hats_air_cell(air, 0));
    hats_air_node noise = hats_air_mul(air, hats_air_weight(air, powers), noises(air, l, beta, 1));
    sum = hats_air_sub(air, sum, noise);
    hats_air_node window =
        hats_air_pow(air, hats_air_challenge(air, beta), l->first[HATS_FAMILY_WINDOW]);
    sum = hats_air_add(air, sum, hats_air_mul(air, window, noises(air, l, gamma, 2)));
    sum = weighted(air, sum, l->r, 1, l->n_r);
    sum = weighted(air, sum, l->q, 1, l->n_q);
    for (unsigned i = 0; i < l->n_s; i++)
        sum = weighted(air, sum, l->x + 3 * i, 2, 2); /* x and z */
    hats_air_sum(air, "linear relations", sum, hats_air_new_scalar(air));
}

static void name_columns(struct hats_air *air, const struct hats_encryption_layout *l) {
    (void)hats_air_column(air, "s");
    (void)hats_air_column(air, "e0");
    for (uint32_t c = 0; c < l->n_ct; c++)
        (void)hats_air_column(air, "e");
    for (unsigned i = 0; i < l->n_r; i++)
        (void)hats_air_column(air, "R");
    for (unsigned i = 0; i < l->n_q; i++)
        (void)hats_air_column(air, "Q");
    for (unsigned i = 0; i < l->n_s; i++) {
        (void)hats_air_column(air, "S-box x");
        (void)hats_air_column(air, "S-box y");
        (void)hats_air_column(air, "S-box z");
    }
    (void)hats_air_column(air, "multiplicities");
}

void hats_encryption_air_build(struct hats_encryption_setup *setup) {
    struct hats_air *air = &setup->air;
    const struct hats_encryption_layout *l = &setup->layout;
    hats_air_begin(air, "encryption", l->log_n);
    name_columns(air, l);
    unsigned values = hats_air_fixed_column(air, setup->table_values, l->log_n);
    unsigned tags = hats_air_fixed_column(air, setup->table_tags, l->log_n);
    hats_air_table(air, values, tags, l->multiplicities);

    hats_air_node s = hats_air_cell(air, 0);
    hats_air_constrain(air, "s is ternary", hats_air_sub(air, hats_air_pow(air, s, 3), s));
    for (unsigned i = 0; i < l->n_q; i++)
        hats_air_constrain(
            air, "no excess inside the box",
            hats_air_mul(air, hats_air_cell(air, l->r + i), hats_air_cell(air, l->q + i)));
    for (unsigned i = 0; i < l->n_s; i++) {
        unsigned x = l->x + 3 * i;
        hats_stark_rpo_rows_constrain(air, x, x + 1, x + 2);
    }
    hats_air_look_up(air, "e0 is small", hats_air_cell(air, 1), HATS_NOISE_TAG);
    for (uint32_t c = 0; c < l->n_ct; c++)
        hats_air_look_up(air, "e is small", hats_air_cell(air, l->e + c), HATS_NOISE_TAG);
    for (unsigned i = 0; i < l->n_r; i++)
        hats_air_look_up(air, "R is a digit", hats_air_cell(air, l->r + i),
                         HATS_ENCRYPTION_TAG_DIGIT);
    claim_sum(air, l);
}

/* ---- the setup ---- */

/* Digits under one tag, noise under the other; the rest repeats the first row. */
static void fill_table(struct hats_encryption_setup *s) {
    for (uint32_t i = 0; i < HATS_ENCRYPTION_DIGITS; i++)
        s->table_values[i] = i;
    hats_noise_table(s->table_values + HATS_ENCRYPTION_DIGITS,
                     s->table_tags + HATS_ENCRYPTION_DIGITS);
}

static hats_status copy_input(struct hats_encryption_setup *s,
                              const struct hats_encryption_input *input) {
    size_t n = hats_fhe_set_n(input->set_id);
    s->input = *input;
    s->units = hats_alloc_array(input->n_units, sizeof *s->units);
    s->cells = hats_alloc_array(input->n_units, sizeof *s->cells);
    if (input->features != NULL)
        s->features = hats_alloc_array(input->d, sizeof *s->features);
    s->a0 = hats_alloc_array(n, sizeof *s->a0);
    s->table_values = hats_alloc_array(n, sizeof *s->table_values);
    s->table_tags = hats_alloc_array(n, sizeof *s->table_tags);
    if (s->units == NULL || s->cells == NULL || (input->features != NULL && s->features == NULL) ||
        s->a0 == NULL || s->table_values == NULL || s->table_tags == NULL)
        return HATS_E_MEMORY;
    memcpy(s->units, input->units, input->n_units * sizeof *s->units);
    if (input->features != NULL)
        memcpy(s->features, input->features, input->d * sizeof *s->features);
    s->input.units = s->units;
    s->input.features = s->features;
    return HATS_OK;
}

hats_status hats_encryption_setup_new(struct hats_encryption_setup **out, unsigned suite,
                                      const struct hats_encryption_input *input, uint32_t n_records,
                                      struct hats_error *err) {
    hats_status status = hats_encryption_input_check(input, err);
    if (status != HATS_OK)
        return status;
    struct hats_encryption_setup *s = hats_alloc(sizeof *s);
    if (s == NULL || copy_input(s, input) != HATS_OK) {
        status = hats_fail(err, HATS_E_MEMORY, "no memory for the statement of a model");
        goto done;
    }
    status = hats_encryption_layout_init(&s->layout, s->cells, input, n_records, err);
    if (status == HATS_OK)
        status = hats_fhe_params_init(&s->params, input->set_id, input->log_t, err);
    if (status != HATS_OK)
        goto done;
    hats_encryption_input_hash(s->digest, input);
    hats_noise_a0(s->a0, s->layout.n);
    fill_table(s);
    hats_encryption_air_build(s);
    const struct hats_air *airs[1] = {&s->air};
    status = hats_stark_setup_init(&s->stark, suite, airs, 1, err);
done:
    if (status != HATS_OK)
        hats_encryption_setup_free(s);
    else
        *out = s;
    return status;
}

void hats_encryption_setup_free(struct hats_encryption_setup *s) {
    if (s == NULL)
        return;
    hats_free(s->table_tags);
    hats_free(s->table_values);
    hats_free(s->a0);
    hats_free(s->features);
    hats_free(s->cells);
    hats_free(s->units);
    hats_free(s);
}

const struct hats_stark_setup *hats_encryption_setup_stark(const struct hats_encryption_setup *s) {
    return &s->stark;
}

uint32_t hats_encryption_n_ciphertexts(const struct hats_encryption_setup *s) {
    return s->layout.n_ct;
}

void hats_encryption_input_digest(uint8_t digest[HATS_SHA256_LEN],
                                  const struct hats_encryption_setup *s) {
    memcpy(digest, s->digest, HATS_SHA256_LEN);
}
