/* One admitted call on its way through the gate; admit.c makes it, call.c decides it, proof.c
 * looks at its proof, seal.c ends it. */
#ifndef HATS_GATE_CALL_H
#define HATS_GATE_CALL_H

#include "gate/internal.h"

#include "wire/core.h"

struct hats_gate_call {
    struct hats_gate *gate;
    struct model *model;
    struct hats_gate_tenant tenant;
    size_t reserved_bytes; /* 0: nothing was reserved */
    size_t json_len;
    char tls_group[HATS_RECEIPT_TLS_MAX], tls_signature[HATS_RECEIPT_TLS_MAX];
    bool server_auth_pq;
    uint32_t steps; /* hats_gate_step, as performed */

    bool has_core;
    uint8_t core_bytes[HATS_CORE_MAX_BYTES];
    size_t core_len;
    struct hats_core core;
    uint8_t request_digest[32]; /* R */
    char id[64];                /* the client's, echoed */
    struct hats_store_call_id where;

    const uint8_t *ciphertext, *proof; /* inside the body; proof NULL: none came */
    size_t ciphertext_len, proof_len;
    uint8_t session_owner[32], session_receipt[32];
    uint8_t owner[32];      /* of the key */
    uint8_t flood_seed[32]; /* wiped with the call */
    uint64_t accepted_ms;
    uint64_t lease_until_ms;                 /* under the gate's room_lock */
    struct hats_gate_call *before, *working; /* neighbours among those being worked on */
};

/* Decodes the core at call->core_bytes. CORE_MALFORMED. */
HATS_MUST_USE enum hats_problem hats_gate_call_core(struct hats_gate_call *call,
                                                    struct hats_error *detail);

/* proof.c. Before a byte of the body is hashed: does the core say what the rules want? PROOF_MISSING,
 * PROOF_SUITE, PROOF_MALFORMED (its length). */
HATS_MUST_USE enum hats_problem hats_gate_call_proof_rules(const struct hats_gate_call *call,
                                                           struct hats_error *detail);
/* After ciphertext and key were checked: PROOF_DIGEST, PROOF_MALFORMED, PROOF_FALSE, INTERNAL. */
HATS_MUST_USE enum hats_problem hats_gate_call_proof(struct hats_gate_call *call,
                                                     struct hats_error *detail);

/* Evaluate, sign, seal, reply: an accepted call whose seed is in call->flood_seed. */
HATS_MUST_USE enum hats_problem hats_gate_call_finish(struct hats_gate_call *call,
                                                      struct hats_gate_reply *reply,
                                                      struct hats_error *detail);
/* The stored answer of a sealed call. ANSWER_GONE when it is no longer kept. */
HATS_MUST_USE enum hats_problem hats_gate_call_stored(struct hats_gate_call *call,
                                                      struct hats_gate_reply *reply,
                                                      struct hats_error *detail);

#endif
