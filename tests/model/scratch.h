/* A scratch directory for tests that write files. */
#ifndef TESTS_MODEL_SCRATCH_H
#define TESTS_MODEL_SCRATCH_H

#include <stddef.h>

/* Makes a fresh directory; path holds 64 bytes. */
void scratch_make(char path[64]);
/* Removes it and everything in it, two levels deep. */
void scratch_remove(const char *path);
/* "dir/name" into out (256 bytes), written with text. */
void scratch_write(char out[256], const char *dir, const char *name, const void *data, size_t len);

#endif
