#include "systems.h"

#include "base/arena.h"
#include "stark/rpo_rows.h"

#include <assert.h>

static uint64_t next_random(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % HATS_P;
}

static uint64_t *column(const struct system *s, unsigned c) {
    return s->trace + ((size_t)c << s->air.log_n);
}

static void squares(struct system *s, unsigned columns, uint64_t seed) {
    struct hats_air *air = &s->air;
    size_t n = (size_t)1 << air->log_n;
    for (unsigned c = 0; c < columns; c++)
        (void)hats_air_column(air, "a");
    for (unsigned c = 0; c + 1 < columns; c++) {
        hats_air_node a = hats_air_cell(air, c);
        hats_air_constrain(air, "square",
                           hats_air_sub(air, hats_air_cell(air, c + 1), hats_air_mul(air, a, a)));
    }
    for (size_t j = 0; j < n; j++) {
        column(s, 0)[j] = next_random(&seed);
        for (unsigned c = 1; c < columns; c++)
            column(s, c)[j] = hats_fp_mul(column(s, c - 1)[j], column(s, c - 1)[j]);
    }
}

static void fibonacci(struct system *s) {
    struct hats_air *air = &s->air;
    size_t n = (size_t)1 << air->log_n;
    unsigned a = hats_air_column(air, "a"), b = hats_air_column(air, "b");
    uint64_t *first = s->fixed, *last = s->fixed + n;
    first[0] = last[n - 1] = 1;
    hats_air_node is_first = hats_air_fixed(air, hats_air_fixed_column(air, first, air->log_n));
    hats_air_node is_last = hats_air_fixed(air, hats_air_fixed_column(air, last, air->log_n));
    hats_air_node one = hats_air_constant(air, 1), goes_on = hats_air_sub(air, one, is_last);
    hats_air_node out = hats_air_public(air, hats_air_public_column(air));
    hats_air_node at_a = hats_air_cell(air, a), at_b = hats_air_cell(air, b);
    hats_air_node step_a = hats_air_sub(air, hats_air_next(air, a), at_b);
    hats_air_node sum = hats_air_add(air, at_a, at_b);
    hats_air_constrain(air, "a'", hats_air_mul(air, goes_on, step_a));
    hats_air_constrain(air, "b'",
                       hats_air_mul(air, goes_on, hats_air_sub(air, hats_air_next(air, b), sum)));
    hats_air_constrain(air, "a_0", hats_air_mul(air, is_first, hats_air_sub(air, at_a, one)));
    hats_air_constrain(air, "b_0", hats_air_mul(air, is_first, hats_air_sub(air, at_b, one)));
    hats_air_constrain(air, "out", hats_air_mul(air, is_last, hats_air_sub(air, at_b, out)));
    column(s, a)[0] = column(s, b)[0] = 1;
    for (size_t j = 1; j < n; j++) {
        column(s, a)[j] = column(s, b)[j - 1];
        column(s, b)[j] = hats_fp_add(column(s, a)[j - 1], column(s, b)[j - 1]);
    }
    s->public_value = column(s, b)[n - 1];
}

/* x, y, z are looked up: x and y in 0 .. N/2 - 1 under tag 0, z in 0 .. N/2 - 1 times 3 under tag 1. u = x^3,
 * and sum_j weight_j (u + public y) is a scalar, as is sum_j y. */
static void mixed(struct system *s, uint64_t seed) {
    struct hats_air *air = &s->air;
    size_t n = (size_t)1 << air->log_n, half = n / 2;
    unsigned x = hats_air_column(air, "x"), y = hats_air_column(air, "y");
    unsigned z = hats_air_column(air, "z"), u = hats_air_column(air, "u");
    unsigned mult = hats_air_column(air, "mult");
    uint64_t *values = s->fixed, *tags = s->fixed + n;
    for (size_t j = 0; j < n; j++) {
        tags[j] = j >= half;
        values[j] = j < half ? j : 3 * (j - half);
    }
    unsigned table_values = hats_air_fixed_column(air, values, air->log_n);
    hats_air_table(air, table_values, hats_air_fixed_column(air, tags, air->log_n), mult);
    hats_air_node at_x = hats_air_cell(air, x), at_y = hats_air_cell(air, y);
    hats_air_constrain(air, "cube",
                       hats_air_sub(air, hats_air_cell(air, u), hats_air_pow(air, at_x, 3)));
    hats_air_look_up(air, "x", at_x, 0);
    hats_air_look_up(air, "y", at_y, 0);
    hats_air_look_up(air, "z", hats_air_cell(air, z), 1);
    hats_air_node weight = hats_air_weight(air, hats_air_weight_column(air));
    hats_air_node given = hats_air_public(air, hats_air_public_column(air));
    unsigned gamma = hats_air_new_challenge(air);
    hats_air_node term = hats_air_add(air, hats_air_cell(air, u), hats_air_mul(air, given, at_y));
    hats_air_node both = hats_air_mul(air, hats_air_challenge(air, gamma), term);
    hats_air_sum(air, "weighted", hats_air_mul(air, weight, both), hats_air_new_scalar(air));
    hats_air_sum(air, "plain", at_y, hats_air_new_scalar(air));
    for (size_t j = 0; j < n; j++) {
        size_t vx = next_random(&seed) % half, vy = next_random(&seed) % half;
        size_t vz = next_random(&seed) % half;
        column(s, x)[j] = vx;
        column(s, y)[j] = vy;
        column(s, z)[j] = 3 * vz;
        column(s, u)[j] = hats_fp_mul(vx, hats_fp_mul(vx, vx));
        column(s, mult)[vx]++;
        column(s, mult)[vy]++;
        column(s, mult)[half + vz]++;
        s->public_column[j] = next_random(&seed);
    }
}

/* Columns 0 to 2 are looked up; 3 and 4, 5 and 6, 7 and 8 are pairs, the second the first moved up by a row,
 * which is a linear relation for each cell, said by one sum; the others are cubes of their left neighbours. */
enum { WIDE_PAIRS = 3, WIDE_FIRST = 3 };

static unsigned wide_pairs(unsigned columns) {
    unsigned n = 0;
    while (n < WIDE_PAIRS && WIDE_FIRST + 2 * n + 2 < columns)
        n++;
    return n;
}

static void wide(struct system *s, unsigned columns, uint64_t seed) {
    struct hats_air *air = &s->air;
    size_t n = (size_t)1 << air->log_n;
    unsigned cubes_from = WIDE_FIRST + 2 * wide_pairs(columns);
    for (unsigned c = 0; c < columns; c++)
        (void)hats_air_column(air, "c");
    uint64_t *values = s->fixed, *tags = s->fixed + n;
    for (size_t j = 0; j < n; j++) {
        tags[j] = j >= n / 2;
        values[j] = j % (n / 2);
    }
    unsigned table_values = hats_air_fixed_column(air, values, air->log_n);
    hats_air_table(air, table_values, hats_air_fixed_column(air, tags, air->log_n), columns - 1);
    for (unsigned l = 0; l < 3; l++)
        hats_air_look_up(air, "digit", hats_air_cell(air, l), l == 2);
    for (unsigned c = cubes_from; c + 1 < columns; c++) {
        hats_air_node cube = hats_air_pow(air, hats_air_cell(air, c - 1), 3);
        hats_air_constrain(air, "cube", hats_air_sub(air, hats_air_cell(air, c), cube));
    }
    (void)hats_air_new_challenge(air);
    hats_air_node sum = hats_air_constant(air, 0);
    for (unsigned c = WIDE_FIRST; c < cubes_from; c++) {
        hats_air_node weight = hats_air_weight(air, hats_air_weight_column(air));
        sum = hats_air_add(air, sum, hats_air_mul(air, weight, hats_air_cell(air, c)));
    }
    hats_air_sum(air, "linear", sum, hats_air_new_scalar(air));
    for (unsigned c = 0; c + 1 < columns; c++)
        for (size_t j = 0; j < n; j++) {
            uint64_t *cell = &column(s, c)[j];
            const uint64_t *left = c > 0 ? column(s, c - 1) : NULL;
            if (c < WIDE_FIRST)
                *cell = next_random(&seed) % (n / 2);
            else if (c < cubes_from && (c - WIDE_FIRST) % 2 == 0)
                *cell = next_random(&seed);
            else if (c < cubes_from)
                *cell = left[(j + 1) & (n - 1)];
            else
                *cell = hats_fp_mul(left[j], hats_fp_mul(left[j], left[j]));
            if (c < WIDE_FIRST)
                column(s, columns - 1)[c == 2 ? *cell + n / 2 : *cell]++;
        }
}

enum { RPO_COLUMNS = 3 };

static size_t n_permutations(const struct system *s) {
    return ((size_t)1 << s->air.log_n) / HATS_STARK_RPO_ROWS;
}

static void rpo(struct system *s) {
    struct hats_air *air = &s->air;
    for (unsigned c = 0; c < RPO_COLUMNS; c++)
        (void)hats_air_column(air, &"xyz"[c]);
    hats_stark_rpo_rows_constrain(air, 0, 1, 2);
    (void)hats_air_new_challenge(air);
    unsigned wx = hats_air_weight_column(air), wz = hats_air_weight_column(air);
    hats_air_node in_x = hats_air_mul(air, hats_air_weight(air, wx), hats_air_cell(air, 0));
    hats_air_node in_z = hats_air_mul(air, hats_air_weight(air, wz), hats_air_cell(air, 2));
    hats_air_sum(air, "permutations", hats_air_add(air, in_x, in_z), hats_air_new_scalar(air));
    assert(n_permutations(s) > 0);
    uint64_t state[HATS_STARK_RPO_WIDTH];
    for (unsigned i = 0; i < HATS_STARK_RPO_WIDTH; i++)
        state[i] = i;
    for (size_t k = 0; k < n_permutations(s); k++) {
        size_t at = k * HATS_STARK_RPO_ROWS;
        hats_stark_rpo_rows_permute(column(s, 0) + at, column(s, 1) + at, column(s, 2) + at, state);
    }
    memcpy(s->public_column, state, sizeof state);
}

/* Weights and total of the chain: each permutation takes the cells of the one before. */
static void weigh_rpo(const struct system *s, struct hats_fp3 challenge, struct hats_fp3 *wx,
                      struct hats_fp3 *wz, struct hats_fp3 *total) {
    struct hats_stark_rpo_sum sum = {
        .x = wx, .z = wz, .power = hats_fp3_from_fp(1), .ratio = challenge};
    struct hats_stark_rpo_term terms[HATS_STARK_RPO_WIDTH];
    struct hats_stark_rpo_form input[HATS_STARK_RPO_WIDTH];
    for (size_t k = 0; k <= n_permutations(s); k++) {
        for (unsigned i = 0; i < HATS_STARK_RPO_WIDTH; i++) {
            size_t before = (k - 1) * HATS_STARK_RPO_ROWS + HATS_STARK_RPO_OUTPUT_ROW + i;
            terms[i] = (struct hats_stark_rpo_term){wx, k == 0 ? 0 : before, 1};
            input[i] = (struct hats_stark_rpo_form){&terms[i], k != 0, k == 0 ? i : 0};
        }
        if (k < n_permutations(s))
            hats_stark_rpo_rows_weigh(&sum, k * HATS_STARK_RPO_ROWS, input);
    }
    for (unsigned i = 0; i < HATS_STARK_RPO_DIGEST; i++) {
        input[i].constant = hats_fp_neg(s->public_column[i]);
        hats_stark_rpo_rows_relate(&sum, &input[i]);
    }
    *total = sum.total;
}

static void power7(struct system *s, unsigned columns, uint64_t seed) {
    struct hats_air *air = &s->air;
    size_t n = (size_t)1 << air->log_n;
    for (unsigned c = 0; c < columns; c++)
        (void)hats_air_column(air, "state");
    for (size_t j = 0; j < 8; j++)
        s->fixed[j] = j != 7;
    hats_air_node on = hats_air_fixed(air, hats_air_fixed_column(air, s->fixed, 3));
    for (unsigned c = 0; c < columns; c++) {
        hats_air_node seventh = hats_air_pow(air, hats_air_cell(air, c), 7);
        hats_air_node sum = hats_air_add(air, seventh, hats_air_constant(air, c + 1));
        hats_air_node to = hats_air_next(air, (c + 1) % columns);
        hats_air_constrain(air, "round", hats_air_mul(air, on, hats_air_sub(air, to, sum)));
    }
    for (size_t j = 0; j < n; j++)
        for (unsigned c = 0; c < columns; c++)
            column(s, (c + 1) % columns)[j] =
                j % 8 == 0 ? next_random(&seed)
                           : hats_fp_add(hats_fp_pow(column(s, c)[j - 1], 7), c + 1);
}

struct system *system_new(const char *kind, unsigned log_n, unsigned columns, uint64_t seed) {
    struct system *s = hats_alloc(sizeof *s);
    if (s == NULL)
        return NULL;
    size_t n = (size_t)1 << log_n, width = columns < 8 ? 8 : columns;
    s->trace = hats_alloc_array(width * n, sizeof *s->trace);
    s->fixed = hats_alloc_array(2 * n, sizeof *s->fixed);
    s->public_column = hats_alloc_array(n < 16 ? 16 : n, sizeof *s->public_column);
    if (s->trace == NULL || s->fixed == NULL || s->public_column == NULL) {
        system_free(s);
        return NULL;
    }
    hats_air_begin(&s->air, kind, log_n);
    if (strcmp(kind, "squares") == 0)
        squares(s, columns, seed);
    else if (strcmp(kind, "fibonacci") == 0)
        fibonacci(s);
    else if (strcmp(kind, "mixed") == 0)
        mixed(s, seed);
    else if (strcmp(kind, "wide") == 0)
        wide(s, columns, seed);
    else if (strcmp(kind, "rpo") == 0)
        rpo(s);
    else
        power7(s, columns, seed);
    hats_store_be64(s->public_bytes, s->public_value);
    hats_sha256(s->public_bytes + 8, s->public_column, n * sizeof *s->public_column);
    s->public_len = 40;
    return s;
}

void system_free(struct system *s) {
    if (s == NULL)
        return;
    hats_free(s->trace);
    hats_free(s->fixed);
    hats_free(s->public_column);
    hats_free(s);
}

static uint32_t public_column(const void *ctx, unsigned t, unsigned c, uint64_t *out) {
    const struct systems *all = ctx;
    const struct system *s = all->at[t];
    size_t n = (size_t)1 << s->air.log_n;
    (void)c;
    if (strcmp(s->air.name, "mixed") == 0)
        memcpy(out, s->public_column, n * sizeof *out);
    else
        for (size_t j = 0; j < n; j++)
            out[j] = s->public_value;
    return (uint32_t)n;
}

static uint32_t powers(struct hats_fp3 *out, struct hats_fp3 first, struct hats_fp3 ratio,
                       uint32_t n) {
    out[0] = first;
    for (uint32_t j = 1; j < n; j++)
        out[j] = hats_fp3_mul(out[j - 1], ratio);
    return n;
}

static struct hats_fp3 *zero_k(size_t n) { return hats_alloc_array(n, sizeof(struct hats_fp3)); }

/* mixed: gamma^j in the first half of the rows. wide and rpo: one power for each relation. */
static uint32_t weight_column(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                              unsigned c, struct hats_fp3 *out) {
    const struct systems *all = ctx;
    const struct system *s = all->at[t];
    uint32_t n = UINT32_C(1) << s->air.log_n;
    struct hats_fp3 one = hats_fp3_from_fp(1), gamma = challenges[0];
    if (strcmp(s->air.name, "mixed") == 0)
        return powers(out, one, gamma, n / 2);
    if (strcmp(s->air.name, "wide") ==
        0) { /* + gamma^(p n + j) for the moved cell, - for its origin */
        struct hats_fp3 first = hats_fp3_pow(gamma, (uint64_t)(c / 2) * n);
        if (c % 2 == 1)
            return powers(out, first, gamma, n);
        (void)powers(out + 1, hats_fp3_neg(first), gamma, n - 1);
        out[0] = hats_fp3_mul(out[n - 1], gamma);
        return n;
    }
    struct hats_fp3 *other = zero_k(n), total;
    memset(out, 0, n * sizeof *out);
    weigh_rpo(s, gamma, c == 0 ? out : other, c == 0 ? other : out, &total);
    hats_free(other);
    return n;
}

static void mixed_scalars(const struct system *s, struct hats_fp3 gamma, struct hats_fp3 *out) {
    size_t n = (size_t)1 << s->air.log_n;
    struct hats_fp3 power = gamma; /* the term has gamma as a factor already */
    out[0] = out[1] = hats_fp3_from_fp(0);
    for (size_t j = 0; j < n; j++) {
        uint64_t y = column(s, 1)[j], u = column(s, 3)[j];
        uint64_t term = hats_fp_add(u, hats_fp_mul(s->public_column[j], y));
        if (j < n / 2)
            out[0] = hats_fp3_add(out[0], hats_fp3_scale(power, term));
        power = hats_fp3_mul(power, gamma);
        out[1].c[0] = hats_fp_add(out[1].c[0], y);
    }
}

static void scalars(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                    struct hats_fp3 *out) {
    const struct systems *all = ctx;
    const struct system *s = all->at[t];
    size_t n = (size_t)1 << s->air.log_n;
    if (strcmp(s->air.name, "mixed") == 0) {
        mixed_scalars(s, challenges[0], out);
    } else if (strcmp(s->air.name, "wide") == 0) {
        out[0] = hats_fp3_from_fp(0);
    } else {
        struct hats_fp3 *wx = zero_k(n), *wz = zero_k(n);
        weigh_rpo(s, challenges[0], wx, wz, out);
        hats_free(wx);
        hats_free(wz);
    }
}

hats_status systems_init(struct systems *all, unsigned suite, struct hats_error *err) {
    const struct hats_air *airs[HATS_STARK_MAX_TABLES];
    size_t len = 0;
    for (unsigned t = 0; t < all->n; t++) {
        airs[t] = &all->at[t]->air;
        all->trace[t] = all->at[t]->trace;
        memcpy(all->public_bytes + len, all->at[t]->public_bytes, all->at[t]->public_len);
        len += all->at[t]->public_len;
    }
    hats_status s = hats_stark_setup_init(&all->setup, suite, airs, all->n, err);
    all->statement = (struct hats_stark_statement){.setup = &all->setup,
                                                   .public_bytes = all->public_bytes,
                                                   .public_len_bytes = len,
                                                   .ctx = all,
                                                   .public_column = public_column,
                                                   .weight_column = weight_column,
                                                   .scalars = scalars};
    return s;
}
