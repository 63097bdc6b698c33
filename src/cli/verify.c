/* hats verify: everything a file proves, offline. */
#include "cli/verbs.h"

#include "base/file.h"
#include "base/random.h"
#include "base/tty.h"
#include "bundle/bundle.h"
#include "client/home.h"
#include "evidence/logged.h"
#include "evidence/publication.h"
#include "evidence/receipt.h"
#include "evidence/render.h"
#include "hash/sha256.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1u << 20)

static hats_status load_keys(struct hats_trust *trust, const char *path, struct hats_error *err) {
    struct hats_buffer file;
    hats_buffer_init(&file, FILE_MAX_BYTES);
    hats_status s = hats_file_read(&file, path, err);
    if (s == HATS_OK) {
        s = hats_trust_load(trust, file.data, file.len, err);
        if (s != HATS_OK)
            s = hats_fail_in(err, s, "%s", path);
    }
    hats_buffer_clear(&file);
    return s;
}

/* The key sets of every server this home knows. */
static hats_status load_known(struct hats_trust *trust, const struct cli_args *args,
                              struct hats_error *err) {
    struct hats_home home;
    char servers[HATS_PATH_MAX];
    hats_status s = hats_home_open(&home, args->home, err);
    if (s != HATS_OK)
        return s;
    if (hats_path_join(servers, home.path, "servers") != HATS_OK)
        return HATS_OK;
    DIR *dir = opendir(servers);
    if (dir == NULL)
        return HATS_OK;
    const struct dirent *entry;
    while (s == HATS_OK && (entry = readdir(dir)) != NULL) {
        char record[HATS_PATH_MAX], path[HATS_PATH_MAX];
        if (entry->d_name[0] == '.' || hats_path_join(record, servers, entry->d_name) != HATS_OK ||
            hats_path_join(path, record, "trust.keys.cose") != HATS_OK || !hats_file_exists(path))
            continue;
        s = load_keys(trust, path, err);
    }
    closedir(dir);
    return s;
}

static hats_status load_trust(struct hats_trust *trust, const struct cli_args *args,
                              struct hats_error *err) {
    hats_status s = HATS_OK;
    for (unsigned i = 0; s == HATS_OK && i < args->n_repeated; i++)
        s = load_keys(trust, args->repeated[i], err);
    if (args->n_repeated == 0)
        s = load_known(trust, args, err);
    return s;
}

/* A receipt, or a bundle around one. */
static hats_status verify_either(struct hats_report *report, const struct hats_buffer *file,
                                 const struct hats_trust *trust,
                                 const struct hats_log_policy *policy, struct hats_error *err) {
    struct hats_bundle bundle;
    if (!hats_bundle_looks_like(file->data, file->len))
        return hats_receipt_verify_under(report, file->data, file->len, trust, policy,
                                         hats_now_ms(), err);
    hats_status s = HATS_OK;
    if (policy->logged || policy->witnesses != 0)
        s = hats_fail(err, HATS_E_USAGE,
                      "--logged and --witnesses ask a receipt's own file, and this is a bundle");
    if (s == HATS_OK)
        s = hats_bundle_decode(&bundle, file->data, file->len, err);
    if (s == HATS_OK)
        return hats_bundle_verify(report, &bundle, trust, hats_now_ms(), err);
    memset(report, 0, sizeof *report);
    report->len_bytes = file->len;
    hats_sha256(report->file_digest, file->data, file->len);
    hats_report_refuse(report, s, err);
    return s;
}

static int verify_receipt(const struct cli_args *args, const struct hats_buffer *file,
                          const struct hats_trust *trust) {
    static struct hats_report report;
    struct hats_error err = {0};
    struct hats_buffer text;
    bool colour = hats_tty_colour(stdout, HATS_BOLD)[0] != '\0';
    const char *require = cli_value(args, "require");
    struct hats_log_policy policy = {.logged = cli_value(args, "logged") != NULL};
    uint64_t witnesses = 0;
    if (cli_number(&witnesses, args, "witnesses", 0, 0, HATS_LOGGED_WITNESSES_MAX, &err) != HATS_OK)
        return cli_report(args, &err);
    policy.witnesses = (unsigned)witnesses;
    hats_status s = verify_either(&report, file, trust, &policy, &err);
    hats_buffer_init(&text, FILE_MAX_BYTES);
    if (args->json)
        hats_report_json(&text, &report);
    else
        hats_report_text(&text, &report, colour);
    if (!args->quiet)
        printf("%.*s%s", (int)text.len, (const char *)text.data,
               text.len != 0 && text.data[text.len - 1] == '\n' ? "" : "\n");
    if (!args->quiet && !args->json && s == HATS_E_TRUST && trust->n_keys == 0)
        fputs("\nNo key set was given. Get the provider's by a way you believe, and name it: hats "
              "verify FILE --trust provider.keys.cose\n",
              stdout);
    hats_buffer_clear(&text);
    return hats_report_exit_code(&report, require != NULL);
}

static int verify_publication(const struct cli_args *args, const struct hats_buffer *file,
                              const struct hats_trust *trust) {
    struct hats_error err = {0};
    struct hats_publication p;
    const struct hats_trust_key *signer;
    struct hats_buffer text;
    hats_status s =
        hats_publication_verify(&p, &signer, file->data, file->len, trust, hats_now_ms(), &err);
    if (s != HATS_OK) {
        int code = cli_report(args, &err);
        return s == HATS_E_TRUST ? code : 1;
    }
    hats_buffer_init(&text, FILE_MAX_BYTES);
    (args->json ? hats_publication_json : hats_publication_text)(&text, &p, signer);
    if (!args->quiet)
        printf("%.*s\n", (int)text.len, (const char *)text.data);
    hats_buffer_clear(&text);
    return 0;
}

static bool is_publication(const struct hats_buffer *file) {
    struct hats_cose cose;
    return hats_cose_parse(&cose, file->data, file->len, HATS_TYPE_MODEL, NULL) == HATS_OK;
}

static int run_verify(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_trust trust;
    struct hats_buffer file;
    const char *require = cli_value(args, "require");
    int code = 0;
    hats_trust_init(&trust);
    hats_buffer_init(&file, HATS_BUNDLE_MAX_BYTES);
    hats_status s = HATS_OK;
    if (require != NULL && strcmp(require, "proven") != 0)
        s = hats_fail(&err, HATS_E_USAGE, "--require knows one word: proven");
    if (s == HATS_OK)
        s = hats_file_read(&file, args->positionals[0], &err);
    if (s == HATS_OK)
        s = load_trust(&trust, args, &err);
    if (s != HATS_OK)
        code = cli_report(args, &err);
    else if (is_publication(&file))
        code = verify_publication(args, &file, &trust);
    else
        code = verify_receipt(args, &file, &trust);
    hats_buffer_clear(&file);
    hats_trust_clear(&trust);
    return code;
}

static const struct cli_option verify_options[] = {
    {"trust", "FILE",
     "Key set to believe (*.keys.cose); may repeat. Default: those of the servers you know.", false,
     true},
    {"require", "proven", "Exit 3 unless everything the file speaks about is proven by it.", false,
     false},
    {"logged", NULL, "Refuse a receipt without a place in a trusted log.", false, false},
    {"witnesses", "N", "Refuse one that fewer than N trusted witnesses have seen; 0 to 2.", false,
     false},
    {0}};

const struct cli_verb cli_verb_verify = {
    "verify",
    "FILE",
    1,
    1,
    "Check a receipt or a model publication, offline.",
    "Says who signed what, which model, which input digest and when, and for each of the seven\n"
    "requirements whether this file proves it, somebody asserts it, or the file says nothing of it.\n"
    "A key set that came together with the receipt proves nothing: get it another way.",
    "hats verify record-1.receipt.cose --trust provider.keys.cose",
    verify_options,
    run_verify};
