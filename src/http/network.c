#include "http/server_priv.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"

#define SLOTS 4096u /* power of two */
#define PROBES 8u

struct network {
    uint64_t key; /* 0: free */
    unsigned open;
    struct hats_http_bucket bucket;
};

/* A fixed table: a flood from many networks makes it forget idle ones, and grows nothing. */
struct hats_http_networks {
    pthread_mutex_t lock;
    uint64_t secret; /* of the hash, so that nobody can choose networks that collide */
    unsigned per_s;
    unsigned max_open;
    struct network slots[SLOTS];
};

struct hats_http_networks *hats_http_networks_new(const struct hats_http_limits *limits) {
    struct hats_http_networks *n = hats_alloc(sizeof *n);
    if (n == NULL)
        return NULL;
    if (hats_random(&n->secret, sizeof n->secret) != HATS_OK ||
        pthread_mutex_init(&n->lock, NULL)) {
        hats_free(n);
        return NULL;
    }
    n->per_s = limits->handshakes_per_s;
    n->max_open = limits->max_connections_per_network;
    return n;
}

void hats_http_networks_free(struct hats_http_networks *n) {
    if (n == NULL)
        return;
    pthread_mutex_destroy(&n->lock);
    hats_free(n);
}

/* /24 of IPv4, /48 of IPv6; never 0. */
static uint64_t key_of(const struct hats_http_peer *peer) {
    uint64_t prefix = peer->is_ipv4 ? hats_load_be32(peer->address + 12) >> 8
                                    : hats_load_be64(peer->address) >> 16;
    return (prefix << 2) | (peer->is_ipv4 ? 1 : 2);
}

/* The slot of this network, or one to give it: the first that is free or holds nothing worth keeping.
 * NULL when all PROBES are busy; the limits for the whole server then stand alone. */
static struct network *find(struct hats_http_networks *n, uint64_t key, uint64_t now_ns,
                            bool take) {
    uint64_t h = (key ^ n->secret) * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 29 ^ n->secret) * 0xbf58476d1ce4e5b9u;
    struct network *vacant = NULL;
    for (unsigned i = 0; i < PROBES; i++) {
        struct network *w = &n->slots[((h >> 32) + i) % SLOTS];
        if (w->key == key)
            return w;
        bool idle = w->key == 0 || (w->open == 0 && w->bucket.full_at_ns <= now_ns);
        if (vacant == NULL && idle)
            vacant = w;
    }
    if (!take || vacant == NULL)
        return NULL;
    *vacant = (struct network){.key = key};
    return vacant;
}

bool hats_http_bucket_spend(struct hats_http_bucket *b, uint64_t burst, uint64_t per_s,
                            uint64_t now_ns) {
    uint64_t interval_ns = 1000000000u / per_s;
    uint64_t full_at = b->full_at_ns > now_ns ? b->full_at_ns : now_ns;
    if (full_at - now_ns > (burst - 1) * interval_ns)
        return false;
    b->full_at_ns = full_at + interval_ns;
    return true;
}

bool hats_http_networks_enter(struct hats_http_networks *n, bool *counted,
                              const struct hats_http_peer *peer, uint64_t now_ns) {
    bool ok = true;
    pthread_mutex_lock(&n->lock);
    struct network *w = find(n, key_of(peer), now_ns, true);
    if (w != NULL) {
        ok = n->max_open == 0 || w->open < n->max_open;
        if (ok && n->per_s != 0)
            ok = hats_http_bucket_spend(&w->bucket, 2 * (uint64_t)n->per_s, n->per_s, now_ns);
        w->open += ok;
    }
    pthread_mutex_unlock(&n->lock);
    *counted = ok && w != NULL;
    return ok;
}

void hats_http_networks_leave(struct hats_http_networks *n, const struct hats_http_peer *peer) {
    pthread_mutex_lock(&n->lock);
    struct network *w = find(n, key_of(peer), 0, false);
    if (w != NULL && w->open > 0)
        w->open--;
    pthread_mutex_unlock(&n->lock);
}
