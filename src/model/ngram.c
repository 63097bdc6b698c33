#include "model/ngram.h"

#include "base/arena.h"
#include "base/bytes.h"

#define GRAM_MIN 3
#define GRAM_MAX 5
#define WORD_WEIGHT 2
#define CHAR_WEIGHT 1

/* A gram is a kind (its prefix) and a run of the normalised text. */
struct gram {
    uint32_t kind; /* index of prefix + 1; 0: an empty slot of the set */
    uint32_t at, len;
};

static const char prefix[5][3] = {
    {'w', '1', ':'}, {'w', '2', ':'}, {'c', '3', ':'}, {'c', '4', ':'}, {'c', '5', ':'}};

struct bag {
    const char *text;
    struct gram *set; /* open addressing, a power of two above twice the grams */
    size_t mask;
    int32_t *x;
    uint32_t d;
};

static uint64_t gram_hash(const struct bag *b, struct gram g) {
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a 64 */

    for (unsigned i = 0; i < 3; i++)
        h = (h ^ (uint8_t)prefix[g.kind - 1][i]) * UINT64_C(0x100000001b3);
    for (uint32_t i = 0; i < g.len; i++)
        h = (h ^ (uint8_t)b->text[g.at + i]) * UINT64_C(0x100000001b3);
    h ^= h >> 33; /* fmix64 of MurmurHash3 */
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

/* Count the gram unless it was there. */
static void add_gram(struct bag *b, unsigned kind, size_t at, size_t len, int32_t weight) {
    struct gram g = {.kind = kind, .at = (uint32_t)at, .len = (uint32_t)len};
    uint64_t h = gram_hash(b, g);

    for (size_t i = (size_t)h & b->mask;; i = (i + 1) & b->mask) {
        struct gram *s = &b->set[i];
        if (s->kind == 0) {
            *s = g;
            break;
        }
        if (s->kind == kind && s->len == len && memcmp(b->text + s->at, b->text + at, len) == 0)
            return;
    }
    b->x[h % (b->d - 1)] += h >> 63 != 0 ? -weight : weight;
}

/* " word word ... word " with single blanks; the length. out holds len + 2 bytes. */
static size_t normalise(char *out, const char *text, size_t len) {
    size_t n = 0;

    out[n++] = ' ';
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c == '\'')
            continue;
        if (len - i >= 3 && memcmp(text + i, "\xe2\x80\x99", 3) == 0) {
            i += 2;
            continue;
        }
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[n++] = c;
        else if (out[n - 1] != ' ')
            out[n++] = ' ';
    }
    if (out[n - 1] != ' ')
        out[n++] = ' ';
    return n;
}

static void add_word(struct bag *b, size_t from, size_t to) {
    /* text[from] and text[to] are the blanks around the word */
    size_t len = to - from + 1;

    add_gram(b, 1, from + 1, len - 2, WORD_WEIGHT);
    for (size_t n = GRAM_MIN; n <= GRAM_MAX; n++)
        for (size_t at = from; at + n <= to + 1; at++)
            add_gram(b, (unsigned)(n - GRAM_MIN) + 3, at, n, CHAR_WEIGHT);
}

static void add_text(struct bag *b, size_t len) {
    size_t before = 0; /* the blank before the previous word; 0 and no_word: none yet */
    bool no_word = true;

    for (size_t from = 0, to; from + 1 < len; from = to) {
        for (to = from + 1; b->text[to] != ' ';)
            to++;
        add_word(b, from, to);
        if (!no_word)
            add_gram(b, 2, before + 1, to - before - 1, WORD_WEIGHT);
        no_word = false;
        before = from;
    }
}

/* Nearest integer to sqrt(n), n < 2^62: half-way cases cannot occur. */
static uint32_t rounded_root(uint64_t n) {
    uint64_t r = 0;

    for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1)
        if ((r | bit) * (r | bit) <= n)
            r |= bit;
    return (uint32_t)(n > r * r + r ? r + 1 : r);
}

hats_status hats_ngram_features(int32_t *x, uint32_t d, uint64_t *sum_abs, const char *text,
                                size_t len_bytes) {
    struct bag b = {.x = x, .d = d};
    uint64_t squares = 0;
    char *clean = NULL;
    size_t n_slots = 16;
    size_t len;
    hats_status st = HATS_OK;

    memset(x, 0, d * sizeof *x);
    *sum_abs = 0;
    if (len_bytes > HATS_NGRAM_MAX_TEXT)
        return HATS_E_RANGE;
    while (n_slots < 10 * (len_bytes + 2)) /* at most 5 grams start at a byte */
        n_slots *= 2;
    clean = hats_alloc(len_bytes + 2);
    b.set = hats_alloc_array(n_slots, sizeof *b.set);
    if (clean == NULL || b.set == NULL) {
        st = HATS_E_MEMORY;
        goto done;
    }
    b.text = clean;
    b.mask = n_slots - 1;
    len = normalise(clean, text, len_bytes);
    add_text(&b, len);
    for (uint32_t j = 0; j + 1 < d; j++) {
        int64_t v = x[j];
        *sum_abs += (uint64_t)(v < 0 ? -v : v);
        squares += (uint64_t)(v * v);
    }
    x[d - 1] = (int32_t)rounded_root(squares);
done:
    hats_free_wiped(b.set,
                    b.set != NULL ? n_slots * sizeof *b.set : 0); /* its order tells the text */
    hats_free_wiped(clean, len_bytes + 2);
    return st;
}
