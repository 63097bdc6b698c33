#include "base/arena.h"
#include "base/bytes.h"
#include "bundle/bundle.h"
#include "evidence/publication.h"
#include "hash/sha256.h"
#include "stark/suite.h"
#include "statements/call.h"
#include "wire/core.h"
#include "wire/registration.h"
#include "wire/session.h"

#include <stdio.h>
#include <string.h>

/* What is known so far. */
struct check {
    const struct hats_bundle *b;
    struct hats_report *report;
    const struct hats_trust *trust;
    uint64_t now_ms;
    struct hats_core core;
    struct hats_plan *plan;
    uint8_t plan_digest[32];
    bool output_there, session_there;
    unsigned proven_bits;
    struct hats_error *err;
};

static const uint8_t *data(const struct check *c, enum hats_bundle_part part) {
    return c->b->part[part].data;
}

static size_t len(const struct check *c, enum hats_bundle_part part) {
    return c->b->part[part].len_bytes;
}

static hats_status link_fails(const struct check *c, const char *what) {
    return hats_fail(c->err, HATS_E_VERIFY, "bundle: %s", what);
}

static hats_status part_fails(const struct check *c, hats_status s, const char *part) {
    return hats_fail_in(c->err, s, "bundle: %s", part);
}

static bool digest_is(const struct check *c, enum hats_bundle_part part, const uint8_t want[32]) {
    uint8_t digest[32];
    hats_sha256(digest, data(c, part), len(c, part));
    return memcmp(digest, want, sizeof digest) == 0;
}

/* receipt -> core -> objects. */
static hats_status check_core(struct check *c) {
    const struct hats_receipt *r = &c->report->receipt;
    uint8_t request[32];
    if (r->kind != HATS_RECEIPT_ANSWER)
        return link_fails(c, "the receipt is not that of an answer");
    hats_core_request_digest(request, data(c, HATS_BUNDLE_CORE), len(c, HATS_BUNDLE_CORE));
    if (memcmp(request, r->request_digest, 32) != 0)
        return link_fails(c, "the request core is not the one that the receipt names (R)");
    hats_status s =
        hats_core_decode(&c->core, data(c, HATS_BUNDLE_CORE), len(c, HATS_BUNDLE_CORE), c->err);
    if (s != HATS_OK)
        return part_fails(c, s, "request core");
    const struct hats_core *k = &c->core;
    if (k->op != HATS_OP_INFER)
        return link_fails(c, "the request core asks for no answer");
    if (memcmp(k->sid, r->sid, 32) != 0 || k->i != r->call_index)
        return link_fails(c, "core and receipt name different calls (sid, i)");
    if (memcmp(k->model_commitment, r->model_commitment, 32) != 0)
        return link_fails(c, "core and receipt name different models");
    if (memcmp(k->kid, r->kid, 32) != 0)
        return link_fails(c, "core and receipt name different keys");
    if (!k->has_proof || !r->has_proof || k->proof_suite != r->proof_suite ||
        memcmp(k->proof_digest, r->proof_digest, 32) != 0)
        return link_fails(c, "core and receipt name different proofs, or none");
    if (memcmp(k->ciphertext_digest, r->ciphertext_digest, 32) != 0 ||
        !digest_is(c, HATS_BUNDLE_CIPHERTEXT, k->ciphertext_digest))
        return link_fails(c, "the ciphertext is not the one that core and receipt name");
    if (!digest_is(c, HATS_BUNDLE_PROOF, k->proof_digest))
        return link_fails(c, "the proof is not the one that core and receipt name");
    if (k->has_data_commitment != r->has_data_commitment ||
        (k->has_data_commitment && memcmp(k->data_commitment, r->data_commitment, 32) != 0))
        return link_fails(c, "core and receipt name different data commitments");
    return HATS_OK;
}

/* publication -> plan, and both as the receipt says; H(parameters) follows from the plan. */
static hats_status check_model(struct check *c) {
    const struct hats_receipt *r = &c->report->receipt;
    struct hats_publication p;
    hats_status s =
        hats_publication_verify(&p, NULL, data(c, HATS_BUNDLE_PUBLICATION),
                                len(c, HATS_BUNDLE_PUBLICATION), c->trust, c->now_ms, c->err);
    if (s != HATS_OK)
        return part_fails(c, s, "publication");
    if (memcmp(p.model_commitment, r->model_commitment, 32) != 0)
        return link_fails(c, "the publication is of another model than the receipt's");
    if (strcmp(p.name, r->model_name) != 0 || strcmp(p.model_version, r->model_version) != 0)
        return link_fails(c, "the receipt has another name of the model than its publication");
    hats_plan_digest(c->plan_digest, data(c, HATS_BUNDLE_PLAN), len(c, HATS_BUNDLE_PLAN));
    if (memcmp(c->plan_digest, p.plan_digest, 32) != 0 ||
        memcmp(c->plan_digest, r->plan_digest, 32) != 0)
        return link_fails(c, "the plan is not the one that publication and receipt name");
    s = hats_plan_decode(&c->plan, data(c, HATS_BUNDLE_PLAN), len(c, HATS_BUNDLE_PLAN), c->err);
    if (s != HATS_OK)
        return part_fails(c, s, "plan");
    struct hats_call_parameters parameters;
    uint8_t box[32], digest[32];
    s = hats_plan_box_digest(box, c->plan->lo, c->plan->hi, c->plan->shape.d);
    if (s != HATS_OK)
        return hats_fail(c->err, s, "bundle: no memory for the plan's box");
    hats_call_parameters_of(&parameters, c->plan, c->plan_digest, box, &c->core);
    hats_call_parameters_digest(digest, &parameters);
    if (memcmp(digest, c->core.parameters_digest, 32) != 0)
        return link_fails(c, "the request's parameters are not those of the plan");
    return HATS_OK;
}

/* What else came along must belong to this call. */
static hats_status check_others(struct check *c) {
    const struct hats_receipt *r = &c->report->receipt;
    hats_status s = HATS_OK;
    if (data(c, HATS_BUNDLE_OUTPUT) != NULL) {
        if (!digest_is(c, HATS_BUNDLE_OUTPUT, r->output_digest))
            return link_fails(c, "the answer is not the one that the receipt names");
        c->output_there = true;
    }
    if (data(c, HATS_BUNDLE_SESSION_RECEIPT) != NULL) {
        struct hats_cose file;
        uint8_t entry[32]; /* as it was sealed: its place in a log may have been added since */
        s = hats_cose_parse_open(&file, data(c, HATS_BUNDLE_SESSION_RECEIPT),
                                 len(c, HATS_BUNDLE_SESSION_RECEIPT), HATS_TYPE_RECEIPT, c->err);
        if (s != HATS_OK)
            return part_fails(c, s, "session receipt");
        hats_cose_entry(entry, &file);
        if (memcmp(entry, r->session_receipt, 32) != 0)
            return link_fails(c, "the session receipt is not the one that the receipt names");
    }
    if (data(c, HATS_BUNDLE_SESSION) != NULL) {
        struct hats_session_request session;
        s = hats_session_request_decode(&session, data(c, HATS_BUNDLE_SESSION),
                                        len(c, HATS_BUNDLE_SESSION), c->err);
        if (s == HATS_OK)
            s = hats_session_request_verify(&session, c->err);
        if (s != HATS_OK)
            return part_fails(c, s, "session request");
        if (memcmp(session.sid, r->sid, 32) != 0 || r->call_index >= session.block.calls)
            return link_fails(c, "the call is none of this session");
        if (!r->has_owner || memcmp(session.block.owner, r->owner, 32) != 0)
            return link_fails(c, "session and receipt name different owners");
        c->session_there = true;
    }
    if (data(c, HATS_BUNDLE_REGISTRATION) != NULL) {
        struct hats_registration registration;
        s = hats_registration_decode(&registration, data(c, HATS_BUNDLE_REGISTRATION),
                                     len(c, HATS_BUNDLE_REGISTRATION), c->err);
        if (s != HATS_OK)
            return part_fails(c, s, "registration");
        if (memcmp(registration.kid, c->core.kid, 32) != 0)
            return link_fails(c, "the registration is of another key");
        /* Anybody can sign one for a key that is public. */
        if (!r->has_owner || memcmp(registration.owner, r->owner, 32) != 0)
            return link_fails(c, "registration and receipt name different owners");
    }
    return HATS_OK;
}

static hats_status verify_proof(struct check *c, const struct hats_encryption_setup *setup) {
    struct hats_call_statement statement;
    struct hats_arena arena;
    hats_status s = hats_call_statement_init(
        &statement, setup, c->plan, &c->core, data(c, HATS_BUNDLE_PUBLIC_KEY),
        len(c, HATS_BUNDLE_PUBLIC_KEY), data(c, HATS_BUNDLE_CIPHERTEXT),
        len(c, HATS_BUNDLE_CIPHERTEXT), c->err);
    if (s != HATS_OK)
        return s;
    size_t scratch_bytes = hats_encryption_scratch_bytes(setup);
    void *scratch = hats_alloc(scratch_bytes);
    if (scratch == NULL)
        return hats_fail(c->err, HATS_E_MEMORY, "no memory to verify a proof");
    hats_arena_init(&arena, scratch, scratch_bytes);
    s = hats_encryption_verify(&statement.public, data(c, HATS_BUNDLE_PROOF),
                               len(c, HATS_BUNDLE_PROOF), &arena, NULL, c->err);
    hats_free(scratch);
    return s;
}

static hats_status check_proof(struct check *c) {
    struct hats_encryption_setup *setup;
    hats_status s = hats_stark_suite_check(c->core.proof_suite, c->err);
    if (s == HATS_OK)
        s = hats_call_setup_new(&setup, c->core.proof_suite, c->plan, c->core.has_data_commitment,
                                c->err);
    if (s == HATS_OK) {
        c->proven_bits = (unsigned)(hats_encryption_setup_stark(setup)->soundness.proven / 1000);
        s = verify_proof(c, setup);
        hats_encryption_setup_free(setup);
    }
    return s == HATS_OK ? HATS_OK : part_fails(c, s, "proof of encryption");
}

/* ---- the rows ---- */

static void say(const struct check *c) {
    struct hats_row *rows = c->report->rows;
    rows[0].state = HATS_ROW_PROVEN;
    rows[0].by[0] = '\0';
    snprintf(rows[0].sentence, sizeof rows[0].sentence,
             "Proven by this file: the ciphertext is an encryption under the key %s, of a record "
             "within the model's declared ranges (suite %s, %u proven bits). That nobody else "
             "holds the key cannot be shown by a file.",
             data(c, HATS_BUNDLE_REGISTRATION) != NULL ? "that its owner registered"
                                                       : "that the receipt names",
             hats_stark_suite_name(c->core.proof_suite), c->proven_bits);
    if (c->output_there)
        snprintf(rows[1].sentence, sizeof rows[1].sentence,
                 "Signed: the answer in this file, for this ciphertext, under this published "
                 "model, at this time%s. That the named model was really run is asserted.",
                 c->session_there ? ", in a session that the owner signed" : "");
    if (c->core.has_data_commitment)
        snprintf(rows[2].sentence, sizeof rows[2].sentence,
                 "Proven: what was encrypted follows from data that open the commitment in this "
                 "file. Nothing here says where the data come from.");
}

hats_status hats_bundle_verify(struct hats_report *report, const struct hats_bundle *b,
                               const struct hats_trust *trust, uint64_t now_ms,
                               struct hats_error *err) {
    struct check c = {.b = b, .report = report, .trust = trust, .now_ms = now_ms};
    hats_status s = hats_receipt_verify(report, b->part[HATS_BUNDLE_RECEIPT].data,
                                        b->part[HATS_BUNDLE_RECEIPT].len_bytes, trust, now_ms, err);
    if (s != HATS_OK)
        return s;
    c.err = &report->error;
    s = check_core(&c);
    if (s == HATS_OK)
        s = check_model(&c);
    if (s == HATS_OK)
        s = check_others(&c);
    if (s == HATS_OK)
        s = check_proof(&c);
    hats_plan_free(c.plan);
    if (s == HATS_OK) {
        say(&c);
        return HATS_OK;
    }
    hats_report_refuse(report, s, NULL);
    if (err != NULL)
        *err = report->error;
    return s;
}
