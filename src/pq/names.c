#include "pq/names.h"

#include <openssl/err.h>

const char *const hats_pq_names[] = {PQ_ML_DSA_44, PQ_ML_DSA_65, PQ_ML_DSA_87, PQ_SHA256, NULL};

hats_status hats_pq_fail(struct hats_error *err, hats_status s, const char *what) {
    unsigned long code = ERR_get_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return hats_fail(err, s, "%s: %s", what,
                     reason != NULL ? reason : "no reason given by libcrypto");
}
