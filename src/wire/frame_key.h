/* The one-time keys of one session, as the device holds them: in locked memory, each used once.
 *
 *     new    ->  table, root     into the session block
 *     take   ->  index           before the call's context is made, for that names the index
 *     sign   ->  frame           over the finished request
 *
 * An index that was taken is gone, whatever becomes of the call; a retry sends the same frame again. The last
 * index is kept for closing the session, which says by a bitmap which indices were used and that no other ever
 * will be. The secret is neither stored nor sent, is not in core dumps, and is gone from a forked child, which
 * is refused. A machine restored from a snapshot cannot be told from itself: the service would see an index
 * twice and burn the session. Thread-safe.
 */
#ifndef HATS_WIRE_FRAME_KEY_H
#define HATS_WIRE_FRAME_KEY_H

#include "wire/frame.h"

struct hats_frame_key;
/* n_calls in 2 .. HATS_FRAME_CALLS_MAX, the closing one included; takes 0.8 ms a call or so. HATS_E_RANDOM,
 * HATS_E_MEMORY (also: the system locks no more memory, ulimit -l). */
HATS_MUST_USE hats_status hats_frame_key_new(struct hats_frame_key **out, uint32_t n_calls,
                                             struct hats_error *err);
/* Wipes. */
void hats_frame_key_free(struct hats_frame_key *key);

/* All public. table: n_calls leaves, of which root is R_ots. */
const uint8_t *hats_frame_key_p(const struct hats_frame_key *key);
const uint8_t *hats_frame_key_table(const struct hats_frame_key *key);
void hats_frame_key_root(uint8_t root[HATS_SHA256_LEN], const struct hats_frame_key *key);
uint32_t hats_frame_key_calls(const struct hats_frame_key *key);

/* The next index for a call. HATS_E_BUSY: none is left but that of closing; open another session. */
HATS_MUST_USE hats_status hats_frame_key_take(struct hats_frame_key *key, uint32_t *index,
                                              struct hats_error *err);
/* The closing index, once; after it nothing can be taken. HATS_E_CONFLICT: it was taken before. */
HATS_MUST_USE hats_status hats_frame_key_take_last(struct hats_frame_key *key, uint32_t *index,
                                                   struct hats_error *err);
/* bitmap: (n_calls + 7) / 8 bytes; bit i % 8 of byte i / 8, least significant first, is whether index i was
 * taken. */
void hats_frame_key_taken(uint8_t *bitmap, struct hats_frame_key *key);

/* HATS_E_CONFLICT: the index was not taken, or has signed before, or the process is a fork of the one that made the
 * key. The index is spent on every outcome but these. */
HATS_MUST_USE hats_status hats_frame_key_sign(struct hats_frame_key *key,
                                              uint8_t frame[HATS_FRAME_LEN], uint32_t index,
                                              const uint8_t sid[32], const uint8_t r[32],
                                              struct hats_error *err);

#endif
