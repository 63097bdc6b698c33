/* Clients that leave, servers that go down, and requests that outlive both. */
#include "http/fixture.h"
#include "http/tls_priv.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct fixture f;
static char text[1 << 16];

static int start(void **state) {
    struct hats_http_server_config config;
    (void)state;
    hats_http_server_config_init(&config);
    config.n_io_threads = 2;
    fixture_start(&f, &config);
    return 0;
}

static int stop(void **state) {
    (void)state;
    fixture_stop(&f);
    return 0;
}

static struct hats_http_exchange *submit(struct hats_http_client *c, const char *path,
                                         const uint8_t *body, size_t len) {
    struct hats_error err = {0};
    struct hats_http_exchange *x;
    const struct hats_http_call call = {.path = path, .body = body, .len_bytes = len};
    if (hats_http_client_submit(c, &x, &call, &err) != HATS_OK)
        fail_msg("%s", err.text);
    return x;
}

/* Do input and output until the handler has seen n requests. */
static void run_until_requests(struct hats_http_client *c, unsigned n) {
    for (int i = 0; i < 1000 && atomic_load(&f.requests) < n; i++)
        pump(c, HATS_HTTP_UNTIL_ANY, 5);
    assert_int_equal(f.requests, n);
}

static void a_client_that_leaves_within_its_body_ends_the_request(void **state) {
    (void)state;
    struct raw r;
    static const char head[] = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf";
    raw_open(&r, hats_http_server_port(f.server), "http/1.1");
    assert_true(raw_write(&r, head, sizeof head - 1));
    wait_for(&f.headers, 1);
    raw_close(&r);
    wait_for(&f.freed, 1);
    assert_int_equal(f.closed, 1);
    assert_int_equal(f.requests, 0);

    struct hats_http_client *c = fixture_connect(&f);
    struct hats_error err = {0};
    static uint8_t body[5000000];
    struct hats_http_exchange *x = submit(c, "/echo", body, sizeof body);
    for (int i = 0; i < 1000 && atomic_load(&f.headers) < 2; i++)
        pump(c, HATS_HTTP_UNTIL_ANY, 0);
    hats_http_client_free(c);
    assert_int_equal(hats_http_exchange_result(x, &err), HATS_E_CANCELLED);
    hats_http_exchange_free(x);
    wait_for(&f.freed, 2);
    WAIT_COUNTERS(&f, now.open_requests == 0 && now.body_bytes_held == 0);
}

static void a_client_that_leaves_before_the_answer_is_told_to_the_handler(void **state) {
    (void)state;
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x[20];
    uint8_t body[1000] = {0};
    for (size_t i = 0; i < HATS_COUNT_OF(x); i++)
        x[i] = submit(c, "/hold", body, sizeof body);
    run_until_requests(c, HATS_COUNT_OF(x));
    hats_http_client_free(c);
    for (size_t i = 0; i < HATS_COUNT_OF(x); i++)
        hats_http_exchange_free(x[i]);
    wait_for(&f.closed, HATS_COUNT_OF(x));
    assert_int_equal(f.freed, 0); /* the handler holds them still, body and all */
    for (unsigned i = 0; i < f.n_held; i++) {
        size_t len;
        assert_non_null(hats_http_request_body(f.held[i], &len));
        assert_int_equal(len, sizeof body);
        assert_true(hats_http_request_closed(f.held[i]));
    }
    assert_int_equal(fixture_release(&f), HATS_COUNT_OF(x));
    WAIT_COUNTERS(&f, now.open_requests == 0 && now.responses_dropped == HATS_COUNT_OF(x));
}

static void one_request_can_be_given_up_among_others(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *a = submit(c, "/hold", NULL, 0), *b = submit(c, "/hold", NULL, 0);
    run_until_requests(c, 2);
    hats_http_exchange_free(a);
    pump(c, HATS_HTTP_UNTIL_ANY, 20);
    wait_for(&f.closed, 1);
    assert_int_equal(fixture_release(&f), 2);
    assert_int_equal(hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 5000, &err), HATS_OK);
    assert_int_equal(hats_http_exchange_status(b), 200);
    hats_http_exchange_free(b);
    hats_http_client_free(c);
}

/* A request given up before it was ever sent must not disturb the connection. */
static void requests_can_be_given_up_before_they_are_sent(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x[300], *last;
    for (size_t i = 0; i < HATS_COUNT_OF(x); i++)
        x[i] = submit(c, "/echo", NULL, 0);
    for (size_t i = 0; i < HATS_COUNT_OF(x); i++)
        hats_http_exchange_free(x[i]);
    const struct hats_http_call call = {.path = "/echo"};
    if (hats_http_client_call(c, &last, &call, &err) != HATS_OK)
        fail_msg("%s", err.text);
    hats_http_exchange_free(last);
    hats_http_client_free(c);
}

static void clients_that_leave_at_any_moment_harm_nobody(void **state) {
    (void)state;
    uint64_t seed = hats_monotonic_ns();
    print_message("# seed %llu\n", (unsigned long long)seed);
    uint8_t *body = fixture_body(1, 60000);
    for (unsigned round = 0; round < 60; round++) {
        struct hats_http_client *c = fixture_connect(&f);
        struct hats_http_exchange *x[12];
        for (size_t i = 0; i < HATS_COUNT_OF(x); i++)
            x[i] = submit(c, (seed + i) % 4 != 0 ? "/later" : "/stop", body, (seed >> i) % 60000);
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        pump(c, HATS_HTTP_UNTIL_ALL, (unsigned)(seed >> 60));
        hats_http_client_free(c);
        for (size_t i = 0; i < HATS_COUNT_OF(x); i++)
            hats_http_exchange_free(x[i]);
    }
    hats_free(body);
    WAIT_COUNTERS(&f,
                  now.open_requests == 0 && now.body_bytes_held == 0 && now.open_connections == 0);
    assert_int_equal(f.headers, f.freed);
}

static void a_server_that_goes_down_leaves_requests_to_their_holders(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x = submit(c, "/hold", (const uint8_t *)"body", 4);
    run_until_requests(c, 1);
    hats_http_server_free(f.server);
    f.server = NULL;
    assert_int_equal(f.closed, 1);
    size_t len;
    assert_memory_equal(hats_http_request_body(f.held[0], &len), "body", 4);
    assert_string_equal(hats_http_request_path(f.held[0]), "/hold");
    assert_int_equal(fixture_release(&f), 1);
    assert_int_equal(f.freed, 1);
    assert_int_equal(hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 5000, &err), HATS_OK);
    assert_int_equal(hats_http_exchange_result(x, &err), HATS_E_NETWORK);
    assert_false(hats_http_client_usable(c));
    hats_http_exchange_free(x);
    hats_http_client_free(c);
}

/* ---- draining ---- */

static void *drain(void *arg) {
    (void)arg;
    return (void *)(uintptr_t)hats_http_server_drain(f.server, 5000);
}

static void draining_finishes_what_is_in_flight_and_refuses_the_rest(void **state) {
    (void)state;
    struct hats_error err = {0};
    pthread_t thread;
    void *result;
    struct raw old;
    static const char get[] = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n";
    raw_open(&old, hats_http_server_port(f.server), "http/1.1");
    assert_true(raw_write(&old, get, sizeof get - 1));
    struct hats_http_client *c = fixture_connect(&f), *idle = fixture_connect(&f);
    struct hats_http_exchange *x = submit(c, "/hold", NULL, 0);
    run_until_requests(c, 2);

    assert_int_equal(pthread_create(&thread, NULL, drain, NULL), 0);
    /* what is connected learns of it */
    for (int i = 0; i < 500 && hats_http_client_usable(c); i++)
        pump(c, HATS_HTTP_UNTIL_ALL, 5);
    assert_false(hats_http_client_usable(c));
    WAIT_COUNTERS(&f, now.open_connections <= 2);
    /* what is not connected cannot */
    struct hats_http_client_config config;
    struct hats_http_client *late;
    hats_http_client_config_init(&config);
    config.host = "127.0.0.1";
    config.port = hats_http_server_port(f.server);
    config.tls = f.client_tls;
    assert_int_equal(hats_http_client_connect(&late, &config, &err), HATS_E_NETWORK);
    /* what is in flight is finished */
    assert_int_equal(fixture_release(&f), 2);
    assert_int_equal(hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 5000, &err), HATS_OK);
    assert_int_equal(hats_http_exchange_result(x, &err), HATS_OK);
    assert_int_equal(hats_http_exchange_status(x), 200);
    bool ended;
    raw_read_all(&old, text, sizeof text, 5000, &ended);
    assert_true(ended);
    assert_non_null(strstr(text, "HTTP/1.1 200 OK"));
    assert_non_null(strstr(text, "connection: close"));
    raw_close(&old);
    hats_http_exchange_free(x);
    hats_http_client_free(c);
    hats_http_client_free(idle);
    pthread_join(thread, &result);
    assert_int_equal((uintptr_t)result, HATS_OK);
}

static void draining_gives_up_at_its_deadline(void **state) {
    (void)state;
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x = submit(c, "/hold", NULL, 0);
    run_until_requests(c, 1);
    assert_int_equal(hats_http_server_drain(f.server, 50), HATS_E_TIMEOUT);
    hats_http_client_free(c);
    hats_http_exchange_free(x);
}

/* ---- memory ---- */

static void a_client_without_memory_fails_and_leaks_nothing(void **state) {
    (void)state;
    struct hats_http_client_config config;
    const struct hats_http_call call = {.path = "/echo", .body = "abc", .len_bytes = 3};
    hats_http_client_config_init(&config);
    config.host = "127.0.0.1";
    config.port = hats_http_server_port(f.server);
    config.tls = f.client_tls;
    for (uint64_t n = 1; n < 40; n++) {
        struct hats_error err = {0};
        struct hats_http_client *c;
        struct hats_http_exchange *x = NULL;
        hats_alloc_fail_at(n);
        hats_status s = hats_http_client_connect(&c, &config, &err);
        if (s == HATS_OK)
            s = hats_http_client_call(c, &x, &call, &err);
        bool reached = hats_alloc_count() >= n;
        hats_alloc_fail_at(0);
        assert_int_equal(s, reached ? HATS_E_MEMORY : HATS_OK);
        hats_http_exchange_free(x);
        hats_http_client_free(c);
        if (!reached)
            return;
    }
    fail_msg("the allocations never end");
}

/* Allocations of the I/O thread fail one after the other, beginning in on_headers. */
static void a_server_without_memory_answers_or_ends_the_connection(void **state) {
    (void)state;
    uint8_t *body = fixture_body(1, 200000);
    unsigned served = 0, refused = 0, cut = 0;
    for (unsigned n = 1; n < 16; n++) {
        char path[32];
        struct hats_error err = {0};
        struct hats_http_client *c = fixture_connect(&f);
        struct hats_http_exchange *x;
        snprintf(path, sizeof path, "/fail?%u", n);
        const struct hats_http_call call = {.path = path, .body = body, .len_bytes = 200000};
        hats_status s = hats_http_client_call(c, &x, &call, &err);
        if (s == HATS_E_NETWORK)
            cut++;
        else if (s != HATS_OK)
            fail_msg("%s", err.text);
        else if (hats_http_exchange_status(x) == 200)
            served++;
        else
            refused += hats_http_exchange_status(x) >= 500;
        hats_http_exchange_free(x);
        hats_http_client_free(c);
    }
    hats_free(body);
    assert_int_equal(served + refused + cut, 15);
    assert_true(refused >= 2 && served >= 1);
    WAIT_COUNTERS(&f, now.open_requests == 0 && now.body_bytes_held == 0);
}

static void a_connection_that_ended_while_idle_is_noticed_before_it_is_used(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x;
    const struct hats_http_call call = {.path = "/echo"};
    assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_OK);
    hats_http_exchange_free(x);
    hats_http_server_free(f.server);
    f.server = NULL;
    assert_false(hats_http_client_usable(c));
    assert_int_equal(hats_http_client_submit(c, &x, &call, &err), HATS_E_NETWORK);
    assert_non_null(strstr(err.text, "connect anew"));
    assert_null(x);
    hats_http_client_free(c);
}

static void a_socket_of_a_service_manager_is_used_and_left_open(void **state) {
    (void)state;
    fixture_stop(&f);
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 8), 0);
    int kept = dup(fd);
    struct hats_http_server_config config;
    hats_http_server_config_init(&config);
    for (int round = 0; round < 2; round++) {
        struct hats_error err = {0};
        config.listen_fd = round == 0 ? fd : dup(kept);
        fixture_start(&f, &config);
        struct hats_http_client *c = fixture_connect(&f);
        struct hats_http_exchange *x;
        const struct hats_http_call call = {.path = "/echo"};
        assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_OK);
        hats_http_exchange_free(x);
        hats_http_client_free(c);
        assert_int_equal(hats_http_server_drain(f.server, 5000), HATS_OK);
        if (round == 0)
            fixture_stop(&f);
    }
    close(kept);
}

/* Frames of a type that does not exist, which a client must ignore [RFC9113, 5.5], for ten seconds or until
 * the client goes; then it hangs up. */
static void *talk(void *arg) {
    static uint8_t frames[1820 * 9]; /* one record */
    int listener = *(const int *)arg;
    struct raw r = {.fd = accept(listener, NULL, NULL), .ssl = SSL_new(f.server_tls->ctx)};
    assert_non_null(r.ssl);
    SSL_set_fd(r.ssl, r.fd);
    bool open = SSL_accept(r.ssl) == 1 && raw_frame(&r, 4, 0, 0, NULL, 0);
    for (size_t at = 0; at < sizeof frames; at += 9)
        frames[at + 3] = 0xf0;
    uint64_t until_ns = hats_monotonic_ns() + UINT64_C(10000000000);
    while (open && hats_monotonic_ns() < until_ns)
        open = raw_write(&r, frames, sizeof frames);
    SSL_free(r.ssl);
    close(r.fd);
    return NULL;
}

static void a_server_that_never_stops_talking_keeps_no_request_past_its_time(void **state) {
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    pthread_t talker;
    assert_int_equal(pthread_create(&talker, NULL, talk, &listener), 0);

    struct hats_http_client_config config;
    struct hats_http_client *c;
    struct hats_http_exchange *x;
    struct hats_error err = {0};
    const struct hats_http_call call = {.path = "/never", .timeout_ms = 200};
    hats_http_client_config_init(&config);
    config.host = "127.0.0.1";
    config.port = ntohs(at.sin_port);
    config.tls = f.client_tls;
    if (hats_http_client_connect(&c, &config, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_E_TIMEOUT);
    hats_http_client_free(c);
    pthread_join(talker, NULL);
    close(listener);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_client_that_leaves_within_its_body_ends_the_request),
        CASE(a_client_that_leaves_before_the_answer_is_told_to_the_handler),
        CASE(one_request_can_be_given_up_among_others),
        CASE(requests_can_be_given_up_before_they_are_sent),
        CASE(clients_that_leave_at_any_moment_harm_nobody),
        CASE(a_server_that_goes_down_leaves_requests_to_their_holders),
        CASE(draining_finishes_what_is_in_flight_and_refuses_the_rest),
        CASE(draining_gives_up_at_its_deadline),
        CASE(a_client_without_memory_fails_and_leaks_nothing),
        CASE(a_server_without_memory_answers_or_ends_the_connection),
        CASE(a_connection_that_ended_while_idle_is_noticed_before_it_is_used),
        CASE(a_socket_of_a_service_manager_is_used_and_left_open),
        CASE(a_server_that_never_stops_talking_keeps_no_request_past_its_time),
    };
    return cmocka_run_group_tests(tests, certificates_make, certificates_remove);
}
