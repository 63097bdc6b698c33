/* The keys of a session: each signs once, and only here. */
#include "base/arena.h"
#include "base/random.h"
#include "wire/frame_key.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t sid[32] = {1}, r[32] = {2};

static struct hats_frame_key *make(uint32_t n_calls) {
    struct hats_frame_key *key = NULL;
    struct hats_error err;
    if (hats_frame_key_new(&key, n_calls, &err) != HATS_OK)
        fail_msg("%s", err.text);
    return key;
}

static hats_status verify(const struct hats_frame_key *key, const uint8_t frame[HATS_FRAME_LEN]) {
    const struct hats_frame_session session = {
        sid, hats_frame_key_p(key), hats_frame_key_table(key), hats_frame_key_calls(key)};
    return hats_frame_verify(frame, HATS_FRAME_LEN, &session, r, NULL, NULL);
}

static void every_call_gets_an_index_of_its_own(void **state) {
    (void)state;
    struct hats_frame_key *key = make(5);
    uint8_t frame[HATS_FRAME_LEN], bitmap[1];
    uint32_t index;
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(hats_frame_key_take(key, &index, NULL), HATS_OK);
        assert_int_equal(index, i);
        assert_int_equal(hats_frame_key_sign(key, frame, index, sid, r, NULL), HATS_OK);
        assert_int_equal(verify(key, frame), HATS_OK);
        hats_frame_key_taken(bitmap, key);
        assert_int_equal(bitmap[0], (2 << i) - 1);
    }
    assert_int_equal(hats_frame_key_take(key, &index, NULL), HATS_E_BUSY);
    assert_int_equal(hats_frame_key_take_last(key, &index, NULL), HATS_OK);
    assert_int_equal(index, 4);
    assert_int_equal(hats_frame_key_sign(key, frame, index, sid, r, NULL), HATS_OK);
    assert_int_equal(verify(key, frame), HATS_OK);
    assert_int_equal(hats_frame_key_take_last(key, &index, NULL), HATS_E_CONFLICT);
    hats_frame_key_free(key);
}

static void after_closing_nothing_is_taken(void **state) {
    (void)state;
    struct hats_frame_key *key = make(9);
    uint8_t bitmap[2];
    uint32_t index;
    assert_int_equal(hats_frame_key_take(key, &index, NULL), HATS_OK);
    assert_int_equal(hats_frame_key_take_last(key, &index, NULL), HATS_OK);
    assert_int_equal(index, 8);
    assert_int_equal(hats_frame_key_take(key, &index, NULL), HATS_E_BUSY);
    hats_frame_key_taken(bitmap, key);
    assert_int_equal(bitmap[0], 1);
    assert_int_equal(bitmap[1], 1);
    hats_frame_key_free(key);
}

static void an_index_signs_once_and_only_when_taken(void **state) {
    (void)state;
    static const uint8_t zero[HATS_FRAME_LEN];
    struct hats_frame_key *key = make(3);
    uint8_t frame[HATS_FRAME_LEN], other[32] = {3};
    uint32_t index;
    assert_int_equal(hats_frame_key_sign(key, frame, 0, sid, r, NULL), HATS_E_CONFLICT);
    assert_memory_equal(frame, zero, sizeof frame);
    assert_int_equal(hats_frame_key_take(key, &index, NULL), HATS_OK);
    assert_int_equal(hats_frame_key_sign(key, frame, index + 1, sid, r, NULL), HATS_E_CONFLICT);
    assert_int_equal(hats_frame_key_sign(key, frame, 3, sid, r, NULL), HATS_E_CONFLICT);
    assert_int_equal(hats_frame_key_sign(key, frame, index, sid, r, NULL), HATS_OK);
    assert_int_equal(hats_frame_key_sign(key, frame, index, sid, other, NULL), HATS_E_CONFLICT);
    assert_int_equal(hats_frame_key_sign(key, frame, index, sid, r, NULL), HATS_E_CONFLICT);
    hats_frame_key_free(key);
}

static void sessions_share_no_key(void **state) {
    (void)state;
    struct hats_frame_key *a = make(2), *b = make(2);
    uint8_t frame[HATS_FRAME_LEN], root_a[32], root_b[32], again[32];
    uint32_t index;
    assert_memory_not_equal(hats_frame_key_p(a), hats_frame_key_p(b), HATS_FRAME_P_LEN);
    hats_frame_key_root(root_a, a);
    hats_frame_key_root(root_b, b);
    assert_memory_not_equal(root_a, root_b, 32);
    hats_frame_root(again, hats_frame_key_p(a), hats_frame_key_table(a), 2);
    assert_memory_equal(root_a, again, 32);
    assert_int_equal(hats_frame_key_take(a, &index, NULL), HATS_OK);
    assert_int_equal(hats_frame_key_sign(a, frame, index, sid, r, NULL), HATS_OK);
    assert_int_equal(verify(b, frame), HATS_E_VERIFY);
    hats_frame_key_free(a);
    hats_frame_key_free(b);
}

static void a_forked_child_has_no_key(void **state) {
    (void)state;
    struct hats_frame_key *key = make(2);
    uint8_t frame[HATS_FRAME_LEN];
    uint32_t index;
    int how = 0;
    assert_int_equal(hats_frame_key_take(key, &index, NULL), HATS_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(hats_frame_key_sign(key, frame, index, sid, r, NULL) == HATS_E_CONFLICT ? 0 : 1);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    assert_int_equal(hats_frame_key_sign(key, frame, index, sid, r, NULL), HATS_OK);
    assert_int_equal(verify(key, frame), HATS_OK);
    hats_frame_key_free(key);
}

enum { N_THREADS = 4, CALLS = 33 };
struct taker {
    struct hats_frame_key *key;
    uint32_t taken[CALLS];
    size_t n;
};

static void *take_all(void *arg) {
    struct taker *t = arg;
    while (hats_frame_key_take(t->key, &t->taken[t->n], NULL) == HATS_OK)
        t->n++;
    return NULL;
}

static void threads_never_take_the_same(void **state) {
    (void)state;
    struct hats_frame_key *key = make(CALLS);
    static struct taker takers[N_THREADS];
    pthread_t threads[N_THREADS];
    bool seen[CALLS] = {false};
    size_t n = 0;
    for (size_t i = 0; i < N_THREADS; i++) {
        takers[i].key = key;
        assert_int_equal(pthread_create(&threads[i], NULL, take_all, &takers[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (size_t k = 0; k < takers[i].n; k++, n++) {
            assert_false(seen[takers[i].taken[k]]);
            seen[takers[i].taken[k]] = true;
        }
    }
    assert_int_equal(n, CALLS - 1);
    hats_frame_key_free(key);
}

static bool no_randomness(void *ctx, void *out, size_t len_bytes) {
    (void)ctx, (void)out, (void)len_bytes;
    return false;
}

static void what_the_system_does_not_give_is_said(void **state) {
    (void)state;
    struct hats_frame_key *key = NULL;
    hats_random_set_source(no_randomness, NULL);
    assert_int_equal(hats_frame_key_new(&key, 2, NULL), HATS_E_RANDOM);
    hats_random_set_source(NULL, NULL);
    for (uint64_t n = 1; n <= 3; n++) {
        hats_alloc_fail_at(n);
        assert_int_equal(hats_frame_key_new(&key, 2, NULL), HATS_E_MEMORY);
    }
    hats_alloc_fail_at(0);
    assert_null(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_gets_an_index_of_its_own),
        cmocka_unit_test(after_closing_nothing_is_taken),
        cmocka_unit_test(an_index_signs_once_and_only_when_taken),
        cmocka_unit_test(sessions_share_no_key),
        cmocka_unit_test(a_forked_child_has_no_key),
        cmocka_unit_test(threads_never_take_the_same),
        cmocka_unit_test(what_the_system_does_not_give_is_said),
    };
    return cmocka_run_group_tests_name("frame keys", tests, NULL, NULL);
}
