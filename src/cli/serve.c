/* hats init and hats serve: a provider's first run, and the daemon. */
#include "cli/verbs.h"

#include "base/bytes.h"
#include "base/file.h"
#include "server/server.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int run_init(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_server_init_result made;
    uint64_t port = 0, days = 0;
    const char *issuer = cli_value(args, "issuer");
    struct hats_server_init_options options = {
        .dns = args->repeated,
        .n_dns = args->n_repeated,
        .issuer = issuer,
        .tenant = cli_value(args, "tenant"),
        .listen_address = cli_value(args, "listen"),
    };
    hats_status s = cli_number(&port, args, "port", 8443, 1, 65535, &err);
    if (s == HATS_OK)
        s = cli_number(&days, args, "days", 397, 1, 3650, &err);
    options.port = (uint16_t)port;
    options.days = (unsigned)days;
    if (s == HATS_OK)
        s = hats_server_init(&made, args->positionals[0], &options, &err);
    if (s != HATS_OK)
        return cli_report(args, &err);
    hats_wipe(made.token_text, sizeof made.token_text);
    if (args->json) {
        printf(
            "{\"config\":\"%s\",\"origin\":\"%s\",\"root\":\"%s\",\"keys\":\"%s\",\"token\":\"%s\","
            "\"models\":\"%s\",\"publisher_key\":\"%s\"}\n",
            made.config, made.origin, made.root_cert, made.trust, made.token, made.models,
            made.publisher_key);
        return 0;
    }
    printf("made %s\n  origin            %s\n", args->positionals[0], made.origin);
    printf("\ngive these to data owners and auditors, by a way they believe:\n  %s\n  %s\n",
           made.root_cert, made.trust);
    printf(
        "\ngive this to one tenant, and to nobody else (it is stored here as a hash only):\n  %s\n",
        made.token);
    printf("\nnext:\n  hats model compile ... --out %s/NAME\n  hats model publish %s/NAME --key %s "
           "--publisher \"...\"\n  hats serve %s\n",
           made.models, made.models, made.publisher_key, args->positionals[0]);
    return 0;
}

/* hatsd stands beside hats, or in the search path. */
static void exec_hatsd(char *const argv[]) {
    char self[HATS_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 8);
    if (n > 0) {
        self[n] = '\0';
        char *slash = strrchr(self, '/');
        if (slash != NULL) {
            memcpy(slash + 1, "hatsd", sizeof "hatsd");
            execv(self, argv);
        }
    }
    execvp("hatsd", argv);
}

static int run_serve(const struct cli_args *args) {
    struct hats_error err = {0};
    char config[HATS_PATH_MAX];
    char *argv[8] = {(char *)"hatsd", (char *)"--config", config};
    int n = 3;
    const char *given = cli_value(args, "config");
    hats_status s = HATS_OK;
    if ((given != NULL) == (args->n_positionals == 1))
        s = hats_fail(&err, HATS_E_USAGE,
                      "say what to serve: hats serve DIR (made by hats init), or --config FILE");
    else if (given != NULL && strlen(given) < sizeof config)
        memcpy(config, given, strlen(given) + 1);
    else if (given != NULL || hats_path_join(config, args->positionals[0], "hatsd.toml") != HATS_OK)
        s = hats_fail(&err, HATS_E_USAGE, "path too long");
    if (s != HATS_OK)
        return cli_report(args, &err);
    if (cli_value(args, "check") != NULL)
        argv[n++] = (char *)"--check";
    if (cli_value(args, "port") != NULL) {
        argv[n++] = (char *)"--port";
        argv[n++] = (char *)cli_value(args, "port");
    }
    exec_hatsd(argv);
    (void)hats_fail(&err, HATS_E_IO, "cannot start hatsd: %s; is it installed beside hats?",
                    strerror(errno));
    return cli_report(args, &err);
}

static const struct cli_option init_options[] = {
    {"host", "NAME", "DNS name the certificate speaks for; may repeat (default: localhost).", false,
     true},
    {"listen", "ADDRESS", "Address to listen on (default: 127.0.0.1).", false, false},
    {"port", "N", "Port (default: 8443).", false, false},
    {"issuer", "NAME", "Who signs, as receipts name it (default: the first host).", false, false},
    {"tenant", "NAME", "First tenant (default: default).", false, false},
    {"days", "N", "Days the server certificate lives (default: 397).", false, false},
    {0}};
static const struct cli_option serve_options[] = {
    {"config", "FILE", "Configuration file instead of DIR/hatsd.toml.", false, false},
    {"port", "N", "Listen there instead; 0 lets the system choose.", false, false},
    {"check", NULL, "Check configuration, keys, store and models; serve nothing.", false, false},
    {0}};

const struct cli_verb cli_verb_init = {
    "init",
    "DIR",
    1,
    1,
    "Make a service folder: root, certificate, signing keys, store, a tenant.",
    "Everything post-quantum: an ML-DSA-87 root, an ML-DSA-65 server certificate, ML-DSA-65 keys for "
    "receipts and\nfor publishing models. A folder that holds a service already is left alone.",
    "hats init ./service --host scores.example --issuer \"Scores Ltd\"",
    init_options,
    run_init};
const struct cli_verb cli_verb_serve = {
    "serve",
    "[DIR]",
    0,
    1,
    "Serve published models (runs hatsd, which cannot decrypt).",
    NULL,
    "hats serve ./service",
    serve_options,
    run_serve};
