/* The challenge that opens a session or registers a key: stateless, single use.
 *
 *     POST /v1/challenge   {1: version = 1, 2: rp_id}   ->   the map below
 *
 *     rp_id = H("HATS-RP-1" pad16 | origin), the origin in lower case with its port: "https://host:8443"
 *     K_n   = HKDF-SHA256(no salt, service secret, "nonce" | hour (8)), 32 bytes; hour = floor(t_ms / 3600000)
 *     nonce = t_ms (8) | rand (8) | first 16 bytes of
 *             HMAC-SHA256(K_n, "HATS-NON-1" pad16 | t_ms (8) | rand (8) | tenant digest (32) | rp_id (32))
 *
 * The server keeps nothing of a challenge: whoever holds the secret recognises it, every server of the
 * service alike, also after a restart. A nonce is good for two minutes, and once: spending it is a row in
 * the store.
 *
 * The answer, a deterministic CBOR map: 1 nonce | 2 now ms | 3 epoch | 4 registry root b32 |
 * 5 registry seq | 6 policy digest b32 | 7 most calls in a session | 8 longest life of a session, s |
 * 9 length of an epoch, s | 10 tenant digest b32. 3, 4, 5, 6 and 9 are zero where no device registry is.
 */
#ifndef HATS_WIRE_CHALLENGE_H
#define HATS_WIRE_CHALLENGE_H

#include "base/cursor.h"
#include "base/status.h"

#define HATS_NONCE_LEN 32
#define HATS_CHALLENGE_AGE_MS UINT64_C(120000) /* a nonce is good for so long */
/* Clocks of servers of one service may differ by this much. */
#define HATS_CHALLENGE_AHEAD_MS UINT64_C(5000)
#define HATS_CHALLENGE_MAX_BYTES 512 /* of question and answer */
#define HATS_SESSION_CALLS_MAX 4096u
#define HATS_SESSION_LIFE_MAX_S 86400u
#define HATS_ORIGIN_MAX 256

void hats_rp_id(uint8_t out[32], const char *origin);

void hats_nonce_make(uint8_t nonce[HATS_NONCE_LEN], const uint8_t secret[32], uint64_t t_ms,
                     const uint8_t random[8], const uint8_t tenant_digest[32],
                     const uint8_t rp_id[32]);
/* Was it made with this secret for this tenant and origin? Says nothing of its age. Constant time in the
 * nonce. */
HATS_MUST_USE bool hats_nonce_is_ours(const uint8_t nonce[HATS_NONCE_LEN], const uint8_t secret[32],
                                      const uint8_t tenant_digest[32], const uint8_t rp_id[32]);
uint64_t hats_nonce_time_ms(const uint8_t nonce[HATS_NONCE_LEN]);
/* At most HATS_CHALLENGE_AGE_MS old, at most HATS_CHALLENGE_AHEAD_MS in the future. */
HATS_MUST_USE bool hats_nonce_is_fresh(const uint8_t nonce[HATS_NONCE_LEN], uint64_t now_ms);

void hats_challenge_ask(uint8_t out[HATS_CHALLENGE_MAX_BYTES], size_t *len_bytes,
                        const uint8_t rp_id[32]);
HATS_MUST_USE hats_status hats_challenge_asked(uint8_t rp_id[32], const uint8_t *body,
                                               size_t len_bytes, struct hats_error *err);

struct hats_challenge {
    uint8_t nonce[HATS_NONCE_LEN];
    uint64_t now_ms; /* the server's clock */
    uint32_t epoch;
    uint8_t registry_root[32];
    uint64_t registry_seq;
    uint8_t policy_digest[32];
    uint32_t calls_max;    /* 1 .. HATS_SESSION_CALLS_MAX */
    uint32_t life_max_s;   /* 1 .. HATS_SESSION_LIFE_MAX_S */
    uint32_t epoch_length; /* s */
    uint8_t tenant_digest[32];
};
void hats_challenge_encode(uint8_t out[HATS_CHALLENGE_MAX_BYTES], size_t *len_bytes,
                           const struct hats_challenge *c);
/* HATS_E_MALFORMED, HATS_E_CANONICAL, HATS_E_RANGE. *out is zero on failure. */
HATS_MUST_USE hats_status hats_challenge_decode(struct hats_challenge *out, const uint8_t *body,
                                                size_t len_bytes, struct hats_error *err);

#endif
