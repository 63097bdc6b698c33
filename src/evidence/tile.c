#include "evidence/tile.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST = HATS_SHA256_LEN };

/* ---- names ---- */

/* Groups of three digits, all but the last with an x before them. */
static int put_index(char *out, size_t cap, uint64_t index) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, index), at = 0;
    int pad = (3 - n % 3) % 3;
    for (int i = -pad; i < n; i++) {
        bool begins = (i + pad) % 3 == 0;
        if (begins)
            at += snprintf(out + at, cap - (size_t)at, "%s%s", i == -pad ? "" : "/",
                           n - i > 3 ? "x" : "");
        out[at++] = i < 0 ? '0' : digits[i];
    }
    out[at] = '\0';
    return at;
}

void hats_tile_path(char out[HATS_TILE_PATH_MAX], const struct hats_tile *tile) {
    int n = tile->entries ? snprintf(out, HATS_TILE_PATH_MAX, "tile/entries/")
                          : snprintf(out, HATS_TILE_PATH_MAX, "tile/%u/", tile->level);
    n += put_index(out + n, HATS_TILE_PATH_MAX - (size_t)n, tile->index);
    if (tile->width != HATS_TILE_WIDTH)
        snprintf(out + n, HATS_TILE_PATH_MAX - (size_t)n, ".p/%u", tile->width);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool take_index(uint64_t *out, const char **at) {
    *out = 0;
    for (;;) {
        const char *s = *at;
        bool more = *s == 'x';
        s += more;
        if (!is_digit(s[0]) || !is_digit(s[1]) || !is_digit(s[2]) ||
            *out > HATS_TLOG_SIZE_MAX / 1000)
            return false;
        *out = *out * 1000 + (uint64_t)((s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0'));
        *at = s + 3;
        if (!more)
            return true;
        if (*(*at)++ != '/')
            return false;
    }
}

/* Reads generously; that it is written the one way is seen by writing it again. */
static bool parse(struct hats_tile *out, const char *path) {
    static const char entries[] = "tile/entries/", tile[] = "tile/";
    const char *at = path;
    if (strncmp(at, entries, sizeof entries - 1) == 0) {
        out->entries = true;
        at += sizeof entries - 1;
    } else if (strncmp(at, tile, sizeof tile - 1) == 0) {
        at += sizeof tile - 1;
        if (!is_digit(*at) || *at - '0' >= HATS_TILE_LEVELS)
            return false;
        out->level = (unsigned)(*at++ - '0');
        if (*at++ != '/')
            return false;
    } else {
        return false;
    }
    if (!take_index(&out->index, &at))
        return false;
    out->width = HATS_TILE_WIDTH;
    if (*at == '\0')
        return true;
    uint64_t width;
    if (strncmp(at, ".p/", 3) != 0 || !hats_parse_u64(&width, at + 3, strlen(at + 3)) ||
        width == 0 || width >= HATS_TILE_WIDTH)
        return false;
    out->width = (unsigned)width;
    return true;
}

bool hats_tile_parse(struct hats_tile *out, const char *path) {
    char again[HATS_TILE_PATH_MAX];
    struct hats_tile tile = {0};
    if (strnlen(path, HATS_TILE_PATH_MAX) == HATS_TILE_PATH_MAX || !parse(&tile, path))
        return false;
    hats_tile_path(again, &tile);
    if (strcmp(again, path) != 0)
        return false;
    *out = tile;
    return true;
}

unsigned hats_tile_width(uint64_t size, unsigned level, uint64_t index) {
    uint64_t digests = level >= HATS_TILE_LEVELS ? 0 : size >> (8 * level);
    uint64_t full = digests / HATS_TILE_WIDTH;
    if (index < full)
        return HATS_TILE_WIDTH;
    return index == full ? (unsigned)(digests % HATS_TILE_WIDTH) : 0;
}

/* ---- reading ---- */

void hats_tile_root(uint8_t out[DIGEST], const uint8_t *digests, size_t n) {
    uint8_t level[HATS_TILE_BYTES];
    assert(n != 0 && n <= HATS_TILE_WIDTH && (n & (n - 1)) == 0);
    memcpy(level, digests, n * DIGEST);
    for (; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            hats_tlog_node(level + i * DIGEST, level + 2 * i * DIGEST,
                           level + (2 * i + 1) * DIGEST);
    memcpy(out, level, DIGEST);
}

void hats_tile_reader_init(struct hats_tile_reader *r, uint64_t size,
                           hats_status (*fetch)(void *arg, uint8_t *out,
                                                const struct hats_tile *tile,
                                                struct hats_error *err),
                           void *arg) {
    memset(r, 0, sizeof *r);
    r->size = size;
    r->fetch = fetch;
    r->arg = arg;
}

/* A perfect subtree of height h lies whole in one tile of level h / 8. */
static hats_status node(void *arg, uint8_t out[DIGEST], unsigned level, uint64_t index,
                        struct hats_error *err) {
    struct hats_tile_reader *r = arg;
    unsigned in_tile = level % 8;
    uint64_t first = index << in_tile; /* of the digests of the tile level */
    struct hats_tile tile = {.level = level / 8, .index = first / HATS_TILE_WIDTH};
    size_t at = first % HATS_TILE_WIDTH, n = (size_t)1 << in_tile;
    tile.width = hats_tile_width(r->size, tile.level, tile.index);
    if (tile.width < at + n)
        return hats_fail(err, HATS_E_RANGE, "log: no such subtree in a tree of %" PRIu64 " leaves",
                         r->size);
    if (!r->kept[tile.level].there || r->kept[tile.level].index != tile.index) {
        r->kept[tile.level].there = false;
        hats_status s = r->fetch(r->arg, r->kept[tile.level].digests, &tile, err);
        if (s != HATS_OK)
            return s;
        r->kept[tile.level].there = true;
        r->kept[tile.level].index = tile.index;
    }
    hats_tile_root(out, r->kept[tile.level].digests + at * DIGEST, n);
    return HATS_OK;
}

struct hats_tlog_source hats_tile_source(struct hats_tile_reader *r) {
    return (struct hats_tlog_source){.node = node, .arg = r};
}
