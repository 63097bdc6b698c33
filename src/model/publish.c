#include "model/publish.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "evidence/digest.h"
#include "evidence/publication.h"

#include <stdio.h>

static hats_status write_in(const char *dir, const char *name, unsigned mode, const void *data,
                            size_t len, struct hats_error *err) {
    char path[HATS_PATH_MAX];

    if (hats_path_join(path, dir, name) != HATS_OK)
        return hats_fail(err, HATS_E_RANGE, "%s: the path is too long", dir);
    return hats_file_write(path, mode, data, len, err);
}

static hats_status sign(struct hats_buffer *out, const struct hats_model *m,
                        const uint8_t salt[HATS_MODEL_SALT_LEN], const struct hats_sign_key *key,
                        const char *publisher, struct hats_error *err) {
    struct hats_publication p = {
        .set_id = m->plan->set_id, .log_t = m->plan->log_t, .published_ms = hats_now_ms()};

    if (strlen(publisher) == 0 || strlen(publisher) >= sizeof p.publisher)
        return hats_fail(err, HATS_E_RANGE, "the publisher's name is empty or over %zu bytes",
                         sizeof p.publisher - 1);
    (void)snprintf(p.publisher, sizeof p.publisher, "%s", publisher);
    (void)snprintf(p.name, sizeof p.name, "%s", m->plan->name);
    (void)snprintf(p.model_version, sizeof p.model_version, "%s", m->plan->version);
    memcpy(p.plan_digest, m->plan_digest, sizeof p.plan_digest);
    hats_evidence_model_commit(p.model_commitment, salt, m->manifest_digest);
    return hats_publication_sign(out, &p, key, err);
}

hats_status hats_model_publish(const char *dir, const struct hats_sign_key *key,
                               const char *publisher, struct hats_error *err) {
    struct hats_model *m = NULL;
    struct hats_buffer cose;
    uint8_t salt[HATS_MODEL_SALT_LEN];
    hats_status st = hats_model_load(&m, dir, false, err);

    if (st != HATS_OK)
        return st;
    hats_buffer_init(&cose, HATS_PUBLICATION_MAX_BYTES);
    if (m->published)
        st = hats_fail(err, HATS_E_CONFLICT,
                       "%s is published already; its commitment may stand in receipts", dir);
    if (st == HATS_OK)
        st = hats_random(salt, sizeof salt);
    if (st == HATS_OK)
        st = sign(&cose, m, salt, key, publisher, err);
    if (st == HATS_OK)
        st = write_in(dir, HATS_MODEL_FILE_SALT, 0600, salt, sizeof salt, err);
    if (st == HATS_OK)
        st = write_in(dir, HATS_MODEL_FILE_PUBLICATION, 0644, cose.data, cose.len, err);
    hats_wipe(salt, sizeof salt);
    hats_buffer_clear(&cose);
    hats_model_free(m);
    return st;
}
