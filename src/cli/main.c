/* hats: one binary, many verbs. */
#include "cli/verbs.h"

#include "base/cpu.h"
#include "base/tty.h"
#include "field/field.h"
#include "hash/shake.h"
#include "ring/kernels.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const struct cli_verb *const verbs[] = {
    &cli_verb_keygen,
    &cli_verb_trust_add,
    &cli_verb_trust_show,
    &cli_verb_key_show,
    &cli_verb_key_register,
    &cli_verb_key_list,
    &cli_verb_key_revoke,
    &cli_verb_infer,
    &cli_verb_verify,
    &cli_verb_proof_inspect,
    &cli_verb_log_show,
    &cli_verb_log_verify,
    &cli_verb_log_attach,
    &cli_verb_log_keygen,
    &cli_verb_log_witness,
    &cli_verb_provenance_show,
    &cli_verb_provenance_check,
    &cli_verb_provenance_make,
    &cli_verb_provenance_disclose,
    &cli_verb_source_init,
    &cli_verb_source_schema,
    &cli_verb_source_sign,
    &cli_verb_grant_sign,
    &cli_verb_grant_revoke,
    &cli_verb_model_compile,
    &cli_verb_model_inspect,
    &cli_verb_model_publish,
    &cli_verb_model_list,
    &cli_verb_init,
    &cli_verb_tenant_add,
    &cli_verb_tenant_list,
    &cli_verb_tenant_disable,
    &cli_verb_tenant_enable,
    &cli_verb_serve,
};
#define N_VERBS (sizeof verbs / sizeof verbs[0])

static void overview(FILE *out) {
    fputs("hats " HATS_VERSION
          ": a score from somebody else's model, without showing the record.\n\n"
          "usage: hats VERB [options]        hats VERB --help explains one verb\n\n",
          out);
    for (size_t i = 0; i < N_VERBS; i++) {
        if (verbs[i] == &cli_verb_keygen)
            fputs("for a data owner:\n", out);
        if (verbs[i] == &cli_verb_verify)
            fputs("\nfor an auditor (files are enough):\n", out);
        if (verbs[i] == &cli_verb_source_init)
            fputs("\nfor a source of data, and for who releases them:\n", out);
        if (verbs[i] == &cli_verb_model_compile)
            fputs("\nfor a model provider:\n", out);
        fprintf(out, "  %-16s %s\n", verbs[i]->name, verbs[i]->summary);
    }
    fputs(
        "\nexit codes: 0 done; 1 verification failed; 2 wrong usage or input; 3 holds, but only\n"
        "asserted (--require proven); 4 signer not trusted; 5 memory, disk, network; 6 refused by\n"
        "the server; 7 nothing to verify\n",
        out);
}

static void man_page(FILE *out) {
    fputs(".TH HATS 1 \"\" \"hats " HATS_VERSION
          "\" \"User Commands\"\n.SH NAME\nhats \\- encrypted "
          "inference with receipts that anyone can check\n.SH SYNOPSIS\n\\fBhats\\fR \\fIVERB\\fR "
          "[options]\n.SH VERBS\n",
          out);
    for (size_t i = 0; i < N_VERBS; i++)
        cli_man(out, verbs[i]);
    fputs(".SH FILES\n~/.hats/keys, ~/.hats/servers\n.SH ENVIRONMENT\n.TP\nHATS_HOME\nFolder with "
          "keys and known servers.\n.TP\nHATS_CPU\nportable, avx2 or avx512: use no better "
          "instruction set than this.\n.TP\nNO_COLOR\nNo colours.\n.SH EXIT STATUS\n0 done; 1 "
          "verification failed; 2 wrong usage or input; 3 holds, but only asserted (\\-\\-require "
          "proven); 4 signer not trusted; 5 memory, disk, network; 6 refused by the server; 7 "
          "nothing to verify.\n.SH SEE ALSO\nhatsd(8)\n",
          out);
}

static size_t first_word(size_t i) { return strcspn(verbs[i]->name, " "); }

/* Is verb i the first one that begins with its first word? */
static bool begins_group(size_t i) {
    return i == 0 || strncmp(verbs[i]->name, verbs[i - 1]->name, first_word(i) + 1) != 0;
}

/* bash: verbs first, then the options of the verb on the line, files otherwise. */
static void completion(FILE *out) {
    fputs("# bash completion for hats; made by hats --completion\n_hats() {\n"
          "    local line=\"${COMP_WORDS[*]:1}\" cur=\"${COMP_WORDS[COMP_CWORD]}\" words=\n"
          "    case \"$line\" in\n",
          out);
    for (size_t i = 0; i < N_VERBS; i++) {
        fprintf(out, "    '%s '*) words='", verbs[i]->name);
        cli_words(out, verbs[i]);
        fputs("';;\n", out);
    }
    for (size_t i = 0; i < N_VERBS; i++) {
        size_t len = first_word(i);
        if (verbs[i]->name[len] == '\0')
            continue;
        if (begins_group(i))
            fprintf(out, "    '%.*s '*) words='", (int)len, verbs[i]->name);
        fprintf(out, "%s ", verbs[i]->name + len + 1);
        if (i + 1 == N_VERBS || begins_group(i + 1))
            fputs("';;\n", out);
    }
    fputs("    *) words='", out);
    for (size_t i = 0; i < N_VERBS; i++)
        if (begins_group(i))
            fprintf(out, "%.*s ", (int)first_word(i), verbs[i]->name);
    fputs("help version';;\n    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
          "complete -o default -F _hats hats\n",
          out);
}

/* Longest name first: "key register" before a verb "key". */
static const struct cli_verb *find_verb(int argc, char **argv, int *words) {
    for (int n = 2; n >= 1; n--) {
        for (size_t i = 0; i < N_VERBS; i++) {
            char name[64];
            if (argc < n + 1)
                continue;
            snprintf(name, sizeof name, n == 2 ? "%s %s" : "%s", argv[1], n == 2 ? argv[2] : "");
            if (strcmp(name, verbs[i]->name) == 0) {
                *words = n;
                return verbs[i];
            }
        }
    }
    return NULL;
}

/* Verbs that begin with the word given: "hats key" lists them. */
static int no_such_verb(const char *word) {
    size_t len = strlen(word);
    bool any = false;
    for (size_t i = 0; i < N_VERBS; i++) {
        if (strncmp(verbs[i]->name, word, len) != 0 || verbs[i]->name[len] != ' ')
            continue;
        if (!any)
            fprintf(stderr, "hats %s needs a second word:\n", word);
        any = true;
        fprintf(stderr, "  %-16s %s\n", verbs[i]->name, verbs[i]->summary);
    }
    if (!any)
        fprintf(stderr, "hats: there is no verb '%.40s'; hats help lists them\n", word);
    return 2;
}

/* With the instruction sets in use, and any whose self-test failed on this machine. */
static void print_version(void) {
    char failed[128];
    (void)hats_hash_kernels();
    (void)hats_field_kernels();
    (void)hats_ring_kernels();
    printf("hats " HATS_VERSION "\nkernels: %s%s\n", hats_cpu_backend_name(hats_cpu_backend()),
           hats_cpu_sha_ni() ? ", SHA instructions" : "");
    if (hats_cpu_self_test_failed(failed, sizeof failed))
        printf("self-test failed, lower kernels in use: %s\n", failed);
}

int main(int argc, char **argv) {
    struct rlimit no_core = {0, 0};
    struct hats_error err = {0};
    struct cli_args args;
    int words = 0;
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    const struct cli_verb *verb = find_verb(argc, argv, &words);
    if (verb == NULL && argc >= 2 && strcmp(argv[1], "--man") == 0) {
        man_page(stdout);
        return 0;
    }
    if (verb == NULL && argc >= 2 && strcmp(argv[1], "--completion") == 0) {
        completion(stdout);
        return 0;
    }
    if (verb == NULL &&
        (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)) {
        overview(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    if (verb == NULL && (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0)) {
        print_version();
        return 0;
    }
    if (verb == NULL)
        return no_such_verb(argv[1]);
    if (cli_parse(&args, verb, argc - 1 - words, argv + 1 + words, &err) != HATS_OK)
        return cli_report(&args, &err);
    if (args.help) {
        cli_help(stdout, verb);
        return 0;
    }
    hats_tty_quiet(args.quiet);
    return verb->run(&args);
}
