/* Proves and verifies what it is told on its input, for check_proofs.py. One command a line:
 *
 *     begin PUBLIC_INPUT        a new statement; the next four describe it
 *     table SYSTEM              one more table, with the bytes of its system; answers "ok"
 *     public ELEMENTS           the next public column of this table; likewise its weights and scalars:
 *     weight ELEMENTS           elements of K
 *     powers I                  a weight: 1, c, c^2, ... of challenge I
 *     scalar ELEMENT
 *     product I J               a scalar: the sum of the products of public column I and weight J
 *     trace ELEMENTS            this table's trace, column after column
 *     setup SUITE               answers "ok LOG_DOMAIN QUERIES D_MAX FOLDS CHUNKS M"
 *     prove COINS               answers "proof PROOF"
 *     verify PROOF              answers "accepted" or "refused REASON"
 *
 * Strings of bytes are hex, "-" when empty. What fails is answered with "error TEXT". */
#include "base/text.h"
#include "stark/prove.h"
#include "stark/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct weight {
    struct hats_fp3 *rows; /* NULL: powers */
    unsigned challenge;
};

struct scalar {
    bool is_product;
    struct hats_fp3 value;
    unsigned public, weight;
};

struct table {
    struct hats_air air;
    uint64_t *fixed[HATS_AIR_MAX_FIXED], *public[HATS_AIR_MAX_PUBLIC], *trace;
    struct weight weights[HATS_AIR_MAX_WEIGHTS];
    struct scalar scalars[HATS_AIR_MAX_SCALARS];
    unsigned n_public, n_weights, n_scalars;
};

static struct {
    struct table tables[HATS_STARK_MAX_TABLES];
    unsigned n_tables;
    uint8_t *input;
    size_t input_len;
    struct hats_stark_setup setup;
} all;

/* The statement's callbacks. */

static uint32_t rows_of(unsigned t) { return 1u << all.tables[t].air.log_n; }

static uint32_t public_column(const void *ctx, unsigned t, unsigned c, uint64_t *out) {
    (void)ctx;
    memcpy(out, all.tables[t].public[c], rows_of(t) * sizeof *out);
    return rows_of(t);
}

static uint32_t weight_column(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                              unsigned c, struct hats_fp3 *out) {
    const struct weight *w = &all.tables[t].weights[c];
    (void)ctx;
    for (uint32_t j = 0; j < rows_of(t); j++)
        out[j] = w->rows != NULL ? w->rows[j] : hats_fp3_pow(challenges[w->challenge], j);
    return rows_of(t);
}

static void scalars(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                    struct hats_fp3 *out) {
    static struct hats_fp3 rows[1u << HATS_AIR_LOG_N_MAX];
    const struct table *table = &all.tables[t];
    for (unsigned i = 0; i < table->n_scalars; i++) {
        const struct scalar *s = &table->scalars[i];
        out[i] = s->value;
        if (!s->is_product)
            continue;
        weight_column(ctx, challenges, t, s->weight, rows);
        for (uint32_t j = 0; j < rows_of(t); j++)
            out[i] = hats_fp3_add(out[i], hats_fp3_scale(rows[j], table->public[s->public][j]));
    }
}

static struct hats_stark_statement statement(void) {
    return (struct hats_stark_statement){
        .setup = &all.setup,
        .public_bytes = all.input,
        .public_len_bytes = all.input_len,
        .public_column = public_column,
        .weight_column = weight_column,
        .scalars = scalars,
    };
}

/* Input. */

static uint8_t *bytes_of(const char *hex, size_t *len) {
    *len = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    uint8_t *bytes = malloc(*len + 1);
    if (bytes == NULL || (*len > 0 && !hats_hex_decode(bytes, *len, hex, strlen(hex))))
        exit(2);
    return bytes;
}

static uint64_t *elements_of(const char *hex, size_t n) {
    size_t len;
    uint8_t *bytes = bytes_of(hex, &len);
    uint64_t *elements = hats_alloc_array(n + 1, sizeof *elements);
    struct hats_reader r = hats_reader_of(bytes, len);
    if (elements == NULL || len != 8 * n)
        exit(2);
    for (size_t i = 0; i < n; i++)
        elements[i] = hats_read_be64(&r);
    free(bytes);
    return elements;
}

static struct hats_fp3 *cubic_of(const char *hex, size_t n) {
    uint64_t *elements = elements_of(hex, 3 * n);
    struct hats_fp3 *result = calloc(n, sizeof *result);
    if (result == NULL)
        exit(2);
    for (size_t i = 0; i < n; i++)
        result[i] = hats_stark_k_at(elements + 3 * i);
    hats_free(elements);
    return result;
}

/* A system from its bytes, by the functions that build systems. */

static hats_air_node read_node(struct hats_air *air, struct hats_reader *r,
                               const hats_air_node *nodes) {
    uint8_t kind = hats_read_u8(r);
    if (kind == HATS_AIR_CONSTANT)
        return hats_air_constant(air, hats_read_be64(r));
    unsigned a = hats_read_be16(r);
    switch (kind) {
    case HATS_AIR_CELL: return hats_air_cell(air, a);
    case HATS_AIR_NEXT: return hats_air_next(air, a);
    case HATS_AIR_FIXED: return hats_air_fixed(air, a);
    case HATS_AIR_PUBLIC: return hats_air_public(air, a);
    case HATS_AIR_WEIGHT: return hats_air_weight(air, a);
    case HATS_AIR_CHALLENGE: return hats_air_challenge(air, a);
    case HATS_AIR_SCALAR: return hats_air_scalar(air, a);
    case HATS_AIR_ADD: return hats_air_add(air, nodes[a], nodes[hats_read_be16(r)]);
    case HATS_AIR_SUB: return hats_air_sub(air, nodes[a], nodes[hats_read_be16(r)]);
    default: return hats_air_mul(air, nodes[a], nodes[hats_read_be16(r)]);
    }
}

static void read_counts(struct hats_air *air, struct hats_reader *r) {
    for (unsigned n = hats_read_be16(r); n > 0; n--)
        hats_air_column(air, "");
    for (unsigned n = hats_read_be16(r); n > 0; n--)
        hats_air_public_column(air);
    for (unsigned n = hats_read_be16(r); n > 0; n--)
        hats_air_weight_column(air);
    for (unsigned n = hats_read_be16(r); n > 0; n--)
        hats_air_new_challenge(air);
    for (unsigned n = hats_read_be16(r); n > 0; n--)
        hats_air_new_scalar(air);
}

static void read_fixed(struct table *t, struct hats_reader *r) {
    unsigned n = hats_read_be16(r);
    for (unsigned i = 0; i < n; i++) {
        unsigned log_period = hats_read_u8(r);
        t->fixed[i] = calloc((size_t)1 << log_period, sizeof(uint64_t));
        if (t->fixed[i] == NULL)
            exit(2);
        for (size_t j = 0; j < (size_t)1 << log_period; j++)
            t->fixed[i][j] = hats_read_be64(r);
        hats_air_fixed_column(&t->air, t->fixed[i], log_period);
    }
}

static void read_claims(struct hats_air *air, struct hats_reader *r, const hats_air_node *nodes) {
    struct hats_reader lookups;
    unsigned n_lookups;
    for (unsigned n = hats_read_be16(r); n > 0; n--)
        hats_air_constrain(air, "", nodes[hats_read_be16(r)]);
    n_lookups = hats_read_be16(r);
    lookups = *r; /* they are built after the table, which follows them */
    hats_read_span(r, (size_t)6 * n_lookups);
    for (unsigned n = hats_read_be16(r); n > 0; n--) {
        hats_air_node node = nodes[hats_read_be16(r)];
        hats_air_sum(air, "", node, hats_read_be16(r));
    }
    if (hats_read_u8(r) == 1) {
        unsigned values = hats_read_be16(r), tags = hats_read_be16(r);
        hats_air_table(air, values, tags, hats_read_be16(r));
    }
    for (; n_lookups > 0; n_lookups--) {
        hats_air_node node = nodes[hats_read_be16(&lookups)];
        hats_air_look_up(air, "", node, hats_read_be32(&lookups));
    }
}

/* The digest says whether the two descriptions are one. */
static const char *read_system(struct table *t, const uint8_t *bytes, size_t len) {
    static hats_air_node nodes[1 << 16];
    static const uint8_t tag[16] = "HATS-AIR-1";
    uint8_t theirs[HATS_SHA256_LEN], ours[HATS_SHA256_LEN];
    struct hats_reader r = hats_reader_of(bytes, len);
    hats_read_tag(&r, tag, sizeof tag);
    hats_air_begin(&t->air, "", hats_read_u8(&r));
    read_counts(&t->air, &r);
    read_fixed(t, &r);
    unsigned n_nodes = hats_read_be16(&r);
    for (unsigned i = 0; i < n_nodes; i++)
        nodes[i] = read_node(&t->air, &r, nodes);
    read_claims(&t->air, &r, nodes);
    if (!hats_reader_done(&r))
        return "not the bytes of a system";
    hats_sha256(theirs, bytes, len);
    hats_air_digest(ours, &t->air);
    return memcmp(theirs, ours, sizeof ours) == 0 ? NULL : "another digest";
}

/* Commands. */

static void begin(const char *input) {
    for (unsigned t = 0; t < all.n_tables; t++) {
        struct table *table = &all.tables[t];
        for (unsigned i = 0; i < table->air.n_fixed; i++)
            free(table->fixed[i]);
        for (unsigned i = 0; i < table->n_public; i++)
            hats_free(table->public[i]);
        for (unsigned i = 0; i < table->n_weights; i++)
            free(table->weights[i].rows);
        hats_free(table->trace);
    }
    free(all.input);
    memset(&all, 0, sizeof all);
    all.input = bytes_of(input, &all.input_len);
}

static void add_table(const char *system) {
    size_t len;
    uint8_t *bytes = bytes_of(system, &len);
    if (all.n_tables == HATS_STARK_MAX_TABLES)
        exit(2);
    const char *error = read_system(&all.tables[all.n_tables++], bytes, len);
    printf("%s\n", error == NULL ? "ok" : error);
    free(bytes);
}

/* Says more about the last table; false: not such a command. */
static bool describe(const char *command, const char *rest) {
    struct table *t = &all.tables[all.n_tables - 1];
    size_t n = (size_t)1 << t->air.log_n;
    if (strcmp(command, "public") == 0)
        t->public[t->n_public++] = elements_of(rest, n);
    else if (strcmp(command, "weight") == 0)
        t->weights[t->n_weights++].rows = cubic_of(rest, n);
    else if (strcmp(command, "powers") == 0)
        t->weights[t->n_weights++].challenge = (unsigned)atoi(rest);
    else if (strcmp(command, "trace") == 0)
        t->trace = elements_of(rest, n * t->air.n_columns);
    else if (strcmp(command, "scalar") == 0) {
        struct hats_fp3 *value = cubic_of(rest, 1);
        t->scalars[t->n_scalars++].value = *value;
        free(value);
    } else if (strcmp(command, "product") == 0) {
        struct scalar *s = &t->scalars[t->n_scalars++];
        s->is_product = sscanf(rest, "%u %u", &s->public, &s->weight) == 2;
    } else {
        return false;
    }
    return true;
}

static void set_up(const char *suite) {
    const struct hats_air *airs[HATS_STARK_MAX_TABLES];
    struct hats_stark_setup *s = &all.setup;
    struct hats_error err = {0};
    for (unsigned t = 0; t < all.n_tables; t++)
        airs[t] = &all.tables[t].air;
    if (hats_stark_setup_init(s, (unsigned)atoi(suite), airs, all.n_tables, &err) != HATS_OK)
        printf("error %s\n", err.text);
    else
        printf("ok %u %u %u %u %u %u\n", s->log_domain, s->n_queries, (unsigned)s->d_max,
               s->n_folds, s->n_chunks, (unsigned)s->chunk_len);
}

static void prove(const char *hex) {
    const uint64_t *trace[HATS_STARK_MAX_TABLES];
    const struct hats_stark_statement st = statement();
    struct hats_error err = {0};
    struct hats_buffer proof;
    size_t len;
    uint8_t *coins = bytes_of(hex, &len);
    for (unsigned t = 0; t < all.n_tables; t++)
        trace[t] = all.tables[t].trace;
    hats_buffer_init(&proof, all.setup.proof_max_bytes);
    if (len != HATS_STARK_COINS_LEN)
        printf("error length of coins\n");
    else if (hats_stark_prove(&proof, &st, trace, coins, NULL, &err) != HATS_OK)
        printf("error %s\n", err.text);
    else {
        printf("proof ");
        for (size_t i = 0; i < proof.len; i++)
            printf("%02x", proof.data[i]);
        printf("\n");
    }
    hats_buffer_clear(&proof);
    free(coins);
}

static void verify(const char *hex) {
    const struct hats_stark_statement st = statement();
    enum hats_stark_refusal refusal;
    struct hats_error err = {0};
    struct hats_arena arena;
    size_t len;
    uint8_t *proof = bytes_of(hex, &len), *scratch = hats_alloc(all.setup.scratch_bytes);
    if (scratch == NULL)
        exit(2);
    hats_arena_init(&arena, scratch, all.setup.scratch_bytes);
    if (hats_stark_verify(&st, proof, len, &arena, &refusal, &err) == HATS_OK)
        printf("accepted\n");
    else
        printf("refused %s\n", hats_stark_refusal_name(refusal));
    hats_free(scratch);
    free(proof);
}

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        char *rest = line;
        const char *command = strsep(&rest, " \n");
        rest = rest == NULL ? line : rest;
        rest[strcspn(rest, "\n")] = 0;
        if (strcmp(command, "begin") == 0)
            begin(rest);
        else if (strcmp(command, "table") == 0)
            add_table(rest);
        else if (strcmp(command, "setup") == 0)
            set_up(rest);
        else if (strcmp(command, "prove") == 0)
            prove(rest);
        else if (strcmp(command, "verify") == 0)
            verify(rest);
        else if (all.n_tables == 0 || !describe(command, rest))
            return 2;
        fflush(stdout);
    }
    begin("-");
    free(all.input);
    free(line);
    return 0;
}
