#include "http/client_priv.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "http/h1.h"

#include <assert.h>
#include <stdio.h>

#define STREAM_WINDOW_BYTES (4 << 20)
#define CONNECTION_WINDOW_BYTES (16 << 20)
#define RESPONSE_BYTES_DEFAULT (16u << 20)
#define CALL_FIELDS_MAX 64

static struct hats_http_exchange *exchange_of(nghttp2_session *session, int32_t stream_id) {
    return nghttp2_session_get_stream_user_data(session, stream_id);
}

void hats_http_exchange_end(struct hats_http_exchange *x, hats_status result, const char *text) {
    struct hats_http_client *c = x->client;
    if (c == NULL)
        return;
    if (x->prev != NULL)
        x->prev->next = x->next;
    else
        c->in_flight = x->next;
    if (x->next != NULL)
        x->next->prev = x->prev;
    x->prev = x->next = NULL;
    x->client = NULL;
    c->n_in_flight--;
    c->n_done++;
    x->done = true;
    x->result = result;
    x->done_ns = hats_monotonic_ns();
    snprintf(x->text, sizeof x->text, "%s", text);
    /* The session must not find the exchange any more: it may be freed before the stream is. */
    if (c->h2 != NULL && x->stream_id > 0) {
        (void)nghttp2_session_set_stream_user_data(c->h2, x->stream_id, NULL);
        if (result != HATS_OK && !c->lost)
            (void)nghttp2_submit_rst_stream(c->h2, NGHTTP2_FLAG_NONE, x->stream_id, NGHTTP2_CANCEL);
    }
}

/* ---- what comes in ---- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user) {
    (void)flags;
    struct hats_http_client *c = user;
    struct hats_http_exchange *x = exchange_of(session, frame->hd.stream_id);
    if (x == NULL)
        return 0;
    x->header_bytes += (uint32_t)(name_len + value_len + 32);
    if (x->header_bytes > c->max_header_bytes) {
        hats_http_exchange_end(x, HATS_E_RANGE, "the answer's header is larger than allowed");
        return 0;
    }
    if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
        uint64_t status;
        if (hats_parse_u64(&status, (const char *)value, value_len) && status < 1000)
            x->status = (unsigned)status;
        return 0;
    }
    hats_buffer_append(&x->fields, name, name_len);
    hats_buffer_append(&x->fields, "", 1);
    hats_buffer_append(&x->fields, value, value_len);
    hats_buffer_append(&x->fields, "", 1);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t len, void *user) {
    (void)flags;
    (void)user;
    struct hats_http_exchange *x = exchange_of(session, stream_id);
    if (x == NULL)
        return 0;
    hats_buffer_append(&x->answer, data, len);
    if (x->answer.failed)
        hats_http_exchange_end(x, HATS_E_RANGE, "the answer is larger than allowed");
    return 0;
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct hats_http_client *c = user;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        c->goaway = true;
    bool ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    struct hats_http_exchange *x = ends ? exchange_of(session, frame->hd.stream_id) : NULL;
    if (x != NULL)
        x->answer_complete = true;
    /* An interim answer (100) is followed by the real one. */
    if (frame->hd.type == NGHTTP2_HEADERS && !ends) {
        x = exchange_of(session, frame->hd.stream_id);
        if (x != NULL && x->status < 200)
            hats_buffer_clear(&x->fields);
    }
    return 0;
}

/* A server that answers early ends the stream with NO_ERROR after a whole answer [RFC9113, 8.1]. */
static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t code, void *user) {
    (void)user;
    char text[96];
    struct hats_http_exchange *x = exchange_of(session, stream_id);
    if (x == NULL)
        return 0;
    x->stream_id = 0; /* there is no stream any more that could be reset */
    if (x->answer_complete && x->fields.failed) {
        hats_http_exchange_end(x, HATS_E_MEMORY, "no memory for the answer's header");
    } else if (x->answer_complete) {
        hats_http_exchange_end(x, HATS_OK, "");
    } else if (code == NGHTTP2_REFUSED_STREAM) {
        hats_http_exchange_end(x, HATS_E_BUSY,
                               "the server did not take the request; send it again");
    } else {
        snprintf(text, sizeof text, "the server ended the stream: %s",
                 nghttp2_http2_strerror(code));
        hats_http_exchange_end(x, HATS_E_NETWORK, text);
    }
    return 0;
}

/* Requests that waited for a free stream when GOAWAY came are never sent. */
static int on_frame_not_send(nghttp2_session *session, const nghttp2_frame *frame, int why,
                             void *user) {
    (void)session;
    (void)why;
    struct hats_http_client *c = user;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    for (struct hats_http_exchange *x = c->in_flight; x != NULL; x = x->next)
        if (x->stream_id == frame->hd.stream_id) {
            x->stream_id = 0;
            hats_http_exchange_end(x, HATS_E_BUSY,
                                   "the connection is closing; send the request on a new one");
            break;
        }
    return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t stream_id, uint8_t *out, size_t cap,
                         uint32_t *flags, nghttp2_data_source *source, void *user) {
    (void)source;
    (void)user;
    struct hats_http_exchange *x = exchange_of(session, stream_id);
    if (x == NULL)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t left = x->body_len - x->body_sent;
    size_t n = left < cap ? left : cap;
    memcpy(out, x->body + x->body_sent, n);
    x->body_sent += n;
    if (x->body_sent == x->body_len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

bool hats_http_client_open_h2(struct hats_http_client *c) {
    nghttp2_session_callbacks *cb = NULL;
    if (nghttp2_session_callbacks_new(&cb) != 0)
        return false;
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(cb, on_frame_not_send);
    bool ok = nghttp2_session_client_new(&c->h2, cb, c) == 0;
    nghttp2_session_callbacks_del(cb);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, c->max_header_bytes},
    };
    return ok &&
           nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings, HATS_COUNT_OF(settings)) ==
               0 &&
           nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0,
                                                 CONNECTION_WINDOW_BYTES) == 0;
}

/* ---- what goes out ---- */

static nghttp2_nv field(const char *name, const char *value) {
    return (nghttp2_nv){.name = (uint8_t *)name,
                        .value = (uint8_t *)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value),
                        .flags = NGHTTP2_NV_FLAG_NONE};
}

static hats_status check_call(const struct hats_http_call *call, const char *method,
                              struct hats_error *err) {
    if (!hats_http_is_token(method, strlen(method)))
        return hats_fail(err, HATS_E_USAGE, "the method is not a token");
    if (call->path == NULL || !hats_http_is_target(call->path, strlen(call->path)))
        return hats_fail(err, HATS_E_USAGE, "the path must begin with / and have no spaces");
    if (call->n_headers > CALL_FIELDS_MAX)
        return hats_fail(err, HATS_E_USAGE, "more than %d header fields", CALL_FIELDS_MAX);
    for (size_t i = 0; i < call->n_headers; i++) {
        const struct hats_http_header *h = &call->headers[i];
        if (!hats_http_is_token(h->name, strlen(h->name)) ||
            !hats_http_is_value(h->value, strlen(h->value)))
            return hats_fail(err, HATS_E_USAGE,
                             "header field %zu has a character that no field may have", i + 1);
    }
    return HATS_OK;
}

/* nghttp2 copies the fields, and lowers the case of names itself. */
static int32_t send_request(struct hats_http_client *c, struct hats_http_exchange *x,
                            const struct hats_http_call *call, const char *method) {
    nghttp2_nv fields[CALL_FIELDS_MAX + 5];
    char length[24];
    size_t n = 0;
    snprintf(length, sizeof length, "%zu", call->len_bytes);
    fields[n++] = field(":method", method);
    fields[n++] = field(":scheme", "https");
    fields[n++] = field(":authority", c->authority);
    fields[n++] = field(":path", call->path);
    if (call->len_bytes > 0 || strcmp(method, "GET") != 0)
        fields[n++] = field("content-length", length);
    for (size_t i = 0; i < call->n_headers; i++)
        fields[n++] = field(call->headers[i].name, call->headers[i].value);
    const nghttp2_data_provider body = {.read_callback = read_body};
    return nghttp2_submit_request(c->h2, NULL, fields, n, call->len_bytes > 0 ? &body : NULL, x);
}

hats_status hats_http_client_submit(struct hats_http_client *c, struct hats_http_exchange **out,
                                    const struct hats_http_call *call, struct hats_error *err) {
    *out = NULL;
    const char *method = call->method != NULL ? call->method : call->len_bytes > 0 ? "POST" : "GET";
    hats_status s = check_call(call, method, err);
    if (s != HATS_OK)
        return s;
    if (!hats_http_client_usable(c))
        return hats_fail(err, HATS_E_NETWORK, "the connection to %s is closed; connect anew",
                         c->host);
    struct hats_http_exchange *x = hats_alloc(sizeof *x);
    if (x == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a request");
    x->client = c;
    x->body = call->body;
    x->body_len = call->len_bytes;
    x->submitted_ns = hats_monotonic_ns();
    x->until_ns =
        call->timeout_ms != 0 ? x->submitted_ns + (uint64_t)call->timeout_ms * 1000000 : 0;
    hats_buffer_init(&x->fields, 2 * (size_t)c->max_header_bytes);
    hats_buffer_init(&x->answer, call->max_response_bytes != 0 ? call->max_response_bytes
                                                               : RESPONSE_BYTES_DEFAULT);
    int32_t id = send_request(c, x, call, method);
    if (id < 0) {
        hats_free(x);
        return id == NGHTTP2_ERR_NOMEM
                   ? hats_fail(err, HATS_E_MEMORY, "no memory for a request")
                   : hats_fail(err, HATS_E_NETWORK, "no more requests fit on this connection: %s",
                               nghttp2_strerror(id));
    }
    x->stream_id = id;
    x->next = c->in_flight;
    if (x->next != NULL)
        x->next->prev = x;
    c->in_flight = x;
    c->n_in_flight++;
    *out = x;
    return HATS_OK;
}

/* ---- the answer ---- */

bool hats_http_exchange_done(const struct hats_http_exchange *x) { return x->done; }

hats_status hats_http_exchange_result(const struct hats_http_exchange *x, struct hats_error *err) {
    if (!x->done)
        return hats_fail(err, HATS_E_BUSY, "the request is still in flight");
    return x->result == HATS_OK ? HATS_OK : hats_fail(err, x->result, "%s", x->text);
}

unsigned hats_http_exchange_status(const struct hats_http_exchange *x) { return x->status; }

const char *hats_http_exchange_header(const struct hats_http_exchange *x, const char *name) {
    const char *at = (const char *)x->fields.data;
    const char *end = x->fields.len > 0 ? at + x->fields.len : at;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        if (strcmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

const uint8_t *hats_http_exchange_body(const struct hats_http_exchange *x, size_t *len_bytes) {
    *len_bytes = x->answer.len;
    return x->answer.data;
}

uint64_t hats_http_exchange_ms(const struct hats_http_exchange *x) {
    uint64_t end = x->done ? x->done_ns : hats_monotonic_ns();
    return (end - x->submitted_ns) / 1000000;
}

void hats_http_exchange_set_data(struct hats_http_exchange *x, void *data) { x->data = data; }
void *hats_http_exchange_data(const struct hats_http_exchange *x) { return x->data; }

void hats_http_exchange_free(struct hats_http_exchange *x) {
    if (x == NULL)
        return;
    hats_http_exchange_end(x, HATS_E_CANCELLED, "the request was given up");
    hats_buffer_clear(&x->fields);
    hats_buffer_clear(&x->answer);
    hats_free(x);
}
