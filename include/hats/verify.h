/* Checking evidence offline: libhats-verify (and libhats).
 *
 * Everything is passed in and nothing is opened: bytes of a receipt, bytes of the key sets that you
 * believe, the time. What a receipt proves and what it only asserts is in the report; docs/SECURITY.md
 * says what the words mean.
 *
 *     struct hats_verify_result r;
 *     if (hats_verify_receipt(&r, receipt, receipt_len, keys, keys_len, 0) == 0)
 *         puts(r.report);
 *     hats_verify_result_clear(&r);
 */
#ifndef HATS_VERIFY_H
#define HATS_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hats_verify_result {
    int code;          /* as returned */
    char reason[512];  /* a sentence; "" when code is 0 */
    char *report;      /* JSON: signer, claims, the seven requirements; zero-terminated */
    size_t report_len; /* bytes without the final zero */
};

/* keys: a COSE_KeySet (*.keys.cose) obtained by a way you believe, not with the receipt. now_ms: time
 * of the check in milliseconds since 1970; 0 takes the system's clock.
 *
 * 0 the signature holds and the signer is trusted; 1 verification failed, whatever the reason; 4 the
 * signer is not trusted; 5 memory; 7 there is nothing to verify in these bytes. */
int hats_verify_receipt(struct hats_verify_result *out, const uint8_t *receipt, size_t receipt_len,
                        const uint8_t *keys, size_t keys_len, uint64_t now_ms);
void hats_verify_result_clear(struct hats_verify_result *result);

#ifdef __cplusplus
}
#endif

#endif
