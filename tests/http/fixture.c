#include "http/fixture.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/hats-http-XXXXXX";

int certificates_make(void **state) {
    char command[512];
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(command, sizeof command, "%s %s %s", HATS_TEST_MAKE_CERTS, HATS_TEST_OPENSSL, folder);
    return system(command) == 0 ? 0 : -1;
}

int certificates_remove(void **state) {
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

const char *certificate(const char *name) {
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void pause_ms(unsigned ms) {
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

uint8_t fixture_pattern(uint64_t seed, size_t at) {
    uint64_t x = (seed + at) * 0x9e3779b97f4a7c15u;
    return (uint8_t)(x >> 56 ^ x >> 17);
}

uint8_t *fixture_body(uint64_t seed, size_t len) {
    uint8_t *body = hats_alloc(len > 0 ? len : 1);
    assert_non_null(body);
    for (size_t i = 0; i < len; i++)
        body[i] = fixture_pattern(seed, i);
    return body;
}

/* ---- the handler ---- */

static void answer_text(struct hats_http_request *r, unsigned status, const char *text) {
    const struct hats_http_header type = {"Content-Type", "text/plain"};
    hats_http_respond(r, status, &type, 1, text, strlen(text));
}

static bool path_is(const struct hats_http_request *r, const char *path) {
    return strcmp(hats_http_request_path(r), path) == 0;
}

static enum hats_http_admission on_headers(void *user, struct hats_http_request *r, uint64_t *max) {
    struct fixture *f = user;
    atomic_fetch_add(&f->headers, 1);
    hats_http_request_set_data(r, f);
    if (path_is(r, "/small"))
        *max = 1000;
    if (path_is(r, "/fail")) {
        uint64_t n = 0;
        const char *query = hats_http_request_query(r);
        assert(hats_parse_u64(&n, query, strlen(query)));
        hats_alloc_fail_at(n);
    }
    if (!path_is(r, "/deny"))
        return HATS_HTTP_ADMIT;
    answer_text(r, 401, "no");
    return HATS_HTTP_ANSWERED;
}

static enum hats_http_admission on_body(void *user, struct hats_http_request *r,
                                        const uint8_t *body, size_t len, size_t new_bytes) {
    (void)user;
    assert(new_bytes > 0 && new_bytes <= len && body != NULL);
    if (!path_is(r, "/stop") || len < 10000)
        return HATS_HTTP_ADMIT;
    answer_text(r, 422, "enough");
    return HATS_HTTP_ANSWERED;
}

static void echo(struct hats_http_request *r) {
    size_t len;
    const uint8_t *body = hats_http_request_body(r, &len);
    const struct hats_http_header headers[] = {{"content-type", "application/octet-stream"},
                                               {"x-query", hats_http_request_query(r)}};
    hats_http_respond(r, 200, headers, 2, body, len);
}

static void echo_later(void *arg) {
    struct hats_http_request *r = arg;
    pause_ms((unsigned)(hats_http_request_id(r) * 7 % 4));
    echo(r);
}

static void send_bytes(struct hats_http_request *r) {
    uint64_t n = 0;
    const char *query = hats_http_request_query(r);
    if (!hats_parse_u64(&n, query, strlen(query)) || n > 100000000) {
        answer_text(r, 400, "how many?");
        return;
    }
    uint8_t *body = fixture_body(n, n);
    hats_http_respond_owned(r, 200, NULL, 0, body, n, hats_free, body);
}

static void send_info(struct hats_http_request *r) {
    char text[512];
    const struct hats_tls_info *tls = hats_http_request_tls(r);
    snprintf(text, sizeof text, "%s %s %s %s %s %s %s %s %d", hats_http_request_method(r),
             hats_http_request_path(r), hats_http_request_query(r), hats_http_request_authority(r),
             tls->group, tls->signature, hats_tls_strength_name(tls->server_authentication),
             hats_http_request_peer(r)->text, (int)hats_http_request_version(r));
    answer_text(r, 200, text);
}

static void send_exporter(struct hats_http_request *r) {
    char hex[2 * HATS_TLS_EXPORTER_BYTES + 1];
    hats_hex_encode(hex, hats_http_request_tls(r)->exporter, HATS_TLS_EXPORTER_BYTES);
    answer_text(r, 200, hex);
}

static void on_refusal(void *user, enum hats_http_refusal why, struct hats_buffer *body,
                       const char **type) {
    (void)user;
    *type = "application/problem+json";
    hats_buffer_printf(body, "{\"why\":%d}", (int)why);
}

static void hold(struct fixture *f, struct hats_http_request *r) {
    pthread_mutex_lock(&f->lock);
    bool room = f->n_held < HATS_COUNT_OF(f->held);
    if (room)
        f->held[f->n_held++] = r;
    pthread_mutex_unlock(&f->lock);
    if (!room)
        hats_http_abandon(r);
}

static void on_request(void *user, struct hats_http_request *r) {
    static const struct hats_http_header split = {"x-split", "a\r\nset-cookie: b"};
    struct fixture *f = user;
    atomic_fetch_add(&f->requests, 1);
    if (path_is(r, "/echo") || path_is(r, "/small") || path_is(r, "/stop") || path_is(r, "/fail"))
        echo(r);
    else if (path_is(r, "/bytes"))
        send_bytes(r);
    else if (path_is(r, "/exporter"))
        send_exporter(r);
    else if (path_is(r, "/info"))
        send_info(r);
    else if (path_is(r, "/hold"))
        hold(f, r);
    else if (path_is(r, "/abandon"))
        hats_http_abandon(r);
    else if (path_is(r, "/inject"))
        hats_http_respond(r, 200, &split, 1, "x", 1);
    else if (!path_is(r, "/later"))
        answer_text(r, 404, "not here");
    else if (hats_pool_try_submit(f->pool, echo_later, r) != HATS_OK)
        answer_text(r, 503, "queue full");
}

static void on_closed(void *user, struct hats_http_request *r) {
    struct fixture *f = user;
    assert(hats_http_request_closed(r));
    atomic_fetch_add(&f->closed, 1);
}

static void on_freed(void *user, struct hats_http_request *r) {
    struct fixture *f = user;
    assert(hats_http_request_data(r) == f);
    if (path_is(r, "/fail"))
        hats_alloc_fail_at(0);
    atomic_fetch_add(&f->freed, 1);
}

/* ---- start and stop ---- */

void fixture_start(struct fixture *f, const struct hats_http_server_config *config) {
    struct hats_http_server_config c;
    struct hats_error err = {0};
    memset(f, 0, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    if (config != NULL)
        c = *config;
    else
        hats_http_server_config_init(&c);
    const struct hats_tls_server_config tls = {.chain_path = certificate("leaf.pem"),
                                               .key_path = certificate("leaf.key")};
    if (hats_tls_server_new(&f->server_tls, &tls, &err) != HATS_OK ||
        hats_tls_client_new(&f->client_tls, HATS_TLS_STRICT, certificate("root.pem"), &err) !=
            HATS_OK)
        fail_msg("%s", err.text);
    f->pool = hats_pool_new(3, 1024);
    assert_non_null(f->pool);
    c.address = "127.0.0.1";
    c.tls = f->server_tls;
    c.handler = (struct hats_http_handler){.user = f,
                                           .on_headers = on_headers,
                                           .on_body = on_body,
                                           .on_request = on_request,
                                           .on_closed = on_closed,
                                           .on_freed = on_freed,
                                           .on_refusal = on_refusal};
    if (hats_http_server_start(&f->server, &c, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

void fixture_stop(struct fixture *f) {
    hats_pool_free(f->pool);
    hats_http_server_free(f->server);
    fixture_release(f);
    assert_int_equal(f->headers, f->freed);
    hats_tls_free(f->server_tls);
    hats_tls_free(f->client_tls);
    pthread_mutex_destroy(&f->lock);
}

unsigned fixture_release(struct fixture *f) {
    pthread_mutex_lock(&f->lock);
    unsigned n = f->n_held;
    f->n_held = 0;
    for (unsigned i = 0; i < n; i++)
        answer_text(f->held[i], 200, "held");
    pthread_mutex_unlock(&f->lock);
    return n;
}

struct hats_http_client *fixture_connect(struct fixture *f) {
    struct hats_http_client_config config;
    struct hats_http_client *c;
    struct hats_error err = {0};
    hats_http_client_config_init(&config);
    config.host = "127.0.0.1";
    config.port = hats_http_server_port(f->server);
    config.tls = f->client_tls;
    if (hats_http_client_connect(&c, &config, &err) != HATS_OK)
        fail_msg("%s", err.text);
    return c;
}

struct hats_http_counters fixture_counters(struct fixture *f) {
    struct hats_http_counters c;
    hats_http_server_counters(f->server, &c);
    return c;
}

void pump(struct hats_http_client *c, enum hats_http_until until, unsigned timeout_ms) {
    hats_status s = hats_http_client_run(c, until, timeout_ms, NULL);
    assert_true(s == HATS_OK || s == HATS_E_TIMEOUT);
}

void wait_for(atomic_uint *value, unsigned wanted) {
    for (int i = 0; i < 2500 && atomic_load(value) < wanted; i++)
        pause_ms(2);
    assert_true(atomic_load(value) >= wanted);
}
