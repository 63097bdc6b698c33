/* include/hats/hats.h on top of client.h. */
#include "hats/hats.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "client/client.h"
#include "model/input.h"
#include "model/link.h"

struct hats_owner_session {
    struct hats_error err;
    struct hats_client *client;
    struct hats_client_model model;
    struct hats_owner owner;
    const char **columns;
    size_t n_columns;
    /* one record */
    struct hats_input *input;
    struct hats_csv_row row;
    struct hats_input_report report;
    bool taken;
    int64_t *acc;
    struct hats_buffer receipt;
    struct hats_link_answer answer;
};

static hats_status list_columns(struct hats_owner_session *s) {
    const struct hats_plan *plan = s->model.plan;
    bool text = plan->input == HATS_INPUT_TEXT;
    s->n_columns = text ? 1 : plan->n_columns;
    s->columns = hats_alloc_array(s->n_columns, sizeof s->columns[0]);
    s->acc = hats_alloc_array(plan->shape.k, sizeof s->acc[0]);
    if (s->columns == NULL || s->acc == NULL)
        return hats_fail(&s->err, HATS_E_MEMORY, "no memory for a session");
    for (size_t i = 0; i < s->n_columns; i++)
        s->columns[i] = text ? plan->text.column : plan->columns[i].name;
    return HATS_OK;
}

int hats_session_open(struct hats_owner_session **out, const char *home_dir, const char *model_url,
                      const char *key_name) {
    struct hats_home home;
    struct hats_server_record record = {0};
    struct hats_owner_session *s = hats_alloc(sizeof *s);
    *out = s;
    if (s == NULL)
        return hats_status_exit_code(HATS_E_MEMORY);
    hats_buffer_init(&s->receipt, HATS_RECEIPT_MAX_BYTES);
    const char *name = strrchr(model_url, '/');
    hats_status st = HATS_OK;
    if (name == NULL || name[1] == '\0')
        st = hats_fail(&s->err, HATS_E_USAGE, "the model is named as https://HOST:PORT/MODEL");
    if (st == HATS_OK)
        st = hats_home_open(&home, home_dir, &s->err);
    if (st == HATS_OK)
        st = hats_owner_load(&s->owner, &home, key_name != NULL ? key_name : "default", &s->err);
    if (st == HATS_OK)
        st = hats_server_record_load(&record, &home, model_url, &s->err);
    if (st == HATS_OK)
        st = hats_client_open(&s->client, &record, HATS_TLS_STRICT, &s->err);
    if (st == HATS_OK)
        st = hats_client_model_open(&s->model, s->client, name + 1, &s->err);
    if (st == HATS_OK)
        st = list_columns(s);
    hats_wipe(&record, sizeof record);
    return hats_status_exit_code(st);
}

void hats_session_close(struct hats_owner_session *session) {
    if (session == NULL)
        return;
    size_t k = session->model.plan != NULL ? session->model.plan->shape.k : 0;
    hats_free_wiped(session->acc, k * sizeof session->acc[0]);
    hats_free(session->columns);
    hats_buffer_clear(&session->receipt);
    hats_client_model_clear(&session->model);
    hats_owner_clear(&session->owner);
    hats_client_close(session->client);
    hats_free_wiped(session, sizeof *session);
}

const char *hats_session_error(const struct hats_owner_session *session) {
    return session == NULL ? "no memory for a session" : session->err.text;
}

const char *const *hats_session_columns(const struct hats_owner_session *session, size_t *n) {
    *n = session->n_columns;
    return session->columns;
}

static hats_status give_record(void *user, int32_t *x, uint64_t *tag, bool *more,
                               struct hats_error *err) {
    struct hats_owner_session *s = user;
    *tag = 1;
    *more = !s->taken;
    if (s->taken)
        return HATS_OK;
    s->taken = true;
    return hats_input_apply(x, &s->report, s->input, &s->row, err);
}

static hats_status take_result(void *user, const struct hats_client_result *r,
                               struct hats_error *err) {
    struct hats_owner_session *s = user;
    memcpy(s->acc, r->acc, s->model.plan->shape.k * sizeof s->acc[0]);
    hats_buffer_clear(&s->receipt);
    hats_buffer_append(&s->receipt, r->receipt, r->receipt_len);
    if (s->receipt.failed)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a receipt");
    hats_link_apply(&s->answer, s->model.plan, r->acc);
    return HATS_OK;
}

static hats_status run_one(struct hats_owner_session *s, const char *const *columns,
                           const char *const *values, const size_t *lengths, uint32_t n) {
    struct hats_csv_row header = {
        .number = 1, .n_fields = n, .field = columns, .field_len = lengths};
    s->row = (struct hats_csv_row){
        .number = 2, .n_fields = n, .field = values, .field_len = lengths + n};
    struct hats_client_job job = {.model = &s->model,
                                  .owner = &s->owner,
                                  .window = 1,
                                  .user = s,
                                  .next = give_record,
                                  .done = take_result};
    s->taken = false;
    hats_status st = hats_input_new(&s->input, s->model.plan, &header, &s->err);
    if (st == HATS_OK)
        st = hats_client_infer(s->client, &job, &s->err);
    hats_input_free(s->input);
    s->input = NULL;
    return st;
}

int hats_session_score(struct hats_owner_session *session, struct hats_score *out,
                       const char *const *columns, const char *const *values, size_t n) {
    struct hats_owner_session *s = session;
    hats_status st = HATS_OK;
    size_t *lengths = NULL;
    *out = (struct hats_score){0};
    s->err = (struct hats_error){0};
    if (s->acc == NULL)
        st = hats_fail(&s->err, HATS_E_USAGE, "the session is not open");
    else if (n == 0 || n > HATS_CSV_MAX_FIELDS)
        st = hats_fail(&s->err, HATS_E_USAGE, "a record has 1 to %d columns", HATS_CSV_MAX_FIELDS);
    else if ((lengths = hats_alloc_array(2 * n, sizeof lengths[0])) == NULL)
        st = hats_fail(&s->err, HATS_E_MEMORY, "no memory for a record");
    for (size_t i = 0; st == HATS_OK && lengths != NULL && i < n; i++) {
        lengths[i] = strlen(columns[i]);
        lengths[n + i] = strlen(values[i]);
    }
    if (st == HATS_OK)
        st = run_one(s, columns, values, lengths, (uint32_t)n);
    hats_free(lengths);
    if (st != HATS_OK)
        return hats_status_exit_code(st);
    *out = (struct hats_score){
        .label = s->answer.label,
        .score = s->answer.score,
        .value = s->answer.value,
        .accumulators = s->acc,
        .n_accumulators = s->model.plan->shape.k,
        .receipt = s->receipt.data,
        .receipt_len = s->receipt.len,
        .n_clipped = s->report.n_clipped,
    };
    return 0;
}
