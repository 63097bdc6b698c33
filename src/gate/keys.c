/* The key catalogue and the receipts, each tenant's own. */
#include "gate/internal.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"

bool hats_gate_parse_digest(uint8_t out[32], const char *hex) {
    return hex != NULL && strlen(hex) == 64 && hats_hex_decode(out, 32, hex, 64);
}

static enum hats_problem bad_kid(struct hats_error *detail) {
    return hats_gate_refuse(detail, HATS_PROBLEM_KEY_MALFORMED,
                            "A key identifier is 64 hexadecimal digits.");
}

static void fill_key(struct hats_gate_key *out, const struct hats_store_key *row) {
    memcpy(out->kid, row->kid, 32);
    memcpy(out->owner, row->owner, 32);
    out->set_id = row->set_id;
    out->registered_ms = row->registered_ms;
    out->revoked_ms = row->revoked_ms;
}

/* ---- registering ---- */

enum hats_problem hats_gate_key_admit(struct hats_gate *g, struct hats_gate_tenant *tenant,
                                      const char *authorization, const char *kid_hex,
                                      int64_t content_length, struct hats_error *detail) {
    uint8_t kid[32];
    enum hats_problem p = hats_gate_authenticate(g, tenant, authorization, detail);
    if (p != HATS_PROBLEM_NONE)
        return p; /* counted there */
    if (hats_gate_draining(g))
        p = HATS_PROBLEM_DRAINING;
    else if (!hats_gate_parse_digest(kid, kid_hex))
        p = bad_kid(detail);
    else if (content_length < 0)
        p = HATS_PROBLEM_LENGTH_REQUIRED;
    else if (content_length > HATS_REGISTRATION_MAX_BYTES)
        p = hats_gate_refuse(detail, HATS_PROBLEM_BODY_TOO_LARGE,
                             "A registration has at most %u bytes.", HATS_REGISTRATION_MAX_BYTES);
    return hats_gate_counted(g, p);
}

static bool origin_is_ours(const struct hats_gate *g, const char *origin) {
    for (size_t i = 0; i < g->config.n_origins; i++)
        if (strcmp(g->config.origins[i], origin) == 0)
            return true;
    return false;
}

static enum hats_problem check_registration(const struct hats_gate *g,
                                            struct hats_registration *reg,
                                            struct hats_store_nonce *nonce,
                                            const struct hats_gate_tenant *tenant,
                                            const char *kid_hex, const uint8_t *body,
                                            size_t len_bytes, struct hats_error *detail) {
    struct hats_error why = {0};
    uint8_t kid[32], rp_id[32];
    if (!hats_gate_parse_digest(kid, kid_hex))
        return bad_kid(detail);
    if (len_bytes > HATS_REGISTRATION_MAX_BYTES)
        return HATS_PROBLEM_BODY_TOO_LARGE;
    hats_status s = hats_registration_decode(reg, body, len_bytes, &why);
    if (s == HATS_E_VERIFY)
        return hats_gate_refuse(detail, HATS_PROBLEM_KEY_SIGNATURE, "%s.", why.text);
    if (s == HATS_E_CRYPTO || s == HATS_E_MEMORY)
        return HATS_PROBLEM_INTERNAL;
    if (s != HATS_OK)
        return hats_gate_refuse(detail, HATS_PROBLEM_KEY_MALFORMED, "%s.", why.text);
    if (memcmp(reg->kid, kid, 32) != 0)
        return hats_gate_refuse(detail, HATS_PROBLEM_KEY_MALFORMED,
                                "The path names another key than the body holds.");
    if (!origin_is_ours(g, reg->origin))
        return hats_gate_refuse(detail, HATS_PROBLEM_KEY_SIGNATURE,
                                "It is signed for %.200s; this server is %.200s.", reg->origin,
                                g->config.n_origins != 0 ? g->config.origins[0] : "(nameless)");
    hats_rp_id(rp_id, reg->origin);
    enum hats_problem p = hats_gate_clock_check(g, reg->unix_ms, detail);
    return p == HATS_PROBLEM_NONE ? hats_gate_nonce_check(g, nonce, tenant, reg->nonce, rp_id) : p;
}

/* The key must be one that can be evaluated with, before it takes a place in the catalogue. */
static enum hats_problem check_key(const struct hats_registration *reg, uint32_t *set_id,
                                   struct hats_error *detail) {
    struct hats_error why = {0};
    struct hats_fhe_public *pk;
    hats_status s = hats_fhe_public_decode(&pk, reg->public_key, reg->public_key_len, &why);
    if (s == HATS_E_MEMORY)
        return HATS_PROBLEM_INTERNAL;
    if (s != HATS_OK)
        return hats_gate_refuse(detail, HATS_PROBLEM_KEY_MALFORMED, "%s.", why.text);
    hats_fhe_public_free(pk);
    *set_id = hats_load_be32(reg->public_key + 16); /* decoded: the set stands after the tag */
    return HATS_PROBLEM_NONE;
}

static enum hats_problem explain_conflict(const struct hats_store_key *existing, int64_t tenant,
                                          struct hats_error *detail) {
    if (existing->tenant != tenant)
        return HATS_PROBLEM_KEY_FOREIGN;
    if (existing->revoked_ms != 0)
        return HATS_PROBLEM_KEY_REVOKED;
    return hats_gate_refuse(detail, HATS_PROBLEM_KEY_FOREIGN,
                            "It is registered with another owner key.");
}

static enum hats_problem register_key(struct hats_gate *g, bool *created, struct hats_gate_key *out,
                                      const struct hats_gate_tenant *tenant, const char *kid_hex,
                                      const uint8_t *body, size_t len_bytes,
                                      struct hats_error *detail) {
    struct hats_registration reg;
    struct hats_store_key existing, row = {.tenant = tenant->id};
    struct hats_error why = {0};
    struct hats_store_nonce nonce;
    enum hats_store_put how;
    enum hats_problem p =
        check_registration(g, &reg, &nonce, tenant, kid_hex, body, len_bytes, detail);
    if (p == HATS_PROBLEM_NONE)
        p = check_key(&reg, &row.set_id, detail);
    if (p == HATS_PROBLEM_NONE)
        p = hats_gate_key_proof_check(g, &reg, detail);
    if (p != HATS_PROBLEM_NONE)
        return p;
    memcpy(row.kid, reg.kid, 32);
    memcpy(row.owner, reg.owner, 32);
    row.registered_ms = hats_gate_now(g);
    hats_status s = hats_store_key_put(g->config.store, &how, &existing, &row, reg.public_key,
                                       reg.public_key_len, &nonce, &why);
    if (s == HATS_E_CONFLICT && how == HATS_STORE_NONCE_SPENT)
        return HATS_PROBLEM_CHALLENGE_USED;
    if (s == HATS_E_CONFLICT)
        return explain_conflict(&existing, tenant->id, detail);
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    *created = how == HATS_STORE_CREATED;
    fill_key(out, &existing);
    atomic_fetch_add(&g->registered, *created);
    return HATS_PROBLEM_NONE;
}

enum hats_problem hats_gate_key_register(struct hats_gate *g, bool *created,
                                         struct hats_gate_key *out,
                                         const struct hats_gate_tenant *tenant, const char *kid_hex,
                                         const uint8_t *body, size_t len_bytes,
                                         struct hats_error *detail) {
    *created = false;
    *out = (struct hats_gate_key){0};
    return hats_gate_counted(
        g, register_key(g, created, out, tenant, kid_hex, body, len_bytes, detail));
}

/* ---- the catalogue ---- */

static enum hats_problem get_key(struct hats_gate *g, struct hats_store_key *row,
                                 const struct hats_gate_tenant *tenant, const char *kid_hex,
                                 struct hats_error *detail) {
    struct hats_error why = {0};
    uint8_t kid[32];
    if (!hats_gate_parse_digest(kid, kid_hex))
        return bad_kid(detail);
    hats_status s = hats_store_key_get(g->config.store, row, kid, false, &why);
    if (s == HATS_E_NOT_FOUND)
        return HATS_PROBLEM_KEY_UNKNOWN;
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    return row->tenant == tenant->id ? HATS_PROBLEM_NONE : HATS_PROBLEM_KEY_FOREIGN;
}

enum hats_problem hats_gate_key_get(struct hats_gate *g, struct hats_gate_key *out,
                                    const struct hats_gate_tenant *tenant, const char *kid_hex,
                                    struct hats_error *detail) {
    struct hats_store_key row = {0};
    *out = (struct hats_gate_key){0};
    enum hats_problem p = get_key(g, &row, tenant, kid_hex, detail);
    if (p == HATS_PROBLEM_NONE)
        fill_key(out, &row);
    return hats_gate_counted(g, p);
}

static enum hats_problem revoke_key(struct hats_gate *g, struct hats_gate_key *out,
                                    const struct hats_gate_tenant *tenant, const char *kid_hex,
                                    struct hats_error *detail) {
    struct hats_store_key row = {0};
    struct hats_error why = {0};
    enum hats_problem p = get_key(g, &row, tenant, kid_hex, detail);
    if (p != HATS_PROBLEM_NONE)
        return p;
    hats_status s =
        hats_store_key_revoke(g->config.store, tenant->id, row.kid, hats_gate_now(g), &why);
    if (s != HATS_OK)
        return hats_gate_storage(detail, s, &why);
    p = get_key(g, &row, tenant, kid_hex, detail);
    if (p == HATS_PROBLEM_NONE)
        fill_key(out, &row);
    return p;
}

enum hats_problem hats_gate_key_revoke(struct hats_gate *g, struct hats_gate_key *out,
                                       const struct hats_gate_tenant *tenant, const char *kid_hex,
                                       struct hats_error *detail) {
    *out = (struct hats_gate_key){0};
    return hats_gate_counted(g, revoke_key(g, out, tenant, kid_hex, detail));
}

enum hats_problem hats_gate_keys(struct hats_gate *g, struct hats_gate_key **out, size_t *n,
                                 const struct hats_gate_tenant *tenant, size_t offset, size_t limit,
                                 struct hats_error *detail) {
    struct hats_store_key *rows;
    struct hats_error why = {0};
    *out = NULL;
    hats_status s = hats_store_keys(g->config.store, &rows, n, tenant->id, offset, limit, &why);
    if (s == HATS_OK) {
        *out = hats_alloc_array(*n + 1, sizeof **out);
        for (size_t i = 0; *out != NULL && i < *n; i++)
            fill_key(&(*out)[i], &rows[i]);
        hats_free(rows);
        s = *out != NULL ? HATS_OK : hats_fail(&why, HATS_E_MEMORY, "no memory for the list");
    }
    return s == HATS_OK ? HATS_PROBLEM_NONE
                        : hats_gate_counted(g, hats_gate_storage(detail, s, &why));
}

/* ---- receipts ---- */

enum hats_problem hats_gate_receipt(struct hats_gate *g, uint8_t **out, size_t *len_bytes,
                                    const struct hats_gate_tenant *tenant, const char *id_hex,
                                    struct hats_error *detail) {
    uint8_t id[32];
    struct hats_error why = {0};
    *out = NULL;
    *len_bytes = 0;
    hats_status s = HATS_E_NOT_FOUND;
    if (hats_gate_parse_digest(id, id_hex))
        s = hats_store_receipt_get(g->config.store, out, len_bytes, tenant->id, id, &why);
    if (s == HATS_OK)
        return HATS_PROBLEM_NONE;
    return hats_gate_counted(g, s == HATS_E_NOT_FOUND ? HATS_PROBLEM_RECEIPT_UNKNOWN
                                                      : hats_gate_storage(detail, s, &why));
}
