#include "fuzz.h"
#include "provenance/grant.h"
#include "provenance/step.h"

/* Payloads of the signed objects. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_grant grant;
    struct hats_source_root root;
    struct hats_step step;
    struct hats_revocations list;
    struct hats_error err;

    if (hats_grant_decode(&grant, data, len_bytes, &err) == HATS_OK)
        require(memchr(grant.purpose_text, 0, sizeof grant.purpose_text) != NULL &&
                    grant.from_ms <= grant.until_ms && grant.purpose != 0,
                "a grant is one");
    if (hats_source_root_decode(&root, data, len_bytes, &err) == HATS_OK)
        require(memchr(root.dataset, 0, sizeof root.dataset) != NULL && root.n_records >= 1,
                "a root is one");
    if (hats_step_decode(&step, data, len_bytes, &err) == HATS_OK)
        require(step.n_parents >= 1 && step.n_parents <= HATS_STEP_MAX_PARENTS, "a step is one");
    if (hats_revocations_decode(&list, data, len_bytes, &err) == HATS_OK)
        require(list.n_items <= HATS_REVOCATIONS_MAX, "a list is one");
    hats_revocations_clear(&list);
    return 0;
}
