/* The first run: a folder that serves at once, secrets that are secret, and nothing half made. */
#include "server/config.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "evidence/trust.h"
#include "gate/gate.h"
#include "pq/cert.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/hats-init-XXXXXX";
static char where[64];

static int make(void **state) {
    (void)state;
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(where, sizeof where, "%s/service", dir);
    return 0;
}

static int drop(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static const struct hats_server_init_options plain;

static void init(struct hats_server_init_result *made, const struct hats_server_init_options *o) {
    struct hats_error err = {0};
    if (hats_server_init(made, where, o, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static void everything_secret_is_for_its_owner_only(void **state) {
    (void)state;
    struct hats_server_init_result made;
    static const char *const secret[] = {"root.key.pem",      "tls.key.pem", "receipt.key.pem",
                                         "publisher.key.pem", "log.key.pem", "default.token",
                                         "store.db"};
    struct stat st;
    char path[128];
    init(&made, &plain);
    assert_int_equal(stat(where, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", where, secret[i]);
        assert_int_equal(stat(path, &st), 0);
        if ((st.st_mode & 077) != 0)
            fail_msg("%s has mode %o", secret[i], st.st_mode & 07777);
    }
}

static void what_was_made_is_checked_and_can_be_served(void **state) {
    (void)state;
    struct hats_server_init_result made;
    struct hats_server_config *config;
    struct hats_error err = {0};
    char text[4096] = "";
    init(&made, &plain);
    assert_string_equal(made.origin, "https://localhost:8443");
    if (hats_server_config_load(&config, made.config, &err) != HATS_OK)
        fail_msg("%s", err.text);
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_int_equal(hats_server_check(config, out, &err), HATS_OK);
    fclose(out);
    assert_non_null(strstr(text, "strict"));
    assert_non_null(strstr(text, "nothing would be served"));
    hats_server_config_free(config);
}

static void the_chain_is_post_quantum_and_named(void **state) {
    (void)state;
    static const char *const dns[] = {"scores.example"};
    static const char *const ip[] = {"192.0.2.7"};
    struct hats_server_init_result made;
    struct hats_cert_info root, leaf;
    struct hats_server_init_options o = {
        .dns = dns, .n_dns = 1, .ip = ip, .n_ip = 1, .port = 443, .issuer = "Scores", .days = 30};
    char path[128];
    init(&made, &o);
    assert_string_equal(made.origin, "https://scores.example:443");
    snprintf(path, sizeof path, "%s/tls.pem", where);
    assert_int_equal(hats_cert_read_file(&root, made.root_cert, NULL), HATS_OK);
    assert_int_equal(hats_cert_read_file(&leaf, path, NULL), HATS_OK);
    assert_true(root.post_quantum && leaf.post_quantum && root.is_ca && !leaf.is_ca);
    assert_string_equal(root.key_algorithm, "ML-DSA-87");
    assert_string_equal(leaf.key_algorithm, "ML-DSA-65");
    uint64_t days = (leaf.not_after_ms - hats_now_ms()) / 86400000;
    assert_in_range(days, 28, 30);
    assert_true(root.not_after_ms > leaf.not_after_ms);
}

static void the_key_set_names_signer_and_publisher_by_their_roles(void **state) {
    (void)state;
    struct hats_server_init_result made;
    struct hats_buffer file;
    struct hats_trust trust;
    struct hats_sign_key *publisher;
    uint8_t kid[32];
    init(&made, &plain);
    hats_buffer_init(&file, 65536);
    hats_trust_init(&trust);
    assert_int_equal(hats_file_read(&file, made.trust, NULL), HATS_OK);
    assert_int_equal(hats_trust_load(&trust, file.data, file.len, NULL), HATS_OK);
    assert_int_equal(trust.n_keys, 3);
    assert_int_equal(trust.keys[0].roles + trust.keys[1].roles + trust.keys[2].roles,
                     HATS_ROLE_RECEIPT + HATS_ROLE_MODEL + HATS_ROLE_LOG);
    assert_int_equal(hats_mldsa_load(&publisher, made.publisher_key, NULL), HATS_OK);
    hats_cose_thumbprint_of(kid, publisher);
    assert_int_equal(hats_trust_find(&trust, kid)->roles, HATS_ROLE_MODEL);
    hats_mldsa_free(publisher);
    hats_trust_clear(&trust);
    hats_buffer_clear(&file);
}

static void the_token_in_the_file_is_the_tenants(void **state) {
    (void)state;
    struct hats_server_init_result made;
    struct hats_buffer file;
    init(&made, &plain);
    hats_buffer_init(&file, 128);
    assert_int_equal(hats_file_read(&file, made.token, NULL), HATS_OK);
    assert_int_equal(file.len, strlen(made.token_text) + 1);
    assert_memory_equal(file.data, made.token_text, file.len - 1);
    assert_int_equal(file.data[file.len - 1], '\n');
    assert_memory_equal(made.token_text, "hats_", 5);
    hats_buffer_clear(&file);
}

static void two_services_share_no_secret(void **state) {
    (void)state;
    struct hats_server_init_result a, b;
    init(&a, &plain);
    snprintf(where, sizeof where, "%s/other", dir);
    init(&b, &plain);
    assert_string_not_equal(a.token_text, b.token_text);
}

static void a_second_run_changes_nothing(void **state) {
    (void)state;
    struct hats_server_init_result made, again;
    struct hats_buffer before, after;
    struct hats_error err = {0};
    init(&made, &plain);
    hats_buffer_init(&before, 65536);
    hats_buffer_init(&after, 65536);
    assert_int_equal(hats_file_read(&before, made.trust, NULL), HATS_OK);
    assert_int_equal(hats_server_init(&again, where, &plain, &err), HATS_E_CONFLICT);
    assert_non_null(strstr(err.text, "nothing was changed"));
    assert_string_equal(again.token_text, "");
    assert_int_equal(hats_file_read(&after, made.trust, NULL), HATS_OK);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, after.len);
    assert_true(hats_file_exists(made.config));
    hats_buffer_clear(&before);
    hats_buffer_clear(&after);
}

static size_t entries_of(const char *path) {
    size_t n = 0;
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void a_run_that_fails_leaves_nothing_behind(void **state) {
    (void)state;
    struct hats_server_init_result made;
    struct hats_error err = {0};
    static const char *const bad[] = {"not a name"};
    struct hats_server_init_options options[] = {
        {.dns = bad, .n_dns = 1},   /* after the keys */
        {.tenant = "Not A Tenant"}, /* after the store */
        {.issuer = ""},
        {.days = 36501},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        assert_int_equal(hats_server_init(&made, where, &options[i], &err), HATS_E_USAGE);
        assert_string_not_equal(err.text, "");
        if (hats_file_exists(where) && entries_of(where) != 0)
            fail_msg("case %zu left %zu files", i, entries_of(where));
    }
    init(&made, &plain);
}

static void a_file_in_the_way_is_kept(void **state) {
    (void)state;
    struct hats_server_init_result made;
    char path[128];
    struct hats_error err = {0};
    assert_int_equal(mkdir(where, 0700), 0);
    snprintf(path, sizeof path, "%s/store.db", where);
    assert_int_equal(hats_file_write(path, 0600, "precious", 8, NULL), HATS_OK);
    assert_int_equal(hats_server_init(&made, where, &plain, &err), HATS_E_CONFLICT);
    assert_non_null(strstr(err.text, "store.db"));
    assert_int_equal(entries_of(where), 1);
}

/* ---- tenants ---- */

struct listed {
    char text[256];
};

static void list_one(void *user, const char *name, uint64_t created_ms, bool disabled) {
    struct listed *l = user;
    size_t n = strlen(l->text);
    assert_true(created_ms != 0);
    snprintf(l->text + n, sizeof l->text - n, "%s%s ", name, disabled ? "(off)" : "");
}

static void tenants_are_added_listed_and_disabled(void **state) {
    (void)state;
    struct hats_server_init_result made;
    struct hats_server_config *config;
    struct listed l = {""};
    char token[64];
    init(&made, &plain);
    assert_int_equal(hats_server_config_load(&config, made.config, NULL), HATS_OK);
    assert_int_equal(hats_server_tenant_add(config, token, "ward-3", NULL), HATS_OK);
    assert_memory_equal(token, "hats_", 5);
    assert_int_equal(hats_server_tenant_add(config, token, "ward-3", NULL), HATS_E_CONFLICT);
    assert_string_equal(token, "");
    assert_int_equal(hats_server_tenant_disable(config, "default", true, NULL), HATS_OK);
    assert_int_equal(hats_server_tenant_disable(config, "nobody", true, NULL), HATS_E_NOT_FOUND);
    assert_int_equal(hats_server_tenants(config, list_one, &l, NULL), HATS_OK);
    assert_string_equal(l.text, "default(off) ward-3 ");
    hats_server_config_free(config);
}

/* ---- starting with a folder that is not right ---- */

static void check_says(const char *config_path, hats_status expected, const char *says) {
    struct hats_server_config *config;
    struct hats_error err = {0};
    char text[4096];
    assert_int_equal(hats_server_config_load(&config, config_path, NULL), HATS_OK);
    FILE *out = fmemopen(text, sizeof text, "w");
    hats_status s = hats_server_check(config, out, &err);
    fclose(out);
    hats_server_config_free(config);
    if (s != expected || strstr(err.text, says) == NULL)
        fail_msg("expected %s with '%s', got %s: %s", hats_status_name(expected), says,
                 hats_status_name(s), err.text);
}

static void a_broken_folder_is_named_by_check(void **state) {
    (void)state;
    struct hats_server_init_result made;
    char path[128], aside[140];
    init(&made, &plain);
    snprintf(path, sizeof path, "%s/receipt.key.pem", where);
    snprintf(aside, sizeof aside, "%s.aside", path);
    assert_int_equal(chmod(path, 0644), 0);
    check_says(made.config, HATS_E_INSECURE, "receipt.key.pem");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(rename(path, aside), 0);
    check_says(made.config, HATS_E_NOT_FOUND, "receipt.key.pem");
    struct hats_sign_key *stranger;
    assert_int_equal(hats_mldsa_generate(&stranger, HATS_MLDSA_65, NULL), HATS_OK);
    assert_int_equal(hats_mldsa_save(stranger, path, NULL), HATS_OK);
    check_says(made.config, HATS_E_TRUST, "service.keys.cose");
    hats_mldsa_free(stranger);
    assert_int_equal(rename(aside, path), 0);
    snprintf(path, sizeof path, "%s/models", where);
    assert_int_equal(rmdir(path), 0);
    check_says(made.config, HATS_E_NOT_FOUND, "models");
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/tls.key.pem", where);
    assert_int_equal(unlink(path), 0);
    check_says(made.config, HATS_E_NOT_FOUND, "tls.key.pem");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(everything_secret_is_for_its_owner_only),
        CASE(what_was_made_is_checked_and_can_be_served),
        CASE(the_chain_is_post_quantum_and_named),
        CASE(the_key_set_names_signer_and_publisher_by_their_roles),
        CASE(the_token_in_the_file_is_the_tenants),
        CASE(two_services_share_no_secret),
        CASE(a_second_run_changes_nothing),
        CASE(a_run_that_fails_leaves_nothing_behind),
        CASE(a_file_in_the_way_is_kept),
        CASE(tenants_are_added_listed_and_disabled),
        CASE(a_broken_folder_is_named_by_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
