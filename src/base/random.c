#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static bool (*source_fill)(void *, void *, size_t);
static void *source_ctx;

void hats_random_set_source(bool (*fill)(void *, void *, size_t), void *ctx) {
    source_fill = fill;
    source_ctx = ctx;
}

hats_status hats_random(void *out, size_t len_bytes) {
    if (source_fill != NULL)
        return source_fill(source_ctx, out, len_bytes) ? HATS_OK : HATS_E_RANDOM;
    uint8_t *p = out;
    while (len_bytes != 0) {
        ssize_t n = getrandom(p, len_bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return HATS_E_RANDOM;
        p += n;
        len_bytes -= (size_t)n;
    }
    return HATS_OK;
}

uint64_t hats_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t hats_monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
