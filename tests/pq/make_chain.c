/* Writes root.pem, leaf.pem and leaf.key, for a program that is not ours to look at.
 *
 * usage: make_chain DIR
 */
#include "base/file.h"
#include "pq/cert.h"

#include <stdio.h>
#include <stdlib.h>

static void must(hats_status s, const struct hats_error *err) {
    if (s == HATS_OK)
        return;
    fprintf(stderr, "make_chain: %s\n", err->text);
    exit(1);
}

int main(int argc, char **argv) {
    static const char *const dns[] = {"model.example"};
    static const char *const ip[] = {"127.0.0.1", "::1"};
    const struct hats_cert_names names = {dns, 1, ip, 2};
    char root_path[HATS_PATH_MAX], leaf_path[HATS_PATH_MAX], key_path[HATS_PATH_MAX];
    struct hats_sign_key *root = NULL, *leaf = NULL;
    struct hats_error err = {.text = "the path is too long"};
    if (argc != 2) {
        fprintf(stderr, "usage: make_chain DIR\n");
        return 2;
    }
    must(hats_path_join(root_path, argv[1], "root.pem"), &err);
    must(hats_path_join(leaf_path, argv[1], "leaf.pem"), &err);
    must(hats_path_join(key_path, argv[1], "leaf.key"), &err);
    must(hats_mldsa_generate(&root, HATS_MLDSA_87, &err), &err);
    must(hats_mldsa_generate(&leaf, HATS_MLDSA_65, &err), &err);
    must(hats_cert_make_root(root_path, root, "hats test root", 3650, &err), &err);
    must(hats_cert_make_leaf(leaf_path, leaf, &names, 90, root_path, root, &err), &err);
    must(hats_mldsa_save(leaf, key_path, &err), &err);
    hats_mldsa_free(root);
    hats_mldsa_free(leaf);
    return 0;
}
