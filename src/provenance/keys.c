#include "provenance/keys.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <string.h>

static const uint8_t none[HATS_SOURCE_KEY_LEN];

void hats_key_set_clear(struct hats_key_set *set) {
    hats_free(set->slots);
    *set = (struct hats_key_set){0};
}

/* Where the key is, or would be. n_slots is a power of two and never full. */
static uint64_t place_of(const struct hats_key_set *set, const uint8_t *key) {
    uint64_t at = hats_load_be64(key) & (set->n_slots - 1);
    while (memcmp(set->slots[at], none, sizeof none) != 0 &&
           memcmp(set->slots[at], key, sizeof none) != 0)
        at = (at + 1) & (set->n_slots - 1);
    return at;
}

static bool grow(struct hats_key_set *set) {
    struct hats_key_set wider = {.n_slots = set->n_slots != 0 ? 2 * set->n_slots : 1024,
                                 .n_keys = set->n_keys};
    wider.slots = hats_alloc_array(wider.n_slots, sizeof *wider.slots);
    if (wider.slots == NULL)
        return false;
    for (uint64_t i = 0; i < set->n_slots; i++)
        if (memcmp(set->slots[i], none, sizeof none) != 0)
            memcpy(wider.slots[place_of(&wider, set->slots[i])], set->slots[i], sizeof none);
    hats_free(set->slots);
    *set = wider;
    return true;
}

hats_status hats_key_set_add(struct hats_key_set *set, const uint8_t key[HATS_SOURCE_KEY_LEN]) {
    if (2 * set->n_keys >= set->n_slots && !grow(set))
        return HATS_E_MEMORY;
    uint64_t at = place_of(set, key);
    if (memcmp(set->slots[at], key, sizeof none) == 0)
        return HATS_E_CONFLICT;
    memcpy(set->slots[at], key, sizeof none);
    set->n_keys++;
    return HATS_OK;
}
