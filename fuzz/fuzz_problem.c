#include "fuzz.h"
#include "wire/problem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_error err;

    require(hats_problem_to_error(&err, 400, data, len_bytes) != HATS_OK,
            "a refusal is never taken for an answer");
    return 0;
}
