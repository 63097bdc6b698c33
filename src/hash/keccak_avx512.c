/* Keccak-f[1600] on eight states at once: the state is 25 of the 32 registers, a rotation and any
 * function of three words are one instruction each. */
#include "hash/kernels.h"

#include <immintrin.h>

#define WORD __m512i
#define XOR(a, b) _mm512_xor_si512(a, b)
#define XOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define ROTL(a, n) _mm512_rol_epi64(a, n)
#define CHI(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0xd2)
#define IOTA(a, rc) XOR(a, _mm512_set1_epi64((long long)(rc)))
#define THETA(i) XOR3(a[i], c[((i) + 4) % 5], r[((i) + 1) % 5])
#include "hash/keccak_round.h"

void hats_hash_keccak_x8_avx512(uint64_t s[25][HATS_SHAKE_LANES]) {
    __m512i a[25];
    for (int w = 0; w < 25; w++)
        a[w] = _mm512_load_si512(s[w]);
    keccak_rounds(a);
    for (int w = 0; w < 25; w++)
        _mm512_store_si512(s[w], a[w]);
}
