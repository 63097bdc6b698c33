#include "evidence/checkpoint.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_checkpoint c;
    struct hats_buffer again;

    if (hats_checkpoint_parse(&c, data, len_bytes, NULL) != HATS_OK)
        return 0;
    hats_buffer_init(&again, len_bytes + 1); /* and the zero that printing leaves */
    require(c.n_lines > 0 && c.n_lines <= HATS_CHECKPOINT_LINES_MAX, "a checkpoint is signed");
    require(hats_checkpoint_begin(&again, &c.head, NULL) == HATS_OK, "a head can be written");
    for (size_t i = 0; i < c.n_lines; i++)
        hats_buffer_printf(&again, "\xe2\x80\x94 %s %.*s\n", c.lines[i].name,
                           (int)c.lines[i].base64_len, c.lines[i].base64);
    require_same(&again, data, len_bytes);
    hats_buffer_clear(&again);
    return 0;
}
