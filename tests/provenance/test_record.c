#include "base/arena.h"
#include "base/random.h"
#include "provenance/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 41

static uint64_t state;

static uint64_t word(void) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state;
}

static void seed(void) {
    const char *given = getenv("HATS_TEST_SEED");
    state = given != NULL ? strtoull(given, NULL, 10) : hats_monotonic_ns();
    print_message("# HATS_TEST_SEED=%llu\n", (unsigned long long)state);
}

/* Of every number of fields: together as alone, and each field leads to F and to no other. */
static void records_are_committed_to_one_by_one_or_together(void **unused) {
    (void)unused;
    static int64_t fields[HATS_RECORD_MANY * MOST];
    uint64_t salts[HATS_RECORD_MANY * HATS_ENCRYPTION_SALT];
    struct hats_error err;
    seed();
    for (uint32_t n = 1; n <= MOST; n++) {
        struct hats_record_commitment together[HATS_RECORD_MANY], alone;
        size_t n_records = 1 + n % HATS_RECORD_MANY, which = word() % n_records;
        void *scratch = hats_alloc(hats_record_scratch_bytes(n));
        uint8_t path[HATS_TREE_PATH_MAX], salt[HATS_FIELD_SALT_LEN], leaf[32];
        size_t len;
        assert_non_null(scratch);
        for (size_t i = 0; i < n_records * n; i++)
            fields[i] = (int64_t)word() >> 3;
        assert_int_equal(hats_record_salts(salts, n_records, &err), HATS_OK);
        hats_record_commit(together, fields, n, salts, n_records, scratch);
        const int64_t *mine = fields + which * n;
        const uint64_t *my_salt = salts + which * HATS_ENCRYPTION_SALT;
        hats_record_commit(&alone, mine, n, my_salt, 1, scratch);
        assert_memory_equal(&together[which], &alone, sizeof alone);
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(hats_field_path(path, &len, mine, n, my_salt, i, scratch, &err),
                             HATS_OK);
            hats_field_salt(salt, my_salt, i);
            hats_field_leaf(leaf, salt, i, mine[i]);
            assert_true(hats_tree_verify(alone.fields_root, n, i, leaf, path, len));
            hats_field_leaf(leaf, salt, i, mine[i] ^ 1);
            assert_false(hats_tree_verify(alone.fields_root, n, i, leaf, path, len));
        }
        hats_free(scratch);
    }
}

static bool high_words(void *ctx, void *out, size_t len_bytes) {
    unsigned *calls = ctx;
    memset(out, ++*calls == 1 ? 0xff : 0x11, len_bytes);
    return true;
}

static bool no_words(void *ctx, void *out, size_t len_bytes) {
    (void)ctx, (void)out, (void)len_bytes;
    return false;
}

static void salts_are_elements_and_none_without_randomness(void **unused) {
    (void)unused;
    uint64_t salts[2 * HATS_ENCRYPTION_SALT];
    struct hats_error err;
    unsigned calls = 0;
    hats_random_set_source(high_words, &calls);
    assert_int_equal(hats_record_salts(salts, 2, &err), HATS_OK);
    for (size_t i = 0; i < 2 * HATS_ENCRYPTION_SALT; i++)
        assert_int_equal(salts[i], UINT64_C(0x1111111111111111));
    hats_random_set_source(no_words, NULL);
    assert_int_equal(hats_record_salts(salts, 2, &err), HATS_E_RANDOM);
    for (size_t i = 0; i < 2 * HATS_ENCRYPTION_SALT; i++)
        assert_int_equal(salts[i], 0);
    hats_random_set_source(NULL, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_committed_to_one_by_one_or_together),
        cmocka_unit_test(salts_are_elements_and_none_without_randomness),
    };
    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
