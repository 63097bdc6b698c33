#include "provenance/bundle.h"

#include "base/arena.h"
#include "hash/sha256.h"

#include <string.h>

typedef enum hats_provenance_refusal refusal;
#define HOLDS HATS_PROVENANCE_HOLDS

struct check {
    struct hats_provenance_verdict *out;
    const struct hats_provenance_bundle *bundle;
    const struct hats_provenance_request *request;
    const struct hats_provenance_policy *policy;
    struct hats_error *err;
    struct hats_cose root_file, grant_file;
};

static refusal refuse(const struct check *c, refusal r, const char *why) {
    (void)hats_fail(c->err, HATS_E_VERIFY, "provenance: %s", why);
    return r;
}

/* --- revocation --- */

hats_status hats_revocations_load(struct hats_revocations *out, const uint8_t *bytes,
                                  size_t len_bytes, const struct hats_trust *trust, uint64_t now_ms,
                                  struct hats_error *err) {
    struct hats_cose file;
    const struct hats_trust_key *key;
    enum hats_signer_state state;
    hats_status s = hats_revocations_parse(out, &file, bytes, len_bytes, err);
    if (s != HATS_OK)
        return s;
    s = hats_trust_check(
        &file, &key, &state, trust,
        (enum hats_role)(HATS_ROLE_SOURCE | HATS_ROLE_AUTHORISER | HATS_ROLE_PROCESSOR),
        out->issued_ms, now_ms, err);
    if (s != HATS_OK)
        hats_revocations_clear(out);
    return s;
}

/* Has the issuer taken back the file of this digest? */
static bool revoked(const struct check *c, const uint8_t kid[32], const uint8_t digest[32]) {
    for (size_t i = 0; i < c->policy->n_lists; i++) {
        const struct hats_revocations *list = &c->policy->lists[i];
        const struct hats_revocation *item = hats_revocations_find(list, digest);
        if (memcmp(list->kid, kid, 32) == 0 && item != NULL && item->from_ms <= c->request->now_ms)
            return true;
    }
    return false;
}

static bool list_is_current(const struct check *c, const uint8_t kid[32]) {
    for (size_t i = 0; i < c->policy->n_lists; i++)
        if (memcmp(c->policy->lists[i].kid, kid, 32) == 0 &&
            c->policy->lists[i].next_ms >= c->request->now_ms)
            return true;
    return !c->policy->want_lists;
}

static refusal check_revoked(const struct check *c, const uint8_t kid[32],
                             const struct hats_provenance_bundle_file *file, refusal because) {
    uint8_t digest[HATS_SHA256_LEN];
    hats_sha256(digest, file->bytes, file->len);
    if (revoked(c, kid, digest))
        return refuse(c, because, "its issuer has revoked it");
    return list_is_current(c, kid)
               ? HOLDS
               : refuse(c, HATS_PROVENANCE_LIST_STALE,
                        "no list of revocations of an issuer is at hand that is still current");
}

/* --- what the request says, and what the records are --- */

static refusal check_records(const struct check *c) {
    const struct hats_provenance_bundle *b = c->bundle;
    const struct hats_provenance_request *q = c->request;
    if (q->commitments != NULL && q->n_records != b->n_records)
        return refuse(c, HATS_PROVENANCE_RECORD_FOREIGN, "another number of records");
    for (size_t i = 0; i < b->n_records; i++) {
        const struct hats_provenance_bundle_record *r = &b->records[i];
        uint8_t leaf[HATS_SHA256_LEN];
        if (q->commitments != NULL && memcmp(q->commitments[i], r->commitment.c_d, 32) != 0)
            return refuse(c, HATS_PROVENANCE_RECORD_FOREIGN,
                          "the commitment to a record is not that of the request");
        hats_record_leaf(leaf, r->index, &r->commitment);
        if (!hats_tree_verify(c->out->root.root, c->out->root.n_records, r->index, leaf, r->path,
                              r->path_len))
            return refuse(c, HATS_PROVENANCE_RECORD_ABSENT, "a record is not in the signed root");
    }
    return HOLDS;
}

static refusal check_root_time(const struct check *c) {
    const struct hats_source_root *root = &c->out->root;
    uint64_t now = c->request->now_ms, age = now > root->signed_ms ? now - root->signed_ms : 0;
    if (root->signed_ms > now && root->signed_ms - now > HATS_SIGNED_SKEW_MS)
        return refuse(c, HATS_PROVENANCE_SOURCE_FUTURE, "the root is of the future");
    if (now > root->until_ms)
        return refuse(c, HATS_PROVENANCE_SOURCE_EXPIRED, "the root has expired");
    if (c->policy->max_age_ms != 0 && age > c->policy->max_age_ms)
        return refuse(c, HATS_PROVENANCE_SOURCE_AGE, "the root is older than is accepted");
    for (size_t i = 0; i < c->policy->n_known; i++) {
        const struct hats_known_root *k = &c->policy->known[i];
        if (memcmp(k->kid, c->root_file.kid, 32) == 0 && k->signed_ms == root->signed_ms &&
            strcmp(k->dataset, root->dataset) == 0 && memcmp(k->root, root->root, 32) != 0)
            return refuse(c, HATS_PROVENANCE_SOURCE_CONFLICT,
                          "the source has signed another root for the same time");
    }
    return HOLDS;
}

static bool purpose_is_accepted(const struct check *c, uint32_t purpose) {
    for (size_t i = 0; i < c->policy->n_purposes; i++)
        if (c->policy->purposes[i] == purpose)
            return true;
    return c->policy->n_purposes == 0;
}

static bool differs(const uint8_t *wanted, const uint8_t have[32]) {
    return wanted != NULL && memcmp(wanted, have, 32) != 0;
}

static refusal check_scope(const struct check *c) {
    const struct hats_source_root *root = &c->out->root;
    const struct hats_grant *g = &c->out->grant;
    const struct hats_provenance_request *q = c->request;
    if (memcmp(g->source_kid, c->root_file.kid, 32) != 0 ||
        strcmp(g->dataset, root->dataset) != 0 ||
        (g->has_root && memcmp(g->root, root->root, 32) != 0))
        return refuse(c, HATS_PROVENANCE_GRANT_SOURCE, "the grant is for other data");
    if (memcmp(g->schema_digest, root->schema_digest, 32) != 0)
        return refuse(c, HATS_PROVENANCE_GRANT_SCHEMA, "the grant is for another schema");
    if (differs(q->transform_digest, g->transform_digest))
        return refuse(c, HATS_PROVENANCE_GRANT_TRANSFORM,
                      "the grant is for another transformation");
    if (differs(q->model_commitment, g->model_commitment))
        return refuse(c, HATS_PROVENANCE_GRANT_MODEL, "the grant is for another model");
    if (q->purpose != 0 && q->purpose != g->purpose)
        return refuse(c, HATS_PROVENANCE_GRANT_PURPOSE, "the grant is for another purpose");
    if (g->has_owner && differs(q->owner, g->owner))
        return refuse(c, HATS_PROVENANCE_GRANT_OWNER, "the grant is for another owner");
    return HOLDS;
}

static refusal check_grant_time(const struct check *c) {
    const struct hats_grant *g = &c->out->grant;
    uint64_t now = c->request->now_ms;
    if (now < g->from_ms || (g->issued_ms > now && g->issued_ms - now > HATS_SIGNED_SKEW_MS))
        return refuse(c, HATS_PROVENANCE_GRANT_EARLY, "the grant is not valid yet");
    if (now > g->until_ms)
        return refuse(c, HATS_PROVENANCE_GRANT_EXPIRED, "the grant has expired");
    if (!purpose_is_accepted(c, g->purpose))
        return refuse(c, HATS_PROVENANCE_PURPOSE_REFUSED,
                      "the purpose of the grant is not one that is accepted here");
    return HOLDS;
}

/* --- the lineage and the signatures --- */

static refusal build_lineage(const struct check *c) {
    struct hats_lineage *l = &c->out->lineage;
    const struct hats_provenance_bundle *b = c->bundle;
    refusal r = HOLDS;
    for (size_t i = 0; r == HOLDS && i < b->n_ancestors; i++)
        r = hats_lineage_add(l, b->ancestors[i].bytes, b->ancestors[i].len, c->err);
    if (r == HOLDS)
        r = hats_lineage_add(l, b->root.bytes, b->root.len, c->err);
    if (r == HOLDS)
        r = hats_lineage_close(l, c->err);
    if (r != HOLDS || b->input.bytes == NULL)
        return r;
    r = hats_lineage_add(l, b->input.bytes, b->input.len, c->err);
    if (r != HOLDS)
        return r;
    const struct hats_lineage_node *input = &l->nodes[l->n_nodes - 1];
    if (input->kind != HATS_STEP_INPUT || input->n_parents != 1 ||
        input->parents[0] + 2 != l->n_nodes)
        return refuse(c, HATS_PROVENANCE_LINEAGE_LOOSE,
                      "the last step does not lead from the table to an input");
    if (b->n_records != 1 || memcmp(input->out, b->records[0].commitment.c_d, 32) != 0 ||
        memcmp(input->parameters, c->out->grant.transform_digest, 32) != 0)
        return refuse(c, HATS_PROVENANCE_LINEAGE_COMMITMENT,
                      "the last step is of another record or transformation");
    return HOLDS;
}

static const struct hats_provenance_bundle_file *file_of(const struct hats_provenance_bundle *b,
                                                         size_t node) {
    if (node < b->n_ancestors)
        return &b->ancestors[node];
    return node == b->n_ancestors ? &b->root : &b->input;
}

static refusal as_source(refusal r) {
    if (r == HATS_PROVENANCE_LINEAGE_SIGNATURE)
        return HATS_PROVENANCE_SOURCE_SIGNATURE;
    return r == HATS_PROVENANCE_LINEAGE_UNTRUSTED ? HATS_PROVENANCE_SOURCE_UNTRUSTED : r;
}

static refusal judge_lineage(const struct check *c) {
    struct hats_lineage *l = &c->out->lineage;
    refusal r = HOLDS;
    for (size_t i = 0; r == HOLDS && i < l->n_nodes; i++) {
        const struct hats_provenance_bundle_file *file = file_of(c->bundle, i);
        bool table = i == c->bundle->n_ancestors;
        struct hats_lineage_node *node = &l->nodes[i];
        r = hats_lineage_judge(node, file->bytes, file->len, c->policy->trust, c->request->now_ms,
                               c->err);
        if (table)
            r = as_source(r);
        if (r == HOLDS)
            r = check_revoked(c, node->kid, file,
                              table ? HATS_PROVENANCE_SOURCE_REVOKED
                                    : HATS_PROVENANCE_LINEAGE_REVOKED);
        if (r == HOLDS && table)
            c->out->source = node->key;
    }
    return r;
}

static refusal judge_grant(const struct check *c) {
    enum hats_signer_state state;
    hats_status s =
        hats_trust_check(&c->grant_file, &c->out->authoriser, &state, c->policy->trust,
                         HATS_ROLE_AUTHORISER, c->out->grant.issued_ms, c->request->now_ms, c->err);
    if (s == HATS_OK)
        return check_revoked(c, c->grant_file.kid, &c->bundle->grant,
                             HATS_PROVENANCE_GRANT_REVOKED);
    c->out->authoriser = NULL;
    if (s == HATS_E_VERIFY)
        return HATS_PROVENANCE_GRANT_SIGNATURE;
    return s == HATS_E_TRUST ? HATS_PROVENANCE_GRANT_UNTRUSTED : HATS_PROVENANCE_FAILED;
}

static refusal parse(struct check *c) {
    struct hats_provenance_verdict *out = c->out;
    const struct hats_provenance_bundle *b = c->bundle;
    if (hats_source_root_parse(&out->root, &c->root_file, b->root.bytes, b->root.len, c->err) !=
            HATS_OK ||
        hats_grant_parse(&out->grant, &c->grant_file, b->grant.bytes, b->grant.len, c->err) !=
            HATS_OK)
        return HATS_PROVENANCE_MALFORMED;
    memcpy(out->source_kid, c->root_file.kid, 32);
    memcpy(out->authoriser_kid, c->grant_file.kid, 32);
    return HOLDS;
}

/* Signatures last: they cost most. */
static refusal check_all(struct check *c) {
    refusal r = parse(c);
    if (r == HOLDS)
        r = build_lineage(c);
    if (r == HOLDS) {
        const struct hats_lineage *l = &c->out->lineage;
        memcpy(c->out->lineage_root, l->nodes[l->n_nodes - 1].id, 32);
        r = check_records(c);
    }
    if (r == HOLDS)
        r = check_root_time(c);
    if (r == HOLDS)
        r = check_scope(c);
    if (r == HOLDS)
        r = check_grant_time(c);
    if (r == HOLDS)
        r = judge_lineage(c);
    return r == HOLDS ? judge_grant(c) : r;
}

static hats_status status_of(refusal r) {
    switch (r) {
    case HATS_PROVENANCE_HOLDS: return HATS_OK;
    case HATS_PROVENANCE_MALFORMED:
    case HATS_PROVENANCE_LINEAGE_MALFORMED: return HATS_E_MALFORMED;
    case HATS_PROVENANCE_SOURCE_UNTRUSTED:
    case HATS_PROVENANCE_GRANT_UNTRUSTED:
    case HATS_PROVENANCE_LINEAGE_UNTRUSTED: return HATS_E_TRUST;
    case HATS_PROVENANCE_FAILED: return HATS_E_CRYPTO;
    default: return HATS_E_VERIFY;
    }
}

hats_status hats_provenance_verify(struct hats_provenance_verdict *out, const uint8_t *bytes,
                                   size_t len_bytes, const struct hats_provenance_request *request,
                                   const struct hats_provenance_policy *policy,
                                   struct hats_error *err) {
    struct hats_error own = {0};
    struct hats_provenance_bundle *bundle = hats_alloc(sizeof *bundle);
    struct check c = {.out = out,
                      .bundle = bundle,
                      .request = request,
                      .policy = policy,
                      .err = err != NULL ? err : &own};
    memset(out, 0, sizeof *out);
    if (bundle == NULL) {
        out->refusal = HATS_PROVENANCE_FAILED;
        return hats_fail(err, HATS_E_MEMORY, "no memory to check provenance");
    }
    out->refusal = HATS_PROVENANCE_MALFORMED;
    if (hats_provenance_bundle_decode(bundle, bytes, len_bytes, c.err) == HATS_OK)
        out->refusal = check_all(&c);
    hats_free(bundle);
    hats_status s = status_of(out->refusal);
    if (s != HATS_OK && c.err->status != HATS_OK)
        c.err->status = s;
    return s;
}
