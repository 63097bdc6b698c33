#include "stark/soundness.h"

#include "base/bytes.h"

#include <string.h>

/* Logarithms to base 2 in units of 2^-32. A value is kept as an interval end: `down` never above the
 * logarithm, `up` never below it. */
typedef int64_t q32;

static unsigned bit_length(hats_u128 v) {
    uint64_t hi = (uint64_t)(v >> 64);
    return hi != 0 ? 128 - (unsigned)__builtin_clzll(hi)
                   : 64 - (unsigned)__builtin_clzll((uint64_t)v);
}

/* v > 0. One squaring of the mantissa gives one bit. Every step truncates: the i-th costs less than
 * 2^(1 - 62 - i), together less than 2^-60. */
static q32 log2_down(hats_u128 v) {
    unsigned bits = bit_length(v);
    uint64_t mantissa = (uint64_t)(bits > 64 ? v >> (bits - 64) : v << (64 - bits));
    q32 log = (q32)bits - 1;
    for (int i = 0; i < 32; i++) {
        hats_u128 square = (hats_u128)mantissa * mantissa;
        unsigned carry = (unsigned)(square >> 127);
        mantissa = (uint64_t)(square >> (63 + carry));
        log = 2 * log + carry;
    }
    return log;
}

static q32 log2_up(hats_u128 v) { return log2_down(v) + 2; }

static int32_t millibits_down(q32 log) { return (int32_t)((hats_i128)log * 1000 >> 32); }

/* Half of a logarithm, rounded down; the shift of a negative number is arithmetic in gcc and clang. */
static q32 half_down(q32 log) { return log >> 1; }
static q32 half_up(q32 log) { return -half_down(-log); }

struct layer {
    uint32_t d, n; /* degree bound and domain: rate d / n */
};

static uint32_t ceil_div(uint32_t a, uint32_t b) { return a / b + (a % b != 0); }

static bool rate_above(struct layer a, struct layer b) {
    return (uint64_t)a.d * b.n > (uint64_t)b.d * a.n;
}

uint32_t hats_stark_m_max(const struct hats_stark_params *p) {
    return p->d_max < HATS_STARK_M_MAX ? p->d_max : HATS_STARK_M_MAX;
}

static hats_status check(const struct hats_stark_params *p, struct hats_error *err) {
    if (p->p >> 30 == 0 || p->extension < 1 || p->extension > 8)
        return hats_fail(err, HATS_E_RANGE,
                         "the field needs a characteristic of 31 bits or more and degree 1 to 8");
    q32 log_k = log2_down(p->p) * (q32)p->extension;
    if (log_k < (q32)90 << 32)
        return hats_fail(err, HATS_E_RANGE,
                         "a field of less than 2^90 elements; take a larger one");
    if (p->domain > UINT32_C(1) << HATS_STARK_LOG_DOMAIN_MAX || p->d_max < p->n_rows ||
        p->n_rows < 1 || p->d_max >= p->domain)
        return hats_fail(err, HATS_E_RANGE,
                         "%u rows, degree bound %u, domain %u: they must rise in this order, the "
                         "domain at most to 2^%d",
                         (unsigned)p->n_rows, (unsigned)p->d_max, (unsigned)p->domain,
                         HATS_STARK_LOG_DOMAIN_MAX);
    if (p->n_folds > HATS_STARK_MAX_FOLDS)
        return hats_fail(err, HATS_E_RANGE, "%u folds; at most %d are possible", p->n_folds,
                         HATS_STARK_MAX_FOLDS);
    uint32_t n = p->domain;
    for (unsigned i = 0; i < p->n_folds; i++) {
        if (p->folds[i] < 2 || n % p->folds[i] != 0)
            return hats_fail(err, HATS_E_RANGE,
                             "fold %u by %u: a factor is 2 or more and divides its domain, %u", i,
                             (unsigned)p->folds[i], (unsigned)n);
        n /= p->folds[i];
    }
    uint32_t most = 1u << 24;
    if (p->n_polys < 2 || p->n_polys > most || p->n_constraints < 1 || p->n_constraints > most ||
        p->degree < 1 || p->degree > 256 || p->n_points < 1 || p->n_points > 256 ||
        p->n_lookups > most || p->n_linear > most)
        return hats_fail(
            err, HATS_E_RANGE,
            "polynomials 2 .. 2^24, constraints 1 .. 2^24, degree and points 1 .. 256, "
            "lookups and linear relations at most 2^24");
    if (p->regime != HATS_STARK_UDR && p->regime != HATS_STARK_JBR)
        return hats_fail(err, HATS_E_RANGE, "unknown regime %d", (int)p->regime);
    if (p->regime == HATS_STARK_JBR && (p->m < HATS_STARK_M_MIN || p->m > hats_stark_m_max(p)))
        return hats_fail(err, HATS_E_RANGE, "multiplicity %u; %d to %u are possible",
                         (unsigned)p->m, HATS_STARK_M_MIN, (unsigned)hats_stark_m_max(p));
    if (p->queries < 1 || p->queries > HATS_STARK_QUERIES_MAX || p->grinding > 64 ||
        p->digest_bits < 128 || p->digest_bits > 512)
        return hats_fail(err, HATS_E_RANGE,
                         "queries 1 .. %d, grinding at most 64 bits, digests of 128 to 512 bits",
                         HATS_STARK_QUERIES_MAX);
    return HATS_OK;
}

/* log2 (1 - theta), rounded up. */
static q32 log_miss_up(const struct hats_stark_params *p, struct layer worst) {
    if (p->regime == HATS_STARK_UDR)
        return log2_up((hats_u128)worst.n + worst.d) - log2_down(worst.n) - ((q32)1 << 32);
    return half_up(log2_up(worst.d) - log2_down(worst.n)) + log2_up(p->m + 1) - log2_down(p->m);
}

/* log2 of eps(n) |K|, rounded up, for a layer. With x = 2 m + 1 = 2 M it is
 * [x^5 n / (48 rho) + x (n + 1) / 2] / sqrt(rho); x^5 < 2^55, so the products stay below 2^116. */
static q32 log_eps_up(const struct hats_stark_params *p, struct layer at) {
    if (p->regime == HATS_STARK_UDR)
        return log2_up(at.n);
    hats_u128 x = 2 * (hats_u128)p->m + 1;
    hats_u128 first = x * x * x * x * x * at.n * at.n / ((hats_u128)48 * at.d) + 1;
    hats_u128 second = x * ((hats_u128)at.n + 1) / 2 + 1;
    return log2_up(first + second) + half_up(log2_up(at.n) - log2_down(at.d));
}

/* log2 of L, rounded up. */
static q32 log_list_up(const struct hats_stark_params *p) {
    if (p->regime == HATS_STARK_UDR)
        return 0;
    return log2_up((hats_u128)p->m * p->domain) - log2_down((hats_u128)2 * p->d_max);
}

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* The rounds that the list size decides. */
static void list_rounds(struct hats_stark_soundness *s, const struct hats_stark_params *p,
                        q32 log_k) {
    q32 list = log_list_up(p);
    hats_u128 n_roots = ((hats_u128)p->n_lookups + 2) * p->n_rows + p->n_linear + 4;
    s->challenges = millibits_down(log_k - list - log2_up(n_roots));
    s->ali = millibits_down(log_k - list - log2_up(p->n_constraints));
    /* |K| - N - n > |K| (1 - 2^-58) as |K| >= 2^90: less than one unit of the logarithm. */
    hats_u128 degree = (hats_u128)p->degree * ((hats_u128)p->d_max + p->n_points - 1) + p->d_max;
    s->deep = millibits_down(log_k - 1 - list - log2_up(degree - 1));
    s->list_thousandths =
        p->regime == HATS_STARK_UDR
            ? 1000
            : (uint64_t)((hats_u128)1000 * p->m * p->domain / ((hats_u128)2 * p->d_max)) + 1;
}

hats_status hats_stark_soundness_of(struct hats_stark_soundness *out,
                                    const struct hats_stark_params *p, struct hats_error *err) {
    hats_status status = check(p, err);
    if (status != HATS_OK)
        return status;
    struct layer layers[HATS_STARK_MAX_FOLDS + 1] = {{p->d_max, p->domain}}, worst = layers[0];
    for (unsigned i = 0; i < p->n_folds; i++) {
        layers[i + 1] =
            (struct layer){ceil_div(layers[i].d, p->folds[i]), layers[i].n / p->folds[i]};
        if (rate_above(layers[i + 1], worst))
            worst = layers[i + 1];
    }
    q32 miss = log_miss_up(p, worst);
    if (miss >= 0 || worst.d >= worst.n)
        return hats_fail(
            err, HATS_E_INSECURE,
            "at rate %u / %u no distance is left to catch anything; enlarge the domain "
            "or m",
            (unsigned)worst.d, (unsigned)worst.n);
    /* miss is at most 8 units above the logarithm. */
    if (log2_up((hats_u128)p->d_max + p->n_points) >= miss - 8 + log2_down(p->domain))
        return hats_fail(err, HATS_E_INSECURE,
                         "degree bound %u and %u points leave no room for quotients on %u points",
                         (unsigned)p->d_max, (unsigned)p->n_points, (unsigned)p->domain);

    struct hats_stark_soundness s;
    memset(&s, 0, sizeof s);
    q32 log_k = log2_down(p->p) * (q32)p->extension;
    s.rate_d = worst.d;
    s.rate_n = worst.n;
    list_rounds(&s, p, log_k);
    s.batching = millibits_down(log_k - log2_up(p->n_polys - 1) - log_eps_up(p, layers[0]));
    s.algebraic = least(least(s.challenges, s.ali), least(s.deep, s.batching));
    for (unsigned i = 0; i < p->n_folds; i++) {
        q32 arity = log2_up((hats_u128)p->folds[i] - 1);
        s.fold[i] = millibits_down(log_k - arity - log_eps_up(p, layers[i + 1]));
        s.algebraic = least(s.algebraic, s.fold[i]);
    }
    s.queries = millibits_down(-miss * (q32)p->queries + ((q32)p->grinding << 32));
    s.hash = (int32_t)(p->digest_bits / 2 * 1000);
    s.proven = least(s.algebraic, least(s.queries, s.hash));
    *out = s;
    return HATS_OK;
}

/* What the search looks at: nothing else depends on m and on the number of queries. */
struct trial {
    bool proves; /* anything at all */
    int32_t algebraic, queries;
};

static struct trial try_m(struct hats_stark_params p, uint32_t m, uint32_t queries) {
    struct hats_stark_soundness s;
    p.m = m;
    p.queries = queries;
    if (hats_stark_soundness_of(&s, &p, NULL) != HATS_OK)
        return (struct trial){false, 0, 0};
    return (struct trial){true, s.algebraic, s.queries};
}

enum question { PROVES, LOSES_ALGEBRAIC, REACHES_QUERIES, QUERIES_LEAD };

/* The least m in lo .. hi for which the answer is yes, hi + 1 if it never is. A larger m catches nearer words,
 * with a longer list and a larger eps: the bits of a query never fall with m and those of the algebraic rounds
 * never rise, roundings included, so each answer turns from no to yes once. */
static uint32_t least_m(const struct hats_stark_params *p, enum question question, int32_t bits,
                        uint32_t queries, uint32_t lo, uint32_t hi) {
    for (hi++; lo < hi;) {
        uint32_t m = lo + (hi - lo) / 2;
        struct trial t = try_m(*p, m, queries);
        bool yes = t.proves;
        if (question == LOSES_ALGEBRAIC)
            yes = t.algebraic < bits;
        else if (question == REACHES_QUERIES)
            yes = t.queries >= bits;
        else if (question == QUERIES_LEAD)
            yes = t.queries >= t.algebraic;
        if (yes)
            hi = m;
        else
            lo = m + 1;
    }
    return hi;
}

/* The fewest queries that are worth `target` at this m, or 0. More queries are never worth less. */
static uint32_t fewest_queries(const struct hats_stark_params *p, uint32_t m, int32_t target) {
    uint32_t lo = 0, hi = HATS_STARK_QUERIES_MAX;
    if (try_m(*p, m, hi).queries < target)
        return 0;
    while (hi - lo > 1) {
        uint32_t queries = lo + (hi - lo) / 2;
        if (try_m(*p, m, queries).queries >= target)
            hi = queries;
        else
            lo = queries;
    }
    return hi;
}

/* Among lo .. hi the m whose weaker of two rounds is strongest, the smallest such. Up to the m where the
 * queries begin to lead they are the weaker, and rise; from there on the algebraic rounds are, and fall. */
static uint32_t balanced_m(const struct hats_stark_params *p, uint32_t queries, uint32_t lo,
                           uint32_t hi) {
    uint32_t turn = least_m(p, QUERIES_LEAD, 0, queries, lo, hi);
    if (turn == lo)
        return lo;
    int32_t before = try_m(*p, turn - 1, queries).queries;
    if (turn <= hi && try_m(*p, turn, queries).algebraic > before)
        return turn;
    return least_m(p, REACHES_QUERIES, before, queries, lo, turn - 1);
}

hats_status hats_stark_soundness_search(struct hats_stark_params *params, int32_t target,
                                        int32_t algebraic, struct hats_error *err) {
    struct hats_stark_params p = *params;
    p.queries = 1;
    p.m = HATS_STARK_M_MIN;
    hats_status status = check(&p, err);
    if (status != HATS_OK)
        return status;
    uint32_t last = p.regime == HATS_STARK_JBR ? hats_stark_m_max(&p) : HATS_STARK_M_MIN;
    int32_t bound = algebraic > target ? algebraic : target;
    uint32_t lo = least_m(&p, PROVES, 0, 1, HATS_STARK_M_MIN, last);
    uint32_t hi = least_m(&p, LOSES_ALGEBRAIC, bound, 1, lo, last) - 1;
    p.queries = lo <= hi && (int32_t)(p.digest_bits / 2 * 1000) >= target
                    ? fewest_queries(&p, hi, target)
                    : 0;
    if (p.queries == 0)
        return hats_fail(err, HATS_E_INSECURE,
                         "no multiplicity and no number of queries prove %d thousandths of a bit; "
                         "take a larger field, a larger domain or longer digests",
                         (int)target);
    lo = least_m(&p, REACHES_QUERIES, target, p.queries, lo, hi);
    p.m = p.regime == HATS_STARK_JBR ? balanced_m(&p, p.queries, lo, hi) : params->m;
    *params = p;
    return HATS_OK;
}
