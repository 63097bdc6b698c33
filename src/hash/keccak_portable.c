#include "hash/kernels.h"

#include <string.h>

#define WORD uint64_t
#define XOR(a, b) ((a) ^ (b))
#define XOR3(a, b, c) ((a) ^ (b) ^ (c))
#define ROTL(a, n) ((a) << (n) | (a) >> (64 - (n)))
#define CHI(a, b, c) ((a) ^ (~(b) & (c)))
#define IOTA(a, rc) ((a) ^ (rc))
#define THETA(i) XOR(a[i], d[(i) % 5])
#include "hash/keccak_round.h"

void hats_hash_keccak(uint64_t s[25]) {
    uint64_t a[25];
    memcpy(a, s, sizeof a);
    keccak_rounds(a);
    memcpy(s, a, sizeof a);
}

void hats_hash_keccak_x8_portable(uint64_t s[25][HATS_SHAKE_LANES]) {
    for (int lane = 0; lane < HATS_SHAKE_LANES; lane++) {
        uint64_t a[25];
        for (int w = 0; w < 25; w++)
            a[w] = s[w][lane];
        keccak_rounds(a);
        for (int w = 0; w < 25; w++)
            s[w][lane] = a[w];
    }
}
