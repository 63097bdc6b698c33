/* A complete program on libhats-verify: is this receipt what its signer stated?
 *
 *     verify RECEIPT KEY-SET
 *
 * The key set must have come by a way you believe, not together with the receipt.
 */
#include <hats/verify.h>
#include <stdio.h>

#define FILE_MAX_BYTES (1u << 20)

static size_t read_file(unsigned char *out, const char *path) {
    FILE *f = fopen(path, "rb");
    size_t len = f != NULL ? fread(out, 1, FILE_MAX_BYTES, f) : 0;
    if (f == NULL)
        perror(path);
    else
        fclose(f);
    return len;
}

int main(int argc, char **argv) {
    static unsigned char receipt[FILE_MAX_BYTES], keys[FILE_MAX_BYTES];
    struct hats_verify_result result;
    if (argc != 3) {
        fprintf(stderr, "usage: %s RECEIPT KEY-SET\n", argv[0]);
        return 2;
    }
    size_t receipt_len = read_file(receipt, argv[1]), keys_len = read_file(keys, argv[2]);
    int code = hats_verify_receipt(&result, receipt, receipt_len, keys, keys_len, 0);
    printf("%s\n", code == 0 ? result.report : result.reason);
    hats_verify_result_clear(&result);
    return code;
}
