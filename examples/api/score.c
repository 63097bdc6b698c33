/* A complete program on libhats: one record, one score, one receipt.
 *
 *     score MODEL-URL column=value ...
 *
 * Needs what the command line set up: a key (hats keygen), a known server (hats trust add), the key
 * registered there (hats key register).
 */
#include <hats/hats.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS 256

static int score(struct hats_owner_session *session, const char **columns, const char **values,
                 size_t n) {
    struct hats_score result;
    int code = hats_session_score(session, &result, columns, values, n);
    if (code != 0)
        return code;
    printf("%s  score %.4f", result.label, result.score);
    if (!isnan(result.value))
        printf("  value %.4f", result.value);
    printf("\nreceipt of %zu bytes, verified before decrypting\n", result.receipt_len);
    FILE *f = fopen("score.receipt.cose", "wb");
    if (f == NULL || fwrite(result.receipt, 1, result.receipt_len, f) != result.receipt_len ||
        fclose(f) != 0) {
        perror("score.receipt.cose");
        return 5;
    }
    return 0;
}

int main(int argc, char **argv) {
    const char *columns[MAX_COLUMNS], *values[MAX_COLUMNS];
    struct hats_owner_session *session = NULL;
    size_t n = 0;
    for (int i = 2; i < argc && n < MAX_COLUMNS; i++) {
        char *equals = strchr(argv[i], '=');
        if (equals == NULL) {
            fprintf(stderr, "'%s' is not column=value\n", argv[i]);
            return 2;
        }
        *equals = '\0';
        columns[n] = argv[i];
        values[n++] = equals + 1;
    }
    if (argc < 3) {
        fprintf(stderr, "usage: %s MODEL-URL column=value ...\n", argv[0]);
        return 2;
    }
    int code = hats_session_open(&session, NULL, argv[1], NULL);
    if (code == 0)
        code = score(session, columns, values, n);
    if (code != 0)
        fprintf(stderr, "%s\n", hats_session_error(session));
    hats_session_close(session);
    return code;
}
