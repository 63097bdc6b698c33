#include "store/internal.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <assert.h>

void hats_store_key_clear(struct hats_store_key *k) {
    hats_free(k->public_key);
    *k = (struct hats_store_key){0};
}

/* kid, tenant, owner, set id, registered, revoked: the first columns of every query on keys. */
static void read_key(struct query *q, struct hats_store_key *k) {
    *k = (struct hats_store_key){0};
    column_blob(q, k->kid, sizeof k->kid, false);
    k->tenant = column_i64(q);
    column_blob(q, k->owner, sizeof k->owner, false);
    k->set_id = (uint32_t)column_i64(q);
    k->registered_ms = column_u64(q);
    k->revoked_ms = column_u64(q);
}

static hats_status get(struct conn *c, struct hats_store_key *out, const uint8_t kid[32],
                       bool with_blob, struct hats_error *err) {
    struct query q = query_of(c, with_blob ? SQL_KEY_GET : SQL_KEY_GET_SHORT);
    bind_blob(&q, kid, 32);
    bool found = query_row(&q);
    *out = (struct hats_store_key){0};
    if (found) {
        read_key(&q, out);
        if (with_blob)
            column_copy(&q, &out->public_key, &out->public_key_len);
    }
    hats_status s = query_end(&q, err);
    if (s == HATS_OK && !found)
        s = hats_fail(err, HATS_E_NOT_FOUND, "the store has no such key");
    if (s != HATS_OK)
        hats_store_key_clear(out);
    return s;
}

struct put {
    const struct hats_store_key *key;
    const uint8_t *public_key;
    size_t public_key_len;
    const struct hats_store_nonce *nonce; /* or NULL */
    enum hats_store_put how;
    struct hats_store_key existing;
};

static hats_status put(struct conn *c, void *arg, struct hats_error *err) {
    struct put *p = arg;
    const struct hats_store_key *k = p->key;
    struct query q = query_of(c, SQL_KEY_ADD);
    bind_blob(&q, k->kid, sizeof k->kid);
    bind_i64(&q, k->tenant);
    bind_blob(&q, k->owner, sizeof k->owner);
    bind_i64(&q, k->set_id);
    bind_u64(&q, k->registered_ms);
    bind_blob(&q, p->public_key, p->public_key_len);
    (void)query_row(&q);
    bool added = q.rc == SQLITE_OK && query_changes(&q) == 1;
    hats_status s = query_end(&q, err);
    if (s == HATS_OK)
        s = get(c, &p->existing, k->kid, false, err);
    if (s != HATS_OK)
        return s;
    p->how = added ? HATS_STORE_CREATED : HATS_STORE_SAME;
    if (p->existing.tenant != k->tenant || memcmp(p->existing.owner, k->owner, 32) != 0 ||
        p->existing.revoked_ms != 0)
        return hats_fail(err, HATS_E_CONFLICT, "the key is in the store with other properties");
    bool fresh = true;
    if (p->nonce != NULL)
        s = hats_store_spend(c, &fresh, p->nonce, err);
    if (s == HATS_OK && added && !fresh) {
        p->how = HATS_STORE_NONCE_SPENT;
        return hats_fail(err, HATS_E_CONFLICT, "the nonce was used before");
    }
    return s;
}

hats_status hats_store_key_put(struct hats_store *s, enum hats_store_put *how,
                               struct hats_store_key *existing, const struct hats_store_key *k,
                               const uint8_t *public_key, size_t public_key_len,
                               const struct hats_store_nonce *nonce, struct hats_error *err) {
    assert(public_key != NULL && public_key_len != 0);
    struct put p = {
        .key = k, .public_key = public_key, .public_key_len = public_key_len, .nonce = nonce};
    hats_status status = hats_store_write(s, put, &p, err);
    *how = p.how;
    if (existing != NULL)
        *existing = status == HATS_OK || status == HATS_E_CONFLICT ? p.existing
                                                                   : (struct hats_store_key){0};
    return status;
}

hats_status hats_store_key_get(struct hats_store *s, struct hats_store_key *out,
                               const uint8_t kid[32], bool with_blob, struct hats_error *err) {
    struct conn *c = hats_store_reader_take(s);
    hats_status status = get(c, out, kid, with_blob, err);
    hats_store_reader_give(s, c);
    return status;
}

struct revoke {
    int64_t tenant;
    const uint8_t *kid;
    uint64_t now_ms;
};

static hats_status revoke(struct conn *c, void *arg, struct hats_error *err) {
    const struct revoke *r = arg;
    struct query q = query_of(c, SQL_KEY_REVOKE);
    bind_u64(&q, r->now_ms);
    bind_i64(&q, r->tenant);
    bind_blob(&q, r->kid, 32);
    (void)query_row(&q);
    bool found = q.rc == SQLITE_OK && query_changes(&q) == 1;
    hats_status s = query_end(&q, err);
    if (s == HATS_OK && !found)
        return hats_fail(err, HATS_E_NOT_FOUND, "the tenant has no such key");
    return s;
}

hats_status hats_store_key_revoke(struct hats_store *s, int64_t tenant, const uint8_t kid[32],
                                  uint64_t now_ms, struct hats_error *err) {
    assert(now_ms != 0);
    struct revoke r = {.tenant = tenant, .kid = kid, .now_ms = now_ms};
    return hats_store_write(s, revoke, &r, err);
}

hats_status hats_store_keys(struct hats_store *s, struct hats_store_key **out, size_t *n,
                            int64_t tenant, size_t offset, size_t limit, struct hats_error *err) {
    *n = 0;
    *out = limit != 0 ? hats_alloc_array(limit, sizeof **out) : NULL;
    if (*out == NULL)
        return limit == 0 ? HATS_OK
                          : hats_fail(err, HATS_E_MEMORY, "no memory for %zu keys", limit);
    struct conn *c = hats_store_reader_take(s);
    struct query q = query_of(c, SQL_KEY_LIST);
    bind_i64(&q, tenant);
    bind_u64(&q, limit);
    bind_u64(&q, offset);
    while (*n < limit && query_row(&q))
        read_key(&q, &(*out)[(*n)++]);
    hats_status status = query_end(&q, err);
    hats_store_reader_give(s, c);
    if (status != HATS_OK) {
        hats_free(*out);
        *out = NULL;
        *n = 0;
    }
    return status;
}
