#include "statements/device_internal.h"

size_t hats_device_scratch_bytes(const struct hats_device_setup *s) {
    return s->stark.scratch_bytes;
}

hats_status hats_device_verify(const struct hats_device_public *pub, const uint8_t *proof,
                               size_t proof_len_bytes, struct hats_arena *scratch,
                               enum hats_stark_refusal *refusal, struct hats_error *err) {
    struct hats_device_work work;
    hats_device_work_init(&work, pub);
    return hats_stark_verify(&work.statement, proof, proof_len_bytes, scratch, refusal, err);
}
