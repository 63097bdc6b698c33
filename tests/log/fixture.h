/* A store with receipts, a folder for its log, and the keys of log and witness. */
#ifndef HATS_TESTS_LOG_FIXTURE_H
#define HATS_TESTS_LOG_FIXTURE_H

#include "base/file.h"
#include "log/follow.h"
#include "log/writer.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ORIGIN "log.example/hats"
#define WITNESS "witness.example/w1"
#define NOW_S 1790000000ull
#define NOW_MS (NOW_S * 1000)

struct world {
    char dir[64], store_path[96], log_dir[96], memory[96];
    struct hats_store *store;
    struct hats_log_writer *writer;
    struct hats_sign_key *log_key, *witness_key;
    struct hats_trust trust;
    int64_t tenant;
    uint32_t n_sessions;
};

static inline struct hats_sign_key *key_of_seed(uint8_t first) {
    uint8_t seed[HATS_MLDSA_SEED_LEN] = {first};
    struct hats_sign_key *key;
    assert_int_equal(hats_mldsa_from_seed(&key, HATS_MLDSA_44, seed, NULL), HATS_OK);
    return key;
}

static inline void world_trust(struct hats_trust *t, const struct hats_sign_key *key,
                               const char *name, unsigned role) {
    struct hats_trust_key entry;
    hats_trust_key_of(&entry, key, name, role, 1);
    assert_int_equal(hats_trust_add(t, &entry, NULL), HATS_OK);
}

static inline void world_open_store(struct world *w) {
    struct hats_store_config config;
    hats_store_config_init(&config);
    config.path = w->store_path;
    assert_int_equal(hats_store_open(&w->store, &config, NULL), HATS_OK);
}

static inline hats_status world_open_log(struct world *w, struct hats_error *err) {
    struct hats_log_writer_config config = {.dir = w->log_dir,
                                            .origin = ORIGIN,
                                            .key = w->log_key,
                                            .trust = &w->trust,
                                            .store = w->store};
    return hats_log_writer_open(&w->writer, &config, NOW_S, err);
}

static inline void world_make(struct world *w) {
    struct hats_store_tenant t = {.name = "alpha", .created_ms = 1};
    memset(w, 0, sizeof *w);
    snprintf(w->dir, sizeof w->dir, "/tmp/hats-log-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->store_path, sizeof w->store_path, "%s/store.db", w->dir);
    snprintf(w->log_dir, sizeof w->log_dir, "%s/log", w->dir);
    snprintf(w->memory, sizeof w->memory, "%s/remembered", w->dir);
    w->log_key = key_of_seed(1);
    w->witness_key = key_of_seed(2);
    hats_trust_init(&w->trust);
    world_trust(&w->trust, w->log_key, ORIGIN, HATS_ROLE_LOG);
    world_trust(&w->trust, w->witness_key, WITNESS, HATS_ROLE_WITNESS);
    world_open_store(w);
    assert_int_equal(hats_store_tenant_add(w->store, &t, NULL), HATS_OK);
    w->tenant = t.id;
}

static inline void world_remove(struct world *w) {
    char command[128];
    hats_log_writer_close(w->writer);
    hats_store_close(w->store);
    hats_trust_clear(&w->trust);
    hats_mldsa_free(w->log_key);
    hats_mldsa_free(w->witness_key);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
}

static inline void entry_of(uint8_t out[32], uint32_t n) {
    memset(out, 'P', 32);
    memcpy(out + 8, &n, sizeof n);
}

/* One more receipt: that of a session's opening. */
static inline void world_seal(struct world *w, unsigned n) {
    for (; n != 0; n--) {
        uint32_t i = w->n_sessions++;
        enum hats_store_opened how;
        struct hats_store_open o = {.session = {.tenant = w->tenant,
                                                .kind = 0x41,
                                                .calls = 1,
                                                .opened_ms = 500,
                                                .not_after_ms = 1000000},
                                    .receipt = (const uint8_t *)"opened",
                                    .receipt_len = 6};
        memcpy(o.session.sid, &i, sizeof i);
        memcpy(o.nonce.bytes, &i, sizeof i);
        o.nonce.keep_until_ms = 2000;
        entry_of(o.session.receipt_id, i);
        assert_int_equal(hats_store_session_open(w->store, &how, &o, NULL), HATS_OK);
        assert_int_equal(how, HATS_STORE_OPENED);
    }
}

static inline void world_update(struct world *w) {
    struct hats_error err = {0};
    if (hats_log_writer_update(w->writer, NOW_S, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

#endif
