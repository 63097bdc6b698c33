/* In the build made with -Dct=true, run under valgrind by tools/run-ct: messages are marked secret, and a
 * branch or an index that depends on one is reported. */
#include "base/ct.h"
#include "hash/sha256.h"
#include "hash/shake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint8_t message[8][300];

static void mark(void) {
    for (size_t l = 0; l < 8; l++)
        for (size_t i = 0; i < sizeof message[l]; i++)
            message[l][i] = (uint8_t)(l * 31 + i);
    HATS_SECRET(message, sizeof message);
}

static void sha256_decides_nothing_by_the_message(void **state) {
    (void)state;
    uint8_t digest[HATS_SHA256_LEN], again[HATS_SHA256_LEN];
    mark();
    hats_sha256_tagged(digest, "HATS test", message[0], sizeof message[0]);
    HATS_PUBLIC(digest, sizeof digest);
    HATS_PUBLIC(message, sizeof message);
    hats_sha256_tagged(again, "HATS test", message[0], sizeof message[0]);
    assert_memory_equal(digest, again, sizeof digest);
}

static void shake_decides_nothing_by_the_message(void **state) {
    (void)state;
    uint64_t words[8][HATS_SHAKE256_RATE / 8], one[HATS_SHAKE256_RATE / 8];
    const uint8_t *in[8];
    uint64_t *out[8];
    struct hats_shake_x8 x8;
    for (size_t l = 0; l < 8; l++) {
        in[l] = message[l];
        out[l] = words[l];
    }
    mark();
    hats_shake256(one, sizeof one, message[3], sizeof message[3]);
    hats_shake_x8_absorb(&x8, HATS_SHAKE256_RATE, in, sizeof message[0]);
    hats_shake_x8_squeeze(&x8, out, 1);
    HATS_PUBLIC(one, sizeof one);
    HATS_PUBLIC(words, sizeof words);
    assert_memory_equal(one, words[3], sizeof one);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_decides_nothing_by_the_message),
        cmocka_unit_test(shake_decides_nothing_by_the_message),
    };
    return cmocka_run_group_tests_name("ct", tests, NULL, NULL);
}
