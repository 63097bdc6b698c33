#include "fuzz.h"
#include "server/config.h"

/* What is read is written, and what was written is read to the same settings. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    static struct hats_server_config c, again;
    struct hats_buffer first, second;

    hats_server_config_defaults(&c);
    if (hats_server_config_parse(&c, (const char *)data, len_bytes, NULL) != HATS_OK)
        return 0;
    hats_buffer_init(&first, 1u << 20);
    hats_buffer_init(&second, 1u << 20);
    hats_server_config_render(&first, &c);
    hats_server_config_defaults(&again);
    require(!first.failed && hats_server_config_parse(&again, (const char *)first.data, first.len,
                                                      NULL) == HATS_OK,
            "what was rendered can be read");
    hats_server_config_render(&second, &again);
    require_same(&second, first.data, first.len);
    hats_buffer_clear(&first);
    hats_buffer_clear(&second);
    return 0;
}
