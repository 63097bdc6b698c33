#include "fuzz.h"
#include "wire/registration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_registration registration;
    struct hats_error err;

    if (hats_registration_decode(&registration, data, len_bytes, &err) != HATS_OK)
        return 0;
    require(registration.public_key >= data &&
                registration.public_key + registration.public_key_len <= data + len_bytes,
            "the public key lies in the body");
    require(memchr(registration.origin, 0, sizeof registration.origin) != NULL, "the origin ends");
    return 0;
}
