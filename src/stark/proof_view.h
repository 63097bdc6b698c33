/* A proof's bytes, taken apart (docs/FORMATS.md, section 8.8): what the verifier and `inspect` read.
 *
 * Spans point into the proof. Reading bounds everything by the bytes that are there and by the limits of
 * setup.h; whether the numbers are the right ones is for the reader to say.
 */
#ifndef HATS_STARK_PROOF_VIEW_H
#define HATS_STARK_PROOF_VIEW_H

#include "base/cursor.h"
#include "hash/merkle.h"
#include "stark/verify.h"

#define HATS_STARK_TAG_LEN 16
#define HATS_STARK_SALT_LEN 32
#define HATS_STARK_K_LEN 24 /* bytes of an element of K */

/* Leaves of one tree and their path. */
struct hats_stark_opening {
    unsigned n_leaves;
    uint32_t n_path; /* digests */
    size_t leaf_len_bytes;
    const uint8_t *leaves, *path;
};

struct hats_stark_proof {
    unsigned suite, n_tables, log_domain, n_queries, grinding, n_trees, n_folds;
    unsigned log_n[HATS_STARK_MAX_TABLES];
    const uint8_t *digest[HATS_STARK_MAX_TABLES];
    unsigned width[HATS_STARK_MAX_TREES]; /* of the trees that are there, in order */
    bool salted[HATS_STARK_MAX_TREES];
    uint32_t d_max, final_len, n_opened;
    const uint8_t *salt, *roots, *opened, *layer_roots, *final_polynomial, *nonce;
    struct hats_stark_opening trees[HATS_STARK_MAX_TREES], layers[HATS_STARK_MAX_FRI_LAYERS];
};

/* HATS_STARK_ACCEPTED, or why these bytes are no header: another tag or version, too few bytes, a number
 * beyond every limit. */
enum hats_stark_refusal hats_stark_read_header(struct hats_stark_proof *proof,
                                               struct hats_reader *r);
/* What comes after a header that was read, to the last byte: HATS_STARK_ACCEPTED or HATS_STARK_R_LENGTH. */
enum hats_stark_refusal hats_stark_read_body(struct hats_stark_proof *proof, struct hats_reader *r);

#endif
