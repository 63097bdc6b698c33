/* Public input and public columns of the device statement. */
#include "statements/device_internal.h"

#include "base/cursor.h"
#include "wire/policy.h"

#include <assert.h>
#include <string.h>

_Static_assert(HATS_POLICY_SET_MAX == HATS_DEVICE_SET_MAX &&
                   HATS_POLICY_SLOTS_MAX == HATS_DEVICE_SLOT_BOUND_MAX,
               "every published policy can be proven about");

hats_status hats_device_policy_check(const struct hats_device_policy *policy,
                                     struct hats_error *err) {
    static const char *const names[HATS_DEVICE_SETS] = {"firmware classes", "jurisdictions",
                                                        "assurance levels"};
    for (unsigned k = 0; k < HATS_DEVICE_SETS; k++) {
        const struct hats_device_set *set = hats_device_set_of(policy, k);
        if (set->n < 1 || set->n > HATS_DEVICE_SET_MAX)
            return hats_fail(err, HATS_E_RANGE, "policy: %zu %s; 1 to %d are possible", set->n,
                             names[k], HATS_DEVICE_SET_MAX);
        for (size_t i = 1; i < set->n; i++)
            if (set->values[i - 1] >= set->values[i])
                return hats_fail(err, HATS_E_RANGE, "policy: the %s do not ascend", names[k]);
    }
    if (policy->slot_bound < 1 || policy->slot_bound > HATS_DEVICE_SLOT_BOUND_MAX)
        return hats_fail(err, HATS_E_RANGE, "policy: %u slots; 1 to %d are possible",
                         (unsigned)policy->slot_bound, HATS_DEVICE_SLOT_BOUND_MAX);
    return HATS_OK;
}

void hats_device_policy_of(struct hats_device_policy *out, const struct hats_policy *p) {
    *out = (struct hats_device_policy){
        .posture_mask = p->posture_mask,
        .firmware = {p->firmware.values, p->firmware.n},
        .jurisdictions = {p->jurisdictions.values, p->jurisdictions.n},
        .assurances = {p->assurances.values, p->assurances.n},
        .slot_bound = p->slots,
    };
}

const struct hats_device_set *hats_device_set_of(const struct hats_device_policy *policy,
                                                 unsigned i) {
    const struct hats_device_set *sets[HATS_DEVICE_SETS] = {
        &policy->firmware, &policy->jurisdictions, &policy->assurances};
    return sets[i];
}

void hats_device_elements_encode(uint8_t out[32], const uint64_t elements[HATS_STARK_RPO_DIGEST]) {
    for (size_t i = 0; i < HATS_STARK_RPO_DIGEST; i++)
        hats_store_be64(out + 8 * i, elements[i]);
}

hats_status hats_device_elements_decode(uint64_t out[HATS_STARK_RPO_DIGEST],
                                        const uint8_t bytes[32], struct hats_error *err) {
    bool canonical = true;
    for (size_t i = 0; i < HATS_STARK_RPO_DIGEST; i++) {
        out[i] = hats_load_be64(bytes + 8 * i);
        canonical &= out[i] < HATS_P;
    }
    if (canonical)
        return HATS_OK;
    memset(out, 0, HATS_STARK_RPO_DIGEST * sizeof *out);
    return hats_fail(err, HATS_E_CANONICAL, "a digest with an element that is not below p");
}

void hats_device_relying_party(uint64_t rp[2], const uint8_t rp_id[32]) {
    uint8_t digest[HATS_SHA256_LEN];
    hats_sha256_tagged(digest, "HATS-RPF-1", rp_id, 32);
    for (size_t i = 0; i < 2; i++)
        rp[i] = hats_load_be64(digest + 8 * i) % HATS_P;
}

/* "HATS-DEVICE-1" pad16 | m | root | nf | rp_id | epoch (4) | now (8) | mask (4) | slot bound (4) |
 * for each set: n (4), values (4 each) */
static size_t write_public(struct hats_device_work *w) {
    const struct hats_device_public *pub = w->pub;
    struct hats_writer out = hats_writer_of(w->public_bytes, sizeof w->public_bytes);
    uint8_t digest[32];
    hats_write_tag16(&out, "HATS-DEVICE-1");
    hats_write_bytes(&out, pub->m, sizeof pub->m);
    hats_device_elements_encode(digest, pub->root);
    hats_write_bytes(&out, digest, sizeof digest);
    hats_device_elements_encode(digest, pub->nf);
    hats_write_bytes(&out, digest, sizeof digest);
    hats_write_bytes(&out, pub->rp_id, sizeof pub->rp_id);
    hats_write_be32(&out, pub->epoch);
    hats_write_be64(&out, pub->now_s);
    hats_write_be32(&out, pub->policy->posture_mask);
    hats_write_be32(&out, pub->policy->slot_bound);
    for (unsigned k = 0; k < HATS_DEVICE_SETS; k++) {
        const struct hats_device_set *set = hats_device_set_of(pub->policy, k);
        hats_write_be32(&out, (uint32_t)set->n);
        for (size_t i = 0; i < set->n; i++)
            hats_write_be32(&out, set->values[i]);
    }
    assert(hats_writer_ok(&out));
    return hats_writer_len(&out);
}

/* The factors of a product fill its rows, four a row; when they are used up, the first repeats. */
static void put_set(uint64_t out[HATS_DEVICE_ROWS], const struct hats_device_set *set,
                    unsigned factor) {
    for (unsigned row = HATS_DEVICE_STILL; row < HATS_DEVICE_LAST_STILL; row++) {
        size_t i = (size_t)(row - HATS_DEVICE_STILL) * HATS_DEVICE_FACTORS + factor;
        out[row] = set->values[i < set->n ? i : 0];
    }
}

void hats_device_public_column(uint64_t out[HATS_DEVICE_ROWS], const struct hats_device_work *work,
                               unsigned c) {
    const struct hats_device_public *pub = work->pub;
    const uint64_t at_nullifier[4] = {pub->epoch, work->rp[0], work->rp[1],
                                      pub->policy->slot_bound - 1};
    memset(out, 0, HATS_DEVICE_ROWS * sizeof *out);
    if (c ==
        HATS_DEVICE_PUBLIC_MASK) { /* the bit of row r, highest first, is complete in row r + 1 */
        for (unsigned i = 0; i < 32; i++)
            out[HATS_DEVICE_POSTURE - 1 - i] = pub->policy->posture_mask >> i & 1;
        return;
    }
    put_set(out, hats_device_set_of(pub->policy, c / HATS_DEVICE_FACTORS), c % HATS_DEVICE_FACTORS);
    if (c >= 4)
        return;
    out[0] = pub->nf[c];
    out[HATS_DEVICE_NF_IN] = at_nullifier[c];
    out[HATS_DEVICE_ROOT] = pub->root[c];
    if (c == 0)
        out[HATS_DEVICE_LEAF_IN2] = pub->now_s;
}

static uint32_t public_column(const void *ctx, unsigned t, unsigned c, uint64_t *out) {
    assert(t == 0 && c < HATS_DEVICE_PUBLICS);
    (void)t;
    hats_device_public_column(out, ctx, c);
    return HATS_DEVICE_ROWS;
}

static uint32_t no_weight_column(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                                 unsigned c, struct hats_fp3 *out) {
    (void)ctx, (void)challenges, (void)t, (void)c, (void)out;
    assert(!"the device statement has no weights");
    return 0;
}

static void no_scalars(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                       struct hats_fp3 *out) {
    (void)ctx, (void)challenges, (void)t, (void)out;
}

void hats_device_work_init(struct hats_device_work *w, const struct hats_device_public *pub) {
    w->pub = pub;
    hats_device_relying_party(w->rp, pub->rp_id);
    w->statement = (struct hats_stark_statement){
        .setup = &pub->setup->stark,
        .public_bytes = w->public_bytes,
        .public_len_bytes = write_public(w),
        .ctx = w,
        .public_column = public_column,
        .weight_column = no_weight_column,
        .scalars = no_scalars,
    };
}
