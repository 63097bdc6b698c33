#include "fuzz.h"
#include "model/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_plan *plan = NULL;
    struct hats_error err;
    struct hats_buffer again;

    if (hats_plan_decode(&plan, data, len_bytes, &err) != HATS_OK)
        return 0;
    hats_buffer_init(&again, HATS_PLAN_MAX_BYTES);
    require(hats_plan_encode(&again, plan, &err) == HATS_OK, "a decoded plan can be encoded");
    require_same(&again, data, len_bytes);
    hats_buffer_clear(&again);
    hats_plan_free(plan);
    return 0;
}
