/* pq.mldsa65: sign and verify one short message, and make a key pair. */
#include "bench.h"
#include "pq/mldsa.h"

#include <stdio.h>

struct work {
    struct hats_sign_key *key;
    uint8_t message[256];
    uint8_t signature[HATS_MLDSA65_SIGNATURE_LEN];
    bool failed;
};

static void sign(void *arg) {
    struct work *w = arg;
    hats_status s = hats_mldsa_sign(w->key, w->signature, w->message, sizeof w->message, NULL);
    w->failed |= s != HATS_OK;
}

static void verify(void *arg) {
    struct work *w = arg;
    hats_status s =
        hats_mldsa_verify(HATS_MLDSA_65, hats_mldsa_public(w->key), HATS_MLDSA65_PUBLIC_LEN,
                          w->message, sizeof w->message, w->signature, sizeof w->signature, NULL);
    w->failed |= s != HATS_OK;
}

static void make_key(void *arg) {
    struct work *w = arg;
    struct hats_sign_key *key = NULL;
    w->failed |= hats_mldsa_generate(&key, HATS_MLDSA_65, NULL) != HATS_OK;
    hats_mldsa_free(key);
}

int main(int argc, char **argv) {
    static struct work w;
    struct bench b;
    if (!bench_open(&b, argc, argv, "pq"))
        return 2;
    if (hats_mldsa_generate(&w.key, HATS_MLDSA_65, NULL) != HATS_OK)
        return 5;
    sign(&w);
    const char *params = "{\"message_bytes\": 256}";
    bench_run(&b, &(struct bench_figure){.name = "pq.mldsa65.sign", .unit = "us", .params = params},
              sign, &w);
    bench_run(&b,
              &(struct bench_figure){.name = "pq.mldsa65.verify", .unit = "us", .params = params},
              verify, &w);
    bench_run(&b, &(struct bench_figure){.name = "pq.mldsa65.keygen", .unit = "us"}, make_key, &w);
    hats_mldsa_free(w.key);
    if (w.failed) {
        fprintf(stderr, "pq: an operation failed\n");
        return 1;
    }
    return bench_close(&b);
}
