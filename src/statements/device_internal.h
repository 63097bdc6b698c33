/* What the files of the device statement share, and its tests see (docs/FORMATS.md, section 10.2).
 *
 * 256 rows, thirteen columns. Columns 0 .. 11 are states of RPO, blocks of eight rows: seven rounds and what
 * comes out. Column 12 holds bits, and numbers built from bits.
 *
 *     rows     block
 *     0..7     nullifier, backwards: its input, in row 7, lies beside that of pk, and so they share sk
 *     8..15    pk
 *     16..23   first half of the leaf
 *     24..87   no permutation: the capacity and the leaf's facts stand still, so that row 88 can take
 *              them up; in columns 9, 10, 11 products over the policy's sets
 *     88..95   second half of the leaf
 *     96..255  twenty nodes up to the root, which is in row 255
 */
#ifndef HATS_STATEMENTS_DEVICE_INTERNAL_H
#define HATS_STATEMENTS_DEVICE_INTERNAL_H

#include "statements/device.h"

enum {
    HATS_DEVICE_LOG_N = 8,
    HATS_DEVICE_ROWS = 256,
    HATS_DEVICE_COLUMNS = 13,
    HATS_DEVICE_BITS = 12, /* the last column */
    HATS_DEVICE_BLOCK = 8,

    HATS_DEVICE_NF_IN = 7, /* rows */
    HATS_DEVICE_PK_IN = 8,
    HATS_DEVICE_PK_OUT = 15,
    HATS_DEVICE_LEAF_IN = 16,
    HATS_DEVICE_LEAF_MID = 23, /* the first half's output; begins the posture's bits */
    HATS_DEVICE_STILL = 24,    /* first row without a permutation */
    HATS_DEVICE_POSTURE = 55,  /* the posture is complete in the bits column */
    HATS_DEVICE_EXPIRY = 56,   /* not_after - now begins */
    HATS_DEVICE_LAST_STILL = 87,
    HATS_DEVICE_LEAF_IN2 = 88,
    HATS_DEVICE_LEAF_OUT = 95, /* and the bit of level 0 */
    HATS_DEVICE_PATH_IN = 96,
    HATS_DEVICE_ROOT = 255,

    /* Columns of the still rows. */
    HATS_DEVICE_AT_POSTURE = 4,
    HATS_DEVICE_AT_FIRMWARE = 5,
    HATS_DEVICE_AT_JURISDICTION = 6,
    HATS_DEVICE_AT_ASSURANCE = 7,
    HATS_DEVICE_AT_NOT_AFTER = 8,
    HATS_DEVICE_AT_PRODUCTS = 9, /* of firmware, jurisdiction, assurance */

    HATS_DEVICE_FACTORS = 4, /* of a product in one row */
    HATS_DEVICE_SETS = 3,
    HATS_DEVICE_PUBLICS = HATS_DEVICE_SETS * HATS_DEVICE_FACTORS + 1,
    HATS_DEVICE_PUBLIC_MASK = HATS_DEVICE_PUBLICS - 1,

    HATS_DEVICE_MAX_FIXED = HATS_AIR_MAX_FIXED,
};

_Static_assert((HATS_DEVICE_LAST_STILL - HATS_DEVICE_STILL) * HATS_DEVICE_FACTORS >=
                   HATS_DEVICE_SET_MAX,
               "a set fits into its product");

struct hats_device_setup {
    struct hats_air air;
    struct hats_stark_setup stark;
    unsigned n_fixed;
    uint64_t fixed[HATS_DEVICE_MAX_FIXED][HATS_DEVICE_ROWS];
};

#define HATS_DEVICE_PUBLIC_LEN_MAX (16 + 4 * 32 + 4 + 8 + 4 + 4 + 3 * (4 + 4 * HATS_DEVICE_SET_MAX))

/* What the callbacks of the engine work with; all public. */
struct hats_device_work {
    const struct hats_device_public *pub;
    struct hats_stark_statement statement;
    uint64_t rp[2];
    uint8_t public_bytes[HATS_DEVICE_PUBLIC_LEN_MAX];
};
void hats_device_work_init(struct hats_device_work *work, const struct hats_device_public *pub);

/* Public column c of a statement: all its rows. */
void hats_device_public_column(uint64_t out[HATS_DEVICE_ROWS], const struct hats_device_work *work,
                               unsigned c);

/* The set that product i runs over. */
const struct hats_device_set *hats_device_set_of(const struct hats_device_policy *policy,
                                                 unsigned i);

#endif
