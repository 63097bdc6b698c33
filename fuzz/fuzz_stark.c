#include "fuzz.h"
#include "stark/proof.h"
#include "stark/prove.h"
#include "stark/verify_internal.h"
#include "systems.h"

/* Byte 0 chooses the statement (low bits) and what the other bytes are (high bits):
 *
 *   WHOLE    a proof; honest ones are seeds
 *   EDITS    changes to an honest proof, three bytes each: where (2), what is added there (1); a length to cut
 *            it to, when one byte more is left
 *   BEYOND   a proof whose openings and layers are checked even though its claims do not hold: what no
 *            fuzzer reaches behind a hash
 */
enum { WHOLE, EDITS, BEYOND };
enum { N_STATEMENTS = 4, COIN = 4 };

struct stage {
    struct systems all;
    struct hats_buffer honest;
    void *scratch;
};

static struct stage stages[N_STATEMENTS];

static void add(struct stage *s, const char *kind, unsigned log_n, unsigned columns) {
    struct system *system = system_new(kind, log_n, columns, 1);
    require(system != NULL, "memory");
    s->all.at[s->all.n++] = system;
}

static void make_honest(struct stage *s) {
    const uint8_t coins[HATS_STARK_COINS_LEN] = {COIN};
    struct hats_error err;
    require(systems_init(&s->all, HATS_STARK_TEST, &err) == HATS_OK, "statements are provable");
    hats_buffer_init(&s->honest, s->all.setup.proof_max_bytes);
    require(hats_stark_prove(&s->honest, &s->all.statement, s->all.trace, coins, NULL, &err) ==
                HATS_OK,
            "the prover proves");
    s->scratch = malloc(s->all.setup.scratch_bytes);
    require(s->scratch != NULL, "memory");
}

static struct stage *stage_of(unsigned number) {
    if (stages[0].scratch == NULL) {
        add(&stages[0], "mixed", 4, 0);
        add(&stages[1], "squares", 8, 2);
        add(&stages[2], "fibonacci", 5, 0);
        add(&stages[2], "power7", 4, 2);
        add(&stages[3], "mixed", 8, 0);
        for (unsigned i = 0; i < N_STATEMENTS; i++)
            make_honest(&stages[i]);
    }
    return &stages[number % N_STATEMENTS];
}

static void check_summary(const uint8_t *proof, size_t len_bytes) {
    struct hats_stark_summary s;
    if (hats_stark_inspect(&s, proof, len_bytes, NULL) != HATS_OK)
        return;
    size_t sum = s.header_bytes + HATS_STARK_SALT_LEN + s.roots_bytes + s.opened_bytes + 8;
    for (unsigned i = 0; i < s.n_trees; i++)
        sum += 6 + s.rows_bytes[i] + s.salts_bytes[i] + s.paths_bytes[i];
    for (unsigned l = 0; l < s.n_folds; l++)
        sum += 6 + s.layer_leaves_bytes[l] + s.layer_paths_bytes[l];
    require(sum + s.final_bytes == len_bytes, "the parts of a proof add up");
    require(s.proven >= 0 && s.proven <= 128000, "no proof is worth more than its digests");
}

/* Was it accepted? */
static bool check(struct stage *s, const uint8_t *proof, size_t len_bytes) {
    enum hats_stark_refusal refusal = HATS_STARK_REFUSAL_COUNT;
    struct hats_arena arena;
    hats_arena_init(&arena, s->scratch, s->all.setup.scratch_bytes);
    hats_status status =
        hats_stark_verify(&s->all.statement, proof, len_bytes, &arena, &refusal, NULL);
    require((status == HATS_OK) == (refusal == HATS_STARK_ACCEPTED), "a refusal has a reason");
    require(refusal < HATS_STARK_R_MEMORY, "the stated memory suffices");
    require(arena.used == 0, "the arena is given back");
    check_summary(proof, len_bytes);
    if (status != HATS_OK)
        return false;
    uint8_t header[HATS_STARK_HEADER_MAX];
    size_t header_len = hats_stark_header(header, &s->all.setup);
    require(len_bytes <= s->all.setup.proof_max_bytes, "no proof is longer than stated");
    require(memcmp(proof, header, header_len) == 0, "a proof has its statement's header");
    return true;
}

static void edit(struct stage *s, struct hats_reader *r) {
    size_t len = s->honest.len;
    uint8_t *proof = malloc(len);
    require(proof != NULL, "memory");
    memcpy(proof, s->honest.data, len);
    while (hats_reader_left(r) >= 3) {
        size_t at = hats_read_be16(r);
        proof[at % len] = (uint8_t)(proof[at % len] + hats_read_u8(r));
    }
    if (hats_reader_left(r) >= 2)
        len = hats_read_be16(r) % (len + 1);
    bool honest = len == s->honest.len && memcmp(proof, s->honest.data, len) == 0;
    require(check(s, proof, len) == honest, "an honest proof, and no changed one, is accepted");
    free(proof);
}

/* The header is the statement's; what follows is read into v. */
static bool read_proof(struct hats_stark_verifier *v, const uint8_t *data, size_t len_bytes) {
    uint8_t header[HATS_STARK_HEADER_MAX];
    size_t header_len = hats_stark_header(header, v->setup);
    struct hats_reader r = hats_reader_of(data, len_bytes);
    return len_bytes >= header_len && memcmp(data, header, header_len) == 0 &&
           hats_stark_read_header(&v->proof, &r) == HATS_STARK_ACCEPTED &&
           hats_stark_read_body(&v->proof, &r) == HATS_STARK_ACCEPTED;
}

/* With the challenges and positions of the honest proof. */
static void go_beyond(struct stage *s, const uint8_t *data, size_t len_bytes) {
    struct hats_arena arena;
    struct hats_stark_verifier v = {
        .statement = &s->all.statement, .setup = &s->all.setup, .arena = &arena};
    hats_arena_init(&arena, s->scratch, s->all.setup.scratch_bytes);
    require(hats_stark_take_kept(&v) == HATS_OK, "the stated memory suffices");
    require(read_proof(&v, s->honest.data, s->honest.len), "the honest proof is read");
    require(hats_stark_replay(&v), "the honest prover worked");
    if (!read_proof(&v, data, len_bytes))
        return;
    hats_stark_decode(&v);
    hats_status opened = hats_stark_check_openings(&v);
    if (opened == HATS_OK || v.refusal == HATS_STARK_R_TREE) {
        v.refusal = HATS_STARK_ACCEPTED;
        require(hats_stark_compute_batch(&v) == HATS_OK, "rows are summed whatever they are");
        (void)!hats_stark_check_folds(&v);
    }
    require(v.refusal != HATS_STARK_R_MEMORY, "the stated memory suffices");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_reader r = hats_reader_of(data, len_bytes);
    uint8_t choice = hats_read_u8(&r);
    if (r.failed)
        return 0;
    struct stage *s = stage_of(choice & 0x3f);
    if (choice >> 6 == EDITS)
        edit(s, &r);
    else if (choice >> 6 == BEYOND)
        go_beyond(s, r.at, hats_reader_left(&r));
    else
        (void)check(s, r.at, hats_reader_left(&r));
    return 0;
}
