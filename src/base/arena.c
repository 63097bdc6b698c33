#include "base/arena.h"

#include "base/bytes.h"

#include <assert.h>
#include <stdlib.h>

static _Thread_local uint64_t fail_at;
static _Thread_local uint64_t count;

void hats_alloc_fail_at(uint64_t n) {
    fail_at = n;
    count = 0;
}

uint64_t hats_alloc_count(void) { return count; }

void *hats_alloc(size_t len_bytes) {
    assert(len_bytes > 0);
    count++;
    if (fail_at != 0 && count == fail_at)
        return NULL;
    if (len_bytes > SIZE_MAX - HATS_ALIGN)
        return NULL;
    size_t rounded = (len_bytes + HATS_ALIGN - 1) / HATS_ALIGN * HATS_ALIGN;
    void *p = aligned_alloc(HATS_ALIGN, rounded);
    if (p != NULL)
        memset(p, 0, rounded);
    return p;
}

void *hats_alloc_array(size_t n_items, size_t size_bytes) {
    assert(n_items > 0 && size_bytes > 0);
    if (n_items > SIZE_MAX / size_bytes)
        return NULL;
    return hats_alloc(n_items * size_bytes);
}

char *hats_strdup(const char *s) {
    size_t len = strlen(s) + 1;
    char *copy = hats_alloc(len);
    if (copy != NULL)
        memcpy(copy, s, len);
    return copy;
}

void hats_free(void *p) { free(p); }

void hats_free_wiped(void *p, size_t len_bytes) {
    if (p == NULL)
        return;
    hats_wipe(p, len_bytes);
    free(p);
}

void hats_arena_init(struct hats_arena *a, void *storage, size_t capacity_bytes) {
    *a = (struct hats_arena){.base = storage, .cap = capacity_bytes, .used = 0};
}

void *hats_arena_alloc(struct hats_arena *a, size_t len_bytes) {
    uintptr_t here = (uintptr_t)a->base + a->used;
    size_t pad = (size_t)(-here & (HATS_ALIGN - 1));
    if (a->cap - a->used < pad || a->cap - a->used - pad < len_bytes)
        return NULL;
    uint8_t *p = a->base + a->used + pad;
    a->used += pad + len_bytes;
    memset(p, 0, len_bytes);
    return p;
}
