#include "evidence/trust.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"
#include "cbor/cbor.h"
#include "evidence/checkpoint.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* [RFC9052, 7.1], [RFC9964]; below -65536 is for private use. */
enum {
    KEY_KTY = 1,
    KEY_KID = 2,
    KEY_ALG = 3,
    KEY_PUB = -1,
    KEY_NAME = -65537,
    KEY_ROLES = -65538,
    KEY_FROM = -65539,
    KEY_UNTIL = -65540,
    KEY_REVOKED = -65541,
};
#define KTY_AKP 7
#define KEY_N_PAIRS 9
#define KEY_HEAD_MAX 128 /* bytes of an encoded key beside its public key and name */

const char *hats_role_name(enum hats_role role) {
    switch (role) {
    case HATS_ROLE_RECEIPT: return "receipt signer";
    case HATS_ROLE_MODEL: return "model publisher";
    case HATS_ROLE_OWNER: return "data owner";
    case HATS_ROLE_LOG: return "transparency log";
    case HATS_ROLE_WITNESS: return "log witness";
    case HATS_ROLE_SOURCE: return "data source";
    case HATS_ROLE_AUTHORISER: return "authoriser";
    case HATS_ROLE_PROCESSOR: return "data processor";
    case HATS_ROLE_REGISTRAR: return "device registrar";
    default: return "signer";
    }
}

void hats_trust_init(struct hats_trust *t) { *t = (struct hats_trust){0}; }

void hats_trust_clear(struct hats_trust *t) {
    hats_free(t->keys);
    *t = (struct hats_trust){0};
}

/* Index of the first key whose kid is not below `kid`. */
static size_t place_of(const struct hats_trust *t, const uint8_t kid[HATS_THUMBPRINT_LEN]) {
    size_t at = 0;
    while (at < t->n_keys && memcmp(t->keys[at].kid, kid, HATS_THUMBPRINT_LEN) < 0)
        at++;
    return at;
}

const struct hats_trust_key *hats_trust_find(const struct hats_trust *t,
                                             const uint8_t kid[HATS_THUMBPRINT_LEN]) {
    size_t at = place_of(t, kid);
    bool found = at < t->n_keys && memcmp(t->keys[at].kid, kid, HATS_THUMBPRINT_LEN) == 0;
    return found ? &t->keys[at] : NULL;
}

const struct hats_trust_key *hats_trust_find_note(const struct hats_trust *t, enum hats_role role,
                                                  const char *name, const uint8_t key_id[4]) {
    for (size_t i = 0; i < t->n_keys; i++) {
        const struct hats_trust_key *key = &t->keys[i];
        uint8_t id[4];
        if (key->level != HATS_MLDSA_44 || (key->roles & (unsigned)role) == 0 ||
            strcmp(key->name, name) != 0)
            continue;
        hats_note_key_id(id, name, key->public_key);
        if (memcmp(id, key_id, sizeof id) == 0)
            return key;
    }
    return NULL;
}

static bool same_properties(const struct hats_trust_key *a, const struct hats_trust_key *b) {
    return strcmp(a->name, b->name) == 0 && a->roles == b->roles &&
           a->valid_from_ms == b->valid_from_ms && a->valid_until_ms == b->valid_until_ms &&
           a->revoked_ms == b->revoked_ms;
}

/* Keys whose kid is already there. */
static hats_status insert(struct hats_trust *t, const struct hats_trust_key *key,
                          struct hats_error *err) {
    size_t at = place_of(t, key->kid);
    if (at < t->n_keys && memcmp(t->keys[at].kid, key->kid, HATS_THUMBPRINT_LEN) == 0)
        return same_properties(&t->keys[at], key)
                   ? HATS_OK
                   : hats_fail(err, HATS_E_CONFLICT,
                               "the key of \"%s\" is already trusted with other properties",
                               key->name);
    if (t->n_keys >= HATS_TRUST_KEYS_MAX)
        return hats_fail(err, HATS_E_BUSY, "more than %d trusted keys", HATS_TRUST_KEYS_MAX);
    struct hats_trust_key *keys = hats_alloc_array(t->n_keys + 1, sizeof *keys);
    if (keys == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for %zu trusted keys", t->n_keys + 1);
    if (at != 0)
        memcpy(keys, t->keys, at * sizeof *keys);
    keys[at] = *key;
    if (at != t->n_keys)
        memcpy(keys + at + 1, t->keys + at, (t->n_keys - at) * sizeof *keys);
    hats_free(t->keys);
    t->keys = keys;
    t->n_keys++;
    return HATS_OK;
}

hats_status hats_trust_add(struct hats_trust *t, const struct hats_trust_key *key,
                           struct hats_error *err) {
    struct hats_trust_key copy = *key;
    assert(hats_mldsa_level_known((int)key->level) && key->roles != 0 &&
           (key->roles & ~(unsigned)HATS_ROLE_ALL) == 0);
    if (!hats_text_is_plain(key->name))
        return hats_fail(err, HATS_E_USAGE,
                         "the name of a key is UTF-8 without control characters");
    if (key->valid_until_ms < key->valid_from_ms)
        return hats_fail(err, HATS_E_USAGE, "a key of \"%s\" would end before it begins",
                         key->name);
    hats_cose_thumbprint(copy.kid, key->level, key->public_key);
    return insert(t, &copy, err);
}

void hats_trust_key_of(struct hats_trust_key *out, const struct hats_sign_key *key,
                       const char *name, unsigned roles, uint64_t from_ms) {
    *out = (struct hats_trust_key){
        .level = hats_mldsa_level_of(key),
        .roles = roles,
        .valid_from_ms = from_ms,
        .valid_until_ms = HATS_TIME_NONE,
        .revoked_ms = HATS_TIME_NONE,
    };
    memcpy(out->public_key, hats_mldsa_public(key), hats_mldsa_public_len(out->level));
    snprintf(out->name, sizeof out->name, "%s", name);
    hats_cose_thumbprint_of(out->kid, key);
}

/* --- decoding --- */

static bool take_label(struct hats_reader *r, int64_t label) {
    int64_t got;
    return hats_cbor_get_int(r, &got) && got == label;
}

static bool get_time(struct hats_reader *r, uint64_t *ms) {
    return hats_cbor_get_uint(r, ms) && *ms != HATS_TIME_NONE;
}

static bool get_time_or_null(struct hats_reader *r, uint64_t *ms) {
    *ms = HATS_TIME_NONE;
    return hats_cbor_take_null(r) || get_time(r, ms);
}

static hats_status bad_key(struct hats_error *err, hats_status s, size_t index, const char *what) {
    return hats_fail(err, s, "trusted keys: key %zu: %s", index + 1, what);
}

static hats_status decode_material(struct hats_trust_key *out, struct hats_reader *r, size_t index,
                                   struct hats_error *err) {
    uint8_t thumbprint[HATS_THUMBPRINT_LEN];
    uint64_t kty;
    int64_t alg;
    if (!take_label(r, KEY_KTY) || !hats_cbor_get_uint(r, &kty) || kty != KTY_AKP)
        return bad_key(err, HATS_E_UNSUPPORTED, index, "kty (1) is not 7 (AKP)");
    if (!take_label(r, KEY_KID) || !hats_cbor_get_bytes_exact(r, out->kid, sizeof out->kid))
        return bad_key(err, HATS_E_MALFORMED, index, "kid (2) is missing or not 32 bytes");
    if (!take_label(r, KEY_ALG) || !hats_cbor_get_int(r, &alg) ||
        !hats_cose_level(&out->level, alg))
        return bad_key(err, HATS_E_UNSUPPORTED, index, "alg (3) is not ML-DSA (-48, -49 or -50)");
    if (!take_label(r, KEY_PUB) ||
        !hats_cbor_get_bytes_exact(r, out->public_key, hats_mldsa_public_len(out->level)))
        return bad_key(err, HATS_E_MALFORMED, index,
                       "pub (-1) has not the length of its algorithm");
    hats_cose_thumbprint(thumbprint, out->level, out->public_key);
    if (memcmp(thumbprint, out->kid, sizeof thumbprint) != 0)
        return bad_key(err, HATS_E_VERIFY, index, "kid (2) is not the thumbprint of the key");
    return HATS_OK;
}

static hats_status decode_key(struct hats_trust_key *out, struct hats_reader *r, size_t index,
                              struct hats_error *err) {
    size_t n;
    uint64_t roles;
    *out = (struct hats_trust_key){0};
    if (!hats_cbor_get_map(r, &n) || n != KEY_N_PAIRS)
        return bad_key(err, HATS_E_UNSUPPORTED, index, "not a map of exactly nine parameters");
    hats_status s = decode_material(out, r, index, err);
    if (s != HATS_OK)
        return s;
    if (!take_label(r, KEY_NAME) || !hats_cbor_get_string(r, out->name, sizeof out->name) ||
        !hats_text_is_plain(out->name))
        return bad_key(err, HATS_E_MALFORMED, index,
                       "name (-65537) is missing, too long or not plain text");
    if (!take_label(r, KEY_ROLES) || !hats_cbor_get_uint(r, &roles) || roles == 0 ||
        (roles & ~(uint64_t)HATS_ROLE_ALL) != 0)
        return bad_key(err, HATS_E_UNSUPPORTED, index,
                       "roles (-65538) are not a sum of 1, 2, 4 ... 128");
    out->roles = (unsigned)roles;
    if (!take_label(r, KEY_FROM) || !get_time(r, &out->valid_from_ms))
        return bad_key(err, HATS_E_MALFORMED, index, "valid-from (-65539) is not a time");
    if (!take_label(r, KEY_UNTIL) || !get_time_or_null(r, &out->valid_until_ms))
        return bad_key(err, HATS_E_MALFORMED, index, "valid-until (-65540) is not a time or null");
    if (!take_label(r, KEY_REVOKED) || !get_time_or_null(r, &out->revoked_ms))
        return bad_key(err, HATS_E_MALFORMED, index, "revoked-at (-65541) is not a time or null");
    if (out->valid_until_ms < out->valid_from_ms)
        return bad_key(err, HATS_E_RANGE, index, "valid-until lies before valid-from");
    return HATS_OK;
}

static hats_status decode_set(struct hats_trust *t, struct hats_reader *r, struct hats_error *err) {
    uint8_t last[HATS_THUMBPRINT_LEN];
    size_t n;
    if (!hats_cbor_get_array(r, &n) || n == 0 || n > HATS_TRUST_KEYS_MAX)
        return hats_fail(err, HATS_E_MALFORMED, "trusted keys: not an array of 1 to %d keys",
                         HATS_TRUST_KEYS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct hats_trust_key key;
        hats_status s = decode_key(&key, r, i, err);
        if (s != HATS_OK)
            return s;
        if (i > 0 && memcmp(last, key.kid, sizeof last) >= 0)
            return bad_key(err, HATS_E_CANONICAL, i, "not in ascending order of kid");
        memcpy(last, key.kid, sizeof last);
        s = insert(t, &key, err);
        if (s != HATS_OK)
            return s;
    }
    return HATS_OK;
}

/* A set of its own with the same keys, so that a failed load leaves the first as it was. */
static hats_status copy_of(struct hats_trust *out, const struct hats_trust *t,
                           struct hats_error *err) {
    hats_trust_init(out);
    if (t->n_keys == 0)
        return HATS_OK;
    out->keys = hats_alloc_array(t->n_keys, sizeof *out->keys);
    if (out->keys == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for %zu trusted keys", t->n_keys);
    memcpy(out->keys, t->keys, t->n_keys * sizeof *out->keys);
    out->n_keys = t->n_keys;
    return HATS_OK;
}

hats_status hats_trust_load(struct hats_trust *t, const uint8_t *bytes, size_t len_bytes,
                            struct hats_error *err) {
    struct hats_trust both;
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    hats_status s = hats_cbor_validate(bytes, len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "trusted keys");
    s = copy_of(&both, t, err);
    if (s == HATS_OK)
        s = decode_set(&both, &r, err);
    if (s != HATS_OK) {
        hats_trust_clear(&both);
        return s;
    }
    hats_trust_clear(t);
    *t = both;
    return HATS_OK;
}

/* --- encoding --- */

static void put_time_or_null(struct hats_writer *w, uint64_t ms) {
    if (ms == HATS_TIME_NONE)
        hats_cbor_put_null(w);
    else
        hats_cbor_put_uint(w, ms);
}

static void put_key(struct hats_writer *w, const struct hats_trust_key *key) {
    hats_cbor_put_map(w, KEY_N_PAIRS);
    hats_cbor_put_uint(w, KEY_KTY);
    hats_cbor_put_uint(w, KTY_AKP);
    hats_cbor_put_uint(w, KEY_KID);
    hats_cbor_put_bytes(w, key->kid, sizeof key->kid);
    hats_cbor_put_uint(w, KEY_ALG);
    hats_cbor_put_int(w, hats_cose_alg(key->level));
    hats_cbor_put_int(w, KEY_PUB);
    hats_cbor_put_bytes(w, key->public_key, hats_mldsa_public_len(key->level));
    hats_cbor_put_int(w, KEY_NAME);
    hats_cbor_put_text(w, key->name);
    hats_cbor_put_int(w, KEY_ROLES);
    hats_cbor_put_uint(w, key->roles);
    hats_cbor_put_int(w, KEY_FROM);
    hats_cbor_put_uint(w, key->valid_from_ms);
    hats_cbor_put_int(w, KEY_UNTIL);
    put_time_or_null(w, key->valid_until_ms);
    hats_cbor_put_int(w, KEY_REVOKED);
    put_time_or_null(w, key->revoked_ms);
}

hats_status hats_trust_encode(struct hats_buffer *out, const struct hats_trust *t,
                              struct hats_error *err) {
    size_t cap = 9;
    assert(t->n_keys > 0);
    for (size_t i = 0; i < t->n_keys; i++)
        cap += KEY_HEAD_MAX + hats_mldsa_public_len(t->keys[i].level) + sizeof t->keys[i].name;
    uint8_t *bytes = hats_alloc(cap);
    if (bytes == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to write %zu trusted keys", t->n_keys);
    struct hats_writer w = hats_writer_of(bytes, cap);
    hats_cbor_put_array(&w, t->n_keys);
    for (size_t i = 0; i < t->n_keys; i++)
        put_key(&w, &t->keys[i]);
    assert(hats_writer_ok(&w));
    hats_buffer_append(out, bytes, hats_writer_len(&w));
    hats_free(bytes);
    return out->failed ? hats_fail(err, HATS_E_MEMORY, "%zu trusted keys do not fit", t->n_keys)
                       : HATS_OK;
}

/* --- judging --- */

const char *hats_signer_state_name(enum hats_signer_state s) {
    switch (s) {
    case HATS_SIGNER_TRUSTED: return "trusted";
    case HATS_SIGNER_UNKNOWN: return "unknown";
    case HATS_SIGNER_WRONG_ROLE: return "wrong-role";
    case HATS_SIGNER_REVOKED: return "revoked";
    case HATS_SIGNER_NOT_YET_VALID: return "not-yet-valid";
    case HATS_SIGNER_EXPIRED: return "expired";
    default: return "not-judged";
    }
}

enum hats_signer_state hats_trust_judge(const struct hats_trust_key *key, enum hats_role role,
                                        uint64_t at_ms, uint64_t now_ms) {
    if (key == NULL)
        return HATS_SIGNER_UNKNOWN;
    if ((key->roles & (unsigned)role) == 0)
        return HATS_SIGNER_WRONG_ROLE;
    bool revoked = key->revoked_ms != HATS_TIME_NONE;
    if (revoked && (key->revoked_ms <= now_ms || key->revoked_ms <= at_ms))
        return HATS_SIGNER_REVOKED;
    if (at_ms < key->valid_from_ms)
        return HATS_SIGNER_NOT_YET_VALID;
    return at_ms > key->valid_until_ms ? HATS_SIGNER_EXPIRED : HATS_SIGNER_TRUSTED;
}

static hats_status distrust(struct hats_error *err, enum hats_signer_state state,
                            const struct hats_trust_key *key, enum hats_role role) {
    switch (state) {
    case HATS_SIGNER_WRONG_ROLE:
        return hats_fail(err, HATS_E_TRUST,
                         "signer: the signature holds, but \"%s\" is not trusted as %s", key->name,
                         hats_role_name(role));
    case HATS_SIGNER_REVOKED:
        return hats_fail(err, HATS_E_TRUST,
                         "signer: the signature holds, but the key of \"%s\" is revoked",
                         key->name);
    case HATS_SIGNER_NOT_YET_VALID:
        return hats_fail(
            err, HATS_E_TRUST,
            "signer: the signature holds, but the key of \"%s\" was not yet valid at the "
            "time stated",
            key->name);
    default:
        return hats_fail(
            err, HATS_E_TRUST,
            "signer: the signature holds, but the key of \"%s\" had expired at the time "
            "stated",
            key->name);
    }
}

hats_status hats_trust_check(const struct hats_cose *file, const struct hats_trust_key **key,
                             enum hats_signer_state *state, const struct hats_trust *t,
                             enum hats_role role, uint64_t at_ms, uint64_t now_ms,
                             struct hats_error *err) {
    char kid[2 * HATS_THUMBPRINT_LEN + 1];
    *state = HATS_SIGNER_UNKNOWN;
    *key = hats_trust_find(t, file->kid);
    if (*key == NULL) {
        hats_hex_encode(kid, file->kid, sizeof file->kid);
        return hats_fail(
            err, HATS_E_TRUST,
            "signer: unknown: no trusted key has the thumbprint %s, so the signature could "
            "not be checked; add the signer's keys file",
            kid);
    }
    hats_status s =
        hats_cose_verify(file, (*key)->public_key, hats_mldsa_public_len((*key)->level), err);
    *state = HATS_SIGNER_NOT_JUDGED;
    if (s != HATS_OK)
        return s;
    *state = hats_trust_judge(*key, role, at_ms, now_ms);
    return *state == HATS_SIGNER_TRUSTED ? HATS_OK : distrust(err, *state, *key, role);
}
