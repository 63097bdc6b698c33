#include "provenance/claims.h"

#include "cbor/cbor.h"

#include <string.h>

void hats_claims_refuse(struct hats_claims *c, hats_status s, const char *why) {
    if (c->status != HATS_OK)
        return;
    c->status = hats_fail(c->err, s, "%s: field %zu (%s): %s", c->what, c->at,
                          c->at >= 1 && c->at <= c->n_fields ? c->names[c->at - 1] : "none", why);
}

void hats_claims_open(struct hats_claims *c, const char *what, const char *const *names,
                      size_t n_fields, const uint8_t *payload, size_t len_bytes,
                      struct hats_error *err) {
    *c = (struct hats_claims){
        .r = hats_reader_of(payload, len_bytes),
        .what = what,
        .names = names,
        .n_fields = n_fields,
        .err = err,
    };
    hats_status s = hats_cbor_validate(payload, len_bytes, err);
    if (s != HATS_OK)
        c->status = hats_fail_in(err, s, "%s", what);
    else if (!hats_cbor_get_map(&c->r, &c->n_pairs))
        c->status = hats_fail(err, HATS_E_MALFORMED, "%s: not a map", what);
}

/* False once something is wrong. */
static bool next(struct hats_claims *c) {
    uint64_t label;
    c->at++;
    if (c->status != HATS_OK)
        return false;
    if (!hats_cbor_get_uint(&c->r, &label) || label != c->at)
        hats_claims_refuse(c, HATS_E_MALFORMED, "missing, or an unknown field before it");
    return c->status == HATS_OK;
}

void hats_claims_version(struct hats_claims *c, uint64_t version) {
    uint64_t got;
    if (!next(c))
        return;
    if (!hats_cbor_get_uint(&c->r, &got))
        hats_claims_refuse(c, HATS_E_MALFORMED, "not an unsigned number");
    else if (got != version)
        hats_claims_refuse(c, HATS_E_VERSION, "not a version that this program reads");
}

void hats_claims_digest(struct hats_claims *c, uint8_t out[32]) {
    memset(out, 0, 32);
    if (next(c) && !hats_cbor_get_bytes_exact(&c->r, out, 32))
        hats_claims_refuse(c, HATS_E_MALFORMED, "not 32 bytes");
}

void hats_claims_digest_or_null(struct hats_claims *c, uint8_t out[32], bool *has) {
    memset(out, 0, 32);
    *has = false;
    if (!next(c) || hats_cbor_take_null(&c->r))
        return;
    *has = hats_cbor_get_bytes_exact(&c->r, out, 32);
    if (!*has)
        hats_claims_refuse(c, HATS_E_MALFORMED, "neither null nor 32 bytes");
}

void hats_claims_uint(struct hats_claims *c, uint64_t least, uint64_t most, uint64_t *out) {
    *out = 0;
    if (!next(c))
        return;
    if (!hats_cbor_get_uint(&c->r, out))
        hats_claims_refuse(c, HATS_E_MALFORMED, "not an unsigned number");
    else if (*out < least || *out > most)
        hats_claims_refuse(c, HATS_E_RANGE, "outside its range");
}

void hats_claims_time(struct hats_claims *c, uint64_t *ms) {
    hats_claims_uint(c, 0, HATS_CLAIMS_TIME_MAX_MS, ms);
}

void hats_claims_text(struct hats_claims *c, char *out, size_t cap_bytes) {
    out[0] = '\0';
    if (!next(c))
        return;
    if (!hats_cbor_get_string(&c->r, out, cap_bytes))
        hats_claims_refuse(c, HATS_E_MALFORMED, "not a text, or too long");
    else if (out[0] == '\0' || !hats_text_is_plain(out))
        hats_claims_refuse(c, HATS_E_RANGE, "empty, or not plain text");
}

void hats_claims_bytes(struct hats_claims *c, const uint8_t **out, size_t *len_bytes) {
    *out = NULL;
    *len_bytes = 0;
    if (next(c) && !hats_cbor_get_bytes(&c->r, out, len_bytes))
        hats_claims_refuse(c, HATS_E_MALFORMED, "not a byte string");
}

void hats_claims_array(struct hats_claims *c, size_t most, size_t *n) {
    *n = 0;
    if (!next(c))
        return;
    if (!hats_cbor_get_array(&c->r, n))
        hats_claims_refuse(c, HATS_E_MALFORMED, "not an array");
    else if (*n > most)
        hats_claims_refuse(c, HATS_E_RANGE, "too many items");
    if (c->status != HATS_OK)
        *n = 0;
}

hats_status hats_claims_close(struct hats_claims *c) {
    if (c->status == HATS_OK && c->n_pairs != c->n_fields)
        c->status =
            hats_fail(c->err, HATS_E_UNSUPPORTED, "%s: a field unknown to this program", c->what);
    return c->status;
}

void hats_claims_put_digest(struct hats_writer *w, unsigned label, const uint8_t digest[32]) {
    hats_claims_put_bytes(w, label, digest, 32);
}

void hats_claims_put_digest_or_null(struct hats_writer *w, unsigned label, const uint8_t digest[32],
                                    bool has) {
    if (has) {
        hats_claims_put_digest(w, label, digest);
        return;
    }
    hats_cbor_put_uint(w, label);
    hats_cbor_put_null(w);
}

void hats_claims_put_uint(struct hats_writer *w, unsigned label, uint64_t v) {
    hats_cbor_put_uint(w, label);
    hats_cbor_put_uint(w, v);
}

void hats_claims_put_text(struct hats_writer *w, unsigned label, const char *text) {
    hats_cbor_put_uint(w, label);
    hats_cbor_put_text(w, text);
}

void hats_claims_put_bytes(struct hats_writer *w, unsigned label, const uint8_t *data,
                           size_t len_bytes) {
    hats_cbor_put_uint(w, label);
    hats_cbor_put_bytes(w, data, len_bytes);
}
