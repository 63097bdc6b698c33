/* The transcript against values computed with another SHAKE256 and SHA-256 (Python's hashlib) from
 * docs/FORMATS.md, section 8.4. */
#include "stark/transcript.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void draws_are_those_of_the_format(void **state) {
    (void)state;
    static const uint8_t suite[2] = {0, 1}, nonce[8] = {0};
    static const uint64_t words[6] = {0x8b8d1ad84e886926, 0xbc4015665ea7e8c7, 0x698e4df3c08bca3c,
                                      0x9011490958602617, 0x236c9a05b8efc5df, 0xef5dcda21ae17f51};
    static const uint8_t seed[32] = {0xa0, 0x5c, 0x8c, 0x74, 0x7c, 0x16, 0x77, 0xa1,
                                     0xa1, 0x3a, 0xf3, 0x90, 0x39, 0x69, 0xf8, 0xce,
                                     0xfb, 0x15, 0xf4, 0xec, 0xeb, 0x9b, 0xe7, 0xa3,
                                     0xfa, 0xdc, 0x03, 0x74, 0x89, 0x4a, 0xb0, 0x16};
    static const uint32_t expected[] = {0, 3, 4, 6, 8, 10, 15}; /* of 4 0 10 10 0 4 6 15 3 8 */
    struct hats_stark_transcript t;
    hats_stark_transcript_init(&t);
    hats_stark_absorb(&t, HATS_STARK_L_SUITE, suite, sizeof suite);
    hats_stark_absorb(&t, HATS_STARK_L_PUBLIC, NULL, 0);
    struct hats_fp3 k[2];
    hats_stark_draw_k(&t, HATS_STARK_L_LAMBDA, k, 2);
    for (int i = 0; i < 6; i++)
        assert_int_equal(k[i / 3].c[i % 3], words[i]);
    uint8_t bytes[32];
    hats_stark_draw_bytes(&t, HATS_STARK_L_WORK_SEED, bytes, sizeof bytes);
    assert_memory_equal(bytes, seed, sizeof bytes);
    hats_stark_absorb(&t, HATS_STARK_L_NONCE, nonce, sizeof nonce);
    uint32_t positions[10];
    assert_int_equal(hats_stark_draw_positions(&t, HATS_STARK_L_QUERIES, positions, 10, 4),
                     HATS_COUNT_OF(expected));
    for (size_t i = 0; i < HATS_COUNT_OF(expected); i++)
        assert_int_equal(positions[i], expected[i]);
}

static uint64_t first_word(const char *a, size_t a_len, const char *b, size_t b_len,
                           enum hats_stark_label label, size_t n) {
    struct hats_stark_transcript t;
    struct hats_fp3 k[2];
    hats_stark_transcript_init(&t);
    hats_stark_absorb(&t, HATS_STARK_L_PUBLIC, a, a_len);
    hats_stark_absorb(&t, HATS_STARK_L_SALT, b, b_len);
    hats_stark_draw_k(&t, label, k, n);
    return k[0].c[0];
}

static void every_part_of_the_conversation_changes_the_draw(void **state) {
    (void)state;
    uint64_t word = first_word("ab", 2, "c", 1, HATS_STARK_L_ZETA, 1);
    assert_int_equal(word, first_word("ab", 2, "c", 1, HATS_STARK_L_ZETA, 1));
    assert_int_not_equal(word, first_word("a", 1, "bc", 2, HATS_STARK_L_ZETA, 1));
    assert_int_not_equal(word, first_word("ac", 2, "c", 1, HATS_STARK_L_ZETA, 1));
    assert_int_not_equal(word, first_word("ab", 2, "", 0, HATS_STARK_L_ZETA, 1));
    assert_int_not_equal(word, first_word("ab", 2, "c", 1, HATS_STARK_L_ETA, 1));
    assert_int_not_equal(word, first_word("ab", 2, "c", 1, HATS_STARK_L_ZETA, 2));
}

static void positions_ascend_and_stay_in_the_domain(void **state) {
    (void)state;
    for (unsigned log_n = 0; log_n <= 20; log_n += 4) {
        struct hats_stark_transcript t;
        uint32_t positions[160];
        hats_stark_transcript_init(&t);
        size_t n = hats_stark_draw_positions(&t, HATS_STARK_L_QUERIES, positions, 160, log_n);
        assert_in_range(n, 1, 160);
        for (size_t i = 0; i < n; i++) {
            assert_true(positions[i] >> log_n == 0);
            assert_true(i == 0 || positions[i - 1] < positions[i]);
        }
    }
}

static void work_is_counted_in_leading_zero_bits(void **state) {
    (void)state;
    uint8_t seed[HATS_STARK_WORK_SEED_LEN];
    for (uint8_t i = 0; i < sizeof seed; i++)
        seed[i] = i;
    for (uint64_t nonce = 0; nonce < 98; nonce++)
        assert_false(hats_stark_work_is_done(seed, nonce, 8));
    assert_true(hats_stark_work_is_done(seed, 98, 8));
    assert_true(hats_stark_work_is_done(seed, 98, 0));
    assert_true(hats_stark_work_is_done(seed, 336666, 16));
    assert_false(hats_stark_work_is_done(seed, 336666, 32));
    seed[31] ^= 1;
    assert_false(hats_stark_work_is_done(seed, 336666, 16));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_those_of_the_format),
        cmocka_unit_test(every_part_of_the_conversation_changes_the_draw),
        cmocka_unit_test(positions_ascend_and_stay_in_the_domain),
        cmocka_unit_test(work_is_counted_in_leading_zero_bits),
    };
    return cmocka_run_group_tests_name("transcript", tests, NULL, NULL);
}
