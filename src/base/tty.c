#include "base/tty.h"

#include "base/random.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static bool quiet_mode;

void hats_tty_quiet(bool quiet) { quiet_mode = quiet; }

const char *hats_tty_colour(FILE *stream, enum hats_colour colour) {
    static const char *const escapes[] = {"\033[0m",  "\033[1m",  "\033[32m",
                                          "\033[31m", "\033[33m", "\033[2m"};
    const char *no = getenv("NO_COLOR");
    if (!isatty(fileno(stream)) || (no != NULL && no[0] != '\0'))
        return "";
    return escapes[colour];
}

void hats_progress_start(struct hats_progress *p, const char *label, uint64_t total) {
    uint64_t now = hats_monotonic_ns();
    *p = (struct hats_progress){.label = label, .total = total, .started_ns = now, .drawn_ns = now};
}

void hats_progress_step(struct hats_progress *p, uint64_t done) {
    uint64_t now = hats_monotonic_ns();
    p->done = done;
    if (quiet_mode || !isatty(STDERR_FILENO) || now - p->started_ns < 500000000 ||
        now - p->drawn_ns < 100000000)
        return;
    p->drawn_ns = now;
    p->drawn = true;
    double seconds = (double)(now - p->started_ns) / 1e9;
    double left =
        done != 0 && p->total > done ? seconds * (double)(p->total - done) / (double)done : 0;
    fprintf(stderr, "\r\033[K%s  %" PRIu64 " of %" PRIu64 "  %.0f s, %.0f s left", p->label, done,
            p->total, seconds, left);
    fflush(stderr);
}

void hats_progress_end(struct hats_progress *p) {
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}
