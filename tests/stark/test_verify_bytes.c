/* The bytes of a proof: whatever is changed in them is refused for the reason that it should be. */
#include "proven.h"
#include "stark/proof_view.h"

/* Where the parts of a proof begin and end, as offsets. */
struct part {
    const char *name;
    size_t begin, end;
    unsigned reasons; /* bit r: refusal r may be the answer to a change in it */
};

#define REASON(r) (1u << HATS_STARK_R_##r)
#define REASONS_ROWS (REASON(TREE) | REASON(CANONICAL))
#define REASONS_COUNTS (REASON(LENGTH) | REASON(OPENINGS) | REASON(CANONICAL))
/* What comes before the positions: other positions, other work. */
#define REASONS_LATE (REASON(WORK) | REASON(OPENINGS) | REASON(TREE))

static size_t parts_of_opening(struct part *parts, size_t n, const struct hats_stark_opening *o,
                               const uint8_t *base) {
    size_t leaves = (size_t)(o->leaves - base), path = (size_t)(o->path - base);
    size_t path_end = path + (size_t)o->n_path * HATS_SHA256_LEN;
    parts[n++] = (struct part){"leaves", leaves, path, REASONS_ROWS};
    parts[n++] = (struct part){"path", path, path_end, REASON(TREE)};
    return n;
}

static size_t parts_of(struct part *parts, const uint8_t *data, size_t len) {
    struct hats_stark_proof v;
    struct hats_reader r = hats_reader_of(data, len);
    assert_int_equal(hats_stark_read_header(&v, &r), HATS_STARK_ACCEPTED);
    size_t header = (size_t)(r.at - data), n = 0, tables = 19 + (size_t)33 * v.n_tables;
    assert_int_equal(hats_stark_read_body(&v, &r), HATS_STARK_ACCEPTED);
    size_t opened = (size_t)(v.opened - data), layers = (size_t)(v.layer_roots - data);
    size_t final = (size_t)(v.final_polynomial - data), nonce = (size_t)(v.nonce - data);
    unsigned late = REASONS_LATE;
    parts[n++] = (struct part){"tag", 0, 16, REASON(HEADER)};
    parts[n++] = (struct part){"suite", 16, 18, REASON(SUITE)};
    parts[n++] = (struct part){"tables", 18, tables, REASON(TABLES)};
    parts[n++] = (struct part){"sizes", tables, header, REASON(SHAPE)};
    parts[n++] = (struct part){"salt and roots", header, opened, REASON(CONSTRAINTS)};
    parts[n++] = (struct part){"opened", opened, layers, REASON(CONSTRAINTS) | REASON(CANONICAL)};
    parts[n++] = (struct part){"layer roots", layers, final, late};
    parts[n++] = (struct part){"final", final, nonce, late | REASON(CANONICAL)};
    parts[n++] = (struct part){"nonce", nonce, nonce + 8, late};
    for (unsigned i = 0; i < v.n_trees; i++)
        n = parts_of_opening(parts, n, &v.trees[i], data);
    for (unsigned l = 0; l < v.n_folds; l++)
        n = parts_of_opening(parts, n, &v.layers[l], data);
    return n;
}

/* The counts before each opening belong to no part above. */
static const struct part *part_at(const struct part *parts, size_t n, size_t offset) {
    static const struct part counts = {"counts", 0, 0, REASONS_COUNTS};
    for (size_t i = 0; i < n; i++)
        if (offset >= parts[i].begin && offset < parts[i].end)
            return &parts[i];
    return &counts;
}

static void check_every_byte(struct proven *p, uint8_t flip) {
    struct part parts[40];
    size_t n_parts = parts_of(parts, p->proof.data, p->proof.len);
    for (size_t i = 0; i < p->proof.len; i++) {
        const struct part *part = part_at(parts, n_parts, i);
        p->proof.data[i] ^= flip;
        enum hats_stark_refusal refusal = verify_own(p);
        p->proof.data[i] ^= flip;
        if (refusal == HATS_STARK_ACCEPTED || (part->reasons >> refusal & 1) == 0)
            fail_msg("byte %zu (%s) ^ %02x: %s", i, part->name, flip,
                     hats_stark_refusal_name(refusal));
    }
}

static void no_byte_of_a_proof_can_change(void **state) {
    (void)state;
    static const uint8_t flips[] = {0x01, 0x80};
    for (size_t i = 0; i < HATS_COUNT_OF(flips); i++) {
        struct proven p;
        begin_small(&p);
        check_every_byte(&p, flips[i]);
        end(&p);
    }
}

/* Two layers, two tables, salts in the first tree of one, mu in the other. */
static void no_byte_can_change_in_proofs_of_other_shapes(void **state) {
    (void)state;
    struct proven p;
    begin(&p, "squares", 10, 2);
    init(&p, HATS_STARK_TEST);
    prove(&p, p.all.trace);
    assert_true(p.all.setup.salted[HATS_STARK_TREE_TRACE]);
    assert_true(p.all.setup.n_folds >= 2);
    check_every_byte(&p, 0x04);
    end(&p);
    begin(&p, "fibonacci", 6, 0);
    add(&p, "power7", 4, 2);
    init(&p, HATS_STARK_TEST);
    prove(&p, p.all.trace);
    check_every_byte(&p, 0x20);
    end(&p);
}

static void a_proof_has_one_length(void **state) {
    (void)state;
    struct proven p;
    begin_small(&p);
    for (size_t len = 0; len < p.proof.len; len++) {
        /* A buffer of exactly this length, for the sanitizers. */
        uint8_t *cut = malloc(len + 1);
        memcpy(cut + 1, p.proof.data, len);
        assert_refusal(verify(&p, cut + 1, len), HATS_STARK_R_LENGTH);
        free(cut);
    }
    for (size_t more = 1; more <= 64; more++) {
        uint8_t *longer = calloc(1, p.proof.len + more);
        memcpy(longer, p.proof.data, p.proof.len);
        assert_refusal(verify(&p, longer, p.proof.len + more), HATS_STARK_R_LENGTH);
        free(longer);
    }
    assert_refusal(verify(&p, NULL, 0), HATS_STARK_R_LENGTH);
    end(&p);
}

/* Offsets of all field elements of a proof; the result is how many. */
static size_t elements_of(size_t *out, const uint8_t *data, size_t len) {
    struct hats_stark_proof v;
    struct hats_reader r = hats_reader_of(data, len);
    size_t n = 0;
    assert_int_equal(hats_stark_read_header(&v, &r), HATS_STARK_ACCEPTED);
    assert_int_equal(hats_stark_read_body(&v, &r), HATS_STARK_ACCEPTED);
    for (size_t i = 0; i < 3 * (size_t)v.n_opened; i++)
        out[n++] = (size_t)(v.opened - data) + 8 * i;
    for (size_t i = 0; i < 3 * (size_t)v.final_len; i++)
        out[n++] = (size_t)(v.final_polynomial - data) + 8 * i;
    for (unsigned t = 0; t < v.n_trees + v.n_folds; t++) {
        bool tree = t < v.n_trees;
        const struct hats_stark_opening *o = tree ? &v.trees[t] : &v.layers[t - v.n_trees];
        size_t salt = tree && v.salted[t] ? HATS_MERKLE_SALT_LEN : 0;
        for (size_t leaf = 0; leaf < o->n_leaves; leaf++)
            for (size_t at = salt; at < o->leaf_len_bytes; at += 8)
                out[n++] = (size_t)(o->leaves - data) + leaf * o->leaf_len_bytes + at;
    }
    return n;
}

static void elements_of_p_or_more_are_refused_everywhere(void **state) {
    (void)state;
    struct proven p;
    begin_small(&p);
    size_t *at = malloc(p.proof.len * sizeof *at);
    size_t n = elements_of(at, p.proof.data, p.proof.len);
    assert_true(n > 3 * (size_t)(p.all.setup.n_opened + p.all.setup.final_len));
    for (size_t i = 0; i < n; i++) {
        uint8_t *element = p.proof.data + at[i], kept[8];
        memcpy(kept, element, sizeof kept);
        hats_store_be64(element, HATS_P);
        assert_refusal(verify_own(&p), HATS_STARK_R_CANONICAL);
        hats_store_be64(element, UINT64_MAX);
        assert_refusal(verify_own(&p), HATS_STARK_R_CANONICAL);
        memcpy(element, kept, sizeof kept);
    }
    assert_refusal(verify_own(&p), HATS_STARK_ACCEPTED);
    free(at);
    end(&p);
}

/* Every value of every byte of the header. */
static void a_header_has_one_right_value(void **state) {
    (void)state;
    struct proven p;
    struct part parts[40];
    begin_small(&p);
    size_t n_parts = parts_of(parts, p.proof.data, p.proof.len);
    for (size_t i = 0; i < parts[3].end; i++) {
        uint8_t kept = p.proof.data[i];
        for (unsigned value = 0; value < 256; value++) {
            p.proof.data[i] = (uint8_t)value;
            enum hats_stark_refusal refusal = verify_own(&p);
            if (value == kept)
                assert_refusal(refusal, HATS_STARK_ACCEPTED);
            else
                assert_true((part_at(parts, n_parts, i)->reasons >> refusal & 1) != 0);
        }
        p.proof.data[i] = kept;
    }
    end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_byte_of_a_proof_can_change),
        cmocka_unit_test(no_byte_can_change_in_proofs_of_other_shapes),
        cmocka_unit_test(a_proof_has_one_length),
        cmocka_unit_test(elements_of_p_or_more_are_refused_everywhere),
        cmocka_unit_test(a_header_has_one_right_value),
    };
    return cmocka_run_group_tests_name("verify-bytes", tests, NULL, NULL);
}
