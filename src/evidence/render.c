#include "evidence/render.h"

#include "base/bytes.h"
#include "base/text.h"
#include "base/tty.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TEXT_COLUMNS 100
#define TIME_MAX_MS 253402300799999ull /* the end of the year 9999 */

static const struct {
    uint32_t bit;
    const char *name;
} steps[] = {
    {HATS_STEP_TLS, "tls"},
    {HATS_STEP_TOKEN, "token"},
    {HATS_STEP_CORE, "core"},
    {HATS_STEP_REPEAT, "repeat"},
    {HATS_STEP_FRAME_SUM, "frame-sum"},
    {HATS_STEP_FRAME, "frame"},
    {HATS_STEP_LIMITS, "limits"},
    {HATS_STEP_DIGESTS, "digests"},
    {HATS_STEP_SIGNATURES, "signatures"},
    {HATS_STEP_PROOF, "proof"},
    {HATS_STEP_ACCEPT, "accept"},
    {HATS_STEP_EVALUATE, "evaluate"},
    {HATS_STEP_SEAL, "seal"},
};

void hats_time_text(char out[32], uint64_t ms) {
    struct tm tm;
    time_t s = (time_t)(ms / 1000);
    char date[24];
    if (ms > TIME_MAX_MS || gmtime_r(&s, &tm) == NULL ||
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        snprintf(out, 32, "-");
    else
        snprintf(out, 32, "%s.%03uZ", date, (unsigned)(ms % 1000));
}

/* --- JSON --- */

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
    for (size_t i = 0; i < HATS_COUNT_OF(steps); i++) {
        if ((bits & steps[i].bit) == 0)
            continue;
        hats_buffer_printf(o->out, "%s\"%s\"", comma, steps[i].name);
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
    static const enum hats_role all[] = {HATS_ROLE_RECEIPT, HATS_ROLE_MODEL, HATS_ROLE_OWNER};
    const char *comma = "";
    name(o, "roles");
    hats_buffer_printf(o->out, "[");
    for (size_t i = 0; i < HATS_COUNT_OF(all); i++) {
        if ((roles & (unsigned)all[i]) == 0)
            continue;
        hats_buffer_printf(o->out, "%s\"%s\"", comma, hats_role_name(all[i]));
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

/* --- text --- */

static void line(struct hats_buffer *out, const char *label, const char *value) {
    hats_buffer_printf(out, "  %-12s %s\n", label, value);
}

static void line_digest(struct hats_buffer *out, const char *label, const uint8_t digest[32]) {
    char hex[65];
    hats_hex_encode(hex, digest, 32);
    line(out, label, hex);
}

static void line_digest_or(struct hats_buffer *out, const char *label, bool there,
                           const uint8_t digest[32]) {
    if (there)
        line_digest(out, label, digest);
    else
        line(out, label, "none");
}

/* Words of `text` from column `indent` on, never past TEXT_COLUMNS unless one word is that long. */
static void wrapped(struct hats_buffer *out, int indent, const char *text) {
    int column = 0;
    while (*text != '\0') {
        int len = (int)strcspn(text, " ");
        if (column == 0)
            hats_buffer_printf(out, "%*s", indent, "");
        else if (indent + column + 1 + len > TEXT_COLUMNS)
            hats_buffer_printf(out, "\n%*s", indent, "");
        else
            hats_buffer_printf(out, " ");
        column = column == 0 || indent + column + 1 + len > TEXT_COLUMNS ? len : column + 1 + len;
        hats_buffer_append(out, text, (size_t)len);
        text += len;
        while (*text == ' ')
            text++;
    }
    hats_buffer_printf(out, "\n");
}

static void text_steps(struct hats_buffer *out, uint32_t bits) {
    hats_buffer_printf(out, "  %-12s", "gate steps");
    for (size_t i = 0; i < HATS_COUNT_OF(steps); i++)
        if ((bits & steps[i].bit) != 0)
            hats_buffer_printf(out, " %s", steps[i].name);
    hats_buffer_printf(out, "%s\n", bits == 0 ? " none" : "");
}

static void text_when(struct hats_buffer *out, const struct hats_receipt *r) {
    char accepted[32], done[32];
    hats_time_text(accepted, r->accepted_ms);
    hats_time_text(done, r->done_ms);
    hats_buffer_printf(out, "  %-12s accepted %s, done %s\n", "when", accepted, done);
}

static void text_model(struct hats_buffer *out, const struct hats_receipt *r) {
    hats_buffer_printf(out, "  %-12s %s, version %s\n", "model", r->model_name, r->model_version);
    line_digest(out, "  commitment", r->model_commitment);
}

static void text_foot(struct hats_buffer *out, const struct hats_receipt *r) {
    hats_buffer_printf(out, "  %-12s TLS group %s, %s server authentication (%s)\n", "transport",
                       r->tls_group, r->server_auth == HATS_AUTH_PQ ? "post-quantum" : "classical",
                       r->tls_signature);
    line_digest(out, "tenant", r->tenant_digest);
    line_digest(out, "server", r->build_digest);
    text_steps(out, r->gate_steps);
}

static void text_session(struct hats_buffer *out, const struct hats_receipt *r) {
    line_digest(out, "session", r->sid);
    line(out, "  event", r->closes ? "closed" : "opened");
    text_when(out, r);
    line_digest_or(out, "  owner", r->has_owner, r->owner);
    if (r->closes) {
        hats_buffer_printf(out, "  %-12s %" PRIu32 "\n", "call", r->call_index);
        line_digest(out, "  request", r->request_digest);
    }
    line_digest_or(out, "  frame", r->has_frame, r->frame_digest);
    line_digest(out, "  policy", r->policy_digest);
    hats_buffer_printf(out, "  %-12s number %" PRIu64 ", assurance levels 0x%" PRIx32 "\n",
                       "  registry", r->registry_seq, r->assurance);
    line_digest(out, "  root", r->registry_root);
}

static void text_answer(struct hats_buffer *out, const struct hats_receipt *r) {
    text_model(out, r);
    line_digest(out, "  plan", r->plan_digest);
    line_digest(out, "input", r->ciphertext_digest);
    line_digest(out, "output", r->output_digest);
    text_when(out, r);
    hats_buffer_printf(out, "  %-12s set %" PRIu32 ", t = 2^%u, %u classical and %u quantum bits\n",
                       "encryption", r->set_id, r->log_t, r->classical_bits, r->quantum_bits);
    line_digest(out, "  key", r->kid);
    line_digest_or(out, "  owner", r->has_owner, r->owner);
    line_digest(out, "session", r->sid);
    line_digest(out, "  receipt", r->session_receipt);
    hats_buffer_printf(out, "  %-12s %" PRIu32 "\n", "call", r->call_index);
    line_digest(out, "  request", r->request_digest);
    line_digest_or(out, "  frame", r->has_frame, r->frame_digest);
    line_digest_or(out, "  proof", r->has_proof, r->proof_digest);
    line_digest_or(out, "  data", r->has_data_commitment, r->data_commitment);
    line_digest(out, "  flooding", r->flood_commitment);
}

void hats_receipt_text(struct hats_buffer *out, const struct hats_receipt *r) {
    if (r->kind == HATS_RECEIPT_SESSION)
        text_session(out, r);
    else
        text_answer(out, r);
    text_foot(out, r);
}

static const char *escape(bool colour, enum hats_colour c) {
    return colour ? hats_tty_colour(stdout, c) : "";
}

static void text_signer(struct hats_buffer *out, const struct hats_report *report) {
    bool holds = report->signature == HATS_SIGNATURE_HOLDS;
    hats_buffer_printf(out, "  %-12s %s (%s), %s\n", holds ? "signed by" : "names key of",
                       report->signer_name[0] != '\0' ? report->signer_name : "an unknown signer",
                       hats_signer_state_name(report->signer), hats_mldsa_name(report->level));
    line_digest(out, "  key", report->signer_kid);
    if (strcmp(report->issuer, report->signer_name) != 0)
        hats_buffer_printf(out, "  %-12s \"%s\"\n", "  says it is", report->issuer);
}

/* The claims one looks at first; hats_receipt_text has them all. */
static void text_summary(struct hats_buffer *out, const struct hats_receipt *r) {
    if (r->kind == HATS_RECEIPT_SESSION) {
        line_digest(out, "session", r->sid);
        line(out, "  event", r->closes ? "closed" : "opened");
        text_when(out, r);
        return;
    }
    text_model(out, r);
    line_digest(out, "input", r->ciphertext_digest);
    line_digest(out, "output", r->output_digest);
    text_when(out, r);
    line_digest(out, "session", r->sid);
    hats_buffer_printf(out, "  %-12s %" PRIu32 "\n", "call", r->call_index);
}

static void text_row(struct hats_buffer *out, const struct hats_row *row, bool colour) {
    static const enum hats_colour colours[] = {HATS_GREEN, HATS_YELLOW, HATS_DIM};
    static const char *const words[] = {"proven by this file", "asserted", "not in this file"};
    hats_buffer_printf(out, "  %u %-23s %s%s", row->number, row->title,
                       escape(colour, colours[row->state]), words[row->state]);
    if (row->by[0] != '\0')
        hats_buffer_printf(out, "%s %s", row->state == HATS_ROW_PROVEN ? ", signed by" : " by",
                           row->by);
    hats_buffer_printf(out, "%s\n", escape(colour, HATS_PLAIN));
    wrapped(out, 6, row->sentence);
}

void hats_report_text(struct hats_buffer *out, const struct hats_report *report, bool colour) {
    bool fine = report->status == HATS_OK;
    hats_buffer_printf(out, "%s%s%s", escape(colour, HATS_BOLD),
                       escape(colour, fine ? HATS_GREEN : HATS_RED), fine ? "VERIFIED" : "REFUSED");
    hats_buffer_printf(out, "%s  %s\n", escape(colour, HATS_PLAIN),
                       fine ? "the signature holds and the signer is trusted" : report->error.text);
    hats_buffer_printf(out, "  %-12s %zu bytes\n", "receipt", report->len_bytes);
    if (report->parsed) {
        text_signer(out, report);
        text_summary(out, &report->receipt);
    }
    if (!fine) {
        if (report->parsed)
            hats_buffer_printf(out,
                               "This is only what the file says of itself. Do not rely on it.\n");
        return;
    }
    hats_buffer_printf(out, "The seven requirements, as far as this one file goes\n");
    for (unsigned i = 0; i < HATS_N_REQUIREMENTS; i++)
        text_row(out, &report->rows[i], colour);
}

static void text_publication_signer(struct hats_buffer *out, const struct hats_publication *p,
                                    const struct hats_trust_key *signer) {
    if (signer != NULL) {
        hats_buffer_printf(out, "  %-12s %s (trusted), %s\n", "signed by", signer->name,
                           hats_mldsa_name(signer->level));
        line_digest(out, "  key", signer->kid);
    }
    if (signer == NULL || strcmp(signer->name, p->publisher) != 0)
        hats_buffer_printf(out, "  %-12s \"%s\"\n", "  says it is", p->publisher);
}

void hats_publication_text(struct hats_buffer *out, const struct hats_publication *p,
                           const struct hats_trust_key *signer) {
    char published[32];
    hats_time_text(published, p->published_ms);
    text_publication_signer(out, p, signer);
    hats_buffer_printf(out, "  %-12s %s, version %s\n", "model", p->name, p->model_version);
    line_digest(out, "commitment", p->model_commitment);
    line_digest(out, "plan", p->plan_digest);
    hats_buffer_printf(out, "  %-12s set %" PRIu32 ", t = 2^%u\n", "encryption", p->set_id,
                       p->log_t);
    line(out, "published", published);
}

static void text_period(struct hats_buffer *out, const struct hats_trust_key *key) {
    char from[32], until[32];
    hats_time_text(from, key->valid_from_ms);
    hats_time_text(until, key->valid_until_ms);
    hats_buffer_printf(out, "  %-12s from %s%s%s\n", "valid", from,
                       key->valid_until_ms == HATS_TIME_NONE ? ", without end" : " until ",
                       key->valid_until_ms == HATS_TIME_NONE ? "" : until);
    if (key->revoked_ms == HATS_TIME_NONE)
        return;
    hats_time_text(from, key->revoked_ms);
    line(out, "revoked", from);
}

void hats_trust_text(struct hats_buffer *out, const struct hats_trust *t) {
    static const enum hats_role all[] = {HATS_ROLE_RECEIPT, HATS_ROLE_MODEL, HATS_ROLE_OWNER};
    for (size_t i = 0; i < t->n_keys; i++) {
        const struct hats_trust_key *key = &t->keys[i];
        const char *comma = "";
        hats_buffer_printf(out, "%s (%s)\n  %-12s ", key->name, hats_mldsa_name(key->level),
                           "roles");
        for (size_t k = 0; k < HATS_COUNT_OF(all); k++) {
            if ((key->roles & (unsigned)all[k]) == 0)
                continue;
            hats_buffer_printf(out, "%s%s", comma, hats_role_name(all[k]));
            comma = ", ";
        }
        hats_buffer_printf(out, "\n");
        line_digest(out, "key", key->kid);
        text_period(out, key);
    }
}
