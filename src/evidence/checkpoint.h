/* Checkpoints: what a log, or a witness of it, signs about the whole tree [C2SP tlog-checkpoint, signed-note].
 *
 *     origin                          a name of the log: plain text without spaces and "+"
 *     size                            decimal
 *     root                            base64, 32 bytes
 *     (empty line)
 *     - name base64(key id (4) | time (8) | signature (2420))      a line for each signer; "-" is U+2014
 *
 *     key id     = SHA-256(name | 0x0a | 0x06 | public key)[:4]
 *     signature  = ML-DSA-44.Sign("subtree/v1\n\0" | len name | time | len origin | 0 (8) | size (8) | root)
 *                                                              [C2SP tlog-cosignature, ML-DSA-44]
 *
 * time is seconds since 1970, never 0 here: who signs says that this is the largest tree it has seen of this log,
 * and that all it has seen are prefixes of it. Log and witnesses sign the same form; the log's name is the origin.
 * A key that begins or ends within that second is judged by its end.
 * Extension lines are not signed in this form, so a checkpoint with any is refused. Lines of other signers and of
 * other kinds are kept and ignored, as signed notes demand.
 */
#ifndef HATS_EVIDENCE_CHECKPOINT_H
#define HATS_EVIDENCE_CHECKPOINT_H

#include "base/cursor.h"
#include "evidence/tlog.h"
#include "pq/mldsa.h"

#define HATS_CHECKPOINT_MAX_BYTES (64u << 10)
#define HATS_CHECKPOINT_LINES_MAX 16
#define HATS_NOTE_NAME_MAX 128                                    /* bytes with the final zero */
#define HATS_COSIGNATURE_SIGNATURE_LEN 2420                       /* ML-DSA-44 */
#define HATS_COSIGNATURE_LEN (8 + HATS_COSIGNATURE_SIGNATURE_LEN) /* time, signature */

struct hats_tree_head {
    char origin[HATS_NOTE_NAME_MAX];
    uint64_t size;
    uint8_t root[HATS_SHA256_LEN];
};

/* One line, borrowing from the note. */
struct hats_note_line {
    char name[HATS_NOTE_NAME_MAX];
    uint8_t key_id[4];
    const char *base64; /* of the whole signature, key id included */
    size_t base64_len;
};

struct hats_checkpoint {
    struct hats_tree_head head;
    size_t n_lines;
    struct hats_note_line lines[HATS_CHECKPOINT_LINES_MAX];
};

/* May it stand as a name in a note: plain text of 1 to 127 bytes without spaces and "+". */
bool hats_note_name_ok(const char *name);
/* The key id of an ML-DSA-44 cosigner. */
void hats_note_key_id(uint8_t out[4], const char *name, const uint8_t *public_key);

/* Time and raw signature; key must be ML-DSA-44 and time_s not 0, otherwise HATS_E_USAGE. */
HATS_MUST_USE hats_status hats_cosign(uint8_t out[HATS_COSIGNATURE_LEN],
                                      const struct hats_tree_head *head,
                                      const struct hats_sign_key *key, const char *name,
                                      uint64_t time_s, struct hats_error *err);
/* HATS_OK and the time. HATS_E_VERIFY: not a signature over this head under this name, or without a time. */
HATS_MUST_USE hats_status hats_cosign_verify(uint64_t *time_s,
                                             const uint8_t cosignature[HATS_COSIGNATURE_LEN],
                                             const struct hats_tree_head *head,
                                             const uint8_t *public_key, const char *name,
                                             struct hats_error *err);

/* Appends the three lines and the empty one; lines of signatures follow. HATS_E_USAGE for the origin. */
HATS_MUST_USE hats_status hats_checkpoint_begin(struct hats_buffer *out,
                                                const struct hats_tree_head *head,
                                                struct hats_error *err);
/* Appends a signature line. */
void hats_checkpoint_line(struct hats_buffer *out, const char *name, const uint8_t *public_key,
                          const uint8_t cosignature[HATS_COSIGNATURE_LEN]);
/* Strict: HATS_E_MALFORMED says which line; HATS_E_UNSUPPORTED for extension lines. `note` must stay. */
HATS_MUST_USE hats_status hats_checkpoint_parse(struct hats_checkpoint *out, const uint8_t *note,
                                                size_t len_bytes, struct hats_error *err);
/* The line of this signer: HATS_OK and its bytes (may be NULL) and time; HATS_E_NOT_FOUND: it has none;
 * HATS_E_VERIFY: it has one that does not hold. */
HATS_MUST_USE hats_status hats_checkpoint_verify(const struct hats_checkpoint *c,
                                                 uint8_t *cosignature, uint64_t *time_s,
                                                 const uint8_t *public_key, const char *name,
                                                 struct hats_error *err);

/* Two heads that are both signed by one log: do they show one history? */
enum hats_history {
    HATS_HISTORY_SAME,      /* one tree */
    HATS_HISTORY_GROWN,     /* the first is a prefix of the second */
    HATS_HISTORY_BACKWARDS, /* the second is smaller: somebody holds what the log no longer shows */
    HATS_HISTORY_FORKED,    /* neither is a prefix: a split view */
    HATS_HISTORY_OTHER,     /* of different logs */
};
/* "same", "grown", "backwards", "forked", "another log" */
const char *hats_history_name(enum hats_history h);
/* `path`, from old to new, is looked at when the new tree is larger; a path that does not hold gives FORKED, so the
 * caller makes it from tiles that are checked against the new root. err (may be NULL) gets the sentence for all
 * but SAME and GROWN. */
enum hats_history hats_history_of(const struct hats_tree_head *old,
                                  const struct hats_tree_head *now,
                                  const struct hats_tlog_path *path, struct hats_error *err);

#endif
