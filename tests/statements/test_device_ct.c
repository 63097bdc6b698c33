/* In the build made with -Dct=true, run under valgrind by tools/run-ct: who the device is, and what it is,
 * decides nothing while its digests are computed and its table is filled. */
#include "base/ct.h"
#include "device_world.h"

static void devices_are_not_told_apart(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 9);
    uint64_t nf[4], root[4];
    HATS_SECRET(&w->witness, sizeof w->witness);
    hats_device_public_key(w->witness.leaf.pk, &w->witness.secret);
    hats_device_nullifier(nf, &w->witness.secret, w->pub.epoch, w->pub.rp_id, w->witness.slot);
    hats_device_root_of(root, &w->witness);
    device_world_fill(w);
    HATS_PUBLIC(nf, sizeof nf);
    HATS_PUBLIC(root, sizeof root);
    HATS_PUBLIC(w->trace, HATS_DEVICE_TRACE_WORDS * sizeof *w->trace);
    HATS_PUBLIC(&w->witness, sizeof w->witness);
    assert_memory_equal(nf, w->pub.nf, sizeof nf);
    assert_memory_equal(root, w->pub.root, sizeof root);
    device_world_accepts(w);
    device_world_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(devices_are_not_told_apart)};
    return cmocka_run_group_tests_name("device ct", tests, NULL, NULL);
}
