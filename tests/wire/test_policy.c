/* Policies: one encoding each, and every refusal by its field. */
#include "base/arena.h"
#include "cbor/cbor.h"
#include "hash/sha256.h"
#include "wire/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct hats_policy sample(void) {
    struct hats_policy p = {.registrar = {7},
                            .posture_mask = 0x0f,
                            .firmware = {{1, 2, 70000}, 3},
                            .jurisdictions = {{40, 276, 756}, 3},
                            .assurances = {{2, 3}, 2},
                            .slots = 16,
                            .epoch_s = 86400,
                            .calls_max = 4096,
                            .life_max_s = 3600,
                            .nullifier_calls = 10000,
                            .nullifier_supersessions = 20};
    return p;
}

static void a_policy_comes_back_as_it_went(void **state) {
    (void)state;
    struct hats_policy p = sample(), back, zero;
    struct hats_buffer b;
    memset(&zero, 0, sizeof zero);
    hats_buffer_init(&b, HATS_POLICY_MAX_BYTES);
    assert_int_equal(hats_policy_encode(&b, &p, NULL), HATS_OK);
    assert_int_equal(hats_policy_decode(&back, b.data, b.len, NULL), HATS_OK);
    assert_memory_equal(&back, &p, sizeof p);
    for (size_t len = 0; len < b.len; len++) {
        assert_int_not_equal(hats_policy_decode(&back, b.data, len, NULL), HATS_OK);
        assert_memory_equal(&back, &zero, sizeof back);
    }
    hats_buffer_append(&b, "", 1);
    assert_int_not_equal(hats_policy_decode(&back, b.data, b.len, NULL), HATS_OK);
    hats_buffer_clear(&b);
}

static void the_longest_policy_fits(void **state) {
    (void)state;
    struct hats_policy p = sample(), back;
    struct hats_buffer b;
    p.firmware.n = p.jurisdictions.n = HATS_POLICY_SET_MAX;
    for (uint32_t i = 0; i < HATS_POLICY_SET_MAX; i++) {
        p.firmware.values[i] = UINT32_MAX - HATS_POLICY_SET_MAX + 1 + i;
        p.jurisdictions.values[i] = 800 + i - 1;
    }
    hats_buffer_init(&b, HATS_POLICY_MAX_BYTES);
    assert_int_equal(hats_policy_encode(&b, &p, NULL), HATS_OK);
    assert_int_equal(hats_policy_decode(&back, b.data, b.len, NULL), HATS_OK);
    assert_memory_equal(&back, &p, sizeof p);
    hats_buffer_clear(&b);
}

static void assert_refused(const struct hats_policy *p, hats_status status, const char *field) {
    struct hats_buffer b;
    struct hats_error err = {0};
    hats_buffer_init(&b, HATS_POLICY_MAX_BYTES);
    assert_int_equal(hats_policy_encode(&b, p, &err), status);
    assert_int_equal(b.len, 0);
    if (strstr(err.text, field) == NULL)
        fail_msg("refused, but for \"%s\" and not for \"%s\"", err.text, field);
    hats_buffer_clear(&b);
}

static void what_is_no_policy_is_refused_by_its_field(void **state) {
    (void)state;
    struct hats_policy p = sample();
    p.firmware.n = 0;
    assert_refused(&p, HATS_E_RANGE, "field 4 ");
    p = sample();
    p.firmware.values[1] = 1;
    assert_refused(&p, HATS_E_CANONICAL, "field 4 ");
    p = sample();
    p.jurisdictions.values[2] = 1000;
    assert_refused(&p, HATS_E_RANGE, "field 5 ");
    p = sample();
    p.jurisdictions.n = 0;
    assert_refused(&p, HATS_E_RANGE, "field 5 ");
    p = sample();
    p.assurances.values[1] = 4;
    assert_refused(&p, HATS_E_RANGE, "field 6 ");
    static const uint32_t slots[] = {0, 257}, epochs[] = {59, 31 * 86400 + 1}, calls[] = {1, 4097},
                          lives[] = {0, 86401};
    for (size_t i = 0; i < 2; i++) {
        p = sample();
        p.slots = slots[i];
        assert_refused(&p, HATS_E_RANGE, "field 7 ");
        p = sample();
        p.epoch_s = epochs[i];
        assert_refused(&p, HATS_E_RANGE, "field 8 ");
        p = sample();
        p.calls_max = calls[i];
        assert_refused(&p, HATS_E_RANGE, "field 9 ");
        p = sample();
        p.life_max_s = lives[i];
        assert_refused(&p, HATS_E_RANGE, "field 10 ");
    }
}

static void bytes_that_are_none_are_refused(void **state) {
    (void)state;
    struct hats_policy p = sample(), back;
    struct hats_buffer b;
    struct hats_error err = {0};
    static uint8_t long_one[HATS_POLICY_MAX_BYTES + 1];
    hats_buffer_init(&b, HATS_POLICY_MAX_BYTES);
    assert_int_equal(hats_policy_encode(&b, &p, NULL), HATS_OK);
    b.data[2] = 2; /* the version */
    assert_int_equal(hats_policy_decode(&back, b.data, b.len, &err), HATS_E_VERSION);
    b.data[2] = 1;
    b.data[0] = 0xab; /* eleven fields */
    assert_int_not_equal(hats_policy_decode(&back, b.data, b.len, &err), HATS_OK);
    assert_int_equal(hats_policy_decode(&back, (const uint8_t *)"\x80", 1, &err), HATS_E_MALFORMED);
    assert_int_equal(hats_policy_decode(&back, long_one, sizeof long_one, &err), HATS_E_MALFORMED);
    hats_buffer_clear(&b);
}

static void the_digest_is_tagged(void **state) {
    (void)state;
    uint8_t digest[32], expected[32], message[19] = "HATS-POL-1";
    memcpy(message + 16, "abc", 3);
    hats_sha256(expected, message, sizeof message);
    hats_policy_digest(digest, (const uint8_t *)"abc", 3);
    assert_memory_equal(digest, expected, 32);
}

static void software_is_called_so(void **state) {
    (void)state;
    assert_string_equal(hats_assurance_name(HATS_ASSURANCE_SOFTWARE),
                        "software device: proves enrolment, not hardware");
    assert_string_equal(hats_assurance_name(HATS_ASSURANCE_COUNT), "unknown assurance");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_comes_back_as_it_went),
        cmocka_unit_test(the_longest_policy_fits),
        cmocka_unit_test(what_is_no_policy_is_refused_by_its_field),
        cmocka_unit_test(bytes_that_are_none_are_refused),
        cmocka_unit_test(the_digest_is_tagged),
        cmocka_unit_test(software_is_called_so),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
