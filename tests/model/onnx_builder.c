#include "onnx_builder.h"

#include <onnx.pb-c.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64, BLOCKS = 4096 };

struct builder {
    Onnx__ModelProto model;
    Onnx__GraphProto graph;
    Onnx__NodeProto *node[MOST];
    Onnx__ValueInfoProto *input[MOST], *output[MOST];
    Onnx__TensorProto *tensor[MOST];
    void *owned[BLOCKS];
    size_t n_owned;
};

static void *keep(struct builder *b, size_t size) {
    void *p = calloc(1, size > 0 ? size : 1);
    assert(p != NULL && b->n_owned < BLOCKS);
    b->owned[b->n_owned++] = p;
    return p;
}

static char *text_of(struct builder *b, const char *s) {
    size_t len = strlen(s) + 1;
    return memcpy(keep(b, len), s, len);
}

struct builder *builder_new(void) {
    struct builder *b = calloc(1, sizeof *b);
    assert(b != NULL);
    onnx__model_proto__init(&b->model);
    onnx__graph_proto__init(&b->graph);
    b->model.graph = &b->graph;
    b->model.has_ir_version = 1;
    b->model.ir_version = 8;
    b->graph.name = text_of(b, "test");
    b->graph.node = b->node;
    b->graph.input = b->input;
    b->graph.output = b->output;
    b->graph.initializer = b->tensor;
    return b;
}

void builder_free(struct builder *b) {
    for (size_t i = 0; i < b->n_owned; i++)
        free(b->owned[i]);
    free(b);
}

static Onnx__ValueInfoProto *value_info(struct builder *b, const char *name, int type, int64_t n) {
    Onnx__ValueInfoProto *v = keep(b, sizeof *v);
    Onnx__TypeProto *t = keep(b, sizeof *t);
    Onnx__TypeProto__Tensor *tensor = keep(b, sizeof *tensor);
    Onnx__TensorShapeProto *shape = keep(b, sizeof *shape);
    onnx__value_info_proto__init(v);
    onnx__type_proto__init(t);
    onnx__type_proto__tensor__init(tensor);
    onnx__tensor_shape_proto__init(shape);
    v->name = text_of(b, name);
    v->type = t;
    t->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    t->tensor_type = tensor;
    tensor->has_elem_type = 1;
    tensor->elem_type = type;
    tensor->shape = shape;
    shape->dim = keep(b, 2 * sizeof *shape->dim);
    shape->n_dim = 2;
    for (int i = 0; i < 2; i++) {
        shape->dim[i] = keep(b, sizeof *shape->dim[i]);
        onnx__tensor_shape_proto__dimension__init(shape->dim[i]);
    }
    shape->dim[0]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    shape->dim[0]->dim_param = text_of(b, "N");
    shape->dim[1]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    shape->dim[1]->dim_value = n;
    return v;
}

void builder_input(struct builder *b, const char *name, int type, int64_t n) {
    assert(b->graph.n_input < MOST);
    b->input[b->graph.n_input++] = value_info(b, name, type, n);
}

void builder_output(struct builder *b, const char *name) {
    assert(b->graph.n_output < MOST);
    b->output[b->graph.n_output++] = value_info(b, name, ONNX_FLOAT, 1);
}

static Onnx__TensorProto *tensor_of(struct builder *b, const char *name, int type, size_t rank,
                                    const int64_t *dims, size_t *n) {
    Onnx__TensorProto *t = keep(b, sizeof *t);
    onnx__tensor_proto__init(t);
    t->name = text_of(b, name);
    t->has_data_type = 1;
    t->data_type = type;
    t->n_dims = rank;
    t->dims = keep(b, rank * sizeof *t->dims);
    *n = 1;
    for (size_t i = 0; i < rank; i++) {
        t->dims[i] = dims[i];
        *n *= (size_t)dims[i];
    }
    assert(b->graph.n_initializer < MOST);
    b->tensor[b->graph.n_initializer++] = t;
    return t;
}

void builder_numbers(struct builder *b, const char *name, int type, size_t rank,
                     const int64_t *dims, const double *values) {
    size_t n;
    Onnx__TensorProto *t = tensor_of(b, name, type, rank, dims, &n);
    if (type == ONNX_DOUBLE) {
        t->n_double_data = n;
        t->double_data = keep(b, n * sizeof *t->double_data);
    } else if (type == ONNX_FLOAT) {
        t->n_float_data = n;
        t->float_data = keep(b, n * sizeof *t->float_data);
    } else {
        t->n_int64_data = n;
        t->int64_data = keep(b, n * sizeof *t->int64_data);
    }
    for (size_t i = 0; i < n; i++) {
        if (type == ONNX_DOUBLE)
            t->double_data[i] = values[i];
        else if (type == ONNX_FLOAT)
            t->float_data[i] = (float)values[i];
        else
            t->int64_data[i] = (int64_t)values[i];
    }
}

void builder_texts(struct builder *b, const char *name, size_t n, const char *const *texts) {
    size_t count;
    int64_t dims[1] = {(int64_t)n};
    Onnx__TensorProto *t = tensor_of(b, name, ONNX_TEXT, 1, dims, &count);
    t->n_string_data = n;
    t->string_data = keep(b, n * sizeof *t->string_data);
    for (size_t i = 0; i < n; i++) {
        t->string_data[i].data = (uint8_t *)text_of(b, texts[i]);
        t->string_data[i].len = strlen(texts[i]);
    }
}

static char **words(struct builder *b, const char *line, size_t *n) {
    char **list = keep(b, 32 * sizeof *list);
    char *copy = text_of(b, line);
    *n = 0;
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        list[(*n)++] = strcmp(word, "-") == 0 ? text_of(b, "") : word;
    return list;
}

void builder_node(struct builder *b, const char *op, const char *domain, const char *name,
                  const char *inputs, const char *outputs) {
    Onnx__NodeProto *n = keep(b, sizeof *n);
    onnx__node_proto__init(n);
    n->op_type = text_of(b, op);
    n->domain = text_of(b, domain);
    n->name = text_of(b, name);
    n->input = words(b, inputs, &n->n_input);
    n->output = words(b, outputs, &n->n_output);
    n->attribute = keep(b, 32 * sizeof *n->attribute);
    assert(b->graph.n_node < MOST);
    b->node[b->graph.n_node++] = n;
}

static Onnx__AttributeProto *attribute(struct builder *b, const char *name, int type) {
    Onnx__NodeProto *n = b->node[b->graph.n_node - 1];
    Onnx__AttributeProto *a = keep(b, sizeof *a);
    onnx__attribute_proto__init(a);
    a->name = text_of(b, name);
    a->has_type = 1;
    a->type = (Onnx__AttributeProto__AttributeType)type;
    assert(n->n_attribute < 32);
    n->attribute[n->n_attribute++] = a;
    return a;
}

void builder_int(struct builder *b, const char *name, int64_t v) {
    Onnx__AttributeProto *a = attribute(b, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    a->has_i = 1;
    a->i = v;
}

void builder_float(struct builder *b, const char *name, double v) {
    Onnx__AttributeProto *a = attribute(b, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    a->has_f = 1;
    a->f = (float)v;
}

void builder_text(struct builder *b, const char *name, const char *v) {
    Onnx__AttributeProto *a = attribute(b, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    a->has_s = 1;
    a->s.data = (uint8_t *)text_of(b, v);
    a->s.len = strlen(v);
}

void builder_ints(struct builder *b, const char *name, size_t n, const int64_t *v) {
    Onnx__AttributeProto *a = attribute(b, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    a->n_ints = n;
    a->ints = memcpy(keep(b, n * sizeof *v), v, n * sizeof *v);
}

void builder_floats(struct builder *b, const char *name, size_t n, const double *v) {
    Onnx__AttributeProto *a = attribute(b, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS);
    a->n_floats = n;
    a->floats = keep(b, n * sizeof *a->floats);
    for (size_t i = 0; i < n; i++)
        a->floats[i] = (float)v[i];
}

void builder_strings(struct builder *b, const char *name, size_t n, const char *const *v) {
    Onnx__AttributeProto *a = attribute(b, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS);
    a->n_strings = n;
    a->strings = keep(b, n * sizeof *a->strings);
    for (size_t i = 0; i < n; i++) {
        a->strings[i].data = (uint8_t *)text_of(b, v[i]);
        a->strings[i].len = strlen(v[i]);
    }
}

uint8_t *builder_pack(struct builder *b, size_t *len) {
    uint8_t *bytes;
    *len = onnx__model_proto__get_packed_size(&b->model);
    bytes = keep(b, *len);
    onnx__model_proto__pack(&b->model, bytes);
    return bytes;
}
