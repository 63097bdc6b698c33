/* Writes the proof of one of the small systems (systems.h) to a file, for tests in other languages.
 *
 * usage: make_proof FILE KIND LOG_N COLUMNS SUITE */
#include "base/file.h"
#include "stark/prove.h"
#include "systems.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    const uint8_t coins[HATS_STARK_COINS_LEN] = {9};
    static struct systems all;
    struct hats_error err = {0};
    struct hats_buffer proof;
    if (argc != 6) {
        fprintf(stderr, "usage: make_proof FILE KIND LOG_N COLUMNS SUITE\n");
        return 2;
    }
    all.n = 1;
    all.at[0] = system_new(argv[2], (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]), 1);
    if (all.at[0] == NULL)
        return 5;
    hats_status s = systems_init(&all, (unsigned)atoi(argv[5]), &err);
    hats_buffer_init(&proof, all.setup.proof_max_bytes);
    if (s == HATS_OK)
        s = hats_stark_prove(&proof, &all.statement, all.trace, coins, NULL, &err);
    if (s == HATS_OK)
        s = hats_file_write(argv[1], 0644, proof.data, proof.len, &err);
    if (s != HATS_OK)
        fprintf(stderr, "make_proof: %s\n", err.text);
    hats_buffer_clear(&proof);
    system_free(all.at[0]);
    return s == HATS_OK ? 0 : 1;
}
