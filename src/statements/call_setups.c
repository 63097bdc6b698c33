/* Setups that outlive a call: at most so many, the one unused for the longest time makes room. */
#include "statements/call.h"

#include "base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

struct entry {
    uint8_t plan_digest[32];
    unsigned suite;
    bool has_data_commitment;
    struct hats_encryption_setup *setup; /* NULL: an empty place */
    size_t users;
    uint64_t used; /* counts up: the least was not used for the longest time */
};

struct hats_call_setups {
    pthread_mutex_t lock;
    uint64_t clock;
    size_t n_max;
    struct entry entries[];
};

struct hats_call_setups *hats_call_setups_new(size_t n_max) {
    struct hats_call_setups *s = hats_alloc(sizeof *s + n_max * sizeof s->entries[0]);
    if (s == NULL)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->n_max = n_max;
    return s;
}

void hats_call_setups_free(struct hats_call_setups *setups) {
    if (setups == NULL)
        return;
    for (size_t i = 0; i < setups->n_max; i++) {
        assert(setups->entries[i].users == 0);
        hats_encryption_setup_free(setups->entries[i].setup);
    }
    pthread_mutex_destroy(&setups->lock);
    hats_free(setups);
}

static bool is_it(const struct entry *e, const struct entry *key) {
    return e->setup != NULL && e->suite == key->suite &&
           e->has_data_commitment == key->has_data_commitment &&
           memcmp(e->plan_digest, key->plan_digest, 32) == 0;
}

/* The entry of this key; else an empty place; else the one not used for the longest time; NULL when all are
 * in use. */
static struct entry *place_of(struct hats_call_setups *s, const struct entry *key) {
    struct entry *oldest = NULL;
    for (size_t i = 0; i < s->n_max; i++) {
        struct entry *e = &s->entries[i];
        if (is_it(e, key))
            return e;
        if (e->users == 0 && (oldest == NULL || e->used < oldest->used))
            oldest = e;
    }
    return oldest;
}

hats_status hats_call_setups_take(struct hats_call_setups *setups,
                                  const struct hats_encryption_setup **out, unsigned suite,
                                  const struct hats_plan *plan, const uint8_t plan_digest[32],
                                  bool has_data_commitment, struct hats_error *err) {
    struct entry key = {.suite = suite, .has_data_commitment = has_data_commitment};
    hats_status s = HATS_OK;
    memcpy(key.plan_digest, plan_digest, 32);
    *out = NULL;
    pthread_mutex_lock(&setups->lock);
    struct entry *e = place_of(setups, &key);
    if (e == NULL) {
        s = hats_fail(err, HATS_E_MEMORY, "all of %zu proof setups are in use", setups->n_max);
    } else if (!is_it(e, &key)) {
        s = hats_call_setup_new(&key.setup, suite, plan, has_data_commitment, err);
        if (s == HATS_OK) {
            hats_encryption_setup_free(e->setup);
            *e = key;
        }
    }
    if (s == HATS_OK) {
        e->users++;
        e->used = ++setups->clock;
        *out = e->setup;
    }
    pthread_mutex_unlock(&setups->lock);
    return s;
}

void hats_call_setups_give(struct hats_call_setups *setups,
                           const struct hats_encryption_setup *setup) {
    if (setup == NULL)
        return;
    pthread_mutex_lock(&setups->lock);
    for (size_t i = 0; i < setups->n_max; i++)
        if (setups->entries[i].setup == setup)
            setups->entries[i].users--;
    pthread_mutex_unlock(&setups->lock);
}
