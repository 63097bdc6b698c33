#include "provenance/sign.h"

#include "provenance/keys.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BATCH_FIELDS 65536 /* integers of a batch, so that it stays in the cache */
#define BATCH_RECORDS 1024
#define MAX_BATCHES 128

struct signer;

struct batch {
    struct signer *signer;
    uint64_t first; /* index of its first record */
    size_t n;
    int64_t *fields;
    uint8_t (*keys)[HATS_SOURCE_KEY_LEN];
    uint64_t *salts;
    uint8_t *leaves;
    void *scratch;
    bool busy; /* in the hands of another thread; under the signer's lock */
};

/* A file that has its name only when it is whole. */
struct part {
    char path[HATS_PATH_MAX + 32], temporary[HATS_PATH_MAX + 48];
    FILE *file;
    bool there; /* the temporary one */
};

struct signer {
    const struct hats_source_signing *in;
    const struct hats_source_schema *schema;
    struct hats_source_columns columns;
    struct hats_csv *csv;
    struct hats_key_set keys;
    struct hats_pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct batch batches[MAX_BATCHES];
    size_t n_batches, batch_records;
    struct part openings, tree_file;
    struct hats_tree_writer tree;
    uint8_t *record;
};

/* --- batches --- */

static void commit_batch(void *arg) {
    struct batch *b = arg;
    struct signer *s = b->signer;
    for (size_t i = 0; i < b->n; i += HATS_RECORD_MANY) {
        struct hats_record_commitment c[HATS_RECORD_MANY];
        size_t n = b->n - i < HATS_RECORD_MANY ? b->n - i : HATS_RECORD_MANY;
        hats_record_commit(c, b->fields + i * s->schema->n_fields, s->schema->n_fields,
                           b->salts + i * HATS_ENCRYPTION_SALT, n, b->scratch);
        for (size_t k = 0; k < n; k++)
            hats_record_leaf(b->leaves + (i + k) * HATS_SHA256_LEN, b->first + i + k, &c[k]);
    }
    pthread_mutex_lock(&s->lock);
    b->busy = false;
    pthread_cond_broadcast(&s->done);
    pthread_mutex_unlock(&s->lock);
}

static bool make_batch(struct batch *b, struct signer *s) {
    size_t n = s->batch_records, n_fields = s->schema->n_fields;
    b->signer = s;
    b->fields = hats_alloc_array(n * n_fields, sizeof *b->fields);
    b->keys = hats_alloc_array(n, sizeof *b->keys);
    b->salts = hats_alloc_array(n * HATS_ENCRYPTION_SALT, sizeof *b->salts);
    b->leaves = hats_alloc_array(n, HATS_SHA256_LEN);
    b->scratch = hats_alloc(hats_record_scratch_bytes(s->schema->n_fields));
    return b->fields != NULL && b->keys != NULL && b->salts != NULL && b->leaves != NULL &&
           b->scratch != NULL;
}

static void drop_batch(struct batch *b, const struct signer *s) {
    size_t n = s->batch_records;
    hats_free_wiped(b->fields, b->fields != NULL ? n * s->schema->n_fields * 8 : 0);
    hats_free_wiped(b->salts, b->salts != NULL ? n * HATS_RECORD_SALT_LEN : 0);
    hats_free(b->keys);
    hats_free(b->leaves);
    hats_free(b->scratch);
}

static void wait_for(struct batch *b) {
    struct signer *s = b->signer;
    pthread_mutex_lock(&s->lock);
    while (b->busy)
        pthread_cond_wait(&s->done, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

/* --- files --- */

static hats_status io_error(const char *path, struct hats_error *err) {
    return hats_fail(err, HATS_E_IO, "%s: cannot be written: %s", path, strerror(errno));
}

static hats_status begin_part(struct part *p, const char *prefix, const char *suffix, unsigned mode,
                              struct hats_error *err) {
    (void)snprintf(p->path, sizeof p->path, "%s%s", prefix, suffix);
    (void)snprintf(p->temporary, sizeof p->temporary, "%s.%ld", p->path, (long)getpid());
    int file = open(p->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (file < 0)
        return io_error(p->temporary, err);
    p->there = true;
    p->file = fdopen(file, "wb");
    if (p->file == NULL) {
        (void)close(file);
        return io_error(p->temporary, err);
    }
    return HATS_OK;
}

static void drop_part(struct part *p) {
    if (p->file != NULL)
        (void)fclose(p->file);
    if (p->there)
        (void)unlink(p->temporary);
    *p = (struct part){0};
}

static hats_status finish_part(struct part *p, struct hats_error *err) {
    bool good = fflush(p->file) == 0 && fsync(fileno(p->file)) == 0;
    good &= fclose(p->file) == 0;
    p->file = NULL;
    return good ? HATS_OK : io_error(p->path, err);
}

static hats_status name_part(struct part *p, struct hats_error *err) {
    if (rename(p->temporary, p->path) != 0)
        return io_error(p->path, err);
    p->there = false;
    return HATS_OK;
}

static hats_status write_heads(struct signer *s, struct hats_error *err) {
    uint8_t head[HATS_OPENINGS_HEAD_LEN] = "HATS-OPN-1",
            tree_head[HATS_TREE_HEAD_LEN] = "HATS-TREE-1";
    struct hats_buffer schema;
    hats_buffer_init(&schema, HATS_SOURCE_SCHEMA_MAX_BYTES);
    hats_status st = hats_source_schema_encode(&schema, s->schema, err);
    if (st == HATS_OK) {
        hats_store_be32(head + 16, s->schema->n_fields);
        hats_store_be32(head + 20, (uint32_t)schema.len);
        hats_store_be64(head + 24, s->tree.n_leaves);
        hats_store_be64(tree_head + 16, s->tree.n_leaves);
        if (fwrite(head, sizeof head, 1, s->openings.file) != 1 ||
            fwrite(schema.data, schema.len, 1, s->openings.file) != 1 ||
            fwrite(tree_head, sizeof tree_head, 1, s->tree_file.file) != 1)
            st = io_error(s->openings.path, err);
    }
    hats_buffer_clear(&schema);
    return st;
}

/* In order, and the batch is free again. */
static hats_status write_batch(struct signer *s, struct batch *b, struct hats_error *err) {
    uint8_t digests[(HATS_TREE_MAX_DEPTH + 1) * HATS_SHA256_LEN];
    size_t n_fields = s->schema->n_fields;
    wait_for(b);
    for (size_t i = 0; i < b->n; i++) {
        struct hats_writer w =
            hats_writer_of(s->record, HATS_SOURCE_KEY_LEN + HATS_RECORD_SALT_LEN + 8 * n_fields);
        hats_write_bytes(&w, b->keys[i], HATS_SOURCE_KEY_LEN);
        for (size_t k = 0; k < HATS_ENCRYPTION_SALT; k++)
            hats_write_be64(&w, b->salts[i * HATS_ENCRYPTION_SALT + k]);
        for (size_t f = 0; f < n_fields; f++)
            hats_write_be64(&w, (uint64_t)b->fields[i * n_fields + f]);
        size_t n = hats_tree_append(digests, &s->tree, b->leaves + i * HATS_SHA256_LEN);
        if (fwrite(s->record, hats_writer_len(&w), 1, s->openings.file) != 1)
            return io_error(s->openings.path, err);
        if (fwrite(digests, HATS_SHA256_LEN, n, s->tree_file.file) != n)
            return io_error(s->tree_file.path, err);
    }
    b->n = 0;
    if (s->in->progress != NULL)
        s->in->progress(s->in->progress_ctx, s->tree.n_leaves);
    return HATS_OK;
}

/* --- reading --- */

static hats_status read_row(struct signer *s, struct batch *b, const struct hats_csv_row *row,
                            struct hats_error *err) {
    uint8_t *key = b->keys[b->n];
    hats_status st =
        hats_source_read(b->fields + b->n * s->schema->n_fields, key, &s->columns, row, err);
    if (st == HATS_OK && s->schema->key != NULL)
        st = hats_key_set_add(&s->keys, key);
    if (st == HATS_E_CONFLICT && s->schema->key != NULL)
        return hats_fail(err, st, "%s: row %llu, column %u (%.60s): this key stood there before",
                         s->in->csv_path, (unsigned long long)row->number,
                         (unsigned)s->columns.key + 1, s->schema->key);
    if (st == HATS_E_MEMORY)
        return hats_fail(err, st, "no memory to keep the keys of %llu records apart",
                         (unsigned long long)s->keys.n_keys);
    if (st != HATS_OK)
        return hats_fail_in(err, st, "%s", s->in->csv_path);
    b->n++;
    return HATS_OK;
}

static hats_status fill_batch(struct signer *s, struct batch *b, bool *more,
                              struct hats_error *err) {
    hats_status st = HATS_OK;
    while (st == HATS_OK && *more && b->n < s->batch_records) {
        struct hats_csv_row row;
        st = hats_csv_next(s->csv, &row, more, err);
        if (st == HATS_OK && *more)
            st = read_row(s, b, &row, err);
    }
    return st == HATS_OK ? hats_record_salts(b->salts, b->n, err) : st;
}

static hats_status sign_rows(struct signer *s, struct hats_error *err) {
    bool more = true;
    uint64_t n_read = 0;
    size_t turn = 0;
    hats_status st = HATS_OK;
    for (; st == HATS_OK && more; turn++) {
        struct batch *b = &s->batches[turn % s->n_batches];
        st = write_batch(s, b, err);
        if (st == HATS_OK)
            st = fill_batch(s, b, &more, err);
        if (st != HATS_OK || b->n == 0)
            break;
        b->first = n_read;
        n_read += b->n;
        b->busy = true;
        st = hats_pool_try_submit(s->pool, commit_batch, b);
        if (st != HATS_OK) {
            b->busy = false;
            return hats_fail(err, st, "the queue of commitments is full");
        }
    }
    for (size_t i = 0; st == HATS_OK && i < s->n_batches; i++)
        st = write_batch(s, &s->batches[(turn + i) % s->n_batches], err);
    return st;
}

static hats_status begin(struct signer *s, struct hats_error *err) {
    struct hats_csv_row header;
    bool more;
    hats_status st = hats_csv_open(&s->csv, s->in->csv_path, err);
    if (st == HATS_OK)
        st = hats_csv_next(s->csv, &header, &more, err);
    if (st == HATS_OK) {
        st = hats_source_columns_bind(&s->columns, s->schema, &header, err);
        if (st != HATS_OK)
            st = hats_fail_in(err, st, "%s", s->in->csv_path);
    }
    if (st == HATS_OK)
        st = begin_part(&s->openings, s->in->out_prefix, ".openings", 0600, err);
    if (st == HATS_OK)
        st = begin_part(&s->tree_file, s->in->out_prefix, ".tree", 0644, err);
    return st == HATS_OK ? write_heads(s, err) : st;
}

static hats_status make_batches(struct signer *s, struct hats_error *err) {
    s->batch_records = BATCH_FIELDS / s->schema->n_fields;
    if (s->batch_records > BATCH_RECORDS)
        s->batch_records = BATCH_RECORDS;
    s->n_batches = 2 * (size_t)s->in->n_threads;
    s->record =
        hats_alloc(HATS_SOURCE_KEY_LEN + HATS_RECORD_SALT_LEN + (size_t)8 * s->schema->n_fields);
    bool good = s->record != NULL;
    for (size_t i = 0; good && i < s->n_batches; i++)
        good = make_batch(&s->batches[i], s);
    if (good)
        s->pool = hats_pool_new(s->in->n_threads, (unsigned)s->n_batches);
    return s->pool != NULL ? HATS_OK : hats_fail(err, HATS_E_MEMORY, "no memory to sign a table");
}

/* The step that made this table, signed: the root names it, so it is written first. */
static hats_status sign_step(struct hats_source_root *root, struct signer *s,
                             struct hats_error *err) {
    char path[HATS_PATH_MAX + 32];
    struct hats_step step = *s->in->step;
    struct hats_buffer file;
    memcpy(step.out, root->root, 32);
    step.done_ms = s->in->now_ms;
    hats_buffer_init(&file, HATS_SIGNED_MAX_BYTES);
    hats_status st =
        hats_step_sign(&file, &step, s->in->key, s->in->issuer != NULL ? s->in->issuer : "", err);
    (void)snprintf(path, sizeof path, "%s.step.cose", s->in->out_prefix);
    if (st == HATS_OK)
        st = hats_file_write(path, 0644, file.data, file.len, err);
    if (st == HATS_OK)
        hats_sha256(root->lineage, file.data, file.len);
    hats_buffer_clear(&file);
    return st;
}

static hats_status finish_parts(struct signer *s, struct hats_error *err) {
    rewind(s->openings.file);
    rewind(s->tree_file.file);
    hats_status st = write_heads(s, err); /* the count is known now */
    if (st == HATS_OK)
        st = finish_part(&s->openings, err);
    if (st == HATS_OK)
        st = finish_part(&s->tree_file, err);
    if (st == HATS_OK)
        st = name_part(&s->openings, err);
    return st == HATS_OK ? name_part(&s->tree_file, err) : st;
}

static hats_status finish(struct hats_source_root *root, struct signer *s, struct hats_error *err) {
    char path[HATS_PATH_MAX + 32];
    struct hats_buffer file;
    if (s->tree.n_leaves == 0)
        return hats_fail(err, HATS_E_MALFORMED, "%s: no records below the header", s->in->csv_path);
    *root = (struct hats_source_root){
        .n_records = s->tree.n_leaves,
        .signed_ms = s->in->now_ms,
        .until_ms = s->in->until_ms,
        .has_lineage = s->in->step != NULL,
    };
    (void)snprintf(root->dataset, sizeof root->dataset, "%s", s->in->dataset);
    memcpy(root->schema_digest, s->schema->digest, 32);
    hats_tree_root(root->root, &s->tree);
    hats_buffer_init(&file, HATS_SIGNED_MAX_BYTES);
    hats_status st = s->in->step != NULL ? sign_step(root, s, err) : HATS_OK;
    if (st == HATS_OK)
        st = hats_source_root_sign(&file, root, s->in->key, err);
    if (st == HATS_OK)
        st = finish_parts(s, err);
    (void)snprintf(path, sizeof path, "%s.root.cose", s->in->out_prefix);
    if (st == HATS_OK)
        st = hats_file_write(path, 0644, file.data, file.len, err);
    hats_buffer_clear(&file);
    return st;
}

static void clear(struct signer *s) {
    hats_pool_free(s->pool); /* waits for what runs */
    for (size_t i = 0; i < s->n_batches; i++)
        drop_batch(&s->batches[i], s);
    drop_part(&s->openings);
    drop_part(&s->tree_file);
    hats_source_columns_clear(&s->columns);
    hats_csv_free(s->csv);
    hats_key_set_clear(&s->keys);
    hats_free_wiped(s->record, s->record != NULL ? (size_t)8 * s->schema->n_fields : 0);
    pthread_cond_destroy(&s->done);
    pthread_mutex_destroy(&s->lock);
    hats_free(s);
}

hats_status hats_source_sign(struct hats_source_root *out, const struct hats_source_signing *in,
                             struct hats_error *err) {
    struct hats_source_root root;
    if (strlen(in->out_prefix) >= HATS_PATH_MAX || in->n_threads < 1 || in->n_threads > 64)
        return hats_fail(err, HATS_E_USAGE, "a shorter path, and 1 to 64 threads are wanted");
    if (strlen(in->dataset) == 0 || strlen(in->dataset) >= HATS_DATASET_MAX ||
        !hats_text_is_plain(in->dataset) || in->until_ms < in->now_ms)
        return hats_fail(err, HATS_E_USAGE,
                         "a dataset has a name of plain text, and ends after it begins");
    struct signer *s = hats_alloc(sizeof *s);
    if (s == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to sign a table");
    s->in = in;
    s->schema = in->schema;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->done, NULL);
    hats_status st = make_batches(s, err);
    if (st == HATS_OK)
        st = begin(s, err);
    if (st == HATS_OK)
        st = sign_rows(s, err);
    if (st == HATS_OK)
        st = finish(&root, s, err);
    clear(s);
    if (st == HATS_OK && out != NULL)
        *out = root;
    return st;
}
