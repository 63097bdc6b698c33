#include "store/internal.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <assert.h>
#include <stdio.h>

#define APPLICATION_ID 0x48415453 /* "HATS", at byte 68 of the file [SQLite file format, 1.3] */

hats_status hats_store_conn_fail(const struct conn *c, int rc, struct hats_error *err) {
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return hats_fail(err, HATS_E_IO,
                         "the store is full: free disk space, or raise its limit in the "
                         "configuration; nothing of this was stored");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return hats_fail(err, HATS_E_IO,
                         "the store cannot be written: file or folder is read-only");
    case SQLITE_CANTOPEN:
        return hats_fail(err, HATS_E_IO,
                         "the store cannot be opened: folder missing or no permission");
    case SQLITE_CORRUPT:
        return hats_fail(err, HATS_E_IO,
                         "the store is damaged (%s): stop, and restore it from a copy",
                         sqlite3_errstr(rc));
    case SQLITE_NOTADB:
        return hats_fail(err, HATS_E_MALFORMED, "the file is not a store of this program");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return hats_fail(err, HATS_E_BUSY, "the store is locked by another process; try again");
    case SQLITE_NOMEM: return hats_fail(err, HATS_E_MEMORY, "the store has no memory");
    default:
        return hats_fail(err, HATS_E_IO, "the store failed: %s (%d)",
                         c->db != NULL ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc), rc);
    }
}

hats_status hats_store_conn_do(struct conn *c, enum sql id, struct hats_error *err) {
    struct query q = query_of(c, id);
    while (query_row(&q))
        ;
    return query_end(&q, err);
}

/* ---- opening ---- */

static hats_status exec(struct conn *c, const char *sql, struct hats_error *err) {
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? HATS_OK : hats_store_conn_fail(c, rc, err);
}

/* The first column of the first row as an integer; 0 when there is no row. */
static hats_status ask(struct conn *c, int64_t *out, const char *sql, struct hats_error *err) {
    sqlite3_stmt *stmt = NULL;
    *out = 0;
    int rc = sqlite3_prepare_v2(c->db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
            *out = sqlite3_column_int64(stmt, 0);
        rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    hats_status s = rc == SQLITE_OK ? HATS_OK : hats_store_conn_fail(c, rc, err);
    sqlite3_finalize(stmt);
    return s;
}

/* Inside a transaction: is it ours, of which schema, and what is missing? */
static hats_status migrate(struct conn *c, struct hats_error *err) {
    int64_t tables, application, schema = 0;
    hats_status s = ask(c, &tables, "SELECT count(*) FROM sqlite_schema", err);
    if (s == HATS_OK)
        s = ask(c, &application, "PRAGMA application_id", err);
    if (s != HATS_OK)
        return s;
    if (tables != 0 && application != APPLICATION_ID)
        return hats_fail(err, HATS_E_MALFORMED,
                         "the file is a database of another program, not a store of this one");
    if (tables != 0)
        s = ask(c, &schema, "SELECT value FROM meta WHERE key = 'schema'", err);
    if (s != HATS_OK)
        return s;
    if (schema > HATS_STORE_SCHEMA_VERSION)
        return hats_fail(err, HATS_E_VERSION,
                         "the store has schema %lld, this program knows up to %d: use the newer "
                         "program",
                         (long long)schema, HATS_STORE_SCHEMA_VERSION);
    if (schema < 0 || (tables != 0 && schema == 0))
        return hats_fail(err, HATS_E_MALFORMED, "the store does not say its schema");
    for (int64_t v = schema; s == HATS_OK && v < HATS_STORE_SCHEMA_VERSION; v++)
        s = exec(c, hats_store_migrations[v], err);
    if (s == HATS_OK && tables == 0) {
        char pragma[64];
        snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d", APPLICATION_ID);
        s = exec(c, pragma, err);
    }
    return s;
}

static hats_status prepare_file(struct conn *c, const struct hats_store_config *config,
                                struct hats_error *err) {
    int64_t page_bytes;
    hats_status s = exec(c, "PRAGMA journal_mode = WAL", err);
    if (s == HATS_OK)
        s = ask(c, &page_bytes, "PRAGMA page_size", err);
    if (s == HATS_OK && config->max_bytes != 0) {
        char pragma[64];
        uint64_t pages = config->max_bytes / (uint64_t)page_bytes;
        snprintf(pragma, sizeof pragma, "PRAGMA max_page_count = %llu",
                 (unsigned long long)(pages < 16 ? 16 : pages));
        s = exec(c, pragma, err);
    }
    if (s == HATS_OK)
        s = exec(c, "BEGIN IMMEDIATE", err);
    if (s != HATS_OK)
        return s;
    s = migrate(c, err);
    if (s == HATS_OK)
        s = exec(c, "COMMIT", err);
    if (s != HATS_OK)
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return s;
}

hats_status hats_store_conn_open(struct conn *c, const struct hats_store_config *config,
                                 bool writer, struct hats_error *err) {
    *c = (struct conn){0};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(config->path, &c->db, flags, NULL);
    if (rc != SQLITE_OK) {
        hats_status s = hats_store_conn_fail(c, rc, err);
        hats_store_conn_close(c);
        return s;
    }
    sqlite3_busy_timeout(c->db, (int)config->busy_timeout_ms);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    hats_status s = exec(c,
                         "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                         "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;",
                         err);
    if (s == HATS_OK)
        s = writer ? prepare_file(c, config, err) : exec(c, "PRAGMA query_only = ON", err);
    if (s != HATS_OK)
        hats_store_conn_close(c);
    return s;
}

void hats_store_conn_close(struct conn *c) {
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(c->stmts[i]);
    sqlite3_close(c->db);
    *c = (struct conn){0};
}

/* ---- statements ---- */

struct query query_of(struct conn *c, enum sql id) {
    struct query q = {.c = c, .rc = SQLITE_OK};
    if (c->stmts[id] == NULL)
        q.rc = sqlite3_prepare_v3(c->db, hats_store_sql[id], -1, SQLITE_PREPARE_PERSISTENT,
                                  &c->stmts[id], NULL);
    q.stmt = c->stmts[id];
    return q;
}

static void note(struct query *q, int rc) {
    if (q->rc == SQLITE_OK && rc != SQLITE_OK)
        q->rc = rc;
}

void bind_i64(struct query *q, int64_t v) {
    if (q->rc == SQLITE_OK)
        note(q, sqlite3_bind_int64(q->stmt, ++q->bound, v));
}

void bind_u64(struct query *q, uint64_t v) {
    assert(v <= INT64_MAX);
    bind_i64(q, (int64_t)v);
}

void bind_blob(struct query *q, const void *p, size_t len_bytes) {
    if (q->rc == SQLITE_OK)
        note(q, sqlite3_bind_blob64(q->stmt, ++q->bound, len_bytes != 0 ? p : "", len_bytes,
                                    SQLITE_STATIC));
}

void bind_text(struct query *q, const char *text) {
    if (q->rc == SQLITE_OK)
        note(q, sqlite3_bind_text(q->stmt, ++q->bound, text, -1, SQLITE_STATIC));
}

void bind_null(struct query *q) {
    if (q->rc == SQLITE_OK)
        note(q, sqlite3_bind_null(q->stmt, ++q->bound));
}

bool query_row(struct query *q) {
    if (q->rc != SQLITE_OK)
        return false;
    q->column = 0;
    int rc = sqlite3_step(q->stmt);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        q->rc = rc;
    return false;
}

int64_t column_i64(struct query *q) { return sqlite3_column_int64(q->stmt, q->column++); }

uint64_t column_u64(struct query *q) { return (uint64_t)column_i64(q); }

void column_blob(struct query *q, void *out, size_t len_bytes, bool may_be_null) {
    int at = q->column++;
    memset(out, 0, len_bytes);
    if (may_be_null && sqlite3_column_type(q->stmt, at) == SQLITE_NULL)
        return;
    const void *p = sqlite3_column_blob(q->stmt, at);
    if (p == NULL || (size_t)sqlite3_column_bytes(q->stmt, at) != len_bytes)
        note(q, SQLITE_CORRUPT);
    else
        memcpy(out, p, len_bytes);
}

void column_copy(struct query *q, uint8_t **out, size_t *len_bytes) {
    int at = q->column++;
    *out = NULL;
    *len_bytes = 0;
    const void *p = sqlite3_column_blob(q->stmt, at);
    size_t n = (size_t)sqlite3_column_bytes(q->stmt, at);
    if (p == NULL || n == 0)
        return;
    *out = hats_alloc(n);
    if (*out == NULL) {
        note(q, SQLITE_NOMEM);
        return;
    }
    memcpy(*out, p, n);
    *len_bytes = n;
}

void column_text(struct query *q, char *out, size_t cap_bytes) {
    const unsigned char *text = sqlite3_column_text(q->stmt, q->column++);
    if (text == NULL || strlen((const char *)text) >= cap_bytes) {
        out[0] = '\0';
        note(q, SQLITE_CORRUPT);
        return;
    }
    memcpy(out, text, strlen((const char *)text) + 1);
}

int query_changes(const struct query *q) { return sqlite3_changes(q->c->db); }

hats_status query_end(struct query *q, struct hats_error *err) {
    hats_status s = q->rc == SQLITE_OK ? HATS_OK : hats_store_conn_fail(q->c, q->rc, err);
    if (q->stmt != NULL) {
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
    }
    return s;
}
