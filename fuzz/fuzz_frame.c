#include "fuzz.h"
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    static const uint8_t sid[32] = {0}, p[HATS_FRAME_P_LEN] = {0}, r[32] = {0};
    static const uint8_t table[2][HATS_FRAME_VALUE_LEN];
    const struct hats_frame_session session = {sid, p, table[0], 2};
    struct hats_frame frame;
    struct hats_frame_check check;
    struct hats_error err;
    uint8_t again[HATS_FRAME_LEN];

    bool decodes = hats_frame_decode(&frame, data, len_bytes, &err) == HATS_OK;
    if (decodes) {
        hats_frame_encode(again, &frame);
        require(len_bytes == sizeof again && memcmp(again, data, len_bytes) == 0,
                "a decoded frame is encoded to the same bytes");
    }
    enum hats_frame_refusal refusal = hats_frame_begin(&check, data, len_bytes, &session, r);
    require(decodes == (refusal != HATS_FRAME_R_LENGTH && refusal != HATS_FRAME_R_HEADER),
            "what does not decode is refused for it");
    require(refusal != HATS_FRAME_ACCEPTED || check.frame.index < session.n_calls,
            "an index beyond the session is refused");
    return 0;
}
