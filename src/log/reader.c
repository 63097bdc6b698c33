#include "log/reader.h"

#include "base/arena.h"
#include "base/file.h"
#include "hash/merkle_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- files ---- */

static hats_status get_from_folder(void *arg, struct hats_buffer *out, const char *path,
                                   struct hats_error *err) {
    char full[HATS_PATH_MAX];
    if (hats_path_join(full, arg, path) != HATS_OK)
        return hats_fail(err, HATS_E_RANGE, "%s: the path is too long", path);
    return hats_file_read(out, full, err);
}

struct hats_log_files hats_log_folder(const char *dir) {
    union {
        const char *in;
        void *out;
    } arg = {.in = dir};
    return (struct hats_log_files){.get = get_from_folder, .arg = arg.out};
}

/* ---- checkpoints ---- */

static const struct hats_trust_key *key_of_log(const struct hats_checkpoint *c,
                                               const struct hats_trust *trust) {
    for (size_t i = 0; i < c->n_lines; i++) {
        if (strcmp(c->lines[i].name, c->head.origin) != 0)
            continue;
        const struct hats_trust_key *key =
            hats_trust_find_note(trust, HATS_ROLE_LOG, c->head.origin, c->lines[i].key_id);
        if (key != NULL)
            return key;
    }
    return NULL;
}

hats_status hats_log_checkpoint_check(struct hats_checkpoint *out, const uint8_t *note,
                                      size_t len_bytes, const struct hats_trust *trust,
                                      uint64_t now_ms, struct hats_error *err) {
    uint64_t time_s;
    hats_status s = hats_checkpoint_parse(out, note, len_bytes, err);
    if (s != HATS_OK)
        return s;
    const struct hats_trust_key *key = key_of_log(out, trust);
    if (key == NULL)
        return hats_fail(err, HATS_E_TRUST,
                         "checkpoint: no trusted key of the log \"%s\" signed it",
                         out->head.origin);
    s = hats_checkpoint_verify(out, NULL, &time_s, key->public_key, out->head.origin, err);
    if (s != HATS_OK)
        return s;
    enum hats_signer_state state =
        hats_trust_judge(key, HATS_ROLE_LOG, time_s * 1000 + 999, now_ms);
    if (state != HATS_SIGNER_TRUSTED)
        return hats_fail(err, HATS_E_TRUST, "checkpoint: the key of the log \"%s\" is %s",
                         out->head.origin, hats_signer_state_name(state));
    return HATS_OK;
}

hats_status hats_log_checkpoint(struct hats_checkpoint *out, struct hats_buffer *note,
                                const struct hats_log_files *files, const struct hats_trust *trust,
                                uint64_t now_ms, struct hats_error *err) {
    hats_status s = files->get(files->arg, note, "checkpoint", err);
    return s == HATS_OK ? hats_log_checkpoint_check(out, note->data, note->len, trust, now_ms, err)
                        : s;
}

/* ---- trees ---- */

struct hats_log_tree {
    struct hats_log_files files;
    struct hats_tile_reader reader;
};

static hats_status get_exactly(const struct hats_log_files *files, uint8_t *out, size_t len_bytes,
                               const struct hats_tile *tile, unsigned stride,
                               struct hats_error *err) {
    char path[HATS_TILE_PATH_MAX];
    struct hats_buffer file;
    size_t len_file = (size_t)tile->width * stride;
    hats_tile_path(path, tile);
    hats_buffer_init(&file, len_file);
    hats_status s = files->get(files->arg, &file, path, err);
    if (s == HATS_OK && file.len != len_file)
        s = hats_fail(err, HATS_E_MALFORMED, "%s: %zu bytes, a tile of its width has %zu", path,
                      file.len, len_file);
    if (s == HATS_OK)
        memcpy(out, file.data, len_bytes);
    hats_buffer_clear(&file);
    return s;
}

/* A partial tile may be gone once the full one is there. */
static hats_status get_tile(const struct hats_log_files *files, uint8_t *out,
                            const struct hats_tile *tile, unsigned stride, struct hats_error *err) {
    size_t len = (size_t)tile->width * stride;
    hats_status s = get_exactly(files, out, len, tile, stride, err);
    if (s != HATS_E_NOT_FOUND || tile->width == HATS_TILE_WIDTH)
        return s;
    struct hats_tile full = *tile;
    full.width = HATS_TILE_WIDTH;
    return get_exactly(files, out, len, &full, stride, err);
}

static hats_status fetch(void *arg, uint8_t *out, const struct hats_tile *tile,
                         struct hats_error *err) {
    const struct hats_log_tree *tree = arg;
    return get_tile(&tree->files, out, tile, HATS_SHA256_LEN, err);
}

hats_status hats_log_tree_new(struct hats_log_tree **out, uint64_t size,
                              const struct hats_log_files *files, struct hats_error *err) {
    struct hats_log_tree *tree = hats_alloc(sizeof *tree);
    *out = tree;
    if (tree == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the tiles of a log");
    tree->files = *files;
    hats_tile_reader_init(&tree->reader, size, fetch, tree);
    return HATS_OK;
}

void hats_log_tree_free(struct hats_log_tree *tree) { hats_free(tree); }

struct hats_tlog_source hats_log_tree_source(struct hats_log_tree *tree) {
    return hats_tile_source(&tree->reader);
}

static hats_status compare(const uint8_t root[HATS_SHA256_LEN], const struct hats_tree_head *head,
                           struct hats_error *err) {
    if (memcmp(root, head->root, sizeof head->root) != 0)
        return hats_fail(err, HATS_E_VERIFY,
                         "the tiles of the log \"%s\" are not those of the tree of %" PRIu64
                         " entries that it signed",
                         head->origin, head->size);
    return HATS_OK;
}

hats_status hats_log_tree_check(struct hats_log_tree *tree, const struct hats_tree_head *head,
                                struct hats_error *err) {
    uint8_t root[HATS_SHA256_LEN];
    struct hats_tlog_source source = hats_log_tree_source(tree);
    hats_status s = hats_tlog_root(root, head->size, &source, err);
    return s == HATS_OK ? compare(root, head, err) : s;
}

static hats_status add_bundle(struct hats_merkle_log *tree, const struct hats_log_files *files,
                              const struct hats_tile *at, struct hats_error *err) {
    uint8_t bundle[HATS_TILE_WIDTH * HATS_ENTRY_STRIDE], tile[HATS_TILE_BYTES];
    uint8_t leaf[HATS_SHA256_LEN];
    struct hats_tile digests = *at;
    digests.entries = false;
    hats_status s = get_tile(files, bundle, at, HATS_ENTRY_STRIDE, err);
    if (s == HATS_OK)
        s = get_tile(files, tile, &digests, HATS_SHA256_LEN, err);
    for (unsigned i = 0; s == HATS_OK && i < at->width; i++) {
        const uint8_t *entry = bundle + i * HATS_ENTRY_STRIDE;
        hats_tlog_leaf(leaf, entry + 2, HATS_ENTRY_LEN);
        if (entry[0] != 0 || entry[1] != HATS_ENTRY_LEN ||
            memcmp(leaf, tile + i * HATS_SHA256_LEN, sizeof leaf) != 0)
            s = hats_fail(err, HATS_E_VERIFY,
                          "entry %" PRIu64 " of the log is not what its tile says",
                          at->index * HATS_TILE_WIDTH + i);
        hats_merkle_log_append(tree, leaf);
    }
    return s;
}

hats_status hats_log_check_all(const struct hats_log_files *files,
                               const struct hats_tree_head *head, struct hats_error *err) {
    struct hats_merkle_log tree;
    struct hats_log_tree *tiles;
    uint8_t root[HATS_SHA256_LEN];
    hats_merkle_log_init(&tree);
    hats_status s = hats_log_tree_new(&tiles, head->size, files, err);
    if (s == HATS_OK)
        s = hats_log_tree_check(tiles, head, err);
    hats_log_tree_free(tiles);
    struct hats_tile at = {.entries = true};
    for (; s == HATS_OK && (at.width = hats_tile_width(head->size, 0, at.index)) != 0; at.index++)
        s = add_bundle(&tree, files, &at, err);
    if (s != HATS_OK)
        return s;
    hats_merkle_log_root(root, &tree);
    return compare(root, head, err);
}
