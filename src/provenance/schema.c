#include "provenance/schema.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "cbor/cbor.h"
#include "evidence/cose.h"
#include "hash/sha256.h"
#include "model/input.h"

#include <jansson.h>
#include <string.h>

#define DEFAULT_RANGE (((int64_t)1 << 32) - 1)
#define VALUE_LIMIT ((int64_t)1 << HATS_SOURCE_VALUE_BITS)

static void free_field(struct hats_source_field *f) {
    for (uint32_t i = 0; f->categories != NULL && i < f->n_categories; i++)
        hats_free(f->categories[i]);
    hats_free(f->categories);
    hats_free(f->name);
}

void hats_source_schema_free(struct hats_source_schema *schema) {
    if (schema == NULL)
        return;
    for (uint32_t i = 0; schema->fields != NULL && i < schema->n_fields; i++)
        free_field(&schema->fields[i]);
    hats_free(schema->fields);
    hats_free(schema->name);
    hats_free(schema->key);
    hats_free(schema);
}

uint32_t hats_source_schema_find(const struct hats_source_schema *schema, const char *name) {
    uint32_t i = 0;
    while (i < schema->n_fields && strcmp(schema->fields[i].name, name) != 0)
        i++;
    return i;
}

/* --- the rules --- */

static hats_status bad_field(struct hats_error *err, hats_status s, uint32_t i, const char *name,
                             const char *why) {
    return hats_fail(err, s, "schema: field %u (%.60s): %s", (unsigned)i + 1,
                     name != NULL && hats_text_is_plain(name) ? name : "", why);
}

static bool name_is_good(const char *name) {
    size_t len = name != NULL ? strlen(name) : 0;
    return len > 0 && len < HATS_SOURCE_NAME_MAX && hats_text_is_plain(name);
}

static hats_status check_categories(const struct hats_source_field *f, uint32_t i,
                                    struct hats_error *err) {
    for (uint32_t c = 0; c < f->n_categories; c++) {
        if (!name_is_good(f->categories[c]))
            return bad_field(err, HATS_E_RANGE, i, f->name,
                             "a category is empty, too long or not plain text");
        for (uint32_t other = 0; other < c; other++)
            if (strcmp(f->categories[c], f->categories[other]) == 0)
                return bad_field(err, HATS_E_CONFLICT, i, f->name, "a category stands there twice");
    }
    return HATS_OK;
}

static hats_status check_field(const struct hats_source_field *f, uint32_t i,
                               struct hats_error *err) {
    if (!name_is_good(f->name))
        return bad_field(err, HATS_E_RANGE, i, NULL, "its name is empty, too long or not plain");
    if (f->type == HATS_SOURCE_CATEGORY &&
        (f->n_categories == 0 || f->n_categories > HATS_SOURCE_MAX_CATEGORIES))
        return bad_field(err, HATS_E_RANGE, i, f->name, "1 to 65536 categories are wanted");
    if (f->decimals > HATS_PLAN_DECIMALS_MAX)
        return bad_field(err, HATS_E_RANGE, i, f->name, "more than 12 decimals");
    if (f->min > f->max || f->min <= -VALUE_LIMIT || f->max >= VALUE_LIMIT)
        return bad_field(err, HATS_E_RANGE, i, f->name,
                         "min .. max is empty, or not within -2^61 .. 2^61 at its scale");
    if (f->has_missing && (f->missing < f->min || f->missing > f->max))
        return bad_field(err, HATS_E_RANGE, i, f->name,
                         "what stands for an empty cell is outside min .. max");
    return check_categories(f, i, err);
}

hats_status hats_source_schema_finish(struct hats_source_schema *s, struct hats_error *err) {
    struct hats_buffer bytes;
    if (!name_is_good(s->name) || (s->key != NULL && !name_is_good(s->key)))
        return hats_fail(err, HATS_E_RANGE,
                         "schema: a name is empty, longer than 255 bytes or not plain text");
    if (s->n_fields == 0 || s->n_fields > HATS_SOURCE_MAX_FIELDS)
        return hats_fail(err, HATS_E_RANGE, "schema: 1 to %d fields are wanted",
                         HATS_SOURCE_MAX_FIELDS);
    for (uint32_t i = 0; i < s->n_fields; i++) {
        hats_status st = check_field(&s->fields[i], i, err);
        if (st != HATS_OK)
            return st;
        if (hats_source_schema_find(s, s->fields[i].name) != i ||
            (s->key != NULL && strcmp(s->key, s->fields[i].name) == 0))
            return bad_field(err, HATS_E_CONFLICT, i, s->fields[i].name, "the name stands twice");
    }
    hats_buffer_init(&bytes, HATS_SOURCE_SCHEMA_MAX_BYTES);
    hats_status st = hats_source_schema_encode(&bytes, s, err);
    if (st == HATS_OK)
        hats_sha256_tagged(s->digest, "HATS-SCHEMA-1", bytes.data, bytes.len);
    hats_buffer_clear(&bytes);
    return st;
}

/* --- JSON --- */

/* A decimal at the field's scale, or the default where the member is absent. */
static hats_status json_decimal(int64_t *out, const json_t *object, const char *member,
                                int64_t fallback, const struct hats_source_field *f, uint32_t i,
                                struct hats_error *err) {
    const json_t *v = json_object_get(object, member);
    *out = fallback;
    if (v == NULL)
        return HATS_OK;
    if (!json_is_string(v) || hats_decimal_parse(out, json_string_value(v), json_string_length(v),
                                                 f->decimals) != HATS_OK)
        return bad_field(err, HATS_E_MALFORMED, i, f->name,
                         "min, max and missing are decimals in quotes, of no more digits than "
                         "\"decimals\" says");
    return HATS_OK;
}

static hats_status json_categories(struct hats_source_field *f, const json_t *list, uint32_t i,
                                   struct hats_error *err) {
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n == 0 || n > HATS_SOURCE_MAX_CATEGORIES)
        return bad_field(err, HATS_E_MALFORMED, i, f->name,
                         "\"categories\" is a list of 1 to 65536 texts");
    f->type = HATS_SOURCE_CATEGORY;
    f->max = (int64_t)n - 1;
    f->categories = hats_alloc_array(n, sizeof *f->categories);
    if (f->categories == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    f->n_categories = (uint32_t)n;
    for (size_t c = 0; c < n; c++) {
        const char *text = json_string_value(json_array_get(list, c));
        if (text == NULL)
            return bad_field(err, HATS_E_MALFORMED, i, f->name, "a category is not a text");
        f->categories[c] = hats_strdup(text);
        if (f->categories[c] == NULL)
            return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    }
    return HATS_OK;
}

static hats_status json_missing_category(struct hats_source_field *f, const json_t *object,
                                         uint32_t i, struct hats_error *err) {
    const json_t *v = json_object_get(object, "missing");
    const char *text = json_string_value(v);
    f->has_missing = v != NULL;
    if (v == NULL)
        return HATS_OK;
    for (uint32_t c = 0; text != NULL && c < f->n_categories; c++)
        if (strcmp(text, f->categories[c]) == 0) {
            f->missing = c;
            return HATS_OK;
        }
    return bad_field(err, HATS_E_MALFORMED, i, f->name, "\"missing\" is not one of its categories");
}

static hats_status only_members(const json_t *object, const char *const *known, const char *where,
                                struct hats_error *err) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value) {
        bool found = false;
        for (size_t i = 0; known[i] != NULL; i++)
            found |= strcmp(name, known[i]) == 0;
        if (!found)
            return hats_fail(err, HATS_E_UNSUPPORTED, "schema: %s has a member \"%.40s\"", where,
                             name);
    }
    return HATS_OK;
}

static hats_status json_field(struct hats_source_field *f, const json_t *object, uint32_t i,
                              struct hats_error *err) {
    static const char *const decimal[] = {"name", "decimals", "min", "max", "missing", NULL};
    static const char *const category[] = {"name", "categories", "missing", NULL};
    const json_t *list = json_object_get(object, "categories");
    const json_t *decimals = json_object_get(object, "decimals");
    const char *name = json_string_value(json_object_get(object, "name"));
    if (name == NULL)
        return bad_field(err, HATS_E_MALFORMED, i, NULL, "an object with a \"name\" is wanted");
    f->name = hats_strdup(name);
    if (f->name == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    hats_status s = only_members(object, list != NULL ? category : decimal, "a field", err);
    if (s == HATS_OK && list != NULL) {
        s = json_categories(f, list, i, err);
        return s == HATS_OK ? json_missing_category(f, object, i, err) : s;
    }
    if (s != HATS_OK)
        return s;
    f->type = HATS_SOURCE_DECIMAL;
    if (decimals != NULL && (!json_is_integer(decimals) || json_integer_value(decimals) < 0 ||
                             json_integer_value(decimals) > HATS_PLAN_DECIMALS_MAX))
        return bad_field(err, HATS_E_MALFORMED, i, f->name, "\"decimals\" is a number, 0 to 12");
    f->decimals = (unsigned)json_integer_value(decimals);
    f->has_missing = json_object_get(object, "missing") != NULL;
    s = json_decimal(&f->min, object, "min", -DEFAULT_RANGE, f, i, err);
    if (s == HATS_OK)
        s = json_decimal(&f->max, object, "max", DEFAULT_RANGE, f, i, err);
    return s == HATS_OK ? json_decimal(&f->missing, object, "missing", 0, f, i, err) : s;
}

static hats_status json_schema(struct hats_source_schema *s, const json_t *root,
                               struct hats_error *err) {
    static const char *const members[] = {"name", "key", "fields", NULL};
    const char *name = json_string_value(json_object_get(root, "name"));
    const json_t *key = json_object_get(root, "key");
    const json_t *fields = json_object_get(root, "fields");
    size_t n = json_array_size(fields);
    if (name == NULL || (key != NULL && !json_is_string(key)) || n == 0 ||
        n > HATS_SOURCE_MAX_FIELDS)
        return hats_fail(err, HATS_E_MALFORMED,
                         "schema: an object with \"name\", perhaps \"key\", and a list \"fields\" "
                         "of 1 to %d is wanted",
                         HATS_SOURCE_MAX_FIELDS);
    hats_status st = only_members(root, members, "it", err);
    if (st != HATS_OK)
        return st;
    s->name = hats_strdup(name);
    s->key = key != NULL ? hats_strdup(json_string_value(key)) : NULL;
    s->fields = hats_alloc_array(n, sizeof *s->fields);
    if (s->name == NULL || (key != NULL && s->key == NULL) || s->fields == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    s->n_fields = (uint32_t)n;
    for (uint32_t i = 0; st == HATS_OK && i < s->n_fields; i++)
        st = json_field(&s->fields[i], json_array_get(fields, i), i, err);
    return st == HATS_OK ? hats_source_schema_finish(s, err) : st;
}

hats_status hats_source_schema_parse(struct hats_source_schema **out, const char *text,
                                     size_t len_bytes, struct hats_error *err) {
    json_error_t where;
    *out = NULL;
    if (len_bytes > HATS_SOURCE_SCHEMA_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "schema: larger than 4 MiB");
    json_t *root = json_loadb(text, len_bytes, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL)
        return hats_fail(err, HATS_E_MALFORMED, "schema: line %d, column %d: %s", where.line,
                         where.column, where.text);
    struct hats_source_schema *s = hats_alloc(sizeof *s);
    hats_status st = s == NULL ? hats_fail(err, HATS_E_MEMORY, "no memory for a schema")
                               : json_schema(s, root, err);
    json_decref(root);
    if (st != HATS_OK) {
        hats_source_schema_free(s);
        return st;
    }
    *out = s;
    return HATS_OK;
}
