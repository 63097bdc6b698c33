/* Many calls at once, each exactly once.
 *
 * A slot holds one record from encryption to delivery. Its request bytes are made once; whatever
 * happens on the way, only those bytes are sent again.
 *
 *     EMPTY -> (next, encrypt, prove) -> READY -> (submit) -> FLYING -> (verify, decrypt, done) -> EMPTY
 *                                          ^                    |
 *                                          +---- busy, lost ----+   after a pause, the same bytes
 */
#include "client/connection.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "evidence/receipt.h"
#include "hash/sha256.h"
#include "stark/setup.h"
#include "statements/call.h"
#include "wire/core.h"
#include "wire/oip.h"
#include "wire/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WINDOW_DEFAULT 8
#define WINDOW_MAX 64
#define PROOF_MAX (1u << 20) /* bytes; the server's bound is the setup's */
#define CALL_TIMEOUT_MS 30000
#define GIVE_UP_NS UINT64_C(60000000000)
#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 2000
#define CLOCKS_APART_MS UINT64_C(86400000) /* no server takes a call that is off by more */

enum slot_state { SLOT_EMPTY, SLOT_READY, SLOT_FLYING };

struct slot {
    enum slot_state state;
    struct hats_http_exchange *exchange;
    uint64_t tag;
    struct hats_core core;
    uint8_t session_receipt_digest[32];
    uint8_t core_bytes[HATS_CORE_MAX_BYTES];
    size_t core_len;
    uint8_t request_digest[32];
    char core_field[HATS_CORE_MAX_BYTES * 4 / 3 + 4];
    char json_len_field[24];
    char path[160];
    struct hats_buffer body;
    const uint8_t *ciphertext, *proof; /* inside body */
    size_t proof_len;
    struct hats_http_header headers[4];
    uint64_t first_sent_ns, sent_ns, not_before_ns, encrypt_ns, prove_ns;
    unsigned resends;
};

struct run {
    struct hats_client *client;
    const struct hats_client_job *job;
    struct slot *slots;
    unsigned n_slots;
    int32_t *x;
    uint8_t *ciphertext; /* of the record being encrypted */
    int8_t *e;           /* and its noise */
    size_t e_len;
    int64_t *acc;
    bool exhausted;
};

static hats_status make_body(struct slot *slot, const struct run *run,
                             const struct hats_buffer *proof, struct hats_error *err) {
    size_t json_len = 0;
    char id[32];
    size_t len = run->job->model->ciphertext_len;
    const struct hats_oip_tensor inputs[2] = {{"hats.ciphertext", run->ciphertext, len},
                                              {"hats.proof", proof->data, proof->len}};
    snprintf(id, sizeof id, "%u", slot->core.i);
    hats_buffer_init(&slot->body, hats_oip_overhead(2) + len + proof->len);
    hats_oip_request(&slot->body, &json_len, id, inputs, 2);
    if (slot->body.failed)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a request");
    slot->proof_len = proof->len;
    slot->proof = slot->body.data + slot->body.len - proof->len;
    slot->ciphertext = slot->proof - 4 - len; /* a length stands before each */
    snprintf(slot->json_len_field, sizeof slot->json_len_field, "%zu", json_len);
    return HATS_OK;
}

/* What the core says before there is a ciphertext: all that ctx depends on. */
static void begin_core(struct slot *slot, struct run *run) {
    const struct hats_client_model *m = run->job->model;
    struct hats_call_parameters parameters;
    struct hats_core *core = &slot->core;
    unsigned suite = run->job->proof_suite;
    *core = (struct hats_core){.i = hats_client_session_index(run->client),
                               .op = HATS_OP_INFER,
                               .unix_ms = hats_now_ms(),
                               .has_proof = true,
                               .proof_suite = suite != 0 ? suite : HATS_STARK_S128};
    memcpy(core->sid, run->client->session.sid, 32);
    memcpy(slot->session_receipt_digest, run->client->session.receipt_digest, 32);
    memcpy(core->model_commitment, m->publication.model_commitment, 32);
    memcpy(core->kid, run->job->owner->kid, 32);
    hats_call_parameters_of(&parameters, m->plan, m->plan_digest, m->box_digest, core);
    hats_call_parameters_digest(core->parameters_digest, &parameters);
}

static hats_status encrypt(struct slot *slot, struct run *run, struct hats_error *err) {
    const struct hats_client_model *m = run->job->model;
    struct hats_core *core = &slot->core;
    uint8_t ctx[32];
    uint64_t start = hats_monotonic_ns();
    begin_core(slot, run);
    hats_core_context(ctx, core);
    hats_status s = hats_linear_encrypt_open(run->ciphertext, m->ciphertext_len, run->e,
                                             run->job->owner->secret, &m->params, &m->plan->shape,
                                             ctx, run->x, err);
    if (s == HATS_OK)
        hats_sha256(core->ciphertext_digest, run->ciphertext, m->ciphertext_len);
    slot->encrypt_ns = hats_monotonic_ns() - start;
    return s;
}

static hats_status prove(struct slot *slot, struct run *run, struct hats_buffer *proof,
                         struct hats_error *err) {
    const struct hats_client_model *m = run->job->model;
    uint64_t start = hats_monotonic_ns();
    hats_status s = hats_client_prover_ensure(run->client, err);
    if (s == HATS_OK)
        s = hats_client_prove_call(run->client->prover, proof, m->plan, m->plan_digest, &slot->core,
                                   run->job->owner, run->ciphertext, m->ciphertext_len, run->e,
                                   run->x, err);
    if (s == HATS_OK)
        hats_sha256(slot->core.proof_digest, proof->data, proof->len);
    hats_wipe(run->e, run->e_len);
    slot->prove_ns = hats_monotonic_ns() - start;
    return s == HATS_OK ? s : hats_fail_in(err, s, "the request could not be proven");
}

static hats_status make_request(struct slot *slot, struct run *run, struct hats_error *err) {
    struct hats_buffer proof;
    hats_buffer_init(&proof, PROOF_MAX);
    hats_status s = encrypt(slot, run, err);
    if (s == HATS_OK)
        s = prove(slot, run, &proof, err);
    if (s == HATS_OK) {
        hats_core_encode(slot->core_bytes, &slot->core_len, &slot->core);
        hats_core_request_digest(slot->request_digest, slot->core_bytes, slot->core_len);
        hats_base64url_encode(slot->core_field, slot->core_bytes, slot->core_len);
        s = make_body(slot, run, &proof, err);
    }
    hats_buffer_clear(&proof);
    return s;
}

static hats_status fill(struct slot *slot, struct run *run, struct hats_error *err) {
    bool more = true;
    /* Asked before the record is: if that takes long, the margin before a session's end is for it. */
    bool ready = hats_client_session_ready(run->client, run->job->owner);
    uint32_t d = run->job->model->plan->shape.d;
    memset(run->x, 0, d * sizeof run->x[0]);
    hats_status s = run->job->next(run->job->user, run->x, &slot->tag, &more, err);
    if (s != HATS_OK || !more) {
        run->exhausted = true;
        return s;
    }
    if (!ready)
        s = hats_client_session_renew(run->client, run->job->owner, err);
    if (s == HATS_OK)
        s = make_request(slot, run, err);
    hats_wipe(run->x, d * sizeof run->x[0]);
    if (s != HATS_OK)
        return s;
    snprintf(slot->path, sizeof slot->path, "/v2/models/%s/infer", run->job->model->plan->name);
    slot->headers[0] = (struct hats_http_header){"content-type", "application/octet-stream"};
    slot->headers[1] = (struct hats_http_header){HATS_OIP_LENGTH_FIELD, slot->json_len_field};
    slot->headers[2] = (struct hats_http_header){"hats-core", slot->core_field};
    slot->headers[3] = (struct hats_http_header){"authorization", run->client->authorization};
    slot->state = SLOT_READY;
    slot->resends = 0;
    slot->first_sent_ns = hats_monotonic_ns();
    slot->not_before_ns = 0;
    return HATS_OK;
}

static void empty(struct slot *slot) {
    hats_http_exchange_free(slot->exchange);
    hats_buffer_clear(&slot->body);
    slot->exchange = NULL;
    slot->state = SLOT_EMPTY;
}

static hats_status submit(struct slot *slot, struct run *run, struct hats_error *err) {
    struct hats_http_call call = {
        .method = "POST",
        .path = slot->path,
        .headers = slot->headers,
        .n_headers = run->client->authorization[0] != '\0' ? 4 : 3,
        .body = slot->body.data,
        .len_bytes = slot->body.len,
        .max_response_bytes =
            hats_oip_overhead(2) + run->job->model->answer_len + HATS_RECEIPT_MAX_BYTES,
        .timeout_ms = CALL_TIMEOUT_MS,
    };
    hats_http_exchange_free(slot->exchange);
    slot->exchange = NULL;
    hats_status s = hats_http_client_submit(run->client->http, &slot->exchange, &call, err);
    if (s != HATS_OK)
        return s;
    hats_http_exchange_set_data(slot->exchange, slot);
    slot->sent_ns = hats_monotonic_ns();
    slot->state = SLOT_FLYING;
    return HATS_OK;
}

/* The same bytes again, later; or the failure, when the record has taken too long. */
static hats_status again(struct slot *slot, hats_status why) {
    uint64_t now = hats_monotonic_ns();
    if (now - slot->first_sent_ns > GIVE_UP_NS)
        return why;
    unsigned shift = slot->resends < 6 ? slot->resends : 6;
    uint64_t pause_ms = (uint64_t)PAUSE_FIRST_MS << shift;
    if (pause_ms > PAUSE_MAX_MS)
        pause_ms = PAUSE_MAX_MS;
    slot->not_before_ns = now + pause_ms * 1000000;
    slot->resends++;
    slot->state = SLOT_READY;
    return HATS_OK;
}

/* A receipt is judged by the time that it states. Whoever has an expired key could state a time when it
 * was valid; but this call was made just now. */
static hats_status check_time(const struct slot *slot, const struct hats_receipt *r,
                              struct hats_error *err) {
    uint64_t made = slot->core.unix_ms, then = r->accepted_ms;
    uint64_t off = made > then ? made - then : then - made;
    if (off <= CLOCKS_APART_MS && r->done_ms - then <= CLOCKS_APART_MS)
        return HATS_OK;
    return hats_fail(err, HATS_E_VERIFY,
                     "receipt: claims 50 and 51 (times accepted and done) are more than a day away "
                     "from this call");
}

static hats_status check_receipt(struct slot *slot, struct run *run,
                                 const struct hats_oip_tensor *answer,
                                 const struct hats_oip_tensor *receipt, struct hats_error *err) {
    const struct hats_client_model *m = run->job->model;
    uint8_t output_digest[32];
    hats_sha256(output_digest, answer->data, answer->len_bytes);
    struct hats_receipt_expect expect = {
        .kind = HATS_RECEIPT_ANSWER,
        .sid = slot->core.sid,
        .session_receipt = slot->session_receipt_digest,
        .call_index = &slot->core.i,
        .request_digest = slot->request_digest,
        .model_commitment = m->publication.model_commitment,
        .plan_digest = m->plan_digest,
        .kid = slot->core.kid,
        .owner = run->job->owner->thumbprint,
        .ciphertext_digest = slot->core.ciphertext_digest,
        .proof_suite = &slot->core.proof_suite,
        .proof_digest = slot->core.proof_digest,
        .output_digest = output_digest,
    };
    struct hats_report *report = hats_alloc(sizeof *report);
    if (report == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to check a receipt");
    hats_status s = hats_receipt_verify(report, receipt->data, receipt->len_bytes,
                                        &run->client->trust, hats_now_ms(), err);
    if (s == HATS_OK)
        s = hats_receipt_match(&report->receipt, &expect, err);
    if (s == HATS_OK)
        s = check_time(slot, &report->receipt, err);
    hats_free(report);
    if (s != HATS_OK)
        s = hats_fail_in(err, s, "the receipt does not hold, so nothing was decrypted");
    return s;
}

static hats_status deliver(struct slot *slot, struct run *run, const uint8_t *body, size_t len,
                           struct hats_error *err) {
    const struct hats_client_model *m = run->job->model;
    struct hats_oip_tensor out[2] = {{.name = "hats.answer"}, {.name = "hats.receipt"}};
    uint64_t json_len = 0;
    const char *field = hats_http_exchange_header(slot->exchange, HATS_OIP_LENGTH_FIELD);
    uint64_t arrived = hats_monotonic_ns();
    if (field == NULL || !hats_parse_u64(&json_len, field, strlen(field)))
        return hats_fail(err, HATS_E_MALFORMED, "the server's answer has no %s",
                         HATS_OIP_LENGTH_FIELD);
    hats_status s = hats_oip_parse(out, 2, 2, NULL, "outputs", body, len, (size_t)json_len, err);
    if (s == HATS_OK)
        s = check_receipt(slot, run, &out[0], &out[1], err);
    uint64_t verified = hats_monotonic_ns();
    if (s == HATS_OK)
        s = hats_linear_decrypt(run->acc, run->job->owner->secret, &m->params, &m->plan->shape,
                                out[0].data, out[0].len_bytes, err);
    if (s != HATS_OK)
        return s;
    struct hats_client_result result = {
        .tag = slot->tag,
        .acc = run->acc,
        .core = slot->core_bytes,
        .core_len = slot->core_len,
        .ciphertext = slot->ciphertext,
        .ciphertext_len = m->ciphertext_len,
        .proof = slot->proof,
        .proof_len = slot->proof_len,
        .proof_suite = slot->core.proof_suite,
        .answer = out[0].data,
        .answer_len = out[0].len_bytes,
        .receipt = out[1].data,
        .receipt_len = out[1].len_bytes,
        .encrypt_ns = slot->encrypt_ns,
        .prove_ns = slot->prove_ns,
        .call_ns = arrived - slot->sent_ns,
        .verify_ns = verified - arrived,
        .decrypt_ns = hats_monotonic_ns() - verified,
        .resends = slot->resends,
    };
    const struct hats_client_session *session = &run->client->session;
    result.sid = slot->core.sid;
    if (session->live && memcmp(session->sid, slot->core.sid, 32) == 0) {
        result.session_block = session->block;
        result.session_receipt = session->receipt;
        result.session_receipt_len = session->receipt_len;
    }
    s = run->job->done(run->job->user, &result, err);
    hats_wipe(run->acc, m->plan->shape.k * sizeof run->acc[0]);
    return s;
}

/* One exchange that is done: delivered, to be sent again, or a failure. */
static hats_status finish(struct slot *slot, struct run *run, struct hats_error *err) {
    hats_status s = hats_http_exchange_result(slot->exchange, err);
    if (s == HATS_E_NETWORK || s == HATS_E_BUSY || s == HATS_E_TIMEOUT || s == HATS_E_CANCELLED)
        return again(slot, s);
    if (s != HATS_OK)
        return s;
    size_t len = 0;
    const uint8_t *body = hats_http_exchange_body(slot->exchange, &len);
    unsigned http = hats_http_exchange_status(slot->exchange);
    if (http != 200) {
        s = hats_problem_to_error(err, http, body, len);
        if (s == HATS_E_CONFLICT || s == HATS_E_NOT_FOUND)
            hats_client_session_drop(run->client); /* the next run has another */
        return s == HATS_E_BUSY || s == HATS_E_NETWORK ? again(slot, s) : s;
    }
    s = deliver(slot, run, body, len, err);
    if (s == HATS_OK)
        empty(slot);
    return s;
}

static void pause_until(uint64_t when_ns) {
    uint64_t now = hats_monotonic_ns();
    if (when_ns <= now)
        return;
    uint64_t ns = when_ns - now;
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    nanosleep(&t, NULL);
}

/* May another record be begun? A session that is used up is closed before the next is opened, and it is not
 * closed while the server may not have seen all of its calls. */
static bool may_begin(const struct run *run) {
    if (run->exhausted)
        return false;
    if (hats_client_session_ready(run->client, run->job->owner))
        return true;
    for (unsigned i = 0; i < run->n_slots; i++)
        if (run->slots[i].state != SLOT_EMPTY)
            return false;
    return true;
}

/* Fill one that is empty, send what may be sent; *flying, the earliest time something else may go, and whether
 * *more is empty that might be filled: a proof takes longer than a call, so between any two of them what
 * flies is looked after. */
static hats_status advance(struct run *run, unsigned *flying, uint64_t *earliest, bool *more,
                           struct hats_error *err) {
    uint64_t now = hats_monotonic_ns();
    hats_status s = HATS_OK;
    bool filled = false;
    *flying = 0;
    *earliest = UINT64_MAX;
    *more = false;
    for (unsigned i = 0; s == HATS_OK && i < run->n_slots; i++) {
        struct slot *slot = &run->slots[i];
        if (slot->state == SLOT_EMPTY && may_begin(run)) {
            *more = filled;
            if (!filled)
                s = fill(slot, run, err);
            filled = true;
        }
        if (s == HATS_OK && slot->state == SLOT_READY && slot->not_before_ns <= now) {
            s = hats_client_reconnect(run->client, err);
            if (s == HATS_OK)
                s = submit(slot, run, err);
            if (s == HATS_E_NETWORK || s == HATS_E_TIMEOUT)
                s = again(slot, s);
        }
        if (slot->state == SLOT_FLYING)
            ++*flying;
        else if (slot->state == SLOT_READY && slot->not_before_ns < *earliest)
            *earliest = slot->not_before_ns;
    }
    return s;
}

static hats_status collect(struct run *run, struct hats_error *err) {
    hats_status s = HATS_OK;
    for (unsigned i = 0; s == HATS_OK && i < run->n_slots; i++) {
        struct slot *slot = &run->slots[i];
        if (slot->state == SLOT_FLYING && hats_http_exchange_done(slot->exchange))
            s = finish(slot, run, err);
    }
    return s;
}

static hats_status drive(struct run *run, struct hats_error *err) {
    for (;;) {
        unsigned flying;
        uint64_t earliest;
        bool more;
        hats_status s = advance(run, &flying, &earliest, &more, err);
        if (s != HATS_OK)
            return s;
        if (flying == 0 && earliest == UINT64_MAX && !more)
            return HATS_OK;
        if (flying == 0 && more)
            continue;
        if (flying == 0) {
            pause_until(earliest);
            continue;
        }
        s = hats_http_client_run(run->client->http, HATS_HTTP_UNTIL_ANY, more ? 0 : PAUSE_MAX_MS,
                                 err);
        if (s != HATS_OK && s != HATS_E_TIMEOUT)
            return s;
        s = collect(run, err);
        if (s != HATS_OK)
            return s;
    }
}

hats_status hats_client_infer(struct hats_client *client, const struct hats_client_job *job,
                              struct hats_error *err) {
    const struct hats_linear_shape *shape = &job->model->plan->shape;
    unsigned window = job->window == 0 ? WINDOW_DEFAULT : job->window;
    struct run run = {.client = client, .job = job};
    if (window > WINDOW_MAX)
        window = WINDOW_MAX;
    if (hats_fhe_secret_set(job->owner->secret) != job->model->plan->set_id)
        return hats_fail(err, HATS_E_VERSION,
                         "the key is of another parameter set than the model: make one for it with "
                         "hats keygen");
    run.slots = hats_alloc_array(window, sizeof run.slots[0]);
    run.x = hats_alloc_array(shape->d, sizeof run.x[0]);
    run.acc = hats_alloc_array(shape->k, sizeof run.acc[0]);
    run.ciphertext = hats_alloc(job->model->ciphertext_len);
    run.e_len = shape->n_in * hats_fhe_set_n(job->model->plan->set_id);
    run.e = hats_alloc(run.e_len);
    run.n_slots = window;
    hats_status s = HATS_OK;
    if (run.slots == NULL || run.x == NULL || run.acc == NULL || run.ciphertext == NULL ||
        run.e == NULL)
        s = hats_fail(err, HATS_E_MEMORY, "no memory for %u calls in flight", window);
    if (s == HATS_OK)
        s = drive(&run, err);
    for (unsigned i = 0; run.slots != NULL && i < window; i++)
        empty(&run.slots[i]);
    hats_free(run.slots);
    hats_free(run.ciphertext);
    hats_free_wiped(run.e, run.e_len);
    hats_free_wiped(run.x, shape->d * sizeof run.x[0]);
    hats_free_wiped(run.acc, shape->k * sizeof run.acc[0]);
    return s;
}
