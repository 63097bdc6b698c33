#include "http/client_priv.h"

#include "base/bytes.h"
#include "base/random.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

hats_status hats_http_wait(int fd, short events, uint64_t until_ns) {
    for (;;) {
        uint64_t now = hats_monotonic_ns();
        if (now >= until_ns)
            return HATS_E_TIMEOUT;
        uint64_t ms = (until_ns - now) / 1000000 + 1;
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, ms > 60000 ? 60000 : (int)ms);
        if (n > 0)
            return HATS_OK;
        if (n < 0 && errno != EINTR)
            return HATS_E_NETWORK;
    }
}

/* 0, or an errno. */
static int try_address(int *out, const struct addrinfo *a, uint64_t until_ns) {
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int why = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (why == EINPROGRESS) {
        socklen_t len = sizeof why;
        hats_status s = hats_http_wait(fd, POLLOUT, until_ns);
        if (s != HATS_OK)
            why = s == HATS_E_TIMEOUT ? ETIMEDOUT : EIO;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) != 0)
            why = errno;
    }
    if (why != 0) {
        close(fd);
        return why;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *out = fd;
    return 0;
}

/* The addresses in the system's order; each gets an equal part of the time that is left. */
hats_status hats_http_dial(int *fd, const char *host, uint16_t port, uint64_t until_ns,
                           struct hats_error *err) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    int rc = getaddrinfo(host, service, &hints, &list);
    if (rc != 0)
        return hats_fail(err, rc == EAI_AGAIN ? HATS_E_NETWORK : HATS_E_NOT_FOUND,
                         "the name %s does not resolve: %s", host, gai_strerror(rc));
    unsigned left = 0;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
        left++;
    int why = ETIMEDOUT;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next, left--) {
        uint64_t now = hats_monotonic_ns();
        if (now >= until_ns)
            break;
        why = try_address(fd, a, now + (until_ns - now) / left);
        if (why == 0)
            break;
    }
    freeaddrinfo(list);
    if (why == 0)
        return HATS_OK;
    if (why == ECONNREFUSED)
        return hats_fail(err, HATS_E_NETWORK,
                         "%s port %u: connection refused; is the server running, and on this port?",
                         host, (unsigned)port);
    return hats_fail(err, why == ETIMEDOUT ? HATS_E_TIMEOUT : HATS_E_NETWORK, "%s port %u: %s",
                     host, (unsigned)port, strerror(why));
}
