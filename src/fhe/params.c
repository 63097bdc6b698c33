#include "fhe/params.h"

#include "field/field.h"

struct set {
    uint32_t id;
    const char *name;
    unsigned log_n;
    unsigned log_qp; /* ceil(log2 q) */
    struct hats_fhe_security security;
};

/* check: the bits are what tests/fhe/test_estimator computes, rounded down */
static const struct set sets[] = {
    {HATS_SET_L4096, "L4096", 12, 64, {.classical = 200, .quantum = 182}},
};

static const struct set *find(uint32_t set_id) {
    for (size_t i = 0; i < HATS_COUNT_OF(sets); i++)
        if (sets[i].id == set_id)
            return &sets[i];
    return NULL;
}

hats_status hats_fhe_guard(unsigned log_n, unsigned log_qp, struct hats_error *err) {
    /* Bossuat et al., CiC 2024: 128 bits, quantum, ternary secret, N = 2^11 .. 2^16 */
    static const uint16_t quantum_row[] = {40, 80, 161, 322, 644, 1289};
    if (log_n > 16)
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "no security bound is tabulated for N = 2^%u; the largest N is 2^16",
                         log_n);
    if (log_n < 11 || log_qp > quantum_row[log_n - 11])
        return hats_fail(err, HATS_E_INSECURE,
                         "N = 2^%u with a modulus of %u bits is below 128 bits of security against "
                         "a quantum computer; at most %u bits are allowed",
                         log_n, log_qp, log_n < 11 ? 0u : quantum_row[log_n - 11]);
    return HATS_OK;
}

hats_status hats_fhe_params_init(struct hats_fhe_params *p, uint32_t set_id, unsigned log_t,
                                 struct hats_error *err) {
    const struct set *s = find(set_id);
    if (s == NULL)
        return hats_fail(err, HATS_E_VERSION,
                         "unknown parameter set %u; this program knows L4096 (%u)",
                         (unsigned)set_id, (unsigned)HATS_SET_L4096);
    hats_status status = hats_fhe_guard(s->log_n, s->log_qp, err);
    if (status != HATS_OK)
        return status;
    if (log_t < HATS_LINEAR_LOG_T_MIN || log_t > HATS_LINEAR_LOG_T_MAX)
        return hats_fail(err, HATS_E_RANGE, "plaintext modulus 2^%u; it must be 2^%u .. 2^%u",
                         log_t, HATS_LINEAR_LOG_T_MIN, HATS_LINEAR_LOG_T_MAX);
    uint64_t t = UINT64_C(1) << log_t;
    *p = (struct hats_fhe_params){
        .set_id = set_id,
        .log_n = s->log_n,
        .n = (size_t)1 << s->log_n,
        .log_t = log_t,
        .t = t,
        .delta = (HATS_P - 1) / t,
    };
    return HATS_OK;
}

struct hats_fhe_security hats_fhe_security_of(uint32_t set_id) {
    const struct set *s = find(set_id);
    return s != NULL ? s->security : (struct hats_fhe_security){0, 0};
}

const char *hats_fhe_set_name(uint32_t set_id) {
    const struct set *s = find(set_id);
    return s != NULL ? s->name : "unknown";
}

size_t hats_fhe_set_n(uint32_t set_id) {
    const struct set *s = find(set_id);
    return s != NULL ? (size_t)1 << s->log_n : 0;
}
