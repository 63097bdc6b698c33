#include "statements/rns_internal.h"

#include "base/arena.h"

#include <string.h>

/* ---- the shape ---- */

static hats_status check_shape(const struct hats_rns_shape *shape, struct hats_error *err) {
    if (shape->log_n < HATS_RNS_LOG_N_MIN || shape->log_n > HATS_RNS_LOG_N_MAX ||
        shape->n_limbs < 1 || shape->n_limbs > HATS_RNS_MAX_LIMBS || shape->plain_bits < 1 ||
        shape->plain_bits > 52 || shape->n_ct < 1 || shape->n_ct > 64 || shape->tau < 1 ||
        shape->tau >> 40 != 0)
        return hats_fail(err, HATS_E_RANGE, "a number of the shape is outside its range");
    hats_u128 n = (hats_u128)1 << shape->log_n;
    hats_u128 rest =
        (hats_u128)HATS_LINEAR_NOISE_MAX * shape->tau + ((hats_u128)1 << (shape->plain_bits - 1));
    for (unsigned i = 0; i < shape->n_limbs; i++) {
        uint64_t q = shape->q[i];
        if (q == HATS_P && i + 1 == shape->n_limbs)
            continue;
        /* |c| + |a s| + |tau e + m| + |q r| */
        if (q < 3 || q % 2 == 0 || q / 2 * (n + 1) + q * (n / 4) + rest >= HATS_P)
            return hats_fail(err, HATS_E_RANGE,
                             "limb %u: its modulus is even, or too large for %u coefficients", i,
                             1u << shape->log_n);
    }
    return HATS_OK;
}

static hats_status measure(struct hats_rns_setup *s, struct hats_error *err) {
    const struct hats_rns_shape *shape = &s->shape;
    s->n = UINT32_C(1) << shape->log_n;
    s->digit_bits = shape->log_n - 1;
    s->n_digits = (shape->plain_bits + s->digit_bits - 1) / s->digit_bits;
    s->top_shift = s->n_digits * s->digit_bits - shape->plain_bits;
    s->n_quotients = shape->n_limbs - (shape->q[shape->n_limbs - 1] == HATS_P);
    s->columns_a_ct = 1 + s->n_digits + s->n_quotients;
    s->multiplicities = HATS_RNS_FIRST + shape->n_ct * s->columns_a_ct;
    if (s->multiplicities >= HATS_AIR_MAX_COLUMNS ||
        1 + shape->n_ct * (s->columns_a_ct + (s->top_shift != 0)) > HATS_AIR_MAX_LOOKUPS)
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "%u ciphertexts of %u limbs are more than one proof has room for",
                         (unsigned)shape->n_ct, shape->n_limbs);
    return HATS_OK;
}

/* ---- the system ---- */

static hats_air_node times(struct hats_air *air, hats_air_node weight, unsigned column,
                           uint64_t factor) {
    return hats_air_mul(air, weight, hats_air_scale(air, hats_air_cell(air, column), factor));
}

/* What ciphertext c has of noise, plaintext and quotients, with weight `first` for its limb 0 and beta times
 * that for each further one, which is what *first becomes. */
static hats_air_node small_terms(struct hats_air *air, const struct hats_rns_setup *s, uint32_t c,
                                 hats_air_node beta, hats_air_node *first) {
    hats_air_node weight = *first, all = weight, sum = 0;
    for (unsigned i = 0; i < s->shape.n_limbs; i++) {
        if (i > 0)
            all = hats_air_add(air, all, weight);
        if (i < s->n_quotients) {
            hats_air_node r = times(air, weight, hats_rns_column_r(s, c, i), s->shape.q[i]);
            sum = i == 0 ? r : hats_air_add(air, sum, r);
        }
        weight = hats_air_mul(air, weight, beta);
    }
    hats_air_node plain =
        hats_air_scale(air, hats_air_cell(air, hats_rns_column_e(s, c)), s->shape.tau);
    for (unsigned k = 0; k < s->n_digits; k++) {
        hats_air_node digit = hats_air_cell(air, hats_rns_column_m(s, c, k));
        plain = hats_air_add(air, plain,
                             hats_air_scale(air, digit, UINT64_C(1) << (k * s->digit_bits)));
    }
    plain = hats_air_mul(air, all, plain);
    *first = weight;
    return s->n_quotients > 0 ? hats_air_add(air, sum, plain) : plain;
}

static void claim_sum(struct hats_air *air, const struct hats_rns_setup *s) {
    unsigned gamma = hats_air_new_challenge(air), beta = hats_air_new_challenge(air);
    unsigned v = hats_air_weight_column(air), powers = hats_air_weight_column(air);
    unsigned bits = hats_air_weight_column(air);
    hats_air_node x = hats_air_challenge(air, gamma), b = hats_air_challenge(air, beta);
    hats_air_node weight = hats_air_constant(air, 1), power = weight, small = 0, squares = 0;
    for (uint32_t c = 0; c < s->shape.n_ct; c++) {
        hats_air_node terms = small_terms(air, s, c, b, &weight);
        small = c == 0 ? terms : hats_air_add(air, small, terms);
        hats_air_node e = hats_air_cell(air, hats_rns_column_e(s, c));
        hats_air_node square = hats_air_mul(air, power, hats_air_mul(air, e, e));
        squares = c == 0 ? square : hats_air_add(air, squares, square);
        power = hats_air_mul(air, power, x);
    }
    hats_air_node e0 = hats_air_cell(air, HATS_RNS_E0);
    small = hats_air_add(air, small, hats_air_mul(air, weight, e0));
    squares = hats_air_add(air, squares, hats_air_mul(air, power, hats_air_mul(air, e0, e0)));
    hats_air_node sum = hats_air_mul(air, hats_air_weight(air, v), hats_air_cell(air, HATS_RNS_S));
    sum = hats_air_sub(air, sum, hats_air_mul(air, hats_air_weight(air, powers), small));
    sum = hats_air_add(air, sum, hats_air_mul(air, hats_air_mul(air, weight, b), squares));
    sum = hats_air_add(
        air, sum, hats_air_mul(air, hats_air_weight(air, bits), hats_air_cell(air, HATS_RNS_BITS)));
    hats_air_sum(air, "linear relations", sum, hats_air_new_scalar(air));
}

static void look_up(struct hats_air *air, const struct hats_rns_setup *s) {
    hats_air_look_up(air, "e0 is small", hats_air_cell(air, HATS_RNS_E0), HATS_NOISE_TAG);
    for (uint32_t c = 0; c < s->shape.n_ct; c++) {
        hats_air_look_up(air, "e is small", hats_air_cell(air, hats_rns_column_e(s, c)),
                         HATS_NOISE_TAG);
        for (unsigned k = 0; k < s->n_digits; k++)
            hats_air_look_up(air, "m is digits", hats_air_cell(air, hats_rns_column_m(s, c, k)),
                             HATS_RNS_TAG_DIGIT);
        if (s->top_shift != 0) {
            hats_air_node top = hats_air_cell(air, hats_rns_column_m(s, c, s->n_digits - 1));
            hats_air_look_up(air, "m is below 2^b",
                             hats_air_scale(air, top, UINT64_C(1) << s->top_shift),
                             HATS_RNS_TAG_DIGIT);
        }
        for (unsigned i = 0; i < s->n_quotients; i++)
            hats_air_look_up(air, "r is small", hats_air_cell(air, hats_rns_column_r(s, c, i)),
                             HATS_RNS_TAG_DIGIT);
    }
}

static void build(struct hats_rns_setup *s) {
    struct hats_air *air = &s->air;
    hats_air_begin(air, "encryption, several moduli", s->shape.log_n);
    (void)hats_air_column(air, "s");
    (void)hats_air_column(air, "e0");
    (void)hats_air_column(air, "bits");
    for (uint32_t c = 0; c < s->shape.n_ct; c++) {
        (void)hats_air_column(air, "e");
        for (unsigned k = 0; k < s->n_digits; k++)
            (void)hats_air_column(air, "m");
        for (unsigned i = 0; i < s->n_quotients; i++)
            (void)hats_air_column(air, "r");
    }
    (void)hats_air_column(air, "multiplicities");
    unsigned values = hats_air_fixed_column(air, s->table_values, s->shape.log_n);
    unsigned tags = hats_air_fixed_column(air, s->table_tags, s->shape.log_n);
    hats_air_table(air, values, tags, s->multiplicities);
    hats_air_node secret = hats_air_cell(air, HATS_RNS_S), bit = hats_air_cell(air, HATS_RNS_BITS);
    hats_air_constrain(air, "s is ternary",
                       hats_air_sub(air, hats_air_pow(air, secret, 3), secret));
    hats_air_constrain(air, "a bit is 0 or 1", hats_air_sub(air, hats_air_pow(air, bit, 2), bit));
    look_up(air, s);
    claim_sum(air, s);
}

/* ---- the setup ---- */

hats_status hats_rns_setup_new(struct hats_rns_setup **out, unsigned suite,
                               const struct hats_rns_shape *shape, struct hats_error *err) {
    hats_status status = check_shape(shape, err);
    if (status != HATS_OK)
        return status;
    struct hats_rns_setup *s = hats_alloc(sizeof *s);
    if (s == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a statement");
    s->shape = *shape;
    status = measure(s, err);
    if (status != HATS_OK)
        goto done;
    s->a0 = hats_alloc_array(s->n, sizeof *s->a0);
    s->table_values = hats_alloc_array(s->n, sizeof *s->table_values);
    s->table_tags = hats_alloc_array(s->n, sizeof *s->table_tags);
    if (s->a0 == NULL || s->table_values == NULL || s->table_tags == NULL) {
        status = hats_fail(err, HATS_E_MEMORY, "no memory for a statement");
        goto done;
    }
    hats_noise_a0(s->a0, s->n);
    for (uint32_t i = 0; i < s->n / 2; i++)
        s->table_values[i] = i;
    hats_noise_table(s->table_values + s->n / 2, s->table_tags + s->n / 2);
    build(s);
    const struct hats_air *airs[1] = {&s->air};
    status = hats_stark_setup_init(&s->stark, suite, airs, 1, err);
done:
    if (status != HATS_OK)
        hats_rns_setup_free(s);
    else
        *out = s;
    return status;
}

void hats_rns_setup_free(struct hats_rns_setup *s) {
    if (s == NULL)
        return;
    hats_free(s->table_tags);
    hats_free(s->table_values);
    hats_free(s->a0);
    hats_free(s);
}

const struct hats_stark_setup *hats_rns_setup_stark(const struct hats_rns_setup *s) {
    return &s->stark;
}
