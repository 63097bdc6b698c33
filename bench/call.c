/* A whole call over loopback: encrypt, TLS, gate, evaluate, sign, seal on disk, verify, decrypt.
 *
 * A service folder is made in a temporary place, hatsd runs as a process of its own, the client runs
 * here. Run from the top folder (make bench does): the model is examples/clinical. Every call is cold in
 * the only sense there is: no answer is ever reused, each is proven, verified, evaluated, signed and
 * committed. gate.cold is from the first byte sent to the last received, so TLS and HTTP over loopback are in
 * it; gate.verify.rate is what one processor verifies a second, by the server's own metrics.
 */
#include "base/random.h"
#include "bench.h"
#include "client/client.h"
#include "evidence/receipt.h"
#include "model/compile.h"
#include "model/publish.h"
#include "server/server.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXAMPLE "examples/clinical/"
#define CALLS 1000
#define CALLS_QUICK 100
#define WARM_UP 20

struct world {
    char dir[64];
    pid_t server;
    struct hats_server_init_result made;
    struct hats_home home;
    struct hats_owner owner;
    struct hats_client *client;
    struct hats_client_model model;
    struct hats_error err;
};

struct tally {
    const struct hats_plan *plan;
    uint64_t left, done, warm_up;
    double *call_ms, *encrypt_ms, *prove_ms, *gate_ms, *verify_ms, *decrypt_ms;
    size_t receipt_len, core_len, proof_len;
};

static uint16_t free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0)
        (void)getsockname(fd, (struct sockaddr *)&at, &len);
    close(fd);
    return ntohs(at.sin_port);
}

static hats_status make_service(struct world *w) {
    static struct hats_compile_result result;
    char dir[HATS_PATH_MAX], package[HATS_PATH_MAX + 16];
    struct hats_server_init_options init = {.port = free_port(), .issuer = "bench"};
    struct hats_compile_options compile;
    struct hats_sign_key *publisher = NULL;
    snprintf(w->dir, sizeof w->dir, "/tmp/hats-bench-XXXXXX");
    if (mkdtemp(w->dir) == NULL)
        return hats_fail(&w->err, HATS_E_IO, "cannot make a temporary folder");
    snprintf(dir, sizeof dir, "%s/service", w->dir);
    hats_status s = hats_server_init(&w->made, dir, &init, &w->err);
    snprintf(package, sizeof package, "%s/clinical", w->made.models);
    hats_compile_options_init(&compile);
    compile.onnx_path = EXAMPLE "model.onnx";
    compile.schema_path = EXAMPLE "schema.txt";
    compile.calibration_path = EXAMPLE "calibration.csv";
    compile.label_column = "diagnosis";
    compile.name = "clinical";
    compile.version = "1";
    compile.out_dir = package;
    if (s == HATS_OK)
        s = hats_compile_run(&result, &compile, &w->err);
    if (s == HATS_OK)
        s = hats_mldsa_load(&publisher, w->made.publisher_key, &w->err);
    if (s == HATS_OK)
        s = hats_model_publish(package, publisher, "bench", &w->err);
    hats_mldsa_free(publisher);
    return s;
}

/* hatsd lies two folders above this program: BUILD/hatsd, BUILD/bench/call. */
static hats_status start_server(struct world *w) {
    char path[HATS_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 16);
    if (n <= 0)
        return hats_fail(&w->err, HATS_E_IO, "cannot find hatsd");
    path[n] = '\0';
    *strrchr(path, '/') = '\0';
    snprintf(strrchr(path, '/'), 16, "/hatsd");
    w->server = fork();
    if (w->server == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(5);
        execl(path, "hatsd", "--config", w->made.config, (char *)NULL);
        _exit(5);
    }
    return w->server > 0 ? HATS_OK : hats_fail(&w->err, HATS_E_IO, "cannot start %s", path);
}

static hats_status connect_owner(struct world *w) {
    char home[HATS_PATH_MAX];
    struct hats_server_record record;
    snprintf(home, sizeof home, "%s/owner", w->dir);
    hats_status s = hats_home_open(&w->home, home, &w->err);
    if (s == HATS_OK)
        s = hats_owner_create(&w->home, "bench", HATS_SET_L4096, &w->err);
    if (s == HATS_OK)
        s = hats_owner_load(&w->owner, &w->home, "bench", &w->err);
    if (s == HATS_OK)
        s = hats_server_record_add(&w->home, w->made.origin, w->made.root_cert, w->made.trust,
                                   w->made.token, &w->err);
    if (s == HATS_OK)
        s = hats_server_record_load(&record, &w->home, w->made.origin, &w->err);
    if (s != HATS_OK)
        return s;
    for (int i = 0; i < 100; i++) {
        s = hats_client_open(&w->client, &record, HATS_TLS_STRICT, &w->err);
        if (s != HATS_E_NETWORK)
            break;
        usleep(50000);
    }
    if (s == HATS_OK)
        s = hats_client_register_key(w->client, &w->owner, &w->err);
    if (s == HATS_OK)
        s = hats_client_model_open(&w->model, w->client, "clinical", &w->err);
    return s;
}

static hats_status next(void *user, int32_t *x, uint64_t *tag, bool *more, struct hats_error *err) {
    struct tally *t = user;
    (void)err;
    *more = t->left != 0;
    *tag = t->left;
    if (*more)
        t->left--;
    for (uint32_t j = 0; j < t->plan->shape.d; j++) {
        int32_t width = t->plan->hi[j] - t->plan->lo[j] + 1;
        x[j] = t->plan->lo[j] + (int32_t)((t->left * 7 + j * 13) % 100) % width;
    }
    return HATS_OK;
}

static hats_status done(void *user, const struct hats_client_result *r, struct hats_error *err) {
    struct tally *t = user;
    (void)err;
    t->receipt_len = r->receipt_len;
    t->core_len = r->core_len;
    t->proof_len = r->proof_len;
    if (t->done >= t->warm_up) {
        uint64_t i = t->done - t->warm_up;
        t->call_ms[i] =
            (double)(r->encrypt_ns + r->prove_ns + r->call_ns + r->verify_ns + r->decrypt_ns) / 1e6;
        t->prove_ms[i] = (double)r->prove_ns / 1e6;
        t->gate_ms[i] = (double)r->call_ns / 1e6;
        t->encrypt_ms[i] = (double)r->encrypt_ns / 1e6;
        t->verify_ms[i] = (double)r->verify_ns / 1e6;
        t->decrypt_ms[i] = (double)r->decrypt_ns / 1e6;
    }
    t->done++;
    return HATS_OK;
}

static hats_status run(struct world *w, struct tally *t, uint64_t calls, unsigned window) {
    struct hats_client_job job = {.model = &w->model,
                                  .owner = &w->owner,
                                  .window = window,
                                  .user = t,
                                  .next = next,
                                  .done = done};
    t->plan = w->model.plan;
    t->done = 0;
    t->left = calls + t->warm_up;
    return hats_client_infer(w->client, &job, &w->err);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double peak_mb_of(pid_t pid) {
    char path[64], line[256];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kb = strtod(line + 6, NULL);
    if (f != NULL)
        fclose(f);
    return kb * 1024;
}

static void report(struct bench *b, const char *name, const char *unit, double *samples, size_t n) {
    struct bench_figure f = {
        .name = name, .unit = unit, .wall = true, .params = "{\"d\": 30, \"k\": 1, \"n\": 4096}"};
    f.security.classical = hats_fhe_security_of(HATS_SET_L4096).classical;
    f.security.quantum = hats_fhe_security_of(HATS_SET_L4096).quantum;
    if (n == 1)
        bench_value(b, &f, samples[0]);
    else
        bench_samples(b, &f, samples, n);
}

static double metric(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at != NULL ? strtod(at + strlen(name), NULL) : 0;
}

/* Of all proofs so far, one at a time. */
static hats_status report_verification(struct bench *b, struct world *w) {
    struct hats_buffer text;
    hats_buffer_init(&text, 1u << 20);
    hats_status s = hats_client_get(w->client, &text, "/metrics", &w->err);
    hats_buffer_append(&text, "", 1);
    if (s == HATS_OK && !text.failed) {
        double us = metric((char *)text.data, "\nhats_verification_microseconds_total ");
        double n = metric((char *)text.data, "\nhats_proofs_checked_total ");
        double rate = us > 0 ? n * 1e6 / us : 0;
        report(b, "gate.verify.rate", "1/s", &rate, 1);
    }
    hats_buffer_clear(&text);
    return s;
}

static hats_status measure(struct bench *b, struct world *w) {
    size_t calls = b->quick ? CALLS_QUICK : CALLS;
    double *space = calloc(6 * calls, sizeof *space);
    struct tally t = {.warm_up = WARM_UP,
                      .call_ms = space,
                      .encrypt_ms = space + calls,
                      .verify_ms = space + 2 * calls,
                      .decrypt_ms = space + 3 * calls,
                      .prove_ms = space + 4 * calls,
                      .gate_ms = space + 5 * calls};
    hats_status s = space != NULL ? run(w, &t, calls, 1) : HATS_E_MEMORY;
    if (s == HATS_OK)
        s = report_verification(b, w);
    if (s == HATS_OK) {
        report(b, "call.loopback.p50", "ms", t.call_ms, calls);
        qsort(t.call_ms, calls, sizeof t.call_ms[0], compare);
        report(b, "call.loopback.p99", "ms", &t.call_ms[calls * 99 / 100], 1);
        report(b, "call.loopback.encrypt", "ms", t.encrypt_ms, calls);
        report(b, "call.loopback.prove", "ms", t.prove_ms, calls);
        report(b, "gate.cold.p50", "ms", t.gate_ms, calls);
        qsort(t.gate_ms, calls, sizeof t.gate_ms[0], compare);
        report(b, "gate.cold.p99", "ms", &t.gate_ms[calls * 99 / 100], 1);
        report(b, "call.loopback.verify", "ms", t.verify_ms, calls);
        report(b, "call.loopback.decrypt", "ms", t.decrypt_ms, calls);
        uint64_t start = hats_monotonic_ns();
        s = run(w, &t, calls, 16);
        double rate = (double)t.done / ((double)(hats_monotonic_ns() - start) / 1e9);
        report(b, "call.loopback.rate16", "1/s", &rate, 1);
    }
    if (s == HATS_OK) {
        struct rusage self;
        getrusage(RUSAGE_SELF, &self);
        double up = (double)w->model.ciphertext_len, down = (double)w->model.answer_len,
               receipt = (double)t.receipt_len, proof = (double)t.proof_len,
               core = (double)t.core_len, client = (double)self.ru_maxrss * 1024,
               server = peak_mb_of(w->server);
        report(b, "model.clinical.up", "bytes", &up, 1);
        report(b, "model.clinical.down", "bytes", &down, 1);
        report(b, "proof.bytes", "bytes", &proof, 1);
        report(b, "receipt.bytes", "bytes", &receipt, 1);
        report(b, "core.bytes", "bytes", &core, 1);
        report(b, "rss.client", "bytes", &client, 1);
        report(b, "rss.server", "bytes", &server, 1);
    }
    free(space);
    return s;
}

static void clear(struct world *w) {
    char command[128];
    hats_client_model_clear(&w->model);
    hats_client_close(w->client);
    hats_owner_clear(&w->owner);
    if (w->server > 0) {
        kill(w->server, SIGTERM);
        (void)waitpid(w->server, NULL, 0);
    }
    if (w->dir[0] != '\0') {
        snprintf(command, sizeof command, "rm -rf %s", w->dir);
        if (system(command) != 0)
            fprintf(stderr, "could not remove %s\n", w->dir);
    }
}

int main(int argc, char **argv) {
    static struct world w;
    struct bench b;
    if (!bench_open(&b, argc, argv, "a whole call over loopback"))
        return 2;
    hats_status s = make_service(&w);
    if (s == HATS_OK)
        s = start_server(&w);
    if (s == HATS_OK)
        s = connect_owner(&w);
    if (s == HATS_OK)
        s = measure(&b, &w);
    clear(&w);
    if (s != HATS_OK) {
        fprintf(stderr, "call: %s\n", w.err.text);
        return 1;
    }
    return bench_close(&b);
}
