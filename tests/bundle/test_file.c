#include "bundle/bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t word[] = "part";

static struct hats_bundle full(void) {
    struct hats_bundle b = {0};
    for (unsigned i = HATS_BUNDLE_RECEIPT; i < HATS_BUNDLE_END; i++) {
        b.part[i].data = word;
        b.part[i].len_bytes = i % 5;
    }
    return b;
}

static bool optional(unsigned part) {
    return part == HATS_BUNDLE_REGISTRATION || part >= HATS_BUNDLE_OUTPUT;
}

static void what_is_encoded_is_decoded(void **state) {
    (void)state;
    for (unsigned absent = 0; absent < HATS_BUNDLE_END; absent++) {
        struct hats_bundle b = full(), back;
        struct hats_buffer file;
        struct hats_error err = {0};
        hats_buffer_init(&file, 4096);
        hats_buffer_append(&file, "before", 6);
        if (absent >= HATS_BUNDLE_RECEIPT)
            b.part[absent].data = NULL;
        if (absent >= HATS_BUNDLE_RECEIPT && !optional(absent)) {
            assert_int_equal(hats_bundle_encode(&file, &b, &err), HATS_E_RANGE);
        } else {
            assert_int_equal(hats_bundle_encode(&file, &b, &err), HATS_OK);
            assert_true(hats_bundle_looks_like(file.data + 6, file.len - 6));
            assert_int_equal(hats_bundle_decode(&back, file.data + 6, file.len - 6, &err), HATS_OK);
            for (unsigned i = HATS_BUNDLE_RECEIPT; i < HATS_BUNDLE_END; i++) {
                assert_int_equal(back.part[i].data != NULL, i != absent);
                if (i == absent)
                    continue;
                assert_int_equal(back.part[i].len_bytes, i % 5);
                assert_memory_equal(back.part[i].data, word, i % 5);
            }
        }
        hats_buffer_clear(&file);
    }
}

static void every_length_but_its_own_is_refused(void **state) {
    (void)state;
    struct hats_bundle b = full(), back;
    struct hats_buffer file;
    struct hats_error err;
    hats_buffer_init(&file, 4096);
    assert_int_equal(hats_bundle_encode(&file, &b, &err), HATS_OK);
    for (size_t len = 0; len < file.len; len++) {
        assert_int_not_equal(hats_bundle_decode(&back, file.data, len, &err), HATS_OK);
        assert_null(back.part[HATS_BUNDLE_RECEIPT].data);
    }
    hats_buffer_append(&file, "", 1);
    assert_int_equal(hats_bundle_decode(&back, file.data, file.len, &err), HATS_E_MALFORMED);
    hats_buffer_clear(&file);
}

static void a_buffer_without_room_is_an_error(void **state) {
    (void)state;
    struct hats_bundle b = full();
    struct hats_buffer file;
    struct hats_error err;
    hats_buffer_init(&file, 64);
    assert_int_equal(hats_bundle_encode(&file, &b, &err), HATS_E_MEMORY);
    hats_buffer_clear(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_decoded),
        cmocka_unit_test(every_length_but_its_own_is_refused),
        cmocka_unit_test(a_buffer_without_room_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
