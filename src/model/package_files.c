#include "model/package_files.h"

#include "model/package.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_empty(const char *dir) {
    DIR *d = opendir(dir);
    struct dirent *e;
    bool empty = true;

    if (d == NULL)
        return false;
    while (empty && (e = readdir(d)) != NULL)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    (void)closedir(d);
    return empty;
}

hats_status hats_package_look(enum hats_package_state *state, const char *dir,
                              const struct hats_buffer *manifest, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    struct hats_buffer there;
    struct stat s;
    hats_status st;

    *state = HATS_PACKAGE_NONE;
    if (stat(dir, &s) != 0 && errno == ENOENT)
        return HATS_OK;
    if (stat(dir, &s) != 0 || !S_ISDIR(s.st_mode))
        return hats_fail(err, HATS_E_IO, "%s is not a directory that can be read", dir);
    if (is_empty(dir))
        return HATS_OK;
    if (hats_path_join(path, dir, HATS_MODEL_FILE_MANIFEST) != HATS_OK)
        return hats_fail(err, HATS_E_RANGE, "%s: the path is too long", dir);
    if (!hats_file_exists(path))
        return hats_fail(err, HATS_E_CONFLICT,
                         "%s holds files that are no model; name another "
                         "directory",
                         dir);
    hats_buffer_init(&there, 1u << 20);
    st = hats_file_read(&there, path, err);
    if (st == HATS_OK)
        *state = there.len == manifest->len && memcmp(there.data, manifest->data, there.len) == 0
                     ? HATS_PACKAGE_SAME
                     : HATS_PACKAGE_OTHER;
    hats_buffer_clear(&there);
    return st;
}

hats_status hats_package_begin(char fresh[HATS_PATH_MAX], const char *dir, struct hats_error *err) {
    char parent[HATS_PATH_MAX];
    char *slash;
    size_t len = strlen(dir);
    hats_status st;

    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len == 0 || len + 16 > HATS_PATH_MAX)
        return hats_fail(err, HATS_E_RANGE, "%s: the path is empty or too long", dir);
    memcpy(parent, dir, len);
    parent[len] = 0;
    slash = strrchr(parent, '/');
    if (slash != NULL && slash != parent) {
        *slash = 0;
        st = hats_file_make_dirs(parent, 0755, err);
        if (st != HATS_OK)
            return st;
    }
    (void)snprintf(fresh, HATS_PATH_MAX, "%.*s.new-XXXXXX", (int)len, dir);
    if (mkdtemp(fresh) == NULL)
        return hats_fail(err, HATS_E_IO, "%s cannot be made: %s", fresh, strerror(errno));
    if (chmod(fresh, 0755) != 0) {
        (void)rmdir(fresh);
        return hats_fail(err, HATS_E_IO, "%s: %s", fresh, strerror(errno));
    }
    return HATS_OK;
}

/* Only files that a package has; whatever else somebody put there keeps the directory. */
static void remove_package(const char *dir) {
    static const char *const names[] = {
        HATS_MODEL_FILE_SOURCE,     HATS_MODEL_FILE_SCHEMA,   HATS_MODEL_FILE_PLAN,
        HATS_MODEL_FILE_WEIGHTS,    HATS_MODEL_FILE_COMPILER, HATS_MODEL_FILE_MANIFEST,
        HATS_MODEL_FILE_PARAMETERS, HATS_MODEL_FILE_SALT,     HATS_MODEL_FILE_PUBLICATION,
    };
    char path[HATS_PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (hats_path_join(path, dir, names[i]) == HATS_OK)
            (void)unlink(path);
    (void)rmdir(dir);
}

hats_status hats_package_end(const char *fresh, const char *dir, hats_status written,
                             struct hats_error *err) {
    hats_status st = written;
    struct stat s;

    if (st == HATS_OK && stat(dir, &s) == 0) {
        /* fresh and dir change places in one step; what was dir goes */
        if (renameat2(AT_FDCWD, fresh, AT_FDCWD, dir, RENAME_EXCHANGE) != 0)
            st = hats_fail(err, HATS_E_IO, "%s cannot be replaced: %s", dir, strerror(errno));
        remove_package(fresh);
        return st;
    }
    if (st == HATS_OK && rename(fresh, dir) != 0)
        st = hats_fail(err, HATS_E_IO, "%s cannot be made: %s", dir, strerror(errno));
    if (st != HATS_OK)
        remove_package(fresh);
    return st;
}
