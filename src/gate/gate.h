/* The gate: every verb of the service, without a socket, a thread or a clock of its own.
 *
 * A transport (src/server, or a test) brings bytes and calls a verb; the verb answers with a result or
 * with one of the problems of wire/problem.h. The order inside a call is that of docs/PROTOCOL.md:
 *
 *     admit   token, quota, path, declared length, room            before a body byte
 *             core from the header field, if it came as one
 *     infer   tensors -> core -> repeat? -> session, time, model, parameters, proof suite, key
 *             -> H(ciphertext), H(proof) -> encoding -> proof of encryption
 *             -> ACCEPT (durable, decides, fixes the flood seed)
 *             -> evaluate: a function of (ciphertext, key, plan, seed) only
 *             -> sign the receipt -> SEAL {output, receipt, state} in one transaction -> answer
 *
 * Cheap checks come first, and nothing changes state before it is verified. (sid, i) is the idempotency
 * key: identical bytes sent again get the stored answer; after a crash between accept and seal they are
 * evaluated again with the *same* seed, so the answer has the same bytes; another request under the same
 * key, once it was verified in full, is refused and ends the session.
 *
 * A session is opened on a challenge (wire/challenge.h) by a tenant's token and the owner's signature; its
 * calls are those with i < K until its end. The accept transaction looks at it again, so that what ends a
 * session in one process ends it in all.
 *
 * All functions may be called from any thread. hats_gate_infer blocks while it computes and while the
 * disk commits: call it from a pool whose size bounds that. Every refusal is counted once, by the verb
 * that returns it (hats_gate_count is for refusals that the transport finds by itself).
 */
#ifndef HATS_GATE_GATE_H
#define HATS_GATE_GATE_H

#include "base/cursor.h"
#include "base/status.h"
#include "wire/problem.h"

struct hats_core;
struct hats_fhe_public;
struct hats_gate;
struct hats_plan;
struct hats_store;
struct hats_sign_key;

#define HATS_GATE_TOKEN_BYTES 32 /* random bytes; a token is "hats_" and their base64url */
#define HATS_GATE_TOKEN_MAX 64   /* characters with the final zero */
#define HATS_GATE_NAME_MAX 128   /* of a model; with the final zero */

/* Everything that a proof of encryption is checked against. Borrowed. */
struct hats_gate_proof {
    uint32_t suite;       /* one of the rules' */
    const uint8_t *bytes; /* the proof object; its digest is the core's */
    size_t len_bytes;
    const uint8_t *ctx; /* 32 bytes: what the ciphertexts are expanded from */
    const struct hats_core *core;
    const struct hats_plan *plan;
    const uint8_t *plan_digest; /* 32 bytes */
    const uint8_t *public_key;  /* the object that was registered under core->kid */
    size_t public_key_len;
    const uint8_t *ciphertext; /* well encoded for the plan; its digest is the core's */
    size_t ciphertext_len;
};
/* And a proof that a key is one. Borrowed. */
struct hats_gate_key_proof {
    uint32_t suite;
    const uint8_t *bytes;
    size_t len_bytes;
    const uint8_t *nonce;      /* 32 bytes: what it was made for */
    const uint8_t *public_key; /* the object that is registered */
    size_t public_key_len;
};
/* How proofs are taken. */
struct hats_gate_proof_rules {
    bool required;          /* calls and registrations without one are refused */
    const uint32_t *suites; /* those taken */
    size_t n_suites;
    /* When a model is loaded: the most bytes that a proof for it has, and what `verify` needs beside them.
     * A plan for which nothing can be proven is not served. */
    hats_status (*measure)(void *user, size_t *proof_bytes, size_t *scratch_bytes,
                           const struct hats_plan *plan, const uint8_t plan_digest[32],
                           struct hats_error *err);
    /* HATS_OK: it holds. HATS_E_VERIFY: it does not. HATS_E_MEMORY, HATS_E_CRYPTO: could not tell. Anything
     * else: it is not well formed. Called from many threads. */
    hats_status (*verify)(void *user, const struct hats_gate_proof *proof, struct hats_error *err);
    hats_status (*verify_key)(void *user, const struct hats_gate_key_proof *proof,
                              struct hats_error *err);
    void *user;
};

struct hats_gate_config {
    struct hats_store *store;           /* borrowed */
    const struct hats_sign_key *signer; /* borrowed; ML-DSA-65, signs receipts */
    const char *issuer;                 /* the name receipts carry: "score.example.org" */
    const char *const *origins;         /* accepted in key registrations: "https://host:port" */
    size_t n_origins;
    uint8_t build_digest[32]; /* SHA-256 of the running program */

    uint64_t clock_skew_ms;       /* 600000: how far a request's time may be off, either way */
    uint64_t lease_ms;            /* 10000 from accept until another process may take over */
    uint64_t retention_ms;        /* 86400000: how long outputs are kept */
    uint64_t memory_budget_bytes; /* 512 MiB: bodies, answers and scratch of all admitted calls */
    uint64_t key_cache_bytes;     /* 64 MiB of decoded public keys */
    unsigned max_calls;       /* 256 admitted at one time; of this and of the memory a tenant has at
                                     most three quarters while there are others */
    unsigned max_evaluations; /* 0: as many as processors */
    unsigned requests_per_s;  /* 0: no quota; for each tenant */
    unsigned burst;           /* 100 */
    unsigned session_calls;   /* 4096: most calls in a session */
    unsigned session_life_s;  /* 86400: longest life of a session */

    /* NULL: the gate's own (gate/verifier.h), which are strict. Tests of the gate's order bring others; the
     * structure is borrowed. */
    const struct hats_gate_proof_rules *proofs;

    uint64_t (*now_ms)(void *user); /* NULL: hats_now_ms */
    void *now_user;
};
/* Fills in the numbers. */
void hats_gate_config_init(struct hats_gate_config *config);

/* The configuration is copied, strings included. No model is served yet. *out is NULL on failure. */
HATS_MUST_USE hats_status hats_gate_new(struct hats_gate **out,
                                        const struct hats_gate_config *config,
                                        struct hats_error *err);
/* How it takes proofs. Valid as long as the gate. */
const struct hats_gate_proof_rules *hats_gate_rules(const struct hats_gate *g);
/* No call may be in flight. g may be NULL. */
void hats_gate_free(struct hats_gate *g);

/* ---- models ---- */

/* Loads and checks a published package (a directory) and serves it under its own name, in place of
 * one of the same name; calls that began with the old one end with it. */
HATS_MUST_USE hats_status hats_gate_model_load(struct hats_gate *g, const char *package_dir,
                                               struct hats_error *err);
/* Every package in a folder, by model_load; *n (may be NULL) counts them. The first that does not load
 * is an error with its name; the models loaded before keep being served. */
HATS_MUST_USE hats_status hats_gate_models_load(struct hats_gate *g, const char *models_dir,
                                                size_t *n, struct hats_error *err);

/* What anybody may know about a served model. Pointers stay valid until hats_gate_model_release. */
struct hats_gate_model {
    const char *name;
    const char *version;
    const char *publisher;
    uint8_t commitment[32];
    uint8_t plan_digest[32];
    uint32_t set_id;
    unsigned log_t;
    uint32_t d, k, block, n_in, n_out;
    unsigned classical_bits, quantum_bits;
    int32_t kl_millibits; /* leakage an output word, log2, thousandths */
    const char *task, *link;
    size_t ciphertext_bytes, answer_bytes; /* of the objects */
    size_t max_body_bytes;                 /* what admit takes as content-length */
    const uint8_t *plan;                   /* the public client description, whole file */
    size_t plan_len;
    const uint8_t *publication; /* COSE */
    size_t publication_len;
    void *held; /* the gate's */
};
/* false: no such model. */
HATS_MUST_USE bool hats_gate_model_hold(struct hats_gate *g, struct hats_gate_model *out,
                                        const char *name);
void hats_gate_model_release(struct hats_gate_model *m);
/* The names, sorted; *out is one block, freed with hats_free. */
HATS_MUST_USE hats_status hats_gate_model_names(struct hats_gate *g,
                                                char (**out)[HATS_GATE_NAME_MAX], size_t *n,
                                                struct hats_error *err);

/* ---- tenants ---- */

/* Makes a tenant and its token, which exists nowhere else afterwards: the store has its hash. Needs no
 * gate, only a store. HATS_E_CONFLICT: the name is taken. HATS_E_USAGE: names are 1 to 63 of a-z, 0-9,
 * dash, dot, underscore. */
HATS_MUST_USE hats_status hats_gate_tenant_new(struct hats_store *store,
                                               char token[HATS_GATE_TOKEN_MAX], const char *name,
                                               struct hats_error *err);

struct hats_gate_tenant {
    int64_t id;
    char name[64];
    uint8_t digest[32]; /* as receipts carry it */
};
/* `authorization` is the field's value, "Bearer TOKEN"; NULL: none came. TOKEN_MISSING, TOKEN_UNKNOWN,
 * QUOTA (each call of this costs one request of the tenant's rate). An unknown token costs one hash.
 * Tenants made or disabled by another process are seen within a second. */
HATS_MUST_USE enum hats_problem hats_gate_authenticate(struct hats_gate *g,
                                                       struct hats_gate_tenant *out,
                                                       const char *authorization,
                                                       struct hats_error *detail);

/* ---- a call ---- */

/* The connection, for receipts and bindings. tls_group NULL: there is none (in process). */
struct hats_gate_connection {
    const char *tls_group, *tls_signature;
    bool server_auth_pq;
};

struct hats_gate_call; /* one admitted request with its reserved memory */

/* What the transport knows when the header is there. Absent fields are NULL. */
struct hats_gate_headers {
    const char *authorization;
    const char *model;      /* from the path */
    int64_t content_length; /* -1: not declared */
    const char *core;       /* field HATS-Core: base64url */
    const char *json_len;   /* field Inference-Header-Content-Length */
    struct hats_gate_connection connection;
};
/* HATS_PROBLEM_NONE and a call, or TOKEN_*, QUOTA, DRAINING, MODEL_UNKNOWN, LENGTH_REQUIRED,
 * BODY_TOO_LARGE, BODY_MALFORMED (the field that says how long the JSON part is), CORE_MALFORMED (for a
 * core in the header), BUSY. Looks at nothing outside memory. */
HATS_MUST_USE enum hats_problem hats_gate_admit(struct hats_gate *g, struct hats_gate_call **out,
                                                const struct hats_gate_headers *headers,
                                                struct hats_error *detail);
/* Gives the reservation back. call may be NULL. */
void hats_gate_call_free(struct hats_gate_call *call);

struct hats_gate_reply {
    struct hats_buffer body; /* Open Inference Protocol response: hats.answer, hats.receipt */
    size_t json_len;         /* for Inference-Header-Content-Length */
    char receipt_id[65];     /* hex; also set with ANSWER_GONE; "" otherwise */
    bool repeated;           /* the stored answer of an earlier, identical request */
    unsigned retry_after_s;  /* with CALL_PENDING */
};
void hats_gate_reply_clear(struct hats_gate_reply *reply);
/* HATS_PROBLEM_NONE and a reply, or any problem of a call. reply is initialised here. */
HATS_MUST_USE enum hats_problem hats_gate_infer(struct hats_gate_call *call,
                                                struct hats_gate_reply *reply, const uint8_t *body,
                                                size_t len_bytes, struct hats_error *detail);

/* ---- challenges and sessions ---- */

/* May a body of this length come for one of the verbs below? TOKEN_*, QUOTA, DRAINING, LENGTH_REQUIRED,
 * BODY_TOO_LARGE. */
HATS_MUST_USE enum hats_problem hats_gate_control_admit(struct hats_gate *g,
                                                        struct hats_gate_tenant *tenant,
                                                        const char *authorization,
                                                        int64_t content_length, size_t max_bytes,
                                                        struct hats_error *detail);
/* Answers with wire/challenge.h's map in `out`, which is initialised here. Nothing is kept of it.
 * BODY_MALFORMED, ORIGIN. */
HATS_MUST_USE enum hats_problem hats_gate_challenge(struct hats_gate *g, struct hats_buffer *out,
                                                    const struct hats_gate_tenant *tenant,
                                                    const uint8_t *body, size_t len_bytes,
                                                    struct hats_error *detail);

struct hats_gate_session_reply {
    uint8_t sid[32];
    uint8_t *receipt; /* COSE, kind 2; freed by hats_gate_session_reply_clear */
    size_t receipt_len;
    char receipt_id[65];
    bool repeated; /* it was opened, or closed, by this very request before */
};
void hats_gate_session_reply_clear(struct hats_gate_session_reply *reply);

/* `exporter` is the connection's, for HATS_SESSION_EXPORTER_LABEL and the nonce (hats_gate_session_nonce), 32
 * bytes; NULL: there is none, and then a session that is bound to one is refused. reply is initialised
 * here. SESSION_MALFORMED, CHALLENGE_UNKNOWN, CHALLENGE_EXPIRED, SESSION_TERMS, SESSION_BINDING,
 * SESSION_SIGNATURE, CHALLENGE_USED, TOKEN_UNKNOWN, STORAGE. */
HATS_MUST_USE enum hats_problem hats_gate_session_open(
    struct hats_gate *g, struct hats_gate_session_reply *reply,
    const struct hats_gate_tenant *tenant, const struct hats_gate_connection *connection,
    const uint8_t *exporter, const uint8_t *body, size_t len_bytes, struct hats_error *detail);
/* The nonce that such a body names, 32 bytes inside it; NULL: the body is none. Checks nothing else. */
const uint8_t *hats_gate_session_nonce(const uint8_t *body, size_t len_bytes);

/* The body is a request core of operation close. CORE_MALFORMED, SESSION_UNKNOWN (also another tenant's), the
 * other SESSION_* codes, CLOCK, INDEX_RANGE, SESSION_CLOSE, CALL_REUSED (burns), STORAGE. */
HATS_MUST_USE enum hats_problem hats_gate_session_close(
    struct hats_gate *g, struct hats_gate_session_reply *reply,
    const struct hats_gate_tenant *tenant, const struct hats_gate_connection *connection,
    const char *sid_hex, const uint8_t *body, size_t len_bytes, struct hats_error *detail);

struct hats_gate_session {
    uint8_t sid[32];
    uint8_t owner[32];
    uint32_t calls; /* K */
    uint64_t opened_ms, not_after_ms;
    const char *state; /* "live", "expired", "superseded", "closed", "burnt", "revoked" */
    uint64_t ended_ms; /* 0: not, or by its time */
    char receipt_id[65], close_receipt_id[65]; /* "": not closed */
};
/* SESSION_UNKNOWN, STORAGE. */
HATS_MUST_USE enum hats_problem hats_gate_session_get(struct hats_gate *g,
                                                      struct hats_gate_session *out,
                                                      const struct hats_gate_tenant *tenant,
                                                      const char *sid_hex,
                                                      struct hats_error *detail);
/* Ends a live session at once; any other stays as it is. SESSION_UNKNOWN, STORAGE. */
HATS_MUST_USE enum hats_problem hats_gate_session_revoke(struct hats_gate *g,
                                                         struct hats_gate_session *out,
                                                         const struct hats_gate_tenant *tenant,
                                                         const char *sid_hex,
                                                         struct hats_error *detail);

/* ---- keys ---- */

struct hats_gate_key {
    uint8_t kid[32];
    uint8_t owner[32];
    uint32_t set_id;
    uint64_t registered_ms;
    uint64_t revoked_ms; /* 0: not */
};
/* May this body come at all? TOKEN_*, QUOTA, DRAINING, LENGTH_REQUIRED, BODY_TOO_LARGE, KEY_MALFORMED
 * (a kid that is not 64 hex digits). */
HATS_MUST_USE enum hats_problem hats_gate_key_admit(struct hats_gate *g,
                                                    struct hats_gate_tenant *tenant,
                                                    const char *authorization, const char *kid_hex,
                                                    int64_t content_length,
                                                    struct hats_error *detail);
/* KEY_MALFORMED, KEY_SIGNATURE (origin, owner or signature), CLOCK, CHALLENGE_UNKNOWN, CHALLENGE_EXPIRED,
 * PROOF_* as for a call, CHALLENGE_USED, KEY_FOREIGN, KEY_REVOKED, STORAGE. *created = false: it was registered already, by the same tenant and owner. */
HATS_MUST_USE enum hats_problem hats_gate_key_register(struct hats_gate *g, bool *created,
                                                       struct hats_gate_key *out,
                                                       const struct hats_gate_tenant *tenant,
                                                       const char *kid_hex, const uint8_t *body,
                                                       size_t len_bytes, struct hats_error *detail);
/* KEY_MALFORMED, KEY_UNKNOWN, KEY_FOREIGN. */
HATS_MUST_USE enum hats_problem hats_gate_key_get(struct hats_gate *g, struct hats_gate_key *out,
                                                  const struct hats_gate_tenant *tenant,
                                                  const char *kid_hex, struct hats_error *detail);
HATS_MUST_USE enum hats_problem hats_gate_key_revoke(struct hats_gate *g, struct hats_gate_key *out,
                                                     const struct hats_gate_tenant *tenant,
                                                     const char *kid_hex,
                                                     struct hats_error *detail);
/* *out is freed with hats_free. */
HATS_MUST_USE enum hats_problem hats_gate_keys(struct hats_gate *g, struct hats_gate_key **out,
                                               size_t *n, const struct hats_gate_tenant *tenant,
                                               size_t offset, size_t limit,
                                               struct hats_error *detail);

/* ---- receipts ---- */

/* The file's bytes, freed with hats_free. RECEIPT_UNKNOWN, also for another tenant's. */
HATS_MUST_USE enum hats_problem hats_gate_receipt(struct hats_gate *g, uint8_t **out,
                                                  size_t *len_bytes,
                                                  const struct hats_gate_tenant *tenant,
                                                  const char *id_hex, struct hats_error *detail);

/* ---- operation ---- */

/* From now on nothing new is admitted (DRAINING); what was admitted goes on. */
void hats_gate_drain(struct hats_gate *g);
bool hats_gate_draining(const struct hats_gate *g);
/* Can it answer calls? Serves a model, is not draining, the store takes writes. */
bool hats_gate_ready(struct hats_gate *g);
/* Renews the leases of the calls that are being evaluated; call it about three times in lease_ms. */
void hats_gate_renew_leases(struct hats_gate *g);
/* Drops outputs older than retention_ms, and nonces that nobody takes any more; call it now and then.
 * *dropped counts outputs. */
HATS_MUST_USE hats_status hats_gate_housekeeping(struct hats_gate *g, size_t *dropped,
                                                 struct hats_error *err);
/* Seconds a caller should wait after this problem; 0: no field retry-after. */
unsigned hats_gate_retry_after_s(const struct hats_gate *g, enum hats_problem p);
/* A refusal that the transport found by itself. */
void hats_gate_count(struct hats_gate *g, enum hats_problem p);

struct hats_gate_counters {
    uint64_t problems[HATS_PROBLEM_COUNT];
    uint64_t calls_admitted;
    uint64_t calls_accepted; /* rows that this gate made */
    uint64_t evaluations;    /* started */
    uint64_t calls_sealed;   /* by this gate */
    uint64_t answers;        /* replies given, repeated ones included */
    uint64_t repeats;        /* of these, from the store */
    uint64_t leases_taken;   /* calls taken over after a crash */
    uint64_t leases_renewed;
    uint64_t challenges;
    uint64_t sessions_opened, sessions_closed, sessions_burnt;
    uint64_t proofs_checked;  /* those that held and those that did not, of calls and of keys */
    uint64_t verification_ns; /* summed; waiting for a slot included */
    uint64_t keys_registered;
    uint64_t key_cache_hits, key_cache_misses, key_cache_evictions;
    uint64_t evaluation_ns;   /* summed */
    uint64_t key_cache_bytes; /* now */
    uint64_t calls_in_flight; /* now */
    uint64_t memory_bytes;    /* now reserved */
};
void hats_gate_counters(struct hats_gate *g, struct hats_gate_counters *out);

#endif
