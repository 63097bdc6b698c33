/* Schemas and values for people. */
#include "provenance/schema.h"

#include "evidence/render.h"

void hats_source_value_text(struct hats_buffer *out, const struct hats_source_field *f,
                            int64_t value) {
    uint64_t scale = 1, magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (f->type == HATS_SOURCE_CATEGORY) {
        bool known = value >= 0 && value < (int64_t)f->n_categories;
        hats_buffer_printf(out, "%s", known ? f->categories[value] : "?");
        return;
    }
    for (unsigned i = 0; i < f->decimals; i++)
        scale *= 10;
    hats_buffer_printf(out, "%s%llu", value < 0 ? "-" : "",
                       (unsigned long long)(magnitude / scale));
    if (f->decimals > 0)
        hats_buffer_printf(out, ".%0*llu", (int)f->decimals,
                           (unsigned long long)(magnitude % scale));
}

static void json_value(struct hats_buffer *out, const char *member,
                       const struct hats_source_field *f, int64_t value) {
    struct hats_buffer text;
    hats_buffer_init(&text, HATS_SOURCE_NAME_MAX);
    hats_source_value_text(&text, f, value);
    hats_buffer_append(&text, "", 1);
    hats_buffer_printf(out, ", \"%s\": ", member);
    hats_json_string(out, text.failed ? "" : (const char *)text.data);
    hats_buffer_clear(&text);
}

static void json_field(struct hats_buffer *out, const struct hats_source_field *f) {
    hats_buffer_printf(out, "    {\"name\": ");
    hats_json_string(out, f->name);
    if (f->type == HATS_SOURCE_DECIMAL) {
        hats_buffer_printf(out, ", \"decimals\": %u", f->decimals);
        json_value(out, "min", f, f->min);
        json_value(out, "max", f, f->max);
    } else {
        hats_buffer_printf(out, ", \"categories\": [");
        for (uint32_t c = 0; c < f->n_categories; c++) {
            hats_buffer_printf(out, "%s", c == 0 ? "" : ", ");
            hats_json_string(out, f->categories[c]);
        }
        hats_buffer_printf(out, "]");
    }
    if (f->has_missing)
        json_value(out, "missing", f, f->missing);
    hats_buffer_printf(out, "}");
}

void hats_source_schema_json(struct hats_buffer *out, const struct hats_source_schema *s) {
    hats_buffer_printf(out, "{\n  \"name\": ");
    hats_json_string(out, s->name);
    if (s->key != NULL) {
        hats_buffer_printf(out, ",\n  \"key\": ");
        hats_json_string(out, s->key);
    }
    hats_buffer_printf(out, ",\n  \"fields\": [\n");
    for (uint32_t i = 0; i < s->n_fields; i++) {
        json_field(out, &s->fields[i]);
        hats_buffer_printf(out, "%s\n", i + 1 < s->n_fields ? "," : "");
    }
    hats_buffer_printf(out, "  ]\n}\n");
}
