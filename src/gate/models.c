/* Which models are served, and who is using them. */
#include "gate/internal.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "wire/core.h"
#include "wire/oip.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define RECEIPT_ROOM HATS_RECEIPT_MAX_BYTES
#define MODELS_MAX 1024

void hats_gate_model_drop(struct model *m) {
    if (m == NULL || atomic_fetch_sub(&m->refs, 1) != 1)
        return;
    hats_model_free(m->package);
    hats_free(m);
}

/* What the publisher signed, against what lies in the folder. The signature itself is the client's and
 * the auditor's to judge: it is they who trust or do not trust a publisher. */
static hats_status read_publication(struct model *m, const char *dir, struct hats_error *err) {
    const struct hats_model *package = m->package;
    if (!package->published)
        return hats_fail(err, HATS_E_USAGE,
                         "%s: the model is not published; run hats model publish on it", dir);
    struct hats_cose cose;
    hats_status s = hats_cose_parse(&cose, package->publication, package->publication_len,
                                    HATS_TYPE_MODEL, err);
    if (s == HATS_OK)
        s = hats_publication_decode(&m->publication, cose.payload, cose.payload_len, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "%s/" HATS_MODEL_FILE_PUBLICATION, dir);
    const struct hats_publication *p = &m->publication;
    if (strcmp(p->name, package->plan->name) != 0 ||
        strcmp(p->model_version, package->plan->version) != 0 ||
        memcmp(p->plan_digest, package->plan_digest, 32) != 0 ||
        memcmp(p->model_commitment, package->commitment, 32) != 0)
        return hats_fail(err, HATS_E_VERIFY, "%s: the publication is that of another model", dir);
    return HATS_OK;
}

static hats_status measure(struct hats_gate *g, struct model *m, const char *dir,
                           struct hats_error *err) {
    const struct hats_plan *plan = m->package->plan;
    const struct hats_linear_shape *shape = &plan->shape;
    hats_status s = hats_plan_box_digest(m->box_digest, plan->lo, plan->hi, shape->d);
    if (s != HATS_OK)
        return hats_fail(err, s, "%s: the plan's bounds cannot be digested", dir);
    m->ciphertext_bytes = hats_linear_ciphertext_bytes(plan->set_id, shape);
    m->answer_bytes = hats_linear_answer_bytes(plan->set_id, shape);
    size_t scratch_bytes = 0;
    const struct hats_gate_proof_rules *rules = g->config.proofs;
    s = rules->measure(rules->user, &m->proof_max_bytes, &scratch_bytes, plan,
                       m->package->plan_digest, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "%s: its requests cannot be proven", dir);
    m->max_body_bytes =
        m->ciphertext_bytes + m->proof_max_bytes + HATS_CORE_MAX_BYTES + hats_oip_overhead(3);
    /* answer twice: as computed, and inside the reply; scratch as fhe/linear.h says */
    m->verify_bytes = scratch_bytes * g->config.max_evaluations;
    m->work_bytes = 2 * m->answer_bytes + 2 * RECEIPT_ROOM +
                    (2 * (size_t)shape->n_in + 6) * 8 * hats_fhe_set_n(plan->set_id);
    size_t need = m->max_body_bytes + m->work_bytes + m->verify_bytes;
    if (need > g->config.memory_budget_bytes)
        return hats_fail(
            err, HATS_E_RANGE,
            "%s: one call needs %zu bytes, %zu of them to check proofs in, more than the "
            "memory budget of %llu",
            dir, need, m->verify_bytes, (unsigned long long)g->config.memory_budget_bytes);
    return HATS_OK;
}

/* Index of the first model whose name is not below; *found when it is that one. Under the lock. */
static size_t place_of(const struct hats_gate *g, const char *name, bool *found) {
    size_t at = 0;
    while (at < g->n_models && strcmp(g->models[at]->publication.name, name) < 0)
        at++;
    *found = at < g->n_models && strcmp(g->models[at]->publication.name, name) == 0;
    return at;
}

/* Takes the reference over on success. */
static hats_status put(struct hats_gate *g, struct model *m, struct hats_error *err) {
    pthread_mutex_lock(&g->model_lock);
    hats_status s = HATS_OK;
    bool found;
    size_t at = place_of(g, m->publication.name, &found);
    if (m->verify_bytes > atomic_load(&g->verify_bytes))
        atomic_store(&g->verify_bytes, m->verify_bytes);
    if (g->models == NULL)
        g->models = hats_alloc_array(MODELS_MAX, sizeof g->models[0]);
    if (g->models == NULL) {
        s = hats_fail(err, HATS_E_MEMORY, "no memory for the list of models");
    } else if (found) {
        struct model *old = g->models[at];
        g->models[at] = m;
        hats_gate_model_drop(old);
    } else if (g->n_models == MODELS_MAX) {
        s = hats_fail(err, HATS_E_RANGE, "no more than %d models are served at one time",
                      MODELS_MAX);
    } else {
        memmove(&g->models[at + 1], &g->models[at], (g->n_models - at) * sizeof g->models[0]);
        g->models[at] = m;
        g->n_models++;
    }
    pthread_mutex_unlock(&g->model_lock);
    return s;
}

static hats_status record(struct hats_gate *g, const struct model *m, struct hats_error *err) {
    struct hats_store_model row = {.first_ms = hats_gate_now(g), .last_ms = hats_gate_now(g)};
    memcpy(row.commitment, m->publication.model_commitment, 32);
    memcpy(row.plan_digest, m->publication.plan_digest, 32);
    snprintf(row.name, sizeof row.name, "%s", m->publication.name);
    snprintf(row.version, sizeof row.version, "%s", m->publication.model_version);
    return hats_store_model_served(g->config.store, &row, err);
}

static hats_status load(struct hats_gate *g, const char *dir, char name[HATS_MODEL_NAME_MAX],
                        struct hats_error *err) {
    struct model *m = hats_alloc(sizeof *m);
    if (m == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a model");
    atomic_store(&m->refs, 1);
    hats_status s = hats_model_load(&m->package, dir, true, err);
    if (s == HATS_OK)
        s = read_publication(m, dir, err);
    if (s == HATS_OK)
        s = measure(g, m, dir, err);
    if (s == HATS_OK)
        s = record(g, m, err);
    if (s == HATS_OK) {
        memcpy(name, m->publication.name, HATS_MODEL_NAME_MAX);
        s = put(g, m, err);
    }
    if (s != HATS_OK)
        hats_gate_model_drop(m);
    return s;
}

hats_status hats_gate_model_load(struct hats_gate *g, const char *package_dir,
                                 struct hats_error *err) {
    char name[HATS_MODEL_NAME_MAX];
    return load(g, package_dir, name, err);
}

/* ---- a folder of packages ---- */

static int not_hidden(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static bool is_package(const char *dir) {
    char manifest[HATS_PATH_MAX];
    return hats_path_join(manifest, dir, HATS_MODEL_FILE_MANIFEST) == HATS_OK &&
           hats_file_exists(manifest);
}

/* Two packages of one name in a folder: which of them is served would depend on their folders' names. */
static hats_status load_next(struct hats_gate *g, const char *dir,
                             char (*names)[HATS_MODEL_NAME_MAX], size_t *n,
                             struct hats_error *err) {
    if (*n == MODELS_MAX)
        return hats_fail(err, HATS_E_RANGE, "no more than %d models are served at one time",
                         MODELS_MAX);
    hats_status s = load(g, dir, names[*n], err);
    for (size_t i = 0; s == HATS_OK && i < *n; i++)
        if (strcmp(names[i], names[*n]) == 0)
            s = hats_fail(err, HATS_E_CONFLICT,
                          "%s: another package in the folder has the name %s too; keep one", dir,
                          names[i]);
    *n += s == HATS_OK;
    return s;
}

/* Loads the packages among the entries, in order, until one fails. */
static hats_status load_entries(struct hats_gate *g, const char *models_dir,
                                struct dirent *const *entries, int n_entries, size_t *n,
                                struct hats_error *err) {
    hats_status s = HATS_OK;
    char(*names)[HATS_MODEL_NAME_MAX] = hats_alloc_array(MODELS_MAX, sizeof *names);
    if (names == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the list of models");
    for (int i = 0; s == HATS_OK && i < n_entries; i++) {
        char dir[HATS_PATH_MAX];
        s = hats_path_join(dir, models_dir, entries[i]->d_name);
        if (s == HATS_OK && is_package(dir))
            s = load_next(g, dir, names, n, err);
    }
    hats_free(names);
    return s;
}

hats_status hats_gate_models_load(struct hats_gate *g, const char *models_dir, size_t *n,
                                  struct hats_error *err) {
    struct dirent **entries;
    size_t count = 0;
    int n_entries = scandir(models_dir, &entries, not_hidden, alphasort);
    if (n_entries < 0)
        return hats_fail(err, errno == ENOMEM ? HATS_E_MEMORY : HATS_E_NOT_FOUND,
                         "the models folder %s cannot be read: %s", models_dir, strerror(errno));
    hats_status s = load_entries(g, models_dir, entries, n_entries, &count, err);
    for (int i = 0; i < n_entries; i++)
        free(entries[i]);
    free(entries);
    if (n != NULL)
        *n = count;
    return s;
}

/* ---- using them ---- */

struct model *hats_gate_model_find(struct hats_gate *g, const char *name) {
    pthread_mutex_lock(&g->model_lock);
    bool found;
    size_t at = place_of(g, name, &found);
    struct model *m = found ? g->models[at] : NULL;
    if (m != NULL)
        atomic_fetch_add(&m->refs, 1);
    pthread_mutex_unlock(&g->model_lock);
    return m;
}

bool hats_gate_model_hold(struct hats_gate *g, struct hats_gate_model *out, const char *name) {
    struct model *m = hats_gate_model_find(g, name);
    *out = (struct hats_gate_model){0};
    if (m == NULL)
        return false;
    const struct hats_plan *plan = m->package->plan;
    *out = (struct hats_gate_model){
        .name = m->publication.name,
        .version = m->publication.model_version,
        .publisher = m->publication.publisher,
        .set_id = plan->set_id,
        .log_t = plan->log_t,
        .d = plan->shape.d,
        .k = plan->shape.k,
        .block = plan->shape.block,
        .n_in = plan->shape.n_in,
        .n_out = plan->shape.n_out,
        .classical_bits = plan->classical_bits,
        .quantum_bits = plan->quantum_bits,
        .kl_millibits = plan->kl_millibits,
        .task = hats_plan_task_name(plan->task),
        .link = hats_plan_link_name(plan->link),
        .ciphertext_bytes = m->ciphertext_bytes,
        .answer_bytes = m->answer_bytes,
        .max_body_bytes = m->max_body_bytes,
        .plan = m->package->plan_bytes,
        .plan_len = m->package->plan_len,
        .publication = m->package->publication,
        .publication_len = m->package->publication_len,
        .held = m,
    };
    memcpy(out->commitment, m->publication.model_commitment, 32);
    memcpy(out->plan_digest, m->publication.plan_digest, 32);
    return true;
}

void hats_gate_model_release(struct hats_gate_model *m) {
    hats_gate_model_drop(m->held);
    *m = (struct hats_gate_model){0};
}

hats_status hats_gate_model_names(struct hats_gate *g, char (**out)[HATS_GATE_NAME_MAX], size_t *n,
                                  struct hats_error *err) {
    pthread_mutex_lock(&g->model_lock);
    *n = g->n_models;
    *out = hats_alloc_array(*n + 1, sizeof **out);
    for (size_t i = 0; *out != NULL && i < *n; i++)
        snprintf((*out)[i], HATS_GATE_NAME_MAX, "%s", g->models[i]->publication.name);
    pthread_mutex_unlock(&g->model_lock);
    return *out != NULL ? HATS_OK : hats_fail(err, HATS_E_MEMORY, "no memory for %zu names", *n);
}
