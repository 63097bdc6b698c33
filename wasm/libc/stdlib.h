/* No heap: what allocates is not part of the module, and would not link. */
#ifndef HATS_WASM_STDLIB_H
#define HATS_WASM_STDLIB_H

#include <stddef.h>

void *aligned_alloc(size_t alignment, size_t n);
void *malloc(size_t n);
void *realloc(void *p, size_t n);
void free(void *p);

#endif
