#include "http/server_priv.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <stdio.h>
#include <strings.h>

#define CONNECTION_WINDOW_BYTES (16 << 20)
#define FIRST_STREAM_WINDOW_BYTES \
    65535 /* what a client may send before it is admitted [RFC9113, 6.9.2] */
#define FRAME_BYTES_MAX (16384 + 9)
/* Frames that carry nothing (PING, SETTINGS, PRIORITY, empty DATA): an honest client sends a few; these
 * are the burst and the rate. */
#define ODDITIES_BURST 1000
#define ODDITIES_PER_S 50
#define HEADER_BYTES_FLOOD 4 /* times the limit: then the connection ends, not only the request */

static void *stream_request(struct hats_http_conn *c, int32_t stream_id) {
    return nghttp2_session_get_stream_user_data(c->h2, stream_id);
}

static int flood(struct hats_http_conn *c) {
    if (!c->closing) {
        HATS_HTTP_COUNT(c->io->server, floods, 1);
        hats_http_h2_goaway(c, NGHTTP2_ENHANCE_YOUR_CALM);
    }
    return 0;
}

static int spend_oddity(struct hats_http_conn *c) {
    bool ok = hats_http_bucket_spend(&c->oddities, ODDITIES_BURST, ODDITIES_PER_S, c->io->now_ns);
    return ok ? 0 : flood(c);
}

/* Streams that a client gives up, or makes us give up, before they are answered: work for nothing. */
static int spend_reset(struct hats_http_conn *c) {
    unsigned burst = c->io->server->limits.max_resets;
    bool ok = hats_http_bucket_spend(&c->resets, burst, burst / 20 + 1, c->io->now_ns);
    return ok ? 0 : flood(c);
}

/* ---- what comes in ---- */

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user) {
    (void)session;
    switch (hd->type) {
    case NGHTTP2_DATA:
        return hd->length == 0 && (hd->flags & NGHTTP2_FLAG_END_STREAM) == 0 ? spend_oddity(user)
                                                                             : 0;
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION:
    case NGHTTP2_WINDOW_UPDATE:
    case NGHTTP2_RST_STREAM: return 0;
    default: return spend_oddity(user);
    }
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct hats_http_conn *c = user;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct hats_http_request *r = hats_http_request_new(c, HATS_HTTP_2);
    if (r == NULL)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    r->stream_id = frame->hd.stream_id;
    nghttp2_session_set_stream_user_data(session, r->stream_id, r);
    if (c->header_ns == 0)
        c->header_ns = c->io->now_ns;
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user) {
    (void)session;
    (void)flags;
    struct hats_http_conn *c = user;
    const struct hats_http_limits *l = &c->io->server->limits;
    struct hats_http_request *r = stream_request(c, frame->hd.stream_id);
    if (r == NULL)
        return 0;
    r->header_bytes += (uint32_t)(name_len + value_len + 32);
    if (r->header_bytes > HEADER_BYTES_FLOOD * l->max_header_bytes)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (r->stage != HATS_HTTP_STAGE_HEAD)
        return 0; /* trailers are read and forgotten */
    if (r->header_bytes > l->max_header_bytes || r->n_fields >= l->max_header_fields)
        r->head_too_large = true;
    if (r->head_too_large || r->head_malformed)
        return 0;
    if (!hats_http_request_add(r, (const char *)name, name_len, (const char *)value, value_len))
        r->head_malformed = true;
    return 0;
}

static void head_is_complete(struct hats_http_conn *c, struct hats_http_request *r) {
    c->header_ns = 0;
    if (r->head_too_large)
        hats_http_flow_refuse(r, HATS_HTTP_HEADERS_TOO_LARGE);
    else if (r->head_malformed)
        hats_http_flow_refuse(r, HATS_HTTP_BAD_REQUEST);
    else if (r->path == 0 || strcmp(r->method, "CONNECT") == 0)
        hats_http_flow_refuse(r, HATS_HTTP_METHOD_UNSUPPORTED);
    else
        hats_http_flow_head(r);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    (void)session;
    struct hats_http_conn *c = user;
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
        struct hats_http_request *r = stream_request(c, frame->hd.stream_id);
        return r != NULL && r->all_sent ? 0 : spend_reset(c);
    }
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    struct hats_http_request *r = stream_request(c, frame->hd.stream_id);
    if (r == NULL)
        return 0;
    if (r->stage == HATS_HTTP_STAGE_HEAD)
        head_is_complete(c, r);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        hats_http_flow_end(r);
    return 0;
}

/* Credit goes back at once: the bytes lie in memory that was reserved, or are thrown away. A stream
 * whose body is not wanted gets no credit of its own, so its client stops. */
static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t len, void *user) {
    (void)flags;
    struct hats_http_conn *c = user;
    struct hats_http_request *r = stream_request(c, stream_id);
    if (r != NULL)
        hats_http_flow_body(r, data, len);
    if (r != NULL && r->stage == HATS_HTTP_STAGE_BODY)
        return nghttp2_session_consume(session, stream_id, len) == 0 ? 0
                                                                     : NGHTTP2_ERR_CALLBACK_FAILURE;
    return nghttp2_session_consume_connection(session, len) == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t code, void *user) {
    (void)session;
    (void)code;
    struct hats_http_request *r = stream_request(user, stream_id);
    if (r != NULL) {
        if (r->stage == HATS_HTTP_STAGE_HEAD)
            r->conn->header_ns = 0;
        hats_http_flow_detach(r);
    }
    return 0;
}

bool hats_http_h2_input(struct hats_http_conn *c, const uint8_t *data, size_t len) {
    ssize_t n = nghttp2_session_mem_recv(c->h2, data, len);
    if (n >= 0)
        return true;
    if (n == NGHTTP2_ERR_FLOODED || n == NGHTTP2_ERR_CALLBACK_FAILURE)
        flood(c);
    else
        HATS_HTTP_COUNT(c->io->server, protocol_errors, 1);
    nghttp2_session_terminate_session(c->h2, n == NGHTTP2_ERR_NOMEM ? NGHTTP2_INTERNAL_ERROR
                                                                    : NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
}

/* ---- what goes out ---- */

static ssize_t read_body(nghttp2_session *session, int32_t stream_id, uint8_t *out, size_t cap,
                         uint32_t *flags, nghttp2_data_source *source, void *user) {
    (void)session;
    (void)source;
    struct hats_http_request *r = stream_request(user, stream_id);
    if (r == NULL || r->sending == NULL)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    struct hats_http_answer *a = r->sending;
    size_t left = a->len_bytes - a->sent_bytes;
    size_t n = left < cap ? left : cap;
    memcpy(out, a->body + a->sent_bytes, n);
    a->sent_bytes += n;
    if (a->sent_bytes == a->len_bytes)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static nghttp2_nv field(const char *name, const char *value) {
    return (nghttp2_nv){.name = (uint8_t *)name,
                        .value = (uint8_t *)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value),
                        .flags = NGHTTP2_NV_FLAG_NONE};
}

void hats_http_h2_answer(struct hats_http_request *r) {
    struct hats_http_answer *a = r->sending;
    struct hats_http_conn *c = r->conn;
    char status[8], length[24];
    nghttp2_nv fields[HATS_HTTP_ANSWER_FIELDS_MAX + 3];
    size_t n = 0;
    bool bare = a->status == 204 || a->status == 304;
    snprintf(status, sizeof status, "%u", a->status);
    snprintf(length, sizeof length, "%zu", a->len_bytes);
    fields[n++] = field(":status", status);
    fields[n++] = field("date", hats_http_io_date(c->io));
    if (!bare)
        fields[n++] = field("content-length", length);
    const char *at = a->fields;
    for (size_t i = 0; i < a->n_fields; i++) {
        const char *value = at + strlen(at) + 1;
        fields[n++] = field(at, value);
        at = value + strlen(value) + 1;
    }
    if (bare || strcmp(r->method, "HEAD") == 0)
        a->len_bytes = 0;
    const nghttp2_data_provider body = {.read_callback = read_body};
    if (nghttp2_submit_response(c->h2, r->stream_id, fields, n, a->len_bytes > 0 ? &body : NULL) !=
        0)
        hats_http_h2_reset(r);
    hats_http_io_touch(c);
}

void hats_http_h2_reset(struct hats_http_request *r) {
    if (nghttp2_submit_rst_stream(r->conn->h2, NGHTTP2_FLAG_NONE, r->stream_id, NGHTTP2_CANCEL) !=
        0)
        hats_http_conn_doom(r->conn);
    hats_http_io_touch(r->conn);
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct hats_http_conn *c = user;
    if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
        return spend_reset(c);
    bool ends = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    struct hats_http_request *r = ends ? stream_request(c, frame->hd.stream_id) : NULL;
    if (r == NULL)
        return 0;
    r->all_sent = true;
    /* Answered before the body was there: the rest is not wanted [RFC9113, 8.1]. */
    if (!r->all_received)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, r->stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

size_t hats_http_h2_output(struct hats_http_conn *c, uint8_t *out, size_t cap) {
    size_t len = 0;
    while (cap - len >= FRAME_BYTES_MAX) {
        const uint8_t *chunk;
        ssize_t n = nghttp2_session_mem_send(c->h2, &chunk);
        if (n < 0 || (size_t)n > cap - len) {
            c->doomed = true;
            return 0;
        }
        if (n == 0)
            break;
        memcpy(out + len, chunk, (size_t)n);
        len += (size_t)n;
    }
    if (len == 0 && nghttp2_session_want_read(c->h2) == 0)
        c->closing = true;
    return len;
}

/* ---- beginning, window, end ---- */

void hats_http_h2_admit(struct hats_http_request *r) {
    const struct hats_http_limits *l = &r->server->limits;
    const char *expect = hats_http_request_header(r, "expect");
    if (expect != NULL && strcasecmp(expect, "100-continue") == 0) {
        const nghttp2_nv interim = field(":status", "100");
        (void)nghttp2_submit_headers(r->conn->h2, NGHTTP2_FLAG_NONE, r->stream_id, NULL, &interim,
                                     1, NULL);
    }
    if (r->content_length >= 0 && r->content_length <= FIRST_STREAM_WINDOW_BYTES)
        return;
    int64_t window = (int64_t)l->stream_window_bytes;
    if (r->content_length >= 0 && r->content_length < window)
        window = r->content_length;
    if (window <= FIRST_STREAM_WINDOW_BYTES)
        return;
    (void)nghttp2_session_set_local_window_size(r->conn->h2, NGHTTP2_FLAG_NONE, r->stream_id,
                                                (int32_t)window);
}

void hats_http_h2_goaway(struct hats_http_conn *c, uint32_t code) {
    bool busy = c->n_requests > 0 && code == NGHTTP2_NO_ERROR;
    int32_t last = nghttp2_session_get_last_proc_stream_id(c->h2);
    if (busy)
        (void)nghttp2_submit_goaway(c->h2, NGHTTP2_FLAG_NONE, last, code, NULL, 0);
    else
        (void)nghttp2_session_terminate_session(c->h2, code);
    if (!busy)
        c->closing = true;
}

static nghttp2_session_callbacks *make_callbacks(void) {
    nghttp2_session_callbacks *cb = NULL;
    if (nghttp2_session_callbacks_new(&cb) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
    return cb;
}

bool hats_http_h2_open(struct hats_http_conn *c) {
    const struct hats_http_limits *l = &c->io->server->limits;
    nghttp2_session_callbacks *cb = make_callbacks();
    nghttp2_option *option = NULL;
    bool ok = cb != NULL && nghttp2_option_new(&option) == 0;
    if (ok) {
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_max_outbound_ack(option, 100);
        ok = nghttp2_session_server_new2(&c->h2, cb, c, option) == 0;
    }
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, l->max_streams},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, l->max_header_bytes},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, FIRST_STREAM_WINDOW_BYTES},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    ok =
        ok &&
        nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings, HATS_COUNT_OF(settings)) == 0 &&
        nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0,
                                              CONNECTION_WINDOW_BYTES) == 0;
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(cb);
    return ok;
}
