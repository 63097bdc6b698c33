/* The table of suites (docs/FORMATS.md, section 8.3): what setup.c computes everything else from. */
#ifndef HATS_STARK_SUITE_H
#define HATS_STARK_SUITE_H

#include "stark/soundness.h"

#include "base/bytes.h"

/* Linear relations that the weights of a statement's sums batch, at most. */
#define HATS_STARK_MAX_LINEAR (1u << 20)

struct hats_stark_suite_row {
    unsigned id;
    const char *name;
    unsigned log_blowup, grinding;
    enum hats_stark_regime regime;
    int32_t target;     /* thousandths of a bit; 0: none is promised */
    unsigned n_queries; /* where none is promised */
};

/* NULL for an unknown id. */
const struct hats_stark_suite_row *hats_stark_suite_of(unsigned suite);

#endif
