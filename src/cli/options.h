/* Verbs and their options, described once: parsing, --help and the man pages come from one table.
 *
 * Options are long (--name VALUE or --name=VALUE, or a flag), anywhere on the line; "--" ends them.
 * Every verb also knows --help, --home DIR, --json and --quiet.
 */
#ifndef HATS_CLI_OPTIONS_H
#define HATS_CLI_OPTIONS_H

#include "base/status.h"

#include <stdio.h>

#define CLI_MAX_OPTIONS 24
#define CLI_MAX_POSITIONALS 64

struct cli_option {
    const char *name;     /* "input" */
    const char *argument; /* "FILE"; NULL for a flag */
    const char *help;     /* one sentence */
    bool required;
    bool repeats; /* may stand more than once */
};

struct cli_args;

struct cli_verb {
    const char *name;        /* "key register": one or two words */
    const char *positionals; /* for the usage line: "DIR", or "" */
    unsigned min_positionals, max_positionals;
    const char *summary;     /* one sentence */
    const char *description; /* a paragraph or two for --help and the man page; may be NULL */
    const char *example;     /* may be NULL */
    const struct cli_option *options; /* ends with a NULL name */
    int (*run)(const struct cli_args *args);
};

struct cli_args {
    const struct cli_verb *verb;
    const char *home; /* --home, or NULL */
    bool json, quiet, help;
    const char *values[CLI_MAX_OPTIONS]; /* by position in verb->options; flags hold "" */
    const char *positionals[CLI_MAX_POSITIONALS];
    unsigned n_positionals;
    const char *repeated[CLI_MAX_POSITIONALS]; /* values of the (one) repeating option */
    unsigned n_repeated;
};

/* argv begins after the verb. HATS_E_USAGE with what to write instead. */
HATS_MUST_USE hats_status cli_parse(struct cli_args *out, const struct cli_verb *verb, int argc,
                                    char **argv, struct hats_error *err);
/* NULL when not given; the name must be one of the verb's. */
const char *cli_value(const struct cli_args *args, const char *name);
/* A decimal in min..max; fallback when not given. */
HATS_MUST_USE hats_status cli_number(uint64_t *out, const struct cli_args *args, const char *name,
                                     uint64_t fallback, uint64_t min, uint64_t max,
                                     struct hats_error *err);

void cli_help(FILE *out, const struct cli_verb *verb);
/* The verb as a section of the man page, in man(7) macros. */
void cli_man(FILE *out, const struct cli_verb *verb);

/* The verb's options as words for a completion script. */
void cli_words(FILE *out, const struct cli_verb *verb);

/* Prints "hats: text" (or a JSON object when args->json) to stderr and returns the exit code. */
int cli_report(const struct cli_args *args, const struct hats_error *err);
/* A text as a server gave it, and a line end. A terminal would obey control characters: all but line ends
 * and tabs become question marks. */
void cli_print_foreign(FILE *out, const void *text, size_t len_bytes);
/* "32,840" */
const char *cli_count(char out[32], uint64_t v);

#endif
