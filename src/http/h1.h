/* The head of an HTTP/1.1 request, parsed strictly [RFC9112].
 *
 * Two parsers that disagree about where a request ends are what request smuggling is made of, so
 * whatever the RFC lets a recipient repair is refused here:
 *
 *   bare LF, bare CR, NUL and other control characters, bytes over 0x7e    400
 *   empty lines before the request, more than one space between its parts   400
 *   a target that is not in origin form ("/...")                            400
 *   space before the colon, obsolete line folding, an empty field name      400
 *   no Host or two, two Content-Length (equal or not), "+5", "05", "5, 5"   400
 *   Content-Length beside Transfer-Encoding, an Expect other than 100       400
 *   POST, PUT, PATCH without Content-Length                                 411
 *   Transfer-Encoding, CONNECT                                              501
 *   a version other than HTTP/1.1                                           505
 *   a head over the bound, or too many fields                               431
 */
#ifndef HATS_HTTP_H1_H
#define HATS_HTTP_H1_H

#include "http/server.h"

#define HATS_HTTP_H1_FIELDS_MAX 128
#define HATS_HTTP_METHOD_MAX 16

/* A piece of the caller's buffer. */
struct hats_http_span {
    const char *at;
    size_t len;
};

struct hats_http_h1_head {
    size_t len_bytes; /* of the head with its final empty line */
    struct hats_http_span method, target, host;
    struct hats_http_span names[HATS_HTTP_H1_FIELDS_MAX], values[HATS_HTTP_H1_FIELDS_MAX];
    size_t n_fields;
    uint64_t content_length; /* 0 without the field */
    bool close;              /* Connection: close */
    bool expects_continue;   /* Expect: 100-continue */
};

enum hats_http_h1_progress { HATS_HTTP_H1_MORE, HATS_HTTP_H1_COMPLETE, HATS_HTTP_H1_REFUSED };

/* Look at what has arrived so far. *scanned (0 at first) remembers how far earlier calls looked, so a
 * head that comes byte by byte costs linear time. COMPLETE: *out points into data. REFUSED: *why says
 * so, and the connection must not be used for another request. max_fields <= HATS_HTTP_H1_FIELDS_MAX. */
enum hats_http_h1_progress hats_http_h1_parse(struct hats_http_h1_head *out,
                                              enum hats_http_refusal *why, size_t *scanned,
                                              const void *data, size_t len_bytes, size_t max_bytes,
                                              size_t max_fields);

/* Characters, shared with HTTP/2: a token [RFC9110, 5.6.2], a field value of printable ASCII, spaces and
 * tabs, and a request target in origin form. */
HATS_MUST_USE bool hats_http_is_token(const char *s, size_t len);
HATS_MUST_USE bool hats_http_is_value(const char *s, size_t len);
HATS_MUST_USE bool hats_http_is_target(const char *s, size_t len);

#endif
