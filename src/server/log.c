/* One line an event, one JSON object a line, one write(2) a line. What is logged is about the service;
 * never an address, a token, a key, a body or a tenant's name. */
#include "server/service.h"

#include "base/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static json_t *line_of(const char *level, const char *event) {
    char when[40];
    uint64_t now = hats_now_ms();
    time_t seconds = (time_t)(now / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(when + n, sizeof when - n, ".%03uZ", (unsigned)(now % 1000));
    return json_pack("{s:s, s:s, s:s}", "time", when, "level", level, "event", event);
}

static void write_line(json_t *line) {
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    json_decref(line);
    if (text == NULL)
        return;
    size_t n = strlen(text);
    text[n] = '\n'; /* in place of the final zero: the line goes out in one piece */
    if (write(STDERR_FILENO, text, n + 1) < 0) {
        /* nobody reads the log any more; the service goes on */
    }
    free(text);
}

void hats_server_log_pairs(const char *level, const char *event, ...) {
    json_t *line = line_of(level, event);
    va_list args;
    va_start(args, event);
    for (const char *key; (key = va_arg(args, const char *)) != NULL;)
        (void)json_object_set_new(line, key, json_string(va_arg(args, const char *)));
    va_end(args);
    write_line(line);
}

void hats_server_log_request(const struct exchange *x, unsigned status, const char *problem) {
    json_t *line = line_of(status >= 500 ? "warning" : "info", "request");
    double ms = (double)(hats_monotonic_ns() - x->started_ns) / 1e6;
    (void)json_object_set_new(line, "id",
                              json_integer((json_int_t)hats_http_request_id(x->request)));
    (void)json_object_set_new(line, "method", json_string(hats_http_request_method(x->request)));
    (void)json_object_set_new(line, "route", json_string(x->route != NULL ? x->route->path : ""));
    (void)json_object_set_new(line, "status", json_integer(status));
    if (problem != NULL)
        (void)json_object_set_new(line, "problem", json_string(problem));
    (void)json_object_set_new(line, "ms", json_real(ms));
    write_line(line);
}
