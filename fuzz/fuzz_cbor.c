#include "cbor/cbor.h"
#include "fuzz.h"

enum { text_max_bytes = 1 << 20 };

/* Writes the next item of a valid document again, with everything in it. */
static void copy_item(struct hats_writer *w, struct hats_reader *r) {
    size_t n = 0;
    int64_t number = 0;
    uint64_t magnitude = 0;
    const uint8_t *bytes = NULL;
    const char *text = NULL;
    bool truth = false;

    switch (hats_cbor_peek(r)) {
    case HATS_CBOR_UINT:
        hats_cbor_get_uint(r, &magnitude);
        hats_cbor_put_uint(w, magnitude);
        break;
    case HATS_CBOR_NINT:
        hats_cbor_get_int(r, &number);
        hats_cbor_put_int(w, number);
        break;
    case HATS_CBOR_BYTES:
        hats_cbor_get_bytes(r, &bytes, &n);
        hats_cbor_put_bytes(w, bytes, n);
        break;
    case HATS_CBOR_TEXT:
        hats_cbor_get_text(r, &text, &n);
        hats_cbor_put_text_len(w, text, n);
        break;
    case HATS_CBOR_ARRAY:
        hats_cbor_get_array(r, &n);
        hats_cbor_put_array(w, n);
        for (size_t i = 0; i < n; i++)
            copy_item(w, r);
        break;
    case HATS_CBOR_MAP:
        hats_cbor_get_map(r, &n);
        hats_cbor_put_map(w, n);
        for (size_t i = 0; i < 2 * n; i++)
            copy_item(w, r);
        break;
    case HATS_CBOR_TAG:
        hats_cbor_get_tag(r, HATS_CBOR_TAG_SIGN1);
        hats_cbor_put_tag(w, HATS_CBOR_TAG_SIGN1);
        copy_item(w, r);
        break;
    case HATS_CBOR_BOOL:
        hats_cbor_get_bool(r, &truth);
        hats_cbor_put_bool(w, truth);
        break;
    case HATS_CBOR_NULL:
        hats_cbor_get_null(r);
        hats_cbor_put_null(w);
        break;
    case HATS_CBOR_NONE: require(false, "a valid document has no item outside the profile");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_error err;
    struct hats_reader r = hats_reader_of(data, len_bytes);
    struct hats_buffer shown;
    bool valid = hats_cbor_validate(data, len_bytes, &err) == HATS_OK;

    hats_buffer_init(&shown, text_max_bytes);
    hats_cbor_diagnose(&shown, data, len_bytes, 16);
    hats_buffer_clear(&shown);
    if (!valid) {
        while (hats_cbor_skip(&r))
            ;
        return 0;
    }

    uint8_t *again = malloc(len_bytes);
    require(again != NULL, "there is memory");
    struct hats_writer w = hats_writer_of(again, len_bytes);
    copy_item(&w, &r);
    require(hats_reader_done(&r), "a valid document is read to its end");
    require(hats_writer_ok(&w) && hats_writer_len(&w) == len_bytes &&
                memcmp(again, data, len_bytes) == 0,
            "a valid document is written again byte for byte");
    free(again);
    return 0;
}
