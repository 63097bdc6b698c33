/* The frame: known answer, every byte of it, and what the chains must not let through. */
#include "base/bytes.h"
#include "base/text.h"
#include "hash/merkle_log.h"
#include "wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { N_CALLS = 9, INDEX = 7 };

/* The key of the known answer in docs/FORMATS.md, section 10, and a session of nine calls with it. */
static uint8_t secret[32], p[16], sid[32], r[32], table[N_CALLS][16], frame[HATS_FRAME_LEN];
static const struct hats_frame_session session = {sid, p, table[0], N_CALLS};

static int set_up(void **state) {
    (void)state;
    static const uint8_t core = 0xa0;
    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)i;
    memcpy(p, secret, sizeof p);
    hats_sha256(sid, "kat", 3);
    hats_sha256_tagged(r, "HATS-REQ-1", &core, 1);
    hats_frame_leaves(table[0], secret, p, 0, N_CALLS);
    return hats_frame_sign(frame, secret, p, INDEX, sid, r, NULL) == HATS_OK ? 0 : -1;
}

static enum hats_frame_refusal verify(const uint8_t *bytes, size_t len_bytes,
                                      const struct hats_frame_session *s,
                                      const uint8_t digest[32]) {
    enum hats_frame_refusal refusal = HATS_FRAME_REFUSAL_COUNT;
    hats_status status = hats_frame_verify(bytes, len_bytes, s, digest, &refusal, NULL);
    assert_int_equal(status, refusal == HATS_FRAME_ACCEPTED  ? HATS_OK
                             : refusal <= HATS_FRAME_R_INDEX ? HATS_E_MALFORMED
                                                             : HATS_E_VERIFY);
    return refusal;
}

static void the_known_answer_comes_out(void **state) {
    (void)state;
    static const uint16_t digits[11] = {2806, 2849, 3302, 883,  2061, 1679,
                                        3539, 3548, 3210, 3920, 2703};
    struct hats_frame_check check;
    uint8_t digest[32];
    char hex[65];
    hats_hex_encode(hex, table[INDEX], 16);
    assert_string_equal(hex, "7b0e3be1218c1d2a6ceec68832039d3c");
    assert_int_equal(hats_frame_begin(&check, frame, sizeof frame, &session, r),
                     HATS_FRAME_ACCEPTED);
    assert_int_equal(check.frame.counter, 2760);
    assert_memory_equal(check.digits, digits, sizeof digits);
    hats_sha256(digest, frame, sizeof frame);
    hats_hex_encode(hex, digest, 32);
    assert_string_equal(hex, "17a5b256fb7bd0461337ac9a271efa551503e1ca91d54fffcf2f528b8e7a9f49");
    assert_int_equal(verify(frame, sizeof frame, &session, r), HATS_FRAME_ACCEPTED);
}

/* Every wrong value of the first 16 bytes, some of the others: field by field the stated reason. */
static void every_byte_of_a_frame_is_covered(void **state) {
    (void)state;
    unsigned refused = 0;
    for (size_t at = 0; at < HATS_FRAME_LEN; at++) {
        uint8_t other[HATS_FRAME_LEN];
        memcpy(other, frame, sizeof other);
        for (unsigned bit = 0; bit < (at < 16 ? 8 : 1); bit++) {
            other[at] ^= (uint8_t)(1u << (bit + (at < 16 ? 0 : at % 8)));
            enum hats_frame_refusal why = verify(other, sizeof other, &session, r);
            if (at == 0)
                assert_int_equal(why, HATS_FRAME_R_HEADER);
            else if (at < 4)
                assert_true(why == HATS_FRAME_R_INDEX || why == HATS_FRAME_R_SUM);
            else if (at < 12)
                assert_int_equal(why, HATS_FRAME_R_SESSION);
            else
                assert_int_equal(why, at < 16 ? HATS_FRAME_R_SUM : HATS_FRAME_R_LEAF);
            memcpy(other, frame, sizeof other);
        }
        refused++;
    }
    assert_int_equal(refused, HATS_FRAME_LEN);
}

static void a_frame_is_of_one_request_session_and_key(void **state) {
    (void)state;
    uint8_t other[32];
    struct hats_frame_session s = session;
    memcpy(other, r, 32);
    other[31] ^= 1;
    assert_int_equal(verify(frame, sizeof frame, &session, other), HATS_FRAME_R_SUM);
    hats_sha256(other, "another", 7);
    s.sid = other;
    assert_int_equal(verify(frame, sizeof frame, &s, r), HATS_FRAME_R_SESSION);
    s = session;
    s.n_calls = INDEX;
    assert_int_equal(verify(frame, sizeof frame, &s, r), HATS_FRAME_R_INDEX);
    s = session;
    s.p = other;
    assert_int_equal(verify(frame, sizeof frame, &s, r), HATS_FRAME_R_SUM);
    uint8_t turned[N_CALLS][16];
    for (size_t i = 0; i < N_CALLS; i++)
        memcpy(turned[i], table[(i + 1) % N_CALLS], 16);
    s = session;
    s.table = turned[0];
    assert_int_equal(verify(frame, sizeof frame, &s, r), HATS_FRAME_R_LEAF);
}

static void a_frame_has_192_bytes(void **state) {
    (void)state;
    uint8_t longer[HATS_FRAME_LEN + 1] = {0};
    struct hats_frame f;
    memcpy(longer, frame, sizeof frame);
    for (size_t len = 0; len <= sizeof longer; len++) {
        if (len == HATS_FRAME_LEN)
            continue;
        assert_int_equal(verify(longer, len, &session, r), HATS_FRAME_R_LENGTH);
        assert_int_equal(hats_frame_decode(&f, longer, len, NULL), HATS_E_MALFORMED);
        assert_int_equal(f.counter, 0);
    }
}

static void a_decoded_frame_is_encoded_to_the_same_bytes(void **state) {
    (void)state;
    struct hats_frame f;
    uint8_t again[HATS_FRAME_LEN];
    assert_int_equal(hats_frame_decode(&f, frame, sizeof frame, NULL), HATS_OK);
    hats_frame_encode(again, &f);
    assert_memory_equal(again, frame, sizeof frame);
    for (unsigned first = 0; first < 256; first++) {
        memcpy(again, frame, sizeof frame);
        again[0] = (uint8_t)first;
        assert_int_equal(hats_frame_decode(&f, again, sizeof again, NULL),
                         first == HATS_FRAME_SUITE_1 ? HATS_OK : HATS_E_VERSION);
    }
}

/* From the definition, one hash at a time. */
static void step(uint8_t value[16], uint8_t use, unsigned k, unsigned s, uint32_t i) {
    uint8_t message[48], digest[32];
    memcpy(message, p, 16);
    message[16] = use;
    message[17] = (uint8_t)k;
    hats_store_be16(message + 18, (uint16_t)s);
    hats_store_be32(message + 20, i);
    memcpy(message + 24, "HATSfrm1", 8);
    memcpy(message + 32, value, 16);
    hats_sha256(digest, message, sizeof message);
    memcpy(value, digest, 16);
}

static void a_raised_digit_does_not_pay_for_a_lowered_one(void **state) {
    (void)state;
    struct hats_frame_check honest, forged;
    bool valid = true;
    assert_int_equal(hats_frame_begin(&honest, frame, sizeof frame, &session, r),
                     HATS_FRAME_ACCEPTED);
    /* Chain 0 can be walked one step up; chain 1 would have to go one down. */
    forged = honest;
    forged.digits[0]++;
    step(forged.frame.sigma[0], 1, 0, honest.digits[0], INDEX);
    hats_frame_finish(&valid, &forged, 1);
    assert_true(valid); /* each chain alone is open upwards: the sum is what holds them */
    forged.digits[1]--;
    hats_frame_finish(&valid, &forged, 1);
    assert_false(valid);
}

static void a_batch_says_of_each_frame_what_it_is(void **state) {
    (void)state;
    enum { N = 37 }; /* two full batches and a part of one */
    static struct hats_frame_check checks[N + 1];
    bool valid[N + 1];
    for (size_t i = 0; i < N; i++) {
        uint8_t bytes[HATS_FRAME_LEN], request[32];
        hats_sha256(request, &i, sizeof i);
        assert_int_equal(hats_frame_sign(bytes, secret, p, i % N_CALLS, sid, request, NULL),
                         HATS_OK);
        bytes[16 + i] ^= (uint8_t)(i % 3 == 1);
        assert_int_equal(hats_frame_begin(&checks[i], bytes, sizeof bytes, &session, request),
                         HATS_FRAME_ACCEPTED);
    }
    for (size_t n = 0; n <= N; n += n < 4 ? 1 : 11) {
        memset(valid, 2, sizeof valid);
        hats_frame_finish(valid, checks, n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(valid[i], i % 3 != 1);
    }
}

static void a_table_is_the_same_in_pieces(void **state) {
    (void)state;
    uint8_t pieces[N_CALLS][16];
    hats_frame_leaves(pieces[0], secret, p, 0, 4);
    hats_frame_leaves(pieces[4], secret, p, 4, N_CALLS - 4);
    assert_memory_equal(pieces, table, sizeof table);
}

/* [RFC9162, 2.1.1], as it is written there. */
static void hash_tree(uint8_t out[32], size_t first, size_t n) {
    uint8_t node[65] = {1};
    if (n == 1) {
        uint8_t leaf[1 + 8 + 16 + 4 + 16] = "\0HATSots1";
        memcpy(leaf + 9, p, 16);
        hats_store_be32(leaf + 25, (uint32_t)first);
        memcpy(leaf + 29, table[first], 16);
        hats_sha256(out, leaf, sizeof leaf);
        return;
    }
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    hash_tree(node + 1, first, k);
    hash_tree(node + 33, first + k, n - k);
    hats_sha256(out, node, sizeof node);
}

static void the_root_is_that_of_a_log_of_the_table(void **state) {
    (void)state;
    for (size_t n = 1; n <= N_CALLS; n++) {
        uint8_t ours[32], theirs[32];
        hats_frame_root(ours, p, table[0], n);
        hash_tree(theirs, 0, n);
        assert_memory_equal(ours, theirs, 32);
    }
}

static void refusals_have_names(void **state) {
    (void)state;
    assert_string_equal(hats_frame_refusal_name(HATS_FRAME_R_SUM), "sum");
    assert_string_equal(hats_frame_refusal_name(HATS_FRAME_REFUSAL_COUNT), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_answer_comes_out),
        cmocka_unit_test(every_byte_of_a_frame_is_covered),
        cmocka_unit_test(a_frame_is_of_one_request_session_and_key),
        cmocka_unit_test(a_frame_has_192_bytes),
        cmocka_unit_test(a_decoded_frame_is_encoded_to_the_same_bytes),
        cmocka_unit_test(a_raised_digit_does_not_pay_for_a_lowered_one),
        cmocka_unit_test(a_batch_says_of_each_frame_what_it_is),
        cmocka_unit_test(a_table_is_the_same_in_pieces),
        cmocka_unit_test(the_root_is_that_of_a_log_of_the_table),
        cmocka_unit_test(refusals_have_names),
    };
    return cmocka_run_group_tests_name("frame", tests, set_up, NULL);
}
