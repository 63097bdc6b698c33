#include "fuzz.h"
#include "hash/merkle.h"

enum { MAX_LOG_N = 5, MAX_N = 1 << MAX_LOG_N, MAX_INDICES = 40, DIGEST = HATS_SHA256_LEN };

static uint8_t digests[2 * MAX_N * DIGEST], path[MAX_N * MAX_LOG_N * DIGEST];

/* 2^log_n unsalted rows of one byte, its own number. */
static struct hats_merkle grow(unsigned log_n) {
    uint8_t numbers[MAX_N];
    struct hats_merkle tree = {digests, log_n};
    const struct hats_merkle_rows rows = {numbers, 1, 1, NULL};
    for (unsigned i = 0; i < MAX_N; i++)
        numbers[i] = (uint8_t)i;
    hats_merkle_hash_rows(hats_merkle_leaves(&tree), &rows, (size_t)1 << log_n);
    hats_merkle_build(&tree);
    return tree;
}

/* A byte for log_n, one for the number of indices, one for each index (255 stands for 2^32 - 1); the rest is
 * the path. The leaves are the tree's own, so a path is accepted just when it is the prover's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    static _Alignas(64) uint8_t scratch[HATS_MERKLE_SCRATCH(MAX_INDICES)];
    uint8_t opened[MAX_INDICES * DIGEST] = {0};
    uint32_t indices[MAX_INDICES] = {0};
    struct hats_reader r = hats_reader_of(data, len_bytes);
    struct hats_arena arena;
    size_t path_len = 0;

    struct hats_merkle tree = grow(hats_read_u8(&r) % (MAX_LOG_N + 1));
    size_t n = hats_read_u8(&r) % (MAX_INDICES + 1);
    for (size_t i = 0; i < n; i++) {
        uint8_t index = hats_read_u8(&r);
        indices[i] = index == 255 ? UINT32_MAX : index;
        if (index < MAX_N)
            memcpy(opened + DIGEST * i, hats_merkle_leaves(&tree) + (size_t)DIGEST * index, DIGEST);
    }
    if (r.failed)
        return 0;
    size_t left = hats_reader_left(&r);
    hats_arena_init(&arena, scratch, sizeof scratch);
    hats_status s = hats_merkle_verify(hats_merkle_root(&tree), tree.log_n, opened, indices, n,
                                       r.at, left, &arena, NULL);
    require(arena.used == 0, "the arena is given back");
    if (hats_merkle_path_len_bytes(&path_len, tree.log_n, indices, n, NULL) != HATS_OK) {
        require(s == HATS_E_RANGE || s == HATS_E_CANONICAL, "bad indices are refused as such");
        return 0;
    }
    require(path_len <= sizeof path, "a path has at most log_n digests a leaf");
    require(hats_merkle_open(path, &tree, indices, n, NULL) == HATS_OK, "what has a length opens");
    bool same = left == path_len && memcmp(r.at, path, path_len) == 0;
    require((s == HATS_OK) == same, "the prover's path, and no other, is accepted");
    return 0;
}
