#include "store/internal.h"

#include "base/arena.h"
#include "base/bytes.h"

static hats_status add(struct conn *c, void *arg, struct hats_error *err) {
    struct hats_store_tenant *t = arg;
    struct query q = query_of(c, SQL_TENANT_ADD);
    bind_text(&q, t->name);
    bind_blob(&q, t->salt, sizeof t->salt);
    bind_blob(&q, t->token_hash, sizeof t->token_hash);
    bind_u64(&q, t->created_ms);
    bind_i64(&q, t->disabled);
    (void)query_row(&q);
    bool added = q.rc == SQLITE_OK && query_changes(&q) == 1;
    if (added)
        t->id = sqlite3_last_insert_rowid(c->db);
    hats_status s = query_end(&q, err);
    if (s == HATS_OK && !added)
        return hats_fail(err, HATS_E_CONFLICT, "there is a tenant '%s' already", t->name);
    return s;
}

hats_status hats_store_tenant_add(struct hats_store *s, struct hats_store_tenant *t,
                                  struct hats_error *err) {
    return hats_store_write(s, add, t, err);
}

struct disable {
    const char *name;
    bool disabled;
};

static hats_status disable(struct conn *c, void *arg, struct hats_error *err) {
    const struct disable *d = arg;
    struct query q = query_of(c, SQL_TENANT_DISABLE);
    bind_i64(&q, d->disabled);
    bind_text(&q, d->name);
    (void)query_row(&q);
    bool found = q.rc == SQLITE_OK && query_changes(&q) == 1;
    hats_status s = query_end(&q, err);
    if (s == HATS_OK && !found)
        return hats_fail(err, HATS_E_NOT_FOUND, "there is no tenant '%s'", d->name);
    return s;
}

hats_status hats_store_tenant_disable(struct hats_store *s, const char *name, bool disabled,
                                      struct hats_error *err) {
    struct disable d = {.name = name, .disabled = disabled};
    return hats_store_write(s, disable, &d, err);
}

/* Room for one more element, doubling. */
static bool grow(void **list, size_t *cap, size_t n, size_t size_bytes) {
    if (n < *cap)
        return true;
    size_t more = *cap != 0 ? *cap * 2 : 16;
    void *bigger = hats_alloc_array(more, size_bytes);
    if (bigger == NULL)
        return false;
    if (n != 0)
        memcpy(bigger, *list, n * size_bytes);
    hats_free(*list);
    *list = bigger;
    *cap = more;
    return true;
}

static hats_status end_list(struct query *q, void **list, size_t *n, bool memory,
                            struct hats_error *err) {
    hats_status status = query_end(q, err);
    if (status == HATS_OK && !memory)
        status = hats_fail(err, HATS_E_MEMORY, "no memory for a list out of the store");
    if (status != HATS_OK) {
        hats_free(*list);
        *list = NULL;
        *n = 0;
    }
    return status;
}

hats_status hats_store_tenants(struct hats_store *s, struct hats_store_tenant **out, size_t *n,
                               struct hats_error *err) {
    void *list = NULL;
    size_t cap = 0, count = 0;
    bool memory = true;
    struct conn *c = hats_store_reader_take(s);
    struct query q = query_of(c, SQL_TENANT_LIST);
    while (query_row(&q) && (memory = grow(&list, &cap, count, sizeof **out))) {
        struct hats_store_tenant *t = (struct hats_store_tenant *)list + count++;
        t->id = column_i64(&q);
        column_text(&q, t->name, sizeof t->name);
        column_blob(&q, t->salt, sizeof t->salt, false);
        column_blob(&q, t->token_hash, sizeof t->token_hash, false);
        t->created_ms = column_u64(&q);
        t->disabled = column_i64(&q) != 0;
    }
    hats_status status = end_list(&q, &list, &count, memory, err);
    hats_store_reader_give(s, c);
    *out = list;
    *n = count;
    return status;
}

/* ---- models ---- */

static hats_status served(struct conn *c, void *arg, struct hats_error *err) {
    const struct hats_store_model *m = arg;
    struct query q = query_of(c, SQL_MODEL_SERVED);
    bind_blob(&q, m->commitment, sizeof m->commitment);
    bind_blob(&q, m->plan_digest, sizeof m->plan_digest);
    bind_text(&q, m->name);
    bind_text(&q, m->version);
    bind_u64(&q, m->first_ms);
    bind_u64(&q, m->last_ms);
    (void)query_row(&q);
    return query_end(&q, err);
}

hats_status hats_store_model_served(struct hats_store *s, const struct hats_store_model *m,
                                    struct hats_error *err) {
    struct hats_store_model copy = *m;
    return hats_store_write(s, served, &copy, err);
}

hats_status hats_store_models(struct hats_store *s, struct hats_store_model **out, size_t *n,
                              struct hats_error *err) {
    void *list = NULL;
    size_t cap = 0, count = 0;
    bool memory = true;
    struct conn *c = hats_store_reader_take(s);
    struct query q = query_of(c, SQL_MODEL_LIST);
    while (query_row(&q) && (memory = grow(&list, &cap, count, sizeof **out))) {
        struct hats_store_model *m = (struct hats_store_model *)list + count++;
        column_blob(&q, m->commitment, sizeof m->commitment, false);
        column_blob(&q, m->plan_digest, sizeof m->plan_digest, false);
        column_text(&q, m->name, sizeof m->name);
        column_text(&q, m->version, sizeof m->version);
        m->first_ms = column_u64(&q);
        m->last_ms = column_u64(&q);
    }
    hats_status status = end_list(&q, &list, &count, memory, err);
    hats_store_reader_give(s, c);
    *out = list;
    *n = count;
    return status;
}
