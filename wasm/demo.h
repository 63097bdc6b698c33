/* A statement to try the verifier on: "I know 256 bytes, and their sum is y". The proof shows the sum and
 * hides the bytes.
 *
 *   x   a byte: looked up in the table 0 .. 255
 *   s   the sum of the bytes before: 0 in the first row, s' = s + x, s + x = y in the last
 *   m   how often each byte occurs
 *
 * and, once more, that the sum of gamma x over all rows is gamma y: so that the demo has every kind of column.
 */
#ifndef HATS_WASM_DEMO_H
#define HATS_WASM_DEMO_H

#include "stark/setup.h"

#define HATS_DEMO_LOG_ROWS 8
#define HATS_DEMO_ROWS 256
#define HATS_DEMO_SUITE HATS_STARK_S128_SESSION

enum hats_demo_column { HATS_DEMO_X, HATS_DEMO_S, HATS_DEMO_M, HATS_DEMO_COLUMNS };

struct hats_demo {
    struct hats_air air;
    struct hats_stark_setup setup;
    struct hats_stark_statement statement; /* points into this struct */
    uint64_t sum;
    uint8_t public_bytes[8]; /* sum */
};

/* HATS_E_RANGE: more than 256 bytes can sum to. */
HATS_MUST_USE hats_status hats_demo_init(struct hats_demo *demo, uint64_t sum,
                                         struct hats_error *err);

#endif
