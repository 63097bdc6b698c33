#include "server/transparency.h"

#include "base/arena.h"
#include "base/random.h"
#include "evidence/receipt.h"
#include "evidence/tile.h"
#include "log/writer.h"
#include "server/service.h"

#include <errno.h>
#include <string.h>
#include <time.h>

struct hats_server_log {
    char dir[HATS_PATH_MAX];
    struct hats_sign_key *key;
    struct hats_trust trust; /* the served key set: witnesses are those in it */
    struct hats_log_writer *writer;
    uint64_t interval_ms;
    bool failing; /* said once, until it works again */

    pthread_t thread;
    bool runs;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

static void update(struct hats_server_log *log) {
    struct hats_error err = {0};
    bool failed = hats_log_writer_update(log->writer, hats_now_ms() / 1000, &err) != HATS_OK;
    if (failed && !log->failing)
        hats_server_log("error", "log-behind", "reason", err.text);
    log->failing = failed;
}

static void *run(void *arg) {
    struct hats_server_log *log = arg;
    pthread_mutex_lock(&log->lock);
    while (!log->stop) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        uint64_t ns = (uint64_t)until.tv_nsec + log->interval_ms * 1000000;
        until.tv_sec += (time_t)(ns / 1000000000);
        until.tv_nsec = (long)(ns % 1000000000);
        if (pthread_cond_timedwait(&log->wake, &log->lock, &until) != ETIMEDOUT)
            continue;
        pthread_mutex_unlock(&log->lock);
        update(log);
        pthread_mutex_lock(&log->lock);
    }
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

/* A log whose key nobody can know proves nothing to anybody. */
static hats_status check_key(const struct hats_server_log *log, const char *name,
                             struct hats_error *err) {
    uint8_t kid[HATS_THUMBPRINT_LEN];
    hats_cose_thumbprint_of(kid, log->key);
    const struct hats_trust_key *key = hats_trust_find(&log->trust, kid);
    if (hats_trust_judge(key, HATS_ROLE_LOG, hats_now_ms(), hats_now_ms()) != HATS_SIGNER_TRUSTED ||
        strcmp(key->name, name) != 0)
        return hats_fail(err, HATS_E_TRUST,
                         "the key set that is served does not hold the log's key as the valid log "
                         "\"%s\"",
                         name);
    return HATS_OK;
}

static hats_status prepare(struct hats_server_log *log, const struct hats_server *s,
                           struct hats_error *err) {
    const struct hats_server_config *c = &s->config;
    char path[HATS_PATH_MAX];
    hats_status status = hats_server_config_path(path, c, c->log_key, err);
    if (status == HATS_OK)
        status = hats_mldsa_load(&log->key, path, err);
    if (status == HATS_OK)
        status = hats_trust_load(&log->trust, s->key_set.data, s->key_set.len, err);
    if (status == HATS_OK)
        status = check_key(log, c->log_name, err);
    if (status == HATS_OK)
        status = hats_server_config_path(log->dir, c, c->log_path, err);
    if (status != HATS_OK)
        return status;
    struct hats_log_writer_config config = {.dir = log->dir,
                                            .origin = c->log_name,
                                            .key = log->key,
                                            .trust = &log->trust,
                                            .store = s->store};
    status = hats_log_writer_open(&log->writer, &config, hats_now_ms() / 1000, err);
    return status == HATS_OK ? status : hats_fail_in(err, status, "log");
}

hats_status hats_server_log_open(struct hats_server_log **out, const struct hats_server *s,
                                 struct hats_error *err) {
    *out = NULL;
    if (s->config.log_key[0] == '\0')
        return HATS_OK;
    struct hats_server_log *log = hats_alloc(sizeof *log);
    if (log == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the log");
    hats_trust_init(&log->trust);
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->wake, NULL);
    log->interval_ms = s->config.log_interval_ms;
    hats_status status = prepare(log, s, err);
    if (status == HATS_OK)
        *out = log;
    else
        hats_server_log_close(log);
    return status;
}

hats_status hats_server_log_start(struct hats_server_log *log, struct hats_error *err) {
    log->runs = pthread_create(&log->thread, NULL, run, log) == 0;
    return log->runs ? HATS_OK : hats_fail(err, HATS_E_MEMORY, "no thread to be had");
}

void hats_server_log_close(struct hats_server_log *log) {
    if (log == NULL)
        return;
    if (log->runs) {
        pthread_mutex_lock(&log->lock);
        log->stop = true;
        pthread_cond_signal(&log->wake);
        pthread_mutex_unlock(&log->lock);
        pthread_join(log->thread, NULL);
        update(log);
    }
    hats_log_writer_close(log->writer);
    hats_trust_clear(&log->trust);
    hats_mldsa_free(log->key);
    pthread_cond_destroy(&log->wake);
    pthread_mutex_destroy(&log->lock);
    hats_free(log);
}

void hats_server_log_attach(struct hats_server_log *log, struct hats_buffer *out,
                            const uint8_t *receipt, size_t receipt_len) {
    uint8_t entry[HATS_ENTRY_LEN];
    struct hats_logged logged;
    hats_sha256(entry, receipt, receipt_len);
    if (log != NULL && hats_log_writer_evidence(log->writer, &logged, entry, NULL) == HATS_OK &&
        hats_logged_attach(out, receipt, receipt_len, &logged, NULL) == HATS_OK)
        return;
    out->len = 0;
    hats_buffer_append(out, receipt, receipt_len);
}

bool hats_server_log_read(struct hats_server_log *log, struct hats_buffer *out, const char *file) {
    struct hats_tile tile;
    char path[HATS_PATH_MAX];
    return log != NULL && (strcmp(file, "checkpoint") == 0 || hats_tile_parse(&tile, file)) &&
           hats_path_join(path, log->dir, file) == HATS_OK &&
           hats_file_read(out, path, NULL) == HATS_OK;
}
