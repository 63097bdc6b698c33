/* hats proof ...: what a proof says of itself. */
#include "cli/verbs.h"

#include "base/file.h"
#include "base/text.h"
#include "stark/verify.h"

#define PROOF_MAX_BYTES ((size_t)8 << 20)

static const char *tree_name(const struct hats_stark_summary *s, unsigned i) {
    if (i + 1 == s->n_trees)
        return "quotient";
    return i == 0 ? "trace" : "aux";
}

static void print_part(const char *name, size_t len_bytes) {
    char count[32];
    printf("  %-14s %s bytes\n", name, cli_count(count, len_bytes));
}

static void print_trees(const struct hats_stark_summary *s) {
    char rows[32], salts[32], path[32], text[48];
    for (unsigned i = 0; i < s->n_trees; i++) {
        snprintf(text, sizeof text, "%s tree", tree_name(s, i));
        printf("  %-14s rows of %u elements %s, salts %s, path %s\n", text, s->width[i],
               cli_count(rows, s->rows_bytes[i]), cli_count(salts, s->salts_bytes[i]),
               cli_count(path, s->paths_bytes[i]));
    }
    for (unsigned l = 0; l < s->n_folds; l++) {
        snprintf(text, sizeof text, "layer %u", l);
        printf("  %-14s leaves %s, path %s\n", text, cli_count(rows, s->layer_leaves_bytes[l]),
               cli_count(path, s->layer_paths_bytes[l]));
    }
}

static void print_summary(const struct hats_stark_summary *s, const char *digest) {
    char count[32], hex[2 * HATS_SHA256_LEN + 1];
    printf("proof, suite %s: ", hats_stark_suite_name(s->suite));
    if (s->suite == HATS_STARK_TEST)
        printf("proves nothing, it is for tests\n");
    else
        printf("%.1f bits proven by its sizes, if it holds\n", s->proven / 1000.0);
    for (unsigned t = 0; t < s->n_tables; t++) {
        hats_hex_encode(hex, s->digest[t], HATS_SHA256_LEN);
        printf("  %-14s 2^%u rows, system %s\n", "table", s->log_n[t], hex);
    }
    printf("  %-14s %u queries, %u bits of work, 2^%u points, degree below %u, %u fold%s\n", "test",
           s->n_queries, s->grinding, s->log_domain, (unsigned)s->d_max, s->n_folds,
           s->n_folds == 1 ? "" : "s");
    printf("  %-14s %s bytes, SHA-256 %s\n", "file", cli_count(count, s->total_bytes), digest);
    print_part("header", s->header_bytes);
    print_part("roots", s->roots_bytes);
    print_part("opened values", s->opened_bytes);
    print_trees(s);
    print_part("final", s->final_bytes);
    printf("  %-14s whether it holds depends on a statement: a receipt's, say\n", "note");
}

static void json_summary(const struct hats_stark_summary *s, const char *digest) {
    char hex[2 * HATS_SHA256_LEN + 1];
    printf("{\"suite\":\"%s\",\"suite_id\":%u,\"proven_millibits\":%d,\"sha256\":\"%s\","
           "\"bytes\":%zu,\"tables\":[",
           hats_stark_suite_name(s->suite), s->suite,
           s->suite == HATS_STARK_TEST ? 0 : (int)s->proven, digest, s->total_bytes);
    for (unsigned t = 0; t < s->n_tables; t++) {
        hats_hex_encode(hex, s->digest[t], HATS_SHA256_LEN);
        printf("%s{\"log2_rows\":%u,\"system\":\"%s\"}", t == 0 ? "" : ",", s->log_n[t], hex);
    }
    printf("],\"queries\":%u,\"grinding\":%u,\"log2_domain\":%u,\"d_max\":%u,\"folds\":%u,"
           "\"final\":%u,\"opened\":%u,\"header_bytes\":%zu,\"roots_bytes\":%zu,"
           "\"opened_bytes\":%zu,\"final_bytes\":%zu,\"trees\":[",
           s->n_queries, s->grinding, s->log_domain, (unsigned)s->d_max, s->n_folds,
           (unsigned)s->final_len, (unsigned)s->n_opened, s->header_bytes, s->roots_bytes,
           s->opened_bytes, s->final_bytes);
    for (unsigned i = 0; i < s->n_trees; i++)
        printf("%s{\"name\":\"%s\",\"width\":%u,\"rows_bytes\":%zu,\"salts_bytes\":%zu,"
               "\"path_bytes\":%zu}",
               i == 0 ? "" : ",", tree_name(s, i), s->width[i], s->rows_bytes[i], s->salts_bytes[i],
               s->paths_bytes[i]);
    printf("],\"layers\":[");
    for (unsigned l = 0; l < s->n_folds; l++)
        printf("%s{\"leaves_bytes\":%zu,\"path_bytes\":%zu}", l == 0 ? "" : ",",
               s->layer_leaves_bytes[l], s->layer_paths_bytes[l]);
    printf("]}\n");
}

static int run_inspect(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_stark_summary summary;
    struct hats_buffer file;
    hats_buffer_init(&file, PROOF_MAX_BYTES);
    hats_status s = hats_file_read(&file, args->positionals[0], &err);
    if (s == HATS_OK)
        s = hats_stark_inspect(&summary, file.data, file.len, &err);
    if (s == HATS_OK) {
        uint8_t digest[HATS_SHA256_LEN];
        char hex[2 * HATS_SHA256_LEN + 1];
        hats_sha256(digest, file.data, file.len);
        hats_hex_encode(hex, digest, sizeof digest);
        (args->json ? json_summary : print_summary)(&summary, hex);
    }
    hats_buffer_clear(&file);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

static const struct cli_option no_options[] = {{0}};

const struct cli_verb cli_verb_proof_inspect = {
    "proof inspect",
    "FILE",
    1,
    1,
    "Say what a proof consists of: suite, bits, sizes, digest.",
    "Reads the proof alone, so it cannot say whether it holds: that depends on the statement. The bits are\n"
    "what the calculator proves for the sizes in the file.",
    "hats proof inspect record-1.proof",
    no_options,
    run_inspect};
