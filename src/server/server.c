/* Life of the service, and the path of a request between transport, workers and gate. */
#include "server/service.h"
#include "server/transparency.h"

#include "base/arena.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/text.h"
#include "evidence/trust.h"
#include "hash/sha256.h"
#include "store/store.h"
#include "wire/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)
#define KEY_SET_MAX (1u << 20)
#define HOUSEKEEPING_S 60
#define CERTIFICATE_WARNING_S (7 * 86400)

/* ---- a request ---- */

static void run_exchange(void *arg) {
    struct exchange *x = arg;
    /* Nothing was accepted yet, so a client that left costs no evaluation. */
    if (x->call != NULL && hats_http_request_closed(x->request))
        hats_http_abandon(x->request);
    else
        x->route->run(x);
}

static enum hats_problem admit(struct exchange *x, uint64_t *max_body_bytes,
                               struct hats_error *detail) {
    const struct route *r = x->route;
    if (r->admit != NULL)
        return r->admit(x, max_body_bytes, detail);
    *max_body_bytes = 0;
    if (!(r->flags & ROUTE_TOKEN))
        return HATS_PROBLEM_NONE;
    return hats_gate_authenticate(x->server->gate, &x->tenant,
                                  hats_http_request_header(x->request, "authorization"), detail);
}

static enum hats_http_admission on_headers(void *user, struct hats_http_request *r,
                                           uint64_t *max_body_bytes) {
    struct hats_server *s = user;
    struct exchange *x = hats_alloc(sizeof *x);
    struct hats_error detail = {0};
    bool path_known;
    if (x == NULL) {
        hats_http_abandon(r);
        return HATS_HTTP_ANSWERED;
    }
    *x = (struct exchange){.server = s, .request = r, .started_ns = hats_monotonic_ns()};
    hats_http_request_set_data(r, x);
    x->route = hats_server_route_find(hats_http_request_method(r), hats_http_request_path(r),
                                      x->parameter, &path_known);
    enum hats_problem p = path_known ? HATS_PROBLEM_METHOD : HATS_PROBLEM_NOT_FOUND;
    if (x->route != NULL)
        p = admit(x, max_body_bytes, &detail);
    else
        hats_gate_count(s->gate, p);
    if (p == HATS_PROBLEM_NONE)
        return HATS_HTTP_ADMIT;
    hats_server_answer_problem(x, p, detail.text, NULL);
    return HATS_HTTP_ANSWERED;
}

struct hats_gate_connection hats_server_connection(const struct exchange *x) {
    const struct hats_tls_info *tls = hats_http_request_tls(x->request);
    return (struct hats_gate_connection){
        .tls_group = tls->group,
        .tls_signature = tls->signature,
        .server_auth_pq = tls->server_authentication == HATS_TLS_PQ,
    };
}

/* Here, on the thread that owns the connection: its keys are nobody else's to touch. */
static void note_exporter(struct exchange *x) {
    size_t len;
    const uint8_t *body = hats_http_request_body(x->request, &len);
    const uint8_t *nonce = body != NULL ? hats_gate_session_nonce(body, len) : NULL;
    if (nonce != NULL)
        x->has_exporter = hats_http_request_export(x->request, x->exporter,
                                                   HATS_SESSION_EXPORTER_LABEL, nonce, 32);
}

static void on_request(void *user, struct hats_http_request *r) {
    struct hats_server *s = user;
    struct exchange *x = hats_http_request_data(r);
    if (x->route->flags & ROUTE_BOUND)
        note_exporter(x);
    if (!(x->route->flags & ROUTE_WORKER)) {
        x->route->run(x);
    } else if (hats_pool_try_submit(s->pool, run_exchange, x) != HATS_OK) {
        hats_gate_count(s->gate, HATS_PROBLEM_BUSY);
        hats_server_answer_problem(x, HATS_PROBLEM_BUSY, NULL, NULL);
    }
}

static void on_freed(void *user, struct hats_http_request *r) {
    (void)user;
    struct exchange *x = hats_http_request_data(r);
    if (x != NULL)
        hats_gate_call_free(x->call);
    hats_free(x);
}

/* What the transport refuses by itself, in the words of the problem table where it has one. */
static void on_refusal(void *user, enum hats_http_refusal why, struct hats_buffer *body,
                       const char **content_type) {
    struct hats_server *s = user;
    enum hats_problem p = HATS_PROBLEM_NONE;
    *content_type = "application/problem+json";
    switch (why) {
    case HATS_HTTP_LENGTH_REQUIRED: p = HATS_PROBLEM_LENGTH_REQUIRED; break;
    case HATS_HTTP_BODY_TOO_LARGE: p = HATS_PROBLEM_BODY_TOO_LARGE; break;
    case HATS_HTTP_ABANDONED: p = HATS_PROBLEM_INTERNAL; break;
    case HATS_HTTP_NO_MEMORY: p = HATS_PROBLEM_BUSY; break;
    case HATS_HTTP_DRAINING: p = HATS_PROBLEM_DRAINING; break;
    default: break;
    }
    if (p != HATS_PROBLEM_NONE) {
        hats_gate_count(s->gate, p);
        hats_problem_render(body, p, NULL);
        return;
    }
    json_t *doc = json_pack(
        "{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", hats_http_refusal_text(why),
        "status", (int)hats_http_refusal_status(why), "error", hats_http_refusal_text(why));
    char *text = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;
    if (text != NULL)
        hats_buffer_append(body, text, strlen(text));
    free(text);
    json_decref(doc);
}

/* ---- parts ---- */

hats_status hats_server_store_open(struct hats_store **out, const struct hats_server_config *c,
                                   struct hats_error *err) {
    char path[HATS_PATH_MAX];
    struct hats_store_config config;
    hats_store_config_init(&config);
    hats_status status = hats_server_config_path(path, c, c->store_path, err);
    if (status != HATS_OK)
        return status;
    config.path = path;
    config.max_bytes = c->store_mib * MIB;
    status = hats_store_open(out, &config, err);
    return status == HATS_OK ? HATS_OK : hats_fail_in(err, status, "%s", path);
}

static hats_status load_key_set(struct hats_server *s, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    uint8_t kid[HATS_THUMBPRINT_LEN];
    struct hats_trust trust;
    hats_status status = hats_server_config_path(path, &s->config, s->config.key_set, err);
    if (status == HATS_OK)
        status = hats_file_read(&s->key_set, path, err);
    if (status != HATS_OK)
        return status;
    hats_trust_init(&trust);
    status = hats_trust_load(&trust, s->key_set.data, s->key_set.len, err);
    if (status != HATS_OK)
        return hats_fail_in(err, status, "%s", path);
    hats_cose_thumbprint_of(kid, s->signer);
    const struct hats_trust_key *key = hats_trust_find(&trust, kid);
    if (hats_trust_judge(key, HATS_ROLE_RECEIPT, hats_now_ms(), hats_now_ms()) !=
        HATS_SIGNER_TRUSTED)
        status = hats_fail(err, HATS_E_TRUST,
                           "%s does not hold the signing key as a valid receipt signer: nobody "
                           "could verify a receipt",
                           path);
    hats_trust_clear(&trust);
    return status;
}

static hats_status load_signer(struct hats_server *s, bool harden, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    hats_status status = hats_server_config_path(path, &s->config, s->config.signing_key, err);
    if (status == HATS_OK)
        status = hats_mldsa_load(&s->signer, path, err);
    if (status != HATS_OK)
        return status;
    /* The key's pages are among the few that exist now. Best effort: the limit may be too low. */
    if (harden && mlockall(MCL_CURRENT) != 0)
        hats_server_log("warning", "keys-not-locked", "reason", strerror(errno), "advice",
                        "raise LimitMEMLOCK, or switch swap off");
    return load_key_set(s, err);
}

/* SHA-256 of the running program: what receipts call the build. */
static hats_status digest_program(uint8_t out[32], struct hats_error *err) {
    static uint8_t block[1u << 16]; /* once, at start */
    struct hats_sha256 h;
    hats_sha256_init(&h);
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? 1 : -1;
    while (n > 0) {
        n = read(fd, block, sizeof block);
        if (n > 0)
            hats_sha256_update(&h, block, (size_t)n);
    }
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return hats_fail(err, HATS_E_IO, "the running program cannot be read from /proc/self/exe");
    hats_sha256_final(&h, out);
    return HATS_OK;
}

static hats_status make_gate(struct hats_server *s, struct hats_error *err) {
    const struct hats_server_config *c = &s->config;
    const char *origins[CONFIG_LIST_MAX];
    struct hats_gate_config config;
    hats_gate_config_init(&config);
    for (size_t i = 0; i < c->origins.n; i++)
        origins[i] = c->origins.items[i];
    config.store = s->store;
    config.signer = s->signer;
    config.issuer = c->issuer;
    config.origins = origins;
    config.n_origins = c->origins.n;
    config.clock_skew_ms = c->clock_skew_s * 1000;
    config.lease_ms = c->lease_s * 1000;
    config.retention_ms = c->retention_hours * 3600000;
    config.memory_budget_bytes = c->call_memory_mib * MIB;
    config.key_cache_bytes = c->key_cache_mib * MIB;
    config.max_calls = (unsigned)c->max_calls;
    config.max_evaluations = (unsigned)c->evaluations;
    config.requests_per_s = (unsigned)c->requests_per_s;
    config.burst = (unsigned)c->burst;
    config.session_calls = (unsigned)c->session_calls;
    config.session_life_s = (unsigned)c->session_seconds;
    hats_status status = digest_program(config.build_digest, err);
    return status == HATS_OK ? hats_gate_new(&s->gate, &config, err) : status;
}

static hats_status load_models(struct hats_server *s, size_t *n, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    hats_status status = hats_server_config_path(path, &s->config, s->config.models_path, err);
    return status == HATS_OK ? hats_gate_models_load(s->gate, path, n, err) : status;
}

static hats_status make_tls(struct hats_server *s, struct hats_error *err) {
    const struct hats_server_config *c = &s->config;
    char chain[HATS_PATH_MAX], key[HATS_PATH_MAX];
    struct hats_tls_server_config config = {
        .chain_path = chain,
        .key_path = key,
        .groups = c->tls_groups[0] != '\0' ? c->tls_groups : NULL,
    };
    if (!hats_tls_profile_parse(&config.profile, c->tls_profile))
        return hats_fail(err, HATS_E_USAGE, "%s: tls profile is '%s'; it may be strict or browser",
                         c->path, c->tls_profile);
    hats_status status = hats_server_config_path(chain, c, c->tls_certificate, err);
    if (status == HATS_OK)
        status = hats_server_config_path(key, c, c->tls_key, err);
    return status == HATS_OK ? hats_tls_server_new(&s->tls, &config, err) : status;
}

/* Everything but the socket and the threads. */
static hats_status prepare(struct hats_server *s, const struct hats_server_config *config,
                           bool harden, size_t *n_models, struct hats_error *err) {
    s->config = *config;
    s->started_ms = hats_now_ms();
    hats_buffer_init(&s->key_set, KEY_SET_MAX);
    hats_status status = load_signer(s, harden, err);
    if (status == HATS_OK)
        status = hats_server_store_open(&s->store, &s->config, err);
    if (status == HATS_OK)
        status = hats_server_log_open(&s->log, s, err);
    if (status == HATS_OK)
        status = make_gate(s, err);
    if (status == HATS_OK)
        status = make_tls(s, err);
    if (status == HATS_OK)
        status = load_models(s, n_models, err);
    return status;
}

/* A listening socket on a port that the system chooses, known before the gate needs its origins. */
static hats_status listen_anywhere(struct hats_server_config *c, int *out, struct hats_error *err) {
    char address[sizeof c->listen];
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    memcpy(address, c->listen, sizeof address);
    if (getaddrinfo(address, "0", &hints, &found) != 0)
        return hats_fail(err, HATS_E_USAGE, "'%s' is no numeric address to listen on", address);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0 &&
              listen(fd, SOMAXCONN) == 0 && getsockname(fd, (struct sockaddr *)&bound, &len) == 0;
    freeaddrinfo(found);
    if (!ok) {
        hats_fail(err, HATS_E_NETWORK, "cannot listen on %s: %s", address, strerror(errno));
        if (fd >= 0)
            close(fd);
        return HATS_E_NETWORK;
    }
    uint16_t port = bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                : ((struct sockaddr_in *)&bound)->sin_port;
    hats_server_config_listen(c, NULL, ntohs(port));
    *out = fd;
    return HATS_OK;
}

static hats_status start_http(struct hats_server *s, int listen_fd, struct hats_error *err) {
    const struct hats_server_config *c = &s->config;
    struct hats_http_server_config config;
    hats_http_server_config_init(&config);
    config.address = c->listen;
    config.port = (uint16_t)c->port;
    config.listen_fd = listen_fd;
    config.tls = s->tls;
    config.n_io_threads = (unsigned)c->io_threads;
    config.limits.max_connections = (unsigned)c->max_connections;
    config.limits.max_connections_per_network = (unsigned)c->connections_per_network;
    config.limits.handshakes_per_s = (unsigned)c->handshakes_per_s;
    config.limits.max_streams = (unsigned)c->max_streams;
    config.limits.body_memory_bytes = c->body_memory_mib * MIB;
    config.handler = (struct hats_http_handler){
        .user = s,
        .on_headers = on_headers,
        .on_request = on_request,
        .on_freed = on_freed,
        .on_refusal = on_refusal,
    };
    return hats_http_server_start(&s->http, &config, err);
}

/* ---- now and then ---- */

static void keep_house(struct hats_server *s) {
    struct hats_error err = {0};
    size_t dropped = 0;
    if (hats_gate_housekeeping(s->gate, &dropped, &err) != HATS_OK)
        hats_server_log("error", "housekeeping", "reason", err.text);
    int64_t left = hats_tls_not_after(s->tls) - (int64_t)(hats_now_ms() / 1000);
    if (left < CERTIFICATE_WARNING_S)
        hats_server_log("warning", "certificate-expires", "advice",
                        "make a new certificate and restart");
}

/* Wakes three times a lease, so that a call which takes longer than its lease keeps it. */
static void *housekeeper(void *arg) {
    struct hats_server *s = arg;
    uint64_t lease_ms = s->config.lease_s * 1000;
    uint64_t tick_ms = lease_ms / 3 < HOUSEKEEPING_S * 1000 ? lease_ms / 3 : HOUSEKEEPING_S * 1000;
    uint64_t next_ns = hats_monotonic_ns() + HOUSEKEEPING_S * UINT64_C(1000000000);
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        uint64_t ns = (uint64_t)until.tv_nsec + tick_ms * 1000000;
        until.tv_sec += (time_t)(ns / 1000000000);
        until.tv_nsec = (long)(ns % 1000000000);
        if (pthread_cond_timedwait(&s->wake, &s->lock, &until) != ETIMEDOUT)
            continue;
        pthread_mutex_unlock(&s->lock);
        hats_gate_renew_leases(s->gate);
        if (hats_monotonic_ns() >= next_ns) {
            keep_house(s);
            next_ns = hats_monotonic_ns() + HOUSEKEEPING_S * UINT64_C(1000000000);
        }
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- life ---- */

static struct hats_server *new_server(struct hats_error *err) {
    struct hats_server *s = hats_alloc(sizeof *s);
    if (s == NULL) {
        hats_fail(err, HATS_E_MEMORY, "no memory for the server");
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    return s;
}

/* Order matters: first no more requests, then no more workers, then what both use. */
static void free_server(struct hats_server *s) {
    hats_http_server_free(s->http);
    hats_pool_free(s->pool);
    if (s->housekeeper_runs) {
        pthread_mutex_lock(&s->lock);
        s->stop = true;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->housekeeper, NULL);
    }
    hats_gate_free(s->gate);
    hats_server_log_close(s->log);
    hats_store_close(s->store);
    hats_tls_free(s->tls);
    hats_mldsa_free(s->signer);
    hats_buffer_clear(&s->key_set);
    free(s->openapi);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    hats_free(s);
}

static hats_status start_threads(struct hats_server *s, int listen_fd, struct hats_error *err) {
    json_t *openapi = hats_server_openapi();
    s->openapi = openapi != NULL ? json_dumps(openapi, JSON_COMPACT) : NULL;
    json_decref(openapi);
    /* Calls are bounded by the gate; the queue also holds the other requests that wait for the disk. */
    unsigned queue = (unsigned)s->config.max_calls + 1024;
    s->pool = hats_pool_new((unsigned)s->config.workers, queue < 65536 ? queue : 65536);
    if (s->openapi == NULL || s->pool == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory or threads for %llu workers",
                         (unsigned long long)s->config.workers);
    hats_status status = start_http(s, listen_fd, err);
    if (status == HATS_OK && s->log != NULL)
        status = hats_server_log_start(s->log, err);
    if (status != HATS_OK)
        return status;
    s->housekeeper_runs = pthread_create(&s->housekeeper, NULL, housekeeper, s) == 0;
    return s->housekeeper_runs ? HATS_OK : hats_fail(err, HATS_E_MEMORY, "no thread to be had");
}

static void log_start(const struct hats_server *s, size_t n_models) {
    char models[24], port[8];
    snprintf(models, sizeof models, "%zu", n_models);
    snprintf(port, sizeof port, "%u", (unsigned)hats_server_port(s));
    hats_server_log("info", "started", "version", HATS_VERSION, "listen", s->config.listen, "port",
                    port, "origin", hats_server_origin(s), "models", models, "tls",
                    s->config.tls_profile);
    if (n_models == 0)
        hats_server_log("warning", "no-models", "advice",
                        "put published packages into the models folder and send SIGHUP");
}

hats_status hats_server_start_with(struct hats_server **out,
                                   const struct hats_server_config *config, int listen_fd,
                                   bool harden, struct hats_error *err) {
    size_t n_models = 0;
    struct hats_server_config copy = *config;
    hats_status status = HATS_OK;
    *out = NULL;
    if (listen_fd < 0 && copy.port == 0)
        status = listen_anywhere(&copy, &listen_fd, err);
    struct hats_server *s = status == HATS_OK ? new_server(err) : NULL;
    if (s == NULL)
        return status != HATS_OK ? status : HATS_E_MEMORY;
    status = prepare(s, &copy, harden, &n_models, err);
    if (status == HATS_OK)
        status = start_threads(s, listen_fd, err);
    else if (listen_fd >= 0)
        close(listen_fd);
    if (status != HATS_OK) {
        free_server(s);
        return status;
    }
    log_start(s, n_models);
    *out = s;
    return HATS_OK;
}

hats_status hats_server_start(struct hats_server **out, const struct hats_server_config *config,
                              struct hats_error *err) {
    return hats_server_start_with(out, config, -1, false, err);
}

uint16_t hats_server_port(const struct hats_server *s) { return hats_http_server_port(s->http); }

const char *hats_server_origin(const struct hats_server *s) { return s->config.origins.items[0]; }

hats_status hats_server_reload(struct hats_server *s, struct hats_error *err) {
    size_t n = 0;
    hats_status status = load_models(s, &n, err);
    if (status == HATS_OK)
        hats_server_log("info", "reloaded");
    else
        hats_server_log("error", "reload-failed", "reason", err != NULL ? err->text : "");
    return status;
}

hats_status hats_server_stop(struct hats_server *s) {
    if (s == NULL)
        return HATS_OK;
    hats_gate_drain(s->gate);
    hats_server_log("info", "draining");
    hats_status status = hats_http_server_drain(s->http, (unsigned)s->config.drain_seconds * 1000);
    hats_server_log("info", "stopped", "drained", status == HATS_OK ? "yes" : "no");
    free_server(s);
    return status;
}

/* ---- --check ---- */

static void print_model(FILE *out, struct hats_gate *g, const char *name) {
    struct hats_gate_model m;
    if (!hats_gate_model_hold(g, &m, name))
        return;
    fprintf(out,
            "model      %s %s, published by %s: %u inputs, %u outputs, %zu bytes up, %zu down\n",
            m.name, m.version, m.publisher, m.d, m.k, m.ciphertext_bytes, m.answer_bytes);
    hats_gate_model_release(&m);
}

hats_status hats_server_check(const struct hats_server_config *config, FILE *out,
                              struct hats_error *err) {
    size_t n = 0;
    char(*names)[HATS_GATE_NAME_MAX] = NULL;
    struct hats_server *s = new_server(err);
    if (s == NULL)
        return HATS_E_MEMORY;
    hats_status status = prepare(s, config, false, &n, err);
    if (status == HATS_OK)
        status = hats_gate_model_names(s->gate, &names, &n, err);
    if (status == HATS_OK) {
        fprintf(out, "configuration %s is good\n", config->path);
        fprintf(out, "listen     %s port %llu\n", config->listen, (unsigned long long)config->port);
        for (size_t i = 0; i < config->origins.n; i++)
            fprintf(out, "origin     %s\n", config->origins.items[i]);
        fprintf(out, "transport  %s, server authentication %s\n", config->tls_profile,
                hats_tls_strength_name(hats_tls_authentication_of(s->tls)));
        fprintf(out, "proofs     %s\n", config->proofs);
        for (size_t i = 0; i < n; i++)
            print_model(out, s->gate, names[i]);
        if (n == 0)
            fprintf(out, "no model is published in %s: nothing would be served\n",
                    config->models_path);
    }
    hats_free(names);
    free_server(s);
    return status;
}
