/* A small world for the tests of provenance: keys, a table on the disk, a lineage, a grant, evidence. */
#ifndef HATS_TESTS_PROVENANCE_WORLD_H
#define HATS_TESTS_PROVENANCE_WORLD_H

#include "provenance/bundle.h"
#include "provenance/sign.h"

#define WORLD_NOW_MS UINT64_C(1790000000000)
#define WORLD_DAY_MS UINT64_C(86400000)

enum { SOURCE, AUTHORISER, PROCESSOR, STORE, OWNER, STRANGER, N_PARTIES };

struct world {
    char dir[64];
    struct hats_sign_key *keys[N_PARTIES];
    uint8_t kids[N_PARTIES][32];
    struct hats_trust trust; /* all but the stranger's, each in its role */
    struct hats_source_schema *schema;
    struct hats_buffer roots[3], steps[2]; /* source -> transform -> table -> store -> table */
};

void world_open(struct world *w);
void world_close(struct world *w);
/* "dir/name" in a buffer that the next call overwrites. */
const char *world_path(const struct world *w, const char *name);
void world_write(const struct world *w, const char *name, const void *text, size_t len);
struct hats_source_schema *world_schema(const char *json);
/* Signs `csv` as PREFIX in the world's folder. */
hats_status world_sign(const struct world *w, const char *prefix, const char *csv, size_t len,
                       const struct hats_source_schema *schema, int party,
                       const struct hats_step *step, uint64_t now_ms, struct hats_error *err);

/* A grant for the last table, the request that it is for, and a policy that takes it. */
void world_grant(struct hats_grant *g, const struct world *w);
void world_request(struct hats_provenance_request *q, const struct world *w);
/* The evidence for record 1 of the last table: all parts may be changed before it is encoded. */
struct evidence {
    struct hats_opening opening;
    struct hats_buffer grant, input;
    struct hats_provenance_bundle bundle;
};
void world_evidence(struct evidence *e, const struct world *w, const struct hats_grant *g,
                    int authoriser, bool with_input);
void evidence_clear(struct evidence *e);
void world_encode(struct hats_buffer *out, const struct evidence *e);

extern const uint8_t world_transform[32], world_model[32];
extern const char world_csv[];

#endif
