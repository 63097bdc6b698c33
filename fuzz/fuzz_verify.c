#include "evidence/receipt.h"
#include "evidence/render.h"
#include "fuzz.h"

/* `hats verify` on any file at all, by a reader who trusts nobody: a report, and never "holds". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_report report;
    struct hats_trust nobody;
    struct hats_error err;

    hats_trust_init(&nobody);
    require(hats_receipt_verify(&report, data, len_bytes, &nobody, 1800000000000, &err) != HATS_OK,
            "no file holds for a reader who trusts nobody");
    require(hats_report_exit_code(&report, false) != 0, "and the exit code says so");
    hats_trust_clear(&nobody);
    return 0;
}
