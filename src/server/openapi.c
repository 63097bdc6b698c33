/* The OpenAPI 3.1 document, made of the table that also dispatches: it cannot say what is not so. */
#include "server/service.h"

#include "wire/oip.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int put(json_t *object, const char *key, json_t *value) {
    return value != NULL ? json_object_set_new(object, key, value) : -1;
}

static json_t *problem_schema(void) {
    return json_pack(
        "{s:s, s:[s,s,s], s:{s:{s:s,s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}}", "type",
        "object", "required", "type", "title", "status", "properties",
        /**/ "type", "type", "string", "description", "urn:hats:problem:CODE, stable", "title",
        "type", "string", "status", "type", "integer", "detail", "type", "string", "advice", "type",
        "string", "error", "type", "string");
}

/* Adds a problem to the response of its HTTP status. */
static int add_problem(json_t *responses, enum hats_problem p) {
    const struct hats_problem_info *info = hats_problem_info(p);
    char status[8];
    snprintf(status, sizeof status, "%u", info->status);
    json_t *response = json_object_get(responses, status);
    if (response == NULL) {
        response = json_pack("{s:s, s:[], s:{s:{s:{s:s}}}}", "description", info->title,
                             "x-problems", "content", "application/problem+json", "schema", "$ref",
                             "#/components/schemas/Problem");
        if (put(responses, status, response) != 0)
            return -1;
    }
    json_t *list = json_object_get(response, "x-problems");
    if (list == NULL) { /* a good answer has this status too */
        list = json_array();
        if (put(response, "x-problems", list) != 0)
            return -1;
    }
    return json_array_append_new(list, json_string(info->code));
}

static json_t *good_response(const struct route *r) {
    json_t *schema = json_object();
    if (strcmp(r->ok_type, "application/json") != 0)
        (void)put(schema, "type", json_string("string"));
    json_t *response = json_pack("{s:s, s:{s:{s:o}}}", "description", r->summary, "content",
                                 r->ok_type, "schema", schema);
    if (response != NULL && r->run == hats_server_post_infer)
        (void)put(response, "headers",
                  json_pack("{s:{s:s, s:{s:s}}, s:{s:s, s:{s:s}}}", HATS_OIP_LENGTH_FIELD,
                            "description", "bytes of the body that are JSON", "schema", "type",
                            "integer", "hats-receipt-id", "description",
                            "SHA-256 of the receipt's bytes, hexadecimal", "schema", "type",
                            "string"));
    return response;
}

static const enum hats_problem with_token[] = {HATS_PROBLEM_TOKEN_MISSING,
                                               HATS_PROBLEM_TOKEN_UNKNOWN, HATS_PROBLEM_QUOTA,
                                               HATS_PROBLEM_STORAGE};
static const enum hats_problem with_body[] = {HATS_PROBLEM_LENGTH_REQUIRED,
                                              HATS_PROBLEM_BODY_TOO_LARGE, HATS_PROBLEM_DRAINING};
static const enum hats_problem with_worker[] = {HATS_PROBLEM_BUSY, HATS_PROBLEM_INTERNAL};

static int add_problems(json_t *responses, const enum hats_problem *list, size_t n) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n && list[i] != HATS_PROBLEM_NONE; i++)
        rc = add_problem(responses, list[i]);
    return rc;
}

static json_t *responses_of(const struct route *r) {
    json_t *responses = json_object();
    int rc = put(responses, "200", good_response(r));
    if (rc == 0 && r->run == hats_server_put_key)
        rc = put(responses, "201", json_pack("{s:s}", "description", "Registered."));
    if (rc == 0 && r->run == hats_server_post_session)
        rc = put(responses, "201", json_pack("{s:s}", "description", "Opened."));
    if (rc == 0 && r->run == hats_server_get_ready)
        rc = put(responses, "503", json_pack("{s:s}", "description", "Not ready."));
    if (rc == 0)
        rc = add_problems(responses, r->problems, sizeof r->problems / sizeof r->problems[0]);
    if (rc == 0 && (r->flags & ROUTE_TOKEN))
        rc = add_problems(responses, with_token, 4);
    if (rc == 0 && (r->flags & ROUTE_BODY))
        rc = add_problems(responses, with_body, 3);
    if (rc == 0 && (r->flags & ROUTE_WORKER))
        rc = add_problems(responses, with_worker, 2);
    if (rc != 0) {
        json_decref(responses);
        return NULL;
    }
    return responses;
}

static json_t *parameter(const char *in, const char *name, bool required, const char *what) {
    return json_pack("{s:s, s:s, s:b, s:s, s:{s:s}}", "in", in, "name", name, "required", required,
                     "description", what, "schema", "type", "string");
}

static json_t *parameters_of(const struct route *r) {
    json_t *list = json_array();
    const char *open = strchr(r->path, '{');
    if (open != NULL) {
        char name[32];
        open += open[1] == '+';
        snprintf(name, sizeof name, "%.*s", (int)strcspn(open + 1, "}"), open + 1);
        (void)json_array_append_new(list, parameter("path", name, true, name));
    }
    if (r->run == hats_server_post_infer) {
        (void)json_array_append_new(list, parameter("header", HATS_OIP_LENGTH_FIELD, true,
                                                    "bytes of the body that are JSON"));
        (void)json_array_append_new(list, parameter("header", "hats-core", false,
                                                    "the request core, base64url; or tensor "
                                                    "hats.core"));
    }
    if (r->run == hats_server_get_keys) {
        (void)json_array_append_new(list, parameter("query", "offset", false, "keys to skip"));
        (void)json_array_append_new(list, parameter("query", "limit", false, "keys to list"));
    }
    return list;
}

/* "getV1KeysKid": made of method and path, so it is stable while the path is. */
static void operation_id(char out[96], const struct route *r) {
    size_t n = 0;
    bool upper = false;
    for (const char *p = r->method; *p != '\0'; p++)
        out[n++] = (char)tolower((unsigned char)*p);
    for (const char *p = r->path; *p != '\0' && n + 1 < 96; p++) {
        if (isalnum((unsigned char)*p)) {
            out[n++] = upper ? (char)toupper((unsigned char)*p) : *p;
            upper = false;
        } else {
            upper = true;
        }
    }
    out[n] = '\0';
}

static json_t *operation_of(const struct route *r) {
    char id[96];
    operation_id(id, r);
    json_t *op = json_pack("{s:s, s:s, s:o, s:o}", "operationId", id, "summary", r->summary,
                           "parameters", parameters_of(r), "responses", responses_of(r));
    if (op == NULL)
        return NULL;
    int rc = 0;
    if (r->flags & ROUTE_TOKEN)
        rc = put(op, "security", json_pack("[{s:[]}]", "tenantToken"));
    if (rc == 0 && (r->flags & ROUTE_BODY))
        rc = put(op, "requestBody",
                 json_pack("{s:b, s:{s:{s:{s:s}}}}", "required", 1, "content",
                           r->run == hats_server_post_infer ? "application/octet-stream"
                                                            : "application/cbor",
                           "schema", "type", "string"));
    if (rc != 0) {
        json_decref(op);
        return NULL;
    }
    return op;
}

/* OpenAPI has no {+name}: it writes such a path like any other. */
static void template_of(char out[128], const char *path) {
    size_t n = 0;
    for (; *path != '\0' && n + 1 < 128; path++)
        if (*path != '+')
            out[n++] = *path;
    out[n] = '\0';
}

json_t *hats_server_openapi(void) {
    json_t *paths = json_object();
    int rc = paths != NULL ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < hats_server_n_routes; i++) {
        const struct route *r = &hats_server_routes[i];
        char method[8] = "";
        for (size_t k = 0; k < 7 && r->method[k] != '\0'; k++)
            method[k] = (char)tolower((unsigned char)r->method[k]);
        char template[128];
        template_of(template, r->path);
        json_t *path = json_object_get(paths, template);
        if (path == NULL) {
            path = json_object();
            rc = put(paths, template, path);
        }
        if (rc == 0)
            rc = put(path, method, operation_of(r));
    }
    if (rc != 0) {
        json_decref(paths);
        return NULL;
    }
    return json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s}}, s:o, s:{s:{s:o}, s:{s:{s:s, s:s, s:s}}}}",
                     "openapi", "3.1.0", "info", "title", "hats", "version", HATS_VERSION,
                     "summary", "Scores on encrypted records, with signed receipts", "license",
                     "name", "Apache-2.0", "paths", paths, "components", "schemas", "Problem",
                     problem_schema(), "securitySchemes", "tenantToken", "type", "http", "scheme",
                     "bearer", "description", "the token the provider issued");
}
