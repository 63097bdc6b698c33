/* The log of a server, as a client follows it (log/follow.h).
 *
 * The last checkpoint stands in HOME/servers/HOST_PORT/checkpoint. A log that went backwards, forked, or is gone is
 * refused and named before anything is sent to its server; two checkpoints that exclude each other are kept.
 */
#ifndef HATS_CLIENT_LOG_H
#define HATS_CLIENT_LOG_H

#include "client/client.h"
#include "log/follow.h"

/* The files under /log/ of this server; client must stay. */
struct hats_log_files hats_client_log_files(struct hats_client *client);
/* Does the pinned key set name a log? Without one there is nothing to follow. */
bool hats_client_has_log(const struct hats_client *client);
/* Where the record's folder remembers. HATS_E_RANGE. */
HATS_MUST_USE hats_status hats_client_log_memory(char out[HATS_PATH_MAX],
                                                 const struct hats_server_record *record,
                                                 struct hats_error *err);
/* Follows; errors of hats_log_follow. note may be NULL. */
HATS_MUST_USE hats_status hats_client_log_follow(struct hats_client *client,
                                                 struct hats_log_followed *out,
                                                 struct hats_buffer *note,
                                                 const struct hats_server_record *record,
                                                 struct hats_error *err);
/* Appends the receipt that was sealed as `entry`, with its place in the log as far as it has one. */
HATS_MUST_USE hats_status hats_client_receipt(struct hats_client *client, struct hats_buffer *out,
                                              const uint8_t entry[32], struct hats_error *err);

#endif
