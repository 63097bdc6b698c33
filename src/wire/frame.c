#include "wire/frame.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "hash/hmac.h"
#include "hash/merkle_log.h"
#include "hash/sha256_chain.h"
#include "hash/sha256_many.h"

#include <assert.h>

enum {
    CHAINS = HATS_FRAME_CHAINS,
    STEPS = HATS_FRAME_STEPS,
    VALUE = HATS_FRAME_VALUE_LEN,
    P_LEN = HATS_FRAME_P_LEN,
    BATCH = HATS_FRAME_BATCH,
    ADRS_LEN = 16,
    HEAD_LEN = P_LEN + ADRS_LEN,
};
/* Uses of SHA-256 in this file, the first byte of an address. */
enum use { USE_CHAIN = 1, USE_LEAF = 2, USE_DIGEST = 3 };

_Static_assert(1 + 3 + 8 + 4 + CHAINS * VALUE == HATS_FRAME_LEN, "the frame");

/* ---- bytes ---- */

void hats_frame_encode(uint8_t out[HATS_FRAME_LEN], const struct hats_frame *f) {
    assert(f->index >> 24 == 0);
    struct hats_writer w = hats_writer_of(out, HATS_FRAME_LEN);
    hats_write_be32(&w, (uint32_t)HATS_FRAME_SUITE_1 << 24 | f->index);
    hats_write_bytes(&w, f->sid8, sizeof f->sid8);
    hats_write_be32(&w, f->counter);
    hats_write_bytes(&w, f->sigma, sizeof f->sigma);
}

static enum hats_frame_refusal parse(struct hats_frame *out, const uint8_t *bytes,
                                     size_t len_bytes) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    memset(out, 0, sizeof *out);
    if (len_bytes != HATS_FRAME_LEN)
        return HATS_FRAME_R_LENGTH;
    uint32_t first = hats_read_be32(&r);
    if (first >> 24 != HATS_FRAME_SUITE_1)
        return HATS_FRAME_R_HEADER;
    out->index = first & 0xffffff;
    hats_read_bytes(&r, out->sid8, sizeof out->sid8);
    out->counter = hats_read_be32(&r);
    hats_read_bytes(&r, out->sigma, sizeof out->sigma);
    return HATS_FRAME_ACCEPTED;
}

hats_status hats_frame_decode(struct hats_frame *out, const uint8_t *bytes, size_t len_bytes,
                              struct hats_error *err) {
    switch (parse(out, bytes, len_bytes)) {
    case HATS_FRAME_ACCEPTED: return HATS_OK;
    case HATS_FRAME_R_LENGTH:
        return hats_fail(err, HATS_E_MALFORMED, "a frame has %d bytes, not %zu", HATS_FRAME_LEN,
                         len_bytes);
    default:
        return hats_fail(err, HATS_E_VERSION,
                         "frame of version, profile and suite 0x%02x: only 0x%02x is known here",
                         bytes[0], HATS_FRAME_SUITE_1);
    }
}

/* ---- hashing ---- */

/* P | ADRS(use, chain, step, index) */
static void write_head(uint8_t head[HEAD_LEN], const uint8_t p[P_LEN], enum use use, unsigned chain,
                       unsigned step, uint32_t index) {
    struct hats_writer w = hats_writer_of(head, HEAD_LEN);
    hats_write_bytes(&w, p, P_LEN);
    hats_write_u8(&w, (uint8_t)use);
    hats_write_u8(&w, (uint8_t)chain);
    hats_write_be16(&w, (uint16_t)step);
    hats_write_be32(&w, index);
    hats_write_bytes(&w, "HATSfrm1", 8);
}

/* Chain k of a key, standing at `value` in position `from`, to go on to position `to`. */
static void set_chain(struct hats_sha256_chain *c, const uint8_t p[P_LEN], uint32_t index,
                      unsigned k, unsigned from, unsigned to, const uint8_t value[VALUE]) {
    write_head(c->head, p, USE_CHAIN, k, from, index);
    memcpy(c->value, value, VALUE);
    c->n_steps = to - from;
}

static void hash_leaf(uint8_t leaf[VALUE], const uint8_t p[P_LEN], uint32_t index,
                      const struct hats_sha256_chain ends[CHAINS]) {
    uint8_t message[HEAD_LEN + CHAINS * VALUE], digest[HATS_SHA256_LEN];
    write_head(message, p, USE_LEAF, 0, 0, index);
    for (size_t k = 0; k < CHAINS; k++)
        memcpy(message + HEAD_LEN + k * VALUE, ends[k].value, VALUE);
    hats_sha256(digest, message, sizeof message);
    memcpy(leaf, digest, VALUE);
}

/* D up to its counter. */
static void begin_digest(struct hats_sha256 *prefix, const uint8_t p[P_LEN], uint32_t index,
                         const uint8_t r[32]) {
    uint8_t head[HEAD_LEN];
    write_head(head, p, USE_DIGEST, 0, 0, index);
    hats_sha256_init(prefix);
    hats_sha256_update(prefix, head, sizeof head);
    hats_sha256_update(prefix, r, 32);
}

/* Digit k of a digest: it begins `down` bits below the top of word high, low is the next word. */
static inline uint32_t digit(unsigned k, uint32_t high, uint32_t low) {
    unsigned down = 12 * k % 32;
    return (down <= 20 ? high >> (20 - down) : high << (down - 20) | low >> (52 - down)) & 0xfff;
}

static unsigned digits_of(uint16_t digits[CHAINS], const struct hats_sha256 *prefix,
                          uint32_t counter) {
    struct hats_sha256 d = *prefix;
    uint8_t bytes[4], digest[HATS_SHA256_LEN];
    unsigned sum = 0;
    hats_store_be32(bytes, counter);
    hats_sha256_update(&d, bytes, sizeof bytes);
    hats_sha256_final(&d, digest);
    for (unsigned k = 0; k < CHAINS; k++) {
        const uint8_t *high = digest + 12 * k / 32 * 4;
        digits[k] = (uint16_t)digit(k, hats_load_be32(high), hats_load_be32(high + 4));
        sum += digits[k];
    }
    return sum;
}

/* ---- keys ---- */

static void make_seeds(uint8_t seeds[CHAINS][VALUE], const uint8_t secret[HATS_FRAME_SECRET_LEN],
                       const uint8_t p[P_LEN], uint32_t index) {
    uint8_t message[16 + P_LEN + 4 + 1], full[HATS_SHA256_LEN];
    struct hats_writer w = hats_writer_of(message, sizeof message);
    hats_write_tag16(&w, "HATS-OTS-SEED-1");
    hats_write_bytes(&w, p, P_LEN);
    hats_write_be32(&w, index);
    for (unsigned k = 0; k < CHAINS; k++) {
        message[sizeof message - 1] = (uint8_t)k;
        hats_hmac_sha256(full, secret, HATS_FRAME_SECRET_LEN, message, sizeof message);
        memcpy(seeds[k], full, VALUE);
    }
    hats_wipe(full, sizeof full);
}

void hats_frame_leaves(uint8_t *table, const uint8_t secret[HATS_FRAME_SECRET_LEN],
                       const uint8_t p[HATS_FRAME_P_LEN], uint32_t first, size_t n_leaves) {
    struct hats_sha256_chain chains[BATCH * CHAINS];
    uint8_t seeds[CHAINS][VALUE];
    for (size_t i = 0; i < n_leaves; i += BATCH) {
        size_t n = n_leaves - i < BATCH ? n_leaves - i : BATCH;
        for (size_t j = 0; j < n; j++) {
            uint32_t index = first + (uint32_t)(i + j);
            make_seeds(seeds, secret, p, index);
            for (unsigned k = 0; k < CHAINS; k++)
                set_chain(&chains[j * CHAINS + k], p, index, k, 0, STEPS, seeds[k]);
        }
        hats_sha256_chains(chains, n * CHAINS);
        for (size_t j = 0; j < n; j++)
            hash_leaf(table + (i + j) * VALUE, p, first + (uint32_t)(i + j), chains + j * CHAINS);
    }
    hats_wipe(chains, sizeof chains);
    hats_wipe(seeds, sizeof seeds);
}

void hats_frame_root(uint8_t root[HATS_SHA256_LEN], const uint8_t p[HATS_FRAME_P_LEN],
                     const uint8_t *table, size_t n_leaves) {
    enum { AT_ONCE = HATS_FRAME_BATCH };
    uint8_t prefix[1 + 8 + P_LEN] = "\0HATSots1", index[AT_ONCE][4];
    uint8_t digests[AT_ONCE][HATS_SHA256_LEN];
    struct hats_merkle_log log;
    assert(n_leaves >= 1 && n_leaves <= HATS_FRAME_CALLS_MAX);
    memcpy(prefix + 9, p, P_LEN);
    hats_merkle_log_init(&log);
    for (size_t i = 0; i < n_leaves; i += AT_ONCE) {
        const struct hats_sha256_part parts[] = {{prefix, 0, sizeof prefix},
                                                 {index[0], sizeof index[0], sizeof index[0]},
                                                 {table + i * VALUE, VALUE, VALUE}};
        size_t n = n_leaves - i < AT_ONCE ? n_leaves - i : AT_ONCE;
        for (size_t j = 0; j < n; j++)
            hats_store_be32(index[j], (uint32_t)(i + j));
        hats_sha256_many(digests[0], parts, HATS_COUNT_OF(parts), n);
        for (size_t j = 0; j < n; j++)
            hats_merkle_log_append(&log, digests[j]);
    }
    hats_merkle_log_root(root, &log);
}

/* ---- signing ---- */

/* Sums of the digits of sixteen digests, lane by lane. */
static void add_digits(uint32_t sums[HATS_SHA256_LANES],
                       const uint32_t words[8][HATS_SHA256_LANES]) {
    memset(sums, 0, HATS_SHA256_LANES * sizeof *sums);
#define ADD_DIGIT(k)                               \
    for (size_t l = 0; l < HATS_SHA256_LANES; l++) \
    sums[l] += digit(k, words[12 * (k) / 32][l], words[12 * (k) / 32 + 1][l])
    ADD_DIGIT(0);
    ADD_DIGIT(1);
    ADD_DIGIT(2);
    ADD_DIGIT(3);
    ADD_DIGIT(4);
    ADD_DIGIT(5);
    ADD_DIGIT(6);
    ADD_DIGIT(7);
    ADD_DIGIT(8);
    ADD_DIGIT(9);
    ADD_DIGIT(10);
#undef ADD_DIGIT
}

/* The least counter whose digits have the sum. */
static bool find_counter(uint32_t *counter, const struct hats_sha256 *prefix) {
    for (uint64_t c = 0; c >> 32 == 0; c += HATS_SHA256_LANES) {
        uint32_t words[8][HATS_SHA256_LANES], sums[HATS_SHA256_LANES];
        hats_sha256_counted(words, prefix, (uint32_t)c);
        add_digits(sums, (const uint32_t(*)[HATS_SHA256_LANES])words);
        for (size_t l = 0; l < HATS_SHA256_LANES; l++)
            if (sums[l] == HATS_FRAME_SUM) {
                *counter = (uint32_t)(c + l);
                return true;
            }
    }
    return false;
}

hats_status hats_frame_sign(uint8_t frame[HATS_FRAME_LEN],
                            const uint8_t secret[HATS_FRAME_SECRET_LEN],
                            const uint8_t p[HATS_FRAME_P_LEN], uint32_t index,
                            const uint8_t sid[32], const uint8_t r[32], struct hats_error *err) {
    struct hats_frame f = {.index = index};
    struct hats_sha256_chain chains[CHAINS];
    struct hats_sha256 prefix;
    uint16_t digits[CHAINS];
    uint8_t seeds[CHAINS][VALUE];
    memset(frame, 0, HATS_FRAME_LEN);
    begin_digest(&prefix, p, index, r);
    if (!find_counter(&f.counter, &prefix))
        return hats_fail(err, HATS_E_RANGE, "no counter gives this request the sum of a frame");
    (void)digits_of(digits, &prefix, f.counter);
    make_seeds(seeds, secret, p, index);
    for (unsigned k = 0; k < CHAINS; k++)
        set_chain(&chains[k], p, index, k, 0, digits[k], seeds[k]);
    hats_sha256_chains(chains, CHAINS);
    memcpy(f.sid8, sid, sizeof f.sid8);
    for (size_t k = 0; k < CHAINS; k++)
        memcpy(f.sigma[k], chains[k].value, VALUE);
    hats_frame_encode(frame, &f);
    hats_wipe(seeds, sizeof seeds);
    hats_wipe(chains, sizeof chains);
    return HATS_OK;
}

/* ---- verification ---- */

const char *hats_frame_refusal_name(enum hats_frame_refusal r) {
    static const char *const names[HATS_FRAME_REFUSAL_COUNT] = {
        "accepted", "length", "header", "index", "session", "sum", "leaf"};
    return r < HATS_FRAME_REFUSAL_COUNT ? names[r] : "unknown";
}

enum hats_frame_refusal hats_frame_begin(struct hats_frame_check *check, const uint8_t *bytes,
                                         size_t len_bytes, const struct hats_frame_session *session,
                                         const uint8_t r[32]) {
    struct hats_frame *f = &check->frame;
    struct hats_sha256 prefix;
    memset(check, 0, sizeof *check);
    enum hats_frame_refusal refusal = parse(f, bytes, len_bytes);
    if (refusal != HATS_FRAME_ACCEPTED)
        return refusal;
    if (f->index >= session->n_calls)
        return HATS_FRAME_R_INDEX;
    if (memcmp(f->sid8, session->sid, sizeof f->sid8) != 0)
        return HATS_FRAME_R_SESSION;
    begin_digest(&prefix, session->p, f->index, r);
    if (digits_of(check->digits, &prefix, f->counter) != HATS_FRAME_SUM)
        return HATS_FRAME_R_SUM;
    memcpy(check->p, session->p, P_LEN);
    memcpy(check->leaf, session->table + (size_t)f->index * VALUE, VALUE);
    return HATS_FRAME_ACCEPTED;
}

void hats_frame_finish(bool *valid, const struct hats_frame_check *checks, size_t n) {
    struct hats_sha256_chain chains[BATCH * CHAINS];
    for (size_t i = 0; i < n; i += BATCH) {
        size_t in_batch = n - i < BATCH ? n - i : BATCH;
        for (size_t j = 0; j < in_batch; j++) {
            const struct hats_frame_check *c = &checks[i + j];
            for (unsigned k = 0; k < CHAINS; k++)
                set_chain(&chains[j * CHAINS + k], c->p, c->frame.index, k, c->digits[k], STEPS,
                          c->frame.sigma[k]);
        }
        hats_sha256_chains(chains, in_batch * CHAINS);
        for (size_t j = 0; j < in_batch; j++) {
            const struct hats_frame_check *c = &checks[i + j];
            uint8_t leaf[VALUE];
            hash_leaf(leaf, c->p, c->frame.index, chains + j * CHAINS);
            valid[i + j] = memcmp(leaf, c->leaf, VALUE) == 0;
        }
    }
}

hats_status hats_frame_verify(const uint8_t *bytes, size_t len_bytes,
                              const struct hats_frame_session *session, const uint8_t r[32],
                              enum hats_frame_refusal *refusal, struct hats_error *err) {
    static const char *const texts[HATS_FRAME_REFUSAL_COUNT] = {
        [HATS_FRAME_R_LENGTH] = "it has not 192 bytes",
        [HATS_FRAME_R_HEADER] = "its version, profile or suite is not known here",
        [HATS_FRAME_R_INDEX] = "its index is not one of the session's calls",
        [HATS_FRAME_R_SESSION] = "it belongs to another session",
        [HATS_FRAME_R_SUM] = "it is not a signature of this request",
        [HATS_FRAME_R_LEAF] = "its chains do not end in the session's key"};
    struct hats_frame_check check;
    bool valid = false;
    enum hats_frame_refusal why = hats_frame_begin(&check, bytes, len_bytes, session, r);
    if (why == HATS_FRAME_ACCEPTED) {
        hats_frame_finish(&valid, &check, 1);
        why = valid ? HATS_FRAME_ACCEPTED : HATS_FRAME_R_LEAF;
    }
    if (refusal != NULL)
        *refusal = why;
    if (why == HATS_FRAME_ACCEPTED)
        return HATS_OK;
    return hats_fail(err, why <= HATS_FRAME_R_INDEX ? HATS_E_MALFORMED : HATS_E_VERIFY,
                     "the device frame is refused: %s", texts[why]);
}
