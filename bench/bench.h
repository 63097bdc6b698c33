/* A small harness for the benchmark programs.
 *
 *   int main(int argc, char **argv) {
 *       struct bench b;
 *       if (!bench_open(&b, argc, argv, "field")) return 2;
 *       bench_run(&b, &(struct bench_figure){.name = "field.ntt.4096", .unit = "us"}, call, &arg);
 *       return bench_close(&b);
 *   }
 *
 * bench_run warms up, repeats the call until one sample lasts at least 2 ms, takes 9 or more samples, and
 * reports median, smallest and largest time of one operation, in thread CPU time, with the median of wall
 * time beside it. Every program prints a table for people and has the flags --quick (shorter samples),
 * --only TEXT (figures whose name contains it) and --json FILE, which writes an array of
 *
 *   {"name", "unit", "median", "min", "max", "n" (samples), "threads", "wall" (median), "cpu", "compiler",
 *    "backend", "params", "security": {"classical", "quantum", "proven"}, "floor"}
 *
 * leaving out what does not apply.
 */
#ifndef HATS_BENCH_BENCH_H
#define HATS_BENCH_BENCH_H

#include "base/cpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is measured. Zero and NULL mean "does not apply". */
struct bench_figure {
    const char *name;    /* dotted, stable: "field.ntt.4096" */
    const char *unit;    /* "ns", "us", "ms", "s", "bytes", "1/s" */
    uint64_t n_ops;      /* operations done by one call; 0 means 1 */
    const char *backend; /* NULL: the one in use */
    const char *params;  /* a JSON object: "{\"n\": 4096}" */
    double floor;        /* what the machine allows, in the same unit */
    unsigned threads;    /* 0 means 1. With more than one, wall time is the figure */
    bool wall;           /* the figure is wall time: other processes or the network take part */
    struct {
        double classical, quantum, proven; /* bits */
    } security;
};

struct bench_record;
struct bench {
    const char *title;
    const char *json_path;
    const char *only;
    bool quick;
    struct bench_record *records;
    size_t n_records;
};

/* Read the flags and print the head of the table. false: wrong flags, said on stderr. */
bool bench_open(struct bench *b, int argc, char **argv, const char *title);
/* Is a figure of this name asked for? Spares the preparation of one that is not. */
bool bench_wanted(const struct bench *b, const char *name);
/* Measure call(arg). Returns the median in the figure's unit; 0 when the figure is not asked for. */
double bench_run(struct bench *b, const struct bench_figure *figure, void (*call)(void *arg),
                 void *arg);
/* Report samples taken elsewhere, in the figure's unit (latencies of a loopback client, say).
 * samples is sorted in place. */
double bench_samples(struct bench *b, const struct bench_figure *figure, double *samples, size_t n);
/* Report a quantity that has no spread (bytes). */
void bench_value(struct bench *b, const struct bench_figure *figure, double value);
/* Write the JSON file if there is one; the program's exit code. */
int bench_close(struct bench *b);

/* Keep a result that nothing else uses. */
void bench_use(const void *p);

#endif
