/* dump_inputs PLAN CSV: what the library makes of a plan and of every row of a CSV file.
 *
 *     plan HEX         the plan, decoded and encoded again
 *     digest HEX       of the plan
 *     box HEX          digest of its bounds
 *     row x_0 x_1 ...  or "row refused STATUS"
 *     end              or "end refused STATUS" where the file is no CSV from here on
 *
 * A plan that is refused prints "plan refused STATUS" and nothing else. */
#include "base/file.h"
#include "model/input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void must(hats_status s, const struct hats_error *err) {
    if (s == HATS_OK)
        return;
    fprintf(stderr, "dump_inputs: %s: %s\n", hats_status_name(s), err->text);
    exit(1);
}

static void print_hex(const char *name, const uint8_t *bytes, size_t len_bytes) {
    printf("%s ", name);
    for (size_t i = 0; i < len_bytes; i++)
        printf("%02x", bytes[i]);
    printf("\n");
}

static struct hats_plan *read_plan(const char *path) {
    struct hats_error err = {0};
    struct hats_buffer file, again;
    struct hats_plan *plan = NULL;
    uint8_t digest[HATS_PLAN_DIGEST_LEN];
    hats_buffer_init(&file, HATS_PLAN_MAX_BYTES);
    hats_buffer_init(&again, HATS_PLAN_MAX_BYTES);
    must(hats_file_read(&file, path, &err), &err);
    hats_status s = hats_plan_decode(&plan, file.data, file.len, &err);
    if (s != HATS_OK) {
        printf("plan refused %s\n", hats_status_name(s));
        fprintf(stderr, "# %s\n", err.text);
        goto done;
    }
    must(hats_plan_encode(&again, plan, &err), &err);
    print_hex("plan", again.data, again.len);
    hats_plan_digest(digest, file.data, file.len);
    print_hex("digest", digest, sizeof digest);
    must(hats_plan_box_digest(digest, plan->lo, plan->hi, plan->shape.d), &err);
    print_hex("box", digest, sizeof digest);
done:
    hats_buffer_clear(&file);
    hats_buffer_clear(&again);
    return plan;
}

static void print_row(struct hats_input *in, const struct hats_csv_row *row, int32_t *x,
                      uint32_t d) {
    struct hats_error err = {0};
    hats_status s = hats_input_apply(x, NULL, in, row, &err);
    if (s != HATS_OK) {
        printf("row refused %s\n", hats_status_name(s));
        return;
    }
    printf("row");
    for (uint32_t j = 0; j < d; j++)
        printf(" %" PRId32, x[j]);
    printf("\n");
}

static void print_rows(const struct hats_plan *plan, const char *csv_path) {
    struct hats_error err = {0};
    struct hats_csv *csv = NULL;
    struct hats_csv_row row;
    struct hats_input *in = NULL;
    bool more = false;
    int32_t *x = calloc(plan->shape.d, sizeof *x);
    if (x == NULL)
        exit(1);
    must(hats_csv_open(&csv, csv_path, &err), &err);
    must(hats_csv_next(csv, &row, &more, &err), &err);
    must(hats_input_new(&in, plan, &row, &err), &err);
    hats_status s;
    while ((s = hats_csv_next(csv, &row, &more, &err)) == HATS_OK && more)
        print_row(in, &row, x, plan->shape.d);
    if (s == HATS_OK)
        printf("end\n");
    else
        printf("end refused %s\n", hats_status_name(s));
    hats_input_free(in);
    hats_csv_free(csv);
    free(x);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: dump_inputs PLAN CSV\n");
        return 2;
    }
    struct hats_plan *plan = read_plan(argv[1]);
    if (plan != NULL)
        print_rows(plan, argv[2]);
    hats_plan_free(plan);
    return 0;
}
