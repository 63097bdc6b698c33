/* What a reader asks of a receipt's place in a log, and what he learns of it; logged.h does it. */
#ifndef HATS_EVIDENCE_LOG_POLICY_H
#define HATS_EVIDENCE_LOG_POLICY_H

#include "evidence/checkpoint.h"

enum hats_log_state {
    HATS_LOG_ABSENT,  /* the file does not say that it is logged */
    HATS_LOG_UNKNOWN, /* by a log whose key is not trusted: nothing is concluded */
    HATS_LOG_HOLDS,
    HATS_LOG_BROKEN,
};
/* "not-in-this-file", "unknown-log", "holds", "broken" */
const char *hats_log_state_name(enum hats_log_state s);

/* What a reader asks for beyond a signature. */
struct hats_log_policy {
    bool logged; /* a receipt without a place in a trusted log is refused */
    unsigned
        witnesses; /* that many trusted witnesses must have cosigned; implies `logged` when not 0 */
};
struct hats_log_report {
    enum hats_log_state state;
    struct hats_tree_head head; /* root as computed */
    uint64_t index, time_s;
    unsigned n_witnesses; /* trusted ones, whose cosignatures hold */
    uint64_t witnessed_s; /* the latest time of one of them */
};

#endif
