#include "evidence/checkpoint.h"

#include "base/text.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ORIGIN "log.example/hats"
#define WITNESS "witness.example/w1"
#define TIME_S 1790000000

static struct hats_sign_key *log_key, *witness_key;
static struct hats_buffer note; /* signed by both */
static struct hats_tree_head head;

static void add_line(struct hats_buffer *out, const struct hats_sign_key *key, const char *name) {
    uint8_t cosignature[HATS_COSIGNATURE_LEN];
    assert_int_equal(hats_cosign(cosignature, &head, key, name, TIME_S, NULL), HATS_OK);
    hats_checkpoint_line(out, name, hats_mldsa_public(key), cosignature);
}

static int make(void **state) {
    (void)state;
    log_key = sample_key(HATS_MLDSA_44, 0x11);
    witness_key = sample_key(HATS_MLDSA_44, 0x22);
    head = (struct hats_tree_head){.origin = ORIGIN, .size = 20852163};
    hats_sha256(head.root, "root", 4);
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    assert_int_equal(hats_checkpoint_begin(&note, &head, NULL), HATS_OK);
    add_line(&note, log_key, ORIGIN);
    add_line(&note, witness_key, WITNESS);
    assert_false(note.failed);
    return 0;
}

static int drop(void **state) {
    (void)state;
    hats_buffer_clear(&note);
    hats_mldsa_free(log_key);
    hats_mldsa_free(witness_key);
    return 0;
}

static hats_status check(const uint8_t *bytes, size_t len, const struct hats_sign_key *key,
                         const char *name) {
    struct hats_checkpoint c;
    uint64_t time_s;
    hats_status s = hats_checkpoint_parse(&c, bytes, len, NULL);
    return s != HATS_OK
               ? s
               : hats_checkpoint_verify(&c, NULL, &time_s, hats_mldsa_public(key), name, NULL);
}

static void both_signers_are_heard(void **state) {
    (void)state;
    struct hats_checkpoint c;
    uint64_t time_s = 0;
    uint8_t cosignature[HATS_COSIGNATURE_LEN];
    assert_int_equal(hats_checkpoint_parse(&c, note.data, note.len, NULL), HATS_OK);
    assert_string_equal(c.head.origin, ORIGIN);
    assert_true(c.head.size == head.size);
    assert_memory_equal(c.head.root, head.root, 32);
    assert_int_equal(c.n_lines, 2);
    assert_int_equal(
        hats_checkpoint_verify(&c, cosignature, &time_s, hats_mldsa_public(log_key), ORIGIN, NULL),
        HATS_OK);
    assert_true(time_s == TIME_S);
    assert_int_equal(
        hats_cosign_verify(&time_s, cosignature, &c.head, hats_mldsa_public(log_key), ORIGIN, NULL),
        HATS_OK);
    assert_int_equal(check(note.data, note.len, witness_key, WITNESS), HATS_OK);
}

static void a_name_belongs_to_a_key(void **state) {
    (void)state;
    assert_int_equal(check(note.data, note.len, witness_key, ORIGIN), HATS_E_NOT_FOUND);
    assert_int_equal(check(note.data, note.len, log_key, WITNESS), HATS_E_NOT_FOUND);
    assert_int_equal(check(note.data, note.len, log_key, "log.example"), HATS_E_NOT_FOUND);
}

/* The head and the lines of signatures: no byte may be another. The base 64 is sampled, one byte in eleven. */
static void every_changed_byte_is_refused(void **state) {
    (void)state;
    uint8_t *bytes = note.data;
    const uint8_t *blank = memmem(bytes, note.len, "\n\n", 2);
    size_t head_len = (size_t)(blank - bytes) + 2;
    for (size_t i = 0; i < note.len; i += i < head_len + 60 || i + 60 > note.len ? 1 : 11) {
        for (unsigned bit = 0; bit < 8; bit += i < head_len ? 1 : 5) {
            bytes[i] ^= (uint8_t)(1u << bit);
            bool both = check(bytes, note.len, log_key, ORIGIN) == HATS_OK &&
                        check(bytes, note.len, witness_key, WITNESS) == HATS_OK;
            bytes[i] ^= (uint8_t)(1u << bit);
            if (both)
                fail_msg("byte %zu bit %u may change", i, bit);
        }
    }
}

static void a_cut_checkpoint_is_malformed(void **state) {
    (void)state;
    struct hats_checkpoint c;
    const uint8_t *blank = memmem(note.data, note.len, "\n\n", 2);
    size_t head_len = (size_t)(blank - note.data) + 2;
    const uint8_t *first_end = memchr(note.data + head_len, '\n', note.len - head_len);
    size_t one_line = (size_t)(first_end - note.data) + 1;
    for (size_t n = 0; n < note.len; n += n < 200 ? 1 : 7)
        if (n != one_line)
            assert_int_equal(hats_checkpoint_parse(&c, note.data, n, NULL), HATS_E_MALFORMED);
    assert_int_equal(hats_checkpoint_parse(&c, note.data, one_line, NULL), HATS_OK);
}

static void refuse_text(const char *text, hats_status expected) {
    struct hats_checkpoint c;
    hats_status s = hats_checkpoint_parse(&c, (const uint8_t *)text, strlen(text), NULL);
    if (s != expected)
        fail_msg("%s: %s", text, hats_status_name(s));
}

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
#define LINE "\xe2\x80\x94 a.example AAAAAAAA\n"

static void other_spellings_are_refused(void **state) {
    (void)state;
    refuse_text("a.example\n0\n" ROOT "\n" LINE, HATS_OK);
    refuse_text("a.example\n00\n" ROOT "\n" LINE, HATS_E_MALFORMED);
    refuse_text("a.example\n+1\n" ROOT "\n" LINE, HATS_E_MALFORMED);
    refuse_text("a.example\n4611686018427387905\n" ROOT "\n" LINE, HATS_E_MALFORMED);
    refuse_text("a example\n0\n" ROOT "\n" LINE, HATS_E_MALFORMED);
    refuse_text("a+example\n0\n" ROOT "\n" LINE, HATS_E_MALFORMED);
    refuse_text("a\xe2\x80\x8a"
                "b\n0\n" ROOT "\n" LINE,
                HATS_E_MALFORMED);
    refuse_text("a\xe3\x80\x80"
                "b\n0\n" ROOT "\n" LINE,
                HATS_E_MALFORMED);
    refuse_text("\n0\n" ROOT "\n" LINE, HATS_E_MALFORMED);
    refuse_text("a.example\n0\nAAAA\n\n" LINE, HATS_E_MALFORMED);
    refuse_text("a.example\n0\n" ROOT "more\n\n" LINE, HATS_E_UNSUPPORTED);
    refuse_text("a.example\n0\n" ROOT LINE, HATS_E_UNSUPPORTED);
    refuse_text("a.example\n0\n" ROOT "\n", HATS_E_MALFORMED);
    refuse_text("a.example\n0\n" ROOT "\n\n" LINE, HATS_E_MALFORMED);
    refuse_text("a.example\n0\n" ROOT "\n- a.example AAAAAAAA\n", HATS_E_MALFORMED);
    refuse_text("a.example\n0\n" ROOT "\n\xe2\x80\x94 a.example AAAA\n", HATS_E_MALFORMED);
    refuse_text("a.example\n0\n" ROOT "\n\xe2\x80\x94 a.example\n", HATS_E_MALFORMED);
    refuse_text("a.example\r\n0\n" ROOT "\n" LINE, HATS_E_MALFORMED);
}

static void at_most_sixteen_signatures_are_read(void **state) {
    (void)state;
    struct hats_buffer b;
    struct hats_checkpoint c;
    hats_buffer_init(&b, 4096);
    hats_buffer_printf(&b, "a.example\n0\n" ROOT "\n");
    for (unsigned i = 0; i < 16; i++)
        hats_buffer_printf(&b, LINE);
    assert_int_equal(hats_checkpoint_parse(&c, b.data, b.len, NULL), HATS_OK);
    hats_buffer_printf(&b, LINE);
    assert_int_equal(hats_checkpoint_parse(&c, b.data, b.len, NULL), HATS_E_MALFORMED);
    hats_buffer_clear(&b);
}

static void nobody_signs_without_time_or_with_another_kind_of_key(void **state) {
    (void)state;
    uint8_t out[HATS_COSIGNATURE_LEN];
    struct hats_sign_key *other = sample_key(HATS_MLDSA_65, 0x33);
    uint64_t time_s;
    assert_int_equal(hats_cosign(out, &head, log_key, ORIGIN, 0, NULL), HATS_E_USAGE);
    assert_int_equal(hats_cosign(out, &head, other, ORIGIN, TIME_S, NULL), HATS_E_USAGE);
    assert_int_equal(hats_cosign(out, &head, log_key, "two words", TIME_S, NULL), HATS_E_USAGE);
    assert_int_equal(hats_cosign(out, &head, log_key, ORIGIN, TIME_S, NULL), HATS_OK);
    memset(out, 0, 8);
    assert_int_equal(
        hats_cosign_verify(&time_s, out, &head, hats_mldsa_public(log_key), ORIGIN, NULL),
        HATS_E_VERIFY);
    hats_mldsa_free(other);
}

/* The message as the specification writes it, byte for byte: signed by the library, checked over bytes put
 * together here. */
static void the_signed_message_is_the_specified_one(void **state) {
    (void)state;
    uint8_t out[HATS_COSIGNATURE_LEN], message[12 + 1 + 18 + 8 + 1 + 16 + 8 + 8 + 32];
    struct hats_writer w = hats_writer_of(message, sizeof message);
    assert_int_equal(hats_cosign(out, &head, witness_key, WITNESS, TIME_S, NULL), HATS_OK);
    hats_write_bytes(&w, "subtree/v1\n\0", 12);
    hats_write_u8(&w, 18);
    hats_write_bytes(&w, WITNESS, 18);
    hats_write_be64(&w, TIME_S);
    hats_write_u8(&w, 16);
    hats_write_bytes(&w, ORIGIN, 16);
    hats_write_be64(&w, 0);
    hats_write_be64(&w, 20852163);
    hats_write_bytes(&w, head.root, 32);
    assert_true(hats_writer_ok(&w) && hats_writer_len(&w) == sizeof message);
    assert_int_equal(hats_mldsa_verify(HATS_MLDSA_44, hats_mldsa_public(witness_key), 1312, message,
                                       sizeof message, out + 8, 2420, NULL),
                     HATS_OK);
}

static void histories_are_told_apart(void **state) {
    (void)state;
    struct hats_tree_head old = {.origin = ORIGIN, .size = 1}, now = {.origin = ORIGIN, .size = 2};
    struct hats_tlog_path path = {.n = 1};
    struct hats_error err = {0};
    hats_tlog_leaf(old.root, "a", 1);
    hats_tlog_leaf(path.digests[0], "b", 1);
    hats_tlog_node(now.root, old.root, path.digests[0]);
    assert_int_equal(hats_history_of(&old, &now, &path, &err), HATS_HISTORY_GROWN);
    assert_int_equal(hats_history_of(&old, &old, &path, &err), HATS_HISTORY_SAME);
    assert_int_equal(err.status, HATS_OK);
    assert_int_equal(hats_history_of(&now, &old, &path, &err), HATS_HISTORY_BACKWARDS);
    assert_non_null(strstr(err.text, "went backwards: it had 2 entries and now shows 1"));
    old.root[0] ^= 1;
    assert_int_equal(hats_history_of(&old, &now, &path, &err), HATS_HISTORY_FORKED);
    assert_non_null(strstr(err.text, ORIGIN));
    now.size = 1;
    assert_int_equal(hats_history_of(&old, &now, &path, &err), HATS_HISTORY_FORKED);
    memcpy(old.origin, "other", 6);
    assert_int_equal(hats_history_of(&old, &now, &path, &err), HATS_HISTORY_OTHER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_signers_are_heard),
        cmocka_unit_test(a_name_belongs_to_a_key),
        cmocka_unit_test(every_changed_byte_is_refused),
        cmocka_unit_test(a_cut_checkpoint_is_malformed),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(at_most_sixteen_signatures_are_read),
        cmocka_unit_test(nobody_signs_without_time_or_with_another_kind_of_key),
        cmocka_unit_test(the_signed_message_is_the_specified_one),
        cmocka_unit_test(histories_are_told_apart),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, make, drop);
}
