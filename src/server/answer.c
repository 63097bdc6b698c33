/* Every way out of an exchange. The last thing each does is to give the request back. */
#include "server/service.h"

#include "base/arena.h"
#include "base/random.h"
#include "wire/oip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const unsigned hats_server_latency_ms[LATENCY_BUCKETS] = {1,  2,   5,   10,   25,
                                                          50, 100, 250, 1000, 5000};

static void count(const struct exchange *x, unsigned status, const char *problem) {
    struct hats_server *s = x->server;
    if (s->config.log_requests)
        hats_server_log_request(x, status, problem);
    if (x->route == NULL)
        return;
    struct route_counters *c = &s->counters[x->route - hats_server_routes];
    uint64_t us = (hats_monotonic_ns() - x->started_ns) / 1000;
    size_t b = 0;
    while (b < LATENCY_BUCKETS && us > (uint64_t)hats_server_latency_ms[b] * 1000)
        b++;
    atomic_fetch_add(&c->answers[status / 100 % 6], 1);
    atomic_fetch_add(&c->latency[b], 1);
    atomic_fetch_add(&c->latency_sum_us, us);
}

void hats_server_answer_bytes(struct exchange *x, unsigned status, const char *type,
                              const void *data, size_t len_bytes) {
    const struct hats_http_header headers[] = {{"content-type", type}};
    count(x, status, NULL);
    hats_http_respond(x->request, status, headers, 1, data, len_bytes);
}

void hats_server_answer_shared(struct exchange *x, unsigned status, const char *type,
                               const void *data, size_t len_bytes, void (*release)(void *),
                               void *arg) {
    const struct hats_http_header headers[] = {{"content-type", type}};
    count(x, status, NULL);
    hats_http_respond_owned(x->request, status, headers, 1, data, len_bytes, release, arg);
}

void hats_server_answer_json(struct exchange *x, unsigned status, json_t *doc) {
    char *text = doc != NULL ? json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    json_decref(doc);
    if (text == NULL) {
        hats_gate_count(x->server->gate, HATS_PROBLEM_INTERNAL);
        hats_server_answer_problem(x, HATS_PROBLEM_INTERNAL, NULL, NULL);
        return;
    }
    const struct hats_http_header headers[] = {{"content-type", "application/json"}};
    count(x, status, NULL);
    hats_http_respond_owned(x->request, status, headers, 1, text, strlen(text), free, text);
}

void hats_server_answer_problem(struct exchange *x, enum hats_problem p, const char *detail,
                                const char *receipt_id) {
    const struct hats_problem_info *info = hats_problem_info(p);
    struct hats_http_header headers[5] = {{"content-type", "application/problem+json"},
                                          {"cache-control", "no-store"}};
    size_t n = 2;
    char seconds[16], methods[64];
    unsigned retry = hats_gate_retry_after_s(x->server->gate, p);
    if (retry != 0) {
        snprintf(seconds, sizeof seconds, "%u", retry);
        headers[n++] = (struct hats_http_header){"retry-after", seconds};
    }
    if (info->status == 401)
        headers[n++] = (struct hats_http_header){"www-authenticate", "Bearer"};
    if (p == HATS_PROBLEM_METHOD) {
        hats_server_route_methods(methods, hats_http_request_path(x->request));
        headers[n++] = (struct hats_http_header){"allow", methods};
    }
    if (receipt_id != NULL && receipt_id[0] != '\0')
        headers[n++] = (struct hats_http_header){"hats-receipt-id", receipt_id};
    struct hats_buffer body;
    hats_buffer_init(&body, HATS_PROBLEM_BODY_MAX);
    hats_problem_render(&body, p, detail);
    count(x, info->status, info->code);
    hats_http_respond(x->request, info->status, headers, n, body.data, body.len);
    hats_buffer_clear(&body);
}

static void free_body(void *arg) {
    hats_buffer_clear(arg);
    hats_free(arg);
}

void hats_server_answer_reply(struct exchange *x, struct hats_gate_reply *reply) {
    struct hats_buffer *body = hats_alloc(sizeof *body);
    if (body == NULL) {
        hats_gate_reply_clear(reply);
        hats_gate_count(x->server->gate, HATS_PROBLEM_INTERNAL);
        hats_server_answer_problem(x, HATS_PROBLEM_INTERNAL, NULL, NULL);
        return;
    }
    char json_len[24], id[65];
    *body = reply->body;
    snprintf(json_len, sizeof json_len, "%zu", reply->json_len);
    memcpy(id, reply->receipt_id, sizeof id);
    *reply = (struct hats_gate_reply){0};
    const struct hats_http_header headers[] = {{"content-type", "application/octet-stream"},
                                               {"cache-control", "no-store"},
                                               {HATS_OIP_LENGTH_FIELD, json_len},
                                               {"hats-receipt-id", id}};
    count(x, 200, NULL);
    hats_http_respond_owned(x->request, 200, headers, 4, body->data, body->len, free_body, body);
}
