/* In the build made with -Dct=true, run under valgrind by tools/run-ct: what is hashed is secret. */
#include "base/ct.h"
#include "field/field.h"
#include "stark/rpo_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void rpo_decides_nothing_by_its_input(void **state) {
    (void)state;
    uint64_t in[20], digest[HATS_STARK_RPO_DIGEST];
    for (size_t i = 0; i < HATS_COUNT_OF(in); i++)
        in[i] = HATS_P - 1 - i;
    HATS_SECRET(in, sizeof in);
    hats_stark_rpo_hash(digest, 1, in, HATS_COUNT_OF(in));
    hats_stark_rpo_merge(digest, 0, digest, in);
    HATS_PUBLIC(digest, sizeof digest);
    for (size_t i = 0; i < HATS_STARK_RPO_DIGEST; i++)
        assert_true(digest[i] < HATS_P);
}

static void rows_are_filled_without_a_decision(void **state) {
    (void)state;
    static uint64_t x[3 * HATS_STARK_RPO_ROWS], y[HATS_COUNT_OF(x)], z[HATS_COUNT_OF(x)];
    uint64_t in[20], digest[HATS_STARK_RPO_DIGEST], expected[HATS_STARK_RPO_DIGEST];
    for (size_t i = 0; i < HATS_COUNT_OF(in); i++)
        in[i] = i;
    HATS_SECRET(in, sizeof in);
    hats_stark_rpo_rows_hash(x, y, z, digest, 1, in, HATS_COUNT_OF(in));
    hats_stark_rpo_hash(expected, 1, in, HATS_COUNT_OF(in));
    HATS_PUBLIC(digest, sizeof digest);
    HATS_PUBLIC(expected, sizeof expected);
    assert_memory_equal(digest, expected, sizeof digest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rpo_decides_nothing_by_its_input),
        cmocka_unit_test(rows_are_filled_without_a_decision),
    };
    return cmocka_run_group_tests_name("ct", tests, NULL, NULL);
}
