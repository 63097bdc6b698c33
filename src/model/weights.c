#include "model/package.h"

#include "base/arena.h"

#define MAGIC "HATS-WEIGHTS-1"
#define HEAD_LEN 28

hats_status hats_weights_encode(struct hats_buffer *out, uint32_t set_id, uint32_t d, uint32_t k,
                                const int32_t *w, const int64_t *bias, struct hats_error *err) {
    size_t len = HEAD_LEN + 4 * (size_t)d * k + 8 * (size_t)k;
    uint8_t *at = hats_buffer_reserve(out, len);
    struct hats_writer writer;

    if (at == NULL)
        return hats_fail(err, HATS_E_MEMORY, "weights: no memory for %zu bytes", len);
    writer = hats_writer_of(at, len);
    hats_write_tag16(&writer, MAGIC);
    hats_write_be32(&writer, set_id);
    hats_write_be32(&writer, d);
    hats_write_be32(&writer, k);
    for (size_t i = 0; i < (size_t)d * k; i++)
        hats_write_be32(&writer, (uint32_t)w[i]);
    for (uint32_t o = 0; o < k; o++)
        hats_write_be64(&writer, (uint64_t)bias[o]);
    return hats_writer_ok(&writer) ? HATS_OK : hats_fail(err, HATS_E_MEMORY, "weights: no room");
}

hats_status hats_weights_decode(int32_t **w, int64_t **bias, uint32_t *set_id, uint32_t *d,
                                uint32_t *k, const uint8_t *bytes, size_t len_bytes,
                                struct hats_error *err) {
    static const char magic[16] = MAGIC;
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    uint64_t n;

    *w = NULL;
    *bias = NULL;
    hats_read_tag(&r, magic, sizeof magic);
    *set_id = hats_read_be32(&r);
    *d = hats_read_be32(&r);
    *k = hats_read_be32(&r);
    if (r.failed)
        return hats_fail(err, HATS_E_MALFORMED, "weights: does not begin as such a file does");
    if (*d == 0 || *d > HATS_LINEAR_MAX_INPUTS || *k == 0 || *k > HATS_LINEAR_MAX_OUTPUTS)
        return hats_fail(err, HATS_E_RANGE, "weights: %u inputs and %u outputs", *d, *k);
    n = (uint64_t)*d * *k;
    if (hats_reader_left(&r) != 4 * n + 8 * (uint64_t)*k)
        return hats_fail(err, HATS_E_MALFORMED, "weights: %zu bytes for %u x %u weights", len_bytes,
                         *d, *k);
    *w = hats_alloc_array((size_t)n, sizeof **w);
    *bias = hats_alloc_array(*k, sizeof **bias);
    if (*w == NULL || *bias == NULL) {
        hats_free(*w);
        hats_free(*bias);
        *w = NULL;
        *bias = NULL;
        return hats_fail(err, HATS_E_MEMORY, "weights: no memory for %u x %u", *d, *k);
    }
    for (size_t i = 0; i < n; i++)
        (*w)[i] = (int32_t)hats_read_be32(&r);
    for (uint32_t o = 0; o < *k; o++)
        (*bias)[o] = (int64_t)hats_read_be64(&r);
    return HATS_OK;
}
