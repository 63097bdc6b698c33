#include "http/server.h"

#include "base/bytes.h"

static const struct {
    unsigned status;
    const char *text;
} refusals[HATS_HTTP_REFUSAL_COUNT] = {
    [HATS_HTTP_BAD_REQUEST] = {400,
                               "The request is not well-formed HTTP; send it as RFC 9112 or RFC "
                               "9113 says."},
    [HATS_HTTP_BODY_TIMEOUT] = {408, "The body came too slowly; send it again, faster."},
    [HATS_HTTP_LENGTH_REQUIRED] = {411, "A body over HTTP/1.1 needs a Content-Length."},
    [HATS_HTTP_BODY_TOO_LARGE] = {413, "The body is larger than this request may have; send less."},
    [HATS_HTTP_HEADERS_TOO_LARGE] = {431,
                                     "The header fields are larger than this server reads; send "
                                     "fewer or shorter ones."},
    [HATS_HTTP_ABANDONED] = {500, "The server could not answer this request; try again later."},
    [HATS_HTTP_METHOD_UNSUPPORTED] = {501, "CONNECT and transfer codings are not supported; send a "
                                           "plain request with a Content-Length."},
    [HATS_HTTP_NO_MEMORY] = {503, "The server holds as many bodies as it can; try again later."},
    [HATS_HTTP_DRAINING] = {503, "The server is going down; try again later."},
    [HATS_HTTP_VERSION_UNSUPPORTED] = {505, "Only HTTP/1.1 and HTTP/2 are spoken here."},
};

unsigned hats_http_refusal_status(enum hats_http_refusal why) { return refusals[why].status; }

const char *hats_http_refusal_text(enum hats_http_refusal why) { return refusals[why].text; }

const char *hats_http_status_phrase(unsigned status) {
    static const struct {
        unsigned status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {304, "Not Modified"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {425, "Too Early"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < HATS_COUNT_OF(phrases); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "";
}
