#include "evidence/logged.h"
#include "evidence/receipt.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_cose file;
    struct hats_logged logged;
    struct hats_buffer sealed, again;

    if (hats_cose_parse_open(&file, data, len_bytes, HATS_TYPE_RECEIPT, NULL) != HATS_OK ||
        hats_logged_parse(&logged, &file, NULL) != HATS_OK || len_bytes > HATS_RECEIPT_MAX_BYTES)
        return 0;
    hats_buffer_init(&sealed, len_bytes);
    hats_buffer_init(&again, len_bytes);
    require(hats_logged_strip(&sealed, data, len_bytes, NULL) == HATS_OK,
            "a place can be taken out");
    require(hats_logged_attach(&again, sealed.data, sealed.len, &logged, NULL) == HATS_OK,
            "and put in again");
    require_same(&again, data, len_bytes);
    hats_buffer_clear(&sealed);
    hats_buffer_clear(&again);
    return 0;
}
