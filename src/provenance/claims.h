/* Payloads of signed objects, read field by field: a map with the labels 1 .. n, all of them there.
 *
 * The first thing that is wrong stays in the cursor with the field's number and name; what is read after
 * that is zero. So a decoder reads its fields in order and asks once, at the end.
 */
#ifndef HATS_PROVENANCE_CLAIMS_H
#define HATS_PROVENANCE_CLAIMS_H

#include "evidence/trust.h"

#define HATS_CLAIMS_TIME_MAX_MS 253402300799999ull /* the end of the year 9999 */

struct hats_claims {
    struct hats_reader r;
    const char *what;         /* "grant": begins every error text */
    const char *const *names; /* of the fields, from field 1 on */
    size_t n_fields, n_pairs, at;
    hats_status status;
    struct hats_error *err;
};

void hats_claims_open(struct hats_claims *c, const char *what, const char *const *names,
                      size_t n_fields, const uint8_t *payload, size_t len_bytes,
                      struct hats_error *err);
/* Each takes the next field. */
void hats_claims_version(struct hats_claims *c, uint64_t version);
void hats_claims_digest(struct hats_claims *c, uint8_t out[32]);
/* *has = false and zeros for null. */
void hats_claims_digest_or_null(struct hats_claims *c, uint8_t out[32], bool *has);
void hats_claims_uint(struct hats_claims *c, uint64_t least, uint64_t most, uint64_t *out);
void hats_claims_time(struct hats_claims *c, uint64_t *ms);
/* Plain text (evidence/cose.h), not empty, with a final zero. */
void hats_claims_text(struct hats_claims *c, char *out, size_t cap_bytes);
void hats_claims_bytes(struct hats_claims *c, const uint8_t **out, size_t *len_bytes);
/* The head of an array of at most `most` items, which the caller takes from c->r. */
void hats_claims_array(struct hats_claims *c, size_t most, size_t *n);
/* Something is wrong with the field that was read last. */
void hats_claims_refuse(struct hats_claims *c, hats_status s, const char *why);
/* HATS_OK when everything was there and nothing else. */
HATS_MUST_USE hats_status hats_claims_close(struct hats_claims *c);

/* Appends label and value. */
void hats_claims_put_digest(struct hats_writer *w, unsigned label, const uint8_t digest[32]);
void hats_claims_put_digest_or_null(struct hats_writer *w, unsigned label, const uint8_t digest[32],
                                    bool has);
void hats_claims_put_uint(struct hats_writer *w, unsigned label, uint64_t v);
void hats_claims_put_text(struct hats_writer *w, unsigned label, const char *text);
void hats_claims_put_bytes(struct hats_writer *w, unsigned label, const uint8_t *data,
                           size_t len_bytes);

#endif
