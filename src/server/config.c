/* The configuration file: a line-oriented subset of TOML. */
#include "server/config.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (256u << 10)
#define HINT_DISTANCE 4 /* edits between an unknown key and the one that may be meant */

/* One line being read. */
struct line {
    const char *file;
    unsigned number;
    const char *at;
    const char *end;
};

static hats_status bad(struct hats_error *err, const struct line *l, const char *what) {
    return hats_fail(err, HATS_E_USAGE, "%s:%u: %s", l->file, l->number, what);
}

static void skip_blanks(struct line *l) {
    while (l->at < l->end && (*l->at == ' ' || *l->at == '\t' || *l->at == '\r'))
        l->at++;
}

/* Nothing but a comment is left. */
static bool line_done(struct line *l) {
    skip_blanks(l);
    return l->at == l->end || *l->at == '#';
}

static bool take(struct line *l, char c) {
    skip_blanks(l);
    if (l->at == l->end || *l->at != c)
        return false;
    l->at++;
    return true;
}

static bool take_name(struct line *l, char *out, size_t cap) {
    size_t n = 0;
    skip_blanks(l);
    while (l->at < l->end &&
           (islower((unsigned char)*l->at) || isdigit((unsigned char)*l->at) || *l->at == '_') &&
           n + 1 < cap)
        out[n++] = *l->at++;
    out[n] = '\0';
    return n != 0;
}

static hats_status take_text(struct line *l, char out[CONFIG_TEXT_MAX], struct hats_error *err) {
    size_t n = 0;
    if (!take(l, '"'))
        return bad(err, l, "a text in double quotes is expected here");
    for (; l->at < l->end && *l->at != '"'; l->at++) {
        if (*l->at == '\\' && ++l->at < l->end && *l->at != '"' && *l->at != '\\')
            return bad(err, l, "in a text only \\\" and \\\\ are written with a backslash");
        if (l->at == l->end || (unsigned char)*l->at < 0x20)
            return bad(err, l, "a text holds no control characters");
        if (n + 1 == CONFIG_TEXT_MAX)
            return bad(err, l, "the text is longer than 255 bytes");
        out[n++] = *l->at;
    }
    if (l->at == l->end)
        return bad(err, l, "the text has no closing quote");
    l->at++;
    out[n] = '\0';
    return HATS_OK;
}

static hats_status take_list(struct line *l, struct config_list *list, struct hats_error *err) {
    list->n = 0;
    if (!take(l, '['))
        return bad(err, l, "a list is expected here: [\"text\", \"text\"]");
    while (!take(l, ']')) {
        if (list->n != 0 && !take(l, ','))
            return bad(err, l, "in a list a comma or the closing bracket is expected here");
        if (list->n != 0 && take(l, ']'))
            break; /* a comma after the last item, as TOML allows */
        if (list->n == CONFIG_LIST_MAX)
            return bad(err, l, "the list has more than 16 items");
        hats_status s = take_text(l, list->items[list->n], err);
        if (s != HATS_OK)
            return s;
        list->n++;
    }
    return HATS_OK;
}

static hats_status take_number(struct line *l, uint64_t *out, const struct config_key *key,
                               struct hats_error *err) {
    skip_blanks(l);
    const char *start = l->at;
    while (l->at < l->end && isdigit((unsigned char)*l->at))
        l->at++;
    if (!hats_parse_u64(out, start, (size_t)(l->at - start)))
        return bad(err, l, "a whole number is expected here");
    if (*out < key->min || *out > key->max)
        return hats_fail(err, HATS_E_USAGE, "%s:%u: %s is %llu; it may be %llu to %llu", l->file,
                         l->number, key->name, (unsigned long long)*out,
                         (unsigned long long)key->min, (unsigned long long)key->max);
    return HATS_OK;
}

static hats_status take_bool(struct line *l, bool *out, struct hats_error *err) {
    char word[8];
    (void)take_name(l, word, sizeof word);
    *out = strcmp(word, "true") == 0;
    return *out || strcmp(word, "false") == 0 ? HATS_OK
                                              : bad(err, l, "true or false is expected here");
}

static hats_status take_value(struct line *l, struct hats_server_config *c,
                              const struct config_key *key, struct hats_error *err) {
    void *field = (char *)c + key->offset;
    hats_status s = HATS_OK;
    switch (key->type) {
    case CONFIG_TEXT: s = take_text(l, field, err); break;
    case CONFIG_NUMBER: s = take_number(l, field, key, err); break;
    case CONFIG_BOOL: s = take_bool(l, field, err); break;
    case CONFIG_LIST: s = take_list(l, field, err); break;
    }
    if (s == HATS_OK && !line_done(l))
        s = bad(err, l, "something follows the value; one setting a line, comments begin with #");
    return s;
}

/* ---- keys ---- */

/* Levenshtein distance, for hints. */
static size_t distance(const char *a, const char *b) {
    size_t row[64];
    size_t n = strlen(b);
    if (n >= 63)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            best = corner + 1 < best ? corner + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[n];
}

static hats_status unknown_key(const struct line *l, const char *section, const char *name,
                               struct hats_error *err) {
    const struct config_key *meant = NULL;
    size_t best = HINT_DISTANCE;
    for (size_t i = 0; i < hats_server_config_n_keys; i++) {
        const struct config_key *k = &hats_server_config_keys[i];
        size_t d = distance(name, k->name) + (strcmp(section, k->section) != 0);
        if (d < best) {
            best = d;
            meant = k;
        }
    }
    if (meant == NULL)
        return hats_fail(err, HATS_E_USAGE,
                         "%s:%u: there is no setting %s in [%s]; hatsd.toml as hats init writes it "
                         "shows all",
                         l->file, l->number, name, section);
    return hats_fail(err, HATS_E_USAGE,
                     "%s:%u: there is no setting %s in [%s]; did you mean %s in [%s]?", l->file,
                     l->number, name, section, meant->name, meant->section);
}

static size_t find_key(const char *section, const char *name) {
    for (size_t i = 0; i < hats_server_config_n_keys; i++)
        if (strcmp(hats_server_config_keys[i].section, section) == 0 &&
            strcmp(hats_server_config_keys[i].name, name) == 0)
            return i;
    return hats_server_config_n_keys;
}

static bool section_known(const char *section) {
    for (size_t i = 0; i < hats_server_config_n_keys; i++)
        if (strcmp(hats_server_config_keys[i].section, section) == 0)
            return true;
    return false;
}

static hats_status read_section(struct line *l, char *section, size_t cap, struct hats_error *err) {
    if (!take_name(l, section, cap) || !take(l, ']') || !line_done(l))
        return bad(err, l, "a section is written [name]");
    if (section_known(section))
        return HATS_OK;
    return hats_fail(err, HATS_E_USAGE,
                     "%s:%u: there is no section [%s]; there are [server], [tls], [signing], "
                     "[store], [models], [transparency], [limits], [log], [metrics]",
                     l->file, l->number, section);
}

static hats_status read_line(struct hats_server_config *c, struct line *l, char *section,
                             size_t cap, bool *seen, struct hats_error *err) {
    char name[64];
    if (line_done(l))
        return HATS_OK;
    if (take(l, '['))
        return read_section(l, section, cap, err);
    if (!take_name(l, name, sizeof name) || !take(l, '='))
        return bad(err, l, "a setting is written name = value");
    if (section[0] == '\0')
        return bad(err, l, "settings stand in a section; write [server] before the first one");
    size_t at = find_key(section, name);
    if (at == hats_server_config_n_keys)
        return unknown_key(l, section, name, err);
    if (seen[at])
        return hats_fail(err, HATS_E_USAGE, "%s:%u: %s is set twice", l->file, l->number, name);
    seen[at] = true;
    return take_value(l, c, &hats_server_config_keys[at], err);
}

static hats_status read_all(struct hats_server_config *c, const char *text, size_t len,
                            struct hats_error *err) {
    char section[64] = "";
    bool seen[128] = {false};
    struct line l = {.file = c->path};
    for (const char *at = text; at < text + len;) {
        const char *end = memchr(at, '\n', (size_t)(text + len - at));
        l.at = at;
        l.end = end != NULL ? end : text + len;
        l.number++;
        hats_status s = read_line(c, &l, section, sizeof section, seen, err);
        if (s != HATS_OK)
            return s;
        at = l.end + 1;
    }
    for (size_t i = 0; i < hats_server_config_n_keys; i++) {
        const struct config_key *k = &hats_server_config_keys[i];
        if (k->initial == NULL && !seen[i])
            return hats_fail(err, HATS_E_USAGE, "%s: the setting %s is missing in [%s]: %s",
                             c->path, k->name, k->section, k->help);
    }
    return HATS_OK;
}

/* ---- what no single line shows ---- */

static hats_status check_origin(const struct hats_server_config *c, const char *origin,
                                struct hats_error *err) {
    const char *host = origin + 8;
    const char *colon = strrchr(origin, ':');
    uint64_t port;
    if (strncmp(origin, "https://", 8) == 0 && colon > host && strchr(host, '/') == NULL &&
        hats_parse_u64(&port, colon + 1, strlen(colon + 1)) && port >= 1 && port <= 65535)
        return HATS_OK;
    return hats_fail(err, HATS_E_USAGE,
                     "%s: the origin '%s' must be https://host:port, nothing more", c->path,
                     origin);
}

static hats_status check(const struct hats_server_config *c, struct hats_error *err) {
    if (c->origins.n == 0)
        return hats_fail(err, HATS_E_USAGE, "%s: origins lists none; clients could register no key",
                         c->path);
    if (c->issuer[0] == '\0' || strlen(c->issuer) > 127)
        return hats_fail(err, HATS_E_USAGE, "%s: issuer must have 1 to 127 bytes", c->path);
    if (strcmp(c->proofs, "required") != 0)
        return hats_fail(err, HATS_E_USAGE,
                         "%s: proofs is '%s'; it is \"required\", and cannot be switched off",
                         c->path, c->proofs);
    for (size_t i = 0; i < c->origins.n; i++) {
        hats_status s = check_origin(c, c->origins.items[i], err);
        if (s != HATS_OK)
            return s;
    }
    return HATS_OK;
}

void hats_server_config_defaults(struct hats_server_config *c) {
    struct hats_error err = {0};
    *c = (struct hats_server_config){0};
    for (size_t i = 0; i < hats_server_config_n_keys; i++) {
        const struct config_key *k = &hats_server_config_keys[i];
        if (k->initial == NULL)
            continue;
        struct line l = {.file = "", .at = k->initial, .end = k->initial + strlen(k->initial)};
        if (take_value(&l, c, k, &err) != HATS_OK)
            abort(); /* the table contradicts itself; a test reads every entry */
    }
}

static hats_status split_path(struct hats_server_config *c, const char *path,
                              struct hats_error *err) {
    char *full = realpath(path, NULL);
    if (full == NULL)
        return hats_fail(err, HATS_E_NOT_FOUND, "there is no configuration %s; hats init makes one",
                         path);
    bool fits = strlen(full) < sizeof c->path;
    if (fits) {
        memcpy(c->path, full, strlen(full) + 1);
        memcpy(c->dir, full, strlen(full) + 1);
        char *slash = strrchr(c->dir, '/');
        slash[slash == c->dir ? 1 : 0] = '\0';
    }
    free(full);
    return fits ? HATS_OK : hats_fail(err, HATS_E_USAGE, "%s: the path is too long", path);
}

hats_status hats_server_config_parse(struct hats_server_config *c, const char *text,
                                     size_t len_bytes, struct hats_error *err) {
    hats_status s = read_all(c, text, len_bytes, err);
    return s == HATS_OK ? check(c, err) : s;
}

hats_status hats_server_config_load(struct hats_server_config **out, const char *path,
                                    struct hats_error *err) {
    struct hats_buffer text;
    hats_buffer_init(&text, FILE_MAX);
    *out = NULL;
    struct hats_server_config *c = hats_alloc(sizeof *c);
    if (c == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the configuration");
    hats_server_config_defaults(c);
    hats_status s = split_path(c, path, err);
    if (s == HATS_OK)
        s = hats_file_read(&text, c->path, err);
    if (s == HATS_OK)
        s = hats_server_config_parse(c, (const char *)text.data, text.len, err);
    hats_buffer_clear(&text);
    if (s == HATS_OK)
        *out = c;
    else
        hats_server_config_free(c);
    return s;
}

void hats_server_config_free(struct hats_server_config *config) { hats_free(config); }

void hats_server_config_listen(struct hats_server_config *config, const char *address,
                               uint16_t port) {
    if (address != NULL)
        snprintf(config->listen, sizeof config->listen, "%s", address);
    char was[16], is[16];
    snprintf(was, sizeof was, ":%llu", (unsigned long long)config->port);
    snprintf(is, sizeof is, ":%u", (unsigned)port);
    for (size_t i = 0; i < config->origins.n; i++) {
        char *origin = config->origins.items[i];
        size_t n = strlen(origin), w = strlen(was);
        if (n >= w && strcmp(origin + n - w, was) == 0 && n - w + strlen(is) < CONFIG_TEXT_MAX)
            memcpy(origin + n - w, is, strlen(is) + 1);
    }
    config->port = port;
}

hats_status hats_server_config_path(char out[HATS_PATH_MAX], const struct hats_server_config *c,
                                    const char *path, struct hats_error *err) {
    bool fits = path[0] == '/' ? strlen(path) < HATS_PATH_MAX
                               : hats_path_join(out, c->dir, path) == HATS_OK;
    if (!fits)
        return hats_fail(err, HATS_E_USAGE, "%s: the path '%s' is too long", c->path, path);
    if (path[0] == '/')
        memcpy(out, path, strlen(path) + 1);
    return HATS_OK;
}

/* ---- writing ---- */

static void render_text(struct hats_buffer *out, const char *text) {
    hats_buffer_append(out, "\"", 1);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            hats_buffer_append(out, "\\", 1);
        hats_buffer_append(out, text, 1);
    }
    hats_buffer_append(out, "\"", 1);
}

static void render_value(struct hats_buffer *out, const struct hats_server_config *c,
                         const struct config_key *k) {
    const void *field = (const char *)c + k->offset;
    const struct config_list *list = field;
    switch (k->type) {
    case CONFIG_TEXT: render_text(out, field); break;
    case CONFIG_NUMBER:
        hats_buffer_printf(out, "%llu", (unsigned long long)*(const uint64_t *)field);
        break;
    case CONFIG_BOOL: hats_buffer_printf(out, "%s", *(const bool *)field ? "true" : "false"); break;
    case CONFIG_LIST:
        hats_buffer_printf(out, "[");
        for (size_t i = 0; i < list->n; i++) {
            hats_buffer_printf(out, "%s", i != 0 ? ", " : "");
            render_text(out, list->items[i]);
        }
        hats_buffer_printf(out, "]");
        break;
    }
}

void hats_server_config_render(struct hats_buffer *out, const struct hats_server_config *c) {
    const char *section = "";
    hats_buffer_printf(out,
                       "# Configuration of hatsd. Every setting with its value; those that have "
                       "a default may be left out.\n"
                       "# Paths are relative to this file's folder. `hatsd --check --config "
                       "FILE` reads it and ends.\n");
    for (size_t i = 0; i < hats_server_config_n_keys; i++) {
        const struct config_key *k = &hats_server_config_keys[i];
        if (strcmp(section, k->section) != 0)
            hats_buffer_printf(out, "\n[%s]\n", k->section);
        section = k->section;
        if (k->help != NULL)
            hats_buffer_printf(out, "# %s\n", k->help);
        hats_buffer_printf(out, "%s = ", k->name);
        render_value(out, c, k);
        hats_buffer_printf(out, "\n");
    }
}
