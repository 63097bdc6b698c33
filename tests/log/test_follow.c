#include "fixture.h"

static struct world w;
static struct hats_log_files files;

static int make(void **state) {
    (void)state;
    world_make(&w);
    assert_int_equal(world_open_log(&w, NULL), HATS_OK);
    files = hats_log_folder(w.log_dir);
    return 0;
}

static int drop(void **state) {
    (void)state;
    world_remove(&w);
    return 0;
}

static hats_status follow(struct hats_log_followed *out, struct hats_error *err) {
    struct hats_error own;
    return hats_log_follow(out, NULL, w.memory, &files, &w.trust, NOW_MS, err != NULL ? err : &own);
}

static void grow(unsigned n) {
    world_seal(&w, n);
    world_update(&w);
}

static void a_log_that_grows_is_followed(void **state) {
    (void)state;
    struct hats_log_followed f;
    assert_int_equal(follow(&f, NULL), HATS_OK);
    assert_true(f.first && f.head.size == 0);
    grow(3);
    assert_int_equal(follow(&f, NULL), HATS_OK);
    assert_true(!f.first && f.before == 0 && f.head.size == 3);
    assert_int_equal(follow(&f, NULL), HATS_OK);
    assert_true(f.before == 3 && f.head.size == 3);
    grow(600);
    assert_int_equal(follow(&f, NULL), HATS_OK);
    assert_true(f.before == 3 && f.head.size == 603);
}

/* Signs any tree as the log and serves it. */
static void serve(uint64_t size, const uint8_t root[32], const struct hats_sign_key *key,
                  const char *origin) {
    char path[160];
    struct hats_buffer note;
    uint8_t cosignature[HATS_COSIGNATURE_LEN];
    struct hats_tree_head head = {.size = size};
    snprintf(head.origin, sizeof head.origin, "%s", origin);
    memcpy(head.root, root, 32);
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    assert_int_equal(hats_checkpoint_begin(&note, &head, NULL), HATS_OK);
    assert_int_equal(hats_cosign(cosignature, &head, key, origin, NOW_S, NULL), HATS_OK);
    hats_checkpoint_line(&note, origin, hats_mldsa_public(key), cosignature);
    snprintf(path, sizeof path, "%s/checkpoint", w.log_dir);
    assert_int_equal(hats_file_write(path, 0644, note.data, note.len, NULL), HATS_OK);
    hats_buffer_clear(&note);
}

static void a_log_that_went_backwards_is_named(void **state) {
    (void)state;
    struct hats_log_followed f;
    struct hats_error err = {0};
    struct hats_tree_head small;
    char conflict[128];
    grow(3);
    hats_log_writer_head(w.writer, &small);
    grow(2);
    assert_int_equal(follow(&f, NULL), HATS_OK);
    serve(small.size, small.root, w.log_key, ORIGIN);
    assert_int_equal(follow(&f, &err), HATS_E_VERIFY);
    assert_non_null(
        strstr(err.text, "\"" ORIGIN "\" went backwards: it had 5 entries and now shows 3"));
    snprintf(conflict, sizeof conflict, "%s.conflict", w.memory);
    assert_true(hats_file_exists(conflict));
    assert_int_equal(follow(&f, &err), HATS_E_VERIFY); /* and is not forgotten */
}

static void a_log_that_forked_is_named(void **state) {
    (void)state;
    struct hats_log_followed f;
    struct hats_error err = {0};
    uint8_t root[32];
    grow(3);
    assert_int_equal(follow(&f, NULL), HATS_OK);
    memcpy(root, f.head.root, 32);
    root[5] ^= 4;
    serve(3, root, w.log_key, ORIGIN);
    assert_int_equal(follow(&f, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "\"" ORIGIN "\" forked"));
}

/* A larger tree, whole in its tiles, that leaves out what was shown before. */
static void a_longer_log_of_another_history_is_a_fork(void **state) {
    (void)state;
    struct hats_log_followed f;
    struct hats_error err = {0};
    grow(3);
    assert_int_equal(follow(&f, NULL), HATS_OK);
    struct world other;
    world_make(&other);
    other.n_sessions = 1000;
    world_seal(&other, 9);
    assert_int_equal(world_open_log(&other, NULL), HATS_OK);
    files = hats_log_folder(other.log_dir);
    assert_int_equal(follow(&f, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "forked: its tree of 9 entries is no continuation"));
    world_remove(&other);
}

static void tiles_that_are_not_of_the_signed_tree_prove_nothing(void **state) {
    (void)state;
    struct hats_log_followed f;
    struct hats_error err = {0};
    uint8_t root[32] = {7};
    grow(3);
    assert_int_equal(follow(&f, NULL), HATS_OK);
    grow(2);
    serve(5, root, w.log_key, ORIGIN);
    assert_int_equal(follow(&f, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "tiles of the log"));
}

static void a_log_that_is_gone_or_another_is_named(void **state) {
    (void)state;
    struct hats_log_followed f;
    struct hats_error err = {0};
    char path[160];
    grow(1);
    assert_int_equal(follow(&f, NULL), HATS_OK);
    snprintf(path, sizeof path, "%s/checkpoint", w.log_dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(follow(&f, &err), HATS_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "is gone: it had 1 entries"));
    serve(1, f.head.root, w.witness_key, "other.example");
    assert_int_equal(follow(&f, &err), HATS_E_TRUST);
}

static void a_changed_memory_is_noticed(void **state) {
    (void)state;
    struct hats_log_followed f;
    struct hats_error err = {0};
    struct hats_buffer note;
    assert_int_equal(follow(&f, NULL), HATS_OK);
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    assert_int_equal(hats_file_read(&note, w.memory, NULL), HATS_OK);
    note.data[sizeof ORIGIN] = '9'; /* the size */
    assert_int_equal(hats_file_write(w.memory, 0644, note.data, note.len, NULL), HATS_OK);
    assert_int_equal(follow(&f, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "the remembered one"));
    hats_buffer_clear(&note);
}

static void a_witness_does_not_sign_a_fork(void **state) {
    (void)state;
    struct hats_log_followed f;
    struct hats_buffer note;
    uint8_t root[32] = {1};
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    grow(3);
    assert_int_equal(hats_log_witness(&f, &note, w.memory, &files, &w.trust, w.witness_key, WITNESS,
                                      NOW_MS, NULL),
                     HATS_OK);
    size_t signed_len = note.len;
    serve(3, root, w.log_key, ORIGIN);
    note.len = 0;
    assert_int_equal(hats_log_witness(&f, &note, w.memory, &files, &w.trust, w.witness_key, WITNESS,
                                      NOW_MS, NULL),
                     HATS_E_VERIFY);
    assert_true(note.len < signed_len); /* at most what the log said */
    hats_buffer_clear(&note);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_log_that_grows_is_followed),
        CASE(a_log_that_went_backwards_is_named),
        CASE(a_log_that_forked_is_named),
        CASE(a_longer_log_of_another_history_is_a_fork),
        CASE(tiles_that_are_not_of_the_signed_tree_prove_nothing),
        CASE(a_log_that_is_gone_or_another_is_named),
        CASE(a_changed_memory_is_noticed),
        CASE(a_witness_does_not_sign_a_fork),
    };
    return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
