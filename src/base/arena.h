/* Memory: aligned blocks that may fail on purpose, and an arena with a bound.
 *
 * hats_alloc is malloc with 64-byte alignment, zeroed; every allocation of the library goes through
 * it, so a test can make the n-th one fail (hats_alloc_fail_at). hats_free wipes what it frees when
 * told the size.
 *
 * An arena hands out aligned pieces of one block and never grows: its capacity is the memory bound of
 * whoever uses it (verifiers take one).
 */
#ifndef HATS_BASE_ARENA_H
#define HATS_BASE_ARENA_H

#include "base/status.h"

/* 64-byte aligned, zeroed; NULL when there is none. len_bytes > 0. */
void *hats_alloc(size_t len_bytes);
/* n_items * size_bytes with an overflow check. */
void *hats_alloc_array(size_t n_items, size_t size_bytes);
char *hats_strdup(const char *s);
void hats_free(void *p);
/* Wipe len bytes, then free. p may be NULL. */
void hats_free_wiped(void *p, size_t len_bytes);

/* For tests: the n-th hats_alloc from now returns NULL (1 = the next one); 0 switches it off.
 * Per thread. */
void hats_alloc_fail_at(uint64_t n);
/* Allocations made by this thread since the last hats_alloc_fail_at. */
uint64_t hats_alloc_count(void);

struct hats_arena {
    uint8_t *base;
    size_t cap;
    size_t used;
};
/* Uses caller's storage. */
void hats_arena_init(struct hats_arena *a, void *storage, size_t capacity_bytes);
/* 64-byte aligned, zeroed; NULL when the arena is full. */
void *hats_arena_alloc(struct hats_arena *a, size_t len_bytes);

#endif
