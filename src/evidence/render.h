/* Reports and statements for people (text) and for programs (JSON). The verifier does not need this file.
 *
 * JSON keys are lower case with underscores, digests are lower-case hex, times are both milliseconds and
 * RFC 3339. JSON is a view; the signed form is the COSE file.
 */
#ifndef HATS_EVIDENCE_RENDER_H
#define HATS_EVIDENCE_RENDER_H

#include "evidence/publication.h"
#include "evidence/receipt.h"

/* One screen: verdict, who signed what and when, the seven rows. With `colour`, coloured as far as
 * standard output takes colours; nothing is written to it. */
void hats_report_text(struct hats_buffer *out, const struct hats_report *report, bool colour);
void hats_report_json(struct hats_buffer *out, const struct hats_report *report);

/* The claims alone, whether or not anything was verified. */
void hats_receipt_text(struct hats_buffer *out, const struct hats_receipt *r);
void hats_receipt_json(struct hats_buffer *out, const struct hats_receipt *r);
/* signer: the trusted key whose signature holds, as hats_publication_verify gives it; NULL: not checked.
 * Whom the publication itself calls its publisher is a claim, and shown as one. */
void hats_publication_text(struct hats_buffer *out, const struct hats_publication *p,
                           const struct hats_trust_key *signer);
void hats_publication_json(struct hats_buffer *out, const struct hats_publication *p,
                           const struct hats_trust_key *signer);
void hats_trust_text(struct hats_buffer *out, const struct hats_trust *t);
void hats_trust_json(struct hats_buffer *out, const struct hats_trust *t);

/* "2026-05-20T12:34:56.789Z" and a final zero; "-" beyond the year 9999. */
void hats_time_text(char out[32], uint64_t ms);
/* A JSON string with its quotes; control characters, quotes and backslashes escaped. */
void hats_json_string(struct hats_buffer *out, const char *text);

#endif
