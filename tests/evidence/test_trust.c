#include "base/arena.h"
#include "cbor/cbor.h"
#include "evidence/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DAY_MS 86400000ull

static struct hats_sign_key *keys[3];
static const enum hats_mldsa_level levels[] = {HATS_MLDSA_44, HATS_MLDSA_65, HATS_MLDSA_87};

static void fill(struct hats_trust *t) {
    hats_trust_init(t);
    for (size_t i = 0; i < 3; i++) {
        struct hats_trust_key key;
        char name[16];
        snprintf(name, sizeof name, "house %zu", i);
        hats_trust_key_of(&key, keys[i], name, 1u << i, 1000 * i);
        key.valid_until_ms = i == 1 ? HATS_TIME_NONE : 5000 + i;
        key.revoked_ms = i == 2 ? 4000 : HATS_TIME_NONE;
        assert_int_equal(hats_trust_add(t, &key, NULL), HATS_OK);
    }
}

static void encode(struct hats_buffer *out, const struct hats_trust *t) {
    struct hats_error err;
    hats_buffer_init(out, HATS_COSE_MAX_BYTES);
    if (hats_trust_encode(out, t, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static void a_set_of_keys_comes_back(void **state) {
    (void)state;
    struct hats_trust t, back;
    struct hats_buffer b;
    struct hats_error err;
    fill(&t);
    encode(&b, &t);
    hats_trust_init(&back);
    if (hats_trust_load(&back, b.data, b.len, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(back.n_keys, 3);
    assert_memory_equal(back.keys, t.keys, 3 * sizeof *t.keys);
    for (size_t i = 0; i < 3; i++) {
        uint8_t kid[HATS_THUMBPRINT_LEN];
        hats_cose_thumbprint_of(kid, keys[i]);
        const struct hats_trust_key *found = hats_trust_find(&back, kid);
        assert_non_null(found);
        assert_int_equal(found->level, levels[i]);
        kid[0] ^= 1;
        assert_null(hats_trust_find(&back, kid));
    }
    hats_buffer_clear(&b);
    hats_trust_clear(&t);
    hats_trust_clear(&back);
}

static void the_order_of_adding_does_not_show(void **state) {
    (void)state;
    struct hats_trust a, b;
    struct hats_buffer of_a, of_b;
    fill(&a);
    hats_trust_init(&b);
    for (size_t i = 3; i-- > 0;)
        assert_int_equal(hats_trust_add(&b, &a.keys[i], NULL), HATS_OK);
    encode(&of_a, &a);
    encode(&of_b, &b);
    assert_int_equal(of_a.len, of_b.len);
    assert_memory_equal(of_a.data, of_b.data, of_a.len);
    hats_buffer_clear(&of_a);
    hats_buffer_clear(&of_b);
    hats_trust_clear(&a);
    hats_trust_clear(&b);
}

static void the_same_key_is_there_once_and_never_with_two_meanings(void **state) {
    (void)state;
    struct hats_trust t;
    struct hats_trust_key again;
    struct hats_error err;
    fill(&t);
    again = t.keys[0];
    assert_int_equal(hats_trust_add(&t, &again, &err), HATS_OK);
    assert_int_equal(t.n_keys, 3);
    again.roles = HATS_ROLE_ALL;
    assert_int_equal(hats_trust_add(&t, &again, &err), HATS_E_CONFLICT);
    again = t.keys[0];
    again.revoked_ms = 1;
    assert_int_equal(hats_trust_add(&t, &again, &err), HATS_E_CONFLICT);
    again = t.keys[0];
    again.name[0] = '\n';
    assert_int_equal(hats_trust_add(&t, &again, &err), HATS_E_USAGE);
    again = t.keys[0];
    again.valid_from_ms = 9000;
    again.valid_until_ms = 8000;
    assert_int_equal(hats_trust_add(&t, &again, &err), HATS_E_USAGE);
    assert_int_equal(t.n_keys, 3);
    hats_trust_clear(&t);
}

static void a_set_has_a_bound(void **state) {
    (void)state;
    struct hats_trust t;
    struct hats_trust_key key;
    struct hats_error err;
    hats_trust_init(&t);
    hats_trust_key_of(&key, keys[1], "many", HATS_ROLE_RECEIPT, 0);
    for (unsigned i = 0; i < HATS_TRUST_KEYS_MAX; i++) {
        key.public_key[0] = (uint8_t)i;
        assert_int_equal(hats_trust_add(&t, &key, &err), HATS_OK);
    }
    key.public_key[1] ^= 1;
    assert_int_equal(hats_trust_add(&t, &key, &err), HATS_E_BUSY);
    hats_trust_clear(&t);
}

/* Replaces the first occurrence of `from` and expects the refusal. */
static void assert_swap_refused(const void *from, const void *to, size_t len, hats_status expected,
                                const char *reason) {
    struct hats_trust t, back;
    struct hats_buffer b;
    struct hats_error err = {0};
    fill(&t);
    encode(&b, &t);
    uint8_t *at = memmem(b.data, b.len, from, len);
    assert_non_null(at);
    memcpy(at, to, len);
    hats_trust_init(&back);
    hats_status s = hats_trust_load(&back, b.data, b.len, &err);
    if (s != expected || strstr(err.text, reason) == NULL)
        fail_msg("expected \"%s\": %s: %s", reason, hats_status_name(s), err.text);
    assert_int_equal(back.n_keys, 0);
    hats_buffer_clear(&b);
    hats_trust_clear(&t);
}

static void a_key_that_is_not_what_it_says_is_refused(void **state) {
    (void)state;
    assert_swap_refused("\xa9\x01\x07", "\xa9\x01\x06", 3, HATS_E_UNSUPPORTED, "kty (1)");
    assert_swap_refused("\x07\x02\x58\x20", "\x07\x00\x58\x20", 4, HATS_E_CANONICAL, "order");
    assert_swap_refused("\x03\x38\x30\x20", "\x03\x38\x18\x20", 4, HATS_E_UNSUPPORTED, "alg (3)");
    assert_swap_refused("\x03\x38\x30\x20", "\x03\x38\x31\x20", 4, HATS_E_MALFORMED, "pub (-1)");
    assert_swap_refused("house 0", "house\n0", 7, HATS_E_MALFORMED, "name (-65537)");
    assert_swap_refused("\x3a\x00\x01\x00\x01\x01", "\x3a\x00\x01\x00\x01\x00", 6,
                        HATS_E_UNSUPPORTED, "roles (-65538)");
    assert_swap_refused("\x3a\x00\x01\x00\x01\x01", "\x3a\x00\x01\x00\x01\x20", 6,
                        HATS_E_UNSUPPORTED, "roles (-65538)");
    assert_swap_refused("\x3a\x00\x01\x00\x02\x00", "\x3a\x00\x01\x00\x02\xf6", 6, HATS_E_MALFORMED,
                        "valid-from (-65539)");
    assert_swap_refused("\x3a\x00\x01\x00\x03\xf6", "\x3a\x00\x01\x00\x03\xf5", 6, HATS_E_MALFORMED,
                        "valid-until (-65540)");
    assert_swap_refused("\x3a\x00\x01\x00\x04\xf6", "\x3a\x00\x01\x00\x04\xf4", 6, HATS_E_MALFORMED,
                        "revoked-at (-65541)");
    assert_swap_refused("\x3a\x00\x01\x00\x03\xf6", "\x3a\x00\x01\x00\x03\x01", 6, HATS_E_RANGE,
                        "before valid-from");
    assert_swap_refused(hats_mldsa_public(keys[1]), "\x00\x01\x02\x03", 4, HATS_E_VERIFY,
                        "thumbprint");
}

static void another_shape_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"\x80", "\xa0", "\x81\xa0", "\x81\x01", "\x81"};
    static const size_t lens[] = {1, 1, 2, 2, 1};
    struct hats_trust t;
    hats_trust_init(&t);
    for (size_t i = 0; i < 5; i++)
        assert_int_not_equal(hats_trust_load(&t, (const uint8_t *)bad[i], lens[i], NULL), HATS_OK);
    assert_int_equal(t.n_keys, 0);
}

static void keys_out_of_order_or_twice_are_refused(void **state) {
    (void)state;
    struct hats_trust t, back;
    struct hats_buffer b;
    struct hats_error err;
    uint8_t twice[16384] = {0x82};
    fill(&t);
    t.n_keys = 1;
    encode(&b, &t);
    t.n_keys = 3;
    memcpy(twice + 1, b.data + 1, b.len - 1);
    memcpy(twice + b.len, b.data + 1, b.len - 1);
    hats_trust_init(&back);
    assert_int_equal(hats_trust_load(&back, twice, 2 * b.len - 1, &err), HATS_E_CANONICAL);
    assert_non_null(strstr(err.text, "ascending"));
    assert_int_equal(back.n_keys, 0);
    hats_buffer_clear(&b);
    hats_trust_clear(&t);
}

static void a_failed_load_leaves_the_set_as_it_was(void **state) {
    (void)state;
    struct hats_trust t, more;
    struct hats_buffer b;
    struct hats_error err;
    fill(&t);
    encode(&b, &t);
    hats_trust_init(&more);
    sample_trust(&more, keys[1], HATS_ROLE_OWNER); /* the same key with other properties */
    assert_int_equal(hats_trust_load(&more, b.data, b.len, &err), HATS_E_CONFLICT);
    assert_int_equal(more.n_keys, 1);
    for (unsigned n = 1;; n++) {
        hats_alloc_fail_at(n);
        hats_trust_clear(&more);
        hats_status s = hats_trust_load(&more, b.data, b.len, &err);
        hats_alloc_fail_at(0);
        if (s == HATS_OK)
            break;
        assert_int_equal(s, HATS_E_MEMORY);
        assert_int_equal(more.n_keys, 0);
    }
    assert_int_equal(more.n_keys, 3);
    hats_buffer_clear(&b);
    hats_trust_clear(&t);
    hats_trust_clear(&more);
}

static int make_keys(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++)
        keys[i] = sample_key(levels[i], (uint8_t)(40 + i));
    return 0;
}

static int drop_keys(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++)
        hats_mldsa_free(keys[i]);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_of_keys_comes_back),
        cmocka_unit_test(the_order_of_adding_does_not_show),
        cmocka_unit_test(the_same_key_is_there_once_and_never_with_two_meanings),
        cmocka_unit_test(a_set_has_a_bound),
        cmocka_unit_test(a_key_that_is_not_what_it_says_is_refused),
        cmocka_unit_test(another_shape_is_refused),
        cmocka_unit_test(keys_out_of_order_or_twice_are_refused),
        cmocka_unit_test(a_failed_load_leaves_the_set_as_it_was),
    };
    return cmocka_run_group_tests_name("trust", tests, make_keys, drop_keys);
}
