#include "device_world.h"

#include "base/arena.h"
#include "stark/air_check.h"

#include <string.h>

static uint64_t element(void) { return world_u64() % HATS_P; }

static void fill_elements(uint64_t *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = element();
}

/* n ascending values; returns one of them. */
static uint32_t fill_set(struct hats_device_set *set, uint32_t *values, size_t n) {
    uint32_t value = 0;
    for (size_t i = 0; i < n; i++)
        values[i] = value += 1 + (uint32_t)(world_u64() % 9);
    *set = (struct hats_device_set){values, n};
    return values[world_u64() % n];
}

struct device_world *device_world_new(unsigned suite, size_t n_values) {
    struct device_world *w = hats_alloc(sizeof *w);
    struct hats_error err = {0};
    assert_non_null(w);
    if (hats_device_setup_new(&w->setup, suite, &err) != HATS_OK)
        fail_msg("%s", err.text);
    w->trace = hats_alloc_array(HATS_DEVICE_TRACE_WORDS, sizeof *w->trace);
    assert_non_null(w->trace);
    struct hats_device_leaf *leaf = &w->witness.leaf;
    leaf->firmware = fill_set(&w->policy.firmware, w->firmware, n_values);
    leaf->jurisdiction = fill_set(&w->policy.jurisdictions, w->jurisdictions, n_values);
    leaf->assurance = fill_set(&w->policy.assurances, w->assurances, n_values);
    w->policy.posture_mask = (uint32_t)(world_u64() & world_u64());
    leaf->posture = w->policy.posture_mask | (uint32_t)world_u64();
    w->policy.slot_bound = 1 + (uint32_t)(world_u64() % HATS_DEVICE_SLOT_BOUND_MAX);
    w->witness.slot = (uint32_t)(world_u64() % w->policy.slot_bound);
    w->pub.setup = w->setup;
    w->pub.policy = &w->policy;
    world_bytes(w->pub.m, sizeof w->pub.m);
    world_bytes(w->pub.rp_id, sizeof w->pub.rp_id);
    w->pub.epoch = (uint32_t)world_u64();
    w->pub.now_s = world_u64() % UINT32_MAX;
    leaf->not_after_s = w->pub.now_s + world_u64() % 90000;
    leaf->serial = element();
    fill_elements(leaf->ak_hash, 4);
    fill_elements(w->witness.secret.sk, 4);
    fill_elements(w->witness.secret.u, 4);
    fill_elements(w->witness.siblings[0], (size_t)4 * HATS_DEVICE_DEPTH);
    w->witness.index = (uint32_t)(world_u64() % (1 << HATS_DEVICE_DEPTH));
    assert_int_equal(hats_device_policy_check(&w->policy, NULL), HATS_OK);
    device_world_publish(w);
    return w;
}

void device_world_free(struct device_world *w) {
    hats_device_setup_free(w->setup);
    hats_free(w->trace);
    hats_free(w);
}

/* With the sponge as it is published, and nothing of what fills tables. */
void device_world_publish(struct device_world *w) {
    const struct hats_device_witness *x = &w->witness;
    struct hats_device_leaf *leaf = &w->witness.leaf;
    uint64_t rp[2], input[8], elements[14];
    memcpy(input, x->secret.sk, sizeof x->secret.sk);
    memcpy(input + 4, x->secret.u, sizeof x->secret.u);
    hats_stark_rpo_hash(leaf->pk, 1, input, 8);
    memcpy(elements, leaf->pk, sizeof leaf->pk);
    memcpy(elements + 4, leaf->ak_hash, sizeof leaf->ak_hash);
    elements[8] = leaf->posture;
    elements[9] = leaf->firmware;
    elements[10] = leaf->jurisdiction;
    elements[11] = leaf->assurance;
    elements[12] = leaf->not_after_s;
    elements[13] = leaf->serial;
    hats_stark_rpo_hash(w->pub.root, 2, elements, 14);
    for (unsigned k = 0; k < HATS_DEVICE_DEPTH; k++) {
        bool right = (x->index >> k & 1) != 0;
        hats_stark_rpo_merge(w->pub.root, 0, right ? x->siblings[k] : w->pub.root,
                             right ? w->pub.root : x->siblings[k]);
    }
    hats_device_relying_party(rp, w->pub.rp_id);
    input[4] = w->pub.epoch;
    input[5] = rp[0];
    input[6] = rp[1];
    input[7] = x->slot;
    hats_stark_rpo_hash(w->pub.nf, 3, input, 8);
    device_world_fill(w);
}

void device_world_fill(struct device_world *w) { hats_device_fill(w->trace, &w->pub, &w->witness); }

uint64_t *device_world_cell(const struct device_world *w, unsigned column, unsigned row) {
    return w->trace + (size_t)column * HATS_DEVICE_ROWS + row % HATS_DEVICE_ROWS;
}

void device_world_permute(const struct device_world *w, unsigned first, int direction) {
    uint64_t state[12], mixed[12];
    for (unsigned i = 0; i < 12; i++)
        state[i] = *device_world_cell(w, i, first);
    for (unsigned r = 0; r < 7; r++) {
        hats_stark_rpo_half_round(state, mixed, r, 0);
        hats_stark_rpo_half_round(state, mixed, r, 1);
        for (unsigned i = 0; i < 12; i++)
            *device_world_cell(w, i, direction > 0 ? first + r + 1 : first - r - 1) = state[i];
    }
}

hats_status device_world_check(const struct device_world *w, struct hats_error *err) {
    static uint64_t publics[HATS_DEVICE_PUBLICS][HATS_DEVICE_ROWS];
    struct hats_device_work work;
    hats_device_work_init(&work, &w->pub);
    for (unsigned c = 0; c < HATS_DEVICE_PUBLICS; c++)
        assert_int_equal(work.statement.public_column(work.statement.ctx, 0, c, publics[c]),
                         HATS_DEVICE_ROWS);
    const struct hats_air_rows rows = {.trace = w->trace, .publics = publics[0]};
    return hats_air_check(&w->setup->air, &rows, err);
}

void device_world_accepts(const struct device_world *w) {
    struct hats_error err = {0};
    if (device_world_check(w, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

void device_world_refuses(const struct device_world *w, const char *part) {
    struct hats_error err = {0};
    assert_int_equal(device_world_check(w, &err), HATS_E_VERIFY);
    if (strstr(err.text, part) == NULL)
        fail_msg("refused, but for \"%s\" and not for \"%s\"", err.text, part);
}
