/* The verbs of hats, in the order of the help text. */
#ifndef HATS_CLI_VERBS_H
#define HATS_CLI_VERBS_H

#include "cli/options.h"

extern const struct cli_verb cli_verb_keygen;
extern const struct cli_verb cli_verb_trust_add;
extern const struct cli_verb cli_verb_trust_show;
extern const struct cli_verb cli_verb_key_show;
extern const struct cli_verb cli_verb_key_register;
extern const struct cli_verb cli_verb_key_list;
extern const struct cli_verb cli_verb_key_revoke;
extern const struct cli_verb cli_verb_infer;
extern const struct cli_verb cli_verb_verify;
extern const struct cli_verb cli_verb_proof_inspect;
extern const struct cli_verb cli_verb_log_show;
extern const struct cli_verb cli_verb_log_verify;
extern const struct cli_verb cli_verb_log_attach;
extern const struct cli_verb cli_verb_log_keygen;
extern const struct cli_verb cli_verb_log_witness;
extern const struct cli_verb cli_verb_provenance_show;
extern const struct cli_verb cli_verb_provenance_check;
extern const struct cli_verb cli_verb_source_init;
extern const struct cli_verb cli_verb_source_schema;
extern const struct cli_verb cli_verb_source_sign;
extern const struct cli_verb cli_verb_grant_sign;
extern const struct cli_verb cli_verb_grant_revoke;
extern const struct cli_verb cli_verb_provenance_make;
extern const struct cli_verb cli_verb_provenance_disclose;
extern const struct cli_verb cli_verb_model_compile;
extern const struct cli_verb cli_verb_model_inspect;
extern const struct cli_verb cli_verb_model_publish;
extern const struct cli_verb cli_verb_model_list;
extern const struct cli_verb cli_verb_init;
extern const struct cli_verb cli_verb_tenant_add;
extern const struct cli_verb cli_verb_tenant_list;
extern const struct cli_verb cli_verb_tenant_disable;
extern const struct cli_verb cli_verb_tenant_enable;
extern const struct cli_verb cli_verb_serve;

#endif
