/* frame.sign, verify, verify_batch, table.16: one-time signatures of calls. Nothing is remembered between
 * calls: every figure is cold. The floor is the number of SHA-256 blocks that the work takes times what one
 * block takes, measured here with all lanes full. */
#include "wire/frame.h"
#include "base/arena.h"
#include "bench.h"
#include "hash/sha256_chain.h"

#include <stdio.h>
#include <string.h>

enum { N_CALLS = 16, N_REQUESTS = 32, N_CHAINS = 48, STEPS = 256 };
/* Of a chain summed over a frame, and leaf, and D. */
enum { VERIFY_BLOCKS = HATS_FRAME_CHAINS * HATS_FRAME_STEPS - HATS_FRAME_SUM + 4 + 2 };
enum { KEY_BLOCKS = HATS_FRAME_CHAINS * (HATS_FRAME_STEPS + 4) + 4 };

struct work {
    uint8_t secret[32], p[16], sid[32], table[N_CALLS][16];
    uint8_t r[N_REQUESTS][32], frames[N_REQUESTS][HATS_FRAME_LEN];
    struct hats_frame_session session;
    struct hats_sha256_chain chains[N_CHAINS];
    bool good;
};

static void chains(void *arg) {
    struct work *w = arg;
    for (size_t i = 0; i < N_CHAINS; i++)
        w->chains[i].n_steps = STEPS;
    hats_sha256_chains(w->chains, N_CHAINS);
}

static void sign(void *arg) {
    struct work *w = arg;
    for (uint32_t i = 0; i < N_REQUESTS; i++)
        w->good &= hats_frame_sign(w->frames[i], w->secret, w->p, i % N_CALLS, w->sid, w->r[i],
                                   NULL) == HATS_OK;
}

static void verify(void *arg) {
    struct work *w = arg;
    for (size_t i = 0; i < N_REQUESTS; i++)
        w->good &= hats_frame_verify(w->frames[i], HATS_FRAME_LEN, &w->session, w->r[i], NULL,
                                     NULL) == HATS_OK;
}

static void verify_batch(void *arg) {
    struct work *w = arg;
    struct hats_frame_check checks[N_REQUESTS];
    bool valid[N_REQUESTS];
    for (size_t i = 0; i < N_REQUESTS; i++)
        w->good &= hats_frame_begin(&checks[i], w->frames[i], HATS_FRAME_LEN, &w->session,
                                    w->r[i]) == HATS_FRAME_ACCEPTED;
    hats_frame_finish(valid, checks, N_REQUESTS);
    for (size_t i = 0; i < N_REQUESTS; i++)
        w->good &= valid[i];
}

static void table(void *arg) {
    struct work *w = arg;
    uint8_t root[32];
    hats_frame_leaves(w->table[0], w->secret, w->p, 0, N_CALLS);
    hats_frame_root(root, w->p, w->table[0], N_CALLS);
}

/* Trials of D in the mean over the requests. */
static double mean_trials(const struct work *w) {
    double trials = 0;
    for (size_t i = 0; i < N_REQUESTS; i++) {
        struct hats_frame f;
        if (hats_frame_decode(&f, w->frames[i], HATS_FRAME_LEN, NULL) == HATS_OK)
            trials += (double)f.counter + 1;
    }
    return trials / N_REQUESTS;
}

int main(int argc, char **argv) {
    static struct work w = {.good = true};
    struct bench b;
    char params[96];
    if (!bench_open(&b, argc, argv, "frame"))
        return 2;
    for (size_t i = 0; i < sizeof w.secret; i++)
        w.secret[i] = (uint8_t)i;
    memcpy(w.p, w.secret, sizeof w.p);
    hats_sha256(w.sid, "bench", 5);
    for (size_t i = 0; i < N_REQUESTS; i++)
        hats_sha256(w.r[i], &i, sizeof i);
    w.session = (struct hats_frame_session){w.sid, w.p, w.table[0], N_CALLS};
    table(&w);
    sign(&w);
    double ns = bench_run(&b,
                          &(struct bench_figure){
                              .name = "hash.sha256.chain", .unit = "ns", .n_ops = N_CHAINS * STEPS},
                          chains, &w);
    double ms = ns * 1e-6, trials = mean_trials(&w);
    snprintf(params, sizeof params, "{\"bytes\": %d, \"mean_trials\": %.0f}", HATS_FRAME_LEN,
             trials);
    bench_run(
        &b,
        &(struct bench_figure){.name = "frame.sign",
                               .unit = "ms",
                               .n_ops = N_REQUESTS,
                               .params = params,
                               .floor = ms * (trials + HATS_FRAME_SUM + 4 * HATS_FRAME_CHAINS),
                               .security = {.classical = 128, .quantum = 64}},
        sign, &w);
    struct bench_figure figure = {.name = "frame.verify",
                                  .unit = "ms",
                                  .n_ops = N_REQUESTS,
                                  .floor = ms * VERIFY_BLOCKS,
                                  .security = {.classical = 128, .quantum = 64}};
    bench_run(&b, &figure, verify, &w);
    figure.name = "frame.verify_batch";
    figure.params = "{\"frames\": 32}";
    bench_run(&b, &figure, verify_batch, &w);
    bench_run(&b,
              &(struct bench_figure){.name = "frame.table.16",
                                     .unit = "ms",
                                     .params = "{\"keys\": 16}",
                                     .floor = ms * N_CALLS * KEY_BLOCKS},
              table, &w);
    if (!w.good)
        fprintf(stderr, "frame: a frame was not accepted\n");
    int rc = bench_close(&b);
    return w.good ? rc : 1;
}
