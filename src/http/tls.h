/* TLS 1.3 contexts with post-quantum key agreement, and what a handshake negotiated.
 *
 *              key agreement (both ends)                          server certificate
 *   strict     X25519MLKEM768 : MLKEM768 : MLKEM1024 :            ML-DSA-65 leaf under an ML-DSA-87
 *              SecP384r1MLKEM1024, nothing else                   root that is not sent; ML-DSA only
 *   browser    the same                                           also ECDSA chains; the handshake is
 *                                                                 then reported as "classical"
 *
 * Whoever records the traffic today and owns a quantum computer later must break ML-KEM in either
 * profile. `browser` exists because public certificate authorities do not issue ML-DSA yet; it weakens
 * only server authentication, at the time of the handshake, and every receipt says so.
 *
 * TLS 1.2 is off, 0-RTT is off, renegotiation does not exist in TLS 1.3, compression is off. Resumption
 * always runs a fresh key exchange with one of the groups above (psk_dhe_ke), tickets live an hour.
 *
 * A context is immutable once made: threads may share it, and connections keep what they need of it.
 */
#ifndef HATS_HTTP_TLS_H
#define HATS_HTTP_TLS_H

#include "base/status.h"
#include "http/algorithms.h"

struct hats_tls;

enum hats_tls_profile { HATS_TLS_STRICT = 0, HATS_TLS_BROWSER = 1 };

/* "strict", "browser". */
const char *hats_tls_profile_name(enum hats_tls_profile p);
HATS_MUST_USE bool hats_tls_profile_parse(enum hats_tls_profile *out, const char *name);

struct hats_tls_server_config {
    enum hats_tls_profile profile;
    const char
        *chain_path;      /* PEM: leaf first, then intermediates; the root is left out if present */
    const char *key_path; /* PEM: the leaf's private key; must be readable by its owner only */
    const char *groups;   /* NULL: the profile's. Else a colon list of names of algorithms.h */
};

/* A server's context. Refuses to start, with what to do about it:
 *   HATS_E_NOT_FOUND, HATS_E_IO   a file is missing or unreadable
 *   HATS_E_MALFORMED              not PEM, no certificate, no key, key of another certificate
 *   HATS_E_DENIED                 the key file can be read by others than its owner (chmod 600); root's
 *                                 group may read it, which is how systemd hands out credentials
 *   HATS_E_TRUST                  a certificate of the chain has expired or is not valid yet
 *   HATS_E_INSECURE               a classical certificate, or a classical or unknown group, in strict;
 *                                 a group that is not ML-KEM based in browser
 * *out is NULL on failure. */
HATS_MUST_USE hats_status hats_tls_server_new(struct hats_tls **out,
                                              const struct hats_tls_server_config *config,
                                              struct hats_error *err);

/* A client's context that trusts exactly the certificates of the PEM file and nothing of the system's
 * store. Groups and signature algorithms of the profile are all it offers. Errors as above. */
HATS_MUST_USE hats_status hats_tls_client_new(struct hats_tls **out, enum hats_tls_profile profile,
                                              const char *roots_path, struct hats_error *err);

/* t may be NULL. Connections made from it may still be open. */
void hats_tls_free(struct hats_tls *t);

enum hats_tls_profile hats_tls_profile_of(const struct hats_tls *t);
/* Server contexts: seconds since 1970 at which the first certificate of the chain expires; 0 for a
 * client's. A server warns when less than a week is left. */
int64_t hats_tls_not_after(const struct hats_tls *t);
/* Server contexts: how the server authenticates itself to clients. */
enum hats_tls_strength hats_tls_authentication_of(const struct hats_tls *t);

/* What one handshake negotiated: the transport claims of a receipt.
 * Strings are names of algorithms.h, or "unknown". */
#define HATS_TLS_NAME_MAX 32
#define HATS_TLS_EXPORTER_BYTES 32
struct hats_tls_info {
    char version[8];                   /* "TLSv1.3" */
    char group[HATS_TLS_NAME_MAX];     /* "X25519MLKEM768" */
    char signature[HATS_TLS_NAME_MAX]; /* "mldsa65"; on a resumed connection, that of the first */
    char cipher[HATS_TLS_NAME_MAX];    /* "TLS_AES_256_GCM_SHA384" */
    uint16_t group_code_point;         /* 0x11ec */
    enum hats_tls_strength group_strength;
    enum hats_tls_strength
        server_authentication; /* the signature and every certificate that counts */
    bool resumed;
    /* Keying material under the label "EXPORTER-hats-handshake" [RFC8446, 7.5]: the same 32 bytes at
     * both ends of this connection and nowhere else; it ties a handshake note to its handshake. */
    uint8_t exporter[HATS_TLS_EXPORTER_BYTES];
};

#endif
