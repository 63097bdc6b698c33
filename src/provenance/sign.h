/* Signing a table: from a CSV file to a signed root, in one pass and bounded memory.
 *
 *     CSV row --schema--> fields --fresh salt--> C_D, F --> leaf --> tree --> root, signed
 *
 * The calling thread reads and writes; the commitments are made by others, a batch of records each. Memory does
 * not depend on the number of records, but for 32 to 64 bytes a record where the schema names a key column.
 * Nothing is left behind when it fails: the files appear together, the root last.
 */
#ifndef HATS_PROVENANCE_SIGN_H
#define HATS_PROVENANCE_SIGN_H

#include "provenance/openings.h"
#include "provenance/step.h"

struct hats_source_signing {
    const char *csv_path;
    const struct hats_source_schema *schema;
    const struct hats_sign_key *key;
    const char *dataset;
    uint64_t now_ms, until_ms;
    const struct hats_step
        *step;              /* how the table was made: all but `out` and `done`; NULL: an origin */
    const char *issuer;     /* the signer's name in the step; may be NULL without one */
    const char *out_prefix; /* PREFIX.root.cose, .openings, .tree and, with a step, .step.cose */
    unsigned n_threads;     /* 1 .. 64, beside the calling one */
    void (*progress)(void *ctx, uint64_t n_records); /* may be NULL */
    void *progress_ctx;
};

/* Errors as the CSV reader and hats_source_read; HATS_E_CONFLICT: a key twice; HATS_E_MALFORMED: no
 * records; HATS_E_IO. *out may be NULL. */
HATS_MUST_USE hats_status hats_source_sign(struct hats_source_root *out,
                                           const struct hats_source_signing *in,
                                           struct hats_error *err);

#endif
