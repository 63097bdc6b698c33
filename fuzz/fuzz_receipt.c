#include "evidence/receipt.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_receipt receipt;
    struct hats_error err;
    struct hats_buffer again;

    if (hats_receipt_decode(&receipt, data, len_bytes, &err) != HATS_OK)
        return 0;
    hats_buffer_init(&again, HATS_RECEIPT_MAX_BYTES);
    require(hats_receipt_encode(&again, &receipt, &err) == HATS_OK,
            "decoded claims can be encoded");
    require_same(&again, data, len_bytes);
    hats_buffer_clear(&again);
    return 0;
}
