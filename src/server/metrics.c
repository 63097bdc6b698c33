/* Prometheus text exposition format, version 0.0.4. */
#include "server/service.h"

#include "base/random.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void metric(struct hats_buffer *out, const char *name, const char *type, const char *help,
                   uint64_t value) {
    hats_buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
                       (unsigned long long)value);
}

static void counter(struct hats_buffer *out, const char *name, const char *help, uint64_t value) {
    metric(out, name, "counter", help, value);
}

static void gauge(struct hats_buffer *out, const char *name, const char *help, uint64_t value) {
    metric(out, name, "gauge", help, value);
}

static void render_problems(struct hats_buffer *out, const struct hats_gate_counters *c) {
    hats_buffer_printf(out, "# HELP hats_problems_total Refusals by their code.\n"
                            "# TYPE hats_problems_total counter\n");
    for (int p = 1; p < HATS_PROBLEM_COUNT; p++)
        hats_buffer_printf(out, "hats_problems_total{code=\"%s\"} %llu\n",
                           hats_problem_info((enum hats_problem)p)->code,
                           (unsigned long long)c->problems[p]);
}

static void render_gate(struct hats_buffer *out, const struct hats_gate_counters *c) {
    counter(out, "hats_calls_admitted_total", "Calls let in at their header.", c->calls_admitted);
    counter(out, "hats_calls_accepted_total", "Calls accepted durably.", c->calls_accepted);
    counter(out, "hats_evaluations_total", "Evaluations started.", c->evaluations);
    counter(out, "hats_evaluation_microseconds_total", "Time spent evaluating.",
            c->evaluation_ns / 1000);
    counter(out, "hats_calls_sealed_total", "Calls sealed with a receipt.", c->calls_sealed);
    counter(out, "hats_answers_total", "Answers given, repeats included.", c->answers);
    counter(out, "hats_repeats_total", "Answers given from the store.", c->repeats);
    counter(out, "hats_leases_taken_total", "Calls taken over after a crash.", c->leases_taken);
    counter(out, "hats_leases_renewed_total", "Leases of long evaluations renewed.",
            c->leases_renewed);
    counter(out, "hats_challenges_total", "Challenges given.", c->challenges);
    counter(out, "hats_sessions_opened_total", "Sessions opened.", c->sessions_opened);
    counter(out, "hats_sessions_closed_total", "Sessions closed by their owners.",
            c->sessions_closed);
    counter(out, "hats_sessions_burnt_total", "Indices used for two requests.", c->sessions_burnt);
    counter(out, "hats_proofs_checked_total", "Proofs of encryption and of keys looked at.",
            c->proofs_checked);
    counter(out, "hats_verification_microseconds_total", "Time spent on them, waiting included.",
            c->verification_ns / 1000);
    counter(out, "hats_keys_registered_total", "Public keys registered.", c->keys_registered);
    counter(out, "hats_key_cache_hits_total", "Decoded keys found in memory.", c->key_cache_hits);
    counter(out, "hats_key_cache_misses_total", "Decoded keys not in memory.", c->key_cache_misses);
    counter(out, "hats_key_cache_evictions_total", "Decoded keys dropped for others.",
            c->key_cache_evictions);
    gauge(out, "hats_key_cache_bytes", "Memory of decoded keys.", c->key_cache_bytes);
    gauge(out, "hats_calls_in_flight", "Calls admitted and not finished.", c->calls_in_flight);
    gauge(out, "hats_call_memory_bytes", "Memory reserved for them.", c->memory_bytes);
}

static void render_store(struct hats_buffer *out, const struct hats_server *s) {
    struct hats_store_counters c;
    hats_store_counters(s->store, &c);
    counter(out, "hats_store_writes_total", "Writes committed.", c.writes);
    counter(out, "hats_store_transactions_total", "Commits; each may hold many writes.",
            c.transactions);
    counter(out, "hats_store_failures_total", "Writes not committed because of an error.",
            c.failures);
    gauge(out, "hats_store_healthy", "1 when the last write reached the disk.",
          hats_store_healthy(s->store));
}

static void render_http(struct hats_buffer *out, const struct hats_server *s) {
    struct hats_http_counters c;
    hats_http_server_counters(s->http, &c);
    counter(out, "hats_http_connections_total", "Connections accepted.", c.connections_accepted);
    counter(out, "hats_http_connections_refused_total", "Connections over a limit.",
            c.connections_refused);
    counter(out, "hats_http_handshakes_total", "TLS handshakes completed.", c.handshakes_completed);
    counter(out, "hats_http_handshakes_failed_total", "TLS handshakes refused or broken off.",
            c.handshakes_failed);
    counter(out, "hats_http_handshakes_resumed_total", "TLS handshakes that resumed a session.",
            c.handshakes_resumed);
    counter(out, "hats_http_requests_h1_total", "Requests over HTTP/1.1.", c.requests_h1);
    counter(out, "hats_http_requests_h2_total", "Requests over HTTP/2.", c.requests_h2);
    counter(out, "hats_http_responses_total", "Answers sent completely.", c.responses_sent);
    counter(out, "hats_http_responses_dropped_total", "Answers whose client was gone.",
            c.responses_dropped);
    counter(out, "hats_http_received_bytes_total", "Bytes received, inside TLS.", c.bytes_received);
    counter(out, "hats_http_sent_bytes_total", "Bytes sent, inside TLS.", c.bytes_sent);
    counter(out, "hats_http_timeouts_total", "Connections and bodies that were too slow.",
            c.timeouts_handshake + c.timeouts_header + c.timeouts_idle + c.timeouts_body);
    counter(out, "hats_http_floods_total", "Connections closed for floods of frames.", c.floods);
    counter(out, "hats_http_protocol_errors_total", "Connections closed for what is not HTTP.",
            c.protocol_errors);
    gauge(out, "hats_http_open_connections", "Connections now.", c.open_connections);
    gauge(out, "hats_http_open_requests", "Requests now.", c.open_requests);
    gauge(out, "hats_http_body_bytes", "Memory of bodies now.", c.body_bytes_held);
    gauge(out, "hats_tls_certificate_expires_seconds", "When the certificate ends, since 1970.",
          (uint64_t)hats_tls_not_after(s->tls));
}

static void render_route(struct hats_buffer *out, const struct route *r,
                         const struct route_counters *c) {
    uint64_t below = 0;
    for (size_t b = 0; b <= LATENCY_BUCKETS; b++) {
        char bound[16] = "+Inf";
        if (b < LATENCY_BUCKETS)
            snprintf(bound, sizeof bound, "%g", hats_server_latency_ms[b] / 1000.0);
        below += atomic_load(&c->latency[b]);
        hats_buffer_printf(
            out, "hats_request_seconds_bucket{method=\"%s\",route=\"%s\",le=\"%s\"} %llu\n",
            r->method, r->path, bound, (unsigned long long)below);
    }
    hats_buffer_printf(out, "hats_request_seconds_sum{method=\"%s\",route=\"%s\"} %.6f\n",
                       r->method, r->path, (double)atomic_load(&c->latency_sum_us) / 1e6);
    hats_buffer_printf(out, "hats_request_seconds_count{method=\"%s\",route=\"%s\"} %llu\n",
                       r->method, r->path, (unsigned long long)below);
}

static void render_routes(struct hats_buffer *out, const struct hats_server *s) {
    hats_buffer_printf(out, "# HELP hats_requests_total Answers by route and class of status.\n"
                            "# TYPE hats_requests_total counter\n");
    for (size_t i = 0; i < hats_server_n_routes; i++)
        for (unsigned k = 2; k < 6; k++)
            hats_buffer_printf(
                out, "hats_requests_total{method=\"%s\",route=\"%s\",status=\"%uxx\"} %llu\n",
                hats_server_routes[i].method, hats_server_routes[i].path, k,
                (unsigned long long)atomic_load(&s->counters[i].answers[k]));
    hats_buffer_printf(out, "# HELP hats_request_seconds From header to answer.\n"
                            "# TYPE hats_request_seconds histogram\n");
    for (size_t i = 0; i < hats_server_n_routes; i++)
        render_route(out, &hats_server_routes[i], &s->counters[i]);
}

/* The second number of /proc/self/statm, in pages. */
static uint64_t resident_bytes(void) {
    char text[128] = "";
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL)
        return 0;
    const char *second = fgets(text, sizeof text, f) != NULL ? strchr(text, ' ') : NULL;
    fclose(f);
    return second != NULL ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void hats_server_metrics_render(struct hats_buffer *out, struct hats_server *s) {
    struct hats_gate_counters c;
    hats_gate_counters(s->gate, &c);
    hats_buffer_printf(out,
                       "# HELP hats_build_info Always 1.\n# TYPE hats_build_info gauge\n"
                       "hats_build_info{version=\"%s\"} 1\n",
                       HATS_VERSION);
    gauge(out, "hats_ready", "1 when calls can be answered.", hats_gate_ready(s->gate));
    gauge(out, "process_start_time_seconds", "Start, since 1970.", s->started_ms / 1000);
    gauge(out, "process_resident_memory_bytes", "Memory of the process.", resident_bytes());
    render_gate(out, &c);
    render_problems(out, &c);
    render_store(out, s);
    render_http(out, s);
    render_routes(out, s);
}
