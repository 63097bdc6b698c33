#include "base/text.h"
#include "cbor/cbor.h"
#include "evidence/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TYPE HATS_TYPE_RECEIPT
#define TIME_S 1790000000ull

static const uint8_t payload[] = {0xa1, 0x01, 0x01};
static const uint8_t no_header[] = {0xa0};
static struct hats_sign_key *signer;

/* The example key of RFC 9964 for ML-DSA-65: seed of 32 zero bytes. kid and public key as printed in the
 * examples of the working group's repository, cose-wg/draft-ietf-cose-dilithium,
 * examples/cose/examples/ML_DSA_65.cose.json. */
static void the_thumbprint_is_that_of_the_published_example(void **state) {
    (void)state;
    static const char kid[] = "b788acf242f1f1d6532926d816e76e1636874267f2a48c84c4e65789ab80cc02";
    static const char begins[] = "424b2f267e58d5b3b44d71acfc6a656bb26950d57c61db1c880bcfa1feab443f";
    uint8_t expected[32], seed[HATS_MLDSA_SEED_LEN] = {0}, got[32];
    struct hats_sign_key *key = NULL;
    struct hats_error err;
    assert_int_equal(hats_mldsa_from_seed(&key, HATS_MLDSA_65, seed, &err), HATS_OK);
    assert_true(hats_hex_decode(expected, 32, begins, 64));
    assert_memory_equal(hats_mldsa_public(key), expected, 32);
    assert_true(hats_hex_decode(expected, 32, kid, 64));
    hats_cose_thumbprint_of(got, key);
    assert_memory_equal(got, expected, 32);
    hats_mldsa_free(key);
}

static void algorithms_have_the_numbers_of_the_registry(void **state) {
    (void)state;
    enum hats_mldsa_level level;
    assert_int_equal(hats_cose_alg(HATS_MLDSA_44), -48);
    assert_int_equal(hats_cose_alg(HATS_MLDSA_65), -49);
    assert_int_equal(hats_cose_alg(HATS_MLDSA_87), -50);
    assert_true(hats_cose_level(&level, -50) && level == HATS_MLDSA_87);
    assert_false(hats_cose_level(&level, -7)); /* ES256 */
    assert_false(hats_cose_level(&level, 49));
}

static void what_is_signed_is_parsed_and_verified_at_every_level(void **state) {
    (void)state;
    static const enum hats_mldsa_level levels[] = {HATS_MLDSA_44, HATS_MLDSA_65, HATS_MLDSA_87};
    for (size_t i = 0; i < 3; i++) {
        struct hats_sign_key *key = sample_key(levels[i], 9);
        struct hats_buffer file;
        struct hats_cose c;
        struct hats_error err;
        uint8_t kid[HATS_THUMBPRINT_LEN];
        hats_buffer_init(&file, HATS_COSE_MAX_BYTES);
        assert_int_equal(
            hats_cose_sign(&file, key, TYPE, "me", TIME_S, payload, sizeof payload, &err), HATS_OK);
        if (hats_cose_parse(&c, file.data, file.len, TYPE, &err) != HATS_OK)
            fail_msg("%s", err.text);
        hats_cose_thumbprint_of(kid, key);
        assert_memory_equal(c.kid, kid, sizeof kid);
        assert_int_equal(c.level, levels[i]);
        assert_string_equal(c.issuer, "me");
        assert_string_equal(c.type, TYPE);
        assert_true(c.issued_s == TIME_S);
        assert_int_equal(c.payload_len, sizeof payload);
        assert_memory_equal(c.payload, payload, sizeof payload);
        assert_int_equal(
            hats_cose_verify(&c, hats_mldsa_public(key), hats_mldsa_public_len(levels[i]), &err),
            HATS_OK);
        hats_buffer_clear(&file);
        hats_mldsa_free(key);
    }
}

static void assert_raw(const uint8_t *header, size_t header_len, const uint8_t *unprotected,
                       size_t unprotected_len, const uint8_t *body, size_t body_len,
                       hats_status expected, const char *reason) {
    struct hats_buffer file;
    struct hats_cose c;
    struct hats_error err = {0};
    hats_buffer_init(&file, HATS_COSE_MAX_BYTES);
    sign_raw(&file, signer, header, header_len, unprotected, unprotected_len, body, body_len,
             "Signature1");
    hats_status s = hats_cose_parse(&c, file.data, file.len, TYPE, &err);
    if (s != expected || (expected != HATS_OK && strstr(err.text, reason) == NULL))
        fail_msg("%s: %s", hats_status_name(s), err.text);
    if (s != HATS_OK)
        assert_true(c.payload == NULL && c.signature == NULL);
    hats_buffer_clear(&file);
}

static void assert_header(const uint8_t *header, size_t len, hats_status expected,
                          const char *reason) {
    assert_raw(header, len, no_header, sizeof no_header, payload, sizeof payload, expected, reason);
}

static void the_raw_signer_of_these_tests_writes_what_the_library_reads(void **state) {
    (void)state;
    uint8_t header[512];
    size_t len = raw_header(header, sizeof header, signer, -49, TYPE, "me", TIME_S);
    assert_header(header, len, HATS_OK, "");
}

static void another_algorithm_type_or_text_in_the_header_is_refused(void **state) {
    (void)state;
    uint8_t header[512];
    size_t len = raw_header(header, sizeof header, signer, -7, TYPE, "me", TIME_S);
    assert_header(header, len, HATS_E_UNSUPPORTED, "alg -7 is not ML-DSA");
    len = raw_header(header, sizeof header, signer, -48, TYPE, "me", TIME_S);
    assert_header(header, len, HATS_E_MALFORMED, "ML-DSA-44 signatures have 2420");
    len = raw_header(header, sizeof header, signer, -49, HATS_TYPE_MODEL, "me", TIME_S);
    assert_header(header, len, HATS_E_UNSUPPORTED, "typ (16)");
    len = raw_header(header, sizeof header, signer, -49, TYPE, "a\x1b[2J", TIME_S);
    assert_header(header, len, HATS_E_MALFORMED, "iss (15/1)");
    len = raw_header(header, sizeof header, signer, -49, TYPE, "me", UINT64_MAX);
    assert_header(header, len, HATS_E_MALFORMED, "iat (15/6)");
}

/* The header with its n-th parameter (label and value) left out. */
static size_t without(uint8_t *out, const uint8_t *header, size_t len, size_t n_out) {
    struct hats_reader r = hats_reader_of(header, len);
    struct hats_writer w = hats_writer_of(out, len);
    size_t n;
    assert_true(hats_cbor_get_map(&r, &n));
    hats_cbor_put_map(&w, n - 1);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *label, *value;
        size_t label_len, value_len;
        assert_true(hats_cbor_get_item(&r, &label, &label_len));
        assert_true(hats_cbor_get_item(&r, &value, &value_len));
        if (i == n_out)
            continue;
        hats_write_bytes(&w, label, label_len);
        hats_write_bytes(&w, value, value_len);
    }
    assert_true(hats_writer_ok(&w));
    return hats_writer_len(&w);
}

static void the_header_holds_exactly_its_five_parameters(void **state) {
    (void)state;
    uint8_t header[512], less[512], more[520];
    size_t len = raw_header(header, sizeof header, signer, -49, TYPE, "me", TIME_S);
    for (size_t i = 0; i < 5; i++)
        assert_header(less, without(less, header, len, i), HATS_E_UNSUPPORTED, "exactly alg");
    memcpy(more, header, len);
    more[0] = 0xa6;
    memcpy(more + len, "\x18\x21\x40", 3); /* x5chain */
    assert_header(more, len + 3, HATS_E_UNSUPPORTED, "exactly alg");
    memcpy(more, header, len);
    more[0] = 0xa6;
    memcpy(more + len, "\x02\x80", 2); /* crit, out of order */
    assert_header(more, len + 2, HATS_E_CANONICAL, "out of order");
    assert_header((const uint8_t *)"", 0, HATS_E_MALFORMED, "protected header");
    assert_header((const uint8_t *)"\x80", 1, HATS_E_UNSUPPORTED, "not a map");
}

static void each_parameter_has_its_type(void **state) {
    (void)state;
    /* In the header that raw_header writes: what is replaced by a zero of the same length. */
    static const struct {
        const char *from, *to, *reason;
        size_t len;
    } swaps[] = {
        {"\x01\x38\x30", "\x02\x38\x30", "alg (1)", 3},
        {"\x03\x70", "\x03\x50", "content type (3)", 2},
        {"bor\x04\x58\x20", "bor\x05\x58\x20", "kid (4)", 6},
        {"\x0f\xa2\x01\x62", "\x0f\xa2\x02\x62", "iss (15/1)", 4},
        {"\x0f\xa2\x01\x62", "\x0f\xa2\x01\x42", "iss (15/1)", 4},
        {"me\x06\x1a", "me\x07\x1a", "iat (15/6)", 4},
        {"me\x06\x1a", "me\x06\x3a", "iat (15/6)", 4},
        {"\x10\x78", "\x11\x78", "typ (16)", 2},
        {"\x10\x78", "\x10\x58", "typ (16)", 2},
        {"application/cbor", "application/json", "content type (3)", 16},
    };
    for (size_t i = 0; i < sizeof swaps / sizeof swaps[0]; i++) {
        uint8_t header[512];
        size_t len = raw_header(header, sizeof header, signer, -49, TYPE, "me", TIME_S);
        uint8_t *at = memmem(header, len, swaps[i].from, swaps[i].len);
        struct hats_error err;
        struct hats_buffer file;
        struct hats_cose c;
        assert_non_null(at);
        memcpy(at, swaps[i].to, swaps[i].len);
        hats_buffer_init(&file, HATS_COSE_MAX_BYTES);
        sign_raw(&file, signer, header, len, no_header, 1, payload, sizeof payload, "Signature1");
        assert_int_not_equal(hats_cose_parse(&c, file.data, file.len, TYPE, &err), HATS_OK);
        if (strstr(err.text, swaps[i].reason) == NULL)
            fail_msg("swap %zu: %s", i, err.text);
        hats_buffer_clear(&file);
    }
}

static void a_file_of_another_shape_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *reason;
        size_t len;
    } files[] = {
        {"\xa0", "tag 18", 1},
        {"\xd2\x80", "array of four", 2},
        {"\xd2\x84\x80\xa0\x40\x40", "protected header: not a byte string", 6},
        {"\xd2\x84\x40\x80\x40\x40", "unprotected", 6},
        {"\xd2\x84\x40\xa0\xf6\x40", "payload: not a byte string", 6},
        {"\xd2\x84\x40\xa0\x40\xf6", "signature: not a byte string", 6},
        {"\xd1\x84\x40\xa0\x40\x40", "tag 17", 6},
        {"\xd2\x84\x40\xa0\x40\x40\x00", "follow the end", 7},
        {"", "cut off", 0},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct hats_cose c;
        struct hats_error err = {0};
        assert_int_not_equal(
            hats_cose_parse(&c, (const uint8_t *)files[i].bytes, files[i].len, TYPE, &err),
            HATS_OK);
        if (strstr(err.text, files[i].reason) == NULL)
            fail_msg("file %zu: %s", i, err.text);
    }
}

static void the_unprotected_header_is_empty_and_the_payload_canonical(void **state) {
    (void)state;
    static const uint8_t unprotected[] = {0xa1, 0x04, 0x40};
    static const uint8_t unsorted[] = {0xa2, 0x02, 0x00, 0x01, 0x00};
    uint8_t header[512];
    size_t len = raw_header(header, sizeof header, signer, -49, TYPE, "me", TIME_S);
    assert_raw(header, len, unprotected, sizeof unprotected, payload, sizeof payload,
               HATS_E_UNSUPPORTED, "unprotected header");
    assert_raw(header, len, no_header, 1, unsorted, sizeof unsorted, HATS_E_CANONICAL, "payload");
    assert_raw(header, len, no_header, 1, payload, 2, HATS_E_MALFORMED, "payload");
}

static void a_signature_made_for_another_context_does_not_verify(void **state) {
    (void)state;
    uint8_t header[512];
    struct hats_buffer file;
    struct hats_cose c;
    struct hats_error err;
    size_t len = raw_header(header, sizeof header, signer, -49, TYPE, "me", TIME_S);
    hats_buffer_init(&file, HATS_COSE_MAX_BYTES);
    sign_raw(&file, signer, header, len, no_header, 1, payload, sizeof payload, "Signature");
    assert_int_equal(hats_cose_parse(&c, file.data, file.len, TYPE, &err), HATS_OK);
    assert_int_equal(hats_cose_verify(&c, hats_mldsa_public(signer), HATS_MLDSA65_PUBLIC_LEN, &err),
                     HATS_E_VERIFY);
    hats_buffer_clear(&file);
}

static void a_key_other_than_the_one_named_does_not_verify(void **state) {
    (void)state;
    struct hats_sign_key *other = sample_key(HATS_MLDSA_65, 2), *big = sample_key(HATS_MLDSA_87, 2);
    struct hats_buffer file;
    struct hats_cose c;
    struct hats_error err;
    hats_buffer_init(&file, HATS_COSE_MAX_BYTES);
    assert_int_equal(hats_cose_sign(&file, signer, TYPE, "", 0, payload, sizeof payload, &err),
                     HATS_OK);
    assert_int_equal(hats_cose_parse(&c, file.data, file.len, TYPE, &err), HATS_OK);
    assert_int_equal(hats_cose_verify(&c, hats_mldsa_public(other), HATS_MLDSA65_PUBLIC_LEN, &err),
                     HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "kid"));
    assert_int_equal(hats_cose_verify(&c, hats_mldsa_public(big), HATS_MLDSA_PUBLIC_MAX, &err),
                     HATS_E_VERIFY);
    hats_buffer_clear(&file);
    hats_mldsa_free(other);
    hats_mldsa_free(big);
}

static void an_issuer_that_could_fool_a_reader_is_not_signed(void **state) {
    (void)state;
    char long_name[HATS_ISSUER_MAX + 1];
    struct hats_buffer file;
    struct hats_error err;
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const char *const bad[] = {"a\n",  "a\x7f",   "\xc2\x9b",     "\xe2\x80\xae", "\xe2\x81\xa6",
                               "\xff", long_name, "\xe2\x80\xa8", "\xe2\x80\xa9", "\xd8\x9c"};
    hats_buffer_init(&file, HATS_COSE_MAX_BYTES);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(
            hats_cose_sign(&file, signer, TYPE, bad[i], 0, payload, sizeof payload, &err),
            HATS_E_USAGE);
    assert_int_equal(file.len, 0);
    assert_true(
        hats_text_is_plain("H\xc3\xb4pital, \xe6\xb0\xb4 \xe2\x82\xac \xd8\xa7 \xe2\x80\xa6"));
}

static int make_signer(void **state) {
    (void)state;
    signer = sample_key(HATS_MLDSA_65, 1);
    return 0;
}

static int drop_signer(void **state) {
    (void)state;
    hats_mldsa_free(signer);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_thumbprint_is_that_of_the_published_example),
        cmocka_unit_test(algorithms_have_the_numbers_of_the_registry),
        cmocka_unit_test(what_is_signed_is_parsed_and_verified_at_every_level),
        cmocka_unit_test(the_raw_signer_of_these_tests_writes_what_the_library_reads),
        cmocka_unit_test(another_algorithm_type_or_text_in_the_header_is_refused),
        cmocka_unit_test(the_header_holds_exactly_its_five_parameters),
        cmocka_unit_test(each_parameter_has_its_type),
        cmocka_unit_test(a_file_of_another_shape_is_refused),
        cmocka_unit_test(the_unprotected_header_is_empty_and_the_payload_canonical),
        cmocka_unit_test(a_signature_made_for_another_context_does_not_verify),
        cmocka_unit_test(a_key_other_than_the_one_named_does_not_verify),
        cmocka_unit_test(an_issuer_that_could_fool_a_reader_is_not_signed),
    };
    return cmocka_run_group_tests_name("cose", tests, make_signer, drop_signer);
}
