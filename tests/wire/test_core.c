#include "base/bytes.h"
#include "hash/sha256.h"
#include "wire/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct hats_core sample(void) {
    struct hats_core core = {.i = 7, .op = HATS_OP_INFER, .unix_ms = 1750000000000, .purpose = 3};
    memset(core.sid, 0x11, 32);
    memset(core.model_commitment, 0x22, 32);
    memset(core.kid, 0x33, 32);
    memset(core.ciphertext_digest, 0x44, 32);
    memset(core.parameters_digest, 0x55, 32);
    return core;
}

static void a_core_comes_back_as_it_went(void **state) {
    (void)state;
    struct hats_core core = sample(), back;
    uint8_t bytes[HATS_CORE_MAX_BYTES], again[HATS_CORE_MAX_BYTES];
    size_t len = 0, len2 = 0;
    hats_core_encode(bytes, &len, &core);
    assert_int_equal(hats_core_decode(&back, bytes, len, NULL), HATS_OK);
    hats_core_encode(again, &len2, &back);
    assert_int_equal(len, len2);
    assert_memory_equal(bytes, again, len);
    assert_int_equal(back.i, 7);
    assert_int_equal(back.purpose, 3);
    assert_true(back.unix_ms == 1750000000000);
}

/* Every byte of a core either fails to decode or decodes to another core with another R: no two byte
 * strings mean the same call. */
static void every_changed_byte_is_refused_or_means_another_call(void **state) {
    (void)state;
    struct hats_core core = sample(), back;
    uint8_t bytes[HATS_CORE_MAX_BYTES], again[HATS_CORE_MAX_BYTES];
    size_t len = 0, len2 = 0;
    unsigned refused = 0;
    hats_core_encode(bytes, &len, &core);
    for (size_t at = 0; at < len; at++) {
        bytes[at] ^= 0x01;
        if (hats_core_decode(&back, bytes, len, NULL) == HATS_OK) {
            hats_core_encode(again, &len2, &back);
            assert_int_equal(len2, len);
            assert_memory_equal(again, bytes, len);
        } else {
            refused++;
        }
        bytes[at] ^= 0x01;
    }
    assert_true(refused > 20); /* heads, keys, nulls, version */
}

static void every_truncation_and_extension_is_refused(void **state) {
    (void)state;
    struct hats_core core = sample(), back;
    uint8_t bytes[HATS_CORE_MAX_BYTES + 1] = {0};
    size_t len = 0;
    hats_core_encode(bytes, &len, &core);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_not_equal(hats_core_decode(&back, bytes, cut, NULL), HATS_OK);
    assert_int_not_equal(hats_core_decode(&back, bytes, len + 1, NULL), HATS_OK);
    assert_int_equal(hats_core_decode(&back, bytes, HATS_CORE_MAX_BYTES + 1, NULL),
                     HATS_E_MALFORMED);
}

static void an_index_of_25_bits_is_out_of_range(void **state) {
    (void)state;
    struct hats_core core = sample(), back;
    struct hats_error err = {0};
    uint8_t bytes[HATS_CORE_MAX_BYTES], big[HATS_CORE_MAX_BYTES];
    size_t len = 0;
    core.i = 0xabcdef; /* encoded in four bytes: 1a 00 ab cd ef */
    hats_core_encode(bytes, &len, &core);
    memcpy(big, bytes, len);
    const uint8_t pattern[5] = {0x1a, 0x00, 0xab, 0xcd, 0xef};
    uint8_t *at = memmem(big, len, pattern, sizeof pattern);
    assert_non_null(at);
    at[1] = 1;
    assert_int_equal(hats_core_decode(&back, big, len, &err), HATS_E_RANGE);
    assert_non_null(strstr(err.text, "3 (i)"));
}

static void a_part_of_a_later_version_is_not_ignored(void **state) {
    (void)state;
    struct hats_core core = sample(), back;
    struct hats_error err = {0};
    uint8_t bytes[HATS_CORE_MAX_BYTES];
    size_t len = 0;
    hats_core_encode(bytes, &len, &core);
    /* key 8 (proof) holds null: 08 f6; put an empty byte string there */
    const uint8_t pattern[4] = {0x08, 0xf6, 0x09, 0xf6};
    uint8_t *at = memmem(bytes, len, pattern, sizeof pattern);
    assert_non_null(at);
    at[1] = 0x40;
    assert_int_equal(hats_core_decode(&back, bytes, len, &err), HATS_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "8 (proof)"));
}

static void the_context_binds_series_index_key_model_and_parameters(void **state) {
    (void)state;
    struct hats_core base = sample();
    uint8_t ctx[32], other[32];
    hats_core_context(ctx, &base);
    for (int field = 0; field < 5; field++) {
        struct hats_core c = base;
        switch (field) {
        case 0: c.sid[31] ^= 1; break;
        case 1: c.i ^= 1; break;
        case 2: c.kid[0] ^= 1; break;
        case 3: c.model_commitment[5] ^= 1; break;
        default: c.parameters_digest[9] ^= 1; break;
        }
        hats_core_context(other, &c);
        assert_memory_not_equal(ctx, other, 32);
    }
    struct hats_core c = base;
    c.ciphertext_digest[0] ^= 1; /* the ciphertext depends on ctx, so ctx cannot depend on it */
    hats_core_context(other, &c);
    assert_memory_equal(ctx, other, 32);
}

static void the_context_is_the_documented_digest(void **state) {
    (void)state;
    struct hats_core core = sample();
    uint8_t ctx[32], want[32], bytes[16 + 132] = "HATS-CTX-1";
    memset(bytes + 16, 0x11, 32);
    hats_store_be32(bytes + 48, 7);
    memset(bytes + 52, 0x33, 32);
    memset(bytes + 84, 0x22, 32);
    memset(bytes + 116, 0x55, 32);
    hats_sha256(want, bytes, sizeof bytes);
    hats_core_context(ctx, &core);
    assert_memory_equal(ctx, want, 32);
}

static void masks_depend_on_the_seed_and_on_the_call(void **state) {
    (void)state;
    const uint8_t seed[32] = {1}, seed2[32] = {2}, r[32] = {3}, r2[32] = {4};
    uint8_t a[32], b[32];
    hats_core_mask_seed(a, seed, r);
    hats_core_mask_seed(b, seed, r);
    assert_memory_equal(a, b, 32);
    hats_core_mask_seed(b, seed, r2); /* a repeated seed, another call */
    assert_memory_not_equal(a, b, 32);
    hats_core_mask_seed(b, seed2, r);
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(a, seed, 32);
}

static void every_parameter_changes_the_digest(void **state) {
    (void)state;
    struct hats_call_parameters p = {
        .set_id = 1, .d = 30, .log_t = 20, .k = 1, .block = 30, .n_in = 1};
    uint8_t digests[10][32];
    for (int field = 0; field < 10; field++) {
        struct hats_call_parameters q = p;
        uint32_t *const numbers[] = {&q.set_id, &q.proof_suite, &q.d,    &q.log_t,
                                     &q.k,      &q.block,       &q.n_in, &q.purpose};
        if (field < 8)
            *numbers[field] += 1;
        else if (field == 8)
            q.bounds_digest[0] ^= 1;
        else
            q.transform_digest[0] ^= 1;
        hats_call_parameters_digest(digests[field], &q);
        for (int before = 0; before < field; before++)
            assert_memory_not_equal(digests[before], digests[field], 32);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_core_comes_back_as_it_went),
        cmocka_unit_test(every_changed_byte_is_refused_or_means_another_call),
        cmocka_unit_test(every_truncation_and_extension_is_refused),
        cmocka_unit_test(an_index_of_25_bits_is_out_of_range),
        cmocka_unit_test(a_part_of_a_later_version_is_not_ignored),
        cmocka_unit_test(the_context_binds_series_index_key_model_and_parameters),
        cmocka_unit_test(the_context_is_the_documented_digest),
        cmocka_unit_test(masks_depend_on_the_seed_and_on_the_call),
        cmocka_unit_test(every_parameter_changes_the_digest),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
