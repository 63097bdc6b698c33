#include "base/arena.h"
#include "stark/air_check.h"
#include "stark/prove.h"
#include "stark/verify.h"
#include "systems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *kind;
    unsigned log_n, columns;
} kinds[] = {{"squares", 3, 3}, {"squares", 6, 7},   {"fibonacci", 4, 2},
             {"mixed", 5, 0},   {"wide", 6, 12},     {"power7", 3, 4},
             {"rpo", 8, 3},     {"fibonacci", 9, 2}, {"mixed", 10, 0}};

struct made {
    struct systems all;
    struct hats_buffer proof;
};

static void make(struct made *m, const char *kind, unsigned log_n, unsigned columns) {
    struct hats_error err;
    *m = (struct made){.all = {.n = 1}};
    m->all.at[0] = system_new(kind, log_n, columns, 5);
    assert_non_null(m->all.at[0]);
    assert_int_equal(systems_init(&m->all, HATS_STARK_TEST, &err), HATS_OK);
    hats_buffer_init(&m->proof, (size_t)1 << 20);
}

static void unmake(struct made *m) {
    hats_buffer_clear(&m->proof);
    for (unsigned t = 0; t < m->all.n; t++)
        system_free(m->all.at[t]);
}

static hats_status prove(struct made *m, uint8_t coin, const struct hats_stark_options *options,
                         struct hats_error *err) {
    const uint8_t coins[HATS_STARK_COINS_LEN] = {coin};
    m->proof.len = 0;
    return hats_stark_prove(&m->proof, &m->all.statement, m->all.trace, coins, options, err);
}

static hats_status verify(const struct made *m) {
    struct hats_arena arena;
    void *memory = hats_alloc(m->all.setup.scratch_bytes);
    assert_non_null(memory);
    hats_arena_init(&arena, memory, m->all.setup.scratch_bytes);
    hats_status s =
        hats_stark_verify(&m->all.statement, m->proof.data, m->proof.len, &arena, NULL, NULL);
    hats_free(memory);
    return s;
}

static void threads_and_workspaces_do_not_show(void **state) {
    (void)state;
    struct hats_stark_workspace *shared[2] = {hats_stark_workspace_new(1),
                                              hats_stark_workspace_new(3)};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct made m;
        uint8_t first[HATS_SHA256_LEN], again[HATS_SHA256_LEN];
        make(&m, kinds[i].kind, kinds[i].log_n, kinds[i].columns);
        assert_int_equal(prove(&m, 1, NULL, NULL), HATS_OK);
        assert_true(m.proof.len <= m.all.setup.proof_max_bytes);
        assert_int_equal(verify(&m), HATS_OK);
        hats_sha256(first, m.proof.data, m.proof.len);
        for (unsigned w = 0; w < 4; w++) {
            struct hats_stark_options options = {.n_threads = w + 1};
            if (w >= 2) /* used before, for another system */
                options = (struct hats_stark_options){.workspace = shared[w - 2]};
            assert_int_equal(prove(&m, 1, &options, NULL), HATS_OK);
            hats_sha256(again, m.proof.data, m.proof.len);
            assert_memory_equal(again, first, sizeof first);
        }
        unmake(&m);
    }
    hats_stark_workspace_free(shared[0]);
    hats_stark_workspace_free(shared[1]);
}

/* HATS_CPU is read once in a process: the other backends run in processes of their own, which print the
 * digest of the same proof. */
static void digest_line(char *line, size_t len) {
    uint8_t all[HATS_SHA256_LEN * (sizeof kinds / sizeof kinds[0])], digest[HATS_SHA256_LEN];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct made m;
        make(&m, kinds[i].kind, kinds[i].log_n, kinds[i].columns);
        if (prove(&m, 9, NULL, NULL) != HATS_OK)
            abort();
        hats_sha256(all + i * HATS_SHA256_LEN, m.proof.data, m.proof.len);
        unmake(&m);
    }
    hats_sha256(digest, all, sizeof all);
    for (size_t i = 0; i < 16; i++)
        snprintf(line + 2 * i, len - 2 * i, "%02x", digest[i]);
}

static const char *self;

static void backends_do_not_show(void **state) {
    (void)state;
    char ours[40], theirs[40], command[600];
    digest_line(ours, sizeof ours);
    static const char *const backends[] = {"portable", "avx2", "avx512"};
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        snprintf(command, sizeof command, "HATS_CPU=%s '%s' digest", backends[i], self);
        FILE *f = popen(command, "r");
        assert_non_null(f);
        assert_non_null(fgets(theirs, sizeof theirs, f));
        assert_int_equal(pclose(f), 0);
        theirs[32] = '\0';
        assert_string_equal(theirs, ours);
    }
}

static void other_coins_are_another_proof(void **state) {
    (void)state;
    struct made m;
    make(&m, "mixed", 4, 0);
    uint8_t digests[3][HATS_SHA256_LEN];
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(prove(&m, (uint8_t)i, NULL, NULL), HATS_OK);
        assert_int_equal(verify(&m), HATS_OK);
        hats_sha256(digests[i], m.proof.data, m.proof.len);
    }
    assert_memory_not_equal(digests[0], digests[1], sizeof digests[0]);
    assert_memory_not_equal(digests[1], digests[2], sizeof digests[0]);
    unmake(&m);
}

/* Equal coins for another public input or another trace: nothing of the masks may return. */
static void equal_coins_do_not_repeat_masks(void **state) {
    (void)state;
    struct made m;
    uint8_t salt[2][32];
    make(&m, "squares", 3, 3);
    const struct hats_stark_setup *s = &m.all.setup;
    size_t salt_at = 16 + 2 + 1 + (size_t)s->n_tables * 33 + 1 + 2 + 1 + 4 + 1 + 2 * 3 + 1 + 4 + 4;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(prove(&m, 1, NULL, NULL), HATS_OK);
        memcpy(salt[i], m.proof.data + salt_at, sizeof salt[i]);
        m.all.public_bytes[0] ^= 1;
    }
    assert_memory_not_equal(salt[0], salt[1], sizeof salt[0]);
    unmake(&m);
    make(&m, "squares", 3, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(prove(&m, 1, NULL, NULL), HATS_OK);
        memcpy(salt[i], m.proof.data + salt_at, sizeof salt[i]);
        m.all.at[0]->trace[0] = 3; /* and 9: an honest trace again */
        m.all.at[0]->trace[8] = 9;
    }
    assert_memory_not_equal(salt[0], salt[1], sizeof salt[0]);
    unmake(&m);
}

/* Every cell of small systems, changed: the row checker names it and the prover makes no proof. */
static void a_wrong_cell_is_never_proven(void **state) {
    (void)state;
    struct hats_stark_workspace *w = hats_stark_workspace_new(1);
    struct hats_stark_options options = {.workspace = w};
    static const char *const all[] = {"squares", "fibonacci", "mixed", "wide", "power7"};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        struct made m;
        struct hats_error err;
        make(&m, all[k], 4, strcmp(all[k], "wide") == 0 ? 12 : 4);
        const struct hats_air *air = &m.all.at[0]->air;
        size_t n = (size_t)1 << air->log_n;
        for (size_t i = 0; i < air->n_columns * n; i++) {
            uint64_t *cell = &m.all.at[0]->trace[i], honest = *cell;
            *cell = hats_fp_add(honest, 1);
            assert_int_equal(prove(&m, 1, &options, &err), HATS_E_VERIFY);
            *cell = honest;
        }
        assert_int_equal(prove(&m, 1, &options, &err), HATS_OK);
        unmake(&m);
    }
    hats_stark_workspace_free(w);
}

static void every_failing_allocation_is_survived(void **state) {
    (void)state;
    struct made m;
    struct hats_error err;
    make(&m, "mixed", 4, 0);
    hats_alloc_fail_at(0);
    assert_int_equal(prove(&m, 1, NULL, NULL), HATS_OK);
    uint64_t n = hats_alloc_count();
    assert_true(n > 50);
    for (uint64_t i = 1; i <= n; i++) {
        err = (struct hats_error){0};
        hats_alloc_fail_at(i);
        assert_int_equal(prove(&m, 1, NULL, &err), HATS_E_MEMORY);
        assert_int_equal(err.status, HATS_E_MEMORY);
    }
    hats_alloc_fail_at(0);
    assert_int_equal(prove(&m, 1, NULL, NULL), HATS_OK);
    unmake(&m);
}

static void a_buffer_that_is_too_small_is_an_error(void **state) {
    (void)state;
    struct made m;
    make(&m, "squares", 3, 3);
    struct hats_buffer honest = m.proof;
    hats_buffer_init(&m.proof, 1000);
    assert_int_equal(prove(&m, 1, NULL, NULL), HATS_E_MEMORY);
    hats_buffer_clear(&m.proof);
    m.proof = honest;
    unmake(&m);
}

static void several_tables_share_a_proof(void **state) {
    (void)state;
    struct made m;
    struct hats_error err;
    static const char *const others[] = {"mixed", "fibonacci", "squares", "power7"};
    for (unsigned i = 0; i < 4; i++) {
        make(&m, "mixed", 7, 0);
        m.all.at[m.all.n++] = system_new(others[i], 4, 3, 6);
        m.all.at[m.all.n++] = system_new(others[(i + 1) % 4], 7, 3, 7);
        assert_int_equal(systems_init(&m.all, HATS_STARK_TEST, &err), HATS_OK);
        assert_int_equal(prove(&m, 1, NULL, &err), HATS_OK);
        assert_int_equal(verify(&m), HATS_OK);
        m.all.at[1]->trace[2] ^= 1;
        if (strcmp(others[i], "power7") != 0)
            assert_int_equal(prove(&m, 1, NULL, &err), HATS_E_VERIFY);
        unmake(&m);
    }
}

int main(int argc, char **argv) {
    if (argc > 1) {
        char line[40];
        digest_line(line, sizeof line);
        puts(line);
        return 0;
    }
    self = argv[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_and_workspaces_do_not_show),
        cmocka_unit_test(backends_do_not_show),
        cmocka_unit_test(other_coins_are_another_proof),
        cmocka_unit_test(equal_coins_do_not_repeat_masks),
        cmocka_unit_test(a_wrong_cell_is_never_proven),
        cmocka_unit_test(every_failing_allocation_is_survived),
        cmocka_unit_test(a_buffer_that_is_too_small_is_an_error),
        cmocka_unit_test(several_tables_share_a_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
