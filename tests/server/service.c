#include "service.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "stark/setup.h"
#include "wire/oip.h"
#include "wire/registration.h"

#include <stdlib.h>
#include <string.h>

#define MUST(call)                               \
    do {                                         \
        struct hats_error err = {0};             \
        if ((call) != HATS_OK)                   \
            fail_msg("%s: %s", #call, err.text); \
    } while (0)

/* Each line of settings takes the place of the line with the same name in the file. */
static void change_settings(const char *path, const char *settings) {
    struct hats_buffer in, out;
    hats_buffer_init(&in, 65536);
    hats_buffer_init(&out, 65536);
    MUST(hats_file_read(&in, path, &err));
    hats_buffer_append(&in, "", 1);
    char *save = NULL;
    for (char *line = strtok_r((char *)in.data, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        size_t name = strcspn(line, " ");
        const char *use = line;
        size_t len = strlen(line);
        for (const char *at = settings; *at != '\0'; at += strcspn(at, "\n") + 1)
            if (strncmp(at, line, name + 1) == 0) {
                use = at;
                len = strcspn(at, "\n");
            }
        hats_buffer_append(&out, use, len);
        hats_buffer_append(&out, "\n", 1);
    }
    MUST(hats_file_write(path, 0644, out.data, out.len, &err));
    hats_buffer_clear(&in);
    hats_buffer_clear(&out);
}

void service_prepare(struct service *s, uint16_t port, const char *settings) {
    const struct hats_server_init_options options = {.port = port};
    *s = (struct service){.world = {.dir = "/tmp/hats-server-XXXXXX"}, .port = port};
    assert_non_null(mkdtemp(s->world.dir));
    MUST(hats_server_init(&s->init, s->world.dir, &options, &err));
    struct hats_sign_key *publisher;
    MUST(hats_mldsa_load(&publisher, s->init.publisher_key, &err));
    world_package(s->world.dir, publisher, "score", "1.0.0", 1);
    hats_mldsa_free(publisher);
    snprintf(s->world.bearer[0], sizeof s->world.bearer[0], "Bearer %s", s->init.token_text);
    change_settings(s->init.config, "requests = false\n");
    if (settings != NULL)
        change_settings(s->init.config, settings);
    MUST(hats_tls_client_new(&s->client_tls, HATS_TLS_STRICT, s->init.root_cert, &err));
}

void service_start(struct service *s) {
    struct hats_server_config *config;
    MUST(hats_server_config_load(&config, s->init.config, &err));
    hats_server_config_listen(config, NULL, 0);
    MUST(hats_server_start(&s->server, config, &err));
    hats_server_config_free(config);
    s->port = hats_server_port(s->server);
    s->world.gate = s->server->gate;
    s->world.store = s->server->store;
    s->world.signer = s->server->signer;
    s->world.now_ms = hats_now_ms();
}

void service_make(struct service *s, const char *settings) {
    service_prepare(s, 0, settings);
    service_start(s);
}

hats_status service_stop(struct service *s) {
    hats_status status = hats_server_stop(s->server);
    s->server = NULL;
    return status;
}

void service_remove(struct service *s) {
    char command[128];
    (void)service_stop(s);
    hats_tls_free(s->client_tls);
    snprintf(command, sizeof command, "rm -rf %s", s->world.dir);
    assert_int_equal(system(command), 0);
}

struct hats_http_client *service_try_connect(const struct service *s) {
    struct hats_http_client_config config;
    struct hats_http_client *c;
    hats_http_client_config_init(&config);
    config.host = "localhost";
    config.connect_to = "127.0.0.1";
    config.port = s->port;
    config.tls = s->client_tls;
    return hats_http_client_connect(&c, &config, NULL) == HATS_OK ? c : NULL;
}

struct hats_http_client *service_connect(const struct service *s) {
    struct hats_http_client *c = service_try_connect(s);
    assert_non_null(c);
    return c;
}

struct hats_http_exchange *service_ask(const struct service *s, struct hats_http_client *c,
                                       const char *method, const char *path, const char *bearer,
                                       const void *body, size_t len_bytes) {
    struct hats_http_header header = {"authorization",
                                      bearer != NULL ? bearer : s->world.bearer[0]};
    struct hats_http_call call = {.method = method,
                                  .path = path,
                                  .headers = &header,
                                  .n_headers = bearer != NULL && bearer[0] == '\0' ? 0 : 1,
                                  .body = body,
                                  .len_bytes = len_bytes,
                                  .timeout_ms = 20000};
    struct hats_http_exchange *x;
    MUST(hats_http_client_call(c, &x, &call, &err));
    return x;
}

static void origin_of(const struct service *s, char origin[64]) {
    snprintf(origin, 64, "https://localhost:%u", (unsigned)s->port);
}

void service_challenge(const struct service *s, struct hats_http_client *c,
                       struct hats_challenge *out) {
    char origin[64];
    uint8_t rp_id[32], ask[HATS_CHALLENGE_MAX_BYTES];
    size_t len = 0;
    origin_of(s, origin);
    hats_rp_id(rp_id, origin);
    hats_challenge_ask(ask, &len, rp_id);
    struct hats_http_exchange *x = service_ask(s, c, "POST", "/v1/challenge", NULL, ask, len);
    assert_int_equal(hats_http_exchange_status(x), 200);
    const uint8_t *body = hats_http_exchange_body(x, &len);
    MUST(hats_challenge_decode(out, body, len, &err));
    hats_http_exchange_free(x);
}

void service_block(const struct service *s, struct hats_http_client *c,
                   struct hats_session_block *out, const struct owner *owner) {
    struct hats_challenge challenge;
    char origin[64];
    service_challenge(s, c, &challenge);
    origin_of(s, origin);
    *out = (struct hats_session_block){.kind = HATS_SESSION_TENANT,
                                       .exporter_bound = true,
                                       .calls = challenge.calls_max,
                                       .not_after_ms = challenge.now_ms +
                                                       (uint64_t)challenge.life_max_s * 1000};
    memcpy(out->nonce, challenge.nonce, 32);
    memcpy(out->tenant_digest, challenge.tenant_digest, 32);
    hats_rp_id(out->rp_id, origin);
    hats_cose_thumbprint_of(out->owner, owner->sign);
    assert_true(
        hats_http_client_export(c, out->exporter, HATS_SESSION_EXPORTER_LABEL, out->nonce, 32));
}

struct hats_http_exchange *service_open(const struct service *s, struct hats_http_client *c,
                                        const struct hats_session_block *block,
                                        const struct owner *owner) {
    struct hats_buffer body;
    hats_buffer_init(&body, HATS_SESSION_REQUEST_MAX);
    MUST(hats_session_request_encode(&body, block, owner->sign, &err));
    struct hats_http_exchange *x =
        service_ask(s, c, "POST", "/v1/sessions", NULL, body.data, body.len);
    hats_buffer_clear(&body);
    return x;
}

static void open_session(const struct service *s, struct hats_http_client *c, struct owner *owner) {
    struct hats_session_block block;
    uint8_t bytes[HATS_SESSION_BLOCK_LEN];
    size_t len;
    service_block(s, c, &block, owner);
    struct hats_http_exchange *x = service_open(s, c, &block, owner);
    assert_int_equal(hats_http_exchange_status(x), 201);
    const uint8_t *receipt = hats_http_exchange_body(x, &len);
    hats_sha256(owner->session_receipt, receipt, len);
    hats_session_block_encode(bytes, &block);
    hats_session_tenant_id(owner->sid, bytes);
    hats_http_exchange_free(x);
}

void service_register(const struct service *s, struct hats_http_client *c, struct owner *owner) {
    struct hats_buffer body, proof;
    struct hats_challenge challenge;
    char path[96], origin[64];
    service_challenge(s, c, &challenge);
    snprintf(path, sizeof path, "/v1/keys/%s", owner->kid_hex);
    origin_of(s, origin);
    hats_buffer_init(&body, HATS_REGISTRATION_MAX_BYTES);
    hats_buffer_init(&proof, HATS_REGISTRATION_MAX_BYTES);
    owner_prove(&proof, owner, owner->sign, origin, challenge.nonce);
    MUST(hats_registration_encode(&body, owner->public_key, owner->public_key_len, owner->sign,
                                  origin, hats_now_ms(), challenge.nonce, HATS_STARK_S128,
                                  proof.data, proof.len, &err));
    hats_buffer_clear(&proof);
    struct hats_http_exchange *x = service_ask(s, c, "PUT", path, NULL, body.data, body.len);
    assert_int_equal(hats_http_exchange_status(x), 201);
    hats_http_exchange_free(x);
    hats_buffer_clear(&body);
    open_session(s, c, owner);
}

void infer_call_of(struct infer_call *out, const struct service *s, const struct request *r) {
    *out = (struct infer_call){
        .headers = {{"authorization", s->world.bearer[0]},
                    {HATS_OIP_LENGTH_FIELD, r->json_len_field},
                    {"hats-core", r->core_field}},
        .call = {.method = "POST",
                 .path = "/v2/models/score/infer",
                 .n_headers = r->core_in_header ? 3 : 2,
                 .body = r->body.data,
                 .len_bytes = r->body.len,
                 .timeout_ms = 30000},
    };
    out->call.headers = out->headers;
}

struct hats_gate_reply reply_of(const struct hats_http_exchange *x) {
    struct hats_gate_reply reply = {0};
    const char *json_len = hats_http_exchange_header(x, HATS_OIP_LENGTH_FIELD);
    const char *id = hats_http_exchange_header(x, "hats-receipt-id");
    uint64_t n = 0;
    assert_non_null(json_len);
    assert_non_null(id);
    assert_int_equal(strlen(id), 64);
    assert_true(hats_parse_u64(&n, json_len, strlen(json_len)));
    memcpy(reply.receipt_id, id, 65);
    reply.json_len = (size_t)n;
    reply.body.data = (uint8_t *)(uintptr_t)hats_http_exchange_body(x, &reply.body.len);
    return reply;
}

json_t *json_of(const struct hats_http_exchange *x) {
    size_t len;
    const char *body = (const char *)hats_http_exchange_body(x, &len);
    json_error_t where;
    json_t *doc = json_loadb(body, len, JSON_REJECT_DUPLICATES, &where);
    if (doc == NULL)
        fail_msg("not JSON (%s): %.*s", where.text, (int)len, body);
    return doc;
}

void expect_problem(struct hats_http_exchange *x, enum hats_problem p) {
    const struct hats_problem_info *info = hats_problem_info(p);
    char type[96];
    json_t *doc = json_of(x);
    snprintf(type, sizeof type, "urn:hats:problem:%s", info->code);
    const char *got = json_string_value(json_object_get(doc, "type"));
    assert_non_null(got);
    assert_string_equal(got, type);
    assert_int_equal(hats_http_exchange_status(x), info->status);
    assert_int_equal(json_integer_value(json_object_get(doc, "status")), info->status);
    assert_non_null(json_string_value(json_object_get(doc, "advice")));
    assert_non_null(json_string_value(json_object_get(doc, "error")));
    assert_string_equal(hats_http_exchange_header(x, "content-type"), "application/problem+json");
    json_decref(doc);
    hats_http_exchange_free(x);
}

double metric_of(const struct service *s, struct hats_http_client *c, const char *name) {
    struct hats_http_exchange *x = service_ask(s, c, "GET", "/metrics", "", NULL, 0);
    size_t len, n = strlen(name);
    const char *at = (const char *)hats_http_exchange_body(x, &len);
    const char *end = at + len;
    double value = -1;
    while (at < end) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        if (strncmp(at, name, n) == 0 && at[n] == ' ')
            value = strtod(at + n, NULL);
        at = next != NULL ? next + 1 : end;
    }
    hats_http_exchange_free(x);
    if (value < 0)
        fail_msg("there is no metric %s", name);
    return value;
}
