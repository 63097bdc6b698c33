#include "http/client_priv.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define RECORD_BYTES 16384
#define READS_IN_A_ROW 64 /* then deadlines have their turn */
#define NEVER UINT64_MAX

void hats_http_client_config_init(struct hats_http_client_config *config) {
    *config = (struct hats_http_client_config){
        .port = 443, .connect_timeout_ms = 10000, .max_header_bytes = 65536};
}

/* ---- connecting ---- */

/* SNI for names, and what the certificate must say: dNSName or iPAddress [RFC9525]. */
static bool expect_host(SSL *ssl, const char *host) {
    struct in6_addr address;
    if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static hats_status shake_hands(struct hats_http_client *c, uint64_t until_ns,
                               struct hats_error *err) {
    for (;;) {
        ERR_clear_error();
        int rc = SSL_connect(c->ssl);
        if (rc == 1)
            return HATS_OK;
        int why = SSL_get_error(c->ssl, rc);
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
            return hats_tls_handshake_failure(err, c->ssl, why, c->host);
        hats_status s =
            hats_http_wait(c->fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until_ns);
        if (s == HATS_E_TIMEOUT)
            return hats_fail(err, s, "%s took the connection but did not finish the TLS handshake",
                             c->host);
        if (s != HATS_OK)
            return hats_fail(err, s, "%s: the connection broke during the TLS handshake", c->host);
    }
}

static hats_status look_at_server(struct hats_http_client *c, struct hats_error *err) {
    const unsigned char *alpn;
    unsigned alpn_len;
    hats_tls_info_of(&c->info, c->tls, c->ssl);
    if (c->info.group_strength < HATS_TLS_HYBRID)
        return hats_fail(err, HATS_E_INSECURE, "%s: the key exchange is %s, not post-quantum",
                         c->host, c->info.group);
    SSL_get0_alpn_selected(c->ssl, &alpn, &alpn_len);
    if (alpn_len != 2 || memcmp(alpn, "h2", 2) != 0)
        return hats_fail(err, HATS_E_NETWORK, "%s does not speak HTTP/2", c->host);
    X509 *leaf = SSL_get0_peer_certificate(c->ssl);
    int len = leaf != NULL ? i2d_X509(leaf, NULL) : 0;
    c->certificate = len > 0 ? hats_alloc((size_t)len) : NULL;
    uint8_t *at = c->certificate;
    if (at == NULL || i2d_X509(leaf, &at) != len)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the certificate of %s", c->host);
    c->certificate_len = (size_t)len;
    return HATS_OK;
}

static hats_status start_tls(struct hats_http_client *c, uint64_t until_ns,
                             struct hats_error *err) {
    static const unsigned char alpn[] = "\x02h2";
    c->ssl = SSL_new(c->tls->ctx);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 || !expect_host(c->ssl, c->host) ||
        SSL_set_alpn_protos(c->ssl, alpn, sizeof alpn - 1) != 0)
        return hats_fail(err, HATS_E_MEMORY, "no TLS connection for the name \"%s\"", c->host);
    hats_status s = shake_hands(c, until_ns, err);
    if (s == HATS_OK)
        s = look_at_server(c, err);
    if (s == HATS_OK && !hats_http_client_open_h2(c))
        s = hats_fail(err, HATS_E_MEMORY, "no memory for the connection to %s", c->host);
    return s;
}

static void set_authority(struct hats_http_client *c, uint16_t port) {
    bool is_ipv6 = strchr(c->host, ':') != NULL;
    const char *left = is_ipv6 ? "[" : "", *right = is_ipv6 ? "]" : "";
    if (port == 443)
        snprintf(c->authority, sizeof c->authority, "%s%s%s", left, c->host, right);
    else
        snprintf(c->authority, sizeof c->authority, "%s%s%s:%u", left, c->host, right,
                 (unsigned)port);
}

hats_status hats_http_client_connect(struct hats_http_client **out,
                                     const struct hats_http_client_config *config,
                                     struct hats_error *err) {
    *out = NULL;
    assert(config->tls != NULL && !config->tls->is_server && config->host != NULL);
    if (strlen(config->host) >= sizeof((struct hats_http_client *)0)->host)
        return hats_fail(err, HATS_E_USAGE, "the host name is too long");
    uint64_t until_ns = hats_monotonic_ns() + (uint64_t)config->connect_timeout_ms * 1000000;
    struct hats_http_client *c = hats_alloc(sizeof *c);
    if (c == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a client");
    c->fd = -1;
    c->tls = hats_tls_hold(config->tls);
    c->max_header_bytes = config->max_header_bytes;
    snprintf(c->host, sizeof c->host, "%s", config->host);
    set_authority(c, config->port);
    c->buffer = hats_alloc(RECORD_BYTES);
    c->out = hats_alloc(HATS_HTTP_CLIENT_OUT_BYTES);
    signal(SIGPIPE, SIG_IGN); /* the TLS layer writes with write(2) */
    hats_status s =
        c->buffer == NULL || c->out == NULL
            ? hats_fail(err, HATS_E_MEMORY, "no memory for a client")
            : hats_http_dial(&c->fd, config->connect_to != NULL ? config->connect_to : config->host,
                             config->port, until_ns, err);
    if (s == HATS_OK)
        s = start_tls(c, until_ns, err);
    if (s != HATS_OK) {
        hats_http_client_free(c);
        return s;
    }
    *out = c;
    return HATS_OK;
}

/* ---- losing it ---- */

static void lose(struct hats_http_client *c, hats_status why, const char *text) {
    c->lost = true;
    while (c->in_flight != NULL)
        hats_http_exchange_end(c->in_flight, why, text);
}

void hats_http_client_free(struct hats_http_client *c) {
    if (c == NULL)
        return;
    lose(c, HATS_E_CANCELLED, "the client was closed");
    nghttp2_session_del(c->h2);
    ERR_clear_error();
    if (c->ssl != NULL && SSL_is_init_finished(c->ssl))
        (void)SSL_shutdown(c->ssl);
    ERR_clear_error();
    SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    hats_free(c->certificate);
    hats_free(c->buffer);
    hats_free(c->out);
    hats_tls_free(c->tls);
    hats_free(c);
}

const struct hats_tls_info *hats_http_client_tls(const struct hats_http_client *c) {
    return &c->info;
}

bool hats_http_client_export(const struct hats_http_client *c, uint8_t out[HATS_TLS_EXPORTER_BYTES],
                             const char *label, const void *context, size_t context_len) {
    return c->ssl != NULL && hats_tls_export(out, c->ssl, label, context, context_len);
}

const uint8_t *hats_http_client_certificate(const struct hats_http_client *c, size_t *len_bytes) {
    *len_bytes = c->certificate_len;
    return c->certificate;
}

size_t hats_http_client_in_flight(const struct hats_http_client *c) { return c->n_in_flight; }

/* ---- input and output ---- */

static bool fill_out(struct hats_http_client *c) {
    c->out_at = c->out_len = 0;
    while (HATS_HTTP_CLIENT_OUT_BYTES - c->out_len >= RECORD_BYTES + 9) {
        const uint8_t *chunk;
        ssize_t n = nghttp2_session_mem_send(c->h2, &chunk);
        if (n < 0 || (size_t)n > HATS_HTTP_CLIENT_OUT_BYTES - c->out_len)
            return false;
        if (n == 0)
            break;
        memcpy(c->out + c->out_len, chunk, (size_t)n);
        c->out_len += (size_t)n;
    }
    return true;
}

/* False: the connection is broken. */
static bool write_out(struct hats_http_client *c) {
    c->want_write = false;
    for (;;) {
        if (c->out_at == c->out_len && (!fill_out(c) || c->out_len == 0))
            return c->out_len == 0;
        ERR_clear_error();
        int n = SSL_write(c->ssl, c->out + c->out_at, (int)(c->out_len - c->out_at));
        if (n > 0) {
            c->out_at += (size_t)n;
            continue;
        }
        int why = SSL_get_error(c->ssl, n);
        ERR_clear_error();
        c->want_write = why == SSL_ERROR_WANT_WRITE;
        return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ;
    }
}

/* What is there, up to a bound: a server that never stops talking must not stop the clock. A read takes a
 * whole record, so that what is left lies in the socket, where poll sees it. */
static bool read_in(struct hats_http_client *c) {
    for (int i = 0; i < READS_IN_A_ROW; i++) {
        ERR_clear_error();
        int n = SSL_read(c->ssl, c->buffer, RECORD_BYTES);
        if (n <= 0) {
            int why = SSL_get_error(c->ssl, n);
            ERR_clear_error();
            c->want_write = c->want_write || why == SSL_ERROR_WANT_WRITE;
            return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
        }
        if (nghttp2_session_mem_recv(c->h2, c->buffer, (size_t)n) < 0)
            return false;
    }
    return true;
}

bool hats_http_client_usable(struct hats_http_client *c) {
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    if (!c->lost && poll(&p, 1, 0) > 0 && !read_in(c))
        lose(c, HATS_E_NETWORK, "the server closed the connection before it answered");
    return !c->lost && !c->goaway;
}

/* The next moment at which an exchange runs out of time; those whose moment has come end now. */
static uint64_t check_deadlines(struct hats_http_client *c, uint64_t now_ns) {
    uint64_t next_ns = NEVER;
    struct hats_http_exchange *next;
    for (struct hats_http_exchange *x = c->in_flight; x != NULL; x = next) {
        next = x->next;
        if (x->until_ns == 0)
            continue;
        if (now_ns >= x->until_ns)
            hats_http_exchange_end(x, HATS_E_TIMEOUT, "no answer in the time allowed");
        else if (x->until_ns < next_ns)
            next_ns = x->until_ns;
    }
    return next_ns;
}

static bool satisfied(const struct hats_http_client *c, enum hats_http_until until) {
    return c->n_in_flight == 0 || (until == HATS_HTTP_UNTIL_ANY && c->n_done > 0);
}

/* One round: write, and if the caller still waits for something, poll and read. */
static hats_status step(struct hats_http_client *c, enum hats_http_until until, uint64_t until_ns,
                        struct hats_error *err) {
    uint64_t wake_ns = check_deadlines(c, hats_monotonic_ns());
    if (!c->lost && !write_out(c))
        lose(c, HATS_E_NETWORK, "the connection was lost while sending");
    if (c->lost || satisfied(c, until))
        return HATS_OK;
    short events = (short)(POLLIN | (c->want_write ? POLLOUT : 0));
    hats_status s = hats_http_wait(c->fd, events, wake_ns < until_ns ? wake_ns : until_ns);
    if (s == HATS_E_TIMEOUT)
        return hats_monotonic_ns() < until_ns
                   ? HATS_OK
                   : hats_fail(err, s, "%s did not answer in time (%zu requests in flight)",
                               c->host, c->n_in_flight);
    if (s != HATS_OK || !read_in(c))
        lose(c, HATS_E_NETWORK, "the server closed the connection before it answered");
    return HATS_OK;
}

hats_status hats_http_client_run(struct hats_http_client *c, enum hats_http_until until,
                                 unsigned timeout_ms, struct hats_error *err) {
    uint64_t until_ns = hats_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
    hats_status s = HATS_OK;
    c->n_done = 0;
    while (s == HATS_OK && !satisfied(c, until))
        s = step(c, until, until_ns, err);
    if (!c->lost && !write_out(c)) /* resets and acknowledgements that the last round left */
        lose(c, HATS_E_NETWORK, "the connection was lost while sending");
    return s;
}

hats_status hats_http_client_call(struct hats_http_client *c, struct hats_http_exchange **out,
                                  const struct hats_http_call *call, struct hats_error *err) {
    struct hats_http_exchange *x;
    *out = NULL;
    hats_status s = hats_http_client_submit(c, &x, call, err);
    if (s != HATS_OK)
        return s;
    c->n_done = 0;
    while (s == HATS_OK && !x->done) {
        c->n_done = 0;
        s = step(c, HATS_HTTP_UNTIL_ANY, NEVER, err);
    }
    if (s == HATS_OK)
        s = hats_http_exchange_result(x, err);
    if (s == HATS_OK)
        *out = x;
    else
        hats_http_exchange_free(x);
    return s;
}
