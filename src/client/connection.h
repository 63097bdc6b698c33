/* Inside the client: one server connection that comes back when it is lost, and plain exchanges. */
#ifndef HATS_CLIENT_CONNECTION_H
#define HATS_CLIENT_CONNECTION_H

#include "client/client.h"
#include "client/prove.h"
#include "http/client.h"
#include "wire/session.h"

/* The session that calls are made in; in memory only. */
struct hats_client_session {
    bool live;
    uint8_t sid[32];
    uint8_t owner[32];
    uint8_t block[HATS_SESSION_BLOCK_LEN];
    uint32_t calls, next; /* K; the next index that was never used */
    uint64_t until_ns;    /* of the monotonic clock: to be replaced from then on */
    uint8_t receipt_digest[32];
    uint8_t *receipt;
    size_t receipt_len;
};

struct hats_client {
    struct hats_http_url url;
    char origin[HATS_PATH_MAX];
    char authorization[HATS_TOKEN_MAX + 8]; /* "Bearer ..." */
    struct hats_tls *tls;
    struct hats_http_client *http;
    struct hats_trust trust;
    struct hats_client_session session;
    struct hats_client_prover *prover; /* made with the first proof */
};
/* Makes client->prover if there is none yet. */
HATS_MUST_USE hats_status hats_client_prover_ensure(struct hats_client *client,
                                                    struct hats_error *err);

/* Makes client->http usable: connects if there is none, or the old one is lost. Exchanges of a lost
 * connection stay readable until they are freed. */
HATS_MUST_USE hats_status hats_client_reconnect(struct hats_client *client, struct hats_error *err);

/* One call without a body in flight beside it. On HTTP 2xx appends the body to out (out may be NULL);
 * otherwise err says what the server refused. */
HATS_MUST_USE hats_status hats_client_exchange(struct hats_client *client, struct hats_buffer *out,
                                               const char *method, const char *path,
                                               const void *body, size_t len_bytes,
                                               struct hats_error *err);

/* A challenge to this tenant, checked: it is one of a service without a device registry. */
HATS_MUST_USE hats_status hats_client_challenge(struct hats_client *client,
                                                struct hats_challenge *out, struct hats_error *err);
/* session.c: has this owner a session with an index left and time to use it? */
bool hats_client_session_ready(const struct hats_client *client, const struct hats_owner *owner);
/* Opens one; the one before is closed, so no call in it may be in flight. A
 * busy or lost server is asked again for up to a minute. */
HATS_MUST_USE hats_status hats_client_session_renew(struct hats_client *client,
                                                    const struct hats_owner *owner,
                                                    struct hats_error *err);
/* The next index; it counts as used from here on, whether or not a request is ever sent under it. */
uint32_t hats_client_session_index(struct hats_client *client);
/* Forgets the session: the server takes nothing more in it. */
void hats_client_session_drop(struct hats_client *client);
/* Tells the server which indices were used, so that it takes no others, and forgets the session. One try,
 * and only on a connection that is there: a session that is not closed ends by itself. */
void hats_client_session_close(struct hats_client *client);

#endif
