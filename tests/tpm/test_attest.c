/* What a TPM says, by hand: every field, every cut, every kind that is not used. */
#include "base/bytes.h"
#include "base/cursor.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "tpm/attest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 1024 };

struct bytes {
    uint8_t data[MAX];
    struct hats_writer w;
};

static struct hats_writer *begin(struct bytes *b) {
    b->w = hats_writer_of(b->data, sizeof b->data);
    return &b->w;
}

static void put_blob(struct hats_writer *w, uint8_t fill, size_t len) {
    hats_write_be16(w, (uint16_t)len);
    for (size_t i = 0; i < len; i++)
        hats_write_u8(w, fill);
}

static void assert_cuts_refused(const struct bytes *b,
                                hats_status (*parse)(const uint8_t *, size_t)) {
    size_t len = hats_writer_len(&b->w);
    uint8_t longer[MAX + 1] = {0};
    for (size_t n = 0; n < len; n++)
        assert_int_not_equal(parse(b->data, n), HATS_OK);
    memcpy(longer, b->data, len);
    assert_int_not_equal(parse(longer, len + 1), HATS_OK);
    assert_int_equal(parse(b->data, len), HATS_OK);
}

/* ---- public areas ---- */

static hats_status parse_public(const uint8_t *bytes, size_t len) {
    struct hats_tpm_public p;
    static const struct hats_tpm_public zero;
    hats_status s = hats_tpm_public_parse(&p, bytes, len, NULL);
    if (s != HATS_OK)
        assert_memory_equal(&p, &zero, sizeof p);
    return s;
}

static void make_rsa(struct bytes *b, unsigned bits, size_t modulus) {
    struct hats_writer *w = begin(b);
    hats_write_be16(w, HATS_TPM_RSA);
    hats_write_be16(w, 0x000b);
    hats_write_be32(w, HATS_TPM_FIXED_TPM | HATS_TPM_RESTRICTED | HATS_TPM_DECRYPT);
    put_blob(w, 0x77, 32);
    hats_write_be16(w, 0x0006);
    hats_write_be16(w, 128);
    hats_write_be16(w, 0x0043);
    hats_write_be16(w, HATS_TPM_NULL);
    hats_write_be16(w, (uint16_t)bits);
    hats_write_be32(w, 0);
    put_blob(w, 0xc1, modulus);
}

static void make_ecc(struct bytes *b, unsigned curve, unsigned scheme, unsigned hash) {
    struct hats_writer *w = begin(b);
    hats_write_be16(w, HATS_TPM_ECC);
    hats_write_be16(w, 0x000b);
    hats_write_be32(w, HATS_TPM_SIGN);
    put_blob(w, 0, 0);
    hats_write_be16(w, HATS_TPM_NULL);
    hats_write_be16(w, (uint16_t)scheme);
    hats_write_be16(w, (uint16_t)hash);
    hats_write_be16(w, (uint16_t)curve);
    hats_write_be16(w, HATS_TPM_NULL);
    put_blob(w, 1, 32);
    put_blob(w, 2, 31);
}

static void public_areas(void **state) {
    (void)state;
    struct bytes b;
    struct hats_tpm_public p;
    make_rsa(&b, 2048, 256);
    assert_cuts_refused(&b, parse_public);
    assert_int_equal(hats_tpm_public_parse(&p, b.data, hats_writer_len(&b.w), NULL), HATS_OK);
    assert_int_equal(p.rsa_exponent, 65537);
    assert_true(p.storage);
    assert_int_equal(p.policy.len_bytes, 32);
    assert_int_equal(p.x.len_bytes, 256);
    make_ecc(&b, HATS_TPM_P256, HATS_TPM_ECDSA, 0x000b);
    assert_cuts_refused(&b, parse_public);
    assert_int_equal(hats_tpm_public_parse(&p, b.data, hats_writer_len(&b.w), NULL), HATS_OK);
    assert_false(p.storage);
    assert_int_equal(p.y.len_bytes, 31);
    struct hats_writer *w = begin(&b);
    hats_write_be16(w, HATS_TPM_KEYED_HASH);
    hats_write_be16(w, 0x000b);
    hats_write_be32(w, HATS_TPM_SIGN);
    put_blob(w, 9, 32);
    hats_write_be16(w, HATS_TPM_HMAC);
    hats_write_be16(w, 0x000b);
    put_blob(w, 3, 32);
    assert_cuts_refused(&b, parse_public);
}

static void public_areas_that_are_not_used(void **state) {
    (void)state;
    struct bytes b;
    make_rsa(&b, 1024, 128);
    assert_int_equal(parse_public(b.data, hats_writer_len(&b.w)), HATS_E_MALFORMED);
    make_rsa(&b, 2048, 255);
    assert_int_equal(parse_public(b.data, hats_writer_len(&b.w)), HATS_E_MALFORMED);
    make_ecc(&b, 0x0010, HATS_TPM_ECDSA, 0x000b); /* BN P256 */
    assert_int_equal(parse_public(b.data, hats_writer_len(&b.w)), HATS_E_UNSUPPORTED);
    make_ecc(&b, HATS_TPM_P256, 0x001a, 0x000b); /* ECDAA */
    assert_int_equal(parse_public(b.data, hats_writer_len(&b.w)), HATS_E_UNSUPPORTED);
    make_ecc(&b, HATS_TPM_P256, HATS_TPM_ECDSA, 0x0004); /* SHA-1 */
    assert_int_equal(parse_public(b.data, hats_writer_len(&b.w)), HATS_E_UNSUPPORTED);
    make_ecc(&b, HATS_TPM_P256, HATS_TPM_ECDSA, 0x000b);
    b.data[3] = 0x0c; /* named by SHA-384 */
    assert_int_equal(parse_public(b.data, hats_writer_len(&b.w)), HATS_E_UNSUPPORTED);
    b.data[3] = 0x0b;
    b.data[1] = 0x25; /* a symmetric cipher */
    assert_int_equal(parse_public(b.data, hats_writer_len(&b.w)), HATS_E_UNSUPPORTED);
}

static void a_name_is_the_digest_of_the_area(void **state) {
    (void)state;
    uint8_t name[HATS_TPM_NAME_LEN], digest[32];
    hats_tpm_name(name, (const uint8_t *)"area", 4);
    hats_sha256(digest, "area", 4);
    assert_int_equal(name[0], 0);
    assert_int_equal(name[1], 0x0b);
    assert_memory_equal(name + 2, digest, 32);
}

/* ---- attestations ---- */

static hats_status parse_attest(const uint8_t *bytes, size_t len) {
    struct hats_tpm_attest a;
    static const struct hats_tpm_attest zero;
    hats_status s = hats_tpm_attest_parse(&a, bytes, len, NULL);
    if (s != HATS_OK)
        assert_memory_equal(&a, &zero, sizeof a);
    return s;
}

static struct hats_writer *make_head(struct bytes *b, uint32_t magic, unsigned type) {
    struct hats_writer *w = begin(b);
    hats_write_be32(w, magic);
    hats_write_be16(w, (uint16_t)type);
    put_blob(w, 5, 34);
    put_blob(w, 6, 32);
    hats_write_be64(w, 1234);
    hats_write_be32(w, 7);
    hats_write_be32(w, 8);
    hats_write_u8(w, 1);
    hats_write_be64(w, 9);
    return w;
}

static void make_quote(struct bytes *b, unsigned hash, const uint8_t select[4], unsigned n) {
    struct hats_writer *w = make_head(b, 0xff544347, HATS_TPM_QUOTE);
    hats_write_be32(w, 1);
    hats_write_be16(w, (uint16_t)hash);
    hats_write_u8(w, (uint8_t)n);
    hats_write_bytes(w, select, n);
    put_blob(w, 0xdd, 32);
}

static void attestations(void **state) {
    (void)state;
    struct bytes b;
    struct hats_tpm_attest a;
    make_quote(&b, 0x000b, (const uint8_t[]){0x80, 0x00, 0x81, 0}, 3);
    assert_cuts_refused(&b, parse_attest);
    assert_int_equal(hats_tpm_attest_parse(&a, b.data, hats_writer_len(&b.w), NULL), HATS_OK);
    assert_int_equal(a.pcr_mask, 1u << 7 | 1u << 16 | 1u << 23);
    assert_int_equal(a.pcr_digest.data[0], 0xdd);
    assert_int_equal(a.clock_ms, 1234);
    assert_int_equal(a.reset_count, 7);
    assert_int_equal(a.restart_count, 8);
    assert_int_equal(a.firmware_version, 9);
    make_quote(&b, 0x000b, (const uint8_t[]){0, 0, 1, 0}, 4);
    assert_int_equal(parse_attest(b.data, hats_writer_len(&b.w)), HATS_OK);
    struct hats_writer *w = make_head(&b, 0xff544347, HATS_TPM_CERTIFY);
    put_blob(w, 0x0a, 34);
    put_blob(w, 0x0b, 34);
    assert_cuts_refused(&b, parse_attest);
}

static void attestations_that_are_none(void **state) {
    (void)state;
    struct bytes b;
    make_quote(&b, 0x0004, (const uint8_t[]){0x80, 0, 0, 0}, 3); /* the SHA-1 bank */
    assert_int_equal(parse_attest(b.data, hats_writer_len(&b.w)), HATS_E_MALFORMED);
    make_quote(&b, 0x000b, (const uint8_t[]){0x80, 0, 0, 1}, 4); /* a PCR that is none */
    assert_int_equal(parse_attest(b.data, hats_writer_len(&b.w)), HATS_E_MALFORMED);
    make_quote(&b, 0x000b, (const uint8_t[]){0x80, 0, 0, 0}, 2);
    assert_int_equal(parse_attest(b.data, hats_writer_len(&b.w)), HATS_E_MALFORMED);
    make_quote(&b, 0x000b, (const uint8_t[]){0x80, 0, 0, 0}, 3);
    b.data[0] = 0xfe; /* an unrestricted key signed it: no TPM says where it is from */
    assert_int_equal(parse_attest(b.data, hats_writer_len(&b.w)), HATS_E_MALFORMED);
    b.data[0] = 0xff;
    b.data[5] = 0x14; /* a statement about time */
    assert_int_equal(parse_attest(b.data, hats_writer_len(&b.w)), HATS_E_UNSUPPORTED);
    struct hats_writer *w = make_head(&b, 0xff544347, HATS_TPM_CERTIFY);
    put_blob(w, 0x0a, 50); /* a name by SHA-384 */
    put_blob(w, 0x0b, 50);
    assert_int_equal(parse_attest(b.data, hats_writer_len(&b.w)), HATS_E_MALFORMED);
}

static hats_status parse_signature(const uint8_t *bytes, size_t len) {
    struct hats_tpm_signature s;
    return hats_tpm_signature_parse(&s, bytes, len, NULL);
}

static void signatures(void **state) {
    (void)state;
    struct bytes b;
    struct hats_writer *w = begin(&b);
    hats_write_be16(w, HATS_TPM_ECDSA);
    hats_write_be16(w, 0x000b);
    put_blob(w, 1, 32);
    put_blob(w, 2, 32);
    assert_cuts_refused(&b, parse_signature);
    w = begin(&b);
    hats_write_be16(w, HATS_TPM_RSAPSS);
    hats_write_be16(w, 0x000b);
    put_blob(w, 1, 256);
    assert_cuts_refused(&b, parse_signature);
    b.data[3] = 4; /* SHA-1 */
    assert_int_equal(parse_signature(b.data, hats_writer_len(&b.w)), HATS_E_UNSUPPORTED);
    b.data[1] = 0x1b; /* SM2 */
    assert_int_equal(parse_signature(b.data, hats_writer_len(&b.w)), HATS_E_UNSUPPORTED);
}

/* ---- policies ---- */

static void a_policy_is_the_digest_of_the_command(void **state) {
    (void)state;
    uint8_t values[HATS_TPM_PCRS][32] = {{0}}, digest[32], policy[32], message[2 * 32 + 14];
    hats_tpm_pcr_digest(digest, 1, (const uint8_t(*)[32])values);
    hats_sha256(policy, values[0], 32);
    assert_memory_equal(digest, policy, 32);
    hats_tpm_policy_pcr(policy, 1, digest);
    memset(message, 0, sizeof message);
    memcpy(message + 32, "\0\0\x01\x7f\0\0\0\x01\0\x0b\x03\x01\0\0", 14);
    memcpy(message + 46, digest, 32);
    hats_sha256(digest, message, sizeof message);
    assert_memory_equal(policy, digest, 32);
}

/* ---- event logs ---- */

static void put_le16(struct hats_writer *w, unsigned v) {
    hats_write_u8(w, (uint8_t)v);
    hats_write_u8(w, (uint8_t)(v >> 8));
}
static void put_le32(struct hats_writer *w, uint32_t v) {
    put_le16(w, v & 0xffff);
    put_le16(w, v >> 16);
}
static void put_zeros(struct hats_writer *w, size_t n) {
    for (size_t i = 0; i < n; i++)
        hats_write_u8(w, 0);
}

/* Banks SHA-1 and, if asked for, SHA-256. */
static void put_log_head(struct hats_writer *w, bool sha256) {
    put_le32(w, 0);
    put_le32(w, 3);
    put_zeros(w, 20);
    put_le32(w, sha256 ? 37 : 33);
    hats_write_bytes(w, "Spec ID Event03\0", 16);
    put_zeros(w, 8);
    put_le32(w, sha256 ? 2 : 1);
    put_le16(w, 4);
    put_le16(w, 20);
    if (sha256) {
        put_le16(w, 0x0b);
        put_le16(w, 32);
    }
    hats_write_u8(w, 0);
}

static void put_event(struct hats_writer *w, unsigned pcr, uint32_t type, const uint8_t digest[32],
                      const void *event, size_t len) {
    put_le32(w, pcr);
    put_le32(w, type);
    put_le32(w, 2);
    put_le16(w, 4);
    put_zeros(w, 20);
    put_le16(w, 0x0b);
    hats_write_bytes(w, digest, 32);
    put_le32(w, (uint32_t)len);
    hats_write_bytes(w, event, len);
}

static size_t secure_boot_event(uint8_t event[64], uint8_t value) {
    struct hats_writer w = hats_writer_of(event, 64);
    put_zeros(&w, 16);
    put_le32(&w, 10);
    put_le32(&w, 0);
    put_le32(&w, 1);
    put_le32(&w, 0);
    for (const char *c = "SecureBoot"; *c != '\0'; c++)
        put_le16(&w, (unsigned char)*c);
    hats_write_u8(&w, value);
    return hats_writer_len(&w);
}

static hats_status parse_log(const uint8_t *bytes, size_t len) {
    struct hats_tpm_log log;
    return hats_tpm_log_replay(&log, bytes, len, NULL);
}

static void a_log_is_replayed(void **state) {
    (void)state;
    for (uint8_t value = 0; value < 2; value++) {
        struct bytes b;
        struct hats_tpm_log log;
        uint8_t event[64], digest[32], other[32], both[64] = {0};
        size_t len = secure_boot_event(event, value);
        struct hats_writer *w = begin(&b);
        put_log_head(w, true);
        hats_sha256(digest, event, len);
        hats_sha256(other, "other", 5);
        put_event(w, 7, 0x80000001, digest, event, len);
        put_event(w, 7, 0x80000001, other, "x", 1);
        put_event(w, 4, 3, other, "", 0); /* no action: not extended */
        assert_int_equal(hats_tpm_log_replay(&log, b.data, hats_writer_len(w), NULL), HATS_OK);
        assert_int_equal(log.n_events, 3);
        assert_true(log.has_secure_boot);
        assert_int_equal(log.secure_boot, value);
        memcpy(both + 32, digest, 32);
        hats_sha256(both, both, 64);
        memcpy(both + 32, other, 32);
        hats_sha256(both, both, 64);
        assert_memory_equal(log.values[7], both, 32);
        memset(both, 0, 32);
        assert_memory_equal(log.values[4], both, 32);
    }
}

static void what_was_not_measured_is_not_said(void **state) {
    (void)state;
    struct bytes b;
    struct hats_tpm_log log;
    uint8_t event[64], other[32] = {1};
    size_t len = secure_boot_event(event, 1);
    struct hats_writer *w = begin(&b);
    put_log_head(w, true);
    put_event(w, 7, 0x80000001, other, event, len); /* the digest is of something else */
    assert_int_equal(hats_tpm_log_replay(&log, b.data, hats_writer_len(w), NULL), HATS_OK);
    assert_false(log.has_secure_boot);
}

static void logs_that_are_none(void **state) {
    (void)state;
    struct bytes b;
    static const uint8_t digest[32];
    struct hats_writer *w = begin(&b);
    put_log_head(w, false);
    assert_int_equal(parse_log(b.data, hats_writer_len(w)), HATS_E_UNSUPPORTED);
    w = begin(&b);
    put_log_head(w, true);
    size_t head = hats_writer_len(w);
    put_event(w, 7, 1, digest, "event", 5);
    for (size_t n = 0; n < hats_writer_len(w); n++)
        assert_int_equal(parse_log(b.data, n), n == head ? HATS_OK : HATS_E_MALFORMED);
    b.data[head] = 24; /* no such PCR */
    assert_int_equal(parse_log(b.data, hats_writer_len(w)), HATS_E_MALFORMED);
    b.data[head] = 7;
    b.data[head + 12] = 5; /* no such bank */
    assert_int_equal(parse_log(b.data, hats_writer_len(w)), HATS_E_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_areas),
        cmocka_unit_test(public_areas_that_are_not_used),
        cmocka_unit_test(a_name_is_the_digest_of_the_area),
        cmocka_unit_test(attestations),
        cmocka_unit_test(attestations_that_are_none),
        cmocka_unit_test(signatures),
        cmocka_unit_test(a_policy_is_the_digest_of_the_command),
        cmocka_unit_test(a_log_is_replayed),
        cmocka_unit_test(what_was_not_measured_is_not_said),
        cmocka_unit_test(logs_that_are_none),
    };
    return cmocka_run_group_tests_name("attest", tests, NULL, NULL);
}
