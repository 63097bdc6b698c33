#include "model/compile.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "cbor/cbor.h"
#include "hash/sha256.h"
#include "model/compile_internal.h"
#include "model/onnx.h"
#include "model/schema.h"

#include <errno.h>
#include <stdio.h>

void hats_compile_options_init(struct hats_compile_options *o) {
    *o = (struct hats_compile_options){.version = "1", .w_keep_ppm = HATS_COMPILE_ALL};
}

static hats_status check_options(const struct hats_compile_options *o, struct hats_error *err) {
    if (o->name == NULL || o->version == NULL || o->calibration_path == NULL)
        return hats_fail(err, HATS_E_USAGE, "a name, a version and a calibration file are needed");
    if ((o->x_bits != 0 && (o->x_bits < 2 || o->x_bits > 16)) ||
        (o->w_bits != 0 && (o->w_bits < 2 || o->w_bits > 16)))
        return hats_fail(err, HATS_E_USAGE, "widths are 2 to 16 bits");
    if (o->w_keep_ppm < HATS_COMPILE_ALL / 2 || o->w_keep_ppm > HATS_COMPILE_ALL)
        return hats_fail(err, HATS_E_USAGE, "at most half of the weights may saturate");
    return HATS_OK;
}

/* --- widths --- */

/* Classes unchanged; for regression, scores within 1/1000 of the largest answer. */
static bool loses_nothing(const struct hats_compile_result *r, const struct quantised *q) {
    if (q->plan->task != HATS_TASK_REGRESSION)
        return r->agree == r->rows;
    return r->score_error_max * 1000 <= (double)q->budget.answer_max / q->weight_scale;
}

/* The candidates in order; what is given stays. The last one is taken if all lose something. */
static hats_status choose_widths(struct quantised *q, struct hats_compile_result *r,
                                 const struct hats_graph *g, const struct calibration *c,
                                 const struct hats_compile_options *o, struct hats_error *err) {
    static const unsigned widths[4][2] = {{8, 8}, {10, 8}, {8, 10}, {10, 10}};
    bool free_x = o->x_bits == 0;
    bool free_w = o->w_bits == 0;
    hats_status st = HATS_OK;

    for (size_t i = 0; i < HATS_COUNT_OF(widths) && st == HATS_OK; i++) {
        unsigned x = free_x ? widths[i][0] : o->x_bits;
        unsigned w = free_w ? widths[i][1] : o->w_bits;
        hats_compile_quantised_clear(q);
        st = hats_compile_quantise(q, g, c, o, x, w, err);
        if (st == HATS_OK)
            st = hats_compile_compare(r, g, q, o, err);
        if (st != HATS_OK)
            break;
        r->x_bits = q->fixed_scale ? 0 : x;
        r->w_bits = q->fixed_scale ? 0 : w;
        r->bits_chosen = (free_x || free_w) && !q->fixed_scale;
        if (q->fixed_scale || (!free_x && !free_w) || loses_nothing(r, q))
            break;
    }
    return st;
}

/* Append a sentence; what does not fit is cut. */
static void add_note(struct hats_compile_result *r, const char *fmt, ...) HATS_PRINTF(2, 3);

static void add_note(struct hats_compile_result *r, const char *fmt, ...) {
    size_t used = strlen(r->note);
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(r->note + used, sizeof r->note - used, fmt, args);
    va_end(args);
}

static void add_notes(struct hats_compile_result *r, const struct hats_graph *g,
                      const struct quantised *q) {
    if (r->range_from_calibration)
        add_note(r, "The model clips no inputs, so their range is that of the calibration file; "
                    "values outside are clipped, and reported. ");
    if (q->coarse > 0.5)
        add_note(r,
                 "Column \"%.60s\" has more digits than its scale of 28 bits carries: inputs move "
                 "by up to %.1f steps; round it, or state it in larger units. ",
                 g->columns[q->coarse_column].name, q->coarse);
    if (r->had_bom)
        add_note(r, "The calibration file begins with a byte order mark, which was skipped. ");
    if (g->n_labels == 0 && g->task != HATS_TASK_REGRESSION)
        add_note(r, "The model names no classes; they are called 0, 1, ... (a schema can name "
                    "them). ");
}

hats_status hats_compile_graph(struct hats_plan **plan, int32_t **w, int64_t **bias,
                               struct hats_compile_result *result, struct hats_graph *graph,
                               const struct hats_compile_options *options, struct hats_error *err) {
    struct calibration calibration;
    struct quantised q = {0};
    hats_status st = check_options(options, err);

    *plan = NULL;
    *w = NULL;
    *bias = NULL;
    *result = (struct hats_compile_result){0};
    if (st == HATS_OK)
        st = hats_compile_calibrate(&calibration, graph, options, err);
    if (st != HATS_OK)
        return st;
    st = choose_widths(&q, result, graph, &calibration, options, err);
    if (st == HATS_OK) {
        result->had_bom = calibration.had_bom;
        add_notes(result, graph, &q);
        *plan = q.plan;
        *w = q.w;
        *bias = q.bias;
        q = (struct quantised){0};
    }
    hats_compile_quantised_clear(&q);
    hats_compile_calibration_clear(&calibration);
    return st;
}

/* --- files --- */

static hats_status file_digest(uint8_t out[HATS_SHA256_LEN], const char *path,
                               struct hats_error *err) {
    struct hats_sha256 h;
    uint8_t chunk[16384];
    FILE *f = fopen(path, "rbe");
    bool failed;
    size_t n;

    if (f == NULL)
        return hats_fail(err, HATS_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    hats_sha256_init(&h);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        hats_sha256_update(&h, chunk, n);
    hats_sha256_final(&h, out);
    failed = ferror(f) != 0;
    (void)fclose(f);
    return failed ? hats_fail(err, HATS_E_IO, "%s: cannot be read", path) : HATS_OK;
}

/* [1, program, version, {1: x bits, 2: w bits, 3: kept weights in ppm, 4: block asked for, 5: extra
 * decimals, 6: SHA-256 of the calibration file, 7: label column / null}] */
static hats_status encode_compiler(struct hats_buffer *out, const struct hats_compile_options *o,
                                   const struct hats_compile_result *r, struct hats_error *err) {
    uint8_t bytes[1024], digest[HATS_SHA256_LEN];
    struct hats_writer w = hats_writer_of(bytes, sizeof bytes);
    hats_status st = file_digest(digest, o->calibration_path, err);

    if (st != HATS_OK)
        return st;
    hats_cbor_put_array(&w, 4);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_text(&w, "hats model compile");
    hats_cbor_put_text(&w, HATS_VERSION);
    hats_cbor_put_map(&w, 7);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_uint(&w, r->x_bits);
    hats_cbor_put_uint(&w, 2);
    hats_cbor_put_uint(&w, r->w_bits);
    hats_cbor_put_uint(&w, 3);
    hats_cbor_put_uint(&w, o->w_keep_ppm);
    hats_cbor_put_uint(&w, 4);
    hats_cbor_put_uint(&w, o->block);
    hats_cbor_put_uint(&w, 5);
    hats_cbor_put_uint(&w, o->extra_decimals);
    hats_cbor_put_uint(&w, 6);
    hats_cbor_put_bytes(&w, digest, sizeof digest);
    hats_cbor_put_uint(&w, 7);
    if (o->label_column != NULL)
        hats_cbor_put_text(&w, o->label_column);
    else
        hats_cbor_put_null(&w);
    if (!hats_writer_ok(&w))
        return hats_fail(err, HATS_E_RANGE, "the label column's name is too long");
    hats_buffer_append(out, bytes, hats_writer_len(&w));
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "no memory") : HATS_OK;
}

/* The package's figures without a directory, for a dry run. */
static hats_status dry_figures(struct hats_model_figures *out, struct hats_plan *plan,
                               const int32_t *w, const int64_t *bias, struct hats_error *err) {
    struct hats_model m = {.plan = plan};
    struct hats_linear_weights weights = {
        .w = w, .bias = bias, .x_max = hats_plan_x_max(plan), .lo = plan->lo, .hi = plan->hi};
    struct hats_buffer bytes;
    hats_status st =
        hats_linear_budget_of(&m.budget, plan->set_id, plan->log_t, &plan->shape, &weights, err);

    if (st != HATS_OK)
        return st;
    hats_buffer_init(&bytes, HATS_PLAN_MAX_BYTES);
    st = hats_plan_encode(&bytes, plan, err);
    if (st == HATS_OK) {
        m.plan_len = bytes.len;
        hats_plan_digest(m.plan_digest, bytes.data, bytes.len);
        hats_model_figures_of(out, &m);
    }
    hats_buffer_clear(&bytes);
    return st;
}

static hats_status read_sources(struct hats_buffer *onnx, struct hats_buffer *schema,
                                const struct hats_compile_options *o, struct hats_error *err) {
    hats_status st = hats_file_read(onnx, o->onnx_path, err);

    if (st == HATS_OK && o->schema_path != NULL)
        st = hats_file_read(schema, o->schema_path, err);
    return st;
}

static hats_status make_graph(struct hats_graph **g, const struct hats_buffer *onnx,
                              const struct hats_buffer *schema,
                              const struct hats_compile_options *o, struct hats_error *err) {
    hats_status st = hats_onnx_import(g, onnx->data, onnx->len, err);

    if (st == HATS_OK && o->schema_path != NULL)
        st = hats_schema_apply(*g, (const char *)schema->data, schema->len, err);
    return st;
}

hats_status hats_compile_run(struct hats_compile_result *result,
                             const struct hats_compile_options *options, struct hats_error *err) {
    struct hats_buffer onnx, schema, compiler;
    struct hats_graph *graph = NULL;
    struct hats_plan *plan = NULL;
    int32_t *w = NULL;
    int64_t *bias = NULL;
    hats_status st;

    *result = (struct hats_compile_result){0};
    hats_buffer_init(&onnx, HATS_ONNX_MAX_BYTES);
    hats_buffer_init(&schema, HATS_SCHEMA_MAX_BYTES);
    hats_buffer_init(&compiler, 4096);
    st = read_sources(&onnx, &schema, options, err);
    if (st == HATS_OK)
        st = make_graph(&graph, &onnx, &schema, options, err);
    if (st == HATS_OK)
        st = hats_compile_graph(&plan, &w, &bias, result, graph, options, err);
    if (st == HATS_OK)
        st = encode_compiler(&compiler, options, result, err);
    if (st == HATS_OK && options->out_dir != NULL) {
        struct hats_package_parts parts = {.source = onnx.data,
                                           .source_len = onnx.len,
                                           .schema =
                                               options->schema_path != NULL ? schema.data : NULL,
                                           .schema_len = schema.len,
                                           .plan = plan,
                                           .w = w,
                                           .bias = bias,
                                           .compiler = compiler.data,
                                           .compiler_len = compiler.len};
        st = hats_model_write(options->out_dir, &parts, options->replace, err);
        if (st == HATS_OK)
            st = hats_model_inspect(&result->figures, NULL, options->out_dir, err);
    } else if (st == HATS_OK) {
        st = dry_figures(&result->figures, plan, w, bias, err);
    }
    hats_free(bias);
    hats_free(w);
    hats_plan_free(plan);
    hats_graph_free(graph);
    hats_buffer_clear(&compiler);
    hats_buffer_clear(&schema);
    hats_buffer_clear(&onnx);
    return st;
}
