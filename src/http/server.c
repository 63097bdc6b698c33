#include "http/server_priv.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 1024
#define IO_THREADS_MAX 64

void hats_http_server_config_init(struct hats_http_server_config *config) {
    *config = (struct hats_http_server_config){
        .listen_fd = -1,
        .n_io_threads = 1,
        .limits =
            {
                .max_connections = 4096,
                .max_connections_per_network = 1024,
                .handshakes_per_s = 200,
                .max_handshakes = 512,
                .max_streams = 128,
                .max_resets = 200,
                .max_header_bytes = 32768,
                .max_header_fields = 100,
                .max_body_bytes = 64u << 20,
                .body_memory_bytes = 1u << 30,
                .stream_window_bytes = 1u << 20,
                .handshake_timeout_ms = 5000,
                .header_timeout_ms = 10000,
                .idle_timeout_ms = 60000,
                .body_grace_ms = 10000,
                .body_min_bytes_per_s = 4096,
                .body_deadline_ms = 120000,
            },
    };
}

static hats_status check_limits(const struct hats_http_limits *l, unsigned n_io,
                                struct hats_error *err) {
    const struct {
        const char *name;
        uint64_t value, least, most;
    } ranges[] = {
        {"n_io_threads", n_io, 1, IO_THREADS_MAX},
        {"max_connections", l->max_connections, 1, 1000000},
        {"max_handshakes", l->max_handshakes, 1, 1000000},
        {"handshakes_per_s", l->handshakes_per_s, 0, 1000000},
        {"max_streams", l->max_streams, 1, 10000},
        {"max_resets", l->max_resets, 1, 1000000},
        {"max_header_bytes", l->max_header_bytes, 1024, 1 << 20},
        {"max_header_fields", l->max_header_fields, 8, HATS_HTTP_H1_FIELDS_MAX},
        {"max_body_bytes", l->max_body_bytes, 0, UINT64_C(1) << 40},
        {"stream_window_bytes", l->stream_window_bytes, 65535, INT32_MAX},
        {"handshake_timeout_ms", l->handshake_timeout_ms, 1, 3600000},
        {"header_timeout_ms", l->header_timeout_ms, 1, 3600000},
        {"idle_timeout_ms", l->idle_timeout_ms, 1, 86400000},
        {"body_grace_ms", l->body_grace_ms, 1, 3600000},
        {"body_deadline_ms", l->body_deadline_ms, 1, 86400000},
    };
    for (size_t i = 0; i < HATS_COUNT_OF(ranges); i++)
        if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most)
            return hats_fail(err, HATS_E_USAGE, "%s is %llu; it must be in %llu..%llu",
                             ranges[i].name, (unsigned long long)ranges[i].value,
                             (unsigned long long)ranges[i].least,
                             (unsigned long long)ranges[i].most);
    return HATS_OK;
}

static hats_status parse_address(struct sockaddr_storage *out, socklen_t *len, const char *address,
                                 uint16_t port, struct hats_error *err) {
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, address, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        *len = sizeof *in;
        return HATS_OK;
    }
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET6, address, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        *len = sizeof *in6;
        return HATS_OK;
    }
    return hats_fail(
        err, HATS_E_USAGE,
        "\"%s\" is not a numeric address to listen on; write 127.0.0.1, ::1, 0.0.0.0 or "
        "::",
        address);
}

static hats_status open_listener(int *out, const char *address, uint16_t port,
                                 struct hats_error *err) {
    struct sockaddr_storage at;
    socklen_t len = 0;
    const char *where = address != NULL ? address : "::";
    hats_status s = parse_address(&at, &len, where, port, err);
    if (s != HATS_OK)
        return s;
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 && address == NULL && errno == EAFNOSUPPORT)
        return open_listener(out, "0.0.0.0", port, err);
    int on = 1, off = 0;
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (at.ss_family == AF_INET6)
            (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, address == NULL ? &off : &on,
                             sizeof on);
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, BACKLOG) != 0) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        const char *hint =
            why == EADDRINUSE      ? "; another program listens there, choose another port"
            : why == EACCES        ? "; ports below 1024 need the right to bind them"
            : why == EADDRNOTAVAIL ? "; no interface of this machine has that address"
                                   : "";
        return hats_fail(err, HATS_E_NETWORK, "cannot listen on %s port %u: %s%s", where,
                         (unsigned)port, strerror(why), hint);
    }
    *out = fd;
    return HATS_OK;
}

static hats_status adopt_listener(int fd, struct hats_error *err) {
    int listening = 0;
    socklen_t len = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0 || listening == 0)
        return hats_fail(err, HATS_E_USAGE,
                         "descriptor %d is not a listening socket; check the socket unit", fd);
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        return hats_fail(err, HATS_E_NETWORK, "descriptor %d: %s", fd, strerror(errno));
    return HATS_OK;
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage at = {0};
    socklen_t len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return 0;
    return at.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&at)->sin6_port)
                                    : ntohs(((struct sockaddr_in *)&at)->sin_port);
}

void hats_http_server_release(struct hats_http_server *s) {
    if (atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    /* A handler's last answer may wake an io after its thread has ended: its lock and eventfd live as
     * long as the server. */
    for (unsigned i = 0; i < s->n_io; i++) {
        if (s->io[i].wake_fd >= 0)
            close(s->io[i].wake_fd);
        pthread_mutex_destroy(&s->io[i].lock);
    }
    hats_http_networks_free(s->networks);
    hats_tls_free(s->tls);
    hats_free(s->io);
    hats_free(s);
}

static struct hats_http_server *server_new(const struct hats_http_server_config *config) {
    struct hats_http_server *s = hats_alloc(sizeof *s);
    struct hats_http_io *io = hats_alloc_array(config->n_io_threads, sizeof *io);
    struct hats_http_networks *networks = hats_http_networks_new(&config->limits);
    if (s == NULL || io == NULL || networks == NULL) {
        hats_http_networks_free(networks);
        hats_free(io);
        hats_free(s);
        return NULL;
    }
    atomic_init(&s->refs, 1);
    s->tls = hats_tls_hold(config->tls);
    s->limits = config->limits;
    s->handler = config->handler;
    s->networks = networks;
    s->listen_fd = -1;
    s->n_io = config->n_io_threads;
    s->io = io;
    for (unsigned i = 0; i < s->n_io; i++) {
        io[i].epoll_fd = io[i].wake_fd = -1;
        pthread_mutex_init(&io[i].lock, NULL);
    }
    return s;
}

hats_status hats_http_server_start(struct hats_http_server **out,
                                   const struct hats_http_server_config *config,
                                   struct hats_error *err) {
    *out = NULL;
    assert(config->tls != NULL && config->tls->is_server);
    assert(config->handler.on_headers != NULL && config->handler.on_request != NULL);
    hats_status status = check_limits(&config->limits, config->n_io_threads, err);
    if (status != HATS_OK)
        return status;
    struct hats_http_server *s = server_new(config);
    if (s == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the server");
    if (config->listen_fd >= 0) {
        status = adopt_listener(config->listen_fd, err);
        s->listen_fd = status == HATS_OK ? config->listen_fd : -1;
        s->adopted = true; /* the service manager goes on listening with it */
    } else {
        status = open_listener(&s->listen_fd, config->address, config->port, err);
    }
    if (status == HATS_OK) {
        s->port = port_of(s->listen_fd);
        signal(SIGPIPE, SIG_IGN); /* the TLS layer writes with write(2) */
    }
    for (unsigned i = 0; status == HATS_OK && i < s->n_io; i++) {
        status = hats_http_io_start(&s->io[i], s);
        if (status != HATS_OK)
            (void)hats_fail(err, status, "no memory or threads for %u I/O threads", s->n_io);
    }
    if (status != HATS_OK) {
        hats_http_server_free(s);
        return status;
    }
    *out = s;
    return HATS_OK;
}

uint16_t hats_http_server_port(const struct hats_http_server *s) { return s->port; }

static void wake_all(struct hats_http_server *s) {
    for (unsigned i = 0; i < s->n_io; i++)
        if (s->io[i].started)
            hats_http_io_wake(&s->io[i]);
}

hats_status hats_http_server_drain(struct hats_http_server *s, unsigned timeout_ms) {
    const struct timespec pause = {.tv_nsec = 2000000};
    uint64_t until_ns = hats_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
    atomic_store(&s->draining, true);
    if (!s->adopted)
        shutdown(s->listen_fd, SHUT_RD); /* connecting is refused from now on */
    wake_all(s);
    while (atomic_load(&s->count.open_connections) != 0 ||
           atomic_load(&s->count.open_requests) != 0) {
        if (hats_monotonic_ns() >= until_ns)
            return HATS_E_TIMEOUT;
        nanosleep(&pause, NULL);
    }
    return HATS_OK;
}

void hats_http_server_free(struct hats_http_server *s) {
    if (s == NULL)
        return;
    atomic_store(&s->draining, true);
    atomic_store(&s->stopping, true);
    wake_all(s);
    for (unsigned i = 0; i < s->n_io; i++) {
        if (s->io[i].started)
            pthread_join(s->io[i].thread, NULL);
        hats_http_io_clear(&s->io[i]);
    }
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    hats_http_server_release(s);
}

void hats_http_server_counters(const struct hats_http_server *s, struct hats_http_counters *out) {
#define COPY(name) out->name = atomic_load_explicit(&s->count.name, memory_order_relaxed);
    HATS_HTTP_COUNTERS(COPY)
#undef COPY
    for (unsigned i = 0; i < HATS_HTTP_REFUSAL_COUNT; i++)
        out->refusals[i] = atomic_load_explicit(&s->count.refusals[i], memory_order_relaxed);
}
