#include "evidence/tile.h"
#include "fuzz.h"

/* The first 16 bytes are sizes and an index, the rest the name of a tile and a path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    char name[HATS_TILE_PATH_MAX + 8], again[HATS_TILE_PATH_MAX];
    struct hats_tile tile;
    struct hats_tlog_path path = {0};
    struct hats_reader r = hats_reader_of(data, len_bytes);
    uint64_t size = hats_read_be64(&r), index = hats_read_be64(&r);
    uint8_t root[32] = {0}, got[32];
    size_t left = hats_reader_left(&r);

    snprintf(name, sizeof name, "%.*s", (int)(left < sizeof name ? left : sizeof name - 1),
             (const char *)(left != 0 ? r.at : (const uint8_t *)""));
    if (hats_tile_parse(&tile, name)) {
        hats_tile_path(again, &tile);
        require(strcmp(again, name) == 0, "a tile has one name");
    }
    while (path.n < HATS_TLOG_PATH_MAX && hats_reader_left(&r) >= 32)
        hats_read_bytes(&r, path.digests[path.n++], 32);
    if (hats_tlog_root_from_inclusion(got, size, index, root, &path, NULL) == HATS_OK) {
        require(hats_tlog_verify_inclusion(got, size, index, root, &path, NULL) == HATS_OK,
                "a path leads to its root");
        path.n++;
        require(path.n > HATS_TLOG_PATH_MAX ||
                    hats_tlog_root_from_inclusion(got, size, index, root, &path, NULL) != HATS_OK,
                "a path has one length");
        path.n--;
    }
    if (hats_tlog_verify_consistency(index, root, size, root, &path, NULL) == HATS_OK)
        require(index == size || index == 0, "two sizes have two roots");
    return 0;
}
