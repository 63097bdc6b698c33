/* What the primal attack costs, and that the pinned security figures are that.
 *
 * LWE with n = N, modulus q, ternary secret (standard deviation sqrt(2/3)) and error of standard
 * deviation sqrt(10.5) = 3.24, embedded with m samples as a unique-SVP instance of dimension
 * D = n + m + 1, the secret scaled by nu = sigma_e / sigma_s (Bai-Galbraith). Block size beta
 * succeeds [ADPS16, sec. 6.3] when
 *
 *     sigma_e sqrt(beta) <= delta^(2 beta - D - 1) (nu^n q^m)^(1/D),
 *     delta = ((pi beta)^(1/beta) beta / (2 pi e))^(1/(2 (beta - 1)))
 *
 * and costs 2^(0.292 beta) classically and 2^(0.265 beta) on a quantum computer (core-SVP: one call
 * of the sieve and nothing else). */
#include "base/bytes.h"
#include "fhe/ckks.h"
#include "fixture.h"

#include <math.h>
#include <stdio.h>

static const double pi = 3.14159265358979323846, e = 2.71828182845904523536;

static double log2_delta(double beta) {
    return log2(pow(pi * beta, 1 / beta) * beta / (2 * pi * e)) / (2 * (beta - 1));
}

static bool succeeds(double beta, double n, double log_q) {
    const double sigma_e = sqrt(10.5), nu = sigma_e / sqrt(2.0 / 3);
    for (double m = n / 4; m < 3 * n; m += 8) {
        double dimension = n + m + 1;
        double right =
            log2_delta(beta) * (2 * beta - dimension - 1) + (n * log2(nu) + m * log_q) / dimension;
        if (log2(sigma_e) + log2(beta) / 2 <= right)
            return true;
    }
    return false;
}

static unsigned block_size(double n, double log_q) {
    unsigned beta = 60;
    while (!succeeds(beta, n, log_q))
        beta++;
    return beta;
}

static double quantum_bits(double n, double log_q) { return 0.265 * block_size(n, log_q); }

static void the_estimator_reproduces_128_quantum_bits_at_two_known_points(void **state) {
    (void)state;
    assert_true(fabs(quantum_bits(4096, 83) - 128) < 1);
    assert_true(fabs(quantum_bits(8192, 165) - 128) < 1);
}

static void the_pinned_figures_of_l4096_are_what_the_estimator_finds(void **state) {
    (void)state;
    unsigned beta = block_size(4096, 64);
    struct hats_fhe_security pinned = hats_fhe_security_of(HATS_SET_L4096);
    printf("# L4096: beta = %u, classical %.1f, quantum %.1f bits\n", beta, 0.292 * beta,
           0.265 * beta);
    assert_int_equal(pinned.classical, (unsigned)(0.292 * beta));
    assert_int_equal(pinned.quantum, (unsigned)(0.265 * beta));
    assert_true(pinned.quantum >= 128);
}

static void the_pinned_figures_of_the_network_tiers_are_what_the_estimator_finds(void **state) {
    (void)state;
    static const uint32_t ids[] = {HATS_SET_S8192, HATS_SET_M16384};
    for (size_t i = 0; i < HATS_COUNT_OF(ids); i++) {
        struct hats_ckks *p;
        assert_int_equal(hats_ckks_new(&p, ids[i], NULL), HATS_OK);
        unsigned beta = block_size((double)p->n, p->log_qp);
        printf("# %s: log2(QP) = %u, beta = %u, classical %.1f, quantum %.1f bits\n", p->name,
               p->log_qp, beta, 0.292 * beta, 0.265 * beta);
        assert_int_equal(p->security.classical, (unsigned)(0.292 * beta));
        assert_int_equal(p->security.quantum, (unsigned)(0.265 * beta));
        assert_true(p->security.quantum >= 128);
        hats_ckks_free(p);
    }
}

static void every_point_of_the_quantum_row_is_at_least_128_bits(void **state) {
    (void)state;
    static const unsigned row[] = {40, 80, 161, 322};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(hats_fhe_guard(11 + i, row[i], NULL), HATS_OK);
        assert_true(quantum_bits(2048 << i, row[i]) >= 128);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_estimator_reproduces_128_quantum_bits_at_two_known_points),
        cmocka_unit_test(the_pinned_figures_of_l4096_are_what_the_estimator_finds),
        cmocka_unit_test(the_pinned_figures_of_the_network_tiers_are_what_the_estimator_finds),
        cmocka_unit_test(every_point_of_the_quantum_row_is_at_least_128_bits),
    };
    return cmocka_run_group_tests_name("estimator", tests, NULL, NULL);
}
