#include "client/connection.h"

#include "base/bytes.h"
#include "base/random.h"
#include "cbor/cbor.h"
#include "hash/sha256.h"

#include <stdio.h>

#define NAME_ALPHABET "abcdefghijklmnopqrstuvwxyz0123456789._-"

static hats_status fetch(struct hats_client *client, struct hats_buffer *out, const char *name,
                         const char *what, struct hats_error *err) {
    char path[160];
    size_t len = strlen(name);
    if (len == 0 || len >= 64 || strspn(name, NAME_ALPHABET) != len)
        return hats_fail(err, HATS_E_USAGE,
                         "'%.70s' is no model name: 1 to 63 of a-z, 0-9, '.', '_', '-'", name);
    snprintf(path, sizeof path, "/v1/models/%s/%s", name, what);
    return hats_client_get(client, out, path, err);
}

static hats_status check_published(const struct hats_client_model *m, const char *name,
                                   struct hats_error *err) {
    const struct hats_publication *p = &m->publication;
    if (strcmp(p->name, name) != 0)
        return hats_fail(err, HATS_E_VERIFY,
                         "the server sent the model '%s' where '%s' was asked for; nothing was "
                         "sent",
                         p->name, name);
    if (!hats_equal_ct(p->plan_digest, m->plan_digest, 32))
        return hats_fail(err, HATS_E_VERIFY,
                         "the plan that the server sent is not the one its "
                         "publisher signed; nothing was sent");
    if (strcmp(p->name, m->plan->name) != 0 || strcmp(p->model_version, m->plan->version) != 0 ||
        p->set_id != m->plan->set_id || p->log_t != m->plan->log_t)
        return hats_fail(err, HATS_E_VERIFY,
                         "publication and plan of the model contradict each other");
    return HATS_OK;
}

hats_status hats_client_model_open(struct hats_client_model *out, struct hats_client *client,
                                   const char *name, struct hats_error *err) {
    struct hats_client_model m = {0};
    const struct hats_trust_key *key = NULL;
    *out = m;
    struct hats_buffer *plan = &m.plan_bytes, *publication = &m.publication_bytes;
    hats_buffer_init(plan, HATS_PLAN_MAX_BYTES);
    hats_buffer_init(publication, HATS_PUBLICATION_MAX_BYTES);
    hats_status s = fetch(client, publication, name, "publication", err);
    if (s == HATS_OK)
        s = hats_publication_verify(&m.publication, &key, publication->data, publication->len,
                                    &client->trust, hats_now_ms(), err);
    if (s == HATS_OK)
        memcpy(m.signer, key->name, sizeof m.signer);
    if (s == HATS_OK)
        s = fetch(client, plan, name, "plan", err);
    if (s == HATS_OK)
        s = hats_plan_decode(&m.plan, plan->data, plan->len, err);
    if (s == HATS_OK) {
        hats_plan_digest(m.plan_digest, plan->data, plan->len);
        s = check_published(&m, name, err);
    }
    if (s == HATS_OK)
        s = hats_fhe_params_init(&m.params, m.plan->set_id, m.plan->log_t, err);
    if (s == HATS_OK) {
        m.ciphertext_len = hats_linear_ciphertext_bytes(m.plan->set_id, &m.plan->shape);
        m.answer_len = hats_linear_answer_bytes(m.plan->set_id, &m.plan->shape);
        if (hats_plan_box_digest(m.box_digest, m.plan->lo, m.plan->hi, m.plan->shape.d) != HATS_OK)
            s = hats_fail(err, HATS_E_MEMORY, "the plan's bounds cannot be digested");
    }
    if (s == HATS_OK)
        *out = m;
    else
        hats_client_model_clear(&m);
    return s;
}

void hats_client_model_clear(struct hats_client_model *model) {
    hats_plan_free(model->plan);
    hats_buffer_clear(&model->plan_bytes);
    hats_buffer_clear(&model->publication_bytes);
    *model = (struct hats_client_model){0};
}
