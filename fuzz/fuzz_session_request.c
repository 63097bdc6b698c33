#include "fuzz.h"
#include "wire/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_session_request request;
    struct hats_error err;

    if (hats_session_request_decode(&request, data, len_bytes, &err) != HATS_OK)
        return 0;
    require(request.block_bytes >= data &&
                request.block_bytes + HATS_SESSION_BLOCK_LEN <= data + len_bytes,
            "the block lies in the body");
    require(request.owner > request.signature && request.owner < data + len_bytes,
            "signature and key lie in the body, in order");
    return 0;
}
