#include "evidence/trust.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_trust trust;
    struct hats_error err;
    struct hats_buffer again;

    hats_trust_init(&trust);
    if (hats_trust_load(&trust, data, len_bytes, &err) == HATS_OK) {
        hats_buffer_init(&again, len_bytes);
        require(hats_trust_encode(&again, &trust, &err) == HATS_OK, "a trust set can be encoded");
        require_same(&again, data, len_bytes);
        hats_buffer_clear(&again);
    } else {
        require(trust.n_keys == 0, "a refused document adds no key");
    }
    hats_trust_clear(&trust);
    return 0;
}
