#include "log/follow.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* ---- the memory ---- */

/* Held from reading to writing, by one process. */
static int lock(const char *memory_path, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s.lock", memory_path);
    int fd = n > 0 && n < (int)sizeof path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && flock(fd, LOCK_EX) == 0)
        return fd;
    (void)hats_fail(err, HATS_E_IO, "%s cannot be locked: %s", memory_path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* What was remembered must still be what a trusted log signed. *there = false: nothing yet. */
static hats_status recall(struct hats_tree_head *out, bool *there, const char *memory_path,
                          const struct hats_trust *trust, uint64_t now_ms, struct hats_error *err) {
    struct hats_buffer file;
    struct hats_checkpoint c;
    hats_buffer_init(&file, HATS_CHECKPOINT_MAX_BYTES);
    hats_status s = hats_file_read(&file, memory_path, NULL);
    *there = s != HATS_E_NOT_FOUND;
    if (s == HATS_OK) {
        s = hats_log_checkpoint_check(&c, file.data, file.len, trust, now_ms, err);
        if (s != HATS_OK)
            s = hats_fail_in(err, s, "%s, the remembered one", memory_path);
    } else {
        s = s == HATS_E_NOT_FOUND ? HATS_OK : hats_fail(err, s, "%s cannot be read", memory_path);
    }
    if (s == HATS_OK && *there)
        *out = c.head;
    hats_buffer_clear(&file);
    return s;
}

/* ---- following ---- */

static hats_status compare(const struct hats_tree_head *old, const struct hats_tree_head *now,
                           const struct hats_log_files *files, struct hats_error *err) {
    struct hats_tlog_path path = {0};
    struct hats_log_tree *tree = NULL;
    hats_status s = HATS_OK;
    if (now->size > old->size) {
        s = hats_log_tree_new(&tree, now->size, files, err);
        if (s == HATS_OK)
            s = hats_log_tree_check(tree, now, err);
        if (s == HATS_OK) {
            struct hats_tlog_source source = hats_log_tree_source(tree);
            s = hats_tlog_prove_consistency(&path, old->size, now->size, &source, err);
        }
        hats_log_tree_free(tree);
    }
    if (s != HATS_OK)
        return s;
    enum hats_history h = hats_history_of(old, now, &path, err);
    return h == HATS_HISTORY_SAME || h == HATS_HISTORY_GROWN ? HATS_OK : HATS_E_VERIFY;
}

static hats_status keep_conflict(const char *memory_path, const struct hats_buffer *note,
                                 struct hats_error *err) {
    char path[HATS_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s.conflict", memory_path);
    if (n < 0 || n >= (int)sizeof path ||
        hats_file_write(path, 0644, note->data, note->len, NULL) != HATS_OK)
        return HATS_E_VERIFY;
    struct hats_error said = *err;
    return hats_fail(err, HATS_E_VERIFY, "%s; both checkpoints are kept: %s and %s", said.text,
                     memory_path, path);
}

static hats_status follow(struct hats_log_followed *out, struct hats_buffer *note,
                          const char *memory_path, const struct hats_log_files *files,
                          const struct hats_trust *trust, uint64_t now_ms, struct hats_error *err) {
    struct hats_checkpoint c;
    struct hats_tree_head old;
    struct hats_error why = {0};
    bool there;
    hats_status s = recall(&old, &there, memory_path, trust, now_ms, err);
    if (s != HATS_OK)
        return s;
    s = hats_log_checkpoint(&c, note, files, trust, now_ms, &why);
    if (s == HATS_E_NOT_FOUND && there)
        return hats_fail(err, s,
                         "the log \"%s\" is gone: it had %llu entries and is not served now",
                         old.origin, (unsigned long long)old.size);
    if (s != HATS_OK)
        return hats_fail(err, s, "%s", why.text);
    out->head = c.head;
    out->first = !there;
    out->before = there ? old.size : 0;
    if (there)
        s = compare(&old, &c.head, files, &why);
    if (s == HATS_E_VERIFY) {
        s = keep_conflict(memory_path, note, &why);
    }
    if (s != HATS_OK)
        return hats_fail(err, s, "%s", why.text);
    return hats_file_write(memory_path, 0644, note->data, note->len, err);
}

hats_status hats_log_follow(struct hats_log_followed *out, struct hats_buffer *note,
                            const char *memory_path, const struct hats_log_files *files,
                            const struct hats_trust *trust, uint64_t now_ms,
                            struct hats_error *err) {
    struct hats_buffer own;
    hats_buffer_init(&own, HATS_CHECKPOINT_MAX_BYTES);
    memset(out, 0, sizeof *out);
    int held = lock(memory_path, err);
    hats_status s = HATS_E_IO;
    if (held >= 0) {
        s = follow(out, note != NULL ? note : &own, memory_path, files, trust, now_ms, err);
        close(held);
    }
    hats_buffer_clear(&own);
    return s;
}

hats_status hats_log_witness(struct hats_log_followed *followed, struct hats_buffer *out,
                             const char *memory_path, const struct hats_log_files *files,
                             const struct hats_trust *trust, const struct hats_sign_key *key,
                             const char *name, uint64_t now_ms, struct hats_error *err) {
    uint8_t cosignature[HATS_COSIGNATURE_LEN];
    hats_status s = hats_log_follow(followed, out, memory_path, files, trust, now_ms, err);
    if (s == HATS_OK)
        s = hats_cosign(cosignature, &followed->head, key, name, now_ms / 1000, err);
    if (s != HATS_OK)
        return s;
    hats_checkpoint_line(out, name, hats_mldsa_public(key), cosignature);
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "the checkpoint has too many signatures")
                       : HATS_OK;
}
