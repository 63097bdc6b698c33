/* Answers that nobody reads: what everybody may ask for without a token costs the server its text once,
 * or is refused. */
#include "http/fixture.h"
#include "service.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

enum { STREAMS = 120 };

static struct service s;

static int make(void **state) {
    (void)state;
    service_make(&s, NULL);
    return 0;
}

static int drop(void **state) {
    (void)state;
    service_remove(&s);
    return 0;
}

/* HTTP/2 with a window of nothing: whatever is asked for stays where it is. */
static void open_deaf(struct raw *r) {
    static const uint8_t no_window[] = {0, 4, 0, 0, 0, 0}; /* SETTINGS_INITIAL_WINDOW_SIZE = 0 */
    raw_open(r, s.port, "h2");
    assert_true(raw_preface(r));
    assert_true(raw_frame(r, 4, 0, 0, no_window, sizeof no_window));
}

/* A GET on the next stream: indexed :method and :scheme, literal :path and :authority [RFC7541, A]. */
static void ask(struct raw *r, uint32_t stream, const char *path) {
    uint8_t head[128] = {0x82, 0x87, 0x04};
    size_t n = 3, len = strlen(path);
    assert_true(len < 100);
    head[n++] = (uint8_t)len;
    memcpy(head + n, path, len);
    n += len;
    memcpy(head + n, "\x01\x09localhost", 11);
    assert_true(raw_frame(r, 1, 5, stream, head, n + 11));
}

static size_t resident_bytes(void) {
    unsigned long all, resident;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu %lu", &all, &resident), 2);
    assert_int_equal(fclose(f), 0);
    return resident * 4096;
}

static void wait_for_requests(uint64_t n) {
    struct hats_http_counters c;
    for (int tries = 0; tries < 5000; tries++) {
        hats_http_server_counters(s.server->http, &c);
        if (c.open_requests >= n)
            return;
        pause_ms(2);
    }
    fail_msg("%lu requests are open, %lu are wanted", (unsigned long)c.open_requests,
             (unsigned long)n);
}

static void a_text_that_nobody_reads_is_held_once(void **state) {
    (void)state;
    enum { CONNECTIONS = 10 };
    struct raw r[CONNECTIONS];
    size_t text = strlen(s.server->openapi);
    for (int i = 0; i < CONNECTIONS; i++)
        open_deaf(&r[i]);
    size_t before = resident_bytes();
    for (int i = 0; i < CONNECTIONS; i++)
        for (uint32_t k = 0; k < STREAMS; k++)
            ask(&r[i], 2 * k + 1, "/openapi.json");
    wait_for_requests(CONNECTIONS * STREAMS);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(resident_bytes() < before + CONNECTIONS * STREAMS * text / 2);
#else
    (void)before, (void)text; /* a sanitizer keeps memory of its own */
#endif
    for (int i = 0; i < CONNECTIONS; i++)
        raw_close(&r[i]);
}

static void metrics_that_nobody_reads_are_bounded(void **state) {
    (void)state;
    struct raw r;
    struct hats_http_client *c = service_connect(&s);
    open_deaf(&r);
    for (uint32_t k = 0; k < STREAMS; k++)
        ask(&r, 2 * k + 1, "/metrics");
    wait_for_requests(STREAMS);
    assert_true(atomic_load(&s.server->metrics_unsent) < STREAMS);
    expect_problem(service_ask(&s, c, "GET", "/metrics", "", NULL, 0), HATS_PROBLEM_BUSY);
    raw_close(&r);
    for (int tries = 0; tries < 5000 && atomic_load(&s.server->metrics_unsent) != 0; tries++)
        pause_ms(2);
    assert_true(metric_of(&s, c, "hats_ready") > 0);
    hats_http_client_free(c);
}

static void a_plan_that_is_being_sent_outlives_its_model(void **state) {
    (void)state;
    struct raw r;
    struct hats_gate_model m;
    struct hats_sign_key *publisher;
    struct hats_error err = {0};
    static char got[1 << 16];
    static uint8_t plan[1 << 16];
    static const uint8_t credit[] = {0, 0, 0xff, 0xff};
    char command[256];
    bool ended;
    assert_true(hats_gate_model_hold(s.world.gate, &m, "score"));
    size_t plan_len = m.plan_len;
    memcpy(plan, m.plan, plan_len);
    hats_gate_model_release(&m);
    open_deaf(&r);
    ask(&r, 1, "/v1/models/score/plan");
    wait_for_requests(1);

    snprintf(command, sizeof command, "rm -r %s/models/score-1.0.0", s.world.dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(hats_mldsa_load(&publisher, s.init.publisher_key, &err), HATS_OK);
    world_package(s.world.dir, publisher, "score", "2.0.0", 2);
    hats_mldsa_free(publisher);
    if (hats_server_reload(s.server, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_true(raw_frame(&r, 8, 0, 1, credit, sizeof credit)); /* now it reads */
    size_t len = raw_read_all(&r, got, sizeof got, 500, &ended);
    assert_non_null(memmem(got, len, plan, plan_len));
    raw_close(&r);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_text_that_nobody_reads_is_held_once),
        CASE(metrics_that_nobody_reads_are_bounded),
        CASE(a_plan_that_is_being_sent_outlives_its_model),
    };
    return cmocka_run_group_tests_name("unread answers", tests, NULL, NULL);
}
