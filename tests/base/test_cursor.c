#include "base/bytes.h"
#include "base/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_reader_never_passes_its_end(void **state) {
    (void)state;
    const uint8_t data[5] = {1, 2, 3, 4, 5};
    struct hats_reader r = hats_reader_of(data, sizeof data);
    assert_int_equal(hats_read_be32(&r), 0x01020304);
    assert_int_equal(hats_read_be16(&r), 0);
    assert_true(r.failed);
    assert_int_equal(hats_read_u8(&r), 0); /* failed for good, although one byte is left */
    assert_false(hats_reader_done(&r));
}

static void a_reader_is_done_only_without_a_rest(void **state) {
    (void)state;
    const uint8_t data[2] = {7, 8};
    struct hats_reader r = hats_reader_of(data, 2);
    (void)hats_read_u8(&r);
    assert_false(hats_reader_done(&r));
    (void)hats_read_u8(&r);
    assert_true(hats_reader_done(&r));
}

static void a_tag_must_match(void **state) {
    (void)state;
    struct hats_reader r = hats_reader_of("HATS-X", 6);
    hats_read_tag(&r, "HATS-Y", 6);
    assert_true(r.failed);
}

static void a_writer_refuses_what_does_not_fit(void **state) {
    (void)state;
    uint8_t out[10];
    struct hats_writer w = hats_writer_of(out, sizeof out);
    hats_write_be64(&w, 0x0102030405060708);
    hats_write_be32(&w, 1);
    assert_false(hats_writer_ok(&w));
    assert_int_equal(hats_writer_len(&w), 8);
    hats_write_u8(&w, 1);
    assert_int_equal(hats_writer_len(&w), 8);
}

static void a_tag_is_padded_with_zeros_to_sixteen(void **state) {
    (void)state;
    uint8_t out[16];
    struct hats_writer w = hats_writer_of(out, sizeof out);
    hats_write_tag16(&w, "HATS-REQ-1");
    assert_true(hats_writer_ok(&w));
    assert_memory_equal(out, "HATS-REQ-1\0\0\0\0\0\0", 16);
}

static void a_buffer_stops_at_its_bound(void **state) {
    (void)state;
    struct hats_buffer b;
    hats_buffer_init(&b, 1000);
    uint8_t chunk[300] = {9};
    for (int i = 0; i < 3; i++)
        hats_buffer_append(&b, chunk, sizeof chunk);
    assert_false(b.failed);
    hats_buffer_append(&b, chunk, sizeof chunk);
    assert_true(b.failed);
    assert_int_equal(b.len, 900);
    hats_buffer_clear(&b);
    assert_null(b.data);
}

static void a_buffer_prints(void **state) {
    (void)state;
    struct hats_buffer b;
    hats_buffer_init(&b, 64);
    hats_buffer_printf(&b, "%d-%s", 42, "x");
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.data, "42-x", 4);
    hats_buffer_clear(&b);
}

static void words_round_trip_in_both_orders(void **state) {
    (void)state;
    uint8_t p[8];
    hats_store_be64(p, 0x0102030405060708);
    assert_int_equal(p[0], 1);
    assert_int_equal(hats_load_be64(p), 0x0102030405060708);
    hats_store_le64(p, 0x0102030405060708);
    assert_int_equal(p[0], 8);
    assert_int_equal(hats_load_le64(p), 0x0102030405060708);
    assert_true(hats_equal_ct(p, p, 8));
    assert_false(hats_equal_ct(p, "abcdefgh", 8));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_never_passes_its_end),
        cmocka_unit_test(a_reader_is_done_only_without_a_rest),
        cmocka_unit_test(a_tag_must_match),
        cmocka_unit_test(a_writer_refuses_what_does_not_fit),
        cmocka_unit_test(a_tag_is_padded_with_zeros_to_sixteen),
        cmocka_unit_test(a_buffer_stops_at_its_bound),
        cmocka_unit_test(a_buffer_prints),
        cmocka_unit_test(words_round_trip_in_both_orders),
    };
    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
