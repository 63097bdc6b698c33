/* Durable state: tenants, keys, calls, receipts, served models. Bytes in, bytes out.
 *
 * The store knows no cryptographic object: digests, tokens' hashes, keys and receipts are opaque here.
 * Behind it stands SQLite (one file, WAL, synchronous = FULL). Writes of all threads go through one
 * writer thread, which puts what is queued into one transaction and releases each caller only after
 * that transaction is on the disk (group commit):
 *
 *     thread --\                     BEGIN IMMEDIATE
 *     thread ---+--> bounded queue --> op 1 | op 2 | ... | op n  (a savepoint each)
 *     thread --/                     COMMIT (one fsync) --> n callers go on
 *
 * So what a call of this interface has returned HATS_OK for is still there after kill -9 and after
 * power loss, and what it has not is there whole or not at all. Reads use connections of their own and
 * see only what is committed. Several processes may share one file; every decision below is made inside
 * one transaction, so it is atomic between them too.
 *
 * Errors, the same for every function: HATS_E_IO (disk full, read-only, I/O error, corrupt file; err
 * says which), HATS_E_BUSY (the file is locked by another process for longer than busy_timeout_ms, or
 * the queue is full), HATS_E_MEMORY. HATS_E_NOT_FOUND and HATS_E_CONFLICT where named.
 *
 * Times are milliseconds since 1970. Blobs in results belong to the result; *_clear frees them.
 */
#ifndef HATS_STORE_STORE_H
#define HATS_STORE_STORE_H

#include "base/status.h"

#define HATS_STORE_SCHEMA_VERSION 3 /* meta.schema; README.md has the tables */

struct hats_store;

struct hats_store_config {
    const char *path;         /* the database file; its folder must exist */
    uint64_t max_bytes;       /* the file may not grow beyond; 0: as the disk allows */
    unsigned busy_timeout_ms; /* 5000 */
    unsigned queue_cap;       /* 1024 writes may wait */
    unsigned max_batch;       /* 256 writes in one transaction */
    unsigned n_readers;       /* 4 connections for reading */
};
/* Fills in the numbers; path stays NULL. */
void hats_store_config_init(struct hats_store_config *config);

/* Opens, or creates with mode 0600, or migrates an older schema. HATS_E_VERSION: written by a newer
 * program. HATS_E_MALFORMED: not a store of this program. *out is NULL on failure. */
HATS_MUST_USE hats_status hats_store_open(struct hats_store **out,
                                          const struct hats_store_config *config,
                                          struct hats_error *err);
/* Finishes what is queued. No other thread may be inside. s may be NULL. */
void hats_store_close(struct hats_store *s);

/* Did the last write reach the disk? For readiness checks; costs nothing. */
bool hats_store_healthy(const struct hats_store *s);

struct hats_store_counters {
    uint64_t writes;       /* operations committed */
    uint64_t transactions; /* commits; writes / transactions is what group commit gains */
    uint64_t failures;     /* operations that were not committed because of an error */
};
void hats_store_counters(const struct hats_store *s, struct hats_store_counters *out);

/* ---- tenants ---- */

#define HATS_STORE_NAME_MAX 64 /* with the final zero */

struct hats_store_tenant {
    int64_t id; /* set by the store */
    char name[HATS_STORE_NAME_MAX];
    uint8_t salt[16];
    uint8_t token_hash[32];
    uint64_t created_ms;
    bool disabled;
};
/* Sets t->id. HATS_E_CONFLICT: the name or the token hash is taken. */
HATS_MUST_USE hats_status hats_store_tenant_add(struct hats_store *s, struct hats_store_tenant *t,
                                                struct hats_error *err);
/* HATS_E_NOT_FOUND. */
HATS_MUST_USE hats_status hats_store_tenant_disable(struct hats_store *s, const char *name,
                                                    bool disabled, struct hats_error *err);
/* All of them, ascending in id; *out is freed with hats_free. */
HATS_MUST_USE hats_status hats_store_tenants(struct hats_store *s, struct hats_store_tenant **out,
                                             size_t *n, struct hats_error *err);

/* ---- the service's secret ---- */

/* The secret that all servers of this store share: the stored one, or `fresh` (random bytes of the caller's),
 * stored now. Wipe *out. */
HATS_MUST_USE hats_status hats_store_secret(struct hats_store *s, uint8_t out[32],
                                            const uint8_t fresh[32], struct hats_error *err);

/* ---- nonces: each is spent once ---- */

struct hats_store_nonce {
    uint8_t bytes[32];
    uint64_t keep_until_ms; /* afterwards nobody takes it for fresh any more */
};
/* Forgets at most `limit` nonces whose time is over. */
HATS_MUST_USE hats_status hats_store_expire_nonces(struct hats_store *s, size_t *dropped,
                                                   uint64_t now_ms, size_t limit,
                                                   struct hats_error *err);

/* ---- registered keys ---- */

struct hats_store_key {
    uint8_t kid[32];
    int64_t tenant;
    uint8_t owner[32];
    uint32_t set_id;
    uint64_t registered_ms;
    uint64_t revoked_ms; /* 0: not revoked */
    uint8_t *public_key; /* NULL in lists */
    size_t public_key_len;
};
void hats_store_key_clear(struct hats_store_key *k);

enum hats_store_put { HATS_STORE_CREATED, HATS_STORE_SAME, HATS_STORE_NONCE_SPENT };
/* Adds a key and spends the nonce (NULL: none), both or neither; of *k, the blob and revoked_ms are not
 * looked at. The same kid by the same tenant and owner is HATS_STORE_SAME: nothing is changed but the nonce,
 * which may have been spent. HATS_E_CONFLICT: *how is HATS_STORE_NONCE_SPENT, or the key is another
 * tenant's, another owner's, or was revoked; *existing (may be NULL, no blob) says which. */
HATS_MUST_USE hats_status hats_store_key_put(struct hats_store *s, enum hats_store_put *how,
                                             struct hats_store_key *existing,
                                             const struct hats_store_key *k,
                                             const uint8_t *public_key, size_t public_key_len,
                                             const struct hats_store_nonce *nonce,
                                             struct hats_error *err);
/* HATS_E_NOT_FOUND. with_blob = false leaves the public key out. */
HATS_MUST_USE hats_status hats_store_key_get(struct hats_store *s, struct hats_store_key *out,
                                             const uint8_t kid[32], bool with_blob,
                                             struct hats_error *err);
/* For ever; a second time changes nothing. HATS_E_NOT_FOUND: no such key of this tenant. */
HATS_MUST_USE hats_status hats_store_key_revoke(struct hats_store *s, int64_t tenant,
                                                const uint8_t kid[32], uint64_t now_ms,
                                                struct hats_error *err);
/* Keys of a tenant in order of registration, at most `limit`, after skipping `offset`. *out is freed
 * with hats_free. */
HATS_MUST_USE hats_status hats_store_keys(struct hats_store *s, struct hats_store_key **out,
                                          size_t *n, int64_t tenant, size_t offset, size_t limit,
                                          struct hats_error *err);

/* ---- sessions: the series that calls belong to ---- */

#define HATS_STORE_BLOCK_LEN 280

enum hats_store_session_state {
    HATS_STORE_SESSION_LIVE = 1,
    HATS_STORE_SESSION_SUPERSEDED = 2, /* another of the same nullifier is live */
    HATS_STORE_SESSION_CLOSED = 3,
    HATS_STORE_SESSION_BURNT = 4, /* two requests under one index */
    HATS_STORE_SESSION_REVOKED = 5,
};
struct hats_store_session {
    uint8_t sid[32];
    int64_t tenant;
    unsigned kind;
    uint8_t block[HATS_STORE_BLOCK_LEN];
    bool has_nf;
    uint8_t nf[32];
    uint8_t owner[32];
    uint32_t calls; /* indices 0 .. calls - 1 */
    uint64_t opened_ms, not_after_ms;
    uint8_t receipt_id[32];

    enum hats_store_session_state state;
    uint64_t ended_ms; /* 0 while live */
    bool has_close;
    uint8_t close_digest[32]; /* R of the close */
    uint8_t close_receipt_id[32];
};

struct hats_store_open {
    struct hats_store_session session; /* up to receipt_id */
    struct hats_store_nonce nonce;
    const uint8_t *receipt;
    size_t receipt_len;
};
enum hats_store_opened {
    HATS_STORE_OPENED,
    HATS_STORE_OPENED_BEFORE, /* this very session, by this tenant: nothing was changed */
    HATS_STORE_OPEN_NONCE_SPENT,
    HATS_STORE_OPEN_TENANT_GONE,
};
/* Session, nonce and receipt in one transaction; with a nullifier, the live session of the same one becomes
 * superseded in it. */
HATS_MUST_USE hats_status hats_store_session_open(struct hats_store *s, enum hats_store_opened *how,
                                                  const struct hats_store_open *open,
                                                  struct hats_error *err);
/* HATS_E_NOT_FOUND. */
HATS_MUST_USE hats_status hats_store_session_get(struct hats_store *s,
                                                 struct hats_store_session *out,
                                                 const uint8_t sid[32], struct hats_error *err);
/* A live session of this tenant gets `state`, for ever; one that is not live stays as it is. */
HATS_MUST_USE hats_status hats_store_session_end(struct hats_store *s, int64_t tenant,
                                                 const uint8_t sid[32],
                                                 enum hats_store_session_state state,
                                                 uint64_t now_ms, struct hats_error *err);

struct hats_store_close {
    int64_t tenant;
    uint8_t sid[32];
    uint32_t i;
    uint8_t request_digest[32]; /* R */
    const uint8_t *used;        /* index k is bit k mod 8 of byte k / 8 */
    size_t used_len;
    uint64_t now_ms;
    const uint8_t *receipt;
    size_t receipt_len;
    uint8_t receipt_id[32];
};
enum hats_store_closed {
    HATS_STORE_CLOSED,
    HATS_STORE_CLOSED_BEFORE,  /* by this very request: nothing was changed */
    HATS_STORE_CLOSE_NOT_LIVE, /* or not in time, or i beyond its calls, or no such session */
    HATS_STORE_CLOSE_REUSED,   /* a call has index i: the session is burnt */
    HATS_STORE_CLOSE_LEFT_OUT, /* a call was accepted under an index that `used` does not have */
};
HATS_MUST_USE hats_status hats_store_session_close(struct hats_store *s,
                                                   enum hats_store_closed *how,
                                                   const struct hats_store_close *close,
                                                   struct hats_error *err);

/* ---- calls: each (tenant, sid, i) is accepted once ---- */

#define HATS_STORE_MODEL_MAX 128 /* with the final zero */

struct hats_store_call_id {
    int64_t tenant;
    uint8_t sid[32];
    uint32_t i;
};

struct hats_store_accept {
    struct hats_store_call_id id;
    uint8_t request_digest[32]; /* R */
    uint8_t kid[32];
    uint8_t flood_seed[32];           /* kept when the row is new */
    char model[HATS_STORE_MODEL_MAX]; /* the name that was asked for */
    uint64_t now_ms;
    uint64_t lease_ms; /* how long this process may work on it before another may */
};

enum hats_store_accepted {
    HATS_STORE_NEW,      /* the row is ours: evaluate with this seed */
    HATS_STORE_TAKEN,    /* same R, its lease was over: ours now, evaluate with the *stored* seed */
    HATS_STORE_PENDING,  /* same R, somebody else's lease is live */
    HATS_STORE_SEALED,   /* same R, done: hats_store_call_get has the answer */
    HATS_STORE_REUSED,   /* other R under the same id: the call stays, the session is burnt */
    HATS_STORE_KEY_GONE, /* no such key of this tenant, or revoked, at this very moment */
    HATS_STORE_TENANT_GONE, /* the tenant was disabled */
    HATS_STORE_SESSION_GONE, /* no such session of this tenant, not live, not in time, or i too large */
};
struct hats_store_accept_result {
    enum hats_store_accepted outcome;
    uint8_t flood_seed[32];  /* NEW, TAKEN: the one to use */
    uint64_t accepted_ms;    /* NEW, TAKEN, PENDING, SEALED */
    uint64_t lease_until_ms; /* NEW, TAKEN, PENDING */
};
/* One transaction decides; a new row also needs, inside it, a live key of an enabled tenant, and a live,
 * unexpired session of this tenant with more than i calls. What was accepted stays accepted: what later
 * becomes of key and session does not undo it. Hand in only requests that were verified in full: another R
 * ends the session. */
HATS_MUST_USE hats_status hats_store_call_accept(struct hats_store *s,
                                                 struct hats_store_accept_result *out,
                                                 const struct hats_store_accept *a,
                                                 struct hats_error *err);

struct hats_store_seal {
    struct hats_store_call_id id;
    uint8_t request_digest[32];
    const uint8_t *output;
    size_t output_len;
    const uint8_t *receipt;
    size_t receipt_len;
    uint8_t receipt_id[32];
    uint64_t now_ms;
};
/* Output, receipt and state in one transaction. The first to seal an accepted row wins: *won = false
 * and nothing is changed when it was sealed before (read the stored answer then). HATS_E_NOT_FOUND: no
 * accepted row with this R. */
HATS_MUST_USE hats_status hats_store_call_seal(struct hats_store *s, bool *won,
                                               const struct hats_store_seal *seal,
                                               struct hats_error *err);

enum hats_store_state { HATS_STORE_STATE_ACCEPTED = 1, HATS_STORE_STATE_SEALED = 2 };
struct hats_store_call {
    enum hats_store_state state;
    uint8_t request_digest[32];
    uint64_t accepted_ms, lease_until_ms;
    uint64_t sealed_ms; /* 0 while accepted */
    uint8_t receipt_id[32];
    char model[HATS_STORE_MODEL_MAX]; /* "": written before schema 2 */
    uint8_t *output;                  /* NULL: not sealed, or no longer kept */
    size_t output_len;
    uint8_t *receipt; /* NULL while accepted */
    size_t receipt_len;
};
void hats_store_call_clear(struct hats_store_call *c);
/* HATS_E_NOT_FOUND. with_blobs = false leaves output and receipt out. */
HATS_MUST_USE hats_status hats_store_call_get(struct hats_store *s, struct hats_store_call *out,
                                              const struct hats_store_call_id *id, bool with_blobs,
                                              struct hats_error *err);
/* Gives a row back whose work cannot be done now (its lease ends at once), so that a retry need not
 * wait. Nothing happens when it is sealed. */
HATS_MUST_USE hats_status hats_store_call_release(struct hats_store *s,
                                                  const struct hats_store_call_id *id,
                                                  struct hats_error *err);

/* Work goes on: the lease that ends at *lease_until_ms now ends at until_ms. *renewed = false: it was not
 * ours any more (sealed, given back, or taken by another). */
HATS_MUST_USE hats_status hats_store_call_renew(struct hats_store *s, bool *renewed,
                                                const struct hats_store_call_id *id,
                                                uint64_t lease_until_ms, uint64_t until_ms,
                                                struct hats_error *err);

/* Drops outputs sealed before `before_ms`, at most `limit`; receipts stay. *dropped counts them. */
HATS_MUST_USE hats_status hats_store_expire_outputs(struct hats_store *s, size_t *dropped,
                                                    uint64_t before_ms, size_t limit,
                                                    struct hats_error *err);

/* ---- receipts ---- */

/* *out (hats_free) and its length. HATS_E_NOT_FOUND, also for another tenant's. */
HATS_MUST_USE hats_status hats_store_receipt_get(struct hats_store *s, uint8_t **out,
                                                 size_t *len_bytes, int64_t tenant,
                                                 const uint8_t id[32], struct hats_error *err);

/* ---- the log: what was sealed, in its order ---- */

#define HATS_STORE_ENTRY_LEN 32

/* Every receipt gets the next index, 0 first, in the transaction that seals it: an index that exists is never lost,
 * never another receipt's, and none is left out. The entry is the receipt's id. */
/* Entries so far. */
HATS_MUST_USE hats_status hats_store_log_size(struct hats_store *s, uint64_t *n_entries,
                                              struct hats_error *err);
/* Entries from `first` on, at most `cap`, 32 bytes each; *n of them, 0 at the end. */
HATS_MUST_USE hats_status hats_store_log_read(struct hats_store *s, uint8_t *entries, size_t *n,
                                              uint64_t first, size_t cap, struct hats_error *err);
/* HATS_E_NOT_FOUND. */
HATS_MUST_USE hats_status hats_store_log_index(struct hats_store *s, uint64_t *index,
                                               const uint8_t entry[HATS_STORE_ENTRY_LEN],
                                               struct hats_error *err);

/* ---- models that were served, for ever ---- */

struct hats_store_model {
    uint8_t commitment[32];
    uint8_t plan_digest[32];
    char name[128];
    char version[128];
    uint64_t first_ms, last_ms; /* first and latest start of a server with it */
};
HATS_MUST_USE hats_status hats_store_model_served(struct hats_store *s,
                                                  const struct hats_store_model *m,
                                                  struct hats_error *err);
/* Ascending in first_ms; *out is freed with hats_free. */
HATS_MUST_USE hats_status hats_store_models(struct hats_store *s, struct hats_store_model **out,
                                            size_t *n, struct hats_error *err);

#endif
