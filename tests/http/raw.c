#include "base/bytes.h"
#include "base/random.h"
#include "http/fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

void raw_open(struct raw *r, uint16_t port, const char *alpn) {
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    r->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(r->fd, (const struct sockaddr *)&at, sizeof at), 0);
    r->ctx = SSL_CTX_new(TLS_client_method());
    r->ssl = SSL_new(r->ctx);
    assert_non_null(r->ssl);
    SSL_set_fd(r->ssl, r->fd);
    if (alpn != NULL) {
        uint8_t list[16];
        list[0] = (uint8_t)strlen(alpn);
        memcpy(list + 1, alpn, list[0]);
        assert_int_equal(SSL_set_alpn_protos(r->ssl, list, list[0] + 1u), 0);
    }
    assert_int_equal(SSL_connect(r->ssl), 1);
}

void raw_close(struct raw *r) {
    SSL_free(r->ssl);
    SSL_CTX_free(r->ctx);
    close(r->fd);
}

bool raw_write(struct raw *r, const void *data, size_t len) {
    const uint8_t *at = data;
    while (len > 0) {
        int n = SSL_write(r->ssl, at, (int)len);
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* 1: a byte or more, 0: the peer ended, -1: time is over */
static int read_some(struct raw *r, char *out, size_t cap, size_t *len, uint64_t until_ns) {
    uint64_t now = hats_monotonic_ns();
    struct pollfd p = {.fd = r->fd, .events = POLLIN};
    if (SSL_pending(r->ssl) == 0 &&
        (now >= until_ns || poll(&p, 1, (int)((until_ns - now) / 1000000 + 1)) <= 0))
        return -1;
    int n = SSL_read(r->ssl, out + *len, (int)(cap - *len - 1));
    if (n <= 0)
        return SSL_get_error(r->ssl, n) == SSL_ERROR_WANT_READ ? 1 : 0;
    *len += (size_t)n;
    out[*len] = 0;
    return 1;
}

size_t raw_read_all(struct raw *r, char *out, size_t cap, unsigned timeout_ms, bool *ended) {
    uint64_t until_ns = hats_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
    size_t len = 0;
    int more = 1;
    out[0] = 0;
    while (more == 1 && len + 1 < cap)
        more = read_some(r, out, cap, &len, until_ns);
    *ended = more == 0;
    return len;
}

bool raw_read_until(struct raw *r, char *out, size_t cap, const char *needle) {
    uint64_t until_ns = hats_monotonic_ns() + 5000000000u;
    size_t len = 0;
    out[0] = 0;
    while (len + 1 < cap && strstr(out, needle) == NULL)
        if (read_some(r, out, cap, &len, until_ns) != 1)
            return strstr(out, needle) != NULL;
    return strstr(out, needle) != NULL;
}

bool raw_frame(struct raw *r, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
               size_t len) {
    uint8_t frame[9 + 16384];
    assert_true(len <= 16384);
    hats_store_be32(frame, (uint32_t)len << 8 | type);
    frame[4] = flags;
    hats_store_be32(frame + 5, stream);
    if (len > 0)
        memcpy(frame + 9, payload, len);
    return raw_write(r, frame, 9 + len);
}

bool raw_preface(struct raw *r) {
    static const char magic[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    return raw_write(r, magic, sizeof magic - 1) && raw_frame(r, 4, 0, 0, NULL, 0);
}
