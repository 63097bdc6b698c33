/* The three objects that travel; their layout stands in linear.h. */
#include "fhe/internal.h"

#include "base/cursor.h"
#include "hash/sha256.h"
#include "ring/kernels.h"

#include <assert.h>

#define TAG_LEN 16
#define WORD_LEN 8

static const char public_key_tag[TAG_LEN + 1] = "HATS-PK-1\0\0\0\0\0\0\0";
static const char ciphertext_tag[TAG_LEN + 1] = "HATS-CT-1\0\0\0\0\0\0\0";
static const char answer_tag[TAG_LEN + 1] = "HATS-OUT-1\0\0\0\0\0\0";

size_t hats_fhe_public_key_bytes(uint32_t set_id) {
    size_t n = hats_fhe_set_n(set_id);
    return n == 0 ? 0 : TAG_LEN + 4 + WORD_LEN * n;
}

size_t hats_linear_ciphertext_bytes(uint32_t set_id, const struct hats_linear_shape *s) {
    size_t n = hats_fhe_set_n(set_id);
    return n == 0 ? 0 : TAG_LEN + 8 + HATS_FHE_SALT_LEN + WORD_LEN * n * s->n_in;
}

size_t hats_linear_answer_bytes(uint32_t set_id, const struct hats_linear_shape *s) {
    size_t n = hats_fhe_set_n(set_id);
    return n == 0 ? 0 : TAG_LEN + 8 + WORD_LEN * (n * s->n_out + s->k);
}

/* Tag and set of an object called `what`. */
static hats_status open_header(struct hats_reader *r, const char *what, const char *tag,
                               uint32_t *set_id, struct hats_error *err) {
    hats_read_tag(r, tag, TAG_LEN);
    *set_id = hats_read_be32(r);
    if (r->failed)
        return hats_fail(err, HATS_E_MALFORMED, "%s: does not begin with \"%s\"", what, tag);
    return HATS_OK;
}

/* The same, for an object whose set, ciphertext count and size are known beforehand. */
static hats_status open_sized(struct hats_reader *r, const char *what, const char *tag,
                              uint32_t set_id, uint32_t count, size_t expected_bytes,
                              struct hats_error *err) {
    uint32_t found_set;
    size_t len_bytes = hats_reader_left(r);
    hats_status status = open_header(r, what, tag, &found_set, err);
    if (status != HATS_OK)
        return status;
    if (found_set != set_id || expected_bytes == 0)
        return hats_fail(err, HATS_E_VERSION, "%s: made with parameter set %u; expected %u", what,
                         (unsigned)found_set, (unsigned)set_id);
    uint32_t found_count = hats_read_be32(r);
    if (r->failed || found_count != count)
        return hats_fail(err, HATS_E_MALFORMED, "%s: holds %u ciphertexts; the model needs %u",
                         what, (unsigned)found_count, (unsigned)count);
    if (len_bytes != expected_bytes)
        return hats_fail(err, HATS_E_MALFORMED, "%s: %zu bytes; exactly %zu are needed", what,
                         len_bytes, expected_bytes);
    return HATS_OK;
}

hats_status hats_linear_ciphertext_open(struct hats_ciphertext_view *v, uint32_t set_id,
                                        const struct hats_linear_shape *s, const uint8_t *bytes,
                                        size_t len_bytes, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    hats_status status = open_sized(&r, "ciphertext", ciphertext_tag, set_id, s->n_in,
                                    hats_linear_ciphertext_bytes(set_id, s), err);
    if (status != HATS_OK)
        return status;
    v->salt = hats_read_span(&r, HATS_FHE_SALT_LEN);
    v->c0 = hats_read_span(&r, hats_reader_left(&r));
    return HATS_OK;
}

hats_status hats_linear_ciphertext_parts(struct hats_ciphertext_part *parts, uint32_t set_id,
                                         const struct hats_linear_shape *s, const uint8_t ctx[32],
                                         const uint8_t *bytes, size_t len_bytes,
                                         struct hats_error *err) {
    struct hats_ciphertext_view v;
    size_t n = hats_fhe_set_n(set_id);
    hats_status status = hats_linear_ciphertext_open(&v, set_id, s, bytes, len_bytes, err);
    for (uint32_t j = 0; status == HATS_OK && j < s->n_in; j++) {
        hats_fhe_stream_seed(parts[j].seed, ctx, v.salt, j, n);
        parts[j].c0 = v.c0 + WORD_LEN * n * j;
    }
    return status;
}

hats_status hats_linear_answer_open(struct hats_answer_view *v, uint32_t set_id,
                                    const struct hats_linear_shape *s, const uint8_t *bytes,
                                    size_t len_bytes, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    hats_status status = open_sized(&r, "answer", answer_tag, set_id, s->n_out,
                                    hats_linear_answer_bytes(set_id, s), err);
    if (status != HATS_OK)
        return status;
    v->words = hats_read_span(&r, hats_reader_left(&r));
    return HATS_OK;
}

hats_status hats_fhe_words(uint64_t *out, const uint8_t *bytes, size_t n, struct hats_error *err) {
    if (!hats_ring_kernels()->load_be(out, bytes, n))
        return hats_fail(err, HATS_E_CANONICAL, "a word is not below p = 2^64 - 2^32 + 1");
    return HATS_OK;
}

hats_status hats_linear_ciphertext_check(uint32_t set_id, const struct hats_linear_shape *s,
                                         const uint8_t *bytes, size_t len_bytes,
                                         struct hats_error *err) {
    struct hats_ciphertext_view v;
    uint64_t piece[512];
    hats_status status = hats_linear_ciphertext_open(&v, set_id, s, bytes, len_bytes, err);
    size_t n_words = hats_fhe_set_n(set_id) * s->n_in;
    for (size_t at = 0; status == HATS_OK && at < n_words; at += HATS_COUNT_OF(piece))
        status = hats_fhe_words(piece, v.c0 + WORD_LEN * at, HATS_COUNT_OF(piece), err);
    return status;
}

/* Header writers: the caller's buffer has the object's exact size, so nothing can fail. */
static uint8_t *begin(struct hats_writer *w, const char *tag, uint32_t set_id) {
    hats_write_tag16(w, tag);
    hats_write_be32(w, set_id);
    return w->at;
}

uint8_t *hats_fhe_public_key_begin(uint8_t *out, uint32_t set_id) {
    struct hats_writer w = hats_writer_of(out, TAG_LEN + 4);
    return begin(&w, public_key_tag, set_id);
}

uint8_t *hats_linear_ciphertext_begin(uint8_t *out, uint32_t set_id,
                                      const struct hats_linear_shape *s,
                                      const uint8_t salt[HATS_FHE_SALT_LEN]) {
    struct hats_writer w = hats_writer_of(out, TAG_LEN + 8 + HATS_FHE_SALT_LEN);
    begin(&w, ciphertext_tag, set_id);
    hats_write_be32(&w, s->n_in);
    hats_write_bytes(&w, salt, HATS_FHE_SALT_LEN);
    assert(hats_writer_ok(&w));
    return w.at;
}

uint8_t *hats_linear_answer_begin(uint8_t *out, uint32_t set_id,
                                  const struct hats_linear_shape *s) {
    struct hats_writer w = hats_writer_of(out, TAG_LEN + 8);
    begin(&w, answer_tag, set_id);
    hats_write_be32(&w, s->n_out);
    assert(hats_writer_ok(&w));
    return w.at;
}

/* The words of a public key object; *set_id gets its set. */
hats_status hats_fhe_public_key_open(const uint8_t **words, uint32_t *set_id, const uint8_t *bytes,
                                     size_t len_bytes, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    struct hats_fhe_params params;
    hats_status status = open_header(&r, "public key", public_key_tag, set_id, err);
    if (status == HATS_OK) /* the guard: no set enters unchecked */
        status = hats_fhe_params_init(&params, *set_id, HATS_LINEAR_LOG_T_MIN, err);
    if (status != HATS_OK)
        return status;
    if (len_bytes != hats_fhe_public_key_bytes(*set_id))
        return hats_fail(err, HATS_E_MALFORMED, "public key: %zu bytes; exactly %zu are needed",
                         len_bytes, hats_fhe_public_key_bytes(*set_id));
    *words = hats_read_span(&r, hats_reader_left(&r));
    return HATS_OK;
}

hats_status hats_fhe_kid(uint8_t kid[HATS_KID_LEN], const uint8_t *public_key, size_t len_bytes,
                         struct hats_error *err) {
    const uint8_t *words;
    uint32_t set_id;
    uint64_t piece[512];
    hats_status status = hats_fhe_public_key_open(&words, &set_id, public_key, len_bytes, err);
    for (size_t at = 0; status == HATS_OK && at < hats_fhe_set_n(set_id);
         at += HATS_COUNT_OF(piece))
        status = hats_fhe_words(piece, words + WORD_LEN * at, HATS_COUNT_OF(piece), err);
    if (status != HATS_OK)
        return hats_fail_in(err, status, "public key");
    hats_sha256_tagged(kid, "HATS-KID-1", public_key + TAG_LEN, len_bytes - TAG_LEN);
    return HATS_OK;
}
