/* A whole service without a socket, and clients of it: the real encryption, the real store.
 *
 * The model has five inputs and two outputs; its weights come from a formula, so every test knows the
 * score that an answer must decrypt to. The clock stands still until a test moves it.
 */
#ifndef HATS_TESTS_GATE_WORLD_H
#define HATS_TESTS_GATE_WORLD_H

#include "base/cursor.h"
#include "evidence/receipt.h"
#include "fhe/secret.h"
#include "gate/gate.h"
#include "store/store.h"
#include "wire/core.h"
#include "wire/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { WORLD_D = 5, WORLD_K = 2 };

struct world {
    char dir[64];
    struct hats_store *store;
    struct hats_sign_key *signer, *publisher;
    struct hats_gate_config config;
    struct hats_gate *gate;
    uint64_t now_ms;
    char token[2][HATS_GATE_TOKEN_MAX]; /* of tenants "alpha" and "beta" */
    char bearer[2][HATS_GATE_TOKEN_MAX + 8];
    struct hats_gate_tenant tenant[2];
};

/* A folder, a store, a gate with the model "score" 1.0.0, two tenants. */
void world_make(struct world *w);
/* Group and case set-up over one static world. */
void world_remove(struct world *w);
/* Closes gate and store and opens them again with w->config, models and all. */
void world_restart(struct world *w);
void world_store_open(struct world *w, uint64_t max_bytes);

/* Writes and publishes a package of the model in dir/models/NAME-VERSION. */
void world_package(const char *dir, const struct hats_sign_key *publisher, const char *name,
                   const char *version, int seed);
/* The score of output o for x under the weights of `seed`. */
int64_t world_score(int seed, const int32_t x[WORLD_D], int o);

/* Who holds an encryption key and an owner key. */
struct owner {
    struct hats_fhe_secret *secret;
    struct hats_sign_key *sign;
    uint8_t *public_key;
    size_t public_key_len;
    uint8_t kid[32];
    char kid_hex[65];
    uint8_t sid[32]; /* the session that requests are made in */
    uint8_t session_receipt[32];
};
void owner_make(struct owner *o, uint8_t seed);
void owner_clear(struct owner *o);
/* A fresh challenge to a tenant, for WORLD_ORIGIN. */
#define WORLD_ORIGIN "https://127.0.0.1:8443"
void world_challenge(struct world *w, struct hats_challenge *out, int tenant);
/* Appends the proof (suite S128) that the owner's key is one, for a registration signed with this key, for this
 * origin and challenge. */
void owner_prove(struct hats_buffer *proof, const struct owner *o, const struct hats_sign_key *sign,
                 const char *origin, const uint8_t nonce[32]);
/* Registers the key with its proof, and opens a session when that went well. */
enum hats_problem owner_register(struct world *w, struct owner *o, int tenant,
                                 struct hats_error *detail);
/* A block of this owner on a fresh challenge: all the calls and all the time there are, no exporter. */
void session_block(struct world *w, struct hats_session_block *out, const struct owner *o,
                   int tenant);
/* Signs the block with the owner's key and sends it; keeps the session in o when it is opened. */
enum hats_problem session_open(struct world *w, struct owner *o, int tenant,
                               const struct hats_session_block *block, struct hats_error *detail);

/* One request, made once, sent as often as wanted. */
struct request {
    const struct owner *owner;
    const char *model; /* in the path */
    int seed;          /* of the model it is for */
    int32_t x[WORLD_D];
    struct hats_core core;
    uint8_t core_bytes[HATS_CORE_MAX_BYTES];
    size_t core_len;
    uint8_t *ciphertext;
    size_t ciphertext_len;
    const uint8_t *proof; /* NULL: none is sent */
    size_t proof_len;
    int64_t fields[WORLD_D];
    uint64_t salt[4];          /* of the data commitment */
    int8_t *e;                 /* the noise of the ciphertext */
    struct hats_buffer proven; /* what request_prove made */
    struct hats_buffer body;
    size_t json_len;
    char json_len_field[24];
    char core_field[2000];
    bool core_in_header;
};
/* x_j = i + j, encrypted for the served model "score" under call index i of the owner's session, and proven
 * (suite S128). */
void request_make(struct request *r, struct world *w, const struct owner *owner, uint32_t i);
/* The same with the parameters of a request that carries a proof of this suite (0: none); there is no proof
 * yet. */
void request_make_for(struct request *r, struct world *w, const struct owner *owner, uint32_t i,
                      uint32_t proof_suite);
/* The same with a data commitment, which its fields (x itself) open, not proven yet. */
void request_make_committed(struct request *r, struct world *w, const struct owner *owner,
                            uint32_t i);
/* Makes a proof for core and ciphertext, and names it. */
void request_prove(struct request *r, struct world *w);
/* Other bytes as its proof, and names them. */
void request_attach(struct request *r, const uint8_t *proof, size_t len);
/* After a test changed core, ciphertext, proof or core_in_header: core bytes and body again. */
void request_assemble(struct request *r);
void request_clear(struct request *r);

/* admit and infer as a transport does it. */
enum hats_problem request_send_to(struct hats_gate *g, const char *bearer, const struct request *r,
                                  struct hats_gate_reply *reply, struct hats_error *detail);
enum hats_problem request_send(struct world *w, const struct request *r,
                               struct hats_gate_reply *reply);
/* The two tensors of a reply, inside its body. */
void reply_parts(const struct hats_gate_reply *reply, const uint8_t **answer, size_t *answer_len,
                 const uint8_t **receipt, size_t *receipt_len);
/* Verifies the receipt against request and answer, decrypts, compares with the model in clear. */
void reply_check(const struct world *w, const struct request *r,
                 const struct hats_gate_reply *reply, struct hats_receipt *receipt);

#endif
