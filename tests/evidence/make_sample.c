/* Writes what a reader that is not ours can check: sample.receipt.cose, sample.opened.cose and
 * sample.closed.cose of a session, sample.publication.cose, sample.keys.cose, and the signer's raw public key
 * in sample.pub.
 *
 * usage: make_sample DIR
 */
#include "base/file.h"
#include "evidence/fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void must(hats_status s, const struct hats_error *err) {
    if (s == HATS_OK)
        return;
    fprintf(stderr, "make_sample: %s\n", err->text);
    exit(1);
}

static void save(const char *dir, const char *name, const void *data, size_t len_bytes) {
    char path[HATS_PATH_MAX];
    struct hats_error err = {.text = "the path is too long"};
    must(hats_path_join(path, dir, name), &err);
    must(hats_file_write(path, 0644, data, len_bytes, &err), &err);
}

static void save_session(const char *dir, const char *name, bool closes,
                         const struct hats_sign_key *key) {
    struct hats_buffer file;
    struct hats_receipt r;
    struct hats_error err;
    hats_buffer_init(&file, HATS_RECEIPT_MAX_BYTES);
    sample_session(&r, closes);
    must(hats_receipt_sign(&file, &r, key, "St. Elsewhere", &err), &err);
    save(dir, name, file.data, file.len);
    hats_buffer_clear(&file);
}

int main(int argc, char **argv) {
    struct hats_buffer receipt, publication, keys;
    struct hats_receipt r;
    struct hats_publication p;
    struct hats_trust trust;
    struct hats_error err;
    if (argc != 2) {
        fprintf(stderr, "usage: make_sample DIR\n");
        return 2;
    }
    struct hats_sign_key *key = sample_key(HATS_MLDSA_65, 1);
    hats_buffer_init(&receipt, HATS_RECEIPT_MAX_BYTES);
    hats_buffer_init(&publication, HATS_PUBLICATION_MAX_BYTES);
    hats_buffer_init(&keys, HATS_COSE_MAX_BYTES);
    hats_trust_init(&trust);
    sample_receipt(&r);
    sample_publication(&p);
    sample_trust(&trust, key, HATS_ROLE_RECEIPT | HATS_ROLE_MODEL);
    must(hats_receipt_sign(&receipt, &r, key, "St. Elsewhere", &err), &err);
    must(hats_publication_sign(&publication, &p, key, &err), &err);
    must(hats_trust_encode(&keys, &trust, &err), &err);
    must(hats_file_make_dirs(argv[1], 0755, &err), &err);
    save(argv[1], "sample.receipt.cose", receipt.data, receipt.len);
    save_session(argv[1], "sample.opened.cose", false, key);
    save_session(argv[1], "sample.closed.cose", true, key);
    save(argv[1], "sample.publication.cose", publication.data, publication.len);
    save(argv[1], "sample.keys.cose", keys.data, keys.len);
    save(argv[1], "sample.pub", hats_mldsa_public(key), HATS_MLDSA65_PUBLIC_LEN);
    hats_buffer_clear(&receipt);
    hats_buffer_clear(&publication);
    hats_buffer_clear(&keys);
    hats_trust_clear(&trust);
    hats_mldsa_free(key);
    return 0;
}
