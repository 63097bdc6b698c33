#include "statements/noise.h"

#include "field/field.h"
#include "ring/sample.h"

void hats_noise_table(uint64_t *values, uint64_t *tags) {
    for (int i = 0; i < HATS_NOISE_VALUES; i++) {
        values[i] = hats_fp_from_i64(i - HATS_LINEAR_NOISE_MAX);
        tags[i] = HATS_NOISE_TAG;
    }
}

/* All of e is passed over for every value, so that no index depends on it. */
uint64_t hats_noise_count(uint64_t *counts, const int8_t *e, size_t n) {
    uint64_t known = 0;
    for (int i = 0; i < HATS_NOISE_VALUES; i++) {
        uint32_t count = 0;
        for (size_t j = 0; j < n; j++)
            count += (uint32_t)(e[j] == i - HATS_LINEAR_NOISE_MAX);
        counts[i] += count;
        known += count;
    }
    return n - known;
}

uint64_t hats_noise_slack(const int8_t *e, size_t n) {
    uint64_t sum = 0;
    for (size_t j = 0; j < n; j++)
        sum += (uint64_t)(e[j] * e[j]);
    return sum - HATS_NOISE_WINDOW(n);
}

/* Block l = SHAKE128("HATS-a0" | LE32(N) | LE16(0) | LE16(l)). */
void hats_noise_a0(uint64_t *a0, size_t n) {
    uint8_t prefix[7 + 4 + 2] = "HATS-a0";
    hats_store_le32(prefix + 7, (uint32_t)n);
    hats_store_le16(prefix + 11, 0);
    hats_ring_uniform(a0, n, prefix, sizeof prefix);
}
