/* The prover: a trace in, a proof out.
 *
 * Zero-knowledge, deterministic in (statement, trace, coins), and the same bytes for every number of threads
 * and every backend. coins must be 32 fresh secret bytes; they are hashed together with the trace and the
 * public input, so that a repeated or weak coin never masks two different statements alike
 * (docs/SECURITY.md). Field arithmetic is constant time in the trace; memory is wiped before it is freed.
 */
#ifndef HATS_STARK_PROVE_H
#define HATS_STARK_PROVE_H

#include "base/cursor.h"
#include "stark/setup.h"

#define HATS_STARK_COINS_LEN 32

/* Nanoseconds of processor time spent by the process in each phase, for benchmarks. */
struct hats_stark_times {
    uint64_t prepare, trace_ntt, trace_hash, aux, aux_ntt, aux_hash, constraints, quotient_ntt,
        quotient_hash;
    uint64_t open, fri, work, total;
};

/* Memory, tables and threads that outlive one proof. Whoever makes many proofs of one shape keeps one:
 * a first proof pays for fresh pages and twiddle tables, the following ones do not. It holds secrets of the
 * proofs made with it until it is freed (wiped). One proof at a time. */
struct hats_stark_workspace;
/* n_threads in 1..256. NULL when memory cannot be had. */
struct hats_stark_workspace *hats_stark_workspace_new(unsigned n_threads);
void hats_stark_workspace_free(struct hats_stark_workspace *w);
/* Bytes of memory it holds now, twiddle tables aside. */
size_t hats_stark_workspace_bytes(const struct hats_stark_workspace *w);

struct hats_stark_options {
    struct hats_stark_workspace *workspace; /* NULL: one for this proof, of n_threads */
    unsigned n_threads;                     /* without a workspace; 0 means 1 */
    struct hats_stark_times *times;         /* may be NULL */
};

/* trace[t][c * N + j] is row j of column c of table t, canonical. The proof is appended to `proof`.
 * A column's N words must be 64-byte aligned. HATS_E_MEMORY; HATS_E_VERIFY: the trace does not satisfy the
 * claims (hats_air_check says which, where); HATS_E_RANGE: an unlucky challenge that a fresh coin avoids
 * (probability below 2^-120).
 * options may be NULL. */
HATS_MUST_USE hats_status hats_stark_prove(struct hats_buffer *proof,
                                           const struct hats_stark_statement *statement,
                                           const uint64_t *const *trace,
                                           const uint8_t coins[HATS_STARK_COINS_LEN],
                                           const struct hats_stark_options *options,
                                           struct hats_error *err);

#endif
