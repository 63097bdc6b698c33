/* Signed roots of a registry: one encoding, one signer's role, one chain. */
#include "base/bytes.h"
#include "cbor/cbor.h"
#include "evidence/fixture.h"
#include "evidence/registry_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct hats_sign_key *registrar;
static struct hats_trust trust;
static const char name[] = "St. Elsewhere";

static struct hats_registry_root sample(uint64_t seq) {
    struct hats_registry_root r = {
        .seq = seq, .min_seq = 1, .devices = 1000, .epoch = 20717, .published_ms = SAMPLE_DONE_MS};
    for (uint8_t i = 0; i < 32; i++)
        r.root[i] = i;
    if (seq > 1)
        memset(r.previous, 0xab, sizeof r.previous);
    return r;
}

static void sign(struct hats_buffer *out, const struct hats_registry_root *r) {
    struct hats_error err;
    hats_buffer_init(out, HATS_REGISTRY_ROOT_MAX_BYTES);
    if (hats_registry_root_sign(out, r, registrar, name, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static hats_status verify(struct hats_registry_root *out, uint8_t entry[32],
                          const struct hats_buffer *b, struct hats_error *err) {
    return hats_registry_root_verify(out, NULL, entry, b->data, b->len, &trust, SAMPLE_NOW_MS, err);
}

static void a_root_comes_back_with_its_registrar(void **state) {
    (void)state;
    for (uint64_t seq = 1; seq <= 2; seq++) {
        struct hats_registry_root r = sample(seq), back;
        const struct hats_trust_key *key;
        struct hats_buffer b;
        struct hats_error err;
        uint8_t entry[32], digest[32];
        sign(&b, &r);
        if (hats_registry_root_verify(&back, &key, entry, b.data, b.len, &trust, SAMPLE_NOW_MS,
                                      &err) != HATS_OK)
            fail_msg("%s", err.text);
        assert_memory_equal(&back, &r, sizeof r);
        assert_string_equal(key->name, name);
        hats_sha256(digest, b.data, b.len);
        assert_memory_equal(entry, digest, 32);
        hats_buffer_clear(&b);
    }
}

static void any_changed_byte_is_refused(void **state) {
    (void)state;
    static const struct hats_registry_root zero;
    struct hats_registry_root r = sample(2), back;
    struct hats_buffer b;
    sign(&b, &r);
    for (size_t at = 0; at < b.len; at++) {
        b.data[at] ^= 0x04;
        if (verify(&back, NULL, &b, NULL) == HATS_OK)
            fail_msg("changed at %zu and still accepted", at);
        assert_memory_equal(&back, &zero, sizeof back);
        b.data[at] ^= 0x04;
    }
    size_t len = b.len;
    for (b.len = 0; b.len < len; b.len++)
        assert_int_not_equal(verify(&back, NULL, &b, NULL), HATS_OK);
    hats_buffer_clear(&b);
}

static void only_a_registrar_signs_roots(void **state) {
    (void)state;
    struct hats_registry_root r = sample(2), back;
    struct hats_buffer b;
    struct hats_error err;
    struct hats_trust other;
    sign(&b, &r);
    hats_trust_init(&other);
    sample_trust(&other, registrar, HATS_ROLE_ALL & ~(unsigned)HATS_ROLE_REGISTRAR);
    assert_int_equal(
        hats_registry_root_verify(&back, NULL, NULL, b.data, b.len, &other, SAMPLE_NOW_MS, &err),
        HATS_E_TRUST);
    assert_non_null(strstr(err.text, "device registrar"));
    hats_trust_clear(&other);
    assert_int_equal(hats_registry_root_verify(&back, NULL, NULL, b.data, b.len, &trust,
                                               SAMPLE_DONE_MS - HATS_RECEIPT_SKEW_MS - 1, &err),
                     HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "future"));
    hats_buffer_clear(&b);
    struct hats_receipt receipt;
    sample_receipt(&receipt);
    hats_buffer_init(&b, HATS_RECEIPT_MAX_BYTES);
    assert_int_equal(hats_receipt_sign(&b, &receipt, registrar, "me", &err), HATS_OK);
    assert_int_equal(verify(&back, NULL, &b, &err), HATS_E_UNSUPPORTED);
    hats_buffer_clear(&b);
}

static void assert_not_signed(const struct hats_registry_root *r, hats_status status,
                              const char *field) {
    struct hats_buffer b;
    struct hats_error err;
    hats_buffer_init(&b, HATS_REGISTRY_ROOT_MAX_BYTES);
    assert_int_equal(hats_registry_root_sign(&b, r, registrar, name, &err), status);
    assert_non_null(strstr(err.text, field));
    assert_int_equal(b.len, 0);
    hats_buffer_clear(&b);
}

static void what_is_no_root_is_not_signed(void **state) {
    (void)state;
    struct hats_registry_root r = sample(2);
    r.seq = 0;
    assert_not_signed(&r, HATS_E_RANGE, "field 2 ");
    r = sample(2);
    r.min_seq = 3;
    assert_not_signed(&r, HATS_E_RANGE, "field 3 ");
    r.min_seq = 0;
    assert_not_signed(&r, HATS_E_RANGE, "field 3 ");
    for (size_t i = 0; i < 4; i++) {
        r = sample(2);
        memset(r.root + 8 * i, 0xff, 8);
        assert_not_signed(&r, HATS_E_CANONICAL, "field 4 ");
    }
    r = sample(2);
    r.devices = HATS_REGISTRY_DEVICES_MAX + 1;
    assert_not_signed(&r, HATS_E_RANGE, "field 5 ");
}

static void a_bad_field_is_named(void **state) {
    (void)state;
#define ROOT "\x04\x58\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    static const struct {
        const char *bytes;
        size_t len;
        hats_status status;
        const char *says;
    } cases[] = {
        {"\x80", 1, HATS_E_MALFORMED, "not a map"},
        {"\xa1\x01\x02", 3, HATS_E_VERSION, "field 1 "},
        {"\xa2\x01\x01\x02\x60", 5, HATS_E_MALFORMED, "field 2 "},
        {"\xa2\x01\x01\x03\x01", 5, HATS_E_MALFORMED, "field 2 "},
        {"\xa4\x01\x01\x02\x02\x03\x01\x04\x41\x00", 10, HATS_E_MALFORMED, "field 4 "},
        {"\xa8\x01\x01\x02\x01\x03\x01" ROOT "\x05\x00\x06\x00\x07\x00\x08\x41\x00", 51,
         HATS_E_MALFORMED, "field 8 "},
        {"\xa8\x01\x01\x02\x02\x03\x01" ROOT "\x05\x00\x06\x00\x07\x00\x08\xf6", 50,
         HATS_E_MALFORMED, "field 8 "},
        {"\xa9\x01\x01\x02\x01\x03\x01" ROOT "\x05\x00\x06\x00\x07\x00\x08\xf6\x09\x00", 52,
         HATS_E_UNSUPPORTED, "unknown"},
    };
    for (size_t i = 0; i < HATS_COUNT_OF(cases); i++) {
        struct hats_registry_root back;
        struct hats_error err = {0};
        assert_int_equal(
            hats_registry_root_decode(&back, (const uint8_t *)cases[i].bytes, cases[i].len, &err),
            cases[i].status);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("case %zu: %s", i, err.text);
    }
}

static void roots_follow_each_other(void **state) {
    (void)state;
    const struct hats_registry_root seen = sample(7);
    const uint8_t a[32] = {1}, b[32] = {2};
    struct hats_registry_root next = sample(7);
    struct hats_error err;
    assert_int_equal(hats_registry_root_follows(&seen, a, &next, a, &err), HATS_OK);
    assert_int_equal(hats_registry_root_follows(&seen, a, &next, b, &err), HATS_E_CONFLICT);
    next.seq = 6;
    assert_int_equal(hats_registry_root_follows(&seen, a, &next, b, &err), HATS_E_TRUST);
    next = sample(8);
    assert_int_equal(hats_registry_root_follows(&seen, a, &next, b, &err), HATS_E_CONFLICT);
    memcpy(next.previous, a, 32);
    assert_int_equal(hats_registry_root_follows(&seen, a, &next, b, &err), HATS_OK);
    next.min_seq = 8;
    assert_int_equal(hats_registry_root_follows(&seen, a, &next, b, &err), HATS_OK);
    next = sample(9); /* what comes between was not seen */
    assert_int_equal(hats_registry_root_follows(&seen, a, &next, b, &err), HATS_OK);
    next.epoch--;
    assert_int_equal(hats_registry_root_follows(&seen, a, &next, b, &err), HATS_E_CONFLICT);
    next = sample(9);
    next.published_ms--;
    assert_int_equal(hats_registry_root_follows(&seen, a, &next, b, &err), HATS_E_CONFLICT);
    struct hats_registry_root bumped = sample(7);
    bumped.min_seq = 5;
    next = sample(9);
    assert_int_equal(hats_registry_root_follows(&bumped, a, &next, b, &err), HATS_E_CONFLICT);
    assert_non_null(strstr(err.text, "min_seq"));
}

static int set_up(void **state) {
    (void)state;
    registrar = sample_key(HATS_MLDSA_65, 9);
    hats_trust_init(&trust);
    sample_trust(&trust, registrar, HATS_ROLE_REGISTRAR);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    hats_trust_clear(&trust);
    hats_mldsa_free(registrar);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_comes_back_with_its_registrar),
        cmocka_unit_test(any_changed_byte_is_refused),
        cmocka_unit_test(only_a_registrar_signs_roots),
        cmocka_unit_test(what_is_no_root_is_not_signed),
        cmocka_unit_test(a_bad_field_is_named),
        cmocka_unit_test(roots_follow_each_other),
    };
    return cmocka_run_group_tests_name("registry root", tests, set_up, tear_down);
}
