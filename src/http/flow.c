#include "http/server_priv.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"

#include <assert.h>

#define FIRST_BODY_BYTES 65536u
#define REFUSAL_TEXT_MAX 4096u

static void send_answer(struct hats_http_request *r, struct hats_http_answer *a) {
    r->sending = a;
    r->stage = HATS_HTTP_STAGE_SENDING;
    r->since_ns = r->io->now_ns;
    if (r->version == HATS_HTTP_2)
        hats_http_h2_answer(r);
    else
        hats_http_h1_answer(r);
}

/* The handler learns that nothing more will come; before on_request its reference ends with that. */
static void end_handler(struct hats_http_request *r, bool before_request) {
    struct hats_http_server *s = r->server;
    atomic_store(&r->closed, true);
    if (!atomic_load(&r->owed))
        return;
    if (s->handler.on_closed != NULL)
        s->handler.on_closed(s->handler.user, r);
    if (before_request && atomic_exchange(&r->owed, false))
        hats_http_request_unref(r);
}

static void free_buffer(void *arg) {
    hats_buffer_clear(arg);
    hats_free(arg);
}

static void render_refusal(struct hats_http_request *r, enum hats_http_refusal why) {
    struct hats_http_server *s = r->server;
    const char *type = "text/plain; charset=utf-8";
    struct hats_buffer *body = hats_alloc(sizeof *body);
    if (body != NULL) {
        hats_buffer_init(body, REFUSAL_TEXT_MAX);
        if (s->handler.on_refusal != NULL)
            s->handler.on_refusal(s->handler.user, why, body, &type);
        else
            hats_buffer_printf(body, "%s\n", hats_http_refusal_text(why));
    }
    const struct hats_http_header headers[] = {{"content-type", type}, {"retry-after", "1"}};
    unsigned status = hats_http_refusal_status(why);
    const uint8_t *text = NULL;
    size_t len = 0;
    if (body != NULL && !body->failed) {
        text = body->data;
        len = body->len;
    }
    (void)hats_http_answer_set(&r->own, status, headers, status == 503 ? 2 : 1, text, len);
    if (body != NULL) {
        r->own.free_body = free_buffer;
        r->own.free_arg = body;
    }
}

void hats_http_flow_refuse(struct hats_http_request *r, enum hats_http_refusal why) {
    assert(r->stage < HATS_HTTP_STAGE_SENDING && r->conn != NULL);
    HATS_HTTP_COUNT(r->server, refusals[why], 1);
    bool before_request = r->stage != HATS_HTTP_STAGE_HANDLER;
    render_refusal(r, why);
    if (r->own.status != 0)
        send_answer(r, &r->own);
    else
        hats_http_conn_doom(r->conn);
    end_handler(r, before_request);
}

/* Take n bytes of the budget for bodies. */
static bool reserve(struct hats_http_request *r, uint64_t n) {
    struct hats_http_server *s = r->server;
    uint64_t budget = s->limits.body_memory_bytes;
    uint_fast64_t held = atomic_load(&s->count.body_bytes_held);
    do {
        if (n > budget || held > budget - n)
            return false;
    } while (!atomic_compare_exchange_weak(&s->count.body_bytes_held, &held, held + n));
    r->reserved_bytes += n;
    return true;
}

void hats_http_flow_head(struct hats_http_request *r) {
    struct hats_http_server *s = r->server;
    r->received_ms = hats_now_ms();
    if (r->version == HATS_HTTP_2)
        HATS_HTTP_COUNT(s, requests_h2, 1);
    else
        HATS_HTTP_COUNT(s, requests_h1, 1);
    if (atomic_load(&s->draining)) {
        hats_http_flow_refuse(r, HATS_HTTP_DRAINING);
        return;
    }
    r->max_body_bytes = s->limits.max_body_bytes;
    r->stage = HATS_HTTP_STAGE_BODY;
    r->handler_saw_it = true;
    atomic_store(&r->owed, true);
    atomic_fetch_add(&r->refs, 1);
    enum hats_http_admission a = s->handler.on_headers(s->handler.user, r, &r->max_body_bytes);
    if (a == HATS_HTTP_ANSWERED) {
        r->stage = HATS_HTTP_STAGE_HANDLER;
        return;
    }
    if (r->max_body_bytes > s->limits.max_body_bytes)
        r->max_body_bytes = s->limits.max_body_bytes;
    if (r->content_length > 0) {
        if ((uint64_t)r->content_length > r->max_body_bytes) {
            hats_http_flow_refuse(r, HATS_HTTP_BODY_TOO_LARGE);
            return;
        }
        if (!reserve(r, (uint64_t)r->content_length)) {
            hats_http_flow_refuse(r, HATS_HTTP_NO_MEMORY);
            return;
        }
    }
    r->since_ns = r->io->now_ns;
    if (r->version == HATS_HTTP_2)
        hats_http_h2_admit(r);
}

/* Room for `needed` bytes, by doubling up to what was declared or admitted. */
static bool grow_body(struct hats_http_request *r, size_t needed) {
    if (needed <= r->body_cap)
        return true;
    uint64_t most = r->content_length >= 0 ? (uint64_t)r->content_length : r->max_body_bytes;
    uint64_t cap = r->body_cap == 0 ? FIRST_BODY_BYTES : (uint64_t)r->body_cap * 2;
    if (cap < needed)
        cap = needed;
    if (cap > most)
        cap = most;
    if (r->content_length < 0 && !reserve(r, cap - r->body_cap))
        return false;
    uint8_t *grown = hats_alloc(cap);
    if (grown == NULL)
        return false;
    if (r->body_len > 0)
        memcpy(grown, r->body, r->body_len);
    hats_free(r->body);
    r->body = grown;
    r->body_cap = cap;
    return true;
}

void hats_http_flow_body(struct hats_http_request *r, const uint8_t *data, size_t len) {
    struct hats_http_server *s = r->server;
    if (r->stage != HATS_HTTP_STAGE_BODY || !atomic_load(&r->owed) || len == 0)
        return; /* answered already: the rest is thrown away */
    uint64_t most = r->content_length >= 0 ? (uint64_t)r->content_length : r->max_body_bytes;
    if (len > most || r->body_len > most - len) {
        hats_http_flow_refuse(r, HATS_HTTP_BODY_TOO_LARGE);
        return;
    }
    if (!grow_body(r, r->body_len + len)) {
        hats_http_flow_refuse(r, HATS_HTTP_NO_MEMORY);
        return;
    }
    memcpy(r->body + r->body_len, data, len);
    r->body_len += len;
    if (s->handler.on_body != NULL &&
        s->handler.on_body(s->handler.user, r, r->body, r->body_len, len) == HATS_HTTP_ANSWERED)
        r->stage = HATS_HTTP_STAGE_HANDLER;
}

void hats_http_flow_end(struct hats_http_request *r) {
    struct hats_http_server *s = r->server;
    r->all_received = true;
    if (r->stage != HATS_HTTP_STAGE_BODY || !atomic_load(&r->owed))
        return;
    r->stage = HATS_HTTP_STAGE_HANDLER;
    s->handler.on_request(s->handler.user, r);
}

void hats_http_flow_deliver(struct hats_http_request *r) {
    if (r->conn == NULL || r->stage >= HATS_HTTP_STAGE_SENDING) {
        HATS_HTTP_COUNT(r->server, responses_dropped, 1);
        return;
    }
    if (r->given.status == 0)
        hats_http_flow_refuse(r, HATS_HTTP_ABANDONED);
    else
        send_answer(r, &r->given);
}

void hats_http_flow_detach(struct hats_http_request *r) {
    struct hats_http_conn *c = r->conn;
    assert(c != NULL);
    bool before_request = r->stage < HATS_HTTP_STAGE_HANDLER;
    bool answered = r->stage == HATS_HTTP_STAGE_SENDING;
    if (r->prev != NULL)
        r->prev->next = r->next;
    else
        c->requests = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    r->prev = r->next = NULL;
    c->n_requests--;
    c->since_ns = c->io->now_ns;
    r->conn = NULL;
    r->stage = HATS_HTTP_STAGE_DETACHED;
    if (answered && r->all_sent)
        HATS_HTTP_COUNT(r->server, responses_sent, 1);
    else if (answered)
        HATS_HTTP_COUNT(r->server, responses_dropped, 1);
    if (!answered)
        end_handler(r, before_request);
    hats_http_request_unref(r);
}

bool hats_http_flow_too_slow(const struct hats_http_request *r, uint64_t now_ns) {
    const struct hats_http_limits *l = &r->server->limits;
    if (r->stage == HATS_HTTP_STAGE_HANDLER || r->stage == HATS_HTTP_STAGE_DETACHED)
        return false;
    uint64_t ms = (now_ns - r->since_ns) / 1000000;
    if (r->stage != HATS_HTTP_STAGE_SENDING && ms > l->body_deadline_ms)
        return true;
    if (ms <= l->body_grace_ms)
        return false;
    uint64_t moved = r->stage == HATS_HTTP_STAGE_SENDING ? r->sending->sent_bytes : r->body_len;
    return moved < ms * l->body_min_bytes_per_s / 1000 / r->conn->n_requests;
}
