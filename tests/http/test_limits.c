/* Every limit, from both sides: what passes it is refused or cut, what keeps it is served. */
#include "http/fixture.h"

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
static char text[1 << 20];

static int stop(void **state) {
    (void)state;
    fixture_stop(&f);
    return 0;
}

static struct hats_http_server_config defaults(void) {
    struct hats_http_server_config config;
    hats_http_server_config_init(&config);
    return config;
}

static void start(const struct hats_http_server_config *config) { fixture_start(&f, config); }

static uint16_t port(void) { return hats_http_server_port(f.server); }

/* POST len bytes to path; the status. */
static unsigned post(struct hats_http_client *c, const char *path, size_t len) {
    struct hats_error err = {0};
    struct hats_http_exchange *x;
    uint8_t *body = fixture_body(1, len);
    const struct hats_http_call call = {.path = path, .body = body, .len_bytes = len};
    if (hats_http_client_call(c, &x, &call, &err) != HATS_OK)
        fail_msg("%s, %zu bytes: %s", path, len, err.text);
    unsigned status = hats_http_exchange_status(x);
    hats_http_exchange_free(x);
    hats_free(body);
    return status;
}

static void still_serves(void) {
    struct hats_http_client *c = fixture_connect(&f);
    assert_int_equal(post(c, "/echo", 1000), 200);
    hats_http_client_free(c);
}

/* ---- bodies ---- */

static void a_refusal_by_headers_reads_no_body(void **state) {
    (void)state;
    start(NULL);
    struct hats_http_client *c = fixture_connect(&f);
    for (int i = 0; i < 20; i++)
        assert_int_equal(post(c, "/deny", 5000000), 401);
    struct hats_http_counters counters = fixture_counters(&f);
    /* never more than the first window of each stream */
    assert_true(counters.bytes_received < 20 * 70000);
    assert_int_equal(f.requests, 0);
    assert_int_equal(f.closed, 0);
    assert_int_equal(post(c, "/echo", 100000), 200);
    hats_http_client_free(c);
}

static void a_body_may_be_as_long_as_was_admitted(void **state) {
    (void)state;
    start(NULL);
    struct hats_http_client *c = fixture_connect(&f);
    assert_int_equal(post(c, "/small", 1000), 200);
    assert_int_equal(post(c, "/small", 1001), 413);
    assert_int_equal(post(c, "/small", 3000000), 413);
    assert_int_equal(fixture_counters(&f).refusals[HATS_HTTP_BODY_TOO_LARGE], 2);
    assert_int_equal(f.requests, 1);
    wait_for(&f.freed, 3);
    hats_http_client_free(c);
}

static void the_servers_own_bound_stands_over_the_handlers(void **state) {
    (void)state;
    struct hats_http_server_config config = defaults();
    config.limits.max_body_bytes = 5000;
    start(&config);
    struct hats_http_client *c = fixture_connect(&f);
    assert_int_equal(post(c, "/echo", 5000), 200);
    assert_int_equal(post(c, "/echo", 5001), 413);
    hats_http_client_free(c);
}

static void a_body_can_be_refused_while_it_comes(void **state) {
    (void)state;
    start(NULL);
    struct hats_http_client *c = fixture_connect(&f);
    assert_int_equal(post(c, "/stop", 9999), 200);
    assert_int_equal(post(c, "/stop", 5000000), 422);
    assert_int_equal(f.requests, 1);
    assert_int_equal(post(c, "/echo", 5000), 200);
    hats_http_client_free(c);
}

/* HEADERS of POST path without a length: static table entries and two literals [RFC7541, 6]. */
static size_t post_headers(uint8_t out[64], const char *path) {
    size_t n = 0, len = strlen(path);
    out[n++] = 0x83; /* :method POST */
    out[n++] = 0x87; /* :scheme https */
    out[n++] = 0x04; /* :path, not indexed */
    out[n++] = (uint8_t)len;
    memcpy(out + n, path, len);
    n += len;
    static const uint8_t authority[] = {0x01, 1, 'a'};
    memcpy(out + n, authority, sizeof authority);
    return n + sizeof authority;
}

static void a_body_of_undeclared_length_is_bounded_too(void **state) {
    (void)state;
    start(NULL);
    struct raw r;
    uint8_t head[64], data[1200] = {0};
    bool ended;
    raw_open(&r, port(), "h2");
    assert_true(raw_preface(&r));
    size_t n = post_headers(head, "/small");
    assert_true(raw_frame(&r, 1, 4, 1, head, n));
    assert_true(raw_frame(&r, 0, 1, 1, data, 600));
    wait_for(&f.requests, 1);
    assert_true(raw_frame(&r, 1, 4, 3, head, n));
    assert_true(raw_frame(&r, 0, 0, 3, data, 600));
    assert_true(raw_frame(&r, 0, 0, 3, data, 401));
    WAIT_COUNTERS(&f, now.refusals[HATS_HTTP_BODY_TOO_LARGE] == 1);
    assert_int_equal(f.requests, 1);
    WAIT_COUNTERS(&f, now.body_bytes_held == 0);
    raw_read_all(&r, text, sizeof text, 50, &ended);
    assert_false(ended);
    raw_close(&r);
}

static void bodies_over_the_budget_are_refused_until_others_are_done(void **state) {
    (void)state;
    struct hats_http_server_config config = defaults();
    config.limits.body_memory_bytes = 1000000;
    start(&config);
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *held, *refused;
    uint8_t *body = fixture_body(1, 700000);
    const struct hats_http_call hold = {.path = "/hold", .body = body, .len_bytes = 700000};
    assert_int_equal(hats_http_client_submit(c, &held, &hold, &err), HATS_OK);
    while (f.requests == 0)
        pump(c, HATS_HTTP_UNTIL_ANY, 5);
    assert_int_equal(fixture_counters(&f).body_bytes_held, 700000);
    assert_int_equal(post(c, "/echo", 300000), 200);
    const struct hats_http_call echo = {.path = "/echo", .body = body, .len_bytes = 300001};
    assert_int_equal(hats_http_client_call(c, &refused, &echo, &err), HATS_OK);
    assert_int_equal(hats_http_exchange_status(refused), 503);
    assert_string_equal(hats_http_exchange_header(refused, "content-type"),
                        "application/problem+json");
    char expected[32];
    size_t len;
    const uint8_t *got = hats_http_exchange_body(refused, &len);
    snprintf(expected, sizeof expected, "{\"why\":%d}", (int)HATS_HTTP_NO_MEMORY);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(got, expected, len);
    assert_string_equal(hats_http_exchange_header(refused, "retry-after"), "1");
    hats_http_exchange_free(refused);
    assert_int_equal(fixture_release(&f), 1);
    assert_int_equal(hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 5000, &err), HATS_OK);
    hats_http_exchange_free(held);
    WAIT_COUNTERS(&f, now.body_bytes_held == 0);
    assert_int_equal(post(c, "/echo", 1000000), 200);
    hats_http_client_free(c);
    hats_free(body);
}

/* ---- headers ---- */

static unsigned get_with(struct hats_http_client *c, size_t n, size_t value_len, hats_status *s) {
    struct hats_error err = {0};
    struct hats_http_header headers[64];
    struct hats_http_exchange *x;
    char *value = hats_alloc(value_len + 1);
    memset(value, 'v', value_len);
    for (size_t i = 0; i < n; i++)
        headers[i] = (struct hats_http_header){"x-many", value};
    const struct hats_http_call call = {.path = "/echo", .headers = headers, .n_headers = n};
    *s = hats_http_client_call(c, &x, &call, &err);
    unsigned status = *s == HATS_OK ? hats_http_exchange_status(x) : 0;
    hats_http_exchange_free(x);
    hats_free(value);
    return status;
}

static void headers_over_the_bound_get_431(void **state) {
    (void)state;
    struct hats_http_server_config config = defaults();
    config.limits.max_header_bytes = 8192;
    config.limits.max_header_fields = 20;
    start(&config);
    hats_status s;
    struct hats_http_client *c = fixture_connect(&f);
    assert_int_equal(get_with(c, 1, 7900, &s), 200);
    assert_int_equal(get_with(c, 1, 8192, &s), 431);
    assert_int_equal(get_with(c, 20, 10, &s), 200);
    assert_int_equal(get_with(c, 21, 10, &s), 431);
    assert_int_equal(get_with(c, 1, 10, &s), 200);
    assert_int_equal(fixture_counters(&f).refusals[HATS_HTTP_HEADERS_TOO_LARGE], 2);
    /* far over the bound: the connection ends */
    assert_int_equal(get_with(c, 8, 8000, &s), 0);
    assert_int_equal(s, HATS_E_NETWORK);
    assert_int_equal(fixture_counters(&f).floods, 1);
    hats_http_client_free(c);
    still_serves();
}

/* ---- time ---- */

static struct hats_http_server_config impatient(void) {
    struct hats_http_server_config config = defaults();
    config.limits.header_timeout_ms = 400;
    config.limits.idle_timeout_ms = 400;
    config.limits.body_grace_ms = 400;
    config.limits.body_min_bytes_per_s = 1000000;
    return config;
}

static void a_silent_peer_is_cut_in_the_handshake(void **state) {
    (void)state;
    struct hats_http_server_config config = defaults();
    config.limits.handshake_timeout_ms = 150;
    start(&config);
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons(port()),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    WAIT_COUNTERS(&f, now.timeouts_handshake == 1 && now.open_connections == 0);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

static void a_slow_head_is_cut(void **state) {
    (void)state;
    struct hats_http_server_config config = impatient();
    config.limits.idle_timeout_ms = 10000;
    start(&config);
    struct raw r;
    bool ended;
    raw_open(&r, port(), "http/1.1");
    assert_true(raw_write(&r, "GET / HT", 8));
    raw_read_all(&r, text, sizeof text, 5000, &ended);
    assert_true(ended);
    raw_close(&r);
    /* HTTP/2: HEADERS without END_HEADERS */
    uint8_t head[64];
    raw_open(&r, port(), "h2");
    assert_true(raw_preface(&r));
    assert_true(raw_frame(&r, 1, 0, 1, head, post_headers(head, "/")));
    raw_read_all(&r, text, sizeof text, 5000, &ended);
    assert_true(ended);
    raw_close(&r);
    WAIT_COUNTERS(&f, now.timeouts_header == 2 && now.open_connections == 0);
}

static void an_idle_connection_is_closed(void **state) {
    (void)state;
    struct hats_http_server_config config = impatient();
    start(&config);
    struct raw r;
    bool ended;
    static const char *const protocols[] = {"h2", "http/1.1"};
    for (size_t i = 0; i < 2; i++) {
        raw_open(&r, port(), protocols[i]);
        if (i == 0)
            assert_true(raw_preface(&r));
        raw_read_all(&r, text, sizeof text, 5000, &ended);
        assert_true(ended);
        raw_close(&r);
    }
    WAIT_COUNTERS(&f, now.timeouts_idle == 2 && now.open_connections == 0);
    assert_int_equal(fixture_counters(&f).timeouts_header, 0);
}

static void a_slow_body_gets_408(void **state) {
    (void)state;
    struct hats_http_server_config config = impatient();
    start(&config);
    struct raw r;
    bool ended;
    static const char head[] =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nslow";
    raw_open(&r, port(), "http/1.1");
    assert_true(raw_write(&r, head, sizeof head - 1));
    raw_read_all(&r, text, sizeof text, 5000, &ended);
    assert_true(ended);
    assert_memory_equal(text, "HTTP/1.1 408 ", 13);
    raw_close(&r);
    uint8_t frame[64];
    raw_open(&r, port(), "h2");
    assert_true(raw_preface(&r));
    assert_true(raw_frame(&r, 1, 4, 1, frame, post_headers(frame, "/echo")));
    assert_true(raw_frame(&r, 0, 0, 1, "slow", 4));
    WAIT_COUNTERS(&f, now.timeouts_body == 2 && now.refusals[HATS_HTTP_BODY_TIMEOUT] == 2);
    raw_close(&r);
    assert_int_equal(f.requests, 0);
    wait_for(&f.closed, 2);
    WAIT_COUNTERS(&f, now.open_requests == 0);
}

/* Fast enough by the rate, which the requests of a connection share, and yet not for ever. */
static void a_body_that_takes_too_long_gets_408_however_fast_it_was(void **state) {
    (void)state;
    struct hats_http_server_config config = defaults();
    config.limits.body_grace_ms = 3600000;
    config.limits.body_min_bytes_per_s = 1;
    config.limits.body_deadline_ms = 300;
    start(&config);
    struct raw r;
    bool ended;
    static const char head[] =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nnot slow";
    raw_open(&r, port(), "http/1.1");
    assert_true(raw_write(&r, head, sizeof head - 1));
    raw_read_all(&r, text, sizeof text, 5000, &ended);
    assert_true(ended);
    assert_memory_equal(text, "HTTP/1.1 408 ", 13);
    raw_close(&r);
    WAIT_COUNTERS(&f, now.timeouts_body == 1 && now.open_requests == 0);
    assert_int_equal(f.requests, 0);
}

static void a_client_that_does_not_read_its_answer_is_cut(void **state) {
    (void)state;
    struct hats_http_server_config config = impatient();
    config.limits.idle_timeout_ms = 10000;
    start(&config);
    struct raw r;
    static const char get[] = "GET /bytes?50000000 HTTP/1.1\r\nHost: a\r\n\r\n";
    raw_open(&r, port(), "http/1.1");
    assert_true(raw_write(&r, get, sizeof get - 1));
    WAIT_COUNTERS(&f, now.timeouts_body >= 1 && now.open_requests == 0);
    raw_close(&r);
    /* HTTP/2: the window is never opened again */
    uint8_t head[64];
    raw_open(&r, port(), "h2");
    assert_true(raw_preface(&r));
    size_t n = post_headers(head, "/bytes?100000");
    head[0] = 0x82; /* GET */
    assert_true(raw_frame(&r, 1, 5, 1, head, n));
    WAIT_COUNTERS(&f, now.timeouts_body >= 2 && now.open_requests == 0);
    raw_close(&r);
}

static void long_work_is_not_taken_for_slowness(void **state) {
    (void)state;
    struct hats_http_server_config config = impatient();
    start(&config);
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x;
    const struct hats_http_call call = {.path = "/hold"};
    assert_int_equal(hats_http_client_submit(c, &x, &call, &err), HATS_OK);
    assert_int_equal(hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 900, &err), HATS_E_TIMEOUT);
    assert_int_equal(fixture_release(&f), 1);
    assert_int_equal(hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 5000, &err), HATS_OK);
    assert_int_equal(hats_http_exchange_status(x), 200);
    hats_http_exchange_free(x);
    hats_http_client_free(c);
}

/* ---- connections ---- */

static bool can_connect(void) {
    struct hats_http_client_config config;
    struct hats_http_client *c;
    struct hats_error err = {0};
    hats_http_client_config_init(&config);
    config.host = "127.0.0.1";
    config.port = port();
    config.tls = f.client_tls;
    hats_status s = hats_http_client_connect(&c, &config, &err);
    hats_http_client_free(c);
    return s == HATS_OK;
}

static void connections_over_the_limit_are_closed_at_once(void **state) {
    (void)state;
    struct hats_http_server_config config = defaults();
    config.limits.max_connections = 3;
    start(&config);
    struct hats_http_client *open[3];
    for (size_t i = 0; i < 3; i++)
        open[i] = fixture_connect(&f);
    assert_false(can_connect());
    assert_int_equal(fixture_counters(&f).connections_refused, 1);
    hats_http_client_free(open[0]);
    WAIT_COUNTERS(&f, now.open_connections == 2);
    assert_true(can_connect());
    hats_http_client_free(open[1]);
    hats_http_client_free(open[2]);
}

static void a_network_has_its_share_of_connections(void **state) {
    (void)state;
    struct hats_http_server_config config = defaults();
    config.limits.max_connections_per_network = 2;
    start(&config);
    struct hats_http_client *one = fixture_connect(&f), *two = fixture_connect(&f);
    assert_false(can_connect());
    hats_http_client_free(one);
    WAIT_COUNTERS(&f, now.open_connections == 1);
    assert_true(can_connect());
    hats_http_client_free(two);
}

static void a_network_has_its_rate_of_handshakes(void **state) {
    (void)state;
    struct hats_http_server_config config = defaults();
    config.limits.handshakes_per_s = 2;
    start(&config);
    unsigned taken = 0;
    uint64_t start_ns = hats_monotonic_ns();
    for (int i = 0; i < 12; i++)
        taken += can_connect();
    /* the burst, and what the bucket gained meanwhile */
    uint64_t gained = (hats_monotonic_ns() - start_ns) / 500000000 + 1;
    assert_in_range(taken, 4, 4 + gained);
    pause_ms(1100);
    assert_true(can_connect());
}

/* ---- floods ---- */

/* The connection was ended, others go on. */
static void expect_flood_end(struct raw *r) {
    bool ended;
    raw_read_all(r, text, sizeof text, 5000, &ended);
    assert_true(ended);
    raw_close(r);
    WAIT_COUNTERS(&f, now.open_connections == 0);
    struct hats_http_counters counters = fixture_counters(&f);
    assert_int_equal(counters.floods + counters.protocol_errors, 1);
    still_serves();
}

static void rapid_resets_end_the_connection(void **state) {
    (void)state;
    start(NULL);
    struct raw r;
    uint8_t head[64];
    static const uint8_t cancel[4] = {0, 0, 0, 8};
    raw_open(&r, port(), "h2");
    assert_true(raw_preface(&r));
    size_t n = post_headers(head, "/hold");
    for (uint32_t stream = 1; stream < 2000; stream += 2)
        if (!raw_frame(&r, 1, 4, stream, head, n) || !raw_frame(&r, 3, 0, stream, cancel, 4))
            break;
    expect_flood_end(&r);
    assert_true(f.headers <= 230);
}

static void flood_of(uint8_t type, uint8_t flags, const void *payload, size_t len) {
    start(NULL);
    struct raw r;
    raw_open(&r, port(), "h2");
    assert_true(raw_preface(&r));
    for (int i = 0; i < 20000; i++)
        if (!raw_frame(&r, type, flags, 0, payload, len))
            break;
    expect_flood_end(&r);
}

static void pings_end_the_connection(void **state) {
    (void)state;
    flood_of(6, 0, "12345678", 8);
}

static void settings_end_the_connection(void **state) {
    (void)state;
    flood_of(4, 0, NULL, 0);
}

static void continuations_end_the_connection(void **state) {
    (void)state;
    start(NULL);
    struct raw r;
    uint8_t head[64];
    raw_open(&r, port(), "h2");
    assert_true(raw_preface(&r));
    assert_true(raw_frame(&r, 1, 0, 1, head, post_headers(head, "/")));
    for (int i = 0; i < 1000; i++)
        if (!raw_frame(&r, 9, 0, 1, NULL, 0))
            break;
    expect_flood_end(&r);
}

static void empty_data_ends_the_connection(void **state) {
    (void)state;
    start(NULL);
    struct raw r;
    uint8_t head[64];
    raw_open(&r, port(), "h2");
    assert_true(raw_preface(&r));
    assert_true(raw_frame(&r, 1, 4, 1, head, post_headers(head, "/echo")));
    for (int i = 0; i < 20000; i++)
        if (!raw_frame(&r, 0, 0, 1, NULL, 0))
            break;
    expect_flood_end(&r);
}

/* One long field in the dynamic table, then a byte for each repetition of it [RFC7541, 2.3.2]. */
static void a_header_bomb_ends_the_connection(void **state) {
    (void)state;
    start(NULL);
    struct raw r;
    static uint8_t head[16000];
    size_t n = post_headers(head, "/");
    head[n++] = 0x40; /* literal, indexed */
    head[n++] = 1;
    head[n++] = 'x';
    head[n++] = 0x7f; /* length 3000 = 127 + 2873 */
    head[n++] = 0xb9;
    head[n++] = 0x16;
    memset(head + n, 'y', 3000);
    n += 3000;
    memset(head + n, 0xbe, sizeof head - n); /* the newest entry again and again */
    raw_open(&r, port(), "h2");
    assert_true(raw_preface(&r));
    (void)raw_frame(&r, 1, 5, 1, head, sizeof head);
    expect_flood_end(&r);
}

static void bytes_that_are_not_http2_end_the_connection(void **state) {
    (void)state;
    start(NULL);
    struct raw r;
    static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    raw_open(&r, port(), "h2");
    assert_true(raw_write(&r, get, sizeof get - 1));
    expect_flood_end(&r);
}

static enum hats_http_admission admit(void *user, struct hats_http_request *r, uint64_t *max) {
    (void)user;
    (void)r;
    (void)max;
    return HATS_HTTP_ADMIT;
}

static void answer(void *user, struct hats_http_request *r) {
    (void)user;
    hats_http_abandon(r);
}

static void without_an_address_both_families_are_served(void **state) {
    (void)state;
    start(NULL);
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    struct hats_http_server *s;
    struct hats_error err = {0};
    struct hats_http_server_config config = defaults();
    config.tls = f.server_tls;
    config.handler = (struct hats_http_handler){.on_headers = admit, .on_request = answer};
    if (hats_http_server_start(&s, &config, &err) != HATS_OK)
        fail_msg("%s", err.text);
    int six = socket(AF_INET6, SOCK_STREAM, 0);
    const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    bool has_ipv6 = six >= 0 && bind(six, (const struct sockaddr *)&any, sizeof any) == 0;
    for (size_t i = 0; i < (has_ipv6 ? 2 : 1); i++) {
        struct hats_http_client_config to;
        struct hats_http_client *c;
        hats_http_client_config_init(&to);
        to.host = hosts[i];
        to.port = hats_http_server_port(s);
        to.tls = f.client_tls;
        if (hats_http_client_connect(&c, &to, &err) != HATS_OK)
            fail_msg("%s", err.text);
        hats_http_client_free(c);
    }
    if (six >= 0)
        close(six);
    hats_http_server_free(s);
}

static void a_configuration_out_of_range_is_refused(void **state) {
    (void)state;
    start(NULL);
    struct hats_http_server *s;
    struct hats_error err = {0};
    struct hats_http_server_config config = defaults();
    config.tls = f.server_tls;
    config.handler = (struct hats_http_handler){.on_headers = admit, .on_request = answer};
    config.n_io_threads = 0;
    assert_int_equal(hats_http_server_start(&s, &config, &err), HATS_E_USAGE);
    config.n_io_threads = 1;
    config.address = "localhost";
    assert_int_equal(hats_http_server_start(&s, &config, &err), HATS_E_USAGE);
    config.address = "127.0.0.1";
    config.port = port();
    assert_int_equal(hats_http_server_start(&s, &config, &err), HATS_E_NETWORK);
    assert_non_null(strstr(err.text, "another program listens there"));
    config.listen_fd = 0;
    assert_int_equal(hats_http_server_start(&s, &config, &err), HATS_E_USAGE);
    assert_null(s);
}

#define CASE(name) cmocka_unit_test_teardown(name, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_refusal_by_headers_reads_no_body),
        CASE(a_body_may_be_as_long_as_was_admitted),
        CASE(the_servers_own_bound_stands_over_the_handlers),
        CASE(a_body_can_be_refused_while_it_comes),
        CASE(a_body_of_undeclared_length_is_bounded_too),
        CASE(bodies_over_the_budget_are_refused_until_others_are_done),
        CASE(headers_over_the_bound_get_431),
        CASE(a_silent_peer_is_cut_in_the_handshake),
        CASE(a_slow_head_is_cut),
        CASE(an_idle_connection_is_closed),
        CASE(a_slow_body_gets_408),
        CASE(a_body_that_takes_too_long_gets_408_however_fast_it_was),
        CASE(a_client_that_does_not_read_its_answer_is_cut),
        CASE(long_work_is_not_taken_for_slowness),
        CASE(connections_over_the_limit_are_closed_at_once),
        CASE(a_network_has_its_share_of_connections),
        CASE(a_network_has_its_rate_of_handshakes),
        CASE(rapid_resets_end_the_connection),
        CASE(pings_end_the_connection),
        CASE(settings_end_the_connection),
        CASE(continuations_end_the_connection),
        CASE(empty_data_ends_the_connection),
        CASE(a_header_bomb_ends_the_connection),
        CASE(bytes_that_are_not_http2_end_the_connection),
        CASE(without_an_address_both_families_are_served),
        CASE(a_configuration_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, certificates_make, certificates_remove);
}
