/* proof.session: the proof that opens a session of a device. prove with a workspace that lives on (a device
 * that opens one session after another), prove.cold with none; verify; bytes. Phases below. The floor counts
 * transforms, products and blocks of SHA-256 of the setup at what each costs in the same run, and the
 * expected grinding. */
#include "bench.h"

#include "base/arena.h"
#include "base/random.h"
#include "field/lde.h"
#include "hash/sha256_many.h"
#include "statements/device_prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 256, N_MESSAGES = 1024, N_PROOFS = 16, N_PRODUCTS = 2048 };

static void must(hats_status status, const struct hats_error *err) {
    if (status != HATS_OK) {
        fprintf(stderr, "session: %s\n", err->text);
        exit(5);
    }
}

struct work {
    struct hats_device_setup *setup;
    struct hats_device_policy policy;
    struct hats_device_public pub;
    struct hats_device_witness witness;
    struct hats_stark_workspace *workspace;
    struct hats_stark_times times, sum;
    unsigned n_sum;
    struct hats_buffer proof;
    void *scratch;
    size_t scratch_len;
    /* unit costs */
    struct hats_lde_coset coset;
    _Alignas(64) uint64_t a[N_PRODUCTS];
    _Alignas(64) uint8_t messages[N_MESSAGES * 64], digests[N_MESSAGES * 32];
};

/* ---- unit costs ---- */

static void one_ntt(void *arg) {
    struct work *w = arg;
    hats_lde_evaluate(&w->coset, w->a, w->a, N);
}
static void many_blocks(void *arg) {
    struct work *w = arg;
    hats_sha256_whole(w->digests, w->messages, 64, N_MESSAGES);
}
static void products(void *arg) {
    struct work *w = arg;
    hats_field_kernels()->mul(w->a, w->a, w->a, N_PRODUCTS);
}

/* Milliseconds: columns onto all cosets and back; products of the constraints on as many as the quotient needs;
 * rows and nodes of both trees; grinding, two blocks a try. */
static double floor_of(struct bench *b, struct work *w) {
    const struct hats_stark_setup *s = hats_device_setup_stark(w->setup);
    struct hats_error err = {0};
    must(hats_lde_coset_init(&w->coset, 8, HATS_P_GENERATOR, &err), &err);
    for (size_t i = 0; i < N_MESSAGES; i++)
        hats_sha256_pad(w->messages + 64 * i, 55);
    double ntt = bench_run(b, &(struct bench_figure){.name = "proof.part.ntt.256", .unit = "us"},
                           one_ntt, w);
    double block = bench_run(
        b, &(struct bench_figure){.name = "proof.part.block", .unit = "us", .n_ops = N_MESSAGES},
        many_blocks, w);
    double product = bench_run(
        b, &(struct bench_figure){.name = "proof.part.product", .unit = "us", .n_ops = N_PRODUCTS},
        products, w);
    double cosets = (double)(1u << (s->log_domain - s->log_n));
    double few = (double)((s->quotient_len + N - 1) / N);
    const struct hats_air *air = s->table[0].air;
    unsigned n_products = 0;
    for (unsigned i = 0; i < air->n_nodes; i++)
        n_products += air->nodes[i].op == HATS_AIR_MUL ? 1 : 0;
    double transforms = s->width[0] * (1 + cosets) + s->width[2] * cosets +
                        (air->n_public + air->n_fixed) * (1 + few) + 3 * few;
    double blocks = 2.0 * (1u << s->grinding);
    for (unsigned t = 0; t < HATS_STARK_MAX_TREES; t++)
        if (s->width[t] > 0)
            blocks += cosets * N * (HATS_SHA256_PADDED(1 + 8 * s->width[t]) / 64.0 + 2);
    hats_lde_coset_clear(&w->coset);
    return (transforms * ntt + blocks * block + few * N * n_products * product) / 1000;
}

/* ---- a device ---- */

static void elements(uint64_t *out, size_t n) {
    struct hats_error err = {.text = "no randomness"};
    must(hats_random(out, n * sizeof *out), &err);
    for (size_t i = 0; i < n; i++)
        out[i] %= HATS_P;
}

static void enrol(struct work *w) {
    static const uint32_t classes[] = {1, 2, 3, 5, 8}, levels[] = {2, 3};
    static uint32_t countries[40];
    for (uint32_t i = 0; i < HATS_COUNT_OF(countries); i++)
        countries[i] = 40 + 20 * i;
    w->policy = (struct hats_device_policy){.posture_mask = 0xff,
                                            .firmware = {classes, HATS_COUNT_OF(classes)},
                                            .jurisdictions = {countries, HATS_COUNT_OF(countries)},
                                            .assurances = {levels, HATS_COUNT_OF(levels)},
                                            .slot_bound = 16};
    w->pub = (struct hats_device_public){
        .setup = w->setup, .policy = &w->policy, .epoch = 20000, .now_s = 1790000000};
    struct hats_device_leaf *leaf = &w->witness.leaf;
    *leaf = (struct hats_device_leaf){.posture = 0xfff,
                                      .firmware = 5,
                                      .jurisdiction = 420,
                                      .assurance = 3,
                                      .not_after_s = 1790050000,
                                      .serial = 7};
    elements(leaf->ak_hash, 4);
    elements(w->witness.secret.sk, 4);
    elements(w->witness.secret.u, 4);
    elements(w->witness.siblings[0], (size_t)4 * HATS_DEVICE_DEPTH);
    w->witness.slot = 9;
    w->witness.index = 0x5a5a5;
    hats_device_public_key(leaf->pk, &w->witness.secret);
    hats_device_nullifier(w->pub.nf, &w->witness.secret, w->pub.epoch, w->pub.rp_id,
                          w->witness.slot);
    hats_device_root_of(w->pub.root, &w->witness);
}

/* ---- figures ---- */

static void prove_with(struct work *w, struct hats_stark_workspace *workspace) {
    struct hats_error err = {0};
    uint8_t coins[HATS_STARK_COINS_LEN];
    const struct hats_stark_options options = {.workspace = workspace, .times = &w->times};
    must(hats_random(coins, sizeof coins), &err);
    w->proof.len = 0;
    must(hats_device_prove(&w->proof, &w->pub, &w->witness, coins, &options, &err), &err);
}

static void prove(void *arg) {
    struct work *w = arg;
    prove_with(w, w->workspace);
    uint64_t *sum = (uint64_t *)&w->sum;
    for (size_t i = 0; i < sizeof w->sum / sizeof *sum; i++)
        sum[i] += ((const uint64_t *)&w->times)[i];
    w->n_sum++;
}

static void prove_cold(void *arg) { prove_with(arg, NULL); }

static void verify(void *arg) {
    struct work *w = arg;
    struct hats_error err = {0};
    struct hats_arena arena;
    hats_arena_init(&arena, w->scratch, w->scratch_len);
    must(hats_device_verify(&w->pub, w->proof.data, w->proof.len, &arena, NULL, &err), &err);
}

static void print_phases(const struct work *w) {
    const struct {
        const char *name;
        uint64_t ns;
    } phases[] = {
        {"prepare", w->sum.prepare},
        {"trace, transforms", w->sum.trace_ntt},
        {"trace, tree", w->sum.trace_hash},
        {"constraints", w->sum.constraints},
        {"quotient, transforms", w->sum.quotient_ntt},
        {"quotient, tree", w->sum.quotient_hash},
        {"openings", w->sum.open},
        {"final polynomial", w->sum.fri},
        {"work", w->sum.work},
        {"all", w->sum.total},
    };
    for (size_t i = 0; w->n_sum > 0 && i < HATS_COUNT_OF(phases); i++)
        printf("    %-22s %8.3f ms in the mean\n", phases[i].name,
               (double)phases[i].ns / w->n_sum / 1e6);
}

static void figures(struct bench *b, struct work *w) {
    const struct hats_stark_setup *s = hats_device_setup_stark(w->setup);
    char params[160];
    double bytes = 0;
    struct bench_figure figure = {.unit = "ms", .params = params};
    figure.security.proven = s->soundness.proven / 1000.0;
    (void)snprintf(params, sizeof params,
                   "{\"suite\": \"%s\", \"queries\": %u, \"columns\": [%u, %u], \"rows\": %d, "
                   "\"d_max\": %u, \"domain\": %u}",
                   hats_stark_suite_name(s->suite), s->n_queries, s->width[0], s->width[2], N,
                   (unsigned)s->d_max, 1u << s->log_domain);
    figure.name = "proof.session.prove";
    figure.floor = floor_of(b, w);
    bench_run(b, &figure, prove, w);
    figure.floor = 0;
    print_phases(w);
    figure.name = "proof.session.prove.cold";
    bench_run(b, &figure, prove_cold, w);
    figure.name = "proof.session.verify";
    prove(w);
    bench_run(b, &figure, verify, w);
    figure.name = "proof.session.bytes";
    if (!bench_wanted(b, figure.name))
        return;
    for (int i = 0; i < N_PROOFS; i++) {
        prove(w);
        bytes += (double)w->proof.len / N_PROOFS;
    }
    figure.unit = "bytes";
    bench_value(b, &figure, bytes);
}

int main(int argc, char **argv) {
    static struct work w;
    struct bench b;
    struct hats_error err = {.text = "no memory"};
    if (!bench_open(&b, argc, argv, "session"))
        return 2;
    must(hats_device_setup_new(&w.setup, HATS_STARK_S128_SESSION, &err), &err);
    w.workspace = hats_stark_workspace_new(1);
    w.scratch_len = hats_device_scratch_bytes(w.setup);
    w.scratch = hats_alloc(w.scratch_len);
    must(w.workspace != NULL && w.scratch != NULL ? HATS_OK : HATS_E_MEMORY, &err);
    hats_buffer_init(&w.proof, hats_device_setup_stark(w.setup)->proof_max_bytes);
    enrol(&w);
    figures(&b, &w);
    hats_buffer_clear(&w.proof);
    hats_free(w.scratch);
    hats_stark_workspace_free(w.workspace);
    hats_device_setup_free(w.setup);
    return bench_close(&b);
}
