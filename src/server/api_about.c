/* What the service says about itself. */
#include "server/service.h"

#include "base/arena.h"
#include "fhe/params.h"
#include "stark/setup.h"

#include <string.h>

#define METRICS_UNSENT_MAX 64

/* The seven requirements and how far this version goes; docs/SECURITY.md says the same at length. */
static const struct {
    const char *title, *state, *by;
} requirements[] = {
    {"The input is encrypted, and only its owner can read input and answer", "proven",
     "each request carries a zero-knowledge proof that it is encrypted under a registered key, and is not "
     "computed on without; receipts name the proof; that nobody else holds the key no proof can say"},
    {"The answer is authentic", "proven",
     "each answer comes with a signed receipt that binds model, input, output and time; that the named "
     "model was evaluated is asserted by the signer"},
    {"The data comes from where it claims", "not-covered", "no provenance is carried yet"},
    {"The request comes from an enrolled device", "not-covered", "no device binding yet"},
    {"Generated content carries its origin", "not-covered", "no origin certificates yet"},
    {"Nothing of the record can be trained on", "asserted",
     "follows from the encryption; no isolation report is made yet"},
    {"Everything is post-quantum", "proven",
     "key agreement with ML-KEM only, ML-DSA signatures; the handshake and every file show it, and "
     "receipts name what was negotiated"},
};

static json_t *requirement_list(void) {
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof requirements / sizeof requirements[0]; i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:i, s:s, s:s, s:s}", "number", (int)i + 1, "title",
                                              requirements[i].title, "state", requirements[i].state,
                                              "how", requirements[i].by));
    return list;
}

static json_t *parameter_sets(void) {
    static const uint32_t sets[] = {HATS_SET_L4096};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        struct hats_fhe_security bits = hats_fhe_security_of(sets[i]);
        (void)json_array_append_new(
            list,
            json_pack("{s:i, s:s, s:i, s:i, s:i, s:i}", "id", (int)sets[i], "name",
                      hats_fhe_set_name(sets[i]), "n", (int)hats_fhe_set_n(sets[i]), "log2_q", 64,
                      "classical_bits", (int)bits.classical, "quantum_bits", (int)bits.quantum));
    }
    return list;
}

static json_t *proof_suites(const struct hats_gate *gate) {
    const struct hats_gate_proof_rules *rules = hats_gate_rules(gate);
    json_t *list = json_array();
    for (size_t i = 0; i < rules->n_suites; i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:i, s:s}", "id", (int)rules->suites[i], "name",
                                              hats_stark_suite_name(rules->suites[i])));
    return list;
}

static json_t *group_list(const struct hats_server *s) {
    const char *configured = s->config.tls_groups;
    const char *at = configured[0] != '\0' ? configured : hats_tls_default_groups;
    json_t *list = json_array();
    while (*at != '\0') {
        size_t n = strcspn(at, ":");
        (void)json_array_append_new(list, json_stringn(at, n));
        at += n + (at[n] == ':');
    }
    return list;
}

void hats_server_get_about(struct exchange *x) {
    const struct hats_server *s = x->server;
    json_t *origins = json_array();
    for (size_t i = 0; i < s->config.origins.n; i++)
        (void)json_array_append_new(origins, json_string(s->config.origins.items[i]));
    hats_server_answer_json(
        x, 200,
        json_pack("{s:s, s:s, s:s, s:o, s:{s:i, s:i, s:i}, s:{s:i, s:s, s:s, s:s}, s:o,"
                  " s:{s:b, s:o}, s:{s:s, s:s, s:o, s:s}, s:s, s:s, s:o}",
                  "name", "hats", "version", HATS_VERSION, "issuer", s->config.issuer, "origins",
                  origins, "versions", "request_core", 1, "receipt", 1, "plan", 1, "suite", "id", 1,
                  "encryption", "linear tier, direct BFV", "digest", "SHA-256", "signature",
                  "ML-DSA-65", "parameter_sets", parameter_sets(), "proofs", "required", 1,
                  "suites", proof_suites(s->gate), "transport", "protocol", "TLSv1.3", "profile",
                  s->config.tls_profile, "groups", group_list(s), "server_authentication",
                  hats_tls_strength_name(hats_tls_authentication_of(s->tls)), "key_set",
                  "/.well-known/hats/keys", "description", "/openapi.json", "requirements",
                  requirement_list()));
}

void hats_server_get_key_set(struct exchange *x) {
    hats_server_answer_shared(x, 200, "application/cose-key-set", x->server->key_set.data,
                              x->server->key_set.len, NULL, NULL);
}

void hats_server_get_openapi(struct exchange *x) {
    hats_server_answer_shared(x, 200, "application/json", x->server->openapi,
                              strlen(x->server->openapi), NULL, NULL);
}

/* The text of one answer, and whom to tell when it is gone. */
struct metrics_text {
    struct hats_server *server;
    struct hats_buffer text;
};

static void free_metrics(void *arg) {
    struct metrics_text *m = arg;
    atomic_fetch_sub(&m->server->metrics_unsent, 1);
    hats_buffer_clear(&m->text);
    hats_free(m);
}

/* Each answer is a text of its own, and nobody has to show a token for it: only so many may wait to be
 * read. */
void hats_server_get_metrics(struct exchange *x) {
    struct hats_server *s = x->server;
    enum hats_problem p = s->config.metrics ? HATS_PROBLEM_NONE : HATS_PROBLEM_NOT_FOUND;
    if (p == HATS_PROBLEM_NONE && atomic_load(&s->metrics_unsent) >= METRICS_UNSENT_MAX)
        p = HATS_PROBLEM_BUSY;
    struct metrics_text *m = p == HATS_PROBLEM_NONE ? hats_alloc(sizeof *m) : NULL;
    if (p == HATS_PROBLEM_NONE && m == NULL)
        p = HATS_PROBLEM_INTERNAL;
    if (p != HATS_PROBLEM_NONE) {
        hats_gate_count(s->gate, p);
        hats_server_answer_problem(
            x, p, p == HATS_PROBLEM_NOT_FOUND ? "Metrics are switched off." : NULL, NULL);
        return;
    }
    m->server = s;
    hats_buffer_init(&m->text, 1u << 20);
    hats_server_metrics_render(&m->text, s);
    atomic_fetch_add(&s->metrics_unsent, 1);
    hats_server_answer_shared(x, 200, "text/plain; version=0.0.4; charset=utf-8", m->text.data,
                              m->text.len, free_metrics, m);
}
