#include "base/status.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const names[HATS_STATUS_COUNT] = {
    [HATS_OK] = "ok",
    [HATS_E_MEMORY] = "out-of-memory",
    [HATS_E_IO] = "io",
    [HATS_E_RANDOM] = "no-randomness",
    [HATS_E_CRYPTO] = "crypto",
    [HATS_E_BUSY] = "busy",
    [HATS_E_TIMEOUT] = "timeout",
    [HATS_E_NETWORK] = "network",
    [HATS_E_CANCELLED] = "cancelled",
    [HATS_E_USAGE] = "usage",
    [HATS_E_MALFORMED] = "malformed",
    [HATS_E_CANONICAL] = "not-canonical",
    [HATS_E_VERSION] = "unknown-version",
    [HATS_E_RANGE] = "out-of-range",
    [HATS_E_UNSUPPORTED] = "unsupported",
    [HATS_E_INSECURE] = "insecure-parameters",
    [HATS_E_VERIFY] = "verification-failed",
    [HATS_E_TRUST] = "not-trusted",
    [HATS_E_NOT_FOUND] = "not-found",
    [HATS_E_CONFLICT] = "conflict",
    [HATS_E_DENIED] = "denied",
};

const char *hats_status_name(hats_status s) {
    if ((unsigned)s >= HATS_STATUS_COUNT)
        return "unknown";
    return names[s];
}

int hats_status_exit_code(hats_status s) {
    switch (s) {
    case HATS_OK: return 0;
    case HATS_E_VERIFY: return 1;
    case HATS_E_TRUST: return 4;
    case HATS_E_MEMORY:
    case HATS_E_IO:
    case HATS_E_RANDOM:
    case HATS_E_CRYPTO:
    case HATS_E_TIMEOUT:
    case HATS_E_NETWORK:
    case HATS_E_CANCELLED: return 5;
    case HATS_E_BUSY:
    case HATS_E_CONFLICT:
    case HATS_E_DENIED: return 6;
    default: return 2;
    }
}

/* Texts quote what a peer or a file said, and are read on terminals: control characters, those of C1 in
 * UTF-8 too, become question marks. */
static void make_plain(char *text) {
    for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
        bool c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
        if (*at < 0x20 || *at == 0x7f || c1)
            *at = '?';
        if (c1)
            *++at = '?';
    }
}

hats_status hats_fail(struct hats_error *err, hats_status s, const char *fmt, ...) {
    assert(s != HATS_OK);
    if (err == NULL)
        return s;
    err->status = s;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    make_plain(err->text);
    return s;
}

hats_status hats_fail_in(struct hats_error *err, hats_status s, const char *fmt, ...) {
    assert(s != HATS_OK);
    if (err == NULL)
        return s;
    char inner[sizeof err->text];
    memcpy(inner, err->text, sizeof inner);
    inner[sizeof inner - 1] = '\0';
    if (err->status == HATS_OK)
        inner[0] = '\0';
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    err->status = s;
    if (inner[0] != '\0' && n >= 0 && (size_t)n + 3 < sizeof err->text) {
        size_t room = sizeof err->text - (size_t)n - 3;
        size_t len = strnlen(inner, room);
        memcpy(err->text + n, ": ", 2);
        memcpy(err->text + n + 2, inner, len);
        err->text[(size_t)n + 2 + len] = '\0';
    }
    make_plain(err->text);
    return s;
}
