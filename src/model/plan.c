#include "model/plan.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "evidence/cose.h"
#include "hash/sha256.h"

#include <stdlib.h>

const char *hats_plan_task_name(enum hats_plan_task t) {
    switch (t) {
    case HATS_TASK_REGRESSION: return "regression";
    case HATS_TASK_BINARY: return "binary";
    case HATS_TASK_MULTICLASS: return "multiclass";
    }
    return "unknown";
}

const char *hats_plan_link_name(enum hats_plan_link l) {
    switch (l) {
    case HATS_LINK_IDENTITY: return "identity";
    case HATS_LINK_SIGMOID: return "sigmoid";
    case HATS_LINK_SOFTMAX: return "softmax";
    case HATS_LINK_EXP: return "exp";
    case HATS_LINK_SIGMOID_L1: return "sigmoid-l1";
    }
    return "unknown";
}

void hats_plan_free(struct hats_plan *plan) {
    if (plan == NULL)
        return;
    hats_free(plan->name);
    hats_free(plan->version);
    hats_free(plan->lo);
    hats_free(plan->hi);
    for (uint32_t c = 0; plan->columns != NULL && c < plan->n_columns; c++)
        hats_free(plan->columns[c].name);
    hats_free(plan->columns);
    for (uint32_t j = 0; plan->rules != NULL && j < plan->shape.d; j++)
        hats_free(plan->rules[j].category);
    hats_free(plan->rules);
    hats_free(plan->text.column);
    for (uint32_t o = 0; plan->labels != NULL && o < plan->n_labels; o++)
        hats_free(plan->labels[o]);
    hats_free(plan->labels);
    hats_free(plan);
}

void hats_plan_digest(uint8_t out[HATS_PLAN_DIGEST_LEN], const uint8_t *bytes, size_t len_bytes) {
    hats_sha256(out, bytes, len_bytes);
}

hats_status hats_plan_box_digest(uint8_t out[HATS_PLAN_DIGEST_LEN], const int32_t *lo,
                                 const int32_t *hi, uint32_t d) {
    static const char tag[16] = "HATS-BOX-1";
    struct hats_sha256 h;

    hats_sha256_init(&h);
    hats_sha256_update(&h, tag, sizeof tag);
    for (uint32_t j = 0; j < d; j++) {
        uint8_t cell[8];
        hats_store_be32(cell, (uint32_t)lo[j]);
        hats_store_be32(cell + 4, (uint32_t)hi[j]);
        hats_sha256_update(&h, cell, sizeof cell);
    }
    hats_sha256_final(&h, out);
    return HATS_OK;
}

uint32_t hats_plan_x_max(const struct hats_plan *plan) {
    uint32_t most = 0;

    for (uint32_t j = 0; j < plan->shape.d; j++) {
        int64_t lo = plan->lo[j];
        int64_t hi = plan->hi[j];
        uint32_t here = (uint32_t)(-lo > hi ? -lo : hi);
        most = here > most ? here : most;
    }
    return most;
}

/* --- checks --- */

/* Texts of a plan end up on terminals. */
static bool text_ok(const char *s) {
    size_t len = s != NULL ? strlen(s) : 0;

    return len != 0 && len <= HATS_PLAN_TEXT_MAX && hats_text_is_plain(s);
}

static bool name_ok(const char *s) {
    size_t len = s != NULL ? strlen(s) : 0;

    return len >= 1 && len <= 64 && s[0] != '.' &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No two equal, in n log n: a hostile plan may hold 65,536 of them. HATS_E_CONFLICT. */
static hats_status texts_distinct(const char **sorted, size_t n, const char *what,
                                  struct hats_error *err) {
    qsort(sorted, n, sizeof *sorted, compare_texts);
    for (size_t i = 1; i < n; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return hats_fail(err, HATS_E_RANGE, "plan: %s \"%s\" stands twice", what, sorted[i]);
    return HATS_OK;
}

static hats_status check_labels(const struct hats_plan *p, struct hats_error *err) {
    uint32_t want = p->task == HATS_TASK_BINARY ? 2 : p->shape.k;
    const char **sorted;
    hats_status st;

    if (p->n_labels != want)
        return hats_fail(err, HATS_E_RANGE, "plan: %u labels where the task needs %u", p->n_labels,
                         want);
    for (uint32_t o = 0; o < p->n_labels; o++)
        if (!text_ok(p->labels[o]))
            return hats_fail(err, HATS_E_RANGE,
                             "plan: label %u is empty, over %d bytes or holds control characters",
                             o, HATS_PLAN_TEXT_MAX);
    sorted = hats_alloc_array(want, sizeof *sorted);
    if (sorted == NULL)
        return hats_fail(err, HATS_E_MEMORY, "plan: no memory for %u labels", want);
    for (uint32_t o = 0; o < want; o++)
        sorted[o] = p->labels[o];
    st = texts_distinct(sorted, want, "label", err);
    hats_free(sorted);
    return st;
}

static hats_status check_column(const struct hats_plan_column *c, uint32_t at,
                                struct hats_error *err) {
    if (!text_ok(c->name))
        return hats_fail(err, HATS_E_RANGE, "plan: name of column %u is empty or not printable",
                         at);
    if (c->type == HATS_COLUMN_NUMBER) {
        if (c->decimals > HATS_PLAN_DECIMALS_MAX)
            return hats_fail(err, HATS_E_RANGE, "plan: column \"%s\" has %u decimals, at most %d",
                             c->name, c->decimals, HATS_PLAN_DECIMALS_MAX);
        if ((unsigned)c->missing > HATS_MISSING_SENTINEL || c->unknown_is_zero)
            return hats_fail(err, HATS_E_RANGE,
                             "plan: column \"%s\" has a rule for missing cells "
                             "that numbers do not have",
                             c->name);
        if (c->missing != HATS_MISSING_SENTINEL && c->sentinel != 0)
            return hats_fail(err, HATS_E_RANGE, "plan: column \"%s\" has a sentinel it never uses",
                             c->name);
        return HATS_OK;
    }
    if (c->type != HATS_COLUMN_CATEGORY)
        return hats_fail(err, HATS_E_VERSION, "plan: column \"%s\" has unknown type %d", c->name,
                         (int)c->type);
    if ((unsigned)c->missing > HATS_MISSING_EMPTY || c->decimals != 0 || c->sentinel != 0)
        return hats_fail(err, HATS_E_RANGE,
                         "plan: column \"%s\" has a rule that categories do not have", c->name);
    return HATS_OK;
}

static bool in_box(const struct hats_plan *p, uint32_t j, int32_t v) {
    return p->lo[j] <= v && v <= p->hi[j];
}

static hats_status check_rule(const struct hats_plan *p, uint32_t j, struct hats_error *err) {
    const struct hats_plan_rule *r = &p->rules[j];
    const struct hats_plan_column *c;
    bool category = r->op == HATS_RULE_CATEGORY;

    if (r->column >= p->n_columns)
        return hats_fail(err, HATS_E_RANGE, "plan: rule %u reads column %u of %u", j, r->column,
                         p->n_columns);
    c = &p->columns[r->column];
    if (category != (c->type == HATS_COLUMN_CATEGORY))
        return hats_fail(err, HATS_E_RANGE, "plan: rule %u does not suit the type of column \"%s\"",
                         j, c->name);
    if (c->missing == HATS_MISSING_REFUSE ? r->missing_x != 0 : !in_box(p, j, r->missing_x))
        return hats_fail(err, HATS_E_RANGE,
                         "plan: rule %u fills missing cells with %d, outside "
                         "its box",
                         j, r->missing_x);
    if (r->op == HATS_RULE_AFFINE) {
        int64_t bound = INT64_C(1) << HATS_PLAN_AFFINE_BITS;
        if (r->a <= -bound || r->a >= bound || r->b <= -bound || r->b >= bound)
            return hats_fail(err, HATS_E_RANGE, "plan: A or B of rule %u is 2^%d or more", j,
                             HATS_PLAN_AFFINE_BITS);
        return HATS_OK;
    }
    if (r->op != HATS_RULE_INTERVAL && !category)
        return hats_fail(err, HATS_E_VERSION, "plan: rule %u has unknown operation %d", j,
                         (int)r->op);
    if (!in_box(p, j, 0) || !in_box(p, j, r->unit))
        return hats_fail(err, HATS_E_RANGE, "plan: 0 or the unit %d of rule %u is outside its box",
                         r->unit, j);
    if (category && !text_ok(r->category))
        return hats_fail(err, HATS_E_RANGE,
                         "plan: the category of rule %u is empty or not printable", j);
    if (!category && ((!r->has_above && !r->has_up_to) ||
                      (r->has_above && r->has_up_to && r->above >= r->up_to)))
        return hats_fail(err, HATS_E_RANGE,
                         "plan: rule %u has an interval without an end, or an "
                         "empty one",
                         j);
    return HATS_OK;
}

static hats_status check_columns(const struct hats_plan *p, struct hats_error *err) {
    const char **sorted = NULL;
    bool *used = NULL;
    hats_status st = HATS_OK;

    if (p->n_columns == 0 || p->n_columns > HATS_PLAN_MAX_COLUMNS)
        return hats_fail(err, HATS_E_RANGE, "plan: %u columns, 1 to %d are possible", p->n_columns,
                         HATS_PLAN_MAX_COLUMNS);
    for (uint32_t c = 0; c < p->n_columns && st == HATS_OK; c++)
        st = check_column(&p->columns[c], c, err);
    for (uint32_t j = 0; j < p->shape.d && st == HATS_OK; j++)
        st = check_rule(p, j, err);
    if (st != HATS_OK)
        return st;

    sorted = hats_alloc_array(p->n_columns, sizeof *sorted);
    used = hats_alloc_array(p->n_columns, sizeof *used);
    if (sorted == NULL || used == NULL) {
        st = hats_fail(err, HATS_E_MEMORY, "plan: no memory for %u columns", p->n_columns);
        goto done;
    }
    for (uint32_t j = 0; j < p->shape.d; j++)
        used[p->rules[j].column] = true;
    for (uint32_t c = 0; c < p->n_columns; c++) {
        sorted[c] = p->columns[c].name;
        if (!used[c]) {
            st = hats_fail(err, HATS_E_RANGE, "plan: no rule reads column \"%s\"", sorted[c]);
            goto done;
        }
    }
    st = texts_distinct(sorted, p->n_columns, "column", err);
done:
    hats_free(used);
    hats_free(sorted);
    return st;
}

static hats_status check_text(const struct hats_plan *p, struct hats_error *err) {
    const struct hats_plan_text *t = &p->text;
    uint32_t last = p->shape.d - 1;

    if (!text_ok(t->column))
        return hats_fail(err, HATS_E_RANGE,
                         "plan: name of the text column is empty or not "
                         "printable");
    if (t->profile != 1)
        return hats_fail(err, HATS_E_VERSION, "plan: unknown text profile %u", t->profile);
    if (p->shape.d < 2 || t->sum_max == 0 || t->norm_max == 0)
        return hats_fail(err, HATS_E_RANGE, "plan: a text programme needs d >= 2 and caps above 0");
    if (p->lo[last] != 0 || (int64_t)p->hi[last] != (int64_t)t->norm_max)
        return hats_fail(err, HATS_E_RANGE, "plan: the box of the norm slot is not its cap");
    for (uint32_t j = 0; j < last; j++)
        if (!in_box(p, j, 0))
            return hats_fail(err, HATS_E_RANGE, "plan: the box of slot %u excludes 0", j);
    return HATS_OK;
}

static hats_status check_head(const struct hats_plan *p, struct hats_error *err) {
    struct hats_fhe_params params;
    struct hats_linear_shape shape;
    struct hats_fhe_security bits;
    hats_status st;

    if (!name_ok(p->name) || !name_ok(p->version))
        return hats_fail(err, HATS_E_RANGE,
                         "plan: name and version are 1 to 64 of a-z 0-9 . _ - "
                         "and do not begin with a dot");
    st = hats_fhe_params_init(&params, p->set_id, p->log_t, err);
    if (st != HATS_OK)
        return st;
    st = hats_linear_shape_init(&shape, p->set_id, p->shape.d, p->shape.k, p->shape.block, err);
    if (st != HATS_OK)
        return st;
    bits = hats_fhe_security_of(p->set_id);
    if (p->classical_bits != bits.classical || p->quantum_bits != bits.quantum)
        return hats_fail(err, HATS_E_RANGE,
                         "plan: security bits are not those of the parameter "
                         "set");
    if (p->scale_num == 0 || p->scale_num > UINT64_C(1) << 53 || p->scale_shift > 1074 ||
        (p->scale_shift > 0 && p->scale_num % 2 == 0))
        return hats_fail(err, HATS_E_RANGE,
                         "plan: the score's scale is not a reduced binary "
                         "fraction");
    return HATS_OK;
}

static hats_status check_answer(const struct hats_plan *p, struct hats_error *err) {
    bool known = false;

    switch (p->task) {
    case HATS_TASK_REGRESSION:
        known = p->link == HATS_LINK_IDENTITY || p->link == HATS_LINK_EXP;
        break;
    case HATS_TASK_BINARY:
        known = p->shape.k == 1 && (p->link == HATS_LINK_IDENTITY || p->link == HATS_LINK_SIGMOID);
        break;
    case HATS_TASK_MULTICLASS:
        known =
            p->shape.k >= 2 && (p->link == HATS_LINK_IDENTITY || p->link == HATS_LINK_SIGMOID ||
                                p->link == HATS_LINK_SOFTMAX || p->link == HATS_LINK_SIGMOID_L1);
        break;
    }
    if (!known)
        return hats_fail(err, HATS_E_RANGE, "plan: task %d with %u outputs has no link %d",
                         (int)p->task, p->shape.k, (int)p->link);
    return check_labels(p, err);
}

hats_status hats_plan_check(const struct hats_plan *p, struct hats_error *err) {
    hats_status st = check_head(p, err);
    int64_t half_t;

    if (st == HATS_OK)
        st = check_answer(p, err);
    if (st != HATS_OK)
        return st;
    half_t = INT64_C(1) << (p->log_t - 1);
    for (uint32_t j = 0; j < p->shape.d; j++)
        if (p->lo[j] > p->hi[j] || p->lo[j] <= -half_t || p->hi[j] >= half_t)
            return hats_fail(err, HATS_E_RANGE,
                             "plan: the box of input %u is empty or not below "
                             "t/2",
                             j);
    if (p->input == HATS_INPUT_COLUMNS)
        return check_columns(p, err);
    if (p->input == HATS_INPUT_TEXT)
        return check_text(p, err);
    return hats_fail(err, HATS_E_VERSION, "plan: unknown input programme %d", (int)p->input);
}
