/* hats provenance ...: evidence for a record, what it shows, and one field of it for an auditor. */
#include "cli/provenance.h"
#include "cli/verbs.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/random.h"
#include "hash/sha256.h"

#include <stdlib.h>
#include <string.h>

/* --- provenance make --- */

struct making {
    struct hats_openings *openings;
    struct hats_opening opening;
    struct hats_buffer root, grant, input, ancestors[CLI_MAX_POSITIONALS], out;
    struct hats_provenance_bundle bundle;
};

static hats_status record_index(uint64_t *out, const struct cli_args *args,
                                struct hats_openings *openings, struct hats_error *err) {
    const char *key = cli_value(args, "record-key");
    if ((key != NULL) == (cli_value(args, "record") != NULL))
        return hats_fail(err, HATS_E_USAGE, "either --record or --record-key says which record");
    if (key != NULL)
        return hats_openings_find(out, openings, key, err);
    return cli_number(out, args, "record", 0, 0, UINT64_MAX, err);
}

/* The record, without leaving its fields anywhere. */
static hats_status open_record(struct making *m, const struct cli_args *args,
                               struct hats_error *err) {
    uint64_t index;
    hats_status s = hats_openings_open(&m->openings, args->positionals[0], err);
    if (s == HATS_OK)
        s = record_index(&index, args, m->openings, err);
    if (s != HATS_OK)
        return s;
    size_t len = hats_openings_schema(m->openings)->n_fields * sizeof(int64_t);
    int64_t *fields = hats_alloc(len);
    if (fields == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a record");
    s = hats_openings_get(&m->opening, fields, m->openings, index, err);
    hats_free_wiped(fields, len);
    return s;
}

static hats_status read_parts(struct making *m, const struct cli_args *args,
                              struct hats_error *err) {
    char path[HATS_PATH_MAX + 16];
    struct hats_provenance_bundle *b = &m->bundle;
    (void)snprintf(path, sizeof path, "%s.root.cose", args->positionals[0]);
    hats_status s = cli_read(&m->root, path, HATS_SIGNED_MAX_BYTES, err);
    if (s == HATS_OK)
        s = cli_read(&m->grant, cli_value(args, "grant"), HATS_SIGNED_MAX_BYTES, err);
    b->root.bytes = m->root.data;
    b->root.len = m->root.len;
    b->grant.bytes = m->grant.data;
    b->grant.len = m->grant.len;
    if (args->n_repeated > sizeof b->ancestors / sizeof b->ancestors[0])
        return hats_fail(err, HATS_E_USAGE, "too many --from");
    for (unsigned i = 0; s == HATS_OK && i < args->n_repeated; i++) {
        s = cli_read(&m->ancestors[i], args->repeated[i], HATS_SIGNED_MAX_BYTES, err);
        b->ancestors[i].bytes = m->ancestors[i].data;
        b->ancestors[i].len = m->ancestors[i].len;
        b->n_ancestors++;
    }
    b->n_records = 1;
    b->records[0].index = m->opening.index;
    b->records[0].commitment = m->opening.commitment;
    b->records[0].path = m->opening.path;
    b->records[0].path_len = m->opening.path_len;
    return s;
}

/* The owner's own step: this record, for this transformation. */
static hats_status sign_input(struct making *m, const struct cli_args *args,
                              struct hats_error *err) {
    struct hats_sign_key *key = NULL;
    struct hats_source_root root;
    struct hats_grant grant;
    struct hats_cose cose;
    struct hats_step step = {.kind = HATS_STEP_INPUT, .n_parents = 1, .done_ms = hats_now_ms()};
    if (cli_value(args, "key") == NULL)
        return HATS_OK;
    hats_status s = hats_mldsa_load(&key, cli_value(args, "key"), err);
    if (s == HATS_OK)
        s = hats_source_root_parse(&root, &cose, m->root.data, m->root.len, err);
    if (s == HATS_OK)
        s = hats_grant_parse(&grant, &cose, m->grant.data, m->grant.len, err);
    if (s == HATS_OK) {
        (void)snprintf(step.text, sizeof step.text, "input of a call");
        hats_sha256(step.parents[0].id, m->root.data, m->root.len);
        memcpy(step.parents[0].commitment, root.root, 32);
        memcpy(step.out, m->opening.commitment.c_d, 32);
        memcpy(step.parameters, grant.transform_digest, 32);
        s = hats_step_sign(&m->input, &step, key, "", err);
    }
    hats_mldsa_free(key);
    m->bundle.input.bytes = m->input.data;
    m->bundle.input.len = m->input.len;
    return s;
}

static int run_make(const struct cli_args *args) {
    struct hats_error err = {0};
    struct making *m = calloc(1, sizeof *m);
    if (m == NULL) {
        (void)hats_fail(&err, HATS_E_MEMORY, "no memory");
        return cli_report(args, &err);
    }
    hats_buffer_init(&m->input, HATS_SIGNED_MAX_BYTES);
    hats_buffer_init(&m->out, HATS_PROVENANCE_BUNDLE_MAX_BYTES);
    hats_status s = open_record(m, args, &err);
    if (s == HATS_OK)
        s = read_parts(m, args, &err);
    if (s == HATS_OK)
        s = sign_input(m, args, &err);
    if (s == HATS_OK)
        s = hats_provenance_bundle_encode(&m->out, &m->bundle, &err);
    if (s == HATS_OK)
        s = hats_file_write(cli_value(args, "out"), 0644, m->out.data, m->out.len, &err);
    if (s == HATS_OK && !args->quiet)
        printf("%s: %zu bytes, record %llu\n", cli_value(args, "out"), m->out.len,
               (unsigned long long)m->opening.index);
    hats_openings_free(m->openings);
    hats_buffer_clear(&m->root);
    hats_buffer_clear(&m->grant);
    hats_buffer_clear(&m->input);
    hats_buffer_clear(&m->out);
    for (size_t i = 0; i < CLI_MAX_POSITIONALS; i++)
        hats_buffer_clear(&m->ancestors[i]);
    hats_wipe(m, sizeof *m);
    free(m);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

/* --- provenance show --- */

static void draw(struct hats_buffer *out, const struct cli_args *args,
                 const struct hats_provenance_verdict *v) {
    if (cli_value(args, "dot") != NULL)
        hats_lineage_dot(out, &v->lineage);
    else if (cli_value(args, "svg") != NULL)
        hats_lineage_svg(out, &v->lineage);
    else if (cli_value(args, "prov") != NULL)
        hats_lineage_prov_json(out, &v->lineage);
    else if (cli_value(args, "in-toto") != NULL)
        hats_lineage_in_toto(out, v);
    else if (args->json)
        hats_provenance_json(out, v);
    else
        hats_provenance_text(out, v);
}

static hats_status load_revoked(struct hats_revocations *list,
                                struct hats_provenance_policy *policy, const struct cli_args *args,
                                const struct hats_trust *trust, struct hats_error *err) {
    struct hats_buffer file;
    if (cli_value(args, "revoked") == NULL)
        return HATS_OK;
    hats_status s = cli_read(&file, cli_value(args, "revoked"), HATS_COSE_MAX_BYTES, err);
    if (s == HATS_OK)
        s = hats_revocations_load(list, file.data, file.len, trust, hats_now_ms(), err);
    hats_buffer_clear(&file);
    policy->lists = list;
    policy->n_lists = s == HATS_OK;
    return s;
}

static int run_show(const struct cli_args *args) {
    static struct hats_provenance_verdict verdict;
    struct hats_error err = {0};
    struct hats_trust trust;
    struct hats_revocations list = {0};
    struct hats_buffer file, text;
    struct hats_provenance_request request = {.now_ms = hats_now_ms()};
    struct hats_provenance_policy policy = {.trust = &trust};
    hats_trust_init(&trust);
    hats_buffer_init(&text, 4u << 20);
    hats_status s = cli_read(&file, args->positionals[0], HATS_PROVENANCE_BUNDLE_MAX_BYTES, &err);
    if (s == HATS_OK)
        s = cli_trust(&trust, args, &err);
    if (s == HATS_OK)
        s = load_revoked(&list, &policy, args, &trust, &err);
    if (s == HATS_OK) {
        s = hats_provenance_verify(&verdict, file.data, file.len, &request, &policy, &err);
        draw(&text, args, &verdict);
        if (!args->quiet)
            printf("%.*s", (int)text.len, (const char *)text.data);
    }
    hats_buffer_clear(&file);
    hats_buffer_clear(&text);
    hats_revocations_clear(&list);
    hats_trust_clear(&trust);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

/* --- one field --- */

static int run_disclose(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_openings *openings = NULL;
    struct hats_buffer root, out;
    char path[HATS_PATH_MAX + 16];
    uint64_t index = 0;
    (void)snprintf(path, sizeof path, "%s.root.cose", args->positionals[0]);
    hats_buffer_init(&out, HATS_SOURCE_SCHEMA_MAX_BYTES);
    hats_status s = cli_read(&root, path, HATS_SIGNED_MAX_BYTES, &err);
    if (s == HATS_OK)
        s = hats_openings_open(&openings, args->positionals[0], &err);
    if (s == HATS_OK)
        s = record_index(&index, args, openings, &err);
    if (s == HATS_OK) {
        uint32_t field =
            hats_source_schema_find(hats_openings_schema(openings), cli_value(args, "field"));
        s = hats_disclosure_make(&out, openings, index, field, root.data, root.len, &err);
    }
    if (s == HATS_OK)
        s = hats_file_write(cli_value(args, "out"), 0600, out.data, out.len, &err);
    hats_openings_free(openings);
    hats_buffer_clear(&root);
    hats_buffer_clear(&out);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

static int run_check(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_trust trust;
    struct hats_disclosure d = {0};
    struct hats_buffer file, text;
    hats_trust_init(&trust);
    hats_buffer_init(&text, 1u << 20);
    hats_status s = cli_read(&file, args->positionals[0], HATS_SOURCE_SCHEMA_MAX_BYTES, &err);
    if (s == HATS_OK)
        s = cli_trust(&trust, args, &err);
    if (s == HATS_OK)
        s = hats_disclosure_verify(&d, file.data, file.len, &trust, hats_now_ms(), &err);
    if (s == HATS_OK) {
        (args->json ? hats_disclosure_json : hats_disclosure_text)(&text, &d);
        printf("%.*s", (int)text.len, (const char *)text.data);
    }
    hats_disclosure_clear(&d);
    hats_buffer_clear(&file);
    hats_buffer_clear(&text);
    hats_trust_clear(&trust);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

#define RECORD_OPTIONS                                                                     \
    {"record", "N", "Which record; the first is 0.", false, false}, {                      \
        "record-key", "TEXT", "Which record, by the text in its key column.", false, false \
    }
#define OUT_OPTION \
    { "out", "FILE", "Where it goes.", true, false }
#define TRUST_OPTION \
    { "trust", "FILE", "Key set to believe (*.keys.cose); may repeat.", false, true }

static const struct cli_option make_options[] = {
    RECORD_OPTIONS,
    {"grant", "FILE", "The grant that releases it.", true, false},
    OUT_OPTION,
    {"from", "FILE", "A root or step that the table was made from, oldest first; may repeat.",
     false, true},
    {"key", "FILE", "The owner's key: sign the step from the table to the input.", false, false},
    {0}};
static const struct cli_option show_options[] = {
    TRUST_OPTION,
    {"revoked", "FILE", "A list of revocations to heed.", false, false},
    {"dot", NULL, "Draw for Graphviz.", false, false},
    {"svg", NULL, "Draw as SVG.", false, false},
    {"prov", NULL, "Print W3C PROV-JSON.", false, false},
    {"in-toto", NULL, "Print an (unsigned) in-toto statement.", false, false},
    {0}};
static const struct cli_option disclose_options[] = {
    RECORD_OPTIONS, {"field", "NAME", "Which field.", true, false}, OUT_OPTION, {0}};
static const struct cli_option check_options[] = {TRUST_OPTION, {0}};

const struct cli_verb cli_verb_provenance_make = {
    "provenance make",
    "PREFIX",
    1,
    1,
    "Put together the evidence for one record of a signed table.",
    "Holds nothing of the record but its commitment.",
    "hats provenance make ward-3 --record 12 --grant ward-3.grant.cose --out r12.provenance.cbor",
    make_options,
    run_make};
const struct cli_verb cli_verb_provenance_show = {
    "provenance show",
    "FILE",
    1,
    1,
    "Draw the lineage of a record and check it, offline.",
    NULL,
    "hats provenance show r12.provenance.cbor --trust ward-3.keys.cose --trust board.keys.cose",
    show_options,
    run_show};
const struct cli_verb cli_verb_provenance_disclose = {
    "provenance disclose",
    "PREFIX",
    1,
    1,
    "Open one field of one record to somebody, and no other.",
    NULL,
    "hats provenance disclose ward-3 --record 12 --field age --out age.disclosure.cbor",
    disclose_options,
    run_disclose};
const struct cli_verb cli_verb_provenance_check = {
    "provenance check",
    "FILE",
    1,
    1,
    "Check a field that somebody has opened.",
    NULL,
    "hats provenance check age.disclosure.cbor --trust ward-3.keys.cose",
    check_options,
    run_check};
