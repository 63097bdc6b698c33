#include "store/internal.h"

#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void hats_store_config_init(struct hats_store_config *config) {
    *config = (struct hats_store_config){
        .busy_timeout_ms = 5000,
        .queue_cap = 1024,
        .max_batch = 256,
        .n_readers = 4,
    };
}

/* SQLite would create with the process's umask, and gives -wal and -shm the mode of the file. */
static hats_status make_private_file(const char *path, struct hats_error *err) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return hats_fail(err, HATS_E_IO, "%s cannot be opened for writing: %s", path,
                         strerror(errno));
    close(fd);
    return HATS_OK;
}

static hats_status open_readers(struct hats_store *s, struct hats_error *err) {
    s->readers = hats_alloc_array(s->config.n_readers, sizeof s->readers[0]);
    s->free_readers = hats_alloc_array(s->config.n_readers, sizeof s->free_readers[0]);
    if (s->readers == NULL || s->free_readers == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the store's connections");
    while (s->n_open < s->config.n_readers) {
        hats_status st = hats_store_conn_open(&s->readers[s->n_open], &s->config, false, err);
        if (st != HATS_OK)
            return st;
        s->free_readers[s->n_free++] = &s->readers[s->n_open++];
    }
    return HATS_OK;
}

hats_status hats_store_open(struct hats_store **out, const struct hats_store_config *config,
                            struct hats_error *err) {
    assert(config->path != NULL && config->max_batch >= 1 && config->queue_cap >= 1 &&
           config->n_readers >= 1);
    *out = NULL;
    hats_status status = make_private_file(config->path, err);
    if (status != HATS_OK)
        return status;
    struct hats_store *s = hats_alloc(sizeof *s);
    if (s == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the store");
    s->config = *config;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    pthread_mutex_init(&s->reader_lock, NULL);
    pthread_cond_init(&s->reader_free, NULL);
    atomic_store(&s->healthy, true);
    s->config.path = s->path = hats_strdup(config->path);
    status = s->path != NULL ? HATS_OK : hats_fail(err, HATS_E_MEMORY, "no memory for the store");
    if (status == HATS_OK)
        status = hats_store_conn_open(&s->writer, &s->config, true, err);
    if (status == HATS_OK)
        status = open_readers(s, err);
    if (status == HATS_OK)
        status = hats_store_writer_start(s, err);
    if (status == HATS_OK)
        *out = s;
    else
        hats_store_close(s);
    return status;
}

void hats_store_close(struct hats_store *s) {
    if (s == NULL)
        return;
    hats_store_writer_stop(s);
    for (unsigned i = 0; i < s->n_open; i++)
        hats_store_conn_close(&s->readers[i]);
    hats_store_conn_close(&s->writer);
    hats_free(s->readers);
    hats_free(s->free_readers);
    hats_free(s->path);
    pthread_cond_destroy(&s->reader_free);
    pthread_mutex_destroy(&s->reader_lock);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    hats_free(s);
}

bool hats_store_healthy(const struct hats_store *s) { return atomic_load(&s->healthy); }

void hats_store_counters(const struct hats_store *s, struct hats_store_counters *out) {
    out->writes = atomic_load(&s->writes);
    out->transactions = atomic_load(&s->transactions);
    out->failures = atomic_load(&s->failures);
}

struct conn *hats_store_reader_take(struct hats_store *s) {
    pthread_mutex_lock(&s->reader_lock);
    while (s->n_free == 0)
        pthread_cond_wait(&s->reader_free, &s->reader_lock);
    struct conn *c = s->free_readers[--s->n_free];
    pthread_mutex_unlock(&s->reader_lock);
    return c;
}

void hats_store_reader_give(struct hats_store *s, struct conn *c) {
    pthread_mutex_lock(&s->reader_lock);
    s->free_readers[s->n_free++] = c;
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->reader_lock);
}
