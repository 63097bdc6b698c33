#include "http/server_priv.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"

#include <assert.h>

struct hats_http_request *hats_http_request_new(struct hats_http_conn *c,
                                                enum hats_http_version version) {
    struct hats_http_request *r = hats_alloc(sizeof *r);
    if (r == NULL)
        return NULL;
    struct hats_http_server *s = c->io->server;
    atomic_init(&r->refs, 1);
    r->server = s;
    r->io = c->io;
    r->conn = c;
    r->version = version;
    r->content_length = version == HATS_HTTP_2 ? -1 : 0;
    r->id = atomic_fetch_add(&s->next_id, 1) + 1;
    r->peer = c->peer;
    r->tls = c->tls;
    r->since_ns = c->io->now_ns;
    atomic_fetch_add(&s->refs, 1);
    HATS_HTTP_COUNT(s, open_requests, 1);
    r->next = c->requests;
    if (c->requests != NULL)
        c->requests->prev = r;
    c->requests = r;
    c->n_requests++;
    c->ever_used = true;
    return r;
}

void hats_http_request_unref(struct hats_http_request *r) {
    if (atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    struct hats_http_server *s = r->server;
    if (r->handler_saw_it && s->handler.on_freed != NULL)
        s->handler.on_freed(s->handler.user, r);
    hats_http_answer_clear(&r->own);
    hats_http_answer_clear(&r->given);
    atomic_fetch_sub(&s->count.body_bytes_held, r->reserved_bytes);
    atomic_fetch_sub(&s->count.open_requests, 1);
    hats_free(r->body);
    hats_free(r->text);
    hats_free(r->fields);
    hats_free(r);
    hats_http_server_release(s);
}

/* Append a zero-terminated copy; *offset gets where. The block is never empty, so offset 0 can mean
 * "none": it holds an empty string. */
static bool add_text(struct hats_http_request *r, uint32_t *offset, const char *s, size_t len) {
    size_t needed = (size_t)r->text_len + len + 2;
    if (needed > UINT32_MAX / 2)
        return false;
    if (needed > r->text_cap) {
        size_t cap = needed < 512 ? 1024 : needed * 2;
        char *grown = hats_alloc(cap);
        if (grown == NULL)
            return false;
        if (r->text != NULL)
            memcpy(grown, r->text, r->text_len);
        hats_free(r->text);
        r->text = grown;
        r->text_cap = (uint32_t)cap;
    }
    if (r->text_len == 0)
        r->text[r->text_len++] = 0;
    *offset = r->text_len;
    memcpy(r->text + r->text_len, s, len);
    r->text[r->text_len + len] = 0;
    r->text_len += (uint32_t)len + 1;
    return true;
}

bool hats_http_request_set_method(struct hats_http_request *r, const char *method, size_t len) {
    if (len > HATS_HTTP_METHOD_MAX || !hats_http_is_token(method, len))
        return false;
    memcpy(r->method, method, len);
    r->method[len] = 0;
    return true;
}

bool hats_http_request_set_target(struct hats_http_request *r, const char *target, size_t len) {
    if (!hats_http_is_target(target, len))
        return false;
    const char *mark = memchr(target, '?', len);
    size_t path_len = mark != NULL ? (size_t)(mark - target) : len;
    if (!add_text(r, &r->path, target, path_len))
        return false;
    return mark == NULL || add_text(r, &r->query, mark + 1, len - path_len - 1);
}

static bool grow_fields(struct hats_http_request *r) {
    if (r->n_fields < r->fields_cap)
        return true;
    size_t cap = r->fields_cap == 0 ? 16 : r->fields_cap * 2;
    struct hats_http_field_at *grown = hats_alloc_array(cap, sizeof *grown);
    if (grown == NULL)
        return false;
    if (r->fields != NULL)
        memcpy(grown, r->fields, r->n_fields * sizeof *grown);
    hats_free(r->fields);
    r->fields = grown;
    r->fields_cap = cap;
    return true;
}

static bool is_name(const char *name, size_t len, const char *wanted) {
    return len == strlen(wanted) && memcmp(name, wanted, len) == 0;
}

bool hats_http_request_add(struct hats_http_request *r, const char *name, size_t name_len,
                           const char *value, size_t value_len) {
    if (!hats_http_is_value(value, value_len))
        return false;
    if (is_name(name, name_len, ":method"))
        return hats_http_request_set_method(r, value, value_len);
    if (is_name(name, name_len, ":path"))
        return hats_http_request_set_target(r, value, value_len);
    if (is_name(name, name_len, ":authority"))
        return add_text(r, &r->authority, value, value_len);
    if (is_name(name, name_len, ":scheme"))
        return true;
    struct hats_http_field_at at;
    if (!hats_http_is_token(name, name_len) || !grow_fields(r) ||
        !add_text(r, &at.name, name, name_len) || !add_text(r, &at.value, value, value_len))
        return false;
    for (char *p = r->text + at.name; *p != 0; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    r->fields[r->n_fields++] = at;
    const char *lower = r->text + at.name;
    if (is_name(lower, name_len, "host") && r->authority == 0)
        r->authority = at.value;
    if (is_name(lower, name_len, "content-length")) {
        uint64_t n;
        if (!hats_parse_u64(&n, value, value_len) || n > INT64_MAX)
            return false;
        r->content_length = (int64_t)n;
    }
    return true;
}

enum hats_http_version hats_http_request_version(const struct hats_http_request *r) {
    return r->version;
}
const char *hats_http_request_method(const struct hats_http_request *r) { return r->method; }

static const char *text_at(const struct hats_http_request *r, uint32_t offset) {
    return r->text != NULL ? r->text + offset : "";
}

const char *hats_http_request_path(const struct hats_http_request *r) {
    return text_at(r, r->path);
}
const char *hats_http_request_query(const struct hats_http_request *r) {
    return text_at(r, r->query);
}
const char *hats_http_request_authority(const struct hats_http_request *r) {
    return text_at(r, r->authority);
}

const char *hats_http_request_header(const struct hats_http_request *r, const char *name) {
    for (size_t i = 0; i < r->n_fields; i++)
        if (strcmp(text_at(r, r->fields[i].name), name) == 0)
            return text_at(r, r->fields[i].value);
    return NULL;
}

size_t hats_http_request_header_count(const struct hats_http_request *r, const char *name) {
    size_t n = 0;
    for (size_t i = 0; i < r->n_fields; i++)
        n += strcmp(text_at(r, r->fields[i].name), name) == 0;
    return n;
}

size_t hats_http_request_n_headers(const struct hats_http_request *r) { return r->n_fields; }

struct hats_http_header hats_http_request_header_at(const struct hats_http_request *r, size_t i) {
    assert(i < r->n_fields);
    return (struct hats_http_header){text_at(r, r->fields[i].name), text_at(r, r->fields[i].value)};
}

int64_t hats_http_request_content_length(const struct hats_http_request *r) {
    return r->content_length;
}

const uint8_t *hats_http_request_body(const struct hats_http_request *r, size_t *len_bytes) {
    *len_bytes = r->body_len;
    return r->body;
}

const struct hats_http_peer *hats_http_request_peer(const struct hats_http_request *r) {
    return &r->peer;
}
const struct hats_tls_info *hats_http_request_tls(const struct hats_http_request *r) {
    return &r->tls;
}
bool hats_http_request_export(const struct hats_http_request *r,
                              uint8_t out[HATS_TLS_EXPORTER_BYTES], const char *label,
                              const void *context, size_t context_len) {
    return r->conn != NULL && hats_tls_export(out, r->conn->ssl, label, context, context_len);
}

uint64_t hats_http_request_received_ms(const struct hats_http_request *r) { return r->received_ms; }
uint64_t hats_http_request_id(const struct hats_http_request *r) { return r->id; }
bool hats_http_request_closed(const struct hats_http_request *r) { return atomic_load(&r->closed); }
void hats_http_request_set_data(struct hats_http_request *r, void *data) { r->data = data; }
void *hats_http_request_data(const struct hats_http_request *r) { return r->data; }
