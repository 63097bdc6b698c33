#include "cli/options.h"

#include "base/text.h"
#include "base/tty.h"
#include "evidence/render.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static const struct cli_option common[] = {
    {"home", "DIR", "Folder with keys and known servers (default: $HATS_HOME, else ~/.hats).", 0,
     0},
    {"json", NULL, "Print JSON for programs.", 0, 0},
    {"quiet", NULL, "No progress and no explanations.", 0, 0},
    {"help", NULL, "Show this help.", 0, 0},
    {0},
};

static const struct cli_option *find(const struct cli_option *list, const char *name, size_t len,
                                     unsigned *at) {
    for (unsigned i = 0; list[i].name != NULL; i++)
        if (strlen(list[i].name) == len && memcmp(list[i].name, name, len) == 0) {
            *at = i;
            return &list[i];
        }
    return NULL;
}

/* Edit distance 1 or a common beginning of three letters is close enough to be meant. */
static const char *nearest(const struct cli_verb *verb, const char *name, size_t len) {
    for (const struct cli_option *o = verb->options; o->name != NULL; o++)
        if (len >= 3 && strncmp(o->name, name, 3) == 0)
            return o->name;
    return NULL;
}

static hats_status take_common(struct cli_args *out, unsigned at, const char *value) {
    switch (at) {
    case 0: out->home = value; break;
    case 1: out->json = true; break;
    case 2: out->quiet = true; break;
    default: out->help = true; break;
    }
    return HATS_OK;
}

static hats_status take_option(struct cli_args *out, const struct cli_option *o, unsigned at,
                               const char *value, struct hats_error *err) {
    if (o->repeats) {
        if (out->n_repeated == CLI_MAX_POSITIONALS)
            return hats_fail(err, HATS_E_USAGE, "--%s stands there too often", o->name);
        out->repeated[out->n_repeated++] = value;
    } else if (out->values[at] != NULL) {
        return hats_fail(err, HATS_E_USAGE, "--%s stands there twice", o->name);
    }
    out->values[at] = value;
    return HATS_OK;
}

/* argv[*i] begins with "--". */
static hats_status parse_option(struct cli_args *out, int argc, char **argv, int *i,
                                struct hats_error *err) {
    const char *name = argv[*i] + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    unsigned at = 0;
    const struct cli_option *own = find(out->verb->options, name, len, &at);
    const struct cli_option *o = own != NULL ? own : find(common, name, len, &at);
    if (o == NULL) {
        const char *meant = nearest(out->verb, name, len);
        return hats_fail(err, HATS_E_USAGE,
                         "hats %s has no option --%.*s%s%s%s; see hats %s --help", out->verb->name,
                         (int)(len > 40 ? 40 : len), name, meant != NULL ? " (did you mean --" : "",
                         meant != NULL ? meant : "", meant != NULL ? "?)" : "", out->verb->name);
    }
    const char *value = equals != NULL ? equals + 1 : "";
    if (o->argument == NULL && equals != NULL)
        return hats_fail(err, HATS_E_USAGE, "--%s takes no value", o->name);
    if (o->argument != NULL && equals == NULL) {
        if (*i + 1 >= argc)
            return hats_fail(err, HATS_E_USAGE, "--%s needs a value: --%s %s", o->name, o->name,
                             o->argument);
        value = argv[++*i];
    }
    return own != NULL ? take_option(out, o, at, value, err) : take_common(out, at, value);
}

hats_status cli_parse(struct cli_args *out, const struct cli_verb *verb, int argc, char **argv,
                      struct hats_error *err) {
    hats_status s = HATS_OK;
    bool only_positionals = false;
    *out = (struct cli_args){.verb = verb};
    for (int i = 0; s == HATS_OK && i < argc; i++) {
        if (!only_positionals && strcmp(argv[i], "--") == 0)
            only_positionals = true;
        else if (!only_positionals && strncmp(argv[i], "--", 2) == 0)
            s = parse_option(out, argc, argv, &i, err);
        else if (out->n_positionals < CLI_MAX_POSITIONALS)
            out->positionals[out->n_positionals++] = argv[i];
        else
            s = hats_fail(err, HATS_E_USAGE, "too many arguments");
    }
    if (s != HATS_OK || out->help)
        return s;
    if (out->n_positionals < verb->min_positionals || out->n_positionals > verb->max_positionals)
        return hats_fail(err, HATS_E_USAGE, "usage: hats %s %s; see hats %s --help", verb->name,
                         verb->positionals[0] != '\0' ? verb->positionals : "[options]",
                         verb->name);
    for (unsigned i = 0; verb->options[i].name != NULL; i++)
        if (verb->options[i].required && out->values[i] == NULL)
            return hats_fail(err, HATS_E_USAGE, "hats %s needs --%s %s", verb->name,
                             verb->options[i].name, verb->options[i].argument);
    return HATS_OK;
}

const char *cli_value(const struct cli_args *args, const char *name) {
    unsigned at = 0;
    const struct cli_option *o = find(args->verb->options, name, strlen(name), &at);
    assert(o != NULL && at < CLI_MAX_OPTIONS);
    (void)o;
    return args->values[at];
}

hats_status cli_number(uint64_t *out, const struct cli_args *args, const char *name,
                       uint64_t fallback, uint64_t min, uint64_t max, struct hats_error *err) {
    const char *text = cli_value(args, name);
    *out = fallback;
    if (text == NULL)
        return HATS_OK;
    if (!hats_parse_u64(out, text, strlen(text)) || *out < min || *out > max)
        return hats_fail(err, HATS_E_USAGE,
                         "--%s %.40s: a number from %" PRIu64 " to %" PRIu64 " is wanted", name,
                         text, min, max);
    return HATS_OK;
}

static void help_options(FILE *out, const struct cli_option *list) {
    for (const struct cli_option *o = list; o->name != NULL; o++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->argument != NULL ? " " : "",
                 o->argument != NULL ? o->argument : "");
        fprintf(out, "  %-24s %s%s\n", left, o->help, o->required ? " (required)" : "");
    }
}

void cli_help(FILE *out, const struct cli_verb *verb) {
    fprintf(out, "%s\n\nusage: hats %s%s%s%s\n", verb->summary, verb->name,
            verb->positionals[0] != '\0' ? " " : "", verb->positionals,
            verb->options[0].name != NULL ? " [options]" : "");
    if (verb->description != NULL)
        fprintf(out, "\n%s\n", verb->description);
    if (verb->options[0].name != NULL)
        fputs("\noptions:\n", out);
    help_options(out, verb->options);
    fputs("\nalways:\n", out);
    help_options(out, common);
    if (verb->example != NULL)
        fprintf(out, "\nexample:\n  %s\n", verb->example);
}

/* man(7) takes '-' as a hyphen and a leading '.' or '\'' as a macro. */
static void man_text(FILE *out, const char *text) {
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '-' || *c == '\\')
            fputc('\\', out);
        if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n'))
            fputs("\\&", out);
        fputc(*c, out);
    }
}

static void man_options(FILE *out, const struct cli_option *list) {
    for (const struct cli_option *o = list; o->name != NULL; o++) {
        fputs(".TP\n\\fB\\-\\-", out);
        man_text(out, o->name);
        fprintf(out, "\\fR%s%s%s\n", o->argument != NULL ? " \\fI" : "",
                o->argument != NULL ? o->argument : "", o->argument != NULL ? "\\fR" : "");
        man_text(out, o->help);
        fputc('\n', out);
    }
}

void cli_man(FILE *out, const struct cli_verb *verb) {
    fprintf(out, ".SS hats %s %s\n", verb->name, verb->positionals);
    man_text(out, verb->summary);
    fputc('\n', out);
    if (verb->description != NULL) {
        fputs(".PP\n", out);
        man_text(out, verb->description);
        fputc('\n', out);
    }
    man_options(out, verb->options);
    if (verb->example != NULL) {
        fputs(".PP\nExample:\n.PP\n.RS\n.nf\n", out);
        man_text(out, verb->example);
        fputs("\n.fi\n.RE\n", out);
    }
}

void cli_words(FILE *out, const struct cli_verb *verb) {
    for (const struct cli_option *o = verb->options; o->name != NULL; o++)
        fprintf(out, "--%s ", o->name);
    for (const struct cli_option *o = common; o->name != NULL; o++)
        fprintf(out, "--%s ", o->name);
}

int cli_report(const struct cli_args *args, const struct hats_error *err) {
    if (args != NULL && args->json) {
        struct hats_buffer b;
        hats_buffer_init(&b, 4096);
        hats_buffer_printf(&b, "{\"error\":\"%s\",\"text\":", hats_status_name(err->status));
        hats_json_string(&b, err->text);
        hats_buffer_printf(&b, "}\n");
        fwrite(b.data, 1, b.len, stderr);
        hats_buffer_clear(&b);
    } else {
        fprintf(stderr, "%shats:%s %s\n", hats_tty_colour(stderr, HATS_RED),
                hats_tty_colour(stderr, HATS_PLAIN), err->text);
    }
    return hats_status_exit_code(err->status);
}

void cli_print_foreign(FILE *out, const void *text, size_t len_bytes) {
    const unsigned char *at = text;
    for (size_t i = 0; i < len_bytes; i++) {
        bool c1 = at[i] == 0xc2 && i + 1 < len_bytes && at[i + 1] >= 0x80 && at[i + 1] < 0xa0;
        bool plain = at[i] >= 0x20 ? at[i] != 0x7f && !c1 : at[i] == '\n' || at[i] == '\t';
        fputc(plain ? at[i] : '?', out);
        i += c1;
    }
    fputc('\n', out);
}

const char *cli_count(char out[32], uint64_t v) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, v);
    int at = 0;
    for (int i = 0; i < n; i++) {
        if (i != 0 && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}
