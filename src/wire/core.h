/* The request core: what one call says about itself, and the digests that hang on it.
 *
 *   R      = H("HATS-REQ-1" pad16 | core bytes)
 *   ctx    = H("HATS-CTX-1" pad16 | sid | i (4) | kid | model commitment | H(parameters))
 *
 * The ciphertext's public part a is expanded from ctx, so a ciphertext made for one (sid, i), key and
 * model means nothing under another. No circle: ctx -> ciphertext -> core -> R.
 *
 * The core is a deterministic CBOR map of at most 1,024 bytes; keys:
 *   1 version = 1 | 2 sid | 3 i | 4 op | 5 model commitment | 6 kid | 7 H(ciphertext object)
 *   8 [proof suite, H(proof object)] or null | 9 null (provenance) | 10 C_D or null, only beside a proof
 *   11 unix ms | 12 null (jurisdiction) | 13 purpose | 14 H(parameters)
 *
 * op 1, infer: as above. op 3, close: 5 to 10, 12 and 14 are null, and one field more, 15: a bitmap of
 * ceil(K / 8) bytes that says which indices of the session were used, index i as bit i mod 8 (1 << i mod 8)
 * of byte i / 8, the close's own index included. Ops 2 and 4 are reserved.
 *
 * `parameters` is the deterministic CBOR array [set id, proof suite or 0, d, log2 t, H(lo, hi table), k,
 * block, ciphertext count, transform digest, C_D or null, purpose]; it is never sent: both sides build
 * it from the plan and the core.
 */
#ifndef HATS_WIRE_CORE_H
#define HATS_WIRE_CORE_H

#include "base/status.h"

#define HATS_CORE_MAX_BYTES 1024
#define HATS_SID_LEN 32
#define HATS_CALL_INDEX_MAX 0xffffffu /* i has 24 bits in a frame */

#define HATS_CLOSE_BITMAP_MAX 512 /* bytes: K = 4096 */

enum hats_op { HATS_OP_INFER = 1, HATS_OP_CLOSE = 3 };

struct hats_core {
    uint8_t sid[HATS_SID_LEN];
    uint32_t i; /* 0 .. HATS_CALL_INDEX_MAX */
    enum hats_op op;
    uint64_t unix_ms;
    uint32_t purpose; /* 0: none stated */

    /* op infer */
    uint8_t model_commitment[32];
    uint8_t kid[32];
    uint8_t ciphertext_digest[32];
    bool has_proof;
    uint32_t proof_suite; /* not 0 where there is a proof */
    uint8_t proof_digest[32];
    bool has_data_commitment; /* only beside a proof: nothing else opens it */
    uint8_t data_commitment[32];
    uint8_t parameters_digest[32];

    /* op close */
    size_t used_len; /* 1 .. HATS_CLOSE_BITMAP_MAX */
    uint8_t used[HATS_CLOSE_BITMAP_MAX];
};

/* What H(parameters) covers beside constants. */
struct hats_call_parameters {
    uint32_t set_id;
    uint32_t proof_suite; /* 0: no proof of encryption travels with the call */
    uint32_t d, log_t, k, block;
    uint32_t n_in;                /* ciphertexts in the ciphertext object */
    uint8_t bounds_digest[32];    /* hats_plan_box_digest of the plan's lo, hi table */
    uint8_t transform_digest[32]; /* plan digest: SHA-256 of the plan, input programme included */
    bool has_data_commitment;
    uint8_t data_commitment[32]; /* C_D */
    uint32_t purpose;
};
void hats_call_parameters_digest(uint8_t out[32], const struct hats_call_parameters *p);

/* Is index i marked in the bitmap of a close? Indices beyond it are not. */
bool hats_core_index_used(const struct hats_core *core, uint32_t i);
/* Is it the bitmap of a session of K calls: of the right length, no bit set beyond K? */
bool hats_core_bitmap_fits(const struct hats_core *core, uint32_t calls);

/* Encodes into at most HATS_CORE_MAX_BYTES; *len_bytes gets the size. */
void hats_core_encode(uint8_t out[HATS_CORE_MAX_BYTES], size_t *len_bytes,
                      const struct hats_core *core);
/* HATS_E_MALFORMED, HATS_E_CANONICAL, HATS_E_VERSION, HATS_E_UNSUPPORTED (an op or a part that this
 * version does not know), HATS_E_RANGE; err names the field. */
HATS_MUST_USE hats_status hats_core_decode(struct hats_core *out, const uint8_t *bytes,
                                           size_t len_bytes, struct hats_error *err);

void hats_core_request_digest(uint8_t r[32], const uint8_t *core_bytes, size_t len_bytes);
void hats_core_context(uint8_t ctx[32], const struct hats_core *core);

/* What an answer's randomness is expanded from (fhe/linear.h calls it flood_seed):
 *
 *     SHAKE256("HATS-MASK-1" | flood_seed (32) | R (32)), 32 bytes
 *
 * flood_seed is fresh system randomness, drawn once a call. Should it ever repeat (a machine restored from
 * a snapshot), another call still gets other masks: two answers under the same masks would give the
 * weights away by one division. The same call always gets the same bytes. */
void hats_core_mask_seed(uint8_t out[32], const uint8_t flood_seed[32], const uint8_t r[32]);

#endif
