#include "model/package.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "cbor/cbor.h"
#include "evidence/digest.h"
#include "evidence/publication.h"
#include "hash/sha256.h"
#include "model/package_files.h"

#include <errno.h>
#include <stdio.h>

/* In the order of the manifest: by role, then name. */
static const struct file_kind {
    const char *role, *name;
    size_t max_bytes;
    bool optional;
} kinds[] = {
    {"compiler", HATS_MODEL_FILE_COMPILER, 65536, false},
    {"parameters", HATS_MODEL_FILE_PARAMETERS, 4096, false},
    {"plan", HATS_MODEL_FILE_PLAN, HATS_PLAN_MAX_BYTES, false},
    {"schema", HATS_MODEL_FILE_SCHEMA, 8u << 20, true},
    {"source", HATS_MODEL_FILE_SOURCE, 512u << 20, false},
    {"weights", HATS_MODEL_FILE_WEIGHTS, 1u << 30, false},
};
enum { COMPILER, PARAMETERS, PLAN, SCHEMA, SOURCE, WEIGHTS, N_KINDS };

#define MANIFEST_MAX 4096

void hats_model_free(struct hats_model *model) {
    if (model == NULL)
        return;
    hats_linear_model_free(model->linear);
    hats_plan_free(model->plan);
    hats_free(model->plan_bytes);
    hats_free(model->w);
    hats_free(model->bias);
    hats_free(model->manifest);
    hats_free(model->publication);
    hats_free(model);
}

/* --- encodings --- */

hats_status hats_package_parameters(struct hats_buffer *out, const struct hats_plan *plan,
                                    struct hats_error *err) {
    uint8_t bytes[64];
    struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
    unsigned log_n = 0;

    while ((size_t)1 << log_n < hats_fhe_set_n(plan->set_id))
        log_n++;
    hats_cbor_put_array(&w, 5);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_uint(&w, plan->set_id);
    hats_cbor_put_text(&w, hats_fhe_set_name(plan->set_id));
    hats_cbor_put_uint(&w, log_n);
    hats_cbor_put_uint(&w, plan->log_t);
    if (!hats_writer_ok(&w))
        return hats_fail(err, HATS_E_RANGE, "parameters: the set's name is too long");
    hats_buffer_append(out, bytes, hats_writer_len(&w));
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "parameters: no memory") : HATS_OK;
}

/* file[i].data = NULL: not part of this package. */
static hats_status encode_manifest(struct hats_buffer *out, const struct hats_buffer file[N_KINDS],
                                   struct hats_error *err) {
    uint8_t bytes[MANIFEST_MAX];
    struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
    size_t n = 0;

    for (size_t i = 0; i < N_KINDS; i++)
        n += file[i].data != NULL;
    hats_cbor_put_array(&w, n);
    for (size_t i = 0; i < N_KINDS; i++) {
        uint8_t digest[HATS_SHA256_LEN];
        if (file[i].data == NULL)
            continue;
        hats_sha256(digest, file[i].data, file[i].len);
        hats_cbor_put_array(&w, 4);
        hats_cbor_put_text(&w, kinds[i].role);
        hats_cbor_put_text(&w, kinds[i].name);
        hats_cbor_put_uint(&w, file[i].len);
        hats_cbor_put_bytes(&w, digest, sizeof digest);
    }
    if (!hats_writer_ok(&w))
        return hats_fail(err, HATS_E_RANGE, "manifest: too long");
    hats_buffer_append(out, bytes, hats_writer_len(&w));
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "manifest: no memory") : HATS_OK;
}

/* --- loading --- */

struct loading {
    const char *dir;
    struct hats_error *err;
    struct hats_buffer manifest;
    struct hats_buffer file[N_KINDS];
    uint64_t size[N_KINDS];
    uint8_t digest[N_KINDS][HATS_SHA256_LEN];
    bool listed[N_KINDS];
};

static hats_status read_file(struct loading *l, struct hats_buffer *out, const char *name) {
    char path[HATS_PATH_MAX];

    if (hats_path_join(path, l->dir, name) != HATS_OK)
        return hats_fail(l->err, HATS_E_RANGE, "%s: the path is too long", l->dir);
    return hats_file_read(out, path, l->err);
}

/* One row of the manifest; rows come in the order of `kinds`. */
static hats_status read_row(struct loading *l, struct hats_reader *r, size_t *next) {
    char role[16], name[32];
    size_t n = 0;
    size_t i;

    if (!hats_cbor_get_array(r, &n) || n != 4 || !hats_cbor_get_string(r, role, sizeof role) ||
        !hats_cbor_get_string(r, name, sizeof name))
        return hats_fail(l->err, HATS_E_MALFORMED,
                         "%s/manifest.cbor: a row is not [role, name, size, digest]", l->dir);
    for (i = *next; i < N_KINDS && strcmp(kinds[i].role, role) != 0;)
        i++;
    if (i == N_KINDS || strcmp(kinds[i].name, name) != 0)
        return hats_fail(l->err, HATS_E_MALFORMED,
                         "%s/manifest.cbor: a role or file name is unknown, or out of order",
                         l->dir);
    if (!hats_cbor_get_uint(r, &l->size[i]) ||
        !hats_cbor_get_bytes_exact(r, l->digest[i], sizeof l->digest[i]))
        return hats_fail(l->err, HATS_E_MALFORMED,
                         "%s/manifest.cbor: a row is not [role, name, size, digest]", l->dir);
    l->listed[i] = true;
    *next = i + 1;
    return HATS_OK;
}

static hats_status read_manifest(struct loading *l) {
    struct hats_reader r;
    size_t n_rows = 0;
    size_t next = 0;
    hats_status st = read_file(l, &l->manifest, HATS_MODEL_FILE_MANIFEST);

    if (st == HATS_OK)
        st = hats_cbor_validate(l->manifest.data, l->manifest.len, l->err);
    if (st != HATS_OK)
        return st;
    r = hats_reader_of(l->manifest.data, l->manifest.len);
    if (!hats_cbor_get_array(&r, &n_rows) || n_rows > N_KINDS)
        return hats_fail(l->err, HATS_E_MALFORMED, "%s/manifest.cbor: not a list of files", l->dir);
    for (size_t i = 0; i < n_rows && st == HATS_OK; i++)
        st = read_row(l, &r, &next);
    for (size_t i = 0; i < N_KINDS && st == HATS_OK; i++)
        if (!l->listed[i] && !kinds[i].optional)
            st = hats_fail(l->err, HATS_E_MALFORMED, "%s/manifest.cbor: no %s", l->dir,
                           kinds[i].role);
    if (st == HATS_OK && !hats_reader_done(&r))
        st = hats_fail(l->err, HATS_E_MALFORMED, "%s/manifest.cbor: not a list of files", l->dir);
    return st;
}

/* Every listed file against its size and digest. */
static hats_status read_listed(struct loading *l) {
    for (size_t i = 0; i < N_KINDS; i++) {
        uint8_t digest[HATS_SHA256_LEN];
        hats_status st;
        if (!l->listed[i])
            continue;
        st = read_file(l, &l->file[i], kinds[i].name);
        if (st != HATS_OK)
            return st;
        hats_sha256(digest, l->file[i].data, l->file[i].len);
        if (l->file[i].len != l->size[i] || memcmp(digest, l->digest[i], sizeof digest) != 0)
            return hats_fail(
                l->err, HATS_E_VERIFY, "%s/%s is not the file that the manifest lists (%s differs)",
                l->dir, kinds[i].name, l->file[i].len != l->size[i] ? "its size" : "its digest");
    }
    return HATS_OK;
}

static hats_status check_parameters(struct loading *l, const struct hats_model *m) {
    struct hats_buffer want;
    hats_status st;

    hats_buffer_init(&want, 4096);
    st = hats_package_parameters(&want, m->plan, l->err);
    if (st == HATS_OK && (want.len != l->file[PARAMETERS].len ||
                          memcmp(want.data, l->file[PARAMETERS].data, want.len) != 0))
        st = hats_fail(l->err, HATS_E_VERIFY, "%s: parameters.cbor and plan.cbor differ", l->dir);
    hats_buffer_clear(&want);
    return st;
}

static hats_status check_budget(struct loading *l, struct hats_model *m) {
    const struct hats_plan *p = m->plan;
    struct hats_linear_weights weights = {
        .w = m->w, .bias = m->bias, .x_max = hats_plan_x_max(p), .lo = p->lo, .hi = p->hi};
    hats_status st =
        hats_linear_budget_of(&m->budget, p->set_id, p->log_t, &p->shape, &weights, l->err);

    if (st == HATS_OK && (m->budget.kl_millibits != p->kl_millibits ||
                          m->budget.kl_all_millibits != p->kl_all_millibits))
        st = hats_fail(l->err, HATS_E_VERIFY, "%s: the plan's leakage is not that of the weights",
                       l->dir);
    return st;
}

static hats_status build_model(struct loading *l, struct hats_model *m, bool prepare) {
    struct hats_buffer *plan = &l->file[PLAN];
    uint32_t set_id, d, k;
    hats_status st = hats_plan_decode(&m->plan, plan->data, plan->len, l->err);

    if (st == HATS_OK)
        st = hats_weights_decode(&m->w, &m->bias, &set_id, &d, &k, l->file[WEIGHTS].data,
                                 l->file[WEIGHTS].len, l->err);
    if (st != HATS_OK)
        return hats_fail_in(l->err, st, "%s", l->dir);
    if (set_id != m->plan->set_id || d != m->plan->shape.d || k != m->plan->shape.k)
        return hats_fail(l->err, HATS_E_VERIFY, "%s: plan and weights have different shapes",
                         l->dir);
    st = check_parameters(l, m);
    if (st == HATS_OK)
        st = check_budget(l, m);
    if (st == HATS_OK && prepare) {
        struct hats_linear_weights weights = {.w = m->w,
                                              .bias = m->bias,
                                              .x_max = hats_plan_x_max(m->plan),
                                              .lo = m->plan->lo,
                                              .hi = m->plan->hi};
        st = hats_linear_model_new(&m->linear, set_id, m->plan->log_t, &m->plan->shape, &weights,
                                   l->err);
    }
    if (st != HATS_OK)
        return st;
    m->plan_bytes = hats_alloc(plan->len);
    m->manifest = hats_alloc(l->manifest.len);
    if (m->plan_bytes == NULL || m->manifest == NULL)
        return hats_fail(l->err, HATS_E_MEMORY, "%s: no memory", l->dir);
    memcpy(m->plan_bytes, plan->data, plan->len);
    m->plan_len = plan->len;
    hats_plan_digest(m->plan_digest, plan->data, plan->len);
    memcpy(m->manifest, l->manifest.data, l->manifest.len);
    m->manifest_len = l->manifest.len;
    hats_sha256(m->manifest_digest, m->manifest, m->manifest_len);
    return HATS_OK;
}

/* --- the publication --- */

/* What the statement says against what lies here. */
static hats_status check_publication(struct loading *l, struct hats_model *m) {
    struct hats_publication p;
    struct hats_cose file;
    const char *what = NULL;
    hats_status st =
        hats_cose_parse(&file, m->publication, m->publication_len, HATS_TYPE_MODEL, l->err);

    if (st == HATS_OK)
        st = hats_publication_decode(&p, file.payload, file.payload_len, l->err);
    if (st != HATS_OK)
        return hats_fail_in(l->err, st, "%s/" HATS_MODEL_FILE_PUBLICATION, l->dir);
    hats_evidence_model_commit(m->commitment, m->salt, m->manifest_digest);
    if (memcmp(p.model_commitment, m->commitment, sizeof m->commitment) != 0)
        what = "commitment";
    else if (memcmp(p.plan_digest, m->plan_digest, sizeof m->plan_digest) != 0)
        what = "plan digest";
    else if (strcmp(p.name, m->plan->name) != 0 || strcmp(p.model_version, m->plan->version) != 0)
        what = "name or version";
    else if (p.set_id != m->plan->set_id || p.log_t != m->plan->log_t)
        what = "parameters";
    if (what != NULL)
        return hats_fail(l->err, HATS_E_VERIFY,
                         "%s/" HATS_MODEL_FILE_PUBLICATION " speaks of another model: its %s "
                         "differs; publish again",
                         l->dir, what);
    m->published = true;
    return HATS_OK;
}

static hats_status read_publication(struct loading *l, struct hats_model *m) {
    struct hats_buffer cose, salt;
    char path[HATS_PATH_MAX];
    hats_status st = hats_path_join(path, l->dir, HATS_MODEL_FILE_PUBLICATION);

    if (st != HATS_OK || !hats_file_exists(path))
        return st;
    hats_buffer_init(&cose, HATS_PUBLICATION_MAX_BYTES);
    hats_buffer_init(&salt, 2 * HATS_MODEL_SALT_LEN);
    st = read_file(l, &cose, HATS_MODEL_FILE_PUBLICATION);
    if (st == HATS_OK)
        st = read_file(l, &salt, HATS_MODEL_FILE_SALT);
    if (st == HATS_OK && salt.len != HATS_MODEL_SALT_LEN)
        st = hats_fail(l->err, HATS_E_MALFORMED, "%s/" HATS_MODEL_FILE_SALT " is not %d bytes long",
                       l->dir, HATS_MODEL_SALT_LEN);
    if (st == HATS_OK) {
        m->publication = hats_alloc(cose.len + 1);
        if (m->publication == NULL)
            st = hats_fail(l->err, HATS_E_MEMORY, "%s: no memory", l->dir);
    }
    if (m->publication != NULL) {
        memcpy(m->publication, cose.data, cose.len);
        m->publication_len = cose.len;
        memcpy(m->salt, salt.data, sizeof m->salt);
        st = check_publication(l, m);
    }
    hats_buffer_clear(&salt);
    hats_buffer_clear(&cose);
    return st;
}

hats_status hats_model_load(struct hats_model **out, const char *dir, bool prepare,
                            struct hats_error *err) {
    struct loading l = {.dir = dir, .err = err};
    struct hats_model *m = hats_alloc(sizeof *m);
    hats_status st;

    *out = NULL;
    if (m == NULL)
        return hats_fail(err, HATS_E_MEMORY, "%s: no memory", dir);
    hats_buffer_init(&l.manifest, MANIFEST_MAX);
    for (size_t i = 0; i < N_KINDS; i++)
        hats_buffer_init(&l.file[i], kinds[i].max_bytes);
    st = read_manifest(&l);
    if (st == HATS_OK)
        st = read_listed(&l);
    if (st == HATS_OK)
        st = build_model(&l, m, prepare);
    if (st == HATS_OK)
        st = read_publication(&l, m);
    for (size_t i = 0; i < N_KINDS; i++)
        hats_buffer_clear(&l.file[i]);
    hats_buffer_clear(&l.manifest);
    if (st != HATS_OK) {
        hats_model_free(m);
        return st;
    }
    *out = m;
    return HATS_OK;
}

void hats_model_evaluate_clear(int64_t *acc, const struct hats_model *model, const int32_t *x) {
    uint32_t d = model->plan->shape.d;

    for (uint32_t o = 0; o < model->plan->shape.k; o++) {
        const int32_t *row = model->w + (size_t)o * d;
        int64_t sum = model->bias[o];
        for (uint32_t j = 0; j < d; j++)
            sum += (int64_t)row[j] * x[j];
        acc[o] = sum;
    }
}

/* --- figures --- */

void hats_model_figures_of(struct hats_model_figures *out, const struct hats_model *m) {
    const struct hats_plan *p = m->plan;

    *out = (struct hats_model_figures){
        .task = p->task,
        .link = p->link,
        .input = p->input,
        .set_id = p->set_id,
        .set_name = hats_fhe_set_name(p->set_id),
        .shape = p->shape,
        .x_max = hats_plan_x_max(p),
        .budget = m->budget,
        .security = hats_fhe_security_of(p->set_id),
        .key_bytes = hats_fhe_public_key_bytes(p->set_id),
        .up_bytes = hats_linear_ciphertext_bytes(p->set_id, &p->shape),
        .down_bytes = hats_linear_answer_bytes(p->set_id, &p->shape),
        .plan_bytes = m->plan_len,
        .weights_bytes = 28 + 4 * (size_t)p->shape.d * p->shape.k + 8 * (size_t)p->shape.k,
        .n_columns = p->input == HATS_INPUT_TEXT ? 1 : p->n_columns,
        .published = m->published,
    };
    (void)snprintf(out->name, sizeof out->name, "%s", p->name);
    (void)snprintf(out->version, sizeof out->version, "%s", p->version);
    for (uint32_t j = 0; p->rules != NULL && j < p->shape.d; j++)
        out->n_clipping += p->rules[j].clip;
    memcpy(out->plan_digest, m->plan_digest, sizeof out->plan_digest);
    memcpy(out->manifest_digest, m->manifest_digest, sizeof out->manifest_digest);
    memcpy(out->commitment, m->commitment, sizeof out->commitment);
}

hats_status hats_model_inspect(struct hats_model_figures *out, struct hats_model **model_out,
                               const char *dir, struct hats_error *err) {
    struct hats_model *m = NULL;
    hats_status st = hats_model_load(&m, dir, false, err);

    if (model_out != NULL)
        *model_out = NULL;
    if (m == NULL)
        return st;
    hats_model_figures_of(out, m);
    if (model_out != NULL)
        *model_out = m;
    else
        hats_model_free(m);
    return HATS_OK;
}

/* --- writing --- */

static hats_status make_files(struct hats_buffer file[N_KINDS], struct hats_buffer *manifest,
                              const struct hats_package_parts *parts, struct hats_error *err) {
    const struct hats_plan *p = parts->plan;
    hats_status st = hats_plan_encode(&file[PLAN], p, err);

    if (st == HATS_OK)
        st = hats_weights_encode(&file[WEIGHTS], p->set_id, p->shape.d, p->shape.k, parts->w,
                                 parts->bias, err);
    if (st == HATS_OK)
        st = hats_package_parameters(&file[PARAMETERS], p, err);
    if (st != HATS_OK)
        return st;
    hats_buffer_append(&file[COMPILER], parts->compiler, parts->compiler_len);
    hats_buffer_append(&file[SOURCE], parts->source, parts->source_len);
    if (parts->schema != NULL)
        hats_buffer_append(&file[SCHEMA], parts->schema, parts->schema_len);
    if (file[COMPILER].failed || file[SOURCE].failed || file[SCHEMA].failed)
        return hats_fail(err, HATS_E_MEMORY, "model package: no memory");
    return encode_manifest(manifest, file, err);
}

/* Weights and source are the provider's; the rest may be seen. */
static unsigned file_mode(size_t kind) { return kind == SOURCE || kind == WEIGHTS ? 0600 : 0644; }

static hats_status write_files(const char *dir, const struct hats_buffer file[N_KINDS],
                               const struct hats_buffer *manifest, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    hats_status st = HATS_OK;

    for (size_t i = 0; i < N_KINDS && st == HATS_OK; i++) {
        if (file[i].data == NULL)
            continue;
        st = hats_path_join(path, dir, kinds[i].name);
        if (st == HATS_OK)
            st = hats_file_write(path, file_mode(i), file[i].data, file[i].len, err);
    }
    if (st == HATS_OK)
        st = hats_path_join(path, dir, HATS_MODEL_FILE_MANIFEST);
    return st == HATS_OK ? hats_file_write(path, 0644, manifest->data, manifest->len, err) : st;
}

hats_status hats_model_write(const char *dir, const struct hats_package_parts *parts, bool replace,
                             struct hats_error *err) {
    struct hats_buffer file[N_KINDS], manifest;
    char fresh[HATS_PATH_MAX];
    enum hats_package_state state;
    hats_status st;

    for (size_t i = 0; i < N_KINDS; i++)
        hats_buffer_init(&file[i], kinds[i].max_bytes);
    hats_buffer_init(&manifest, MANIFEST_MAX);
    st = make_files(file, &manifest, parts, err);
    if (st == HATS_OK)
        st = hats_package_look(&state, dir, &manifest, err);
    if (st == HATS_OK && state == HATS_PACKAGE_OTHER && !replace)
        st = hats_fail(err, HATS_E_CONFLICT,
                       "%s holds another model; name another directory, or replace it", dir);
    if (st == HATS_OK && state != HATS_PACKAGE_SAME) {
        st = hats_package_begin(fresh, dir, err);
        if (st == HATS_OK) {
            st = write_files(fresh, file, &manifest, err);
            st = hats_package_end(fresh, dir, st, err);
        }
    }
    hats_buffer_clear(&manifest);
    for (size_t i = 0; i < N_KINDS; i++)
        hats_buffer_clear(&file[i]);
    return st;
}
