/* What a terminal gets beyond plain text: colours and one progress line.
 *
 * Nothing of it appears when the stream is not a terminal, when NO_COLOR is set (colours), or after
 * hats_tty_quiet. A progress line is drawn at most ten times a second, and only when the work has
 * taken more than half a second.
 */
#ifndef HATS_BASE_TTY_H
#define HATS_BASE_TTY_H

#include "base/status.h"

#include <stdio.h>

enum hats_colour { HATS_PLAIN, HATS_BOLD, HATS_GREEN, HATS_RED, HATS_YELLOW, HATS_DIM };

/* The escape that starts (or, HATS_PLAIN, ends) a colour on this stream; "" where none is wanted. */
const char *hats_tty_colour(FILE *stream, enum hats_colour colour);
void hats_tty_quiet(bool quiet);

struct hats_progress {
    const char *label;
    uint64_t total, done, started_ns, drawn_ns;
    bool drawn;
};
void hats_progress_start(struct hats_progress *p, const char *label, uint64_t total);
void hats_progress_step(struct hats_progress *p, uint64_t done);
/* Removes the line. */
void hats_progress_end(struct hats_progress *p);

#endif
