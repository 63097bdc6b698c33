#include "fuzz.h"
#include "pq/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_cert_info info;
    struct hats_error err;

    if (hats_cert_read(&info, data, len_bytes, &err) != HATS_OK)
        return 0;
    require(memchr(info.subject, 0, sizeof info.subject) != NULL, "the subject ends");
    require(memchr(info.issuer, 0, sizeof info.issuer) != NULL, "the issuer ends");
    return 0;
}
