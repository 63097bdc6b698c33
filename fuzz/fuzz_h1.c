#include "fuzz.h"
#include "http/h1.h"

/* The whole at once and byte by byte must come to the same end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    enum { max_bytes = 16384 };
    struct hats_http_h1_head head, piecewise;
    enum hats_http_refusal why, why_piecewise;
    size_t scanned = 0;
    enum hats_http_h1_progress progress = hats_http_h1_parse(&head, &why, &scanned, data, len_bytes,
                                                             max_bytes, HATS_HTTP_H1_FIELDS_MAX);

    if (progress == HATS_HTTP_H1_COMPLETE) {
        const char *end = (const char *)data + head.len_bytes;
        require(head.len_bytes <= len_bytes, "the head lies in what arrived");
        require(head.target.at + head.target.len <= end, "the target lies in the head");
        for (size_t i = 0; i < head.n_fields; i++)
            require(head.values[i].at + head.values[i].len <= end, "a field lies in the head");
    }
    enum hats_http_h1_progress stepwise = HATS_HTTP_H1_MORE;
    scanned = 0;
    for (size_t n = 1; n <= len_bytes && n <= 2048 && stepwise == HATS_HTTP_H1_MORE; n++)
        stepwise = hats_http_h1_parse(&piecewise, &why_piecewise, &scanned, data, n, max_bytes,
                                      HATS_HTTP_H1_FIELDS_MAX);
    if (len_bytes <= 2048)
        require((stepwise == HATS_HTTP_H1_COMPLETE) == (progress == HATS_HTTP_H1_COMPLETE),
                "how the bytes arrive changes nothing");
    return 0;
}
