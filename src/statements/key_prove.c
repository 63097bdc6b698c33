#include "statements/key_prove.h"

#include "base/arena.h"
#include "base/ct.h"
#include "ring/kernels.h"
#include "statements/key_internal.h"

static void put_bits(uint64_t *bits, unsigned n, uint64_t value) {
    for (unsigned i = 0; i < n; i++)
        bits[i] = value >> i & 1;
}

size_t hats_key_trace_words(const struct hats_key_setup *s) {
    return (size_t)HATS_KEY_COLUMNS * s->n;
}

hats_status hats_key_fill(uint64_t *trace, const struct hats_key_setup *setup, const int8_t *s,
                          const int8_t *e0, struct hats_error *err) {
    size_t n = setup->n, len_bytes = hats_key_trace_words(setup) * sizeof *trace;
    uint64_t *bits = trace + HATS_KEY_BITS * n;
    uint64_t weight = 0, bad;
    memset(trace, 0, len_bytes);
    hats_ring_kernels()->from_small(trace + HATS_KEY_S * n, s, n);
    hats_ring_kernels()->from_small(trace + HATS_KEY_E0 * n, e0, n);
    bad = hats_noise_count(trace + HATS_KEY_MULTIPLICITIES * n, e0, n);
    for (size_t j = 0; j < n; j++) {
        weight += (uint64_t)(s[j] * s[j]);
        bad |= (uint64_t)(s[j] * s[j] > 1);
    }
    uint64_t slack = hats_noise_slack(e0, n);
    bad |= slack >> HATS_KEY_WINDOW_BITS;
    bad |= (weight - setup->lo) >> HATS_KEY_WEIGHT_BITS;
    bad |= (setup->hi - weight) >> HATS_KEY_WEIGHT_BITS;
    put_bits(bits, HATS_KEY_WINDOW_BITS, slack);
    put_bits(bits + HATS_KEY_ABOVE_AT, HATS_KEY_WEIGHT_BITS, weight - setup->lo);
    put_bits(bits + HATS_KEY_BELOW_AT, HATS_KEY_WEIGHT_BITS, setup->hi - weight);
    HATS_PUBLIC(&bad, sizeof bad);
    if (bad == 0)
        return HATS_OK;
    hats_wipe(trace, len_bytes);
    return hats_fail(err, HATS_E_RANGE,
                     "the key is not of the kind that may be registered; make a new one");
}

hats_status hats_key_prove(struct hats_buffer *proof, const struct hats_key_public *pub,
                           const int8_t *s, const int8_t *e0,
                           const uint8_t coins[HATS_STARK_COINS_LEN],
                           const struct hats_stark_options *options, struct hats_error *err) {
    struct hats_key_work work;
    struct hats_arena arena;
    size_t work_len = hats_key_work_bytes(pub->setup);
    size_t trace_len = hats_key_trace_words(pub->setup) * sizeof(uint64_t);
    uint64_t *trace = hats_alloc(trace_len);
    void *memory = hats_alloc(work_len);
    hats_status status = HATS_E_MEMORY;
    if (trace == NULL || memory == NULL) {
        status = hats_fail(err, status, "no memory for a proof of a key");
        goto done;
    }
    status = hats_key_fill(trace, pub->setup, s, e0, err);
    if (status != HATS_OK)
        goto done;
    hats_arena_init(&arena, memory, work_len);
    status = hats_key_work_init(&work, &arena, pub, err);
    if (status != HATS_OK)
        goto done;
    const uint64_t *tables[1] = {trace};
    status = hats_stark_prove(proof, &work.statement, tables, coins, options, err);
    hats_key_work_clear(&work);
done:
    hats_free(memory);
    hats_free_wiped(trace, trace_len);
    return status;
}
