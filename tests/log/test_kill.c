/* kill -9 at random points while ten thousand receipts are sealed and logged: no index is lost or reused, and the
 * folder is at every moment a log that continues the one before.
 *
 * A child seals and updates, and says each index it was given through a pipe (a write of a few bytes to a pipe is
 * atomic and survives the writer). The parent kills it, follows the log as a client does, and looks. */
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { N_CALLS = 10000, BATCH_MAX = 40 };

static struct world w;
static int pipe_fd;

struct said {
    uint32_t number; /* of the receipt */
    uint32_t pad;
    uint64_t index;
};

static void child(uint32_t first, unsigned seed) {
    struct hats_error err = {0};
    world_open_store(&w);
    w.n_sessions = first;
    if (world_open_log(&w, &err) != HATS_OK)
        _exit(4);
    while (w.n_sessions < N_CALLS) {
        uint32_t from = w.n_sessions;
        unsigned n = 1 + (unsigned)rand_r(&seed) % BATCH_MAX;
        world_seal(&w, from + n <= N_CALLS ? n : N_CALLS - from);
        for (uint32_t i = from; i < w.n_sessions; i++) {
            struct said said = {.number = i};
            uint8_t entry[32];
            entry_of(entry, i);
            if (hats_store_log_index(w.store, &said.index, entry, NULL) != HATS_OK ||
                write(pipe_fd, &said, sizeof said) != (ssize_t)sizeof said)
                _exit(3);
        }
        if (hats_log_writer_update(w.writer, NOW_S, NULL) != HATS_OK)
            _exit(5);
    }
    _exit(0);
}

static uint64_t index_of[N_CALLS]; /* as it was said; UINT64_MAX: not yet */
static uint8_t taken[N_CALLS];

/* What was said is so, in store and folder. */
static void look(void) {
    struct hats_log_files files = hats_log_folder(w.log_dir);
    struct hats_log_followed f;
    struct hats_error err = {0};
    if (hats_log_follow(&f, NULL, w.memory, &files, &w.trust, NOW_MS, &err) != HATS_OK)
        fail_msg("%s", err.text);
    world_open_store(&w);
    assert_int_equal(world_open_log(&w, &err), HATS_OK);
    if (hats_log_follow(&f, NULL, w.memory, &files, &w.trust, NOW_MS, &err) != HATS_OK ||
        hats_log_check_all(&files, &f.head, &err) != HATS_OK)
        fail_msg("%s", err.text);
    memset(taken, 0, sizeof taken);
    for (uint32_t i = 0; i < N_CALLS; i++) {
        struct hats_logged logged;
        uint8_t entry[32], leaf[32];
        uint64_t index;
        if (index_of[i] == UINT64_MAX)
            continue;
        entry_of(entry, i);
        assert_int_equal(hats_store_log_index(w.store, &index, entry, NULL), HATS_OK);
        assert_true(index == index_of[i] && index < N_CALLS && taken[index]++ == 0);
        if (i % 97 != 0)
            continue;
        assert_int_equal(hats_log_writer_evidence(w.writer, &logged, entry, &err), HATS_OK);
        hats_tlog_leaf(leaf, entry, 32);
        assert_int_equal(
            hats_tlog_verify_inclusion(f.head.root, f.head.size, index, leaf, &logged.path, NULL),
            HATS_OK);
    }
    hats_log_writer_close(w.writer);
    hats_store_close(w.store);
    w.writer = NULL;
    w.store = NULL;
}

/* Returns how the child ended. */
static int one_life(unsigned *seed, uint32_t *next) {
    int fds[2], status;
    struct said said;
    assert_int_equal(pipe(fds), 0);
    pipe_fd = fds[1];
    unsigned child_seed = (unsigned)rand_r(seed);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child(*next, child_seed);
    close(fds[1]);
    unsigned until = 200 + (unsigned)rand_r(seed) % 800;
    for (unsigned n = 0; read(fds[0], &said, sizeof said) == (ssize_t)sizeof said; n++) {
        assert_true(said.number < N_CALLS);
        index_of[said.number] = said.index;
        *next = said.number + 1;
        if (n == until) {
            usleep((unsigned)rand_r(seed) % 4000);
            kill(pid, SIGKILL);
        }
    }
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void no_index_is_lost_reused_or_unverifiable(void **state) {
    (void)state;
    unsigned seed = (unsigned)time(NULL), kills = 0;
    print_message("# seed %u\n", seed);
    world_make(&w);
    hats_store_close(w.store);
    w.store = NULL;
    memset(index_of, 0xff, sizeof index_of);
    for (uint32_t next = 0; next < N_CALLS;) {
        int status = one_life(&seed, &next);
        bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        if (!killed && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
            fail_msg("the child ended with %d", status);
        kills += killed;
        look();
        next += next < N_CALLS && killed ? BATCH_MAX : 0; /* sealed, but not said */
    }
    assert_true(kills > 3);
    print_message("# killed %u times\n", kills);
    world_remove(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_index_is_lost_reused_or_unverifiable)};
    return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
