#include "server/service.h"

#include <string.h>

#define P(name) HATS_PROBLEM_##name
#define JSON "application/json"

const struct route hats_server_routes[] = {
    {.method = "GET",
     .path = "/v2",
     .run = hats_server_get_service,
     .summary = "What this server is and which models it serves",
     .ok_type = JSON},
    {.method = "GET",
     .path = "/v2/health/live",
     .run = hats_server_get_live,
     .summary = "The process answers",
     .ok_type = JSON},
    {.method = "GET",
     .path = "/v2/health/ready",
     .run = hats_server_get_ready,
     .summary = "It serves a model, takes new work, and its store takes writes; 503 otherwise",
     .ok_type = JSON},
    {.method = "GET",
     .path = "/v2/models/{model}",
     .run = hats_server_get_model,
     .summary = "Tensors and parameters of a model",
     .ok_type = JSON,
     .problems = {P(MODEL_UNKNOWN)}},
    {.method = "GET",
     .path = "/v2/models/{model}/ready",
     .run = hats_server_get_model_ready,
     .summary = "Whether a model can be called",
     .ok_type = JSON,
     .problems = {P(MODEL_UNKNOWN)}},
    {.method = "POST",
     .path = "/v2/models/{model}/infer",
     .admit = hats_server_admit_infer,
     .run = hats_server_post_infer,
     .summary =
         "Evaluate a model on an encrypted record; answers with the encrypted score and its receipt",
     .ok_type = "application/octet-stream",
     .flags = ROUTE_TOKEN | ROUTE_WORKER | ROUTE_BODY,
     .problems = {P(MODEL_UNKNOWN),   P(MODEL_CHANGED),      P(BODY_MALFORMED),
                  P(CORE_MISSING),    P(CORE_MALFORMED),     P(SESSION_UNKNOWN),
                  P(SESSION_EXPIRED), P(SESSION_SUPERSEDED), P(SESSION_CLOSED),
                  P(SESSION_BURNT),   P(SESSION_REVOKED),    P(INDEX_RANGE),
                  P(CLOCK),           P(PARAMETERS),         P(PROOF_MISSING),
                  P(PROOF_SUITE),     P(KEY_UNKNOWN),        P(KEY_REVOKED),
                  P(KEY_FOREIGN),     P(CIPHERTEXT_DIGEST),  P(CIPHERTEXT_MALFORMED),
                  P(PROOF_DIGEST),    P(PROOF_MALFORMED),    P(PROOF_FALSE),
                  P(CALL_REUSED),     P(CALL_PENDING),       P(ANSWER_GONE)}},
    {.method = "GET",
     .path = "/v1/models/{model}/plan",
     .run = hats_server_get_plan,
     .summary = "What a client needs to encode a record for this model",
     .ok_type = "application/cbor",
     .problems = {P(MODEL_UNKNOWN)}},
    {.method = "GET",
     .path = "/v1/models/{model}/publication",
     .run = hats_server_get_publication,
     .summary = "The publisher's signed statement about this model",
     .ok_type = "application/vnd.hats.model+cose",
     .problems = {P(MODEL_UNKNOWN)}},
    {.method = "POST",
     .path = "/v1/challenge",
     .admit = hats_server_admit_challenge,
     .run = hats_server_post_challenge,
     .summary =
         "A challenge to open a session or to register a key with; good once, for two minutes",
     .ok_type = "application/cbor",
     .flags = ROUTE_TOKEN | ROUTE_BODY,
     .problems = {P(BODY_MALFORMED), P(ORIGIN)}},
    {.method = "POST",
     .path = "/v1/sessions",
     .admit = hats_server_admit_session,
     .run = hats_server_post_session,
     .summary = "Open a session, signed by the owner; answers 201 with its receipt",
     .ok_type = "application/vnd.hats.receipt+cose",
     .flags = ROUTE_TOKEN | ROUTE_WORKER | ROUTE_BODY | ROUTE_BOUND,
     .problems = {P(SESSION_MALFORMED), P(CHALLENGE_UNKNOWN), P(CHALLENGE_EXPIRED),
                  P(CHALLENGE_USED), P(SESSION_TERMS), P(SESSION_BINDING), P(SESSION_SIGNATURE)}},
    {.method = "POST",
     .path = "/v1/sessions/{sid}/close",
     .admit = hats_server_admit_close,
     .run = hats_server_post_close,
     .summary = "Close a session: these indices were used and no others; answers with a receipt",
     .ok_type = "application/vnd.hats.receipt+cose",
     .flags = ROUTE_TOKEN | ROUTE_WORKER | ROUTE_BODY,
     .problems = {P(CORE_MALFORMED), P(SESSION_UNKNOWN), P(SESSION_EXPIRED), P(SESSION_SUPERSEDED),
                  P(SESSION_CLOSED), P(SESSION_BURNT), P(SESSION_REVOKED), P(INDEX_RANGE), P(CLOCK),
                  P(SESSION_CLOSE), P(CALL_REUSED)}},
    {.method = "GET",
     .path = "/v1/sessions/{sid}",
     .run = hats_server_get_session,
     .summary = "A session of this tenant and its state",
     .ok_type = JSON,
     .flags = ROUTE_TOKEN | ROUTE_WORKER,
     .problems = {P(SESSION_UNKNOWN)}},
    {.method = "DELETE",
     .path = "/v1/sessions/{sid}",
     .run = hats_server_delete_session,
     .summary = "Revoke a session of this tenant: no call is accepted in it any more",
     .ok_type = JSON,
     .flags = ROUTE_TOKEN | ROUTE_WORKER,
     .problems = {P(SESSION_UNKNOWN)}},
    {.method = "PUT",
     .path = "/v1/keys/{kid}",
     .admit = hats_server_admit_key,
     .run = hats_server_put_key,
     .summary =
         "Register a public key, signed by its owner and proven to be one; 201 when it is new",
     .ok_type = JSON,
     .flags = ROUTE_TOKEN | ROUTE_WORKER | ROUTE_BODY,
     .problems = {P(KEY_MALFORMED), P(KEY_SIGNATURE), P(KEY_FOREIGN), P(KEY_REVOKED), P(CLOCK),
                  P(CHALLENGE_UNKNOWN), P(CHALLENGE_EXPIRED), P(CHALLENGE_USED), P(PROOF_MISSING),
                  P(PROOF_SUITE), P(PROOF_MALFORMED), P(PROOF_FALSE)}},
    {.method = "GET",
     .path = "/v1/keys/{kid}",
     .run = hats_server_get_key,
     .summary = "A registered key of this tenant",
     .ok_type = JSON,
     .flags = ROUTE_TOKEN | ROUTE_WORKER,
     .problems = {P(KEY_MALFORMED), P(KEY_UNKNOWN), P(KEY_FOREIGN)}},
    {.method = "DELETE",
     .path = "/v1/keys/{kid}",
     .run = hats_server_delete_key,
     .summary = "Revoke a key of this tenant, for ever",
     .ok_type = JSON,
     .flags = ROUTE_TOKEN | ROUTE_WORKER,
     .problems = {P(KEY_MALFORMED), P(KEY_UNKNOWN), P(KEY_FOREIGN)}},
    {.method = "GET",
     .path = "/v1/keys",
     .run = hats_server_get_keys,
     .summary =
         "The keys of this tenant, in order of registration; ?offset= and ?limit= (at most 1000)",
     .ok_type = JSON,
     .flags = ROUTE_TOKEN | ROUTE_WORKER},
    {.method = "GET",
     .path = "/v1/receipts/{id}",
     .run = hats_server_get_receipt,
     .summary =
         "A receipt of this tenant, by the SHA-256 of it as it was sealed; with its place in the log",
     .ok_type = "application/vnd.hats.receipt+cose",
     .flags = ROUTE_TOKEN | ROUTE_WORKER,
     .problems = {P(RECEIPT_UNKNOWN)}},
    {.method = "GET",
     .path = "/log/{+file}",
     .run = hats_server_get_log,
     .summary =
         "The log of receipts as files: checkpoint, tile/..., tile/entries/... (C2SP tlog-tiles)",
     .ok_type = "application/octet-stream",
     .flags = ROUTE_WORKER,
     .problems = {P(NOT_FOUND)}},
    {.method = "GET",
     .path = "/.well-known/hats",
     .run = hats_server_get_about,
     .summary =
         "Versions, parameter sets, algorithms, and what this version proves, asserts and does not cover",
     .ok_type = JSON},
    {.method = "GET",
     .path = "/.well-known/hats/keys",
     .run = hats_server_get_key_set,
     .summary = "The public keys that sign receipts and publications here",
     .ok_type = "application/cose-key-set"},
    {.method = "GET",
     .path = "/metrics",
     .run = hats_server_get_metrics,
     .summary = "Counters, as Prometheus reads them",
     .ok_type = "text/plain; version=0.0.4; charset=utf-8",
     .problems = {P(NOT_FOUND), P(BUSY)}},
    {.method = "GET",
     .path = "/openapi.json",
     .run = hats_server_get_openapi,
     .summary = "This description",
     .ok_type = JSON},
};
const size_t hats_server_n_routes = sizeof hats_server_routes / sizeof hats_server_routes[0];
_Static_assert(sizeof hats_server_routes / sizeof hats_server_routes[0] <= ROUTES_MAX,
               "counters have a place for each route");

/* Segment by segment; a parameter takes one that is not empty, or the rest. */
static bool matches(const char *pattern, const char *path, char parameter[PARAMETER_MAX]) {
    parameter[0] = '\0';
    while (*pattern != '\0' && *path != '\0') {
        if (*pattern == '{') {
            size_t n = pattern[1] == '+' ? strlen(path) : strcspn(path, "/");
            if (n == 0 || n >= PARAMETER_MAX)
                return false;
            memcpy(parameter, path, n);
            parameter[n] = '\0';
            path += n;
            pattern += strcspn(pattern, "}") + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

const struct route *hats_server_route_find(const char *method, const char *path,
                                           char parameter[PARAMETER_MAX], bool *path_known) {
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    *path_known = false;
    for (size_t i = 0; i < hats_server_n_routes; i++) {
        const struct route *r = &hats_server_routes[i];
        if (!matches(r->path, path, parameter))
            continue;
        *path_known = true;
        if (strcmp(r->method, wanted) == 0)
            return r;
    }
    parameter[0] = '\0';
    return NULL;
}

void hats_server_route_methods(char out[64], const char *path) {
    char parameter[PARAMETER_MAX];
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < hats_server_n_routes; i++) {
        const char *method = hats_server_routes[i].method;
        size_t len = strlen(method);
        if (!matches(hats_server_routes[i].path, path, parameter) || n + len + 3 > 64)
            continue;
        if (n != 0) {
            memcpy(out + n, ", ", 2);
            n += 2;
        }
        memcpy(out + n, method, len + 1);
        n += len;
    }
}
