/* Who may talk to whom: contexts that refuse to start, handshakes that must end in an alert, and the
 * sentences a client's user reads. */
#include "http/fixture.h"

#include "base/bytes.h"
#include "http/probe.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct fixture f;

static hats_status server_context(struct hats_tls **t, enum hats_tls_profile profile,
                                  const char *chain, const char *key, const char *groups,
                                  struct hats_error *err) {
    const struct hats_tls_server_config config = {.profile = profile,
                                                  .chain_path = certificate(chain),
                                                  .key_path = certificate(key),
                                                  .groups = groups};
    return hats_tls_server_new(t, &config, err);
}

static void expect_text(const struct hats_error *err, const char *part) {
    if (strstr(err->text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err->text, part);
}

static void a_server_context_that_is_not_safe_does_not_start(void **state) {
    (void)state;
    static const struct {
        enum hats_tls_profile profile;
        const char *chain, *key, *groups;
        hats_status status;
        const char *says;
    } rows[] = {
        {HATS_TLS_STRICT, "ec.pem", "ec.key", NULL, HATS_E_INSECURE, "id-ecPublicKey"},
        {HATS_TLS_STRICT, "mixed.pem", "leaf.key", NULL, HATS_E_INSECURE, "ecdsa-with-SHA256"},
        {HATS_TLS_STRICT, "leaf.pem", "leaf.key", "X25519MLKEM768:X25519", HATS_E_INSECURE,
         "X25519 is classical"},
        {HATS_TLS_BROWSER, "leaf.pem", "leaf.key", "secp256r1", HATS_E_INSECURE, "is classical"},
        {HATS_TLS_STRICT, "leaf.pem", "leaf.key", "MLKEM768:", HATS_E_INSECURE, "not known"},
        {HATS_TLS_STRICT, "leaf.pem", "leaf.key", "sntrup761", HATS_E_INSECURE, "not known"},
        {HATS_TLS_STRICT, "expired.pem", "leaf.key", NULL, HATS_E_TRUST, "expired on 2021-01-01"},
        {HATS_TLS_STRICT, "future.pem", "leaf.key", NULL, HATS_E_TRUST,
         "not valid before 2090-01-01"},
        {HATS_TLS_STRICT, "leaf.pem", "name.key", NULL, HATS_E_MALFORMED, "is not the key of"},
        {HATS_TLS_STRICT, "leaf.key", "leaf.key", NULL, HATS_E_MALFORMED, "no PEM certificate"},
        {HATS_TLS_STRICT, "leaf.pem", "leaf.pem", NULL, HATS_E_MALFORMED, "private key"},
        {HATS_TLS_STRICT, "leaf.pem", "absent", NULL, HATS_E_NOT_FOUND, "absent"},
        {HATS_TLS_STRICT, "absent", "leaf.key", NULL, HATS_E_NOT_FOUND, "absent"},
    };
    for (size_t i = 0; i < HATS_COUNT_OF(rows); i++) {
        struct hats_tls *t = NULL;
        struct hats_error err = {0};
        hats_status s =
            server_context(&t, rows[i].profile, rows[i].chain, rows[i].key, rows[i].groups, &err);
        if (s != rows[i].status)
            fail_msg("row %zu: %s instead of %s (%s)", i, hats_status_name(s),
                     hats_status_name(rows[i].status), err.text);
        expect_text(&err, rows[i].says);
        assert_null(t);
    }
}

static void a_key_that_others_can_read_is_refused(void **state) {
    (void)state;
    struct hats_tls *t;
    struct hats_error err = {0};
    assert_int_equal(chmod(certificate("leaf.key"), 0604), 0);
    assert_int_equal(server_context(&t, HATS_TLS_STRICT, "leaf.pem", "leaf.key", NULL, &err),
                     HATS_E_DENIED);
    expect_text(&err, "chmod 600");
    assert_int_equal(chmod(certificate("leaf.key"), 0600), 0);
    assert_int_equal(server_context(&t, HATS_TLS_STRICT, "leaf.pem", "leaf.key", NULL, &err),
                     HATS_OK);
    assert_int_equal(hats_tls_authentication_of(t), HATS_TLS_PQ);
    assert_true(hats_tls_not_after(t) > 1700000000);
    hats_tls_free(t);
}

static void a_classical_chain_serves_in_browser_and_says_so(void **state) {
    (void)state;
    struct hats_tls *t;
    struct hats_error err = {0};
    assert_int_equal(server_context(&t, HATS_TLS_BROWSER, "ec.pem", "ec.key", NULL, &err), HATS_OK);
    assert_int_equal(hats_tls_authentication_of(t), HATS_TLS_CLASSICAL);
    hats_tls_free(t);
    assert_int_equal(server_context(&t, HATS_TLS_BROWSER, "mixed.pem", "leaf.key", NULL, &err),
                     HATS_OK);
    assert_int_equal(hats_tls_authentication_of(t), HATS_TLS_CLASSICAL);
    hats_tls_free(t);
}

static void a_strict_client_does_not_take_a_classical_root(void **state) {
    (void)state;
    struct hats_tls *t;
    struct hats_error err = {0};
    assert_int_equal(hats_tls_client_new(&t, HATS_TLS_STRICT, certificate("ecroot.pem"), &err),
                     HATS_E_INSECURE);
    assert_null(t);
    assert_int_equal(hats_tls_client_new(&t, HATS_TLS_STRICT, certificate("absent"), &err),
                     HATS_E_NOT_FOUND);
}

/* ---- a server of OpenSSL's own, with whatever certificate ---- */

struct s_server {
    FILE *process;
    uint16_t port;
};

static uint16_t free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void s_server_start(struct s_server *s, const char *chain, const char *key,
                           const char *options) {
    char command[1024], line[256] = "";
    s->port = free_port();
    snprintf(command, sizeof command,
             "exec %s s_server -accept 127.0.0.1:%u -cert %s -cert_chain %s -key %s %s "
             "-www -naccept 1 2>&1 < /dev/null",
             HATS_TEST_OPENSSL, s->port, certificate(chain), certificate(chain), certificate(key),
             options);
    s->process = popen(command, "r");
    assert_non_null(s->process);
    while (strncmp(line, "ACCEPT", 6) != 0 && fgets(line, sizeof line, s->process) != NULL)
        continue;
    assert_memory_equal(line, "ACCEPT", 6);
}

static void s_server_stop(struct s_server *s) {
    char line[256];
    while (fgets(line, sizeof line, s->process) != NULL)
        continue;
    pclose(s->process);
}

static hats_status connect_to(uint16_t port, const char *host, const char *root,
                              enum hats_tls_profile profile, struct hats_error *err,
                              struct hats_tls_info *info) {
    struct hats_http_client_config config;
    struct hats_http_client *c = NULL;
    struct hats_tls *tls;
    *err = (struct hats_error){0};
    assert_int_equal(hats_tls_client_new(&tls, profile, certificate(root), err), HATS_OK);
    hats_http_client_config_init(&config);
    config.host = host;
    config.connect_to = "127.0.0.1";
    config.port = port;
    config.tls = tls;
    hats_status s = hats_http_client_connect(&c, &config, err);
    if (s == HATS_OK && info != NULL)
        *info = *hats_http_client_tls(c);
    hats_http_client_free(c);
    hats_tls_free(tls);
    return s;
}

static void the_client_says_what_is_wrong_with_a_server(void **state) {
    (void)state;
    static const struct {
        const char *chain, *key, *options, *root;
        enum hats_tls_profile profile;
        hats_status status;
        const char *says;
    } rows[] = {
        {"leaf.pem", "leaf.key", "-alpn h2", "root.pem", HATS_TLS_STRICT, HATS_OK, ""},
        {"leaf.pem", "leaf.key", "-alpn h2", "stranger.pem", HATS_TLS_STRICT, HATS_E_TRUST,
         "not under the root you gave"},
        {"expired.pem", "leaf.key", "-alpn h2", "root.pem", HATS_TLS_STRICT, HATS_E_TRUST,
         "has expired"},
        {"future.pem", "leaf.key", "-alpn h2", "root.pem", HATS_TLS_STRICT, HATS_E_TRUST,
         "not valid yet"},
        {"name.pem", "name.key", "-alpn h2", "root.pem", HATS_TLS_STRICT, HATS_E_TRUST,
         "another name than localhost"},
        {"mixed.pem", "leaf.key", "-alpn h2", "root.pem", HATS_TLS_STRICT, HATS_E_INSECURE,
         "classical link"},
        {"ec.pem", "ec.key", "-alpn h2", "root.pem", HATS_TLS_STRICT, HATS_E_INSECURE,
         "no post-quantum group or no certificate signature"},
        {"leaf.pem", "leaf.key", "-alpn h2 -groups X25519:P-256", "root.pem", HATS_TLS_STRICT,
         HATS_E_INSECURE, "no post-quantum group"},
        {"ec.pem", "ec.key", "-alpn h2 -tls1_2", "root.pem", HATS_TLS_STRICT, HATS_E_INSECURE,
         "does not speak TLS 1.3"},
        {"leaf.pem", "leaf.key", "-alpn http/1.1", "root.pem", HATS_TLS_STRICT, HATS_E_NETWORK,
         "does not speak HTTP/2"},
        {"leaf.pem", "leaf.key", "", "root.pem", HATS_TLS_STRICT, HATS_E_NETWORK,
         "does not speak HTTP/2"},
        {"ec.pem", "ec.key", "-alpn h2", "ecroot.pem", HATS_TLS_BROWSER, HATS_OK, ""},
        {"ec.pem", "ec.key", "-alpn h2 -groups X25519", "ecroot.pem", HATS_TLS_BROWSER,
         HATS_E_INSECURE, "no post-quantum group"},
    };
    for (size_t i = 0; i < HATS_COUNT_OF(rows); i++) {
        struct s_server s;
        struct hats_error err;
        struct hats_tls_info info = {0};
        s_server_start(&s, rows[i].chain, rows[i].key, rows[i].options);
        hats_status status =
            connect_to(s.port, "localhost", rows[i].root, rows[i].profile, &err, &info);
        s_server_stop(&s);
        if (status != rows[i].status)
            fail_msg("row %zu: %s instead of %s (%s)", i, hats_status_name(status),
                     hats_status_name(rows[i].status), err.text);
        expect_text(&err, rows[i].says);
        if (status == HATS_OK)
            assert_int_equal(info.server_authentication,
                             rows[i].profile == HATS_TLS_STRICT ? HATS_TLS_PQ : HATS_TLS_CLASSICAL);
    }
}

static void the_client_says_what_is_wrong_with_an_address(void **state) {
    (void)state;
    struct hats_error err;
    assert_int_equal(connect_to(free_port(), "localhost", "root.pem", HATS_TLS_STRICT, &err, NULL),
                     HATS_E_NETWORK);
    expect_text(&err, "connection refused; is the server running");
    struct hats_http_client_config config;
    struct hats_http_client *c;
    hats_http_client_config_init(&config);
    config.host = "nothing.invalid";
    config.tls = f.client_tls;
    config.connect_timeout_ms = 3000;
    hats_status s = hats_http_client_connect(&c, &config, &err);
    assert_true(s == HATS_E_NOT_FOUND || s == HATS_E_NETWORK); /* the latter without a resolver */
    expect_text(&err, "nothing.invalid does not resolve");
}

static void names_and_addresses_are_both_checked(void **state) {
    (void)state;
    static const struct {
        const char *host;
        hats_status status;
    } rows[] = {{"localhost", HATS_OK},
                {"127.0.0.1", HATS_OK},
                {"::1", HATS_OK},
                {"127.0.0.2", HATS_E_TRUST},
                {"elsewhere.example", HATS_E_TRUST},
                {"localhost.example", HATS_E_TRUST}};
    for (size_t i = 0; i < HATS_COUNT_OF(rows); i++) {
        struct hats_error err;
        hats_status s = connect_to(hats_http_server_port(f.server), rows[i].host, "root.pem",
                                   HATS_TLS_STRICT, &err, NULL);
        if (s != rows[i].status)
            fail_msg("%s: %s", rows[i].host, err.text);
    }
}

/* ---- our server, other clients ---- */

static void the_matrix_of_handshakes_ends_as_it_must(void **state) {
    (void)state;
    size_t n;
    const struct hats_http_probe_offer *offers = hats_http_probe_matrix(&n);
    assert_true(n >= 12);
    for (size_t i = 0; i < n; i++) {
        struct hats_http_probe_result result;
        struct hats_error err = {0};
        if (hats_http_probe(&result, "127.0.0.1", hats_http_server_port(f.server), &offers[i], 5000,
                            &err) != HATS_OK)
            fail_msg("%s: %s", offers[i].name, err.text);
        if (result.accepted != offers[i].must_accept)
            fail_msg("%s: %s", offers[i].name, result.text);
        if (result.accepted) {
            assert_string_equal(result.info.group, offers[i].groups);
            assert_string_equal(result.info.signature, "mldsa65");
            assert_int_equal(result.info.server_authentication, HATS_TLS_PQ);
        } else if (offers[i].tls12) {
            assert_int_equal(result.alert, SSL_AD_PROTOCOL_VERSION);
        } else if (offers[i].early_data) {
            assert_true(result.tickets > 0);
        } else {
            assert_int_equal(result.alert, SSL_AD_HANDSHAKE_FAILURE);
        }
    }
    WAIT_COUNTERS(&f, now.handshakes_failed >= 7);
}

/* The probe itself must be able to fail: a classical server accepts what ours refuses. */
static void the_probe_finds_a_classical_server_out(void **state) {
    (void)state;
    size_t n, found = 0;
    const struct hats_http_probe_offer *offers = hats_http_probe_matrix(&n);
    for (size_t i = 0; i < n; i++) {
        bool classical_group = strcmp(offers[i].name, "only X25519") == 0;
        bool tls12 = offers[i].tls12;
        bool ecdsa = strcmp(offers[i].name, "only ECDSA signatures") == 0;
        if (!classical_group && !tls12 && !ecdsa)
            continue;
        struct s_server s;
        struct hats_http_probe_result result;
        struct hats_error err = {0};
        s_server_start(&s, classical_group ? "leaf.pem" : "ec.pem",
                       classical_group ? "leaf.key" : "ec.key", "-alpn h2");
        assert_int_equal(hats_http_probe(&result, "127.0.0.1", s.port, &offers[i], 5000, &err),
                         HATS_OK);
        s_server_stop(&s);
        if (!result.accepted)
            fail_msg("%s: %s", offers[i].name, result.text);
        found++;
    }
    assert_int_equal(found, 3);
}

/* Run an s_client and look for `part` in what it prints. */
static bool s_client_says(const char *openssl, const char *options, const char *part) {
    char command[512], line[512];
    bool found = false;
    snprintf(command, sizeof command, "%s s_client -connect 127.0.0.1:%u %s 2>&1 < /dev/null",
             openssl, hats_http_server_port(f.server), options);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    while (fgets(line, sizeof line, p) != NULL)
        found = found || strstr(line, part) != NULL;
    pclose(p);
    return found;
}

static void openssl_connects_with_each_post_quantum_group(void **state) {
    (void)state;
    static const char *const groups[] = {"X25519MLKEM768", "MLKEM768", "MLKEM1024",
                                         "SecP384r1MLKEM1024"};
    for (size_t i = 0; i < HATS_COUNT_OF(groups); i++) {
        char options[256], wanted[64];
        snprintf(options, sizeof options, "-groups %s -CAfile %s -verify_return_error -brief",
                 groups[i], certificate("root.pem"));
        snprintf(wanted, sizeof wanted, "Negotiated TLS1.3 group: %s", groups[i]);
        assert_true(s_client_says(HATS_TEST_OPENSSL, options, wanted));
        assert_true(s_client_says(HATS_TEST_OPENSSL, options, "Signature type: mldsa65"));
        assert_true(s_client_says(HATS_TEST_OPENSSL, options, "Verification: OK"));
    }
}

/* The distribution's own command, where it is old enough to know no ML-KEM. */
static void a_classical_client_is_refused_with_an_alert(void **state) {
    (void)state;
    static const char *const options[] = {"", "-tls1_2", "-groups X25519", "-groups P-256:P-384"};
    for (size_t i = 0; i < HATS_COUNT_OF(options); i++) {
        bool old = system("/usr/bin/openssl version 2> /dev/null | grep -q 'OpenSSL 3.0'") == 0;
        const char *openssl = old ? "/usr/bin/openssl" : HATS_TEST_OPENSSL;
        if (!old && options[i][0] == 0)
            continue;
        assert_true(s_client_says(openssl, options[i],
                                  i == 1 ? "alert protocol version" : "alert handshake failure"));
    }
}

static void a_resumed_session_has_a_post_quantum_group_of_its_own(void **state) {
    (void)state;
    char options[256];
    uint64_t before = fixture_counters(&f).handshakes_resumed;
    snprintf(options, sizeof options, "-alpn h2 -sess_out %s", certificate("session"));
    char command[512];
    snprintf(command, sizeof command,
             "(sleep 0.3) | %s s_client -connect 127.0.0.1:%u %s > /dev/null 2>&1",
             HATS_TEST_OPENSSL, hats_http_server_port(f.server), options);
    assert_int_equal(system(command), 0);
    snprintf(options, sizeof options, "-alpn h2 -groups MLKEM1024 -sess_in %s -brief",
             certificate("session"));
    assert_true(s_client_says(HATS_TEST_OPENSSL, options, "group: MLKEM1024"));
    WAIT_COUNTERS(&f, now.handshakes_resumed == before + 1);
    snprintf(options, sizeof options, "-alpn h2 -groups X25519 -sess_in %s",
             certificate("session"));
    assert_true(s_client_says(HATS_TEST_OPENSSL, options, "alert handshake failure"));
}

static void a_client_with_an_unknown_protocol_is_refused(void **state) {
    (void)state;
    assert_true(s_client_says(HATS_TEST_OPENSSL, "-alpn spdy/3", "alert no application protocol"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_context_that_is_not_safe_does_not_start),
        cmocka_unit_test(a_key_that_others_can_read_is_refused),
        cmocka_unit_test(a_classical_chain_serves_in_browser_and_says_so),
        cmocka_unit_test(a_strict_client_does_not_take_a_classical_root),
        cmocka_unit_test(the_client_says_what_is_wrong_with_a_server),
        cmocka_unit_test(the_client_says_what_is_wrong_with_an_address),
        cmocka_unit_test(names_and_addresses_are_both_checked),
        cmocka_unit_test(the_matrix_of_handshakes_ends_as_it_must),
        cmocka_unit_test(the_probe_finds_a_classical_server_out),
        cmocka_unit_test(openssl_connects_with_each_post_quantum_group),
        cmocka_unit_test(a_classical_client_is_refused_with_an_alert),
        cmocka_unit_test(a_resumed_session_has_a_post_quantum_group_of_its_own),
        cmocka_unit_test(a_client_with_an_unknown_protocol_is_refused),
    };
    void *nothing = NULL;
    if (certificates_make(&nothing) != 0)
        return 1;
    fixture_start(&f, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_stop(&f);
    certificates_remove(&nothing);
    return failed;
}
