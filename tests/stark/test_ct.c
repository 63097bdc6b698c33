/* In the build made with -Dct=true, run under valgrind by tools/run-ct: what is hashed is secret. */
#include "base/ct.h"
#include "field/field.h"
#include "stark/rpo.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rpo_decides_nothing_by_its_input)};
    return cmocka_run_group_tests_name("ct", tests, NULL, NULL);
}
