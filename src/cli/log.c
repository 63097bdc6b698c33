/* hats log ...: a server's log of receipts, from outside. */
#include "cli/verbs.h"

#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "client/log.h"
#include "evidence/logged.h"
#include "evidence/receipt.h"
#include "evidence/render.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES (1u << 20)

/* Where the log is: a folder, or a server this home knows. */
struct place {
    struct hats_client *client; /* NULL: a folder */
    struct hats_server_record record;
    struct hats_trust trust; /* a folder's, as given */
    struct hats_log_files files;
    bool is_folder;
};

static hats_status load_keys(struct hats_trust *trust, const char *path, struct hats_error *err) {
    struct hats_buffer file;
    hats_buffer_init(&file, FILE_MAX_BYTES);
    hats_status s = hats_file_read(&file, path, err);
    if (s == HATS_OK)
        s = hats_trust_load(trust, file.data, file.len, err);
    hats_buffer_clear(&file);
    return s;
}

static void close_place(struct place *p) {
    hats_client_close(p->client);
    hats_trust_clear(&p->trust);
}

static hats_status open_place(struct place *p, const struct cli_args *args, const char *where,
                              struct hats_error *err) {
    struct hats_home home;
    struct stat st;
    const char *keys = cli_value(args, "trust");
    *p = (struct place){.is_folder = stat(where, &st) == 0 && S_ISDIR(st.st_mode)};
    hats_trust_init(&p->trust);
    hats_status s = HATS_OK;
    if (p->is_folder && keys == NULL)
        s = hats_fail(err, HATS_E_USAGE, "the log in a folder is believed with --trust FILE");
    if (s == HATS_OK && keys != NULL)
        s = load_keys(&p->trust, keys, err);
    if (s == HATS_OK && p->is_folder) {
        p->files = hats_log_folder(where);
        return HATS_OK;
    }
    if (s == HATS_OK)
        s = hats_home_open(&home, args->home, err);
    if (s == HATS_OK)
        s = hats_server_record_load(&p->record, &home, where, err);
    if (s == HATS_OK && keys == NULL)
        s = load_keys(&p->trust, p->record.trust_path, err);
    if (s == HATS_OK)
        s = hats_client_open(&p->client, &p->record, HATS_TLS_STRICT, err);
    if (s == HATS_OK)
        p->files = hats_client_log_files(p->client);
    return s;
}

/* ---- log show, log verify ---- */

static void print_signers(const struct hats_checkpoint *c, const struct hats_trust *trust) {
    for (size_t i = 0; i < c->n_lines; i++) {
        const struct hats_note_line *line = &c->lines[i];
        const struct hats_trust_key *key =
            hats_trust_find_note(trust, HATS_ROLE_LOG, line->name, line->key_id);
        const char *role = "log";
        uint64_t time_s = 0;
        char when[32] = "";
        if (key == NULL) {
            key = hats_trust_find_note(trust, HATS_ROLE_WITNESS, line->name, line->key_id);
            role = "witness";
        }
        hats_status s = key != NULL ? hats_checkpoint_verify(c, NULL, &time_s, key->public_key,
                                                             line->name, NULL)
                                    : HATS_E_NOT_FOUND;
        hats_time_text(when, time_s * 1000);
        printf("  %-12s %s: %s\n", "signed by", line->name,
               key == NULL    ? "not trusted, not checked"
               : s == HATS_OK ? role
                              : "SIGNATURE DOES NOT HOLD");
        if (s == HATS_OK)
            printf("  %-12s %s\n", "  at", when);
    }
}

static void print_head(const struct cli_args *args, const struct hats_checkpoint *c,
                       const struct hats_trust *trust, const char *verdict) {
    char hex[65], count[32];
    hats_hex_encode(hex, c->head.root, 32);
    if (args->json) {
        struct hats_buffer b;
        hats_buffer_init(&b, 4096);
        hats_buffer_printf(&b, "{\"origin\":");
        hats_json_string(&b, c->head.origin);
        hats_buffer_printf(&b, ",\"size\":%" PRIu64 ",\"root\":\"%s\",\"verdict\":\"%s\"}\n",
                           c->head.size, hex, verdict);
        fwrite(b.data, 1, b.len, stdout);
        hats_buffer_clear(&b);
        return;
    }
    if (args->quiet)
        return;
    printf("log %s: %s\n  %-12s %s\n  %-12s %s\n", c->head.origin, verdict, "entries",
           cli_count(count, c->head.size), "root", hex);
    print_signers(c, trust);
}

/* With a memory, the log is followed; *verdict says what that showed. */
static hats_status compare_with_memory(struct place *p, const char *memory, const char **verdict,
                                       struct hats_error *err) {
    struct hats_log_followed f;
    hats_status s = hats_log_follow(&f, NULL, memory, &p->files, &p->trust, hats_now_ms(), err);
    if (s == HATS_OK)
        *verdict = f.first                  ? "signed; seen for the first time"
                   : f.before < f.head.size ? "signed; it continues the one seen before"
                                            : "signed; the one seen before";
    return s;
}

static int show(const struct cli_args *args, bool whole) {
    struct hats_error err = {0};
    struct hats_buffer note;
    struct hats_checkpoint c;
    struct place p;
    char memory[HATS_PATH_MAX];
    const char *verdict = "signed";
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    hats_status s = open_place(&p, args, args->positionals[0], &err);
    if (s == HATS_OK && p.client != NULL) {
        s = hats_client_log_memory(memory, &p.record, &err);
        if (s == HATS_OK)
            s = compare_with_memory(&p, memory, &verdict, &err);
    }
    if (s == HATS_OK)
        s = hats_log_checkpoint(&c, &note, &p.files, &p.trust, hats_now_ms(), &err);
    if (s == HATS_OK && whole) {
        s = hats_log_check_all(&p.files, &c.head, &err);
        verdict = "signed, and every entry and tile is of the signed tree";
    }
    if (s == HATS_OK)
        print_head(args, &c, &p.trust, verdict);
    hats_buffer_clear(&note);
    close_place(&p);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

static int run_show(const struct cli_args *args) { return show(args, false); }
static int run_verify_log(const struct cli_args *args) { return show(args, true); }

/* ---- log witness ---- */

static hats_status default_out(char out[HATS_PATH_MAX], const struct cli_args *args,
                               const struct place *p, const struct hats_sign_key *key,
                               const char *name, struct hats_error *err) {
    const char *given = cli_value(args, "out");
    uint8_t id[4];
    char hex[9];
    int n;
    hats_note_key_id(id, name, hats_mldsa_public(key));
    hats_hex_encode(hex, id, sizeof id);
    if (given != NULL)
        n = snprintf(out, HATS_PATH_MAX, "%s", given);
    else if (p->is_folder)
        n = snprintf(out, HATS_PATH_MAX, "%s/witness/%s.note", args->positionals[0], hex);
    else
        return hats_fail(err, HATS_E_USAGE,
                         "--out FILE: where the signed checkpoint goes; the log's operator puts it "
                         "into the folder witness of the log");
    return n < HATS_PATH_MAX ? HATS_OK : hats_fail(err, HATS_E_RANGE, "--out: path too long");
}

static hats_status witness(const struct cli_args *args, struct place *p, struct hats_buffer *note,
                           struct hats_log_followed *f, struct hats_error *err) {
    struct hats_sign_key *key = NULL;
    const char *name = cli_value(args, "name");
    char out[HATS_PATH_MAX];
    hats_status s = hats_mldsa_load(&key, cli_value(args, "key"), err);
    if (s == HATS_OK)
        s = default_out(out, args, p, key, name, err);
    if (s == HATS_OK)
        s = hats_log_witness(f, note, cli_value(args, "state"), &p->files, &p->trust, key, name,
                             hats_now_ms(), err);
    if (s == HATS_OK)
        s = hats_file_write(out, 0644, note->data, note->len, err);
    if (s == HATS_OK && !args->quiet)
        printf("cosigned %s at %" PRIu64 " entries (%" PRIu64 " before): %s\n", f->head.origin,
               f->head.size, f->before, out);
    hats_mldsa_free(key);
    return s;
}

static int run_witness(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_log_followed f;
    struct hats_buffer note;
    struct place p;
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    hats_status s = open_place(&p, args, args->positionals[0], &err);
    if (s == HATS_OK)
        s = witness(args, &p, &note, &f, &err);
    hats_buffer_clear(&note);
    close_place(&p);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

/* ---- log keygen ---- */

static int run_keygen(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_sign_key *key = NULL;
    struct hats_trust_key entry;
    struct hats_trust trust;
    struct hats_buffer file;
    const char *name = cli_value(args, "name"), *out = cli_value(args, "out");
    const char *keys = cli_value(args, "keys");
    hats_trust_init(&trust);
    hats_buffer_init(&file, FILE_MAX_BYTES);
    hats_status s = HATS_OK;
    if (!hats_note_name_ok(name))
        s = hats_fail(&err, HATS_E_USAGE, "--name is text without spaces and \"+\"");
    else if (hats_file_exists(out))
        s = hats_fail(&err, HATS_E_CONFLICT, "%s exists already; nothing was changed", out);
    if (s == HATS_OK && hats_file_exists(keys))
        s = load_keys(&trust, keys, &err);
    if (s == HATS_OK)
        s = hats_mldsa_generate(&key, HATS_MLDSA_44, &err);
    if (s == HATS_OK) {
        hats_trust_key_of(&entry, key, name, HATS_ROLE_WITNESS, hats_now_ms());
        s = hats_trust_add(&trust, &entry, &err);
    }
    if (s == HATS_OK)
        s = hats_trust_encode(&file, &trust, &err);
    if (s == HATS_OK)
        s = hats_mldsa_save(key, out, &err);
    if (s == HATS_OK)
        s = hats_file_write(keys, 0644, file.data, file.len, &err);
    hats_buffer_clear(&file);
    hats_trust_clear(&trust);
    hats_mldsa_free(key);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

/* ---- log attach ---- */

static hats_status attach(const struct cli_args *args, struct place *p, const char *path,
                          struct hats_error *err) {
    static struct hats_report report;
    struct hats_log_policy policy = {.logged = true};
    struct hats_cose cose;
    struct hats_buffer file, logged;
    uint8_t entry[32], fetched[32];
    hats_buffer_init(&file, HATS_RECEIPT_MAX_BYTES);
    hats_buffer_init(&logged, HATS_RECEIPT_MAX_BYTES);
    hats_status s = hats_file_read(&file, path, err);
    if (s == HATS_OK)
        s = hats_cose_parse_open(&cose, file.data, file.len, HATS_TYPE_RECEIPT, err);
    if (s == HATS_OK) {
        hats_cose_entry(entry, &cose);
        s = hats_client_receipt(p->client, &logged, entry, err);
    }
    if (s == HATS_OK)
        s = hats_receipt_verify_under(&report, logged.data, logged.len, &p->trust, &policy,
                                      hats_now_ms(), err);
    memcpy(fetched, report.entry, sizeof fetched);
    if (s == HATS_OK && memcmp(fetched, entry, sizeof entry) != 0)
        s = hats_fail(err, HATS_E_VERIFY, "the server gave another receipt");
    if (s == HATS_OK)
        s = hats_file_write(path, 0644, logged.data, logged.len, err);
    if (s == HATS_OK && !args->quiet)
        printf("%s: entry %" PRIu64 " of %" PRIu64 " in %s, %u witness%s\n", path, report.log.index,
               report.log.head.size, report.log.head.origin, report.log.n_witnesses,
               report.log.n_witnesses == 1 ? "" : "es");
    if (s != HATS_OK)
        s = hats_fail_in(err, s, "%s", path);
    hats_buffer_clear(&file);
    hats_buffer_clear(&logged);
    return s;
}

static int run_attach(const struct cli_args *args) {
    struct hats_error err = {0};
    struct place p;
    hats_status s = open_place(&p, args, cli_value(args, "server"), &err);
    if (s == HATS_OK && p.client == NULL)
        s = hats_fail(&err, HATS_E_USAGE, "--server is a server, as https://host:port");
    for (unsigned i = 0; s == HATS_OK && i < args->n_positionals; i++)
        s = attach(args, &p, args->positionals[i], &err);
    close_place(&p);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

/* ---- the verbs ---- */

static const struct cli_option place_options[] = {
    {"trust", "FILE",
     "Key set with the log's key (*.keys.cose). Default for a server: the one it was added with.",
     false, false},
    {0}};

const struct cli_verb cli_verb_log_show = {
    "log show",
    "SERVER|FOLDER",
    1,
    1,
    "Show the log of a server: size, root, who signed it.",
    "Checks the log's signature, and that the log of a known server continues the one seen before:\n"
    "a log that went backwards, or forked, is named, and both signed checkpoints are kept.",
    "hats log show https://localhost:8443",
    place_options,
    run_show};

const struct cli_verb cli_verb_log_verify = {
    "log verify",
    "SERVER|FOLDER",
    1,
    1,
    "Check a whole log: every entry, every tile, the signed root.",
    "Reads all of it. An entry is the SHA-256 of a receipt as it was sealed, so nobody learns from the\n"
    "log what was computed for whom.",
    "hats log verify /var/lib/hats/log --trust provider.keys.cose",
    place_options,
    run_verify_log};

static const struct cli_option witness_options[] = {
    {"key", "FILE", "The witness's ML-DSA-44 key (hats log keygen).", true, false},
    {"name", "NAME", "The witness's name, as others trust it.", true, false},
    {"state", "FILE", "What was signed last: one file for each log; never delete it.", true, false},
    {"out", "FILE", "Where the cosigned checkpoint goes. Default for a folder: FOLDER/witness.",
     false, false},
    {"trust", "FILE",
     "Key set with the log's key (*.keys.cose). Default for a server: the one it was added with.",
     false, false},
    {0}};

const struct cli_verb cli_verb_log_witness = {
    "log witness",
    "SERVER|FOLDER",
    1,
    1,
    "Cosign a log, if it continues what this witness signed before.",
    "The state is on the disk before a signature is made. A log that went backwards, or forked, gets none,\n"
    "and both of its checkpoints are kept beside the state.",
    "hats log witness log --key w.pem --name witness.example/w1 --state w.state --trust p.keys.cose",
    witness_options,
    run_witness};

static const struct cli_option keygen_options[] = {
    {"name", "NAME", "The witness's name: text without spaces and \"+\".", true, false},
    {"out", "FILE", "The secret key; mode 0600.", true, false},
    {"keys", "FILE", "Key set to add the public key to; made when missing.", true, false},
    {0}};

const struct cli_verb cli_verb_log_keygen = {
    "log keygen",
    "",
    0,
    0,
    "Make a witness's key.",
    NULL,
    "hats log keygen --name witness.example/w1 --out w.pem --keys witnesses.keys.cose",
    keygen_options,
    run_keygen};

static const struct cli_option attach_options[] = {
    {"server", "URL", "The server that sealed them.", true, false},
    {"trust", "FILE",
     "Key set to believe (*.keys.cose). Default: the one the server was added with.", false, false},
    {0}};

const struct cli_verb cli_verb_log_attach = {
    "log attach",
    "RECEIPT...",
    1,
    CLI_MAX_POSITIONALS,
    "Put a receipt's place in the log into its file.",
    "The server shows its log about once a second; a receipt that has no place yet is left as it is, with\n"
    "exit code 1. The place is checked before the file is replaced.",
    "hats log attach record-1.receipt.cose --server https://localhost:8443",
    attach_options,
    run_attach};
