#include "http/server_priv.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <stdio.h>

#define INPUT_FIRST_BYTES 2048

/* One request at a time: while one is being answered nothing is read, and what a client sends ahead
 * waits in the socket. */
bool hats_http_h1_wants_input(const struct hats_http_conn *c) {
    return c->current == NULL || (c->current->stage == HATS_HTTP_STAGE_BODY);
}

static bool keep_input(struct hats_http_conn *c, const uint8_t *data, size_t len) {
    if (len == 0)
        return true;
    if (len > c->in_cap - c->in_len) {
        size_t cap =
            c->in_len + len < INPUT_FIRST_BYTES ? INPUT_FIRST_BYTES : (c->in_len + len) * 2;
        uint8_t *grown = hats_alloc(cap);
        if (grown == NULL)
            return false;
        if (c->in_len > 0)
            memcpy(grown, c->in, c->in_len);
        hats_free(c->in);
        c->in = grown;
        c->in_cap = cap;
    }
    memcpy(c->in + c->in_len, data, len);
    c->in_len += len;
    return true;
}

static void consume(struct hats_http_conn *c, size_t n) {
    c->in_len -= n;
    memmove(c->in, c->in + n, c->in_len);
    c->scanned = 0;
    if (c->in_len == 0) {
        hats_free(c->in);
        c->in = NULL;
        c->in_cap = 0;
    }
}

static bool queue(struct hats_http_conn *c, const char *text) {
    size_t len = strlen(text);
    uint8_t *joined = hats_alloc(c->out_len - c->out_at + len);
    if (joined == NULL)
        return false;
    size_t kept = c->out_len - c->out_at;
    if (kept > 0)
        memcpy(joined, c->out + c->out_at, kept);
    memcpy(joined + kept, text, len);
    hats_free(c->out);
    c->out = joined;
    c->out_at = 0;
    c->out_len = kept + len;
    hats_http_io_touch(c);
    return true;
}

static bool copy_head(struct hats_http_request *r, const struct hats_http_h1_head *h) {
    bool ok = hats_http_request_set_method(r, h->method.at, h->method.len) &&
              hats_http_request_set_target(r, h->target.at, h->target.len);
    for (size_t i = 0; ok && i < h->n_fields; i++)
        ok = hats_http_request_add(r, h->names[i].at, h->names[i].len, h->values[i].at,
                                   h->values[i].len);
    return ok;
}

/* A head that was refused gets its answer, and the connection ends: where the next request would begin
 * is not known. */
static bool refuse_head(struct hats_http_conn *c, enum hats_http_refusal why) {
    struct hats_http_request *r = hats_http_request_new(c, HATS_HTTP_1_1);
    if (r == NULL)
        return false;
    if (why == HATS_HTTP_BAD_REQUEST)
        HATS_HTTP_COUNT(c->io->server, protocol_errors, 1);
    c->current = r;
    c->keep_alive = false;
    hats_http_flow_refuse(r, why);
    return true;
}

/* False: the connection cannot go on. *more: there may be another step to take. */
static bool take_head(struct hats_http_conn *c, bool *more) {
    const struct hats_http_limits *l = &c->io->server->limits;
    struct hats_http_h1_head head;
    enum hats_http_refusal why;
    if (c->header_ns == 0)
        c->header_ns = c->io->now_ns;
    switch (hats_http_h1_parse(&head, &why, &c->scanned, c->in, c->in_len, l->max_header_bytes,
                               l->max_header_fields)) {
    case HATS_HTTP_H1_MORE: return true;
    case HATS_HTTP_H1_REFUSED: c->header_ns = 0; return refuse_head(c, why);
    case HATS_HTTP_H1_COMPLETE: break;
    }
    struct hats_http_request *r = hats_http_request_new(c, HATS_HTTP_1_1);
    if (r == NULL)
        return false;
    c->current = r;
    c->header_ns = 0;
    c->keep_alive = !head.close && !atomic_load(&c->io->server->draining);
    r->content_length = (int64_t)head.content_length;
    if (!copy_head(r, &head))
        return false;
    consume(c, head.len_bytes);
    hats_http_flow_head(r);
    if (r->stage == HATS_HTTP_STAGE_BODY && head.expects_continue && c->in_len == 0 &&
        r->content_length > 0 && !queue(c, "HTTP/1.1 100 Continue\r\n\r\n"))
        return false;
    if (r->content_length == 0)
        hats_http_flow_end(r);
    *more = true;
    return true;
}

static void take_body(struct hats_http_conn *c, bool *more) {
    struct hats_http_request *r = c->current;
    size_t wanted = (size_t)r->content_length - r->body_len;
    size_t n = c->in_len < wanted ? c->in_len : wanted;
    hats_http_flow_body(r, c->in, n);
    consume(c, n);
    if (r->stage == HATS_HTTP_STAGE_BODY && n == wanted)
        hats_http_flow_end(r);
    *more = n > 0;
}

bool hats_http_h1_input(struct hats_http_conn *c, const uint8_t *data, size_t len) {
    if (!keep_input(c, data, len))
        return false;
    for (bool more = true; more && c->in_len > 0 && hats_http_h1_wants_input(c);) {
        more = false;
        if (c->current == NULL) {
            if (!take_head(c, &more))
                return false;
        } else {
            take_body(c, &more);
        }
    }
    return true;
}

void hats_http_h1_answer(struct hats_http_request *r) {
    struct hats_http_conn *c = r->conn;
    struct hats_http_answer *a = r->sending;
    struct hats_buffer head;
    bool bare = a->status == 204 || a->status == 304;
    if (!r->all_received)
        c->keep_alive = false; /* the rest of the body is not read, so no next request is found */
    hats_buffer_init(&head, 65536);
    hats_buffer_printf(&head, "HTTP/1.1 %u %s\r\ndate: %s\r\n", a->status,
                       hats_http_status_phrase(a->status), hats_http_io_date(c->io));
    if (!bare)
        hats_buffer_printf(&head, "content-length: %zu\r\n", a->len_bytes);
    if (!c->keep_alive)
        hats_buffer_printf(&head, "connection: close\r\n");
    const char *at = a->fields;
    for (size_t i = 0; i < a->n_fields; i++) {
        const char *value = at + strlen(at) + 1;
        hats_buffer_printf(&head, "%s: %s\r\n", at, value);
        at = value + strlen(value) + 1;
    }
    hats_buffer_printf(&head, "\r\n");
    if (bare || strcmp(r->method, "HEAD") == 0)
        a->len_bytes = 0;
    c->head = head.failed ? NULL : hats_alloc(head.len);
    if (c->head == NULL) {
        hats_http_conn_doom(c);
    } else {
        memcpy(c->head, head.data, head.len);
        c->head_len = head.len;
        c->head_at = 0;
    }
    hats_buffer_clear(&head);
    hats_http_io_touch(c);
}

static void finish(struct hats_http_conn *c) {
    struct hats_http_request *r = c->current;
    hats_free(c->head);
    c->head = NULL;
    c->current = NULL;
    r->all_sent = true;
    hats_http_flow_detach(r);
    if (!c->keep_alive || atomic_load(&c->io->server->draining))
        c->closing = true;
    else
        c->again = true; /* the next request may be here already */
}

size_t hats_http_h1_output(struct hats_http_conn *c, uint8_t *out, size_t cap) {
    struct hats_http_request *r = c->current;
    if (r == NULL || r->stage != HATS_HTTP_STAGE_SENDING || c->head == NULL)
        return 0;
    struct hats_http_answer *a = r->sending;
    size_t len = 0, left = c->head_len - c->head_at;
    size_t n = left < cap ? left : cap;
    memcpy(out, c->head + c->head_at, n);
    c->head_at += n;
    len += n;
    left = a->len_bytes - a->sent_bytes;
    n = left < cap - len ? left : cap - len;
    if (n > 0)
        memcpy(out + len, a->body + a->sent_bytes, n);
    a->sent_bytes += n;
    len += n;
    if (len == 0)
        finish(c);
    return len;
}
