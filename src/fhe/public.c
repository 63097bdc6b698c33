#include "fhe/internal.h"

#include "base/arena.h"
#include "field/field.h"
#include "ring/kernels.h"

hats_status hats_fhe_public_decode(struct hats_fhe_public **out, const uint8_t *bytes,
                                   size_t len_bytes, struct hats_error *err) {
    const uint8_t *words;
    uint32_t set_id;
    struct hats_fhe_public *pk = NULL;
    hats_status status = hats_fhe_public_key_open(&words, &set_id, bytes, len_bytes, err);
    if (status != HATS_OK)
        return status;
    size_t n = hats_fhe_set_n(set_id);
    const struct hats_ntt *ntt = hats_ntt_shared((unsigned)__builtin_ctzll(n));
    pk = hats_alloc(hats_fhe_public_memory(set_id));
    if (pk == NULL || ntt == NULL) {
        status = hats_fail(err, HATS_E_MEMORY, "no memory for a public key");
        goto done;
    }
    pk->set_id = set_id;
    pk->b0_hat = (uint64_t *)(void *)((uint8_t *)pk + HATS_ALIGN);
    pk->b0_planes = (int16_t *)(void *)(pk->b0_hat + n);
    status = hats_fhe_words(pk->b0_hat, words, n, err);
    if (status != HATS_OK) {
        status = hats_fail_in(err, status, "public key");
        goto done;
    }
    hats_ring_kernels()->split(pk->b0_planes, pk->b0_hat, n);
    hats_ntt_forward(ntt, pk->b0_hat);
    *out = pk;
    pk = NULL;
done:
    hats_fhe_public_free(pk);
    return status;
}

void hats_fhe_public_free(struct hats_fhe_public *pk) { hats_free(pk); }

/* One block: the struct in the first cache line, then the two forms of b0. */
_Static_assert(sizeof(struct hats_fhe_public) <= HATS_ALIGN, "the struct fits one cache line");

size_t hats_fhe_public_memory(uint32_t set_id) {
    return HATS_ALIGN + 2 * hats_fhe_set_n(set_id) * sizeof(uint64_t);
}
