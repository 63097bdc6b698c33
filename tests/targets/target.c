#include "target.h"

#include "base/text.h"
#include "hash/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (1 << 17)
#define MNIST_FIRST 8000
#define MNIST_PIXELS 784

static bool complain(const struct target *t, const char *what) {
    printf("# %s: %s\n", t->spec->name, what);
    return false;
}

static void path_of(char path[1024], const struct target *t, const char *name, const char *end) {
    snprintf(path, 1024, "%s/%s%s", t->dir, name, end);
}

static gzFile open_file(const struct target *t, const char *name, const char *end) {
    char path[1024];
    path_of(path, t, name, end);
    gzFile f = gzopen(path, "rb");
    if (f == NULL)
        printf("# %s: cannot open %s\n", t->spec->name, path);
    return f;
}

/* The next integer of a line; false when there is none. */
static bool next_integer(char **at, int64_t *value) {
    char *end;
    *value = strtoll(*at, &end, 10);
    bool found = end != *at;
    *at = end;
    return found;
}

static bool next_line(const struct target *t, gzFile f) {
    return gzgets(f, t->line, LINE_MAX_BYTES) != NULL && strchr(t->line, '\n') != NULL;
}

static bool read_weights(struct target *t) {
    gzFile f = open_file(t, t->spec->name, ".w.txt");
    bool good = f != NULL;
    for (uint32_t o = 0; good && o < t->spec->k; o++) {
        char *at = t->line;
        int64_t v = 0;
        good = next_line(t, f);
        for (uint32_t i = 0; good && i <= t->spec->d; i++) {
            good = next_integer(&at, &v);
            if (i < t->spec->d)
                t->w[(size_t)o * t->spec->d + i] = (int32_t)v;
            else
                t->bias[o] = v;
        }
        good = good && !next_integer(&at, &v);
    }
    if (f != NULL)
        gzclose(f);
    return good || complain(t, "the weights are damaged");
}

/* The text after "key": in a small JSON file. */
static const char *member(const char *text, const char *key) {
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(text, quoted);
    return at != NULL ? at + strlen(quoted) : NULL;
}

static bool read_facts(struct target *t) {
    gzFile f = open_file(t, t->spec->name, ".json");
    int len = f != NULL ? gzread(f, t->line, LINE_MAX_BYTES - 1) : -1;
    if (f != NULL)
        gzclose(f);
    if (len < 0)
        return false;
    t->line[len] = '\0';
    const char *rows = member(t->line, "n_test"), *correct = member(t->line, "correct");
    const char *digest = member(t->line, "acc_sha256");
    if (rows == NULL || correct == NULL || digest == NULL ||
        sscanf(digest, " \"%64[0-9a-f]\"", t->acc_sha256) != 1)
        return complain(t, "the JSON file lacks a member");
    t->n_rows = (uint32_t)strtoul(rows, NULL, 10);
    t->correct = (uint32_t)strtoul(correct, NULL, 10);
    return true;
}

static bool open_rows(struct target *t) {
    if (t->spec->rows == ROWS_MNIST) {
        t->x = open_file(t, "t10k-images-idx3-ubyte", ".gz");
        t->labels = open_file(t, "t10k-labels-idx1-ubyte", ".gz");
        return t->x != NULL && t->labels != NULL &&
               gzseek(t->x, 16 + MNIST_FIRST * MNIST_PIXELS, SEEK_SET) > 0 &&
               gzseek(t->labels, 8 + MNIST_FIRST, SEEK_SET) > 0;
    }
    t->x =
        open_file(t, t->spec->rows_name != NULL ? t->spec->rows_name : t->spec->name, ".x.txt.gz");
    return t->x != NULL;
}

bool target_open(struct target *t, const struct target_spec *spec, const char *dir) {
    memset(t, 0, sizeof *t);
    t->spec = spec;
    snprintf(t->dir, sizeof t->dir, "%s", dir);
    t->line = malloc(LINE_MAX_BYTES);
    t->w = calloc((size_t)spec->k * spec->d, sizeof *t->w);
    t->bias = calloc(spec->k, sizeof *t->bias);
    if (t->line == NULL || t->w == NULL || t->bias == NULL)
        return complain(t, "no memory");
    t->acc = open_file(t, spec->name, ".acc.txt.gz");
    return t->acc != NULL && read_weights(t) && read_facts(t) && open_rows(t);
}

static bool next_mnist(struct target *t, uint32_t *label, int32_t *x) {
    uint8_t pixels[MNIST_PIXELS];
    int digit = gzgetc(t->labels);
    if (digit < 0 || gzread(t->x, pixels, sizeof pixels) != (int)sizeof pixels)
        return false;
    *label = (uint32_t)digit;
    for (int i = 0; i < MNIST_PIXELS; i++)
        x[i] = (30 * pixels[i] + 255) / 510; /* floor(15 pixel / 255 + 1/2) */
    return true;
}

static bool next_text(struct target *t, uint32_t *label, int32_t *x) {
    char *at = t->line;
    int64_t v;
    if (!next_line(t, t->x) || !next_integer(&at, &v))
        return false;
    *label = (uint32_t)v;
    memset(x, 0, t->spec->d * sizeof *x);
    for (uint32_t i = 0; t->spec->rows == ROWS_DENSE && i < t->spec->d; i++) {
        if (!next_integer(&at, &v))
            return complain(t, "a row is too short");
        x[i] = (int32_t)v;
    }
    while (t->spec->rows == ROWS_SPARSE && next_integer(&at, &v)) {
        int64_t i = v;
        if (i < 0 || i >= t->spec->d || *at++ != ':' || !next_integer(&at, &v))
            return complain(t, "a row is damaged");
        x[i] = (int32_t)v;
    }
    return !next_integer(&at, &v) || complain(t, "a row is too long");
}

bool target_next(struct target *t, uint32_t *label, int32_t *x, int64_t *acc) {
    if (t->spec->rows == ROWS_MNIST ? !next_mnist(t, label, x) : !next_text(t, label, x))
        return false;
    for (uint32_t i = 0; i < t->spec->d; i++) {
        bool last = i + 1 == t->spec->d;
        if (x[i] < (last ? t->spec->last_lo : t->spec->lo) ||
            x[i] > (last ? t->spec->last_hi : t->spec->hi))
            return complain(t, "an input is out of its range");
    }
    char *at = t->line;
    if (!next_line(t, t->acc))
        return false;
    for (uint32_t o = 0; o < t->spec->k; o++)
        if (!next_integer(&at, &acc[o]))
            return complain(t, "accumulators are missing");
    return true;
}

bool target_digest(const struct target *t, char hex[65]) {
    struct hats_sha256 h;
    uint8_t digest[HATS_SHA256_LEN];
    gzFile f = open_file(t, t->spec->name, ".acc.txt.gz");
    if (f == NULL)
        return false;
    hats_sha256_init(&h);
    for (int len; (len = gzread(f, t->line, LINE_MAX_BYTES)) > 0;)
        hats_sha256_update(&h, t->line, (size_t)len);
    gzclose(f);
    hats_sha256_final(&h, digest);
    hats_hex_encode(hex, digest, sizeof digest);
    return true;
}

void target_close(struct target *t) {
    if (t->x != NULL)
        gzclose(t->x);
    if (t->labels != NULL)
        gzclose(t->labels);
    if (t->acc != NULL)
        gzclose(t->acc);
    free(t->w);
    free(t->bias);
    free(t->line);
}
