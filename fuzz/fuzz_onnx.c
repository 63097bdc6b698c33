#include "fuzz.h"
#include "model/onnx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_graph *graph = NULL;
    struct hats_error err;
    bool scanned = hats_onnx_scan(data, len_bytes, HATS_ONNX_MAX_NESTING, &err) == HATS_OK;

    if (hats_onnx_import(&graph, data, len_bytes, &err) == HATS_OK)
        require(scanned, "nothing is imported that the scan refuses");
    hats_graph_free(graph);
    return 0;
}
