/* X.509 certificates with ML-DSA keys [RFC9881]: the two that a first run needs, and a reader.
 *
 *     root   ML-DSA-87, self-signed, CA:TRUE with path length 0, keyCertSign + cRLSign; kept by clients
 *     leaf   ML-DSA-65, signed by the root, digitalSignature, serverAuth, subjectAltName
 *
 * The root is never sent in a handshake: that is what keeps the handshake near 11.5 KB.
 */
#ifndef HATS_PQ_CERT_H
#define HATS_PQ_CERT_H

#include "base/cursor.h"
#include "pq/mldsa.h"

/* Who a leaf speaks for: DNS names, and IPv4 or IPv6 addresses in text. At least one of either. */
struct hats_cert_names {
    const char *const *dns;
    size_t n_dns;
    const char *const *ip;
    size_t n_ip;
};

/* Write PEM to `path` (mode 0644). Valid from five minutes ago for `days` days (1 .. 36500).
 * HATS_E_USAGE when a name or address is not one; HATS_E_CRYPTO; HATS_E_IO. */
HATS_MUST_USE hats_status hats_cert_make_root(const char *path, const struct hats_sign_key *root,
                                              const char *common_name, unsigned days,
                                              struct hats_error *err);
/* root_path is the certificate that hats_cert_make_root wrote for `root`. The leaf never outlives it. */
HATS_MUST_USE hats_status hats_cert_make_leaf(const char *path, const struct hats_sign_key *leaf,
                                              const struct hats_cert_names *names, unsigned days,
                                              const char *root_path,
                                              const struct hats_sign_key *root,
                                              struct hats_error *err);

struct hats_cert_info {
    char subject[256]; /* one line, RFC 2253 order */
    char issuer[256];
    char signature_algorithm[48]; /* as the issuer signed it: "ML-DSA-87" */
    char key_algorithm[48];       /* of the certified key: "ML-DSA-65" */
    bool post_quantum;            /* both of them are ML-DSA */
    bool is_ca;
    uint64_t not_before_ms, not_after_ms; /* since 1970, UTC */
    uint8_t thumbprint[32];               /* SHA-256 of the DER */
};
/* The first certificate in a PEM text. HATS_E_MALFORMED. */
HATS_MUST_USE hats_status hats_cert_read(struct hats_cert_info *out, const void *pem,
                                         size_t len_bytes, struct hats_error *err);
HATS_MUST_USE hats_status hats_cert_read_file(struct hats_cert_info *out, const char *path,
                                              struct hats_error *err);
/* HATS_E_TRUST with the dates when now_ms is outside the certificate's validity. */
HATS_MUST_USE hats_status hats_cert_check_time(const struct hats_cert_info *info, uint64_t now_ms,
                                               struct hats_error *err);

#endif
