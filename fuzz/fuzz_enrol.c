#include "enrol/enrol.h"
#include "fuzz.h"

/* The first byte says which message the others are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_enrol_hello hello;
    struct hats_enrol_challenge challenge;
    struct hats_enrol_answer answer;
    struct hats_buffer again;
    struct hats_error err;
    size_t covered, n = len_bytes > 0 ? len_bytes - 1 : 0;
    hats_status s = HATS_E_MALFORMED;
    if (len_bytes == 0)
        return 0;
    hats_buffer_init(&again, HATS_ENROL_ANSWER_MAX + 16384);
    if (data[0] % 3 == 0) {
        if (hats_enrol_hello_decode(&hello, data + 1, n, &err) == HATS_OK)
            s = hats_enrol_hello_encode(&again, &hello, &err);
    } else if (data[0] % 3 == 1) {
        if (hats_enrol_challenge_decode(&challenge, data + 1, n, &err) == HATS_OK)
            s = hats_enrol_challenge_encode(&again, &challenge, &err);
    } else if (hats_enrol_answer_decode(&answer, &covered, data + 1, n, &err) == HATS_OK) {
        require(covered < n, "the mac comes after what it covers");
        s = hats_enrol_answer_encode(&again, &answer, &err);
    }
    if (s == HATS_OK)
        require_same(&again, data + 1, n);
    hats_buffer_clear(&again);
    return 0;
}
