#include "statements/key_internal.h"

#include "base/arena.h"

static hats_air_node square(struct hats_air *air, enum hats_key_column column) {
    return hats_air_pow(air, hats_air_cell(air, column), 2);
}

/* Coefficient i of b0 has the weight gamma^i, the three windows beta, beta gamma, beta gamma^2. */
static void claim_sum(struct hats_air *air) {
    unsigned gamma = hats_air_new_challenge(air), beta = hats_air_new_challenge(air);
    unsigned v = hats_air_weight_column(air), powers = hats_air_weight_column(air);
    unsigned bits = hats_air_weight_column(air);
    hats_air_node x = hats_air_challenge(air, gamma);
    hats_air_node sum = hats_air_mul(air, hats_air_weight(air, v), hats_air_cell(air, HATS_KEY_S));
    sum = hats_air_sub(
        air, sum, hats_air_mul(air, hats_air_weight(air, powers), hats_air_cell(air, HATS_KEY_E0)));
    hats_air_node both = hats_air_add(air, x, hats_air_mul(air, x, x));
    hats_air_node windows = hats_air_add(air, square(air, HATS_KEY_E0),
                                         hats_air_mul(air, both, square(air, HATS_KEY_S)));
    sum = hats_air_add(air, sum, hats_air_mul(air, hats_air_challenge(air, beta), windows));
    sum = hats_air_add(
        air, sum, hats_air_mul(air, hats_air_weight(air, bits), hats_air_cell(air, HATS_KEY_BITS)));
    hats_air_sum(air, "linear relations", sum, hats_air_new_scalar(air));
}

static void build(struct hats_key_setup *setup) {
    static const char *const names[HATS_KEY_COLUMNS] = {"s", "e0", "bits", "multiplicities"};
    struct hats_air *air = &setup->air;
    unsigned log_n = (unsigned)__builtin_ctz(setup->n);
    hats_air_begin(air, "key", log_n);
    for (unsigned c = 0; c < HATS_KEY_COLUMNS; c++)
        (void)hats_air_column(air, names[c]);
    unsigned values = hats_air_fixed_column(air, setup->table_values, log_n);
    unsigned tags = hats_air_fixed_column(air, setup->table_tags, log_n);
    hats_air_table(air, values, tags, HATS_KEY_MULTIPLICITIES);
    hats_air_node s = hats_air_cell(air, HATS_KEY_S), bit = hats_air_cell(air, HATS_KEY_BITS);
    hats_air_constrain(air, "s is ternary", hats_air_sub(air, hats_air_pow(air, s, 3), s));
    hats_air_constrain(air, "a bit is 0 or 1", hats_air_sub(air, hats_air_pow(air, bit, 2), bit));
    hats_air_look_up(air, "e0 is small", hats_air_cell(air, HATS_KEY_E0), HATS_NOISE_TAG);
    claim_sum(air);
}

hats_status hats_key_setup_new(struct hats_key_setup **out, unsigned suite, uint32_t set_id,
                               struct hats_error *err) {
    size_t n = hats_fhe_set_n(set_id);
    hats_status status = HATS_E_MEMORY;
    if (n == 0)
        return hats_fail(err, HATS_E_VERSION, "parameter set %u is unknown", (unsigned)set_id);
    struct hats_key_setup *s = hats_alloc(sizeof *s);
    if (s == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the statement of a key");
    s->set_id = set_id;
    s->n = (uint32_t)n;
    s->lo = (uint32_t)((3 * n + 4) / 5);
    s->hi = (uint32_t)(73 * n / 100);
    s->a0 = hats_alloc_array(n, sizeof *s->a0);
    s->table_values = hats_alloc_array(n, sizeof *s->table_values);
    s->table_tags = hats_alloc_array(n, sizeof *s->table_tags);
    if (s->a0 == NULL || s->table_values == NULL || s->table_tags == NULL) {
        status = hats_fail(err, HATS_E_MEMORY, "no memory for the statement of a key");
        goto done;
    }
    hats_noise_a0(s->a0, n);
    hats_noise_table(s->table_values, s->table_tags);
    for (size_t row = HATS_NOISE_VALUES; row < n; row++)
        s->table_tags[row] = HATS_NOISE_TAG; /* the value 0 again */
    build(s);
    const struct hats_air *airs[1] = {&s->air};
    status = hats_stark_setup_init(&s->stark, suite, airs, 1, err);
done:
    if (status != HATS_OK)
        hats_key_setup_free(s);
    else
        *out = s;
    return status;
}

void hats_key_setup_free(struct hats_key_setup *s) {
    if (s == NULL)
        return;
    hats_free(s->table_tags);
    hats_free(s->table_values);
    hats_free(s->a0);
    hats_free(s);
}

const struct hats_stark_setup *hats_key_setup_stark(const struct hats_key_setup *s) {
    return &s->stark;
}
