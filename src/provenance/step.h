/* One step of a lineage, signed by who did it: `*.step.cose`, type application/vnd.hats.step+cose.
 *
 *     1 version = 1 | 2 kind: 2 transformation, 3 store, 4 input | 3 what was done, in words |
 *     4 [[id of what it was made from b32, the commitment that was read b32]], 1 .. 16 of them |
 *     5 the commitment that was made b32 | 6 parameters b32: digest of the programme and its constants |
 *     7 done, ms since 1970
 *
 * The id of a step, and of a source root, which is where lineages begin (kind 1), is H(signed file). A step names
 * the ids of what it was made from, so no step can come before itself: a cycle would be a collision of SHA-256.
 * Commitments are Merkle roots of tables; that of an input is C_D of one record.
 *
 * A signature says who claims that the step was done so; that it was is proven for the last transformation only, by
 * the proof of encryption.
 */
#ifndef HATS_PROVENANCE_STEP_H
#define HATS_PROVENANCE_STEP_H

#include "provenance/root.h"

#define HATS_TYPE_STEP "application/vnd.hats.step+cose"
#define HATS_STEP_MAX_PARENTS 16
#define HATS_STEP_TEXT_MAX 128

enum hats_step_kind {
    HATS_STEP_SOURCE = 1, /* a source root */
    HATS_STEP_TRANSFORM = 2,
    HATS_STEP_STORE = 3,
    HATS_STEP_INPUT = 4,
};
/* "source", "transform", "store", "input" */
const char *hats_step_kind_name(enum hats_step_kind kind);

struct hats_step_parent {
    uint8_t id[32], commitment[32];
};
struct hats_step {
    enum hats_step_kind kind;
    char text[HATS_STEP_TEXT_MAX];
    size_t n_parents;
    struct hats_step_parent parents[HATS_STEP_MAX_PARENTS];
    uint8_t out[32];
    uint8_t parameters[32];
    uint64_t done_ms;
};
HATS_MUST_USE hats_status hats_step_sign(struct hats_buffer *out, const struct hats_step *step,
                                         const struct hats_sign_key *key, const char *name,
                                         struct hats_error *err);
HATS_MUST_USE hats_status hats_step_decode(struct hats_step *out, const uint8_t *payload,
                                           size_t len_bytes, struct hats_error *err);
HATS_MUST_USE hats_status hats_step_parse(struct hats_step *out, struct hats_cose *file,
                                          const uint8_t *bytes, size_t len_bytes,
                                          struct hats_error *err);

#endif
