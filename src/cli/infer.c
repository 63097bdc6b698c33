/* hats infer: records in, scores out, a receipt for each. */
#include "cli/verbs.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "base/tty.h"
#include "bundle/bundle.h"
#include "client/client.h"
#include "evidence/render.h"
#include "model/input.h"
#include "model/link.h"
#include "stark/setup.h"
#include "wire/session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Everything one run needs; user pointer of the job's callbacks. */
struct infer_run {
    const struct cli_args *args;
    const struct hats_client_model *model;
    const struct hats_owner *owner;
    struct hats_csv *csv;
    struct hats_input *input;
    uint64_t only;  /* record number wanted; 0: all of them */
    uint64_t read;  /* records read so far */
    uint64_t total; /* records in the file, for progress */
    uint64_t done, clipped_records;
    const char *out_dir;
    uint8_t sid[32]; /* the session whose files were saved last */
    FILE *table;     /* out_dir/results.csv */
    struct hats_progress progress;
    uint64_t started_ns, encrypt_ns, prove_ns, call_ns, verify_ns, decrypt_ns;
    size_t core_len, ciphertext_len, proof_len, answer_len, receipt_len;
    unsigned resends;
};

static void say_clipped(const struct infer_run *run, const struct hats_input_report *report) {
    if (report->n_clipped == 0 || run->args->quiet)
        return;
    fprintf(stderr,
            "record %" PRIu64 ": %u value%s outside what the model takes, set to its limit:",
            run->read, report->n_clipped, report->n_clipped == 1 ? "" : "s");
    for (uint32_t i = 0; i < report->n_clipped && i < HATS_COUNT_OF(report->clipped); i++)
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", report->clipped[i].column);
    fputc('\n', stderr);
}

static hats_status next_record(void *user, int32_t *x, uint64_t *tag, bool *more,
                               struct hats_error *err) {
    struct infer_run *run = user;
    struct hats_csv_row row;
    struct hats_input_report report;
    for (;;) {
        hats_status s = hats_csv_next(run->csv, &row, more, err);
        if (s != HATS_OK || !*more || (run->only != 0 && run->read == run->only)) {
            *more = false;
            return s;
        }
        run->read++;
        if (run->only == 0 || run->read == run->only)
            break;
    }
    hats_status s = hats_input_apply(x, &report, run->input, &row, err);
    if (s == HATS_OK) {
        run->clipped_records += report.n_clipped != 0;
        say_clipped(run, &report);
        *tag = run->read;
    }
    hats_wipe(&report, sizeof report); /* it quotes clipped cells */
    return s;
}

/* session-SID.block and session-SID.receipt.cose, once a session: what its calls' receipts refer to. */
static hats_status save_session(struct infer_run *run, const struct hats_client_result *r,
                                struct hats_error *err) {
    char sid[65], name[96], path[HATS_PATH_MAX];
    const struct {
        const char *ending;
        const uint8_t *data;
        size_t len;
    } files[] = {{"block", r->session_block, HATS_SESSION_BLOCK_LEN},
                 {"receipt.cose", r->session_receipt, r->session_receipt_len}};
    if (r->session_receipt == NULL || memcmp(run->sid, r->sid, 32) == 0)
        return HATS_OK;
    hats_status s = HATS_OK;
    hats_hex_encode(sid, r->sid, 32);
    for (size_t i = 0; s == HATS_OK && i < HATS_COUNT_OF(files); i++) {
        snprintf(name, sizeof name, "session-%.16s.%s", sid, files[i].ending);
        if (hats_path_join(path, run->out_dir, name) != HATS_OK)
            return hats_fail(err, HATS_E_RANGE, "--out: path too long");
        s = hats_file_write_unsynced(path, 0644, files[i].data, files[i].len, err);
    }
    memcpy(run->sid, r->sid, 32);
    return s;
}

static hats_status save(const struct infer_run *run, uint64_t record, const char *ending,
                        const void *data, size_t len, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/record-%" PRIu64 ".%s", run->out_dir, record, ending);
    if (n < 0 || n >= (int)sizeof path)
        return hats_fail(err, HATS_E_RANGE, "--out: path too long");
    return hats_file_write_unsynced(path, 0644, data, len, err);
}

/* All of it in one file, for those who were not there: hats verify record-N.bundle. */
static hats_status save_bundle(const struct infer_run *run, const struct hats_client_result *r,
                               struct hats_error *err) {
    const struct hats_client_model *m = run->model;
    struct hats_bundle b = {
        .part = {
            [HATS_BUNDLE_RECEIPT] = {r->receipt, r->receipt_len},
            [HATS_BUNDLE_CORE] = {r->core, r->core_len},
            [HATS_BUNDLE_CIPHERTEXT] = {r->ciphertext, r->ciphertext_len},
            [HATS_BUNDLE_PROOF] = {r->proof, r->proof_len},
            [HATS_BUNDLE_PUBLIC_KEY] = {run->owner->public_key, run->owner->public_key_len},
            [HATS_BUNDLE_PUBLICATION] = {m->publication_bytes.data, m->publication_bytes.len},
            [HATS_BUNDLE_PLAN] = {m->plan_bytes.data, m->plan_bytes.len},
            [HATS_BUNDLE_OUTPUT] = {r->answer, r->answer_len},
            [HATS_BUNDLE_SESSION_RECEIPT] = {r->session_receipt, r->session_receipt_len},
        }};
    struct hats_buffer file;
    hats_buffer_init(&file, HATS_BUNDLE_MAX_BYTES);
    hats_status s = hats_bundle_encode(&file, &b, err);
    if (s == HATS_OK)
        s = save(run, r->tag, "bundle", file.data, file.len, err);
    hats_buffer_clear(&file);
    return s;
}

static hats_status save_all(struct infer_run *run, const struct hats_client_result *r,
                            struct hats_error *err) {
    hats_status s = save_session(run, r, err);
    if (s == HATS_OK)
        s = save(run, r->tag, "receipt.cose", r->receipt, r->receipt_len, err);
    if (s == HATS_OK)
        s = save(run, r->tag, "core.cbor", r->core, r->core_len, err);
    if (s == HATS_OK)
        s = save(run, r->tag, "ciphertext", r->ciphertext, r->ciphertext_len, err);
    if (s == HATS_OK)
        s = save(run, r->tag, "proof", r->proof, r->proof_len, err);
    if (s == HATS_OK)
        s = save(run, r->tag, "answer", r->answer, r->answer_len, err);
    if (s == HATS_OK)
        s = save_bundle(run, r, err);
    return s;
}

static void print_csv_field(FILE *out, const char *text) {
    char quoted[2 * HATS_PLAN_TEXT_MAX + 8];
    size_t len = hats_csv_quote(quoted, text, strlen(text));
    fprintf(out, "%.*s", (int)len, quoted);
}

static void print_table_row(FILE *out, const struct hats_client_result *r,
                            const struct hats_link_answer *a) {
    fprintf(out, "%" PRIu64 ",", r->tag);
    print_csv_field(out, a->label);
    if (isnan(a->value))
        fprintf(out, ",%.6f,\n", a->score);
    else
        fprintf(out, ",%.6f,%.6f\n", a->score, a->value);
    fflush(out);
}

static void print_json(const struct infer_run *run, const struct hats_client_result *r,
                       const struct hats_link_answer *a) {
    struct hats_buffer b;
    hats_buffer_init(&b, 1u << 22);
    hats_buffer_printf(&b, "{\"record\":%" PRIu64 ",\"label\":", r->tag);
    hats_json_string(&b, a->label);
    hats_buffer_printf(&b, ",\"score\":%.9g", a->score);
    if (!isnan(a->value))
        hats_buffer_printf(&b, ",\"value\":%.9g", a->value);
    hats_buffer_printf(&b, ",\"accumulators\":[");
    for (uint32_t o = 0; o < run->model->plan->shape.k; o++)
        hats_buffer_printf(&b, "%s%" PRId64, o == 0 ? "" : ",", r->acc[o]);
    hats_buffer_printf(
        &b,
        "],\"receipt_verified\":true,\"proof_suite\":\"%s\",\"ms\":{\"encrypt\":%.3f,"
        "\"prove\":%.3f,\"call\":%.3f,\"verify\":%.3f,\"decrypt\":%.3f},\"bytes\":{\"core\":%zu,"
        "\"ciphertext\":%zu,\"proof\":%zu,\"answer\":%zu,\"receipt\":%zu},\"resends\":%u}\n",
        hats_stark_suite_name(r->proof_suite), (double)r->encrypt_ns / 1e6,
        (double)r->prove_ns / 1e6, (double)r->call_ns / 1e6, (double)r->verify_ns / 1e6,
        (double)r->decrypt_ns / 1e6, r->core_len, r->ciphertext_len, r->proof_len, r->answer_len,
        r->receipt_len, r->resends);
    fwrite(b.data, 1, b.len, stdout);
    hats_buffer_clear(&b);
}

static void print_person(const struct infer_run *run, const struct hats_client_result *r,
                         const struct hats_link_answer *a) {
    const char *bold = hats_tty_colour(stdout, HATS_BOLD);
    const char *plain = hats_tty_colour(stdout, HATS_PLAIN);
    const struct hats_plan *plan = run->model->plan;
    char up[32], down[32], proof[32];
    printf("record %" PRIu64 ": %s%s%s", r->tag, bold, a->label, plain);
    if (plan->link == HATS_LINK_EXP)
        printf("  mean %.4f", a->value);
    else if (!isnan(a->value))
        printf("  probability %.4f", a->value);
    printf("  score %.4f\n", a->score);
    for (uint32_t i = 1; plan->task == HATS_TASK_MULTICLASS && i < a->n_top; i++)
        printf("  then %s  score %.4f\n", a->top[i].label, a->top[i].score);
    if (run->args->quiet)
        return;
    printf("  receipt verified before decrypting: model %s %s, signed by %s\n", plan->name,
           plan->version, run->model->signer);
    printf("  proven to be encrypted: %s bytes of proof (%s) in %.1f ms\n",
           cli_count(proof, r->proof_len), hats_stark_suite_name(r->proof_suite),
           (double)r->prove_ns / 1e6);
    printf("  encrypt %.2f ms, prove %.1f ms, call %.2f ms, verify %.2f ms, decrypt %.2f ms\n",
           (double)r->encrypt_ns / 1e6, (double)r->prove_ns / 1e6, (double)r->call_ns / 1e6,
           (double)r->verify_ns / 1e6, (double)r->decrypt_ns / 1e6);
    printf("  sent %s bytes of ciphertext, the proof and %zu of request core, got %s of answer and "
           "%zu of receipt\n",
           cli_count(up, r->ciphertext_len), r->core_len, cli_count(down, r->answer_len),
           r->receipt_len);
}

static hats_status record_done(void *user, const struct hats_client_result *r,
                               struct hats_error *err) {
    struct infer_run *run = user;
    struct hats_link_answer answer;
    hats_link_apply(&answer, run->model->plan, r->acc);
    if (run->out_dir != NULL) {
        hats_status s = save_all(run, r, err);
        if (s != HATS_OK)
            return s;
        print_table_row(run->table, r, &answer);
        if (ferror(run->table))
            return hats_fail(err, HATS_E_IO, "%s/results.csv: %s", run->out_dir, strerror(errno));
    }
    hats_progress_end(&run->progress);
    if (run->args->json)
        print_json(run, r, &answer);
    else if (run->only == 0)
        print_table_row(stdout, r, &answer);
    else
        print_person(run, r, &answer);
    run->done++;
    run->encrypt_ns += r->encrypt_ns;
    run->prove_ns += r->prove_ns;
    run->call_ns += r->call_ns;
    run->verify_ns += r->verify_ns;
    run->decrypt_ns += r->decrypt_ns;
    run->resends += r->resends;
    run->ciphertext_len = r->ciphertext_len;
    run->proof_len = r->proof_len;
    run->answer_len = r->answer_len;
    run->receipt_len = r->receipt_len;
    run->core_len = r->core_len;
    hats_progress_step(&run->progress, run->done);
    return HATS_OK;
}

/* Is the whole file well formed, and how many records does it hold? Nothing is sent before that. */
static hats_status count_records(uint64_t *total, const char *path, struct hats_error *err) {
    struct hats_csv *csv = NULL;
    struct hats_csv_row row;
    bool more = true;
    uint64_t n = 0;
    hats_status s = hats_csv_open(&csv, path, err);
    while (s == HATS_OK && more) {
        s = hats_csv_next(csv, &row, &more, err);
        n += s == HATS_OK && more;
    }
    hats_csv_free(csv);
    *total = n == 0 ? 0 : n - 1;
    if (s == HATS_OK && *total == 0)
        s = hats_fail(err, HATS_E_MALFORMED, "%s: a header and no record below it", path);
    return s;
}

static hats_status open_input(struct infer_run *run, const char *path, struct hats_error *err) {
    struct hats_csv_row header;
    bool more = false;
    hats_status s = hats_csv_open(&run->csv, path, err);
    if (s == HATS_OK)
        s = hats_csv_next(run->csv, &header, &more, err);
    if (s == HATS_OK)
        s = hats_input_new(&run->input, run->model->plan, &header, err);
    return s;
}

/* Which records: --row N, --all, or the only one there is. */
static hats_status choose_records(struct infer_run *run, const char *path, struct hats_error *err) {
    bool all = cli_value(run->args, "all") != NULL;
    uint64_t row = 0;
    hats_status s = cli_number(&row, run->args, "row", 0, 1, UINT64_MAX, err);
    if (s == HATS_OK && all && row != 0)
        s = hats_fail(err, HATS_E_USAGE, "--row and --all exclude each other");
    if (s == HATS_OK)
        s = count_records(&run->total, path, err);
    if (s == HATS_OK && row > run->total)
        s = hats_fail(err, HATS_E_USAGE, "--row %" PRIu64 ": the file holds %" PRIu64 " records",
                      row, run->total);
    if (s == HATS_OK && !all && row == 0 && run->total > 1)
        s = hats_fail(err, HATS_E_USAGE,
                      "the file holds %" PRIu64
                      " records: choose one with --row N, or take them with --all",
                      run->total);
    run->only = all ? 0 : row == 0 ? 1 : row;
    return s;
}

static hats_status open_out(struct infer_run *run, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    run->out_dir = cli_value(run->args, "out");
    if (run->out_dir == NULL)
        return HATS_OK;
    hats_status s = hats_file_make_dirs(run->out_dir, 0700, err);
    if (s == HATS_OK && hats_path_join(path, run->out_dir, "results.csv") != HATS_OK)
        s = hats_fail(err, HATS_E_RANGE, "--out: path too long");
    if (s != HATS_OK)
        return s;
    /* Scores are as private as the records; a file that lies there keeps its mode unless told. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && fchmod(fd, 0600) == 0)
        run->table = fdopen(fd, "w");
    if (run->table == NULL && fd >= 0)
        close(fd);
    if (run->table == NULL)
        return hats_fail(err, HATS_E_IO, "%s: %s", path, strerror(errno));
    fputs("record,label,score,value\n", run->table);
    return HATS_OK;
}

static void summary(const struct infer_run *run) {
    double seconds = (double)(hats_monotonic_ns() - run->started_ns) / 1e9;
    double n = run->done != 0 ? (double)run->done : 1;
    if (run->args->quiet || run->args->json || run->only != 0)
        return;
    fprintf(stderr,
            "%" PRIu64 " records in %.2f s (%.0f a second), every receipt verified before "
            "decrypting\n",
            run->done, seconds, n / seconds);
    fprintf(stderr,
            "a record in the mean: encrypt %.2f ms, prove %.1f ms, call %.2f ms, verify %.2f ms, "
            "decrypt %.2f ms; %zu bytes of ciphertext and %zu of proof up, %zu down, receipt %zu\n",
            (double)run->encrypt_ns / n / 1e6, (double)run->prove_ns / n / 1e6,
            (double)run->call_ns / n / 1e6, (double)run->verify_ns / n / 1e6,
            (double)run->decrypt_ns / n / 1e6, run->ciphertext_len, run->proof_len, run->answer_len,
            run->receipt_len);
    if (run->clipped_records != 0)
        fprintf(stderr, "%" PRIu64 " records had values outside the model's range\n",
                run->clipped_records);
    if (run->resends != 0)
        fprintf(stderr, "%u requests were sent again, as the identical bytes\n", run->resends);
}

/* ".../v2/models/NAME" or ".../NAME" */
static hats_status model_name(char out[64], const char *url, struct hats_error *err) {
    const char *slash = strrchr(url, '/');
    if (slash == NULL || slash[1] == '\0' || strlen(slash + 1) >= 64 ||
        strncmp(slash - (slash > url), "//", 2) == 0)
        return hats_fail(err, HATS_E_USAGE, "--model wants https://HOST:PORT/MODEL");
    memcpy(out, slash + 1, strlen(slash + 1) + 1);
    return HATS_OK;
}

static hats_status connect_model(struct hats_client **client, struct hats_client_model *model,
                                 struct hats_owner *owner, const struct cli_args *args,
                                 struct hats_error *err) {
    struct hats_home home;
    struct hats_server_record record;
    char name[64];
    const char *url = cli_value(args, "model");
    const char *key = cli_value(args, "name");
    hats_status s = model_name(name, url, err);
    if (s == HATS_OK)
        s = hats_home_open(&home, args->home, err);
    if (s == HATS_OK)
        s = hats_owner_load(owner, &home, key != NULL ? key : "default", err);
    if (s == HATS_OK)
        s = hats_server_record_load(&record, &home, url, err);
    if (s == HATS_OK)
        s = hats_client_open(client, &record, HATS_TLS_STRICT, err);
    if (s == HATS_OK)
        s = hats_client_model_open(model, *client, name, err);
    hats_wipe(&record, sizeof record);
    return s;
}

/* --proof small: a smaller proof that takes longer. There is no way to send none. */
static hats_status choose_suite(unsigned *suite, const struct cli_args *args,
                                struct hats_error *err) {
    const char *wish = cli_value(args, "proof");
    *suite = HATS_STARK_S128;
    if (wish == NULL || strcmp(wish, "fast") == 0)
        return HATS_OK;
    *suite = HATS_STARK_S128_SMALL;
    return strcmp(wish, "small") == 0
               ? HATS_OK
               : hats_fail(err, HATS_E_USAGE, "--proof is fast or small, not '%s'", wish);
}

static int run_infer(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_client *client = NULL;
    struct hats_client_model model = {0};
    struct hats_owner owner = {0};
    const char *path = cli_value(args, "input");
    uint64_t window = 0;
    struct infer_run run = {.args = args, .model = &model, .owner = &owner};
    unsigned suite = 0;
    hats_status s = cli_number(&window, args, "window", 8, 1, 64, &err);
    if (s == HATS_OK)
        s = choose_suite(&suite, args, &err);
    if (s == HATS_OK)
        s = choose_records(&run, path, &err);
    if (s == HATS_OK)
        s = connect_model(&client, &model, &owner, args, &err);
    if (s == HATS_OK)
        s = open_input(&run, path, &err);
    if (s == HATS_OK)
        s = open_out(&run, &err);
    if (s == HATS_OK) {
        struct hats_client_job job = {.model = &model,
                                      .owner = &owner,
                                      .window = (unsigned)window,
                                      .proof_suite = suite,
                                      .user = &run,
                                      .next = next_record,
                                      .done = record_done};
        if (run.only == 0 && !args->json)
            puts("record,label,score,value");
        run.started_ns = hats_monotonic_ns();
        hats_progress_start(&run.progress, "scoring", run.only == 0 ? run.total : 1);
        s = hats_client_infer(client, &job, &err);
        hats_progress_end(&run.progress);
        summary(&run);
    }
    if (run.table != NULL && fclose(run.table) != 0 && s == HATS_OK)
        s = hats_fail(&err, HATS_E_IO, "%s/results.csv: %s", run.out_dir, strerror(errno));
    if (s == HATS_OK && run.out_dir != NULL)
        s = hats_file_sync_folder(run.out_dir, &err);
    hats_input_free(run.input);
    hats_csv_free(run.csv);
    hats_client_model_clear(&model);
    hats_owner_clear(&owner);
    hats_client_close(client);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

static const struct cli_option infer_options[] = {
    {"model", "URL", "https://HOST:PORT/MODEL", true, false},
    {"input", "FILE", "CSV with a header row.", true, false},
    {"row", "N", "Score this record only (1 is the first below the header).", false, false},
    {"all", NULL, "Score every record; the result is CSV.", false, false},
    {"out", "DIR",
     "Keep receipt, request core, ciphertext, proof and answer of every record there, all of them in one "
     "bundle that proves itself (hats verify), block and receipt of their session, and results.csv.",
     false, false},
    {"name", "NAME", "Which key (default: default).", false, false},
    {"proof", "KIND", "fast, or small: fewer bytes and more time (default: fast).", false, false},
    {"window", "N", "Calls in flight, 1 to 64 (default: 8).", false, false},
    {0}};

const struct cli_verb cli_verb_infer = {
    "infer",
    "",
    0,
    0,
    "Score records without showing them.",
    "Each record is turned into integers by the model's public plan and encrypted under your key. The\n"
    "request carries a zero-knowledge proof that it is encrypted; the server computes on nothing "
    "else. The\nreceipt that comes back is verified against the provider's pinned keys before the "
    "answer is decrypted.\nScores go to standard output; explanations to standard error.",
    "hats infer --model https://scores.example:8443/clinical --input patients.csv --row 7 --out "
    "evidence",
    infer_options,
    run_infer};
