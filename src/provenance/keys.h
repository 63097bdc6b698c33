/* The keys seen so far, so that none comes twice. Digests are taken as they are: 128 bits of SHA-256. */
#ifndef HATS_PROVENANCE_KEYS_H
#define HATS_PROVENANCE_KEYS_H

#include "provenance/schema.h"

struct hats_key_set {
    uint8_t (*slots)[HATS_SOURCE_KEY_LEN]; /* zero: free */
    uint64_t n_slots, n_keys;
};
void hats_key_set_clear(struct hats_key_set *set);
/* HATS_E_CONFLICT: it was there. HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_key_set_add(struct hats_key_set *set,
                                           const uint8_t key[HATS_SOURCE_KEY_LEN]);

#endif
