/* One field of one record, shown to somebody without the others: `*.disclosure.cbor`.
 *
 *     1 version = 1 | 2 signed root, the file | 3 schema, its encoding | 4 index of the record | 5 C_D b32 |
 *     6 F b32 | 7 path of the record | 8 index of the field | 9 value | 10 salt of the field (16) |
 *     11 path of the field
 *
 * It holds because the source signed F beside C_D in one leaf (provenance/record.h). Salt and path tell nothing
 * about the other fields. Whoever knows C_D from a receipt can see that it is the record of that call.
 */
#ifndef HATS_PROVENANCE_DISCLOSURE_H
#define HATS_PROVENANCE_DISCLOSURE_H

#include "provenance/bundle.h"

struct hats_disclosure {
    struct hats_source_root root;
    const struct hats_trust_key *source;
    struct hats_source_schema *schema; /* owned */
    uint64_t index;
    uint8_t c_d[32];
    uint32_t field;
    int64_t value;
};
void hats_disclosure_clear(struct hats_disclosure *d);

/* root_file: the signed root of the table that o opens. HATS_E_RANGE: no such record or field; HATS_E_VERIFY:
 * another table's root. */
HATS_MUST_USE hats_status hats_disclosure_make(struct hats_buffer *out, struct hats_openings *o,
                                               uint64_t index, uint32_t field,
                                               const uint8_t *root_file, size_t root_len_bytes,
                                               struct hats_error *err);
/* HATS_OK: the source, which is trusted, signed a table in which this field of this record has this value.
 * HATS_E_MALFORMED, HATS_E_VERIFY, HATS_E_TRUST. Clear *out afterwards, whatever came back. */
HATS_MUST_USE hats_status hats_disclosure_verify(struct hats_disclosure *out, const uint8_t *bytes,
                                                 size_t len_bytes, const struct hats_trust *trust,
                                                 uint64_t now_ms, struct hats_error *err);

#endif
