#include "statements/rns_internal.h"

size_t hats_rns_scratch_bytes(const struct hats_rns_setup *s) {
    return hats_rns_work_bytes(s) + s->stark.scratch_bytes + HATS_ALIGN;
}

hats_status hats_rns_verify(const struct hats_rns_public *pub, const uint8_t *proof,
                            size_t proof_len_bytes, struct hats_arena *scratch,
                            enum hats_stark_refusal *refusal, struct hats_error *err) {
    struct hats_rns_work work;
    size_t used = scratch->used;
    if (refusal != NULL)
        *refusal = HATS_STARK_ACCEPTED;
    hats_status status = hats_rns_work_init(&work, scratch, pub, err);
    if (status == HATS_OK) {
        status = hats_stark_verify(&work.statement, proof, proof_len_bytes, scratch, refusal, err);
        hats_rns_work_clear(&work);
    }
    scratch->used = used;
    return status;
}
