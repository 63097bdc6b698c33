#include "base/pool.h"

#include "base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>

struct job {
    void (*run)(void *);
    void *arg;
};

struct hats_pool {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *ring;
    unsigned cap, head, queued, running;
    bool stop;
    unsigned n_threads;
    pthread_t threads[];
};

static void *worker(void *arg) {
    struct hats_pool *pool = arg;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->queued == 0 && !pool->stop)
            pthread_cond_wait(&pool->wake, &pool->lock);
        if (pool->queued == 0)
            break;
        struct job job = pool->ring[pool->head];
        pool->head = (pool->head + 1) % pool->cap;
        pool->queued--;
        pool->running++;
        pthread_mutex_unlock(&pool->lock);
        job.run(job.arg);
        pthread_mutex_lock(&pool->lock);
        pool->running--;
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct hats_pool *hats_pool_new(unsigned n_threads, unsigned queue_cap) {
    assert(n_threads >= 1 && n_threads <= 256 && queue_cap >= 1 && queue_cap <= 65536);
    struct hats_pool *pool = hats_alloc(sizeof *pool + n_threads * sizeof pool->threads[0]);
    if (pool == NULL)
        return NULL;
    pool->ring = hats_alloc_array(queue_cap, sizeof pool->ring[0]);
    if (pool->ring == NULL) {
        hats_free(pool);
        return NULL;
    }
    pool->cap = queue_cap;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    while (pool->n_threads < n_threads &&
           pthread_create(&pool->threads[pool->n_threads], NULL, worker, pool) == 0)
        pool->n_threads++;
    if (pool->n_threads < n_threads) {
        hats_pool_free(pool);
        return NULL;
    }
    return pool;
}

void hats_pool_free(struct hats_pool *pool) {
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->n_threads; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    hats_free(pool->ring);
    hats_free(pool);
}

hats_status hats_pool_try_submit(struct hats_pool *pool, void (*run)(void *), void *arg) {
    hats_status s = HATS_E_BUSY;
    pthread_mutex_lock(&pool->lock);
    if (pool->queued < pool->cap && !pool->stop) {
        pool->ring[(pool->head + pool->queued) % pool->cap] = (struct job){run, arg};
        pool->queued++;
        pthread_cond_signal(&pool->wake);
        s = HATS_OK;
    }
    pthread_mutex_unlock(&pool->lock);
    return s;
}

unsigned hats_pool_load(struct hats_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    unsigned n = pool->queued + pool->running;
    pthread_mutex_unlock(&pool->lock);
    return n;
}

unsigned hats_pool_cpu_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}
