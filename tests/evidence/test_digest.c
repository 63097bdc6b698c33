#include "base/text.h"
#include "evidence/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_digest(const uint8_t got[32], const char *hex) {
    uint8_t expected[32];
    assert_true(hats_hex_decode(expected, 32, hex, 64));
    assert_memory_equal(got, expected, 32);
}

/* Computed with Python's hashlib: sha256(tag.ljust(16, b"\0") + parts) over the bytes 0, 1, 2, ... */
static void tagged_digests_are_those_of_another_program(void **state) {
    (void)state;
    uint8_t counting[64], out[32];
    for (unsigned i = 0; i < sizeof counting; i++)
        counting[i] = (uint8_t)i;
    hats_evidence_model_commit(out, counting, counting + 32);
    assert_digest(out, "e8238c46c2f4a981f84045450f9f683652f48eccdd2a407d02af564c636dc188");
    hats_evidence_flood_commit(out, counting);
    assert_digest(out, "9c65d5605ccf2a461444b35ce209f6f86e99fb6c3c486ce87016f3e3281b73a3");
    hats_evidence_tenant_digest(out, counting, "ward 7", 6);
    assert_digest(out, "67beb7c88aa579e6bc81bdebc87f144a36cf5feb8bb3a001bac2e43aa350b8a6");
}

static void another_salt_gives_another_commitment(void **state) {
    (void)state;
    uint8_t salt[32] = {0}, manifest[32] = {7}, a[32], b[32];
    hats_evidence_model_commit(a, salt, manifest);
    salt[31] = 1;
    hats_evidence_model_commit(b, salt, manifest);
    assert_memory_not_equal(a, b, 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tagged_digests_are_those_of_another_program),
        cmocka_unit_test(another_salt_gives_another_commitment),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
