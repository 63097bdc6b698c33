/* The service's secret, spent nonces, and sessions from opening to end. */
#include "store/internal.h"

#include "base/bytes.h"

#include <assert.h>

/* ---- secret ---- */

struct secret {
    uint8_t *out;
    const uint8_t *fresh;
};

static hats_status secret(struct conn *c, void *arg, struct hats_error *err) {
    const struct secret *a = arg;
    struct query q = query_of(c, SQL_SECRET_ADD);
    bind_blob(&q, a->fresh, 32);
    (void)query_row(&q);
    hats_status s = query_end(&q, err);
    if (s != HATS_OK)
        return s;
    q = query_of(c, SQL_SECRET_GET);
    if (query_row(&q))
        column_blob(&q, a->out, 32, false);
    return query_end(&q, err);
}

hats_status hats_store_secret(struct hats_store *s, uint8_t out[32], const uint8_t fresh[32],
                              struct hats_error *err) {
    struct secret a = {.out = out, .fresh = fresh};
    hats_status status = hats_store_write(s, secret, &a, err);
    if (status != HATS_OK)
        hats_wipe(out, 32);
    return status;
}

/* ---- nonces ---- */

hats_status hats_store_spend(struct conn *c, bool *fresh, const struct hats_store_nonce *nonce,
                             struct hats_error *err) {
    struct query q = query_of(c, SQL_NONCE_ADD);
    bind_blob(&q, nonce->bytes, 32);
    bind_u64(&q, nonce->keep_until_ms);
    (void)query_row(&q);
    *fresh = q.rc == SQLITE_OK && query_changes(&q) == 1;
    return query_end(&q, err);
}

struct expire {
    uint64_t now_ms;
    size_t limit, dropped;
};

static hats_status expire(struct conn *c, void *arg, struct hats_error *err) {
    struct expire *e = arg;
    struct query q = query_of(c, SQL_NONCE_EXPIRE);
    bind_u64(&q, e->now_ms);
    bind_u64(&q, e->limit);
    (void)query_row(&q);
    e->dropped = q.rc == SQLITE_OK ? (size_t)query_changes(&q) : 0;
    return query_end(&q, err);
}

hats_status hats_store_expire_nonces(struct hats_store *s, size_t *dropped, uint64_t now_ms,
                                     size_t limit, struct hats_error *err) {
    struct expire e = {.now_ms = now_ms, .limit = limit};
    hats_status status = hats_store_write(s, expire, &e, err);
    *dropped = status == HATS_OK ? e.dropped : 0;
    return status;
}

/* ---- reading ---- */

static hats_status get(struct conn *c, struct hats_store_session *out, bool *found,
                       const uint8_t sid[32], struct hats_error *err) {
    struct query q = query_of(c, SQL_SESSION_GET);
    bind_blob(&q, sid, 32);
    *out = (struct hats_store_session){0};
    *found = query_row(&q);
    if (*found) {
        static const uint8_t none[32];
        column_blob(&q, out->sid, 32, false);
        out->tenant = column_i64(&q);
        out->kind = (unsigned)column_i64(&q);
        column_blob(&q, out->block, sizeof out->block, false);
        column_blob(&q, out->nf, 32, true);
        column_blob(&q, out->owner, 32, false);
        out->calls = (uint32_t)column_i64(&q);
        out->opened_ms = column_u64(&q);
        out->not_after_ms = column_u64(&q);
        column_blob(&q, out->receipt_id, 32, false);
        out->state = (enum hats_store_session_state)column_i64(&q);
        out->ended_ms = column_u64(&q);
        column_blob(&q, out->close_digest, 32, true);
        column_blob(&q, out->close_receipt_id, 32, true);
        out->has_nf = memcmp(out->nf, none, 32) != 0;
        out->has_close = memcmp(out->close_receipt_id, none, 32) != 0;
    }
    hats_status s = query_end(&q, err);
    if (s != HATS_OK)
        *out = (struct hats_store_session){0};
    return s;
}

hats_status hats_store_session_get(struct hats_store *s, struct hats_store_session *out,
                                   const uint8_t sid[32], struct hats_error *err) {
    bool found;
    struct conn *c = hats_store_reader_take(s);
    hats_status status = get(c, out, &found, sid, err);
    hats_store_reader_give(s, c);
    if (status == HATS_OK && !found)
        return hats_fail(err, HATS_E_NOT_FOUND, "the store has no such session");
    return status;
}

/* ---- opening ---- */

struct open {
    const struct hats_store_open *in;
    enum hats_store_opened how;
};

static hats_status supersede(struct conn *c, const struct hats_store_session *row,
                             struct hats_error *err) {
    if (!row->has_nf)
        return HATS_OK;
    struct query q = query_of(c, SQL_SESSION_SUPERSEDE);
    bind_u64(&q, row->opened_ms);
    bind_blob(&q, row->nf, 32);
    (void)query_row(&q);
    return query_end(&q, err);
}

static hats_status insert(struct conn *c, const struct hats_store_session *row,
                          struct hats_error *err) {
    struct query q = query_of(c, SQL_SESSION_ADD);
    bind_blob(&q, row->sid, 32);
    bind_i64(&q, row->tenant);
    bind_i64(&q, row->kind);
    bind_blob(&q, row->block, sizeof row->block);
    if (row->has_nf)
        bind_blob(&q, row->nf, 32);
    else
        bind_null(&q);
    bind_blob(&q, row->owner, 32);
    bind_i64(&q, row->calls);
    bind_u64(&q, row->opened_ms);
    bind_u64(&q, row->not_after_ms);
    bind_blob(&q, row->receipt_id, 32);
    (void)query_row(&q);
    return query_end(&q, err);
}

static hats_status open_session(struct conn *c, void *arg, struct hats_error *err) {
    struct open *o = arg;
    const struct hats_store_session *row = &o->in->session;
    struct hats_store_session before;
    bool found = false, fresh = false;
    struct query q = query_of(c, SQL_TENANT_ENABLED);
    bind_i64(&q, row->tenant);
    bool enabled = query_row(&q);
    hats_status s = query_end(&q, err);
    if (s == HATS_OK)
        s = get(c, &before, &found, row->sid, err);
    if (s != HATS_OK)
        return s;
    if (!enabled || found) {
        o->how = !enabled                       ? HATS_STORE_OPEN_TENANT_GONE
                 : before.tenant == row->tenant ? HATS_STORE_OPENED_BEFORE
                                                : HATS_STORE_OPEN_NONCE_SPENT;
        return HATS_OK;
    }
    s = hats_store_spend(c, &fresh, &o->in->nonce, err);
    if (s != HATS_OK || !fresh) {
        o->how = HATS_STORE_OPEN_NONCE_SPENT;
        return s;
    }
    s = hats_store_add_receipt(c, row->tenant, row->receipt_id, o->in->receipt, o->in->receipt_len,
                               err);
    if (s == HATS_OK)
        s = supersede(c, row, err);
    if (s == HATS_OK)
        s = insert(c, row, err);
    o->how = HATS_STORE_OPENED;
    return s;
}

hats_status hats_store_session_open(struct hats_store *s, enum hats_store_opened *how,
                                    const struct hats_store_open *open, struct hats_error *err) {
    assert(open->receipt_len != 0);
    struct open o = {.in = open};
    hats_status status = hats_store_write(s, open_session, &o, err);
    *how = o.how;
    return status;
}

/* ---- ending ---- */

hats_status hats_store_end_session(struct conn *c, int64_t tenant, const uint8_t sid[32],
                                   enum hats_store_session_state state, uint64_t now_ms,
                                   struct hats_error *err) {
    struct query q = query_of(c, SQL_SESSION_END);
    bind_i64(&q, state);
    bind_u64(&q, now_ms);
    bind_blob(&q, sid, 32);
    bind_i64(&q, tenant);
    (void)query_row(&q);
    return query_end(&q, err);
}

struct end {
    int64_t tenant;
    const uint8_t *sid;
    enum hats_store_session_state state;
    uint64_t now_ms;
};

static hats_status end(struct conn *c, void *arg, struct hats_error *err) {
    const struct end *e = arg;
    return hats_store_end_session(c, e->tenant, e->sid, e->state, e->now_ms, err);
}

hats_status hats_store_session_end(struct hats_store *s, int64_t tenant, const uint8_t sid[32],
                                   enum hats_store_session_state state, uint64_t now_ms,
                                   struct hats_error *err) {
    struct end e = {.tenant = tenant, .sid = sid, .state = state, .now_ms = now_ms};
    assert(state > HATS_STORE_SESSION_LIVE && state <= HATS_STORE_SESSION_REVOKED);
    return hats_store_write(s, end, &e, err);
}

struct close {
    const struct hats_store_close *in;
    enum hats_store_closed how;
};

/* The calls of the session against the bitmap. */
static hats_status compare(struct conn *c, struct close *close, struct hats_error *err) {
    const struct hats_store_close *in = close->in;
    struct query q = query_of(c, SQL_CALL_INDICES);
    bind_i64(&q, in->tenant);
    bind_blob(&q, in->sid, 32);
    close->how = HATS_STORE_CLOSED;
    while (query_row(&q)) {
        uint64_t i = column_u64(&q);
        if (i == in->i)
            close->how = HATS_STORE_CLOSE_REUSED;
        else if (close->how == HATS_STORE_CLOSED &&
                 (i / 8 >= in->used_len || (in->used[i / 8] >> (i % 8) & 1) == 0))
            close->how = HATS_STORE_CLOSE_LEFT_OUT;
    }
    return query_end(&q, err);
}

static hats_status mark_closed(struct conn *c, const struct hats_store_close *in,
                               struct hats_error *err) {
    hats_status s =
        hats_store_add_receipt(c, in->tenant, in->receipt_id, in->receipt, in->receipt_len, err);
    if (s != HATS_OK)
        return s;
    struct query q = query_of(c, SQL_SESSION_CLOSE);
    bind_u64(&q, in->now_ms);
    bind_blob(&q, in->request_digest, 32);
    bind_blob(&q, in->receipt_id, 32);
    bind_blob(&q, in->sid, 32);
    (void)query_row(&q);
    return query_end(&q, err);
}

static hats_status close_session(struct conn *c, void *arg, struct hats_error *err) {
    struct close *close = arg;
    const struct hats_store_close *in = close->in;
    struct hats_store_session row;
    bool found = false;
    hats_status s = get(c, &row, &found, in->sid, err);
    if (s != HATS_OK)
        return s;
    bool ours = found && row.tenant == in->tenant;
    if (ours && row.has_close && memcmp(row.close_digest, in->request_digest, 32) == 0) {
        close->how = HATS_STORE_CLOSED_BEFORE;
        return HATS_OK;
    }
    if (!ours || row.state != HATS_STORE_SESSION_LIVE || row.not_after_ms <= in->now_ms ||
        in->i >= row.calls) {
        close->how = HATS_STORE_CLOSE_NOT_LIVE;
        return HATS_OK;
    }
    s = compare(c, close, err);
    if (s == HATS_OK && close->how == HATS_STORE_CLOSE_REUSED)
        s = hats_store_end_session(c, in->tenant, in->sid, HATS_STORE_SESSION_BURNT, in->now_ms,
                                   err);
    else if (s == HATS_OK && close->how == HATS_STORE_CLOSED)
        s = mark_closed(c, in, err);
    return s;
}

hats_status hats_store_session_close(struct hats_store *s, enum hats_store_closed *how,
                                     const struct hats_store_close *in, struct hats_error *err) {
    assert(in->receipt_len != 0);
    struct close close = {.in = in, .how = HATS_STORE_CLOSE_NOT_LIVE};
    hats_status status = hats_store_write(s, close_session, &close, err);
    *how = close.how;
    return status;
}
