#include "statements/rns_prove.h"

#include "base/arena.h"
#include "base/ct.h"
#include "ring/kernels.h"
#include "statements/digits.h"
#include "statements/rns_internal.h"

struct filler {
    const struct hats_rns_setup *setup;
    const struct hats_rns_public *pub;
    const struct hats_rns_witness *witness;
    uint64_t *trace;
    uint64_t *s_hat, *product; /* [N] */
    uint64_t bad;
};

static uint64_t *column(const struct filler *f, unsigned c) {
    return f->trace + (size_t)c * f->setup->n;
}

static void put_window(struct filler *f, uint32_t number, const int8_t *e) {
    unsigned n_bits = HATS_NOISE_WINDOW_BITS(f->setup->shape.log_n);
    uint64_t slack = hats_noise_slack(e, f->setup->n);
    uint64_t *bits = column(f, HATS_RNS_BITS) + (size_t)number * n_bits;
    f->bad |= slack >> n_bits;
    for (unsigned i = 0; i < n_bits; i++)
        bits[i] = slack >> i & 1;
}

static void fill_plaintext(struct filler *f, uint32_t c) {
    const struct hats_rns_setup *s = f->setup;
    const int64_t *m = f->witness->m + (size_t)c * s->n;
    uint64_t digit_mask = (UINT64_C(1) << s->digit_bits) - 1;
    for (uint32_t j = 0; j < s->n; j++) {
        uint64_t shifted = (uint64_t)m[j] + (UINT64_C(1) << (s->shape.plain_bits - 1));
        f->bad |= shifted >> s->shape.plain_bits;
        for (unsigned k = 0; k < s->n_digits; k++)
            column(f, hats_rns_column_m(s, c, k))[j] = shifted >> (k * s->digit_bits) & digit_mask;
    }
}

/* 1/q mod 2^64, for odd q: each step doubles the bits that are right, 3 at first. */
static uint64_t inverse_of(uint64_t q) {
    uint64_t x = q;
    for (int i = 0; i < 5; i++)
        x *= 2 - q * x;
    return x;
}

/* r = (c + a s - tau e - m) / q. a s is below p/2 in magnitude, and so it is what it is modulo p; the
 * division is exact, and therefore a product modulo 2^64. */
static void fill_quotient(struct filler *f, uint32_t c, unsigned limb) {
    const struct hats_rns_setup *s = f->setup;
    uint64_t q = s->shape.q[limb], inverse = inverse_of(q), n = s->n;
    const struct hats_ntt *ntt = hats_ntt_shared(s->shape.log_n);
    const uint64_t *a = f->pub->a + ((size_t)c * s->shape.n_limbs + limb) * n;
    const uint64_t *word = f->pub->c + ((size_t)c * s->shape.n_limbs + limb) * n;
    const int8_t *e = f->witness->e + c * n;
    const int64_t *m = f->witness->m + c * n;
    uint64_t *out = column(f, hats_rns_column_r(s, c, limb));
    for (size_t j = 0; j < n; j++)
        f->product[j] = hats_rns_centred(a[j], q);
    hats_ntt_forward(ntt, f->product);
    hats_field_kernels()->mul(f->product, f->product, f->s_hat, n);
    hats_ntt_inverse(ntt, f->product);
    for (size_t j = 0; j < n; j++) {
        uint64_t as = f->product[j];
        as -= HATS_P & ((uint64_t)0 - (as >> 63)); /* centred, in two's complement */
        uint64_t centred = word[j] > q / 2 ? word[j] - q : word[j];
        uint64_t x = centred + as - s->shape.tau * (uint64_t)(int64_t)e[j] - (uint64_t)m[j];
        uint64_t r = x * inverse + n / 4;
        f->bad |= r >> s->digit_bits;
        out[j] = r & ((UINT64_C(1) << s->digit_bits) - 1);
    }
}

/* The top digits of m, times 2^top_shift. */
static void count_top(struct filler *f, uint32_t c, uint64_t *counts) {
    const struct hats_rns_setup *s = f->setup;
    const uint64_t *top = column(f, hats_rns_column_m(s, c, s->n_digits - 1));
    for (uint32_t j = 0; j < s->n; j++) {
        f->product[j] = top[j] << s->top_shift & ((UINT64_C(1) << s->digit_bits) - 1);
        f->bad |= top[j] << s->top_shift >> s->digit_bits;
    }
    hats_digits_count(counts, s->digit_bits, f->product, s->n);
}

static void fill_ciphertext(struct filler *f, uint32_t c) {
    const struct hats_rns_setup *s = f->setup;
    const int8_t *e = f->witness->e + (size_t)c * s->n;
    uint64_t *counts = column(f, s->multiplicities);
    hats_ring_kernels()->from_small(column(f, hats_rns_column_e(s, c)), e, s->n);
    put_window(f, c, e);
    f->bad |= hats_noise_count(counts + s->n / 2, e, s->n);
    fill_plaintext(f, c);
    for (unsigned k = 0; k < s->n_digits; k++)
        hats_digits_count(counts, s->digit_bits, column(f, hats_rns_column_m(s, c, k)), s->n);
    if (s->top_shift != 0)
        count_top(f, c, counts);
    for (unsigned i = 0; i < s->n_quotients; i++) {
        fill_quotient(f, c, i);
        hats_digits_count(counts, s->digit_bits, column(f, hats_rns_column_r(s, c, i)), s->n);
    }
}

size_t hats_rns_trace_words(const struct hats_rns_setup *s) {
    return (size_t)s->air.n_columns * s->n;
}

hats_status hats_rns_fill(uint64_t *trace, const struct hats_rns_public *pub,
                          const struct hats_rns_witness *witness, struct hats_error *err) {
    const struct hats_rns_setup *s = pub->setup;
    const struct hats_ntt *ntt = hats_ntt_shared(s->shape.log_n);
    size_t len_bytes = hats_rns_trace_words(s) * sizeof *trace, room = 2 * s->n * sizeof *trace;
    struct filler f = {.setup = s, .pub = pub, .witness = witness, .trace = trace};
    memset(trace, 0, len_bytes);
    f.s_hat = hats_alloc(room);
    if (f.s_hat == NULL || ntt == NULL) {
        hats_free(f.s_hat);
        return hats_fail(err, HATS_E_MEMORY, "no memory for a proof of encryption");
    }
    f.product = f.s_hat + s->n;
    hats_ring_kernels()->from_small(column(&f, HATS_RNS_S), witness->s, s->n);
    hats_ring_kernels()->from_small(column(&f, HATS_RNS_E0), witness->e0, s->n);
    memcpy(f.s_hat, column(&f, HATS_RNS_S), s->n * sizeof *trace);
    hats_ntt_forward(ntt, f.s_hat);
    put_window(&f, s->shape.n_ct, witness->e0);
    f.bad |= hats_noise_count(column(&f, s->multiplicities) + s->n / 2, witness->e0, s->n);
    for (uint32_t c = 0; c < s->shape.n_ct; c++)
        fill_ciphertext(&f, c);
    hats_free_wiped(f.s_hat, room);
    HATS_PUBLIC(&f.bad, sizeof f.bad);
    if (f.bad == 0)
        return HATS_OK;
    hats_wipe(trace, len_bytes);
    return hats_fail(err, HATS_E_RANGE,
                     "a plaintext is out of range, the noise is none, or the witness is another's");
}

hats_status hats_rns_prove(struct hats_buffer *proof, const struct hats_rns_public *pub,
                           const struct hats_rns_witness *witness,
                           const uint8_t coins[HATS_STARK_COINS_LEN],
                           const struct hats_stark_options *options, struct hats_error *err) {
    struct hats_rns_work work;
    struct hats_arena arena;
    size_t work_len = hats_rns_work_bytes(pub->setup);
    size_t trace_len = hats_rns_trace_words(pub->setup) * sizeof(uint64_t);
    uint64_t *trace = hats_alloc(trace_len);
    void *memory = hats_alloc(work_len);
    hats_status status = HATS_E_MEMORY;
    if (trace == NULL || memory == NULL) {
        status = hats_fail(err, status, "no memory for a proof of encryption");
        goto done;
    }
    status = hats_rns_fill(trace, pub, witness, err);
    if (status != HATS_OK)
        goto done;
    hats_arena_init(&arena, memory, work_len);
    status = hats_rns_work_init(&work, &arena, pub, err);
    if (status != HATS_OK)
        goto done;
    const uint64_t *tables[1] = {trace};
    status = hats_stark_prove(proof, &work.statement, tables, coins, options, err);
    hats_rns_work_clear(&work);
done:
    hats_free(memory);
    hats_free_wiped(trace, trace_len);
    return status;
}
