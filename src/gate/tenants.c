/* Who asks, and how often it may. */
#include "gate/internal.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "evidence/digest.h"
#include "hash/sha256.h"

#include <stdlib.h>
#include <strings.h>

#define TOKEN_PREFIX "hats_" /* so that a leaked one is recognised by scanners */
#define REFRESH_MS 1000

static bool name_is_good(const char *name) {
    size_t n = strlen(name);
    return n >= 1 && n < HATS_STORE_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") == n;
}

hats_status hats_gate_tenant_new(struct hats_store *store, char token[HATS_GATE_TOKEN_MAX],
                                 const char *name, struct hats_error *err) {
    struct hats_store_tenant t = {.created_ms = hats_now_ms()};
    uint8_t secret[HATS_GATE_TOKEN_BYTES];
    token[0] = '\0';
    if (!name_is_good(name))
        return hats_fail(
            err, HATS_E_USAGE,
            "'%.70s' is no tenant name: use 1 to 63 of a-z, 0-9, dash, dot, underscore", name);
    memcpy(t.name, name, strlen(name) + 1);
    hats_status s = hats_random(secret, sizeof secret);
    if (s == HATS_OK)
        s = hats_random(t.salt, sizeof t.salt);
    if (s != HATS_OK)
        return hats_fail(err, s, "the operating system gave no randomness for a token");
    memcpy(token, TOKEN_PREFIX, sizeof TOKEN_PREFIX);
    hats_base64url_encode(token + strlen(TOKEN_PREFIX), secret, sizeof secret);
    hats_wipe(secret, sizeof secret);
    hats_sha256(t.token_hash, token, strlen(token));
    s = hats_store_tenant_add(store, &t, err);
    if (s != HATS_OK)
        hats_wipe(token, HATS_GATE_TOKEN_MAX);
    return s;
}

/* ---- the list in memory ---- */

static int by_hash(const void *a, const void *b) {
    const struct tenant *x = a, *y = b;
    return memcmp(x->row.token_hash, y->row.token_hash, 32);
}

/* Index of the tenant with this token hash, or n_tenants. The search may be watched for its time: what it
 * tells about is the hash of the caller's own guess, and a token has 256 random bits. */
static size_t find_hash(const struct hats_gate *g, const uint8_t hash[32]) {
    size_t low = 0, high = g->n_tenants;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(g->tenants[mid].row.token_hash, hash, 8) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < g->n_tenants && hats_equal_ct(g->tenants[low].row.token_hash, hash, 32))
        return low;
    return g->n_tenants;
}

static void keep_buckets(const struct hats_gate *g, struct tenant *fresh, size_t n, uint64_t now) {
    for (size_t i = 0; i < n; i++) {
        size_t old = find_hash(g, fresh[i].row.token_hash);
        fresh[i].tokens = old < g->n_tenants ? g->tenants[old].tokens : g->config.burst;
        fresh[i].filled_ms = old < g->n_tenants ? g->tenants[old].filled_ms : now;
        fresh[i].calls_open = old < g->n_tenants ? g->tenants[old].calls_open : 0;
        fresh[i].memory_used = old < g->n_tenants ? g->tenants[old].memory_used : 0;
    }
}

/* Reads the tenants again when the list is a second old. The list stays when the store does not answer,
 * except the first time. Under the lock. */
static hats_status refresh(struct hats_gate *g, uint64_t now, struct hats_error *err) {
    if (g->tenants_known && now >= g->tenants_read_ms && now - g->tenants_read_ms < REFRESH_MS)
        return HATS_OK;
    struct hats_store_tenant *rows;
    size_t n;
    hats_status s = hats_store_tenants(g->config.store, &rows, &n, err);
    struct tenant *fresh = s == HATS_OK ? hats_alloc_array(n + 1, sizeof *fresh) : NULL;
    if (fresh == NULL) {
        if (s == HATS_OK) {
            s = hats_fail(err, HATS_E_MEMORY, "no memory for the tenants");
            hats_free(rows);
        }
        return g->tenants_known ? HATS_OK : s;
    }
    for (size_t i = 0; i < n; i++)
        fresh[i].row = rows[i];
    hats_free(rows);
    qsort(fresh, n, sizeof *fresh, by_hash);
    keep_buckets(g, fresh, n, now);
    hats_free(g->tenants);
    g->tenants = fresh;
    g->n_tenants = n;
    g->tenants_read_ms = now;
    g->tenants_known = true;
    return HATS_OK;
}

/* ---- its share of the room ---- */

/* The tenant, and whether there is another one that may call; under the lock. Rows are never removed. */
static struct tenant *find_id(const struct hats_gate *g, int64_t id, bool *others) {
    struct tenant *found = NULL;
    *others = false;
    for (size_t i = 0; i < g->n_tenants; i++) {
        struct tenant *t = &g->tenants[i];
        if (t->row.id == id)
            found = t;
        else
            *others |= !t->row.disabled;
    }
    return found;
}

bool hats_gate_tenant_enter(struct hats_gate *g, int64_t id, size_t bytes) {
    bool others;
    pthread_mutex_lock(&g->tenant_lock);
    struct tenant *t = find_id(g, id, &others);
    bool ok = t != NULL;
    if (ok && others && t->calls_open != 0) {
        unsigned calls = g->config.max_calls - g->config.max_calls / 4;
        uint64_t budget = hats_gate_call_budget(g), memory = budget - budget / 4;
        ok = t->calls_open < calls && t->memory_used + bytes <= memory;
    }
    if (ok) {
        t->calls_open++;
        t->memory_used += bytes;
    }
    pthread_mutex_unlock(&g->tenant_lock);
    return ok;
}

void hats_gate_tenant_leave(struct hats_gate *g, int64_t id, size_t bytes) {
    bool others;
    pthread_mutex_lock(&g->tenant_lock);
    struct tenant *t = find_id(g, id, &others);
    if (t != NULL) { /* whoever deletes rows by hand does not stop the service */
        t->calls_open -= t->calls_open != 0;
        t->memory_used -= bytes < t->memory_used ? bytes : t->memory_used;
    }
    pthread_mutex_unlock(&g->tenant_lock);
}

/* ---- asking ---- */

/* One request out of the bucket. A clock that was set back refills nothing and loses nothing. */
static bool spend(const struct hats_gate *g, struct tenant *t, uint64_t now) {
    if (g->config.requests_per_s == 0)
        return true;
    if (now > t->filled_ms)
        t->tokens += (double)(now - t->filled_ms) * g->config.requests_per_s / 1000.0;
    t->filled_ms = now;
    if (t->tokens > g->config.burst)
        t->tokens = g->config.burst;
    if (t->tokens < 1.0)
        return false;
    t->tokens -= 1.0;
    return true;
}

static enum hats_problem look_up(struct hats_gate *g, struct hats_gate_tenant *out,
                                 const uint8_t hash[32], struct hats_error *detail) {
    struct hats_error why = {0};
    uint64_t now = hats_gate_now(g);
    enum hats_problem p = HATS_PROBLEM_NONE;
    pthread_mutex_lock(&g->tenant_lock);
    hats_status s = refresh(g, now, &why);
    size_t at = s == HATS_OK ? find_hash(g, hash) : g->n_tenants;
    if (s != HATS_OK) {
        p = hats_gate_storage(detail, s, &why);
    } else if (at == g->n_tenants || g->tenants[at].row.disabled) {
        p = HATS_PROBLEM_TOKEN_UNKNOWN;
    } else if (!spend(g, &g->tenants[at], now)) {
        p = hats_gate_refuse(detail, HATS_PROBLEM_QUOTA, "It is %u requests a second here.",
                             g->config.requests_per_s);
    } else {
        const struct hats_store_tenant *row = &g->tenants[at].row;
        out->id = row->id;
        memcpy(out->name, row->name, sizeof out->name);
        hats_evidence_tenant_digest(out->digest, row->salt, row->name, strlen(row->name));
    }
    pthread_mutex_unlock(&g->tenant_lock);
    return p;
}

enum hats_problem hats_gate_authenticate(struct hats_gate *g, struct hats_gate_tenant *out,
                                         const char *authorization, struct hats_error *detail) {
    *out = (struct hats_gate_tenant){0};
    if (authorization == NULL || strncasecmp(authorization, "Bearer ", 7) != 0)
        return hats_gate_counted(g, HATS_PROBLEM_TOKEN_MISSING);
    const char *token = authorization + 7;
    token += strspn(token, " ");
    size_t len = strnlen(token, HATS_GATE_TOKEN_MAX);
    if (len >= HATS_GATE_TOKEN_MAX)
        return hats_gate_counted(g, HATS_PROBLEM_TOKEN_UNKNOWN);
    uint8_t hash[32];
    hats_sha256(hash, token, len);
    enum hats_problem p = look_up(g, out, hash, detail);
    hats_wipe(hash, sizeof hash);
    return hats_gate_counted(g, p);
}
