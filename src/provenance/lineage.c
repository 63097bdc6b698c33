#include "provenance/lineage.h"

#include "hash/sha256.h"

#include <stdio.h>
#include <string.h>

static enum hats_provenance_refusal refuse(struct hats_error *err, enum hats_provenance_refusal r,
                                           size_t place, const char *why) {
    (void)hats_fail(err, HATS_E_VERIFY, "lineage: node %zu: %s", place + 1, why);
    return r;
}

/* What a node is made from, before it is found among the others. */
struct origin {
    size_t n;
    struct hats_step_parent parents[HATS_STEP_MAX_PARENTS];
};

static void take_root(struct hats_lineage_node *node, struct origin *from,
                      const struct hats_source_root *root) {
    node->is_root = true;
    node->kind = HATS_STEP_SOURCE;
    (void)snprintf(node->text, sizeof node->text, "%s", root->dataset);
    memcpy(node->out, root->root, 32);
    memcpy(node->parameters, root->schema_digest, 32);
    node->n_records = root->n_records;
    node->time_ms = root->signed_ms;
    node->until_ms = root->until_ms;
    from->n = root->has_lineage;
    memcpy(from->parents[0].id, root->lineage, 32);
    memcpy(from->parents[0].commitment, root->root, 32);
}

static void take_step(struct hats_lineage_node *node, struct origin *from,
                      const struct hats_step *step) {
    node->kind = step->kind;
    (void)snprintf(node->text, sizeof node->text, "%s", step->text);
    memcpy(node->out, step->out, 32);
    memcpy(node->parameters, step->parameters, 32);
    node->time_ms = step->done_ms;
    node->until_ms = HATS_TIME_NONE;
    from->n = step->n_parents;
    memcpy(from->parents, step->parents, sizeof from->parents);
}

static hats_status parse(struct hats_lineage_node *node, struct origin *from,
                         struct hats_cose *cose, const uint8_t *file, size_t len_bytes,
                         struct hats_error *err) {
    union {
        struct hats_source_root root;
        struct hats_step step;
    } as;
    memset(node, 0, sizeof *node);
    memset(from, 0, sizeof *from);
    node->signer = HATS_SIGNER_NOT_JUDGED;
    hats_status s = hats_cose_parse(cose, file, len_bytes, NULL, err);
    if (s != HATS_OK)
        return s;
    if (strcmp(cose->type, HATS_TYPE_SOURCE_ROOT) == 0) {
        s = hats_source_root_parse(&as.root, cose, file, len_bytes, err);
        if (s == HATS_OK)
            take_root(node, from, &as.root);
    } else {
        s = hats_step_parse(&as.step, cose, file, len_bytes, err);
        if (s == HATS_OK)
            take_step(node, from, &as.step);
    }
    hats_sha256(node->id, file, len_bytes);
    memcpy(node->kid, cose->kid, 32);
    memcpy(node->issuer, cose->issuer, sizeof node->issuer);
    return s;
}

static enum hats_provenance_refusal link_parent(struct hats_lineage *l,
                                                struct hats_lineage_node *node,
                                                const struct hats_step_parent *parent,
                                                struct hats_error *err) {
    size_t at = 0;
    while (at < l->n_nodes && memcmp(l->nodes[at].id, parent->id, 32) != 0)
        at++;
    if (at == l->n_nodes)
        return refuse(err, HATS_PROVENANCE_LINEAGE_DANGLING, l->n_nodes,
                      "made from something that does not stand before it");
    const struct hats_lineage_node *from = &l->nodes[at];
    if (memcmp(from->out, parent->commitment, 32) != 0)
        return refuse(err, HATS_PROVENANCE_LINEAGE_COMMITMENT, l->n_nodes,
                      "it reads another commitment than the earlier step made");
    if (from->time_ms > node->time_ms && from->time_ms - node->time_ms > HATS_SIGNED_SKEW_MS)
        return refuse(err, HATS_PROVENANCE_LINEAGE_TIME, l->n_nodes,
                      "it is older than what it is made from");
    node->parents[node->n_parents++] = at;
    return HATS_PROVENANCE_HOLDS;
}

enum hats_provenance_refusal hats_lineage_add(struct hats_lineage *l, const uint8_t *file,
                                              size_t len_bytes, struct hats_error *err) {
    struct origin from;
    struct hats_cose cose;
    enum hats_provenance_refusal r = HATS_PROVENANCE_HOLDS;
    if (l->n_nodes == HATS_LINEAGE_MAX)
        return refuse(err, HATS_PROVENANCE_LINEAGE_MALFORMED, l->n_nodes, "more than 64 of them");
    struct hats_lineage_node *node = &l->nodes[l->n_nodes];
    if (parse(node, &from, &cose, file, len_bytes, err) != HATS_OK)
        return HATS_PROVENANCE_LINEAGE_MALFORMED;
    for (size_t i = 0; i < l->n_nodes; i++)
        if (memcmp(l->nodes[i].id, node->id, 32) == 0)
            return refuse(err, HATS_PROVENANCE_LINEAGE_ORDER, l->n_nodes, "it stands there twice");
    for (size_t i = 0; r == HATS_PROVENANCE_HOLDS && i < from.n; i++)
        r = link_parent(l, node, &from.parents[i], err);
    if (r == HATS_PROVENANCE_HOLDS)
        l->n_nodes++;
    return r;
}

/* Any of these roles will do. */
static enum hats_role role_of(const struct hats_lineage_node *node) {
    if (node->is_root && node->n_parents == 0)
        return HATS_ROLE_SOURCE;
    return node->kind == HATS_STEP_INPUT ? (enum hats_role)(HATS_ROLE_PROCESSOR | HATS_ROLE_OWNER)
                                         : HATS_ROLE_PROCESSOR;
}

enum hats_provenance_refusal hats_lineage_judge(struct hats_lineage_node *node, const uint8_t *file,
                                                size_t len_bytes, const struct hats_trust *trust,
                                                uint64_t now_ms, struct hats_error *err) {
    struct hats_cose cose;
    if (hats_cose_parse(&cose, file, len_bytes, NULL, err) != HATS_OK)
        return HATS_PROVENANCE_LINEAGE_MALFORMED;
    hats_status s = hats_trust_check(&cose, &node->key, &node->signer, trust, role_of(node),
                                     node->time_ms, now_ms, err);
    if (s != HATS_OK)
        node->key = NULL;
    switch (s) {
    case HATS_OK: return HATS_PROVENANCE_HOLDS;
    case HATS_E_VERIFY: return HATS_PROVENANCE_LINEAGE_SIGNATURE;
    case HATS_E_TRUST: return HATS_PROVENANCE_LINEAGE_UNTRUSTED;
    default: return HATS_PROVENANCE_FAILED;
    }
}

enum hats_provenance_refusal hats_lineage_close(const struct hats_lineage *l,
                                                struct hats_error *err) {
    bool leads[HATS_LINEAGE_MAX] = {false};
    for (size_t i = l->n_nodes; i-- > 0;) {
        leads[i] |= i + 1 == l->n_nodes;
        if (!leads[i])
            return refuse(err, HATS_PROVENANCE_LINEAGE_LOOSE, i,
                          "nothing that follows is made from it");
        for (size_t k = 0; k < l->nodes[i].n_parents; k++)
            leads[l->nodes[i].parents[k]] = true;
    }
    return HATS_PROVENANCE_HOLDS;
}
