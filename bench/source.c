/* Signing a table: source.sign.NxF is one run over a CSV file of N records of F decimals, made here, from the
 * file to the signed root on the disk, with one thread to read and write and n_threads for the commitments: wall
 * time, two cores; .cpu is what all threads took together, which other processes disturb less. --quick signs
 * 50,000 records and says so in the name. And one batch of sixteen commitments. */
#include "base/arena.h"
#include "base/file.h"
#include "base/random.h"
#include "bench.h"
#include "provenance/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FIELDS = 30, THREADS = 2, LONG = 1000000, SHORT = 50000 };

struct run {
    char dir[64], csv[96], prefix[96];
    struct hats_source_schema *schema;
    struct hats_sign_key *key;
    struct hats_error err;
    int64_t fields[HATS_RECORD_MANY * FIELDS];
    uint64_t salts[HATS_RECORD_MANY * HATS_ENCRYPTION_SALT];
    void *scratch;
};

static void must(const struct run *r, hats_status s) {
    if (s == HATS_OK)
        return;
    fprintf(stderr, "%s\n", r->err.text);
    exit(1);
}

static void make_schema(struct run *r) {
    struct hats_buffer text;
    hats_buffer_init(&text, 1u << 16);
    hats_buffer_printf(&text, "{\"name\": \"bench\", \"fields\": [");
    for (int i = 0; i < FIELDS; i++)
        hats_buffer_printf(&text, "%s{\"name\": \"c%d\", \"decimals\": 4}", i == 0 ? "" : ",", i);
    hats_buffer_printf(&text, "]}");
    must(r, hats_source_schema_parse(&r->schema, (const char *)text.data, text.len, &r->err));
    hats_buffer_clear(&text);
}

static void make_csv(const struct run *r, int n) {
    FILE *file = fopen(r->csv, "w");
    uint64_t state = 1;
    if (file == NULL)
        exit(1);
    for (int i = 0; i < FIELDS; i++)
        fprintf(file, "%sc%d", i == 0 ? "" : ",", i);
    for (int k = 0; k < n; k++)
        for (int i = 0; i < FIELDS; i++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
            fprintf(file, "%c%u.%04u", i == 0 ? '\n' : ',', (unsigned)(state >> 54),
                    (unsigned)(state >> 32) % 10000);
        }
    if (fclose(file) != 0)
        exit(1);
}

static double sign_once(struct run *r) {
    struct hats_source_signing in = {.csv_path = r->csv,
                                     .schema = r->schema,
                                     .key = r->key,
                                     .dataset = "bench",
                                     .now_ms = hats_now_ms(),
                                     .until_ms = hats_now_ms() + 1,
                                     .out_prefix = r->prefix,
                                     .n_threads = THREADS};
    uint64_t start = hats_monotonic_ns();
    must(r, hats_source_sign(NULL, &in, &r->err));
    return (double)(hats_monotonic_ns() - start) / 1e9;
}

static double seconds_of(const struct rusage *u) {
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
           (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static void sign_table(struct bench *b, struct run *r, const char *name, int n) {
    struct bench_figure figure = {.name = name, .unit = "s", .threads = THREADS, .wall = true};
    struct rusage before, usage;
    char memory[64], cpu[64];
    if (!bench_wanted(b, name))
        return;
    make_csv(r, n);
    (void)getrusage(RUSAGE_SELF, &before);
    double seconds = sign_once(r);
    bench_samples(b, &figure, &seconds, 1);
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)snprintf(cpu, sizeof cpu, "%s.cpu", name);
    bench_value(b, &(struct bench_figure){.name = cpu, .unit = "s"},
                seconds_of(&usage) - seconds_of(&before));
    (void)snprintf(memory, sizeof memory, "%s.memory", name);
    bench_value(b, &(struct bench_figure){.name = memory, .unit = "bytes"},
                (double)usage.ru_maxrss * 1024);
}

static void commit_many(void *arg) {
    struct run *r = arg;
    struct hats_record_commitment c[HATS_RECORD_MANY];
    hats_record_commit(c, r->fields, FIELDS, r->salts, HATS_RECORD_MANY, r->scratch);
    bench_use(c);
}

static void clean(struct run *r) {
    static const char *const suffixes[] = {".root.cose", ".openings", ".tree"};
    char path[128];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", r->prefix, suffixes[i]);
        (void)unlink(path);
    }
    (void)unlink(r->csv);
    (void)rmdir(r->dir);
    hats_source_schema_free(r->schema);
    hats_mldsa_free(r->key);
    hats_free(r->scratch);
}

int main(int argc, char **argv) {
    struct bench b;
    struct run r = {.dir = "/tmp/hats-bench-XXXXXX"};
    if (!bench_open(&b, argc, argv, "source"))
        return 2;
    if (mkdtemp(r.dir) == NULL)
        return 1;
    (void)snprintf(r.csv, sizeof r.csv, "%s/table.csv", r.dir);
    (void)snprintf(r.prefix, sizeof r.prefix, "%s/table", r.dir);
    make_schema(&r);
    must(&r, hats_mldsa_generate(&r.key, HATS_MLDSA_65, &r.err));
    must(&r, hats_record_salts(r.salts, HATS_RECORD_MANY, &r.err));
    r.scratch = hats_alloc(hats_record_scratch_bytes(FIELDS));
    if (r.scratch == NULL)
        return 1;
    bench_run(
        &b,
        &(struct bench_figure){.name = "source.commit.30", .unit = "us", .n_ops = HATS_RECORD_MANY},
        commit_many, &r);
    if (b.quick)
        sign_table(&b, &r, "source.sign.5e4x30", SHORT);
    else
        sign_table(&b, &r, "source.sign.1e6x30", LONG);
    clean(&r);
    return bench_close(&b);
}
