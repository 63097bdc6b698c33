#include "statements/device_internal.h"

#include "base/arena.h"

#include <assert.h>

enum { WIDTH = HATS_STARK_RPO_WIDTH, ROUNDS = HATS_STARK_RPO_ROUNDS, ROWS = HATS_DEVICE_ROWS };
enum { PERIOD = 3 }; /* log2 of a block's rows */

/* ---- fixed columns ---- */

/* A new column, all 0, and the node that reads it. */
static uint64_t *fixed_column(struct hats_device_setup *s, unsigned log_period,
                              hats_air_node *node) {
    assert(s->n_fixed < HATS_DEVICE_MAX_FIXED);
    uint64_t *values = s->fixed[s->n_fixed++];
    *node = hats_air_fixed(&s->air, hats_air_fixed_column(&s->air, values, log_period));
    return values;
}

static void put_ones(uint64_t *values, unsigned first, unsigned last) {
    for (unsigned row = first; row <= last; row++)
        values[row] = 1;
}

/* 1 in rows first .. last, else 0. */
static hats_air_node rows(struct hats_device_setup *s, unsigned first, unsigned last) {
    hats_air_node node;
    put_ones(fixed_column(s, HATS_DEVICE_LOG_N, &node), first, last);
    return node;
}

static hats_air_node two_rows(struct hats_device_setup *s, unsigned a, unsigned b) {
    hats_air_node node;
    uint64_t *values = fixed_column(s, HATS_DEVICE_LOG_N, &node);
    values[a] = values[b] = 1;
    return node;
}

/* 1 in the row before each node of the path. */
static hats_air_node below_nodes(struct hats_device_setup *s) {
    hats_air_node node;
    uint64_t *values = fixed_column(s, HATS_DEVICE_LOG_N, &node);
    for (unsigned k = 0; k < HATS_DEVICE_DEPTH; k++)
        values[HATS_DEVICE_LEAF_OUT + k * HATS_DEVICE_BLOCK] = 1;
    return node;
}

/* 1 where the forward rounds begin in a row and end in the next. */
static hats_air_node forward_rounds(struct hats_device_setup *s) {
    hats_air_node node;
    uint64_t *values = fixed_column(s, HATS_DEVICE_LOG_N, &node);
    for (unsigned row = HATS_DEVICE_PK_IN; row < ROWS; row++)
        values[row] = row % HATS_DEVICE_BLOCK != HATS_DEVICE_BLOCK - 1 &&
                      (row < HATS_DEVICE_STILL || row > HATS_DEVICE_LAST_STILL);
    return node;
}

/* Constants of one half of the rounds; row r of a block has those of round r, or 6 - r backwards. */
static void round_constants(struct hats_device_setup *s, hats_air_node out[WIDTH], unsigned half,
                            bool backwards) {
    for (unsigned i = 0; i < WIDTH; i++) {
        uint64_t *values = fixed_column(s, PERIOD, &out[i]);
        for (unsigned r = 0; r < ROUNDS; r++)
            values[r] = hats_stark_rpo_constants[backwards ? ROUNDS - 1 - r : r][half][i];
    }
}

/* ---- claims ---- */

/* node times selector is 0. */
static void in_rows(struct hats_air *air, const char *name, hats_air_node selector,
                    hats_air_node zero) {
    hats_air_constrain(air, name, hats_air_mul(air, selector, zero));
}

/* A root of c, where c is 1 or -1 or a root of -1 = (2^48)^2. */
static uint64_t square_root(uint64_t c) { return c == 1 ? 1 : UINT64_C(1) << 48; }

/* out = in m mod X^n - c, for elements of F_p[X] of n coefficients. As X^2h - r^2 = (X^h - r)(X^h + r), with
 * x and y the products mod the two factors, each half as long, out is (x + y) / 2 + X^h (x - y) / (2 r): 42
 * products for n = 12 instead of 144. */
static void multiply(struct hats_air *air, hats_air_node *out, const hats_air_node *in,
                     const uint64_t *m, unsigned n, uint64_t c) {
    hats_air_node low[WIDTH / 2] = {0}, high[WIDTH / 2] = {0}, x[WIDTH / 2], y[WIDTH / 2];
    uint64_t m_low[WIDTH / 2] = {0}, m_high[WIDTH / 2] = {0};
    uint64_t r = square_root(c), half = (HATS_P + 1) / 2;
    unsigned h = n / 2;
    if (n % 2 != 0) {
        for (unsigned i = 0; i < n; i++)
            for (unsigned j = 0; j < n; j++) {
                uint64_t k = m[(i + n - j) % n];
                hats_air_node term = hats_air_scale(air, in[j], j <= i ? k : hats_fp_mul(c, k));
                out[i] = j == 0 ? term : hats_air_add(air, out[i], term);
            }
        return;
    }
    for (unsigned i = 0; i < h; i++) {
        hats_air_node part = r == 1 ? in[h + i] : hats_air_scale(air, in[h + i], r);
        uint64_t other = hats_fp_mul(r, m[h + i]);
        low[i] = hats_air_add(air, in[i], part);
        high[i] = hats_air_sub(air, in[i], part);
        m_low[i] = hats_fp_mul(half, hats_fp_add(m[i], other));
        m_high[i] = hats_fp_mul(half, hats_fp_sub(m[i], other));
    }
    multiply(air, x, low, m_low, h, r);
    multiply(air, y, high, m_high, h, hats_fp_neg(r));
    for (unsigned i = 0; i < h; i++) {
        hats_air_node difference = hats_air_sub(air, x[i], y[i]);
        out[i] = hats_air_add(air, x[i], y[i]);
        out[h + i] = r == 1 ? difference : hats_air_scale(air, difference, hats_fp_inv(r));
    }
}

/* out = M in + constants. M is circulant: M in = in m mod X^12 - 1 with m_k = M_k0. */
static void mix(struct hats_air *air, hats_air_node out[WIDTH], const hats_air_node in[WIDTH],
                const hats_air_node constants[WIDTH]) {
    uint64_t m[WIDTH];
    for (unsigned k = 0; k < WIDTH; k++)
        m[k] = hats_stark_rpo_mds_row[(WIDTH - k) % WIDTH];
    multiply(air, out, in, m, WIDTH, 1);
    for (unsigned i = 0; i < WIDTH; i++)
        out[i] = hats_air_add(air, out[i], constants[i]);
}

/* A round leads from state `before` to `after` where selector is 1: M (M before + c1)^7 + c2 = after^7. */
static void round_claim(struct hats_device_setup *s, hats_air_node out[WIDTH],
                        hats_air_node selector, const hats_air_node before[WIDTH],
                        const hats_air_node after[WIDTH], bool backwards) {
    struct hats_air *air = &s->air;
    hats_air_node c1[WIDTH], c2[WIDTH], inner[WIDTH], outer[WIDTH];
    round_constants(s, c1, 0, backwards);
    round_constants(s, c2, 1, backwards);
    mix(air, inner, before, c1);
    for (unsigned i = 0; i < WIDTH; i++)
        inner[i] = hats_air_pow(air, inner[i], 7);
    mix(air, outer, inner, c2);
    for (unsigned i = 0; i < WIDTH; i++)
        out[i] = hats_air_mul(air, selector,
                              hats_air_sub(air, outer[i], hats_air_pow(air, after[i], 7)));
}

static hats_air_node state(struct hats_air *air, unsigned i) { return hats_air_cell(air, i); }

static hats_air_node step(struct hats_air *air, unsigned from, unsigned to) {
    return hats_air_sub(air, hats_air_next(air, to), hats_air_cell(air, from));
}

static void claim_permutations(struct hats_device_setup *s) {
    struct hats_air *air = &s->air;
    hats_air_node here[WIDTH], there[WIDTH], forth[WIDTH], back[WIDTH];
    for (unsigned i = 0; i < WIDTH; i++) {
        here[i] = state(air, i);
        there[i] = hats_air_next(air, i);
    }
    round_claim(s, forth, forward_rounds(s), here, there, false);
    round_claim(s, back, rows(s, 0, HATS_DEVICE_NF_IN - 1), there, here, true);
    for (unsigned i = 0; i < WIDTH; i++)
        hats_air_constrain(air, "round", hats_air_add(air, forth[i], back[i]));
}

/* What each permutation starts from: its capacity is (length mod 8, domain, 0, 0). */
static void claim_capacities(struct hats_device_setup *s) {
    struct hats_air *air = &s->air;
    hats_air_node inputs, values[2];
    uint64_t *at = fixed_column(s, HATS_DEVICE_LOG_N, &inputs);
    uint64_t *length = fixed_column(s, HATS_DEVICE_LOG_N, &values[0]);
    uint64_t *domain = fixed_column(s, HATS_DEVICE_LOG_N, &values[1]);
    at[HATS_DEVICE_NF_IN] = at[HATS_DEVICE_PK_IN] = at[HATS_DEVICE_LEAF_IN] = 1;
    for (unsigned k = 0; k < HATS_DEVICE_DEPTH; k++)
        at[HATS_DEVICE_PATH_IN + k * HATS_DEVICE_BLOCK] = 1;
    length[HATS_DEVICE_LEAF_IN] = HATS_DEVICE_LEAF_LEN % HATS_STARK_RPO_RATE;
    domain[HATS_DEVICE_NF_IN] = HATS_DEVICE_DOMAIN_NULLIFIER;
    domain[HATS_DEVICE_PK_IN] = HATS_DEVICE_DOMAIN_PK;
    domain[HATS_DEVICE_LEAF_IN] = HATS_DEVICE_DOMAIN_LEAF;
    for (unsigned i = 0; i < 4; i++) {
        hats_air_node is = hats_air_mul(air, inputs, state(air, i));
        hats_air_constrain(air, "capacity", i < 2 ? hats_air_sub(air, is, values[i]) : is);
    }
}

/* sk from input to input, pk from output to input, and digests up the path, left or right by a bit. */
static void claim_wiring(struct hats_device_setup *s) {
    struct hats_air *air = &s->air;
    hats_air_node link = two_rows(s, HATS_DEVICE_NF_IN, HATS_DEVICE_PK_OUT);
    hats_air_node below = below_nodes(s), bit = hats_air_cell(air, HATS_DEVICE_BITS);
    for (unsigned i = 4; i < 8; i++)
        in_rows(air, "sk and pk", link, step(air, i, i));
    for (unsigned i = 4; i < 8; i++) {
        hats_air_node other = hats_air_sub(air, hats_air_next(air, i + 4), hats_air_next(air, i));
        in_rows(air, "path", below,
                hats_air_add(air, step(air, i, i), hats_air_mul(air, bit, other)));
    }
    in_rows(air, "path bit", below, hats_air_sub(air, hats_air_mul(air, bit, bit), bit));
    hats_air_node capacity = rows(s, HATS_DEVICE_LEAF_MID, HATS_DEVICE_LAST_STILL);
    for (unsigned i = 0; i < 4; i++)
        in_rows(air, "capacity of the leaf", capacity, step(air, i, i));
    hats_air_node still = rows(s, HATS_DEVICE_STILL, HATS_DEVICE_LAST_STILL);
    for (unsigned i = HATS_DEVICE_AT_POSTURE; i <= HATS_DEVICE_AT_NOT_AFTER; i++)
        in_rows(air, "facts of the leaf", still, step(air, i, i));
    hats_air_node second = rows(s, HATS_DEVICE_LEAF_IN2, HATS_DEVICE_LEAF_IN2);
    for (unsigned i = 10; i < 12; i++)
        in_rows(air, "end of the leaf", second, state(air, i));
}

/* The public columns: the factors of the products; in other rows, what is said of single cells. */
static void claim_public(struct hats_device_setup *s,
                         const hats_air_node publics[HATS_DEVICE_PUBLICS]) {
    struct hats_air *air = &s->air;
    hats_air_node ends = two_rows(s, 0, HATS_DEVICE_ROOT);
    hats_air_node nf_in = rows(s, HATS_DEVICE_NF_IN, HATS_DEVICE_NF_IN);
    for (unsigned i = 0; i < 4; i++)
        in_rows(air, "nullifier and root", ends, hats_air_sub(air, state(air, 4 + i), publics[i]));
    for (unsigned i = 0; i < 3; i++)
        in_rows(air, "epoch and relying party", nf_in,
                hats_air_sub(air, state(air, 8 + i), publics[i]));
    hats_air_node slot = state(air, 11), bits = hats_air_cell(air, HATS_DEVICE_BITS);
    in_rows(air, "slot", nf_in, hats_air_sub(air, bits, slot));
    hats_air_node left = hats_air_add(air, hats_air_next(air, HATS_DEVICE_BITS), slot);
    in_rows(air, "slot bound", nf_in, hats_air_sub(air, left, publics[3]));
    hats_air_node second = rows(s, HATS_DEVICE_LEAF_IN2, HATS_DEVICE_LEAF_IN2);
    hats_air_node until = hats_air_sub(air, state(air, HATS_DEVICE_AT_NOT_AFTER), publics[0]);
    in_rows(air, "expiry", second, hats_air_sub(air, bits, until));
}

/* P is 1 in the first still row, P' = P (x - S_1) .. (x - S_4), and P is 0 in the last: x is one of the S. */
static void claim_sets(struct hats_device_setup *s,
                       const hats_air_node publics[HATS_DEVICE_PUBLICS]) {
    static const char *const names[HATS_DEVICE_SETS] = {"firmware class", "jurisdiction",
                                                        "assurance"};
    struct hats_air *air = &s->air;
    hats_air_node going = rows(s, HATS_DEVICE_STILL, HATS_DEVICE_LAST_STILL - 1);
    hats_air_node first = rows(s, HATS_DEVICE_STILL, HATS_DEVICE_STILL);
    hats_air_node ends = two_rows(s, HATS_DEVICE_STILL, HATS_DEVICE_LAST_STILL);
    for (unsigned k = 0; k < HATS_DEVICE_SETS; k++) {
        unsigned column = HATS_DEVICE_AT_PRODUCTS + k;
        hats_air_node x = state(air, HATS_DEVICE_AT_FIRMWARE + k), product = state(air, column);
        hats_air_constrain(air, names[k],
                           hats_air_sub(air, hats_air_mul(air, ends, product), first));
        for (unsigned i = 0; i < HATS_DEVICE_FACTORS; i++)
            product = hats_air_mul(air, product,
                                   hats_air_sub(air, x, publics[k * HATS_DEVICE_FACTORS + i]));
        in_rows(air, names[k], going, hats_air_sub(air, hats_air_next(air, column), product));
    }
}

/* Numbers from their bits, highest first: b' = 2 b + bit; the slot's distance from its bound backwards. */
static void claim_bits(struct hats_device_setup *s, hats_air_node mask) {
    struct hats_air *air = &s->air;
    hats_air_node b = hats_air_cell(air, HATS_DEVICE_BITS);
    hats_air_node after = hats_air_next(air, HATS_DEVICE_BITS), up_rows, unused;
    hats_air_node up = hats_air_sub(air, after, hats_air_add(air, b, b));
    hats_air_node down = hats_air_sub(air, b, hats_air_add(air, after, after));
    uint64_t *at = fixed_column(s, HATS_DEVICE_LOG_N, &up_rows);
    put_ones(at, 0, HATS_DEVICE_NF_IN - 1);
    put_ones(at, HATS_DEVICE_LEAF_MID, HATS_DEVICE_POSTURE - 1);
    put_ones(at, HATS_DEVICE_EXPIRY, HATS_DEVICE_LAST_STILL);
    at[HATS_DEVICE_ROOT] = 1;
    in_rows(air, "bit", up_rows, hats_air_sub(air, hats_air_mul(air, up, up), up));
    in_rows(air, "bit of the bound", rows(s, HATS_DEVICE_PK_IN, HATS_DEVICE_PK_OUT),
            hats_air_sub(air, hats_air_mul(air, down, down), down));
    in_rows(air, "posture bit", mask, hats_air_sub(air, hats_air_constant(air, 1), up));
    in_rows(air, "posture", rows(s, HATS_DEVICE_POSTURE, HATS_DEVICE_POSTURE),
            hats_air_sub(air, b, state(air, HATS_DEVICE_AT_POSTURE)));
    uint64_t *zero = fixed_column(s, HATS_DEVICE_LOG_N, &unused);
    put_ones(zero, HATS_DEVICE_LEAF_IN, HATS_DEVICE_LEAF_MID);
    zero[HATS_DEVICE_EXPIRY] = 1;
    for (unsigned row = HATS_DEVICE_LEAF_IN2 + 1; row < ROWS; row++)
        zero[row] = row % HATS_DEVICE_BLOCK != HATS_DEVICE_BLOCK - 1 || row == HATS_DEVICE_ROOT;
    in_rows(air, "bits begin with none", unused, b);
}

static void build(struct hats_device_setup *s) {
    static const char *const names[HATS_DEVICE_COLUMNS] = {
        "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "bits"};
    struct hats_air *air = &s->air;
    hats_air_node publics[HATS_DEVICE_PUBLICS];
    hats_air_begin(air, "device", HATS_DEVICE_LOG_N);
    for (unsigned c = 0; c < HATS_DEVICE_COLUMNS; c++)
        (void)hats_air_column(air, names[c]);
    for (unsigned c = 0; c < HATS_DEVICE_PUBLICS; c++)
        publics[c] = hats_air_public(air, hats_air_public_column(air));
    claim_permutations(s);
    claim_capacities(s);
    claim_wiring(s);
    claim_public(s, publics);
    claim_sets(s, publics);
    claim_bits(s, publics[HATS_DEVICE_PUBLIC_MASK]);
}

hats_status hats_device_setup_new(struct hats_device_setup **out, unsigned suite,
                                  struct hats_error *err) {
    struct hats_device_setup *s = hats_alloc(sizeof *s);
    if (s == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the statement of a device");
    build(s);
    const struct hats_air *airs[1] = {&s->air};
    hats_status status = hats_stark_setup_init(&s->stark, suite, airs, 1, err);
    if (status != HATS_OK)
        hats_device_setup_free(s);
    else
        *out = s;
    return status;
}

void hats_device_setup_free(struct hats_device_setup *s) { hats_free(s); }

const struct hats_stark_setup *hats_device_setup_stark(const struct hats_device_setup *s) {
    return &s->stark;
}
