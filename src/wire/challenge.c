#include "wire/challenge.h"

#include "base/bytes.h"
#include "cbor/cbor.h"
#include "hash/hmac.h"

#include <assert.h>
#include <string.h>

#define VERSION 1
#define HOUR_MS 3600000u
#define MAC_LEN 16
#define N_FIELDS 10

void hats_rp_id(uint8_t out[32], const char *origin) {
    char lower[HATS_ORIGIN_MAX];
    size_t len = strlen(origin);
    assert(len < sizeof lower);
    for (size_t i = 0; i < len; i++)
        lower[i] = (char)(origin[i] >= 'A' && origin[i] <= 'Z' ? origin[i] + 32 : origin[i]);
    hats_sha256_tagged(out, "HATS-RP-1", lower, len);
}

/* ---- nonces ---- */

static void authenticate(uint8_t mac[MAC_LEN], const uint8_t secret[32], const uint8_t head[16],
                         const uint8_t tenant_digest[32], const uint8_t rp_id[32]) {
    uint8_t info[5 + 8] = "nonce", key[32], message[16 + 16 + 32 + 32], full[32];
    hats_store_be64(info + 5, hats_load_be64(head) / HOUR_MS);
    hats_hkdf_sha256(key, sizeof key, NULL, 0, secret, 32, info, sizeof info);
    struct hats_writer w = hats_writer_of(message, sizeof message);
    hats_write_tag16(&w, "HATS-NON-1");
    hats_write_bytes(&w, head, 16);
    hats_write_bytes(&w, tenant_digest, 32);
    hats_write_bytes(&w, rp_id, 32);
    hats_hmac_sha256(full, key, sizeof key, message, sizeof message);
    memcpy(mac, full, MAC_LEN);
    hats_wipe(key, sizeof key);
    hats_wipe(full, sizeof full);
}

void hats_nonce_make(uint8_t nonce[HATS_NONCE_LEN], const uint8_t secret[32], uint64_t t_ms,
                     const uint8_t random[8], const uint8_t tenant_digest[32],
                     const uint8_t rp_id[32]) {
    hats_store_be64(nonce, t_ms);
    memcpy(nonce + 8, random, 8);
    authenticate(nonce + 16, secret, nonce, tenant_digest, rp_id);
}

bool hats_nonce_is_ours(const uint8_t nonce[HATS_NONCE_LEN], const uint8_t secret[32],
                        const uint8_t tenant_digest[32], const uint8_t rp_id[32]) {
    uint8_t mac[MAC_LEN];
    authenticate(mac, secret, nonce, tenant_digest, rp_id);
    bool same = hats_equal_ct(mac, nonce + 16, MAC_LEN);
    hats_wipe(mac, sizeof mac);
    return same;
}

uint64_t hats_nonce_time_ms(const uint8_t nonce[HATS_NONCE_LEN]) { return hats_load_be64(nonce); }

bool hats_nonce_is_fresh(const uint8_t nonce[HATS_NONCE_LEN], uint64_t now_ms) {
    uint64_t t = hats_nonce_time_ms(nonce);
    return t > now_ms ? t - now_ms <= HATS_CHALLENGE_AHEAD_MS : now_ms - t <= HATS_CHALLENGE_AGE_MS;
}

/* ---- question ---- */

void hats_challenge_ask(uint8_t out[HATS_CHALLENGE_MAX_BYTES], size_t *len_bytes,
                        const uint8_t rp_id[32]) {
    struct hats_writer w = hats_writer_of(out, HATS_CHALLENGE_MAX_BYTES);
    hats_cbor_put_map(&w, 2);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_uint(&w, VERSION);
    hats_cbor_put_uint(&w, 2);
    hats_cbor_put_bytes(&w, rp_id, 32);
    *len_bytes = hats_writer_len(&w);
}

hats_status hats_challenge_asked(uint8_t rp_id[32], const uint8_t *body, size_t len_bytes,
                                 struct hats_error *err) {
    if (len_bytes > HATS_CHALLENGE_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "challenge of %zu bytes: at most %d are allowed",
                         len_bytes, HATS_CHALLENGE_MAX_BYTES);
    hats_status s = hats_cbor_validate(body, len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "challenge");
    struct hats_reader r = hats_reader_of(body, len_bytes);
    uint64_t k1 = 0, k2 = 0, version = 0;
    size_t n = 0;
    bool ok = hats_cbor_get_map(&r, &n) && n == 2 && hats_cbor_get_uint(&r, &k1) && k1 == 1 &&
              hats_cbor_get_uint(&r, &version) && hats_cbor_get_uint(&r, &k2) && k2 == 2 &&
              hats_cbor_get_bytes_exact(&r, rp_id, 32) && hats_reader_done(&r);
    if (!ok)
        return hats_fail(err, HATS_E_MALFORMED,
                         "a challenge is asked for with a map of version and 32 bytes of rp_id");
    if (version != VERSION)
        return hats_fail(err, HATS_E_VERSION, "challenge version %llu is not known here",
                         (unsigned long long)version);
    return HATS_OK;
}

/* ---- answer ---- */

void hats_challenge_encode(uint8_t out[HATS_CHALLENGE_MAX_BYTES], size_t *len_bytes,
                           const struct hats_challenge *c) {
    struct hats_writer w = hats_writer_of(out, HATS_CHALLENGE_MAX_BYTES);
    hats_cbor_put_map(&w, N_FIELDS);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_bytes(&w, c->nonce, sizeof c->nonce);
    hats_cbor_put_uint(&w, 2);
    hats_cbor_put_uint(&w, c->now_ms);
    hats_cbor_put_uint(&w, 3);
    hats_cbor_put_uint(&w, c->epoch);
    hats_cbor_put_uint(&w, 4);
    hats_cbor_put_bytes(&w, c->registry_root, 32);
    hats_cbor_put_uint(&w, 5);
    hats_cbor_put_uint(&w, c->registry_seq);
    hats_cbor_put_uint(&w, 6);
    hats_cbor_put_bytes(&w, c->policy_digest, 32);
    hats_cbor_put_uint(&w, 7);
    hats_cbor_put_uint(&w, c->calls_max);
    hats_cbor_put_uint(&w, 8);
    hats_cbor_put_uint(&w, c->life_max_s);
    hats_cbor_put_uint(&w, 9);
    hats_cbor_put_uint(&w, c->epoch_length);
    hats_cbor_put_uint(&w, 10);
    hats_cbor_put_bytes(&w, c->tenant_digest, 32);
    bool fits = hats_writer_ok(&w);
    assert(fits);
    (void)fits;
    *len_bytes = hats_writer_len(&w);
}

/* Key `key` and an unsigned integer of at most max. */
static bool take_uint(struct hats_reader *r, uint64_t key, uint64_t *v, uint64_t max) {
    uint64_t k = 0;
    return hats_cbor_get_uint(r, &k) && k == key && hats_cbor_get_uint(r, v) && *v <= max;
}

static bool take_b32(struct hats_reader *r, uint64_t key, uint8_t out[32]) {
    uint64_t k = 0;
    return hats_cbor_get_uint(r, &k) && k == key && hats_cbor_get_bytes_exact(r, out, 32);
}

hats_status hats_challenge_decode(struct hats_challenge *out, const uint8_t *body, size_t len_bytes,
                                  struct hats_error *err) {
    struct hats_challenge c = {0};
    struct hats_reader r = hats_reader_of(body, len_bytes);
    uint64_t epoch = 0, calls = 0, life = 0, length = 0;
    size_t n = 0;
    *out = c;
    hats_status s = len_bytes <= HATS_CHALLENGE_MAX_BYTES
                        ? hats_cbor_validate(body, len_bytes, err)
                        : hats_fail(err, HATS_E_MALFORMED, "%zu bytes", len_bytes);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "the server's challenge");
    bool ok = hats_cbor_get_map(&r, &n) && n == N_FIELDS && take_b32(&r, 1, c.nonce) &&
              take_uint(&r, 2, &c.now_ms, INT64_MAX) && take_uint(&r, 3, &epoch, UINT32_MAX) &&
              take_b32(&r, 4, c.registry_root) && take_uint(&r, 5, &c.registry_seq, INT64_MAX) &&
              take_b32(&r, 6, c.policy_digest) && take_uint(&r, 7, &calls, UINT32_MAX) &&
              take_uint(&r, 8, &life, UINT32_MAX) && take_uint(&r, 9, &length, UINT32_MAX) &&
              take_b32(&r, 10, c.tenant_digest) && hats_reader_done(&r);
    if (!ok)
        return hats_fail(err, HATS_E_MALFORMED,
                         "the server's challenge is not a map of its ten fields");
    if (calls < 1 || calls > HATS_SESSION_CALLS_MAX || life < 1 || life > HATS_SESSION_LIFE_MAX_S)
        return hats_fail(
            err, HATS_E_RANGE,
            "the server's challenge allows %llu calls in %llu s: not 1 to %u calls in 1 "
            "to %u s",
            (unsigned long long)calls, (unsigned long long)life, HATS_SESSION_CALLS_MAX,
            HATS_SESSION_LIFE_MAX_S);
    c.epoch = (uint32_t)epoch;
    c.calls_max = (uint32_t)calls;
    c.life_max_s = (uint32_t)life;
    c.epoch_length = (uint32_t)length;
    *out = c;
    return HATS_OK;
}
