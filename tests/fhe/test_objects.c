/* What comes from outside is refused unless it is exactly one well-formed object. */
#include "fixture.h"

#include "base/bytes.h"
#include "field/field.h"
#include "hash/sha256.h"

#include <stdlib.h>

static struct fixture_key key;
static struct fixture_model model; /* two ciphertexts up, two down */
static struct fixture_call call;
static const struct hats_fhe_params *params;

static int make(void **state) {
    uint8_t seed[HATS_FHE_SEED_LEN] = {7};
    int32_t x[100] = {3, -1, 4, -1, 5};
    (void)state;
    fixture_key_make(&key, seed);
    fixture_model_make(&model, 100, 130, 60, 7, 20, 5, 0);
    assert_int_equal(model.shape.n_in, 2);
    assert_int_equal(model.shape.n_out, 2);
    fixture_call_make(&call, &key, &model, x);
    params = hats_linear_model_params(model.model);
    return 0;
}

static int clear(void **state) {
    (void)state;
    fixture_call_clear(&call);
    fixture_model_clear(&model);
    fixture_key_clear(&key);
    return 0;
}

/* The three decoders of one kind of object, so that one list of damages serves all. */
static hats_status read_public_key(const uint8_t *bytes, size_t len) {
    struct hats_fhe_public *pk = NULL;
    uint8_t kid[HATS_KID_LEN];
    hats_status status = hats_fhe_public_decode(&pk, bytes, len, NULL);
    assert_true((status == HATS_OK) == (pk != NULL));
    hats_fhe_public_free(pk);
    assert_int_equal(hats_fhe_kid(kid, bytes, len, NULL), status);
    return status;
}

static hats_status read_ciphertext(const uint8_t *bytes, size_t len) {
    static uint8_t before[200000], after[200000];
    memset(before, 0x5a, call.answer_len);
    memcpy(after, before, call.answer_len);
    hats_status status = hats_linear_evaluate(after, call.answer_len, model.model, key.pk, call.ctx,
                                              bytes, len, call.flood_seed, NULL);
    if (status != HATS_OK)
        assert_memory_equal(before, after, call.answer_len);
    assert_int_equal(hats_linear_ciphertext_check(SET, &model.shape, bytes, len, NULL), status);
    return status;
}

static hats_status read_answer(const uint8_t *bytes, size_t len) {
    int64_t y[130];
    memset(y, 0, sizeof y);
    hats_status status = hats_linear_decrypt(y, key.sk, params, &model.shape, bytes, len, NULL);
    for (size_t i = 0; i < 130 && status != HATS_OK; i++)
        assert_int_equal(y[i], 0);
    return status;
}

static const struct object {
    const char *name;
    uint8_t **bytes;
    size_t *len, head;
    bool counted; /* a ciphertext count follows the set */
    hats_status (*read)(const uint8_t *, size_t);
} objects[] = {
    {"public key", &key.pk_bytes, &key.pk_len, 20, false, read_public_key},
    {"ciphertext", &call.ciphertext, &call.ciphertext_len, 56, true, read_ciphertext},
    {"answer", &call.answer, &call.answer_len, 24, true, read_answer},
};

static void for_every_object(void (*law)(const struct object *o, uint8_t *copy, size_t len)) {
    for (size_t i = 0; i < HATS_COUNT_OF(objects); i++) {
        size_t len = *objects[i].len;
        uint8_t *copy = calloc(len + 1, 1);
        assert_non_null(copy);
        memcpy(copy, *objects[i].bytes, len);
        assert_int_equal(objects[i].read(copy, len), HATS_OK);
        law(&objects[i], copy, len);
        free(copy);
    }
}

static void sizes_law(const struct object *o, uint8_t *copy, size_t len) {
    const size_t lengths[] = {0, 1, 15, 16, 19, 20, 23, 24, 55, 56, len - 8, len - 1, len + 1};
    for (size_t i = 0; i < HATS_COUNT_OF(lengths); i++) {
        /* an exact copy, so that a read past the end is seen by a sanitizer */
        uint8_t *cut = malloc(lengths[i] + 1);
        memcpy(cut, copy, lengths[i]);
        assert_int_equal(o->read(cut, lengths[i]), HATS_E_MALFORMED);
        free(cut);
    }
}

static void truncated_and_extended_objects_are_refused(void **state) {
    (void)state;
    for_every_object(sizes_law);
}

static void tag_law(const struct object *o, uint8_t *copy, size_t len) {
    for (size_t i = 0; i < 16; i++) {
        copy[i] ^= 1;
        assert_int_equal(o->read(copy, len), HATS_E_MALFORMED);
        copy[i] ^= 1;
    }
    for (size_t i = 0; i < HATS_COUNT_OF(objects); i++)
        if (&objects[i] != o) /* one object in place of another */
            assert_int_not_equal(o->read(*objects[i].bytes, *objects[i].len), HATS_OK);
}

static void objects_of_another_kind_are_refused(void **state) {
    (void)state;
    for_every_object(tag_law);
}

static void set_law(const struct object *o, uint8_t *copy, size_t len) {
    static const uint32_t wrong[] = {0, SET + 1, SET << 8, UINT32_MAX};
    for (size_t i = 0; i < HATS_COUNT_OF(wrong); i++) {
        hats_store_be32(copy + 16, wrong[i]);
        assert_int_equal(o->read(copy, len), HATS_E_VERSION);
    }
}

static void unknown_parameter_sets_are_refused(void **state) {
    (void)state;
    for_every_object(set_law);
}

static void count_law(const struct object *o, uint8_t *copy, size_t len) {
    static const uint32_t wrong[] = {0, 1, 3, UINT32_MAX};
    for (size_t i = 0; o->counted && i < HATS_COUNT_OF(wrong); i++) {
        hats_store_be32(copy + 20, wrong[i]);
        assert_int_equal(o->read(copy, len), HATS_E_MALFORMED);
    }
}

static void a_wrong_number_of_ciphertexts_is_refused(void **state) {
    (void)state;
    for_every_object(count_law);
}

static void word_law(const struct object *o, uint8_t *copy, size_t len) {
    static const uint64_t wrong[] = {HATS_P, HATS_P + 1, UINT64_MAX};
    size_t n_words = (len - o->head) / 8;
    const size_t at[] = {0, 1, 7, 8, N - 1, N % n_words, n_words - 1, n_words / 2};
    for (size_t i = 0; i < HATS_COUNT_OF(at); i++) {
        uint8_t *word = copy + o->head + 8 * at[i], before[8];
        memcpy(before, word, 8);
        for (size_t w = 0; w < HATS_COUNT_OF(wrong); w++) {
            hats_store_be64(word, wrong[w]);
            assert_int_equal(o->read(copy, len), HATS_E_CANONICAL);
        }
        hats_store_be64(word, HATS_P - 1);
        assert_int_equal(o->read(copy, len), HATS_OK);
        memcpy(word, before, 8);
    }
}

static void words_that_are_not_field_elements_are_refused(void **state) {
    (void)state;
    for_every_object(word_law);
}

static void the_kid_is_the_tagged_digest_of_set_and_words(void **state) {
    (void)state;
    uint8_t kid[HATS_KID_LEN], expected[HATS_SHA256_LEN], *input = calloc(1, key.pk_len);
    assert_int_equal(hats_fhe_kid(kid, key.pk_bytes, key.pk_len, NULL), HATS_OK);
    memcpy(input, "HATS-KID-1", 10);
    memcpy(input + 16, key.pk_bytes + 16, key.pk_len - 16);
    hats_sha256(expected, input, key.pk_len);
    assert_memory_equal(kid, expected, sizeof kid);
    free(input);
}

static void inputs_outside_the_plaintext_range_are_refused(void **state) {
    (void)state;
    int32_t x[100] = {0};
    const int32_t half = (int32_t)(params->t / 2);
    const struct {
        int32_t value;
        hats_status status;
    } cases[] = {{half - 1, HATS_OK},   {1 - half, HATS_OK},       {half, HATS_E_RANGE},
                 {-half, HATS_E_RANGE}, {INT32_MAX, HATS_E_RANGE}, {INT32_MIN, HATS_E_RANGE}};
    uint8_t *out = calloc(1, call.ciphertext_len);
    for (size_t c = 0; c < HATS_COUNT_OF(cases); c++) {
        for (size_t at = 0; at < 100; at += 33) {
            x[at] = cases[c].value;
            memset(out, 0, call.ciphertext_len);
            assert_int_equal(hats_linear_encrypt(out, call.ciphertext_len, key.sk, params,
                                                 &model.shape, call.ctx, x, NULL),
                             cases[c].status);
            assert_int_equal(out[0] == 'H', cases[c].status == HATS_OK);
            x[at] = 0;
        }
    }
    free(out);
}

static void buffers_of_the_wrong_size_are_refused(void **state) {
    (void)state;
    int32_t x[100] = {0};
    uint8_t *out = calloc(1, call.ciphertext_len + key.pk_len);
    assert_int_equal(hats_linear_encrypt(out, call.ciphertext_len - 1, key.sk, params, &model.shape,
                                         call.ctx, x, NULL),
                     HATS_E_RANGE);
    assert_int_equal(hats_fhe_public_key_of(out, key.pk_len + 1, key.sk, NULL), HATS_E_RANGE);
    free(out);
}

static void unknown_sets_make_no_key(void **state) {
    (void)state;
    struct hats_fhe_secret *sk = NULL;
    assert_int_equal(hats_fhe_secret_new(&sk, SET + 1, key.seed, NULL), HATS_E_VERSION);
    assert_null(sk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated_and_extended_objects_are_refused),
        cmocka_unit_test(objects_of_another_kind_are_refused),
        cmocka_unit_test(unknown_parameter_sets_are_refused),
        cmocka_unit_test(a_wrong_number_of_ciphertexts_is_refused),
        cmocka_unit_test(words_that_are_not_field_elements_are_refused),
        cmocka_unit_test(the_kid_is_the_tagged_digest_of_set_and_words),
        cmocka_unit_test(inputs_outside_the_plaintext_range_are_refused),
        cmocka_unit_test(buffers_of_the_wrong_size_are_refused),
        cmocka_unit_test(unknown_sets_make_no_key),
    };
    return cmocka_run_group_tests_name("objects", tests, make, clear);
}
