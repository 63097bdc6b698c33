/* Publication: the publisher puts a name under a model.
 *
 * A fresh random salt, the commitment under it (evidence/digest.h) and a signed statement that names the
 * model, its plan and its parameters (evidence/publication.h). Apart from it, a package is the same bytes
 * on every compilation.
 */
#ifndef HATS_MODEL_PUBLISH_H
#define HATS_MODEL_PUBLISH_H

#include "model/package.h"
#include "pq/mldsa.h"

/* Loads and checks the package first. A model that is published already is HATS_E_CONFLICT: its
 * commitment may stand in receipts. `publisher` is the name that clients see. */
HATS_MUST_USE hats_status hats_model_publish(const char *dir, const struct hats_sign_key *key,
                                             const char *publisher, struct hats_error *err);

#endif
