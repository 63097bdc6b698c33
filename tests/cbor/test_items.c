/* One item at a time: what the writer writes, the reader reads; and the reader's refusals. */
#include "base/random.h"
#include "cbor/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t edges[] = {
    0, 1, 23, 24, 255, 256, 65535, 65536, 0xffffffff, 0x100000000, UINT64_MAX - 1, UINT64_MAX,
};

static void integers_come_back_at_every_edge_of_the_heads(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        uint8_t bytes[9];
        uint64_t back;
        struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
        hats_cbor_put_uint(&w, edges[i]);
        assert_true(hats_writer_ok(&w));
        assert_int_equal(hats_writer_len(&w), hats_cbor_head_len(edges[i]));
        assert_int_equal(hats_cbor_validate(bytes, hats_writer_len(&w), NULL), HATS_OK);
        struct hats_reader r = hats_reader_of(bytes, hats_writer_len(&w));
        assert_true(hats_cbor_get_uint(&r, &back));
        assert_true(back == edges[i] && hats_reader_done(&r));
    }
}

static void signed_integers_come_back_on_both_sides_of_zero(void **state) {
    (void)state;
    static const int64_t values[] = {
        0, -1, -24, -25, -256, -257, -65536, -65537, -4294967296, -4294967297, INT64_MIN, INT64_MAX,
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[9];
        int64_t back;
        struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
        hats_cbor_put_int(&w, values[i]);
        assert_int_equal(hats_cbor_validate(bytes, hats_writer_len(&w), NULL), HATS_OK);
        struct hats_reader r = hats_reader_of(bytes, hats_writer_len(&w));
        assert_true(hats_cbor_get_int(&r, &back));
        assert_true(back == values[i] && hats_reader_done(&r));
    }
}

static void an_integer_that_does_not_fit_is_refused(void **state) {
    (void)state;
    static const uint8_t above[] = {0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0};
    int64_t v = 7;
    struct hats_reader r = hats_reader_of(above, sizeof above);
    assert_false(hats_cbor_get_int(&r, &v));
    assert_true(v == 0 && r.failed);
}

static size_t put_everything(uint8_t *out, size_t cap) {
    struct hats_writer w = hats_writer_of(out, cap);
    hats_cbor_put_tag(&w, HATS_CBOR_TAG_SIGN1);
    hats_cbor_put_array(&w, 5);
    hats_cbor_put_bytes(&w, "\x01\x02", 2);
    hats_cbor_put_text(&w, "wdbc");
    hats_cbor_put_map(&w, 2);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_bool(&w, true);
    hats_cbor_put_int(&w, -1);
    hats_cbor_put_null(&w);
    hats_cbor_put_bool(&w, false);
    hats_cbor_put_bytes_head(&w, 3);
    hats_write_bytes(&w, "abc", 3);
    assert_true(hats_writer_ok(&w));
    return hats_writer_len(&w);
}

static void every_kind_of_item_is_written_and_read(void **state) {
    (void)state;
    uint8_t bytes[64], two[2];
    const uint8_t *span;
    char text[5];
    size_t n, len = put_everything(bytes, sizeof bytes);
    uint64_t u;
    int64_t i;
    bool b;
    assert_int_equal(hats_cbor_validate(bytes, len, NULL), HATS_OK);
    struct hats_reader r = hats_reader_of(bytes, len);
    assert_int_equal(hats_cbor_peek(&r), HATS_CBOR_TAG);
    assert_true(hats_cbor_get_tag(&r, HATS_CBOR_TAG_SIGN1));
    assert_true(hats_cbor_get_array(&r, &n) && n == 5);
    assert_true(hats_cbor_get_bytes_exact(&r, two, 2) && two[0] == 1 && two[1] == 2);
    assert_true(hats_cbor_get_string(&r, text, sizeof text));
    assert_string_equal(text, "wdbc");
    assert_true(hats_cbor_get_map(&r, &n) && n == 2);
    assert_true(hats_cbor_get_uint(&r, &u) && u == 1);
    assert_true(hats_cbor_get_bool(&r, &b) && b);
    assert_int_equal(hats_cbor_peek(&r), HATS_CBOR_NINT);
    assert_true(hats_cbor_get_int(&r, &i) && i == -1);
    assert_true(hats_cbor_get_null(&r));
    assert_false(hats_cbor_take_null(&r));
    assert_int_equal(hats_cbor_peek(&r), HATS_CBOR_BOOL);
    assert_true(hats_cbor_get_bool(&r, &b) && !b);
    assert_true(hats_cbor_get_bytes(&r, &span, &n) && n == 3 && memcmp(span, "abc", 3) == 0);
    assert_true(hats_reader_done(&r));
    assert_int_equal(hats_cbor_peek(&r), HATS_CBOR_NONE);
}

static void skip_takes_one_whole_item(void **state) {
    (void)state;
    uint8_t bytes[65];
    const uint8_t *span;
    size_t n, len = put_everything(bytes, sizeof bytes - 1);
    bytes[len] = 0x07;
    struct hats_reader r = hats_reader_of(bytes, len + 1);
    assert_true(hats_cbor_get_item(&r, &span, &n));
    assert_true(span == bytes && n == len);
    assert_true(hats_cbor_skip(&r));
    assert_true(hats_reader_done(&r));
    for (size_t cut = 0; cut < len; cut++) {
        r = hats_reader_of(bytes, cut);
        assert_false(hats_cbor_skip(&r));
    }
}

static void a_count_beyond_the_bytes_left_is_refused(void **state) {
    (void)state;
    static const uint8_t array[] = {0x9a, 0xff, 0xff, 0xff, 0xff, 0};
    static const uint8_t map[] = {0xa2, 1, 2, 3};
    static const uint8_t nested[] = {0x82, 0x82, 0x00};
    size_t n = 9;
    struct hats_reader r = hats_reader_of(array, sizeof array);
    assert_false(hats_cbor_get_array(&r, &n));
    assert_int_equal(n, 0);
    r = hats_reader_of(map, sizeof map);
    assert_false(hats_cbor_get_map(&r, &n));
    r = hats_reader_of(nested, sizeof nested);
    assert_false(hats_cbor_skip(&r));
}

static void a_getter_refuses_every_other_kind_and_stays_failed(void **state) {
    (void)state;
    static const uint8_t items[][3] = {{0x01, 1}, {0x20, 1}, {0x41, 0}, {0x61, 'a'},
                                       {0x80, 1}, {0xa0, 1}, {0xf5, 1}, {0xf6, 1}};
    static const size_t lens[] = {1, 1, 2, 2, 1, 1, 1, 1};
    for (size_t i = 0; i < 8; i++) {
        struct hats_reader r[8];
        const uint8_t *bytes;
        const char *text;
        uint64_t u;
        int64_t s;
        size_t n;
        bool b;
        for (size_t k = 0; k < 8; k++)
            r[k] = hats_reader_of(items[i], lens[i]);
        assert_int_equal(hats_cbor_get_uint(&r[0], &u), i == 0);
        assert_int_equal(hats_cbor_get_int(&r[1], &s), i == 0 || i == 1);
        assert_int_equal(hats_cbor_get_bytes(&r[2], &bytes, &n), i == 2);
        assert_int_equal(hats_cbor_get_text(&r[3], &text, &n), i == 3);
        assert_int_equal(hats_cbor_get_array(&r[4], &n), i == 4);
        assert_int_equal(hats_cbor_get_map(&r[5], &n), i == 5);
        assert_int_equal(hats_cbor_get_bool(&r[6], &b), i == 6);
        assert_int_equal(hats_cbor_get_null(&r[7]), i == 7);
        for (size_t k = 0; k < 8; k++)
            if (r[k].failed)
                assert_false(hats_cbor_skip(&r[k]));
    }
}

static void strings_keep_their_bounds(void **state) {
    (void)state;
    static const uint8_t text[] = {0x63, 'a', 'b', 'c'};
    static const uint8_t with_zero[] = {0x63, 'a', 0, 'c'};
    char out[4];
    uint8_t two[2] = {9, 9};
    struct hats_reader r = hats_reader_of(text, sizeof text);
    assert_true(hats_cbor_get_string(&r, out, 4));
    r = hats_reader_of(text, sizeof text);
    assert_false(hats_cbor_get_string(&r, out, 3));
    assert_int_equal(out[0], 0);
    r = hats_reader_of(with_zero, sizeof with_zero);
    assert_false(hats_cbor_get_string(&r, out, 4));
    r = hats_reader_of("\x43\x01\x02\x03", 4);
    assert_false(hats_cbor_get_bytes_exact(&r, two, 2));
    assert_int_equal(two[0], 0);
    r = hats_reader_of("\xc1\x00", 2);
    assert_false(hats_cbor_get_tag(&r, HATS_CBOR_TAG_SIGN1));
}

static void a_writer_that_is_full_fails(void **state) {
    (void)state;
    uint8_t bytes[4];
    struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
    hats_cbor_put_text(&w, "wdbc");
    assert_false(hats_writer_ok(&w));
}

/* A random item of the profile, of at most `depth` levels. */
static void put_random(struct hats_writer *w, unsigned depth) {
    uint8_t noise[32];
    size_t n = (size_t)rand() % 4;
    switch (rand() % (depth == 0 ? 5 : 8)) {
    case 0: hats_cbor_put_uint(w, edges[(size_t)rand() % (sizeof edges / sizeof edges[0])]); return;
    case 1: hats_cbor_put_int(w, -1 - rand()); return;
    case 2:
        memset(noise, rand() & 0xff, sizeof noise);
        hats_cbor_put_bytes(w, noise, (size_t)rand() % sizeof noise);
        return;
    case 3: hats_cbor_put_text(w, "\xc3\xbc"); return;
    case 4: hats_cbor_put_null(w); return;
    case 5:
        hats_cbor_put_array(w, n);
        for (size_t i = 0; i < n; i++)
            put_random(w, depth - 1);
        return;
    case 6:
        hats_cbor_put_map(w, n);
        for (size_t i = 0; i < n; i++) {
            hats_cbor_put_uint(w, edges[i]);
            put_random(w, depth - 1);
        }
        return;
    default: hats_cbor_put_tag(w, HATS_CBOR_TAG_SIGN1); put_random(w, depth - 1);
    }
}

static void whatever_the_writer_writes_is_valid_and_one_item(void **state) {
    (void)state;
    unsigned seed;
    uint8_t bytes[65536];
    assert_int_equal(hats_random(&seed, sizeof seed), HATS_OK);
    print_message("# seed %u\n", seed);
    srand(seed);
    for (unsigned i = 0; i < 2000; i++) {
        struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
        struct hats_error err;
        put_random(&w, 6);
        assert_true(hats_writer_ok(&w));
        if (hats_cbor_validate(bytes, hats_writer_len(&w), &err) != HATS_OK)
            fail_msg("seed %u, item %u: %s", seed, i, err.text);
        struct hats_reader r = hats_reader_of(bytes, hats_writer_len(&w));
        assert_true(hats_cbor_skip(&r) && hats_reader_done(&r));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_come_back_at_every_edge_of_the_heads),
        cmocka_unit_test(signed_integers_come_back_on_both_sides_of_zero),
        cmocka_unit_test(an_integer_that_does_not_fit_is_refused),
        cmocka_unit_test(every_kind_of_item_is_written_and_read),
        cmocka_unit_test(skip_takes_one_whole_item),
        cmocka_unit_test(a_count_beyond_the_bytes_left_is_refused),
        cmocka_unit_test(a_getter_refuses_every_other_kind_and_stays_failed),
        cmocka_unit_test(strings_keep_their_bounds),
        cmocka_unit_test(a_writer_that_is_full_fails),
        cmocka_unit_test(whatever_the_writer_writes_is_valid_and_one_item),
    };
    return cmocka_run_group_tests_name("cbor items", tests, NULL, NULL);
}
