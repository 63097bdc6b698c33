#include "server/service.h"

#include <string.h>

#define P(name) HATS_PROBLEM_##name

const struct route hats_server_routes[] = {
    {"GET",
     "/v2",
     0,
     NULL,
     hats_server_get_service,
     "What this server is and which models it serves",
     "application/json",
     200,
     {P(NONE)}},
    {"GET",
     "/v2/health/live",
     0,
     NULL,
     hats_server_get_live,
     "The process answers",
     "application/json",
     200,
     {P(NONE)}},
    {"GET",
     "/v2/health/ready",
     0,
     NULL,
     hats_server_get_ready,
     "It serves a model, takes new work, and its store takes writes; 503 otherwise",
     "application/json",
     200,
     {P(NONE)}},
    {"GET",
     "/v2/models/{model}",
     0,
     NULL,
     hats_server_get_model,
     "Tensors and parameters of a model",
     "application/json",
     200,
     {P(MODEL_UNKNOWN), P(NONE)}},
    {"GET",
     "/v2/models/{model}/ready",
     0,
     NULL,
     hats_server_get_model_ready,
     "Whether a model can be called",
     "application/json",
     200,
     {P(MODEL_UNKNOWN), P(NONE)}},
    {"POST",
     "/v2/models/{model}/infer",
     ROUTE_TOKEN | ROUTE_WORKER | ROUTE_BODY,
     hats_server_admit_infer,
     hats_server_post_infer,
     "Evaluate a model on an encrypted record; answers with the encrypted score and its receipt",
     "application/octet-stream",
     200,
     {P(MODEL_UNKNOWN), P(MODEL_CHANGED), P(CORE_MISSING), P(CORE_MALFORMED), P(CLOCK),
      P(PARAMETERS), P(KEY_FOREIGN), P(CIPHERTEXT_DIGEST), P(CIPHERTEXT_MALFORMED), P(CALL_REUSED),
      P(CALL_PENDING), P(ANSWER_GONE)}},
    {"GET",
     "/v1/models/{model}/plan",
     0,
     NULL,
     hats_server_get_plan,
     "What a client needs to encode a record for this model",
     "application/cbor",
     200,
     {P(MODEL_UNKNOWN), P(NONE)}},
    {"GET",
     "/v1/models/{model}/publication",
     0,
     NULL,
     hats_server_get_publication,
     "The publisher's signed statement about this model",
     "application/vnd.hats.model+cose",
     200,
     {P(MODEL_UNKNOWN), P(NONE)}},
    {"PUT",
     "/v1/keys/{kid}",
     ROUTE_TOKEN | ROUTE_WORKER | ROUTE_BODY,
     hats_server_admit_key,
     hats_server_put_key,
     "Register a public key, signed by its owner; 201 when it is new",
     "application/json",
     200,
     {P(KEY_MALFORMED), P(KEY_SIGNATURE), P(KEY_FOREIGN), P(KEY_UNKNOWN), P(CLOCK), P(NONE)}},
    {"GET",
     "/v1/keys/{kid}",
     ROUTE_TOKEN | ROUTE_WORKER,
     NULL,
     hats_server_get_key,
     "A registered key of this tenant",
     "application/json",
     200,
     {P(KEY_MALFORMED), P(KEY_UNKNOWN), P(KEY_FOREIGN), P(NONE)}},
    {"DELETE",
     "/v1/keys/{kid}",
     ROUTE_TOKEN | ROUTE_WORKER,
     NULL,
     hats_server_delete_key,
     "Revoke a key of this tenant, for ever",
     "application/json",
     200,
     {P(KEY_MALFORMED), P(KEY_UNKNOWN), P(KEY_FOREIGN), P(NONE)}},
    {"GET",
     "/v1/keys",
     ROUTE_TOKEN | ROUTE_WORKER,
     NULL,
     hats_server_get_keys,
     "The keys of this tenant, in order of registration; ?offset= and ?limit= (at most 1000)",
     "application/json",
     200,
     {P(NONE)}},
    {"GET",
     "/v1/receipts/{id}",
     ROUTE_TOKEN | ROUTE_WORKER,
     NULL,
     hats_server_get_receipt,
     "A receipt of this tenant, by the SHA-256 of its bytes",
     "application/vnd.hats.receipt+cose",
     200,
     {P(RECEIPT_UNKNOWN), P(NONE)}},
    {"GET",
     "/.well-known/hats",
     0,
     NULL,
     hats_server_get_about,
     "Versions, parameter sets, algorithms, and what this version proves, asserts and does not cover",
     "application/json",
     200,
     {P(NONE)}},
    {"GET",
     "/.well-known/hats/keys",
     0,
     NULL,
     hats_server_get_key_set,
     "The public keys that sign receipts and publications here",
     "application/cose-key-set",
     200,
     {P(NONE)}},
    {"GET",
     "/metrics",
     0,
     NULL,
     hats_server_get_metrics,
     "Counters, as Prometheus reads them",
     "text/plain; version=0.0.4; charset=utf-8",
     200,
     {P(NOT_FOUND), P(NONE)}},
    {"GET",
     "/openapi.json",
     0,
     NULL,
     hats_server_get_openapi,
     "This description",
     "application/json",
     200,
     {P(NONE)}},
};
const size_t hats_server_n_routes = sizeof hats_server_routes / sizeof hats_server_routes[0];
_Static_assert(sizeof hats_server_routes / sizeof hats_server_routes[0] <= ROUTES_MAX,
               "counters have a place for each route");

/* Segment by segment; a parameter takes one that is not empty. */
static bool matches(const char *pattern, const char *path, char parameter[PARAMETER_MAX]) {
    parameter[0] = '\0';
    while (*pattern != '\0' && *path != '\0') {
        if (*pattern == '{') {
            size_t n = strcspn(path, "/");
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
