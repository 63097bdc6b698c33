#include "fuzz.h"
#include "model/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_csv *csv = NULL;
    struct hats_csv_row row;
    struct hats_error err;
    bool more = true;
    uint64_t last = 0;
    uint32_t width = 0;

    if (hats_csv_open_memory(&csv, "input", data, len_bytes, &err) != HATS_OK)
        return 0;
    while (hats_csv_next(csv, &row, &more, &err) == HATS_OK && more) {
        require(row.number > last, "rows are counted upwards");
        require(last == 0 || row.n_fields == width, "every row is as wide as the first");
        last = row.number;
        width = row.n_fields;
        for (uint32_t i = 0; i < row.n_fields; i++) {
            require(strlen(row.field[i]) == row.field_len[i], "a field ends where it says");
            char *quoted = malloc(2 * row.field_len[i] + 3);
            require(quoted != NULL, "there is memory");
            hats_csv_quote(quoted, row.field[i], row.field_len[i]);
            free(quoted);
        }
    }
    hats_csv_free(csv);
    return 0;
}
