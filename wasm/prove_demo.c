/* Writes a proof of the demo, for some 256 bytes of the given sum.
 *
 * usage: prove_demo SUM FILE */
#include "demo.h"

#include "base/file.h"
#include "base/random.h"
#include "stark/prove.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes as equal as the sum allows. */
static void fill(uint64_t *trace, uint64_t sum) {
    uint64_t so_far = 0;
    for (uint64_t j = 0; j < HATS_DEMO_ROWS; j++) {
        uint64_t x = sum * (j + 1) / HATS_DEMO_ROWS - so_far;
        trace[HATS_DEMO_X * HATS_DEMO_ROWS + j] = x;
        trace[HATS_DEMO_S * HATS_DEMO_ROWS + j] = so_far;
        trace[HATS_DEMO_M * HATS_DEMO_ROWS + x]++;
        so_far += x;
    }
}

int main(int argc, char **argv) {
    static struct hats_demo demo;
    static uint64_t trace[HATS_DEMO_COLUMNS * HATS_DEMO_ROWS];
    const uint64_t *traces[] = {trace};
    uint8_t coins[HATS_STARK_COINS_LEN];
    struct hats_error err = {0};
    struct hats_buffer proof;
    if (argc != 3) {
        fprintf(stderr, "usage: prove_demo SUM FILE\n");
        return 2;
    }
    hats_status s = hats_demo_init(&demo, strtoull(argv[1], NULL, 10), &err);
    hats_buffer_init(&proof, demo.setup.proof_max_bytes);
    if (s == HATS_OK)
        s = hats_random(coins, sizeof coins);
    if (s == HATS_OK) {
        fill(trace, demo.sum);
        s = hats_stark_prove(&proof, &demo.statement, traces, coins, NULL, &err);
    }
    if (s == HATS_OK)
        s = hats_file_write(argv[2], 0644, proof.data, proof.len, &err);
    if (s != HATS_OK)
        fprintf(stderr, "prove_demo: %s\n", err.text);
    hats_buffer_clear(&proof);
    return hats_status_exit_code(s);
}
