/* Where a table came from: source roots and steps as a graph without cycles.
 *
 *     root of source ----> transform ----> root ----> store ----> root ----> input of a call
 *           (1)              (2)            (1)        (3)         (1)            (4)
 *
 * Nodes stand in an order in which everything is made from what stands before it; an edge is an id together
 * with a commitment, which must be the one that the earlier node made. Nodes without trust are still a graph:
 * structure and signatures are judged apart, so that a lineage of strangers can be drawn.
 */
#ifndef HATS_PROVENANCE_LINEAGE_H
#define HATS_PROVENANCE_LINEAGE_H

#include "provenance/grant.h"
#include "provenance/refusal.h"
#include "provenance/step.h"

#define HATS_LINEAGE_MAX 64 /* nodes */

struct hats_lineage_node {
    uint8_t id[32];
    enum hats_step_kind kind;
    bool is_root; /* a source root, with or without lineage; else a step */
    char text[HATS_STEP_TEXT_MAX];
    char issuer[HATS_ISSUER_MAX]; /* as the file says; the key says more */
    uint8_t kid[32];
    size_t n_parents;
    size_t parents[HATS_STEP_MAX_PARENTS]; /* places of earlier nodes */
    uint8_t out[32], parameters[32];
    uint64_t n_records;               /* of a root; 0 for a step */
    uint64_t time_ms, until_ms;       /* until: roots; HATS_TIME_NONE for steps */
    const struct hats_trust_key *key; /* NULL: not trusted, or not judged */
    enum hats_signer_state signer;
};
struct hats_lineage {
    size_t n_nodes;
    struct hats_lineage_node nodes[HATS_LINEAGE_MAX];
};

/* Adds the node of a signed file, and its edges to nodes that are there. */
HATS_MUST_USE enum hats_provenance_refusal hats_lineage_add(struct hats_lineage *l,
                                                            const uint8_t *file, size_t len_bytes,
                                                            struct hats_error *err);
/* Checks the signature of the node made from this file, and judges its signer: sources for roots without
 * lineage, processors for roots with one and for steps, owners too for inputs. */
HATS_MUST_USE enum hats_provenance_refusal hats_lineage_judge(struct hats_lineage_node *node,
                                                              const uint8_t *file, size_t len_bytes,
                                                              const struct hats_trust *trust,
                                                              uint64_t now_ms,
                                                              struct hats_error *err);
/* Does every node lead to the last? */
HATS_MUST_USE enum hats_provenance_refusal hats_lineage_close(const struct hats_lineage *l,
                                                              struct hats_error *err);

#endif
