/* CSV, read strictly and row by row [RFC4180].
 *
 * Fields are separated by commas; a field in double quotes may hold commas, line ends and doubled
 * quotes. Lines end in LF or CRLF; a last line without an end is read. Text must be UTF-8 without NUL.
 * A byte order mark at the beginning is skipped, and said. Refused with row and position: a ragged row
 * (every row has as many fields as the first), a quote inside an unquoted field, text after a closing
 * quote, an open quote at the end of the file, and anything over the bounds below. Blank lines are
 * refused too, except at the end of the file.
 *
 * Rows count from 1, the header being row 1, as a spreadsheet shows them.
 */
#ifndef HATS_MODEL_CSV_H
#define HATS_MODEL_CSV_H

#include "base/status.h"

#define HATS_CSV_MAX_FIELD (64u << 10) /* bytes of one cell */
#define HATS_CSV_MAX_ROW (4u << 20)    /* bytes of one row */
#define HATS_CSV_MAX_FIELDS 65536

/* Borrowed from the reader; valid until its next call. Fields are zero-terminated as well. */
struct hats_csv_row {
    uint64_t number;
    uint32_t n_fields;
    const char *const *field;
    const size_t *field_len;
};

struct hats_csv;

/* Whole lifetime: open, next until *more is false, free. HATS_E_NOT_FOUND, HATS_E_IO. */
HATS_MUST_USE hats_status hats_csv_open(struct hats_csv **out, const char *path,
                                        struct hats_error *err);
/* Reads from memory, which must outlive the reader. `name` is used in error texts. */
HATS_MUST_USE hats_status hats_csv_open_memory(struct hats_csv **out, const char *name,
                                               const void *data, size_t len_bytes,
                                               struct hats_error *err);
void hats_csv_free(struct hats_csv *csv);

/* The next row, or *more = false at the end. HATS_E_MALFORMED and HATS_E_RANGE name row and column.
 * An empty file is HATS_E_MALFORMED at the first call. */
HATS_MUST_USE hats_status hats_csv_next(struct hats_csv *csv, struct hats_csv_row *row, bool *more,
                                        struct hats_error *err);
/* Was there a byte order mark? Known after the first row. */
bool hats_csv_had_bom(const struct hats_csv *csv);
const char *hats_csv_name(const struct hats_csv *csv);

/* A field as CSV text, quoted when it must be; appended nowhere: out holds 2 * len + 3 bytes. */
size_t hats_csv_quote(char *out, const char *field, size_t len_bytes);

#endif
