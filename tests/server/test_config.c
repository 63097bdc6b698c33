/* The configuration file: what it takes, and what it says about what it does not take. */
#include "server/config.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/hats-config-XXXXXX";
static char path[64];

static int make(void **state) {
    (void)state;
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/hatsd.toml", dir);
    return 0;
}

static int drop(void **state) {
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static hats_status load(struct hats_server_config **out, const char *text, struct hats_error *err) {
    assert_int_equal(hats_file_write(path, 0644, text, strlen(text), NULL), HATS_OK);
    return hats_server_config_load(out, path, err);
}

#define LEAST "[server]\norigins = [\"https://a.test:1\"]\nissuer = \"A\"\n"

static void the_least_file_gives_every_default(void **state) {
    (void)state;
    struct hats_server_config *c, expected;
    assert_int_equal(load(&c, LEAST, NULL), HATS_OK);
    hats_server_config_defaults(&expected);
    for (size_t i = 0; i < hats_server_config_n_keys; i++) {
        const struct config_key *k = &hats_server_config_keys[i];
        const char *a = (const char *)c + k->offset, *b = (const char *)&expected + k->offset;
        if (k->initial == NULL)
            continue;
        if (k->type == CONFIG_NUMBER)
            assert_memory_equal(a, b, sizeof(uint64_t));
        else if (k->type == CONFIG_TEXT)
            assert_string_equal(a, b);
    }
    assert_int_equal(c->port, 8443);
    assert_string_equal(c->tls_profile, "strict");
    assert_string_equal(c->dir, dir);
    assert_int_equal(c->origins.n, 1);
    hats_server_config_free(c);
}

static void what_is_rendered_reads_back_the_same(void **state) {
    (void)state;
    struct hats_server_config *c, *again;
    struct hats_buffer first, second;
    assert_int_equal(load(&c,
                          LEAST "port = 7 # a comment\n\n[tls]\n\tkey = \"a \\\"b\\\" \\\\ #c\"\r\n"
                                "[limits]\nburst=9\n[log]\nrequests = false\n",
                          NULL),
                     HATS_OK);
    assert_string_equal(c->tls_key, "a \"b\" \\ #c");
    assert_int_equal(c->burst, 9);
    assert_false(c->log_requests);
    hats_buffer_init(&first, 65536);
    hats_buffer_init(&second, 65536);
    hats_server_config_render(&first, c);
    hats_buffer_append(&first, "", 1);
    assert_int_equal(load(&again, (const char *)first.data, NULL), HATS_OK);
    hats_server_config_render(&second, again);
    assert_int_equal(second.len, first.len - 1);
    assert_memory_equal(first.data, second.data, second.len);
    hats_buffer_clear(&first);
    hats_buffer_clear(&second);
    hats_server_config_free(c);
    hats_server_config_free(again);
}

static void the_example_in_packaging_shows_every_key_with_its_default(void **state) {
    (void)state;
    struct hats_server_config *c;
    struct hats_buffer file, rendered;
    struct hats_error err = {0};
    if (hats_server_config_load(&c, HATS_EXAMPLE_CONFIG, &err) != HATS_OK)
        fail_msg("%s", err.text);
    hats_buffer_init(&file, 65536);
    hats_buffer_init(&rendered, 65536);
    assert_int_equal(hats_file_read(&file, HATS_EXAMPLE_CONFIG, NULL), HATS_OK);
    hats_server_config_render(&rendered, c);
    assert_int_equal(file.len, rendered.len);
    assert_memory_equal(file.data, rendered.data, file.len);
    for (size_t i = 0; i < hats_server_config_n_keys; i++) {
        const struct config_key *k = &hats_server_config_keys[i];
        char line[300];
        if (k->initial == NULL || strcmp(k->section, "store") == 0 ||
            strcmp(k->section, "models") == 0 || strcmp(k->name, "listen") == 0)
            continue; /* an installed service keeps these elsewhere */
        snprintf(line, sizeof line, "\n%s = %s\n", k->name, k->initial);
        hats_buffer_append(&file, "", 1);
        if (strstr((const char *)file.data, line) == NULL)
            fail_msg("%s is not shown with its default", k->name);
    }
    hats_buffer_clear(&file);
    hats_buffer_clear(&rendered);
    hats_server_config_free(c);
}

static void a_wrong_file_is_refused_with_its_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *line, *says;
    } cases[] = {
        {"listen = \"::\"\n", ":1:", "section"},
        {"[sever]\n", ":1:", "[server]"},
        {"[server\n", ":1:", "[name]"},
        {LEAST "prot = 1\n", ":4:", "did you mean port in [server]"},
        {LEAST "burst = 1\n", ":4:", "did you mean burst in [limits]"},
        {LEAST "frobnicate_all = 1\n", ":4:", "hatsd.toml"},
        {LEAST "port 1\n", ":4:", "name = value"},
        {LEAST "port = \"1\"\n", ":4:", "number"},
        {LEAST "port = 65536\n", ":4:", "0 to 65535"},
        {LEAST "port = 01\n", ":4:", "number"},
        {LEAST "port = -1\n", ":4:", "number"},
        {LEAST "port = 1 2\n", ":4:", "follows"},
        {LEAST "port = 1\nport = 2\n", ":5:", "twice"},
        {LEAST "listen = ::\n", ":4:", "quotes"},
        {LEAST "listen = \"a\n", ":4:", "closing quote"},
        {LEAST "listen = \"a\\n\"\n", ":4:", "backslash"},
        {LEAST "listen = \"a\tb\"\n", ":4:", "control"},
        {LEAST "[log]\nrequests = yes\n", ":5:", "true or false"},
        {"[server]\norigins = \"x\"\n", ":2:", "list"},
        {"[server]\norigins = [\"x\" \"y\"]\n", ":2:", "comma"},
        {"[server]\norigins = [\"x\"\n", ":2:", "comma"},
        {"[server]\nissuer = \"A\"\n", "", "origins"},
        {"[server]\norigins = [\"https://a:1\"]\n", "", "issuer"},
        {"[server]\norigins = []\nissuer = \"A\"\n", "", "origins"},
        {"[server]\norigins = [\"http://a:1\"]\nissuer = \"A\"\n", "", "https://host:port"},
        {"[server]\norigins = [\"https://a\"]\nissuer = \"A\"\n", "", "https://host:port"},
        {"[server]\norigins = [\"https://a:1/x\"]\nissuer = \"A\"\n", "", "https://host:port"},
        {"[server]\norigins = [\"https://a:0\"]\nissuer = \"A\"\n", "", "https://host:port"},
        {"[server]\norigins = [\"https://a:1\"]\nissuer = \"\"\n", "", "issuer"},
        {LEAST "proofs = \"optional\"\n", "", "cannot be switched off"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hats_server_config *c;
        struct hats_error err = {0};
        assert_int_equal(load(&c, cases[i].text, &err), HATS_E_USAGE);
        assert_null(c);
        if (strstr(err.text, cases[i].line) == NULL || strstr(err.text, cases[i].says) == NULL ||
            strstr(err.text, path) == NULL)
            fail_msg("'%s' does not say '%s' and '%s'", err.text, cases[i].line, cases[i].says);
    }
}

static void a_list_may_end_with_a_comma_and_has_a_bound(void **state) {
    (void)state;
    struct hats_server_config *c;
    struct hats_error err = {0};
    char text[2048] = "[server]\nissuer=\"A\"\norigins = [";
    assert_int_equal(
        load(&c, "[server]\nissuer=\"A\"\norigins = [ \"https://a:1\", \"https://b:1\", ]\n", NULL),
        HATS_OK);
    assert_int_equal(c->origins.n, 2);
    hats_server_config_free(c);
    for (int i = 0; i < CONFIG_LIST_MAX + 1; i++)
        strcat(text, "\"https://a:1\",");
    strcat(text, "]\n");
    assert_int_equal(load(&c, text, &err), HATS_E_USAGE);
    assert_non_null(strstr(err.text, "16"));
}

static void a_file_that_is_not_there_is_named(void **state) {
    (void)state;
    struct hats_server_config *c;
    struct hats_error err = {0};
    assert_int_equal(hats_server_config_load(&c, "/nowhere/hatsd.toml", &err), HATS_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nowhere/hatsd.toml"));
    assert_int_equal(load(&c, LEAST, NULL), HATS_OK);
    hats_server_config_free(c);
}

static void listening_elsewhere_moves_the_origins_along(void **state) {
    (void)state;
    struct hats_server_config *c;
    assert_int_equal(
        load(&c,
             "[server]\nport = 8443\nissuer = \"A\"\n"
             "origins = [\"https://a:8443\", \"https://b:443\", \"https://[::1]:8443\"]\n",
             NULL),
        HATS_OK);
    hats_server_config_listen(c, "::1", 9);
    assert_string_equal(c->listen, "::1");
    assert_int_equal(c->port, 9);
    assert_string_equal(c->origins.items[0], "https://a:9");
    assert_string_equal(c->origins.items[1], "https://b:443");
    assert_string_equal(c->origins.items[2], "https://[::1]:9");
    hats_server_config_free(c);
}

static void paths_start_at_the_files_folder(void **state) {
    (void)state;
    struct hats_server_config *c;
    char out[HATS_PATH_MAX], expected[HATS_PATH_MAX];
    assert_int_equal(load(&c, LEAST, NULL), HATS_OK);
    assert_int_equal(hats_server_config_path(out, c, "tls.pem", NULL), HATS_OK);
    snprintf(expected, sizeof expected, "%s/tls.pem", dir);
    assert_string_equal(out, expected);
    assert_int_equal(hats_server_config_path(out, c, "/etc/tls.pem", NULL), HATS_OK);
    assert_string_equal(out, "/etc/tls.pem");
    hats_server_config_free(c);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(the_least_file_gives_every_default),
        CASE(what_is_rendered_reads_back_the_same),
        cmocka_unit_test(the_example_in_packaging_shows_every_key_with_its_default),
        CASE(a_wrong_file_is_refused_with_its_line),
        CASE(a_list_may_end_with_a_comma_and_has_a_bound),
        CASE(a_file_that_is_not_there_is_named),
        CASE(listening_elsewhere_moves_the_origins_along),
        CASE(paths_start_at_the_files_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
