/* A folder in which a service runs at once. What was made is removed again when a later step fails. */
#include "server/config.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "evidence/trust.h"
#include "gate/gate.h"
#include "pq/cert.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 16
#define DAYS_DEFAULT 397
#define ROOT_LIVES 10 /* times as long as a leaf */
#define MADE_MAX 20

struct init {
    char dir[HATS_PATH_MAX];
    const char *dns[NAMES_MAX], *ip[NAMES_MAX];
    struct hats_cert_names names;
    uint16_t port;
    unsigned days;
    const char *issuer, *tenant, *listen;
    char made[MADE_MAX][HATS_PATH_MAX]; /* to be removed on failure, newest last */
    size_t n_made;
    struct hats_sign_key *root, *leaf, *receipt, *publisher, *log;
    char log_name[CONFIG_TEXT_MAX];
};

/* A path in the folder, remembered as made by this run. */
static hats_status claim(struct init *in, char out[HATS_PATH_MAX], const char *name,
                         struct hats_error *err) {
    if (hats_path_join(out, in->dir, name) != HATS_OK || in->n_made == MADE_MAX)
        return hats_fail(err, HATS_E_USAGE, "%s: the path is too long", in->dir);
    if (hats_file_exists(out))
        return hats_fail(err, HATS_E_CONFLICT,
                         "%s exists already; choose an empty folder, nothing was changed", out);
    memcpy(in->made[in->n_made++], out, HATS_PATH_MAX);
    return HATS_OK;
}

static void undo(struct init *in) {
    static const char *const with[] = {"", "-wal", "-shm"}; /* the store's companions */
    char path[HATS_PATH_MAX + 8];
    while (in->n_made > 0) {
        in->n_made--;
        for (size_t i = 0; i < 3; i++) {
            snprintf(path, sizeof path, "%s%s", in->made[in->n_made], with[i]);
            if (remove(path) != 0) {
                /* not made yet */
            }
        }
    }
}

static hats_status make_key(struct init *in, struct hats_sign_key **key,
                            enum hats_mldsa_level level, const char *name, struct hats_error *err) {
    char path[HATS_PATH_MAX];
    hats_status s = claim(in, path, name, err);
    if (s == HATS_OK)
        s = hats_mldsa_generate(key, level, err);
    if (s == HATS_OK)
        s = hats_mldsa_save(*key, path, err);
    return s;
}

static hats_status make_keys(struct init *in, struct hats_server_init_result *out,
                             struct hats_error *err) {
    hats_status s = make_key(in, &in->root, HATS_MLDSA_87, "root.key.pem", err);
    if (s == HATS_OK)
        s = make_key(in, &in->leaf, HATS_MLDSA_65, "tls.key.pem", err);
    if (s == HATS_OK)
        s = make_key(in, &in->receipt, HATS_MLDSA_65, "receipt.key.pem", err);
    if (s == HATS_OK)
        s = make_key(in, &in->log, HATS_MLDSA_44, "log.key.pem", err);
    if (s == HATS_OK)
        s = make_key(in, &in->publisher, HATS_MLDSA_65, "publisher.key.pem", err);
    if (s == HATS_OK)
        memcpy(out->publisher_key, in->made[in->n_made - 1], sizeof out->publisher_key);
    return s;
}

static hats_status make_certificates(struct init *in, struct hats_server_init_result *out,
                                     struct hats_error *err) {
    char leaf[HATS_PATH_MAX], name[160];
    snprintf(name, sizeof name, "%.128s service root", in->issuer);
    unsigned root_days = in->days * ROOT_LIVES < 36500 ? in->days * ROOT_LIVES : 36500;
    hats_status s = claim(in, out->root_cert, "root.pem", err);
    if (s == HATS_OK)
        s = hats_cert_make_root(out->root_cert, in->root, name, root_days, err);
    if (s == HATS_OK)
        s = claim(in, leaf, "tls.pem", err);
    if (s == HATS_OK)
        s = hats_cert_make_leaf(leaf, in->leaf, &in->names, in->days, out->root_cert, in->root,
                                err);
    return s;
}

static hats_status make_key_set(struct init *in, struct hats_server_init_result *out,
                                struct hats_error *err) {
    char name[HATS_ISSUER_MAX];
    struct hats_trust trust;
    struct hats_trust_key key;
    struct hats_buffer file;
    uint64_t now = hats_now_ms();
    hats_trust_init(&trust);
    hats_buffer_init(&file, 65536);
    hats_status s = claim(in, out->trust, "service.keys.cose", err);
    if (s == HATS_OK) {
        hats_trust_key_of(&key, in->receipt, in->issuer, HATS_ROLE_RECEIPT, now);
        s = hats_trust_add(&trust, &key, err);
    }
    if (s == HATS_OK) {
        snprintf(name, sizeof name, "%.100s, models", in->issuer);
        hats_trust_key_of(&key, in->publisher, name, HATS_ROLE_MODEL, now);
        s = hats_trust_add(&trust, &key, err);
    }
    if (s == HATS_OK) {
        hats_trust_key_of(&key, in->log, in->log_name, HATS_ROLE_LOG, now);
        s = hats_trust_add(&trust, &key, err);
    }
    if (s == HATS_OK)
        s = hats_trust_encode(&file, &trust, err);
    if (s == HATS_OK)
        s = hats_file_write(out->trust, 0644, file.data, file.len, err);
    hats_buffer_clear(&file);
    hats_trust_clear(&trust);
    return s;
}

static hats_status make_tenant(struct init *in, struct hats_server_init_result *out,
                               struct hats_error *err) {
    char path[HATS_PATH_MAX], name[HATS_STORE_NAME_MAX + 8], line[HATS_GATE_TOKEN_MAX + 1];
    struct hats_store_config config;
    struct hats_store *store = NULL;
    hats_store_config_init(&config);
    snprintf(name, sizeof name, "%.63s.token", in->tenant);
    hats_status s = claim(in, path, "store.db", err);
    config.path = path;
    if (s == HATS_OK)
        s = hats_store_open(&store, &config, err);
    if (s == HATS_OK)
        s = hats_gate_tenant_new(store, out->token_text, in->tenant, err);
    hats_store_close(store);
    if (s == HATS_OK)
        s = claim(in, out->token, name, err);
    if (s == HATS_OK) {
        int n = snprintf(line, sizeof line, "%s\n", out->token_text);
        s = hats_file_write(out->token, 0600, line, (size_t)n, err);
        hats_wipe(line, sizeof line);
    }
    return s;
}

/* "https://host:port", IPv6 in brackets. */
static void origin_of(char out[CONFIG_TEXT_MAX], const char *host, uint16_t port) {
    bool v6 = strchr(host, ':') != NULL;
    snprintf(out, CONFIG_TEXT_MAX, "https://%s%.200s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "",
             (unsigned)port);
}

static hats_status make_config(struct init *in, struct hats_server_init_result *out,
                               struct hats_error *err) {
    struct hats_buffer text;
    struct hats_server_config *c = hats_alloc(sizeof *c);
    if (c == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the configuration");
    hats_server_config_defaults(c);
    snprintf(c->listen, sizeof c->listen, "%s", in->listen);
    snprintf(c->issuer, sizeof c->issuer, "%s", in->issuer);
    c->port = in->port;
    for (size_t i = 0; i < in->names.n_dns && c->origins.n < CONFIG_LIST_MAX; i++)
        origin_of(c->origins.items[c->origins.n++], in->names.dns[i], in->port);
    for (size_t i = 0; i < in->names.n_ip && c->origins.n < CONFIG_LIST_MAX; i++)
        origin_of(c->origins.items[c->origins.n++], in->names.ip[i], in->port);
    snprintf(out->origin, sizeof out->origin, "%s", c->origins.items[0]);
    snprintf(c->log_key, sizeof c->log_key, "log.key.pem");
    memcpy(c->log_name, in->log_name, sizeof c->log_name);
    hats_buffer_init(&text, 1u << 16);
    hats_server_config_render(&text, c);
    hats_free(c);
    hats_status s = claim(in, out->config, "hatsd.toml", err);
    if (s == HATS_OK && text.failed)
        s = hats_fail(err, HATS_E_MEMORY, "no memory for the configuration");
    if (s == HATS_OK)
        s = hats_file_write(out->config, 0644, text.data, text.len, err);
    hats_buffer_clear(&text);
    return s;
}

static hats_status choose_names(struct init *in, const struct hats_server_init_options *o,
                                struct hats_error *err) {
    if (o->n_dns > NAMES_MAX || o->n_ip > NAMES_MAX)
        return hats_fail(err, HATS_E_USAGE, "a certificate made here has at most %d names",
                         NAMES_MAX);
    size_t n_dns = 0, n_ip = 0;
    for (; n_dns < o->n_dns; n_dns++)
        in->dns[n_dns] = o->dns[n_dns];
    for (; n_ip < o->n_ip; n_ip++)
        in->ip[n_ip] = o->ip[n_ip];
    if (n_dns == 0 && n_ip == 0)
        in->dns[n_dns++] = "localhost";
    if (o->n_ip == 0) {
        in->ip[n_ip++] = "127.0.0.1";
        in->ip[n_ip++] = "::1";
    }
    in->names =
        (struct hats_cert_names){.dns = in->dns, .n_dns = n_dns, .ip = in->ip, .n_ip = n_ip};
    in->issuer = o->issuer != NULL ? o->issuer : n_dns != 0 ? in->dns[0] : in->ip[0];
    in->tenant = o->tenant != NULL ? o->tenant : "default";
    in->listen = o->listen_address != NULL ? o->listen_address : "127.0.0.1";
    in->port = o->port != 0 ? o->port : 8443;
    in->days = o->days != 0 ? o->days : DAYS_DEFAULT;
    if (in->issuer[0] == '\0' || strlen(in->issuer) >= HATS_ISSUER_MAX)
        return hats_fail(err, HATS_E_USAGE, "the issuer's name must have 1 to %d bytes",
                         HATS_ISSUER_MAX - 1);
    snprintf(in->log_name, sizeof in->log_name, "%.100s:%u/log",
             n_dns != 0 ? in->dns[0] : in->ip[0], (unsigned)in->port);
    if (in->days > 36500)
        return hats_fail(err, HATS_E_USAGE, "a certificate lives at most 36500 days");
    return HATS_OK;
}

static hats_status open_dir(struct init *in, const char *dir, struct hats_error *err) {
    hats_status s = hats_file_make_dirs(dir, 0700, err);
    if (s != HATS_OK)
        return s;
    char *full = realpath(dir, NULL);
    bool fits = full != NULL && strlen(full) + 32 < HATS_PATH_MAX;
    if (fits)
        memcpy(in->dir, full, strlen(full) + 1);
    free(full);
    return fits ? HATS_OK : hats_fail(err, HATS_E_USAGE, "%s: the path is too long", dir);
}

static hats_status make_all(struct init *in, struct hats_server_init_result *out,
                            struct hats_error *err) {
    char config[HATS_PATH_MAX];
    if (hats_path_join(config, in->dir, "hatsd.toml") == HATS_OK && hats_file_exists(config))
        return hats_fail(err, HATS_E_CONFLICT,
                         "%s exists already: this is a service's folder; nothing was changed",
                         config);
    hats_status s = make_keys(in, out, err);
    if (s == HATS_OK)
        s = make_certificates(in, out, err);
    if (s == HATS_OK)
        s = make_key_set(in, out, err);
    if (s == HATS_OK)
        s = make_tenant(in, out, err);
    if (s == HATS_OK)
        s = claim(in, out->models, "models", err);
    if (s == HATS_OK)
        s = hats_file_make_dirs(out->models, 0755, err);
    if (s == HATS_OK)
        s = make_config(in, out, err); /* last: a folder with it is complete */
    return s;
}

hats_status hats_server_init(struct hats_server_init_result *out, const char *dir,
                             const struct hats_server_init_options *options,
                             struct hats_error *err) {
    *out = (struct hats_server_init_result){0};
    struct init *in = hats_alloc(sizeof *in);
    if (in == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory");
    hats_status s = choose_names(in, options, err);
    if (s == HATS_OK)
        s = open_dir(in, dir, err);
    if (s == HATS_OK)
        s = make_all(in, out, err);
    if (s != HATS_OK) {
        undo(in);
        hats_wipe(out, sizeof *out);
    }
    hats_mldsa_free(in->root);
    hats_mldsa_free(in->leaf);
    hats_mldsa_free(in->receipt);
    hats_mldsa_free(in->publisher);
    hats_mldsa_free(in->log);
    hats_free(in);
    return s;
}
