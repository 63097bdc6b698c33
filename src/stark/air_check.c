#include "stark/air_check.h"

#include "stark/air_eval.h"

#include <assert.h>
#include <stdlib.h>

/* A row of the lookup table. Sorted, so that equal keys are neighbours and the first of them, which
 * the search finds, counts for all. */
struct entry {
    uint64_t value, tag;
    uint32_t row;
    uint64_t looked_up; /* how often */
};

struct check {
    const struct hats_air *air;
    const struct hats_air_rows *rows;
    uint32_t n_rows;
    struct hats_fp3 *nodes;
    struct entry *table;
    struct hats_fp3 sums[HATS_AIR_MAX_SUMS];
    /* of the current row */
    struct hats_fp3 cells[HATS_AIR_MAX_COLUMNS], nexts[HATS_AIR_MAX_COLUMNS];
    struct hats_fp3 fixed[HATS_AIR_MAX_FIXED], publics[HATS_AIR_MAX_PUBLIC];
    struct hats_fp3 weights[HATS_AIR_MAX_WEIGHTS];
};

static int compare_keys(const struct entry *x, const struct entry *y) {
    if (x->tag != y->tag)
        return x->tag < y->tag ? -1 : 1;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return 0;
}

static int compare_entries(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    int keys = compare_keys(x, y);
    return keys != 0 ? keys : (x->row > y->row) - (x->row < y->row);
}

static void sort_table(struct check *c) {
    const struct hats_air *air = c->air;
    for (uint32_t j = 0; j < c->n_rows; j++)
        c->table[j] = (struct entry){
            .value = air->fixed[air->table_values].values[j],
            .tag = air->fixed[air->table_tags].values[j],
            .row = j,
        };
    qsort(c->table, c->n_rows, sizeof *c->table, compare_entries);
}

/* The first entry with this key, or NULL. */
static struct entry *find(const struct check *c, uint64_t value, uint64_t tag) {
    struct entry key = {.value = value, .tag = tag};
    size_t low = 0, high = c->n_rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(&c->table[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < c->n_rows && compare_keys(&c->table[low], &key) == 0;
    return found ? &c->table[low] : NULL;
}

static hats_status check_canonical(const struct check *c, struct hats_error *err) {
    for (unsigned k = 0; k < c->air->n_columns; k++)
        for (uint32_t j = 0; j < c->n_rows; j++)
            if (c->rows->trace[(size_t)k * c->n_rows + j] >= HATS_P)
                return hats_fail(err, HATS_E_CANONICAL,
                                 "%s: column %u (%s), row %u: not an element of the field, write "
                                 "it below p",
                                 c->air->name, k, c->air->column_names[k], j);
    for (unsigned k = 0; k < c->air->n_public; k++)
        for (uint32_t j = 0; j < c->n_rows; j++)
            if (c->rows->publics[(size_t)k * c->n_rows + j] >= HATS_P)
                return hats_fail(err, HATS_E_CANONICAL,
                                 "%s: public column %u, row %u: not an element of the field, "
                                 "write it below p",
                                 c->air->name, k, j);
    return HATS_OK;
}

static void evaluate_row(struct check *c, uint32_t row) {
    const struct hats_air *air = c->air;
    const struct hats_air_rows *rows = c->rows;
    uint32_t next = (row + 1) % c->n_rows;
    for (unsigned k = 0; k < air->n_columns; k++) {
        const uint64_t *column = rows->trace + (size_t)k * c->n_rows;
        c->cells[k] = hats_fp3_from_fp(column[row]);
        c->nexts[k] = hats_fp3_from_fp(column[next]);
    }
    for (unsigned k = 0; k < air->n_fixed; k++) {
        uint32_t mask = (UINT32_C(1) << air->fixed[k].log_period) - 1;
        c->fixed[k] = hats_fp3_from_fp(air->fixed[k].values[row & mask]);
    }
    for (unsigned k = 0; k < air->n_public; k++)
        c->publics[k] = hats_fp3_from_fp(rows->publics[(size_t)k * c->n_rows + row]);
    for (unsigned k = 0; k < air->n_weights; k++)
        c->weights[k] = rows->weights[(size_t)k * c->n_rows + row];
    struct hats_air_point at = {
        .cells = c->cells,
        .nexts = c->nexts,
        .fixed = c->fixed,
        .publics = c->publics,
        .weights = c->weights,
        .challenges = rows->challenges,
        .scalars = rows->scalars,
    };
    hats_air_evaluate_nodes(air, &at, c->nodes);
}

static hats_status check_row(struct check *c, uint32_t row, struct hats_error *err) {
    const struct hats_air *air = c->air;
    evaluate_row(c, row);
    for (unsigned i = 0; i < air->n_constraints; i++)
        if (!hats_fp3_equal(c->nodes[air->constraints[i].node], hats_fp3_from_fp(0)))
            return hats_fail(err, HATS_E_VERIFY, "%s: constraint %u (%s) does not hold in row %u",
                             air->name, i, air->constraints[i].name, row);
    for (unsigned i = 0; i < air->n_lookups; i++) {
        const struct hats_air_lookup *lookup = &air->lookups[i];
        struct entry *entry = find(c, c->nodes[lookup->node].c[0], lookup->tag);
        if (entry == NULL)
            return hats_fail(err, HATS_E_VERIFY,
                             "%s: lookup %u (%s), row %u: the value is not in the table under "
                             "tag %u",
                             air->name, i, lookup->name, row, lookup->tag);
        entry->looked_up++;
    }
    for (unsigned i = 0; i < air->n_sums; i++)
        c->sums[i] = hats_fp3_add(c->sums[i], c->nodes[air->sums[i].node]);
    return HATS_OK;
}

static hats_status check_multiplicities(const struct check *c, struct hats_error *err) {
    const struct hats_air *air = c->air;
    const uint64_t *column = c->rows->trace + (size_t)air->table_multiplicities * c->n_rows;
    uint32_t wrong = c->n_rows;
    for (uint32_t first = 0, end; first < c->n_rows; first = end) {
        uint64_t said = 0;
        for (end = first; end < c->n_rows && !compare_keys(&c->table[first], &c->table[end]); end++)
            said = hats_fp_add(said, column[c->table[end].row]);
        if (said != c->table[first].looked_up && c->table[first].row < wrong)
            wrong = c->table[first].row;
    }
    if (wrong == c->n_rows)
        return HATS_OK;
    return hats_fail(err, HATS_E_VERIFY,
                     "%s: column %u (%s) is wrong: row %u of the table is not looked up as often "
                     "as it says",
                     air->name, air->table_multiplicities,
                     air->column_names[air->table_multiplicities], wrong);
}

static hats_status check_all(struct check *c, struct hats_error *err) {
    const struct hats_air *air = c->air;
    hats_status s = check_canonical(c, err);
    if (s != HATS_OK)
        return s;
    if (air->has_table)
        sort_table(c);
    for (uint32_t row = 0; row < c->n_rows; row++)
        if ((s = check_row(c, row, err)) != HATS_OK)
            return s;
    if (air->has_table && hats_air_has_accumulator(air))
        if ((s = check_multiplicities(c, err)) != HATS_OK)
            return s;
    for (unsigned i = 0; i < air->n_sums; i++)
        if (!hats_fp3_equal(c->sums[i], c->rows->scalars[air->sums[i].scalar]))
            return hats_fail(err, HATS_E_VERIFY, "%s: sum %u (%s) is not scalar %u", air->name, i,
                             air->sums[i].name, air->sums[i].scalar);
    return HATS_OK;
}

hats_status hats_air_check(const struct hats_air *air, const struct hats_air_rows *rows,
                           struct hats_error *err) {
    assert(air->n_public == 0 || rows->publics != NULL);
    assert(air->n_weights == 0 || rows->weights != NULL);
    assert(air->n_challenges == 0 || rows->challenges != NULL);
    assert(air->n_scalars == 0 || rows->scalars != NULL);
    uint32_t n_rows = UINT32_C(1) << air->log_n;
    hats_status s = HATS_E_MEMORY;
    struct check *c = calloc(1, sizeof *c);
    struct hats_fp3 *nodes = calloc((size_t)air->n_nodes + 1, sizeof *nodes);
    struct entry *table = calloc(n_rows, sizeof *table);
    if (c == NULL || nodes == NULL || table == NULL) {
        s = hats_fail(err, HATS_E_MEMORY, "%s: no memory to check %u rows", air->name, n_rows);
        goto done;
    }
    c->air = air;
    c->rows = rows;
    c->n_rows = n_rows;
    c->nodes = nodes;
    c->table = table;
    s = check_all(c, err);
done:
    if (table != NULL)
        hats_wipe(table, n_rows * sizeof *table);
    free(table);
    if (nodes != NULL)
        hats_wipe(nodes, air->n_nodes * sizeof *nodes);
    free(nodes);
    if (c != NULL)
        hats_wipe(c, sizeof *c);
    free(c);
    return s;
}
