/* A model on disk: a directory whose digest is the model's identity.
 *
 *     source.onnx      the file that was compiled
 *     schema.txt       the schema file, when one was used
 *     plan.cbor        what clients get (model/plan.h)
 *     weights.bin      "HATS-WEIGHTS-1" pad16 | set (4) | d (4) | k (4) | k rows of d weights (4 each)
 *                      | k biases (8 each), big-endian, two's complement
 *     parameters.cbor  [1, set id, set name, log2 N, log2 t]
 *     compiler.cbor    [1, program, version, options]: what made it, for whoever compiles it again
 *     manifest.cbor    [[role, name, size, SHA-256], ...] sorted by role, then name
 *     publication.cose, publication.salt   added by hats_model_publish (model/publish.h)
 *
 * Everything but the last line is the same bytes on every run. The model commitment is
 * H("HATS-MOD-1" pad16 | salt (32) | H(manifest)), evidence/digest.h.
 */
#ifndef HATS_MODEL_PACKAGE_H
#define HATS_MODEL_PACKAGE_H

#include "model/plan.h"

#define HATS_MODEL_FILE_SOURCE "source.onnx"
#define HATS_MODEL_FILE_SCHEMA "schema.txt"
#define HATS_MODEL_FILE_PLAN "plan.cbor"
#define HATS_MODEL_FILE_WEIGHTS "weights.bin"
#define HATS_MODEL_FILE_PARAMETERS "parameters.cbor"
#define HATS_MODEL_FILE_COMPILER "compiler.cbor"
#define HATS_MODEL_FILE_MANIFEST "manifest.cbor"
#define HATS_MODEL_FILE_PUBLICATION "publication.cose"
#define HATS_MODEL_FILE_SALT "publication.salt"

#define HATS_MODEL_SALT_LEN 32
#define HATS_MODEL_DIGEST_LEN 32

/* A loaded model. Owns everything; immutable, shared between threads. */
struct hats_model {
    struct hats_plan *plan;
    uint8_t *plan_bytes;
    size_t plan_len;
    uint8_t plan_digest[HATS_MODEL_DIGEST_LEN];
    int32_t *w;                       /* k rows of d */
    int64_t *bias;                    /* k */
    struct hats_linear_model *linear; /* ready to evaluate; NULL when loaded without */
    struct hats_linear_budget budget; /* recomputed, and equal to the plan's figures */
    uint8_t manifest_digest[HATS_MODEL_DIGEST_LEN];
    uint8_t *manifest;
    size_t manifest_len;
    /* publication; absent until published */
    bool published;
    uint8_t salt[HATS_MODEL_SALT_LEN];
    uint8_t commitment[HATS_MODEL_DIGEST_LEN];
    uint8_t *publication; /* COSE bytes */
    size_t publication_len;
};

/* Load and check: every file of the manifest against its size and digest, nothing missing, the plan's
 * shape against the weights, every weight's budget recomputed (fhe/linear.h) and equal to the plan's,
 * the parameter guard. prepare = false skips the transform of the weights (linear stays NULL).
 * HATS_E_VERIFY names the file whose bytes differ. The publication's signature is not checked here
 * (its signer is somebody else's policy); its commitment is. */
HATS_MUST_USE hats_status hats_model_load(struct hats_model **out, const char *dir, bool prepare,
                                          struct hats_error *err);
/* model may be NULL. */
void hats_model_free(struct hats_model *model);

/* acc = W x + bias on integers, in clear: the model as a test and an auditor run it.
 * |acc| < t/2 is guaranteed for x inside the plan's box. */
void hats_model_evaluate_clear(int64_t *acc, const struct hats_model *model, const int32_t *x);

/* What a compile wrote and an inspection reads: figures for people. */
struct hats_model_figures {
    char name[HATS_PLAN_TEXT_MAX + 1], version[HATS_PLAN_TEXT_MAX + 1];
    enum hats_plan_task task;
    enum hats_plan_link link;
    enum hats_plan_input input;
    uint32_t set_id;
    const char *set_name;
    struct hats_linear_shape shape;
    uint32_t x_max;
    struct hats_linear_budget budget;
    struct hats_fhe_security security;
    size_t key_bytes, up_bytes, down_bytes; /* public key once; ciphertext and answer a call */
    size_t plan_bytes, weights_bytes;
    uint32_t n_clipping; /* inputs that the model clips */
    uint32_t n_columns;  /* CSV columns it reads */
    uint8_t plan_digest[HATS_MODEL_DIGEST_LEN];
    uint8_t manifest_digest[HATS_MODEL_DIGEST_LEN];
    bool published;
    uint8_t commitment[HATS_MODEL_DIGEST_LEN];
};
void hats_model_figures_of(struct hats_model_figures *out, const struct hats_model *model);
/* Load without preparing, and fill. *model_out, when asked for, is the caller's to free. */
HATS_MUST_USE hats_status hats_model_inspect(struct hats_model_figures *out,
                                             struct hats_model **model_out, const char *dir,
                                             struct hats_error *err);

/* Files that make a package; borrowed. schema may be NULL. */
struct hats_package_parts {
    const uint8_t *source;
    size_t source_len;
    const uint8_t *schema;
    size_t schema_len;
    const struct hats_plan *plan;
    const int32_t *w;
    const int64_t *bias;
    const uint8_t *compiler; /* encoded compiler.cbor */
    size_t compiler_len;
};
/* Write all files into dir (made when it does not exist), the manifest last. A directory that holds
 * another model's manifest is HATS_E_CONFLICT unless replace; a publication of other contents is
 * removed when replacing. */
HATS_MUST_USE hats_status hats_model_write(const char *dir, const struct hats_package_parts *parts,
                                           bool replace, struct hats_error *err);

/* weights.bin alone. Arrays are the caller's to free (hats_free). */
HATS_MUST_USE hats_status hats_weights_encode(struct hats_buffer *out, uint32_t set_id, uint32_t d,
                                              uint32_t k, const int32_t *w, const int64_t *bias,
                                              struct hats_error *err);
HATS_MUST_USE hats_status hats_weights_decode(int32_t **w, int64_t **bias, uint32_t *set_id,
                                              uint32_t *d, uint32_t *k, const uint8_t *bytes,
                                              size_t len_bytes, struct hats_error *err);

#endif
