#include "base/file.h"
#include "base/text.h"
#include "hash/shake.h"
#include "pq/mldsa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const enum hats_mldsa_level levels[] = {HATS_MLDSA_44, HATS_MLDSA_65, HATS_MLDSA_87};
static const char message[] = "the answer to call 7";
static char dir[] = "/tmp/hats-test-mldsa-XXXXXX";

static struct hats_sign_key *key_of(enum hats_mldsa_level level, uint8_t first) {
    uint8_t seed[HATS_MLDSA_SEED_LEN] = {first};
    struct hats_sign_key *key = NULL;
    struct hats_error err;
    if (hats_mldsa_from_seed(&key, level, seed, &err) != HATS_OK)
        fail_msg("%s", err.text);
    return key;
}

/* NIST ACVP-Server, gen-val/json-files/ML-DSA-keyGen-FIPS204, test cases 1, 26, 27 and 51: seed, and the
 * first 32 bytes each of rho and tr as they stand in the expected private key. tr is SHAKE256(pk), so it
 * stands for every byte of the public key [FIPS204, Alg. 6]. */
static void key_generation_gives_the_answers_of_nist(void **state) {
    (void)state;
    static const struct {
        enum hats_mldsa_level level;
        const char *seed, *rho, *tr;
    } answers[] = {
        {HATS_MLDSA_44, "4BE7A01A99A5E5BCFE3C06785D8E4EC664082227D86704E9E44862623A05C8B3",
         "ADB0B33464816091F2A95977C67F085FDC24B37854D4DB0A577AE9401E408148",
         "1FB72B86F9B4A75132567BE2C45E873D6B5D4A8B8C59F46F2DB81B0857144DB5"},
        {HATS_MLDSA_65, "8AB6448BF58F897D528A8DE9F8E59329AC929A9CDE7EDF3E27E01BC9EF128A67",
         "49DE190622B0681761A9DB044015BF812760429001FDFF5FC897166546277E84",
         "B2B87C49F3E51E4C76C8EDF276174B9EBE99228B1BEAD73FDE09D114795B8275"},
        {HATS_MLDSA_65, "E67D4E94E36225F5E360DBE043099A96078174A054631BC673100D218A71C448",
         "A11E04721B8D823AEBFD8CD4663CC5E864BFB0C33DF9D350FC6B20E1DE4D857D",
         "A04F9E596323FE7F1031EFF78C91D0BDA82EE198FB1461B2028AB1A8B466EA94"},
        {HATS_MLDSA_87, "5AC4D695186486C11D21F0300DBDA6F38B8D1FA07A254549B64422D44B1AAC42",
         "A43D30AA48E12E950A08F7ED597EC7C84C7F6207CDB9850958EDEAB45253F379",
         "D1EC64DEF2A3681FDF7FC4B332C95F5F5E0C62AF69FBDD57B56772666141093B"},
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        uint8_t seed[32], rho[32], tr[32], got[32];
        struct hats_sign_key *key = NULL;
        struct hats_error err;
        assert_true(hats_hex_decode(seed, 32, answers[i].seed, 64));
        assert_true(hats_hex_decode(rho, 32, answers[i].rho, 64));
        assert_true(hats_hex_decode(tr, 32, answers[i].tr, 64));
        assert_int_equal(hats_mldsa_from_seed(&key, answers[i].level, seed, &err), HATS_OK);
        assert_memory_equal(hats_mldsa_public(key), rho, 32);
        hats_shake256(got, 32, hats_mldsa_public(key), hats_mldsa_public_len(answers[i].level));
        assert_memory_equal(got, tr, 32);
        hats_mldsa_free(key);
    }
}

static void what_is_signed_verifies_at_every_level(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t signature[HATS_MLDSA_SIGNATURE_MAX];
        struct hats_sign_key *key = NULL;
        struct hats_error err;
        assert_int_equal(hats_mldsa_generate(&key, levels[i], &err), HATS_OK);
        assert_int_equal(hats_mldsa_level_of(key), levels[i]);
        size_t public_len = hats_mldsa_public_len(levels[i]);
        size_t len = hats_mldsa_signature_len(levels[i]);
        assert_int_equal(hats_mldsa_sign(key, signature, message, sizeof message, &err), HATS_OK);
        assert_int_equal(hats_mldsa_verify(levels[i], hats_mldsa_public(key), public_len, message,
                                           sizeof message, signature, len, &err),
                         HATS_OK);
        hats_mldsa_free(key);
    }
}

static hats_status verify(const struct hats_sign_key *key, const char *text, size_t text_len,
                          const uint8_t *signature, size_t signature_len) {
    return hats_mldsa_verify(HATS_MLDSA_65, hats_mldsa_public(key), HATS_MLDSA65_PUBLIC_LEN, text,
                             text_len, signature, signature_len, NULL);
}

static void a_changed_message_signature_or_key_does_not_verify(void **state) {
    (void)state;
    uint8_t signature[HATS_MLDSA65_SIGNATURE_LEN];
    struct hats_sign_key *key = key_of(HATS_MLDSA_65, 1), *other = key_of(HATS_MLDSA_65, 2);
    char changed[sizeof message];
    assert_int_equal(hats_mldsa_sign(key, signature, message, sizeof message, NULL), HATS_OK);
    for (size_t i = 0; i < sizeof message; i++) {
        memcpy(changed, message, sizeof message);
        changed[i] ^= 1;
        assert_int_equal(verify(key, changed, sizeof message, signature, sizeof signature),
                         HATS_E_VERIFY);
    }
    for (size_t i = 0; i < sizeof signature; i += 61) {
        signature[i] ^= 0x10;
        assert_int_equal(verify(key, message, sizeof message, signature, sizeof signature),
                         HATS_E_VERIFY);
        signature[i] ^= 0x10;
    }
    assert_int_equal(verify(other, message, sizeof message, signature, sizeof signature),
                     HATS_E_VERIFY);
    assert_int_equal(verify(key, message, sizeof message - 1, signature, sizeof signature),
                     HATS_E_VERIFY);
    assert_int_equal(verify(key, message, sizeof message, signature, sizeof signature - 1),
                     HATS_E_VERIFY);
    assert_int_equal(verify(key, message, sizeof message, signature, sizeof signature), HATS_OK);
    hats_mldsa_free(key);
    hats_mldsa_free(other);
}

static void another_level_does_not_verify(void **state) {
    (void)state;
    uint8_t signature[HATS_MLDSA_SIGNATURE_MAX];
    struct hats_sign_key *key = key_of(HATS_MLDSA_87, 1);
    struct hats_error err;
    assert_int_equal(hats_mldsa_sign(key, signature, message, sizeof message, NULL), HATS_OK);
    assert_int_equal(hats_mldsa_verify(HATS_MLDSA_65, hats_mldsa_public(key),
                                       hats_mldsa_public_len(HATS_MLDSA_87), message,
                                       sizeof message, signature,
                                       hats_mldsa_signature_len(HATS_MLDSA_87), &err),
                     HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "ML-DSA-65"));
    hats_mldsa_free(key);
}

static void signing_is_hedged(void **state) {
    (void)state;
    uint8_t a[HATS_MLDSA65_SIGNATURE_LEN], b[HATS_MLDSA65_SIGNATURE_LEN];
    struct hats_sign_key *key = key_of(HATS_MLDSA_65, 1);
    assert_int_equal(hats_mldsa_sign(key, a, message, sizeof message, NULL), HATS_OK);
    assert_int_equal(hats_mldsa_sign(key, b, message, sizeof message, NULL), HATS_OK);
    assert_memory_not_equal(a, b, sizeof a);
    hats_mldsa_free(key);
}

static void a_saved_key_comes_back_and_only_its_owner_reads_it(void **state) {
    (void)state;
    char path[HATS_PATH_MAX];
    uint8_t signature[HATS_MLDSA_SIGNATURE_MAX];
    for (size_t i = 0; i < 3; i++) {
        struct hats_sign_key *key = key_of(levels[i], 3), *back = NULL;
        struct hats_error err;
        struct stat st;
        assert_int_equal(hats_path_join(path, dir, "signer.pem"), HATS_OK);
        assert_int_equal(hats_mldsa_save(key, path, &err), HATS_OK);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        if (hats_mldsa_load(&back, path, &err) != HATS_OK)
            fail_msg("%s", err.text);
        assert_int_equal(hats_mldsa_level_of(back), levels[i]);
        assert_memory_equal(hats_mldsa_public(back), hats_mldsa_public(key),
                            hats_mldsa_public_len(levels[i]));
        assert_int_equal(hats_mldsa_sign(back, signature, message, sizeof message, &err), HATS_OK);
        assert_int_equal(hats_mldsa_verify(levels[i], hats_mldsa_public(key),
                                           hats_mldsa_public_len(levels[i]), message,
                                           sizeof message, signature,
                                           hats_mldsa_signature_len(levels[i]), &err),
                         HATS_OK);
        hats_mldsa_free(back);
        hats_mldsa_free(key);
    }
}

static void write_key_file(const char *path, unsigned mode, const char *text) {
    struct hats_error err;
    assert_int_equal(hats_file_write(path, mode, text, strlen(text), &err), HATS_OK);
}

static void a_file_that_is_no_private_key_of_ours_is_refused(void **state) {
    (void)state;
    /* An Ed25519 key, RFC 8410, section 10.3 */
    static const char ed25519[] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
        "-----END PRIVATE KEY-----\n";
    char path[HATS_PATH_MAX];
    struct hats_sign_key *key = NULL;
    struct hats_error err;
    assert_int_equal(hats_path_join(path, dir, "other.pem"), HATS_OK);
    assert_int_equal(hats_mldsa_load(&key, path, &err), HATS_E_NOT_FOUND);
    write_key_file(path, 0600, ed25519);
    assert_int_equal(hats_mldsa_load(&key, path, &err), HATS_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "ED25519"));
    write_key_file(path, 0600, "not a key\n");
    assert_int_equal(hats_mldsa_load(&key, path, &err), HATS_E_MALFORMED);
    write_key_file(path, 0600, "");
    assert_int_equal(hats_mldsa_load(&key, path, &err), HATS_E_MALFORMED);
    assert_int_equal(hats_mldsa_load(&key, dir, &err), HATS_E_IO);
    assert_null(key);
}

static void a_private_key_that_others_may_read_is_refused(void **state) {
    (void)state;
    char path[HATS_PATH_MAX];
    struct hats_sign_key *key = key_of(HATS_MLDSA_65, 4), *back = NULL;
    struct hats_error err;
    assert_int_equal(hats_path_join(path, dir, "open.pem"), HATS_OK);
    assert_int_equal(hats_mldsa_save(key, path, &err), HATS_OK);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(hats_mldsa_load(&back, path, &err), HATS_E_INSECURE);
    assert_non_null(strstr(err.text, "chmod 600"));
    assert_null(back);
    hats_mldsa_free(key);
}

static void levels_have_their_names_and_no_other_is_known(void **state) {
    (void)state;
    assert_string_equal(hats_mldsa_name(HATS_MLDSA_65), "ML-DSA-65");
    assert_true(hats_mldsa_level_known(44));
    assert_false(hats_mldsa_level_known(0));
    assert_false(hats_mldsa_level_known(64));
}

static int make_dir(void **state) {
    (void)state;
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_dir(void **state) {
    (void)state;
    static const char *const names[] = {"signer.pem", "other.pem", "open.pem"};
    char path[HATS_PATH_MAX];
    for (size_t i = 0; i < 3; i++)
        if (hats_path_join(path, dir, names[i]) == HATS_OK)
            unlink(path);
    return rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_generation_gives_the_answers_of_nist),
        cmocka_unit_test(what_is_signed_verifies_at_every_level),
        cmocka_unit_test(a_changed_message_signature_or_key_does_not_verify),
        cmocka_unit_test(another_level_does_not_verify),
        cmocka_unit_test(signing_is_hedged),
        cmocka_unit_test(a_saved_key_comes_back_and_only_its_owner_reads_it),
        cmocka_unit_test(a_file_that_is_no_private_key_of_ours_is_refused),
        cmocka_unit_test(a_private_key_that_others_may_read_is_refused),
        cmocka_unit_test(levels_have_their_names_and_no_other_is_known),
    };
    return cmocka_run_group_tests_name("mldsa", tests, make_dir, remove_dir);
}
