/* Inside the client: one server connection that comes back when it is lost, and plain exchanges. */
#ifndef HATS_CLIENT_CONNECTION_H
#define HATS_CLIENT_CONNECTION_H

#include "client/client.h"
#include "http/client.h"

struct hats_client {
    struct hats_http_url url;
    char origin[HATS_PATH_MAX];
    char authorization[HATS_TOKEN_MAX + 8]; /* "Bearer ..." */
    struct hats_tls *tls;
    struct hats_http_client *http;
    struct hats_trust trust;
};

/* Makes client->http usable: connects if there is none, or the old one is lost. Exchanges of a lost
 * connection stay readable until they are freed. */
HATS_MUST_USE hats_status hats_client_reconnect(struct hats_client *client, struct hats_error *err);

/* One call without a body in flight beside it. On HTTP 2xx appends the body to out (out may be NULL);
 * otherwise err says what the server refused. */
HATS_MUST_USE hats_status hats_client_exchange(struct hats_client *client, struct hats_buffer *out,
                                               const char *method, const char *path,
                                               const void *body, size_t len_bytes,
                                               struct hats_error *err);

#endif
