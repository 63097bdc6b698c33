/* Key generation, encryption and decryption with everything secret marked as such: valgrind reports
 * every branch and every index that depends on it. Only in the build made with -Dct=true. */
#include "fixture.h"

#include "base/bytes.h"
#include "base/ct.h"

#include <stdlib.h>

#include <valgrind/memcheck.h>

#define D 100
#define K 70

/* Does valgrind hold at least one bit of these bytes for secret? */
static bool is_marked(const void *bytes, size_t len) {
    uint8_t *bits = calloc(1, len);
    bool marked = false;
    if (VALGRIND_GET_VBITS(bytes, bits, len) == 1)
        for (size_t i = 0; i < len; i++)
            marked |= bits[i] != 0;
    free(bits);
    return marked;
}

static void no_branch_or_index_depends_on_a_secret(void **state) {
    (void)state;
    /* 70 outputs in one answer ciphertext, then 40 and 30: decryption takes both its ways */
    for (uint32_t block = 30; block <= 100; block += 70) {
        struct fixture_model m;
        struct fixture_key key;
        struct fixture_call call;
        uint8_t seed[HATS_FHE_SEED_LEN];
        int32_t x[D], plain[D];
        fixture_bytes(seed, sizeof seed);
        for (int i = 0; i < D; i++)
            plain[i] = x[i] = (int32_t)fixture_between(-31, 31);
        fixture_model_make(&m, D, K, block, 20, 100, 31, 0);
        HATS_SECRET(seed, sizeof seed);
        HATS_SECRET(x, sizeof x);
        fixture_key_make(&key, seed);
        fixture_call_make(&call, &key, &m, x);
        /* the marks reach the result, and what is sent is free of them */
        if (RUNNING_ON_VALGRIND) {
            assert_true(is_marked(call.y, K * sizeof *call.y));
            assert_false(is_marked(call.ciphertext, call.ciphertext_len));
            assert_false(is_marked(key.pk_bytes, key.pk_len));
        }
        HATS_PUBLIC(call.y, K * sizeof *call.y);
        for (uint32_t o = 0; o < K; o++)
            assert_int_equal(call.y[o], fixture_plain_answer(&m, plain, o));
        fixture_call_clear(&call);
        fixture_key_clear(&key);
        fixture_model_clear(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_branch_or_index_depends_on_a_secret)};
    return cmocka_run_group_tests_name("constant time", tests, NULL, NULL);
}
