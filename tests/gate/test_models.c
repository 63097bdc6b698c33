/* Which models are served, and what happens to calls when one is replaced. */
#include "world.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "model/package.h"

#include <string.h>
#include <unistd.h>

static struct world w;
static struct owner owner;

static int make(void **state) {
    (void)state;
    world_make(&w);
    owner_make(&owner, 1);
    return owner_register(&w, &owner, 0, NULL) == HATS_PROBLEM_NONE ? 0 : -1;
}

static int drop(void **state) {
    (void)state;
    owner_clear(&owner);
    world_remove(&w);
    return 0;
}

static void package_path(char out[256], const char *name) {
    snprintf(out, 256, "%s/models/%s", w.dir, name);
}

static void a_model_is_described_as_it_is(void **state) {
    (void)state;
    struct hats_gate_model m;
    char(*names)[HATS_GATE_NAME_MAX];
    size_t n;
    assert_true(hats_gate_model_hold(w.gate, &m, "score"));
    assert_string_equal(m.version, "1.0.0");
    assert_string_equal(m.publisher, "tests");
    assert_int_equal(m.d, WORLD_D);
    assert_int_equal(m.k, WORLD_K);
    uint8_t digest[32];
    hats_plan_digest(digest, m.plan, m.plan_len);
    assert_memory_equal(digest, m.plan_digest, 32);
    hats_gate_model_release(&m);
    assert_false(hats_gate_model_hold(w.gate, &m, "other"));
    world_package(w.dir, w.publisher, "another", "1", 2);
    char models[96];
    snprintf(models, sizeof models, "%s/models", w.dir);
    assert_int_equal(hats_gate_models_load(w.gate, models, &n, NULL), HATS_OK);
    assert_int_equal(n, 2);
    assert_int_equal(hats_gate_model_names(w.gate, &names, &n, NULL), HATS_OK);
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "another");
    assert_string_equal(names[1], "score");
    hats_free(names);
}

static void a_replaced_model_refuses_requests_made_for_the_old_one(void **state) {
    (void)state;
    struct request r, q;
    struct hats_gate_reply reply;
    char path[256];
    request_make(&r, &w, &owner, 1);
    world_package(w.dir, w.publisher, "score", "2.0.0", 2);
    package_path(path, "score-2.0.0");
    assert_int_equal(hats_gate_model_load(w.gate, path, NULL), HATS_OK);
    assert_int_equal(request_send(&w, &r, &reply), HATS_PROBLEM_MODEL_CHANGED);
    request_make(&q, &w, &owner, 1);
    q.seed = 2;
    assert_int_equal(request_send(&w, &q, &reply), HATS_PROBLEM_NONE);
    reply_check(&w, &q, &reply, NULL);
    hats_gate_reply_clear(&reply);
    request_clear(&r);
    request_clear(&q);
}

static void a_call_that_was_admitted_ends_with_the_model_it_began_with(void **state) {
    (void)state;
    struct request r;
    struct hats_gate_reply reply;
    struct hats_gate_call *call;
    char path[256];
    request_make(&r, &w, &owner, 1);
    struct hats_gate_headers h = {.authorization = w.bearer[0],
                                  .model = "score",
                                  .content_length = (int64_t)r.body.len,
                                  .json_len = r.json_len_field};
    assert_int_equal(hats_gate_admit(w.gate, &call, &h, NULL), HATS_PROBLEM_NONE);
    world_package(w.dir, w.publisher, "score", "2.0.0", 2);
    package_path(path, "score-2.0.0");
    assert_int_equal(hats_gate_model_load(w.gate, path, NULL), HATS_OK);
    assert_int_equal(hats_gate_infer(call, &reply, r.body.data, r.body.len, NULL),
                     HATS_PROBLEM_NONE);
    reply_check(&w, &r, &reply, NULL); /* under the weights of seed 1 */
    hats_gate_reply_clear(&reply);
    hats_gate_call_free(call);
    request_clear(&r);
}

static void served_models_stand_in_the_store(void **state) {
    (void)state;
    struct hats_store_model *list;
    struct hats_gate_model m;
    size_t n;
    assert_int_equal(hats_store_models(w.store, &list, &n, NULL), HATS_OK);
    assert_int_equal(n, 1);
    assert_true(hats_gate_model_hold(w.gate, &m, "score"));
    assert_memory_equal(list[0].commitment, m.commitment, 32);
    hats_gate_model_release(&m);
    hats_free(list);
}

static void expect_load(hats_status expected, const char *path, const char *words) {
    struct hats_error err = {0};
    hats_status s = hats_gate_model_load(w.gate, path, &err);
    if (s != expected || strstr(err.text, words) == NULL)
        fail_msg("%s: %s", hats_status_name(s), err.text);
    struct hats_gate_model m;
    assert_true(hats_gate_model_hold(w.gate, &m, "score")); /* what was served is served on */
    assert_string_equal(m.version, "1.0.0");
    hats_gate_model_release(&m);
}

static void a_package_that_is_not_whole_is_not_served(void **state) {
    (void)state;
    char path[256], file[300];
    world_package(w.dir, w.publisher, "score", "2.0.0", 2);
    package_path(path, "score-2.0.0");

    snprintf(file, sizeof file, "%s/" HATS_MODEL_FILE_WEIGHTS, path);
    FILE *f = fopen(file, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, -1, SEEK_END), 0);
    int last = fgetc(f);
    assert_int_equal(fseek(f, -1, SEEK_END), 0);
    fputc(last ^ 1, f);
    fclose(f);
    expect_load(HATS_E_VERIFY, path, "weights");
    f = fopen(file, "r+b");
    assert_int_equal(fseek(f, -1, SEEK_END), 0);
    fputc(last, f);
    fclose(f);

    snprintf(file, sizeof file, "%s/" HATS_MODEL_FILE_PUBLICATION, path);
    char aside[310];
    snprintf(aside, sizeof aside, "%s.aside", file);
    assert_int_equal(rename(file, aside), 0);
    expect_load(HATS_E_USAGE, path, "not published");
    char foreign[300];
    snprintf(foreign, sizeof foreign, "%s/models/score-1.0.0/" HATS_MODEL_FILE_PUBLICATION, w.dir);
    struct hats_buffer bytes;
    hats_buffer_init(&bytes, 65536);
    assert_int_equal(hats_file_read(&bytes, foreign, NULL), HATS_OK);
    assert_int_equal(hats_file_write(file, 0644, bytes.data, bytes.len, NULL), HATS_OK);
    hats_buffer_clear(&bytes);
    expect_load(HATS_E_VERIFY, path, "");
    assert_int_equal(rename(aside, file), 0);
    assert_int_equal(hats_gate_model_load(w.gate, path, NULL), HATS_OK);
}

/* 65,536 features take more columns than a proof has. */
static void a_model_whose_requests_cannot_be_proven_is_not_served(void **state) {
    (void)state;
    enum { D = 65536 };
    const struct hats_gate_proof_rules *rules = hats_gate_rules(w.gate);
    struct hats_plan plan = {.set_id = HATS_SET_L4096, .log_t = 20, .input = HATS_INPUT_TEXT};
    const uint8_t digest[32] = {1};
    size_t proof_bytes, scratch_bytes;
    plan.lo = hats_alloc_array(D, sizeof *plan.lo);
    plan.hi = hats_alloc_array(D, sizeof *plan.hi);
    assert_true(plan.lo != NULL && plan.hi != NULL);
    for (int fits = 0; fits < 2; fits++) {
        assert_int_equal(
            hats_linear_shape_init(&plan.shape, plan.set_id, fits ? D / 4 : D, 1, 4096, NULL),
            HATS_OK);
        assert_int_equal(
            rules->measure(rules->user, &proof_bytes, &scratch_bytes, &plan, digest, NULL),
            fits ? HATS_OK : HATS_E_UNSUPPORTED);
    }
    hats_free(plan.lo);
    hats_free(plan.hi);
}

static void a_folder_with_two_packages_of_one_name_is_refused(void **state) {
    (void)state;
    char models[96];
    struct hats_error err = {0};
    world_package(w.dir, w.publisher, "score", "2.0.0", 2);
    snprintf(models, sizeof models, "%s/models", w.dir);
    assert_int_equal(hats_gate_models_load(w.gate, models, NULL, &err), HATS_E_CONFLICT);
    assert_non_null(strstr(err.text, "score"));
}

static void a_models_folder_that_is_not_there_is_named(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_int_equal(hats_gate_models_load(w.gate, "/nowhere/models", NULL, &err),
                     HATS_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nowhere/models"));
}

static void receipts_are_signed_with_ml_dsa_65_only(void **state) {
    (void)state;
    struct hats_sign_key *key;
    struct hats_gate *g;
    struct hats_gate_config config = w.config;
    assert_int_equal(hats_mldsa_generate(&key, HATS_MLDSA_44, NULL), HATS_OK);
    config.signer = key;
    assert_int_equal(hats_gate_new(&g, &config, NULL), HATS_E_USAGE);
    assert_null(g);
    hats_mldsa_free(key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_model_is_described_as_it_is),
        CASE(a_replaced_model_refuses_requests_made_for_the_old_one),
        CASE(a_call_that_was_admitted_ends_with_the_model_it_began_with),
        CASE(served_models_stand_in_the_store),
        CASE(a_package_that_is_not_whole_is_not_served),
        CASE(a_model_whose_requests_cannot_be_proven_is_not_served),
        CASE(a_folder_with_two_packages_of_one_name_is_refused),
        CASE(a_models_folder_that_is_not_there_is_named),
        CASE(receipts_are_signed_with_ml_dsa_65_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
