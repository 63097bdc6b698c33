/* Every algorithm name that this system hands to the TLS library, in one list.
 *
 * A name that is not in algorithms.c reaches no SSL_CTX: the lists below are the only strings given to
 * SSL_CTX_set1_groups_list and SSL_CTX_set1_sigalgs_list, and negotiated algorithms are reported by the
 * names of this list, found by their code points. What the post-quantum checker compares its inventory
 * with is therefore this one table. Classical entries are there because `browser` reads ECDSA
 * certificates, and because a probe (probe.h) must offer them to see them refused.
 *
 * Code points: IANA "TLS Supported Groups" and "TLS SignatureScheme" registries; the ML-KEM groups
 * [draft-ietf-tls-ecdhe-mlkem, draft-ietf-tls-mlkem], ML-DSA schemes [draft-ietf-tls-mldsa].
 */
#ifndef HATS_HTTP_ALGORITHMS_H
#define HATS_HTTP_ALGORITHMS_H

#include "base/status.h"

enum hats_tls_strength {
    HATS_TLS_UNKNOWN = 0, /* not in our list: counts as a failure, never as "probably fine" */
    HATS_TLS_CLASSICAL,
    HATS_TLS_HYBRID, /* a post-quantum and a classical part, safe while one of them holds */
    HATS_TLS_PQ,
};

struct hats_tls_algorithm {
    const char *name; /* as OpenSSL 3.5 takes and prints it */
    uint16_t code_point;
    enum hats_tls_strength strength;
};

struct hats_tls_certificate_algorithm {
    const char *name; /* "ML-DSA-65" */
    int nid;
    enum hats_tls_strength strength;
};

/* The tables are constant and not empty. */
const struct hats_tls_algorithm *hats_tls_groups(size_t *n);
const struct hats_tls_algorithm *hats_tls_signatures(size_t *n);
/* The row, or NULL when there is none. Names compare without case. */
const struct hats_tls_algorithm *hats_tls_group_by_code(uint16_t code_point);
const struct hats_tls_algorithm *hats_tls_group_by_name(const char *name, size_t name_len);
const struct hats_tls_algorithm *hats_tls_signature_by_name(const char *name, size_t name_len);

/* Algorithms of certificates, of the key and of the signature on it, by OpenSSL's NID; "unknown" for
 * what is not in the table. */
const struct hats_tls_certificate_algorithm *hats_tls_certificate_by_nid(int nid);

/* "pq", "hybrid", "classical", "unknown". */
const char *hats_tls_strength_name(enum hats_tls_strength s);

extern const char hats_tls_default_groups[];     /* both profiles */
extern const char hats_tls_strict_signatures[];  /* ML-DSA only */
extern const char hats_tls_browser_signatures[]; /* ML-DSA first, then ECDSA */
extern const char hats_tls_ciphersuites[];       /* TLS 1.3 with 256-bit keys */

#endif
