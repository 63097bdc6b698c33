/* The calculator against figures that others published, and against the tables of this project's own
 * design. Published bits are whole, rounded down. */
#include "stark/soundness.h"

#include "field/field.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define BABY_BEAR UINT64_C(0x78000001)

/* The linear tier: N = 4096, masks included, one fold by 8. */
static struct hats_stark_params tier_l(uint32_t d_max, unsigned log_domain) {
    return (struct hats_stark_params){
        .p = HATS_P,
        .extension = 3,
        .n_rows = 4096,
        .d_max = d_max,
        .domain = 1u << log_domain,
        .n_folds = 1,
        .folds = {8},
        .n_polys = 32,
        .n_constraints = 7,
        .degree = 3,
        .n_points = 2,
        .n_lookups = 3,
        .n_linear = 4000,
        .regime = HATS_STARK_JBR,
        .m = 100,
        .queries = 78,
        .grinding = 16,
        .digest_bits = 256,
    };
}

static struct hats_stark_soundness of(const struct hats_stark_params *p) {
    struct hats_stark_soundness s;
    struct hats_error err = {0};
    if (hats_stark_soundness_of(&s, p, &err) != HATS_OK)
        fail_msg("%s", err.text);
    return s;
}

/* A figure printed with one decimal, rounded to the nearest. */
static void assert_tenths(int32_t millibits, int32_t tenths) {
    assert_in_range(millibits + 50, tenths * 100, tenths * 100 + 100);
}

/* Whole bits, rounded down. */
static void assert_bits(int32_t millibits, int32_t bits) {
    assert_int_equal(millibits / 1000, bits);
}

/* The design's table has each round to a tenth of a bit. Its rows "batching" and "fold" are those of
 * m + 1 in all six cells, of m in one: the likely cause is that m was computed there as
 * ceil(sqrt(rho) / gap) from a gap a rounding error below sqrt(rho) / m, while theta and the list came
 * from m. So these two rows are compared at m + 1; with m itself they are about 0.1 bit better. */
static void the_table_of_the_linear_tier_is_reproduced(void **state) {
    (void)state;
    static const struct {
        unsigned log_domain;
        uint32_t m, queries;
        uint64_t list;
        int32_t challenges, ali, deep, batching, fold, hundredths;
    } rows[] = {
        {15, 100, 78, 379, 1689, 1806, 1694, 1349, 1401, 12888},
        {16, 60, 58, 455, 1686, 1804, 1691, 1360, 1412, 12839},
        {17, 60, 46, 910, 1676, 1794, 1681, 1335, 1387, 12814},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hats_stark_params p = tier_l(4320, rows[i].log_domain);
        p.m = rows[i].m;
        p.queries = rows[i].queries;
        struct hats_stark_soundness s = of(&p);
        printf("# rate 1/%u: challenges %d ALI %d DEEP %d batching %d fold %d queries %d\n",
               8u << i, (int)s.challenges, (int)s.ali, (int)s.deep, (int)s.batching, (int)s.fold[0],
               (int)s.queries);
        assert_int_equal(s.list_thousandths / 1000, rows[i].list);
        assert_tenths(s.challenges, rows[i].challenges);
        assert_tenths(s.ali, rows[i].ali);
        assert_tenths(s.deep, rows[i].deep);
        assert_in_range(s.queries + 5, rows[i].hundredths * 10, rows[i].hundredths * 10 + 10);
        assert_int_equal(s.hash, 128000);
        assert_int_equal(s.proven, 128000);
        assert_true(s.batching >= 133000);
        p.m++;
        s = of(&p);
        assert_tenths(s.batching, rows[i].batching);
        assert_tenths(s.fold[0], rows[i].fold);
    }
}

/* rho of the largest layer, not of the first: 4496 / 64 rounds up to 71 of 512. The two m are in the
 * published convention; the design's text has 80 in the halved one, which is 160 here. */
static void rounding_a_layer_up_costs_bits(void **state) {
    (void)state;
    struct hats_stark_params p = tier_l(4496, 15);
    p.n_folds = 2;
    p.folds[1] = 8;
    p.m = 160;
    p.queries = 77;
    struct hats_stark_soundness s = of(&p);
    assert_int_equal(s.rate_d, 71);
    assert_int_equal(s.rate_n, 512);
    assert_tenths(s.proven, 1250);

    p = tier_l(8592, 16);
    p.n_rows = 8192;
    p.n_folds = 2;
    p.folds[1] = 8;
    p.m = 160;
    p.queries = 77;
    s = of(&p);
    assert_int_equal(s.rate_d, 135);
    assert_int_equal(s.rate_n, 1024);
    assert_int_equal(s.proven, 127850);
    for (p.m = HATS_STARK_M_MIN; p.m <= HATS_STARK_M_MAX; p.m++) /* the text: 148 .. 205 */
        assert_int_equal(of(&p).proven >= 128000, p.m >= 205 && p.m <= 229);

    /* 256 rows, degree 8, rate 1/32 were it not for the masks, no folding. */
    p = tier_l(305, 13);
    p.n_rows = 256;
    p.n_folds = 0;
    p.m = 60;
    p.queries = 46;
    assert_tenths(of(&p).proven, 1241);
}

static void seventy_seven_queries_are_admissible_up_to_4296_only(void **state) {
    (void)state;
    struct hats_stark_params p = tier_l(4296, 15);
    p.queries = 77;
    p.m = 129;
    assert_true(of(&p).proven < 128000);
    p.m = 130;
    assert_int_equal(of(&p).proven, 128000);
    assert_int_equal(of(&p).queries, 128000);
}

/* The design asks for 128 bits, and 133 of the algebraic rounds. */
static void the_search_finds_the_fewest_queries(void **state) {
    (void)state;
    static const struct {
        uint32_t d_max;
        unsigned log_domain;
        enum hats_stark_regime regime;
        uint32_t queries;
    } rows[] = {
        {4320, 15, HATS_STARK_JBR, 78},  {4320, 16, HATS_STARK_JBR, 58},
        {4320, 17, HATS_STARK_JBR, 46},  {4464, 15, HATS_STARK_UDR, 138},
        {4432, 16, HATS_STARK_UDR, 124},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hats_stark_params p = tier_l(rows[i].d_max, rows[i].log_domain);
        p.regime = rows[i].regime;
        assert_int_equal(hats_stark_soundness_search(&p, 128000, 133000, NULL), HATS_OK);
        printf("# d_max %u, n 2^%u: %u queries, m %u\n", (unsigned)p.d_max, rows[i].log_domain,
               (unsigned)p.queries, (unsigned)p.m);
        assert_int_equal(p.queries, rows[i].queries);
        assert_int_equal(of(&p).proven, 128000);
        assert_true(of(&p).algebraic >= 133000);
        p.queries--;
        for (p.m = HATS_STARK_M_MIN; p.m <= HATS_STARK_M_MAX; p.m++)
            assert_true(of(&p).proven < 128000 || of(&p).algebraic < 133000);
    }
}

/* Every m, and for each the fewest queries: what the search must find with its few trials. */
static bool search_everything(struct hats_stark_params *params, int32_t target, int32_t algebraic) {
    struct hats_stark_params p = *params, best = *params;
    int32_t best_weakest = 0;
    best.queries = UINT32_MAX;
    for (p.m = HATS_STARK_M_MIN; p.m <= HATS_STARK_M_MAX; p.m++) {
        struct hats_stark_soundness s;
        uint32_t lo = 0, hi = HATS_STARK_QUERIES_MAX + 1;
        while (hi - lo > 1) {
            p.queries = lo + (hi - lo) / 2;
            bool enough = hats_stark_soundness_of(&s, &p, NULL) == HATS_OK && s.proven >= target &&
                          s.algebraic >= algebraic;
            *(enough ? &hi : &lo) = p.queries;
        }
        if (hi > HATS_STARK_QUERIES_MAX)
            continue;
        p.queries = hi;
        s = of(&p);
        int32_t weakest = s.algebraic < s.queries ? s.algebraic : s.queries;
        if (hi < best.queries || (hi == best.queries && weakest > best_weakest)) {
            best = p;
            best_weakest = weakest;
        }
    }
    *params = best;
    return best.queries != UINT32_MAX;
}

static void the_search_finds_what_trying_everything_finds(void **state) {
    (void)state;
    static const struct {
        uint32_t d_max;
        unsigned log_domain, n_polys;
        int32_t target, algebraic;
    } rows[] = {
        {4320, 15, 32, 128000, 133000},  {4320, 15, 17, 128000, 130000},
        {4320, 15, 32, 128000, 128000},  {4240, 17, 300, 128000, 133000},
        {12000, 14, 32, 128000, 130000}, {4320, 15, 32, 100000, 148000},
        {4320, 13, 32, 60000, 60000},    {65536, 19, 64, 128000, 133000},
        {4320, 15, 32, 128000, 165000},  {4100, 13, 32, 120000, 145000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hats_stark_params p = tier_l(rows[i].d_max, rows[i].log_domain);
        p.n_polys = rows[i].n_polys;
        struct hats_stark_params all = p;
        bool there = search_everything(&all, rows[i].target, rows[i].algebraic);
        hats_status s = hats_stark_soundness_search(&p, rows[i].target, rows[i].algebraic, NULL);
        assert_int_equal(s, there ? HATS_OK : HATS_E_INSECURE);
        if (there) {
            assert_int_equal(p.queries, all.queries);
            assert_int_equal(p.m, all.m);
        }
        printf("# case %zu: %u queries, m %u\n", i, there ? (unsigned)p.queries : 0, (unsigned)p.m);
    }
}

/* Without a margin in the algebraic rounds one query less is proven: the design's "77 only with
 * d_max <= 4296" holds with the margin only. */
static void without_a_margin_one_query_less_is_proven(void **state) {
    (void)state;
    struct hats_stark_params p = tier_l(4320, 15);
    assert_int_equal(hats_stark_soundness_search(&p, 128000, 128000, NULL), HATS_OK);
    assert_int_equal(p.queries, 77);
    for (p.m = HATS_STARK_M_MIN; p.m <= HATS_STARK_M_MAX; p.m++)
        assert_int_equal(of(&p).proven >= 128000, p.m >= 205 && p.m <= 264);
    p = tier_l(4496, 15);
    p.n_folds = 2;
    p.folds[1] = 8;
    assert_int_equal(hats_stark_soundness_search(&p, 128000, 128000, NULL), HATS_OK);
    assert_int_equal(p.queries, 79);
}

static void a_target_out_of_reach_is_refused(void **state) {
    (void)state;
    struct hats_stark_params p = tier_l(4320, 15), before = p;
    struct hats_error err = {0};
    assert_int_equal(hats_stark_soundness_search(&p, 128001, 0, &err),
                     HATS_E_INSECURE); /* SHA-256 */
    assert_memory_equal(&p, &before, sizeof p);
    p.extension = 2; /* a quadratic extension does not carry 128 bits, whatever m */
    assert_int_equal(hats_stark_soundness_search(&p, 100000, 0, &err), HATS_E_INSECURE);
    p.regime = HATS_STARK_UDR;
    assert_int_equal(hats_stark_soundness_search(&p, 100000, 0, &err), HATS_OK);
}

/* Parameters and bits of systems in the reports of soundcalc [soundcalc: reports/, zkvms/]. Its gap is
 * max(rho / 20, sqrt(rho) / 100) for Miden and RISC Zero and what zisk.toml says for ZisK;
 * m = ceil(sqrt(rho) / gap). Lookups are apart there and are not compared. */
static void published_figures_are_reproduced(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct hats_stark_params p;
        int32_t udr_queries, udr_ali, udr_deep, udr_batching;
        int32_t ali, deep, batching, fold[7], queries;
    } rows[] = {
        {"Miden",
         {HATS_P,
          2,
          1u << 18,
          1u << 18,
          1u << 21,
          7,
          {4, 4, 4, 4, 4, 4, 4},
          100,
          100,
          9,
          2,
          0,
          0,
          HATS_STARK_JBR,
          57,
          27,
          16,
          256},
         38,
         121,
         106,
         100,
         113,
         98,
         67,
         {74, 76, 78, 80, 82, 84, 86},
         55},
        {"RISC Zero",
         {BABY_BEAR,
          4,
          1u << 21,
          1u << 21,
          1u << 23,
          4,
          {16, 16, 16, 16},
          283,
          279,
          4,
          9,
          0,
          0,
          HATS_STARK_JBR,
          40,
          50,
          0,
          256},
         33,
         115,
         100,
         92,
         109,
         93,
         63,
         {71, 75, 79, 83},
         48},
        {"ZisK Recursive2",
         {HATS_P,
          3,
          1u << 17,
          1u << 17,
          1u << 20,
          5,
          {8, 8, 8, 8, 8},
          145,
          158,
          8,
          4,
          0,
          0,
          HATS_STARK_JBR,
          89,
          73,
          20,
          256},
         80,
         184,
         171,
         164,
         176,
         163,
         128,
         {135, 138, 141, 144, 147},
         128},
        {"ZisK Final",
         {HATS_P,
          3,
          1u << 16,
          1u << 16,
          1u << 21,
          4,
          {16, 16, 16, 16},
          152,
          160,
          8,
          4,
          0,
          0,
          HATS_STARK_JBR,
          54,
          43,
          22,
          256},
         63,
         184,
         172,
         163,
         174,
         163,
         128,
         {135, 139, 143, 147},
         128},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hats_stark_params p = rows[i].p;
        struct hats_stark_soundness s = of(&p);
        printf("# %s: ALI %d DEEP %d batching %d queries %d\n", rows[i].name, (int)s.ali,
               (int)s.deep, (int)s.batching, (int)s.queries);
        assert_bits(s.ali, rows[i].ali);
        assert_bits(s.deep, rows[i].deep);
        assert_bits(s.batching, rows[i].batching);
        assert_bits(s.queries, rows[i].queries);
        for (unsigned k = 0; k < p.n_folds; k++)
            assert_bits(s.fold[k], rows[i].fold[k]);
        p.regime = HATS_STARK_UDR;
        s = of(&p);
        assert_bits(s.ali, rows[i].udr_ali);
        assert_bits(s.deep, rows[i].udr_deep);
        assert_bits(s.batching, rows[i].udr_batching);
        assert_bits(s.queries, rows[i].udr_queries);
    }
}

static void more_of_anything_unwanted_is_never_worth_more(void **state) {
    (void)state;
    struct hats_stark_params base = tier_l(4320, 15);
    struct hats_stark_soundness s = of(&base), t;
    struct hats_stark_params p = base;
    p.n_lookups++;
    t = of(&p);
    assert_true(t.challenges < s.challenges && t.ali == s.ali);
    p = base;
    p.n_polys *= 2;
    t = of(&p);
    assert_in_range(s.batching - t.batching, 1000, 1050); /* 63 / 31 */
    p = base;
    p.d_max++;
    t = of(&p);
    assert_true(t.queries < s.queries && t.rate_d == 541 && t.rate_n == 4096);
    p = base;
    p.grinding += 4;
    assert_int_equal(of(&p).queries, s.queries + 4000);
    p = base;
    p.digest_bits = 192;
    assert_int_equal(of(&p).proven, 96000);
    p = base;
    p.n_folds = 0;
    assert_int_equal(of(&p).batching, s.batching);
}

static void parameters_out_of_range_are_refused(void **state) {
    (void)state;
    const struct hats_stark_params good = tier_l(4320, 15);
    struct hats_stark_soundness s = {.proven = 7};
#define REFUSED(assignment, status)                                      \
    do {                                                                 \
        struct hats_stark_params p = good;                               \
        assignment;                                                      \
        struct hats_error err = {0};                                     \
        assert_int_equal(hats_stark_soundness_of(&s, &p, &err), status); \
        assert_true(err.text[0] != 0);                                   \
        assert_int_equal(s.proven, 7);                                   \
    } while (0)
    REFUSED(p.p = 12289, HATS_E_RANGE);
    REFUSED(p.extension = 0, HATS_E_RANGE);
    REFUSED(p.extension = 9, HATS_E_RANGE);
    REFUSED(p.extension = 1, HATS_E_RANGE);
    REFUSED(p.n_rows = 0, HATS_E_RANGE);
    REFUSED(p.n_rows = 4321, HATS_E_RANGE);
    REFUSED(p.d_max = 1u << 15, HATS_E_RANGE);
    REFUSED(p.domain = (1u << 30) + 8, HATS_E_RANGE);
    REFUSED(p.n_folds = 9, HATS_E_RANGE);
    REFUSED(p.folds[0] = 1, HATS_E_RANGE);
    REFUSED(p.folds[0] = 7, HATS_E_RANGE);
    REFUSED(p.n_polys = 1, HATS_E_RANGE);
    REFUSED(p.n_polys = (1u << 24) + 1, HATS_E_RANGE);
    REFUSED(p.n_constraints = 0, HATS_E_RANGE);
    REFUSED(p.n_constraints = (1u << 24) + 1, HATS_E_RANGE);
    REFUSED(p.degree = 0, HATS_E_RANGE);
    REFUSED(p.degree = 257, HATS_E_RANGE);
    REFUSED(p.n_points = 0, HATS_E_RANGE);
    REFUSED(p.n_points = 257, HATS_E_RANGE);
    REFUSED(p.n_lookups = (1u << 24) + 1, HATS_E_RANGE);
    REFUSED(p.n_linear = (1u << 24) + 1, HATS_E_RANGE);
    REFUSED(p.regime = (enum hats_stark_regime)2, HATS_E_RANGE);
    REFUSED(p.m = HATS_STARK_M_MIN - 1, HATS_E_RANGE);
    REFUSED(p.m = HATS_STARK_M_MAX + 1, HATS_E_RANGE);
    REFUSED(p.queries = 0, HATS_E_RANGE);
    REFUSED(p.queries = HATS_STARK_QUERIES_MAX + 1, HATS_E_RANGE);
    REFUSED(p.grinding = 65, HATS_E_RANGE);
    REFUSED(p.digest_bits = 64, HATS_E_RANGE);
    REFUSED(p.digest_bits = 1024, HATS_E_RANGE);
    REFUSED((p.n_rows = 200, p.d_max = 210, p.m = 211), HATS_E_RANGE);
    /* theta <= 0: sqrt(0.61) (1 + 1/3) > 1 */
    REFUSED((p.d_max = 20000, p.m = 3), HATS_E_INSECURE);
    /* a last layer of one point that carries one coefficient: nothing is tested there */
    REFUSED((p.n_rows = 4, p.d_max = 5, p.m = 5, p.domain = 64, p.n_folds = 2, p.folds[1] = 8),
            HATS_E_INSECURE);
    REFUSED((p.n_rows = 62, p.d_max = 62, p.domain = 64, p.m = 62, p.n_points = 2, p.n_folds = 0),
            HATS_E_INSECURE);
#undef REFUSED
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_the_linear_tier_is_reproduced),
        cmocka_unit_test(rounding_a_layer_up_costs_bits),
        cmocka_unit_test(seventy_seven_queries_are_admissible_up_to_4296_only),
        cmocka_unit_test(the_search_finds_the_fewest_queries),
        cmocka_unit_test(the_search_finds_what_trying_everything_finds),
        cmocka_unit_test(without_a_margin_one_query_less_is_proven),
        cmocka_unit_test(a_target_out_of_reach_is_refused),
        cmocka_unit_test(published_figures_are_reproduced),
        cmocka_unit_test(more_of_anything_unwanted_is_never_worth_more),
        cmocka_unit_test(parameters_out_of_range_are_refused),
    };
    return cmocka_run_group_tests_name("soundness", tests, NULL, NULL);
}
