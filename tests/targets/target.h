/* A target: integer weights, quantised test rows and the accumulators that must come out, as files
 * (data/README.md). Rows are read one at a time, so that the largest set needs no memory. */
#ifndef TESTS_TARGETS_TARGET_H
#define TESTS_TARGETS_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include <zlib.h>

enum target_rows { ROWS_DENSE, ROWS_SPARSE, ROWS_MNIST };

/* What no file says: the ranges that the inputs are held to. */
struct target_spec {
    const char *name;
    const char *rows_name; /* whose x file; NULL: its own */
    enum target_rows rows;
    uint32_t d, k;
    int32_t lo, hi;           /* every input but the last */
    int32_t last_lo, last_hi; /* the last input */
    unsigned log_t;           /* what the budget must choose */
};

struct target {
    const struct target_spec *spec;
    char dir[512];
    int32_t *w;    /* k rows of d */
    int64_t *bias; /* k */
    uint32_t n_rows, correct;
    char acc_sha256[65];
    gzFile x, labels, acc;
    char *line; /* scratch */
};

/* Opens the files. false, with a sentence on stdout, when one is missing or damaged. */
bool target_open(struct target *t, const struct target_spec *spec, const char *dir);
/* The next row and what must come out of it. false at the end, or (with a sentence) when it is
 * damaged. */
bool target_next(struct target *t, uint32_t *label, int32_t *x, int64_t *acc);
/* The sha256 of the whole uncompressed accumulator file, in hex. */
bool target_digest(const struct target *t, char hex[65]);
void target_close(struct target *t);

#endif
