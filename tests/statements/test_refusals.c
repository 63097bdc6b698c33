/* What passes for an encryption and is none. Every disguise is tried as a table, by somebody who fills
 * in everything else as well as it can be done, and the claim that stops it is named; and one that is not a
 * disguise but bad noise passes, as docs/SECURITY.md says. */
#include "world.h"

#include "ring/kernels.h"
#include "statements/encryption_internal.h"

#include <stdlib.h>
#include <string.h>

static struct hats_encryption_unit units[64];

/* A clinical record, honest so far. */
static void begin(struct world *w) {
    const struct hats_encryption_input input = world_clinical_input(units, 30);
    world_make(w, &input, 1, HATS_STARK_TEST);
    world_random_records(w);
}

static void begin_box(struct world *w, uint32_t d, uint32_t block) {
    const struct hats_encryption_input input =
        world_box_input(units, d, block, -15, 15, HATS_SOURCE_NONE);
    world_make(w, &input, 1, HATS_STARK_TEST);
    world_random_records(w);
}

static void load(uint64_t out[N], const uint8_t *words) {
    assert_true(hats_ring_kernels()->load_be(out, words, N));
}
static void store(uint8_t *words, const uint64_t in[N]) {
    hats_ring_kernels()->store_be(words, in, N);
}

/* ---- noise ---- */

static void constant_noise_passes(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    memset(w.e, 3, N);
    world_finish(&w);
    world_accepts(&w);
    world_clear(&w);
}

static void no_noise_in_a_ciphertext(void **state) {
    (void)state;
    struct world w;
    struct hats_error err;
    begin(&w);
    world_commit(&w);
    memset(w.e, 0, N);
    world_encrypt(&w);
    assert_int_equal(hats_encryption_fill(w.trace, w.setup, &w.witness, &err), HATS_E_RANGE);
    /* With a table that says so, and a slack that is as near as digits come. */
    world_noise(w.e);
    assert_int_equal(hats_encryption_fill(w.trace, w.setup, &w.witness, &err), HATS_OK);
    memset(w.e, 0, N);
    world_replace_noise(&w, w.setup->layout.e, w.e);
    world_refuses(&w, "linear relations");
    world_clear(&w);
}

/* The windows are two relations: what e has too much is not lent to e0. */
static void long_noise_does_not_stand_in_for_the_keys(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    memset(w.e, 5, N);
    world_noise(w.e0);
    world_finish(&w);
    memset(w.e0, 0, N);
    world_encrypt(&w);
    world_replace_noise(&w, 1, w.e0);
    const struct hats_encryption_layout *l = &w.setup->layout;
    uint64_t both = hats_noise_slack(w.e, N) + hats_noise_slack(w.e0, N);
    for (unsigned i = 0; i < 2; i++) {
        world_replace(&w, world_digit(&w, l->slack_at + i), (int64_t)(both >> 11 * i) & 2047,
                      false);
        world_replace(&w, world_digit(&w, l->slack_at + 2 + i), 0, false);
    }
    world_refuses(&w, "linear relations");
    world_clear(&w);
}

static void noise_outside_its_table(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    world_finish(&w);
    const int64_t values[] = {41, -41, 100, 2047};
    for (size_t i = 0; i < 4; i++) {
        uint64_t *cell = world_cell(&w, w.setup->layout.e, 17), before = *cell;
        *cell = hats_fp_from_i64(values[i]);
        world_refuses(&w, "e is small");
        *cell = before;
        cell = world_cell(&w, 1, 4095);
        before = *cell;
        *cell = hats_fp_from_i64(values[i]);
        world_refuses(&w, "e0 is small");
        *cell = before;
    }
    world_accepts(&w);
    world_clear(&w);
}

/* Tags are random multiples, so neither table lends the other its values by a shift. */
static void tags_do_not_mix(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    world_finish(&w);
    uint64_t *digit = world_digit(&w, w.setup->layout.digits_at), before = *digit;
    *digit = hats_fp_from_i64(-3);
    world_refuses(&w, "R is a digit");
    *digit = before;
    uint64_t *e = world_cell(&w, w.setup->layout.e, 8);
    *e = hats_fp_sub(hats_fp_sub(1999, UINT64_C(1) << 32), 40);
    world_refuses(&w, "e is small");
    world_clear(&w);
}

/* ---- ciphertexts that are none ---- */

static void plaintext_in_the_clear(void **state) {
    (void)state;
    struct world w;
    static uint64_t c[N];
    begin(&w);
    world_finish(&w);
    for (uint32_t i = 0; i < N; i++)
        c[i] = i < 30 ? hats_fp_mul(w.delta, hats_fp_from_i64(w.x[i])) : 0;
    store(w.c0, c);
    world_refuses(&w, "linear relations");
    world_clear(&w);
}

static void another_a(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    world_finish(&w);
    w.ciphertexts[0].seed[31] ^= 1;
    world_refuses(&w, "linear relations");
    world_clear(&w);
}

static void bgv_form(void **state) {
    (void)state;
    struct world w;
    static uint64_t a[N], c[N];
    begin(&w);
    world_finish(&w);
    /* c0 = -a s + t e + m, which times Delta would be a ciphertext with noise -e. */
    world_expand(a, w.ciphertexts[0].seed);
    world_product(c, a, w.s);
    for (uint32_t i = 0; i < N; i++) {
        c[i] = hats_fp_sub(hats_fp_from_i64((int64_t)w.e[i] * (1 << 20)), c[i]);
        if (i < 30)
            c[i] = hats_fp_add(c[i], hats_fp_from_i64(w.x[i]));
    }
    store(w.c0, c);
    world_refuses(&w, "linear relations");
    for (uint32_t i = 0; i < N; i++)
        c[i] = hats_fp_mul(c[i], w.delta);
    store(w.c0, c);
    world_refuses(&w, "linear relations");
    world_clear(&w);
}

static void plaintext_beyond_the_last_feature(void **state) {
    (void)state;
    struct world w;
    static uint64_t c[N];
    const uint32_t places[] = {30, 31, 2048, 4095};
    begin(&w);
    world_finish(&w);
    for (size_t i = 0; i < 4; i++) {
        load(c, w.c0);
        c[places[i]] = hats_fp_add(c[places[i]], w.delta);
        store(w.c0, c);
        world_refuses(&w, "linear relations");
        c[places[i]] = hats_fp_sub(c[places[i]], w.delta);
        store(w.c0, c);
    }
    world_accepts(&w);
    world_clear(&w);
}

/* Blocks of 12: the second holds features 12 .. 19 and must hold nothing else. */
static void plaintext_beyond_the_last_block(void **state) {
    (void)state;
    struct world w;
    static uint64_t c[N];
    begin_box(&w, 20, 12);
    world_finish(&w);
    world_accepts(&w);
    for (uint32_t k = 0; k < 2; k++) {
        uint8_t *words = w.c0 + (size_t)k * N * 8;
        uint32_t place = k == 0 ? 12 : 8;
        load(c, words);
        c[place] = hats_fp_add(c[place], w.delta);
        store(words, c);
        world_refuses(&w, "linear relations");
        c[place] = hats_fp_sub(c[place], w.delta);
        store(words, c);
    }
    world_clear(&w);
}

static void ciphertexts_in_another_order(void **state) {
    (void)state;
    struct world w;
    begin_box(&w, 20, 10);
    world_finish(&w);
    const uint8_t *first = w.ciphertexts[0].c0;
    w.ciphertexts[0].c0 = w.ciphertexts[1].c0;
    w.ciphertexts[1].c0 = first;
    world_refuses(&w, "linear relations");
    struct hats_ciphertext_part whole = w.ciphertexts[0]; /* seeds as well: blocks permuted */
    w.ciphertexts[0].c0 = w.ciphertexts[1].c0;
    w.ciphertexts[1].c0 = whole.c0;
    whole = w.ciphertexts[0];
    w.ciphertexts[0] = w.ciphertexts[1];
    w.ciphertexts[1] = whole;
    world_refuses(&w, "linear relations");
    world_clear(&w);
}

/* ---- keys ---- */

static void another_key(void **state) {
    (void)state;
    struct world w, other;
    begin(&w);
    begin(&other);
    world_finish(&w);
    world_finish(&other);
    w.pub.b0 = other.b0;
    world_refuses(&w, "linear relations");
    w.pub.b0 = w.b0;
    w.ciphertexts[0] = other.ciphertexts[0];
    world_refuses(&w, "linear relations");
    world_clear(&other);
    world_clear(&w);
}

/* The secret of a registered key is unique, so s = 0 and the like are stopped where keys are registered
 * (test_key.c); under another's key they are another key. */
static void no_secret_under_a_registered_key(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    world_finish(&w);
    uint8_t *b0 = malloc((size_t)N * 8);
    assert_non_null(b0);
    memcpy(b0, w.b0, (size_t)N * 8);
    memset(w.s, 0, N);
    world_finish(&w);
    world_accepts(&w);
    w.pub.b0 = b0;
    world_refuses(&w, "linear relations");
    free(b0);
    world_clear(&w);
}

static void a_secret_that_is_not_ternary(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    w.s[100] = 2;
    world_finish(&w);
    world_refuses(&w, "s is ternary");
    world_clear(&w);
}

/* ---- features ---- */

static void features_outside_their_box(void **state) {
    (void)state;
    struct world w;
    struct hats_error err;
    begin_box(&w, 20, 20);
    w.x[7] = 16;
    world_commit(&w);
    world_encrypt(&w);
    assert_int_equal(hats_encryption_fill(w.trace, w.setup, &w.witness, &err), HATS_E_RANGE);
    w.x[7] = 15;
    assert_int_equal(hats_encryption_fill(w.trace, w.setup, &w.witness, &err), HATS_OK);
    uint32_t u = hats_encryption_box_cell(w.setup, 0, 7);
    world_replace(&w, world_digit(&w, u), 31, false); /* y = 16, v = 0 */
    world_refuses(&w, "linear relations");
    *world_digit(&w, u + 1) = hats_fp_from_i64(-1); /* v = hi - y */
    world_refuses(&w, "R is a digit");
    world_clear(&w);
}

/* y one less and rho 2^28 more says the same; the second look at rho's top digit stops it. */
static void another_rounding(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    for (uint32_t f = 0; f < 30; f++)
        w.fields[f] = 1000;
    world_finish(&w);
    uint32_t k = 0;
    while (*world_digit(&w, hats_encryption_box_cell(w.setup, 0, k)) == 0 ||
           *world_digit(&w, hats_encryption_box_cell(w.setup, 0, k) + 1) == 0)
        k++;
    uint64_t *u = world_digit(&w, hats_encryption_box_cell(w.setup, 0, k));
    uint64_t *top = world_digit(&w, hats_encryption_digit_cell(w.setup, 0, k) + 8);
    w.x[k]--;
    world_encrypt(&w);
    world_replace(&w, &u[0], (int64_t)u[0] - 1, false);
    world_replace(&w, &u[1], (int64_t)u[1] + 1, false);
    world_replace(&w, &top[0], (int64_t)top[0] + 64, false);
    world_refuses(&w, "linear relations"); /* the second cell is not 32 times the first */
    uint64_t again = top[1];
    top[1] = top[0] * 32;
    world_refuses(&w, "R is a digit");
    top[1] = again;
    world_replace(&w, &top[0], (int64_t)top[0] - 64, false);
    world_refuses(&w, "linear relations");
    world_clear(&w);
}

/* A value inside the box, said to lie above it. */
static void a_clip_that_does_not_touch(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    for (uint32_t f = 0; f < 30; f++)
        w.fields[f] = 1000;
    world_finish(&w);
    uint32_t k = 0, cell;
    while (*world_digit(&w, hats_encryption_box_cell(w.setup, 0, k)) == 0 ||
           *world_digit(&w, hats_encryption_box_cell(w.setup, 0, k) + 1) == 0)
        k++;
    cell = hats_encryption_box_cell(w.setup, 0, k);
    uint64_t *u = world_digit(&w, cell);
    w.x[k]--;
    world_encrypt(&w);
    world_replace(&w, &u[0], (int64_t)u[0] - 1, false);
    world_replace(&w, &u[1], (int64_t)u[1] + 1, false);
    uint64_t *above = world_digit(&w, hats_encryption_digit_cell(w.setup, 0, k));
    world_replace(&w, above, 1, false);
    world_refuses(&w, "linear relations"); /* Q says 0 */
    *world_cell(&w, w.setup->layout.q, cell + 1) = 1;
    world_refuses(&w, "no excess inside the box");
    world_clear(&w);
}

static void records_that_the_source_did_not_sign(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    world_finish(&w);
    for (unsigned i = 0; i < 4; i++) {
        w.commitments[0][i] = hats_fp_add(w.commitments[0][i], 1);
        world_refuses(&w, "linear relations");
        w.commitments[0][i] = hats_fp_sub(w.commitments[0][i], 1);
    }
    w.fields[3] += 1000000; /* a whole record, its table and its commitment, against the old one */
    uint64_t old[4];
    memcpy(old, w.commitments[0], sizeof old);
    world_finish(&w);
    world_accepts(&w);
    memcpy(w.commitments[0], old, sizeof old);
    world_refuses(&w, "linear relations");
    /* only its element in the sponge */
    w.fields[3] -= 1000000;
    world_finish(&w);
    w.fields[3] += 1000000;
    world_sbox(&w, w.setup->layout.x, 3, hats_fp_from_i64(w.fields[3]));
    world_refuses(&w, "linear relations");
    world_clear(&w);
}

/* Three records in one proof: each is tied to its own commitment and its own ciphertext. */
static void records_in_another_order(void **state) {
    (void)state;
    struct world w;
    uint64_t first[4];
    const struct hats_encryption_input input = world_clinical_input(units, 30);
    world_make(&w, &input, 3, HATS_STARK_TEST);
    world_random_records(&w);
    world_finish(&w);
    world_accepts(&w);
    memcpy(first, w.commitments[0], sizeof first);
    memcpy(w.commitments[0], w.commitments[2], sizeof first);
    memcpy(w.commitments[2], first, sizeof first);
    world_refuses(&w, "linear relations");
    memcpy(w.commitments[2], w.commitments[0], sizeof first);
    memcpy(w.commitments[0], first, sizeof first);
    struct hats_ciphertext_part part = w.ciphertexts[1];
    w.ciphertexts[1] = w.ciphertexts[2];
    w.ciphertexts[2] = part;
    world_refuses(&w, "linear relations");
    world_clear(&w);
}

static void features_that_the_source_did_not_sign(void **state) {
    (void)state;
    struct world w;
    const struct hats_encryption_input input =
        world_box_input(units, 30, 30, -15, 15, HATS_SOURCE_FEATURES);
    world_make(&w, &input, 1, HATS_STARK_TEST);
    world_random_records(&w);
    world_finish(&w);
    uint64_t old[4];
    memcpy(old, w.commitments[0], sizeof old);
    w.x[29] = w.x[29] == 15 ? 14 : w.x[29] + 1;
    world_finish(&w);
    world_accepts(&w);
    memcpy(w.commitments[0], old, sizeof old);
    world_refuses(&w, "linear relations");
    world_clear(&w);
}

/* Small integers of a record, read as four packed features each, would be another record. */
static void fields_do_not_open_as_features(void **state) {
    (void)state;
    struct world fields, features;
    struct hats_encryption_input input = world_clinical_input(units, 8);
    world_make(&fields, &input, 1, HATS_STARK_TEST);
    for (uint32_t i = 0; i < 8; i++)
        fields.fields[i] = 100 + i;
    world_commit(&fields);
    input = world_box_input(units, 32, 32, -200, 200, HATS_SOURCE_FEATURES);
    world_make(&features, &input, 1, HATS_STARK_TEST);
    for (uint32_t i = 0; i < 8; i++)
        features.x[4 * i] = 100 + (int32_t)i;
    memcpy(features.salts[0], fields.salts[0], sizeof features.salts[0]);
    world_finish(&features);
    world_accepts(&features);
    memcpy(features.commitments[0], fields.commitments[0], sizeof features.commitments[0]);
    world_refuses(&features, "linear relations");
    world_clear(&features);
    world_clear(&fields);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_noise_passes),
        cmocka_unit_test(no_noise_in_a_ciphertext),
        cmocka_unit_test(long_noise_does_not_stand_in_for_the_keys),
        cmocka_unit_test(noise_outside_its_table),
        cmocka_unit_test(tags_do_not_mix),
        cmocka_unit_test(plaintext_in_the_clear),
        cmocka_unit_test(another_a),
        cmocka_unit_test(bgv_form),
        cmocka_unit_test(plaintext_beyond_the_last_feature),
        cmocka_unit_test(plaintext_beyond_the_last_block),
        cmocka_unit_test(ciphertexts_in_another_order),
        cmocka_unit_test(another_key),
        cmocka_unit_test(no_secret_under_a_registered_key),
        cmocka_unit_test(a_secret_that_is_not_ternary),
        cmocka_unit_test(features_outside_their_box),
        cmocka_unit_test(another_rounding),
        cmocka_unit_test(a_clip_that_does_not_touch),
        cmocka_unit_test(records_that_the_source_did_not_sign),
        cmocka_unit_test(records_in_another_order),
        cmocka_unit_test(features_that_the_source_did_not_sign),
        cmocka_unit_test(fields_do_not_open_as_features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
