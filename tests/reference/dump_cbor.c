/* Reads documents as lines of hex, prints for each whether the library takes it as HATS-CBOR-1. */
#include "cbor/cbor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 4096

static int digit(char c) {
    const char *digits = "0123456789abcdef", *at = strchr(digits, c);
    return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

int main(void) {
    static char line[2 * MAX_BYTES + 2];
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t len = strcspn(line, "\n") / 2;
        /* Exactly as many bytes as the document has, so that reading past them is seen. */
        uint8_t *bytes = malloc(len + (len == 0));
        if (bytes == NULL)
            return 1;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)(digit(line[2 * i]) << 4 | digit(line[2 * i + 1]));
        hats_status s = hats_cbor_validate(bytes, len, NULL);
        puts(s == HATS_OK ? "ok" : hats_status_name(s));
        free(bytes);
    }
    return 0;
}
