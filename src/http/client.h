/* An HTTP/2 client: one TLS connection, many requests on it at the same time.
 *
 *     hats_http_client_connect(&c, &config, &err);
 *     hats_http_client_submit(c, &x, &call, &err);          any number of times
 *     hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 30000, &err);
 *     hats_http_exchange_status(x), hats_http_exchange_body(x, &len) ...
 *     hats_http_exchange_free(x); hats_http_client_free(c);
 *
 * A client belongs to one thread; nothing happens outside its calls. The connection is only ever made
 * with a post-quantum group, to a server whose chain ends in the root file of the TLS context and whose
 * certificate names `host`. There are no redirects, no cookies, no retries: a request is sent once.
 */
#ifndef HATS_HTTP_CLIENT_H
#define HATS_HTTP_CLIENT_H

#include "http/request.h"

struct hats_http_client;
struct hats_http_exchange;

struct hats_http_client_config {
    const char *host; /* name or numeric address; what the certificate must name */
    uint16_t port;
    const struct hats_tls *tls;  /* hats_tls_client_new */
    const char *connect_to;      /* NULL, or the name or address to connect to instead of `host` */
    unsigned connect_timeout_ms; /* 10000: name, TCP and TLS together */
    uint32_t max_header_bytes;   /* 65536 of an answer */
};
/* Fills in the numbers, port 443, nothing else. */
void hats_http_client_config_init(struct hats_http_client_config *config);

/* Resolve, connect, shake hands, agree on h2. Errors, each with a sentence that says what to do:
 *   HATS_E_NOT_FOUND   the name does not resolve
 *   HATS_E_NETWORK     refused, unreachable, closed during the handshake, no HTTP/2
 *   HATS_E_TIMEOUT
 *   HATS_E_INSECURE    the server offers no post-quantum group, signature or TLS 1.3
 *   HATS_E_TRUST       chain not under the given root, expired, not yet valid, wrong name
 * *out is NULL on failure. The process ignores SIGPIPE from here on. Resolving a name takes as long as
 * the system's resolver takes. */
HATS_MUST_USE hats_status hats_http_client_connect(struct hats_http_client **out,
                                                   const struct hats_http_client_config *config,
                                                   struct hats_error *err);
/* Closes the connection; exchanges stay valid and those in flight end with HATS_E_CANCELLED.
 * c may be NULL. */
void hats_http_client_free(struct hats_http_client *c);

const struct hats_tls_info *hats_http_client_tls(const struct hats_http_client *c);
/* Keying material of this connection, as hats_http_request_export gives it at the other end. */
HATS_MUST_USE bool hats_http_client_export(const struct hats_http_client *c,
                                           uint8_t out[HATS_TLS_EXPORTER_BYTES], const char *label,
                                           const void *context, size_t context_len);
/* The server's leaf certificate, DER; valid while the client is. */
const uint8_t *hats_http_client_certificate(const struct hats_http_client *c, size_t *len_bytes);
/* False after GOAWAY or a lost connection: connect anew for further requests. Reads, without waiting,
 * what came since the last call, so an end while idle is noticed. */
bool hats_http_client_usable(struct hats_http_client *c);

struct hats_http_call {
    const char *method; /* NULL: "GET", or "POST" when there is a body */
    const char *path;   /* "/v2/models?x=1": begins with '/' */
    const struct hats_http_header *headers;
    size_t n_headers;
    const void *body; /* borrowed until the exchange is done or freed */
    size_t len_bytes;
    uint64_t max_response_bytes; /* 0: 16 MiB; a longer answer ends with HATS_E_RANGE */
    unsigned timeout_ms;         /* 0: none of its own */
};

/* Queue a request. Method, path and header names are copied. Requests beyond what the server allows at
 * one time wait inside. HATS_E_USAGE (a character that has no place in a field), HATS_E_NETWORK (no
 * usable connection), HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_http_client_submit(struct hats_http_client *c,
                                                  struct hats_http_exchange **out,
                                                  const struct hats_http_call *call,
                                                  struct hats_error *err);

enum hats_http_until { HATS_HTTP_UNTIL_ANY, HATS_HTTP_UNTIL_ALL };
/* Do input and output until any (at least one exchange became done in this call, or none was in flight)
 * or all exchanges are done. An exchange that fails is done; only its own result says so.
 * HATS_E_TIMEOUT after timeout_ms (exchanges stay in flight); HATS_OK otherwise, also when the
 * connection was lost: every exchange in flight is then done with HATS_E_NETWORK. */
HATS_MUST_USE hats_status hats_http_client_run(struct hats_http_client *c,
                                               enum hats_http_until until, unsigned timeout_ms,
                                               struct hats_error *err);

/* submit and run until this one is done; its result is the return value. *out is NULL on failure. */
HATS_MUST_USE hats_status hats_http_client_call(struct hats_http_client *c,
                                                struct hats_http_exchange **out,
                                                const struct hats_http_call *call,
                                                struct hats_error *err);

/* Exchanges submitted and not done. */
size_t hats_http_client_in_flight(const struct hats_http_client *c);

bool hats_http_exchange_done(const struct hats_http_exchange *x);
/* HATS_OK: a whole answer is there, of whatever HTTP status. Else why not: HATS_E_NETWORK,
 * HATS_E_TIMEOUT, HATS_E_RANGE, HATS_E_CANCELLED, HATS_E_BUSY (refused unprocessed: may be sent anew).
 * Before it is done: HATS_E_BUSY. */
HATS_MUST_USE hats_status hats_http_exchange_result(const struct hats_http_exchange *x,
                                                    struct hats_error *err);
unsigned hats_http_exchange_status(const struct hats_http_exchange *x); /* 0 before headers */
/* The first field of that lower-case name, or NULL. */
const char *hats_http_exchange_header(const struct hats_http_exchange *x, const char *name);
const uint8_t *hats_http_exchange_body(const struct hats_http_exchange *x, size_t *len_bytes);
/* Milliseconds from submit to done. */
uint64_t hats_http_exchange_ms(const struct hats_http_exchange *x);
/* One pointer of the caller's. */
void hats_http_exchange_set_data(struct hats_http_exchange *x, void *data);
void *hats_http_exchange_data(const struct hats_http_exchange *x);
/* One in flight is cancelled. x may be NULL. */
void hats_http_exchange_free(struct hats_http_exchange *x);

/* "https://host[:port][/path]" in its parts; IPv6 hosts in brackets lose them. Only https. */
struct hats_http_url {
    char host[256];
    uint16_t port;
    char path[1024]; /* "/" when there is none */
};
HATS_MUST_USE hats_status hats_http_url_parse(struct hats_http_url *out, const char *text,
                                              struct hats_error *err);

#endif
