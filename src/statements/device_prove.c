#include "statements/device_prove.h"

#include "base/arena.h"
#include "base/ct.h"
#include "statements/device_internal.h"

#include <string.h>

enum { WIDTH = HATS_STARK_RPO_WIDTH, RATE_AT = 4, DIGEST = HATS_STARK_RPO_DIGEST };
enum { ROWS = HATS_DEVICE_ROWS };

_Static_assert(HATS_DEVICE_TRACE_WORDS == HATS_DEVICE_COLUMNS * HATS_DEVICE_ROWS, "the trace");

/* ---- digests ---- */

void hats_device_leaf_elements(uint64_t out[HATS_DEVICE_LEAF_LEN],
                               const struct hats_device_leaf *leaf) {
    memcpy(out, leaf->pk, sizeof leaf->pk);
    memcpy(out + 4, leaf->ak_hash, sizeof leaf->ak_hash);
    const uint64_t facts[6] = {leaf->posture,   leaf->firmware,    leaf->jurisdiction,
                               leaf->assurance, leaf->not_after_s, leaf->serial};
    memcpy(out + 8, facts, sizeof facts);
}

void hats_device_leaf_digest(uint64_t digest[4], const struct hats_device_leaf *leaf) {
    uint64_t elements[HATS_DEVICE_LEAF_LEN];
    hats_device_leaf_elements(elements, leaf);
    hats_stark_rpo_hash(digest, HATS_DEVICE_DOMAIN_LEAF, elements, HATS_DEVICE_LEAF_LEN);
    hats_wipe(elements, sizeof elements);
}

void hats_device_public_key(uint64_t pk[4], const struct hats_device_secret *secret) {
    hats_stark_rpo_merge(pk, HATS_DEVICE_DOMAIN_PK, secret->sk, secret->u);
}

static void nullifier_input(uint64_t out[8], const struct hats_device_secret *secret,
                            uint32_t epoch, const uint64_t rp[2], uint32_t slot) {
    memcpy(out, secret->sk, sizeof secret->sk);
    out[4] = epoch;
    out[5] = rp[0];
    out[6] = rp[1];
    out[7] = slot;
}

void hats_device_nullifier(uint64_t nf[4], const struct hats_device_secret *secret, uint32_t epoch,
                           const uint8_t rp_id[32], uint32_t slot) {
    uint64_t rp[2], input[8];
    hats_device_relying_party(rp, rp_id);
    nullifier_input(input, secret, epoch, rp, slot);
    hats_stark_rpo_hash(nf, HATS_DEVICE_DOMAIN_NULLIFIER, input, 8);
    hats_wipe(input, sizeof input);
}

/* left, right = a, b if bit is 0, else b, a. Constant time. */
static void put_in_order(uint64_t left[4], uint64_t right[4], const uint64_t a[4],
                         const uint64_t b[4], uint64_t bit) {
    for (size_t i = 0; i < 4; i++) {
        uint64_t swap = (a[i] ^ b[i]) & (0 - bit);
        left[i] = a[i] ^ swap;
        right[i] = b[i] ^ swap;
    }
}

/* ---- may the device? ---- */

static bool contains(const struct hats_device_set *set, uint32_t value) {
    bool found = false;
    for (size_t i = 0; i < set->n; i++)
        found |= set->values[i] == value;
    return found;
}

void hats_device_root_of(uint64_t root[4], const struct hats_device_witness *w) {
    uint64_t left[4], right[4];
    hats_device_leaf_digest(root, &w->leaf);
    for (unsigned k = 0; k < HATS_DEVICE_DEPTH; k++) {
        put_in_order(left, right, root, w->siblings[k], w->index >> k & 1);
        hats_stark_rpo_merge(root, HATS_DEVICE_DOMAIN_NODE, left, right);
    }
}

static hats_status facts_admitted(const struct hats_device_public *pub,
                                  const struct hats_device_witness *w, struct hats_error *err) {
    const struct hats_device_policy *p = pub->policy;
    const struct hats_device_leaf *leaf = &w->leaf;
    if ((leaf->posture & p->posture_mask) != p->posture_mask)
        return hats_fail(err, HATS_E_DENIED,
                         "the policy asks for a posture that this device has not: bits 0x%x are "
                         "missing",
                         (unsigned)(p->posture_mask & ~leaf->posture));
    if (!contains(&p->firmware, leaf->firmware))
        return hats_fail(err, HATS_E_DENIED, "the policy does not admit firmware class %u",
                         (unsigned)leaf->firmware);
    if (!contains(&p->jurisdictions, leaf->jurisdiction))
        return hats_fail(err, HATS_E_DENIED, "the policy does not admit jurisdiction %u",
                         (unsigned)leaf->jurisdiction);
    if (!contains(&p->assurances, leaf->assurance))
        return hats_fail(err, HATS_E_DENIED, "the policy does not admit assurance level %u",
                         (unsigned)leaf->assurance);
    if (w->slot >= p->slot_bound)
        return hats_fail(err, HATS_E_DENIED, "slot %u: the policy has %u a device and epoch",
                         (unsigned)w->slot, (unsigned)p->slot_bound);
    if (leaf->not_after_s < pub->now_s)
        return hats_fail(err, HATS_E_TRUST,
                         "the lease of this device has expired; run `hats device renew`");
    return HATS_OK;
}

hats_status hats_device_admitted(const struct hats_device_public *pub,
                                 const struct hats_device_witness *w, struct hats_error *err) {
    uint64_t digest[4];
    hats_status s = facts_admitted(pub, w, err);
    if (s != HATS_OK)
        return s;
    hats_device_public_key(digest, &w->secret);
    if (memcmp(digest, w->leaf.pk, sizeof digest) != 0)
        return hats_fail(err, HATS_E_VERIFY, "the registry leaf belongs to another lease secret");
    hats_device_root_of(digest, w);
    if (memcmp(digest, pub->root, sizeof digest) != 0)
        return hats_fail(err, HATS_E_VERIFY,
                         "the device is not under this registry root; fetch its path again, and "
                         "if it stays so it is revoked");
    hats_device_nullifier(digest, &w->secret, pub->epoch, pub->rp_id, w->slot);
    if (memcmp(digest, pub->nf, sizeof digest) != 0)
        return hats_fail(err, HATS_E_VERIFY, "the nullifier is not that of this lease and slot");
    return HATS_OK;
}

/* ---- the table ---- */

/* The state of one row. */
static void put_row(uint64_t *trace, unsigned row, const uint64_t state[WIDTH]) {
    for (unsigned i = 0; i < WIDTH; i++)
        trace[(size_t)i * ROWS + row] = state[i];
}

/* A permutation of state: its input in row `first`, the rest after or before it. */
static void permute(uint64_t *trace, unsigned first, int direction, uint64_t state[WIDTH]) {
    uint64_t mixed[WIDTH];
    put_row(trace, first, state);
    for (unsigned r = 0; r < HATS_STARK_RPO_ROUNDS; r++) {
        hats_stark_rpo_half_round(state, mixed, r, 0);
        hats_stark_rpo_half_round(state, mixed, r, 1);
        put_row(trace, (unsigned)((int)first + direction * (int)(r + 1)), state);
    }
    hats_wipe(mixed, sizeof mixed);
}

/* A first permutation of n elements, eight of which are at `rate`. */
static void begin(uint64_t state[WIDTH], size_t n, enum hats_device_domain domain,
                  const uint64_t rate[8]) {
    memset(state, 0, WIDTH * sizeof *state);
    state[0] = n % HATS_STARK_RPO_RATE;
    state[1] = domain;
    memcpy(state + RATE_AT, rate, 8 * sizeof *rate);
}

static void fill_secret_blocks(uint64_t *trace, const struct hats_device_work *work,
                               const struct hats_device_witness *w) {
    uint64_t state[WIDTH], input[8];
    nullifier_input(input, &w->secret, work->pub->epoch, work->rp, w->slot);
    begin(state, 8, HATS_DEVICE_DOMAIN_NULLIFIER, input);
    permute(trace, HATS_DEVICE_NF_IN, -1, state);
    memcpy(input, w->secret.sk, sizeof w->secret.sk);
    memcpy(input + 4, w->secret.u, sizeof w->secret.u);
    begin(state, 8, HATS_DEVICE_DOMAIN_PK, input);
    permute(trace, HATS_DEVICE_PK_IN, 1, state);
    hats_wipe(state, sizeof state);
    hats_wipe(input, sizeof input);
}

/* From P = 1, row by row. */
static void fill_product(uint64_t *column, uint64_t x, const struct hats_device_work *work,
                         unsigned set) {
    uint64_t publics[HATS_DEVICE_FACTORS][ROWS];
    for (unsigned i = 0; i < HATS_DEVICE_FACTORS; i++)
        hats_device_public_column(publics[i], work, set * HATS_DEVICE_FACTORS + i);
    column[HATS_DEVICE_STILL] = 1;
    for (unsigned row = HATS_DEVICE_STILL; row < HATS_DEVICE_LAST_STILL; row++) {
        uint64_t product = column[row];
        for (unsigned i = 0; i < HATS_DEVICE_FACTORS; i++)
            product = hats_fp_mul(product, hats_fp_sub(x, publics[i][row]));
        column[row + 1] = product;
    }
}

/* Both halves of the leaf, and between them what stands still. state: out, the leaf's digest in its rate. */
static void fill_leaf(uint64_t *trace, uint64_t state[WIDTH], const struct hats_device_work *work,
                      const struct hats_device_leaf *leaf) {
    uint64_t elements[HATS_DEVICE_LEAF_LEN + 2] = {0}, still[WIDTH];
    hats_device_leaf_elements(elements, leaf);
    begin(state, HATS_DEVICE_LEAF_LEN, HATS_DEVICE_DOMAIN_LEAF, elements);
    permute(trace, HATS_DEVICE_LEAF_IN, 1, state);
    memcpy(state + RATE_AT, elements + 8, 8 * sizeof *elements);
    memcpy(still, state, sizeof still);
    memset(still + HATS_DEVICE_AT_PRODUCTS, 0, HATS_DEVICE_SETS * sizeof *still);
    for (unsigned row = HATS_DEVICE_STILL; row <= HATS_DEVICE_LAST_STILL; row++)
        put_row(trace, row, still);
    for (unsigned k = 0; k < HATS_DEVICE_SETS; k++)
        fill_product(trace + (size_t)(HATS_DEVICE_AT_PRODUCTS + k) * ROWS,
                     still[HATS_DEVICE_AT_FIRMWARE + k], work, k);
    permute(trace, HATS_DEVICE_LEAF_IN2, 1, state);
    hats_wipe(elements, sizeof elements);
    hats_wipe(still, sizeof still);
}

static void fill_path(uint64_t *trace, uint64_t state[WIDTH], const struct hats_device_witness *w) {
    uint64_t *bits = trace + (size_t)HATS_DEVICE_BITS * ROWS, both[8];
    for (unsigned k = 0; k < HATS_DEVICE_DEPTH; k++) {
        unsigned row = HATS_DEVICE_PATH_IN + k * HATS_DEVICE_BLOCK;
        uint64_t bit = w->index >> k & 1;
        bits[row - 1] = bit;
        put_in_order(both, both + 4, state + RATE_AT, w->siblings[k], bit);
        begin(state, 8, HATS_DEVICE_DOMAIN_NODE, both);
        permute(trace, row, 1, state);
    }
    hats_wipe(both, sizeof both);
}

/* The numbers whose highest bits were shifted in up to row `last`. */
static void fill_number(uint64_t *bits, unsigned last, unsigned n_bits, uint64_t value) {
    for (unsigned i = 0; i <= n_bits; i++)
        bits[(last - i) % ROWS] = value >> i;
}

static void fill_bits(uint64_t *bits, const struct hats_device_public *pub,
                      const struct hats_device_witness *w) {
    fill_number(bits, HATS_DEVICE_NF_IN, HATS_DEVICE_NF_IN, w->slot);
    uint64_t left = hats_fp_sub(pub->policy->slot_bound - 1, w->slot);
    for (unsigned i = 0; i < HATS_DEVICE_BLOCK; i++)
        bits[HATS_DEVICE_PK_IN + i] = left >> i;
    fill_number(bits, HATS_DEVICE_POSTURE, 32, w->leaf.posture);
    fill_number(bits, HATS_DEVICE_LEAF_IN2, 32, hats_fp_sub(w->leaf.not_after_s, pub->now_s));
}

static void fill(uint64_t trace[HATS_DEVICE_TRACE_WORDS], const struct hats_device_work *work,
                 const struct hats_device_witness *w) {
    uint64_t state[WIDTH];
    memset(trace, 0, HATS_DEVICE_TRACE_WORDS * sizeof *trace);
    fill_secret_blocks(trace, work, w);
    fill_leaf(trace, state, work, &w->leaf);
    fill_path(trace, state, w);
    fill_bits(trace + (size_t)HATS_DEVICE_BITS * ROWS, work->pub, w);
    hats_wipe(state, sizeof state);
}

void hats_device_fill(uint64_t trace[HATS_DEVICE_TRACE_WORDS], const struct hats_device_public *pub,
                      const struct hats_device_witness *witness) {
    struct hats_device_work work;
    hats_device_work_init(&work, pub);
    fill(trace, &work, witness);
}

hats_status hats_device_prove(struct hats_buffer *proof, const struct hats_device_public *pub,
                              const struct hats_device_witness *witness,
                              const uint8_t coins[HATS_STARK_COINS_LEN],
                              const struct hats_stark_options *options, struct hats_error *err) {
    struct hats_device_work work;
    size_t trace_len = HATS_DEVICE_TRACE_WORDS * sizeof(uint64_t);
    uint64_t *trace = hats_alloc(trace_len);
    if (trace == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a proof of a device");
    hats_device_work_init(&work, pub);
    fill(trace, &work, witness);
    const uint64_t *tables[1] = {trace};
    hats_status s = hats_stark_prove(proof, &work.statement, tables, coins, options, err);
    hats_free_wiped(trace, trace_len);
    return s;
}
