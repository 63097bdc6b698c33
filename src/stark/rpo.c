#include "stark/rpo.h"

#include "field/field.h"

#include <string.h>

#define WIDTH HATS_STARK_RPO_WIDTH
#define RATE_AT 4
#define DOMAIN_AT 1

const uint64_t hats_stark_rpo_mds_row[WIDTH] = {7, 23, 8, 26, 13, 10, 9, 7, 6, 22, 21, 8};

/* check: SHAKE256 as in the header; tests/reference/check_stark.py recomputes them. */
const uint64_t hats_stark_rpo_constants[HATS_STARK_RPO_ROUNDS][2][WIDTH] = {
    {
        {
            UINT64_C(0x50595e2460423080),
            UINT64_C(0x5a84ce185f5bae97),
            UINT64_C(0xf72973c23aa6f9cb),
            UINT64_C(0x017ca8081f617c3c),
            UINT64_C(0x58aa35ade9424046),
            UINT64_C(0xdbe16fa8b27faecb),
            UINT64_C(0x8a6e521e04cc3f3f),
            UINT64_C(0x2e6bc5568c881614),
            UINT64_C(0x8a3626330baa9677),
            UINT64_C(0xb3ddeaccfbf5a691),
            UINT64_C(0x854467ace60e8a1b),
            UINT64_C(0xe72b7a87bed131f4),
        },
        {
            UINT64_C(0x545610627c0e253f),
            UINT64_C(0xd4050299cc1d7937),
            UINT64_C(0x4a5e0feefb8988e1),
            UINT64_C(0xc586c83181332146),
            UINT64_C(0xbf691615416d26e5),
            UINT64_C(0xa1301a4712135881),
            UINT64_C(0xce60a1a2007bbdae),
            UINT64_C(0x8cd5c7eb4e3b7a2b),
            UINT64_C(0x3ddbf8040326e3f7),
            UINT64_C(0xd85d99ae231fd27b),
            UINT64_C(0x8ba8176a640fa5c7),
            UINT64_C(0xc510d0790d441656),
        },
    },
    {
        {
            UINT64_C(0xb43bc4a4deb5d7a5),
            UINT64_C(0x09135300915c4f81),
            UINT64_C(0x3da3ed63dae7f669),
            UINT64_C(0x380a98acc7db7371),
            UINT64_C(0x4de7085b5365a926),
            UINT64_C(0xb7817f191d432dd5),
            UINT64_C(0x2a284bb7bfcb3755),
            UINT64_C(0xe7889f13dd9bea2b),
            UINT64_C(0x73b444df687fed0b),
            UINT64_C(0x2cca04f182db3a00),
            UINT64_C(0x708e51f9a1893e3a),
            UINT64_C(0x27dbabfddab59589),
        },
        {
            UINT64_C(0x56154cc23dc0375c),
            UINT64_C(0xf58000ef967c75f3),
            UINT64_C(0x31e402e2b72c1deb),
            UINT64_C(0x0530b354a02cccb7),
            UINT64_C(0x112635e298261f0d),
            UINT64_C(0xc4afbfd141f5b352),
            UINT64_C(0x09d1cdfd29d87590),
            UINT64_C(0xd674db73e2d291ff),
            UINT64_C(0x030cced019223fa2),
            UINT64_C(0xf816c89cb0be2bd0),
            UINT64_C(0xf6135fec50264fd2),
            UINT64_C(0x2834b20efce752b8),
        },
    },
    {
        {
            UINT64_C(0xfacf6ea8cd7f5ebf),
            UINT64_C(0x560e4919ef81a7e9),
            UINT64_C(0xf563693084500b1b),
            UINT64_C(0x9319157e04fa6d58),
            UINT64_C(0x0d87e8db62da4d1a),
            UINT64_C(0x72b07b7d0a3060d1),
            UINT64_C(0x8bb0c6efce682ae2),
            UINT64_C(0x1e44efc3f951c7b5),
            UINT64_C(0x57ab9282afc28a97),
            UINT64_C(0x1372eb1bd827429c),
            UINT64_C(0x7b4bf8c76437d9b6),
            UINT64_C(0xb556f49d65b5affc),
        },
        {
            UINT64_C(0x6f58c0a8643b651f),
            UINT64_C(0xd05b57d23a80df96),
            UINT64_C(0x3e3fb28855baeb0d),
            UINT64_C(0xad5476203073cf51),
            UINT64_C(0x83d8634a982015b0),
            UINT64_C(0x1c8147561adbf416),
            UINT64_C(0xac5f3488c1ee4e2a),
            UINT64_C(0x04f0bbddf9fd028b),
            UINT64_C(0x7de3771f68feaf14),
            UINT64_C(0xb12aa71a8096d2d8),
            UINT64_C(0x7d89c6216fe08363),
            UINT64_C(0xb38055125e76c95a),
        },
    },
    {
        {
            UINT64_C(0x4ec08822d1649af2),
            UINT64_C(0x4fec612ae8a20297),
            UINT64_C(0xc1807db3d406eec9),
            UINT64_C(0x12c5edbb56d825e2),
            UINT64_C(0xed762ceb74d62145),
            UINT64_C(0x0dee82fe5a880aa6),
            UINT64_C(0x397ae162d2d827b3),
            UINT64_C(0x70b50c4015e67d10),
            UINT64_C(0xc675a5e7967161e9),
            UINT64_C(0xbe4b9df1676fdba5),
            UINT64_C(0xec39c51147ca6f4b),
            UINT64_C(0x56c3e89e2d94dc42),
        },
        {
            UINT64_C(0xff33b8d66ff1c2c4),
            UINT64_C(0xe8331207b185b3eb),
            UINT64_C(0x3d9ecb3a80a135f0),
            UINT64_C(0xeed0b078f2cf1cea),
            UINT64_C(0x7948eceebc83b020),
            UINT64_C(0xebeee2b7c12ec72f),
            UINT64_C(0xbbcfe0c636955337),
            UINT64_C(0x074a9b1b5c662c37),
            UINT64_C(0xebbfdf02e9518234),
            UINT64_C(0x4bddff91d264912e),
            UINT64_C(0xc967b70be3bff877),
            UINT64_C(0x984b52de2f0ea2ae),
        },
    },
    {
        {
            UINT64_C(0x43d4474017eef67a),
            UINT64_C(0x2a02792df9c4708c),
            UINT64_C(0x8528a35711d49dd3),
            UINT64_C(0x921cfe7a0d5480ef),
            UINT64_C(0x6d24fd145d1acea7),
            UINT64_C(0xf3544cec7c8fb490),
            UINT64_C(0x503c812a00ba9267),
            UINT64_C(0xec41ad6d8ae8801e),
            UINT64_C(0x018596a32ae63fc7),
            UINT64_C(0x6359a43c0ec3956d),
            UINT64_C(0x29028ad62f22f702),
            UINT64_C(0x6729e445d0ce55d9),
        },
        {
            UINT64_C(0x60e616ffff6d6221),
            UINT64_C(0xc3326eb1c066f68b),
            UINT64_C(0xe450b29006e2a864),
            UINT64_C(0x631350b987e27ae7),
            UINT64_C(0x7d11141c0755e6d7),
            UINT64_C(0xcae34d92dc29f5c1),
            UINT64_C(0x135b5f370979e6d3),
            UINT64_C(0x4053390604d15b1f),
            UINT64_C(0xe1100aa2bedbac65),
            UINT64_C(0x95a16c738e50183b),
            UINT64_C(0x5efb96ea7a0b1962),
            UINT64_C(0x67573c0c226bf3d7),
        },
    },
    {
        {
            UINT64_C(0xe254ba7b438cb541),
            UINT64_C(0xa6378971bfbfb3da),
            UINT64_C(0xadeb7834c155923f),
            UINT64_C(0xca8b77f99f834e42),
            UINT64_C(0x65319f21e97797b8),
            UINT64_C(0x4c88374b5dd3159d),
            UINT64_C(0x8b228fd24a337113),
            UINT64_C(0x6538c386d1e55bfd),
            UINT64_C(0x5d609f3f4a01143c),
            UINT64_C(0x57e126a4f4cf409e),
            UINT64_C(0xb843cef8c2faf7e4),
            UINT64_C(0x2417d2a27b45b944),
        },
        {
            UINT64_C(0x33dbc0d5d6954218),
            UINT64_C(0x0804f1885d65a6ed),
            UINT64_C(0x5cd7a60a805f62dd),
            UINT64_C(0xc0b53529a6f84a34),
            UINT64_C(0xc743a850c9c43478),
            UINT64_C(0x6b78b89a3847d5f4),
            UINT64_C(0xdfeb4958cce467db),
            UINT64_C(0xaa920eb91c6b33a1),
            UINT64_C(0xa75d6b947c97c6ec),
            UINT64_C(0xe45f85a25b0b6767),
            UINT64_C(0x3f712dd18a72ba74),
            UINT64_C(0xeeb4117df819ac88),
        },
    },
    {
        {
            UINT64_C(0x62da3f9791d3ab16),
            UINT64_C(0x0e5a3c7794118cf2),
            UINT64_C(0x6b1b386ae880f795),
            UINT64_C(0x29e5e505b3f5a91a),
            UINT64_C(0x9e426915297df504),
            UINT64_C(0x8eabf5c551ce1736),
            UINT64_C(0x04adcf0ec4e3f6e2),
            UINT64_C(0xb909bf5acd54f805),
            UINT64_C(0x31e81abbef89ddf8),
            UINT64_C(0x7077eea8de2e5d38),
            UINT64_C(0xc713e6261be1babd),
            UINT64_C(0xec6ea1039669e548),
        },
        {
            UINT64_C(0xedbb66463142ccad),
            UINT64_C(0x0736a3c13b07ede4),
            UINT64_C(0x85943c1b27adeb26),
            UINT64_C(0x171ae3690f17f576),
            UINT64_C(0x69e1b3086dbd2562),
            UINT64_C(0x305e0ef39ce86971),
            UINT64_C(0x8763e3e68d1c072e),
            UINT64_C(0xd331b9277f5cd123),
            UINT64_C(0xe46fd0ddb6c1d138),
            UINT64_C(0x85d641ecb35beee3),
            UINT64_C(0x321e1684863d6bc3),
            UINT64_C(0xfd5bb0830a60d1dc),
        },
    },
};

/* out = M s + c. The entries of a row sum to 160, so a sum stays below 2^72. */
static void mix(uint64_t out[WIDTH], const uint64_t s[WIDTH], const uint64_t c[WIDTH]) {
    for (unsigned i = 0; i < WIDTH; i++) {
        hats_u128 sum = c[i];
        for (unsigned j = 0; j < WIDTH; j++)
            sum += (hats_u128)s[j] * hats_stark_rpo_mds_row[(j + WIDTH - i) % WIDTH];
        out[i] = hats_fp_reduce128(sum);
    }
}

static void power_of_7(uint64_t s[WIDTH]) {
    for (unsigned i = 0; i < WIDTH; i++) {
        uint64_t square = hats_fp_mul(s[i], s[i]), cube = hats_fp_mul(square, s[i]);
        s[i] = hats_fp_mul(hats_fp_mul(square, square), cube);
    }
}

/* out <- in^(2^n) tail. Element by element inside a step: the twelve chains overlap. */
static void square_times(uint64_t out[WIDTH], const uint64_t in[WIDTH], unsigned n,
                         const uint64_t tail[WIDTH]) {
    uint64_t s[WIDTH];
    memcpy(s, in, sizeof s);
    for (unsigned k = 0; k < n; k++)
        for (unsigned i = 0; i < WIDTH; i++)
            s[i] = hats_fp_mul(s[i], s[i]);
    for (unsigned i = 0; i < WIDTH; i++)
        out[i] = hats_fp_mul(s[i], tail[i]);
}

/* s <- s^c(11), where c(k) = (2^3k - 1) / 7 = 1001...001 in binary with k ones:
 * c(i + j) = 2^3j c(i) + c(j). */
static void power_of_c11(uint64_t s[WIDTH]) {
    uint64_t c2[WIDTH], c4[WIDTH], c5[WIDTH], c10[WIDTH];
    square_times(c2, s, 3, s);
    square_times(c4, c2, 6, c2);
    square_times(c5, c4, 3, s);
    square_times(c10, c5, 15, c5);
    square_times(s, c10, 3, s);
}

/* The inverse of 7 modulo p - 1 is e = (4 (p - 1) + 1) / 7 = (2^66 - 2^34 + 1) / 7. As
 * 2^66 - 2^34 + 1 = (2^66 - 1) - 2 (2^33 - 1), e = c(22) - 2 c(11) = c(11) (2^33 - 1) = 7 c(11)^2. */
static void root_of_7(uint64_t s[WIDTH]) {
    power_of_c11(s);
    power_of_c11(s);
    power_of_7(s);
}

void hats_stark_rpo_half_round(uint64_t state[WIDTH], uint64_t mixed[WIDTH], unsigned round,
                               unsigned half) {
    mix(mixed, state, hats_stark_rpo_constants[round][half]);
    memcpy(state, mixed, WIDTH * sizeof *state);
    if (half == 0)
        power_of_7(state);
    else
        root_of_7(state);
}

void hats_stark_rpo_permute(uint64_t state[WIDTH]) {
    uint64_t mixed[WIDTH];
    for (unsigned r = 0; r < HATS_STARK_RPO_ROUNDS; r++) {
        hats_stark_rpo_half_round(state, mixed, r, 0);
        hats_stark_rpo_half_round(state, mixed, r, 1);
    }
}

void hats_stark_rpo_hash(uint64_t digest[HATS_STARK_RPO_DIGEST], uint64_t domain,
                         const uint64_t *elements, size_t n) {
    uint64_t state[WIDTH] = {n % HATS_STARK_RPO_RATE};
    state[DOMAIN_AT] = domain;
    for (; n >= HATS_STARK_RPO_RATE; n -= HATS_STARK_RPO_RATE) {
        memcpy(state + RATE_AT, elements, HATS_STARK_RPO_RATE * sizeof *elements);
        elements += HATS_STARK_RPO_RATE;
        hats_stark_rpo_permute(state);
    }
    if (n != 0) {
        uint64_t last[HATS_STARK_RPO_RATE] = {0};
        memcpy(last, elements, n * sizeof *elements);
        memcpy(state + RATE_AT, last, sizeof last);
        hats_stark_rpo_permute(state);
        hats_wipe(last, sizeof last);
    }
    memcpy(digest, state + RATE_AT, HATS_STARK_RPO_DIGEST * sizeof *digest);
    hats_wipe(state, sizeof state);
}

void hats_stark_rpo_merge(uint64_t digest[HATS_STARK_RPO_DIGEST], uint64_t domain,
                          const uint64_t left[HATS_STARK_RPO_DIGEST],
                          const uint64_t right[HATS_STARK_RPO_DIGEST]) {
    uint64_t both[HATS_STARK_RPO_RATE];
    memcpy(both, left, sizeof both / 2);
    memcpy(both + HATS_STARK_RPO_DIGEST, right, sizeof both / 2);
    hats_stark_rpo_hash(digest, domain, both, HATS_STARK_RPO_RATE);
    hats_wipe(both, sizeof both);
}
