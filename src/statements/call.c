/* From plan, core and objects to the statement of a call. */
#include "statements/call.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "field/field.h"
#include "statements/encryption_internal.h"

/* ---- the input ---- */

/* The first rule of the column that names the text of rule j, which is of a category; else j. */
static uint32_t first_of_category(const struct hats_plan *plan, uint32_t j) {
    const struct hats_plan_rule *r = &plan->rules[j];
    uint32_t i = r->op == HATS_RULE_CATEGORY ? 0 : j;
    for (; i < j; i++) {
        const struct hats_plan_rule *q = &plan->rules[i];
        if (q->op == HATS_RULE_CATEGORY && q->column == r->column &&
            strcmp(q->category, r->category) == 0)
            break;
    }
    return i;
}

uint32_t hats_call_category_code(const struct hats_plan *plan, uint32_t column, const char *text) {
    uint32_t code = 0;
    for (uint32_t j = 0; j < plan->shape.d; j++) {
        const struct hats_plan_rule *r = &plan->rules[j];
        if (r->op != HATS_RULE_CATEGORY || r->column != column)
            continue;
        if (strcmp(r->category, text) == 0)
            return code;
        code += first_of_category(plan, j) == j;
    }
    return code;
}

/* The codes of all rules that are of a category: as above, without counting anew for each. */
static hats_status take_codes(uint32_t **out, const struct hats_plan *plan,
                              struct hats_error *err) {
    uint32_t *codes = hats_alloc_array(plan->shape.d, sizeof *codes);
    uint32_t *counts = hats_alloc_array(plan->n_columns, sizeof *counts);
    for (uint32_t j = 0; codes != NULL && counts != NULL && j < plan->shape.d; j++) {
        const struct hats_plan_rule *r = &plan->rules[j];
        uint32_t first = first_of_category(plan, j);
        if (r->op == HATS_RULE_CATEGORY)
            codes[j] = first < j ? codes[first] : counts[r->column]++;
    }
    bool done = codes != NULL && counts != NULL;
    hats_free(counts);
    if (!done) {
        hats_free(codes);
        return hats_fail(err, HATS_E_MEMORY, "no memory for an input");
    }
    *out = codes;
    return HATS_OK;
}

static hats_status add_rule(struct hats_input_builder *b, const struct hats_plan *plan, uint32_t j,
                            uint32_t code, struct hats_error *err) {
    const struct hats_plan_rule *r = &plan->rules[j];
    switch (r->op) {
    case HATS_RULE_AFFINE:
        hats_input_add_affine(b, j, r->column, r->a, r->b, plan->lo[j], plan->hi[j], r->clip);
        return HATS_OK;
    case HATS_RULE_INTERVAL:
        return hats_input_add_interval(b, j, r->column, r->has_above ? &r->above : NULL,
                                       r->has_up_to ? &r->up_to : NULL, r->unit, err);
    case HATS_RULE_CATEGORY: return hats_input_add_category(b, j, r->column, code, r->unit, err);
    }
    return hats_fail(err, HATS_E_UNSUPPORTED, "rule %u of the plan is of no known kind", j);
}

hats_status hats_call_input(struct hats_input_builder *b, const struct hats_plan *plan,
                            enum hats_encryption_source source, struct hats_error *err) {
    const struct hats_linear_shape *shape = &plan->shape;
    bool fields = source == HATS_SOURCE_FIELDS;
    if (fields && plan->input != HATS_INPUT_COLUMNS)
        return hats_fail(err, HATS_E_UNSUPPORTED, "a text has no fields to be proven from");
    hats_status s = hats_input_builder_init(b, plan->set_id, plan->log_t, shape->d, shape->block,
                                            source, fields ? plan->n_columns : 0, err);
    if (s != HATS_OK)
        return s;
    uint32_t *codes = NULL;
    if (fields)
        s = take_codes(&codes, plan, err);
    for (uint32_t j = 0; s == HATS_OK && j < shape->d; j++) {
        if (fields)
            s = add_rule(b, plan, j, codes[j], err);
        else
            hats_input_add_box(b, j, plan->lo[j], plan->hi[j]);
    }
    hats_free(codes);
    if (s == HATS_OK)
        s = hats_encryption_input_check(&b->input, err);
    if (s != HATS_OK)
        hats_input_builder_clear(b);
    return s;
}

/* Can one record of the plan be proven from this source? */
static hats_status fits(const struct hats_plan *plan, enum hats_encryption_source source,
                        struct hats_error *err) {
    struct hats_input_builder b;
    struct hats_encryption_layout layout;
    hats_status s = hats_call_input(&b, plan, source, err);
    if (s != HATS_OK)
        return s;
    struct hats_encryption_cells *cells = hats_alloc_array(b.input.n_units, sizeof *cells);
    s = cells != NULL ? hats_encryption_layout_init(&layout, cells, &b.input, 1, err)
                      : hats_fail(err, HATS_E_MEMORY, "no memory for an input");
    hats_free(cells);
    hats_input_builder_clear(&b);
    return s;
}

hats_status hats_call_source(enum hats_encryption_source *out, const struct hats_plan *plan,
                             bool has_data_commitment, struct hats_error *err) {
    *out = HATS_SOURCE_NONE;
    if (!has_data_commitment)
        return HATS_OK;
    hats_status s = fits(plan, HATS_SOURCE_FIELDS, NULL);
    *out = HATS_SOURCE_FIELDS;
    if (s == HATS_E_RANGE || s == HATS_E_UNSUPPORTED) {
        s = fits(plan, HATS_SOURCE_FEATURES, NULL);
        *out = HATS_SOURCE_FEATURES;
    }
    if (s == HATS_E_RANGE || s == HATS_E_UNSUPPORTED)
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "requests of this model carry no data commitment: its features do not fit "
                         "into one");
    return s == HATS_OK ? HATS_OK : hats_fail(err, s, "the model's inputs cannot be laid out");
}

hats_status hats_call_setup_new(struct hats_encryption_setup **out, unsigned suite,
                                const struct hats_plan *plan, bool has_data_commitment,
                                struct hats_error *err) {
    struct hats_input_builder b;
    enum hats_encryption_source source;
    *out = NULL;
    hats_status s = hats_call_source(&source, plan, has_data_commitment, err);
    if (s == HATS_OK)
        s = hats_call_input(&b, plan, source, err);
    if (s != HATS_OK)
        return s;
    s = hats_encryption_setup_new(out, suite, &b.input, 1, err);
    hats_input_builder_clear(&b);
    return s;
}

/* ---- the statement ---- */

void hats_call_parameters_of(struct hats_call_parameters *out, const struct hats_plan *plan,
                             const uint8_t plan_digest[32], const uint8_t box_digest[32],
                             const struct hats_core *core) {
    *out = (struct hats_call_parameters){
        .set_id = plan->set_id,
        .proof_suite = core->has_proof ? core->proof_suite : 0,
        .d = plan->shape.d,
        .log_t = plan->log_t,
        .k = plan->shape.k,
        .block = plan->shape.block,
        .n_in = plan->shape.n_in,
        .has_data_commitment = core->has_data_commitment,
        .purpose = core->purpose,
    };
    memcpy(out->bounds_digest, box_digest, 32);
    memcpy(out->transform_digest, plan_digest, 32);
    memcpy(out->data_commitment, core->data_commitment, 32);
}

void hats_call_commitment_encode(uint8_t out[32],
                                 const uint64_t commitment[HATS_STARK_RPO_DIGEST]) {
    for (unsigned i = 0; i < HATS_STARK_RPO_DIGEST; i++)
        hats_store_be64(out + 8 * (size_t)i, commitment[i]);
}

hats_status hats_call_commitment_decode(uint64_t out[HATS_STARK_RPO_DIGEST],
                                        const uint8_t bytes[32], struct hats_error *err) {
    uint64_t words[HATS_STARK_RPO_DIGEST];
    for (unsigned i = 0; i < HATS_STARK_RPO_DIGEST; i++) {
        words[i] = hats_load_be64(bytes + 8 * (size_t)i);
        if (words[i] >= HATS_P)
            return hats_fail(err, HATS_E_CANONICAL,
                             "the data commitment has an element that is not below p");
    }
    memcpy(out, words, sizeof words);
    return HATS_OK;
}

hats_status hats_call_statement_init(struct hats_call_statement *out,
                                     const struct hats_encryption_setup *setup,
                                     const struct hats_plan *plan, const struct hats_core *core,
                                     const uint8_t *public_key, size_t public_key_len_bytes,
                                     const uint8_t *ciphertext, size_t ciphertext_len_bytes,
                                     struct hats_error *err) {
    uint8_t kid[HATS_KID_LEN];
    uint32_t set_id = 0;
    *out = (struct hats_call_statement){.public = {.setup = setup, .ciphertexts = out->parts}};
    hats_status s =
        hats_fhe_public_key_open(&out->public.b0, &set_id, public_key, public_key_len_bytes, err);
    if (s == HATS_OK && set_id != plan->set_id)
        s = hats_fail(err, HATS_E_VERSION, "the key is of parameter set %u, the model of %u",
                      set_id, plan->set_id);
    if (s == HATS_OK)
        s = hats_fhe_kid(kid, public_key, public_key_len_bytes, err);
    if (s == HATS_OK && memcmp(kid, core->kid, sizeof kid) != 0)
        s = hats_fail(err, HATS_E_VERIFY, "the public key is not the one that the core names");
    if (s != HATS_OK)
        return s;
    hats_core_context(out->public.ctx, core);
    s = hats_linear_ciphertext_parts(out->parts, plan->set_id, &plan->shape, out->public.ctx,
                                     ciphertext, ciphertext_len_bytes, err);
    if (s == HATS_OK && core->has_data_commitment) {
        s = hats_call_commitment_decode(out->commitment[0], core->data_commitment, err);
        out->public.commitments = (const uint64_t(*)[HATS_STARK_RPO_DIGEST])out->commitment;
    }
    return s;
}
