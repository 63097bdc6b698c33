/* One request as a handler sees it, and its answer.
 *
 * Life of a request. `on_headers` (server.h) lends the handler one reference; hats_http_respond or
 * hats_http_abandon gives it back, exactly once, from any thread. Until then the request and everything
 * its accessors return stay valid, whether or not the client is still there; afterwards nothing does.
 *
 *      on_headers ---> ADMIT --> on_body* --> on_request ---> respond        (client still there)
 *          |             |                        |
 *          |             +--> on_closed           +--> on_closed ... respond (dropped, counted)
 *          |                  (reference ends         (client left; the reference
 *          |                   with the callback)      is still the handler's)
 *          +--> respond, return ANSWERED
 *      on_freed comes last, once, when nobody holds the request any more.
 *
 * All accessors may be called from any thread that holds the reference.
 */
#ifndef HATS_HTTP_REQUEST_H
#define HATS_HTTP_REQUEST_H

#include "http/tls.h"

struct hats_http_request;

/* Names are lower case on what is received; any case, ASCII token characters, on what is sent. Values
 * have no control characters; zero-terminated. */
struct hats_http_header {
    const char *name;
    const char *value;
};

/* Who is at the other end. IPv4 addresses are mapped into IPv6 (::ffff:a.b.c.d). */
struct hats_http_peer {
    uint8_t address[16];
    bool is_ipv4;
    uint16_t port;
    char text[46]; /* "192.0.2.1", "2001:db8::1" */
};

enum hats_http_version { HATS_HTTP_1_1 = 1, HATS_HTTP_2 = 2 };

enum hats_http_version hats_http_request_version(const struct hats_http_request *r);
const char *hats_http_request_method(const struct hats_http_request *r); /* "GET" */
/* Up to the '?': begins with '/', still percent-encoded. */
const char *hats_http_request_path(const struct hats_http_request *r);
/* After the '?'; "" when there is none. */
const char *hats_http_request_query(const struct hats_http_request *r);
/* The Host field or :authority; "" when there is none (HTTP/2 only). */
const char *hats_http_request_authority(const struct hats_http_request *r);
/* The value of the first field of that lower-case name, or NULL. */
const char *hats_http_request_header(const struct hats_http_request *r, const char *name);
/* How many fields of that name came: a handler that relies on one refuses two. */
size_t hats_http_request_header_count(const struct hats_http_request *r, const char *name);
size_t hats_http_request_n_headers(const struct hats_http_request *r);
struct hats_http_header hats_http_request_header_at(const struct hats_http_request *r, size_t i);
/* Declared length of the body; -1 when an HTTP/2 client declared none (the body is then bounded by
 * what was admitted). */
int64_t hats_http_request_content_length(const struct hats_http_request *r);
/* The body: complete from on_request on, 64-byte aligned; NULL with *len = 0 when there is none. */
const uint8_t *hats_http_request_body(const struct hats_http_request *r, size_t *len_bytes);
const struct hats_http_peer *hats_http_request_peer(const struct hats_http_request *r);
const struct hats_tls_info *hats_http_request_tls(const struct hats_http_request *r);
/* 32 bytes that both ends of this connection derive from its keys, and nobody else, for a label and a
 * context [RFC8446, 7.5]. Only inside on_headers, on_body and on_request. False: it is gone. */
HATS_MUST_USE bool hats_http_request_export(const struct hats_http_request *r,
                                            uint8_t out[HATS_TLS_EXPORTER_BYTES], const char *label,
                                            const void *context, size_t context_len);
/* hats_now_ms() when the last header byte was read. */
uint64_t hats_http_request_received_ms(const struct hats_http_request *r);
/* A number unique in this server's life, for logs. */
uint64_t hats_http_request_id(const struct hats_http_request *r);
/* The client is gone: nobody will read the answer. Long work may look at it and stop. */
bool hats_http_request_closed(const struct hats_http_request *r);

/* One pointer of the handler's, NULL at first. Set it in on_headers or on_request before another thread
 * sees the request; free it in on_freed. */
void hats_http_request_set_data(struct hats_http_request *r, void *data);
void *hats_http_request_data(const struct hats_http_request *r);

/* Answer and give the reference back. status in 200..599; content-length, date and, for HTTP/1.1, the
 * connection field are added here and must not be among the headers. The body is copied. A HEAD request
 * gets the headers alone. Anything that prevents the answer (client gone, no memory) is counted, not
 * returned: the handler has no further duty. */
void hats_http_respond(struct hats_http_request *r, unsigned status,
                       const struct hats_http_header *headers, size_t n_headers, const void *body,
                       size_t len_bytes);
/* The same without the copy: free_body(free_arg) is called once, on any thread, when the body is no
 * longer needed (also when the answer is dropped). free_body may be NULL for constant data. */
void hats_http_respond_owned(struct hats_http_request *r, unsigned status,
                             const struct hats_http_header *headers, size_t n_headers,
                             const void *body, size_t len_bytes, void (*free_body)(void *),
                             void *free_arg);
/* Give the reference back without an answer; a client that still waits gets 500. */
void hats_http_abandon(struct hats_http_request *r);

/* "OK", "Not Found"; "" for a status without a registered phrase. */
const char *hats_http_status_phrase(unsigned status);

#endif
