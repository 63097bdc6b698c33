#include "wire/oip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t core[3] = {1, 2, 3};
static const uint8_t ciphertext[1000] = {9, 8, 7};

static void build(struct hats_buffer *body, size_t *json_len) {
    const struct hats_oip_tensor inputs[2] = {{"hats.core", core, sizeof core},
                                              {"hats.ciphertext", ciphertext, sizeof ciphertext}};
    hats_buffer_init(body, 65536);
    hats_oip_request(body, json_len, "42", inputs, 2);
    assert_false(body->failed);
}

static hats_status parse(const uint8_t *body, size_t len, size_t json_len, struct hats_error *err) {
    struct hats_oip_tensor in[2] = {{.name = "hats.core"}, {.name = "hats.ciphertext"}};
    char id[64];
    return hats_oip_parse(in, 2, 2, id, "inputs", body, len, json_len, err);
}

static void a_request_comes_back_as_it_went(void **state) {
    (void)state;
    struct hats_buffer body;
    size_t json_len = 0;
    build(&body, &json_len);
    struct hats_oip_tensor in[2] = {{.name = "hats.ciphertext"}, {.name = "hats.core"}};
    char id[64];
    assert_int_equal(hats_oip_parse(in, 2, 2, id, "inputs", body.data, body.len, json_len, NULL),
                     HATS_OK);
    assert_string_equal(id, "42");
    assert_int_equal(in[0].len_bytes, sizeof ciphertext);
    assert_memory_equal(in[0].data, ciphertext, sizeof ciphertext);
    assert_int_equal(in[1].len_bytes, sizeof core);
    assert_memory_equal(in[1].data, core, sizeof core);
    assert_true(body.len <= hats_oip_overhead(2) + sizeof core + sizeof ciphertext);
    hats_buffer_clear(&body);
}

static void a_tensor_that_is_not_needed_may_be_missing_and_no_other(void **state) {
    (void)state;
    struct hats_buffer body;
    size_t json_len = 0;
    build(&body, &json_len);
    struct hats_oip_tensor in[3] = {
        {.name = "hats.ciphertext"}, {.name = "hats.core"}, {.name = "hats.proof"}};
    assert_int_equal(hats_oip_parse(in, 3, 1, NULL, "inputs", body.data, body.len, json_len, NULL),
                     HATS_OK);
    assert_int_equal(in[1].len_bytes, sizeof core);
    assert_null(in[2].data);
    struct hats_oip_tensor other[3] = {
        {.name = "hats.proof"}, {.name = "hats.core"}, {.name = "hats.ciphertext"}};
    assert_int_equal(
        hats_oip_parse(other, 3, 1, NULL, "inputs", body.data, body.len, json_len, NULL),
        HATS_E_MALFORMED);
    assert_int_equal(hats_oip_parse(in, 1, 1, NULL, "inputs", body.data, body.len, json_len, NULL),
                     HATS_E_MALFORMED);
    hats_buffer_clear(&body);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    struct hats_buffer body;
    size_t json_len = 0;
    build(&body, &json_len);
    for (size_t cut = 0; cut < body.len; cut++)
        assert_int_not_equal(parse(body.data, cut, json_len, NULL), HATS_OK);
    hats_buffer_clear(&body);
}

static void bytes_after_the_last_tensor_are_refused(void **state) {
    (void)state;
    struct hats_buffer body;
    struct hats_error err = {0};
    size_t json_len = 0;
    build(&body, &json_len);
    hats_buffer_append(&body, "x", 1);
    assert_int_equal(parse(body.data, body.len, json_len, &err), HATS_E_MALFORMED);
    assert_non_null(strstr(err.text, "follow the last tensor"));
    hats_buffer_clear(&body);
}

static void refuse_json(const char *json, hats_status want, const char *word) {
    uint8_t body[512];
    struct hats_error err = {0};
    size_t json_len = strlen(json);
    memcpy(body, json, json_len);
    memcpy(body + json_len, "\1\0\0\0a\1\0\0\0b", 10);
    assert_int_equal(parse(body, json_len + 10, json_len, &err), want);
    if (strstr(err.text, word) == NULL)
        fail_msg("'%s' does not speak of '%s'", err.text, word);
}

#define CORE                                                                        \
    "{\"name\":\"hats.core\",\"shape\":[1],\"datatype\":\"BYTES\",\"parameters\":{" \
    "\"binary_data_size\":5}}"
#define CT                                                                                \
    "{\"name\":\"hats.ciphertext\",\"shape\":[1],\"datatype\":\"BYTES\",\"parameters\":{" \
    "\"binary_data_size\":5}}"

static void each_defect_of_the_json_header_is_named(void **state) {
    (void)state;
    refuse_json("{", HATS_E_MALFORMED, "JSON header");
    refuse_json("{\"inputs\":[" CORE "]}", HATS_E_MALFORMED, "must list 2 tensors");
    refuse_json("{\"inputs\":[" CORE "," CORE "]}", HATS_E_MALFORMED, "twice");
    refuse_json("{\"inputs\":[" CORE ",{\"name\":\"other\"}]}", HATS_E_MALFORMED,
                "does not belong here");
    refuse_json("{\"inputs\":[" CORE ",{\"name\":\"hats.ciphertext\",\"shape\":[1],\"datatype\":"
                "\"FP32\"}]}",
                HATS_E_MALFORMED, "must be BYTES");
    refuse_json("{\"inputs\":[" CORE ",{\"name\":\"hats.ciphertext\",\"shape\":[1],\"datatype\":"
                "\"BYTES\",\"data\":[\"x\"]}]}",
                HATS_E_UNSUPPORTED, "binary");
    refuse_json("{\"inputs\":[" CORE ",{\"name\":\"hats.ciphertext\",\"shape\":[1],\"datatype\":"
                "\"BYTES\",\"parameters\":{\"binary_data_size\":99}}]}",
                HATS_E_MALFORMED, "disagree");
    refuse_json("{\"inputs\":[" CORE ",{\"name\":\"hats.ciphertext\",\"shape\":[1],\"datatype\":"
                "\"BYTES\",\"parameters\":{\"binary_data_size\":-1}}]}",
                HATS_E_MALFORMED, "disagree");
    refuse_json("{\"inputs\":[],\"inputs\":[" CORE "," CT "]}", HATS_E_MALFORMED, "JSON header");
}

static void the_same_header_without_a_defect_is_taken(void **state) {
    (void)state;
    const char json[] = "{\"inputs\":[" CORE "," CT "]}";
    uint8_t body[512];
    memcpy(body, json, sizeof json - 1);
    memcpy(body + sizeof json - 1, "\1\0\0\0a\1\0\0\0b", 10);
    assert_int_equal(parse(body, sizeof json - 1 + 10, sizeof json - 1, NULL), HATS_OK);
}

static void an_id_that_is_cut_can_still_be_sent_back(void **state) {
    (void)state;
    for (size_t n = 58; n <= 66; n++) {
        uint8_t body[512];
        char long_id[80], json[400], id[64];
        struct hats_oip_tensor in[2] = {{.name = "hats.core"}, {.name = "hats.ciphertext"}};
        struct hats_buffer out;
        size_t json_len = 0;
        memset(long_id, 'a', n);
        memcpy(long_id + n, "\xf0\x9f\x98\x80", 5);
        snprintf(json, sizeof json, "{\"id\":\"%s\",\"inputs\":[" CORE "," CT "]}", long_id);
        memcpy(body, json, strlen(json));
        memcpy(body + strlen(json), "\1\0\0\0a\1\0\0\0b", 10);
        assert_int_equal(
            hats_oip_parse(in, 2, 2, id, "inputs", body, strlen(json) + 10, strlen(json), NULL),
            HATS_OK);
        assert_int_equal(strlen(id), n + 4 <= 63 ? n + 4 : n < 63 ? n : 63);
        assert_memory_equal(id, long_id, strlen(id));
        hats_buffer_init(&out, 65536);
        hats_oip_response(&out, &json_len, "score", id, in, 2);
        assert_false(out.failed);
        hats_buffer_clear(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_back_as_it_went),
        cmocka_unit_test(a_tensor_that_is_not_needed_may_be_missing_and_no_other),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(bytes_after_the_last_tensor_are_refused),
        cmocka_unit_test(each_defect_of_the_json_header_is_named),
        cmocka_unit_test(the_same_header_without_a_defect_is_taken),
        cmocka_unit_test(an_id_that_is_cut_can_still_be_sent_back),
    };
    return cmocka_run_group_tests_name("oip", tests, NULL, NULL);
}
