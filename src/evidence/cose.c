#include "evidence/cose.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "cbor/cbor.h"
#include "hash/sha256.h"

#include <assert.h>
#include <string.h>

/* Header parameters: [RFC9052, 3.1], CWT claims [RFC9597], typ [RFC9596]. */
enum { HEADER_ALG = 1, HEADER_CONTENT_TYPE = 3, HEADER_KID = 4, HEADER_CWT = 15, HEADER_TYP = 16 };
enum { CWT_ISS = 1, CWT_IAT = 6 };
enum { KEY_KTY = 1, KEY_ALG = 3, KEY_PUB = -1, KTY_AKP = 7 };

#define CONTENT_TYPE "application/cbor"
#define PROTECTED_MAX 512            /* bytes; the longest header of ours takes 275 */
#define ISSUED_MAX_S 253402300799ull /* the end of the year 9999 */

static const struct {
    int alg;
    enum hats_mldsa_level level;
} algs[] = {{-48, HATS_MLDSA_44}, {-49, HATS_MLDSA_65}, {-50, HATS_MLDSA_87}};

int hats_cose_alg(enum hats_mldsa_level level) {
    for (size_t i = 0; i < HATS_COUNT_OF(algs); i++)
        if (algs[i].level == level)
            return algs[i].alg;
    assert(false);
    return 0;
}

bool hats_cose_level(enum hats_mldsa_level *level, int64_t alg) {
    for (size_t i = 0; i < HATS_COUNT_OF(algs); i++) {
        if (algs[i].alg != alg)
            continue;
        *level = algs[i].level;
        return true;
    }
    return false;
}

void hats_cose_thumbprint(uint8_t out[HATS_THUMBPRINT_LEN], enum hats_mldsa_level level,
                          const uint8_t *public_key) {
    uint8_t head[16];
    size_t len = hats_mldsa_public_len(level);
    struct hats_writer w = hats_writer_of(head, sizeof head);
    hats_cbor_put_map(&w, 3);
    hats_cbor_put_uint(&w, KEY_KTY);
    hats_cbor_put_uint(&w, KTY_AKP);
    hats_cbor_put_uint(&w, KEY_ALG);
    hats_cbor_put_int(&w, hats_cose_alg(level));
    hats_cbor_put_int(&w, KEY_PUB);
    hats_cbor_put_bytes_head(&w, len);
    assert(hats_writer_ok(&w));
    struct hats_sha256 c;
    hats_sha256_init(&c);
    hats_sha256_update(&c, head, hats_writer_len(&w));
    hats_sha256_update(&c, public_key, len);
    hats_sha256_final(&c, out);
}

void hats_cose_thumbprint_of(uint8_t out[HATS_THUMBPRINT_LEN], const struct hats_sign_key *key) {
    hats_cose_thumbprint(out, hats_mldsa_level_of(key), hats_mldsa_public(key));
}

/* Ends the line, or changes the order of what stands in it. */
static bool moves(const uint8_t *s) {
    if (s[0] == 0xd8)
        return s[1] == 0x9c;
    if (s[0] != 0xe2)
        return false;
    return (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
           (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

bool hats_text_is_plain(const char *text) {
    const uint8_t *s = (const uint8_t *)text;
    if (!hats_cbor_text_valid(text, strlen(text)))
        return false;
    for (; *s != 0; s++) {
        bool c1 = s[0] == 0xc2 && s[1] < 0xa0; /* U+0080 .. U+009F */
        if (*s < 0x20 || *s == 0x7f || c1 || moves(s))
            return false;
    }
    return true;
}

uint8_t *hats_cose_to_be_signed(size_t *len_bytes, const uint8_t *protected_header,
                                size_t protected_len, const uint8_t *payload, size_t payload_len) {
    static const char context[] = "Signature1";
    size_t cap = 1 + sizeof context + 1 + 9 + protected_len + 9 + payload_len;
    uint8_t *out = hats_alloc(cap);
    if (out == NULL)
        return NULL;
    struct hats_writer w = hats_writer_of(out, cap);
    hats_cbor_put_array(&w, 4);
    hats_cbor_put_text(&w, context);
    hats_cbor_put_bytes(&w, protected_header, protected_len);
    hats_cbor_put_bytes(&w, NULL, 0);
    hats_cbor_put_bytes(&w, payload, payload_len);
    assert(hats_writer_ok(&w));
    *len_bytes = hats_writer_len(&w);
    return out;
}

/* --- signing --- */

static void put_header(struct hats_writer *w, const struct hats_sign_key *key, const char *type,
                       const char *issuer, uint64_t issued_s) {
    uint8_t kid[HATS_THUMBPRINT_LEN];
    hats_cose_thumbprint_of(kid, key);
    hats_cbor_put_map(w, 5);
    hats_cbor_put_uint(w, HEADER_ALG);
    hats_cbor_put_int(w, hats_cose_alg(hats_mldsa_level_of(key)));
    hats_cbor_put_uint(w, HEADER_CONTENT_TYPE);
    hats_cbor_put_text(w, CONTENT_TYPE);
    hats_cbor_put_uint(w, HEADER_KID);
    hats_cbor_put_bytes(w, kid, sizeof kid);
    hats_cbor_put_uint(w, HEADER_CWT);
    hats_cbor_put_map(w, 2);
    hats_cbor_put_uint(w, CWT_ISS);
    hats_cbor_put_text(w, issuer);
    hats_cbor_put_uint(w, CWT_IAT);
    hats_cbor_put_uint(w, issued_s);
    hats_cbor_put_uint(w, HEADER_TYP);
    hats_cbor_put_text(w, type);
}

static void put_file(struct hats_writer *w, const struct hats_writer *header,
                     const uint8_t *payload, size_t payload_len, const uint8_t *signature,
                     size_t signature_len) {
    hats_cbor_put_tag(w, HATS_CBOR_TAG_SIGN1);
    hats_cbor_put_array(w, 4);
    hats_cbor_put_bytes(w, header->start, hats_writer_len(header));
    hats_cbor_put_map(w, 0);
    hats_cbor_put_bytes(w, payload, payload_len);
    hats_cbor_put_bytes(w, signature, signature_len);
}

hats_status hats_cose_sign(struct hats_buffer *out, const struct hats_sign_key *key,
                           const char *type, const char *issuer, uint64_t issued_s,
                           const uint8_t *payload, size_t payload_len, struct hats_error *err) {
    uint8_t header[PROTECTED_MAX], signature[HATS_MLDSA_SIGNATURE_MAX];
    assert(strlen(type) < HATS_MEDIA_TYPE_MAX && issued_s <= ISSUED_MAX_S);
    assert(hats_cbor_validate(payload, payload_len, NULL) == HATS_OK);
    if (strlen(issuer) >= HATS_ISSUER_MAX || !hats_text_is_plain(issuer))
        return hats_fail(
            err, HATS_E_USAGE,
            "the name of a signer is UTF-8 without control characters, shorter than %d bytes",
            HATS_ISSUER_MAX);
    struct hats_writer hw = hats_writer_of(header, sizeof header);
    put_header(&hw, key, type, issuer, issued_s);
    assert(hats_writer_ok(&hw));

    size_t tbs_len, signature_len = hats_mldsa_signature_len(hats_mldsa_level_of(key));
    uint8_t *tbs =
        hats_cose_to_be_signed(&tbs_len, header, hats_writer_len(&hw), payload, payload_len);
    if (tbs == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to sign");
    hats_status s = hats_mldsa_sign(key, signature, tbs, tbs_len, err);
    hats_free(tbs);
    if (s != HATS_OK)
        return s;

    size_t len = 2 + hats_cbor_head_len(hats_writer_len(&hw)) + hats_writer_len(&hw) + 1 +
                 hats_cbor_head_len(payload_len) + payload_len + hats_cbor_head_len(signature_len) +
                 signature_len;
    uint8_t *at = len <= HATS_COSE_MAX_BYTES ? hats_buffer_reserve(out, len) : NULL;
    if (at == NULL)
        return hats_fail(err, HATS_E_MEMORY, "a signed file of %zu bytes does not fit", len);
    struct hats_writer w = hats_writer_of(at, len);
    put_file(&w, &hw, payload, payload_len, signature, signature_len);
    assert(hats_writer_ok(&w) && hats_writer_len(&w) == len);
    return HATS_OK;
}

/* --- reading --- */

static hats_status bad_header(struct hats_error *err, hats_status s, const char *what) {
    return hats_fail(err, s, "signed file: protected header: %s", what);
}

/* Consumes the key of the next header parameter when it is `label`. */
static bool take_label(struct hats_reader *r, uint64_t label) {
    uint64_t got;
    return hats_cbor_get_uint(r, &got) && got == label;
}

static hats_status parse_alg(struct hats_cose *out, struct hats_reader *r, struct hats_error *err) {
    int64_t alg;
    if (!take_label(r, HEADER_ALG) || !hats_cbor_get_int(r, &alg))
        return bad_header(err, HATS_E_MALFORMED, "alg (1) is missing or not a number");
    if (!hats_cose_level(&out->level, alg))
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "signed file: protected header: alg %lld is not ML-DSA (-48, -49 or -50)",
                         (long long)alg);
    return HATS_OK;
}

static hats_status parse_header(struct hats_cose *out, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(out->protected_header, out->protected_len);
    char content_type[HATS_MEDIA_TYPE_MAX];
    size_t n;
    if (!hats_cbor_get_map(&r, &n) || n != 5)
        return bad_header(err, HATS_E_UNSUPPORTED,
                          "not a map of exactly alg, content type, kid, CWT "
                          "claims and typ");
    hats_status s = parse_alg(out, &r, err);
    if (s != HATS_OK)
        return s;
    if (!take_label(&r, HEADER_CONTENT_TYPE) ||
        !hats_cbor_get_string(&r, content_type, sizeof content_type) ||
        strcmp(content_type, CONTENT_TYPE) != 0)
        return bad_header(err, HATS_E_UNSUPPORTED, "content type (3) is not " CONTENT_TYPE);
    if (!take_label(&r, HEADER_KID) || !hats_cbor_get_bytes_exact(&r, out->kid, sizeof out->kid))
        return bad_header(err, HATS_E_MALFORMED, "kid (4) is missing or not 32 bytes");
    if (!take_label(&r, HEADER_CWT) || !hats_cbor_get_map(&r, &n) || n != 2)
        return bad_header(err, HATS_E_MALFORMED, "CWT claims (15) are not exactly iss and iat");
    if (!take_label(&r, CWT_ISS) || !hats_cbor_get_string(&r, out->issuer, sizeof out->issuer) ||
        !hats_text_is_plain(out->issuer))
        return bad_header(err, HATS_E_MALFORMED,
                          "iss (15/1) is missing, not plain text or too long");
    if (!take_label(&r, CWT_IAT) || !hats_cbor_get_uint(&r, &out->issued_s) ||
        out->issued_s > ISSUED_MAX_S)
        return bad_header(err, HATS_E_MALFORMED, "iat (15/6) is missing or not a time");
    if (!take_label(&r, HEADER_TYP) || !hats_cbor_get_string(&r, out->type, sizeof out->type) ||
        !hats_text_is_plain(out->type))
        return bad_header(err, HATS_E_MALFORMED, "typ (16) is missing, not plain text or too long");
    return HATS_OK;
}

static hats_status parse_outer(struct hats_cose *out, const uint8_t *bytes, size_t len_bytes,
                               bool open, struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    size_t n;
    if (!hats_cbor_get_tag(&r, HATS_CBOR_TAG_SIGN1))
        return hats_fail(err, HATS_E_MALFORMED,
                         "signed file: does not begin with tag 18 (COSE_Sign1)");
    if (!hats_cbor_get_array(&r, &n) || n != 4)
        return hats_fail(err, HATS_E_MALFORMED, "signed file: a COSE_Sign1 is an array of four");
    if (!hats_cbor_get_bytes(&r, &out->protected_header, &out->protected_len))
        return hats_fail(err, HATS_E_MALFORMED, "signed file: protected header: not a byte string");
    if (hats_cbor_peek(&r) != HATS_CBOR_MAP ||
        !hats_cbor_get_item(&r, &out->unprotected, &out->unprotected_len))
        return hats_fail(err, HATS_E_MALFORMED, "signed file: unprotected header: not a map");
    if (!open && out->unprotected_len != 1)
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "signed file: the unprotected header is not an empty map");
    if (!hats_cbor_get_bytes(&r, &out->payload, &out->payload_len))
        return hats_fail(err, HATS_E_MALFORMED, "signed file: payload: not a byte string");
    if (!hats_cbor_get_bytes(&r, &out->signature, &out->signature_len))
        return hats_fail(err, HATS_E_MALFORMED, "signed file: signature: not a byte string");
    return HATS_OK;
}

static hats_status validate(const char *what, const uint8_t *bytes, size_t len_bytes,
                            struct hats_error *err) {
    hats_status s = hats_cbor_validate(bytes, len_bytes, err);
    return s == HATS_OK ? s : hats_fail_in(err, s, "%s", what);
}

static hats_status parse(struct hats_cose *out, const uint8_t *bytes, size_t len_bytes,
                         const char *type, bool open, struct hats_error *err) {
    if (len_bytes > HATS_COSE_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "signed file: larger than %u bytes",
                         HATS_COSE_MAX_BYTES);
    hats_status s = validate("signed file", bytes, len_bytes, err);
    if (s == HATS_OK)
        s = parse_outer(out, bytes, len_bytes, open, err);
    if (s == HATS_OK)
        s = validate("signed file: protected header", out->protected_header, out->protected_len,
                     err);
    if (s == HATS_OK)
        s = parse_header(out, err);
    if (s == HATS_OK)
        s = validate("signed file: payload", out->payload, out->payload_len, err);
    if (s != HATS_OK)
        return s;
    if (type != NULL && strcmp(out->type, type) != 0)
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "signed file: protected header: typ (16) is \"%s\", expected \"%s\"",
                         out->type, type);
    size_t expected = hats_mldsa_signature_len(out->level);
    if (out->signature_len != expected)
        return hats_fail(err, HATS_E_MALFORMED,
                         "signed file: signature: %zu bytes, but %s signatures have %zu",
                         out->signature_len, hats_mldsa_name(out->level), expected);
    return HATS_OK;
}

static hats_status parse_or_clear(struct hats_cose *out, const uint8_t *bytes, size_t len_bytes,
                                  const char *type, bool open, struct hats_error *err) {
    memset(out, 0, sizeof *out);
    hats_status s = parse(out, bytes, len_bytes, type, open, err);
    if (s != HATS_OK)
        memset(out, 0, sizeof *out);
    out->file = s == HATS_OK ? bytes : NULL;
    out->file_len = s == HATS_OK ? len_bytes : 0;
    return s;
}

hats_status hats_cose_parse(struct hats_cose *out, const uint8_t *bytes, size_t len_bytes,
                            const char *type, struct hats_error *err) {
    return parse_or_clear(out, bytes, len_bytes, type, false, err);
}

hats_status hats_cose_parse_open(struct hats_cose *out, const uint8_t *bytes, size_t len_bytes,
                                 const char *type, struct hats_error *err) {
    return parse_or_clear(out, bytes, len_bytes, type, true, err);
}

void hats_cose_entry(uint8_t out[32], const struct hats_cose *file) {
    static const uint8_t empty_map = 0xa0;
    const uint8_t *after = file->unprotected + file->unprotected_len;
    struct hats_sha256 c;
    hats_sha256_init(&c);
    hats_sha256_update(&c, file->file, (size_t)(file->unprotected - file->file));
    hats_sha256_update(&c, &empty_map, 1);
    hats_sha256_update(&c, after, (size_t)(file->file + file->file_len - after));
    hats_sha256_final(&c, out);
}

hats_status hats_cose_verify(const struct hats_cose *file, const uint8_t *public_key,
                             size_t public_key_len, struct hats_error *err) {
    uint8_t thumbprint[HATS_THUMBPRINT_LEN];
    if (public_key_len != hats_mldsa_public_len(file->level))
        return hats_fail(err, HATS_E_VERIFY,
                         "signature: made with %s, but the key is not of that kind",
                         hats_mldsa_name(file->level));
    hats_cose_thumbprint(thumbprint, file->level, public_key);
    if (memcmp(thumbprint, file->kid, sizeof thumbprint) != 0)
        return hats_fail(err, HATS_E_VERIFY,
                         "signature: the header names another key (kid) than this");
    size_t tbs_len;
    uint8_t *tbs = hats_cose_to_be_signed(&tbs_len, file->protected_header, file->protected_len,
                                          file->payload, file->payload_len);
    if (tbs == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to check a signature");
    hats_status s = hats_mldsa_verify(file->level, public_key, public_key_len, tbs, tbs_len,
                                      file->signature, file->signature_len, err);
    hats_free(tbs);
    return s == HATS_OK ? s : hats_fail_in(err, s, "signature");
}
