#include "fhe/linear.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_fhe_public *key = NULL;
    struct hats_error err;
    uint8_t kid[HATS_KID_LEN];

    if (hats_fhe_public_decode(&key, data, len_bytes, &err) == HATS_OK)
        require(hats_fhe_kid(kid, data, len_bytes, &err) == HATS_OK, "an accepted key has an id");
    hats_fhe_public_free(key);
    return 0;
}
