/* Reading a log that somebody serves as files: checkpoint and tiles, and what follows from them.
 *
 *     checkpoint --signature of the log--> size, root <--tiles--> proofs
 *
 * Nothing that comes from the server is believed: a root computed from tiles must be the signed one, and then every
 * proof made of them is checked like anybody's.
 */
#ifndef HATS_LOG_READER_H
#define HATS_LOG_READER_H

#include "base/cursor.h"
#include "evidence/checkpoint.h"
#include "evidence/tile.h"
#include "evidence/trust.h"

/* Where the files are. `get` appends the file "checkpoint" or "tile/..."; HATS_E_NOT_FOUND when there is none. */
struct hats_log_files {
    hats_status (*get)(void *arg, struct hats_buffer *out, const char *path,
                       struct hats_error *err);
    void *arg;
};
/* Files in a folder; `dir` must stay. */
struct hats_log_files hats_log_folder(const char *dir);

/* Appends the checkpoint's bytes, parses them into *out (which borrows from `note`) and checks that the trusted log of
 * that origin signed it. HATS_E_TRUST: no trusted key of such a log. */
HATS_MUST_USE hats_status hats_log_checkpoint(struct hats_checkpoint *out, struct hats_buffer *note,
                                              const struct hats_log_files *files,
                                              const struct hats_trust *trust, uint64_t now_ms,
                                              struct hats_error *err);
/* The same for bytes at hand. */
HATS_MUST_USE hats_status hats_log_checkpoint_check(struct hats_checkpoint *out,
                                                    const uint8_t *note, size_t len_bytes,
                                                    const struct hats_trust *trust, uint64_t now_ms,
                                                    struct hats_error *err);

/* Digests of the tree of `size` leaves, from tiles. hats_log_tree_free; tree may be NULL. */
struct hats_log_tree;
HATS_MUST_USE hats_status hats_log_tree_new(struct hats_log_tree **out, uint64_t size,
                                            const struct hats_log_files *files,
                                            struct hats_error *err);
void hats_log_tree_free(struct hats_log_tree *tree);
struct hats_tlog_source hats_log_tree_source(struct hats_log_tree *tree);
/* HATS_E_VERIFY: the tiles are not those of this head. */
HATS_MUST_USE hats_status hats_log_tree_check(struct hats_log_tree *tree,
                                              const struct hats_tree_head *head,
                                              struct hats_error *err);
/* Every leaf of the tree against its entry, and the tree against the head: the whole log is read. */
HATS_MUST_USE hats_status hats_log_check_all(const struct hats_log_files *files,
                                             const struct hats_tree_head *head,
                                             struct hats_error *err);

#endif
