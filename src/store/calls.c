/* The exactly-once rules; store.h states them, README.md draws them. */
#include "store/internal.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <assert.h>

static void bind_id(struct query *q, const struct hats_store_call_id *id) {
    bind_i64(q, id->tenant);
    bind_blob(q, id->sid, sizeof id->sid);
    bind_i64(q, id->i);
}

/* The part of a row that decides. */
struct row {
    bool found;
    int64_t id;
    int64_t state;
    uint8_t request_digest[32];
    uint8_t flood_seed[32];
    uint64_t accepted_ms, lease_until_ms;
};

static hats_status read_row(struct conn *c, struct row *row, const struct hats_store_call_id *id,
                            struct hats_error *err) {
    *row = (struct row){0};
    struct query q = query_of(c, SQL_CALL_ROW);
    bind_id(&q, id);
    if (query_row(&q)) {
        row->found = true;
        row->id = column_i64(&q);
        row->state = column_i64(&q);
        column_blob(&q, row->request_digest, 32, false);
        column_blob(&q, row->flood_seed, 32, false);
        row->accepted_ms = column_u64(&q);
        row->lease_until_ms = column_u64(&q);
    }
    return query_end(&q, err);
}

/* ---- accept ---- */

struct accept {
    const struct hats_store_accept *in;
    struct hats_store_accept_result *out;
};

static hats_status insert(struct conn *c, const struct hats_store_accept *a, bool *added,
                          struct hats_error *err) {
    struct query q = query_of(c, SQL_CALL_ADD);
    bind_id(&q, &a->id);
    bind_blob(&q, a->request_digest, 32);
    bind_blob(&q, a->kid, 32);
    bind_blob(&q, a->flood_seed, 32);
    bind_u64(&q, a->now_ms);
    bind_u64(&q, a->now_ms + a->lease_ms);
    bind_text(&q, a->model);
    (void)query_row(&q);
    *added = q.rc == SQLITE_OK && query_changes(&q) == 1;
    return query_end(&q, err);
}

/* No row and none could be made: was it the tenant, the key or the session? */
static hats_status why_not(struct conn *c, const struct hats_store_accept *a,
                           struct hats_store_accept_result *out, struct hats_error *err) {
    struct query q = query_of(c, SQL_TENANT_ENABLED);
    bind_i64(&q, a->id.tenant);
    bool enabled = query_row(&q);
    hats_status s = query_end(&q, err);
    if (s != HATS_OK)
        return s;
    q = query_of(c, SQL_KEY_LIVE);
    bind_blob(&q, a->kid, 32);
    bind_i64(&q, a->id.tenant);
    bool live = query_row(&q);
    out->outcome = !enabled ? HATS_STORE_TENANT_GONE
                   : !live  ? HATS_STORE_KEY_GONE
                            : HATS_STORE_SESSION_GONE;
    return query_end(&q, err);
}

static hats_status take_lease(struct conn *c, int64_t row_id, uint64_t until_ms,
                              struct hats_error *err) {
    struct query q = query_of(c, SQL_CALL_TAKE);
    bind_u64(&q, until_ms);
    bind_i64(&q, row_id);
    (void)query_row(&q);
    return query_end(&q, err);
}

static hats_status accept(struct conn *c, void *arg, struct hats_error *err) {
    const struct hats_store_accept *a = ((struct accept *)arg)->in;
    struct hats_store_accept_result *out = ((struct accept *)arg)->out;
    bool added = false;
    struct row row = {0};
    hats_status s = insert(c, a, &added, err);
    if (s == HATS_OK)
        s = read_row(c, &row, &a->id, err);
    if (s == HATS_OK && !row.found)
        return why_not(c, a, out, err);
    if (s != HATS_OK)
        return s;
    if (!added && memcmp(row.request_digest, a->request_digest, 32) != 0) {
        out->outcome = HATS_STORE_REUSED;
        hats_wipe(&row, sizeof row);
        return hats_store_end_session(c, a->id.tenant, a->id.sid, HATS_STORE_SESSION_BURNT,
                                      a->now_ms, err);
    }
    out->accepted_ms = row.accepted_ms;
    out->lease_until_ms = row.lease_until_ms;
    if (row.state == HATS_STORE_STATE_SEALED) {
        out->outcome = HATS_STORE_SEALED;
    } else if (!added && row.lease_until_ms > a->now_ms) {
        out->outcome = HATS_STORE_PENDING;
    } else {
        out->outcome = added ? HATS_STORE_NEW : HATS_STORE_TAKEN;
        memcpy(out->flood_seed, row.flood_seed, 32);
        out->lease_until_ms = a->now_ms + a->lease_ms;
        if (!added)
            s = take_lease(c, row.id, out->lease_until_ms, err);
    }
    hats_wipe(&row, sizeof row);
    return s;
}

hats_status hats_store_call_accept(struct hats_store *s, struct hats_store_accept_result *out,
                                   const struct hats_store_accept *a, struct hats_error *err) {
    *out = (struct hats_store_accept_result){0};
    struct accept arg = {.in = a, .out = out};
    hats_status status = hats_store_write(s, accept, &arg, err);
    if (status != HATS_OK)
        hats_wipe(out, sizeof *out);
    return status;
}

/* ---- seal ---- */

struct seal {
    const struct hats_store_seal *in;
    bool won;
};

static hats_status seal(struct conn *c, void *arg, struct hats_error *err) {
    struct seal *call = arg;
    const struct hats_store_seal *in = call->in;
    struct row row;
    hats_status s = read_row(c, &row, &in->id, err);
    if (s != HATS_OK)
        return s;
    hats_wipe(row.flood_seed, sizeof row.flood_seed);
    if (!row.found || memcmp(row.request_digest, in->request_digest, 32) != 0)
        return hats_fail(err, HATS_E_NOT_FOUND, "there is no accepted call to seal");
    if (row.state == HATS_STORE_STATE_SEALED)
        return HATS_OK;

    struct query q = query_of(c, SQL_CALL_SEAL);
    bind_u64(&q, in->now_ms);
    bind_blob(&q, in->receipt_id, 32);
    bind_i64(&q, row.id);
    (void)query_row(&q);
    s = query_end(&q, err);
    if (s != HATS_OK)
        return s;

    q = query_of(c, SQL_OUTPUT_ADD);
    bind_i64(&q, row.id);
    bind_u64(&q, in->now_ms);
    bind_blob(&q, in->output, in->output_len);
    (void)query_row(&q);
    s = query_end(&q, err);
    if (s != HATS_OK)
        return s;

    s = hats_store_add_receipt(c, in->id.tenant, in->receipt_id, in->receipt, in->receipt_len, err);
    call->won = s == HATS_OK;
    return s;
}

hats_status hats_store_call_seal(struct hats_store *s, bool *won, const struct hats_store_seal *in,
                                 struct hats_error *err) {
    assert(in->output_len != 0 && in->receipt_len != 0);
    struct seal arg = {.in = in};
    hats_status status = hats_store_write(s, seal, &arg, err);
    *won = status == HATS_OK && arg.won;
    return status;
}

static hats_status release(struct conn *c, void *arg, struct hats_error *err) {
    struct query q = query_of(c, SQL_CALL_RELEASE);
    bind_id(&q, arg);
    (void)query_row(&q);
    return query_end(&q, err);
}

hats_status hats_store_call_release(struct hats_store *s, const struct hats_store_call_id *id,
                                    struct hats_error *err) {
    struct hats_store_call_id copy = *id;
    return hats_store_write(s, release, &copy, err);
}

struct renew {
    struct hats_store_call_id id;
    uint64_t lease_until_ms, until_ms;
    bool renewed;
};

static hats_status renew(struct conn *c, void *arg, struct hats_error *err) {
    struct renew *r = arg;
    struct query q = query_of(c, SQL_CALL_RENEW);
    bind_id(&q, &r->id);
    bind_u64(&q, r->until_ms);
    bind_u64(&q, r->lease_until_ms);
    (void)query_row(&q);
    r->renewed = q.rc == SQLITE_OK && query_changes(&q) == 1;
    return query_end(&q, err);
}

hats_status hats_store_call_renew(struct hats_store *s, bool *renewed,
                                  const struct hats_store_call_id *id, uint64_t lease_until_ms,
                                  uint64_t until_ms, struct hats_error *err) {
    struct renew r = {.id = *id, .lease_until_ms = lease_until_ms, .until_ms = until_ms};
    hats_status status = hats_store_write(s, renew, &r, err);
    *renewed = status == HATS_OK && r.renewed;
    return status;
}

/* ---- reading ---- */

void hats_store_call_clear(struct hats_store_call *c) {
    hats_free(c->output);
    hats_free(c->receipt);
    *c = (struct hats_store_call){0};
}

hats_status hats_store_call_get(struct hats_store *s, struct hats_store_call *out,
                                const struct hats_store_call_id *id, bool with_blobs,
                                struct hats_error *err) {
    *out = (struct hats_store_call){0};
    struct conn *c = hats_store_reader_take(s);
    struct query q = query_of(c, with_blobs ? SQL_CALL_GET : SQL_CALL_GET_SHORT);
    bind_id(&q, id);
    bool found = query_row(&q);
    if (found) {
        out->state = (enum hats_store_state)column_i64(&q);
        column_blob(&q, out->request_digest, 32, false);
        out->accepted_ms = column_u64(&q);
        out->lease_until_ms = column_u64(&q);
        out->sealed_ms = column_u64(&q);
        column_blob(&q, out->receipt_id, 32, true);
        column_text(&q, out->model, sizeof out->model);
        if (with_blobs) {
            column_copy(&q, &out->output, &out->output_len);
            column_copy(&q, &out->receipt, &out->receipt_len);
        }
    }
    hats_status status = query_end(&q, err);
    hats_store_reader_give(s, c);
    if (status == HATS_OK && !found)
        status = hats_fail(err, HATS_E_NOT_FOUND, "the store has no such call");
    if (status != HATS_OK)
        hats_store_call_clear(out);
    return status;
}

hats_status hats_store_add_receipt(struct conn *c, int64_t tenant, const uint8_t id[32],
                                   const uint8_t *bytes, size_t len_bytes, struct hats_error *err) {
    struct query q = query_of(c, SQL_RECEIPT_ADD);
    bind_blob(&q, id, 32);
    bind_i64(&q, tenant);
    bind_blob(&q, bytes, len_bytes);
    (void)query_row(&q);
    hats_status s = query_end(&q, err);
    if (s != HATS_OK)
        return s;
    q = query_of(c, SQL_LOG_ADD);
    bind_blob(&q, id, 32);
    (void)query_row(&q);
    return query_end(&q, err);
}

hats_status hats_store_receipt_get(struct hats_store *s, uint8_t **out, size_t *len_bytes,
                                   int64_t tenant, const uint8_t id[32], struct hats_error *err) {
    *out = NULL;
    *len_bytes = 0;
    struct conn *c = hats_store_reader_take(s);
    struct query q = query_of(c, SQL_RECEIPT_GET);
    bind_blob(&q, id, 32);
    bind_i64(&q, tenant);
    if (query_row(&q))
        column_copy(&q, out, len_bytes);
    hats_status status = query_end(&q, err);
    hats_store_reader_give(s, c);
    if (status == HATS_OK && *out == NULL)
        status = hats_fail(err, HATS_E_NOT_FOUND, "the tenant has no such receipt");
    return status;
}

/* ---- retention ---- */

struct expire {
    uint64_t before_ms;
    size_t limit;
    size_t dropped;
};

static hats_status expire(struct conn *c, void *arg, struct hats_error *err) {
    struct expire *e = arg;
    struct query q = query_of(c, SQL_OUTPUT_EXPIRE);
    bind_u64(&q, e->before_ms);
    bind_u64(&q, e->limit);
    (void)query_row(&q);
    e->dropped = q.rc == SQLITE_OK ? (size_t)query_changes(&q) : 0;
    return query_end(&q, err);
}

hats_status hats_store_expire_outputs(struct hats_store *s, size_t *dropped, uint64_t before_ms,
                                      size_t limit, struct hats_error *err) {
    struct expire e = {.before_ms = before_ms, .limit = limit};
    hats_status status = hats_store_write(s, expire, &e, err);
    *dropped = status == HATS_OK ? e.dropped : 0;
    return status;
}
