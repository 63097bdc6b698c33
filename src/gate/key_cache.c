/* Decoded public keys in memory. Only a cache: a kid is the digest of its key, so an entry never becomes
 * wrong; who owns a key and whether it was revoked is asked of the store, every time. */
#include "gate/internal.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <assert.h>

void hats_gate_cache_init(struct key_cache *cache, size_t max_bytes) {
    pthread_mutex_init(&cache->lock, NULL);
    cache->max_bytes = max_bytes;
}

static struct cached_key **bucket(struct key_cache *cache, const uint8_t kid[32]) {
    return &cache->table[hats_load_be16(kid) % KEY_CACHE_BUCKETS];
}

static void free_key(struct cached_key *k) {
    hats_fhe_public_free(k->pk);
    hats_free(k->object);
    hats_free(k);
}

/* ---- list and table; all under the lock ---- */

static void append(struct key_cache *cache, struct cached_key *k) {
    k->newer = NULL;
    k->older = cache->newest;
    if (cache->newest != NULL)
        cache->newest->newer = k;
    else
        cache->oldest = k;
    cache->newest = k;
}

static void unlink_key(struct key_cache *cache, struct cached_key *k) {
    if (k->older != NULL)
        k->older->newer = k->newer;
    else
        cache->oldest = k->newer;
    if (k->newer != NULL)
        k->newer->older = k->older;
    else
        cache->newest = k->older;
}

static struct cached_key *find(struct key_cache *cache, const uint8_t kid[32]) {
    struct cached_key *k = *bucket(cache, kid);
    while (k != NULL && memcmp(k->kid, kid, 32) != 0)
        k = k->chain;
    return k;
}

static void evict(struct key_cache *cache, struct cached_key *k) {
    struct cached_key **at = bucket(cache, k->kid);
    while (*at != k)
        at = &(*at)->chain;
    *at = k->chain;
    unlink_key(cache, k);
    cache->bytes -= k->bytes;
    k->listed = false;
    if (k->refs == 0)
        free_key(k);
}

static void insert(struct key_cache *cache, struct cached_key *k) {
    while (cache->oldest != NULL && cache->bytes + k->bytes > cache->max_bytes) {
        evict(cache, cache->oldest);
        atomic_fetch_add(&cache->evictions, 1);
    }
    if (cache->bytes + k->bytes > cache->max_bytes)
        return; /* larger than the whole cache: used once */
    k->chain = *bucket(cache, k->kid);
    *bucket(cache, k->kid) = k;
    append(cache, k);
    cache->bytes += k->bytes;
    k->listed = true;
}

/* ---- */

static hats_status read_key(struct cached_key **out, struct hats_store *store,
                            const uint8_t kid[32], struct hats_error *err) {
    struct hats_store_key row;
    *out = NULL;
    hats_status s = hats_store_key_get(store, &row, kid, true, err);
    if (s != HATS_OK)
        return s;
    struct cached_key *k = hats_alloc(sizeof *k);
    if (k == NULL) {
        s = hats_fail(err, HATS_E_MEMORY, "no memory for a key");
    } else {
        memcpy(k->kid, kid, 32);
        k->bytes = hats_fhe_public_memory(row.set_id) + row.public_key_len + sizeof *k;
        k->refs = 1;
        s = hats_fhe_public_decode(&k->pk, row.public_key, row.public_key_len, err);
    }
    if (s == HATS_OK) {
        k->object = row.public_key;
        k->object_len = row.public_key_len;
        row.public_key = NULL;
    }
    hats_store_key_clear(&row);
    if (s == HATS_OK)
        *out = k;
    else
        hats_free(k);
    return s;
}

hats_status hats_gate_cache_take(struct key_cache *cache, struct cached_key **out,
                                 struct hats_store *store, const uint8_t kid[32],
                                 struct hats_error *err) {
    pthread_mutex_lock(&cache->lock);
    struct cached_key *k = find(cache, kid);
    if (k != NULL) {
        k->refs++;
        unlink_key(cache, k);
        append(cache, k);
    }
    pthread_mutex_unlock(&cache->lock);
    *out = k;
    atomic_fetch_add(k != NULL ? &cache->hits : &cache->misses, 1);
    if (k != NULL)
        return HATS_OK;

    struct cached_key *fresh;
    hats_status s = read_key(&fresh, store, kid, err);
    if (s != HATS_OK)
        return s;
    pthread_mutex_lock(&cache->lock);
    k = find(cache, kid);
    if (k != NULL) /* another thread was faster */
        k->refs++;
    else
        insert(cache, fresh);
    pthread_mutex_unlock(&cache->lock);
    if (k != NULL)
        free_key(fresh);
    *out = k != NULL ? k : fresh;
    return HATS_OK;
}

void hats_gate_cache_give(struct key_cache *cache, struct cached_key *k) {
    if (k == NULL)
        return;
    pthread_mutex_lock(&cache->lock);
    bool last = --k->refs == 0 && !k->listed;
    pthread_mutex_unlock(&cache->lock);
    if (last)
        free_key(k);
}

size_t hats_gate_cache_bytes(struct key_cache *cache) {
    pthread_mutex_lock(&cache->lock);
    size_t n = cache->bytes;
    pthread_mutex_unlock(&cache->lock);
    return n;
}

void hats_gate_cache_clear(struct key_cache *cache) {
    while (cache->oldest != NULL) {
        assert(cache->oldest->refs == 0);
        evict(cache, cache->oldest);
    }
    pthread_mutex_destroy(&cache->lock);
}
