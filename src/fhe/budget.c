/* Shape of a packed linear model, and the bounds that make its answers exact. */
#include "fhe/linear.h"

#include "base/bytes.h"
#include "field/field.h"

#include <assert.h>

static uint32_t ceil_div(uint32_t a, uint32_t b) { return a / b + (a % b != 0); }

/* n_in, outs_per_ct and n_out from the rest. */
static void derive(struct hats_linear_shape *s, uint32_t n) {
    s->n_in = ceil_div(s->d, s->block);
    s->outs_per_ct = n / s->block < s->k ? n / s->block : s->k;
    s->n_out = ceil_div(s->k, s->outs_per_ct);
}

static bool fits(const struct hats_linear_shape *s) {
    return s->n_in <= HATS_LINEAR_MAX_CIPHERTEXTS && s->n_out <= HATS_LINEAR_MAX_CIPHERTEXTS;
}

hats_status hats_linear_shape_init(struct hats_linear_shape *s, uint32_t set_id, uint32_t d,
                                   uint32_t k, uint32_t block, struct hats_error *err) {
    uint32_t n = (uint32_t)hats_fhe_set_n(set_id);
    if (n == 0)
        return hats_fail(err, HATS_E_VERSION, "unknown parameter set %u", (unsigned)set_id);
    if (d < 1 || d > HATS_LINEAR_MAX_INPUTS)
        return hats_fail(err, HATS_E_RANGE, "%u inputs; a linear model has 1 to %u", (unsigned)d,
                         HATS_LINEAR_MAX_INPUTS);
    if (k < 1 || k > HATS_LINEAR_MAX_OUTPUTS)
        return hats_fail(err, HATS_E_RANGE, "%u outputs; a linear model has 1 to %u", (unsigned)k,
                         HATS_LINEAR_MAX_OUTPUTS);
    if (block < 1 || block > n)
        return hats_fail(err, HATS_E_RANGE, "blocks of %u features; 1 to %u are possible",
                         (unsigned)block, (unsigned)n);
    struct hats_linear_shape shape = {.d = d, .k = k, .block = block};
    derive(&shape, n);
    if (!fits(&shape))
        return hats_fail(err, HATS_E_RANGE,
                         "%u x %u in blocks of %u needs %u ciphertexts up and %u down; at most %u "
                         "each are possible",
                         (unsigned)d, (unsigned)k, (unsigned)block, (unsigned)shape.n_in,
                         (unsigned)shape.n_out, HATS_LINEAR_MAX_CIPHERTEXTS);
    *s = shape;
    return HATS_OK;
}

uint32_t hats_linear_best_block(uint32_t set_id, uint32_t d, uint32_t k) {
    uint32_t n = (uint32_t)hats_fhe_set_n(set_id);
    uint32_t largest = d < n ? d : n, best = largest, best_cost = UINT32_MAX;
    for (uint32_t block = 1; block <= largest && k != 0; block++) {
        struct hats_linear_shape s = {.d = d, .k = k, .block = block};
        derive(&s, n);
        if (fits(&s) && s.n_in + s.n_out <= best_cost) {
            best = block;
            best_cost = s.n_in + s.n_out;
        }
    }
    return best;
}

uint32_t hats_linear_outs_in(const struct hats_linear_shape *s, uint32_t q) {
    assert(q < s->n_out);
    uint32_t before = q * s->outs_per_ct;
    return s->k - before < s->outs_per_ct ? s->k - before : s->outs_per_ct;
}

static hats_u128 magnitude(hats_i128 v) {
    return v < 0 ? (hats_u128)0 - (hats_u128)v : (hats_u128)v;
}

static uint64_t saturate(hats_u128 v) { return v > UINT64_MAX ? UINT64_MAX : (uint64_t)v; }

/* log2 v in units of 2^-32, rounded down; v > 0. One squaring of the mantissa gives one bit. */
static int64_t log2_q32(uint64_t v) {
    int bits = 63 - __builtin_clzll(v);
    uint64_t mantissa = v << (63 - bits); /* in [2^63, 2^64): 1.63 fixed point */
    int64_t log = bits;
    for (int i = 0; i < 32; i++) {
        hats_u128 square = (hats_u128)mantissa * mantissa;
        unsigned carry = (unsigned)(square >> 127);
        mantissa = (uint64_t)(square >> (63 + carry));
        log = 2 * log + carry;
    }
    return log;
}

/* Thousandths, rounded up; the slack of 2^-20 covers the rounding of the logarithms. */
static int32_t millibits_up(int64_t log_q32) {
    hats_i128 scaled = ((hats_i128)log_q32 + (1 << 12)) * 1000;
    return (int32_t)(scaled >> 32) + 1;
}

/* The range of <w, x> + bias, and ||w||_1, for one output. */
struct row {
    hats_i128 least, most;
    hats_u128 l1;
};

static struct row row_of(const struct hats_linear_weights *weights, uint32_t d, uint32_t o) {
    struct row r = {weights->bias[o], weights->bias[o], 0};
    const int32_t *w = weights->w + (size_t)o * d;
    for (uint32_t i = 0; i < d; i++) {
        hats_i128 lo = weights->lo != NULL ? weights->lo[i] : -(hats_i128)weights->x_max;
        hats_i128 hi = weights->lo != NULL ? weights->hi[i] : (hats_i128)weights->x_max;
        r.least += w[i] < 0 ? w[i] * hi : w[i] * lo;
        r.most += w[i] < 0 ? w[i] * lo : w[i] * hi;
        r.l1 += magnitude(w[i]);
    }
    return r;
}

static hats_status check_box(const struct hats_linear_weights *weights, uint32_t d,
                             struct hats_error *err) {
    if ((weights->lo == NULL) != (weights->hi == NULL))
        return hats_fail(err, HATS_E_RANGE, "input bounds: give both ends, or neither");
    for (uint32_t i = 0; weights->lo != NULL && i < d; i++)
        if (weights->lo[i] > weights->hi[i] || magnitude(weights->lo[i]) > weights->x_max ||
            magnitude(weights->hi[i]) > weights->x_max)
            return hats_fail(err, HATS_E_RANGE,
                             "input %u: the bounds %d .. %d are not an interval inside -%u .. %u",
                             (unsigned)i, (int)weights->lo[i], (int)weights->hi[i],
                             (unsigned)weights->x_max, (unsigned)weights->x_max);
    return HATS_OK;
}

static hats_status choose_t(struct hats_linear_budget *b, unsigned log_t, uint32_t x_max,
                            struct hats_error *err) {
    uint64_t need = b->answer_max > x_max ? b->answer_max : x_max;
    unsigned least = HATS_LINEAR_LOG_T_MIN;
    while (least <= HATS_LINEAR_LOG_T_MAX && UINT64_C(1) << (least - 1) <= need)
        least++;
    if (least > HATS_LINEAR_LOG_T_MAX)
        return hats_fail(err, HATS_E_RANGE,
                         "answers up to %llu do not fit the largest plaintext modulus 2^%u; use "
                         "fewer bits for inputs or weights",
                         (unsigned long long)need, HATS_LINEAR_LOG_T_MAX);
    if (log_t != 0 && log_t < least)
        return hats_fail(err, HATS_E_RANGE,
                         "answers up to %llu do not fit the plaintext modulus 2^%u; 2^%u does",
                         (unsigned long long)need, log_t, least);
    b->log_t = log_t != 0 ? log_t : least;
    return HATS_OK;
}

hats_status hats_linear_budget_of(struct hats_linear_budget *out, uint32_t set_id, unsigned log_t,
                                  const struct hats_linear_shape *shape,
                                  const struct hats_linear_weights *weights,
                                  struct hats_error *err) {
    struct hats_fhe_params params;
    struct hats_linear_budget b = {0};
    hats_u128 answer_max = 0, l1_max = 0, l1_sum = 0;
    hats_status status =
        hats_fhe_params_init(&params, set_id, log_t != 0 ? log_t : HATS_LINEAR_LOG_T_MIN, err);
    if (status == HATS_OK)
        status = check_box(weights, shape->d, err);
    if (status != HATS_OK)
        return status;
    for (uint32_t q = 0, o = 0; q < shape->n_out; q++) {
        hats_u128 sum = 0;
        for (uint32_t i = 0; i < hats_linear_outs_in(shape, q); i++, o++) {
            struct row r = row_of(weights, shape->d, o);
            hats_u128 reach =
                magnitude(r.least) > magnitude(r.most) ? magnitude(r.least) : magnitude(r.most);
            answer_max = reach > answer_max ? reach : answer_max;
            l1_max = r.l1 > l1_max ? r.l1 : l1_max;
            sum += r.l1;
        }
        l1_sum = sum > l1_sum ? sum : l1_sum;
    }
    b.answer_max = saturate(answer_max);
    b.l1_max = saturate(l1_max);
    b.l1_sum = saturate(l1_sum);
    status = choose_t(&b, log_t, weights->x_max, err);
    if (status != HATS_OK)
        return status;

    uint64_t half = (HATS_P - 1) / (UINT64_C(1) << b.log_t) / 2;
    hats_u128 noise = HATS_LINEAR_NOISE_MAX * l1_sum + HATS_LINEAR_NOISE_MAX * (hats_u128)params.n +
                      21 * (hats_u128)params.n + 21;
    if (half < 2 + noise + noise * HATS_LINEAR_FLOOD_RATIO)
        return hats_fail(
            err, HATS_E_RANGE,
            "weights of one answer ciphertext sum to %llu, which leaves no room to hide "
            "the noise at t = 2^%u; use fewer bits for the weights",
            (unsigned long long)b.l1_sum, b.log_t);
    b.noise = (uint64_t)noise;
    b.flood = half - b.noise - 2;
    /* KL = (6 B / F)^2 / 2 */
    int64_t kl = 2 * (log2_q32(6 * b.noise) - log2_q32(b.flood)) - ((int64_t)1 << 32);
    b.kl_millibits = millibits_up(kl);
    b.kl_all_millibits = millibits_up(kl + log2_q32(shape->k * ((uint64_t)shape->d + 1)));
    if (out != NULL)
        *out = b;
    return HATS_OK;
}
