/* hats keygen, hats key ..., hats trust ...: what an owner holds, and whom it believes. */
#include "cli/verbs.h"

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "client/client.h"
#include "evidence/render.h"

#include <string.h>

static const char *key_name(const struct cli_args *args) {
    const char *name = cli_value(args, "name");
    return name != NULL ? name : "default";
}

static hats_status load_owner(struct hats_owner *owner, const struct cli_args *args,
                              struct hats_error *err) {
    struct hats_home home;
    hats_status s = hats_home_open(&home, args->home, err);
    if (s == HATS_OK)
        s = hats_owner_load(owner, &home, key_name(args), err);
    return s;
}

static void print_owner(const struct cli_args *args, const struct hats_owner *owner) {
    char kid[65], thumbprint[65];
    hats_hex_encode(kid, owner->kid, 32);
    hats_hex_encode(thumbprint, owner->thumbprint, 32);
    struct hats_fhe_security bits = hats_fhe_security_of(hats_fhe_secret_set(owner->secret));
    const char *set = hats_fhe_set_name(hats_fhe_secret_set(owner->secret));
    if (args->json) {
        printf("{\"name\":\"%s\",\"kid\":\"%s\",\"owner\":\"%s\",\"parameter_set\":\"%s\","
               "\"classical_bits\":%u,\"quantum_bits\":%u,\"public_key_bytes\":%zu}\n",
               key_name(args), kid, thumbprint, set, bits.classical, bits.quantum,
               owner->public_key_len);
        return;
    }
    printf("key %s\n  kid             %s\n  owner           %s (ML-DSA-65)\n", key_name(args), kid,
           thumbprint);
    printf("  parameter set   %s: %u classical, %u quantum bits\n  public key      %zu bytes\n",
           set, bits.classical, bits.quantum, owner->public_key_len);
}

static int run_keygen(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_home home;
    struct hats_owner owner = {0};
    hats_status s = hats_home_open(&home, args->home, &err);
    if (s == HATS_OK)
        s = hats_owner_create(&home, key_name(args), HATS_SET_L4096, &err);
    if (s == HATS_OK)
        s = hats_owner_load(&owner, &home, key_name(args), &err);
    if (s != HATS_OK)
        return cli_report(args, &err);
    print_owner(args, &owner);
    if (!args->json && !args->quiet)
        printf(
            "\nBoth secret files are in %s/keys, mode 0600, not encrypted: back them up, show them "
            "to nobody.\n",
            home.path);
    hats_owner_clear(&owner);
    return 0;
}

static int run_key_show(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_owner owner = {0};
    if (load_owner(&owner, args, &err) != HATS_OK)
        return cli_report(args, &err);
    print_owner(args, &owner);
    hats_owner_clear(&owner);
    return 0;
}

static hats_status open_client(struct hats_client **client, const struct cli_args *args,
                               struct hats_error *err) {
    struct hats_home home;
    struct hats_server_record record;
    hats_status s = hats_home_open(&home, args->home, err);
    if (s == HATS_OK)
        s = hats_server_record_load(&record, &home, cli_value(args, "server"), err);
    if (s == HATS_OK)
        s = hats_client_open(client, &record, HATS_TLS_STRICT, err);
    hats_wipe(&record, sizeof record);
    return s;
}

static int run_key_register(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_owner owner = {0};
    struct hats_client *client = NULL;
    hats_status s = load_owner(&owner, args, &err);
    if (s == HATS_OK)
        s = open_client(&client, args, &err);
    if (s == HATS_OK)
        s = hats_client_register_key(client, &owner, &err);
    if (s == HATS_OK && args->json)
        print_owner(args, &owner);
    else if (s == HATS_OK && !args->quiet)
        printf("key '%s' is registered with %s (%zu bytes sent once, over %s)\n", key_name(args),
               cli_value(args, "server"), owner.public_key_len, hats_client_tls(client)->group);
    hats_client_close(client);
    hats_owner_clear(&owner);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

static int run_key_list(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_client *client = NULL;
    struct hats_buffer text;
    hats_buffer_init(&text, 1u << 20);
    hats_status s = open_client(&client, args, &err);
    if (s == HATS_OK)
        s = hats_client_get(client, &text, "/v1/keys", &err);
    if (s == HATS_OK)
        cli_print_foreign(stdout, text.data, text.len);
    hats_buffer_clear(&text);
    hats_client_close(client);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

static int run_key_revoke(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_owner owner = {0};
    struct hats_client *client = NULL;
    uint8_t kid[32];
    const char *hex = cli_value(args, "kid");
    hats_status s = HATS_OK;
    if (hex != NULL && !hats_hex_decode(kid, 32, hex, strlen(hex)))
        s = hats_fail(&err, HATS_E_USAGE, "--kid wants 64 hex digits");
    if (s == HATS_OK && hex == NULL) {
        s = load_owner(&owner, args, &err);
        if (s == HATS_OK)
            memcpy(kid, owner.kid, 32);
    }
    if (s == HATS_OK)
        s = open_client(&client, args, &err);
    if (s == HATS_OK)
        s = hats_client_revoke_key(client, kid, &err);
    if (s == HATS_OK && !args->quiet)
        printf("revoked: %s takes no more calls under this key; receipts stay verifiable\n",
               cli_value(args, "server"));
    hats_client_close(client);
    hats_owner_clear(&owner);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

static int run_trust_add(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_home home;
    hats_status s = hats_home_open(&home, args->home, &err);
    if (s == HATS_OK)
        s = hats_server_record_add(&home, args->positionals[0], cli_value(args, "root"),
                                   cli_value(args, "keys"), cli_value(args, "token"), &err);
    if (s != HATS_OK)
        return cli_report(args, &err);
    if (!args->quiet)
        printf(
            "%s is known now: its certificates must end in that root, its receipts must be signed "
            "by those keys\n",
            args->positionals[0]);
    return 0;
}

static int run_trust_show(const struct cli_args *args) {
    struct hats_error err = {0};
    struct hats_trust trust;
    struct hats_buffer file, text;
    hats_trust_init(&trust);
    hats_buffer_init(&file, 1u << 20);
    hats_buffer_init(&text, 1u << 20);
    hats_status s = hats_file_read(&file, args->positionals[0], &err);
    if (s == HATS_OK)
        s = hats_trust_load(&trust, file.data, file.len, &err);
    if (s == HATS_OK) {
        (args->json ? hats_trust_json : hats_trust_text)(&text, &trust);
        printf("%.*s\n", (int)text.len, (const char *)text.data);
    }
    hats_buffer_clear(&file);
    hats_buffer_clear(&text);
    hats_trust_clear(&trust);
    return s == HATS_OK ? 0 : cli_report(args, &err);
}

#define SERVER_OPTION \
    { "server", "URL", "The server, as given to hats trust add.", true, false }
#define NAME_OPTION \
    { "name", "NAME", "Which key (default: default).", false, false }

static const struct cli_option keygen_options[] = {NAME_OPTION, {0}};
static const struct cli_option server_options[] = {SERVER_OPTION, {0}};
static const struct cli_option register_options[] = {SERVER_OPTION, NAME_OPTION, {0}};
static const struct cli_option revoke_options[] = {
    SERVER_OPTION,
    NAME_OPTION,
    {"kid", "HEX", "Revoke this key instead of the one named by --name.", false, false},
    {0}};
static const struct cli_option trust_add_options[] = {
    {"root", "FILE", "Root certificate of the server (PEM), from the provider.", true, false},
    {"keys", "FILE", "Key set of the provider (*.keys.cose): who signs receipts and models.", true,
     false},
    {"token", "FILE", "Tenant token, one line, mode 0600.", false, false},
    {0}};
static const struct cli_option no_options[] = {{0}};

const struct cli_verb cli_verb_keygen = {
    "keygen",
    "",
    0,
    0,
    "Make an encryption key and an owner's signing key.",
    "The encryption key (lattice FHE) never leaves this machine; the owner's ML-DSA-65 key signs "
    "registrations.\nAn existing key is never overwritten.",
    "hats keygen --name ward-3",
    keygen_options,
    run_keygen};
const struct cli_verb cli_verb_key_show = {
    "key show",     "",          0, 0, "Show a key's identities (nothing secret).", NULL, NULL,
    keygen_options, run_key_show};
const struct cli_verb cli_verb_key_register = {
    "key register",
    "",
    0,
    0,
    "Register the public key with a server.",
    "Sends a zero-knowledge proof, made on the server's challenge, that the key is one and that you "
    "hold its\nsecret, signed by the owner's key.",
    "hats key register --server https://scores.example:8443",
    register_options,
    run_key_register};
const struct cli_verb cli_verb_key_list = {"key list",
                                           "",
                                           0,
                                           0,
                                           "List the keys of this tenant at a server (JSON).",
                                           NULL,
                                           NULL,
                                           server_options,
                                           run_key_list};
const struct cli_verb cli_verb_key_revoke = {"key revoke",
                                             "",
                                             0,
                                             0,
                                             "Make a server refuse all further calls under a key.",
                                             NULL,
                                             NULL,
                                             revoke_options,
                                             run_key_revoke};
const struct cli_verb cli_verb_trust_add = {
    "trust add",
    "URL",
    1,
    1,
    "Make a server known: its root, its signing keys, your token.",
    "These files come from the provider by a way you believe. Nothing of the system's certificate "
    "store is used.",
    "hats trust add https://scores.example:8443 --root root.pem --keys provider.keys.cose --token "
    "token",
    trust_add_options,
    run_trust_add};
const struct cli_verb cli_verb_trust_show = {
    "trust show", "FILE",        1, 1, "Show the keys in a key set file.", NULL, NULL,
    no_options,   run_trust_show};
