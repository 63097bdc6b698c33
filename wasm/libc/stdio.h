#ifndef HATS_WASM_STDIO_H
#define HATS_WASM_STDIO_H

#include <stdarg.h>
#include <stddef.h>

/* Knows %s %c %d %u %x %% with a width, zeros and the lengths l, ll, z. */
int vsnprintf(char *out, size_t capacity, const char *fmt, va_list args);

#endif
