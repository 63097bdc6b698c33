/* Reads lines in hex. "sign SECRET P SID R INDEX N_CALLS" prints table, R_ots and frame;
 * "verify P SID R TABLE FRAME" prints accepted, or the name of the refusal. */
#include "base/text.h"
#include "wire/frame.h"

#include <stdio.h>
#include <string.h>

enum { MAX_CALLS = 64, MAX_BYTES = 1024 };

static size_t read_hex(uint8_t *out) {
    char word[2 * MAX_BYTES + 1];
    if (scanf("%2048s", word) != 1)
        return 0;
    size_t n = strlen(word) / 2;
    return hats_hex_decode(out, n, word, 2 * n) ? n : 0;
}

static void print_hex(const uint8_t *data, size_t len_bytes, char end) {
    char hex[2 * MAX_BYTES + 1];
    hats_hex_encode(hex, data, len_bytes);
    printf("%s%c", hex, end);
}

static int sign(void) {
    uint8_t secret[MAX_BYTES], p[MAX_BYTES], sid[MAX_BYTES], r[MAX_BYTES];
    uint8_t table[MAX_CALLS][HATS_FRAME_VALUE_LEN], root[32], frame[HATS_FRAME_LEN];
    unsigned index, n_calls;
    if (read_hex(secret) != 32 || read_hex(p) != 16 || read_hex(sid) != 32 || read_hex(r) != 32 ||
        scanf("%u %u", &index, &n_calls) != 2 || n_calls > MAX_CALLS)
        return 2;
    hats_frame_leaves(table[0], secret, p, 0, n_calls);
    hats_frame_root(root, p, table[0], n_calls);
    if (hats_frame_sign(frame, secret, p, index, sid, r, NULL) != HATS_OK)
        return 1;
    print_hex(table[0], n_calls * sizeof table[0], ' ');
    print_hex(root, sizeof root, ' ');
    print_hex(frame, sizeof frame, '\n');
    return 0;
}

static int verify(void) {
    uint8_t p[MAX_BYTES], sid[MAX_BYTES], r[MAX_BYTES], table[MAX_BYTES], frame[MAX_BYTES];
    enum hats_frame_refusal refusal;
    if (read_hex(p) != 16 || read_hex(sid) != 32 || read_hex(r) != 32)
        return 2;
    size_t n_calls = read_hex(table) / HATS_FRAME_VALUE_LEN, len = read_hex(frame);
    const struct hats_frame_session session = {sid, p, table, (uint32_t)n_calls};
    hats_status s = hats_frame_verify(frame, len, &session, r, &refusal, NULL);
    puts(hats_frame_refusal_name(refusal));
    return (s == HATS_OK) == (refusal == HATS_FRAME_ACCEPTED) ? 0 : 1;
}

int main(void) {
    char verb[16];
    while (scanf("%15s", verb) == 1) {
        int rc = strcmp(verb, "sign") == 0 ? sign() : verify();
        if (rc != 0)
            return rc;
    }
    return 0;
}
