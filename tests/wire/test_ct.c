/* In the build made with -Dct=true, run under valgrind by tools/run-ct: the secret of a session's keys decides
 * nothing, neither when the table is made nor when a call is signed. */
#include "base/ct.h"
#include "wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void one_time_keys_decide_nothing(void **state) {
    (void)state;
    uint8_t secret[HATS_FRAME_SECRET_LEN] = {1}, p[HATS_FRAME_P_LEN] = {2}, sid[32] = {3};
    uint8_t r[32] = {4}, table[2][HATS_FRAME_VALUE_LEN], frame[HATS_FRAME_LEN];
    const struct hats_frame_session session = {sid, p, table[0], 2};
    HATS_SECRET(secret, sizeof secret);
    hats_frame_leaves(table[0], secret, p, 0, 2);
    assert_int_equal(hats_frame_sign(frame, secret, p, 1, sid, r, NULL), HATS_OK);
    HATS_PUBLIC(table, sizeof table);
    HATS_PUBLIC(frame, sizeof frame);
    assert_int_equal(hats_frame_verify(frame, sizeof frame, &session, r, NULL, NULL), HATS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_time_keys_decide_nothing)};
    return cmocka_run_group_tests_name("ct", tests, NULL, NULL);
}
