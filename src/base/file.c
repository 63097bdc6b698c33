#include "base/file.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

hats_status hats_path_join(char out[HATS_PATH_MAX], const char *dir, const char *name) {
    size_t len = strlen(dir);
    const char *slash = len != 0 && dir[len - 1] == '/' ? "" : "/";
    int n = snprintf(out, HATS_PATH_MAX, "%s%s%s", dir, slash, name);
    return n >= 0 && n < HATS_PATH_MAX ? HATS_OK : HATS_E_RANGE;
}

bool hats_file_exists(const char *path) { return access(path, F_OK) == 0; }

static hats_status read_all(struct hats_buffer *out, int fd, const char *path,
                            struct hats_error *err) {
    uint8_t chunk[65536];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return hats_fail(err, HATS_E_IO, "%s: cannot read: %s", path, strerror(errno));
        if (n == 0)
            return HATS_OK;
        hats_buffer_append(out, chunk, (size_t)n);
        hats_wipe(chunk, (size_t)n); /* it may have been a key */
        if (out->failed)
            return hats_fail(err, HATS_E_RANGE, "%s: larger than the %zu bytes allowed here", path,
                             out->max);
    }
}

hats_status hats_file_read(struct hats_buffer *out, const char *path, struct hats_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        hats_status s = errno == ENOENT || errno == ENOTDIR ? HATS_E_NOT_FOUND : HATS_E_IO;
        return hats_fail(err, s, "%s: %s", path, strerror(errno));
    }
    struct stat st;
    hats_status s = HATS_OK;
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode))
        s = hats_fail(err, HATS_E_IO, "%s: not a file that can be read", path);
    if (s == HATS_OK)
        s = read_all(out, fd, path, err);
    close(fd);
    return s;
}

static bool write_all(int fd, const uint8_t *p, size_t len) {
    while (len != 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static void sync_dir_of(const char *path) {
    char dir[HATS_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (len >= sizeof dir)
        return;
    memcpy(dir, path, len);
    dir[len] = '\0';
    int fd = open(slash == NULL ? "." : len == 0 ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static hats_status write_file(const char *path, unsigned mode, const void *data, size_t len_bytes,
                              bool sync, struct hats_error *err) {
    char temp[HATS_PATH_MAX];
    int n = snprintf(temp, sizeof temp, "%s.%ld.new", path, (long)getpid());
    if (n < 0 || n >= (int)sizeof temp)
        return hats_fail(err, HATS_E_RANGE, "%s: path too long", path);
    (void)unlink(temp); /* a file that lay there would keep its own mode */
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd < 0)
        return hats_fail(err, HATS_E_IO, "%s: cannot create: %s", path, strerror(errno));
    bool ok = write_all(fd, data, len_bytes) && (!sync || fsync(fd) == 0);
    int why = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    if (ok && rename(temp, path) != 0) {
        ok = false;
        why = errno;
    }
    if (!ok) {
        unlink(temp);
        return hats_fail(err, HATS_E_IO, "%s: cannot write: %s; nothing was changed", path,
                         strerror(why));
    }
    if (sync)
        sync_dir_of(path);
    return HATS_OK;
}

hats_status hats_file_write(const char *path, unsigned mode, const void *data, size_t len_bytes,
                            struct hats_error *err) {
    return write_file(path, mode, data, len_bytes, true, err);
}

hats_status hats_file_write_unsynced(const char *path, unsigned mode, const void *data,
                                     size_t len_bytes, struct hats_error *err) {
    return write_file(path, mode, data, len_bytes, false, err);
}

hats_status hats_file_sync_folder(const char *folder, struct hats_error *err) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && syncfs(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (!ok)
        return hats_fail(err, HATS_E_IO, "%s: cannot make sure that it is on the disk: %s", folder,
                         strerror(why));
    return HATS_OK;
}

hats_status hats_file_make_dirs(const char *path, unsigned mode, struct hats_error *err) {
    char part[HATS_PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part)
        return hats_fail(err, HATS_E_RANGE, "%s: path too long or empty", path);
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char keep = part[i];
        part[i] = '\0';
        if (mkdir(part, (mode_t)mode) != 0 && errno != EEXIST)
            return hats_fail(err, HATS_E_IO, "%s: cannot create folder: %s", part, strerror(errno));
        part[i] = keep;
    }
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return hats_fail(err, HATS_E_IO, "%s: exists and is not a folder", path);
    return HATS_OK;
}
