/* Devices: what a table must say, row by row, and what it cannot hide. */
#include "device_world.h"

#include "stark/air_eval.h"
#include "wire/policy.h"

#include <string.h>

static uint64_t add(uint64_t a, uint64_t b) { return hats_fp_add(a, b); }

static void honest_devices_pass(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 7, 63, HATS_DEVICE_SET_MAX};
    for (size_t i = 0; i < 2 * HATS_COUNT_OF(sizes); i++) {
        struct device_world *w = device_world_new(HATS_STARK_TEST, sizes[i % HATS_COUNT_OF(sizes)]);
        struct hats_error err = {0};
        device_world_accepts(w);
        if (hats_device_admitted(&w->pub, &w->witness, &err) != HATS_OK)
            fail_msg("%s", err.text);
        device_world_free(w);
    }
}

static void edges_pass(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 3);
    static const uint32_t slots[][2] = {{1, 0}, {256, 0}, {256, 255}, {7, 6}, {129, 128}};
    for (size_t i = 0; i < HATS_COUNT_OF(slots); i++) {
        w->policy.slot_bound = slots[i][0];
        w->witness.slot = slots[i][1];
        device_world_publish(w);
        device_world_accepts(w);
    }
    static const uint32_t indices[] = {0, 1, (1 << 20) - 1, 1 << 19};
    for (size_t i = 0; i < HATS_COUNT_OF(indices); i++) {
        w->witness.index = indices[i];
        device_world_publish(w);
        device_world_accepts(w);
    }
    w->witness.leaf.posture = w->policy.posture_mask = UINT32_MAX;
    w->witness.leaf.not_after_s = w->pub.now_s;
    device_world_publish(w);
    device_world_accepts(w);
    w->witness.leaf.not_after_s = w->pub.now_s + UINT32_MAX;
    w->witness.leaf.posture = w->policy.posture_mask = 0;
    w->witness.leaf.serial = HATS_P - 1;
    device_world_publish(w);
    device_world_accepts(w);
    device_world_free(w);
}

static void digests_are_those_of_the_published_sponge(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 3);
    uint64_t digest[4], leaf[4];
    hats_device_public_key(digest, &w->witness.secret);
    assert_memory_equal(digest, w->witness.leaf.pk, sizeof digest);
    hats_device_nullifier(digest, &w->witness.secret, w->pub.epoch, w->pub.rp_id, w->witness.slot);
    assert_memory_equal(digest, w->pub.nf, sizeof digest);
    hats_device_leaf_digest(leaf, &w->witness.leaf);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(*device_world_cell(w, 4 + i, HATS_DEVICE_LEAF_OUT) == leaf[i]);
        assert_true(*device_world_cell(w, 4 + i, HATS_DEVICE_ROOT) == w->pub.root[i]);
        assert_true(*device_world_cell(w, 4 + i, 0) == w->pub.nf[i]);
    }
    device_world_free(w);
}

/* A device that fails one condition: its own check says so, and its table fails in the right claim. */
static void assert_denied(struct device_world *w, hats_status status, const char *says,
                          const char *claim) {
    struct hats_error err = {0};
    device_world_publish(w);
    assert_int_equal(hats_device_admitted(&w->pub, &w->witness, &err), status);
    if (strstr(err.text, says) == NULL)
        fail_msg("denied, but for \"%s\" and not for \"%s\"", err.text, says);
    device_world_refuses(w, claim);
}

static void the_policy_is_kept(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 5);
    const struct hats_device_witness honest = w->witness;
    w->policy.posture_mask |= 1u << 9;
    w->witness.leaf.posture &= ~(1u << 9);
    assert_denied(w, HATS_E_DENIED, "0x200", "posture bit");
    w->witness = honest;
    w->policy.posture_mask = 0;
    w->witness.leaf.firmware = 0; /* values begin with 1 */
    assert_denied(w, HATS_E_DENIED, "firmware", "firmware class");
    w->witness = honest;
    w->witness.leaf.jurisdiction = w->jurisdictions[4] + 1;
    assert_denied(w, HATS_E_DENIED, "jurisdiction", "jurisdiction");
    w->witness = honest;
    w->witness.leaf.assurance = 0;
    assert_denied(w, HATS_E_DENIED, "assurance", "assurance");
    w->witness = honest;
    w->witness.slot = w->policy.slot_bound;
    assert_denied(w, HATS_E_DENIED, "slot", "bit");
    w->witness.slot = 300;
    assert_denied(w, HATS_E_DENIED, "slot", "bit");
    w->witness = honest;
    w->witness.leaf.not_after_s = w->pub.now_s - 1;
    assert_denied(w, HATS_E_TRUST, "expired", "bits begin with none");
    w->witness.leaf.not_after_s = 0;
    assert_denied(w, HATS_E_TRUST, "expired", "bits begin with none");
    w->witness = honest;
    device_world_publish(w);
    device_world_accepts(w);
    device_world_free(w);
}

static void every_public_input_counts(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 4);
    const struct hats_device_public honest = w->pub;
    for (unsigned i = 0; i < 4; i++) {
        w->pub.root[i] = add(w->pub.root[i], 1);
        device_world_refuses(w, "nullifier and root");
        w->pub = honest;
        w->pub.nf[i] = add(w->pub.nf[i], 1);
        device_world_refuses(w, "nullifier and root");
        w->pub = honest;
    }
    w->pub.epoch ^= 1;
    device_world_refuses(w, "epoch and relying party");
    w->pub = honest;
    w->pub.rp_id[31] ^= 1;
    device_world_refuses(w, "epoch and relying party");
    w->pub = honest;
    w->pub.now_s++;
    device_world_refuses(w, "expiry");
    w->pub = honest;
    w->policy.slot_bound++;
    device_world_refuses(w, "slot bound");
    w->policy.slot_bound--;
    w->policy.posture_mask = ~w->witness.leaf.posture;
    device_world_refuses(w, "posture bit");
    w->policy.posture_mask = 0;
    for (unsigned i = 0; i < 4; i++)
        w->firmware[i] += 1000000;
    device_world_refuses(w, "firmware class");
    device_world_free(w);
}

static void what_the_proof_is_not_about_is_in_its_bytes(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 4);
    struct hats_device_work work, other;
    hats_device_work_init(&work, &w->pub);
    w->pub.m[5] ^= 1;
    hats_device_work_init(&other, &w->pub);
    assert_int_equal(work.statement.public_len_bytes, other.statement.public_len_bytes);
    assert_memory_not_equal(work.public_bytes, other.public_bytes, work.statement.public_len_bytes);
    device_world_free(w);
}

/* ---- cheats that keep every block in itself right ---- */

static void refill(struct device_world *w, unsigned column, unsigned row, uint64_t change,
                   int direction) {
    uint64_t *cell = device_world_cell(w, column, row);
    *cell = add(*cell, change);
    device_world_permute(w, row, direction);
}

/* The nullifier that the table has come to. */
static void take_nullifier(struct device_world *w) {
    for (unsigned k = 0; k < 4; k++)
        w->pub.nf[k] = *device_world_cell(w, 4 + k, 0);
}

static void a_nullifier_of_another_secret(void **state) {
    (void)state;
    for (unsigned i = 4; i < 8; i++) {
        struct device_world *w = device_world_new(HATS_STARK_TEST, 2);
        refill(w, i, HATS_DEVICE_NF_IN, 1, -1);
        take_nullifier(w);
        device_world_refuses(w, "sk and pk");
        device_world_free(w);
    }
}

static void a_leaf_of_another_key(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 2);
    w->witness.secret.sk[2] = add(w->witness.secret.sk[2], 1);
    device_world_fill(w);
    take_nullifier(w);
    device_world_refuses(w, "sk and pk");
    device_world_free(w);
}

static void facts_that_change_on_the_way(void **state) {
    (void)state;
    for (unsigned c = HATS_DEVICE_AT_POSTURE; c <= HATS_DEVICE_AT_NOT_AFTER; c++) {
        struct device_world *w = device_world_new(HATS_STARK_TEST, 2);
        refill(w, c, HATS_DEVICE_LEAF_IN2, 1, 1);
        device_world_refuses(w, c == HATS_DEVICE_AT_NOT_AFTER ? "f" : "facts of the leaf");
        device_world_free(w);
    }
    for (unsigned c = 0; c < 4; c++) {
        struct device_world *w = device_world_new(HATS_STARK_TEST, 2);
        for (unsigned row = HATS_DEVICE_STILL; row <= HATS_DEVICE_LEAF_IN2; row++)
            *device_world_cell(w, c, row) = add(*device_world_cell(w, c, row), 1);
        device_world_permute(w, HATS_DEVICE_LEAF_IN2, 1);
        device_world_refuses(w, "capacity of the leaf");
        device_world_free(w);
    }
    struct device_world *w = device_world_new(HATS_STARK_TEST, 2);
    refill(w, 10, HATS_DEVICE_LEAF_IN2, 1, 1);
    device_world_refuses(w, "end of the leaf");
    device_world_free(w);
}

static void a_path_that_jumps(void **state) {
    (void)state;
    for (unsigned k = 0; k < HATS_DEVICE_DEPTH; k++) {
        struct device_world *w = device_world_new(HATS_STARK_TEST, 2);
        unsigned row = HATS_DEVICE_PATH_IN + k * HATS_DEVICE_BLOCK;
        unsigned own = 4 + 4 * (w->witness.index >> k & 1);
        refill(w, own + k % 4, row, 1, 1);
        device_world_refuses(w, "path");
        device_world_free(w);
        w = device_world_new(HATS_STARK_TEST, 2);
        uint64_t *bit = device_world_cell(w, HATS_DEVICE_BITS, row - 1);
        *bit = 2;
        device_world_refuses(w, "path");
        *bit = w->witness.index >> k & 1;
        *bit = 1 - *bit;
        device_world_refuses(w, "path");
        device_world_free(w);
    }
}

static void other_capacities(void **state) {
    (void)state;
    static const unsigned inputs[] = {HATS_DEVICE_PK_IN, HATS_DEVICE_LEAF_IN, HATS_DEVICE_PATH_IN,
                                      HATS_DEVICE_PATH_IN + 19 * HATS_DEVICE_BLOCK};
    for (unsigned c = 0; c < 4; c++) {
        for (size_t i = 0; i < HATS_COUNT_OF(inputs); i++) {
            struct device_world *w = device_world_new(HATS_STARK_TEST, 2);
            refill(w, c, inputs[i], 1, 1);
            device_world_refuses(w, "capacity");
            device_world_free(w);
        }
        struct device_world *w = device_world_new(HATS_STARK_TEST, 2);
        refill(w, c, HATS_DEVICE_NF_IN, 1, -1);
        take_nullifier(w);
        device_world_refuses(w, "capacity");
        device_world_free(w);
    }
}

/* Products that begin or end with a wrong value, or are patched on the way. */
static void products_that_are_none(void **state) {
    (void)state;
    static const char *const names[] = {"firmware class", "jurisdiction", "assurance"};
    for (unsigned k = 0; k < HATS_DEVICE_SETS; k++) {
        struct device_world *w = device_world_new(HATS_STARK_TEST, 3);
        uint32_t *facts[] = {&w->witness.leaf.firmware, &w->witness.leaf.jurisdiction,
                             &w->witness.leaf.assurance};
        *facts[k] = 0;
        device_world_publish(w);
        unsigned column = HATS_DEVICE_AT_PRODUCTS + k;
        for (unsigned row = HATS_DEVICE_STILL; row <= HATS_DEVICE_LAST_STILL; row++)
            *device_world_cell(w, column, row) = 0; /* a product from 0 on stays 0 */
        device_world_refuses(w, names[k]);
        device_world_fill(w);
        *device_world_cell(w, column, HATS_DEVICE_LAST_STILL) = 0;
        device_world_refuses(w, names[k]);
        device_world_free(w);
    }
}

/* Whoever writes the bits of a number that is too large, negative, or of a slot that is no number. */
static void numbers_out_of_range(void **state) {
    (void)state;
    static const uint64_t slots[] = {256, HATS_P - 1, 1 << 20};
    for (size_t i = 0; i < HATS_COUNT_OF(slots); i++) {
        struct device_world *w = device_world_new(HATS_STARK_TEST, 3);
        w->policy.slot_bound = 256;
        device_world_publish(w);
        *device_world_cell(w, 11, HATS_DEVICE_NF_IN) = slots[i];
        device_world_permute(w, HATS_DEVICE_NF_IN, -1);
        take_nullifier(w);
        for (unsigned row = 0; row < 8; row++)
            *device_world_cell(w, HATS_DEVICE_BITS, 7 - row) = slots[i] >> row;
        *device_world_cell(w, HATS_DEVICE_BITS, 8) = hats_fp_sub(255, slots[i]);
        device_world_refuses(w, "bit");
        device_world_free(w);
    }
}

/* ---- cells ---- */

/* Do all claims hold in this row? As the row checker says, and quicker. */
static bool row_holds(const struct device_world *w, uint64_t (*publics)[HATS_DEVICE_ROWS],
                      unsigned row) {
    static struct hats_fp3 scratch[HATS_AIR_MAX_NODES], values[HATS_AIR_MAX_CONSTRAINTS];
    const struct hats_air *air = &w->setup->air;
    struct hats_fp3 cells[HATS_DEVICE_COLUMNS], nexts[HATS_DEVICE_COLUMNS];
    struct hats_fp3 fixed[HATS_AIR_MAX_FIXED], given[HATS_DEVICE_PUBLICS];
    for (unsigned c = 0; c < HATS_DEVICE_COLUMNS; c++) {
        cells[c] = hats_fp3_from_fp(*device_world_cell(w, c, row));
        nexts[c] = hats_fp3_from_fp(*device_world_cell(w, c, row + 1));
    }
    for (unsigned c = 0; c < air->n_fixed; c++) {
        unsigned period = 1u << air->fixed[c].log_period;
        fixed[c] = hats_fp3_from_fp(air->fixed[c].values[row % period]);
    }
    for (unsigned c = 0; c < HATS_DEVICE_PUBLICS; c++)
        given[c] = hats_fp3_from_fp(publics[c][row % HATS_DEVICE_ROWS]);
    const struct hats_air_point at = {
        .cells = cells, .nexts = nexts, .fixed = fixed, .publics = given};
    hats_air_evaluate(air, &at, values, scratch);
    uint64_t excess = 0;
    for (unsigned i = 0; i < air->n_constraints; i++)
        excess |= values[i].c[0] | values[i].c[1] | values[i].c[2];
    return excess == 0;
}

static void every_cell_is_alive(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 3);
    static uint64_t publics[HATS_DEVICE_PUBLICS][HATS_DEVICE_ROWS];
    struct hats_device_work work;
    hats_device_work_init(&work, &w->pub);
    for (unsigned c = 0; c < HATS_DEVICE_PUBLICS; c++)
        hats_device_public_column(publics[c], &work, c);
    for (unsigned row = 0; row < HATS_DEVICE_ROWS; row++)
        assert_true(row_holds(w, publics, row));
    for (unsigned c = 0; c < HATS_DEVICE_COLUMNS; c++)
        for (unsigned row = 0; row < HATS_DEVICE_ROWS; row++) {
            uint64_t *cell = device_world_cell(w, c, row), before = *cell;
            const uint64_t others[] = {add(before, 1), hats_fp_sub(before, 1), before == 0 ? 2 : 0,
                                       world_u64() % HATS_P};
            for (size_t i = 0; i < HATS_COUNT_OF(others); i++) {
                *cell = others[i];
                if (others[i] != before && row_holds(w, publics, row) &&
                    row_holds(w, publics, row + HATS_DEVICE_ROWS - 1))
                    fail_msg("column %u, row %u may be another", c, row);
            }
            *cell = before;
        }
    device_world_accepts(w);
    device_world_free(w);
}

/* ---- policies ---- */

static void policies_that_are_none(void **state) {
    (void)state;
    uint32_t values[HATS_DEVICE_SET_MAX + 1];
    for (uint32_t i = 0; i <= HATS_DEVICE_SET_MAX; i++)
        values[i] = 3 * i;
    const struct hats_device_set good = {values, HATS_DEVICE_SET_MAX};
    const struct hats_device_policy policy = {1, good, good, good, 16};
    assert_int_equal(hats_device_policy_check(&policy, NULL), HATS_OK);
    for (unsigned k = 0; k < 3; k++) {
        struct hats_device_policy p = policy;
        struct hats_device_set *sets[] = {&p.firmware, &p.jurisdictions, &p.assurances};
        sets[k]->n = 0;
        assert_int_equal(hats_device_policy_check(&p, NULL), HATS_E_RANGE);
        sets[k]->n = HATS_DEVICE_SET_MAX + 1;
        assert_int_equal(hats_device_policy_check(&p, NULL), HATS_E_RANGE);
        static const uint32_t twice[] = {4, 4}, down[] = {5, 4};
        *sets[k] = (struct hats_device_set){twice, 2};
        assert_int_equal(hats_device_policy_check(&p, NULL), HATS_E_RANGE);
        *sets[k] = (struct hats_device_set){down, 2};
        assert_int_equal(hats_device_policy_check(&p, NULL), HATS_E_RANGE);
    }
    struct hats_device_policy p = policy;
    p.slot_bound = 0;
    assert_int_equal(hats_device_policy_check(&p, NULL), HATS_E_RANGE);
    p.slot_bound = 257;
    assert_int_equal(hats_device_policy_check(&p, NULL), HATS_E_RANGE);
}

static void a_policy_as_it_is_published_is_one(void **state) {
    (void)state;
    const struct hats_policy published = {.posture_mask = 5,
                                          .firmware = {{1, 9}, 2},
                                          .jurisdictions = {{276}, 1},
                                          .assurances = {{2, 3}, 2},
                                          .slots = 4};
    struct hats_device_policy p;
    hats_device_policy_of(&p, &published);
    assert_int_equal(hats_device_policy_check(&p, NULL), HATS_OK);
    assert_int_equal(p.posture_mask, 5);
    assert_int_equal(p.firmware.values[1], 9);
    assert_int_equal(p.jurisdictions.values[0], 276);
    assert_int_equal(p.assurances.n, 2);
    assert_int_equal(p.slot_bound, 4);
}

static void digests_in_bytes(void **state) {
    (void)state;
    const uint64_t elements[4] = {1, HATS_P - 1, 0, UINT64_C(0x0102030405060708)};
    uint64_t back[4];
    uint8_t bytes[32];
    hats_device_elements_encode(bytes, elements);
    assert_int_equal(bytes[7], 1);
    assert_int_equal(hats_device_elements_decode(back, bytes, NULL), HATS_OK);
    assert_memory_equal(back, elements, sizeof back);
    for (unsigned i = 0; i < 4; i++) {
        uint8_t other[32];
        memcpy(other, bytes, sizeof other);
        hats_store_be64(other + 8 * i, HATS_P);
        assert_int_equal(hats_device_elements_decode(back, other, NULL), HATS_E_CANONICAL);
        assert_true(back[0] == 0);
    }
}

static void who_is_not_enrolled_is_told(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 3);
    struct hats_device_witness other = w->witness;
    struct hats_error err = {0};
    other.secret.u[0] ^= 1;
    assert_int_equal(hats_device_admitted(&w->pub, &other, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "another lease"));
    other = w->witness;
    other.siblings[19][3] ^= 1;
    assert_int_equal(hats_device_admitted(&w->pub, &other, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "revoked"));
    w->pub.nf[0] ^= 1;
    assert_int_equal(hats_device_admitted(&w->pub, &w->witness, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "nullifier"));
    device_world_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_devices_pass),
        cmocka_unit_test(edges_pass),
        cmocka_unit_test(digests_are_those_of_the_published_sponge),
        cmocka_unit_test(the_policy_is_kept),
        cmocka_unit_test(every_public_input_counts),
        cmocka_unit_test(what_the_proof_is_not_about_is_in_its_bytes),
        cmocka_unit_test(a_nullifier_of_another_secret),
        cmocka_unit_test(a_leaf_of_another_key),
        cmocka_unit_test(facts_that_change_on_the_way),
        cmocka_unit_test(a_path_that_jumps),
        cmocka_unit_test(other_capacities),
        cmocka_unit_test(products_that_are_none),
        cmocka_unit_test(numbers_out_of_range),
        cmocka_unit_test(every_cell_is_alive),
        cmocka_unit_test(policies_that_are_none),
        cmocka_unit_test(a_policy_as_it_is_published_is_one),
        cmocka_unit_test(digests_in_bytes),
        cmocka_unit_test(who_is_not_enrolled_is_told),
    };
    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
