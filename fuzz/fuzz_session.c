#include "fuzz.h"
#include "wire/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_session_block block;
    struct hats_error err;
    uint8_t again[HATS_SESSION_BLOCK_LEN];

    if (hats_session_block_decode(&block, data, len_bytes, &err) != HATS_OK)
        return 0;
    hats_session_block_encode(again, &block);
    require(len_bytes == sizeof again && memcmp(again, data, len_bytes) == 0,
            "a decoded block is encoded to the same bytes");
    return 0;
}
