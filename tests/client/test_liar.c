/* A provider that lies, behind the right certificate and with the right signing keys: what a client
 * notices, and that it decrypts nothing when it does.
 *
 * Between client and gate stands an HTTP server of this test, which changes what passes. */
#include "service.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "client/connection.h"
#include "gate/internal.h"
#include "stark/setup.h"
#include "wire/oip.h"
#include "wire/registration.h"

#include <stdlib.h>
#include <string.h>

static struct hats_error must_err;
#define MUST(call)                                    \
    do {                                              \
        if ((call) != HATS_OK)                        \
            fail_msg("%s: %s", #call, must_err.text); \
    } while (0)

enum lie {
    TRUTH,
    FEW_CALLS, /* in a session; no lie */
    /* about the model "score" */
    OTHER_MODEL,
    OTHER_PLAN,
    OTHER_SIGNER,
    /* about an answer */
    ANSWER_CHANGED,
    ANSWER_CUT,
    RECEIPT_CHANGED,
    RECEIPT_OF_BEFORE,
    EVERYTHING_OF_BEFORE,
    NO_RECEIPT,
    SIGNED_BY_PUBLISHER,
    SIGNED_BY_STRANGER,
    LONG_AGO,
    NEARLY_A_DAY_AGO,
    NO_LENGTH,
    HUGE,
    /* about a session */
    ASKS_FOR_DEVICES,
    CHALLENGE_OF_OTHER_TIME,
    CHALLENGE_CUT,
    SESSION_OF_ANOTHER,
    SESSION_BY_STRANGER,
    SESSION_OF_OTHER_TENANT,
    SESSION_CLOSED_AT_ONCE,
    ANSWER_IN_OTHER_SESSION,
    /* in words */
    ESCAPES_IN_A_REFUSAL,
    ESCAPES_IN_A_NAME,
};

static struct service s;
static struct {
    enum lie lie;
    struct hats_tls *tls;
    struct hats_http_server *http;
    struct hats_sign_key *publisher, *stranger;
    struct hats_buffer plan[2], publication[2]; /* of "score", of "other" */
    struct hats_buffer misattributed;           /* "score", signed by the receipt signer */
    struct hats_buffer answer, receipt;         /* of the last call that was told truly */
    uint32_t challenges, closes;
} liar;
static struct hats_home home;
static struct hats_owner owner;
static char url[64];

/* ---- the server ---- */

static void respond(struct hats_http_request *r, unsigned status, const void *body, size_t len) {
    const struct hats_http_header headers[] = {{"content-type", "application/octet-stream"}};
    hats_http_respond(r, status, headers, 1, body, len);
}

static void respond_infer(struct hats_http_request *r, const struct hats_oip_tensor *out,
                          size_t n) {
    char field[24];
    size_t json_len;
    struct hats_buffer body;
    hats_buffer_init(&body, 1u << 20);
    hats_oip_response(&body, &json_len, "score", "0", out, n);
    assert_false(body.failed);
    snprintf(field, sizeof field, "%zu", json_len);
    const struct hats_http_header headers[] = {{HATS_OIP_LENGTH_FIELD, field}};
    hats_http_respond(r, 200, headers, liar.lie == NO_LENGTH ? 0 : 1, body.data, body.len);
    hats_buffer_clear(&body);
}

static struct hats_gate_tenant tenant_of(const struct hats_http_request *r) {
    struct hats_gate_tenant tenant;
    assert_int_equal(hats_gate_authenticate(s.world.gate, &tenant,
                                            hats_http_request_header(r, "authorization"), NULL),
                     HATS_PROBLEM_NONE);
    return tenant;
}

/* A challenge for whatever name the client dialled: this server's is none of the gate's. */
static void challenge(struct hats_http_request *r) {
    static const uint8_t random[8] = {1};
    struct hats_gate_tenant tenant = tenant_of(r);
    struct hats_challenge c = {.now_ms = hats_now_ms(), .calls_max = 4096, .life_max_s = 3600};
    uint8_t rp_id[32], answer[HATS_CHALLENGE_MAX_BYTES];
    size_t len = 0;
    const uint8_t *body = hats_http_request_body(r, &len);
    MUST(hats_challenge_asked(rp_id, body, len, &must_err));
    uint8_t fresh[8];
    memcpy(fresh, random, 8);
    hats_store_be32(fresh, ++liar.challenges);
    hats_nonce_make(c.nonce, s.world.gate->secret, c.now_ms, fresh, tenant.digest, rp_id);
    memcpy(c.tenant_digest, tenant.digest, 32);
    if (liar.lie == FEW_CALLS)
        c.calls_max = 4;
    if (liar.lie == ASKS_FOR_DEVICES)
        c.policy_digest[0] = 1;
    if (liar.lie == CHALLENGE_OF_OTHER_TIME)
        c.now_ms += 1000;
    hats_challenge_encode(answer, &len, &c);
    respond(r, 200, answer, liar.lie == CHALLENGE_CUT ? len - 1 : len);
}

static void sign_session_again(struct hats_buffer *out,
                               const struct hats_gate_session_reply *reply) {
    struct hats_cose cose;
    struct hats_receipt c;
    MUST(hats_cose_parse(&cose, reply->receipt, reply->receipt_len, NULL, &must_err));
    MUST(hats_receipt_decode(&c, cose.payload, cose.payload_len, &must_err));
    switch (liar.lie) {
    case SESSION_OF_ANOTHER: c.sid[0] ^= 1; break;
    case SESSION_OF_OTHER_TENANT: c.tenant_digest[0] ^= 1; break;
    case SESSION_CLOSED_AT_ONCE: c.closes = c.closes_digest = true; break;
    default: break;
    }
    MUST(hats_receipt_sign(out, &c,
                           liar.lie == SESSION_BY_STRANGER ? liar.stranger : s.world.signer,
                           cose.issuer, &must_err));
}

static void open_session(struct hats_http_request *r) {
    static const struct hats_gate_connection none;
    struct hats_gate_tenant tenant = tenant_of(r);
    struct hats_gate_session_reply reply;
    struct hats_buffer other;
    struct hats_error why = {0};
    uint8_t exporter[32];
    size_t len;
    const uint8_t *body = hats_http_request_body(r, &len);
    const uint8_t *nonce = hats_gate_session_nonce(body, len);
    assert_non_null(nonce);
    assert_true(hats_http_request_export(r, exporter, HATS_SESSION_EXPORTER_LABEL, nonce, 32));
    if (hats_gate_session_open(s.world.gate, &reply, &tenant, &none, exporter, body, len, &why) !=
        HATS_PROBLEM_NONE)
        fail_msg("the gate refused: %s", why.text);
    hats_buffer_init(&other, HATS_RECEIPT_MAX_BYTES);
    if (liar.lie >= SESSION_OF_ANOTHER && liar.lie <= SESSION_CLOSED_AT_ONCE) {
        sign_session_again(&other, &reply);
        respond(r, 201, other.data, other.len);
    } else {
        respond(r, 201, reply.receipt, reply.receipt_len);
    }
    hats_buffer_clear(&other);
    hats_gate_session_reply_clear(&reply);
}

static void close_session(struct hats_http_request *r, const char *rest) {
    static const struct hats_gate_connection none;
    struct hats_gate_tenant tenant = tenant_of(r);
    struct hats_gate_session_reply reply;
    struct hats_error why = {0};
    char sid[65] = "";
    size_t len;
    const uint8_t *body = hats_http_request_body(r, &len);
    memcpy(sid, rest, strlen(rest) < 64 ? strlen(rest) : 64);
    if (hats_gate_session_close(s.world.gate, &reply, &tenant, &none, sid, body, len, &why) !=
        HATS_PROBLEM_NONE)
        fail_msg("the gate refused: %s", why.text);
    liar.closes++;
    respond(r, 200, reply.receipt, reply.receipt_len);
    hats_gate_session_reply_clear(&reply);
}

static void keep(struct hats_buffer *b, const struct hats_oip_tensor *t) {
    hats_buffer_clear(b);
    hats_buffer_append(b, t->data, t->len_bytes);
    assert_false(b->failed);
}

/* The receipt once more, with other times or by another signer. */
static void sign_again(struct hats_buffer *out, const struct hats_oip_tensor *receipt,
                       const struct hats_sign_key *signer) {
    struct hats_cose cose;
    struct hats_receipt r;
    MUST(hats_cose_parse(&cose, receipt->data, receipt->len_bytes, NULL, &must_err));
    MUST(hats_receipt_decode(&r, cose.payload, cose.payload_len, &must_err));
    if (liar.lie == LONG_AGO) {
        r.accepted_ms -= UINT64_C(2) * 86400000;
        r.done_ms = r.accepted_ms + 10;
    } else if (liar.lie == NEARLY_A_DAY_AGO) {
        r.accepted_ms -= UINT64_C(86400000) - 60000;
    } else if (liar.lie == ANSWER_IN_OTHER_SESSION) {
        r.session_receipt[0] ^= 1;
    }
    MUST(hats_receipt_sign(out, &r, signer, cose.issuer, &must_err));
}

static void tell(struct hats_http_request *r, struct hats_oip_tensor out[2]) {
    struct hats_oip_tensor *answer = &out[0], *receipt = &out[1];
    struct hats_buffer other;
    hats_buffer_init(&other, HATS_RECEIPT_MAX_BYTES);
    size_t n = 2;
    switch (liar.lie) {
    case TRUTH:
        keep(&liar.answer, answer);
        keep(&liar.receipt, receipt);
        break;
    case ANSWER_CHANGED: ((uint8_t *)(uintptr_t)answer->data)[answer->len_bytes - 1] ^= 1; break;
    case ANSWER_CUT: answer->len_bytes -= 8; break;
    case RECEIPT_CHANGED: ((uint8_t *)(uintptr_t)receipt->data)[400] ^= 1; break;
    case EVERYTHING_OF_BEFORE:
        *answer = (struct hats_oip_tensor){answer->name, liar.answer.data, liar.answer.len};
        *receipt = (struct hats_oip_tensor){receipt->name, liar.receipt.data, liar.receipt.len};
        break;
    case RECEIPT_OF_BEFORE:
        *receipt = (struct hats_oip_tensor){receipt->name, liar.receipt.data, liar.receipt.len};
        break;
    case NO_RECEIPT: n = 1; break;
    case ESCAPES_IN_A_NAME: answer->name = "\x1b[2J\x1b[1;1Hscore 1.0"; break;
    case SIGNED_BY_PUBLISHER: sign_again(&other, receipt, liar.publisher); break;
    case SIGNED_BY_STRANGER: sign_again(&other, receipt, liar.stranger); break;
    case LONG_AGO:
    case ANSWER_IN_OTHER_SESSION:
    case NEARLY_A_DAY_AGO: sign_again(&other, receipt, s.world.signer); break;
    default: break;
    }
    if (other.len != 0)
        *receipt = (struct hats_oip_tensor){receipt->name, other.data, other.len};
    respond_infer(r, out, n);
    hats_buffer_clear(&other);
}

static void infer(struct hats_http_request *r) {
    struct hats_gate_headers h = {
        .authorization = hats_http_request_header(r, "authorization"),
        .model = "score",
        .content_length = hats_http_request_content_length(r),
        .core = hats_http_request_header(r, "hats-core"),
        .json_len = hats_http_request_header(r, HATS_OIP_LENGTH_FIELD),
    };
    struct hats_oip_tensor out[2] = {{.name = "hats.answer"}, {.name = "hats.receipt"}};
    struct hats_gate_call *call;
    struct hats_gate_reply reply = {0};
    struct hats_error why = {0};
    size_t len;
    const uint8_t *body = hats_http_request_body(r, &len);
    enum hats_problem p = hats_gate_admit(s.world.gate, &call, &h, &why);
    if (p == HATS_PROBLEM_NONE)
        p = hats_gate_infer(call, &reply, body, len, &why);
    if (p != HATS_PROBLEM_NONE)
        fail_msg("the gate refused: %s", why.text);
    MUST(hats_oip_parse(out, 2, 2, NULL, "outputs", reply.body.data, reply.body.len, reply.json_len,
                        &must_err));
    tell(r, out);
    hats_gate_call_free(call);
    hats_gate_reply_clear(&reply);
}

static enum hats_http_admission on_headers(void *user, struct hats_http_request *r,
                                           uint64_t *max_body_bytes) {
    (void)user, (void)r;
    *max_body_bytes = 1u << 20;
    return HATS_HTTP_ADMIT;
}

static void on_request(void *user, struct hats_http_request *r) {
    static const char refusal[] = "{\"type\":\"urn:hats:problem:busy-not\",\"detail\":\"x\"}",
                      escapes[] =
                          "{\"type\":\"urn:hats:problem:key-foreign\",\"detail\":"
                          "\"\\u001b]52;c;cm0gLXJmIH4K\\u0007\\u009b2J\\r\\nhats: all is well\"}";
    static uint8_t much[1u << 20];
    const char *path = hats_http_request_path(r);
    (void)user;
    if (strcmp(path, "/v1/models/score/publication") == 0) {
        const struct hats_buffer *b = liar.lie == OTHER_SIGNER
                                          ? &liar.misattributed
                                          : &liar.publication[liar.lie == OTHER_MODEL];
        respond(r, 200, b->data, b->len);
    } else if (strcmp(path, "/v1/models/score/plan") == 0) {
        const struct hats_buffer *b = &liar.plan[liar.lie == OTHER_MODEL || liar.lie == OTHER_PLAN];
        respond(r, 200, b->data, b->len);
    } else if (strcmp(path, "/v1/challenge") == 0) {
        challenge(r);
    } else if (strcmp(path, "/v1/sessions") == 0) {
        open_session(r);
    } else if (strncmp(path, "/v1/sessions/", 13) == 0) {
        close_session(r, path + 13);
    } else if (strcmp(path, "/v2/models/score/infer") != 0) {
        respond(r, 404, refusal, sizeof refusal - 1);
    } else if (liar.lie == ESCAPES_IN_A_REFUSAL) {
        respond(r, 403, escapes, sizeof escapes - 1);
    } else if (liar.lie == HUGE) {
        respond(r, 200, much, sizeof much);
    } else {
        infer(r);
    }
}

/* ---- set-up ---- */

static void read_file(struct hats_buffer *out, const char *model, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s/models/%s-1.0.0/%s", s.world.dir, model, name);
    hats_buffer_init(out, 1u << 20);
    MUST(hats_file_read(out, path, &must_err));
}

static void make_models(void) {
    struct hats_cose cose;
    struct hats_publication p;
    MUST(hats_mldsa_load(&liar.publisher, s.init.publisher_key, &must_err));
    MUST(hats_mldsa_generate(&liar.stranger, HATS_MLDSA_65, &must_err));
    world_package(s.world.dir, liar.publisher, "other", "1.0.0", 2);
    read_file(&liar.plan[0], "score", "plan.cbor");
    read_file(&liar.plan[1], "other", "plan.cbor");
    read_file(&liar.publication[0], "score", "publication.cose");
    read_file(&liar.publication[1], "other", "publication.cose");
    hats_buffer_init(&liar.misattributed, HATS_PUBLICATION_MAX_BYTES);
    MUST(
        hats_cose_parse(&cose, liar.publication[0].data, liar.publication[0].len, NULL, &must_err));
    MUST(hats_publication_decode(&p, cose.payload, cose.payload_len, &must_err));
    MUST(hats_publication_sign(&liar.misattributed, &p, s.world.signer, &must_err));
    hats_buffer_init(&liar.answer, 1u << 20);
    hats_buffer_init(&liar.receipt, HATS_RECEIPT_MAX_BYTES);
}

static void make_server(void) {
    char chain[256], key[256];
    struct hats_tls_server_config tls = {.chain_path = chain, .key_path = key};
    struct hats_http_server_config config;
    snprintf(chain, sizeof chain, "%s/tls.pem", s.world.dir);
    snprintf(key, sizeof key, "%s/tls.key.pem", s.world.dir);
    MUST(hats_tls_server_new(&liar.tls, &tls, &must_err));
    hats_http_server_config_init(&config);
    config.address = "127.0.0.1";
    config.tls = liar.tls;
    config.handler = (struct hats_http_handler){.on_headers = on_headers, .on_request = on_request};
    MUST(hats_http_server_start(&liar.http, &config, &must_err));
    snprintf(url, sizeof url, "https://127.0.0.1:%u", (unsigned)hats_http_server_port(liar.http));
}

/* The provider's key set with keys that were valid for ever: then a time of long ago is in their period. It names no
 * log: the liar shows none. */
static void write_trust(const char *path) {
    struct hats_trust trust;
    struct hats_buffer file;
    hats_trust_init(&trust);
    hats_buffer_init(&file, 65536);
    MUST(hats_file_read(&file, s.init.trust, &must_err));
    MUST(hats_trust_load(&trust, file.data, file.len, &must_err));
    size_t n = 0;
    for (size_t i = 0; i < trust.n_keys; i++) {
        trust.keys[i].valid_from_ms = 0;
        if ((trust.keys[i].roles & HATS_ROLE_LOG) == 0)
            trust.keys[n++] = trust.keys[i];
    }
    trust.n_keys = n;
    hats_buffer_clear(&file);
    MUST(hats_trust_encode(&file, &trust, &must_err));
    MUST(hats_file_write(path, 0644, file.data, file.len, &must_err));
    hats_buffer_clear(&file);
    hats_trust_clear(&trust);
}

static void make_owner(void) {
    char dir[128], trust[128], origin[64];
    struct hats_buffer body, proof;
    struct hats_client_prover *prover;
    struct hats_gate_tenant tenant;
    struct hats_gate_key key;
    uint8_t nonce[32], bound[32], rp_id[32];
    static const uint8_t random[8];
    char kid_hex[65];
    bool created;
    snprintf(dir, sizeof dir, "%s/home", s.world.dir);
    snprintf(trust, sizeof trust, "%s/trust.keys.cose", s.world.dir);
    write_trust(trust);
    MUST(hats_home_open(&home, dir, &must_err));
    MUST(hats_owner_create(&home, "default", HATS_SET_L4096, &must_err));
    MUST(hats_owner_load(&owner, &home, "default", &must_err));
    MUST(hats_server_record_add(&home, url, s.init.root_cert, trust, s.init.token, &must_err));
    snprintf(origin, sizeof origin, "https://localhost:%u", (unsigned)s.port);
    hats_buffer_init(&body, HATS_REGISTRATION_MAX_BYTES);
    assert_int_equal(hats_gate_authenticate(s.world.gate, &tenant, s.world.bearer[0], NULL),
                     HATS_PROBLEM_NONE);
    hats_rp_id(rp_id, origin);
    hats_nonce_make(nonce, s.world.gate->secret, hats_now_ms(), random, tenant.digest, rp_id);
    hats_buffer_init(&proof, HATS_REGISTRATION_MAX_BYTES);
    MUST(hats_client_prover_new(&prover, &must_err));
    hats_registration_proof_nonce(bound, nonce, owner.thumbprint, origin);
    MUST(hats_client_prove_key(prover, &proof, &owner, bound, &must_err));
    MUST(hats_registration_encode(&body, owner.public_key, owner.public_key_len, owner.sign, origin,
                                  hats_now_ms(), nonce, HATS_STARK_S128, proof.data, proof.len,
                                  &must_err));
    hats_client_prover_free(prover);
    hats_buffer_clear(&proof);
    hats_hex_encode(kid_hex, owner.kid, 32);
    assert_int_equal(hats_gate_key_register(s.world.gate, &created, &key, &tenant, kid_hex,
                                            body.data, body.len, NULL),
                     HATS_PROBLEM_NONE);
    hats_buffer_clear(&body);
}

static int make(void **state) {
    (void)state;
    service_make(&s, NULL);
    make_models();
    make_server();
    make_owner();
    return 0;
}

static int drop(void **state) {
    (void)state;
    hats_http_server_free(liar.http);
    hats_tls_free(liar.tls);
    hats_owner_clear(&owner);
    hats_mldsa_free(liar.publisher);
    hats_mldsa_free(liar.stranger);
    for (int i = 0; i < 2; i++) {
        hats_buffer_clear(&liar.plan[i]);
        hats_buffer_clear(&liar.publication[i]);
    }
    hats_buffer_clear(&liar.misattributed);
    hats_buffer_clear(&liar.answer);
    hats_buffer_clear(&liar.receipt);
    service_remove(&s);
    return 0;
}

/* ---- the client ---- */

struct job {
    unsigned made, done, wanted;
    int32_t x[WORLD_D];
    int64_t acc[WORLD_K];
};

static hats_status next(void *user, int32_t *x, uint64_t *tag, bool *more, struct hats_error *err) {
    struct job *j = user;
    (void)err;
    *more = j->made < j->wanted;
    *tag = ++j->made;
    for (int i = 0; i < WORLD_D; i++)
        x[i] = j->x[i] = 100 + i;
    return HATS_OK;
}

static hats_status done(void *user, const struct hats_client_result *r, struct hats_error *err) {
    struct job *j = user;
    (void)err;
    j->done++;
    memcpy(j->acc, r->acc, sizeof j->acc);
    return HATS_OK;
}

static struct hats_client *open_client(void) {
    struct hats_server_record record;
    struct hats_client *client;
    MUST(hats_server_record_load(&record, &home, url, &must_err));
    MUST(hats_client_open(&client, &record, HATS_TLS_STRICT, &must_err));
    return client;
}

static hats_status open_model(enum lie lie, struct hats_error *err) {
    struct hats_client *client = open_client();
    struct hats_client_model model;
    liar.lie = lie;
    hats_status status = hats_client_model_open(&model, client, "score", err);
    hats_client_model_clear(&model);
    hats_client_close(client);
    return status;
}

/* One record through a server that lies about the answer. */
static hats_status score(enum lie lie, struct job *job, struct hats_error *err) {
    struct hats_client *client = open_client();
    struct hats_client_model model;
    *job = (struct job){.wanted = 1};
    liar.lie = TRUTH;
    MUST(hats_client_model_open(&model, client, "score", &must_err));
    assert_string_equal(model.signer, "localhost, models");
    liar.lie = lie;
    const struct hats_client_job what = {
        .model = &model, .owner = &owner, .user = job, .next = next, .done = done};
    hats_status status = hats_client_infer(client, &what, err);
    hats_client_model_clear(&model);
    hats_client_close(client);
    return status;
}

/* ---- tests ---- */

static void the_truth_is_believed(void **state) {
    (void)state;
    struct job job;
    struct hats_error err = {0};
    if (score(TRUTH, &job, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(job.done, 1);
    assert_int_equal(liar.closes, 1); /* what it opened it closed */
    for (int o = 0; o < WORLD_K; o++)
        assert_int_equal(job.acc[o], world_score(1, job.x, o));
}

static void let_its_time_be_over(struct hats_client *client) { client->session.until_ns = 0; }

/* Runs a job of many records, several times, and says how many sessions it opened and closed. */
static void run_many(enum lie lie, struct job *job, unsigned window, unsigned runs,
                     void (*between)(struct hats_client *), uint32_t *opened, uint32_t *closed) {
    struct hats_client *client = open_client();
    struct hats_client_model model;
    liar.lie = TRUTH;
    MUST(hats_client_model_open(&model, client, "score", &must_err));
    liar.lie = lie;
    liar.challenges = liar.closes = 0;
    const struct hats_client_job what = {.model = &model,
                                         .owner = &owner,
                                         .window = window,
                                         .user = job,
                                         .next = next,
                                         .done = done};
    for (unsigned k = 0; k < runs; k++) {
        unsigned wanted = job->wanted;
        *job = (struct job){.wanted = wanted};
        MUST(hats_client_infer(client, &what, &must_err));
        assert_int_equal(job->done, job->wanted);
        if (between != NULL)
            between(client);
    }
    hats_client_model_clear(&model);
    hats_client_close(client);
    *opened = liar.challenges;
    *closed = liar.closes;
}

static void a_session_that_is_used_up_is_closed_and_followed_by_another(void **state) {
    (void)state;
    struct job job = {.wanted = 10};
    uint32_t opened, closed;
    run_many(FEW_CALLS, &job, 1, 1, NULL, &opened, &closed);
    assert_true(opened == 4 && closed == 4); /* three calls and the close in each */
    run_many(FEW_CALLS, &job, 8, 1, NULL, &opened,
             &closed); /* with more calls under way than fit */
    assert_true(opened == 4 && closed == 4);
}

static void a_session_serves_until_its_time_is_over(void **state) {
    (void)state;
    struct job job = {.wanted = 2};
    uint32_t opened, closed;
    run_many(TRUTH, &job, 8, 3, NULL, &opened, &closed);
    assert_true(opened == 1 && closed == 1);
    run_many(TRUTH, &job, 8, 3, let_its_time_be_over, &opened, &closed);
    assert_true(opened == 3 && closed == 3);
}

static void another_model_is_not_taken_for_the_one_asked_for(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_int_equal(open_model(OTHER_MODEL, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "'other' where 'score'"));
}

static void a_plan_that_its_publisher_did_not_sign_is_refused(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_int_equal(open_model(OTHER_PLAN, &err), HATS_E_VERIFY);
}

static void a_receipt_signer_is_no_publisher(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_int_equal(open_model(OTHER_SIGNER, &err), HATS_E_TRUST);
}

static void nothing_is_decrypted_without_a_receipt_for_this_very_answer(void **state) {
    (void)state;
    static const struct {
        enum lie lie;
        hats_status status;
        const char *word;
    } lies[] = {
        {ANSWER_CHANGED, HATS_E_VERIFY, "output digest"},
        {ANSWER_CUT, HATS_E_VERIFY, "output digest"},
        {RECEIPT_CHANGED, HATS_E_VERIFY, "receipt"},
        {RECEIPT_OF_BEFORE, HATS_E_VERIFY, "session"},
        {EVERYTHING_OF_BEFORE, HATS_E_VERIFY, "session"},
        {NO_RECEIPT, HATS_E_MALFORMED, "2 tensors"},
        {SIGNED_BY_PUBLISHER, HATS_E_TRUST, "not trusted as receipt signer"},
        {SIGNED_BY_STRANGER, HATS_E_TRUST, "unknown"},
        {LONG_AGO, HATS_E_VERIFY, "a day away"},
        {NEARLY_A_DAY_AGO, HATS_OK, ""},
        {ASKS_FOR_DEVICES, HATS_E_UNSUPPORTED, "devices"},
        {CHALLENGE_OF_OTHER_TIME, HATS_E_VERIFY, "contradicts"},
        {CHALLENGE_CUT, HATS_E_MALFORMED, "challenge"},
        {SESSION_OF_ANOTHER, HATS_E_VERIFY, "claim 10"},
        {SESSION_BY_STRANGER, HATS_E_TRUST, "unknown"},
        {SESSION_OF_OTHER_TENANT, HATS_E_VERIFY, "claim 80"},
        {SESSION_CLOSED_AT_ONCE, HATS_E_VERIFY, "closes"},
        {ANSWER_IN_OTHER_SESSION, HATS_E_VERIFY, "claim 15"},
        {NO_LENGTH, HATS_E_MALFORMED, HATS_OIP_LENGTH_FIELD},
        {HUGE, HATS_E_RANGE, "larger than allowed"},
    };
    struct job job;
    struct hats_error err = {0};
    assert_int_equal(score(TRUTH, &job, &err), HATS_OK); /* there is something from before */
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        err = (struct hats_error){0};
        hats_status status = score(lies[i].lie, &job, &err);
        if (status != lies[i].status || strstr(err.text, lies[i].word) == NULL)
            fail_msg("lie %d: %s: %s", lies[i].lie, hats_status_name(status), err.text);
        assert_int_equal(job.done, status == HATS_OK);
    }
}

static void what_a_server_says_does_not_steer_the_terminal(void **state) {
    (void)state;
    static const enum lie lies[] = {ESCAPES_IN_A_REFUSAL, ESCAPES_IN_A_NAME};
    struct job job;
    for (size_t i = 0; i < 2; i++) {
        struct hats_error err = {0};
        assert_int_not_equal(score(lies[i], &job, &err), HATS_OK);
        assert_int_equal(job.done, 0);
        assert_non_null(strchr(err.text, '?'));
        for (const char *at = err.text; *at != '\0'; at++)
            assert_false((unsigned char)*at < 0x20 || *at == 0x7f ||
                         ((unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_truth_is_believed),
        cmocka_unit_test(a_session_that_is_used_up_is_closed_and_followed_by_another),
        cmocka_unit_test(a_session_serves_until_its_time_is_over),
        cmocka_unit_test(another_model_is_not_taken_for_the_one_asked_for),
        cmocka_unit_test(a_plan_that_its_publisher_did_not_sign_is_refused),
        cmocka_unit_test(a_receipt_signer_is_no_publisher),
        cmocka_unit_test(nothing_is_decrypted_without_a_receipt_for_this_very_answer),
        cmocka_unit_test(what_a_server_says_does_not_steer_the_terminal),
    };
    return cmocka_run_group_tests_name("a provider that lies", tests, make, drop);
}
