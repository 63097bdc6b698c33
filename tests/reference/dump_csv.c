/* Reads documents as lines of hex; prints for each the rows that the library finds in it as CSV, cells in
 * hex, "|" between rows, "," between cells; or "refused STATUS". */
#include "model/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 4096

static int digit(char c) {
    const char *digits = "0123456789abcdef", *at = strchr(digits, c);
    return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

static void append_row(FILE *out, const struct hats_csv_row *row) {
    for (uint32_t f = 0; f < row->n_fields; f++) {
        for (size_t i = 0; i < row->field_len[f]; i++)
            fprintf(out, "%02x", (unsigned)(uint8_t)row->field[f][i]);
        fputc(f + 1 < row->n_fields ? ',' : '|', out);
    }
}

static void dump(const uint8_t *bytes, size_t len) {
    struct hats_csv *csv = NULL;
    struct hats_csv_row row;
    char *text = NULL;
    size_t text_len = 0;
    bool more = true;
    FILE *out = open_memstream(&text, &text_len);
    if (out == NULL)
        exit(1);
    hats_status s = hats_csv_open_memory(&csv, "document", bytes, len, NULL);
    while (s == HATS_OK && more) {
        s = hats_csv_next(csv, &row, &more, NULL);
        if (s == HATS_OK && more)
            append_row(out, &row);
    }
    fclose(out);
    if (s == HATS_OK)
        puts(text);
    else
        printf("refused %s\n", hats_status_name(s));
    hats_csv_free(csv);
    free(text);
}

int main(void) {
    static char line[2 * MAX_BYTES + 2];
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t len = strcspn(line, "\n") / 2;
        /* Exactly as many bytes as the document has, so that reading past them is seen. */
        uint8_t *bytes = malloc(len + (len == 0));
        if (bytes == NULL)
            return 1;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)(digit(line[2 * i]) << 4 | digit(line[2 * i + 1]));
        dump(bytes, len);
        free(bytes);
    }
    return 0;
}
