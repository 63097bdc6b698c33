/* The log of a service: what its store sealed, as files that anybody can serve and check.
 *
 *     store: entry 0, 1, 2 ...  --update-->  tile/..., then checkpoint      (evidence/tile.h, checkpoint.h)
 *
 * The store decides; the files are a projection of it. An update reads the entries that are committed, writes the tiles
 * they fill, and at last the signed checkpoint, fsynced: killed at any point, the folder shows a prefix of the store.
 * At the start the tree is built again from the store, every tile is compared and mended, and a store that holds
 * less than what was signed, or something else, is refused: nobody signs two histories.
 *
 *     checkpoint               the largest tree, signed by the log, cosigned by witnesses who have seen it
 *     tile/<level>/<n>[.p/<w>], tile/entries/<n>[.p/<w>]
 *     witness/<any>.note       checkpoints of this log that witnesses cosigned, put there by them
 *
 * One writer has the folder, held by a lock.
 */
#ifndef HATS_LOG_WRITER_H
#define HATS_LOG_WRITER_H

#include "evidence/logged.h"
#include "evidence/tile.h"
#include "store/store.h"

struct hats_log_writer;

struct hats_log_writer_config {
    const char *dir;                 /* made when missing, mode 0755 */
    const char *origin;              /* the log's name */
    const struct hats_sign_key *key; /* ML-DSA-44; stays the caller's */
    const struct hats_trust *trust;  /* witnesses to listen to; NULL: none. Stays the caller's. */
    struct hats_store *store;        /* stays the caller's */
};
/* Rebuilds, mends, and signs a first checkpoint where there is none. HATS_E_VERIFY: the folder's checkpoint is not
 * of this store's history; HATS_E_CONFLICT: it is of another log or key; HATS_E_BUSY: another writer has the folder. */
HATS_MUST_USE hats_status hats_log_writer_open(struct hats_log_writer **out,
                                               const struct hats_log_writer_config *config,
                                               uint64_t now_s, struct hats_error *err);
/* writer may be NULL. */
void hats_log_writer_close(struct hats_log_writer *writer);

/* Brings the folder up to what the store holds; listens to witnesses. Nothing is written when nothing is new. After an
 * error the next update tries again. One thread at a time. */
HATS_MUST_USE hats_status hats_log_writer_update(struct hats_log_writer *writer, uint64_t now_s,
                                                 struct hats_error *err);
/* The tree that is signed. Any thread. */
void hats_log_writer_head(struct hats_log_writer *writer, struct hats_tree_head *out);
/* What a receipt carries: the place of `entry` in the largest tree that witnesses have seen and that holds it, or
 * else in the largest. HATS_E_NOT_FOUND: not in a signed tree yet. Any thread. */
HATS_MUST_USE hats_status hats_log_writer_evidence(struct hats_log_writer *writer,
                                                   struct hats_logged *out,
                                                   const uint8_t entry[HATS_ENTRY_LEN],
                                                   struct hats_error *err);

#endif
