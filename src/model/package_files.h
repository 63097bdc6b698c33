/* Putting a whole directory in place at once: written beside it, then exchanged with it. */
#ifndef HATS_MODEL_PACKAGE_FILES_H
#define HATS_MODEL_PACKAGE_FILES_H

#include "base/file.h"
#include "model/plan.h"

enum hats_package_state {
    HATS_PACKAGE_NONE,  /* no directory, or an empty one */
    HATS_PACKAGE_SAME,  /* a package with this very manifest */
    HATS_PACKAGE_OTHER, /* another package */
};

/* What lies at dir. A directory with files but without a manifest is HATS_E_CONFLICT. */
HATS_MUST_USE hats_status hats_package_look(enum hats_package_state *state, const char *dir,
                                            const struct hats_buffer *manifest,
                                            struct hats_error *err);
/* Make an empty directory beside dir. */
HATS_MUST_USE hats_status hats_package_begin(char fresh[HATS_PATH_MAX], const char *dir,
                                             struct hats_error *err);
/* written = HATS_OK: put fresh in the place of dir and remove what was there; otherwise remove fresh.
 * Returns `written`, or why the exchange failed. */
HATS_MUST_USE hats_status hats_package_end(const char *fresh, const char *dir, hats_status written,
                                           struct hats_error *err);

/* parameters.cbor */
HATS_MUST_USE hats_status hats_package_parameters(struct hats_buffer *out,
                                                  const struct hats_plan *plan,
                                                  struct hats_error *err);

#endif
