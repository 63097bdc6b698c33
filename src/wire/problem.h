/* Refusals, as RFC 9457 problem details.
 *
 * One table holds every refusal the service can give: its stable code (the last part of `type`,
 * urn:hats:problem:CODE), HTTP status, title, and what the caller should do. Each has its own counter
 * in the metrics, and its own test.
 */
#ifndef HATS_WIRE_PROBLEM_H
#define HATS_WIRE_PROBLEM_H

#include "base/cursor.h"
#include "base/status.h"

#define HATS_PROBLEM_BODY_MAX 8192 /* bytes a problem document may have */

enum hats_problem {
    HATS_PROBLEM_NONE = 0,
    HATS_PROBLEM_NOT_FOUND,       /* 404 no such path */
    HATS_PROBLEM_METHOD,          /* 405 */
    HATS_PROBLEM_TOKEN_MISSING,   /* 401 */
    HATS_PROBLEM_TOKEN_UNKNOWN,   /* 401 */
    HATS_PROBLEM_LENGTH_REQUIRED, /* 411 */
    HATS_PROBLEM_BODY_TOO_LARGE,  /* 413 */
    HATS_PROBLEM_BODY_MALFORMED,  /* 400 the request body is not what the path takes */
    HATS_PROBLEM_CORE_MISSING,    /* 400 */
    HATS_PROBLEM_CORE_MALFORMED,  /* 400 */
    HATS_PROBLEM_MODEL_UNKNOWN,   /* 404 */
    HATS_PROBLEM_MODEL_CHANGED,   /* 409 the core names another commitment of this model */
    HATS_PROBLEM_PARAMETERS,      /* 422 H(parameters) is not this model's */
    HATS_PROBLEM_KEY_UNKNOWN,     /* 404 */
    HATS_PROBLEM_KEY_FOREIGN,   /* 403 registered, but by another tenant, or another owner than the
                                       session's */
    HATS_PROBLEM_KEY_REVOKED,   /* 410 for ever */
    HATS_PROBLEM_KEY_MALFORMED, /* 400 */
    HATS_PROBLEM_KEY_SIGNATURE, /* 422 */
    HATS_PROBLEM_CLOCK,         /* 422 the time in the request is too far from the server's */
    HATS_PROBLEM_CIPHERTEXT_DIGEST,    /* 422 body and core disagree */
    HATS_PROBLEM_CIPHERTEXT_MALFORMED, /* 400 */
    HATS_PROBLEM_CHALLENGE_UNKNOWN,    /* 422 the nonce is none of this service for this tenant */
    HATS_PROBLEM_CHALLENGE_EXPIRED,    /* 422 */
    HATS_PROBLEM_CHALLENGE_USED,       /* 409 */
    HATS_PROBLEM_ORIGIN,               /* 422 a challenge for a server of another name */
    HATS_PROBLEM_SESSION_MALFORMED,    /* 400 */
    HATS_PROBLEM_SESSION_TERMS,        /* 422 the block asks for what the challenge does not give */
    HATS_PROBLEM_SESSION_BINDING,      /* 422 bound to another connection */
    HATS_PROBLEM_SESSION_SIGNATURE,    /* 422 */
    HATS_PROBLEM_SESSION_UNKNOWN,      /* 404 also another tenant's */
    HATS_PROBLEM_SESSION_EXPIRED,      /* 409 */
    HATS_PROBLEM_SESSION_SUPERSEDED,   /* 409 */
    HATS_PROBLEM_SESSION_CLOSED,       /* 409 */
    HATS_PROBLEM_SESSION_BURNT,        /* 409 an index was used for two requests */
    HATS_PROBLEM_SESSION_REVOKED,      /* 409 */
    HATS_PROBLEM_SESSION_CLOSE,        /* 422 the bitmap of a close contradicts the calls */
    HATS_PROBLEM_INDEX_RANGE,          /* 400 i >= K */
    HATS_PROBLEM_PROOF_MISSING,        /* 400 */
    HATS_PROBLEM_PROOF_SUITE,          /* 422 */
    HATS_PROBLEM_PROOF_DIGEST,         /* 422 body and core disagree */
    HATS_PROBLEM_PROOF_MALFORMED,      /* 400 */
    HATS_PROBLEM_PROOF_FALSE,          /* 422 */
    HATS_PROBLEM_CALL_REUSED,     /* 409 (sid, i) was used by another request; burns the session */
    HATS_PROBLEM_CALL_PENDING,    /* 202 accepted, not yet sealed; ask again */
    HATS_PROBLEM_ANSWER_GONE,     /* 410 sealed, the output is no longer kept; receipt attached */
    HATS_PROBLEM_RECEIPT_UNKNOWN, /* 404 */
    HATS_PROBLEM_QUOTA,           /* 429 */
    HATS_PROBLEM_BUSY,            /* 503 */
    HATS_PROBLEM_DRAINING,        /* 503 */
    HATS_PROBLEM_STORAGE,         /* 507 */
    HATS_PROBLEM_INTERNAL,        /* 500 */
    HATS_PROBLEM_COUNT
};

struct hats_problem_info {
    const char *code;   /* "key-unknown" */
    unsigned status;    /* HTTP */
    const char *title;  /* one sentence: what was wrong */
    const char *advice; /* one sentence: what to do */
};
const struct hats_problem_info *hats_problem_info(enum hats_problem p);
/* HATS_PROBLEM_NONE for an unknown code. */
enum hats_problem hats_problem_by_code(const char *code);

/* application/problem+json with type, title, status, detail (may be NULL), advice, and the `error`
 * member that Open Inference Protocol clients expect. */
void hats_problem_render(struct hats_buffer *out, enum hats_problem p, const char *detail);
/* For the client: fills err with "title: detail (advice)" and maps to a status. Any body is taken. */
hats_status hats_problem_to_error(struct hats_error *err, unsigned http_status, const uint8_t *body,
                                  size_t len_bytes);

#endif
