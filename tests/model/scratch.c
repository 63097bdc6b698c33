#include "scratch.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void scratch_make(char path[64]) {
    (void)strcpy(path, "/tmp/hats-model-XXXXXX");
    char *made = mkdtemp(path);
    assert(made != NULL);
    (void)made;
}

void scratch_remove(const char *path) {
    DIR *d = opendir(path);
    struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL) {
        char inner[1024];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (unlink(inner) != 0)
            scratch_remove(inner);
    }
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(path);
}

void scratch_write(char out[256], const char *dir, const char *name, const void *data, size_t len) {
    (void)snprintf(out, 256, "%s/%s", dir, name);
    FILE *f = fopen(out, "wb");
    assert(f != NULL);
    size_t n = fwrite(data, 1, len, f);
    int closed = fclose(f);
    assert(n == len && closed == 0);
    (void)n;
    (void)closed;
}
