#include "log/writer.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "hash/merkle_log.h"
#include "log/reader.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { DIGEST = HATS_SHA256_LEN, CHUNK = 4096 /* entries read from the store at one time */ };
_Static_assert(HATS_ENTRY_LEN == HATS_STORE_ENTRY_LEN, "an entry is what the store numbers");

/* The tile that is being filled at one level. */
struct edge {
    uint64_t index;
    unsigned width;
    uint8_t digests[HATS_TILE_BYTES];
};

struct hats_log_writer {
    char dir[HATS_PATH_MAX];
    char origin[HATS_NOTE_NAME_MAX];
    const struct hats_sign_key *key;
    const struct hats_trust *trust;
    struct hats_store *store;
    int lock_fd;

    /* the tree so far; one more step than what is signed, while an update is under way */
    struct hats_merkle_log tree;
    struct edge edges[HATS_TILE_LEVELS];
    uint8_t bundle[HATS_TILE_WIDTH * HATS_ENTRY_STRIDE];
    uint8_t chunk[CHUNK * HATS_ENTRY_LEN];
    uint64_t signed_size; /* what the checkpoint on the disk says */
    bool is_signed;
    bool torn; /* growing failed half-way: the tree is built again */

    pthread_mutex_t heads; /* over what follows: what readers ask for */
    struct hats_log_signature latest;
    struct hats_logged witnessed; /* signature and cosignatures; n_witnesses 0: none yet */
};

/* ---- tiles ---- */

static bool is_same(const char *path, const void *data, size_t len_bytes) {
    struct hats_buffer file;
    hats_buffer_init(&file, len_bytes);
    bool same = hats_file_read(&file, path, NULL) == HATS_OK && file.len == len_bytes &&
                memcmp(file.data, data, len_bytes) == 0;
    hats_buffer_clear(&file);
    return same;
}

/* Not waited for: what power loss takes of it, the next start writes again. */
static hats_status put_tile(const struct hats_log_writer *w, const struct hats_tile *tile,
                            const void *data, size_t len_bytes, struct hats_error *err) {
    char name[HATS_TILE_PATH_MAX], path[HATS_PATH_MAX], folder[HATS_PATH_MAX];
    hats_tile_path(name, tile);
    if (hats_path_join(path, w->dir, name) != HATS_OK)
        return hats_fail(err, HATS_E_RANGE, "%s: the path is too long", w->dir);
    if (is_same(path, data, len_bytes))
        return HATS_OK;
    memcpy(folder, path, sizeof folder);
    *strrchr(folder, '/') = '\0';
    hats_status s = hats_file_make_dirs(folder, 0755, err);
    return s == HATS_OK ? hats_file_write_unsynced(path, 0644, data, len_bytes, err) : s;
}

static hats_status put_edge(const struct hats_log_writer *w, unsigned level,
                            struct hats_error *err) {
    const struct edge *e = &w->edges[level];
    struct hats_tile tile = {.level = level, .index = e->index, .width = e->width};
    hats_status s = put_tile(w, &tile, e->digests, (size_t)e->width * DIGEST, err);
    if (s != HATS_OK || level != 0)
        return s;
    tile.entries = true;
    return put_tile(w, &tile, w->bundle, (size_t)e->width * HATS_ENTRY_STRIDE, err);
}

/* The partial tiles that a full one replaces. */
static void drop_partials(const struct hats_log_writer *w, const char *kind, uint64_t index) {
    char full[HATS_TILE_PATH_MAX], folder[HATS_PATH_MAX], name[HATS_TILE_PATH_MAX + 16];
    struct hats_tile tile = {.index = index, .width = HATS_TILE_WIDTH};
    hats_tile_path(full, &tile);
    snprintf(name, sizeof name, "tile/%s/%s.p", kind, full + strlen("tile/0/"));
    if (hats_path_join(folder, w->dir, name) != HATS_OK)
        return;
    for (unsigned width = 1; width < HATS_TILE_WIDTH; width++) {
        char path[HATS_PATH_MAX];
        snprintf(name, sizeof name, "%u", width);
        if (hats_path_join(path, folder, name) == HATS_OK)
            (void)unlink(path);
    }
    (void)rmdir(folder);
}

static void drop_partials_between(const struct hats_log_writer *w, uint64_t from, uint64_t to) {
    for (unsigned level = 0; level < HATS_TILE_LEVELS; level++) {
        char kind[8];
        snprintf(kind, sizeof kind, "%u", level);
        /* only the tile that was partial in the signed tree has any */
        uint64_t index = (from >> (8 * level)) / HATS_TILE_WIDTH;
        if (from >> (8 * level) == 0 || index == (to >> (8 * level)) / HATS_TILE_WIDTH)
            continue;
        drop_partials(w, kind, index);
        if (level == 0)
            drop_partials(w, "entries", index);
    }
}

/* ---- growing ---- */

/* A digest at a level; a tile that is full is written, and its root goes up. */
static hats_status push(struct hats_log_writer *w, unsigned level, const uint8_t digest[DIGEST],
                        struct hats_error *err) {
    uint8_t carry[DIGEST];
    memcpy(carry, digest, DIGEST);
    for (; level < HATS_TILE_LEVELS; level++) {
        struct edge *e = &w->edges[level];
        memcpy(e->digests + (size_t)e->width * DIGEST, carry, DIGEST);
        if (++e->width < HATS_TILE_WIDTH)
            return HATS_OK;
        hats_status s = put_edge(w, level, err);
        if (s != HATS_OK) {
            e->width--;
            return s;
        }
        hats_tile_root(carry, e->digests, HATS_TILE_WIDTH);
        e->width = 0;
        e->index++;
    }
    return hats_fail(err, HATS_E_RANGE, "the log is full");
}

static hats_status append(struct hats_log_writer *w, const uint8_t entry[HATS_ENTRY_LEN],
                          struct hats_error *err) {
    uint8_t leaf[DIGEST];
    uint8_t *at = w->bundle + (size_t)w->edges[0].width * HATS_ENTRY_STRIDE;
    hats_store_be16(at, HATS_ENTRY_LEN);
    memcpy(at + 2, entry, HATS_ENTRY_LEN);
    hats_tlog_leaf(leaf, entry, HATS_ENTRY_LEN);
    hats_status s = push(w, 0, leaf, err);
    if (s == HATS_OK)
        hats_merkle_log_append(&w->tree, leaf);
    return s;
}

/* Reads the store from where the tree ends, up to `limit` entries. */
static hats_status grow(struct hats_log_writer *w, uint64_t limit, struct hats_error *err) {
    hats_status s = HATS_OK;
    while (s == HATS_OK && w->tree.n_leaves < limit) {
        uint64_t left = limit - w->tree.n_leaves;
        size_t n;
        s = hats_store_log_read(w->store, w->chunk, &n, w->tree.n_leaves,
                                left < CHUNK ? (size_t)left : CHUNK, err);
        if (s == HATS_OK && n == 0)
            break;
        for (size_t i = 0; s == HATS_OK && i < n; i++)
            s = append(w, w->chunk + i * HATS_ENTRY_LEN, err);
    }
    w->torn |= s != HATS_OK;
    return s;
}

static hats_status put_edges(const struct hats_log_writer *w, struct hats_error *err) {
    hats_status s = HATS_OK;
    for (unsigned level = 0; s == HATS_OK && level < HATS_TILE_LEVELS; level++)
        if (w->edges[level].width != 0)
            s = put_edge(w, level, err);
    return s;
}

/* ---- checkpoints ---- */

static void head_of(const struct hats_log_writer *w, struct hats_tree_head *head) {
    memset(head, 0, sizeof *head);
    memcpy(head->origin, w->origin, sizeof head->origin);
    head->size = w->tree.n_leaves;
    hats_merkle_log_root(head->root, &w->tree);
}

static hats_status write_checkpoint(const struct hats_log_writer *w,
                                    const struct hats_tree_head *head, uint64_t now_s,
                                    struct hats_error *err) {
    char path[HATS_PATH_MAX];
    uint8_t cosignature[HATS_COSIGNATURE_LEN];
    struct hats_buffer note;
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    hats_status s = hats_cosign(cosignature, head, w->key, w->origin, now_s, err);
    if (s == HATS_OK)
        s = hats_checkpoint_begin(&note, head, err);
    hats_checkpoint_line(&note, w->origin, hats_mldsa_public(w->key), cosignature);
    for (size_t i = 0; i < w->witnessed.n_witnesses && w->witnessed.by_log.head.size == head->size;
         i++) {
        const struct hats_log_cosignature *c = &w->witnessed.witnesses[i];
        const struct hats_trust_key *key =
            hats_trust_find_note(w->trust, HATS_ROLE_WITNESS, c->name, c->key_id);
        if (key != NULL)
            hats_checkpoint_line(&note, c->name, key->public_key, c->bytes);
    }
    if (s == HATS_OK && note.failed)
        s = hats_fail(err, HATS_E_MEMORY, "no memory for a checkpoint");
    if (s == HATS_OK)
        s = hats_path_join(path, w->dir, "checkpoint");
    if (s == HATS_OK)
        s = hats_file_write(path, 0644, note.data, note.len, err);
    hats_buffer_clear(&note);
    return s;
}

/* The head goes to readers only when it is on the disk. */
static hats_status publish(struct hats_log_writer *w, uint64_t now_s, struct hats_error *err) {
    struct hats_tree_head head;
    struct hats_log_signature latest;
    head_of(w, &head);
    hats_status s = hats_log_sign(&latest, &head, w->key, now_s, err);
    if (s == HATS_OK)
        s = write_checkpoint(w, &head, now_s, err);
    if (s != HATS_OK)
        return s;
    drop_partials_between(w, w->signed_size, head.size);
    w->signed_size = head.size;
    w->is_signed = true;
    pthread_mutex_lock(&w->heads);
    w->latest = latest;
    pthread_mutex_unlock(&w->heads);
    return HATS_OK;
}

/* ---- witnesses ---- */

/* Every trusted witness's line of a note; by_log is left alone. */
static void take_lines(const struct hats_log_writer *w, struct hats_logged *out,
                       const struct hats_checkpoint *c) {
    for (size_t i = 0; i < c->n_lines && out->n_witnesses < HATS_LOGGED_WITNESSES_MAX; i++) {
        struct hats_log_cosignature *to = &out->witnesses[out->n_witnesses];
        const struct hats_note_line *line = &c->lines[i];
        const struct hats_trust_key *key =
            hats_trust_find_note(w->trust, HATS_ROLE_WITNESS, line->name, line->key_id);
        uint64_t time_s;
        if (key == NULL || hats_checkpoint_verify(c, to->bytes, &time_s, key->public_key,
                                                  line->name, NULL) != HATS_OK)
            continue;
        bool again = out->n_witnesses != 0 && strcmp(out->witnesses[0].name, line->name) == 0;
        if (again)
            continue;
        memcpy(to->name, line->name, sizeof to->name);
        memcpy(to->key_id, line->key_id, sizeof to->key_id);
        out->n_witnesses++;
    }
}

/* A note that a witness left counts when the head in it is one that we signed. */
static void hear_note(struct hats_log_writer *w, struct hats_logged *best,
                      const struct hats_buffer *note) {
    struct hats_checkpoint c;
    struct hats_logged heard = {0};
    uint64_t time_s;
    if (hats_checkpoint_parse(&c, note->data, note->len, NULL) != HATS_OK ||
        strcmp(c.head.origin, w->origin) != 0 || c.head.size > w->signed_size ||
        hats_checkpoint_verify(&c, NULL, &time_s, hats_mldsa_public(w->key), w->origin, NULL) !=
            HATS_OK)
        return;
    take_lines(w, &heard, &c);
    if (heard.n_witnesses == 0)
        return;
    const struct hats_tree_head *head = &best->by_log.head;
    bool same = best->n_witnesses != 0 && head->size == c.head.size;
    if (same && best->n_witnesses < HATS_LOGGED_WITNESSES_MAX &&
        strcmp(best->witnesses[0].name, heard.witnesses[0].name) != 0) {
        best->witnesses[best->n_witnesses++] = heard.witnesses[0];
    } else if (best->n_witnesses == 0 || c.head.size > head->size) {
        *best = heard;
        best->by_log.head = c.head;
    }
}

static void read_notes(struct hats_log_writer *w, struct hats_logged *best) {
    char folder[HATS_PATH_MAX], path[HATS_PATH_MAX];
    if (hats_path_join(folder, w->dir, "witness") != HATS_OK)
        return;
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);
        struct hats_buffer note;
        if (entry->d_name[0] == '.' || len < 6 || strcmp(entry->d_name + len - 5, ".note") != 0 ||
            hats_path_join(path, folder, entry->d_name) != HATS_OK)
            continue;
        hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
        if (hats_file_read(&note, path, NULL) == HATS_OK)
            hear_note(w, best, &note);
        hats_buffer_clear(&note);
    }
    if (dir != NULL)
        closedir(dir);
}

/* *news: the largest witnessed tree is another than before, or has another witness. */
static hats_status listen_to_witnesses(struct hats_log_writer *w, bool *news, uint64_t now_s,
                                       struct hats_error *err) {
    struct hats_logged best = {0};
    *news = false;
    if (w->trust == NULL)
        return HATS_OK;
    read_notes(w, &best);
    const struct hats_logged *had = &w->witnessed;
    if (best.n_witnesses == 0 || best.by_log.head.size < had->by_log.head.size ||
        (best.by_log.head.size == had->by_log.head.size && best.n_witnesses <= had->n_witnesses))
        return HATS_OK;
    struct hats_tree_head head = best.by_log.head; /* signed by us before: it is of this history */
    hats_status s = hats_log_sign(&best.by_log, &head, w->key, now_s, err);
    if (s != HATS_OK)
        return s;
    pthread_mutex_lock(&w->heads);
    w->witnessed = best;
    pthread_mutex_unlock(&w->heads);
    *news = true;
    return HATS_OK;
}

/* ---- life ---- */

/* What the folder says it signed must be a prefix of the store; the tree stands there afterwards. */
static hats_status resume(struct hats_log_writer *w, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    struct hats_buffer note;
    struct hats_checkpoint c;
    struct hats_tree_head head;
    uint64_t time_s;
    hats_merkle_log_init(&w->tree);
    memset(w->edges, 0, sizeof w->edges);
    w->torn = false;
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    hats_status s = hats_path_join(path, w->dir, "checkpoint");
    if (s == HATS_OK)
        s = hats_file_read(&note, path, err);
    if (s == HATS_E_NOT_FOUND) {
        hats_buffer_clear(&note);
        return HATS_OK;
    }
    if (s == HATS_OK)
        s = hats_checkpoint_parse(&c, note.data, note.len, err);
    if (s == HATS_OK && (strcmp(c.head.origin, w->origin) != 0 ||
                         hats_checkpoint_verify(&c, NULL, &time_s, hats_mldsa_public(w->key),
                                                w->origin, NULL) != HATS_OK))
        s = hats_fail(err, HATS_E_CONFLICT,
                      "%s is of another log or another key: give this log a folder of its own",
                      path);
    hats_buffer_clear(&note);
    if (s == HATS_OK)
        s = grow(w, c.head.size, err);
    if (s != HATS_OK)
        return s;
    head_of(w, &head);
    if (head.size != c.head.size || memcmp(head.root, c.head.root, DIGEST) != 0)
        return hats_fail(
            err, HATS_E_VERIFY,
            "%s signs %llu entries, and the store does not hold them: it was set back, "
            "or is another; nothing is signed",
            path, (unsigned long long)c.head.size);
    w->signed_size = head.size;
    return put_edges(w, err);
}

static hats_status take_folder(struct hats_log_writer *w, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    hats_status s = hats_path_join(path, w->dir, "witness");
    if (s == HATS_OK)
        s = hats_file_make_dirs(path, 0755, err);
    if (s == HATS_OK)
        s = hats_path_join(path, w->dir, ".lock");
    if (s != HATS_OK)
        return s;
    w->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (w->lock_fd < 0)
        return hats_fail(err, HATS_E_IO, "%s: %s", path, strerror(errno));
    if (flock(w->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return hats_fail(err, HATS_E_BUSY, "another process writes the log in %s", w->dir);
    return HATS_OK;
}

hats_status hats_log_writer_open(struct hats_log_writer **out,
                                 const struct hats_log_writer_config *config, uint64_t now_s,
                                 struct hats_error *err) {
    *out = NULL;
    if (!hats_note_name_ok(config->origin) || hats_mldsa_level_of(config->key) != HATS_MLDSA_44)
        return hats_fail(err, HATS_E_USAGE,
                         "a log has a name without spaces and \"+\", and an ML-DSA-44 key");
    struct hats_log_writer *w = hats_alloc(sizeof *w);
    if (w == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a log");
    w->lock_fd = -1;
    w->key = config->key;
    w->trust = config->trust;
    w->store = config->store;
    pthread_mutex_init(&w->heads, NULL);
    snprintf(w->dir, sizeof w->dir, "%s", config->dir);
    snprintf(w->origin, sizeof w->origin, "%s", config->origin);
    hats_status s = take_folder(w, err);
    if (s == HATS_OK)
        s = resume(w, err);
    if (s == HATS_OK)
        s = hats_log_writer_update(w, now_s, err);
    if (s == HATS_OK)
        *out = w;
    else
        hats_log_writer_close(w);
    return s;
}

void hats_log_writer_close(struct hats_log_writer *w) {
    if (w == NULL)
        return;
    if (w->lock_fd >= 0)
        close(w->lock_fd);
    pthread_mutex_destroy(&w->heads);
    hats_free(w);
}

hats_status hats_log_writer_update(struct hats_log_writer *w, uint64_t now_s,
                                   struct hats_error *err) {
    uint64_t size;
    bool news = false;
    hats_status s = hats_store_log_size(w->store, &size, err);
    if (s == HATS_OK && w->torn)
        s = resume(w, err);
    if (s == HATS_OK)
        s = grow(w, size, err);
    bool grown = w->tree.n_leaves != w->signed_size;
    if (s == HATS_OK && grown)
        s = put_edges(w, err);
    if (s == HATS_OK)
        s = listen_to_witnesses(w, &news, now_s, err);
    news &= w->witnessed.by_log.head.size == w->tree.n_leaves;
    return s == HATS_OK && (grown || !w->is_signed || news) ? publish(w, now_s, err) : s;
}

void hats_log_writer_head(struct hats_log_writer *w, struct hats_tree_head *out) {
    pthread_mutex_lock(&w->heads);
    *out = w->latest.head;
    pthread_mutex_unlock(&w->heads);
}

hats_status hats_log_writer_evidence(struct hats_log_writer *w, struct hats_logged *out,
                                     const uint8_t entry[HATS_ENTRY_LEN], struct hats_error *err) {
    uint64_t index;
    struct hats_log_tree *tree = NULL;
    struct hats_log_files files = hats_log_folder(w->dir);
    memset(out, 0, sizeof *out);
    hats_status s = hats_store_log_index(w->store, &index, entry, err);
    if (s != HATS_OK)
        return s;
    pthread_mutex_lock(&w->heads);
    if (w->witnessed.n_witnesses != 0 && index < w->witnessed.by_log.head.size)
        *out = w->witnessed;
    else
        out->by_log = w->latest;
    pthread_mutex_unlock(&w->heads);
    uint64_t size = out->by_log.head.size;
    out->index = index;
    if (index >= size)
        return hats_fail(err, HATS_E_NOT_FOUND, "the entry is not in a signed tree yet");
    s = hats_log_tree_new(&tree, size, &files, err);
    if (s == HATS_OK) {
        struct hats_tlog_source source = hats_log_tree_source(tree);
        s = hats_tlog_prove_inclusion(&out->path, size, index, &source, err);
    }
    hats_log_tree_free(tree);
    return s;
}
