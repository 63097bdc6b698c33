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

/* Nanoseconds spent, for benchmarks: wall time of each phase. */
struct hats_stark_times {
    uint64_t prepare, trace_ntt, trace_hash, aux, aux_ntt, aux_hash, constraints, quotient_ntt,
        quotient_hash;
    uint64_t open, fri, work, total;
};

struct hats_stark_options {
    unsigned n_threads;             /* 0 means 1 */
    struct hats_stark_times *times; /* may be NULL */
    bool check; /* run the row checker first: a wrong trace is named, not proven */
};

/* trace[t][c * N + j] is row j of column c of table t, canonical. The proof is appended to `proof`.
 * HATS_E_MEMORY; HATS_E_VERIFY: the check found a row that fails (err names it); HATS_E_RANGE: an
 * unlucky challenge that a fresh coin avoids (probability below 2^-120).
 * options may be NULL. */
HATS_MUST_USE hats_status hats_stark_prove(struct hats_buffer *proof,
                                           const struct hats_stark_statement *statement,
                                           const uint64_t *const *trace,
                                           const uint8_t coins[HATS_STARK_COINS_LEN],
                                           const struct hats_stark_options *options,
                                           struct hats_error *err);

#endif
