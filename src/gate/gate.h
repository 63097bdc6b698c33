/* The gate: every verb of the service, without a socket, a thread or a clock of its own.
 *
 * A transport (src/server, or a test) brings bytes and calls a verb; the verb answers with a result or
 * with one of the problems of wire/problem.h. The order inside a call is that of docs/PROTOCOL.md:
 *
 *     admit   token, quota, path, declared length, room            before a body byte
 *             core from the header field, if it came as one
 *     infer   tensors -> core -> repeat? -> time, model, parameters, key -> H(ciphertext) -> encoding
 *             -> ACCEPT (durable, decides, fixes the flood seed)
 *             -> evaluate: a function of (ciphertext, key, plan, seed) only
 *             -> sign the receipt -> SEAL {output, receipt, state} in one transaction -> answer
 *
 * Cheap checks come first, and nothing changes state before it is verified. (tenant, sid, i) is the
 * idempotency key: identical bytes sent again get the stored answer; after a crash between accept and
 * seal they are evaluated again with the *same* seed, so the answer has the same bytes; another request
 * under the same key is refused.
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

struct hats_gate;
struct hats_store;
struct hats_sign_key;

#define HATS_GATE_TOKEN_BYTES 32 /* random bytes; a token is "hats_" and their base64url */
#define HATS_GATE_TOKEN_MAX 64   /* characters with the final zero */
#define HATS_GATE_NAME_MAX 128   /* of a model; with the final zero */

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

    uint64_t (*now_ms)(void *user); /* NULL: hats_now_ms */
    void *now_user;
};
/* Fills in the numbers. */
void hats_gate_config_init(struct hats_gate_config *config);

/* The configuration is copied, strings included. No model is served yet. *out is NULL on failure. */
HATS_MUST_USE hats_status hats_gate_new(struct hats_gate **out,
                                        const struct hats_gate_config *config,
                                        struct hats_error *err);
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

struct hats_gate_call; /* one admitted request with its reserved memory */

/* What the transport knows when the header is there. Absent fields are NULL. */
struct hats_gate_headers {
    const char *authorization;
    const char *model;      /* from the path */
    int64_t content_length; /* -1: not declared */
    const char *core;       /* field HATS-Core: base64url */
    const char *json_len;   /* field Inference-Header-Content-Length */
    /* the connection, for the receipt; tls_group NULL: there is none (in process) */
    const char *tls_group, *tls_signature;
    bool server_auth_pq;
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
/* KEY_MALFORMED, KEY_SIGNATURE (origin, owner or signature), CLOCK, KEY_FOREIGN, KEY_UNKNOWN (revoked:
 * final), STORAGE. *created = false: it was registered already, by the same tenant and owner. */
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
/* Drops outputs older than retention_ms; call it now and then. */
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
    uint64_t keys_registered;
    uint64_t key_cache_hits, key_cache_misses, key_cache_evictions;
    uint64_t evaluation_ns;   /* summed */
    uint64_t key_cache_bytes; /* now */
    uint64_t calls_in_flight; /* now */
    uint64_t memory_bytes;    /* now reserved */
};
void hats_gate_counters(struct hats_gate *g, struct hats_gate_counters *out);

#endif
