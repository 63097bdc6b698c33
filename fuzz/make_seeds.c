/* Writes the seeds that only the encoders can make: fuzz/corpus/NAME/made_*.
 *
 * usage: make_seeds CORPUS_DIRECTORY
 *
 * The keys are those of fixed seeds and guard nothing. Run it again when a format changes; the other
 * seeds of the corpus were written by hand or found by a fuzzer.
 */
#include "base/file.h"
#include "evidence/publication.h"
#include "fhe/linear.h"
#include "fhe/secret.h"
#include "model/package.h"
#include "pq/cert.h"
#include "wire/core.h"
#include "wire/frame.h"
#include "wire/policy.h"
#include "wire/registration.h"
#include "wire/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { max_bytes = 1 << 20 };

static const char *corpus;
static const uint64_t now_ms = 1790000000000;

static void must(hats_status s, const struct hats_error *err) {
    if (s != HATS_OK) {
        fprintf(stderr, "make_seeds: %s\n", err->text);
        exit(1);
    }
}

static void path_of(char path[HATS_PATH_MAX], const char *target, const char *name) {
    struct hats_error err = {0};
    char dir[HATS_PATH_MAX];
    must(hats_path_join(dir, corpus, target), &err);
    must(hats_file_make_dirs(dir, 0755, &err), &err);
    must(hats_path_join(path, dir, name), &err);
}

static void save(const char *target, const char *name, const void *data, size_t len_bytes) {
    struct hats_error err = {0};
    char path[HATS_PATH_MAX];
    path_of(path, target, name);
    must(hats_file_write(path, 0644, data, len_bytes, &err), &err);
}

static void save_buffer(const char *target, const char *name, struct hats_buffer *b) {
    save(target, name, b->data, b->len);
    hats_buffer_clear(b);
}

static void make_receipts(const struct hats_sign_key *signer) {
    struct hats_error err = {0};
    struct hats_buffer file, claims;
    struct hats_receipt r = {
        .kind = HATS_RECEIPT_ANSWER,
        .suite = HATS_RECEIPT_SUITE_1,
        .call_index = 7,
        .model_name = "wdbc",
        .model_version = "1",
        .set_id = HATS_SET_L4096,
        .log_t = 20,
        .classical_bits = 133,
        .quantum_bits = 128,
        .accepted_ms = now_ms,
        .done_ms = now_ms + 3,
        .tls_group = "X25519MLKEM768",
        .tls_signature = "mldsa65",
        .server_auth = HATS_AUTH_PQ,
        .gate_steps = HATS_STEP_ALL,
    };
    for (int optional = 0; optional < 2; optional++) {
        r.has_owner = r.has_proof = r.has_data_commitment = optional == 1;
        r.proof_suite = optional == 1 ? 1 : 0;
        hats_buffer_init(&claims, max_bytes);
        hats_buffer_init(&file, max_bytes);
        must(hats_receipt_encode(&claims, &r, &err), &err);
        must(hats_receipt_sign(&file, &r, signer, "example", &err), &err);
        save("cose", optional ? "made_full" : "made_plain", file.data, file.len);
        save_buffer("verify", optional ? "made_full" : "made_plain", &file);
        save_buffer("receipt", optional ? "made_full" : "made_plain", &claims);
    }
}

static void make_session_receipts(const struct hats_sign_key *signer) {
    struct hats_error err;
    struct hats_buffer file, claims;
    struct hats_receipt r = {
        .kind = HATS_RECEIPT_SESSION,
        .suite = HATS_RECEIPT_SUITE_1,
        .has_owner = true,
        .accepted_ms = now_ms,
        .done_ms = now_ms,
        .tls_group = "X25519MLKEM768",
        .tls_signature = "mldsa65",
        .server_auth = HATS_AUTH_PQ,
    };
    for (int closes = 0; closes < 2; closes++) {
        r.closes = r.closes_digest = closes == 1;
        hats_buffer_init(&claims, max_bytes);
        hats_buffer_init(&file, max_bytes);
        must(hats_receipt_encode(&claims, &r, &err), &err);
        must(hats_receipt_sign(&file, &r, signer, "example", &err), &err);
        save_buffer("verify", closes ? "made_closed" : "made_opened", &file);
        save_buffer("receipt", closes ? "made_closed" : "made_opened", &claims);
    }
}

static void make_publication(const struct hats_sign_key *publisher) {
    struct hats_error err;
    struct hats_buffer file;
    struct hats_cose parsed;
    const struct hats_publication p = {
        .name = "wdbc",
        .model_version = "1",
        .set_id = HATS_SET_L4096,
        .log_t = 20,
        .published_ms = now_ms,
        .publisher = "example",
    };
    hats_buffer_init(&file, max_bytes);
    must(hats_publication_sign(&file, &p, publisher, &err), &err);
    must(hats_cose_parse(&parsed, file.data, file.len, NULL, &err), &err);
    save("publication", "made", parsed.payload, parsed.payload_len);
    save_buffer("cose", "made_publication", &file);
}

static void make_trust(const struct hats_sign_key *a, const struct hats_sign_key *b) {
    struct hats_error err;
    struct hats_buffer file;
    struct hats_trust trust;
    struct hats_trust_key key;

    hats_trust_init(&trust);
    hats_trust_key_of(&key, a, "first", HATS_ROLE_RECEIPT | HATS_ROLE_MODEL, now_ms);
    must(hats_trust_add(&trust, &key, &err), &err);
    hats_trust_key_of(&key, b, "second", HATS_ROLE_OWNER, now_ms);
    key.valid_until_ms = now_ms + 1000;
    key.revoked_ms = now_ms + 500;
    must(hats_trust_add(&trust, &key, &err), &err);
    hats_buffer_init(&file, max_bytes);
    must(hats_trust_encode(&file, &trust, &err), &err);
    save_buffer("trust", "made", &file);
    hats_trust_clear(&trust);
}

static void make_core(void) {
    uint8_t bytes[HATS_CORE_MAX_BYTES];
    size_t len_bytes = 0;
    struct hats_core core = {.i = 5, .op = HATS_OP_INFER, .unix_ms = now_ms, .purpose = 1};
    hats_core_encode(bytes, &len_bytes, &core);
    save("core", "made", bytes, len_bytes);
    core.has_proof = core.has_data_commitment = true;
    core.proof_suite = 1;
    hats_core_encode(bytes, &len_bytes, &core);
    save("core", "made_proof", bytes, len_bytes);
    core = (struct hats_core){.i = 15, .op = HATS_OP_CLOSE, .unix_ms = now_ms, .used_len = 2};
    core.used[0] = 0x03;
    core.used[1] = 0x80;
    hats_core_encode(bytes, &len_bytes, &core);
    save("core", "made_close", bytes, len_bytes);
}

static void make_session(const struct hats_sign_key *owner) {
    struct hats_error err;
    struct hats_buffer body;
    uint8_t bytes[HATS_CHALLENGE_MAX_BYTES], block[HATS_SESSION_BLOCK_LEN];
    size_t len_bytes = 0;
    const struct hats_challenge challenge = {
        .now_ms = now_ms, .calls_max = 4096, .life_max_s = 86400};
    struct hats_session_block b = {
        .kind = HATS_SESSION_TENANT, .calls = 4096, .not_after_ms = now_ms + 3600000};
    hats_challenge_encode(bytes, &len_bytes, &challenge);
    save("challenge", "made_answer", bytes, len_bytes);
    hats_challenge_ask(bytes, &len_bytes, challenge.tenant_digest);
    save("challenge", "made_question", bytes, len_bytes);
    hats_cose_thumbprint_of(b.owner, owner);
    hats_session_block_encode(block, &b);
    save("session", "made", block, sizeof block);
    b.exporter_bound = true;
    memset(b.exporter, 7, sizeof b.exporter);
    hats_session_block_encode(block, &b);
    save("session", "made_bound", block, sizeof block);
    hats_buffer_init(&body, max_bytes);
    must(hats_session_request_encode(&body, &b, owner, &err), &err);
    save_buffer("session_request", "made", &body);
}

static void make_public_key(const struct hats_sign_key *owner) {
    struct hats_error err;
    struct hats_buffer body;
    struct hats_fhe_secret *secret = NULL;
    static const uint8_t seed[HATS_FHE_SEED_LEN] = {1}, nonce[HATS_NONCE_LEN] = {2};
    const uint32_t set_id = HATS_SET_L4096;
    size_t len_bytes = hats_fhe_public_key_bytes(set_id);
    uint8_t *bytes = malloc(len_bytes);

    if (bytes == NULL)
        exit(1);
    must(hats_fhe_secret_new(&secret, set_id, seed, &err), &err);
    must(hats_fhe_public_key_of(bytes, len_bytes, secret, &err), &err);
    hats_buffer_init(&body, max_bytes);
    must(hats_registration_encode(&body, bytes, len_bytes, owner, "https://localhost:8443", now_ms,
                                  nonce, 1, seed, sizeof seed, &err),
         &err);
    save("public_key", "made", bytes, len_bytes);
    save_buffer("registration", "made", &body);
    hats_fhe_secret_free(secret);
    free(bytes);
}

static void make_frame(void) {
    struct hats_error err = {0};
    uint8_t frame[HATS_FRAME_LEN];
    static const uint8_t zero[32] = {0};
    must(hats_frame_sign(frame, zero, zero, 1, zero, zero, &err), &err);
    save("frame", "made", frame, sizeof frame);
}

static void make_policy(void) {
    struct hats_error err = {0};
    struct hats_buffer b;
    static const struct hats_policy policy = {.posture_mask = 15,
                                              .firmware = {{1, 2}, 2},
                                              .jurisdictions = {{276, 756}, 2},
                                              .assurances = {{0}, 1},
                                              .slots = 16,
                                              .epoch_s = 86400,
                                              .calls_max = 256,
                                              .life_max_s = 3600};
    hats_buffer_init(&b, max_bytes);
    must(hats_policy_encode(&b, &policy, &err), &err);
    save_buffer("policy", "made", &b);
}

static void make_weights(void) {
    struct hats_error err;
    struct hats_buffer file;
    const int32_t w[] = {1, -2, 3, 4, 5, -6};
    const int64_t bias[] = {-7, 8};
    hats_buffer_init(&file, max_bytes);
    must(hats_weights_encode(&file, HATS_SET_L4096, 3, 2, w, bias, &err), &err);
    save_buffer("weights", "made", &file);
}

static void make_certificate(void) {
    struct hats_error err;
    struct hats_sign_key *root = NULL;
    char path[HATS_PATH_MAX];
    static const uint8_t seed[HATS_MLDSA_SEED_LEN] = {3};

    must(hats_mldsa_from_seed(&root, HATS_MLDSA_87, seed, &err), &err);
    path_of(path, "cert", "made");
    must(hats_cert_make_root(path, root, "example root", 3650, &err), &err);
    hats_mldsa_free(root);
}

int main(int argc, char **argv) {
    struct hats_error err;
    struct hats_sign_key *a = NULL, *b = NULL;
    static const uint8_t seed_a[HATS_MLDSA_SEED_LEN] = {1}, seed_b[HATS_MLDSA_SEED_LEN] = {2};

    if (argc != 2) {
        fputs("usage: make_seeds CORPUS_DIRECTORY\n", stderr);
        return 2;
    }
    corpus = argv[1];
    must(hats_mldsa_from_seed(&a, HATS_MLDSA_65, seed_a, &err), &err);
    must(hats_mldsa_from_seed(&b, HATS_MLDSA_65, seed_b, &err), &err);
    make_receipts(a);
    make_session_receipts(a);
    make_publication(a);
    make_trust(a, b);
    make_core();
    make_session(b);
    make_frame();
    make_policy();
    make_public_key(b);
    make_certificate();
    make_weights();
    hats_mldsa_free(a);
    hats_mldsa_free(b);
    return 0;
}
