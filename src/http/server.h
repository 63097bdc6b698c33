/* An HTTP/2 (ALPN h2) and HTTP/1.1 server over TLS: it moves bytes and keeps limits; what requests mean
 * is the handler's.
 *
 * Threads. Each of n I/O threads owns an epoll instance, a listening socket share, and the connections
 * it accepted: TLS, frames, deadlines, all without locks. Handlers' callbacks run in these threads and
 * must be short (parsing a header: yes; verifying a proof: no). Answers may come from any thread: they
 * are put on the owning thread's list, and an eventfd wakes it.
 *
 *   accept -> per-network handshake rate -> TLS (deadline) -> HEADERS (size, deadline) -> on_headers
 *          -> memory reservation -> body (minimum rate) -> on_request ~~~> hats_http_respond -> sent
 *
 * Memory. A request's body may not pass what on_headers admitted, and all bodies together may not pass
 * the budget: the declared length is reserved before the client may send (HTTP/2 windows open only
 * then), 503 otherwise. Memory itself is taken as bytes arrive, so a slow client holds what it sent.
 *
 * Floods. Header lists, CONTINUATION, SETTINGS, PING and RST_STREAM frames are counted for each
 * connection; a connection that passes a bound is closed with GOAWAY (ENHANCE_YOUR_CALM).
 *
 * HTTP/1.1 is a strict subset for health checks and simple clients: Content-Length only, one request at
 * a time, no chunked coding, no upgrade, no obsolete syntax (h1.h lists what is refused and why).
 */
#ifndef HATS_HTTP_SERVER_H
#define HATS_HTTP_SERVER_H

#include "base/cursor.h"
#include "http/request.h"

struct hats_http_server;

/* Zero switches a limit off only where it says so. Times in milliseconds. */
struct hats_http_limits {
    unsigned max_connections;             /* 4096; further ones are closed at once */
    unsigned max_connections_per_network; /* 1024; /24 of IPv4, /48 of IPv6; 0: no limit */
    unsigned handshakes_per_s;            /* 200 for a network, burst of twice that; 0: no limit */
    unsigned max_handshakes;              /* 512 at one time, all networks */
    unsigned max_streams;                 /* 128 requests at one time on a connection */
    unsigned max_resets;                  /* 200 streams reset by a client before any answer */
    uint32_t max_header_bytes;            /* 32768: names + values + 32 each [RFC9113, 10.5.1] */
    unsigned max_header_fields;           /* 100 */
    uint64_t max_body_bytes;              /* 64 MiB: absolute, whatever on_headers admits */
    uint64_t body_memory_bytes;           /* 1 GiB: all bodies that are held at one time */
    uint32_t stream_window_bytes;         /* 1 MiB: unread bytes a stream may have in flight */
    unsigned handshake_timeout_ms;        /* 5000 */
    unsigned header_timeout_ms;    /* 10000 from the first byte of a request to its last header */
    unsigned idle_timeout_ms;      /* 60000 without any request */
    unsigned body_grace_ms;        /* 10000 before the minimum rate counts */
    unsigned body_min_bytes_per_s; /* 4096, averaged since the body began; also for answers that
                                             a client does not read */
    unsigned body_deadline_ms; /* 120000 for a whole body, however fast and shared the line is */
};

/* Why the server itself answered, without the handler. */
enum hats_http_refusal {
    HATS_HTTP_BAD_REQUEST,         /* 400 malformed request */
    HATS_HTTP_BODY_TIMEOUT,        /* 408 body slower than the minimum rate */
    HATS_HTTP_LENGTH_REQUIRED,     /* 411 HTTP/1.1 body without Content-Length */
    HATS_HTTP_BODY_TOO_LARGE,      /* 413 declared or sent more than admitted */
    HATS_HTTP_HEADERS_TOO_LARGE,   /* 431 */
    HATS_HTTP_ABANDONED,           /* 500 the handler gave the request up */
    HATS_HTTP_METHOD_UNSUPPORTED,  /* 501 CONNECT, or a transfer coding */
    HATS_HTTP_NO_MEMORY,           /* 503 the budget for bodies is in use */
    HATS_HTTP_DRAINING,            /* 503 the server is going down */
    HATS_HTTP_VERSION_UNSUPPORTED, /* 505 */
    HATS_HTTP_REFUSAL_COUNT
};
unsigned hats_http_refusal_status(enum hats_http_refusal why);
/* A sentence: what was wrong and what to do. */
const char *hats_http_refusal_text(enum hats_http_refusal why);

enum hats_http_admission {
    HATS_HTTP_ADMIT,    /* let the body come */
    HATS_HTTP_ANSWERED, /* hats_http_respond was called; the body is not read */
};

struct hats_http_handler {
    void *user;
    /* In the I/O thread, before any body byte is read. *max_body_bytes holds limits.max_body_bytes and
     * may be lowered; a declared length above it is answered 413 by the server. Required. */
    enum hats_http_admission (*on_headers)(void *user, struct hats_http_request *r,
                                           uint64_t *max_body_bytes);
    /* In the I/O thread, for each piece of the body in order, after it was stored: `body` is all of it
     * so far, the last `new_bytes` are new. May be NULL. A handler that already knows the answer
     * responds and returns HATS_HTTP_ANSWERED; the rest is then not read, and on_request not called. */
    enum hats_http_admission (*on_body)(void *user, struct hats_http_request *r,
                                        const uint8_t *body, size_t len_bytes, size_t new_bytes);
    /* In the I/O thread, when the whole body is there. Answer here, or hand the request to another
     * thread that does. Required. */
    void (*on_request)(void *user, struct hats_http_request *r);
    /* In the I/O thread: nothing more will come of this request. The client is gone, or the server
     * answered by itself (too large, too slow, no memory), and the handler had not answered so far (it
     * may from another thread at this very moment: set a flag, free nothing). Before on_request, the
     * reference ends with this call; after it, the handler still owes respond or abandon. May be NULL. */
    void (*on_closed)(void *user, struct hats_http_request *r);
    /* Any thread, last of all. May be NULL. */
    void (*on_freed)(void *user, struct hats_http_request *r);
    /* The body of an answer that the server gives by itself (content type written to *content_type,
     * a constant string). Any I/O thread. NULL: the sentence as text/plain. */
    void (*on_refusal)(void *user, enum hats_http_refusal why, struct hats_buffer *body,
                       const char **content_type);
};

struct hats_http_server_config {
    const char *address; /* numeric: "127.0.0.1", "::", "0.0.0.0"; NULL: "::" with IPv4 mapped */
    uint16_t port;       /* 0: the system picks; see hats_http_server_port */
    int listen_fd;       /* >= 0: a listening socket that a service manager opened; address and
                                port are then ignored, and the server closes it. -1: none */
    const struct hats_tls *tls;
    unsigned n_io_threads; /* 1..64 */
    struct hats_http_limits limits;
    struct hats_http_handler handler;
};

/* Fills in the numbers above, listen_fd = -1, one I/O thread, no address, TLS or handler. */
void hats_http_server_config_init(struct hats_http_server_config *config);

/* Listen and serve. The configuration is copied (strings only read here). HATS_E_USAGE (an address that
 * is not one, a limit out of range), HATS_E_NETWORK (cannot listen: in use, not permitted),
 * HATS_E_MEMORY. The process ignores SIGPIPE from here on. *out is NULL on failure. */
HATS_MUST_USE hats_status hats_http_server_start(struct hats_http_server **out,
                                                 const struct hats_http_server_config *config,
                                                 struct hats_error *err);
uint16_t hats_http_server_port(const struct hats_http_server *s);

/* Stop accepting, send GOAWAY, finish what is in flight, and wait for that at most timeout_ms.
 * HATS_E_TIMEOUT when something was still in flight. Requests that begin now are refused unprocessed:
 * HTTP/2 clients learn from GOAWAY which ones, HTTP/1.1 clients get 503.
 * Call hats_http_server_free afterwards in either case. */
HATS_MUST_USE hats_status hats_http_server_drain(struct hats_http_server *s, unsigned timeout_ms);

/* Close every connection and join the threads. on_closed is called for what was in flight. Requests
 * that handlers still hold stay valid until they respond; the server's memory goes with the last.
 * s may be NULL. */
void hats_http_server_free(struct hats_http_server *s);

/* Counters since the start, and three gauges. */
struct hats_http_counters {
    uint64_t connections_accepted;
    uint64_t connections_refused; /* over a limit of connections or handshakes */
    uint64_t handshakes_completed;
    uint64_t handshakes_failed;
    uint64_t handshakes_resumed;
    uint64_t requests_h1;
    uint64_t requests_h2;
    uint64_t responses_sent;    /* complete */
    uint64_t responses_dropped; /* the client was gone */
    uint64_t bytes_received;    /* inside TLS */
    uint64_t bytes_sent;
    uint64_t timeouts_handshake;
    uint64_t timeouts_header;
    uint64_t timeouts_idle;
    uint64_t timeouts_body;
    uint64_t floods;          /* connections closed for too many resets, settings, pings... */
    uint64_t protocol_errors; /* connections closed for what is not HTTP */
    uint64_t refusals[HATS_HTTP_REFUSAL_COUNT];
    uint64_t open_connections; /* now */
    uint64_t open_requests;    /* now: admitted and not yet freed */
    uint64_t body_bytes_held;  /* now: reserved of body_memory_bytes */
};
void hats_http_server_counters(const struct hats_http_server *s, struct hats_http_counters *out);

#endif
