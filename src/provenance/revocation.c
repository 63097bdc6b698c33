#include "provenance/grant.h"

#include "provenance/claims.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "cbor/cbor.h"

#include <assert.h>
#include <string.h>

#define VERSION 1
#define ITEM_MAX 48 /* bytes of an encoded item */

static const char *const names[] = {"version", "number", "issued", "next list", "revoked"};

void hats_revocations_clear(struct hats_revocations *r) {
    hats_free(r->items);
    *r = (struct hats_revocations){0};
}

static void get_items(struct hats_revocations *out, struct hats_claims *c, size_t n) {
    out->items = hats_alloc_array(n + 1, sizeof *out->items);
    if (out->items == NULL) {
        hats_claims_refuse(c, HATS_E_MEMORY, "no memory");
        return;
    }
    for (size_t i = 0; i < n && c->status == HATS_OK; i++) {
        struct hats_revocation *item = &out->items[i];
        size_t pair;
        if (!hats_cbor_get_array(&c->r, &pair) || pair != 2 ||
            !hats_cbor_get_bytes_exact(&c->r, item->digest, 32) ||
            !hats_cbor_get_uint(&c->r, &item->from_ms))
            hats_claims_refuse(c, HATS_E_MALFORMED, "an item is not a digest and a time");
        else if (i > 0 && memcmp(item[-1].digest, item->digest, 32) >= 0)
            hats_claims_refuse(c, HATS_E_CANONICAL, "not in ascending order of the digest");
        out->n_items++;
    }
}

hats_status hats_revocations_decode(struct hats_revocations *out, const uint8_t *payload,
                                    size_t len_bytes, struct hats_error *err) {
    struct hats_claims c;
    size_t n;
    *out = (struct hats_revocations){0};
    hats_claims_open(&c, "revocations", names, HATS_COUNT_OF(names), payload, len_bytes, err);
    hats_claims_version(&c, VERSION);
    hats_claims_uint(&c, 1, UINT64_MAX, &out->number);
    hats_claims_time(&c, &out->issued_ms);
    hats_claims_time(&c, &out->next_ms);
    if (out->next_ms < out->issued_ms)
        hats_claims_refuse(&c, HATS_E_RANGE, "it ends before it begins");
    hats_claims_array(&c, HATS_REVOCATIONS_MAX, &n);
    if (c.status == HATS_OK)
        get_items(out, &c, n);
    hats_status s = hats_claims_close(&c);
    if (s != HATS_OK)
        hats_revocations_clear(out);
    return s;
}

hats_status hats_revocations_sign(struct hats_buffer *out, const struct hats_revocations *r,
                                  const struct hats_sign_key *key, const char *name,
                                  struct hats_error *err) {
    size_t cap = 64 + r->n_items * ITEM_MAX;
    struct hats_revocations back;
    uint8_t *payload = hats_alloc(cap);
    if (payload == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to sign revocations");
    struct hats_writer w = hats_writer_of(payload, cap);
    hats_cbor_put_map(&w, HATS_COUNT_OF(names));
    hats_claims_put_uint(&w, 1, VERSION);
    hats_claims_put_uint(&w, 2, r->number);
    hats_claims_put_uint(&w, 3, r->issued_ms);
    hats_claims_put_uint(&w, 4, r->next_ms);
    hats_cbor_put_uint(&w, 5);
    hats_cbor_put_array(&w, r->n_items);
    for (size_t i = 0; i < r->n_items; i++) {
        hats_cbor_put_array(&w, 2);
        hats_cbor_put_bytes(&w, r->items[i].digest, 32);
        hats_cbor_put_uint(&w, r->items[i].from_ms);
    }
    assert(hats_writer_ok(&w));
    hats_status s = hats_revocations_decode(&back, payload, hats_writer_len(&w), err);
    if (s == HATS_OK)
        s = hats_cose_sign(out, key, HATS_TYPE_REVOCATIONS, name, r->issued_ms / 1000, payload,
                           hats_writer_len(&w), err);
    hats_revocations_clear(&back);
    hats_free(payload);
    return s;
}

hats_status hats_revocations_parse(struct hats_revocations *out, struct hats_cose *file,
                                   const uint8_t *bytes, size_t len_bytes, struct hats_error *err) {
    *out = (struct hats_revocations){0};
    hats_status s = hats_cose_parse(file, bytes, len_bytes, HATS_TYPE_REVOCATIONS, err);
    if (s == HATS_OK)
        s = hats_revocations_decode(out, file->payload, file->payload_len, err);
    if (s == HATS_OK && file->issued_s != out->issued_ms / 1000)
        s = hats_fail(err, HATS_E_VERIFY,
                      "revocations: field 3 (issued) and iat in the header name different seconds");
    if (s != HATS_OK)
        hats_revocations_clear(out);
    else
        memcpy(out->kid, file->kid, 32);
    return s;
}

const struct hats_revocation *hats_revocations_find(const struct hats_revocations *r,
                                                    const uint8_t digest[32]) {
    for (size_t i = 0; i < r->n_items; i++)
        if (memcmp(r->items[i].digest, digest, 32) == 0)
            return &r->items[i];
    return NULL;
}
