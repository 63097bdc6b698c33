#include "server/config.h"

#define AT(field) offsetof(struct hats_server_config, field)
#define DAY_S 86400

const struct config_key hats_server_config_keys[] = {
    {"server", "listen", CONFIG_TEXT, AT(listen), 0, 0, "\"127.0.0.1\"",
     "numeric address to listen on; \"::\" is every address of this machine"},
    {"server", "port", CONFIG_NUMBER, AT(port), 0, 65535, "8443", "0: the system chooses"},
    {"server", "origins", CONFIG_LIST, AT(origins), 0, 0, NULL,
     "how clients write this server, port included; key registrations are made out to one of these"},
    {"server", "issuer", CONFIG_TEXT, AT(issuer), 0, 0, NULL, "the name receipts carry"},
    {"server", "io_threads", CONFIG_NUMBER, AT(io_threads), 1, 64, "1",
     "threads for sockets and TLS"},
    {"server", "workers", CONFIG_NUMBER, AT(workers), 1, 256, "32",
     "calls worked on at one time; most of them wait for the disk"},
    {"server", "drain_seconds", CONFIG_NUMBER, AT(drain_seconds), 0, 3600, "30",
     "SIGTERM: how long accepted calls may take to finish"},

    {"tls", "profile", CONFIG_TEXT, AT(tls_profile), 0, 0, "\"strict\"",
     "strict: post-quantum only; browser: classical certificates too, and receipts say so"},
    {"tls", "certificate", CONFIG_TEXT, AT(tls_certificate), 0, 0, "\"tls.pem\"",
     "PEM, the server's own first; the root is not sent"},
    {"tls", "key", CONFIG_TEXT, AT(tls_key), 0, 0, "\"tls.key.pem\"", "mode 0600"},
    {"tls", "groups", CONFIG_TEXT, AT(tls_groups), 0, 0, "\"\"",
     "colon list; empty: all of the profile"},

    {"signing", "key", CONFIG_TEXT, AT(signing_key), 0, 0, "\"receipt.key.pem\"",
     "ML-DSA-65, signs receipts; mode 0600"},
    {"signing", "key_set", CONFIG_TEXT, AT(key_set), 0, 0, "\"service.keys.cose\"",
     "served at /.well-known/hats/keys; must hold the signing key"},

    {"store", "path", CONFIG_TEXT, AT(store_path), 0, 0, "\"store.db\"",
     "SQLite file; made when missing"},
    {"store", "max_mib", CONFIG_NUMBER, AT(store_mib), 0, 1u << 24, "0",
     "it may not grow beyond; 0: as the disk allows"},

    {"models", "path", CONFIG_TEXT, AT(models_path), 0, 0, "\"models\"",
     "folder of published model packages"},

    {"limits", "max_calls", CONFIG_NUMBER, AT(max_calls), 1, 65536, "256",
     "calls admitted at one time; more are answered 503"},
    {"limits", "call_memory_mib", CONFIG_NUMBER, AT(call_memory_mib), 8, 1u << 20, "512",
     "memory for all admitted calls"},
    {"limits", "body_memory_mib", CONFIG_NUMBER, AT(body_memory_mib), 8, 1u << 20, "1024",
     "memory for bodies being received"},
    {"limits", "key_cache_mib", CONFIG_NUMBER, AT(key_cache_mib), 0, 1u << 20, "64",
     "memory for decoded public keys"},
    {"limits", "evaluations", CONFIG_NUMBER, AT(evaluations), 0, 256, "0",
     "evaluated at one time; 0: as many as processors"},
    {"limits", "requests_per_second", CONFIG_NUMBER, AT(requests_per_s), 0, 1000000, "0",
     "of each tenant; 0: no limit"},
    {"limits", "burst", CONFIG_NUMBER, AT(burst), 1, 1000000, "100",
     "requests a tenant may make at once before its rate counts"},
    {"limits", "clock_skew_seconds", CONFIG_NUMBER, AT(clock_skew_s), 1, DAY_S, "600",
     "how far a request's time may be off"},
    {"limits", "lease_seconds", CONFIG_NUMBER, AT(lease_s), 1, DAY_S, "10",
     "after a crash: when another process may take an accepted call over; renewed while it is worked on"},
    {"limits", "retention_hours", CONFIG_NUMBER, AT(retention_hours), 0, 24 * 3660, "24",
     "how long answers are kept for repeats; receipts are kept for ever"},
    {"limits", "session_calls", CONFIG_NUMBER, AT(session_calls), 1, 4096, "4096",
     "most calls in one session"},
    {"limits", "session_seconds", CONFIG_NUMBER, AT(session_seconds), 1, DAY_S, "86400",
     "longest life of a session"},
    {"limits", "max_connections", CONFIG_NUMBER, AT(max_connections), 1, 1u << 20, "4096", NULL},
    {"limits", "connections_per_network", CONFIG_NUMBER, AT(connections_per_network), 0, 1u << 20,
     "1024", "of one /24 or /48; 0: no limit"},
    {"limits", "handshakes_per_second", CONFIG_NUMBER, AT(handshakes_per_s), 0, 1u << 20, "200",
     "of one /24 or /48; 0: no limit"},
    {"limits", "max_streams", CONFIG_NUMBER, AT(max_streams), 1, 1024, "128",
     "requests at one time on one connection"},

    {"log", "requests", CONFIG_BOOL, AT(log_requests), 0, 0, "true",
     "one line for each request; no addresses, tokens or bodies, ever"},
    {"metrics", "enabled", CONFIG_BOOL, AT(metrics), 0, 0, "true",
     "Prometheus text at /metrics, for everybody who can connect"},
};
const size_t hats_server_config_n_keys =
    sizeof hats_server_config_keys / sizeof hats_server_config_keys[0];
