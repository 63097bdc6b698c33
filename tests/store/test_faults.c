/* What the store says when the disk, the file or its neighbour fails: a clear status, and nothing that
 * was acknowledged is ever lost. */
#include "fixture.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

static struct fixture f;
static int64_t tenant;

static int make(void **state) {
    (void)state;
    fixture_make(&f);
    if (fixture_open(&f, NULL) != HATS_OK)
        return -1;
    tenant = add_tenant(f.store, "alpha", 1);
    add_key(f.store, tenant, 1);
    return 0;
}

static int drop(void **state) {
    (void)state;
    fixture_remove(&f);
    return 0;
}

static void expect_text(const struct hats_error *err, const char *part) {
    if (strstr(err->text, part) == NULL)
        fail_msg("'%s' does not say '%s'", err->text, part);
}

static hats_status try_accept(uint32_t i, struct hats_error *err) {
    struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
    struct hats_store_accept_result r;
    return hats_store_call_accept(f.store, &r, &a, err);
}

static bool is_there(uint32_t i) {
    struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
    struct hats_store_call call;
    return hats_store_call_get(f.store, &call, &a.id, false, NULL) == HATS_OK;
}

static void edit_file(const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_store_of_a_newer_program_is_refused(void **state) {
    (void)state;
    hats_store_close(f.store);
    f.store = NULL;
    edit_file("UPDATE meta SET value = 4 WHERE key = 'schema'");
    struct hats_error err = {0};
    assert_int_equal(fixture_open(&f, &err), HATS_E_VERSION);
    expect_text(&err, "newer");
    edit_file("UPDATE meta SET value = 3 WHERE key = 'schema'");
    assert_int_equal(fixture_open(&f, &err), HATS_OK);
}

static void a_database_of_another_program_is_refused(void **state) {
    (void)state;
    hats_store_close(f.store);
    f.store = NULL;
    edit_file("PRAGMA application_id = 1");
    struct hats_error err = {0};
    assert_int_equal(fixture_open(&f, &err), HATS_E_MALFORMED);
    expect_text(&err, "another program");
}

static void write_at(const char *path, long at, const void *data, size_t len_bytes) {
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(data, 1, len_bytes, file), len_bytes);
    assert_int_equal(fclose(file), 0);
}

static void a_text_file_is_not_a_store(void **state) {
    (void)state;
    hats_store_close(f.store);
    f.store = NULL;
    write_at(f.path, 0, "this is not a database, it is a letter", 38);
    struct hats_error err = {0};
    assert_int_equal(fixture_open(&f, &err), HATS_E_MALFORMED);
    expect_text(&err, "not a store");
}

static void a_damaged_page_is_reported_as_damage(void **state) {
    (void)state;
    hats_store_close(f.store); /* checkpoints: all is in the main file now */
    f.store = NULL;
    char zeros[4096];
    memset(zeros, 0xff, sizeof zeros);
    for (long page = 2; page < 20; page++)
        write_at(f.path, page * 4096, zeros, sizeof zeros);
    struct hats_error err = {0};
    hats_status s = fixture_open(&f, &err);
    if (s == HATS_OK)
        s = try_accept(5, &err);
    assert_int_equal(s, HATS_E_IO);
    expect_text(&err, "damaged");
}

static void a_folder_that_is_not_there_is_named(void **state) {
    (void)state;
    struct fixture g = f;
    g.store = NULL;
    snprintf(g.path, sizeof g.path, "%s/none/store.db", f.dir);
    struct hats_error err = {0};
    assert_int_equal(fixture_open(&g, &err), HATS_E_IO);
    assert_null(g.store);
    expect_text(&err, "/none/store.db");
}

static void a_lock_held_by_another_process_is_busy_and_passes(void **state) {
    (void)state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct hats_error err = {0};
    assert_int_equal(try_accept(1, &err), HATS_E_BUSY);
    expect_text(&err, "locked");
    assert_false(is_there(1));
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(try_accept(1, &err), HATS_OK);
    assert_true(is_there(1));
    assert_true(hats_store_healthy(f.store));
}

static void a_full_store_refuses_and_keeps_what_it_has(void **state) {
    (void)state;
    hats_store_close(f.store);
    struct hats_store_config config;
    hats_store_config_init(&config);
    config.path = f.path;
    config.max_bytes = 512u << 10;
    struct hats_error err = {0};
    assert_int_equal(hats_store_open(&f.store, &config, &err), HATS_OK);
    static char output[20001];
    memset(output, 'x', sizeof output - 1);
    uint32_t accepted = 0, sealed = 0;
    hats_status s = HATS_OK;
    while (s == HATS_OK && sealed < 1000) {
        struct hats_store_accept a = accept_of(tenant, 1, sealed, 1000);
        struct hats_store_accept_result r;
        s = hats_store_call_accept(f.store, &r, &a, &err);
        struct hats_store_seal seal = seal_of(&a, output, 1001);
        bool won = true;
        accepted += s == HATS_OK;
        if (s == HATS_OK) {
            s = hats_store_call_seal(f.store, &won, &seal, &err);
            assert_int_equal(won, s == HATS_OK);
        }
        sealed += s == HATS_OK;
    }
    assert_in_range(sealed, 10, 26); /* 512 KiB hold no more than 26 of 20 KB */
    assert_int_equal(s, HATS_E_IO);
    expect_text(&err, "full");
    assert_false(hats_store_healthy(f.store));
    fixture_reopen(&f);
    for (uint32_t i = 0; i < accepted; i++) {
        struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
        struct hats_store_call call;
        if (hats_store_call_get(f.store, &call, &a.id, true, NULL) != HATS_OK)
            fail_msg("call %u of %u is lost", i, accepted);
        assert_int_equal(call.state,
                         i < sealed ? HATS_STORE_STATE_SEALED : HATS_STORE_STATE_ACCEPTED);
        assert_int_equal(call.output_len, i < sealed ? sizeof output - 1 : 0);
        hats_store_call_clear(&call);
    }
}

static atomic_uint refused;

static void *accept_one(void *arg) {
    struct hats_error err = {0};
    hats_status s = try_accept((uint32_t)(uintptr_t)arg, &err);
    if (s == HATS_E_BUSY && strstr(err.text, "waiting") != NULL)
        atomic_fetch_add(&refused, 1);
    return (void *)(uintptr_t)s;
}

static void a_full_queue_is_busy_at_once(void **state) {
    (void)state;
    enum { N = 12 };
    atomic_store(&refused, 0);
    hats_store_close(f.store);
    struct hats_store_config config;
    hats_store_config_init(&config);
    config.path = f.path;
    config.queue_cap = 2;
    config.max_batch = 2;
    config.busy_timeout_ms = 60000;
    assert_int_equal(hats_store_open(&f.store, &config, NULL), HATS_OK);
    sqlite3 *db; /* while it holds the lock, the writer waits with one batch */
    assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    pthread_t threads[N];
    for (uintptr_t i = 0; i < N; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, accept_one, (void *)i), 0);
    while (atomic_load(&refused) < N - 4) /* one batch of two under way, two in the queue */
        usleep(1000);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    unsigned done = 0;
    for (uint32_t i = 0; i < N; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_true((uintptr_t)result == HATS_OK || (uintptr_t)result == HATS_E_BUSY);
        assert_int_equal(is_there(i), (uintptr_t)result == HATS_OK);
        done += (uintptr_t)result == HATS_OK;
    }
    assert_int_equal(done, N - atomic_load(&refused));
}

/* ---- the n-th write system call fails ---- */

static int countdown; /* of calls until one fails; 0: none does */
static int calls;
static int errno_to_set;
static bool and_all_after;

static bool fails_now(void) {
    calls++;
    if (countdown == 0)
        return false;
    if (calls < countdown || (calls > countdown && !and_all_after))
        return false;
    errno = errno_to_set;
    return true;
}

static ssize_t failing_pwrite(int fd, const void *data, size_t len, off_t at) {
    return fails_now() ? -1 : pwrite(fd, data, len, at);
}

static int failing_ftruncate(int fd, off_t len) { return fails_now() ? -1 : ftruncate(fd, len); }

static void set_failing(bool on) {
    sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
    static const char *const names[] = {"pwrite", "pwrite64", "ftruncate"};
    sqlite3_syscall_ptr replaced[] = {(sqlite3_syscall_ptr)failing_pwrite,
                                      (sqlite3_syscall_ptr)failing_pwrite,
                                      (sqlite3_syscall_ptr)failing_ftruncate};
    for (int i = 0; i < 3;
         i++) /* a name that this build does not have is refused, and not needed */
        (void)vfs->xSetSystemCall(vfs, names[i], on ? replaced[i] : NULL);
    calls = 0;
}

/* A fixed piece of work; `acknowledged` counts its steps that were. */
static hats_status work(unsigned *acknowledged, struct hats_error *err) {
    hats_status first = HATS_OK;
    for (uint32_t i = 100; i < 106; i++) {
        struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
        struct hats_store_accept_result r;
        struct hats_store_seal seal = seal_of(&a, "answer", 1001);
        bool won = false;
        hats_status s = hats_store_call_accept(f.store, &r, &a, first == HATS_OK ? err : NULL);
        if (s == HATS_OK) {
            (*acknowledged)++;
            s = hats_store_call_seal(f.store, &won, &seal, first == HATS_OK ? err : NULL);
            *acknowledged += s == HATS_OK;
        }
        if (s != HATS_OK && first == HATS_OK)
            first = s;
    }
    return first;
}

static unsigned steps_found(void) {
    unsigned found = 0;
    for (uint32_t i = 100; i < 106; i++) {
        struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
        struct hats_store_call call;
        if (hats_store_call_get(f.store, &call, &a.id, true, NULL) != HATS_OK)
            continue;
        bool sealed = call.state == HATS_STORE_STATE_SEALED;
        assert_int_equal(sealed, call.output != NULL && call.receipt != NULL);
        found += sealed ? 2 : 1;
        hats_store_call_clear(&call);
    }
    return found;
}

static void every_failing_write(int error, bool permanent, const char *expected) {
    unsigned failures_seen = 0;
    int n = 1;
    bool reached = true;
    for (; reached && n < 400; n++) {
        drop(NULL);
        assert_int_equal(make(NULL), 0);
        struct hats_error err = {0};
        unsigned acknowledged = 0;
        set_failing(true);
        countdown = n;
        errno_to_set = error;
        and_all_after = permanent;
        hats_status s = work(&acknowledged, &err);
        reached = calls >= n;
        countdown = 0;
        if (s != HATS_OK) {
            failures_seen++;
            assert_int_equal(s, HATS_E_IO);
            expect_text(&err, expected);
            assert_string_not_equal(err.text, "");
        }
        fixture_reopen(&f);
        set_failing(false);
        unsigned found = steps_found();
        if (found < acknowledged)
            fail_msg("write %d failed; %u steps were acknowledged, %u are there", n, acknowledged,
                     found);
    }
    assert_true(n > 10);
    assert_true(failures_seen > 5);
}

static void an_io_error_at_any_write_loses_nothing_acknowledged(void **state) {
    (void)state;
    every_failing_write(EIO, false, "the store");
}

static void a_disk_full_from_any_write_on_loses_nothing_acknowledged(void **state) {
    (void)state;
    every_failing_write(ENOSPC, true, "full");
}

static void after_the_disk_has_room_again_writing_goes_on(void **state) {
    (void)state;
    struct hats_error err = {0};
    set_failing(true);
    countdown = 1;
    errno_to_set = ENOSPC;
    and_all_after = true;
    assert_int_equal(try_accept(1, &err), HATS_E_IO);
    assert_false(hats_store_healthy(f.store));
    countdown = 0;
    assert_int_equal(try_accept(1, &err), HATS_OK);
    assert_true(hats_store_healthy(f.store));
    set_failing(false);
    assert_true(is_there(1));
}

static void running_out_of_memory_at_open_leaves_nothing_open(void **state) {
    (void)state;
    hats_store_close(f.store);
    hats_status s = HATS_E_MEMORY;
    uint64_t n = 1;
    for (; s != HATS_OK && n < 100; n++) {
        f.store = NULL;
        hats_alloc_fail_at(n);
        struct hats_error err = {0};
        s = fixture_open(&f, &err);
        hats_alloc_fail_at(0);
        if (s != HATS_OK) {
            assert_int_equal(s, HATS_E_MEMORY);
            assert_null(f.store);
        }
    }
    assert_int_equal(s, HATS_OK);
    assert_true(n > 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_store_of_a_newer_program_is_refused),
        CASE(a_database_of_another_program_is_refused),
        CASE(a_text_file_is_not_a_store),
        CASE(a_damaged_page_is_reported_as_damage),
        CASE(a_folder_that_is_not_there_is_named),
        CASE(a_lock_held_by_another_process_is_busy_and_passes),
        CASE(a_full_store_refuses_and_keeps_what_it_has),
        CASE(a_full_queue_is_busy_at_once),
        CASE(an_io_error_at_any_write_loses_nothing_acknowledged),
        CASE(a_disk_full_from_any_write_on_loses_nothing_acknowledged),
        CASE(after_the_disk_has_room_again_writing_goes_on),
        CASE(running_out_of_memory_at_open_leaves_nothing_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
