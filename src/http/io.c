#include "http/server_priv.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64
#define ACCEPTS_AT_ONCE 32
#define ACCEPT_PAUSE_NS 100000000u /* when the process is out of descriptors */

static _Thread_local struct hats_http_io *this_thread;

void hats_http_io_touch(struct hats_http_conn *c) {
    if (c->dirty || c->state == HATS_HTTP_CONN_DEAD)
        return;
    c->dirty = true;
    c->dirty_next = c->io->dirty;
    c->io->dirty = c;
}

void hats_http_io_wake(struct hats_http_io *io) {
    uint64_t one = 1;
    ssize_t n = write(io->wake_fd, &one, sizeof one);
    (void)n; /* a full counter wakes just as well */
}

/* ---- mailbox ---- */

void hats_http_io_mail(struct hats_http_io *io, struct hats_http_request *r) {
    pthread_mutex_lock(&io->lock);
    bool stopped = io->stopped, was_empty = io->mail_first == NULL;
    if (!stopped) {
        r->mail_next = NULL;
        if (was_empty)
            io->mail_first = r;
        else
            io->mail_last->mail_next = r;
        io->mail_last = r;
        if (was_empty && this_thread != io)
            hats_http_io_wake(io);
    }
    pthread_mutex_unlock(&io->lock);
    if (stopped) {
        HATS_HTTP_COUNT(r->server, responses_dropped, 1);
        hats_http_request_unref(r);
    }
}

static struct hats_http_request *take_mail(struct hats_http_io *io) {
    pthread_mutex_lock(&io->lock);
    struct hats_http_request *first = io->mail_first;
    io->mail_first = io->mail_last = NULL;
    pthread_mutex_unlock(&io->lock);
    return first;
}

static void deliver_mail(struct hats_http_io *io) {
    struct hats_http_request *next;
    for (struct hats_http_request *r = take_mail(io); r != NULL; r = next) {
        next = r->mail_next;
        hats_http_flow_deliver(r);
        hats_http_request_unref(r);
    }
}

static bool has_mail(struct hats_http_io *io) {
    pthread_mutex_lock(&io->lock);
    bool any = io->mail_first != NULL;
    pthread_mutex_unlock(&io->lock);
    return any;
}

/* ---- accepting ---- */

static void listen_on(struct hats_http_io *io, bool on) {
    if (on == io->listening)
        return;
    struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = io->server};
    if (epoll_ctl(io->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, io->server->listen_fd, &ev) ==
        0)
        io->listening = on;
}

static void peer_of(struct hats_http_peer *out, const struct sockaddr_storage *from) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    memset(out, 0, sizeof *out);
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        memcpy(out->address, mapped, sizeof mapped);
        memcpy(out->address + 12, &in->sin_addr, 4);
        out->port = ntohs(in->sin_port);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
        memcpy(out->address, &in6->sin6_addr, 16);
        out->port = ntohs(in6->sin6_port);
    }
    out->is_ipv4 = memcmp(out->address, mapped, sizeof mapped) == 0;
    if (out->is_ipv4)
        inet_ntop(AF_INET, out->address + 12, out->text, sizeof out->text);
    else
        inet_ntop(AF_INET6, out->address, out->text, sizeof out->text);
}

static bool admit_connection(struct hats_http_io *io, bool *in_network,
                             const struct hats_http_peer *peer) {
    struct hats_http_server *s = io->server;
    *in_network = false;
    return atomic_load(&s->count.open_connections) < s->limits.max_connections &&
           atomic_load(&s->handshakes_now) < s->limits.max_handshakes &&
           hats_http_networks_enter(s->networks, in_network, peer, io->now_ns);
}

static void accept_some(struct hats_http_io *io) {
    struct hats_http_server *s = io->server;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof from;
        int fd =
            accept4(s->listen_fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                listen_on(io, false);
                io->listen_again_ns = io->now_ns + ACCEPT_PAUSE_NS;
            }
            return;
        }
        struct hats_http_peer peer;
        bool in_network;
        peer_of(&peer, &from);
        struct hats_http_conn *c = NULL;
        if (admit_connection(io, &in_network, &peer)) {
            int on = 1;
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            c = hats_http_conn_new(io, fd, &peer);
            if (c == NULL && in_network)
                hats_http_networks_leave(s->networks, &peer);
        }
        if (c == NULL) {
            HATS_HTTP_COUNT(s, connections_refused, 1);
            close(fd);
            continue;
        }
        c->in_network = in_network;
        HATS_HTTP_COUNT(s, connections_accepted, 1);
        HATS_HTTP_COUNT(s, open_connections, 1);
    }
}

/* ---- the loop ---- */

const char *hats_http_io_date(struct hats_http_io *io) {
    time_t now = (time_t)(hats_now_ms() / 1000);
    if ((uint64_t)now != io->date_s) {
        struct tm tm;
        gmtime_r(&now, &tm);
        strftime(io->date, sizeof io->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        io->date_s = (uint64_t)now;
    }
    return io->date;
}

static void reap(struct hats_http_io *io) {
    while (io->dead != NULL) {
        struct hats_http_conn *c = io->dead;
        io->dead = c->next;
        hats_http_conn_free(c);
    }
}

static void tick(struct hats_http_io *io) {
    if (io->now_ns < io->next_tick_ns)
        return;
    io->next_tick_ns = io->now_ns + HATS_HTTP_TICK_NS;
    struct hats_http_conn *next;
    for (struct hats_http_conn *c = io->conns; c != NULL; c = next) {
        next = c->next;
        hats_http_conn_tick(c);
    }
    if (io->listen_again_ns != 0 && io->now_ns >= io->listen_again_ns) {
        io->listen_again_ns = 0;
        listen_on(io, true);
    }
}

static void begin_drain(struct hats_http_io *io) {
    if (io->drained_seen || !atomic_load(&io->server->draining))
        return;
    io->drained_seen = true;
    io->listen_again_ns = 0;
    listen_on(io, false);
    struct hats_http_conn *next;
    for (struct hats_http_conn *c = io->conns; c != NULL; c = next) {
        next = c->next;
        hats_http_conn_drain(c);
    }
}

/* Takes the list of touched connections; those with input left come back onto it. */
static void flush(struct hats_http_io *io) {
    struct hats_http_conn *list = io->dirty, *next;
    io->dirty = NULL;
    for (struct hats_http_conn *c = list; c != NULL; c = next) {
        next = c->dirty_next;
        c->dirty = false;
        hats_http_conn_flush(c);
        if (c->again)
            hats_http_io_touch(c);
    }
}

static void read_again(struct hats_http_io *io) {
    struct hats_http_conn *next;
    for (struct hats_http_conn *c = io->dirty; c != NULL; c = next) {
        next = c->dirty_next;
        if (c->again)
            hats_http_conn_read(c);
    }
}

static void handle(struct hats_http_io *io, const struct epoll_event *ev) {
    if (ev->data.ptr == io) {
        uint64_t n;
        ssize_t got = read(io->wake_fd, &n, sizeof n);
        (void)got;
    } else if (ev->data.ptr == io->server) {
        if (!atomic_load(&io->server->draining))
            accept_some(io);
    } else {
        hats_http_conn_event(ev->data.ptr, ev->events);
    }
}

/* Not at all while something is to do; until the next tick while there is something to time. */
static int patience_ms(struct hats_http_io *io) {
    if (io->dirty != NULL || has_mail(io))
        return 0;
    return io->conns != NULL || io->listen_again_ns != 0 ? (int)(HATS_HTTP_TICK_NS / 1000000) : -1;
}

static void *run(void *arg) {
    struct hats_http_io *io = arg;
    struct epoll_event events[EVENTS_AT_ONCE];
    this_thread = io;
    while (!atomic_load(&io->server->stopping)) {
        int n = epoll_wait(io->epoll_fd, events, EVENTS_AT_ONCE, patience_ms(io));
        io->now_ns = hats_monotonic_ns();
        read_again(io);
        for (int i = 0; i < n; i++)
            handle(io, &events[i]);
        deliver_mail(io);
        begin_drain(io);
        tick(io);
        flush(io);
        reap(io);
    }
    while (io->conns != NULL)
        hats_http_conn_kill(io->conns);
    pthread_mutex_lock(&io->lock);
    io->stopped = true;
    pthread_mutex_unlock(&io->lock);
    deliver_mail(io);
    io->dirty = NULL;
    reap(io);
    this_thread = NULL;
    return NULL;
}

/* Signals are the main thread's business. */
static bool start_thread(struct hats_http_io *io) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    io->started = pthread_create(&io->thread, NULL, run, io) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return io->started;
}

hats_status hats_http_io_start(struct hats_http_io *io, struct hats_http_server *s) {
    io->server = s;
    io->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    io->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    io->input = hats_alloc(HATS_HTTP_TLS_RECORD_BYTES);
    io->scratch = hats_alloc(HATS_HTTP_SCRATCH_BYTES);
    io->now_ns = hats_monotonic_ns();
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = io};
    if (io->epoll_fd < 0 || io->wake_fd < 0 || io->input == NULL || io->scratch == NULL ||
        epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, io->wake_fd, &ev) != 0)
        return HATS_E_MEMORY;
    listen_on(io, true);
    return io->listening && start_thread(io) ? HATS_OK : HATS_E_MEMORY;
}

void hats_http_io_clear(struct hats_http_io *io) {
    if (io->epoll_fd >= 0)
        close(io->epoll_fd);
    io->epoll_fd = -1;
    hats_free(io->input);
    hats_free(io->scratch);
    io->input = io->scratch = NULL;
}
