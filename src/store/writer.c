#include "store/internal.h"

#include "base/arena.h"

#include <errno.h>

/* After a failure that made SQLite roll the transaction back by itself, only the outside is left. */
static bool in_transaction(const struct conn *c) { return sqlite3_get_autocommit(c->db) == 0; }

/* One operation in a savepoint of its own: when it fails, the others of the batch stand. */
static hats_status run_one(struct conn *c, struct op *op) {
    hats_status s = hats_store_conn_do(c, SQL_SAVEPOINT, op->err);
    if (s != HATS_OK)
        return s;
    s = op->run(c, op->arg, op->err);
    if (!in_transaction(c))
        return s;
    if (s != HATS_OK) {
        hats_status undone = hats_store_conn_do(c, SQL_ROLLBACK_TO, NULL);
        if (undone != HATS_OK)
            return undone;
    }
    hats_status released = hats_store_conn_do(c, SQL_RELEASE, s == HATS_OK ? op->err : NULL);
    return s != HATS_OK ? s : released;
}

/* Every caller of a batch that was not committed hears it, also one whose operation only looked: it may
 * have seen a row of an operation before it. */
static void fail_batch(struct hats_store *s, size_t n, hats_status why,
                       const struct hats_error *reason) {
    for (size_t i = 0; i < n; i++) {
        s->batch[i]->status = why;
        if (s->batch[i]->err != NULL)
            *s->batch[i]->err = *reason;
    }
    atomic_fetch_add(&s->failures, n);
}

static void run_batch(struct hats_store *s, size_t n) {
    struct conn *c = &s->writer;
    struct hats_error reason = {0};
    bool disk = true; /* no operation failed for want of one */
    hats_status status = hats_store_conn_do(c, SQL_BEGIN, &reason);
    for (size_t i = 0; status == HATS_OK && i < n; i++) {
        struct op *op = s->batch[i];
        op->status = run_one(c, op);
        disk &= op->status != HATS_E_IO;
        if (!in_transaction(c)) {
            status = op->status != HATS_OK ? op->status : HATS_E_IO;
            if (op->err != NULL && op->err->status != HATS_OK)
                reason = *op->err;
            else
                hats_fail(&reason, status, "the store undid a transaction by itself");
        }
    }
    if (status == HATS_OK)
        status = hats_store_conn_do(c, SQL_COMMIT, &reason);
    if (status != HATS_OK) {
        if (in_transaction(c))
            sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
        fail_batch(s, n, status, &reason);
        atomic_store(&s->healthy, status == HATS_E_BUSY);
        return;
    }
    atomic_store(&s->healthy, disk);
    atomic_fetch_add(&s->transactions, 1);
    atomic_fetch_add(&s->writes, n);
}

static size_t take_batch(struct hats_store *s) {
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    while (s->first == NULL && !s->stop)
        pthread_cond_wait(&s->wake, &s->lock);
    while (s->first != NULL && n < s->config.max_batch) {
        s->batch[n++] = s->first;
        s->first = s->first->next;
        s->queued--;
    }
    if (s->first == NULL)
        s->last = NULL;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static void *writer(void *arg) {
    struct hats_store *s = arg;
    for (;;) {
        size_t n = take_batch(s);
        if (n == 0)
            return NULL;
        run_batch(s, n);
        for (size_t i = 0; i < n; i++)
            sem_post(&s->batch[i]->done); /* the operation is its caller's again */
    }
}

hats_status hats_store_writer_start(struct hats_store *s, struct hats_error *err) {
    s->batch = hats_alloc_array(s->config.max_batch, sizeof s->batch[0]);
    if (s->batch == NULL || pthread_create(&s->thread, NULL, writer, s) != 0)
        return hats_fail(err, HATS_E_MEMORY, "the store's writer could not be started");
    s->thread_runs = true;
    return HATS_OK;
}

void hats_store_writer_stop(struct hats_store *s) {
    if (s->thread_runs) {
        pthread_mutex_lock(&s->lock);
        s->stop = true;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
    }
    hats_free(s->batch);
}

hats_status hats_store_write(struct hats_store *s, write_fn *run, void *arg,
                             struct hats_error *err) {
    struct op op = {.run = run, .arg = arg, .err = err, .status = HATS_E_BUSY};
    sem_init(&op.done, 0, 0);
    pthread_mutex_lock(&s->lock);
    bool queued = s->queued < s->config.queue_cap && !s->stop;
    if (queued) {
        if (s->last != NULL)
            s->last->next = &op;
        else
            s->first = &op;
        s->last = &op;
        s->queued++;
        pthread_cond_signal(&s->wake);
    }
    pthread_mutex_unlock(&s->lock);
    if (queued)
        while (sem_wait(&op.done) != 0 && errno == EINTR)
            ;
    else
        hats_fail(err, HATS_E_BUSY, "the store has %u writes waiting, as many as it may hold",
                  s->config.queue_cap);
    sem_destroy(&op.done);
    return op.status;
}
