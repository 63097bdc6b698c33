/* What a source commits to, record by record.
 *
 *     C_D     = RPO(f_0 .. f_(n-1), salt), domain 4            docs/FORMATS.md, section 9.1, source 2
 *     s_i     = first 16 bytes of H("HATS-FSALT-1" pad16 | salt (32) | i (4))
 *     leaf_i  = H(00 | s_i | i (4) | f_i (8))                  the root of these n leaves is F
 *     leaf    = H(00 | "HATS-REC-1" pad16 | index (8) | C_D (32) | F (32))
 *
 * C_D is what proofs open; it opens all fields or none. F opens one field without the others: s_i tells
 * nothing about the salt or the other s_j. That C_D and F hold the same fields is said by whoever signs the
 * root, and by nothing else, unless the whole record is shown. Both hide the fields; both are the same in
 * every use of the record, so uses can be linked.
 */
#ifndef HATS_PROVENANCE_RECORD_H
#define HATS_PROVENANCE_RECORD_H

#include "provenance/schema.h"
#include "provenance/tree.h"
#include "stark/rpo_many.h"
#include "statements/encryption.h"

#define HATS_RECORD_SALT_LEN 32 /* four elements of F_p, 8 bytes each */
#define HATS_FIELD_SALT_LEN 16
#define HATS_RECORD_MANY HATS_STARK_RPO_MANY /* records at once */

/* n fresh salts of four uniform elements each. HATS_E_RANDOM; zeros then. */
HATS_MUST_USE hats_status hats_record_salts(uint64_t *salts, size_t n, struct hats_error *err);

struct hats_record_commitment {
    uint8_t c_d[32];
    uint8_t fields_root[32]; /* F */
};
/* Bytes of scratch for records of n fields. */
size_t hats_record_scratch_bytes(uint32_t n_fields);
/* n_records <= HATS_RECORD_MANY of them, one after the other in fields and salts; quickest with that many.
 * n_fields <= HATS_SOURCE_MAX_FIELDS. scratch is wiped. */
void hats_record_commit(struct hats_record_commitment *out, const int64_t *fields,
                        uint32_t n_fields, const uint64_t *salts, size_t n_records, void *scratch);
void hats_record_leaf(uint8_t leaf[32], uint64_t index, const struct hats_record_commitment *c);

/* The salt of field i, and the leaf that it makes. */
void hats_field_salt(uint8_t out[HATS_FIELD_SALT_LEN], const uint64_t salt[HATS_ENCRYPTION_SALT],
                     uint32_t i);
void hats_field_leaf(uint8_t leaf[32], const uint8_t field_salt[HATS_FIELD_SALT_LEN], uint32_t i,
                     int64_t value);
/* The path of field i to F. scratch as above. */
HATS_MUST_USE hats_status hats_field_path(uint8_t path[HATS_TREE_PATH_MAX], size_t *path_len_bytes,
                                          const int64_t *fields, uint32_t n_fields,
                                          const uint64_t salt[HATS_ENCRYPTION_SALT], uint32_t i,
                                          void *scratch, struct hats_error *err);

#endif
