/* What the files of this folder share: connections, prepared statements, the writer's queue. */
#ifndef HATS_STORE_INTERNAL_H
#define HATS_STORE_INTERNAL_H

#include "store/store.h"

#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>

/* Every statement of the store, prepared once a connection; texts in sql.c. */
enum sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_RELEASE,
    SQL_ROLLBACK_TO,
    SQL_TENANT_ADD,
    SQL_TENANT_DISABLE,
    SQL_TENANT_LIST,
    SQL_TENANT_ENABLED,
    SQL_KEY_ADD,
    SQL_KEY_GET,
    SQL_KEY_GET_SHORT,
    SQL_KEY_LIVE,
    SQL_KEY_REVOKE,
    SQL_KEY_LIST,
    SQL_CALL_ADD,
    SQL_CALL_ROW,
    SQL_CALL_TAKE,
    SQL_CALL_RELEASE,
    SQL_CALL_RENEW,
    SQL_CALL_INDICES,
    SQL_CALL_SEAL,
    SQL_CALL_GET,
    SQL_CALL_GET_SHORT,
    SQL_OUTPUT_ADD,
    SQL_OUTPUT_EXPIRE,
    SQL_RECEIPT_ADD,
    SQL_RECEIPT_GET,
    SQL_LOG_ADD,
    SQL_LOG_SIZE,
    SQL_LOG_READ,
    SQL_LOG_INDEX,
    SQL_SECRET_ADD,
    SQL_SECRET_GET,
    SQL_NONCE_ADD,
    SQL_NONCE_EXPIRE,
    SQL_SESSION_ADD,
    SQL_SESSION_SUPERSEDE,
    SQL_SESSION_GET,
    SQL_SESSION_END,
    SQL_SESSION_CLOSE,
    SQL_MODEL_SERVED,
    SQL_MODEL_LIST,
    SQL_COUNT
};
extern const char *const hats_store_sql[SQL_COUNT];
/* hats_store_migrations[v] makes schema v + 1 of schema v; schema 0 is the empty file. */
extern const char *const hats_store_migrations[HATS_STORE_SCHEMA_VERSION];

/* One database connection; used by one thread at a time. */
struct conn {
    sqlite3 *db;
    sqlite3_stmt *stmts[SQL_COUNT];
};
HATS_MUST_USE hats_status hats_store_conn_open(struct conn *c,
                                               const struct hats_store_config *config, bool writer,
                                               struct hats_error *err);
void hats_store_conn_close(struct conn *c);
/* The status of an SQLite result code, with a sentence. */
hats_status hats_store_conn_fail(const struct conn *c, int rc, struct hats_error *err);
/* Runs a statement that takes nothing and returns nothing. */
HATS_MUST_USE hats_status hats_store_conn_do(struct conn *c, enum sql id, struct hats_error *err);

/* One use of a prepared statement: bind in order, step, read columns in order, end.
 *
 *     struct query q = query_of(c, SQL_KEY_GET);
 *     bind_blob(&q, kid, 32);
 *     if (query_row(&q)) { column_blob(&q, out->owner, 32); ... }
 *     return query_end(&q, err);
 */
struct query {
    struct conn *c;
    sqlite3_stmt *stmt;
    int rc;
    int bound, column;
};
struct query query_of(struct conn *c, enum sql id);
void bind_i64(struct query *q, int64_t v);
void bind_u64(struct query *q, uint64_t v);                       /* below 2^63 */
void bind_blob(struct query *q, const void *p, size_t len_bytes); /* borrowed until query_end */
void bind_text(struct query *q, const char *text);
void bind_null(struct query *q);
/* Steps; true while there is a row. */
bool query_row(struct query *q);
int64_t column_i64(struct query *q);
uint64_t column_u64(struct query *q); /* NULL reads as 0 */
/* Exactly len bytes, else the query fails as corrupt. NULL reads as zeros when may_be_null. */
void column_blob(struct query *q, void *out, size_t len_bytes, bool may_be_null);
/* A copy (hats_alloc); *out = NULL for NULL. */
void column_copy(struct query *q, uint8_t **out, size_t *len_bytes);
void column_text(struct query *q, char *out, size_t cap_bytes);
/* Rows changed by the last step. */
int query_changes(const struct query *q);
/* Resets the statement; HATS_OK when nothing failed. */
HATS_MUST_USE hats_status query_end(struct query *q, struct hats_error *err);

/* A write: runs in the writer thread, inside a transaction, and must not keep effects when it fails. */
typedef hats_status write_fn(struct conn *c, void *arg, struct hats_error *err);

struct op {
    write_fn *run;
    void *arg;
    hats_status status;
    struct hats_error *err; /* the caller's, may be NULL */
    sem_t done;
    struct op *next;
};

struct hats_store {
    struct hats_store_config config;
    char *path;

    struct conn writer;
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t lock; /* of the queue */
    pthread_cond_t wake;
    struct op *first, *last;
    unsigned queued;
    bool stop;
    struct op **batch; /* config.max_batch */
    atomic_bool healthy;
    atomic_uint_fast64_t writes, transactions, failures;

    pthread_mutex_t reader_lock;
    pthread_cond_t reader_free;
    struct conn *readers;       /* config.n_readers */
    struct conn **free_readers; /* a stack */
    unsigned n_free;
    unsigned n_open;
};

HATS_MUST_USE hats_status hats_store_writer_start(struct hats_store *s, struct hats_error *err);
void hats_store_writer_stop(struct hats_store *s);
/* Queues, waits for the commit. */
HATS_MUST_USE hats_status hats_store_write(struct hats_store *s, write_fn *run, void *arg,
                                           struct hats_error *err);

/* Inside a write: marks a nonce as used. *fresh = false: it was used before. */
HATS_MUST_USE hats_status hats_store_spend(struct conn *c, bool *fresh,
                                           const struct hats_store_nonce *nonce,
                                           struct hats_error *err);
/* Inside a write: a live session of this tenant takes another state. */
HATS_MUST_USE hats_status hats_store_end_session(struct conn *c, int64_t tenant,
                                                 const uint8_t sid[32],
                                                 enum hats_store_session_state state,
                                                 uint64_t now_ms, struct hats_error *err);
/* Inside a write: a signed file of a tenant, and its place in the log. */
HATS_MUST_USE hats_status hats_store_add_receipt(struct conn *c, int64_t tenant,
                                                 const uint8_t id[32], const uint8_t *bytes,
                                                 size_t len_bytes, struct hats_error *err);

struct conn *hats_store_reader_take(struct hats_store *s);
void hats_store_reader_give(struct hats_store *s, struct conn *c);

#endif
