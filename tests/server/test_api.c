/* The service over the wire: every path, every refusal that the transport or the routes make, and the
 * documents that describe them. */
#include "service.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "evidence/logged.h"
#include "hash/sha256.h"
#include "log/reader.h"
#include "stark/setup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct service s;
static struct owner owner;
static struct hats_http_client *c;

static int make(void **state) {
    (void)state;
    service_make(&s, NULL);
    owner_make(&owner, 1);
    c = service_connect(&s);
    service_register(&s, c, &owner);
    return 0;
}

static int drop(void **state) {
    (void)state;
    hats_http_client_free(c);
    owner_clear(&owner);
    service_remove(&s);
    return 0;
}

static struct hats_http_exchange *get(const char *path, const char *bearer) {
    return service_ask(&s, c, "GET", path, bearer, NULL, 0);
}

static json_t *get_json(const char *path, const char *bearer) {
    struct hats_http_exchange *x = get(path, bearer);
    assert_int_equal(hats_http_exchange_status(x), 200);
    assert_string_equal(hats_http_exchange_header(x, "content-type"), "application/json");
    json_t *doc = json_of(x);
    hats_http_exchange_free(x);
    return doc;
}

static struct hats_http_exchange *infer(const struct request *r) {
    struct infer_call call;
    struct hats_http_exchange *x;
    struct hats_error err = {0};
    infer_call_of(&call, &s, r);
    if (hats_http_client_call(c, &x, &call.call, &err) != HATS_OK)
        fail_msg("%s", err.text);
    return x;
}

static void a_score_comes_back_with_a_receipt_of_this_connection(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct request r;
        struct hats_receipt receipt;
        request_make(&r, &s.world, &owner, i);
        r.core_in_header = i == 1;
        request_assemble(&r);
        struct hats_http_exchange *x = infer(&r);
        assert_int_equal(hats_http_exchange_status(x), 200);
        struct hats_gate_reply reply = reply_of(x);
        s.world.now_ms = hats_now_ms();
        reply_check(&s.world, &r, &reply, &receipt);
        const struct hats_tls_info *tls = hats_http_client_tls(c);
        assert_string_equal(receipt.tls_group, tls->group);
        assert_string_equal(receipt.tls_signature, "mldsa65");
        assert_int_equal(receipt.server_auth, HATS_AUTH_PQ);
        assert_true(receipt.gate_steps & HATS_STEP_TLS);
        hats_http_exchange_free(x);
        request_clear(&r);
    }
}

static void the_build_in_the_receipt_is_the_running_program(void **state) {
    (void)state;
    struct request r;
    struct hats_receipt receipt;
    struct hats_buffer program;
    uint8_t digest[32];
    request_make(&r, &s.world, &owner, 70);
    struct hats_http_exchange *x = infer(&r);
    struct hats_gate_reply reply = reply_of(x);
    s.world.now_ms = hats_now_ms();
    reply_check(&s.world, &r, &reply, &receipt);
    char *self = realpath("/proc/self/exe", NULL);
    assert_non_null(self);
    hats_buffer_init(&program, 1u << 30);
    assert_int_equal(hats_file_read(&program, self, NULL), HATS_OK);
    free(self);
    hats_sha256(digest, program.data, program.len);
    assert_memory_equal(receipt.build_digest, digest, 32);
    hats_buffer_clear(&program);
    hats_http_exchange_free(x);
    request_clear(&r);
}

static void a_receipt_is_fetched_by_its_identifier(void **state) {
    (void)state;
    struct request r;
    char path[96];
    const uint8_t *answer, *receipt;
    size_t answer_len, receipt_len, len;
    request_make(&r, &s.world, &owner, 20);
    struct hats_http_exchange *x = infer(&r);
    struct hats_gate_reply reply = reply_of(x);
    reply_parts(&reply, &answer, &answer_len, &receipt, &receipt_len);
    snprintf(path, sizeof path, "/v1/receipts/%s", reply.receipt_id);
    struct hats_http_exchange *y = get(path, NULL);
    assert_int_equal(hats_http_exchange_status(y), 200);
    const uint8_t *body = hats_http_exchange_body(y, &len);
    struct hats_buffer sealed; /* without a place in the log, which it may have by now */
    hats_buffer_init(&sealed, HATS_RECEIPT_MAX_BYTES);
    assert_int_equal(hats_logged_strip(&sealed, body, len, NULL), HATS_OK);
    assert_int_equal(sealed.len, receipt_len);
    assert_memory_equal(sealed.data, receipt, receipt_len);
    hats_buffer_clear(&sealed);
    hats_http_exchange_free(y);
    expect_problem(get(path, ""), HATS_PROBLEM_TOKEN_MISSING);
    path[strlen(path) - 1] ^= 1;
    expect_problem(get(path, NULL), HATS_PROBLEM_RECEIPT_UNKNOWN);
    hats_http_exchange_free(x);
    request_clear(&r);
}

static void load_trust(struct hats_trust *trust) {
    struct hats_buffer keys;
    hats_buffer_init(&keys, 65536);
    hats_trust_init(trust);
    assert_int_equal(hats_file_read(&keys, s.init.trust, NULL), HATS_OK);
    assert_int_equal(hats_trust_load(trust, keys.data, keys.len, NULL), HATS_OK);
    hats_buffer_clear(&keys);
}

/* Asks for the receipt until it says its place; the log is signed once a second. */
static void a_receipt_gets_its_place_in_the_log(void **state) {
    (void)state;
    static struct hats_report report;
    struct hats_log_policy policy = {.logged = true};
    struct hats_trust trust;
    struct request r;
    struct hats_gate_reply reply;
    char path[96];
    load_trust(&trust);
    request_make(&r, &s.world, &owner, 77);
    struct hats_http_exchange *x = infer(&r);
    reply = reply_of(x);
    snprintf(path, sizeof path, "/v1/receipts/%s", reply.receipt_id);
    hats_status held = HATS_E_VERIFY;
    for (unsigned i = 0; i < 100 && held != HATS_OK; i++) {
        size_t len;
        struct hats_http_exchange *y = get(path, NULL);
        const uint8_t *body = hats_http_exchange_body(y, &len);
        held = hats_receipt_verify_under(&report, body, len, &trust, &policy, hats_now_ms(), NULL);
        hats_http_exchange_free(y);
        if (held != HATS_OK)
            usleep(100000);
    }
    assert_int_equal(held, HATS_OK);
    assert_int_equal(report.log.state, HATS_LOG_HOLDS);
    hats_trust_clear(&trust);
    hats_http_exchange_free(x);
    request_clear(&r);
}

static void the_log_is_served_as_files(void **state) {
    (void)state;
    struct hats_trust trust;
    struct hats_checkpoint note;
    size_t len;
    load_trust(&trust);
    struct hats_http_exchange *x = get("/log/checkpoint", "");
    assert_int_equal(hats_http_exchange_status(x), 200);
    assert_string_equal(hats_http_exchange_header(x, "content-type"), "text/plain; charset=utf-8");
    const uint8_t *body = hats_http_exchange_body(x, &len);
    assert_int_equal(hats_log_checkpoint_check(&note, body, len, &trust, hats_now_ms(), NULL),
                     HATS_OK);
    hats_http_exchange_free(x);
    static const char *const none[] = {"/log/../hatsd.toml", "/log/tile/0/00", "/log/.lock",
                                       "/log/tile/entries/999", "/log/witness/w.note"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        expect_problem(get(none[i], ""), HATS_PROBLEM_NOT_FOUND);
    hats_trust_clear(&trust);
}

static void what_oip_clients_ask_first_is_answered(void **state) {
    (void)state;
    json_t *doc = get_json("/v2", "");
    assert_string_equal(json_string_value(json_object_get(doc, "name")), "hats");
    assert_string_equal(json_string_value(json_array_get(json_object_get(doc, "models"), 0)),
                        "score");
    json_decref(doc);
    doc = get_json("/v2/health/live", "");
    assert_true(json_is_true(json_object_get(doc, "live")));
    json_decref(doc);
    doc = get_json("/v2/health/ready", "");
    assert_true(json_is_true(json_object_get(doc, "ready")));
    json_decref(doc);
    doc = get_json("/v2/models/score", "");
    assert_string_equal(json_string_value(json_object_get(doc, "platform")), "hats_linear");
    assert_int_equal(json_array_size(json_object_get(doc, "inputs")), 2);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(doc, "parameters"), "inputs")), WORLD_D);
    json_decref(doc);
    doc = get_json("/v2/models/score/ready", "");
    assert_true(json_is_true(json_object_get(doc, "ready")));
    json_decref(doc);
}

static void plan_and_publication_are_the_packages_own_bytes(void **state) {
    (void)state;
    static const char *const files[][2] = {{"/v1/models/score/plan", "plan.cbor"},
                                           {"/v1/models/score/publication", "publication.cose"}};
    for (int i = 0; i < 2; i++) {
        struct hats_buffer file;
        char path[200];
        size_t len;
        hats_buffer_init(&file, 1u << 20);
        snprintf(path, sizeof path, "%s/models/score-1.0.0/%s", s.world.dir, files[i][1]);
        assert_int_equal(hats_file_read(&file, path, NULL), HATS_OK);
        struct hats_http_exchange *x = get(files[i][0], "");
        const uint8_t *body = hats_http_exchange_body(x, &len);
        assert_int_equal(len, file.len);
        assert_memory_equal(body, file.data, len);
        hats_http_exchange_free(x);
        hats_buffer_clear(&file);
    }
}

static void keys_are_shown_listed_and_revoked(void **state) {
    (void)state;
    struct owner second;
    char path[96];
    owner_make(&second, 3);
    service_register(&s, c, &second);
    snprintf(path, sizeof path, "/v1/keys/%s", second.kid_hex);
    json_t *doc = get_json(path, NULL);
    assert_string_equal(json_string_value(json_object_get(doc, "kid")), second.kid_hex);
    assert_string_equal(json_string_value(json_object_get(doc, "parameter_set")), "L4096");
    assert_true(json_is_null(json_object_get(doc, "revoked_ms")));
    json_decref(doc);
    doc = get_json("/v1/keys?limit=1", NULL);
    assert_int_equal(json_array_size(json_object_get(doc, "keys")), 1);
    assert_int_equal(json_integer_value(json_object_get(doc, "next_offset")), 1);
    json_decref(doc);
    doc = get_json("/v1/keys?offset=1&limit=10", NULL);
    assert_int_equal(json_array_size(json_object_get(doc, "keys")), 1);
    assert_true(json_is_null(json_object_get(doc, "next_offset")));
    json_decref(doc);
    for (int i = 0; i < 2; i++) {
        struct hats_http_exchange *x = service_ask(&s, c, "DELETE", path, NULL, NULL, 0);
        assert_int_equal(hats_http_exchange_status(x), 200);
        doc = json_of(x);
        assert_true(json_is_integer(json_object_get(doc, "revoked_ms")));
        json_decref(doc);
        hats_http_exchange_free(x);
    }
    struct request r;
    request_make(&r, &s.world, &second, 60);
    expect_problem(infer(&r), HATS_PROBLEM_KEY_REVOKED);
    request_clear(&r);
    owner_clear(&second);
}

static void a_session_is_bound_to_the_connection_it_was_opened_on(void **state) {
    (void)state;
    struct hats_session_block block;
    struct hats_http_client *d = service_connect(&s);
    service_block(&s, c, &block, &owner); /* with the exporter of c */
    expect_problem(service_open(&s, d, &block, &owner), HATS_PROBLEM_SESSION_BINDING);
    struct hats_http_exchange *x = service_open(&s, c, &block, &owner);
    assert_int_equal(hats_http_exchange_status(x), 201);
    hats_http_exchange_free(x);
    x = service_open(&s, c, &block, &owner); /* the answer was lost, say */
    assert_int_equal(hats_http_exchange_status(x), 200);
    hats_http_exchange_free(x);
    block.calls--; /* another session on the same challenge */
    expect_problem(service_open(&s, c, &block, &owner), HATS_PROBLEM_CHALLENGE_USED);
    hats_http_client_free(d);
}

static void a_session_is_shown_closed_and_revoked(void **state) {
    (void)state;
    struct hats_core core = {
        .i = 9, .op = HATS_OP_CLOSE, .unix_ms = hats_now_ms(), .used_len = 512};
    struct hats_session_block block;
    uint8_t bytes[HATS_SESSION_BLOCK_LEN], body[HATS_CORE_MAX_BYTES];
    char sid[65], path[128], close[136];
    size_t len = 0;
    for (int how = 0; how < 2; how++) {
        service_block(&s, c, &block, &owner);
        struct hats_http_exchange *x = service_open(&s, c, &block, &owner);
        hats_http_exchange_free(x);
        hats_session_block_encode(bytes, &block);
        hats_session_tenant_id(core.sid, bytes);
        hats_hex_encode(sid, core.sid, 32);
        snprintf(path, sizeof path, "/v1/sessions/%s", sid);
        snprintf(close, sizeof close, "%s/close", path);
        json_t *doc = get_json(path, NULL);
        assert_string_equal(json_string_value(json_object_get(doc, "state")), "live");
        assert_int_equal(json_integer_value(json_object_get(doc, "calls")), 4096);
        assert_true(json_is_null(json_object_get(doc, "close_receipt")));
        json_decref(doc);
        core.used[1] = 2;
        hats_core_encode(body, &len, &core);
        if (how == 0)
            x = service_ask(&s, c, "POST", close, NULL, body, len);
        else
            x = service_ask(&s, c, "DELETE", path, NULL, NULL, 0);
        assert_int_equal(hats_http_exchange_status(x), 200);
        hats_http_exchange_free(x);
        doc = get_json(path, NULL);
        assert_string_equal(json_string_value(json_object_get(doc, "state")),
                            how == 0 ? "closed" : "revoked");
        assert_int_equal(json_is_null(json_object_get(doc, "close_receipt")), how == 1);
        json_decref(doc);
        if (how == 1)
            expect_problem(service_ask(&s, c, "POST", close, NULL, body, len),
                           HATS_PROBLEM_SESSION_REVOKED);
    }
}

static void what_is_not_there_is_said_so(void **state) {
    (void)state;
    expect_problem(get("/nothing", NULL), HATS_PROBLEM_NOT_FOUND);
    expect_problem(get("/v2/models/score/", NULL), HATS_PROBLEM_NOT_FOUND);
    expect_problem(get("/v2/models//ready", NULL), HATS_PROBLEM_NOT_FOUND);
    expect_problem(get("/v2/models/none", NULL), HATS_PROBLEM_MODEL_UNKNOWN);
    expect_problem(get("/v1/models/none/plan", NULL), HATS_PROBLEM_MODEL_UNKNOWN);
    expect_problem(get("/v1/keys/xyz", NULL), HATS_PROBLEM_KEY_MALFORMED);
    expect_problem(get("/v1/keys/"
                       "0000000000000000000000000000000000000000000000000000000000000000",
                       NULL),
                   HATS_PROBLEM_KEY_UNKNOWN);
    expect_problem(get("/v1/sessions/xyz", NULL), HATS_PROBLEM_SESSION_UNKNOWN);
    expect_problem(get("/v1/keys", "Bearer hats_x"), HATS_PROBLEM_TOKEN_UNKNOWN);
}

static void a_path_names_the_methods_it_takes(void **state) {
    (void)state;
    struct hats_http_exchange *x = service_ask(&s, c, "POST", "/v2/health/live", NULL, "x", 1);
    assert_string_equal(hats_http_exchange_header(x, "allow"), "GET");
    expect_problem(x, HATS_PROBLEM_METHOD);
    x = service_ask(&s, c, "POST", "/v1/keys/00", NULL, "x", 1);
    assert_string_equal(hats_http_exchange_header(x, "allow"), "PUT, GET, DELETE");
    expect_problem(x, HATS_PROBLEM_METHOD);
    x = get("/v2/models/score/infer", NULL);
    assert_string_equal(hats_http_exchange_header(x, "allow"), "POST");
    expect_problem(x, HATS_PROBLEM_METHOD);
    x = service_ask(&s, c, "HEAD", "/v2", NULL, NULL, 0);
    assert_int_equal(hats_http_exchange_status(x), 200);
    size_t len;
    (void)hats_http_exchange_body(x, &len);
    assert_int_equal(len, 0);
    hats_http_exchange_free(x);
}

static void a_body_where_none_belongs_is_too_large(void **state) {
    (void)state;
    expect_problem(service_ask(&s, c, "DELETE", "/v1/keys/00", NULL, "x", 1),
                   HATS_PROBLEM_BODY_TOO_LARGE);
}

static void refusals_at_the_header_are_answered_before_the_body(void **state) {
    (void)state;
    struct request r;
    struct infer_call call;
    struct hats_http_exchange *x;
    uint8_t *big = hats_alloc(4u << 20);
    request_make(&r, &s.world, &owner, 30);
    infer_call_of(&call, &s, &r);
    call.headers[0].value = "Bearer wrong";
    assert_int_equal(hats_http_client_call(c, &x, &call.call, NULL), HATS_OK);
    assert_string_equal(hats_http_exchange_header(x, "www-authenticate"), "Bearer");
    expect_problem(x, HATS_PROBLEM_TOKEN_UNKNOWN);
    infer_call_of(&call, &s, &r);
    call.call.body = big;
    call.call.len_bytes = 4u << 20;
    double before = metric_of(&s, c, "hats_http_received_bytes_total");
    assert_int_equal(hats_http_client_call(c, &x, &call.call, NULL), HATS_OK);
    expect_problem(x, HATS_PROBLEM_BODY_TOO_LARGE);
    assert_true(metric_of(&s, c, "hats_http_received_bytes_total") - before < 2 << 20);
    hats_free(big);
    request_clear(&r);
}

static void a_deciding_field_that_comes_twice_is_refused(void **state) {
    (void)state;
    struct request r;
    struct infer_call call;
    struct hats_http_exchange *x;
    request_make(&r, &s.world, &owner, 31);
    infer_call_of(&call, &s, &r);
    call.headers[2] = call.headers[1];
    call.call.n_headers = 3;
    assert_int_equal(hats_http_client_call(c, &x, &call.call, NULL), HATS_OK);
    expect_problem(x, HATS_PROBLEM_BODY_MALFORMED);
    request_clear(&r);
}

/* The request as it is now, sent and refused; clears it. */
static void refused_on_the_wire(struct request *r, enum hats_problem p) {
    struct infer_call call;
    struct hats_http_exchange *x;
    char name[96];
    snprintf(name, sizeof name, "hats_problems_total{code=\"%s\"}", hats_problem_info(p)->code);
    double refusals = metric_of(&s, c, name);
    double accepted = metric_of(&s, c, "hats_calls_accepted_total");
    infer_call_of(&call, &s, r);
    assert_int_equal(hats_http_client_call(c, &x, &call.call, NULL), HATS_OK);
    expect_problem(x, p);
    assert_true(metric_of(&s, c, name) == refusals + 1);
    assert_true(metric_of(&s, c, "hats_calls_accepted_total") == accepted);
    request_clear(r);
}

static void what_is_not_proven_is_refused(void **state) {
    (void)state;
    struct request r;
    uint8_t *big = hats_alloc(1u << 20);
    request_make_for(&r, &s.world, &owner, 80, 0);
    refused_on_the_wire(&r, HATS_PROBLEM_PROOF_MISSING);
    request_make_for(&r, &s.world, &owner, 80, HATS_STARK_TEST);
    request_prove(&r, &s.world);
    refused_on_the_wire(&r, HATS_PROBLEM_PROOF_SUITE);
    request_make(&r, &s.world, &owner, 80);
    request_attach(&r, r.proven.data, r.proven.len - 1);
    refused_on_the_wire(&r, HATS_PROBLEM_PROOF_MALFORMED);
    request_make(&r, &s.world, &owner, 80);
    hats_buffer_append(&r.proven, "", 1);
    request_attach(&r, r.proven.data, r.proven.len);
    refused_on_the_wire(&r, HATS_PROBLEM_PROOF_MALFORMED);
    request_make(&r, &s.world, &owner, 80);
    r.proven.data[r.proven.len / 2] ^= 1;
    request_attach(&r, r.proven.data, r.proven.len);
    refused_on_the_wire(&r, HATS_PROBLEM_PROOF_FALSE);
    request_make(&r, &s.world, &owner, 80);
    r.ciphertext[r.ciphertext_len - 1] ^= 1;
    hats_sha256(r.core.ciphertext_digest, r.ciphertext, r.ciphertext_len);
    request_assemble(&r);
    refused_on_the_wire(&r, HATS_PROBLEM_PROOF_FALSE);
    request_make(&r, &s.world, &owner, 80);
    r.core.i = 81;
    request_assemble(&r);
    refused_on_the_wire(&r, HATS_PROBLEM_PROOF_FALSE);
    request_make(&r, &s.world, &owner, 80);
    r.core_in_header = true;
    request_attach(&r, big, 1u << 20);
    refused_on_the_wire(&r, HATS_PROBLEM_BODY_TOO_LARGE);
    hats_free(big);
}

static void every_refusal_has_its_counter(void **state) {
    (void)state;
    char name[96];
    for (int p = 1; p < HATS_PROBLEM_COUNT; p++) {
        snprintf(name, sizeof name, "hats_problems_total{code=\"%s\"}",
                 hats_problem_info((enum hats_problem)p)->code);
        (void)metric_of(&s, c, name);
    }
    snprintf(name, sizeof name, "hats_problems_total{code=\"path-unknown\"}");
    double before = metric_of(&s, c, name);
    expect_problem(get("/nothing", NULL), HATS_PROBLEM_NOT_FOUND);
    assert_true(metric_of(&s, c, name) == before + 1);
}

static void metrics_follow_the_exposition_format(void **state) {
    (void)state;
    struct hats_http_exchange *x = get("/metrics", "");
    size_t len;
    const char *text = (const char *)hats_http_exchange_body(x, &len);
    char family[128] = "";
    unsigned samples = 0;
    assert_true(len > 0 && text[len - 1] == '\n');
    for (const char *at = text; at < text + len;) {
        const char *end = memchr(at, '\n', (size_t)(text + len - at));
        char line[512];
        assert_in_range(end - at, 1, sizeof line - 1);
        snprintf(line, sizeof line, "%.*s", (int)(end - at), at);
        if (strncmp(line, "# TYPE ", 7) == 0) {
            snprintf(family, sizeof family, "%.*s", (int)strcspn(line + 7, " "), line + 7);
        } else if (strncmp(line, "# HELP ", 7) != 0) {
            char *value = strrchr(line, ' '), *rest;
            assert_non_null(value);
            strtod(value + 1, &rest);
            assert_int_equal(*rest, '\0');
            if (strncmp(line, family, strlen(family)) != 0)
                fail_msg("%s stands under %s", line, family);
            samples++;
        }
        at = end + 1;
    }
    assert_true(samples > 100);
    hats_http_exchange_free(x);
}

static void metrics_can_be_switched_off(void **state) {
    (void)state;
    struct service other;
    service_make(&other, "enabled = false\n");
    struct hats_http_client *d = service_connect(&other);
    expect_problem(service_ask(&other, d, "GET", "/metrics", "", NULL, 0), HATS_PROBLEM_NOT_FOUND);
    hats_http_client_free(d);
    service_remove(&other);
}

static void the_openapi_document_describes_the_routes_and_no_others(void **state) {
    (void)state;
    json_t *doc = get_json("/openapi.json", "");
    assert_string_equal(json_string_value(json_object_get(doc, "openapi")), "3.1.0");
    json_t *paths = json_object_get(doc, "paths"), *path, *operation;
    const char *template, *method;
    size_t operations = 0;
    json_object_foreach(paths, template, path) {
        json_object_foreach(path, method, operation) {
            char url[200], *open;
            operations++;
            snprintf(url, sizeof url, "%s", template);
            while ((open = strchr(url, '{')) != NULL)
                memmove(open + 1, strchr(open, '}') + 1, strlen(strchr(open, '}'))), *open = 'x';
            char upper[8] = "";
            for (size_t i = 0; method[i] != '\0' && i < 7; i++)
                upper[i] = (char)(method[i] - 32);
            struct hats_http_exchange *x = service_ask(&s, c, upper, url, "", NULL, 0);
            char status[8];
            snprintf(status, sizeof status, "%u", hats_http_exchange_status(x));
            json_t *responses = json_object_get(operation, "responses");
            if (json_object_get(responses, status) == NULL)
                fail_msg("%s %s answered %s, which is not described", upper, template, status);
            if (hats_http_exchange_status(x) >= 400) {
                json_t *body = json_of(x);
                const char *type = json_string_value(json_object_get(body, "type"));
                assert_non_null(type);
                enum hats_problem p = hats_problem_by_code(type + strlen("urn:hats:problem:"));
                bool file = strncmp(template, "/log/", 5) == 0; /* there may be none of that name */
                assert_true((p != HATS_PROBLEM_NOT_FOUND || file) && p != HATS_PROBLEM_METHOD);
                json_decref(body);
            }
            assert_non_null(json_object_get(operation, "operationId"));
            hats_http_exchange_free(x);
        }
    }
    assert_int_equal(operations, hats_server_n_routes);
    json_decref(doc);
}

/* Each code that the gate can answer an inference with is in the description of that path. */
static void the_openapi_document_names_every_problem_of_a_call(void **state) {
    (void)state;
    json_t *doc = get_json("/openapi.json", "");
    json_t *responses = json_object_get(
        json_object_get(json_object_get(json_object_get(doc, "paths"), "/v2/models/{model}/infer"),
                        "post"),
        "responses");
    for (int p = 1; p < HATS_PROBLEM_COUNT; p++) {
        static const enum hats_problem elsewhere[] = {HATS_PROBLEM_NOT_FOUND,
                                                      HATS_PROBLEM_METHOD,
                                                      HATS_PROBLEM_KEY_MALFORMED,
                                                      HATS_PROBLEM_KEY_SIGNATURE,
                                                      HATS_PROBLEM_RECEIPT_UNKNOWN,
                                                      HATS_PROBLEM_CHALLENGE_UNKNOWN,
                                                      HATS_PROBLEM_CHALLENGE_EXPIRED,
                                                      HATS_PROBLEM_CHALLENGE_USED,
                                                      HATS_PROBLEM_ORIGIN,
                                                      HATS_PROBLEM_SESSION_MALFORMED,
                                                      HATS_PROBLEM_SESSION_TERMS,
                                                      HATS_PROBLEM_SESSION_BINDING,
                                                      HATS_PROBLEM_SESSION_SIGNATURE,
                                                      HATS_PROBLEM_SESSION_CLOSE};
        bool expected = true, found = false;
        for (size_t i = 0; i < HATS_COUNT_OF(elsewhere); i++)
            expected &= elsewhere[i] != (enum hats_problem)p;
        json_t *response, *code;
        const char *status;
        size_t i;
        json_object_foreach(responses, status, response)
            json_array_foreach(json_object_get(response, "x-problems"), i, code) found |=
            strcmp(json_string_value(code), hats_problem_info((enum hats_problem)p)->code) == 0;
        if (found != expected)
            fail_msg("%s: %s", hats_problem_info((enum hats_problem)p)->code,
                     found ? "described, and cannot happen" : "not described");
    }
    json_decref(doc);
}

static void the_service_says_honestly_what_it_covers(void **state) {
    (void)state;
    json_t *doc = get_json("/.well-known/hats", "");
    json_t *list = json_object_get(doc, "requirements"), *entry;
    size_t i;
    assert_int_equal(json_array_size(list), 7);
    json_array_foreach(list, i, entry) {
        const char *state_of = json_string_value(json_object_get(entry, "state"));
        assert_int_equal(json_integer_value(json_object_get(entry, "number")), i + 1);
        assert_true(strcmp(state_of, "proven") == 0 || strcmp(state_of, "asserted") == 0 ||
                    strcmp(state_of, "not-covered") == 0);
        if (i == 0)
            assert_string_equal(state_of, "proven");
        if (i >= 2 && i <= 4)
            assert_string_equal(state_of, "not-covered");
    }
    json_t *set = json_array_get(json_object_get(doc, "parameter_sets"), 0);
    struct hats_fhe_security bits = hats_fhe_security_of(HATS_SET_L4096);
    assert_int_equal(json_integer_value(json_object_get(set, "quantum_bits")), bits.quantum);
    json_t *proofs = json_object_get(doc, "proofs");
    assert_true(json_is_true(json_object_get(proofs, "required")));
    assert_int_equal(json_array_size(json_object_get(proofs, "suites")), 2);
    json_t *transport = json_object_get(doc, "transport");
    assert_string_equal(json_string_value(json_object_get(transport, "server_authentication")),
                        "pq");
    json_decref(doc);
}

static void the_key_set_verifies_the_receipts(void **state) {
    (void)state;
    struct request r;
    struct hats_trust trust;
    static struct hats_report report;
    const uint8_t *answer, *receipt;
    size_t answer_len, receipt_len, len;
    struct hats_http_exchange *keys = get("/.well-known/hats/keys", "");
    const uint8_t *body = hats_http_exchange_body(keys, &len);
    hats_trust_init(&trust);
    assert_int_equal(hats_trust_load(&trust, body, len, NULL), HATS_OK);
    request_make(&r, &s.world, &owner, 40);
    struct hats_http_exchange *x = infer(&r);
    struct hats_gate_reply reply = reply_of(x);
    reply_parts(&reply, &answer, &answer_len, &receipt, &receipt_len);
    assert_int_equal(
        hats_receipt_verify(&report, receipt, receipt_len, &trust, hats_now_ms(), NULL), HATS_OK);
    hats_trust_clear(&trust);
    hats_http_exchange_free(x);
    hats_http_exchange_free(keys);
    request_clear(&r);
}

static void a_reload_serves_a_model_that_was_added(void **state) {
    (void)state;
    struct hats_sign_key *publisher;
    expect_problem(get("/v2/models/second", ""), HATS_PROBLEM_MODEL_UNKNOWN);
    assert_int_equal(hats_mldsa_load(&publisher, s.init.publisher_key, NULL), HATS_OK);
    world_package(s.world.dir, publisher, "second", "1", 5);
    hats_mldsa_free(publisher);
    assert_int_equal(hats_server_reload(s.server, NULL), HATS_OK);
    json_decref(get_json("/v2/models/second", ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_score_comes_back_with_a_receipt_of_this_connection),
        cmocka_unit_test(the_build_in_the_receipt_is_the_running_program),
        cmocka_unit_test(a_receipt_is_fetched_by_its_identifier),
        cmocka_unit_test(a_receipt_gets_its_place_in_the_log),
        cmocka_unit_test(the_log_is_served_as_files),
        cmocka_unit_test(what_oip_clients_ask_first_is_answered),
        cmocka_unit_test(plan_and_publication_are_the_packages_own_bytes),
        cmocka_unit_test(keys_are_shown_listed_and_revoked),
        cmocka_unit_test(a_session_is_bound_to_the_connection_it_was_opened_on),
        cmocka_unit_test(a_session_is_shown_closed_and_revoked),
        cmocka_unit_test(what_is_not_there_is_said_so),
        cmocka_unit_test(a_path_names_the_methods_it_takes),
        cmocka_unit_test(a_body_where_none_belongs_is_too_large),
        cmocka_unit_test(refusals_at_the_header_are_answered_before_the_body),
        cmocka_unit_test(a_deciding_field_that_comes_twice_is_refused),
        cmocka_unit_test(what_is_not_proven_is_refused),
        cmocka_unit_test(every_refusal_has_its_counter),
        cmocka_unit_test(metrics_follow_the_exposition_format),
        cmocka_unit_test(metrics_can_be_switched_off),
        cmocka_unit_test(the_openapi_document_describes_the_routes_and_no_others),
        cmocka_unit_test(the_openapi_document_names_every_problem_of_a_call),
        cmocka_unit_test(the_service_says_honestly_what_it_covers),
        cmocka_unit_test(the_key_set_verifies_the_receipts),
        cmocka_unit_test(a_reload_serves_a_model_that_was_added),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
