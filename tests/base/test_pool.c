#include "base/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

static atomic_uint sum;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void add(void *arg) { atomic_fetch_add(&sum, (unsigned)(uintptr_t)arg); }

static void wait_at_gate(void *arg) {
    (void)arg;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

static void every_job_runs_before_the_pool_is_gone(void **state) {
    (void)state;
    struct hats_pool *pool = hats_pool_new(2, 1000);
    assert_non_null(pool);
    atomic_store(&sum, 0);
    for (uintptr_t i = 1; i <= 1000; i++)
        assert_int_equal(hats_pool_try_submit(pool, add, (void *)i), HATS_OK);
    hats_pool_free(pool);
    assert_int_equal(atomic_load(&sum), 500500);
}

static void a_full_queue_refuses(void **state) {
    (void)state;
    struct hats_pool *pool = hats_pool_new(1, 2);
    assert_non_null(pool);
    pthread_mutex_lock(&gate);
    unsigned accepted = 0;
    while (accepted < 10 && hats_pool_try_submit(pool, wait_at_gate, NULL) == HATS_OK)
        accepted++;
    assert_in_range(accepted, 2, 3); /* two queued, perhaps one already running */
    pthread_mutex_unlock(&gate);
    hats_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_before_the_pool_is_gone),
        cmocka_unit_test(a_full_queue_refuses),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
