/* hatsd: the service. It links no decryption; tests look at its symbols. */
#include "base/text.h"
#include "server/server.h"

#include <stdio.h>
#include <string.h>

static void help(FILE *out) {
    fputs("hatsd " HATS_VERSION ": serves encrypted inference.\n\n"
          "usage: hatsd --config FILE [options]\n\n"
          "  --config FILE   configuration, as hats init writes it (required)\n"
          "  --check         check configuration, keys, store and models; serve nothing\n"
          "  --port N        listen there instead; 0 lets the system choose\n"
          "  --version, --help\n\n"
          "SIGTERM finishes what was accepted and ends; SIGHUP reads tenants and models again.\n",
          out);
}

int main(int argc, char **argv) {
    struct hats_server_options options = {.port = -1};
    for (int i = 1; i < argc; i++) {
        uint64_t port;
        if (strcmp(argv[i], "--help") == 0) {
            help(stdout);
            return 0;
        }
        if (strcmp(argv[i], "--version") == 0) {
            puts("hatsd " HATS_VERSION);
            return 0;
        }
        if (strcmp(argv[i], "--check") == 0) {
            options.check = true;
        } else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            options.config_path = argv[++i];
        } else if (strcmp(argv[i], "--port") == 0 && i + 1 < argc &&
                   hats_parse_u64(&port, argv[i + 1], strlen(argv[i + 1])) && port <= 65535) {
            options.port = (int)port;
            i++;
        } else {
            fprintf(stderr, "hatsd: '%.60s' is not an option it takes here; hatsd --help\n",
                    argv[i]);
            return 2;
        }
    }
    if (options.config_path == NULL) {
        help(stderr);
        return 2;
    }
    return hats_server_main(&options);
}
