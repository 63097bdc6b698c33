/* The session block byte by byte, its identity, and the request that opens a session. */
#include "base/bytes.h"
#include "evidence/cose.h"
#include "hash/sha256.h"
#include "wire/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct hats_sign_key *owner;

static int set_up(void **state) {
    (void)state;
    const uint8_t seed[32] = {5};
    return hats_mldsa_from_seed(&owner, HATS_MLDSA_65, seed, NULL) == HATS_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    hats_mldsa_free(owner);
    return 0;
}

static struct hats_session_block sample(void) {
    struct hats_session_block b = {.kind = HATS_SESSION_TENANT,
                                   .exporter_bound = true,
                                   .calls = 4096,
                                   .not_after_ms = 1790000000000,
                                   .epoch = 7};
    memset(b.nonce, 0x11, 32);
    memset(b.rp_id, 0x22, 32);
    memset(b.policy_digest, 0x33, 32);
    memset(b.exporter, 0x44, 32);
    memset(b.tenant_digest, 0x55, 32);
    hats_cose_thumbprint_of(b.owner, owner);
    return b;
}

static void every_field_stands_at_its_place(void **state) {
    (void)state;
    struct hats_session_block b = sample();
    uint8_t bytes[HATS_SESSION_BLOCK_LEN], want[HATS_SESSION_BLOCK_LEN] = "HATS-SES-1";
    want[16] = 0x41;
    want[17] = 1;
    hats_store_be32(want + 20, 4096);
    hats_store_be64(want + 24, 1790000000000);
    hats_store_be32(want + 32, 7);
    memset(want + 88, 0x11, 32);
    memset(want + 120, 0x22, 32);
    memset(want + 152, 0x33, 32);
    memset(want + 184, 0x44, 32);
    memset(want + 216, 0x55, 32);
    memcpy(want + 248, b.owner, 32);
    hats_session_block_encode(bytes, &b);
    assert_memory_equal(bytes, want, sizeof want);
}

static void a_block_comes_back_as_it_went(void **state) {
    (void)state;
    struct hats_session_block b = sample(), back;
    uint8_t bytes[HATS_SESSION_BLOCK_LEN + 1] = {0};
    hats_session_block_encode(bytes, &b);
    assert_int_equal(hats_session_block_decode(&back, bytes, HATS_SESSION_BLOCK_LEN, NULL),
                     HATS_OK);
    assert_memory_equal(&back, &b, sizeof b);
    for (size_t cut = 0; cut < HATS_SESSION_BLOCK_LEN; cut++)
        assert_int_equal(hats_session_block_decode(&back, bytes, cut, NULL), HATS_E_MALFORMED);
    assert_int_equal(hats_session_block_decode(&back, bytes, HATS_SESSION_BLOCK_LEN + 1, NULL),
                     HATS_E_MALFORMED);
}

/* A changed byte is another session, or none: no byte is without a meaning. */
static void every_changed_byte_is_refused_or_another_session(void **state) {
    (void)state;
    struct hats_session_block b = sample(), back;
    uint8_t bytes[HATS_SESSION_BLOCK_LEN], again[HATS_SESSION_BLOCK_LEN], sid[32], other[32];
    unsigned refused = 0;
    hats_session_block_encode(bytes, &b);
    hats_session_tenant_id(sid, bytes);
    for (size_t at = 0; at < sizeof bytes; at++) {
        bytes[at] ^= 0x40;
        if (hats_session_block_decode(&back, bytes, sizeof bytes, NULL) == HATS_OK) {
            hats_session_block_encode(again, &back);
            assert_memory_equal(again, bytes, sizeof bytes);
            hats_session_tenant_id(other, bytes);
            assert_memory_not_equal(sid, other, 32);
        } else {
            refused++;
        }
        bytes[at] ^= 0x40;
    }
    /* tag, kind, flags, 2 reserved, three upper bytes of K, 4 reserved, P, R_ots; not_after stays below
     * 2^63 */
    assert_int_equal(refused, 16 + 2 + 2 + 4 + 4 + 48);
}

static void a_block_is_refused_for_what_is_wrong(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
        hats_status status;
    } cases[] = {
        {16, 0x51, HATS_E_UNSUPPORTED},                              /* a device */
        {16, 0x61, HATS_E_UNSUPPORTED}, {17, 3, HATS_E_UNSUPPORTED}, /* managed fleet */
        {17, 0x81, HATS_E_UNSUPPORTED}, {17, 0, HATS_E_CANONICAL},   /* exporter without its flag */
        {18, 1, HATS_E_MALFORMED},      {39, 1, HATS_E_MALFORMED},
        {23, 1, HATS_E_RANGE}, /* K = 4097 */
        {24, 0x80, HATS_E_RANGE},       {40, 1, HATS_E_CANONICAL},
        {87, 1, HATS_E_CANONICAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hats_session_block b = sample(), back;
        static const struct hats_session_block zero;
        uint8_t bytes[HATS_SESSION_BLOCK_LEN];
        hats_session_block_encode(bytes, &b);
        bytes[cases[i].at] = cases[i].value;
        hats_status s = hats_session_block_decode(&back, bytes, sizeof bytes, NULL);
        if (s != cases[i].status)
            fail_msg("byte %zu: %s", cases[i].at, hats_status_name(s));
        assert_memory_equal(&back, &zero, sizeof zero);
    }
}

static void a_session_has_a_call_and_an_owner(void **state) {
    (void)state;
    struct hats_session_block b = sample(), back;
    uint8_t bytes[HATS_SESSION_BLOCK_LEN];
    b.calls = 0;
    hats_session_block_encode(bytes, &b);
    assert_int_equal(hats_session_block_decode(&back, bytes, sizeof bytes, NULL), HATS_E_RANGE);
    b = sample();
    memset(b.owner, 0, 32);
    hats_session_block_encode(bytes, &b);
    assert_int_equal(hats_session_block_decode(&back, bytes, sizeof bytes, NULL), HATS_E_CANONICAL);
    b = sample();
    memset(b.exporter, 0, 32); /* the flag without an exporter */
    hats_session_block_encode(bytes, &b);
    assert_int_equal(hats_session_block_decode(&back, bytes, sizeof bytes, NULL), HATS_E_CANONICAL);
}

static void the_identity_is_the_documented_digest(void **state) {
    (void)state;
    struct hats_session_block b = sample();
    uint8_t block[HATS_SESSION_BLOCK_LEN], bytes[16 + 96] = "HATS-SID-1", want[32], sid[32], m[32];
    const uint8_t nf[32] = {1}, root[32] = {2};
    hats_session_block_encode(block, &b);
    hats_sha256(bytes + 16, block, sizeof block);
    hats_sha256(want, bytes, sizeof bytes);
    hats_session_tenant_id(sid, block);
    assert_memory_equal(sid, want, 32);
    memcpy(bytes + 48, nf, 32);
    memcpy(bytes + 80, root, 32);
    hats_sha256(want, bytes, sizeof bytes);
    hats_session_digest(m, block);
    hats_session_id(sid, m, nf, root);
    assert_memory_equal(sid, want, 32);
}

static void make_request(struct hats_buffer *body) {
    struct hats_session_block b = sample();
    hats_buffer_init(body, HATS_SESSION_REQUEST_MAX);
    assert_int_equal(hats_session_request_encode(body, &b, owner, NULL), HATS_OK);
}

static void a_request_comes_back_and_its_signature_holds(void **state) {
    (void)state;
    struct hats_buffer body;
    struct hats_session_request q;
    uint8_t sid[32];
    make_request(&body);
    assert_int_equal(hats_session_request_decode(&q, body.data, body.len, NULL), HATS_OK);
    assert_int_equal(hats_session_request_verify(&q, NULL), HATS_OK);
    hats_session_tenant_id(sid, q.block_bytes);
    assert_memory_equal(q.sid, sid, 32);
    assert_int_equal(q.block.calls, 4096);
    hats_buffer_clear(&body);
}

static void a_changed_request_is_refused_or_its_signature_breaks(void **state) {
    (void)state;
    struct hats_buffer body;
    struct hats_session_request q;
    make_request(&body);
    for (size_t at = 0; at < body.len; at += at < 300 ? 1 : 61) {
        body.data[at] ^= 0x10;
        if (hats_session_request_decode(&q, body.data, body.len, NULL) == HATS_OK)
            assert_int_equal(hats_session_request_verify(&q, NULL), HATS_E_VERIFY);
        body.data[at] ^= 0x10;
    }
    for (size_t cut = 0; cut < body.len; cut += 97)
        assert_int_not_equal(hats_session_request_decode(&q, body.data, cut, NULL), HATS_OK);
    hats_buffer_clear(&body);
}

static void another_key_cannot_open_the_owners_session(void **state) {
    (void)state;
    const uint8_t seed[32] = {6};
    struct hats_sign_key *thief = NULL;
    struct hats_buffer body;
    struct hats_session_request q;
    struct hats_error err = {0};
    make_request(&body);
    assert_int_equal(hats_mldsa_from_seed(&thief, HATS_MLDSA_65, seed, NULL), HATS_OK);
    memcpy(body.data + body.len - HATS_MLDSA65_PUBLIC_LEN, hats_mldsa_public(thief),
           HATS_MLDSA65_PUBLIC_LEN);
    assert_int_equal(hats_session_request_decode(&q, body.data, body.len, &err), HATS_E_VERIFY);
    hats_mldsa_free(thief);
    hats_buffer_clear(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_stands_at_its_place),
        cmocka_unit_test(a_block_comes_back_as_it_went),
        cmocka_unit_test(every_changed_byte_is_refused_or_another_session),
        cmocka_unit_test(a_block_is_refused_for_what_is_wrong),
        cmocka_unit_test(a_session_has_a_call_and_an_owner),
        cmocka_unit_test(the_identity_is_the_documented_digest),
        cmocka_unit_test(a_request_comes_back_and_its_signature_holds),
        cmocka_unit_test(a_changed_request_is_refused_or_its_signature_breaks),
        cmocka_unit_test(another_key_cannot_open_the_owners_session),
    };
    return cmocka_run_group_tests_name("session", tests, set_up, tear_down);
}
