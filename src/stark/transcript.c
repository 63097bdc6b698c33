#include "stark/transcript.h"

#include "base/bytes.h"
#include "hash/sha256.h"

#include <assert.h>

enum { STATE_LEN = 64 }; /* bytes of a draw that replace x */

void hats_stark_transcript_init(struct hats_stark_transcript *t) {
    static const uint8_t tag[16] = "HATS-STARK-1";
    hats_shake256_init(&t->x);
    hats_shake_absorb(&t->x, tag, sizeof tag);
}

static void absorb_head(struct hats_stark_transcript *t, enum hats_stark_label label, size_t n) {
    uint8_t head[9] = {(uint8_t)label};
    hats_store_be64(head + 1, n);
    hats_shake_absorb(&t->x, head, sizeof head);
}

void hats_stark_absorb(struct hats_stark_transcript *t, enum hats_stark_label label,
                       const void *data, size_t len_bytes) {
    absorb_head(t, label, len_bytes);
    hats_shake_absorb(&t->x, data, len_bytes);
}

/* The rest of y, to be squeezed; the transcript goes on from its first bytes. */
static struct hats_shake begin_draw(struct hats_stark_transcript *t, enum hats_stark_label label,
                                    size_t n) {
    absorb_head(t, label, n);
    struct hats_shake y = t->x;
    uint8_t state[STATE_LEN];
    hats_shake_squeeze(&y, state, sizeof state);
    hats_shake256_init(&t->x);
    hats_shake_absorb(&t->x, state, sizeof state);
    return y;
}

static uint64_t next_word(struct hats_shake *y) {
    uint8_t word[8];
    hats_shake_squeeze(y, word, sizeof word);
    return hats_load_le64(word);
}

void hats_stark_draw_k(struct hats_stark_transcript *t, enum hats_stark_label label,
                       struct hats_fp3 *out, size_t n) {
    struct hats_shake y = begin_draw(t, label, n);
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < 3; c++) {
            uint64_t word = next_word(&y);
            while (word >= HATS_P)
                word = next_word(&y);
            out[i].c[c] = word;
        }
}

void hats_stark_draw_bytes(struct hats_stark_transcript *t, enum hats_stark_label label,
                           uint8_t *out, size_t n) {
    struct hats_shake y = begin_draw(t, label, n);
    hats_shake_squeeze(&y, out, n);
}

size_t hats_stark_draw_positions(struct hats_stark_transcript *t, enum hats_stark_label label,
                                 uint32_t *out, size_t n, unsigned log_n) {
    assert(log_n < 32);
    struct hats_shake y = begin_draw(t, label, n);
    size_t n_distinct = 0;
    for (size_t drawn = 0; drawn < n; drawn++) {
        uint32_t position = (uint32_t)(next_word(&y) & ((UINT64_C(1) << log_n) - 1));
        size_t at = n_distinct;
        while (at > 0 && out[at - 1] > position)
            at--;
        if (at > 0 && out[at - 1] == position)
            continue;
        memmove(out + at + 1, out + at, (n_distinct - at) * sizeof *out);
        out[at] = position;
        n_distinct++;
    }
    return n_distinct;
}

bool hats_stark_work_is_done(const uint8_t seed[HATS_STARK_WORK_SEED_LEN], uint64_t nonce,
                             unsigned bits) {
    assert(bits <= 32);
    uint8_t data[HATS_STARK_WORK_SEED_LEN + 8], digest[HATS_SHA256_LEN];
    memcpy(data, seed, HATS_STARK_WORK_SEED_LEN);
    hats_store_be64(data + HATS_STARK_WORK_SEED_LEN, nonce);
    hats_sha256_tagged(digest, "HATS-WORK-1", data, sizeof data);
    return (uint64_t)hats_load_be32(digest) >> (32 - bits) == 0;
}
