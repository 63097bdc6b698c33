/* What is inside a key pair; for this folder only. */
#ifndef HATS_PQ_KEY_H
#define HATS_PQ_KEY_H

#include "pq/mldsa.h"

#include <openssl/evp.h>

struct hats_sign_key {
    EVP_PKEY *pkey;
    enum hats_mldsa_level level;
    uint8_t public_key[HATS_MLDSA_PUBLIC_MAX];
};

#endif
