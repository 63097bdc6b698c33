/* The strictness of the HTTP/1.1 parser, as a table, and that pieces make no difference. */
#include "base/bytes.h"
#include "http/h1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAX_BYTES 1024
#define MAX_FIELDS 10
#define H "Host: a\r\n"

struct specimen {
    const char *text;
    int status; /* 200: taken; 100: more is wanted */
};

static const struct specimen table[] = {
    /* taken */
    {"GET / HTTP/1.1\r\n" H "\r\n", 200},
    {"GET /a?b=%20c HTTP/1.1\r\n" H "X: \r\n\r\n", 200},
    {"DELETE /x HTTP/1.1\r\nhOsT:a\r\n\r\n", 200},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 200},
    {"POST / HTTP/1.1\r\n" H "content-length:\t5 \r\n\r\n12345", 200},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n\r\n", 200},
    {"GET / HTTP/1.1\r\n" H "Expect: 100-Continue\r\n\r\n", 200},
    {"get / HTTP/1.1\r\n" H "\r\n",
     200}, /* a method is any token; the handler knows which it serves */
    {"GET / HTTP/1.1\r\n" H "A: tab\tin value\r\n\r\n", 200},
    /* more is wanted */
    {"", 100},
    {"G", 100},
    {"GET / HTTP/1.1\r\n" H "\r", 100},
    {"GET / HTTP/1.1\r\n" H, 100},
    /* line ends and control characters */
    {"GET / HTTP/1.1\n" H "\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "\n", 400},
    {"GET / HTTP/1.1\r" H "\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\r\n" H "\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", 400},
    {"\r\nGET / HTTP/1.1\r\n" H "\r\n", 400},
    {"\nGET / HTTP/1.1\r\n" H "\r\n", 400},
    /* request line */
    {"GET  / HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /  HTTP/1.1\r\n" H "\r\n", 400},
    {" GET / HTTP/1.1\r\n" H "\r\n", 400},
    {"GET\t/ HTTP/1.1\r\n" H "\r\n", 400},
    {"GET / HTTP/1.1 \r\n" H "\r\n", 400},
    {"GET /a b HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /\r\n" H "\r\n", 400},
    {"GET / http/1.1\r\n" H "\r\n", 400},
    {"GET / HTTP/1.10\r\n" H "\r\n", 400},
    {"GET / HTTX/1.1\r\n" H "\r\n", 400},
    {"G@T / HTTP/1.1\r\n" H "\r\n", 400},
    {"ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n" H "\r\n", 400},
    {"GET http://a/ HTTP/1.1\r\n" H "\r\n", 400},
    {"GET a HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /a#b HTTP/1.1\r\n" H "\r\n", 400},
    {"OPTIONS * HTTP/1.1\r\n" H "\r\n", 400},
    {"GET / HTTP/1.0\r\n" H "\r\n", 505},
    {"GET / HTTP/2.0\r\n" H "\r\n", 505},
    {"CONNECT a:1 HTTP/1.1\r\n" H "\r\n", 501},
    /* fields */
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X : 1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H " X: 1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X: 1\r\n 2\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X: 1\r\n\t2\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H ": 1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X(: 1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H H "\r\n", 400},
    /* where the request ends */
    {"POST / HTTP/1.1\r\n" H "\r\n", 411},
    {"PUT / HTTP/1.1\r\n" H "\r\n", 411},
    {"PATCH / HTTP/1.1\r\n" H "\r\n", 411},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 05\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775808\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 501},
    {"GET / HTTP/1.1\r\n" H "tRANSFER-eNCODING: identity\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "Expect: 200-ok\r\n\r\n", 400},
    /* too many */
    {"GET / HTTP/1.1\r\n" H "a:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\nf:6\r\ng:7\r\nh:8\r\ni:9\r\n\r\n",
     200},
    {"GET / HTTP/1.1\r\n" H
     "a:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\nf:6\r\ng:7\r\nh:8\r\ni:9\r\nj:10\r\n\r\n",
     431},
};

static int status_of(enum hats_http_h1_progress p, enum hats_http_refusal why) {
    if (p == HATS_HTTP_H1_REFUSED)
        return (int)hats_http_refusal_status(why);
    return p == HATS_HTTP_H1_COMPLETE ? 200 : 100;
}

static void each_specimen_gets_its_answer(void **state) {
    (void)state;
    for (size_t i = 0; i < HATS_COUNT_OF(table); i++) {
        struct hats_http_h1_head head;
        enum hats_http_refusal why;
        size_t scanned = 0;
        enum hats_http_h1_progress p = hats_http_h1_parse(
            &head, &why, &scanned, table[i].text, strlen(table[i].text), MAX_BYTES, MAX_FIELDS);
        int got = status_of(p, why);
        if (got != table[i].status)
            fail_msg("specimen %zu \"%s\": %d instead of %d", i, table[i].text, got,
                     table[i].status);
    }
}

static void bytes_that_come_singly_get_the_same_answer(void **state) {
    (void)state;
    for (size_t i = 0; i < HATS_COUNT_OF(table); i++) {
        struct hats_http_h1_head head;
        enum hats_http_refusal why = HATS_HTTP_BAD_REQUEST;
        size_t scanned = 0, len = strlen(table[i].text);
        enum hats_http_h1_progress p = HATS_HTTP_H1_MORE;
        for (size_t n = 0; n <= len && p == HATS_HTTP_H1_MORE; n++)
            p = hats_http_h1_parse(&head, &why, &scanned, table[i].text, n, MAX_BYTES, MAX_FIELDS);
        if (status_of(p, why) != table[i].status)
            fail_msg("specimen %zu \"%s\": %d instead of %d", i, table[i].text, status_of(p, why),
                     table[i].status);
    }
}

static void the_parts_are_where_they_should_be(void **state) {
    (void)state;
    static const char text[] = "POST /a/b?c HTTP/1.1\r\nHost: h.example:1\r\nX-One:  two words \r\n"
                               "Connection: keep-alive, CLOSE\r\nContent-Length: 7\r\n\r\n1234567";
    struct hats_http_h1_head head;
    enum hats_http_refusal why;
    size_t scanned = 0;
    assert_int_equal(
        hats_http_h1_parse(&head, &why, &scanned, text, sizeof text - 1, MAX_BYTES, MAX_FIELDS),
        HATS_HTTP_H1_COMPLETE);
    assert_int_equal(head.len_bytes, sizeof text - 1 - 7);
    assert_int_equal(head.method.len, 4);
    assert_memory_equal(head.target.at, "/a/b?c", head.target.len);
    assert_memory_equal(head.host.at, "h.example:1", head.host.len);
    assert_int_equal(head.n_fields, 4);
    assert_int_equal(head.values[1].len, 9);
    assert_memory_equal(head.values[1].at, "two words", 9);
    assert_int_equal(head.content_length, 7);
    assert_true(head.close);
    assert_false(head.expects_continue);
}

static void a_head_over_the_bound_is_refused_at_the_bound(void **state) {
    (void)state;
    char text[MAX_BYTES + 1];
    struct hats_http_h1_head head;
    enum hats_http_refusal why;
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    size_t scanned = 0;
    assert_int_equal(
        hats_http_h1_parse(&head, &why, &scanned, text, MAX_BYTES - 1, MAX_BYTES, MAX_FIELDS),
        HATS_HTTP_H1_MORE);
    assert_int_equal(
        hats_http_h1_parse(&head, &why, &scanned, text, MAX_BYTES, MAX_BYTES, MAX_FIELDS),
        HATS_HTTP_H1_REFUSED);
    assert_int_equal(why, HATS_HTTP_HEADERS_TOO_LARGE);
    /* exactly at the bound it is taken */
    static const char end[] = " HTTP/1.1\r\nHost: a\r\n\r\n";
    memcpy(text + MAX_BYTES - (sizeof end - 1), end, sizeof end - 1);
    scanned = 0;
    assert_int_equal(
        hats_http_h1_parse(&head, &why, &scanned, text, MAX_BYTES, MAX_BYTES, MAX_FIELDS),
        HATS_HTTP_H1_COMPLETE);
}

/* A NUL cannot stand in the table's strings. */
static void a_nul_is_refused_wherever_it_stands(void **state) {
    (void)state;
    static const char good[] = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n";
    for (size_t at = 0; at < sizeof good - 1; at++) {
        char text[sizeof good];
        struct hats_http_h1_head head;
        enum hats_http_refusal why;
        size_t scanned = 0;
        memcpy(text, good, sizeof good);
        text[at] = 0;
        assert_int_equal(
            hats_http_h1_parse(&head, &why, &scanned, text, sizeof good - 1, MAX_BYTES, MAX_FIELDS),
            HATS_HTTP_H1_REFUSED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_specimen_gets_its_answer),
        cmocka_unit_test(bytes_that_come_singly_get_the_same_answer),
        cmocka_unit_test(the_parts_are_where_they_should_be),
        cmocka_unit_test(a_head_over_the_bound_is_refused_at_the_bound),
        cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
