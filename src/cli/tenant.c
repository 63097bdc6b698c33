/* hats tenant ...: who may use a service. */
#include "cli/verbs.h"

#include "base/bytes.h"
#include "base/file.h"
#include "evidence/render.h"
#include "server/server.h"

#include <string.h>

#define TOKEN_LEN 64 /* with the final zero */

static hats_status load_service(struct hats_server_config **config, const struct cli_args *args,
                                struct hats_error *err) {
    char path[HATS_PATH_MAX];
    *config = NULL;
    if (hats_path_join(path, args->positionals[0], "hatsd.toml") != HATS_OK)
        return hats_fail(err, HATS_E_USAGE, "path too long");
    return hats_server_config_load(config, path, err);
}

/* The only copy of the token: refuse before it is made if it cannot be kept. */
static hats_status add_tenant(const struct cli_args *args, const struct hats_server_config *config,
                              struct hats_error *err) {
    char token[TOKEN_LEN + 1] = {0};
    const char *out = cli_value(args, "out");
    if (hats_file_exists(out))
        return hats_fail(err, HATS_E_CONFLICT, "%s exists already: choose another --out", out);
    hats_status s = hats_file_write(out, 0600, "", 0, err);
    if (s == HATS_OK)
        s = hats_server_tenant_add(config, token, cli_value(args, "name"), err);
    if (s == HATS_OK) {
        size_t len = strlen(token);
        token[len] = '\n';
        s = hats_file_write(out, 0600, token, len + 1, err);
    } else {
        (void)remove(out);
    }
    hats_wipe(token, sizeof token);
    return s;
}

static int run_add(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_server_config *config = NULL;
    hats_status s = load_service(&config, args, &err);
    if (s == HATS_OK)
        s = add_tenant(args, config, &err);
    hats_server_config_free(config);
    if (s != HATS_OK)
        return cli_report(args, &err);
    if (!args->quiet)
        printf("tenant '%s': its token is in %s, and nowhere else; the service keeps a hash\n",
               cli_value(args, "name"), cli_value(args, "out"));
    return 0;
}

static int set_disabled(const struct cli_args *args, bool disabled) {
    struct hats_error err = {0};
    struct hats_server_config *config = NULL;
    hats_status s = load_service(&config, args, &err);
    if (s == HATS_OK)
        s = hats_server_tenant_disable(config, cli_value(args, "name"), disabled, &err);
    hats_server_config_free(config);
    if (s != HATS_OK)
        return cli_report(args, &err);
    if (!args->quiet)
        printf("tenant '%s' is %s; a running server knows within a second\n",
               cli_value(args, "name"),
               disabled ? "disabled: its token is refused, its keys and receipts stay"
                        : "enabled again");
    return 0;
}

static int run_disable(const struct cli_args *args) { return set_disabled(args, true); }
static int run_enable(const struct cli_args *args) { return set_disabled(args, false); }

static void print_tenant(void *user, const char *name, uint64_t created_ms, bool disabled) {
    const struct cli_args *args = user;
    char when[32];
    hats_time_text(when, created_ms);
    if (args->json)
        printf("{\"name\":\"%s\",\"created\":\"%s\",\"disabled\":%s}\n", name, when,
               disabled ? "true" : "false");
    else
        printf("%-32s since %s%s\n", name, when, disabled ? "  disabled" : "");
}

static int run_list(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_server_config *config = NULL;
    struct cli_args copy = *args;
    hats_status s = load_service(&config, args, &err);
    if (s == HATS_OK)
        s = hats_server_tenants(config, print_tenant, &copy, &err);
    hats_server_config_free(config);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

static const struct cli_option add_options[] = {
    {"name", "NAME", "1 to 63 of a-z, 0-9, '-', '.', '_'.", true, false},
    {"out", "FILE", "Write the token there, mode 0600.", true, false},
    {0}};
static const struct cli_option name_options[] = {{"name", "NAME", "The tenant.", true, false}, {0}};
static const struct cli_option no_options[] = {{0}};

const struct cli_verb cli_verb_tenant_add = {
    "tenant add",
    "DIR",
    1,
    1,
    "Let another tenant use the service in DIR.",
    "Makes a token and writes it to a file; the service keeps only its hash. A running server knows "
    "within a\nsecond.",
    "hats tenant add ./service --name ward-3 --out ward-3.token",
    add_options,
    run_add};
const struct cli_verb cli_verb_tenant_disable = {
    "tenant disable", "DIR",      1, 1, "Refuse a tenant's token from now on.", NULL, NULL,
    name_options,     run_disable};
const struct cli_verb cli_verb_tenant_enable = {
    "tenant enable", "DIR",     1, 1, "Take a disabled tenant's token again.", NULL, NULL,
    name_options,    run_enable};
const struct cli_verb cli_verb_tenant_list = {
    "tenant list", "DIR", 1,          1,       "List the tenants of the service in DIR.",
    NULL,          NULL,  no_options, run_list};
