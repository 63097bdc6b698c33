/* include/hats/verify.h on top of receipt.h. */
#include "hats/verify.h"

#include "base/arena.h"
#include "base/random.h"
#include "evidence/receipt.h"
#include "evidence/render.h"

#include <stdio.h>
#include <string.h>

#define REPORT_MAX (256u << 10) /* bytes of JSON */

static hats_status check(struct hats_report *report, struct hats_buffer *json,
                         const uint8_t *receipt, size_t receipt_len, const uint8_t *keys,
                         size_t keys_len, uint64_t now_ms, struct hats_error *err) {
    struct hats_trust trust;
    hats_trust_init(&trust);
    hats_status s = HATS_OK;
    if (keys_len != 0)
        s = hats_trust_load(&trust, keys, keys_len, err);
    if (s != HATS_OK) {
        s = hats_fail_in(err, s, "key set");
        report->status = s;
    } else {
        s = hats_receipt_verify(report, receipt, receipt_len, &trust,
                                now_ms != 0 ? now_ms : hats_now_ms(), err);
        hats_report_json(json, report);
    }
    hats_trust_clear(&trust);
    return s;
}

int hats_verify_receipt(struct hats_verify_result *out, const uint8_t *receipt, size_t receipt_len,
                        const uint8_t *keys, size_t keys_len, uint64_t now_ms) {
    struct hats_error err = {0};
    struct hats_buffer json;
    struct hats_report *report = hats_alloc(sizeof *report);
    *out = (struct hats_verify_result){.code = hats_status_exit_code(HATS_E_MEMORY)};
    if (report == NULL) {
        snprintf(out->reason, sizeof out->reason, "no memory to check a receipt");
        return out->code;
    }
    hats_buffer_init(&json, REPORT_MAX);
    hats_status s = check(report, &json, receipt, receipt_len, keys, keys_len, now_ms, &err);
    hats_buffer_append(&json, "", 1);
    out->code = hats_report_exit_code(report, false);
    if (s != HATS_OK)
        snprintf(out->reason, sizeof out->reason, "%s", err.text);
    if (!json.failed && (out->report = hats_alloc(json.len)) != NULL) {
        memcpy(out->report, json.data, json.len);
        out->report_len = json.len - 1;
    } else {
        out->code = hats_status_exit_code(HATS_E_MEMORY);
    }
    hats_buffer_clear(&json);
    hats_free(report);
    return out->code;
}

void hats_verify_result_clear(struct hats_verify_result *result) {
    hats_free(result->report);
    *result = (struct hats_verify_result){0};
}
