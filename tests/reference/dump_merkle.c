/* Reads trees as lines "LOG_N ROW_BYTES SALT_BYTES N_OPENED INDEX... ROWS SALTS", the last two in hex (salts
 * "-" without); prints root and path, "-" for an empty one. */
#include "base/text.h"
#include "hash/merkle.h"

#include <stdio.h>

enum { MAX_N = 256, MAX_ROW = 300, MAX_PATH = 8 * MAX_N };

static char word[2 * MAX_N * MAX_ROW + 1];
static uint8_t rows[MAX_N * MAX_ROW], salts[MAX_N * HATS_MERKLE_SALT_LEN];
static uint8_t digests[2 * MAX_N * HATS_SHA256_LEN], path[MAX_PATH * HATS_SHA256_LEN];

static int read_hex(uint8_t *out, size_t len_bytes) {
    return scanf("%153600s", word) == 1 &&
           (len_bytes == 0 || hats_hex_decode(out, len_bytes, word, 2 * len_bytes));
}

static void print_hex(const uint8_t *data, size_t len_bytes, char end) {
    for (size_t i = 0; i < len_bytes; i++)
        printf("%02x", data[i]);
    printf("%s%c", len_bytes == 0 ? "-" : "", end);
}

int main(void) {
    unsigned log_n, row_len, salt_len, n_opened;
    while (scanf("%u %u %u %u", &log_n, &row_len, &salt_len, &n_opened) == 4) {
        uint32_t indices[MAX_N];
        size_t n = (size_t)1 << log_n, len;
        if (n > MAX_N || row_len > MAX_ROW || n_opened > MAX_N)
            return 2;
        for (unsigned i = 0; i < n_opened; i++)
            if (scanf("%u", &indices[i]) != 1)
                return 2;
        if (!read_hex(rows, n * row_len) || !read_hex(salts, n * salt_len))
            return 2;
        struct hats_merkle tree = {digests, log_n};
        const struct hats_merkle_rows in = {rows, row_len, row_len, salt_len > 0 ? salts : NULL};
        hats_merkle_hash_rows(hats_merkle_leaves(&tree), &in, n);
        hats_merkle_build(&tree);
        if (hats_merkle_path_len_bytes(&len, log_n, indices, n_opened, NULL) != HATS_OK ||
            hats_merkle_open(path, &tree, indices, n_opened, NULL) != HATS_OK)
            return 1;
        print_hex(hats_merkle_root(&tree), HATS_SHA256_LEN, ' ');
        print_hex(path, len, '\n');
    }
    return 0;
}
