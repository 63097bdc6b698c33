#include "http/server_priv.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <assert.h>

void hats_http_answer_clear(struct hats_http_answer *a) {
    hats_free(a->fields);
    if (a->free_body != NULL)
        a->free_body(a->free_arg);
    *a = (struct hats_http_answer){0};
}

static char *put(char *at, const char *s, bool lower) {
    for (; *s != 0; s++)
        *at++ = lower && *s >= 'A' && *s <= 'Z' ? (char)(*s + ('a' - 'A')) : *s;
    *at++ = 0;
    return at;
}

/* A value with a line end in it would let whoever chose the value write a second answer: such an answer
 * is not sent at all. */
bool hats_http_answer_set(struct hats_http_answer *a, unsigned status,
                          const struct hats_http_header *headers, size_t n_headers,
                          const void *body, size_t len_bytes) {
    assert(status >= 200 && status <= 599);
    size_t len = 1;
    if (n_headers > HATS_HTTP_ANSWER_FIELDS_MAX)
        return false;
    for (size_t i = 0; i < n_headers; i++) {
        size_t name_len = strlen(headers[i].name), value_len = strlen(headers[i].value);
        if (!hats_http_is_token(headers[i].name, name_len) ||
            !hats_http_is_value(headers[i].value, value_len))
            return false;
        len += name_len + value_len + 2;
    }
    a->fields = hats_alloc(len);
    if (a->fields == NULL)
        return false;
    char *at = a->fields;
    for (size_t i = 0; i < n_headers; i++) {
        at = put(at, headers[i].name, true);
        at = put(at, headers[i].value, false);
    }
    a->status = status;
    a->n_fields = n_headers;
    a->body = body;
    a->len_bytes = len_bytes;
    return true;
}

/* The handler's reference becomes the mailbox's. */
static void hand_over(struct hats_http_request *r) {
    bool owed = atomic_exchange(&r->owed, false);
    assert(owed && "answered twice, or after the reference ended");
    if (owed)
        hats_http_io_mail(r->io, r);
}

void hats_http_respond_owned(struct hats_http_request *r, unsigned status,
                             const struct hats_http_header *headers, size_t n_headers,
                             const void *body, size_t len_bytes, void (*free_body)(void *),
                             void *free_arg) {
    assert(r->given.status == 0);
    (void)hats_http_answer_set(&r->given, status, headers, n_headers, body, len_bytes);
    r->given.free_body = free_body;
    r->given.free_arg = free_arg;
    hand_over(r);
}

void hats_http_respond(struct hats_http_request *r, unsigned status,
                       const struct hats_http_header *headers, size_t n_headers, const void *body,
                       size_t len_bytes) {
    uint8_t *copy = NULL;
    if (len_bytes > 0 && (copy = hats_alloc(len_bytes)) == NULL) {
        hats_http_abandon(r);
        return;
    }
    if (copy != NULL)
        memcpy(copy, body, len_bytes);
    hats_http_respond_owned(r, status, headers, n_headers, copy, len_bytes, hats_free, copy);
}

void hats_http_abandon(struct hats_http_request *r) { hand_over(r); }
