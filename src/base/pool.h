/* A bounded thread pool: fixed workers, a fixed queue.
 *
 * Jobs run in the order they were put in. hats_pool_try_submit refuses instead of waiting when the
 * queue is full, which is how a server says 503 before it holds a body.
 */
#ifndef HATS_BASE_POOL_H
#define HATS_BASE_POOL_H

#include "base/status.h"

struct hats_pool;

/* n_threads in 1..256, queue_cap in 1..65536. NULL when memory or threads cannot be had. */
struct hats_pool *hats_pool_new(unsigned n_threads, unsigned queue_cap);
/* Runs what is queued, then stops and frees. pool may be NULL. */
void hats_pool_free(struct hats_pool *pool);
/* HATS_E_BUSY when the queue is full. */
HATS_MUST_USE hats_status hats_pool_try_submit(struct hats_pool *pool, void (*run)(void *),
                                               void *arg);
/* Jobs queued or running now. */
unsigned hats_pool_load(struct hats_pool *pool);
/* Processors this process may run on. */
unsigned hats_pool_cpu_count(void);

#endif
