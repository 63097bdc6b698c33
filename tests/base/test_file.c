#include "base/arena.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/hats-test-XXXXXX";

static int make_dir(void **state) {
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static void a_file_is_written_whole_and_read_back(void **state) {
    (void)state;
    char path[HATS_PATH_MAX];
    struct hats_error err = {0};
    assert_int_equal(hats_path_join(path, dir, "a"), HATS_OK);
    assert_int_equal(hats_file_write(path, 0600, "hello", 5, &err), HATS_OK);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct hats_buffer b;
    hats_buffer_init(&b, 100);
    assert_int_equal(hats_file_read(&b, path, &err), HATS_OK);
    assert_int_equal(b.len, 5);
    assert_memory_equal(b.data, "hello", 5);
    hats_buffer_clear(&b);
    unlink(path);
}

/* What somebody else laid down under the temporary name must not lend a secret its mode. */
static void a_file_that_lies_in_the_way_lends_no_mode(void **state) {
    (void)state;
    char path[HATS_PATH_MAX], temp[HATS_PATH_MAX + 32];
    struct hats_error err = {0};
    struct stat st;
    assert_int_equal(hats_path_join(path, dir, "secret"), HATS_OK);
    snprintf(temp, sizeof temp, "%s.%ld.new", path, (long)getpid());
    FILE *f = fopen(temp, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(temp, 0666), 0);
    assert_int_equal(hats_file_write(path, 0600, "key", 3, &err), HATS_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    unlink(path);
}

static void a_file_over_the_bound_is_refused(void **state) {
    (void)state;
    char path[HATS_PATH_MAX];
    struct hats_error err = {0};
    assert_int_equal(hats_path_join(path, dir, "b"), HATS_OK);
    assert_int_equal(hats_file_write(path, 0644, "0123456789", 10, &err), HATS_OK);
    struct hats_buffer b;
    hats_buffer_init(&b, 9);
    assert_int_equal(hats_file_read(&b, path, &err), HATS_E_RANGE);
    assert_non_null(strstr(err.text, "larger than"));
    hats_buffer_clear(&b);
    unlink(path);
}

static void a_missing_file_and_a_folder_are_told_apart(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_buffer b;
    hats_buffer_init(&b, 9);
    assert_int_equal(hats_file_read(&b, "/nonexistent/x", &err), HATS_E_NOT_FOUND);
    assert_int_equal(hats_file_read(&b, dir, &err), HATS_E_IO);
    hats_buffer_clear(&b);
}

static void a_failed_write_leaves_nothing_behind(void **state) {
    (void)state;
    /* /dev/full answers every write with "no space left on device", but it is no folder to rename in:
     * a folder that does not exist stands for the other half of the path. */
    struct hats_error err = {0};
    char path[HATS_PATH_MAX];
    assert_int_equal(hats_path_join(path, dir, "no/such/file"), HATS_OK);
    assert_int_equal(hats_file_write(path, 0644, "x", 1, &err), HATS_E_IO);
    assert_int_equal(hats_path_join(path, dir, "no"), HATS_OK);
    assert_false(hats_file_exists(path));
}

static void many_files_are_written_first_and_synced_once(void **state) {
    (void)state;
    struct hats_error err = {0};
    char path[HATS_PATH_MAX];
    struct hats_buffer b;
    assert_int_equal(hats_path_join(path, dir, "later"), HATS_OK);
    assert_int_equal(hats_file_write_unsynced(path, 0600, "abc", 3, &err), HATS_OK);
    assert_int_equal(hats_file_sync_folder(dir, &err), HATS_OK);
    assert_int_equal(hats_file_sync_folder("/nonexistent", &err), HATS_E_IO);
    hats_buffer_init(&b, 10);
    assert_int_equal(hats_file_read(&b, path, &err), HATS_OK);
    assert_int_equal(b.len, 3);
    hats_buffer_clear(&b);
    unlink(path);
}

static void folders_are_made_on_the_way(void **state) {
    (void)state;
    struct hats_error err = {0};
    char path[HATS_PATH_MAX];
    assert_int_equal(hats_path_join(path, dir, "x/y/z"), HATS_OK);
    assert_int_equal(hats_file_make_dirs(path, 0700, &err), HATS_OK);
    assert_int_equal(hats_file_make_dirs(path, 0700, &err), HATS_OK);
    assert_true(hats_file_exists(path));
}

static void the_nth_allocation_fails_on_demand(void **state) {
    (void)state;
    hats_alloc_fail_at(2);
    void *a = hats_alloc(10);
    void *b = hats_alloc(10);
    void *c = hats_alloc(10);
    assert_non_null(a);
    assert_null(b);
    assert_non_null(c);
    hats_alloc_fail_at(0);
    assert_int_equal((uintptr_t)a % 64, 0);
    hats_free(a);
    hats_free(c);
}

static void an_arena_keeps_its_bound(void **state) {
    (void)state;
    static uint8_t storage[512];
    struct hats_arena a;
    hats_arena_init(&a, storage, sizeof storage);
    void *p = hats_arena_alloc(&a, 100);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 64, 0);
    assert_null(hats_arena_alloc(&a, 500));
    assert_non_null(hats_arena_alloc(&a, 100));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_written_whole_and_read_back),
        cmocka_unit_test(a_file_that_lies_in_the_way_lends_no_mode),
        cmocka_unit_test(a_file_over_the_bound_is_refused),
        cmocka_unit_test(a_missing_file_and_a_folder_are_told_apart),
        cmocka_unit_test(a_failed_write_leaves_nothing_behind),
        cmocka_unit_test(many_files_are_written_first_and_synced_once),
        cmocka_unit_test(folders_are_made_on_the_way),
        cmocka_unit_test(the_nth_allocation_fails_on_demand),
        cmocka_unit_test(an_arena_keeps_its_bound),
    };
    return cmocka_run_group_tests_name("file", tests, make_dir, NULL);
}
