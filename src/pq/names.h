/* Every algorithm name that this folder hands to libcrypto, and the library's error texts. The list is
 * what the cryptographic inventory is made of, and what the traced fetches of a test run must equal. */
#ifndef HATS_PQ_NAMES_H
#define HATS_PQ_NAMES_H

#include "pq/mldsa.h"

#define PQ_ML_DSA_44 "ML-DSA-44"
#define PQ_ML_DSA_65 "ML-DSA-65"
#define PQ_ML_DSA_87 "ML-DSA-87"
#define PQ_SHA256 "SHA2-256" /* certificate thumbprints and key identifiers */

/* All of the above; ends with NULL. */
extern const char *const hats_pq_names[];

/* "what: the first reason that libcrypto recorded", and empties its queue. */
hats_status hats_pq_fail(struct hats_error *err, hats_status s, const char *what);

#endif
