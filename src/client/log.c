#include "client/log.h"

#include "base/random.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static hats_status get(void *arg, struct hats_buffer *out, const char *path,
                       struct hats_error *err) {
    char url[HATS_TILE_PATH_MAX + 8];
    snprintf(url, sizeof url, "/log/%s", path);
    return hats_client_get(arg, out, url, err);
}

struct hats_log_files hats_client_log_files(struct hats_client *client) {
    return (struct hats_log_files){.get = get, .arg = client};
}

bool hats_client_has_log(const struct hats_client *client) {
    const struct hats_trust *trust = hats_client_trust(client);
    for (size_t i = 0; i < trust->n_keys; i++)
        if ((trust->keys[i].roles & HATS_ROLE_LOG) != 0)
            return true;
    return false;
}

hats_status hats_client_log_memory(char out[HATS_PATH_MAX], const struct hats_server_record *record,
                                   struct hats_error *err) {
    const char *slash = strrchr(record->trust_path, '/');
    int n = slash == NULL ? -1
                          : snprintf(out, HATS_PATH_MAX, "%.*s/checkpoint",
                                     (int)(slash - record->trust_path), record->trust_path);
    return n > 0 && n < HATS_PATH_MAX
               ? HATS_OK
               : hats_fail(err, HATS_E_RANGE, "%s: the path is too long", record->trust_path);
}

hats_status hats_client_log_follow(struct hats_client *client, struct hats_log_followed *out,
                                   struct hats_buffer *note,
                                   const struct hats_server_record *record,
                                   struct hats_error *err) {
    char memory[HATS_PATH_MAX];
    struct hats_log_files files = hats_client_log_files(client);
    hats_status s = hats_client_log_memory(memory, record, err);
    return s == HATS_OK ? hats_log_follow(out, note, memory, &files, hats_client_trust(client),
                                          hats_now_ms(), err)
                        : s;
}

hats_status hats_client_receipt(struct hats_client *client, struct hats_buffer *out,
                                const uint8_t entry[32], struct hats_error *err) {
    char hex[65], path[96];
    hats_hex_encode(hex, entry, 32);
    snprintf(path, sizeof path, "/v1/receipts/%s", hex);
    return hats_client_get(client, out, path, err);
}
