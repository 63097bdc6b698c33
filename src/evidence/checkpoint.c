#include "evidence/checkpoint.h"

#include "base/bytes.h"
#include "base/text.h"
#include "evidence/cose.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EM_DASH "\xe2\x80\x94"
#define SIGNATURE_TYPE 0x06 /* ML-DSA-44 cosignature [C2SP signed-note] */
#define LINE_BYTES (4 + HATS_COSIGNATURE_LEN)

enum { LABEL_LEN = 12, MESSAGE_MAX = LABEL_LEN + 1 + 255 + 8 + 1 + 255 + 8 + 8 + 32 };

bool hats_note_name_ok(const char *name) {
    size_t len = strnlen(name, HATS_NOTE_NAME_MAX);
    if (len == 0 || len == HATS_NOTE_NAME_MAX || !hats_text_is_plain(name))
        return false;
    /* the spaces of Unicode beside U+0020: U+00A0, U+1680, U+2000 .. U+200A, U+202F, U+205F, U+3000 */
    static const char *const spaces[] = {
        " ", "+", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
    for (size_t i = 0; i < HATS_COUNT_OF(spaces); i++)
        if (strstr(name, spaces[i]) != NULL)
            return false;
    for (const char *s = name; (s = strstr(s, "\xe2\x80")) != NULL; s += 2)
        if ((uint8_t)s[2] >= 0x80 && (uint8_t)s[2] <= 0x8a)
            return false;
    return true;
}

void hats_note_key_id(uint8_t out[4], const char *name, const uint8_t *public_key) {
    static const uint8_t mark[2] = {'\n', SIGNATURE_TYPE};
    uint8_t digest[HATS_SHA256_LEN];
    struct hats_sha256 c;
    hats_sha256_init(&c);
    hats_sha256_update(&c, name, strlen(name));
    hats_sha256_update(&c, mark, sizeof mark);
    hats_sha256_update(&c, public_key, hats_mldsa_public_len(HATS_MLDSA_44));
    hats_sha256_final(&c, digest);
    memcpy(out, digest, 4);
}

/* ---- the signed message ---- */

static size_t put_message(uint8_t out[MESSAGE_MAX], const struct hats_tree_head *head,
                          const char *name, uint64_t time_s) {
    struct hats_writer w = hats_writer_of(out, MESSAGE_MAX);
    hats_write_bytes(&w, "subtree/v1\n", LABEL_LEN);
    hats_write_u8(&w, (uint8_t)strlen(name));
    hats_write_bytes(&w, name, strlen(name));
    hats_write_be64(&w, time_s);
    hats_write_u8(&w, (uint8_t)strlen(head->origin));
    hats_write_bytes(&w, head->origin, strlen(head->origin));
    hats_write_be64(&w, 0);
    hats_write_be64(&w, head->size);
    hats_write_bytes(&w, head->root, sizeof head->root);
    assert(hats_writer_ok(&w));
    return hats_writer_len(&w);
}

hats_status hats_cosign(uint8_t out[HATS_COSIGNATURE_LEN], const struct hats_tree_head *head,
                        const struct hats_sign_key *key, const char *name, uint64_t time_s,
                        struct hats_error *err) {
    uint8_t message[MESSAGE_MAX];
    if (hats_mldsa_level_of(key) != HATS_MLDSA_44)
        return hats_fail(err, HATS_E_USAGE, "checkpoint: signed with ML-DSA-44, not with %s",
                         hats_mldsa_name(hats_mldsa_level_of(key)));
    if (!hats_note_name_ok(name) || !hats_note_name_ok(head->origin))
        return hats_fail(
            err, HATS_E_USAGE,
            "checkpoint: the name of a log or witness is text without spaces and \"+\", "
            "at most %d bytes",
            HATS_NOTE_NAME_MAX - 1);
    if (time_s == 0 || time_s > INT64_MAX)
        return hats_fail(err, HATS_E_USAGE, "checkpoint: signed without a time");
    struct hats_writer w = hats_writer_of(out, HATS_COSIGNATURE_LEN);
    hats_write_be64(&w, time_s);
    return hats_mldsa_sign(key, out + 8, message, put_message(message, head, name, time_s), err);
}

hats_status hats_cosign_verify(uint64_t *time_s, const uint8_t cosignature[HATS_COSIGNATURE_LEN],
                               const struct hats_tree_head *head, const uint8_t *public_key,
                               const char *name, struct hats_error *err) {
    uint8_t message[MESSAGE_MAX];
    struct hats_reader r = hats_reader_of(cosignature, 8);
    uint64_t t = hats_read_be64(&r);
    if (!hats_note_name_ok(name) || !hats_note_name_ok(head->origin))
        return hats_fail(err, HATS_E_VERIFY, "checkpoint: \"%s\" is no name of a signer", name);
    if (t == 0 || t > INT64_MAX)
        return hats_fail(err, HATS_E_VERIFY, "checkpoint: \"%s\" signed without a time", name);
    hats_status s = hats_mldsa_verify(
        HATS_MLDSA_44, public_key, hats_mldsa_public_len(HATS_MLDSA_44), message,
        put_message(message, head, name, t), cosignature + 8, HATS_COSIGNATURE_SIGNATURE_LEN, err);
    if (s == HATS_E_VERIFY)
        return hats_fail(err, s, "checkpoint: the signature of \"%s\" does not hold", name);
    if (s == HATS_OK)
        *time_s = t;
    return s;
}

/* ---- writing ---- */

hats_status hats_checkpoint_begin(struct hats_buffer *out, const struct hats_tree_head *head,
                                  struct hats_error *err) {
    char root[48];
    if (!hats_note_name_ok(head->origin))
        return hats_fail(err, HATS_E_USAGE,
                         "checkpoint: an origin is text without spaces and \"+\", at most %d bytes",
                         HATS_NOTE_NAME_MAX - 1);
    hats_base64_encode(root, head->root, sizeof head->root);
    hats_buffer_printf(out, "%s\n%" PRIu64 "\n%s\n\n", head->origin, head->size, root);
    return HATS_OK;
}

void hats_checkpoint_line(struct hats_buffer *out, const char *name, const uint8_t *public_key,
                          const uint8_t cosignature[HATS_COSIGNATURE_LEN]) {
    uint8_t raw[LINE_BYTES];
    char text[(LINE_BYTES + 2) / 3 * 4 + 1];
    hats_note_key_id(raw, name, public_key);
    memcpy(raw + 4, cosignature, HATS_COSIGNATURE_LEN);
    hats_base64_encode(text, raw, sizeof raw);
    hats_buffer_printf(out, EM_DASH " %s %s\n", name, text);
}

/* ---- reading ---- */

/* One line without its newline; false when there is none that ends. */
static bool take_line(const char **line, size_t *len, const char **at, const char *end) {
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    if (newline == NULL)
        return false;
    *line = *at;
    *len = (size_t)(newline - *at);
    *at = newline + 1;
    return true;
}

static hats_status bad(struct hats_error *err, const char *what) {
    return hats_fail(err, HATS_E_MALFORMED, "checkpoint: %s", what);
}

static bool take_name(char out[HATS_NOTE_NAME_MAX], const char *text, size_t len) {
    if (len >= HATS_NOTE_NAME_MAX || memchr(text, '\0', len) != NULL)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return hats_note_name_ok(out);
}

static hats_status parse_head(struct hats_tree_head *out, const char **at, const char *end,
                              struct hats_error *err) {
    const char *line;
    size_t len, root_len;
    if (!take_line(&line, &len, at, end) || !take_name(out->origin, line, len))
        return bad(err, "line 1 is not the origin of a log");
    if (!take_line(&line, &len, at, end) || !hats_parse_u64(&out->size, line, len) ||
        out->size > HATS_TLOG_SIZE_MAX)
        return bad(err, "line 2 is not a size");
    if (!take_line(&line, &len, at, end) ||
        !hats_base64_decode(out->root, sizeof out->root, &root_len, line, len) ||
        root_len != sizeof out->root)
        return bad(err, "line 3 is not a root");
    if (!take_line(&line, &len, at, end))
        return bad(err, "ends before its signatures");
    if (len != 0)
        return hats_fail(
            err, HATS_E_UNSUPPORTED,
            "checkpoint: line 4 is not empty; extension lines are not signed and not read");
    return HATS_OK;
}

static hats_status parse_line(struct hats_note_line *out, const char *line, size_t len,
                              struct hats_error *err) {
    static const char dash[] = EM_DASH " ";
    uint8_t first[6];
    size_t n;
    if (len < sizeof dash || memcmp(line, dash, sizeof dash - 1) != 0)
        return bad(err, "a line of a signature begins with a dash (U+2014) and a space");
    line += sizeof dash - 1;
    len -= sizeof dash - 1;
    const char *space = memchr(line, ' ', len);
    if (space == NULL || !take_name(out->name, line, (size_t)(space - line)))
        return bad(err, "a line of a signature has no name");
    out->base64 = space + 1;
    out->base64_len = len - (size_t)(space + 1 - line);
    uint8_t all[2 * LINE_BYTES]; /* other kinds have other lengths, up to 4.6 KB */
    if (!hats_base64_decode(all, sizeof all, &n, out->base64, out->base64_len) || n < sizeof first)
        return bad(err, "a signature is not base64, or not 6 to 4864 bytes");
    memcpy(out->key_id, all, 4);
    return HATS_OK;
}

hats_status hats_checkpoint_parse(struct hats_checkpoint *out, const uint8_t *note,
                                  size_t len_bytes, struct hats_error *err) {
    const char *at = (const char *)note, *end = at + len_bytes, *line;
    size_t len;
    memset(out, 0, sizeof *out);
    hats_status s = len_bytes > HATS_CHECKPOINT_MAX_BYTES ? bad(err, "larger than 64 KiB")
                                                          : parse_head(&out->head, &at, end, err);
    while (s == HATS_OK && at < end) {
        if (out->n_lines == HATS_CHECKPOINT_LINES_MAX)
            s = bad(err, "more than 16 signatures");
        else if (!take_line(&line, &len, &at, end))
            s = bad(err, "the last line does not end");
        else
            s = parse_line(&out->lines[out->n_lines++], line, len, err);
    }
    if (s == HATS_OK && out->n_lines == 0)
        s = bad(err, "nobody signed it");
    if (s != HATS_OK)
        memset(out, 0, sizeof *out);
    return s;
}

hats_status hats_checkpoint_verify(const struct hats_checkpoint *c, uint8_t *cosignature,
                                   uint64_t *time_s, const uint8_t *public_key, const char *name,
                                   struct hats_error *err) {
    uint8_t id[4], raw[LINE_BYTES];
    size_t n;
    hats_note_key_id(id, name, public_key);
    for (size_t i = 0; i < c->n_lines; i++) {
        const struct hats_note_line *line = &c->lines[i];
        if (memcmp(line->key_id, id, 4) != 0 || strcmp(line->name, name) != 0)
            continue;
        if (!hats_base64_decode(raw, sizeof raw, &n, line->base64, line->base64_len) ||
            n != sizeof raw)
            return hats_fail(err, HATS_E_VERIFY,
                             "checkpoint: the signature of \"%s\" has not the length of ML-DSA-44",
                             name);
        hats_status s = hats_cosign_verify(time_s, raw + 4, &c->head, public_key, name, err);
        if (s == HATS_OK && cosignature != NULL)
            memcpy(cosignature, raw + 4, HATS_COSIGNATURE_LEN);
        return s;
    }
    return hats_fail(err, HATS_E_NOT_FOUND, "checkpoint: \"%s\" did not sign it with this key",
                     name);
}

/* ---- histories ---- */

const char *hats_history_name(enum hats_history h) {
    switch (h) {
    case HATS_HISTORY_SAME: return "same";
    case HATS_HISTORY_GROWN: return "grown";
    case HATS_HISTORY_BACKWARDS: return "backwards";
    case HATS_HISTORY_FORKED: return "forked";
    default: return "another log";
    }
}

static enum hats_history say(struct hats_error *err, enum hats_history h,
                             const struct hats_tree_head *old, const struct hats_tree_head *now) {
    if (h == HATS_HISTORY_BACKWARDS)
        (void)hats_fail(err, HATS_E_VERIFY,
                        "the log \"%s\" went backwards: it had %" PRIu64
                        " entries and now shows %" PRIu64,
                        old->origin, old->size, now->size);
    else if (h == HATS_HISTORY_FORKED)
        (void)hats_fail(err, HATS_E_VERIFY,
                        "the log \"%s\" forked: its tree of %" PRIu64
                        " entries is no continuation of the one of %" PRIu64 " that it signed",
                        old->origin, now->size, old->size);
    else if (h == HATS_HISTORY_OTHER)
        (void)hats_fail(err, HATS_E_VERIFY, "another log: \"%s\" where \"%s\" was before",
                        now->origin, old->origin);
    return h;
}

enum hats_history hats_history_of(const struct hats_tree_head *old,
                                  const struct hats_tree_head *now,
                                  const struct hats_tlog_path *path, struct hats_error *err) {
    if (strcmp(old->origin, now->origin) != 0)
        return say(err, HATS_HISTORY_OTHER, old, now);
    if (now->size < old->size)
        return say(err, HATS_HISTORY_BACKWARDS, old, now);
    if (now->size == old->size)
        return memcmp(old->root, now->root, sizeof old->root) == 0
                   ? HATS_HISTORY_SAME
                   : say(err, HATS_HISTORY_FORKED, old, now);
    return hats_tlog_verify_consistency(old->size, old->root, now->size, now->root, path, NULL) ==
                   HATS_OK
               ? HATS_HISTORY_GROWN
               : say(err, HATS_HISTORY_FORKED, old, now);
}
