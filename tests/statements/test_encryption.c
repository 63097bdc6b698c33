/* Honest witnesses of every kind of input satisfy the system. */
#include "world.h"

#include "statements/encryption_internal.h"

#include <stdlib.h>
#include <string.h>

static void units_in_a_box(struct hats_encryption_unit *units, uint32_t n, int32_t lo, int32_t hi) {
    for (uint32_t k = 0; k < n; k++)
        units[k] = (struct hats_encryption_unit){.lo = lo, .hi = hi};
}

static void random_features(struct world *w, int32_t lo, int32_t hi) {
    for (size_t j = 0; j < (size_t)w->n_records * w->input.d; j++)
        w->x[j] = (int32_t)world_between(lo, hi);
}

static void free_features(uint32_t d, uint32_t block, int32_t lo, int32_t hi, uint32_t n_records,
                          enum hats_encryption_source source) {
    struct hats_encryption_unit *units = calloc(d, sizeof *units);
    struct world w;
    assert_non_null(units);
    units_in_a_box(units, d, lo, hi);
    const struct hats_encryption_input input = {
        .set_id = SET,
        .log_t = 20,
        .d = d,
        .block = block,
        .source = source,
        .n_units = d,
        .units = units,
    };
    world_make(&w, &input, n_records, HATS_STARK_TEST);
    random_features(&w, lo, hi);
    world_finish(&w);
    world_accepts(&w);
    world_clear(&w);
    free(units);
}

static void features_without_a_source(void **state) {
    (void)state;
    free_features(1, 1, 0, 0, 1, HATS_SOURCE_NONE);
    free_features(30, 30, -511, 511, 1, HATS_SOURCE_NONE);
    free_features(64, 64, -5000, 300000, 2, HATS_SOURCE_NONE);
    free_features(1024, 256, -15, 15, 1, HATS_SOURCE_NONE);
    free_features(4096, 512, -15, 15, 1, HATS_SOURCE_NONE);
}

static void committed_features(void **state) {
    (void)state;
    free_features(1, 1, -3, 3, 1, HATS_SOURCE_FEATURES);
    free_features(30, 30, -511, 511, 2, HATS_SOURCE_FEATURES);
    free_features(1024, 256, -15, 15, 1, HATS_SOURCE_FEATURES);
    free_features(2050, 1025, -16383, 16383, 1, HATS_SOURCE_FEATURES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_without_a_source),
        cmocka_unit_test(committed_features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
