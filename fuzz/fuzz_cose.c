#include "evidence/cose.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_cose file;
    struct hats_error err;
    static const uint8_t no_key[HATS_MLDSA_PUBLIC_MAX];

    if (hats_cose_parse(&file, data, len_bytes, NULL, &err) != HATS_OK)
        return 0;
    require(file.payload >= data && file.payload + file.payload_len <= data + len_bytes,
            "the payload lies in the file");
    require(file.signature >= data && file.signature + file.signature_len <= data + len_bytes,
            "the signature lies in the file");
    require(hats_cose_verify(&file, no_key, sizeof no_key, &err) != HATS_OK,
            "nothing is signed by a key of zeros");
    return 0;
}
