/* Makes a log with the library, for check_log.py to read: 300 receipts in a store, the first a real one, signed at 70
 * and at 300, witnessed at 300.
 *
 * usage: dump_log DIR     writes log/, older.note, witnessed.note, logged.receipt.cose, keys.cose; prints proofs:
 *                         "inclusion SIZE INDEX HEX...", "consistency OLD SIZE HEX..."
 */
#include "base/file.h"
#include "base/text.h"
#include "evidence/fixture.h"
#include "log/follow.h"
#include "log/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "log.example/hats"
#define WITNESS "witness.example/w1"
enum { OLDER = 70, SIZE = 300 };

static const char *dir;
static struct hats_error err;

static void must(hats_status s) {
    if (s == HATS_OK)
        return;
    fprintf(stderr, "dump_log: %s\n", err.text);
    exit(1);
}

static char *path_of(const char *name) {
    static char path[HATS_PATH_MAX];
    must(hats_path_join(path, dir, name));
    return path;
}

static void save(const char *name, const struct hats_buffer *b) {
    must(hats_file_write(path_of(name), 0644, b->data, b->len, &err));
}

/* Receipt i is a session's; 0 holds a real one. */
static void seal(struct hats_store *store, int64_t tenant, uint32_t i,
                 const struct hats_buffer *receipt) {
    enum hats_store_opened how;
    struct hats_store_open o = {
        .session = {.tenant = tenant, .kind = 0x41, .calls = 1, .opened_ms = 1, .not_after_ms = 9},
        .receipt = receipt->data,
        .receipt_len = receipt->len};
    memcpy(o.session.sid, &i, sizeof i);
    memcpy(o.nonce.bytes, &i, sizeof i);
    if (i == 0)
        hats_sha256(o.session.receipt_id, receipt->data, receipt->len);
    else
        hats_sha256(o.session.receipt_id, &i, sizeof i);
    must(hats_store_session_open(store, &how, &o, &err));
}

static void print_path(const struct hats_tlog_path *path) {
    for (size_t i = 0; i < path->n; i++) {
        char hex[65];
        hats_hex_encode(hex, path->digests[i], 32);
        printf(" %s", hex);
    }
    printf("\n");
}

static void print_proofs(const struct hats_log_files *files, uint64_t size) {
    struct hats_log_tree *tree;
    struct hats_tlog_path path;
    must(hats_log_tree_new(&tree, size, files, &err));
    struct hats_tlog_source source = hats_log_tree_source(tree);
    for (uint64_t m = 0; m < size; m += 1 + size / 9) {
        must(hats_tlog_prove_inclusion(&path, size, m, &source, &err));
        printf("inclusion %llu %llu", (unsigned long long)size, (unsigned long long)m);
        print_path(&path);
        must(hats_tlog_prove_consistency(&path, m, size, &source, &err));
        printf("consistency %llu %llu", (unsigned long long)m, (unsigned long long)size);
        print_path(&path);
    }
    hats_log_tree_free(tree);
}

static void trust_key(struct hats_trust *t, const struct hats_sign_key *key, const char *name,
                      unsigned role) {
    struct hats_trust_key entry;
    hats_trust_key_of(&entry, key, name, role, 1);
    must(hats_trust_add(t, &entry, &err));
}

static void witness(struct hats_log_writer *writer, const struct hats_log_files *files,
                    const struct hats_trust *trust, const struct hats_sign_key *key) {
    struct hats_log_followed followed;
    struct hats_buffer note;
    char memory[HATS_PATH_MAX];
    memcpy(memory, path_of("witness.state"), sizeof memory);
    hats_buffer_init(&note, HATS_CHECKPOINT_MAX_BYTES);
    must(hats_log_witness(&followed, &note, memory, files, trust, key, WITNESS, SAMPLE_NOW_MS,
                          &err));
    save("witnessed.note", &note);
    save("log/witness/w1.note", &note);
    must(hats_log_writer_update(writer, SAMPLE_NOW_MS / 1000, &err));
    hats_buffer_clear(&note);
}

static void save_logged(struct hats_log_writer *writer, const struct hats_buffer *receipt) {
    struct hats_logged logged;
    struct hats_buffer file;
    uint8_t entry[32];
    hats_buffer_init(&file, HATS_RECEIPT_MAX_BYTES);
    hats_sha256(entry, receipt->data, receipt->len);
    must(hats_log_writer_evidence(writer, &logged, entry, &err));
    must(hats_logged_attach(&file, receipt->data, receipt->len, &logged, &err));
    save("logged.receipt.cose", &file);
    hats_buffer_clear(&file);
}

int main(int argc, char **argv) {
    struct hats_receipt r;
    struct hats_trust trust;
    struct hats_buffer receipt, file;
    struct hats_store *store;
    struct hats_log_writer *writer;
    struct hats_store_config config;
    struct hats_store_tenant tenant = {.name = "t", .created_ms = 1};
    char store_path[HATS_PATH_MAX], log_dir[HATS_PATH_MAX];
    if (argc != 2)
        return 2;
    dir = argv[1];
    struct hats_sign_key *signer = sample_key(HATS_MLDSA_65, 1),
                         *log_key = sample_key(HATS_MLDSA_44, 2),
                         *witness_key = sample_key(HATS_MLDSA_44, 3);
    hats_buffer_init(&receipt, HATS_RECEIPT_MAX_BYTES);
    hats_buffer_init(&file, HATS_COSE_MAX_BYTES);
    hats_trust_init(&trust);
    sample_trust(&trust, signer, HATS_ROLE_RECEIPT);
    trust_key(&trust, log_key, ORIGIN, HATS_ROLE_LOG);
    trust_key(&trust, witness_key, WITNESS, HATS_ROLE_WITNESS);
    must(hats_trust_encode(&file, &trust, &err));
    save("keys.cose", &file);
    sample_receipt(&r);
    must(hats_receipt_sign(&receipt, &r, signer, "St. Elsewhere", &err));

    memcpy(store_path, path_of("store.db"), sizeof store_path);
    memcpy(log_dir, path_of("log"), sizeof log_dir);
    hats_store_config_init(&config);
    config.path = store_path;
    must(hats_store_open(&store, &config, &err));
    must(hats_store_tenant_add(store, &tenant, &err));
    struct hats_log_files files = hats_log_folder(log_dir);
    struct hats_log_writer_config log = {
        .dir = log_dir, .origin = ORIGIN, .key = log_key, .trust = &trust, .store = store};
    for (uint32_t i = 0; i < OLDER; i++)
        seal(store, tenant.id, i, &receipt);
    must(hats_log_writer_open(&writer, &log, SAMPLE_NOW_MS / 1000 - 9, &err));
    hats_buffer_clear(&file);
    must(hats_file_read(&file, path_of("log/checkpoint"), &err));
    save("older.note", &file);
    for (uint32_t i = OLDER; i < SIZE; i++)
        seal(store, tenant.id, i, &receipt);
    must(hats_log_writer_update(writer, SAMPLE_NOW_MS / 1000 - 3, &err));
    print_proofs(&files, OLDER);
    print_proofs(&files, SIZE);
    witness(writer, &files, &trust, witness_key);
    save_logged(writer, &receipt);
    hats_log_writer_close(writer);
    hats_store_close(store);
    hats_trust_clear(&trust);
    hats_buffer_clear(&receipt);
    hats_buffer_clear(&file);
    hats_mldsa_free(signer);
    hats_mldsa_free(log_key);
    hats_mldsa_free(witness_key);
    return 0;
}
