#include "hash/hmac.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect(const uint8_t *got, size_t len, const char *hex) {
    char text[2 * 128 + 1];
    hats_hex_encode(text, got, len);
    assert_string_equal(text, hex);
}

static void gives_the_published_authenticators(void **state) {
    (void)state;
    /* RFC 4231, 4.2, 4.3 and 4.7 */
    uint8_t out[32], key[131];
    memset(key, 0x0b, 20);
    hats_hmac_sha256(out, key, 20, "Hi There", 8);
    expect(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hats_hmac_sha256(out, "Jefe", 4, "what do ya want for nothing?", 28);
    expect(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    hats_hmac_sha256(out, key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First",
                     54);
    expect(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void gives_the_published_keys(void **state) {
    (void)state;
    /* RFC 5869, A.1 and A.3 */
    uint8_t ikm[22], salt[13], info[10], out[42];
    memset(ikm, 0x0b, sizeof ikm);
    for (uint8_t i = 0; i < 13; i++)
        salt[i] = i;
    for (uint8_t i = 0; i < 10; i++)
        info[i] = (uint8_t)(0xf0 + i);
    hats_hkdf_sha256(out, sizeof out, salt, sizeof salt, ikm, sizeof ikm, info, sizeof info);
    expect(out, sizeof out,
           "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    hats_hkdf_sha256(out, sizeof out, NULL, 0, ikm, sizeof ikm, NULL, 0);
    expect(out, sizeof out,
           "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void agrees_with_libcrypto_around_the_block_length(void **state) {
    (void)state;
    uint8_t key[200], data[200], ours[32], theirs[32];
    unsigned len = 0;
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(i * 7 + 1);
        data[i] = (uint8_t)(i * 13 + 5);
    }
    for (size_t k = 1; k <= sizeof key; k += k < 60 || k > 70 ? 9 : 1)
        for (size_t n = 0; n <= sizeof data; n += 25) {
            hats_hmac_sha256(ours, key, k, data, n);
            assert_non_null(HMAC(EVP_sha256(), key, (int)k, data, n, theirs, &len));
            assert_memory_equal(ours, theirs, 32);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_authenticators),
        cmocka_unit_test(gives_the_published_keys),
        cmocka_unit_test(agrees_with_libcrypto_around_the_block_length),
    };
    return cmocka_run_group_tests_name("hmac", tests, NULL, NULL);
}
