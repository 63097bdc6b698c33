/* kill -9 at random moments: every row whose writing was acknowledged is there afterwards, whole.
 *
 * A child writes with several threads and says each acknowledged step through a pipe (a write of two
 * bytes to a pipe is atomic and survives the writer). The parent kills it, reopens, and looks. */
#include "fixture.h"

#include "base/bytes.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

enum { N_THREADS = 6, ROUNDS = 12, MAX_CALLS = 20000 };

static struct fixture f;
static int64_t tenant;
static int pipe_fd;
static atomic_uint next_call;

static void say(uint8_t what, uint32_t i) {
    uint8_t message[8] = {what};
    hats_store_be32(message + 4, i);
    if (write(pipe_fd, message, sizeof message) != (ssize_t)sizeof message)
        _exit(3);
}

static void *writer(void *arg) {
    (void)arg;
    char output[3001] = {0};
    memset(output, 'x', sizeof output - 1);
    for (uint32_t i; (i = atomic_fetch_add(&next_call, 1)) < MAX_CALLS;) {
        struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
        struct hats_store_accept_result r;
        if (hats_store_call_accept(f.store, &r, &a, NULL) != HATS_OK || r.outcome != HATS_STORE_NEW)
            _exit(1);
        say('a', i);
        struct hats_store_seal seal = seal_of(&a, output, 1001);
        bool won;
        if (hats_store_call_seal(f.store, &won, &seal, NULL) != HATS_OK || !won)
            _exit(2);
        say('s', i);
    }
    return NULL;
}

static void child(uint32_t first) {
    if (fixture_open(&f, NULL) != HATS_OK)
        _exit(4);
    atomic_store(&next_call, first);
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        if (pthread_create(&threads[i], NULL, writer, NULL) != 0)
            _exit(5);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    _exit(0);
}

/* What was read from the log after the last kill: it only grows. */
static uint8_t log_before[2 * MAX_CALLS][32];
static uint64_t n_before;

static void read_whole_log(void) {
    static uint8_t now[2 * MAX_CALLS][32];
    uint64_t size;
    size_t n;
    assert_int_equal(hats_store_log_size(f.store, &size, NULL), HATS_OK);
    assert_int_equal(hats_store_log_read(f.store, now[0], &n, 0, 2 * MAX_CALLS, NULL), HATS_OK);
    assert_true(n == size && n >= n_before);
    assert_memory_equal(now, log_before, n_before * 32);
    memcpy(log_before, now, n * 32);
    n_before = n;
}

static void look_up_in_log(const uint8_t receipt_id[32]) {
    uint64_t index, size;
    uint8_t entry[32];
    size_t n;
    assert_int_equal(hats_store_log_index(f.store, &index, receipt_id, NULL), HATS_OK);
    assert_int_equal(hats_store_log_size(f.store, &size, NULL), HATS_OK);
    assert_true(index < size);
    assert_int_equal(hats_store_log_read(f.store, entry, &n, index, 1, NULL), HATS_OK);
    assert_true(n == 1);
    assert_memory_equal(entry, receipt_id, 32);
}

static void acknowledged_rows_survive_kill_9(void **state) {
    (void)state;
    static uint8_t acknowledged[MAX_CALLS]; /* 0, 1 accepted, 2 sealed */
    unsigned seed = (unsigned)time(NULL);
    print_message("# seed %u\n", seed);
    fixture_make(&f);
    assert_int_equal(fixture_open(&f, NULL), HATS_OK);
    tenant = add_tenant(f.store, "alpha", 1);
    add_key(f.store, tenant, 1);
    hats_store_close(f.store);
    f.store = NULL;

    uint32_t first = 0;
    unsigned total = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pipe_fd = fds[1];
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            child(first);
        close(fds[1]);
        uint8_t message[8];
        unsigned until = 1 + (unsigned)rand_r(&seed) % 300;
        uint32_t highest = first;
        for (unsigned n = 0; read(fds[0], message, sizeof message) == (ssize_t)sizeof message;
             n++) {
            uint32_t i = hats_load_be32(message + 4);
            assert_true(i < MAX_CALLS);
            acknowledged[i] = message[0] == 's' ? 2 : 1;
            highest = i > highest ? i : highest;
            total++;
            if (n == until)
                kill(pid, SIGKILL);
        }
        close(fds[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

        fixture_reopen(&f);
        for (uint32_t i = 0; i <= highest; i++) {
            struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
            struct hats_store_call call;
            hats_status s = hats_store_call_get(f.store, &call, &a.id, true, NULL);
            int found = s == HATS_OK ? (int)call.state : 0;
            if (found < acknowledged[i])
                fail_msg("call %u was acknowledged as %d and is %d", i, acknowledged[i], found);
            if (found == HATS_STORE_STATE_SEALED)
                assert_true(call.receipt != NULL && memcmp(call.receipt_id + 8, &i, 4) == 0);
            if (found == HATS_STORE_STATE_SEALED)
                look_up_in_log(call.receipt_id);
            hats_store_call_clear(&call);
        }
        read_whole_log();
        hats_store_close(f.store);
        f.store = NULL;
        first = highest + N_THREADS + 1;
    }
    assert_true(total > ROUNDS);
    fixture_remove(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(acknowledged_rows_survive_kill_9)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
