/* Following a log: who remembers the last checkpoint sees when the log goes back or forks.
 *
 *     remembered: signed, size m --consistency proof, from tiles--> served now: signed, size n >= m
 *
 * Clients follow the logs of their servers; a witness follows, and signs what it accepted. The memory is one file, the
 * checkpoint as the log signed it. When a served checkpoint does not continue the remembered one, the new one is kept
 * beside it (FILE.conflict): two signed statements of one log that exclude each other, which convince anybody.
 */
#ifndef HATS_LOG_FOLLOW_H
#define HATS_LOG_FOLLOW_H

#include "log/reader.h"

struct hats_log_followed {
    struct hats_tree_head head; /* of the log now */
    uint64_t before;            /* size remembered */
    bool first;                 /* nothing was remembered */
};
/* Compares and remembers; the new memory is on the disk when HATS_OK is returned, and is held against other processes
 * meanwhile. HATS_E_VERIFY: backwards, forked or another log, named in err; the memory stays. HATS_E_NOT_FOUND: no
 * checkpoint is served though one is remembered, or none at all. Errors of reader.h. `note` (may be NULL) gets the
 * checkpoint's bytes. */
HATS_MUST_USE hats_status hats_log_follow(struct hats_log_followed *out, struct hats_buffer *note,
                                          const char *memory_path,
                                          const struct hats_log_files *files,
                                          const struct hats_trust *trust, uint64_t now_ms,
                                          struct hats_error *err);

/* Follows, then appends to `out` the checkpoint with this witness's line added, in the log's own order of lines. The
 * memory is on the disk before anything is signed. */
HATS_MUST_USE hats_status hats_log_witness(struct hats_log_followed *followed,
                                           struct hats_buffer *out, const char *memory_path,
                                           const struct hats_log_files *files,
                                           const struct hats_trust *trust,
                                           const struct hats_sign_key *key, const char *name,
                                           uint64_t now_ms, struct hats_error *err);

#endif
