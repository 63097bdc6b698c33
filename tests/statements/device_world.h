/* A device, enrolled in a registry of random siblings, and the policy that admits it. */
#ifndef TESTS_STATEMENTS_DEVICE_WORLD_H
#define TESTS_STATEMENTS_DEVICE_WORLD_H

#include "statements/device_internal.h"
#include "statements/device_prove.h"
#include "world.h"

struct device_world {
    struct hats_device_setup *setup;
    uint32_t firmware[HATS_DEVICE_SET_MAX], jurisdictions[HATS_DEVICE_SET_MAX];
    uint32_t assurances[HATS_DEVICE_SET_MAX];
    struct hats_device_policy policy;
    struct hats_device_public pub;
    struct hats_device_witness witness;
    uint64_t *trace;
};

/* Sets of n values each; the device has one of each, posture has the mask and more. */
struct device_world *device_world_new(unsigned suite, size_t n_values);
void device_world_free(struct device_world *w);
/* pk, root and nullifier become those of the witness; the table is filled. */
void device_world_publish(struct device_world *w);
/* Only the table. */
void device_world_fill(struct device_world *w);

uint64_t *device_world_cell(const struct device_world *w, unsigned column, unsigned row);
/* A permutation in rows first .. first + 7, or back to first - 7, from the state in row `first`. */
void device_world_permute(const struct device_world *w, unsigned first, int direction);

/* The row checker. */
hats_status device_world_check(const struct device_world *w, struct hats_error *err);
void device_world_accepts(const struct device_world *w);
void device_world_refuses(const struct device_world *w, const char *part);

#endif
