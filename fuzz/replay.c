/* The main program of a fuzz target in the ordinary tests.
 *
 * usage: replay_NAME CORPUS_DIRECTORY
 *
 * Hands every seed of the corpus to the target: whole, cut short, and with single bits flipped, at up
 * to `spots` evenly spaced places each. Each input lies in an allocation of exactly its size, so that
 * the sanitizers see a read past its end. Prints TAP; the one case fails when the corpus is empty.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

enum { spots = 512, path_max_bytes = 4096 };

static void *allocate(size_t len_bytes) {
    void *p = malloc(len_bytes > 0 ? len_bytes : 1);
    if (p == NULL) {
        puts("Bail out! no memory");
        exit(1);
    }
    return p;
}

static void give(const uint8_t *data, size_t len_bytes) {
    uint8_t *copy = allocate(len_bytes);
    memcpy(copy, data, len_bytes);
    LLVMFuzzerTestOneInput(copy, len_bytes);
    free(copy);
}

static void give_variants(uint8_t *seed, size_t len_bytes) {
    size_t step = len_bytes / spots + 1;

    give(seed, len_bytes);
    for (size_t i = 0; i < len_bytes; i += step) {
        uint8_t bit = (uint8_t)(1u << (i / step % 8));
        give(seed, i);
        seed[i] ^= bit;
        give(seed, len_bytes);
        seed[i] ^= bit;
    }
}

/* Returns the seed, to be freed, or NULL when the entry is no readable file. */
static uint8_t *read_seed(const char *path, size_t *len_bytes) {
    struct stat status;
    FILE *file = NULL;
    uint8_t *seed = NULL;

    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return NULL;
    file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    *len_bytes = (size_t)status.st_size;
    seed = allocate(*len_bytes);
    if (fread(seed, 1, *len_bytes, file) != *len_bytes) {
        free(seed);
        seed = NULL;
    }
    fclose(file);
    return seed;
}

int main(int argc, char **argv) {
    unsigned n_seeds = 0;
    struct dirent *entry = NULL;
    DIR *corpus = argc == 2 ? opendir(argv[1]) : NULL;

    puts("1..1");
    while (corpus != NULL && (entry = readdir(corpus)) != NULL) {
        char path[path_max_bytes];
        size_t len_bytes = 0;
        int n = snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        uint8_t *seed = n > 0 && (size_t)n < sizeof path ? read_seed(path, &len_bytes) : NULL;
        if (seed == NULL)
            continue;
        /* Flushed before the work, so that a crash names its seed. */
        printf("# %s, %zu bytes\n", entry->d_name, len_bytes);
        fflush(stdout);
        give_variants(seed, len_bytes);
        free(seed);
        n_seeds++;
    }
    if (corpus != NULL)
        closedir(corpus);
    printf("%s 1 - %u seeds and their variants are survived\n", n_seeds > 0 ? "ok" : "not ok",
           n_seeds);
    return n_seeds > 0 ? 0 : 1;
}
