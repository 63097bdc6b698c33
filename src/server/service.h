/* What the files of this folder share: the running service, one request on its way, the routes. */
#ifndef HATS_SERVER_SERVICE_H
#define HATS_SERVER_SERVICE_H

#include "gate/gate.h"
#include "http/server.h"
#include "server/config.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

struct hats_server;
struct hats_server_log;
struct exchange;

/* ---- routes ---- */

enum route_flags {
    ROUTE_TOKEN = 1,  /* the tenant's token is asked for before anything else */
    ROUTE_WORKER = 2, /* may wait for disk or processor: answered by a worker */
    ROUTE_BODY = 4,   /* takes one; `admit` looks at its length */
    ROUTE_BOUND = 8,  /* what it opens may be bound to the connection */
};

/* One method of one path; the OpenAPI document is made of the same table. */
struct route {
    const char *method; /* a GET route takes HEAD too */
    const char
        *path; /* segments; {name} takes one segment as parameter, {+name} all that are left */
    /* Header is there. NULL: token (if asked for) and no body. A problem refuses. */
    enum hats_problem (*admit)(struct exchange *x, uint64_t *max_body_bytes,
                               struct hats_error *detail);
    /* Answers, exactly once. */
    void (*run)(struct exchange *x);
    const char *summary;
    const char *ok_type; /* media type of a good answer, whose status is 200 */
    unsigned flags;
    /* beside those that token and body bring with them; ends with NONE */
    enum hats_problem problems[32];
};
extern const struct route hats_server_routes[];
extern const size_t hats_server_n_routes;
#define ROUTES_MAX 32

#define PARAMETER_MAX 160 /* of a path; longer ones match nothing */

/* NULL with *path_known = false: no such path; true: the path does not take this method. */
const struct route *hats_server_route_find(const char *method, const char *path,
                                           char parameter[PARAMETER_MAX], bool *path_known);
/* "GET, PUT": what a path takes. */
void hats_server_route_methods(char out[64], const char *path);
/* The OpenAPI 3.1 document; json_decref. NULL: no memory. */
json_t *hats_server_openapi(void);

/* ---- one request ---- */

struct exchange {
    struct hats_server *server;
    struct hats_http_request *request;
    const struct route *route; /* NULL: none matched */
    char parameter[PARAMETER_MAX];
    struct hats_gate_tenant tenant;
    struct hats_gate_call *call;
    bool has_exporter; /* ROUTE_BOUND: of this connection, for the nonce in the body */
    uint8_t exporter[HATS_TLS_EXPORTER_BYTES];
    uint64_t started_ns;
};
struct hats_gate_connection hats_server_connection(const struct exchange *x);
/* Each answers the request and gives it back: the exchange may be gone afterwards. */
void hats_server_answer_json(struct exchange *x, unsigned status, json_t *doc /* taken over */);
void hats_server_answer_bytes(struct exchange *x, unsigned status, const char *type,
                              const void *data, size_t len_bytes);
/* The bytes stay where they are until `release` (may be NULL) is called with `arg`: for what everybody may
 * ask for, so that a thousand clients who do not read it hold it once. */
void hats_server_answer_shared(struct exchange *x, unsigned status, const char *type,
                               const void *data, size_t len_bytes, void (*release)(void *),
                               void *arg);
void hats_server_answer_problem(struct exchange *x, enum hats_problem p, const char *detail,
                                const char *receipt_id /* or NULL */);
void hats_server_answer_reply(struct exchange *x, struct hats_gate_reply *reply /* taken over */);

/* ---- handlers: api_*.c ---- */

enum hats_problem hats_server_admit_infer(struct exchange *x, uint64_t *max_body_bytes,
                                          struct hats_error *detail);
enum hats_problem hats_server_admit_key(struct exchange *x, uint64_t *max_body_bytes,
                                        struct hats_error *detail);
enum hats_problem hats_server_admit_challenge(struct exchange *x, uint64_t *max_body_bytes,
                                              struct hats_error *detail);
enum hats_problem hats_server_admit_session(struct exchange *x, uint64_t *max_body_bytes,
                                            struct hats_error *detail);
enum hats_problem hats_server_admit_close(struct exchange *x, uint64_t *max_body_bytes,
                                          struct hats_error *detail);
void hats_server_post_challenge(struct exchange *x);
void hats_server_post_session(struct exchange *x);
void hats_server_post_close(struct exchange *x);
void hats_server_get_session(struct exchange *x);
void hats_server_delete_session(struct exchange *x);
void hats_server_get_service(struct exchange *x);
void hats_server_get_live(struct exchange *x);
void hats_server_get_ready(struct exchange *x);
void hats_server_get_model(struct exchange *x);
void hats_server_get_model_ready(struct exchange *x);
void hats_server_post_infer(struct exchange *x);
void hats_server_get_plan(struct exchange *x);
void hats_server_get_publication(struct exchange *x);
void hats_server_put_key(struct exchange *x);
void hats_server_get_key(struct exchange *x);
void hats_server_delete_key(struct exchange *x);
void hats_server_get_keys(struct exchange *x);
void hats_server_get_receipt(struct exchange *x);
void hats_server_get_log(struct exchange *x);
void hats_server_get_about(struct exchange *x);
void hats_server_get_key_set(struct exchange *x);
void hats_server_get_metrics(struct exchange *x);
void hats_server_get_openapi(struct exchange *x);

/* ---- the service ---- */

/* Upper bounds of the latency histogram, in milliseconds; one more bucket has no bound. */
#define LATENCY_BUCKETS 10
extern const unsigned hats_server_latency_ms[LATENCY_BUCKETS];

struct route_counters {
    atomic_uint_fast64_t answers[6]; /* by hundreds of the status */
    atomic_uint_fast64_t latency[LATENCY_BUCKETS + 1];
    atomic_uint_fast64_t latency_sum_us;
};

struct hats_server {
    struct hats_server_config config;
    struct hats_store *store;
    struct hats_sign_key *signer;
    struct hats_gate *gate;
    struct hats_tls *tls;
    struct hats_http_server *http;
    struct hats_pool *pool;
    struct hats_buffer key_set;
    struct hats_server_log *log; /* NULL: none */
    char *openapi;
    uint64_t started_ms;
    atomic_uint metrics_unsent; /* answers of /metrics that clients have not read yet */
    struct route_counters counters[ROUTES_MAX];

    pthread_t housekeeper;
    bool housekeeper_runs;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};
/* The same start and stop; `harden` locks the signing key's memory. */
HATS_MUST_USE hats_status hats_server_start_with(struct hats_server **out,
                                                 const struct hats_server_config *config,
                                                 int listen_fd, bool harden,
                                                 struct hats_error *err);
HATS_MUST_USE hats_status hats_server_store_open(struct hats_store **out,
                                                 const struct hats_server_config *c,
                                                 struct hats_error *err);
void hats_server_metrics_render(struct hats_buffer *out, struct hats_server *s);

/* ---- log.c: one JSON object a line, to stderr ---- */

/* level ("info", "warning", "error"), event, then pairs of a key and a text. */
#define hats_server_log(...) hats_server_log_pairs(__VA_ARGS__, (const char *)NULL)
void hats_server_log_pairs(const char *level, const char *event, ...) __attribute__((sentinel));
void hats_server_log_request(const struct exchange *x, unsigned status, const char *problem);

/* ---- notify.c: the service manager ---- */

/* sd_notify's protocol: one datagram to NOTIFY_SOCKET; nothing when there is none. */
void hats_server_notify(const char *state);
/* Half of WATCHDOG_USEC in milliseconds; 0: no watchdog. */
unsigned hats_server_watchdog_ms(void);
/* The first socket of LISTEN_FDS, or -1. */
int hats_server_listen_fd(void);

#endif
