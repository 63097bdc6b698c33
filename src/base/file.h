/* Whole files: read with a bound, written atomically.
 *
 * hats_file_write makes a temporary file beside the target, writes, fsyncs, renames, and fsyncs the
 * folder: a reader sees the old file or the new one, never half of one, and a full disk leaves nothing
 * behind.
 */
#ifndef HATS_BASE_FILE_H
#define HATS_BASE_FILE_H

#include "base/cursor.h"

/* Appends the whole file to `out`, which carries the bound. HATS_E_NOT_FOUND, HATS_E_RANGE (larger
 * than the bound), HATS_E_IO. Directories and devices are refused. */
HATS_MUST_USE hats_status hats_file_read(struct hats_buffer *out, const char *path,
                                         struct hats_error *err);
/* mode: 0600 for secrets, 0644 for what may be shown. */
HATS_MUST_USE hats_status hats_file_write(const char *path, unsigned mode, const void *data,
                                          size_t len_bytes, struct hats_error *err);
/* The same without waiting for the disk: whole after a crash of the program, but perhaps not there, or
 * empty, after power loss, until hats_file_sync_folder. For many files in one go. */
HATS_MUST_USE hats_status hats_file_write_unsynced(const char *path, unsigned mode,
                                                   const void *data, size_t len_bytes,
                                                   struct hats_error *err);
/* Waits until everything written in the file system of `folder` is on the disk. */
HATS_MUST_USE hats_status hats_file_sync_folder(const char *folder, struct hats_error *err);
/* mkdir -p with the given mode for what is created. */
HATS_MUST_USE hats_status hats_file_make_dirs(const char *path, unsigned mode,
                                              struct hats_error *err);
bool hats_file_exists(const char *path);

/* "dir/name" into a bounded buffer. HATS_E_RANGE when it does not fit. */
#define HATS_PATH_MAX 1024
HATS_MUST_USE hats_status hats_path_join(char out[HATS_PATH_MAX], const char *dir,
                                         const char *name);

#endif
