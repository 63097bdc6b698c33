#include "evidence/render_internal.h"

#include "base/bytes.h"
#include "base/text.h"
#include "base/tty.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TEXT_COLUMNS 100
#define TIME_MAX_MS 253402300799999ull /* the end of the year 9999 */

_Static_assert(HATS_STEP_ALL == (1u << HATS_RENDER_N_STEPS) - 1, "every step has a name");

const char *const hats_render_steps[HATS_RENDER_N_STEPS] = {
    "tls",     "token",      "core",  "repeat", "frame-sum", "frame", "limits",
    "digests", "signatures", "proof", "accept", "evaluate",  "seal",
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
    for (size_t i = 0; i < HATS_RENDER_N_STEPS; i++)
        if ((bits >> i & 1) != 0)
            hats_buffer_printf(out, " %s", hats_render_steps[i]);
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

static void text_log(struct hats_buffer *out, const struct hats_log_report *log) {
    char when[32];
    switch (log->state) {
    case HATS_LOG_ABSENT: line(out, "log", "not in this file"); return;
    case HATS_LOG_UNKNOWN:
        hats_buffer_printf(out, "  %-12s \"%s\", whose key is not trusted: not checked\n", "log",
                           log->head.origin);
        return;
    default: break;
    }
    hats_time_text(when, log->time_s * 1000);
    hats_buffer_printf(out, "  %-12s entry %" PRIu64 " of %" PRIu64 " in %s, signed %s\n", "log",
                       log->index, log->head.size, log->head.origin, when);
    if (log->n_witnesses == 0)
        line(out, "witnesses", "none that is trusted");
    else
        hats_buffer_printf(out, "  %-12s %u, who saw nothing else of this log\n", "witnesses",
                           log->n_witnesses);
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
    text_log(out, &report->log);
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
    for (size_t i = 0; i < t->n_keys; i++) {
        const struct hats_trust_key *key = &t->keys[i];
        const char *comma = "";
        hats_buffer_printf(out, "%s (%s)\n  %-12s ", key->name, hats_mldsa_name(key->level),
                           "roles");
        for (unsigned k = 0; k < HATS_N_ROLES; k++) {
            enum hats_role role = (enum hats_role)(1u << k);
            if ((key->roles & (unsigned)role) == 0)
                continue;
            hats_buffer_printf(out, "%s%s", comma, hats_role_name(role));
            comma = ", ";
        }
        hats_buffer_printf(out, "\n");
        line_digest(out, "key", key->kid);
        text_period(out, key);
    }
}
