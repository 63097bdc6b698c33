/* What every fuzz target shares.
 *
 * A target hands hostile bytes to a decoder. That the decoder survives is for the sanitizers to see; what
 * the target adds is the law of our formats: what a decoder accepts, its encoder writes again, byte for
 * byte. `require` ends the program, in release builds too.
 */
#ifndef HATS_FUZZ_FUZZ_H
#define HATS_FUZZ_FUZZ_H

#include "base/cursor.h"
#include "base/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static inline void require(bool holds, const char *law) {
    if (!holds) {
        fprintf(stderr, "law broken: %s\n", law);
        abort();
    }
}

static inline void require_same(const struct hats_buffer *again, const uint8_t *data,
                                size_t len_bytes) {
    require(!again->failed, "what was decoded can be encoded");
    require(again->len == len_bytes && memcmp(again->data, data, len_bytes) == 0,
            "what was decoded is encoded to the same bytes");
}

#endif
