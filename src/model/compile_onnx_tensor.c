#include "model/compile_onnx.h"

#include "base/bytes.h"

#include <math.h>
#include <stdio.h>

/* Elements of a shape, or 0 when a dimension is not positive or the product passes the bound. */
static size_t element_count(const Onnx__TensorProto *t) {
    size_t n = 1;

    for (size_t i = 0; i < t->n_dims; i++) {
        if (t->dims[i] <= 0 || (uint64_t)t->dims[i] > ONNX_MEMORY_MAX / n)
            return 0;
        n *= (size_t)t->dims[i];
    }
    return n;
}

/* Bytes of an element in raw_data; 0 for types that no linear model uses. */
static size_t element_size(int32_t type) {
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32: return 4;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return 8;
    default: return 0;
    }
}

static double raw_element(const uint8_t *p, int32_t type) {
    uint32_t u32;
    uint64_t u64;
    float f;
    double d;

    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        u32 = hats_load_le32(p);
        memcpy(&f, &u32, sizeof f);
        return f;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32: return (int32_t)hats_load_le32(p);
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        u64 = hats_load_le64(p);
        memcpy(&d, &u64, sizeof d);
        return d;
    default: return (double)(int64_t)hats_load_le64(p);
    }
}

static double field_element(const Onnx__TensorProto *t, size_t i) {
    switch (t->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return t->float_data[i];
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32: return t->int32_data[i];
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return t->double_data[i];
    default: return (double)t->int64_data[i];
    }
}

static size_t field_count(const Onnx__TensorProto *t) {
    switch (t->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return t->n_float_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32: return t->n_int32_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return t->n_double_data;
    default: return t->n_int64_data;
    }
}

static const char *copy_text(struct onnx_import *im, const ProtobufCBinaryData *s) {
    char *copy = hats_onnx_alloc(im, s->len + 1, 1);

    if (copy != NULL && s->len > 0)
        memcpy(copy, s->data, s->len);
    return copy;
}

static hats_status copy_texts(struct onnx_import *im, const char ***out,
                              const ProtobufCBinaryData *from, size_t n) {
    const char **list = hats_onnx_alloc(im, n, sizeof *list);

    if (list == NULL)
        return HATS_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (from[i].len > 0 && memchr(from[i].data, 0, from[i].len) != NULL)
            return hats_onnx_fail(im, HATS_E_MALFORMED, "a text holds a zero byte");
        list[i] = copy_text(im, &from[i]);
        if (list[i] == NULL)
            return HATS_E_MEMORY;
    }
    *out = list;
    return HATS_OK;
}

static hats_status tensor_numbers(struct onnx_import *im, struct onnx_value *out,
                                  const Onnx__TensorProto *t, const char *name) {
    size_t size = element_size(t->data_type);
    size_t n = out->n;
    double *data;

    if (size == 0)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                              "tensor '%s' has data type %d; float, double, "
                              "int32, int64 and string are supported",
                              name, t->data_type);
    if (t->has_raw_data ? t->raw_data.len != n * size : field_count(t) != n)
        return hats_onnx_fail(im, HATS_E_MALFORMED,
                              "tensor '%s' holds %zu %s where its shape needs %zu elements", name,
                              t->has_raw_data ? t->raw_data.len : field_count(t),
                              t->has_raw_data ? "bytes" : "elements", n);
    data = hats_onnx_alloc(im, n, sizeof *data);
    if (data == NULL)
        return HATS_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        data[i] = t->has_raw_data ? raw_element(t->raw_data.data + i * size, t->data_type)
                                  : field_element(t, i);
        if (!isfinite(data[i]))
            return hats_onnx_fail(im, HATS_E_RANGE, "tensor '%s' holds a value that is not finite",
                                  name);
    }
    out->kind = ONNX_CONSTANT;
    out->data = data;
    out->is_float = t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    return HATS_OK;
}

hats_status hats_onnx_tensor(struct onnx_import *im, struct onnx_value *out,
                             const Onnx__TensorProto *t) {
    const char *name = t->name != NULL ? t->name : "";

    *out = (struct onnx_value){0};
    if (t->n_external_data > 0 ||
        (t->has_data_location && t->data_location != ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT) ||
        t->segment != NULL)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "tensor '%s' keeps its data elsewhere", name);
    if (t->n_dims > ONNX_RANK_MAX)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "tensor '%s' has %zu dimensions", name,
                              t->n_dims);
    out->n = element_count(t);
    if (out->n == 0)
        return hats_onnx_fail(im, HATS_E_MALFORMED, "tensor '%s' has no elements, or too many",
                              name);
    out->rank = (unsigned)t->n_dims;
    for (size_t i = 0; i < t->n_dims; i++)
        out->dim[i] = t->dims[i];
    if (t->has_data_type && t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__STRING) {
        if (t->n_string_data != out->n)
            return hats_onnx_fail(im, HATS_E_MALFORMED,
                                  "tensor '%s' holds %zu texts where its shape needs %zu", name,
                                  t->n_string_data, out->n);
        out->kind = ONNX_TEXTS;
        return copy_texts(im, &out->text, t->string_data, out->n);
    }
    return tensor_numbers(im, out, t, name);
}

/* --- attributes --- */

const Onnx__AttributeProto *hats_onnx_attribute(const struct onnx_import *im, const char *name) {
    for (size_t i = 0; i < im->node->n_attribute; i++) {
        const Onnx__AttributeProto *a = im->node->attribute[i];
        if (a->name != NULL && strcmp(a->name, name) == 0)
            return a;
    }
    return NULL;
}

static hats_status wrong_type(struct onnx_import *im, const char *name) {
    return hats_onnx_fail(im, HATS_E_MALFORMED, "attribute '%s' has another type", name);
}

hats_status hats_onnx_get_int(struct onnx_import *im, int64_t *out, const char *name,
                              int64_t fallback) {
    const Onnx__AttributeProto *a = hats_onnx_attribute(im, name);

    *out = fallback;
    if (a == NULL)
        return HATS_OK;
    if (!a->has_i)
        return wrong_type(im, name);
    *out = a->i;
    return HATS_OK;
}

hats_status hats_onnx_get_float(struct onnx_import *im, double *out, const char *name,
                                double fallback) {
    const Onnx__AttributeProto *a = hats_onnx_attribute(im, name);

    *out = fallback;
    if (a == NULL)
        return HATS_OK;
    if (!a->has_f)
        return wrong_type(im, name);
    *out = a->f;
    return HATS_OK;
}

hats_status hats_onnx_get_text(struct onnx_import *im, const char **out, const char *name) {
    const Onnx__AttributeProto *a = hats_onnx_attribute(im, name);

    *out = "";
    if (a == NULL)
        return HATS_OK;
    if (!a->has_s)
        return wrong_type(im, name);
    *out = copy_text(im, &a->s);
    return *out != NULL ? HATS_OK : HATS_E_MEMORY;
}

/* NAME_as_tensor of ai.onnx.ml 3: the same numbers in binary64. */
static hats_status floats_as_tensor(struct onnx_import *im, const double **out, size_t *n,
                                    const char *name) {
    char longer[64];
    const Onnx__AttributeProto *a;
    struct onnx_value v;
    hats_status st;

    (void)snprintf(longer, sizeof longer, "%s_as_tensor", name);
    a = hats_onnx_attribute(im, longer);
    if (a == NULL)
        return HATS_OK;
    if (a->t == NULL)
        return wrong_type(im, longer);
    st = hats_onnx_tensor(im, &v, a->t);
    if (st != HATS_OK)
        return st;
    if (v.kind != ONNX_CONSTANT)
        return wrong_type(im, longer);
    *out = v.data;
    *n = v.n;
    return HATS_OK;
}

hats_status hats_onnx_get_floats(struct onnx_import *im, const double **out, size_t *n,
                                 const char *name) {
    const Onnx__AttributeProto *a = hats_onnx_attribute(im, name);
    double *list;

    *out = NULL;
    *n = 0;
    if (a == NULL)
        return floats_as_tensor(im, out, n, name);
    if (a->n_floats == 0 && (a->n_ints > 0 || a->n_strings > 0 || a->has_f || a->has_i || a->has_s))
        return wrong_type(im, name);
    if (a->n_floats == 0)
        return HATS_OK;
    list = hats_onnx_alloc(im, a->n_floats, sizeof *list);
    if (list == NULL)
        return HATS_E_MEMORY;
    for (size_t i = 0; i < a->n_floats; i++) {
        list[i] = a->floats[i];
        if (!isfinite(list[i]))
            return hats_onnx_fail(im, HATS_E_RANGE,
                                  "attribute '%s' holds a value that is not finite", name);
    }
    *out = list;
    *n = a->n_floats;
    return HATS_OK;
}

hats_status hats_onnx_get_ints(struct onnx_import *im, const int64_t **out, size_t *n,
                               const char *name) {
    const Onnx__AttributeProto *a = hats_onnx_attribute(im, name);

    *out = NULL;
    *n = 0;
    if (a == NULL)
        return HATS_OK;
    if (a->n_ints == 0 && (a->n_floats > 0 || a->n_strings > 0 || a->has_f || a->has_i || a->has_s))
        return wrong_type(im, name);
    *out = a->ints;
    *n = a->n_ints;
    return HATS_OK;
}

hats_status hats_onnx_get_texts(struct onnx_import *im, const char ***out, size_t *n,
                                const char *name) {
    const Onnx__AttributeProto *a = hats_onnx_attribute(im, name);

    *out = NULL;
    *n = 0;
    if (a == NULL)
        return HATS_OK;
    if (a->n_strings == 0 && (a->n_floats > 0 || a->n_ints > 0 || a->has_f || a->has_i || a->has_s))
        return wrong_type(im, name);
    if (a->n_strings == 0)
        return HATS_OK;
    *n = a->n_strings;
    return copy_texts(im, out, a->strings, a->n_strings);
}

hats_status hats_onnx_only(struct onnx_import *im, const char *const *known, size_t n_known) {
    for (size_t i = 0; i < im->node->n_attribute; i++) {
        const char *name = im->node->attribute[i]->name;
        bool found = false;
        for (size_t j = 0; name != NULL && j < n_known && !found; j++)
            found = strcmp(known[j], name) == 0;
        if (!found)
            return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "attribute '%.60s' is not supported",
                                  name != NULL ? name : "");
    }
    return HATS_OK;
}
