#include "base/random.h"
#include "field/field.h"
#include "stark/rpo_many.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 40
#define STRIDE 47

static uint64_t state;

/* splitmix64, reduced: enough to tell lanes apart. */
static uint64_t element(void) {
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % HATS_P;
}

static void many_at_once_are_each_by_itself(void **unused) {
    (void)unused;
    static uint64_t elements[HATS_STARK_RPO_MANY * STRIDE];
    const char *seed = getenv("HATS_TEST_SEED");
    state = seed != NULL ? strtoull(seed, NULL, 10) : hats_monotonic_ns();
    print_message("# HATS_TEST_SEED=%llu\n", (unsigned long long)state);
    for (size_t n = 1; n <= MOST; n++) {
        uint64_t many[HATS_STARK_RPO_MANY][HATS_STARK_RPO_DIGEST], one[HATS_STARK_RPO_DIGEST];
        size_t n_messages = 1 + n % HATS_STARK_RPO_MANY;
        for (size_t i = 0; i < HATS_STARK_RPO_MANY * STRIDE; i++)
            elements[i] = n == 1 ? HATS_P - 1 : element();
        hats_stark_rpo_hash_many(many, n % 5, elements, STRIDE, n, n_messages);
        for (size_t l = 0; l < n_messages; l++) {
            hats_stark_rpo_hash(one, n % 5, elements + l * STRIDE, n);
            assert_memory_equal(many[l], one, sizeof one);
        }
    }
}

static void what_lies_beyond_the_last_message_is_not_read(void **unused) {
    (void)unused;
    uint64_t *elements = malloc(3 * 9 * sizeof *elements); /* the sanitizer sees one too many */
    uint64_t many[3][HATS_STARK_RPO_DIGEST], one[HATS_STARK_RPO_DIGEST];
    assert_non_null(elements);
    for (size_t i = 0; i < 27; i++)
        elements[i] = i;
    hats_stark_rpo_hash_many(many, 4, elements, 9, 9, 3);
    hats_stark_rpo_hash(one, 4, elements + 18, 9);
    assert_memory_equal(many[2], one, sizeof one);
    free(elements);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_at_once_are_each_by_itself),
        cmocka_unit_test(what_lies_beyond_the_last_message_is_not_read),
    };
    return cmocka_run_group_tests_name("rpo many", tests, NULL, NULL);
}
