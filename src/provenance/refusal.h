/* Why evidence of provenance is refused, one code each. */
#ifndef HATS_PROVENANCE_REFUSAL_H
#define HATS_PROVENANCE_REFUSAL_H

#include "base/status.h"

enum hats_provenance_refusal {
    HATS_PROVENANCE_HOLDS,
    HATS_PROVENANCE_MALFORMED, /* not an encoding of this format */
    /* records */
    HATS_PROVENANCE_RECORD_FOREIGN, /* other records than the request's */
    HATS_PROVENANCE_RECORD_ABSENT,  /* not in the signed root */
    /* the source */
    HATS_PROVENANCE_SOURCE_SIGNATURE,
    HATS_PROVENANCE_SOURCE_UNTRUSTED, /* unknown, wrong role, key expired or revoked */
    HATS_PROVENANCE_SOURCE_REVOKED,
    HATS_PROVENANCE_SOURCE_EXPIRED,
    HATS_PROVENANCE_SOURCE_FUTURE,
    HATS_PROVENANCE_SOURCE_AGE,      /* older than the policy takes */
    HATS_PROVENANCE_SOURCE_CONFLICT, /* another root of this source and time is known */
    /* the grant */
    HATS_PROVENANCE_GRANT_SIGNATURE,
    HATS_PROVENANCE_GRANT_UNTRUSTED,
    HATS_PROVENANCE_GRANT_REVOKED,
    HATS_PROVENANCE_GRANT_EARLY,
    HATS_PROVENANCE_GRANT_EXPIRED,
    HATS_PROVENANCE_GRANT_SOURCE, /* another source, dataset or root */
    HATS_PROVENANCE_GRANT_SCHEMA,
    HATS_PROVENANCE_GRANT_TRANSFORM,
    HATS_PROVENANCE_GRANT_MODEL,
    HATS_PROVENANCE_GRANT_PURPOSE,
    HATS_PROVENANCE_GRANT_OWNER,
    /* the policy */
    HATS_PROVENANCE_PURPOSE_REFUSED,
    HATS_PROVENANCE_LIST_STALE, /* no current list of revocations of an issuer */
    /* the lineage */
    HATS_PROVENANCE_LINEAGE_MALFORMED,
    HATS_PROVENANCE_LINEAGE_SIGNATURE,
    HATS_PROVENANCE_LINEAGE_UNTRUSTED,
    HATS_PROVENANCE_LINEAGE_REVOKED,
    HATS_PROVENANCE_LINEAGE_ORDER,      /* made from a later step, from itself, or twice there */
    HATS_PROVENANCE_LINEAGE_DANGLING,   /* made from a step that is not there */
    HATS_PROVENANCE_LINEAGE_COMMITMENT, /* reads something else than was made */
    HATS_PROVENANCE_LINEAGE_TIME,       /* made before what it is made from */
    HATS_PROVENANCE_LINEAGE_LOOSE,      /* a step that leads nowhere */
    HATS_PROVENANCE_FAILED,             /* memory, or the cryptographic library: nothing is known */
    HATS_PROVENANCE_REFUSALS
};
/* "grant-expired": the code of the problem document. */
const char *hats_provenance_refusal_name(enum hats_provenance_refusal r);

#endif
