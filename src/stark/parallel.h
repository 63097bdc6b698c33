/* Fork and join: the same work for i = 0 .. n - 1, spread over a few threads.
 *
 * Tasks must be independent; which thread runs which task never shows in the result.
 */
#ifndef HATS_STARK_PARALLEL_H
#define HATS_STARK_PARALLEL_H

#include "base/status.h"

struct hats_parallel;

/* n_threads in 1..256, the calling thread included. NULL when memory cannot be had; fewer threads than asked
 * for are no error. */
struct hats_parallel *hats_parallel_new(unsigned n_threads);
void hats_parallel_free(struct hats_parallel *p);
unsigned hats_parallel_n_threads(const struct hats_parallel *p);
/* Calls task(arg, i, thread) for every i < n_tasks and returns when all are done; thread counts from 0 below
 * n_threads, so tasks may use scratch of their own. Not from within a task. */
void hats_parallel_for(struct hats_parallel *p, size_t n_tasks,
                       void (*task)(void *arg, size_t i, unsigned thread), void *arg);

#endif
