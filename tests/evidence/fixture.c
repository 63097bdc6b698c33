#include "evidence/fixture.h"

#include "cbor/cbor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(hats_status s, const struct hats_error *err) {
    if (s == HATS_OK)
        return;
    fprintf(stderr, "fixture: %s\n", err->text);
    abort();
}

struct hats_sign_key *sample_key(enum hats_mldsa_level level, uint8_t first) {
    uint8_t seed[HATS_MLDSA_SEED_LEN] = {first};
    struct hats_sign_key *key = NULL;
    struct hats_error err;
    must(hats_mldsa_from_seed(&key, level, seed, &err), &err);
    return key;
}

void sample_receipt(struct hats_receipt *out) {
    *out = (struct hats_receipt){
        .kind = HATS_RECEIPT_ANSWER,
        .suite = HATS_RECEIPT_SUITE_1,
        .call_index = 7,
        .model_name = "wdbc",
        .model_version = "2026-09",
        .set_id = 1,
        .log_t = 20,
        .classical_bits = 141,
        .quantum_bits = 128,
        .has_owner = true,
        .accepted_ms = SAMPLE_DONE_MS - 23,
        .done_ms = SAMPLE_DONE_MS,
        .tls_group = "X25519MLKEM768",
        .tls_signature = "mldsa65",
        .server_auth = HATS_AUTH_PQ,
        .gate_steps = HATS_STEP_TLS | HATS_STEP_TOKEN | HATS_STEP_CORE | HATS_STEP_ACCEPT,
    };
    uint8_t *const digests[] = {
        out->sid,
        out->request_digest,
        out->model_commitment,
        out->plan_digest,
        out->kid,
        out->owner,
        out->ciphertext_digest,
        out->output_digest,
        out->flood_commitment,
        out->tenant_digest,
        out->build_digest,
        out->session_receipt,
    };
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++)
        memset(digests[i], (int)(0x11 * (i + 1)), 32);
}

void sample_session(struct hats_receipt *out, bool closes) {
    struct hats_receipt answer;
    sample_receipt(&answer);
    *out = (struct hats_receipt){
        .kind = HATS_RECEIPT_SESSION,
        .suite = HATS_RECEIPT_SUITE_1,
        .closes = closes,
        .closes_digest = closes,
        .call_index = closes ? 4095 : 0,
        .has_owner = true,
        .accepted_ms = SAMPLE_DONE_MS - 3,
        .done_ms = SAMPLE_DONE_MS,
        .tls_group = "X25519MLKEM768",
        .tls_signature = "mldsa65",
        .server_auth = HATS_AUTH_PQ,
        .gate_steps = HATS_STEP_TLS | HATS_STEP_TOKEN | HATS_STEP_SIGNATURES | HATS_STEP_ACCEPT,
    };
    memcpy(out->sid, answer.sid, 32);
    memcpy(out->owner, answer.owner, 32);
    memcpy(out->tenant_digest, answer.tenant_digest, 32);
    memcpy(out->build_digest, answer.build_digest, 32);
    if (closes)
        memset(out->request_digest, 0x77, 32);
}

void sample_publication(struct hats_publication *out) {
    *out = (struct hats_publication){
        .name = "wdbc",
        .model_version = "2026-09",
        .set_id = 1,
        .log_t = 20,
        .published_ms = SAMPLE_DONE_MS - 3600000,
        .publisher = "Model House",
    };
    memset(out->model_commitment, 0x33, 32);
    memset(out->plan_digest, 0x44, 32);
}

void sample_trust(struct hats_trust *t, const struct hats_sign_key *key, unsigned roles) {
    struct hats_trust_key entry;
    struct hats_error err;
    hats_trust_key_of(&entry, key, "St. Elsewhere", roles, SAMPLE_DONE_MS - 86400000);
    must(hats_trust_add(t, &entry, &err), &err);
}

size_t raw_header(uint8_t *out, size_t cap, const struct hats_sign_key *key, int alg,
                  const char *type, const char *issuer, uint64_t issued_s) {
    uint8_t kid[HATS_THUMBPRINT_LEN];
    struct hats_writer w = hats_writer_of(out, cap);
    hats_cose_thumbprint_of(kid, key);
    hats_cbor_put_map(&w, 5);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_int(&w, alg);
    hats_cbor_put_uint(&w, 3);
    hats_cbor_put_text(&w, "application/cbor");
    hats_cbor_put_uint(&w, 4);
    hats_cbor_put_bytes(&w, kid, sizeof kid);
    hats_cbor_put_uint(&w, 15);
    hats_cbor_put_map(&w, 2);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_text(&w, issuer);
    hats_cbor_put_uint(&w, 6);
    hats_cbor_put_uint(&w, issued_s);
    hats_cbor_put_uint(&w, 16);
    hats_cbor_put_text(&w, type);
    return hats_writer_ok(&w) ? hats_writer_len(&w) : 0;
}

void sign_raw(struct hats_buffer *out, const struct hats_sign_key *key, const uint8_t *header,
              size_t header_len, const uint8_t *unprotected, size_t unprotected_len,
              const uint8_t *payload, size_t payload_len, const char *context) {
    static uint8_t tbs[16384], file[16384];
    uint8_t signature[HATS_MLDSA_SIGNATURE_MAX];
    struct hats_error err = {.text = "the file does not fit"};
    struct hats_writer w = hats_writer_of(tbs, sizeof tbs);
    hats_cbor_put_array(&w, 4);
    hats_cbor_put_text(&w, context);
    hats_cbor_put_bytes(&w, header, header_len);
    hats_cbor_put_bytes(&w, NULL, 0);
    hats_cbor_put_bytes(&w, payload, payload_len);
    must(hats_writer_ok(&w) ? HATS_OK : HATS_E_RANGE, &err);
    must(hats_mldsa_sign(key, signature, tbs, hats_writer_len(&w), &err), &err);
    w = hats_writer_of(file, sizeof file);
    hats_cbor_put_tag(&w, HATS_CBOR_TAG_SIGN1);
    hats_cbor_put_array(&w, 4);
    hats_cbor_put_bytes(&w, header, header_len);
    hats_write_bytes(&w, unprotected, unprotected_len);
    hats_cbor_put_bytes(&w, payload, payload_len);
    hats_cbor_put_bytes(&w, signature, hats_mldsa_signature_len(hats_mldsa_level_of(key)));
    must(hats_writer_ok(&w) ? HATS_OK : HATS_E_RANGE, &err);
    hats_buffer_append(out, file, hats_writer_len(&w));
}
