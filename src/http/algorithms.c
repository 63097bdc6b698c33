#include "http/algorithms.h"

#include "base/bytes.h"
#include "http/probe.h"

#include <openssl/obj_mac.h>

#include <strings.h>

static const struct hats_tls_algorithm groups[] = {
    {"X25519MLKEM768", 0x11ec, HATS_TLS_HYBRID}, {"MLKEM768", 0x0201, HATS_TLS_PQ},
    {"MLKEM1024", 0x0202, HATS_TLS_PQ},          {"SecP384r1MLKEM1024", 0x11ed, HATS_TLS_HYBRID},
    {"X25519", 0x001d, HATS_TLS_CLASSICAL},      {"secp256r1", 0x0017, HATS_TLS_CLASSICAL},
    {"secp384r1", 0x0018, HATS_TLS_CLASSICAL},   {"ffdhe2048", 0x0100, HATS_TLS_CLASSICAL},
};

static const struct hats_tls_algorithm signatures[] = {
    {"mldsa65", 0x0905, HATS_TLS_PQ},
    {"mldsa87", 0x0906, HATS_TLS_PQ},
    {"ecdsa_secp256r1_sha256", 0x0403, HATS_TLS_CLASSICAL},
    {"ecdsa_secp384r1_sha384", 0x0503, HATS_TLS_CLASSICAL},
    {"rsa_pss_rsae_sha256", 0x0804, HATS_TLS_CLASSICAL},
};

/* Keys and signatures on certificates. RSA stands here because public ECDSA leaves may hang under an
 * RSA root; a leaf with an RSA key finds no signature scheme in either profile. */
static const struct hats_tls_certificate_algorithm certificate_algorithms[] = {
    {"ML-DSA-65", NID_ML_DSA_65, HATS_TLS_PQ},
    {"ML-DSA-87", NID_ML_DSA_87, HATS_TLS_PQ},
    {"EC", NID_X9_62_id_ecPublicKey, HATS_TLS_CLASSICAL},
    {"ecdsa-with-SHA256", NID_ecdsa_with_SHA256, HATS_TLS_CLASSICAL},
    {"ecdsa-with-SHA384", NID_ecdsa_with_SHA384, HATS_TLS_CLASSICAL},
    {"RSA", NID_rsaEncryption, HATS_TLS_CLASSICAL},
    {"RSA-SHA256", NID_sha256WithRSAEncryption, HATS_TLS_CLASSICAL},
    {"RSA-SHA384", NID_sha384WithRSAEncryption, HATS_TLS_CLASSICAL},
};

const char hats_tls_default_groups[] = "X25519MLKEM768:MLKEM768:MLKEM1024:SecP384r1MLKEM1024";
const char hats_tls_strict_signatures[] = "mldsa65:mldsa87";
const char hats_tls_browser_signatures[] =
    "mldsa65:mldsa87:ecdsa_secp384r1_sha384:ecdsa_secp256r1_sha256";
const char hats_tls_ciphersuites[] = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/* Offers of a probe, most of which must be refused. */
static const char probe_ecdsa[] = "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384";
static const char probe_rsa[] = "rsa_pss_rsae_sha256";
static const char probe_classical_groups[] = "X25519:secp256r1:secp384r1";

static const struct hats_http_probe_offer probe_matrix[] = {
    {.name = "X25519MLKEM768 with ML-DSA",
     .groups = "X25519MLKEM768",
     .signatures = hats_tls_strict_signatures,
     .must_accept = true},
    {.name = "MLKEM768 with ML-DSA",
     .groups = "MLKEM768",
     .signatures = hats_tls_strict_signatures,
     .must_accept = true},
    {.name = "MLKEM1024 with ML-DSA",
     .groups = "MLKEM1024",
     .signatures = hats_tls_strict_signatures,
     .must_accept = true},
    {.name = "SecP384r1MLKEM1024 with ML-DSA",
     .groups = "SecP384r1MLKEM1024",
     .signatures = hats_tls_strict_signatures,
     .must_accept = true},
    {.name = "only X25519", .groups = "X25519", .signatures = hats_tls_strict_signatures},
    {.name = "only P-256", .groups = "secp256r1", .signatures = hats_tls_strict_signatures},
    {.name = "only P-384", .groups = "secp384r1", .signatures = hats_tls_strict_signatures},
    {.name = "only FFDHE", .groups = "ffdhe2048", .signatures = hats_tls_strict_signatures},
    {.name = "only ECDSA signatures", .groups = hats_tls_default_groups, .signatures = probe_ecdsa},
    {.name = "only RSA signatures", .groups = hats_tls_default_groups, .signatures = probe_rsa},
    {.name = "TLS 1.2", .groups = probe_classical_groups, .signatures = probe_ecdsa, .tls12 = true},
    {.name = "early data",
     .groups = hats_tls_default_groups,
     .signatures = hats_tls_strict_signatures,
     .early_data = true},
};

const struct hats_http_probe_offer *hats_http_probe_matrix(size_t *n) {
    *n = HATS_COUNT_OF(probe_matrix);
    return probe_matrix;
}

const struct hats_tls_algorithm *hats_tls_groups(size_t *n) {
    *n = HATS_COUNT_OF(groups);
    return groups;
}

const struct hats_tls_algorithm *hats_tls_signatures(size_t *n) {
    *n = HATS_COUNT_OF(signatures);
    return signatures;
}

const struct hats_tls_algorithm *hats_tls_group_by_code(uint16_t code_point) {
    for (size_t i = 0; i < HATS_COUNT_OF(groups); i++)
        if (groups[i].code_point == code_point)
            return &groups[i];
    return NULL;
}

static const struct hats_tls_algorithm *by_name(const struct hats_tls_algorithm *table, size_t n,
                                                const char *name, size_t name_len) {
    for (size_t i = 0; i < n; i++)
        if (strlen(table[i].name) == name_len && strncasecmp(table[i].name, name, name_len) == 0)
            return &table[i];
    return NULL;
}

const struct hats_tls_algorithm *hats_tls_group_by_name(const char *name, size_t name_len) {
    return by_name(groups, HATS_COUNT_OF(groups), name, name_len);
}

const struct hats_tls_algorithm *hats_tls_signature_by_name(const char *name, size_t name_len) {
    return by_name(signatures, HATS_COUNT_OF(signatures), name, name_len);
}

const struct hats_tls_certificate_algorithm *hats_tls_certificate_by_nid(int nid) {
    static const struct hats_tls_certificate_algorithm unknown = {"unknown", NID_undef,
                                                                  HATS_TLS_UNKNOWN};
    for (size_t i = 0; i < HATS_COUNT_OF(certificate_algorithms); i++)
        if (certificate_algorithms[i].nid == nid)
            return &certificate_algorithms[i];
    return &unknown;
}

const char *hats_tls_strength_name(enum hats_tls_strength s) {
    static const char *const names[] = {"unknown", "classical", "hybrid", "pq"};
    return (unsigned)s < HATS_COUNT_OF(names) ? names[s] : names[0];
}
