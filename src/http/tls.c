#include "http/tls_priv.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

#define TICKET_LIFE_S 3600

const char *hats_tls_profile_name(enum hats_tls_profile p) {
    return p == HATS_TLS_STRICT ? "strict" : "browser";
}

bool hats_tls_profile_parse(enum hats_tls_profile *out, const char *name) {
    for (enum hats_tls_profile p = HATS_TLS_STRICT; p <= HATS_TLS_BROWSER; p++)
        if (strcmp(name, hats_tls_profile_name(p)) == 0) {
            *out = p;
            return true;
        }
    return false;
}

/* The library's configuration file must not add groups behind our back. */
static void init_library(void) { OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL); }

static hats_status check_groups(const char *list, struct hats_error *err) {
    for (const char *at = list; at != NULL;) {
        size_t len = strcspn(at, ":");
        const struct hats_tls_algorithm *g = hats_tls_group_by_name(at, len);
        if (g == NULL)
            return hats_fail(err, HATS_E_INSECURE,
                             "TLS group \"%.*s\" is not known here; use a list from %s",
                             (int)(len < 64 ? len : 64), at, hats_tls_default_groups);
        if (g->strength < HATS_TLS_HYBRID)
            return hats_fail(err, HATS_E_INSECURE,
                             "TLS group %s is classical; take it out of the list (allowed: %s)",
                             g->name, hats_tls_default_groups);
        at = at[len] == ':' ? at + len + 1 : NULL;
    }
    return HATS_OK;
}

const char *hats_tls_signatures_of(enum hats_tls_profile p) {
    return p == HATS_TLS_STRICT ? hats_tls_strict_signatures : hats_tls_browser_signatures;
}

static hats_status context_new(struct hats_tls **out, bool is_server, enum hats_tls_profile profile,
                               const char *groups, struct hats_error *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    struct hats_tls *t = hats_alloc(sizeof *t);
    SSL_CTX *ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    if (t == NULL || ctx == NULL) {
        hats_free(t);
        SSL_CTX_free(ctx);
        (void)hats_fail(err, HATS_E_MEMORY, "no memory for a TLS context");
        return HATS_E_MEMORY;
    }
    *t = (struct hats_tls){.ctx = ctx, .profile = profile, .is_server = is_server};
    atomic_init(&t->refs, 1);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, hats_tls_ciphersuites) != 1 ||
        SSL_CTX_set1_groups_list(ctx, groups) != 1 ||
        SSL_CTX_set1_sigalgs_list(ctx, hats_tls_signatures_of(profile)) != 1 ||
        SSL_CTX_set_max_early_data(ctx, 0) != 1 || SSL_CTX_set_recv_max_early_data(ctx, 0) != 1) {
        hats_tls_free(t);
        ERR_clear_error();
        (void)hats_fail(err, HATS_E_CRYPTO,
                        "the TLS library lacks a post-quantum algorithm; OpenSSL 3.5 is needed");
        return HATS_E_CRYPTO;
    }
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    *out = t;
    return HATS_OK;
}

/* [RFC7301] h2 before http/1.1; a client that offers neither gets no_application_protocol. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *offer, unsigned offer_len, void *arg) {
    (void)ssl;
    (void)arg;
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, offer, offer_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

hats_status hats_tls_server_new(struct hats_tls **out, const struct hats_tls_server_config *config,
                                struct hats_error *err) {
    *out = NULL;
    assert(config->chain_path != NULL && config->key_path != NULL);
    const char *groups = config->groups != NULL ? config->groups : hats_tls_default_groups;
    struct hats_tls_chain chain = {0};
    struct hats_tls *t = NULL;
    hats_status s = check_groups(groups, err);
    if (s == HATS_OK)
        s = context_new(&t, true, config->profile, groups, err);
    if (s == HATS_OK)
        s = hats_tls_chain_load(&chain, config->chain_path, config->key_path, err);
    if (s == HATS_OK)
        s = hats_tls_chain_check(&chain, config->profile, config->chain_path,
                                 (int64_t)(hats_now_ms() / 1000), t, err);
    if (s == HATS_OK &&
        SSL_CTX_use_cert_and_key(t->ctx, chain.leaf, chain.key, chain.above, 1) != 1) {
        ERR_clear_error();
        s = hats_fail(err, HATS_E_CRYPTO, "%s: the TLS library does not take this certificate",
                      config->chain_path);
    }
    if (s == HATS_OK) {
        SSL_CTX_set_mode(t->ctx, SSL_MODE_NO_AUTO_CHAIN);
        SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_timeout(t->ctx, TICKET_LIFE_S);
        SSL_CTX_set_options(t->ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
        SSL_CTX_set_alpn_select_cb(t->ctx, choose_alpn, NULL);
        *out = t;
        t = NULL;
    }
    hats_tls_chain_clear(&chain);
    hats_tls_free(t);
    return s;
}

/* A chain is as good as its weakest certificate. The check runs inside verification, so that the server
 * is told with an alert; the signature of a trusted root on itself counts for nothing. */
static int verify_link(int ok, X509_STORE_CTX *store) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct hats_tls *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    X509 *x = X509_STORE_CTX_get_current_cert(store);
    if (ok == 0 || x == NULL)
        return ok;
    enum hats_tls_strength least =
        t->profile == HATS_TLS_STRICT ? HATS_TLS_HYBRID : HATS_TLS_CLASSICAL;
    bool is_anchor =
        X509_STORE_CTX_get_error_depth(store) + 1 == sk_X509_num(X509_STORE_CTX_get0_chain(store));
    if (hats_tls_certificate_strength(x, !is_anchor) >= least)
        return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

static hats_status trust_roots(struct hats_tls *t, const char *roots_path, struct hats_error *err) {
    STACK_OF(X509) *roots = sk_X509_new_null();
    if (roots == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the roots of %s", roots_path);
    hats_status s = hats_tls_read_certificates(roots, roots_path, err);
    for (int i = 0; s == HATS_OK && i < sk_X509_num(roots); i++) {
        X509 *x = sk_X509_value(roots, i);
        if (t->profile == HATS_TLS_STRICT &&
            hats_tls_certificate_strength(x, false) < HATS_TLS_HYBRID) {
            char what[128];
            hats_tls_certificate_describe(what, sizeof what, x);
            s = hats_fail(err, HATS_E_INSECURE,
                          "%s: trusts a certificate with %s, which is not post-quantum; take the "
                          "ML-DSA root, or use the profile \"browser\"",
                          roots_path, what);
        } else if (X509_STORE_add_cert(SSL_CTX_get_cert_store(t->ctx), x) != 1) {
            s = hats_fail(err, HATS_E_MEMORY, "%s: the TLS library does not take a root",
                          roots_path);
        }
    }
    sk_X509_pop_free(roots, X509_free);
    ERR_clear_error();
    return s;
}

hats_status hats_tls_client_new(struct hats_tls **out, enum hats_tls_profile profile,
                                const char *roots_path, struct hats_error *err) {
    *out = NULL;
    struct hats_tls *t = NULL;
    hats_status s = context_new(&t, false, profile, hats_tls_default_groups, err);
    if (s != HATS_OK)
        return s;
    s = trust_roots(t, roots_path, err);
    if (s != HATS_OK) {
        hats_tls_free(t);
        return s;
    }
    /* PARTIAL_CHAIN: what is in the file is trusted as it is, root or not. */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(t->ctx), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_app_data(t->ctx, t);
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, verify_link);
    *out = t;
    return HATS_OK;
}

struct hats_tls *hats_tls_hold(const struct hats_tls *t) {
    struct hats_tls *mine = (struct hats_tls *)t;
    atomic_fetch_add(&mine->refs, 1);
    return mine;
}

void hats_tls_free(struct hats_tls *t) {
    if (t == NULL || atomic_fetch_sub(&t->refs, 1) != 1)
        return;
    SSL_CTX_free(t->ctx);
    hats_free(t);
}

enum hats_tls_profile hats_tls_profile_of(const struct hats_tls *t) { return t->profile; }
int64_t hats_tls_not_after(const struct hats_tls *t) { return t->not_after; }
enum hats_tls_strength hats_tls_authentication_of(const struct hats_tls *t) {
    return t->authentication;
}
