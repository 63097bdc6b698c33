/* ONNX import: the operators of a linear model, each checked, everything else refused by name.
 *
 *   preparation   Sub, Add, Mul, Div by constants, Clip, Scaler, Imputer, OneHotEncoder, Concat,
 *                 Gather of columns by a constant list, Cast to floating point
 *   linear        Gemm, MatMul, Add, Sub, Mul, Div by constants, LinearRegressor, LinearClassifier,
 *                 SVMRegressor and SVMClassifier with a linear kernel, depth-1 TreeEnsembleRegressor
 *                 and TreeEnsembleClassifier
 *   answer        Sigmoid, Softmax, Exp, ArgMax, ArrayFeatureExtractor of labels, ZipMap, and
 *                 Normalizer of a classifier's scores where the order does not depend on it
 *   no-ops        Identity, Reshape, Flatten, Squeeze, Unsqueeze, Dropout, Constant
 *
 * The file is hostile: its size is bounded, its wire format is scanned for nesting (at most 16 deep)
 * before the protobuf library sees it, since that library recurses without a limit; subgraph attributes
 * are never followed; every length is compared with the shape that needs it.
 *
 * Texts name the operator and the node: "node 'relu_1': operator Relu is not supported (...)".
 */
#ifndef HATS_MODEL_ONNX_H
#define HATS_MODEL_ONNX_H

#include "model/graph.h"

#define HATS_ONNX_MAX_BYTES (512u << 20)
#define HATS_ONNX_MAX_NESTING 16
#define HATS_ONNX_MAX_NODES 4096

/* *out is the caller's to free. HATS_E_MALFORMED: not an ONNX file, truncated, nested too deep, a
 * length that does not fit; HATS_E_UNSUPPORTED: an operator, attribute or shape that no linear model
 * needs; HATS_E_RANGE: over a bound, or a weight that is not finite. */
HATS_MUST_USE hats_status hats_onnx_import(struct hats_graph **out, const uint8_t *bytes,
                                           size_t len_bytes, struct hats_error *err);

/* The prescan alone: HATS_OK when the wire format is whole and nests at most max_depth deep along
 * the fields in which ONNX nests messages. */
HATS_MUST_USE hats_status hats_onnx_scan(const uint8_t *bytes, size_t len_bytes, unsigned max_depth,
                                         struct hats_error *err);

#endif
