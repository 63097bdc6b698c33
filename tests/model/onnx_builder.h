/* Small ONNX files for tests, built node by node and packed by protobuf-c.
 *
 *     struct builder *b = builder_new();
 *     builder_input(b, "x", ONNX_DOUBLE, 3);
 *     builder_numbers(b, "w", ONNX_DOUBLE, 2, (int64_t[]){3, 1}, values);
 *     builder_node(b, "Gemm", "", "linear", "x w", "y");
 *     builder_int(b, "transB", 0);                 the attribute belongs to the last node
 *     builder_output(b, "y");
 *     bytes = builder_pack(b, &len);               owned by the builder
 */
#ifndef TESTS_MODEL_ONNX_BUILDER_H
#define TESTS_MODEL_ONNX_BUILDER_H

#include <stddef.h>
#include <stdint.h>

enum { ONNX_FLOAT = 1, ONNX_INT64 = 7, ONNX_TEXT = 8, ONNX_DOUBLE = 11 };

struct builder;

struct builder *builder_new(void);
void builder_free(struct builder *b);
/* A table [N, n]. */
void builder_input(struct builder *b, const char *name, int type, int64_t n);
void builder_output(struct builder *b, const char *name);
/* Initializers; the number of values is the product of dims. FLOAT, DOUBLE and INT64. */
void builder_numbers(struct builder *b, const char *name, int type, size_t rank,
                     const int64_t *dims, const double *values);
void builder_texts(struct builder *b, const char *name, size_t n, const char *const *texts);
/* inputs and outputs: names separated by blanks. domain "" or "ai.onnx.ml". */
void builder_node(struct builder *b, const char *op, const char *domain, const char *name,
                  const char *inputs, const char *outputs);
void builder_int(struct builder *b, const char *name, int64_t v);
void builder_float(struct builder *b, const char *name, double v);
void builder_text(struct builder *b, const char *name, const char *v);
void builder_ints(struct builder *b, const char *name, size_t n, const int64_t *v);
void builder_floats(struct builder *b, const char *name, size_t n, const double *v);
void builder_strings(struct builder *b, const char *name, size_t n, const char *const *v);
uint8_t *builder_pack(struct builder *b, size_t *len);

#endif
