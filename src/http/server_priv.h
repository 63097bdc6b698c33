/* What the server's own files share.
 *
 *   server.c    start, drain, free, counters        network.c   handshake rate for each network
 *   io.c        one thread: epoll, accept, clock, mailbox
 *   conn.c      one connection: TLS in and out, closing, deadlines
 *   conn_h2.c   HTTP/2 between a connection and its requests (nghttp2)
 *   conn_h1.c   HTTP/1.1 the same (h1.c parses)
 *   flow.c      what a request goes through, in either protocol: admission, memory, body, refusal
 *   request.c   a request's memory, accessors, and the answer on its way back
 *
 * Ownership. A server owns its io threads' state and lives until its last request is freed. An io owns
 * its connections; only its thread touches them. A connection lists its requests; a request points back
 * to the connection until it is detached, and only the io thread looks at that pointer. A request is
 * counted: one reference for the connection, one for the handler, which hats_http_respond turns into
 * the mailbox's.
 *
 * A connection that dies stays allocated until the end of the epoll batch (io.c reaps), since later
 * events of the batch may still name it.
 */
#ifndef HATS_HTTP_SERVER_PRIV_H
#define HATS_HTTP_SERVER_PRIV_H

#include "http/h1.h"
#include "http/server.h"
#include "http/tls_priv.h"

#include <nghttp2/nghttp2.h>

#include <pthread.h>

#define HATS_HTTP_TLS_RECORD_BYTES 16384
#define HATS_HTTP_SCRATCH_BYTES (5 * HATS_HTTP_TLS_RECORD_BYTES)
#define HATS_HTTP_ANSWER_FIELDS_MAX 64
#define HATS_HTTP_TICK_NS 100000000u

struct hats_http_conn;
struct hats_http_io;
struct hats_http_networks;

struct hats_http_answer {
    unsigned status; /* 0: none */
    char *fields;    /* name 0 value 0 ..., names in lower case */
    size_t n_fields;
    const uint8_t *body;
    size_t len_bytes, sent_bytes;
    void (*free_body)(void *);
    void *free_arg;
};

enum hats_http_stage {
    HATS_HTTP_STAGE_HEAD,     /* fields are coming in */
    HATS_HTTP_STAGE_BODY,     /* admitted, body coming in */
    HATS_HTTP_STAGE_HANDLER,  /* complete; the answer is the handler's to give */
    HATS_HTTP_STAGE_SENDING,  /* `sending` is set */
    HATS_HTTP_STAGE_DETACHED, /* no connection any more */
};

struct hats_http_request {
    atomic_uint refs;
    atomic_bool owed; /* the handler holds its reference */
    atomic_bool closed;
    struct hats_http_server *server;
    struct hats_http_io *io;

    /* the io thread's */
    struct hats_http_conn *conn;
    struct hats_http_request *prev, *next; /* in the connection's list */
    enum hats_http_stage stage;
    int32_t stream_id;
    bool handler_saw_it; /* on_headers was called: on_freed will be */
    bool head_too_large, head_malformed;
    bool all_received; /* the client's side of the stream has ended */
    bool all_sent;
    uint64_t since_ns; /* when the body, or then the answer, began */
    uint64_t max_body_bytes;
    struct hats_http_answer own;      /* a refusal by the server itself */
    struct hats_http_answer *sending; /* &own or &given */

    /* written before the handler sees the request */
    enum hats_http_version version;
    uint64_t id, received_ms;
    int64_t content_length;
    struct hats_http_peer peer;
    struct hats_tls_info tls;
    char method[HATS_HTTP_METHOD_MAX + 1];
    uint32_t path, query, authority; /* offsets into text */
    char *text;
    uint32_t text_len, text_cap;
    struct hats_http_field_at {
        uint32_t name, value;
    } * fields;
    size_t n_fields, fields_cap;
    uint32_t header_bytes; /* as HTTP/2 counts them */
    uint8_t *body;
    size_t body_len, body_cap;
    uint64_t reserved_bytes; /* of the server's budget */

    /* the handler's, then the mailbox's */
    void *data;
    struct hats_http_answer given;
    struct hats_http_request *mail_next;
};

/* A token bucket in one number, the time at which it will be full again [ITU-T I.371, GCRA]. */
struct hats_http_bucket {
    uint64_t full_at_ns;
};

enum hats_http_conn_state {
    HATS_HTTP_CONN_HANDSHAKE,
    HATS_HTTP_CONN_OPEN,
    HATS_HTTP_CONN_LINGER, /* our side is shut; unread input is thrown away so that no RST overtakes
                              the answer */
    HATS_HTTP_CONN_DEAD,
};

struct hats_http_conn {
    struct hats_http_io *io;
    struct hats_http_conn *prev, *next;
    int fd;
    SSL *ssl;
    enum hats_http_conn_state state;
    uint32_t interest; /* epoll events asked for */
    bool want_write;   /* the socket took less than there is */
    bool closing;      /* shut down once everything is written */
    bool again;        /* there is input that epoll does not see */
    bool dirty;        /* on the list of connections to flush */
    struct hats_http_conn *dirty_next;
    bool in_network; /* counted in its network's connections */
    bool doomed;     /* to be killed at the next flush: inside a callback it cannot be */
    struct hats_http_peer peer;
    struct hats_tls_info tls;
    uint64_t since_ns;   /* state entered, or the last request ended */
    uint64_t header_ns;  /* first byte of an unfinished request head; 0: none */
    uint64_t stalled_ns; /* since when the socket takes nothing; 0: it does */
    uint8_t *out;        /* what SSL_write has not taken; NULL mostly */
    size_t out_len, out_at;
    struct hats_http_request *requests;
    unsigned n_requests;
    bool ever_used;

    nghttp2_session *h2; /* NULL: HTTP/1.1 */
    struct hats_http_bucket resets, oddities;

    uint8_t *in; /* HTTP/1.1: bytes not yet understood */
    size_t in_len, in_cap, scanned;
    struct hats_http_request *current;
    size_t head_at; /* written of the answer's head in `head` */
    char *head;
    size_t head_len;
    bool keep_alive;
};

struct hats_http_io {
    struct hats_http_server *server;
    pthread_t thread;
    bool started;
    int epoll_fd, wake_fd;
    bool listening, drained_seen;
    uint64_t now_ns, next_tick_ns, listen_again_ns;
    struct hats_http_conn *conns;
    struct hats_http_conn *dead;  /* through next */
    struct hats_http_conn *dirty; /* through dirty_next */
    uint8_t *input, *scratch;
    char date[32];
    uint64_t date_s;

    pthread_mutex_t lock; /* of the mailbox */
    struct hats_http_request *mail_first, *mail_last;
    bool stopped;
};

/* clang-format off */
#define HATS_HTTP_COUNTERS(X) \
    X(connections_accepted) X(connections_refused) X(handshakes_completed) X(handshakes_failed) \
    X(handshakes_resumed) X(requests_h1) X(requests_h2) X(responses_sent) X(responses_dropped) \
    X(bytes_received) X(bytes_sent) X(timeouts_handshake) X(timeouts_header) X(timeouts_idle) \
    X(timeouts_body) X(floods) X(protocol_errors) X(open_connections) X(open_requests) \
    X(body_bytes_held)
/* clang-format on */

struct hats_http_live_counters {
#define HATS_HTTP_COUNTER_FIELD(name) atomic_uint_fast64_t name;
    HATS_HTTP_COUNTERS(HATS_HTTP_COUNTER_FIELD)
#undef HATS_HTTP_COUNTER_FIELD
    atomic_uint_fast64_t refusals[HATS_HTTP_REFUSAL_COUNT];
};

struct hats_http_server {
    atomic_uint refs;
    struct hats_tls *tls;
    struct hats_http_limits limits;
    struct hats_http_handler handler;
    struct hats_http_live_counters count;
    atomic_uint_fast64_t next_id;
    atomic_uint handshakes_now;
    atomic_bool draining, stopping;
    struct hats_http_networks *networks;
    int listen_fd;
    bool adopted;
    uint16_t port;
    unsigned n_io;
    struct hats_http_io *io;
};

#define HATS_HTTP_COUNT(server, name, n) \
    ((void)atomic_fetch_add_explicit(&(server)->count.name, (n), memory_order_relaxed))

void hats_http_server_release(struct hats_http_server *s);

/* network.c */
struct hats_http_networks *hats_http_networks_new(const struct hats_http_limits *limits);
void hats_http_networks_free(struct hats_http_networks *n);
/* May this peer begin a handshake now? Takes a place of its network when so. */
bool hats_http_networks_enter(struct hats_http_networks *n, bool *counted,
                              const struct hats_http_peer *peer, uint64_t now_ns);
void hats_http_networks_leave(struct hats_http_networks *n, const struct hats_http_peer *peer);

/* Spend one event; false when `burst` of them came faster than per_s refills. burst, per_s > 0. */
bool hats_http_bucket_spend(struct hats_http_bucket *b, uint64_t burst, uint64_t per_s,
                            uint64_t now_ns);

/* io.c */
hats_status hats_http_io_start(struct hats_http_io *io, struct hats_http_server *s);
void hats_http_io_wake(struct hats_http_io *io);
void hats_http_io_clear(struct hats_http_io *io);
/* Hand an answered request to the thread that owns its connection. */
void hats_http_io_mail(struct hats_http_io *io, struct hats_http_request *r);
/* The connection has something to write, or more to read, before this round ends. */
void hats_http_io_touch(struct hats_http_conn *c);
const char *hats_http_io_date(struct hats_http_io *io);

/* conn.c */
struct hats_http_conn *hats_http_conn_new(struct hats_http_io *io, int fd,
                                          const struct hats_http_peer *peer);
void hats_http_conn_event(struct hats_http_conn *c, uint32_t events);
void hats_http_conn_read(struct hats_http_conn *c);
void hats_http_conn_flush(struct hats_http_conn *c);
void hats_http_conn_tick(struct hats_http_conn *c);
void hats_http_conn_drain(struct hats_http_conn *c);
void hats_http_conn_doom(struct hats_http_conn *c);
/* At once, without a word. Memory goes with hats_http_conn_free at the end of the batch. */
void hats_http_conn_kill(struct hats_http_conn *c);
void hats_http_conn_free(struct hats_http_conn *c);
/* conn_h2.c, conn_h1.c: input of decrypted bytes (false: the connection cannot go on), output of up to
 * cap bytes (0: nothing now), an answer that is ready, and the end. */
bool hats_http_h2_open(struct hats_http_conn *c);
bool hats_http_h2_input(struct hats_http_conn *c, const uint8_t *data, size_t len);
size_t hats_http_h2_output(struct hats_http_conn *c, uint8_t *out, size_t cap);
void hats_http_h2_answer(struct hats_http_request *r);
void hats_http_h2_admit(struct hats_http_request *r);
void hats_http_h2_goaway(struct hats_http_conn *c, uint32_t code);
void hats_http_h2_reset(struct hats_http_request *r);
bool hats_http_h1_input(struct hats_http_conn *c, const uint8_t *data, size_t len);
size_t hats_http_h1_output(struct hats_http_conn *c, uint8_t *out, size_t cap);
void hats_http_h1_answer(struct hats_http_request *r);
bool hats_http_h1_wants_input(const struct hats_http_conn *c);

/* flow.c */
void hats_http_flow_head(struct hats_http_request *r);
void hats_http_flow_body(struct hats_http_request *r, const uint8_t *data, size_t len);
void hats_http_flow_end(struct hats_http_request *r);
void hats_http_flow_refuse(struct hats_http_request *r, enum hats_http_refusal why);
/* An answer of the handler's came by mail. */
void hats_http_flow_deliver(struct hats_http_request *r);
/* The stream or connection is over; takes the connection's reference. */
void hats_http_flow_detach(struct hats_http_request *r);
bool hats_http_flow_too_slow(const struct hats_http_request *r, uint64_t now_ns);

/* request.c */
struct hats_http_request *hats_http_request_new(struct hats_http_conn *c,
                                                enum hats_http_version version);
void hats_http_request_unref(struct hats_http_request *r);
/* Copies; names in lower case, pseudo-headers and Host into their places. False: no memory, or a
 * character that has no place there. */
bool hats_http_request_add(struct hats_http_request *r, const char *name, size_t name_len,
                           const char *value, size_t value_len);
bool hats_http_request_set_method(struct hats_http_request *r, const char *method, size_t len);
bool hats_http_request_set_target(struct hats_http_request *r, const char *target, size_t len);
bool hats_http_answer_set(struct hats_http_answer *a, unsigned status,
                          const struct hats_http_header *headers, size_t n_headers,
                          const void *body, size_t len_bytes);
void hats_http_answer_clear(struct hats_http_answer *a);

#endif
