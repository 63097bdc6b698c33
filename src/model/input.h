/* From a CSV row to the integer vector that is encrypted: the input programme of a plan, executed.
 *
 *     hats_csv_open, hats_csv_next (header), hats_input_new(plan, header)
 *     per row: hats_csv_next, hats_input_apply -> x[d]
 *
 * Columns are found by name; the file may hold more columns, in any order. Integer arithmetic only.
 * Numbers are plain decimals, exactly: -12, 0.5, 1.5e-3; no NaN, no infinity, no hexadecimal, no blank
 * inside, no thousands separator. A value with more digits than the column's scale is refused, never
 * rounded.
 */
#ifndef HATS_MODEL_INPUT_H
#define HATS_MODEL_INPUT_H

#include "model/csv.h"
#include "model/plan.h"

/* One cell that the model's clip rule moved. */
struct hats_input_clip {
    uint32_t input;     /* j */
    const char *column; /* borrowed from the plan */
    char value[32];     /* the cell as written, cut at 31 bytes */
    int64_t unclipped;  /* floor((A v + B) / 2^28) */
    int32_t limit;      /* what it became */
};

/* Of one row; reset by every hats_input_apply. */
struct hats_input_report {
    uint64_t row;
    uint32_t n_clipped;                 /* all of them */
    struct hats_input_clip clipped[16]; /* the first ones */
    uint32_t n_missing;                 /* cells filled in by the model's imputer */
};

struct hats_input;

/* Bind a plan to a header row. HATS_E_NOT_FOUND names every missing column (as many as fit);
 * HATS_E_CONFLICT a needed column that stands twice. The plan must outlive the result. */
HATS_MUST_USE hats_status hats_input_new(struct hats_input **out, const struct hats_plan *plan,
                                         const struct hats_csv_row *header, struct hats_error *err);
void hats_input_free(struct hats_input *in);
/* Columns of the file that the model does not read. */
uint32_t hats_input_unused_columns(const struct hats_input *in);

/* Fill x (d entries) from one row; report may be NULL. Not thread-safe on one hats_input (scratch).
 * HATS_E_MALFORMED: not a number, missing, unknown category; HATS_E_RANGE: outside what the model
 * takes, too many digits, text too long. The text names row and column, never the cell's value.
 * On failure x is zero. */
HATS_MUST_USE hats_status hats_input_apply(int32_t *x, struct hats_input_report *report,
                                           struct hats_input *in, const struct hats_csv_row *row,
                                           struct hats_error *err);

/* Strict decimal: *out = value * 10^decimals exactly. HATS_E_MALFORMED: not a number; HATS_E_RANGE:
 * more digits than that, or |*out| >= 2^63. decimals <= HATS_PLAN_DECIMALS_MAX. */
HATS_MUST_USE hats_status hats_decimal_parse(int64_t *out, const char *text, size_t len_bytes,
                                             unsigned decimals);
/* Decimals a number needs (trailing zeros do not count); -1 when it is none, or needs more than
 * HATS_PLAN_DECIMALS_MAX. */
int hats_decimal_digits(const char *text, size_t len_bytes);

#endif
