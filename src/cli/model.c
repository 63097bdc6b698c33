/* hats model ...: from an ONNX file to a published package. */
#include "cli/verbs.h"

#include "base/bytes.h"
#include "base/text.h"
#include "base/tty.h"
#include "client/client.h"
#include "evidence/render.h"
#include "model/compile.h"
#include "model/publish.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static double bits_of(int32_t millibits) { return millibits / 1000.0; }

static void print_figures(const struct hats_model_figures *f) {
    char up[32], down[32], key[32], hex[65];
    printf("model %s %s: %s, %s, %u inputs, %u outputs\n", f->name, f->version,
           hats_plan_task_name(f->task), hats_plan_link_name(f->link), f->shape.d, f->shape.k);
    printf("  parameters     %s (N = %zu, q = 2^64 - 2^32 + 1), t = 2^%u\n", f->set_name,
           hats_fhe_set_n(f->set_id), f->budget.log_t);
    printf("  security       %u bits classical, %u bits quantum (core-SVP, primal attack)\n",
           f->security.classical, f->security.quantum);
    printf(
        "  exactness      decryption failure probability 0 for every ciphertext with |e| <= %d;\n"
        "                 |x| <= %u, |answer| <= %" PRIu64 " < t/2\n",
        HATS_LINEAR_NOISE_MAX, f->x_max, f->budget.answer_max);
    printf(
        "  leakage        2^%.1f per output word beyond the answer (KL), 2^%.1f over d + 1 calls\n",
        bits_of(f->budget.kl_millibits), bits_of(f->budget.kl_all_millibits));
    printf("  packing        blocks of %u: %u ciphertext%s up, %u down\n", f->shape.block,
           f->shape.n_in, f->shape.n_in == 1 ? "" : "s", f->shape.n_out);
    printf("  bytes          public key %s once; a call %s up, %s down\n",
           cli_count(key, f->key_bytes), cli_count(up, f->up_bytes),
           cli_count(down, f->down_bytes));
    printf("  input          %u column%s read, %u input%s clipped\n", f->n_columns,
           f->n_columns == 1 ? "" : "s", f->n_clipping, f->n_clipping == 1 ? " is" : "s are");
    hats_hex_encode(hex, f->plan_digest, 32);
    printf("  plan digest    %s\n", hex);
    hats_hex_encode(hex, f->manifest_digest, 32);
    printf("  manifest       %s\n", hex);
    if (f->published) {
        hats_hex_encode(hex, f->commitment, 32);
        printf("  commitment     %s (published)\n", hex);
    } else {
        printf("  commitment     none: not published yet\n");
    }
    printf("  note           d + 1 exact answers of a linear model determine its weights, whatever "
           "the cryptography\n");
}

static void json_figures(struct hats_buffer *b, const struct hats_model_figures *f) {
    char plan[65], manifest[65], commitment[65];
    hats_hex_encode(plan, f->plan_digest, 32);
    hats_hex_encode(manifest, f->manifest_digest, 32);
    hats_hex_encode(commitment, f->commitment, 32);
    hats_buffer_printf(b, "\"name\":");
    hats_json_string(b, f->name);
    hats_buffer_printf(b, ",\"version\":");
    hats_json_string(b, f->version);
    hats_buffer_printf(b,
                       ",\"task\":\"%s\",\"link\":\"%s\",\"inputs\":%u,\"outputs\":%u,"
                       "\"parameter_set\":\"%s\",\"log2_t\":%u,\"classical_bits\":%u,"
                       "\"quantum_bits\":%u,\"failure_probability\":0,\"x_max\":%u,"
                       "\"answer_max\":%" PRIu64 ",\"kl_log2\":%.3f,\"kl_all_log2\":%.3f,"
                       "\"block\":%u,\"ciphertexts_up\":%u,\"ciphertexts_down\":%u,"
                       "\"bytes\":{\"public_key\":%zu,\"up\":%zu,\"down\":%zu},"
                       "\"plan_digest\":\"%s\",\"manifest_digest\":\"%s\",\"published\":%s",
                       hats_plan_task_name(f->task), hats_plan_link_name(f->link), f->shape.d,
                       f->shape.k, f->set_name, f->budget.log_t, f->security.classical,
                       f->security.quantum, f->x_max, f->budget.answer_max,
                       bits_of(f->budget.kl_millibits), bits_of(f->budget.kl_all_millibits),
                       f->shape.block, f->shape.n_in, f->shape.n_out, f->key_bytes, f->up_bytes,
                       f->down_bytes, plan, manifest, f->published ? "true" : "false");
    if (f->published)
        hats_buffer_printf(b, ",\"commitment\":\"%s\"", commitment);
}

static void flush_json(struct hats_buffer *b) {
    printf("{%.*s}\n", (int)b->len, (const char *)b->data);
    hats_buffer_clear(b);
}

static double percent(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

static void print_compiled(const struct hats_compile_result *r) {
    const struct hats_model_figures *f = &r->figures;
    print_figures(f);
    printf("\ncalibrated on %" PRIu64 " records\n", r->rows);
    if (r->x_bits != 0)
        printf("  widths         inputs %u bits, weights %u bits (%s)\n", r->x_bits, r->w_bits,
               r->bits_chosen ? "chosen: the smallest that change nothing" : "as told");
    if (f->task != HATS_TASK_REGRESSION)
        printf("  same class     %" PRIu64 " of %" PRIu64 " records as the float model\n", r->agree,
               r->rows);
    printf("  score error    at most %.3g, in the mean %.3g\n", r->score_error_max,
           r->score_error_mean);
    if (r->has_labels && f->task != HATS_TASK_REGRESSION)
        printf("  accuracy       float %.2f %%, integers %.2f %% (on the calibration file)\n",
               percent(r->float_correct, r->rows), percent(r->integer_correct, r->rows));
    else if (r->has_labels)
        printf("  mean error     float %.4g, integers %.4g (on the calibration file)\n",
               r->float_error_mean, r->integer_error_mean);
    if (r->clipped_cells != 0)
        printf("  clipped        %" PRIu64 " cells of %u inputs%s\n", r->clipped_cells, r->n_clips,
               r->range_from_calibration ? "; the range comes from the calibration file" : "");
    for (uint32_t i = 0; i < r->n_clips && i < 5; i++)
        printf("                 %s: %" PRIu64 " outside %.6g .. %.6g\n", r->clips[i].column,
               r->clips[i].cells, r->clips[i].from, r->clips[i].to);
    if (r->saturated_weights != 0)
        printf("  saturated      %" PRIu64 " weights\n", r->saturated_weights);
    if (r->note[0] != '\0')
        printf("  %s\n", r->note);
}

static void json_compiled(const struct hats_compile_result *r) {
    struct hats_buffer b;
    hats_buffer_init(&b, 1u << 20);
    json_figures(&b, &r->figures);
    hats_buffer_printf(&b,
                       ",\"calibration\":{\"records\":%" PRIu64 ",\"agree\":%" PRIu64
                       ",\"score_error_max\":%.9g,\"score_error_mean\":%.9g,\"x_bits\":%u,"
                       "\"w_bits\":%u,\"clipped_cells\":%" PRIu64 ",\"saturated_weights\":%" PRIu64,
                       r->rows, r->agree, r->score_error_max, r->score_error_mean, r->x_bits,
                       r->w_bits, r->clipped_cells, r->saturated_weights);
    if (r->has_labels)
        hats_buffer_printf(&b, ",\"float_correct\":%" PRIu64 ",\"integer_correct\":%" PRIu64,
                           r->float_correct, r->integer_correct);
    hats_buffer_printf(&b, "}");
    flush_json(&b);
}

static hats_status compile_numbers(struct hats_compile_options *o, const struct cli_args *args,
                                   struct hats_error *err) {
    uint64_t x = 0, w = 0, block = 0, decimals = 0, saturate = 0;
    hats_status s = cli_number(&x, args, "x-bits", o->x_bits, 2, 16, err);
    if (s == HATS_OK)
        s = cli_number(&w, args, "w-bits", o->w_bits, 2, 16, err);
    if (s == HATS_OK)
        s = cli_number(&block, args, "block", o->block, 1, 4096, err);
    if (s == HATS_OK)
        s = cli_number(&decimals, args, "extra-decimals", o->extra_decimals, 0, 6, err);
    if (s == HATS_OK)
        s = cli_number(&saturate, args, "saturate-ppm", HATS_COMPILE_ALL - o->w_keep_ppm, 0, 100000,
                       err);
    o->x_bits = (unsigned)x;
    o->w_bits = (unsigned)w;
    o->block = (uint32_t)block;
    o->extra_decimals = (unsigned)decimals;
    o->w_keep_ppm = HATS_COMPILE_ALL - (uint32_t)saturate;
    return s;
}

static int run_compile(const struct cli_args *args) {
    static struct hats_compile_result result;
    struct hats_error err = {0};
    struct hats_compile_options o;
    hats_compile_options_init(&o);
    o.onnx_path = args->positionals[0];
    o.schema_path = cli_value(args, "schema");
    o.calibration_path = cli_value(args, "calibration");
    o.label_column = cli_value(args, "label");
    o.out_dir = cli_value(args, "out");
    o.name = cli_value(args, "name");
    o.version = cli_value(args, "version") != NULL ? cli_value(args, "version") : "1";
    o.replace = cli_value(args, "replace") != NULL;
    hats_status s = compile_numbers(&o, args, &err);
    if (s == HATS_OK)
        s = hats_compile_run(&result, &o, &err);
    if (s != HATS_OK)
        return cli_report(args, &err);
    if (args->json)
        json_compiled(&result);
    else
        print_compiled(&result);
    if (!args->json && !args->quiet && o.out_dir != NULL)
        printf("\nwrote %s; next: hats model publish %s --key FILE --publisher NAME\n", o.out_dir,
               o.out_dir);
    return 0;
}

static int run_inspect(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_model_figures f;
    if (hats_model_inspect(&f, NULL, args->positionals[0], &err) != HATS_OK)
        return cli_report(args, &err);
    if (args->json) {
        struct hats_buffer b;
        hats_buffer_init(&b, 1u << 20);
        json_figures(&b, &f);
        flush_json(&b);
    } else {
        print_figures(&f);
    }
    return 0;
}

static int run_publish(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_sign_key *key = NULL;
    struct hats_model_figures f;
    const char *dir = args->positionals[0];
    hats_status s = hats_mldsa_load(&key, cli_value(args, "key"), &err);
    if (s == HATS_OK)
        s = hats_model_publish(dir, key, cli_value(args, "publisher"), &err);
    if (s == HATS_OK)
        s = hats_model_inspect(&f, NULL, dir, &err);
    hats_mldsa_free(key);
    if (s != HATS_OK)
        return cli_report(args, &err);
    char hex[65];
    hats_hex_encode(hex, f.commitment, 32);
    if (args->json)
        printf("{\"name\":\"%s\",\"version\":\"%s\",\"commitment\":\"%s\"}\n", f.name, f.version,
               hex);
    else if (!args->quiet)
        printf("published %s %s\n  commitment %s\n", f.name, f.version, hex);
    return 0;
}

static int run_list(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_home home;
    struct hats_server_record record;
    struct hats_client *client = NULL;
    struct hats_buffer text;
    hats_buffer_init(&text, 1u << 20);
    hats_status s = hats_home_open(&home, args->home, &err);
    if (s == HATS_OK)
        s = hats_server_record_load(&record, &home, cli_value(args, "server"), &err);
    if (s == HATS_OK)
        s = hats_client_open(&client, &record, HATS_TLS_STRICT, &err);
    if (s == HATS_OK)
        s = hats_client_get(client, &text, "/v2", &err);
    if (s == HATS_OK)
        cli_print_foreign(stdout, text.data, text.len);
    hats_wipe(&record, sizeof record);
    hats_buffer_clear(&text);
    hats_client_close(client);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

static const struct cli_option compile_options[] = {
    {"calibration", "FILE", "CSV with a header row: typical records, never the test set.", true,
     false},
    {"name", "NAME", "Name the model is served under.", true, false},
    {"version", "TEXT", "Version of the model (default: 1).", false, false},
    {"out", "DIR", "Write the package there (default: only report).", false, false},
    {"schema", "FILE", "How CSV columns become inputs (see docs/FORMATS.md).", false, false},
    {"label", "COLUMN", "Column with the true class, to print accuracies.", false, false},
    {"x-bits", "N", "Bits of an input, 2 to 16 (default: the fewest that change no class).", false,
     false},
    {"w-bits", "N", "Bits of a weight, 2 to 16 (default: the fewest that change no class).", false,
     false},
    {"saturate-ppm", "N", "Let this share of the largest weights saturate (default: 0).", false,
     false},
    {"block", "N", "Features in one ciphertext (default: least traffic).", false, false},
    {"extra-decimals", "N", "Digits a cell may have beyond those of the calibration file.", false,
     false},
    {"replace", NULL, "Replace another model in DIR.", false, false},
    {0}};
static const struct cli_option publish_options[] = {
    {"key", "FILE", "The publisher's ML-DSA-65 key (PEM).", true, false},
    {"publisher", "NAME", "Who publishes, as receipts and clients show it.", true, false},
    {0}};
static const struct cli_option list_options[] = {
    {"server", "URL", "The server, as given to hats trust add.", true, false}, {0}};
static const struct cli_option no_options[] = {{0}};

const struct cli_verb cli_verb_model_compile = {
    "model compile",
    "ONNX-FILE",
    1,
    1,
    "Turn an ONNX model into integers that encryption can carry.",
    "Chooses widths, plaintext modulus and packing; says what is clipped, what accuracy it costs, how "
    "many bytes\na call takes, what an answer leaks beyond itself, and both security figures. The "
    "same input gives the same bytes.",
    "hats model compile model.onnx --calibration train.csv --label diagnosis --name clinical --out "
    "models/clinical",
    compile_options,
    run_compile};
const struct cli_verb cli_verb_model_inspect = {
    "model inspect", "DIR",      1, 1, "Check a package and print its figures.", NULL, NULL,
    no_options,      run_inspect};
const struct cli_verb cli_verb_model_publish = {
    "model publish",
    "DIR",
    1,
    1,
    "Sign a package, so that it can be served.",
    "Adds a salted commitment to plan and weights, and the publisher's signature over it. The plan is "
    "public;\nweights and salt stay with the provider.",
    NULL,
    publish_options,
    run_publish};
const struct cli_verb cli_verb_model_list = {
    "model list", "",           0,       0, "List what a server serves (JSON).", NULL,
    NULL,         list_options, run_list};
