/* The head of an item [RFC8949, 3]: major type, and the argument in its shortest form. */
#ifndef HATS_CBOR_HEAD_H
#define HATS_CBOR_HEAD_H

#include "base/cursor.h"

enum cbor_major {
    CBOR_UINT = 0,
    CBOR_NINT = 1,
    CBOR_BYTES = 2,
    CBOR_TEXT = 3,
    CBOR_ARRAY = 4,
    CBOR_MAP = 5,
    CBOR_TAG = 6,
    CBOR_SIMPLE = 7,
};

#define CBOR_FALSE 20
#define CBOR_TRUE 21
#define CBOR_NULL 22

enum cbor_fault {
    CBOR_FINE = 0,
    CBOR_TRUNCATED,
    CBOR_LONG,       /* a shorter head says the same */
    CBOR_INDEFINITE, /* no length, or a break */
    CBOR_RESERVED,   /* additional information 28 .. 30 */
    CBOR_FLOAT,
    CBOR_OTHER_SIMPLE,
};

struct cbor_head {
    enum cbor_major major;
    uint64_t argument;
};

/* Takes a head of the profile; on a fault the cursor may have moved. */
enum cbor_fault hats_cbor_read_head(struct hats_reader *r, struct cbor_head *out);

#endif
