/* The data owner's side of a call.
 *
 *     record -> x -> ciphertext, proof -> request -> answer, receipt -> verify -> decrypt -> accumulators
 *
 * The receipt is verified against the pinned keys, and against this very call and answer, before
 * anything is decrypted. Every request carries a proof that its ciphertext is one (statements/call.h). A request is only ever sent again as the identical bytes of the same (sid, i):
 * the server answers it from what it sealed, and evaluates nothing twice.
 *
 * Calls are made in a session, which the client opens when it needs one (a challenge, the owner's signature,
 * bound to the TLS connection it was opened on), keeps in memory, replaces when its indices or its time run
 * out, and closes with a list of the indices it used.
 *
 * A client belongs to one thread.
 */
#ifndef HATS_CLIENT_CLIENT_H
#define HATS_CLIENT_CLIENT_H

#include "client/home.h"
#include "evidence/publication.h"
#include "evidence/trust.h"
#include "http/tls.h"
#include "model/plan.h"

struct hats_client;

/* Connects to record->origin, and follows its log where the pinned key set names one (client/log.h): HATS_E_VERIFY for
 * a log that went backwards or forked, HATS_E_NOT_FOUND for one that is gone. Errors of hats_tls_client_new, hats_trust_load and
 * hats_http_client_connect. */
HATS_MUST_USE hats_status hats_client_open(struct hats_client **out,
                                           const struct hats_server_record *record,
                                           enum hats_tls_profile profile, struct hats_error *err);
/* Closes the session too. client may be NULL. */
void hats_client_close(struct hats_client *client);
const struct hats_tls_info *hats_client_tls(const struct hats_client *client);
const struct hats_trust *hats_client_trust(const struct hats_client *client);

/* Register the owner's public key for this tenant, with a proof that it is one; again is nothing. */
HATS_MUST_USE hats_status hats_client_register_key(struct hats_client *client,
                                                   const struct hats_owner *owner,
                                                   struct hats_error *err);
/* DELETE /v1/keys/{kid}: no call under this key is accepted any more. */
HATS_MUST_USE hats_status hats_client_revoke_key(struct hats_client *client, const uint8_t kid[32],
                                                 struct hats_error *err);
/* GET a path; the JSON text as the server gave it. */
HATS_MUST_USE hats_status hats_client_get(struct hats_client *client, struct hats_buffer *out,
                                          const char *path, struct hats_error *err);

/* A model as its publisher signed it. */
struct hats_client_model {
    struct hats_plan *plan;
    struct hats_fhe_params params;
    struct hats_publication publication;
    char signer[HATS_ISSUER_MAX]; /* the publisher's name in the pinned key set */
    uint8_t plan_digest[32];
    uint8_t box_digest[32]; /* hats_plan_box_digest */
    size_t ciphertext_len, answer_len;
    struct hats_buffer publication_bytes, plan_bytes; /* as they came: for bundles */
};
/* Fetches plan and publication, checks the publisher's signature (role: model publisher), that the
 * plan is the published one, and that both are of the model called `name`: a publisher may have signed
 * others. */
HATS_MUST_USE hats_status hats_client_model_open(struct hats_client_model *out,
                                                 struct hats_client *client, const char *name,
                                                 struct hats_error *err);
void hats_client_model_clear(struct hats_client_model *model);

/* One finished record. Everything is borrowed until the callback returns. */
struct hats_client_result {
    uint64_t tag;       /* what the source called it */
    const int64_t *acc; /* plan->shape.k accumulators */
    const uint8_t *core, *ciphertext, *proof, *answer, *receipt;
    size_t core_len, ciphertext_len, proof_len, answer_len, receipt_len;
    unsigned proof_suite;
    const uint8_t *sid, *session_block; /* 32 and HATS_SESSION_BLOCK_LEN bytes */
    const uint8_t *session_receipt;     /* NULL: the session was replaced since the call was sent */
    size_t session_receipt_len;
    uint64_t encrypt_ns, prove_ns, call_ns, verify_ns,
        decrypt_ns; /* call: from send to whole answer */
    unsigned resends;
};

struct hats_client_job {
    const struct hats_client_model *model;
    const struct hats_owner *owner;
    unsigned window;      /* calls in flight, 1 .. 64; 0: 8 */
    unsigned proof_suite; /* of stark/setup.h; 0: S128 */
    void *user;
    /* The next record: fill x (d integers) and tag, or set *more = false. */
    hats_status (*next)(void *user, int32_t *x, uint64_t *tag, bool *more, struct hats_error *err);
    /* In order of completion. */
    hats_status (*done)(void *user, const struct hats_client_result *result,
                        struct hats_error *err);
};
/* Runs the job to its end or to the first failure; results delivered before stay valid. A busy or lost
 * server is asked again with the identical bytes, with backoff, for up to a minute a record. */
HATS_MUST_USE hats_status hats_client_infer(struct hats_client *client,
                                            const struct hats_client_job *job,
                                            struct hats_error *err);

#endif
