/* Requests and answers over HTTP/2, byte for byte. */
#include "http/fixture.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;

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

static void expect_body(const struct hats_http_exchange *x, const uint8_t *expected, size_t len) {
    size_t got_len;
    const uint8_t *got = hats_http_exchange_body(x, &got_len);
    assert_int_equal(got_len, len);
    if (len > 0)
        assert_memory_equal(got, expected, len);
}

static void a_get_is_answered_with_what_was_asked(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x;
    const struct hats_http_call call = {.path = "/info?a=1&b"};
    assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_OK);
    assert_int_equal(hats_http_exchange_status(x), 200);
    char expected[200];
    snprintf(expected, sizeof expected,
             "GET /info a=1&b 127.0.0.1:%u X25519MLKEM768 mldsa65 pq 127.0.0.1 2",
             hats_http_server_port(f.server));
    expect_body(x, (const uint8_t *)expected, strlen(expected));
    assert_string_equal(hats_http_exchange_header(x, "content-type"), "text/plain");
    assert_non_null(hats_http_exchange_header(x, "date"));
    assert_null(hats_http_exchange_header(x, "x-absent"));
    hats_http_exchange_free(x);
    hats_http_client_free(c);
}

static void both_ends_report_the_same_handshake(void **state) {
    (void)state;
    struct hats_http_client *c = fixture_connect(&f);
    const struct hats_tls_info *info = hats_http_client_tls(c);
    assert_string_equal(info->version, "TLSv1.3");
    assert_string_equal(info->group, "X25519MLKEM768");
    assert_int_equal(info->group_code_point, 0x11ec);
    assert_int_equal(info->group_strength, HATS_TLS_HYBRID);
    assert_string_equal(info->signature, "mldsa65");
    assert_int_equal(info->server_authentication, HATS_TLS_PQ);
    struct hats_http_exchange *x;
    struct hats_error err = {0};
    char hex[2 * HATS_TLS_EXPORTER_BYTES + 1];
    const struct hats_http_call call = {.path = "/exporter"};
    assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_OK);
    hats_hex_encode(hex, info->exporter, HATS_TLS_EXPORTER_BYTES);
    expect_body(x, (const uint8_t *)hex, sizeof hex - 1);
    hats_http_exchange_free(x);
    struct hats_http_client *other = fixture_connect(&f);
    assert_memory_not_equal(info->exporter, hats_http_client_tls(other)->exporter,
                            HATS_TLS_EXPORTER_BYTES);
    hats_http_client_free(other);
    size_t len;
    assert_non_null(hats_http_client_certificate(c, &len));
    assert_true(len > 1952 + 4627);
    hats_http_client_free(c);
}

static void bodies_of_every_awkward_size_come_back(void **state) {
    (void)state;
    static const size_t sizes[] = {0,     1,     100,   16383,  16384,  16385,   65534,
                                   65535, 65536, 65537, 131072, 300000, 1 << 20, 5000001};
    static const char *const paths[] = {"/echo", "/later"};
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    for (size_t i = 0; i < 2 * HATS_COUNT_OF(sizes); i++) {
        size_t len = sizes[i / 2];
        uint8_t *body = fixture_body(i, len);
        struct hats_http_exchange *x;
        const struct hats_http_call call = {
            .method = "POST", .path = paths[i % 2], .body = body, .len_bytes = len};
        if (hats_http_client_call(c, &x, &call, &err) != HATS_OK)
            fail_msg("%zu bytes: %s", len, err.text);
        assert_int_equal(hats_http_exchange_status(x), 200);
        expect_body(x, body, len);
        hats_http_exchange_free(x);
        hats_free(body);
    }
    hats_http_client_free(c);
}

/* n requests at once on one connection, each with its own body; answers come in another order. */
static void many_at_once(struct hats_http_client *c, unsigned n, uint64_t seed, size_t max_len) {
    struct hats_error err = {0};
    struct {
        struct hats_http_exchange *x;
        uint8_t *body;
        size_t len;
        char path[64];
    } *all = hats_alloc_array(n, sizeof *all);
    assert_non_null(all);
    for (unsigned i = 0; i < n; i++) {
        all[i].len = (size_t)((seed + i) * 2654435761u % (max_len + 1));
        all[i].body = fixture_body(seed * 1000 + i, all[i].len);
        snprintf(all[i].path, sizeof all[i].path, "%s?%u", (i + seed) % 3 != 0 ? "/later" : "/echo",
                 i);
        const struct hats_http_call call = {
            .method = "POST", .path = all[i].path, .body = all[i].body, .len_bytes = all[i].len};
        assert_int_equal(hats_http_client_submit(c, &all[i].x, &call, &err), HATS_OK);
    }
    assert_int_equal(hats_http_client_in_flight(c), n);
    assert_int_equal(hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 60000, &err), HATS_OK);
    for (unsigned i = 0; i < n; i++) {
        if (hats_http_exchange_result(all[i].x, &err) != HATS_OK)
            fail_msg("request %u: %s", i, err.text);
        assert_int_equal(hats_http_exchange_status(all[i].x), 200);
        expect_body(all[i].x, all[i].body, all[i].len);
        assert_string_equal(hats_http_exchange_header(all[i].x, "x-query"),
                            strchr(all[i].path, '?') + 1);
        hats_http_exchange_free(all[i].x);
        hats_free(all[i].body);
    }
    hats_free(all);
}

static void two_hundred_streams_are_not_mixed_up(void **state) {
    (void)state;
    struct hats_http_client *c = fixture_connect(&f);
    for (unsigned n = 1; n <= 200; n = n < 50 ? n * 7 : n + 50)
        many_at_once(c, n, n, 30000);
    many_at_once(c, 40, 77, 300000);
    hats_http_client_free(c);
}

static void *client_thread(void *arg) {
    struct hats_http_client *c = fixture_connect(&f);
    for (unsigned round = 0; round < 3; round++)
        many_at_once(c, 30, (uint64_t)(uintptr_t)arg * 10 + round, 100000);
    hats_http_client_free(c);
    return NULL;
}

static void several_clients_at_once_are_served(void **state) {
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < HATS_COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, client_thread, (void *)(i + 1)), 0);
    for (size_t i = 0; i < HATS_COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    WAIT_COUNTERS(&f, now.open_requests == 0 && now.body_bytes_held == 0);
}

static void a_large_answer_streams_through_the_window(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x;
    const struct hats_http_call call = {.path = "/bytes?12345678"};
    assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_OK);
    uint8_t *expected = fixture_body(12345678, 12345678);
    expect_body(x, expected, 12345678);
    hats_free(expected);
    hats_http_exchange_free(x);
    hats_http_client_free(c);
}

static void a_head_request_gets_the_length_and_no_body(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x;
    const struct hats_http_call call = {.method = "HEAD", .path = "/bytes?5000"};
    assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_OK);
    assert_string_equal(hats_http_exchange_header(x, "content-length"), "5000");
    expect_body(x, NULL, 0);
    hats_http_exchange_free(x);
    hats_http_client_free(c);
}

static void an_interim_answer_is_followed_by_the_real_one(void **state) {
    (void)state;
    static const struct hats_http_header expect = {"Expect", "100-continue"};
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x;
    const struct hats_http_call call = {
        .path = "/echo", .headers = &expect, .n_headers = 1, .body = "abc", .len_bytes = 3};
    assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_OK);
    assert_int_equal(hats_http_exchange_status(x), 200);
    expect_body(x, (const uint8_t *)"abc", 3);
    hats_http_exchange_free(x);
    hats_http_client_free(c);
}

static void an_answer_over_the_bound_is_refused_and_the_connection_lives(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x;
    struct hats_http_call call = {.path = "/bytes?100001", .max_response_bytes = 100000};
    assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_E_RANGE);
    assert_null(x);
    call.path = "/bytes?100000";
    assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_OK);
    hats_http_exchange_free(x);
    hats_http_client_free(c);
}

static void any_returns_as_soon_as_one_is_done(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *slow, *quick;
    unsigned before = f.requests;
    const struct hats_http_call held = {.path = "/hold"}, echo = {.path = "/echo"};
    assert_int_equal(hats_http_client_submit(c, &slow, &held, &err), HATS_OK);
    assert_int_equal(hats_http_client_submit(c, &quick, &echo, &err), HATS_OK);
    assert_int_equal(hats_http_client_run(c, HATS_HTTP_UNTIL_ANY, 5000, &err), HATS_OK);
    assert_true(hats_http_exchange_done(quick));
    assert_false(hats_http_exchange_done(slow));
    assert_int_equal(hats_http_exchange_result(slow, &err), HATS_E_BUSY);
    assert_int_equal(hats_http_client_run(c, HATS_HTTP_UNTIL_ANY, 30, &err), HATS_E_TIMEOUT);
    wait_for(&f.requests, before + 2);
    assert_int_equal(fixture_release(&f), 1);
    assert_int_equal(hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 5000, &err), HATS_OK);
    expect_body(slow, (const uint8_t *)"held", 4);
    hats_http_exchange_free(slow);
    hats_http_exchange_free(quick);
    hats_http_client_free(c);
}

static void an_exchange_keeps_its_own_deadline(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_http_exchange *x;
    unsigned closed = f.closed;
    const struct hats_http_call call = {.path = "/hold", .timeout_ms = 50};
    assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_E_TIMEOUT);
    const struct hats_http_call echo = {.path = "/echo"};
    assert_int_equal(hats_http_client_call(c, &x, &echo, &err), HATS_OK);
    hats_http_exchange_free(x);
    wait_for(&f.closed, closed + 1);
    fixture_release(&f);
    hats_http_client_free(c);
}

static void an_abandoned_request_gets_500_and_a_split_answer_too(void **state) {
    (void)state;
    static const char *const paths[] = {"/abandon", "/inject"};
    struct hats_error err = {0};
    struct hats_http_client *c = fixture_connect(&f);
    for (size_t i = 0; i < 2; i++) {
        struct hats_http_exchange *x;
        const struct hats_http_call call = {.path = paths[i]};
        assert_int_equal(hats_http_client_call(c, &x, &call, &err), HATS_OK);
        assert_int_equal(hats_http_exchange_status(x), 500);
        assert_null(hats_http_exchange_header(x, "set-cookie"));
        hats_http_exchange_free(x);
    }
    hats_http_client_free(c);
}

static void a_call_with_a_forbidden_character_is_not_sent(void **state) {
    (void)state;
    static const struct hats_http_header bad[] = {
        {"x y", "1"}, {"x", "1\r\nhost: other"}, {"", "1"}, {"x", "\x7f"}};
    struct hats_http_client *c = fixture_connect(&f);
    struct hats_error err = {0};
    struct hats_http_exchange *x;
    for (size_t i = 0; i < HATS_COUNT_OF(bad); i++) {
        const struct hats_http_call call = {.path = "/echo", .headers = &bad[i], .n_headers = 1};
        assert_int_equal(hats_http_client_submit(c, &x, &call, &err), HATS_E_USAGE);
    }
    static const char *const paths[] = {"echo", "/a b", "/a\r\n", "/a#b", ""};
    for (size_t i = 0; i < HATS_COUNT_OF(paths); i++) {
        const struct hats_http_call call = {.path = paths[i]};
        assert_int_equal(hats_http_client_submit(c, &x, &call, &err), HATS_E_USAGE);
    }
    hats_http_client_free(c);
}

static void an_address_is_taken_apart(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_http_url u;
    assert_int_equal(hats_http_url_parse(&u, "https://a.example", &err), HATS_OK);
    assert_string_equal(u.host, "a.example");
    assert_int_equal(u.port, 443);
    assert_string_equal(u.path, "/");
    assert_int_equal(hats_http_url_parse(&u, "https://[::1]:8443/v2?x=1", &err), HATS_OK);
    assert_string_equal(u.host, "::1");
    assert_int_equal(u.port, 8443);
    assert_string_equal(u.path, "/v2?x=1");
    static const char *const bad[] = {
        "http://a",      "a.example",   "https://",     "https://a:0",    "https://a:65536",
        "https://a:x",   "https://a:",  "https://[::1", "https://[::1]x", "https://u@a",
        "https://a/b c", "https://a b", "https://a/b#c"};
    for (size_t i = 0; i < HATS_COUNT_OF(bad); i++)
        if (hats_http_url_parse(&u, bad[i], &err) != HATS_E_USAGE)
            fail_msg("\"%s\" was taken", bad[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_is_answered_with_what_was_asked),
        cmocka_unit_test(both_ends_report_the_same_handshake),
        cmocka_unit_test(bodies_of_every_awkward_size_come_back),
        cmocka_unit_test(two_hundred_streams_are_not_mixed_up),
        cmocka_unit_test(several_clients_at_once_are_served),
        cmocka_unit_test(a_large_answer_streams_through_the_window),
        cmocka_unit_test(a_head_request_gets_the_length_and_no_body),
        cmocka_unit_test(an_interim_answer_is_followed_by_the_real_one),
        cmocka_unit_test(an_answer_over_the_bound_is_refused_and_the_connection_lives),
        cmocka_unit_test(any_returns_as_soon_as_one_is_done),
        cmocka_unit_test(an_exchange_keeps_its_own_deadline),
        cmocka_unit_test(an_abandoned_request_gets_500_and_a_split_answer_too),
        cmocka_unit_test(a_call_with_a_forbidden_character_is_not_sent),
        cmocka_unit_test(an_address_is_taken_apart),
    };
    void *nothing = NULL;
    if (certificates_make(&nothing) != 0 || start(&nothing) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    stop(&nothing);
    certificates_remove(&nothing);
    return failed;
}
