/* log.append.durable: receipts sealed in the store, on the disk, and in a signed tree, a second. 64 threads seal, and
 * the log is brought up to date ten times a second, as a server does it; the clock stops when all are signed.
 * receipt.logged.*: a receipt with its place in that log and one witness. */
#include "base/file.h"
#include "base/random.h"
#include "bench.h"
#include "evidence/receipt.h"
#include "log/follow.h"
#include "log/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ORIGIN "log.example/bench"
#define WITNESS "witness.example/bench"
enum { N_THREADS = 64, N_FULL = 20000, N_QUICK = 2000 };

struct work {
    char dir[64], log_dir[96], store_path[96], memory[96], note[128];
    struct hats_sign_key *signer, *log_key, *witness_key;
    struct hats_trust trust;
    struct hats_store *store;
    struct hats_log_writer *writer;
    struct hats_buffer receipt, logged;
    struct hats_report report;
    int64_t tenant;
    unsigned n;
    atomic_uint next, failed;
};

/* ---- appending ---- */

static void *seal(void *arg) {
    struct work *w = arg;
    for (unsigned i; (i = atomic_fetch_add(&w->next, 1)) < w->n;) {
        enum hats_store_opened how;
        struct hats_store_open o = {.session = {.tenant = w->tenant,
                                                .kind = 0x41,
                                                .calls = 1,
                                                .opened_ms = 1,
                                                .not_after_ms = 2},
                                    .receipt = w->receipt.data,
                                    .receipt_len = w->receipt.len};
        memcpy(o.session.sid, &i, sizeof i);
        memcpy(o.nonce.bytes, &i, sizeof i);
        hats_sha256(o.session.receipt_id, i == 0 ? (const void *)w->receipt.data : &i,
                    i == 0 ? w->receipt.len : sizeof i);
        if (hats_store_session_open(w->store, &how, &o, NULL) != HATS_OK)
            atomic_fetch_add(&w->failed, 1);
    }
    return NULL;
}

static double append_all(struct work *w) {
    pthread_t threads[N_THREADS];
    struct hats_tree_head head = {.size = 0};
    uint64_t start = hats_monotonic_ns();
    for (unsigned i = 0; i < N_THREADS; i++)
        if (pthread_create(&threads[i], NULL, seal, w) != 0)
            exit(5);
    while (head.size < w->n && atomic_load(&w->failed) == 0) {
        usleep(atomic_load(&w->next) < w->n ? 100000 : 1000);
        if (hats_log_writer_update(w->writer, hats_now_ms() / 1000, NULL) != HATS_OK)
            atomic_fetch_add(&w->failed, 1);
        hats_log_writer_head(w->writer, &head);
    }
    uint64_t ns = hats_monotonic_ns() - start;
    for (unsigned i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    return (double)w->n * 1e9 / (double)ns;
}

/* ---- a receipt with its place ---- */

static bool attach(struct work *w) {
    struct hats_log_files files = hats_log_folder(w->log_dir);
    struct hats_log_followed followed;
    struct hats_logged logged;
    struct hats_buffer note;
    uint8_t entry[32];
    uint64_t now = hats_now_ms();
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    hats_sha256(entry, w->receipt.data, w->receipt.len);
    bool ok =
        hats_log_witness(&followed, &note, w->memory, &files, &w->trust, w->witness_key, WITNESS,
                         now, NULL) == HATS_OK &&
        hats_file_write(w->note, 0644, note.data, note.len, NULL) == HATS_OK &&
        hats_log_writer_update(w->writer, now / 1000, NULL) == HATS_OK &&
        hats_log_writer_evidence(w->writer, &logged, entry, NULL) == HATS_OK &&
        hats_logged_attach(&w->logged, w->receipt.data, w->receipt.len, &logged, NULL) == HATS_OK;
    hats_buffer_clear(&note);
    return ok;
}

static void check(void *arg) {
    struct work *w = arg;
    struct hats_log_policy policy = {.logged = true, .witnesses = 1};
    if (hats_receipt_verify_under(&w->report, w->logged.data, w->logged.len, &w->trust, &policy,
                                  hats_now_ms(), NULL) != HATS_OK)
        atomic_fetch_add(&w->failed, 1);
}

/* ---- around ---- */

static bool trust(struct work *w, const struct hats_sign_key *key, const char *name,
                  unsigned role) {
    struct hats_trust_key entry;
    hats_trust_key_of(&entry, key, name, role, 1);
    return hats_trust_add(&w->trust, &entry, NULL) == HATS_OK;
}

static bool make_receipt(struct work *w) {
    struct hats_receipt r = {.kind = HATS_RECEIPT_SESSION,
                             .suite = HATS_RECEIPT_SUITE_1,
                             .has_owner = true,
                             .accepted_ms = hats_now_ms(),
                             .done_ms = hats_now_ms(),
                             .tls_group = "X25519MLKEM768",
                             .tls_signature = "mldsa65",
                             .server_auth = HATS_AUTH_PQ};
    return hats_receipt_sign(&w->receipt, &r, w->signer, "bench", NULL) == HATS_OK;
}

static bool make_keys(struct work *w) {
    return hats_mldsa_generate(&w->signer, HATS_MLDSA_65, NULL) == HATS_OK &&
           hats_mldsa_generate(&w->log_key, HATS_MLDSA_44, NULL) == HATS_OK &&
           hats_mldsa_generate(&w->witness_key, HATS_MLDSA_44, NULL) == HATS_OK &&
           trust(w, w->signer, "bench", HATS_ROLE_RECEIPT) &&
           trust(w, w->log_key, ORIGIN, HATS_ROLE_LOG) &&
           trust(w, w->witness_key, WITNESS, HATS_ROLE_WITNESS);
}

static bool prepare(struct work *w) {
    struct hats_store_tenant tenant = {.name = "bench", .created_ms = 1};
    struct hats_store_config config;
    snprintf(w->dir, sizeof w->dir, "./hats-bench-log-XXXXXX");
    if (mkdtemp(w->dir) == NULL)
        return false;
    snprintf(w->log_dir, sizeof w->log_dir, "%s/log", w->dir);
    snprintf(w->store_path, sizeof w->store_path, "%s/store.db", w->dir);
    snprintf(w->memory, sizeof w->memory, "%s/state", w->dir);
    snprintf(w->note, sizeof w->note, "%s/witness/w.note", w->log_dir);
    hats_buffer_init(&w->receipt, HATS_RECEIPT_MAX_BYTES);
    hats_buffer_init(&w->logged, HATS_RECEIPT_MAX_BYTES);
    hats_trust_init(&w->trust);
    hats_store_config_init(&config);
    config.path = w->store_path;
    if (!make_keys(w) || !make_receipt(w) || hats_store_open(&w->store, &config, NULL) != HATS_OK ||
        hats_store_tenant_add(w->store, &tenant, NULL) != HATS_OK)
        return false;
    w->tenant = tenant.id;
    struct hats_log_writer_config log = {.dir = w->log_dir,
                                         .origin = ORIGIN,
                                         .key = w->log_key,
                                         .trust = &w->trust,
                                         .store = w->store};
    return hats_log_writer_open(&w->writer, &log, hats_now_ms() / 1000, NULL) == HATS_OK;
}

static void clear(struct work *w) {
    char command[96];
    hats_log_writer_close(w->writer);
    hats_store_close(w->store);
    hats_trust_clear(&w->trust);
    hats_buffer_clear(&w->receipt);
    hats_buffer_clear(&w->logged);
    hats_mldsa_free(w->signer);
    hats_mldsa_free(w->log_key);
    hats_mldsa_free(w->witness_key);
    snprintf(command, sizeof command, "rm -rf %s", w->dir);
    if (system(command) != 0)
        fprintf(stderr, "log: %s is left behind\n", w->dir);
}

int main(int argc, char **argv) {
    static struct work w;
    struct bench b;
    if (!bench_open(&b, argc, argv, "log"))
        return 2;
    if (!prepare(&w))
        return 5;
    w.n = b.quick ? N_QUICK : N_FULL;
    bench_value(
        &b,
        &(struct bench_figure){
            .name = "log.append.durable", .unit = "1/s", .threads = N_THREADS, .wall = true},
        append_all(&w));
    if (!attach(&w))
        atomic_fetch_add(&w.failed, 1);
    bench_value(&b, &(struct bench_figure){.name = "receipt.logged.bytes", .unit = "bytes"},
                (double)w.logged.len);
    bench_run(&b, &(struct bench_figure){.name = "receipt.logged.check", .unit = "us"}, check, &w);
    clear(&w);
    if (atomic_load(&w.failed) != 0) {
        fprintf(stderr, "log: an operation failed\n");
        return 1;
    }
    return bench_close(&b);
}
