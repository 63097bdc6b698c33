#include "base/file.h"
#include "base/random.h"
#include "pq/cert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY_MS 86400000ull

static char dir[] = "/tmp/hats-test-cert-XXXXXX";
static char root_path[HATS_PATH_MAX], leaf_path[HATS_PATH_MAX];
static struct hats_sign_key *root, *leaf;

static const char *const dns[] = {"model.example", "*.wards.example"};
static const char *const ip[] = {"127.0.0.1", "::1"};
static const struct hats_cert_names names = {dns, 2, ip, 2};

static void a_root_is_a_post_quantum_authority(void **state) {
    (void)state;
    struct hats_cert_info info;
    struct hats_error err;
    if (hats_cert_make_root(root_path, root, "hats test root", 3650, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(hats_cert_read_file(&info, root_path, &err), HATS_OK);
    assert_string_equal(info.subject, "CN=hats test root");
    assert_string_equal(info.issuer, info.subject);
    assert_string_equal(info.signature_algorithm, "ML-DSA-87");
    assert_string_equal(info.key_algorithm, "ML-DSA-87");
    assert_true(info.is_ca && info.post_quantum);
}

static void a_leaf_is_signed_by_the_root_and_ends_when_asked(void **state) {
    (void)state;
    struct hats_cert_info info, of_root;
    struct hats_error err;
    uint64_t now = hats_now_ms();
    if (hats_cert_make_leaf(leaf_path, leaf, &names, 90, root_path, root, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(hats_cert_read_file(&info, leaf_path, &err), HATS_OK);
    assert_int_equal(hats_cert_read_file(&of_root, root_path, &err), HATS_OK);
    assert_string_equal(info.subject, "CN=model.example");
    assert_string_equal(info.issuer, of_root.subject);
    assert_string_equal(info.signature_algorithm, "ML-DSA-87");
    assert_string_equal(info.key_algorithm, "ML-DSA-65");
    assert_true(info.post_quantum && !info.is_ca);
    assert_true(info.not_before_ms <= now - 290000);
    assert_true(info.not_after_ms > now + 90 * DAY_MS - 60000);
    assert_true(info.not_after_ms < now + 90 * DAY_MS + 60000);
    assert_memory_not_equal(info.thumbprint, of_root.thumbprint, 32);
}

static void a_leaf_never_outlives_its_root(void **state) {
    (void)state;
    struct hats_cert_info info, of_root;
    struct hats_error err;
    assert_int_equal(hats_cert_make_leaf(leaf_path, leaf, &names, 36500, root_path, root, &err),
                     HATS_OK);
    assert_int_equal(hats_cert_read_file(&info, leaf_path, &err), HATS_OK);
    assert_int_equal(hats_cert_read_file(&of_root, root_path, &err), HATS_OK);
    assert_true(info.not_after_ms == of_root.not_after_ms);
}

static void a_leaf_for_a_bad_name_or_too_many_days_is_refused(void **state) {
    (void)state;
    static const char *const bad_dns[] = {
        "",     "a..b",     "-a.example", "a-.example",       "a b",
        "a*.b", "example.", "*",          "\xc3\xbc.example", "a.example\n"};
    static const char *const bad_ip[] = {"256.0.0.1", "1.2.3", "localhost", "::g", ""};
    struct hats_error err;
    for (size_t i = 0; i < sizeof bad_dns / sizeof bad_dns[0]; i++) {
        struct hats_cert_names one = {&bad_dns[i], 1, NULL, 0};
        if (hats_cert_make_leaf(leaf_path, leaf, &one, 90, root_path, root, &err) != HATS_E_USAGE)
            fail_msg("\"%s\" was taken as a DNS name", bad_dns[i]);
    }
    for (size_t i = 0; i < sizeof bad_ip / sizeof bad_ip[0]; i++) {
        struct hats_cert_names one = {NULL, 0, &bad_ip[i], 1};
        if (hats_cert_make_leaf(leaf_path, leaf, &one, 90, root_path, root, &err) != HATS_E_USAGE)
            fail_msg("\"%s\" was taken as an address", bad_ip[i]);
    }
    struct hats_cert_names nobody = {NULL, 0, NULL, 0};
    assert_int_equal(hats_cert_make_leaf(leaf_path, leaf, &nobody, 90, root_path, root, &err),
                     HATS_E_USAGE);
    assert_int_equal(hats_cert_make_leaf(leaf_path, leaf, &names, 0, root_path, root, &err),
                     HATS_E_USAGE);
    assert_int_equal(hats_cert_make_leaf(leaf_path, leaf, &names, 36501, root_path, root, &err),
                     HATS_E_USAGE);
    assert_int_equal(hats_cert_make_root(root_path, root, "", 90, &err), HATS_E_USAGE);
}

static void a_leaf_needs_the_key_of_the_root_certificate(void **state) {
    (void)state;
    struct hats_sign_key *other = NULL;
    struct hats_error err;
    assert_int_equal(hats_mldsa_generate(&other, HATS_MLDSA_87, &err), HATS_OK);
    assert_int_equal(hats_cert_make_leaf(leaf_path, leaf, &names, 90, root_path, other, &err),
                     HATS_E_CONFLICT);
    hats_mldsa_free(other);
}

static void a_certificate_is_judged_by_its_dates(void **state) {
    (void)state;
    struct hats_cert_info info;
    struct hats_error err;
    assert_int_equal(hats_cert_make_leaf(leaf_path, leaf, &names, 1, root_path, root, &err),
                     HATS_OK);
    assert_int_equal(hats_cert_read_file(&info, leaf_path, &err), HATS_OK);
    assert_int_equal(hats_cert_check_time(&info, hats_now_ms(), &err), HATS_OK);
    assert_int_equal(hats_cert_check_time(&info, hats_now_ms() + 2 * DAY_MS, &err), HATS_E_TRUST);
    assert_non_null(strstr(err.text, "expired"));
    assert_int_equal(hats_cert_check_time(&info, hats_now_ms() - DAY_MS, &err), HATS_E_TRUST);
    assert_non_null(strstr(err.text, "not yet valid"));
}

static void a_file_without_a_certificate_is_refused(void **state) {
    (void)state;
    struct hats_cert_info info;
    struct hats_error err;
    static const char text[] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    assert_int_equal(hats_cert_read(&info, text, sizeof text - 1, &err), HATS_E_MALFORMED);
    assert_int_equal(hats_cert_read(&info, "", 0, &err), HATS_E_MALFORMED);
    assert_int_equal(hats_cert_read_file(&info, "/nonexistent/leaf.pem", &err), HATS_E_NOT_FOUND);
}

static int make_keys(void **state) {
    (void)state;
    if (mkdtemp(dir) == NULL || hats_path_join(root_path, dir, "root.pem") != HATS_OK ||
        hats_path_join(leaf_path, dir, "leaf.pem") != HATS_OK)
        return -1;
    return hats_mldsa_generate(&root, HATS_MLDSA_87, NULL) == HATS_OK &&
                   hats_mldsa_generate(&leaf, HATS_MLDSA_65, NULL) == HATS_OK
               ? 0
               : -1;
}

static int drop_keys(void **state) {
    (void)state;
    hats_mldsa_free(root);
    hats_mldsa_free(leaf);
    unlink(root_path);
    unlink(leaf_path);
    return rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_is_a_post_quantum_authority),
        cmocka_unit_test(a_leaf_is_signed_by_the_root_and_ends_when_asked),
        cmocka_unit_test(a_leaf_never_outlives_its_root),
        cmocka_unit_test(a_leaf_for_a_bad_name_or_too_many_days_is_refused),
        cmocka_unit_test(a_leaf_needs_the_key_of_the_root_certificate),
        cmocka_unit_test(a_certificate_is_judged_by_its_dates),
        cmocka_unit_test(a_file_without_a_certificate_is_refused),
    };
    return cmocka_run_group_tests_name("cert", tests, make_keys, drop_keys);
}
