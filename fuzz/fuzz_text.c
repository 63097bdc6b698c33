#include "base/text.h"
#include "fuzz.h"

/* The first byte chooses how much room the decoder gets. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    uint8_t decoded[256];
    char again[2 * sizeof decoded + 3];
    size_t n = 0;
    uint64_t number = 0;

    if (len_bytes == 0)
        return 0;
    const char *text = (const char *)data + 1;
    size_t text_len = len_bytes - 1;
    if (hats_base64url_decode(decoded, data[0], &n, text, text_len)) {
        require(n <= data[0], "no more is written than there is room");
        hats_base64url_encode(again, decoded, n);
        require(strlen(again) == text_len && memcmp(again, text, text_len) == 0,
                "base64url has one spelling");
    }
    if (hats_hex_decode(decoded, data[0], text, text_len))
        require(text_len == 2 * (size_t)data[0], "two digits a byte");
    if (hats_parse_u64(&number, text, text_len)) {
        int digits = snprintf(again, sizeof again, "%llu", (unsigned long long)number);
        require(digits == (int)text_len && memcmp(again, text, text_len) == 0,
                "a number has one spelling");
    }
    return 0;
}
