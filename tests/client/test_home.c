#include "base/bytes.h"
#include "client/home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/hats-test-XXXXXX";
static struct hats_home home;

static int set_up(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_non_null(mkdtemp(root));
    assert_int_equal(hats_home_open(&home, root, &err), HATS_OK);
    return 0;
}

static void path_of(char out[HATS_PATH_MAX], const char *relative) {
    assert_int_equal(hats_path_join(out, root, relative), HATS_OK);
}

static void a_key_is_made_with_private_files_and_loads_as_the_same_key(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_owner a, b;
    char path[HATS_PATH_MAX];
    struct stat st;
    assert_int_equal(hats_owner_create(&home, "alice", HATS_SET_L4096, &err), HATS_OK);
    path_of(path, "keys/alice.fhe.key");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    path_of(path, "keys/alice.owner.pem");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(hats_owner_load(&a, &home, "alice", &err), HATS_OK);
    assert_int_equal(hats_owner_load(&b, &home, "alice", &err), HATS_OK);
    assert_memory_equal(a.kid, b.kid, 32);
    assert_memory_equal(a.thumbprint, b.thumbprint, 32);
    assert_int_equal(a.public_key_len, hats_fhe_public_key_bytes(HATS_SET_L4096));
    hats_owner_clear(&a);
    hats_owner_clear(&b);
    assert_null(a.secret);
}

static void two_keys_are_different(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_owner a, b;
    assert_int_equal(hats_owner_create(&home, "first", HATS_SET_L4096, &err), HATS_OK);
    assert_int_equal(hats_owner_create(&home, "second", HATS_SET_L4096, &err), HATS_OK);
    assert_int_equal(hats_owner_load(&a, &home, "first", &err), HATS_OK);
    assert_int_equal(hats_owner_load(&b, &home, "second", &err), HATS_OK);
    assert_memory_not_equal(a.kid, b.kid, 32);
    assert_memory_not_equal(a.thumbprint, b.thumbprint, 32);
    hats_owner_clear(&a);
    hats_owner_clear(&b);
}

static void a_key_is_never_overwritten(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_int_equal(hats_owner_create(&home, "once", HATS_SET_L4096, &err), HATS_OK);
    assert_int_equal(hats_owner_create(&home, "once", HATS_SET_L4096, &err), HATS_E_CONFLICT);
    assert_non_null(strstr(err.text, "never overwritten"));
}

static void names_that_could_be_paths_are_refused(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_owner owner;
    static const char *const bad[] = {"", "..", ".x", "a/b", "A", "a b", "\xc3\xa4"};
    for (size_t i = 0; i < HATS_COUNT_OF(bad); i++) {
        assert_int_equal(hats_owner_create(&home, bad[i], HATS_SET_L4096, &err), HATS_E_USAGE);
        assert_int_equal(hats_owner_load(&owner, &home, bad[i], &err), HATS_E_USAGE);
    }
}

static void a_missing_key_says_how_to_make_one(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_owner owner;
    assert_int_equal(hats_owner_load(&owner, &home, "nobody", &err), HATS_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "hats keygen --name nobody"));
}

static void a_key_file_that_others_can_read_is_refused(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_owner owner;
    char path[HATS_PATH_MAX];
    assert_int_equal(hats_owner_create(&home, "open", HATS_SET_L4096, &err), HATS_OK);
    path_of(path, "keys/open.fhe.key");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(hats_owner_load(&owner, &home, "open", &err), HATS_E_DENIED);
    assert_non_null(strstr(err.text, "chmod 600"));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(hats_owner_load(&owner, &home, "open", &err), HATS_OK);
    hats_owner_clear(&owner);
}

static void every_damaged_byte_of_a_key_file_is_noticed(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_owner owner;
    struct hats_buffer file;
    char path[HATS_PATH_MAX];
    assert_int_equal(hats_owner_create(&home, "hurt", HATS_SET_L4096, &err), HATS_OK);
    path_of(path, "keys/hurt.fhe.key");
    hats_buffer_init(&file, 4096);
    assert_int_equal(hats_file_read(&file, path, &err), HATS_OK);
    for (size_t at = 0; at < file.len; at++) {
        file.data[at] ^= 1;
        assert_int_equal(hats_file_write(path, 0600, file.data, file.len, &err), HATS_OK);
        assert_int_equal(hats_owner_load(&owner, &home, "hurt", &err), HATS_E_MALFORMED);
        file.data[at] ^= 1;
    }
    assert_int_equal(hats_file_write(path, 0600, file.data, file.len - 1, &err), HATS_OK);
    assert_int_equal(hats_owner_load(&owner, &home, "hurt", &err), HATS_E_MALFORMED);
    hats_buffer_clear(&file);
}

static void write_token(const char *path, const char *text) {
    assert_int_equal(hats_file_write(path, 0600, text, strlen(text), NULL), HATS_OK);
}

static void a_token_is_one_line_of_visible_ascii(void **state) {
    (void)state;
    struct hats_error err = {0};
    char path[HATS_PATH_MAX], token[HATS_TOKEN_MAX];
    path_of(path, "token");
    write_token(path, "hats_abc\n");
    assert_int_equal(hats_token_read(token, path, &err), HATS_OK);
    assert_string_equal(token, "hats_abc");
    write_token(path, "two words\n");
    assert_int_equal(hats_token_read(token, path, &err), HATS_E_MALFORMED);
    write_token(path, "");
    assert_int_equal(hats_token_read(token, path, &err), HATS_E_MALFORMED);
    write_token(path, "evil\r\nx-header: 1");
    assert_int_equal(hats_token_read(token, path, &err), HATS_E_MALFORMED);
    assert_string_equal(token, "");
}

static void an_unknown_server_says_how_to_add_it(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_server_record record;
    assert_int_equal(hats_server_record_load(&record, &home, "https://nowhere.example:1/m", &err),
                     HATS_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "hats trust add https://nowhere.example:1"));
}

static void a_server_record_keeps_what_was_given(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_server_record record;
    char ca[HATS_PATH_MAX], keys[HATS_PATH_MAX], token[HATS_PATH_MAX];
    path_of(ca, "ca");
    path_of(keys, "keyset");
    path_of(token, "tok");
    write_token(ca, "root");
    write_token(keys, "keys");
    write_token(token, "secret\n");
    assert_int_equal(
        hats_server_record_add(&home, "https://s.example:8443/clinical", ca, keys, token, &err),
        HATS_OK);
    assert_int_equal(hats_server_record_load(&record, &home, "https://s.example:8443", &err),
                     HATS_OK);
    assert_string_equal(record.origin, "https://s.example:8443");
    assert_string_equal(record.token, "secret");
    assert_true(hats_file_exists(record.root_path));
    assert_int_equal(hats_server_record_load(&record, &home, "https://s.example:8444", &err),
                     HATS_E_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_made_with_private_files_and_loads_as_the_same_key),
        cmocka_unit_test(two_keys_are_different),
        cmocka_unit_test(a_key_is_never_overwritten),
        cmocka_unit_test(names_that_could_be_paths_are_refused),
        cmocka_unit_test(a_missing_key_says_how_to_make_one),
        cmocka_unit_test(a_key_file_that_others_can_read_is_refused),
        cmocka_unit_test(every_damaged_byte_of_a_key_file_is_noticed),
        cmocka_unit_test(a_token_is_one_line_of_visible_ascii),
        cmocka_unit_test(an_unknown_server_says_how_to_add_it),
        cmocka_unit_test(a_server_record_keeps_what_was_given),
    };
    return cmocka_run_group_tests_name("home", tests, set_up, NULL);
}
