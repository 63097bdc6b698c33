/* What is used and what is reported when self-tests fail: here they fail as the cases below want, in place of
 * the folders' own. The choice is made once a process, so the cases follow on one another. */
#include "field/kernels.h"
#include "hash/kernels.h"
#include "ring/kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <pthread.h>

#include <cmocka.h>

#define N_THREADS 8

static int n_field_tests;

/* No vector kernels of field are right; of hash, those without SHA-NI; of ring, those for AVX2. */
bool hats_field_self_test(const struct hats_field_kernels *k) {
    n_field_tests++;
    return k == &hats_field_portable;
}
bool hats_hash_self_test(const struct hats_hash_kernels *k) {
    return k->sha256_blocks == hats_hash_sha256_blocks_portable;
}
bool hats_ring_self_test(const struct hats_ring_kernels *k) {
    return k == hats_ring_kernels_of(HATS_AVX2);
}

static void assert_reported(const char *expected) {
    char text[160];
    assert_int_equal(hats_cpu_self_test_failed(text, sizeof text), expected[0] != '\0');
    assert_string_equal(text, expected);
}

static void *first_use(void *arg) {
    (void)arg;
    return (void *)(uintptr_t)hats_field_kernels();
}

static void threads_that_come_first_together_get_what_passed(void **state) {
    (void)state;
    pthread_t threads[N_THREADS];
    assert_reported("");
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, first_use, NULL), 0);
    for (int i = 0; i < N_THREADS; i++) {
        void *table = NULL;
        assert_int_equal(pthread_join(threads[i], &table), 0);
        assert_ptr_equal(table, &hats_field_portable);
    }
    assert_int_equal(n_field_tests, hats_cpu_backend());
    switch (hats_cpu_backend()) {
    case HATS_AVX512: assert_reported("field avx512, field avx2"); break;
    case HATS_AVX2: assert_reported("field avx2"); break;
    default: assert_reported("");
    }
}

static void sha_ni_alone_is_given_up(void **state) {
    (void)state;
    char text[160];
    assert_ptr_equal(hats_hash_kernels(), hats_hash_kernels_without_sha_ni(hats_cpu_backend()));
    hats_cpu_self_test_failed(text, sizeof text);
    assert_int_equal(strstr(text, "hash sha-ni") != NULL, hats_cpu_sha_ni());
    assert_null(strstr(text, "hash avx"));
}

static void the_next_lower_backend_is_taken(void **state) {
    (void)state;
    char text[160];
    bool vectors = hats_cpu_backend() != HATS_PORTABLE;
    assert_ptr_equal(hats_ring_kernels(),
                     hats_ring_kernels_of(vectors ? HATS_AVX2 : HATS_PORTABLE));
    hats_cpu_self_test_failed(text, sizeof text);
    assert_int_equal(strstr(text, "ring avx512") != NULL, hats_cpu_backend() == HATS_AVX512);
    assert_null(strstr(text, "ring avx2"));
}

static void a_report_is_cut_off_at_the_buffers_end(void **state) {
    (void)state;
    char whole[160], text[160];
    hats_cpu_report_failed("folder", "kernels");
    hats_cpu_report_failed("another", "one");
    assert_true(hats_cpu_self_test_failed(whole, sizeof whole));
    assert_non_null(strstr(whole, "folder kernels, another one"));
    for (size_t len = 1; len <= strlen(whole); len++) {
        memset(text, 'x', sizeof text);
        assert_true(hats_cpu_self_test_failed(text, len));
        assert_int_equal(strlen(text), len - 1);
        assert_memory_equal(text, whole, len - 1);
        assert_int_equal(text[len], 'x');
    }
}

static void reports_beyond_what_there_is_room_for_are_dropped(void **state) {
    (void)state;
    char text[400];
    for (int i = 0; i < 20; i++)
        hats_cpu_report_failed("much", "more");
    assert_true(hats_cpu_self_test_failed(text, sizeof text));
    assert_in_range(strlen(text), 1, 160);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_come_first_together_get_what_passed),
        cmocka_unit_test(sha_ni_alone_is_given_up),
        cmocka_unit_test(the_next_lower_backend_is_taken),
        cmocka_unit_test(a_report_is_cut_off_at_the_buffers_end),
        cmocka_unit_test(reports_beyond_what_there_is_room_for_are_dropped),
    };
    return cmocka_run_group_tests_name("fallback", tests, NULL, NULL);
}
