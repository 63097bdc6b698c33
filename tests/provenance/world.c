#include "world.h"

#include "hash/sha256.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const uint8_t world_transform[32] = {0x11, 0x12}, world_model[32] = {0x21, 0x22};
const char world_csv[] = "id,age,status,dose\n"
                         "a,61,A11,0.25\n"
                         "b,17,A12,-1.5\n"
                         "c,,A11,12\n"
                         "d,99,A13,0\n"
                         "e,40,A12,3.75\n";

static void must(hats_status s, const struct hats_error *err) {
    if (s == HATS_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    abort();
}

const char *world_path(const struct world *w, const char *name) {
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, name);
    return path;
}

void world_write(const struct world *w, const char *name, const void *text, size_t len) {
    struct hats_error err = {0};
    must(hats_file_write(world_path(w, name), 0600, text, len, &err), &err);
}

struct hats_source_schema *world_schema(const char *json) {
    struct hats_source_schema *schema;
    struct hats_error err = {0};
    must(hats_source_schema_parse(&schema, json, strlen(json), &err), &err);
    return schema;
}

hats_status world_sign(const struct world *w, const char *prefix, const char *csv, size_t len,
                       const struct hats_source_schema *schema, int party,
                       const struct hats_step *step, uint64_t now_ms, struct hats_error *err) {
    char csv_path[512], out[512];
    world_write(w, "table.csv", csv, len);
    (void)snprintf(csv_path, sizeof csv_path, "%s", world_path(w, "table.csv"));
    (void)snprintf(out, sizeof out, "%s", world_path(w, prefix));
    struct hats_source_signing in = {.csv_path = csv_path,
                                     .schema = schema,
                                     .key = w->keys[party],
                                     .dataset = prefix,
                                     .now_ms = now_ms,
                                     .until_ms = now_ms + 30 * WORLD_DAY_MS,
                                     .step = step,
                                     .out_prefix = out,
                                     .n_threads = 2};
    return hats_source_sign(NULL, &in, err);
}

static void take_file(struct hats_buffer *out, const struct world *w, const char *name) {
    struct hats_error err = {0};
    hats_buffer_init(out, HATS_SIGNED_MAX_BYTES);
    must(hats_file_read(out, world_path(w, name), &err), &err);
}

static void sign_from(struct world *w, int at, const char *prefix, int party,
                      enum hats_step_kind kind) {
    struct hats_step step = {.kind = kind, .n_parents = 1, .parameters = {(uint8_t)at}};
    struct hats_source_root root;
    struct hats_cose cose;
    struct hats_error err = {0};
    char name[64];
    (void)snprintf(step.text, sizeof step.text, "made %s", prefix);
    must(hats_source_root_parse(&root, &cose, w->roots[at - 1].data, w->roots[at - 1].len, &err),
         &err);
    hats_sha256(step.parents[0].id, w->roots[at - 1].data, w->roots[at - 1].len);
    memcpy(step.parents[0].commitment, root.root, 32);
    must(world_sign(w, prefix, world_csv, strlen(world_csv), w->schema, party, &step,
                    WORLD_NOW_MS - (uint64_t)(3 - at) * 60000, &err),
         &err);
    (void)snprintf(name, sizeof name, "%s.root.cose", prefix);
    take_file(&w->roots[at], w, name);
    (void)snprintf(name, sizeof name, "%s.step.cose", prefix);
    take_file(&w->steps[at - 1], w, name);
}

void world_open(struct world *w) {
    static const unsigned roles[N_PARTIES] = {
        [SOURCE] = HATS_ROLE_SOURCE,       [AUTHORISER] = HATS_ROLE_AUTHORISER,
        [PROCESSOR] = HATS_ROLE_PROCESSOR, [STORE] = HATS_ROLE_PROCESSOR,
        [OWNER] = HATS_ROLE_OWNER,
    };
    static const char *const names[N_PARTIES] = {"Ward", "Board", "ETL", "Store", "Owner", "Who"};
    struct hats_error err = {0};
    memset(w, 0, sizeof *w);
    (void)strcpy(w->dir, "/tmp/hats-provenance-XXXXXX");
    if (mkdtemp(w->dir) == NULL)
        abort();
    for (int i = 0; i < N_PARTIES; i++) {
        uint8_t seed[HATS_MLDSA_SEED_LEN] = {(uint8_t)(i + 1), 0x70};
        struct hats_trust_key key;
        must(hats_mldsa_from_seed(&w->keys[i], HATS_MLDSA_65, seed, &err), &err);
        hats_cose_thumbprint_of(w->kids[i], w->keys[i]);
        if (i == STRANGER)
            continue;
        hats_trust_key_of(&key, w->keys[i], names[i], roles[i], 0);
        must(hats_trust_add(&w->trust, &key, &err), &err);
    }
    w->schema =
        world_schema("{\"name\": \"ward\", \"key\": \"id\", \"fields\": ["
                     "{\"name\": \"age\", \"min\": \"0\", \"max\": \"130\", \"missing\": \"50\"},"
                     "{\"name\": \"status\", \"categories\": [\"A11\", \"A12\", \"A13\"]},"
                     "{\"name\": \"dose\", \"decimals\": 2}]}");
    must(world_sign(w, "source", world_csv, strlen(world_csv), w->schema, SOURCE, NULL,
                    WORLD_NOW_MS - 3 * 60000, &err),
         &err);
    take_file(&w->roots[0], w, "source.root.cose");
    sign_from(w, 1, "clean", PROCESSOR, HATS_STEP_TRANSFORM);
    sign_from(w, 2, "store", STORE, HATS_STEP_STORE);
}

void world_close(struct world *w) {
    DIR *dir = opendir(w->dir);
    const struct dirent *e;
    while (dir != NULL && (e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.')
            (void)unlink(world_path(w, e->d_name));
    if (dir != NULL)
        (void)closedir(dir);
    (void)rmdir(w->dir);
    for (size_t i = 0; i < 3; i++)
        hats_buffer_clear(&w->roots[i]);
    for (size_t i = 0; i < 2; i++)
        hats_buffer_clear(&w->steps[i]);
    for (int i = 0; i < N_PARTIES; i++)
        hats_mldsa_free(w->keys[i]);
    hats_source_schema_free(w->schema);
    hats_trust_clear(&w->trust);
}

void world_grant(struct hats_grant *g, const struct world *w) {
    *g = (struct hats_grant){.purpose = 7,
                             .purpose_text = "second opinion",
                             .issued_ms = WORLD_NOW_MS,
                             .from_ms = WORLD_NOW_MS,
                             .until_ms = WORLD_NOW_MS + WORLD_DAY_MS,
                             .dataset = "store",
                             .has_owner = true};
    memcpy(g->source_kid, w->kids[STORE], 32);
    memcpy(g->schema_digest, w->schema->digest, 32);
    memcpy(g->transform_digest, world_transform, 32);
    memcpy(g->model_commitment, world_model, 32);
    memcpy(g->owner, w->kids[OWNER], 32);
}

void world_request(struct hats_provenance_request *q, const struct world *w) {
    *q = (struct hats_provenance_request){.transform_digest = world_transform,
                                          .model_commitment = world_model,
                                          .purpose = 7,
                                          .owner = w->kids[OWNER],
                                          .now_ms = WORLD_NOW_MS + 1000};
}

static void sign_input(struct evidence *e, const struct world *w) {
    struct hats_step step = {.kind = HATS_STEP_INPUT,
                             .text = "input of a call",
                             .n_parents = 1,
                             .done_ms = WORLD_NOW_MS + 500};
    struct hats_source_root root;
    struct hats_cose cose;
    struct hats_error err = {0};
    must(hats_source_root_parse(&root, &cose, w->roots[2].data, w->roots[2].len, &err), &err);
    hats_sha256(step.parents[0].id, w->roots[2].data, w->roots[2].len);
    memcpy(step.parents[0].commitment, root.root, 32);
    memcpy(step.out, e->opening.commitment.c_d, 32);
    memcpy(step.parameters, world_transform, 32);
    must(hats_step_sign(&e->input, &step, w->keys[OWNER], "", &err), &err);
    e->bundle.input.bytes = e->input.data;
    e->bundle.input.len = e->input.len;
}

void world_evidence(struct evidence *e, const struct world *w, const struct hats_grant *g,
                    int authoriser, bool with_input) {
    struct hats_openings *openings;
    int64_t fields[3];
    struct hats_error err = {0};
    struct hats_provenance_bundle *b = &e->bundle;
    const struct hats_buffer *ancestors[4] = {&w->roots[0], &w->steps[0], &w->roots[1],
                                              &w->steps[1]};
    memset(e, 0, sizeof *e);
    hats_buffer_init(&e->grant, HATS_SIGNED_MAX_BYTES);
    hats_buffer_init(&e->input, HATS_SIGNED_MAX_BYTES);
    must(hats_openings_open(&openings, world_path(w, "store"), &err), &err);
    must(hats_openings_get(&e->opening, fields, openings, 1, &err), &err);
    hats_openings_free(openings);
    must(hats_grant_sign(&e->grant, g, w->keys[authoriser], "", &err), &err);
    b->root.bytes = w->roots[2].data;
    b->root.len = w->roots[2].len;
    b->grant.bytes = e->grant.data;
    b->grant.len = e->grant.len;
    b->n_ancestors = 4;
    for (size_t i = 0; i < 4; i++)
        b->ancestors[i] =
            (struct hats_provenance_bundle_file){ancestors[i]->data, ancestors[i]->len};
    b->n_records = 1;
    b->records[0].index = 1;
    b->records[0].commitment = e->opening.commitment;
    b->records[0].path = e->opening.path;
    b->records[0].path_len = e->opening.path_len;
    if (with_input)
        sign_input(e, w);
}

void evidence_clear(struct evidence *e) {
    hats_buffer_clear(&e->grant);
    hats_buffer_clear(&e->input);
}

void world_encode(struct hats_buffer *out, const struct evidence *e) {
    struct hats_error err = {0};
    hats_buffer_init(out, HATS_PROVENANCE_BUNDLE_MAX_BYTES);
    must(hats_provenance_bundle_encode(out, &e->bundle, &err), &err);
}
