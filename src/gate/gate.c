#include "gate/internal.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/pool.h"
#include "base/random.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPIRE_AT_ONCE 256 /* outputs dropped in one transaction */

void hats_gate_config_init(struct hats_gate_config *config) {
    *config = (struct hats_gate_config){
        .clock_skew_ms = 600000,
        .lease_ms = 10000,
        .retention_ms = 86400000,
        .memory_budget_bytes = 512u << 20,
        .key_cache_bytes = 64u << 20,
        .max_calls = 256,
        .burst = 100,
        .session_calls = HATS_SESSION_CALLS_MAX,
        .session_life_s = HATS_SESSION_LIFE_MAX_S,
    };
}

static hats_status copy_strings(struct hats_gate *g, const struct hats_gate_config *config,
                                struct hats_error *err) {
    g->config.issuer = g->issuer = hats_strdup(config->issuer);
    g->origins = hats_alloc_array(config->n_origins + 1, sizeof g->origins[0]);
    if (g->issuer == NULL || g->origins == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the gate");
    for (size_t i = 0; i < config->n_origins; i++) {
        g->origins[i] = hats_strdup(config->origins[i]);
        if (g->origins[i] == NULL)
            return hats_fail(err, HATS_E_MEMORY, "no memory for the gate");
    }
    g->config.origins = (const char *const *)g->origins;
    return HATS_OK;
}

/* The one all servers of the store share. */
static hats_status read_secret(struct hats_gate *g, struct hats_error *err) {
    uint8_t fresh[32];
    hats_status s = hats_random(fresh, sizeof fresh);
    if (s != HATS_OK)
        return hats_fail(err, s, "the operating system gave no randomness for a secret");
    s = hats_store_secret(g->config.store, g->secret, fresh, err);
    hats_wipe(fresh, sizeof fresh);
    return s;
}

hats_status hats_gate_new(struct hats_gate **out, const struct hats_gate_config *config,
                          struct hats_error *err) {
    assert(config->store != NULL && config->signer != NULL && config->issuer != NULL);
    assert(config->session_calls >= 1 && config->session_calls <= HATS_SESSION_CALLS_MAX);
    assert(config->session_life_s >= 1 && config->session_life_s <= HATS_SESSION_LIFE_MAX_S);
    *out = NULL;
    if (hats_mldsa_level_of(config->signer) != HATS_MLDSA_65)
        return hats_fail(err, HATS_E_USAGE, "receipts are signed with ML-DSA-65, this key is %s",
                         hats_mldsa_name(hats_mldsa_level_of(config->signer)));
    struct hats_gate *g = hats_alloc(sizeof *g);
    if (g == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for the gate");
    g->config = *config;
    if (g->config.max_evaluations == 0)
        g->config.max_evaluations = hats_pool_cpu_count();
    pthread_mutex_init(&g->tenant_lock, NULL);
    pthread_mutex_init(&g->model_lock, NULL);
    pthread_mutex_init(&g->room_lock, NULL);
    sem_init(&g->evaluations, 0, g->config.max_evaluations);
    hats_gate_cache_init(&g->keys, config->key_cache_bytes);
    hats_status s = copy_strings(g, config, err);
    if (s == HATS_OK)
        s = read_secret(g, err);
    if (s == HATS_OK && config->proofs == NULL) {
        s = hats_gate_verifier_new(&g->verifier, g->config.max_evaluations, err);
        if (s == HATS_OK)
            g->config.proofs = hats_gate_verifier_rules(g->verifier);
    }
    if (s == HATS_OK)
        *out = g;
    else
        hats_gate_free(g);
    return s;
}

const struct hats_gate_proof_rules *hats_gate_rules(const struct hats_gate *g) {
    return g->config.proofs;
}

void hats_gate_free(struct hats_gate *g) {
    if (g == NULL)
        return;
    assert(g->calls_open == 0);
    for (size_t i = 0; i < g->n_models; i++)
        hats_gate_model_drop(g->models[i]);
    hats_free(g->models);
    hats_free_wiped(g->tenants, g->n_tenants * sizeof g->tenants[0]);
    hats_gate_cache_clear(&g->keys);
    hats_gate_verifier_free(g->verifier);
    for (size_t i = 0; g->origins != NULL && g->origins[i] != NULL; i++)
        hats_free(g->origins[i]);
    hats_free(g->origins);
    hats_free(g->issuer);
    sem_destroy(&g->evaluations);
    pthread_mutex_destroy(&g->room_lock);
    pthread_mutex_destroy(&g->model_lock);
    pthread_mutex_destroy(&g->tenant_lock);
    hats_free_wiped(g, sizeof *g);
}

uint64_t hats_gate_call_budget(const struct hats_gate *g) {
    return g->config.memory_budget_bytes - atomic_load(&g->verify_bytes);
}

uint64_t hats_gate_now(const struct hats_gate *g) {
    return g->config.now_ms != NULL ? g->config.now_ms(g->config.now_user) : hats_now_ms();
}

/* ---- refusing ---- */

enum hats_problem hats_gate_counted(struct hats_gate *g, enum hats_problem p) {
    if (p != HATS_PROBLEM_NONE)
        atomic_fetch_add(&g->problems[p], 1);
    return p;
}

void hats_gate_count(struct hats_gate *g, enum hats_problem p) { (void)hats_gate_counted(g, p); }

enum hats_problem hats_gate_storage(struct hats_error *detail, hats_status s,
                                    const struct hats_error *why) {
    enum hats_problem p = s == HATS_E_BUSY     ? HATS_PROBLEM_BUSY
                          : s == HATS_E_MEMORY ? HATS_PROBLEM_INTERNAL
                                               : HATS_PROBLEM_STORAGE;
    return hats_gate_refuse(detail, p, "%s.", why->text);
}

unsigned hats_gate_retry_after_s(const struct hats_gate *g, enum hats_problem p) {
    switch (p) {
    case HATS_PROBLEM_QUOTA:
        return g->config.requests_per_s > 0 ? 1 + 1 / g->config.requests_per_s : 1;
    case HATS_PROBLEM_BUSY:
    case HATS_PROBLEM_CALL_PENDING: return 1;
    case HATS_PROBLEM_DRAINING:
    case HATS_PROBLEM_STORAGE: return 5;
    default: return 0;
    }
}

/* ---- operation ---- */

void hats_gate_drain(struct hats_gate *g) { atomic_store(&g->draining, true); }

bool hats_gate_draining(const struct hats_gate *g) { return atomic_load(&g->draining); }

bool hats_gate_ready(struct hats_gate *g) {
    pthread_mutex_lock(&g->model_lock);
    bool serves = g->n_models != 0;
    pthread_mutex_unlock(&g->model_lock);
    return serves && !hats_gate_draining(g) && hats_store_healthy(g->config.store);
}

hats_status hats_gate_housekeeping(struct hats_gate *g, size_t *dropped, struct hats_error *err) {
    uint64_t now = hats_gate_now(g);
    uint64_t before = now > g->config.retention_ms ? now - g->config.retention_ms : 0;
    size_t n;
    hats_status s;
    *dropped = 0;
    do { /* a busy service makes more than one transaction's worth between two calls of this */
        s = hats_store_expire_outputs(g->config.store, &n, before, EXPIRE_AT_ONCE, err);
        *dropped += n;
    } while (s == HATS_OK && n == EXPIRE_AT_ONCE);
    do
        s = s == HATS_OK ? hats_store_expire_nonces(g->config.store, &n, now, EXPIRE_AT_ONCE, err)
                         : s;
    while (s == HATS_OK && n == EXPIRE_AT_ONCE);
    return s;
}

void hats_gate_counters(struct hats_gate *g, struct hats_gate_counters *out) {
    for (int p = 0; p < HATS_PROBLEM_COUNT; p++)
        out->problems[p] = atomic_load(&g->problems[p]);
    out->calls_admitted = atomic_load(&g->admitted);
    out->calls_accepted = atomic_load(&g->accepted);
    out->evaluations = atomic_load(&g->evaluated);
    out->evaluation_ns = atomic_load(&g->evaluation_ns);
    out->calls_sealed = atomic_load(&g->sealed);
    out->answers = atomic_load(&g->answers);
    out->repeats = atomic_load(&g->repeats);
    out->leases_taken = atomic_load(&g->taken);
    out->leases_renewed = atomic_load(&g->renewed);
    out->challenges = atomic_load(&g->challenges);
    out->sessions_opened = atomic_load(&g->opened);
    out->sessions_closed = atomic_load(&g->closed);
    out->sessions_burnt = atomic_load(&g->burnt);
    out->proofs_checked = atomic_load(&g->proofs);
    out->verification_ns = atomic_load(&g->proofs_ns);
    out->keys_registered = atomic_load(&g->registered);
    out->key_cache_hits = atomic_load(&g->keys.hits);
    out->key_cache_misses = atomic_load(&g->keys.misses);
    out->key_cache_evictions = atomic_load(&g->keys.evictions);
    out->key_cache_bytes = hats_gate_cache_bytes(&g->keys);
    pthread_mutex_lock(&g->room_lock);
    out->calls_in_flight = g->calls_open;
    out->memory_bytes = g->memory_used;
    pthread_mutex_unlock(&g->room_lock);
}

#ifdef HATS_FAULT_POINTS
void hats_gate_fault(const char *point) {
    static atomic_uint reached;
    const char *wanted = getenv("HATS_FAULT");
    size_t len = strlen(point);
    if (wanted == NULL || strncmp(wanted, point, len) != 0 ||
        (wanted[len] != '\0' && wanted[len] != ':'))
        return;
    unsigned n = wanted[len] == ':' ? (unsigned)strtoul(wanted + len + 1, NULL, 10) : 1;
    if (atomic_fetch_add(&reached, 1) + 1 == n)
        kill(getpid(), SIGKILL);
}
#endif
