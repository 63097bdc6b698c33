#include "fuzz.h"
#include "wire/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_challenge challenge;
    struct hats_error err;
    uint8_t again[HATS_CHALLENGE_MAX_BYTES], rp_id[32];
    size_t again_len = 0;

    if (hats_challenge_asked(rp_id, data, len_bytes, &err) == HATS_OK) {
        hats_challenge_ask(again, &again_len, rp_id);
        require(again_len == len_bytes && memcmp(again, data, len_bytes) == 0,
                "a decoded question is encoded to the same bytes");
    }
    if (hats_challenge_decode(&challenge, data, len_bytes, &err) == HATS_OK) {
        hats_challenge_encode(again, &again_len, &challenge);
        require(again_len == len_bytes && memcmp(again, data, len_bytes) == 0,
                "a decoded challenge is encoded to the same bytes");
    }
    return 0;
}
