#include "fuzz.h"
#include "provenance/bundle.h"
#include "provenance/disclosure.h"
#include "provenance/render.h"

/* Bytes are evidence, or a disclosure; nothing is trusted, so nothing may hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    static struct hats_provenance_verdict verdict;
    struct hats_provenance_bundle bundle;
    struct hats_disclosure disclosure;
    struct hats_trust nobody = {0};
    struct hats_provenance_request request = {.now_ms = 1790000000000};
    struct hats_provenance_policy policy = {.trust = &nobody};
    struct hats_buffer out;
    struct hats_error err;

    require(hats_disclosure_verify(&disclosure, data, len_bytes, &nobody, request.now_ms, &err) !=
                HATS_OK,
            "nobody's disclosure holds");
    require(hats_provenance_verify(&verdict, data, len_bytes, &request, &policy, &err) != HATS_OK,
            "nobody's evidence holds");
    hats_buffer_init(&out, 1u << 22);
    hats_provenance_text(&out, &verdict);
    hats_provenance_json(&out, &verdict);
    hats_lineage_svg(&out, &verdict.lineage);
    hats_lineage_prov_json(&out, &verdict.lineage);
    hats_buffer_clear(&out);
    if (hats_provenance_bundle_decode(&bundle, data, len_bytes, &err) != HATS_OK)
        return 0;
    hats_buffer_init(&out, HATS_PROVENANCE_BUNDLE_MAX_BYTES);
    require(hats_provenance_bundle_encode(&out, &bundle, &err) == HATS_OK, "it can be encoded");
    require_same(&out, data, len_bytes);
    hats_buffer_clear(&out);
    return 0;
}
