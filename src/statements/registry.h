/* The registry of devices: a binary tree over 2^20 places for leaf digests, most of them empty.
 *
 *     leaf   RPO_2 of fourteen elements (device_prove.h), or four zeros where nobody is
 *     node   RPO_0(left, right)
 *     root   what the registrar signs (evidence/registry_root.h) and sessions prove membership under
 *
 * A device keeps its place over its leases; each renewal writes another leaf. To revoke is to empty the place
 * and to sign the new root with a higher min_seq. Nobody knows a preimage of four zeros, so an empty place
 * proves nothing. Nodes are computed when they are asked for: 20 permutations after one change, about as many
 * as leaves after a load. Not constant time: a registrar knows its devices.
 */
#ifndef HATS_STATEMENTS_REGISTRY_H
#define HATS_STATEMENTS_REGISTRY_H

#include "statements/device.h"

#define HATS_REGISTRY_PLACES (UINT32_C(1) << HATS_DEVICE_DEPTH)

struct hats_registry;
/* An empty one; NULL without memory. */
struct hats_registry *hats_registry_new(void);
void hats_registry_free(struct hats_registry *r);

/* digest NULL empties the place. HATS_E_RANGE: no such place; HATS_E_CANONICAL: an element is not below p;
 * HATS_E_MEMORY. Unchanged on failure. */
HATS_MUST_USE hats_status hats_registry_set(struct hats_registry *r, uint32_t index,
                                            const uint64_t digest[4], struct hats_error *err);
/* What is there; four zeros: nothing. */
void hats_registry_get(uint64_t digest[4], const struct hats_registry *r, uint32_t index);
/* Places up to the last that was ever taken. */
uint32_t hats_registry_used(const struct hats_registry *r);

void hats_registry_root(uint64_t root[4], struct hats_registry *r);
/* Siblings from the leaf up, for the witness of the device at this place (asserted to be one). */
void hats_registry_path(uint64_t siblings[HATS_DEVICE_DEPTH][4], struct hats_registry *r,
                        uint32_t index);

#endif
