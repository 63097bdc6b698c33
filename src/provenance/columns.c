/* From the cells of a row to the integers of a record. */
#include "provenance/schema.h"

#include "base/arena.h"
#include "hash/sha256.h"
#include "model/input.h"

#include <string.h>

static hats_status find_column(uint32_t *out, const struct hats_csv_row *header, const char *name,
                               struct hats_error *err) {
    uint32_t found = 0;
    for (uint32_t f = 0; f < header->n_fields; f++) {
        if (strcmp(header->field[f], name) != 0)
            continue;
        *out = f;
        found++;
    }
    if (found == 1)
        return HATS_OK;
    if (found == 0)
        return hats_fail(err, HATS_E_NOT_FOUND,
                         "row %llu: the schema's column \"%.60s\" is missing",
                         (unsigned long long)header->number, name);
    return hats_fail(err, HATS_E_CONFLICT, "row %llu: the column \"%.60s\" stands %u times",
                     (unsigned long long)header->number, name, (unsigned)found);
}

hats_status hats_source_columns_bind(struct hats_source_columns *out,
                                     const struct hats_source_schema *schema,
                                     const struct hats_csv_row *header, struct hats_error *err) {
    hats_status s = HATS_OK;
    *out = (struct hats_source_columns){.schema = schema};
    out->column = hats_alloc_array(schema->n_fields, sizeof *out->column);
    if (out->column == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to read a table");
    for (uint32_t i = 0; s == HATS_OK && i < schema->n_fields; i++)
        s = find_column(&out->column[i], header, schema->fields[i].name, err);
    if (s == HATS_OK && schema->key != NULL)
        s = find_column(&out->key, header, schema->key, err);
    if (s != HATS_OK)
        hats_source_columns_clear(out);
    return s;
}

void hats_source_columns_clear(struct hats_source_columns *columns) {
    hats_free(columns->column);
    *columns = (struct hats_source_columns){0};
}

/* Columns count from 1 in the file. */
static hats_status bad_cell(struct hats_error *err, hats_status s, const struct hats_csv_row *row,
                            uint32_t column, const char *name, const char *why) {
    return hats_fail(err, s, "row %llu, column %u (%.60s): %s", (unsigned long long)row->number,
                     (unsigned)column + 1, name, why);
}

static hats_status read_decimal(int64_t *out, const struct hats_source_field *f,
                                const struct hats_csv_row *row, uint32_t column,
                                struct hats_error *err) {
    hats_status s =
        hats_decimal_parse(out, row->field[column], row->field_len[column], f->decimals);
    if (s == HATS_E_MALFORMED)
        return bad_cell(err, s, row, column, f->name,
                        "not a number (plain decimals such as -12, 0.5 or 1.5e-3)");
    if (s != HATS_OK) {
        int digits = hats_decimal_digits(row->field[column], row->field_len[column]);
        return bad_cell(err, s, row, column, f->name,
                        digits >= 0 && (unsigned)digits <= f->decimals
                            ? "the number is too large"
                            : "more digits after the point than the schema's scale holds");
    }
    if (*out < f->min || *out > f->max)
        return bad_cell(err, HATS_E_RANGE, row, column, f->name,
                        "outside the range that the schema declares");
    return HATS_OK;
}

static hats_status read_category(int64_t *out, const struct hats_source_field *f,
                                 const struct hats_csv_row *row, uint32_t column,
                                 struct hats_error *err) {
    for (uint32_t c = 0; c < f->n_categories; c++)
        if (strcmp(row->field[column], f->categories[c]) == 0) {
            *out = c;
            return HATS_OK;
        }
    return bad_cell(err, HATS_E_MALFORMED, row, column, f->name,
                    "not one of the categories that the schema names");
}

hats_status hats_source_read(int64_t *fields, uint8_t key[HATS_SOURCE_KEY_LEN],
                             const struct hats_source_columns *columns,
                             const struct hats_csv_row *row, struct hats_error *err) {
    const struct hats_source_schema *schema = columns->schema;
    hats_status s = HATS_OK;
    uint8_t digest[HATS_SHA256_LEN];
    memset(key, 0, HATS_SOURCE_KEY_LEN);
    if (schema->key != NULL) {
        if (row->field_len[columns->key] == 0)
            return bad_cell(err, HATS_E_MALFORMED, row, columns->key, schema->key,
                            "the key is empty");
        hats_sha256_tagged(digest, "HATS-KEY-1", row->field[columns->key],
                           row->field_len[columns->key]);
        memcpy(key, digest, HATS_SOURCE_KEY_LEN);
    }
    for (uint32_t i = 0; s == HATS_OK && i < schema->n_fields; i++) {
        const struct hats_source_field *f = &schema->fields[i];
        uint32_t column = columns->column[i];
        fields[i] = f->missing;
        if (row->field_len[column] == 0 && f->has_missing)
            continue;
        if (row->field_len[column] == 0)
            s = bad_cell(err, HATS_E_MALFORMED, row, column, f->name,
                         "the cell is empty, and the schema has no rule for missing values");
        else if (f->type == HATS_SOURCE_DECIMAL)
            s = read_decimal(&fields[i], f, row, column, err);
        else
            s = read_category(&fields[i], f, row, column, err);
    }
    return s;
}
