#include "base/arena.h"
#include "fuzz.h"
#include "model/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    int32_t *w = NULL;
    int64_t *bias = NULL;
    uint32_t set_id = 0, d = 0, k = 0;
    struct hats_error err;
    struct hats_buffer again;

    if (hats_weights_decode(&w, &bias, &set_id, &d, &k, data, len_bytes, &err) != HATS_OK)
        return 0;
    hats_buffer_init(&again, len_bytes);
    require(hats_weights_encode(&again, set_id, d, k, w, bias, &err) == HATS_OK,
            "decoded weights can be encoded");
    require_same(&again, data, len_bytes);
    hats_buffer_clear(&again);
    hats_free(w);
    hats_free(bias);
    return 0;
}
