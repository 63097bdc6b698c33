#include "fuzz.h"
#include "wire/oip.h"

/* The first two bytes say how long the JSON header is; the rest is the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_oip_tensor wanted[] = {{.name = "hats.core"}, {.name = "hats.ciphertext"}};
    struct hats_error err;
    char id[64];

    if (len_bytes < 2)
        return 0;
    size_t json_len = (size_t)data[0] << 8 | data[1];
    const uint8_t *body = data + 2;
    size_t body_len = len_bytes - 2;
    if (hats_oip_parse(wanted, 2, 2, id, "inputs", body, body_len, json_len, &err) != HATS_OK)
        return 0;
    require(memchr(id, 0, sizeof id) != NULL, "the id ends");
    for (int i = 0; i < 2; i++) {
        require(wanted[i].data >= body && wanted[i].len_bytes <= body_len &&
                    wanted[i].data + wanted[i].len_bytes <= body + body_len,
                "a tensor lies in the body");
    }
    return 0;
}
