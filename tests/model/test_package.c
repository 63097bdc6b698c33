#include "scratch.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "evidence/digest.h"
#include "evidence/publication.h"
#include "model/compile.h"
#include "model/publish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static hats_status make(const char *dir, unsigned w_bits, bool replace, struct hats_error *err) {
    static struct hats_compile_result r;
    struct hats_compile_options o;
    hats_compile_options_init(&o);
    o.onnx_path = EXAMPLES "/credit/model.onnx";
    o.schema_path = EXAMPLES "/credit/schema.txt";
    o.calibration_path = EXAMPLES "/credit/calibration.csv";
    o.name = "credit";
    o.w_bits = w_bits;
    o.out_dir = dir;
    o.replace = replace;
    return hats_compile_run(&r, &o, err);
}

/* A scratch directory with a package in "m". */
static void setup_package(char scratch[64], char dir[80]) {
    struct hats_error err = {0};
    scratch_make(scratch);
    (void)snprintf(dir, 80, "%s/m", scratch);
    if (make(dir, 10, false, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static struct hats_buffer file_bytes(const char *dir, const char *name) {
    struct hats_buffer b;
    char path[256];
    hats_buffer_init(&b, 1 << 24);
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(hats_file_read(&b, path, NULL), HATS_OK);
    return b;
}

static const char *const names[] = {"compiler.cbor", "manifest.cbor", "parameters.cbor",
                                    "plan.cbor",     "schema.txt",    "source.onnx",
                                    "weights.bin"};

static void two_compilations_give_the_same_files(void **state) {
    (void)state;
    char scratch[64], one[80], two[80];
    struct hats_error err = {0};
    setup_package(scratch, one);
    (void)snprintf(two, sizeof two, "%s/n", scratch);
    assert_int_equal(make(two, 10, false, &err), HATS_OK);
    for (size_t i = 0; i < HATS_COUNT_OF(names); i++) {
        struct hats_buffer a = file_bytes(one, names[i]), b = file_bytes(two, names[i]);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.data, b.data, a.len);
        hats_buffer_clear(&a);
        hats_buffer_clear(&b);
    }
    scratch_remove(scratch);
}

static void a_package_loads_and_tells_its_figures(void **state) {
    (void)state;
    char scratch[64], dir[80];
    struct hats_error err = {0};
    struct hats_model_figures f;
    struct hats_model *m = NULL;
    setup_package(scratch, dir);
    assert_int_equal(hats_model_inspect(&f, &m, dir, &err), HATS_OK);
    assert_string_equal(f.name, "credit");
    assert_int_equal(f.shape.d, 82);
    assert_int_equal(f.n_columns, 20);
    assert_int_equal(f.budget.log_t, 16);
    assert_false(f.published);
    assert_null(m->linear);
    hats_model_free(m);
    assert_int_equal(hats_model_load(&m, dir, true, &err), HATS_OK);
    assert_non_null(m->linear);
    hats_model_free(m);
    scratch_remove(scratch);
}

static void a_changed_byte_of_any_file_is_refused(void **state) {
    (void)state;
    char scratch[64], dir[80];
    setup_package(scratch, dir);
    for (size_t i = 0; i < HATS_COUNT_OF(names); i++) {
        struct hats_buffer b = file_bytes(dir, names[i]);
        size_t step = b.len / 40 + 1;
        char path[256];
        for (size_t at = 0; at < b.len; at += step) {
            struct hats_model *m = NULL;
            struct hats_error err = {0};
            b.data[at] ^= 1;
            scratch_write(path, dir, names[i], b.data, b.len);
            hats_status st = hats_model_load(&m, dir, false, &err);
            if (st == HATS_OK)
                fail_msg("%s, byte %zu", names[i], at);
            assert_null(m);
            if (i != 1)
                assert_non_null(strstr(err.text, names[i]));
            b.data[at] ^= 1;
        }
        /* shorter, longer, and gone */
        struct hats_model *m = NULL;
        scratch_write(path, dir, names[i], b.data, b.len - 1);
        assert_int_not_equal(hats_model_load(&m, dir, false, NULL), HATS_OK);
        hats_buffer_append(&b, "x", 1);
        scratch_write(path, dir, names[i], b.data, b.len);
        assert_int_not_equal(hats_model_load(&m, dir, false, NULL), HATS_OK);
        (void)unlink(path);
        assert_int_equal(hats_model_load(&m, dir, false, NULL), HATS_E_NOT_FOUND);
        scratch_write(path, dir, names[i], b.data, b.len - 1);
        assert_int_equal(hats_model_load(&m, dir, false, NULL), HATS_OK);
        hats_model_free(m);
        hats_buffer_clear(&b);
    }
    scratch_remove(scratch);
}

static void weights_and_sources_are_not_for_others_to_read(void **state) {
    (void)state;
    char scratch[64], dir[80], path[256];
    struct stat s;
    setup_package(scratch, dir);
    (void)snprintf(path, sizeof path, "%s/weights.bin", dir);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    (void)snprintf(path, sizeof path, "%s/plan.cbor", dir);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0644);
    scratch_remove(scratch);
}

static void another_model_is_replaced_only_when_told(void **state) {
    (void)state;
    char scratch[64], dir[80];
    struct hats_error err = {0};
    struct hats_model_figures before, after;
    setup_package(scratch, dir);
    assert_int_equal(hats_model_inspect(&before, NULL, dir, &err), HATS_OK);
    assert_int_equal(make(dir, 10, false, &err), HATS_OK); /* the same model: nothing to do */
    assert_int_equal(make(dir, 8, false, &err), HATS_E_CONFLICT);
    assert_non_null(strstr(err.text, "holds another model"));
    assert_int_equal(hats_model_inspect(&after, NULL, dir, &err), HATS_OK);
    assert_memory_equal(before.manifest_digest, after.manifest_digest, 32);
    assert_int_equal(make(dir, 8, true, &err), HATS_OK);
    assert_int_equal(hats_model_inspect(&after, NULL, dir, &err), HATS_OK);
    assert_memory_not_equal(before.manifest_digest, after.manifest_digest, 32);
    scratch_remove(scratch);
}

static void a_directory_with_other_files_is_left_alone(void **state) {
    (void)state;
    char scratch[64], path[256];
    struct hats_error err = {0};
    scratch_make(scratch);
    scratch_write(path, scratch, "letter.txt", "dear", 4);
    assert_int_equal(make(scratch, 10, true, &err), HATS_E_CONFLICT);
    assert_non_null(strstr(err.text, "files that are no model"));
    assert_true(hats_file_exists(path));
    scratch_remove(scratch);
}

static void a_place_that_cannot_be_written_leaves_nothing(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_int_equal(make("/proc/hats-model", 10, false, &err), HATS_E_IO);
}

static void a_publication_binds_salt_plan_and_weights(void **state) {
    (void)state;
    char scratch[64], dir[80], path[256];
    struct hats_error err = {0};
    struct hats_sign_key *key = NULL;
    struct hats_model *m = NULL;
    struct hats_trust trust;
    struct hats_trust_key publisher;
    struct hats_publication p;
    uint8_t commitment[32];
    setup_package(scratch, dir);
    assert_int_equal(hats_mldsa_generate(&key, HATS_MLDSA_65, &err), HATS_OK);
    if (hats_model_publish(dir, key, "Example Ltd", &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(hats_model_load(&m, dir, false, &err), HATS_OK);
    assert_true(m->published);
    hats_evidence_model_commit(commitment, m->salt, m->manifest_digest);
    assert_memory_equal(m->commitment, commitment, 32);

    hats_trust_init(&trust);
    hats_trust_key_of(&publisher, key, "Example Ltd", HATS_ROLE_MODEL, 0);
    assert_int_equal(hats_trust_add(&trust, &publisher, &err), HATS_OK);
    if (hats_publication_verify(&p, NULL, m->publication, m->publication_len, &trust,
                                UINT64_C(4102444800000), &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_string_equal(p.name, "credit");
    assert_memory_equal(p.plan_digest, m->plan_digest, 32);
    hats_trust_clear(&trust);
    hats_model_free(m);

    assert_int_equal(hats_model_publish(dir, key, "Example Ltd", &err), HATS_E_CONFLICT);
    struct hats_buffer salt = file_bytes(dir, "publication.salt");
    salt.data[0] ^= 1;
    scratch_write(path, dir, "publication.salt", salt.data, salt.len);
    assert_int_equal(hats_model_load(&m, dir, false, &err), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "its commitment differs"));
    hats_buffer_clear(&salt);
    assert_int_equal(make(dir, 8, true, &err), HATS_OK); /* replacing ends the publication */
    assert_int_equal(hats_model_load(&m, dir, false, &err), HATS_OK);
    assert_false(m->published);
    hats_model_free(m);
    hats_mldsa_free(key);
    scratch_remove(scratch);
}

static void weights_are_read_as_they_were_written(void **state) {
    (void)state;
    const int32_t w[6] = {0, 1, -1, INT32_MAX, INT32_MIN, 77};
    const int64_t bias[2] = {INT64_MIN, INT64_MAX};
    struct hats_buffer b;
    int32_t *w2;
    int64_t *bias2;
    uint32_t set, d, k;
    hats_buffer_init(&b, 4096);
    assert_int_equal(hats_weights_encode(&b, 1, 3, 2, w, bias, NULL), HATS_OK);
    assert_int_equal(b.len, 28 + 24 + 16);
    assert_memory_equal(b.data, "HATS-WEIGHTS-1\0\0\0\0\0\1\0\0\0\3\0\0\0\2", 28);
    assert_int_equal(hats_weights_decode(&w2, &bias2, &set, &d, &k, b.data, b.len, NULL), HATS_OK);
    assert_memory_equal(w2, w, sizeof w);
    assert_memory_equal(bias2, bias, sizeof bias);
    hats_free(w2);
    hats_free(bias2);
    for (size_t len = 0; len < b.len; len++)
        assert_int_not_equal(hats_weights_decode(&w2, &bias2, &set, &d, &k, b.data, len, NULL),
                             HATS_OK);
    b.data[23] = 0; /* d = 0 */
    assert_int_equal(hats_weights_decode(&w2, &bias2, &set, &d, &k, b.data, b.len, NULL),
                     HATS_E_RANGE);
    hats_buffer_clear(&b);
}

static void memory_may_fail_anywhere_while_loading(void **state) {
    (void)state;
    char scratch[64], dir[80];
    setup_package(scratch, dir);
    for (uint64_t n = 1;; n++) {
        struct hats_model *m = NULL;
        hats_alloc_fail_at(n);
        hats_status st = hats_model_load(&m, dir, false, NULL);
        bool reached = hats_alloc_count() >= n;
        hats_alloc_fail_at(0);
        hats_model_free(m);
        if (!reached) {
            assert_int_equal(st, HATS_OK);
            break;
        }
        assert_int_not_equal(st, HATS_OK);
    }
    scratch_remove(scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_compilations_give_the_same_files),
        cmocka_unit_test(a_package_loads_and_tells_its_figures),
        cmocka_unit_test(a_changed_byte_of_any_file_is_refused),
        cmocka_unit_test(weights_and_sources_are_not_for_others_to_read),
        cmocka_unit_test(another_model_is_replaced_only_when_told),
        cmocka_unit_test(a_directory_with_other_files_is_left_alone),
        cmocka_unit_test(a_place_that_cannot_be_written_leaves_nothing),
        cmocka_unit_test(a_publication_binds_salt_plan_and_weights),
        cmocka_unit_test(weights_are_read_as_they_were_written),
        cmocka_unit_test(memory_may_fail_anywhere_while_loading),
    };
    return cmocka_run_group_tests_name("package", tests, NULL, NULL);
}
