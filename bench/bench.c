#include "bench.h"

#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N_SAMPLES 25
#define N_SAMPLES_QUICK 9
#define SAMPLE_NS 4e6
#define SAMPLE_NS_QUICK 2e6
#define WARM_UP_NS 20e6
#define WARM_UP_NS_QUICK 5e6

struct bench_record {
    struct bench_figure figure;
    char name[96];
    char backend[16];
    char params[160];
    double median, min, max;
    double wall; /* median; 0 where only one clock was read */
    size_t n;
};

static double thread_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static const char *compiler(void) {
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown compiler";
#endif
}

static void usage(const char *program) {
    fprintf(stderr,
            "usage: %s [--quick] [--only TEXT] [--json FILE]\n"
            "  --quick       shorter samples\n"
            "  --only TEXT   only figures whose name contains TEXT\n"
            "  --json FILE   write the figures as a JSON array\n",
            program);
}

bool bench_open(struct bench *b, int argc, char **argv, const char *title) {
    memset(b, 0, sizeof *b);
    b->title = title;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            b->quick = true;
        } else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
            b->json_path = argv[++i];
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            b->only = argv[++i];
        } else {
            usage(argv[0]);
            return false;
        }
    }
    printf("%s: %s, %s, backend %s%s\n", title, hats_cpu_model(), compiler(),
           hats_cpu_backend_name(hats_cpu_backend()), hats_cpu_sha_ni() ? " + SHA-NI" : "");
    printf("CPU time of one thread unless marked (wall); median, smallest, largest\n\n");
    printf("%-36s %-9s %12s %12s %12s %-5s %10s %8s\n", "figure", "backend", "median", "min", "max",
           "unit", "wall", "x floor");
    return true;
}

bool bench_wanted(const struct bench *b, const char *name) {
    return b->only == NULL || strstr(name, b->only) != NULL;
}

static double unit_ns(const char *unit) {
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(units[i].unit, unit) == 0)
            return units[i].ns;
    return 0;
}

static int compare(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* Four digits that matter, without an exponent. */
static int decimals(double v) {
    return v >= 1000 ? 0 : v >= 100 ? 1 : v >= 10 ? 2 : v >= 1 ? 3 : 4;
}

static void print_record(const struct bench_record *r) {
    const struct bench_figure *f = &r->figure;
    printf("%-36s %-9s %12.*f %12.*f %12.*f", r->name, r->backend, decimals(r->median), r->median,
           decimals(r->min), r->min, decimals(r->max), r->max);
    printf(" %-5s", f->unit);
    if (r->wall > 0)
        printf(" %10.*f", decimals(r->wall), r->wall);
    else
        printf(" %10s", f->wall || f->threads > 1 ? "(wall)" : "");
    if (f->floor > 0)
        printf(" %8.2f", r->median / f->floor);
    if (f->threads > 1)
        printf("  %u threads", f->threads);
    if (f->security.classical > 0)
        printf("  %.0f classical", f->security.classical);
    if (f->security.quantum > 0)
        printf("  %.0f quantum", f->security.quantum);
    if (f->security.proven > 0)
        printf("  %.0f proven", f->security.proven);
    if (r->params[0] != '\0')
        printf("  %s", r->params);
    printf("\n");
    fflush(stdout);
}

static double record(struct bench *b, const struct bench_figure *f, double *samples, size_t n,
                     double wall) {
    struct bench_record *grown = realloc(b->records, (b->n_records + 1) * sizeof *grown);
    if (grown == NULL || n == 0) {
        fprintf(stderr, "%s: no memory or no samples for %s\n", b->title, f->name);
        exit(5);
    }
    b->records = grown;
    struct bench_record *r = &b->records[b->n_records++];
    memset(r, 0, sizeof *r);
    r->figure = *f;
    snprintf(r->name, sizeof r->name, "%s", f->name);
    snprintf(r->backend, sizeof r->backend, "%s",
             f->backend != NULL ? f->backend : hats_cpu_backend_name(hats_cpu_backend()));
    snprintf(r->params, sizeof r->params, "%s", f->params != NULL ? f->params : "");
    qsort(samples, n, sizeof *samples, compare);
    r->median = n % 2 == 1 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2;
    r->min = samples[0];
    r->max = samples[n - 1];
    r->wall = wall;
    r->n = n;
    print_record(r);
    return r->median;
}

/* Calls that make one sample last long enough. */
static uint64_t calibrate(const struct bench *b, void (*call)(void *arg), void *arg) {
    double warm = b->quick ? WARM_UP_NS_QUICK : WARM_UP_NS;
    double target = b->quick ? SAMPLE_NS_QUICK : SAMPLE_NS;
    double begin = (double)hats_monotonic_ns(), spent;
    uint64_t n = 0;
    do {
        call(arg);
        n++;
        spent = (double)hats_monotonic_ns() - begin;
    } while (spent < warm);
    return (uint64_t)(target / (spent / (double)n)) + 1;
}

double bench_run(struct bench *b, const struct bench_figure *f, void (*call)(void *arg),
                 void *arg) {
    double cpu[N_SAMPLES], wall[N_SAMPLES];
    size_t n = b->quick ? N_SAMPLES_QUICK : N_SAMPLES;
    if (!bench_wanted(b, f->name))
        return 0;
    uint64_t n_calls = calibrate(b, call, arg);
    double per = (double)n_calls * (double)(f->n_ops != 0 ? f->n_ops : 1) * unit_ns(f->unit);
    for (size_t s = 0; s < n; s++) {
        double wall_begin = (double)hats_monotonic_ns();
        double cpu_begin = thread_ns();
        for (uint64_t i = 0; i < n_calls; i++)
            call(arg);
        cpu[s] = (thread_ns() - cpu_begin) / per;
        wall[s] = ((double)hats_monotonic_ns() - wall_begin) / per;
    }
    if (f->wall || f->threads > 1)
        return record(b, f, wall, n, 0);
    qsort(wall, n, sizeof *wall, compare);
    return record(b, f, cpu, n, wall[n / 2]);
}

double bench_samples(struct bench *b, const struct bench_figure *f, double *samples, size_t n) {
    return bench_wanted(b, f->name) ? record(b, f, samples, n, 0) : 0;
}

void bench_value(struct bench *b, const struct bench_figure *f, double value) {
    if (bench_wanted(b, f->name))
        record(b, f, &value, 1, 0);
}

static void write_string(FILE *out, const char *s) {
    fputc('"', out);
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            fputc('\\', out);
        if ((unsigned char)*s >= 0x20)
            fputc(*s, out);
    }
    fputc('"', out);
}

static void write_record(FILE *out, const struct bench_record *r) {
    const struct bench_figure *f = &r->figure;
    fprintf(out, "  {\"name\": ");
    write_string(out, r->name);
    fprintf(out, ", \"unit\": \"%s\", \"median\": %.6g, \"min\": %.6g, \"max\": %.6g", f->unit,
            r->median, r->min, r->max);
    fprintf(out, ", \"n\": %zu, \"threads\": %u", r->n, f->threads != 0 ? f->threads : 1);
    if (r->wall > 0)
        fprintf(out, ", \"wall\": %.6g", r->wall);
    fprintf(out, ", \"cpu\": ");
    write_string(out, hats_cpu_model());
    fprintf(out, ", \"compiler\": ");
    write_string(out, compiler());
    fprintf(out, ", \"backend\": \"%s\"", r->backend);
    if (r->params[0] != '\0')
        fprintf(out, ", \"params\": %s", r->params);
    if (f->security.classical > 0 || f->security.quantum > 0 || f->security.proven > 0) {
        const char *comma = "";
        fprintf(out, ", \"security\": {");
        if (f->security.classical > 0) {
            fprintf(out, "\"classical\": %.6g", f->security.classical);
            comma = ", ";
        }
        if (f->security.quantum > 0) {
            fprintf(out, "%s\"quantum\": %.6g", comma, f->security.quantum);
            comma = ", ";
        }
        if (f->security.proven > 0)
            fprintf(out, "%s\"proven\": %.6g", comma, f->security.proven);
        fprintf(out, "}");
    }
    if (f->floor > 0)
        fprintf(out, ", \"floor\": %.6g", f->floor);
    fprintf(out, "}");
}

static bool write_json(const struct bench *b) {
    FILE *out = fopen(b->json_path, "we");
    if (out == NULL)
        return false;
    fprintf(out, "[\n");
    for (size_t i = 0; i < b->n_records; i++) {
        write_record(out, &b->records[i]);
        fprintf(out, i + 1 < b->n_records ? ",\n" : "\n");
    }
    fprintf(out, "]\n");
    bool written = ferror(out) == 0;
    return fclose(out) == 0 && written;
}

int bench_close(struct bench *b) {
    int code = 0;
    if (b->json_path != NULL && !write_json(b)) {
        fprintf(stderr, "%s: cannot write %s\n", b->title, b->json_path);
        code = 5;
    }
    free(b->records);
    b->records = NULL;
    b->n_records = 0;
    return code;
}

void bench_use(const void *p) {
    static const void *volatile sink;
    sink = p;
    (void)sink;
}
