#include "evidence/logged.h"
#include "evidence/receipt.h"

#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ORIGIN "log.example/hats"
#define WITNESS "witness.example/w1"
#define LOG_TIME_S (SAMPLE_DONE_MS / 1000 + 2)
enum { SIZE = 1000, INDEX = 617 };

static struct hats_sign_key *signer, *log_key, *witness_key;
static struct hats_trust trust;
static struct hats_buffer plain, logged;
static struct hats_logged evidence;
static uint8_t leaves[SIZE][32];

static hats_status node(void *arg, uint8_t out[32], unsigned level, uint64_t index,
                        struct hats_error *err) {
    (void)arg;
    uint8_t left[32], right[32];
    if (level == 0) {
        memcpy(out, leaves[index], 32);
        return HATS_OK;
    }
    assert_int_equal(node(NULL, left, level - 1, 2 * index, err), HATS_OK);
    assert_int_equal(node(NULL, right, level - 1, 2 * index + 1, err), HATS_OK);
    hats_tlog_node(out, left, right);
    return HATS_OK;
}

static void trust_note_key(const struct hats_sign_key *key, const char *name, unsigned role) {
    struct hats_trust_key entry;
    hats_trust_key_of(&entry, key, name, role, SAMPLE_DONE_MS - 86400000);
    assert_int_equal(hats_trust_add(&trust, &entry, NULL), HATS_OK);
}

static void cosign(struct hats_log_cosignature *out, const struct hats_sign_key *key,
                   const char *name) {
    snprintf(out->name, sizeof out->name, "%s", name);
    hats_note_key_id(out->key_id, name, hats_mldsa_public(key));
    assert_int_equal(
        hats_cosign(out->bytes, &evidence.by_log.head, key, name, LOG_TIME_S + 1, NULL), HATS_OK);
}

static int make(void **state) {
    (void)state;
    struct hats_receipt r;
    uint8_t entry[32];
    signer = sample_key(HATS_MLDSA_65, 1);
    log_key = sample_key(HATS_MLDSA_44, 2);
    witness_key = sample_key(HATS_MLDSA_44, 3);
    hats_trust_init(&trust);
    sample_trust(&trust, signer, HATS_ROLE_RECEIPT);
    trust_note_key(log_key, ORIGIN, HATS_ROLE_LOG);
    trust_note_key(witness_key, WITNESS, HATS_ROLE_WITNESS);
    hats_buffer_init(&plain, HATS_RECEIPT_MAX_BYTES);
    hats_buffer_init(&logged, HATS_RECEIPT_MAX_BYTES);
    sample_receipt(&r);
    assert_int_equal(hats_receipt_sign(&plain, &r, signer, "issuer", NULL), HATS_OK);

    hats_sha256(entry, plain.data, plain.len);
    for (size_t i = 0; i < SIZE; i++)
        hats_tlog_leaf(leaves[i], &i, sizeof i);
    hats_tlog_leaf(leaves[INDEX], entry, 32);
    struct hats_tlog_source source = {.node = node};
    struct hats_tree_head head = {.origin = ORIGIN, .size = SIZE};
    assert_int_equal(hats_tlog_root(head.root, SIZE, &source, NULL), HATS_OK);
    evidence = (struct hats_logged){.index = INDEX, .n_witnesses = 1};
    assert_int_equal(hats_tlog_prove_inclusion(&evidence.path, SIZE, INDEX, &source, NULL),
                     HATS_OK);
    assert_int_equal(hats_log_sign(&evidence.by_log, &head, log_key, LOG_TIME_S, NULL), HATS_OK);
    cosign(&evidence.witnesses[0], witness_key, WITNESS);
    assert_int_equal(hats_logged_attach(&logged, plain.data, plain.len, &evidence, NULL), HATS_OK);
    return 0;
}

static int drop(void **state) {
    (void)state;
    hats_buffer_clear(&plain);
    hats_buffer_clear(&logged);
    hats_trust_clear(&trust);
    hats_mldsa_free(signer);
    hats_mldsa_free(log_key);
    hats_mldsa_free(witness_key);
    return 0;
}

static struct hats_report report;

static hats_status verify(const struct hats_buffer *file, bool must, unsigned witnesses) {
    struct hats_log_policy policy = {.logged = must, .witnesses = witnesses};
    return hats_receipt_verify_under(&report, file->data, file->len, &trust, &policy, SAMPLE_NOW_MS,
                                     NULL);
}

static void a_logged_receipt_says_its_place_and_who_saw_it(void **state) {
    (void)state;
    assert_int_equal(verify(&logged, true, 1), HATS_OK);
    assert_int_equal(report.log.state, HATS_LOG_HOLDS);
    assert_true(report.log.index == INDEX && report.log.head.size == SIZE);
    assert_string_equal(report.log.head.origin, ORIGIN);
    assert_int_equal(report.log.n_witnesses, 1);
    assert_true(report.log.witnessed_s == LOG_TIME_S + 1);
    assert_true(logged.len < 12288);
    print_message("# %zu bytes\n", logged.len);
}

static void what_was_sealed_comes_back(void **state) {
    (void)state;
    struct hats_buffer again;
    struct hats_cose file;
    uint8_t entry[32], sealed[32];
    hats_buffer_init(&again, HATS_RECEIPT_MAX_BYTES);
    assert_int_equal(hats_logged_strip(&again, logged.data, logged.len, NULL), HATS_OK);
    assert_true(again.len == plain.len);
    assert_memory_equal(again.data, plain.data, plain.len);
    assert_int_equal(hats_cose_parse_open(&file, logged.data, logged.len, NULL, NULL), HATS_OK);
    hats_cose_entry(entry, &file);
    hats_sha256(sealed, plain.data, plain.len);
    assert_memory_equal(entry, sealed, 32);
    again.len = 0;
    assert_int_equal(hats_logged_attach(&again, logged.data, logged.len, &evidence, NULL), HATS_OK);
    assert_true(again.len == logged.len);
    assert_memory_equal(again.data, logged.data, logged.len);
    hats_buffer_clear(&again);
}

static void a_receipt_without_a_place_is_refused_where_one_is_asked_for(void **state) {
    (void)state;
    assert_int_equal(verify(&plain, false, 0), HATS_OK);
    assert_int_equal(report.log.state, HATS_LOG_ABSENT);
    assert_int_equal(verify(&plain, true, 0), HATS_E_VERIFY);
    assert_int_equal(verify(&plain, false, 1), HATS_E_VERIFY);
    assert_int_equal(verify(&logged, true, 2), HATS_E_VERIFY);
    assert_non_null(strstr(report.error.text, "1 trusted witnesses cosigned, 2 are asked for"));
}

/* Every byte of the map: no other file passes as witnessed. */
static void every_changed_byte_of_the_evidence_is_refused(void **state) {
    (void)state;
    struct hats_cose file;
    assert_int_equal(hats_cose_parse_open(&file, logged.data, logged.len, NULL, NULL), HATS_OK);
    size_t from = (size_t)(file.unprotected - logged.data);
    for (size_t i = from; i < from + file.unprotected_len; i++) {
        /* inside a signature one byte in sixteen, to spare time */
        bool inside = file.unprotected_len > 5000 && (i - from) > 700 && (i - from) < 4900;
        if (inside && i % 16 != 0)
            continue;
        for (unsigned bit = 0; bit < 8; bit += 3) {
            logged.data[i] ^= (uint8_t)(1u << bit);
            hats_status s = verify(&logged, true, 1);
            logged.data[i] ^= (uint8_t)(1u << bit);
            if (s == HATS_OK)
                fail_msg("byte %zu of the map, bit %u", i - from, bit);
        }
    }
    assert_int_equal(verify(&logged, true, 1), HATS_OK);
}

static void the_evidence_of_one_receipt_is_none_for_another(void **state) {
    (void)state;
    struct hats_receipt r;
    struct hats_buffer other, file;
    hats_buffer_init(&other, HATS_RECEIPT_MAX_BYTES);
    hats_buffer_init(&file, HATS_RECEIPT_MAX_BYTES);
    sample_receipt(&r);
    r.call_index++;
    assert_int_equal(hats_receipt_sign(&other, &r, signer, "issuer", NULL), HATS_OK);
    assert_int_equal(hats_logged_attach(&file, other.data, other.len, &evidence, NULL), HATS_OK);
    assert_int_equal(verify(&file, false, 0), HATS_E_VERIFY);
    assert_int_equal(report.log.state, HATS_LOG_BROKEN);
    assert_non_null(strstr(report.error.text, "did not sign a tree with this receipt"));
    hats_buffer_clear(&other);
    hats_buffer_clear(&file);
}

static hats_status verify_believing(const char *log_name, const char *witness_name, bool must,
                                    unsigned witnesses, uint64_t revoked_ms) {
    struct hats_trust other;
    struct hats_trust_key key;
    struct hats_log_policy policy = {.logged = must, .witnesses = witnesses};
    hats_trust_init(&other);
    sample_trust(&other, signer, HATS_ROLE_RECEIPT);
    if (log_name != NULL) {
        hats_trust_key_of(&key, log_key, log_name, HATS_ROLE_LOG, 1);
        key.revoked_ms = revoked_ms;
        assert_int_equal(hats_trust_add(&other, &key, NULL), HATS_OK);
    }
    if (witness_name != NULL) {
        hats_trust_key_of(&key, witness_key, witness_name, HATS_ROLE_WITNESS, 1);
        assert_int_equal(hats_trust_add(&other, &key, NULL), HATS_OK);
    }
    hats_status s = hats_receipt_verify_under(&report, logged.data, logged.len, &other, &policy,
                                              SAMPLE_NOW_MS, NULL);
    hats_trust_clear(&other);
    return s;
}

static void an_unknown_log_proves_nothing_and_is_said(void **state) {
    (void)state;
    const uint64_t never = HATS_TIME_NONE;
    assert_int_equal(verify_believing(NULL, NULL, false, 0, never), HATS_OK);
    assert_int_equal(report.log.state, HATS_LOG_UNKNOWN);
    assert_int_equal(verify_believing(NULL, NULL, true, 0, never), HATS_E_TRUST);
    assert_int_equal(hats_report_exit_code(&report, false), 4);
    assert_int_equal(verify_believing("other.example", NULL, true, 0, never), HATS_E_TRUST);
    assert_int_equal(verify_believing(ORIGIN, NULL, true, 0, never), HATS_OK);
    assert_int_equal(report.log.n_witnesses, 0);
    assert_int_equal(verify_believing(ORIGIN, "other.example", true, 1, never), HATS_E_VERIFY);
    assert_int_equal(verify_believing(ORIGIN, WITNESS, true, 1, SAMPLE_NOW_MS - 1), HATS_E_TRUST);
    assert_non_null(strstr(report.error.text, "revoked"));
}

static void one_witness_does_not_count_twice(void **state) {
    (void)state;
    struct hats_buffer file;
    struct hats_logged twice = evidence;
    hats_buffer_init(&file, HATS_RECEIPT_MAX_BYTES);
    twice.n_witnesses = 2;
    cosign(&twice.witnesses[1], witness_key, WITNESS);
    hats_status s = hats_logged_attach(&file, plain.data, plain.len, &twice, NULL);
    if (s == HATS_OK) {
        assert_int_equal(verify(&file, true, 2), HATS_E_VERIFY);
        assert_int_equal(report.log.n_witnesses, 1);
    } else {
        assert_int_equal(s, HATS_E_RANGE);
    }
    hats_buffer_clear(&file);
}

static void signatures_of_tomorrow_are_refused(void **state) {
    (void)state;
    struct hats_buffer file;
    struct hats_logged late = evidence;
    hats_buffer_init(&file, HATS_RECEIPT_MAX_BYTES);
    assert_int_equal(hats_log_sign(&late.by_log, &evidence.by_log.head, log_key,
                                   SAMPLE_NOW_MS / 1000 + 3600, NULL),
                     HATS_OK);
    assert_int_equal(hats_logged_attach(&file, plain.data, plain.len, &late, NULL), HATS_OK);
    assert_int_equal(verify(&file, false, 0), HATS_E_VERIFY);
    assert_non_null(strstr(report.error.text, "future"));
    hats_buffer_clear(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_logged_receipt_says_its_place_and_who_saw_it),
        cmocka_unit_test(what_was_sealed_comes_back),
        cmocka_unit_test(a_receipt_without_a_place_is_refused_where_one_is_asked_for),
        cmocka_unit_test(every_changed_byte_of_the_evidence_is_refused),
        cmocka_unit_test(the_evidence_of_one_receipt_is_none_for_another),
        cmocka_unit_test(an_unknown_log_proves_nothing_and_is_said),
        cmocka_unit_test(one_witness_does_not_count_twice),
        cmocka_unit_test(signatures_of_tomorrow_are_refused),
    };
    return cmocka_run_group_tests_name("logged", tests, make, drop);
}
