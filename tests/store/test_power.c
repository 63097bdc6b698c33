/* Power loss: what was written and not synchronised is gone, at any moment; what was acknowledged is not.
 *
 * fsync and fdatasync are ours here (the program's own definition is the one that libsqlite3 finds): each
 * copies the file as it stands into a second folder, which therefore always holds what a disk is bound to
 * hold. The store opened on a copy of that folder is the store after the power came back. */
#include "fixture.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { CALLS = 60 };

static struct fixture f;
static char durable[64];
static atomic_uint syncs;
static atomic_bool power_is_out; /* meanwhile nothing reaches the disk */
static int64_t tenant;

static void copy(const char *from, const char *to) {
    static char block[1u << 16];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, block, sizeof block)) > 0;)
        assert_int_equal(write(out, block, (size_t)n), n);
    close(in);
    close(out);
}

static int keep(int fd) {
    char link[64], path[256], to[320];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    struct stat st;
    atomic_fetch_add(&syncs, 1);
    if (!atomic_load(&power_is_out) && n > 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        path[n] = '\0';
        snprintf(to, sizeof to, "%s%s", durable, strrchr(path, '/'));
        copy(path, to);
    }
    return 0;
}

int fsync(int fd) { return keep(fd); }
int fdatasync(int fd) { return keep(fd); }

static void copy_if_there(const char *dir, const char *name, const char *to_dir) {
    char from[128], to[128];
    snprintf(from, sizeof from, "%s/%s", dir, name);
    snprintf(to, sizeof to, "%s/%s", to_dir, name);
    if (access(from, F_OK) == 0)
        copy(from, to);
}

/* The store as it comes up after a power loss now. `acknowledged` calls were sealed before. */
static void lose_power(uint32_t acknowledged) {
    struct fixture after;
    struct hats_error err = {0};
    atomic_store(&power_is_out, true);
    fixture_make(&after);
    copy_if_there(durable, "store.db", after.dir);
    copy_if_there(durable, "store.db-wal", after.dir);
    if (fixture_open(&after, &err) != HATS_OK)
        fail_msg("after %u calls: %s", acknowledged, err.text);
    for (uint32_t i = 0; i < acknowledged; i++) {
        struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
        struct hats_store_call call;
        if (hats_store_call_get(after.store, &call, &a.id, true, NULL) != HATS_OK ||
            call.state != HATS_STORE_STATE_SEALED || call.output == NULL || call.receipt == NULL)
            fail_msg("call %u of %u acknowledged ones is lost", i, acknowledged);
        hats_store_call_clear(&call);
    }
    fixture_remove(&after);
    atomic_store(&power_is_out, false);
}

static void what_was_acknowledged_survives_power_loss(void **state) {
    (void)state;
    /* 100 KiB each: the log is folded into the file several times on the way */
    static char output[100u << 10];
    memset(output, 'x', sizeof output - 1);
    snprintf(durable, sizeof durable, "%s", "/tmp/hats-durable-XXXXXX");
    assert_non_null(mkdtemp(durable));
    fixture_make(&f);
    assert_int_equal(fixture_open(&f, NULL), HATS_OK);
    tenant = add_tenant(f.store, "alpha", 1);
    add_key(f.store, tenant, 1);
    for (uint32_t i = 0; i < CALLS; i++) {
        struct hats_store_accept a = accept_of(tenant, 1, i, 1000);
        struct hats_store_accept_result r;
        unsigned before = atomic_load(&syncs);
        assert_int_equal(hats_store_call_accept(f.store, &r, &a, NULL), HATS_OK);
        assert_int_equal(r.outcome, HATS_STORE_NEW);
        assert_true(atomic_load(&syncs) > before); /* it did ask the disk */
        struct hats_store_seal seal = seal_of(&a, output, 1001);
        bool won;
        assert_int_equal(hats_store_call_seal(f.store, &won, &seal, NULL), HATS_OK);
        lose_power(i + 1);
    }
    fixture_remove(&f);
    f.store = NULL;
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-journal"};
    for (int i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", durable, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(durable), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_acknowledged_survives_power_loss)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
