#include "model/schema.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "model/input.h"

#include <math.h>
#include <stdlib.h>

#define TOKENS_MAX 4096 /* words on a line */

struct schema {
    struct hats_error *err;
    const char *at, *end;
    unsigned line;
    char *token[TOKENS_MAX]; /* of one line, pointing into text */
    size_t n_tokens;
    char *text; /* the tokens of one line */
    /* what the file says so far */
    struct hats_graph_column *columns;
    uint32_t n_columns;
    struct hats_graph_feature *features; /* one an input; their category is owned */
    uint32_t n_features, most;
    bool has_text;
    char **labels;
    uint32_t n_labels;
    bool has_link;
    enum hats_plan_link link;
};

static hats_status fail_line(struct schema *s, const char *what) {
    return hats_fail(s->err, HATS_E_MALFORMED, "schema, line %u: %s", s->line, what);
}

/* --- one line into tokens --- */

static hats_status quoted_token(struct schema *s, char **out) {
    for (;;) {
        if (s->at == s->end || *s->at == '\n')
            return fail_line(s, "a quote is left open");
        if (*s->at == '"') {
            s->at++;
            if (s->at == s->end || *s->at != '"')
                break;
        }
        *(*out)++ = *s->at++;
    }
    if (s->at < s->end && *s->at != ' ' && *s->at != '\t' && *s->at != '\n' && *s->at != '\r')
        return fail_line(s, "text follows a closing quote");
    return HATS_OK;
}

/* HATS_OK with n_tokens = 0 for blank lines and comments. */
static hats_status read_line(struct schema *s) {
    char *out = s->text;
    hats_status st = HATS_OK;

    s->line++;
    s->n_tokens = 0;
    while (s->at < s->end && *s->at != '\n' && st == HATS_OK) {
        char c = *s->at;
        if (c == ' ' || c == '\t' || c == '\r') {
            s->at++;
            continue;
        }
        if (c == '#') {
            while (s->at < s->end && *s->at != '\n')
                s->at++;
            break;
        }
        if (s->n_tokens == TOKENS_MAX)
            return fail_line(s, "more than 4096 words");
        s->token[s->n_tokens++] = out;
        if (c == '"') {
            s->at++;
            st = quoted_token(s, &out);
        } else {
            while (s->at < s->end && strchr(" \t\r\n", *s->at) == NULL)
                *out++ = *s->at++;
        }
        *out++ = 0;
        if (strlen(s->token[s->n_tokens - 1]) > HATS_PLAN_TEXT_MAX)
            return fail_line(s, "a word over 256 bytes");
    }
    if (s->at < s->end)
        s->at++; /* the line feed */
    return st;
}

/* --- what a line says --- */

static hats_status column_of(struct schema *s, uint32_t *out, const char *name, bool is_text) {
    for (*out = 0; *out < s->n_columns; ++*out) {
        if (strcmp(s->columns[*out].name, name) != 0)
            continue;
        if (s->columns[*out].is_text != is_text)
            return fail_line(s, "the column is a number elsewhere and a text here, or the reverse");
        return HATS_OK;
    }
    if (name[0] == 0)
        return fail_line(s, "the column has no name");
    if (s->n_columns == s->most)
        return fail_line(s, "more columns than the model has inputs");
    s->columns[s->n_columns].name = hats_strdup(name);
    if (s->columns[s->n_columns].name == NULL)
        return hats_fail(s->err, HATS_E_MEMORY, "schema: no memory");
    s->columns[s->n_columns++].is_text = is_text;
    return HATS_OK;
}

static hats_status add_feature(struct schema *s, struct hats_graph_feature f) {
    if (s->n_features == s->most)
        return hats_fail(s->err, HATS_E_RANGE, "schema, line %u: more inputs than the model's %u",
                         s->line, s->most);
    f.a = 1;
    f.post_a = 1;
    f.missing = NAN;
    s->features[s->n_features++] = f;
    return HATS_OK;
}

static hats_status read_cut(struct schema *s, double *out, const char *text) {
    double power = 1; /* exact up to 10^22 */
    int64_t v;
    int digits = hats_decimal_digits(text, strlen(text));

    if (digits < 0 || hats_decimal_parse(&v, text, strlen(text), (unsigned)digits) != HATS_OK ||
        v > INT64_C(1) << 53 || v < -(INT64_C(1) << 53))
        return fail_line(s, "a cut is not a plain decimal of at most 15 digits");
    /* one division of exact numbers: the nearest double of the decimal */
    for (int i = 0; i < digits; i++)
        power *= 10;
    *out = (double)v / power;
    return HATS_OK;
}

static hats_status number_line(struct schema *s) {
    struct hats_graph_feature f = {.kind = HATS_FEATURE_NUMBER};
    hats_status st;

    if (s->n_tokens != 2)
        return fail_line(s, "number takes one column");
    st = column_of(s, &f.column, s->token[1], false);
    return st == HATS_OK ? add_feature(s, f) : st;
}

/* bins: one flag between every two cuts and beyond the ends; above: one flag a cut. */
static hats_status cuts_line(struct schema *s, bool bins) {
    struct hats_graph_feature f = {.kind = HATS_FEATURE_INTERVAL};
    double before = 0;
    hats_status st;

    if (s->n_tokens < 3)
        return fail_line(s, "a column and at least one cut are needed");
    st = column_of(s, &f.column, s->token[1], false);
    for (size_t i = 2; i < s->n_tokens && st == HATS_OK; i++) {
        double cut = 0;
        st = read_cut(s, &cut, s->token[i]);
        if (st == HATS_OK && i > 2 && cut <= before)
            st = fail_line(s, "cuts must ascend");
        if (st != HATS_OK)
            break;
        f.has_above = !bins || i > 2;
        f.above = bins ? before : cut;
        f.has_up_to = bins;
        f.up_to = cut;
        st = add_feature(s, f);
        before = cut;
    }
    if (st == HATS_OK && bins) {
        f.has_above = true;
        f.above = before;
        f.has_up_to = false;
        st = add_feature(s, f);
    }
    return st;
}

static hats_status one_hot_line(struct schema *s, bool or_none) {
    struct hats_graph_feature f = {.kind = HATS_FEATURE_CATEGORY};
    hats_status st;

    if (s->n_tokens < 3)
        return fail_line(s, "a column and at least one category are needed");
    st = column_of(s, &f.column, s->token[1], true);
    if (st == HATS_OK)
        s->columns[f.column].unknown_is_zero = or_none;
    for (size_t i = 2; i < s->n_tokens && st == HATS_OK; i++) {
        if (s->token[i][0] == 0)
            return fail_line(s, "a category is empty");
        f.category = hats_strdup(s->token[i]);
        if (f.category == NULL)
            return hats_fail(s->err, HATS_E_MEMORY, "schema: no memory");
        st = add_feature(s, f);
        if (st != HATS_OK)
            hats_free(f.category);
    }
    return st;
}

static hats_status ngrams_line(struct schema *s) {
    struct hats_graph_feature f = {.kind = HATS_FEATURE_NGRAM};
    int64_t d = 0;
    hats_status st;

    if (s->n_tokens != 3 ||
        hats_decimal_parse(&d, s->token[2], strlen(s->token[2]), 0) != HATS_OK || d < 2 ||
        d > HATS_LINEAR_MAX_INPUTS)
        return fail_line(s, "text-ngrams takes one column and the number of inputs");
    if (s->n_features > 0)
        return fail_line(s, "text-ngrams stands alone");
    st = column_of(s, &f.column, s->token[1], true);
    for (int64_t i = 0; i < d && st == HATS_OK; i++)
        st = add_feature(s, f);
    s->has_text = true;
    return st;
}

static hats_status labels_line(struct schema *s) {
    if (s->labels != NULL || s->n_tokens < 2)
        return fail_line(s, "labels stands once, with at least one label");
    s->labels = hats_alloc_array(s->n_tokens - 1, sizeof *s->labels);
    if (s->labels == NULL)
        return hats_fail(s->err, HATS_E_MEMORY, "schema: no memory");
    for (size_t i = 1; i < s->n_tokens; i++) {
        s->labels[s->n_labels] = hats_strdup(s->token[i]);
        if (s->labels[s->n_labels] == NULL)
            return hats_fail(s->err, HATS_E_MEMORY, "schema: no memory");
        s->n_labels++;
    }
    return HATS_OK;
}

static hats_status link_line(struct schema *s) {
    if (s->n_tokens != 2 || s->has_link)
        return fail_line(s, "link stands once, with one name");
    for (int l = HATS_LINK_IDENTITY; l <= HATS_LINK_SIGMOID_L1; l++) {
        if (strcmp(s->token[1], hats_plan_link_name((enum hats_plan_link)l)) != 0)
            continue;
        s->link = (enum hats_plan_link)l;
        s->has_link = true;
        return HATS_OK;
    }
    return fail_line(s, "no such link; identity, sigmoid, softmax, exp");
}

static hats_status run_line(struct schema *s) {
    const char *word = s->n_tokens > 0 ? s->token[0] : "";

    if (s->n_tokens == 0)
        return HATS_OK;
    if (strcmp(word, "labels") == 0)
        return labels_line(s);
    if (strcmp(word, "link") == 0)
        return link_line(s);
    if (s->has_text)
        return fail_line(s, "text-ngrams stands alone");
    if (strcmp(word, "number") == 0)
        return number_line(s);
    if (strcmp(word, "bins") == 0 || strcmp(word, "above") == 0)
        return cuts_line(s, word[0] == 'b');
    if (strcmp(word, "onehot") == 0 || strcmp(word, "onehot-or-none") == 0)
        return one_hot_line(s, word[6] != 0);
    if (strcmp(word, "text-ngrams") == 0)
        return ngrams_line(s);
    return fail_line(s, "unknown rule; number, bins, above, onehot, onehot-or-none, text-ngrams, "
                        "labels and link are known");
}

/* --- onto the graph --- */

/* The model computes z from a flag: a number clip(a v + b), or the bit of a stump. Its two values go into
 * weights and bias. */
static void fold_flag(struct hats_graph *g, uint32_t f) {
    const struct hats_graph_feature *from = &g->features[f];
    bool bit = from->kind == HATS_FEATURE_INTERVAL;
    double off = bit ? hats_graph_inside(from, 0) : hats_graph_number(from, 0);
    double on = bit ? hats_graph_inside(from, 1) : hats_graph_number(from, 1);

    for (uint32_t o = 0; o < g->k; o++) {
        double *w = &g->w[(size_t)o * g->n_features + f];
        if (off != 0)
            g->bias[o] += *w * off;
        *w *= on - off;
    }
}

static hats_status join_feature(struct schema *s, struct hats_graph *g, uint32_t f) {
    struct hats_graph_feature *to = &g->features[f];
    struct hats_graph_feature *rule = &s->features[to->column];

    if (rule->kind == HATS_FEATURE_NUMBER) {
        to->column = rule->column;
        return HATS_OK;
    }
    if (rule->kind == HATS_FEATURE_NGRAM) {
        if (to->kind != HATS_FEATURE_NUMBER || to->a != 1 || to->b != 0 || to->has_clip ||
            to->column != f)
            return hats_fail(s->err, HATS_E_UNSUPPORTED,
                             "schema: the model prepares its inputs, which hashed n-grams do not "
                             "allow");
    } else {
        fold_flag(g, f);
    }
    *to = *rule;
    if (rule->category == NULL)
        return HATS_OK;
    to->category = hats_strdup(rule->category);
    return to->category != NULL ? HATS_OK : hats_fail(s->err, HATS_E_MEMORY, "schema: no memory");
}

static void move_labels(struct schema *s, struct hats_graph *g) {
    if (s->labels == NULL)
        return;
    for (uint32_t o = 0; o < g->n_labels; o++)
        hats_free(g->labels[o]);
    hats_free(g->labels);
    g->labels = s->labels;
    g->n_labels = s->n_labels;
    s->labels = NULL;
    s->n_labels = 0;
}

/* Only a graph whose one input is an unnamed table takes a schema. */
static hats_status check_graph(const struct hats_graph *g, struct hats_error *err) {
    for (uint32_t c = 0; c < g->n_columns; c++)
        if (g->columns[c].name != NULL || g->columns[c].is_text ||
            g->columns[c].missing != HATS_MISSING_REFUSE)
            return hats_fail(err, HATS_E_CONFLICT,
                             "schema: the model names or prepares its columns itself, so it takes "
                             "no schema");
    for (uint32_t f = 0; f < g->n_features; f++)
        if (g->features[f].kind != HATS_FEATURE_NUMBER &&
            g->features[f].kind != HATS_FEATURE_INTERVAL)
            return hats_fail(err, HATS_E_CONFLICT,
                             "schema: the model encodes categories itself, so it takes no schema");
    return HATS_OK;
}

static hats_status join(struct schema *s, struct hats_graph *g) {
    bool classifier = g->task != HATS_TASK_REGRESSION ||
                      (s->labels != NULL && s->n_labels == (g->k == 1 ? 2 : g->k));
    struct hats_graph_column *columns = g->columns;
    hats_status st = HATS_OK;

    if (s->has_link && g->link != HATS_LINK_IDENTITY && g->link != s->link)
        return hats_fail(s->err, HATS_E_CONFLICT, "schema: the model ends in %s itself",
                         hats_plan_link_name(g->link));
    if (s->n_features > 0) {
        st = check_graph(g, s->err);
        for (uint32_t f = 0; f < g->n_features && st == HATS_OK; f++)
            st = join_feature(s, g, f);
        if (st != HATS_OK)
            return st;
        g->columns = s->columns;
        g->n_columns = s->n_columns;
        s->columns = columns; /* unnamed: nothing but the array to free */
        s->n_columns = 0;
        g->has_text = s->has_text;
    }
    if (s->has_link)
        g->link = s->link;
    move_labels(s, g);
    return hats_graph_settle(g, classifier, s->err);
}

static void schema_clear(struct schema *s) {
    for (uint32_t c = 0; s->columns != NULL && c < s->n_columns; c++)
        hats_free(s->columns[c].name);
    hats_free(s->columns);
    for (uint32_t f = 0; s->features != NULL && f < s->n_features; f++)
        hats_free(s->features[f].category);
    hats_free(s->features);
    for (uint32_t o = 0; s->labels != NULL && o < s->n_labels; o++)
        hats_free(s->labels[o]);
    hats_free(s->labels);
    hats_free(s->text);
    hats_free(s);
}

hats_status hats_schema_apply(struct hats_graph *graph, const char *text, size_t len_bytes,
                              struct hats_error *err) {
    struct schema *s = NULL;
    hats_status st = HATS_OK;

    if (len_bytes > HATS_SCHEMA_MAX_BYTES || memchr(text, 0, len_bytes) != NULL)
        return hats_fail(err, HATS_E_MALFORMED, "schema: over 8 MB, or not text");
    s = hats_alloc(sizeof *s);
    if (s == NULL)
        return hats_fail(err, HATS_E_MEMORY, "schema: no memory");
    s->err = err;
    s->at = text;
    s->end = text + len_bytes;
    s->most = graph->n_columns;
    s->text = hats_alloc(2 * len_bytes + 2);
    s->columns = hats_alloc_array(s->most, sizeof *s->columns);
    s->features = hats_alloc_array(s->most, sizeof *s->features);
    if (s->text == NULL || s->columns == NULL || s->features == NULL)
        st = hats_fail(err, HATS_E_MEMORY, "schema: no memory for %u inputs", s->most);
    while (st == HATS_OK && s->at < s->end) {
        st = read_line(s);
        if (st == HATS_OK)
            st = run_line(s);
    }
    if (st == HATS_OK && s->n_features != 0 && s->n_features != s->most)
        st = hats_fail(err, HATS_E_RANGE, "schema: it describes %u inputs, the model has %u",
                       s->n_features, s->most);
    if (st == HATS_OK)
        st = join(s, graph);
    schema_clear(s);
    return st;
}
