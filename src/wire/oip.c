#include "wire/oip.h"

#include "base/bytes.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define TENSOR_PREFIX 4 /* bytes: length of a BYTES element */

size_t hats_oip_overhead(size_t n_tensors) { return HATS_OIP_JSON_MAX + n_tensors * TENSOR_PREFIX; }

static json_t *tensor_list(const struct hats_oip_tensor *tensors, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_int_t size = (json_int_t)tensors[i].len_bytes + TENSOR_PREFIX;
        json_t *tensor = json_pack("{s:s, s:[i], s:s, s:{s:I}}", "name", tensors[i].name, "shape",
                                   1, "datatype", "BYTES", "parameters", "binary_data_size", size);
        if (tensor == NULL || json_array_append_new(list, tensor) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Takes over doc. */
static void write_message(struct hats_buffer *out, size_t *json_len, json_t *doc,
                          const struct hats_oip_tensor *tensors, size_t n) {
    char *text = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    if (text == NULL) {
        out->failed = true;
        return;
    }
    *json_len = strlen(text);
    hats_buffer_append(out, text, *json_len);
    free(text);
    for (size_t i = 0; i < n; i++) {
        uint8_t prefix[TENSOR_PREFIX];
        assert(tensors[i].len_bytes <= UINT32_MAX - TENSOR_PREFIX);
        hats_store_le32(prefix, (uint32_t)tensors[i].len_bytes);
        hats_buffer_append(out, prefix, sizeof prefix);
        hats_buffer_append(out, tensors[i].data, tensors[i].len_bytes);
    }
}

void hats_oip_request(struct hats_buffer *out, size_t *json_len, const char *id,
                      const struct hats_oip_tensor *inputs, size_t n_inputs) {
    *json_len = 0;
    json_t *list = tensor_list(inputs, n_inputs);
    json_t *doc = json_pack("{s:s, s:o, s:{s:b}}", "id", id, "inputs", list, "parameters",
                            "binary_data_output", 1);
    write_message(out, json_len, doc, inputs, n_inputs);
}

void hats_oip_response(struct hats_buffer *out, size_t *json_len, const char *model, const char *id,
                       const struct hats_oip_tensor *outputs, size_t n_outputs) {
    *json_len = 0;
    json_t *list = tensor_list(outputs, n_outputs);
    json_t *doc = json_pack("{s:s, s:s, s:o}", "model_name", model, "id", id, "outputs", list);
    write_message(out, json_len, doc, outputs, n_outputs);
}

static struct hats_oip_tensor *find(struct hats_oip_tensor *wanted, size_t n, const char *name) {
    for (size_t i = 0; name != NULL && i < n; i++)
        if (strcmp(wanted[i].name, name) == 0)
            return &wanted[i];
    return NULL;
}

/* One entry of the list, whose bytes come next in r. */
static hats_status take_tensor(struct hats_oip_tensor *wanted, size_t n, struct hats_reader *r,
                               const json_t *entry, struct hats_error *err) {
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *datatype = json_string_value(json_object_get(entry, "datatype"));
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *size = json_object_get(json_object_get(entry, "parameters"), "binary_data_size");
    struct hats_oip_tensor *slot = find(wanted, n, name);
    if (slot == NULL)
        return hats_fail(err, HATS_E_MALFORMED, "tensor '%.40s' does not belong here",
                         name != NULL ? name : "(no name)");
    if (slot->data != NULL)
        return hats_fail(err, HATS_E_MALFORMED, "tensor '%s' stands there twice", slot->name);
    if (datatype == NULL || strcmp(datatype, "BYTES") != 0 || json_array_size(shape) != 1 ||
        json_integer_value(json_array_get(shape, 0)) != 1)
        return hats_fail(err, HATS_E_MALFORMED, "tensor '%s' must be BYTES of shape [1]",
                         slot->name);
    if (!json_is_integer(size))
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "tensor '%s' has no binary_data_size: only binary tensors are taken",
                         slot->name);
    json_int_t total = json_integer_value(size);
    const uint8_t *prefix = hats_read_span(r, TENSOR_PREFIX);
    if (prefix == NULL || total < TENSOR_PREFIX ||
        (uint64_t)total - TENSOR_PREFIX != hats_load_le32(prefix))
        return hats_fail(err, HATS_E_MALFORMED,
                         "tensor '%s': its length prefix and binary_data_size disagree",
                         slot->name);
    slot->len_bytes = (size_t)total - TENSOR_PREFIX;
    slot->data = hats_read_span(r, slot->len_bytes);
    if (slot->data == NULL)
        return hats_fail(err, HATS_E_MALFORMED, "the body ends inside tensor '%s'", slot->name);
    return HATS_OK;
}

/* At most 63 bytes and never half a character, which could not be sent back. */
static void copy_id(char id[64], const char *text) {
    size_t len = strlen(text);
    if (len > 63)
        for (len = 63; (text[len] & 0xc0) == 0x80;)
            len--;
    memcpy(id, text, len);
    id[len] = '\0';
}

hats_status hats_oip_parse(struct hats_oip_tensor *wanted, size_t n, size_t n_needed, char id[64],
                           const char *member, const uint8_t *body, size_t len_bytes,
                           size_t json_len, struct hats_error *err) {
    for (size_t i = 0; i < n; i++)
        wanted[i] = (struct hats_oip_tensor){.name = wanted[i].name};
    if (json_len > len_bytes || json_len > HATS_OIP_JSON_MAX)
        return hats_fail(err, HATS_E_MALFORMED,
                         "Inference-Header-Content-Length is %zu: more than the body or the %d "
                         "bytes allowed",
                         json_len, HATS_OIP_JSON_MAX);
    json_error_t where;
    json_t *doc = json_loadb((const char *)body, json_len, JSON_REJECT_DUPLICATES, &where);
    if (doc == NULL)
        return hats_fail(err, HATS_E_MALFORMED, "JSON header, line %d column %d: %.80s", where.line,
                         where.column, where.text);
    const json_t *list = json_object_get(doc, member);
    const char *text = json_string_value(json_object_get(doc, "id"));
    hats_status s = HATS_OK;
    size_t listed = json_array_size(list);
    if (listed < n_needed || listed > n)
        s = hats_fail(err, HATS_E_MALFORMED, "'%s' must list %zu tensors", member, n_needed);
    struct hats_reader r = hats_reader_of(body + json_len, len_bytes - json_len);
    for (size_t i = 0; s == HATS_OK && i < listed; i++)
        s = take_tensor(wanted, n, &r, json_array_get(list, i), err);
    for (size_t i = 0; s == HATS_OK && i < n_needed; i++)
        if (wanted[i].data == NULL)
            s = hats_fail(err, HATS_E_MALFORMED, "'%s' does not list %s", member, wanted[i].name);
    if (s == HATS_OK && !hats_reader_done(&r))
        s = hats_fail(err, HATS_E_MALFORMED, "%zu bytes follow the last tensor",
                      hats_reader_left(&r));
    if (s == HATS_OK && id != NULL)
        copy_id(id, text != NULL ? text : "");
    json_decref(doc);
    return s;
}
