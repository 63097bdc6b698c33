#include "model/csv.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHUNK ((size_t)64 << 10)
#define END (-1)

struct hats_csv {
    char *name;
    FILE *file;     /* NULL when reading from memory */
    uint8_t *chunk; /* of a file */
    const uint8_t *at, *end;
    bool failed_read;
    bool begun, had_bom;
    uint64_t row; /* number of the row last read */

    char *text; /* the fields of a row, each with a final zero */
    size_t text_len, text_cap;
    size_t *start; /* of field i in text; start[n_fields] ends the last */
    size_t start_cap;
    const char **field;
    size_t *field_len;
    uint32_t n_fields;

    uint32_t n_header;  /* fields of the first row */
    char (*header)[48]; /* their texts, printable and cut, for error texts */
};

/* Length of the sequence that begins at s, or 0: neither overlong, nor a surrogate, nor above
 * U+10FFFF [RFC3629]. */
static size_t utf8_sequence(const uint8_t *s, size_t left) {
    uint32_t c = s[0];
    size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

    if (len == 0 || len > left)
        return 0;
    if (len > 1)
        c &= 0x7fu >> len;
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if ((len == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) ||
        (len == 4 && (c < 0x10000 || c > 0x10ffff)))
        return 0;
    return len;
}

static bool utf8_valid(const uint8_t *s, size_t len) {
    for (size_t at = 0, n; at < len; at += n) {
        n = utf8_sequence(s + at, len - at);
        if (n == 0)
            return false;
    }
    return true;
}

static hats_status csv_new(struct hats_csv **out, const char *name, struct hats_error *err) {
    struct hats_csv *c = hats_alloc(sizeof *c);

    *out = NULL;
    if (c != NULL)
        c->name = hats_strdup(name);
    if (c == NULL || c->name == NULL) {
        hats_csv_free(c);
        return hats_fail(err, HATS_E_MEMORY, "%s: no memory to read it", name);
    }
    *out = c;
    return HATS_OK;
}

hats_status hats_csv_open(struct hats_csv **out, const char *path, struct hats_error *err) {
    struct hats_csv *c;
    hats_status st = csv_new(&c, path, err);

    *out = NULL;
    if (c == NULL)
        return st;
    c->chunk = hats_alloc(CHUNK);
    c->file = c->chunk != NULL ? fopen(path, "rbe") : NULL;
    if (c->file == NULL) {
        if (c->chunk == NULL)
            st = hats_fail(err, HATS_E_MEMORY, "%s: no memory to read it", path);
        else
            st = hats_fail(err, errno == ENOENT ? HATS_E_NOT_FOUND : HATS_E_IO,
                           "%s: cannot be opened: %s", path, strerror(errno));
        hats_csv_free(c);
        return st;
    }
    (void)setvbuf(c->file, NULL, _IONBF, 0); /* no copy of records that is not wiped */
    c->at = c->end = c->chunk;
    *out = c;
    return HATS_OK;
}

hats_status hats_csv_open_memory(struct hats_csv **out, const char *name, const void *data,
                                 size_t len_bytes, struct hats_error *err) {
    struct hats_csv *c;
    hats_status st = csv_new(&c, name, err);

    *out = NULL;
    if (c == NULL)
        return st;
    c->at = data;
    c->end = c->at + len_bytes;
    *out = c;
    return HATS_OK;
}

void hats_csv_free(struct hats_csv *csv) {
    if (csv == NULL)
        return;
    if (csv->file != NULL)
        (void)fclose(csv->file);
    hats_free_wiped(csv->chunk, csv->chunk != NULL ? CHUNK : 0);
    hats_free_wiped(csv->text, csv->text_cap);
    hats_free(csv->start);
    hats_free(csv->field);
    hats_free(csv->field_len);
    hats_free(csv->header);
    hats_free(csv->name);
    hats_free(csv);
}

bool hats_csv_had_bom(const struct hats_csv *csv) { return csv->had_bom; }

const char *hats_csv_name(const struct hats_csv *csv) { return csv->name; }

/* --- bytes --- */

/* At least `need` bytes at hand, unless the file ends before. need <= 3. */
static bool have(struct hats_csv *c, size_t need) {
    size_t left = (size_t)(c->end - c->at);

    if (left < need && c->file != NULL) {
        size_t n;
        memmove(c->chunk, c->at, left);
        n = fread(c->chunk + left, 1, CHUNK - left, c->file);
        if (n == 0 && ferror(c->file))
            c->failed_read = true;
        left += n;
        c->at = c->chunk;
        c->end = c->chunk + left;
    }
    return left >= need;
}

static int peek(struct hats_csv *c) { return have(c, 1) ? *c->at : END; }

static int take(struct hats_csv *c) {
    int byte = peek(c);

    if (byte != END)
        c->at++;
    return byte;
}

static bool take_if(struct hats_csv *c, int byte) {
    if (peek(c) != byte)
        return false;
    c->at++;
    return true;
}

/* --- errors --- */

/* "file: row 7, column 3 (age)": where the reader is. */
static hats_status fail_here(struct hats_csv *c, hats_status st, struct hats_error *err,
                             const char *what) {
    const char *column =
        c->header != NULL && c->n_fields < c->n_header ? c->header[c->n_fields] : "";

    return hats_fail(err, st, "%s: row %llu, column %u%s%s%s: %s", c->name,
                     (unsigned long long)c->row, c->n_fields + 1, column[0] != 0 ? " (" : "",
                     column, column[0] != 0 ? ")" : "", what);
}

/* --- fields --- */

static bool grow(void **p, size_t *cap, size_t need, size_t size) {
    size_t wider = *cap != 0 ? *cap : 256;
    void *fresh;

    while (wider < need)
        wider *= 2;
    fresh = hats_alloc_array(wider, size);
    if (fresh == NULL)
        return false;
    if (*p != NULL)
        memcpy(fresh, *p, *cap * size);
    hats_free_wiped(*p, *cap * size);
    *p = fresh;
    *cap = wider;
    return true;
}

static hats_status push_byte(struct hats_csv *c, int byte, size_t field_start,
                             struct hats_error *err) {
    if (c->text_len - field_start >= HATS_CSV_MAX_FIELD)
        return fail_here(c, HATS_E_RANGE, err, "the cell is over 64 KB");
    if (c->text_len >= HATS_CSV_MAX_ROW)
        return fail_here(c, HATS_E_RANGE, err, "the row is over 4 MB; is a quote left open?");
    if (c->text_len + 1 > c->text_cap && !grow((void **)&c->text, &c->text_cap, c->text_len + 1, 1))
        return fail_here(c, HATS_E_MEMORY, err, "no memory");
    c->text[c->text_len++] = (char)byte;
    return HATS_OK;
}

static hats_status read_quoted(struct hats_csv *c, size_t start, struct hats_error *err) {
    for (;;) {
        int byte = take(c);
        hats_status st;
        if (byte == END)
            return fail_here(c, HATS_E_MALFORMED, err, "the file ends inside a quoted cell");
        if (byte == '"' && !take_if(c, '"'))
            break;
        st = push_byte(c, byte, start, err);
        if (st != HATS_OK)
            return st;
    }
    int next = peek(c);
    if (next != END && next != ',' && next != '\n' && next != '\r')
        return fail_here(c, HATS_E_MALFORMED, err,
                         "text follows a closing quote (a quote inside a quoted cell is doubled)");
    return HATS_OK;
}

static hats_status read_plain(struct hats_csv *c, size_t start, struct hats_error *err) {
    for (;;) {
        int byte = peek(c);
        hats_status st;
        if (byte == END || byte == ',' || byte == '\n' || byte == '\r')
            return HATS_OK;
        if (byte == '"')
            return fail_here(c, HATS_E_MALFORMED, err,
                             "a quote inside a cell that does not begin with one");
        c->at++;
        st = push_byte(c, byte, start, err);
        if (st != HATS_OK)
            return st;
    }
}

static hats_status read_field(struct hats_csv *c, struct hats_error *err) {
    size_t start = c->text_len;
    size_t len;
    hats_status st;

    if (c->n_fields >= HATS_CSV_MAX_FIELDS)
        return fail_here(c, HATS_E_RANGE, err, "more than 65536 columns");
    st = take_if(c, '"') ? read_quoted(c, start, err) : read_plain(c, start, err);
    if (st != HATS_OK)
        return st;
    len = c->text_len - start;
    if (len > 0 && memchr(c->text + start, 0, len) != NULL)
        return fail_here(c, HATS_E_MALFORMED, err, "the cell holds a zero byte; is this text?");
    if (len > 0 && !utf8_valid((const uint8_t *)c->text + start, len))
        return fail_here(c, HATS_E_MALFORMED, err, "the cell is not UTF-8");
    if (c->start_cap < (size_t)c->n_fields + 2 &&
        !grow((void **)&c->start, &c->start_cap, (size_t)c->n_fields + 2, sizeof *c->start))
        return fail_here(c, HATS_E_MEMORY, err, "no memory");
    if (c->text_len + 1 > c->text_cap && !grow((void **)&c->text, &c->text_cap, c->text_len + 1, 1))
        return fail_here(c, HATS_E_MEMORY, err, "no memory");
    c->text[c->text_len++] = 0;
    c->start[c->n_fields] = start;
    c->start[++c->n_fields] = c->text_len;
    return HATS_OK;
}

/* The end of a line, or of the file; *more_fields after a comma. */
static hats_status read_separator(struct hats_csv *c, bool *more_fields, struct hats_error *err) {
    *more_fields = take_if(c, ',');
    if (*more_fields || peek(c) == END || take_if(c, '\n'))
        return HATS_OK;
    (void)take(c); /* nothing but a carriage return ends a field besides */
    if (take_if(c, '\n'))
        return HATS_OK;
    return fail_here(c, HATS_E_MALFORMED, err, "a carriage return without a line feed");
}

/* --- rows --- */

static void skip_bom(struct hats_csv *c) {
    if (have(c, 3) && memcmp(c->at, "\xef\xbb\xbf", 3) == 0) {
        c->at += 3;
        c->had_bom = true;
    }
}

/* Blank lines may end a file and nothing else. */
static hats_status skip_blank(struct hats_csv *c, struct hats_error *err) {
    uint64_t n = 0;

    for (;;) {
        int byte = peek(c);
        if (byte == '\r' && have(c, 2) && c->at[1] == '\n')
            c->at += 2;
        else if (byte == '\n')
            c->at++;
        else
            break;
        n++;
    }
    c->row += n;
    if (n > 0 && peek(c) != END)
        return hats_fail(err, HATS_E_MALFORMED, "%s: row %llu is blank", c->name,
                         (unsigned long long)c->row);
    return HATS_OK;
}

/* Keep the header for error texts: printable, cut. */
static hats_status keep_header(struct hats_csv *c, struct hats_error *err) {
    c->header = hats_alloc_array(c->n_fields, sizeof *c->header);
    if (c->header == NULL)
        return hats_fail(err, HATS_E_MEMORY, "%s: no memory", c->name);
    c->n_header = c->n_fields;
    for (uint32_t i = 0; i < c->n_header; i++) {
        const char *from = c->text + c->start[i];
        size_t n = 0;
        for (; n < sizeof c->header[i] - 1 && from[n] != 0; n++)
            c->header[i][n] = (uint8_t)from[n] < 0x20 || from[n] == 0x7f ? '?' : from[n];
        while (n > 0 && !utf8_valid((uint8_t *)c->header[i], n))
            n--;
        c->header[i][n] = 0;
    }
    return HATS_OK;
}

static hats_status publish_row(struct hats_csv *c, struct hats_csv_row *row,
                               struct hats_error *err) {
    if (c->field == NULL) {
        c->field = hats_alloc_array(c->n_header, sizeof *c->field);
        c->field_len = hats_alloc_array(c->n_header, sizeof *c->field_len);
        if (c->field == NULL || c->field_len == NULL)
            return hats_fail(err, HATS_E_MEMORY, "%s: no memory", c->name);
    }
    for (uint32_t i = 0; i < c->n_fields; i++) {
        c->field[i] = c->text + c->start[i];
        c->field_len[i] = c->start[i + 1] - c->start[i] - 1;
    }
    *row = (struct hats_csv_row){
        .number = c->row, .n_fields = c->n_fields, .field = c->field, .field_len = c->field_len};
    return HATS_OK;
}

static hats_status read_row(struct hats_csv *c, struct hats_error *err) {
    bool more_fields = true;
    hats_status st = HATS_OK;

    c->row++;
    c->n_fields = 0;
    c->text_len = 0;
    while (more_fields && st == HATS_OK) {
        st = read_field(c, err);
        if (st == HATS_OK)
            st = read_separator(c, &more_fields, err);
    }
    if (st == HATS_OK && c->header != NULL && c->n_fields != c->n_header)
        st = hats_fail(err, HATS_E_MALFORMED, "%s: row %llu has %u columns, the header has %u",
                       c->name, (unsigned long long)c->row, c->n_fields, c->n_header);
    return st;
}

hats_status hats_csv_next(struct hats_csv *csv, struct hats_csv_row *row, bool *more,
                          struct hats_error *err) {
    hats_status st;

    *row = (struct hats_csv_row){0};
    *more = false;
    if (!csv->begun)
        skip_bom(csv);
    st = skip_blank(csv, err);
    if (st != HATS_OK)
        return st;
    if (peek(csv) == END) {
        if (csv->failed_read)
            return hats_fail(err, HATS_E_IO, "%s: cannot be read: %s", csv->name, strerror(errno));
        if (!csv->begun)
            return hats_fail(err, HATS_E_MALFORMED,
                             "%s: the file is empty; a header row with column names is needed",
                             csv->name);
        return HATS_OK;
    }
    csv->begun = true;
    st = read_row(csv, err);
    if (st == HATS_OK && csv->failed_read)
        st = hats_fail(err, HATS_E_IO, "%s: cannot be read: %s", csv->name, strerror(errno));
    if (st == HATS_OK && csv->header == NULL)
        st = keep_header(csv, err);
    if (st == HATS_OK)
        st = publish_row(csv, row, err);
    *more = st == HATS_OK;
    return st;
}

size_t hats_csv_quote(char *out, const char *field, size_t len_bytes) {
    bool quote = false;
    size_t n = 0;

    for (size_t i = 0; i < len_bytes; i++)
        quote |= field[i] == '"' || field[i] == ',' || field[i] == '\n' || field[i] == '\r';
    if (!quote) {
        memcpy(out, field, len_bytes);
        out[len_bytes] = 0;
        return len_bytes;
    }
    out[n++] = '"';
    for (size_t i = 0; i < len_bytes; i++) {
        if (field[i] == '"')
            out[n++] = '"';
        out[n++] = field[i];
    }
    out[n++] = '"';
    out[n] = 0;
    return n;
}
