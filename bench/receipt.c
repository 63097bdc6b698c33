/* receipt.bytes and receipt.check: the size of a receipt, and all that `hats verify` does with one but
 * reading the file: parse, signature, signer, times, rows. */
#include "evidence/receipt.h"
#include "bench.h"

#include <stdio.h>

#define DONE_MS 1790000000123ull

struct work {
    struct hats_sign_key *signer;
    struct hats_trust trust;
    struct hats_receipt receipt;
    struct hats_buffer file;
    struct hats_report report;
    bool failed;
};

static void check(void *arg) {
    struct work *w = arg;
    hats_status s =
        hats_receipt_verify(&w->report, w->file.data, w->file.len, &w->trust, DONE_MS + 1000, NULL);
    w->failed |= s != HATS_OK;
}

static void sign(void *arg) {
    struct work *w = arg;
    hats_buffer_clear(&w->file);
    w->failed |= hats_receipt_sign(&w->file, &w->receipt, w->signer, "bench", NULL) != HATS_OK;
}

static bool prepare(struct work *w) {
    struct hats_trust_key key;
    w->receipt = (struct hats_receipt){
        .kind = HATS_RECEIPT_ANSWER,
        .suite = HATS_RECEIPT_SUITE_1,
        .model_name = "wdbc",
        .model_version = "2026-09",
        .set_id = 1,
        .log_t = 20,
        .classical_bits = 141,
        .quantum_bits = 128,
        .has_owner = true,
        .accepted_ms = DONE_MS - 1,
        .done_ms = DONE_MS,
        .tls_group = "X25519MLKEM768",
        .tls_signature = "mldsa65",
        .server_auth = HATS_AUTH_PQ,
        .gate_steps = HATS_STEP_ALL,
    };
    hats_buffer_init(&w->file, HATS_RECEIPT_MAX_BYTES);
    hats_trust_init(&w->trust);
    if (hats_mldsa_generate(&w->signer, HATS_MLDSA_65, NULL) != HATS_OK)
        return false;
    hats_trust_key_of(&key, w->signer, "bench", HATS_ROLE_RECEIPT, 0);
    return hats_trust_add(&w->trust, &key, NULL) == HATS_OK;
}

int main(int argc, char **argv) {
    static struct work w;
    struct bench b;
    if (!bench_open(&b, argc, argv, "receipt"))
        return 2;
    if (!prepare(&w))
        return 5;
    sign(&w);
    bench_value(&b, &(struct bench_figure){.name = "receipt.bytes", .unit = "bytes"},
                (double)w.file.len);
    bench_run(&b, &(struct bench_figure){.name = "receipt.check", .unit = "us"}, check, &w);
    bench_run(&b, &(struct bench_figure){.name = "receipt.sign", .unit = "us"}, sign, &w);
    hats_buffer_clear(&w.file);
    hats_trust_clear(&w.trust);
    hats_mldsa_free(w.signer);
    if (w.failed) {
        fprintf(stderr, "receipt: an operation failed\n");
        return 1;
    }
    return bench_close(&b);
}
