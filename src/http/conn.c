#include "http/server_priv.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <openssl/err.h>

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READS_IN_A_ROW 16 /* then the other connections have their turn */
#define LINGER_NS 1000000000u

static void count_timeout(struct hats_http_conn *c, atomic_uint_fast64_t *counter) {
    atomic_fetch_add(counter, 1);
    hats_http_conn_kill(c);
}

struct hats_http_conn *hats_http_conn_new(struct hats_http_io *io, int fd,
                                          const struct hats_http_peer *peer) {
    struct hats_http_conn *c = hats_alloc(sizeof *c);
    SSL *ssl = SSL_new(io->server->tls->ctx);
    if (c == NULL || ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        hats_free(c);
        SSL_free(ssl);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_accept_state(ssl);
    c->io = io;
    c->fd = fd;
    c->ssl = ssl;
    c->peer = *peer;
    c->since_ns = io->now_ns;
    c->interest = EPOLLIN | EPOLLRDHUP;
    struct epoll_event ev = {.events = c->interest, .data.ptr = c};
    if (epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0) {
        hats_free(c);
        SSL_free(ssl);
        return NULL;
    }
    c->next = io->conns;
    if (c->next != NULL)
        c->next->prev = c;
    io->conns = c;
    atomic_fetch_add(&io->server->handshakes_now, 1);
    return c;
}

/* ---- the end ---- */

static void leave_handshake(struct hats_http_conn *c) {
    if (c->state == HATS_HTTP_CONN_HANDSHAKE)
        atomic_fetch_sub(&c->io->server->handshakes_now, 1);
}

static void detach_all(struct hats_http_conn *c) {
    c->current = NULL;
    while (c->requests != NULL)
        hats_http_flow_detach(c->requests);
}

void hats_http_conn_doom(struct hats_http_conn *c) {
    c->doomed = true;
    hats_http_io_touch(c);
}

void hats_http_conn_kill(struct hats_http_conn *c) {
    if (c->state == HATS_HTTP_CONN_DEAD)
        return;
    struct hats_http_io *io = c->io;
    leave_handshake(c);
    c->state = HATS_HTTP_CONN_DEAD;
    detach_all(c);
    /* Before the close: a child that was just forked may hold the socket open, and its events would
     * come on with a pointer to freed memory. */
    (void)epoll_ctl(io->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    close(c->fd);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        io->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    c->prev = NULL;
    c->next = io->dead;
    io->dead = c;
    if (c->in_network)
        hats_http_networks_leave(io->server->networks, &c->peer);
    atomic_fetch_sub(&io->server->count.open_connections, 1);
}

void hats_http_conn_free(struct hats_http_conn *c) {
    nghttp2_session_del(c->h2);
    SSL_free(c->ssl);
    hats_free(c->out);
    hats_free(c->in);
    hats_free(c->head);
    hats_free(c);
}

/* Everything is written: say so, and wait for the peer to have read it. Closing a socket with unread
 * input sends RST, which may destroy the answer on its way. */
static void linger(struct hats_http_conn *c) {
    detach_all(c);
    ERR_clear_error();
    (void)SSL_shutdown(c->ssl);
    ERR_clear_error();
    shutdown(c->fd, SHUT_WR);
    c->state = HATS_HTTP_CONN_LINGER;
    c->since_ns = c->io->now_ns;
    c->want_write = false;
}

static void drain_input(struct hats_http_conn *c) {
    for (int i = 0; i < READS_IN_A_ROW; i++) {
        ssize_t n = recv(c->fd, c->io->input, HATS_HTTP_TLS_RECORD_BYTES, 0);
        if (n > 0)
            continue;
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            hats_http_conn_kill(c);
        return;
    }
}

/* ---- TLS ---- */

static bool choose_protocol(struct hats_http_conn *c) {
    const unsigned char *alpn;
    unsigned len;
    SSL_get0_alpn_selected(c->ssl, &alpn, &len);
    return len != 2 || memcmp(alpn, "h2", 2) != 0 || hats_http_h2_open(c);
}

static void shake_hands(struct hats_http_conn *c) {
    struct hats_http_server *s = c->io->server;
    ERR_clear_error();
    int rc = SSL_do_handshake(c->ssl);
    if (rc == 1) {
        leave_handshake(c);
        c->state = HATS_HTTP_CONN_OPEN;
        c->since_ns = c->io->now_ns;
        c->want_write = false;
        hats_tls_info_of(&c->tls, s->tls, c->ssl);
        HATS_HTTP_COUNT(s, handshakes_completed, 1);
        HATS_HTTP_COUNT(s, handshakes_resumed, c->tls.resumed);
        if (!choose_protocol(c))
            hats_http_conn_kill(c);
        return;
    }
    int why = SSL_get_error(c->ssl, rc);
    c->want_write = why == SSL_ERROR_WANT_WRITE;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return;
    HATS_HTTP_COUNT(s, handshakes_failed, 1);
    ERR_clear_error();
    /* The alert is in the socket: let it be read before the connection goes. */
    leave_handshake(c);
    shutdown(c->fd, SHUT_WR);
    c->state = HATS_HTTP_CONN_LINGER;
    c->since_ns = c->io->now_ns;
    c->want_write = false;
}

static bool wants_input(const struct hats_http_conn *c) {
    if (c->state != HATS_HTTP_CONN_OPEN)
        return true;
    return !c->closing && (c->h2 != NULL || hats_http_h1_wants_input(c));
}

void hats_http_conn_read(struct hats_http_conn *c) {
    struct hats_http_server *s = c->io->server;
    c->again = false;
    if (c->h2 == NULL && c->in_len > 0 && wants_input(c) && !hats_http_h1_input(c, NULL, 0))
        c->closing = true;
    for (int i = 0; c->state == HATS_HTTP_CONN_OPEN && !c->doomed && wants_input(c); i++) {
        if (i == READS_IN_A_ROW) {
            c->again = true; /* epoll does not see what the TLS layer has buffered */
            return;
        }
        ERR_clear_error();
        int n = SSL_read(c->ssl, c->io->input, HATS_HTTP_TLS_RECORD_BYTES);
        if (n > 0) {
            HATS_HTTP_COUNT(s, bytes_received, (uint64_t)n);
            bool ok = c->h2 != NULL ? hats_http_h2_input(c, c->io->input, (size_t)n)
                                    : hats_http_h1_input(c, c->io->input, (size_t)n);
            if (!ok)
                c->closing = true;
            continue;
        }
        int why = SSL_get_error(c->ssl, n);
        ERR_clear_error();
        if (why == SSL_ERROR_WANT_WRITE)
            c->want_write = true;
        else if (why != SSL_ERROR_WANT_READ)
            hats_http_conn_kill(c);
        return;
    }
}

/* What did not go out is kept; memory for it exists only while a peer is slow. */
static bool keep_rest(struct hats_http_conn *c, const uint8_t *rest, size_t len) {
    uint8_t *copy = hats_alloc(len);
    if (copy == NULL)
        return false;
    memcpy(copy, rest, len);
    c->out = copy;
    c->out_len = len;
    c->out_at = 0;
    return true;
}

/* Write all of data, or as much as goes. Bytes written, or -1 when the connection is broken. */
static ssize_t write_some(struct hats_http_conn *c, const uint8_t *data, size_t len) {
    size_t done = 0;
    while (done < len) {
        ERR_clear_error();
        int n = SSL_write(c->ssl, data + done, (int)(len - done));
        if (n > 0) {
            done += (size_t)n;
            c->stalled_ns = 0;
            HATS_HTTP_COUNT(c->io->server, bytes_sent, (uint64_t)n);
            continue;
        }
        int why = SSL_get_error(c->ssl, n);
        ERR_clear_error();
        if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ)
            return -1;
        c->want_write = true;
        if (c->stalled_ns == 0)
            c->stalled_ns = c->io->now_ns;
        break;
    }
    return (ssize_t)done;
}

/* False when the socket is full or the connection broken. */
static bool write_kept(struct hats_http_conn *c) {
    if (c->out == NULL)
        return true;
    ssize_t n = write_some(c, c->out + c->out_at, c->out_len - c->out_at);
    if (n < 0) {
        hats_http_conn_kill(c);
        return false;
    }
    c->out_at += (size_t)n;
    if (c->out_at < c->out_len)
        return false;
    hats_free(c->out);
    c->out = NULL;
    return true;
}

static void write_out(struct hats_http_conn *c) {
    c->want_write = false;
    if (!write_kept(c))
        return;
    for (;;) {
        uint8_t *scratch = c->io->scratch;
        size_t len = c->h2 != NULL ? hats_http_h2_output(c, scratch, HATS_HTTP_SCRATCH_BYTES)
                                   : hats_http_h1_output(c, scratch, HATS_HTTP_SCRATCH_BYTES);
        if (len == 0)
            break;
        ssize_t n = write_some(c, scratch, len);
        if (n < 0 || ((size_t)n < len && !keep_rest(c, scratch + n, len - (size_t)n))) {
            hats_http_conn_kill(c);
            return;
        }
        if ((size_t)n < len)
            return;
    }
    if (c->closing && c->state == HATS_HTTP_CONN_OPEN)
        linger(c);
}

static void update_interest(struct hats_http_conn *c) {
    uint32_t events = EPOLLRDHUP;
    if (wants_input(c))
        events |= EPOLLIN;
    if (c->want_write)
        events |= EPOLLOUT;
    if (c->state == HATS_HTTP_CONN_LINGER)
        events = EPOLLIN;
    if (events == c->interest)
        return;
    struct epoll_event ev = {.events = events, .data.ptr = c};
    if (epoll_ctl(c->io->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev) != 0)
        hats_http_conn_kill(c);
    c->interest = events;
}

void hats_http_conn_flush(struct hats_http_conn *c) {
    if (c->doomed)
        hats_http_conn_kill(c);
    if (c->state == HATS_HTTP_CONN_OPEN)
        write_out(c);
    if (c->doomed)
        hats_http_conn_kill(c);
    if (c->state != HATS_HTTP_CONN_DEAD)
        update_interest(c);
}

void hats_http_conn_event(struct hats_http_conn *c, uint32_t events) {
    if (c->state == HATS_HTTP_CONN_DEAD)
        return;
    if (c->state == HATS_HTTP_CONN_HANDSHAKE)
        shake_hands(c);
    if (c->state == HATS_HTTP_CONN_OPEN) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0 ||
            ((events & EPOLLRDHUP) != 0 && !wants_input(c)))
            hats_http_conn_kill(c);
        else
            hats_http_conn_read(c);
    } else if (c->state == HATS_HTTP_CONN_LINGER) {
        drain_input(c);
    }
    if (c->state != HATS_HTTP_CONN_DEAD)
        hats_http_io_touch(c);
}

/* ---- the clock ---- */

static void check_requests(struct hats_http_conn *c) {
    struct hats_http_io *io = c->io;
    struct hats_http_request *next;
    for (struct hats_http_request *r = c->requests; r != NULL; r = next) {
        next = r->next;
        if (!hats_http_flow_too_slow(r, io->now_ns))
            continue;
        HATS_HTTP_COUNT(io->server, timeouts_body, 1);
        hats_http_io_touch(c);
        if (r->stage == HATS_HTTP_STAGE_BODY)
            hats_http_flow_refuse(r, HATS_HTTP_BODY_TIMEOUT);
        else if (c->h2 != NULL)
            hats_http_h2_reset(r);
        else
            hats_http_conn_doom(c);
    }
}

static uint64_t ms_since(const struct hats_http_conn *c, uint64_t ns) {
    return c->io->now_ns > ns ? (c->io->now_ns - ns) / 1000000 : 0;
}

void hats_http_conn_tick(struct hats_http_conn *c) {
    struct hats_http_server *s = c->io->server;
    const struct hats_http_limits *l = &s->limits;
    switch (c->state) {
    case HATS_HTTP_CONN_HANDSHAKE:
        if (ms_since(c, c->since_ns) > l->handshake_timeout_ms)
            count_timeout(c, &s->count.timeouts_handshake);
        return;
    case HATS_HTTP_CONN_LINGER:
        if (c->io->now_ns - c->since_ns > LINGER_NS)
            hats_http_conn_kill(c);
        return;
    case HATS_HTTP_CONN_DEAD: return;
    case HATS_HTTP_CONN_OPEN: break;
    }
    if (c->header_ns != 0 && ms_since(c, c->header_ns) > l->header_timeout_ms) {
        count_timeout(c, &s->count.timeouts_header);
        return;
    }
    if (c->stalled_ns != 0 && ms_since(c, c->stalled_ns) > l->body_grace_ms) {
        count_timeout(c, &s->count.timeouts_body);
        return;
    }
    unsigned idle_ms = c->ever_used || l->header_timeout_ms > l->idle_timeout_ms
                           ? l->idle_timeout_ms
                           : l->header_timeout_ms;
    if (c->requests == NULL && !c->closing && ms_since(c, c->since_ns) > idle_ms) {
        HATS_HTTP_COUNT(s, timeouts_idle, 1);
        if (c->h2 != NULL)
            hats_http_h2_goaway(c, NGHTTP2_NO_ERROR);
        else
            c->closing = true;
        hats_http_io_touch(c);
        return;
    }
    check_requests(c);
}

void hats_http_conn_drain(struct hats_http_conn *c) {
    if (c->state != HATS_HTTP_CONN_OPEN)
        return;
    hats_http_io_touch(c);
    if (c->h2 != NULL)
        hats_http_h2_goaway(c, NGHTTP2_NO_ERROR);
    else if (c->current == NULL && c->in_len == 0)
        c->closing = true;
    else
        c->keep_alive = false;
}
