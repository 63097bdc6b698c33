#ifndef HATS_WASM_STRING_H
#define HATS_WASM_STRING_H

#include <stddef.h>

void *memcpy(void *restrict out, const void *restrict from, size_t n);
void *memmove(void *out, const void *from, size_t n);
void *memset(void *out, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t most);
void explicit_bzero(void *out, size_t n);

#endif
