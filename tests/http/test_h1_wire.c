/* HTTP/1.1 on the TLS port: what simple clients see. */
#include "http/fixture.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;
static char text[1 << 20];

static uint16_t port(void) { return hats_http_server_port(f.server); }

static void ask(const char *request) {
    struct raw r;
    bool ended;
    raw_open(&r, port(), "http/1.1");
    assert_true(raw_write(&r, request, strlen(request)));
    raw_read_all(&r, text, sizeof text, 5000, &ended);
    assert_true(ended);
    raw_close(&r);
}

static void expect_start(const char *start) {
    if (strncmp(text, start, strlen(start)) != 0)
        fail_msg("\"%.200s\" does not begin with \"%s\"", text, start);
}

static void expect_end(const char *end) {
    size_t len = strlen(text), n = strlen(end);
    if (len < n || strcmp(text + len - n, end) != 0)
        fail_msg("\"%.400s\" does not end with \"%s\"", text, end);
}

static void a_get_without_alpn_is_answered(void **state) {
    (void)state;
    struct raw r;
    static const char get[] = "GET /info?q HTTP/1.1\r\nHost: h.example\r\n\r\n";
    raw_open(&r, port(), NULL);
    assert_true(raw_write(&r, get, sizeof get - 1));
    assert_true(raw_read_until(&r, text, sizeof text, "127.0.0.1 1"));
    expect_start("HTTP/1.1 200 OK\r\n");
    expect_end("\r\n\r\nGET /info q h.example X25519MLKEM768 mldsa65 pq 127.0.0.1 1");
    assert_non_null(strstr(text, "content-type: text/plain\r\n"));
    assert_null(strstr(text, "connection: close"));
    raw_close(&r);
}

static void requests_on_one_connection_are_answered_in_order(void **state) {
    (void)state;
    /* all sent ahead: nothing is answered early, nothing twice, and a body is never a request */
    ask("POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 38\r\n\r\n"
        "GET /deny HTTP/1.1\r\nHost: smuggled\r\n\r\n"
        "GET /info?last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    char *first = strstr(text, "first"), *second = strstr(text, "Host: smuggled");
    char *last = strstr(text, "GET /info last");
    assert_non_null(first);
    assert_true(second > first && last > second);
    unsigned n = 0;
    for (char *at = text; (at = strstr(at, "HTTP/1.1 200")) != NULL; at++)
        n++;
    assert_int_equal(n, 3);
    assert_null(strstr(text, "401"));
}

static void a_body_in_many_pieces_comes_back(void **state) {
    (void)state;
    struct raw r;
    enum { len = 300000 };
    uint8_t *body = fixture_body(5, len);
    raw_open(&r, port(), "http/1.1");
    static const char head[] =
        "POST /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n";
    for (size_t i = 0; i < sizeof head - 1; i++)
        assert_true(raw_write(&r, head + i, 1));
    for (size_t at = 0; at < len;) {
        size_t n = at % 7919 + 1 < len - at ? at % 7919 + 1 : len - at;
        assert_true(raw_write(&r, body + at, n));
        at += n;
    }
    bool ended;
    size_t got = raw_read_all(&r, text, sizeof text, 5000, &ended);
    assert_true(ended && got > len);
    assert_memory_equal(text + got - len, body, len);
    hats_free(body);
    raw_close(&r);
}

static void a_client_that_waits_is_told_to_continue(void **state) {
    (void)state;
    struct raw r;
    static const char head[] =
        "PUT /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    raw_open(&r, port(), "http/1.1");
    assert_true(raw_write(&r, head, sizeof head - 1));
    assert_true(raw_read_until(&r, text, sizeof text, "\r\n\r\n"));
    assert_string_equal(text, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_true(raw_write(&r, "abc", 3));
    assert_true(raw_read_until(&r, text, sizeof text, "abc"));
    expect_start("HTTP/1.1 200 OK\r\n");
    raw_close(&r);
}

static void a_client_that_is_refused_is_not_told_to_continue(void **state) {
    (void)state;
    ask("PUT /deny HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    expect_start("HTTP/1.1 401 Unauthorized\r\n");
    assert_non_null(strstr(text, "connection: close\r\n"));
    expect_end("\r\n\r\nno");
}

static void an_early_refusal_is_read_although_the_body_is_sent(void **state) {
    (void)state;
    struct raw r;
    bool ended;
    static const char head[] = "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n";
    uint8_t *body = fixture_body(1, 200000);
    raw_open(&r, port(), "http/1.1");
    assert_true(raw_write(&r, head, sizeof head - 1));
    (void)raw_write(&r, body, 200000);
    raw_read_all(&r, text, sizeof text, 5000, &ended);
    expect_start("HTTP/1.1 413 Content Too Large\r\n");
    hats_free(body);
    raw_close(&r);
}

static void each_malformed_head_gets_its_status_and_the_connection_ends(void **state) {
    (void)state;
    static const struct {
        const char *request, *status;
    } rows[] = {
        {"GET / HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
         "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "HTTP/1.1 501 "},
        {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 411 "},
        {"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 505 "},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505 "},
    };
    unsigned headers = f.headers;
    for (size_t i = 0; i < HATS_COUNT_OF(rows); i++) {
        ask(rows[i].request);
        expect_start(rows[i].status);
        assert_non_null(strstr(text, "connection: close\r\n"));
    }
    assert_int_equal(f.headers, headers); /* the handler saw none of them */
}

static void a_head_without_end_gets_431(void **state) {
    (void)state;
    static char request[40000];
    memset(request, 'a', sizeof request - 1);
    memcpy(request, "GET /", 5);
    ask(request);
    expect_start("HTTP/1.1 431 ");
}

static void a_head_request_gets_no_body_and_204_no_length(void **state) {
    (void)state;
    ask("HEAD /bytes?77 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(text, "content-length: 77\r\n"));
    expect_end("\r\n\r\n");
}

static void a_client_that_leaves_is_noticed_while_its_answer_is_made(void **state) {
    (void)state;
    struct raw r;
    unsigned requests = f.requests, closed = f.closed;
    static const char get[] = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n";
    raw_open(&r, port(), "http/1.1");
    assert_true(raw_write(&r, get, sizeof get - 1));
    wait_for(&f.requests, requests + 1);
    raw_close(&r);
    wait_for(&f.closed, closed + 1);
    assert_int_equal(fixture_release(&f), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_without_alpn_is_answered),
        cmocka_unit_test(requests_on_one_connection_are_answered_in_order),
        cmocka_unit_test(a_body_in_many_pieces_comes_back),
        cmocka_unit_test(a_client_that_waits_is_told_to_continue),
        cmocka_unit_test(a_client_that_is_refused_is_not_told_to_continue),
        cmocka_unit_test(an_early_refusal_is_read_although_the_body_is_sent),
        cmocka_unit_test(each_malformed_head_gets_its_status_and_the_connection_ends),
        cmocka_unit_test(a_head_without_end_gets_431),
        cmocka_unit_test(a_head_request_gets_no_body_and_204_no_length),
        cmocka_unit_test(a_client_that_leaves_is_noticed_while_its_answer_is_made),
    };
    void *nothing = NULL;
    if (certificates_make(&nothing) != 0)
        return 1;
    fixture_start(&f, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_stop(&f);
    certificates_remove(&nothing);
    return failed;
}
