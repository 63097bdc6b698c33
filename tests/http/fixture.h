/* A server with known behaviour on a free port of the loopback, certificates made for the run, and a
 * client that writes raw bytes into TLS.
 *
 *   /echo          the body back, from the I/O thread
 *   /later         the body back, from a pool of threads, in whatever order they come to it
 *   /bytes?N       N bytes of fixture_pattern
 *   /info          the path, query, tls group and peer in text
 *   /deny          401 in on_headers        /small   at most 1000 bytes of body
 *   /stop          422 in on_body as soon as 10000 bytes are there
 *   /hold          kept until fixture_release answers 200 "held"
 *   /abandon       given up                 /inject  an answer with a line end in a value
 *   /exporter      the keying material of the connection in hex
 *   /fail?N        the body back, with the N-th allocation from on_headers on failing
 *   anything else  404
 *
 * Answers that the server gives by itself have the body {"why":N} and the type application/problem+json.
 */
#ifndef HATS_TESTS_HTTP_FIXTURE_H
#define HATS_TESTS_HTTP_FIXTURE_H

#include "base/pool.h"
#include "http/client.h"
#include "http/server.h"

#include <openssl/ssl.h>

#include <pthread.h>
#include <stdatomic.h>

struct fixture {
    struct hats_tls *server_tls, *client_tls;
    struct hats_http_server *server;
    struct hats_pool *pool;
    pthread_mutex_t lock;
    struct hats_http_request *held[512];
    unsigned n_held;
    atomic_uint headers, requests, closed, freed;
};

/* Group set-up and tear-down: the folder of certificates. */
int certificates_make(void **state);
int certificates_remove(void **state);
/* A path in that folder; the last eight stay valid. */
const char *certificate(const char *name);

/* config may be NULL; its handler and TLS are filled in here. */
void fixture_start(struct fixture *f, const struct hats_http_server_config *config);
void fixture_stop(struct fixture *f);
/* Answer what /hold keeps; how many there were. */
unsigned fixture_release(struct fixture *f);
struct hats_http_client *fixture_connect(struct fixture *f);
struct hats_http_counters fixture_counters(struct fixture *f);
/* Wait (at most five seconds) until *value >= wanted. */
void wait_for(atomic_uint *value, unsigned wanted);
/* The same until a condition on the counters, called `now`, holds. */
#define WAIT_COUNTERS(f, condition)                                     \
    do {                                                                \
        struct hats_http_counters now = fixture_counters(f);            \
        for (int tries_ = 0; tries_ < 2500 && !(condition); tries_++) { \
            pause_ms(2);                                                \
            now = fixture_counters(f);                                  \
        }                                                               \
        assert_true(condition);                                         \
    } while (0)
void pause_ms(unsigned ms);
/* hats_http_client_run where it does not matter how it ends. */
void pump(struct hats_http_client *c, enum hats_http_until until, unsigned timeout_ms);
/* A byte that depends on the place and the seed. */
uint8_t fixture_pattern(uint64_t seed, size_t at);
uint8_t *fixture_body(uint64_t seed, size_t len);

/* One TLS connection without any HTTP of its own. alpn: "h2", "http/1.1" or NULL. */
struct raw {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};
void raw_open(struct raw *r, uint16_t port, const char *alpn);
void raw_close(struct raw *r);
bool raw_write(struct raw *r, const void *data, size_t len);
/* Read until the peer ends or timeout_ms pass; bytes read, zero-terminated. *ended: it did end. */
size_t raw_read_all(struct raw *r, char *out, size_t cap, unsigned timeout_ms, bool *ended);
/* Read until `needle` has come; false when it does not. */
bool raw_read_until(struct raw *r, char *out, size_t cap, const char *needle);
/* An HTTP/2 frame; and the connection preface with an empty SETTINGS. */
bool raw_frame(struct raw *r, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
               size_t len);
bool raw_preface(struct raw *r);

#endif
