/* Graphs for other tools: DOT, SVG, PROV-JSON. */
#include "provenance/render.h"

#include "base/text.h"
#include "evidence/render.h"

#include <inttypes.h>
#include <string.h>

/* The first bytes of an id are enough to tell the nodes of one drawing apart. */
#define SHORT 6

static void short_hex(char out[2 * SHORT + 1], const uint8_t digest[32]) {
    hats_hex_encode(out, digest, SHORT);
}

static const char *kind_of(const struct hats_lineage_node *n) {
    return n->is_root ? "table" : hats_step_kind_name(n->kind);
}

static const char *signer_of(const struct hats_lineage_node *n) {
    return n->key != NULL ? n->key->name : hats_signer_state_name(n->signer);
}

/* --- DOT --- */

/* Texts are plain (evidence/cose.h): quotes and backslashes are all that DOT minds. */
static void dot_text(struct hats_buffer *out, const char *text) {
    for (; *text != '\0'; text++)
        hats_buffer_printf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
}

void hats_lineage_dot(struct hats_buffer *out, const struct hats_lineage *l) {
    hats_buffer_printf(out, "digraph lineage {\n  rankdir=LR;\n  node [shape=box];\n");
    for (size_t i = 0; i < l->n_nodes; i++) {
        const struct hats_lineage_node *n = &l->nodes[i];
        char id[2 * SHORT + 1];
        short_hex(id, n->out);
        hats_buffer_printf(out, "  n%zu [label=\"%s: ", i, kind_of(n));
        dot_text(out, n->text);
        hats_buffer_printf(out, "\\n");
        dot_text(out, signer_of(n));
        hats_buffer_printf(out, "\\n%s\"%s];\n", id, n->is_root ? ", shape=cylinder" : "");
        for (size_t k = 0; k < n->n_parents; k++)
            hats_buffer_printf(out, "  n%zu -> n%zu;\n", n->parents[k], i);
    }
    hats_buffer_printf(out, "}\n");
}

/* --- SVG --- */

enum { BOX_WIDTH = 240, BOX_HEIGHT = 64, GAP_X = 60, GAP_Y = 24, EDGE = 16, TEXT_SHOWN = 30 };

static void xml_text(struct hats_buffer *out, const char *text) {
    size_t shown = 0;
    for (; *text != '\0'; text++) {
        bool begins = ((unsigned char)*text & 0xc0) != 0x80;
        if (begins && shown++ == TEXT_SHOWN) {
            hats_buffer_printf(out, "...");
            return;
        }
        switch (*text) {
        case '<': hats_buffer_printf(out, "&lt;"); break;
        case '>': hats_buffer_printf(out, "&gt;"); break;
        case '&': hats_buffer_printf(out, "&amp;"); break;
        default: hats_buffer_append(out, text, 1); break;
        }
    }
}

struct place {
    unsigned column, row;
};

/* A node stands right of everything it is made from; nodes of one column below each other. */
static struct place place_nodes(struct place *places, const struct hats_lineage *l) {
    unsigned rows[HATS_LINEAGE_MAX] = {0};
    struct place most = {0, 0};
    for (size_t i = 0; i < l->n_nodes; i++) {
        const struct hats_lineage_node *n = &l->nodes[i];
        unsigned column = 0;
        for (size_t k = 0; k < n->n_parents; k++)
            if (places[n->parents[k]].column >= column)
                column = places[n->parents[k]].column + 1;
        places[i] = (struct place){column, rows[column]++};
        if (column > most.column)
            most.column = column;
        if (places[i].row > most.row)
            most.row = places[i].row;
    }
    return most;
}

static unsigned left_of(struct place p) { return EDGE + p.column * (BOX_WIDTH + GAP_X); }
static unsigned top_of(struct place p) { return EDGE + p.row * (BOX_HEIGHT + GAP_Y); }

static void svg_line(struct hats_buffer *out, struct place p, unsigned line, const char *prefix,
                     const char *between, const char *text) {
    hats_buffer_printf(out, "  <text x=\"%u\" y=\"%u\">%s%s", left_of(p) + 8, top_of(p) + 18 * line,
                       prefix, between);
    xml_text(out, text);
    hats_buffer_printf(out, "</text>\n");
}

static void svg_node(struct hats_buffer *out, const struct hats_lineage *l, size_t i,
                     const struct place *places) {
    const struct hats_lineage_node *n = &l->nodes[i];
    struct place p = places[i];
    char id[2 * SHORT + 1];
    short_hex(id, n->out);
    hats_buffer_printf(out,
                       "  <rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"%d\" "
                       "fill=\"white\" stroke=\"%s\"/>\n",
                       left_of(p), top_of(p), BOX_WIDTH, BOX_HEIGHT, n->is_root ? 12 : 2,
                       n->key != NULL ? "black" : "crimson");
    svg_line(out, p, 1, kind_of(n), ": ", n->text);
    svg_line(out, p, 2, "", "", signer_of(n));
    svg_line(out, p, 3, id, "", "");
    for (size_t k = 0; k < n->n_parents; k++) {
        struct place from = places[n->parents[k]];
        hats_buffer_printf(out,
                           "  <line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" stroke=\"black\"/>\n",
                           left_of(from) + BOX_WIDTH, top_of(from) + BOX_HEIGHT / 2, left_of(p),
                           top_of(p) + BOX_HEIGHT / 2);
    }
}

void hats_lineage_svg(struct hats_buffer *out, const struct hats_lineage *l) {
    struct place places[HATS_LINEAGE_MAX];
    struct place most = place_nodes(places, l);
    unsigned width = left_of(most) + BOX_WIDTH + EDGE, height = top_of(most) + BOX_HEIGHT + EDGE;
    hats_buffer_printf(out,
                       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
                       "font-family=\"sans-serif\" font-size=\"13\">\n",
                       width, height);
    for (size_t i = 0; i < l->n_nodes; i++)
        svg_node(out, l, i, places);
    hats_buffer_printf(out, "</svg>\n");
}

/* --- PROV-JSON --- */

static void prov_name(struct hats_buffer *out, const char *kind, const uint8_t digest[32]) {
    char hex[65];
    hats_hex_encode(hex, digest, 32);
    hats_buffer_printf(out, "\"hats:%s-%s\"", kind, hex);
}

static void prov_entities(struct hats_buffer *out, const struct hats_lineage *l) {
    hats_buffer_printf(out, "  \"entity\": {");
    for (size_t i = 0; i < l->n_nodes; i++) {
        hats_buffer_printf(out, "%s\n    ", i == 0 ? "" : ",");
        prov_name(out, "data", l->nodes[i].id);
        hats_buffer_printf(out, ": {\"prov:label\": ");
        hats_json_string(out, l->nodes[i].text);
        hats_buffer_printf(out, ", \"hats:commitment\": ");
        prov_name(out, "commitment", l->nodes[i].out);
        hats_buffer_printf(out, "}");
    }
    hats_buffer_printf(out, "\n  },\n  \"activity\": {");
    for (size_t i = 0; i < l->n_nodes; i++) {
        char time[32];
        hats_time_text(time, l->nodes[i].time_ms);
        hats_buffer_printf(out, "%s\n    ", i == 0 ? "" : ",");
        prov_name(out, "step", l->nodes[i].id);
        hats_buffer_printf(out, ": {\"prov:type\": \"hats:%s\", \"prov:endTime\": \"%s\"}",
                           kind_of(&l->nodes[i]), time);
    }
    hats_buffer_printf(out, "\n  },\n");
}

static void prov_agents(struct hats_buffer *out, const struct hats_lineage *l) {
    const char *comma = "";
    hats_buffer_printf(out, "  \"agent\": {");
    for (size_t i = 0; i < l->n_nodes; i++) {
        bool before = false;
        for (size_t k = 0; k < i; k++)
            before |= memcmp(l->nodes[k].kid, l->nodes[i].kid, 32) == 0;
        if (before)
            continue;
        hats_buffer_printf(out, "%s\n    ", comma);
        prov_name(out, "key", l->nodes[i].kid);
        hats_buffer_printf(out, ": {\"prov:label\": ");
        hats_json_string(out, signer_of(&l->nodes[i]));
        hats_buffer_printf(out, "}");
        comma = ",";
    }
    hats_buffer_printf(out, "\n  },\n");
}

/* One relation of each node with itself: what its step made, or who was responsible. */
static void prov_relation(struct hats_buffer *out, const struct hats_lineage *l,
                          const char *relation, bool agents) {
    hats_buffer_printf(out, "  \"%s\": {", relation);
    for (size_t i = 0; i < l->n_nodes; i++) {
        hats_buffer_printf(out, "%s\n    \"_:%s%zu\": {\"prov:activity\": ", i == 0 ? "" : ",",
                           agents ? "a" : "g", i);
        prov_name(out, "step", l->nodes[i].id);
        hats_buffer_printf(out, ", \"prov:%s\": ", agents ? "agent" : "entity");
        prov_name(out, agents ? "key" : "data", agents ? l->nodes[i].kid : l->nodes[i].id);
        hats_buffer_printf(out, "}");
    }
    hats_buffer_printf(out, "\n  },\n");
}

static void prov_used(struct hats_buffer *out, const struct hats_lineage *l) {
    const char *comma = "";
    hats_buffer_printf(out, "  \"used\": {");
    for (size_t i = 0; i < l->n_nodes; i++)
        for (size_t k = 0; k < l->nodes[i].n_parents; k++) {
            hats_buffer_printf(out, "%s\n    \"_:u%zu-%zu\": {\"prov:activity\": ", comma, i, k);
            prov_name(out, "step", l->nodes[i].id);
            hats_buffer_printf(out, ", \"prov:entity\": ");
            prov_name(out, "data", l->nodes[l->nodes[i].parents[k]].id);
            hats_buffer_printf(out, "}");
            comma = ",";
        }
    hats_buffer_printf(out, "\n  }\n");
}

void hats_lineage_prov_json(struct hats_buffer *out, const struct hats_lineage *l) {
    hats_buffer_printf(out, "{\n  \"prefix\": {\"hats\": \"urn:hats:\"},\n");
    prov_entities(out, l);
    prov_agents(out, l);
    prov_relation(out, l, "wasGeneratedBy", false);
    prov_relation(out, l, "wasAssociatedWith", true);
    prov_used(out, l);
    hats_buffer_printf(out, "}\n");
}
