#include "bundle/bundle.h"

#include "cbor/cbor.h"

#include <string.h>

static const char type_name[] = "application/vnd.hats.bundle+cbor";

static const struct {
    const char *name;
    bool optional;
} parts[HATS_BUNDLE_END] = {
    [HATS_BUNDLE_RECEIPT] = {"receipt", false},
    [HATS_BUNDLE_CORE] = {"request core", false},
    [HATS_BUNDLE_CIPHERTEXT] = {"ciphertext", false},
    [HATS_BUNDLE_PROOF] = {"proof of encryption", false},
    [HATS_BUNDLE_PUBLIC_KEY] = {"public key", false},
    [HATS_BUNDLE_REGISTRATION] = {"registration", true},
    [HATS_BUNDLE_PUBLICATION] = {"publication", false},
    [HATS_BUNDLE_PLAN] = {"plan", false},
    [HATS_BUNDLE_OUTPUT] = {"answer", true},
    [HATS_BUNDLE_SESSION] = {"session request", true},
    [HATS_BUNDLE_SESSION_RECEIPT] = {"session receipt", true},
};

bool hats_bundle_looks_like(const uint8_t *bytes, size_t len_bytes) {
    uint8_t head[4 + sizeof type_name];
    struct hats_writer w = hats_writer_of(head, sizeof head);
    hats_cbor_put_map(&w, HATS_BUNDLE_END);
    hats_cbor_put_uint(&w, 0);
    hats_cbor_put_text(&w, type_name);
    size_t len = hats_writer_len(&w);
    return len_bytes >= len && memcmp(bytes, head, len) == 0;
}

hats_status hats_bundle_encode(struct hats_buffer *out, const struct hats_bundle *b,
                               struct hats_error *err) {
    size_t len = 128;
    for (unsigned i = HATS_BUNDLE_RECEIPT; i < HATS_BUNDLE_END; i++) {
        if (b->part[i].data == NULL && !parts[i].optional)
            return hats_fail(err, HATS_E_RANGE, "a bundle needs the %s", parts[i].name);
        len += 16 + (b->part[i].data != NULL ? b->part[i].len_bytes : 0);
    }
    size_t start = out->len;
    uint8_t *room = hats_buffer_reserve(out, len);
    if (room == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a bundle of %zu bytes", len);
    struct hats_writer w = hats_writer_of(room, len);
    hats_cbor_put_map(&w, HATS_BUNDLE_END);
    hats_cbor_put_uint(&w, 0);
    hats_cbor_put_text(&w, type_name);
    hats_cbor_put_uint(&w, 1);
    hats_cbor_put_uint(&w, HATS_BUNDLE_VERSION);
    for (unsigned i = HATS_BUNDLE_RECEIPT; i < HATS_BUNDLE_END; i++) {
        hats_cbor_put_uint(&w, i);
        if (b->part[i].data != NULL)
            hats_cbor_put_bytes(&w, b->part[i].data, b->part[i].len_bytes);
        else
            hats_cbor_put_null(&w);
    }
    out->len = start + hats_writer_len(&w);
    return hats_writer_ok(&w) ? HATS_OK : hats_fail(err, HATS_E_MEMORY, "no room for a bundle");
}

static hats_status read_head(struct hats_reader *r, struct hats_error *err) {
    const char *text = NULL;
    size_t n_pairs, len = 0;
    uint64_t key = 1, version = 0;
    bool ok = hats_cbor_get_map(r, &n_pairs) && hats_cbor_get_uint(r, &key) && key == 0 &&
              hats_cbor_get_text(r, &text, &len);
    if (!ok || len != sizeof type_name - 1 || memcmp(text, type_name, len) != 0)
        return hats_fail(err, HATS_E_MALFORMED, "not a bundle");
    if (!hats_cbor_get_uint(r, &key) || key != 1 || !hats_cbor_get_uint(r, &version))
        return hats_fail(err, HATS_E_MALFORMED, "bundle: key 1 (version) is missing");
    if (version != HATS_BUNDLE_VERSION)
        return hats_fail(err, HATS_E_VERSION, "bundle: version %llu; this program reads %d",
                         (unsigned long long)version, HATS_BUNDLE_VERSION);
    if (n_pairs != HATS_BUNDLE_END)
        return hats_fail(err, HATS_E_MALFORMED, "bundle: %zu entries; a bundle has %d", n_pairs,
                         HATS_BUNDLE_END);
    return HATS_OK;
}

hats_status hats_bundle_decode(struct hats_bundle *out, const uint8_t *bytes, size_t len_bytes,
                               struct hats_error *err) {
    memset(out, 0, sizeof *out);
    if (len_bytes > HATS_BUNDLE_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "bundle: %zu bytes of at most %u", len_bytes,
                         HATS_BUNDLE_MAX_BYTES);
    hats_status s = hats_cbor_validate(bytes, len_bytes, err);
    if (s != HATS_OK)
        return hats_fail_in(err, s, "bundle");
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    if ((s = read_head(&r, err)) != HATS_OK)
        return s;
    struct hats_bundle b = {0};
    for (unsigned i = HATS_BUNDLE_RECEIPT; i < HATS_BUNDLE_END; i++) {
        uint64_t key;
        if (!hats_cbor_get_uint(&r, &key) || key != i)
            return hats_fail(err, HATS_E_MALFORMED, "bundle: key %u (%s) is missing", i,
                             parts[i].name);
        if (parts[i].optional && hats_cbor_take_null(&r))
            continue;
        if (!hats_cbor_get_bytes(&r, &b.part[i].data, &b.part[i].len_bytes))
            return hats_fail(err, HATS_E_MALFORMED, "bundle: key %u (%s) is not a byte string", i,
                             parts[i].name);
    }
    *out = b;
    return HATS_OK;
}
