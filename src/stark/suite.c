#include "stark/suite.h"

#include "stark/setup.h"

static const struct hats_stark_suite_row suites[] = {
    {HATS_STARK_S128, "S128", 3, 16, HATS_STARK_JBR, 128000, 0},
    {HATS_STARK_S128_SMALL, "S128-small", 4, 16, HATS_STARK_JBR, 128000, 0},
    {HATS_STARK_S128_SESSION, "S128-session", 5, 16, HATS_STARK_JBR, 128000, 0},
    {HATS_STARK_UDR128, "UDR128", 3, 16, HATS_STARK_UDR, 128000, 0},
    {HATS_STARK_TEST, "TEST", 3, 4, HATS_STARK_JBR, 0, 6},
};

const struct hats_stark_suite_row *hats_stark_suite_of(unsigned suite) {
    for (size_t i = 0; i < HATS_COUNT_OF(suites); i++)
        if (suites[i].id == suite)
            return &suites[i];
    return NULL;
}

const char *hats_stark_suite_name(unsigned suite) {
    const struct hats_stark_suite_row *row = hats_stark_suite_of(suite);
    return row != NULL ? row->name : NULL;
}

hats_status hats_stark_suite_check(unsigned suite, struct hats_error *err) {
    if (hats_stark_suite_of(suite) == NULL)
        return hats_fail(err, HATS_E_VERSION, "proof suite %u is unknown; use a newer program",
                         suite);
    if (suite == HATS_STARK_TEST)
        return hats_fail(err, HATS_E_INSECURE,
                         "proof suite TEST proves nothing and is for tests only; take S128");
    return HATS_OK;
}
