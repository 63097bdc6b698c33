#include "bundle/bundle.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nobody is trusted, so what decodes gets as far as the receipt; what decodes encodes to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct hats_report report;
    struct hats_bundle bundle;
    struct hats_trust trust;
    struct hats_buffer again;
    if (hats_bundle_decode(&bundle, data, size, NULL) != HATS_OK)
        return 0;
    hats_trust_init(&trust);
    hats_buffer_init(&again, HATS_BUNDLE_MAX_BYTES);
    if (hats_bundle_encode(&again, &bundle, NULL) != HATS_OK || again.len != size ||
        memcmp(again.data, data, size) != 0)
        abort();
    if (hats_bundle_verify(&report, &bundle, &trust, 1, NULL) == HATS_OK)
        abort();
    hats_buffer_clear(&again);
    hats_trust_clear(&trust);
    return 0;
}
