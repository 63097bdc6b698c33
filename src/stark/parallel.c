#include "stark/parallel.h"

#include "base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

struct worker {
    struct hats_parallel *pool;
    pthread_t thread;
    unsigned number;
};

/* How often a thread looks before it sleeps: calls follow each other within microseconds, and waking takes
 * longer than that. */
enum { LOOKS = 500 };

struct hats_parallel {
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    atomic_uint_fast64_t round; /* counts calls of hats_parallel_for; changed under lock */
    atomic_uint n_busy;
    atomic_bool stop;
    void (*task)(void *arg, size_t i, unsigned thread);
    void *arg;
    size_t n_tasks;
    atomic_size_t next;
    unsigned n_workers; /* threads besides the caller's */
    struct worker workers[];
};

static void take_tasks(struct hats_parallel *p, unsigned thread) {
    for (;;) {
        size_t i = atomic_fetch_add(&p->next, 1);
        if (i >= p->n_tasks)
            return;
        p->task(p->arg, i, thread);
    }
}

static void breathe(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void *work(void *arg) {
    struct worker *w = arg;
    struct hats_parallel *p = w->pool;
    uint64_t seen = 0;
    for (;;) {
        for (int i = 0; i < LOOKS && atomic_load(&p->round) == seen && !atomic_load(&p->stop); i++)
            breathe();
        pthread_mutex_lock(&p->lock);
        while (atomic_load(&p->round) == seen && !atomic_load(&p->stop))
            pthread_cond_wait(&p->begin, &p->lock);
        seen = atomic_load(&p->round);
        pthread_mutex_unlock(&p->lock);
        if (atomic_load(&p->stop))
            return NULL;
        take_tasks(p, w->number);
        if (atomic_fetch_sub(&p->n_busy, 1) == 1) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->end);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

struct hats_parallel *hats_parallel_new(unsigned n_threads) {
    assert(n_threads >= 1 && n_threads <= 256);
    struct hats_parallel *p =
        hats_alloc(sizeof *p + (size_t)(n_threads - 1) * sizeof p->workers[0]);
    if (p == NULL)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->begin, NULL);
    pthread_cond_init(&p->end, NULL);
    for (unsigned i = 0; i + 1 < n_threads; i++) {
        struct worker *w = &p->workers[i];
        *w = (struct worker){.pool = p, .number = i + 1};
        if (pthread_create(&w->thread, NULL, work, w) != 0)
            break;
        p->n_workers++;
    }
    return p;
}

void hats_parallel_free(struct hats_parallel *p) {
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->stop, true);
    pthread_cond_broadcast(&p->begin);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n_workers; i++)
        pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->end);
    pthread_cond_destroy(&p->begin);
    pthread_mutex_destroy(&p->lock);
    hats_free(p);
}

unsigned hats_parallel_n_threads(const struct hats_parallel *p) { return p->n_workers + 1; }

void hats_parallel_for(struct hats_parallel *p, size_t n_tasks,
                       void (*task)(void *arg, size_t i, unsigned thread), void *arg) {
    if (p->n_workers == 0 || n_tasks <= 1) {
        for (size_t i = 0; i < n_tasks; i++)
            task(arg, i, 0);
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->task = task;
    p->arg = arg;
    p->n_tasks = n_tasks;
    atomic_store(&p->next, 0);
    atomic_store(&p->n_busy, p->n_workers);
    atomic_fetch_add(&p->round, 1);
    pthread_cond_broadcast(&p->begin);
    pthread_mutex_unlock(&p->lock);
    take_tasks(p, 0);
    for (int i = 0; i < LOOKS && atomic_load(&p->n_busy) != 0; i++)
        breathe();
    pthread_mutex_lock(&p->lock);
    while (atomic_load(&p->n_busy) != 0)
        pthread_cond_wait(&p->end, &p->lock);
    pthread_mutex_unlock(&p->lock);
}
