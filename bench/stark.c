/* Proofs of several shapes: time to prove and to verify, bytes, memory, and each phase beside its floor.
 *
 * Shapes (tests/stark/systems.h): cols24.2e8 is power7, 24 columns, degree 8, next-row reads: a device
 * session's. cols20.2e13 is squares of 20 columns, at rate 1/16; cols27.2e12 is wide, 27 columns in three trees: an encryption
 * proof's; cols3.2eK is squares of 3 columns; rpo.2eK a chain of RPO-256. Every proof has fresh coins, so the
 * work differs from run to run. Proofs are made with a workspace that has made one before: warm memory, no
 * cached result.
 *
 * The floor is what the machine needs for the same transforms, blocks and products at the unit costs measured
 * in this run: transforms of the table's size, SHA-256 by many lanes on whole blocks, products of vectors. */
#include "../tests/stark/systems.h"
#include "base/arena.h"
#include "base/random.h"
#include "bench.h"
#include "field/lde.h"
#include "hash/sha256_many.h"
#include "stark/prove.h"
#include "stark/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { UNIT_BLOCKS = 4096 };

struct shape {
    const char *name, *kind;
    unsigned log_n, columns, suite;
    bool slow;
};

static const struct shape shapes[] = {
    {"cols24.2e8", "power7", 8, 24, HATS_STARK_S128_SESSION, false},
    {"cols27.2e12", "wide", 12, 12, HATS_STARK_S128, false},
    {"cols20.2e13", "squares", 13, 20, HATS_STARK_S128_SMALL, false},
    {"cols3.2e8", "squares", 8, 3, HATS_STARK_S128_SESSION, false},
    {"cols3.2e10", "squares", 10, 3, HATS_STARK_S128, false},
    {"cols3.2e12", "squares", 12, 3, HATS_STARK_S128, false},
    {"cols3.2e14", "squares", 14, 3, HATS_STARK_S128, true},
    {"cols3.2e16", "squares", 16, 3, HATS_STARK_S128, true},
    {"rpo.2e8", "rpo", 8, 3, HATS_STARK_S128_SESSION, false},
    {"rpo.2e10", "rpo", 10, 3, HATS_STARK_S128, false},
    {"rpo.2e12", "rpo", 12, 3, HATS_STARK_S128, false},
    {"rpo.2e14", "rpo", 14, 3, HATS_STARK_S128, true},
    {"rpo.2e16", "rpo", 16, 3, HATS_STARK_S128, true},
};

struct run {
    struct systems all;
    struct hats_stark_workspace *workspace;
    struct hats_stark_times times;
    struct hats_buffer proof;
    uint8_t coins[HATS_STARK_COINS_LEN];
    void *scratch;
    hats_status status;
};

static void prove(void *arg) {
    struct run *r = arg;
    struct hats_stark_options options = {.workspace = r->workspace, .times = &r->times};
    r->coins[0]++;
    if (r->coins[0] == 0)
        r->coins[1]++;
    r->proof.len = 0;
    r->status =
        hats_stark_prove(&r->proof, &r->all.statement, r->all.trace, r->coins, &options, NULL);
}

static void verify(void *arg) {
    struct run *r = arg;
    struct hats_arena arena;
    hats_arena_init(&arena, r->scratch, r->all.setup.scratch_bytes);
    r->status =
        hats_stark_verify(&r->all.statement, r->proof.data, r->proof.len, &arena, NULL, NULL);
}

/* ---- floors ---- */

struct units {
    double transform, block, product; /* ms each */
};

static double cpu_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of nine. */
static double median_of(void (*call)(void *), void *arg) {
    double samples[9];
    for (int i = 0; i < 9; i++) {
        double start = cpu_ms();
        call(arg);
        samples[i] = cpu_ms() - start;
    }
    qsort(samples, 9, sizeof samples[0], ascending);
    return samples[4];
}

struct unit_work {
    struct hats_lde_coset coset;
    uint64_t *a, *b;
    uint8_t *blocks, *digests;
    unsigned repeat;
};

static void do_transforms(void *arg) {
    struct unit_work *w = arg;
    for (unsigned i = 0; i < w->repeat; i++)
        hats_lde_evaluate(&w->coset, w->b, w->a, (size_t)1 << w->coset.log_n);
}

static void do_blocks(void *arg) {
    struct unit_work *w = arg;
    for (unsigned i = 0; i < UNIT_BLOCKS; i += 64)
        hats_sha256_whole(w->digests, w->blocks, 256, 16);
}

static void do_products(void *arg) {
    struct unit_work *w = arg;
    for (unsigned i = 0; i < 64; i++)
        hats_field_kernels()->mul(w->b, w->a, w->a, 128);
}

static bool measure_units(struct units *u, unsigned log_n) {
    struct unit_work w = {.repeat = 1 + (UINT32_C(1) << 16 >> log_n)};
    size_t n = (size_t)1 << log_n;
    bool ok = hats_lde_coset_init(&w.coset, log_n, 7, NULL) == HATS_OK;
    w.a = hats_alloc_array(n < 128 ? 128 : n, sizeof *w.a);
    w.b = hats_alloc_array(n < 128 ? 128 : n, sizeof *w.b);
    w.blocks = hats_alloc_array(16, 256);
    w.digests = hats_alloc_array(16, HATS_SHA256_LEN);
    ok = ok && w.a != NULL && w.b != NULL && w.blocks != NULL && w.digests != NULL;
    if (ok) {
        for (size_t i = 0; i < n; i++)
            w.a[i] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) % HATS_P;
        u->transform = median_of(do_transforms, &w) / w.repeat;
        u->block = median_of(do_blocks, &w) / UNIT_BLOCKS;
        u->product = median_of(do_products, &w) / (64 * 128);
    }
    hats_lde_coset_clear(&w.coset);
    hats_free(w.a);
    hats_free(w.b);
    hats_free(w.blocks);
    hats_free(w.digests);
    return ok;
}

/* Products over F_p that the constraints of a system take at one point; 8 for two factors over K. */
static double products_of(const struct hats_air *air) {
    double n = 0;
    for (unsigned i = 0; i < air->n_nodes; i++) {
        const struct hats_air_expr *e = &air->nodes[i];
        if (e->op == HATS_AIR_MUL) {
            unsigned over_k = air->nodes[e->a].over_k + air->nodes[e->b].over_k;
            n += over_k == 0 ? 1 : over_k == 1 ? 3 : 8;
        }
    }
    for (unsigned i = 0; i < air->n_constraints; i++)
        n += air->nodes[air->constraints[i].node].over_k ? 8 : 3;
    n += hats_air_n_helpers(air) * 24.0;
    if (hats_air_has_accumulator(air))
        n += 8 + 3 * air->has_table + 8 * (air->n_lookups % 2) + 8 * air->n_sums;
    return n + 3; /* 1 / (X^N - 1) */
}

struct floors {
    double trace_ntt, trace_hash, aux_ntt, aux_hash, constraints, quotient_ntt, quotient_hash, open;
    double fri, work, total;
};

static double hash_floor(const struct hats_stark_setup *s, unsigned tree, const struct units *u) {
    double n = (double)(UINT64_C(1) << s->log_domain);
    size_t leaf = 1 + 8 * (size_t)s->width[tree] + (s->salted[tree] ? 16 : 0);
    return s->width[tree] == 0 ? 0 : n * u->block * (double)(HATS_SHA256_PADDED(leaf) / 64 + 2);
}

static struct floors floors_of(const struct hats_stark_setup *s, const struct units *u) {
    const struct hats_air *air = s->table[0].air;
    double n_cosets = (double)(UINT64_C(1) << (s->log_domain - s->log_n));
    double n_rows = s->table[0].n_rows,
           used = (s->quotient_len + s->table[0].n_rows - 1) / s->table[0].n_rows;
    double given = air->n_public + 3.0 * (air->n_weights + air->has_table) + air->n_fixed;
    double n = n_rows * n_cosets, columns = s->width[0] + s->width[1] + s->width[2];
    struct floors f = {0};
    f.trace_ntt = s->width[0] * (n_cosets + 1) * u->transform;
    f.aux_ntt = s->width[1] * (n_cosets + 1) * u->transform;
    f.constraints =
        given * (1 + used) * u->transform + used * n_rows * products_of(air) * u->product;
    f.quotient_ntt =
        (3 * used + s->width[2] * n_cosets) * u->transform + 3 * used * used * n_rows * u->product;
    f.trace_hash = hash_floor(s, 0, u);
    f.aux_hash = hash_floor(s, 1, u);
    f.quotient_hash = hash_floor(s, 2, u);
    f.open = columns * 6 * s->d_max * u->product;
    for (unsigned i = 0; i < s->n_folds; i++, n /= 8)
        f.fri += n / n_rows * 3 * u->transform + n / 8 * (4 + 2) * u->block;
    f.work = (double)(UINT64_C(1) << s->grinding) * u->block;
    f.total = f.trace_ntt + f.aux_ntt + f.constraints + f.quotient_ntt + f.trace_hash + f.aux_hash +
              f.quotient_hash + f.open + f.fri + f.work;
    return f;
}

/* One line for each phase of the last proof, processor time. */
static void print_phases(const struct run *r, const struct floors *f) {
    const struct hats_stark_times *t = &r->times;
    const struct {
        const char *name;
        uint64_t ns;
        double floor;
    } phases[] = {
        {"trace: transforms", t->trace_ntt, f->trace_ntt},
        {"trace: hashing", t->trace_hash, f->trace_hash},
        {"helpers: values", t->aux, 0},
        {"helpers: transforms", t->aux_ntt, f->aux_ntt},
        {"helpers: hashing", t->aux_hash, f->aux_hash},
        {"constraints", t->constraints, f->constraints},
        {"quotient: transforms", t->quotient_ntt, f->quotient_ntt},
        {"quotient: hashing", t->quotient_hash, f->quotient_hash},
        {"values at zeta, batch", t->open, f->open},
        {"folds", t->fri, f->fri},
        {"work (by chance)", t->work, f->work},
    };
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (phases[i].ns != 0) {
            printf("    %-24s %9.3f ms", phases[i].name, (double)phases[i].ns / 1e6);
            if (phases[i].floor > 0)
                printf("   floor %9.3f   x %.2f", phases[i].floor,
                       (double)phases[i].ns / 1e6 / phases[i].floor);
            printf("\n");
        }
}

/* ---- one shape ---- */

static void report(struct bench *b, struct run *r, const struct shape *shape,
                   const struct floors *floors) {
    const struct hats_stark_setup *s = &r->all.setup;
    char name[64], params[400];
    snprintf(params, sizeof params,
             "{\"suite\": \"%s\", \"rows\": %u, \"columns\": [%u, %u, %u], \"degree\": %u, "
             "\"queries\": %u, \"grinding\": %u, \"domain\": %u, \"d_max\": %u, "
             "\"zero_knowledge\": true}",
             hats_stark_suite_name(s->suite), s->table[0].n_rows, s->width[0], s->width[1],
             s->width[2], s->degree, s->n_queries, s->grinding, 1u << s->log_domain, s->d_max);
    struct bench_figure figure = {.name = name, .unit = "ms", .params = params};
    figure.security.proven = s->soundness.proven / 1000.0;
    figure.floor = floors->total;
    snprintf(name, sizeof name, "stark.%s.prove", shape->name);
    bench_run(b, &figure, prove, r);
    print_phases(r, floors);
    figure.floor = 0;
    snprintf(name, sizeof name, "stark.%s.verify", shape->name);
    bench_run(b, &figure, verify, r);
    figure.unit = "bytes";
    snprintf(name, sizeof name, "stark.%s.bytes", shape->name);
    double sizes[9]; /* how many digests a path has depends on the positions */
    for (int i = 0; i < 9; i++) {
        prove(r);
        sizes[i] = (double)r->proof.len;
    }
    bench_samples(b, &figure, sizes, 9);
    snprintf(name, sizeof name, "stark.%s.memory", shape->name);
    bench_value(b, &figure, (double)hats_stark_workspace_bytes(r->workspace));
}

static bool measure(struct bench *b, const struct shape *shape) {
    struct run r = {.all = {.n = 1}};
    struct units units;
    struct hats_error err = {0};
    bool ok = false;
    hats_buffer_init(&r.proof, (size_t)1 << 20);
    r.workspace = hats_stark_workspace_new(1);
    r.all.at[0] = system_new(shape->kind, shape->log_n, shape->columns, 1);
    if (r.workspace != NULL && r.all.at[0] != NULL &&
        systems_init(&r.all, shape->suite, &err) == HATS_OK &&
        measure_units(&units, shape->log_n)) {
        struct floors floors = floors_of(&r.all.setup, &units);
        r.scratch = hats_alloc(r.all.setup.scratch_bytes);
        prove(&r);
        ok = r.scratch != NULL && r.status == HATS_OK;
        if (ok)
            verify(&r);
        ok = ok && r.status == HATS_OK;
        if (ok)
            report(b, &r, shape, &floors);
    }
    if (!ok)
        fprintf(stderr, "stark.%s: no proof: %s\n", shape->name, err.text);
    hats_free(r.scratch);
    system_free(r.all.at[0]);
    hats_stark_workspace_free(r.workspace);
    hats_buffer_clear(&r.proof);
    return ok;
}

/* Wall time of a proof with one thread and with two; the proofs must be the same bytes. */
static bool two_threads(struct bench *b) {
    struct systems all = {.n = 1};
    struct hats_error err = {0};
    uint8_t digest[3][HATS_SHA256_LEN] = {{0}};
    bool ok = true;
    all.at[0] = system_new("squares", 13, 20, 1);
    if (all.at[0] == NULL || systems_init(&all, HATS_STARK_S128_SMALL, &err) != HATS_OK)
        return false;
    for (unsigned n = 1; n <= 2 && ok; n++) {
        double samples[9];
        struct hats_stark_workspace *w = hats_stark_workspace_new(n);
        struct hats_stark_options options = {.workspace = w};
        struct hats_buffer proof;
        hats_buffer_init(&proof, (size_t)1 << 20);
        for (int i = -1; i < 9 && ok; i++) {
            uint8_t coins[HATS_STARK_COINS_LEN] = {(uint8_t)(i + 1)};
            uint64_t start = hats_monotonic_ns();
            proof.len = 0;
            ok = w != NULL && hats_stark_prove(&proof, &all.statement, all.trace, coins, &options,
                                               NULL) == HATS_OK;
            if (i >= 0)
                samples[i] = (double)(hats_monotonic_ns() - start) / 1e6;
        }
        hats_sha256(digest[n], proof.data, proof.len);
        char name[64];
        snprintf(name, sizeof name, "stark.cols20.2e13.prove.threads%u", n);
        if (ok)
            bench_samples(
                b, &(struct bench_figure){.name = name, .unit = "ms", .threads = n, .wall = true},
                samples, 9);
        hats_buffer_clear(&proof);
        hats_stark_workspace_free(w);
    }
    system_free(all.at[0]);
    if (ok && memcmp(digest[1], digest[2], HATS_SHA256_LEN) != 0) {
        fprintf(stderr, "one thread and two make different proofs\n");
        return false;
    }
    return ok;
}

int main(int argc, char **argv) {
    struct bench b;
    bool ok = true;
    if (!bench_open(&b, argc, argv, "stark"))
        return 2;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "stark.%s.prove", shapes[i].name);
        if ((!b.quick || !shapes[i].slow) && (b.only == NULL || strstr(name, b.only) != NULL))
            ok = measure(&b, &shapes[i]) && ok;
    }
    if (b.only == NULL || strstr("stark.cols20.2e13.prove.threads2", b.only) != NULL)
        ok = two_threads(&b) && ok;
    int rc = bench_close(&b);
    return ok ? rc : 1;
}
