#include "provenance/step.h"

#include "provenance/claims.h"

#include "base/bytes.h"
#include "cbor/cbor.h"

#include <assert.h>
#include <string.h>

#define VERSION 1
#define PAYLOAD_MAX 2048

static const char *const names[] = {
    "version", "kind", "text", "made from", "commitment", "parameters", "done",
};

const char *hats_step_kind_name(enum hats_step_kind kind) {
    switch (kind) {
    case HATS_STEP_SOURCE: return "source";
    case HATS_STEP_TRANSFORM: return "transform";
    case HATS_STEP_STORE: return "store";
    case HATS_STEP_INPUT: return "input";
    default: return "step";
    }
}

static void get_parents(struct hats_step *out, struct hats_claims *c) {
    hats_claims_array(c, HATS_STEP_MAX_PARENTS, &out->n_parents);
    if (out->n_parents == 0)
        hats_claims_refuse(c, HATS_E_RANGE, "a step is made from something");
    for (size_t i = 0; c->status == HATS_OK && i < out->n_parents; i++) {
        size_t pair;
        if (!hats_cbor_get_array(&c->r, &pair) || pair != 2 ||
            !hats_cbor_get_bytes_exact(&c->r, out->parents[i].id, 32) ||
            !hats_cbor_get_bytes_exact(&c->r, out->parents[i].commitment, 32))
            hats_claims_refuse(c, HATS_E_MALFORMED, "an item is not two digests");
    }
}

hats_status hats_step_decode(struct hats_step *out, const uint8_t *payload, size_t len_bytes,
                             struct hats_error *err) {
    struct hats_claims c;
    uint64_t kind;
    memset(out, 0, sizeof *out);
    hats_claims_open(&c, "step", names, HATS_COUNT_OF(names), payload, len_bytes, err);
    hats_claims_version(&c, VERSION);
    hats_claims_uint(&c, HATS_STEP_TRANSFORM, HATS_STEP_INPUT, &kind);
    out->kind = (enum hats_step_kind)kind;
    hats_claims_text(&c, out->text, sizeof out->text);
    get_parents(out, &c);
    hats_claims_digest(&c, out->out);
    hats_claims_digest(&c, out->parameters);
    hats_claims_time(&c, &out->done_ms);
    hats_status s = hats_claims_close(&c);
    if (s != HATS_OK)
        memset(out, 0, sizeof *out);
    return s;
}

hats_status hats_step_sign(struct hats_buffer *out, const struct hats_step *step,
                           const struct hats_sign_key *key, const char *name,
                           struct hats_error *err) {
    uint8_t payload[PAYLOAD_MAX];
    struct hats_step back;
    struct hats_writer w = hats_writer_of(payload, sizeof payload);
    assert(step->n_parents <= HATS_STEP_MAX_PARENTS);
    hats_cbor_put_map(&w, HATS_COUNT_OF(names));
    hats_claims_put_uint(&w, 1, VERSION);
    hats_claims_put_uint(&w, 2, step->kind);
    hats_claims_put_text(&w, 3, step->text);
    hats_cbor_put_uint(&w, 4);
    hats_cbor_put_array(&w, step->n_parents);
    for (size_t i = 0; i < step->n_parents; i++) {
        hats_cbor_put_array(&w, 2);
        hats_cbor_put_bytes(&w, step->parents[i].id, 32);
        hats_cbor_put_bytes(&w, step->parents[i].commitment, 32);
    }
    hats_claims_put_digest(&w, 5, step->out);
    hats_claims_put_digest(&w, 6, step->parameters);
    hats_claims_put_uint(&w, 7, step->done_ms);
    assert(hats_writer_ok(&w));
    hats_status s = hats_step_decode(&back, payload, hats_writer_len(&w), err);
    if (s != HATS_OK)
        return s;
    return hats_cose_sign(out, key, HATS_TYPE_STEP, name, step->done_ms / 1000, payload,
                          hats_writer_len(&w), err);
}

hats_status hats_step_parse(struct hats_step *out, struct hats_cose *file, const uint8_t *bytes,
                            size_t len_bytes, struct hats_error *err) {
    memset(out, 0, sizeof *out);
    if (len_bytes > HATS_SIGNED_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "step: larger than %d bytes",
                         HATS_SIGNED_MAX_BYTES);
    hats_status s = hats_cose_parse(file, bytes, len_bytes, HATS_TYPE_STEP, err);
    if (s == HATS_OK)
        s = hats_step_decode(out, file->payload, file->payload_len, err);
    if (s == HATS_OK && file->issued_s != out->done_ms / 1000)
        s = hats_fail(err, HATS_E_VERIFY,
                      "step: field 7 (done) and iat in the header name different seconds");
    return s;
}
