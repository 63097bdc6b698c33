/* What the verbs of sources, grants and provenance share. */
#ifndef HATS_CLI_PROVENANCE_H
#define HATS_CLI_PROVENANCE_H

#include "cli/options.h"
#include "provenance/render.h"

#define CLI_DAY_MS UINT64_C(86400000)
#define CLI_DAYS_MAX 36500

/* now + --days, `fallback` days when it is not given. */
HATS_MUST_USE hats_status cli_until(uint64_t *out, const struct cli_args *args, uint64_t now_ms,
                                    uint64_t fallback, struct hats_error *err);
/* A whole file; the buffer is the caller's to clear, whatever came back. */
HATS_MUST_USE hats_status cli_read(struct hats_buffer *out, const char *path, size_t max_bytes,
                                   struct hats_error *err);
/* The keys of every file that the verb's repeating option names. */
HATS_MUST_USE hats_status cli_trust(struct hats_trust *out, const struct cli_args *args,
                                    struct hats_error *err);
HATS_MUST_USE hats_status cli_plan(struct hats_plan **out, uint8_t digest[32], const char *path,
                                   struct hats_error *err);

#endif
