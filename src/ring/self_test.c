/* What a backend must show before it is used (base/cpu.h). */
#include "base/bytes.h"
#include "field/field.h"
#include "ring/kernels.h"

#include <string.h>

_Static_assert(sizeof(struct hats_ring_kernels) == 10 * sizeof(void (*)(void)),
               "another kernel: it needs its test here");

#define N 96     /* more than one of the longest steps of any backend */
#define N_ODD 91 /* steps, and a rest */
#define N_TERMS 3

struct input {
    uint64_t words[2 * N];
    uint64_t elements[N_TERMS + 1][N];
    uint8_t digits[N]; /* below 243 */
    int8_t small[N];
    int16_t light[N], heavy[N]; /* weights up to 128 and 32767 */
};

/* What the kernels of one table make of it. */
struct output {
    int8_t cbd21[N], ternary[N];
    uint64_t kept[3][N], n_kept[3];
    uint64_t from_small[N], add_small[N];
    int16_t planes[4 * N];
    uint64_t dot[2];
    uint64_t mul_sum[N];
    uint8_t stored[8 * N];
    uint64_t loaded[3][N];
    uint64_t canonical[3];
};

/* splitmix64 from 0, cut to size; among the elements the largest ones too. */
static void fill(struct input *in) {
    for (size_t i = 0; i < HATS_COUNT_OF(in->words); i++) {
        uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        in->words[i] = z ^ z >> 31;
    }
    for (size_t i = 0; i < N; i++) {
        uint64_t z = in->words[i];
        for (size_t t = 0; t <= N_TERMS; t++)
            in->elements[t][i] = i % 4 == 0 ? HATS_P - 1 - i / 4 : in->words[i + 16 * t] % HATS_P;
        in->digits[i] = (uint8_t)(z % 243);
        in->light[i] = (int16_t)((int)(z % 256) - 128);
        in->small[i] = (int8_t)in->light[i];
        in->heavy[i] = (int16_t)((int)(z % 65535) - 32767);
    }
}

/* Words of which none, one in a step, one in the rest is not below p. */
static void run_on_words(const struct hats_ring_kernels *k, struct output *out,
                         const struct input *in) {
    static const size_t at[3] = {0, 10, N_ODD - 1};
    for (size_t turn = 0; turn < 3; turn++) {
        uint64_t *x = out->kept[turn];
        memcpy(x, in->elements[0], sizeof out->kept[turn]);
        x[at[turn]] += turn == 0 ? 0 : HATS_P - x[at[turn]];
        k->store_be(out->stored, x, N_ODD);
        out->canonical[turn] = k->load_be(out->loaded[turn], out->stored, N_ODD);
        size_t n_kept = k->keep_canonical(x, N_ODD);
        out->n_kept[turn] = n_kept;
        if (n_kept < N) /* what is behind is nobody's */
            memset(x + n_kept, 0, (N - n_kept) * sizeof *x);
    }
}

static void run(const struct hats_ring_kernels *k, struct output *out, const struct input *in) {
    const uint64_t *a[N_TERMS], *b[N_TERMS];
    memset(out, 0, sizeof *out);
    k->cbd21(out->cbd21, in->words, N_ODD);
    k->ternary(out->ternary, in->digits, N_ODD);
    k->from_small(out->from_small, in->small, N);
    k->add_small(out->add_small, in->elements[0], in->small, N);
    k->split(out->planes, in->words, N);
    out->dot[0] = k->dot(in->light, out->planes, N, 1, N_ODD, 128);
    out->dot[1] = k->dot(in->heavy, out->planes, N, 2, N_ODD, 32767);
    for (size_t t = 0; t < N_TERMS; t++) {
        a[t] = in->elements[t];
        b[t] = in->elements[t + 1];
    }
    k->mul_sum(out->mul_sum, a, b, N_TERMS, N);
    run_on_words(k, out, in);
}

bool hats_ring_self_test(const struct hats_ring_kernels *k) {
    struct input in;
    struct output ours, portable;
    fill(&in);
    run(k, &ours, &in);
    run(&hats_ring_portable, &portable, &in);
    return memcmp(&ours, &portable, sizeof ours) == 0;
}
