/* What a proof says of itself, and that no bytes are too strange to be refused. */
#include "stark/prove.h"
#include "stark/verify.h"
#include "systems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct systems all;
static struct hats_buffer proof;
static struct hats_error err;

static void make(unsigned suite, unsigned log_n) {
    const uint8_t coins[HATS_STARK_COINS_LEN] = {5};
    memset(&all, 0, sizeof all);
    all.n = 1;
    all.at[0] = system_new("mixed", log_n, 0, 3);
    assert_int_equal(systems_init(&all, suite, &err), HATS_OK);
    hats_buffer_init(&proof, all.setup.proof_max_bytes);
    if (hats_stark_prove(&proof, &all.statement, all.trace, coins, NULL, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static void clear(void) {
    system_free(all.at[0]);
    hats_buffer_clear(&proof);
}

static void a_summary_is_that_of_the_setup(void **state) {
    (void)state;
    struct hats_stark_summary s;
    make(HATS_STARK_S128, 11);
    assert_int_equal(hats_stark_inspect(&s, proof.data, proof.len, &err), HATS_OK);
    assert_int_equal(s.suite, HATS_STARK_S128);
    assert_int_equal(s.n_tables, 1);
    assert_int_equal(s.log_n[0], 11);
    assert_memory_equal(s.digest[0], all.setup.table[0].digest, HATS_SHA256_LEN);
    assert_int_equal(s.n_queries, all.setup.n_queries);
    assert_int_equal(s.grinding, 16);
    assert_int_equal(s.log_domain, all.setup.log_domain);
    assert_int_equal(s.d_max, all.setup.d_max);
    assert_int_equal(s.n_folds, all.setup.n_folds);
    assert_int_equal(s.final_len, all.setup.final_len);
    assert_int_equal(s.n_opened, all.setup.n_opened);
    assert_int_equal(s.n_trees, 3);
    for (unsigned i = 0; i < s.n_trees; i++) {
        assert_int_equal(s.width[i], all.setup.width[i]);
        assert_int_equal(s.salted[i], all.setup.salted[i]);
    }
    printf("# proven at least %d millibits\n", (int)s.proven);
    assert_in_range(s.proven, 127000, 128000);
    clear();
}

static void the_parts_add_up(void **state) {
    (void)state;
    struct hats_stark_summary s;
    make(HATS_STARK_TEST, 10);
    assert_int_equal(hats_stark_inspect(&s, proof.data, proof.len, &err), HATS_OK);
    size_t sum = s.header_bytes + 32 + s.roots_bytes + s.opened_bytes + s.final_bytes + 8;
    for (unsigned i = 0; i < s.n_trees; i++)
        sum += 6 + s.rows_bytes[i] + s.salts_bytes[i] + s.paths_bytes[i];
    for (unsigned l = 0; l < s.n_folds; l++)
        sum += 6 + s.layer_leaves_bytes[l] + s.layer_paths_bytes[l];
    assert_int_equal(sum, proof.len);
    assert_int_equal(s.total_bytes, proof.len);
    assert_true(s.n_folds == 2 && s.proven < 20000);
    clear();
}

static void what_is_no_proof_is_refused(void **state) {
    (void)state;
    struct hats_stark_summary s, untouched;
    make(HATS_STARK_TEST, 5);
    memset(&s, 0x5a, sizeof s);
    untouched = s;
    for (size_t len = 0; len < proof.len; len++)
        assert_int_equal(hats_stark_inspect(&s, proof.data, len, &err), HATS_E_MALFORMED);
    for (size_t i = 0; i < 16; i++) {
        proof.data[i] ^= 1;
        assert_int_equal(hats_stark_inspect(&s, proof.data, proof.len, &err), HATS_E_MALFORMED);
        proof.data[i] ^= 1;
    }
    proof.data[17] = 9;
    assert_int_equal(hats_stark_inspect(&s, proof.data, proof.len, &err), HATS_E_VERSION);
    assert_memory_equal(&s, &untouched, sizeof s);
    clear();
}

/* Each byte of the header takes every value: a summary or a refusal, within the bytes that are there. */
static void any_header_is_read_or_refused(void **state) {
    (void)state;
    struct hats_stark_summary s;
    make(HATS_STARK_TEST, 5);
    unsigned read = 0, refused = 0;
    for (size_t i = 16; i < 100; i++) {
        uint8_t kept = proof.data[i];
        for (unsigned value = 0; value < 256; value += i < 52 && i > 19 ? 51 : 1) {
            proof.data[i] = (uint8_t)value;
            *(hats_stark_inspect(&s, proof.data, proof.len, &err) == HATS_OK ? &read : &refused) +=
                1;
        }
        proof.data[i] = kept;
    }
    printf("# %u read, %u refused\n", read, refused);
    assert_true(read > 0 && refused > 0);
    clear();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_summary_is_that_of_the_setup),
        cmocka_unit_test(the_parts_add_up),
        cmocka_unit_test(what_is_no_proof_is_refused),
        cmocka_unit_test(any_header_is_read_or_refused),
    };
    return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
