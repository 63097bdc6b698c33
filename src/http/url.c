#include "http/client.h"

#include "base/bytes.h"
#include "base/text.h"
#include "http/h1.h"

#include <stdio.h>

static bool take_host(struct hats_http_url *out, const char *at, size_t len) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
    if (len == 0 || len >= sizeof out->host)
        return false;
    memcpy(out->host, at, len);
    out->host[len] = 0;
    return strspn(out->host, allowed) == len;
}

hats_status hats_http_url_parse(struct hats_http_url *out, const char *text,
                                struct hats_error *err) {
    static const char scheme[] = "https://";
    struct hats_http_url url = {.port = 443, .path = "/"};
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return hats_fail(err, HATS_E_USAGE,
                         "\"%.100s\" is not an address of the form "
                         "https://host[:port][/path]",
                         text);
    const char *at = text + sizeof scheme - 1;
    size_t len = strcspn(at, "/?#");
    const char *rest = at + len;
    const char *host = at, *port = NULL;
    size_t host_len = len;
    if (*at == '[') {
        const char *close = memchr(at, ']', len);
        host = at + 1;
        host_len = close != NULL ? (size_t)(close - host) : 0;
        port = close != NULL && close[1] == ':' ? close + 2 : NULL;
        if (close != NULL && port == NULL && close + 1 != rest)
            host_len = 0;
    } else {
        const char *colon = memchr(at, ':', len);
        if (colon != NULL) {
            host_len = (size_t)(colon - at);
            port = colon + 1;
        }
    }
    uint64_t number = 443;
    if (!take_host(&url, host, host_len) ||
        (port != NULL &&
         (!hats_parse_u64(&number, port, (size_t)(rest - port)) || number == 0 || number > 65535)))
        return hats_fail(err, HATS_E_USAGE, "\"%.100s\": the host or the port is not one", text);
    url.port = (uint16_t)number;
    if (*rest != 0) {
        int n = snprintf(url.path, sizeof url.path, "%s%s", *rest == '/' ? "" : "/", rest);
        if (n < 0 || (size_t)n >= sizeof url.path || !hats_http_is_target(url.path, (size_t)n))
            return hats_fail(err, HATS_E_USAGE,
                             "\"%.100s\": the path is too long or has characters "
                             "that must be percent-encoded",
                             text);
    }
    *out = url;
    return HATS_OK;
}
