/* The control plane: a tenant's keys and receipts. */
#include "evidence/receipt.h"
#include "server/service.h"
#include "server/transparency.h"

#include "base/arena.h"
#include "base/text.h"
#include "fhe/params.h"

#include <string.h>

#define LIST_DEFAULT 100
#define LIST_MAX 1000

static json_t *key_json(const struct hats_gate_key *k) {
    char kid[65], owner[65];
    hats_hex_encode(kid, k->kid, 32);
    hats_hex_encode(owner, k->owner, 32);
    json_t *revoked = k->revoked_ms != 0 ? json_integer((json_int_t)k->revoked_ms) : json_null();
    return json_pack("{s:s, s:s, s:s, s:I, s:o}", "kid", kid, "owner", owner, "parameter_set",
                     hats_fhe_set_name(k->set_id), "registered_ms", (json_int_t)k->registered_ms,
                     "revoked_ms", revoked);
}

static void answer_key(struct exchange *x, enum hats_problem p, unsigned status,
                       const struct hats_gate_key *k, const struct hats_error *detail) {
    if (p != HATS_PROBLEM_NONE)
        hats_server_answer_problem(x, p, detail->text, NULL);
    else
        hats_server_answer_json(x, status, key_json(k));
}

enum hats_problem hats_server_admit_key(struct exchange *x, uint64_t *max_body_bytes,
                                        struct hats_error *detail) {
    int64_t len = hats_http_request_content_length(x->request);
    enum hats_problem p = hats_gate_key_admit(x->server->gate, &x->tenant,
                                              hats_http_request_header(x->request, "authorization"),
                                              x->parameter, len, detail);
    if (p == HATS_PROBLEM_NONE)
        *max_body_bytes = (uint64_t)len;
    return p;
}

void hats_server_put_key(struct exchange *x) {
    struct hats_gate_key k;
    struct hats_error detail = {0};
    bool created;
    size_t len;
    const uint8_t *body = hats_http_request_body(x->request, &len);
    enum hats_problem p = hats_gate_key_register(x->server->gate, &created, &k, &x->tenant,
                                                 x->parameter, body, len, &detail);
    answer_key(x, p, created ? 201 : 200, &k, &detail);
}

void hats_server_get_key(struct exchange *x) {
    struct hats_gate_key k;
    struct hats_error detail = {0};
    enum hats_problem p = hats_gate_key_get(x->server->gate, &k, &x->tenant, x->parameter, &detail);
    answer_key(x, p, 200, &k, &detail);
}

void hats_server_delete_key(struct exchange *x) {
    struct hats_gate_key k;
    struct hats_error detail = {0};
    enum hats_problem p =
        hats_gate_key_revoke(x->server->gate, &k, &x->tenant, x->parameter, &detail);
    answer_key(x, p, 200, &k, &detail);
}

/* A number of the query, or `otherwise` when it is not there or not one. */
static size_t query_number(const char *query, const char *name, size_t otherwise) {
    size_t n = strlen(name);
    for (const char *at = query; *at != '\0'; at += strcspn(at, "&"), at += *at == '&') {
        uint64_t v;
        if (strncmp(at, name, n) != 0 || at[n] != '=')
            continue;
        const char *text = at + n + 1;
        return hats_parse_u64(&v, text, strcspn(text, "&")) && v <= INT32_MAX ? (size_t)v
                                                                              : otherwise;
    }
    return otherwise;
}

void hats_server_get_keys(struct exchange *x) {
    const char *query = hats_http_request_query(x->request);
    size_t offset = query_number(query, "offset", 0);
    size_t limit = query_number(query, "limit", LIST_DEFAULT);
    struct hats_gate_key *keys = NULL;
    struct hats_error detail = {0};
    size_t n = 0;
    limit = limit < 1 ? 1 : limit > LIST_MAX ? LIST_MAX : limit;
    enum hats_problem p =
        hats_gate_keys(x->server->gate, &keys, &n, &x->tenant, offset, limit, &detail);
    if (p != HATS_PROBLEM_NONE) {
        hats_server_answer_problem(x, p, detail.text, NULL);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list, key_json(&keys[i]));
    hats_free(keys);
    json_t *next = n == limit ? json_integer((json_int_t)offset + (json_int_t)n) : json_null();
    hats_server_answer_json(x, 200, json_pack("{s:o, s:o}", "keys", list, "next_offset", next));
}

void hats_server_get_receipt(struct exchange *x) {
    uint8_t *bytes;
    size_t len;
    struct hats_error detail = {0};
    struct hats_buffer file;
    enum hats_problem p =
        hats_gate_receipt(x->server->gate, &bytes, &len, &x->tenant, x->parameter, &detail);
    hats_buffer_init(&file, HATS_RECEIPT_MAX_BYTES);
    if (p == HATS_PROBLEM_NONE)
        hats_server_log_attach(x->server->log, &file, bytes, len);
    if (p != HATS_PROBLEM_NONE)
        hats_server_answer_problem(x, p, detail.text, NULL);
    else
        hats_server_answer_bytes(x, 200, "application/vnd.hats.receipt+cose", file.data, file.len);
    hats_buffer_clear(&file);
    hats_free(bytes);
}

void hats_server_get_log(struct exchange *x) {
    struct hats_buffer file;
    bool is_note = strcmp(x->parameter, "checkpoint") == 0;
    hats_buffer_init(&file, HATS_CHECKPOINT_MAX_BYTES);
    if (!hats_server_log_read(x->server->log, &file, x->parameter))
        hats_server_answer_problem(x, HATS_PROBLEM_NOT_FOUND, NULL, NULL);
    else
        hats_server_answer_bytes(x, 200,
                                 is_note ? "text/plain; charset=utf-8" : "application/octet-stream",
                                 file.data, file.len);
    hats_buffer_clear(&file);
}
