/* A running service on a free port of the loopback, made by hats_server_init, and clients of it.
 *
 * `world` is the same as in tests/gate, with the running server's gate and signer in it: requests are
 * made and replies are checked with the same functions.
 */
#ifndef HATS_TESTS_SERVER_SERVICE_H
#define HATS_TESTS_SERVER_SERVICE_H

#include "world.h"

#include "http/client.h"
#include "server/service.h"

struct service {
    struct world world;
    struct hats_server_init_result init;
    struct hats_server *server;
    struct hats_tls *client_tls;
    uint16_t port;
};

/* Folder, keys, model, tenant "default", running server. `settings` are lines that are put in place of
 * the configuration's own ("burst = 5\n..."), or NULL. */
void service_make(struct service *s, const char *settings);
void service_start(struct service *s);
/* Stops; the folder stays. */
hats_status service_stop(struct service *s);
void service_remove(struct service *s);
/* Without a server: the folder, keys, model and tenant alone. port 0: the configured one does not matter,
 * service_start takes any. */
void service_prepare(struct service *s, uint16_t port, const char *settings);

struct hats_http_client *service_connect(const struct service *s);
/* NULL when nobody listens. */
struct hats_http_client *service_try_connect(const struct service *s);
/* One request to its end. bearer NULL: the tenant's; "": none. */
struct hats_http_exchange *service_ask(const struct service *s, struct hats_http_client *c,
                                       const char *method, const char *path, const char *bearer,
                                       const void *body, size_t len_bytes);
/* A challenge, over the wire. */
void service_challenge(const struct service *s, struct hats_http_client *c,
                       struct hats_challenge *out);
/* A block of this owner on a fresh challenge, bound to this connection. */
void service_block(const struct service *s, struct hats_http_client *c,
                   struct hats_session_block *out, const struct owner *owner);
struct hats_http_exchange *service_open(const struct service *s, struct hats_http_client *c,
                                        const struct hats_session_block *block,
                                        const struct owner *owner);
/* Registers the owner's key over the wire, and opens the session that its requests are made in. */
void service_register(const struct service *s, struct hats_http_client *c, struct owner *owner);

/* A request as a call; headers must outlive the exchange. */
struct infer_call {
    struct hats_http_header headers[3];
    struct hats_http_call call;
};
void infer_call_of(struct infer_call *out, const struct service *s, const struct request *r);
/* An answer's reply, as the gate gives it; borrows the exchange's body. */
struct hats_gate_reply reply_of(const struct hats_http_exchange *x);

/* The JSON body; json_decref. */
json_t *json_of(const struct hats_http_exchange *x);
/* Asserts the status, that the body is this problem's document; frees x. */
void expect_problem(struct hats_http_exchange *x, enum hats_problem p);
/* A metric without labels, or with them as it is written. */
double metric_of(const struct service *s, struct hats_http_client *c, const char *name);

#endif
