#include "evidence/registry_root.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    static struct hats_sign_key *key;
    struct hats_registry_root root, back;
    struct hats_buffer again;
    struct hats_cose file;
    struct hats_error err;
    static const uint8_t seed[HATS_MLDSA_SEED_LEN] = {1};

    if (hats_registry_root_decode(&root, data, len_bytes, &err) != HATS_OK)
        return 0;
    if (key == NULL)
        require(hats_mldsa_from_seed(&key, HATS_MLDSA_44, seed, &err) == HATS_OK, "a key");
    hats_buffer_init(&again, HATS_REGISTRY_ROOT_MAX_BYTES);
    require(hats_registry_root_sign(&again, &root, key, "fuzz", &err) == HATS_OK,
            "what was decoded can be signed");
    require(hats_cose_parse(&file, again.data, again.len, HATS_TYPE_REGISTRY_ROOT, &err) == HATS_OK,
            "what was signed can be read");
    require(file.payload_len == len_bytes && memcmp(file.payload, data, len_bytes) == 0,
            "what was decoded is encoded to the same bytes");
    require(hats_registry_root_decode(&back, file.payload, file.payload_len, &err) == HATS_OK &&
                memcmp(&back, &root, sizeof root) == 0,
            "and read again");
    hats_buffer_clear(&again);
    return 0;
}
