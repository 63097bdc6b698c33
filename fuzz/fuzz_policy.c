#include "fuzz.h"
#include "wire/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    static struct hats_policy policy;
    struct hats_buffer again;
    struct hats_error err;

    if (hats_policy_decode(&policy, data, len_bytes, &err) != HATS_OK)
        return 0;
    hats_buffer_init(&again, HATS_POLICY_MAX_BYTES);
    require(hats_policy_encode(&again, &policy, &err) == HATS_OK, "what decodes can be encoded");
    require_same(&again, data, len_bytes);
    hats_buffer_clear(&again);
    return 0;
}
