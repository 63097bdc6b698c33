#include "fuzz.h"
#include "wire/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_core core;
    struct hats_error err;
    uint8_t again[HATS_CORE_MAX_BYTES];
    size_t again_len = 0;

    if (hats_core_decode(&core, data, len_bytes, &err) != HATS_OK)
        return 0;
    hats_core_encode(again, &again_len, &core);
    require(again_len == len_bytes && memcmp(again, data, len_bytes) == 0,
            "a decoded core is encoded to the same bytes");
    return 0;
}
