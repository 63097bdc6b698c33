/* Tiles: a log cut into static files [C2SP tlog-tiles].
 *
 *     level l, index n, width w    the digests MTH(D[(256 n + i) 256^l : (256 n + i + 1) 256^l]), i < w
 *     entries, index n, width w    a big-endian u16 length and the entry, w times
 *
 *     tile/<l>/<n>   tile/entries/<n>   with .p/<w> when w < 256      1234067 is written x001/x234/067
 *
 * A tree of s leaves has, at level l, floor(s / 256^l) digests: full tiles, and one of the rest if there is any.
 * An entry of ours is 32 bytes, so that a bundle has 34 a place.
 */
#ifndef HATS_EVIDENCE_TILE_H
#define HATS_EVIDENCE_TILE_H

#include "evidence/tlog.h"

#define HATS_TILE_WIDTH 256
#define HATS_TILE_BYTES (HATS_TILE_WIDTH * HATS_SHA256_LEN)
#define HATS_TILE_LEVELS 8 /* 256^8 leaves */
#define HATS_ENTRY_LEN 32
#define HATS_ENTRY_STRIDE (2 + HATS_ENTRY_LEN)
#define HATS_TILE_PATH_MAX 96 /* bytes with the final zero */

struct hats_tile {
    bool entries;   /* a bundle of entries; level is 0 */
    unsigned level; /* 0 .. 7 */
    uint64_t index;
    unsigned width; /* 1 .. 256 */
};

/* "tile/0/x001/234.p/5" */
void hats_tile_path(char out[HATS_TILE_PATH_MAX], const struct hats_tile *tile);
/* The one way to write it, and nothing else; false otherwise. */
bool hats_tile_parse(struct hats_tile *out, const char *path);
/* Width of tile `index` at `level` in a tree of `size` leaves, 0 .. 256. */
unsigned hats_tile_width(uint64_t size, unsigned level, uint64_t index);

/* A source of digests (tlog.h) over the tiles of a tree of `size` leaves. `fetch` fills `out` with the tile's
 * width * 32 bytes. The last tile of each level is remembered. */
struct hats_tile_reader {
    uint64_t size;
    hats_status (*fetch)(void *arg, uint8_t *out, const struct hats_tile *tile,
                         struct hats_error *err);
    void *arg;
    struct {
        bool there;
        uint64_t index;
        uint8_t digests[HATS_TILE_BYTES];
    } kept[HATS_TILE_LEVELS];
};
void hats_tile_reader_init(struct hats_tile_reader *r, uint64_t size,
                           hats_status (*fetch)(void *arg, uint8_t *out,
                                                const struct hats_tile *tile,
                                                struct hats_error *err),
                           void *arg);
struct hats_tlog_source hats_tile_source(struct hats_tile_reader *r);

/* The root of the perfect tree over n = 2^k <= 256 digests. */
void hats_tile_root(uint8_t out[HATS_SHA256_LEN], const uint8_t *digests, size_t n);

#endif
