/* One admitted call on its way through the gate; admit.c makes it, call.c decides it, seal.c ends it. */
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

    const uint8_t *ciphertext; /* inside the body */
    size_t ciphertext_len;
    uint8_t owner[32];
    uint8_t flood_seed[32]; /* wiped with the call */
    uint64_t accepted_ms;
};

/* Decodes the core at call->core_bytes. CORE_MALFORMED. */
HATS_MUST_USE enum hats_problem hats_gate_call_core(struct hats_gate_call *call,
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
