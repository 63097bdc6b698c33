/* Proofs of small systems and their verifier, for tests. */
#ifndef HATS_TESTS_STARK_PROVEN_H
#define HATS_TESTS_STARK_PROVEN_H

#include "stark/prove.h"
#include "stark/verify.h"
#include "systems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct proven {
    struct systems all;
    struct hats_buffer proof;
    void *storage;
    struct hats_arena arena;
};

static struct hats_error err;

static inline void prove(struct proven *p, const uint64_t *const *trace) {
    const uint8_t coins[HATS_STARK_COINS_LEN] = {1, 2, 3};
    hats_buffer_init(&p->proof, p->all.setup.proof_max_bytes);
    if (hats_stark_prove(&p->proof, &p->all.statement, trace, coins, NULL, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static inline void begin(struct proven *p, const char *kind, unsigned log_n, unsigned columns) {
    memset(p, 0, sizeof *p);
    p->all.n = 1;
    p->all.at[0] = system_new(kind, log_n, columns, 7);
    assert_non_null(p->all.at[0]);
}

static inline void add(struct proven *p, const char *kind, unsigned log_n, unsigned columns) {
    p->all.at[p->all.n] = system_new(kind, log_n, columns, 8);
    assert_non_null(p->all.at[p->all.n++]);
}

static inline void init(struct proven *p, unsigned suite) {
    if (systems_init(&p->all, suite, &err) != HATS_OK)
        fail_msg("%s", err.text);
    p->storage = malloc(p->all.setup.scratch_bytes);
    assert_non_null(p->storage);
    hats_arena_init(&p->arena, p->storage, p->all.setup.scratch_bytes);
}

static inline void end(struct proven *p) {
    for (unsigned t = 0; t < p->all.n; t++)
        system_free(p->all.at[t]);
    hats_buffer_clear(&p->proof);
    free(p->storage);
}

/* A proof of a small table with lookups, sums, public and weight columns; its first tree has salts. */
static inline void begin_small(struct proven *p) {
    begin(p, "mixed", 5, 0);
    init(p, HATS_STARK_TEST);
    prove(p, p->all.trace);
}

static inline enum hats_stark_refusal verify(struct proven *p, const uint8_t *proof, size_t len) {
    enum hats_stark_refusal refusal = HATS_STARK_REFUSAL_COUNT;
    hats_status s = hats_stark_verify(&p->all.statement, proof, len, &p->arena, &refusal, &err);
    assert_int_equal(s == HATS_OK, refusal == HATS_STARK_ACCEPTED);
    assert_int_equal(p->arena.used, 0);
    return refusal;
}

static inline enum hats_stark_refusal verify_own(struct proven *p) {
    return verify(p, p->proof.data, p->proof.len);
}

#define assert_refusal(p, expected) \
    assert_string_equal(hats_stark_refusal_name(p), hats_stark_refusal_name(expected))

#endif
