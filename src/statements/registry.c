#include "statements/registry.h"

#include "base/arena.h"

#include <assert.h>
#include <string.h>

enum { DEPTH = HATS_DEVICE_DEPTH };

typedef uint64_t digest[HATS_STARK_RPO_DIGEST];

struct hats_registry {
    digest *levels[DEPTH + 1]; /* level k: the first capacity / 2^k nodes, at least one */
    digest empty[DEPTH + 1];   /* of a tree of height k where nobody is */
    uint32_t capacity;         /* leaves; a power of two */
    uint32_t used;
    uint32_t first, last; /* leaves changed since nodes were computed; first > last: none */
};

static uint32_t width(uint32_t capacity, unsigned level) {
    return capacity >> level > 0 ? capacity >> level : 1;
}

static void nothing_changed(struct hats_registry *r) {
    r->first = UINT32_MAX;
    r->last = 0;
}

struct hats_registry *hats_registry_new(void) {
    struct hats_registry *r = hats_alloc(sizeof *r);
    if (r == NULL)
        return NULL;
    for (unsigned k = 0; k < DEPTH; k++)
        hats_stark_rpo_merge(r->empty[k + 1], HATS_DEVICE_DOMAIN_NODE, r->empty[k], r->empty[k]);
    nothing_changed(r);
    return r;
}

void hats_registry_free(struct hats_registry *r) {
    if (r == NULL)
        return;
    for (unsigned k = 0; k <= DEPTH; k++)
        hats_free(r->levels[k]);
    hats_free(r);
}

/* Room for leaf `index`. */
static bool grow(struct hats_registry *r, uint32_t index) {
    digest *levels[DEPTH + 1] = {NULL};
    uint32_t capacity = r->capacity == 0 ? 1 : r->capacity;
    bool good = true;
    while (capacity <= index)
        capacity *= 2;
    if (capacity == r->capacity)
        return true;
    for (unsigned k = 0; k <= DEPTH && good; k++) {
        uint32_t n = width(capacity, k), had = r->capacity == 0 ? 0 : width(r->capacity, k);
        levels[k] = hats_alloc_array(n, sizeof *levels[k]);
        good = levels[k] != NULL;
        for (uint32_t i = 0; i < n && good; i++)
            memcpy(levels[k][i], i < had ? r->levels[k][i] : r->empty[k], sizeof(digest));
    }
    for (unsigned k = 0; k <= DEPTH; k++) {
        hats_free(good ? r->levels[k] : levels[k]);
        if (good)
            r->levels[k] = levels[k];
    }
    if (!good)
        return false;
    r->capacity = capacity;
    r->first = 0; /* nodes above the old ones are new */
    r->last = r->last > r->used ? r->last : r->used;
    return true;
}

hats_status hats_registry_set(struct hats_registry *r, uint32_t index, const uint64_t leaf[4],
                              struct hats_error *err) {
    static const digest nobody;
    const uint64_t *value = leaf != NULL ? leaf : nobody;
    if (index >= HATS_REGISTRY_PLACES)
        return hats_fail(err, HATS_E_RANGE, "place %u: a registry has %u", (unsigned)index,
                         (unsigned)HATS_REGISTRY_PLACES);
    for (size_t i = 0; i < HATS_STARK_RPO_DIGEST; i++)
        if (value[i] >= HATS_P)
            return hats_fail(err, HATS_E_CANONICAL, "place %u: a leaf that is no digest",
                             (unsigned)index);
    if (!grow(r, index))
        return hats_fail(err, HATS_E_MEMORY, "no memory for a registry");
    memcpy(r->levels[0][index], value, sizeof(digest));
    if (index >= r->used)
        r->used = index + 1;
    if (index < r->first)
        r->first = index;
    if (index > r->last)
        r->last = index;
    return HATS_OK;
}

void hats_registry_get(uint64_t out[4], const struct hats_registry *r, uint32_t index) {
    memcpy(out, index < r->capacity ? r->levels[0][index] : r->empty[0], sizeof(digest));
}

uint32_t hats_registry_used(const struct hats_registry *r) { return r->used; }

/* Nodes above what has changed. */
static void compute(struct hats_registry *r) {
    uint32_t first = r->first, last = r->last;
    if (first > last || r->capacity == 0)
        return;
    if (last >= r->capacity)
        last = r->capacity - 1;
    for (unsigned k = 0; k < DEPTH; k++) {
        uint32_t n = width(r->capacity, k);
        first /= 2;
        last /= 2;
        for (uint32_t i = first; i <= last; i++)
            hats_stark_rpo_merge(r->levels[k + 1][i], HATS_DEVICE_DOMAIN_NODE, r->levels[k][2 * i],
                                 2 * i + 1 < n ? r->levels[k][2 * i + 1] : r->empty[k]);
    }
    nothing_changed(r);
}

void hats_registry_root(uint64_t root[4], struct hats_registry *r) {
    compute(r);
    memcpy(root, r->capacity > 0 ? r->levels[DEPTH][0] : r->empty[DEPTH], sizeof(digest));
}

void hats_registry_path(uint64_t siblings[HATS_DEVICE_DEPTH][4], struct hats_registry *r,
                        uint32_t index) {
    assert(index < HATS_REGISTRY_PLACES);
    compute(r);
    for (unsigned k = 0; k < DEPTH; k++) {
        uint32_t at = index >> k ^ 1, n = r->capacity > 0 ? width(r->capacity, k) : 0;
        memcpy(siblings[k], at < n ? r->levels[k][at] : r->empty[k], sizeof(digest));
    }
}
