#include "fixture.h"

#include <sqlite3.h>

static struct fixture f;
static int64_t tenant;

static int make(void **state) {
    (void)state;
    fixture_make(&f);
    assert_int_equal(fixture_open(&f, NULL), HATS_OK);
    tenant = add_tenant(f.store, "alpha", 1); /* and its session: one receipt */
    add_key(f.store, tenant, 1);
    return 0;
}

static int drop(void **state) {
    (void)state;
    fixture_remove(&f);
    return 0;
}

static void seal(uint32_t i, bool wins) {
    struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
    struct hats_store_accept_result r;
    bool won;
    assert_int_equal(hats_store_call_accept(f.store, &r, &a, NULL), HATS_OK);
    struct hats_store_seal s = seal_of(&a, "answer", 1001);
    assert_int_equal(hats_store_call_seal(f.store, &won, &s, NULL), HATS_OK);
    assert_true(won == wins);
}

static uint64_t size(void) {
    uint64_t n;
    assert_int_equal(hats_store_log_size(f.store, &n, NULL), HATS_OK);
    return n;
}

static void receipts_stand_in_the_order_of_their_sealing(void **state) {
    (void)state;
    static const uint32_t order[] = {4, 2, 9, 0};
    uint8_t entries[8][32], expected[32];
    uint64_t index;
    size_t n;
    assert_true(size() == 1);
    for (size_t i = 0; i < 4; i++)
        seal(order[i], true);
    assert_true(size() == 5);
    assert_int_equal(hats_store_log_read(f.store, entries[0], &n, 1, 8, NULL), HATS_OK);
    assert_int_equal(n, 4);
    for (size_t i = 0; i < 4; i++) {
        fill(expected, 'I', order[i]);
        assert_memory_equal(entries[i], expected, 32);
        assert_int_equal(hats_store_log_index(f.store, &index, expected, NULL), HATS_OK);
        assert_true(index == i + 1);
    }
    assert_int_equal(hats_store_log_read(f.store, entries[0], &n, 2, 2, NULL), HATS_OK);
    assert_int_equal(n, 2);
    assert_int_equal(hats_store_log_read(f.store, entries[0], &n, 5, 2, NULL), HATS_OK);
    assert_int_equal(n, 0);
    fill(expected, 'I', 77);
    assert_int_equal(hats_store_log_index(f.store, &index, expected, NULL), HATS_E_NOT_FOUND);
}

static void a_call_that_was_sealed_before_takes_no_second_place(void **state) {
    (void)state;
    seal(1, true);
    seal(1, false);
    assert_true(size() == 2);
}

static void a_sealing_that_fails_takes_no_place(void **state) {
    (void)state;
    struct hats_store_accept a = accept_of(tenant, 1, 1, 1000);
    struct hats_store_seal s = seal_of(&a, "answer", 1001);
    bool won;
    assert_int_equal(hats_store_call_seal(f.store, &won, &s, NULL), HATS_E_NOT_FOUND);
    seal(0, true);
    struct hats_store_accept_result r;
    assert_int_equal(hats_store_call_accept(f.store, &r, &a, NULL), HATS_OK);
    fill(s.receipt_id, 'I', 0); /* of the call before */
    assert_int_not_equal(hats_store_call_seal(f.store, &won, &s, NULL), HATS_OK);
    assert_true(size() == 2);
    seal(2, true);
    assert_true(size() == 3);
}

static int change_file(const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return rc;
}

static void the_file_refuses_to_change_its_log(void **state) {
    (void)state;
    seal(0, true);
    seal(1, true);
    assert_int_equal(change_file("DELETE FROM log WHERE idx = 1"), SQLITE_CONSTRAINT);
    assert_int_equal(change_file("UPDATE log SET idx = 7 WHERE idx = 2"), SQLITE_CONSTRAINT);
    assert_int_equal(change_file("INSERT INTO log VALUES (9, x'00')"), SQLITE_CONSTRAINT);
    assert_true(size() == 3);
}

static void a_log_with_a_gap_is_not_read_over(void **state) {
    (void)state;
    uint8_t entries[4][32];
    size_t n;
    seal(0, true);
    seal(1, true);
    assert_int_equal(change_file("DROP TRIGGER log_is_kept; DELETE FROM log WHERE idx = 1"),
                     SQLITE_OK);
    assert_int_equal(hats_store_log_read(f.store, entries[0], &n, 0, 4, NULL), HATS_E_IO);
    assert_int_equal(n, 0);
}

static void receipts_of_an_older_file_come_first(void **state) {
    (void)state;
    uint8_t before[4][32], after[4][32];
    size_t n;
    seal(3, true);
    seal(1, true);
    assert_int_equal(hats_store_log_read(f.store, before[0], &n, 0, 4, NULL), HATS_OK);
    assert_int_equal(n, 3);
    hats_store_close(f.store);
    f.store = NULL;
    assert_int_equal(change_file("DROP TABLE log; UPDATE meta SET value = 2 WHERE key = 'schema'"),
                     SQLITE_OK);
    fixture_reopen(&f);
    assert_int_equal(hats_store_log_read(f.store, after[0], &n, 0, 4, NULL), HATS_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(after, before, 96);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(receipts_stand_in_the_order_of_their_sealing),
        CASE(a_call_that_was_sealed_before_takes_no_second_place),
        CASE(a_sealing_that_fails_takes_no_place),
        CASE(the_file_refuses_to_change_its_log),
        CASE(a_log_with_a_gap_is_not_read_over),
        CASE(receipts_of_an_older_file_come_first),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
