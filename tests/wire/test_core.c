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

static struct hats_core sample_with_proof(void) {
    struct hats_core core = sample();
    core.has_proof = core.has_data_commitment = true;
    core.proof_suite = 1;
    memset(core.proof_digest, 0x66, 32);
    memset(core.data_commitment, 0x77, 32);
    return core;
}

static struct hats_core sample_close(void) {
    struct hats_core core = {.i = 4095, .op = HATS_OP_CLOSE, .unix_ms = 1750000000000};
    memset(core.sid, 0x11, 32);
    core.used_len = HATS_CLOSE_BITMAP_MAX;
    core.used[0] = 0x05;
    core.used[511] = 0x80;
    return core;
}

static void a_core_with_a_proof_and_one_that_closes_come_back(void **state) {
    (void)state;
    const struct hats_core cores[] = {sample_with_proof(), sample_close()};
    for (size_t k = 0; k < 2; k++) {
        struct hats_core back;
        uint8_t bytes[HATS_CORE_MAX_BYTES], again[HATS_CORE_MAX_BYTES];
        size_t len = 0, len2 = 0;
        struct hats_error err = {0};
        hats_core_encode(bytes, &len, &cores[k]);
        if (hats_core_decode(&back, bytes, len, &err) != HATS_OK)
            fail_msg("%s", err.text);
        hats_core_encode(again, &len2, &back);
        assert_int_equal(len, len2);
        assert_memory_equal(bytes, again, len);
        assert_int_equal(back.op, cores[k].op);
        assert_int_equal(back.has_proof, k == 0);
        assert_memory_equal(back.data_commitment, cores[k].data_commitment, 32);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_not_equal(hats_core_decode(&back, bytes, cut, NULL), HATS_OK);
    }
}

/* Replaces one pattern in an encoded core and says how that is refused. */
static hats_status refused(const struct hats_core *core, const void *from, const void *to, size_t n,
                           struct hats_error *err) {
    uint8_t bytes[HATS_CORE_MAX_BYTES];
    struct hats_core back;
    size_t len = 0;
    hats_core_encode(bytes, &len, core);
    uint8_t *at = memmem(bytes, len, from, n);
    assert_non_null(at);
    memcpy(at, to, n);
    *err = (struct hats_error){0};
    return hats_core_decode(&back, bytes, len, err);
}

static void a_part_that_has_no_place_is_not_ignored(void **state) {
    (void)state;
    struct hats_core infer = sample(), proof = sample_with_proof(), close = sample_close();
    struct hats_error err;
    /* key and value: proof is no string, provenance and jurisdiction are null */
    assert_int_equal(refused(&infer, "\x08\xf6\x09", "\x08\x40\x09", 3, &err), HATS_E_MALFORMED);
    assert_non_null(strstr(err.text, "8 (proof)"));
    assert_int_equal(refused(&infer, "\x09\xf6\x0a", "\x09\x40\x0a", 3, &err), HATS_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "9 (provenance)"));
    assert_int_equal(refused(&infer, "\x0a\xf6\x0b", "\x0a\x40\x0b", 3, &err), HATS_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "10 (data commitment)")); /* and no proof */
    assert_int_equal(refused(&infer, "\x0c\xf6\x0d", "\x0c\x40\x0d", 3, &err), HATS_E_UNSUPPORTED);
    assert_int_equal(refused(&proof, "\x08\x82\x01", "\x08\x82\x00", 3, &err), HATS_E_RANGE);
    assert_int_equal(refused(&close, "\x05\xf6\x06", "\x05\x40\x06", 3, &err), HATS_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "5 (model commitment)"));
}

static void an_operation_has_its_own_number_of_fields(void **state) {
    (void)state;
    struct hats_core infer = sample(), close = sample_close();
    struct hats_error err;
    assert_int_equal(refused(&infer, "\x04\x01\x05", "\x04\x03\x05", 3, &err), HATS_E_MALFORMED);
    assert_int_equal(refused(&close, "\x04\x03\x05", "\x04\x01\x05", 3, &err), HATS_E_MALFORMED);
    assert_int_equal(refused(&close, "\x04\x03\x05", "\x04\x02\x05", 3, &err), HATS_E_UNSUPPORTED);
    assert_int_equal(refused(&infer, "\x04\x01\x05", "\x04\x04\x05", 3, &err), HATS_E_UNSUPPORTED);
}

static void a_bitmap_is_as_long_as_its_session_and_says_no_more(void **state) {
    (void)state;
    struct hats_core close = {.used_len = 2, .used = {0x81, 0x02}};
    assert_true(hats_core_index_used(&close, 0) && hats_core_index_used(&close, 7) &&
                hats_core_index_used(&close, 9));
    assert_false(hats_core_index_used(&close, 1) || hats_core_index_used(&close, 16) ||
                 hats_core_index_used(&close, HATS_CALL_INDEX_MAX));
    assert_true(hats_core_bitmap_fits(&close, 10) && hats_core_bitmap_fits(&close, 16));
    assert_false(hats_core_bitmap_fits(&close, 9));
    assert_false(hats_core_bitmap_fits(&close, 8));
    assert_false(hats_core_bitmap_fits(&close, 17));
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
    uint8_t digests[12][32];
    for (int field = 0; field < 12; field++) {
        struct hats_call_parameters q = p;
        uint32_t *const numbers[] = {&q.set_id, &q.proof_suite, &q.d,    &q.log_t,
                                     &q.k,      &q.block,       &q.n_in, &q.purpose};
        if (field < 8)
            *numbers[field] += 1;
        else if (field == 8)
            q.bounds_digest[0] ^= 1;
        else if (field == 9)
            q.transform_digest[0] ^= 1;
        else
            q.has_data_commitment = true;
        q.data_commitment[0] = field == 11;
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
        cmocka_unit_test(a_core_with_a_proof_and_one_that_closes_come_back),
        cmocka_unit_test(a_part_that_has_no_place_is_not_ignored),
        cmocka_unit_test(an_operation_has_its_own_number_of_fields),
        cmocka_unit_test(a_bitmap_is_as_long_as_its_session_and_says_no_more),
        cmocka_unit_test(the_context_binds_series_index_key_model_and_parameters),
        cmocka_unit_test(the_context_is_the_documented_digest),
        cmocka_unit_test(masks_depend_on_the_seed_and_on_the_call),
        cmocka_unit_test(every_parameter_changes_the_digest),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
