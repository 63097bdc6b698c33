/* Lineages and verdicts for people and for other tools. Views of what was read: none of them is signed.
 *
 *     text      a tree, the input first, what it was made from below it
 *     DOT       for Graphviz
 *     SVG       boxes and lines, without any other tool
 *     PROV-JSON W3C PROV: an entity for each commitment, an activity for each step, an agent for each signer
 *     in-toto   a Statement v1: subject is the input (or the table), the predicate holds the steps
 */
#ifndef HATS_PROVENANCE_RENDER_H
#define HATS_PROVENANCE_RENDER_H

#include "provenance/disclosure.h"

void hats_provenance_text(struct hats_buffer *out, const struct hats_provenance_verdict *v);
void hats_provenance_json(struct hats_buffer *out, const struct hats_provenance_verdict *v);
void hats_lineage_dot(struct hats_buffer *out, const struct hats_lineage *l);
void hats_lineage_svg(struct hats_buffer *out, const struct hats_lineage *l);
void hats_lineage_prov_json(struct hats_buffer *out, const struct hats_lineage *l);
void hats_lineage_in_toto(struct hats_buffer *out, const struct hats_provenance_verdict *v);
void hats_disclosure_text(struct hats_buffer *out, const struct hats_disclosure *d);
void hats_disclosure_json(struct hats_buffer *out, const struct hats_disclosure *d);

#endif
