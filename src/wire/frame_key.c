#include "wire/frame_key.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/random.h"

#include <assert.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

enum index_state { FREE, TAKEN, SIGNED };

/* A page of its own: locked, not dumped, zero in children. */
struct secret {
    uint8_t k_ots[HATS_FRAME_SECRET_LEN];
};

struct hats_frame_key {
    struct secret *secret;
    uint8_t p[HATS_FRAME_P_LEN];
    uint32_t n_calls;
    uint8_t *table;
    pid_t process;
    pthread_mutex_t lock;
    uint32_t next;  /* of the free ones */
    bool closed;    /* the last was taken */
    uint8_t *state; /* [n_calls] enum index_state */
};

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static struct secret *lock_page(struct hats_error *err) {
    size_t len = page_bytes();
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        (void)hats_fail(err, HATS_E_MEMORY, "no memory for the keys of a session");
        return NULL;
    }
    if (mlock(p, len) != 0 || madvise(p, len, MADV_DONTDUMP) != 0 ||
        madvise(p, len, MADV_WIPEONFORK) != 0) {
        (void)munmap(p, len);
        (void)hats_fail(err, HATS_E_MEMORY,
                        "the keys of a session need a page of locked memory; raise `ulimit -l`");
        return NULL;
    }
    return p;
}

hats_status hats_frame_key_new(struct hats_frame_key **out, uint32_t n_calls,
                               struct hats_error *err) {
    assert(n_calls >= 2 && n_calls <= HATS_FRAME_CALLS_MAX);
    struct hats_frame_key *key = hats_alloc(sizeof *key);
    hats_status s = HATS_E_MEMORY;
    if (key == NULL)
        return hats_fail(err, s, "no memory for the keys of a session");
    pthread_mutex_init(&key->lock, NULL);
    key->n_calls = n_calls;
    key->process = getpid();
    key->table = hats_alloc_array(n_calls, HATS_FRAME_VALUE_LEN);
    key->state = hats_alloc_array(n_calls, sizeof *key->state);
    if (key->table == NULL || key->state == NULL) {
        (void)hats_fail(err, s, "no memory for the keys of a session");
        goto done;
    }
    key->secret = lock_page(err);
    if (key->secret == NULL)
        goto done;
    s = hats_random(key->secret->k_ots, sizeof key->secret->k_ots);
    if (s == HATS_OK)
        s = hats_random(key->p, sizeof key->p);
    if (s != HATS_OK) {
        (void)hats_fail(err, s, "no randomness for the keys of a session");
        goto done;
    }
    HATS_SECRET(key->secret->k_ots, sizeof key->secret->k_ots);
    hats_frame_leaves(key->table, key->secret->k_ots, key->p, 0, n_calls);
    HATS_PUBLIC(key->table, (size_t)n_calls * HATS_FRAME_VALUE_LEN);
done:
    if (s != HATS_OK)
        hats_frame_key_free(key);
    else
        *out = key;
    return s;
}

void hats_frame_key_free(struct hats_frame_key *key) {
    if (key == NULL)
        return;
    if (key->secret != NULL) {
        hats_wipe(key->secret, sizeof *key->secret);
        (void)munmap(key->secret, page_bytes());
    }
    pthread_mutex_destroy(&key->lock);
    hats_free(key->table);
    hats_free(key->state);
    hats_free(key);
}

const uint8_t *hats_frame_key_p(const struct hats_frame_key *key) { return key->p; }
const uint8_t *hats_frame_key_table(const struct hats_frame_key *key) { return key->table; }
uint32_t hats_frame_key_calls(const struct hats_frame_key *key) { return key->n_calls; }

void hats_frame_key_root(uint8_t root[HATS_SHA256_LEN], const struct hats_frame_key *key) {
    hats_frame_root(root, key->p, key->table, key->n_calls);
}

hats_status hats_frame_key_take(struct hats_frame_key *key, uint32_t *index,
                                struct hats_error *err) {
    bool left;
    pthread_mutex_lock(&key->lock);
    left = !key->closed && key->next + 1 < key->n_calls;
    if (left) {
        *index = key->next++;
        key->state[*index] = TAKEN;
    }
    pthread_mutex_unlock(&key->lock);
    return left ? HATS_OK
                : hats_fail(err, HATS_E_BUSY,
                            "all calls of this session are used; open another one");
}

hats_status hats_frame_key_take_last(struct hats_frame_key *key, uint32_t *index,
                                     struct hats_error *err) {
    bool first;
    pthread_mutex_lock(&key->lock);
    first = !key->closed;
    key->closed = true;
    if (first) {
        *index = key->n_calls - 1;
        key->state[*index] = TAKEN;
    }
    pthread_mutex_unlock(&key->lock);
    return first ? HATS_OK : hats_fail(err, HATS_E_CONFLICT, "this session was closed before");
}

void hats_frame_key_taken(uint8_t *bitmap, struct hats_frame_key *key) {
    memset(bitmap, 0, (key->n_calls + 7) / 8);
    pthread_mutex_lock(&key->lock);
    for (uint32_t i = 0; i < key->n_calls; i++)
        if (key->state[i] != FREE)
            bitmap[i / 8] = (uint8_t)(bitmap[i / 8] | 1u << i % 8);
    pthread_mutex_unlock(&key->lock);
}

/* The index is burnt before it signs. */
static bool burn(struct hats_frame_key *key, uint32_t index) {
    pthread_mutex_lock(&key->lock);
    bool good = index < key->n_calls && key->state[index] == TAKEN;
    if (good)
        key->state[index] = SIGNED;
    pthread_mutex_unlock(&key->lock);
    return good;
}

hats_status hats_frame_key_sign(struct hats_frame_key *key, uint8_t frame[HATS_FRAME_LEN],
                                uint32_t index, const uint8_t sid[32], const uint8_t r[32],
                                struct hats_error *err) {
    memset(frame, 0, HATS_FRAME_LEN);
    if (getpid() != key->process)
        return hats_fail(err, HATS_E_CONFLICT,
                         "the keys of a session stay with the process that made them; open a "
                         "session of your own");
    if (!burn(key, index))
        return hats_fail(err, HATS_E_CONFLICT,
                         "index %u of this session is not free to sign; a retry sends the frame "
                         "of the first try",
                         (unsigned)index);
    hats_status s = hats_frame_sign(frame, key->secret->k_ots, key->p, index, sid, r, err);
    HATS_PUBLIC(frame, HATS_FRAME_LEN);
    return s;
}
