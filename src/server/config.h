/* The configuration as a structure, and the table that reads and writes it. */
#ifndef HATS_SERVER_CONFIG_H
#define HATS_SERVER_CONFIG_H

#include "base/file.h"
#include "server/server.h"

#define CONFIG_LIST_MAX 16
#define CONFIG_TEXT_MAX 256

struct config_list {
    char items[CONFIG_LIST_MAX][CONFIG_TEXT_MAX];
    size_t n;
};

struct hats_server_config {
    char path[HATS_PATH_MAX]; /* of the file, absolute */
    char dir[HATS_PATH_MAX];

    char listen[CONFIG_TEXT_MAX];
    uint64_t port;
    struct config_list origins;
    char issuer[CONFIG_TEXT_MAX], proofs[CONFIG_TEXT_MAX];
    uint64_t io_threads, workers, drain_seconds;

    char tls_profile[CONFIG_TEXT_MAX], tls_groups[CONFIG_TEXT_MAX];
    char tls_certificate[CONFIG_TEXT_MAX], tls_key[CONFIG_TEXT_MAX];
    char signing_key[CONFIG_TEXT_MAX], key_set[CONFIG_TEXT_MAX];

    char store_path[CONFIG_TEXT_MAX];
    uint64_t store_mib;
    char models_path[CONFIG_TEXT_MAX];
    char log_key[CONFIG_TEXT_MAX], log_name[CONFIG_TEXT_MAX], log_path[CONFIG_TEXT_MAX];
    uint64_t log_interval_ms;

    uint64_t max_calls, call_memory_mib, body_memory_mib, key_cache_mib, evaluations;
    uint64_t requests_per_s, burst;
    uint64_t clock_skew_s, lease_s, retention_hours;
    uint64_t session_calls, session_seconds;
    uint64_t max_connections, connections_per_network, handshakes_per_s, max_streams;

    bool log_requests;
    bool metrics;
};

enum config_type { CONFIG_TEXT, CONFIG_NUMBER, CONFIG_BOOL, CONFIG_LIST };
/* One key of the file. */
struct config_key {
    const char *section, *name;
    enum config_type type;
    size_t offset; /* in struct hats_server_config */
    uint64_t min, max;
    const char *initial; /* as it stands in a file; NULL: must be given */
    const char *help;
};
extern const struct config_key hats_server_config_keys[];
extern const size_t hats_server_config_n_keys;

/* A file with every key, its meaning and this configuration's value. */
void hats_server_config_render(struct hats_buffer *out, const struct hats_server_config *c);
/* Every key at its initial value; keys without one are empty. */
void hats_server_config_defaults(struct hats_server_config *c);
/* Reads a file's text over the defaults that *c holds; c->path names it in errors. */
HATS_MUST_USE hats_status hats_server_config_parse(struct hats_server_config *c, const char *text,
                                                   size_t len_bytes, struct hats_error *err);
/* A path of the configuration, from its folder. */
HATS_MUST_USE hats_status hats_server_config_path(char out[HATS_PATH_MAX],
                                                  const struct hats_server_config *c,
                                                  const char *path, struct hats_error *err);

#endif
