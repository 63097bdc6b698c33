/* What the files of the gate share. */
#ifndef HATS_GATE_INTERNAL_H
#define HATS_GATE_INTERNAL_H

#include "gate/gate.h"
#include "gate/verifier.h"

#include "evidence/publication.h"
#include "model/package.h"
#include "store/store.h"
#include "wire/registration.h"
#include "wire/session.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

typedef atomic_uint_fast64_t counter;

/* A served model; lives while the gate's list or a call holds it. */
struct model {
    atomic_uint refs;
    struct hats_model *package;
    struct hats_publication publication;
    uint8_t box_digest[32];
    size_t ciphertext_bytes, answer_bytes, max_body_bytes;
    size_t proof_max_bytes;
    size_t work_bytes;   /* memory of a call beside its body */
    size_t verify_bytes; /* of all proofs being checked at one time, if all are this model's */
};
void hats_gate_model_drop(struct model *m);
/* Adds a reference; NULL when there is none of this name. */
struct model *hats_gate_model_find(struct hats_gate *g, const char *name);

/* A tenant as authentication needs it, with its bucket of requests. */
struct tenant {
    struct hats_store_tenant row;
    double tokens; /* requests it may make now */
    uint64_t filled_ms;
    unsigned calls_open; /* of all that the gate has room for */
    size_t memory_used;
};
/* Room for one more call of this tenant: while there are others, a quarter of all places and of the memory
 * is never one tenant's. False: it has its share already. */
bool hats_gate_tenant_enter(struct hats_gate *g, int64_t id, size_t bytes);
void hats_gate_tenant_leave(struct hats_gate *g, int64_t id, size_t bytes);

/* Decoded public keys by kid, least recently used first out. */
struct cached_key {
    uint8_t kid[32];
    struct hats_fhe_public *pk;
    uint8_t *object; /* as registered */
    size_t object_len;
    size_t bytes;
    unsigned refs;
    bool listed; /* in table and list; otherwise it goes with its last user */
    struct cached_key *older, *newer, *chain;
};
#define KEY_CACHE_BUCKETS 1024
struct key_cache {
    pthread_mutex_t lock;
    size_t max_bytes, bytes;
    struct cached_key *oldest, *newest;
    struct cached_key *table[KEY_CACHE_BUCKETS];
    counter hits, misses, evictions;
};
void hats_gate_cache_init(struct key_cache *cache, size_t max_bytes);
void hats_gate_cache_clear(struct key_cache *cache);
/* The decoded key, from the cache or the store; give it back with cache_give. */
HATS_MUST_USE hats_status hats_gate_cache_take(struct key_cache *cache, struct cached_key **out,
                                               struct hats_store *store, const uint8_t kid[32],
                                               struct hats_error *err);
void hats_gate_cache_give(struct key_cache *cache, struct cached_key *k);
size_t hats_gate_cache_bytes(struct key_cache *cache);

struct hats_gate {
    struct hats_gate_config config; /* strings are copies */
    char *issuer, **origins;
    uint8_t secret[32]; /* what challenges are authenticated with; wiped at the end */

    pthread_mutex_t tenant_lock;
    struct tenant *tenants; /* ascending in token hash */
    size_t n_tenants;
    uint64_t tenants_read_ms;
    bool tenants_known;

    pthread_mutex_t model_lock;
    struct model **models; /* ascending in name */
    size_t n_models;

    struct key_cache keys;
    struct hats_gate_verifier *verifier; /* NULL: the rules are the configuration's */

    pthread_mutex_t room_lock;
    size_t memory_used;
    atomic_size_t verify_bytes; /* the largest of any model served so far: not for calls to have */
    unsigned calls_open;
    struct hats_gate_call *working; /* accepted and not ended; under room_lock */
    sem_t evaluations;
    atomic_bool draining;

    counter problems[HATS_PROBLEM_COUNT];
    counter admitted, accepted, evaluated, evaluation_ns, sealed, answers, repeats, taken, renewed,
        registered, challenges, opened, closed, burnt, proofs, proofs_ns;
};

/* Bytes for all admitted calls together: the budget without the memory that proofs are checked in. */
uint64_t hats_gate_call_budget(const struct hats_gate *g);
uint64_t hats_gate_now(const struct hats_gate *g);
/* Counts p and returns it. */
enum hats_problem hats_gate_counted(struct hats_gate *g, enum hats_problem p);
/* p, with a sentence about this very request in *detail (may be NULL): detail, p, format, arguments. */
#define hats_gate_refuse(detail, p, ...) \
    ((void)hats_fail((detail), HATS_E_DENIED, __VA_ARGS__), (p))
/* What a failing store means for the caller; detail gets no more than that. */
enum hats_problem hats_gate_storage(struct hats_error *detail, hats_status s,
                                    const struct hats_error *why);

/* 64 hexadecimal digits. */
bool hats_gate_parse_digest(uint8_t out[32], const char *hex);
/* Is this nonce a challenge of this service to this tenant, for this origin, and not too old? With row: what
 * the store is to remember of it. CHALLENGE_UNKNOWN, CHALLENGE_EXPIRED. */
enum hats_problem hats_gate_nonce_check(const struct hats_gate *g, struct hats_store_nonce *row,
                                        const struct hats_gate_tenant *tenant,
                                        const uint8_t nonce[32], const uint8_t rp_id[32]);
/* proof.c. PROOF_MISSING, PROOF_SUITE, PROOF_MALFORMED, PROOF_FALSE, INTERNAL. */
enum hats_problem hats_gate_key_proof_check(struct hats_gate *g,
                                            const struct hats_registration *reg,
                                            struct hats_error *detail);
/* The session of this tenant, whatever its state. SESSION_UNKNOWN, STORAGE. */
enum hats_problem hats_gate_session_find(struct hats_gate *g, struct hats_store_session *out,
                                         int64_t tenant, const uint8_t sid[32],
                                         struct hats_error *detail);
/* May index i of it be used now? INDEX_RANGE, SESSION_*. */
enum hats_problem hats_gate_session_judge(const struct hats_store_session *session, uint32_t i,
                                          uint64_t now_ms);
/* CLOCK when this time is too far from now. */
enum hats_problem hats_gate_clock_check(const struct hats_gate *g, uint64_t unix_ms,
                                        struct hats_error *detail);
/* The connection's names in the room of a receipt; "none" without one. */
void hats_gate_connection_names(const struct hats_gate_connection *connection,
                                char group[HATS_RECEIPT_TLS_MAX],
                                char signature[HATS_RECEIPT_TLS_MAX], bool *server_auth_pq);

/* In builds with fault points: dies here (SIGKILL) when HATS_FAULT=POINT or POINT:n says so, at the n-th
 * time. Elsewhere nothing. */
#ifdef HATS_FAULT_POINTS
void hats_gate_fault(const char *point);
#else
#define hats_gate_fault(point) ((void)0)
#endif

#endif
