/* Prints challenges, sessions, cores and their digests, one JSON object a line, made from fixed inputs. */
#include "base/text.h"
#include "evidence/cose.h"
#include "wire/core.h"
#include "wire/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session_case {
    const char *origin;
    uint64_t t_ms;
    uint32_t calls, life_s;
    bool bound;
    uint32_t i, purpose, suite;
};

static void must(hats_status s) {
    if (s != HATS_OK)
        exit(1);
}

static void print_hex(const char *name, const uint8_t *data, size_t len_bytes) {
    printf("\"%s\": \"", name);
    for (size_t i = 0; i < len_bytes; i++)
        printf("%02x", data[i]);
    printf("\", ");
}

/* 32 bytes that differ from name to name, printed under it. */
static void made_up(const char *name, uint8_t out[32]) {
    memset(out, name[0], 32);
    memcpy(out, name, strlen(name));
    print_hex(name, out, 32);
}

static void dump_block(const struct session_case *c, struct hats_session_block *b,
                       const struct hats_sign_key *owner) {
    uint8_t secret[32], bytes[HATS_SESSION_BLOCK_LEN], message[HATS_CHALLENGE_MAX_BYTES], m[32];
    static const uint8_t random[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct hats_challenge challenge = {
        .now_ms = c->t_ms, .calls_max = c->calls, .life_max_s = c->life_s};
    struct hats_buffer body;
    size_t len = 0;
    made_up("secret", secret);
    made_up("tenant", b->tenant_digest);
    hats_rp_id(b->rp_id, c->origin);
    hats_nonce_make(b->nonce, secret, c->t_ms, random, b->tenant_digest, b->rp_id);
    memcpy(challenge.nonce, b->nonce, 32);
    memcpy(challenge.tenant_digest, b->tenant_digest, 32);
    print_hex("random", random, sizeof random);
    print_hex("rp_id", b->rp_id, 32);
    print_hex("nonce", b->nonce, 32);
    hats_challenge_ask(message, &len, b->rp_id);
    print_hex("question", message, len);
    hats_challenge_encode(message, &len, &challenge);
    print_hex("challenge", message, len);
    hats_cose_thumbprint_of(b->owner, owner);
    b->exporter_bound = c->bound;
    if (c->bound)
        memset(b->exporter, 0xe7, 32);
    print_hex("exporter", b->exporter, c->bound ? 32 : 0);
    hats_session_block_encode(bytes, b);
    hats_session_digest(m, bytes);
    print_hex("block", bytes, sizeof bytes);
    print_hex("m", m, 32);
    print_hex("owner_key", hats_mldsa_public(owner), HATS_MLDSA65_PUBLIC_LEN);
    hats_buffer_init(&body, HATS_SESSION_REQUEST_MAX);
    must(hats_session_request_encode(&body, b, owner, NULL));
    print_hex("request", body.data, body.len);
    hats_buffer_clear(&body);
}

static void dump_cores(const struct session_case *c, const uint8_t sid[32]) {
    struct hats_core core = {.i = c->i,
                             .op = HATS_OP_INFER,
                             .unix_ms = c->t_ms,
                             .purpose = c->purpose,
                             .has_proof = true,
                             .proof_suite = c->suite,
                             .has_data_commitment = true};
    struct hats_call_parameters p = {.set_id = 1,
                                     .proof_suite = c->suite,
                                     .d = 30,
                                     .log_t = 20,
                                     .k = 2,
                                     .block = 30,
                                     .n_in = 1,
                                     .has_data_commitment = true,
                                     .purpose = c->purpose};
    uint8_t bytes[HATS_CORE_MAX_BYTES], digest[32];
    size_t len = 0;
    memcpy(core.sid, sid, 32);
    made_up("model", core.model_commitment);
    made_up("kid", core.kid);
    made_up("ciphertext", core.ciphertext_digest);
    made_up("proof", core.proof_digest);
    made_up("data", core.data_commitment);
    made_up("box", p.bounds_digest);
    made_up("plan", p.transform_digest);
    memcpy(p.data_commitment, core.data_commitment, 32);
    hats_call_parameters_digest(core.parameters_digest, &p);
    print_hex("parameters", core.parameters_digest, 32);
    hats_core_context(digest, &core);
    print_hex("ctx", digest, 32);
    hats_core_encode(bytes, &len, &core);
    print_hex("core", bytes, len);

    struct hats_core close = {
        .i = c->i, .op = HATS_OP_CLOSE, .unix_ms = c->t_ms, .used_len = (c->calls + 7) / 8};
    memcpy(close.sid, sid, 32);
    printf("\"used\": [");
    for (uint32_t i = c->i % 3; i <= c->i; i += 3) {
        close.used[i / 8] |= (uint8_t)(1u << (i % 8));
        printf("%s%" PRIu32, i == c->i % 3 ? "" : ", ", i);
    }
    printf("], ");
    hats_core_encode(bytes, &len, &close);
    hats_core_request_digest(digest, bytes, len);
    print_hex("close", bytes, len);
    print_hex("close_R", digest, 32);
}

static void dump(const struct session_case *c) {
    static const uint8_t seed[HATS_MLDSA_SEED_LEN] = {9};
    struct hats_session_block b = {.kind = HATS_SESSION_TENANT,
                                   .calls = c->calls,
                                   .not_after_ms = c->t_ms + (uint64_t)c->life_s * 1000};
    uint8_t bytes[HATS_SESSION_BLOCK_LEN], sid[32];
    struct hats_sign_key *owner = NULL;
    must(hats_mldsa_from_seed(&owner, HATS_MLDSA_65, seed, NULL));
    printf("{\"origin\": \"%s\", \"t_ms\": %" PRIu64 ", \"calls\": %" PRIu32
           ", \"life_s\": %" PRIu32 ", \"not_after_ms\": %" PRIu64 ", \"i\": %" PRIu32
           ", \"purpose\": %" PRIu32 ", \"suite\": %" PRIu32 ", ",
           c->origin, c->t_ms, c->calls, c->life_s, b.not_after_ms, c->i, c->purpose, c->suite);
    dump_block(c, &b, owner);
    hats_session_block_encode(bytes, &b);
    hats_session_tenant_id(sid, bytes);
    print_hex("sid", sid, 32);
    dump_cores(c, sid);
    printf("\"end\": true}\n");
    hats_mldsa_free(owner);
}

int main(void) {
    static const struct session_case cases[] = {
        {"https://localhost:8443", 1790000000123, 4096, 86400, true, 4095, 0, 1},
        {"https://Scores.Example:443", 3599999, 17, 1, false, 16, 7, 4},
        {"https://[::1]:8443", 3600000, 1, 60, false, 0, UINT32_MAX, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        dump(&cases[i]);
    return 0;
}
