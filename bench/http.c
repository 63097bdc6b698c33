/* http: one server and one client on the loopback, TLS 1.3 with X25519MLKEM768 and ML-DSA-65. Both ends
 * and the kernel between them share this machine's processors, so these are wall times of the pair.
 *
 *   http.handshake      connect, shake hands, close; both sides
 *   http.roundtrip      one small request after the other
 *   http.small          128 small requests in flight; time for each
 *   http.upload         a body of 16 MiB; http.download the same the other way
 */
#include "base/arena.h"
#include "base/file.h"
#include "bench.h"
#include "http/client.h"
#include "http/server.h"
#include "pq/cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN_FLIGHT 128
#define LARGE_BYTES (16u << 20)

struct work {
    char dir[64];
    struct hats_tls *server_tls, *client_tls;
    struct hats_http_server *server;
    struct hats_http_client *client;
    uint8_t *large;
    struct hats_error err;
    bool failed;
};

static enum hats_http_admission admit(void *user, struct hats_http_request *r, uint64_t *max) {
    (void)user;
    (void)r;
    (void)max;
    return HATS_HTTP_ADMIT;
}

static void answer(void *user, struct hats_http_request *r) {
    const struct work *w = user;
    if (strcmp(hats_http_request_path(r), "/large") == 0)
        hats_http_respond_owned(r, 200, NULL, 0, w->large, LARGE_BYTES, NULL, NULL);
    else
        hats_http_respond(r, 200, NULL, 0, "ok", 2);
}

/* ---- certificates and the pair ---- */

static void paths(const struct work *w, char out[4][HATS_PATH_MAX]) {
    static const char *const names[] = {"root.pem", "root.key", "leaf.pem", "leaf.key"};
    for (size_t i = 0; i < 4; i++)
        snprintf(out[i], HATS_PATH_MAX, "%s/%s", w->dir, names[i]);
}

static hats_status make_certificates(struct work *w, char at[4][HATS_PATH_MAX]) {
    static const char *const ip = "127.0.0.1";
    const struct hats_cert_names names = {.ip = &ip, .n_ip = 1};
    struct hats_sign_key *root = NULL, *leaf = NULL;
    hats_status s = hats_mldsa_generate(&root, HATS_MLDSA_87, &w->err);
    if (s == HATS_OK)
        s = hats_mldsa_generate(&leaf, HATS_MLDSA_65, &w->err);
    if (s == HATS_OK)
        s = hats_cert_make_root(at[0], root, "bench root", 1, &w->err);
    if (s == HATS_OK)
        s = hats_cert_make_leaf(at[2], leaf, &names, 1, at[0], root, &w->err);
    if (s == HATS_OK)
        s = hats_mldsa_save(leaf, at[3], &w->err);
    hats_mldsa_free(root);
    hats_mldsa_free(leaf);
    return s;
}

static hats_status connect_client(struct work *w, struct hats_http_client **out) {
    struct hats_http_client_config config;
    hats_http_client_config_init(&config);
    config.host = "127.0.0.1";
    config.port = hats_http_server_port(w->server);
    config.tls = w->client_tls;
    return hats_http_client_connect(out, &config, &w->err);
}

static hats_status start(struct work *w) {
    char at[4][HATS_PATH_MAX];
    struct hats_http_server_config config;
    snprintf(w->dir, sizeof w->dir, "/tmp/hats-bench-XXXXXX");
    w->large = hats_alloc(LARGE_BYTES);
    if (w->large == NULL || mkdtemp(w->dir) == NULL)
        return hats_fail(&w->err, HATS_E_MEMORY, "no memory or no place for temporary files");
    paths(w, at);
    hats_status s = make_certificates(w, at);
    const struct hats_tls_server_config tls = {.chain_path = at[2], .key_path = at[3]};
    if (s == HATS_OK)
        s = hats_tls_server_new(&w->server_tls, &tls, &w->err);
    if (s == HATS_OK)
        s = hats_tls_client_new(&w->client_tls, HATS_TLS_STRICT, at[0], &w->err);
    hats_http_server_config_init(&config);
    config.address = "127.0.0.1";
    config.tls = w->server_tls;
    config.limits.handshakes_per_s = 0;
    config.handler =
        (struct hats_http_handler){.user = w, .on_headers = admit, .on_request = answer};
    if (s == HATS_OK)
        s = hats_http_server_start(&w->server, &config, &w->err);
    if (s == HATS_OK)
        s = connect_client(w, &w->client);
    return s;
}

static void stop(struct work *w) {
    char at[4][HATS_PATH_MAX];
    paths(w, at);
    hats_http_client_free(w->client);
    hats_http_server_free(w->server);
    hats_tls_free(w->server_tls);
    hats_tls_free(w->client_tls);
    hats_free(w->large);
    for (size_t i = 0; i < 4; i++)
        unlink(at[i]);
    rmdir(w->dir);
}

/* ---- what is measured ---- */

static void handshake(void *arg) {
    struct work *w = arg;
    struct hats_http_client *c = NULL;
    w->failed |= connect_client(w, &c) != HATS_OK;
    hats_http_client_free(c);
}

static void call(struct work *w, const struct hats_http_call *what, size_t expected_len) {
    struct hats_http_exchange *x = NULL;
    size_t len = 0;
    w->failed |= hats_http_client_call(w->client, &x, what, &w->err) != HATS_OK;
    if (x != NULL)
        bench_use(hats_http_exchange_body(x, &len));
    w->failed |= len != expected_len;
    hats_http_exchange_free(x);
}

static void roundtrip(void *arg) { call(arg, &(struct hats_http_call){.path = "/"}, 2); }

static void small(void *arg) {
    struct work *w = arg;
    struct hats_http_exchange *x[IN_FLIGHT] = {0};
    const struct hats_http_call get = {.path = "/"};
    for (size_t i = 0; i < IN_FLIGHT; i++)
        w->failed |= hats_http_client_submit(w->client, &x[i], &get, &w->err) != HATS_OK;
    w->failed |= hats_http_client_run(w->client, HATS_HTTP_UNTIL_ALL, 10000, &w->err) != HATS_OK;
    for (size_t i = 0; i < IN_FLIGHT; i++)
        hats_http_exchange_free(x[i]);
}

static void upload(void *arg) {
    struct work *w = arg;
    call(w, &(struct hats_http_call){.path = "/", .body = w->large, .len_bytes = LARGE_BYTES}, 2);
}

static void download(void *arg) {
    call(arg, &(struct hats_http_call){.path = "/large"}, LARGE_BYTES);
}

int main(int argc, char **argv) {
    static struct work w;
    struct bench b;
    if (!bench_open(&b, argc, argv, "http"))
        return 2;
    if (start(&w) == HATS_OK) {
        const char *params = "{\"group\": \"X25519MLKEM768\", \"signature\": \"mldsa65\"}";
        const char *large = "{\"body_bytes\": 16777216}";
        bench_run(&b,
                  &(struct bench_figure){
                      .name = "http.handshake", .unit = "ms", .params = params, .wall = true},
                  handshake, &w);
        bench_run(&b, &(struct bench_figure){.name = "http.roundtrip", .unit = "us", .wall = true},
                  roundtrip, &w);
        bench_run(&b,
                  &(struct bench_figure){.name = "http.small",
                                         .unit = "us",
                                         .n_ops = IN_FLIGHT,
                                         .params = "{\"in_flight\": 128}",
                                         .wall = true},
                  small, &w);
        bench_run(&b,
                  &(struct bench_figure){
                      .name = "http.upload", .unit = "ms", .params = large, .wall = true},
                  upload, &w);
        bench_run(&b,
                  &(struct bench_figure){
                      .name = "http.download", .unit = "ms", .params = large, .wall = true},
                  download, &w);
    } else {
        w.failed = true;
    }
    stop(&w);
    if (w.failed) {
        fprintf(stderr, "http: %s\n", w.err.text);
        return 1;
    }
    return bench_close(&b);
}
