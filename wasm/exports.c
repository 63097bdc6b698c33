/* What the module exports (README.md). */
#include "demo.h"
#include "stark/verify.h"

#define EXPORT(name) __attribute__((export_name(name)))

enum { NOT_A_STATEMENT = 255, PROOF_MAX = 128 * 1024, SCRATCH = 128 * 1024 };

static uint8_t proof_buffer[PROOF_MAX];
static _Alignas(64) uint8_t scratch[SCRATCH];

EXPORT("buffer") uint8_t *wasm_buffer(void);
EXPORT("capacity") uint32_t wasm_capacity(void);
EXPORT("verify") uint32_t wasm_verify(const uint8_t *proof, uint32_t len_bytes, uint64_t sum);
EXPORT("text") const char *wasm_text(uint32_t reason);

uint8_t *wasm_buffer(void) { return proof_buffer; }

uint32_t wasm_capacity(void) { return sizeof proof_buffer; }

uint32_t wasm_verify(const uint8_t *proof, uint32_t len_bytes, uint64_t sum) {
    static struct hats_demo demo;
    struct hats_arena arena;
    enum hats_stark_refusal refusal = HATS_STARK_REFUSAL_COUNT;
    if (hats_demo_init(&demo, sum, NULL) != HATS_OK || demo.setup.scratch_bytes > sizeof scratch)
        return NOT_A_STATEMENT;
    hats_arena_init(&arena, scratch, sizeof scratch);
    if (hats_stark_verify(&demo.statement, proof, len_bytes, &arena, &refusal, NULL) == HATS_OK)
        return HATS_STARK_ACCEPTED;
    return refusal;
}

const char *wasm_text(uint32_t reason) {
    return reason == NOT_A_STATEMENT ? "no such statement"
                                     : hats_stark_refusal_name((enum hats_stark_refusal)reason);
}
