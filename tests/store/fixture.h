/* A store in a folder of its own, and rows made from small numbers. */
#ifndef HATS_TESTS_STORE_FIXTURE_H
#define HATS_TESTS_STORE_FIXTURE_H

#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char dir[64];
    char path[96];
    struct hats_store *store;
};

static inline void fixture_make(struct fixture *f) {
    snprintf(f->dir, sizeof f->dir, "%s", "/tmp/hats-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/store.db", f->dir);
    f->store = NULL;
}

static inline hats_status fixture_open(struct fixture *f, struct hats_error *err) {
    struct hats_store_config config;
    hats_store_config_init(&config);
    config.path = f->path;
    config.busy_timeout_ms = 200;
    return hats_store_open(&f->store, &config, err);
}

static inline void fixture_reopen(struct fixture *f) {
    struct hats_error err = {0};
    hats_store_close(f->store);
    f->store = NULL;
    if (fixture_open(f, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static inline void fixture_remove(struct fixture *f) {
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm"};
    char path[128];
    hats_store_close(f->store);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(f->dir), 0);
}

/* 32 bytes that are different for different (what, n). */
static inline void fill(uint8_t out[32], char what, uint32_t n) {
    memset(out, what, 32);
    memcpy(out + 8, &n, sizeof n);
}

/* Session n of a tenant: sid ('S', n), nonce ('N', n), open from 500 on. */
static inline struct hats_store_open open_of(int64_t tenant, uint32_t n) {
    struct hats_store_open o = {.session = {.tenant = tenant,
                                            .kind = 0x41,
                                            .calls = 1u << 24,
                                            .opened_ms = 500,
                                            .not_after_ms = 1000000},
                                .receipt = (const uint8_t *)"opened",
                                .receipt_len = 6};
    memset(o.session.block, 0x41, sizeof o.session.block);
    fill(o.session.sid, 'S', n);
    fill(o.session.owner, 'O', n);
    fill(o.session.receipt_id, 'P', n);
    fill(o.nonce.bytes, 'N', n);
    o.nonce.keep_until_ms = 2000;
    return o;
}

/* A tenant and its session, whose number is the tenant's id. */
static inline int64_t add_tenant(struct hats_store *s, const char *name, uint32_t n) {
    struct hats_store_tenant t = {.created_ms = 1000 + n};
    snprintf(t.name, sizeof t.name, "%s", name);
    fill(t.token_hash, 'T', n);
    memset(t.salt, (int)n, sizeof t.salt);
    assert_int_equal(hats_store_tenant_add(s, &t, NULL), HATS_OK);
    struct hats_store_open o = open_of(t.id, (uint32_t)t.id);
    enum hats_store_opened how;
    assert_int_equal(hats_store_session_open(s, &how, &o, NULL), HATS_OK);
    assert_int_equal(how, HATS_STORE_OPENED);
    return t.id;
}

static inline void add_key(struct hats_store *s, int64_t tenant, uint32_t n) {
    static uint8_t bytes[100];
    struct hats_store_key k = {.tenant = tenant, .set_id = 1, .registered_ms = 2000 + n};
    enum hats_store_put how;
    fill(k.kid, 'K', n);
    fill(k.owner, 'O', n);
    assert_int_equal(hats_store_key_put(s, &how, NULL, &k, bytes, sizeof bytes, NULL, NULL),
                     HATS_OK);
}

static inline struct hats_store_accept accept_of(int64_t tenant, uint32_t key, uint32_t i,
                                                 uint64_t now_ms) {
    struct hats_store_accept a = {
        .id = {.tenant = tenant, .i = i}, .now_ms = now_ms, .lease_ms = 50};
    fill(a.id.sid, 'S', (uint32_t)tenant);
    snprintf(a.model, sizeof a.model, "%s", "score");
    fill(a.request_digest, 'R', i);
    fill(a.kid, 'K', key);
    fill(a.flood_seed, 'F', i);
    return a;
}

static inline struct hats_store_seal seal_of(const struct hats_store_accept *a, const char *output,
                                             uint64_t now_ms) {
    struct hats_store_seal seal = {.id = a->id,
                                   .output = (const uint8_t *)output,
                                   .output_len = strlen(output),
                                   .receipt = (const uint8_t *)"receipt",
                                   .receipt_len = 7,
                                   .now_ms = now_ms};
    memcpy(seal.request_digest, a->request_digest, 32);
    fill(seal.receipt_id, 'I', a->id.i);
    return seal;
}

#endif
