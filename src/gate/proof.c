/* Step 9 of the gate: the proof of encryption that travels with a call; and the proof of a key, beside its
 * registration.
 *
 * The rules (hats_gate_proof_rules) say which suites are taken and who verifies; here is decided when. The
 * core names suite and digest, H(parameters) covers the suite, ctx covers H(parameters): so ciphertext and
 * proof are made for one suite, and neither can be carried to another call. */
#include "gate/call.h"

#include "base/bytes.h"
#include "base/random.h"
#include "hash/sha256.h"

static bool takes(const struct hats_gate_proof_rules *rules, uint32_t suite) {
    for (size_t i = 0; i < rules->n_suites; i++)
        if (rules->suites[i] == suite)
            return true;
    return false;
}

enum hats_problem hats_gate_call_proof_rules(const struct hats_gate_call *call,
                                             struct hats_error *detail) {
    const struct hats_gate_proof_rules *rules = call->gate->config.proofs;
    if (!call->core.has_proof)
        return rules->required ? HATS_PROBLEM_PROOF_MISSING : HATS_PROBLEM_NONE;
    if (!takes(rules, call->core.proof_suite))
        return hats_gate_refuse(detail, HATS_PROBLEM_PROOF_SUITE, "It is suite %u.",
                                call->core.proof_suite);
    if (call->proof_len > call->model->proof_max_bytes)
        return hats_gate_refuse(detail, HATS_PROBLEM_PROOF_MALFORMED,
                                "It has %zu bytes of at most %zu.", call->proof_len,
                                call->model->proof_max_bytes);
    return HATS_PROBLEM_NONE;
}

static enum hats_problem verdict(hats_status s, const struct hats_error *why,
                                 struct hats_error *detail) {
    switch (s) {
    case HATS_OK: return HATS_PROBLEM_NONE;
    case HATS_E_VERIFY: return hats_gate_refuse(detail, HATS_PROBLEM_PROOF_FALSE, "%s.", why->text);
    case HATS_E_MEMORY:
    case HATS_E_CRYPTO: return HATS_PROBLEM_INTERNAL;
    default: return hats_gate_refuse(detail, HATS_PROBLEM_PROOF_MALFORMED, "%s.", why->text);
    }
}

static hats_status verify(struct hats_gate_call *call, struct hats_error *why) {
    struct hats_gate *g = call->gate;
    const struct hats_gate_proof_rules *rules = g->config.proofs;
    struct cached_key *key;
    uint8_t ctx[32];
    hats_core_context(ctx, &call->core);
    hats_status s = hats_gate_cache_take(&g->keys, &key, g->config.store, call->core.kid, why);
    if (s != HATS_OK)
        return s == HATS_E_MEMORY ? s : HATS_E_CRYPTO;
    const struct hats_gate_proof proof = {
        .suite = call->core.proof_suite,
        .bytes = call->proof,
        .len_bytes = call->proof_len,
        .ctx = ctx,
        .core = &call->core,
        .plan = call->model->package->plan,
        .plan_digest = call->model->package->plan_digest,
        .public_key = key->object,
        .public_key_len = key->object_len,
        .ciphertext = call->ciphertext,
        .ciphertext_len = call->ciphertext_len,
    };
    uint64_t start = hats_monotonic_ns();
    s = rules->verify(rules->user, &proof, why);
    atomic_fetch_add(&g->proofs_ns, hats_monotonic_ns() - start);
    atomic_fetch_add(&g->proofs, 1);
    hats_gate_cache_give(&g->keys, key);
    return s;
}

enum hats_problem hats_gate_call_proof(struct hats_gate_call *call, struct hats_error *detail) {
    uint8_t digest[32];
    struct hats_error why = {0};
    if (!call->core.has_proof)
        return HATS_PROBLEM_NONE;
    hats_sha256(digest, call->proof, call->proof_len);
    if (memcmp(digest, call->core.proof_digest, 32) != 0)
        return HATS_PROBLEM_PROOF_DIGEST;
    hats_status s = verify(call, &why);
    enum hats_problem p = verdict(s, &why, detail);
    call->steps |= p == HATS_PROBLEM_NONE ? HATS_STEP_PROOF : 0;
    return p;
}

enum hats_problem hats_gate_key_proof_check(struct hats_gate *g,
                                            const struct hats_registration *reg,
                                            struct hats_error *detail) {
    const struct hats_gate_proof_rules *rules = g->config.proofs;
    struct hats_error why = {0};
    if (reg->proof == NULL)
        return rules->required ? HATS_PROBLEM_PROOF_MISSING : HATS_PROBLEM_NONE;
    if (!takes(rules, reg->proof_suite))
        return hats_gate_refuse(detail, HATS_PROBLEM_PROOF_SUITE, "It is suite %u.",
                                reg->proof_suite);
    uint8_t nonce[32];
    hats_registration_proof_nonce(nonce, reg->nonce, reg->owner, reg->origin);
    const struct hats_gate_key_proof proof = {
        .suite = reg->proof_suite,
        .bytes = reg->proof,
        .len_bytes = reg->proof_len,
        .nonce = nonce,
        .public_key = reg->public_key,
        .public_key_len = reg->public_key_len,
    };
    uint64_t start = hats_monotonic_ns();
    hats_status s = rules->verify_key(rules->user, &proof, &why);
    atomic_fetch_add(&g->proofs_ns, hats_monotonic_ns() - start);
    atomic_fetch_add(&g->proofs, 1);
    return verdict(s, &why, detail);
}
