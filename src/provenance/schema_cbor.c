/* schema = {1: version, 2: name, 3: key column or null, 4: [field]}
 * field  = {1: name, 2: type, 3: decimals, 4: min, 5: max, 6: missing or null, 7: [category]} */
#include "provenance/schema.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "provenance/claims.h"

#include "cbor/cbor.h"

#include <string.h>

#define VERSION 1
#define N_PAIRS 4
#define FIELD_PAIRS 7
#define HEADS 96 /* bytes of a field beside its texts */

static size_t encoded_max(const struct hats_source_schema *s) {
    size_t len = HEADS + 2 * HATS_SOURCE_NAME_MAX;
    for (uint32_t i = 0; i < s->n_fields; i++) {
        const struct hats_source_field *f = &s->fields[i];
        len += HEADS + strlen(f->name);
        for (uint32_t c = 0; c < f->n_categories; c++)
            len += 9 + strlen(f->categories[c]);
    }
    return len;
}

static void put_field(struct hats_writer *w, const struct hats_source_field *f) {
    hats_cbor_put_map(w, FIELD_PAIRS);
    hats_claims_put_text(w, 1, f->name);
    hats_claims_put_uint(w, 2, f->type);
    hats_claims_put_uint(w, 3, f->decimals);
    hats_cbor_put_uint(w, 4);
    hats_cbor_put_int(w, f->min);
    hats_cbor_put_uint(w, 5);
    hats_cbor_put_int(w, f->max);
    hats_cbor_put_uint(w, 6);
    if (f->has_missing)
        hats_cbor_put_int(w, f->missing);
    else
        hats_cbor_put_null(w);
    hats_cbor_put_uint(w, 7);
    hats_cbor_put_array(w, f->n_categories);
    for (uint32_t c = 0; c < f->n_categories; c++)
        hats_cbor_put_text(w, f->categories[c]);
}

hats_status hats_source_schema_encode(struct hats_buffer *out, const struct hats_source_schema *s,
                                      struct hats_error *err) {
    size_t cap = encoded_max(s);
    uint8_t *bytes = hats_alloc(cap);
    if (bytes == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to write a schema");
    struct hats_writer w = hats_writer_of(bytes, cap);
    hats_cbor_put_map(&w, N_PAIRS);
    hats_claims_put_uint(&w, 1, VERSION);
    hats_claims_put_text(&w, 2, s->name);
    hats_cbor_put_uint(&w, 3);
    if (s->key != NULL)
        hats_cbor_put_text(&w, s->key);
    else
        hats_cbor_put_null(&w);
    hats_cbor_put_uint(&w, 4);
    hats_cbor_put_array(&w, s->n_fields);
    for (uint32_t i = 0; i < s->n_fields; i++)
        put_field(&w, &s->fields[i]);
    bool fits = hats_writer_ok(&w);
    if (fits)
        hats_buffer_append(out, bytes, hats_writer_len(&w));
    hats_free(bytes);
    return fits && !out->failed
               ? HATS_OK
               : hats_fail(err, HATS_E_RANGE, "schema: larger than 4 MiB when encoded");
}

static hats_status bad(struct hats_error *err, uint32_t i, const char *why) {
    return hats_fail(err, HATS_E_MALFORMED, "schema: field %u: %s", (unsigned)i + 1, why);
}

static bool take_label(struct hats_reader *r, uint64_t label) {
    uint64_t got;
    return hats_cbor_get_uint(r, &got) && got == label;
}

static bool get_name(struct hats_reader *r, char **out) {
    char text[HATS_SOURCE_NAME_MAX];
    if (!hats_cbor_get_string(r, text, sizeof text))
        return false;
    *out = hats_strdup(text);
    return *out != NULL;
}

static hats_status get_categories(struct hats_source_field *f, struct hats_reader *r, uint32_t i,
                                  struct hats_error *err) {
    size_t n;
    if (!take_label(r, 7) || !hats_cbor_get_array(r, &n) || n > HATS_SOURCE_MAX_CATEGORIES ||
        (n == 0) != (f->type == HATS_SOURCE_DECIMAL))
        return bad(err, i, "its categories are not a list that goes with its type");
    if (n == 0)
        return HATS_OK;
    if (f->min != 0 || f->max != (int64_t)n - 1 || f->decimals != 0)
        return bad(err, i, "a category has no decimals and goes from 0 to the last of the list");
    f->categories = hats_alloc_array(n, sizeof *f->categories);
    if (f->categories == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    f->n_categories = (uint32_t)n;
    for (size_t c = 0; c < n; c++)
        if (!get_name(r, &f->categories[c]))
            return bad(err, i, "a category is not a text, or too long");
    return HATS_OK;
}

static hats_status get_field(struct hats_source_field *f, struct hats_reader *r, uint32_t i,
                             struct hats_error *err) {
    uint64_t type, decimals;
    size_t n;
    if (!hats_cbor_get_map(r, &n) || n != FIELD_PAIRS)
        return bad(err, i, "not a map of exactly seven parts");
    if (!take_label(r, 1) || !get_name(r, &f->name))
        return bad(err, i, "its name is not a text, or too long");
    if (!take_label(r, 2) || !hats_cbor_get_uint(r, &type) ||
        (type != HATS_SOURCE_DECIMAL && type != HATS_SOURCE_CATEGORY))
        return bad(err, i, "its type is neither decimal (1) nor category (2)");
    if (!take_label(r, 3) || !hats_cbor_get_uint(r, &decimals) || decimals > UINT8_MAX)
        return bad(err, i, "its decimals are not a number");
    f->type = (enum hats_source_type)type;
    f->decimals = (unsigned)decimals;
    if (!take_label(r, 4) || !hats_cbor_get_int(r, &f->min) || !take_label(r, 5) ||
        !hats_cbor_get_int(r, &f->max) || !take_label(r, 6))
        return bad(err, i, "its min or max is not a number");
    f->has_missing = !hats_cbor_take_null(r);
    if (f->has_missing && !hats_cbor_get_int(r, &f->missing))
        return bad(err, i, "what stands for an empty cell is neither a number nor null");
    return get_categories(f, r, i, err);
}

static hats_status decode(struct hats_source_schema *s, struct hats_claims *c,
                          struct hats_error *err) {
    char name[HATS_SOURCE_NAME_MAX];
    size_t n;
    hats_claims_version(c, VERSION);
    hats_claims_text(c, name, sizeof name);
    if (c->status != HATS_OK)
        return c->status;
    s->name = hats_strdup(name);
    c->at++;
    if (!take_label(&c->r, 3) || (!hats_cbor_take_null(&c->r) && !get_name(&c->r, &s->key)))
        hats_claims_refuse(c, HATS_E_MALFORMED, "neither a text nor null");
    hats_claims_array(c, HATS_SOURCE_MAX_FIELDS, &n);
    hats_status st = hats_claims_close(c);
    if (st != HATS_OK || n == 0)
        return st != HATS_OK ? st : hats_fail(err, HATS_E_RANGE, "schema: no fields");
    s->fields = hats_alloc_array(n, sizeof *s->fields);
    if (s->fields == NULL || s->name == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    s->n_fields = (uint32_t)n;
    for (uint32_t i = 0; st == HATS_OK && i < s->n_fields; i++)
        st = get_field(&s->fields[i], &c->r, i, err);
    return st == HATS_OK ? hats_source_schema_finish(s, err) : st;
}

hats_status hats_source_schema_decode(struct hats_source_schema **out, const uint8_t *bytes,
                                      size_t len_bytes, struct hats_error *err) {
    static const char *const names[] = {"version", "name", "key column", "fields"};
    struct hats_claims c;
    *out = NULL;
    if (len_bytes > HATS_SOURCE_SCHEMA_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "schema: larger than 4 MiB");
    struct hats_source_schema *s = hats_alloc(sizeof *s);
    if (s == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    hats_claims_open(&c, "schema", names, HATS_COUNT_OF(names), bytes, len_bytes, err);
    hats_status st = decode(s, &c, err);
    if (st != HATS_OK) {
        hats_source_schema_free(s);
        return st;
    }
    *out = s;
    return HATS_OK;
}
