/* Text and JSON. */
#include "provenance/render.h"

#include "base/text.h"
#include "evidence/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_hex(struct hats_buffer *out, const uint8_t digest[32]) {
    char hex[65];
    hats_hex_encode(hex, digest, 32);
    hats_buffer_printf(out, "%s", hex);
}

static void put_time(struct hats_buffer *out, uint64_t ms) {
    char text[32];
    hats_time_text(text, ms);
    hats_buffer_printf(out, "%s", text);
}

static const char *signer_of(const struct hats_lineage_node *n) {
    return n->key != NULL ? n->key->name : hats_signer_state_name(n->signer);
}

/* --- text --- */

static void text_node(struct hats_buffer *out, const struct hats_lineage *l, size_t at,
                      unsigned depth, bool *shown) {
    const struct hats_lineage_node *n = &l->nodes[at];
    hats_buffer_printf(out, "%*s%s %s \"%s\"", (int)(2 * depth), "", depth == 0 ? "*" : "<-",
                       n->is_root ? "table" : hats_step_kind_name(n->kind), n->text);
    if (n->is_root)
        hats_buffer_printf(out, ", %" PRIu64 " records", n->n_records);
    hats_buffer_printf(out, ", %s %s, ", n->key != NULL ? "asserted by" : "signer", signer_of(n));
    put_time(out, n->time_ms);
    hats_buffer_printf(out, "%s\n", shown[at] ? " (as above)" : "");
    hats_buffer_printf(out, "%*s  commitment ", (int)(2 * depth), "");
    put_hex(out, n->out);
    hats_buffer_printf(out, "\n");
    if (shown[at])
        return;
    shown[at] = true;
    for (size_t i = 0; i < n->n_parents; i++)
        text_node(out, l, n->parents[i], depth + 1, shown);
}

static void text_line(struct hats_buffer *out, const char *label, const char *value) {
    hats_buffer_printf(out, "  %-16s %s\n", label, value);
}

static void text_digest(struct hats_buffer *out, const char *label, const uint8_t digest[32]) {
    char hex[65];
    hats_hex_encode(hex, digest, 32);
    text_line(out, label, hex);
}

static void text_time(struct hats_buffer *out, const char *label, uint64_t ms) {
    char text[32];
    hats_time_text(text, ms);
    text_line(out, label, text);
}

static void text_grant(struct hats_buffer *out, const struct hats_provenance_verdict *v) {
    const struct hats_grant *g = &v->grant;
    char purpose[HATS_PURPOSE_MAX + 16];
    (void)snprintf(purpose, sizeof purpose, "%u, %s", (unsigned)g->purpose, g->purpose_text);
    hats_buffer_printf(out, "grant\n");
    text_line(out, "released by", v->authoriser != NULL ? v->authoriser->name : "not trusted");
    text_line(out, "purpose", purpose);
    text_digest(out, "transformation", g->transform_digest);
    text_digest(out, "model", g->model_commitment);
    text_time(out, "from", g->from_ms);
    text_time(out, "until", g->until_ms);
}

void hats_provenance_text(struct hats_buffer *out, const struct hats_provenance_verdict *v) {
    bool shown[HATS_LINEAGE_MAX] = {false};
    hats_buffer_printf(out, "provenance: %s\n", hats_provenance_refusal_name(v->refusal));
    if (v->lineage.n_nodes == 0)
        return;
    hats_buffer_printf(out, "lineage\n");
    text_node(out, &v->lineage, v->lineage.n_nodes - 1, 1, shown);
    text_time(out, "table good until", v->root.until_ms);
    text_digest(out, "schema", v->root.schema_digest);
    text_grant(out, v);
    hats_buffer_printf(out, "proven by this file: the records are in the signed table%s\n",
                       v->refusal == HATS_PROVENANCE_HOLDS ? "" : ", unless refused above");
    hats_buffer_printf(out, "asserted by their signers: the data, and every step drawn\n"
                            "not in this file: that a ciphertext holds these records (the proof of "
                            "encryption shows it)\n");
}

/* --- JSON --- */

static void json_text(struct hats_buffer *out, const char *name, const char *text) {
    hats_buffer_printf(out, "\"%s\": ", name);
    hats_json_string(out, text);
}

static void json_digest(struct hats_buffer *out, const char *name, const uint8_t digest[32]) {
    hats_buffer_printf(out, "\"%s\": \"", name);
    put_hex(out, digest);
    hats_buffer_printf(out, "\"");
}

static void json_node(struct hats_buffer *out, const struct hats_lineage *l, size_t at) {
    const struct hats_lineage_node *n = &l->nodes[at];
    hats_buffer_printf(out, "{");
    json_digest(out, "id", n->id);
    hats_buffer_printf(out, ", \"kind\": \"%s\", ",
                       n->is_root ? "table" : hats_step_kind_name(n->kind));
    json_text(out, "text", n->text);
    hats_buffer_printf(out, ", ");
    json_digest(out, "commitment", n->out);
    hats_buffer_printf(out, ", ");
    json_digest(out, "parameters", n->parameters);
    hats_buffer_printf(out, ", ");
    json_digest(out, "kid", n->kid);
    hats_buffer_printf(out, ", \"signer\": \"%s\", ", hats_signer_state_name(n->signer));
    json_text(out, "signer_name", n->key != NULL ? n->key->name : "");
    hats_buffer_printf(out, ", \"time_ms\": %" PRIu64 ", \"made_from\": [", n->time_ms);
    for (size_t i = 0; i < n->n_parents; i++) {
        hats_buffer_printf(out, "%s\"", i == 0 ? "" : ", ");
        put_hex(out, l->nodes[n->parents[i]].id);
        hats_buffer_printf(out, "\"");
    }
    hats_buffer_printf(out, "]}");
}

static void json_nodes(struct hats_buffer *out, const struct hats_lineage *l) {
    hats_buffer_printf(out, "\"steps\": [");
    for (size_t i = 0; i < l->n_nodes; i++) {
        hats_buffer_printf(out, "%s", i == 0 ? "" : ", ");
        json_node(out, l, i);
    }
    hats_buffer_printf(out, "]");
}

static void json_grant(struct hats_buffer *out, const struct hats_grant *g) {
    hats_buffer_printf(out, "{\"purpose\": %u, ", (unsigned)g->purpose);
    json_text(out, "purpose_text", g->purpose_text);
    hats_buffer_printf(out, ", ");
    json_digest(out, "transformation", g->transform_digest);
    hats_buffer_printf(out, ", ");
    json_digest(out, "model_commitment", g->model_commitment);
    hats_buffer_printf(out, ", \"from_ms\": %" PRIu64 ", \"until_ms\": %" PRIu64 "}", g->from_ms,
                       g->until_ms);
}

void hats_provenance_json(struct hats_buffer *out, const struct hats_provenance_verdict *v) {
    hats_buffer_printf(out, "{\"verdict\": \"%s\", ", hats_provenance_refusal_name(v->refusal));
    json_text(out, "dataset", v->root.dataset);
    hats_buffer_printf(out, ", \"records\": %" PRIu64 ", ", v->root.n_records);
    json_digest(out, "root", v->root.root);
    hats_buffer_printf(out, ", ");
    json_digest(out, "schema", v->root.schema_digest);
    hats_buffer_printf(out, ", \"signed_ms\": %" PRIu64 ", \"until_ms\": %" PRIu64 ", ",
                       v->root.signed_ms, v->root.until_ms);
    json_text(out, "source", v->source != NULL ? v->source->name : "");
    hats_buffer_printf(out, ", ");
    json_text(out, "authoriser", v->authoriser != NULL ? v->authoriser->name : "");
    hats_buffer_printf(out, ", ");
    json_digest(out, "lineage_root", v->lineage_root);
    hats_buffer_printf(out, ", \"grant\": ");
    json_grant(out, &v->grant);
    hats_buffer_printf(out, ", ");
    json_nodes(out, &v->lineage);
    hats_buffer_printf(out, "}\n");
}

/* An unsigned in-toto Statement v1; digests of our commitments go by their own name, ids are SHA-256. */
void hats_lineage_in_toto(struct hats_buffer *out, const struct hats_provenance_verdict *v) {
    const struct hats_lineage *l = &v->lineage;
    if (l->n_nodes == 0)
        return;
    const struct hats_lineage_node *last = &l->nodes[l->n_nodes - 1];
    hats_buffer_printf(out, "{\"_type\": \"https://in-toto.io/Statement/v1\", \"subject\": [{");
    json_text(out, "name", last->text);
    hats_buffer_printf(out, ", \"digest\": {");
    json_digest(out, "sha256", last->id);
    hats_buffer_printf(out, "}}], \"predicateType\": \"urn:hats:lineage:v1\", \"predicate\": {");
    hats_buffer_printf(out, "\"verdict\": \"%s\", ", hats_provenance_refusal_name(v->refusal));
    json_nodes(out, l);
    hats_buffer_printf(out, "}}\n");
}

/* --- disclosures --- */

void hats_disclosure_text(struct hats_buffer *out, const struct hats_disclosure *d) {
    const struct hats_source_field *f = &d->schema->fields[d->field];
    hats_buffer_printf(out, "%s, record %" PRIu64 ": %s = ", d->root.dataset, d->index, f->name);
    hats_source_value_text(out, f, d->value);
    hats_buffer_printf(out, "\n");
    text_line(out, "signed by", d->source->name);
    text_time(out, "on", d->root.signed_ms);
    text_digest(out, "commitment", d->c_d);
    hats_buffer_printf(out, "nothing is said about the record's other fields\n");
}

void hats_disclosure_json(struct hats_buffer *out, const struct hats_disclosure *d) {
    const struct hats_source_field *f = &d->schema->fields[d->field];
    struct hats_buffer value;
    hats_buffer_init(&value, HATS_SOURCE_NAME_MAX);
    hats_source_value_text(&value, f, d->value);
    hats_buffer_append(&value, "", 1);
    hats_buffer_printf(out, "{");
    json_text(out, "dataset", d->root.dataset);
    hats_buffer_printf(out, ", \"record\": %" PRIu64 ", ", d->index);
    json_text(out, "field", f->name);
    hats_buffer_printf(out, ", ");
    json_text(out, "value", value.failed ? "" : (const char *)value.data);
    hats_buffer_printf(out, ", ");
    json_text(out, "source", d->source->name);
    hats_buffer_printf(out, ", ");
    json_digest(out, "commitment", d->c_d);
    hats_buffer_printf(out, "}\n");
    hats_buffer_clear(&value);
}
