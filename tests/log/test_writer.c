#include "fixture.h"

#include <sys/stat.h>

static struct world w;

static int make(void **state) {
    (void)state;
    world_make(&w);
    return 0;
}

static int drop(void **state) {
    (void)state;
    world_remove(&w);
    return 0;
}

/* The folder as a stranger reads it: signed, whole, and `size` entries long. */
static void expect_log_of(uint64_t size) {
    struct hats_log_files files = hats_log_folder(w.log_dir);
    struct hats_checkpoint c;
    struct hats_buffer note;
    struct hats_error err = {0};
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    if (hats_log_checkpoint(&c, &note, &files, &w.trust, NOW_MS, &err) != HATS_OK ||
        hats_log_check_all(&files, &c.head, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_true(c.head.size == size);
    hats_buffer_clear(&note);
}

static void every_entry_is_proven(uint64_t size) {
    struct hats_tree_head head;
    hats_log_writer_head(w.writer, &head);
    assert_true(head.size == size);
    for (uint32_t i = 0; i < size; i += 1 + (uint32_t)size / 40) {
        struct hats_logged logged;
        uint8_t entry[32], leaf[32];
        entry_of(entry, i);
        assert_int_equal(hats_log_writer_evidence(w.writer, &logged, entry, NULL), HATS_OK);
        assert_true(logged.index == i && logged.by_log.head.size == size);
        hats_tlog_leaf(leaf, entry, 32);
        assert_int_equal(hats_tlog_verify_inclusion(head.root, size, i, leaf, &logged.path, NULL),
                         HATS_OK);
    }
}

static void the_folder_is_a_log_at_every_size(void **state) {
    (void)state;
    static const unsigned steps[] = {0, 1, 1, 3, 250, 1, 1, 255, 1, 260};
    uint64_t size = 0;
    assert_int_equal(world_open_log(&w, NULL), HATS_OK);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        world_seal(&w, steps[i]);
        world_update(&w);
        size += steps[i];
        expect_log_of(size);
        every_entry_is_proven(size);
    }
}

static void an_entry_that_is_not_signed_yet_is_not_proven(void **state) {
    (void)state;
    struct hats_logged logged;
    uint8_t entry[32];
    assert_int_equal(world_open_log(&w, NULL), HATS_OK);
    entry_of(entry, 0);
    assert_int_equal(hats_log_writer_evidence(w.writer, &logged, entry, NULL), HATS_E_NOT_FOUND);
    world_seal(&w, 1);
    assert_int_equal(hats_log_writer_evidence(w.writer, &logged, entry, NULL), HATS_E_NOT_FOUND);
    world_update(&w);
    assert_int_equal(hats_log_writer_evidence(w.writer, &logged, entry, NULL), HATS_OK);
}

static void reopen(void) {
    struct hats_error err = {0};
    hats_log_writer_close(w.writer);
    w.writer = NULL;
    if (world_open_log(&w, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static void a_start_goes_on_where_the_log_stood(void **state) {
    (void)state;
    assert_int_equal(world_open_log(&w, NULL), HATS_OK);
    world_seal(&w, 300);
    world_update(&w);
    reopen();
    expect_log_of(300);
    world_seal(&w, 300);
    reopen(); /* entries that came while nobody wrote */
    expect_log_of(600);
}

static void a_start_mends_tiles(void **state) {
    (void)state;
    assert_int_equal(world_open_log(&w, NULL), HATS_OK);
    world_seal(&w, 600);
    world_update(&w);
    char command[512];
    snprintf(command, sizeof command,
             "cd '%s/tile' && rm -r 0/000 1 && : > entries/001 && printf x >> 0/002.p/88",
             w.log_dir);
    assert_int_equal(system(command), 0);
    reopen();
    expect_log_of(600);
}

static void the_folder_of_another_history_is_refused(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_int_equal(world_open_log(&w, NULL), HATS_OK);
    world_seal(&w, 5);
    world_update(&w);
    hats_log_writer_close(w.writer);
    w.writer = NULL;
    hats_store_close(w.store);
    assert_int_equal(unlink(w.store_path), 0);
    world_open_store(&w);
    struct hats_store_tenant t = {.name = "alpha", .created_ms = 1};
    assert_int_equal(hats_store_tenant_add(w.store, &t, NULL), HATS_OK);
    w.tenant = t.id;
    w.n_sessions = 0;
    world_seal(&w, 3); /* the same, but fewer: set back */
    assert_int_equal(world_open_log(&w, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "set back"));
    w.n_sessions = 100;
    world_seal(&w, 3); /* enough, but others */
    assert_int_equal(world_open_log(&w, &err), HATS_E_VERIFY);
    expect_log_of(5); /* nothing was signed */
}

static void the_folder_of_another_log_is_refused(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_int_equal(world_open_log(&w, NULL), HATS_OK);
    hats_log_writer_close(w.writer);
    w.writer = NULL;
    struct hats_sign_key *right = w.log_key;
    w.log_key = w.witness_key;
    assert_int_equal(world_open_log(&w, &err), HATS_E_CONFLICT);
    w.log_key = right;
}

static void a_folder_has_one_writer(void **state) {
    (void)state;
    struct hats_log_writer *first;
    struct hats_error err = {0};
    assert_int_equal(world_open_log(&w, NULL), HATS_OK);
    first = w.writer;
    assert_int_equal(world_open_log(&w, &err), HATS_E_BUSY);
    w.writer = first;
}

static void leave_note(const struct hats_buffer *note, const char *name) {
    char path[160];
    snprintf(path, sizeof path, "%s/witness/%s.note", w.log_dir, name);
    assert_int_equal(hats_file_write(path, 0644, note->data, note->len, NULL), HATS_OK);
}

static void receipts_carry_what_witnesses_saw(void **state) {
    (void)state;
    struct hats_log_files files = hats_log_folder(w.log_dir);
    struct hats_log_followed followed;
    struct hats_logged logged;
    struct hats_buffer note;
    struct hats_checkpoint c;
    uint8_t entry[32];
    uint64_t time_s;
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    assert_int_equal(world_open_log(&w, NULL), HATS_OK);
    world_seal(&w, 10);
    world_update(&w);
    assert_int_equal(hats_log_witness(&followed, &note, w.memory, &files, &w.trust, w.witness_key,
                                      WITNESS, NOW_MS, NULL),
                     HATS_OK);
    leave_note(&note, "w1");
    world_update(&w);
    entry_of(entry, 4);
    assert_int_equal(hats_log_writer_evidence(w.writer, &logged, entry, NULL), HATS_OK);
    assert_int_equal(logged.n_witnesses, 1);
    assert_int_equal(hats_cosign_verify(&time_s, logged.witnesses[0].bytes, &logged.by_log.head,
                                        hats_mldsa_public(w.witness_key), WITNESS, NULL),
                     HATS_OK);
    note.len = 0; /* the checkpoint is served with the witness's line */
    assert_int_equal(hats_log_checkpoint(&c, &note, &files, &w.trust, NOW_MS, NULL), HATS_OK);
    assert_int_equal(c.n_lines, 2);

    world_seal(&w, 5); /* the log goes on: old receipts keep the witnessed tree, new ones wait */
    world_update(&w);
    assert_int_equal(hats_log_writer_evidence(w.writer, &logged, entry, NULL), HATS_OK);
    assert_true(logged.n_witnesses == 1 && logged.by_log.head.size == 10);
    entry_of(entry, 12);
    assert_int_equal(hats_log_writer_evidence(w.writer, &logged, entry, NULL), HATS_OK);
    assert_true(logged.n_witnesses == 0 && logged.by_log.head.size == 15);
    reopen();
    entry_of(entry, 4);
    assert_int_equal(hats_log_writer_evidence(w.writer, &logged, entry, NULL), HATS_OK);
    assert_int_equal(logged.n_witnesses, 1);
    hats_buffer_clear(&note);
}

static void notes_that_are_not_ours_are_not_heard(void **state) {
    (void)state;
    struct hats_buffer note;
    struct hats_logged logged;
    uint8_t entry[32], cosignature[HATS_COSIGNATURE_LEN];
    struct hats_tree_head head;
    assert_int_equal(world_open_log(&w, NULL), HATS_OK);
    world_seal(&w, 2);
    world_update(&w);
    hats_log_writer_head(w.writer, &head);
    head.root[0] ^= 1; /* a tree that the log never signed */
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    assert_int_equal(hats_checkpoint_begin(&note, &head, NULL), HATS_OK);
    assert_int_equal(hats_cosign(cosignature, &head, w.witness_key, WITNESS, NOW_S, NULL), HATS_OK);
    hats_checkpoint_line(&note, ORIGIN, hats_mldsa_public(w.log_key), cosignature);
    hats_checkpoint_line(&note, WITNESS, hats_mldsa_public(w.witness_key), cosignature);
    leave_note(&note, "forged");
    note.len = 10;
    leave_note(&note, "cut");
    world_update(&w);
    entry_of(entry, 0);
    assert_int_equal(hats_log_writer_evidence(w.writer, &logged, entry, NULL), HATS_OK);
    assert_int_equal(logged.n_witnesses, 0);
    hats_buffer_clear(&note);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(the_folder_is_a_log_at_every_size),
        CASE(an_entry_that_is_not_signed_yet_is_not_proven),
        CASE(a_start_goes_on_where_the_log_stood),
        CASE(a_start_mends_tiles),
        CASE(the_folder_of_another_history_is_refused),
        CASE(the_folder_of_another_log_is_refused),
        CASE(a_folder_has_one_writer),
        CASE(receipts_carry_what_witnesses_saw),
        CASE(notes_that_are_not_ours_are_not_heard),
    };
    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
