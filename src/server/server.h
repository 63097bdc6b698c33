/* The service: HTTP requests in, verbs of the gate, HTTP answers out.
 *
 *     I/O threads (http)  --headers-->  admit: 401 404 411 413 429 503 before a body byte
 *          |
 *          +--whole body-->  worker pool  -->  gate verb (evaluates, commits)  -->  answer
 *
 * One configuration file describes a service. Paths in it are relative to its folder. The format is a
 * subset of TOML: [section], key = "text" | number | true | false | ["text", ...], # comments; an unknown
 * key is refused with its line and a hint. packaging/hatsd.toml shows every key with its default.
 *
 * hats_server_init makes a folder in which `hats serve` works at once.
 */
#ifndef HATS_SERVER_SERVER_H
#define HATS_SERVER_SERVER_H

#include "base/cursor.h"
#include "base/status.h"

#include <stdio.h>

/* ---- configuration ---- */

struct hats_server_config; /* parsed and checked; immutable */

/* HATS_E_USAGE with "FILE:LINE: what, and what to write instead"; HATS_E_NOT_FOUND. *out is NULL on
 * failure. */
HATS_MUST_USE hats_status hats_server_config_load(struct hats_server_config **out, const char *path,
                                                  struct hats_error *err);
void hats_server_config_free(struct hats_server_config *config);
/* For tests and `--port`: listen elsewhere; port 0 lets the system choose. */
void hats_server_config_listen(struct hats_server_config *config, const char *address,
                               uint16_t port);

/* `--check`: does everything a start does except listening: reads keys, certificates, store and models,
 * and prints what would be served. */
HATS_MUST_USE hats_status hats_server_check(const struct hats_server_config *config, FILE *out,
                                            struct hats_error *err);

/* ---- running ---- */

struct hats_server;

/* Opens the store, loads the models, listens, serves. Log lines (one JSON object each, no personal data)
 * go to stderr. Takes nothing of config over; it may be freed afterwards. */
HATS_MUST_USE hats_status hats_server_start(struct hats_server **out,
                                            const struct hats_server_config *config,
                                            struct hats_error *err);
uint16_t hats_server_port(const struct hats_server *s);
/* "https://host:port": the first configured origin. */
const char *hats_server_origin(const struct hats_server *s);
/* Reads tenants and models again. On an error what was served before is served on. */
HATS_MUST_USE hats_status hats_server_reload(struct hats_server *s, struct hats_error *err);
/* Refuses new work, finishes what was accepted within the configured deadline, closes. HATS_E_TIMEOUT
 * when something was still in flight. s is gone in either case; it may be NULL. */
hats_status hats_server_stop(struct hats_server *s);

/* What hatsd does: core dumps off, configuration, start, readiness to the service manager
 * (NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS), SIGHUP reloads, SIGTERM or SIGINT drains. Blocks; must be
 * called before any other thread exists. Returns the exit code. Errors are printed. */
struct hats_server_options {
    const char *config_path;
    const char *listen_address; /* NULL: the configured one */
    int port;                   /* -1: the configured one; 0: any free one */
    bool check;                 /* --check: say what would be served, and end */
};
int hats_server_main(const struct hats_server_options *options);

/* ---- tenants ---- */

/* On the store of a configuration, whether or not a server runs on it; a running one knows within a
 * second. The token exists nowhere else afterwards: write it to a file of mode 0600 and wipe it.
 * HATS_E_CONFLICT: the name is taken; HATS_E_USAGE: it is none (gate/gate.h). */
HATS_MUST_USE hats_status hats_server_tenant_add(const struct hats_server_config *config,
                                                 char token[64], const char *name,
                                                 struct hats_error *err);
/* A disabled tenant's token is unknown from then on; its keys and receipts stay. HATS_E_NOT_FOUND. */
HATS_MUST_USE hats_status hats_server_tenant_disable(const struct hats_server_config *config,
                                                     const char *name, bool disabled,
                                                     struct hats_error *err);
/* Calls `each` for every tenant, oldest first. */
HATS_MUST_USE hats_status hats_server_tenants(const struct hats_server_config *config,
                                              void (*each)(void *user, const char *name,
                                                           uint64_t created_ms, bool disabled),
                                              void *user, struct hats_error *err);

/* ---- first run ---- */

struct hats_server_init_options {
    const char *const *dns; /* names the certificate speaks for; none: "localhost" */
    size_t n_dns;
    const char *const *ip; /* none: "127.0.0.1" and "::1" */
    size_t n_ip;
    const char *listen_address; /* NULL: "127.0.0.1" */
    uint16_t port;              /* 0: 8443 */
    const char *issuer;         /* name in receipts; NULL: first name */
    const char *tenant;         /* NULL: "default" */
    unsigned days;              /* of the leaf; 0: 397; the root lives ten times as long */
};
/* Where things are afterwards: absolute paths. */
struct hats_server_init_result {
    char config[1024];    /* hatsd.toml */
    char root_cert[1024]; /* root.pem: what clients trust for TLS */
    char trust[1024];     /* service.keys.cose: what verifiers trust: receipt signer, publisher */
    char publisher_key[1024]; /* publisher.key.pem: for `hats model publish` */
    char models[1024];        /* models/: published packages go here */
    char token[1024];         /* default.token, mode 0600: the tenant's token */
    char token_text[64];      /* the same, to show once; wipe it */
    char origin[300];         /* https://localhost:8443 */
};
/* Makes in `dir` (created; refused when it holds a hatsd.toml already): root CA (ML-DSA-87), leaf and
 * its key (ML-DSA-65), receipt signer, model publisher, trust file, store, one tenant, models folder,
 * configuration. Everything secret has mode 0600. On failure what was made is removed again. */
HATS_MUST_USE hats_status hats_server_init(struct hats_server_init_result *out, const char *dir,
                                           const struct hats_server_init_options *options,
                                           struct hats_error *err);

#endif
