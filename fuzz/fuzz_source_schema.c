#include "fuzz.h"
#include "provenance/schema.h"

/* The encoding, and the text that people write. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_source_schema *schema, *again = NULL;
    struct hats_buffer out;
    struct hats_error err;

    if (hats_source_schema_decode(&schema, data, len_bytes, &err) == HATS_OK) {
        hats_buffer_init(&out, HATS_SOURCE_SCHEMA_MAX_BYTES);
        require(hats_source_schema_encode(&out, schema, &err) == HATS_OK, "it can be encoded");
        require_same(&out, data, len_bytes);
        hats_buffer_clear(&out);
        hats_source_schema_free(schema);
    }
    if (hats_source_schema_parse(&schema, (const char *)data, len_bytes, &err) == HATS_OK) {
        hats_buffer_init(&out, 8u << 20);
        hats_source_schema_json(&out, schema);
        require(!out.failed && hats_source_schema_parse(&again, (const char *)out.data, out.len,
                                                        &err) == HATS_OK,
                "what was read can be written and read again");
        require(memcmp(again->digest, schema->digest, 32) == 0, "and means the same");
        hats_buffer_clear(&out);
        hats_source_schema_free(again);
        hats_source_schema_free(schema);
    }
    return 0;
}
