/* What a data owner keeps of a signed table: two files beside the root.
 *
 *     PREFIX.openings   "HATS-OPN-1" pad16 | n_fields (4) | schema bytes (4) | records (8) | schema (CBOR) |
 *                       for each record: key digest (16) | salt: four elements (32) | fields (8 each)
 *     PREFIX.tree       "HATS-TREE-1" pad16 | records (8) | digests in the order of provenance/tree.h
 *
 * The openings are the data themselves and what hides them: mode 0600. The tree is not secret.
 */
#ifndef HATS_PROVENANCE_OPENINGS_H
#define HATS_PROVENANCE_OPENINGS_H

#include "base/file.h"
#include "provenance/record.h"

#define HATS_OPENINGS_HEAD_LEN 32
#define HATS_TREE_HEAD_LEN 24

struct hats_openings;

/* HATS_E_NOT_FOUND, HATS_E_IO, HATS_E_INSECURE (others may read the openings), HATS_E_MALFORMED (not these
 * files, or their lengths do not fit). */
HATS_MUST_USE hats_status hats_openings_open(struct hats_openings **out, const char *prefix,
                                             struct hats_error *err);
void hats_openings_free(struct hats_openings *o);
const struct hats_source_schema *hats_openings_schema(const struct hats_openings *o);
uint64_t hats_openings_n_records(const struct hats_openings *o);

/* One record: its fields (n_fields of them), salt, commitments and path. */
struct hats_opening {
    uint64_t index;
    uint64_t salt[HATS_ENCRYPTION_SALT];
    struct hats_record_commitment commitment;
    uint8_t path[HATS_TREE_PATH_MAX];
    size_t path_len;
};
/* HATS_E_RANGE: no such record; HATS_E_VERIFY: the record is not the one that the tree holds. */
HATS_MUST_USE hats_status hats_openings_get(struct hats_opening *out, int64_t *fields,
                                            struct hats_openings *o, uint64_t index,
                                            struct hats_error *err);
/* The index of the record with this key. HATS_E_NOT_FOUND. Reads the file from the beginning. */
HATS_MUST_USE hats_status hats_openings_find(uint64_t *index, struct hats_openings *o,
                                             const char *key, struct hats_error *err);

#endif
