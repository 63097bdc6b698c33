/* The service's log: a thread that keeps its folder up to date, and the folder's files at /log/. */
#ifndef HATS_SERVER_TRANSPARENCY_H
#define HATS_SERVER_TRANSPARENCY_H

#include "base/cursor.h"
#include "base/status.h"

struct hats_server;
struct hats_server_log;

/* *out = NULL when the configuration names no key of a log. HATS_E_TRUST: the key set that is served does not hold
 * that key as the log of that name. Errors of hats_log_writer_open. */
HATS_MUST_USE hats_status hats_server_log_open(struct hats_server_log **out,
                                               const struct hats_server *s, struct hats_error *err);
HATS_MUST_USE hats_status hats_server_log_start(struct hats_server_log *log,
                                                struct hats_error *err);
/* Once more up to date, then ends. log may be NULL. */
void hats_server_log_close(struct hats_server_log *log);

/* Appends the receipt with its place in the log, or as it is when it has none yet. */
void hats_server_log_attach(struct hats_server_log *log, struct hats_buffer *out,
                            const uint8_t *receipt, size_t receipt_len);
/* "checkpoint" or a tile's name; false: no such file. */
bool hats_server_log_read(struct hats_server_log *log, struct hats_buffer *out, const char *file);

#endif
