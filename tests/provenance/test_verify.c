#include "world.h"

#include "provenance/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static struct hats_provenance_verdict verdict;

/* One case: a grant, a request, a policy and evidence that hold; a test breaks one thing. */
struct scene {
    struct hats_grant grant;
    int authoriser;
    bool no_input;
    struct hats_provenance_request request;
    struct hats_provenance_policy policy;
    struct evidence evidence;
    uint8_t commitment[1][32];
};

static void begin(struct scene *s) {
    memset(s, 0, sizeof *s);
    world_grant(&s->grant, &w);
    s->authoriser = AUTHORISER;
    world_request(&s->request, &w);
    s->policy.trust = &w.trust;
}

static void make(struct scene *s) {
    world_evidence(&s->evidence, &w, &s->grant, s->authoriser, !s->no_input);
    memcpy(s->commitment[0], s->evidence.opening.commitment.c_d, 32);
    s->request.commitments = (const uint8_t(*)[32])s->commitment;
    s->request.n_records = 1;
}

static void expect(struct scene *s, enum hats_provenance_refusal wanted) {
    struct hats_buffer bytes;
    struct hats_error err = {0};
    world_encode(&bytes, &s->evidence);
    hats_status st =
        hats_provenance_verify(&verdict, bytes.data, bytes.len, &s->request, &s->policy, &err);
    if (verdict.refusal != wanted)
        fail_msg("%s and not %s: %s", hats_provenance_refusal_name(verdict.refusal),
                 hats_provenance_refusal_name(wanted), err.text);
    assert_int_equal(st == HATS_OK, wanted == HATS_PROVENANCE_HOLDS);
    assert_true(st == HATS_OK || err.text[0] != '\0');
    hats_buffer_clear(&bytes);
    evidence_clear(&s->evidence);
}

static void four_steps_of_four_parties_hold(void **state) {
    (void)state;
    struct scene s;
    begin(&s);
    make(&s);
    expect(&s, HATS_PROVENANCE_HOLDS);
    assert_int_equal(verdict.lineage.n_nodes, 6);
    assert_string_equal(verdict.source->name, "Store");
    assert_string_equal(verdict.authoriser->name, "Board");
    assert_memory_equal(verdict.lineage_root, verdict.lineage.nodes[5].id, 32);
    begin(&s);
    s.no_input = true;
    make(&s);
    expect(&s, HATS_PROVENANCE_HOLDS);
}

#define GRANT_CASE(name, change, refusal) \
    static void name(void **state) {      \
        (void)state;                      \
        struct scene s;                   \
        begin(&s);                        \
        change;                           \
        make(&s);                         \
        expect(&s, refusal);              \
    }
GRANT_CASE(a_grant_of_a_stranger_is_refused, s.authoriser = STRANGER,
           HATS_PROVENANCE_GRANT_UNTRUSTED)
GRANT_CASE(a_grant_of_the_source_itself_is_refused, s.authoriser = SOURCE,
           HATS_PROVENANCE_GRANT_UNTRUSTED)
GRANT_CASE(a_grant_for_another_source_is_refused, s.grant.source_kid[0] ^= 1,
           HATS_PROVENANCE_GRANT_SOURCE)
GRANT_CASE(a_grant_for_another_dataset_is_refused, s.grant.dataset[0] = 'S',
           HATS_PROVENANCE_GRANT_SOURCE)
GRANT_CASE(a_grant_for_another_table_is_refused, s.grant.has_root = true,
           HATS_PROVENANCE_GRANT_SOURCE)
GRANT_CASE(a_grant_for_other_columns_is_refused, s.grant.schema_digest[5] ^= 1,
           HATS_PROVENANCE_GRANT_SCHEMA)
GRANT_CASE(a_grant_for_another_transformation_is_refused,
           (s.grant.transform_digest[9] ^= 1, s.no_input = true), HATS_PROVENANCE_GRANT_TRANSFORM)
GRANT_CASE(a_grant_for_another_model_is_refused, s.grant.model_commitment[9] ^= 1,
           HATS_PROVENANCE_GRANT_MODEL)
GRANT_CASE(a_grant_for_another_purpose_is_refused, s.grant.purpose = 8,
           HATS_PROVENANCE_GRANT_PURPOSE)
GRANT_CASE(a_grant_for_another_owner_is_refused, s.grant.owner[0] ^= 1, HATS_PROVENANCE_GRANT_OWNER)
GRANT_CASE(a_grant_that_has_ended_is_refused, s.grant.until_ms = WORLD_NOW_MS + 999,
           HATS_PROVENANCE_GRANT_EXPIRED)
GRANT_CASE(a_grant_that_has_not_begun_is_refused, s.grant.from_ms = WORLD_NOW_MS + 1001,
           HATS_PROVENANCE_GRANT_EARLY)
GRANT_CASE(the_last_millisecond_of_a_grant_counts, s.grant.until_ms = WORLD_NOW_MS + 1000,
           HATS_PROVENANCE_HOLDS)

static void a_purpose_that_the_policy_does_not_take_is_refused(void **state) {
    (void)state;
    static const uint32_t purposes[] = {3, 9};
    struct scene s;
    begin(&s);
    s.policy.purposes = purposes;
    s.policy.n_purposes = 2;
    make(&s);
    expect(&s, HATS_PROVENANCE_PURPOSE_REFUSED);
}

static void times_of_the_table_are_kept(void **state) {
    (void)state;
    struct scene s;
    begin(&s);
    s.grant.until_ms = WORLD_NOW_MS + 90 * WORLD_DAY_MS;
    s.request.now_ms = WORLD_NOW_MS - 60000 + 30 * WORLD_DAY_MS;
    make(&s);
    expect(&s, HATS_PROVENANCE_HOLDS);
    s.request.now_ms++;
    make(&s);
    expect(&s, HATS_PROVENANCE_SOURCE_EXPIRED);
    begin(&s);
    s.policy.max_age_ms = 61000;
    make(&s);
    expect(&s, HATS_PROVENANCE_HOLDS);
    s.policy.max_age_ms = 60999;
    make(&s);
    expect(&s, HATS_PROVENANCE_SOURCE_AGE);
    begin(&s);
    s.request.now_ms = WORLD_NOW_MS - 60000 - HATS_SIGNED_SKEW_MS - 1;
    make(&s);
    expect(&s, HATS_PROVENANCE_SOURCE_FUTURE);
}

static void records_are_those_of_the_request(void **state) {
    (void)state;
    struct scene s;
    begin(&s);
    make(&s);
    s.commitment[0][3] ^= 1;
    expect(&s, HATS_PROVENANCE_RECORD_FOREIGN);
    make(&s);
    s.request.n_records = 0;
    expect(&s, HATS_PROVENANCE_RECORD_FOREIGN);
}

static void a_record_that_is_not_in_the_root_is_refused(void **state) {
    (void)state;
    for (int what = 0; what < 4; what++) {
        struct scene s;
        begin(&s);
        s.no_input = true;
        make(&s);
        struct hats_provenance_bundle_record *r = &s.evidence.bundle.records[0];
        switch (what) {
        case 0: r->index = 2; break;
        case 1: r->commitment.fields_root[0] ^= 1; break;
        case 2: s.evidence.opening.path[7] ^= 1; break;
        default: r->path_len -= 32; break;
        }
        expect(&s, HATS_PROVENANCE_RECORD_ABSENT);
    }
}

static void a_changed_signature_is_refused_at_its_place(void **state) {
    (void)state;
    struct scene s;
    uint8_t copy[HATS_SIGNED_MAX_BYTES];
    begin(&s);
    make(&s);
    s.evidence.grant.data[s.evidence.grant.len - 1] ^= 1;
    expect(&s, HATS_PROVENANCE_GRANT_SIGNATURE);
    begin(&s);
    s.no_input = true;
    make(&s);
    memcpy(copy, w.roots[2].data, w.roots[2].len);
    copy[w.roots[2].len - 1] ^= 1;
    s.evidence.bundle.root.bytes = copy;
    expect(&s, HATS_PROVENANCE_SOURCE_SIGNATURE);
    begin(&s);
    make(&s);
    s.evidence.input.data[s.evidence.input.len - 1] ^= 1;
    expect(&s, HATS_PROVENANCE_LINEAGE_SIGNATURE);
}

static void lineages_that_are_none_are_refused(void **state) {
    (void)state;
    struct scene s;
    struct hats_provenance_bundle *b = &s.evidence.bundle;
    struct hats_provenance_bundle_file first;
    begin(&s);
    make(&s);
    b->n_ancestors = 0;
    expect(&s, HATS_PROVENANCE_LINEAGE_DANGLING);
    make(&s);
    b->ancestors[0] = b->ancestors[1];
    b->ancestors[1] = b->ancestors[2];
    expect(&s, HATS_PROVENANCE_LINEAGE_DANGLING);
    make(&s);
    b->ancestors[4] = b->ancestors[3];
    b->n_ancestors = 5;
    expect(&s, HATS_PROVENANCE_LINEAGE_ORDER);
    make(&s);
    first = b->ancestors[0];
    b->ancestors[0] = b->ancestors[3];
    b->ancestors[3] = first;
    expect(&s, HATS_PROVENANCE_LINEAGE_DANGLING);
    make(&s);
    b->ancestors[4] = b->grant;
    b->n_ancestors = 5;
    expect(&s, HATS_PROVENANCE_LINEAGE_MALFORMED);
}

/* Signs a step by the processor and has it follow the lineage. */
static enum hats_provenance_refusal after(const struct hats_step *step, int party) {
    struct hats_lineage *l = &verdict.lineage;
    struct hats_buffer file;
    struct hats_error err = {0};
    memset(l, 0, sizeof *l);
    assert_int_equal(hats_lineage_add(l, w.roots[0].data, w.roots[0].len, &err), 0);
    hats_buffer_init(&file, HATS_SIGNED_MAX_BYTES);
    assert_int_equal(hats_step_sign(&file, step, w.keys[party], "", &err), HATS_OK);
    enum hats_provenance_refusal r = hats_lineage_add(l, file.data, file.len, &err);
    if (r == HATS_PROVENANCE_HOLDS)
        r = hats_lineage_judge(&l->nodes[1], file.data, file.len, &w.trust, WORLD_NOW_MS, &err);
    hats_buffer_clear(&file);
    return r;
}

static void a_step_follows_what_it_is_made_from(void **state) {
    (void)state;
    struct hats_source_root root;
    struct hats_cose cose;
    struct hats_error err;
    assert_int_equal(hats_source_root_parse(&root, &cose, w.roots[0].data, w.roots[0].len, &err),
                     HATS_OK);
    struct hats_step good = {.kind = HATS_STEP_TRANSFORM,
                             .text = "a step",
                             .n_parents = 1,
                             .done_ms = WORLD_NOW_MS},
                     step;
    hats_sha256(good.parents[0].id, w.roots[0].data, w.roots[0].len);
    memcpy(good.parents[0].commitment, root.root, 32);
    assert_int_equal(after(&good, PROCESSOR), HATS_PROVENANCE_HOLDS);
    assert_int_equal(after(&good, STRANGER), HATS_PROVENANCE_LINEAGE_UNTRUSTED);
    assert_int_equal(after(&good, SOURCE), HATS_PROVENANCE_LINEAGE_UNTRUSTED);
    step = good;
    step.parents[0].commitment[0] ^= 1;
    assert_int_equal(after(&step, PROCESSOR), HATS_PROVENANCE_LINEAGE_COMMITMENT);
    step = good;
    step.parents[0].id[0] ^= 1;
    assert_int_equal(after(&step, PROCESSOR), HATS_PROVENANCE_LINEAGE_DANGLING);
    step = good;
    step.done_ms = root.signed_ms - HATS_SIGNED_SKEW_MS - 1;
    assert_int_equal(after(&step, PROCESSOR), HATS_PROVENANCE_LINEAGE_TIME);
    assert_int_equal(hats_lineage_add(&verdict.lineage, w.roots[1].data, w.roots[1].len, &err),
                     HATS_PROVENANCE_LINEAGE_DANGLING);
}

static void a_step_that_leads_nowhere_is_refused(void **state) {
    (void)state;
    struct scene s;
    struct hats_buffer other;
    struct hats_error err = {0};
    hats_buffer_init(&other, HATS_SIGNED_MAX_BYTES);
    assert_int_equal(world_sign(&w, "other", world_csv, strlen(world_csv), w.schema, SOURCE, NULL,
                                WORLD_NOW_MS, &err),
                     HATS_OK);
    assert_int_equal(hats_file_read(&other, world_path(&w, "other.root.cose"), &err), HATS_OK);
    begin(&s);
    make(&s);
    s.evidence.bundle.ancestors[4] = (struct hats_provenance_bundle_file){other.data, other.len};
    s.evidence.bundle.n_ancestors = 5;
    expect(&s, HATS_PROVENANCE_LINEAGE_LOOSE);
    hats_buffer_clear(&other);
}

static void another_input_than_the_record_is_refused(void **state) {
    (void)state;
    struct scene s, t;
    begin(&s);
    begin(&t);
    t.grant.transform_digest[0] ^= 1; /* the step says one programme, the grant another */
    make(&t);
    t.request.transform_digest = NULL;
    expect(&t, HATS_PROVENANCE_LINEAGE_COMMITMENT);
    make(&s);
    s.evidence.bundle.input = s.evidence.bundle.ancestors[1];
    expect(&s, HATS_PROVENANCE_LINEAGE_ORDER);
}

static void revoke(struct hats_revocations *list, const struct hats_buffer *file, int party,
                   uint64_t from_ms) {
    struct hats_revocation item = {.from_ms = from_ms};
    struct hats_revocations out = {.number = 1,
                                   .issued_ms = WORLD_NOW_MS,
                                   .next_ms = WORLD_NOW_MS + WORLD_DAY_MS,
                                   .items = &item,
                                   .n_items = 1};
    struct hats_buffer bytes;
    struct hats_error err = {0};
    hats_sha256(item.digest, file->data, file->len);
    hats_buffer_init(&bytes, HATS_COSE_MAX_BYTES);
    assert_int_equal(hats_revocations_sign(&bytes, &out, w.keys[party], "", &err), HATS_OK);
    assert_int_equal(
        hats_revocations_load(list, bytes.data, bytes.len, &w.trust, WORLD_NOW_MS, &err), HATS_OK);
    hats_buffer_clear(&bytes);
}

static void what_its_issuer_revokes_is_refused_from_then_on(void **state) {
    (void)state;
    static const struct {
        int file, party;
        uint64_t from_ms;
        enum hats_provenance_refusal wanted;
    } cases[] = {
        {0, AUTHORISER, WORLD_NOW_MS, HATS_PROVENANCE_GRANT_REVOKED},
        {0, AUTHORISER, WORLD_NOW_MS + 1001, HATS_PROVENANCE_HOLDS}, /* not yet */
        {0, SOURCE, WORLD_NOW_MS, HATS_PROVENANCE_HOLDS},            /* not theirs to revoke */
        {1, STORE, WORLD_NOW_MS, HATS_PROVENANCE_SOURCE_REVOKED},
        {2, PROCESSOR, WORLD_NOW_MS, HATS_PROVENANCE_LINEAGE_REVOKED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;
        struct hats_revocations list;
        begin(&s);
        make(&s);
        const struct hats_buffer *files[] = {&s.evidence.grant, &w.roots[2], &w.steps[0]};
        revoke(&list, files[cases[i].file], cases[i].party, cases[i].from_ms);
        s.policy.lists = &list;
        s.policy.n_lists = 1;
        expect(&s, cases[i].wanted);
        hats_revocations_clear(&list);
    }
}

static void without_current_lists_nothing_holds_where_they_are_wanted(void **state) {
    (void)state;
    struct scene s;
    begin(&s);
    s.policy.want_lists = true;
    make(&s);
    expect(&s, HATS_PROVENANCE_LIST_STALE);
}

static void two_roots_of_one_source_and_time_contradict_each_other(void **state) {
    (void)state;
    struct scene s;
    begin(&s);
    make(&s);
    struct hats_known_root known = {.dataset = "store", .signed_ms = WORLD_NOW_MS - 60000};
    memcpy(known.kid, w.kids[STORE], 32);
    s.policy.known = &known;
    s.policy.n_known = 1;
    expect(&s, HATS_PROVENANCE_SOURCE_CONFLICT);
    make(&s);
    memcpy(known.root, verdict.root.root, 32); /* the same root is no contradiction */
    expect(&s, HATS_PROVENANCE_HOLDS);
}

static void any_cut_is_refused(void **state) {
    (void)state;
    struct scene s;
    struct hats_buffer bytes;
    struct hats_error err;
    begin(&s);
    make(&s);
    world_encode(&bytes, &s.evidence);
    for (size_t len = 0; len < bytes.len; len += len < 200 ? 1 : 97)
        assert_int_not_equal(
            hats_provenance_verify(&verdict, bytes.data, len, &s.request, &s.policy, &err),
            HATS_OK);
    for (size_t at = 0; at < bytes.len; at += 41) {
        bytes.data[at] ^= 0x10;
        if (hats_provenance_verify(&verdict, bytes.data, bytes.len, &s.request, &s.policy, &err) ==
            HATS_OK)
            fail_msg("changed at %zu and still accepted", at);
        bytes.data[at] ^= 0x10;
    }
    hats_buffer_clear(&bytes);
    evidence_clear(&s.evidence);
}

static void every_refusal_has_a_name_of_its_own(void **state) {
    (void)state;
    for (int i = 0; i < HATS_PROVENANCE_REFUSALS; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(hats_provenance_refusal_name((enum hats_provenance_refusal)i),
                                    hats_provenance_refusal_name((enum hats_provenance_refusal)k));
}

static void drawings_name_every_signer(void **state) {
    (void)state;
    static const char *const signers[] = {"Ward", "ETL", "Store", "Owner"};
    struct scene s;
    struct hats_buffer out[6];
    begin(&s);
    make(&s);
    expect(&s, HATS_PROVENANCE_HOLDS);
    for (size_t i = 0; i < 6; i++)
        hats_buffer_init(&out[i], 1u << 20);
    hats_provenance_text(&out[0], &verdict);
    hats_provenance_json(&out[1], &verdict);
    hats_lineage_dot(&out[2], &verdict.lineage);
    hats_lineage_svg(&out[3], &verdict.lineage);
    hats_lineage_prov_json(&out[4], &verdict.lineage);
    hats_lineage_in_toto(&out[5], &verdict);
    for (size_t i = 0; i < 6; i++) {
        hats_buffer_append(&out[i], "", 1);
        assert_false(out[i].failed);
        for (size_t k = 0; k < 4; k++)
            assert_non_null(strstr((const char *)out[i].data, signers[k]));
        hats_buffer_clear(&out[i]);
    }
}

static int open_world(void **state) {
    (void)state;
    world_open(&w);
    return 0;
}

static int close_world(void **state) {
    (void)state;
    world_close(&w);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_steps_of_four_parties_hold),
        cmocka_unit_test(a_grant_of_a_stranger_is_refused),
        cmocka_unit_test(a_grant_of_the_source_itself_is_refused),
        cmocka_unit_test(a_grant_for_another_source_is_refused),
        cmocka_unit_test(a_grant_for_another_dataset_is_refused),
        cmocka_unit_test(a_grant_for_another_table_is_refused),
        cmocka_unit_test(a_grant_for_other_columns_is_refused),
        cmocka_unit_test(a_grant_for_another_transformation_is_refused),
        cmocka_unit_test(a_grant_for_another_model_is_refused),
        cmocka_unit_test(a_grant_for_another_purpose_is_refused),
        cmocka_unit_test(a_grant_for_another_owner_is_refused),
        cmocka_unit_test(a_grant_that_has_ended_is_refused),
        cmocka_unit_test(a_grant_that_has_not_begun_is_refused),
        cmocka_unit_test(the_last_millisecond_of_a_grant_counts),
        cmocka_unit_test(a_purpose_that_the_policy_does_not_take_is_refused),
        cmocka_unit_test(times_of_the_table_are_kept),
        cmocka_unit_test(records_are_those_of_the_request),
        cmocka_unit_test(a_record_that_is_not_in_the_root_is_refused),
        cmocka_unit_test(a_changed_signature_is_refused_at_its_place),
        cmocka_unit_test(lineages_that_are_none_are_refused),
        cmocka_unit_test(a_step_follows_what_it_is_made_from),
        cmocka_unit_test(a_step_that_leads_nowhere_is_refused),
        cmocka_unit_test(another_input_than_the_record_is_refused),
        cmocka_unit_test(what_its_issuer_revokes_is_refused_from_then_on),
        cmocka_unit_test(without_current_lists_nothing_holds_where_they_are_wanted),
        cmocka_unit_test(two_roots_of_one_source_and_time_contradict_each_other),
        cmocka_unit_test(any_cut_is_refused),
        cmocka_unit_test(every_refusal_has_a_name_of_its_own),
        cmocka_unit_test(drawings_name_every_signer),
    };
    return cmocka_run_group_tests_name("evidence of provenance", tests, open_world, close_world);
}
