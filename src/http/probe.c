#include "http/probe.h"
#include "http/client_priv.h"

#include "base/bytes.h"
#include "base/random.h"

#include <openssl/err.h>

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

/* Alerts pass by here and nowhere else. */
static void watch(const SSL *ssl, int where, int what) {
    struct hats_http_probe_result *out = SSL_get_app_data(ssl);
    if ((where & SSL_CB_ALERT) == 0 || (where & SSL_CB_READ) == 0)
        return;
    out->alert = what & 0xff;
    snprintf(out->text, sizeof out->text, "%s", SSL_alert_desc_string_long(what));
}

/* A session that allows early data is the whole of what there is to ask: without one no client can send
 * any. */
static int keep_session(SSL *ssl, SSL_SESSION *session) {
    struct hats_http_probe_result *out = SSL_get_app_data(ssl);
    out->tickets++;
    if (SSL_SESSION_get_max_early_data(session) > 0)
        out->accepted = true;
    return 0;
}

static SSL_CTX *context_of(const struct hats_http_probe_offer *offer) {
    int version = offer->tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, version) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, version) != 1 ||
        SSL_CTX_set1_groups_list(ctx, offer->groups) != 1 ||
        SSL_CTX_set1_sigalgs_list(ctx, offer->signatures) != 1) {
        SSL_CTX_free(ctx);
        ERR_clear_error();
        return NULL;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_info_callback(ctx, watch);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    return ctx;
}

/* Drive one call (SSL_connect, or a read of one byte) until it is through or broken. */
static hats_status drive(SSL *ssl, int fd, uint64_t until_ns, bool reading, int *why) {
    for (;;) {
        uint8_t byte;
        ERR_clear_error();
        int rc = reading ? SSL_read(ssl, &byte, 1) : SSL_connect(ssl);
        *why = rc > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, rc);
        if (*why != SSL_ERROR_WANT_READ && *why != SSL_ERROR_WANT_WRITE)
            return HATS_OK;
        hats_status s =
            hats_http_wait(fd, *why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until_ns);
        if (s != HATS_OK)
            return s;
    }
}

static hats_status ask(struct hats_http_probe_result *out, SSL *ssl, int fd,
                       const struct hats_http_probe_offer *offer, uint64_t until_ns,
                       struct hats_error *err) {
    int why;
    if (drive(ssl, fd, until_ns, false, &why) != HATS_OK)
        return hats_fail(err, HATS_E_TIMEOUT, "no end of the handshake \"%s\"", offer->name);
    if (why != SSL_ERROR_NONE) {
        if (out->alert < 0) {
            const char *text = ERR_reason_error_string(ERR_peek_error());
            snprintf(out->text, sizeof out->text, "%s", text != NULL ? text : "connection closed");
        }
        return HATS_OK;
    }
    hats_tls_info_of(&out->info, NULL, ssl);
    snprintf(out->text, sizeof out->text, "%s, %s", out->info.group, out->info.signature);
    if (!offer->early_data) {
        out->accepted = true;
        return HATS_OK;
    }
    /* Tickets come before the server's first byte of HTTP/2. */
    if (drive(ssl, fd, until_ns, true, &why) != HATS_OK && out->tickets == 0)
        return hats_fail(err, HATS_E_TIMEOUT, "no ticket and no byte after the handshake");
    snprintf(out->text, sizeof out->text, "%u tickets, %s", out->tickets,
             out->accepted ? "with early data" : "none of which allows early data");
    return HATS_OK;
}

hats_status hats_http_probe(struct hats_http_probe_result *out, const char *host, uint16_t port,
                            const struct hats_http_probe_offer *offer, unsigned timeout_ms,
                            struct hats_error *err) {
    static const unsigned char alpn[] = "\x02h2";
    uint64_t until_ns = hats_monotonic_ns() + (uint64_t)timeout_ms * 1000000;
    int fd = -1;
    *out = (struct hats_http_probe_result){.alert = -1};
    hats_status s = hats_http_dial(&fd, host, port, until_ns, err);
    if (s != HATS_OK)
        return s;
    SSL_CTX *ctx = context_of(offer);
    SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
        SSL_set_alpn_protos(ssl, alpn, sizeof alpn - 1) != 0)
        s = hats_fail(err, HATS_E_CRYPTO, "this TLS library cannot make the offer \"%s\"",
                      offer->name);
    if (s == HATS_OK) {
        SSL_set_app_data(ssl, out);
        s = ask(out, ssl, fd, offer, until_ns, err);
    }
    ERR_clear_error();
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return s;
}
