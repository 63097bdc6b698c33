/* What the client's own files share: client.c (name, TCP, TLS), client_h2.c (frames and exchanges). */
#ifndef HATS_HTTP_CLIENT_PRIV_H
#define HATS_HTTP_CLIENT_PRIV_H

#include "http/client.h"
#include "http/tls_priv.h"

#include "base/cursor.h"

#include <nghttp2/nghttp2.h>

struct hats_http_exchange {
    struct hats_http_client *client;        /* NULL once done */
    struct hats_http_exchange *prev, *next; /* of those in flight */
    int32_t stream_id;
    const uint8_t *body; /* the caller's */
    size_t body_len, body_sent;
    uint64_t submitted_ns, done_ns, until_ns; /* until_ns 0: no deadline */
    bool done, answer_complete;
    hats_status result;
    char text[160]; /* why not, for a person */
    unsigned status;
    uint32_t header_bytes;
    struct hats_buffer fields; /* name 0 value 0 ... */
    struct hats_buffer answer;
    void *data;
};

struct hats_http_client {
    struct hats_tls *tls;
    int fd;
    SSL *ssl;
    struct hats_tls_info info;
    uint8_t *certificate;
    size_t certificate_len;
    char host[256];
    char authority[272]; /* host:port; the port only where it is not 443 */
    uint32_t max_header_bytes;
    nghttp2_session *h2;
    bool lost, goaway;
    bool want_write;
    struct hats_http_exchange *in_flight;
    size_t n_in_flight, n_done; /* n_done: since run began */
    uint8_t *buffer;            /* one TLS record */
    uint8_t *out;
    size_t out_len, out_at, out_cap;
};

#define HATS_HTTP_CLIENT_OUT_BYTES (4 * 16384)

/* dial.c: a connected, non-blocking socket; the deadline in monotonic nanoseconds. */
HATS_MUST_USE hats_status hats_http_dial(int *fd, const char *host, uint16_t port,
                                         uint64_t until_ns, struct hats_error *err);
/* Wait for events on fd. HATS_OK, HATS_E_TIMEOUT, HATS_E_NETWORK. */
HATS_MUST_USE hats_status hats_http_wait(int fd, short events, uint64_t until_ns);

/* client_h2.c */
HATS_MUST_USE bool hats_http_client_open_h2(struct hats_http_client *c);
/* Ends an exchange; later calls are ignored. */
void hats_http_exchange_end(struct hats_http_exchange *x, hats_status result, const char *text);

#endif
