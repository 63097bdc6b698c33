#include "world.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "model/package.h"
#include "model/publish.h"
#include "statements/call.h"
#include "statements/encryption_prove.h"
#include "statements/key_prove.h"
#include "wire/oip.h"
#include "wire/registration.h"

#include <pthread.h>
#include <stdlib.h>

#define MUST(call)                               \
    do {                                         \
        struct hats_error err = {0};             \
        if ((call) != HATS_OK)                   \
            fail_msg("%s: %s", #call, err.text); \
    } while (0)

/* ---- the model ---- */

static int32_t weight(int seed, int o, int j) { return (seed * 7 + o * 31 + j * 13) % 61 - 30; }

static int64_t bias(int seed, int o) { return 1000 * seed - 77 * o; }

int64_t world_score(int seed, const int32_t x[WORLD_D], int o) {
    int64_t sum = bias(seed, o);
    for (int j = 0; j < WORLD_D; j++)
        sum += (int64_t)weight(seed, o, j) * x[j];
    return sum;
}

static void fill_budget(struct hats_plan *plan, const int32_t *w, const int64_t *b) {
    struct hats_linear_budget budget;
    struct hats_linear_weights weights = {
        .w = w, .bias = b, .x_max = 2000, .lo = plan->lo, .hi = plan->hi};
    MUST(hats_linear_budget_of(&budget, plan->set_id, 0, &plan->shape, &weights, &err));
    struct hats_fhe_security bits = hats_fhe_security_of(plan->set_id);
    plan->log_t = budget.log_t;
    plan->kl_millibits = budget.kl_millibits;
    plan->kl_all_millibits = budget.kl_all_millibits;
    plan->classical_bits = bits.classical;
    plan->quantum_bits = bits.quantum;
}

void world_package(const char *dir, const struct hats_sign_key *publisher, const char *name,
                   const char *version, int seed) {
    static const uint8_t compiler[] = {0x84, 0x01, 0x61, 't', 0x61, '1', 0x60};
    static char *column_names[WORLD_D] = {(char *)"a", (char *)"b", (char *)"c", (char *)"d",
                                          (char *)"e"};
    static char *labels[WORLD_K] = {(char *)"first", (char *)"second"};
    struct hats_plan_column columns[WORLD_D] = {0};
    struct hats_plan_rule rules[WORLD_D] = {0};
    int32_t w[WORLD_K * WORLD_D], lo[WORLD_D], hi[WORLD_D];
    int64_t b[WORLD_K];
    for (int j = 0; j < WORLD_D; j++) {
        columns[j].name = column_names[j];
        columns[j].type = HATS_COLUMN_NUMBER;
        rules[j] = (struct hats_plan_rule){
            .op = HATS_RULE_AFFINE, .column = (uint32_t)j, .a = INT64_C(1) << HATS_PLAN_SHIFT};
        lo[j] = -2000;
        hi[j] = 2000;
        for (int o = 0; o < WORLD_K; o++)
            w[o * WORLD_D + j] = weight(seed, o, j);
    }
    for (int o = 0; o < WORLD_K; o++)
        b[o] = bias(seed, o);
    struct hats_plan plan = {
        .name = (char *)(uintptr_t)name,
        .version = (char *)(uintptr_t)version,
        .task = HATS_TASK_MULTICLASS,
        .link = HATS_LINK_IDENTITY,
        .set_id = HATS_SET_L4096,
        .lo = lo,
        .hi = hi,
        .input = HATS_INPUT_COLUMNS,
        .columns = columns,
        .n_columns = WORLD_D,
        .rules = rules,
        .labels = labels,
        .n_labels = WORLD_K,
        .scale_num = 1,
    };
    MUST(hats_linear_shape_init(&plan.shape, plan.set_id, WORLD_D, WORLD_K, 8, &err));
    fill_budget(&plan, w, b);
    struct hats_package_parts parts = {
        .source = (const uint8_t *)"source",
        .source_len = 6,
        .plan = &plan,
        .w = w,
        .bias = b,
        .compiler = compiler,
        .compiler_len = sizeof compiler,
    };
    char package[256];
    snprintf(package, sizeof package, "%s/models/%s-%s", dir, name, version);
    MUST(hats_file_make_dirs(package, 0700, &err));
    MUST(hats_model_write(package, &parts, false, &err));
    MUST(hats_model_publish(package, publisher, "tests", &err));
}

/* ---- the world ---- */

static uint64_t clock_of(void *user) { return ((const struct world *)user)->now_ms; }

void world_store_open(struct world *w, uint64_t max_bytes) {
    char path[96];
    struct hats_store_config config;
    hats_store_config_init(&config);
    snprintf(path, sizeof path, "%s/store.db", w->dir);
    config.path = path;
    config.max_bytes = max_bytes;
    MUST(hats_store_open(&w->store, &config, &err));
    w->config.store = w->store;
}

static void open_gate(struct world *w) {
    char models[96];
    size_t n;
    snprintf(models, sizeof models, "%s/models", w->dir);
    MUST(hats_gate_new(&w->gate, &w->config, &err));
    MUST(hats_gate_models_load(w->gate, models, &n, &err));
    assert_true(n >= 1);
}

void world_make(struct world *w) {
    static const char *const origins[] = {"https://score.test:8443", "https://127.0.0.1:8443"};
    static const char *const names[] = {"alpha", "beta"};
    *w = (struct world){.dir = "/tmp/hats-gate-XXXXXX", .now_ms = hats_now_ms()};
    assert_non_null(mkdtemp(w->dir));
    MUST(hats_mldsa_generate(&w->signer, HATS_MLDSA_65, &err));
    MUST(hats_mldsa_generate(&w->publisher, HATS_MLDSA_65, &err));
    world_package(w->dir, w->publisher, "score", "1.0.0", 1);
    hats_gate_config_init(&w->config);
    world_store_open(w, 0);
    w->config.signer = w->signer;
    w->config.issuer = "tests";
    w->config.origins = origins;
    w->config.n_origins = 2;
    w->config.now_ms = clock_of;
    w->config.now_user = w;
    for (int i = 0; i < 2; i++) {
        MUST(hats_gate_tenant_new(w->store, w->token[i], names[i], &err));
        snprintf(w->bearer[i], sizeof w->bearer[i], "Bearer %s", w->token[i]);
    }
    open_gate(w);
    for (int i = 0; i < 2; i++)
        assert_int_equal(hats_gate_authenticate(w->gate, &w->tenant[i], w->bearer[i], NULL),
                         HATS_PROBLEM_NONE);
}

void world_restart(struct world *w) {
    hats_gate_free(w->gate);
    hats_store_close(w->store);
    w->gate = NULL;
    world_store_open(w, 0);
    open_gate(w);
}

void world_remove(struct world *w) {
    char command[128];
    hats_gate_free(w->gate);
    hats_store_close(w->store);
    hats_mldsa_free(w->signer);
    hats_mldsa_free(w->publisher);
    snprintf(command, sizeof command, "rm -rf %s", w->dir);
    assert_int_equal(system(command), 0);
}

/* ---- owners ---- */

void owner_make(struct owner *o, uint8_t seed) {
    uint8_t bytes[HATS_FHE_SEED_LEN];
    memset(bytes, seed, sizeof bytes);
    *o = (struct owner){.public_key_len = hats_fhe_public_key_bytes(HATS_SET_L4096)};
    o->public_key = hats_alloc(o->public_key_len);
    assert_non_null(o->public_key);
    MUST(hats_fhe_secret_new(&o->secret, HATS_SET_L4096, bytes, &err));
    MUST(hats_fhe_public_key_of(o->public_key, o->public_key_len, o->secret, &err));
    MUST(hats_fhe_kid(o->kid, o->public_key, o->public_key_len, &err));
    MUST(hats_mldsa_generate(&o->sign, HATS_MLDSA_65, &err));
    hats_hex_encode(o->kid_hex, o->kid, 32);
}

void owner_clear(struct owner *o) {
    hats_fhe_secret_free(o->secret);
    hats_mldsa_free(o->sign);
    hats_free(o->public_key);
}

void world_challenge(struct world *w, struct hats_challenge *out, int tenant) {
    uint8_t rp_id[32], ask[HATS_CHALLENGE_MAX_BYTES];
    struct hats_buffer answer;
    size_t len = 0;
    hats_rp_id(rp_id, WORLD_ORIGIN);
    hats_challenge_ask(ask, &len, rp_id);
    assert_int_equal(hats_gate_challenge(w->gate, &answer, &w->tenant[tenant], ask, len, NULL),
                     HATS_PROBLEM_NONE);
    MUST(hats_challenge_decode(out, answer.data, answer.len, &err));
    hats_buffer_clear(&answer);
}

void session_block(struct world *w, struct hats_session_block *out, const struct owner *o,
                   int tenant) {
    struct hats_challenge c;
    world_challenge(w, &c, tenant);
    *out = (struct hats_session_block){.kind = HATS_SESSION_TENANT,
                                       .calls = c.calls_max,
                                       .not_after_ms = c.now_ms + (uint64_t)c.life_max_s * 1000};
    memcpy(out->nonce, c.nonce, 32);
    memcpy(out->tenant_digest, c.tenant_digest, 32);
    hats_rp_id(out->rp_id, WORLD_ORIGIN);
    hats_cose_thumbprint_of(out->owner, o->sign);
}

enum hats_problem session_open(struct world *w, struct owner *o, int tenant,
                               const struct hats_session_block *block, struct hats_error *detail) {
    static const struct hats_gate_connection none;
    struct hats_gate_session_reply reply;
    struct hats_buffer body;
    hats_buffer_init(&body, HATS_SESSION_REQUEST_MAX);
    MUST(hats_session_request_encode(&body, block, o->sign, &err));
    enum hats_problem p = hats_gate_session_open(w->gate, &reply, &w->tenant[tenant], &none, NULL,
                                                 body.data, body.len, detail);
    if (p == HATS_PROBLEM_NONE) {
        uint8_t bytes[HATS_SESSION_BLOCK_LEN];
        hats_session_block_encode(bytes, block);
        hats_session_tenant_id(o->sid, bytes);
        assert_memory_equal(reply.sid, o->sid, 32);
        hats_sha256(o->session_receipt, reply.receipt, reply.receipt_len);
    }
    hats_gate_session_reply_clear(&reply);
    hats_buffer_clear(&body);
    return p;
}

/* Provers keep their memory from proof to proof; tests make requests in several threads. */
static pthread_mutex_t prover_lock = PTHREAD_MUTEX_INITIALIZER;
static struct hats_stark_workspace *workspace;

struct opened {
    int8_t s[4096], e0[4096];
    uint8_t coins[HATS_STARK_COINS_LEN];
    struct hats_stark_options options;
};

/* Holds the lock until close_prover. */
static void open_prover(struct opened *k, const struct owner *o) {
    pthread_mutex_lock(&prover_lock);
    if (workspace == NULL)
        workspace = hats_stark_workspace_new(1);
    assert_non_null(workspace);
    k->options = (struct hats_stark_options){.workspace = workspace};
    MUST(hats_random(k->coins, sizeof k->coins));
    MUST(hats_fhe_secret_open(k->s, k->e0, o->secret, &err));
}

static void close_prover(void) { pthread_mutex_unlock(&prover_lock); }

void owner_prove(struct hats_buffer *proof, const struct owner *o, const struct hats_sign_key *sign,
                 const char *origin, const uint8_t nonce[32]) {
    static struct hats_key_setup *setup;
    struct hats_key_public public = {0};
    struct opened k;
    uint32_t set_id;
    open_prover(&k, o);
    if (setup == NULL)
        MUST(hats_key_setup_new(&setup, HATS_STARK_S128, HATS_SET_L4096, &err));
    public.setup = setup;
    uint8_t thumbprint[32];
    hats_cose_thumbprint_of(thumbprint, sign);
    hats_registration_proof_nonce(public.nonce, nonce, thumbprint, origin);
    MUST(hats_fhe_public_key_open(&public.b0, &set_id, o->public_key, o->public_key_len, &err));
    MUST(hats_key_prove(proof, &public, k.s, k.e0, k.coins, &k.options, &err));
    close_prover();
}

enum hats_problem owner_register(struct world *w, struct owner *o, int tenant,
                                 struct hats_error *detail) {
    struct hats_buffer body, proof;
    struct hats_challenge c;
    struct hats_session_block block;
    struct hats_gate_key key;
    bool created;
    world_challenge(w, &c, tenant);
    hats_buffer_init(&body, HATS_REGISTRATION_MAX_BYTES);
    hats_buffer_init(&proof, HATS_REGISTRATION_MAX_BYTES);
    owner_prove(&proof, o, o->sign, WORLD_ORIGIN, c.nonce);
    MUST(hats_registration_encode(&body, o->public_key, o->public_key_len, o->sign, WORLD_ORIGIN,
                                  w->now_ms, c.nonce, HATS_STARK_S128, proof.data, proof.len,
                                  &err));
    enum hats_problem p = hats_gate_key_register(w->gate, &created, &key, &w->tenant[tenant],
                                                 o->kid_hex, body.data, body.len, detail);
    hats_buffer_clear(&proof);
    hats_buffer_clear(&body);
    if (p != HATS_PROBLEM_NONE)
        return p;
    session_block(w, &block, o, tenant);
    return session_open(w, o, tenant, &block, detail);
}

/* ---- requests ---- */

void request_assemble(struct request *r) {
    struct hats_oip_tensor tensors[3] = {{"hats.ciphertext", r->ciphertext, r->ciphertext_len}};
    size_t n = 1;
    hats_core_encode(r->core_bytes, &r->core_len, &r->core);
    if (r->proof != NULL)
        tensors[n++] = (struct hats_oip_tensor){"hats.proof", r->proof, r->proof_len};
    if (!r->core_in_header)
        tensors[n++] = (struct hats_oip_tensor){"hats.core", r->core_bytes, r->core_len};
    hats_buffer_clear(&r->body);
    hats_buffer_init(&r->body, 4u << 20);
    hats_oip_request(&r->body, &r->json_len, "a-name", tensors, n);
    assert_false(r->body.failed);
    snprintf(r->json_len_field, sizeof r->json_len_field, "%zu", r->json_len);
    hats_base64url_encode(r->core_field, r->core_bytes, r->core_len);
}

void request_attach(struct request *r, const uint8_t *proof, size_t len) {
    r->proof = proof;
    r->proof_len = len;
    hats_sha256(r->core.proof_digest, proof, len);
    request_assemble(r);
}

/* The plan of the served model "score", the caller's to free, and its digest. */
static struct hats_plan *served_plan(const struct world *w, uint8_t digest[32]) {
    struct hats_gate_model m;
    struct hats_plan *plan;
    assert_true(hats_gate_model_hold(w->gate, &m, "score"));
    MUST(hats_plan_decode(&plan, m.plan, m.plan_len, &err));
    memcpy(digest, m.plan_digest, 32);
    hats_gate_model_release(&m);
    return plan;
}

void request_prove(struct request *r, struct world *w) {
    static struct hats_call_setups *setups;
    const struct hats_encryption_setup *setup;
    struct hats_call_statement statement;
    struct opened k;
    uint8_t digest[32];
    struct hats_plan *plan = served_plan(w, digest);
    open_prover(&k, r->owner);
    if (setups == NULL)
        setups = hats_call_setups_new(4);
    assert_non_null(setups);
    MUST(hats_call_setups_take(setups, &setup, r->core.proof_suite, plan, digest,
                               r->core.has_data_commitment, &err));
    MUST(hats_call_statement_init(&statement, setup, plan, &r->core, r->owner->public_key,
                                  r->owner->public_key_len, r->ciphertext, r->ciphertext_len,
                                  &err));
    const struct hats_encryption_witness witness = {.s = k.s,
                                                    .e0 = k.e0,
                                                    .e = r->e,
                                                    .x = r->x,
                                                    .fields = r->fields,
                                                    .salts = (const uint64_t(*)[4]) & r->salt};
    hats_buffer_clear(&r->proven);
    hats_buffer_init(&r->proven, 1u << 20);
    MUST(hats_encryption_prove(&r->proven, &statement.public, &witness, k.coins, &k.options, &err));
    hats_call_setups_give(setups, setup);
    close_prover();
    hats_plan_free(plan);
    request_attach(r, r->proven.data, r->proven.len);
}

void request_make(struct request *r, struct world *w, const struct owner *owner, uint32_t i) {
    request_make_for(r, w, owner, i, HATS_STARK_S128);
    request_prove(r, w);
}

/* C_D of the fields under a salt. */
static void commit(struct request *r, const struct hats_plan *plan) {
    struct hats_encryption_setup *setup;
    uint64_t commitment[HATS_STARK_RPO_DIGEST];
    for (int j = 0; j < WORLD_D; j++)
        r->fields[j] = r->x[j];
    for (unsigned k = 0; k < 4; k++)
        r->salt[k] = 1000 * (uint64_t)r->core.i + k;
    MUST(hats_call_setup_new(&setup, r->core.proof_suite, plan, true, &err));
    hats_encryption_commit(commitment, setup, r->fields, r->x, r->salt);
    hats_encryption_setup_free(setup);
    hats_call_commitment_encode(r->core.data_commitment, commitment);
}

static void make_request(struct request *r, struct world *w, const struct owner *owner, uint32_t i,
                         uint32_t proof_suite, bool committed) {
    struct hats_fhe_params params;
    struct hats_call_parameters p;
    uint8_t ctx[32], digest[32], box[32];
    struct hats_gate_model m;
    struct hats_plan *plan = served_plan(w, digest);
    *r = (struct request){.owner = owner, .model = "score", .seed = 1};
    MUST(hats_fhe_params_init(&params, plan->set_id, plan->log_t, &err));
    r->core = (struct hats_core){.i = i,
                                 .op = HATS_OP_INFER,
                                 .unix_ms = w->now_ms,
                                 .has_proof = proof_suite != 0,
                                 .proof_suite = proof_suite,
                                 .has_data_commitment = committed};
    assert_true(hats_gate_model_hold(w->gate, &m, "score"));
    memcpy(r->core.model_commitment, m.commitment, 32);
    hats_gate_model_release(&m);
    memcpy(r->core.sid, owner->sid, 32);
    memcpy(r->core.kid, owner->kid, 32);
    for (int j = 0; j < WORLD_D; j++)
        r->x[j] = (int32_t)(i % 1500) + j;
    if (committed)
        commit(r, plan);
    MUST(hats_plan_box_digest(box, plan->lo, plan->hi, WORLD_D));
    hats_call_parameters_of(&p, plan, digest, box, &r->core);
    hats_call_parameters_digest(r->core.parameters_digest, &p);
    hats_core_context(ctx, &r->core);
    r->ciphertext_len = hats_linear_ciphertext_bytes(plan->set_id, &plan->shape);
    r->ciphertext = hats_alloc(r->ciphertext_len);
    r->e = hats_alloc(plan->shape.n_in * hats_fhe_set_n(plan->set_id));
    assert_true(r->ciphertext != NULL && r->e != NULL);
    MUST(hats_linear_encrypt_open(r->ciphertext, r->ciphertext_len, r->e, owner->secret, &params,
                                  &plan->shape, ctx, r->x, &err));
    hats_sha256(r->core.ciphertext_digest, r->ciphertext, r->ciphertext_len);
    hats_plan_free(plan);
    hats_buffer_init(&r->body, 1);
    request_assemble(r);
}

void request_make_for(struct request *r, struct world *w, const struct owner *owner, uint32_t i,
                      uint32_t proof_suite) {
    make_request(r, w, owner, i, proof_suite, false);
}

void request_make_committed(struct request *r, struct world *w, const struct owner *owner,
                            uint32_t i) {
    make_request(r, w, owner, i, HATS_STARK_S128, true);
}

void request_clear(struct request *r) {
    hats_buffer_clear(&r->body);
    hats_buffer_clear(&r->proven);
    hats_free(r->ciphertext);
    hats_free(r->e);
    r->ciphertext = NULL;
    r->e = NULL;
}

enum hats_problem request_send_to(struct hats_gate *g, const char *bearer, const struct request *r,
                                  struct hats_gate_reply *reply, struct hats_error *detail) {
    struct hats_gate_headers h = {
        .authorization = bearer,
        .model = r->model,
        .content_length = (int64_t)r->body.len,
        .core = r->core_in_header ? r->core_field : NULL,
        .json_len = r->json_len_field,
        .connection = {.tls_group = "MLKEM768", .tls_signature = "mldsa65", .server_auth_pq = true},
    };
    struct hats_gate_call *call;
    *reply = (struct hats_gate_reply){0};
    enum hats_problem p = hats_gate_admit(g, &call, &h, detail);
    if (p == HATS_PROBLEM_NONE)
        p = hats_gate_infer(call, reply, r->body.data, r->body.len, detail);
    hats_gate_call_free(call);
    return p;
}

enum hats_problem request_send(struct world *w, const struct request *r,
                               struct hats_gate_reply *reply) {
    return request_send_to(w->gate, w->bearer[0], r, reply, NULL);
}

void reply_parts(const struct hats_gate_reply *reply, const uint8_t **answer, size_t *answer_len,
                 const uint8_t **receipt, size_t *receipt_len) {
    struct hats_oip_tensor t[2] = {{.name = "hats.answer"}, {.name = "hats.receipt"}};
    char id[64];
    MUST(hats_oip_parse(t, 2, 2, id, "outputs", reply->body.data, reply->body.len, reply->json_len,
                        &err));
    assert_string_equal(id, "a-name");
    *answer = t[0].data;
    *answer_len = t[0].len_bytes;
    *receipt = t[1].data;
    *receipt_len = t[1].len_bytes;
}

static void check_receipt(const struct world *w, const struct request *r, const uint8_t *answer,
                          size_t answer_len, const uint8_t *bytes, size_t len,
                          struct hats_receipt *out) {
    static struct hats_report report;
    uint8_t request_digest[32], output_digest[32], owner[32];
    struct hats_trust trust;
    struct hats_trust_key key;
    hats_trust_init(&trust);
    hats_trust_key_of(&key, w->signer, "tests", HATS_ROLE_RECEIPT, 0);
    MUST(hats_trust_add(&trust, &key, &err));
    MUST(hats_receipt_verify(&report, bytes, len, &trust, w->now_ms, &err));
    hats_trust_clear(&trust);
    hats_core_request_digest(request_digest, r->core_bytes, r->core_len);
    hats_sha256(output_digest, answer, answer_len);
    hats_cose_thumbprint_of(owner, r->owner->sign);
    struct hats_receipt_expect expect = {
        .kind = HATS_RECEIPT_ANSWER,
        .sid = r->core.sid,
        .session_receipt = r->owner->session_receipt,
        .call_index = &r->core.i,
        .request_digest = request_digest,
        .model_commitment = r->core.model_commitment,
        .kid = r->owner->kid,
        .owner = owner,
        .ciphertext_digest = r->core.ciphertext_digest,
        .output_digest = output_digest,
    };
    MUST(hats_receipt_match(&report.receipt, &expect, &err));
    if (out != NULL)
        *out = report.receipt;
}

void reply_check(const struct world *w, const struct request *r,
                 const struct hats_gate_reply *reply, struct hats_receipt *receipt) {
    const uint8_t *answer, *bytes;
    size_t answer_len, len;
    struct hats_gate_model m;
    struct hats_fhe_params params;
    struct hats_linear_shape shape;
    int64_t y[WORLD_K];
    reply_parts(reply, &answer, &answer_len, &bytes, &len);
    check_receipt(w, r, answer, answer_len, bytes, len, receipt);
    assert_true(hats_gate_model_hold(w->gate, &m, "score"));
    MUST(hats_fhe_params_init(&params, m.set_id, m.log_t, &err));
    MUST(hats_linear_shape_init(&shape, m.set_id, m.d, m.k, m.block, &err));
    hats_gate_model_release(&m);
    MUST(hats_linear_decrypt(y, r->owner->secret, &params, &shape, answer, answer_len, &err));
    for (int o = 0; o < WORLD_K; o++)
        if (y[o] != world_score(r->seed, r->x, o))
            fail_msg("output %d is %lld, the model in clear says %lld", o, (long long)y[o],
                     (long long)world_score(r->seed, r->x, o));
}
