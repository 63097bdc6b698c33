/* One round of Keccak-f[1600] [FIPS202, 3.2], written once for every word type.
 *
 * The including file defines WORD (one 64-bit lane, or a vector of them from several states),
 * XOR(a, b), XOR3(a, b, c), ROTL(a, n), CHI(a, b, c) = a ^ (~b & c), IOTA(a, rc), and THETA(i), lane i
 * after theta: XOR(a[i], d[i % 5]), or where XOR3 is one instruction XOR3(a[i], c[(i + 4) % 5],
 * r[(i + 1) % 5]) from the column parities c and their rotations r, which spares d. The state is
 * a[x + 5 y]. pi moves lane (x, y) to (y, 2x + 3y), so row y' of the output reads the lanes
 * (x' + 3 y', x'), x' = 0..4: each ROW below names its five sources and their rotations in that order.
 */
static const uint64_t round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

#define ROW(y, b0, s1, r1, s2, r2, s3, r3, s4, r4) \
    do {                                           \
        WORD c0 = (b0);                            \
        WORD c1 = ROTL(THETA(s1), r1);             \
        WORD c2 = ROTL(THETA(s2), r2);             \
        WORD c3 = ROTL(THETA(s3), r3);             \
        WORD c4 = ROTL(THETA(s4), r4);             \
        out[5 * (y)] = CHI(c0, c1, c2);            \
        out[5 * (y) + 1] = CHI(c1, c2, c3);        \
        out[5 * (y) + 2] = CHI(c2, c3, c4);        \
        out[5 * (y) + 3] = CHI(c3, c4, c0);        \
        out[5 * (y) + 4] = CHI(c4, c0, c1);        \
    } while (0)

static inline void keccak_round(WORD out[25], const WORD a[25], uint64_t rc) {
    WORD c[5], r[5], d[5];
    for (int x = 0; x < 5; x++)
        c[x] = XOR3(XOR3(a[x], a[x + 5], a[x + 10]), a[x + 15], a[x + 20]);
    for (int x = 0; x < 5; x++)
        r[x] = ROTL(c[x], 1);
    for (int x = 0; x < 5; x++)
        d[x] = XOR(c[(x + 4) % 5], r[(x + 1) % 5]);
    (void)d;

    ROW(0, THETA(0), 6, 44, 12, 43, 18, 21, 24, 14);
    ROW(1, ROTL(THETA(3), 28), 9, 20, 10, 3, 16, 45, 22, 61);
    ROW(2, ROTL(THETA(1), 1), 7, 6, 13, 25, 19, 8, 20, 18);
    ROW(3, ROTL(THETA(4), 27), 5, 36, 11, 10, 17, 15, 23, 56);
    ROW(4, ROTL(THETA(2), 62), 8, 55, 14, 39, 15, 41, 21, 2);
    out[0] = IOTA(out[0], rc);
}

/* Two rounds a step, so that the state returns to where it was. */
static inline void keccak_rounds(WORD a[25]) {
    WORD b[25];
    for (int r = 0; r < 24; r += 2) {
        keccak_round(b, a, round_constants[r]);
        keccak_round(a, b, round_constants[r + 1]);
    }
}

#undef ROW
