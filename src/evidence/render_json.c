#include "evidence/render_internal.h"

#include "base/bytes.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void hats_json_string(struct hats_buffer *out, const char *text) {
    hats_buffer_append(out, "\"", 1);
    for (const char *s = text; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            hats_buffer_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            hats_buffer_printf(out, "\\u%04x", c);
        else
            hats_buffer_append(out, s, 1);
    }
    hats_buffer_append(out, "\"", 1);
}

/* Members of one object. */
struct object {
    struct hats_buffer *out;
    bool begun;
};

static struct object begin(struct hats_buffer *out) {
    hats_buffer_append(out, "{", 1);
    return (struct object){.out = out, .begun = false};
}

static void end(struct object *o) { hats_buffer_append(o->out, "}", 1); }

static void name(struct object *o, const char *key) {
    hats_buffer_printf(o->out, "%s\"%s\": ", o->begun ? ", " : "", key);
    o->begun = true;
}

static void member_text(struct object *o, const char *key, const char *value) {
    name(o, key);
    hats_json_string(o->out, value);
}

static void member_number(struct object *o, const char *key, uint64_t value) {
    name(o, key);
    hats_buffer_printf(o->out, "%" PRIu64, value);
}

static void member_null(struct object *o, const char *key) {
    name(o, key);
    hats_buffer_printf(o->out, "null");
}

static void member_digest(struct object *o, const char *key, const uint8_t digest[32]) {
    char hex[65];
    hats_hex_encode(hex, digest, 32);
    member_text(o, key, hex);
}

static void member_digest_or_null(struct object *o, const char *key, bool there,
                                  const uint8_t digest[32]) {
    if (there)
        member_digest(o, key, digest);
    else
        member_null(o, key);
}

/* "key_ms" and "key"; null for HATS_TIME_NONE. */
static void member_time(struct object *o, const char *key, uint64_t ms) {
    char with_unit[48], text[32];
    snprintf(with_unit, sizeof with_unit, "%s_ms", key);
    if (ms == HATS_TIME_NONE) {
        member_null(o, with_unit);
        member_null(o, key);
        return;
    }
    hats_time_text(text, ms);
    member_number(o, with_unit, ms);
    member_text(o, key, text);
}

static void member_steps(struct object *o, uint32_t bits) {
    const char *comma = "";
    name(o, "gate_steps");
    hats_buffer_printf(o->out, "[");
    for (size_t i = 0; i < HATS_RENDER_N_STEPS; i++) {
        if ((bits >> i & 1) == 0)
            continue;
        hats_buffer_printf(o->out, "%s\"%s\"", comma, hats_render_steps[i]);
        comma = ", ";
    }
    hats_buffer_printf(o->out, "]");
}

static void json_model(struct object *o, const struct hats_receipt *r) {
    name(o, "model");
    struct object model = begin(o->out);
    member_text(&model, "name", r->model_name);
    member_text(&model, "version", r->model_version);
    member_digest(&model, "commitment", r->model_commitment);
    member_digest(&model, "plan_digest", r->plan_digest);
    end(&model);
}

static void json_encryption(struct object *o, const struct hats_receipt *r) {
    name(o, "encryption");
    struct object e = begin(o->out);
    member_number(&e, "parameter_set", r->set_id);
    member_number(&e, "log2_t", r->log_t);
    member_number(&e, "classical_bits", r->classical_bits);
    member_number(&e, "quantum_bits", r->quantum_bits);
    member_digest(&e, "key", r->kid);
    member_digest_or_null(&e, "owner", r->has_owner, r->owner);
    if (r->has_proof)
        member_number(&e, "proof_suite", r->proof_suite);
    else
        member_null(&e, "proof_suite");
    member_digest_or_null(&e, "proof_digest", r->has_proof, r->proof_digest);
    end(&e);
}

static void json_transport(struct object *o, const struct hats_receipt *r) {
    name(o, "transport");
    struct object t = begin(o->out);
    member_text(&t, "tls_group", r->tls_group);
    member_text(&t, "tls_signature", r->tls_signature);
    member_text(&t, "server_authentication", r->server_auth == HATS_AUTH_PQ ? "pq" : "classical");
    end(&t);
}

static void json_foot(struct object *o, const struct hats_receipt *r) {
    member_time(o, "accepted", r->accepted_ms);
    member_time(o, "done", r->done_ms);
    json_transport(o, r);
    member_digest(o, "tenant_digest", r->tenant_digest);
    member_digest(o, "build_digest", r->build_digest);
    member_steps(o, r->gate_steps);
}

static void json_session(struct object *o, const struct hats_receipt *r) {
    member_text(o, "event", r->closes ? "closed" : "opened");
    if (r->closes)
        member_number(o, "call_index", r->call_index);
    else
        member_null(o, "call_index");
    member_digest_or_null(o, "request_digest", r->closes, r->request_digest);
    member_digest_or_null(o, "device_frame", r->has_frame, r->frame_digest);
    member_digest(o, "registry_root", r->registry_root);
    member_number(o, "registry_seq", r->registry_seq);
    member_digest(o, "policy_digest", r->policy_digest);
    member_number(o, "assurance", r->assurance);
    member_digest_or_null(o, "owner", r->has_owner, r->owner);
}

static void json_answer(struct object *o, const struct hats_receipt *r) {
    member_number(o, "call_index", r->call_index);
    member_digest(o, "request_digest", r->request_digest);
    member_digest_or_null(o, "device_frame", r->has_frame, r->frame_digest);
    member_digest(o, "session_receipt", r->session_receipt);
    json_model(o, r);
    json_encryption(o, r);
    member_digest(o, "ciphertext_digest", r->ciphertext_digest);
    member_digest_or_null(o, "data_commitment", r->has_data_commitment, r->data_commitment);
    member_digest(o, "output_digest", r->output_digest);
    member_digest(o, "flood_commitment", r->flood_commitment);
}

void hats_receipt_json(struct hats_buffer *out, const struct hats_receipt *r) {
    bool session = r->kind == HATS_RECEIPT_SESSION;
    struct object o = begin(out);
    member_number(&o, "version", HATS_RECEIPT_VERSION);
    member_text(&o, "kind", session ? "session" : "answer");
    member_number(&o, "suite", r->suite);
    member_digest(&o, "session", r->sid);
    if (session)
        json_session(&o, r);
    else
        json_answer(&o, r);
    json_foot(&o, r);
    end(&o);
}

static const char *signature_name(enum hats_signature_state s) {
    switch (s) {
    case HATS_SIGNATURE_HOLDS: return "holds";
    case HATS_SIGNATURE_BROKEN: return "broken";
    default: return "not-checked";
    }
}

static void json_signer(struct object *o, const struct hats_report *report) {
    name(o, "signer");
    struct object s = begin(o->out);
    member_text(&s, "state", hats_signer_state_name(report->signer));
    member_text(&s, "name", report->signer_name);
    member_text(&s, "issuer", report->issuer);
    member_text(&s, "algorithm", hats_mldsa_name(report->level));
    member_digest(&s, "key", report->signer_kid);
    member_number(&s, "issued_s", report->issued_s);
    end(&s);
}

static void json_log(struct object *o, const struct hats_log_report *log) {
    name(o, "log");
    struct object l = begin(o->out);
    member_text(&l, "state", hats_log_state_name(log->state));
    if (log->state != HATS_LOG_ABSENT) {
        member_text(&l, "origin", log->head.origin);
        member_number(&l, "index", log->index);
        member_number(&l, "size", log->head.size);
        member_digest(&l, "root", log->head.root);
        member_number(&l, "signed_s", log->time_s);
        member_number(&l, "witnesses", log->n_witnesses);
    }
    end(&l);
}

static void json_rows(struct object *o, const struct hats_report *report) {
    name(o, "requirements");
    hats_buffer_printf(o->out, "[");
    for (unsigned i = 0; i < HATS_N_REQUIREMENTS; i++) {
        const struct hats_row *row = &report->rows[i];
        if (i > 0)
            hats_buffer_printf(o->out, ", ");
        struct object r = begin(o->out);
        member_number(&r, "number", row->number);
        member_text(&r, "title", row->title);
        member_text(&r, "state", hats_row_state_name(row->state));
        member_text(&r, "by", row->by);
        member_text(&r, "sentence", row->sentence);
        end(&r);
    }
    hats_buffer_printf(o->out, "]");
}

void hats_report_json(struct hats_buffer *out, const struct hats_report *report) {
    struct object o = begin(out);
    member_text(&o, "type", HATS_TYPE_RECEIPT);
    member_text(&o, "verdict", report->status == HATS_OK ? "verified" : "refused");
    member_text(&o, "status", hats_status_name(report->status));
    if (report->status == HATS_OK)
        member_null(&o, "reason");
    else
        member_text(&o, "reason", report->error.text);
    member_text(&o, "signature", signature_name(report->signature));
    member_number(&o, "size_bytes", report->len_bytes);
    member_digest(&o, "file_digest", report->file_digest);
    if (report->parsed) {
        json_signer(&o, report);
        name(&o, "receipt");
        hats_receipt_json(out, &report->receipt);
    } else {
        member_null(&o, "signer");
        member_null(&o, "receipt");
    }
    json_log(&o, &report->log);
    json_rows(&o, report);
    end(&o);
    hats_buffer_printf(out, "\n");
}

static void json_publication_signer(struct object *o, const struct hats_trust_key *signer) {
    if (signer == NULL) {
        member_null(o, "signer");
        return;
    }
    name(o, "signer");
    struct object s = begin(o->out);
    member_text(&s, "name", signer->name);
    member_text(&s, "algorithm", hats_mldsa_name(signer->level));
    member_digest(&s, "key", signer->kid);
    end(&s);
}

void hats_publication_json(struct hats_buffer *out, const struct hats_publication *p,
                           const struct hats_trust_key *signer) {
    struct object o = begin(out);
    member_text(&o, "type", HATS_TYPE_MODEL);
    member_text(&o, "name", p->name);
    member_text(&o, "model_version", p->model_version);
    member_digest(&o, "model_commitment", p->model_commitment);
    member_digest(&o, "plan_digest", p->plan_digest);
    member_number(&o, "parameter_set", p->set_id);
    member_number(&o, "log2_t", p->log_t);
    member_time(&o, "published", p->published_ms);
    member_text(&o, "publisher", p->publisher);
    json_publication_signer(&o, signer);
    end(&o);
    hats_buffer_printf(out, "\n");
}

static void json_roles(struct object *o, unsigned roles) {
    const char *comma = "";
    name(o, "roles");
    hats_buffer_printf(o->out, "[");
    for (unsigned i = 0; i < HATS_N_ROLES; i++) {
        enum hats_role role = (enum hats_role)(1u << i);
        if ((roles & (unsigned)role) == 0)
            continue;
        hats_buffer_printf(o->out, "%s\"%s\"", comma, hats_role_name(role));
        comma = ", ";
    }
    hats_buffer_printf(o->out, "]");
}

void hats_trust_json(struct hats_buffer *out, const struct hats_trust *t) {
    hats_buffer_printf(out, "[");
    for (size_t i = 0; i < t->n_keys; i++) {
        const struct hats_trust_key *key = &t->keys[i];
        if (i > 0)
            hats_buffer_printf(out, ", ");
        struct object o = begin(out);
        member_text(&o, "name", key->name);
        member_text(&o, "algorithm", hats_mldsa_name(key->level));
        member_digest(&o, "key", key->kid);
        json_roles(&o, key->roles);
        member_time(&o, "valid_from", key->valid_from_ms);
        member_time(&o, "valid_until", key->valid_until_ms);
        member_time(&o, "revoked", key->revoked_ms);
        end(&o);
    }
    hats_buffer_printf(out, "]\n");
}
