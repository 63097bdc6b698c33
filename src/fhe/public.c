#include "fhe/internal.h"

#include "base/arena.h"
#include "field/field.h"

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
    pk->b0 = (uint64_t *)(void *)((uint8_t *)pk + HATS_ALIGN);
    pk->b0_hat = pk->b0 + n;
    status = hats_fhe_words(pk->b0, words, n, err);
    if (status != HATS_OK) {
        status = hats_fail_in(err, status, "public key");
        goto done;
    }
    memcpy(pk->b0_hat, pk->b0, n * sizeof *pk->b0);
    hats_ntt_forward(ntt, pk->b0_hat);
    *out = pk;
    pk = NULL;
done:
    hats_fhe_public_free(pk);
    return status;
}

void hats_fhe_public_free(struct hats_fhe_public *pk) { hats_free(pk); }

/* One block: the struct in the first cache line, then b0 and its transform. */
_Static_assert(sizeof(struct hats_fhe_public) <= HATS_ALIGN, "the struct fits one cache line");

size_t hats_fhe_public_memory(uint32_t set_id) {
    return HATS_ALIGN + 2 * hats_fhe_set_n(set_id) * sizeof(uint64_t);
}
