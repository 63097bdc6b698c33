#include "evidence/publication.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_publication publication;
    struct hats_error err;

    if (hats_publication_decode(&publication, data, len_bytes, &err) != HATS_OK)
        return 0;
    require(memchr(publication.name, 0, sizeof publication.name) != NULL, "the name ends");
    require(memchr(publication.publisher, 0, sizeof publication.publisher) != NULL,
            "the publisher's name ends");
    return 0;
}
