/* The schema file: how columns of a CSV become the inputs of a model that starts at feature vectors.
 *
 * An ONNX file whose only input is a tensor [N, F] says nothing of names, categories or bins. A schema
 * says it, one line a rule, in the order of the model's inputs ("#" begins a comment; names and
 * categories in double quotes when they hold blanks; a doubled quote is a quote):
 *
 *     number  COLUMN                    1 input: the value
 *     bins    COLUMN CUT...             n + 1 inputs: (-inf, c1], (c1, c2], ..., (cn, inf)
 *     above   COLUMN CUT...             n inputs: [value > c]
 *     onehot  COLUMN CATEGORY...        n inputs; any other text is refused
 *     onehot-or-none  COLUMN CATEGORY...  n inputs; any other text gives zeros
 *     text-ngrams     COLUMN D          D inputs, hashed n-grams (model/ngram.h); stands alone
 *     labels  LABEL...                  names of the classes, where the ONNX file has none
 *     link    identity|sigmoid|softmax|exp  where the ONNX file ends at the scores
 *
 * A schema of labels and link alone leaves the columns to the model and the calibration file.
 */
#ifndef HATS_MODEL_SCHEMA_H
#define HATS_MODEL_SCHEMA_H

#include "model/graph.h"

#define HATS_SCHEMA_MAX_BYTES (8u << 20)

/* Replace the graph's tensor columns by the schema's rules. HATS_E_MALFORMED names the line;
 * HATS_E_RANGE when the number of inputs differs; HATS_E_CONFLICT when the graph names its columns
 * itself. On failure the graph is only fit to be freed. */
HATS_MUST_USE hats_status hats_schema_apply(struct hats_graph *graph, const char *text,
                                            size_t len_bytes, struct hats_error *err);

#endif
