/* Status codes and error texts.
 *
 * A function that can fail returns a hats_status; HATS_OK is 0 and, for a verifier, means "true" and
 * nothing else. Programmer errors are asserted. A text for a person goes into struct hats_error: what
 * was wrong, where, and what to do about it. Texts never hold the data themselves.
 */
#ifndef HATS_BASE_STATUS_H
#define HATS_BASE_STATUS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HATS_MUST_USE __attribute__((warn_unused_result))
#define HATS_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))

typedef enum hats_status {
    HATS_OK = 0,
    /* the environment */
    HATS_E_MEMORY,  /* an allocation failed or would pass its bound */
    HATS_E_IO,      /* a file or socket operation failed */
    HATS_E_RANDOM,  /* the operating system gave no randomness */
    HATS_E_CRYPTO,  /* the cryptographic library failed */
    HATS_E_BUSY,    /* a limit is reached; try again later */
    HATS_E_TIMEOUT, /* a deadline passed */
    HATS_E_NETWORK, /* the peer is gone or could not be reached */
    HATS_E_CANCELLED,
    /* the input */
    HATS_E_USAGE,       /* wrong command line or configuration */
    HATS_E_MALFORMED,   /* not an encoding of this format: truncated, oversized, trailing bytes */
    HATS_E_CANONICAL,   /* decodes, but is not the one canonical encoding */
    HATS_E_VERSION,     /* unknown version, algorithm or parameter set */
    HATS_E_RANGE,       /* a value outside its documented range */
    HATS_E_UNSUPPORTED, /* well formed, but not something this program does */
    HATS_E_INSECURE,    /* parameters below the security bound */
    /* the claim */
    HATS_E_VERIFY,    /* a signature, digest or proof does not hold */
    HATS_E_TRUST,     /* it holds, but the signer is not trusted, expired or revoked */
    HATS_E_NOT_FOUND, /* no such key, model, call or file */
    HATS_E_CONFLICT,  /* the same name with other contents */
    HATS_E_DENIED,    /* not allowed for this caller */
    HATS_STATUS_COUNT
} hats_status;

/* A sentence for a person. `status` is HATS_OK while nothing failed. */
struct hats_error {
    hats_status status;
    char text[480];
};

/* The name of a status in lower case with dashes ("not-found"); stable, used in JSON output. */
const char *hats_status_name(hats_status s);

/* Process exit code for a status: 0 ok, 1 verification failed, 2 usage or bad input, 4 signer not
 * trusted, 5 environment (memory, disk, network), 6 refused by the peer, 7 nothing to do. */
int hats_status_exit_code(hats_status s);

/* Record `s` and a formatted sentence in *err (err may be NULL) and return s. s != HATS_OK.
 * A text that does not fit is cut at the end; control characters in it become question marks. */
hats_status hats_fail(struct hats_error *err, hats_status s, const char *fmt, ...)
    HATS_PRINTF(3, 4);

/* Put "prefix: " before the text that *err already holds, and return its status. */
hats_status hats_fail_in(struct hats_error *err, hats_status s, const char *fmt, ...)
    HATS_PRINTF(3, 4);

#endif
