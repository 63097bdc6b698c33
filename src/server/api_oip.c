/* The data plane: Open Inference Protocol v2 [kserve.github.io/website, "Open Inference Protocol"]. */
#include "server/service.h"

#include "base/arena.h"
#include "base/text.h"
#include "fhe/params.h"
#include "wire/oip.h"

#include <string.h>

void hats_server_get_service(struct exchange *x) {
    char(*names)[HATS_GATE_NAME_MAX] = NULL;
    size_t n = 0;
    json_t *models = json_array();
    if (hats_gate_model_names(x->server->gate, &names, &n, NULL) != HATS_OK) {
        json_decref(models);
        models = NULL; /* answered as a failure below */
    }
    for (size_t i = 0; i < n && models != NULL; i++)
        (void)json_array_append_new(models, json_string(names[i]));
    hats_free(names);
    hats_server_answer_json(x, 200,
                            json_pack("{s:s, s:s, s:[s], s:o}", "name", "hats", "version",
                                      HATS_VERSION, "extensions", "binary_tensor_data", "models",
                                      models));
}

void hats_server_get_live(struct exchange *x) {
    hats_server_answer_json(x, 200, json_pack("{s:b}", "live", 1));
}

void hats_server_get_ready(struct exchange *x) {
    bool ready = hats_gate_ready(x->server->gate);
    hats_server_answer_json(x, ready ? 200 : 503, json_pack("{s:b}", "ready", ready));
}

static bool hold(struct exchange *x, struct hats_gate_model *m) {
    if (hats_gate_model_hold(x->server->gate, m, x->parameter))
        return true;
    hats_gate_count(x->server->gate, HATS_PROBLEM_MODEL_UNKNOWN);
    hats_server_answer_problem(x, HATS_PROBLEM_MODEL_UNKNOWN, NULL, NULL);
    return false;
}

static json_t *tensor(const char *name, size_t bytes) {
    return json_pack("{s:s, s:s, s:[i], s:{s:I}}", "name", name, "datatype", "BYTES", "shape", 1,
                     "parameters", "max_bytes", (json_int_t)bytes);
}

static json_t *parameters_of(const struct hats_gate_model *m) {
    char commitment[65], plan[65];
    hats_hex_encode(commitment, m->commitment, 32);
    hats_hex_encode(plan, m->plan_digest, 32);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f}", "publisher",
        m->publisher, "model_commitment", commitment, "plan_sha256", plan, "task", m->task, "link",
        m->link, "parameter_set", hats_fhe_set_name(m->set_id), "log2_t", (int)m->log_t,
        "classical_bits", (int)m->classical_bits, "quantum_bits", (int)m->quantum_bits, "inputs",
        (int)m->d, "outputs", (int)m->k, "block", (int)m->block, "ciphertexts_up", (int)m->n_in,
        "ciphertexts_down", (int)m->n_out, "log2_leakage_per_output", m->kl_millibits / 1000.0);
}

void hats_server_get_model(struct exchange *x) {
    struct hats_gate_model m;
    if (!hold(x, &m))
        return;
    json_t *doc =
        json_pack("{s:s, s:[s], s:s, s:[o,o], s:[o,o], s:o}", "name", m.name, "versions", m.version,
                  "platform", "hats_linear", "inputs", tensor("hats.core", 1024),
                  tensor("hats.ciphertext", m.ciphertext_bytes), "outputs",
                  tensor("hats.answer", m.answer_bytes), tensor("hats.receipt", 12288),
                  "parameters", parameters_of(&m));
    hats_gate_model_release(&m);
    hats_server_answer_json(x, 200, doc);
}

void hats_server_get_model_ready(struct exchange *x) {
    struct hats_gate_model m;
    if (!hold(x, &m))
        return;
    json_t *doc = json_pack("{s:s, s:b}", "name", m.name, "ready", 1);
    hats_gate_model_release(&m);
    hats_server_answer_json(x, 200, doc);
}

static void free_held(void *arg) {
    hats_gate_model_release(arg);
    hats_free(arg);
}

/* A file of the model; the model is held until the file is sent. */
static void answer_file(struct exchange *x, const char *type, bool publication) {
    struct hats_gate_model m, *held;
    if (!hold(x, &m))
        return;
    held = hats_alloc(sizeof *held);
    if (held == NULL) {
        hats_gate_model_release(&m);
        hats_gate_count(x->server->gate, HATS_PROBLEM_INTERNAL);
        hats_server_answer_problem(x, HATS_PROBLEM_INTERNAL, NULL, NULL);
        return;
    }
    *held = m;
    hats_server_answer_shared(x, 200, type, publication ? m.publication : m.plan,
                              publication ? m.publication_len : m.plan_len, free_held, held);
}

void hats_server_get_plan(struct exchange *x) { answer_file(x, "application/cbor", false); }

void hats_server_get_publication(struct exchange *x) {
    answer_file(x, "application/vnd.hats.model+cose", true);
}

/* ---- inference ---- */

/* A field that decides must not stand there twice: two readers could take two of them. */
static const char *single(const struct hats_http_request *r, const char *name, bool *twice) {
    *twice |= hats_http_request_header_count(r, name) > 1;
    return hats_http_request_header(r, name);
}

enum hats_problem hats_server_admit_infer(struct exchange *x, uint64_t *max_body_bytes,
                                          struct hats_error *detail) {
    const struct hats_http_request *r = x->request;
    bool twice = false;
    struct hats_gate_headers h = {
        .authorization = single(r, "authorization", &twice),
        .model = x->parameter,
        .content_length = hats_http_request_content_length(r),
        .core = single(r, "hats-core", &twice),
        .json_len = single(r, HATS_OIP_LENGTH_FIELD, &twice),
        .connection = hats_server_connection(x),
    };
    if (twice) {
        hats_gate_count(x->server->gate, HATS_PROBLEM_BODY_MALFORMED);
        (void)hats_fail(detail, HATS_E_MALFORMED, "A header field that may come once came twice.");
        return HATS_PROBLEM_BODY_MALFORMED;
    }
    enum hats_problem p = hats_gate_admit(x->server->gate, &x->call, &h, detail);
    if (p == HATS_PROBLEM_NONE)
        *max_body_bytes = (uint64_t)h.content_length;
    return p;
}

void hats_server_post_infer(struct exchange *x) {
    struct hats_gate_reply reply;
    struct hats_error detail = {0};
    size_t len;
    const uint8_t *body = hats_http_request_body(x->request, &len);
    enum hats_problem p = hats_gate_infer(x->call, &reply, body, len, &detail);
    if (p == HATS_PROBLEM_NONE) {
        hats_server_answer_reply(x, &reply);
        return;
    }
    char receipt_id[65];
    memcpy(receipt_id, reply.receipt_id, sizeof receipt_id);
    hats_gate_reply_clear(&reply);
    hats_server_answer_problem(x, p, detail.text, receipt_id);
}
