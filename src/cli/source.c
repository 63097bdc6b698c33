/* hats source ..., hats grant ...: who signs data, and who says what may be done with them. */
#include "cli/provenance.h"
#include "cli/verbs.h"

#include "base/file.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/text.h"
#include "base/tty.h"
#include "evidence/publication.h"
#include "hash/sha256.h"
#include "provenance/sign.h"

#include <stdlib.h>
#include <string.h>

hats_status cli_until(uint64_t *out, const struct cli_args *args, uint64_t now_ms,
                      uint64_t fallback, struct hats_error *err) {
    uint64_t days;
    hats_status s = cli_number(&days, args, "days", fallback, 1, CLI_DAYS_MAX, err);
    *out = now_ms + days * CLI_DAY_MS;
    return s;
}

hats_status cli_read(struct hats_buffer *out, const char *path, size_t max_bytes,
                     struct hats_error *err) {
    hats_buffer_init(out, max_bytes);
    return hats_file_read(out, path, err);
}

hats_status cli_trust(struct hats_trust *out, const struct cli_args *args, struct hats_error *err) {
    hats_status s = HATS_OK;
    for (unsigned i = 0; s == HATS_OK && i < args->n_repeated; i++) {
        struct hats_buffer file;
        s = cli_read(&file, args->repeated[i], 1u << 20, err);
        if (s == HATS_OK) {
            s = hats_trust_load(out, file.data, file.len, err);
            if (s != HATS_OK)
                s = hats_fail_in(err, s, "%s", args->repeated[i]);
        }
        hats_buffer_clear(&file);
    }
    return s;
}

hats_status cli_plan(struct hats_plan **out, uint8_t digest[32], const char *path,
                     struct hats_error *err) {
    struct hats_buffer file;
    *out = NULL;
    hats_status s = cli_read(&file, path, HATS_PLAN_MAX_BYTES, err);
    if (s == HATS_OK)
        s = hats_plan_decode(out, file.data, file.len, err);
    if (s == HATS_OK)
        hats_plan_digest(digest, file.data, file.len);
    hats_buffer_clear(&file);
    return s;
}

/* --- source init --- */

static hats_status role_named(unsigned *out, const char *name, struct hats_error *err) {
    static const struct {
        const char *name;
        unsigned roles;
    } known[] = {
        {"source", HATS_ROLE_SOURCE},
        {"authoriser", HATS_ROLE_AUTHORISER},
        {"processor", HATS_ROLE_PROCESSOR},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (name == NULL || strcmp(name, known[i].name) == 0) {
            *out = known[i].roles;
            return HATS_OK;
        }
    return hats_fail(err, HATS_E_USAGE, "--role is source, authoriser or processor");
}

static hats_status write_keys(const char *path, const struct hats_sign_key *key, const char *name,
                              unsigned roles, struct hats_error *err) {
    struct hats_trust trust;
    struct hats_trust_key entry;
    struct hats_buffer file;
    hats_trust_init(&trust);
    hats_buffer_init(&file, 1u << 20);
    if (strlen(name) >= sizeof entry.name)
        return hats_fail(err, HATS_E_USAGE, "--name is too long");
    hats_trust_key_of(&entry, key, name, roles, hats_now_ms());
    hats_status s = hats_trust_add(&trust, &entry, err);
    if (s == HATS_OK)
        s = hats_trust_encode(&file, &trust, err);
    if (s == HATS_OK)
        s = hats_file_write(path, 0644, file.data, file.len, err);
    hats_buffer_clear(&file);
    hats_trust_clear(&trust);
    return s;
}

static int run_source_init(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_sign_key *key = NULL;
    char pem[HATS_PATH_MAX + 16], keys[HATS_PATH_MAX + 16];
    unsigned roles = 0;
    const char *prefix = args->positionals[0];
    hats_status s = role_named(&roles, cli_value(args, "role"), &err);
    if (s == HATS_OK && strlen(prefix) >= HATS_PATH_MAX)
        s = hats_fail(&err, HATS_E_USAGE, "the path is too long");
    (void)snprintf(pem, sizeof pem, "%s.pem", prefix);
    (void)snprintf(keys, sizeof keys, "%s.keys.cose", prefix);
    if (s == HATS_OK && hats_file_exists(pem))
        s = hats_fail(&err, HATS_E_CONFLICT, "%s is there already; a key is never overwritten",
                      pem);
    if (s == HATS_OK)
        s = hats_mldsa_generate(&key, HATS_MLDSA_65, &err);
    if (s == HATS_OK)
        s = write_keys(keys, key, cli_value(args, "name"), roles, &err);
    if (s == HATS_OK)
        s = hats_mldsa_save(key, pem, &err);
    hats_mldsa_free(key);
    if (s != HATS_OK)
        return cli_report(args, &err);
    if (!args->quiet)
        printf("%s is the key: keep it secret, back it up\n%s is what others need to believe it\n",
               pem, keys);
    return 0;
}

/* --- source schema --- */

static int run_source_schema(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_plan *plan;
    struct hats_source_schema *schema = NULL;
    struct hats_buffer text;
    uint8_t digest[32];
    const char *name = cli_value(args, "name");
    hats_buffer_init(&text, HATS_SOURCE_SCHEMA_MAX_BYTES);
    hats_status s = cli_plan(&plan, digest, args->positionals[0], &err);
    if (s == HATS_OK)
        s = hats_source_schema_of_plan(&schema, plan, name != NULL ? name : plan->name,
                                       cli_value(args, "key"), &err);
    if (s == HATS_OK) {
        hats_source_schema_json(&text, schema);
        if (cli_value(args, "out") != NULL)
            s = hats_file_write(cli_value(args, "out"), 0644, text.data, text.len, &err);
        else
            printf("%.*s", (int)text.len, (const char *)text.data);
    }
    hats_buffer_clear(&text);
    hats_source_schema_free(schema);
    hats_plan_free(plan);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

/* --- source sign --- */

static hats_status load_schema(struct hats_source_schema **out, const char *path,
                               struct hats_error *err) {
    struct hats_buffer file;
    hats_status s = cli_read(&file, path, HATS_SOURCE_SCHEMA_MAX_BYTES, err);
    if (s == HATS_OK) {
        s = hats_source_schema_parse(out, (const char *)file.data, file.len, err);
        if (s != HATS_OK)
            s = hats_fail_in(err, s, "%s", path);
    }
    hats_buffer_clear(&file);
    return s;
}

/* What the table is made from: source roots and steps, as the repeating option names them. */
static hats_status load_step(struct hats_step *step, const struct cli_args *args,
                             struct hats_error *err) {
    const char *what = cli_value(args, "what"), *parameters = cli_value(args, "parameters");
    const char *kind = cli_value(args, "kind");
    hats_status s = HATS_OK;
    if (what == NULL || strlen(what) >= sizeof step->text ||
        args->n_repeated > HATS_STEP_MAX_PARENTS)
        return hats_fail(err, HATS_E_USAGE,
                         "a table --from others needs --what was done, in less than 128 bytes, and "
                         "at most 16 of them");
    if (kind != NULL && strcmp(kind, "transform") != 0 && strcmp(kind, "store") != 0)
        return hats_fail(err, HATS_E_USAGE, "--kind is transform or store");
    *step = (struct hats_step){
        .kind = kind != NULL && strcmp(kind, "store") == 0 ? HATS_STEP_STORE : HATS_STEP_TRANSFORM};
    (void)snprintf(step->text, sizeof step->text, "%s", what);
    for (unsigned i = 0; s == HATS_OK && i < args->n_repeated; i++) {
        struct hats_buffer file;
        struct hats_source_root root;
        struct hats_cose cose;
        s = cli_read(&file, args->repeated[i], HATS_SIGNED_MAX_BYTES, err);
        if (s == HATS_OK)
            s = hats_source_root_parse(&root, &cose, file.data, file.len, err);
        if (s == HATS_OK) {
            hats_sha256(step->parents[i].id, file.data, file.len);
            memcpy(step->parents[i].commitment, root.root, 32);
            step->n_parents++;
        }
        hats_buffer_clear(&file);
    }
    if (s == HATS_OK && parameters != NULL) {
        struct hats_buffer file;
        s = cli_read(&file, parameters, 64u << 20, err);
        if (s == HATS_OK)
            hats_sha256(step->parameters, file.data, file.len);
        hats_buffer_clear(&file);
    }
    return s;
}

static void show_progress(void *ctx, uint64_t n_records) {
    struct hats_progress *p = ctx;
    p->total = n_records; /* how many there will be is not known */
    hats_progress_step(p, n_records);
}

static void print_signed(const struct cli_args *args, const struct hats_source_root *root,
                         const char *prefix) {
    char hex[65], count[32];
    hats_hex_encode(hex, root->root, 32);
    if (args->json)
        printf("{\"dataset\":\"%s\",\"records\":%llu,\"root\":\"%s\"}\n", prefix,
               (unsigned long long)root->n_records, hex);
    else if (!args->quiet)
        printf("%s records signed\n  root            %s\n  to publish      %s.root.cose\n"
               "  to keep secret  %s.openings (the records and what hides them)\n"
               "  to keep         %s.tree\n",
               cli_count(count, root->n_records), hex, prefix, prefix, prefix);
}

static int run_source_sign(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_source_schema *schema = NULL;
    struct hats_sign_key *key = NULL;
    struct hats_source_root root;
    struct hats_progress progress;
    struct hats_step step;
    uint64_t threads = 0;
    const char *dataset = cli_value(args, "dataset"), *prefix = cli_value(args, "out");
    const char *issuer = cli_value(args, "issuer");
    struct hats_source_signing in = {.csv_path = args->positionals[0],
                                     .now_ms = hats_now_ms(),
                                     .out_prefix = prefix,
                                     .issuer = issuer,
                                     .progress = show_progress,
                                     .progress_ctx = &progress};
    hats_status s = cli_number(&threads, args, "threads", hats_pool_cpu_count(), 1, 64, &err);
    if (s == HATS_OK)
        s = cli_until(&in.until_ms, args, in.now_ms, 365, &err);
    if (s == HATS_OK)
        s = load_schema(&schema, cli_value(args, "schema"), &err);
    if (s == HATS_OK)
        s = hats_mldsa_load(&key, cli_value(args, "key"), &err);
    if (s == HATS_OK && args->n_repeated > 0) {
        s = load_step(&step, args, &err);
        in.step = &step;
    }
    if (s == HATS_OK) {
        in.schema = schema;
        in.key = key;
        in.dataset = dataset != NULL ? dataset : schema->name;
        in.n_threads = (unsigned)threads;
        hats_progress_start(&progress, "records", 1);
        s = hats_source_sign(&root, &in, &err);
        hats_progress_end(&progress);
    }
    if (s == HATS_OK)
        print_signed(args, &root, prefix);
    hats_mldsa_free(key);
    hats_source_schema_free(schema);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

/* --- grants --- */

static hats_status grant_scope(struct hats_grant *g, const struct cli_args *args,
                               struct hats_error *err) {
    struct hats_source_root root;
    struct hats_cose cose;
    struct hats_buffer file;
    hats_status s = cli_read(&file, args->positionals[0], HATS_SIGNED_MAX_BYTES, err);
    if (s == HATS_OK)
        s = hats_source_root_parse(&root, &cose, file.data, file.len, err);
    if (s == HATS_OK) {
        memcpy(g->source_kid, cose.kid, 32);
        memcpy(g->dataset, root.dataset, sizeof g->dataset);
        memcpy(g->schema_digest, root.schema_digest, 32);
        g->has_root = cli_value(args, "this-table") != NULL;
        if (g->has_root)
            memcpy(g->root, root.root, 32);
    }
    hats_buffer_clear(&file);
    return s;
}

static hats_status grant_model(struct hats_grant *g, const struct cli_args *args,
                               struct hats_error *err) {
    struct hats_cose cose;
    struct hats_publication publication;
    struct hats_plan *plan;
    struct hats_source_schema *schema = NULL;
    struct hats_buffer file;
    hats_status s = cli_read(&file, cli_value(args, "model"), HATS_PUBLICATION_MAX_BYTES, err);
    if (s == HATS_OK)
        s = hats_cose_parse(&cose, file.data, file.len, HATS_TYPE_MODEL, err);
    if (s == HATS_OK)
        s = hats_publication_decode(&publication, cose.payload, cose.payload_len, err);
    hats_buffer_clear(&file);
    if (s != HATS_OK)
        return s;
    memcpy(g->model_commitment, publication.model_commitment, 32);
    s = cli_plan(&plan, g->transform_digest, cli_value(args, "plan"), err);
    if (s == HATS_OK && memcmp(publication.plan_digest, g->transform_digest, 32) != 0)
        s = hats_fail(err, HATS_E_CONFLICT,
                      "the plan is not the one that the model was published with");
    if (s == HATS_OK)
        s = load_schema(&schema, cli_value(args, "schema"), err);
    if (s == HATS_OK && memcmp(schema->digest, g->schema_digest, 32) != 0)
        s = hats_fail(err, HATS_E_CONFLICT, "the table was signed with another schema");
    if (s == HATS_OK)
        s = hats_source_schema_fits(schema, plan, err);
    hats_source_schema_free(schema);
    hats_plan_free(plan);
    return s;
}

static hats_status grant_owner(struct hats_grant *g, const struct cli_args *args,
                               struct hats_error *err) {
    const char *owner = cli_value(args, "owner");
    g->has_owner = owner != NULL;
    if (owner != NULL && !hats_hex_decode(g->owner, 32, owner, strlen(owner)))
        return hats_fail(err, HATS_E_USAGE, "--owner wants 64 hex digits: see hats key show");
    return HATS_OK;
}

static int run_grant_sign(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_grant grant = {.issued_ms = hats_now_ms()};
    struct hats_sign_key *key = NULL;
    struct hats_buffer file;
    uint64_t purpose = 0;
    const char *words = cli_value(args, "words"), *name = cli_value(args, "name");
    hats_buffer_init(&file, HATS_SIGNED_MAX_BYTES);
    grant.from_ms = grant.issued_ms;
    hats_status s = cli_number(&purpose, args, "purpose", 1, 1, UINT32_MAX, &err);
    if (s == HATS_OK)
        s = cli_until(&grant.until_ms, args, grant.issued_ms, 30, &err);
    if (s == HATS_OK && strlen(words) >= sizeof grant.purpose_text)
        s = hats_fail(&err, HATS_E_USAGE, "--words wants less than %zu bytes",
                      sizeof grant.purpose_text);
    if (s == HATS_OK)
        s = grant_scope(&grant, args, &err);
    if (s == HATS_OK)
        s = grant_model(&grant, args, &err);
    if (s == HATS_OK)
        s = grant_owner(&grant, args, &err);
    if (s == HATS_OK)
        s = hats_mldsa_load(&key, cli_value(args, "key"), &err);
    if (s == HATS_OK) {
        grant.purpose = (uint32_t)purpose;
        (void)snprintf(grant.purpose_text, sizeof grant.purpose_text, "%s", words);
        s = hats_grant_sign(&file, &grant, key, name != NULL ? name : "", &err);
    }
    if (s == HATS_OK)
        s = hats_file_write(cli_value(args, "out"), 0644, file.data, file.len, &err);
    hats_buffer_clear(&file);
    hats_mldsa_free(key);
    if (s != HATS_OK)
        return cli_report(args, &err);
    if (!args->quiet)
        printf("%s: records of %s, for purpose %u (%s)\n", cli_value(args, "out"), grant.dataset,
               (unsigned)grant.purpose, grant.purpose_text);
    return 0;
}

static int by_digest(const void *a, const void *b) {
    return memcmp(((const struct hats_revocation *)a)->digest,
                  ((const struct hats_revocation *)b)->digest, 32);
}

static int run_grant_revoke(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_revocation items[CLI_MAX_POSITIONALS];
    struct hats_revocations list = {.issued_ms = hats_now_ms(), .items = items};
    struct hats_sign_key *key = NULL;
    struct hats_buffer file;
    const char *name = cli_value(args, "name");
    hats_status s = cli_number(&list.number, args, "number", 1, 1, UINT64_MAX, &err);
    if (s == HATS_OK)
        s = cli_until(&list.next_ms, args, list.issued_ms, 7, &err);
    for (unsigned i = 0; s == HATS_OK && i < args->n_positionals; i++) {
        s = cli_read(&file, args->positionals[i], HATS_SIGNED_MAX_BYTES, &err);
        if (s == HATS_OK) {
            hats_sha256(items[i].digest, file.data, file.len);
            items[i].from_ms = list.issued_ms;
            list.n_items++;
        }
        hats_buffer_clear(&file);
    }
    qsort(items, list.n_items, sizeof items[0], by_digest);
    hats_buffer_init(&file, HATS_COSE_MAX_BYTES);
    if (s == HATS_OK)
        s = hats_mldsa_load(&key, cli_value(args, "key"), &err);
    if (s == HATS_OK)
        s = hats_revocations_sign(&file, &list, key, name != NULL ? name : "", &err);
    if (s == HATS_OK)
        s = hats_file_write(cli_value(args, "out"), 0644, file.data, file.len, &err);
    hats_buffer_clear(&file);
    hats_mldsa_free(key);
    if (s != HATS_OK)
        return cli_report(args, &err);
    if (!args->quiet)
        printf("%s: %zu revoked; a later list must hold these too\n", cli_value(args, "out"),
               list.n_items);
    return 0;
}

#define KEY_OPTION \
    { "key", "FILE", "The signing key (*.pem), from hats source init.", true, false }
#define OUT_FILE_OPTION \
    { "out", "FILE", "Where the signed file goes.", true, false }
#define NAME_OPTION \
    { "name", "TEXT", "The signer's name, as it stands in the file.", false, false }

static const struct cli_option init_options[] = {
    {"name", "TEXT", "Who holds the key, for those who will believe it.", true, false},
    {"role", "ROLE", "source, authoriser or processor (default: source).", false, false},
    {0}};
static const struct cli_option schema_options[] = {
    {"name", "TEXT", "Name of the table (default: the model's).", false, false},
    {"key", "COLUMN", "Column whose texts tell records apart.", false, false},
    {"out", "FILE", "Where the schema goes (default: the terminal).", false, false},
    {0}};
static const struct cli_option sign_options[] = {
    KEY_OPTION,
    {"schema", "FILE", "What a record is (JSON); hats source schema makes one for a model.", true,
     false},
    {"out", "PREFIX", "Begin of the names of what is written.", true, false},
    {"dataset", "TEXT", "Name of the table (default: the schema's).", false, false},
    {"days", "N", "How long the root is good (default: 365).", false, false},
    {"threads", "N", "Threads for the commitments (default: one a processor).", false, false},
    {"from", "FILE", "A signed root that this table is made from; may repeat.", false, true},
    {"what", "TEXT", "What was done with them, in words.", false, false},
    {"kind", "KIND", "transform or store (default: transform).", false, false},
    {"parameters", "FILE", "The programme and its constants; its digest is signed.", false, false},
    {"issuer", "TEXT", "The signer's name in the step.", false, false},
    {0}};
static const struct cli_option grant_options[] = {
    KEY_OPTION,
    {"plan", "FILE", "The model's plan: the transformation that is released.", true, false},
    {"model", "FILE", "The model's publication.cose.", true, false},
    {"schema", "FILE", "The schema that the table was signed with.", true, false},
    {"purpose", "N", "The purpose, as requests name it: 1 to 4294967295.", true, false},
    {"words", "TEXT", "The purpose in words.", true, false},
    OUT_FILE_OPTION,
    {"days", "N", "How long the grant is good (default: 30).", false, false},
    {"owner", "HEX", "Only this owner may use it (hats key show).", false, false},
    {"this-table", NULL, "This root only, and no later one of the dataset.", false, false},
    NAME_OPTION,
    {0}};
static const struct cli_option revoke_options[] = {
    KEY_OPTION,
    OUT_FILE_OPTION,
    {"number", "N", "Number of the list; a later one has a higher (default: 1).", false, false},
    {"days", "N", "The next list comes within this time (default: 7).", false, false},
    NAME_OPTION,
    {0}};

const struct cli_verb cli_verb_source_init = {
    "source init",
    "PREFIX",
    1,
    1,
    "Make a signing key for a source, an authoriser or a processor.",
    "Writes PREFIX.pem (secret) and PREFIX.keys.cose, which is what others put on their list of keys.",
    "hats source init ward-3 --name 'St. Elsewhere, ward 3'",
    init_options,
    run_source_init};
const struct cli_verb cli_verb_source_schema = {
    "source schema",
    "PLAN",
    1,
    1,
    "Print the schema of the records that a model reads.",
    "Field by field what the model's plan reads: a table signed with it can be proven from.",
    "hats source schema model/plan.cbor --key patient --out schema.json",
    schema_options,
    run_source_schema};
const struct cli_verb cli_verb_source_sign = {
    "source sign",
    "CSV",
    1,
    1,
    "Sign a table: commitments to its records, and one root over them.",
    "Each record gets a fresh salt; the signed root tells nothing about the records. PREFIX.openings holds\n"
    "them and their salts. A table made from others names them with --from, and what was done with --what.",
    "hats source sign data.csv --schema schema.json --key ward-3.pem --out ward-3",
    sign_options,
    run_source_sign};
const struct cli_verb cli_verb_grant_sign = {
    "grant sign",
    "ROOT",
    1,
    1,
    "Release a source's records for one transformation, model and purpose.",
    NULL,
    "hats grant sign ward-3.root.cose --key board.pem --plan plan.cbor --model publication.cose "
    "--schema schema.json --purpose 7 --words 'second opinion' --out ward-3.grant.cose",
    grant_options,
    run_grant_sign};
const struct cli_verb cli_verb_grant_revoke = {
    "grant revoke",
    "FILE...",
    1,
    CLI_MAX_POSITIONALS,
    "Sign a list of roots, grants or steps of this key that hold no longer.",
    NULL,
    "hats grant revoke ward-3.grant.cose --key board.pem --number 2 --out board.revoked.cose",
    revoke_options,
    run_grant_revoke};
