/* What the files of the key statement share, and its tests see (docs/FORMATS.md, section 9.2). */
#ifndef HATS_STATEMENTS_KEY_INTERNAL_H
#define HATS_STATEMENTS_KEY_INTERNAL_H

#include "statements/key.h"
#include "statements/noise.h"

#include <pthread.h>

/* Columns s, e0, bits, multiplicities. Bits, by row: sum e0^2 above its window's lower end; sum s^2 above
 * `lo`; sum s^2 below `hi`. */
enum hats_key_column {
    HATS_KEY_S,
    HATS_KEY_E0,
    HATS_KEY_BITS,
    HATS_KEY_MULTIPLICITIES,
    HATS_KEY_COLUMNS
};
#define HATS_KEY_WEIGHT_BITS 10
#define HATS_KEY_WINDOW_BITS HATS_NOISE_WINDOW_BITS(12) /* N = 4096 */
#define HATS_KEY_ABOVE_AT HATS_KEY_WINDOW_BITS
#define HATS_KEY_BELOW_AT (HATS_KEY_ABOVE_AT + HATS_KEY_WEIGHT_BITS)
#define HATS_KEY_USED_BITS (HATS_KEY_BELOW_AT + HATS_KEY_WEIGHT_BITS)

struct hats_key_setup {
    uint32_t set_id, n;
    uint32_t lo, hi; /* of sum s^2: ceil(3N/5), floor(73N/100) */
    uint64_t *a0, *table_values, *table_tags;
    struct hats_air air;
    struct hats_stark_setup stark;
};

#define HATS_KEY_PUBLIC_LEN (16 + 4 + 32 + HATS_KEY_NONCE_LEN)

/* What the callbacks of the engine work with; all public. */
struct hats_key_work {
    struct hats_key_work *self; /* the engine's ctx points here */
    const struct hats_key_public *pub;
    struct hats_stark_statement statement;
    uint8_t public_bytes[HATS_KEY_PUBLIC_LEN];
    pthread_mutex_t lock;                    /* callbacks come from several threads */
    uint64_t *b0;                            /* [N] */
    struct hats_fp3_vec powers, batch, room; /* [N] */
};

/* As those of the encryption statement. */
size_t hats_key_work_bytes(const struct hats_key_setup *setup);
HATS_MUST_USE hats_status hats_key_work_init(struct hats_key_work *w, struct hats_arena *arena,
                                             const struct hats_key_public *pub,
                                             struct hats_error *err);
void hats_key_work_clear(struct hats_key_work *w);

#endif
