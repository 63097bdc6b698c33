/* "system": prints the bytes of the device statement's system. "prove SUITE M RP_ID EPOCH NOW MASK BOUND", three
 * times "N VALUES", and the witness "SK (4) U (4) AK (4) POSTURE FIRMWARE JURISDICTION ASSURANCE NOT_AFTER SERIAL
 * SLOT INDEX SIBLINGS (80)", numbers decimal, M and RP_ID in hex: prints root, nf, public input, trace and proof. */
#include "base/arena.h"
#include "base/text.h"
#include "statements/device_internal.h"
#include "statements/device_prove.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool good) {
    if (!good)
        exit(2);
}

static void print_hex(const uint8_t *data, size_t len_bytes, char end) {
    for (size_t i = 0; i < len_bytes; i++)
        printf("%02x", data[i]);
    putchar(end);
}

static void print_piece(void *ctx, const void *data, size_t len_bytes) {
    (void)ctx;
    const uint8_t *p = data;
    for (size_t i = 0; i < len_bytes; i++)
        printf("%02x", p[i]);
}

static uint64_t number(void) {
    uint64_t v;
    must(scanf("%" SCNu64, &v) == 1);
    return v;
}

static void numbers(uint64_t *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = number();
}

static void bytes32(uint8_t out[32]) {
    char word[65];
    must(scanf("%64s", word) == 1 && hats_hex_decode(out, 32, word, 64));
}

static void set(struct hats_device_set *out, uint32_t values[HATS_DEVICE_SET_MAX]) {
    out->n = (size_t)number();
    must(out->n <= HATS_DEVICE_SET_MAX);
    for (size_t i = 0; i < out->n; i++)
        values[i] = (uint32_t)number();
    out->values = values;
}

static void read_witness(struct hats_device_witness *w) {
    numbers(w->secret.sk, 4);
    numbers(w->secret.u, 4);
    numbers(w->leaf.ak_hash, 4);
    w->leaf.posture = (uint32_t)number();
    w->leaf.firmware = (uint32_t)number();
    w->leaf.jurisdiction = (uint32_t)number();
    w->leaf.assurance = (uint32_t)number();
    w->leaf.not_after_s = number();
    w->leaf.serial = number();
    w->slot = (uint32_t)number();
    w->index = (uint32_t)number();
    numbers(w->siblings[0], (size_t)4 * HATS_DEVICE_DEPTH);
}

static void answer(const struct hats_device_public *pub, const struct hats_device_witness *w) {
    struct hats_device_work work;
    struct hats_buffer proof;
    static const uint8_t coins[HATS_STARK_COINS_LEN] = {1};
    uint8_t digest[32], word[8];
    uint64_t *trace = hats_alloc(HATS_DEVICE_TRACE_WORDS * sizeof *trace);
    must(trace != NULL);
    hats_device_elements_encode(digest, pub->root);
    print_hex(digest, 32, ' ');
    hats_device_elements_encode(digest, pub->nf);
    print_hex(digest, 32, ' ');
    hats_device_work_init(&work, pub);
    print_hex(work.public_bytes, work.statement.public_len_bytes, ' ');
    hats_device_fill(trace, pub, w);
    for (size_t i = 0; i < HATS_DEVICE_TRACE_WORDS; i++) {
        hats_store_be64(word, trace[i]);
        print_piece(NULL, word, sizeof word);
    }
    hats_free(trace);
    hats_buffer_init(&proof, hats_device_setup_stark(pub->setup)->proof_max_bytes);
    must(hats_device_prove(&proof, pub, w, coins, NULL, NULL) == HATS_OK);
    putchar(' ');
    print_hex(proof.data, proof.len, '\n');
    hats_buffer_clear(&proof);
}

static void prove(void) {
    struct hats_device_setup *setup = NULL;
    uint32_t values[3][HATS_DEVICE_SET_MAX];
    struct hats_device_policy policy = {0};
    struct hats_device_public pub = {.policy = &policy};
    struct hats_device_witness w = {.index = 0};
    must(hats_device_setup_new(&setup, (unsigned)number(), NULL) == HATS_OK);
    pub.setup = setup;
    bytes32(pub.m);
    bytes32(pub.rp_id);
    pub.epoch = (uint32_t)number();
    pub.now_s = number();
    policy.posture_mask = (uint32_t)number();
    policy.slot_bound = (uint32_t)number();
    set(&policy.firmware, values[0]);
    set(&policy.jurisdictions, values[1]);
    set(&policy.assurances, values[2]);
    read_witness(&w);
    hats_device_public_key(w.leaf.pk, &w.secret);
    hats_device_nullifier(pub.nf, &w.secret, pub.epoch, pub.rp_id, w.slot);
    hats_device_root_of(pub.root, &w);
    answer(&pub, &w);
    hats_device_setup_free(setup);
}

static void system_bytes(void) {
    struct hats_device_setup *setup = NULL;
    must(hats_device_setup_new(&setup, HATS_STARK_TEST, NULL) == HATS_OK);
    hats_air_serialise(&setup->air, print_piece, NULL);
    putchar('\n');
    hats_device_setup_free(setup);
}

int main(void) {
    char verb[16];
    while (scanf("%15s", verb) == 1) {
        if (strcmp(verb, "system") == 0)
            system_bytes();
        else
            prove();
        fflush(stdout);
    }
    return 0;
}
