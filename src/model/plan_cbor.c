/* The encoding of a plan: one map of deterministic CBOR.
 *
 *   1 version = 1          6 parameter set id     10 box digest b32
 *   2 name                 7 log2 t               11 input programme
 *   3 model version        8 [d, k, block]        12 [label, ...]
 *   4 task                 9 [[count, lo, hi]     13 [num, shift]
 *   5 link                    , ...] maximal runs 14 [KL millibits, of all, classical, quantum bits]
 *
 *   input programme: [1, [column, ...], [rule, ...]] or [2, column name, profile, sum cap, norm cap]
 *   column:  number   [1, name, decimals, missing, sentinel / null]
 *            category [2, name, missing, unknown is zero]
 *   rule:    affine   [1, column, A, B, clip, missing x]
 *            interval [2, column, above / null, up to / null, unit, missing x]
 *            category [3, column, text, unit, missing x]
 */
#include "model/plan.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "cbor/cbor.h"

#include <assert.h>
#include <limits.h>

#define PLAN_KEYS 14

/* --- encoder --- */

static void put_optional(struct hats_writer *w, bool present, int64_t v) {
    if (present)
        hats_cbor_put_int(w, v);
    else
        hats_cbor_put_null(w);
}

static void put_box(struct hats_writer *w, const struct hats_plan *p) {
    uint32_t d = p->shape.d;
    size_t n_runs = 1;

    for (uint32_t j = 1; j < d; j++)
        n_runs += p->lo[j] != p->lo[j - 1] || p->hi[j] != p->hi[j - 1];
    hats_cbor_put_array(w, n_runs);
    for (uint32_t j = 0, next; j < d; j = next) {
        for (next = j + 1; next < d && p->lo[next] == p->lo[j] && p->hi[next] == p->hi[j];)
            next++;
        hats_cbor_put_array(w, 3);
        hats_cbor_put_uint(w, next - j);
        hats_cbor_put_int(w, p->lo[j]);
        hats_cbor_put_int(w, p->hi[j]);
    }
}

static void put_column(struct hats_writer *w, const struct hats_plan_column *c) {
    bool number = c->type == HATS_COLUMN_NUMBER;

    hats_cbor_put_array(w, number ? 5 : 4);
    hats_cbor_put_uint(w, (uint64_t)c->type);
    hats_cbor_put_text(w, c->name);
    if (number)
        hats_cbor_put_uint(w, c->decimals);
    hats_cbor_put_uint(w, (uint64_t)c->missing);
    if (number)
        put_optional(w, c->missing == HATS_MISSING_SENTINEL, c->sentinel);
    else
        hats_cbor_put_bool(w, c->unknown_is_zero);
}

static void put_rule(struct hats_writer *w, const struct hats_plan_rule *r) {
    hats_cbor_put_array(w, r->op == HATS_RULE_CATEGORY ? 5 : 6);
    hats_cbor_put_uint(w, (uint64_t)r->op);
    hats_cbor_put_uint(w, r->column);
    if (r->op == HATS_RULE_AFFINE) {
        hats_cbor_put_int(w, r->a);
        hats_cbor_put_int(w, r->b);
        hats_cbor_put_bool(w, r->clip);
    } else {
        if (r->op == HATS_RULE_INTERVAL) {
            put_optional(w, r->has_above, r->above);
            put_optional(w, r->has_up_to, r->up_to);
        } else {
            hats_cbor_put_text(w, r->category);
        }
        hats_cbor_put_int(w, r->unit);
    }
    hats_cbor_put_int(w, r->missing_x);
}

static void put_input(struct hats_writer *w, const struct hats_plan *p) {
    if (p->input == HATS_INPUT_TEXT) {
        hats_cbor_put_array(w, 5);
        hats_cbor_put_uint(w, HATS_INPUT_TEXT);
        hats_cbor_put_text(w, p->text.column);
        hats_cbor_put_uint(w, p->text.profile);
        hats_cbor_put_uint(w, p->text.sum_max);
        hats_cbor_put_uint(w, p->text.norm_max);
        return;
    }
    hats_cbor_put_array(w, 3);
    hats_cbor_put_uint(w, HATS_INPUT_COLUMNS);
    hats_cbor_put_array(w, p->n_columns);
    for (uint32_t c = 0; c < p->n_columns; c++)
        put_column(w, &p->columns[c]);
    hats_cbor_put_array(w, p->shape.d);
    for (uint32_t j = 0; j < p->shape.d; j++)
        put_rule(w, &p->rules[j]);
}

/* No less than the encoding takes: every item's longest head, and every text. */
static size_t size_bound(const struct hats_plan *p) {
    size_t n = 1024 + 28 * (size_t)p->shape.d;

    for (uint32_t o = 0; o < p->n_labels; o++)
        n += 9 + strlen(p->labels[o]);
    if (p->input == HATS_INPUT_TEXT)
        return n + 64 + strlen(p->text.column);
    for (uint32_t c = 0; c < p->n_columns; c++)
        n += 48 + strlen(p->columns[c].name);
    for (uint32_t j = 0; j < p->shape.d; j++)
        n += 56 + (p->rules[j].category != NULL ? strlen(p->rules[j].category) : 0);
    return n;
}

static void put_plan(struct hats_writer *w, const struct hats_plan *p,
                     const uint8_t box[HATS_PLAN_DIGEST_LEN]) {
    hats_cbor_put_map(w, PLAN_KEYS);
    hats_cbor_put_uint(w, 1);
    hats_cbor_put_uint(w, HATS_PLAN_VERSION);
    hats_cbor_put_uint(w, 2);
    hats_cbor_put_text(w, p->name);
    hats_cbor_put_uint(w, 3);
    hats_cbor_put_text(w, p->version);
    hats_cbor_put_uint(w, 4);
    hats_cbor_put_uint(w, (uint64_t)p->task);
    hats_cbor_put_uint(w, 5);
    hats_cbor_put_uint(w, (uint64_t)p->link);
    hats_cbor_put_uint(w, 6);
    hats_cbor_put_uint(w, p->set_id);
    hats_cbor_put_uint(w, 7);
    hats_cbor_put_uint(w, p->log_t);
    hats_cbor_put_uint(w, 8);
    hats_cbor_put_array(w, 3);
    hats_cbor_put_uint(w, p->shape.d);
    hats_cbor_put_uint(w, p->shape.k);
    hats_cbor_put_uint(w, p->shape.block);
    hats_cbor_put_uint(w, 9);
    put_box(w, p);
    hats_cbor_put_uint(w, 10);
    hats_cbor_put_bytes(w, box, HATS_PLAN_DIGEST_LEN);
    hats_cbor_put_uint(w, 11);
    put_input(w, p);
    hats_cbor_put_uint(w, 12);
    hats_cbor_put_array(w, p->n_labels);
    for (uint32_t o = 0; o < p->n_labels; o++)
        hats_cbor_put_text(w, p->labels[o]);
    hats_cbor_put_uint(w, 13);
    hats_cbor_put_array(w, 2);
    hats_cbor_put_uint(w, p->scale_num);
    hats_cbor_put_uint(w, p->scale_shift);
    hats_cbor_put_uint(w, 14);
    hats_cbor_put_array(w, 4);
    hats_cbor_put_int(w, p->kl_millibits);
    hats_cbor_put_int(w, p->kl_all_millibits);
    hats_cbor_put_uint(w, p->classical_bits);
    hats_cbor_put_uint(w, p->quantum_bits);
}

hats_status hats_plan_encode(struct hats_buffer *out, const struct hats_plan *plan,
                             struct hats_error *err) {
    uint8_t box[HATS_PLAN_DIGEST_LEN];
    size_t bound;
    uint8_t *scratch;
    struct hats_writer w;
    hats_status st = hats_plan_check(plan, err);

    if (st != HATS_OK)
        return st;
    st = hats_plan_box_digest(box, plan->lo, plan->hi, plan->shape.d);
    if (st != HATS_OK)
        return st;
    bound = size_bound(plan);
    scratch = hats_alloc(bound);
    if (scratch == NULL)
        return hats_fail(err, HATS_E_MEMORY, "plan: no memory for %zu bytes", bound);
    w = hats_writer_of(scratch, bound);
    put_plan(&w, plan, box);
    assert(hats_writer_ok(&w));
    if (hats_writer_len(&w) > HATS_PLAN_MAX_BYTES) {
        st = hats_fail(err, HATS_E_RANGE, "plan: %zu bytes, at most %u are possible",
                       hats_writer_len(&w), HATS_PLAN_MAX_BYTES);
    } else {
        hats_buffer_append(out, scratch, hats_writer_len(&w));
        if (out->failed)
            st = hats_fail(err, HATS_E_MEMORY, "plan: %zu bytes do not fit the buffer",
                           hats_writer_len(&w));
    }
    hats_free(scratch);
    return st;
}

/* --- decoder --- */

static char *get_text(struct hats_reader *r) {
    const char *text;
    size_t len;
    char *copy;

    if (!hats_cbor_get_text(r, &text, &len))
        return NULL;
    copy = len <= HATS_PLAN_TEXT_MAX && memchr(text, 0, len) == NULL ? hats_alloc(len + 1) : NULL;
    if (copy == NULL) {
        r->failed = true;
        return NULL;
    }
    if (len > 0)
        memcpy(copy, text, len);
    return copy;
}

static uint32_t get_u32(struct hats_reader *r) {
    uint64_t v = 0;

    if (!hats_cbor_get_uint(r, &v) || v > UINT32_MAX) {
        r->failed = true;
        return 0;
    }
    return (uint32_t)v;
}

static int32_t get_i32(struct hats_reader *r) {
    int64_t v = 0;

    if (!hats_cbor_get_int(r, &v) || v < INT32_MIN || v > INT32_MAX) {
        r->failed = true;
        return 0;
    }
    return (int32_t)v;
}

static int64_t get_optional(struct hats_reader *r, bool *present) {
    int64_t v = 0;

    *present = !hats_cbor_take_null(r);
    if (*present)
        (void)hats_cbor_get_int(r, &v);
    return v;
}

static void get_head(struct hats_reader *r, size_t n_items) {
    size_t n = 0;

    if (!hats_cbor_get_array(r, &n) || n != n_items)
        r->failed = true;
}

/* An array of n_least .. n_most items; one item takes at least one byte, so the count is bounded by
 * what is left, and so is the allocation. */
static uint32_t get_count(struct hats_reader *r, size_t n_most) {
    size_t n = 0;

    if (!hats_cbor_get_array(r, &n) || n == 0 || n > n_most) {
        r->failed = true;
        return 0;
    }
    return (uint32_t)n;
}

static void get_key(struct hats_reader *r, uint64_t key) {
    uint64_t k = 0;

    if (!hats_cbor_get_uint(r, &k) || k != key)
        r->failed = true;
}

static void get_box(struct hats_reader *r, struct hats_plan *p) {
    size_t n_runs = get_count(r, HATS_LINEAR_MAX_INPUTS);
    uint32_t d = p->shape.d;
    uint32_t j = 0;

    if (r->failed || d == 0 || d > HATS_LINEAR_MAX_INPUTS) {
        r->failed = true;
        return;
    }
    p->lo = hats_alloc_array(d, sizeof *p->lo);
    p->hi = hats_alloc_array(d, sizeof *p->hi);
    if (p->lo == NULL || p->hi == NULL) {
        r->failed = true;
        return;
    }
    for (size_t i = 0; i < n_runs && !r->failed; i++) {
        uint32_t count;
        int32_t lo, hi;
        get_head(r, 3);
        count = get_u32(r);
        lo = get_i32(r);
        hi = get_i32(r);
        if (r->failed || count == 0 || count > d - j) {
            r->failed = true;
            return;
        }
        for (uint32_t n = 0; n < count; n++, j++) {
            p->lo[j] = lo;
            p->hi[j] = hi;
        }
    }
    if (j != d)
        r->failed = true;
}

static void get_column(struct hats_reader *r, struct hats_plan_column *c) {
    size_t n = 0;
    bool number;

    if (!hats_cbor_get_array(r, &n))
        return;
    c->type = (enum hats_plan_column_type)get_u32(r);
    number = c->type == HATS_COLUMN_NUMBER;
    if ((!number && c->type != HATS_COLUMN_CATEGORY) || n != (number ? 5 : 4)) {
        r->failed = true;
        return;
    }
    c->name = get_text(r);
    if (number)
        c->decimals = get_u32(r);
    c->missing = (enum hats_plan_missing)get_u32(r);
    if (number) {
        bool has_sentinel;
        c->sentinel = get_optional(r, &has_sentinel);
        if (has_sentinel != (c->missing == HATS_MISSING_SENTINEL))
            r->failed = true;
    } else if (!hats_cbor_get_bool(r, &c->unknown_is_zero)) {
        r->failed = true;
    }
}

static void get_rule(struct hats_reader *r, struct hats_plan_rule *rule) {
    size_t n = 0;

    if (!hats_cbor_get_array(r, &n))
        return;
    rule->op = (enum hats_plan_op)get_u32(r);
    if (rule->op < HATS_RULE_AFFINE || rule->op > HATS_RULE_CATEGORY ||
        n != (rule->op == HATS_RULE_CATEGORY ? 5 : 6)) {
        r->failed = true;
        return;
    }
    rule->column = get_u32(r);
    if (rule->op == HATS_RULE_AFFINE) {
        (void)hats_cbor_get_int(r, &rule->a);
        (void)hats_cbor_get_int(r, &rule->b);
        (void)hats_cbor_get_bool(r, &rule->clip);
    } else {
        if (rule->op == HATS_RULE_INTERVAL) {
            rule->above = get_optional(r, &rule->has_above);
            rule->up_to = get_optional(r, &rule->has_up_to);
        } else {
            rule->category = get_text(r);
        }
        rule->unit = get_i32(r);
    }
    rule->missing_x = get_i32(r);
}

static void get_columns(struct hats_reader *r, struct hats_plan *p) {
    uint32_t n = get_count(r, HATS_PLAN_MAX_COLUMNS);

    p->columns = r->failed ? NULL : hats_alloc_array(n, sizeof *p->columns);
    if (p->columns == NULL) {
        r->failed = true;
        return;
    }
    p->n_columns = n;
    for (uint32_t c = 0; c < n && !r->failed; c++)
        get_column(r, &p->columns[c]);
    n = get_count(r, HATS_LINEAR_MAX_INPUTS);
    if (r->failed || n != p->shape.d) {
        r->failed = true;
        return;
    }
    p->rules = hats_alloc_array(n, sizeof *p->rules);
    if (p->rules == NULL) {
        r->failed = true;
        return;
    }
    for (uint32_t j = 0; j < n && !r->failed; j++)
        get_rule(r, &p->rules[j]);
}

static void get_input(struct hats_reader *r, struct hats_plan *p) {
    size_t n = 0;

    if (!hats_cbor_get_array(r, &n))
        return;
    p->input = (enum hats_plan_input)get_u32(r);
    if (p->input == HATS_INPUT_COLUMNS && n == 3) {
        get_columns(r, p);
    } else if (p->input == HATS_INPUT_TEXT && n == 5) {
        p->text.column = get_text(r);
        p->text.profile = get_u32(r);
        p->text.sum_max = get_u32(r);
        p->text.norm_max = get_u32(r);
    } else {
        r->failed = true;
    }
}

static void get_labels(struct hats_reader *r, struct hats_plan *p) {
    uint32_t n = get_count(r, HATS_LINEAR_MAX_OUTPUTS);

    p->labels = r->failed ? NULL : hats_alloc_array(n, sizeof *p->labels);
    if (p->labels == NULL) {
        r->failed = true;
        return;
    }
    p->n_labels = n;
    for (uint32_t o = 0; o < n && !r->failed; o++)
        p->labels[o] = get_text(r);
}

static void get_plan(struct hats_reader *r, struct hats_plan *p,
                     uint8_t box[HATS_PLAN_DIGEST_LEN]) {
    get_key(r, 2);
    p->name = get_text(r);
    get_key(r, 3);
    p->version = get_text(r);
    get_key(r, 4);
    p->task = (enum hats_plan_task)get_u32(r);
    get_key(r, 5);
    p->link = (enum hats_plan_link)get_u32(r);
    get_key(r, 6);
    p->set_id = get_u32(r);
    get_key(r, 7);
    p->log_t = get_u32(r);
    get_key(r, 8);
    get_head(r, 3);
    p->shape.d = get_u32(r);
    p->shape.k = get_u32(r);
    p->shape.block = get_u32(r);
    get_key(r, 9);
    get_box(r, p);
    get_key(r, 10);
    (void)hats_cbor_get_bytes_exact(r, box, HATS_PLAN_DIGEST_LEN);
    get_key(r, 11);
    get_input(r, p);
    get_key(r, 12);
    get_labels(r, p);
    get_key(r, 13);
    get_head(r, 2);
    (void)hats_cbor_get_uint(r, &p->scale_num);
    p->scale_shift = get_u32(r);
    get_key(r, 14);
    get_head(r, 4);
    p->kl_millibits = get_i32(r);
    p->kl_all_millibits = get_i32(r);
    p->classical_bits = get_u32(r);
    p->quantum_bits = get_u32(r);
}

/* The digest, the checks, and that encoding again gives the same bytes. */
static hats_status confirm(struct hats_plan *p, const uint8_t box[HATS_PLAN_DIGEST_LEN],
                           const uint8_t *bytes, size_t len_bytes, struct hats_error *err) {
    uint8_t digest[HATS_PLAN_DIGEST_LEN];
    struct hats_buffer again;
    hats_status st = hats_plan_check(p, err);

    if (st == HATS_OK)
        st = hats_linear_shape_init(&p->shape, p->set_id, p->shape.d, p->shape.k, p->shape.block,
                                    err);
    if (st != HATS_OK)
        return st;
    st = hats_plan_box_digest(digest, p->lo, p->hi, p->shape.d);
    if (st != HATS_OK)
        return st;
    if (memcmp(digest, box, sizeof digest) != 0)
        return hats_fail(err, HATS_E_VERIFY, "plan: the box does not have the digest it states");
    hats_buffer_init(&again, HATS_PLAN_MAX_BYTES);
    st = hats_plan_encode(&again, p, err);
    if (st == HATS_OK && (again.len != len_bytes || memcmp(again.data, bytes, len_bytes) != 0))
        st = hats_fail(err, HATS_E_CANONICAL, "plan: not the one encoding of what it says");
    hats_buffer_clear(&again);
    return st;
}

hats_status hats_plan_decode(struct hats_plan **out, const uint8_t *bytes, size_t len_bytes,
                             struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    uint8_t box[HATS_PLAN_DIGEST_LEN] = {0};
    struct hats_plan *p = NULL;
    size_t n_keys = 0;
    uint64_t version = 0;
    hats_status st;

    *out = NULL;
    if (len_bytes > HATS_PLAN_MAX_BYTES)
        return hats_fail(err, HATS_E_MALFORMED, "plan: %zu bytes, at most %u are possible",
                         len_bytes, HATS_PLAN_MAX_BYTES);
    st = hats_cbor_validate(bytes, len_bytes, err);
    if (st != HATS_OK)
        return hats_fail_in(err, st, "plan");
    if (!hats_cbor_get_map(&r, &n_keys))
        return hats_fail(err, HATS_E_MALFORMED, "plan: not a map");
    get_key(&r, 1);
    if (!hats_cbor_get_uint(&r, &version) || r.failed)
        return hats_fail(err, HATS_E_MALFORMED, "plan: does not begin with a version");
    if (version != HATS_PLAN_VERSION)
        return hats_fail(err, HATS_E_VERSION, "plan: version %llu is not known to this program",
                         (unsigned long long)version);
    if (n_keys != PLAN_KEYS)
        return hats_fail(err, HATS_E_MALFORMED, "plan: %zu keys instead of %d", n_keys, PLAN_KEYS);
    p = hats_alloc(sizeof *p);
    if (p == NULL)
        return hats_fail(err, HATS_E_MEMORY, "plan: no memory");
    get_plan(&r, p, box);
    if (!hats_reader_done(&r))
        st = hats_fail(err, HATS_E_MALFORMED,
                       "plan: a field is missing, of another type, or out "
                       "of range, before byte %zu",
                       (size_t)(r.at - bytes));
    else
        st = confirm(p, box, bytes, len_bytes, err);
    if (st != HATS_OK) {
        hats_plan_free(p);
        return st;
    }
    *out = p;
    return HATS_OK;
}
