/* What a record of a source is: named fields, each one integer.
 *
 *     decimal    value * 10^decimals, exactly; within min .. max
 *     category   the index of the text in the list of categories
 *
 * An empty cell is refused unless the field says which value stands for it. A key column may be named: it
 * holds texts, no two of them equal, and is no field.
 *
 * People write it as JSON:
 *
 *     {"name": "ward-3", "key": "patient", "fields": [
 *       {"name": "age", "decimals": 0, "min": "0", "max": "130", "missing": "0"},
 *       {"name": "status", "categories": ["A11", "A12"], "missing": "A11"}]}
 *
 * min and max default to -(2^32 - 1) and 2^32 - 1 at the field's scale; both stay below 2^61. What is signed is
 * the digest of the one CBOR encoding (docs/FORMATS.md, section 11.1), so two files that mean the same are the same.
 */
#ifndef HATS_PROVENANCE_SCHEMA_H
#define HATS_PROVENANCE_SCHEMA_H

#include "model/csv.h"
#include "model/plan.h"

#define HATS_SOURCE_MAX_FIELDS 4096
#define HATS_SOURCE_MAX_CATEGORIES 65536
#define HATS_SOURCE_NAME_MAX 256 /* bytes with the final zero: names, categories */
#define HATS_SOURCE_VALUE_BITS 61
#define HATS_SOURCE_SCHEMA_MAX_BYTES (4u << 20)
#define HATS_SOURCE_KEY_LEN 16 /* bytes of a key's digest */

enum hats_source_type { HATS_SOURCE_DECIMAL = 1, HATS_SOURCE_CATEGORY = 2 };

struct hats_source_field {
    char *name;
    enum hats_source_type type;
    unsigned decimals; /* decimal; 0 for a category */
    int64_t min, max;  /* of a category: 0 and the last index */
    bool has_missing;
    int64_t missing;
    char **categories;
    uint32_t n_categories;
};

struct hats_source_schema {
    char *name;
    char *key; /* NULL: no key column */
    struct hats_source_field *fields;
    uint32_t n_fields;
    uint8_t digest[32];
};

/* schema may be NULL. */
void hats_source_schema_free(struct hats_source_schema *schema);
/* From JSON. HATS_E_MALFORMED with line or field, HATS_E_RANGE, HATS_E_CONFLICT (a name twice). */
HATS_MUST_USE hats_status hats_source_schema_parse(struct hats_source_schema **out,
                                                   const char *text, size_t len_bytes,
                                                   struct hats_error *err);
/* Appends the canonical encoding. */
HATS_MUST_USE hats_status hats_source_schema_encode(struct hats_buffer *out,
                                                    const struct hats_source_schema *schema,
                                                    struct hats_error *err);
/* Accepts what the encoder writes. HATS_E_MALFORMED, _CANONICAL, _VERSION, _RANGE, _CONFLICT. */
HATS_MUST_USE hats_status hats_source_schema_decode(struct hats_source_schema **out,
                                                    const uint8_t *bytes, size_t len_bytes,
                                                    struct hats_error *err);
/* The schema that a plan's records have: a field for each of its columns, in its order, at its scale; the
 * categories in the order of its rules. So C_D of a record of this schema is what hats_call_input
 * (statements/call.h) opens. Ranges are the widest within the defaults that keep every |A v + B| below 2^61.
 * key may be NULL. HATS_E_UNSUPPORTED: the plan reads a text. */
HATS_MUST_USE hats_status hats_source_schema_of_plan(struct hats_source_schema **out,
                                                     const struct hats_plan *plan, const char *name,
                                                     const char *key, struct hats_error *err);
/* Do records of this schema open what the plan computes from: the same fields, and every |A v + B| below
 * 2^61 for all values in range? HATS_E_CONFLICT names the field. An authoriser asks before granting. */
HATS_MUST_USE hats_status hats_source_schema_fits(const struct hats_source_schema *schema,
                                                  const struct hats_plan *plan,
                                                  struct hats_error *err);
/* Appends the schema as JSON for people: what hats_source_schema_parse reads. */
void hats_source_schema_json(struct hats_buffer *out, const struct hats_source_schema *schema);
/* A value of field i in words: "17.99", "A11". */
void hats_source_value_text(struct hats_buffer *out, const struct hats_source_field *field,
                            int64_t value);
/* Index of the field of this name, or n_fields. */
uint32_t hats_source_schema_find(const struct hats_source_schema *schema, const char *name);
/* Ranges, names, categories, and the digest; the decoders call it. */
HATS_MUST_USE hats_status hats_source_schema_finish(struct hats_source_schema *schema,
                                                    struct hats_error *err);

/* A schema bound to the header of a file, which may hold more columns. The schema must outlive it. */
struct hats_source_columns {
    const struct hats_source_schema *schema;
    uint32_t *column; /* of field i */
    uint32_t key;     /* column of the key, if there is one */
};
/* HATS_E_NOT_FOUND and HATS_E_CONFLICT name the column. */
HATS_MUST_USE hats_status hats_source_columns_bind(struct hats_source_columns *out,
                                                   const struct hats_source_schema *schema,
                                                   const struct hats_csv_row *header,
                                                   struct hats_error *err);
void hats_source_columns_clear(struct hats_source_columns *columns);
/* The fields of a row, and the digest of its key (zero without a key column):
 * the first 16 bytes of H("HATS-KEY-1" pad16 | text). Errors name row and column, never the cell. */
HATS_MUST_USE hats_status hats_source_read(int64_t *fields, uint8_t key[HATS_SOURCE_KEY_LEN],
                                           const struct hats_source_columns *columns,
                                           const struct hats_csv_row *row, struct hats_error *err);

#endif
