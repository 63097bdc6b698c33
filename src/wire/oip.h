/* Open Inference Protocol v2 messages with the binary tensor extension.
 *
 * A body is a JSON header, whose length stands in the HTTP field Inference-Header-Content-Length,
 * followed by the raw bytes of its BYTES tensors: each one element, 4-byte little-endian length first
 * (the extension's own byte order). Request inputs: hats.ciphertext, hats.proof where the core names a
 * proof, hats.core unless it came in the header. Outputs: hats.answer and hats.receipt.
 */
#ifndef HATS_WIRE_OIP_H
#define HATS_WIRE_OIP_H

#include "base/cursor.h"
#include "base/status.h"

#define HATS_OIP_JSON_MAX 16384
#define HATS_OIP_LENGTH_FIELD "inference-header-content-length"

struct hats_oip_tensor {
    const char *name; /* "hats.core" */
    const uint8_t *data;
    size_t len_bytes;
};

/* {"id": id, "inputs": [...]} and the tensors; *json_len is the value of the HTTP field. */
void hats_oip_request(struct hats_buffer *out, size_t *json_len, const char *id,
                      const struct hats_oip_tensor *inputs, size_t n_inputs);
/* {"model_name": ..., "id": ..., "outputs": [...]} */
void hats_oip_response(struct hats_buffer *out, size_t *json_len, const char *model, const char *id,
                       const struct hats_oip_tensor *outputs, size_t n_outputs);

/* Finds tensors by name in "inputs" or "outputs" (member), pointing into body. The first
 * n_needed of the n names in `wanted` must stand there exactly once, the others at most once (data is NULL
 * where one does not), nothing else may; sizes must add up to the body exactly.
 * HATS_E_MALFORMED, HATS_E_UNSUPPORTED (JSON data instead of binary). id (may be NULL) receives at
 * most 63 bytes of whole characters. */
HATS_MUST_USE hats_status hats_oip_parse(struct hats_oip_tensor *wanted, size_t n, size_t n_needed,
                                         char id[64], const char *member, const uint8_t *body,
                                         size_t len_bytes, size_t json_len, struct hats_error *err);
size_t hats_oip_overhead(size_t n_tensors); /* bound on bytes beyond the tensors themselves */

#endif
