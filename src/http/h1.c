#include "http/h1.h"

#include "base/bytes.h"
#include "base/text.h"

#include <assert.h>
#include <strings.h>

bool hats_http_is_token(const char *s, size_t len) {
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && (c == 0 || strchr(marks, c) == NULL))
            return false;
    }
    return len > 0;
}

bool hats_http_is_value(const char *s, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (s[i] != '\t' && (s[i] < 0x20 || s[i] > 0x7e))
            return false;
    return true;
}

bool hats_http_is_target(const char *s, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (s[i] <= 0x20 || s[i] > 0x7e || s[i] == '#')
            return false;
    return len > 0 && s[0] == '/';
}

/* Line ends are CR LF and nothing else, and nothing but printable ASCII and tabs lies between them. */
static enum hats_http_h1_progress find_end(size_t *head_len, size_t *scanned, const uint8_t *data,
                                           size_t len) {
    for (size_t i = *scanned; i < len; i++) {
        uint8_t c = data[i];
        bool after_cr = i > 0 && data[i - 1] == '\r';
        if (after_cr != (c == '\n'))
            return HATS_HTTP_H1_REFUSED;
        if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c > 0x7e)
            return HATS_HTTP_H1_REFUSED;
        if (c == '\n' && (i < 2 || (i >= 3 && data[i - 2] == '\n'))) {
            *head_len = i + 1;
            return i < 2 ? HATS_HTTP_H1_REFUSED : HATS_HTTP_H1_COMPLETE;
        }
    }
    *scanned = len;
    return HATS_HTTP_H1_MORE;
}

static struct hats_http_span span_of(const uint8_t *from, const uint8_t *to) {
    return (struct hats_http_span){(const char *)from, (size_t)(to - from)};
}

static bool span_is(struct hats_http_span s, const char *lower) {
    return s.len == strlen(lower) && strncasecmp(s.at, lower, s.len) == 0;
}

/* The next piece up to `stop`, which is consumed; fails the reader when there is none. */
static struct hats_http_span read_until(struct hats_reader *r, char stop) {
    const uint8_t *from = r->at;
    const uint8_t *to = r->failed ? NULL : memchr(from, stop, hats_reader_left(r));
    if (to == NULL) {
        r->failed = true;
        return (struct hats_http_span){"", 0};
    }
    r->at = to + 1;
    return span_of(from, to);
}

static struct hats_http_span read_line(struct hats_reader *r) {
    struct hats_http_span line = read_until(r, '\r');
    hats_read_tag(r, "\n", 1);
    return line;
}

static bool parse_request_line(struct hats_http_h1_head *h, enum hats_http_refusal *why,
                               struct hats_http_span line) {
    struct hats_reader r = hats_reader_of(line.at, line.len);
    *why = HATS_HTTP_BAD_REQUEST;
    h->method = read_until(&r, ' ');
    h->target = read_until(&r, ' ');
    if (r.failed || h->method.len > HATS_HTTP_METHOD_MAX ||
        !hats_http_is_token(h->method.at, h->method.len))
        return false;
    struct hats_http_span version = span_of(r.at, r.end);
    if (version.len != 8 || memcmp(version.at, "HTTP/", 5) != 0)
        return false;
    if (memcmp(version.at, "HTTP/1.1", 8) != 0) {
        *why = HATS_HTTP_VERSION_UNSUPPORTED;
        return false;
    }
    if (h->method.len == 7 && memcmp(h->method.at, "CONNECT", 7) == 0) {
        *why = HATS_HTTP_METHOD_UNSUPPORTED;
        return false;
    }
    return hats_http_is_target(h->target.at, h->target.len);
}

static bool parse_field(struct hats_http_span *name, struct hats_http_span *value,
                        struct hats_http_span line) {
    struct hats_reader r = hats_reader_of(line.at, line.len);
    *name = read_until(&r, ':');
    if (r.failed || !hats_http_is_token(name->at, name->len))
        return false;
    const uint8_t *from = r.at;
    const uint8_t *to = r.end;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    *value = span_of(from, to);
    return true;
}

/* Is `word` one of the comma-separated elements? */
static bool list_has(struct hats_http_span list, const char *word) {
    size_t at = 0;
    while (at < list.len) {
        size_t end = at;
        while (end < list.len && list.at[end] != ',')
            end++;
        size_t from = at, to = end;
        while (from < to && (list.at[from] == ' ' || list.at[from] == '\t'))
            from++;
        while (to > from && (list.at[to - 1] == ' ' || list.at[to - 1] == '\t'))
            to--;
        if (span_is((struct hats_http_span){list.at + from, to - from}, word))
            return true;
        at = end + 1;
    }
    return false;
}

/* The fields that decide where the request ends and what follows it. */
static bool apply_framing(struct hats_http_h1_head *h, enum hats_http_refusal *why) {
    unsigned n_length = 0, n_host = 0;
    bool coded = false;
    *why = HATS_HTTP_BAD_REQUEST;
    for (size_t i = 0; i < h->n_fields; i++) {
        struct hats_http_span name = h->names[i], value = h->values[i];
        if (span_is(name, "content-length")) {
            if (n_length++ > 0 || !hats_parse_u64(&h->content_length, value.at, value.len) ||
                h->content_length > INT64_MAX)
                return false;
        } else if (span_is(name, "transfer-encoding")) {
            coded = true;
        } else if (span_is(name, "host")) {
            h->host = value;
            n_host++;
        } else if (span_is(name, "connection")) {
            h->close = h->close || list_has(value, "close");
        } else if (span_is(name, "expect")) {
            if (!span_is(value, "100-continue"))
                return false;
            h->expects_continue = true;
        }
    }
    if (n_host != 1 || (coded && n_length != 0))
        return false;
    if (coded) {
        *why = HATS_HTTP_METHOD_UNSUPPORTED;
        return false;
    }
    bool wants_length =
        span_is(h->method, "post") || span_is(h->method, "put") || span_is(h->method, "patch");
    if (wants_length && n_length == 0) {
        *why = HATS_HTTP_LENGTH_REQUIRED;
        return false;
    }
    return true;
}

static bool parse_head(struct hats_http_h1_head *h, enum hats_http_refusal *why,
                       const uint8_t *data, size_t head_len, size_t max_fields) {
    struct hats_reader r = hats_reader_of(data, head_len);
    if (!parse_request_line(h, why, read_line(&r)))
        return false;
    for (;;) {
        struct hats_http_span line = read_line(&r);
        if (r.failed) {
            *why = HATS_HTTP_BAD_REQUEST;
            return false;
        }
        if (line.len == 0)
            break;
        if (h->n_fields == max_fields) {
            *why = HATS_HTTP_HEADERS_TOO_LARGE;
            return false;
        }
        if (!parse_field(&h->names[h->n_fields], &h->values[h->n_fields], line)) {
            *why = HATS_HTTP_BAD_REQUEST;
            return false;
        }
        h->n_fields++;
    }
    h->len_bytes = head_len;
    return hats_reader_done(&r) && apply_framing(h, why);
}

enum hats_http_h1_progress hats_http_h1_parse(struct hats_http_h1_head *out,
                                              enum hats_http_refusal *why, size_t *scanned,
                                              const void *data, size_t len_bytes, size_t max_bytes,
                                              size_t max_fields) {
    assert(max_fields <= HATS_HTTP_H1_FIELDS_MAX && *scanned <= len_bytes);
    size_t head_len = 0;
    size_t len = len_bytes < max_bytes ? len_bytes : max_bytes;
    enum hats_http_h1_progress p = HATS_HTTP_H1_MORE;
    *why = HATS_HTTP_BAD_REQUEST;
    if (*scanned < len)
        p = find_end(&head_len, scanned, data, len);
    if (p == HATS_HTTP_H1_MORE && len_bytes >= max_bytes) {
        *why = HATS_HTTP_HEADERS_TOO_LARGE;
        return HATS_HTTP_H1_REFUSED;
    }
    if (p != HATS_HTTP_H1_COMPLETE)
        return p;
    memset(out, 0, sizeof *out);
    return parse_head(out, why, data, head_len, max_fields) ? HATS_HTTP_H1_COMPLETE
                                                            : HATS_HTTP_H1_REFUSED;
}
