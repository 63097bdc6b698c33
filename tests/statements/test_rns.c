/* Encryption over several moduli, on ciphertexts made here: what holds, what does not, and proofs. */
#include "world.h"

#include "base/arena.h"
#include "ring/sample.h"
#include "stark/air_check.h"
#include "statements/digits.h"
#include "statements/rns_internal.h"
#include "statements/rns_prove.h"

#include <stdlib.h>
#include <string.h>

#define LOG_M 13
#define M (1 << LOG_M)

struct rns_world {
    struct hats_rns_setup *setup;
    struct hats_rns_shape shape;
    int8_t *s, *e0, *e;
    int64_t *m;
    uint64_t *b0, *a, *c, *trace;
    struct hats_rns_public pub;
    struct hats_rns_witness witness;
};

static void *storage(size_t n, size_t size) {
    void *p = hats_alloc_array(n, size);
    assert_non_null(p);
    return p;
}

/* out = f s in Z[X]/(X^M + 1), reduced into [0, q); |f| at most q/2. */
static void product(uint64_t *out, const uint64_t *f, const int8_t *s, uint64_t q) {
    const struct hats_ntt *ntt = hats_ntt_shared(LOG_M);
    uint64_t *s_hat = storage(M, 8), *f_hat = storage(M, 8);
    for (size_t j = 0; j < M; j++) {
        s_hat[j] = hats_fp_from_i64(s[j]);
        f_hat[j] = q == HATS_P ? f[j] : hats_rns_centred(f[j], q);
    }
    hats_ntt_forward(ntt, s_hat);
    hats_ntt_forward(ntt, f_hat);
    hats_field_kernels()->mul(f_hat, f_hat, s_hat, M);
    hats_ntt_inverse(ntt, f_hat);
    for (size_t j = 0; j < M; j++) {
        uint64_t v = f_hat[j];
        if (q != HATS_P)
            v = v > HATS_P / 2 ? (q - (HATS_P - v) % q) % q : v % q;
        out[j] = v;
    }
    hats_free(f_hat);
    hats_free(s_hat);
}

static uint64_t small(int64_t v, uint64_t q) {
    if (q == HATS_P)
        return hats_fp_from_i64(v);
    return v < 0 ? (q - (uint64_t)-v % q) % q : (uint64_t)v % q;
}

static uint64_t add(uint64_t a, uint64_t b, uint64_t q) {
    return q == HATS_P ? hats_fp_add(a, b) : (a + b) % q;
}

static uint64_t negate(uint64_t a, uint64_t q) { return a == 0 ? 0 : q - a; }

static void noise(int8_t *e, bool ternary) {
    uint8_t seed[32];
    world_bytes(seed, sizeof seed);
    if (ternary)
        hats_ring_ternary(e, M, seed, sizeof seed);
    else
        hats_ring_cbd21(e, M, seed, sizeof seed);
}

static void encrypt(struct rns_world *w) {
    uint64_t *as = storage(M, 8);
    product(as, w->setup->a0, w->s, HATS_P);
    for (size_t j = 0; j < M; j++)
        w->b0[j] = hats_fp_sub(hats_fp_from_i64(w->e0[j]), as[j]);
    for (unsigned k = 0; k < w->shape.n_ct * w->shape.n_limbs; k++) {
        uint64_t q = w->shape.q[k % w->shape.n_limbs];
        size_t c = k / w->shape.n_limbs;
        product(as, w->a + (size_t)k * M, w->s, q);
        for (size_t j = 0; j < M; j++) {
            int64_t plain = (int64_t)w->shape.tau * w->e[c * M + j] + w->m[c * M + j];
            w->c[(size_t)k * M + j] = add(negate(as[j], q), small(plain, q), q);
        }
    }
    hats_free(as);
}

static struct rns_world *begin(const struct hats_rns_shape *shape, unsigned suite) {
    struct rns_world *w = storage(1, sizeof *w);
    struct hats_error err = {0};
    size_t words = (size_t)shape->n_ct * shape->n_limbs * M;
    if (hats_rns_setup_new(&w->setup, suite, shape, &err) != HATS_OK)
        fail_msg("%s", err.text);
    w->shape = *shape;
    w->s = storage(M, 1);
    w->e0 = storage(M, 1);
    w->e = storage(shape->n_ct, M);
    w->m = storage((size_t)shape->n_ct * M, sizeof *w->m);
    w->b0 = storage(M, 8);
    w->a = storage(words, 8);
    w->c = storage(words, 8);
    w->trace = storage(hats_rns_trace_words(w->setup), 8);
    noise(w->s, true);
    noise(w->e0, false);
    for (size_t c = 0; c < shape->n_ct; c++)
        noise(w->e + c * M, false);
    int64_t half = INT64_C(1) << (shape->plain_bits - 1);
    for (size_t j = 0; j < (size_t)shape->n_ct * M; j++)
        w->m[j] = world_between(-half, half - 1);
    w->m[0] = -half;
    w->m[1] = half - 1;
    for (size_t i = 0; i < words; i++)
        w->a[i] = world_u64() % shape->q[i / M % shape->n_limbs];
    encrypt(w);
    w->pub = (struct hats_rns_public){.setup = w->setup, .b0 = w->b0, .a = w->a, .c = w->c};
    w->witness = (struct hats_rns_witness){.s = w->s, .e0 = w->e0, .e = w->e, .m = w->m};
    return w;
}

static void end(struct rns_world *w) {
    hats_rns_setup_free(w->setup);
    hats_free(w->s);
    hats_free(w->e0);
    hats_free(w->e);
    hats_free(w->m);
    hats_free(w->b0);
    hats_free(w->a);
    hats_free(w->c);
    hats_free(w->trace);
    hats_free(w);
}

static void fill(struct rns_world *w) {
    struct hats_error err = {0};
    if (hats_rns_fill(w->trace, &w->pub, &w->witness, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static hats_status check(const struct rns_world *w, struct hats_error *err) {
    const struct hats_air *air = &w->setup->air;
    struct hats_rns_work work;
    struct hats_arena arena;
    size_t len = hats_rns_work_bytes(w->setup);
    void *memory = storage(len, 1);
    struct hats_fp3 *weights = storage((size_t)air->n_weights * M, sizeof *weights);
    struct hats_fp3 challenges[2], total;
    hats_arena_init(&arena, memory, len);
    assert_int_equal(hats_rns_work_init(&work, &arena, &w->pub, err), HATS_OK);
    for (unsigned i = 0; i < 6; i++)
        challenges[i / 3].c[i % 3] = world_u64() % HATS_P;
    for (unsigned c = 0; c < air->n_weights; c++)
        (void)work.statement.weight_column(work.statement.ctx, challenges, 0, c,
                                           weights + (size_t)c * M);
    work.statement.scalars(work.statement.ctx, challenges, 0, &total);
    hats_status s = hats_air_check(air,
                                   &(struct hats_air_rows){
                                       .trace = w->trace,
                                       .weights = weights,
                                       .challenges = challenges,
                                       .scalars = &total,
                                   },
                                   err);
    hats_rns_work_clear(&work);
    hats_free(weights);
    hats_free(memory);
    return s;
}

static void accepts(const struct rns_world *w) {
    struct hats_error err = {0};
    if (check(w, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static void refuses(const struct rns_world *w, const char *part) {
    struct hats_error err = {0};
    assert_int_equal(check(w, &err), HATS_E_VERIFY);
    if (strstr(err.text, part) == NULL)
        fail_msg("refused, but for \"%s\" and not for \"%s\"", err.text, part);
}

/* Four limbs of 48 bits, CKKS with 45 bits of plaintext. */
static const struct hats_rns_shape ckks = {
    .log_n = LOG_M,
    .n_limbs = 4,
    .q = {281474976317441, 281474975662081, 281474974482433, 281474966880257},
    .tau = 1,
    .plain_bits = 45,
    .n_ct = 1,
};
/* Two limbs and the native one, BGV with t = 65537, two ciphertexts; plaintexts of whole digits. */
static const struct hats_rns_shape bgv = {
    .log_n = LOG_M,
    .n_limbs = 3,
    .q = {562949951979521, 281474976317441, HATS_P},
    .tau = 65537,
    .plain_bits = 24,
    .n_ct = 2,
};

static void honest_ciphertexts_pass(void **state) {
    (void)state;
    const struct hats_rns_shape *shapes[] = {&ckks, &bgv};
    for (int i = 0; i < 2; i++) {
        struct rns_world *w = begin(shapes[i], HATS_STARK_TEST);
        fill(w);
        accepts(w);
        end(w);
    }
}

static void changed_words_and_cells(void **state) {
    (void)state;
    struct rns_world *w = begin(&bgv, HATS_STARK_TEST);
    fill(w);
    for (unsigned k = 0; k < 6; k++) {
        uint64_t q = w->shape.q[k % 3], *word = w->c + (size_t)k * M + world_u64() % M;
        *word = add(*word, 1, q);
        refuses(w, "linear relations");
        *word = add(*word, q - 1, q);
        word = w->a + (size_t)k * M + world_u64() % M;
        *word = add(*word, 1, q);
        refuses(w, "linear relations");
        *word = add(*word, q - 1, q);
    }
    w->b0[5] = hats_fp_add(w->b0[5], 1);
    refuses(w, "linear relations");
    w->b0[5] = hats_fp_sub(w->b0[5], 1);
    for (unsigned c = 0; c < w->setup->air.n_columns; c++)
        for (int i = 0; i < 2; i++) {
            uint32_t row = (uint32_t)(world_u64() % (c == HATS_RNS_BITS ? 60 : M));
            uint64_t *cell = w->trace + (size_t)c * M + row, before = *cell;
            *cell = hats_fp_add(before, 1);
            assert_int_equal(check(w, NULL), HATS_E_VERIFY);
            *cell = before;
        }
    accepts(w);
    end(w);
}

/* A quotient that only fits modulo p would let c be anything: q r = 1 mod p. */
static void quotients_that_wrap(void **state) {
    (void)state;
    struct rns_world *w = begin(&ckks, HATS_STARK_TEST);
    fill(w);
    uint64_t *r = w->trace + (size_t)hats_rns_column_r(w->setup, 0, 1) * M + 9;
    uint64_t *word = w->c + M + 9;
    *word = add(*word, 1, w->shape.q[1]);
    refuses(w, "linear relations");
    *r = hats_fp_add(*r, hats_fp_inv(w->shape.q[1]));
    refuses(w, "r is small");
    end(w);
}

static void plaintexts_out_of_range(void **state) {
    (void)state;
    struct rns_world *w = begin(&ckks, HATS_STARK_TEST);
    w->m[77] = INT64_C(1) << 44;
    encrypt(w);
    assert_int_equal(hats_rns_fill(w->trace, &w->pub, &w->witness, NULL), HATS_E_RANGE);
    w->m[77] = 0; /* no quotient makes that of c */
    assert_int_equal(hats_rns_fill(w->trace, &w->pub, &w->witness, NULL), HATS_E_RANGE);
    end(w);
}

static void noise_that_is_none(void **state) {
    (void)state;
    struct rns_world *w = begin(&bgv, HATS_STARK_TEST);
    memset(w->e + M, 0, M);
    encrypt(w);
    assert_int_equal(hats_rns_fill(w->trace, &w->pub, &w->witness, NULL), HATS_E_RANGE);
    memset(w->e + M, 3, M);
    encrypt(w);
    fill(w);
    accepts(w);
    memset(w->e0, 0, M);
    encrypt(w);
    assert_int_equal(hats_rns_fill(w->trace, &w->pub, &w->witness, NULL), HATS_E_RANGE);
    end(w);
}

static void shapes_that_are_none(void **state) {
    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        struct hats_rns_shape shape = ckks;
        struct hats_rns_setup *setup = NULL;
        hats_status expected = HATS_E_RANGE;
        switch (i) {
        case 0: shape.log_n = 12; break;
        case 1: shape.n_limbs = 0; break;
        case 2: shape.n_limbs = 17; break;
        case 3: shape.q[2] = UINT64_C(1) << 40; break;
        case 4: shape.q[2] = (UINT64_C(1) << 52) + 1; break;
        case 5: shape.q[0] = HATS_P; break;
        case 6: shape.plain_bits = 53; break;
        case 7: shape.tau = 0; break;
        default:
            shape.n_ct = 4;
            expected = HATS_E_UNSUPPORTED;
            break;
        }
        assert_int_equal(hats_rns_setup_new(&setup, HATS_STARK_TEST, &shape, NULL), expected);
        assert_null(setup);
    }
}

static hats_status verify(const struct hats_rns_public *pub, const struct hats_buffer *proof) {
    struct hats_arena arena;
    size_t len = hats_rns_scratch_bytes(pub->setup);
    void *memory = storage(len, 1);
    hats_arena_init(&arena, memory, len);
    hats_status s = hats_rns_verify(pub, proof->data, proof->len, &arena, NULL, NULL);
    hats_free(memory);
    return s;
}

static void proofs(void **state) {
    (void)state;
    const struct hats_rns_shape *shapes[] = {&ckks, &bgv};
    for (int i = 0; i < 2; i++) {
        struct rns_world *w = begin(shapes[i], HATS_STARK_TEST);
        struct hats_buffer proof;
        struct hats_error err = {0};
        uint8_t coins[HATS_STARK_COINS_LEN];
        world_bytes(coins, sizeof coins);
        hats_buffer_init(&proof, hats_rns_setup_stark(w->setup)->proof_max_bytes);
        if (hats_rns_prove(&proof, &w->pub, &w->witness, coins, NULL, &err) != HATS_OK)
            fail_msg("%s", err.text);
        assert_int_equal(verify(&w->pub, &proof), HATS_OK);
        w->pub.ctx[0] ^= 1;
        assert_int_equal(verify(&w->pub, &proof), HATS_E_VERIFY);
        w->pub.ctx[0] ^= 1;
        w->c[M] ^= 1;
        assert_int_equal(verify(&w->pub, &proof), HATS_E_VERIFY);
        w->c[M] = UINT64_MAX;
        assert_int_equal(verify(&w->pub, &proof), HATS_E_CANONICAL);
        hats_buffer_clear(&proof);
        end(w);
    }
}

static void digits_are_counted(void **state) {
    (void)state;
    static uint64_t cells[3000], counts[1 << HATS_DIGITS_MAX_BITS],
        naive[1 << HATS_DIGITS_MAX_BITS];
    for (unsigned bits = HATS_DIGITS_MIN_BITS; bits <= HATS_DIGITS_MAX_BITS; bits++) {
        for (size_t i = 0; i < HATS_COUNT_OF(counts); i++)
            counts[i] = naive[i] = i;
        for (size_t i = 0; i < HATS_COUNT_OF(cells); i++) {
            cells[i] = i < 1000 ? 7 : world_u64() % (UINT64_C(1) << bits);
            naive[cells[i]]++;
        }
        hats_digits_count(counts, bits, cells, HATS_COUNT_OF(cells));
        assert_memory_equal(counts, naive, sizeof counts);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_ciphertexts_pass),
        cmocka_unit_test(changed_words_and_cells),
        cmocka_unit_test(quotients_that_wrap),
        cmocka_unit_test(plaintexts_out_of_range),
        cmocka_unit_test(noise_that_is_none),
        cmocka_unit_test(shapes_that_are_none),
        cmocka_unit_test(proofs),
        cmocka_unit_test(digits_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
