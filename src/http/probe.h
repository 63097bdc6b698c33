/* One handshake with a chosen offer, to see what a server accepts: the rows of the handshake matrix.
 *
 * An auditor's client. It verifies nothing, sends no request and reads no answer: it reports whether the
 * handshake came to an end, with which algorithms, or which alert refused it. The offers that must be
 * refused are part of it (hats_http_probe_matrix), so a server that accepts one is found out.
 */
#ifndef HATS_HTTP_PROBE_H
#define HATS_HTTP_PROBE_H

#include "http/tls.h"

struct hats_http_probe_offer {
    const char *name;   /* "only X25519" */
    const char *groups; /* names of algorithms.h; NULL: none, the library's key share is empty */
    const char *signatures; /* names of algorithms.h */
    bool tls12;             /* offer TLS 1.2 and nothing newer */
    bool early_data;        /* "accepted" then means: the server hands out tickets that allow it */
    bool must_accept;       /* what a strict server does with it */
};

/* Constant table: (MLKEM768, ML-DSA), (X25519MLKEM768, ML-DSA), ... must accept; only X25519, only
 * P-256, only FFDHE, only ECDSA or RSA signatures, TLS 1.2, early data must be refused. */
const struct hats_http_probe_offer *hats_http_probe_matrix(size_t *n);

struct hats_http_probe_result {
    bool accepted;
    struct hats_tls_info info; /* when accepted */
    int alert;                 /* TLS alert number that the server sent; -1: none */
    unsigned tickets;          /* that came after it */
    char text[160];            /* "handshake_failure", "connection closed" ... */
};

/* HATS_OK when the server could be asked, whatever it said; HATS_E_NETWORK, HATS_E_NOT_FOUND,
 * HATS_E_TIMEOUT when not. */
HATS_MUST_USE hats_status hats_http_probe(struct hats_http_probe_result *out, const char *host,
                                          uint16_t port, const struct hats_http_probe_offer *offer,
                                          unsigned timeout_ms, struct hats_error *err);

#endif
